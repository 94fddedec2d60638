"""From a schedule to blocks of samples at the chip's rate."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..chip import new_chip
from ..events import EVENT, Events, from_writes
from ..registers import DEPTHS, KON
from .limits import CHANNELS
from .schedule import Place, Schedule

BLOCK = 32_768
"""Frames at a time where nobody listens meanwhile."""
SILENCE = 0.1
"""Seconds of silence that end the tail early."""
QUIET = 8
"""What counts as silence, of each chip: the noise of channel 8 leaves -8 and 0 (-72 dBFS) when its envelope is at rest,
for as long as a song leaves it on."""
Samples = npt.NDArray[np.int16]
TAPS = 32
"""Frames that a sample of a chip with its own clock is interpolated from."""


class Part:
    """One of a song's chips and its events, taken as they come due."""

    def __init__(self, name: str, number: int, schedule: Schedule, tapped: bool) -> None:
        self.chip = new_chip(name, schedule.song.chip_clock(number))
        self.number, self.schedule = number, schedule.of(number)
        self.ratio = Fraction(self.schedule.clock, schedule.clock)
        """Frames of the chip to a frame of the song: 1, unless it has its own clock."""
        self.position = 0
        """Frames of the song."""
        self.past = np.zeros((TAPS, CHANNELS * 2), np.int16)
        """The last of the chip's frames, if it has its own clock."""
        self.tapped = tapped
        self.taps: Samples = np.empty((0, CHANNELS), np.int16)
        self.cycles_per_frame = schedule.bus.cycles_per_frame
        self.started = 0
        """Cycle of the song in which the chip was new: beyond 0 after ``approach``."""
        self._go(Place())

    def _go(self, place: Place) -> None:
        """Have the events from a place on come next."""
        self._pieces = self.schedule.pieces(self.number, place)
        self._take(place, np.empty(0, EVENT))
        self._advance()

    def _advance(self) -> bool:
        """Take the next piece; say whether there was one."""
        piece = next(self._pieces, None)
        if piece:
            self._take(*piece)
        return piece is not None

    def _take(self, place: Place, events: Events) -> None:
        """Have these events next; their cycles apart, so that a search does not copy them all."""
        self.place, self.events = place, events
        self.cycles, self.done = np.ascontiguousarray(events["cycle"]), 0

    def _until(self, cycle: int) -> Events:
        """Return what comes before a cycle, of this piece."""
        first = self.done
        self.done += int(np.searchsorted(self.cycles[first:], cycle))
        return self.events[first : self.done]

    def due(self, frames: int) -> Events:
        """Return the events of the next frames."""
        end = self.started + self.chip.cycle + frames * self.cycles_per_frame
        taken = [self._until(end)]
        while self.done == len(self.events) and self._advance():
            taken.append(self._until(end))
        events = np.concatenate(taken)
        events["cycle"] -= self.started
        return events

    def run(self, frames: int) -> Samples:
        """Return the chip's samples, (frames, 2); ``taps`` holds each channel's own, (frames, 8), if wanted."""
        if not self.tapped:
            return self._in_step(frames, self._own)
        both = self._in_step(frames, self._own_and_taps)
        self.taps = both[:, 2:]
        return both[:, :2]

    def _own(self, frames: int) -> Samples:
        return self.chip.run(self.due(frames), frames, self.cycles_per_frame)

    def _own_and_taps(self, frames: int) -> Samples:
        taps = np.empty((frames, CHANNELS), np.int16)
        samples = self.chip.run(self.due(frames), frames, self.cycles_per_frame, channels=taps)
        return np.concatenate([samples, taps], axis=1)

    def _in_step(self, frames: int, make: Callable[[int], Samples]) -> Samples:
        """Return frames of the song of the chip's own, (n, columns), that ``make`` gives: as they are, or interpolated.

        What is interpolated comes half of TAPS late, so that no frame is needed before its time.
        """
        if self.ratio == 1:
            return make(frames)
        moments = np.arange(self.position, self.position + frames) * self.ratio.numerator
        ran = self._ran
        self.position += frames
        new = make(self._ran - ran)
        rows = np.concatenate([self.past[:, : new.shape[1]], new])
        self.past[:, : new.shape[1]] = rows[-TAPS:]
        last = moments // self.ratio.denominator - ran + TAPS
        rest = moments % self.ratio.denominator / self.ratio.denominator
        band = min(1.0, float(1 / self.ratio))
        sums = np.zeros((frames, new.shape[1]))
        for tap in range(TAPS):
            away = rest + tap - TAPS / 2
            weight = band * np.sinc(band * away) * np.cos(np.pi * away / TAPS) ** 2
            sums += weight[:, None] * rows[last - tap]
        return to_int16(sums)

    @property
    def _ran(self) -> int:
        """Frames of the chip until here."""
        return math.ceil(self.position * self.ratio)

    def save(self) -> tuple[bytes, Place, Samples]:
        """Return a snapshot of the chip, where its events come from, and what it has sounded last."""
        return self.chip.save(), self.place, self.past.copy()

    def restore(self, saved: bytes, place: Place, past: Samples, frame: int) -> None:
        """Go back to a snapshot, taken at this frame of the song."""
        self.chip.load(saved)
        self.started = 0
        self.position, self.past = frame, past.copy()
        self._go(place)
        self._until(self.chip.cycle)

    def approach(self, frame: int) -> None:
        """Have a new chip take the registers that are held at about this frame of the song, and go on from there."""
        self.position = frame
        frame = self._ran
        writes, place = self.schedule.held(self.number, frame)
        held = _held(writes)
        bus = self.schedule.bus
        self.chip.reset()
        starts = bus.spacing * np.arange(len(held))
        events = from_writes(starts, held["address"], held["data"], bus)
        self.chip.run(events, bus.spacing * (len(held) + 1), self.cycles_per_frame)
        self.started = frame * self.cycles_per_frame - self.chip.cycle
        self._go(place)

    def run_channels(self, frames: int) -> Samples:
        """Return what each channel gives each side of the chip's samples, (frames, 8, 2)."""
        return self._in_step(frames, self._own_sides).reshape(-1, CHANNELS, 2)

    def _own_sides(self, frames: int) -> Samples:
        sides = np.empty((frames, CHANNELS, 2), np.int16)
        self.chip.run(self.due(frames), frames, self.cycles_per_frame, channels=sides)
        return sides.reshape(frames, -1)


def to_int16(values: npt.NDArray[Any]) -> Samples:
    """Return values rounded and clipped to int16."""
    rounded: Samples = np.clip(np.rint(values), -32_768, 32_767).astype(np.int16)
    return rounded


def _held(writes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the last write of each register, the keys' behind the others'; 08 and 19 are several registers each."""
    address, data = (writes[name].astype(np.int32) for name in ("address", "data"))
    part = np.where(address == KON, 2 + (data & 7), np.where(address == DEPTHS, data >> 7, 0))
    last = np.full(10 << 8, -1)
    last[part << 8 | address] = np.arange(len(writes))  # of those of a register, the last one stays
    held: npt.NDArray[Any] = writes[last[last >= 0]]
    return held


@dataclass(frozen=True)
class Snapshot:
    """A place in a rendering to come back to."""

    position: int
    loud: int
    parts: tuple[tuple[bytes, Place, Samples], ...]


class Renderer:
    """Renders a schedule in blocks; can go back to snapshots. ``tapped`` keeps each channel's own samples, too."""

    def __init__(self, schedule: Schedule, mute: int = 0, tapped: bool = False) -> None:
        self.schedule = schedule
        self.position = 0
        """Frames rendered."""
        self.parts = [Part(name, i, schedule, tapped) for i, name in enumerate(schedule.song.chips)]
        self._loud = schedule.end
        self.mute(mute)

    def skip(self, frame: int) -> None:
        """Go on to a frame without keeping samples."""
        for _ in self._blocks(self._mix, BLOCK, frame):
            pass

    def mute(self, mask: int) -> None:
        """Leave out channels from here on."""
        for part in self.parts:
            part.chip.mute = mask

    def snapshot(self) -> Snapshot:
        """Return the place the rendering has come to."""
        return Snapshot(self.position, self._loud, tuple(part.save() for part in self.parts))

    def restore(self, place: Snapshot) -> None:
        """Go back (or on) to a place; what is muted now stays so."""
        for part, saved in zip(self.parts, place.parts, strict=True):
            part.restore(*saved, place.position)
        self.position, self._loud = place.position, place.loud

    def approach(self, frame: int) -> None:
        """Go to about where a frame finds the song, however far it is, by the registers held there: phases differ."""
        for part in self.parts:
            part.approach(frame)
        self.position, self._loud = frame, max(frame, self.schedule.end)

    def blocks(self, frames: int = BLOCK) -> Iterator[Samples]:
        """Yield (n, 2) int16 blocks, n up to ``frames``, to the end of fade or tail."""
        return self._blocks(self._mix, frames)

    def channel_blocks(self, frames: int = BLOCK) -> Iterator[Samples]:
        """Yield (n, 8 * chips, 2) int16 blocks: every channel by itself after panning, faded like the mix."""
        return self._blocks(self._channels, frames)

    def _blocks(self, make: Callable[[int], Samples], frames: int, end: int | None = None) -> Iterator[Samples]:
        end = self.schedule.frames if end is None else min(end, self.schedule.frames)
        while self.position < end:
            sums = make(min(frames, end - self.position))
            block = self._at_volume(sums)
            tail = self.position + len(sums) > self.schedule.end and not self.schedule.song.loop
            count = self._until_silence(sums) if tail else len(sums)
            self.position += len(sums)
            yield block[:count]
            if count < len(sums):
                return

    def _mix(self, frames: int) -> npt.NDArray[Any]:
        """Add the chips."""
        parts = [part.run(frames) for part in self.parts]
        return parts[0] if len(parts) == 1 else parts[0].astype(np.int32) + parts[1]

    def _channels(self, frames: int) -> npt.NDArray[Any]:
        return np.concatenate([part.run_channels(frames) for part in self.parts], axis=1)

    def _at_volume(self, sums: npt.NDArray[Any]) -> Samples:
        """Return samples: the chips' own of one chip at full volume, else the sums at theirs, rounded and clipped once.

        A fade is (1 - x) squared, x the share of it that has passed.
        """
        gain: Any = self.schedule.song.gain
        faded = self.position + np.array([0, len(sums)]) - (self.schedule.fade_end - self.schedule.fade)
        if faded[1] > 0 and self.schedule.fade:
            passed = np.clip(np.arange(*faded) / self.schedule.fade, 0, 1)
            gain = gain * (1 - passed.reshape(-1, *[1] * (sums.ndim - 1))) ** 2
        elif gain == 1.0 and sums.dtype == np.int16:
            return sums
        return to_int16(sums * gain)

    def _until_silence(self, block: npt.NDArray[Any]) -> int:
        """Return how much of a block there is until it has been silent long enough."""
        enough = round(SILENCE * self.schedule.rate)
        self._loud = max(self._loud, self.schedule.written)
        sides = np.abs(block.reshape(len(block), -1, 2).sum(axis=1))
        loud = self.position + np.flatnonzero((sides > QUIET * len(self.parts)).any(axis=1))
        marks = np.concatenate([[self._loud], loud[loud > self._loud], [self.position + len(block)]])
        silent = np.diff(marks) > enough
        silent[-1] = True  # so far
        self._loud = int(marks[silent.argmax()])
        return min(len(block), max(0, self._loud + enough - self.position))
