"""VERA's PCM output, of the Commander X16: a queue of 4096 bytes (FIFO) that the CPU fills and a counter empties.

Source: x16-emulator 49b1fbd (release 50), ``vera_pcm.c``, by Frank van den Hoef, who made the chip. Compared with it:
2400 random programs, 15 million samples, no difference. The feeder: ZSMKit 4c3593d and the ZSM format's description;
compared with its sound in the 20 songs of Melodius 3720fa5 with samples and 60 ticks a second, 84 s of each: 19 equal.

=====  ================================================================================================================
0      AUDIO_CTRL: bit 7 empties the FIFO, bit 6 rewinds it to its first byte (both: it rewinds, and does so again
       whenever it has run empty), bit 5 16-bit, bit 4 stereo, bits 3-0 volume
1      AUDIO_RATE: a frame of sound every 128 / rate samples, 0 stops; above 128 counts down again: 255 is 1
2      AUDIO_DATA: a byte into the FIFO, lost if it is full; two's complement, low byte first, left first
0x100  the feeder: where a sound begins in memory
0x101  its bytes
0x102  the byte of it, from 0, at which it goes on after its last one; -1: it ends
0x103  1 starts it, 0 stops it
=====  ================================================================================================================

The feeder is not part of the chip: it stands for the CPU, which the chip interrupts while the FIFO is less than a
quarter full (AFLOW). It then fills it up, before the next sample. The FIFO it leaves alone otherwise: to cut off what
still sounds, write AUDIO_CTRL first. ZSMKit fills a little 60 times a second, which sounds the same, but loses bytes of
each turn of a loop: as many as it has fed from behind the loop point in the tick of the turn. That is not done here:
the difference in the twentieth song.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry
from ..state import HISTORY, SIGNED, Fields
from .record import MOST_STRUCK, STRIKE

TITLE = "VERA PCM"
FULL = 4095
"""Bytes the FIFO holds; one place of the 4096 stays empty."""
LOW = 1024
"""With fewer bytes than that the CPU is called."""
AUDIO_CTRL, AUDIO_RATE, AUDIO_DATA = range(3)
OFFSET, LENGTH, LOOP, START = range(0x100, 0x104)

FIELDS = Fields.of(
    "registers",
    ("control", 6, 1, "bit 5 16-bit, bit 4 stereo, bits 3-0 volume"),
    ("rate", 8, 1, "frames of sound in 128 samples"),
    ("loop", 1, 1, "rewind the FIFO when it has run empty"),
    "FIFO",
    ("fifo", 8, FULL + 1, "its bytes"),
    ("fifo_write", 12, 1, "place of the next byte in"),
    ("fifo_read", 12, 1, "place of the next byte out; the same: it is empty"),
    "output",
    ("phase", 8, 1, "sum of the rate; each change of bit 7 takes a frame out of the FIFO"),
    ("level", 16, 2, "the frame in force, before the volume: left, right", SIGNED),
    "feeder, no part of the chip",
    ("feed_offset", 31, 1, "where its sound begins in memory"),
    ("feed_length", 31, 1, "bytes of the sound"),
    ("feed_loop", HISTORY, 1, "byte at which it goes on after its last one; -1: it ends"),
    ("feed_at", 31, 1, "next byte of the sound"),
    ("feeding", 1, 1, "it has not come to its end"),
)
VOLUME = np.array([0, 1, 2, 3, 4, 5, 6, 8, 11, 14, 18, 23, 30, 38, 49, 64], np.int32)
"""Factor by volume, in 1/64."""


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Samples per second: one every 512 clocks."""
    return Fraction(clock, 512)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """All is 0."""


@block
def held(s):
    """Bytes in the FIFO."""
    return (s.fifo_write - s.fifo_read) & FULL


@block
def push(s, byte):
    """Put a byte into the FIFO if there is room."""
    # A byte too many is lost, as on the chip: the pointers do not move.
    if held(s) < FULL:
        s.fifo[s.fifo_write] = byte
        s.fifo_write = (s.fifo_write + 1) & FULL


@block
def pull(s):
    """Take a byte out of the FIFO, which must not be empty."""
    byte = s.fifo[s.fifo_read]
    s.fifo_read = (s.fifo_read + 1) & FULL
    return byte


@block
def word(s, wide):
    """Take one side's 16 bits out of the FIFO, or 8 for the upper half."""
    # Of 8 bits the lower half of the word stays 0.
    low = pull(s) if wide else 0
    return ((low | pull(s) << 8) ^ 0x8000) - 0x8000


@block
def fetch(s):
    """Take the next frame. Less than a whole one is dropped and the last stays; an empty FIFO is silence."""
    count, wide, stereo = held(s), s.control >> 5, s.control >> 4 & 1
    if count == 0:
        s.level[0] = s.level[1] = 0
        return
    # Bytes in a frame: 1, 2 or 4.
    if count < 1 << wide + stereo:
        s.fifo_read = s.fifo_write
    else:
        s.level[0] = word(s, wide)
        s.level[1] = word(s, wide) if stereo else s.level[0]
    if s.loop and held(s) == 0:
        s.fifo_read = 0


@block
def feed(s, memory):
    """Fill the FIFO up from the sound if it is almost empty."""
    if not s.feeding or held(s) >= LOW:
        return
    # At most a FIFO's room, however short the sound and its loop.
    for _ in range(FULL - held(s)):
        if s.feed_at >= s.feed_length:
            # Ended, also by a loop point beyond the sound, which would never end this loop.
            if not 0 <= s.feed_loop < s.feed_length:
                s.feeding = 0
                return
            s.feed_at = s.feed_loop
        at = np.int64(s.feed_offset) + s.feed_at
        push(s, np.int32(memory[at]) if at < len(memory) else 0)
        s.feed_at += 1


@block
def loud(level, volume):
    """A side's output; the division drops the fraction, also of what is negative."""
    product = level * VOLUME[volume]
    return (product + (63 if product < 0 else 0)) >> 6


@block
def play(s, memory, out):
    """Make the samples between two writes."""
    # Also before the first sample: the CPU has been called before the chip takes a frame.
    feed(s, memory)
    volume = s.control & 15
    left, right = loud(s.level[0], volume), loud(s.level[1], volume)
    phase, rate = s.phase, s.rate
    for n in range(len(out)):
        before = phase
        phase += rate
        # Bit 7 changes once per 128 of the rate's sum, up or down: so a rate of 128 takes a frame in every sample.
        if (before ^ phase) & 0x80:
            fetch(s)
            feed(s, memory)
            left, right = loud(s.level[0], volume), loud(s.level[1], volume)
        out[n, 0], out[n, 1] = left, right
    s.phase = phase & 0xFF


@block
def write_control(s, data):
    """AUDIO_CTRL: bits 7 and 6 act on the FIFO, the others stay."""
    s.control = data & 0x3F
    # Both bits: it rewinds now and whenever it runs empty. Bit 7 alone empties it, bit 6 alone rewinds it once.
    s.loop = 1 if data >> 6 == 3 else 0
    if data >> 6 == 2:
        s.fifo_write = 0
    if data >> 6:
        s.fifo_read = 0


@block
def write(s, address, data):
    """Write to a register or to the feeder."""
    if address == AUDIO_CTRL:
        write_control(s, data & 0xFF)
    elif address == AUDIO_RATE:
        # Above 128 the phase's bit 7 changes as seldom as at 256 less the rate.
        s.rate = min(data & 0xFF, 256 - (data & 0xFF))
    elif address == AUDIO_DATA:
        push(s, data & 0xFF)
    elif address == OFFSET:
        s.feed_offset = data & 0x7FFFFFFF
    elif address == LENGTH:
        s.feed_length = data & 0x7FFFFFFF
    elif address == LOOP:
        s.feed_loop = data
    elif address == START:
        s.feeding = data & 1
        s.feed_at = 0


@entry
def run(state, memory, writes, out):
    """Make ``out``, each write taken before its sample."""
    s = state[0]
    row, at = 0, 0
    while at < len(out):
        while row < len(writes) and writes[row]["sample"] <= at:
            write(s, writes[row]["address"], writes[row]["data"])
            row += 1
        end = len(out)
        if row < len(writes):
            end = min(end, writes[row]["sample"])
        play(s, memory, out[at:end])
        at = end
    # Writes behind the last sample belong to the next call's state: nothing hears them here.
    for late in range(row, len(writes)):
        write(s, writes[late]["address"], writes[late]["data"])


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A sound is struck where the feeder starts, or, without it, by the first byte into an emptied FIFO.

    Its number is the feeder's offset, without it -1.
    """
    address, data = rows["address"], rows["data"]
    start = np.flatnonzero((address == START) & (data & 1 != 0))
    written = np.flatnonzero(address == OFFSET)
    # The offset that stands at each start: the last one written before it, or 0.
    offset = np.append(0, data[written])[np.searchsorted(written, start)]
    byte = np.flatnonzero(address == AUDIO_DATA)
    emptied = np.flatnonzero((address == AUDIO_CTRL) & (data & 0xC0 == 0x80))
    first = np.unique(np.searchsorted(byte, np.append(-1, emptied)))
    plain = byte[first[first < len(byte)]]
    struck = np.zeros(len(start) + len(plain), STRIKE)
    struck["row"], struck["number"] = np.append(start, plain), np.append(offset, np.full(len(plain), -1))
    return struck[np.argsort(struck["row"])][:MOST_STRUCK]
