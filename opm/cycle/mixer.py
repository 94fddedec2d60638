"""Mixer: two sums per frame, taken over (right at clock 13, left at clock 29) into serial words for the DAC.

The taps add up the same for each channel.

Source: die (Nuked-OPM).
"""

from .._jit import block
from ..state import LEFT, RIGHT

RIGHT_TAKEN, LEFT_TAKEN = 13, 29
RIGHT_OUT, LEFT_OUT = 21, 5
LAST_SLOT_MIXED = 13


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
        s.tap_sum[(s.cycles - 14) & 7] += s.op_mix
    if s.cycles == LAST_SLOT_MIXED:
        for channel in range(8):
            s.tap_out[channel] = s.tap_last[channel]
            s.tap_last[channel] = s.tap_sum[channel]
            s.tap_sum[channel] = 0


@block
def tap_sides(s):
    """What each channel gives each side."""
    hand_on(s, RIGHT, RIGHT_TAKEN, RIGHT_OUT)
    hand_on(s, LEFT, LEFT_TAKEN, LEFT_OUT)
    channel = (s.cycles - 14) & 7
    s.side_sum[channel] += s.op_mix if s.op_mix_l else 0
    s.side_sum[8 + channel] += s.op_mix if s.op_mix_r else 0


@block
def hand_on(s, side, taken, out):
    """Take a side's sums over with the mixer's; bring them out when the DAC does."""
    first, end = 8 * side, 8 * side + 8
    if s.cycles == taken:
        for i in range(first, end):
            s.side_sent[i] = s.side_taken[i]
            s.side_taken[i] = s.side_sum[i]
            s.side_sum[i] = 0
    if s.cycles == out:
        for i in range(first, end):
            s.side_out[i] = s.side_sent[i]


@block
def audible(s, m, mute):
    """Hand the operator at the output to a second mixer m, unless its channel's bit in mute is set."""
    m.cycles = s.cycles
    m.ic = s.ic
    m.op_mix = s.op_mix
    heard = ((mute >> ((s.cycles - 14) & 7)) & 1) ^ 1
    m.op_mix_l = s.op_mix_l & heard
    m.op_mix_r = s.op_mix_r & heard
