"""Pictures: each returns its Axes, labelled with units, and draws into the Axes it is given."""

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure

import opm
from opm import plot

OPS = tuple(opm.Operator(ar=24, d1r=12, d2r=4, rr=8, d1l=3, tl=tl) for tl in (30, 40, 8, 8))
VOICE = opm.Voice("test", con=4, fb=5, ops=OPS)


@pytest.fixture(autouse=True)
def closed():
    """Close what a test has drawn."""
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def song():
    return opm.load(ROOT / "player" / "songs" / "mountain_king.log").events()


def test_envelope_shows_all_states():
    ax = plot.envelope(VOICE)
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [re.sub(r": (> )?[\d.]+ ms", "", text) for text in said] == ["attack", "decay 1", "decay 2", "release"]
    levels = ax.lines[0].get_ydata()
    assert levels.max() > -1
    assert levels[-1] < -50
    assert "ms" in ax.get_xlabel()
    assert "dB" in ax.get_ylabel()


def test_envelopes_show_all_operators_in_mid_song(song):
    on, off = 24.121, 24.922  # of a note on channel 3
    first, last = (round(at * plot.REFERENCE_RATE) for at in (on - 0.02, off + 0.08))
    rows = opm.trace(song, ["kon", "eg_level", "sl_tl"], start=first, stop=last)
    ax = plot.envelopes(rows, 3)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["M1", "M2", "C1", "C2"]
    tops = [line.get_ydata().max() for line in ax.lines[:4]]
    assert tops == pytest.approx([-27, -30, -25.5, -18], abs=0.2)  # the attack comes to TL
    assert [text.get_text() for text in ax.texts] == ["key on", "key off"]
    assert [text.xy[0] for text in ax.texts] == pytest.approx([on, off], abs=0.002)
    assert ax.get_xlim() == pytest.approx([on - 0.02, off + 0.08], abs=0.001)
    with pytest.raises(ValueError, match="channel must be 1 to 8, got 9"):
        plot.envelopes(rows, 9)
    with pytest.raises(ValueError, match="kon"):
        plot.envelopes(opm.trace(song, ["eg_level", "sl_tl"], stop=3), 1)


def test_envelopes_leave_the_ramp_bit_of_the_ym2164_out():
    chip = opm.YM2164()
    chip.write_register(0x60, 0x80 | 40)
    chip.generate(40)
    rows = opm.trace(chip, ["kon", "eg_level", "sl_tl"], stop=2)
    assert plot.envelopes(rows, 1).lines[0].get_ydata() == pytest.approx([-96 + 96 / 1024 - 30] * 2)


def test_operators_show_phase_and_output():
    axes = plot.operators(VOICE, cycles=2)
    outputs = [ax.lines[1].get_ydata() for ax in axes]
    assert all(np.abs(output).max() > 0.01 for output in outputs)
    assert all(np.abs(output).max() <= 1 for output in outputs)
    assert np.nanmax(axes[0].lines[0].get_ydata()) - np.nanmin(axes[0].lines[0].get_ydata()) > 0.9


def test_spectrum_has_the_note():
    note = VOICE.note("A4", seconds=1)
    samples = opm.run(note.events, note.key_on + 9000)[note.key_on + 800 :, 0]
    line = plot.spectrum(samples).lines[0]
    loudest = line.get_xdata()[np.argmax(line.get_ydata())]
    assert loudest % 440 == pytest.approx(0, abs=10) or loudest % 440 == pytest.approx(440, abs=10)


@pytest.mark.parametrize("con", range(8))
def test_algorithm_names_all_operators(con):
    ax = plot.algorithm(opm.Voice(con=con, ops=OPS))
    assert {text.get_text()[:2] for text in ax.texts} >= {"M1", "M2", "C1", "C2"}


def test_heat_map_of_the_other_chip():
    ax = plot.heat_map([(0, 0, 0x01), (2, 1, 0), (64, 0, 0x09), (66, 1, 0)], chip="ym2164")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["RAMP", "TEST"]


def test_a_note_has_the_pitch_it_has_at_the_clock():
    """MIDI 110 is above the chip's range at the usual one."""
    assert plot.operators(VOICE, 110, cycles=10, clock=4e6)[-1].get_xlim()[1] == pytest.approx(10 / 4698.6e-3, rel=0.1)


def test_on_a_dark_page_the_text_is_dark():
    with plt.style.context("dark_background"):
        ax = plot.envelope(VOICE)
    texts = [ax.title, ax.xaxis.label, *ax.get_xticklabels(), *ax.get_legend().get_texts()]
    assert {mpl.colors.to_hex(text.get_color()) for text in texts} == {"#000000"}


LEVELS = np.full(9, 100)
REFUSED = {
    "shape of a spectrum": lambda: plot.spectrum(np.zeros((5, 2, 2))),
    "empty": lambda: plot.spectrogram([]),
    "NaN": lambda: plot.spectrum([0.0, np.nan, 1.0]),
    "words": lambda: plot.spectrum(["a"]),
    "no rate": lambda: plot.spectrum(LEVELS, 0),
    "no top": lambda: plot.spectrogram(LEVELS, top=np.inf),
    "window": lambda: plot.spectrogram(np.zeros(5000), window=2),
    "one channel": lambda: plot.oscilloscope(np.zeros(5)),
    "no levels": lambda: plot.traced_envelope([], []),
    "no state": lambda: plot.traced_envelope(LEVELS, np.full(9, 7)),
    "of two lengths": lambda: plot.traced_envelope(LEVELS, np.zeros(8, int)),
    "no rows": lambda: plot.envelopes(opm.trace([], ["kon", "eg_level", "sl_tl"], stop=0), 1),
    "no clock": lambda: plot.piano_roll(opm.make_events([]), 0),
    "no time": lambda: plot.envelope(VOICE, held_ms=np.inf),
    "no cycles": lambda: plot.operators(VOICE, cycles=-1),
    "no chip": lambda: plot.heat_map(opm.make_events([]), chip="ym2612"),
    "operator": lambda: plot.envelope(VOICE, "X"),
}


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_leaves_no_figure(ask):
    with pytest.raises(ValueError, match=r"expected|must be"):
        ask()
    assert plt.get_fignums() == []


def test_the_old_name_of_a_note_names_the_new_one():
    new = r"^opm\.plot\.note_events is now voice\.note\(pitch, seconds\), which returns the events"
    with pytest.raises(ImportError, match=new):
        plot.note_events  # noqa: B018
    with pytest.raises(ImportError, match=new):
        from opm.plot import note_events  # noqa: F401
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        plot.nothing  # noqa: B018


@pytest.mark.parametrize("lfo", [None, (200, 127, 127, 2, 31, 1)])
def test_pictures_of_a_note_are_of_the_operators_alone(lfo):
    """The same with an LFO and with noise, which need the whole chip and another channel."""
    voice = dataclasses.replace(VOICE, lfo=lfo)
    levels, phases = plot.envelope(voice).lines[0].get_ydata(), plot.operators(voice)[3].lines[0].get_ydata()
    np.testing.assert_array_equal(levels, plot.envelope(VOICE).lines[0].get_ydata())
    np.testing.assert_array_equal(phases, plot.operators(VOICE)[3].lines[0].get_ydata())


def test_threads_leave_the_settings_alone():
    before = dict(plt.rcParams)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: plot.algorithm(VOICE, Figure().subplots()), range(60)))
    assert dict(plt.rcParams) == before


def test_song_pictures(song):
    roll = plot.piano_roll(song)
    assert len(roll.collections) > 500
    assert roll.get_xlim()[1] == pytest.approx(45.05, abs=0.1)
    assert len(plot.oscilloscope(np.zeros((100, 8), np.int16)).lines) == 8
    two_chips = plot.oscilloscope(np.zeros((60_000, 16), np.int16))
    assert (two_chips.get_xlabel(), two_chips.get_xlim()[1]) == ("seconds", pytest.approx(1.07, abs=0.01))
    assert [label.get_text() for label in two_chips.get_yticklabels()] == [str(channel) for channel in range(1, 17)]


def test_pictures_of_a_chip_at_twice_its_speed(song):
    """Half as long, an octave higher."""
    events = song[:2000]
    rolls = [plot.piano_roll(events, cycles_per_frame=cycles) for cycles in (32, 64)]
    ends = [roll.get_xlim()[1] for roll in rolls]
    assert ends[0] == 2 * ends[1] == 2 * plot.heat_map(events, cycles_per_frame=64).get_xlim()[1]
    low, high = (roll.collections[0].get_paths()[0].vertices[:, 1].max() for roll in rolls)
    assert high - low == pytest.approx(12)


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


def test_style_is_used_and_not_left_behind():
    before = dict(plt.rcParams)
    ax = plot.envelope(VOICE)
    assert not ax.spines["top"].get_visible()
    assert dict(plt.rcParams) == before
    with plt.style.context(plot.style):
        assert plt.subplots()[1].plot([0, 1])[0].get_color() == plot.COLOURS[0]


# What others see: Machado, Oliveira and Fernandes, 2009, severity 1.
SEEN = {
    "all": np.eye(3),
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no blue cones": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def oklab(linear):
    """Return linear sRGB as Oklab (Ottosson, 2020), in which distances are what the eye makes of them."""
    cones = linear @ np.transpose([[0.4122215, 0.5363325, 0.0514460], [0.2119035, 0.6806995, 0.1073970],
                                   [0.0883025, 0.2817188, 0.6299787]])  # fmt: skip
    return np.cbrt(np.clip(cones, 0, None)) @ np.transpose([[0.2104543, 0.7936178, -0.0040720],
                                   [1.9779985, -2.4285922, 0.4505937], [0.0259040, 0.7827718, -0.8086758]])  # fmt: skip


@pytest.mark.parametrize("eyes", SEEN)
def test_colours_are_told_apart(eyes):
    value = np.array([mpl.colors.to_rgb(colour) for colour in plot.COLOURS])
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    seen = oklab(np.clip(linear @ np.transpose(SEEN[eyes]), 0, 1))
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(8, 1)]
    assert apart.min() > 0.14  # of black and white: 1; matplotlib's own ten colours: 0.01
    contrast = 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    assert contrast.min() > 2.6


def test_no_line_is_drawn_where_a_phase_wraps():
    line = plot.operators(VOICE, cycles=3)[0].lines[0].get_ydata()
    assert np.isnan(line).sum() == 3
    assert np.nanmin(np.diff(line)) >= 0
    np.testing.assert_array_equal(plot.gapped(np.array([0, 3, 6, 1, 4])), [0, 3, 6, np.nan, 4])


def test_spectrogram_shows_when_a_tone_sounds():
    rate = plot.REFERENCE_RATE
    tone = 16_000 * np.sin(np.arange(60_000) * 2 * np.pi * 1000 / rate)
    tone[30_000:] = 0
    ax = plot.spectrogram(np.stack([tone, tone], axis=1))
    mesh = ax.collections[0]
    levels = mesh.get_array()
    hertz, seconds = mesh.get_coordinates()[:-1, 0, 1], mesh.get_coordinates()[0, :-1, 0]
    row = np.abs(hertz + hertz[1] / 2 - 1000).argmin()
    early, late = levels[:, seconds < 0.4].mean(axis=1), levels[:, seconds > 0.6].mean(axis=1)
    assert early.argmax() == pytest.approx(row, abs=1)
    assert early.max() == pytest.approx(20 * np.log10(16_000 / 32_768), abs=1.5)
    assert late.max() <= -119
    with pytest.raises(ValueError, match="at least a window of 2048, got 10"):
        plot.spectrogram(tone[:10])


def test_heat_map_names_the_registers(song):
    ax = plot.heat_map(song)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert "KC" in names
    assert "M2 TL" in names
    assert names.count("M1 KS AR") == 1
    assert {"M1 DT1 MUL", "M1 DT2 D2R"} <= set(names)
    assert not any(name == "none" for name in names)
    assert ax.collections[0].get_array().sum() == len(opm.events.to_writes(song))
