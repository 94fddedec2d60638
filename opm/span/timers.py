"""Timers over a span: ``frame.timers.count`` takes all its frames at once, so that only CSM's strike ends a span."""

from .._jit import block
from ..tables import TIMER_A_END


@block
def until_csm(state, n):
    """Return how many frames of n there are before CSM keys all slots on."""
    return min(n, TIMER_A_END - state.timer_a) if state.csm and state.load_a else n
