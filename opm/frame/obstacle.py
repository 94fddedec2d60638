"""Why a frame must run as single clocks: a predicate per block, asked in order; the first that holds is the answer."""

from .._jit import block
from . import bus, dac, envelope, key_on, lfo, mixer, operators, phase, timers

(
    CLEAR, RESET, OUT_OF_STEP, TEST, CSM_TURNS, ON_THE_BUS, WRITE_WAITS, TIMER_MOVES, LFO_OUT_OF_STEP,
    REGISTERS_RIPPLE, OUTPUT_OUT_OF_STEP, BEYOND_RANGE, BUSY_OUT_OF_STEP, EDITED, EVENTS_COME,
) = range(15)  # fmt: skip
OBSTACLES = {
    CLEAR: "",
    RESET: "IC is asserted, or was a clock ago",
    OUT_OF_STEP: "the cycle counter is not at the start of a frame",
    TEST: "a test bit is set that changes what the chip does from clock to clock",
    CSM_TURNS: "CSM begins or ends to be a key",
    ON_THE_BUS: "a write is on the bus",
    WRITE_WAITS: "a register write waits for its channel or slot",
    TIMER_MOVES: "a timer starts, stops or overflows",
    LFO_OUT_OF_STEP: "the LFO's counters are not in step since a reset",
    REGISTERS_RIPPLE: "the pipeline holds what the registers held before a change",
    OUTPUT_OUT_OF_STEP: "the mixer is not in step since a reset",
    BEYOND_RANGE: "an envelope is beyond its range since a reset",
    BUSY_OUT_OF_STEP: "the state was written to: BUSY is not set, but its count is not 0",
    EDITED: "the state was written to in the last three frames",
    EVENTS_COME: "bus events come within the frame",
}


@block
def obstacle(state, words):
    """Return what keeps the frame engine from the next frame; CLEAR = nothing."""
    found = CLEAR
    if state.ic or state.ic_old:
        found = RESET
    elif state.cycles:
        found = OUT_OF_STEP
    elif bus.tested(state):
        found = TEST
    elif key_on.csm_turns(state):
        found = CSM_TURNS
    elif bus.occupied(state):
        found = ON_THE_BUS
    elif bus.waits(state, words):
        found = WRITE_WAITS
    elif timers.move(state):
        found = TIMER_MOVES
    elif lfo.out_of_step(state):
        found = LFO_OUT_OF_STEP
    elif registers_ripple(state):
        found = REGISTERS_RIPPLE
    elif dac.out_of_step(state):
        found = OUTPUT_OUT_OF_STEP
    elif envelope.beyond_range(state):
        found = BEYOND_RANGE
    elif bus.busy_out_of_step(state):
        found = BUSY_OUT_OF_STEP
    return found


@block
def registers_ripple(state):
    """Whether copies of registers on their way through the pipeline differ from what they copy."""
    moving = operators.ripples(state) or mixer.ripples(state) or key_on.ripples(state) or state.eg_timer_carry
    return moving or (state.opp and phase.ripples(state))
