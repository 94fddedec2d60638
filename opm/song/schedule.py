"""From a song to bus events, in exact integers: when a write is due, by one of two rules (``opm.events``).

``CHIP`` (default): a write is due at frame ``ceil(m / 64)``, m its master clock. ``CAT2151``: the chip runs two frames
per log sample of clock // 64 Hz and the second is kept; a write is due at its sample, or round(seconds * rate).

Nothing is dropped or reordered; a burst slips later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..events import CAT2151, CHIP, MASTER_CLOCKS_PER_FRAME, Events, from_writes, starts
from .log import Log


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
    """Bus rule ``CAT2151`` instead of what the file suggests."""
    speed: float = 1.0
    """Tempo, not pitch."""


class Schedule:
    """When everything happens, in output frames, and the bus events of each chip."""

    def __init__(self, song: Log, options: Options) -> None:
        self.song = song
        self.clock = options.clock or song.clock
        self.speed = Fraction(str(options.speed))
        self.bus = CAT2151 if (song.family if options.family is None else options.family) else CHIP
        frames_per_second = self.clock / MASTER_CLOCKS_PER_FRAME
        self.rate: float = int(frames_per_second) if self.bus is CAT2151 else frames_per_second
        """Output frames per second."""
        self.end = self.due(song.length + song.loop_ticks * (song.passes(options.loops) - 1))
        """Frame where the song ends, or its fade begins."""
        self.fade = round(options.fade * self.rate) if song.loop else 0
        self.tail = 0 if song.loop else round(options.tail * self.rate)
        self.frames = self.end + self.fade + self.tail
        """Frames to render at most."""

    def due(self, tick: int) -> int:
        """Return the first frame a write of this tick may start in."""
        return int(self.due_frames(np.array([tick]), 0)[0])

    def due_frames(self, ticks: npt.NDArray[np.int64], offset: int) -> npt.NDArray[Any]:
        """Return the first frame each write may start in, in exact integers, of Python where 64 bits are too few."""
        seconds = self.bus is CAT2151 and self.song.rate is not None
        frames = 1 / self.speed
        if self.song.rate is not None:
            frames *= int(self.rate) if seconds else Fraction(self.clock, MASTER_CLOCKS_PER_FRAME)
            frames /= self.song.rate
        last = (int(ticks.max(initial=0)) + offset + 1) * 2 * frames.numerator
        moments = (ticks + offset if last < 2**63 else ticks.astype(object) + offset) * frames.numerator
        if not seconds:
            return np.negative(-moments // frames.denominator)
        whole, rest = moments // frames.denominator, 2 * (moments % frames.denominator)
        nearest: npt.NDArray[Any] = whole + (
            (rest > frames.denominator) | ((rest == frames.denominator) & (whole % 2 == 1))
        )
        return nearest

    def events(self, chip: int) -> Iterator[Events]:
        """Yield one chip's bus events, a pass of the song at a time; endless if it loops."""
        loop = self.song.loop
        part = self.song.writes[self.song.writes["chip"] == chip]
        again = self.song.writes[loop.write :] if loop else part[:0]
        again = again[again["chip"] == chip]
        offset, free = 0, 0
        while len(part):
            start = starts(self.due_frames(part["time"], offset), free, self.bus)
            free = int(start[-1]) + self.bus.spacing
            yield from_writes(start, part["address"], part["data"], self.bus)
            part, offset = again, offset + self.song.loop_ticks
