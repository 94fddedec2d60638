"""Rates and levels, once: the resampler of all sound that leaves a song, and the one place that rounds and clips."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import Samples

FULL_SCALE = 32_768


def to_int16(values: npt.NDArray[Any]) -> Samples:
    """Return values rounded and clipped to int16; int16 is returned as it is."""
    return values if values.dtype == np.int16 else _clipped(np.rint(values))


def _clipped(rounded: npt.NDArray[Any]) -> Samples:
    """Return rounded values, which are lost, as int16."""
    clipped: Samples = np.clip(rounded, -FULL_SCALE, FULL_SCALE - 1, out=rounded).astype(np.int16)
    return clipped


TAPS, PHASES = 96, 512
"""Samples that one is made of, and places between two of them that the filter is known for."""
CUTOFF, KAISER = 0.97, 8.0
"""Half of the lower rate at which the filter is 6 dB down, and its window: 80 dB from 1.5 kHz above on."""


class _Prompt:
    """Resamples by a filter of 96 samples: what goes in is out 0.9 ms later, sample by sample.

    soxr's holds 2 to 16 ms and gives them in lumps of 14 (HQ, measured; LQ 9), which a keyboard's player hears.
    """

    def __init__(self, source: float, target: float, channels: int) -> None:
        self._step = source / target
        band = CUTOFF * min(1.0, target / source)
        # The filter at each place between two samples, and once more at the next sample, to go between places.
        places = np.arange(PHASES + 1)[:, None] / PHASES
        moments = np.arange(1 - TAPS // 2, TAPS // 2 + 1) - places
        window = np.i0(KAISER * np.sqrt(np.maximum(0.0, 1 - (2 * moments / TAPS) ** 2))) / np.i0(KAISER)
        table = band * np.sinc(band * moments) * window
        # Each with a sum of 1, or a constant would get a ripple.
        self._table = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
        self._held = np.zeros((TAPS, channels), np.float32)
        self._first, self._made = -TAPS, 0
        """Number of the first sample held; samples given."""

    def resample_chunk(self, block: npt.NDArray[np.float32], last: bool = False) -> npt.NDArray[np.float32]:
        """Return what a block completes; ``last`` gives the rest, too."""
        silence = np.zeros((TAPS // 2 if last else 0, block.shape[1]), np.float32)
        held = np.concatenate([self._held, block, silence])
        # Sample n stands at n steps: made anew of a whole number, since a sum of steps would drift.
        known = self._first + len(held) - TAPS // 2
        place = np.arange(self._made, max(self._made, math.ceil(known / self._step)) + 1) * self._step
        # Not by a quotient alone: rounded, it could give one too many.
        place = place[place < known]
        whole = np.floor(place).astype(np.int64)
        phase, part = np.divmod((place - whole) * PHASES, 1.0)
        at, part = phase.astype(np.int64), part[:, None].astype(np.float32)
        weights = self._table[at] * (1 - part) + self._table[at + 1] * part
        begins = whole - self._first - TAPS // 2 + 1
        windows = np.lib.stride_tricks.sliding_window_view(held, TAPS, axis=0)
        values: npt.NDArray[np.float32] = np.einsum("nt,nct->nc", weights, windows[begins])
        self._made += len(place)
        done = min(math.floor(self._made * self._step) - TAPS // 2 + 1 - self._first, len(held) - TAPS)
        self._held, self._first = held[done:], self._first + done
        return values


class Resampler:
    """Converts blocks from one rate (Hz, whole or not) to another; equal ones at full volume pass through untouched.

    ``floating`` gives float32, 1.0 = full scale, instead of rounded and clipped int16. ``prompt`` holds no sound back
    but 0.9 ms, for what answers a key, at less quality. ``clipped`` counts samples that did not fit in int16; ``peak``
    is the largest magnitude met before that, in steps of int16.
    """

    def __init__(
        self,
        source: float,
        target: float,
        gain: float = 1.0,
        floating: bool = False,
        channels: int = 2,
        prompt: bool = False,
    ) -> None:
        self._stream: Any = None
        if source != target and prompt:
            self._stream = _Prompt(source, target, channels)
        elif source != target:
            # Here, since a song at its own rate needs no soxr, and importing it costs every start.
            import soxr

            # Beside rounding to 16 bits (-98 dBFS) nobody hears what HQ adds: noise at -131 dBFS, aliases at -132,
            # 0.007 dB up to 20 kHz, measured (docs/player.md). It takes two thirds of VHQ's time, and what is played
            # live is heard sooner: it holds 16 ms of sound, VHQ 33.
            quality = "VHQ" if floating else "HQ"
            self._stream = soxr.ResampleStream(source, target, channels, dtype="float32", quality=quality)
        self._gain, self._floating, self._channels = np.float32(gain), floating, channels
        self.clipped, self.peak = 0, 0.0

    def convert(self, block: npt.NDArray[Any], last: bool = False) -> npt.NDArray[Any]:
        """Return what the block completes, (n, channels) int16 or float32; ``last`` flushes the filter.

        The samples are the same however the sound is cut into blocks.
        """
        # Bit for bit what the chip gave: through float32 and back it would be the same, at a cost.
        if self._stream is None and self._gain == 1 and not self._floating and block.dtype == np.int16:
            self._meet(block)
            return block
        if self._stream is None:
            values = block.astype(np.float32)  # a copy, whatever it was: the block is the caller's
        else:
            values = self._stream.resample_chunk(np.ascontiguousarray(block, np.float32), last=last)
        # From here on in place.
        if self._gain != 1:
            values *= self._gain
        if self._floating:
            self._meet(values)
            values /= FULL_SCALE
            return values
        # Counted after rounding: 32767.4 is no clipping, 32767.5 is.
        np.rint(values, out=values)
        if self._meet(values) >= FULL_SCALE:
            self.clipped += int(np.count_nonzero((values >= FULL_SCALE) | (values < -FULL_SCALE)))
        return _clipped(values)

    def _meet(self, values: npt.NDArray[Any]) -> float:
        """Return the largest magnitude of a block, and keep that of all."""
        peak = max(float(values.max(initial=0)), -float(values.min(initial=0)))
        self.peak = max(self.peak, peak)
        return peak

    def flush(self) -> npt.NDArray[Any]:
        """Return what the filter still holds."""
        return self.convert(np.empty((0, self._channels), np.int16), last=True)
