"""A note as bus events: where its key goes down and up, at which pitch and on which channel."""

import numpy as np
import pytest

import opm
from opm.events import to_writes
from opm.voice.voice import play_notes

OPS = tuple(opm.Operator(ar=28, d1r=9, d1l=4, rr=7, tl=tl) for tl in (30, 40, 8, 8))
VOICE = opm.Voice("two pairs", con=4, fb=5, ops=OPS)
NOISE = opm.Voice("noise", con=7, slots=8, ops=OPS, lfo=(200, 20, 30, 2, 7, 1))


@pytest.mark.parametrize("clock", [3_579_545, 4_000_000])
@pytest.mark.parametrize(("voice", "channel"), [(VOICE, 1), (NOISE, 8)])
def test_a_note_says_where_its_key_goes_down_and_up(voice, channel, clock):
    note = voice.note("A4", 0.25, clock)
    writes = to_writes(note.events)
    keys = writes[writes["address"] == 8]
    assert (keys["cycle"] // 32).tolist() == [note.key_on, note.key_off]
    assert keys["data"].tolist() == [voice.slots << 3 | channel - 1, channel - 1]
    assert note.channel == channel
    assert note.key_off - note.key_on == round(0.25 * clock / 64)
    pitch = writes[(writes["address"] & 0xF0) == 0x20][-1:], writes[(writes["address"] & 0xF8) == 0x30]
    assert [tuple(row.tolist()[0][1:]) for row in pitch] == opm.note("A4", clock).registers(channel)


@pytest.mark.parametrize("voice", [VOICE, NOISE])
@pytest.mark.parametrize(("pitch", "seconds"), [("A4", 0.5), (60.5, 0), ("C2", np.inf)])
def test_events_are_the_notes(voice, pitch, seconds):
    note = voice.note(pitch, seconds)
    np.testing.assert_array_equal(voice.events(pitch, seconds), note.events)
    assert note.key_off >= note.key_on + 2, "no write begins before the last one is done"


def test_many_notes_are_each_of_them():
    notes = [(VOICE, "A4", 0.5), (NOISE, 60.5, 0), (VOICE, 30, 1)]
    many = play_notes(notes)
    each = [voice.note(pitch, seconds) for voice, pitch, seconds in notes]
    np.testing.assert_array_equal(many.events, np.concatenate([note.events for note in each]))
    assert many.counts.tolist() == [len(note.events) for note in each]
    for name in ("key_on", "key_off", "channel"):
        assert getattr(many, name).tolist() == [getattr(note, name) for note in each]


def test_a_pitch_is_that_of_the_clock():
    """MIDI 110 is above the chip's range at the usual one."""
    assert VOICE.note(110, 0.1, clock=4_000_000).key_on > 0
    with pytest.raises(ValueError, match="note 110 is outside the chip's range at 3579545 Hz"):
        VOICE.note(110, 0.1)
