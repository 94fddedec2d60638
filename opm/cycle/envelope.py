"""Envelope generator: serial timer, a clock that ticks every third frame, six stages, TL ramp.

Source: die (Nuked-OPM). The twins ``frame.envelope`` and ``span.envelope`` step all slots abreast, by the rules that
stand here.

Attenuation counts in 3/32 dB steps, 0 loud, 1023 silent. The stages of slot s run at clocks s - 2 (key-on),
s (rate), s + 1 (shift, AM), s + 2 (step, state), s + 3 (level), s + 4 (output).
"""

import numpy as np

from .._jit import block
from ..bits import i32
from ..state import ATTACK, DECAY1, DECAY2, RELEASE
from ..tables import D1L, EG_SIZE, EG_STEP, INSTANT, NEVER, OFF, SILENCE

u32 = np.uint32


@block
def register_rate(state, slot):
    """The 5-bit rate in force: a key-on edge attacks at once, release rates are odd, IC releases fastest."""
    if state.ic:
        return 31
    # The state itself follows two clocks later.
    eg_state = ATTACK if state.kon[slot] and not state.kon_old[slot] else state.eg_state[slot]
    if eg_state == ATTACK:
        return state.sl_ar[slot]
    if eg_state == DECAY1:
        return state.sl_d1r[slot]
    if eg_state == DECAY2:
        return state.sl_d2r[slot]
    return state.sl_rr[slot] * 2 + 1


@block
def effective_rate(own, kcode, ks):
    """Effective rate, 0 to 63: twice the register's, as much of the key code as KS says; 0 stays 0 if KS is 0."""
    scaling = kcode >> (ks ^ 3) if own or ks else 0
    return min(own * 2 + scaling, 63)


@block
def amplitude_modulation(lfo_am, ams):
    """Attenuation a slot gets from the LFO, by its sensitivity; 0 if it is not enabled."""
    return (lfo_am << ams) >> 1 if ams else 0


@block
def rate(state):
    """Clock slot: effective rate 0-63 = 2 * rate + key code >> (3 - KS); TL, D1L and AM of the slot."""
    slot = state.cycles
    own = register_rate(state, slot)
    zero = 1 if own == 0 else 0
    effective = effective_rate(own, state.pg_kcode[slot], state.sl_ks[slot])

    state.eg_zr[1] = state.eg_zr[0]
    state.eg_zr[0] = zero
    state.eg_rate[1] = state.eg_rate[0]
    state.eg_rate[0] = effective
    state.eg_ratemax[1] = state.eg_ratemax[0]
    state.eg_ratemax[0] = 1 if effective >= INSTANT else 0
    state.eg_sl[1] = state.eg_sl[0]
    state.eg_sl[0] = D1L[state.sl_d1l[slot]]
    total_level(state, slot)
    state.eg_am = amplitude_modulation(state.lfo_am, state.ch_ams[slot & 7] if state.sl_ams_en[slot] else 0)


@block
def total_level(state, slot):
    """TL on its way to the level three clocks later; the YM2164's ramp is read two slots late."""
    if state.opp:
        state.opp_eg_tl = state.opp_tl[(slot - 2) & 31]
    else:
        state.eg_tl[2] = state.eg_tl[1]
        state.eg_tl[1] = state.eg_tl[0]
        state.eg_tl[0] = state.sl_tl[slot] & 0x7F


@block
def shift(state):
    """Clock slot + 1: which bit of the timer drives the slot; its level plus AM."""
    slot = (state.cycles - 1) & 31
    state.eg_shift = (state.eg_shift_lock + (state.eg_rate[0] >> 2)) & 15
    state.eg_inchi = EG_STEP[state.eg_rate[0] & 3, state.eg_timer_lock & 3]
    state.eg_out_am[1] = state.eg_out_am[0]
    state.eg_out_am[0] = limit(state.eg_level[slot] + state.eg_am)


@block
def limit(attenuation):
    """Saturate at 1023, by looking at bit 10 only."""
    # Level plus AM, and that plus TL, stay below 2048. With a level that a reset has left beyond 1023 they wrap.
    return SILENCE if attenuation & 1024 else attenuation


@block
def silent(level):
    """Whether a slot counts as silent, by the upper six bits: it goes to 1023 at once then, tick or not."""
    return i32(level & i32(OFF)) == i32(OFF)


@block
def falls(eg_state, at_d1l):
    """Whether a state lets the level fall: a frame that finds D1L ends decay 1, and only the next is decay 2."""
    return (eg_state >= DECAY2) | ((eg_state == DECAY1) & (not at_d1l))


@block
def linear_step(size):
    """What a decay adds to the level: 0, 1, 2, 4 or 8."""
    return i32(i32(i32(1) << size) >> 1)


@block
def attack_step(level, size):
    """What an attack adds: a share of the level, negative, so that it comes out exponential."""
    return i32(i32(i32(~level) << size) >> 5)


@block
def next_state(eg_state, kon, struck, at_peak, at_d1l, off):
    """Attack to the peak, decay 1 to D1L, decay 2 until it is silent; a released key releases."""
    if struck:
        return ATTACK
    if not kon or (off and eg_state != ATTACK):
        return RELEASE
    if eg_state == ATTACK and at_peak:
        return DECAY1
    if eg_state == DECAY1 and at_d1l:
        return DECAY2
    return eg_state


@block
def control(state):
    """Clock slot + 2: what the level will do, and the next state."""
    slot = (state.cycles - 2) & 31
    state.eg_inc = 0
    if state.eg_clock & 2:
        tagged = state.eg_rate[1] + NEVER * state.eg_zr[1]
        state.eg_inc = EG_SIZE[u32(state.eg_inchi), u32(state.eg_shift), u32(tagged)]
    level, eg_state, kon = state.eg_level[slot], state.eg_state[slot], state.kon[slot]
    edge = kon & (state.kon_old[slot] ^ 1)
    at_peak, at_d1l, off = level == 0, (level >> 4) == (state.eg_sl[1] << 1), silent(level)

    state.pg_reset[slot] = edge
    state.eg_instant = state.eg_ratemax[1] & edge
    state.eg_mute = 1 if off and eg_state != ATTACK and not edge else 0
    state.eg_linear = 1 if falls(eg_state, at_d1l) and not edge and not off else 0
    state.eg_attack = 1 if eg_state == ATTACK and kon and not state.eg_ratemax[1] and not at_peak else 0
    new = next_state(eg_state, kon, edge, at_peak, at_d1l, off)
    state.eg_state[slot] = RELEASE if state.ic else new


@block
def level(state):
    """Clock slot + 3: the level steps - linearly, or in attack by a share of itself. Output with TL."""
    slot = (state.cycles - 3) & 31
    old = state.eg_level[slot]
    new = old
    if state.eg_instant:
        new = 0
    if state.eg_mute or state.ic:
        new = SILENCE
    if state.eg_inc:
        linear = linear_step(state.eg_inc) if state.eg_linear else 0
        attack = attack_step(old, state.eg_inc) if state.eg_attack else 0
        new += linear | attack
    state.eg_level[slot] = new & 0x7FF

    attenuation = limit(state.eg_out_am[1] + (state.opp_eg_tl if state.opp else state.eg_tl[2] << 3))
    state.eg_out[0] = 0 if state.eg_test else attenuation & 0xFFF
    state.eg_test = state.test[5]


@block
def output(state):
    """Clock slot + 4: hand over to the operator; slot 31 also goes, inverted and serial, to the noise channel."""
    state.eg_serial_bit = (state.eg_serial >> 9) & 1
    state.eg_serial = state.eg_out[0] ^ SILENCE if state.cycles == 3 else state.eg_serial << 1
    state.eg_out[1] = state.eg_out[0]


@block
def clock(state):
    """Divide the frames by three; test bit 0 ticks always."""
    # YM2151-LLE and IKAOPM let the count of frames advance at clock 30.
    tick = (state.eg_clock_count >> 1) & 1
    state.eg_clock = ((state.eg_clock << 1) | tick | state.test[0]) & 0xFF
    if state.ic or (state.cycles == 31 and tick):
        state.eg_clock_count = 0
    elif state.cycles == 31:
        state.eg_clock_count += 1


@block
def timer(state):
    """Clocks 1-16: add 1 to the timer, serially, and note its lowest set bit one-hot."""
    position = (state.cycles - 1) & 15
    counting = ((state.cycles - 1) & 31) < 16 and state.eg_clock & 1 and (position == 0 or state.eg_timer_carry)
    total = ((state.eg_timer >> position) & 1) + (1 if counting else 0)
    bit = 0 if state.ic else total & 1
    state.eg_timer_carry = total >> 1
    state.eg_timer = (state.eg_timer & ~(1 << position)) | (bit << position)

    seen = (state.eg_timer >> ((state.cycles - 2) & 15)) & 1
    state.eg_timer_low = (state.eg_timer_low << 1) | (seen & (state.eg_timer_stop ^ 1))
    state.eg_timer_stop = 0 if position == 0 or state.ic_old else state.eg_timer_stop | seen
    # YM2151-LLE and IKAOPM lock at clock 17, when all of the timer has been incremented.
    if state.cycles == 1 and state.eg_clock & 1:
        state.eg_shift_lock = lowest_bit(state.eg_timer_low)
        state.eg_timer_lock = state.eg_timer & 0xFF


@block
def lowest_bit(one_hot):
    """Encode the position of the timer's lowest set bit plus one, as the die's four OR gates do; 0 if it is 14 or 15.

    At clock 1 position n - 1 stands in bit 16 - n of the history: gate k joins the n whose bit k is set.
    """
    bit0 = 1 if one_hot & 0xAAA8 else 0  # n = 1 3 5 7 9 11 13
    bit1 = 2 if one_hot & 0x6664 else 0  # n = 2 3 6 7 10 11 14
    bit2 = 4 if one_hot & 0x1E1C else 0  # n = 4-7 12-14
    bit3 = 8 if one_hot & 0x01FC else 0  # n = 8-14
    return bit0 | bit1 | bit2 | bit3


@block
def opp_ramp(state):
    """YM2164: TL with bit 7 set is a target, approached by one level step each (divider + 1) frames."""
    slot = state.cycles
    channel = slot & 7
    due = state.opp_ramp[channel] == state.opp_tl_count[channel]
    counts = 1 if ((slot + 1) & 31) < 8 else 0  # once per frame and channel: at clocks 31 and 0 to 6
    state.opp_tl_count[channel] = 0 if state.ic else ramp_count(state, channel, counts)
    state.opp_tl[slot] = ramped(state.opp_tl[slot], state.sl_tl[slot], due)


@block
def ramp_count(state, channel, counts):
    """A channel's count behind its step, if it counts now: it starts again at its divider."""
    count = state.opp_tl_count[channel]
    return 0 if counts and count == state.opp_ramp[channel] else (count + counts) & 0xFF


@block
def ramped(now, target, due):
    """One step of the ramp; a target without bit 7 is taken at once."""
    if target < 128:
        return target << 3
    if due and now >> 3 < target - 128:
        return now + 1
    if due and now >> 3 > target - 128:
        return now - 1
    return now
