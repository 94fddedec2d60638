"""Phase generator: key code, vibrato and detune to F-number, to increment, to phase. Source: die (Nuked-OPM)."""

from .._jit import block
from ..tables import DETUNE, FNUM, PM

HIGHEST = 8127
"""Key code 126, fraction 63: where the pitch adder saturates."""


@block
def modulated_code(code, offset, down):
    """Key code plus vibrato, 13 bits, stepping over the unused note codes; saturates at both ends.

    code, offset : 1/64 semitone, four note codes a quarter octave of which three are in use.
    """
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
def detuned_code(code, dt2):
    """Key code plus detune 2: 0, 6 00/64, 7 52/64, 9 32/64 semitones, again past the unused note codes."""
    fraction = code & 63
    if dt2 == 2:
        fraction += 52
    elif dt2 == 3:
        fraction += 32
    carry, note0, note1, middle = fraction >> 6, (code >> 6) & 1, (code >> 7) & 1, 1 if dt2 == 2 else 0
    skip = carry & ((middle & note0) | note1)
    extra = (carry & (skip ^ 1)) | (note1 & (carry ^ 1) & middle)
    high = (code >> 6) + extra + middle + skip * 2 + (4 if dt2 == 3 else 0) + (8 if dt2 else 0)
    return HIGHEST if high & 128 else high * 64 + (fraction & 63)


@block
def fnum_block(s):
    """Clock slot - 7: F-number and key code of a slot. The YM2164 takes PMS one and DT2 25 clocks late."""
    slot = (s.cycles + 7) & 31
    channel = slot & 7
    pms = s.opp_pms if s.opp else s.ch_pms[channel]
    dt2 = s.opp_dt2[slot] if s.opp else s.sl_dt2[slot]
    lfo = s.lfo_pm if s.pmd else 0
    down = lfo & 0x80 and pms
    code = modulated_code((s.ch_kc[channel] << 6) + s.ch_kf[channel], PM[pms, lfo & 127], down)
    code = detuned_code(code, dt2)
    s.pg_fnum[slot] = FNUM[code & 1023]
    s.pg_kcode[slot] = code >> 8
    if s.opp:
        s.opp_pms = s.ch_pms[s.cycles & 7]
        s.opp_dt2[s.cycles] = s.sl_dt2[s.cycles]


@block
def slot_increment(fnum, kcode, dt1, mul):
    """Phase increment per frame, 20 bits: F-number by octave, detuned by DT1, times MUL (0 = one half)."""
    base = (fnum << (kcode >> 2)) >> 2
    size = dt1 & 3
    if size:
        code = min(kcode, 28)
        total = (code >> 2) + 9 + (3 if size == 3 else size & 2)
        detune = DETUNE[((total & 1) << 2) | (code & 3)] >> (9 - (total >> 1))
        base = (base - detune if dt1 & 4 else base + detune) & 0x1FFFF
    return (base * mul if mul else base >> 1) & 0xFFFFF


@block
def increment(s):
    """Clock slot: the increment of a slot, before a key-on edge may mask it."""
    slot = s.cycles
    s.pg_inc[slot] = slot_increment(s.pg_fnum[slot], s.pg_kcode[slot], s.sl_dt1[slot], s.sl_mul[slot])


@block
def step(s):
    """Clock slot + 5 latches the key-on edge, + 7 masks the increment with it, + 8 steps the phase."""
    slot = (s.cycles - 5) & 31
    s.pg_reset_latch[slot] = s.pg_reset[slot]
    slot = (s.cycles - 7) & 31
    if s.pg_reset_latch[slot]:
        s.pg_inc[slot] = 0
    slot = (s.cycles - 8) & 31
    phase = 0 if s.pg_reset_latch[slot] or s.test[3] else s.pg_phase[slot]
    s.pg_phase[slot] = (phase + s.pg_inc[slot]) & 0xFFFFF


@block
def test_output(s):
    """Serial output of slot 29's phase, read through test bit 6."""
    s.pg_serial >>= 1
    if s.cycles == 5:
        s.pg_serial |= s.pg_phase[29] & 0x3FF
