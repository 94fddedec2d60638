"""The 4-bit ADPCM of OKI's chips: a nibble is a sign and three bits of a step, whose size it changes for the next.

Source: libvgm's okiadpcm.c (from MAME, as checked out November 2026), which the chips that use this are compared with.
"""

import numpy as np

from .._jit import block

LAST = 48
"""The largest step's number."""


def _changes():
    """Return what each nibble adds, 16 for each step; six bits of step are safe to look up."""
    changes = np.zeros((64, 16), np.int32)
    for step in range(LAST + 1):
        size = 16 * 11**step // 10**step
        for nibble in range(16):
            whole, half, quarter = nibble >> 2 & 1, nibble >> 1 & 1, nibble & 1
            change = size * whole + size // 2 * half + size // 4 * quarter + size // 8
            changes[step, nibble] = -change if nibble & 8 else change
    return changes


CHANGE = _changes()


SHIFT = np.array([-1, -1, -1, -1, 2, 4, 6, 8], np.int32)
"""By a nibble's low bits: how far the step goes for the next one."""


@block
def stepped(step, nibble):
    """Return the step's number for the next nibble."""
    return min(max(step + SHIFT[nibble & 7], 0), LAST)
