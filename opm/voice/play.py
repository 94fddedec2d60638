"""Notes as bus events, many at a time: a voice, a pitch and how long the key is held, each on a chip just reset."""

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import integer
from ..events import CHIP, MASTER_CLOCKS_PER_FRAME, Events, from_writes
from ..pitch import REFERENCE_CLOCK, note
from ..registers import DEPTHS, KC, KF, KON, LFRQ, NOISE, PMS, RL, SLOT_BASES, WAVE, Bits, rows
from ..state import OPERATORS

RATE = REFERENCE_CLOCK / MASTER_CLOCKS_PER_FRAME
"""Frames per second."""
FOREVER = 2**40
"""Frames that nobody waits for."""
_AMD, _PMD = rows(DEPTHS)
_NE, _NFRQ = rows(NOISE)
_OF_CHIP = [(LFRQ, rows(LFRQ)), (DEPTHS, (_AMD,)), (DEPTHS, (_PMD,)), (WAVE, rows(WAVE)[-1:]), (NOISE, (_NFRQ, _NE))]
"""Registers of the whole chip and their fields, in the order of ``Voice.lfo``."""
_OF_CHANNEL = [(base, rows(base)) for base in (RL, PMS)]
_OF_SLOT = [(base, rows(base)) for base in SLOT_BASES]
_OF_SLOTS = [(base + first, fields) for first in OPERATORS.values() for base, fields in _OF_SLOT]
_REGISTERS = [*_OF_CHIP, *_OF_CHANNEL, *_OF_SLOTS]
_BITS: list[Bits] = [bits for _, fields in _REGISTERS for bits in fields]
_LOW, _MOST = (np.array([getattr(bits, name) for bits in _BITS]) for name in ("low", "most"))
_FIRST = np.cumsum([0, *(len(fields) for _, fields in _REGISTERS)])[:-1]
"""Where each register's fields begin among all values."""
_channel_values: Any = attrgetter(*(bits.key for _, fields in _OF_CHANNEL for bits in fields))
_slot_values: Any = attrgetter(*(bits.key for _, fields in _OF_SLOT for bits in fields))
_NO_LFO = (0,) * sum(len(fields) for _, fields in _OF_CHIP)


def events_of_notes(notes: Sequence[tuple[Any, float | str, float]]) -> tuple[Events, npt.NDArray[np.int64]]:
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
    values = _values(voices)
    noisy = values[:, len(_NO_LFO) - 1] == 1
    channel = np.where(noisy, 7, 0)[:, None]
    pitch = np.array([note(midi) for _, midi, _ in notes], np.int64).reshape(-1, 2)
    slots = np.array([integer("slots", voice.slots, 0, 15) for voice in voices], np.int64)
    data = np.add.reduceat(values << _LOW, _FIRST, axis=1)
    data[:, 2] |= 0x80  # the phase depth
    played = np.stack([pitch[:, 0], pitch[:, 1] << 2, slots << 3 | channel[:, 0], channel[:, 0]], axis=1)
    address = np.array([base for base, _ in _REGISTERS] + [KC, KF, KON, KON])
    moves = (address >= RL) * channel
    wanted = np.ones((len(notes), len(address)), bool)
    wanted[:, : len(_OF_CHIP)] = np.array([voice.lfo is not None for voice in voices])[:, None]
    start = CHIP.spacing * (np.cumsum(wanted, axis=1) - wanted)
    start[:, -1] = start[:, -2] + np.maximum(_frames([seconds for _, _, seconds in notes]), CHIP.spacing)
    events = from_writes(start[wanted], (address + moves)[wanted], np.concatenate([data, played], axis=1)[wanted])
    return events, 2 * wanted.sum(axis=1)


def _values(voices: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Return what the fields hold, a row for each voice; TypeError or ValueError names a value that does not fit."""
    listed = [
        [*(voice.lfo or _NO_LFO), *_channel_values(voice), *chain.from_iterable(map(_slot_values, voice.ops))]
        for voice in voices
    ]
    for row in listed:
        if len(row) != len(_BITS):
            raise ValueError(f"expected {len(_NO_LFO)} values of the LFO and {len(OPERATORS)} operators")
    try:
        values = np.frombuffer(b"".join(map(bytes, listed)), np.uint8).reshape(len(listed), len(_BITS))
        fit = bool((values <= _MOST).all())
    except (TypeError, ValueError):  # bytes takes integers from 0 to 255
        fit = False
    if not fit:
        for row in listed:
            for bits, value in zip(_BITS, row, strict=True):
                integer(bits.key, value, 0, bits.most)
    return values.astype(np.int64)


def _frames(seconds: list[float]) -> npt.NDArray[np.int64]:
    """Return durations in frames; ValueError names one that is none."""
    for each in seconds:
        if not each >= 0:
            raise ValueError(f"a note's duration must be 0 s or more, got {each!r}")
    return np.minimum(np.rint(np.array(seconds, float) * RATE), FOREVER).astype(np.int64)
