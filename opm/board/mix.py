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
"""Places between two samples for which the filter is computed; in between it is interpolated linearly, with an error
100 dB down. A filter twice as long changes half as fast, so half of them are enough for it."""
BETA = 8.0
"""Of the Kaiser window: mirrored tones are 80 dB down."""
HEADROOM = 0.5
"""What a board's sum is multiplied by, so that the other parts have as much room as the YM2151 has alone."""

# What a part's samples are multiplied by to be added to the YM2151's, where both count in 16 bits. Of a VGM's chips:
# opm.song.writers.vgm_chips.
VERA = 2.0
"""PSG and PCM of the Commander X16. Source: x16-emulator 49b1fbd, audio.c, after the developer board."""
X68000 = 2.0
"""Samples of the X68000, behind its low-pass. Source: portable_mdx 2429db3, whose YM2151 counts half of ours."""


@functools.lru_cache(maxsize=16)
def _filters(band: float, taps: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the filter of each phase, (phases, taps), and what is to be added to it to be the next one."""
    phases = max(1, PHASES * TAPS // taps)
    # Distance of each tap from the moment between two samples, in samples, for each phase.
    away = np.arange(phases + 1)[:, None] / phases + np.arange(taps // 2 - 1, -taps // 2 - 1, -1)
    window = np.i0(BETA * np.sqrt(np.maximum(0.0, 1 - (away / (taps / 2)) ** 2))) / np.i0(BETA)
    # A part faster than the song is cut off at the song's own half rate (band < 1): what lies above would be mirrored.
    weights = band * np.sinc(band * away) * window
    # Each phase adds up to 1. Else a steady level would ripple with the phase.
    weights /= weights.sum(axis=1, keepdims=True)
    filters: npt.NDArray[np.float32] = weights.astype(np.float32)
    return filters[:-1].copy(), np.diff(filters, axis=0)


@functools.partial(entry, fastmath={"reassoc", "contract"})
def _interpolate(left, right, at, rest, step, step_rest, whole, filters, slopes, out):
    """Add to each row of ``out`` what the samples around its moment give: whole samples ``at`` and ``rest / whole``.

    LLVM adds the products in the order that is quickest on the processor: the last bit of a float may differ on
    another, so a mixture is the same on one machine only. (In a fixed order it takes four times as long.)
    """
    length, scale = filters.shape[1], filters.shape[0] / whole
    # Whole samples and an integer rest: a float would drift, and a jump to this place would give other bits.
    for i in range(out.shape[0]):
        place = rest * scale
        phase = np.int64(place)
        share = np.float32(place - phase)
        low, slope = filters[phase], slopes[phase]
        near_left, near_right = left[at : at + length], right[at : at + length]
        sum_left = sum_right = np.float32(0)
        for tap in range(length):
            weight = low[tap] + share * slope[tap]
            sum_left += weight * near_left[tap]
            sum_right += weight * near_right[tap]
        out[i, 0] += sum_left
        out[i, 1] += sum_right
        at += step
        rest += step_rest
        if rest >= whole:
            rest -= whole
            at += 1


def add(samples: npt.NDArray[Any], level: np.float32, sides: npt.NDArray[np.float32], first: int) -> float:
    """Add samples, (n, 2), at their level to both sides, (2, m), from a place on; return the largest magnitude."""
    return float(_add(samples, samples.reshape(-1), level, sides, first))


@entry
def _add(samples, both, level, sides, first):
    left, right = sides[0, first:], sides[1, first:]
    high = low = np.int32(0)
    for i in range(both.size):
        high, low = max(high, both[i]), min(low, both[i])
    for i in range(samples.shape[0]):
        left[i] += level * np.float32(samples[i, 0])
        right[i] += level * np.float32(samples[i, 1])
    return level * max(high, -low)


@entry
def _round(values, out):
    for i in range(values.size):
        # Clipped as a float: one beyond 16 bits has no defined integer in LLVM.
        value = np.rint(values[i])
        value = np.float32(32767) if value > 32767 else value
        out[i] = np.int16(np.float32(-32768) if value < -32768 else value)


def rounded(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """Return a board's samples, float32, rounded and clipped to int16: in one pass, a quarter of NumPy's time."""
    out = np.empty(values.shape, np.int16)
    _round(np.ascontiguousarray(values).reshape(-1), out.reshape(-1))
    return out


class Interpolator:
    """Brings parts of the same rate of their own into step with the song's frames.

    Parameters
    ----------
    ratio : Fraction
        Samples of the parts to a frame of the song.
    columns : int
        Most that there are of them, an even number.
    """

    def __init__(self, ratio: Fraction, columns: int = 2) -> None:
        self.ratio = ratio
        self.position = 0
        """Frames of the song."""
        # A power of two, so that PHASES * TAPS / taps is whole: 32 for a K053260, 128 for a SN76489 at 3.58 MHz.
        self._taps = TAPS << max(0, math.ceil(math.log2(ratio)))
        self._filters, self._slopes = _filters(min(1.0, float(1 / ratio)), self._taps)
        self.past = np.zeros((columns, self._taps), np.float32)
        """The last of the parts' samples, left and right."""

    @property
    def ran(self) -> int:
        """Samples of the parts that are needed until here."""
        # The last frame's moment falls on this sample; the filter reaches half its length beyond it.
        last = (self.position - 1) * self.ratio.numerator // self.ratio.denominator
        return last + self._taps // 2 + 1 if self.position else 0

    def add(self, out: npt.NDArray[np.float32], make: Callable[[npt.NDArray[np.float32], int], None]) -> None:
        """Add the next frames, (n, columns), of the samples that ``make(sides, first)`` adds to (columns, m)."""
        ran, moment, taps, columns = self.ran, self.position * self.ratio.numerator, self._taps, out.shape[1]
        self.position += len(out)
        sides = np.zeros((columns, taps + self.ran - ran), np.float32)
        sides[:, :taps] = self.past[:columns]
        make(sides, taps)
        # The last samples of this call are the first ones that the next call's filter reaches back to.
        self.past[:columns] = sides[:, sides.shape[1] - taps :]
        n, d = self.ratio.numerator, self.ratio.denominator
        # In ``sides``: the first sample that the first frame's filter covers, and how far its moment lies behind a
        # sample.
        first, rest = moment // d - taps // 2 + 1 - (ran - taps), moment % d
        middle = first + taps // 2 - 1
        for pair in range(0, columns if len(out) else 0, 2):
            # A GA20 has the YM2151's own rate on Irem's boards, which have one crystal: 8 ns a frame saved.
            if self.ratio == 1:
                out[:, pair : pair + 2] += sides[pair : pair + 2, middle : middle + len(out)].T
            elif sides[pair : pair + 2].any():
                both = sides[pair], sides[pair + 1]
                _interpolate(*both, first, rest, n // d, n % d, d, self._filters, self._slopes, out[:, pair : pair + 2])

    def go(self, position: int) -> None:
        """Go to a frame of the song, with silence before it."""
        self.position = position
        self.past[:] = 0
