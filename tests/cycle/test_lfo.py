"""LFO: its frequency, its four waves as AM and PM see them, the depths, and AMS."""

import numpy as np
import pytest

import opm
from opm.registers import lfo_hertz

SAW, SQUARE, TRIANGLE, NOISE = range(4)
STEP = 8  # frames per step of the wave at LFRQ F0
HOLD, RUN = (0x01, 0x02), (0x01, 0x00)  # test bit 1 holds the wave at its start


def events(*writes):
    """Register writes as bus events, two frames apart: the address before cycle 0, the data before cycle 2."""
    return [(64 * i + 2 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]


def wave(w, amd, pmd):
    """AM and PM (signed, as the size comes with a sign bit) of the 256 steps of a wave from its start."""
    rows = events(HOLD, (0x18, 0xF0), (0x1B, w), (0x19, amd), (0x19, 0x80 | pmd), RUN)
    start = 12 + 6  # AM has a new value from frame 12, 20, ... on, PM from frame 16, 24, ...
    traced = opm.trace(rows, ["lfo_am", "lfo_pm"], start=start, stop=start + 256 * STEP)[::STEP]
    size, negative = traced["lfo_pm"] & 127, traced["lfo_pm"] >> 7
    return traced["lfo_am"].tolist(), np.where(negative, -size, size).tolist()


@pytest.mark.parametrize("lfrq", [0xF0, 0xF5, 0xFF, 0xE9, 0xD2])
def test_lfo_frequency_is_phi_m_times_16_plus_low_nibble_times_2_to_the_high_nibble_by_2_to_36(lfrq):
    """A frame is 2**6 master clocks: 2**(30 - high nibble) frames hold 16 + low nibble waves."""
    high, low = lfrq >> 4, lfrq & 15
    frames = 2 ** (30 - high)
    am = opm.trace(events((0x18, lfrq), (0x19, 127)), ["lfo_am"], start=100, stop=100 + frames + 1)["lfo_am"]
    assert (np.diff(am) > 0).sum() == 16 + low  # the saw starts over
    assert lfo_hertz(lfrq) == pytest.approx((16 + low) / frames * opm.YM2151().sample_rate)


@pytest.mark.parametrize("depth", [127, 64, 1])
def test_lfo_saw_lets_the_attenuation_fall_from_255_to_0_and_the_pitch_rise_from_0_and_from_minus_127(depth):
    am, pm = wave(SAW, depth, depth)
    assert am == [(255 - n) * depth >> 7 for n in range(256)]
    sizes = [n if n < 128 else 255 - n for n in range(256)]
    assert pm == [signed(size * depth >> 7, n) for n, size in enumerate(sizes)]


def test_lfo_square_is_255_then_0_for_am_and_plus_then_minus_the_whole_depth_for_pm():
    am, pm = wave(SQUARE, 127, 100)
    assert am == [255 * 127 >> 7] * 128 + [0] * 128
    assert pm == [signed(100, n) for n in range(256)]


def test_lfo_triangle_falls_and_rises_by_2_per_step_and_pm_goes_up_down_below_and_back():
    am, pm = wave(TRIANGLE, 127, 127)
    assert am == [(255 - 2 * n if n < 128 else 2 * n - 256) * 127 >> 7 for n in range(256)]
    sizes = [min(2 * n % 256, 255 - 2 * n % 256) for n in range(256)]
    assert pm == [signed(size * 127 >> 7, n) for n, size in enumerate(sizes)]


def signed(size, step):
    """PM's sign is that of the step its size is of (before Nuked-OPM f209e6e it came one step early)."""
    return -size if step & 128 else size


def test_lfo_noise_takes_16_bits_of_the_noise_register_at_each_step():
    rows = events((0x0F, 31), (0x1B, NOISE), (0x18, 0xF0))
    traced = opm.trace(rows, ["noise_lfsr", "lfo_val", "lfo_clock_lock"], "cycle", 32 * 200, 32 * 400 + 16)
    steps = 0
    for i in range(32 * 200):
        if traced["cycle"][i] % 16 == 15 and traced["lfo_clock_lock"][i]:
            bits = traced["noise_lfsr"][i : i + 16] & 1
            expected = int("".join(map(str, bits)), 2)
            got = traced["lfo_val"][i + 16] & 0xFFFF
            assert got == expected, f"cycle {traced['cycle'][i]}, lfo_val: expected {expected:04x}, got {got:04x}"
            steps += 1
    assert steps == 200 // STEP


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_ams_1_2_3_is_24_48_96_db_at_full_depth_and_only_with_ams_en(chip):
    full = 255 * 127 >> 7
    for ams, db in enumerate((0, 24, 48, 96)):
        rows = events(HOLD, (0x38, ams), (0xA0, 0x80), (0x1B, SQUARE), (0x18, 0xF0), (0x19, 127), RUN)
        eg_am = opm.trace(rows, ["eg_am"], "cycle", 64 * 20, 64 * 20 + 32, chip)["eg_am"]
        assert eg_am[0] == (full << ams >> 1 if ams else 0)
        assert eg_am[0] * 96 / 1024 == pytest.approx(db, rel=0.02)
        assert not eg_am[1:].any()  # the slots without AMS-EN


def test_lfo_stands_at_its_start_while_test_bit_1_is_set():
    am = opm.trace(events((0x18, 0xFF), (0x19, 127), HOLD), ["lfo_am"], start=20, stop=1000)["lfo_am"]
    assert (am == 255 * 127 >> 7).all()
