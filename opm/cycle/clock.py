"""The cycle engine: every block's stages in pipeline order, on one page. The reference inside the project.

The stages run from the last to the first, so that each reads what the one before left a clock ago.
"""

from .._jit import block
from . import bus, dac, envelope, key_on, lfo, mixer, noise, operators, phase, timers


@block
def clock(state, words):
    """Advance the chip by one clock: two cycles of phiM, 1/32 of a frame.

    state : the chip's record; words : the same memory as a flat int32 array, for the register decode.
    """
    output_clock(state)
    operator_clock(state)
    envelope_clock(state)
    phase.test_output(state)
    phase.step(state)
    phase.increment(state)
    phase.fnum_block(state)
    control_clock(state, words)
    state.cycles = (state.cycles + 1) & 31


@block
def output_clock(state):
    """Pins, DAC and mixer: all read what the operators left a clock ago."""
    dac.pins(state)
    dac.convert(state)
    dac.shifter(state)
    mixer.accumulate(state)
    mixer.tap(state)
    mixer.tap_sides(state)


@block
def muted_output_clock(state, muted, mute):
    """The same for a second mixer, whose record is ``muted``: without the channels whose bit in ``mute`` is set."""
    mixer.audible(state, muted, mute)
    dac.pins(muted)
    dac.convert(muted)
    dac.shifter(muted)
    mixer.accumulate(muted)


@block
def operator_clock(state):
    """Stages 16 to 1."""
    operators.modulation_delay(state)
    operators.modulation(state)
    operators.routing(state)
    inner_operator_clock(state)
    operators.phase_in(state)
    operators.counter(state)


@block
def inner_operator_clock(state):
    """Stages 13 to 2, between which nothing comes in: the frame engine lets them finish what is in flight."""
    operators.connection(state)
    operators.sign(state)
    operators.magnitude(state)
    operators.exponential(state)
    operators.attenuation(state)
    operators.logsin(state)
    operators.phase_sum(state)


@block
def envelope_clock(state):
    """Timer, then the stages 6 to 1, then the YM2164's ramp."""
    envelope.timer(state)
    envelope.output(state)
    envelope.level(state)
    envelope.control(state)
    envelope.shift(state)
    envelope.rate(state)
    key_on.key(state)
    if state.opp:
        envelope.opp_ramp(state)


@block
def control_clock(state, words):
    """Timers, LFO, noise and bus, the second half of each after the registers have changed."""
    timers.irq(state)
    timers.timer_a_count(state)
    timers.timer_b_count(state)
    low_frequency_clock(state)
    key_on.latch(state)
    bus.register_write(state, words)
    envelope.clock(state)
    noise.timer(state)
    key_on.match(state)
    bus.strobes(state)
    timers.timer_a_control(state)
    timers.timer_b_control(state)
    lfo.clock_out(state)
    key_on.csm(state)
    noise.channel(state)
    bus.initial_clear(state)


@block
def low_frequency_clock(state):
    """What of the LFO and the noise comes before the registers change."""
    lfo.multiply(state)
    lfo.counters(state)
    lfo.waveform(state)
    lfo.lock(state)
    noise.shift(state)
