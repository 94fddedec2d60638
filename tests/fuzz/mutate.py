"""What damages a file: its bytes, its chunks, the numbers of its header, the words of its text, its packing.

A mutator takes chunks and returns chunks. ``Shape`` says what a format's files offer to it.
"""

import functools
import gzip
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from .songs import Chunks, repeated

FULL = 16 * 2**20
"""Bytes of a large file: what is read within 2 s."""
LARGEST = 2**20
"""Bytes beyond which nothing is repeated."""
INTEGERS = (0, 1, -1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, -(2**63))
DOUBLES = (float("nan"), float("inf"), float("-inf"), 0.0, -0.0, -1.0, 5e-324, 1e-300, 1e308, 3_579_545.5)
BRACKETS = tuple(
    first * n + last * n for n in (40, 990, 3000, 100_000) for first, last in ((b"[", b"]"), (b'{"a":', b"}"))
)
_PLAIN = """
0 -0 1 -1 00 0x 0x100 0xFFFFFFFFF $ + - . .5 5. +.5 1_0 0b1 1e9 1e99 1e999 -1e999 1e-999 1e99999999 +1e99999999
1e99999999999999999999 -1e99999999999999999999 1e-99999999999999999999 0.1e-99999999 NaN nan Infinity -Infinity inf sNaN
null true false [] {} [[]] "" "\\u0000" "\\ud800" "\\udfff\\ud800" "0x" "-1" "１" 604800 604801 33825024000 999999999
1000000000 9007199254740993 0.1 0.0000001 1.0 "is_data":1 "time":1e999 unit wait clock rate loop end title KeyON s ms
samples seconds # ; // @: ٣ １２ ² 𝟙 ½ 0x１ 曲 \u202e \u2028 \x85 \ufeff \U0010ffff \0 \x1b[31m \x1b]0;x\x07 " \\ ,
"""
WORDS = (
    *_PLAIN.encode().split(),
    *(str(2**n + d).encode() for n in (7, 8, 15, 16, 31, 32, 63, 64, 1024) for d in (-1, 0)),
    *(b"9" * 400, b"9" * 4301, b"1" + b"0" * 5000, b'"1' + b"0" * 5000 + b'"', b"0" * 5000 + b"1"),
    *(b"0." + b"0" * 5000 + b"1", b"-" * 300, b"A" * 3000),
    *(b"\xed\xa0\x80", b"\xff", b"\xc3", b"\r", b"\n", b"\t", b"\x0c"),
)
"""What numbers, strings and words of a text are replaced by."""
WORD = re.compile(rb'"[^"]{0,300}"|[^\s,:\[\]{}"]+')


@dataclass(frozen=True)
class Shape:
    """What there is to damage: places and bytes of the header's numbers, their order, mutators of the format's own."""

    fields: tuple[tuple[int, int], ...] = ()
    order: Literal["little", "big"] = "little"
    own: "tuple[Mutator, ...]" = ()
    """Often taken."""
    packed: bool = True
    """It may be packed with gzip."""
    fixed: bool = False
    """Its length stands in its header: mostly damaged in place."""


Mutator = Callable[[Random, Chunks, Shape], Chunks]


def attacked(r: Random, chunks: Chunks, shape: Shape) -> bytes:
    """Return a file with some faults; a few stay valid."""
    for _ in range(r.choice((1, 1, 1, 2, 3, 6, 0))):
        kinds = r.choice((shape.own, IN_PLACE if shape.fixed else ANY) if shape.own else (ANY,))
        chunks = r.choice(kinds)(r, chunks, shape) if chunks else chunks
    data = b"".join(chunks)[: FULL + LARGEST]
    return gzip.compress(data, 1, mtime=0) if shape.packed and r.randrange(60) == 0 else data


def _place(r: Random, chunks: Chunks) -> int:
    """Draw a chunk, the header more often than others."""
    return 0 if r.randrange(3) == 0 else r.randrange(len(chunks))


def _with(chunks: Chunks, i: int, *new: bytes) -> Chunks:
    """Return chunks with one replaced."""
    return [*chunks[:i], *new, *chunks[i + 1 :]]


def _edited(r: Random, chunks: Chunks, edit: Callable[[bytearray, int], None]) -> Chunks:
    """Return chunks with an edit at a place of one."""
    i = _place(r, chunks)
    data = bytearray(chunks[i])
    if data:
        edit(data, r.randrange(len(data)))
    return _with(chunks, i, bytes(data))


def flip(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Flip a bit."""
    bit = 1 << r.randrange(8)

    def edit(data: bytearray, at: int) -> None:
        data[at] ^= bit

    return _edited(r, chunks, edit)


def overwrite(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put another byte in a place."""
    byte = r.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, r.randrange(256)))

    def edit(data: bytearray, at: int) -> None:
        data[at] = byte

    return _edited(r, chunks, edit)


def insert(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Insert bytes."""
    new = r.randbytes(r.choice((1, 2, 4, 30)))

    def edit(data: bytearray, at: int) -> None:
        data[at:at] = new

    return _edited(r, chunks, edit)


def delete(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Delete bytes."""
    count = r.choice((1, 1, 2, 4, 30))

    def edit(data: bytearray, at: int) -> None:
        del data[at : at + count]

    return _edited(r, chunks, edit)


def double(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Say some bytes twice."""
    count = r.choice((1, 2, 4, 30))

    def edit(data: bytearray, at: int) -> None:
        data[at:at] = data[at : at + count]

    return _edited(r, chunks, edit)


def integer(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put an extreme integer anywhere."""
    size = r.choice((1, 2, 2, 4, 4, 8))
    value = r.choice(INTEGERS) % 256**size

    def edit(data: bytearray, at: int) -> None:
        at = min(at // size * size, max(0, len(data) - size))
        data[at : at + size] = value.to_bytes(size, r.choice(("little", "big")))

    return _edited(r, chunks, edit)


def header(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put an extreme integer, or an offset to the end, to itself or into the file, in a number of the header."""
    if not shape.fields:
        return integer(r, chunks, shape)
    at, size = r.choice(shape.fields)
    length = sum(map(len, chunks))
    near = r.choice((length, at, 0x20, r.randrange(length + 1))) + r.choice((0, 0, -1, 1, -at, 4))
    value = r.choice((r.choice(INTEGERS), near))
    data = bytearray(chunks[0])
    data[at : at + size] = (value % 256**size).to_bytes(size, shape.order)
    return _with(chunks, 0, bytes(data))


def cut(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Cut the file short."""
    i = r.randrange(len(chunks))
    return [*chunks[:i], chunks[i][: r.randrange(len(chunks[i]) + 1)]]


def drop(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Leave out a chunk."""
    return _with(chunks, r.randrange(len(chunks)))


def swap(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Exchange two chunks."""
    i, j = r.randrange(len(chunks)), r.randrange(len(chunks))
    swapped = list(chunks)
    swapped[i], swapped[j] = chunks[j], chunks[i]
    return swapped


def repeat(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Say a chunk, or a run of them, again and again."""
    i = r.randrange(len(chunks))
    part = b"".join(chunks[i : i + r.choice((1, 1, 3))])
    times = r.choice((1, 1, 2, 2, 5, 5, 100, 1000))
    return [*chunks[:i], part * min(times, LARGEST // (len(part) + 1)), *chunks[i:]]


def word(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Replace a number, string or word of a text by an extreme one."""
    i = r.randrange(len(chunks))
    found = [match.span() for match in WORD.finditer(chunks[i][:4000])]
    if not found:
        return chunks
    first, last = r.choice(found)
    new = r.choice(BRACKETS) if r.randrange(60) == 0 else r.choice(WORDS)
    return _with(chunks, i, chunks[i][:first] + new + chunks[i][last:])


def nest(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Insert MDX repeats in repeats."""
    code = r.choice((b"", b"\xfa", b"\x80\0", b"\0"))
    for _ in range(r.choice((1, 2, 3, 6))):
        code = repeated(r.choice((255, 0, 2, 70, 141)), code) + r.choice((b"", b"", b"\x80\0", b"\0"))
    i = r.randrange(2, len(chunks)) if len(chunks) > 3 else len(chunks)
    return [*chunks[:i], code, *chunks[i:]]


def table(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put an extreme integer into MDX' table of offsets, or an offset into that."""
    data = bytearray(chunks[min(1, len(chunks) - 1)])
    at = 2 * r.randrange(max(1, len(data) // 2))
    value = r.choice((*INTEGERS, *data[:2], r.randrange(300)))
    data[at : at + 2] = (value % 2**16).to_bytes(2, "big")
    return _with(chunks, min(1, len(chunks) - 1), bytes(data))


def state(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put any 32-bit number into the state of a snapshot."""
    if len(chunks) < 2 or len(chunks[1]) < 4:
        return chunks
    data = bytearray(chunks[1])
    at = 4 * r.choice((0, r.randrange(len(data) // 4)))
    value = r.choice((*INTEGERS, 32, 3_312_080, r.randrange(2**32)))
    data[at : at + 4] = (value % 2**32).to_bytes(4, "little")
    return _with(chunks, 1, bytes(data))


def clock(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put a number that is no clock into the header of a snapshot."""
    return _with(chunks, 0, chunks[0][:12] + struct.pack("<d", r.choice(DOUBLES)) + chunks[0][20:])


def queue(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Change an event that waits: its cycle, its kind, its byte."""
    if len(chunks) < 3:
        return chunks
    event = struct.pack(
        "<qBB", r.choice(INTEGERS) if r.randrange(2) else r.randrange(300), r.randrange(5), r.randrange(256)
    )
    return _with(chunks, r.randrange(2, len(chunks)), event[:8][: r.choice((8, 8, 8, 7))] + event[8:])


SEPARATORS = (
    *(b"%c" % code for code in (0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0, 0x0D)),
    *(c.encode() for c in "\x85\u2028\u2029"),
)
"""What Python takes for ends of lines, and what it does not."""
MEMBERS = (b'"a":1,', b"[],", b"{},", b'"",', b"0,", b'{"time":0},', b" ", b"-")


def separators(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put other ends of lines, once or by the thousand, in place of a chunk's own or into it."""
    i = r.randrange(len(chunks))
    new = r.choice(SEPARATORS) * r.choice((1, 1, 2, 1000, 100_000))
    return _with(
        chunks, i, chunks[i].replace(r.choice((b"\n", b" ", b",")), new[: LARGEST // (len(chunks[i]) + 1) + 1])
    )


def dense(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Insert members, or rows that hold nothing, by the ten thousand."""
    i, new = r.randrange(len(chunks) + 1), r.choice(MEMBERS)
    new *= r.choice((1, 50, 20_000, LARGEST // 8))
    return [*chunks[:i], *[new] * _times(r, new), *chunks[i:]]


def _times(r: Random, data: bytes) -> int:
    """Draw how often something is said: once, but for one in a hundred, which fills a large file."""
    return 1 if r.randrange(100) else FULL // (len(data) + 1) + 1


def flood(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Say a chunk, or a few in turn, by the ten thousand; once in a hundred times all that a large file holds."""
    i = r.randrange(len(chunks))
    part = b"".join(chunks[i : i + r.choice((1, 1, 2, 5))])
    size = FULL if r.randrange(100) == 0 else r.choice((2000, 2000, 50_000))
    return [*chunks[:i], part * (size // (len(part) + 1) + 1), *chunks[i:]] if len(part) < size else chunks


def claim(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put an extreme number where a VGM's data block says its size, and those of the ROM it is a part of."""
    found = [i for i, chunk in enumerate(chunks) if chunk[:2] == b"\x67\x66"]
    if not found:
        return chunks
    i = r.choice(found)
    data, at = bytearray(chunks[i]), r.choice((2, 3, 7, 7, 11, 11))
    size = 1 if at == 2 else 4
    value = r.choice((*INTEGERS, len(data) - 7, 2**24, 2**24 - 1, r.randrange(256)))
    data[at : at + size] = (value % 256**size).to_bytes(size, "little")
    return _with(chunks, i, bytes(data))


def sizes(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put another length in a chunk of a MIDI file, or junk, zeros or a header before it; or double its name."""
    found = [i for i, chunk in enumerate(chunks) if chunk[:4] == b"MTrk"]
    if not found:
        return chunks
    i = r.choice(found)
    size = int.from_bytes(chunks[i][4:8], "big")
    value = r.choice((0, 1, size - 1, size + 1, size + 4, size * 2, size // 2, 2**31, 2**32 - 1, r.randrange(300)))
    before = r.choice((b"", b"", b"", b"\0", bytes(100), b"\x1a" * 7, b"MTrk", b"MThd\0\0\0\6\0\1\0\1\0\x60"))
    return _with(chunks, i, before, b"MTrk" + (value % 2**32).to_bytes(4, "big") + chunks[i][8:])


def count(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Put how many bytes are left, or one more or less, where a count may stand."""
    i = _place(r, chunks)
    data, rest = bytearray(chunks[i]), sum(map(len, chunks[i:]))
    size, order = r.choice((1, 2, 4)), r.choice(("little", "big"))
    if data:
        at = r.randrange(len(data))
        value = rest - at + r.choice((-size, -1, 0, 1))
        data[at : at + size] = (value % 256**size).to_bytes(size, order)
    return _with(chunks, i, bytes(data))


def packed_again(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Pack a file in itself some times; leave out its end, or say something behind it."""
    data = b"".join(chunks)
    for _ in range(r.choice((1, 1, 2, 5, 30))):
        data = gzip.compress(data, 1, mtime=0)
    return [data[: len(data) - r.choice((0, 0, 1, 4, 8, 12))], *r.choice(((), (), (b"\0" * 512,), (b"\x1f\x8b",)))]


def bomb(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Return a small file that unpacks to a large one."""
    if r.randrange(60):
        return chunks
    return [_bomb(*r.choice(((b"\x62", 2), (b"\0", 17), (b"\x54\x08\x78", 15), (b"\x62", 70), (b"\0", 300))))]


@functools.cache
def _bomb(fill: bytes, megabytes: int) -> bytes:
    """Return a packed VGM file of one command, made without ever being whole in memory."""
    start = b"Vgm " + struct.pack("<II", 0, 0x171) + bytes(0x24) + struct.pack("<II", 4_000_000, 0xCC) + bytes(0xC8)
    packer = zlib.compressobj(1, wbits=31)
    part = fill * (2**20 // len(fill))
    return b"".join((packer.compress(start), *(packer.compress(part) for _ in range(megabytes)), packer.flush()))


def repacked(r: Random, chunks: Chunks, shape: Shape) -> Chunks:
    """Damage what a packed file holds, and pack it again; or pack what is packed."""
    try:
        plain = gzip.decompress(b"".join(chunks))
    except (OSError, EOFError, zlib.error):
        return chunks
    if len(plain) > LARGEST or not plain:
        return chunks
    inside = Shape(fields=VGM_FIELDS, packed=False)
    changed = b"".join(r.choice((header, header, *ANY))(r, [plain[:0x100], plain[0x100:]], inside))
    members = r.choice(((changed,), (changed,), (changed[: len(changed) // 2], changed[len(changed) // 2 :])))
    return [*(gzip.compress(member, 1, mtime=0) for member in members), *r.choice(((), (), (b"trailing",)))]


VGM_FIELDS = tuple(
    (at, 4) for at in (0x04, 0x08, 0x10, 0x14, 0x14, 0x18, 0x1C, 0x1C, 0x20, 0x30, 0x34, 0x34, 0x7C, 0xBC)
)
IN_PLACE: Sequence[Mutator] = (
    flip,
    overwrite,
    integer,
    header,
    header,
    count,
    flip,
    overwrite,
    integer,
    cut,
    drop,
    repeat,
)
ANY: Sequence[Mutator] = (flip, overwrite, insert, delete, double, integer, header, count, cut, drop, swap, repeat)
