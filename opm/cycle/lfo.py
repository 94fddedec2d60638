"""Low frequency oscillator: three counters, a serial waveform generator, a serial depth multiplier.

Source: die (Nuked-OPM). Everything is serial in windows of 16 clocks: the waveform position goes round as
a 16-bit word, the multiplier takes 7 bits of depth, AM and PM in turn (bit 3 of the bit counter).

The signs stand still while their product is made. Nuked-OPM before August 2026 took them in every window, so that PM
by saw, square or noise had up to four frames of a wrong sign at each turn of the wave; two other readings of silicon
(YM2414-LLE, IKAOPM) agree with the rule of now.
"""

from .._jit import block

SAW, SQUARE, TRIANGLE, NOISE = 0, 1, 2, 3


@block
def multiply(s):
    """One bit of wave value times depth (AMD or PMD), added to the partial product."""
    depth = s.pmd if s.lfo_bit_counter & 8 else s.amd
    position = s.lfo_bit_counter & 7
    s.lfo_out2_old = s.lfo_out2
    weight = (1 << 6) >> position  # 0 at position 7
    product = 1 if depth & s.lfo_out1 & weight else 0
    partial = 0 if position == 0 else s.lfo_out2 & 1
    carry = 0 if (s.cycles & 15) == 15 else s.lfo_mult_carry
    total = product + partial + carry
    s.lfo_out2 = (s.lfo_out2 >> 1) | ((total & 1) << 15)
    s.lfo_mult_carry = total >> 1


@block
def counters(s):
    """Counter 2 (reloaded by LFRQ's high nibble), its prescaler counter 1, and counter 3."""
    window = s.cycles & 15
    value = s.lfo_counter2 + (((s.lfo_counter1_of >> 1) & 1) | s.test[3])
    overflow_before = s.lfo_counter2_of
    s.lfo_counter2_of = value >> 15
    if s.ic:
        value = 0
    if s.lfo_counter2_load:
        value = 0x8000 - (0x8000 >> (s.lfrq >> 4))
    s.lfo_counter2 = value & 0x7FFF
    s.lfo_counter2_load = s.lfo_frq_update | overflow_before
    s.lfo_frq_update = 0

    count = s.lfo_counter1 + (1 if window == 12 else 0)
    s.lfo_counter1_of = ((s.lfo_counter1_of << 1) | (count >> 4)) & 0xFF
    s.lfo_counter1 = 0 if s.ic else count & 15

    if window == 5:
        s.lfo_counter2_of_lock2 = s.lfo_counter2_of_lock
    s.lfo_counter3 = 0 if s.ic else (s.lfo_counter3 + s.lfo_counter3_clock) & 0xFFFF
    s.lfo_counter3_clock = s.lfo_counter2_of_lock2 if window == 13 else 0


@block
def waveform(s):
    """One bit of the waveform: the position steps by a serial add, its sign bits shape the wave value."""
    window, pm, wave = s.cycles & 15, (s.lfo_bit_counter >> 3) & 1, s.w
    if window == 15 and (s.lfo_bit_counter & 7) == 0:
        s.lfo_trig_sign = (s.lfo_val >> 7) & 1
        s.lfo_saw_sign = (s.lfo_val >> 8) & 1
    step = s.lfo_clock if wave != NOISE and window == 15 else 0
    step_twice = step if wave == TRIANGLE else 0
    held = s.ic or s.test[1] or (s.lfo_clock_lock and wave == NOISE)
    back = 0 if held else (s.lfo_val >> 15) & 1

    if wave == SQUARE:
        bit = (1 if window == 6 else 0) if pm else s.lfo_saw_sign ^ 1
    else:
        bit = (s.lfo_saw_sign if pm else (s.lfo_trig_sign ^ 1 if wave == TRIANGLE else 1)) ^ back
    s.lfo_out1 = (s.lfo_out1 << 1) | (bit if ((s.cycles + 1) & 15) < 8 else 0)

    carry = step if window == 15 or wave == NOISE else s.lfo_val_carry
    total = carry + step_twice + back
    noise = s.noise_lfsr & 1 if wave == NOISE and s.lfo_clock_lock else 0
    s.lfo_val_carry = total >> 1
    s.lfo_val = (s.lfo_val << 1) | (total & 1) | noise


@block
def lock(s):
    """At clock 15 of a window whose multiplication is done, AM or PM takes the product."""
    window = s.cycles & 15
    if window == 15 and (s.lfo_bit_counter & 7) == 7:
        product = (s.lfo_out2_old >> 8) & 0xFF
        if s.lfo_bit_counter & 8:
            sign = s.lfo_trig_sign if s.w == TRIANGLE else s.lfo_saw_sign
            s.lfo_pm = product ^ (sign << 7)
        else:
            s.lfo_am = product
    if window == 14:
        s.lfo_bit_counter = (s.lfo_bit_counter + 1) & 0xFF
    if window != 12 and s.lfo_counter1_two:
        s.lfo_bit_counter = 0
    s.lfo_counter1_two = 1 if s.lfo_counter1 == 2 else 0


@block
def extra_step(count, lfrq):
    """Whether counter 3 lets an extra step through: LFRQ's low nibble, bit 3 every other time, bit 0 once in 16."""
    lowest_zero = ~count & (count + 1) & 15
    reversed_bit = ((lowest_zero & 1) << 3) | ((lowest_zero & 2) << 1) | ((lowest_zero & 4) >> 1) | (lowest_zero >> 3)
    return 1 if lfrq & reversed_bit else 0


@block
def clock_out(s):
    """The LFO's clock from its counters. Counter 3 spreads LFRQ's low nibble over 16 steps; test bit 2 forces it."""
    s.lfo_clock_test = s.lfo_clock
    s.lfo_clock = s.lfo_counter2_of | s.lfo_test | s.lfo_counter3_step
    if (s.cycles & 15) == 14:
        s.lfo_counter2_of_lock = s.lfo_counter2_of
        s.lfo_clock_lock = s.lfo_clock
    s.lfo_counter3_step = extra_step(s.lfo_counter3, s.lfrq) if s.lfo_counter3_clock else 0
    s.lfo_test = s.test[2]
