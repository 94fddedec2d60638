"""Timers A and B, whole frames at a time, and writes to them, which act at a frame's clock 3."""

from .._jit import block
from ..cycle import bus
from ..tables import TIMER_A_END, TIMER_B_END


@block
def move(state):
    """Whether a timer is not simply running or stopped."""
    a = state.timer_a_inc or state.timer_a_of or state.timer_a_reload or state.reset_a
    a = a or state.timer_a_load != state.load_a or state.timer_a_idle == state.load_a
    a = a or state.timer_a_clear == state.load_a or (state.timer_a and not state.load_a)
    b = state.timer_b_inc or state.timer_b_of or state.timer_b_reload or state.reset_b or state.timer_b_sub_of
    b = b or state.timer_b_idle == state.load_b or state.timer_b_clear == state.load_b
    b = b or (state.timer_b and not state.load_b)
    return a or b or state.timer_irq != state.timer_a_flag | state.timer_b_flag


@block
def put(state):
    """The pin, which follows the flags by a clock; the counters need nothing."""
    state.timer_irq = state.timer_a_flag | state.timer_b_flag


@block
def count(state, n):
    """Count for some frames: A every frame, B once in 16 (YM2164: 32). An overflow sets the flag and reloads."""
    # n may be more than a period: a span of 128 frames passes timer A's shortest, of one frame, 128 times.
    counts = state.timer_b_sub + n
    state.timer_b_sub = counts & (31 if state.opp else 15)
    counts >>= 5 if state.opp else 4
    if state.timer_a_load != state.load_a and n:
        turn_a(state)
        n -= 1
    if state.load_a:
        state.timer_a += n
        if state.timer_a > TIMER_A_END:
            state.timer_a = reloaded(state.timer_a, state.clka, TIMER_A_END + 1)
            state.timer_a_flag |= state.irqen_a
    if state.load_b:
        state.timer_b += counts
        if state.timer_b > TIMER_B_END:
            state.timer_b = reloaded(state.timer_b, state.clkb, TIMER_B_END + 1)
            state.timer_b_flag |= state.irqen_b


@block
def turn_a(state):
    """The first frame after LOAD A was written, which clock 1 takes: A begins, or counts once more and stops."""
    if state.timer_a_load and state.timer_a == TIMER_A_END:
        state.timer_a_flag |= state.irqen_a
    state.timer_a = state.clka if state.load_a else 0
    state.timer_a_load = state.load_a
    state.timer_a_idle = state.timer_a_clear = state.load_a ^ 1


@block
def written(state, words):
    """Store the write of this frame, which has been counted: B begins or stops at once, flags are reset."""
    bus.store(state, words, state.mode_address, state.bus_data)
    if state.timer_b_idle == state.load_b:
        state.timer_b = state.clkb if state.load_b else 0
        state.timer_b_idle = state.timer_b_clear = state.load_b ^ 1
    state.timer_a_flag &= state.reset_a ^ 1
    state.timer_b_flag &= state.reset_b ^ 1
    state.reset_a = state.reset_b = 0


@block
def reloaded(count, first, overflow):
    """Where a counter stands that has overflowed, maybe more than once, and begun again at its reload value."""
    return first + (count - overflow) % (overflow - first)
