"""VERA's PSG, of the Commander X16: 16 voices, each a pulse, sawtooth, triangle or noise.

Source: x16-emulator 49b1fbd (release 50), ``vera_psg.c``, by Frank van den Hoef, who made the chip. Compared with it:
3000 random programs, 18.7 million samples, no difference.

====  =======================================================================
4n    frequency of voice n, low byte: phase steps of 1/131072 a sample
4n+1  its high byte
4n+2  bit 7 right, bit 6 left, bits 5-0 volume
4n+3  bits 7-6 waveform (pulse, sawtooth, triangle, noise), bits 5-0 pulse width
====  =======================================================================

Bit 16 of a phase falls once a period, when the sum carries out of 17 bits. That is when a voice takes its next noise
value, whatever its waveform. All voices look at one LFSR, which steps once for each of them in turn.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry
from ..state import Fields
from .record import tones

TITLE = "VERA PSG"
VOICES = 16
PULSE, SAWTOOTH, TRIANGLE, NOISE = range(4)
STRETCH = 1024
"""Samples made at a time: what a voice adds to stays in the first cache."""
PERIOD = 65535
"""Steps of the LFSR until it begins again."""

FIELDS = Fields.of(
    "registers",
    ("register", 8, 4 * VOICES, "four of each voice: frequency low, high; sides and volume; waveform and pulse width"),
    "voices",
    ("phase", 17, VOICES, "position in the waveform"),
    ("noise", 6, VOICES, "noise value taken when bit 16 of the phase last fell"),
    ("lfsr_at", 16, 1, "steps that the LFSR has made, modulo its period"),
)
VOLUME = np.array([
      0,   4,   8,  12,  16,  17,  18,  20,  21,  22,  23,  25,  26,  28,  30,  31,
     33,  35,  37,  40,  42,  45,  47,  50,  53,  56,  60,  63,  67,  71,  75,  80,
     85,  90,  95, 101, 107, 113, 120, 127, 135, 143, 151, 160, 170, 180, 191, 202,
    214, 227, 241, 255, 270, 286, 303, 321, 341, 361, 382, 405, 429, 455, 482, 511,
], np.int32)  # fmt: skip
"""Amplitude by volume: about 0.5 dB a step, linear at the bottom."""


def _lfsr() -> npt.NDArray[np.int32]:
    """Return the LFSR's state after every 16th step, through a period and a stretch.

    The next entry holds the 16 bits that came in since, so a state in between is read across two entries.
    """
    states, state = [], 1
    for step in range(PERIOD + 16 * (STRETCH + 3)):
        if step % 16 == 0:
            states.append(state)
        # Taps 1, 2, 4 and 15 of the emulator by the chip's author; the period is all 65535 states.
        new = (state >> 1 ^ state >> 2 ^ state >> 4 ^ state >> 15) & 1
        state = (state << 1 | new) & 0xFFFF
    return np.array(states, np.int32)


LFSR = _lfsr()


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Samples per second: one every 512 clocks."""
    return Fraction(clock, 512)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """All registers are 0, the LFSR holds 1."""


@block
def noise_value(at):
    """Bits 6 to 1 of the LFSR after so many steps."""
    # 16 steps apart are two neighbours in the table; what lies between them spans both.
    word = LFSR[at >> 4] << 16 | LFSR[(at >> 4) + 1]
    return word >> (17 - (at & 15)) & 63


@block
def pulse(mix, samples, sides, phase, freq, volume, width):
    """High while the phase's top 7 bits are not above the width."""
    # Levels 63 and 0 less the middle, 32, as the other waves are; cut off downwards like theirs.
    high, low = np.int32((31 * volume) >> 3), np.int32((-32 * volume) >> 3)
    limit = np.int32((width + 1) << 10)
    for n in range(samples):
        now = np.int32((phase + n * freq) & 0x1FFFF)
        # Sides are masks of all ones or none, so that the loop has no branch.
        value = high if now < limit else low
        mix[0, n] += value & sides[0]
        mix[1, n] += value & sides[1]


@block
def ramp(mix, samples, sides, phase, freq, volume, width, shift, fold):
    """Sawtooth (the top 6 bits) or triangle (the 6 below the top, which turns them round); width turns bits over."""
    flip = np.int32(width ^ 63)
    for n in range(samples):
        now = np.int32((phase + n * freq) & 0x1FFFF)
        # The sawtooth has no fold; a triangle's second half counts down, by turning its bits over.
        level = np.int32((now >> shift ^ (fold & -(now >> 16))) & 63 ^ flip)
        value = np.int32(((level - 32) * volume) >> 3)
        mix[0, n] += value & sides[0]
        mix[1, n] += value & sides[1]


@block
def hiss(mix, samples, sides, phase, freq, volume, level, at):
    """The level stays until the phase carries."""
    for n in range(samples):
        # The phase is carried along, not masked: its carry is what takes a new level.
        if phase > 0x1FFFF:
            phase -= 0x20000
            level = noise_value(at + 16 * n)
        value = ((level - 32) * volume) >> 3
        mix[0, n] += value & sides[0]
        mix[1, n] += value & sides[1]
        phase += freq


@block
def sound(s, voice, mix, samples, freq, at):
    """Add a voice to the samples, each with the phase after its step."""
    control, shape = s.register[4 * voice + 2], s.register[4 * voice + 3]
    volume = VOLUME[control & 63]
    # ``advance`` still moves the voice on: noise and phase are the same when it comes back.
    if volume == 0:
        return
    sides = np.int32(-(control >> 6 & 1)), np.int32(-(control >> 7))
    phase, width, waveform = s.phase[voice] + freq, shape & 63, shape >> 6
    if waveform == PULSE:
        pulse(mix, samples, sides, phase, freq, volume, width)
    elif waveform == NOISE:
        hiss(mix, samples, sides, phase, freq, volume, s.noise[voice], at)
    else:
        saw = waveform == SAWTOOTH
        ramp(mix, samples, sides, phase, freq, volume, width, 11 if saw else 10, np.int32(0 if saw else 63))


@block
def advance(s, voice, samples, freq, at):
    """Move a voice on by so many samples; the noise value is that of the last fall."""
    phase = s.phase[voice]
    total = phase + samples * freq
    carries = total >> 17
    if carries:
        # The sample of the last carry: the LFSR as the voice saw it there, 16 steps a sample.
        last = ((carries << 17) - phase + freq - 1) // freq - 1
        s.noise[voice] = noise_value(at + 16 * last)
    s.phase[voice] = total & 0x1FFFF


@block
def silence(s, voice, at):
    """Without a side the phase is held at 0; bit 16 may fall by that."""
    if s.phase[voice] >> 16:
        s.noise[voice] = noise_value(at)
    s.phase[voice] = 0


@block
def stretch(s, mix, samples):
    """Add up the samples between two writes, left and right apart."""
    for voice in range(VOICES):
        # Each voice sees the LFSR one step later than the one before it.
        at = s.lfsr_at + voice + 1
        if s.register[4 * voice + 2] >> 6 == 0:
            silence(s, voice, at)
            continue
        freq = s.register[4 * voice] | s.register[4 * voice + 1] << 8
        sound(s, voice, mix, samples, freq, at)
        advance(s, voice, samples, freq, at)
    # The table reaches a stretch beyond the period: only this sum needs the remainder.
    s.lfsr_at = (s.lfsr_at + 16 * samples) % PERIOD


@block
def write(s, address, data):
    """Write to a register."""
    if 0 <= address < 4 * VOICES:
        s.register[address] = data & 0xFF


def run(state, memory, writes, out):
    """Make ``out``, each write taken before its sample."""
    _run(state, writes, out, np.zeros((2, STRETCH), np.int32))


@entry
def _run(state, writes, out, mix):
    s = state[0]
    row, at = 0, 0
    while at < len(out):
        while row < len(writes) and writes[row]["sample"] <= at:
            write(s, writes[row]["address"], writes[row]["data"])
            row += 1
        end = min(len(out), at + STRETCH)
        if row < len(writes):
            end = min(end, writes[row]["sample"])
        stretch(s, mix, end - at)
        for n in range(end - at):
            out[at + n, 0], out[at + n, 1] = mix[0, n], mix[1, n]
            mix[0, n] = mix[1, n] = 0
        at = end
    # Writes behind the last sample belong to the next call's state: nothing hears them here.
    for late in range(row, len(writes)):
        write(s, writes[late]["address"], writes[late]["data"])


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A voice is struck where it becomes audible: a volume, and a side to be heard on."""
    found = []
    for voice in range(VOICES):
        row = np.flatnonzero(rows["address"] == 4 * voice + 2)
        data = rows["data"][row]
        audible = (data & 0xC0 != 0) & (data & 0x3F != 0)
        found.append((row[audible & ~np.append(False, audible[:-1])], voice))
    return tones(found)
