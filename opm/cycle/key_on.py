"""Key-on: from register 08 to the latch of its channel's four slots, and on to the envelope; CSM beside it.

Register 08 is recognised when its channel passes at clock 24 + channel; a slot's key reaches the envelope two clocks
before the slot's own. Source: die (Nuked-OPM).
"""

from .._jit import block
from ..state import C1, C2, M1, M2


@block
def match(s):
    """The written channel is recognised when the clock after the next reads 24 + channel."""
    s.kon_match = 1 if s.kon_channel + 24 == ((s.cycles + 1) & 31) else 0


@block
def latch(s):
    """Load the four slots of the recognised channel, at clock 24 + channel.

    Which slots those are the cycle counter says, not register 08: a release of IC may have restarted it since.
    """
    if s.kon_match:
        first = s.cycles + 8
        s.kon_latch[(first + M1) & 31] = s.kon_operator[0]
        s.kon_latch[(first + C1) & 31] = s.kon_operator[1]
        s.kon_latch[(first + M2) & 31] = s.kon_operator[2]
        s.kon_latch[(first + C2) & 31] = s.kon_operator[3]


@block
def key(s):
    """Clock slot - 2: the key state of a slot; CSM counts as a key."""
    slot = (s.cycles + 2) & 31
    s.kon_old[slot] = s.kon[slot]
    s.kon[slot] = s.kon_latch[slot] | s.kon_csm


@block
def csm(s):
    """CSM: an overflow of timer A seen at clock 1 keys all slots on for the 32 clocks from clock 2."""
    s.kon_csm = s.kon_csm_lock
    if s.cycles == 1:
        s.kon_csm_lock = s.timer_a_reload & s.csm
