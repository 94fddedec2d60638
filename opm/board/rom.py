"""What the chips that play samples from memory have in common: how they read it."""

import numpy as np

from .._jit import block

HIGHEST = 2**31 - 1
"""The highest place: a transfer that reaches it stays there."""


@block
def byte_at(memory, place):
    """Return the byte of a place; 0 where there is no memory."""
    # Widened: without the compiler a uint8 shifted to the left stays in its eight bits (NumPy 2).
    return np.int64(memory[place]) if 0 <= place < len(memory) else 0


@block
def address_lines(memory):
    """Return the mask of the address lines that reach all of a ROM: what lies beyond them is the ROM once more."""
    # The top bit spread downwards gives a power of two less one; an empty ROM has no lines.
    mask = max(np.int64(len(memory)) - 1, 0)
    for shift in (1, 2, 4, 8, 16):
        mask |= mask >> shift
    return mask


@block
def byte(memory, lines, address):
    """Return the byte at an address; 0 where the lines reach further than the ROM."""
    return byte_at(memory, address & lines)


@block
def signed_byte(memory, lines, address):
    """Return the byte at an address as a two's complement number."""
    return (byte(memory, lines, address) ^ 0x80) - 0x80
