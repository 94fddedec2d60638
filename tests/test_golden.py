"""The contract: every golden vector of the reference, exact to the bit."""

import numpy as np
import pytest
from reference import UNUSED_THERE, differences, used_fields

import opm


def play_by_hand(golden):
    """Play a vector through the chip's public face, collecting what can be seen from outside."""
    chip = (opm.YM2164 if golden.chip == "ym2164" else opm.YM2151)()
    events, done = golden.events, 0
    seen = {name: [] for name in ("status", "pins_irq_ct", "eg_level", "pg_phase", "serial_pins")}

    def advance(cycles):
        nonlocal done
        end = chip.cycle + cycles
        while chip.cycle < end:
            while done < len(events) and events["cycle"][done] <= chip.cycle:
                kind, data = int(events["kind"][done]), int(events["data"][done])
                done += 1
                if kind == 2:
                    chip.ic = data
                else:
                    chip.write(kind, data)
            next_event = int(events["cycle"][done]) if done < len(events) else end
            single = chip.cycle < len(golden.arrays["serial_pins"])
            chip.step(1 if single else min(next_event, end) - chip.cycle)
            if single:
                state = chip.state
                seen["serial_pins"].append(state.so | state.sh1 << 1 | state.sh2 << 2)

    for frame in range(golden.frames):
        advance(golden.cycles_per_frame)
        seen["status"].append(chip.read(1))
        seen["pins_irq_ct"].append(chip.irq | chip.ct1 << 1 | chip.ct2 << 2)
        if (frame + 1) % golden.arrays["probe_every"] == 0:
            seen["eg_level"].append(chip.state.eg_level.copy())
            seen["pg_phase"].append(chip.state.pg_phase.copy())
    return chip, seen


def test_samples_and_state(golden):
    got, chip = opm.run(golden.events, golden.frames, golden.chip, golden.cycles_per_frame, return_chip=True)
    wrong = np.argwhere(got != golden.arrays["dac"])
    assert not wrong.size, f"frame, side {wrong[0]}: expected {golden.arrays['dac'][tuple(wrong[0])]}"
    lines = differences(chip.state, golden.state)
    assert not lines, "\n".join(lines)


def test_status_pins_and_probes(golden):
    chip, seen = play_by_hand(golden)
    for name, got in seen.items():
        want = golden.arrays[name].astype(np.int64)
        wrong = np.argwhere(np.array(got) != want)
        assert not wrong.size, f"{name}, {wrong[0]}: expected {want[tuple(wrong[0])]}, got {got[wrong[0][0]]}"
    assert not differences(chip.state, golden.state)


def test_the_field_table_is_complete(golden):
    theirs = {name.removeprefix("state_") for name in golden.arrays if name.startswith("state_")}
    assert theirs - UNUSED_THERE == used_fields()


def test_a_difference_is_seen(golden):
    _, chip = opm.run(golden.events, 1, golden.chip, golden.cycles_per_frame, return_chip=True)
    assert differences(chip.state, golden.state)
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(opm.run(golden.events[:0], golden.frames), golden.arrays["dac"])
