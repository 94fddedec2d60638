"""What chips of square waves share: they are run from one audible edge to the next, not sample by sample."""

import numpy as np

from .._jit import block

NEVER = 1 << 30
"""Samples to the next edge of a wave that nobody hears: beyond the end of any block."""


@block
def fill(out, start, end, left, right):
    """Hold a level. An unsigned index cannot count from the end: without that check these become wide stores."""
    for i in range(np.uint64(start), np.uint64(end)):
        out[i, 0], out[i, 1] = left, right
