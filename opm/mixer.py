"""Mixer, serial output and DAC: two sums a frame, sent as 10-bit mantissa and 3-bit exponent. Source: die (Nuked-OPM).

A side's sum is taken over once a frame (right at clock 13, left at clock 29), leaves serially over the next
clocks, gets its exponent on the way, and is on the DAC's output 40 clocks later (right clock 21, left 5).
"""

from ._jit import block
from .tables import EXPONENT

LEFT, RIGHT = 0, 1
RIGHT_TAKEN, LEFT_TAKEN = 13, 29
LAST_SLOT_MIXED = 13


@block
def pins(s):
    """Serial data and the two sample strobes, at the start of the clock."""
    position = (s.cycles + 27) & 24
    s.so = s.mix_out_bit & 1
    s.sh1 = 1 if position == 8 and not s.ic else 0
    s.sh2 = 1 if position == 24 and not s.ic else 0


@block
def dac(s):
    """YM3012: the fall of a strobe converts the 13 bits received: mantissa, offset binary, times 2 ** exponent."""
    value = (((s.dac_bits & 1023) - 512) << (s.dac_bits >> 10)) >> 1
    if s.dac_sh1 and not s.sh1:
        s.dac_output[RIGHT] = value
    if s.dac_sh2 and not s.sh2:
        s.dac_output[LEFT] = value
    s.dac_bits = (s.dac_bits >> 1) | (s.so << 12)
    s.dac_sh1 = s.sh1
    s.dac_sh2 = s.sh2


@block
def shifter(s):
    """Left bits at clocks 2-17, right bits at 18-1: sign and top bits taken at the window's end, then sent."""
    window = s.cycles & 15
    side = LEFT if ((s.cycles + 30) & 31) < 16 else RIGHT
    bit = s.mix_serial[side] & 1
    if window == 1:
        s.mix_sign = bit ^ 1
        s.mix_top = (s.mix_bits >> 15) & 63
    if window == 7:
        s.mix_exp = EXPONENT[s.mix_top ^ (63 if s.mix_sign else 0)]
        s.mix_sign_out = s.mix_sign
    if window == 0:
        out = s.mix_sign_out ^ 1
    elif window < 4:
        out = (s.mix_exp >> (window - 1)) & 1
    else:
        out = (s.mix_bits << 1 >> s.mix_exp) & 1 if s.mix_exp else 0
    s.mix_out_bit = ((s.mix_out_bit << 1) | out) & 0xFF
    s.mix_bits = (s.mix_bits >> 1) | (bit << 20)


@block
def serialise(s, side, taken):
    """Load a side's sum into its serial word, in two clocks; clamp by bits 15-17 of the sum."""
    word = s.mix_serial[side] >> 1
    if s.cycles == taken:
        word |= (s.mix[side] & 1023) << 4
    if s.cycles == taken + 1:
        total = s.mix_old[side]
        overflow = (total >> 15) & 7
        word |= ((total >> 10) & 31) << 13 | (((total >> 17) & 1) ^ 1) << 18
        s.mix_clamp_high[side] = 1 if 1 <= overflow <= 3 else 0
        s.mix_clamp_low[side] = 1 if 4 <= overflow <= 6 else 0
    if s.mix_clamp_low[side]:
        word &= ~2
    if s.mix_clamp_high[side]:
        word |= 2
    s.mix_serial[side] = word


@block
def accumulate(s):
    """Take the sums over and start new ones; add the operator at the output. Clock slot + 14."""
    serialise(s, RIGHT, RIGHT_TAKEN)
    serialise(s, LEFT, LEFT_TAKEN)
    s.mix_old[LEFT] = s.mix[LEFT]
    s.mix_old[RIGHT] = s.mix[RIGHT]
    left = 0 if s.cycles == LEFT_TAKEN else s.mix[LEFT]
    right = 0 if s.cycles == RIGHT_TAKEN else s.mix[RIGHT]
    s.mix[LEFT] = left + (s.op_mix if s.op_mix_l else 0)
    s.mix[RIGHT] = right + (s.op_mix if s.op_mix_r else 0)


@block
def tap(s):
    """Each channel's sum before panning; a frame is complete when slot 31 has been added, at clock 13."""
    if s.op_carrier:
        s.tap_sum[(s.cycles + 18) & 7] += s.op_mix
    if s.cycles == LAST_SLOT_MIXED:
        for channel in range(8):
            s.tap_out[channel] = s.tap_last[channel]
            s.tap_last[channel] = s.tap_sum[channel]
            s.tap_sum[channel] = 0


@block
def muted(s, m, mute):
    """Run a second mixer m beside the chip's own, without the channels whose bit in mute is set."""
    m.cycles = s.cycles
    m.ic = s.ic
    m.op_mix = s.op_mix
    audible = ((mute >> ((s.cycles + 18) & 7)) & 1) ^ 1
    m.op_mix_l = s.op_mix_l & audible
    m.op_mix_r = s.op_mix_r & audible
    pins(m)
    dac(m)
    shifter(m)
    accumulate(m)
