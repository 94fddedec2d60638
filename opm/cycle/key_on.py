"""Key-on: from register 08 to the latch of its channel's four slots, and on to the envelope; CSM beside it.

Register 08 is recognised when its channel passes at clock 24 + channel; a slot's key reaches the envelope two clocks
before the slot's own. Source: die (Nuked-OPM).
"""

from .._jit import block
from ..state import C1, C2, M1, M2


@block
def match(state):
    """The written channel is recognised when the clock after the next reads 24 + channel."""
    state.kon_match = 1 if state.kon_channel + 24 == ((state.cycles + 1) & 31) else 0


@block
def latch(state):
    """Load the four slots of the recognised channel, at clock 24 + channel.

    Which slots those are the cycle counter says, not register 08: a release of IC may have restarted it since.
    """
    if state.kon_match:
        first = state.cycles + 8
        state.kon_latch[(first + M1) & 31] = state.kon_operator[0]
        state.kon_latch[(first + C1) & 31] = state.kon_operator[1]
        state.kon_latch[(first + M2) & 31] = state.kon_operator[2]
        state.kon_latch[(first + C2) & 31] = state.kon_operator[3]


@block
def key(state):
    """Clock slot - 2: the key state of a slot; CSM counts as a key."""
    slot = (state.cycles + 2) & 31
    state.kon_old[slot] = state.kon[slot]
    state.kon[slot] = state.kon_latch[slot] | state.kon_csm


@block
def csm(state):
    """CSM: an overflow of timer A seen at clock 1 keys all slots on for the 32 clocks from clock 2."""
    state.kon_csm = state.kon_csm_lock
    if state.cycles == 1:
        state.kon_csm_lock = state.timer_a_reload & state.csm
