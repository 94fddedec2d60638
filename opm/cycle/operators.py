"""Operators: sixteen pipeline stages from phase to modulation and mixer. Source: die (Nuked-OPM).

Slot s enters at clock s and is at the output at clock s + 13. A slot's output modulates the slot 16 places
on, so a frame's order M1 M2 C1 C2 lets M1 reach C1 and M2 reach C2 at once; the other ways use memories.
"""

from .._jit import block
from ..tables import CARRIER, EXP, LOGSIN, MODULATION

M1_POSITION, C1_POSITION = 0, 2
"""``op_counter`` while M1 or C1 is at the output."""


@block
def phase_in(s):
    """Stage 1, clock slot: phase and modulation; M1's is scaled by the feedback level."""
    s.op_phase_in = s.pg_phase[s.cycles] >> 10
    modulation = s.op_mod[2]
    if s.op_fbshift & 8:
        modulation = modulation >> (9 - s.op_fb[1]) if s.op_fb[1] else 0
    s.op_mod_in = modulation


@block
def phase_sum(s):
    """Stage 2: add them."""
    s.op_phase = (s.op_phase_in + s.op_mod_in) & 1023


@block
def logsin(s):
    """Stages 3 to 5: the quarter sine as attenuation, and its sign on the side."""
    s.op_logsin[2] = s.op_logsin[1]
    s.op_logsin[1] = s.op_logsin[0]
    s.op_logsin[0] = LOGSIN[(s.op_phase ^ (255 if s.op_phase & 256 else 0)) & 255]
    s.op_sign = (s.op_sign << 1) | (s.op_phase >> 9)


@block
def attenuation(s):
    """Stage 6: add the envelope; saturates by looking at bit 12 only."""
    total = s.op_logsin[2] + (s.eg_out[1] << 2)
    s.op_atten = 4095 if total & 4096 else total


@block
def exponential(s):
    """Stages 7 and 8: back to linear, mantissa and shift."""
    s.op_exp[1] = s.op_exp[0]
    s.op_pow[1] = s.op_pow[0]
    s.op_exp[0] = EXP[s.op_atten & 255]
    s.op_pow[0] = s.op_atten >> 8


@block
def magnitude(s):
    """Stage 9: shift the mantissa, 13 bits. The YM2151's test bit 4 sets bit 13."""
    value = (s.op_exp[1] << 2) >> (s.op_pow[1] & 31)
    s.op_out[0] = value | 0x2000 if s.test[4] and not s.opp else value


@block
def sign(s):
    """Stages 10 to 12: two's complement of 14 bits."""
    s.op_out[3] = s.op_out[2]
    s.op_out[2] = s.op_out[1]
    value = -s.op_out[0] if s.op_sign & 64 else s.op_out[0]
    s.op_out[1] = fourteen_bits(value)


@block
def fourteen_bits(value):
    """A value in two's complement of 14 bits."""
    return ((value + 0x2000) & 0x3FFF) - 0x2000


@block
def connection(s):
    """Stage 13, clock slot + 12: the algorithm of the slot's channel."""
    channel = (s.cycles - 12) & 7
    s.op_out[4] = s.op_out[3]
    s.op_con = s.ch_con[channel]
    if s.opp:
        s.opp_rl = s.ch_rl[channel]
        s.opp_fb[2] = s.opp_fb[1]
        s.opp_fb[1] = s.opp_fb[0]
        s.opp_fb[0] = s.ch_fb[channel]


@block
def routing(s):
    """Stage 14, clock slot + 13: to the mixer; what the slot 16 places on (the operator after next) listens to."""
    position = s.op_counter & 3
    s.op_out[5] = s.op_out[4]
    s.op_mix = s.op_out[4]
    s.op_fbupdate = 1 if s.op_counter == M1_POSITION else 0
    s.op_c1update = 1 if s.op_counter == C1_POSITION else 0
    s.op_fbshift = ((s.op_fbshift << 1) | s.op_c1update) & 0xFF
    for source in range(5):
        s.op_modtable[source] = MODULATION[(position + 2) & 3, source, s.op_con]
    rl = s.opp_rl if s.opp else s.ch_rl[(s.cycles - 13) & 7]
    s.op_carrier = CARRIER[position, s.op_con]
    s.op_mix_l = s.op_carrier & rl
    s.op_mix_r = s.op_carrier & (rl >> 1)


@block
def modulation(s):
    """Stage 15, clock slot + 14: the two modulation buses added and halved; memories of M1 and C1."""
    channel = (s.cycles - 14) & 7
    output = fourteen_bits(s.op_out[5])
    bus2 = (s.op_m1[channel] if s.op_modtable[0] else 0) | (output if s.op_modtable[3] else 0)
    bus1 = s.op_m1_old[channel] if s.op_modtable[1] else 0
    bus1 |= s.op_c1[channel] if s.op_modtable[2] else 0
    bus1 |= output if s.op_modtable[4] else 0
    s.op_mod[0] = (bus1 + bus2) >> 1
    if s.op_fbupdate:
        s.op_m1_old[channel] = s.op_m1[channel]
        s.op_m1[channel] = output
    if s.op_c1update:
        s.op_c1[channel] = output


@block
def modulation_delay(s):
    """Stage 16: two clocks on the way back to stage 1, with the feedback level."""
    s.op_mod[2] = s.op_mod[1]
    s.op_mod[1] = s.op_mod[0]
    s.op_fb[1] = s.op_fb[0]
    s.op_fb[0] = s.opp_fb[2] if s.opp else s.ch_fb[(s.cycles - 15) & 7]


@block
def counter(s):
    """Which operator comes to the output: changes at clocks 4, 12, 20, 28; clock 12 brings M1."""
    if (s.cycles & 7) == 4:
        s.op_counter = 0 if s.cycles == 12 else (s.op_counter + 1) & 0xFF
