"""Rates and levels, once: the resampler of all sound that leaves a song, and the one place that rounds and clips."""

from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import Samples

FULL_SCALE = 32_768


def to_int16(values: npt.NDArray[Any]) -> Samples:
    """Return values rounded and clipped to int16; int16 is returned as it is."""
    if values.dtype == np.int16:
        return values
    rounded = np.rint(values)
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

            self._stream = soxr.ResampleStream(source, target, channels, dtype="float32", quality="VHQ")
        self._gain, self._floating, self._channels = gain, floating, channels
        self.clipped, self.peak = 0, 0.0

    def convert(self, block: npt.NDArray[Any], last: bool = False) -> npt.NDArray[Any]:
        """Return what the block completes, (n, channels) int16 or float32; ``last`` flushes the filter."""
        # Bit for bit what the chip gave: through float32 and back it would be the same, at a cost.
        if self._stream is None and self._gain == 1.0 and not self._floating and block.dtype == np.int16:
            self._meet(block)
            return block
        values = block.astype(np.float32)
        if self._stream is not None:
            values = self._stream.resample_chunk(values, last=last)
        values *= np.float32(self._gain)
        if self._floating:
            self._meet(values)
            values /= FULL_SCALE
            return values
        # Counted after rounding: 32767.4 is no clipping, 32767.5 is.
        np.rint(values, out=values)
        self._meet(values)
        self.clipped += int(np.count_nonzero((values >= FULL_SCALE) | (values < -FULL_SCALE)))
        return to_int16(values)

    def _meet(self, values: npt.NDArray[Any]) -> None:
        self.peak = max(self.peak, float(values.max(initial=0)), -float(values.min(initial=0)))

    def flush(self) -> npt.NDArray[Any]:
        """Return what the filter still holds."""
        return self.convert(np.empty((0, self._channels), np.int16), last=True)
