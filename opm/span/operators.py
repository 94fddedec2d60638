"""Operators over a span: a slot's whole row at a time, M1 with its feedback first.

Three algorithms for one rule, for speed: the twins are ``cycle.operators`` and ``frame.operators``, which says how they
differ.
"""

import numpy as np

from .._jit import block, outline
from .._native import processor
from ..bits import i32
from ..frame.operators import to_c2
from ..state import C1, C2, M2
from ..tables import INAUDIBLE, PHASE_MASK, POWER, SINE
from .record import ORIGIN

u32, u64 = np.uint32, np.uint64
GATHERS = "+avx512" in processor() and "znver" not in processor()
"""Whether the loop looks up as many values as it has frames abreast: on Intel's processors with AVX-512. AMD's do it
faster one by one, and with AVX2 alone LLVM would not compute the addresses abreast, either."""
SAME, BEFORE = u64(ORIGIN), u64(ORIGIN - 1)
"""Where the row of a modulator begins: in the same frame, in the one before."""
AM_BEFORE, AM_NOW = u64(0), u64(1)
"""Where AM begins: slots from LATE_AM on see it in the frame it changes in."""
SIGN = 8192
SIGNED_SINE = (SINE + SIGN * (np.arange(1024) >> 9)).astype(np.int16)
SIGNED_POWER = np.zeros(2 * SIGN, np.int16)
SIGNED_POWER[: len(POWER)], SIGNED_POWER[SIGN : SIGN + len(POWER)] = POWER, -POWER
"""SINE with the sign as a bit, POWER with negative outputs from there on: the shortest way around the feedback."""
QUARTER = POWER[SINE[:256] + 4 * np.arange(64)[:, None]].reshape(-1)
"""Operator magnitude by position in the sine's first quarter and the low 6 bits of attenuation: 64 more are a shift."""


@block
def attenuation(own, moving, am):
    """What an operator's output is attenuated by, times 4."""
    return i32(min(i32(i32(own + moving) + am), i32(4 * INAUDIBLE)))


@block
def attenuations_of_m1(write, read, wide):
    """All of it for M1, whose feedback has no time to add it up; slots before LATE_AM take AM a frame late."""
    for slot in range(8):
        if not write.inaudible[slot]:
            whole(write, read, slot, wide)
            write.still_atten[slot], write.atten_row[slot], write.am_row[slot] = 0, slot, 0


@outline
def whole(write, read, slot, n):
    """A slot's attenuation, in place."""
    own, move, ams = write.still_atten[slot], write.atten_row[slot], write.am_row[slot]
    for t in range(n):
        write.atten[slot, t] = attenuation(own, read.atten[move, t], read.am_by[ams, t])


@block
def operators(frame, write, read, n, wide):
    """All operators over time; each is modulated by rows that are there already, of this frame or of the one before."""
    attenuations_of_m1(write, read, wide)
    chained = False
    for slot in range(32):
        write.out[slot, ORIGIN - 1] = frame.out[slot]
    for c in range(8):
        write.out[c, ORIGIN - 2] = frame.m1_old[c]
        chained |= frame.fb_mask[c] and not write.inaudible[c]
    if chained:
        # Of all channels: the rows of those without feedback, and of inaudible ones, are overwritten.
        feedback(frame, write, read, n)
    for slot in range(32):
        if write.inaudible[slot]:
            for t in range(wide):
                write.out[slot, t + ORIGIN] = 0
    for c in range(8):
        if not (write.inaudible[c] or frame.fb_mask[c]):
            operator(write, read, c, AM_BEFORE, c, SAME, i32(0), c, SAME, i32(0), wide)
        if not write.inaudible[C1 + c]:
            operator(write, read, C1 + c, AM_NOW, c, SAME, frame.m1_to_c1[c], c, SAME, i32(0), wide)
        if not write.inaudible[M2 + c]:
            operator(
                write, read, M2 + c, AM_BEFORE, c, BEFORE, frame.m1_to_m2[c], C1 + c, BEFORE, frame.c1_to_m2[c], wide
            )
        if not write.inaudible[C2 + c]:
            last_operator(write, read, c, frame.m1_to_c2[c], frame.m2_to_c2[c], frame.c1_to_c2[c], wide)


@block
def nothing(write, n):
    """Silence behind silence: what ``finish`` looks at."""
    for slot in range(32):
        write.out[slot, n + ORIGIN - 2], write.out[slot, n + ORIGIN - 1] = 0, 0


@block
def feedback(frame, write, read, n):
    """M1, whose two newest outputs come back: all eight channels at once, for one waits for itself."""
    # Eight names, not an array: so the newest outputs stay in registers. By one, two or four channels it was slower.
    a0, a1, a2, a3 = frame.out[0], frame.out[1], frame.out[2], frame.out[3]
    a4, a5, a6, a7 = frame.out[4], frame.out[5], frame.out[6], frame.out[7]
    for t in range(n):
        a0 = fed_back(frame, write, read, 0, t, a0)
        a1 = fed_back(frame, write, read, 1, t, a1)
        a2 = fed_back(frame, write, read, 2, t, a2)
        a3 = fed_back(frame, write, read, 3, t, a3)
        a4 = fed_back(frame, write, read, 4, t, a4)
        a5 = fed_back(frame, write, read, 5, t, a5)
        a6 = fed_back(frame, write, read, 6, t, a6)
        a7 = fed_back(frame, write, read, 7, t, a7)


@block
def fed_back(frame, write, read, c, t, newest):
    """Compute, store and return one channel's M1; 32 bits and no sign extended, or the way around gets longer."""
    modulation = i32(i32(newest + read.out[c, u64(t + ORIGIN - 2)]) >> i32(frame.fb_shift[c] & i32(31)))
    p = u64(i32(read.phase[c, u64(t)] + modulation) & i32(1023))
    newest = i32(SIGNED_POWER[u64(u32(i32(SIGNED_SINE[p]) + read.atten[c, u64(t)]))])
    write.out[c, u64(t + ORIGIN)] = newest
    return newest


@outline
def operator(write, read, slot, late, a, a_at, a_mask, b, b_at, b_mask, n):
    """One operator but C2, modulated by two others; a late one sees AM in the frame it changes in."""
    # One loop for all kinds of slots: what a slot does not need is a row of zeros, which costs less than a choice.
    ramp, inc, own = write.ramp_start[slot], write.ramp_step[slot], write.still_atten[slot]
    turn, move, ams = u64(write.phase_row[slot]), u64(write.atten_row[slot]), u64(write.am_row[slot])
    for t in range(n):
        modulation = i32(i32(i32(read.out[a, u64(t) + a_at] & a_mask) + i32(read.out[b, u64(t) + b_at] & b_mask)) >> 1)
        phase = i32(i32(i32(ramp >> 10) + read.phase[turn, t]) + modulation)
        put(write, slot, t, phase, attenuation(own, read.atten[move, t], read.am_by[ams, u64(t) + late]))
        ramp = i32(ramp + inc)
    look_up(write, read, slot, n)


@outline
def last_operator(write, read, c, m1_mask, m2_mask, c1_mask, n):
    """C2, modulated by M1, M2 and C1 of the frame before."""
    slot = C2 + c
    ramp, inc, own = write.ramp_start[slot], write.ramp_step[slot], write.still_atten[slot]
    turn, move, ams = u64(write.phase_row[slot]), u64(write.atten_row[slot]), u64(write.am_row[slot])
    for t in range(n):
        m1, m2 = i32(read.out[c, t + ORIGIN] & m1_mask), i32(read.out[M2 + c, t + ORIGIN] & m2_mask)
        modulation = to_c2(m1, m2, i32(read.out[C1 + c, t + ORIGIN - 1] & c1_mask))
        phase = i32(i32(i32(ramp >> 10) + read.phase[turn, t]) + modulation)
        put(write, slot, t, phase, attenuation(own, read.atten[move, t], read.am_by[ams, t + 1]))
        ramp = i32(ramp + inc)
    look_up(write, read, slot, n)


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
def put(write, slot, t, p, atten):
    """Store an operator's output, or what to look it up by where the processor is slow at eight look-ups at once."""
    row, shift, negative = parts(p, atten)
    if GATHERS:
        write.out[slot, t + ORIGIN] = value(row, shift, negative)
    else:
        write.place[t] = i32(row | i32(i32(shift << i32(14)) | i32(negative << i32(18))))


@block
def look_up(write, read, slot, n):
    """Look up what was put off, one by one."""
    if not GATHERS:
        for t in range(n):
            place = read.place[t]
            write.out[slot, t + ORIGIN] = value(
                i32(place & i32(0x3FFF)), i32(i32(place >> 14) & i32(15)), i32(place >> 18)
            )


@block
def last_phases(frame, write, end):
    """Where slots 30 and 31 stood in their waves in the last frame."""
    for c in range(6, 8):
        slot = C2 + c
        m1, m2 = write.out[c, end] & frame.m1_to_c2[c], write.out[M2 + c, end] & frame.m2_to_c2[c]
        modulation = to_c2(m1, m2, write.out[C1 + c, end - 1] & frame.c1_to_c2[c])
        frame.position[slot] = ((((frame.phase[slot] - frame.inc[slot]) & PHASE_MASK) >> 10) + modulation) & 1023
