"""Names by which a person can tell voices apart, from what a note of each sounds like."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..chip import run
from ..events import REFERENCE_RATE
from ..pitch import hertz_of, midi_of
from ..voice.extract import Found

_HELD = 0.35
"""Seconds of the note."""
_WINDOW = 256
"""Frames of which a level is taken: 4.6 ms."""
_FRAMES = round(_HELD * REFERENCE_RATE) // _WINDOW * _WINDOW
_SLOW, _SHORT = 0.04, 0.12
"""Seconds: a swell takes longer to come up, a hit less to go."""
_HELD_LEVEL, _GONE = 0.4, 0.1
"""Parts of the peak: what a tone keeps while it is held, what is left of a hit."""
_C2_ALONE = 8
"""``Voice.slots`` of what keys C2 alone: on channel 8, where the noise is."""
_PLACES = {40: "bass", 53: "low", 66: "middle", 79: "high", np.inf: "very high"}
"""By the MIDI number below which it lies."""
_COLOURS = {1.1: "pure", 1.6: "soft", 2.6: "mellow", 5: "bright", np.inf: "sharp"}
"""By how many times the note's frequency its spectrum's centre lies, at most."""


def described(found: Found, clock: float) -> str:
    """Return what a voice sounds like where a song first plays it: ``bright pluck, middle``."""
    place = next(place for above, place in _PLACES.items() if midi_of(found.kc, found.kf, clock) < above)
    # At the reference clock, so that a voice has the same colour in songs of any clock; only its place moves.
    midi = midi_of(found.kc, found.kf)
    # On both sides, since the left one is looked at. Held for twice as long as that, so no release is in it.
    note = replace(found.voice, rl=3).note(midi, 2 * _HELD)
    sound = run(note.events, note.key_on + _FRAMES)[note.key_on :, 0].astype(float)
    if not sound.any():
        return f"silence, {place}"
    colour = _colour(sound, midi)
    if found.noise:
        colour = "noise" if found.voice.slots == _C2_ALONE else f"noise and {colour}"
    return f"{colour} {_shape(sound, REFERENCE_RATE / hertz_of(midi))}, {place}"


def _shape(sound: npt.NDArray[np.float64], period: float) -> str:
    """Return a word for a note's level over time: that of the loudest window within a period, given in frames."""
    level = np.sqrt(np.square(sound.reshape(-1, _WINDOW)).mean(axis=1))
    # A bass's period is longer than a window, so that its level goes up and down: held tones were called plucks.
    level = np.lib.stride_tricks.sliding_window_view(level, 1 + int(period / _WINDOW)).max(axis=1)
    if np.argmax(level > level.max() / 2) * _WINDOW / REFERENCE_RATE > _SLOW:
        return "swell"
    after = level[level.argmax() :] / level.max()
    if after[-1] > _HELD_LEVEL:
        return "tone"
    # argmax of nothing is 0: without any() a note that never dies away would count as the shortest hit.
    return "hit" if (after < _GONE).any() and np.argmax(after < _GONE) * _WINDOW / REFERENCE_RATE < _SHORT else "pluck"


def _colour(sound: npt.NDArray[np.float64], midi: float) -> str:
    power = np.square(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))))[1:]
    hertz = np.arange(1, len(power) + 1) * REFERENCE_RATE / len(sound)
    centre = (hertz * power).sum() / power.sum() / hertz_of(midi)
    return next(colour for above, colour in _COLOURS.items() if centre < above)
