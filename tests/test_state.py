"""The state record: its layout, and the declared widths after random programs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program

import opm


def test_layout():
    assert opm.STATE.itemsize == 4 * sum(field.count for field in opm.FIELDS)
    assert all(opm.STATE[field.name].base == np.int32 for field in opm.FIELDS)
    assert all(field.meaning and 1 <= field.bits <= 32 for field in opm.FIELDS)


def outside(state):
    """Return fields that have left their width, as text."""
    lines = []
    for field in opm.FIELDS:
        values = np.atleast_1d(state[field.name]).astype(np.int64)
        if field.bits < 32:
            low, high = (
                (-1 << field.bits - 1, (1 << field.bits - 1) - 1) if field.signed else (0, (1 << field.bits) - 1)
            )
            for i in np.flatnonzero((values < low) | (values > high)):
                lines.append(f"{field.name}[{i}]: expected {low} to {high}, got {values[i]}")
    return lines


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), cycles=st.integers(1, 20_000))
def test_no_field_leaves_its_width(chip, seed, cycles):
    _, played = opm.run(random_program(seed, cycles, chip), cycles, chip, cycles_per_frame=1, return_chip=True)
    assert not outside(played.state), f"seed {seed}: {outside(played.state)}"


def test_a_field_outside_its_width_is_seen():
    chip = opm.YM2151()
    chip.state.eg_rate[1] = 64
    assert outside(chip.state) == ["eg_rate[1]: expected 0 to 63, got 64"]
