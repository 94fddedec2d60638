"""Between the chip's state at a frame's first clock and the working record: the order of handing over, on one page.

Entering drains the pipeline: the single-clock stages themselves finish what is in flight. Leaving fills it again: what
each register holds after clock 31 follows from the last frame (t) and the one before (t - 1). Which slot a register
holds stands in each block's ``put``.
"""

from .._jit import block
from ..cycle import clock as clock_page
from ..cycle import lfo as lfo_stages
from ..cycle import noise as noise_stages
from . import bus, dac, envelope, key_on, lfo, mixer, noise, operators, phase, timers
from .record import LANDED


@block
def enter(state, frame):
    """Take an eligible state apart, all but the mixer. The state's moving fields are spoilt until ``leave``."""
    operators.get(state, frame)
    key_on.get(state, frame)
    for clock in range(15):
        state.cycles = clock
        if clock == 2:
            noise.get_register(state, frame)
        if clock < 13:
            operators.drain(state, frame, clock)
            envelope.drain(state, frame, clock)
        low_frequency_clock(state)
    state.cycles = 0
    lfo.get(state, frame)
    noise.get(state, frame)
    phase.get(state, frame)
    envelope.get(state, frame)
    frame.landing, frame.resounding = 0, 1


@block
def leave(state, words, frame):
    """Put the state together as 32 single clocks per frame would have left it, all but the mixer."""
    key_on.put(state, frame)
    phase.put(state, frame)
    envelope.put(state, frame)
    operators.put(state, frame)
    lfo.put(state, frame)
    noise.put(state, frame)
    state.cycles = 31
    low_frequency_clock(state)
    state.cycles = 0
    bus.put(state, frame)
    timers.put(state)
    if frame.landing == LANDED:
        bus.store_landed(state, words, frame)
        phase.put_early_codes(state, frame)


@block
def enter_mixer(state, sums, frame):
    """Take a mixer's sums apart: the chip's, or those of the state without muted channels."""
    mixer.get(state, sums, frame)
    dac.get(state, sums)


@block
def leave_mixer(state, sums, frame):
    """Put them together, and what of them is on its way to the DAC."""
    mixer.put(state, sums, frame)
    dac.put(state, sums)


@block
def low_frequency_clock(state):
    """One whole clock of the LFO and the noise register; the registers do not change between its halves."""
    clock_page.low_frequency_clock(state)
    noise_stages.timer(state)
    lfo_stages.clock_out(state)
