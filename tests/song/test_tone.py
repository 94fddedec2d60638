"""JSON tones as songs: a tone plays a note, a preset its events, several one after the other."""

import json

import numpy as np
import pytest

import opm
from opm.song import SongError
from opm.song.formats import json_log, tone

VOICE = opm.Voice("Bell", con=7, ops=[opm.Operator(tl=20, d1r=8), *[opm.Operator()] * 3])
PAIRS = "".join(f"{address:02X}{data:02X}" for address, data in VOICE.registers(1))
EVENTS = json.loads(VOICE.to_json())["events"]
PRESET = [
    *({**row, "time": 0.0} for row in EVENTS),
    {"time": 0.0, "addr": "0x28", "data": "0x3A"},
    {"time": 0.0, "addr": "0x08", "data": "0x08"},
    {"time": 0.3, "addr": "0x08", "data": "0x00"},
    {"time": 0.4, "addr": "0x08", "data": "0x08"},
]


def load(root):
    return opm.load(json.dumps(root).encode())


def notes(song):
    return [(round(note["midi"], 2), round(note["start"], 2), round(note["end"], 2)) for note in song.notes()]


@pytest.mark.parametrize(
    ("root", "midi"),
    [
        ({"description": "x", "variations": [{"note_number": 60, "registers": PAIRS}]}, 60),
        ({"registers": PAIRS}, 69),
        ({"registers": PAIRS, "note_number": 72}, 72),
        ({"type": "YM2151 tone", "note_number": 62, "registers": PAIRS + "283E300008" + "08"}, 60),
        ({"events": EVENTS}, 69),
        ({"events": [*EVENTS, {"time": 0, "addr": "0x28", "data": "0xCA"}]}, 69),
        (EVENTS, 69),
        ([PAIRS], 69),
        ([{"ProgramChange": 0, "Tone": {"events": EVENTS}}], 69),
        ({"Tones": {"0": {"events": EVENTS}}}, 69),
        ([{"name": "x", "tone": "TL=00\nTL=7F\nTL=7F\nTL=7F\nCON=7 NOTE=5A"}], 81),
    ],
)
def test_a_tone_plays_a_note(root, midi):
    """For a second: at its own key code, else its number, else A4; then its release is heard."""
    song = load(root)
    assert (song.format, song.length) == ("JSON tone", 1.0)
    assert notes(song) == [(midi, 0.0, 1.0)]
    sound = song.render().astype(int)
    assert np.abs(sound[20_000:30_000]).max() > 1000
    assert f"{opm.views.note_name(midi)} for 1 s" in song.remarks[0]


def test_it_is_the_voices_own_sound():
    """To the bit, once the key is down: the same voice by way of ``Voice.events``."""
    song = load({"registers": PAIRS, "name": "Bell"})
    (voice,) = song.voices()
    assert voice.ops == VOICE.ops
    assert song.tags["title"] == "Bell"
    want = opm.run(VOICE.events("A4", 1.0), 40_000)
    np.testing.assert_array_equal(song.render(stop=0.7)[:39_000], want[:39_000])


def test_several_tones_one_after_the_other():
    """Each on a chip that is silent again, with nothing left of the one before."""
    other = opm.Voice(con=4, fb=7, ops=[opm.Operator(tl=9, rr=0)] * 4).registers(3)
    song = load([{"registers": "".join(f"{a:02X}{d:02X}" for a, d in other)}, {"registers": PAIRS, "note_number": 60}])
    assert song.format == "2 JSON tones"
    assert notes(song) == [(69, 0.0, 1.0), (60, 1.52, 2.52)]
    alone = load({"registers": PAIRS, "note_number": 60}).render(stop=0.9)
    sound = song.render(start=1.52, stop=2.3)
    assert np.abs(np.fft.rfft(sound[2000:40_000, 0]))[200:].max() == pytest.approx(
        np.abs(np.fft.rfft(alone[2000:40_000, 0]))[200:].max(), rel=0.05
    )


def test_a_preset_plays_its_events():
    """As the log does; a key that nothing releases is held for a second."""
    song, log = load([{"name": "Two", "events": PRESET}]), load({"events": PRESET})
    frames = round(1.3 * log.sample_rate)
    assert song.length == pytest.approx(1.4)
    assert song.sample_rate == log.sample_rate
    np.testing.assert_array_equal(song.render()[:frames], log.render(fade=0)[:frames])
    samples = [{**row, "time": round(row["time"] * 55_930)} for row in PRESET]
    assert load([{"name": "Two", "events": samples}]).length == pytest.approx(1.4, abs=1e-3)
    assert tone.read(json.dumps([{"events": samples}]).encode(), "samples").double_speed is False


@pytest.mark.parametrize(
    "root",
    [
        {"events": [{"time": 0, "addr": 8, "data": 0}]},
        {"events": [{"time": 0, "addr": 0x40, "data": 0}, {"time": 5000, "addr": 0x40, "data": 1}]},
        {"events": [*EVENTS, {"time": 0, "addr": 8, "data": 8}]},
        {"events": [*EVENTS, {"time": 0, "addr": 8, "data": 0}]},
        {"events": EVENTS, "time_unit": "samples"},
        {"events": EVENTS, "clock": 4_000_000},
        {"events": EVENTS, "length": 55_930},
        {"events": EVENTS, "loop": {"time": 0, "row": 1}},
        {"events": PRESET, "tone": "lead"},
        {"events": PRESET, "registers": 26},
        {"events": [{"time": 0, "addr": address, "data": 0} for address in range(0x20, 0x100)]},
        [{**row, "is_data": i % 2} for i, row in enumerate(EVENTS)],
        [{"time": 0, "addr": 0x40, "data": 0}, 7],
        [],
        {"events": 3},
        7,
    ],
)
def test_a_log_is_no_tone(root):
    assert not tone.recognise(json.dumps(root).encode())


def test_what_cannot_be_a_tone_is_left_to_the_log():
    for data in (b"[" * 100_000, b'{"events": [', b'{"a": ' + b"9" * 10_000 + b"}", b"[" + b" " * 2**20 + b"]"):
        assert json_log.recognise(data)
        assert not tone.recognise(data)


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ({"registers": "zz"}, "expected pairs of address and data in hex"),
        ({"name": "low", "registers": PAIRS, "note_number": 3}, "low: note 3 is outside"),
        ([{"name": "x", "events": [*EVENTS, {"time": 9e5, "addr": 8, "data": 8}]}], "at most 604800 seconds"),
    ],
)
def test_faults_are_one_line(root, words):
    with pytest.raises(SongError, match=words) as caught:
        load(root)
    assert "\n" not in str(caught.value)
