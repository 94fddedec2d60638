"""Noise: the shift register, its rate, and the noise channel in the place of C2 of channel 8."""

import numpy as np
import pytest

import opm

MIXED = 12  # the cycle in which the noise channel takes the place of slot 31
KEYED = [(0x27, 0xC7), (0x6F, 127), (0x9F, 31), (0xFF, 0), (0x08, 0x40 | 7)]  # C2 of channel 8 at full level


def events(*writes):
    """Register writes as bus events, two frames apart: the address before cycle 0, the data before cycle 2."""
    return [(64 * i + 2 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]


def register(nfrq, start, stop):
    """Return the 17 bits of the shift register after each cycle."""
    traced = opm.trace(events((0x0F, nfrq)), ["noise_lfsr", "noise_bit"], "cycle", start, stop)
    return traced["noise_lfsr"] << 1 | traced["noise_bit"]


def test_noise_register_is_17_bits_long_and_feeds_back_the_exclusive_or_of_its_bits_0_and_3():
    words = register(31, 64, 64 + 5000)
    for cycle, (word, got) in enumerate(zip(words[:-1].tolist(), words[1:].tolist(), strict=True)):
        expected = word >> 1 | ((word ^ word >> 3) & 1) << 16
        assert got == expected, f"cycle {cycle}: expected {expected:05x}, got {got:05x}"


def test_noise_register_has_period_2_to_17_minus_1():
    period = 2**17 - 1
    words = register(31, 64, 64 + period + 32)
    assert len(set(words[:period].tolist())) == period
    assert (words[period:] == words[:32]).all()


def test_noise_register_starts_by_itself_from_0():
    words = register(31, 0, 64)
    assert words[0] == 0
    assert words[words > 0][0] == 1 << 16


@pytest.mark.parametrize("nfrq", [0, 1, 16, 29, 30, 31])
def test_noise_register_shifts_16_bits_every_32_minus_nfrq_half_frames(nfrq):
    """A half frame is 32 master clocks: phiM / (32 * (32 - NFRQ)) times 16 bits per second."""
    period = 16 * (32 - nfrq)
    traced = opm.trace(events((0x0F, nfrq)), ["noise_update"], "cycle", 2048, 2048 + 8 * period)
    update = np.asarray(traced["noise_update"])
    assert update.sum() == 8 * 16
    assert (update[:-period] == update[period:]).all()


def test_noise_takes_the_place_of_c2_of_channel_8_and_of_no_other_slot():
    plain, noisy = (
        opm.trace(events((0x0F, ne | 31), *KEYED), ["op_mix", ("op_out", 5)], "cycle", 2048, 2048 + 3200)
        for ne in (0x00, 0x80)
    )
    cycle = (plain["cycle"] - 1) % 32
    assert (noisy["op_out[5]"] == plain["op_out[5]"]).all()  # the operator works on
    assert (plain["op_mix"] == plain["op_out[5]"]).all()
    assert set(cycle[noisy["op_mix"] != plain["op_mix"]].tolist()) == {MIXED}


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
@pytest.mark.parametrize("tl", [0, 1, 8, 64, 120])
def test_noise_amplitude_falls_linearly_with_the_attenuation_in_256_steps(tl, chip):
    """1023 less the attenuation (TL counts 8), without its two low bits, twice: plus or minus (two's complement)."""
    size = (1023 - 8 * tl >> 2) * 8
    rows = events((0x0F, 0x9F), *KEYED, (0x7F, tl))
    mixed = opm.trace(rows, ["op_mix"], "cycle", 2048, 2048 + 3200, chip)["op_mix"][MIXED::32]
    assert set(mixed.tolist()) == {size, ~size}


def test_noise_sign_is_the_last_bit_of_the_register_a_frame_ago():
    traced = opm.trace(events((0x0F, 0x9F), *KEYED), ["op_mix", "noise_lfsr"], "cycle", 2048, 2048 + 3200)[MIXED::32]
    positive = traced["op_mix"] > 0
    assert (positive[1:] == traced["noise_lfsr"][:-1] & 1).all()
    assert positive.any()
    assert not positive.all()
