"""DAC over a span: what is asked for is rounded as it is stored."""

import numpy as np

from .._jit import block, outline
from ..bits import i32
from ..cycle.dac import rounded
from ..state import LEFT, RIGHT
from .record import ORIGIN

u64 = np.uint64


@outline
def store(write, first, step, out):
    """Both sides as the DAC rounds them, of the frames that are asked for; each, or some."""
    pairs = out.view(i32)
    # Two loops, since only one whose step is known goes abreast. Nearly all callers want every frame.
    if step == 1:
        for i in range(out.shape[0]):
            pairs[i, 0] = pair(write, first + i)
    else:
        for i in range(out.shape[0]):
            pairs[i, 0] = pair(write, first + i * step)


@block
def pair(write, t):
    """Left and right of a frame as one word."""
    left, right = rounded(write.dac[LEFT, u64(t + ORIGIN - 3)]), rounded(write.dac[RIGHT, u64(t + ORIGIN - 2)])
    return i32(i32(left & i32(0xFFFF)) | i32(right << i32(16)))
