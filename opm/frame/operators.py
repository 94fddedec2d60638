"""Operators: all 32, eight channels abreast; masks make the connections.

Three algorithms for one rule, for speed: ``cycle.operators`` sixteen stages, as the die does it; here a frame at a
time, block by block of eight slots; ``span.operators`` a slot's whole row of frames. Which wire an algorithm has is
said once, in ``tables.WIRES``.
"""

import numpy as np

from .._jit import block
from ..bits import i32, wrapped
from ..cycle import operators
from ..cycle.clock import inner_operator_clock
from ..tables import CARRIER, EXP, MODULATION, POWER, SINE, WIRES
from .record import LAST


@block
def ripples(state):
    """Whether the connections on their way through the stages differ from the registers, or the stages from a run."""
    moving = state.op_con != state.ch_con[3] or state.op_fb[0] != state.ch_fb[0] or state.op_fb[1] != state.ch_fb[7]
    moving = moving or state.op_counter != 2 or state.op_fbshift != 7 or not state.op_c1update
    for source in range(5):
        moving = moving or state.op_modtable[source] != MODULATION[0, source, state.ch_con[2]]
    if state.opp:
        moving = moving or state.opp_rl != state.ch_rl[3]
        for i in range(3):
            moving = moving or state.opp_fb[i] != state.ch_fb[3 - i]
    return moving


@block
def get(state, frame):
    """Masks and shifts of each channel; outputs that are in memories or at the output stage already."""
    for c in range(8):
        connect(state, frame, c)
        frame.out[c] = state.op_m1[c]
        frame.m1_old[c] = state.op_m1_old[c]
    frame.out[16], frame.out[17], frame.out[18] = state.op_c1[0], state.op_c1[1], state.op_out[5]
    frame.connection_late = 0


@block
def drain(state, frame, clock):
    """Finish slots 18-31 of the last frame at a clock of the next: stages 14 to 2."""
    # The chip's own stages do it, on a state that is spoilt anyway: no second description of what stands where.
    frame.out[19 + clock] = state.op_out[4]
    inner_operator_clock(state)
    if clock == 1:
        frame.position[30], frame.position[31] = (state.op_sign & 2) << 8, (state.op_sign & 1) << 9


@block
def put(state, frame):
    """Put the stages, then the memories."""
    put_stages(state, frame)
    put_modulation(state, frame)


@block
def put_stages(state, frame):
    """Slots 31 down to 18 stand in stages 1 to 14."""
    state.op_phase_in = frame.phase_kept[7] >> 10
    state.op_phase = frame.position[30]
    for i in range(3):
        state.op_logsin[i] = SINE[frame.position[29 - i]]
    state.op_atten = operators.saturated(SINE[frame.position[26]] + frame.atten[26])
    for i in range(2):
        total = operators.saturated(SINE[frame.position[25 - i]] + frame.atten[25 - i])
        state.op_exp[i] = EXP[total & 255]
        state.op_pow[i] = total >> 8
    state.op_out[0] = POWER[SINE[frame.position[23]] + frame.atten[23]]
    for i in range(1, 6):
        state.op_out[i] = frame.out[23 - i]
    # 32 clocks of history: the two oldest bits are of slots 30 and 31 a frame before.
    signs = (frame.position31_before >> 9) << 30 | (frame.position30_before >> 9) << 31
    for slot in range(30):
        signs |= (frame.position[slot] >> 9) << (29 - slot)
    state.op_sign = wrapped(signs)
    state.op_mix = frame.out[18]
    state.op_con = state.ch_con[3]
    state.op_carrier = frame.c1_heard[2] & 1
    state.op_fb[0], state.op_fb[1] = state.ch_fb[0], state.ch_fb[7]
    for source in range(5):
        state.op_modtable[source] = MODULATION[0, source, state.ch_con[2]]
    if state.opp:
        state.opp_rl = state.ch_rl[3]
        for i in range(3):
            state.opp_fb[i] = state.ch_fb[3 - i]


@block
def put_modulation(state, frame):
    """M1's memories are this frame's, C1's only for channels 1 and 2; modulation of slots 1, 0 and 31."""
    for c in range(8):
        state.op_m1[c] = frame.out[c]
        state.op_m1_old[c] = frame.m1_old[c]
        state.op_c1[c] = frame.out[16 + c] if c < 2 else frame.c1_old[c]
    state.op_mod[0] = (frame.out[1] + frame.m1_old[1]) >> 1
    state.op_mod[1] = (frame.out[0] + frame.m1_old[0]) >> 1
    m1, m2 = frame.out[7] & frame.m1_to_c2[7], frame.out[15] & frame.m2_to_c2[7]
    state.op_mod_in = state.op_mod[2] = to_c2(m1, m2, frame.c1_old[7] & frame.c1_to_c2[7])


@block
def connect(state, frame, c):
    """Masks and shifts of a channel, from its registers."""
    # Masks 0 and -1 for branches: eight channels with different algorithms go abreast.
    con, fb = state.ch_con[c], state.ch_fb[c]
    frame.fb_shift[c] = 10 - fb if fb else 0
    frame.fb_mask[c] = -1 if fb else 0
    frame.m1_to_m2[c], frame.c1_to_m2[c] = -WIRES[0, con], -WIRES[1, con]
    frame.m1_to_c1[c] = -WIRES[2, con]
    frame.m1_to_c2[c], frame.m2_to_c2[c], frame.c1_to_c2[c] = -WIRES[3, con], -WIRES[4, con], -WIRES[5, con]
    frame.m1_heard[c] = -CARRIER[0, con]
    frame.m2_heard[c] = -CARRIER[1, con]
    frame.c1_heard[c] = -CARRIER[2, con]


@block
def written_connection(state, frame):
    """FB and CON of a channel, read at clocks 7 and 4 after a slot of the channel enters, modulo 8.

    From channel 5 on that is in time for M2's modulation and for C2 of the frame before; feedback has gone to M1
    already.
    """
    c = state.reg_address & 7
    shift, mask, m1_to_m2, c1_to_m2 = frame.fb_shift[c], frame.fb_mask[c], frame.m1_to_m2[c], frame.c1_to_m2[c]
    connect(state, frame, c)
    frame.fb_shift[c], frame.fb_mask[c] = shift, mask
    frame.connection_late = 1 + c
    if c < 4:
        frame.m1_to_m2[c], frame.c1_to_m2[c] = m1_to_m2, c1_to_m2


@block
def output(frame, slot, modulation):
    """One operator: phase plus modulation to sine, envelope, two's complement."""
    # POWER has a zero for each sum there is, saturated or not: no limit to ask for.
    p = i32(i32(i32(frame.phase[slot] >> 10) + modulation) & i32(1023))
    frame.position[slot] = p
    magnitude = POWER[np.uint32(SINE[np.uint32(p)] + frame.atten[slot])]
    negative = i32(-i32(p >> 9))
    return i32(i32(magnitude ^ negative) - negative)


@block
def to_c2(m1, m2, c1):
    """C2's modulation: M1 and M2 of the frame, C1 of the one before, as far as the algorithm has the wires."""
    return i32(i32(i32(m1 + m2) + c1) >> 1)


@block
def algorithm(frame):
    """All operators, eight channels abreast; masks make the connections. Slot 31 of the last frame is kept."""
    frame.position30_before, frame.position31_before = frame.position[30], frame.position[31]
    frame.out31_before, frame.atten31_before = frame.out[LAST], frame.atten_before
    frame.atten_before = frame.atten[LAST] >> 2
    # M1 before C1 and C2, M2 before C2: they hear each other in the same frame; all else is of frames before.
    for c in range(8):
        m1_old, c1_old = frame.out[c], frame.out[16 + c]
        m1 = output(frame, c, i32(i32(i32(m1_old + frame.m1_old[c]) >> frame.fb_shift[c]) & frame.fb_mask[c]))
        m2 = output(frame, 8 + c, i32(i32(i32(m1_old & frame.m1_to_m2[c]) + i32(c1_old & frame.c1_to_m2[c])) >> 1))
        c1 = output(frame, 16 + c, i32(i32(m1 & frame.m1_to_c1[c]) >> 1))
        heard_c1 = i32(c1_old & frame.c1_to_c2[c])
        c2 = output(frame, 24 + c, to_c2(i32(m1 & frame.m1_to_c2[c]), i32(m2 & frame.m2_to_c2[c]), heard_c1))
        frame.m1_old[c], frame.c1_old[c] = m1_old, c1_old
        frame.out[c], frame.out[8 + c], frame.out[16 + c], frame.out[24 + c] = m1, m2, c1, c2
        frame.early_carriers[c] = i32(i32(m1 & frame.m1_heard[c]) + i32(m2 & frame.m2_heard[c]))
        frame.late_carriers[c] = i32(i32(c1 & frame.c1_heard[c]) + c2)
