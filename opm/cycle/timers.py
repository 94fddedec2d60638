"""Timers A and B, their flags, IRQ, and CSM. Source: die (Nuked-OPM).

Both count up to an overflow and reload. A counts once per frame, B once in 16 (YM2164: 32) frames; its
prescaler runs free, whether the timer does or not.
"""

from .._jit import block
from ..tables import TIMER_A_END, TIMER_B_END


@block
def irq(state):
    """IRQ pin: either flag, as of the clock before."""
    state.timer_irq = state.timer_a_flag | state.timer_b_flag


@block
def timer_a_count(state):
    """Counter A: counts at clock 1 of a frame, reloads in the clock after its overflow."""
    value = state.timer_a + state.timer_a_inc
    state.timer_a_of = value >> 10
    if state.timer_a_clear:
        value = 0
    if state.timer_a_reload:
        value = state.clka
    state.timer_a = value & TIMER_A_END


@block
def timer_b_count(state):
    """Counter B and its prescaler, which steps at clock 0."""
    value = state.timer_b + state.timer_b_inc
    state.timer_b_of = value >> 8
    if state.timer_b_clear:
        value = 0
    if state.timer_b_reload:
        value = state.clkb
    state.timer_b = value & TIMER_B_END

    width = 5 if state.opp else 4
    sub = state.timer_b_sub + (1 if state.cycles == 0 else 0)
    state.timer_b_sub_of = (sub >> width) & 1
    state.timer_b_sub = 0 if state.ic else sub & ((1 << width) - 1)


@block
def timer_a_control(state):
    """What counter A does at the next clock, and flag A. Test bit 2 counts at every clock."""
    if state.cycles == 1:
        state.timer_a_load = state.load_a
    state.timer_a_inc = state.test[2] | (state.timer_a_load if state.cycles == 0 else 0)
    state.timer_a_reload = state.timer_a_of | (state.timer_a_load & state.timer_a_idle)
    state.timer_a_clear = state.timer_a_idle
    state.timer_a_idle = state.timer_a_load ^ 1
    state.timer_a_flag = 0 if state.reset_a or state.ic else state.timer_a_flag | (state.irqen_a & state.timer_a_of)
    state.reset_a = 0


@block
def timer_b_control(state):
    """What counter B does at the next clock, and flag B. Test bit 2 counts at every clock."""
    state.timer_b_inc = state.test[2] | (state.load_b & state.timer_b_sub_of)
    state.timer_b_reload = state.timer_b_of | (state.load_b & state.timer_b_idle)
    state.timer_b_clear = state.timer_b_idle
    state.timer_b_idle = state.load_b ^ 1
    state.timer_b_flag = 0 if state.reset_b or state.ic else state.timer_b_flag | (state.irqen_b & state.timer_b_of)
    state.reset_b = 0
