"""Timers over a span: ``frame.timers.count`` takes frames at once, from one write that only timers hear to the next.

Sound drivers write register 14 at each interrupt, up to 8 000 times a second. Only CSM's strike ends a span.
"""

from .._jit import block, outline
from ..events import CYCLES_PER_FRAME
from ..frame import bus, timers
from ..registers import CSM, TIMERS
from ..tables import TIMER_A_END


@block
def until_csm(state, n):
    """Return how many frames of n there are before CSM keys all slots on."""
    if not state.csm:
        return n
    if state.timer_a_load != state.load_a:
        return 0
    return min(n, TIMER_A_END - state.timer_a) if state.load_a else n


@block
def unheard(state, address, data):
    """Say whether a write concerns nothing in a span but the timers."""
    return bus.unheard(address) and not state.csm and not (address == TIMERS and data & CSM)


@outline
def count(state, words, frame, events, done, cycle, n):
    """Count for the frames of a span from a cycle on, and let the timers hear its writes; return the events done."""
    counted = 0
    while done < events.shape[0] and events[done]["cycle"] < cycle + CYCLES_PER_FRAME * n:
        t = (events[done]["cycle"] - cycle) // CYCLES_PER_FRAME + 1
        timers.count(state, t - counted)
        bus.latch(state, words, frame, events[done]["data"], events[done + 1]["data"])
        timers.written(state, words)
        frame.landing, frame.busy = 0, 1 if t == n else 0
        counted, done = t, done + 2
    timers.count(state, n - counted)
    return done
