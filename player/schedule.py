"""From a song to bus events, by one documented timing rule (two buses: the chip's own and the family's).

``chip`` (default): a write is due at frame ``ceil(m / 64)``, m its master clock; it starts there or later, at
least 2 frames after the write before it; address before cycle 0 of its frame, data before cycle 2.

``family`` (cat2151): the chip runs two frames a log sample of clock // 64 Hz and the second is kept. A write
is due at its sample, or round(seconds * rate); address in log sample s, data in s + 2, the next in s + 4.

Exact integers throughout. Nothing is dropped or reordered; a burst slips later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

import opm

from .song import Song

FRAME = 64
"""Master clocks a frame."""
Events = npt.NDArray[np.void]


@dataclass(frozen=True)
class Bus:
    """A timing rule, in output frames."""

    cycles_per_frame: int
    spacing: int
    """Frames from one write to the next."""
    cycles_to_data: int
    """Cycles from the address to the data."""


CHIP = Bus(cycles_per_frame=32, spacing=2, cycles_to_data=2)
FAMILY = Bus(cycles_per_frame=64, spacing=4, cycles_to_data=128)


@dataclass(frozen=True)
class Options:
    """What the listener chooses."""

    loops: int = 2
    fade: float = 8.0
    """Seconds, for songs that loop."""
    tail: float = 1.0
    """At most this many seconds after the end of a song that does not loop."""
    clock: int | None = None
    """Master clock in Hz instead of the file's."""
    family: bool | None = None
    """Bus rule ``family`` instead of what the file suggests."""
    speed: float = 1.0
    """Tempo, not pitch."""


class Schedule:
    """When everything happens, in output frames, and the bus events of each chip."""

    def __init__(self, song: Song, options: Options) -> None:
        self.song = song
        self.clock = options.clock or song.clock
        self.speed = Fraction(str(options.speed))
        self.bus = FAMILY if (song.family if options.family is None else options.family) else CHIP
        self.rate: float = self.clock // FRAME if self.bus is FAMILY else self.clock / FRAME
        """Output frames a second."""
        loop_ticks = song.length - song.loop.tick if song.loop else 0
        self.loop_ticks = loop_ticks
        last = song.length + loop_ticks * (song.passes(options.loops) - 1)
        self.end = self.due(last)
        """Frame where the song ends, or its fade begins."""
        self.fade = round(options.fade * self.rate) if song.loop else 0
        self.tail = 0 if song.loop else round(options.tail * self.rate)
        self.frames = self.end + self.fade + self.tail
        """Frames to render at most."""

    def due(self, tick: int) -> int:
        """Return the first frame a write of this tick may start in."""
        if self.bus is FAMILY and self.song.rate is not None:
            return round(Fraction(tick * int(self.rate)) / (self.song.rate * self.speed))
        return self.song.frame(tick, self.clock, self.speed)

    def events(self, chip: int) -> Iterator[Events]:
        """Yield one chip's bus events, a pass of the song at a time; endless if it loops."""
        loop = self.song.loop
        part = self.song.writes[self.song.writes["chip"] == chip]
        again = self.song.writes[loop.write :] if loop else part[:0]
        again = again[again["chip"] == chip]
        offset, free = 0, 0
        while len(part):
            starts = self._starts(part["time"].tolist(), offset, free)
            free = int(starts[-1]) + self.bus.spacing
            yield self._bus_events(part, starts)
            part, offset = again, offset + self.loop_ticks

    def _starts(self, ticks: list[int], offset: int, free: int) -> npt.NDArray[np.int64]:
        """Return the frame each write starts in: due, and ``spacing`` after the one before."""
        due = np.array([self.due(tick + offset) for tick in ticks], np.int64)
        slack = self.bus.spacing * np.arange(len(due))
        return np.maximum(np.maximum.accumulate(due - slack), free) + slack

    def _bus_events(self, part: Events, starts: npt.NDArray[np.int64]) -> Events:
        events = np.empty((len(part), 2), opm.EVENT)
        events["kind"] = (0, 1)
        events["cycle"][:, 0] = starts * self.bus.cycles_per_frame
        events["cycle"][:, 1] = events["cycle"][:, 0] + self.bus.cycles_to_data
        events["data"][:, 0] = part["address"]
        events["data"][:, 1] = part["data"]
        return events.reshape(-1)
