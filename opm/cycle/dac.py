"""Serial output and DAC: a sum leaves as 10-bit mantissa and 3-bit exponent, converted when its strobe falls.

A side's sum is sent over 16 clocks behind the mixer, its exponent taken on the way; it is on the DAC's output 40
clocks after the mixer took it over (right at clock 21, left at clock 5). Source: die (Nuked-OPM); the converter is
a YM3012.
"""

import numpy as np

from .._jit import block
from ..state import LEFT, RIGHT
from ..tables import EXPONENT

i32 = np.int32


@block
def pins(state):
    """Serial data and the two sample strobes, at the start of the clock."""
    position = (state.cycles - 5) & 24
    state.so = state.mix_out_bit & 1
    state.sh1 = 1 if position == 8 and not state.ic else 0
    state.sh2 = 1 if position == 24 and not state.ic else 0


@block
def convert(state):
    """YM3012: the fall of a strobe converts the 13 bits received: mantissa, offset binary, times 2 ** exponent."""
    value = (((state.dac_bits & 1023) - 512) << (state.dac_bits >> 10)) >> 1
    if state.dac_sh1 and not state.sh1:
        state.dac_output[RIGHT] = value
    if state.dac_sh2 and not state.sh2:
        state.dac_output[LEFT] = value
    state.dac_bits = (state.dac_bits >> 1) | (state.so << 12)
    state.dac_sh1 = state.sh1
    state.dac_sh2 = state.sh2


@block
def shifter(state):
    """Left bits at clocks 2-17, right bits at 18-1: sign and top bits taken at the window's end, then sent."""
    window = state.cycles & 15
    side = LEFT if ((state.cycles - 2) & 31) < 16 else RIGHT
    bit = state.mix_serial[side] & 1
    if window == 1:
        state.mix_sign = bit ^ 1
        state.mix_top = (state.mix_bits >> 15) & 63
    if window == 7:
        state.mix_exp = EXPONENT[state.mix_top ^ (63 if state.mix_sign else 0)]
        state.mix_sign_out = state.mix_sign
    if window == 0:
        out = state.mix_sign_out ^ 1
    elif window < 4:
        out = (state.mix_exp >> (window - 1)) & 1
    else:
        out = (state.mix_bits << 1 >> state.mix_exp) & 1 if state.mix_exp else 0
    state.mix_out_bit = ((state.mix_out_bit << 1) | out) & 0xFF
    state.mix_bits = (state.mix_bits >> 1) | (bit << 20)


@block
def lost_bits(value):
    """Bits that do not fit in the mantissa: exponent less one."""
    return EXPONENT[np.uint32((value ^ (value >> 31)) >> 9)] - 1


@block
def rounded(value):
    """The DAC's 10-bit mantissa and 3-bit exponent, as a value: bits below the mantissa are lost.

    No table and no branch: ones from the highest bit of the magnitude downwards, less the mantissa's nine.
    """
    ones = i32(value ^ i32(value >> i32(31)))
    ones = i32(ones | i32(ones >> i32(1)))
    ones = i32(ones | i32(ones >> i32(2)))
    ones = i32(ones | i32(ones >> i32(4)))
    ones = i32(ones | i32(ones >> i32(8)))
    return i32(value & i32(~i32(ones >> i32(9))))
