"""The voice explorer: sliders for a whole voice, its envelopes, wave and spectrum drawn, its note heard.

Needs ipywidgets and matplotlib (extra ``notebooks``).
"""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..events import REFERENCE_RATE
from ..pitch import HIGHEST, LOWEST, STEPS, hertz_of, midi_of, note, note_name
from ..registers import LIMITS, lfo_hertz
from ..state import OPERATORS
from ..tables import OFF
from ..voice.play import NoteEvents
from ..voice.table import COLUMNS, KEY_ORDER
from ..voice.voice import OF_OPERATOR, Operator, Voice, checked, checked_voices, parameters, voice_of
from . import plot
from .sound import listen
from .trace import sound_and_trace

_OF_OTHERS = {
    "channel": ("con", "fb", "pms", "ams"),
    "LFO": ("lfrq", "w", "pmd", "amd"),
    "noise, output": ("ne", "nfrq", "rl"),
}
"""Fields that no operator has, by heading."""
_NOTES = [note_name(LOWEST + i) for i in range((HIGHEST + 1) // STEPS)]
_MODULATOR = Operator(ar=31, d1r=8, d2r=4, rr=8, d1l=3, tl=24, mul=2)
_CARRIER = Operator(ar=28, d1r=12, d2r=6, rr=7, d1l=4, tl=6)
_FIRST = Voice("two pairs", con=4, fb=4, ops=(_MODULATOR, replace(_MODULATOR, dt1=3), _CARRIER, _CARRIER))
"""What there is to hear if no voice is given."""
_RING = 1.0
"""Seconds heard after key-off."""
_LEAST_SHOWN = 1000
"""Frames of an envelope."""
_PERIODS = 3
"""Of the note, in the picture of its wave."""
_WINDOW = 8192
"""Samples of a spectrum."""
_AS_LOUD = 0.98
"""Part of the power: 0.1 dB less."""
_CSS = """<style>
.opm-explorer { --jp-widgets-inline-height: 22px; --jp-widgets-font-size: 12px; max-width: 1200px; }
.opm-explorer .widget-readout { min-width: 36px; }
.opm-explorer .widget-toggle-button { font-weight: bold; box-shadow: none; margin-bottom: 4px; }
.opm-explorer .widget-toggle-button:not(.mod-active) { opacity: 0.4; }
.opm-explorer audio { height: 22px; width: 100%; }
</style>"""
_SMALL = {
    "figure.constrained_layout.use": False,
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titley": 1.0,
    "legend.fontsize": 7,
}
"""Settings on top of ``plot.style``. Titles at a fixed height: to look for a free one takes time, at each change."""
_BELOW = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncols": 2, "handlelength": 1, "columnspacing": 1}
"""Where an envelope's legend stands."""

Envelopes = dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]
"""Levels and states from key-on, by operator."""


def explorer(voice: Voice | Sequence[Voice] | None = None, pitch: float | str = "A3") -> "Explorer":
    """Return sliders for a whole voice, in a notebook: each change is drawn and heard.

    The button above an operator keys it on, or leaves it out. The pictures are of what the chip does at the reference
    clock: its envelopes with the times they took, and three periods of the wave and the spectrum where the note is
    loudest. A stored notebook shows the sliders as a table, the picture and the sound, without a kernel.

    Parameters
    ----------
    voice : Voice or sequence of Voice, optional
        Where to begin; of several, a menu chooses. If not given, a simple one.
    pitch : float or str
        The note at first, as for ``opm.note``, to the nearest semitone.

    Returns
    -------
    Explorer
        A widget. Its ``voice`` is what the sliders show, and can be set.

    Raises
    ------
    TypeError, ValueError
        A value does not fit its register, there is no voice, or the note is outside the chip's range.

    Examples
    --------
    >>> explored = explorer(Voice("organ", con=7, ops=(Operator(tl=20),) * 4))
    >>> explored.voice.con
    7
    >>> explored.voice = Voice("clarinet", con=4, ops=(Operator(tl=30, mul=2), Operator(), Operator(tl=9), Operator()))
    """
    voices = [_FIRST] if voice is None else [voice] if isinstance(voice, Voice) else checked_voices(voice)
    if not voices:
        raise ValueError("expected at least one voice")
    nearest = round(midi_of(*note(pitch)))
    return Explorer(voices, _NOTES[min(nearest - LOWEST, len(_NOTES) - 1)])


class Explorer(widgets.VBox):  # type: ignore[misc]
    """What ``explorer`` returns: a widget. Its own widgets ``picture`` and ``player`` follow the others."""

    def __init__(self, voices: list[Voice], name: str) -> None:
        style, layout = widgets.SliderStyle(description_width="48px"), widgets.Layout(width="auto", margin="0")
        # continuous_update off: a picture takes longer than the mouse from one value to the next.
        own: dict[str, Any] = {"style": style, "layout": layout, "continuous_update": False}
        self._sliders = {
            column: widgets.IntSlider(max=LIMITS[key], description=_mnemonic(key), **own)
            for column, key in ((column, column.split()[-1]) for column in COLUMNS[:-1])
        }
        self._keys = {op: widgets.ToggleButton(layout=layout, tooltip="keyed on or not") for op in KEY_ORDER}
        self._note = widgets.SelectionSlider(options=_NOTES, value=name, description="note", **own)
        self._held = widgets.FloatSlider(0.5, min=0.05, max=3, step=0.05, description="held, s", **own)
        self.player = widgets.HTML(layout=layout)
        names = [(f"{i + 1}: {voice.name}", i) for i, voice in enumerate(voices)]
        choice = widgets.Dropdown(options=names, description="voice", style=style, layout=layout)
        columns = [[widgets.HTML("<b>note</b>"), choice, self._note, self._held, self.player]]
        headings = {heading: widgets.HTML(f"<b>{heading}</b>") for heading in _OF_OTHERS}
        self._lfo = headings["LFO"]
        for heading, keys in _OF_OTHERS.items():
            columns.append([headings[heading], *(self._sliders[key] for key in keys)])
        for op, key in self._keys.items():
            columns.append([key, *(self._sliders[f"{op} {name}"] for name in OF_OPERATOR)])
        grid = widgets.Layout(
            grid_template_columns="repeat(auto-fit, minmax(max(200px, 22%), 1fr))", grid_gap="4px 16px"
        )
        self.picture = widgets.Image(layout=widgets.Layout(width="100%"))
        controls = widgets.GridBox([widgets.VBox(column) for column in columns], layout=grid)
        super().__init__([widgets.HTML(_CSS), controls, self.picture])
        self.add_class("opm-explorer")
        self._drawn = False
        # Set before anything is observed: one picture to begin with, not one per slider.
        self.voice = voices[0]
        for control in (*self._sliders.values(), *self._keys.values(), self._note, self._held):
            control.observe(self._redraw, "value")
        choice.observe(lambda change: setattr(self, "voice", voices[change["new"]]), "value")

    @property
    def voice(self) -> Voice:
        """The voice that the sliders show; set it to move them all, for one new picture."""
        slots = sum(key.value << bit for bit, key in enumerate(self._keys.values()))
        voice = voice_of([*(slider.value for slider in self._sliders.values()), slots], self._given.name)
        # A voice that came with an LFO keeps one whose fields are all 0, which the sliders alone do not show.
        return replace(voice, lfo=voice.lfo or (self._given.lfo and (0,) * len(self._given.lfo)))

    @voice.setter
    def voice(self, voice: Voice) -> None:
        *values, slots = parameters([checked(voice)])[0].tolist()
        self._given, self._moving = voice, True
        for slider, value in zip(self._sliders.values(), values, strict=True):
            slider.value = value
        for bit, key in enumerate(self._keys.values()):
            key.value = bool(slots >> bit & 1)
        self._moving = False
        self._redraw()

    def _redraw(self, change: Any = None) -> None:
        """Draw and play what the controls say, unless more of them are about to move."""
        if self._moving:
            return
        voice, name = self.voice, self._note.value
        for op, key in self._keys.items():
            key.description = _title(voice, op)
            key.button_style = "info" if _carries(voice, op) else ""
        self._lfo.value = f"<b>LFO, {self._hertz}</b>"
        played = voice.note(name, self._held.value)
        sound, envelopes = _played(played)
        hertz = hertz_of(midi_of(*note(name)))
        self.picture.value = _picture(voice, hertz, envelopes, sound, played.key_off - played.key_on)
        # Silent when it is first shown: a notebook that is run from top to bottom does not play.
        self._sounds = listen(sound, autoplay=self._drawn)
        self.player.value = self._sounds._repr_html_()
        self._drawn = True

    @property
    def _hertz(self) -> str:
        """The LFO's frequency, for people."""
        return f"{lfo_hertz(self._sliders['lfrq'].value):.3g} Hz"

    def _repr_html_(self) -> str:
        """Return what a page without a kernel shows: the sliders as a table, the picture, the sound."""
        voice = self.voice
        others = [key for keys in _OF_OTHERS.values() for key in keys]
        said = ", ".join(f"{_mnemonic(key)} {self._sliders[key].value}" for key in others) + f", LFO {self._hertz}"
        head = "".join(f"<th style='text-align:left'>{_title(voice, op)}</th>" for op in KEY_ORDER)
        rows = "".join(
            f"<tr><th>{_mnemonic(key)}</th>{''.join(_bar(self._sliders[f'{op} {key}']) for op in KEY_ORDER)}</tr>"
            for key in OF_OPERATOR
        )
        # A stored page must not play by itself when it is opened.
        self._sounds.autoplay = False
        # In the page itself: it stays whole when it is sent on or put on a site.
        picture = base64.b64encode(self.picture.value).decode()
        return (
            f"<p><b>{html.escape(voice.name)}</b>, {self._note.value}, held for {self._held.value} s: {said}</p>"
            f"<table style='width:100%;table-layout:fixed'><tr><th style='width:5em'></th>{head}</tr>{rows}</table>"
            f"<p><img style='width:100%' alt='envelopes, algorithm, wave and spectrum' "
            f"src='data:image/png;base64,{picture}'></p><p>{self._sounds._repr_html_()}</p>"
        )


def _mnemonic(key: str) -> str:
    """Return a field's name as the manual spells it."""
    return key.upper().replace("_", "-")


def _carries(voice: Voice, op: str) -> bool:
    """Say whether an operator is heard."""
    return list(OPERATORS).index(op) in voice.carriers


def _title(voice: Voice, op: str) -> str:
    """Return an operator's name and part."""
    return f"{op}, {'carrier' if _carries(voice, op) else 'modulator'}"


def _bar(slider: Any) -> str:
    """Return a slider as a cell: its value on a bar of its size; the longest leaves a gap before the next cell."""
    share = 94 * slider.value / slider.max
    colours = f"#0072b244 {share:.0f}%, transparent {share:.0f}%"
    return f"<td style='text-align:left;background:linear-gradient(90deg, {colours})'>{slider.value}</td>"


def _played(note: NoteEvents) -> tuple[npt.NDArray[Any], Envelopes]:
    """Play a note, once: return its samples from key-on, and the levels and states of all four operators."""
    slots = {op: slot + note.channel - 1 for op, slot in OPERATORS.items()}
    wanted = [(name, slot) for slot in slots.values() for name in ("eg_level", "eg_state")]
    sound, rows = sound_and_trace(note.events, wanted, note.key_on, note.key_off + round(_RING * REFERENCE_RATE))
    return sound, {op: (rows[f"eg_level[{slot}]"], rows[f"eg_state[{slot}]"]) for op, slot in slots.items()}


def _picture(voice: Voice, hertz: float, envelopes: Envelopes, sound: npt.NDArray[Any], held: int) -> bytes:
    """Return a PNG of the envelopes, the algorithm, and of the wave and spectrum where the note is loudest.

    The spectrum's window ends before the key goes up, after ``held`` frames.
    """
    file = io.BytesIO()
    with plt.style.context([plot.style, _SMALL]):
        # Not by pyplot, which would keep each figure and show it below the widget.
        figure = Figure(figsize=(11, 3.7))
        rows: Any = [[op for op in KEY_ORDER for _ in range(2)], ["algorithm"] * 2 + ["wave"] * 3 + ["spectrum"] * 3]
        axes = figure.subplot_mosaic(rows, height_ratios=(1, 1.2))
        figure.subplots_adjust(left=0.05, right=0.97, top=0.93, bottom=0.1, hspace=0.72, wspace=0.6)
        sounding = (np.flatnonzero(levels < OFF) for levels, _ in envelopes.values())
        # Until the last operator is silent, and two rows more so that the end of its release is in.
        shown = max(_LEAST_SHOWN, *(rows.max(initial=0) + 2 for rows in sounding))
        for op, (levels, states) in envelopes.items():
            ax = plot.traced_envelope(levels[:shown], states[:shown], ax=axes[op])
            ax.set(title=op, xlabel="", ylabel="dB" if op == KEY_ORDER[0] else "", yticks=[0, -30, -60, -90])
            _scale(ax, "ms", 3)
            if ax.get_legend():
                ax.legend(**_BELOW)
        plot.algorithm(voice, axes["algorithm"])
        heard = sound[:, 0 if voice.rl & 1 else 1].astype(float)
        start, stop = _loudest(heard, _PERIODS * REFERENCE_RATE / hertz)
        ms = np.arange(start, stop) / REFERENCE_RATE * 1000
        axes["wave"].plot(ms, heard[start:stop] / 32_768)
        axes["wave"].set(title="Wave, where it is loudest", xmargin=0)
        _scale(axes["wave"], "ms", 4)
        # Within the held note: with the release in it a decaying note's spectrum was another one.
        window = min(_WINDOW, held)
        start = min(start, held - window)
        plot.spectrum(heard[start : start + window], ax=axes["spectrum"]).set(
            xlabel="", ylabel="", title="Spectrum, dB"
        )
        _scale(axes["spectrum"], "Hz", 4)
        figure.savefig(file)
    return file.getvalue()


def _scale(ax: Axes, unit: str, steps: int) -> None:
    """Write the unit behind each of a few numbers on the horizontal axis."""
    ax.locator_params(axis="x", nbins=steps)
    ax.xaxis.set_major_formatter(f"{{x:g}} {unit}")


def _loudest(sound: npt.NDArray[Any], length: float) -> tuple[int, int]:
    """Return from where to where a stretch of a length is loudest; the first stretch, the note's start, is left out."""
    starts = np.rint(np.arange(length, len(sound) - length, length)).astype(int)
    power = np.add.reduceat(sound**2, starts)[:-1]
    # The first that is nearly as loud as the loudest: of a steady tone its beginning, not an accident of rounding.
    start = int(starts[(power >= _AS_LOUD * power.max()).argmax()])
    return start, start + round(length)
