"""Serial output and DAC at the end of a frame."""

from .._jit import block
from ..bits import reversed_bits
from ..cycle import dac
from ..state import LEFT, RIGHT
from ..tables import EXPONENT


@block
def out_of_step(state):
    """Whether the serial output is not where a run of whole frames leaves it."""
    if state.sh1 or not state.sh2 or state.dac_sh1 or not state.dac_sh2 or state.nc_active:
        return True
    exponent = EXPONENT[state.mix_top ^ (63 if state.mix_sign else 0)]
    return state.mix_exp != exponent or state.mix_sign_out != state.mix_sign


@block
def get(state, sums):
    """The left sum that is being sent; without the bits below its mantissa, which the DAC does not get, either."""
    received = reversed_bits(state.mix_out_bit, 8) << 1 | (state.dac_bits >> 5) & 1 | (state.mix_sign_out ^ 1) << 9
    sums.taken_before[LEFT] = ((received - 512) << state.mix_exp) >> 1


@block
def put(state, sums):
    """The left sum of the frame before is being sent, the right sum behind it; offset binary throughout."""
    right = sums.taken[RIGHT] + 0x8000
    sent_left, sent_right = sums.taken_before[LEFT] + 0x8000, sums.taken_before[RIGHT] + 0x8000
    # loaded at bit 4 at clocks 29 and 30, at bit 2 by clock 31; a sum clamped high sends ones
    state.mix_serial[LEFT] = sums.raw_left << 2 | (3 if sums.clamp[LEFT] > 0 else 0)
    # loaded at bit 4 at clock 13: 18 clocks later its upper two bits are left
    state.mix_serial[RIGHT] = right >> 14
    # clocks 18-31 have brought 14 bits of the right sum; the left sum's last 7 are still before them
    state.mix_bits = (right & 0x3FFF) << 7 | sent_left >> 9
    # sign, top bits and exponent were taken from the left sum at clocks 17 and 23
    state.mix_sign = state.mix_sign_out = sent_left >> 15 ^ 1
    state.mix_top = (sent_left >> 9) & 63
    lost, lost_right = dac.lost_bits(sums.taken_before[LEFT]), dac.lost_bits(sums.taken_before[RIGHT])
    state.mix_exp = lost + 1
    # clocks 24-31 have sent 8 bits of the left mantissa, lowest first
    state.mix_out_bit = reversed_bits(sent_left >> (lost + 1), 8)
    # the DAC has what clocks 18-30 sent: two bits of the right exponent, three at its scale, then the left mantissa
    stream = sent_left << 16 | sent_right
    state.dac_bits = (lost_right + 1) >> 1 | (stream >> (13 + lost_right) & 7) << 2
    state.dac_bits |= (stream >> (16 + lost) & 1) << 5 | (sent_left >> (lost + 1) & 0x7F) << 6
    # the pin is a clock behind; the left strobe is up since clock 29, the right one fell at clock 21
    state.so = sent_left >> (lost + 7) & 1
    state.sh1 = state.dac_sh1 = 0
    state.sh2 = state.dac_sh2 = 1
