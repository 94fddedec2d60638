"""What songs are made of: a table of register writes, the chips they are for, and where the song repeats from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .._file import printable
from ..pitch import REFERENCE_CLOCK
from .limits import FASTEST, SLOWEST

WRITE = np.dtype([("time", np.int64), ("chip", np.uint8), ("address", np.uint8), ("data", np.uint8)])
"""numpy.dtype of a register write: time in the song's ticks, chip 0 or 1, register address, byte."""
PICOSECONDS = 10**12
"""Ticks per second where times are given in seconds: 64 bits of them are 106 days."""
Writes = npt.NDArray[Any]
"""(n,) WRITE, in playing order."""
PART_WRITE = np.dtype([("time", np.int64), ("address", np.int32), ("data", np.int32)])
"""numpy.dtype of what another chip of the board takes: time in the song's ticks, address, data."""
PART_SECONDS = np.dtype([("seconds", np.float64), ("address", np.int32), ("data", np.int32)])
"""numpy.dtype of ``Song.part_writes``."""


class Opm(NamedTuple):
    """A YM2151 or YM2164 of a song's board."""

    name: str = "ym2151"
    """``ym2151`` or ``ym2164``."""
    clock: int = REFERENCE_CLOCK
    """Master clock in Hz."""


class Bank(NamedTuple):
    """Bytes that streams of a VGM send, and the blocks they came in."""

    data: bytes = b""
    blocks: tuple[tuple[int, int], ...] = ()
    """Start and length of each."""


@dataclass(frozen=True, eq=False)
class Companion:
    """Another chip of a song's board, beside the YM2151."""

    name: str
    """One of ``opm.board.CORES``."""
    clock: int
    """Master clock in Hz."""
    rows: Writes
    """(n,) PART_WRITE, in playing order."""
    again: int = 0
    """The first of them that the loop plays again."""
    level: float = 1.0
    """What its samples are multiplied by, to be added to the YM2151's."""
    memory: bytes = b""
    """Its ROM, or the samples it plays."""
    options: Mapping[str, int] = field(default_factory=dict)
    """How the board wires the chip, by the names in its module's head."""
    banks: Mapping[int, Bank] = field(default_factory=dict)
    """What its streams send."""
    samples: Mapping[int, int] = field(default_factory=dict)
    """The song's own numbers of samples, by where they lie in memory."""


class Part(NamedTuple):
    """A chip of a song's board, the YM2151 included, and what it sounds in one playing."""

    name: str
    """What ``parts=`` and ``--mute`` call it: ``ym2151``, ``vera_psg``; the second of its kind ends in ``-2``."""
    title: str
    """What people call it."""
    clock: int
    """Master clock in Hz."""
    sounds: int
    """Notes or samples that it strikes."""
    channels: tuple[int, ...]
    """The channels that it strikes them on, from 1."""


class Arrangement(NamedTuple):
    """What notes of MIDI a song's keys are for."""

    notes: Writes
    """(n,) ``opm.midi.arrange.SCORE``: each key-on in the song's ticks, and program, key and velocity of its note."""
    lead: int
    """Ticks of silence put before the first, in which its voice is loaded."""
    facts: Mapping[str, Any]
    """What came of the file's notes, for people: what ``--info --json`` has under ``midi``."""


class Loop(NamedTuple):
    """Where a song repeats from: its first tick and the first of its writes."""

    tick: int
    write: int


class Source(NamedTuple):
    """The MDX file that a song was read from, or compiled to."""

    data: bytes
    """The file."""
    title: str
    """The title in it."""


class SongError(ValueError):
    """A file that cannot be played: one line saying where (byte offset or row) and what was expected.

    Parameters
    ----------
    message : str
        The line; control characters in it are escaped.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message, 1000))


def reason(error: OSError) -> str:
    """Return what the system says of an error, for the end of a line."""
    return (error.strerror or str(error)).lower()


def check_clock(clock: int, where: str) -> int:
    """Return the clock if it can be a YM2151's, else raise SongError."""
    if not SLOWEST <= clock <= FASTEST:
        raise SongError(f"{where}: expected a clock of {SLOWEST} to {FASTEST} Hz, got {printable(str(clock), 40)}")
    return clock


def in_pieces(writes: Writes, size: int = 65_536) -> Iterator[Writes]:
    """Yield writes in pieces: as Python objects 8 million of them would take gigabytes."""
    for first in range(0, len(writes), size):
        yield writes[first : first + size]
