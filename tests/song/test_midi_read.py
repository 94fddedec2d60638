"""MIDI files as songs: what the chip is told, and when, against the notes that the file has."""

import io
import math

import mido
import numpy as np
import pytest
from conftest import ROOT
from test_jit import run_python

import opm
from opm.midi import arrange
from opm.midi.bank import Bank, Instrument
from opm.midi.extras import Extras, Triangle
from opm.song import SongError
from opm.song.formats.midi import CLOSE, SOFTEST, _peak
from opm.voice.channels import Channels, one_by_one

SLOT = 2 * 64 / opm.REFERENCE_CLOCK
"""Seconds of a write on the bus."""
BEAT = 0.5
KON = 8


def loud(tl=10, con=7):
    """A voice whose carriers are all at a level."""
    return opm.Voice("loud", con=con, ops=(opm.Operator(tl=tl, mul=1, rr=10),) * 4)


NOISE = opm.Voice("noise", con=7, ops=(opm.Operator(tl=10, rr=10),) * 4, lfo=(0, 0, 0, 0, 5, 1))
BANK = Bank(
    "test",
    {(0, 0, number): Instrument(f"program {number}", loud(10, number % 8)) for number in range(128)},
    {(0, 36): Instrument("drum", loud(), note=40.0), (0, 38): Instrument("snare", loud(), note=45.0, noise=NOISE)},
)


def file_of(*messages, type=1, **header):
    """A file: beats and messages, 480 ticks a beat of half a second."""
    file = mido.MidiFile(type=type, ticks_per_beat=480)
    track, now = mido.MidiTrack(), 0
    file.tracks.append(track)
    for beats, message in sorted(messages, key=lambda row: row[0]):
        tick = round(480 * beats)
        track.append(message.copy(time=tick - now))
        now = tick
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def note(beats, key, length=1.0, velocity=100, channel=0):
    """A note's two messages."""
    return [
        (beats, mido.Message("note_on", note=key, velocity=velocity, channel=channel)),
        (beats + length, mido.Message("note_off", note=key, channel=channel)),
    ]


def control(beats, number, value, channel=0):
    """A controller's message."""
    return beats, mido.Message("control_change", control=number, value=value, channel=channel)


def load(*messages, **options):
    """The song of a file."""
    return opm.load(file_of(*messages), voices=BANK, **options)


def struck(song):
    """What each key-on finds on its channel: seconds, chip, channel, MIDI number, TL of C2, sides, PMS."""
    chips, found = [Channels() for _ in song.opms], []
    for tick, chip, address, data in one_by_one(song.rows):
        channel = chips[chip].take(address, data)
        if address == KON and channel.struck:
            voice = channel.voice()
            row = (
                song.seconds(tick),
                chip,
                channel.index,
                channel.midi(song.clock),
                voice.ops[3].tl,
                voice.rl,
                voice.pms,
            )
            found.append(row)
    return found


def test_a_note():
    song = load(*note(1, 60, velocity=127), control(0, 7, 127))
    ((seconds, _, _, midi, *_),) = struck(song)
    assert midi == 60
    assert seconds == pytest.approx(BEAT, abs=2 * SLOT)
    assert seconds >= BEAT
    ((_, channel, start, end, midi, _, _),) = song.notes().tolist()
    assert (midi, end - start) == (60, pytest.approx(BEAT, abs=0.001))
    assert channel == 1
    assert song.format == "MIDI type 1"


def test_there_is_room_before_the_first_note():
    song = load(*(row for key in range(60, 68) for row in note(0, key)))
    found = struck(song)
    assert len(found) == 8
    lead = song.seconds(song.arrangement.lead)
    assert lead == pytest.approx(0.01, abs=SLOT)
    assert max(seconds for seconds, *_ in found) - lead < 0.001
    # A piece that begins later has that room already.
    assert load(*note(1, 60)).arrangement.lead == 0


def test_levels_are_in_steps_of_tl():
    wanted = [(127, 127, 127), (100, 127, 127), (64, 100, 80), (30, 60, 127)]
    rows = []
    for i, (velocity, volume, expression) in enumerate(wanted):
        rows += [control(i, 7, volume), control(i, 11, expression), *note(i, 60, 0.9, velocity)]
    levels = [tl for _, _, _, _, tl, _, _ in struck(load(*rows))]
    decibels = [40 * math.log10(velocity * volume * expression / 127**3) for velocity, volume, expression in wanted]
    assert [level - levels[0] for level in levels] == [round(-each / 0.75) for each in decibels]


def test_one_attenuation_for_the_song():
    loudest = [row for beat in range(4) for key in range(60, 68) for row in note(beat, key, 0.9, 127)]
    for rows in (loudest, [row for row in loudest if row[1].note == 60], note(0, 60, 4, 3)):
        song = load(*rows)
        assert SOFTEST <= _peak(song) <= CLOSE
        samples = song.render()
        assert np.abs(samples.astype(int)).max() < 32767
    soft = load(*note(0, 60, 4, 3))
    assert soft.arrangement.facts["down_db"] < 0
    assert "turned up by" in soft.remarks[0]


def test_a_silent_file():
    song = load(control(0, 7, 0), *note(0, 60))
    assert len(struck(song)) == 0
    assert song.arrangement.facts["down_db"] == 0
    assert song.remarks[-1].startswith("no key is ever pressed")


def test_a_bank_without_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="expected tones"):
        opm.load(file_of(*note(0, 60)), voices="")


def test_sides_take_hold_with_the_next_note():
    rows = [control(0, 10, 0), *note(0, 60), control(0.5, 10, 64), *note(1, 62), control(2, 10, 127), *note(2, 64)]
    assert [rl for *_, rl, _ in struck(load(*rows))] == [1, 3, 2]


@pytest.mark.parametrize(("key", "sounds"), [(0, 24), (12, 24), (13, 13), (108, 108), (109, 97), (127, 103)])
def test_keys_outside_the_chip_are_folded(key, sounds):
    ((_, _, _, midi, *_),) = struck(load(*note(0, key)))
    assert midi == sounds


def test_bends_are_in_steps_of_a_64th():
    bends = [(0.1 + i / 100, mido.Message("pitchwheel", pitch=round(8191 * math.sin(i / 5)))) for i in range(60)]
    rpn = control(0, 101, 0), control(0, 100, 0), control(0, 6, 12)
    song = load(*rpn, *note(0, 60), *bends)
    channel, curve = Channels(), []
    for tick, _, address, data in one_by_one(song.rows):
        if (
            (found := channel.take(address, data))
            and found.index == 0
            and found.keys
            and address & 0xF0 in (0x20, 0x30)
        ):
            curve.append((song.seconds(tick - song.arrangement.lead), found.midi(song.clock)))
    for seconds, message in bends:
        at = seconds * BEAT + 0.002
        got = [60, *(midi for time, midi in curve if time <= at)][-1]
        assert abs(got - 60 - 12 * message.pitch / 8192) <= 1 / 64, f"{seconds}"


def test_the_wheel_is_a_pms():
    rows = [*note(0, 60), control(1, 1, 127), *note(1, 62)]
    assert [pms for *_, pms in struck(load(*rows))] == [0, 4]


def test_a_portamento_glides():
    song = load(control(0, 5, 64), control(0, 65, 127), *note(0, 60, 0.9), *note(1, 72, 2))
    assert [round(midi) for _, _, _, midi, *_ in struck(song)] == [60, 60]
    channel = Channels()
    for _, _, address, data in one_by_one(song.rows):
        channel.take(address, data)
    assert 72 in [each.midi(song.clock) for each in channel.channels]


def test_drums_last_30_ms():
    song = load(*note(1, 36, 0.001, channel=9))
    ((_, _, start, end, midi, _, _),) = song.notes().tolist()
    assert midi == 40
    assert end - start == pytest.approx(0.03, abs=2 * SLOT)


def test_noise_plays_on_channel_8():
    song = load(*note(1, 38, channel=9), *note(1.1, 38, channel=9))
    assert [channel for _, _, channel, *_ in struck(song)] == [7, 0]
    assert (0x0F, 0x85) in zip(song.rows["address"].tolist(), song.rows["data"].tolist(), strict=True)
    # A note without noise on that channel switches it off.
    full = load(*note(1, 38, channel=9), *(row for key in range(60, 68) for row in note(3, key)))
    noise = [data for address, data in zip(full.rows["address"], full.rows["data"], strict=True) if address == 0x0F]
    assert noise == [0x85, 0]


def test_what_finds_no_channel_is_counted():
    chord = [row for key in range(60, 72) for row in note(0, key, 4)] + note(2, 80)
    song = load(*chord)
    facts = song.arrangement.facts
    assert {name: facts[name] for name in ("notes", "most_at_once", "not_sent", "cut")} == {
        "notes": 13, "most_at_once": 13, "not_sent": 4, "cut": 1,
    }  # fmt: skip
    assert "13 notes, 13 at once at most, on 8 channels; 1 cut and 4 not sent" in song.remarks[0]
    two = load(*chord, chips=2)
    assert two.arrangement.facts["not_sent"] == 0
    assert {chip for _, chip, *_ in struck(two)} == {0, 1}
    assert two.chips == ("ym2151", "ym2151")


def test_a_burst_of_notes_of_no_length_is_not_late():
    burst = [row for i in range(400) for row in note(1 + i / 480, 60 + i % 12, 1 / 480)]
    song = load(*burst, *note(3, 72))
    found = [seconds for seconds, *_ in struck(song)]
    assert 300 < len(found) == 401 - song.arrangement.facts["not_sent"]
    assert found[-1] == pytest.approx(3 * BEAT, abs=0.001)
    per_channel = {}
    for row in song.arrangement.notes:
        per_channel.setdefault(int(row["channel"]), []).append(song.seconds(int(row["time"])))
    assert min(np.diff(times).min() for times in per_channel.values()) > 0.0095


def test_what_has_no_voice_is_named():
    drums = load(*note(0, 50, channel=9))
    assert drums.arrangement.facts["drums_without_voice"] == [50]
    assert "drum keys with another's voice: 50" in drums.remarks[0]
    few = Bank("few", {(0, 0, 5): Instrument("five", loud())})
    song = opm.load(file_of(*note(0, 60)), voices=few)
    assert song.arrangement.facts["programs_without_voice"] == [0]


def test_the_arrangement_names_each_note():
    song = load((0, mido.Message("program_change", program=7, channel=3)), *note(1, 60, velocity=90, channel=3))
    (row,) = song.arrangement.notes.tolist()
    _, chip, channel, part, drum, program, key, velocity, midi = row
    assert (chip, channel, part, drum, program, key, velocity, midi) == (0, 0, 3, False, 7, 60, 90, 60.0)


def loops():
    """Two beats, then a loop of two."""
    keys = enumerate((60, 62, 64, 65))
    marks = [(2.0, mido.MetaMessage("marker", text="loopStart")), (4.0, mido.MetaMessage("marker", text="loopEnd"))]
    programs = [(beat, mido.Message("program_change", program=beat)) for beat in range(4)]
    return marks + programs + [row for beat, key in keys for row in note(beat, key, 1.0)]


def test_a_loop():
    song = load(*loops())
    assert song.loop == pytest.approx(2 * BEAT, abs=0.001)
    assert song.seconds(song.loop_ticks) == pytest.approx(2 * BEAT, abs=SLOT)
    # The loop's own pass and the one behind it sound the same: nothing in it hangs on what came before.
    three = song.render(loops=3)
    frame = song.sample_rate
    first, second = (three[round(at * frame) : round((at + 2 * BEAT) * frame)] for at in (2 * BEAT, 4 * BEAT))
    assert np.abs(first.astype(int)).max() > 1000
    keys = [round(midi) for _, _, _, midi, *_ in struck(song)]
    assert keys == [60, 62, 64, 65]
    loud = [np.abs(each.astype(float)).mean() for each in (first, second)]
    assert loud[0] == pytest.approx(loud[1], rel=0.02)
    again = song.rows[song.loop_start.write :].copy()
    again["time"] += song.loop_ticks
    twice = song.but(rows=np.concatenate([song.rows, again]), loop_start=None, end=song.end + song.loop_ticks)
    assert [row[2:] for row in struck(twice)][2:4] == [row[2:] for row in struck(twice)][4:]


def test_click_free_silences_a_channel_first():
    keys = [row for beat in range(3) for key in range(60, 68) for row in note(beat, key + beat, 1.0)]
    song = load(*keys, click_free=True)
    released = (song.rows["address"] >= 0xE0) & (song.rows["data"] & 15 == 15)
    assert released.sum() == 2 * 8 * 4
    last, gaps = {}, []
    for tick, _, address, data in one_by_one(song.rows):
        if address == KON and data & 0x78 == 0:
            last[data] = tick
        elif address == KON and (data & 7) in last:
            gaps.append(song.seconds(tick - last[data & 7]))
    assert min(gaps) >= 0.002
    assert len(struck(song)) == 24


def test_effects_take_so_many_steps(monkeypatch):
    monkeypatch.setattr(arrange, "MOST_STEPS", 100)
    effects = Extras(vibrato=Triangle(depth=100, rate=6))
    bank = Bank("test", {(0, 0, 0): Instrument("vibrato", loud(), extras=effects)})
    song = opm.load(file_of(*note(1, 60, 20), *note(25, 60, 20)), voices=bank)
    moved = song.rows["time"][song.rows["address"] == 0x30]
    last = song.seconds(int(moved[moved < song.rows["time"].max() // 2].max()))
    assert 0.9 < last < BEAT + 100 * arrange.EFFECT_STEP + 0.01


def test_other_songs_do_not_import_it():
    code = (
        "import sys, opm; opm.load('player/songs/mountain_king.vgm');"
        "print([name for name in ('mido', 'opm.midi.banks', 'opm.song.formats.mml_commands') if name in sys.modules])"
    )
    assert run_python(code, str(ROOT)) == "[]"


def test_a_file_of_nothing():
    with pytest.raises(SongError, match=r"^byte 0x[0-9A-F]+: "):
        opm.load(b"MThd\0\0\0\6")


@pytest.mark.parametrize(("name", "value"), [("chips", 0), ("chips", 3), ("chips", 1.5)])
def test_arguments(name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
        load(*note(0, 60), **{name: value})
