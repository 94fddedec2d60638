"""K053260: four voices that play samples from a ROM of up to 2 MB; Konami put it beside the YM2151 from 1990 on.

=========  ============================================================================================================
address    what it does (only the lower 6 bits count; those not named do nothing that can be heard)
=========  ============================================================================================================
08-27      eight registers of each voice, voice 0 first:

           - 0, 1 pitch, 12 bits, low byte first: the address steps once per 4096 - pitch clocks
           - 2, 3 length in bytes, low byte first
           - 4-6 start, 21 bits, low byte first; the first byte played is the one behind it
           - 7 volume, 7 bits, linear
28         bits 0-3 key, a voice each: a rise starts it, 0 stops it; bits 4-7 play backwards
2A         bits 0-3 begin again at the end; bits 4-7 the ROM holds differences, two in a byte, not signed bytes
2C, 2D     pan of voices 0 and 1, 2 and 3: bits 0-2 and 3-5; 0 silent, 1 left, 4 middle, 7 right
2F         bit 1 sound on; while it is off, everything stands still
=========  ============================================================================================================

A voice reads the ROM in whole clocks, a sample lasts 64. The rate is whole, as the reference has it; the clocks that
are left over then are spread over the samples, so that pitch does not depend on it.

Source: libvgm d4a07d0, emu/cores/k053260.c (MAME's, rewritten after the real chip's counters), read and compared.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry, outline
from ..state import LEFT, RIGHT, SIGNED, Fields
from .record import in_order
from .rom import address_lines, byte, signed_byte

TITLE = "K053260"
VOICES = 4
# fmt: off
FIELDS = Fields.of(
    # name                 bits count meaning
    "chip",
    ("keys",                  8,  1, "register 28 as it was written last: keys and directions"),
    ("control",               8,  1, "register 2F"),
    "clock",
    ("sample_clocks",         7,  1, "clocks that a sample lasts, whole ones"),
    ("sample_clocks_part",   32,  1, "and a part of one, in 2**-32"),
    ("clock_part",           32,  1, "the part of a clock that is left over from the samples before, in 2**-32"),
    "voice",
    ("playing",               1,  VOICES, "it sounds"),
    ("position",             18,  VOICES, "bytes, or half bytes, from the start"),
    ("counter",              16,  VOICES, "clocks since the last step plus pitch; FFFF: just started"),
    ("output",                8,  VOICES, "sample being played", SIGNED),
    ("start",                21,  VOICES, "address in the ROM"),
    ("length",               16,  VOICES, "bytes"),
    ("pitch",                12,  VOICES, "4096 minus the clocks that a step lasts"),
    ("volume",                7,  VOICES, "linear"),
    ("pan",                   3,  VOICES, "1 left to 7 right, 0 silent"),
    ("looped",                1,  VOICES, "begins again at the end"),
    ("coded",                 1,  VOICES, "the ROM holds differences of 4 bits"),
    ("backwards",             1,  VOICES, "addresses count down"),
)
# fmt: on

CLOCKS = 64
"""Master clocks of a sample."""
STEP = 0x1000 << 32
"""The counter, with the part of a clock below it, at which a step is due."""
STARTED = 0xFFFF
PART = 0xFFFFFFFF
PAN = np.array(
    [(0, 0), (65536, 0), (59870, 26656), (53684, 37950), (46341, 46341), (37950, 53684), (26656, 59870), (0, 65536)],
    np.int32,
)
"""Left and right of a pan, in 1/65536: the cosine and sine of 0, 24, 35, 45, 55, 66 and 90 degrees."""
DIFFERENCE = np.array([0, 1, 2, 4, 8, 16, 32, 64, -128, -64, -32, -16, -8, -4, -2, -1], np.int32)
"""What half a byte of the ROM adds to the sample."""


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: the clock by 64, rounded down."""
    return Fraction(max(clock // CLOCKS, 1))


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set how long a sample is."""
    # The reference's rate is whole. 3579545 / 64 leaves 25 clocks a second over, which pitch would lose: they go into
    # the part.
    samples = int(rate(clock, options))
    whole, part = divmod(((clock << 32) + samples // 2) // samples, 1 << 32)
    state["sample_clocks"] = whole
    # All 32 bits are used, and fields are signed.
    state["sample_clocks_part"] = np.uint32(part).view(np.int32)


@block
def write_voice(s, voice, register, data):
    """One of a voice's eight registers."""
    if register == 0:
        s.pitch[voice] = (s.pitch[voice] & 0xF00) | data
    elif register == 1:
        s.pitch[voice] = (s.pitch[voice] & 0x0FF) | ((data & 0x0F) << 8)
    elif register == 2:
        s.length[voice] = (s.length[voice] & 0xFF00) | data
    elif register == 3:
        s.length[voice] = (s.length[voice] & 0x00FF) | (data << 8)
    elif register == 4:
        s.start[voice] = (s.start[voice] & 0x1FFF00) | data
    elif register == 5:
        s.start[voice] = (s.start[voice] & 0x1F00FF) | (data << 8)
    elif register == 6:
        s.start[voice] = (s.start[voice] & 0x00FFFF) | ((data & 0x1F) << 16)
    else:
        s.volume[voice] = data & 0x7F


@block
def write_keys(s, data):
    """Start what was off and stop what shall be; a key that stays on changes nothing but the direction."""
    for voice in range(VOICES):
        s.backwards[voice] = (data >> (voice + 4)) & 1
        if not (data >> voice) & 1:
            s.playing[voice] = 0
        elif not (s.keys >> voice) & 1:
            s.playing[voice] = 1
            # The first step leads to byte 1, of differences to half byte 2: the byte at the start itself is never
            # heard.
            s.position[voice] = s.coded[voice]
            s.counter[voice] = STARTED
            s.output[voice] = 0
    s.keys = data


@block
def write(s, address, data):
    """Take a write."""
    address &= 0x3F
    data &= 0xFF
    if 0x08 <= address < 0x28:
        write_voice(s, (address - 8) >> 3, address & 7, data)
    elif address == 0x28:
        write_keys(s, data)
    elif address == 0x2A:
        for voice in range(VOICES):
            s.looped[voice] = (data >> voice) & 1
            s.coded[voice] = (data >> (voice + 4)) & 1
    elif address == 0x2C or address == 0x2D:
        voice = (address & 1) * 2
        s.pan[voice] = data & 7
        s.pan[voice + 1] = (data >> 3) & 7
    elif address == 0x2F:
        s.control = data


@block
def step(s, memory, lines, voice):
    """Go on by a byte, or half of one, and read it; at the end begin again or stop."""
    coded = s.coded[voice]
    position = s.position[voice] + 1
    # Behind the end a looped voice goes to byte 0, which it did not play the first time.
    if position >> coded > s.length[voice]:
        position = 0
        s.output[voice] = 0
        s.playing[voice] = s.looped[voice]
    s.position[voice] = position
    place = position >> coded
    address = s.start[voice] + (-place if s.backwards[voice] else place)
    if coded:
        half = (byte(memory, lines, address) >> ((position & 1) * 4)) & 0xF
        s.output[voice] = ((s.output[voice] + DIFFERENCE[half] + 0x80) & 0xFF) - 0x80
    else:
        s.output[voice] = signed_byte(memory, lines, address)


@outline
def play(s, memory, out, begin, end, voice):
    """Add a voice to a stretch of samples. Its counter has the parts of a clock below it: one addition counts both."""
    lines = address_lines(memory)
    sample = (np.int64(s.sample_clocks) << 32) + (np.int64(s.sample_clocks_part) & PART)
    part = np.int64(s.clock_part) & PART
    clocks = (np.int64(s.counter[voice]) << 32) + part
    if s.counter[voice] == STARTED:  # a step is due in the first sample
        clocks = STEP + ((part + sample) & PART) - sample
    # 1 at least, since a pitch has 12 bits: the inner loop ends.
    stepped = np.int64(0x1000 - s.pitch[voice]) << 32
    gain_left = np.int64(PAN[s.pan[voice], LEFT]) * s.volume[voice]
    gain_right = np.int64(PAN[s.pan[voice], RIGHT]) * s.volume[voice]
    left = (s.output[voice] * gain_left) >> 15
    right = (s.output[voice] * gain_right) >> 15
    # 1.5 ns per voice and sample.
    for i in range(begin, end):
        clocks += sample
        if clocks >= STEP:
            while clocks >= STEP and s.playing[voice]:
                step(s, memory, lines, voice)
                clocks -= stepped
            # This sample is silent already, as in the reference; what was added before stays.
            if not s.playing[voice]:
                break
            left = (s.output[voice] * gain_left) >> 15
            right = (s.output[voice] * gain_right) >> 15
        out[i, LEFT] += left
        out[i, RIGHT] += right
    s.counter[voice] = (clocks >> 32) & 0xFFFF


@outline
def sound(s, memory, out, begin, end):
    """Make the samples of a stretch without writes."""
    out[begin:end] = 0
    # Everything stands still, the part of a clock too: it is resumed as it was.
    if not s.control & 2 or len(memory) == 0:
        return
    for voice in range(VOICES):
        if s.playing[voice]:
            play(s, memory, out, begin, end, voice)
    part = (np.int64(s.clock_part) & PART) + (end - begin) * (np.int64(s.sample_clocks_part) & PART)
    # For all voices at once: each has counted from the same part.
    s.clock_part = ((part + 0x80000000) & PART) - 0x80000000


@entry
def run(state, memory, writes, out):
    """Make samples, each write taken before its own."""
    s = state[0]
    done = 0
    for i in range(len(writes)):
        until = min(max(writes[i]["sample"], done), len(out))
        if until > done:
            sound(s, memory, out, done, until)
        write(s, writes[i]["address"], writes[i]["data"])
        done = until
    sound(s, memory, out, done, len(out))


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield row, voice and start of each key that rises."""
    registers, keys = [0] * 0x40, 0
    for row, (address, data) in enumerate(zip((rows["address"] & 0x3F).tolist(), rows["data"].tolist(), strict=True)):
        registers[address] = data & 0xFF
        if address == 0x28:
            for voice in range(VOICES):
                if data & ~keys & 1 << voice:
                    low, middle, high = registers[8 * voice + 12 : 8 * voice + 15]
                    yield row, voice, low | middle << 8 | (high & 0x1F) << 16
            keys = data


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what each key that rises strikes, as ``STRIKE``; a sound's number is its start."""
    return in_order(_started(rows))
