"""Snapshots of both chips, as lists of chunks: the header, the state, the queued events one by one."""

import functools
from random import Random

import numpy as np

from opm import EVENT, STATE
from opm.chip import YM2151, new_chip

from .songs import Chunks, register

HEADER = 40
VARIANTS = 12


@functools.cache
def _running(name: str, variant: int) -> YM2151:
    """Return a chip in the middle of something."""
    chip, r = new_chip(name), Random(variant)
    for _ in range(4 * variant):
        chip.write_register(*register(r))
    chip.generate(6 * variant)
    chip.step(7 * (variant % 3))
    return chip


def snapshot(name: str, r: Random) -> Chunks:
    """Draw a snapshot of a chip, with writes in its queue."""
    chip = new_chip(name)
    chip.load(_running(name, r.randrange(VARIANTS)).save())
    for _ in range(r.choice((0, 1, 5))):
        chip.write_register(*register(r))
    saved = chip.save()
    end = HEADER + STATE.itemsize
    size = EVENT.itemsize
    return [saved[:HEADER], saved[HEADER:end], *(saved[at : at + size] for at in range(end, len(saved), size))]


def ym2151(r: Random) -> Chunks:
    """Draw a snapshot of a YM2151."""
    return snapshot("ym2151", r)


def ym2164(r: Random) -> Chunks:
    """Draw a snapshot of a YM2164."""
    return snapshot("ym2164", r)


def outside(words: np.ndarray) -> np.ndarray:
    """Return which words of a state are wider than its table says."""
    return (words < LOW) | (words > HIGH)


def _limits() -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest value of every word of a state."""
    from opm.state import FIELDS

    low = [-(1 << field.bits - 1) if field.signed else -(2**31) * (field.bits >= 32) for field in FIELDS]
    high = [(1 << field.bits - field.signed) - 1 for field in FIELDS]
    counts = [field.count for field in FIELDS]
    return np.repeat(np.array(low, np.int64), counts), np.repeat(np.array(high, np.int64), counts)


LOW, HIGH = _limits()
