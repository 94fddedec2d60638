"""From a playing to blocks of samples at the first YM2151's rate."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import Samples
from ..board.mix import HEADROOM, Interpolator
from ..chip import new_chip, run_unchecked
from ..counts import CHANNELS
from ..events import EVENT, Events, from_writes
from ..registers import DEPTHS, KON
from .companions import CompanionRenderer, SavedGroup, groups_of
from .data import Writes
from .playing import Place, Playing, Timetable
from .resample import FULL_SCALE, to_int16

BLOCK = 32_768
"""Frames at a time where nobody listens meanwhile: blocks of 1024 cost a minute of sound 0.25 s, these 0.04."""
SILENCE = 0.1
"""Seconds of silence that end the tail early."""
QUIET = 8
"""The loudest sample of a chip that counts as silence: with the noise on, channel 8 gives -8 and 0 (-72 dBFS) for ever,
though its envelope is at rest."""
STEADY = 0.5
"""Another part is silent if it changes by no more than this from frame to frame: an AY's tone can stand still high."""
Block = npt.NDArray[Any]
_NO_EVENTS = np.empty(0, EVENT)


class PartRenderer:
    """One YM2151 of a song and its events, taken as they come due."""

    def __init__(self, timetable: Timetable, ratio: Fraction, tapped: bool) -> None:
        self.timetable, self.tapped = timetable, tapped
        self.chip = new_chip(timetable.opm.name, timetable.song.chip_clock(timetable.chip))
        self.taps: Samples = np.empty((0, CHANNELS), np.int16)
        """Each channel's own samples of the last run, if they are wanted."""
        self.cycles_per_frame = timetable.bus.cycles_per_frame
        self.in_step = None if ratio == 1 else Interpolator(ratio, 2 * CHANNELS)
        """What brings a chip with its own clock into step with the song's frames."""
        self.started = 0
        """Cycle of the song in which the chip was new: beyond 0 after ``approach``."""
        self._go(Place())

    def _go(self, place: Place) -> None:
        """Continue with the events from a place on."""
        self._pieces = self.timetable.pieces(place)
        self._take(place, _NO_EVENTS)
        self._advance()

    def _advance(self) -> bool:
        """Take the next piece; say whether there was one."""
        piece = next(self._pieces, None)
        if piece:
            self._take(*piece)
        return piece is not None

    def _take(self, place: Place, events: Events) -> None:
        """Make these events the next; their cycles apart, so that a search does not copy them all."""
        self.place, self.events = place, events
        self.cycles, self.done = np.ascontiguousarray(events["cycle"]), 0

    def _until(self, cycle: int) -> Events:
        """Return what comes before a cycle, of this piece."""
        first = self.done
        self.done += int(np.searchsorted(self.cycles[first:], cycle))
        return self.events[first : self.done]

    def due(self, frames: int) -> Events:
        """Return the events of the next frames, in the chip's own cycles."""
        end = self.started + self.chip.cycle + frames * self.cycles_per_frame
        events = self._until(end)
        while self.done == len(self.events) and self._advance():
            events = np.concatenate([events, self._until(end)])
        # After ``approach`` the chip counts its cycles from a reset in the midst of the song.
        if self.started:
            events = events.copy()
            events["cycle"] -= self.started
        return events

    def run(self, frames: int) -> Samples:
        """Return the chip's samples, (frames, 2); ``taps`` holds each channel's own, (frames, 8), if wanted."""
        if not self.tapped:
            return self._in_step(frames, 2, self.own)
        both = self._in_step(frames, 2 + CHANNELS, self._own_and_taps)
        self.taps = both[:, 2:]
        return both[:, :2]

    def run_channels(self, frames: int) -> Samples:
        """Return what each channel gives each side of the chip's samples, (frames, 8, 2)."""
        return self._in_step(frames, 2 * CHANNELS, self._own_sides).reshape(-1, CHANNELS, 2)

    def _in_step(self, frames: int, columns: int, make: Callable[[int], Samples]) -> Samples:
        """Return frames of the song of the chip's own, (n, columns), that ``make`` gives."""
        if self.in_step is None:
            return make(frames)

        def add(sides: Block, first: int) -> None:
            # The first columns are the filter's past.
            sides[:, first:] = make(sides.shape[1] - first).T

        out = np.zeros((frames, columns), np.float32)
        self.in_step.add(out, add)
        return to_int16(out)

    def own(self, frames: int) -> Samples:
        """Return the chip's own next samples, (frames, 2), at its own rate."""
        # Unchecked: the events come from ``from_writes``, in order and within range.
        return run_unchecked(self.chip, self.due(frames), frames, self.cycles_per_frame)

    def _own_and_taps(self, frames: int) -> Samples:
        taps = np.empty((frames, CHANNELS), np.int16)
        return np.concatenate(
            [run_unchecked(self.chip, self.due(frames), frames, self.cycles_per_frame, taps), taps], axis=1
        )

    def _own_sides(self, frames: int) -> Samples:
        sides = np.empty((frames, 2 * CHANNELS), np.int16)
        run_unchecked(self.chip, self.due(frames), frames, self.cycles_per_frame, sides)
        return sides

    def save(self) -> "Saved":
        """Return a snapshot."""
        return Saved(self.chip.save(), self.place, self.in_step.past.copy() if self.in_step else None)

    def restore(self, saved: "Saved", frame: int) -> None:
        """Go back to a snapshot, taken at this frame of the song."""
        self.chip.load(saved.chip)
        self.started = 0
        if self.in_step and saved.past is not None:
            self.in_step.position, self.in_step.past = frame, saved.past.copy()
        # The piece of events begins before the snapshot: what the chip has had already is passed over.
        self._go(saved.place)
        self._until(self.chip.cycle)

    def approach(self, frame: int) -> None:
        """Have a new chip take the registers that are held at about this frame of the song, and go on from there."""
        if self.in_step:
            self.in_step.go(frame)
            frame = self.in_step.ran
        writes, place = self.timetable.held(frame)
        held = _held(writes)
        bus = self.timetable.bus
        self.chip.reset()
        starts = bus.spacing * np.arange(len(held))
        # Through the bus at its own pace: two frames a register, in which no time of the song passes.
        events = from_writes(starts, held["address"], held["data"], bus)
        run_unchecked(self.chip, events, bus.spacing * (len(held) + 1), self.cycles_per_frame)
        self.started = frame * self.cycles_per_frame - self.chip.cycle
        self._go(place)


def _held(writes: Writes) -> Writes:
    """Return the last write of each register, the keys' behind the others'; 08 and 19 are several registers each."""
    # Ten places for each address: 0 plain, 0 and 1 the halves of 19, 2 to 9 the keys of the channels, which come last
    # so that they strike voices that are complete. In pieces: all at once took 186 MB for 8 million writes.
    last = np.full(10 << 8, -1)
    for first in range(0, len(writes), BLOCK):
        piece = writes[first : first + BLOCK]
        address, data = (piece[name].astype(np.int32) for name in ("address", "data"))
        part = np.where(address == KON, 2 + (data & 7), np.where(address == DEPTHS, data >> 7, 0))
        last[part << 8 | address] = first + np.arange(len(piece))  # of those of a register, the last one stays
    held: Writes = writes[last[last >= 0]]
    return held


def _peak(samples: npt.NDArray[Any]) -> float:
    # Not abs(): that of -32768 is -32768 in int16.
    return max(float(samples.max(initial=0)), -float(samples.min(initial=0)))


@dataclass(frozen=True)
class Saved:
    """A chip in mid-song."""

    chip: bytes
    place: Place
    """Where its events come from."""
    past: npt.NDArray[np.float32] | None
    """What it has sounded last, if it has its own clock."""


@dataclass(frozen=True)
class Snapshot:
    """A place in a rendering to come back to."""

    position: int
    loud: int
    parts: tuple[Saved, ...]
    others: tuple[SavedGroup, ...]
    steady: Block
    """The last frame of the other parts."""


class Renderer:
    """Renders a playing in blocks; can go back to snapshots.

    ``tapped`` keeps each channel's own samples, too; ``apart`` is for ``channel_blocks``.
    """

    def __init__(self, playing: Playing, tapped: bool = False, apart: bool = False) -> None:
        self.playing = playing
        self.position = 0
        """Frames rendered."""
        first, *_ = playing.timetables
        # Of the clocks, which are whole numbers: rates are floats, and their ratio has a denominator of 50 bits.
        ratios = [Fraction(timetable.opm.clock, first.opm.clock) for timetable in playing.timetables]
        self.parts = [PartRenderer(*each, tapped) for each in zip(playing.timetables, ratios, strict=True)]
        board = HEADROOM if playing.others else 1.0
        self._gain = playing.song.gain * board
        self.others = [CompanionRenderer(timetable, self._gain) for timetable in playing.others]
        self._groups = groups_of(self.others, Fraction(first.rate), apart)
        self.peaks = [0.0] * (1 + len(self.others))
        """The largest magnitude so far of all YM2151s, and of each other part, of 1; 0 where there is no other."""
        self._now: Block = np.zeros((0, 2), np.int16)
        """The last block of the YM2151s."""
        self._steady: Block = np.zeros((1, 2), np.float32)
        """Behind the end: the last block of the other parts, and a frame before it."""
        self._loud = playing.end
        self.mute(playing.mute)

    @classmethod
    def compile_for(cls, playing: Playing) -> None:
        """Compile what a playing needs, of which some would be compiled no sooner than something sounds."""
        # A screen that shows channels uses the tapped form. A first note would wait for seconds until it is compiled.
        for tapped in (False, True):
            renderer = cls(playing, tapped)
            for in_step in (each.in_step for group in (renderer.parts, renderer._groups) for each in group):
                if in_step:
                    # The interpolator passes over what is all 0, and would not be compiled.
                    in_step.past[:] = 1
            renderer.skip(1)

    @property
    def levels(self) -> dict[str, float]:
        """The largest magnitude of each other part in the last block, as the YM2151 counts, and muted or not."""
        return {other.name: other.level / float(self._gain) for other in self.others}

    def skip(self, frame: int) -> None:
        """Go on to a frame without keeping samples."""
        for _ in self._blocks(self._mix, BLOCK, frame):
            pass

    def mute(self, mask: int) -> None:
        """Leave out channels from here on; bit 8 stands for all other parts."""
        self._others_muted = bool(mask >> CHANNELS)
        for part in self.parts:
            # A mute is of the output only: the chip runs on, so unmuting is exact.
            part.chip.mute = mask & ((1 << CHANNELS) - 1)

    def snapshot(self) -> Snapshot:
        """Return the place the rendering has come to."""
        saved = tuple(part.save() for part in self.parts), tuple(group.save() for group in self._groups)
        return Snapshot(self.position, self._loud, *saved, self._steady[-1:].copy())

    def restore(self, place: Snapshot) -> None:
        """Go back (or on) to a place; what is muted now stays so."""
        for part, saved in zip(self.parts, place.parts, strict=True):
            part.restore(saved, place.position)
        for group, as_it_was in zip(self._groups, place.others, strict=True):
            group.restore(as_it_was, place.position)
        # The last frame of the other parts belongs to the place: compared with a later one, a tail became longer.
        self.position, self._loud, self._steady = place.position, place.loud, place.steady

    def approach(self, frame: int) -> None:
        """Go to about a frame at once, however far: the chips take the registers held there, but not the phases."""
        for part in self.parts:
            part.approach(frame)
        for group in self._groups:
            group.approach(frame)
        self.position, self._loud = frame, max(frame, self.playing.end)

    def blocks(self, frames: int = BLOCK, end: int | None = None) -> Iterator[Block]:
        """Yield (n, 2) blocks, n up to ``frames``, to the end of fade or tail, or a frame before it.

        int16 of the YM2151 alone; of a whole board float32, neither rounded nor clipped, which ``Resampler`` does.
        """
        return self._blocks(self._mix, frames, end)

    def channel_blocks(self, frames: int = BLOCK, end: int | None = None) -> Iterator[Block]:
        """Yield (n, 8 * chips + others, 2) int16 blocks: every channel after panning and every other part by itself."""
        return self._blocks(self._channels, frames, end)

    def _blocks(self, make: Callable[[int], npt.NDArray[Any]], frames: int, end: int | None) -> Iterator[Block]:
        end = self.playing.frames if end is None else min(end, self.playing.frames)
        while self.position < end:
            sums = make(min(frames, end - self.position))
            block = self._at_volume(sums)
            tail = self.position + len(sums) > self.playing.end and not self.playing.song.loop_start
            # What plays behind a loop is music: silence ends a tail only.
            count = self._until_silence() if tail else len(sums)
            # All of the block, though less may be given: the parts have run as far.
            self.position += len(sums)
            yield block[:count]
            if count < len(sums):
                return

    def _mix(self, frames: int) -> Block:
        """Add the parts; those of a board at their volume."""
        own = [part.run(frames) for part in self.parts]
        heard = [samples for samples, is_heard in zip(own, self.playing.heard_opms, strict=True) if is_heard]
        # One chip's samples stay int16 and untouched; sums of several need more bits until they are clipped once.
        self._now = heard[0] if len(heard) == 1 else sum(heard, np.zeros((frames, 2), np.int32))
        if not self.others:
            return self._now
        own_sound: Block = np.multiply(self._now, np.float32(self._gain), dtype=np.float32)
        tail = self.position + frames > self.playing.end
        # Where nothing asks for the other parts by themselves they are added in place: a pass of memory less.
        apart = tail or self._others_muted
        mixed = np.zeros((frames, 2), np.float32) if apart else own_sound
        for group in self._groups:
            group.add_to(mixed)
        self._listen()
        if tail:
            self._steady = np.concatenate([self._steady[-1:], mixed])
        if self._others_muted:
            mixed[:] = 0
        if apart:
            mixed += own_sound
        return mixed

    def _channels(self, frames: int) -> Block:
        """Return each channel, and each other part behind them."""
        channels = np.concatenate([part.run_channels(frames) for part in self.parts], axis=1)
        self._now = channels.sum(axis=1)
        if not self.others:
            return channels
        apart = np.zeros((len(self.others), frames, 2), np.float32)
        for group, out in zip(self._groups, apart, strict=True):
            group.add_to(out)
        self._listen()
        self._steady = np.concatenate([self._steady[-1:], apart.sum(axis=0)])
        return np.concatenate([channels * np.float32(self._gain), apart.swapaxes(0, 1)], axis=1)

    def _listen(self) -> None:
        """Keep how loud all parts are."""
        levels = [_peak(self._now) * self._gain, *(other.level for other in self.others)]
        self.peaks = [max(peak, level / FULL_SCALE) for peak, level in zip(self.peaks, levels, strict=True)]

    def _at_volume(self, sums: Block) -> Block:
        """Return samples: the chip's own of one YM2151 at full volume, else the sums at theirs, faded.

        A fade is (1 - x) squared, x the share of it that has passed.
        """
        # With other parts the gain is in their levels and in the sum already.
        gain: Any = 1.0 if self.others else self._gain
        faded = self.position + np.array([0, len(sums)]) - (self.playing.frames - self.playing.fade_frames)
        if faded[1] > 0 and self.playing.fade_frames:
            passed = np.clip(np.arange(*faded) / self.playing.fade_frames, 0, 1)
            gain = gain * (1 - passed.reshape(-1, *[1] * (sums.ndim - 1))) ** 2
        elif gain == 1.0 and sums.dtype != np.int32:
            return sums
        return (sums * gain).astype(np.float32) if self.others else to_int16(sums * gain)

    def _until_silence(self) -> int:
        """Return how much of the last block there is until it has been silent long enough."""
        # The silence counts from the last write, which comes behind the song's end where writes are dense.
        count, enough = len(self._now), round(SILENCE * self.playing.rate)
        self._loud = max(self._loud, self.playing.written)
        loud = (np.abs(self._now.astype(np.int32)) > QUIET * len(self.parts)).any(axis=1)
        if self.others:
            loud |= (np.abs(np.diff(self._steady, axis=0)) > STEADY).any(axis=1)
        heard = self.position + np.flatnonzero(loud)
        # Gaps between what is loud: the first that is long enough ends the tail, wherever the blocks are cut.
        marks = np.concatenate([[self._loud], heard[heard > self._loud], [self.position + count]])
        silent = np.diff(marks) > enough
        silent[-1] = True  # so far: the next block goes on counting
        self._loud = int(marks[silent.argmax()])
        return min(count, max(0, self._loud + enough - self.position))
