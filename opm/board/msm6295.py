"""MSM6295 (OKIM6295): four voices of 4-bit ADPCM from a ROM that begins with a table of phrases.

Source: libvgm d4a07d0, emu/cores/okim6295.c (from MAME), read and compared sample by sample.

=======  ==============================================================================================
address  write
=======  ==============================================================================================
00       command: 80-FF a phrase's number, then a byte with its voices (bits 4-7) and attenuation (0-3);
         00-7F stop voices (bits 3-6)
08-0B    another clock in Hz, low byte first, that counts with the write of 0B; bit 31 is left out
0C       pin 7: 0 divides the clock by 165, else by 132
0E       banks of NMK112: 0 none, bit 7 for the phrases' table as well
0F       bank of 256 KB, without NMK112
10-13    banks of 64 KB, for each quarter of the address space (or the table, 256 bytes each)
=======  ==============================================================================================

A voice that plays takes no other phrase. A phrase has 8 bytes in the table: start and last byte, 3 bytes each, high
first. Memory beyond its end reads as 0.

The chip makes a sample every 132 or 165 clocks; here a sample is 33 clocks of the option, so those are 4 or 5 equal
samples. With another clock the steps come where they are due; one above 16 times the first counts as 16 times.

Option ``pin7``: its state at reset, bit 31 of the clock in a VGM file's header.
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

TITLE = "MSM6295"
VOICES = 4
NO_COMMAND = -1
VOLUME = np.array([32, 22, 16, 11, 8, 6, 4, 3, 2, 0, 0, 0, 0, 0, 0, 0], np.int32)
"""By attenuation: about 3 dB each, silence from 9 on."""
FIELDS = Fields.of(
    "clock",
    ("clock", 30, 1, "Hz at reset: a sample here is 33 of it"),
    ("clock_now", 31, 1, "Hz now"),
    ("clock_byte", 8, 4, "another clock, as it is written"),
    ("pin7", 1, 1, "a step is 132 clocks, not 165"),
    ("wait", 12, 1, "clocks until the next step", SIGNED),
    ("wait_part", 30, 1, "the fraction of them, in 1/clock"),
    "command and banks",
    ("command", 8, 1, "phrase that waits for its voices, -1 none", SIGNED),
    ("bank", 8, 1, "bank of 256 KB"),
    ("nmk", 8, 1, "banks of NMK112: not 0 on, bit 7 for the table, too"),
    ("nmk_bank", 8, 4, "its banks of 64 KB"),
    "voice",
    ("playing", 1, VOICES, "plays a phrase"),
    ("start", 18, VOICES, "address of its first byte"),
    ("nibble", 20, VOICES, "nibbles played"),
    ("nibbles", 20, VOICES, "nibbles in all"),
    ("volume", 6, VOICES, "32 loud, 0 silent"),
    ("signal", 12, VOICES, "sample before the volume", SIGNED),
    ("step", 6, VOICES, "number of the step, 0-48"),
    "output",
    ("output", 18, 1, "sum of the last step", SIGNED),
)


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: the clock by 33, a fourth or fifth of the chip's sample."""
    return Fraction(clock, 33)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set clock and pin 7 as they are wired; no command waits."""
    state.clock = state.clock_now = clock
    state.clock_byte[:] = [clock >> shift & 0xFF for shift in (0, 8, 16, 24)]
    state.pin7 = options.get("pin7", 0) != 0
    state.command = NO_COMMAND


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what asks for a phrase: a voice that still plays another does not begin it. Number: the phrase."""
    return in_order(_asked(rows))


def _asked(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    phrase = NO_COMMAND
    commands = np.flatnonzero(rows["address"] == 0)
    for row, data in zip(commands.tolist(), rows["data"][commands].tolist(), strict=True):
        # The second byte may have bit 7 set, too: which byte it is depends on the one before alone.
        if phrase != NO_COMMAND:
            yield from ((row, voice, phrase) for voice in range(VOICES) if data >> 4 + voice & 1)
            phrase = NO_COMMAND
        elif data & 0x80:
            phrase = data & 0x7F


@block
def read(s, memory, offset):
    """Return the byte at an address of the chip, 18 bits, through the banks."""
    place = s.bank << 18 | offset
    if s.nmk:
        # Bit 7 of NMK112's mode: each 256 bytes of the table, 32 phrases, come from a bank of their own.
        quarter = offset >> 8 if s.nmk & 0x80 and offset < 0x400 else offset >> 16
        inside = offset if s.nmk & 0x80 and offset < 0x400 else offset & 0xFFFF
        place = s.nmk_bank[quarter & 3] << 16 | inside
    return np.int64(memory[place]) if place < len(memory) else 0


@block
def table_address(s, memory, place):
    """Return an address of the table, 18 bits."""
    value = 0
    for i in range(3):
        value = value << 8 | read(s, memory, place + i)
    return value & 0x3FFFF


@block
def begin(s, memory, phrase, data):
    """The second byte of a command: the voices that do not play begin the phrase, if it has any bytes."""
    start = table_address(s, memory, 8 * phrase)
    last = table_address(s, memory, 8 * phrase + 3)
    for voice in range(VOICES):
        # A voice that plays goes on with what it plays: a program has to stop it first.
        if data >> 4 + voice & 1 and not s.playing[voice] and start < last:
            s.playing[voice] = 1
            s.start[voice] = start
            s.nibble[voice] = 0
            s.nibbles[voice] = 2 * (last - start + 1)
            s.volume[voice] = VOLUME[data & 15]
            # The reference's start.
            s.signal[voice] = -2
            s.step[voice] = 0


@block
def command(s, memory, data):
    """A write to address 0."""
    if s.command != NO_COMMAND:
        begin(s, memory, s.command & 0x7F, data)
        s.command = NO_COMMAND
    elif data & 0x80:
        s.command = data & 0x7F
    else:
        for voice in range(VOICES):
            if data >> 3 + voice & 1:
                s.playing[voice] = 0


@block
def take(s, memory, address, data):
    """Take a write."""
    if address == 0x00:
        command(s, memory, data)
    elif 0x08 <= address <= 0x0B:
        # In a header bit 31 is pin 7; here it has no meaning, and the reference drops it.
        s.clock_byte[address & 3] = data if address < 0x0B else data & 0x7F
        if address == 0x0B:
            s.clock_now = 0
            for i in range(4):
                s.clock_now |= s.clock_byte[i] << 8 * i
    elif address == 0x0C:
        s.pin7 = 1 if data else 0
    elif address == 0x0E:
        s.nmk = data
    elif address == 0x0F:
        s.bank = data
    elif 0x10 <= address <= 0x13:
        s.nmk_bank[address & 3] = data


@block
def step(s, memory):
    """One sample of the chip's own: each voice that plays decodes a nibble."""
    total = 0
    for voice in range(VOICES):
        if s.playing[voice]:
            count = s.nibble[voice]
            byte = read(s, memory, (s.start[voice] + (count >> 1)) & 0x3FFFF)
            # The high nibble is played first; the MSM6258 takes the low one.
            nibble = byte & 15 if count & 1 else byte >> 4
            signal = min(max(s.signal[voice] + DIFFERENCE[s.step[voice], nibble], -2048), 2047)
            s.signal[voice] = signal
            s.step[voice] = NEXT_STEP[s.step[voice], nibble]
            product = signal * s.volume[voice]
            total += product + (product < 0) >> 1  # half of it, towards 0
            s.nibble[voice] = (count + 1) & 0xFFFFF
            if count + 1 >= s.nibbles[voice]:
                s.playing[voice] = 0
    s.output = total


@block
def stretch(s, memory, out, start, end, clock):
    """Make samples without a write between them. Time is counted in 1/clock of a clock: every clock is exact."""
    wait = s.wait * clock + s.wait_part
    # 16 times at most, so that no file makes a step's loop long.
    passing = 33 * min(np.int64(s.clock_now), 16 * clock)
    period = clock * (132 if s.pin7 else 165)
    if not (s.playing[0] | s.playing[1] | s.playing[2] | s.playing[3] | s.output):
        # Steps without a voice change nothing: only where the next one is due is counted.
        out[start:end] = 0
        wait -= passing * (end - start - 1)
        if wait <= 0:
            wait += period * (-wait // period + 1)
        wait -= passing
    else:
        for i in range(start, end):
            while wait <= 0:
                step(s, memory)
                wait += period
            out[i, 0] = out[i, 1] = s.output
            wait -= passing
    s.wait, s.wait_part = wait // clock, wait % clock


@entry
def run(state, memory, writes, out):
    """Make samples."""
    s = state[0]
    clock = max(np.int64(s.clock), 1)
    start = 0
    for i in range(len(writes) + 1):
        end = min(writes[i]["sample"], len(out)) if i < len(writes) else len(out)
        if start < end:
            stretch(s, memory, out, start, end, clock)
            start = end
        if i < len(writes):
            take(s, memory, writes[i]["address"], writes[i]["data"] & 0xFF)
