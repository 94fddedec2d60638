"""K054539 (TOP): eight voices that play samples from a ROM of up to 16 MB, with an echo; Konami's boards from 1991 on.

===============  ======================================================================================================
address          what it does (those not named do nothing that can be heard)
===============  ======================================================================================================
000-0FF          32 registers of each voice, voice 0 first, numbers of several bytes low byte first:

                 - 00-02 pitch: bytes (of two-byte samples: samples) per sample made, in 1/65536
                 - 03 volume, attenuation in 36/64 dB; 04 what the echo is attenuated more
                 - 05 pan: 11-1F or 81-8F right to left, 18 and 88 middle, as is anything else
                 - 06, 07 delay of the echo, in 1/8 samples
                 - 08-0A where it begins again; 0C-0E where it is: written to start, and counted up while it plays
200-20F          two registers of each voice: bits 2-3 of the first are what the ROM holds (0 bytes, 4 two bytes a
                 sample, 8 differences, two in a byte), bit 5 backwards; bit 0 of the second to begin again at an end
214, 215         key on, key off: bit n is voice n
22C              the voices that sound
22D, 22E         write to the echo's memory, if 22E was set to 80; either counts or clears the place to write to
22F              bit 0 sound on, bit 7 what the chip itself changes in registers (0C-0E, 22C) stays as it is
===============  ======================================================================================================

The byte 80, the sample 8000 or the two differences 88 end a sound. Option ``flags``, as byte 95 of a VGM file's header
says it: bit 1 no echo, bit 2 a voice's start, written while sound is on, is taken when its key goes on. (Bit 0 swaps
left and right; the reference does not heed it, nor does this.)

An echo is written twice as far on as the delay says it, as the reference has it.

Source: libvgm d4a07d0, emu/cores/k054539.c (MAME's), read and compared. It adds up in numbers of 24 bits with a
floating point, voice after voice; so does this, in the same order, so that samples are the same.
"""

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry, outline
from ..state import LEFT, RIGHT, SIGNED, Fields
from .record import in_order
from .rom import address_lines, byte

TITLE = "K054539"
VOICES = 8
TYPE, KEY_ON, KEY_OFF, ACTIVE, DATA, PAGE, CONTROL, REGISTERS = 0x200, 0x214, 0x215, 0x22C, 0x22D, 0x22E, 0x22F, 0x230
PITCH, VOLUME, ECHO_VOLUME, PAN, DELAY, LOOP, START = 0, 3, 4, 5, 6, 8, 12
ECHO = 0x2000
"""Samples in the echo's memory that can be heard."""
NO_ECHO, LATCHED = 2, 4
"""Bits of the option ``flags``."""
FROZEN = 0x80
"""Bit of the control register: the chip changes no register."""
BYTES, WORDS, DIFFERENCES, NOTHING = 0x0, 0x4, 0x8, 0xC
"""What a voice's type says the ROM holds."""
# fmt: off
FIELDS = Fields.of(
    # name       bits count meaning
    "chip",
    ("wiring",      8,  1, "how the board uses it: 2 without echo, 4 a start is taken at key on"),
    ("registers",   8, REGISTERS, "as they were written; the chip changes starts and active voices"),
    ("latch",       8, 3 * VOICES, "starts written that wait for key on"),
    ("page",        8,  1, "what is written through 22D: 80 the echo's memory"),
    ("pointer",    17,  1, "where the next byte of it goes"),
    "echo",
    ("echo_at",    13,  1, "sample of the echo's memory that is played next"),
    ("echo",       16, ECHO, "what will be heard", SIGNED),
    "voice",
    ("position",   26, VOICES, "address of the byte being played; its register differs after it was written", SIGNED),
    ("part",       32, VOICES, "part of a step since then, in 1/65536", SIGNED),
    ("value",      16, VOICES, "sample being played", SIGNED),
)
# fmt: on

CLOCKS = 384
"""Master clocks of a sample."""
CHUNK = 256
"""The most samples made at once; the buffers in between have room for them."""
LEVEL = np.array([math.pow(10, -36 * i / 64 / 20) / 4 for i in range(256)])
"""Gain of a volume; a quarter, since there are eight voices."""
SIDE = np.array([math.sqrt(i) / math.sqrt(14) for i in range(15)])
"""Gain of the left by pan; of the right from the other end: the power of both stays the same."""
INAUDIBLE = 2.0**-15
"""An echo's gain below which no sample leaves a whole number."""
DIFFERENCE = np.array([0, 1, 2, 4, 8, 16, 32, 64, 0, -64, -32, -16, -8, -4, -2, -1], np.int32) * np.int32(256)
"""What half a byte of the ROM adds to the sample."""


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: the clock by 384, rounded down, as the reference has it."""
    return Fraction(max(clock // CLOCKS, 1))


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set how the board uses the chip."""
    state["wiring"] = options.get("flags", 0) & 0xFF


@block
def number(s, register):
    """Three registers as one number."""
    return np.int64(s.registers[register]) | (s.registers[register + 1] << 8) | (s.registers[register + 2] << 16)


@block
def signed(value, bits):
    """The lower bits of a number in two's complement."""
    half = 1 << (bits - 1)
    return ((value + half) & (2 * half - 1)) - half


@block
def write_key_on(s, data, latched):
    """Let voices sound, from where their starts that wait say."""
    for voice in range(VOICES):
        # Without the latch a start that is written while a voice plays moves it at once.
        if latched and (data >> voice) & 1:
            for i in range(3):
                s.registers[0x20 * voice + START + i] = s.latch[3 * voice + i]
    if not s.registers[CONTROL] & FROZEN:
        s.registers[ACTIVE] |= data


@block
def write_echo(s, data):
    """Write a byte into the echo's memory, as far as it can be heard: its second half never is."""
    if s.page == 0x80 and not s.pointer & 0x10000 and not s.wiring & NO_ECHO:
        place = (s.pointer & 0x3FFF) >> 1
        low, high = s.echo[place] & 0xFF, s.echo[place] & 0xFF00
        s.echo[place] = signed(low | (data << 8) if s.pointer & 1 else high | data, 16)
    s.pointer = (s.pointer + 1) & 0x1FFFF


@block
def write(s, address, data):
    """Take a write."""
    if address < 0 or address >= REGISTERS:
        # A write that waits for key-on does not reach the register: it counts up while the old sound plays.
        return
    data &= 0xFF
    latched = s.wiring & LATCHED and s.registers[CONTROL] & 1
    register = address & 0x1F
    if latched and address < TYPE // 2 and START <= register < START + 3:
        s.latch[3 * (address >> 5) + register - START] = data
        return
    if address == KEY_ON:
        write_key_on(s, data, latched)
    elif address == KEY_OFF and not s.registers[CONTROL] & FROZEN:
        s.registers[ACTIVE] &= ~data
    elif address == DATA:
        write_echo(s, data)
    elif address == PAGE:
        s.page = data
        s.pointer = 0
    s.registers[address] = data


@block
def read(memory, lines, kind, position, value):
    """The sample at a position, and whether it is an end; differences, which count half bytes, go on from a value."""
    if kind == BYTES:
        value = signed(byte(memory, lines, position), 8) << 8
        return value, value == -0x8000
    if kind == WORDS:
        value = signed(byte(memory, lines, position) | (byte(memory, lines, position + 1) << 8), 16)
        return value, value == -0x8000
    both = byte(memory, lines, position >> 1)
    value += DIFFERENCE[(both >> ((position & 1) * 4)) & 0xF]
    return min(max(value, -0x8000), 0x7FFF), both == 0x88


@block
def halves(position, part):
    """From bytes and the part of one to half bytes."""
    position <<= 1
    part <<= 1
    if part & 0x10000:
        position |= 1
        part &= 0xFFFF
    return position, part


@block
def whole(position, part):
    """Back from half bytes to bytes; the lowest bit of the part is lost."""
    return position >> 1, (part >> 1) | ((position & 1) << 15)


@block
def advance(memory, lines, kind, direction, pitch, loop, position, part, value):
    """Go on by a sample: return a voice's position, its part of a step, its value, and whether it came to its end.

    The part is counted in 32 bits that wrap. Normally it is below one step then; behind an end that does not stop the
    voice it is not, and if the direction changes, it goes all the way round: steps are at most 65535.
    """
    # Positions are in bytes; differences are played in half bytes, so they are counted in these meanwhile.
    if kind == DIFFERENCES:
        position, part = halves(position, part)
    part += direction * pitch
    ended = False
    for _ in range((direction * (part >> 16)) & 0xFFFF):
        part -= direction << 16
        position += direction * (2 if kind == WORDS else 1)
        value, ended = read(memory, lines, kind, position, value)
        # An end mark at the loop's start ends the voice: otherwise it would loop for ever within one sample.
        if ended and loop >= 0:
            position = loop
            value, ended = read(memory, lines, kind, position, value)
        if ended:
            value = 0
            break
    part = signed(part, 32)
    if kind == DIFFERENCES:
        position, part = whole(position, part)
    return position, part, value, ended


@block
def glide(memory, lines, kind, move, position, part, value, wave):
    """Make samples while a voice of whole samples does no more than a step in each; return how many.

    What it plays is then what the ROM holds where it is: no sample depends on the one before, which is what makes it
    quick. That is not so at the beginning, where no step was made yet.
    """
    # Only where the voice stands on the value that it plays: behind a start it plays 0 until the first step.
    if read(memory, lines, kind, position, 0)[0] != value:
        return 0
    # 1.5 ns per voice and sample; differences, which depend on the one before, take 2.5.
    for i in range(len(wave)):
        part += move
        place = position + (part >> 16) * (2 if kind == WORDS else 1)
        new, ended = read(memory, lines, kind, place, 0)
        # Ends and the wrap of addresses are left to ``advance``, sample by sample.
        if ended or place >> 24:
            return i
        wave[i] = new
    return len(wave)


@block
def glide_halves(memory, lines, move, position, part, value, wave):
    """Make samples while a voice of differences does no more than a step in each; return how many."""
    before = position
    for i in range(len(wave)):
        part += move
        place = position + (part >> 16)
        stepped = (place ^ before) & 1
        both = byte(memory, lines, place >> 1)
        if (both == 0x88 and stepped) or place >> 25:
            return i
        value += stepped * DIFFERENCE[(both >> ((place & 1) * 4)) & 0xF]
        value = min(max(value, -0x8000), 0x7FFF)
        before = place
        wave[i] = value
    return len(wave)


@block
def quick(memory, lines, kind, move, position, part, value, wave):
    """Make samples while nothing happens to a voice; return how many, and its position, part of a step and value."""
    if kind == DIFFERENCES:
        move &= ~1  # the lowest bit of the part is lost in each sample
        position, part = halves(position, part)
        made = glide_halves(memory, lines, move, position, part, value, wave)
    else:
        made = glide(memory, lines, kind, move, position, part, value, wave)
    part += move * made
    position += (part >> 16) * (2 if kind == WORDS else 1)
    part &= 0xFFFF
    if kind == DIFFERENCES:
        position, part = whole(position, part)
    return made, position, part, np.int64(wave[made - 1]) if made else value


@outline
def play(s, memory, voice, wave):
    """Let a voice make samples; return how many it made before it came to its end."""
    kind = s.registers[TYPE + 2 * voice] & 0x0C
    direction = -1 if s.registers[TYPE + 2 * voice] & 0x20 else 1
    base, lines, frozen = 0x20 * voice, address_lines(memory), s.registers[CONTROL] & FROZEN
    pitch, start, loop = number(s, base + PITCH), number(s, base + START), np.int64(-1)
    if s.registers[TYPE + 2 * voice + 1] & 1:
        loop = number(s, base + LOOP) << (1 if kind == DIFFERENCES else 0)
    position, part, value = np.int64(s.position[voice]), np.int64(s.part[voice]), np.int64(s.value[voice])
    # At most a step in each sample, and registers that the chip may count up: then samples are made many at a time.
    calm = not frozen and kind != NOTHING and pitch <= 0x10000
    made, sounds = 0, True
    while made < len(wave) and sounds:
        # The register is the position. One that was written is a new start, even in the middle of a sound.
        if position != start:  # it was written
            position, part, value = start, np.int64(0), np.int64(0)
        if calm and part >> 16 == 0:
            more, position, part, value = quick(
                memory, lines, kind, direction * pitch, position, part, value, wave[made:]
            )
            made += more
            start = position
            if made == len(wave):
                break
        if kind == NOTHING:
            sounds = False
        else:
            position, part, value, ended = advance(memory, lines, kind, direction, pitch, loop, position, part, value)
            if not frozen:
                start = position & 0xFFFFFF
                sounds = not ended
        wave[made] = value
        made += 1
    if not sounds:
        s.registers[ACTIVE] &= ~(1 << voice)
    for i in range(3):
        s.registers[base + START + i] = (start >> (8 * i)) & 0xFF
    s.position[voice], s.part[voice], s.value[voice] = position, part, value
    return made


@block
def mix(s, voice, wave, sides):
    """Add a voice to the left and the right, as numbers of 24 bits with a floating point."""
    pan = s.registers[0x20 * voice + PAN]
    # 7 is the middle, for any other value too.
    place = pan - 0x81 if 0x81 <= pan <= 0x8F else pan - 0x11 if 0x11 <= pan <= 0x1F else 7
    level = LEVEL[s.registers[0x20 * voice + VOLUME]]
    left, right = np.float32(level * SIDE[place]), np.float32(level * SIDE[14 - place])
    # float32, voice after voice: another order or precision would round otherwise than the reference.
    for i in range(len(wave)):
        sides[LEFT, i] += wave[i] * left
        sides[RIGHT, i] += wave[i] * right


@block
def echo_gain(s, voice):
    """Gain of a voice's echo."""
    base = 0x20 * voice
    # The half is the reference's.
    return LEVEL[min(s.registers[base + VOLUME] + s.registers[base + ECHO_VOLUME], 255)] / 2


@block
def has_echo(s, voice):
    """Whether a voice writes into the echo's memory."""
    return not s.wiring & NO_ECHO and echo_gain(s, voice) >= INAUDIBLE


@block
def echo_ahead(s, voice):
    """How far ahead of where the echo is played a voice's is written, in the first sample; in each next, one more."""
    delay = s.registers[0x20 * voice + DELAY] | (s.registers[0x20 * voice + DELAY + 1] << 8)
    return ((delay >> 3) + s.echo_at) & (ECHO - 1)


@block
def write_back(s, voice, wave):
    """Write a voice into the echo's memory."""
    echo, gain, place = s.echo, echo_gain(s, voice), echo_ahead(s, voice) + s.echo_at
    for i in range(len(wave)):
        # Twice as fast as time: the delay counts from a place that moves on itself.
        at = (place + 2 * i) & (ECHO - 1)
        echo[at] = signed(echo[at] + np.int64(np.float64(wave[i]) * gain), 16)


@block
def play_echo(s, sides, count):
    """Begin the sum of both sides with the echo, and leave silence behind."""
    echo = s.echo[s.echo_at :]
    for i in range(count):
        # What was heard is cleared, or it would come round again after 8192 samples.
        sides[LEFT, i] = sides[RIGHT, i] = np.float32(echo[i])
        echo[i] = 0


@block
def at_once(s, most):
    """How many samples can be made voice by voice: as long as no echo is written that is played in the same stretch.

    Each must lie at least that many samples ahead, and that many short of a whole turn. One sample always can.
    """
    most = min(most, CHUNK, ECHO - s.echo_at)
    for voice in range(VOICES):
        if (s.registers[ACTIVE] >> voice) & 1 and has_echo(s, voice):
            ahead = echo_ahead(s, voice)
            most = min(most, max(min(ahead, ECHO - ahead), 1))
    return most


@outline
def sound(s, memory, out, begin, end, wave, sides):
    """Make the samples of a stretch without writes."""
    if not s.registers[CONTROL] & 1 or len(memory) == 0:
        out[begin:end] = 0
        return
    while begin < end:
        count = at_once(s, end - begin)
        play_echo(s, sides, count)
        for voice in range(VOICES):
            if (s.registers[ACTIVE] >> voice) & 1:
                made = play(s, memory, voice, wave[:count])
                mix(s, voice, wave[:made], sides)
                if has_echo(s, voice):
                    write_back(s, voice, wave[:made])
        made_now = out[begin : begin + count]
        for i in range(count):
            # Cut off towards 0, as C's conversion does it.
            made_now[i, LEFT], made_now[i, RIGHT] = np.int32(sides[LEFT, i]), np.int32(sides[RIGHT, i])
        s.echo_at = (s.echo_at + count) & (ECHO - 1)
        begin += count


def run(state, memory, writes, out):
    """Make samples, each write taken before its own."""
    _run(state, memory, writes, out, np.empty(CHUNK, np.float32), np.empty((2, CHUNK), np.float32))


@entry
def _run(state, memory, writes, out, wave, sides):
    s = state[0]
    done = 0
    for i in range(len(writes)):
        until = min(max(writes[i]["sample"], done), len(out))
        if until > done:
            sound(s, memory, out, done, until, wave, sides)
        write(s, writes[i]["address"], writes[i]["data"])
        done = until
    sound(s, memory, out, done, len(out), wave, sides)


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield row, voice and start of each key on."""
    registers = [0] * REGISTERS
    for row, (address, data) in enumerate(zip(rows["address"].tolist(), rows["data"].tolist(), strict=True)):
        if 0 <= address < REGISTERS:
            registers[address] = data & 0xFF
        if address == KEY_ON and not registers[CONTROL] & FROZEN:
            for voice in range(VOICES):
                if data >> voice & 1:
                    place = 0x20 * voice + START
                    yield row, voice, int.from_bytes(registers[place : place + 3], "little")


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what each key on strikes, as ``STRIKE``; a sound's number is its start."""
    return in_order(_started(rows))
