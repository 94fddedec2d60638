"""What a voice does on the chip: level, pitch, envelope and spectrum of its notes.

Each note is played on a chip just reset, at the reference clock. What sounds in the middle is the same on both sides,
so one side is the mono sum. Decibels are of full scale, 32768.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...chip import run
from ...events import REFERENCE_RATE
from ...pitch import hertz_of
from ...voice.voice import Voice
from ..noise import C2, is_noise

LEVEL = -21.0
"""dBFS of every voice of the bank, carriers' TL as at full velocity."""
STEP = 0.75
"""dB of a step of TL."""
LOUDEST = 0.05
"""Seconds over which a level is taken, the loudest of the note: the ear's integration time, nearly."""
FULL = 32768
_HELD = 4.0
_AFTER = 2.0
_HOP = 0.001
_WINDOW = 0.01
_SILENCE = -120.0
_NEAR = 0.6
"""Semitones to both sides of a partial within which its peak is looked for."""
_LINE = 0.4
"""Semitones to both sides of the peak over which detuned lines are one."""


class Measured(NamedTuple):
    """A voice at a key."""

    level: float
    """dBFS: RMS of the loudest 50 ms."""
    cents: float
    """Fundamental, or the partial said, against the key."""
    attack: float
    """Seconds from the key to within 3 dB of the loudest."""
    decay: float
    """Seconds from the loudest to 20 dB below it, the key held; infinity if it is not reached in 4 s."""
    release: float
    """Seconds from letting go to 40 dB below the level then."""
    centroid: float
    """Hz: mean of the spectrum by power, of the loudest 50 ms."""
    peak: float
    """dBFS of the largest sample."""


def measure(voice: Voice, note: float = 60, partial: float = 1.0) -> Measured:
    """Return all of it."""
    return Measured(
        level(voice, note),
        cents(voice, note, partial),
        attack(voice, note),
        decay(voice, note),
        release(voice, note),
        centroid(voice, note),
        decibels(float(np.abs(sound(voice, note)).max()) / FULL),
    )


def decibels(ratio: float) -> float:
    """Return a ratio of amplitudes in dB."""
    return max(_SILENCE, 20 * float(np.log10(max(ratio, 1e-9))))


def sound(voice: Voice, note: float = 60, held: float = _HELD, after: float = 0.0) -> npt.NDArray[np.int64]:
    """Return a note's samples, one side, from key-on to ``after`` seconds behind key-off."""
    played = voice.note(note, held)
    frames = played.key_off + round(after * REFERENCE_RATE)
    return run(played.events, frames)[played.key_on :, 0].astype(np.int64)


def level(voice: Voice, note: float = 60) -> float:
    """Return the RMS of a note's loudest 50 ms in dBFS, unweighted."""
    samples, width = sound(voice, note), round(LOUDEST * REFERENCE_RATE)
    # Of integers, so that no machine rounds otherwise.
    power = np.concatenate([[0], np.cumsum(samples**2)])
    return decibels(float(np.sqrt((power[width:] - power[:-width]).max() / width)) / FULL)


def shifted(voice: Voice, steps: int) -> Voice:
    """Return a voice whose carriers' TL is so many steps more, in the balance they have.

    Noise stays as it is: it cannot be made as loud as a voice of the bank, so the others make up for it.

    Raises
    ------
    ValueError
        A TL would leave its register.
    """
    moved = [i for i in voice.carriers if not (i == C2 and is_noise(voice))]
    ops = [replace(op, tl=op.tl + steps * (i in moved)) for i, op in enumerate(voice.ops)]
    return replace(voice, ops=ops)


def correction(voice: Voice, note: float = 60, target: float = LEVEL) -> int:
    """Return the steps of TL that bring a voice nearest to a level; positive makes it softer."""
    steps = 0
    # More than once: a carrier that feeds itself changes its spectrum with its level.
    for _ in range(4):
        more = round((level(shifted(voice, steps), note) - target) / STEP)
        if not more:
            break
        steps += more
    return steps


def levelled(voice: Voice, note: float = 60, target: float = LEVEL) -> Voice:
    """Return a voice at the bank's level.

    Raises
    ------
    ValueError
        It cannot be made as loud, or as soft.
    """
    try:
        return shifted(voice, correction(voice, note, target))
    except ValueError as error:
        raise ValueError(f"{voice.name}: {level(voice, note):.1f} dBFS cannot become {target}: {error}") from None


def envelope(voice: Voice, note: float = 60, held: float = _HELD, after: float = _AFTER) -> npt.NDArray[np.float64]:
    """Return a note's level by the millisecond from key-on, in dBFS: RMS of the 10 ms that end there."""
    power = np.concatenate([[0], np.cumsum(sound(voice, note, held, after) ** 2)])
    ends = np.rint(np.arange(_HOP, (len(power) - 1) / REFERENCE_RATE, _HOP) * REFERENCE_RATE).astype(np.int64)
    begins = np.maximum(0, ends - round(_WINDOW * REFERENCE_RATE))
    rms = np.sqrt((power[ends] - power[begins]) / (ends - begins))
    levels: npt.NDArray[np.float64] = np.maximum(_SILENCE, 20 * np.log10(np.maximum(rms, 1e-9) / FULL))
    return levels


def attack(voice: Voice, note: float = 60) -> float:
    """Return seconds from the key to within 3 dB of the loudest."""
    rises = envelope(voice, note, after=0)
    return float(np.argmax(rises >= rises.max() - 3) + 1) * _HOP


def decay(voice: Voice, note: float = 60, by: float = 20.0) -> float:
    """Return seconds from the loudest to ``by`` dB below it for good, or infinity."""
    falls = envelope(voice, note, after=0)
    loud = np.flatnonzero(falls > falls.max() - by)
    return float(loud[-1] - falls.argmax() + 1) * _HOP if loud[-1] < len(falls) - 1 else float("inf")


def release(voice: Voice, note: float = 60, held: float = 0.5, by: float = 40.0) -> float:
    """Return seconds from letting go to ``by`` dB below the level then, or infinity."""
    levels = envelope(voice, note, held)
    off = round(held / _HOP)
    loud = np.flatnonzero(levels[off:] > max(levels[off - 1] - by, _SILENCE + 1))
    if not len(loud):
        return 0.0
    return float(loud[-1] + 1) * _HOP if loud[-1] < len(levels) - off - 1 else float("inf")


def spectrum(
    voice: Voice, note: float = 60, start: float = 0.0, seconds: float = 1.0
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return frequencies in Hz and amplitudes of full scale of a held note, Hann window."""
    first, count = round(start * REFERENCE_RATE), round(seconds * REFERENCE_RATE)
    samples = sound(voice, note, start + seconds)[first : first + count] / FULL
    window = np.hanning(len(samples))
    # Four times as long: a line is seen between the bins.
    amplitudes = np.abs(np.fft.rfft(samples * window, 4 * len(samples))) * 2 / window.sum()
    return np.fft.rfftfreq(4 * len(samples), 1 / REFERENCE_RATE), amplitudes


def cents(voice: Voice, note: float = 60, partial: float = 1.0) -> float:
    """Return how far a partial stands from its place above the key; detuned lines are one, at their mean by power."""
    place = hertz_of(note) * partial
    hertz, amplitudes = spectrum(voice, note, start=0.02)
    near = np.flatnonzero(np.abs(12 * np.log2(np.maximum(hertz, 1e-3) / place)) < _NEAR)
    peak = hertz[near[amplitudes[near].argmax()]]
    line = np.abs(12 * np.log2(np.maximum(hertz, 1e-3) / peak)) < _LINE
    power = amplitudes[line] ** 2
    return float(1200 * np.log2((hertz[line] * power).sum() / power.sum() / place))


def centroid(voice: Voice, note: float = 60, start: float | None = None) -> float:
    """Return the mean frequency by power in Hz, of 50 ms from ``start``: the loudest, where it is not given."""
    if start is None:
        start = max(0.0, float(envelope(voice, note, after=0).argmax()) * _HOP - LOUDEST / 2)
    hertz, amplitudes = spectrum(voice, note, start, LOUDEST)
    return float((hertz * amplitudes**2).sum() / (amplitudes**2).sum())
