"""Envelopes over a span: a slot after the other, each from one tick that steps it to the next.

Three algorithms for one rule, for speed: the twins are ``cycle.envelope``, which has the rules, and ``frame.envelope``.
Between two bus events slots do not hear each other, and most of them rest or are stepped by few of the span's ticks.
"""

import numpy as np

from .._jit import block
from ..bits import i32, pick
from ..cycle.envelope import attack_step, linear_step, ramp_count, ramped, silent
from ..frame import envelope
from ..frame.envelope import EG_STEPS, NO_TICK
from ..frame.record import LAST, LATE_PITCH
from ..state import ATTACK, DECAY1, RELEASE
from ..tables import EVERY_TICK, INAUDIBLE, INSTANT, NEVER, OFF, SILENCE
from .record import WIDE, ZEROS

u32, u64 = np.uint32, np.uint64
TICKS = 62
"""Ticks in a mask: bits of an int64 but for its sign, and one more to shift."""
SPACED = np.array([sum(1 << bit for bit in range(0, 63, 2 << position)) for position in range(14)])
"""Every second bit, every fourth, ...: ticks whose timer has its lowest set bit at a position, as a mask."""
TICK = np.zeros(67, np.int64)
TICK[[(1 << tick) % 67 for tick in range(63)]] = range(63)
"""Number of a power of two by its remainder: 2 is a primitive root of 67, so no two have the same."""


@block
def envelopes(state, frame, write, changes, n):
    """Envelopes of all slots, their timer and its clock."""
    ticks = ticks_before(state, n)
    sort_out(frame, write, positions_met(state.eg_timer, ticks), changes)
    for slot in range(32):
        if write.moving[slot]:
            follow(state, frame, write, slot, changes, n)
    state.eg_timer = (state.eg_timer + ticks) & 0xFFFF
    state.eg_clock_count = (state.eg_clock_count + n) % 3
    if ticks:
        envelope.lock_timer(frame, (state.eg_timer - 1) & 0xFFFF)
    frame.envelope_moving = 1


# ---- Ticks: in a mask the i-th from some frame on is bit i, and finds the timer i counts further


@block
def ticks_before(state, t):
    """Return how many ticks there are before a frame of the span."""
    return (state.eg_clock_count + t) // 3


@block
def frame_of(state, tick):
    """Return the frame of a tick."""
    return 3 * tick + 2 - state.eg_clock_count


@block
def first_tick(position, timer):
    """Return the first tick that finds the timer's lowest set bit at a position; others come at even distances."""
    return ((1 << position) - timer) & ((2 << position) - 1)


@block
def ticks_at(position, timer):
    """Return the ticks that find the timer's lowest set bit at a position."""
    first = first_tick(position, timer)
    return SPACED[position] << first if first < 63 else 0


@block
def positions_met(timer, ticks):
    """Return where ticks find the lowest set bit, as bits of a mask: ``shift_lock``, so the lowest position is 1."""
    positions = 1 if ticks else 0
    for position in range(14):
        positions |= 2 << position if first_tick(position, timer) < ticks else 0
    return positions


@block
def due(rate, timer):
    """Return the ticks that step a slot of a rate: below EVERY_TICK those at one to three positions."""
    if rate >= EVERY_TICK:
        return -1 if rate < NEVER else 0
    position = (EVERY_TICK - 1 - rate) >> 2
    ticks = ticks_at(position, timer)
    if rate & 2:
        ticks |= ticks_at(position + 1, timer)
    if rate & 1:
        ticks |= ticks_at(position + 2, timer)
    return ticks


@block
def size_of(rate, timer):
    """Return the size of a step that is due, 1 to 4: only fast rates have others than 1."""
    return 1 if rate < EVERY_TICK else EG_STEPS[envelope.row_of(0, timer ^ 1) + rate]


@block
def row_at(state, t):
    """Return the row of steps for any frame, as ``frame.envelope.clock`` does."""
    tick = ticks_before(state, t)
    if frame_of(state, tick) != t:
        return NO_TICK
    timer = (state.eg_timer + tick) & 0xFFFF
    return envelope.row_of(envelope.shift_lock(timer), timer ^ 1)


# ---- Slots


@block
def waits(frame, slot, level, eg_state):
    """Say whether the next frame changes a slot without a tick."""
    attacking, off = eg_state == ATTACK, silent(level)
    waiting = (attacking & (level == 0)) | ((eg_state == DECAY1) & (i32(level >> 4) == frame.d1l[slot]))
    waiting = waiting | ((frame.kon[slot] == 0) & (eg_state != RELEASE))
    return waiting | (off & (not attacking) & ((level != SILENCE) | (eg_state != RELEASE)))


@block
def sort_out(frame, write, positions, changes):
    """Say which slots may move, and which are inaudible throughout, however they move."""
    for slot in range(32):
        write.recoded[slot] = 0
    for k in range(1, changes + 1):
        for slot in range(32):
            write.recoded[slot] = i32(write.recoded[slot] | i32(write.kcode[k, slot] ^ frame.kcode[slot]))
    for slot in range(32):
        level, eg_state = frame.level[slot], frame.eg_state[slot]
        attacking, decaying = eg_state == ATTACK, eg_state == DECAY1
        rate = envelope.rate_of(frame, slot, eg_state, attacking, decaying)
        # Unsigned: a shift by a variable goes abreast with AVX2 only if no sign is extended.
        slow = i32(u32(i32(0x1000 | i32(i32(rate & 2) << 12) | i32(i32(rate & 1) << 14))) >> u32(i32(rate >> 2) & 31))
        meets = pick(rate < EVERY_TICK, slow, pick(rate < NEVER, i32(-1), i32(0)))
        rests = (level == SILENCE) & (eg_state == RELEASE)
        moving = waits(frame, slot, level, eg_state) | ((i32(meets & positions) != 0) & (not rests))
        moving = moving | (write.recoded[slot] != 0)
        write.moving[slot] = pick(moving, i32(1), i32(0))
        loudest = pick(moving & attacking, i32(0), level)
        write.inaudible[slot] = pick(i32(loudest + frame.tl[slot]) >= INAUDIBLE, i32(1), i32(0))
        write.level_begin[slot] = 0


@block
def follow(state, frame, write, slot, changes, n):
    """Take a slot through the span, with the rates of one change of pitch after the other if those concern it."""
    t, late = 0, 1 if slot < LATE_PITCH else 0
    last = changes if write.recoded[slot] else 0
    for k in range(last + 1):
        if k:
            frame.kcode[slot] = write.kcode[k, slot]
            envelope.rates(state, frame, slot, slot + 1)
        end = min(write.change[k + 1] + late, n) if k < last else n
        until(state, frame, write, slot, t, end)
        t = end
    if write.level_begin[slot]:
        hold(write, slot, frame.level[slot], write.level_begin[slot], n)


@block
def until(state, frame, write, slot, t, end):
    """Take a slot to a frame, with rates that stay."""
    while t < end:
        level, eg_state = frame.level[slot], frame.eg_state[slot]
        if waits(frame, slot, level, eg_state):
            row = row_at(state, t)
            new_level, frame.eg_state[slot] = envelope.stepped(frame, slot, row, level, eg_state, False)
            t += 1
            if new_level != level:
                write.level_begin[slot] = hold(write, slot, level, write.level_begin[slot], t)
                frame.level[slot] = new_level
        else:
            t = steps(state, frame, write, slot, t, end)


@block
def steps(state, frame, write, slot, t, end):
    """Step a slot at the ticks that are due, until one changes its state or there is none; return the frame behind."""
    level, eg_state, begin = frame.level[slot], frame.eg_state[slot], write.level_begin[slot]
    attacking = eg_state == ATTACK
    rate = envelope.rate_of(frame, slot, eg_state, attacking, eg_state == DECAY1)
    first = ticks_before(state, t)
    count = min(ticks_before(state, end) - first, TICKS)
    ticks, timer = due(rate, state.eg_timer + first) & ((1 << count) - 1), (state.eg_timer + first) & 0xFFFF
    end = min(end, frame_of(state, first + TICKS))
    # Decay 1 that begins beyond D1L goes on until it is silent.
    d1l = frame.d1l[slot] << 4
    limit = d1l if eg_state == DECAY1 and level < d1l else OFF
    if (attacking and rate & 63 >= INSTANT) or (not attacking and level == SILENCE):
        return end
    while ticks:
        tick = TICK[(ticks & -ticks) % 67]
        ticks &= ticks - 1
        t = frame_of(state, first + tick) + 1
        begin = hold(write, slot, level, begin, t)
        size = size_of(rate, timer + tick)
        level += attack_step(level, size) if attacking else linear_step(size)
        if level == 0 if attacking else level >= limit:
            end = t
            break
    frame.level[slot], write.level_begin[slot] = level, begin
    return end


@block
def hold(write, slot, level, begin, end):
    """Extend a slot's row of levels to a frame, a WIDE at a time: what comes next covers what is too much."""
    if not write.inaudible[slot] or slot == LAST:
        atten = i32(level << 2)
        for i in range((end - begin + WIDE - 1) // WIDE * WIDE):
            write.atten[slot, u64(begin) + u64(i)] = atten
    return end


@block
def ramps_rest(state):
    """YM2164: say whether no TL is on its way."""
    moving = 0
    for slot in range(32):
        moving |= state.opp_tl[slot] ^ ramped(state.opp_tl[slot], state.sl_tl[slot], True)
    return moving == 0


@block
def ramp_counters(state, n):
    """YM2164: one count per frame, whether a ramp needs it or not."""
    for _ in range(n):
        for c in range(8):
            state.opp_tl_count[c] = ramp_count(state, c, 1)


@block
def attenuations(frame, write, read, wide):
    """Level plus TL; the operators add AM, for M1 in ``attenuations_of_m1``. From INAUDIBLE on an output is exactly 0.

    Return whether any slot may be heard.
    """
    heard = 0
    for t in range(wide + 1):
        am = read.am[t]
        write.am_by[1, t], write.am_by[2, t], write.am_by[3, t] = i32(am << 2), i32(am << 3), i32(am << 4)
    for slot in range(32):
        heard |= write.inaudible[slot] ^ 1
        tl, level = frame.tl[slot] << 2, frame.level[slot] << 2
        moved = write.level_begin[slot] != 0 and (not write.inaudible[slot] or slot == LAST)
        write.still_atten[slot], write.atten_row[slot] = (tl, slot) if moved else (tl + level, ZEROS)
        write.am_row[slot] = frame.ams[slot]
    return heard


@block
def last_attenuation(frame, write, n):
    """Slot 31's envelope output in the last frame, before its step."""
    own = write.still_atten[LAST] + write.atten[write.atten_row[LAST], n - 1] + write.am_by[frame.ams[LAST], n]
    frame.atten_before = min(own >> 2, SILENCE)
