"""Noise: a 17-bit LFSR kept as a 16-bit serial register plus one bit, its timer, and the noise channel.

Source: die (Nuked-OPM). Two windows of 16 clocks per frame; in each the register either steps by 16 bits or
goes round unchanged. The twin ``frame.noise`` does a window at once, ``span.noise`` many of its windows.
"""

from .._jit import block
from ..bits import signed

TIMER_MASK = 31
"""The timer has five bits, as many as NFRQ: ``last_count`` must fit, or it is never met and the noise stands still."""


@block
def shift(state):
    """Rotate the register one bit; new bits come in while it updates."""
    bit = state.noise_lfsr & 1
    if state.ic or state.noise_update:
        # All zeros would shift in zeros for ever.
        empty = 1 if state.noise_lfsr == 0 and state.noise_bit == 0 else 0
        new = 0 if state.ic else empty | (((state.noise_lfsr >> 2) & 1) ^ state.noise_bit)
        state.noise_bit = bit
        bit = new
    state.noise_lfsr = (state.noise_lfsr >> 1) | (bit << 15)


@block
def timer(state):
    """Count 16-clock windows up to NFRQ; the overflow lets the register update in the next one."""
    value = state.noise_timer
    last = (state.cycles & 15) == 15
    state.noise_update = state.noise_timer_of
    if last:
        value = (value + 1) & TIMER_MASK
    if state.ic or (state.noise_timer_of and last):
        value = 0
    # YM2151-LLE and IKAOPM compare the count behind its step.
    state.noise_timer_of = 1 if state.noise_timer == last_count(state) else 0
    state.noise_timer = value


@block
def last_count(state):
    """Where the timer ends: it counts windows from 0, so that NFRQ 31 shifts in each and 0 in one of 32."""
    return state.nfrq ^ 31


@block
def sample(envelope, negative):
    """Noise in the mixer, 16 bits: the serial envelope from bit 3 on, all bits around it those of the sign.

    -4089 is F007: bits 15 to 12 and 2 to 0.
    """
    return signed(((envelope & ~1) << 2) | (-4089 if negative else 0), 16)


@block
def channel(state):
    """Noise replaces C2 of channel 8 in the mixer at clock 12: slot 31's serial envelope with the noise sign."""
    state.nc_active |= state.eg_serial_bit
    if state.cycles == 13:
        state.nc_active = 0
    state.nc_out = ((state.nc_out << 1) | (state.nc_sign ^ state.eg_serial_bit)) & 0xFFFF
    state.nc_sign = state.nc_sign_lock ^ 1
    # YM2151-LLE and IKAOPM take the bit for the sign, not its inverse. At rest this leaves 0 or -8, -72 dBFS for ever;
    # YM2151-LLE gives 0 then.
    if state.cycles == 12:
        state.nc_active_lock = state.nc_active
        state.nc_sign_lock2 = state.nc_active & (state.nc_sign_lock ^ 1)
        state.nc_sign_lock = state.noise_lfsr & 1
        if state.ne:
            state.op_mix = sample(state.nc_out, state.nc_sign_lock2)
