"""Pitch and phase over a span: PM changes the increments, between its changes a phase is a ramp."""

import numpy as np

from .._jit import block, plain
from ..cycle.phase import HIGHEST, modulated_code, slot_increment
from ..state import M2
from ..tables import FNUM, PM
from .frame import LATE_PITCH, i32, pick
from .rows import NONE, WIDE

u32, u64 = np.uint32, np.uint64


def detune(dt1, kcode):
    """Return what ``slot_increment`` adds for DT1."""
    return plain(slot_increment)(1024, kcode, dt1, 1) - plain(slot_increment)(1024, kcode, 0, 1)


OCTAVE = np.array([1 << (kcode >> 2) for kcode in range(32)], np.int32)
DETUNED = np.array([detune(dt1, kcode) for dt1 in range(8) for kcode in range(32)], np.int32)
"""What DT1 adds to the F-number of an octave, by DT1 and key code."""


@block
def increments(s, f, w, changes):
    """Codes and increments of all slots for each PM: as ``frame.use_codes``, but without branches."""
    for slot in range(32):
        w.inc[0, slot] = f.inc[slot]
    if changes == 0:
        return
    for slot in range(32):
        dt2 = s.sl_dt2[slot]
        w.more[slot] = i32(52 if dt2 == 2 else 32 if dt2 == 3 else 0)
        w.middle[slot] = i32(1 if dt2 == 2 else 0)
        w.notes[slot] = i32((1 if dt2 == 2 else 0) + (4 if dt2 == 3 else 0) + (8 if dt2 else 0))
        w.twice[slot] = i32(s.sl_mul[slot] * 2 if s.sl_mul[slot] else 1)
        w.dt1[slot] = i32(s.sl_dt1[slot] * 32)
    for k in range(1, changes + 1):
        pm = w.pm[k]
        for c in range(8):
            pms = s.ch_pms[c]
            code = modulated_code((s.ch_kc[c] << 6) + s.ch_kf[c], PM[pms, pm & 127], pm & 0x80 and pms)
            for op in range(4):
                w.code[8 * op + c] = code
        for slot in range(32):
            code, middle = w.code[slot], w.middle[slot]
            fraction = i32(i32(code & i32(63)) + w.more[slot])
            note0, note1, carry = i32(i32(code >> 6) & i32(1)), i32(i32(code >> 7) & i32(1)), i32(fraction >> 6)
            skip = i32(carry & i32(i32(middle & note0) | note1))
            extra = i32(i32(carry & i32(skip ^ i32(1))) | i32(i32(note1 & i32(carry ^ i32(1))) & middle))
            high = i32(i32(i32(code >> 6) + extra) + i32(w.notes[slot] + i32(skip << 1)))
            code = pick(i32(high & i32(128)) != 0, i32(HIGHEST), i32(i32(high << 6) + i32(fraction & i32(63))))
            fnum, kcode = FNUM[u32(code & i32(1023))], i32(code >> 8)
            base = i32(i32(fnum * OCTAVE[u32(kcode)]) >> 2)
            base = i32(i32(base + DETUNED[u32(w.dt1[slot] + kcode)]) & i32(0x1FFFF))
            w.inc[k, slot] = i32(i32(i32(base * w.twice[slot]) >> 1) & i32(0xFFFFF))
            w.fnum[k, slot], w.kcode[k, slot] = fnum, kcode


@block
def phases(f, w, changes, n):
    """Phases of all slots; those before LATE_PITCH take a change of pitch a frame late."""
    for slot in range(32):
        turns = 1 if slot < M2 else 0
        for k in range(1, changes + 1):
            turns |= w.inc[k, slot] ^ w.inc[0, slot]
        own_row = turns and not w.silent[slot]
        if own_row:
            w.start[slot], w.step[slot], w.turn[slot] = 0, 0, slot
        else:
            w.start[slot], w.step[slot], w.turn[slot] = f.phase[slot], w.inc[0, slot], NONE
        f.phase[slot] = ramps(w, slot, f.phase[slot], changes, n, own_row)
        f.inc[slot] = w.inc[changes, slot]
        if changes:
            f.fnum[slot] = w.fnum[changes, slot]


@block
def ramps(w, slot, phase, changes, n, own_row):
    """The phase after the span; a row is a ramp for each increment, of whole WIDEs: what comes next covers the rest."""
    first, late = 0, 1 if slot < LATE_PITCH else 0
    for k in range(changes + 1):
        end, inc = min(w.change[k + 1] + late, n) if k < changes else n, w.inc[k, slot]
        if own_row:
            ramp = phase
            for t in range((end - first + WIDE - 1) // WIDE * WIDE):
                w.phase[slot, u64(first) + u64(t)] = i32(i32(ramp >> 10) & i32(1023))
                ramp = i32(ramp + inc)
        phase = i32((phase + (end - first) * inc) & 0xFFFFF)
        first = end
    return phase
