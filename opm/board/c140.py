"""C140: 24 voices that play samples from a ROM, on Namco's System 2 and 21; and its descendant with 16, the 219.

===========  ==========================================================================================================
address      what it does (9 bits; those not named do nothing that can be heard)
===========  ==========================================================================================================
000-17F      16 registers of each voice, voice 0 first, numbers of several bytes high byte first (219: to 0FF):

             - 0, 1 volume right, left
             - 2, 3 pitch: bytes per sample made, in 1/65536; a C140's voice without is silent
             - 4 bank (not of the 219)
             - 5 mode. C140: bit 7 key, 4 begin again at the end, 3 the ROM holds logarithms.
               219: bit 7 key, 6 inverted on the right, 4 begin again, 2 noise, 0 logarithms
             - 6, 7 start; 8, 9 end; A, B where it begins again, in bytes (219: in words); taken at each key on
1F7, 1F1,    219: bank of voices 0-3, 4-7, 8-11, 12-15; also at 1FF, 1F9, 1FB, 1FD
1F3, 1F5
===========  ==========================================================================================================

A voice goes on between two bytes in a straight line. Option ``type``, as byte 96 of a VGM file's header says it, is how
the board wires the bank: 0 System 2, 1 System 21, 2 the 219, 3 all of it.

Source: libvgm d4a07d0, emu/cores/c140.c and c219.c (MAME's, with tables by superctr), read and compared. The 219's ROM
is read in words high byte first: a loader of VGM files swaps the bytes.
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

TITLE = "C140"
VOICES, VOICES_219 = 24, 16
SYSTEM_2, SYSTEM_21, ASIC_219, LINEAR = 0, 1, 2, 3
"""Values of the option ``type``."""
RIGHT_VOLUME, LEFT_VOLUME, PITCH, BANK, MODE, START, END, LOOP = 0, 1, 2, 4, 5, 6, 8, 10
KEY, LOOPED, LOGARITHMS = 0x80, 0x10, 0x08
INVERTED, NOISE, LOGARITHMS_219 = 0x40, 0x04, 0x01
GROUP_BANK = np.array([0x1F7, 0x1F1, 0x1F3, 0x1F5], np.int32)
"""Registers of the 219's banks, each for four voices."""
# fmt: off
FIELDS = Fields.of(
    # name       bits count meaning
    "chip",
    ("type",        8,  1, "how the board wires the bank; 2: the chip is a 219"),
    ("clock",      30,  1, "master clock in Hz"),
    ("registers",   8, 0x200, "as they were written"),
    ("noise",      16,  1, "the 219's noise generator"),
    "voice",
    ("sounds",      1, VOICES, "key on, and not at the end yet"),
    ("start",      17, VOICES, "where it began"),
    ("end",        17, VOICES, "where it ends"),
    ("loop",       17, VOICES, "where it begins again"),
    ("position",   32, VOICES, "bytes from the start; of a 219 the address that is next", SIGNED),
    ("part",       16, VOICES, "part of a byte since then, in 1/65536"),
    ("value",      16, VOICES, "sample being gone to", SIGNED),
    ("before",     16, VOICES, "sample being left", SIGNED),
)
# fmt: on

CLOCKS = 288
"""Master clocks of a sample."""
CHUNK = 512
"""The most samples made at once; the buffers in between have room for them."""


def _logarithms() -> npt.NDArray[np.int32]:
    """Return the C140's: three bits of exponent, four of mantissa and their sign, in two's complement."""
    values = []
    for code in range(256):
        exponent, mantissa = code & 7, abs((code ^ 0x80) - 0x80 >> 3) & 0x1F
        size = (0x80 << exponent & 0xFF00) + (mantissa << (exponent + 3 if exponent else 4))
        values.append(-size if code & 0x80 else size)
    return np.array(values, np.int32)


def _logarithms_219() -> npt.NDArray[np.int32]:
    """Return the 219's: five straight pieces, each steeper; negative ones are the complement."""
    steps = np.repeat([1, 2, 4, 8, 16], [16, 8, 24, 52, 28])
    size = (np.cumsum(steps) - steps) << 5
    return np.concatenate([size, ~size & ~0x1F]).astype(np.int32)


TABLE, TABLE_219 = _logarithms(), _logarithms_219()


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: the clock by 288, rounded down."""
    # Whole, as the reference has it: 42666 for 42666.67 Hz. ``pitch_in_samples`` makes up for it.
    return Fraction(max(clock // CLOCKS, 1))


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set how the board wires the chip."""
    state["type"] = options.get("type", SYSTEM_2) & 0xFF
    state["clock"] = clock
    # The reference's start. Any but 0, which would stay 0.
    state["noise"] = 0x1234


@block
def number(s, register):
    """Two registers as one number."""
    return (np.int64(s.registers[register]) << 8) | s.registers[register + 1]


@block
def write_mode(s, voice, mode):
    """Let a voice begin, or stop."""
    s.sounds[voice] = mode >> 7
    if mode & KEY:
        base, words = 0x10 * voice, 1 if s.type == ASIC_219 else 0
        s.start[voice] = number(s, base + START) << words
        s.end[voice] = number(s, base + END) << words
        s.loop[voice] = number(s, base + LOOP) << words
        # A C140 counts bytes from the start, a 219 in addresses; with a full part it reads its first byte in the first
        # sample.
        s.position[voice] = s.start[voice] * words
        s.part[voice] = 0xFFFF * words
        s.value[voice] = 0
        s.before[voice] = 0


@block
def write(s, address, data):
    """Take a write."""
    address &= 0x1FF
    data &= 0xFF
    # 1F9-1FF are the same banks once more.
    if s.type == ASIC_219 and address >= 0x1F8 and address & 1:
        address -= 8
    s.registers[address] = data
    voice = address >> 4
    if address & 0xF == MODE and voice < (VOICES_219 if s.type == ASIC_219 else VOICES):
        write_mode(s, voice, data)


@block
def pitch_in_samples(s, pitch):
    """Pitch for the whole rate; the reference computes it in 24 bits with a floating point."""
    true = np.float32(s.clock) / np.float32(CLOCKS)
    return np.int64(np.float32(pitch) * (true / np.float32(max(s.clock // CLOCKS, 1))))


@block
def start_in_rom(s, voice):
    """Where a voice's start lies, by its bank and the board."""
    address = (s.registers[0x10 * voice + BANK] << 16) + s.start[voice]
    # The board's wiring (the reference's): System 2 has the chip's A21 at the ROM's A19, System 21 A20 and A21 at A19
    # and A20.
    if s.type == SYSTEM_2:
        return ((address & 0x200000) >> 2) | (address & 0x7FFFF)
    if s.type == SYSTEM_21:
        return ((address & 0x300000) >> 1) + (address & 0x7FFFF)
    return address if s.type == LINEAR else 0


@outline
def play(s, memory, voice, wave):
    """Let a voice make samples; return how many it made before it came to its end."""
    base, lines = 0x10 * voice, address_lines(memory)
    pitch, mode, start = number(s, base + PITCH), s.registers[base + MODE], start_in_rom(s, voice)
    # Silent but still on: a pitch written later lets it go on.
    if pitch == 0:
        return 0
    pitch = pitch_in_samples(s, pitch)
    size, loop = s.end[voice] - s.start[voice], s.loop[voice] - s.start[voice]
    position, part = np.int64(s.position[voice]), np.int64(s.part[voice])
    value, before = np.int64(s.value[voice]), np.int64(s.before[voice])
    for i in range(len(wave)):
        part += pitch
        steps = part >> 16
        part &= 0xFFFF
        position += steps
        if position >= size:
            if not mode & LOOPED:
                s.sounds[voice] = 0
                return i
            position = loop
        if steps:
            before = value
            value = signed_byte(memory, lines, start + position) << 8
            if mode & LOGARITHMS:
                value = np.int64(TABLE[(value >> 8) & 0xFF])
        wave[i] = before + (((value - before) * part) >> 16)
    s.position[voice], s.part[voice], s.value[voice], s.before[voice] = position, part, value, before
    return len(wave)


@block
def next_noise(s):
    """Step the 219's noise generator, 16 bits with a feedback."""
    # All voices step the same register: that is why two noises cannot be made voice by voice.
    s.noise = (s.noise >> 1) ^ (0xFFF6 if s.noise & 1 else 0)
    return (s.noise ^ 0x8000) - 0x8000


@block
def next_219(s, memory, lines, bank, voice):
    """Read a 219's next sample; return 0 behind the last one."""
    mode = s.registers[0x10 * voice + MODE]
    if mode & NOISE:
        return next_noise(s)
    address = bank | s.position[voice]
    s.position[voice] += 1
    # Equality, as in the reference: a voice that begins behind its end plays on.
    if s.position[voice] == s.end[voice]:
        if not mode & LOOPED:
            s.sounds[voice] = 0
            return 0
        s.position[voice] = s.loop[voice]
    if mode & LOGARITHMS_219:
        return np.int64(TABLE_219[byte(memory, lines, address)])
    return signed_byte(memory, lines, address) << 8


@outline
def play_219(s, memory, voice, wave):
    """Let a voice of a 219 make samples; return how many it made before it came to its end."""
    base, lines = 0x10 * voice, address_lines(memory)
    bank = np.int64(s.registers[GROUP_BANK[voice >> 2]]) << 17
    pitch, part = number(s, base + PITCH), np.int64(s.part[voice])
    value, before = np.int64(s.value[voice]), np.int64(s.before[voice])
    made = 0
    while made < len(wave) and s.sounds[voice]:
        part += pitch
        # One byte at most: pitch and part have 16 bits each, so a 219 leaves no byte out.
        if part >> 16:
            before = value
            value = next_219(s, memory, lines, bank, voice)
        part &= 0xFFFF
        wave[made] = before + ((part * (value - before)) >> 16)
        made += 1
    s.part[voice], s.value[voice], s.before[voice] = part, value, before
    return made


@block
def mix(side, wave, volume, shift):
    """Add a voice to a side; a C140 drops what is below a whole number at once, a 219 from the sum."""
    for i in range(len(wave)):
        side[i] += np.int32(wave[i] * volume) >> shift


@block
def add_voices(s, memory, wave, sides):
    """Add all voices of a C140."""
    for voice in range(VOICES):
        if s.sounds[voice]:
            made = play(s, memory, voice, wave)
            mix(sides[LEFT], wave[:made], s.registers[0x10 * voice + LEFT_VOLUME], 9)
            mix(sides[RIGHT], wave[:made], s.registers[0x10 * voice + RIGHT_VOLUME], 9)


@block
def add_voices_219(s, memory, wave, sides):
    """Add all voices of a 219, in 1/512."""
    for voice in range(VOICES_219):
        if s.sounds[voice]:
            made = play_219(s, memory, voice, wave)
            right = s.registers[0x10 * voice + RIGHT_VOLUME]
            if s.registers[0x10 * voice + MODE] & INVERTED:
                right = -right
            mix(sides[LEFT], wave[:made], s.registers[0x10 * voice + LEFT_VOLUME], 0)
            mix(sides[RIGHT], wave[:made], right, 0)


@block
def noises(s):
    """How many voices of a 219 play noise."""
    count = 0
    for voice in range(VOICES_219):
        count += s.sounds[voice] & (s.registers[0x10 * voice + MODE] >> 2)
    return count


@outline
def sound(s, memory, out, wave, sides):
    """Make the samples of a stretch without writes, voice by voice; but noises take turns at one generator."""
    # Voice by voice, 512 samples at a time, takes 1.5 ns per voice and sample. A 219 keeps its sum whole until the end.
    begin, shift = 0, 9 if s.type == ASIC_219 else 0
    most = 1 if s.type == ASIC_219 and noises(s) > 1 else CHUNK
    left, right = sides[LEFT], sides[RIGHT]
    while begin < len(out):
        count = min(len(out) - begin, most)
        for i in range(count):
            left[i] = right[i] = 0
        if s.type == ASIC_219:
            add_voices_219(s, memory, wave[:count], sides)
        else:
            add_voices(s, memory, wave[:count], sides)
        piece = out[begin : begin + count]
        for i in range(count):
            piece[i, LEFT], piece[i, RIGHT] = left[i] >> shift, right[i] >> shift
        begin += count


def run(state, memory, writes, out):
    """Make samples, each write taken before its own; without a ROM the chip stands still."""
    _run(state, memory, writes, out, np.empty(CHUNK, np.int32), np.empty((2, CHUNK), np.int32))


@entry
def _run(state, memory, writes, out, wave, sides):
    s = state[0]
    done = 0
    for i in range(len(writes) + 1):
        until = len(out) if i == len(writes) else min(max(writes[i]["sample"], done), len(out))
        # As the reference, which makes nothing before a ROM is there; but writes count.
        if len(memory) == 0:
            out[done:until] = 0
        elif until > done:
            sound(s, memory, out[done:until], wave, sides)
        if i < len(writes):
            write(s, writes[i]["address"], writes[i]["data"])
        done = until


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield row, voice and start with its bank of each key on; a chip with banks for four voices is a 219."""
    registers, groups, asic = [0] * 0x200, GROUP_BANK.tolist(), False
    register, voice = rows["address"] & 0xF, rows["address"] >> 4 & 0x1F
    matters = np.flatnonzero((register >= BANK) & (register <= START + 1) | (voice == 0x1F))
    addresses, bytes_ = rows["address"][matters] & 0x1FF, rows["data"][matters]
    for row, address, data in zip(matters.tolist(), addresses.tolist(), bytes_.tolist(), strict=True):
        if address & 0x1F9 == 0x1F9:
            address -= 8
        registers[address] = data & 0xFF
        asic |= address in groups and registers[address] > 0
        voice, register = divmod(address, 0x10)
        if register == MODE and voice < VOICES and data & KEY:
            place = 0x10 * voice
            bank = registers[groups[voice // 4 % 4] if asic else place + BANK]
            yield row, voice, bank << 16 | registers[place + START] << 8 | registers[place + START + 1]


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what each key on strikes, as ``STRIKE``; a sound's number is its start, the bank before it."""
    return in_order(_started(rows))
