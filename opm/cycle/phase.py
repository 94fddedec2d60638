"""Phase generator: key code, vibrato and detune to F-number, to increment, to phase. Source: die (Nuked-OPM)."""

import numpy as np

from .._jit import block
from ..bits import i32, pick
from ..tables import DETUNED, DT2_FRACTION, DT2_NOTES, FNUM, MULTIPLE, OCTAVE, PHASE_MASK, PM

u32 = np.uint32

HIGHEST = 8127
"""Key code 126, fraction 63: where the pitch adder saturates."""


@block
def modulated_code(code, offset, down):
    """Key code plus vibrato, 13 bits, stepping over the unused note codes; saturates at both ends.

    code, offset : 1/64 semitone, four note codes a quarter octave of which three are in use.
    """
    # A quarter octave is 256 steps, of which the last 64 are no note: whoever comes there goes on past them.
    if down:
        borrow = 1 if (code & 255) < (offset & 255) else 0
        value = code - offset - 64 * borrow
        return value if value >= 0 else 0
    value = code + offset
    carry = ((code & 255) + (offset & 255)) >> 8
    if value < 8192 and (carry or (value & 192) == 192):
        value += 64
    return value if value < 8192 else HIGHEST


@block
def channel_code(state, channel, pms, lfo):
    """Key code of a channel, 13 bits, with KF and the PM of now."""
    code = (state.ch_kc[channel] << 6) + state.ch_kf[channel]
    return modulated_code(code, PM[pms, lfo & 127], lfo & 0x80 and pms)


@block
def detuned_code(code, fraction, notes, middle):
    """Key code plus detune 2, 13 bits, again past the unused note codes: no branch, so that slots go abreast.

    fraction, notes : DT2_FRACTION and DT2_NOTES of DT2; middle : 1 if DT2 is 2, whose 52/64 carry over two notes.
    """
    fraction = i32(i32(code & i32(63)) + fraction)
    note0, note1, carry = i32(i32(code >> 6) & i32(1)), i32(i32(code >> 7) & i32(1)), i32(fraction >> 6)
    skip = i32(carry & i32(i32(middle & note0) | note1))
    extra = i32(i32(carry & i32(skip ^ i32(1))) | i32(i32(note1 & i32(carry ^ i32(1))) & middle))
    high = i32(i32(i32(code >> 6) + extra) + i32(notes + i32(skip << 1)))
    return pick(i32(high & i32(128)) != 0, i32(HIGHEST), i32(i32(high << 6) + i32(fraction & i32(63))))


@block
def slot_code(code, dt2):
    """Key code of a slot, 13 bits: its channel's plus what DT2 stands for."""
    return detuned_code(code, DT2_FRACTION[u32(dt2)], DT2_NOTES[u32(dt2)], 1 if dt2 == 2 else 0)


@block
def fnum_block(state):
    """Clock slot - 7: F-number and key code of a slot. The YM2164 takes PMS one and DT2 25 clocks late."""
    slot = (state.cycles + 7) & 31
    channel = slot & 7
    pms = state.opp_pms if state.opp else state.ch_pms[channel]
    dt2 = state.opp_dt2[slot] if state.opp else state.sl_dt2[slot]
    code = channel_code(state, channel, pms, state.lfo_pm if state.pmd else 0)
    code = slot_code(code, dt2)
    state.pg_fnum[slot] = FNUM[code & 1023]
    state.pg_kcode[slot] = code >> 8
    if state.opp:
        state.opp_pms = state.ch_pms[state.cycles & 7]
        state.opp_dt2[state.cycles] = state.sl_dt2[state.cycles]


@block
def slot_increment(fnum, kcode, detuned, multiple):
    """Phase increment per frame, 20 bits: F-number by octave, detuned by DT1, times MUL.

    detuned : DETUNED of DT1 and key code; multiple : MULTIPLE of MUL. DT1 wraps at 17 bits, which low notes reach.
    """
    base = i32(i32(fnum * OCTAVE[u32(kcode)]) >> 2)
    base = i32(i32(base + detuned) & i32(0x1FFFF))
    return i32(i32(i32(base * multiple) >> 1) & i32(PHASE_MASK))


@block
def increment_of(state, slot, fnum, kcode):
    """Phase increment of a slot: F-number and key code with its DT1 and MUL."""
    detuned = DETUNED[u32((state.sl_dt1[slot] << 5) + kcode)]
    return slot_increment(fnum, kcode, detuned, MULTIPLE[u32(state.sl_mul[slot])])


@block
def increment(state):
    """Clock slot: the increment of a slot, before a key-on edge may mask it."""
    slot = state.cycles
    state.pg_inc[slot] = increment_of(state, slot, state.pg_fnum[slot], state.pg_kcode[slot])


@block
def step(state):
    """Clock slot + 5 latches the key-on edge, + 7 masks the increment with it, + 8 steps the phase."""
    # Test bit 3 makes the increment the phase: each frame starts at 0.
    slot = (state.cycles - 5) & 31
    state.pg_reset_latch[slot] = state.pg_reset[slot]
    slot = (state.cycles - 7) & 31
    if state.pg_reset_latch[slot]:
        state.pg_inc[slot] = 0
    slot = (state.cycles - 8) & 31
    phase = 0 if state.pg_reset_latch[slot] or state.test[3] else state.pg_phase[slot]
    state.pg_phase[slot] = (phase + state.pg_inc[slot]) & PHASE_MASK


@block
def test_output(state):
    """Serial output of slot 29's phase, read through test bit 6."""
    state.pg_serial >>= 1
    if state.cycles == 5:
        state.pg_serial |= state.pg_phase[29] & 0x3FF
