"""State over time: what is recorded is what the chip had, and recording changes nothing."""

import signal

import numpy as np
import pytest
from programs import loud_program, random_program, settled_chip
from vcdvcd import VCDVCD

import opm

signal.signal(signal.SIGPIPE, signal.SIG_IGN)
"""As Python has it. Importing vcdvcd undoes it, so that a connection the other side closes would end all the tests."""
PROGRAM = random_program(21, 40_000)


@pytest.mark.parametrize(("every", "step"), [("frame", 32), ("cycle", 1)])
def test_rows_are_the_state_after_each_step(every, step):
    rows = opm.trace(PROGRAM, ["eg_level", ("pg_phase", 9), "cycles", "timer_a"], every, start=100, stop=140)
    assert rows.dtype.names == ("cycle", "eg_level", "pg_phase[9]", "cycles", "timer_a")
    assert rows["eg_level"].shape == (40, 32)
    for i in (0, 17, 39):
        cycles = (101 + i) * step
        assert rows["cycle"][i] == cycles
        _, chip = opm.run(PROGRAM, cycles, cycles_per_frame=1, return_chip=True)
        np.testing.assert_array_equal(rows["eg_level"][i], chip.state.eg_level)
        assert rows["pg_phase[9]"][i] == chip.state.pg_phase[9]
        assert (rows.cycles[i], rows.timer_a[i]) == (chip.state.cycles, chip.state.timer_a)


@pytest.mark.parametrize("make", [opm.YM2151, opm.YM2164])
def test_every_field_after_each_frame_without_single_clocks(make):
    """From the frame engine, register writes included, as the cycle engine has them."""
    traced, reference = settled_chip(11, make), settled_chip(11, make)
    for chip in (traced, reference) if make is opm.YM2151 else ():
        for address in (0x63, 0x2B, 0x3B, 0x23, 0x08):
            chip.write_register(address, 0x4B)
    before = traced.frame_cycles
    fields = list(opm.STATE.names)
    rows = opm.trace(traced, fields, start=3, stop=90)
    assert traced.frame_cycles - before == 90 * 32
    reference.run((), 3, engine="cycle")
    for i in range(87):
        reference.run((), 1, engine="cycle")
        for name in fields:
            np.testing.assert_array_equal(rows[name][i], reference.state[name], f"frame {i + 3}, {name}")
    assert traced.state == reference.state


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_a_trace_never_changes_what_is_played(chip):
    program = random_program(5, 40_000, chip)
    _, traced = opm.trace(program, ["so"], "cycle", 5000, 20_000, chip, return_chip=True)
    _, played = opm.run(program, 20_000, chip, cycles_per_frame=1, return_chip=True)
    assert traced.state == played.state


def test_rows_of_longer_frames():
    """As ``opm.run`` plays a chip at twice its speed."""
    rows = opm.trace(PROGRAM, ["eg_level"], start=50, stop=60, cycles_per_frame=64)
    assert rows["cycle"].tolist() == [64 * frame for frame in range(51, 61)]
    np.testing.assert_array_equal(rows["eg_level"], opm.trace(PROGRAM, ["eg_level"], stop=120)["eg_level"][101::2])


def test_nothing_is_an_empty_array():
    assert len(opm.trace([], ["so"], start=3, stop=3)) == 0


def test_to_pandas():
    import pandas

    frame = opm.trace([], ["eg_rate", "eg_timer"], stop=5).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["eg_rate[0]", "eg_rate[1]", "eg_timer"]
    assert frame.index.tolist() == [32, 64, 96, 128, 160]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fields": ["nonsense"]}, "nonsense"),
        ({"fields": [("eg_level", 32)]}, "0 to 31"),
        ({"fields": []}, "at least one"),
        ({"fields": ["so", "sh1", "so"]}, "each field once, got so, sh1, so"),
        ({"fields": ["so"], "every": "second"}, "second"),
        ({"fields": ["so"], "start": 5, "stop": 4}, "4 < 5"),
        ({"fields": ["so"], "chip": "opl"}, "opl"),
    ],
    ids=range(7),
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        opm.trace([], **arguments)


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_vcd_has_the_ct_pins_not_the_register_bits(tmp_path, chip):
    """CT1 written as 1; test bit 3 then puts the LFO's clock there; the YM2164 swaps the pins."""
    test = 9 if chip == "ym2164" else 1
    rows = [(0x1B, 0x40), (0x18, 0xFF), (test, 0x08)]
    program = [(100 * i + 2 * k, k, row[k]) for i, row in enumerate(rows) for k in (0, 1)]
    opm.write_vcd(tmp_path / "ct.vcd", program, stop=600, chip=chip, clock=4_000_000)
    read = VCDVCD(str(tmp_path / "ct.vcd"))
    played = (opm.YM2164 if chip == "ym2164" else opm.YM2151)()
    for cycle in range(600):
        played.run([event for event in program if event[0] == cycle], 1, cycles_per_frame=1)
        pins = [int(read[f"opm.CT{i}"][(cycle + 1) * 500_000], 2) for i in (1, 2)]
        assert pins == [played.ct1, played.ct2], cycle


def test_vcd_read_back_by_a_public_reader(tmp_path):
    path = tmp_path / "pins.vcd"
    program = loud_program(3, 0)
    opm.write_vcd(path, program, [("pg_phase", 0), "op_out"], start=7000, stop=7640, clock=4_000_000)
    rows = opm.trace(program, ["so", "sh1", "sh2", ("pg_phase", 0), "op_out", "bus_data"], "cycle", 7000, 7640)
    read = VCDVCD(str(path))
    assert read.timescale["magnitude"] == 1
    names = {
        "so": "opm.SO",
        "sh1": "opm.SH1",
        "sh2": "opm.SH2",
        "bus_data": "opm.D[7:0]",
        "pg_phase[0]": "opm.pg_phase_0[19:0]",
    }
    found = {name.split("[")[0]: name for name in read.signals}
    for field, name in names.items():
        signal = read[found[name.split("[")[0]]]
        got = [int(signal[int(cycle) * 500_000], 2) for cycle in rows["cycle"]]
        assert got == rows[field].tolist(), field
    signal = read[found["opm.op_out_5"]]
    got = [int(signal[int(cycle) * 500_000], 2) for cycle in rows["cycle"]]
    assert got == (rows["op_out"][:, 5] & 0x7FFF).tolist()
    (other := tmp_path / "other").touch()
    assert path.stat().st_mode == other.stat().st_mode
    assert {path.name for path in tmp_path.iterdir()} == {"pins.vcd", "other"}


@pytest.mark.parametrize("every", ["frame", "cycle"])
def test_a_trace_begins_anywhere_with_the_quick_engine(every):
    """The same rows, however far from reset; up to the first row most of it is done by frames."""
    program = loud_program(3, 30_000)
    whole = opm.trace(program, ["eg_level", "pg_phase"], every, stop=3000 if every == "frame" else 60_000)
    start = 2000 if every == "frame" else 40_007
    part, chip = opm.trace(program, ["eg_level", "pg_phase"], every, start, len(whole), return_chip=True)
    np.testing.assert_array_equal(part, whole[start:])
    assert chip.frame_cycles > 0


def test_a_trace_of_a_chip_goes_on_from_where_it_stands():
    program = loud_program(3, 20_000)
    want = opm.trace(program, ["eg_level"], start=900, stop=1000)
    chip = opm.YM2151()
    chip.run(program, 850)
    got = opm.trace(chip, ["eg_level"], start=50, stop=150)
    np.testing.assert_array_equal(got, want)
    assert chip.cycle == 32 * 1000
    assert "<table>" in got._repr_html_()
