"""Envelopes over a span: most ticks step no slot, and most levels stay as they are.

Three algorithms for one rule, for speed: the twins are ``cycle.envelope``, which has the rules, and ``frame.envelope``.
Here ``step`` also asks which ticks matter next.
"""

import numpy as np

from .._jit import block
from ..bits import i32, pick
from ..cycle.envelope import ramp_count, ramped, silent
from ..frame import envelope
from ..frame.envelope import NO_TICK
from ..frame.record import LAST, LATE_PITCH
from ..state import ATTACK, DECAY1, RELEASE
from ..tables import EVERY_TICK, INAUDIBLE, NEVER, SILENCE
from .record import LONGEST, ZEROS

u64 = np.uint64
TICKS = np.array(
    [0x7000 >> (rate >> 2) if rate < EVERY_TICK else -(rate < NEVER) for rate in range(2 * NEVER)], np.int32
)
"""``ticks`` of a slot by its tagged rate: below EVERY_TICK it steps at three positions of the timer's lowest bit."""


@block
def envelopes(state, frame, write, changes, n):
    """Step where a slot's rate lets it; most ticks change nothing. ``begin`` is the first frame of a row of levels."""
    keep(frame.level, write.level[0])
    write.level_begin[0], write.ticks, write.unsettled = 0, -1, 1
    write.changed[:] = 0
    rows, k, late, t, ticked = 0, 1, False, 0, state.eg_clock_count + n > 2
    while t < n:
        if late:
            new_rates(state, frame, write, k - 1, 0, LATE_PITCH)
        late = k <= changes and write.change[k] == t
        if late:
            new_rates(state, frame, write, k, LATE_PITCH, 32)
            k += 1
        idle = idle_frames(state, write)
        if idle:
            end = t + 1 if late else write.change[k] if k <= changes else n
            idle = min(idle, end - t)
            pass_by(state, idle)
            t += idle
            continue
        row = envelope.clock(state, frame)
        t += 1
        if write.unsettled or (row != NO_TICK and (write.ticks >> frame.shift_lock) & 1):
            step(frame, write, row)
            if write.moved:
                rows += 1
                write.level_begin[rows] = t
                keep(frame.level, write.level[rows])
    if late:
        new_rates(state, frame, write, k - 1, 0, LATE_PITCH)
    if ticked:
        envelope.lock_timer(frame, (state.eg_timer - 1) & 0xFFFF)
    write.level_begin[rows + 1] = n
    write.level_rows = rows
    frame.envelope_moving = 1


@block
def idle_frames(state, write):
    """Return how many frames nothing steps, if nothing has to settle: positions of the timer are powers of two."""
    if write.unsettled:
        return 0
    # Most ticks meet a position of the timer at which no slot steps: they are passed by, up to the next that matters.
    if write.ticks == 0:
        return LONGEST
    spacing = max((write.ticks & -write.ticks) >> 1, 1)
    return max(2 - state.eg_clock_count + 3 * (-state.eg_timer & (spacing - 1)), 0)


@block
def pass_by(state, n):
    """Let the clock and the timer run."""
    count = state.eg_clock_count + n
    state.eg_timer = (state.eg_timer + count // 3) & 0xFFFF
    state.eg_clock_count = count % 3


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
def new_rates(state, frame, write, k, first, end):
    """Let some slots have the codes of a change of pitch, and the rates that go with them if those differ."""
    differ = 0
    for slot in range(first, end):
        differ |= frame.kcode[slot] ^ write.kcode[k, slot]
    if differ:
        for slot in range(first, end):
            frame.kcode[slot] = write.kcode[k, slot]
        envelope.rates(state, frame, first, end)
        write.ticks = -1


@block
def step(frame, write, row):
    """Step all slots; say which positions of the timer matter next, and whether something has to settle."""
    # What waits is asked of the new level and state, so that a decay needs no second look in the next frame.
    moved, unsettled, ticks = i32(0), i32(0), i32(0)
    for slot in range(32):
        level, kon = frame.level[slot], frame.kon[slot]
        new_level, new_state = envelope.stepped(frame, slot, row, level, frame.eg_state[slot], False)
        frame.level[slot], frame.eg_state[slot] = new_level, new_state
        attacking, decaying, off = new_state == ATTACK, new_state == DECAY1, silent(new_level)
        still = off & (not attacking)
        waits = (attacking & (new_level == 0)) | (decaying & (i32(new_level >> 4) == frame.d1l[slot]))
        waits = waits | ((kon == 0) & (new_state != RELEASE))
        waits = waits | (still & ((new_level != SILENCE) | (new_state != RELEASE)))
        rate = envelope.rate_of(frame, slot, new_state, attacking, decaying)
        ticks = i32(ticks | pick(still, i32(0), TICKS[np.uint32(rate)]))
        unsettled = i32(unsettled | pick(waits, i32(1), i32(0)))
        moved = i32(moved | i32(new_level ^ level))
        write.changed[slot] = i32(write.changed[slot] | i32(new_level ^ level))
    write.moved, write.unsettled, write.ticks = moved, unsettled, ticks


@block
def keep(slots, row):
    """Copy a value of each slot."""
    for slot in range(32):
        row[slot] = slots[slot]


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
        tl, level, changed = frame.tl[slot] << 2, write.level[0, slot] << 2, write.changed[slot] != 0
        write.inaudible[slot] = 1 if not changed and level + tl >= 4 * INAUDIBLE else 0
        heard |= write.inaudible[slot] ^ 1
        write.still_atten[slot], write.atten_row[slot] = (tl, slot) if changed else (tl + level, ZEROS)
        write.am_row[slot] = frame.ams[slot]
        if changed:
            fill(write, slot)
    return heard


@block
def fill(write, slot):
    """A row of levels, in eights: what comes next covers what is too much."""
    for row in range(write.level_rows + 1):
        level = i32(write.level[row, slot] << 2)
        for first in range(write.level_begin[row], write.level_begin[row + 1], 8):
            for i in range(8):
                write.atten[slot, u64(first) + u64(i)] = level


@block
def last_attenuation(frame, write, n):
    """Slot 31's envelope output in the last frame, before its step."""
    row = write.level_rows - 1 if write.level_begin[write.level_rows] == n else write.level_rows
    frame.atten_before = min(write.level[row, LAST] + frame.tl[LAST] + (write.am_by[frame.ams[LAST], n] >> 2), SILENCE)
