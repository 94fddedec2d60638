"""The state record: its layout, and the declared widths after random programs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import loud_program, random_program

import opm


def test_layout():
    assert opm.STATE.itemsize == 4 * sum(field.count for field in opm.FIELDS)
    assert all(opm.STATE[field.name].base == np.int32 for field in opm.FIELDS)
    assert all(field.meaning and 1 <= field.bits <= 32 for field in opm.FIELDS)


def test_fields_are_found_by_name_and_are_a_table():
    field = opm.FIELDS["eg_level"]
    assert (field.name, field.bits, field.count) == ("eg_level", 10 + 1, 32)
    assert [opm.FIELDS[each.name] for each in opm.FIELDS] == list(opm.FIELDS)
    assert opm.FIELDS[0].name == opm.FIELDS[:1][0].name == opm.STATE.names[0]
    page = opm.FIELDS._repr_html_()
    assert page.count("<tr><th ") == len(opm.FIELDS) + 1
    assert "noise enable: channel 8 C2 plays noise" in page
    for wrong in ("eg_levle", "", "EG_LEVEL!"):
        with pytest.raises(ValueError, match=f"no field '{wrong}'"):
            opm.FIELDS[wrong]
    with pytest.raises(ValueError, match="but eg_level"):
        opm.FIELDS["eg_levl"]


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


@pytest.mark.parametrize("make", [opm.YM2151, opm.YM2164])
def test_sums_that_never_end(make):
    """IC restarts the frame, again and again, before sums are taken over: they grow, and nothing is refused."""
    chip, other = make(), make()
    chip.run(loud_program(3, 0), 600)
    other.load(chip.save())
    for _ in range(500):
        chip.ic = 1
        chip.step(1)
        chip.ic = 0
        chip.step(11)
    assert np.abs(chip.state.tap_sum).max() > 2**19
    other.load(chip.save())
    np.testing.assert_array_equal(chip.generate_channels(100), other.generate_channels(100))


def test_a_field_outside_its_width_is_seen():
    chip = opm.YM2151()
    chip.state.eg_rate[1] = 64
    assert outside(chip.state) == ["eg_rate[1]: expected 0 to 63, got 64"]


def test_the_fields_complete_and_show_themselves_by_block():
    """In ``dir``, in the live state, its copies and rows of a trace; only what is not 0, under the block's name."""
    chip = opm.YM2151()
    chip.write_register(0x28, 0x4A)
    rows, traced = opm.trace([(0, 0, 0x28), (2, 1, 0x4A)], opm.STATE.names, stop=3, return_chip=True)
    chip.generate(3)
    for state in (chip.state, chip.state.copy(), rows[-1], traced.state):
        assert set(opm.STATE.names) <= set(dir(state))
        text = repr(state)
        assert "registers, channel" in text
        assert "ch_kc                 74 0 0 0 0 0 0 0" in text
        assert "timer_a " not in text
        assert "key code" in state._repr_html_()
    assert rows[-1].ch_kc[0] == 74
    assert str(chip.state) == repr(chip.state)


def test_a_chip_says_what_it_is_and_what_sounds():
    chip = opm.YM2151(clock=4_000_000)
    for address, data in [*opm.note("E4", 4_000_000).registers(3), (0x08, 0x7A)]:
        chip.write_register(address, data)
    chip.generate(62_500)
    assert repr(chip) == "YM2151 at 4000000 Hz, 1.000 s after reset, keyed on: 3 E4"
    assert repr(opm.YM2164()) == "YM2164 at 3579545 Hz, 0.000 s after reset, keyed on: nothing"
