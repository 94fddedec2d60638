"""From a schedule to blocks of samples at the chip's rate."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..chip import new_chip
from ..events import EVENT, Events, from_writes
from ..registers import DEPTHS, KON
from .schedule import Place, Schedule

BLOCK = 32_768
"""Frames at a time where nobody listens meanwhile."""
SILENCE = 0.1
"""Seconds of exact zeros that end the tail early."""
Samples = npt.NDArray[np.int16]
CHANNELS = 8


class Part:
    """One of a song's chips and its events, taken as they come due."""

    def __init__(self, name: str, number: int, schedule: Schedule, tapped: bool) -> None:
        self.chip = new_chip(name, schedule.clock)
        self.number, self.schedule = number, schedule
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
            return self.chip.run(self.due(frames), frames, self.cycles_per_frame)
        self.taps = np.empty((frames, CHANNELS), np.int16)
        return self.chip.run(self.due(frames), frames, self.cycles_per_frame, channels=self.taps)

    def save(self) -> tuple[bytes, Place]:
        """Return a snapshot of the chip, and where its events come from."""
        return self.chip.save(), self.place

    def restore(self, saved: bytes, place: Place) -> None:
        """Go back to a snapshot."""
        self.chip.load(saved)
        self.started = 0
        self._go(place)
        self._until(self.chip.cycle)

    def approach(self, frame: int) -> None:
        """Have a new chip take the registers that are held at about this frame, and go on from there."""
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
        sides = np.empty((frames, CHANNELS, 2), np.int16)
        self.chip.run(self.due(frames), frames, self.cycles_per_frame, channels=sides)
        return sides


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
    parts: tuple[tuple[bytes, Place], ...]


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
            part.restore(*saved)
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
            block = kept = make(min(frames, end - self.position))
            if self.position + len(block) > self.schedule.end:
                kept = self._fade(block) if self.schedule.fade else self._until_silence(block)
            self.position += len(block)
            yield kept
            if len(kept) < len(block):
                return

    def _mix(self, frames: int) -> Samples:
        """Add the chips, clipped."""
        parts = [part.run(frames) for part in self.parts]
        if len(parts) == 1:
            return parts[0]
        mixed: Samples = np.clip(parts[0].astype(np.int32) + parts[1], -32768, 32767).astype(np.int16)
        return mixed

    def _channels(self, frames: int) -> Samples:
        return np.concatenate([part.run_channels(frames) for part in self.parts], axis=1)

    def _fade(self, block: Samples) -> Samples:
        """Fade out by (1 - x) squared, x the share of the fade that has passed."""
        frame = self.position + np.arange(len(block)) - self.schedule.end
        gain = (1 - np.clip(frame / self.schedule.fade, 0, 1)) ** 2
        return np.rint(block * gain.reshape(-1, *[1] * (block.ndim - 1))).astype(np.int16)

    def _until_silence(self, block: Samples) -> Samples:
        """Cut the tail once it has been silent long enough."""
        enough = round(SILENCE * self.schedule.rate)
        loud = self.position + np.flatnonzero(block.reshape(len(block), -1, 2).sum(axis=1).any(axis=1))
        marks = np.concatenate([[self._loud], loud[loud > self._loud], [self.position + len(block)]])
        silent = np.diff(marks) > enough
        silent[-1] = True  # so far
        self._loud = int(marks[silent.argmax()])
        return block[: max(0, self._loud + enough - self.position)]
