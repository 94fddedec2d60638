"""MDX with samples beside it, as lists of chunks: the song, a mark, the PDX."""

import struct
from random import Random

from .songs import Chunks, many, repeated

MARK = b"|and its samples|"
ENTRIES = 96
TITLE = b"Tune\r\n\x1aDRUMS\0"
VOICE = bytes((1, 0x07, 0x0F)) + bytes((1,) * 4 + (20,) * 4 + (31,) * 4 + (5,) * 4 + (2,) * 4 + (0x1F,) * 4)


def mdx(r: Random) -> Chunks:
    """Draw an MDX whose tracks P to W strike samples, and its PDX; either may be packed."""
    count = r.choice((9, 16, 16, 16))
    tracks = [[b"\xe8"] * (count == 16 and r.randrange(4) > 0) + [b"\xfd\1", *_notes(r)]]
    tracks += [[b"\xf1\0"] for _ in range(7)]
    tracks += [_track(r) if r.randrange(2) or not i else [b"\xf1\0"] for i in range(count - 8)]
    at, table = 2 + 2 * len(tracks), []
    for track in tracks:
        table.append(at)
        at += sum(map(len, track))
    body = [struct.pack(f">{count + 1}H", at, *table), *(code for track in tracks for code in track), VOICE]
    if r.randrange(8) == 0:
        body = [_packed(b"".join(body))]
    return [TITLE, *body, MARK, *pdx(r)]


def _track(r: Random) -> Chunks:
    """Draw a track of samples."""
    codes = [_code(r) for _ in range(many(r, 16))] + [_note(r)]
    back = sum(map(len, codes)) + 3
    return [*codes, struct.pack(">Bh", 0xF1, -back) if r.randrange(2) else b"\xf1\0"]


def _notes(r: Random) -> Chunks:
    """Draw a track of FM."""
    return [_note(r) for _ in range(r.choice((1, 3)))] + [b"\xf1\0"]


def _note(r: Random) -> bytes:
    """Draw a note: which sample, and for how long."""
    return bytes((0x80 + r.choice((0, 0, 1, 2, 3, r.randrange(96))), r.choice((0, 1, 3, 47))))


def _code(r: Random, depth: int = 0) -> bytes:
    """Draw what a track of samples may have."""
    kind = r.randrange(10)
    if kind < 5:
        return _note(r)
    if kind == 5:
        return bytes((r.choice((0, 1, 11)),))
    if kind < 9 or depth == 2:
        code, most = r.choice(
            ((0xFD, 255), (0xFD, 2), (0xED, 7), (0xFB, 255), (0xFC, 3), (0xF8, 8), (0xFF, 255), (0xF0, 9))
        )
        return r.choice(
            (bytes((code, r.randint(0, most))), b"\xf7", b"\xfa", b"\xf9", b"\xf3\0\x20", b"\xe8", b"\xe7\1\2")
        )
    return repeated(
        r.choice((2, 2, 2, 3, 3, 3, 9, 9, r.choice((0, 255)))),
        b"".join(_code(r, depth + 1) for _ in range(r.randint(1, 3))),
    )


def pdx(r: Random) -> Chunks:
    """Draw a PDX: a table of one bank or more, and the samples."""
    data = r.randbytes(r.choice((0, 1, 300, 4000)))
    head = 8 * ENTRIES * r.choice((1, 1, 1, 2, 3))
    entries = []
    for _ in range(head // 8):
        offset = head + r.randrange(len(data) + 1) if r.randrange(8) else r.choice((0, 2**31, 2**32 - 1, head - 1))
        length = r.choice((0, 1, 100, len(data), 0xFEFF, 0xFF00, 0xFF01, 2**24 - 1, 2**32 - 1))
        entries.append(struct.pack(">II", offset, length) if r.randrange(3) else bytes(8))
    chunks = [b"".join(entries[i : i + 8]) for i in range(0, len(entries), 8)] + [data]
    return [_packed(b"".join(chunks))] if r.randrange(10) == 0 else chunks


def _packed(data: bytes) -> bytes:
    """Return data packed with LZX, as plain bytes and runs of five."""
    parts, at = [], 0
    while at < len(data):
        run = at > 0 and len(data) >= at + 5 and set(data[at - 1 : at + 5]) == {data[at]}
        parts.append(((0, 0, 1, 1), b"\xff") if run else ((1,), data[at : at + 1]))
        at += 5 if run else 1
    parts.append(((0, 1), b"\0\0\0"))
    packed, bits, place = bytearray(), 0, 0
    for flags, tail in parts:
        for flag in flags:
            if bits % 8 == 0:
                place = len(packed)
                packed.append(0)
            packed[place] |= flag << 7 - bits % 8
            bits += 1
        packed += tail
    head = bytearray(0x26)
    head[4:12] = b"LZX 0.42"
    head[0x12:0x16] = len(data).to_bytes(4, "big")
    return bytes(head) + b"\x7f\xff\xff\x4c" + bytes(packed)
