"""K007232, Konami: two voices of 7-bit samples from a ROM; a byte with bit 7 set ends a sample.

======  ===============================================================================================================
0, 1    pitch of voice 1: ``pppppppp``, ``--mmpppp``. Mode m = 0 or 3: 4096 - the 12 bits, m = 1: 16 times the lower
        byte, m = 2: 256 times the upper four bits, are 32nds of a sample from byte to byte
2-4     start of voice 1: low, middle, bit 16; it is where a loop goes back to, too
5       any write starts voice 1
6-11    the same of voice 2
12      port of the board: nothing here
13      ``------21`` the voice goes back to its start at the end
16-19   no registers: levels, voice 1 left and right, voice 2 left and right
20, 21  no registers: bank of voice 1 and 2, 128 KiB each
31      no register: the board *reads* a register, which starts a voice if it is 5 or 11
======  ===============================================================================================================

"No register" is what stands around the chip on the board, at the numbers that VGM files give it.
Memory: the ROM. No options.

Source: libvgm d4a07d0, emu/cores/k007232.c, read and compared sample by sample. Where that would never come back (a
pitch of no step at all, on a loop), the voice ends, as it does without a loop.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry
from ..state import Fields
from .edges import fill
from .record import in_order

TITLE = "K007232"

# fmt: off
FIELDS = Fields.of(
    # name           bits count meaning
    ("reg",             8, 12, "registers 0-11 as written"),
    ("loops",           8,  1, "bits 0 and 1: the voice goes back to its start at the end"),
    ("level",           8,  4, "voice 1 left and right, voice 2 left and right"),
    ("bank",            8,  2, "upper eight bits of the addresses"),
    ("playing",         1,  2, "the voice sounds"),
    ("position",       17,  2, "byte of the bank that sounds now"),
    ("count",          13,  2, "32nds of a sample left of it, beyond those of this sample"),
)
# fmt: on


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return the samples per second: a 128th of the clock."""
    return Fraction(clock, 128)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set what is not 0 after a reset: voice 1 is on the left, voice 2 on the right."""
    state.level[:] = 255, 0, 0, 255
    # The reference's: the first byte lasts 4096 32nds whatever the pitch, here and behind each start.
    state.count[:] = 0x1000


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return each start; its number is where it begins in the ROM."""
    return in_order(_started(rows))


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield row, voice, and bank and start of each."""
    reg, bank = [0] * 12, [0, 0]
    for row, (address, data) in enumerate(zip(rows["address"].tolist(), rows["data"].tolist(), strict=True)):
        pressed = data & 0xFF if address == 31 else address
        if 0 <= address < 12:
            reg[address] = data & 0xFF
        elif address in (20, 21):
            bank[address - 20] = data & 0xFF
        # Whether or not the voice sounds already: a start is always one from the beginning.
        if pressed in (5, 11):
            voice = pressed // 6
            low, middle, high = reg[voice * 6 + 2 : voice * 6 + 5]
            yield row, voice, bank[voice] << 17 | (high & 1) << 16 | middle << 8 | low


@block
def write(s, address, data):
    """Take a write; there are no other registers."""
    if 0 <= address < 12:
        s.reg[address] = data & 0xFF
    elif address == 13:
        s.loops = data & 0xFF
    elif 16 <= address < 20:
        s.level[address - 16] = data & 0xFF
    elif address == 20 or address == 21:
        s.bank[address - 20] = data & 0xFF
    # A read of register 5 or 11 by the board (31) starts a voice as a write does.
    started = data & 0xFF if address == 31 else address
    if started == 5 or started == 11:
        voice = started // 6
        s.playing[voice], s.position[voice], s.count[voice] = 1, begin(s, voice), 0x1000


@block
def begin(s, voice):
    """Where a voice starts in its bank."""
    base = voice * 6
    return (s.reg[base + 4] & 1) << 16 | s.reg[base + 3] << 8 | s.reg[base + 2]


@block
def interval(s, voice):
    """32nds of a sample from byte to byte."""
    low, high = s.reg[voice * 6], s.reg[voice * 6 + 1]
    # Modes 1 and 2 can give 0, no step at all; ``play`` ends such a voice.
    mode = high >> 4 & 3
    if mode == 1:
        return low << 4
    return (high & 15) << 8 if mode == 2 else 0x1000 - ((high & 15) << 8 | low)


@block
def play(s, voice, memory, out, start, end):
    """Add a voice. Where it starts beyond the memory it waits, silent; where it runs off the end, it stops."""
    bank, step, first = np.int64(s.bank[voice]) << 17, interval(s, voice), begin(s, voice)
    left, right, loops = s.level[voice * 2], s.level[voice * 2 + 1], s.loops >> voice & 1
    position, count, playing = s.position[voice], s.count[voice], s.playing[voice]
    for i in range(np.uint64(start), np.uint64(end)):
        if not playing or bank + position >= len(memory):
            break
        # Seven bits; bit 7 is the end mark, which was looked at when the byte was reached.
        value = (np.int64(memory[bank + position]) & 0x7F) - 0x40
        out[i, 0] += value * left
        out[i, 1] += value * right
        # A sample of the chip's is a 128th of the clock, and has 32 of the pitch's steps.
        count -= 32
        while count < 0 and playing:
            count += step
            position += 1
            at = bank + (position & 0x1FFFF)
            # Without the test of step a loop would never come back: the reference hangs there.
            if at >= len(memory) or step == 0:
                playing = 0
            elif memory[at] >= 0x80 or position > 0x1FFFF:
                playing, position = loops, first
    s.position[voice], s.count[voice], s.playing[voice] = position & 0x1FFFF, max(count, 0), playing


@block
def stretch(s, memory, out, start, end):
    """Make the samples between two writes."""
    fill(out, start, end, 0, 0)
    for voice in range(2):
        if s.playing[voice]:
            play(s, voice, memory, out, start, end)


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
            write(s, writes["address"][i], writes["data"][i])
