"""What every chip of a board is made of: the writes it takes, and what strikes a sound in it."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

WRITE = np.dtype([("sample", np.int64), ("address", np.int32), ("data", np.int32)], align=True)
"""numpy.dtype of a write that a core takes: before which of its samples, from 0; address; data."""
STRIKE = np.dtype([("row", np.int64), ("channel", np.int32), ("number", np.int32)])
"""numpy.dtype of a sound struck: which write does it; the channel, from 0; the number of the sound.

That is where it begins in memory, as the registers say it, the bank before it (for a feeder: its offset); of a chip
that knows its sounds by numbers the number; -1 for a tone, and for sound that comes byte by byte.
"""
# 4 million key-ons in a VGM of 14 MB took 30 s and 3.4 GB as rows of Python's own.
MOST_STRUCK = 100_000
"""Sounds that are looked for in a song: an hour of 28 a second."""


def in_order(found: Iterable[tuple[int, int, int]]) -> npt.NDArray[Any]:
    """Return sounds struck as ``STRIKE``, from row, channel and number in the order of their rows."""
    return np.fromiter(islice(found, MOST_STRUCK), STRIKE)


def tones(found: Iterable[tuple[npt.NDArray[Any], int]]) -> npt.NDArray[Any]:
    """Return sounds without a number as ``STRIKE``, from the rows that strike them on each channel."""
    tables = []
    for rows, channel in found:
        table = np.empty(min(len(rows), MOST_STRUCK), STRIKE)
        table["row"], table["channel"], table["number"] = rows[:MOST_STRUCK], channel, -1
        tables.append(table)
    struck = np.concatenate(tables)
    # By row, then channel: what falls on one row has the same order in each run.
    return struck[np.lexsort((struck["channel"], struck["row"]))][:MOST_STRUCK]
