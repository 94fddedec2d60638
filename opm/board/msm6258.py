"""MSM6258: one voice of 4-bit ADPCM, the X68000's sampled sound; beside it the DMA transfer that feeds it there.

=======  ==============================================================================================================
address  what it does
=======  ==============================================================================================================
00       bit 0 stop; else bit 1 play, and stop without it
01       a byte of sound into a queue of eight, low nibble first
02       bit 0 mutes the right side, bit 1 the left one
08-0B    clock in Hz, low byte first; 0B takes all four
0C       clock divider: 0 1024, 1 768, 2 and 3 512
100      transfer: offset in memory
101      transfer: length in bytes
102      bit 0 stops the chip and starts it with the transfer, which hands over a byte when the chip wants one and stops
         the chip with its last; else, or with no length, stops both
=======  ==============================================================================================================

Options: ``divider`` (0-3, as register 0C), ``output_bits`` (10, or 12 for an external DAC), and ``adpcm_bits`` (4 or 3,
which the reference plays alike); all as a VGM file's header has them.

The core's sample lasts 256 clocks of its option ``clock``, so that the dividers are 4, 3 and 2 samples of it; any other
clock is counted exactly, up to eight times the option. What the chip has made last stands until it makes the next.

Where references differ. Nibbles: all take the low one first. Play: libvgm and MAME begin at signal -2 and step 0
(X68Sound at 0); of a chip that already plays MAME changes nothing, libvgm goes to the low nibble and step 0. libvgm
puts the command itself in front of the queue, so that two nibbles sound before the first byte; all this as libvgm.
An empty queue: MAME plays its last byte again, libvgm holds the signal for a byte's time and lets it fade in turns.
The transfer's end: X68Sound as the machine's IOCS, which stops the chip when the last byte has been handed over, so
that this byte is not heard; so here. It mutes both sides, too, and each start sets them: here they are left alone.

Source: libvgm d4a07d0, emu/cores/okim6258.c (from MAME), read and compared; portable_mdx 2429db3,
src/mxdrv/sound_iocs.cpp and src/x68sound/x68sound_adpcm.cpp, read, and the transfer's steps compared; MAME
okim6258.cpp 25d3616, read.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry, outline
from ..state import HISTORY, LEFT, RIGHT, SIGNED, Fields
from .oki import DIFFERENCE, NEXT_STEP
from .record import in_order
from .rom import HIGHEST, byte_at

TITLE = "MSM6258"
CONTROL, DATA, PAN, CLOCK, CLOCK_END, DIVIDER = 0x00, 0x01, 0x02, 0x08, 0x0B, 0x0C
OFFSET, LENGTH, TRANSFER = 0x100, 0x101, 0x102
STOP, PLAY = 1, 2
QUEUE = 8
# fmt: off
FIELDS = Fields.of(
    # name            bits count meaning
    "decoder",
    ("playing",          1,  1, "it plays"),
    ("signal",          12,  1, "sum of the differences, leaking", SIGNED),
    ("step",             6,  1, "step size, 0-48"),
    ("half",             1,  1, "the high nibble is next"),
    ("byte",             8,  1, "byte being played"),
    ("held",            16,  2, "sample that stands: left, right", SIGNED),
    ("pan",              2,  1, "bit 0 mutes right, bit 1 left"),
    ("dropped",          4,  1, "bits of the signal that the DAC does not have"),
    "queue",
    ("queue",            8,  QUEUE, "bytes waiting"),
    ("first",            3,  1, "which is next"),
    ("free",             3,  1, "where the next one written goes"),
    ("dry",              8,  1, "0 while bytes wait; else how often none was there, the last one taken included"),
    "clock",
    ("clock_bytes",      8,  4, "registers 08-0B"),
    ("clock",      HISTORY,  1, "clock in Hz"),
    ("divider",          2,  1, "0 1024, 1 768, 2 and 3 512"),
    ("option_clock",    30,  1, "the clock whose 256 are a sample of the core"),
    ("clock_part",      30,  1, "part of 256 clocks, in units of one by the option clock"),
    ("clocks",           6,  1, "clocks since the last sample, in 256"),
    "transfer",
    ("offset",     HISTORY,  1, "register 100"),
    ("length",     HISTORY,  1, "register 101"),
    ("place",      HISTORY,  1, "of the next byte in memory"),
    ("left",       HISTORY,  1, "bytes not handed over yet"),
)
# fmt: on
DIVIDERS = np.array([4, 3, 2, 2], np.int32)
"""Clocks of a sample, in 256."""
FASTEST = 8
"""How many times the option clock is counted."""


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: the clock by 256, a quarter, third or half of a sample of the chip's."""
    return Fraction(clock, 256)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set the clock, and what the board wires."""
    state["option_clock"] = state["clock"] = clock
    state["clock_bytes"] = [clock >> shift & 0xFF for shift in (0, 8, 16, 24)]
    state["divider"] = options.get("divider", 0) & 3
    state["dropped"] = 0 if options.get("output_bits", 10) == 12 else 3
    state["signal"], state["dry"] = -2, 0xFF


@block
def control(s, data):
    """Register 00. The command that starts it stands in the queue as its first byte."""
    if data & STOP or not data & PLAY:
        s.playing = 0
        return
    if not s.playing:
        s.playing = 1
        s.signal = -2
        # libvgm's: two nibbles of the command sound before the first byte.
        s.queue[0] = data
        s.first = 0
        s.free = 1
        s.dry = 0
    s.step = 0
    s.half = 0


@block
def put(s, data):
    """Register 01. A byte too many takes the place of the last one."""
    # Dry for three bytes' time, libvgm begins the queue anew.
    if s.dry >= 4:
        s.first = 0
        s.free = 0
    s.queue[s.free] = data
    after = (s.free + 1) & (QUEUE - 1)
    if after != s.first:
        s.free = after
    s.dry = 0


@block
def transfer(s, data):
    """Register 102."""
    s.left = 0
    # Stopped first, so that each start begins at signal -2 and step 0 even if the chip plays.
    control(s, STOP)
    if data & 1 and s.length > 0:
        control(s, PLAY)
        # The command is no sound here: it is taken out of the queue again.
        s.free = 0
        s.dry = 1
        s.place = s.offset
        s.left = s.length


@block
def write(s, address, data):
    """Take a write."""
    low = data & 0xFF
    if address == CONTROL:
        control(s, low)
    elif address == DATA:
        put(s, low)
    elif address == PAN:
        s.pan = data & 3
    elif CLOCK <= address <= CLOCK_END:
        s.clock_bytes[address - CLOCK] = low
        if address == CLOCK_END:
            # The register has 32 bits and the field is signed; ``sound`` reads it unsigned again.
            top = (low ^ 0x80) - 0x80
            s.clock = top << 24 | s.clock_bytes[2] << 16 | s.clock_bytes[1] << 8 | s.clock_bytes[0]
    elif address == DIVIDER:
        s.divider = data & 3
        # Or a shorter divider would find several samples due at once.
        s.clocks %= DIVIDERS[s.divider]
    elif address == OFFSET:
        s.offset = data
    elif address == LENGTH:
        s.length = data
    elif address == TRANSFER:
        transfer(s, data)


@block
def hand_over(s, memory):
    """Put the transfer's next byte into the queue; the last one stops the chip."""
    put(s, byte_at(memory, s.place))
    # A place stays within 32 bits however long a transfer says it is.
    s.place = min(s.place, HIGHEST - 1) + 1
    s.left -= 1
    if s.left == 0:
        control(s, STOP)


@block
def take(s):
    """Take a byte out of the queue, or count that there is none."""
    if s.dry == 0:
        s.byte = s.queue[s.first]
        s.first = (s.first + 1) & (QUEUE - 1)
        if s.first == s.free:
            s.dry = 1
    elif s.dry < 0x80:
        s.dry += 1


@block
def decode(s):
    """Play a nibble. With the queue dry, the signal stands and fades in turns."""
    if s.half == 0:
        take(s)
    if s.dry < 2:
        nibble = (s.byte >> (4 * s.half)) & 15
        signal = ((DIFFERENCE[s.step, nibble] << 8) + s.signal * 245) >> 8
        s.signal = min(max(signal, -2048), 2047)
        s.step = NEXT_STEP[s.step, nibble]
    elif s.dry & 1:
        # By its magnitude: shifted as it is, a negative signal would stop at -1 and never be 0.
        size = (abs(s.signal) * 15) >> 4
        s.signal = size if s.signal > 0 else -size
    s.half ^= 1


@block
def sample(s, memory):
    """One sample of the chip's own."""
    # A byte is asked for when both nibbles of the last are played: the transfer never fills the queue.
    if s.playing and s.half == 0 and s.dry and s.left > 0:
        hand_over(s, memory)
    # A DAC of 10 bits drops the two lowest of the 12; then 16 bits.
    value = 0
    if s.playing:
        decode(s)
        value = (s.signal & ~s.dropped) << 4
    s.held[LEFT] = 0 if s.pan & 2 else value
    s.held[RIGHT] = 0 if s.pan & 1 else value


@outline
def sound(s, memory, out):
    """Make the samples of a stretch without writes."""
    unit = max(np.int64(s.option_clock), 1)
    # Any file may set any clock: the samples of the chip's to one of ours have a limit.
    clock = min(np.int64(s.clock) & 0xFFFFFFFF, FASTEST * unit)
    divider = DIVIDERS[s.divider]
    if not s.playing and s.held[LEFT] == 0 and s.held[RIGHT] == 0:
        # Between sounds only clocks are counted.
        out[:] = 0
        total = s.clock_part + len(out) * clock
        s.clocks = (s.clocks + total // unit) % divider
        s.clock_part = total % unit
        return
    clocks = np.int64(s.clocks)
    part = np.int64(s.clock_part)
    for i in range(len(out)):
        part += clock
        if part >= unit:
            # A snapshot's part may be many units; a step more than the fastest clock needs is enough.
            clocks += min(part // unit, FASTEST + 1)
            part %= unit
        while clocks >= divider:
            clocks -= divider
            sample(s, memory)
        out[i, LEFT] = s.held[LEFT]
        out[i, RIGHT] = s.held[RIGHT]
    s.clocks = clocks
    s.clock_part = part


@entry
def run(state, memory, writes, out):
    """Make samples, each write taken before its own."""
    s = state[0]
    done = 0
    for i in range(len(writes) + 1):
        until = min(max(writes[i]["sample"], done), len(out)) if i < len(writes) else len(out)
        if until > done:
            sound(s, memory, out[done:until])
            done = until
        if i < len(writes):
            write(s, writes[i]["address"], writes[i]["data"])


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield row, channel and offset of each start: of a transfer, or by a command that finds the chip stopped."""
    offset, length, playing = 0, 0, False
    for row in np.flatnonzero((rows["address"] == CONTROL) | (rows["address"] >= OFFSET)).tolist():
        address, data = int(rows["address"][row]), int(rows["data"][row])
        if address == CONTROL:
            plays = data & (STOP | PLAY) == PLAY
            if plays and not playing:
                yield row, 0, -1
            playing = plays
        elif address == OFFSET:
            offset = data
        elif address == LENGTH:
            length = data
        elif address == TRANSFER:
            playing = bool(data & 1) and length > 0
            if playing:
                yield row, 0, offset


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what each start strikes, as ``STRIKE``; a transfer's sound has its offset for a number, another -1."""
    return in_order(_started(rows))
