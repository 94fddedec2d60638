"""Noise: the 17-bit register in windows of 16 clocks, its timer, and the noise channel.

Two algorithms for one rule, for speed: ``cycle.noise`` a bit a clock, as the die does it; here and in spans 16 bits
at once.
"""

from .._jit import block
from ..cycle import noise
from ..cycle.noise import TIMER_MASK, last_count
from ..tables import SILENCE


@block
def get_register(state, frame):
    """The register at clock 2, where a window of it begins."""
    frame.noise = (state.noise_lfsr << 1) | state.noise_bit
    frame.noise_update = state.noise_update


@block
def get(state, frame):
    """The timer and the last sign, after clock 14."""
    frame.noise_timer = state.noise_timer
    frame.noise_sign = state.nc_sign_lock


@block
def put(state, frame):
    """Put it as after clock 30, in the window from clock 18; the noise channel as after clock 31.

    Slot 31's envelope of the frame before has gone by; its sign and the noise's were taken at clock 12.
    """
    state.noise_lfsr = (frame.noise_b >> 14) | ((frame.noise >> 1) & 0x1FFF) << 3
    state.noise_bit = (frame.noise_b >> 13 if frame.noise_update_b else frame.noise_b) & 1
    state.noise_timer = frame.noise_timer_b
    state.noise_timer_of = state.noise_update = frame.noise_update_b
    active = 1 if sent(frame.atten31_before) else 0
    state.nc_active = 0
    state.nc_active_lock = active
    state.nc_sign = frame.noise_sign ^ 1
    state.nc_sign_lock = frame.noise_sign
    state.nc_sign_lock2 = active & (frame.noise_sign_before ^ 1)
    state.nc_out = 0xFFFF * state.nc_sign


@block
def take_sign(frame):
    """Clock 12: the sign that the noise channel plays, from the register's window that began at clock 2."""
    frame.noise_sign_before = frame.noise_sign
    frame.noise_sign = sign_of(frame.noise)


@block
def sign_of(word):
    """The bit that stands at the register's end at clock 12, ten clocks after its word was taken."""
    return (word >> 12) & 1


@block
def first_window(state, frame):
    """Clocks 2 to 17."""
    frame.noise_b, frame.noise_timer_b, frame.noise_update_b = window(
        state, frame.noise, frame.noise_timer, frame.noise_update
    )


@block
def second_window(state, frame):
    """Clocks 18 to 33."""
    frame.noise, frame.noise_timer, frame.noise_update = window(
        state, frame.noise_b, frame.noise_timer_b, frame.noise_update_b
    )


@block
def window(state, word, timer, update):
    """16 clocks: the register, the timer, and whether the next window shifts."""
    word = shifted(word) if update else word
    timer = 0 if timer == last_count(state) else (timer + 1) & TIMER_MASK
    return word, timer, 1 if timer == last_count(state) else 0


@block
def shifted(word):
    """Shift the 17-bit noise register by 16: bit n + 17 is bit n xor bit n + 3; all zeros give a one."""
    # The last two of 16 new bits depend on the first two: 17 - 3 are all that the old word gives.
    if word == 0:
        return 0x4001 << 1
    new = (word ^ (word >> 3)) & 0x3FFF
    new |= ((new ^ (word >> 14)) & 1) << 14 | (((new >> 1) ^ (word >> 15)) & 1) << 15
    return (word >> 16) | (new << 1)


@block
def slot_31(state, frame):
    """What slot 31 of the last frame gives the mixer at clock 12 of this: its output or the noise."""
    return output(frame.atten31_before, frame.noise_sign_before) if state.ne else frame.out31_before


@block
def output(atten, sign):
    """The noise in the mixer, from slot 31's envelope and the sign taken from the noise register."""
    bits = sent(atten) ^ (0 if sign else 0xFFFF)
    return noise.sample(bits, 1 if sent(atten) and not sign else 0)


@block
def sent(atten):
    """Slot 31's envelope as it has gone to the noise channel by clock 12: inverted, without the last bit."""
    return (atten ^ SILENCE) >> 1
