"""SN76489 and its kin (SN76496, NCR8496, Sega's PSG): three square waves, a noise, sixteen levels of 2 dB.

Address 0 is the chip's port. A byte ``1rrrdddd`` chooses a register and writes its low four bits, ``0-dddddd`` writes
to the register chosen: the upper six bits of a pitch, the low four of another.

=======  ==============================================================================================================
0, 2, 4  pitch of a tone: half a period, in samples; 0 is 1, or 1024. A tone of 1 stays up: its level plays samples
1, 3, 5  attenuation of a tone; 15 = silence
6        ``-wpp`` noise: white, else a pulse; p = 0, 1, 2: it shifts every 32, 64, 128 samples, 3: with the last tone.
         A write starts it anew
7        attenuation of the noise
=======  ==============================================================================================================

Address 1 is the Game Gear's port of sides: ``llllrrrr``, the noise on top.

Options, all as in a VGM file's header: ``feedback`` (bytes 28-29; 0 is 9), one or two taps of the noise; ``width`` (2A;
0 is 16) of its register; ``flags`` (2B): 1 = a pitch of 0 is 1024, 2 = the output is turned over, 4 = no port of sides,
8 = no divider by 8, 16 = NCR: the noise starts anew only when w changes, and its second tap is turned over.

Source: libvgm d4a07d0, emu/cores/sn76496.c (MAME's), its choice for VGM files, read and compared sample by sample at
the chip's own rate, where its limit for pitches does nothing. NOT EMULATED: two chips as a T6W28; READY.
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

TITLE = "SN76489"
_LONG_ZERO, _NEGATE, _MONO, _UNDIVIDED, _NCR = 1, 2, 4, 8, 16

# fmt: off
FIELDS = Fields.of(
    # name           bits count meaning
    "wiring",
    ("long_zero",       1,  1, "a pitch of 0 is 1024 samples long"),
    ("negate",          1,  1, "the output is turned over"),
    ("mono",            1,  1, "there is no port of sides"),
    ("ncr",             1,  1, "NCR: noise starts anew only when its kind changes; its second tap is turned over"),
    ("lfsr_width",      5,  1, "bits of the noise's register"),
    ("lfsr_tap",        5,  2, "bits fed back, the second for white noise only; 31 = there is none"),
    ("lfsr_stride",     5,  1, "shifts that need no bit of their own feedback"),
    "registers",
    ("latch",           3,  1, "register that a byte without bit 7 goes to"),
    ("pitch",          10,  3, "half a period of a tone"),
    ("noise",           4,  1, "bit 2 = white; bits 1-0 its pace"),
    ("attenuation",     4,  4, "2 dB steps; 15 = silence"),
    ("sides",           8,  1, "left in bits 7-4, right in bits 3-0, the noise on top"),
    "sound",
    ("period",         12,  4, "samples from edge to edge, taken when a counter runs out"),
    ("count",          12,  4, "samples to the next edge; 0 is 1"),
    ("up",              4,  1, "the four waves now, a bit each"),
    ("lfsr",           31,  1, "noise"),
)
# fmt: on
# A third of a doubling, 2.007 dB, as the reference has it: true 2 dB give other numbers from the first step on.
_LEVELS = np.array([*(int(8192 * 2 ** (step / -3) + 0.5) for step in range(15)), 0], np.int32)


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return the samples per second: a 16th of the clock, the step of all counters."""
    return Fraction(clock, 2 if options.get("flags", 0) & _UNDIVIDED else 16)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set what is not 0 after a reset; all is silent until a level is written."""
    flags = options.get("flags", 0)
    width = min(options.get("width", 0) & 0xFF or 16, 31)
    # A tap beyond the register, or a third one, would have no bit to read; 31 stands for no tap.
    taps = [tap for tap in range(min(width, 16)) if (options.get("feedback", 0) & 0xFFFF or 9) >> tap & 1][:2]
    state.long_zero, state.negate, state.mono = flags & _LONG_ZERO, flags & _NEGATE != 0, flags & _MONO != 0
    state.ncr = flags & _NCR != 0
    state.lfsr_width, state.lfsr_tap[:] = width, [*taps, 31, 31][:2]
    state.lfsr_stride = width - max(taps, default=0)
    # Sega's chips, in which a pitch of 0 is 1, wake with register 3 chosen (the reference's).
    state.latch = 0 if state.long_zero else 3
    state.attenuation[:] = 15
    state.sides = 0xFF
    state.lfsr = 1 << width - 1
    state.up = 8 if state.lfsr & 1 else 0


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return where a channel becomes audible; 3 is the noise."""
    mine = np.flatnonzero(rows["address"] == 0)
    data = rows["data"][mine]
    # A byte without bit 7 goes to the register that the last byte with it has chosen; before any, to register 3.
    chosen = np.maximum.accumulate(np.where(data & 0x80, np.arange(len(mine)), -1)) if len(mine) else mine
    register = np.where(chosen >= 0, data[chosen] >> 4 & 7, 3)
    found = []
    for channel in range(4):
        at = np.flatnonzero(register == channel * 2 + 1)
        audible = data[at] & 15 < 15
        found.append((mine[at[audible & ~np.append(False, audible)[:-1]]], channel))
    return tones(found)


@block
def write(s, address, data):
    """Take a byte of either port."""
    if address == 1 and not s.mono:
        s.sides = data & 0xFF
    elif address == 0:
        first = data & 0x80 != 0
        changed = first and data >> 4 & 7 == 6 and (data ^ s.noise) & 4
        if first:
            s.latch = data >> 4 & 7
        channel = s.latch >> 1
        if s.latch & 1:
            s.attenuation[channel] = data & 15
        elif channel < 3:
            pitch(s, channel, data, first)
        else:
            s.noise = data & 15
            if changed or not s.ncr:
                s.lfsr = 1 << max(s.lfsr_width - 1, 0)
            # Pace 3 is overwritten below, at each write: the noise follows the last tone's pitch.
            s.period[3] = 32 << (s.noise & 3)
        if s.noise & 3 == 3:
            # It shifts once per whole wave of the last tone, at every second edge.
            s.period[3] = s.period[2] << 1


@block
def pitch(s, channel, data, first):
    """Write four bits or six of a tone's period."""
    old = s.pitch[channel]
    new = old & 0x3F0 | data & 15 if first else old & 15 | (data & 63) << 4
    s.pitch[channel] = new
    s.period[channel] = 1024 if new == 0 and s.long_zero else new


@block
def skip_tone(s, channel, samples):
    """Let a tone run that nobody hears."""
    late = samples - max(s.count[channel], 1)
    if late < 0:
        s.count[channel] = -late
    else:
        period = max(s.period[channel], 1)
        s.up ^= (late // period + 1 & 1) << channel
        s.count[channel] = period - late % period


@block
def rest_tone(s, channel, due, heard, samples):
    """Leave a tone behind a stretch."""
    if heard:
        s.count[channel] = due
    else:
        skip_tone(s, channel, samples)


@block
def shifted(s, lfsr, times):
    """The noise after so many shifts, up to the stride (in a damaged snapshot that may be more than the width)."""
    white = -(s.noise >> 2 & 1)
    second = (lfsr >> s.lfsr_tap[1] ^ -s.ncr) & white if s.lfsr_tap[1] < 31 else 0
    new = (lfsr >> s.lfsr_tap[0] ^ second) & ((1 << times) - 1)
    return lfsr >> times | new << max(s.lfsr_width - times, 0)


@block
def skip_noise(s, samples):
    """Let the noise run that nobody hears."""
    late = samples - max(s.count[3], 1)
    if late < 0:
        s.count[3] = -late
    else:
        period = max(s.period[3], 1)
        times, lfsr, stride = late // period + 1, s.lfsr, max(s.lfsr_stride, 1)
        # As many shifts at once as need no bit that they feed back themselves: a register of 16 with tap 3 takes 13.
        while times > 0:
            lfsr = shifted(s, lfsr, min(times, stride))
            times -= stride
        s.lfsr, s.count[3] = lfsr, period - late % period
        s.up = s.up & 7 | (lfsr & 1) << 3


@block
def side(up, wired, a, b, c, d):
    """What a side hears: each wave stands as far above the middle as below."""
    total = (a if up & 1 else -a) if wired & 1 else 0
    total += (b if up & 2 else -b) if wired & 2 else 0
    total += (c if up & 4 else -c) if wired & 4 else 0
    return total + ((d if up & 8 else -d) if wired & 8 else 0)


@outline
def stretch(s, out, start, end):
    """Make the samples between two writes, from one change of what is heard to the next."""
    up, lfsr, sign = s.up, s.lfsr, -1 if s.negate else 1
    a, b = sign * _LEVELS[s.attenuation[0]], sign * _LEVELS[s.attenuation[1]]
    c, d = sign * _LEVELS[s.attenuation[2]], sign * _LEVELS[s.attenuation[3]]
    period_a, period_b, period_c = max(s.period[0], 1), max(s.period[1], 1), max(s.period[2], 1)
    # A wave of 1 sample is above hearing; the reference holds it up, and a program plays samples through its level.
    still = (1 if period_a == 1 else 0) | (2 if period_b == 1 else 0) | (4 if period_c == 1 else 0)
    cycle = max(s.period[3], 1)
    due_a = max(s.count[0], 1) if a and period_a > 1 else NEVER
    due_b = max(s.count[1], 1) if b and period_b > 1 else NEVER
    due_c = max(s.count[2], 1) if c and period_c > 1 else NEVER
    due_d = max(s.count[3], 1) if d else NEVER
    heard_a, heard_b, heard_c, heard_d = due_a < NEVER, due_b < NEVER, due_c < NEVER, due_d < NEVER
    at, now = start, start - 1  # all from at on is still to be made; all that is known is how sample now is
    while True:
        left = side(up | still, s.sides >> 4, a, b, c, d) >> 1
        right = side(up | still, s.sides, a, b, c, d) >> 1
        step = min(due_a, due_b, due_c, due_d)
        fill(out, at, min(now + step, end), left, right)
        at = now + step
        # Counters stop at the last sample that is made: the next stretch goes on from there.
        step = min(step, end - 1 - now)
        now += step
        due_a, due_b, due_c, due_d = due_a - step, due_b - step, due_c - step, due_d - step
        if at >= end:
            break
        if due_a == 0:
            up, due_a = up ^ 1, period_a
        if due_b == 0:
            up, due_b = up ^ 2, period_b
        if due_c == 0:
            up, due_c = up ^ 4, period_c
        if due_d == 0:
            lfsr, due_d = shifted(s, lfsr, 1), cycle
            up = up & 7 | (lfsr & 1) << 3
    s.up, s.lfsr = up, lfsr
    rest_tone(s, 0, due_a, heard_a, end - start)
    rest_tone(s, 1, due_b, heard_b, end - start)
    rest_tone(s, 2, due_c, heard_c, end - start)
    if heard_d:
        s.count[3] = due_d
    else:
        skip_noise(s, end - start)


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
