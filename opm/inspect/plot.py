"""Pictures of the chip's insides, with matplotlib (extra ``notebooks``). Each returns its Axes and takes ``ax=``.

What they show is traced or played with ``opm`` itself; nothing is drawn from formulas. All are drawn in ``style``;
``plt.style.use(opm.plot.style)`` draws your own pictures in it, too.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from itertools import chain
from math import inf
from threading import RLock
from typing import Any, NoReturn, ParamSpec, TypeVar

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from .._check import channel_index, first_slot, integer, numbers, positive
from ..events import CYCLES_PER_FRAME, MASTER_CLOCKS_PER_FRAME, REFERENCE_RATE, make_events, to_writes
from ..pitch import REFERENCE_CLOCK, hertz_of, midi_of, note_name
from ..pitch import note as key_code
from ..registers import CHIPS, KON, RL, SLOTS, rows
from ..state import OPERATORS
from ..tables import CARRIER, TL_DB, WIRE_ENDS, WIRES
from ..voice.channels import Channel, Channels, one_by_one
from ..voice.voice import Voice, checked
from .stages import stages
from .trace import trace
from .views import DB_PER_STEP, STATES

COLOURS = ("#1b35e0", "#f07102", "#40ad9c", "#b5230e", "#b674ff", "#6a011b", "#89568d", "#3a1c77")
"""One a channel. Far apart for every kind of colour vision, and dark enough for white paper."""
style: dict[str, Any] = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "white",
    "figure.constrained_layout.use": True, "figure.figsize": (7, 3), "figure.dpi": 100,
    "font.size": 9, "axes.titlesize": 10, "axes.labelsize": 9, "legend.fontsize": 8, "legend.frameon": False,
    "axes.grid": True, "grid.color": "0.9", "grid.linewidth": 0.6, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "0.4", "lines.linewidth": 1.1,
    "image.cmap": "cividis",
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor", "legend.labelcolor"), "black"),
    **dict.fromkeys(("xtick.color", "ytick.color"), "black"),
}  # fmt: skip
"""matplotlib's settings for all pictures here: white, so that they can be read on paper and in a dark notebook."""
P = ParamSpec("P")
R = TypeVar("R")
STATE_COLOURS = (COLOURS[2], COLOURS[1], COLOURS[4], COLOURS[3])
_LONGEST_MS, _MOST_CYCLES = 600_000, 10_000
"""What a picture of a note shows at most."""
_SOUNDING = 2000
"""Frames a note has sounded when its operators are drawn."""
_PHASES_STILL = 13
"""A clock at which no phase of channel 1 steps."""
_PLACES: dict[int, dict[str, tuple[float, float]]] = {
    0: {"M1": (0, 0), "C1": (1, 0), "M2": (2, 0), "C2": (3, 0)},
    1: {"M1": (0, 0.5), "C1": (0, -0.5), "M2": (1, 0), "C2": (2, 0)},
    2: {"M1": (1, 0.5), "C1": (0, -0.5), "M2": (1, -0.5), "C2": (2, 0)},
    3: {"M1": (0, 0.5), "C1": (1, 0.5), "M2": (1, -0.5), "C2": (2, 0)},
    4: {"M1": (0, 0.5), "C1": (1, 0.5), "M2": (0, -0.5), "C2": (1, -0.5)},
    5: {"M1": (0, 0), "C1": (1, 0.8), "M2": (1, 0), "C2": (1, -0.8)},
    6: {"M1": (0, 0.8), "C1": (1, 0.8), "M2": (1, 0), "C2": (1, -0.8)},
    7: {"M1": (0, 1.2), "C1": (0, 0.4), "M2": (0, -0.4), "C2": (0, -1.2)},
}
_WIRES = {(list(OPERATORS)[a], list(OPERATORS)[b]): WIRES[i] for i, (a, b) in enumerate(WIRE_ENDS)}
"""By algorithm: whether the first operator modulates the second."""
_OUT_OF = {op: (slot + 13) % CYCLES_PER_FRAME for op, slot in OPERATORS.items()}
"""Clock at which channel 1's operator stands at the output, stage 14; C2's is that of the frame before."""


_DRAWING = RLock()
"""matplotlib's settings are one for all threads."""


def _in_style(draw: Callable[P, R]) -> Callable[P, R]:
    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        # Loads the backend, which in a notebook sets what leaving the style would undo.
        plt.draw_if_interactive()  # type: ignore[no-untyped-call]
        with _DRAWING, plt.style.context(style):
            before = plt.get_fignums()
            try:
                return draw(*args, **kwargs)
            except BaseException:
                for number in set(plt.get_fignums()).difference(before):
                    plt.close(number)  # what a refused call has begun
                raise

    return drawn


def __getattr__(name: str) -> NoReturn:
    """Name what has taken the place of an old name."""
    if name == "note_events":
        # Of an AttributeError, "from opm.plot import note_events" would lose the message.
        now = "voice.note(pitch, seconds), which returns the events, and the frames of key-on and key-off"
        raise ImportError(f"opm.plot.note_events is now {now}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def gapped(phase: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return a phase with a gap where it wraps, so that no line is drawn from its end to its beginning.

    Parameters
    ----------
    phase : (n,) array
        As ``pg_phase``: it rises, and falls back.

    Returns
    -------
    (n,) float64
        NaN where the phase is lower than just before.

    Raises
    ------
    ValueError
        Not of such a shape.
    """
    phase = numbers("phase", phase, 1)
    return np.where(np.diff(phase, prepend=phase[:1]) < 0, np.nan, phase)


def _on_channel_1(voice: Voice) -> Voice:
    """Return a voice without the chip's registers, which a picture of its operators leaves out."""
    return replace(checked(voice), lfo=None)


def _axes(ax: Axes | None) -> Axes:
    return ax if ax is not None else plt.subplots(figsize=(7, 3.5))[1]


@_in_style
def envelope(
    voice: Voice, op: str = "C2", pitch: float | str = "A4", held_ms: float = 300, shown_ms: float = 600,
    clock: float = REFERENCE_CLOCK, ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw one operator's level in dB against ms from key-on as ``traced_envelope`` does, key-off marked.

    Parameters
    ----------
    voice : Voice
    op : {"M1", "M2", "C1", "C2"}
    pitch : float or str
        As for ``opm.note``.
    held_ms, shown_ms : float
        Time from key-on to key-off, and to the end of the picture; ten minutes at most.
    clock : float
        Master clock in Hz.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        No such operator, or no such pitch.
    """
    ax = _axes(ax)
    held_ms, shown_ms = positive("held_ms", held_ms, _LONGEST_MS), positive("shown_ms", shown_ms, _LONGEST_MS)
    rate = positive("clock", clock) / MASTER_CLOCKS_PER_FRAME / 1000
    note = _on_channel_1(voice).note(pitch, held_ms / 1000, clock)
    slot = first_slot(op)
    stop = note.key_on + round(shown_ms * rate)
    rows = trace(note.events, [("eg_level", slot), ("eg_state", slot)], start=note.key_on + 2, stop=stop)
    traced_envelope(rows[f"eg_level[{slot}]"], rows[f"eg_state[{slot}]"], 1000 * rate, ax)
    ax.axvline(held_ms, color="0.4", ls=":", lw=1)
    ax.set(xlabel="ms after key-on", title=f"Envelope of {op}", xlim=(0, shown_ms))
    return ax


@_in_style
def traced_envelope(
    levels: npt.NDArray[Any], states: npt.NDArray[Any], rate: float = REFERENCE_RATE, ax: Axes | None = None
) -> Axes:
    """Draw an envelope that was traced: level in dB against ms, stages shaded.

    The legend says how long each took when it first came, or ``>`` how long it had lasted when the key, or the end of
    the trace, cut it short.

    Parameters
    ----------
    levels, states : (n,) int
        ``eg_level`` and ``eg_state`` of a slot, a row a frame.
    rate : float
        Frames per second.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Not of such shapes, or no states of an envelope.
    """
    levels, states = numbers("levels", levels, 1), numbers("states", states, 1)
    if len(levels) != len(states) or not 0 <= states.min() <= states.max() < len(STATES):
        raise ValueError(f"expected as many states 0 to {len(STATES) - 1} as levels, {len(levels)}")
    ax = _axes(ax)
    ms = 1000 / positive("rate", rate)
    spans: dict[int, list[tuple[float, float]]] = {}
    said: dict[int, str] = {}
    for stage in stages(levels, states):
        length = (stage.end - stage.start) * ms
        said.setdefault(stage.state, f"{'' if stage.whole else '> '}{length:.{_decimals(length)}f} ms")
        spans.setdefault(stage.state, []).append((stage.start * ms, length))
    for state, places in spans.items():
        label = f"{STATES[state]}: {said[state]}"
        ax.broken_barh(places, (-98, 100), color=STATE_COLOURS[state], alpha=0.22, label=label, lw=0)
    ax.plot(np.arange(len(levels)) * ms, -np.asarray(levels) * DB_PER_STEP, "k", lw=1.2)
    ax.set(xlabel="ms", ylabel="level, dB", xlim=(0, len(levels) * ms), ylim=(-98, 2))
    if spans:
        ax.legend(loc="upper right")
    return ax


def _decimals(ms: float) -> int:
    return 2 if ms < 1 else 1 if ms < 100 else 0


@_in_style
def envelopes(rows: Any, channel: int, clock: float = REFERENCE_CLOCK, ax: Axes | None = None) -> Axes:
    """Draw the levels of a channel's four operators over time, envelope and TL together; key-on and key-off marked.

    Parameters
    ----------
    rows : (n,) structured array
        A trace after every frame that has ``eg_level``, ``sl_tl`` and ``kon``: of a song in its middle, or of a chip.
    channel : int
        1 to 8.
    clock : float
        Master clock in Hz.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
        dB below full scale against seconds since the chip's reset; the LFO's AM is not in it.

    Raises
    ------
    ValueError
        No such channel, a field is not in the trace, or no rows.
    """
    index = channel_index(channel)
    named = getattr(getattr(rows, "dtype", None), "names", None) or ()
    if missing := [name for name in ("cycle", "eg_level", "sl_tl", "kon") if name not in named]:
        raise ValueError(f"rows must be a trace that has {', '.join(missing)}")
    seconds = np.asarray(rows["cycle"]) * 2 / positive("clock", clock)
    if not len(seconds):
        raise ValueError("expected at least one row")
    ax = _axes(ax)
    for op, first in OPERATORS.items():
        level = rows["eg_level"][:, first + index] * DB_PER_STEP + (rows["sl_tl"][:, first + index] & 0x7F) * TL_DB
        ax.plot(seconds, -level, label=op)
    keyed = rows["kon"][:, [first + index for first in OPERATORS.values()]].any(axis=1)
    for at in np.flatnonzero(np.diff(keyed)) + 1:
        ax.axvline(seconds[at], color="0.4", ls=":", lw=1)
        text = "key on" if keyed[at] else "key off"
        ax.annotate(text, (seconds[at], 0), (3, -2), textcoords="offset points", va="top", fontsize=8, color="0.4")
    ax.set(xlabel="seconds", ylabel="level, dB", title=f"Operators of channel {channel}", ylim=(-98, 2))
    ax.set_xlim(*seconds[[0, -1]])
    ax.legend(loc="lower right", ncols=4)
    return ax


@_in_style
def operators(
    voice: Voice, pitch: float | str = "A4", cycles: float = 3, clock: float = REFERENCE_CLOCK, ax: Any = None
) -> Any:
    """Draw each operator's phase (0 to 1) and output (full scale 1) over some cycles of the note.

    Parameters
    ----------
    voice : Voice
    pitch : float or str
        As for ``opm.note``.
    cycles : float
        How many; 10 000 at most.
    clock : float
        Master clock in Hz.
    ax : sequence of four Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    sequence of four Axes
        M1, M2, C1, C2.

    Raises
    ------
    ValueError
        Not a pitch, or outside the chip's range.
    """
    if ax is None:
        ax = plt.subplots(4, 1, figsize=(7, 6), sharex=True)[1]
    note = _on_channel_1(voice).note(pitch, inf, clock)
    hertz = hertz_of(midi_of(*key_code(pitch, clock), clock))
    frames = round(positive("cycles", cycles, _MOST_CYCLES) * clock / MASTER_CLOCKS_PER_FRAME / hertz)
    start = CYCLES_PER_FRAME * (note.key_on + 2 + _SOUNDING)
    fields = [*(("pg_phase", slot) for slot in OPERATORS.values()), ("op_out", 5)]
    rows = trace(note.events, fields, "cycle", start, start + CYCLES_PER_FRAME * (frames + 1))
    time = np.arange(frames) / (clock / MASTER_CLOCKS_PER_FRAME) * 1000
    for axes, (op, slot) in zip(ax, OPERATORS.items(), strict=True):
        phases = rows[f"pg_phase[{slot}]"][_PHASES_STILL::CYCLES_PER_FRAME][:frames]
        outs = rows["op_out[5]"][CYCLES_PER_FRAME + _OUT_OF[op] :: CYCLES_PER_FRAME]
        axes.plot(time, gapped(phases / 2**20), color="0.65", lw=1, label="phase, cycles")
        axes.plot(time, outs / 8192, lw=1.2, label="output")
        axes.set(ylabel=op, ylim=(-1.1, 1.1))
    ax[0].legend(loc="upper right")
    ax[-1].set_xlabel("ms")
    return ax


def _mono(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the mean of the sides."""
    array = numbers("samples", samples, 1, 2)
    return array if array.ndim == 1 else array.mean(axis=1)


@_in_style
def spectrum(
    samples: npt.NDArray[Any],
    rate: float = REFERENCE_RATE,
    top: float = 8000,
    ax: Axes | None = None,
    **line: Any,
) -> Axes:
    """Draw the spectrum of a sound in dB below full scale.

    Parameters
    ----------
    samples : (n,) or (n, 2) int16
        Two sides are drawn as their mean.
    rate : float
        Samples per second.
    top : float
        Highest frequency shown, in Hz.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    **line
        Properties of the line, as for ``Axes.plot``.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Not of such a shape, or no such rate.
    """
    mono, rate, top = _mono(samples), positive("rate", rate), positive("top", top)
    ax = _axes(ax)
    window = np.hanning(len(mono) + 2)[1:-1]
    size = np.abs(np.fft.rfft(mono * window)) / (window.sum() / 2) / 32_768
    frequency = np.fft.rfftfreq(len(mono), 1 / rate)
    ax.plot(frequency, 20 * np.log10(np.maximum(size, 1e-6)), **{"lw": 1, **line})
    ax.set(xlabel="Hz", ylabel="dB", xlim=(0, top), ylim=(-100, 0), title="Spectrum")
    return ax


@_in_style
def spectrogram(
    samples: npt.NDArray[Any],
    rate: float = REFERENCE_RATE,
    top: float = 8000,
    window: int = 2048,
    ax: Axes | None = None,
) -> Axes:
    """Draw the spectrum of a sound over time, in dB below full scale.

    Parameters
    ----------
    samples : (n,) or (n, 2) int16
        Two sides are drawn as their mean.
    rate : float
        Samples per second.
    top : float
        Highest frequency shown, in Hz.
    window : int
        Samples of each spectrum, 16 to 32 768: more for finer frequencies, fewer for finer times.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Fewer samples than a window, not of such a shape, no such window or rate.
    """
    mono, rate, top = _mono(samples), positive("rate", rate), positive("top", top)
    window = integer("window", window, 16, 32_768)
    ax = _axes(ax)
    if len(mono) < window:
        raise ValueError(f"samples must be at least a window of {window}, got {len(mono)}")
    step = max(window // 8, len(mono) // 2000)
    hann = np.hanning(window)
    pieces = np.lib.stride_tricks.sliding_window_view(mono, window)[::step] * hann
    size = np.abs(np.fft.rfft(pieces, axis=1)).T / (hann.sum() / 2) / 32_768
    size = size[: int(min(top / rate, 1) * window) + 2]
    seconds = (np.arange(size.shape[1]) * step + window / 2) / rate
    image = ax.pcolormesh(
        seconds, np.arange(len(size)) * rate / window, 20 * np.log10(np.maximum(size, 1e-6)),
        vmin=-80, vmax=-10, shading="nearest", rasterized=True,
    )  # fmt: skip
    ax.figure.colorbar(image, ax=ax, label="dB")
    ax.set(xlabel="seconds", ylabel="Hz", ylim=(0, top), title="Spectrum over time")
    ax.grid(False)
    return ax


@_in_style
def algorithm(voice: Voice, ax: Axes | None = None) -> Axes:
    """Draw which operator modulates which; levels (TL in dB) and feedback beside; carriers filled.

    Parameters
    ----------
    voice : Voice
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        It is not a voice.
    """
    voice = checked(voice)
    ax = ax if ax is not None else plt.subplots(figsize=(5, 3))[1]
    places = _PLACES[voice.con]
    carriers = [op for op, heard in zip(OPERATORS, CARRIER[:, voice.con], strict=True) if heard]
    right = max(x for x, _ in places.values())
    between = "\n" if right > 2 else " "
    boxes = {}
    for op, values in zip(OPERATORS, voice.ops, strict=True):
        box = {"boxstyle": "round", "fc": "#bfe3dd" if op in carriers else "white", "ec": "0.3"}
        text = f"{op}{between}{0 - TL_DB * values.tl:.0f} dB"
        boxes[op] = ax.text(*places[op], text, ha="center", va="center", bbox=box, fontsize="small").get_bbox_patch()
    for first, last in (wire for wire, there in _WIRES.items() if there[voice.con]):
        ends = {"patchA": boxes[first], "patchB": boxes[last], "shrinkA": 1, "shrinkB": 1}
        ax.annotate("", places[last], places[first], arrowprops={"arrowstyle": "-|>", "fc": "k", **ends})
    for op in carriers:
        out = {"arrowstyle": "-|>", "color": COLOURS[2], "patchA": boxes[op], "shrinkA": 1}
        ax.annotate("", (right + 0.8, places[op][1]), places[op], arrowprops=out)
    ax.annotate(
        f"feedback {voice.fb}", places["M1"], xytext=(0, 14), textcoords="offset points",
        ha="center", fontsize="small", color="0.4",
    )  # fmt: skip
    ax.set(xlim=(-0.5, right + 0.9), ylim=(-1.7, 2), title=f"Algorithm {voice.con}")
    ax.axis("off")
    return ax


@_in_style
def piano_roll(
    events: Any, clock: float = REFERENCE_CLOCK, ax: Axes | None = None, cycles_per_frame: int = CYCLES_PER_FRAME
) -> Axes:
    """Draw a song's notes, a colour for each channel.

    Parameters
    ----------
    events : (n,) EVENT
        As for ``opm.run``.
    clock : float
        Master clock in Hz.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    cycles_per_frame : int
        As for ``opm.run``: 64 is a chip at twice its speed.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        They are not bus events, or there is no such clock.
    """
    clock = positive("clock", clock) * (integer("cycles_per_frame", cycles_per_frame, 1) / CYCLES_PER_FRAME)
    seconds = 2 / clock
    ax = _axes(ax)
    chip, sounding = Channels(), dict[Channel, tuple[float, float]]()
    notes: list[list[tuple[float, float, float]]] = [[] for _ in chip.channels]
    events = make_events(events)
    end = int(events["cycle"].max(initial=0))
    for cycle, address, data in chain(one_by_one(to_writes(events)), ((end, KON, ch) for ch in range(8))):
        channel = chip.take(address, data)
        if address != KON or channel is None:
            continue
        if channel in sounding:
            start, midi = sounding.pop(channel)
            notes[channel.index].append((start, cycle * seconds - start, midi))
        if channel.keys:
            sounding[channel] = (cycle * seconds, channel.midi(clock))
    for ch, played in enumerate(notes):
        for start, length, midi in played:
            ax.broken_barh([(start, length)], (midi - 0.4, 0.8), color=COLOURS[ch], lw=0)
        if played:
            ax.plot([], [], color=COLOURS[ch], lw=4, label=f"ch {ch + 1}")
    octaves = range(24, 109, 12)
    ax.set_yticks(list(octaves), [note_name(midi) for midi in octaves])
    ax.set(xlabel="seconds", ylabel="note", xlim=(0, end * seconds or 1))
    ax.set_title("Piano roll", loc="left")
    if any(notes):
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, ncols=8, columnspacing=1, handlelength=1)
    return ax


@_in_style
def heat_map(
    events: Any,
    clock: float = REFERENCE_CLOCK,
    ax: Axes | None = None,
    chip: str = "ym2151",
    cycles_per_frame: int = CYCLES_PER_FRAME,
) -> Axes:
    """Draw how often each register is written, over time.

    Parameters
    ----------
    events : (n,) EVENT
        As for ``opm.run``.
    clock : float
        Master clock in Hz.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    chip : {"ym2151", "ym2164"}
        Whose registers they are.
    cycles_per_frame : int
        As for ``opm.run``: 64 is a chip at twice its speed.

    Returns
    -------
    Axes
        A row for each register that is written, all channels together, under the mnemonics of its fields.

    Raises
    ------
    TypeError, ValueError
        They are not bus events, or there is no such clock or chip.
    """
    if chip not in [*CHIPS]:
        raise ValueError(f"chip must be one of {', '.join(CHIPS)}, got {chip!r}")
    writes = to_writes(make_events(events))
    clock = positive("clock", clock) * integer("cycles_per_frame", cycles_per_frame, 1) / CYCLES_PER_FRAME
    times = writes["cycle"] * 2 / clock
    places = [_register(address, CHIPS[chip]) for address in range(256)]
    written = sorted({places[address] for address in np.unique(writes["address"])}) or [(0, "none")]
    if ax is None:
        ax = plt.subplots(figsize=(7, 1 + 0.17 * len(written)))[1]
    row = np.array([written.index(place) if place in written else 0 for place in places])[writes["address"]]
    bins, span = (120, len(written)), ((0, times.max(initial=0) or 1), (-0.5, len(written) - 0.5))
    counts, xs, ys = np.histogram2d(times, row, bins, span)
    norm = LogNorm(1, max(2, counts.max()))
    mesh = ax.pcolormesh(xs, ys, np.ma.masked_equal(counts.T, 0), cmap="viridis_r", norm=norm, shading="flat")
    ax.figure.colorbar(mesh, ax=ax, label=f"writes per {span[0][1] / bins[0]:.2g} s")
    ax.set_yticks(range(len(written)), [name for _, name in written], fontsize=7)
    ax.set(xlabel="seconds", title="Register writes")
    ax.invert_yaxis()
    return ax


def _register(address: int, chips: int) -> tuple[int, str]:
    """Return a place and the mnemonics of a register; the channels of one have the same."""
    if address == KON:
        return address, "KON"
    mnemonics = [bits.name for bits in rows(address, chips)]
    if address < RL:
        numbered = dict.fromkeys(name.rstrip("01234567") for name in mnemonics)
        return address, " ".join(numbered) or "none"
    names = " ".join(mnemonics)
    if address < SLOTS:
        return address & 0xF8, names
    return address & 0xF8, f"{tuple(OPERATORS)[address >> 3 & 3]} {names}"


@_in_style
def oscilloscope(channels: npt.NDArray[Any], rate: float = REFERENCE_RATE, ax: Axes | None = None) -> Axes:
    """Draw channels, one above the other: in ms, or in seconds if there is more than one.

    Parameters
    ----------
    channels : (n, channels) int16
        What ``generate_channels`` returns, or stems, ``song.stems().sum(axis=2)``.
    rate : float
        Samples per second.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Not of such a shape, or no such rate.
    """
    channels, rate = numbers("channels", channels, 2), positive("rate", rate)
    ax = ax if ax is not None else plt.subplots(figsize=(7, 5))[1]
    count = channels.shape[1]
    long = len(channels) > rate
    time = np.arange(len(channels)) / (rate if long else rate / 1000)
    for ch in range(count):
        ax.plot(time, channels[:, ch] / 8192 * 0.45 - ch, lw=0.5 if long else 0.8, color=COLOURS[ch % 8])
    ax.set_yticks(range(0, -count, -1), [str(ch + 1) for ch in range(count)])
    ax.set(xlabel="seconds" if long else "ms", ylabel="channel", title="Channels", ylim=(0.7 - count, 0.7))
    ax.set_xlim(0, time[-1] or 1)
    return ax
