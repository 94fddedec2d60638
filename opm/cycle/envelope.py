"""Envelope generator: serial timer, a clock that ticks every third frame, six stages, TL ramp.

Source: die (Nuked-OPM).

Attenuation counts in 3/32 dB steps, 0 loud, 1023 silent. The stages of slot s run at clocks s - 2 (key-on),
s (rate), s + 1 (shift, AM), s + 2 (step, state), s + 3 (level), s + 4 (output).
"""

from .._jit import block
from ..state import ATTACK, DECAY1, DECAY2, RELEASE
from ..tables import EG_STEP


@block
def register_rate(s, slot):
    """The 5-bit rate in force: a key-on edge attacks at once, release rates are odd, IC releases fastest."""
    if s.ic:
        return 31
    state = ATTACK if s.kon[slot] and not s.kon_old[slot] else s.eg_state[slot]
    if state == ATTACK:
        return s.sl_ar[slot]
    if state == DECAY1:
        return s.sl_d1r[slot]
    if state == DECAY2:
        return s.sl_d2r[slot]
    return s.sl_rr[slot] * 2 + 1


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
def rate(s):
    """Clock slot: effective rate 0-63 = 2 * rate + key code >> (3 - KS); TL, D1L and AM of the slot."""
    slot = s.cycles
    own = register_rate(s, slot)
    zero = 1 if own == 0 else 0
    effective = effective_rate(own, s.pg_kcode[slot], s.sl_ks[slot])

    s.eg_zr[1] = s.eg_zr[0]
    s.eg_zr[0] = zero
    s.eg_rate[1] = s.eg_rate[0]
    s.eg_rate[0] = effective
    s.eg_ratemax[1] = s.eg_ratemax[0]
    s.eg_ratemax[0] = 1 if effective >= 62 else 0
    s.eg_sl[1] = s.eg_sl[0]
    s.eg_sl[0] = 31 if s.sl_d1l[slot] == 15 else s.sl_d1l[slot]
    total_level(s, slot)
    s.eg_am = amplitude_modulation(s.lfo_am, s.ch_ams[slot & 7] if s.sl_ams_en[slot] else 0)


@block
def total_level(s, slot):
    """TL on its way to the level three clocks later; the YM2164's ramp is read two slots late."""
    if s.opp:
        s.opp_eg_tl = s.opp_tl[(slot - 2) & 31]
    else:
        s.eg_tl[2] = s.eg_tl[1]
        s.eg_tl[1] = s.eg_tl[0]
        s.eg_tl[0] = s.sl_tl[slot] & 0x7F


@block
def shift(s):
    """Clock slot + 1: which bit of the timer drives the slot; its level plus AM."""
    slot = (s.cycles - 1) & 31
    s.eg_shift = (s.eg_shift_lock + (s.eg_rate[0] >> 2)) & 15
    s.eg_inchi = EG_STEP[s.eg_rate[0] & 3, s.eg_timer_lock & 3]
    s.eg_out_am[1] = s.eg_out_am[0]
    s.eg_out_am[0] = limit(s.eg_level[slot] + s.eg_am)


@block
def limit(attenuation):
    """Saturate at 1023, by looking at bit 10 only."""
    return 1023 if attenuation & 1024 else attenuation


@block
def step_size(rate, zero, inchi, shift):
    """Step 0-4 of a tick: rates of 48 and up step every time, the others when the timer's carry fits."""
    if rate >= 48:
        return min(inchi + (rate >> 2) - 11, 4)
    if zero:
        return 0
    if shift == 12:
        return 1 if rate else 0
    if shift == 13:
        return (rate >> 1) & 1
    return rate & 1 if shift == 14 else 0


@block
def next_state(state, kon, edge, at_peak, at_d1l, off):
    """Attack to the peak, decay 1 to D1L, decay 2 until it is silent; a released key releases."""
    if edge:
        return ATTACK
    if not kon or (off and (state == DECAY1 or state == DECAY2)):
        return RELEASE
    if state == ATTACK and at_peak:
        return DECAY1
    if state == DECAY1 and at_d1l:
        return DECAY2
    return state


@block
def control(s):
    """Clock slot + 2: what the level will do, and the next state."""
    slot = (s.cycles - 2) & 31
    s.eg_inc = step_size(s.eg_rate[1], s.eg_zr[1], s.eg_inchi, s.eg_shift) if s.eg_clock & 2 else 0
    level, state, kon = s.eg_level[slot], s.eg_state[slot], s.kon[slot]
    edge = kon & (s.kon_old[slot] ^ 1)
    at_peak = level == 0
    at_d1l = (level >> 4) == (s.eg_sl[1] << 1)
    off = (level & 0x3F0) == 0x3F0
    falling = state == DECAY2 or state == RELEASE or (state == DECAY1 and not at_d1l)

    s.pg_reset[slot] = edge
    s.eg_instant = s.eg_ratemax[1] & edge
    s.eg_mute = 1 if off and state != ATTACK and not edge else 0
    s.eg_linear = 1 if falling and not edge and not off else 0
    s.eg_attack = 1 if state == ATTACK and kon and not s.eg_ratemax[1] and not at_peak else 0
    s.eg_state[slot] = RELEASE if s.ic else next_state(state, kon, edge, at_peak, at_d1l, off)


@block
def level(s):
    """Clock slot + 3: the level steps - linearly, or in attack by a share of itself. Output with TL."""
    slot = (s.cycles - 3) & 31
    old = s.eg_level[slot]
    new = old
    if s.eg_instant:
        new = 0
    if s.eg_mute or s.ic:
        new = 1023
    if s.eg_inc:
        linear = (1 << s.eg_inc) >> 1 if s.eg_linear else 0
        attack = (~old << s.eg_inc) >> 5 if s.eg_attack else 0
        new += linear | attack
    s.eg_level[slot] = new & 0x7FF

    attenuation = limit(s.eg_out_am[1] + (s.opp_eg_tl if s.opp else s.eg_tl[2] << 3))
    s.eg_out[0] = 0 if s.eg_test else attenuation & 0xFFF
    s.eg_test = s.test[5]


@block
def output(s):
    """Clock slot + 4: hand over to the operator; slot 31 also goes, inverted and serial, to the noise channel."""
    s.eg_serial_bit = (s.eg_serial >> 9) & 1
    s.eg_serial = s.eg_out[0] ^ 1023 if s.cycles == 3 else s.eg_serial << 1
    s.eg_out[1] = s.eg_out[0]


@block
def clock(s):
    """Divide the frames by three; test bit 0 ticks always."""
    tick = (s.eg_clock_count >> 1) & 1
    s.eg_clock = ((s.eg_clock << 1) | tick | s.test[0]) & 0xFF
    if s.ic or (s.cycles == 31 and tick):
        s.eg_clock_count = 0
    elif s.cycles == 31:
        s.eg_clock_count += 1


@block
def timer(s):
    """Clocks 1-16: add 1 to the timer, serially, and note its lowest set bit one-hot."""
    position = (s.cycles - 1) & 15
    counting = ((s.cycles - 1) & 31) < 16 and s.eg_clock & 1 and (position == 0 or s.eg_timer_carry)
    total = ((s.eg_timer >> position) & 1) + (1 if counting else 0)
    bit = 0 if s.ic else total & 1
    s.eg_timer_carry = total >> 1
    s.eg_timer = (s.eg_timer & ~(1 << position)) | (bit << position)

    seen = (s.eg_timer >> ((s.cycles - 2) & 15)) & 1
    s.eg_timer_low = (s.eg_timer_low << 1) | (seen & (s.eg_timer_stop ^ 1))
    s.eg_timer_stop = 0 if position == 0 or s.ic_old else s.eg_timer_stop | seen
    if s.cycles == 1 and s.eg_clock & 1:
        s.eg_shift_lock = lowest_bit(s.eg_timer_low)
        s.eg_timer_lock = s.eg_timer & 0xFF


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
def opp_ramp(s):
    """YM2164: TL with bit 7 set is a target, approached by one level step each (divider + 1) frames."""
    slot = s.cycles
    channel = slot & 7
    counts = 1 if ((s.cycles + 1) & 31) < 8 else 0
    due = s.opp_ramp[channel] == s.opp_tl_count[channel]
    if s.ic or (counts and due):
        s.opp_tl_count[channel] = 0
    else:
        s.opp_tl_count[channel] = (s.opp_tl_count[channel] + counts) & 0xFF
    s.opp_tl[slot] = ramped(s.opp_tl[slot], s.sl_tl[slot], due)


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
