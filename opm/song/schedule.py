"""From a song to bus events, in exact integers: when a write is due, by one of two rules (``opm.events``).

``CHIP`` (default): a write is due at frame ``ceil(m / 64)``, m its master clock. ``CAT2151``: the chip runs two frames
per log sample of clock // 64 Hz and the second is kept; a write is due at its sample, or round(seconds * rate).

Nothing is dropped or reordered; a burst slips later.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..events import CAT2151, MASTER_CLOCKS_PER_FRAME, Events, from_writes, starts
from ..registers import KON, RL
from .log import Log

RAMPS = 8
"""The YM2164 has registers of its channels below this address."""
PIECE = 2048
"""Writes scheduled at a time: some milliseconds of work, at least 73 ms of bus traffic."""
LATE = 0.02
"""Seconds a write may be late with no word said: twice what it takes to set all registers, which songs begin with;
the ear hears two onsets as one up to about that, and most logs count in 1/60 s."""
CUT = 0.05
"""Seconds over which a tail is faded that its limit cuts."""


class Place(NamedTuple):
    """How far a chip's writes are scheduled: all that what follows depends on."""

    write: int = 0
    """Writes behind it, those of every pass of the loop counted."""
    free: int = 0
    """First frame in which the bus is free."""


@dataclass(frozen=True)
class Options:
    """What the listener chooses."""

    loops: int = 2
    fade: float = 8.0
    """Seconds, for songs that loop."""
    tail: float = 10.0
    """At most this many seconds after the end of a song that does not loop."""
    clock: int | None = None
    """Master clock in Hz instead of the file's."""
    family: bool | None = None
    """Bus rule ``CAT2151`` instead of what the file suggests."""
    speed: float = 1.0
    """Tempo, not pitch."""


class Schedule:
    """When everything happens, in output frames, and the bus events of each chip."""

    def __init__(self, song: Log, options: Options) -> None:
        if options.clock is not None:
            song = replace(song, clock=options.clock, second_clock=None)
        if options.family is not None:
            song = replace(song, family=options.family)
        self.song, self.options = song, options
        self._of_chip: dict[int, tuple[npt.NDArray[Any], int]] = {}
        self.clock, self.bus = song.clock, song.bus
        self.speed = Fraction(str(options.speed))
        frames_per_second = self.clock / MASTER_CLOCKS_PER_FRAME
        self.rate: float = int(frames_per_second) if self.bus is CAT2151 else frames_per_second
        """Output frames per second."""
        self.end = self.due(song.length + song.loop_ticks * (song.passes(options.loops) - 1))
        """Frame where the song ends, or its fade begins."""
        tail = 0 if song.loop else round(options.tail * self.rate)
        self.fade = round(options.fade * self.rate) if song.loop else min(tail, round(CUT * self.rate))
        """Frames of the fade behind the loops, or where a tail is cut."""
        self.frames = self.fade_end = self.end + (self.fade if song.loop else tail)
        """Frames to render at most; where the fade ends."""

    @property
    def length(self) -> float:
        """Seconds to the end of the fade, or of a song that does not loop: its tail ends nobody knows when."""
        return (self.frames if self.song.loop else self.end) / self.rate

    def of(self, chip: int) -> "Schedule":
        """Return the schedule in the frames of a chip that has its own clock; for others that is this one."""
        if not (chip and self.song.second_clock):
            return self
        return Schedule(replace(self.song, clock=self.song.second_clock, second_clock=None), self.options)

    @property
    def remarks(self) -> list[str]:
        """What was decided and met while reading, and whether writes are late."""
        most, at, _ = self._latest
        if most < LATE:
            return [*self.song.notes]
        when = f"{at // 60:.0f}:{at % 60:05.2f}"
        return [*self.song.notes, f"writes come faster than the chip takes them: up to {most:.3f} s late, at {when}"]

    @property
    def written(self) -> int:
        """Frame of the last write of a song that does not loop: where writes are dense, later than its end."""
        return round(self._latest[2] * self.rate)

    @cached_property
    def _latest(self) -> tuple[float, float, float]:
        """Seconds a write is late at most, the loop's played once more; when that is, and when the last one is."""
        most, at, end = 0.0, 0.0, 0.0
        for chip in range(len(self.song.chips)):
            own = self.of(chip)
            rows, again = own._writes(chip)
            place, writes = Place(), len(rows) + again
            while place.write < writes:
                _, due, start, place = own._starts(rows, again, place, min(2**16, writes - place.write))
                worst = int((start - due).argmax())
                most, at = max((most, at), ((start - due)[worst] / own.rate, due[worst] / own.rate))
            end = max(end, (place.free - own.bus.spacing) / own.rate)
        return most, at, end

    def due(self, tick: int) -> int:
        """Return the first frame a write of this tick may start in."""
        return int(self.due_frames(np.array([tick]))[0])

    def due_frames(self, ticks: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the first frame each write may start in, in exact integers, of Python where 64 bits are too few."""
        seconds = self.bus is CAT2151 and self.song.rate is not None
        frames = 1 / self.speed
        if self.song.rate is not None:
            frames *= int(self.rate) if seconds else Fraction(self.clock, MASTER_CLOCKS_PER_FRAME)
            frames /= self.song.rate
        last = (int(ticks.max(initial=0)) + 1) * 2 * frames.numerator
        moments = (ticks if last < 2**63 else ticks.astype(object)) * frames.numerator
        due: npt.NDArray[Any] = moments // frames.denominator
        rest = moments % frames.denominator
        if seconds:
            due += (2 * rest > frames.denominator) | ((2 * rest == frames.denominator) & (due % 2 == 1))
        else:
            due += rest > 0
        return due

    def events(self, chip: int) -> Iterator[Events]:
        """Yield one chip's bus events, a pass of the song at a time; endless if it loops."""
        rows, again = self._writes(chip)
        place, count = Place(), len(rows)
        while count:
            events, place = self._piece(rows, again, place, count)
            yield events
            count = again

    def pieces(self, chip: int, place: Place) -> Iterator[tuple[Place, Events]]:
        """Yield the same from a place on in pieces of bounded size, whatever the length of a pass: place, events."""
        rows, again = self._writes(chip)
        while count := PIECE if again else min(PIECE, len(rows) - place.write):
            events, behind = self._piece(rows, again, place, count)
            yield place, events
            place = behind

    def held(self, chip: int, frame: int) -> tuple[npt.NDArray[Any], Place]:
        """Return what was written before about a frame, but for passes of the loop that another has replaced; place."""
        rows, again, count, passes = self._passed(chip, frame)
        writes = np.concatenate([rows, rows[len(rows) - again : count]]) if passes else rows[:count]
        return writes, Place(count + passes * again, frame)

    def lately(self, chip: int, channel: int, frame: int, most: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return a channel's last writes, at most so many, before about a frame, and the frames they were due in.

        Only the last PIECE writes of the chip are looked at. Channels count from 0.
        """
        rows, again, count, passes = self._passed(chip, frame)
        end = count + passes * again
        writes, ticks = self._numbered(rows, again, np.arange(max(0, end - PIECE), end))
        address = writes["address"]
        own = (address >= RL) | ((address < RAMPS) & (self.song.chips[chip] == "ym2164"))
        of = np.where(address == KON, writes["data"], address) & 7
        mine = np.flatnonzero((own | (address == KON)) & (of == channel))
        mine = mine[max(0, len(mine) - most) :]
        return writes[mine], self.due_frames(ticks[mine])

    def _passed(self, chip: int, frame: int) -> tuple[npt.NDArray[Any], int, int, int]:
        """Return a chip's writes, how many the loop has, and how many and how many passes are due before a frame."""
        rows, again = self._writes(chip)
        tick = int(frame / self.rate * self.speed * (self.song.rate or Fraction(self.rate)))
        passes = max(0, tick - self.song.loop.tick) // self.song.loop_ticks if self.song.loop else 0
        # By bisect, since NumPy would copy all times into a row.
        return rows, again, bisect_left(rows["time"], tick - passes * self.song.loop_ticks), passes

    def _writes(self, chip: int) -> tuple[npt.NDArray[Any], int]:
        """Return a chip's writes, and how many of them, from the end, the loop plays again."""
        if chip not in self._of_chip:
            mine = self.song.writes["chip"] == chip
            rows = self.song.writes if mine.all() else self.song.writes[mine]
            self._of_chip[chip] = rows, int(mine[self.song.loop.write :].sum()) if self.song.loop else 0
        return self._of_chip[chip]

    def _numbered(
        self, rows: npt.NDArray[Any], again: int, number: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return writes by their numbers, those of every pass of the loop counted, and their ticks."""
        passes = np.maximum(0, -((len(rows) - 1 - number) // again)) if again else np.zeros_like(number)
        part = rows[number - passes * again]
        if (int(passes.max(initial=0)) + 1) * self.song.loop_ticks + self.song.length >= 2**63:
            passes = passes.astype(object)
        return part, part["time"] + passes * self.song.loop_ticks

    def _piece(self, rows: npt.NDArray[Any], again: int, place: Place, count: int) -> tuple[Events, Place]:
        """Return the events of the next writes, and the place behind them."""
        part, _, start, behind = self._starts(rows, again, place, count)
        return from_writes(start, part["address"], part["data"], self.bus), behind

    def _starts(
        self, rows: npt.NDArray[Any], again: int, place: Place, count: int
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], Place]:
        """Return the next writes, the frames they are due in and start in, and the place behind them."""
        part, ticks = self._numbered(rows, again, np.arange(place.write, place.write + count))
        due = self.due_frames(ticks)
        start = starts(due, place.free, self.bus)
        return part, due, start, Place(place.write + count, int(start[-1]) + self.bus.spacing)
