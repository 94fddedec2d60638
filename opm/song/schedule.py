"""From a song to bus events, in exact integers: when a write is due, by one of two rules (``opm.events``).

``CHIP`` (default): a write is due at frame ``ceil(m / 64)``, m its master clock. ``CAT2151``: the chip runs two frames
per log sample of clock // 64 Hz and the second is kept; a write is due at its sample, or round(seconds * rate).

Nothing is dropped or reordered; a burst slips later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ..events import CAT2151, CHIP, MASTER_CLOCKS_PER_FRAME, Events, from_writes, starts
from .song import Song


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

    def __init__(self, song: Song, options: Options) -> None:
        self.song = song
        self.clock = options.clock or song.clock
        self.speed = Fraction(str(options.speed))
        self.bus = CAT2151 if (song.family if options.family is None else options.family) else CHIP
        frames_per_second = self.clock / MASTER_CLOCKS_PER_FRAME
        self.rate: float = int(frames_per_second) if self.bus is CAT2151 else frames_per_second
        """Output frames per second."""
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
        if self.bus is CAT2151 and self.song.rate is not None:
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
            due = [self.due(tick + offset) for tick in part["time"].tolist()]
            start = starts(due, free, self.bus)
            free = int(start[-1]) + self.bus.spacing
            yield from_writes(start, part["address"], part["data"], self.bus)
            part, offset = again, offset + self.loop_ticks
