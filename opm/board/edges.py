"""From edge to edge: what chips of square waves share. They are run from one change of what is heard to the next."""

import numpy as np

from .._jit import block

NEVER = 1 << 30
"""In so many samples the next edge is due of what nobody hears: beyond the end of any block."""


@block
def fill(out, start, end, left, right):
    """Hold a level. An unsigned index cannot count from the end: without that check these become wide stores."""
    for i in range(np.uint64(start), np.uint64(end)):
        out[i, 0], out[i, 1] = left, right
