"""Key-on: the latch that register 08 fills, edges, and CSM, a frame at a time."""

from .._jit import block
from ..state import C1, C2, M1, M2
from ..tables import TIMER_A_END
from .record import LATE_CSM, STRUCK, WAITING


@block
def csm_turns(state):
    """Whether CSM begins or ends to be a key in the next frame's first clocks."""
    return state.kon_csm != state.kon_csm_lock


@block
def ripples(state):
    """Whether a key is on its way from register 08 to slots 0 and 1, whose stage comes two clocks early."""
    moving = state.kon_match or state.kon[0] != state.kon_latch[0] | state.kon_csm
    return moving or state.kon[1] != state.kon_latch[1] | state.kon_csm


@block
def get(state, frame):
    """Key state and edges of the last frame; slots 0 and 1 have had the next frame's key stage already."""
    for slot in range(32):
        frame.kon[slot] = state.kon[slot] if slot >= 2 else state.kon_old[slot]
        frame.edge[slot] = state.pg_reset[slot]
    frame.keys_moving = WAITING


@block
def put(state, frame):
    """Keys of the last frame and of the one before; slots 0 and 1 have the next frame's."""
    for slot in range(32):
        state.kon[slot] = frame.kon[slot] if slot >= 2 else state.kon_latch[slot] | state.kon_csm
        state.kon_old[slot] = frame.kon_before[slot] if slot >= 2 else frame.kon[slot]


@block
def csm(state, frame):
    """CSM: an overflow of timer A at clock 1 is a key for slots 5-31 in this frame, for slots 0-4 in the next."""
    # State and lock are one at a frame's end: the pulse lasts from clock 2 to clock 1.
    frame.csm_before = state.kon_csm
    # A timer that begins strikes as one that overflows does: both reload.
    reloads = state.timer_a == TIMER_A_END if state.timer_a_load else state.load_a != 0
    state.kon_csm = state.kon_csm_lock = 1 if state.csm and reloads else 0
    if state.kon_csm | frame.csm_before:
        frame.keys_moving = WAITING


@block
def keys(state, frame):
    """Key state of the frame, from the latch and CSM."""
    changed = 0
    for slot in range(32):
        kon = state.kon_latch[slot] | (frame.csm_before if slot < LATE_CSM else state.kon_csm)
        frame.edge_before[slot] = frame.edge[slot]
        frame.edge[slot] = kon & (frame.kon[slot] ^ 1)
        changed |= kon ^ frame.kon[slot]
        frame.kon_before[slot] = frame.kon[slot]
        frame.kon[slot] = kon
    # Two quiet frames behind a change: slots 30 and 31 of the state hold edges of the frame before.
    frame.keys_moving = STRUCK if changed else frame.keys_moving - 1
    if state.kon_csm | frame.csm_before:
        frame.keys_moving = WAITING
    frame.envelope_moving = 1


@block
def forget(frame):
    """Leave no edge and no change of a key behind: nothing but the state put together has them still."""
    for slot in range(32):
        frame.edge[slot], frame.edge_before[slot], frame.kon_before[slot] = 0, 0, frame.kon[slot]
    frame.keys_moving = 0


@block
def latch(state, frame):
    """Clocks 24-31: the written key-on reaches its channel's latch, for the next frame."""
    for i, operator in enumerate((M1, C1, M2, C2)):
        slot = operator + state.kon_channel
        if state.kon_latch[slot] != state.kon_operator[i]:
            state.kon_latch[slot] = state.kon_operator[i]
            frame.keys_moving = WAITING
