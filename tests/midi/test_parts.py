"""What MIDI's channels hold: notes of keys, pedals, controllers, parameters, and system exclusive messages."""

import math
from typing import Any

import mido
import pytest

from opm.midi.bank import Bank, Instrument
from opm.midi.parts import DRUM_PART, MOST_SOUNDING, Note, Part, Parts, decibels
from opm.voice.voice import Voice

BANK = Bank(
    "test",
    {(0, 0, number): Instrument(f"program {number}", Voice()) for number in range(128)},
    {(0, key): Instrument(f"drum {key}", Voice(), note=40.0) for key in range(128)},
)


class Heard:
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.notes: list[Note] = []

    def strike(self, note: Note) -> None:
        self.told.append(("strike", note.key))
        self.notes.append(note)

    def lift(self, note: Note) -> None:
        self.told.append(("lift", note.key))

    def finish(self, note: Note) -> None:
        self.told.append(("finish", note.key))

    def change(self, part: Part) -> None:
        self.told.append(("change", part.number))


def played(*messages: tuple[float, str, dict[str, Any]] | tuple[float, mido.Message]) -> tuple[Parts, Heard]:
    heard = Heard()
    parts = Parts(BANK, heard)
    for seconds, *rest in messages:
        parts.take(seconds, mido.Message(rest[0], **rest[1]) if len(rest) == 2 else rest[0])
    return parts, heard


def on(seconds: float, note: int, velocity: int = 100, channel: int = 0) -> tuple[float, str, dict[str, Any]]:
    return seconds, "note_on", {"note": note, "velocity": velocity, "channel": channel}


def off(seconds: float, note: int, channel: int = 0) -> tuple[float, str, dict[str, Any]]:
    return seconds, "note_off", {"note": note, "channel": channel}


def control(number: int, value: int, channel: int = 0, seconds: float = 0.0) -> tuple[float, str, dict[str, Any]]:
    return seconds, "control_change", {"control": number, "value": value, "channel": channel}


def exclusive(text: str) -> tuple[float, mido.Message]:
    return 0.0, mido.Message("sysex", data=bytes.fromhex(text))


def test_the_first_of_two_strikes_is_released_first() -> None:
    _, heard = played(on(0, 60), on(1, 60), off(2, 60), off(3, 60))
    assert [(note.start, note.end) for note in heard.notes] == [(0, 2), (1, 3)]


def test_a_velocity_of_0_is_a_key_up() -> None:
    _, heard = played(on(0, 60), on(1, 60, velocity=0))
    assert heard.told == [("strike", 60), ("finish", 60)]


def test_a_key_up_without_a_note_is_nothing() -> None:
    assert played(off(0, 60))[1].told == []


def test_the_pedal_holds_notes_until_it_goes_up() -> None:
    _, heard = played(on(0, 60), control(64, 127, seconds=1), off(2, 60), control(64, 0, seconds=3))
    assert heard.told == [("strike", 60), ("lift", 60), ("finish", 60)]
    assert (heard.notes[0].key_up, heard.notes[0].end) == (2, 3)


def test_sostenuto_holds_what_was_down_alone() -> None:
    messages = on(0, 60), control(66, 127), on(1, 64), off(2, 60), off(2, 64), control(66, 0, seconds=5)
    _, heard = played(*messages)
    assert {note.key: note.end for note in heard.notes} == {60: 5, 64: 2}


def test_the_pedal_does_not_hold_drums() -> None:
    _, heard = played(control(64, 127, DRUM_PART), on(1, 38, channel=DRUM_PART), off(2, 38, channel=DRUM_PART))
    assert heard.notes[0].end == 2


@pytest.mark.parametrize("number", [120, 123, 124, 125, 126, 127])
def test_all_notes_off(number: int) -> None:
    _, heard = played(on(0, 60), on(0, 64), control(number, 0, seconds=1))
    assert [note.end for note in heard.notes] == [1, 1]


def test_all_sound_off_ends_what_the_pedal_holds() -> None:
    _, heard = played(control(64, 127), on(0, 60), off(1, 60), control(120, 0, seconds=2))
    assert heard.notes[0].end == 2


def test_levels_are_40_log() -> None:
    parts, heard = played(control(7, 100), control(11, 64), on(0, 60, velocity=90))
    expected = 40 * math.log10(90 * 100 * 64 / 127**3)
    assert parts.level(heard.notes[0]) == pytest.approx(expected)
    assert decibels(127, 0) == -math.inf


@pytest.mark.parametrize(("pan", "sides"), [(0, 1), (31, 1), (32, 3), (64, 3), (96, 3), (97, 2), (127, 2)])
def test_pan(pan: int, sides: int) -> None:
    parts, _ = played(control(10, pan))
    assert parts.part(0).sides == sides


@pytest.mark.parametrize(("value", "pms"), [(0, 0), (1, 1), (31, 1), (32, 2), (64, 3), (96, 4), (127, 4)])
def test_modulation_is_a_pms(value: int, pms: int) -> None:
    assert played(control(1, value))[0].part(0).pms == pms


def test_the_bend_range_is_a_registered_parameter() -> None:
    bend = (0.0, "pitchwheel", {"pitch": -8192})
    assert played(bend)[0].part(0).bent == -2
    wide = control(101, 0), control(100, 0), control(6, 12), bend
    assert played(*wide)[0].part(0).bent == -12
    # RPN null: the data entry behind it sets nothing.
    null = control(101, 127), control(100, 127), control(6, 24)
    assert played(*wide, *null)[0].part(0).bent == -12
    # Nor does one for a parameter that is not registered.
    other = control(99, 0), control(98, 0), control(6, 24)
    assert played(*wide, *other)[0].part(0).bent == -12


def test_tuning() -> None:
    fine = control(101, 0), control(100, 1), control(6, 96), control(38, 0)
    coarse = control(101, 0), control(100, 2), control(6, 64 + 3)
    assert played(*fine, *coarse)[0].part(0).bent == pytest.approx(3.5)


def test_a_reset_of_controllers_keeps_volume_and_pan() -> None:
    parts, heard = played(
        control(7, 33), control(10, 5), control(11, 9), control(1, 99), control(64, 127), on(0, 60), off(1, 60),
        (1, "pitchwheel", {"pitch": 99}), control(121, 0, seconds=2),
    )  # fmt: skip
    part = parts.part(0)
    assert (part.volume, part.pan, part.expression, part.modulation, part.bend) == (33, 5, 127, 0, 0)
    assert heard.notes[0].end == 2


def test_portamento_glides_from_the_last_key() -> None:
    _, heard = played(control(5, 64), control(65, 127), on(0, 60), off(1, 60), on(1, 72))
    assert [note.glides_from for note in heard.notes] == [None, 60]
    _, heard = played(control(5, 64), control(84, 48), on(0, 60), on(1, 64))
    assert [note.glides_from for note in heard.notes] == [48, None]


@pytest.mark.parametrize(
    ("msb", "gs", "drums"),
    [(120, False, True), (127, False, True), (126, False, True), (127, True, False), (0, False, False)],
)
def test_bank_msbs_of_drums(msb: int, gs: bool, drums: bool) -> None:
    reset = [exclusive("41 10 42 12 40 00 7F 00 41")] * gs
    parts, _ = played(*reset, control(0, msb, 3))
    assert parts.part(3).drums == drums


@pytest.mark.parametrize(
    ("text", "part", "drums"),
    [
        ("41 10 42 12 40 10 15 00 1B", 9, False),
        ("41 10 42 12 40 11 15 01 19", 0, True),
        ("41 10 42 12 40 19 15 02 10", 8, True),
        ("41 10 42 12 40 1A 15 02 0F", 10, True),
        ("43 10 4C 08 02 07 01", 2, True),
        ("43 10 4C 08 09 07 00", 9, False),
    ],
)
def test_parts_are_made_drums(text: str, part: int, drums: bool) -> None:
    assert played(exclusive(text))[0].part(part).drums == drums


@pytest.mark.parametrize(
    "text",
    ["7E 7F 09 01", "7E 7F 09 03", "41 10 42 12 40 00 7F 00 41", "43 10 4C 00 00 7E 00"],
    ids=["GM", "GM2", "GS", "XG"],
)
def test_resets(text: str) -> None:
    before = control(7, 1), control(0, 5), (0.0, "program_change", {"program": 40}), on(0, 60)
    parts, heard = played(*before, exclusive(text))
    part = parts.part(0)
    assert (part.volume, part.msb, part.program, part.sounding()) == (100, 0, 0, [])
    assert heard.told[-1][0] == "change"


@pytest.mark.parametrize("text", ["7F 7F 04 01 00 40", "41 10 42 12 40 00 04 40 7C", "43 10 4C 00 00 04 40"])
def test_master_volume(text: str) -> None:
    parts, heard = played(on(0, 60, velocity=127), control(7, 127), exclusive(text))
    assert parts.level(heard.notes[0]) == pytest.approx(40 * math.log10(64 / 127))
    assert heard.told[-1] == ("change", 0)


def test_drums_are_tuned_by_note() -> None:
    tuned = control(99, 24, DRUM_PART), control(98, 38, DRUM_PART), control(6, 60, DRUM_PART)
    _, heard = played(*tuned, on(0, 38, channel=DRUM_PART), on(0, 40, channel=DRUM_PART))
    assert [note.midi for note in heard.notes] == [36, 40]


def test_a_bank_without_drums_plays_none() -> None:
    heard = Heard()
    parts = Parts(Bank("empty", {}), heard)
    parts.take(0, mido.Message("note_on", note=38, channel=DRUM_PART))
    parts.take(0, mido.Message("note_on", note=38))
    assert heard.told == []


def test_ports_have_parts_of_their_own() -> None:
    heard = Heard()
    parts = Parts(BANK, heard)
    parts.take(0, mido.Message("note_on", note=60, channel=9), port=1)
    assert heard.notes[0].drum
    assert heard.notes[0].part.number == 25


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        ((control(0, 127),), "standard"),
        ((control(0, 126),), "effects"),
        # In GS that is no kit of effects; the part has drums all the same.
        ((exclusive("41 10 42 12 40 00 7F 00 41"), control(0, 126, DRUM_PART)), "standard"),
    ],
)
def test_kits_of_sound_effects_are_xgs(messages: tuple[Any, ...], name: str) -> None:
    drums = {(0, 36): Instrument("standard", Voice(), note=40.0), (128, 36): Instrument("effects", Voice(), note=40.0)}
    heard = Heard()
    parts = Parts(Bank("kits", {}, drums), heard)
    channel = DRUM_PART if len(messages) > 1 else 0
    for seconds, *rest in (*messages, on(0, 36, channel=channel)):
        parts.take(seconds, mido.Message(rest[0], **rest[1]) if len(rest) == 2 else rest[0])
    assert [note.instrument.name for note in heard.notes] == [name]


def test_a_damaged_file_holds_no_more_than_so_many_notes() -> None:
    pedal = control(64, 127)
    held = [row for i in range(600) for row in (on(i, i % 128), off(i, i % 128))]
    _, heard = played(pedal, *held, *(on(600 + i, i % 128) for i in range(1000)))
    sounding = [note for note in heard.notes if note.end == math.inf]
    assert len(sounding) == MOST_SOUNDING
    assert sounding == heard.notes[-MOST_SOUNDING:]
