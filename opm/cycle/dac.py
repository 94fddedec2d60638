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
def pins(s):
    """Serial data and the two sample strobes, at the start of the clock."""
    position = (s.cycles - 5) & 24
    s.so = s.mix_out_bit & 1
    s.sh1 = 1 if position == 8 and not s.ic else 0
    s.sh2 = 1 if position == 24 and not s.ic else 0


@block
def convert(s):
    """YM3012: the fall of a strobe converts the 13 bits received: mantissa, offset binary, times 2 ** exponent."""
    value = (((s.dac_bits & 1023) - 512) << (s.dac_bits >> 10)) >> 1
    if s.dac_sh1 and not s.sh1:
        s.dac_output[RIGHT] = value
    if s.dac_sh2 and not s.sh2:
        s.dac_output[LEFT] = value
    s.dac_bits = (s.dac_bits >> 1) | (s.so << 12)
    s.dac_sh1 = s.sh1
    s.dac_sh2 = s.sh2


@block
def shifter(s):
    """Left bits at clocks 2-17, right bits at 18-1: sign and top bits taken at the window's end, then sent."""
    window = s.cycles & 15
    side = LEFT if ((s.cycles - 2) & 31) < 16 else RIGHT
    bit = s.mix_serial[side] & 1
    if window == 1:
        s.mix_sign = bit ^ 1
        s.mix_top = (s.mix_bits >> 15) & 63
    if window == 7:
        s.mix_exp = EXPONENT[s.mix_top ^ (63 if s.mix_sign else 0)]
        s.mix_sign_out = s.mix_sign
    if window == 0:
        out = s.mix_sign_out ^ 1
    elif window < 4:
        out = (s.mix_exp >> (window - 1)) & 1
    else:
        out = (s.mix_bits << 1 >> s.mix_exp) & 1 if s.mix_exp else 0
    s.mix_out_bit = ((s.mix_out_bit << 1) | out) & 0xFF
    s.mix_bits = (s.mix_bits >> 1) | (bit << 20)


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
