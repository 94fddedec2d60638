"""Timers A and B, their flags, IRQ, and CSM. Source: die (Nuked-OPM).

Both count up to an overflow and reload. A counts once per frame, B once in 16 (YM2164: 32) frames; its
prescaler runs free, whether the timer does or not.
"""

from .._jit import block


@block
def irq(s):
    """IRQ pin: either flag, as of the clock before."""
    s.timer_irq = s.timer_a_flag | s.timer_b_flag


@block
def timer_a_count(s):
    """Counter A: counts at clock 1 of a frame, reloads in the clock after its overflow."""
    value = s.timer_a + s.timer_a_inc
    s.timer_a_of = value >> 10
    if s.timer_a_clear:
        value = 0
    if s.timer_a_reload:
        value = s.clka
    s.timer_a = value & 0x3FF


@block
def timer_b_count(s):
    """Counter B and its prescaler, which steps at clock 0."""
    value = s.timer_b + s.timer_b_inc
    s.timer_b_of = value >> 8
    if s.timer_b_clear:
        value = 0
    if s.timer_b_reload:
        value = s.clkb
    s.timer_b = value & 0xFF

    width = 5 if s.opp else 4
    sub = s.timer_b_sub + (1 if s.cycles == 0 else 0)
    s.timer_b_sub_of = (sub >> width) & 1
    s.timer_b_sub = 0 if s.ic else sub & ((1 << width) - 1)


@block
def timer_a_control(s):
    """What counter A does at the next clock, and flag A. Test bit 2 counts at every clock."""
    if s.cycles == 1:
        s.timer_a_load = s.load_a
    s.timer_a_inc = s.test[2] | (s.timer_a_load if s.cycles == 0 else 0)
    s.timer_a_reload = s.timer_a_of | (s.timer_a_load & s.timer_a_idle)
    s.timer_a_clear = s.timer_a_idle
    s.timer_a_idle = s.timer_a_load ^ 1
    s.timer_a_flag = 0 if s.reset_a or s.ic else s.timer_a_flag | (s.irqen_a & s.timer_a_of)
    s.reset_a = 0


@block
def timer_b_control(s):
    """What counter B does at the next clock, and flag B. Test bit 2 counts at every clock."""
    s.timer_b_inc = s.test[2] | (s.load_b & s.timer_b_sub_of)
    s.timer_b_reload = s.timer_b_of | (s.load_b & s.timer_b_idle)
    s.timer_b_clear = s.timer_b_idle
    s.timer_b_idle = s.load_b ^ 1
    s.timer_b_flag = 0 if s.reset_b or s.ic else s.timer_b_flag | (s.irqen_b & s.timer_b_of)
    s.reset_b = 0
