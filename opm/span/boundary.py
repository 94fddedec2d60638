"""Between the chip's state at a frame boundary and the frame engine's working record.

Entering drains the pipeline: the single-clock stages themselves finish what is in flight. Leaving fills it
again: what each register holds after clock 31 follows from the last frame (t) and the one before (t - 1).
The table of who holds which slot then stands in the functions ``put_*``, one for each block.
"""

from .._jit import block
from ..cycle import dac, envelope, lfo, noise, operators
from ..registers import DECODE, FIRST, KC, KF, RL
from ..state import LEFT, RIGHT
from ..tables import CARRIER, EXP, EXPONENT, MODULATION, POWER, SINE
from . import frame
from .frame import EARLY_PITCH, ENTERED, LANDED, LAST, store_landed

BUSY_COUNT = 28
"""``busy_count`` after a frame with an aligned write: its data byte sets BUSY at clock 3, which is counted to 31."""

# ---- Eligibility

(
    CLEAR, RESET, OUT_OF_STEP, TEST, CSM_BEGINS, ON_THE_BUS, WRITE_WAITS, TIMER_MOVES, LFO_ASTRAY, REGISTERS_RIPPLE,
    MIXER_ASTRAY, BEYOND_RANGE, BUSY_ASTRAY, EDITED, EVENTS_COME,
) = range(15)  # fmt: skip
OBSTACLES = {
    CLEAR: "",
    RESET: "IC is asserted, or was a clock ago",
    OUT_OF_STEP: "the cycle counter is not at the start of a frame",
    TEST: "a test bit is set that changes what the chip does from clock to clock",
    CSM_BEGINS: "CSM begins or ends to be a key",
    ON_THE_BUS: "a write is on the bus",
    WRITE_WAITS: "a register write waits for its channel or slot",
    TIMER_MOVES: "a timer starts, stops or overflows",
    LFO_ASTRAY: "the LFO's counters are not in step since a reset",
    REGISTERS_RIPPLE: "the pipeline holds what the registers held before a change",
    MIXER_ASTRAY: "the mixer is not in step since a reset",
    BEYOND_RANGE: "an envelope is beyond its range since a reset",
    BUSY_ASTRAY: "BUSY is not set, and its count not 0, since the state was written to",
    EDITED: "the state was written to in the last three frames",
    EVENTS_COME: "bus events come within the frame",
}
"""Why a frame must run as single clocks, in words."""


@block
def obstacle(s, words):
    """Return what keeps the frame engine from the next frame; CLEAR = nothing."""
    found = CLEAR
    if s.ic or s.ic_old:
        found = RESET
    elif s.cycles:
        found = OUT_OF_STEP
    elif tested(s):
        found = TEST
    elif s.kon_csm != s.kon_csm_lock:
        found = CSM_BEGINS
    elif s.bus_address_strobe or s.bus_address_write or s.bus_data_strobe or s.bus_data_write:
        found = ON_THE_BUS
    elif waits(s, words):
        found = WRITE_WAITS
    elif timers_move(s):
        found = TIMER_MOVES
    elif s.lfo_counter1 & 1 or s.lfo_bit_counter != (s.lfo_counter1 - 2) & 15 or s.lfo_frq_update:
        found = LFO_ASTRAY
    elif registers_ripple(s):
        found = REGISTERS_RIPPLE
    elif mixer_astray(s):
        found = MIXER_ASTRAY
    elif (
        above(s.eg_level, 1023)
        or above(s.eg_out_am, 1023)
        or above(s.eg_out, 1023)
        or s.eg_clock & 0xFF not in (0, 0xFF)
    ):
        found = BEYOND_RANGE
    elif s.busy_count and not s.busy:
        found = BUSY_ASTRAY
    return found


@block
def tested(s):
    """A test bit acts: all but 1, which holds the LFO, and 6 and 7, which choose what a read gives."""
    return s.test[0] or s.test[2] or s.test[3] or s.test[4] or s.test[5] or s.eg_test or s.lfo_test


@block
def above(values, limit):
    """Say whether any value is greater."""
    found = False
    for i in range(values.shape[0]):
        found |= values[i] > limit
    return found


@block
def waits(s, words):
    """A register write that is latched and would still change something.

    On the YM2164 the history of a match counts: RL shows in it at the end of any frame, channel 1's KC and KF do.
    """
    if s.opp and (s.opp_write_rl or s.opp_write_kc or s.opp_write_kf):
        return True
    if not s.reg_data_ready:
        return False
    if s.opp and (RL <= s.reg_address <= KC or s.reg_address == KF):
        return True
    for row in range(FIRST[s.opp, s.reg_address], FIRST[s.opp, s.reg_address + 1]):
        mask, place = DECODE[row, 2], DECODE[row, 3]
        if (words[DECODE[row, 0]] >> place) & mask != (s.reg_data >> DECODE[row, 1]) & mask:
            return True
    return False


@block
def timers_move(s):
    """A timer is not simply running or stopped."""
    a = s.timer_a_inc or s.timer_a_of or s.timer_a_reload or s.reset_a or s.timer_a_load != s.load_a
    a = a or s.timer_a_idle == s.load_a or s.timer_a_clear == s.load_a or (s.timer_a and not s.load_a)
    b = s.timer_b_inc or s.timer_b_of or s.timer_b_reload or s.reset_b or s.timer_b_sub_of
    b = b or s.timer_b_idle == s.load_b or s.timer_b_clear == s.load_b or (s.timer_b and not s.load_b)
    return a or b or s.timer_irq != s.timer_a_flag | s.timer_b_flag


@block
def registers_ripple(s):
    """Copies on their way through the pipeline differ from what they copy."""
    rl, con = s.ch_rl[2], s.ch_con[2]
    heard = CARRIER[2, con]
    moving = s.op_con != s.ch_con[3] or s.op_fb[0] != s.ch_fb[0] or s.op_fb[1] != s.ch_fb[7]
    moving = moving or s.op_carrier != heard or s.op_mix_l != heard & rl or s.op_mix_r != heard & (rl >> 1)
    moving = moving or s.op_counter != 2 or s.op_fbshift != 7 or not s.op_c1update or s.kon_match or s.eg_timer_carry
    moving = moving or s.kon[0] != s.kon_latch[0] | s.kon_csm or s.kon[1] != s.kon_latch[1] | s.kon_csm
    for source in range(5):
        moving = moving or s.op_modtable[source] != MODULATION[0, source, con]
    if s.opp:
        moving = moving or s.opp_rl != s.ch_rl[3] or s.opp_fb[0] != s.ch_fb[3]
        moving = moving or s.opp_fb[1] != s.ch_fb[2] or s.opp_fb[2] != s.ch_fb[1] or s.opp_pms != s.ch_pms[7]
        for slot in range(32):
            moving = moving or s.opp_dt2[slot] != s.sl_dt2[slot]
    return moving


@block
def mixer_astray(s):
    """The serial output is not where a run of whole frames leaves it."""
    if s.sh1 or not s.sh2 or s.dac_sh1 or not s.dac_sh2 or s.nc_active:
        return True
    return s.mix_exp != EXPONENT[s.mix_top ^ (63 if s.mix_sign else 0)] or s.mix_sign_out != s.mix_sign


# ---- Entering


@block
def enter(s, f):
    """Take an eligible state apart. The state's moving fields are spoilt until ``leave``."""
    get_registers(s, f)
    get_keys(s, f)
    get_outputs(s, f)
    for clock in range(15):
        s.cycles = clock
        if clock == 2:
            f.noise = (s.noise_lfsr << 1) | s.noise_bit
            f.noise_update = s.noise_update
        if clock < 13:
            drain_operators(s, f, clock)
        lfo_and_noise_clock(s)
    s.cycles = 0
    get_lfo_and_noise(s, f)
    get_slots(s, f)
    f.write, f.resounding = 0, 1


@block
def lfo_and_noise_clock(s):
    """One clock of the LFO and the noise register, in the order of ``cycle.control_clock``."""
    lfo.multiply(s)
    lfo.counters(s)
    lfo.waveform(s)
    lfo.lock(s)
    noise.shift(s)
    noise.timer(s)
    lfo.clock_out(s)


@block
def drain_operators(s, f, clock):
    """Finish slots 18-31 of the last frame: operator stages 14 to 2, envelope stages 6 to 3."""
    f.out[19 + clock] = s.op_out[4]
    operators.connection(s)
    operators.sign(s)
    operators.magnitude(s)
    operators.exponential(s)
    operators.attenuation(s)
    operators.logsin(s)
    operators.phase_sum(s)
    if clock < 4:
        envelope.output(s)
    if clock < 3:
        envelope.level(s)
        if clock == 2:
            f.atten_before = s.eg_out[0]
    if clock < 2:
        envelope.control(s)
        f.edge[30 + clock] = s.pg_reset[30 + clock]
        if clock == 0:
            envelope.shift(s)
            s.eg_rate[1], s.eg_zr[1], s.eg_ratemax[1], s.eg_sl[1] = (
                s.eg_rate[0],
                s.eg_zr[0],
                s.eg_ratemax[0],
                s.eg_sl[0],
            )
        else:
            s.eg_out_am[1] = s.eg_out_am[0]
        if s.opp:
            s.opp_eg_tl = s.opp_tl[30 + clock]
        else:
            s.eg_tl[2] = s.eg_tl[1]
            s.eg_tl[1] = s.eg_tl[0]
    if clock == 1:
        f.p[30], f.p[31] = (s.op_sign & 2) << 8, (s.op_sign & 1) << 9


@block
def get_registers(s, f):
    """Masks and shifts of each channel, from its registers."""
    for c in range(8):
        frame.connect(s, f, c)
    f.connection_late = 0


@block
def get_mixer(s, m, f):
    """Sums in the making and taken. What the DAC has received of the left sample is as good as the sum."""
    received = reversed_bits(s.mix_out_bit, 8) << 1 | (s.dac_bits >> 5) & 1 | (s.mix_sign_out ^ 1) << 9
    m.taken_before[LEFT] = ((received - 512) << s.mix_exp) >> 1
    left = (s.mix_serial[LEFT] >> 2) & 0x7FFF
    m.taken[LEFT] = left - 0x8000 * (1 - ((s.mix_serial[LEFT] >> 17) & 1))
    if s.mix_clamp_low[LEFT]:
        m.taken[LEFT] = -0x8000
    if s.mix_clamp_high[LEFT]:
        m.taken[LEFT] = 0x7FFF
    m.taken[RIGHT] = ((s.mix_bits >> 7) | (s.mix_serial[RIGHT] & 3) << 14) - 0x8000
    m.open[LEFT] = s.mix[LEFT]
    m.open[RIGHT] = s.mix[RIGHT]
    m.first[RIGHT] = 0
    for slot in range(18, LAST):
        value = f.out[slot] & (f.c1_heard[slot & 7] if slot < 24 else -1)
        m.open[LEFT] += value & m.left_mask[slot & 7]
        m.open[RIGHT] += value & m.right_mask[slot & 7]


@block
def reversed_bits(word, width):
    """The lowest bits of a word, last first."""
    result = 0
    for i in range(width):
        result |= ((word >> i) & 1) << (width - 1 - i)
    return result


@block
def get_taps(s, f):
    """Each channel's sum of the last frame, all but slot 31; what it gives each side, as ``get_mixer``."""
    for c in range(8):
        f.tap_part[c], f.tap_last[c], f.tap_out[c] = s.tap_sum[c], s.tap_last[c], s.tap_out[c]
    for i in range(16):
        f.side_open[i], f.side_taken[i], f.side_sent[i] = s.side_sum[i], s.side_taken[i], s.side_sent[i]
    for slot in range(18, LAST):
        c = slot & 7
        value = f.out[slot] & (f.c1_heard[c] if slot < 24 else -1)
        f.tap_part[c] += value
        f.side_open[c] += value & f.left_mask[c]
        f.side_open[8 + c] += value & f.right_mask[c]


@block
def get_keys(s, f):
    """Key state and edges of the last frame; slots 0 and 1 have had the next frame's key stage already."""
    for slot in range(32):
        f.kon[slot] = s.kon[slot] if slot >= 2 else s.kon_old[slot]
        f.edge[slot] = s.pg_reset[slot]
    f.keys_moving = 1
    f.shift_lock = s.eg_shift_lock
    f.timer_lock = s.eg_timer_lock


@block
def get_outputs(s, f):
    """Outputs that are in memories or at the output stage already."""
    for c in range(8):
        f.out[c] = s.op_m1[c]
        f.m1_old[c] = s.op_m1_old[c]
    f.out[16], f.out[17], f.out[18] = s.op_c1[0], s.op_c1[1], s.op_out[5]


@block
def get_lfo_and_noise(s, f):
    """As they are after clock 14, between two windows of the LFO."""
    f.lfo_n = reversed_bits(s.lfo_val, 16)
    f.lfo_v = reversed_bits(s.lfo_out1 >> 8, 8)
    f.lfo_sum = s.lfo_out2
    f.lfo_step = s.lfo_clock
    f.lfo_of = s.lfo_counter2_of
    f.lfo_of_before = s.lfo_counter2_of_lock2
    f.lfo_fresh = 1
    f.noise_timer = s.noise_timer
    f.noise_sign = s.nc_sign_lock


@block
def get_slots(s, f):
    """Levels, phases after the last step, codes for the next; slots 0-6 have theirs already."""
    for slot in range(32):
        f.phase[slot] = s.pg_phase[slot]
        if slot >= 24:
            f.phase[slot] = 0 if f.edge[slot] else (s.pg_phase[slot] + s.pg_inc[slot]) & 0xFFFFF
        f.fnum[slot] = s.pg_fnum[slot]
        f.kcode[slot] = s.pg_kcode[slot]
        f.level[slot] = s.eg_level[slot]
        f.state[slot] = s.eg_state[slot]
    f.pitch_written, f.pitch_changed, f.codes_late = 0, 0, ENTERED


# ---- Leaving


@block
def leave(s, words, f):
    """Put the state together as 32 single clocks per frame would have left it, all but the mixer."""
    put_keys_and_pitch(s, f)
    put_envelope_timer(s, f)
    replay_envelope(s, f)
    put_envelope(s, f)
    put_operators(s, f)
    put_modulation(s, f)
    put_noise_channel(s, f)
    put_lfo_and_noise(s, f)
    s.busy = f.busy
    s.busy_count = BUSY_COUNT * f.busy
    s.timer_irq = s.timer_a_flag | s.timer_b_flag
    if f.write == LANDED:
        store_landed(s, f, words)
        put_early_codes(s, f)


@block
def put_keys_and_pitch(s, f):
    """Slots whose stage comes late in the frame, or in the next, still hold the frame before."""
    for slot in range(32):
        s.kon[slot] = f.kon[slot] if slot >= 2 else s.kon_latch[slot] | s.kon_csm
        s.kon_old[slot] = f.kon_before[slot] if slot >= 2 else f.kon[slot]
        s.pg_fnum[slot] = f.fnum[slot]
        s.pg_kcode[slot] = f.kcode[slot]
        s.pg_inc[slot] = 0 if f.edge[slot] and slot <= 24 else f.inc[slot]
        s.pg_phase[slot] = f.phase[slot] if slot < 24 else f.phase_kept[slot & 7]
        s.pg_reset_latch[slot] = f.edge[slot] if slot <= 26 else f.edge_before[slot]
    s.pg_serial = 0


@block
def put_early_codes(s, f):
    """Clocks 25-31 have seen the write if it was one of DT2."""
    frame.fresh_codes(s, f, s.lfo_pm)
    for slot in range(EARLY_PITCH):
        s.pg_fnum[slot], s.pg_kcode[slot] = f.new_fnum[slot], f.new_kcode[slot]


@block
def put_envelope_timer(s, f):
    """The timer's bits have come by twice, at clocks 2-17 as at 18-33: history has the lowest set bit of each pass."""
    before, now = (s.eg_timer - f.tick) & 0xFFFF, s.eg_timer
    passes = 0x20002000 // (now & -now) if now else 0
    bit14 = (before >> 14) & 1 if before & 0x3FFF == 0 else 0  # the pass before ends with clocks 0 and 1
    bit15 = before >> 15 if before & 0x7FFF == 0 else 0
    s.eg_timer_low = wrapped(bit14 << 31 | bit15 << 30 | passes)
    s.eg_timer_stop = 1 if now & 0x3FFF else 0
    s.eg_timer_carry = 0
    s.eg_clock = 0xFF * f.tick
    s.eg_shift_lock = f.shift_lock
    s.eg_timer_lock = f.timer_lock


@block
def replay_envelope(s, f):
    """Let the stages of slots 28 to 31 run their last clocks, on the levels and states of before the last step."""
    for i in range(4):
        s.eg_level[28 + i] = f.old_level[i]
        s.eg_state[28 + i] = f.old_state[i]
    for clock in range(28, 32):
        s.cycles = clock
        envelope.level(s)
        envelope.control(s)
        envelope.shift(s)
        envelope.rate(s)


@block
def put_envelope(s, f):
    """Levels of slots 29-31 and states of 30 and 31 have not stepped yet; 28 and 27 are at the output."""
    for slot in range(32):
        s.eg_level[slot] = f.level[slot] if slot <= 28 else f.old_level[slot - 28]
        s.eg_state[slot] = f.state[slot] if slot <= 29 else f.old_state[slot - 28]
        s.pg_reset[slot] = f.edge[slot] if slot <= 29 else f.edge_before[slot]
    for i in range(2):
        s.eg_out[i] = f.atten[28 - i] >> 2
    s.eg_serial = wrapped((f.atten31_before ^ 1023) << 28)  # taken at clock 3, shifted 28 times
    s.eg_serial_bit = 0


@block
def wrapped(word):
    """A 32-bit pattern as int32."""
    low = word & 0x7FFFFFFF
    return low - 0x40000000 - 0x40000000 if (word >> 31) & 1 else low


@block
def put_operators(s, f):
    """Slots 31 down to 18 stand in stages 1 to 14."""
    s.op_phase_in = f.phase_kept[7] >> 10
    s.op_phase = f.p[30]
    for i in range(3):
        s.op_logsin[i] = SINE[f.p[29 - i]]
    total = SINE[f.p[26]] + f.atten[26]
    s.op_atten = 4095 if total & 4096 else total
    for i in range(2):
        total = min(SINE[f.p[25 - i]] + f.atten[25 - i], 4095)
        s.op_exp[i] = EXP[total & 255]
        s.op_pow[i] = total >> 8
    s.op_out[0] = POWER[SINE[f.p[23]] + f.atten[23]]
    for i in range(1, 6):
        s.op_out[i] = f.out[23 - i]
    signs = (f.p31_before >> 9) << 30 | (f.p30_before >> 9) << 31
    for slot in range(30):
        signs |= (f.p[slot] >> 9) << (29 - slot)
    s.op_sign = wrapped(signs)
    s.op_mix = f.out[18]
    s.op_con = s.ch_con[3]
    s.op_fb[0], s.op_fb[1] = s.ch_fb[0], s.ch_fb[7]
    for source in range(5):
        s.op_modtable[source] = MODULATION[0, source, s.ch_con[2]]
    s.op_carrier = f.c1_heard[2] & 1
    if s.opp:
        s.opp_rl = s.ch_rl[3]
        for i in range(3):
            s.opp_fb[i] = s.ch_fb[3 - i]


@block
def put_modulation(s, f):
    """M1's memories are this frame's, C1's only for channels 1 and 2; modulation of slots 1, 0 and 31."""
    for c in range(8):
        s.op_m1[c] = f.out[c]
        s.op_m1_old[c] = f.m1_old[c]
        s.op_c1[c] = f.out[16 + c] if c < 2 else f.c1_old[c]
    s.op_mod[0] = (f.out[1] + f.m1_old[1]) >> 1
    s.op_mod[1] = (f.out[0] + f.m1_old[0]) >> 1
    last = (f.out[7] & f.m1_to_c2[7]) + (f.out[15] & f.m2_to_c2[7]) + (f.c1_old[7] & f.c1_to_c2[7])
    s.op_mod[2] = last >> 1
    s.op_mod_in = last >> 1


@block
def put_noise_channel(s, f):
    """Slot 31's envelope of the frame before has gone by, its sign and the noise's were taken at clock 12."""
    active = 1 if (f.atten31_before ^ 1023) >> 1 else 0
    s.nc_active = 0
    s.nc_active_lock = active
    s.nc_sign = f.noise_sign ^ 1
    s.nc_sign_lock = f.noise_sign
    s.nc_sign_lock2 = active & (f.noise_sign_before ^ 1)
    s.nc_out = 0xFFFF * s.nc_sign


@block
def put_lfo_and_noise(s, f):
    """Put them as after clock 30, when a window of the LFO ends; then run their clock 31."""
    s.lfo_val = wrapped(reversed_bits(f.lfo_n_before, 16) << 16 | reversed_bits(f.lfo_n, 16))
    s.lfo_out1 = wrapped(reversed_bits(f.lfo_v_before, 8) << 24 | reversed_bits(f.lfo_v, 8) << 8)
    s.lfo_out2 = f.lfo_sum
    s.lfo_counter1_of = f.lfo_carry << 2  # carried at clock 28, shifted at 29 and 30
    s.lfo_counter1_two = 1 if s.lfo_counter1 == 2 else 0
    s.lfo_bit_counter = (s.lfo_counter1 - 2) & 15
    s.lfo_counter2_of = s.lfo_counter2_of_lock = f.lfo_of
    s.lfo_counter2_of_lock2 = f.lfo_of_before
    s.lfo_counter2_load = s.lfo_counter3_clock = s.lfo_counter3_step = 0
    s.lfo_clock = s.lfo_clock_lock = f.lfo_step
    s.noise_lfsr = (f.noise_b >> 14) | ((f.noise >> 1) & 0x1FFF) << 3
    s.noise_bit = (f.noise_b >> 13 if f.noise_update_b else f.noise_b) & 1
    s.noise_timer = f.noise_timer_b
    s.noise_timer_of = s.noise_update = f.noise_update_b
    s.cycles = 31
    lfo_and_noise_clock(s)
    s.cycles = 0


@block
def put_taps(s, f):
    """In the making: slots 0-17 of the last frame; of the sides as in ``put_mixer``."""
    for c in range(8):
        s.tap_last[c], s.tap_out[c] = f.tap_last[c], f.tap_out[c]
        slot_16 = f.out[16 + c] & f.c1_heard[c] if c < 2 else 0
        s.tap_sum[c] = f.early[c] + slot_16
        s.side_sum[c] = slot_16 & f.left_mask[c]
        s.side_sum[8 + c] = s.tap_sum[c] & f.right_mask[c]
    s.side_sum[7] = f.out[15] & f.m2_heard[7] & f.left_mask[7]
    s.side_sum[15] += f.first[RIGHT]
    for i in range(16):
        s.side_taken[i], s.side_sent[i], s.side_out[i] = f.side_taken[i], f.side_sent[i], f.side_out[i]


@block
def put_mixer(s, m, f):
    """Sums: left slots 15-17, right slot 31 of the frame before and 0-17; the sums taken on their way out."""
    slot_15, slot_16, slot_17 = f.out[15] & f.m2_heard[7], f.out[16] & f.c1_heard[0], f.out[17] & f.c1_heard[1]
    left = (slot_15 & m.left_mask[7]) + (slot_16 & m.left_mask[0])
    right = m.first[RIGHT] + (slot_16 & m.right_mask[0])
    for c in range(8):
        right += f.early[c] & m.right_mask[c]
    s.mix_old[LEFT] = left
    s.mix_old[RIGHT] = right
    s.mix[LEFT] = left + (slot_17 & m.left_mask[1])
    s.mix[RIGHT] = right + (slot_17 & m.right_mask[1])
    s.op_mix_l = f.c1_heard[2] & m.left_mask[2] & 1
    s.op_mix_r = f.c1_heard[2] & m.right_mask[2] & 1
    for side in range(2):
        s.mix_clamp_high[side] = 1 if m.clamp[side] > 0 else 0
        s.mix_clamp_low[side] = 1 if m.clamp[side] < 0 else 0
        s.dac_output[side] = m.dac[side]
    put_serial(s, m)


@block
def put_serial(s, m):
    """The left sum of the frame before is being sent, the right sum behind it; offset binary throughout."""
    right = m.taken[RIGHT] + 0x8000
    sent_left, sent_right = m.taken_before[LEFT] + 0x8000, m.taken_before[RIGHT] + 0x8000
    # loaded at bit 4 at clocks 29 and 30, at bit 2 by clock 31; a sum clamped high sends ones
    s.mix_serial[LEFT] = m.raw_left << 2 | (3 if m.clamp[LEFT] > 0 else 0)
    # loaded at bit 4 at clock 13: 18 clocks later its upper two bits are left
    s.mix_serial[RIGHT] = right >> 14
    # clocks 18-31 have brought 14 bits of the right sum; the left sum's last 7 are still before them
    s.mix_bits = (right & 0x3FFF) << 7 | sent_left >> 9
    # sign, top bits and exponent were taken from the left sum at clocks 17 and 23
    s.mix_sign = s.mix_sign_out = sent_left >> 15 ^ 1
    s.mix_top = (sent_left >> 9) & 63
    lost, lost_right = dac.lost_bits(m.taken_before[LEFT]), dac.lost_bits(m.taken_before[RIGHT])
    s.mix_exp = lost + 1
    # clocks 24-31 have sent 8 bits of the left mantissa, lowest first
    s.mix_out_bit = reversed_bits(sent_left >> (lost + 1), 8)
    # the DAC has what clocks 18-30 sent: two bits of the right exponent, three at its scale, then the left mantissa
    stream = sent_left << 16 | sent_right
    s.dac_bits = (lost_right + 1) >> 1 | (stream >> (13 + lost_right) & 7) << 2
    s.dac_bits |= (stream >> (16 + lost) & 1) << 5 | (sent_left >> (lost + 1) & 0x7F) << 6
    # the pin is a clock behind; the left strobe is up since clock 29, the right one fell at clock 21
    s.so = sent_left >> (lost + 7) & 1
    s.sh1 = s.dac_sh1 = 0
    s.sh2 = s.dac_sh2 = 1
