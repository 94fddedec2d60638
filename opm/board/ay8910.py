"""AY-3-8910 and YM2149: three square waves, one noise, one envelope, sixteen levels.

======  ===============================================================================================================
0-5     pitch of tone A, B, C: low byte, upper four bits; half a period, in samples, 0 is 1
6       ``---nnnnn`` noise: it shifts every 2 n samples, 0 is 1
7       ``--cbaCBA`` mixer: 0 = the channel takes the noise (abc), its tone (ABC); with neither it stays up
8-10    ``---evvvv`` level of a channel: v, or the envelope's
11, 12  envelope: low and high byte of its pace; n samples a step (YM2149), 2 n a step (AY-3-8910)
13      ``----cath`` its shape: continue, attack, alternate, hold; each write starts it
256     no register: VGM's command 31, two bits a channel from A on: left, right
======  ===============================================================================================================

Options: ``type`` 0 to 15 = AY-3-8910, others = YM2149; ``flags`` 0x10 = the YM2149's pin 26 is low, which halves the
clock, 0x80 = A left, B both, C right. They are bytes 78 and 79 of a VGM file's header.

Source: libvgm d4a07d0, emu/cores/ay8910.c (MAME's), read and compared sample by sample; the levels are what it
computes for a load of 1000 ohms. A counter compares with its period at every sample, as on the chips. (emu2149.c takes
a new period at the next edge only, restarts the envelope's counter when its pace is written, and lets a tone of 0 or 1
stay up.)
NOT EMULATED: ports; reading; the AY-3-8914's two envelope bits.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry, outline
from ..state import Fields
from .edges import NEVER, fill
from .record import tones

TITLE = "AY-3-8910 or YM2149"
SIDES = 256
_PIN_26_LOW, _SPREAD = 0x10, 0x80

# fmt: off
FIELDS = Fields.of(
    # name           bits count meaning
    "wiring",
    ("ym",              1,  1, "1 = YM2149: 32 steps of the envelope, levels of its own"),
    ("sides",           6,  1, "two bits a channel from A on: bit 0 left, bit 1 right"),
    "registers",
    ("reg",             8, 14, "registers as written"),
    "tone",
    ("tone_count",     12,  3, "samples since the last edge"),
    ("tone",            3,  1, "the square waves now, a bit each"),
    "noise",
    ("noise_count",     5,  1, "samples since the clock's last edge"),
    ("noise_clock",     1,  1, "clock of the shift register, which shifts when it rises"),
    ("noise_lfsr",     17,  1, "shift register; bit 0 is heard, bits 0 and 3 are fed back"),
    "envelope",
    ("env_count",      17,  1, "samples since the last step"),
    ("env_step",        5,  1, "steps left of this ramp"),
    ("env_attack",      5,  1, "all bits set: the ramp goes up"),
    ("env_alternate",   1,  1, "each ramp goes the other way"),
    ("env_hold",        1,  1, "there is one ramp only"),
    ("env_holding",     1,  1, "it has ended"),
)

# The reference's tables for its load resistor. The envelope has its own, for the AY-3-8910 too: its 16 steps are not
# quite the 16 levels of registers 8-10.
_LEVELS = np.array([  # AY-3-8910, YM2149
    [0, 74, 96, 125, 171, 238, 319, 519, 641, 1050, 1454, 1931, 2580, 3269, 4328, 5461],
    [0, 36, 63,  91, 136, 184, 268, 360, 522,  706, 1018, 1370, 1995, 2713, 3989, 5461],
], np.int32)
_ENVELOPE_LEVELS = np.array([
    [0, 49, 71, 101, 147, 213, 295, 497, 619, 1030, 1435, 1915, 2567, 3259, 4322, 5461] + [0] * 16,
    [0, 10, 25, 47, 59, 74, 87, 102, 123, 147, 169, 195, 233, 278, 321, 370, 444, 531, 617, 715, 858, 1027, 1192, 1378,
     1667, 2002, 2341, 2719, 3321, 3992, 4711, 5461],
], np.int32)
# fmt: on


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return the samples per second: an eighth of the clock, the step of all counters."""
    return Fraction(clock, 16 if _is_ym(options) and options.get("flags", 0) & _PIN_26_LOW else 8)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set what is not 0 after a reset."""
    state.ym = _is_ym(options)
    state.sides = 0b10_11_01 if options.get("flags", 0) & _SPREAD else 0b11_11_11
    # Not 0, from which a shift register never gets away.
    state.noise_lfsr = 1
    state.env_step = 31 if state.ym else 15
    state.env_hold = 1


def _is_ym(options: Mapping[str, int]) -> bool:
    return options.get("type", 0) & 0xF0 != 0


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return where a channel becomes audible, or starts an envelope that it follows."""
    found = []
    shapes = np.flatnonzero(rows["address"] == 13)
    for channel in range(3):
        mine = np.flatnonzero(rows["address"] == 8 + channel)
        level = rows["data"][mine] & 0x1F
        # Audible: a level above 0 behind one of 0. Bit 4, the envelope's, counts as a level.
        found.append((mine[(level > 0) & (np.append(0, level)[:-1] == 0)], channel))
        # The level register as it stands at each write of a shape: the last write before it.
        before = np.searchsorted(mine, shapes)
        follows = np.append(0, level)[before] & 0x10
        found.append((shapes[follows > 0], channel))
    return tones(found)


@block
def write(s, address, data):
    """Take a write; there are no other registers."""
    if address == SIDES:
        s.sides = data & 63
    elif 0 <= address < 14:
        s.reg[address] = data & 0xFF
        if address == 13:
            shape(s, data)


@block
def shape(s, data):
    """Start the envelope. Without continue there is one ramp, and then silence: a ramp up ends by turning over."""
    mask = 31 if s.ym else 15
    up = (data >> 2) & 1
    goes_on = data & 8
    s.env_attack = mask if up else 0
    s.env_hold = data & 1 if goes_on else 1
    s.env_alternate = (data >> 1) & 1 if goes_on else up
    s.env_step = mask
    s.env_holding = 0


@block
def tone_period(s, channel):
    """Samples from edge to edge."""
    return max(s.reg[channel * 2] | (s.reg[channel * 2 + 1] & 15) << 8, 1)


@block
def due(period, count):
    """Samples up to the one where a counter turns: at the next if its period has been made shorter than it is."""
    return max(period - count, 1)


@block
def skip_tone(s, channel, samples):
    """Let a tone run that nobody hears."""
    period = tone_period(s, channel)
    late = samples - due(period, s.tone_count[channel])
    if late < 0:
        s.tone_count[channel] += samples
    else:
        # One edge when it is due, then one per period: only an odd number of them turns the wave over.
        s.tone ^= (late // period + 1 & 1) << channel
        s.tone_count[channel] = late % period


@block
def rest_tone(s, channel, count, heard, samples):
    """Leave a tone behind a stretch."""
    if heard:
        s.tone_count[channel] = count
    else:
        skip_tone(s, channel, samples)


@block
def noise_due(s, cycle):
    """Samples up to the one with the next shift: the clock's next edge or the one after it."""
    half = cycle >> 1
    return due(half, s.noise_count) + (half if s.noise_clock else 0)


@block
def noise_rest(s, cycle, left):
    """Leave the noise where a shift is due in so many samples; half a cycle after a shift the clock falls."""
    # Rise to rise is a cycle: the shift register moves with the rise alone.
    since, half = cycle - left, cycle >> 1
    s.noise_clock = 1 if since < half else 0
    s.noise_count = since if since < half else since - half


@block
def shifted(lfsr, times):
    """The noise after so many shifts, 14 at the most: up to there no new bit is fed back."""
    new = (lfsr ^ lfsr >> 3) & ((1 << times) - 1)
    return lfsr >> times | new << 17 - times


@block
def skip_noise(s, samples):
    """Let the noise run that nobody hears."""
    cycle = max(s.reg[6] & 31, 1) * 2
    left = noise_due(s, cycle) - samples
    # Shifts until the end, the first of them when it is due.
    times = -left // cycle + 1 if left <= 0 else 0
    noise_rest(s, cycle, left + times * cycle)
    while times > 0:
        s.noise_lfsr = shifted(s.noise_lfsr, min(times, 14))
        times -= 14


@block
def envelope_period(s):
    """Samples from step to step."""
    return max((s.reg[11] | s.reg[12] << 8) * (1 if s.ym else 2), 1)


@block
def descend(s, steps):
    """So many steps of the envelope: down, and what happens at the end of a ramp."""
    bits = 5 if s.ym else 4
    mask = (1 << bits) - 1
    left = s.env_step - steps
    if left < 0:
        # A short period and a long stretch without sound can pass several ramps at once.
        ramps = 1 if s.env_hold else (mask - left) >> bits
        if s.env_alternate and ramps & 1:
            s.env_attack ^= mask
        if s.env_hold:
            s.env_holding, left = 1, 0
    s.env_step = left & mask


@block
def skip_envelope(s, samples):
    """Let the envelope run that nobody hears; after its end it stands still."""
    if s.env_holding:
        return
    period = envelope_period(s)
    late = samples - due(period, s.env_count)
    if late < 0:
        s.env_count += samples
    else:
        descend(s, late // period + 1)
        s.env_count = 0 if s.env_holding else late % period


@block
def level(s, channel):
    """How loud a channel is while its wave is up."""
    volume = s.reg[8 + channel] & 31
    if volume >= 16:
        return _ENVELOPE_LEVELS[s.ym, s.env_step ^ s.env_attack]
    return _LEVELS[s.ym, volume]


@block
def side(on, sides, a, b, c):
    """What a side hears: of the channels that are on, those wired to it."""
    total = a if on & sides & 1 else 0
    total += b if on & sides >> 1 & 2 else 0
    return total + (c if on & sides >> 2 & 4 else 0)


@outline
def stretch(s, out, start, end):
    """Make the samples between two writes, from one change of what is heard to the next."""
    mixer, sides, tone, lfsr = s.reg[7], s.sides, s.tone, s.noise_lfsr
    a, b, c = level(s, 0), level(s, 1), level(s, 2)
    heard = (1 if s.reg[8] & 31 else 0) | (2 if s.reg[9] & 31 else 0) | (4 if s.reg[10] & 31 else 0)
    tones, noise = heard & ~mixer, heard & ~(mixer >> 3)
    # What nobody hears is not stepped here but moved on at the end, in one go.
    envelope = (s.reg[8] | s.reg[9] | s.reg[10]) & 16 and not s.env_holding
    period_a, period_b, period_c = tone_period(s, 0), tone_period(s, 1), tone_period(s, 2)
    cycle, period = max(s.reg[6] & 31, 1) * 2, envelope_period(s)
    due_a = due(period_a, s.tone_count[0]) if tones & 1 else NEVER
    due_b = due(period_b, s.tone_count[1]) if tones & 2 else NEVER
    due_c = due(period_c, s.tone_count[2]) if tones & 4 else NEVER
    shift_due = noise_due(s, cycle) if noise else NEVER
    step_due = due(period, s.env_count) if envelope else NEVER
    at, now = start, start - 1  # all from at on is still to be made; all that is known is how sample now is
    while True:
        # What the mixer leaves out counts as up. With tone and noise left out the level itself sounds, which is how
        # drivers play samples.
        on = (tone | mixer) & (mixer >> 3 | -(lfsr & 1))
        left, right = side(on, sides, a, b, c), side(on, sides >> 1, a, b, c)
        step = min(due_a, due_b, due_c, shift_due, step_due)
        fill(out, at, min(now + step, end), left, right)
        at = now + step
        # Counters stop at the last sample that is made: the next stretch goes on from there.
        step = min(step, end - 1 - now)
        now += step
        due_a, due_b, due_c = due_a - step, due_b - step, due_c - step
        shift_due, step_due = shift_due - step, step_due - step
        if at >= end:
            break
        if due_a == 0:
            tone, due_a = tone ^ 1, period_a
        if due_b == 0:
            tone, due_b = tone ^ 2, period_b
        if due_c == 0:
            tone, due_c = tone ^ 4, period_c
        if shift_due == 0:
            lfsr, shift_due = shifted(lfsr, 1), cycle
        if step_due == 0:
            descend(s, 1)
            step_due = NEVER if s.env_holding else period
            a, b, c = level(s, 0), level(s, 1), level(s, 2)
    s.tone, s.noise_lfsr = tone, lfsr
    rest_tone(s, 0, period_a - due_a, tones & 1, end - start)
    rest_tone(s, 1, period_b - due_b, tones & 2, end - start)
    rest_tone(s, 2, period_c - due_c, tones & 4, end - start)
    if noise:
        noise_rest(s, cycle, shift_due)
    else:
        skip_noise(s, end - start)
    if envelope:
        s.env_count = 0 if s.env_holding else period - step_due
    else:
        skip_envelope(s, end - start)


@entry
def run(state, memory, writes, out):
    """Make len(out) samples."""
    s, at = state[0], 0
    for i in range(len(writes) + 1):
        until = min(writes["sample"][i], len(out)) if i < len(writes) else len(out)
        if until > at:
            stretch(s, out, at, until)
            at = until
        if i < len(writes):
            write(s, writes["address"][i], writes["data"][i])
