"""What the screen shows, as lines of (text, role), drawn from a session for a window of any size. Its first page.

What does not fit is left out in this order. Lines: blank ones, remarks, headings, tags, the chip's LFO, noise and
timers, the keys, the status; the last channels. Columns: oscilloscope (where it was not asked for), voice, panning,
algorithm, cents; the keyboard has 96 keys in 96, 48 or 24 columns, and the level what is left.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
from rich.cells import cell_len

import opm
from opm.song import CHANNELS, Song, printable, sound_of

from .deck import Moment
from .draw import KEYBOARD, QUIETEST, Line, clock, fitted, gauge, keyboard, note_of, scope
from .keys import KEYS
from .session import Session

AUDIBLE = 64
"""Samples below this are silence to the eye."""
SCOPE_BLOCKS = 3
"""Moments an oscilloscope looks at."""
NARROWEST = 12
"""Columns of an oscilloscope, at least."""
TALLEST = 4
"""Lines of an oscilloscope or an envelope's past, at most."""
STATES = len("seeking ...")
HEADINGS = {"name": "", "keys": "keyboard", "voice": "@"}


@dataclass
class Choices:
    """What the listener wants to see."""

    scope: bool = False
    inside: bool = False
    channel: int = 0
    """The channel to look inside, 8 and up on the second chip."""


@dataclass
class Block:
    """Lines that stay or go together, those of the highest rank first."""

    rank: int
    lines: list[Line] = field(default_factory=list)
    bar: tuple[int, int] | None = None
    """First column and width of the seek bar in it."""


@dataclass
class Picture:
    """Lines, and what a click on them means."""

    lines: list[Line] = field(default_factory=list)
    bar: tuple[int, int, int] = (-1, 0, 1)
    """Line, first column and width of the seek bar."""
    channels: dict[int, int] = field(default_factory=dict)
    """Channel by line."""


def song_page(session: Session, choices: Choices, width: int, height: int) -> Picture:
    """Return the first page: the song, and a row for each channel."""
    moment, columns = session.moment, _widths(width, choices.scope)
    channels, filler = Block(0), Block(9)
    blocks = [*head(session, width), Block(8, [[]])]
    if moment:
        headings: dict[str, Line] = {name: [(HEADINGS.get(name, name), "dim")] for name in columns}
        blocks += [Block(6, [_row(headings, columns)]), channels, Block(8, [[]])]
        blocks += [Block(4, [_facts(moment, number, width)]) for number in range(len(moment.states))]
    if remarks := session.remarks:
        blocks.append(Block(7, [[(fitted(printable(" · ".join(remarks)), width), "dim")]]))
    blocks += [filler, *foot(session, width)]
    count = len(moment.taps.T) if moment else 0
    channels.lines = [[] for _ in range(count)]
    kept, spare = stacked(blocks, height)
    tall = 1
    if moment:
        tall = min(TALLEST if columns["scope"] else 2, 1 + max(0, spare) // count)
        shown = range(min(count, count + spare))
        channels.lines = [line for i in shown for line in _channel(session, moment, i, columns, tall)]
    filler.lines = [[] for _ in range(spare + count - len(channels.lines))]
    return pictured(kept, channels, tall)


def head(session: Session, width: int) -> list[Block]:
    """Return what both pages begin with: title, tags and seek bar."""
    tags = [Block(5, [_tags(session.playing.song, width)])] if session.playing else []
    return [Block(0, [_title(session, width)]), *tags, _bar(session, width)]


def foot(session: Session, width: int) -> list[Block]:
    """Return what both pages end with: how the player is, and the keys."""
    return [Block(2, [_status(session, width)]), Block(3, [_keys(width)])]


def stacked(blocks: Sequence[Block], height: int) -> tuple[list[Block], int]:
    """Leave blocks out until the others fit; return those, and the lines left."""
    kept = list(blocks)
    while (spare := height - sum(len(block.lines) for block in kept)) < 0 and max(block.rank for block in kept):
        kept.remove(max(kept, key=lambda block: block.rank))
    return kept, spare


def pictured(kept: Sequence[Block], channels: Block | None = None, tall: int = 1) -> Picture:
    """Return blocks as a picture, with what a click means; each of the channels is so many lines tall."""
    picture = Picture()
    for block in kept:
        first = len(picture.lines)
        if block.bar:
            picture.bar = (first, *block.bar)
        if block is channels:
            picture.channels = {first + i: i // tall for i in range(len(block.lines))}
        picture.lines += block.lines
    return picture


def _title(session: Session, width: int) -> Line:
    """Return the song's name, and which of how many it is."""
    tags = session.playing.song.tags if session.playing else {}
    words = [tags.get("title", session.job.song.name), tags.get("author", ""), tags.get("game", "")]
    count = f" {session.at + 1}/{len(session.jobs)}" if len(session.jobs) > 1 else ""
    name = printable(" - ".join(word for word in words if word))
    return [(fitted(name, width - len(count)), "title"), (count, "dim")]


def _tags(song: Song, width: int) -> Line:
    """Return what the file is, and what else it says."""
    others = [value for name, value in song.tags.items() if name not in ("title", "author", "game")]
    chips = " + ".join(name.upper() for name in song.chips)
    facts = [song.format, f"{chips} at {song.clock} Hz", *(" ".join(value.split()) for value in others)]
    return [(fitted(printable(" · ".join(facts)), width), "dim")]


def _bar(session: Session, width: int) -> Block:
    """Return the line that says where the song is."""
    here, total = session.folded, max(session.total, 0.1)
    state = "paused" if session.deck.paused else "seeking ..." if session.seeking else ""
    state = state if session.playing else "reading ..."
    left = f"{clock(here)} / {'∞' if session.endless else clock(session.total)} "
    room = max(4, width - cell_len(left) - STATES - 1)
    done = round(room * min(1.0, here / total))
    first, length = session.loop
    passes = 1 if session.endless else min(session.passes, room)
    marks = {int(room * (first + i * length) / total) for i in range(passes)}
    cells = "".join("┆" if i in marks else "━" if i < done else "─" for i in range(room))
    line = [(left, ""), (cells[:done], "bar"), (cells[done:], "dim"), (f" {state:{STATES}}", "bold")]
    return Block(0, [line], (cell_len(left), room))


def _facts(moment: Moment, number: int, width: int) -> Line:
    """Return what a chip's LFO, noise and timers do."""
    chip = moment.states[number]
    looks = opm.views.lfo(chip, moment.playing.song.clock)
    lfo = f"LFO {looks['wave']} {looks['frequency Hz']:.3g} Hz, AMD {int(chip.amd)} PMD {int(chip.pmd)}"
    noise = f"noise {int(chip.nfrq)}" if chip.ne else "noise off"
    timers = " ".join(name for name, on in (("A", chip.load_a), ("B", chip.load_b)) if on)
    name = channel_name(moment, number * CHANNELS)[:-1]
    return [(fitted(f"{name} {lfo} · {noise} · timers {timers or 'off'}".strip(), width), "dim")]


def _status(session: Session, width: int) -> Line:
    """Return how the player is."""
    deck = session.deck
    words = [f"{20 * math.log10(deck.gain):+.1f} dB", *(["solo"] if session.solo else [])]
    first, length = session.loop
    if length:
        now = min(max(0, math.floor((session.seconds - first) / length) + 1), session.passes)
        words.append("endless" if session.endless else f"loop {now} of {session.passes}")
    words += [f"CPU {session.load:.0%}", f"underruns {deck.speaker.underruns}", f"{deck.speaker.rate:.0f} Hz"]
    return [(fitted("  ".join(words), width), "dim")]


def _keys(width: int) -> Line:
    """Return the keys that fit."""
    line = ""
    for key in KEYS:
        if key.word and len(line) + len(f"{key.shown} {key.word}") <= width:
            line += f"{key.shown} {key.word}  "
    return [(fitted(line, width), "dim")]


def channel_name(moment: Moment, channel: int) -> str:
    """Return a channel's number, behind A or B where there are two chips."""
    chip = "AB"[channel // CHANNELS] if len(moment.states) > 1 else ""
    return f"{chip}{channel % CHANNELS + 1}"


def voice_number(session: Session, moment: Moment, channel: int) -> str:
    """Return the number that the voice a channel holds has in ``Song.voices``, or nothing while that is unknown."""
    holder = SimpleNamespace(state=moment.states[channel // CHANNELS])
    number = session.numbers.get(sound_of(opm.Voice.from_chip(holder, channel % CHANNELS + 1)))
    return "" if number is None else f"@{number}"


def _widths(width: int, wants_scope: bool) -> dict[str, int]:
    """Share a window's width out to the columns; a column of 0 is left out."""
    keys = KEYBOARD if width >= 160 else 48 if width >= (100 if wants_scope else 80) else 24
    columns = {"name": 2, "note": 8, "keys": keys, "level": 6, "alg": 3, "pan": 3, "voice": 3, "scope": 0}

    def rest() -> int:
        """Columns left, with a blank one between two."""
        return width - sum(columns.values()) - sum(map(bool, columns.values())) + 1

    for name, least in {"voice": 0, "pan": 0, "alg": 0, "note": 3}.items():
        if rest() < (NARROWEST + 1 if wants_scope else 0):
            columns[name] = least
    if wants_scope and rest() > NARROWEST:
        columns["scope"] = min(64, max(NARROWEST, 2 * rest() // 3))
    columns["level"] += min(max(0, rest()), 24)
    return columns


def _channel(session: Session, moment: Moment, channel: int, columns: dict[str, int], lines: int) -> list[Line]:
    """Return a channel's row, so many lines tall."""
    number, ch = divmod(channel, CHANNELS)
    chip, rate = moment.states[number], moment.playing.song.chip_clock(number)
    peak = int(np.abs(moment.taps[:, channel].astype(np.int32)).max(initial=0))
    keyed = bool(chip.kon_latch[ch::CHANNELS].any())
    sounding, muted = keyed or peak > AUDIBLE, bool(session.deck.mute >> ch & 1)
    midi, lowest = opm.midi_of(int(chip.ch_kc[ch]), int(chip.ch_kf[ch]), rate), opm.midi_of(0, 0, rate)
    level = 20 * math.log10(peak / 32_768) if peak else QUIETEST
    cells: dict[str, Line] = {
        "name": [(channel_name(moment, channel), "muted" if muted else "bold")],
        "note": [(note_of(midi) if sounding else "", "note" if keyed else "dim")],
        "keys": keyboard(round(midi - lowest), keyed, sounding, round(lowest), columns["keys"]),
        "level": [("muted", "muted")] if muted else gauge(level, QUIETEST, columns["level"]),
        "alg": [(str(int(chip.ch_con[ch])), "")],
        "pan": [(("-", "L", "R", "C")[int(chip.ch_rl[ch])], "")],
        "voice": [(voice_number(session, moment, channel), "")],
    }
    pictures = [""] * lines
    if columns["scope"]:
        heard = [seen.taps[:, channel] for seen in session.past(moment)[-SCOPE_BLOCKS:]]
        pictures = scope(np.concatenate(heard), columns["scope"], lines)
    rows = [_row(cells, columns), *(_row({}, columns) for _ in pictures[1:])]
    return [[*row, (picture, "scope")] for row, picture in zip(rows, pictures, strict=True)]


def _row(cells: dict[str, Line], columns: dict[str, int]) -> Line:
    """Return cells beside each other, each of its column's width."""
    line: Line = []
    for name, width in columns.items():
        if width and name != "scope":
            cell = cells.get(name, [])
            used = sum(cell_len(text) for text, _ in cell)
            line += cell if used <= width else [(fitted(cell[0][0], width), cell[0][1])]
            line.append((" " * (max(0, width - used) + 1), ""))
    return line
