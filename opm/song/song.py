"""A song: register writes with exact times, and what a listener wants to know about it."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..events import MASTER_CLOCKS_PER_FRAME
from ..pitch import REFERENCE_CLOCK

WRITE = np.dtype([("time", np.int64), ("chip", np.uint8), ("address", np.uint8), ("data", np.uint8)])
"""numpy.dtype of a register write: time in the song's ticks, chip 0 or 1, register address, byte."""

LONGEST = 7 * 86_400
"""Times beyond this many seconds are taken for damage."""


class SongError(Exception):
    """A file that cannot be played: one line saying where (byte offset or row) and what was expected."""


def reason(error: OSError) -> str:
    """Return what the system says of an error, for the end of a line."""
    return (error.strerror or str(error)).lower()


@dataclass(frozen=True)
class Loop:
    """Where a song repeats from: its first tick and the first of its writes."""

    tick: int
    write: int


@dataclass
class Song:
    """Register writes in order, and what is known about them."""

    format: str
    """For people, for example ``VGM 1.71``."""
    writes: npt.NDArray[Any]
    """(n,) WRITE, in playing order."""
    length: int
    """Ticks to the end of the song (one pass)."""
    rate: Fraction | None
    """Ticks per second; None: ticks are log samples, the chip's own frames."""
    clock: int = REFERENCE_CLOCK
    """Master clock in Hz."""
    chips: tuple[str, ...] = ("ym2151",)
    """One or two of ``ym2151``, ``ym2164``."""
    loop: Loop | None = None
    loop_base: int = 0
    """VGM: passes not to play."""
    loop_modifier: int = 16
    """VGM: sixteenths of the passes asked for."""
    tags: dict[str, str] = field(default_factory=dict)
    not_played: tuple[str, ...] = ()
    """Chips and parts the file holds and this player does not play."""
    family: bool = False
    """The cat2151 family's convention: the chip runs at twice its speed."""
    notes: list[str] = field(default_factory=list)
    """Decisions made and faults met while reading, a line each."""

    def passes(self, loops: int) -> int:
        """Return how often the loop is played when the listener asks for ``loops`` passes."""
        return max(1, round(loops * self.loop_modifier / 16) - self.loop_base)

    def frame(self, tick: int, clock: int | None = None, speed: Fraction = Fraction(1)) -> int:
        """Return the first frame at or after a tick: ceil(m / 64), m its master clock, in exact integers."""
        numerator, denominator = tick * speed.denominator, speed.numerator
        if self.rate is not None:
            numerator *= (clock or self.clock) * self.rate.denominator
            denominator *= MASTER_CLOCKS_PER_FRAME * self.rate.numerator
        return -(-numerator // denominator)

    def seconds(self, ticks: int) -> float:
        """Return the duration of a number of ticks in seconds."""
        return float(ticks / self.rate) if self.rate else ticks * MASTER_CLOCKS_PER_FRAME / self.clock
