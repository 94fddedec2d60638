"""What an MDX file is made of, for a compiler: notes, repeats and commands as bytes, tracks and voices as a file.

The byte code is that of docs/formats.md, section 5; ``mdx`` plays it.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...voice.voice import OF_OPERATOR, Operator
from ..data import SongError

FM_TRACKS, PLAIN_TRACKS, ALL_TRACKS = 8, 9, 16
END = b"\xf1\x00"
LONGEST_REST = 128
"""Ticks of a rest; notes have twice as many."""
LARGEST_OFFSET, FARTHEST = 0xFFFF, 0x8000
"""Bytes from the table to a track or to the voices, and that a repeat or the loop goes back."""
STEPS = 64
"""Of the pitch, to a semitone."""


@dataclass(slots=True)
class Note:
    """A note, from key 0 (o0d+) to 95 (o8d)."""

    key: int
    ticks: int
    tie: bool = False
    """The key stays down until the next note."""
    slide: int | None = None
    """Pitch steps (1/64 semitone) that it moves within its length, if it has a portamento."""

    @property
    def slope(self) -> int | None:
        """Pitch steps a tick, in 1/256, cut towards 0; None where there is no portamento, or one that is too steep."""
        slope = None if self.slide is None else int(self.slide * 256 / self.ticks)
        return slope if slope is not None and -0x8000 <= slope <= 0x7FFF else None

    def code(self) -> bytes:
        """Return portamento, tie and note, in this order."""
        slope = b"" if self.slope is None else b"\xf2" + struct.pack(">h", self.slope)
        return slope + b"\xf7" * self.tie + bytes((0x80 + self.key, self.ticks - 1))


@dataclass(slots=True)
class Rest:
    """A rest."""

    ticks: int

    def code(self) -> bytes:
        """Return as many rests as it takes."""
        full, left = divmod(self.ticks, LONGEST_REST)
        return bytes([LONGEST_REST - 1] * full + [left - 1] * bool(left))


class Fine(NamedTuple):
    """A fine volume, which counts from the loudest or from the softest: which is known when all has been read."""

    value: int
    offset: int


class Mark(NamedTuple):
    """What moves the place in a track: ``[``, ``/``, ``]`` with its count, and where the loop begins, ``L``."""

    sign: str
    place: str
    """In the text, for errors."""
    times: int = 0


Piece = Note | Rest | Fine | Mark | bytes


def track_code(pieces: Iterable[Piece], from_softest: bool) -> bytes:
    """Return a track, its end included; SongError where it has to go back too far."""
    code, starts, escapes, loop = bytearray(), list[int](), list[int](), -1
    for piece in pieces:
        if isinstance(piece, Note | Rest):
            code += piece.code()
        elif isinstance(piece, Fine):
            code += fine_code(piece, from_softest)
        elif not isinstance(piece, Mark):
            code += piece
        elif piece.sign == "[":
            starts.append(len(code))
            escapes.append(-1)
            code += b"\xf6\x00\x00"
        elif piece.sign == "/":
            escapes[-1] = len(code)
            code += b"\xf4\x00\x00"
        elif piece.sign == "]":
            _close(code, starts.pop(), escapes.pop(), piece)
        else:
            loop, at = len(code), piece.place
    if loop < 0:
        return bytes(code) + END
    return bytes(code) + b"\xf1" + _back(loop - len(code) - 3, at)


def fine_code(fine: Fine, from_softest: bool) -> bytes:
    """Return the command of a fine volume: the driver's own counts attenuation, from 80."""
    if from_softest:
        return bytes((0xFB, 0xFF - min(max(fine.value + fine.offset, 0), 127)))
    return bytes((0xFB, 0x80 + fine.value))


def _close(code: bytearray, start: int, escape: int, mark: Mark) -> None:
    """End a repeat: its count goes to its beginning, where it ends to its escape."""
    code[start + 1] = mark.times
    if escape >= 0:
        code[escape + 1 : escape + 3] = _back(len(code) - escape - 2, mark.place)
    code += b"\xf5" + _back(start - len(code), mark.place)


def _back(distance: int, place: str) -> bytes:
    if not -FARTHEST <= distance < FARTHEST:
        raise SongError(f"{place}: expected at most {FARTHEST} bytes to go back or skip, got {abs(distance)}")
    return struct.pack(">h", distance)


def voice_code(number: int, values: Sequence[int]) -> bytes:
    """Return a voice of the 47 numbers of MML: 11 each for M1, C1, M2 and C2, then CON, FL and the operators to key."""
    # The chip, and MDX, have the operators in another order.
    rows = [values[11 * i : 11 * i + 11] for i in (0, 2, 1, 3)]
    con, fl, slots = values[44:]
    registers = zip(*map(_operator_code, rows), strict=True)
    return bytes((number, (fl & 7) << 3 | con & 7, slots & 15)) + b"".join(map(bytes, registers))


def _operator_code(values: Sequence[int]) -> tuple[int, ...]:
    """Return an operator's registers, from 40 to E0; what is too large for them loses its upper bits."""
    # MML has an operator's numbers in the order of its fields.
    return Operator(*(value & most for value, most in zip(values, OF_OPERATOR.values(), strict=True))).data()


def file_of(title: bytes, pdx: bytes, tracks: Sequence[bytes], voices: Mapping[int, bytes]) -> bytes:
    """Return an MDX file; SongError if its tracks are longer than its table can say."""
    at, offsets = 2 + 2 * len(tracks), []
    for track in tracks:
        offsets.append(at)
        at += len(track)
    if at > LARGEST_OFFSET:
        raise SongError(f"expected at most {LARGEST_OFFSET} bytes of tracks, as MDX has them, got {at}")
    table = struct.pack(f">{len(tracks) + 1}H", at, *offsets)
    body = (*tracks, *(voices[number] for number in sorted(voices)))
    return title + b"\r\n\x1a" + pdx + b"\0" + table + b"".join(body)
