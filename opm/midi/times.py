"""When the rows of a MIDI file are: its tempo map, or its frames, applied without rounding."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .limits import LONGEST, LONGEST_PAUSE
from .track import Remarks, Rows, Said

FRAMES = 0x8000
"""A division from here on counts frames: 256 less them in the upper byte, the ticks of each in the lower."""
FRAME_RATES = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30_000, 1001), 30: Fraction(30)}
"""Frames a second; 29 stands for television's 30/1.001, which drops some numbers."""
_DEFAULT_TEMPO = 500_000
"""Microseconds a beat, until a file says another."""
_MICROSECONDS = 1_000_000


Change = tuple[int, int, int]
"""A tick from which a tempo holds, the units passed by then, and the units of a tick."""


class Point(NamedTuple):
    """Where a loop may begin or end."""

    seconds: float
    said: Said


class Times:
    """The rows of all tracks in order, with their seconds."""

    def __init__(self, division: int, tracks: Sequence[Rows], one_by_one: bool, remarks: Remarks) -> None:
        self.remarks = remarks
        # A tick is so many units, of which so many make a second: integers, so that nothing is rounded on the way.
        if division >= FRAMES:
            frames = 256 - (division >> 8)
            per_second = FRAME_RATES.get(frames, Fraction(frames)) * (division & 0xFF)
            self.fixed, self.per_second = per_second.denominator, per_second.numerator
        else:
            self.fixed, self.per_second = 0, _MICROSECONDS * division
        self.start = 0
        """Units before the tracks at hand."""
        self.loops: list[Point] = []
        self.controls: list[Point] = []
        parts = [self._add(group) for group in ([[track] for track in tracks] if one_by_one else [tracks])]
        self.seconds, self.messages, self.places = (np.concatenate(column) for column in zip(*parts, strict=True))
        self.length = self.start / self.per_second

    def _add(self, tracks: Sequence[Rows]) -> tuple[npt.NDArray[Any], ...]:
        """Return seconds, messages and places of tracks played together, in order; what follows begins behind them."""
        changes = self._changes(tracks)
        ticks, messages, places = (
            np.concatenate([np.frombuffer(getattr(track, column), np.int64) for track in tracks])
            for column in ("ticks", "messages", "places")
        )
        # Stable: of the same tick by track, as they stand in it.
        order = np.argsort(ticks, kind="stable")
        last = max(tracks, key=lambda track: track.end)
        kept, end = self._kept(changes, ticks[order], places[order], last)
        order = order[:kept]
        ticks = ticks[order]
        begin, units, tempo = (
            np.array(column, np.int64) for column in zip(*(row for row in changes if row[0] <= end), strict=True)
        )
        change = np.searchsorted(begin, ticks, "right") - 1
        seconds = (units[change] + (ticks - begin[change]) * tempo[change]) / self.per_second
        for found, numbers in ((self.loops, "loops"), (self.controls, "controls")):
            for said in (said for track in tracks for said in getattr(track, numbers) if said.tick <= end):
                found.append(Point(_units(changes, said.tick) / self.per_second, said))
        self.start = _units(changes, end)
        return seconds, messages[order], places[order]

    def _kept(
        self, changes: Sequence[Change], ticks: npt.NDArray[np.int64], places: npt.NDArray[np.int64], last: Rows
    ) -> tuple[int, int]:
        """Return how many messages are played, and the tick of the end: both before a pause that is too long.

        Raises
        ------
        ValueError
            They last too long without one.
        """
        # In floats: a damaged time may be more than 64 bits hold.
        begin, units, tempo = (np.array(column, np.float64) for column in zip(*changes, strict=True))
        ticks, places = np.append(ticks, last.end), np.append(places, last.stop)
        change = np.searchsorted(begin, ticks, "right") - 1
        seconds = (units[change] + (ticks - begin[change]) * tempo[change]) / self.per_second
        pauses = np.diff(seconds, prepend=self.start / self.per_second)
        kept = len(ticks) - 1
        if (long := np.flatnonzero(pauses > LONGEST_PAUSE)).size:
            kept = int(long[0])
            self.remarks.add(
                int(places[kept]), f"a pause of more than {LONGEST_PAUSE} s, a damaged time: the end is before it"
            )
            seconds, ticks = seconds[:kept], ticks[:kept]
        if (late := np.flatnonzero(seconds > LONGEST)).size:
            raise ValueError(f"byte 0x{int(places[late[0]]):X}: expected a time of at most {LONGEST} seconds")
        return kept, int(ticks[-1]) if len(ticks) else 0

    def _changes(self, tracks: Sequence[Rows]) -> list[Change]:
        """Return the tempo map: ticks, the units passed by then, and the units of a tick from there on."""
        changes = [(0, self.start, self.fixed or _DEFAULT_TEMPO)]
        if self.fixed:
            return changes
        for tick, tempo, _ in sorted((said for track in tracks for said in track.tempos), key=lambda said: said.tick):
            before, units, old = changes[-1]
            changes.append((tick, units + (tick - before) * old, tempo))
        return changes


def _units(changes: Sequence[Change], tick: int) -> int:
    """Return the units passed at a tick."""
    begin, units, tempo = changes[bisect_right(changes, tick, key=itemgetter(0)) - 1]
    return units + (tick - begin) * tempo
