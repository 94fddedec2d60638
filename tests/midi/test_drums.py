"""The bank's drums on the chip: as loud as each other, as long, as high and as bright as what they are named for."""

import numpy as np
import pytest

from opm import Voice
from opm.midi.arrange import ROW, SCORE, Arranged
from opm.midi.design import measure
from opm.midi.design.drums import DRUMS
from opm.midi.driver import Sound, loaded, turned_down
from opm.midi.noise import is_noise, quieter

VELOCITY_100 = 6
"""Steps of TL below velocity 127: 4.15 dB."""
SHORTEST = 0.03
"""Seconds for which a drum's key is held at least."""
MOST_USED = (
    *(35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 53, 54, 55, 56, 57, 59),
    *(60, 61, 62, 63, 64, 67, 69, 70, 75, 80, 81, 82),
)
"""Of 283 000 drum notes of 226 files these are 96 of 100."""
LASTS = {
    35: (0.1, 0.4), 36: (0.1, 0.4), 37: (0, 0.12), 38: (0.1, 0.3), 39: (0.1, 0.3), 40: (0.1, 0.3),
    42: (0, 0.12), 44: (0, 0.12), 46: (0.3, 0.8), 49: (1, 3), 51: (1, 3), 52: (0.5, 1.5), 53: (0.5, 1.5),
    54: (0.1, 0.3), 55: (0.4, 1), 56: (0.2, 0.5), 57: (1, 3), 59: (1, 3), 69: (0, 0.15), 70: (0, 0.1), 75: (0, 0.1),
    76: (0, 0.1), 77: (0, 0.1), 80: (0, 0.2), 81: (0.8, 3), 82: (0, 0.15),
    **dict.fromkeys((41, 43, 45, 47, 48, 50), (0.2, 0.5)),
    60: (0.08, 0.2), 61: (0.08, 0.2), 62: (0, 0.12), 63: (0.2, 0.5), 64: (0.2, 0.5), 86: (0.1, 0.3), 87: (0.4, 1),
}  # fmt: skip
"""Seconds to 30 dB below the loudest, at least and at most."""
PITCH = {
    34: 86, 41: 38, 43: 41, 45: 44, 47: 47, 48: 50, 50: 53, 56: 73, 60: 67, 61: 62, 62: 60, 63: 60, 64: 55, 65: 64,
    66: 58, 67: 83, 68: 78, 75: 99, 76: 85, 77: 78, 80: 108, 81: 108, 86: 37, 87: 37,
}  # fmt: skip
"""MIDI numbers of what has a pitch."""
BRIGHTER = [
    (35, 41),
    (36, 48),
    (41, 50),
    (50, 38),
    (38, 42),
    (35, 36),
    (64, 63),
    (61, 60),
    (77, 76),
    (68, 67),
    (37, 42),
]
"""The second is brighter than the first."""
BY_KEY = {drum.key: drum for drum in DRUMS}


def levelled():
    for drum in DRUMS:
        yield f"{drum.key} {drum.voice.name}", drum, measure.levelled(drum.voice, drum.note)
        if drum.noise:
            yield f"{drum.key} {drum.voice.name}, noise", drum, measure.levelled(drum.noise, drum.note)


@pytest.fixture(scope="module")
def bank():
    """Return drums and voices by name: those of the bank."""
    return {name: (drum, voice) for name, drum, voice in levelled()}


@pytest.fixture(scope="module")
def voices(bank):
    """Return voices by key: any channel's, and channel 8's or None."""
    found = {}
    for drum, voice in bank.values():
        found.setdefault(drum.key, [None, None])[is_noise(voice)] = voice
    return found


def lasts(voice, note, held):
    """Seconds from key-on to 30 dB below the loudest, for good."""
    levels = measure.envelope(voice, note, held, 4 - held)
    # Noise at rest is a step of -8: 10 ms of that and of what it jumps between are -72 dBFS.
    return (np.flatnonzero(levels > levels.max() - 30)[-1] + 1) / 1000 - 0.01


def test_the_keys_of_music_are_there():
    assert set(MOST_USED) <= set(BY_KEY)
    assert [drum.key for drum in DRUMS] == sorted(BY_KEY)
    assert set(BY_KEY) == {*range(27, 88)}


def test_no_two_are_the_same():
    sounds = {(drum.voice.same_sound(), drum.note) for drum in DRUMS}
    assert len(sounds) == len({drum.voice.name for drum in DRUMS}) == len(DRUMS)


def test_all_are_equally_loud(bank):
    full = {name: measure.level(voice, drum.note) for name, (drum, voice) in bank.items()}
    wrong = {name: round(level, 2) for name, level in full.items() if abs(level - measure.LEVEL) > 0.75}
    assert not wrong, f"expected {measure.LEVEL} dBFS, got {wrong}"
    softer = {n: measure.level(quieter(voice, VELOCITY_100), drum.note) for n, (drum, voice) in bank.items()}
    assert max(softer.values()) - min(softer.values()) < 1.5, sorted(softer.items(), key=lambda each: each[1])


def test_none_clips_alone(bank):
    peaks = {name: np.abs(measure.sound(voice, drum.note, 0.2)).max() for name, (drum, voice) in bank.items()}
    assert max(peaks.values()) < 0.5 * measure.FULL, peaks


@pytest.mark.parametrize("held", [SHORTEST, 0.125, 1.0])
def test_they_last_as_long_as_they_should_however_long_the_key_is_held(bank, held):
    for name, (drum, voice) in bank.items():
        found = lasts(voice, drum.note, held)
        least, most = LASTS.get(drum.key, (0.03, 3))
        assert least < found < most, f"{name}, held {held} s: expected {least} to {most} s, got {found:.3f}"


def test_letting_go_early_changes_little(bank):
    for name, (drum, voice) in bank.items():
        let_go, held = (lasts(voice, drum.note, seconds) for seconds in (SHORTEST, 1.0))
        assert 0.75 < let_go / held < 1.4, f"{name}: {let_go:.3f} s let go of, {held:.3f} s held"


def test_pitches(voices):
    for key, pitch in PITCH.items():
        drum = BY_KEY[key]
        assert drum.note + 12 * np.log2(drum.partial) == pytest.approx(pitch)
        cents = measure.cents(voices[key][0], drum.note, drum.partial)
        assert abs(cents) < 3, f"{drum.voice.name}: {cents:.1f} cents"


def test_toms_stand_apart():
    pitches = [PITCH[key] for key in (41, 43, 45, 47, 48, 50)]
    assert (np.diff(pitches) == 3).all()


def test_brightness(voices):
    for dark, bright in BRIGHTER:
        one, other = (measure.centroid(voices[key][0], BY_KEY[key].note, 0) for key in (dark, bright))
        assert one < other, f"{BY_KEY[dark].voice.name} {one:.0f} Hz, {BY_KEY[bright].voice.name} {other:.0f} Hz"


def test_what_channel_8_plays_instead_is_alike(voices):
    found = {key: pair for key, pair in voices.items() if pair[1]}
    assert {38, 39, 40, 42, 44, 46, 49, 57, 69, 70, 82} <= set(found)
    for key, (voice, noise) in found.items():
        drum = BY_KEY[key]
        ratio = lasts(noise, drum.note, 0.125) / lasts(voice, drum.note, 0.125)
        assert 0.8 < ratio < 1.25, f"{drum.voice.name}: noise lasts {ratio:.2f} times as long"
        high = [measure.centroid(each, drum.note, 0) for each in (voice, noise)]
        assert 0.7 < high[1] / high[0] < 1.4, f"{drum.voice.name}: {high[0]:.0f} and {high[1]:.0f} Hz"


def test_noise_fades_as_other_carriers_do(voices):
    for key, (voice, noise) in voices.items():
        if not noise:
            continue
        note = BY_KEY[key].note
        for steps in (8, 20, 32):
            levels = [measure.level(quieter(each, steps), note) for each in (voice, noise)]
            assert abs(levels[0] - levels[1]) < 1.5, f"{voice.name} {steps} steps down: {levels}"
            ratio = lasts(quieter(noise, steps), note, 0.125) / lasts(noise, note, 0.125)
            assert 0.6 < ratio < 1.5, f"{voice.name} {steps} steps down: lasts {ratio:.2f} times as long"


@pytest.mark.parametrize(("of_note", "of_song"), [(0, 0), (6, 0), (11, 8), (100, 90), (3, -8)])
def test_what_is_written_is_what_was_measured(voices, of_note, of_song):
    noise = voices[38][1]
    writes = Sound(loaded(noise), 3, of_note, 0, 0).registers(7)
    for written in (dict(turned_down(writes, of_song)), dict(as_rows(writes, of_song))):
        found = Voice.from_registers(written, 8)
        assert found.same_sound() == quieter(noise, of_note + of_song).same_sound()


def as_rows(writes, attenuation):
    """Return what an arrangement makes of writes."""
    rows = np.array([(0, 0, *write) for write in writes], ROW)
    return Arranged(rows, np.empty(0, SCORE), 0).turned_down(attenuation)[["address", "data"]].tolist()


def test_noise_is_switched_on_last_and_off_first(voices):
    tone, noise = (Sound(loaded(voice), 3, 0, 0, 0).registers(7) for voice in voices[38])
    assert noise[-1] == (0x0F, 0x80 | voices[38][1].lfo[4])
    assert tone[0] == (0x0F, 0)
    assert all(address != 0x0F for address, _ in Sound(loaded(voices[38][0]), 3, 0, 0, 0).registers(0))
