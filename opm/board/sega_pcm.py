"""Sega PCM (315-5218): sixteen channels of 8-bit samples from a ROM, each with a step, a loop and two volumes.

Source: libvgm d4a07d0, emu/cores/segapcm.c (from MAME), read and compared sample by sample.

==========  ===========================================================================================
address     for channel n, 0-15, at 8n
==========  ===========================================================================================
02, 03      volume left, right, 7 bits
04, 05      address the loop begins at, low and high byte
06          last page (high byte of the address) that is played
07          step, in 1/256 of a sample: 80 hex plays at half the chip's rate
84, 85      address now, low and high byte; it moves on
86          bit 0 stop (set by the end of a sound), bit 1 do not loop, bits 3-7 bank, as many as are wired
==========  ===========================================================================================

Of a sound that ends by itself the address stays behind its last byte. A sample byte of 80 hex is silence, and so is
memory beyond its end.

Option ``interface``: how the board wires the banks, as the word at 3C of a VGM file's header has it: bits 0-4 how far
the bank's bits are shifted to the left, to be ORed to the 16 bits of the address, bits 16-23 which bits of register
86 they are (0: 70 hex).
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry
from ..state import Fields
from .record import in_order

TITLE = "Sega PCM"
CHANNELS = 16
LOOP, LAST_PAGE, STEP, NOW, CONTROL = 0x04, 0x06, 0x07, 0x84, 0x86
STOP, ONCE, BANK = 1, 2, 0xF8
FIELDS = Fields.of(
    "registers",
    ("register", 8, 256, "register by address, 00-FF"),
    "channel",
    ("fraction", 8, CHANNELS, "1/256 of a sample, below the address"),
    "wiring",
    ("bank_shift", 5, 1, "how far the bank's bits are shifted to the left"),
    ("bank_mask", 8, 1, "which bits of register 86 they are"),
)


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: the clock by 128."""
    return Fraction(clock, 128)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Stop all channels; the banks as the board wires them, by default of ROMs with 512 kbit."""
    interface = options.get("interface", 0x70000C)
    shift = interface & 31
    state.bank_shift = shift
    # Bits that the shift would lift beyond 21 address lines reach no ROM.
    state.bank_mask = (interface >> 16 & 0xFF or 0x70) & 0x1FFFFF >> shift
    # All ones, as the reference wakes: the stop bits among them.
    state.register[:] = 0xFF


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what starts a channel; number: the address it starts at, above its 16 bits those of the bank as written.

    Register 86 without its stop bit starts a channel that was stopped or was given another address.
    """
    return in_order(_started(rows))


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield row, channel, and bank and address of each start."""
    register = [0xFF] * 256
    waiting = [True] * CHANNELS
    # 84 to 87 of each channel: addresses and control are all that a start consists of.
    matters = np.flatnonzero(rows["address"] & 0x784 == NOW & 0x784)
    places, bytes_ = rows["address"][matters] & 0x7FF, rows["data"][matters] & 0xFF
    for row, place, data in zip(matters.tolist(), places.tolist(), bytes_.tolist(), strict=True):
        register[place] = data
        channel, kind = place >> 3 & 15, place & 0x87
        # Without a new address, or a stop in between, the same control byte again starts nothing.
        if kind in (NOW, NOW + 1) or (kind == CONTROL and data & STOP):
            waiting[channel] = True
        elif kind == CONTROL and waiting[channel]:
            waiting[channel] = False
            yield row, channel, (data & BANK) << 16 | register[place - 1] << 8 | register[place - 2]


@block
def add(memory, at, step, count, out, start, left, right):
    """Add samples from an address on, with 8 bits below it; return the address behind them."""
    bank, address = at
    for i in range(start, start + count):
        place = bank | address >> 8
        # Beyond the ROM it is silent but counts on: the loop may lead back.
        if place < len(memory):
            value = np.int64(memory[place]) - 128
            out[i, 0] += value * left
            out[i, 1] += value * right
        address = (address + step) & 0xFFFFFF
    return address


@block
def play(s, channel, memory, out, start, end):
    """One channel over a stretch without writes."""
    first = 8 * channel
    control, step = s.register[first + CONTROL], s.register[first + STEP]
    left, right = s.register[first + 2] & 0x7F, s.register[first + 3] & 0x7F
    bank = (control & s.bank_mask) << s.bank_shift
    # The page after the last: the comparison is for equality, so a start behind it runs round 64 KB.
    behind = (s.register[first + LAST_PAGE] + 1) & 0xFF
    address = s.register[first + NOW + 1] << 16 | s.register[first + NOW] << 8 | s.fraction[channel]
    while start < end:
        if address >> 16 == behind:
            if control & ONCE:
                s.register[first + CONTROL] = control | STOP
                # The part of a sample does not outlast the sound.
                address &= 0xFFFF00
                break
            address = s.register[first + LOOP + 1] << 16 | s.register[first + LOOP] << 8
        # A step cannot jump over a page. Where the loop begins behind the last page, the channel looks each time.
        count = end - start
        if address >> 16 == behind:
            count = 1
        elif step:
            count = min(count, (((behind << 16) - address & 0xFFFFFF) + step - 1) // step)
        # A silent channel runs on: only its address moves.
        if left | right:
            address = add(memory, (bank, address), step, count, out, start, left, right)
        else:
            address = (address + step * count) & 0xFFFFFF
        start += count
    s.fraction[channel] = address & 0xFF
    s.register[first + NOW] = address >> 8 & 0xFF
    s.register[first + NOW + 1] = address >> 16


@entry
def run(state, memory, writes, out):
    """Make samples, channel by channel between two writes."""
    s = state[0]
    out[:] = 0
    start = 0
    for i in range(len(writes) + 1):
        end = min(writes[i]["sample"], len(out)) if i < len(writes) else len(out)
        if end > start:
            for channel in range(CHANNELS):
                if not s.register[8 * channel + CONTROL] & STOP:
                    play(s, channel, memory, out, start, end)
            start = end
        if i < len(writes):
            # Of 2 KB only the lower 256 bytes are registers.
            place = writes[i]["address"] & 0x7FF
            if place < 0x100:
                s.register[place] = writes[i]["data"] & 0xFF
