"""Valid MIDI files: types 0 to 2, beats and frames, running status, all kinds of events, RIFF."""

import struct
from random import Random

from .songs import TEXTS, Chunks, many

DIVISIONS = (96, 480, 24, 0x7FFF, 0xE728, 0xE250, 0xE304, 0xE8FF)
DELTAS = (b"\0", b"\0", b"\0", b"\x01", b"\x30", b"\x7f", b"\x81\x00", b"\x8f\x50", b"\x80\x80\x01")
CONTROLS = (0, 1, 6, 7, 10, 11, 32, 38, 64, 91, 100, 101, 110, 111, 120, 121, 123)
EXCLUSIVE = ("7e 7f 09 01", "41 10 42 12 40 00 7f 00 41", "43 10 4c 00 00 7e 00", "7f 7f 04 01 00 40", "")
WORDS = (
    b"loopStart",
    b"LOOPEND",
    b"@KMIDI KARAOKE FILE",
    b"@TTitle",
    b"@TBy",
    b"@TMore",
    b"\x83h\x83\x89",
    b"\xa9 1997",
)
CODINGS = ("utf-8", "cp932", "latin-1")


def midi(r: Random) -> Chunks:
    """Draw a MIDI file."""
    kind = r.choice((0, 1, 1, 1, 2))
    tracks = [_track(r) for _ in range(1 if kind == 0 else r.randint(1, 4))]
    chunks = [b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), r.choice(DIVISIONS))]
    for track in tracks:
        if r.randrange(10) == 0:
            chunks.append(b"XFIH" + struct.pack(">I", 3) + b"abc")
        chunks += [b"MTrk" + struct.pack(">I", sum(map(len, track))), *track]
    if r.randrange(6):
        return chunks
    size = sum(map(len, chunks))
    info = b"".join(name + struct.pack("<I", 6) + b"Tune\0\0" for name in (b"INAM", b"IART", b"ISFT"))
    after = b"\0" * (size % 2) + b"LIST" + struct.pack("<I", 4 + len(info)) + b"INFO" + info
    head = b"RIFF" + struct.pack("<I", 12 + size + len(after)) + b"RMIDdata" + struct.pack("<I", size)
    return [head + chunks[0], *chunks[1:], after]


def _track(r: Random) -> Chunks:
    """Draw a track's events."""
    status, events = 0, []
    for _ in range(many(r)):
        event = _event(r)
        # Running status holds over other events in the wild.
        running = 0x80 <= event[0] < 0xF0 and event[0] == status and r.randrange(3)
        status = event[0] if event[0] < 0xF0 else status
        events.append(r.choice(DELTAS) + (event[1:] if running else event))
    return [*events, b"\0\xff\x2f\0"]


def _event(r: Random) -> bytes:
    """Draw an event without its time."""
    kind = r.randrange(8)
    if kind < 3:
        return bytes((r.choice((0x80, 0x90, 0x99)), r.randrange(128), r.choice((0, 64, 127))))
    if kind == 3:
        return bytes((0xB0 | r.randrange(3), r.choice(CONTROLS), r.randrange(128)))
    if kind == 4:
        status = r.choice((0xA0, 0xC0, 0xD0, 0xE0))
        return bytes((status | r.randrange(16), *(r.randrange(128) for _ in range(2 - (status in (0xC0, 0xD0))))))
    if kind == 5:
        return _exclusive(r)
    if kind == 6:
        text = r.choice((*WORDS, r.choice(TEXTS).encode(r.choice(CODINGS), "replace")))
        return b"\xff" + bytes((r.choice((1, 1, 2, 3, 3, 4, 5, 6, 6, 7)),)) + sized(text)
    return b"\xff" + r.choice(
        (
            b"\x51\x03" + r.choice((500_000, 250_000, 1, 2_000_000)).to_bytes(3, "big"),
            b"\x21\x01" + bytes((r.choice((0, 0, 1, 15, 255)),)),
            b"\x58\x04\x04\x02\x18\x08",
            b"\x59\x02\xfd\x00",
            b"\x54\x05\x20\0\0\0\0",
            b"\x00\x02\0\1",
            b"\x7f" + sized(b"\x43\x7b\x01"),
        )
    )


def _exclusive(r: Random) -> bytes:
    """Draw a system exclusive message, whole or in packets, or bytes that are sent as they are."""
    body = bytes.fromhex(r.choice(EXCLUSIVE)) + b"\xf7"
    if r.randrange(6) == 0:
        return b"\xf7" + sized(r.choice((b"\xf0" + body, b"\x90\x3c\x40", b"\xfa", b"\xf3\x01")))
    at = r.randrange(len(body)) if r.randrange(3) == 0 else 0
    return b"\xf0" + sized(body[:at]) + r.choice(DELTAS) + b"\xf7" + sized(body[at:]) if at else b"\xf0" + sized(body)


def sized(body: bytes) -> bytes:
    """Return bytes behind their number."""
    number = bytes((len(body) & 0x7F,))
    if len(body) > 0x7F:
        number = bytes((0x80 | len(body) >> 7,)) + number
    return number + body
