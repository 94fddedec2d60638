"""Pictures: each returns its Axes, labelled with units, and draws into the Axes it is given."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT

import opm
from opm import plot
from opm.song import Options, Schedule, formats

OPS = tuple(opm.Operator(ar=24, d1r=12, d2r=4, rr=8, d1l=3, tl=tl) for tl in (30, 40, 8, 8))
VOICE = opm.Voice("test", con=4, fb=5, ops=OPS)


@pytest.fixture(autouse=True)
def closed():
    """Close what a test has drawn."""
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def song():
    log = formats.read(ROOT / "player" / "songs" / "mountain_king.log")
    return next(Schedule(log, Options()).events(0))


def test_envelope_shows_all_states():
    ax = plot.envelope(VOICE)
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"attack", "decay 1", "decay 2", "release"}
    levels = ax.lines[0].get_ydata()
    assert levels.max() > -1
    assert levels[-1] < -50
    assert "ms" in ax.get_xlabel()
    assert "dB" in ax.get_ylabel()


def test_operators_show_phase_and_output():
    axes = plot.operators(VOICE, cycles=2)
    outputs = [ax.lines[1].get_ydata() for ax in axes]
    assert all(np.abs(output).max() > 0.01 for output in outputs)
    assert all(np.abs(output).max() <= 1 for output in outputs)
    assert np.ptp(axes[0].lines[0].get_ydata()) > 0.9


def test_spectrum_has_the_note():
    events, key_on = plot.note_events(VOICE, "A4")
    samples = opm.run(events, key_on + 9000)[key_on + 800 :, 0]
    line = plot.spectrum(samples).lines[0]
    loudest = line.get_xdata()[np.argmax(line.get_ydata())]
    assert loudest % 440 == pytest.approx(0, abs=10) or loudest % 440 == pytest.approx(440, abs=10)


@pytest.mark.parametrize("con", range(8))
def test_algorithm_names_all_operators(con):
    ax = plot.algorithm(opm.Voice(con=con, ops=OPS))
    assert {text.get_text()[:2] for text in ax.texts} >= {"M1", "M2", "C1", "C2"}


def test_song_pictures(song):
    roll = plot.piano_roll(song)
    assert len(roll.collections) > 500
    assert roll.get_xlim()[1] == pytest.approx(45.05, abs=0.1)
    assert "register" in plot.heat_map(song).get_ylabel()
    assert len(plot.oscilloscope(np.zeros((100, 8), np.int16)).lines) == 8


def test_a_given_axes_is_used():
    ax = plt.subplots()[1]
    assert plot.envelope(VOICE, ax=ax) is ax
    assert plot.spectrum(np.zeros(100), ax=ax) is ax
    assert plot.algorithm(VOICE, ax=ax) is ax


def test_silence_and_bad_names():
    nothing = opm.make_events([])
    assert not plot.piano_roll(nothing).collections
    assert plot.heat_map(nothing).get_xlim() == (0, 1)
    with pytest.raises(ValueError, match="M3"):
        plot.envelope(VOICE, "M3")
