"""Operators over a span: a slot's whole row at a time, M1 with its feedback first."""

import numpy as np
from numba.core.registry import cpu_target

from .._jit import block, outline
from ..state import C1, C2, M2
from ..tables import POWER, SINE
from .envelope import attenuation
from .frame import i32
from .rows import NOW

u32, u64 = np.uint32, np.uint64
_PROCESSOR = " ".join(cpu_target.target_context.codegen().magic_tuple()[1:])
GATHERS = "avx512" in _PROCESSOR and "znver" not in _PROCESSOR
"""Whether the loop looks up as many values as it has frames abreast: on Intel's processors with AVX-512. AMD's do it
faster one by one, and with AVX2 alone LLVM would not compute the addresses abreast, either."""
SAME, BEFORE = u64(NOW), u64(NOW - 1)
"""Where the row of a modulator begins: in the same frame, in the one before."""
EARLY, LATE = u64(0), u64(1)
"""Where AM begins: a late slot sees it in the frame it changes in."""
SIGN = 8192
SIGNED_SINE = (SINE + SIGN * (np.arange(1024) >> 9)).astype(np.int16)
SIGNED_POWER = np.zeros(2 * SIGN, np.int16)
SIGNED_POWER[: len(POWER)], SIGNED_POWER[SIGN : SIGN + len(POWER)] = POWER, -POWER
"""SINE with the sign as a bit, POWER with negative outputs from there on: the shortest way around the feedback."""
QUARTER = POWER[SINE[:256] + 4 * np.arange(64)[:, None]].reshape(-1)
"""Operator magnitude by position in the sine's first quarter and the low 6 bits of attenuation: 64 more are a shift."""


@block
def operators(f, w, r, n, wide):
    """All operators over time; each is modulated by rows that are there already, of this frame or of the one before."""
    chained = False
    for slot in range(32):
        w.out[slot, NOW - 1] = f.out[slot]
    for c in range(8):
        w.out[c, NOW - 2] = f.m1_old[c]
        chained |= f.fb_mask[c] and not w.silent[c]
    if chained:
        feedback(f, w, r, n)  # of channels that are silent or need none, too: covered here
    for slot in range(32):
        if w.silent[slot]:
            for t in range(wide):
                w.out[slot, t + NOW] = 0
    for c in range(8):
        if not (w.silent[c] or f.fb_mask[c]):
            operator(w, r, c, EARLY, c, SAME, i32(0), c, SAME, i32(0), wide)
        if not w.silent[C1 + c]:
            operator(w, r, C1 + c, LATE, c, SAME, f.m1_to_c1[c], c, SAME, i32(0), wide)
        if not w.silent[M2 + c]:
            operator(w, r, M2 + c, EARLY, c, BEFORE, f.m1_to_m2[c], C1 + c, BEFORE, f.c1_to_m2[c], wide)
        if not w.silent[C2 + c]:
            last_operator(w, r, c, f.m1_to_c2[c], f.m2_to_c2[c], f.c1_to_c2[c], wide)


@block
def nothing(w, n):
    """Silence behind silence: what ``finish`` looks at."""
    for slot in range(32):
        w.out[slot, n + NOW - 2], w.out[slot, n + NOW - 1] = 0, 0


@block
def feedback(f, w, r, n):
    """M1, whose two newest outputs come back: all eight channels at once, for one waits for itself."""
    a0, a1, a2, a3, a4, a5, a6, a7 = f.out[0], f.out[1], f.out[2], f.out[3], f.out[4], f.out[5], f.out[6], f.out[7]
    for t in range(n):
        a0 = fed_back(f, w, r, 0, t, a0)
        a1 = fed_back(f, w, r, 1, t, a1)
        a2 = fed_back(f, w, r, 2, t, a2)
        a3 = fed_back(f, w, r, 3, t, a3)
        a4 = fed_back(f, w, r, 4, t, a4)
        a5 = fed_back(f, w, r, 5, t, a5)
        a6 = fed_back(f, w, r, 6, t, a6)
        a7 = fed_back(f, w, r, 7, t, a7)


@block
def fed_back(f, w, r, c, t, newest):
    """Compute, store and return one channel's M1; 32 bits and no sign extended, or the way around gets longer."""
    modulation = i32(i32(newest + r.out[c, u64(t + NOW - 2)]) >> i32(f.fb_shift[c] & i32(31)))
    p = u64(i32(r.phase[c, u64(t)] + modulation) & i32(1023))
    newest = i32(SIGNED_POWER[u64(u32(i32(SIGNED_SINE[p]) + r.atten[c, u64(t)]))])
    w.out[c, u64(t + NOW)] = newest
    return newest


@outline
def operator(w, r, slot, late, a, a_at, a_mask, b, b_at, b_mask, n):
    """One operator but C2, modulated by two others; a late one sees AM in the frame it changes in."""
    ramp, inc, own = w.start[slot], w.step[slot], w.own[slot]
    turn, move, ams = u64(w.turn[slot]), u64(w.move[slot]), u64(w.ams[slot])
    for t in range(n):
        modulation = i32(i32(i32(r.out[a, u64(t) + a_at] & a_mask) + i32(r.out[b, u64(t) + b_at] & b_mask)) >> 1)
        phase = i32(i32(i32(ramp >> 10) + r.phase[turn, t]) + modulation)
        put(w, slot, t, phase, attenuation(own, r.atten[move, t], r.am_by[ams, u64(t) + late]))
        ramp = i32(ramp + inc)
    look_up(w, r, slot, n)


@outline
def last_operator(w, r, c, m1_mask, m2_mask, c1_mask, n):
    """C2, modulated by M1, M2 and C1 of the frame before."""
    slot = C2 + c
    ramp, inc, own = w.start[slot], w.step[slot], w.own[slot]
    turn, move, ams = u64(w.turn[slot]), u64(w.move[slot]), u64(w.ams[slot])
    for t in range(n):
        both = i32(i32(r.out[c, t + NOW] & m1_mask) + i32(r.out[M2 + c, t + NOW] & m2_mask))
        modulation = i32(i32(both + i32(r.out[C1 + c, t + NOW - 1] & c1_mask)) >> 1)
        phase = i32(i32(i32(ramp >> 10) + r.phase[turn, t]) + modulation)
        put(w, slot, t, phase, attenuation(own, r.atten[move, t], r.am_by[ams, t + 1]))
        ramp = i32(ramp + inc)
    look_up(w, r, slot, n)


@block
def parts(p, atten):
    """Where a phase stands in QUARTER, how far its value is shifted, and -1 in the negative half of the wave."""
    mirrored, negative = i32(i32(p << i32(23)) >> i32(31)), i32(i32(p << i32(22)) >> i32(31))
    row = i32(i32(i32(atten & i32(252)) << i32(6)) | i32(i32(p ^ mirrored) & i32(255)))
    return row, i32(i32(atten >> i32(8)) & i32(15)), negative


@block
def value(row, shift, negative):
    """One operator's output: its magnitude in two's complement."""
    magnitude = i32(QUARTER[u32(row)] >> shift)
    return i32(i32(magnitude ^ negative) - negative)


@block
def put(w, slot, t, p, atten):
    """Store an operator's output, or what to look it up by where the processor is slow at eight look-ups at once."""
    row, shift, negative = parts(p, atten)
    if GATHERS:
        w.out[slot, t + NOW] = value(row, shift, negative)
    else:
        w.place[t] = i32(row | i32(i32(shift << i32(14)) | i32(negative << i32(18))))


@block
def look_up(w, r, slot, n):
    """Look up what was put off, one by one."""
    if not GATHERS:
        for t in range(n):
            place = r.place[t]
            w.out[slot, t + NOW] = value(i32(place & i32(0x3FFF)), i32(i32(place >> 14) & i32(15)), i32(place >> 18))


@block
def last_phases(f, w, end):
    """Where slots 30 and 31 stood in their waves in the last frame."""
    for c in range(6, 8):
        slot = C2 + c
        both = (w.out[c, end] & f.m1_to_c2[c]) + (w.out[M2 + c, end] & f.m2_to_c2[c])
        modulation = (both + (w.out[C1 + c, end - 1] & f.c1_to_c2[c])) >> 1
        f.p[slot] = ((((f.phase[slot] - f.inc[slot]) & 0xFFFFF) >> 10) + modulation) & 1023
