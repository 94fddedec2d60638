"""Timers over a span: ``frame.timers.count`` takes all its frames at once, so that only CSM's strike ends a span.

A write that they alone hear does not, either: sound drivers write register 14 at each interrupt, thousands a second.
"""

from .._jit import block
from ..frame import bus
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
