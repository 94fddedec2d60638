"""The single-clock engine: every block's stages in pipeline order, on one page. The reference inside the project.

The stages run from the last to the first, so that each reads what the one before left a clock ago.
"""

from .._jit import block
from . import bus, dac, envelope, key_on, lfo, mixer, noise, operators, phase, timers


@block
def clock(s, words):
    """Advance the chip by one clock: two cycles of phiM, 1/32 of a frame.

    s : the state record; words : the same memory as a flat int32 array, for the register decode.
    """
    output_clock(s)
    operator_clock(s)
    envelope_clock(s)
    phase.test_output(s)
    phase.step(s)
    phase.increment(s)
    phase.fnum_block(s)
    control_clock(s, words)
    s.cycles = (s.cycles + 1) & 31


@block
def output_clock(s):
    """Pins, DAC and mixer: all read what the operators left a clock ago."""
    dac.pins(s)
    dac.convert(s)
    dac.shifter(s)
    mixer.accumulate(s)
    mixer.tap(s)
    mixer.tap_sides(s)


@block
def muted_output_clock(s, m, mute):
    """The same for a second mixer m, which leaves the channels out whose bit in mute is set."""
    mixer.audible(s, m, mute)
    dac.pins(m)
    dac.convert(m)
    dac.shifter(m)
    mixer.accumulate(m)


@block
def operator_clock(s):
    """Stages 16 to 1."""
    operators.modulation_delay(s)
    operators.modulation(s)
    operators.routing(s)
    operators.connection(s)
    operators.sign(s)
    operators.magnitude(s)
    operators.exponential(s)
    operators.attenuation(s)
    operators.logsin(s)
    operators.phase_sum(s)
    operators.phase_in(s)
    operators.counter(s)


@block
def envelope_clock(s):
    """Timer, then the stages 6 to 1, then the YM2164's ramp."""
    envelope.timer(s)
    envelope.output(s)
    envelope.level(s)
    envelope.control(s)
    envelope.shift(s)
    envelope.rate(s)
    key_on.key(s)
    if s.opp:
        envelope.opp_ramp(s)


@block
def control_clock(s, words):
    """Timers, LFO, noise and bus, the second half of each after the registers have changed."""
    timers.irq(s)
    timers.timer_a_count(s)
    timers.timer_b_count(s)
    lfo.multiply(s)
    lfo.counters(s)
    lfo.waveform(s)
    lfo.lock(s)
    noise.shift(s)
    key_on.latch(s)
    bus.register_write(s, words)
    envelope.clock(s)
    noise.timer(s)
    key_on.match(s)
    bus.strobes(s)
    timers.timer_a_control(s)
    timers.timer_b_control(s)
    lfo.clock_out(s)
    key_on.csm(s)
    noise.channel(s)
    bus.initial_clear(s)
