"""The picture in the terminal: a row for each channel, each chip's LFO, noise and timers, and where the song is."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

import opm
from opm.song import CHANNELS, Log, Schedule, printable

from .transport import Moment

METER = 20
KEYS = 49
LOWEST_KEY = 33
"""MIDI number of the leftmost key shown."""
QUIETEST = -60.0
AUDIBLE = 64
"""Samples below this are silence to the eye."""
SCOPE_STEP = 8
"""Frames per dot of the oscilloscope."""
HELP = "space pause  ←→ 5 s  ↑↓ 1 min  1-8 mute  s solo  +- volume  n p song  q quit"
BRAILLE = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass
class Status:
    """What the player knows of itself."""

    name: str
    seconds: float
    length: float
    paused: bool = False
    mute: int = 0
    volume: float = 0.0
    underruns: int = 0
    cpu: float = 0.0


def note_of(midi: float) -> str:
    """Note name, octave and cents."""
    nearest = round(midi)
    cents = round((midi - nearest) * 100)
    return f"{opm.views.note_name(nearest)}{f' {cents:+d}' if cents else ''}"


def _meter(samples: Any) -> Text:
    """A bar of the channel's loudest sample, in dB."""
    peak = int(np.abs(samples.astype(np.int32)).max()) if len(samples) else 0
    level = max(QUIETEST, 20 * math.log10(peak / 32_768)) if peak else QUIETEST
    filled = round(METER * (1 - level / QUIETEST))
    bar = Text("█" * filled, "green" if filled < METER * 0.7 else "yellow")
    return bar.append("·" * (METER - filled), "dim")


def _keyboard(midi: float, sounding: bool) -> Text:
    """A strip of keys with the channel's note on it."""
    strip = Text()
    at = round(midi) - LOWEST_KEY
    for i in range(KEYS // 2 + 1):
        here = sounding and at // 2 == i
        strip.append("●" if here else "┊" if (i * 2 + LOWEST_KEY) % 12 < 2 else "─", "bold cyan" if here else "dim")
    return strip


def scope(samples: Any, width: int) -> str:
    """Draw a waveform in braille: ``width`` characters, two columns of four dots each.

    Parameters
    ----------
    samples : (n,) int16
    width : int
        Characters.
    """
    columns = 2 * width
    span = columns * SCOPE_STEP
    if len(samples) < span:
        return " " * width
    start = _rising(samples[: len(samples) - span])
    wave = samples[start : start + span : SCOPE_STEP].astype(np.float64)
    reach = max(1.0, float(np.abs(wave).max()))
    rows = np.clip(np.rint(1.5 - 1.5 * wave / reach), 0, 3).astype(int)
    cells = [0x2800] * width
    for x, y in enumerate(rows.tolist()):
        cells[x // 2] |= BRAILLE[x % 2][y]
    return "".join(map(chr, cells))


def _rising(samples: Any) -> int:
    """Where the wave first rises through zero, so that the picture stands still."""
    crossings = np.flatnonzero((samples[:-1] < 0) & (samples[1:] >= 0)) if len(samples) > 1 else samples[:0]
    return int(crossings[0]) if len(crossings) else 0


def _time(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _title(song: Log, status: Status, width: int) -> Text:
    words = [song.tags.get("title", status.name), song.tags.get("author", ""), song.tags.get("game", "")]
    line = Text(printable(" - ".join(word for word in words if word)), "bold", no_wrap=True, overflow="ellipsis")
    line.truncate(width, overflow="ellipsis")
    return line


def _place(status: Status, song: Log, width: int) -> Table:
    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=max(status.length, 0.1), completed=status.seconds, width=max(10, width - 40))
    loop = f"loop {_time(song.seconds(song.playing[0]))}" if song.loop else ""
    state = "paused" if status.paused else f"{status.volume:+.0f} dB"
    grid.add_row(f"{_time(status.seconds)} / {_time(status.length)}", bar, loop, state)
    return grid


def _channels(moment: Moment, clock: int, status: Status, scopes: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("", "note", "keyboard", "level", "alg", "pan", *(["scope"] if scopes else [])):
        table.add_column(heading, no_wrap=True)
    for i, own in enumerate(moment.taps.T):
        chip, ch = moment.states[i // CHANNELS], i % CHANNELS
        keyed = bool(chip.kon_latch[ch::CHANNELS].any())
        sounding = keyed or bool((np.abs(own.astype(np.int32)) > AUDIBLE).any())
        midi = opm.midi_of(int(chip.ch_kc[ch]), int(chip.ch_kf[ch]), clock)
        muted = bool(status.mute >> ch & 1)
        row: list[RenderableType] = [
            Text(f"{_name(moment, i // CHANNELS)}{ch + 1}", "red strike" if muted else "bold"),
            Text(f"{note_of(midi):8}" if sounding else " " * 8, "bold cyan" if keyed else "dim cyan"),
            _keyboard(midi, sounding),
            Text("muted".ljust(METER), "red") if muted else _meter(own),
            str(int(chip.ch_con[ch])),
            ("-", "L", "R", "C")[int(chip.ch_rl[ch])],
        ]
        table.add_row(*row, *([scope(own, scopes)] if scopes else []))
    return table


def _name(moment: Moment, number: int) -> str:
    """A and B, where there are two chips."""
    return "AB"[number] if len(moment.states) > 1 else ""


def _chip(moment: Moment, number: int) -> Text:
    chip = moment.states[number]
    lfo = f"LFO {opm.views.WAVES[int(chip.w)]} rate {int(chip.lfrq)} AMD {int(chip.amd)} PMD {int(chip.pmd)}"
    noise = f"noise {int(chip.nfrq)}" if chip.ne else "noise off"
    timers = f"timers A {'on' if chip.load_a else 'off'} B {'on' if chip.load_b else 'off'}"
    return Text(f"{_name(moment, number)} {lfo}   {noise}   {timers}".strip(), "dim", no_wrap=True)


def picture(schedule: Schedule, moment: Moment, status: Status, width: int, with_scope: bool) -> RenderableType:
    """Return the whole screen, 16 lines or 23 with two chips, for a terminal of ``width`` columns."""
    song = schedule.song
    scopes = min(32, max(8, width - 72)) if with_scope else 0
    load = Text(f"CPU {status.cpu:3.0%}   underruns {status.underruns}", "dim")
    space = [Text()] if len(moment.states) == 1 else []
    return Group(
        _title(song, status, width),
        _place(status, song, width),
        *space,
        _channels(moment, schedule.clock, status, scopes),
        *space,
        *(_chip(moment, number) for number in range(len(moment.states))),
        load,
        Text(HELP, "dim", no_wrap=True),
    )


def plain(song: Log, status: Status) -> str:
    """Return one line of status."""
    title = printable(song.tags.get("title", status.name))
    state = "paused " if status.paused else ""
    return f"{_time(status.seconds)} / {_time(status.length)}  {state}{title}  underruns {status.underruns}"
