"""Words of so many bits, as the chip's registers and adders hold them: what the kernels of all three engines share."""

import numpy as np

from ._jit import block

i32 = np.int32
"""Around each step of a loop over slots or frames: wider integers would halve how many of them LLVM takes abreast."""


@block
def pick(condition, yes, no):
    """Choose between two values that are both there: a select, where ``if`` would keep slots from going abreast."""
    return yes if condition else no


@block
def signed(value, width):
    """Return the lowest bits of a value as two's complement."""
    top = 1 << (width - 1)
    return ((value + top) & (2 * top - 1)) - top


@block
def wrapped(word):
    """Return a 32-bit pattern as int32.

    In two steps: to Numba 1 << 31 is a 64-bit number, and NumPy without the compiler refuses to store it.
    """
    low = word & 0x7FFFFFFF
    return low - 0x40000000 - 0x40000000 if (word >> 31) & 1 else low


@block
def reversed_bits(word, width):
    """Return the lowest bits of a word, last first: serial registers of the LFO and the DAC shift the other way."""
    result = 0
    for i in range(width):
        result |= ((word >> i) & 1) << (width - 1 - i)
    return result
