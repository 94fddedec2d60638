"""The contract: every golden vector of the reference, exact to the bit."""

import numpy as np
import pytest
from conftest import ROOT, Golden
from reference import UNUSED_THERE, differences, used_fields

import opm
from opm.events import CYCLES_PER_FRAME, IC

PINS = ["busy", "timer_a_flag", "timer_b_flag", "timer_irq", "ct1", "ct2", "lfo_clock_test"]
TESTED = ["eg_serial_bit", "pg_serial", ("op_out", 5), *(("test", bit) for bit in (3, 6, 7))]
BY_HAND = ("random_test_ic", "random_ym2164_test_ic")
"""Vectors that move all pins, and read what test bits put on them."""


def seen_from_outside(golden):
    """Return a vector's status, pins and probes after every frame, as traced in one go, and the chip."""
    per_row = golden.cycles_per_frame // CYCLES_PER_FRAME
    fields = [*PINS, *TESTED, "eg_level", "pg_phase"]
    traced, chip = opm.trace(golden.events, fields, stop=golden.frames * per_row, chip=golden.chip, return_chip=True)
    rows = traced[per_row - 1 :: per_row]
    word = rows["op_out[5]"] | (rows["eg_serial_bit"] ^ 1) << 14 | (rows["pg_serial"] & 1) << 15
    byte = np.where(rows["test[7]"], word, word >> 8) & 0xFF
    flags = rows["busy"] << 7 | rows["timer_b_flag"] << 1 | rows["timer_a_flag"]
    ct1, ct2 = np.where(rows["test[3]"], rows["lfo_clock_test"], rows["ct1"]), rows["ct2"]
    if golden.chip == "ym2164":
        ct1, ct2 = ct2, ct1
    every = int(golden.arrays["probe_every"])
    clocks = opm.trace(
        golden.events, ["so", "sh1", "sh2"], "cycle", stop=len(golden.arrays["serial_pins"]), chip=golden.chip
    )
    return chip, {
        "status": np.where(rows["test[6]"], byte, flags),
        "pins_irq_ct": rows["timer_irq"] | ct1 << 1 | ct2 << 2,
        "eg_level": rows["eg_level"][every - 1 :: every],
        "pg_phase": rows["pg_phase"][every - 1 :: every],
        "serial_pins": clocks["so"] | clocks["sh1"] << 1 | clocks["sh2"] << 2,
    }


def played_by_hand(golden):
    """Return what the chip's own reads and pins show, written to and stepped as a driver would; and the chip."""
    chip = (opm.YM2164 if golden.chip == "ym2164" else opm.YM2151)()
    events = iter([*golden.events.tolist(), (np.inf, 0, 0)])
    due, kind, data = next(events)
    status, pins = [], []
    for frame in range(1, golden.frames + 1):
        end = frame * golden.cycles_per_frame
        while chip.cycle < end:
            chip.step(min(due, end) - chip.cycle)
            while due <= chip.cycle < end:
                if kind == IC:
                    chip.ic = data
                else:
                    chip.write(kind, data)
                due, kind, data = next(events)
        status.append(chip.read(1))
        pins.append(chip.irq | chip.ct1 << 1 | chip.ct2 << 2)
    return chip, {"status": status, "pins_irq_ct": pins}


def check(golden, chip, seen):
    for name, got in seen.items():
        want = golden.arrays[name].astype(np.int64)
        assert np.shape(got) == want.shape, name
        wrong = np.argwhere(np.array(got) != want)
        assert not wrong.size, f"{name}, {wrong[0]}: expected {want[tuple(wrong[0])]}, got {got[wrong[0][0]]}"
    assert not differences(chip.state, golden.state)


def test_samples_and_state(golden):
    got, chip = opm.run(golden.events, golden.frames, golden.chip, golden.cycles_per_frame, return_chip=True)
    wrong = np.argwhere(got != golden.arrays["dac"])
    assert not wrong.size, f"frame, side {wrong[0]}: expected {golden.arrays['dac'][tuple(wrong[0])]}"
    lines = differences(chip.state, golden.state)
    assert not lines, "\n".join(lines)


def test_status_pins_and_probes(golden):
    check(golden, *seen_from_outside(golden))


@pytest.mark.parametrize("name", BY_HAND)
def test_status_and_pins_by_hand(name):
    golden = Golden(ROOT / "tests" / "golden" / f"{name}.npz")
    check(golden, *played_by_hand(golden))


def test_the_field_table_is_complete(golden):
    theirs = {name.removeprefix("state_") for name in golden.arrays if name.startswith("state_")}
    assert theirs - UNUSED_THERE == used_fields()


def test_a_difference_is_seen(golden):
    _, chip = opm.run(golden.events, 1, golden.chip, golden.cycles_per_frame, return_chip=True)
    assert differences(chip.state, golden.state)
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(opm.run(golden.events[:0], golden.frames), golden.arrays["dac"])
