"""Valid voices of every format, as lists of chunks."""

import json
import struct
from random import Random

from .songs import TEXTS, Chunks


def opm(r: Random) -> Chunks:
    """Draw a VOPM bank."""
    chunks = [b"//MiOPMdrv sound bank Paramer Ver2002.04.22\n"]
    for number in range(r.randint(1, 4)):
        # A place without a name is empty; of nothing else no bank is made.
        name = r.choice(("Lead 1", "x", "リード", "a // b", *["no Name"] * (number > 0)))
        lines = [("LFO", 5, 255), ("CH", 7, 127), *((key, 11, 31) for key in ("M1", "C1", "M2", "C2"))]
        chunks.append(f"@:{number} {name}\n".encode())
        for key, count, most in lines:
            chunks.append(f"{key}:{' '.join(str(r.randint(0, most)) for _ in range(count))}\n".encode())
    return chunks


def dmp(r: Random) -> Chunks:
    """Draw a DefleMask voice."""
    head = r.choice((bytes((11, 8, 1)), bytes((10, 1))))
    return [head, r.randbytes(4), *(r.randbytes(11) for _ in range(4)), r.choice((b"", b"\n"))]


def fui(r: Random) -> Chunks:
    """Draw a Furnace instrument."""
    version = r.choice((200, 224))
    fm = bytes((0xF4, *r.randbytes(3 if version < 224 else 4))) + r.randbytes(32)
    name = r.choice(TEXTS).encode() + b"\0"
    features = [_feature(b"FM", fm), _feature(b"NA", name), _feature(b"XX", r.randbytes(9))]
    r.shuffle(features)
    return [b"FINS" + struct.pack("<HH", version, 33), *features, b"EN\0\0"]


def _feature(code: bytes, body: bytes) -> bytes:
    """Return a feature: code, length, what it holds."""
    return code + struct.pack("<H", len(body)) + body


def pairs(r: Random) -> Chunks:
    """Draw pairs of address and data in hex."""
    return [_pair(r).encode() for _ in range(r.randint(1, 26))]


def _pair(r: Random) -> str:
    """Draw one."""
    address = r.choice((0x20, 0x38, 0x40, 0x60, 0x80, 0xE0))
    return f"{address:02X}{r.randrange(256):02x}" + r.choice(("", " ", "\n"))


def tone(r: Random) -> Chunks:
    """Draw a JSON tone: events, registers or variations."""
    kind = r.randrange(3)
    head = json.dumps({"type": "YM2151 tone", "name": r.choice(TEXTS), "description": "x"}).encode()[:-1]
    if kind == 0:
        rows = [{"time": 0, "addr": r.choice((0x20, "0x38", "e0")), "data": r.randrange(256)} for _ in range(6)]
        lines = [json.dumps(row).encode() + b", " for row in rows]
        return [head, b', "events": [', *lines[:-1], lines[-1][:-2], b"]}"]
    held = [b'"', *pairs(r), b'"']
    held = [part.replace(b"\n", b" ") for part in held]
    if kind == 1:
        return [head, b', "registers": ', *held, b"}"]
    row = [b'{"description": "soft", "note_number": 60, "registers": ', *held, b"}"]
    return [head, b', "variations": [', *row, b", ", *row, b"]}"]
