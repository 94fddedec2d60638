"""Low frequency oscillator, a window of 16 clocks at a time.

Three algorithms for one rule, for speed: ``cycle.lfo`` a bit a clock, as the die does it; here a partial product a
window; ``span.lfo`` a whole product where nothing else happens. What they share (the reload, the signs' use, the
lock) stands in ``cycle.lfo``.
"""

from .._jit import block, outline
from ..bits import reversed_bits, wrapped
from ..cycle.lfo import COUNTER2_END, NOISE, SQUARE, TRIANGLE, extra_step, inverted, reload, take_product, windows_done


@block
def out_of_step(state):
    """Whether the counters are as only a reset or a write to LFRQ leaves them: not in step with the frames."""
    return state.lfo_counter1 & 1 or state.lfo_bit_counter != windows_done(state) or state.lfo_frq_update


@block
def get(state, frame):
    """As it is after clock 14, between two windows; the position's bits go round last first."""
    frame.lfo_n = reversed_bits(state.lfo_val, 16)
    frame.lfo_v = reversed_bits(state.lfo_out1 >> 8, 8)
    frame.lfo_sum = state.lfo_out2
    frame.lfo_step = state.lfo_clock
    frame.lfo_of = state.lfo_counter2_of
    frame.lfo_of_before = state.lfo_counter2_of_lock2
    # Draining ran clocks 0-14, the rest of a window that began at clock 31: the first frame must not do it again.
    frame.lfo_fresh = 1


@block
def put(state, frame):
    """Put it as after clock 30, when a window ends; ``pipeline`` runs its clock 31."""
    state.lfo_val = wrapped(reversed_bits(frame.lfo_n_before, 16) << 16 | reversed_bits(frame.lfo_n, 16))
    state.lfo_out1 = wrapped(reversed_bits(frame.lfo_v_before, 8) << 24 | reversed_bits(frame.lfo_v, 8) << 8)
    state.lfo_out2 = frame.lfo_sum
    state.lfo_counter1_of = frame.lfo_carry << 2  # carried at clock 28, shifted at 29 and 30
    state.lfo_counter1_two = 1 if state.lfo_counter1 == 2 else 0
    state.lfo_bit_counter = windows_done(state)
    state.lfo_counter2_of = state.lfo_counter2_of_lock = frame.lfo_of
    state.lfo_counter2_of_lock2 = frame.lfo_of_before
    state.lfo_counter2_load = state.lfo_counter3_clock = state.lfo_counter3_step = 0
    state.lfo_clock = state.lfo_clock_lock = frame.lfo_step


@block
def value(state, frame, pm):
    """The wave's 8-bit value, before the depth. Test bit 1 holds the position at 0."""
    low = 0 if state.test[1] or (state.w == NOISE and frame.lfo_step) else frame.lfo_n & 0xFF
    if state.w == SQUARE:
        return 0x80 if pm else 0xFF * (state.lfo_saw_sign ^ 1)
    return low ^ (0xFF * inverted(state, pm))


@block
def take_signs(state, frame):
    """The signs of the product that begins, from the wave's position."""
    state.lfo_saw_sign, state.lfo_trig_sign = (frame.lfo_n >> 7) & 1, (frame.lfo_n >> 8) & 1


@outline
def window(state, frame, noise_low, noise_high):
    """16 clocks from clock 15 or 31 on: maybe a lock, then one partial product, a step, the counters.

    The noise wave takes its bits from the noise register: 3 of the old word, 13 of the new.
    """
    bit_counter = windows_done(state)
    pm, position = bit_counter >> 3, bit_counter & 7
    if position == 7:
        lock(state, frame, pm)
    if position == 0:
        take_signs(state, frame)
        frame.lfo_sum = 0
    frame.lfo_v_before = frame.lfo_v
    frame.lfo_v = value(state, frame, pm)
    if (state.pmd if pm else state.amd) & (64 >> position):
        frame.lfo_sum = (frame.lfo_sum + (frame.lfo_v << (7 - position))) & 0xFFFF
    if bit_counter == 15:
        drop_top_bit(frame)
    frame.lfo_n_before = frame.lfo_n
    if state.test[1]:
        frame.lfo_n = 0
    if state.w != NOISE:
        frame.lfo_n = (frame.lfo_n + frame.lfo_step * (2 if state.w == TRIANGLE else 1)) & 0xFFFF
    elif frame.lfo_step:
        frame.lfo_n = (noise_low & 7) | (noise_high & 0x1FFF) << 3
    counters(state, frame)


@block
def drop_top_bit(frame):
    """At the end of PM's product the counter restarts one clock early: the sum's top bit does not get in."""
    frame.lfo_sum &= 0x7FFF


@block
def lock(state, frame, pm):
    """AM or PM takes the product."""
    take_product(state, pm, frame.lfo_sum >> 8)


@block
def counters(state, frame):
    """Counters at the end of a window: counter 1 always, 2 at its carry, 3 a window after 2's."""
    if frame.lfo_of:
        state.lfo_counter2 = reload(state.lfrq) & COUNTER2_END
    state.lfo_counter1 = (state.lfo_counter1 + 1) & 15
    frame.lfo_carry = 1 if state.lfo_counter1 == 0 else 0
    step = 0
    if frame.lfo_of:
        step = extra_step(state.lfo_counter3, state.lfrq)
        state.lfo_counter3 = (state.lfo_counter3 + 1) & 0xFFFF
    count = state.lfo_counter2 + frame.lfo_carry
    frame.lfo_of_before = frame.lfo_of
    frame.lfo_of = count >> 15
    state.lfo_counter2 = count & COUNTER2_END
    frame.lfo_step = step | frame.lfo_of
