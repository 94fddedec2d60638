"""What every chip of a board is made of: the writes it takes, and what strikes a sound in it."""

import numpy as np

WRITE = np.dtype([("sample", np.int64), ("address", np.int32), ("data", np.int32)], align=True)
"""numpy.dtype of a write that a core takes: before which of its samples, from 0; address; data."""
STRIKE = np.dtype([("row", np.int64), ("channel", np.int32), ("number", np.int32)])
"""numpy.dtype of a sound struck: which write does it; the channel, from 0; the number of the sound.

That is where it begins in memory, as the registers say it, the bank before it (for a feeder: its offset); of a chip
that knows its sounds by numbers the number; -1 for a tone, and for sound that comes byte by byte.
"""
