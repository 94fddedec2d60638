"""A song with the options of one playing, in exact integers: when each write is due, and its bus events.

By one of two rules (``opm.events``). ``CHIP``, the default: a write is due at frame ``ceil(m / 64)``, m its master
clock. ``CAT2151``: the chip runs two frames per log sample of clock // 64 Hz and the second is kept; a write is due at
its sample, or round(seconds * rate). Nothing is dropped or reordered; a burst slips later.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..board import core
from ..events import CAT2151, MASTER_CLOCKS_PER_FRAME, Events, from_writes, starts
from ..registers import KON, RL
from .data import Companion, Writes

if TYPE_CHECKING:
    from .song import Song

RAMPS = 8
"""Below this address the YM2164 has a register for each channel (the ramps of its TL); the YM2151 has none there."""
DENSEST = 250_000
"""Writes per second of a loop to another chip, which has no bus that makes them wait: more than sampled sound needs.

A loop of one tick with many rows in it asked for thousands of millions.
"""
PIECE = 2048
"""Writes given their frames at a time: some milliseconds of work, at least 73 ms of bus traffic."""
LATE = 0.02
"""Seconds a write may be late with no word said: twice what it takes to set all registers, which songs begin with;
the ear hears two onsets as one up to about that, and most logs count in 1/60 s."""
CUT = 0.05
"""Seconds over which a tail is faded that its limit cuts."""


class Place(NamedTuple):
    """How far a chip's writes have been given their frames, and all that the next ones depend on."""

    write: int = 0
    """Writes behind it, those of every pass of the loop counted."""
    free: int = 0
    """First frame in which the bus is free."""


class Late(NamedTuple):
    """How late writes come where a song has more of them than the bus takes."""

    most: float
    """Seconds that a write is late at most, in one playing and one more pass of the loop."""
    at: float
    """Seconds: when that is."""
    last: float
    """Seconds: when the last write is."""


class Playing:
    """A song, and how it is played.

    Parameters
    ----------
    song : Song
    loops : int
        Passes of its loop.
    fade : float
        Seconds of fade behind them, for songs that loop.
    tail : float
        At most this many seconds after the end of a song that does not loop.
    clock : int, optional
        Master clock of all its chips in Hz instead of the file's.
    double_speed : bool, optional
        Instead of what the file suggests.
    speed : float
        Tempo, not pitch.
    mute : int
        8-bit mask of channels left out (bit 0 = channel 1).
    parts : collection of str, optional
        The parts to be heard, each by its own name in ``song.part_names``; all if not given.
    """

    def __init__(
        self,
        song: "Song",
        loops: int = 1,
        fade: float = 0.0,
        tail: float = 10.0,
        clock: int | None = None,
        double_speed: bool | None = None,
        speed: float = 1.0,
        mute: int = 0,
        parts: Collection[str] | None = None,
    ) -> None:
        # The song itself is changed, so that everything that asks it - frames, notes, chips - sees the same clock.
        if clock is not None:
            song = song.but(opms=tuple(opm._replace(clock=clock) for opm in song.opms))
        if double_speed is not None:
            song = song.but(double_speed=double_speed)
        self.song, self.loops, self.mute = song, loops, mute
        # By its decimal spelling: 1.1 is 11/10, where the float itself would take a denominator of 2**51.
        tempo = Fraction(str(speed))
        self.timetables = [Timetable(song, chip, tempo) for chip in range(len(song.opms))]
        """One for each YM2151, in its own frames."""
        names, opms = song.part_names, len(song.opms)
        heard = names if parts is None else parts
        self.heard_opms = [name in heard for name in names[:opms]]
        """Which of them are heard."""
        self.others = [
            PartTimetable(song, name, companion, tempo)
            for name, companion in zip(names[opms:], song.companions, strict=True)
            if name in heard
        ]
        """One for each other part that is heard."""
        # Other chips and parts are brought into step with the first chip, whose samples stay exact.
        self.rate = self.timetables[0].rate
        """Output frames per second: the first chip's."""
        self.end = self.due(song.end + song.loop_ticks * (song.passes(loops) - 1))
        """Frame where the song ends, or its fade begins."""
        # A fade is for what would go on. What ends rings out; only a tail that its limit cuts is faded.
        tail_frames = 0 if song.loop_start else round(tail * self.rate)
        self.fade_frames = round(fade * self.rate) if song.loop_start else min(tail_frames, round(CUT * self.rate))
        """Frames of the fade behind the loops, or where a tail is cut."""
        self.frames = self.end + (self.fade_frames if song.loop_start else tail_frames)
        """Frames to render at most; where the fade ends."""

    @property
    def length(self) -> float:
        """Seconds to the end of the fade, or of a song that does not loop: its tail ends nobody knows when."""
        return (self.frames if self.song.loop_start else self.end) / self.rate

    @property
    def remarks(self) -> list[str]:
        """What was decided and met while reading, and whether writes are late."""
        remarks = [*self.song.read_remarks]
        late = max(timetable.late for timetable in self.timetables)  # the last of the latest
        if late.most >= LATE:
            when = f"{late.at // 60:.0f}:{late.at % 60:05.2f}"
            remarks.append(f"writes come faster than the chip takes them: up to {late.most:.3f} s late, at {when}")
        remarks += [
            f"{part.name}: its loop has too many writes, they are played once" for part in self.others if part.dense
        ]
        return remarks

    @property
    def written(self) -> int:
        """Frame of the last write of a song that does not loop: where writes are dense, later than its end."""
        return round(max(timetable.late.last for timetable in self.timetables) * self.rate)

    def due(self, tick: int) -> int:
        """Return the first frame a write of this tick may start in."""
        return int(self.timetables[0].due_frames(np.array([tick]))[0])


class Passes:
    """The writes of a chip, those of every pass of the loop one after the other, and the samples they are due in.

    Parameters
    ----------
    song : Song
    rows : structured array with ``time``
        The chip's writes.
    again : int
        How many of them, from the end, the loop plays again.
    frames_per_tick : Fraction
        Of the chip's own frames, or samples.
    nearest : bool
        A write is due in the nearest frame instead of the first at or after its time.
    """

    def __init__(self, song: "Song", rows: Writes, again: int, frames_per_tick: Fraction, nearest: bool) -> None:
        self.song, self._rows, self._again = song, rows, again
        self._frames_per_tick, self._nearest = frames_per_tick, nearest
        self._loop = song.loop_start.tick if song.loop_start else 0

    def due_frames(self, ticks: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the first frame each write may start in, in exact integers, of Python where 64 bits are too few."""
        frames = self._frames_per_tick
        # Days in picoseconds times the numerator exceed 64 bits: then by Python's integers. Twice, for the halves.
        last = (int(ticks.max(initial=0)) + 1) * 2 * frames.numerator
        moments = (ticks if last < 2**63 else ticks.astype(object)) * frames.numerator
        due: npt.NDArray[Any] = moments // frames.denominator
        rest = moments % frames.denominator
        # An exact half goes to the even frame, as Python's round() has it.
        if self._nearest:
            due += (2 * rest > frames.denominator) | ((2 * rest == frames.denominator) & (due % 2 == 1))
        else:
            due += rest > 0
        return due

    def _passed(self, frame: int) -> tuple[int, int]:
        """Return how many writes, and how many passes of the loop, are due before a frame."""
        tick = int(int(frame) / self._frames_per_tick)
        passes = max(0, tick - self._loop) // self.song.loop_ticks if self.song.loop_start else 0
        # By bisect, since NumPy would copy all times into a row.
        return bisect_left(self._rows["time"], tick - passes * self.song.loop_ticks), passes

    def _next(self, first: int, count: int) -> tuple[Writes, npt.NDArray[Any]]:
        if first + count > len(self._rows):
            return self._numbered(np.arange(first, first + count))
        # A view, not a copy: 8 million writes are looked through in a third of the time.
        part = self._rows[first : first + count]
        return part, part["time"]

    def _numbered(self, number: npt.NDArray[Any]) -> tuple[Writes, npt.NDArray[Any]]:
        """Return writes by their numbers, those of every pass of the loop counted, and their ticks."""
        rows, again = self._rows, self._again
        # The number of a write counts on through the passes; modulo the loop it is one of the rows again.
        passes = np.maximum(0, -((len(rows) - 1 - number) // again)) if again else np.zeros_like(number)
        part = rows[number - passes * again]
        # Months of a loop in picoseconds are beyond 64 bits.
        if (int(passes.max(initial=0)) + 1) * self.song.loop_ticks + self.song.end >= 2**63:
            passes = passes.astype(object)
        return part, part["time"] + passes * self.song.loop_ticks


class PartTimetable(Passes):
    """When another chip of the board gets its writes, in samples of its own."""

    def __init__(self, song: "Song", name: str, companion: Companion, speed: Fraction) -> None:
        self.name, self.companion = name, companion
        self.rate: Fraction = core(companion.name).rate(companion.clock, companion.options)
        """Samples per second."""
        again = len(companion.rows) - companion.again if song.loop_start else 0
        self.dense = again > DENSEST * song.seconds(song.loop_ticks)
        """Its loop would never end: what stands there is played once."""
        again = 0 if self.dense else again
        # No bus: a write is taken before the first sample at or after its time, so never the nearest.
        super().__init__(song, companion.rows, again, self.rate / (song.ticks_per_second or 1) / speed, False)

    def rows(self, first: int) -> tuple[npt.NDArray[Any], Writes] | None:
        """Return the next rows, at most PIECE, and the samples they are due in; None if there are no more."""
        last = len(self._rows)
        # With a loop there is always a next row.
        count = PIECE if self._again else min(PIECE, last - first)
        if count <= 0:
            return None
        rows, ticks = self._next(first, count)
        return self.due_frames(ticks), rows

    def before(self, sample: int) -> tuple[npt.NDArray[Any], Writes, int]:
        """Return the rows that come before about a sample, when they are due, and the number of the one behind them.

        Passes of the loop between the first and the one under way are left out.
        """
        count, passes = self._passed(sample)
        rows, again = self._rows, self._again
        # All of the song once, then the pass under way: a register that only the intro or the loop's head sets is held.
        number = np.arange(len(rows) if passes else count)
        if passes:
            number = np.append(number, np.arange(len(rows) - again, count) + passes * again)
        rows, ticks = self._numbered(number)
        return self.due_frames(ticks), rows, count + passes * again if again or not passes else len(self._rows)


class Timetable(Passes):
    """When one YM2151 of a song gets its writes, in frames of its own clock."""

    def __init__(self, song: "Song", chip: int, speed: Fraction) -> None:
        self.chip, self.bus, self.opm = chip, song.bus, song.opms[chip]
        mine = song.rows["chip"] == chip
        # The common song of one chip: no copy of its writes.
        rows = song.rows if mine.all() else song.rows[mine]
        own = Fraction(self.opm.clock, MASTER_CLOCKS_PER_FRAME)
        # The family's players count clock // 64 whole samples a second (55 930), and take the one nearest to a time.
        whole = self.bus is CAT2151
        self.rate: float = int(own) if whole else self.opm.clock / MASTER_CLOCKS_PER_FRAME
        """Frames per second."""
        frames = Fraction(int(own)) if whole else own
        super().__init__(
            song,
            rows,
            int(mine[song.loop_start.write :].sum()) if song.loop_start else 0,
            frames / song.ticks_per_second / speed if song.ticks_per_second else 1 / speed,
            whole and song.ticks_per_second is not None,
        )

    @cached_property
    def late(self) -> Late:
        """How late writes are."""
        most = at = 0.0
        # One more pass of the loop: a burst at its end may be late in its beginning. In pieces, to bound memory.
        place, writes = Place(), len(self._rows) + self._again
        while place.write < writes:
            _, due, start, place = self._starts(place, min(2**16, writes - place.write))
            worst = int((start - due).argmax())
            # Of equally late ones the last: max() of pairs takes the later.
            most, at = max((most, at), ((start - due)[worst] / self.rate, due[worst] / self.rate))
        return Late(most, at, max(0.0, (place.free - self.bus.spacing) / self.rate))

    def events(self) -> Iterator[Events]:
        """Yield the chip's bus events, a pass of the song at a time; endless if it loops."""
        place, count = Place(), len(self._rows)
        while count:
            events, place = self._piece(place, count)
            yield events
            count = self._again

    def pieces(self, place: Place) -> Iterator[tuple[Place, Events]]:
        """Yield the same from a place on in pieces of bounded size, whatever the length of a pass: place, events."""
        while count := PIECE if self._again else min(PIECE, len(self._rows) - place.write):
            events, behind = self._piece(place, count)
            yield place, events
            place = behind

    def held(self, frame: int) -> tuple[Writes, Place]:
        """Return the writes that say what the registers hold at about a frame, and the place behind them.

        Passes of the loop between the first and the one under way are left out.
        """
        count, passes = self._passed(frame)
        rows, again = self._rows, self._again
        # Registers hold what was written last: the passes left out wrote nothing that the first or this one does not.
        writes = np.concatenate([rows, rows[len(rows) - again : count]]) if passes else rows[:count]
        return writes, Place(count + passes * again, frame)

    def last_writes(self, channel: int, frame: int, most: int) -> tuple[Writes, npt.NDArray[Any]]:
        """Return a channel's last writes, at most so many, before about a frame, and the frames they were due in.

        Only the last PIECE writes of the chip are looked at. Channels count from 0.
        """
        count, passes = self._passed(frame)
        end = count + passes * self._again
        writes, ticks = self._numbered(np.arange(max(0, end - PIECE), end))
        address = writes["address"]
        # The low three bits are the channel in all registers from 20 on; a key says it in its data.
        own = (address >= RL) | ((address < RAMPS) & (self.opm.name == "ym2164"))
        of = np.where(address == KON, writes["data"], address) & 7
        mine = np.flatnonzero((own | (address == KON)) & (of == channel))
        mine = mine[max(0, len(mine) - most) :]
        return writes[mine], self.due_frames(ticks[mine])

    def _piece(self, place: Place, count: int) -> tuple[Events, Place]:
        """Return the events of the next writes, and the place behind them."""
        part, _, start, behind = self._starts(place, count)
        return from_writes(start, part["address"], part["data"], self.bus), behind

    def _starts(self, place: Place, count: int) -> tuple[Writes, npt.NDArray[Any], npt.NDArray[Any], Place]:
        """Return the next writes, the frames they are due in and start in, and the place behind them."""
        part, ticks = self._next(place.write, count)
        due = self.due_frames(ticks)
        start = starts(due, place.free, self.bus)
        # All that the next piece needs of this one: so a song cut anywhere has the same events.
        return part, due, start, Place(place.write + count, int(start[-1]) + self.bus.spacing)
