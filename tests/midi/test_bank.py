"""The bank that ships: what its script makes, as loud as each other, all of General MIDI."""

import numpy as np
import pytest

from opm.midi import toml_bank
from opm.midi.banks import default_bank
from opm.midi.design import __main__ as script
from opm.midi.design import measure
from opm.midi.design.drums import DRUMS
from opm.midi.design.programs import PROGRAMS

VELOCITY_100 = 6
"""Steps of TL below velocity 127: 4.15 dB."""
KEY = 60


@pytest.fixture(scope="module")
def programs():
    """Return the programs as a converter reads them: number to instrument."""
    return {number: default_bank().program(number) for number in range(128)}


def test_the_script_makes_the_file_that_is_there():
    assert script.BANK.read_bytes() == script.text().encode()


def test_the_script_writes_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "BANK", tmp_path / "bank.toml")
    monkeypatch.setattr(script, "text", lambda: "# é\n")
    assert script.main([]) == 0
    assert script.BANK.read_bytes() == "# é\n".encode()
    assert capsys.readouterr().out == f"{script.BANK}: 128 programs, {len(DRUMS)} drums\n"


@pytest.mark.parametrize(("arguments", "said"), [(["-x", "y"], "expected no arguments, got -x y"), ([], "not there")])
def test_what_is_wrong_is_said_in_a_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "BANK", tmp_path / "not there" / "bank.toml")
    monkeypatch.setattr(script, "text", lambda: "")
    assert script.main(arguments) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith("python -m opm.midi.design: ")
    assert said in error


def test_all_of_general_midi_is_there(programs):
    assert [program.number for program in PROGRAMS] == list(range(128))
    assert not any(instrument.stands_in for instrument in programs.values())
    assert len({instrument.name for instrument in programs.values()}) == 128
    assert {key for _, key in default_bank().drums} == {drum.key for drum in DRUMS}


def test_nothing_is_lost_on_the_way_to_the_converter(programs):
    """What is read is what was designed, but for the carriers' level."""
    for program in PROGRAMS:
        read, carrier = programs[program.number], program.voice.carriers[0]
        assert (read.name, read.transpose) == (program.voice.name, program.transpose)
        steps = read.voice.ops[carrier].tl - program.voice.ops[carrier].tl
        assert read.voice == measure.shifted(program.voice, steps), read.name


def test_all_are_equally_loud(programs):
    """At velocity 127 within 0.75 dB of the bank's level, at velocity 100 within 1.5 dB of each other."""
    full = {each.name: measure.level(each.voice, KEY + each.transpose) for each in programs.values()}
    wrong = {name: round(level, 2) for name, level in full.items() if abs(level - measure.LEVEL) > 0.75}
    assert not wrong, f"expected {measure.LEVEL} dBFS, got {wrong}"
    voices = [(measure.shifted(each.voice, VELOCITY_100), KEY + each.transpose) for each in programs.values()]
    softer = [measure.level(voice, note) for voice, note in voices]
    assert np.ptp(softer) < 1.5, sorted(zip(softer, full, strict=True))


def test_no_register_is_written_in_vain():
    """All operators are heard: a program that is one operator less would say so."""
    for program in PROGRAMS:
        assert all(op.tl < 80 for op in program.voice.ops), program.voice.name


def test_text_is_read_again():
    assert toml_bank.read_toml(script.text(), "default") == default_bank()
