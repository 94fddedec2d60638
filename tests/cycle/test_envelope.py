"""Envelope generator: levels in 3/32 dB steps, rates, the tick in every third frame, TL and the YM2164's ramp."""

import numpy as np
import pytest

import opm

SLOT = 8  # M2 of channel 1
ATTACK, DECAY1, DECAY2, RELEASE = range(4)
DB = 96 / 1024


def events(*writes):
    """Register writes as bus events, two frames apart: the address before cycle 0, the data before cycle 2."""
    return [(64 * i + 2 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]


def key_on(frames, field="eg_level", ar=31, d1r=0, d2r=0, d1l=15, ks=0, key_code=0):
    """Return a field of the slot after each frame from its key-on; the key code has 4 values per octave."""
    slot = [(0x28, key_code << 2), (0x88, ks << 6 | ar), (0xA8, d1r), (0xC8, d2r), (0xE8, d1l << 4 | 15)]
    return opm.trace(events(*slot, (0x08, 0x20)), [(field, SLOT)], start=10, stop=10 + frames)[f"{field}[{SLOT}]"]


def test_ar_31_reaches_0_db_at_once():
    for slot in (0, 8, 16, 24):
        rows = events((0x80 + slot, 31), (0x08, 0x78))
        traced = opm.trace(rows, [("eg_level", slot), ("kon", slot)], "cycle", 64, 192)
        level, kon = traced[f"eg_level[{slot}]"], traced[f"kon[{slot}]"]
        assert set(level.tolist()) == {1023, 0}
        assert level.argmin() - kon.argmax() == 5, f"slot {slot}: the key comes at slot - 2, the level at slot + 3"


@pytest.mark.parametrize("ar", [24, 26, 28, 30])
def test_attack_takes_one_16th_of_the_attenuation_per_tick_of_3_frames_and_twice_that_every_4_rates(ar):
    got, level, expected = key_on(300, ar=ar), 1023, []
    while level:
        level -= (level + 1) * 2 ** ((2 * ar >> 2) - 12) + 15 >> 4
        expected.append(level)
    steps = np.flatnonzero(np.diff(got)) + 1
    assert got[steps].tolist() == expected
    assert set(np.diff(steps).tolist()) == {3}


@pytest.mark.parametrize("rate", [4, 5, 6, 7, 21, 38, *range(44, 64)])
def test_decay_falls_by_1_step_per_tick_at_rate_48_and_twice_that_every_4_rates(rate):
    """Rates between add quarters: 1 + (rate mod 4) / 4 steps instead of 1; never more than 8."""
    ticks = 4 * 2 ** max(12 - rate // 4, 0)
    got = key_on(20 + 3 * ticks, d1r=rate >> 1, ks=3, key_code=rate & 1)
    assert got[-1] - got[-1 - 3 * ticks] == ticks * min((1 + rate % 4 / 4) * 2.0 ** (rate // 4 - 12), 8)


@pytest.mark.parametrize("ks", range(4))
def test_rate_is_twice_the_register_plus_the_key_code_by_2_to_3_minus_ks_and_rr_counts_as_2_rr_plus_1(ks):
    for rr in (0, 7, 15):
        rows = events((0x88, ks << 6), (0xE8, rr), *((0x28, code << 2) for code in range(32)))
        rate = opm.trace(rows, [("eg_rate", 0)], "cycle", 128, 128 + 64 * 32)["eg_rate[0]"][32 + SLOT :: 64]
        expected = [min(2 * (2 * rr + 1) + code // 2 ** (3 - ks), 63) for code in range(32)]
        assert rate.tolist() == expected, f"RR {rr}, eg_rate[0] at cycle {SLOT} by key code"


@pytest.mark.parametrize(("ar", "level"), [(0, 1023), (31, 0)])
def test_rate_0_stands_still_whatever_the_key_scaling(ar, level):
    assert (key_on(3000, ar=ar, d1r=0, ks=3, key_code=31)[2:] == level).all()


@pytest.mark.parametrize("d1l", range(16))
def test_d1l_is_3_db_per_step_and_d1l_15_is_93_db(d1l):
    assert key_on(400, d1r=31, d1l=d1l)[-1] * DB == (93 if d1l == 15 else 3 * d1l)


def test_states_go_attack_decay_1_decay_2_and_an_envelope_94_5_db_down_is_over():
    state, level = (key_on(500, field, d1r=31, d2r=31, d1l=4) for field in ("eg_state", "eg_level"))
    changes = [0, *(np.flatnonzero(np.diff(state)) + 1)]
    assert state[changes].tolist() == [RELEASE, ATTACK, DECAY1, DECAY2, RELEASE]
    assert level[changes[3] - 1] * DB == 3 * 4
    assert (level[level < 1023].max() * DB, level[-1]) == (94.5, 1023)


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_tl_is_0_75_db_per_step_and_the_sum_stops_at_1023(chip):
    setup = [(0x88, 31), (0xA8, 31), (0xE8, 10 << 4), *[(0x08, 0x20)] * 100]  # 30 dB
    rows, start = events(*setup, *((0x60 + SLOT, tl) for tl in range(128))), 64 * len(setup)
    out = opm.trace(rows, [("eg_out", 0)], "cycle", start, start + 64 * 128, chip)["eg_out[0]"][32 + SLOT + 3 :: 64]
    assert (out * DB).tolist() == [min(30 + 0.75 * tl, 1023 * DB) for tl in range(128)]


@pytest.mark.parametrize("divider", [0, 1, 6])
@pytest.mark.parametrize(("target", "levels"), [(12, range(64, 8 * 12 + 1)), (4, range(64, 8 * 4 + 6, -1))])
def test_ym2164_ramps_to_a_tl_with_bit_7_by_3_32_db_every_divider_plus_1_frames(target, levels, divider):
    """It stops where the upper bits are the target's: from above 7 steps short of it."""
    rows = events((0x00, divider), (0x60 + SLOT, 8), (0x60 + SLOT, 0x80 | target))
    tl = opm.trace(rows, ["opp_tl"], start=3, stop=3 + 40 * (divider + 1), chip="ym2164")["opp_tl"][:, SLOT]
    steps = np.flatnonzero(np.diff(tl)) + 1
    assert tl[[0, *steps]].tolist() == list(levels)
    assert set(np.diff(steps).tolist()) == {divider + 1}
