"""Drums for the songs that ship: synthesised, so that no recording is needed."""

import math

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float64]
"""Samples from -1 to 1."""
FADE = 0.004
"""Seconds in which a drum that has not died away is faded out: cut off, it would click."""


def noise(count: int) -> Sound:
    """White noise, the same on every machine: tests compare the songs with their scripts byte by byte."""
    # NumPy may change the numbers of its generators from one version to the next.
    state, values = 1, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        values.append(state / 0x40000000 - 1)
    return np.array(values)


def _decay(rate: float, seconds: float, half_life: float) -> Sound:
    """An envelope that falls by half in each half-life, and to nothing at the end."""
    time = np.arange(round(rate * seconds)) / rate
    return np.exp2(-time / half_life) * np.clip((seconds - time) / FADE, 0, 1)


def _falling(rate: float, count: int, high: float, low: float, half_life: float) -> Sound:
    """A sine whose pitch falls from one frequency to another."""
    time = np.arange(count) / rate
    # Phase is the integral of low + (high - low) * 0.5 ** (time / half_life), not that frequency times the time.
    turns = low * time + (high - low) * half_life / math.log(2) * (1 - 0.5 ** (time / half_life))
    return np.sin(2 * np.pi * turns)


def _bright(sound: Sound, times: int) -> Sound:
    """Take low frequencies away, by 6 dB an octave with each difference between neighbouring samples."""
    differences: Sound = np.diff(sound, times, prepend=np.zeros(times)) / 2**times
    return differences


def drum(rate: float, seconds: float, high: float, low: float) -> Sound:
    """A kick or a tom: a skin whose pitch falls, and the noise of the stroke."""
    skin = _falling(rate, round(rate * seconds), high, low, 0.012) * _decay(rate, seconds, seconds / 4)
    return 0.9 * skin + 0.1 * noise(len(skin)) * _decay(rate, seconds, 0.002)


def snare(rate: float, seconds: float = 0.16) -> Sound:
    """A snare drum: mostly its wires, over a short skin."""
    wires = _bright(noise(round(rate * seconds)), 1) * _decay(rate, seconds, seconds / 5)
    skin = _falling(rate, len(wires), 330, 185, 0.01) * _decay(rate, seconds, 0.02)
    return 0.75 * wires + 0.25 * skin


def cymbal(rate: float, seconds: float) -> Sound:
    """A hi-hat if short, a crash if long."""
    return 0.9 * _bright(noise(round(rate * seconds)), 2) * _decay(rate, seconds, seconds / 6)
