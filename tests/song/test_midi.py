"""MIDI files, read back by mido: notes, bends, times, tempo; what cannot be heard."""

import itertools

import mido
import numpy as np
import pytest
from conftest import ROOT
from hypothesis import example, given, settings
from hypothesis import strategies as st

import opm
from opm.song import limits

VGM = ROOT / "player" / "songs" / "mountain_king.vgm"
ORGAN = opm.Voice("organ", con=7, ops=tuple(opm.Operator(tl=20 + 6 * i, mul=i + 1) for i in range(4)))
BELL = opm.Voice("bell", con=4, ops=(opm.Operator(tl=30, mul=7), opm.Operator(tl=40), *(opm.Operator(tl=10),) * 2))
NOTES = [(0, 1, 0.0, 0.5, 69.0, -15.0, 0), (0, 2, 0.25, 0.75, 72.5, -21.0, 1), (0, 1, 0.5, 1.0, 71.0, -30.0, 0)]
FRAME = 64 / opm.REFERENCE_CLOCK
C2 = 8
"""Register 08's key bit of the last operator is this, shifted left by 3."""


def read(song, tmp_path, **options):
    """A song's tracks as a MIDI reader has them, a list each: (seconds, message); the first has the tempo."""
    song.save(tmp_path / "song.mid", **options)
    file = mido.MidiFile(tmp_path / "song.mid")
    tempo = next(message.tempo for message in file.tracks[0] if message.type == "set_tempo")
    second = file.ticks_per_beat * 1e6 / tempo
    times = [itertools.accumulate(message.time for message in track) for track in file.tracks]
    return [
        [(tick / second, message) for tick, message in zip(ticks, track, strict=True)]
        for ticks, track in zip(times, file.tracks, strict=True)
    ]


def tempo_of(song, tmp_path, **options):
    """Beats per minute."""
    song.save(tmp_path / "tempo.mid", **options)
    head, *_ = mido.MidiFile(tmp_path / "tempo.mid").tracks
    return mido.tempo2bpm(next(message.tempo for message in head if message.type == "set_tempo"))


def struck(track):
    """A track's notes: seconds and key."""
    return [(time, message.note) for time, message in track if message.type == "note_on"]


def curve(track):
    """How the pitch of a track's notes moves, as a synthesizer hears it: seconds and MIDI number; NaN while none is."""
    bend, key, reach, chosen, points = 0, None, 2, [], []
    for time, message in track:
        if message.type == "control_change" and message.control in (100, 101):
            chosen = [*chosen, message.value][-2:]
        elif message.type == "control_change" and message.control == 6 and chosen == [0, 0]:
            reach = message.value
        elif message.type == "pitchwheel":
            bend = message.pitch
        elif message.type == "note_on":
            assert key is None
            key = message.note
        elif message.type == "note_off":
            assert key == message.note
            key = None
        points.append((time, np.nan if key is None else key + reach * bend / 8192))
    return points


def test_a_midi_file_in_four_lines_read_back(tmp_path):
    song = opm.load(VGM)
    notes, voices = song.notes(), song.voices()
    _, *tracks = read(song, tmp_path)
    assert [track[0][1].name for track in tracks] == [f"channel {i}" for i in range(1, 9)]
    for channel, track in enumerate(tracks, 1):
        own = notes[notes["channel"] == channel]
        lifted = [time for time, message in track if message.type == "note_off"]
        programs = {message.text.split(": ")[1] for _, message in track if message.type == "text"}
        np.testing.assert_allclose([time for time, _ in struck(track)], own["start"], atol=FRAME)
        np.testing.assert_allclose(lifted, own["end"], atol=FRAME)
        assert [key for _, key in struck(track)] == np.rint(own["midi"]).tolist()
        assert programs == {voices[number].name for number in set(own["voice"])}


def test_bends_between_semitones(tmp_path):
    _, _, track = read(opm.Song.from_notes(NOTES, [ORGAN, BELL]), tmp_path)
    assert [midi for _, midi in curve(track) if midi == midi] == [pytest.approx(72.5)]


def test_a_portamento_is_one_note_each_key(tmp_path):
    """Three keys, of which the second glides over more than two semitones (MXDRV)."""
    song = opm.load(ROOT / "tests" / "cases" / "portamento.mdx")
    keys = ((song.writes["address"] == 8) & (song.writes["data"] & 0x78 != 0)).sum()
    _, track = read(song, tmp_path)
    assert len(struck(track)) == len(song.notes()) == keys == 3
    pitches = [midi for _, midi in curve(track) if midi == midi]
    assert max(pitches) - min(pitches) > 2


def played(rows, length):
    """A song of channel 1, with a voice that is heard."""
    voice = [(0, address, data) for address, data in ORGAN.registers(1)]
    return opm.Song([*voice, *rows], length=length)


def test_a_key_is_one_note_wherever_its_pitch_steps(tmp_path):
    """Legato, over more than two octaves: MIDI strikes where the chip does, ``notes`` lists each note."""
    melody = [(0.1 + 0.2 * i, midi) for i, midi in enumerate((60, 64, 62, 86, 74.5))]
    rows = [(time, *row) for time, midi in melody for row in opm.note(midi).registers(1)]
    song = played([*rows[:2], (0.1, 8, 0x78), *rows[2:], (1.1, 8, 0), (1.2, 8, 0x78)], 1.5)
    assert len(song.notes()) == 6
    _, track = read(song, tmp_path)
    assert [key for _, key in struck(track)] == [60, 74]
    np.testing.assert_allclose([time for time, _ in struck(track)], [0.1, 1.2], atol=FRAME)
    ours = curve(track)
    for time, midi in melody:
        mine = [heard for seconds, heard in ours if seconds < time + 0.1][-1]
        assert mine == pytest.approx(midi, abs=0.01), time


def test_of_a_key_only_what_is_heard_is_written(tmp_path):
    """A held key whose first and last notes are turned down to nothing."""
    levels = [(0.3, 0x60, 20), (0.9, 0x60, 127)]
    silent = [(0, 0x60 + 8 * i, 127) for i in range(4)]
    rows = [(0.1 + 0.2 * i, 0x28, kc) for i, kc in enumerate((0x4A, 0x3A, 0x44, 0x54, 0x2A))]
    song = played(sorted([*silent, *rows, *levels, (0.1, 8, 8)], key=lambda row: row[0]), 1.2)
    assert (song.notes()["level"] < -78).tolist() == [True, False, False, False, True]
    _, track = read(song, tmp_path)
    ((start, key),) = struck(track)
    assert (start, key) == (pytest.approx(0.3, abs=FRAME), 57)
    assert [time for time, message in track if message.type == "note_off"] == [pytest.approx(0.9, abs=FRAME)]


times = st.integers(0, 4000).map(lambda n: n / 1000)
pitches = st.tuples(st.integers(0, 127), st.integers(0, 63))
glides = st.tuples(times, pitches, st.integers(-40, 40), st.integers(1, 60), st.sampled_from([0.001, 0.0166, 0.08]))


@settings(max_examples=60)
@given(
    jumps=st.lists(st.tuples(times, pitches, st.booleans()), max_size=20), glides=st.lists(glides, max_size=4),
    keys=st.lists(st.tuples(times, st.booleans()), min_size=1, max_size=12),
)  # fmt: skip
@example(jumps=[(0.0, (0, 0), False), (1.0, (127, 63), False)], glides=[], keys=[(0.5, True)])
def test_the_pitch_curve_is_the_chips(tmp_path_factory, jumps, glides, keys):
    """Keys, jumps of KC and KF, the two at once or a millisecond apart, and glides in steps: within 2 cents."""
    rows = []
    for time, (kc, kf), apart in jumps:
        rows += [(time, 0x28, kc), (time + 0.001 * apart, 0x30, kf << 2)]
    for time, (kc, _), step, count, tick in glides:
        start = 64 * kc
        for i in range(count):
            pitch = min(max(start + i * step, 0), 64 * 128 - 1)
            rows += [(time + i * tick, 0x30, pitch % 64 << 2), (time + i * tick, 0x28, pitch // 64)]
    rows = sorted([*rows, *((time, 8, 0x78 * on) for time, on in keys)], key=lambda row: row[0])
    song = played(rows, 12.0)
    tracks = read(song, tmp_path_factory.mktemp("curve"))[1:]
    ours = curve(tracks[0]) if tracks else []
    seconds, heard = np.array([time for time, _ in ours]), [midi for _, midi in ours]
    held, on = {0x28: 0, 0x30: 0}, False
    for (time, address, data), (after, *_) in itertools.pairwise([*rows, (12.0,)]):
        if address == 8:
            on = bool(data)
        else:
            held[address] = data
        if on and after - time > 4 * FRAME:
            for moment in (time + 2 * FRAME, after - 2 * FRAME):
                mine = heard[int(np.searchsorted(seconds, moment, side="right")) - 1]
                assert mine == pytest.approx(opm.midi_of(held[0x28], held[0x30] >> 2), abs=0.02)


@pytest.mark.parametrize(("reach", "widest"), [(2, 0.4), (2, 2), (12, 2.1), (24, 23), (48, 40), (97, 90)])
def test_the_range_of_the_bends_is_what_the_track_needs(tmp_path, reach, widest):
    rows = [(0.5 + i / 1000, *row) for i in range(101) for row in opm.note(14 + widest * i / 100).registers(1)]
    _, track = read(played([(0.5, 8, 0x78), *rows, (0.9, 8, 0)], 1.0), tmp_path)
    ranges = [message.value for _, message in track if message.type == "control_change" and message.control == 6]
    assert (ranges, len(struck(track))) == ([reach], 1)


def test_the_chips_whole_range_is_bent(tmp_path):
    """From its lowest pitch, all but half a semitone above a key's middle, to its highest."""
    clock = round(opm.REFERENCE_CLOCK * 2 ** (0.49 / 12))
    rows = [(0, address, data) for address, data in ORGAN.registers(1)]
    rows += [(0, 0x28, 0), (0, 0x30, 0), (0.1, 8, 0x78), (0.2, 0x28, 0x7E), (0.2, 0x30, 0xFC), (0.21, 8, 0)]
    _, track = read(opm.Song(rows, clock=clock), tmp_path)
    lowest, highest = [midi for _, midi in curve(track) if midi == midi]
    assert (lowest, highest) == pytest.approx((opm.midi_of(0, 0, clock), opm.midi_of(0x7E, 63, clock)), abs=0.02)


def voice_rows(**changes):
    """A sine of C2 alone, the rest silent: writes of channel 1."""
    ops = (opm.Operator(tl=127),) * 3 + (opm.Operator(**{"tl": 20, "rr": 15} | changes),)
    return [(0, address, data) for address, data in opm.Voice(con=7, ops=ops).registers(1)] + [(0, 0x28, 0x4A)]


@pytest.mark.parametrize(
    ("rows", "notes"),
    [
        (voice_rows(), 1),
        (voice_rows(tl=103), 1),
        (voice_rows(tl=104), 0),
        (voice_rows(tl=127), 0),
        (voice_rows(ar=0), 0),
        ([*voice_rows(), (0, 0x20, 0x07)], 0),  # put out on no side
        ([*voice_rows(tl=127), (0.15, 0x78, 30)], 1),  # a driver's swell
        ([*voice_rows(), (0.1, 0x78, 127)], 0),
    ],
)  # fmt: skip
def test_what_is_not_heard_is_left_out_and_gives_no_sound(tmp_path, rows, notes):
    song = opm.Song(sorted([*rows, (0.1, 8, 0x78), (0.2, 8, 0)], key=lambda row: row[0]), length=0.3)
    assert song.render().any() == bool(notes)
    assert len(read(song, tmp_path)) == 1 + notes, "no track without a note"
    assert len(song.notes()) == 1


@pytest.mark.parametrize(
    ("keys", "ar", "notes"),
    [(0x78, 31, 1), (0x78, 12, 0), (0x38, 31, 0), (0x40, 31, 1)],
)
def test_a_key_released_at_once_is_heard_if_its_attack_is_as_fast(tmp_path, keys, ar, notes):
    """A slow release makes a drum of it; C2 has to be among the keys."""
    song = opm.Song([*voice_rows(ar=ar, rr=4), (0.1, 8, keys), (0.1, 8, 0)], length=0.5)
    assert song.render().any() == bool(notes)
    assert len(read(song, tmp_path)) == 1 + notes


def test_a_fast_restruck_slow_attack_is_kept(tmp_path):
    """Each key goes on rising from where the last has come to."""
    keys = [(0.1 + 0.02 * i, 8, on) for i in range(20) for on in (0, 0x78)]
    song = opm.Song([*voice_rows(ar=5, rr=0), *keys], length=0.6)
    assert song.render().any()
    assert len(struck(read(song, tmp_path)[1])) == 20


def test_notes_that_the_timer_strikes_are_named_as_lost(tmp_path):
    rows = [*voice_rows(), (0, 0x10, 0x80), (0.1, 0x14, 0x85), (0.9, 0x14, 0)]
    lost = [opm.Song(rows[:n], length=1).save(tmp_path / "a.mid") for n in (-2, len(rows))]
    assert ["notes that timer A strikes (CSM)" in lines for lines in lost] == [False, True]


def test_what_drivers_do_first_is_not_music(tmp_path):
    """All channels silenced, struck and released; one note of channel 3."""
    rows = [(0, base + slot + ch, 127) for base in (0x60,) for slot in range(0, 32, 8) for ch in range(8)]
    rows += [(0.01 + ch * 4e-4 + on * 4.5e-5, 8, (1 - on) * 0x78 + ch) for ch in range(8) for on in (0, 1)]
    rows += [(0.5, address, data) for address, data in ORGAN.registers(3)] + [(0.5, 8, 0x7A), (0.9, 8, 2)]
    song = opm.Song(rows)
    _, track = read(song, tmp_path)
    assert (track[0][1].name, len(struck(track))) == ("channel 3", 1)
    assert len(song.notes()) == 9


@pytest.mark.parametrize("bpm", [60, 97.3, 120, 200, None])
def test_times_are_within_a_frame(tmp_path, bpm):
    moments = np.sort(np.random.default_rng(3).uniform(0, 300, 200))
    rows = [(0, 1, a, b, 60, -10, 0) for a, b in itertools.pairwise(moments.tolist())]
    _, track = read(opm.Song.from_notes(rows, [ORGAN]), tmp_path, bpm=bpm)
    np.testing.assert_allclose([time for time, _ in struck(track)], moments[:-1], atol=FRAME)


def test_a_week_fits(tmp_path):
    """No message comes more than 2**28 ticks after another, which MIDI could not write."""
    song = opm.Song.from_notes([(0, 1, 604_000.0, 604_001.0, 60, -10, 0)], [ORGAN])
    _, track = read(song, tmp_path)
    ((time, _),) = struck(track)
    assert time == pytest.approx(604_000, abs=0.01)
    assert max(message.time for _, message in track) < 2**28


def test_two_notes_in_one_tick_stay_two(tmp_path):
    keys = [(0.1, 8, 8 * C2), (0.1, 8, 0)] * 3 + [(0.1, 8, 8 * C2), (0.2, 8, 0)]
    _, track = read(opm.Song([*voice_rows(), *keys]), tmp_path, bpm=20)
    kinds = [message.type for _, message in track if message.type.startswith("note")]
    assert kinds == ["note_on", "note_off"] * 4


def rhythm(bpm, beats, seed=0, tick=None):
    """A bass on every beat, and a melody of quarters, eighths and sixteenths; by a driver of so many ticks a second."""
    rng, notes, beat = np.random.default_rng(seed), [], 60 / bpm
    for i in range(beats):
        notes.append((0, 1, i * beat, (i + 0.9) * beat, 40, -10.0, 0))
        parts = int(rng.choice([1, 2, 4]))
        notes += [
            (0, 2, (i + j / parts) * beat, (i + (j + 0.8) / parts) * beat, 60 + j, -10.0, 0) for j in range(parts)
        ]
    if tick:
        notes = [(*note[:2], *(int(time * tick) / tick for time in note[2:4]), *note[4:]) for note in notes]
    return opm.Song.from_notes(sorted(notes, key=lambda note: note[2]), [ORGAN])


@pytest.mark.parametrize("bpm", [60.5, 72, 96, 111.1, 120, 133, 150, 175, 199])
@pytest.mark.parametrize("tick", [None, 60])
def test_the_tempo_is_found(tmp_path, bpm, tick):
    assert tempo_of(rhythm(bpm, 64, int(bpm), tick), tmp_path) == pytest.approx(bpm, rel=0.001)


@pytest.mark.parametrize("bpm", [70, 100, 140, 190])
def test_an_even_pulse_is_the_beat(tmp_path, bpm):
    notes = [(0, 1, 0.3 + i * 60 / bpm, 0.3 + (i + 0.5) * 60 / bpm, 60, -10.0, 0) for i in range(40)]
    assert tempo_of(opm.Song.from_notes(notes, [ORGAN]), tmp_path) == pytest.approx(bpm, rel=0.001)


@pytest.mark.parametrize("count", [0, 1, 7, 20, 300])
def test_without_a_tempo_it_is_120(tmp_path, count):
    starts = np.sort(np.random.default_rng(count).uniform(0, count / 4 + 1, count + 1)).tolist()
    notes = [(0, 1, a, b, 60, -10.0, 0) for a, b in itertools.pairwise(starts)]
    assert tempo_of(opm.Song.from_notes(notes, [ORGAN]), tmp_path) == 120


def test_a_song_that_gets_faster_has_no_tempo(tmp_path):
    assert tempo_of(opm.load(VGM), tmp_path) == 120


def test_a_tempo_given_moves_no_note(tmp_path):
    song = rhythm(100, 16)
    assert tempo_of(song, tmp_path, bpm=77) == pytest.approx(77, rel=1e-5)
    found = [[time for time, _ in struck(read(song, tmp_path, bpm=bpm)[2])] for bpm in (61, 100, 399)]
    np.testing.assert_allclose(found[0], found[1], atol=FRAME)
    np.testing.assert_allclose(found[2], found[1], atol=FRAME)


@pytest.mark.parametrize(("name", "bpm"), [("a.mid", 19), ("a.mid", 401), ("a.mid", float("nan")), ("a.vgm", 100)])
def test_a_tempo_without_a_meaning_is_refused(tmp_path, name, bpm):
    with pytest.raises(
        ValueError, match=f"bpm must be {limits.SLOWEST_BPM} to {limits.FASTEST_BPM}, for .mid, got {bpm}"
    ):
        rhythm(100, 16).save(tmp_path / name, bpm=bpm)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("clock", "kc", "written"),
    [
        (16_000_000, 0x7E, 122),
        (16_000_000, 0x76, 116),
        (16_000_000, 0x75, 127),
        (500_000, 0x00, 3),
        (500_000, 0x20, 3),
    ],
)
def test_notes_outside_midis_are_octaves_off_and_said(tmp_path, clock, kc, written):
    rows = [(0, address, data) for address, data in ORGAN.registers(1)]
    song = opm.Song([*rows, (0, 0x28, kc), (0.1, 8, 0x78), (0.3, 0x30, 0x40), (0.5, 8, 0)], clock=clock)
    assert len(song.voices()) == 1
    (note,) = song.notes()
    said = song.save(tmp_path / "a.mid")
    assert ("the octave of notes outside MIDI's 0 to 127: 1" in said) == (not 0 <= round(note["midi"]) <= 127)
    _, track = read(song, tmp_path)
    ((_, key),) = struck(track)
    assert (key, (key - round(note["midi"])) % 12) == (written, 0)
    pitches = [midi for _, midi in curve(track) if midi == midi]
    assert pitches[-1] - pitches[0] == pytest.approx(0.25, abs=0.01), "bends move with it"


def test_two_chips_have_sixteen_tracks(tmp_path):
    notes = [(chip, ch, 0.0, 1.0, 60 + ch, -20.0, 0) for chip in (0, 1) for ch in range(1, 9)]
    _, *tracks = read(opm.Song.from_notes(notes, [ORGAN]), tmp_path)
    assert len({track[-2][1].channel for track in tracks}) == len(tracks) == 16
    assert tracks[8][0][1].name == "channel 1 of chip 2"
