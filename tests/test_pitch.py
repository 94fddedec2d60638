"""What a note's register bytes are."""

import numpy as np
import pytest

import opm
from opm import pitch, registers


def test_the_registers_of_a_note_are_those_of_the_map():
    (kc_address, kc), (kf_address, kf) = opm.note(69.5).registers(3)
    assert (kc_address, kf_address) == (registers.KC + 2, registers.KF + 2)
    assert kf == registers.encode(kf_address, kf=32)
    assert opm.describe(kf_address, kf) == "channel 3: KF 32"
    assert opm.describe(kc_address, kc) == "channel 3: KC 74"


def test_the_chip_takes_them():
    chip = opm.YM2151()
    for address, data in opm.note("C#5").registers(8):
        chip.write_register(address, data)
    chip.generate(8)
    assert (chip.state.ch_kc[7], chip.state.ch_kf[7]) == opm.note("C#5")


def test_every_key_code_is_a_semitone_above_the_last():
    assert [opm.midi_of(code) for code in pitch.KEY_CODES] == list(range(13, 13 + 96))


@pytest.mark.parametrize("channel", [0, 9])
def test_no_such_channel(channel):
    with pytest.raises(ValueError, match="1 to 8"):
        opm.note("A4").registers(channel)


def test_a_note_too_high_for_a_clock():
    with pytest.raises(ValueError, match="at 16000000 Hz"):
        opm.note(-20, 16e6)


@pytest.mark.parametrize("clock", [0, -1, float("inf"), float("nan")])
def test_no_clock(clock):
    for ask in (lambda: opm.note("A4", clock), lambda: opm.midi_of(74, 0, clock)):
        with pytest.raises(ValueError, match="clock must be a number above 0, got"):
            ask()


def test_many_notes_at_once_are_the_same_notes():
    """Whole, fractional, half-way between two fractions of the chip, by name."""
    notes = [*np.arange(13, 108.9, 1 / 128).tolist(), "C#4", "Bb3", 60, np.float32(61.3)]
    kc, kf = pitch.key_codes(notes)
    assert [*zip(kc.tolist(), kf.tolist(), strict=True)] == [tuple(opm.note(each)) for each in notes]
    assert [len(each) for each in pitch.key_codes([])] == [0, 0]


@pytest.mark.parametrize("wrong", [12.9, 109.0, float("nan"), float("inf"), "H4", 1e300])
def test_one_wrong_note_among_many_is_named(wrong):
    with pytest.raises(ValueError, match="note") as one:
        opm.note(wrong)
    with pytest.raises(ValueError, match="note") as many:
        pitch.key_codes([60, wrong, 61])
    assert str(many.value) == str(one.value)
