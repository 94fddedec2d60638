"""Notes, key codes and Hz. Source: Yamaha's YM2151 manual, figure 2.4.

The chip's pitch is a key code (octave and one of twelve note codes) and a fraction of 1/64 semitone; which note that
is depends on the master clock.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ._check import channel_index, integer, positive, real

REFERENCE_CLOCK = 3_579_545
"""Master clock in Hz of arcade boards, MSX and X16, at which key code 4A is 440 Hz, nearly."""
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
NOTE_CODES = (0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14)
"""The key code's low four bits, from C# to C: 3, 7, 11 and 15 are not used."""
KEY_CODES = tuple(octave << 4 | code for octave in range(8) for code in NOTE_CODES)
"""Key codes of the chip's 96 semitones."""
LOWEST = 13
"""MIDI number of key code 00 at the reference clock: C#0."""
STEPS = 64
"""Fractions of a semitone."""
HIGHEST = len(KEY_CODES) * STEPS - 1
"""Fractions above key code 00 at which the chip's pitch adder saturates."""
_FAR = 100_000
"""A MIDI number beyond any clock's."""
KC, KF, KF_SHIFT = 0x28, 0x30, 2
"""Registers of key code and fraction of channel 1, and where the fraction's lowest bit stands in its register."""


class KeyCode(NamedTuple):
    """A pitch as the chip takes it: ``kc`` 0 to 127 and ``kf`` 0 to 63. ``registers`` says what to write.

    Examples
    --------
    >>> note("A4").registers(1)
    [(40, 74), (48, 0)]
    """

    kc: int
    kf: int

    def registers(self, channel: int) -> list[tuple[int, int]]:
        """Return the register writes that tune a channel; register 30 keeps the fraction in its bits 7 to 2.

        Parameters
        ----------
        channel : int
            1 to 8.

        Returns
        -------
        list of (int, int)
            Two pairs of address and data.

        Raises
        ------
        ValueError
            No such channel.
        """
        index = channel_index(channel)
        return [(KC + index, self.kc), (KF + index, self.kf << KF_SHIFT)]


def note(midi_or_name: float | str, clock: float = REFERENCE_CLOCK) -> KeyCode:
    """Return the key code and fraction of a note at a clock.

    Parameters
    ----------
    midi_or_name : float or str
        MIDI number (69 = A4), fractions allowed, or a name such as ``"C#4"`` or ``"Bb3"``.
    clock : float
        Master clock in Hz.

    Returns
    -------
    KeyCode
        The pair (kc, kf), the nearest 1/64 semitone; its ``registers(channel)`` are the two register writes.

    Raises
    ------
    TypeError, ValueError
        Not a note, or outside the chip's eight octaves; the message says what was given.

    Notes
    -----
    Key code 4A is A4, 440 Hz, at 3.58 MHz (manual, figure 2.4).

    Examples
    --------
    >>> note("A4"), note(69.5)
    (KeyCode(kc=74, kf=0), KeyCode(kc=74, kf=32))
    >>> note("A4", 4_000_000) == (72, 5)
    True
    """
    midi = _midi(midi_or_name)
    steps = (midi - LOWEST - 12 * math.log2(positive("clock", clock) / REFERENCE_CLOCK)) * STEPS
    if not math.isfinite(steps) or not 0 <= round(steps) <= HIGHEST:
        raise ValueError(f"note {midi_or_name!r} is outside the chip's range at {clock:.15g} Hz")
    semitone, kf = divmod(round(steps), STEPS)
    return KeyCode(KEY_CODES[semitone], kf)


def key_codes(
    notes: Sequence[float | str], clock: float = REFERENCE_CLOCK
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return what ``note`` returns, of many notes at once: key codes and fractions.

    Parameters
    ----------
    notes : sequence of (n,) float or str
    clock : float
        Master clock in Hz.

    Returns
    -------
    (n,) int64, (n,) int64

    Raises
    ------
    TypeError, ValueError
        As ``note`` says.
    """
    midi = np.array([_midi(each) for each in notes])
    steps = np.rint((midi - LOWEST - 12 * math.log2(positive("clock", clock) / REFERENCE_CLOCK)) * STEPS)
    # The first that is out of range, by the way that names it.
    for i in np.flatnonzero(~((steps >= 0) & (steps <= HIGHEST)))[:1]:
        note(notes[i], clock)
    semitone, fraction = np.divmod(steps.astype(np.int64), STEPS)
    return np.array(KEY_CODES)[semitone], fraction


def _midi(note: Any) -> float:
    """Return the MIDI number of a note given by number or name, or one as far outside; TypeError if it is neither."""
    if isinstance(note, str):
        return midi_number(note)
    # inf and 1e308 are out of range like any other note; the arithmetic behind this would overflow.
    return float(min(max(real("a MIDI number", note), -_FAR), _FAR))


def midi_number(name: str) -> int:
    """Return the MIDI number of a note's name such as ``"C#4"`` or ``"Bb3"``; ValueError if it is not one."""
    # [0-9], not \d, which takes the digits of all scripts; three of them, so that no name is a long number.
    parts = re.fullmatch("([A-Ga-g])(#|b|)(-?[0-9]{1,3})", name)
    if not parts:
        raise ValueError(f"expected a note such as C#4, got {name!r}")
    letter, sign, octave = parts.groups()
    return NOTES.index(letter.upper()) + {"#": 1, "b": -1, "": 0}[sign] + 12 * (int(octave) + 1)


def note_name(midi: int) -> str:
    """Return the name of a note: ``note``'s spelling, sharps only.

    Parameters
    ----------
    midi : int
        MIDI number, 69 = A4.

    Returns
    -------
    str
        For example ``"C#4"``.

    Raises
    ------
    TypeError, ValueError
        Not an integer, or further away than any clock takes the chip.
    """
    midi = integer("midi", midi, -_FAR, _FAR)
    return f"{NOTES[midi % 12]}{midi // 12 - 1}"


def midi_of(kc: int, kf: int = 0, clock: float = REFERENCE_CLOCK) -> float:
    """Return the MIDI number that a key code and fraction sound at a clock: ``note``'s inverse.

    Parameters
    ----------
    kc : int
        Key code, 0 to 127. The unused note codes 3, 7, 11, 15 sound as the next one, 7F as the highest pitch.
    kf : int
        Key fraction, 0 to 63, in 1/64 semitone.
    clock : float
        Master clock in Hz.

    Returns
    -------
    float
        69 = A4; the fraction is in semitones.

    Raises
    ------
    ValueError
        Key code or fraction out of range.
    """
    kc, kf = integer("kc", kc, 0, 127), integer("kf", kf, 0, STEPS - 1)
    # Less the unused codes below it. 3 becomes 3, as 4 does: an unused code sounds as the next one.
    code = kc & 15
    steps = ((kc >> 4) * 12 + code - code // 4) * STEPS + kf
    return LOWEST + min(steps, HIGHEST) / STEPS + 12 * math.log2(positive("clock", clock) / REFERENCE_CLOCK)


def hertz_of(midi: float) -> float:
    """Return the frequency of a MIDI number in Hz, equal temperament, 69 = 440 Hz."""
    return float(440 * 2 ** ((midi - 69) / 12))
