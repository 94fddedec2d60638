"""Rates and levels of a board, once: what brings each part into step with the song, and how loud it is.

A part runs at its own rate. Its samples are interpolated to the song's by a windowed sinc, not by the library that
resamples what leaves a song: that one cannot go back to a place, and a song has to go on bit for bit where a listener
returns to. What comes out is not late: a part runs as far ahead as the filter reaches.
"""

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import entry

TAPS = 32
"""Samples that one is interpolated from, where the part is not faster than the song."""
PHASES = 256
"""Places between two samples for which the filter is computed; between those it is a straight line, 100 dB off."""
BETA = 8.0
"""Of the Kaiser window: what it lets pass of mirrored tones is 80 dB down."""
HEADROOM = 0.5
"""What a board's sum is multiplied by, so that the other parts have as much room as the YM2151 has alone."""


@functools.cache
def _filters(band: float, taps: int) -> npt.NDArray[np.float32]:
    """Return the filter of each phase, (PHASES + 1, taps)."""
    away = np.arange(PHASES + 1)[:, None] / PHASES + np.arange(taps // 2 - 1, -taps // 2 - 1, -1)
    window = np.i0(BETA * np.sqrt(np.maximum(0.0, 1 - (away / (taps / 2)) ** 2))) / np.i0(BETA)
    weights = band * np.sinc(band * away) * window
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)


@functools.partial(entry, fastmath={"reassoc", "contract"})
def _interpolate(left, right, at, rest, step, step_rest, whole, filters, out):
    """Put each row of ``out`` together from the samples around its moment: whole samples ``at`` and ``rest / whole``.

    LLVM adds the products in the order that is quickest on the processor: the last bit of a float may differ on
    another, so a mixture is the same on one machine only. (In a fixed order it takes four times as long.)
    """
    length, scale = filters.shape[1], PHASES / whole
    for i in range(out.shape[0]):
        place = rest * scale
        phase = np.int64(place)
        share = np.float32(place - phase)
        low, high = filters[phase], filters[phase + 1]
        near_left, near_right = left[at : at + length], right[at : at + length]
        sum_left = sum_right = np.float32(0)
        for tap in range(length):
            weight = low[tap] + share * (high[tap] - low[tap])
            sum_left += weight * near_left[tap]
            sum_right += weight * near_right[tap]
        out[i, 0], out[i, 1] = sum_left, sum_right
        at += step
        rest += step_rest
        if rest >= whole:
            rest -= whole
            at += 1


class Interpolator:
    """Brings a part with its own rate into step with the song's frames.

    Parameters
    ----------
    ratio : Fraction
        Samples of the part to a frame of the song.
    columns : int
        Of its samples, an even number.
    """

    def __init__(self, ratio: Fraction, columns: int) -> None:
        self.ratio = ratio
        self.position = 0
        """Frames of the song."""
        self._taps = TAPS << max(0, math.ceil(math.log2(ratio)))
        self._filters = _filters(min(1.0, float(1 / ratio)), self._taps)
        self.past = np.zeros((self._taps, columns), np.float32)
        """The last of the part's samples."""

    @property
    def ran(self) -> int:
        """Samples of the part that are needed until here."""
        return math.floor((self.position - 1) * self.ratio) + self._taps // 2 + 1 if self.position else 0

    def convert(self, frames: int, make: Callable[[int], npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Return frames of the song, (n, columns) float32, of the part's own samples that ``make`` gives."""
        ran, moment = self.ran, self.position * self.ratio
        self.position += frames
        new = make(self.ran - ran)
        samples = np.concatenate([self.past, new], dtype=np.float32)
        self.past = samples[len(samples) - self._taps :].copy()
        out = np.zeros((frames, samples.shape[1]), np.float32)
        if frames and samples.any():
            first = math.floor(moment) - self._taps // 2 + 1 - (ran - self._taps)
            n, d = self.ratio.numerator, self.ratio.denominator
            rest = (moment % 1) * d
            for pair in range(0, out.shape[1], 2):
                left, right = np.ascontiguousarray(samples[:, pair : pair + 2].T)
                both = out[:, pair : pair + 2]
                _interpolate(left, right, first, int(rest), n // d, n % d, d, self._filters, both)
        return out

    def go(self, position: int) -> None:
        """Go to a frame of the song, with silence before it."""
        self.position = position
        self.past[:] = 0
