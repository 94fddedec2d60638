"""Valid banks for MIDI of every format, as lists of chunks."""

import json
from random import Random

from .songs import TEXTS, Chunks
from .voices import pairs, tone


def toml(r: Random) -> Chunks:
    """Draw a bank of this project."""
    chunks = [b"# a bank\n", b'name = "mine"\n'] if r.randrange(2) else []
    numbers = r.sample(range(128), r.randint(1, 4))
    for kind, key in (("program", "number"), ("drum", "key")):
        for number in numbers:
            name = json.dumps(r.choice(TEXTS), ensure_ascii=False)
            chunks.append(f"[[{kind}]]\n{key} = {number}\nname = {name}\ncon = {r.randrange(8)}\n".encode())
            other = {"program": ("transpose = -12", "msb = 8", "pms = 3"), "drum": ("note = 30.5", "kit = 25")}[kind]
            chunks += [f"{r.choice(other)}\n".encode(), _ops(r)]
    # A table of its own: it belongs to the last drum.
    return [*chunks, b"[drum.noise]\nnfrq = 12\n", _ops(r)] if r.randrange(2) else chunks


def _ops(r: Random) -> bytes:
    """Draw four operators."""
    most = (31, 31, 31, 15, 15, 127, 3, 15, 7, 3, 1)
    return f"ops = {[[r.randint(0, value) for value in most] for _ in range(4)]}\n".encode()


def wopn(r: Random) -> Chunks:
    """Draw a bank of libOPNMIDI."""
    version, melodic, kits = r.choice((1, 2)), r.choice((1, 1, 2)), r.choice((0, 1))
    head = b"WOPN2-BANK\0" if version == 1 else b"WOPN2-B2NK\0\2\0"
    chunks = [head + bytes((0, melodic, 0, kits, r.randrange(16)))]
    size = 65 if version == 1 else 69
    if version > 1:
        chunks += [b"a bank".ljust(32, b"\0") + bytes((r.randrange(3), r.randrange(3))) for _ in range(melodic + kits)]
    empty = bytes(size)
    for _ in range(melodic + kits):
        taken = [_place(r, size) for _ in range(r.randint(1, 5))]
        chunks += [*taken, empty * (128 - len(taken))]
    return chunks


def _place(r: Random, size: int) -> bytes:
    """Draw a voice."""
    name = r.choice(TEXTS).encode()[:31].ljust(32, b"\0")
    offset = r.choice((0, 12, -12)).to_bytes(2, "big", signed=True)
    return (name + offset + r.choice((b"\0", b"\x24", b"\xa4")) + r.randbytes(29) + b"\1" * 5)[:size]


def attachment(r: Random) -> Chunks:
    """Draw what the cat2151 family attaches to a MIDI file, or a list of its tones."""
    kind = r.randrange(4)
    if kind == 0:
        return [b"[", *tone(r), b", ", *tone(r), b"]"]
    held = [b'"registers": "', *(pair.replace(b"\n", b" ") for pair in pairs(r)), b'"']
    if kind == 1:
        return [b"{", _flags(r), b', "Tones": {"0": {', *held, b'}, "127": {', *held, b"}}}"]
    chunks = [b"["]
    for number in r.sample(range(127), r.randint(1, 3)):
        chunks += [f'{{"ProgramChange": {number}, '.encode(), _flags(r), b", ", *held, b"}", b", "]
    return [*chunks[:-1], b"]"]


def _flags(r: Random) -> bytes:
    """Draw effects."""
    wave = {"BaseRegister": "0x60", "Depth": r.choice((6, -3.5)), "RateHz": 4.0, "DelaySeconds": 0.1}
    wave |= {"AttackSeconds": 0.05, "Waveform": "triangle", "KeyOnSync": r.choice((True, False))}
    early = {"Enabled": True, "OffsetSeconds": 0.002, "Registers": [{"BaseRegister": "0xE0", "Value": "0x0F"}]}
    effects = {"DelayVibrato": True, "Portamento": False, "SoftwareLfo": [wave], "PopNoiseEnvelope": early}
    effects |= {"ChangeToNextTone": True, "ChangeToNextToneTime": 10}
    kept = r.sample(sorted(effects), r.randint(1, len(effects)))
    return json.dumps({key: effects[key] for key in kept}).encode()[1:-1]
