"""The frame engine: a whole frame of 32 clocks at once, the same bits as 32 single clocks.

In the chip, frame t of slot s begins at clock s and takes 46 clocks, so frames overlap. Here frame t of all
slots is computed in one go, block by block in the order of the data's way; what the chip would see late
(LFO locks at clock 15, key-ons, register writes) reaches the slots that would see it. ``boundary.py``
converts between the chip's state and ``WORK``, the working record of this module.

int32 lanes throughout: ``i32`` around each step lets LLVM keep 8 or 16 slots in one vector register.
"""

import numpy as np

from .._jit import block, outline
from ..cycle import bus, dac, envelope, noise
from ..cycle.lfo import NOISE, SQUARE, TRIANGLE, extra_step
from ..cycle.phase import detuned_code, modulated_code, slot_increment
from ..registers import KC, KON, PMS, RL, SLOTS
from ..state import ATTACK, C1, C2, DECAY1, DECAY2, LEFT, M1, M2, RELEASE, RIGHT
from ..tables import CARRIER, EG_INCREMENT, FNUM, MODULATION, PM, POWER, SINE

i32 = np.int32
RATES = EG_INCREMENT.shape[1]
EG_STEPS = EG_INCREMENT.reshape(-1)
NO_TICK = len(EG_STEPS) - RATES
LATE_PITCH = 23
"""First slot whose F-number is computed after clock 15, when the LFO's locks have changed."""
LATE_AM = 16
"""First slot whose rate stage comes after clock 15."""
LATE_CSM = 5
"""Slots below have their key stage before clock 3, when CSM acts."""
EARLY_PITCH = 7
"""Slots below have their F-number computed in the frame before."""
LAST = 31
ENTERED = 2
"""``codes_late`` on entering: slots 0-6 have their codes already."""
TAKEN, LATE, LANDED = 1, 2, 3
"""A register write: on the bus in this frame, to land in the next, or to be stored when this frame is done."""

# fmt: off
WORK_FIELDS = (
    # name           count meaning
    # --- each slot
    ("phase",           32, "phase after the last frame's step, 20 bits"),
    ("inc",             32, "phase increment per frame, 20 bits"),
    ("fnum",            32, "F-number in force, 12 bits"),
    ("kcode",           32, "key code in force, 5 bits"),
    ("new_fnum",        32, "F-number with the registers and PM of now, taken when the slot's stage comes by"),
    ("new_kcode",       32, "the same of the key code"),
    ("level",           32, "attenuation, 3/32 dB steps"),
    ("state",           32, "ATTACK, DECAY1, DECAY2, RELEASE"),
    ("kon",             32, "key state in the last frame"),
    ("kon_before",      32, "key state in the frame before"),
    ("edge",            32, "key-on edge in the last frame"),
    ("edge_before",     32, "key-on edge in the frame before"),
    ("rate_attack",     32, "effective rate of each state, 0-63; plus 64 if the register holds 0"),
    ("rate_decay1",     32, "the same"),
    ("rate_decay2",     32, "the same"),
    ("rate_release",    32, "the same"),
    ("d1l",             32, "first decay level, as compared with level >> 4"),
    ("ams",             32, "amplitude modulation sensitivity, 0 if not enabled"),
    ("tl",              32, "total level, 3/32 dB steps"),
    ("addend",          32, "AM plus TL, 3/32 dB steps"),
    ("atten",           32, "envelope output of the last frame, times 4"),
    ("p",               32, "phase plus modulation of the last frame, 10 bits"),
    ("out",             32, "operator output of the last frame, 14 bits signed"),
    # --- each channel; masks are 0 or -1
    ("m1_old",           8, "output of M1 in the frame before the last"),
    ("c1_old",           8, "output of C1 in the frame before the last"),
    ("fb_shift",         8, "right shift of M1's feedback"),
    ("fb_mask",          8, "mask of M1's feedback"),
    ("m1_to_m2",         8, "mask: M1 modulates M2"),
    ("c1_to_m2",         8, "mask: C1 modulates M2"),
    ("m1_to_c1",         8, "mask: M1 modulates C1"),
    ("m1_to_c2",         8, "mask: M1 modulates C2"),
    ("m2_to_c2",         8, "mask: M2 modulates C2"),
    ("c1_to_c2",         8, "mask: C1 modulates C2"),
    ("m1_heard",         8, "mask: M1 is a carrier"),
    ("m2_heard",         8, "mask: M2 is a carrier"),
    ("c1_heard",         8, "mask: C1 is a carrier; C2 always is"),
    ("left_mask",        8, "mask: heard on the left"),
    ("right_mask",       8, "mask: heard on the right"),
    ("phase_kept",       8, "C2's phase before the last step"),
    ("early",            8, "carriers among M1 and M2, added"),
    ("late",             8, "carriers among C1 and C2, added"),
    ("tap_part",         8, "carriers of the last frame, C2 of channel 8 excepted"),
    ("tap_last",         8, "the last whole sum"),
    ("tap_out",          8, "the one before, in step with the DAC"),
    # --- each channel on the left, then each on the right
    ("side_open",       16, "what it gives the sums in the making"),
    ("side_taken",      16, "the same of the sums taken over"),
    ("side_sent",       16, "the ones before"),
    ("side_out",        16, "in step with the DAC"),
    # --- slots 28-31
    ("old_level",        4, "level before the last frame's step"),
    ("old_state",        4, "state before the last frame's step"),
    # --- what changed and has not reached all slots yet
    ("pitch_written",    1, "KC, KF or PMS was written in this frame"),
    ("connection_late",  1, "channel + 1 whose FB and CON were written in the last frame"),
    ("pitch_changed",    1, "slots 0-6 have to take new codes for the next frame"),
    ("codes_late",       1, "codes and rates are to be computed anew; ENTERED: slots 0-6 have theirs"),
    ("am_late",          1, "slots 0-15 have to take a new AM"),
    ("keys_moving",      1, "a key or edge changes, or did a frame ago"),
    ("csm_before",       1, "CSM was a key in the frame before"),
    ("envelope_moving",  1, "a level or state changes without a tick"),
    ("atten_old",        1, "envelope outputs are to be computed anew"),
    ("write",            1, "register write: 0, TAKEN, LATE or LANDED"),
    ("busy",             1, "BUSY was set in the last frame"),
    ("obstacle",         1, "why the last frame ran as single clocks"),
    ("resounding",       1, "slots, or the mixer after them, may still give something else than 0"),
    ("left",             1, "this record and MEMORY's ``kept`` stand where the chip was left"),
    ("left_mute",        1, "channels muted then"),
    ("unsettled",        1, "clocks until nothing of what somebody wrote into the state is in the pipeline"),
    # --- slots 30 and 31 of the frame before the last
    ("p30_before",       1, "phase plus modulation of slot 30"),
    ("p31_before",       1, "phase plus modulation of slot 31"),
    ("out31_before",     1, "output of slot 31"),
    ("atten31_before",   1, "envelope output of slot 31"),
    ("atten_before",     1, "envelope output of slot 31 in the last frame"),
    # --- low frequency oscillator, aligned at clock 14 or 30
    ("lfo_n",            1, "waveform position as a number, 16 bits"),
    ("lfo_n_before",     1, "the same, a window ago"),
    ("lfo_v",            1, "wave value, 8 bits, before the depth"),
    ("lfo_v_before",     1, "the same, a window ago"),
    ("lfo_sum",          1, "depth multiplier's sum, 16 bits"),
    ("lfo_step",         1, "the waveform steps in this window"),
    ("lfo_of",           1, "carry of counter 2"),
    ("lfo_of_before",    1, "the same, a window ago"),
    ("lfo_carry",        1, "carry of counter 1 in the last window"),
    ("lfo_fresh",        1, "on entering: the first window is done already"),
    # --- noise
    ("noise",            1, "17-bit word at clock 2"),
    ("noise_b",          1, "the same at clock 18"),
    ("noise_update",     1, "the window from clock 2 shifts in new bits"),
    ("noise_update_b",   1, "the window from clock 18 does"),
    ("noise_timer",      1, "divider at clock 2"),
    ("noise_timer_b",    1, "divider at clock 18"),
    ("noise_sign",       1, "sign taken in the last frame"),
    ("noise_sign_before", 1, "sign taken in the frame before"),
    # --- envelope clock
    ("tick",             1, "the last frame stepped the envelopes"),
    ("shift_lock",       1, "position of the timer's lowest set bit, for this tick"),
    ("timer_lock",       1, "low bits of the timer, for this tick"),
    # --- mixer, [0] left, [1] right
    ("raw_left",         1, "the left sum before clamping, in offset binary"),
    ("open",             2, "sums in the making"),
    ("first",            2, "what slot 31 of the frame before adds"),
    ("taken",            2, "sums taken over, clamped"),
    ("taken_before",     2, "the ones before"),
    ("clamp",            2, "clamped: 1 above the range, -1 below"),
    ("dac",              2, "analogue output"),
)
# fmt: on
WORK = np.dtype(
    (np.record, [(name, np.int32, (count,)) if count > 1 else (name, np.int32) for name, count, _ in WORK_FIELDS])
)
"""numpy.dtype of the working record: nothing in it outlives a call, but for what ``left`` and ``unsettled`` say."""


@block
def frame(s, words, f, g, mute):
    """Advance by one frame, all but the mixer: s holds registers and timers, f everything that moves; g see ``mix``."""
    if f.connection_late:
        connect(s, f, f.connection_late - 1)
        f.connection_late = 0
    f.busy = 0
    if f.write == LANDED:
        store_landed(s, f, words)
    if f.codes_late:
        early_pitch(s, f)
    if f.am_late:
        add_levels(s, f, 0)
        f.am_late = 0
    if f.write:
        early_write(s, words, f, g, mute)
    am, pm = s.lfo_am, s.lfo_pm
    first_half(s, f)
    second_half(s, f)
    if s.lfo_am != am:
        add_levels(s, f, LATE_AM)
        f.am_late = 1
    if f.pitch_written:
        written_pitch(s, f, pm)
    if s.lfo_pm != pm and s.pmd:
        late_pitch(s, f)
    if s.opp:
        ramp(s, f)
    csm(s, f)
    if f.keys_moving:
        keys(s, f)
    row = envelope_clock(s, f)
    if f.atten_old:
        attenuations(f)
    algorithm(f)
    step_phases(f)
    if row != NO_TICK or f.envelope_moving:
        step_envelopes(f, row)
    timers(s, 1)
    key_latch(s, f)
    if f.write:
        late_write(s, f)
    if f.pitch_changed:  # clocks 25-31 compute the F-numbers of slots 0-6 for the next frame
        take_codes(f, 0, EARLY_PITCH)
        f.pitch_changed, f.codes_late = 0, 1


# ---- Phase generator


@block
def fresh_codes(s, f, pm):
    """F-number and key code of all slots with the registers now in force and a PM."""
    lfo = pm if s.pmd else 0
    for channel in range(8):
        pms = s.ch_pms[channel]
        code = modulated_code((s.ch_kc[channel] << 6) + s.ch_kf[channel], PM[pms, lfo & 127], lfo & 0x80 and pms)
        for slot in range(channel, 32, 8):
            detuned = detuned_code(code, s.sl_dt2[slot])
            f.new_fnum[slot] = FNUM[detuned & 1023]
            f.new_kcode[slot] = detuned >> 8


@block
def take_codes(f, first, end):
    """Let some slots have the fresh codes."""
    for slot in range(first, end):
        f.fnum[slot] = f.new_fnum[slot]
        f.kcode[slot] = f.new_kcode[slot]


@outline
def use_codes(s, f, first, end):
    """Increments and envelope rates of some slots from their codes."""
    for slot in range(first, end):
        kcode = f.kcode[slot]
        f.inc[slot] = slot_increment(f.fnum[slot], kcode, s.sl_dt1[slot], s.sl_mul[slot])
        ks = s.sl_ks[slot]
        f.rate_attack[slot] = tagged_rate(s.sl_ar[slot], kcode, ks)
        f.rate_decay1[slot] = tagged_rate(s.sl_d1r[slot], kcode, ks)
        f.rate_decay2[slot] = tagged_rate(s.sl_d2r[slot], kcode, ks)
        f.rate_release[slot] = tagged_rate(s.sl_rr[slot] * 2 + 1, kcode, ks)
    f.envelope_moving = 1


@block
def tagged_rate(own, kcode, ks):
    """Effective rate, plus 64 if the register holds 0: that never steps, whatever the key scaling."""
    effective = envelope.effective_rate(own, kcode, ks)
    return effective if own else 64 | effective


@block
def take_registers(s, f):
    """Registers the envelope reads at its rate stage."""
    for slot in range(32):
        f.d1l[slot] = 62 if s.sl_d1l[slot] == 15 else s.sl_d1l[slot] * 2
        f.ams[slot] = s.ch_ams[slot & 7] if s.sl_ams_en[slot] else 0
        f.tl[slot] = s.opp_tl[slot] if s.opp else (s.sl_tl[slot] & 0x7F) << 3


@block
def early_pitch(s, f):
    """Registers, PM or the chip itself changed in the frame before: all slots compute everything anew.

    On entering, slots 0-6 have their F-numbers already; if those are not up to date they follow a frame later.
    """
    take_registers(s, f)
    fresh_codes(s, f, s.lfo_pm)
    first = EARLY_PITCH if f.codes_late == ENTERED else 0
    for slot in range(first):
        if f.fnum[slot] != f.new_fnum[slot] or f.kcode[slot] != f.new_kcode[slot]:
            f.pitch_changed = 1
    take_codes(f, first, 32)
    use_codes(s, f, 0, 32)
    f.codes_late, f.am_late = 0, 1


@block
def late_pitch(s, f):
    """PM changed at clock 15, seen by slots 23-31."""
    fresh_codes(s, f, s.lfo_pm)
    take_codes(f, LATE_PITCH, 32)
    use_codes(s, f, LATE_PITCH, 32)
    f.pitch_changed = 1


@block
def written_pitch(s, f, pm):
    """KC, KF or PMS of a channel was written: it has landed at its first pass from clock 4 on.

    F-numbers are computed 7 clocks ahead of the slot; what comes before clock 15 has the PM of before.
    """
    fresh_codes(s, f, pm)
    channel = s.reg_address & 7
    first = 16 + channel if channel < 7 else 15
    for group in range(3):
        end = first + 1
        if group == 1:
            first, end = 8 + channel, 9 + channel if channel >= 4 else 8 + channel
        if group == 2:
            fresh_codes(s, f, s.lfo_pm)
            first, end = LATE_PITCH, 32
        take_codes(f, first, end)
        use_codes(s, f, first, end)
    f.pitch_changed, f.pitch_written = 1, 0


@block
def step_phases(f):
    """Step all phases; a key-on edge restarts them instead."""
    for channel in range(8):
        f.phase_kept[channel] = f.phase[C2 + channel]
    if f.keys_moving:
        for slot in range(32):
            f.phase[slot] = 0 if f.edge[slot] else (f.phase[slot] + f.inc[slot]) & 0xFFFFF
    else:
        for slot in range(32):
            f.phase[slot] = i32(i32(f.phase[slot] + f.inc[slot]) & i32(0xFFFFF))


# ---- Register writes: address before clock 0, data before clock 2


@block
def writable(s, address):
    """Say whether the engine applies a write itself: key-on and the registers of channels and slots."""
    return not s.opp and (address == KON or address >= RL)


@block
def latch_write(s, words, f, address, data):
    """Leave the bus as the write does by the end of the frame; the write before it may have landed just now."""
    if f.write == LANDED:
        store_landed(s, f, words)
    s.bus_data = data
    s.mode_address = address
    s.reg_address_ready = s.reg_data_ready = 1 if address >= 0x20 else 0
    if address >= 0x20:
        s.reg_address = address
        s.reg_data = data
    f.write = TAKEN


@block
def early_write(s, words, f, g, mute):
    """What shows in the frame of the write: key-on and the registers of a channel, which lands at clocks 4-11."""
    if f.write == LATE:
        return
    f.busy = 1
    address = s.mode_address
    if address < SLOTS:
        bus.store(s, words, address, s.bus_data)
        f.write = 0
        if RL <= address < KC:
            written_connection(s, f, g, mute)
        f.pitch_written = 1 if address >= KC else 0
        if address >= PMS:
            written_sensitivity(s, f)


@outline
def written_connection(s, f, g, mute):
    """RL, FB and CON of a channel, read at clocks 5, 7 and 4 after a slot of the channel enters, modulo 8.

    From channel 5 on that is in time for M2's modulation and for C2 of the frame before on its way to the mixer;
    feedback has gone to M1 already.
    """
    c = s.reg_address & 7
    shift, mask, m1_to_m2, c1_to_m2 = f.fb_shift[c], f.fb_mask[c], f.m1_to_m2[c], f.c1_to_m2[c]
    connect(s, f, c)
    f.fb_shift[c], f.fb_mask[c] = shift, mask
    f.connection_late = 1 + c
    if c < 4:
        f.m1_to_m2[c], f.c1_to_m2[c] = m1_to_m2, c1_to_m2
    waiting = f.out[C2 + c] if 4 <= c < 7 else 0
    f.side_open[c] -= waiting & f.left_mask[c]
    f.side_open[8 + c] -= waiting & f.right_mask[c]
    for m, muted in ((f, 0), (g, mute)):
        m.open[LEFT] -= waiting & m.left_mask[c]
        m.open[RIGHT] -= waiting & m.right_mask[c]
        set_panning(s, m, muted)
        m.open[LEFT] += waiting & m.left_mask[c]
        m.open[RIGHT] += waiting & m.right_mask[c]
    f.side_open[c] += waiting & f.left_mask[c]
    f.side_open[8 + c] += waiting & f.right_mask[c]


@block
def connect(s, f, c):
    """Masks and shifts of a channel, from its registers."""
    con, fb = s.ch_con[c], s.ch_fb[c]
    f.fb_shift[c] = 10 - fb if fb else 0
    f.fb_mask[c] = -1 if fb else 0
    f.m1_to_m2[c] = -MODULATION[1, 0, con]
    f.c1_to_m2[c] = -MODULATION[1, 2, con]
    f.m1_to_c1[c] = -MODULATION[2, 3, con]
    f.m1_to_c2[c] = -MODULATION[3, 0, con]
    f.c1_to_c2[c] = -MODULATION[3, 2, con]
    f.m2_to_c2[c] = -(MODULATION[3, 3, con] | MODULATION[3, 4, con])
    f.m1_heard[c] = -CARRIER[0, con]
    f.m2_heard[c] = -CARRIER[1, con]
    f.c1_heard[c] = -CARRIER[2, con]


@block
def written_sensitivity(s, f):
    """AMS of a channel: its operators' rate stages from clock 5 or 12 on see it, the others with the next frame."""
    c = s.reg_address & 7
    for slot in range(c + (M2 if c >= 4 else C1), 32, 8):
        f.ams[slot] = s.ch_ams[c] if s.sl_ams_en[slot] else 0
        f.addend[slot] = envelope.amplitude_modulation(s.lfo_am, f.ams[slot]) + f.tl[slot]
    f.atten_old = 1


@block
def late_write(s, f):
    """Slot registers: slots 4-31 have been computed when the write lands, 0-3 come by in the next frame only."""
    f.write = LATE if f.write == TAKEN and s.reg_address & 31 < 4 else LANDED


@block
def store_landed(s, f, words):
    """Store a landed write: with the next frame, or on leaving, when the last clocks have been played with what was."""
    bus.store(s, words, s.reg_address, s.reg_data)
    f.write, f.codes_late = 0, 1


# ---- LFO and noise


@block
def first_half(s, f):
    """Clocks 31 to 14: a window of the LFO; clocks 2 to 17: a window of the noise."""
    if f.lfo_fresh:
        f.lfo_fresh = 0
    else:
        lfo_window(s, f, f.noise_b >> 14, f.noise >> 1)
    f.noise_sign_before = f.noise_sign
    f.noise_sign = (f.noise >> 12) & 1


@block
def second_half(s, f):
    """Clocks 15 to 30: a window of the LFO, which may lock AM or PM first; clocks 18 to 33: the noise."""
    noise_a = f.noise
    f.noise_b = shifted(noise_a) if f.noise_update else noise_a
    f.noise_timer_b = next_count(f.noise_timer, s.nfrq)
    f.noise_update_b = 1 if f.noise_timer_b == (s.nfrq ^ 31) else 0
    lfo_window(s, f, noise_a >> 14, f.noise_b >> 1)
    f.noise = shifted(f.noise_b) if f.noise_update_b else f.noise_b
    f.noise_timer = next_count(f.noise_timer_b, s.nfrq)
    f.noise_update = 1 if f.noise_timer == (s.nfrq ^ 31) else 0


@block
def next_count(timer, nfrq):
    """Step the noise timer, which starts again after NFRQ inverted."""
    return 0 if timer == (nfrq ^ 31) else (timer + 1) & 31


@block
def shifted(word):
    """Shift the 17-bit noise register by 16: bit n + 17 is bit n xor bit n + 3; all zeros give a one."""
    if word == 0:
        return 0x4001 << 1
    new = (word ^ (word >> 3)) & 0x3FFF
    new |= ((new ^ (word >> 14)) & 1) << 14 | (((new >> 1) ^ (word >> 15)) & 1) << 15
    return (word >> 16) | (new << 1)


@block
def lfo_value(s, f, pm):
    """The wave's 8-bit value, before the depth. Test bit 1 holds the position at 0."""
    low = 0 if s.test[1] or (s.w == NOISE and f.lfo_step) else f.lfo_n & 0xFF
    if s.w == SQUARE:
        return 0x80 if pm else 0xFF * (s.lfo_saw_sign ^ 1)
    sign = s.lfo_saw_sign if pm else (s.lfo_trig_sign ^ 1 if s.w == TRIANGLE else 1)
    return low ^ (0xFF * sign)


@block
def lfo_signs(s, f):
    """The signs of the product that begins, from the wave's position."""
    s.lfo_saw_sign, s.lfo_trig_sign = (f.lfo_n >> 7) & 1, (f.lfo_n >> 8) & 1


@outline
def lfo_window(s, f, noise_low, noise_high):
    """16 clocks from one with cycle 15 of 16: maybe a lock, then one partial product, a step, the counters.

    The noise wave takes its bits from the noise register: 3 of the old word, 13 of the new.
    """
    bit_counter = (s.lfo_counter1 - 2) & 15
    pm, position = bit_counter >> 3, bit_counter & 7
    if position == 7:
        lfo_lock(s, f, pm)
    if position == 0:
        lfo_signs(s, f)
        f.lfo_sum = 0
    f.lfo_v_before = f.lfo_v
    f.lfo_v = lfo_value(s, f, pm)
    if (s.pmd if pm else s.amd) & (64 >> position):
        f.lfo_sum = (f.lfo_sum + (f.lfo_v << (7 - position))) & 0xFFFF
    if bit_counter == 15:  # the counter restarts one clock early, which drops the top bit
        f.lfo_sum &= 0x7FFF
    f.lfo_n_before = f.lfo_n
    if s.test[1]:
        f.lfo_n = 0
    if s.w != NOISE:
        f.lfo_n = (f.lfo_n + f.lfo_step * (2 if s.w == TRIANGLE else 1)) & 0xFFFF
    elif f.lfo_step:
        f.lfo_n = (noise_low & 7) | (noise_high & 0x1FFF) << 3
    lfo_counters(s, f)


@block
def lfo_lock(s, f, pm):
    """AM or PM takes the product."""
    product = f.lfo_sum >> 8
    if pm:
        sign = s.lfo_trig_sign if s.w == TRIANGLE else s.lfo_saw_sign
        s.lfo_pm = product ^ (sign << 7)
    else:
        s.lfo_am = product


@block
def lfo_counters(s, f):
    """Counters at the end of a window: counter 1 always, 2 at its carry, 3 a window after 2's."""
    if f.lfo_of:
        s.lfo_counter2 = (0x8000 - (0x8000 >> (s.lfrq >> 4))) & 0x7FFF
    s.lfo_counter1 = (s.lfo_counter1 + 1) & 15
    f.lfo_carry = 1 if s.lfo_counter1 == 0 else 0
    step = 0
    if f.lfo_of:
        step = extra_step(s.lfo_counter3, s.lfrq)
        s.lfo_counter3 = (s.lfo_counter3 + 1) & 0xFFFF
    count = s.lfo_counter2 + f.lfo_carry
    f.lfo_of_before = f.lfo_of
    f.lfo_of = count >> 15
    s.lfo_counter2 = count & 0x7FFF
    f.lfo_step = step | f.lfo_of


# ---- Envelope generator


@block
def csm(s, f):
    """CSM: an overflow of timer A at clock 1 is a key for slots 5-31 in this frame, for slots 0-4 in the next."""
    f.csm_before = s.kon_csm
    s.kon_csm = s.kon_csm_lock = 1 if s.csm and s.load_a and s.timer_a == 0x3FF else 0
    f.keys_moving |= s.kon_csm | f.csm_before


@block
def keys(s, f):
    """Key state of the frame, from the latch and CSM; an edge lives for two frames, then all is still."""
    moved = s.kon_csm | f.csm_before
    for slot in range(32):
        kon = s.kon_latch[slot] | (f.csm_before if slot < LATE_CSM else s.kon_csm)
        f.edge_before[slot] = f.edge[slot]
        f.edge[slot] = kon & (f.kon[slot] ^ 1)
        moved |= (kon ^ f.kon[slot]) | (f.kon[slot] ^ f.kon_before[slot]) | f.edge_before[slot]
        f.kon_before[slot] = f.kon[slot]
        f.kon[slot] = kon
    f.keys_moving = moved
    f.envelope_moving = 1


@block
def key_latch(s, f):
    """Clocks 24-31: the written key-on reaches its channel's latch, for the next frame."""
    for i, operator in enumerate((M1, C1, M2, C2)):
        slot = operator + s.kon_channel
        if s.kon_latch[slot] != s.kon_operator[i]:
            s.kon_latch[slot] = s.kon_operator[i]
            f.keys_moving = 1


@block
def envelope_clock(s, f):
    """Divide by three, count the timer; return the row of steps for this frame."""
    f.tick = s.eg_clock_count >> 1
    if not f.tick:
        s.eg_clock_count += 1
        return NO_TICK
    s.eg_clock_count = 0
    lock_timer(f, s.eg_timer)
    s.eg_timer = (s.eg_timer + 1) & 0xFFFF
    return (f.shift_lock * 4 + (f.timer_lock & 3)) * RATES


@block
def lock_timer(f, timer):
    """What a tick finds in the timer."""
    lowest = 0
    while lowest < 14 and not (timer >> lowest) & 1:
        lowest += 1
    f.shift_lock = 0 if lowest == 14 else lowest + 1
    f.timer_lock = (timer ^ 1) & 0xFF


@block
def add_levels(s, f, first):
    """AM plus TL of the slots from one on."""
    for slot in range(first, 32):
        f.addend[slot] = envelope.amplitude_modulation(s.lfo_am, f.ams[slot]) + f.tl[slot]
    f.atten_old = 1


@block
def ramp(s, f):
    """YM2164: step the TL ramps, slot by slot as its counters want it."""
    moved = 0
    for slot in range(32):
        before = s.opp_tl[slot]
        s.cycles = slot
        envelope.opp_ramp(s)
        f.addend[slot] += s.opp_tl[slot] - before
        f.tl[slot] = s.opp_tl[slot]
        moved |= s.opp_tl[slot] ^ before
    s.cycles = 0
    f.atten_old |= moved


@block
def attenuations(f):
    """Envelope output: level plus AM plus TL, saturated."""
    for slot in range(32):
        f.atten[slot] = i32(min(i32(f.level[slot] + f.addend[slot]), i32(1023))) << 2
    f.atten_old = 0


@block
def step_envelopes(f, row):
    """Step level and state of all slots; notice whether the next frame could change anything without a tick.

    As ``envelope.control`` and ``envelope.level``, but without branches, so that slots go abreast.
    """
    for i in range(4):
        f.old_level[i] = f.level[28 + i]
        f.old_state[i] = f.state[28 + i]
    moved = i32(0)
    for slot in range(32):
        level, state = f.level[slot], f.state[slot]
        f.level[slot], f.state[slot] = stepped(f, slot, row, level, state, f.edge[slot] != 0)
        moved = i32(moved | i32(i32(f.level[slot] ^ level) | i32(f.state[slot] ^ state)))
    f.envelope_moving = moved
    f.atten_old |= moved


@block
def stepped(f, slot, row, level, state, struck):
    """A slot's next level and state."""
    attacking, decaying, off = state == ATTACK, state == DECAY1, level >= 0x3F0
    at_d1l, kon = i32(level >> 4) == f.d1l[slot], f.kon[slot]
    rate = rate_of(f, slot, state, attacking | struck, decaying)
    fastest = i32(rate & 63) >= 62
    inc = EG_STEPS[np.uint32(row + rate)]

    falls = ((state >= DECAY2) | (decaying & (not at_d1l))) & (not struck) & (not off)
    rises = attacking & (kon != 0) & (not fastest) & (level != 0) & (inc != 0)
    step = pick(falls, i32(i32(i32(1) << inc) >> 1), i32(0))
    step = pick(rises, i32(i32(i32(~level) << inc) >> 5), step)
    new_level = pick(off & (not attacking) & (not struck), i32(1023), level)
    new_level = i32(pick(struck & fastest, i32(0), new_level) + step)

    new_state = pick(attacking & (level == 0), i32(DECAY1), state)
    new_state = pick(decaying & at_d1l, i32(DECAY2), new_state)
    new_state = pick((kon == 0) | (off & (not attacking)), i32(RELEASE), new_state)
    return new_level, pick(struck, i32(ATTACK), new_state)


@block
def pick(condition, yes, no):
    """Choose between two values that are both there: no branch."""
    return yes if condition else no


@block
def rate_of(f, slot, state, attacks, decays):
    """The effective rate that goes with a state."""
    attack, decay1, decay2 = f.rate_attack[slot], f.rate_decay1[slot], f.rate_decay2[slot]
    rate = pick(state == DECAY2, decay2, f.rate_release[slot])
    return pick(attacks, attack, pick(decays, decay1, rate))


# ---- Operators


@block
def output(f, slot, modulation):
    """One operator: phase plus modulation to sine, envelope, two's complement."""
    p = i32(i32(i32(f.phase[slot] >> 10) + modulation) & i32(1023))
    f.p[slot] = p
    magnitude = POWER[np.uint32(SINE[np.uint32(p)] + f.atten[slot])]
    negative = i32(-i32(p >> 9))
    return i32(i32(magnitude ^ negative) - negative)


@block
def algorithm(f):
    """All operators, eight channels abreast; masks make the connections. Slot 31 of the last frame is kept."""
    f.p30_before, f.p31_before = f.p[30], f.p[31]
    f.out31_before, f.atten31_before = f.out[LAST], f.atten_before
    f.atten_before = f.atten[LAST] >> 2
    for c in range(8):
        m1_old, c1_old = f.out[c], f.out[16 + c]
        m1 = output(f, c, i32(i32(i32(m1_old + f.m1_old[c]) >> f.fb_shift[c]) & f.fb_mask[c]))
        m2 = output(f, 8 + c, i32(i32(i32(m1_old & f.m1_to_m2[c]) + i32(c1_old & f.c1_to_m2[c])) >> 1))
        c1 = output(f, 16 + c, i32(i32(m1 & f.m1_to_c1[c]) >> 1))
        both = i32(i32(m1 & f.m1_to_c2[c]) + i32(m2 & f.m2_to_c2[c]))
        c2 = output(f, 24 + c, i32(i32(both + i32(c1_old & f.c1_to_c2[c])) >> 1))
        f.m1_old[c], f.c1_old[c] = m1_old, c1_old
        f.out[c], f.out[8 + c], f.out[16 + c], f.out[24 + c] = m1, m2, c1, c2
        f.early[c] = i32(i32(m1 & f.m1_heard[c]) + i32(m2 & f.m2_heard[c]))
        f.late[c] = i32(i32(c1 & f.c1_heard[c]) + c2)


# ---- Mixer and DAC


@block
def set_panning(s, m, mute):
    """Sides each channel is heard on."""
    for c in range(8):
        audible = ((mute >> c) & 1) ^ 1
        m.left_mask[c] = -(s.ch_rl[c] & audible)
        m.right_mask[c] = -((s.ch_rl[c] >> 1) & audible)


@block
def slot_31(s, f):
    """What slot 31 of the last frame gives the mixer at clock 12 of this: its output or the noise."""
    return noise_output(f.atten31_before, f.noise_sign_before) if s.ne else f.out31_before


@block
def noise_output(atten, sign):
    """The noise in the mixer, from slot 31's envelope and the sign taken from the noise register."""
    sent = (atten ^ 1023) >> 1
    bits = sent ^ (0 if sign else 0xFFFF)
    return noise.sample(bits, 1 if sent and not sign else 0)


@outline
def taps(f, last, channels):
    """Each channel's own sum, and what it gives each side: its part of what ``mix`` does; in step with the DAC.

    How many channels is an argument, because LLVM would unroll a loop of eight instead of doing eight abreast.
    """
    for c in range(channels):
        early, late = f.early[c], f.late[c]
        whole = i32(early + late)
        f.tap_out[c] = f.tap_last[c]
        f.tap_last[c] = f.tap_part[c]
        f.tap_part[c] = whole
        f.side_out[c] = f.side_sent[c]
        f.side_sent[c] = f.side_taken[c]
        f.side_taken[c] = i32(f.side_open[c] + i32(early & f.left_mask[c]))
        f.side_open[c] = i32(late & f.left_mask[c])
        f.side_out[8 + c] = f.side_sent[8 + c] = f.side_taken[8 + c]
        f.side_taken[8 + c] = f.side_open[8 + c]
        f.side_open[8 + c] = i32(whole & f.right_mask[c])
    slot_15 = f.out[15] & f.m2_heard[7]
    f.tap_last[7] += last
    f.tap_part[7] -= f.out[LAST]
    f.side_taken[7] += (last - slot_15) & f.left_mask[7]
    f.side_open[7] += (slot_15 - f.out[LAST]) & f.left_mask[7]
    f.side_open[15] += (last - f.out[LAST]) & f.right_mask[7]


@block
def mix(m, f, last):
    """Left takes slots 15-31 of the last frame and 0-14 of this, right slots 0-31 of the last; then the DAC.

    m keeps the sums: f itself, or the record that leaves muted channels out.
    """
    early, late, right = i32(0), i32(0), i32(0)
    for c in range(8):
        early = i32(early + i32(f.early[c] & m.left_mask[c]))
        late = i32(late + i32(f.late[c] & m.left_mask[c]))
        right = i32(right + i32(i32(f.early[c] + f.late[c]) & m.right_mask[c]))
    slot_15 = f.out[15] & f.m2_heard[7] & m.left_mask[7]
    m.dac[LEFT] = dac.rounded(m.taken_before[LEFT])
    m.dac[RIGHT] = dac.rounded(m.taken[RIGHT])
    take(m, LEFT, m.open[LEFT] + (last & m.left_mask[7]) + early - slot_15)
    take(m, RIGHT, m.first[RIGHT] + m.open[RIGHT])
    m.open[LEFT] = late + slot_15 - (f.out[LAST] & m.left_mask[7])
    m.open[RIGHT] = right - (f.out[LAST] & m.right_mask[7])
    m.first[RIGHT] = last & m.right_mask[7]


@block
def take(m, side, total):
    """Take a sum over: clamped by its bits 15 to 17."""
    overflow = (total >> 15) & 7
    m.clamp[side] = (1 if overflow < 4 else -1) if 0 < overflow < 7 else 0
    value = ((total + 0x8000) & 0xFFFF) - 0x8000
    if m.clamp[side]:
        value = 0x7FFF if m.clamp[side] > 0 else -0x8000
    if side == LEFT:
        m.raw_left = (total & 0x7FFF) | (((total >> 17) & 1) ^ 1) << 15
    m.taken_before[side] = m.taken[side]
    m.taken[side] = value


# ---- Timers


@block
def timers(s, n):
    """Count for some frames: A every frame, B once in 16 (YM2164: 32). An overflow sets the flag and reloads."""
    counts = s.timer_b_sub + n
    s.timer_b_sub = counts & (31 if s.opp else 15)
    counts >>= 5 if s.opp else 4
    if s.load_a:
        s.timer_a += n
        if s.timer_a > 0x3FF:
            s.timer_a = s.clka + (s.timer_a - 0x400) % (0x400 - s.clka)
            s.timer_a_flag |= s.irqen_a
    if s.load_b:
        s.timer_b += counts
        if s.timer_b > 0xFF:
            s.timer_b = s.clkb + (s.timer_b - 0x100) % (0x100 - s.clkb)
            s.timer_b_flag |= s.irqen_b
