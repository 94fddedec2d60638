"""Mixer: two sums per frame, taken over (right at clock 13, left at clock 29) into serial words for the DAC.

The taps add up the same for each channel. An operator a clock; the twins ``frame.mixer`` and ``span.mixer`` take more
at once. Source: die (Nuked-OPM).
"""

from .._jit import block
from ..bits import i32
from ..state import LEFT, RIGHT

RIGHT_TAKEN, LEFT_TAKEN = 13, 29
RIGHT_OUT, LEFT_OUT = 21, 5
LAST_SLOT_MIXED = 13


@block
def serialise(state, side, taken):
    """Load a side's sum into its serial word, in two clocks; clamp by bits 15-17 of the sum."""
    word = state.mix_serial[side] >> 1
    if state.cycles == taken:
        word |= (state.mix[side] & 1023) << 4
    if state.cycles == taken + 1:
        total = state.mix_old[side]
        word |= ((total >> 10) & 31) << 13 | (((total >> 17) & 1) ^ 1) << 18
        state.mix_clamp_high[side] = 1 if beyond(total) > 0 else 0
        state.mix_clamp_low[side] = 1 if beyond(total) < 0 else 0
    if state.mix_clamp_low[side]:
        word &= ~2
    if state.mix_clamp_high[side]:
        word |= 2
    state.mix_serial[side] = word


@block
def beyond(total):
    """Say whether a sum is above 16 bits (1), below (-1) or neither, as the die does: by its bits 15 to 17."""
    # 32 carriers at their loudest need 19 bits: such a sum has wrapped, and the die clamps what is left of it.
    overflow = (total >> 15) & 7
    return (1 if overflow < 4 else -1) if 0 < overflow < 7 else 0


@block
def clamped(total):
    """Return a sum as it is sent: 18 bits in two's complement, clamped to 16."""
    return i32(min(max(i32(i32(i32(total) << 14) >> 14), i32(-0x8000)), i32(0x7FFF)))


@block
def accumulate(state):
    """Take the sums over and start new ones; add the operator at the output. Clock slot + 14."""
    serialise(state, RIGHT, RIGHT_TAKEN)
    serialise(state, LEFT, LEFT_TAKEN)
    state.mix_old[LEFT] = state.mix[LEFT]
    state.mix_old[RIGHT] = state.mix[RIGHT]
    left = 0 if state.cycles == LEFT_TAKEN else state.mix[LEFT]
    right = 0 if state.cycles == RIGHT_TAKEN else state.mix[RIGHT]
    state.mix[LEFT] = left + (state.op_mix if state.op_mix_l else 0)
    state.mix[RIGHT] = right + (state.op_mix if state.op_mix_r else 0)


@block
def tap(state):
    """Each channel's sum before panning; a frame is complete when slot 31 has been added, at clock 13."""
    if state.op_carrier:
        state.tap_sum[(state.cycles - 14) & 7] += state.op_mix
    if state.cycles == LAST_SLOT_MIXED:
        for channel in range(8):
            state.tap_out[channel] = state.tap_last[channel]
            state.tap_last[channel] = state.tap_sum[channel]
            state.tap_sum[channel] = 0


@block
def tap_sides(state):
    """What each channel gives each side."""
    hand_on(state, RIGHT, RIGHT_TAKEN, RIGHT_OUT)
    hand_on(state, LEFT, LEFT_TAKEN, LEFT_OUT)
    channel = (state.cycles - 14) & 7
    state.side_sum[channel] += state.op_mix if state.op_mix_l else 0
    state.side_sum[8 + channel] += state.op_mix if state.op_mix_r else 0


@block
def hand_on(state, side, taken, out):
    """Take a side's sums over with the mixer's; bring them out when the DAC does."""
    # A listener's taps must be in step with the mix, whose left is half a frame off its right.
    first, end = 8 * side, 8 * side + 8
    if state.cycles == taken:
        for i in range(first, end):
            state.side_sent[i] = state.side_taken[i]
            state.side_taken[i] = state.side_sum[i]
            state.side_sum[i] = 0
    if state.cycles == out:
        for i in range(first, end):
            state.side_out[i] = state.side_sent[i]


@block
def audible(state, muted, mute):
    """Hand the operator at the output to the second mixer, unless its channel's bit in ``mute`` is set."""
    muted.cycles = state.cycles
    muted.ic = state.ic
    muted.op_mix = state.op_mix
    heard = ((mute >> ((state.cycles - 14) & 7)) & 1) ^ 1
    muted.op_mix_l = state.op_mix_l & heard
    muted.op_mix_r = state.op_mix_r & heard
