"""Envelopes over a span: most ticks step no slot, and most levels stay as they are."""

import numpy as np

from .._jit import block, outline
from ..cycle.envelope import ramped
from ..state import ATTACK, DECAY1, RELEASE
from . import frame
from .frame import LAST, LATE_PITCH, NO_TICK, i32, pick
from .rows import LONGEST, NONE

u64 = np.uint64
SILENT = 832
"""Attenuation from which on an operator's output is 0, whatever the phase."""
TICKS = np.array([0x7000 >> (rate >> 2) if rate < 48 else -1 if rate < 64 else 0 for rate in range(128)], np.int32)
"""``ticks`` of a slot by its tagged rate: below 48 it steps at three positions of the timer's lowest set bit."""


@block
def envelopes(s, f, w, changes, n):
    """Step where a slot's rate lets it; most ticks change nothing. ``begin`` is the first frame of a row of levels."""
    keep(f.level, w.level[0])
    w.begin[0], w.ticks, w.unsettled = 0, -1, 1
    w.changed[:] = 0
    rows, k, late, t, ticked = 0, 1, False, 0, s.eg_clock_count + n > 2
    while t < n:
        if late:
            new_rates(s, f, w, k - 1, 0, LATE_PITCH)
        late = k <= changes and w.change[k] == t
        if late:
            new_rates(s, f, w, k, LATE_PITCH, 32)
            k += 1
        idle = idle_frames(s, w)
        if idle:
            end = t + 1 if late else w.change[k] if k <= changes else n
            idle = min(idle, end - t)
            pass_by(s, idle)
            t += idle
            continue
        row = frame.envelope_clock(s, f)
        t += 1
        if w.unsettled or (row != NO_TICK and (w.ticks >> f.shift_lock) & 1):
            step(f, w, row)
            if w.moved:
                rows += 1
                w.begin[rows] = t
                keep(f.level, w.level[rows])
    if late:
        new_rates(s, f, w, k - 1, 0, LATE_PITCH)
    if ticked:
        frame.lock_timer(f, (s.eg_timer - 1) & 0xFFFF)
    w.begin[rows + 1] = n
    w.rows = rows
    f.envelope_moving = 1


@block
def idle_frames(s, w):
    """Return how many frames nothing steps, if nothing has to settle: positions of the timer are powers of two."""
    if w.unsettled:
        return 0
    if w.ticks == 0:
        return LONGEST
    spacing = max((w.ticks & -w.ticks) >> 1, 1)
    return max(2 - s.eg_clock_count + 3 * (-s.eg_timer & (spacing - 1)), 0)


@block
def pass_by(s, n):
    """Let the clock and the timer run."""
    count = s.eg_clock_count + n
    s.eg_timer = (s.eg_timer + count // 3) & 0xFFFF
    s.eg_clock_count = count % 3


@block
def ramps_rest(s):
    """YM2164: say whether no TL is on its way."""
    moving = 0
    for slot in range(32):
        moving |= s.opp_tl[slot] ^ ramped(s.opp_tl[slot], s.sl_tl[slot], True)
    return moving == 0


@block
def ramp_counters(s, n):
    """YM2164: one count per frame, whether a ramp needs it or not."""
    for _ in range(n):
        for c in range(8):
            s.opp_tl_count[c] = 0 if s.opp_tl_count[c] == s.opp_ramp[c] else (s.opp_tl_count[c] + 1) & 0xFF


@block
def new_rates(s, f, w, k, first, end):
    """Let some slots have the codes of a change of pitch, and the rates that go with them if those differ."""
    differ = 0
    for slot in range(first, end):
        differ |= f.kcode[slot] ^ w.kcode[k, slot]
    if differ:
        for slot in range(first, end):
            f.kcode[slot] = w.kcode[k, slot]
        frame.use_codes(s, f, first, end)
        w.ticks = -1


@block
def step(f, w, row):
    """Step all slots; say which positions of the timer matter next, and whether something has to settle."""
    moved, unsettled, ticks = i32(0), i32(0), i32(0)
    for slot in range(32):
        level, kon = f.level[slot], f.kon[slot]
        new_level, new_state = frame.stepped(f, slot, row, level, f.state[slot], False)
        f.level[slot], f.state[slot] = new_level, new_state
        attacking, decaying, off = new_state == ATTACK, new_state == DECAY1, new_level >= 0x3F0
        still = off & (not attacking)
        waits = (attacking & (new_level == 0)) | (decaying & (i32(new_level >> 4) == f.d1l[slot]))
        waits = waits | ((kon == 0) & (new_state != RELEASE))
        waits = waits | (still & ((new_level != 1023) | (new_state != RELEASE)))
        rate = frame.rate_of(f, slot, new_state, attacking, decaying)
        ticks = i32(ticks | pick(still, i32(0), TICKS[np.uint32(rate)]))
        unsettled = i32(unsettled | pick(waits, i32(1), i32(0)))
        moved = i32(moved | i32(new_level ^ level))
        w.changed[slot] = i32(w.changed[slot] | i32(new_level ^ level))
    w.moved, w.unsettled, w.ticks = moved, unsettled, ticks


@block
def keep(slots, row):
    """Copy a value of each slot."""
    for slot in range(32):
        row[slot] = slots[slot]


@block
def attenuations(f, w, r, wide):
    """Level plus TL; AM comes to it in the operators, with M1 here. From SILENT on an output is exactly 0.

    Return whether any slot may be heard.
    """
    heard = 0
    for t in range(wide + 1):
        w.am_by[1, t], w.am_by[2, t], w.am_by[3, t] = i32(r.am[t] << 2), i32(r.am[t] << 3), i32(r.am[t] << 4)
    for slot in range(32):
        tl, level, changed = f.tl[slot] << 2, w.level[0, slot] << 2, w.changed[slot] != 0
        w.silent[slot] = 1 if not changed and level + tl >= 4 * SILENT else 0
        heard |= w.silent[slot] ^ 1
        w.own[slot], w.move[slot] = (tl, slot) if changed else (tl + level, NONE)
        w.ams[slot] = f.ams[slot]
        if changed:
            fill(w, slot)
    for slot in range(8):
        if not w.silent[slot]:
            whole(w, r, slot, wide)
            w.own[slot], w.move[slot], w.ams[slot] = 0, slot, 0
    return heard


@block
def fill(w, slot):
    """A row of levels, in eights: what comes next covers what is too much."""
    for row in range(w.rows + 1):
        level = i32(w.level[row, slot] << 2)
        for first in range(w.begin[row], w.begin[row + 1], 8):
            for i in range(8):
                w.atten[slot, u64(first) + u64(i)] = level


@outline
def whole(w, r, slot, n):
    """All of a slot's attenuation, in place; slots before LATE_AM take AM a frame late."""
    own, move, ams = w.own[slot], w.move[slot], w.ams[slot]
    for t in range(n):
        w.atten[slot, t] = attenuation(own, r.atten[move, t], r.am_by[ams, t])


@block
def attenuation(own, moving, am):
    """What an operator's output is attenuated by, times 4."""
    return i32(min(i32(i32(own + moving) + am), i32(4 * SILENT)))


@block
def last_attenuation(f, w, n):
    """Slot 31's envelope output in the last frame, before its step."""
    row = w.rows - 1 if w.begin[w.rows] == n else w.rows
    f.atten_before = min(w.level[row, LAST] + f.tl[LAST] + (w.am_by[f.ams[LAST], n] >> 2), 1023)
