"""MSM5205, and its successor MSM6585: one voice of 4-bit (or 3-bit) ADPCM that a program feeds nibble by nibble.

Source: libvgm d4a07d0, emu/cores/msm5205.c (by eito, cam900, Valley Bell and Mao, after MAME), read and compared
sample by sample.

=======  ==============================================================================================
address  write
=======  ==============================================================================================
00       reset pin: not 0 is silence and empties the queue; a change clears the signal
01       a nibble, through a queue of 7
02       VCK pin: bit 0 changed and a byte not 0 plays a nibble, if both pins S are 1 (MSM5205 only)
04       pins S1 (bit 0) and S2 (bit 1): a step is 96, 64, 48 clocks or is made by VCK; MSM6585: 160, 80, 40, 20
05       4-bit pin: 0 takes three bits of each nibble, else four
=======  ==============================================================================================

The chip makes a sample each step; here a sample is 16 clocks (MSM6585: 20), so that all are equal samples, and the
first step comes at once. With an empty queue the signal stays.

Options, of a VGM file's header: ``prescaler`` (bits 0-1 of the byte at D7) the pins S, ``bits`` 4 or 3 (bit 2 of that
byte, 0 for 3) to a nibble, ``msm6585`` (bit 31 of the clock) 1 for that chip.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry
from ..state import SIGNED, Fields
from .oki import DIFFERENCE, NEXT_STEP
from .record import in_order

TITLE = "MSM5205"
BY_VCK = 3
"""The pins S of a MSM5205 whose steps VCK makes."""
STEPS = np.array([[6, 4, 3, 1], [8, 4, 2, 1]], np.int32)
"""Samples of ours in a step, by chip and pins S."""
FIELDS = Fields.of(
    "wiring and pins",
    ("msm6585", 1, 1, "the chip is a MSM6585"),
    ("prescaler", 2, 1, "pins S1 (bit 0) and S2 (bit 1)"),
    ("four", 1, 1, "4-bit pin: a nibble has four bits, not three"),
    ("reset", 8, 1, "reset pin: not 0 is silence"),
    ("vck", 8, 1, "VCK pin, as written"),
    "queue",
    ("queue", 4, 8, "nibbles that wait"),
    ("queue_read", 3, 1, "place of the next to take"),
    ("queue_write", 3, 1, "place behind the last"),
    "voice",
    ("wait", 4, 1, "samples until the next step"),
    ("signal", 12, 1, "sample, 12 bits", SIGNED),
    ("step", 6, 1, "number of the step, 0-48"),
    ("output", 16, 1, "sample of the last step", SIGNED),
)


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: the clock by 16, of a MSM6585 by 20, which divide all their steps."""
    return Fraction(clock, 20 if options.get("msm6585", 0) else 16)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set the pins as they are wired."""
    state.msm6585 = options.get("msm6585", 0) != 0
    state.prescaler = options.get("prescaler", 0) & 3
    state.four = options.get("bits", 4) != 3
    # The reference's power up; a reset sets 0.
    state.signal = -2


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what begins a sound: the first nibble after a reset or power up."""
    return in_order(_started(rows))


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    held, fresh = False, True
    for row, (address, data) in enumerate(zip(rows["address"].tolist(), rows["data"].tolist(), strict=True)):
        if address == 0:
            held = data & 0xFF != 0
            fresh |= held
        elif address == 1 and fresh and not held:
            yield row, 0, -1
            fresh = False


@block
def play(s):
    """Play the next nibble, if there is one; the signal leaks by 11/256 each time."""
    if s.queue_read == s.queue_write:
        return
    # The lower three bits, one place up: their sign comes to where a nibble has it, the smallest part is 0.
    nibble = s.queue[s.queue_read] if s.four else s.queue[s.queue_read] << 1 & 15
    s.queue_read = (s.queue_read + 1) & 7
    # The leak is the reference's, 11/256 with each nibble; the MSM6295 has none.
    signal = ((DIFFERENCE[s.step, nibble] << 8) + s.signal * 245) >> 8
    s.signal = min(max(signal, -2048), 2047)
    s.step = NEXT_STEP[s.step, nibble]


@block
def take(s, address, data):
    """Take a write."""
    by_vck = s.prescaler == BY_VCK and not s.msm6585
    if address == 0:
        # Any change clears, also the one that lets go.
        if s.reset != data:
            s.signal = s.step = 0
        s.reset = data
        if data:
            s.queue_read = s.queue_write = 0
    elif address == 1:
        behind = (s.queue_write + 1) & 7
        # One of eight places stays free, or full would look like empty. A nibble too many is lost.
        if behind != s.queue_read:
            s.queue[s.queue_write] = data & 15
            s.queue_write = behind
    elif address == 2:
        # Bit 0 must change, and the byte must not be 0: so the reference has it.
        if by_vck and (s.vck ^ data) & 1 and data and not s.reset:
            play(s)
        s.vck = data
    elif address == 4:
        s.prescaler = data & 3
    elif address == 5:
        s.four = 1 if data else 0


@block
def stretch(s, out, start, end):
    """Make samples without a write between them."""
    while start < end:
        count, by_vck = end - start, s.prescaler == BY_VCK and not s.msm6585
        # By VCK nothing happens between two writes: all of the stretch is one level.
        if by_vck or s.wait == 0:
            if not (by_vck or s.reset):
                play(s)
            # 12 bits as 16.
            s.output = 0 if s.reset else s.signal << 4
            s.wait = 0 if by_vck else STEPS[s.msm6585, s.prescaler]
        if not by_vck:
            count = min(count, s.wait)
            s.wait -= count
        out[start : start + count] = s.output
        start += count


@entry
def run(state, memory, writes, out):
    """Make samples."""
    s = state[0]
    start = 0
    for i in range(len(writes) + 1):
        end = min(writes[i]["sample"], len(out)) if i < len(writes) else len(out)
        if start < end:
            stretch(s, out, start, end)
            start = end
        if i < len(writes):
            take(s, writes[i]["address"], writes[i]["data"] & 0xFF)
