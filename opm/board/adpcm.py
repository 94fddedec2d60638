"""OKI's ADPCM, as the X68000's chip and its software play it: differences of 4 bits, and how a sound is numbered.

A difference is sign and three bits times a step's size; the same three bits choose the next of 49 steps, each a tenth
larger than the one before. Two differences stand in a byte, the first in its low half.

Source: libvgm emu/cores/okim6258.c and portable_mdx src/x68sound (November 2026): their tables, regenerated here and
held against them by the cores that use them.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block
from .record import MOST_STRUCK, in_order

LAST_STEP = 48
_CHANGE = (-1, -1, -1, -1, 2, 4, 6, 8)


def _difference(step: int, nibble: int) -> int:
    """Return what a nibble adds at a step: each part of the size is cut off by itself."""
    size: int = 16 * 11**step // 10**step
    parts = size // 8 + sum(size >> shift for shift in range(3) if nibble & 4 >> shift)
    return -parts if nibble & 8 else parts


_STEPS = [min(step, LAST_STEP) for step in range(64)]
DIFFERENCE = np.array([[_difference(step, nibble) for nibble in range(16)] for step in _STEPS], np.int32)
"""By step and nibble. A step has 6 bits, those above the last are like it."""
NEXT_STEP = np.array(
    [[min(max(step + _CHANGE[nibble & 7], 0), LAST_STEP) for nibble in range(16)] for step in _STEPS], np.int32
)
"""By step and nibble."""
HIGHEST = 2**31 - 1


@block
def byte(memory, place):
    """Return the byte of a place; 0 where there is no memory."""
    return np.int64(memory[place]) if 0 <= place < len(memory) else 0


@block
def behind(place):
    """Return the next place; the highest one stays."""
    return min(place + 1, HIGHEST)


def strikes(found: Iterable[tuple[int, int, int | None]]) -> npt.NDArray[Any]:
    """Return sounds struck as ``STRIKE``, from row, channel and offset: numbered by their order, or -1 for None."""
    sounds = [*islice(found, MOST_STRUCK)]
    offsets = sorted({offset for _, _, offset in sounds if offset is not None})
    numbers: dict[int | None, int] = {offset: number for number, offset in enumerate(offsets)}
    return in_order((row, channel, numbers.get(offset, -1)) for row, channel, offset in sounds)
