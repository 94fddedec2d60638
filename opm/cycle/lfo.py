"""Low frequency oscillator: three counters, a serial waveform generator, a serial depth multiplier.

Source: die (Nuked-OPM). Everything is serial in windows of 16 clocks: the waveform position goes round as
a 16-bit word, the multiplier takes 7 bits of depth, AM and PM in turn (bit 3 of the bit counter).
The twins ``frame.lfo`` and ``span.lfo`` multiply in larger pieces.

The signs stand still while their product is made. Nuked-OPM before August 2026 took them in every window, so that PM
by saw, square or noise had up to four frames of a wrong sign at each turn of the wave; two other readings of silicon
(YM2414-LLE, IKAOPM) agree with the rule of now.
"""

from .._jit import block

SAW, SQUARE, TRIANGLE, NOISE = 0, 1, 2, 3
COUNTER2_END = 0x7FFF
"""The last count of counter 2: the next overflows."""


@block
def multiply(state):
    """One bit of wave value times depth (AMD or PMD), added to the partial product."""
    depth = state.pmd if state.lfo_bit_counter & 8 else state.amd
    position = state.lfo_bit_counter & 7
    state.lfo_out2_old = state.lfo_out2
    weight = (1 << 6) >> position  # 0 at position 7: a depth has seven bits, the eighth window only moves the sum on
    product = 1 if depth & state.lfo_out1 & weight else 0
    partial = 0 if position == 0 else state.lfo_out2 & 1
    # A window begins at clock 15: the carry out of the sum before must not get into this one.
    carry = 0 if (state.cycles & 15) == 15 else state.lfo_mult_carry
    total = product + partial + carry
    state.lfo_out2 = (state.lfo_out2 >> 1) | ((total & 1) << 15)
    state.lfo_mult_carry = total >> 1


@block
def counters(state):
    """Counter 2 (reloaded by LFRQ's high nibble), its prescaler counter 1, and counter 3."""
    # Counter 1 steps once a window and carries once in 16; test bit 3 lets counter 2 step at every clock.
    window = state.cycles & 15
    value = state.lfo_counter2 + (((state.lfo_counter1_of >> 1) & 1) | state.test[3])
    overflow_before = state.lfo_counter2_of
    state.lfo_counter2_of = value >> 15
    if state.ic:
        value = 0
    if state.lfo_counter2_load:
        value = reload(state.lfrq)
    state.lfo_counter2 = value & COUNTER2_END
    state.lfo_counter2_load = state.lfo_frq_update | overflow_before
    state.lfo_frq_update = 0

    count = state.lfo_counter1 + (1 if window == 12 else 0)
    state.lfo_counter1_of = ((state.lfo_counter1_of << 1) | (count >> 4)) & 0xFF
    state.lfo_counter1 = 0 if state.ic else count & 15

    if window == 5:
        state.lfo_counter2_of_lock2 = state.lfo_counter2_of_lock
    state.lfo_counter3 = 0 if state.ic else (state.lfo_counter3 + state.lfo_counter3_clock) & 0xFFFF
    state.lfo_counter3_clock = state.lfo_counter2_of_lock2 if window == 13 else 0


@block
def reload(lfrq):
    """Where counter 2 starts: LFRQ's high nibble n lets it count 2 ** (15 - n) to its overflow; bit 15 is that."""
    return 0x8000 - (0x8000 >> (lfrq >> 4))


@block
def windows_done(state):
    """Windows over of a round of 16, AM's 8 and PM's 8; at the start of a frame an even number.

    The bit counter starts again two windows after counter 1 has, so it needs no register of its own to be known.
    """
    return (state.lfo_counter1 - 2) & 15


@block
def inverted(state, pm):
    """Whether the wave's bits are inverted, by the signs taken when the product began."""
    if pm:
        return state.lfo_saw_sign
    return state.lfo_trig_sign ^ 1 if state.w == TRIANGLE else 1


@block
def take_product(state, pm, product):
    """AM or PM takes a product, 8 bits; PM with a sign, which a triangle has from the wave's other half."""
    if pm:
        sign = state.lfo_trig_sign if state.w == TRIANGLE else state.lfo_saw_sign
        state.lfo_pm = product ^ (sign << 7)
    else:
        state.lfo_am = product


@block
def waveform(state):
    """One bit of the waveform: the position steps by a serial add, its sign bits shape the wave value."""
    window, pm, wave = state.cycles & 15, (state.lfo_bit_counter >> 3) & 1, state.w
    if window == 15 and (state.lfo_bit_counter & 7) == 0:
        state.lfo_trig_sign = (state.lfo_val >> 7) & 1
        state.lfo_saw_sign = (state.lfo_val >> 8) & 1
    step = state.lfo_clock if wave != NOISE and window == 15 else 0
    step_twice = step if wave == TRIANGLE else 0
    # Test bit 1 holds the position at 0: the VGMs of two trackers set it at their start and never clear it.
    held = state.ic or state.test[1] or (state.lfo_clock_lock and wave == NOISE)
    back = 0 if held else (state.lfo_val >> 15) & 1

    if wave == SQUARE:
        bit = (1 if window == 6 else 0) if pm else state.lfo_saw_sign ^ 1
    else:
        bit = inverted(state, pm) ^ back
    state.lfo_out1 = (state.lfo_out1 << 1) | (bit if ((state.cycles + 1) & 15) < 8 else 0)

    carry = step if window == 15 or wave == NOISE else state.lfo_val_carry
    total = carry + step_twice + back
    noise = state.noise_lfsr & 1 if wave == NOISE and state.lfo_clock_lock else 0
    state.lfo_val_carry = total >> 1
    state.lfo_val = (state.lfo_val << 1) | (total & 1) | noise


@block
def lock(state):
    """At clock 15 of a window whose multiplication is done, AM or PM takes the product."""
    window = state.cycles & 15
    if window == 15 and (state.lfo_bit_counter & 7) == 7:
        take_product(state, state.lfo_bit_counter & 8, (state.lfo_out2_old >> 8) & 0xFF)
    if window == 14:
        state.lfo_bit_counter = (state.lfo_bit_counter + 1) & 0xFF
    if window != 12 and state.lfo_counter1_two:
        state.lfo_bit_counter = 0
    state.lfo_counter1_two = 1 if state.lfo_counter1 == 2 else 0


@block
def extra_step(count, lfrq):
    """Whether counter 3 lets an extra step through: LFRQ's low nibble, bit 3 every other time, bit 0 once in 16."""
    lowest_zero = ~count & (count + 1) & 15
    reversed_bit = ((lowest_zero & 1) << 3) | ((lowest_zero & 2) << 1) | ((lowest_zero & 4) >> 1) | (lowest_zero >> 3)
    return 1 if lfrq & reversed_bit else 0


@block
def clock_out(state):
    """The LFO's clock from its counters. Counter 3 spreads LFRQ's low nibble over 16 steps; test bit 2 forces it."""
    state.lfo_clock_test = state.lfo_clock
    state.lfo_clock = state.lfo_counter2_of | state.lfo_test | state.lfo_counter3_step
    if (state.cycles & 15) == 14:
        state.lfo_counter2_of_lock = state.lfo_counter2_of
        state.lfo_clock_lock = state.lfo_clock
    state.lfo_counter3_step = extra_step(state.lfo_counter3, state.lfrq) if state.lfo_counter3_clock else 0
    state.lfo_test = state.test[2]
