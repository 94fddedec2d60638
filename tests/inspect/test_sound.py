"""Players: what they play is what was given, within Vorbis; shapes, silence, refusals."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile

import opm

RATE = 55_930
TONE = np.rint(8000 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE)).astype(np.int16)


def played(html):
    """Return the sounds that a page holds, each with its rate."""
    files = re.findall(r"<audio controls[^>]* src='data:audio/ogg;base64,([^']*)'></audio>", html)
    return [soundfile.read(io.BytesIO(base64.b64decode(file)), dtype="float32") for file in files]


def test_the_page_holds_the_sound():
    [(samples, rate)] = played(opm.listen(TONE)._repr_html_())
    assert rate == RATE
    assert samples.shape == TONE.shape
    noise = samples - TONE / 32_768
    assert np.std(noise) < 0.05 * np.std(samples)


def test_both_sides_are_kept_where_they_differ():
    both, left = np.stack([TONE, TONE], axis=1), np.stack([TONE, 0 * TONE], axis=1)
    shapes = [samples.shape for samples, _ in played(opm.listen({"both": both, "left": left})._repr_html_())]
    assert shapes == [(RATE,), (RATE, 2)]
    [(samples, _)] = played(opm.listen(left)._repr_html_())
    assert np.abs(samples[:, 1]).max() < 0.01 < np.abs(samples[:, 0]).max()


def test_stems_are_a_table():
    stems = np.zeros((RATE, 8, 2), np.int16)
    stems[:, 2] = TONE[:, None]
    page = opm.listen(stems)._repr_html_()
    assert re.findall(r"<th[^>]*>(.*?)</th>", page) == [f"channel {i}" for i in range(1, 9)]
    assert page.count("<audio") == 1
    assert page.count("silent") == 7
    assert "channel 4: 1.00 s at 55930 Hz, silent" in repr(opm.listen(stems))


def test_names_are_no_markup():
    assert "<b>" not in opm.listen({"<b>": TONE})._repr_html_()


def test_a_second_takes_little():
    rng = np.random.default_rng(1)
    noise = rng.integers(-8000, 8000, (4 * RATE, 2)).astype(np.int16)
    assert len(opm.listen(noise).ogg[""]) < 4 * 25_000


def test_long_and_loud_sounds():
    """A long one, which libsndfile could not take at once; floats beyond full scale are clipped."""
    sound = opm.listen(np.full(3_000_000, 1e9))
    assert "53.64 s" in repr(sound)
    assert " autoplay" in opm.listen(TONE, autoplay=True)._repr_html_()


def test_a_song_is_rendered():
    song = opm.load(b"clock 4000000\n0 20 C7\n0 28 4A\n0 80 1F\n0 E0 0F\n0 08 08\n62500 08 00\n")
    sound = opm.listen(song)
    assert repr(sound).startswith("sound: 1.")
    assert sound.rate == 62_500
    [(samples, rate)] = played(sound._repr_html_())
    assert rate == 62_500
    assert len(samples) == len(song.render())
    assert opm.listen(song, rate=22_050).rate == 22_050


@pytest.mark.parametrize("sound", [None, "song.vgm", opm.Voice(), object(), {"a": None}])
def test_what_makes_no_sound_is_named(sound):
    with pytest.raises(TypeError, match="sound must be an array, a mapping of arrays or a song, got") as caught:
        opm.listen(sound)
    assert repr(sound)[:20] in str(caught.value)


@pytest.mark.parametrize("sound", [[0.0, np.nan], [np.inf], ["a"], [True], {}, [1j]])
def test_refused_numbers(sound):
    """NaN would come out of the encoder as a loud burst."""
    with pytest.raises(ValueError, match=r"of finite numbers|at least one sound"):
        opm.listen(sound)


def test_any_width_of_numbers():
    for numbers in (np.float16, np.float64, np.int32):
        assert len(opm.listen(np.ones(100, numbers)).ogg[""]) > 100


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros((5, 3)), {"a": TONE, "b": np.zeros((0, 2))}])
def test_refused_shapes(sound):
    with pytest.raises(ValueError, match="must be of shape"):
        opm.listen(sound)


@pytest.mark.parametrize("rate", [0, 200_001, float("nan")])
def test_refused_rates(rate):
    with pytest.raises(ValueError, match="rate must be"):
        opm.listen(TONE, rate)
