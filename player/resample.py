"""Sample rate conversion, streaming, once at the end of the chain."""

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.int16]


class Resampler:
    """Converts stereo blocks from one rate to another; equal rates pass through untouched.

    Parameters
    ----------
    source, target : float
        Hz; need not be whole numbers.
    """

    def __init__(self, source: float, target: float) -> None:
        same = source == target
        self._stream = None if same else soxr.ResampleStream(source, target, 2, dtype="float32", quality="VHQ")

    def convert(self, block: Samples, last: bool = False) -> Samples:
        """Return what the block completes, (n, 2) int16; ``last`` flushes the filter."""
        if self._stream is None:
            return block
        converted = self._stream.resample_chunk(block.astype(np.float32), last=last)
        samples: Samples = np.clip(np.rint(converted), -32768, 32767).astype(np.int16)
        return samples
