"""From a schedule to blocks of samples at the chip's rate."""

from collections.abc import Callable, Iterator
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
CHANNELS = 8
PAN_REGISTERS = range(0x20, 0x28)


class _Voice:
    """One chip and its events, taken as they come due."""

    def __init__(self, name: str, number: int, schedule: Schedule) -> None:
        self.chip = CHIPS[name](schedule.clock)
        self.cycles_per_frame = schedule.bus.cycles_per_frame
        self.passes = schedule.events(number)
        self.events: Events = np.empty(0, opm.EVENT)

    def due(self, frames: int) -> Events:
        """Return the events of the next frames."""
        end = self.chip.cycle + frames * self.cycles_per_frame
        while not len(self.events) or self.events["cycle"][-1] < end:
            more = next(self.passes, None)
            if more is None:
                break
            self.events = np.concatenate([self.events, more])
        count = int(np.searchsorted(self.events["cycle"], end))
        now, self.events = self.events[:count], self.events[count:]
        return now

    def run(self, frames: int) -> Samples:
        """Return the chip's samples, (frames, 2)."""
        return self.chip.run(self.due(frames), frames, self.cycles_per_frame)

    def run_channels(self, frames: int) -> Samples:
        """Return each channel's sum on the sides it is heard on, (frames, 8, 2)."""
        events = self.due(frames)
        start = self.chip.cycle
        cuts = {0, frames}
        for i in np.flatnonzero((events["kind"] == 0) & np.isin(events["data"], PAN_REGISTERS)).tolist():
            cuts.add(min(frames, (int(events["cycle"][i]) - start) // self.cycles_per_frame + 1))
        parts = []
        for first, end in pairwise(sorted(cuts)):
            now = events[(events["cycle"] >= self.chip.cycle) & (events["cycle"] < start + end * self.cycles_per_frame)]
            sums = self.chip.run_channels(now, (end - first) * self.cycles_per_frame // 32)
            sums = sums[self.cycles_per_frame // 32 - 1 :: self.cycles_per_frame // 32]
            sides = np.stack([self.chip.state.ch_rl & 1, self.chip.state.ch_rl >> 1], axis=1)
            parts.append(sums[:, :, None] * sides.astype(np.int16))
        return np.concatenate(parts)


class Renderer:
    """Renders a schedule once, in blocks."""

    def __init__(self, schedule: Schedule, mute: int = 0) -> None:
        self.schedule = schedule
        self.position = 0
        """Frames rendered."""
        self._voices = [_Voice(name, i, schedule) for i, name in enumerate(schedule.song.chips)]
        self._loud = schedule.end
        for voice in self._voices:
            voice.chip.mute = mute

    def skip(self, seconds: float) -> None:
        """Go on without making samples, to hear the song from there."""
        frames = min(round(seconds * self.schedule.rate), self.schedule.frames)
        while self.position < frames:
            count = min(64 * BLOCK, frames - self.position)
            self._mix(count)
            self.position += count

    def blocks(self, frames: int = BLOCK) -> Iterator[Samples]:
        """Yield (n, 2) int16 blocks, n up to ``frames``, to the end of fade or tail."""
        return self._blocks(self._mix, frames)

    def channel_blocks(self, frames: int = BLOCK) -> Iterator[Samples]:
        """Yield (n, 8 * chips, 2) int16 blocks: every channel by itself after panning, faded like the mix."""
        return self._blocks(self._channels, frames)

    def _blocks(self, make: Callable[[int], Samples], frames: int) -> Iterator[Samples]:
        while self.position < self.schedule.frames:
            block = make(min(frames, self.schedule.frames - self.position))
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

    def _channels(self, frames: int) -> Samples:
        return np.concatenate([voice.run_channels(frames) for voice in self._voices], axis=1)

    def _fade(self, block: Samples) -> Samples:
        """Fade out by (1 - x) squared, x the share of the fade that has passed."""
        if self.position + len(block) <= self.schedule.end:
            return block
        frame = self.position + np.arange(len(block)) - self.schedule.end
        gain = (1 - np.clip(frame / self.schedule.fade, 0, 1)) ** 2
        return np.rint(block * gain.reshape(-1, *[1] * (block.ndim - 1))).astype(np.int16)

    def _until_silence(self, block: Samples) -> Samples:
        """Cut the tail once it has been silent long enough."""
        enough = round(SILENCE * self.schedule.rate)
        loud = self.position + np.flatnonzero(block.reshape(len(block), -1).any(axis=1))
        marks = [self._loud, *loud[loud > self._loud].tolist(), self.position + len(block)]
        self._loud = marks[-2]
        for before, after in pairwise(marks):
            if after - before > enough:
                return block[: before + enough - self.position]
        return block
