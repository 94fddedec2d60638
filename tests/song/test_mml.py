"""MML: what each command is compiled to, byte by byte; what is said of faults, and where; MDX out."""

import struct
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opm
from opm.song import SongError, load
from opm.song.formats import mdx, mml
from opm.song.limits import LARGEST_MML, MOST_MML_COMMANDS
from player.jobs import STDIN, Job

VOICE = """@0 = {
/* AR D1R D2R  RR D1L  TL KS MUL DT1 DT2 AME */
   31,  1,  2,  3,  4,  5, 1,  6,  7,  3,  1,
   30,  2,  3,  4,  5,  6, 2,  7,  6,  2,  0,
   29,  3,  4,  5,  6,  7, 3,  8,  5,  1,  1,
   28,  4,  5,  6,  7,  8, 0,  9,  4,  0,  0,
/* CON FL OP */
    4,  5, 15
}
"""
VOICE_CODE = bytes.fromhex("00 2C 0F 76586749 05070608 5FDD9E1C 81830204 C2448305 43655476")


def parts(song):
    """Return the tracks' codes, and the voices, of an MDX."""
    data = song.source.data
    base = data.index(b"\0", data.index(b"\r\n\x1a") + 3) + 1
    count = struct.unpack_from(">H", data, base + 2)[0] // 2 - 1
    voices, *starts = struct.unpack_from(f">{count + 1}H", data, base)
    tracks = [data[base + a : base + b] for a, b in zip(starts, [*starts[1:], voices], strict=True)]
    return tracks, data[base + voices :]


def code(text, track=0):
    """Return a track's code, without its end."""
    found = parts(opm.mml(text))[0][track]
    assert found.endswith(b"\xf1\x00")
    return found[:-2].hex(" ")


TRACKS = {
    # notes: 80 + 12 octaves - 3 + the step, length - 1
    "c": "ad 2f", "o0d+": "80 2f", "o8d": "df 2f", "o5c>c<c": "b9 2f c5 2f b9 2f",
    "cdefgab": "ad 2f af 2f b1 2f b2 2f b4 2f b6 2f b8 2f",
    "c+ c- c# e- f++ g=": "ae 2f ac 2f ae 2f b0 2f b4 2f b4 2f",
    "n0 n45,8 n95.%7": "80 2f ad 17 df 06",
    # lengths: 192 ticks to a whole note, a quarter if nothing else is said
    "l8 c c4 c%5": "ad 17 ad 2f ad 04",
    "c4. c4.. c2^8 c2~16 c ^ 4": "ad 47 ad 53 ad 77 ad 53 ad 5f",
    "l8. c l%10 c c%256": "ad 23 ad 09 ad ff",
    # rests: as many of 128 ticks as it takes
    "r r1 r%128 r%256 r%129": "2f 7f 3f 7f 7f 7f 7f 00",
    # F7 before a note that is tied
    "c&d&e": "f7 ad 2f f7 af 2f b1 2f", "c4&\nA d": "f7 ad 2f af 2f", "r&c": "2f ad 2f",
    "c& D3 c": "f7 ad 2f f3 00 03 ad 2f",
    # F2: 1/256 pitch step a tick, of 64 to a semitone; cut towards 0
    "c_d": "f2 02 aa ad 2f", "b_a": "f2 fd 56 b8 2f", "c8_>c": "f2 20 00 ad 17", "c%7_D-17": "f2 fd 93 ad 06",
    "c_e&e": "f2 05 55 f7 ad 2f b1 2f", "c8_d4": "f2 05 55 f7 ad 17 af 17", "c_c": "f2 00 00 ad 2f",
    # F6 count 00, F4 to behind the repeat's end, F5 back
    "[c]3": "f6 03 00 ad 2f f5 ff fb", "[c]": "f6 02 00 ad 2f f5 ff fb",
    "[c/d]3": "f6 03 00 ad 2f f4 00 03 af 2f f5 ff f6",
    "[[c]2/d]2": "f6 02 00 f6 02 00 ad 2f f5 ff fb f4 00 03 af 2f f5 ff f0",
    # tempo: timer B at 4 MHz, 48 ticks a quarter note
    "t120 t19 t20 t4882 @t200": "ff d8 ff 00 ff 0c ff ff ff c8",
    "@5 @255": "fd 05 fd ff", "p0 p1 p2 p3": "fc 00 fc 01 fc 02 fc 03",
    "v0 v15 ( )": "fb 00 fb 0f fa f9", "@v0 @v100 @v127": "fb 80 fb e4 fb ff",
    "q1 q8 @q1 @q100 @q0": "f8 01 f8 08 f8 ff f8 9c f8 08",
    "D0 D-1 D32767": "f3 00 00 f3 ff ff f3 7f ff", "k3": "f0 03", "y32,199": "fe 20 c7",
    "w0 w31 w": "ed 80 ed 9f ed 00", "SA SH S8 W": "ef 00 ef 07 ef 08 ee",
    # software LFOs: a period of 4, 2, 2 quarters; the slope reaches the depth, or goes there at once
    "MP0,2,16 MP1,2,16 MP2,2,16": "ec 00 00 08 04 00 ec 01 00 04 10 00 ec 02 00 04 08 00",
    "MP3,2,16 MP4,2,16": "ec 03 00 02 00 10 ec 04 00 08 04 00",
    "MA0,4,8 MA1,4,1 MA2,4,1 MA3,4,1": "eb 00 00 10 00 80 eb 01 00 08 01 00 eb 02 00 08 00 20 eb 03 00 08 01 00",
    "MP0,7,-17 MA2,7,-17": "ec 00 00 1c fe ca eb 02 00 0e fe ca",
    "MPON MPOF MAON MAOF MD9": "ec 81 ec 80 eb 81 eb 80 e9 09",
    "MH2,200,10,20,5,1,1 MHON MHOF": "ea 42 c8 8a 14 51 ea 81 ea 80",
    # NOTE's own
    "@v0 @v127 TR0": "fb ff fb 80", "(2 )3": "fa fa f9 f9 f9", "v4 [c V1]2": "fb 04 f6 02 00 ad 2f fb 05 f5 ff f9",
    "VO2 v8 v15 @v126": "fb 0a fb 0f fb 80", "@v10 V-20": "fb f5 fb ff",
    "v8 x3 c d": "fb 08 fb 03 ad 2f fb 08 af 2f", "v8 x3 c x4 c d": "fb 08 fb 03 ad 2f fb 04 ad 2f fb 08 af 2f",
    "@x64 c": "fb 40 ad 2f", "{cde}4": "ad 0f af 0f b1 0f", "{cd}%3 {cr}%3": "ad 01 af 00 ad 01 00",
    "{c_e d_D-1}%10": "f2 33 33 ad 04 f2 ff cd af 04", "{c&d}8": "f7 ad 0b af 0b",
    "TR-12 c": "a1 2f", "$SHARP{fc} c f c= $NATURAL c": "ae 2f b3 2f ad 2f ad 2f", "$FLAT{b} b b+": "b7 2f b9 2f",
    'd++ d+" d-': "b1 2f af 2f ae 2f", "$FO10": "e7 01 0a", "MHR": "fe 01 02 fe 01 00", "C c": "ad 2f",
    "K": "fe e0 ff fe e8 ff fe f0 ff fe f8 ff", "@1 K": "fd 01 fe e0 ff fe e8 ff fe f0 ff fe f8 ff fd 01",
    "y$20,%11_000_111": "fe 20 c7", "?o5 v3 c? c": "b9 2f", "c ! nonsense": "ad 2f", "Q4 zc1 c": "ad 2f",
    # comments
    "c ; d": "ad 2f", "c // d": "ad 2f", "c /* d */ e": "ad 2f b1 2f", "c /* d\nA e": "ad 2f b1 2f", "c * d": "ad 2f",
    "c /* d\nA e\n*/\nA f": "ad 2f b2 2f",
    "c\u3000d \x1a nothing": "ad 2f af 2f",
}  # fmt: skip


@pytest.mark.parametrize("text", TRACKS)
def test_a_command_gives_its_bytes(text):
    assert code(f"A {text}\n") == TRACKS[text]


FILES = {
    'i = "c8d8"\nj1 = "i0e"\ni0 = "f"\nA i j1 $i': "ad 17 af 17 b2 2f b1 2f ad 17 af 17",
    '@@3 = "v9o5"Bass\nA @3c SMOF@3 SMON@3': "fd 03 fb 09 b9 2f fd 03 fd 03 fb 09",
    "#octave-rev\nA <c\n#octave-rev\nA <c": "b9 2f ad 2f",
    "#tps -2\nA c\n#tps 0\nA c": "ab 2f ad 2f",
    '#sharp "f"\nA f\n#flat "f"\nA f\n#natural\nA f': "b3 2f b1 2f b2 2f",
    "#detune 5\nA D-3": "f3 00 02",
    "#toneofs 10\nA @1": "fd 0b",
    "#noreturn\nA @1 K": "fd 01 fe e0 ff fe e8 ff fe f0 ff fe f8 ff",
    "#nlist\nA d\n#title no\n#list\nA c": "ad 2f",
    "#list\nA @v127": "fb 80",
    "AAA c\nBA d": "ad 2f af 2f",
    "a comment\n A d\n\tA e\n*\nA c": "ad 2f",
}


@pytest.mark.parametrize("text", FILES)
def test_lines_macros_and_directives(text):
    assert code(text) == FILES[text]


def test_lines_for_several_tracks():
    """In the order of the tracks, whatever that of their letters: a part each, or a note of a chord."""
    song = opm.mml("CBA |c:d:e|\nABC `ceg`8 #4\nAB ｢g>c｣\n#coder\nABC 「ce」8")
    assert [code.hex(" ") for code in parts(song)[0][:3]] == [
        "ad 2f ad 17 ad 2f b4 2f ad 17 f1 00",
        "af 2f b1 17 b1 2f b9 2f b1 17 f1 00",
        "b1 2f b4 17 b4 2f 17 f1 00",
    ]


def test_tracks_of_samples():
    """F and n; 16 tracks, with E8 in the first, if #ex-pcm says so. #tps moves their notes if it is told to."""
    assert code("#tps 3\nP F4 n1 c", 8) == "ed 04 81 2f ad 2f"
    assert code("#tps 3\n#tps-all\nP n1", 8) == "84 2f"
    tracks, _ = parts(opm.mml("#ex-pcm\nW @2 F6 n95\nA c"))
    assert [len(tracks), tracks[0], tracks[15]] == [16, b"\xe8\xad\x2f\xf1\0", b"\xfd\2\xed\6\xdf\x2f\xf1\0"]


def test_a_voice():
    """47 numbers: M1, C1, M2, C2 in rows, which MDX has as M1, M2, C1, C2."""
    _, voices = parts(opm.mml(VOICE + VOICE.replace("@0", "@ 7").replace("/* CON FL OP */", "/* CON FL OP") + "A c"))
    assert voices == VOICE_CODE + b"\7" + VOICE_CODE[1:]
    rows = "@1={" + ("1 1 1 1 1 1 1 1 1 1 1\n" * 4) + "7,7,15,} and more\n"
    assert (
        parts(opm.mml(rows + "A c"))[1].hex()
        == "01" + "3f0f" + "11111111" + "01" * 4 + "41" * 4 + "81" * 4 + "41" * 4 + "11" * 4
    )


def test_the_file():
    """Title, 0D 0A 1A, name of the samples, 00, the table, tracks, voices."""
    song = opm.mml("#title \"曲 'A'\"\n#pcmfile drums ; the rest is left out\nA c\nB L [c]2")
    head = "曲 'A'".encode("cp932") + b"\r\n\x1adrums\0"
    tracks = b"\xad\x2f\xf1\0" + b"\xf6\2\0\xad\x2f\xf5\xff\xfb\xf1\xff\xf5" + b"\xf1\0" * 7
    assert song.source.data == head + struct.pack(">10H", 49, 20, 24, *range(35, 49, 2)) + tracks
    assert (song.tags, song.format, song.loop) == ({"title": "曲 'A'"}, "MML", 0.0)


LEGATO = VOICE + "A @0 t150 l16 q8 g&f&e&d c8 r8 gfed c8\n"
LEVELS = VOICE + "A t150 @0 g MAON MA1,3,7 a MA2,2,9 b MAOF c8\n"


def test_legato_keeps_the_key_down():
    """What tied notes write: their pitch alone. The others are struck one by one."""
    song = opm.mml(LEGATO)
    keys = [(t // (32 * 1024), d) for t, _, a, d in song.rows.tolist() if a == 8]
    assert [d for _, d in keys] == [0x78, 0x00] * 7
    assert [tick for tick, d in keys if d] == [0, 48, 96, 108, 120, 132, 144]
    pitches = [d for _, _, a, d in song.rows.tolist() if a == 0x28]
    assert pitches == [mdx.KEY_CODES[n] for n in (52, 50, 49, 47, 45, 52, 50, 49, 47, 45)]


def test_a_level_lfo_moves_the_carriers():
    """A square one goes a depth down and back each half period; a triangle a step a tick; then the track's level."""
    song = opm.mml(LEVELS)
    rows = [(t // (32 * 1024), d) for t, _, a, d in song.rows.tolist() if a == 0x70]
    level = 6 + mdx.VOLUMES[8]
    assert rows[1] == (0, level)
    assert [row for row in rows if 48 <= row[0] < 96] == [(48 + 6 * i, level + 7 * (i % 2)) for i in range(1, 8)]
    triangle = [d for t, d in rows if 97 < t < 144]
    assert max(triangle) - min(triangle) == 9
    assert rows[-1] == (144, level)


def test_compiled_by_hand():
    """The same song as MDX, written out: the same writes."""
    song = opm.mml(VOICE + "A @0 [c8_e d&e/r]3 L MP2,3,9 g\nB L r8 @0 @v3 p1 g2.")
    code = "fd00 f60300 f20aaa ad17 f7af2f b12f f40002 2f f5ffef ec0200060300 b42f f1fff5"
    assert parts(song)[0][:2] == [bytes.fromhex(code), bytes.fromhex("17 fd00 fb83 fc01 b48f f1fff4")]
    again = mdx.read(song.source.data)
    np.testing.assert_array_equal(again.rows, song.rows)


ERRORS = {
    "A c4 d4 x9z": "line 1, column 11: expected a command, got 'z'",
    "\n\nAB cd\tt9": "line 3, column 8: expected quarter notes a minute, 19 to 4882, got 9",
    "A v": "line 1, column 4: expected a volume, 0 to 15, the line ends",
    "A o11": "line 1, column 4: expected an octave, -2 to 10, got 11",
    "A q" + "9" * 5000: f"line 1, column 4: expected eighths, 1 to 8, got {'9' * 20}",
    "A o0c": "line 1, column 5: expected a note from o0d+ to o8d, got o0c",
    "A c7": "line 1, column 4: expected a length that divides 192, got 7",
    "A c1^1": "line 1, column 4: expected a length of 1 to 256 ticks, got 384",
    "A c_": "line 1, column 5: expected a note, the line ends",
    "P c_d": "line 1, column 5: expected no portamento on a track of samples",
    "A &c": "line 1, column 3: expected & right behind a note",
    "A [c\nA d": "line 1, column 3: expected ] for this [, track A ends",
    "A c]": "line 1, column 4: expected [ before ]",
    "A [c/d/e]": "line 1, column 7: expected / once in a repeat",
    "A /": "line 1, column 3: expected / once in a repeat",
    "A [c]0": "line 1, column 6: expected a number of times, 1 to 255, got 0",
    "A [L c]": "line 1, column 4: expected L once in a track, outside repeats",
    "A c L t120": "line 1, column 5: expected a note or rest behind L, track A ends",
    "A [c!]": "line 1, column 5: expected ! outside repeats and tuplets",
    "A [c?d]": "line 1, column 5: expected ? outside repeats and tuplets",
    "A {c{d}8}4": "line 1, column 5: expected no tuplet in a tuplet",
    "A {[c]2}4": "line 1, column 4: expected no [ in a tuplet",
    "A {cde": "line 1, column 7: expected '}' before the line ends",
    "A {cde}%2": "line 1, column 3: expected 1 to 2 notes in a tuplet of 2 ticks, got 3",
    "A {}4": "line 1, column 3: expected 1 to 32 notes in a tuplet of 48 ticks, got 0",
    "A {cd}%1000": "line 1, column 3: expected notes of at most 256 ticks in a tuplet, got 500",
    "A {c_d4}": "line 1, column 7: expected no length behind a portamento in a tuplet",
    "AB `ce4": "line 1, column 5: expected '`' at the end of a chord",
    "AB `cx`": "line 1, column 6: expected a note, got 'x'",
    "A |c": "line 1, column 4: expected '|' at the end of the parts of a line",
    "A MP1,2": "line 1, column 8: expected a comma before a depth, the line ends",
    "A MP1,2,128": "line 1, column 3: expected a period and a depth of 16 bits, got 4 and 32768",
    "A y256,0": "line 1, column 4: expected a register, 0 to 255, got 256",
    "A y$,0": "line 1, column 5: expected a register in base 16, got ','",
    "A F4": "line 1, column 3: expected F on a track of samples",
    "P w4": "line 1, column 3: expected w on a track of FM",
    "P K": "line 1, column 3: expected K on a track of FM",
    "Q c": "line 1, column 1: expected a line #ex-pcm above this one, for tracks Q to W",
    "A $SHARP c": "line 1, column 3: expected { and notes",
    "A $FLAT{h}": "line 1, column 11: expected notes from a to g, got 'h'",
    "A i3": "line 1, column 3: expected a macro that is defined above, got 'i3'",
    "A $?": "line 1, column 4: expected a macro that is defined above, got '?'",
    'i="i"\nA i': "line 1, column 4: expected at most 8 macros in each other",
    'i="z"\nA i': "line 1, column 4: expected a command, got 'z'",
    "i=c": "line 1, column 3: expected a macro in double quotes, got 'c'",
    '#include "a.mml"': "line 1, column 1: expected no #include: other files are not read",
    "#tps 25": "line 1, column 6: expected semitones, -24 to 24, got 25",
    "#toneofs 9\nA @250": "line 2, column 3: expected a voice from 0 to 255, its offset included, got 259",
    "#detune 9\nA D32767": "line 2, column 3: expected a detune from -32768 to 32767, its offset included, got 32776",
    "@0 = 3": "line 1, column 6: expected { and numbers, got '3'",
    "@0 = {1,2": "line 1, column 6: expected '}' at the end of a definition",
    "@0 = {1,\n2,x}": "line 2, column 3: expected D2R of voice 0, 0 to 255, got 'x'",
    "@0={" + "1," * 48 + "}": "line 1, column 99: expected 47 numbers in voice 0, got '1'",
    "@300={}": "line 1, column 1: expected a voice, 0 to 255, got 300",
    "": "line 1, column 1: expected notes, in lines that begin with A to H or P to W",
    "#pcmfile " + "x" * 256 + "\nA c": "expected a name of samples of at most 255 bytes, got 256",
    "#title " + "x" * 1001 + "\nA c": "expected a title of at most 1000 bytes, got 1001",
    "A " + "[" * 33: "line 1, column 35: expected at most 32 repeats in each other",
    "A " + "c" * 40_000: "expected at most 65535 bytes of tracks, as MDX has them, got 80038",
    "A [" + "c" * 20_000 + "]": "line 1, column 20004: expected at most 32768 bytes to go back or skip, got 40003",
    "A " + "o4" * (MOST_MML_COMMANDS + 1): (
        f"line 1, column {3 + 2 * MOST_MML_COMMANDS}: "
        f"expected at most {MOST_MML_COMMANDS} commands, macros and all tracks counted"
    ),
    " " * LARGEST_MML + "c": f"expected at most {LARGEST_MML} characters of MML, got {LARGEST_MML + 1}",
}  # fmt: skip


@pytest.mark.parametrize("text", ERRORS, ids=range(len(ERRORS)))
def test_an_error_names_line_and_column(text):
    with pytest.raises(SongError) as error:
        opm.mml(text)
    assert str(error.value) == ERRORS[text]


def test_macros_that_grow_are_counted_where_they_are_called():
    """A macro of ten others, of ten others ...: a few hundred bytes that stand for 10 ** 8 commands."""
    text = 'a="o4"\n' + "".join(
        f'{name}="{f"${inner}" * 10}"\n' for name, inner in zip("bcdefgh", "abcdefg", strict=True)
    )
    with pytest.raises(SongError, match=r"^line \d, column \d+: expected at most 150000 commands"):
        opm.mml(text + "A $h\n")


REMARKS = {
    "A c\nx c\n y": "line 2 and 1 more: begins with no track, # or @, nor is it a macro: taken for a comment",
    "A @v9 c": "@v counts from the loudest, 0, as in MXC; a line #list makes it NOTE's, where 127 is",
    "A @q150 c @q150 c": "line 1, column 3 and 1 more: the driver takes @q150 for q106, not for ticks",
    "A MH0,0,0,0,0,6,0 c": "line 1, column 3: PMS has three bits and AMS two: what is above them is lost",
    "A c%1_>>c": "line 1, column 3: the portamento is steeper than two semitones a tick: the note keeps its pitch",
    "A AP0,1,2 c APOF VMD-3": "line 1, column 3 and 2 more: the effects of NOTE's wave memory are left out",
    "A GL-32,6 c": "line 1, column 3: glides (GL) are left out",
    "A KS0 c": "line 1, column 3: voices by pitch (KS) are left out",
    "#composer me\nA c": "line 1, column 1: #composer is not known",
    "#title \U0001d11e\nA c": "the title has signs that MDX cannot keep",
    VOICE.replace("31", "32") + "A c": "line 1, column 1: values too large for their register lose their upper bits",
    VOICE + VOICE.replace("31", "30") + "A c": (
        "line 10, column 1: a voice of this number was defined before: the last one holds"
    ),
    "A y8,0": "no key is ever pressed: nothing of the FM chip will be heard",
}


@pytest.mark.parametrize("text", REMARKS, ids=range(len(REMARKS)))
def test_remarks(text):
    assert REMARKS[text] in opm.mml(text).remarks
    assert opm.mml(LEGATO).remarks == []


def test_it_is_mml_by_its_name_alone(tmp_path):
    path = tmp_path / "tune.MML"
    path.write_bytes(('#title "曲"\n' + LEGATO).encode("cp932"))
    song = load(path)
    assert (song.format, song.tags) == ("MML", {"title": "曲"})
    assert Job(path).load().tags == song.tags
    with pytest.raises(SongError, match="byte 0: expected VGM"):
        load(path.read_bytes())
    with pytest.raises(SongError, match="byte 0: expected VGM"):
        Job(STDIN, data=path.read_bytes()).load()
    with pytest.raises(TypeError, match="text must be a str, got bytes"):
        opm.mml(b"A c")
    path.write_bytes(b" " * (LARGEST_MML + 1))
    with pytest.raises(SongError, match=f"expected at most {LARGEST_MML} bytes of MML"):
        load(path)
    path.write_text(LEGATO, encoding="utf-16")
    np.testing.assert_array_equal(load(path).rows, song.rows)


def test_samples_beside_it(tmp_path):
    """Found by #pcmfile, as an MDX's; the file that is saved has their name alone."""
    sample = bytes(range(128))
    (tmp_path / "Drums.PDX").write_bytes(struct.pack(">2I", 768, len(sample)) + bytes(760) + sample)
    (tmp_path / "tune.mml").write_text('#pcmfile "drums"\nP F4 n0,8 r2\n')
    song = load(tmp_path / "tune.mml")
    assert len(song.parts) == 2
    assert not song.not_played
    assert song.save(tmp_path / "tune.mdx") == ["the samples, which are a file of their own"]
    assert len(load(tmp_path / "tune.mdx").companions) == 1
    assert opm.mml("#pcmfile drums\nP n0", pdx=tmp_path).companions
    assert opm.mml("#pcmfile drums\nP n0").not_played == ("ADPCM (drums)",)


@pytest.mark.parametrize(
    "text", [LEGATO, LEVELS, VOICE + "A @0 L [c/d]3 e\nB @0 L g&>c<\nH w9 L r4", "#title zm x\nA c"]
)
def test_saved_as_mdx_it_plays_the_same(tmp_path, text):
    song = opm.mml(text)
    assert song.save(tmp_path / "a.mdx") == []
    again = load(tmp_path / "a.mdx")
    np.testing.assert_array_equal(again.rows, song.rows)
    assert (again.end, again.loop_start, again.tags) == (song.end, song.loop_start, song.tags)
    assert again.save(tmp_path / "b.mdx") == []
    assert (tmp_path / "b.mdx").read_bytes() == (tmp_path / "a.mdx").read_bytes()


def test_only_what_plays_this_song_is_saved(tmp_path):
    """Another title is written; other writes have no MDX, and nothing that stands there is touched."""
    song = opm.mml("#title old\n" + LEGATO)
    song.tags.update(title="新 new\x1a", author="me")
    assert song.save(tmp_path / "a.mdx") == ["tags: title, author"]
    assert load(tmp_path / "a.mdx").tags == {"title": "新 new?"}
    song.tags["title"] = ""
    assert song.save(tmp_path / "a.mdx") == ["tags: author"]
    before = (tmp_path / "a.mdx").read_bytes()
    voice = song.voices()[0]
    for other in (song.revoice({0: voice}), song.but(end=song.end + 1), opm.Song([(0, 8, 0)])):
        with pytest.raises(SongError, match=r"only songs of \.mdx or \.mml are saved so"):
            other.save(tmp_path / "a.mdx")
    assert (tmp_path / "a.mdx").read_bytes() == before
    song.tags["title"] = "x" * 1001
    with pytest.raises(SongError, match="expected a title of at most 1000 bytes, got 1001"):
        song.save(tmp_path / "a.mdx")


def test_the_example_is_in_tune():
    """A quarter note at 120 is half a second; o4a is A4 at 4 MHz."""
    notes = opm.mml(VOICE.replace("   31,  1,  2", "   31,  0,  0") + "A t120 @0 v15 a >c").notes()
    assert notes["midi"].round().tolist() == [69, 72]
    np.testing.assert_allclose(notes["start"], [0, 0.5], atol=0.02)


LETTERS = "ABHPW#@[]{}()<>/&_^~%.,;*?!|`$:=+-\"' \n\t0123456789abcdefgnrlovqtkpwxyzijkDMLHSKVTFROGCNEIVX曲｢｣"


@contextmanager
def refused(*starts):
    """Let pass what is refused in one line."""
    try:
        yield
    except SongError as error:
        line = str(error)
        if not line.startswith(starts) or "\n" in line:
            raise AssertionError(line) from error


@given(st.text(st.sampled_from(LETTERS), max_size=200) | st.text(max_size=100))
def test_no_text_crashes_it(text):
    for whole in (text, "A " + text, VOICE + 'a="c"\nAB @0 ' + text):
        with refused("line ", "expected "):
            song = opm.mml(whole)
            np.testing.assert_array_equal(mdx.read(song.source.data).rows, song.rows)


@given(st.binary(max_size=200))
def test_no_bytes_crash_it(data):
    with refused("line ", "expected "):
        mml.read(data)
