"""Voices as rows of numbers, and as register bytes, many at a time."""

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import integer, listed
from ..registers import DEPTHS, LFRQ, NOISE, PMS, RL, SLOT_BASES, WAVE, Bits, rows
from ..state import OPERATORS
from .voice import Operator, Voice, checked_voices

_AMD, _PMD = rows(DEPTHS)
_NE, _NFRQ = rows(NOISE)
_Fields = list[tuple[int, tuple[Bits, ...]]]
OF_CHIP: _Fields = [
    (LFRQ, rows(LFRQ)),
    (DEPTHS, (_AMD,)),
    (DEPTHS, (_PMD,)),
    (WAVE, rows(WAVE)[-1:]),
    (NOISE, (_NFRQ, _NE)),
]
"""Registers of the whole chip and their fields, in the order of ``Voice.lfo``."""
_OF_CHANNEL: _Fields = [(base, rows(base)) for base in (RL, PMS)]
_OF_SLOT: _Fields = [(base, rows(base)) for base in SLOT_BASES]
_OF_SLOTS: _Fields = [(base + first, fields) for first in OPERATORS.values() for base, fields in _OF_SLOT]
_REGISTERS = [*OF_CHIP, *_OF_CHANNEL, *_OF_SLOTS]
ADDRESSES = np.array([base for base, _ in _REGISTERS])
"""(33,): registers of the chip, then those of channel 1 and of its slots."""


def _keys(registers: _Fields) -> list[str]:
    return [bits.key for _, fields in registers for bits in fields]


COLUMNS = (
    *_keys(OF_CHIP),
    *_keys(_OF_CHANNEL),
    *(f"{operator} {key}" for operator in OPERATORS for key in _keys(_OF_SLOT)),
    "slots",
)
"""What the columns of ``parameters`` hold: ``lfrq``, ``con``, ``M1 tl`` ..."""
NE = COLUMNS.index("ne")
_LFO, _CHANNEL, _SLOT = (len(_keys(registers)) for registers in (OF_CHIP, _OF_CHANNEL, _OF_SLOT))
_LOW = np.array([bits.low for _, fields in _REGISTERS for bits in fields])
_MOST = [*(bits.most for _, fields in _REGISTERS for bits in fields), 15]
_FIRST = np.cumsum([0, *(len(fields) for _, fields in _REGISTERS)])[:-1]
_SIDE = np.array([max(fields[0].when, 0) << 7 for _, fields in _REGISTERS])
"""Bit 7 of register 19 says which of its two fields is meant."""
_channel_values: Any = attrgetter(*_keys(_OF_CHANNEL))
_slot_values: Any = attrgetter(*_keys(_OF_SLOT))


def parameters(voices: Sequence[Voice]) -> npt.NDArray[np.uint8]:
    """Return voices as rows of numbers.

    Parameters
    ----------
    voices : sequence of Voice

    Returns
    -------
    (n, 56) uint8
        By ``COLUMNS``; the LFO's are 0 where a voice has none.

    Raises
    ------
    TypeError
        They are not voices.
    """
    rows = [
        [
            *(voice.lfo or (0,) * _LFO),
            *_channel_values(voice),
            *chain.from_iterable(map(_slot_values, voice.ops)),
            voice.slots,
        ]
        for voice in checked_voices(voices)
    ]
    return np.frombuffer(b"".join(map(bytes, rows)), np.uint8).reshape(len(rows), len(COLUMNS))


def voice_of(values: Sequence[int] | npt.NDArray[Any], name: str = "") -> Voice:
    """Return the voice of a row: ``parameters``' inverse.

    Parameters
    ----------
    values : (56,) int
    name : str

    Returns
    -------
    Voice
        Without an LFO if all its values are 0.

    Raises
    ------
    TypeError, ValueError
        They are not 56 integers that fit their registers.
    """
    values = listed("values", values, f"{len(COLUMNS)} integers")
    if len(values) != len(COLUMNS):
        raise ValueError(f"expected {len(COLUMNS)} values, got {len(values)}")
    numbers = [integer(*each) for each in zip(COLUMNS, values, (0,) * len(COLUMNS), _MOST, strict=True)]
    lfo, own, rest = numbers[:_LFO], numbers[_LFO : _LFO + _CHANNEL], numbers[_LFO + _CHANNEL :]
    keys = _keys(_OF_SLOT)
    ops = [dict(zip(keys, rest[first : first + _SLOT], strict=True)) for first in range(0, len(rest) - 1, _SLOT)]
    return Voice(
        name,
        **dict(zip(_keys(_OF_CHANNEL), own, strict=True)),
        slots=rest[-1],
        ops=tuple(Operator(**op) for op in ops),
        lfo=tuple(lfo) if any(lfo) else None,
    )


def register_bytes(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return what voices write to the registers.

    Parameters
    ----------
    values : (n, 56) uint8
        As ``parameters`` gives them.

    Returns
    -------
    (n, 33) int64
        By ``ADDRESSES``.
    """
    written: npt.NDArray[np.int64] = np.add.reduceat(values[:, :-1] << _LOW, _FIRST, axis=1) + _SIDE
    return written
