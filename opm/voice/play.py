"""Notes as bus events, many at a time: a voice's row, a pitch, and how long the key is held.

Each is played on a chip just reset.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .._check import real
from ..events import CHIP, MASTER_CLOCKS_PER_FRAME, Events, from_writes
from ..pitch import KF_SHIFT, REFERENCE_CLOCK, key_codes
from ..registers import KC, KF, KON, RL
from .table import ADDRESSES, NE, OF_CHIP, register_bytes

FOREVER = 2**40
"""Frames, seven months: a key held for inf is held so long, and cycles stay within 64 bits."""


class NoteEvents(NamedTuple):
    """A note as bus events on a chip just reset, and where its key goes down and up: what ``Voice.note`` returns."""

    events: Events
    """What ``opm.run`` and ``opm.trace`` take."""
    key_on: int
    """Frame in which the key-on is written."""
    key_off: int
    """Frame in which the key-off is written."""
    channel: int
    """Where the note sounds: 1, or 8 where the voice switches the noise on."""


class ManyNotes(NamedTuple):
    """Several notes, each on a chip of its own."""

    events: Events
    """One note's after the other's."""
    counts: npt.NDArray[np.int64]
    """How many events each has."""
    key_on: npt.NDArray[np.int64]
    key_off: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int64]


def play(
    values: npt.NDArray[np.uint8],
    sets_chip: Sequence[bool],
    pitches: Sequence[float | str],
    seconds: Sequence[float],
    clock: float = REFERENCE_CLOCK,
) -> ManyNotes:
    """Return notes as bus events, each from reset.

    A note takes channel 1, or 8 where its voice switches the noise on. The chip's registers that ``Voice.lfo`` gives
    come first, then the channel's and the slots', key code and fraction, and key-on; key-off comes when the key has
    been held for its time.

    Parameters
    ----------
    values : (n, 56) uint8
        The voices' rows, by ``COLUMNS``.
    sets_chip : (n,) bool
        Whether the chip's registers are written at all.
    pitches : sequence of (n,) float or str
        MIDI numbers or notes' names.
    seconds : sequence of (n,) float
        From key-on to key-off.
    clock : float
        Master clock in Hz.

    Returns
    -------
    ManyNotes

    Raises
    ------
    TypeError, ValueError
        A note is outside the chip's range, or a time is negative.
    """
    # The noise replaces C2 of channel 8 alone.
    channel = np.where(values[:, NE] == 1, 7, 0)
    kc, kf = key_codes(pitches, clock)
    # Key-on with the voice's operators, key-off with none; 08 has the channel in its low bits.
    keys = np.stack([kc, kf << KF_SHIFT, values[:, -1].astype(np.int64) << 3 | channel, channel], axis=1)
    data = np.concatenate([register_bytes(values), keys], axis=1)
    address = np.append(ADDRESSES, [KC, KF, KON, KON])
    # The chip's own registers are the same for all channels.
    address = address + (address >= RL) * channel[:, None]
    # One table for all notes, in which those without an LFO leave gaps: thousands at once, no loop in Python.
    written = np.ones(data.shape, bool)
    written[:, : len(OF_CHIP)] = np.array(sets_chip, bool)[:, None]
    start = CHIP.spacing * (np.cumsum(written, axis=1) - written)
    # The bus needs two frames for the key-on: a shorter note is lengthened to that.
    start[:, -1] = start[:, -2] + np.maximum(_frames(seconds, clock), CHIP.spacing)
    events = from_writes(start[written], address[written], data[written])
    return ManyNotes(events, 2 * written.sum(axis=1), start[:, -2], start[:, -1], channel + 1)


def _frames(seconds: Sequence[float], clock: float) -> npt.NDArray[np.int64]:
    """Return durations in frames; ValueError names one that is not a duration."""
    for each in seconds:
        if not real("a note's duration", each) >= 0:
            raise ValueError(f"a note's duration must be 0 s or more, got {each!r}")
    held = np.array([min(each, FOREVER) for each in seconds], float)
    return np.minimum(np.rint(held * (clock / MASTER_CLOCKS_PER_FRAME)), FOREVER).astype(np.int64)
