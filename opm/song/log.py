"""A song as its file gives it: register writes with exact times, and what is known about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._file import printable
from ..events import CAT2151, CHIP, CYCLES_PER_FRAME, MASTER_CLOCKS_PER_FRAME, Bus
from ..pitch import REFERENCE_CLOCK

WRITE = np.dtype([("time", np.int64), ("chip", np.uint8), ("address", np.uint8), ("data", np.uint8)])
"""numpy.dtype of a register write: time in the song's ticks, chip 0 or 1, register address, byte."""


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


def in_pieces(writes: npt.NDArray[Any], size: int = 65_536) -> Iterator[npt.NDArray[Any]]:
    """Yield writes, some at a time: as Python's own objects, all of a long song would take gigabytes."""
    for first in range(0, len(writes), size):
        yield writes[first : first + size]


@dataclass(frozen=True)
class Loop:
    """Where a song repeats from: its first tick and the first of its writes."""

    tick: int
    write: int


@dataclass
class Log:
    """Register writes in order, and what is known about them."""

    format: str
    """For people, for example ``VGM 1.71``."""
    writes: npt.NDArray[Any]
    """(n,) WRITE, in playing order."""
    length: int
    """Ticks to the end of the writes: the loop's, if there is one."""
    rate: Fraction | None
    """Ticks per second; None: ticks are log samples, the chip's own frames."""
    clock: int = REFERENCE_CLOCK
    """Master clock in Hz."""
    second_clock: int | None = None
    """The second chip's, if it has its own."""
    chips: tuple[str, ...] = ("ym2151",)
    """One or two of ``ym2151``, ``ym2164``."""
    loop: Loop | None = None
    rounds_before: int = 0
    """MDX: passes of the loop that stand before it, since the first may differ from the others."""
    loop_base: int = 0
    """VGM: passes not to play."""
    loop_modifier: int = 16
    """VGM: sixteenths of the passes asked for."""
    gain: float = 1.0
    """VGM: the factor of its volume modifier."""
    tags: dict[str, str] = field(default_factory=dict)
    not_played: tuple[str, ...] = ()
    """Chips and parts the file holds and this player does not play."""
    family: bool = False
    """The cat2151 family's convention: the chip runs at twice its speed."""
    notes: list[str] = field(default_factory=list)
    """Decisions made and faults met while reading, a line each."""

    def passes(self, loops: int) -> int:
        """Return how often the loop is played, from its start on, when the listener asks for ``loops`` passes."""
        return max(1, (loops * self.loop_modifier + 8) // 16 - self.loop_base) - self.rounds_before

    @property
    def bus(self) -> Bus:
        """How writes follow each other."""
        return CAT2151 if self.family else CHIP

    def chip_clock(self, chip: int = 0) -> int:
        """Return the Hz that a chip runs at: for the cat2151 family, twice its clock."""
        clock = self.second_clock if chip and self.second_clock else self.clock
        return clock * self.bus.cycles_per_frame // CYCLES_PER_FRAME

    @property
    def loop_ticks(self) -> int:
        """Ticks of a pass of the loop; 0 if there is none."""
        return self.length - self.loop.tick if self.loop else 0

    @property
    def once(self) -> npt.NDArray[Any]:
        """The writes of one playing."""
        return self.writes[: self.loop.write] if self.loop and self.rounds_before else self.writes

    @property
    def playing(self) -> tuple[int, int]:
        """First tick of the loop and the end, where the song is played once: the loop is heard once."""
        before = self.rounds_before * self.loop_ticks
        return max(0, (self.loop.tick if self.loop else 0) - before), self.length - before

    def unrolled(self) -> "Log":
        """Return the same song without rounds before its loop: its first writes that do not come again stand before it.

        The loop begins behind the last of them, so the song is as much longer as that is late in the first round.
        """
        if not (self.loop and self.rounds_before):
            return self
        first, again = np.split(self.writes, [self.loop.write])
        most = min(len(first), len(again))
        pairs = first[len(first) - most :], again[len(again) - most :]
        same = pairs[1]["time"] - pairs[0]["time"] == self.loop_ticks
        for name in ("chip", "address", "data"):
            same &= pairs[0][name] == pairs[1][name]
        alike = int(np.append(same[::-1], False).argmin())
        own, ahead = len(first) - alike, len(again) - alike
        tick = max([self.playing[0], *first["time"][:own][-1:], *again["time"][:ahead][-1:] - self.loop_ticks])
        return replace(
            self,
            writes=self.writes[: len(first) + ahead],
            length=int(tick) + self.loop_ticks,
            loop=Loop(int(tick), own),
            rounds_before=0,
        )

    def frame(self, tick: int) -> int:
        """Return the first frame at or after a tick."""
        frames = self.clock / (MASTER_CLOCKS_PER_FRAME * self.rate) if self.rate else Fraction(1)
        return -(-tick * frames.numerator // frames.denominator)

    def seconds(self, ticks: int) -> float:
        """Return the duration of a number of ticks in seconds."""
        return float(ticks / self.rate) if self.rate else ticks * MASTER_CLOCKS_PER_FRAME / self.clock
