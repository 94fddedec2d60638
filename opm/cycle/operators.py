"""Operators: sixteen pipeline stages from phase to modulation and mixer. Source: die (Nuked-OPM).

The twins are ``frame.operators``, eight channels abreast, and ``span.operators``, a slot's whole row of frames.

Slot s enters at clock s and is at the output at clock s + 13. A slot's output modulates the slot 16 places
on, so a frame's order M1 M2 C1 C2 lets M1 reach C1 and M2 reach C2 at once; the other ways use memories.
"""

from .._jit import block
from ..bits import signed
from ..tables import CARRIER, EXP, LOGSIN, MODULATION

M1_POSITION, C1_POSITION = 0, 2
"""``op_counter`` while M1 or C1 is at the output."""


@block
def phase_in(state):
    """Stage 1, clock slot: phase and modulation; M1's is scaled by the feedback level."""
    state.op_phase_in = state.pg_phase[state.cycles] >> 10
    modulation = state.op_mod[2]
    if state.op_fbshift & 8:
        modulation = modulation >> (9 - state.op_fb[1]) if state.op_fb[1] else 0
    state.op_mod_in = modulation


@block
def phase_sum(state):
    """Stage 2: add them."""
    state.op_phase = (state.op_phase_in + state.op_mod_in) & 1023


@block
def logsin(state):
    """Stages 3 to 5: the quarter sine as attenuation, and its sign on the side."""
    state.op_logsin[2] = state.op_logsin[1]
    state.op_logsin[1] = state.op_logsin[0]
    state.op_logsin[0] = LOGSIN[(state.op_phase ^ (255 if state.op_phase & 256 else 0)) & 255]
    state.op_sign = (state.op_sign << 1) | (state.op_phase >> 9)


@block
def attenuation(state):
    """Stage 6: add the envelope; saturates by looking at bit 12 only."""
    state.op_atten = saturated(state.op_logsin[2] + (state.eg_out[1] << 2))


@block
def saturated(total):
    """Return a log-sine plus an envelope as 12 bits."""
    # A log-sine is 2137 at most and the envelope 4092: no sum gets past bit 12.
    return 4095 if total & 4096 else total


@block
def exponential(state):
    """Stages 7 and 8: back to linear, mantissa and shift."""
    state.op_exp[1] = state.op_exp[0]
    state.op_pow[1] = state.op_pow[0]
    state.op_exp[0] = EXP[state.op_atten & 255]
    state.op_pow[0] = state.op_atten >> 8


@block
def magnitude(state):
    """Stage 9: shift the mantissa, 13 bits. The YM2151's test bit 4 sets bit 13."""
    value = (state.op_exp[1] << 2) >> (state.op_pow[1] & 31)
    state.op_out[0] = value | 0x2000 if state.test[4] and not state.opp else value


@block
def sign(state):
    """Stages 10 to 12: two's complement of 14 bits."""
    state.op_out[3] = state.op_out[2]
    state.op_out[2] = state.op_out[1]
    state.op_out[1] = signed(-state.op_out[0] if state.op_sign & 64 else state.op_out[0], 14)


@block
def connection(state):
    """Stage 13, clock slot + 12: the algorithm of the slot's channel."""
    channel = (state.cycles - 12) & 7
    state.op_out[4] = state.op_out[3]
    state.op_con = state.ch_con[channel]
    if state.opp:
        state.opp_rl = state.ch_rl[channel]
        state.opp_fb[2] = state.opp_fb[1]
        state.opp_fb[1] = state.opp_fb[0]
        state.opp_fb[0] = state.ch_fb[channel]


@block
def routing(state):
    """Stage 14, clock slot + 13: to the mixer; what the slot 16 places on (the operator after next) listens to."""
    position = state.op_counter & 3
    state.op_out[5] = state.op_out[4]
    state.op_mix = state.op_out[4]
    state.op_fbupdate = 1 if state.op_counter == M1_POSITION else 0
    state.op_c1update = 1 if state.op_counter == C1_POSITION else 0
    state.op_fbshift = ((state.op_fbshift << 1) | state.op_c1update) & 0xFF
    for source in range(5):
        state.op_modtable[source] = MODULATION[(position + 2) & 3, source, state.op_con]
    rl = state.opp_rl if state.opp else state.ch_rl[(state.cycles - 13) & 7]
    state.op_carrier = CARRIER[position, state.op_con]
    state.op_mix_l = state.op_carrier & rl
    state.op_mix_r = state.op_carrier & (rl >> 1)


@block
def modulation(state):
    """Stage 15, clock slot + 14: the two modulation buses added and halved; memories of M1 and C1."""
    channel = (state.cycles - 14) & 7
    output = signed(state.op_out[5], 14)
    # OR is no addition here: no algorithm has two sources on one bus.
    bus2 = (state.op_m1[channel] if state.op_modtable[0] else 0) | (output if state.op_modtable[3] else 0)
    bus1 = state.op_m1_old[channel] if state.op_modtable[1] else 0
    bus1 |= state.op_c1[channel] if state.op_modtable[2] else 0
    bus1 |= output if state.op_modtable[4] else 0
    state.op_mod[0] = (bus1 + bus2) >> 1
    if state.op_fbupdate:
        state.op_m1_old[channel] = state.op_m1[channel]
        state.op_m1[channel] = output
    if state.op_c1update:
        state.op_c1[channel] = output


@block
def modulation_delay(state):
    """Stage 16: two clocks on the way back to stage 1, with the feedback level."""
    state.op_mod[2] = state.op_mod[1]
    state.op_mod[1] = state.op_mod[0]
    state.op_fb[1] = state.op_fb[0]
    state.op_fb[0] = state.opp_fb[2] if state.opp else state.ch_fb[(state.cycles - 15) & 7]


@block
def counter(state):
    """Which operator comes to the output: changes at clocks 4, 12, 20, 28; clock 12 brings M1."""
    # IC restarts the clocks but not this counter, so clock 12 sets it right: M1 comes to the output there.
    if (state.cycles & 7) == 4:
        state.op_counter = 0 if state.cycles == 12 else (state.op_counter + 1) & 0xFF
