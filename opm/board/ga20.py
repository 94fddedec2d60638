"""GA20, Irem: four voices of 8-bit samples from a ROM; a byte of 0 ends a sample.

======  ===============================================================================================================
0, 1    start of voice 1, in 16 bytes: low, high
2, 3    its end, which nothing is known to use
4       its pitch: 256 - the byte are ticks from byte to byte, taken when the next begins
5       its level: x / (x + 10)
6       ``------k-`` 1 = start, 0 = stop
7       (read only)
8-31    the same of voices 2 to 4
======  ===============================================================================================================

A tick is a quarter of the clock, 895 kHz on a board with the YM2151's crystal. What changes with a tick is a staircase:
a sample here is the mean of 16 ticks, exactly, which makes a 64th of the clock, the YM2151's own rate on such a board.

Memory: the ROM. No options.

Source: libvgm d4a07d0, emu/cores/iremga20.c (MAME's, without interpolation), read and compared: each sample is the mean
of 16 of its own before their last shift by two bits, then shifted.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry
from ..state import SIGNED, Fields
from .edges import fill
from .record import in_order

TITLE = "GA20"
TICKS = 16
"""Ticks of a sample."""

# fmt: off
FIELDS = Fields.of(
    # name           bits count meaning
    ("start",          16,  4, "where a start begins, in 16 bytes"),
    ("pitch",           8,  4, "256 - the ticks from byte to byte"),
    ("level",           8,  4, "256 x / (x + 10) of the byte x written"),
    ("playing",         1,  4, "the voice sounds"),
    ("position",       31,  4, "byte of the memory that sounds now"),
    ("value",           8,  4, "that byte, its middle at 0", SIGNED),
    ("counter",         8,  4, "counts ticks up; the next byte begins when it overflows"),
)
# fmt: on


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return the samples per second: a 64th of the clock, 16 ticks."""
    return Fraction(clock, 4 * TICKS)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """All is 0 after a reset."""


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return each start; its number is where it begins in the ROM."""
    return in_order(_started(rows))


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield row, voice and start of each."""
    start, register = [0] * 4, rows["address"] & 7
    matters = np.flatnonzero((register < 2) | (register == 6) & (rows["data"] & 2 > 0))
    chosen = rows[matters]
    for row, address, data in zip(matters.tolist(), chosen["address"].tolist(), chosen["data"].tolist(), strict=True):
        voice, register = address >> 3 & 3, address & 7
        if register < 2:
            start[voice] = start[voice] & 0xFF00 >> register * 8 | (data & 0xFF) << register * 8
        else:
            yield row, voice, start[voice] << 4


@block
def write(s, address, data, memory):
    """Take a write; the registers are there again and again."""
    voice, register, data = address >> 3 & 3, address & 7, data & 0xFF
    if register == 0:
        s.start[voice] = s.start[voice] & 0xFF00 | data
    elif register == 1:
        s.start[voice] = s.start[voice] & 0xFF | data << 8
    elif register == 4:
        s.pitch[voice] = data
    elif register == 5:
        # In 256ths, cut off as in the reference: 255 gives 246.
        s.level[voice] = data * 256 // (data + 10)
    elif register == 6 and data & 2:
        # The pitch that stands counts for the first byte; one written later waits for the next.
        s.position[voice], s.counter[voice] = s.start[voice] << 4, s.pitch[voice]
        fetch(s, voice, memory)
    elif register == 6:
        s.playing[voice] = 0


@block
def fetch(s, voice, memory):
    """Take a byte; 0 is the end, and so is the memory's."""
    position = s.position[voice]
    byte = np.int64(memory[position]) if position < len(memory) else 0
    s.playing[voice] = 1 if byte else 0
    # At the end the value stays: nothing reads it until a start.
    if byte:
        s.value[voice] = byte - 128


@block
def play(s, voice, memory, out, start, end):
    """Add the sum of a voice's ticks to each sample."""
    level, value, left = s.level[voice], s.value[voice], 256 - s.counter[voice]
    for i in range(np.uint64(start), np.uint64(end)):
        total, ticks = 0, TICKS
        while left <= ticks and s.playing[voice]:
            total += value * left
            ticks -= left
            # A snapshot may hold the highest position: it wraps to the ROM's start. Negative it would be fetched 2 GiB
            # before the ROM.
            s.position[voice] = s.position[voice] + 1 & 0x7FFFFFFF
            fetch(s, voice, memory)
            value, left = s.value[voice], 256 - s.pitch[voice]
        if not s.playing[voice]:
            out[i, 0] += total * level
            break
        out[i, 0] += (total + value * ticks) * level
        left -= ticks
    s.counter[voice] = 256 - left & 0xFF


@block
def stretch(s, memory, out, start, end):
    """Make the samples between two writes."""
    fill(out, start, end, 0, 0)
    for voice in range(4):
        if s.playing[voice]:
            play(s, voice, memory, out, start, end)
    for i in range(np.uint64(start), np.uint64(end)):
        # Four bits for the mean of 16 ticks, two that the reference drops behind its sum.
        out[i, 0] = out[i, 1] = out[i, 0] >> 6


@entry
def run(state, memory, writes, out):
    """Make len(out) samples."""
    s, at = state[0], 0
    for i in range(len(writes) + 1):
        until = min(writes["sample"][i], len(out)) if i < len(writes) else len(out)
        if until > at:
            stretch(s, memory, out, at, until)
            at = until
        if i < len(writes):
            write(s, writes["address"][i], writes["data"][i], memory)
