"""Notes found in a song, made into one, written as MIDI and read back; other instruments."""

import dataclasses

import mido
import numpy as np
import pytest
from conftest import ROOT

import opm

VGM = ROOT / "player" / "songs" / "mountain_king.vgm"
ORGAN = opm.Voice("organ", con=7, ops=tuple(opm.Operator(tl=20 + 6 * i, mul=i + 1) for i in range(4)))
BELL = opm.Voice("bell", con=4, ops=(opm.Operator(tl=30, mul=7), opm.Operator(tl=40), *(opm.Operator(tl=10),) * 2))
NOTES = [
    (0, 1, 0.0, 0.5, 69.0, -15.0, 0),
    (0, 2, 0.25, 0.75, 72.5, -21.0, 1),
    (0, 1, 0.5, 1.0, 71.0, -30.0, 0),
]


@pytest.fixture(scope="module")
def song():
    return opm.load(VGM)


def test_the_notes_of_the_song_that_ships(song):
    notes = song.notes()
    strikes = song.writes[(song.writes["address"] == 8) & (song.writes["data"] & 0x78 != 0)]
    assert len(notes) == len(strikes)
    np.testing.assert_allclose(notes["start"], strikes["seconds"])
    first = notes[notes["channel"] == 1][:5]
    assert [opm.views.note_name(round(midi)) for midi in first["midi"]] == ["B2", "C#3", "D3", "E3", "F#3"]
    assert (notes["end"] > notes["start"]).all()
    assert set(notes["voice"]) == set(range(len(song.voices())))
    assert (notes["level"] <= 0).all()


def test_notes_as_a_data_frame(song):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(song.notes())
    assert table.groupby("channel").midi.mean().loc[6] < table.groupby("channel").midi.mean().loc[7]


def test_from_notes_and_back():
    song = opm.Song.from_notes(NOTES, [ORGAN, BELL])
    assert [tuple(note) for note in song.notes().tolist()] == [pytest.approx(note) for note in NOTES]
    assert [voice.con for voice in song.voices()] == [7, 4]
    sound = song.render()
    assert np.abs(sound.astype(int)).max() > 500


def test_a_songs_notes_make_a_song_with_the_same_keys_pitches_and_levels(song):
    notes, voices = song.notes(), song.voices()
    again = opm.Song.from_notes(notes, voices, song.clock).notes()
    for name in ("channel", "start", "end", "midi", "level"):
        np.testing.assert_allclose(np.sort(again, order=["start", "channel"])[name],
                                   np.sort(notes, order=["start", "channel"])[name], atol=1e-9)  # fmt: skip


def test_more_than_eight_notes_are_named_by_their_moment():
    notes = [(0, 1, 0.1 * i, 2.0, 60 + i, -20.0, 0) for i in range(9)]
    assert len(opm.Song.from_notes(notes[:8], [ORGAN]).notes()) == 8
    with pytest.raises(ValueError, match=r"more than 8 notes sound at 0\.8 s"):
        opm.Song.from_notes(notes, [ORGAN])


@pytest.mark.parametrize(
    ("note", "words"), [((0, 1, 1.0, 1.0, 60, 0, 0), "note 0"), ((0, 1, 0, 1, 60, 0, 5), "voice below 1"),
                        ((0, 1, 0, 1, 300, 0, 0), "range")],
)  # fmt: skip
def test_bad_notes_are_named(note, words):
    with pytest.raises(ValueError, match=words):
        opm.Song.from_notes([note], [ORGAN])


def test_a_held_key_that_jumps_is_another_note():
    kc = [opm.note(name).registers(1)[0] for name in ("A4", "B4")]
    writes = [(0, 0x20, 0xC7), (0, *kc[0]), (0.1, 8, 8), (0.2, 0x30, 16), (0.3, *kc[1]), (0.5, 8, 0)]
    notes = opm.Song(writes, length=1.0).notes()
    np.testing.assert_allclose(notes["start"], [0.1, 0.3])
    np.testing.assert_allclose(notes["end"], [0.3, 0.5])
    assert notes["midi"].tolist() == [69.0, 71.0 + 4 / 64]


def test_a_midi_file_in_four_lines_read_back_by_mido(tmp_path):
    import opm

    song = opm.load(VGM)
    song.save(tmp_path / "song.mid")
    file = mido.MidiFile(tmp_path / "song.mid")
    notes, voices = song.notes(), song.voices()
    assert [track.name for track in file.tracks[1:]] == [f"channel {i}" for i in range(1, 9)]
    for channel, track in enumerate(file.tracks[1:], 1):
        own, now, struck, lifted, programs = notes[notes["channel"] == channel], 0, [], [], []
        for message in track:
            now += message.time
            seconds = mido.tick2second(now, file.ticks_per_beat, 500_000)
            if message.type == "note_on":
                struck.append((seconds, message.note))
            elif message.type == "note_off":
                lifted.append(seconds)
            elif message.type == "text":
                programs.append(message.text)
        np.testing.assert_allclose([time for time, _ in struck], own["start"], atol=1e-3)
        np.testing.assert_allclose(sorted(lifted), np.sort(own["end"]), atol=2.1e-3)
        assert [key for _, key in struck] == np.rint(own["midi"]).tolist()
        assert {text.split(": ")[1] for text in programs} == {voices[number].name for number in set(own["voice"])}


def test_midi_bends_between_semitones(tmp_path):
    opm.Song.from_notes(NOTES, [ORGAN, BELL]).save(tmp_path / "bend.mid")
    (bend,) = [m for m in mido.MidiFile(tmp_path / "bend.mid").tracks[2] if m.type == "pitchwheel"]
    (key,) = [m.note for m in mido.MidiFile(tmp_path / "bend.mid").tracks[2] if m.type == "note_on"]
    assert key + 2 * bend.pitch / 8192 == pytest.approx(72.5)


def test_revoice_changes_the_instrument_alone(song):
    number = 0
    channel = int(song.notes()[song.notes()["voice"] == number]["channel"][0])
    other = song.revoice({number: BELL})
    before, after = song.notes(), other.notes()
    for name in ("channel", "start", "end", "midi"):
        np.testing.assert_allclose(after[name], before[name])
    assert (song.length, song.loop, song.tags) == (other.length, other.loop, other.tags)
    chip = other.chip_at(20.0)
    held = opm.Voice.from_chip(chip, channel)
    assert (held.con, [op.mul for op in held.ops]) == (BELL.con, [op.mul for op in BELL.ops])
    assert held.rl == opm.Voice.from_chip(song.chip_at(20.0), channel).rl
    cut = {"start": 36.0, "stop": 40.0}
    stems, stems_before = other.stems(**cut), song.stems(**cut)
    assert (stems[:, channel - 1] != stems_before[:, channel - 1]).any()
    assert opm.Voice.from_chip(other.chip_at(100.0), channel).con == BELL.con, "in the loop, too"


def test_revoice_with_the_songs_own_voices_sounds_alike(song):
    """The same notes and voices; only writes that change nothing are left out."""
    same = song.revoice(dict(enumerate(song.voices())))
    np.testing.assert_allclose(same.notes()["level"], song.notes()["level"])
    assert [dataclasses.replace(voice, name="") for voice in same.voices()] == [
        dataclasses.replace(voice, name="") for voice in song.voices()
    ]
    with pytest.raises(ValueError, match="voice number"):
        song.revoice({99: BELL})


def test_a_glide_is_bends_and_beyond_two_semitones_a_note_struck_anew(tmp_path):
    """A portamento of three semitones in steps of 1/8, each KF before KC, as drivers write them."""
    steps = [69 + i / 8 for i in range(25)]
    writes = [(0.1, 8, 8)]
    for i, midi in enumerate(steps):
        writes += [(0.01 * i, *row) for row in reversed(opm.note(midi).registers(1))]
    writes = sorted([(0, 0x20, 0xC7), *((t + 0.1, a, d) for t, a, d in writes[1:]), writes[0], (0.6, 8, 0)])
    song = opm.Song(writes)
    assert song.notes()["midi"].tolist() == [69.0, 71.125]
    song.save(tmp_path / "glide.mid")
    key, bend, heard = 0, 0, []
    for message in mido.MidiFile(tmp_path / "glide.mid").tracks[1]:
        if message.type in ("note_on", "pitchwheel"):
            key = message.note if message.type == "note_on" else key
            bend = message.pitch if message.type == "pitchwheel" else bend
            heard.append(key + 2 * bend / 8192)
    heard = [midi for i, midi in enumerate(heard) if midi > 60 and i]
    assert set(steps) - {round(midi, 3) for midi in heard} <= {69.0, 71.125}
