"""uPD7759: one voice of 4-bit ADPCM, from a ROM by numbers (master) or as a stream of bytes (slave).

Source: libvgm d4a07d0, emu/cores/upd7759.c (from MAME, with a queue by Valley Bell), read and compared sample by
sample, each by a call of its own: where a sound ends, a call for more keeps other fractions of a sample.

=======  ==========================================================================================
address  write
=======  ==========================================================================================
00       reset pin: going to 0 resets
01       start pin: going to 1 starts, if nothing plays and reset is 1
02       number of the sound to start (master); data, through a queue of 63 bytes (slave)
03       bank of 128 KB
=======  ==========================================================================================

The ROM has the last sound's number, four bytes, then each sound's address divided by two, high byte first. At twice
that address a byte is skipped, then blocks follow: 00 the end (but not first), 00-3F silence of 1024 clocks and more,
40-7F 256 nibbles, 80-BF a number of nibbles less one, C0-FF repeat the block behind up to eight times. Their low bits
are the nibble's time in four clocks, less one. In slave mode the same bytes come through the queue, unless the board
has a ROM; a byte that is late by 42 clocks is taken to be the last one again. Memory beyond its end reads as 0.

Option ``slave``: 1 if the mode pin says so, bit 31 of the clock in a VGM file's header.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry, outline
from ..state import SIGNED, Fields
from .record import in_order

TITLE = "uPD7759"
CLOCKS = 4
"""Master clocks to a sample of ours."""
IDLE, ANSWER, START, FIRST, LAST, SKIP1, HIGH, LOW, SKIP2, BLOCK, COUNT, UPPER, LOWER = range(13)
"""The states: nothing plays; a request is answered; then what happens at the end of each wait."""
ANSWERED = 21
"""Clocks from a request to its answer."""
FIELDS = Fields.of(
    "wiring and pins",
    ("slave", 1, 1, "the mode pin: data come from the bus"),
    ("reset", 1, 1, "reset pin"),
    ("start", 1, 1, "start pin"),
    ("bank", 8, 1, "bank of 128 KB"),
    "bytes from the bus",
    ("latch", 8, 1, "the last byte taken"),
    ("queue", 8, 64, "bytes that wait, slave mode"),
    ("queue_read", 6, 1, "place of the next to take"),
    ("queue_write", 6, 1, "place behind the last"),
    "sequencer",
    ("state", 4, 1, "what happens when the wait is over"),
    ("wait", 18, 1, "clocks until then; below 0 clocks of the sample that are over", SIGNED),
    ("asking", 2, 1, "a byte is asked for; 2: it is late"),
    ("next_state", 4, 1, "state behind the answer"),
    ("next_wait", 18, 1, "its clocks, without those of the answer", SIGNED),
    ("number", 8, 1, "number of the sound"),
    ("last", 8, 1, "number of the last sound in the ROM"),
    ("offset", 17, 1, "address in the bank"),
    ("began", 1, 1, "a block other than 00 was there: 00 is the end"),
    ("repeats", 4, 1, "how often the block comes again"),
    ("repeat_offset", 17, 1, "its address"),
    ("nibbles", 9, 1, "nibbles left in the block"),
    ("period", 7, 1, "a nibble's time, in four clocks"),
    "ADPCM",
    ("pair", 8, 1, "two nibbles"),
    ("scale", 4, 1, "row of the table of steps"),
    ("signal", 16, 1, "sample", SIGNED),
)
_SIZES = """
0  0  1  2  3   5   7  10    0  1  2  3  4   6   8  13    0  1  2  4  5   7  10  15    0  1  3  4  6   9  13  19
0  2  3  5  8  11  15  23    0  2  4  7 10  14  19  29    0  3  5  8 12  16  22  33    1  4  7 10 15  20  29  43
1  4  8 13 18  25  35  53    1  6 10 16 22  31  43  64    2  7 12 19 27  37  51  76    2  9 16 24 34  46  64  96
3 11 19 29 41  57  79 117    4 13 24 36 50  69  96 143    4 16 29 44 62  85 118 175    6 20 36 54 76 104 144 214
"""
SIZE = np.array(_SIZES.split(), np.int32).reshape(16, 8)
"""What a nibble's three low bits add, by scale; bit 3 subtracts it."""
SCALED = np.array([-1, -1, 0, 0, 1, 2, 2, 3], np.int32)
"""What they add to the scale."""


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: a sample of four clocks, the unit of all nibbles' times."""
    return Fraction(clock, CLOCKS)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set the mode; reset and start are high."""
    state.slave = options.get("slave", 0) != 0
    state.reset = state.start = 1


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what starts a sound; number: the sound's, -1 for a stream: more than one byte since the last start."""
    return in_order(_started(rows))


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    reset, start, number, count = True, True, 0, 0
    for row, (address, data) in enumerate(zip(rows["address"].tolist(), rows["data"].tolist(), strict=True)):
        high = data & 0xFF != 0
        if address == 0:
            reset = high
        elif address == 1:
            # Whether the chip still plays, which would refuse the start, depends on the ROM: it is not looked at.
            if high and reset and not start:
                yield row, 0, number if count <= 1 else -1
                count = 0
            start = high
        elif address == 2:
            number, count = data & 0xFF, count + 1


@block
def reset(s):
    """What the reset pin does: stop, forget."""
    s.latch = s.queue_read = s.queue_write = 0
    s.state, s.wait, s.asking, s.next_state, s.next_wait = IDLE, 0, 0, IDLE, 0
    s.number = s.last = s.offset = s.began = s.repeats = s.repeat_offset = s.nibbles = s.period = 0
    s.pair = s.scale = s.signal = 0


@block
def take(s, address, data):
    """Take a write."""
    high = 1 if data else 0
    if address == 0:
        if s.reset and not high:
            reset(s)
        s.reset = high
    elif address == 1:
        # An edge of the pin, and only between sounds: nothing but the reset pin cuts one off.
        if s.state == IDLE and s.reset and high and not s.start:
            s.state = START
        s.start = high
    elif address == 2 and not s.slave:
        s.latch = data
    elif address == 2 and (s.queue_write + 1) & 0x3F != s.queue_read:
        s.queue[s.queue_write] = data
        s.queue_write = (s.queue_write + 1) & 0x3F
    elif address == 3:
        s.bank = data


@block
def read(s, memory, offset):
    """Return the byte at an address of the bank; without a ROM, what came from the bus."""
    if not len(memory):
        return np.int64(s.latch)
    place = s.bank << 17 | offset
    return np.int64(memory[place]) if place < len(memory) else 0


@block
def read_on(s, memory):
    """Return the next byte; a ROM is there again and again behind its size, rounded up to a power of two."""
    # The address lines of the ROM, up to the bank's 17. With 0 bytes it is the bus, whose address does not matter.
    size = 1
    while size < min(len(memory), 0x20000):
        size *= 2
    value = read(s, memory, s.offset & size - 1)
    if len(memory):
        s.offset = (s.offset + 1) & 0x1FFFF
    return value


@block
def decode(s, nibble):
    """One nibble; what follows lasts until the next."""
    size = SIZE[s.scale, nibble & 7]
    signal = s.signal + (-size if nibble & 8 else size)
    # It wraps: the reference does not limit it either.
    s.signal = (signal + 0x8000 & 0xFFFF) - 0x8000
    s.scale = min(max(s.scale + SCALED[nibble & 7], 0), 15)
    s.wait = CLOCKS * s.period
    s.nibbles = (s.nibbles - 1) & 0x1FF
    if s.nibbles == 0:
        s.state = BLOCK
    else:
        s.state = UPPER if s.state == LOWER else LOWER


@block
def header(s, memory):
    """The first byte of a block."""
    # The first playing counts, too; the offset stands there already.
    if s.repeats:
        s.repeats -= 1
        s.offset = s.repeat_offset
    byte = read_on(s, memory)
    kind, low = byte >> 6, byte & 0x3F
    s.wait = 36
    if kind == 0:
        s.wait = 1024 * (low + 1)
        # A 00 before any other block is a silence: sounds may begin with one.
        s.state = IDLE if byte == 0 and s.began else BLOCK
        s.signal = s.scale = 0
    elif kind == 3:
        s.repeats = (low & 7) + 1
        s.repeat_offset = s.offset
    else:
        s.period = low + 1
        s.nibbles = 256
        s.state = UPPER if kind == 1 else COUNT
    if byte:
        s.began = 1


@block
def find(s, memory):
    """The steps from a start to the first block, each at the end of its wait."""
    state = s.state
    s.state = state + 1
    if state == START:
        # Without a ROM the bus has no number to give; 16 is the reference's.
        s.number = s.latch if len(memory) else 16
        s.wait = 70
    elif state == FIRST:
        s.wait = 44
    elif state == LAST:
        # Refused before the table is read: a number beyond it would be played from whatever stands there.
        s.last = read(s, memory, 0)
        s.wait = 28
        if s.number > s.last:
            s.state = IDLE
    elif state == SKIP1:
        s.wait = 32
    elif state == HIGH:
        # Five bytes stand before the addresses, which count in words of two bytes.
        s.offset = read(s, memory, 2 * s.number + 5) << 9 & 0x1FFFF
        s.wait = 44
    elif state == LOW:
        s.offset |= read(s, memory, 2 * s.number + 6) << 1
        s.wait = 36
    else:
        s.offset = (s.offset + 1) & 0x1FFFF
        s.began = 0
        s.wait = 36


@block
def answer(s):
    """The byte asked for arrives. In slave mode the queue may still be empty: that is waited for twice."""
    if s.slave:
        if s.queue_read != s.queue_write:
            s.latch = s.queue[s.queue_read]
            s.queue_read = (s.queue_read + 1) & 0x3F
        # Twice 21 clocks; then the last byte counts once more, as the header says.
        elif s.asking < 2:
            s.asking += 1
            s.wait = ANSWERED
            return
    s.asking = 0
    s.state, s.wait = s.next_state, s.next_wait


@outline
def advance(s, memory):
    """The wait is over: do what the state says; most of them then ask for a byte and come to their wait behind it."""
    state = s.state
    if state == ANSWER:
        answer(s)
        return
    if START <= state <= SKIP2:
        find(s, memory)
    elif state == BLOCK:
        header(s, memory)
    elif state == COUNT:
        s.nibbles = read_on(s, memory) + 1
        s.wait = 36
        s.state = UPPER
    elif state == UPPER:
        s.pair = read_on(s, memory)
        decode(s, s.pair >> 4)
    elif state == LOWER:
        decode(s, s.pair & 15)
    else:
        s.state = IDLE
    if state != START and state != LOWER and state != IDLE:
        s.asking = 1
        # The wait behind a byte counts from its request: the answer's 21 clocks are part of it.
        s.next_state, s.next_wait = s.state, s.wait - ANSWERED
        s.state, s.wait = ANSWER, ANSWERED


@block
def pass_time(s, memory, clocks):
    """Let clocks go by, within the last four of which the wait may end.

    Behind a nibble's request less than no time may be left: then the chip is early by as much. The master begins no
    state when a sample's time is used up to the clock. Where it stops it keeps the clocks left for the next start.
    """
    s.wait -= clocks
    while s.wait <= 0 and s.state != IDLE:
        over = -s.wait
        advance(s, memory)
        s.wait -= over
        if s.state == IDLE:
            s.wait = 0 if s.slave else -over
        elif over == 0 and not s.slave:
            break


@entry
def run(state, memory, writes, out):
    """Make samples, in runs without a change of state."""
    s = state[0]
    silent = not len(memory) and not s.slave
    start = 0
    for i in range(len(writes) + 1):
        end = min(writes[i]["sample"], len(out)) if i < len(writes) else len(out)
        while start < end:
            count, value = end - start, 0
            playing = s.state != IDLE and not silent
            if playing:
                # Up to the sample in which the wait ends the level stands still.
                count = min(count, max((s.wait + CLOCKS - 1) // CLOCKS, 1))
                value = s.signal << 7
            for at in range(start, start + count):
                out[at, 0], out[at, 1] = value, value
            if playing:
                pass_time(s, memory, CLOCKS * count)
            start += count
        if i < len(writes):
            take(s, writes[i]["address"], writes[i]["data"] & 0xFF)
