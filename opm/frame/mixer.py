"""Mixer: both sums, the taps, and panning, a frame at a time.

Three algorithms for one rule, for speed: ``cycle.mixer`` an operator a clock, as the die does it; here eight channels
abreast; ``span.mixer`` all frames of a span. The clamp stands in ``cycle.mixer``.
"""

from .._jit import block, outline
from ..bits import i32
from ..cycle.dac import rounded
from ..cycle.mixer import beyond, clamped
from ..state import C2, LEFT, RIGHT
from ..tables import CARRIER
from .record import LAST


@block
def ripples(state):
    """Whether RL and carriers on their way to the mixer differ from the registers."""
    rl, carrier = state.ch_rl[2], CARRIER[2, state.ch_con[2]]
    return state.op_carrier != carrier or state.op_mix_l != carrier & rl or state.op_mix_r != carrier & (rl >> 1)


@block
def heard(frame, slot):
    """An operator's output if it is C2, or C1 and a carrier."""
    return frame.out[slot] & (frame.c1_heard[slot & 7] if slot < C2 else -1)


@block
def slot_15(frame):
    """M2 of channel 8 if it is a carrier: the left takes it a frame later than the slots before it."""
    return frame.out[15] & frame.m2_heard[7]


@block
def set_panning(state, sums, mute):
    """Sides each channel is heard on."""
    for c in range(8):
        audible = ((mute >> c) & 1) ^ 1
        sums.left_mask[c] = -(state.ch_rl[c] & audible)
        sums.right_mask[c] = -((state.ch_rl[c] >> 1) & audible)


@block
def get(state, sums, frame):
    """Sums in the making and taken."""
    left = (state.mix_serial[LEFT] >> 2) & 0x7FFF
    sums.taken[LEFT] = left - 0x8000 * (1 - ((state.mix_serial[LEFT] >> 17) & 1))
    if state.mix_clamp_low[LEFT]:
        sums.taken[LEFT] = -0x8000
    if state.mix_clamp_high[LEFT]:
        sums.taken[LEFT] = 0x7FFF
    sums.taken[RIGHT] = ((state.mix_bits >> 7) | (state.mix_serial[RIGHT] & 3) << 14) - 0x8000
    sums.summing[LEFT] = state.mix[LEFT]
    sums.summing[RIGHT] = state.mix[RIGHT]
    sums.carried[RIGHT] = 0
    # The chip has not come to slots 18-30 yet; 31 is taken with the next frame's sums, for the noise may replace it.
    for slot in range(18, LAST):
        value = heard(frame, slot)
        sums.summing[LEFT] += value & sums.left_mask[slot & 7]
        sums.summing[RIGHT] += value & sums.right_mask[slot & 7]


@block
def get_taps(state, frame):
    """Each channel's sum of the last frame, all but slot 31; what it gives each side, as ``get``."""
    for c in range(8):
        frame.tap_part[c], frame.tap_last[c], frame.tap_out[c] = state.tap_sum[c], state.tap_last[c], state.tap_out[c]
    for i in range(16):
        frame.side_open[i], frame.side_taken[i] = state.side_sum[i], state.side_taken[i]
        frame.side_sent[i] = state.side_sent[i]
    for slot in range(18, LAST):
        c = slot & 7
        value = heard(frame, slot)
        frame.tap_part[c] += value
        frame.side_open[c] += value & frame.left_mask[c]
        frame.side_open[8 + c] += value & frame.right_mask[c]


@block
def put(state, sums, frame):
    """Sums: left slots 15-17, right slot 31 of the frame before and 0-17; the sums taken on their way out."""
    slot_16, slot_17 = heard(frame, 16), heard(frame, 17)
    left = (slot_15(frame) & sums.left_mask[7]) + (slot_16 & sums.left_mask[0])
    right = sums.carried[RIGHT] + (slot_16 & sums.right_mask[0])
    for c in range(8):
        right += frame.early_carriers[c] & sums.right_mask[c]
    state.mix_old[LEFT] = left
    state.mix_old[RIGHT] = right
    state.mix[LEFT] = left + (slot_17 & sums.left_mask[1])
    state.mix[RIGHT] = right + (slot_17 & sums.right_mask[1])
    state.op_mix_l = frame.c1_heard[2] & sums.left_mask[2] & 1
    state.op_mix_r = frame.c1_heard[2] & sums.right_mask[2] & 1
    for side in range(2):
        state.mix_clamp_high[side] = 1 if sums.clamp[side] > 0 else 0
        state.mix_clamp_low[side] = 1 if sums.clamp[side] < 0 else 0
        state.dac_output[side] = sums.dac[side]


@block
def put_taps(state, frame):
    """In the making: slots 0-17 of the last frame; of the sides as in ``put``."""
    for c in range(8):
        state.tap_last[c], state.tap_out[c] = frame.tap_last[c], frame.tap_out[c]
        slot_16 = heard(frame, 16 + c) if c < 2 else 0
        state.tap_sum[c] = frame.early_carriers[c] + slot_16
        state.side_sum[c] = slot_16 & frame.left_mask[c]
        state.side_sum[8 + c] = state.tap_sum[c] & frame.right_mask[c]
    state.side_sum[7] = slot_15(frame) & frame.left_mask[7]
    state.side_sum[15] += frame.carried[RIGHT]
    for i in range(16):
        state.side_taken[i], state.side_sent[i] = frame.side_taken[i], frame.side_sent[i]
        state.side_out[i] = frame.side_out[i]


@block
def written_panning(state, frame, muted, mute):
    """RL of a channel, read at clock 5 after a slot of the channel enters, modulo 8.

    From channel 5 on that is in time for C2 of the frame before on its way to the mixer.
    """
    c = state.reg_address & 7
    waiting = frame.out[C2 + c] if 4 <= c < 7 else 0
    frame.side_open[c] -= waiting & frame.left_mask[c]
    frame.side_open[8 + c] -= waiting & frame.right_mask[c]
    for sums, channels in ((frame, 0), (muted, mute)):
        sums.summing[LEFT] -= waiting & sums.left_mask[c]
        sums.summing[RIGHT] -= waiting & sums.right_mask[c]
        set_panning(state, sums, channels)
        sums.summing[LEFT] += waiting & sums.left_mask[c]
        sums.summing[RIGHT] += waiting & sums.right_mask[c]
    frame.side_open[c] += waiting & frame.left_mask[c]
    frame.side_open[8 + c] += waiting & frame.right_mask[c]


@outline
def taps(frame, last, channels):
    """Each channel's own sum, and what it gives each side: its part of what ``mix`` does; in step with the DAC.

    How many channels is an argument, because LLVM would unroll a loop of eight instead of doing eight abreast.
    """
    for c in range(channels):
        early, late = frame.early_carriers[c], frame.late_carriers[c]
        whole = i32(early + late)
        frame.tap_out[c] = frame.tap_last[c]
        frame.tap_last[c] = frame.tap_part[c]
        frame.tap_part[c] = whole
        frame.side_out[c] = frame.side_sent[c]
        frame.side_sent[c] = frame.side_taken[c]
        frame.side_taken[c] = i32(frame.side_open[c] + i32(early & frame.left_mask[c]))
        frame.side_open[c] = i32(late & frame.left_mask[c])
        frame.side_out[8 + c] = frame.side_sent[8 + c] = frame.side_taken[8 + c]
        frame.side_taken[8 + c] = frame.side_open[8 + c]
        frame.side_open[8 + c] = i32(whole & frame.right_mask[c])
    frame.tap_last[7] += last
    frame.tap_part[7] -= frame.out[LAST]
    frame.side_taken[7] += (last - slot_15(frame)) & frame.left_mask[7]
    frame.side_open[7] += (slot_15(frame) - frame.out[LAST]) & frame.left_mask[7]
    frame.side_open[15] += (last - frame.out[LAST]) & frame.right_mask[7]


@block
def mix(sums, frame, last):
    """Left takes slots 15-31 of the last frame and 0-14 of this, right slots 0-31 of the last; then the DAC.

    sums : where they are kept, ``frame`` itself or the record that leaves muted channels out.
    """
    early, late, right = i32(0), i32(0), i32(0)
    for c in range(8):
        early = i32(early + i32(frame.early_carriers[c] & sums.left_mask[c]))
        late = i32(late + i32(frame.late_carriers[c] & sums.left_mask[c]))
        right = i32(right + i32(i32(frame.early_carriers[c] + frame.late_carriers[c]) & sums.right_mask[c]))
    waiting = slot_15(frame) & sums.left_mask[7]
    sums.dac[LEFT] = rounded(sums.taken_before[LEFT])
    sums.dac[RIGHT] = rounded(sums.taken[RIGHT])
    take(sums, LEFT, sums.summing[LEFT] + (last & sums.left_mask[7]) + early - waiting)
    take(sums, RIGHT, sums.carried[RIGHT] + sums.summing[RIGHT])
    sums.summing[LEFT] = late + waiting - (frame.out[LAST] & sums.left_mask[7])
    sums.summing[RIGHT] = right - (frame.out[LAST] & sums.right_mask[7])
    sums.carried[RIGHT] = last & sums.right_mask[7]


@block
def take(sums, side, total):
    """Take a sum over, clamped."""
    sums.clamp[side] = beyond(total)
    if side == LEFT:
        sums.raw_left = (total & 0x7FFF) | (((total >> 17) & 1) ^ 1) << 15
    sums.taken_before[side] = sums.taken[side]
    sums.taken[side] = clamped(total)


@block
def hand_on(sums, to):
    """Copy a mixer's sums, all of ``SUMS``, from one record to another."""
    to.raw_left = sums.raw_left
    for side in range(2):
        to.summing[side], to.carried[side], to.clamp[side] = sums.summing[side], sums.carried[side], sums.clamp[side]
        to.taken[side], to.taken_before[side], to.dac[side] = sums.taken[side], sums.taken_before[side], sums.dac[side]
