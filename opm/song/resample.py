"""Rates and levels, once: the resampler of all sound that leaves a song, and the one place that rounds and clips."""

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


class Resampler:
    """Converts blocks from one rate (Hz, whole or not) to another; equal ones at full volume pass through untouched.

    ``floating`` gives float32, 1.0 = full scale, instead of rounded and clipped int16. ``clipped`` counts samples that
    did not fit in int16; ``peak`` is the largest magnitude met before that, in steps of int16.
    """

    def __init__(
        self, source: float, target: float, gain: float = 1.0, floating: bool = False, channels: int = 2
    ) -> None:
        self._stream: Any = None
        if source != target:
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
