"""The other chips of a song's board as the song plays them: writes as they come due, samples in the song's step."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..board import Chip
from ..board.mix import Interpolator, add
from .data import PART_WRITE
from .playing import PartTimetable
from .streams import Streams

RUN_UP = 10.0
"""Seconds of a part that are run before the place a seek goes to: longer than most samples last."""
PIECE = 65_536
"""Samples of a part, or frames of a song, made at once: the writes that streams send in them need memory, too."""


@dataclass(frozen=True)
class SavedCompanion:
    """A part in mid-song."""

    chip: bytes
    done: int
    row: int
    streams: Streams


@dataclass(frozen=True)
class SavedGroup:
    """Parts in mid-song, and the last samples that the filter still needs."""

    parts: tuple[SavedCompanion, ...]
    past: npt.NDArray[np.float32]


class CompanionRenderer:
    """One part of a song beside the YM2151, in samples of its own.

    Parameters
    ----------
    timetable : PartTimetable
    gain : float
        What its samples are multiplied by beside its own level.
    """

    def __init__(self, timetable: PartTimetable, gain: float) -> None:
        companion = timetable.companion
        self.timetable, self.name = timetable, timetable.name
        self.chip = Chip(companion.name, companion.clock, companion.memory, **companion.options)
        self._level = np.float32(companion.level * gain)
        self.level = 0.0
        """The largest magnitude last added, in steps of int16."""
        self.done = 0
        """Samples that have been run."""
        self._streams = Streams(companion, timetable.rate)
        self._go(0)

    def _go(self, row: int) -> None:
        """Continue with the rows from this one on."""
        self._next = row
        self._due, self._rows = np.empty(0, np.int64), np.empty(0, PART_WRITE)

    def _rows_until(self, end: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Take the rows that are due before a sample; return their samples, and them."""
        taken = []
        while True:
            # The timetable hands out pieces of 2048 rows, and a burst at one moment can be longer than that.
            count = int(np.searchsorted(self._due, end))
            taken.append((self._due[:count], self._rows[:count]))
            self._due, self._rows = self._due[count:], self._rows[count:]
            if len(self._due) or (more := self.timetable.rows(self._next)) is None:
                return np.concatenate([due for due, _ in taken]), np.concatenate([rows for _, rows in taken])
            self._due, self._rows = more
            self._next += len(self._due)

    def add_to(self, sides: npt.NDArray[np.float32], first: int) -> None:
        """Add the next samples at their level, to (2, n) from a place on."""
        self.level = 0.0
        for at in range(first, sides.shape[1], PIECE):
            end = self.done + min(PIECE, sides.shape[1] - at)
            writes = self._streams.merged(*self._rows_until(end), end)
            # A core counts samples from the start of the call.
            writes["sample"] -= self.done
            samples = self.chip.run(writes, end - self.done)
            self.level, self.done = max(self.level, add(samples, self._level, sides, at)), end

    def save(self) -> SavedCompanion:
        """Return a snapshot."""
        # Rows already fetched but not yet played are fetched again: the timetable gives the same ones for a number.
        return SavedCompanion(self.chip.save(), self.done, self._next - len(self._due), self._streams.copy())

    def restore(self, saved: SavedCompanion) -> None:
        """Go back to a snapshot."""
        self.chip.load(saved.chip)
        self.done, self._streams = saved.done, saved.streams.copy()
        self._go(saved.row)

    def approach(self, sample: int) -> None:
        """Go to about a sample at once: a new chip takes all that comes before it.

        Passes of the loop between the first and the one under way are left out.
        """
        self.done = sample
        self.chip.reset()
        self._streams = Streams(self.timetable.companion, self.timetable.rate)
        due, rows, row = self.timetable.before(sample)
        # Streams only move on: the bytes that they send in an hour would be made for nothing.
        writes = self._streams.merged(due, rows, sample, silent=True)
        # All at once, so registers are right, and the samples that played are not: what began earlier than RUN_UP
        # ago has mostly ended by the place that is asked for.
        writes["sample"] = 0
        self.chip.run(writes, 1)
        self._go(row)


class Group:
    """Parts that have the same rate of their own: added there, and brought into the song's step at once.

    Parameters
    ----------
    parts : list of CompanionRenderer
    rate : Fraction
        Frames of the song per second.
    """

    def __init__(self, parts: list[CompanionRenderer], rate: Fraction) -> None:
        self.parts, self._rate = parts, rate
        self.in_step = Interpolator(parts[0].timetable.rate / rate)

    def add_to(self, out: npt.NDArray[np.float32]) -> None:
        """Add the next frames of the song, (n, 2)."""
        self.in_step.add(out, self._add)

    def _add(self, sides: npt.NDArray[np.float32], first: int) -> None:
        for part in self.parts:
            part.add_to(sides, first)

    def save(self) -> SavedGroup:
        """Return a snapshot."""
        return SavedGroup(tuple(part.save() for part in self.parts), self.in_step.past.copy())

    def restore(self, saved: SavedGroup, frame: int) -> None:
        """Go back to a snapshot, taken at this frame of the song."""
        for part, as_it_was in zip(self.parts, saved.parts, strict=True):
            part.restore(as_it_was)
        # Without the filter's past the first frames after going back would differ from those played at first.
        self.in_step.position, self.in_step.past = frame, saved.past.copy()

    def approach(self, frame: int) -> None:
        """Go to about a frame of the song, after a run-up."""
        first = max(0, frame - round(RUN_UP * self._rate))
        # The parts run ahead of the song by half the filter: they start where the filter needs them from.
        self.in_step.go(first)
        for part in self.parts:
            part.approach(self.in_step.ran)
        for at in range(first, frame, PIECE):
            self.add_to(np.zeros((min(PIECE, frame - at), 2), np.float32))


def groups_of(parts: list[CompanionRenderer], rate: Fraction, apart: bool) -> list[Group]:
    """Return parts by their rates, or each by itself."""
    if apart:
        return [Group([part], rate) for part in parts]
    # Interpolating is linear: parts of the same rate are added first and filtered once, with the same sum.
    rates = dict.fromkeys(part.timetable.rate for part in parts)
    return [Group([part for part in parts if part.timetable.rate == own], rate) for own in rates]
