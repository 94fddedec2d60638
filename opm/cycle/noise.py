"""Noise: a 17-bit LFSR kept as a 16-bit serial register plus one bit, its timer, and the noise channel.

Source: die (Nuked-OPM). Two windows of 16 clocks per frame; in each the register either steps by 16 bits or
goes round unchanged.
"""

from .._jit import block


@block
def shift(s):
    """Rotate the register one bit; new bits come in while it updates."""
    bit = s.noise_lfsr & 1
    if s.ic or s.noise_update:
        empty = 1 if s.noise_lfsr == 0 and s.noise_bit == 0 else 0
        new = 0 if s.ic else empty | (((s.noise_lfsr >> 2) & 1) ^ s.noise_bit)
        s.noise_bit = bit
        bit = new
    s.noise_lfsr = (s.noise_lfsr >> 1) | (bit << 15)


@block
def timer(s):
    """Count 16-clock windows up to NFRQ; the overflow lets the register update in the next one."""
    value = s.noise_timer
    last = (s.cycles & 15) == 15
    s.noise_update = s.noise_timer_of
    if last:
        value = (value + 1) & 31
    if s.ic or (s.noise_timer_of and last):
        value = 0
    s.noise_timer_of = 1 if s.noise_timer == (s.nfrq ^ 31) else 0
    s.noise_timer = value


@block
def sample(envelope, negative):
    """Noise in the mixer, 16 bits: the serial envelope from bit 3 on, all bits around it those of the sign.

    -4089 is F007: bits 15 to 12 and 2 to 0.
    """
    value = ((envelope & ~1) << 2) | (-4089 if negative else 0)
    return ((value + 0x8000) & 0xFFFF) - 0x8000


@block
def channel(s):
    """Noise replaces C2 of channel 8 in the mixer at clock 12: slot 31's serial envelope with the noise sign."""
    s.nc_active |= s.eg_serial_bit
    if s.cycles == 13:
        s.nc_active = 0
    s.nc_out = ((s.nc_out << 1) | (s.nc_sign ^ s.eg_serial_bit)) & 0xFFFF
    s.nc_sign = s.nc_sign_lock ^ 1
    if s.cycles == 12:
        s.nc_active_lock = s.nc_active
        s.nc_sign_lock2 = s.nc_active & (s.nc_sign_lock ^ 1)
        s.nc_sign_lock = s.noise_lfsr & 1
        if s.ne:
            s.op_mix = sample(s.nc_out, s.nc_sign_lock2)
