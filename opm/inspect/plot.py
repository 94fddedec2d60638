"""Pictures of the chip's insides, with matplotlib (extra ``notebooks``). Each returns its Axes and takes ``ax=``.

What they show is traced or played with ``opm`` itself; nothing is drawn from formulas.
"""

from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from .._check import first_slot
from ..events import CHIP, CYCLES_PER_FRAME, MASTER_CLOCKS_PER_FRAME, Events, from_writes, starts, to_writes
from ..pitch import REFERENCE_CLOCK, hertz_of, midi_of, note, note_name
from ..registers import ALL_KEYS, KC, KF, KON
from ..state import OPERATORS
from ..tables import CARRIER, MODULATION
from ..voice.voice import Voice
from .trace import trace
from .views import DB_PER_STEP, STATES

REFERENCE_RATE = REFERENCE_CLOCK / MASTER_CLOCKS_PER_FRAME
"""Frames per second at the reference clock."""
STATE_COLOURS = ("#8dd3c7", "#ffffb3", "#bebada", "#fb8072")
_SETTLE = 64
"""Frames between the voice's last write and the key-on."""
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
_WIRES = {
    ("M1", "C1"): MODULATION[2, 3], ("M1", "M2"): MODULATION[1, 0], ("C1", "M2"): MODULATION[1, 2],
    ("M1", "C2"): MODULATION[3, 0], ("C1", "C2"): MODULATION[3, 2], ("M2", "C2"): MODULATION[3, 3] | MODULATION[3, 4],
}  # fmt: skip
"""By algorithm: whether the first operator modulates the second."""
_OUT_OF = {op: (slot + 13) % CYCLES_PER_FRAME for op, slot in OPERATORS.items()}
"""Clock at which channel 1's operator stands at the output, stage 14; C2's is that of the frame before."""


def note_events(
    voice: Voice, pitch: float | str = "A4", on: int = 0, off: int = 0, clock: float = REFERENCE_CLOCK
) -> "tuple[Events, int]":
    """Return bus events that play a note on channel 1.

    Parameters
    ----------
    voice : Voice
    pitch : float or str
        As for ``opm.note``.
    on, off : int
        Frames of key-on and key-off, counted from the end of the set-up; off 0 = never.
    clock : float
        Master clock in Hz.

    Returns
    -------
    ((n,) EVENT, int)
        The events, and the frame of the key-on.

    Raises
    ------
    ValueError
        Not a pitch, or outside the chip's range.
    """
    rows = [*voice.registers(1), *note(pitch, clock).registers(1)]
    key_on = CHIP.spacing * len(rows) + _SETTLE + on
    due = [0] * len(rows) + [key_on]
    rows.append((KON, voice.slots << 3))
    if off:
        due.append(key_on + off)
        rows.append((KON, 0))
    address, data = zip(*rows, strict=True)
    return from_writes(starts(due), address, data), key_on


def _axes(ax: Axes | None) -> Axes:
    return ax if ax is not None else plt.subplots(figsize=(7, 3.5))[1]


def envelope(
    voice: Voice, op: str = "C2", pitch: float | str = "A4", held_ms: float = 300, shown_ms: float = 600,
    clock: float = REFERENCE_CLOCK, ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw one operator's level in dB against ms from key-on, its states shaded, key-off marked.

    Parameters
    ----------
    voice : Voice
    op : {"M1", "M2", "C1", "C2"}
    pitch : float or str
        As for ``opm.note``.
    held_ms, shown_ms : float
        Time from key-on to key-off, and to the end of the picture.
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
    rate = clock / MASTER_CLOCKS_PER_FRAME / 1000
    events, key_on = note_events(voice, pitch, off=round(held_ms * rate), clock=clock)
    slot = first_slot(op)
    stop = key_on + round(shown_ms * rate)
    rows = trace(events, [("eg_level", slot), ("eg_state", slot)], start=key_on + 2, stop=stop)
    time = np.arange(len(rows)) / rate
    states = np.asarray(rows[f"eg_state[{slot}]"])
    cuts = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
    labelled = set()
    for first, end in pairwise(cuts):
        state = int(states[first])
        label = None if state in labelled else STATES[state]
        labelled.add(state)
        ax.axvspan(time[first], time[end - 1], color=STATE_COLOURS[state], alpha=0.5, label=label, lw=0)
    ax.plot(time, -np.asarray(rows[f"eg_level[{slot}]"]) * DB_PER_STEP, "k", lw=1.2)
    ax.axvline(held_ms, color="0.4", ls=":", lw=1)
    ax.set(xlabel="ms after key-on", ylabel="level, dB", title=f"Envelope of {op}", xlim=(0, shown_ms), ylim=(-98, 2))
    ax.legend(loc="upper right", fontsize="small")
    return ax


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
        How many.
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
        ax = plt.subplots(4, 1, figsize=(7, 6), sharex=True, layout="constrained")[1]
    events, key_on = note_events(voice, pitch, clock=clock)
    frames = round(cycles * clock / MASTER_CLOCKS_PER_FRAME / hertz_of(midi_of(*note(pitch))))
    start = CYCLES_PER_FRAME * (key_on + 2 + _SOUNDING)
    fields = [*(("pg_phase", slot) for slot in OPERATORS.values()), ("op_out", 5)]
    rows = trace(events, fields, "cycle", start, start + CYCLES_PER_FRAME * (frames + 1))
    time = np.arange(frames) / (clock / MASTER_CLOCKS_PER_FRAME) * 1000
    for axes, (op, slot) in zip(ax, OPERATORS.items(), strict=True):
        phases = rows[f"pg_phase[{slot}]"][_PHASES_STILL::CYCLES_PER_FRAME][:frames]
        outs = rows["op_out[5]"][CYCLES_PER_FRAME + _OUT_OF[op] :: CYCLES_PER_FRAME]
        axes.plot(time, phases / 2**20, color="0.75", lw=1, label="phase, cycles")
        axes.plot(time, outs / 8192, lw=1.2, label="output")
        axes.set(ylabel=op, ylim=(-1.1, 1.1))
    ax[0].legend(loc="upper right", fontsize="small")
    ax[-1].set_xlabel("ms")
    return ax


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
    samples : (n,) int16
        Mono.
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
    """
    ax = _axes(ax)
    window = np.hanning(len(samples))
    size = np.abs(np.fft.rfft(samples * window)) / (window.sum() / 2) / 32_768
    frequency = np.fft.rfftfreq(len(samples), 1 / rate)
    ax.plot(frequency, 20 * np.log10(np.maximum(size, 1e-6)), **{"lw": 1, **line})
    ax.set(xlabel="Hz", ylabel="dB", xlim=(0, top), ylim=(-100, 0), title="Spectrum")
    return ax


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
    """
    ax = ax if ax is not None else plt.subplots(figsize=(5, 3))[1]
    places = _PLACES[voice.con]
    carriers = [op for op, heard in zip(OPERATORS, CARRIER[:, voice.con], strict=True) if heard]
    right = max(x for x, _ in places.values())
    boxes = {}
    for op, values in zip(OPERATORS, voice.ops, strict=True):
        box = {"boxstyle": "round", "fc": "#8dd3c7" if op in carriers else "white", "ec": "0.3"}
        text = f"{op}\n{0 - 0.75 * values.tl:.0f} dB"
        boxes[op] = ax.text(*places[op], text, ha="center", va="center", bbox=box, fontsize=8).get_bbox_patch()
    for first, last in (wire for wire, there in _WIRES.items() if there[voice.con]):
        ends = {"patchA": boxes[first], "patchB": boxes[last], "shrinkA": 1, "shrinkB": 1}
        ax.annotate("", places[last], places[first], arrowprops={"arrowstyle": "-|>", "fc": "k", **ends})
    for op in carriers:
        out = {"arrowstyle": "-|>", "color": "#1b9e77", "patchA": boxes[op], "shrinkA": 1}
        ax.annotate("", (right + 0.8, places[op][1]), places[op], arrowprops=out)
    x, y = places["M1"]
    ax.text(x, y + 0.42, f"feedback {voice.fb}", ha="center", fontsize=8, color="0.4")
    ax.set(xlim=(-0.5, right + 0.9), ylim=(-1.7, 1.8), title=f"Algorithm {voice.con}")
    ax.axis("off")
    return ax


def piano_roll(events: Any, clock: float = REFERENCE_CLOCK, ax: Axes | None = None) -> Axes:
    """Draw a song's notes, a colour for each channel.

    Parameters
    ----------
    events : (n,) EVENT
        As for ``opm.run``.
    clock : float
        Master clock in Hz.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    seconds = 2 / clock
    pitch: dict[int, tuple[int, int]] = {ch: (0, 0) for ch in range(8)}
    sounding: dict[int, tuple[float, float]] = {}
    notes: dict[int, list[tuple[float, float, float]]] = {ch: [] for ch in range(8)}
    last = 0.0
    end = int(events["cycle"].max(initial=0))
    for cycle, address, data in [*to_writes(events).tolist(), *((end, KON, ch) for ch in range(8))]:
        last = cycle * seconds
        ch = (data if address == KON else address) & 7
        if address & 0xF8 == KC:
            pitch[ch] = (data & 0x7F, pitch[ch][1])
        elif address & 0xF8 == KF:
            pitch[ch] = (pitch[ch][0], data >> 2)
        elif address == KON:
            if ch in sounding:
                start, midi = sounding.pop(ch)
                notes[ch].append((start, last - start, midi))
            if data & ALL_KEYS:
                sounding[ch] = (last, midi_of(*pitch[ch], clock))
    for ch, played in notes.items():
        for start, length, midi in played:
            ax.broken_barh([(start, length)], (midi - 0.4, 0.8), color=f"C{ch}", lw=0)
        ax.plot([], [], color=f"C{ch}", lw=4, label=str(ch + 1))
    octaves = range(24, 109, 12)
    ax.set_yticks(list(octaves), [note_name(midi) for midi in octaves])
    ax.set(xlabel="seconds", ylabel="note", title="Piano roll", xlim=(0, last or 1))
    ax.legend(title="channel", ncols=8, fontsize="x-small", loc="upper left")
    return ax


def heat_map(events: Any, clock: float = REFERENCE_CLOCK, ax: Axes | None = None) -> Axes:
    """Draw how often each register is written, over time.

    Parameters
    ----------
    events : (n,) EVENT
        As for ``opm.run``.
    clock : float
        Master clock in Hz.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    writes = to_writes(events)
    times = writes["cycle"] * 2 / clock
    counts, xs, ys = np.histogram2d(times, writes["address"], (120, 64), ((0, times.max(initial=0) or 1), (0, 256)))
    mesh = ax.pcolormesh(xs, ys, np.log10(1 + counts.T), cmap="magma", shading="flat")
    plt.colorbar(mesh, ax=ax, label="log10(1 + writes)")
    ax.set_yticks(range(0, 257, 32), [f"{address:02X}" for address in range(0, 257, 32)])
    ax.set(xlabel="seconds", ylabel="register, hex", title="Register writes")
    return ax


def oscilloscope(channels: npt.NDArray[Any], rate: float = REFERENCE_RATE, ax: Axes | None = None) -> Axes:
    """Draw the eight channels, one above the other.

    Parameters
    ----------
    channels : (n, 8) int16
        What ``generate_channels`` returns.
    rate : float
        Samples per second.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = ax if ax is not None else plt.subplots(figsize=(7, 5))[1]
    time = np.arange(len(channels)) / rate * 1000
    for ch in range(channels.shape[1]):
        ax.plot(time, channels[:, ch] / 8192 * 0.45 + (8 - ch), lw=0.8, color=f"C{ch}")
    ax.set_yticks(range(8, 0, -1), [str(ch) for ch in range(1, 9)])
    ax.set(xlabel="ms", ylabel="channel", title="Channels", xlim=(0, time[-1] if len(time) else 1), ylim=(0.3, 8.7))
    return ax
