"""Notes found in a song, and made into one; other instruments."""

import dataclasses

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

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


def steps(*pitches):
    """A held key on channel 1, from 0 s on: seconds and MIDI number of each change."""
    rows = [(time, *row) for time, midi in pitches for row in opm.note(midi).registers(1)]
    return opm.Song([(0, 0x20, 0xC7), *rows, (0, 8, 8)], length=pitches[-1][0] + 1.0)


@pytest.mark.parametrize(
    ("pitches", "notes"),
    [
        ([(0, 69), (0.1, 70), (0.2, 72)], [69, 70, 72]),  # legato
        ([(0, 69), (0.1, 69.5), (0.2, 69.9)], [69]),
        ([(0, 69), (0.1, 69.95), (0.2, 69)], [69, 69.95, 69]),  # a trill of a semitone, all but fine tuning
        ([(0, 69 + 1 / 16), (0.05, 81)], [69 + 1 / 16]),  # has not stayed
        ([(0, 69), (0.1, 81), (0.15, 69)], [69]),
        ([(i * 0.05, (60, 64, 67)[i % 3]) for i in range(30)], [60]),  # a broken chord
        ([(i * 0.0625, (60, 64, 67)[i % 3]) for i in range(4)], [60, 64, 67, 60]),  # 32nds at 120 bpm
        ([(i * 0.0166, 60 + i) for i in range(25)], [60]),  # a fast slide, then the note it ends on
        ([(i * 0.01, 60 + (i % 8) / 20) for i in range(20)] + [(0.2 + i * 0.01, 65 + (i % 8) / 20) for i in range(9)],
         [60, 65]),  # a step with vibrato
        ([(0, 60), (0.2, 72), (0.2005, 65), (0.3, 66)], [60, 65, 66]),  # KC, and KF after half a millisecond
        ([(0, 60), (0.0009, 72)], [72]),
    ],
)  # fmt: skip
def test_what_begins_a_note_while_a_key_is_held(pitches, notes):
    found = steps(*pitches).notes()["midi"]
    np.testing.assert_allclose(found, notes, atol=1 / 128)


def test_a_note_lasts_until_the_next_one_of_its_key():
    notes = steps((0, 69), (0.3, 71)).notes()
    np.testing.assert_allclose(notes["start"], [0, 0.3])
    np.testing.assert_allclose(notes["end"], [0.3, 1.3])


def test_a_song_that_wiggles_and_jumps_all_the_time_takes_no_longer():
    """100 000 changes of pitch in 2 s, each a jump: nothing is looked at twice."""
    rows = [(i * 2e-5, 0x28, 0x4A + 0x10 * (i % 2)) for i in range(100_000)]
    assert len(opm.Song([(0, 0x20, 0xC7), (0, 8, 8), *rows]).notes()) == 1


def test_the_level_is_that_of_the_loudest_moment_that_lasts():
    """A swell; and the next note's volume, written just before the key goes up."""
    rows = [(0, 0x20, 0xC7), *((0, 0x60 + 8 * i, 127) for i in range(4)), (0, 8, 0x78)]
    swell = [(0.1, 0x60, 40), (0.2, 0x60, 20), (0.3, 0x60, 50), (0.3995, 0x60, 0), (0.4, 8, 0)]
    assert opm.Song(rows + swell).notes()["level"].tolist() == [-15.0]


def test_a_key_released_at_once_is_held_as_long_as_the_bus_needs():
    song = opm.Song([(0, 0x20, 0xC7), (0.1, 8, 8), (0.1, 8, 0), (0.3, 8, 8)], length=0.3)
    (note,) = song.notes()
    assert note["end"] - note["start"] == pytest.approx(2 / song.sample_rate)
    assert len(opm.Song.from_notes(song.notes(), song.voices()).notes()) == 1


def test_what_is_too_much_is_cut_oldest_first_and_said():
    """Nine notes, the second of which goes on longest: the first is cut."""
    notes = [(0, 1 + i % 8, 0.1 * i, 2.0 + (i == 1), 60.0 + i, -15.0, 0) for i in range(9)]
    song = opm.Song.from_notes(notes, [ORGAN], drop=True)
    found = song.notes()
    assert found["midi"].tolist() == [60.0 + i for i in range(9)]
    np.testing.assert_allclose(found["end"], [0.8, 3.0, *[2.0] * 7])
    assert found["channel"][8] == 1
    assert song.remarks == ["more than 8 notes of a chip at once: 1 cut by others, 0 left out"]


def test_what_would_be_cut_within_30_ms_is_left_out():
    """Of eight that start together the first, by a tenth 20 ms later; what the last of them cut then goes on."""
    notes = [(0, 9, 0.0, 1.0, 50.0, -15.0, 0), *((0, 0, 0.5, 1.0, 60.0 + i, -15.0, 0) for i in range(8))]
    notes.append((0, 3, 0.52, 1.0, 70.0, -15.0, 0))
    song = opm.Song.from_notes(notes, [ORGAN], drop=True)
    found = song.notes()
    assert sorted(found["midi"].tolist()) == [50.0, *(60.0 + i for i in range(1, 8)), 70.0]
    assert found["end"][0] == pytest.approx(0.52)
    assert song.remarks == ["more than 8 notes of a chip at once: 1 cut by others, 1 left out"]


def test_with_drop_nothing_else_changes(song):
    notes, voices = song.notes(), song.voices()
    ours, plain = (opm.Song.from_notes(notes, voices, song.clock, drop=drop) for drop in (True, False))
    assert ours.rows.tobytes() == plain.rows.tobytes()
    assert ours.remarks == plain.remarks == []


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(0, 200), st.integers(1, 300), st.integers(0, 1)),
        max_size=60,
    )
)
def test_any_notes_can_be_dropped(rows):
    """Chip, channel, start and length in 10 ms, voice: each chip has eight at most, none is cut within 30 ms."""
    notes = [
        (chip, channel, start / 100, (start + length) / 100, 50.0 + i, -15.0, voice)
        for i, (chip, channel, start, length, voice) in enumerate(rows)
    ]
    found = opm.Song.from_notes(notes, [ORGAN, BELL], drop=True).notes()
    given = {(note[0], round(note[4])): note for note in notes}
    for chip, _, start, end, midi, _, _ in found.tolist():
        note = given[chip, round(midi)]
        assert start == pytest.approx(note[2])
        assert end == pytest.approx(note[3]) or start + 0.03 - 1e-9 <= end < note[3]
        assert sum(a <= start < b - 1e-9 for c, _, a, b, *_ in found.tolist() if c == chip) <= 8


def test_a_note_goes_where_its_voice_is_and_only_changes_are_written():
    """Its own channel is taken, and of those free the third has its voice."""
    notes = [
        (0, 1, 0.0, 0.1, 60.0, -15.0, 0), (0, 2, 0.0, 0.1, 60.0, -15.0, 0), (0, 3, 0.0, 0.1, 60.0, -15.0, 1),
        (0, 1, 0.2, 0.4, 60.0, -15.0, 0), (0, 1, 0.3, 0.4, 60.0, -18.0, 1),
    ]  # fmt: skip
    song = opm.Song.from_notes(notes, [ORGAN, BELL])
    assert song.notes()["channel"].tolist() == [1, 2, 3, 1, 3]
    writes = [(row["address"], row["data"]) for row in song.writes if row["seconds"] > 0.15]
    quieter = [(0x72, 24), (0x7A, 24)]
    assert writes[0] == (8, 0x78)
    assert writes[1:-3] == quieter
    assert writes[-3:] == [(8, 0x7A), (8, 0), (8, 2)]


def test_notes_of_two_chips_make_a_song_of_two_chips():
    notes = [(chip, channel, 0.1 * channel, 1.0, 60 + channel, -20.0, 0) for chip in (0, 1) for channel in range(1, 9)]
    song = opm.Song.from_notes(notes, [ORGAN])
    assert song.chips == ("ym2151", "ym2151")
    found = song.notes()
    for chip in (0, 1):
        mine = found[found["chip"] == chip]
        assert mine["channel"].tolist() == list(range(1, 9))
        np.testing.assert_allclose(mine["midi"], range(61, 69))
    again = opm.Song.from_notes(found, song.voices())
    assert (again.render() == song.render()).all()
    only = opm.Song.from_notes(notes[8:], [ORGAN])
    assert (len(only.chips), set(only.notes()["chip"])) == (2, {1})
    ninth = (1, 1, 0.9, 1.0, 80, 0.0, 0)
    with pytest.raises(ValueError, match=r"more than 8 notes sound at 0\.9 s on chip 1"):
        opm.Song.from_notes([*notes, ninth], [ORGAN])


def test_a_table_of_notes_is_read_by_its_names():
    """Whatever the order and types of its columns, and with others beside them, as DataFrames have."""
    notes = opm.Song.from_notes([(0, 3, 0.0, 0.5, 69.0, -3.0, 0), (1, 2, 0.25, 0.5, 72.5, 0.0, 0)], [ORGAN]).notes()
    names = sorted(notes.dtype.names, reverse=True)
    table = np.empty(len(notes), [("index", "i8"), *((name, "f8") for name in names)])
    for name in names:
        table[name] = notes[name]
    again = opm.Song.from_notes(table, [ORGAN])
    assert again.writes.tolist() == opm.Song.from_notes(notes, [ORGAN]).writes.tolist()
    table["channel"][1] = 257
    with pytest.raises(ValueError, match=r"note 1: channel must be 0 to 255, got 257\.0"):
        opm.Song.from_notes(table, [ORGAN])


def test_notes_may_be_for_any_number_of_chips():
    song = opm.Song.from_notes([(2, 1, 0, 1, 60, 0, 0)], [ORGAN])
    assert (len(song.chips), song.notes()["chip"].tolist()) == (3, [2])


@pytest.mark.parametrize("chip", [16, -1, 256])
def test_a_chip_beyond_the_last_is_refused(chip):
    with pytest.raises(ValueError, match="chip"):
        opm.Song.from_notes([(chip, 1, 0, 1, 60, 0, 0)], [ORGAN])


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(1, 4)), max_size=16))
def test_notes_that_start_together_keep_their_order(rows):
    """Whatever their ends: chip, start and length in quarters of a second."""
    notes, taken = [], set()
    for chip, start, length in rows:
        free = [c for c in range(8, 0, -1) if not any((chip, c, q) in taken for q in range(start, start + length))]
        if free:
            taken |= {(chip, free[0], quarter) for quarter in range(start, start + length)}
            notes.append((chip, free[0], start / 4, (start + length) / 4, 60.0 + len(notes), -15.0, 0))
    notes.sort(key=lambda note: note[2])
    found = opm.Song.from_notes(notes, [ORGAN]).notes()
    assert [(n["chip"], n["channel"], round(n["midi"])) for n in found] == [(n[0], n[1], n[4]) for n in notes]


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
