"""Notes as bus events, many at a time: a voice, a pitch and how long the key is held, each on a chip just reset."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .._check import real
from ..events import CHIP, REFERENCE_RATE, Events, from_writes
from ..pitch import KF_SHIFT, key_codes
from ..registers import KC, KF, KON, RL
from .parameters import ADDRESSES, NE, OF_CHIP, parameters, register_bytes
from .voice import Voice

FOREVER = 2**40
"""Frames that nobody waits for."""


def events_of_notes(notes: Sequence[tuple[Voice, float | str, float]]) -> tuple[Events, npt.NDArray[np.int64]]:
    """Return the bus events that play notes, each from reset and at the reference clock.

    A note takes channel 1, or 8 where its voice switches the noise on. The chip's registers that ``Voice.lfo`` gives
    come first, then the channel's and the slots', key code and fraction, and key-on; key-off comes when the key has
    been held for its time.

    Parameters
    ----------
    notes : sequence of (Voice, float or str, float)
        A voice, a MIDI number or a note's name, and seconds from key-on to key-off.

    Returns
    -------
    events : (n,) EVENT
        One note's after the other's.
    counts : (len(notes),) int64
        How many each has.

    Raises
    ------
    TypeError, ValueError
        A value does not fit its register, the note is outside the chip's range, or the time is negative.
    """
    voices = [voice for voice, _, _ in notes]
    values = parameters(voices)
    channel = np.where(values[:, NE] == 1, 7, 0)
    kc, kf = key_codes([midi for _, midi, _ in notes])
    keys = np.stack([kc, kf << KF_SHIFT, values[:, -1].astype(np.int64) << 3 | channel, channel], axis=1)
    data = np.concatenate([register_bytes(values), keys], axis=1)
    address = np.append(ADDRESSES, [KC, KF, KON, KON])
    address = address + (address >= RL) * channel[:, None]
    written = np.ones(data.shape, bool)
    written[:, : len(OF_CHIP)] = np.array([voice.lfo is not None for voice in voices])[:, None]
    start = CHIP.spacing * (np.cumsum(written, axis=1) - written)
    start[:, -1] = start[:, -2] + np.maximum(_frames([seconds for _, _, seconds in notes]), CHIP.spacing)
    return from_writes(start[written], address[written], data[written]), 2 * written.sum(axis=1)


def _frames(seconds: list[float]) -> npt.NDArray[np.int64]:
    """Return durations in frames; ValueError names one that is none."""
    for each in seconds:
        if not real("a note's duration", each) >= 0:
            raise ValueError(f"a note's duration must be 0 s or more, got {each!r}")
    held = np.array([min(each, FOREVER) for each in seconds], float)
    return np.minimum(np.rint(held * REFERENCE_RATE), FOREVER).astype(np.int64)
