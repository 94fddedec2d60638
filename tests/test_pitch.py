"""What a note's register bytes are."""

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
