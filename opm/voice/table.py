"""A voice as a row of numbers, and as register bytes: all from the register map."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..registers import DEPTHS, KON, LFRQ, NOISE, PMS, RL, SLOT_BASES, WAVE, Bits, rows
from ..state import OPERATORS

KEY_ORDER = tuple(bits.name for bits in rows(KON) if bits.field == "kon_operator")
"""M1, C1, M2, C2: operators by their key bits in register 08, and as most programs list them."""
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
"""(33,): registers of the chip, then those of channel 1 and of its slots. 19 stands twice, for AMD and PMD."""


def _keys(registers: _Fields) -> tuple[str, ...]:
    return tuple(bits.key for _, fields in registers for bits in fields)


LFO, CHANNEL, SLOT = (_keys(registers) for registers in (OF_CHIP, _OF_CHANNEL, _OF_SLOT))
"""Fields of the chip that a voice may set, of its channel, and of each of its operators, in the order of a row."""
COLUMNS = (*LFO, *CHANNEL, *(f"{operator} {key}" for operator in OPERATORS for key in SLOT), "slots")
"""What the columns of ``parameters`` hold: ``lfrq``, ``con``, ``M1 tl`` ..."""
NE = COLUMNS.index("ne")
MOST = (*(bits.most for _, fields in _REGISTERS for bits in fields), 15)
"""The largest value of each column."""
_LOW = np.array([bits.low for _, fields in _REGISTERS for bits in fields])
_FIRST = np.cumsum([0, *(len(fields) for _, fields in _REGISTERS)])[:-1]
_SIDE = np.array([max(fields[0].when, 0) << 7 for _, fields in _REGISTERS])
"""Bit 7 of register 19 says which of its two fields is meant."""


def register_bytes(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return what voices write to the registers.

    Parameters
    ----------
    values : (n, 56) uint8
        Rows by ``COLUMNS``.

    Returns
    -------
    (n, 33) int64
        By ``ADDRESSES``.
    """
    # A register's fields share no bit, so adding them is or-ing them.
    written: npt.NDArray[Any] = np.add.reduceat(values[:, :-1] << _LOW, _FIRST, axis=1) + _SIDE
    return written
