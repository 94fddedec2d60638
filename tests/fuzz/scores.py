"""MML, as lists of chunks: mostly commands."""

from random import Random

from .songs import Chunks, many

VOICE = (
    b"@%d = {\n 31,5,0,9,2,24,0,1,0,0,0,\n 31,12,0,9,2,0,0,1,3,0,0, /* C1 */\n 31,5,0,9,2,36,0,1,0,0,0,\n"
    b" 31,12,0,9,2,0,0,1,0,0,0,\n/* CON FL OP\n 4,5,15 }\n"
)
HEADS = (
    b'#title "\x8b\xc8 A"\n', b"#title Tune\n", b'#pcmfile "DRUMS"\n', b"#octave-rev\n", b"#tps -2\n", b'#sharp "fc"\n',
    b"#detune 3\n", b"#coder\n", b"; a comment\n", b"// another\n", b"/* one\nover lines */\n", b"#list\n",
    b' and one "\n', b'a = "c8d8"\n', b'i3 = "e$a"\n', b'@@1 = "v12 q7"\n', b"@w0 = { 1,0, 1,2 }\n",
)  # fmt: skip
SIMPLE = (
    b"o4", b"> c <", b"W", b"l8", b"l4.", b"v12", b"@v90", b"(", b")3", b"p3", b"D-3", b"q6", b"@q2", b"k1", b"w",
    b"w9", b"y32,199", b"y$20,%11_000_111", b"t120", b"@t200", b"@1", b"MP2,6,12", b"MPOF", b"MPON", b"MA1,3,-9",
    b"MD12", b"MH2,200,9,0,5,1,0", b"MHOF", b"MHR", b"TR-2", b"V-1", b"VO2", b"x9", b"@x60", b"K", b"SA", b"S3", b"C",
    b"Q8", b"$FLAT{be}", b"$NATURAL", b"$FO9", b"$a", b"i3", b"SMOF", b"AP0,1,1", b"APOF", b"GL-32,6", b"KS0",
    b"? v3 c ?", b"| c : d |", b"`ceg`8", b"#4",
)  # fmt: skip
LENGTHS = (b"", b"4", b"8.", b"%7", b"2^8", b"1~16", b" 16")


def mml(r: Random) -> Chunks:
    """Draw a tune: voices, macros, lines for a track or several."""
    heads = [b'a = "c8d8"\n', b'i3 = "e$a"\n', VOICE % 1, *(r.choice(HEADS) for _ in range(r.randrange(4)))]
    lines = [b"A @1 c4\n"]
    for _ in range(many(r, 4)):
        lines += [r.choice((b"A", b"B", b"AB", b"ABC", b"H", b"CA")), b" ", *_line(r), b"\n"]
    if r.randrange(6) == 0:
        lines += [b"P F4 n0,8 @2 c\n", *r.choice(((), (b"#ex-pcm\n", b"QW n3 r8 L n4\n")))]
    return [*heads, *lines]


def _line(r: Random, depth: int = 0) -> Chunks:
    """Draw what stands in a track's line."""
    return [b" ".join(_command(r, depth) for _ in range(r.choice((1, 3)))) + b" " for _ in range(many(r, 6))]


def _command(r: Random, depth: int) -> bytes:
    """Draw a command, a note or a repeat."""
    kind = r.randrange(10)
    if kind < 4:
        return _note(r)
    if kind < 8 or depth == 3:
        return r.choice(SIMPLE)
    if kind == 8:
        return b"{" + b"".join(r.choice((b"c", b"d+", b"r", b">e<", b"f_g")) for _ in range(3)) + b"}" + b"4"
    inside = b" ".join(_command(r, depth + 1) for _ in range(r.randint(1, 3)))
    return b"[" + _note(r) + inside.replace(b"?", b"") + r.choice((b"", b"/" + _note(r))) + b"]" + r.choice((b"", b"3"))


def _note(r: Random) -> bytes:
    """Draw a note, or a rest."""
    name = r.choice((b"c", b"d+", b"e-", b"f", b"g=", b'a"', b"b", b"r"))
    after = r.choice((b"", b"", b"&", b"_D12", b"_f")) if name != b"r" else b""
    return name + r.choice(LENGTHS) + after + b" "
