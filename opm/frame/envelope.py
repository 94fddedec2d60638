"""Envelope generator: the timer, levels and states of all slots abreast, attenuations, the YM2164's ramp.

Three algorithms for one rule, for speed: ``cycle.envelope`` as the die does it, a stage a clock; here ``stepped``
without branches, eight or sixteen slots in a register; ``span.envelope`` only the frames in which a slot may step.
The rules themselves (``silent``, ``falls``, ``next_state`` and the steps) stand in ``cycle.envelope``.
"""

import numpy as np

from .._jit import block, outline
from ..bits import i32, pick, wrapped
from ..cycle import envelope
from ..state import ATTACK, C1, DECAY1, DECAY2, M2
from ..tables import D1L, EG_INCREMENT, INSTANT, NEVER, SILENCE

RATES = EG_INCREMENT.shape[1]
EG_STEPS = EG_INCREMENT.reshape(-1)
NO_TICK = len(EG_STEPS) - RATES
"""First element of EG_STEPS of the row that steps nothing: what a frame without a tick has."""


@block
def above(values, limit):
    """Say whether any value is greater."""
    found = False
    for i in range(values.shape[0]):
        found |= values[i] > limit
    return found


@block
def beyond_range(state):
    """Whether a level or the clock is as only a reset leaves it: levels have 11 bits, and 1023 is the last in use."""
    return (
        above(state.eg_level, SILENCE)
        or above(state.eg_out_am, SILENCE)
        or above(state.eg_out, SILENCE)
        or state.eg_clock & 0xFF not in (0, 0xFF)
    )


@block
def drain(state, frame, clock):
    """Finish slots 28-31 of the last frame at a clock of the next: stages 6 to 3."""
    if clock < 4:
        envelope.output(state)
    if clock < 3:
        envelope.level(state)
        if clock == 2:
            frame.atten_before = state.eg_out[0]
    if clock < 2:
        envelope.control(state)
        frame.edge[30 + clock] = state.pg_reset[30 + clock]
        if clock == 0:
            envelope.shift(state)
            state.eg_rate[1], state.eg_zr[1] = state.eg_rate[0], state.eg_zr[0]
            state.eg_ratemax[1], state.eg_sl[1] = state.eg_ratemax[0], state.eg_sl[0]
        else:
            state.eg_out_am[1] = state.eg_out_am[0]
        if state.opp:
            state.opp_eg_tl = state.opp_tl[30 + clock]
        else:
            state.eg_tl[2] = state.eg_tl[1]
            state.eg_tl[1] = state.eg_tl[0]


@block
def get(state, frame):
    """Levels and states once ``drain`` is done, and what the last tick found in the timer."""
    for slot in range(32):
        frame.level[slot] = state.eg_level[slot]
        frame.eg_state[slot] = state.eg_state[slot]
    frame.shift_lock = state.eg_shift_lock
    frame.timer_lock = state.eg_timer_lock


@block
def put(state, frame):
    """Put the timer's history, then let the stages of slots 28 to 31 run their last clocks, then the levels."""
    put_timer(state, frame)
    replay(state, frame)
    put_levels(state, frame)


@block
def put_timer(state, frame):
    """The timer's bits have come by twice, at clocks 2-17 as at 18-33: history has the lowest set bit of each pass."""
    before, now = (state.eg_timer - frame.tick) & 0xFFFF, state.eg_timer
    passes = 0x20002000 // (now & -now) if now else 0
    bit14 = (before >> 14) & 1 if before & 0x3FFF == 0 else 0  # the pass before ends with clocks 0 and 1
    bit15 = before >> 15 if before & 0x7FFF == 0 else 0
    state.eg_timer_low = wrapped(bit14 << 31 | bit15 << 30 | passes)
    state.eg_timer_stop = 1 if now & 0x3FFF else 0
    state.eg_timer_carry = 0
    state.eg_clock = 0xFF * frame.tick
    state.eg_shift_lock = frame.shift_lock
    state.eg_timer_lock = frame.timer_lock


@block
def replay(state, frame):
    """Let the stages of slots 28 to 31 run their last clocks, on the levels and states of before the last step."""
    # What five stages hold between them follows from these four slots: playing them again is shorter than saying it,
    # but took 4 % of every frame until leaving was a function of its own.
    for i in range(4):
        state.eg_level[28 + i] = frame.old_level[i]
        state.eg_state[28 + i] = frame.old_eg_state[i]
    for clock in range(28, 32):
        state.cycles = clock
        envelope.level(state)
        envelope.control(state)
        envelope.shift(state)
        envelope.rate(state)


@block
def put_levels(state, frame):
    """Levels of slots 29-31 and states of 30 and 31 have not stepped yet; 28 and 27 are at the output."""
    for slot in range(32):
        state.eg_level[slot], state.eg_state[slot] = frame.level[slot], frame.eg_state[slot]
        state.pg_reset[slot] = frame.edge[slot]
    for slot in range(29, 32):
        state.eg_level[slot] = frame.old_level[slot - 28]
    for slot in range(30, 32):
        state.eg_state[slot], state.pg_reset[slot] = frame.old_eg_state[slot - 28], frame.edge_before[slot]
    for i in range(2):
        state.eg_out[i] = frame.atten[28 - i] >> 2
    state.eg_serial = wrapped((frame.atten31_before ^ SILENCE) << 28)  # taken at clock 3, shifted 28 times
    state.eg_serial_bit = 0


@block
def tagged_rate(own, kcode, ks):
    """Effective rate, plus 64 if the register holds 0: that never steps, whatever the key scaling."""
    effective = envelope.effective_rate(own, kcode, ks)
    return effective if own else NEVER | effective


@outline
def rates(state, frame, first, end):
    """Effective rates of some slots from their key codes."""
    for slot in range(first, end):
        kcode, ks = frame.kcode[slot], state.sl_ks[slot]
        frame.rate_attack[slot] = tagged_rate(state.sl_ar[slot], kcode, ks)
        frame.rate_decay1[slot] = tagged_rate(state.sl_d1r[slot], kcode, ks)
        frame.rate_decay2[slot] = tagged_rate(state.sl_d2r[slot], kcode, ks)
        frame.rate_release[slot] = tagged_rate(state.sl_rr[slot] * 2 + 1, kcode, ks)
    frame.envelope_moving = 1


@block
def take_registers(state, frame):
    """Registers the envelope reads at its rate stage."""
    for slot in range(32):
        frame.d1l[slot] = D1L[state.sl_d1l[slot]] * 2
        frame.ams[slot] = state.ch_ams[slot & 7] if state.sl_ams_en[slot] else 0
        frame.tl[slot] = state.opp_tl[slot] if state.opp else (state.sl_tl[slot] & 0x7F) << 3


@block
def written_sensitivity(state, frame):
    """AMS of a channel: its operators' rate stages from clock 5 or 12 on see it, the others with the next frame."""
    c = state.reg_address & 7
    for slot in range(c + (M2 if c >= 4 else C1), 32, 8):
        frame.ams[slot] = state.ch_ams[c] if state.sl_ams_en[slot] else 0
        add_level(state, frame, slot)
    frame.atten_stale = 1


@block
def add_levels(state, frame, first):
    """AM plus TL of the slots from one on."""
    for slot in range(first, 32):
        add_level(state, frame, slot)
    frame.atten_stale = 1


@block
def add_level(state, frame, slot):
    """AM plus TL of a slot."""
    frame.addend[slot] = envelope.amplitude_modulation(state.lfo_am, frame.ams[slot]) + frame.tl[slot]


@block
def clock(state, frame):
    """Divide by three, count the timer; return the row of steps for this frame."""
    frame.tick = state.eg_clock_count >> 1
    if not frame.tick:
        state.eg_clock_count += 1
        return NO_TICK
    state.eg_clock_count = 0
    lock_timer(frame, state.eg_timer)
    state.eg_timer = (state.eg_timer + 1) & 0xFFFF
    return row_of(frame.shift_lock, frame.timer_lock)


@block
def row_of(shift_lock, timer_lock):
    """First element of EG_STEPS of a tick's row."""
    return (shift_lock * 4 + (timer_lock & 3)) * RATES


@block
def lock_timer(frame, timer):
    """What a tick finds in the timer."""
    frame.shift_lock = shift_lock(timer)
    frame.timer_lock = (timer ^ 1) & 0xFF


@block
def shift_lock(timer):
    """The position of the timer's lowest set bit, plus 1; 0 if there is none."""
    # 14 and 15 count as none: the die's gates join 14 positions only (``cycle.envelope.lowest_bit``).
    lowest = 0
    while lowest < 14 and not (timer >> lowest) & 1:
        lowest += 1
    return 0 if lowest == 14 else lowest + 1


@block
def ramp(state, frame):
    """YM2164: step the TL ramps, slot by slot as its counters want it."""
    moved = 0
    for slot in range(32):
        before = state.opp_tl[slot]
        state.cycles = slot
        envelope.opp_ramp(state)
        frame.addend[slot] += state.opp_tl[slot] - before
        frame.tl[slot] = state.opp_tl[slot]
        moved |= state.opp_tl[slot] ^ before
    state.cycles = 0  # the block of the cycle engine was told the slot by it
    frame.atten_stale |= moved


@block
def attenuations(frame):
    """Envelope output: level plus AM plus TL, saturated."""
    for slot in range(32):
        frame.atten[slot] = i32(min(i32(frame.level[slot] + frame.addend[slot]), i32(SILENCE))) << 2
    frame.atten_stale = 0


@block
def step(frame, row):
    """Step level and state of all slots; notice whether the next frame could change anything without a tick.

    As ``envelope.control`` and ``envelope.level``, but without branches, so that slots go abreast.
    """
    # For ``replay``: whoever leaves needs the last four slots as they were.
    for i in range(4):
        frame.old_level[i] = frame.level[28 + i]
        frame.old_eg_state[i] = frame.eg_state[28 + i]
    moved = i32(0)
    for slot in range(32):
        level, eg_state = frame.level[slot], frame.eg_state[slot]
        frame.level[slot], frame.eg_state[slot] = stepped(frame, slot, row, level, eg_state, frame.edge[slot] != 0)
        moved = i32(moved | i32(i32(frame.level[slot] ^ level) | i32(frame.eg_state[slot] ^ eg_state)))
    frame.envelope_moving = moved
    frame.atten_stale |= moved


@block
def stepped(frame, slot, row, level, eg_state, struck):
    """A slot's next level and state."""
    attacking, decaying, off = eg_state == ATTACK, eg_state == DECAY1, envelope.silent(level)
    at_d1l, kon = i32(level >> 4) == frame.d1l[slot], frame.kon[slot]
    # An attack at rate 62 or 63 is over at once when the key is struck, and steps no more:
    # a slot that comes to that rate while it attacks stays where it is.
    rate = rate_of(frame, slot, eg_state, attacking | struck, decaying)
    fastest = i32(rate & 63) >= INSTANT
    size = EG_STEPS[np.uint32(row + rate)]

    falling = envelope.falls(eg_state, at_d1l) & (not struck) & (not off)
    rising = attacking & (kon != 0) & (not fastest) & (level != 0) & (size != 0)
    step = pick(falling, envelope.linear_step(size), i32(0))
    step = pick(rising, envelope.attack_step(level, size), step)
    new_level = pick(off & (not attacking) & (not struck), i32(SILENCE), level)
    new_level = i32(pick(struck & fastest, i32(0), new_level) + step)
    return new_level, envelope.next_state(eg_state, kon, struck, level == 0, at_d1l, off)


@block
def rate_of(frame, slot, eg_state, attacks, decays):
    """The effective rate that goes with a state."""
    attack, decay1, decay2 = frame.rate_attack[slot], frame.rate_decay1[slot], frame.rate_decay2[slot]
    rate = pick(eg_state == DECAY2, decay2, frame.rate_release[slot])
    return pick(attacks, attack, pick(decays, decay1, rate))
