"""How a MIDI file begins: by itself, so that to look for one costs no import of the reader."""

from .limits import FURTHEST

HEADER = b"MThd"
_WHOLE_HEADER = HEADER + b"\0\0\0\x06"


def recognise(data: bytes) -> bool:
    """Look for the header: at the start, in RIFF, or behind a little junk."""
    return data[:4] == HEADER or (data[:4] == b"RIFF" and data[8:12] == b"RMID") or _WHOLE_HEADER in data[:FURTHEST]
