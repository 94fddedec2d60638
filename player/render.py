"""From a schedule to blocks of samples at the chip's rate."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

import opm

from .schedule import Events, Schedule

BLOCK = 1024
SILENCE = 0.1
"""Seconds of exact zeros that end the tail early."""
Samples = npt.NDArray[np.int16]
CHIPS = {"ym2151": opm.YM2151, "ym2164": opm.YM2164}


class _Voice:
    """One chip and its events, taken as they come due."""

    def __init__(self, name: str, number: int, schedule: Schedule) -> None:
        self.chip = CHIPS[name](schedule.clock)
        self.cycles_per_frame = schedule.bus.cycles_per_frame
        self.passes = schedule.events(number)
        self.events: Events = np.empty(0, opm.EVENT)

    def run(self, frames: int) -> Samples:
        end = self.chip.cycle + frames * self.cycles_per_frame
        while not len(self.events) or self.events["cycle"][-1] < end:
            more = next(self.passes, None)
            if more is None:
                break
            self.events = np.concatenate([self.events, more])
        due = int(np.searchsorted(self.events["cycle"], end))
        now, self.events = self.events[:due], self.events[due:]
        return self.chip.run(now, frames, self.cycles_per_frame)


class Renderer:
    """Renders a schedule once, in blocks."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.position = 0
        """Frames rendered."""
        self._voices = [_Voice(name, i, schedule) for i, name in enumerate(schedule.song.chips)]
        self._loud = schedule.end

    def blocks(self, frames: int = BLOCK) -> Iterator[Samples]:
        """Yield (n, 2) int16 blocks, n up to ``frames``, to the end of fade or tail."""
        while self.position < self.schedule.frames:
            block = self._mix(min(frames, self.schedule.frames - self.position))
            kept = self._fade(block) if self.schedule.fade else self._until_silence(block)
            self.position += len(block)
            yield kept
            if len(kept) < len(block):
                return

    def _mix(self, frames: int) -> Samples:
        """Add the chips, clipped."""
        parts = [voice.run(frames) for voice in self._voices]
        if len(parts) == 1:
            return parts[0]
        mixed: Samples = np.clip(parts[0].astype(np.int32) + parts[1], -32768, 32767).astype(np.int16)
        return mixed

    def _fade(self, block: Samples) -> Samples:
        """Fade out by (1 - x) squared, x the share of the fade that has passed."""
        if self.position + len(block) <= self.schedule.end:
            return block
        frame = self.position + np.arange(len(block)) - self.schedule.end
        gain = (1 - np.clip(frame / self.schedule.fade, 0, 1)) ** 2
        return np.rint(block * gain[:, None]).astype(np.int16)

    def _until_silence(self, block: Samples) -> Samples:
        """Cut the tail once it has been silent long enough."""
        enough = round(SILENCE * self.schedule.rate)
        loud = self.position + np.flatnonzero(block.any(axis=1))
        marks = [self._loud, *loud[loud > self._loud].tolist(), self.position + len(block)]
        self._loud = marks[-2]
        for before, after in pairwise(marks):
            if after - before > enough:
                return block[: before + enough - self.position]
        return block
