"""Phase generator: F-numbers and key codes as their stages see them, increments, phases.

A slot's F-number is computed seven clocks before its phase, so that slots 0 to 6 take theirs in the frame before, and
slots 23 to 31 after clock 15, when the LFO may have locked another PM.
"""

from .._jit import block, outline
from ..bits import i32, pick
from ..cycle.phase import channel_code, increment_of, slot_code
from ..state import C2
from ..tables import FNUM, PHASE_MASK
from .record import EARLY_PITCH, ENTERED


@block
def ripples(state):
    """YM2164: whether copies of PMS and DT2 on their way differ from the registers."""
    moving = state.opp_pms != state.ch_pms[7]
    # The YM2151 reads both registers in place; on the YM2164 PMS is one clock behind and DT2 25.
    for slot in range(32):
        moving = moving or state.opp_dt2[slot] != state.sl_dt2[slot]
    return moving


@block
def get(state, frame):
    """Phases after the last step, codes for the next; slots 24 to 31 have not stepped, slots 0 to 6 have new codes."""
    for slot in range(32):
        frame.phase[slot] = state.pg_phase[slot]
        if slot >= C2:
            frame.phase[slot] = 0 if frame.edge[slot] else (state.pg_phase[slot] + state.pg_inc[slot]) & PHASE_MASK
        frame.fnum[slot] = state.pg_fnum[slot]
        frame.kcode[slot] = state.pg_kcode[slot]
    # A PM locked at clock 15 of the last frame has not reached slots 7-22: the first frame computes all codes anew.
    frame.pitch_written, frame.pitch_changed, frame.codes_stale = 0, 0, ENTERED


@block
def put(state, frame):
    """Slots whose stage comes late in the frame, or in the next, still hold the frame before."""
    for slot in range(32):
        state.pg_fnum[slot], state.pg_kcode[slot] = frame.fnum[slot], frame.kcode[slot]
        state.pg_phase[slot] = frame.phase[slot]
        state.pg_inc[slot] = pick(frame.edge[slot] != 0, i32(0), frame.inc[slot])
        state.pg_reset_latch[slot] = frame.edge[slot]
    # By themselves, not by choices among all: so the slots before go abreast.
    for slot in range(C2, 32):
        state.pg_phase[slot] = frame.phase_kept[slot & 7]
    for slot in range(25, 32):
        state.pg_inc[slot] = frame.inc[slot]
    for slot in range(27, 32):
        state.pg_reset_latch[slot] = frame.edge_before[slot]
    state.pg_serial = 0


@block
def put_early_codes(state, frame):
    """Clocks 25-31 have seen the write if it was one of DT2."""
    fresh_codes(state, frame, state.lfo_pm)
    for slot in range(EARLY_PITCH):
        state.pg_fnum[slot], state.pg_kcode[slot] = frame.new_fnum[slot], frame.new_kcode[slot]


@block
def fresh_codes(state, frame, pm):
    """F-number and key code of all slots with the registers now in force and a PM."""
    for channel in range(8):
        code = channel_code(state, channel, state.ch_pms[channel], pm if state.pmd else 0)
        for slot in range(channel, 32, 8):
            detuned = slot_code(code, state.sl_dt2[slot])
            frame.new_fnum[slot] = FNUM[detuned & 1023]
            frame.new_kcode[slot] = detuned >> 8


@block
def take_codes(frame, first, end):
    """Let some slots have the fresh codes."""
    for slot in range(first, end):
        frame.fnum[slot] = frame.new_fnum[slot]
        frame.kcode[slot] = frame.new_kcode[slot]


@outline
def increments(state, frame, first, end):
    """Increments of some slots from their codes."""
    for slot in range(first, end):
        frame.inc[slot] = increment_of(state, slot, frame.fnum[slot], frame.kcode[slot])


@block
def step(frame):
    """Step all phases; a key-on edge restarts them instead."""
    # C2's phases step in the next frame's first clocks: the state holds them as they were.
    for channel in range(8):
        frame.phase_kept[channel] = frame.phase[C2 + channel]
    if frame.keys_moving:
        for slot in range(32):
            frame.phase[slot] = 0 if frame.edge[slot] else (frame.phase[slot] + frame.inc[slot]) & PHASE_MASK
    else:
        for slot in range(32):
            frame.phase[slot] = i32(i32(frame.phase[slot] + frame.inc[slot]) & i32(PHASE_MASK))
