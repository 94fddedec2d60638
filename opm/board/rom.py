"""What the chips that play samples from a ROM have in common: how they read it, and how a sound of it is numbered."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block
from .record import in_order


@block
def address_lines(memory):
    """Return the mask of the address lines that reach all of a ROM: what lies beyond them is the ROM once more."""
    mask = max(np.int64(len(memory)) - 1, 0)
    for shift in (1, 2, 4, 8, 16):
        mask |= mask >> shift
    return mask


@block
def byte(memory, lines, address):
    """Return the byte at an address; 0 where the lines reach further than the ROM."""
    place = address & lines
    return np.int64(memory[place]) if place < len(memory) else 0


@block
def signed_byte(memory, lines, address):
    """Return the byte at an address as a two's complement number."""
    return (byte(memory, lines, address) ^ 0x80) - 0x80


def strikes(found: Iterable[tuple[int, int, int]]) -> npt.NDArray[Any]:
    """Return sounds struck as ``STRIKE``, from their row, channel and start; the starts are numbered in order."""
    struck = in_order(found)
    struck["number"] = np.unique(struck["number"], return_inverse=True)[1]
    return struck
