"""Songs that were read from MIDI files, written as such: parts, programs, keys, velocities and drums come back."""

from collections import defaultdict, deque
from itertools import accumulate
from typing import NamedTuple

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opm
from opm.midi.arrange import SCORE
from opm.song.data import Arrangement

ORGAN = opm.Voice("organ", con=7, ops=tuple(opm.Operator(tl=20 + 6 * i, mul=i + 1) for i in range(4)))
LEAD = 0.01
"""Seconds of silence before the MIDI file's own beginning."""
DRUM_PITCH = 40.0


class Note(NamedTuple):
    channel: int
    """The chip's, from 1."""
    start: float
    end: float
    part: int = 0
    program: int = 0
    key: int = 60
    velocity: int = 100
    drum: bool = False


def folded(midi):
    """Into the chip's range, by octaves."""
    return midi + 12 * max(0, -((midi - 13) // 12)) - 12 * max(0, -((108 + 63 / 64 - midi) // 12))


def song_of(notes, bends=()):
    """The song that a reader makes of a MIDI file's notes, and of bends: seconds, the chip's channel, MIDI number."""
    notes = sorted(notes, key=lambda note: note.start)
    rows = [(0, 0, *row) for channel in range(1, 9) for row in ORGAN.registers(channel)]
    for note in notes:
        kc, kf = opm.note(folded(DRUM_PITCH if note.drum else note.key)).registers(note.channel)
        for order, time, row in ((1, note.start, kc), (1, note.start, kf), (2, note.start, (8, 0x77 + note.channel))):
            rows.append((order, time + LEAD, *row))
        rows.append((0, note.end + LEAD, 8, note.channel - 1))
    rows += [
        (3, time + LEAD, *row) for time, channel, midi in bends for row in opm.note(folded(midi)).registers(channel)
    ]
    rows.sort(key=lambda row: (row[1], row[0]))
    song = opm.Song([row[1:] for row in rows])
    struck = song.rows[(song.rows["address"] == 8) & (song.rows["data"] > 7)]
    score = np.zeros(len(notes), SCORE)
    score["time"] = struck["time"]
    for row, note in zip(score, notes, strict=True):
        row["channel"], row["midi"] = note.channel - 1, DRUM_PITCH if note.drum else note.key
        for name in ("part", "program", "key", "velocity", "drum"):
            row[name] = getattr(note, name)
    return song.but(arrangement=Arrangement(score, round(LEAD * song.ticks_per_second), {}))


def heard(song, path):
    """What a MIDI player makes of the song's file."""
    song.save(path)
    return notes_of(mido.MidiFile(path))


def notes_of(file):
    """A file's notes, (start, end, part, program, key, velocity), and bends by part, (seconds, semitones).

    Note-offs pair first in, first out.
    """
    second = (
        file.ticks_per_beat * 1e6 / next(message.tempo for message in file.tracks[0] if message.type == "set_tempo")
    )
    notes, bends = [], defaultdict(list)
    for track in file.tracks[1:]:
        port, program, reach, down = 0, 0, 2, defaultdict(deque)
        for tick, message in zip(accumulate(message.time for message in track), track, strict=True):
            time = tick / second
            if message.type == "midi_port":
                port = message.port
            elif message.type == "program_change":
                program = message.program
            elif message.type == "control_change" and message.control == 6:
                reach = message.value
            elif message.type == "pitchwheel":
                bends[16 * port + message.channel].append((time, message.pitch / 8192 * reach))
            elif message.type == "note_on":
                down[message.note].append((time, program, message.velocity))
            elif message.type == "note_off":
                start, with_program, velocity = down[message.note].popleft()
                notes.append((start, time, 16 * port + message.channel, with_program, message.note, velocity))
        assert not any(down.values()), "each note ends"
    return sorted(notes), bends


def expected(notes):
    return sorted((*note[1:6], note.velocity) for note in notes)


def test_parts_programs_keys_and_velocities_come_back(tmp_path):
    notes = [
        Note(1, 0.0, 0.5, part=0, program=5, key=60, velocity=127),
        Note(2, 0.0, 0.5, part=0, program=5, key=64, velocity=3),
        Note(8, 0.1, 0.2, part=9, program=16, key=36, drum=True),
        Note(1, 0.5, 1.0, part=0, program=6, key=120),
        Note(3, 0.25, 1.0, part=17, program=127, key=1),
    ]
    found, bends = heard(song_of(notes), tmp_path / "a.mid")
    np.testing.assert_allclose(found, expected(notes), atol=1e-4)
    assert not any(pitch for row in bends.values() for _, pitch in row), "a drum's pitch and folded keys are no bends"


def test_what_is_said_to_be_lost(tmp_path):
    lost = song_of([Note(1, 0.0, 0.5)]).save(tmp_path / "a.mid")
    assert lost == ["volumes and controllers of its parts, panning, and levels that change within a note"]


def test_drums_of_other_parts_go_to_channel_10_and_what_is_no_drum_elsewhere(tmp_path):
    notes = [
        Note(1, 0.0, 0.5, part=10, program=8, key=36, drum=True),
        Note(2, 0.0, 0.5, part=9, program=0, key=38, drum=True),
        Note(3, 0.2, 0.5, part=9, program=1, key=50),
        Note(4, 0.3, 0.5, part=0, program=2, key=50),
    ]
    found, _ = heard(song_of(notes), tmp_path / "a.mid")
    wanted = [note._replace(part=part) for note, part in zip(notes, (9, 9, 1, 0), strict=True)]
    np.testing.assert_allclose(found, expected(wanted), atol=1e-4)


@pytest.mark.parametrize(("high", "widest"), [(80, 12.0), (96, 12.0), (107, 5.0), (110, 5.0), (127, 2.0), (10, 2.0)])
def test_bends_of_a_part_come_back(tmp_path, high, widest):
    """Two notes of a part, at the same bend; one is folded into the chip's range where that ends."""
    curve = [(0.1, 1.5), (0.2, widest), (0.3, -widest), (0.4, 0.25), (0.5, 0.0)]
    notes = [Note(1, 0.0, 0.6, key=60), Note(2, 0.0, 0.6, key=high)]
    bends = [(time, note.channel, note.key + bend) for time, bend in curve for note in notes]
    found, ours = heard(song_of(notes, bends), tmp_path / "a.mid")
    np.testing.assert_allclose(found, expected(notes), atol=1e-4)
    np.testing.assert_allclose(ours[0], curve, atol=0.005)


def test_the_same_key_twice_in_a_part_is_paired_first_in_first_out(tmp_path):
    """Struck again before it ends, and struck twice at once, each on a channel of its own."""
    notes = [Note(1, 0.0, 1.0, velocity=1), Note(2, 0.5, 1.5), Note(3, 2.0, 2.5), Note(4, 2.0, 3.0)]
    found, _ = heard(song_of(notes), tmp_path / "a.mid")
    np.testing.assert_allclose(found, expected(notes), atol=1e-4)


def test_from_a_file_to_a_song_to_a_file(tmp_path):
    """More notes than channels: those that are played come back, with the bend and the drum."""
    head = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=400_000)])
    file = mido.MidiFile(ticks_per_beat=96, tracks=[head])
    for channel, key in [(part, 40 + 3 * part) for part in range(9)] + [(9, 38)]:
        track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=5 * channel)])
        track.append(mido.Message("note_on", channel=channel, note=key, velocity=30 + channel, time=channel))
        track.append(mido.Message("pitchwheel", channel=channel, pitch=4096 * (channel == 3), time=48))
        track.append(mido.Message("note_off", channel=channel, note=key, time=48))
        track.append(mido.Message("note_on", channel=channel, note=key + 1, velocity=127, time=20 * channel))
        track.append(mido.Message("note_off", channel=channel, note=key + 1, time=20))
        file.tracks.append(track)
    file.save(tmp_path / "x.mid")
    song = opm.load(tmp_path / "x.mid")
    found, bends = heard(song, tmp_path / "y.mid")
    given = {(part, key, velocity): (start, program) for start, _, part, program, key, velocity in notes_of(file)[0]}
    played = song.arrangement.notes
    assert len(found) == len(played) == len(given) - song.arrangement.facts["not_sent"]
    assert len(given) == 20
    for start, _, part, program, key, velocity in found:
        assert (start, program) == (
            pytest.approx(given[part, key, velocity][0], abs=0.001),
            given[part, key, velocity][1],
        )
    assert max(pitch for _, pitch in bends[3]) == pytest.approx(1.0, abs=0.01)
    again = opm.load(tmp_path / "y.mid").arrangement.notes
    names = ["part", "drum", "program", "key", "velocity"]
    assert sorted(again[names].tolist()) == sorted(played[names].tolist())


def test_a_song_that_was_changed_is_written_as_any_other(tmp_path):
    """Its keys are no longer those of the score."""
    song = song_of([Note(1, 0.0, 0.5, part=3, key=60)])
    rows = song.rows.copy()
    rows["time"] += song.ticks_per_second.numerator
    song = song.but(rows=rows, end=int(rows["time"].max()))
    song.save(tmp_path / "a.mid")
    _, track = mido.MidiFile(tmp_path / "a.mid").tracks
    assert track.name == "channel 1"
    revoiced = song_of([Note(1, 0.0, 0.5, part=3, key=60)]).revoice({})
    revoiced.save(tmp_path / "b.mid")
    _, track = mido.MidiFile(tmp_path / "b.mid").tracks
    assert track.name == "part 4"


moments = st.integers(0, 2000).map(lambda n: n / 1000)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 8), moments, st.integers(1, 500), st.integers(0, 31), st.integers(0, 127),
            st.integers(0, 127), st.integers(1, 127), st.booleans(),
        ), max_size=40,
    )
)  # fmt: skip
def test_any_notes_come_back(tmp_path_factory, rows):
    """On any channel, part and key, with what plays on a channel cut by the next note, as an arrangement has them."""
    notes = [Note(channel, start, start + ms / 1000, *rest) for channel, start, ms, *rest in rows]
    notes = sorted(notes, key=lambda note: note.start)
    free, kept = dict.fromkeys(range(1, 9), -1.0), []
    for note in notes:
        # Part 10 drums, and no other.
        note = note._replace(part=note.part // 16 * 16 + 9 if note.drum else note.part + (note.part % 16 == 9))
        if note.start > free[note.channel] and not any(
            (other.part, other.key) == (note.part, note.key) and other.end > note.start for other in kept
        ):
            free[note.channel] = note.end
            kept.append(note)
    found, _ = heard(song_of(kept), tmp_path_factory.mktemp("any") / "a.mid")
    assert len(found) == len(kept)
    np.testing.assert_allclose(np.array(found).reshape(-1, 6), np.array(expected(kept)).reshape(-1, 6), atol=1e-4)
