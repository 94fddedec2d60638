"""Measurements on the chip: the times of all rates beside the manual's, one by one beside a note that is traced."""

import numpy as np
import pytest

import opm


@pytest.fixture(scope="module")
def times():
    return opm.measure.envelope_times(3_600_000)


def test_times_are_the_manuals(times):
    for name, rates, tolerance in (("decay", slice(4, 64), 0.005), ("attack", slice(4, 48), 0.025)):
        ratio = times[f"{name}_ms"][rates] / times[f"manual_{name}_ms"][rates]
        worst = int(np.abs(ratio - 1).argmax())
        assert abs(ratio[worst] - 1) < tolerance, f"{name} at rate {times.rate[rates][worst]}: {ratio[worst]:.4f}"


def test_what_stands_still_takes_for_ever(times):
    assert np.isinf(times.attack_ms[:2]).all()
    assert np.isinf(times.decay_ms[:2]).all()
    assert np.isfinite(times.attack_ms[2:]).all()
    assert np.isfinite(times.decay_ms[2:]).all()


@pytest.mark.parametrize("rate", [24, 41, 63])
def test_one_decay_is_that_of_a_note(times, rate):
    op = opm.Operator(ar=31, d1r=rate // 2, d2r=rate // 2, d1l=15, ks=3)
    events, key_on, *_ = opm.Voice(con=7, slots=1, ops=[op] * 4).note("A4", np.inf, clock=3_600_000)
    at = np.flatnonzero(events["data"] == 0x28)[0] + 1
    events["data"][at] = 4 * (rate % 2)
    level = opm.trace(events, [("eg_level", 0)], start=key_on, stop=key_on + 240_000)["eg_level[0]"]
    frames = np.argmax(level[np.argmax(level == 0) :] == 1023)
    # Where the counter stands that paces the steps - at most 2 ** 12 ticks of three frames apart - differs.
    assert abs(frames * 64 / 3600 - times.decay_ms[rate]) <= 64 / 3600 * 3 * 2 ** max(0, 12 - rate // 4)


def test_frequency_follows_the_clock_and_the_registers():
    a4 = opm.measure.frequency(*opm.note("A4"))
    assert a4 == pytest.approx(440, abs=0.3)
    assert opm.measure.frequency(*opm.note("A4"), mul=0) == pytest.approx(a4 / 2, rel=1e-4)
    assert opm.measure.frequency(*opm.note("A4"), clock=4_000_000) == pytest.approx(a4 * 4 / 3.579545)
    assert 1200 * np.log2(opm.measure.frequency(0x4A, dt2=1) / opm.measure.frequency(0x4A)) == pytest.approx(600, abs=1)
    assert opm.measure.frequency(0x4A, dt1=3) > opm.measure.frequency(0x4A) > opm.measure.frequency(0x4A, dt1=7)
    with pytest.raises(ValueError, match="200"):
        opm.measure.frequency(200)
