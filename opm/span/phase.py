"""Pitch and phase over a span: PM changes the increments, between its changes a phase is a ramp."""

import numpy as np

from .._jit import block
from ..bits import i32
from ..cycle.phase import channel_code, detuned_code, slot_increment
from ..frame.record import LATE_PITCH
from ..state import M2
from ..tables import DETUNED, DT2_FRACTION, DT2_NOTES, FNUM, MULTIPLE, PHASE_MASK
from .record import WIDE, ZEROS

u32, u64 = np.uint32, np.uint64


@block
def increments(state, frame, write, changes):
    """Codes and increments of all slots for each PM; what a slot's registers give them is looked up once."""
    for slot in range(32):
        write.inc[0, slot] = frame.inc[slot]
    if changes == 0:
        return
    for slot in range(32):
        dt2 = state.sl_dt2[slot]
        write.dt2_fraction[slot], write.dt2_notes[slot] = DT2_FRACTION[dt2], DT2_NOTES[dt2]
        write.dt2_middle[slot] = i32(1 if dt2 == 2 else 0)
        write.multiple[slot] = MULTIPLE[state.sl_mul[slot]]
        write.dt1_row[slot] = i32(state.sl_dt1[slot] * 32)
    for k in range(1, changes + 1):
        for c in range(8):
            code = channel_code(state, c, state.ch_pms[c], write.pm[k])
            for op in range(4):
                write.code[8 * op + c] = code
        for slot in range(32):
            code = detuned_code(
                write.code[slot], write.dt2_fraction[slot], write.dt2_notes[slot], write.dt2_middle[slot]
            )
            fnum, kcode = FNUM[u32(code & i32(1023))], i32(code >> 8)
            detuned = DETUNED[u32(write.dt1_row[slot] + kcode)]
            write.inc[k, slot] = slot_increment(fnum, kcode, detuned, write.multiple[slot])
            write.fnum[k, slot], write.kcode[k, slot] = fnum, kcode


@block
def phases(frame, write, changes, n):
    """Phases of all slots; those before LATE_PITCH take a change of pitch a frame late."""
    for slot in range(32):
        # M1's feedback loop has no time to add up a ramp; others need a row only where PM changes their increment.
        turns = 1 if slot < M2 else 0
        for k in range(1, changes + 1):
            turns |= write.inc[k, slot] ^ write.inc[0, slot]
        own_row = turns and not write.inaudible[slot]
        if own_row:
            write.ramp_start[slot], write.ramp_step[slot], write.phase_row[slot] = 0, 0, slot
        else:
            write.ramp_start[slot], write.ramp_step[slot] = frame.phase[slot], write.inc[0, slot]
            write.phase_row[slot] = ZEROS
        frame.phase[slot] = ramps(write, slot, frame.phase[slot], changes, n, own_row)
        frame.inc[slot] = write.inc[changes, slot]
        if changes:
            frame.fnum[slot] = write.fnum[changes, slot]


@block
def ramps(write, slot, phase, changes, n, own_row):
    """The phase after the span; a row is a ramp for each increment, of whole WIDEs: what comes next covers the rest."""
    first, late = 0, 1 if slot < LATE_PITCH else 0
    for k in range(changes + 1):
        end, inc = min(write.change[k + 1] + late, n) if k < changes else n, write.inc[k, slot]
        if own_row:
            ramp = phase
            for t in range((end - first + WIDE - 1) // WIDE * WIDE):
                write.phase[slot, u64(first) + u64(t)] = i32(i32(ramp >> 10) & i32(1023))
                ramp = i32(ramp + inc)
        phase = i32((phase + (end - first) * inc) & PHASE_MASK)
        first = end
    return phase
