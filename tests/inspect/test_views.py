"""Looks at the state: units, names, and notes there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import loud_program

import opm
from opm import views

NOTE = [(0x22, 0xC7), (0x2A, 0x4A), (0x32, 0x40), (0x42, 2), (0x62, 8), (0x82, 0x9F), (0xE2, 15), (0x08, 0x0A)]


@pytest.fixture
def chip():
    chip = opm.YM2151()
    for address, data in [*NOTE, (0x18, 0xC8), (0x19, 0x85), (0x1B, 2), (0x10, 0xFF), (0x14, 5), (0x12, 0xC8)]:
        chip.write_register(address, data)
    chip.generate(500)
    return chip


def test_slot(chip):
    view = opm.views.slot(chip.state, 3, "M1")
    assert view["state"] in ("decay 1", "decay 2")
    assert (view["key"], view["total level dB"], view["mul"], view["ar"], view["ks"]) == ("on", -6.0, 2, 31, 2)
    assert view["frequency Hz"] == pytest.approx(2 * 440 * 2 ** (16 / 64 / 12), rel=1e-3)
    assert 0 <= view["phase cycles"] < 1
    assert str(view["level dB"]) == "0.0"


def test_rates_are_those_the_envelopes_run_with():
    """In every slot's own clock its rate enters the pipeline; the view's rate of the state in force is the same."""
    chip = opm.YM2151()
    chip.run(loud_program(8, 20_000), 700)
    chip.generate(40)
    seen = set()
    for _ in range(32):
        slot = int(chip.state.cycles)
        state = opm.views.STATES[chip.state.eg_state[slot]]
        rate = opm.views.slot(chip.state, slot % 8 + 1, ("M1", "M2", "C1", "C2")[slot // 8])[f"{state} rate"]
        chip.step(1)
        assert rate == (0 if chip.state.eg_zr[0] else chip.state.eg_rate[0]), (slot, state)
        seen.add(rate)
    assert len(seen) > 8


def test_channel(chip):
    view = opm.views.channel(chip.state, 3)
    assert (view["note"], view["algorithm"], view["output"], view["key"]) == ("A4", 7, "both", "M1")
    assert view["cents"] == pytest.approx(25)
    assert view["connection"] == "M1+C1+M2+C2"
    assert opm.views.channel(chip.state, 3, clock=4_000_000)["frequency Hz"] == pytest.approx(498.8, abs=0.1)


def test_registers_lfo_and_timers(chip):
    held = opm.views.registers(chip.state)
    assert (held["22 RL"], held["22 CON"], held["82 AR M13"], held["2A KC"]) == (3, 7, 31, 0x4A)
    assert (held["10 CLKA high"], held["11 CLKA low"]) == (255, 0)
    lfo = opm.views.lfo(chip.state)
    assert (lfo["wave"], lfo["lfrq"], lfo["pmd"]) == ("triangle", 0xC8, 5)
    assert lfo["frequency Hz"] == pytest.approx(3_579_545 * 24 / 2**24)
    assert opm.views.lfo(chip.state, clock=4_000_000)["frequency Hz"] == pytest.approx(4_000_000 * 24 / 2**24)
    timers = opm.views.timers(chip.state)
    assert (timers["A"], timers["B"], timers["IRQ"]) == ("running", "stopped", 1)
    assert timers["A period ms"] == pytest.approx(4 * 64 / 3579.545)


def test_tables(chip):
    view = opm.views.slot(chip.state, 3, "M1")
    assert "<table>" in view._repr_html_()
    assert "M1 of channel 3" in view._repr_html_()
    assert repr(view).splitlines()[0].split() == ["slot", "M1", "of", "channel", "3"]


def test_recorded_states_look_the_same():
    """Rows of a trace of all fields, and copies."""
    program = loud_program(5, 20_000)
    rows, chip = opm.trace(program, opm.STATE.names, start=400, stop=600, return_chip=True)
    looks = (views.channel, views.lfo, views.timers, views.registers)
    for state in (rows[-1], chip.state.copy()):
        assert views.slot(state, 2, "C1") == views.slot(chip.state, 2, "C1")
        for look in looks:
            arguments = (2,) if look is views.channel else ()
            assert look(state, *arguments) == look(chip.state, *arguments)
    assert views.slot(rows[0], 2, "C1") != views.slot(rows[-1], 2, "C1")


@pytest.mark.parametrize(("call", "words"), [((9, "M1"), "1 to 8"), ((1, "M3"), "M3")])
def test_bad_slots_are_named(chip, call, words):
    with pytest.raises(ValueError, match=words):
        opm.views.slot(chip.state, *call)


@pytest.mark.parametrize(
    ("note", "clock", "code"),
    [("A4", 3_579_545, (0x4A, 0)), ("C5", 3_579_545, (0x4E, 0)), ("C#4", 3_579_545, (0x40, 0)),
     (69.5, 3_579_545, (0x4A, 32)), ("Bb3", 3_579_545, (0x3C, 0)), ("A4", 4_000_000, (0x48, 5))],
)  # fmt: skip
def test_notes(note, clock, code):
    assert opm.note(note, clock) == code


@given(st.integers(0, 96 * 64 - 1), st.sampled_from([3_579_545, 4_000_000, 3_546_895]))
def test_note_is_the_inverse_of_midi(steps, clock):
    kc, kf = opm.note(steps / 64 + 13, 3_579_545)
    assert opm.note(opm.midi_of(kc, kf, clock), clock) == (kc, kf)


@pytest.mark.parametrize("note", ["H4", "A", "C#", "A12", -5, 200, ""])
def test_bad_notes_are_named(note):
    with pytest.raises(ValueError, match="note"):
        opm.note(note)


def test_views_take_a_chip_and_know_its_clock():
    chip = opm.YM2151(clock=4_000_000)
    for address, data in opm.note("E4", 4_000_000).registers(1):
        chip.write_register(address, data)
    chip.generate(10)
    assert views.channel(chip, 1)["note"] == "E4"
    assert views.channel(chip.state, 1)["note"] == "D4"
    assert views.slot(chip, 1, "C2") == views.slot(chip.state, 1, "C2", 4_000_000)
    assert views.timers(chip) == views.timers(chip.state, 4_000_000)
    assert views.lfo(chip) == views.lfo(chip.state, 4_000_000)
    assert views.registers(chip) == views.registers(chip.state)


@pytest.mark.parametrize("kc", [0x7E, 0x7F, 0x73, 0x0F])
@pytest.mark.parametrize("kf", [0, 1, 63])
def test_pitch_is_what_sounds_also_at_unused_and_highest_codes(kc, kf):
    """The increment of a slot without detune, from the chip itself."""
    chip = opm.YM2151()
    for address, data in opm.pitch.KeyCode(kc, kf).registers(1):
        chip.write_register(address, data)
    chip.generate(4)
    hertz = views.slot(chip, 1, "M1")["frequency Hz"] * 2  # MUL 0 is a half
    assert views.channel(chip, 1)["frequency Hz"] == pytest.approx(
        hertz, rel=0.003 if kc < 0x10 else 0.0017
    )  # F-numbers are cut down
