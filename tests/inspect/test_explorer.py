"""The explorer without a browser: voices go in and come out, a change is one picture, a stored page shows it all."""

import base64
import re
import subprocess
import sys
from dataclasses import replace

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from conftest import ROOT
from IPython.core.formatters import DisplayFormatter
from nbconvert import HTMLExporter

mpl.use("Agg")

import opm
from opm.dataset import random_voice
from opm.inspect import explorer as module

OPS = tuple(opm.Operator(ar=24, d1r=12, d2r=4, rr=8, d1l=3, tl=tl) for tl in (30, 40, 8, 8))
VOICE = opm.Voice("a < b", con=4, fb=5, ops=OPS)
ODD = [
    opm.Voice(),
    replace(VOICE, rl=0, slots=0, pms=7, ams=3),
    replace(VOICE, rl=2, slots=0b0100, lfo=(0,) * 6),
    replace(VOICE, slots=0b0010, lfo=(255, 127, 1, 3, 31, 1)),
    replace(VOICE, lfo=()),
    replace(VOICE, ops=(opm.Operator(31, 31, 31, 15, 15, 127, 3, 15, 7, 3, 1), *OPS[1:])),
]


@pytest.fixture
def drawn(monkeypatch):
    """Draw nothing, but write down the voices that would be."""
    voices = []
    monkeypatch.setattr(module, "_played", lambda _: (np.zeros((1, 2), np.int16), {}))
    monkeypatch.setattr(module, "_picture", lambda voice, *_: voices.append(voice) or b"")
    return voices


def everything(explorer):
    """Return an explorer's widgets."""
    found = [explorer]
    for widget in found:
        found += getattr(widget, "children", ())
    return found


def controls(explorer):
    """Return what an explorer has by what is written beside it; of the sliders that four operators have, C2's."""
    return {widget.description: widget for widget in everything(explorer) if getattr(widget, "description", "")}


@pytest.mark.parametrize("voice", [random_voice(15), *ODD[1:4]], ids=["random", "silent", "one key", "noise"])
def test_gives_back_the_voice(voice):
    assert opm.explorer(voice).voice == voice


def test_gives_back_any_voice(drawn):
    explorer = opm.explorer(VOICE)
    for voice in [*(random_voice(15, number) for number in range(20)), *ODD]:
        explorer.voice = voice
        assert explorer.voice == voice
        assert drawn.pop() == voice


def test_a_change_is_one_picture(drawn):
    explorer = opm.explorer(VOICE)
    assert drawn == [VOICE]
    explorer.voice = random_voice(15)
    assert drawn == [VOICE, random_voice(15)]
    controls(explorer)["TL"].value = 77
    assert len(drawn) == 3
    assert explorer.voice == drawn[2] == replace(drawn[1], ops=(*drawn[1].ops[:3], replace(drawn[1].ops[3], tl=77)))
    controls(explorer)["held, s"].value = 0.1
    controls(explorer)["note"].value = "C4"
    assert len(drawn) == 5


@pytest.mark.parametrize("lfo", [None, (200, 20, 30, 2, 7, 1)])
def test_a_note_is_played_once(lfo, monkeypatch):
    """Sound and envelopes come from one pass of the chip, and are those of ``run`` and ``trace``."""
    note = replace(VOICE, lfo=lfo).note("A3", 0.1)
    end = note.key_off + round(55_930.39)
    frames, advance = [], opm.YM2151._advance
    monkeypatch.setattr(opm.YM2151, "_advance", lambda *of: frames.append(of[1] * of[2] / 32) or advance(*of))
    sound, envelopes = module._played(note)
    reset = 2048 / 32
    assert sum(frames) == reset + end, f"expected one pass of {end} frames after the reset, got {frames}"
    np.testing.assert_array_equal(sound, opm.run(note.events, end)[note.key_on :])
    slot = 16 + note.channel - 1
    rows = opm.trace(note.events, [("eg_level", slot), ("eg_state", slot)], start=note.key_on, stop=end)
    for got, want in zip(envelopes["C1"], (rows[f"eg_level[{slot}]"], rows[f"eg_state[{slot}]"]), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_change_is_played_once(monkeypatch):
    explorer, passes, played = opm.explorer(VOICE), [], module._played
    monkeypatch.setattr(module, "_played", lambda note: passes.append(note) or played(note))
    explorer.voice = random_voice(15)
    assert len(passes) == 1


def test_an_lfo_can_be_given(drawn):
    explorer = opm.explorer(VOICE)
    controls(explorer)["LFRQ"].value = 200
    assert explorer.voice == replace(VOICE, lfo=(200, 0, 0, 0, 0, 0))
    assert any(widget.value == "<b>LFO, 5.12 Hz</b>" for widget in everything(explorer) if hasattr(widget, "value"))
    assert "LFRQ 200, W 0, PMD 0, AMD 0, NE 0, NFRQ 0, RL 3, LFO 5.12 Hz" in explorer._repr_html_()
    controls(explorer)["LFRQ"].value = 0
    assert explorer.voice == VOICE


def test_a_menu_of_voices(drawn):
    voices = [VOICE, random_voice(15, 3)]
    explorer = opm.explorer(voices)
    assert [label for label, _ in controls(explorer)["voice"].options] == ["1: a < b", "2: voice 3"]
    controls(explorer)["voice"].value = 1
    assert explorer.voice == voices[1]
    assert len(drawn) == 2


def test_what_is_no_voice_is_refused(drawn):
    explorer = opm.explorer(VOICE)
    with pytest.raises(ValueError, match="at least one voice"):
        opm.explorer([])
    with pytest.raises(ValueError, match="note"):
        opm.explorer(VOICE, "H3")
    for none in ("x", [None], [VOICE, 1]):
        with pytest.raises(TypeError, match="expected a Voice, got"):
            opm.explorer(none)
    with pytest.raises(TypeError, match="expected a Voice, got None"):
        explorer.voice = None
    assert explorer.voice == VOICE


def test_the_highest_pitch_is_the_highest_note(drawn):
    highest = opm.midi_of(127, 63)
    assert opm.explorer(VOICE, highest)._note.value == opm.explorer(VOICE, "C8")._note.value


@pytest.mark.parametrize(("name", "held"), [("A2", 0.5), ("A3", 0.5), ("C4", 0.5), ("E5", 0.2), ("A4", 0.05)])
def test_the_spectrum_of_a_steady_tone_has_its_level(name, held, monkeypatch):
    shown = []
    spectrum = module.plot.spectrum
    monkeypatch.setattr(module.plot, "spectrum", lambda *of, **more: shown.append(spectrum(*of, **more)) or shown[-1])
    explorer = opm.explorer(opm.Voice("sine", con=7, ops=(opm.Operator(tl=127),) * 3 + (opm.Operator(tl=10),)), name)
    explorer._held.value = held
    assert shown[-1].lines[0].get_ydata().max() == pytest.approx(-19.6, abs=1.5)


def test_the_header_says_what_is_heard_and_keys_it(drawn):
    explorer = opm.explorer(VOICE)
    assert {"M1, modulator", "C1, carrier", "M2, modulator", "C2, carrier"} < set(controls(explorer))
    controls(explorer)["M2, modulator"].value = False
    assert explorer.voice.slots == 0b1011


@pytest.fixture(scope="module")
def page():
    """What a notebook stores, by type."""
    return DisplayFormatter().format(opm.explorer(VOICE, 57.4))[0]


def test_a_stored_page_shows_sliders_picture_and_sound(page):
    text = page["text/html"]
    assert "a &lt; b" in text
    assert "A3, held for 0.5 s: CON 4, FB 5" in text
    rows = [re.sub("<.*?>", " ", row).split() for row in re.findall("<tr>(.*?)</tr>", text)]
    assert rows[0] == ["M1,", "modulator", "C1,", "carrier", "M2,", "modulator", "C2,", "carrier"]
    assert [row[0] for row in rows[1:]] == ["AR", "D1R", "D2R", "RR", "D1L", "TL", "KS", "MUL", "DT1", "DT2", "AMS-EN"]
    assert rows[6] == ["TL", "30", "8", "40", "8"]
    assert base64.b64decode(re.search("image/png;base64,(.*?)'", text)[1])[:4] == b"\x89PNG"
    assert base64.b64decode(re.search("audio/ogg;base64,(.*?)'", text)[1])[:4] == b"OggS"
    assert "autoplay" not in text
    assert "<script" not in text
    assert len(text) < 300_000


def test_a_page_without_a_kernel_takes_the_html(page):
    """nbconvert, and what builds on it: without the widgets' state it leaves the live sliders out."""
    assert "application/vnd.jupyter.widget-view+json" in page
    cell = nbformat.v4.new_code_cell("e", outputs=[nbformat.v4.new_output("display_data", data=page)])
    text = HTMLExporter(template_name="basic").from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    assert "C1, carrier" in text
    assert "widget-view" not in text


def test_a_change_is_heard_at_once_but_not_stored_so():
    explorer = opm.explorer(VOICE)
    assert "autoplay" not in explorer.player.value
    explorer.voice = random_voice(15)
    assert "autoplay" in explorer.player.value
    assert "autoplay" not in explorer._repr_html_()


def test_needs_widgets_only_when_asked_for():
    code = "import sys, opm; assert not {'ipywidgets', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)
