"""The ADPCM of OKI's chips: a nibble is a sign and three bits, which multiply a step's size and choose the next step.

There are 49 steps, each a tenth larger than the one before. Which half of a byte is played first is up to the chip.

Source: libvgm d4a07d0, emu/cores/okiadpcm.c and okim6258.c (from MAME), and portable_mdx 2429db3, src/x68sound: their
tables, made anew; the cores that use them are compared.
"""

import numpy as np

LAST_STEP = 48
_SHIFT = (-1, -1, -1, -1, 2, 4, 6, 8)


def _difference(step: int, nibble: int) -> int:
    """Return what a nibble adds at a step. Each part of the size is cut off by itself."""
    size: int = 16 * 11**step // 10**step
    # An eighth always, so that a nibble of 0 moves the signal, too.
    parts = size // 8 + sum(size >> shift for shift in range(3) if nibble & 4 >> shift)
    return -parts if nibble & 8 else parts


_STEPS = [min(step, LAST_STEP) for step in range(64)]
DIFFERENCE = np.array([[_difference(step, nibble) for nibble in range(16)] for step in _STEPS], np.int32)
"""By step and nibble. A step has 6 bits, those above the last are like it."""
NEXT_STEP = np.array(
    [[min(max(step + _SHIFT[nibble & 7], 0), LAST_STEP) for nibble in range(16)] for step in _STEPS], np.int32
)
"""By step and nibble."""
