"""Another chip of a song's board as the song plays it: its writes as they come due, its samples in the song's step."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..board import Chip
from ..board.mix import Interpolator
from .data import PART_WRITE
from .playing import PartTimetable
from .streams import Streams

RUN_UP = 10.0
"""Seconds run before a place that is approached: longer than most samples."""


@dataclass(frozen=True)
class SavedCompanion:
    """A part in mid-song."""

    chip: bytes
    done: int
    row: int
    streams: Streams
    past: npt.NDArray[np.float32]


class CompanionRenderer:
    """One part of a song beside the YM2151.

    Parameters
    ----------
    timetable : PartTimetable
    rate : Fraction
        Frames of the song per second.
    """

    def __init__(self, timetable: PartTimetable, rate: Fraction) -> None:
        companion = timetable.companion
        self.timetable, self.name = timetable, timetable.name
        self.chip = Chip(companion.name, companion.clock, companion.memory, **companion.options)
        self.in_step = Interpolator(timetable.rate / rate, 2)
        self._level, self._rate = np.float32(companion.level), rate
        self.done = 0
        """Samples of its own that have been run."""
        self._streams = Streams(companion, timetable.rate)
        self._go(0)

    def _go(self, row: int) -> None:
        """Have the rows from this one on come next."""
        self._next = row
        self._due, self._rows = np.empty(0, np.int64), np.empty(0, PART_WRITE)

    def _rows_until(self, end: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Take the rows that are due before a sample; return their samples, and them."""
        taken = []
        while True:
            count = int(np.searchsorted(self._due, end))
            taken.append((self._due[:count], self._rows[:count]))
            self._due, self._rows = self._due[count:], self._rows[count:]
            if len(self._due) or (more := self.timetable.rows(self._next)) is None:
                return np.concatenate([due for due, _ in taken]), np.concatenate([rows for _, rows in taken])
            self._due, self._rows = more
            self._next += len(self._due)

    def run(self, frames: int) -> npt.NDArray[np.float32]:
        """Return the next frames of the song, (frames, 2), at their level."""
        return self.in_step.convert(frames, self._own) * self._level

    def _own(self, samples: int) -> npt.NDArray[np.int32]:
        """Return the next samples of its own."""
        end = self.done + samples
        writes = self._streams.merged(*self._rows_until(end), end)
        writes["sample"] -= self.done
        self.done = end
        return self.chip.run(writes, samples)

    def save(self) -> SavedCompanion:
        """Return a snapshot."""
        row = self._next - len(self._due)
        return SavedCompanion(self.chip.save(), self.done, row, self._streams.copy(), self.in_step.past.copy())

    def restore(self, saved: SavedCompanion, frame: int) -> None:
        """Go back to a snapshot, taken at this frame of the song."""
        self.chip.load(saved.chip)
        self.done, self._streams = saved.done, saved.streams.copy()
        self.in_step.position, self.in_step.past = frame, saved.past.copy()
        self._go(saved.row)

    def approach(self, frame: int) -> None:
        """Go to about a frame of the song: a new chip takes all that comes before the run-up at once.

        Passes of the loop between the first and the one under way are left out.
        """
        first = max(0, frame - round(RUN_UP * self._rate))
        self.in_step.go(first)
        self.done = self.in_step.ran
        self.chip.reset()
        self._streams = Streams(self.timetable.companion, self.timetable.rate)
        due, rows, row = self.timetable.before(self.done)
        writes = self._streams.merged(due, rows, self.done, silent=True)
        writes["sample"] = 0
        self.chip.run(writes, 1)
        self._go(row)
        self.run(frame - first)
