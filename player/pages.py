"""The pages of the screen, as lines of (text, role), drawn from a session for a window of any size.

The song's page leaves out what does not fit in this order. Lines: blank ones, remarks, headings, tags, the chip's LFO,
noise and timers, the keys, the status; the last of the board's other parts, then of the channels. Columns:
oscilloscope (where it was not asked for), voice, panning, algorithm, cents; the keyboard has 96 keys in 96, 48 or 24
columns, and the level what is left.

The channel's page, a look inside one channel, leaves out: blank lines, the registers written, tags, the keys, the
pitch, the status and what the channel is, the voice; the voice's last columns.
"""

import math
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

import numpy as np
from rich.cells import cell_len

from opm import Operator, Voice, describe, midi_of, views
from opm.song import CHANNELS, FULL_SCALE, Song, printable, sound_of

from .draw import (
    KEYBOARD,
    QUIETEST,
    Block,
    Line,
    Picture,
    braille,
    fitted,
    gauge,
    keyboard,
    minutes,
    note_of,
    pictured,
    scope,
    stacked,
)
from .keys import KEYS, hints
from .playback import OTHERS, Moment
from .session import Session

AUDIBLE = 64
"""Steps of int16 above which a channel without a key down still counts as sounding: its release is heard."""
SCOPE_BLOCKS = 3
"""Moments an oscilloscope is given: more than its width, so that it can begin where the wave rises through zero."""
NARROWEST = 12
"""Columns of an oscilloscope, at least."""
TALLEST = 4
"""Lines of an oscilloscope or an envelope's past, at most."""
STATES = len("seeking ...")
"""Columns kept free for the longest state, so that the seek bar does not move under the mouse."""
HEADINGS = {"name": "", "keys": "keyboard", "voice": "@"}

ENVELOPE_FLOOR = -96.0
"""dB at the foot of an envelope's bar."""
OPERATORS = ("M1", "M2", "C1", "C2")
VOICE_COLUMNS = tuple(field.name for field in fields(Operator))


@dataclass
class Choices:
    """What the listener wants to see."""

    scope: bool = False
    inside: bool = False
    channel: int = 0
    """The channel to look inside, 8 and up on the second chip."""


def song_page(session: Session, choices: Choices, width: int, height: int) -> Picture:
    """Return the song's page: a row for each channel, and for each other part of the board."""
    # Taken once: the playback goes on meanwhile, and a picture shows one moment.
    moment, columns = session.moment, _widths(width, choices.scope)
    rows, filler = Block(0), Block(9)
    blocks = [*_head(session, width), Block(8, [[]])]
    if moment:
        headings: dict[str, Line] = {name: [(HEADINGS.get(name, name), "dim")] for name in columns}
        blocks += [Block(6, [_row(headings, columns)]), rows, Block(8, [[]])]
        blocks += [Block(4, [_facts(moment, number, width)]) for number in range(len(moment.states))]
    if remarks := session.remarks:
        blocks.append(Block(7, [[(fitted(printable(" · ".join(remarks)), width), "dim")]]))
    blocks += [filler, *_foot(session, width)]
    count = len(moment.taps.T) + len(moment.playing.song.companions) if moment else 0
    # One line for each is what there has to be room for; what is left over makes them taller, or else the blank filler.
    rows.lines = [[] for _ in range(count)]
    kept, spare = stacked(blocks, height)
    mutes: list[str] = []
    if moment:
        tall = min(TALLEST if columns["scope"] else 2, 1 + max(0, spare) // count)
        rows.lines, mutes = _rows(session, moment, min(count, count + spare), columns, tall)
    filler.lines = [[] for _ in range(spare + count - len(rows.lines))]
    return pictured(kept, rows, mutes)


def _head(session: Session, width: int) -> list[Block]:
    """Return what both pages begin with: title, tags and seek bar."""
    tags = [Block(5, [_tags(session.playing.song, width)])] if session.playing else []
    return [Block(0, [_title(session, width)]), *tags, _bar(session, width)]


def _foot(session: Session, width: int) -> list[Block]:
    """Return what both pages end with: how the player is, and the keys."""
    return [Block(2, [_status(session, width)]), Block(3, [_keys(width)])]


def _title(session: Session, width: int) -> Line:
    """Return the song's name, and a count such as 2/5."""
    tags = session.playing.song.tags if session.playing else {}
    words = [tags.get("title", session.job.path.name), tags.get("author", ""), tags.get("game", "")]
    count = f" {session.at + 1}/{len(session.jobs)}" if len(session.jobs) > 1 else ""
    name = printable(" - ".join(word for word in words if word))
    return [(fitted(name, width - len(count)), "title"), (count, "dim")]


def _tags(song: Song, width: int) -> Line:
    """Return the file's format, its chips, and the tags that are not in the title."""
    others = [value for name, value in song.tags.items() if name not in ("title", "author", "game")]
    chips = " + ".join(name.upper() for name in song.chips)
    facts = [song.format, f"{chips} at {song.clock} Hz", *(" ".join(value.split()) for value in others)]
    return [(fitted(printable(" · ".join(facts)), width), "dim")]


def _bar(session: Session, width: int) -> Block:
    """Return the seek bar, with the time before it and the state behind it."""
    here, total = session.folded, max(session.total, 0.1)
    state = "paused" if session.playback.paused else "seeking ..." if session.seeking else ""
    state = state if session.playing else "reading ..."
    left = f"{minutes(here)} / {'∞' if session.endless else minutes(session.total)} "
    room = max(4, width - cell_len(left) - STATES - 1)
    done = round(room * min(1.0, here / total))
    first, length = session.loop
    # No more marks than columns: a loop of a few frames may have thousands of passes.
    passes = 1 if session.endless else min(session.passes, room)
    marks = {int(room * (first + i * length) / total) for i in range(passes)}
    cells = "".join("┆" if i in marks else "━" if i < done else "─" for i in range(room))
    line = [(left, ""), (cells[:done], "bar"), (cells[done:], "dim"), (f" {state:{STATES}}", "bold")]
    return Block(0, [line], (cell_len(left), room))


def _facts(moment: Moment, number: int, width: int) -> Line:
    """Return what a chip's LFO, noise and timers do."""
    chip = moment.states[number]
    looks = views.lfo(chip, moment.playing.song.clock)
    lfo = f"LFO {looks['wave']} {looks['frequency Hz']:.3g} Hz, AMD {int(chip.amd)} PMD {int(chip.pmd)}"
    noise = f"noise {int(chip.nfrq)}" if chip.ne else "noise off"
    timers = " ".join(name for name, on in (("A", chip.load_a), ("B", chip.load_b)) if on)
    name = _channel_name(moment, number * CHANNELS)[:-1]
    return [(fitted(f"{name} {lfo} · {noise} · timers {timers or 'off'}".strip(), width), "dim")]


def _status(session: Session, width: int) -> Line:
    """Return the player's status: volume, loop, load, underruns, rate."""
    playback = session.playback
    words = [f"{20 * math.log10(playback.gain):+.1f} dB", *(["solo"] if session.solo else [])]
    first, length = session.loop
    if length:
        # 0 before the loop; never above the passes, as the tail comes after the last.
        now = min(max(0, math.floor((session.seconds - first) / length) + 1), session.passes)
        words.append("endless" if session.endless else f"loop {now} of {session.passes}")
    words += [f"CPU {session.load:.0%}", f"underruns {playback.speaker.underruns}", f"{playback.speaker.rate:.0f} Hz"]
    return [(fitted("  ".join(words), width), "dim")]


def _keys(width: int) -> Line:
    """Return the keys that fit."""
    return [(fitted(hints(KEYS, width), width), "dim")]


def _channel_name(moment: Moment, channel: int) -> str:
    """Return a channel's number, after A or B where there are two chips."""
    chip = "AB"[channel // CHANNELS] if len(moment.states) > 1 else ""
    return f"{chip}{channel % CHANNELS + 1}"


def _voice_number(session: Session, moment: Moment, channel: int) -> str:
    """Return the number in ``Song.voices`` of the voice that a channel holds; nothing while that is unknown."""
    # By what it sounds like, and from the state, not from the writes: after a seek, none has been seen.
    holder = SimpleNamespace(state=moment.states[channel // CHANNELS])
    number = session.numbers.get(sound_of(Voice.from_chip(holder, channel % CHANNELS + 1)))
    return "" if number is None else f"@{number}"


def _widths(width: int, wants_scope: bool) -> dict[str, int]:
    """Share out a window's width among the columns; a column of 0 is left out."""
    # The keyboard first: it has columns of one, two or four keys, and nothing in between.
    keys = KEYBOARD if width >= 160 else 48 if width >= (100 if wants_scope else 80) else 24
    columns = {"name": 2, "note": 8, "keys": keys, "level": 6, "alg": 3, "pan": 3, "voice": 3, "scope": 0}

    def rest() -> int:
        """Return the columns left, counting a blank one between each two."""
        return width - sum(columns.values()) - sum(map(bool, columns.values())) + 1

    for name, least in {"voice": 0, "pan": 0, "alg": 0, "note": 3}.items():
        if rest() < (NARROWEST + 1 if wants_scope else 0):
            columns[name] = least
    if wants_scope and rest() > NARROWEST:
        columns["scope"] = min(64, max(NARROWEST, 2 * rest() // 3))
    columns["level"] += min(max(0, rest()), 24)
    return columns


def _rows(
    session: Session, moment: Moment, count: int, columns: dict[str, int], tall: int
) -> tuple[list[Line], list[str]]:
    """Return the rows of the first ``count`` channels and parts, and for each line the key that mutes what it shows."""
    lines: list[Line] = []
    mutes: list[str] = []
    for i in range(count):
        channel = i < len(moment.taps.T)
        row = _channel(session, moment, i, columns, tall) if channel else _part(session, moment, i, columns)
        # Blank lines between rows are part of the row above, for the mouse as well.
        row += [] if columns["scope"] else [[]] * (tall - len(row))
        lines += row
        mutes += [str(i % CHANNELS + 1 if channel else CHANNELS + 1)] * len(row)
    return lines, mutes


def _channel(session: Session, moment: Moment, channel: int, columns: dict[str, int], lines: int) -> list[Line]:
    """Return a channel's row, so many lines tall."""
    number, ch = divmod(channel, CHANNELS)
    chip, rate = moment.states[number], moment.playing.song.chip_clock(number)
    peak = int(np.abs(moment.taps[:, channel].astype(np.int32)).max(initial=0))
    keyed = bool(chip.kon_latch[ch::CHANNELS].any())
    # Muted by the listener now, or left out by --parts for the whole playing.
    muted = bool(session.playback.mute >> ch & 1) or not moment.playing.heard_opms[number]
    sounding = keyed or peak > AUDIBLE
    midi, lowest = midi_of(int(chip.ch_kc[ch]), int(chip.ch_kf[ch]), rate), midi_of(0, 0, rate)
    cells: dict[str, Line] = {
        "name": [(_channel_name(moment, channel), "muted" if muted else "bold")],
        "note": [(note_of(midi) if sounding else "", "note" if keyed else "dim")],
        "keys": keyboard(round(midi - lowest), keyed, sounding, round(lowest), columns["keys"]),
        "level": [("muted", "muted")] if muted else _level(peak, columns["level"]),
        "alg": [(str(int(chip.ch_con[ch])), "")],
        "pan": [(("-", "L", "R", "C")[int(chip.ch_rl[ch])], "")],
        "voice": [(_voice_number(session, moment, channel), "")],
    }
    pictures = [""] * lines
    if columns["scope"]:
        heard = [seen.taps[:, channel] for seen in session.past(moment)[-SCOPE_BLOCKS:]]
        pictures = scope(np.concatenate(heard), columns["scope"], lines)
    rows = [_row(cells, columns), *(_row({}, columns) for _ in pictures[1:])]
    return [[*row, (picture, "scope")] for row, picture in zip(rows, pictures, strict=True)]


def _part(session: Session, moment: Moment, row: int, columns: dict[str, int]) -> list[Line]:
    """Return the row of another part of the board: its name, and its level below the channels'."""
    song = moment.playing.song
    part = song.parts[row - len(moment.taps.T) + len(song.opms)]
    level, number = moment.levels.get(part.name), part.name.partition("-")[2]
    muted = level is None or bool(session.playback.mute & OTHERS)
    before = [columns[name] for name in ("name", "note", "keys")]
    widths = {"part": sum(before) + len(before) - 1, "level": columns["level"]}
    cells: dict[str, Line] = {
        "part": [(f"{part.title} {number}".strip(), "muted" if muted else "bold")],
        "level": [("muted", "muted")] if muted else _level(level or 0.0, columns["level"]),
    }
    return [_row(cells, widths)]


def _level(peak: float, width: int) -> Line:
    """Return the bar of a magnitude, in steps of int16."""
    return gauge(20 * math.log10(peak / FULL_SCALE) if peak else QUIETEST, QUIETEST, width)


def _row(cells: dict[str, Line], columns: dict[str, int]) -> Line:
    """Return cells side by side, each of its column's width. The oscilloscope, which ends a row, is not among them."""
    line: Line = []
    for name, width in columns.items():
        if width and name != "scope":
            cell = cells.get(name, [])
            used = sum(cell_len(text) for text, _ in cell)
            line += cell if used <= width else [(fitted(cell[0][0], width), cell[0][1])]
            line.append((" " * (max(0, width - used) + 1), ""))
    return line


def channel_page(session: Session, choices: Choices, width: int, height: int) -> Picture:
    """Return the channel's page: its envelopes, its voice as a table, and the registers written lately."""
    moment = session.moment
    if not moment:
        return song_page(session, choices, width, height)
    # Round and round, also where the next song has one chip less.
    channel = choices.channel % len(moment.taps.T)
    number, ch = divmod(channel, CHANNELS)
    chip, rate = moment.states[number], moment.playing.song.chip_clock(number)
    slots = {op: views.slot(chip, ch + 1, op, rate) for op in OPERATORS}
    envelopes, writes = Block(0, [[] for _ in slots]), Block(9)
    blocks = [*_head(session, width), *_about(session, moment, channel, width), Block(8, [[]]), envelopes]
    blocks += [Block(8, [[]]), Block(1, _voice(slots, width)), Block(8, [[]]), writes, *_foot(session, width)]
    kept, spare = stacked(blocks, height)
    tall = min(TALLEST, 1 + max(0, spare) // 8)
    envelopes.lines = [line for op in slots for line in _envelope(session, moment, channel, op, slots[op], width, tall)]
    rest = max(0, spare - len(envelopes.lines) + len(slots))
    writes.lines = _writes(session, moment, channel, width, rest)
    writes.lines += [[] for _ in range(rest - len(writes.lines))]
    return pictured(kept)


def _about(session: Session, moment: Moment, channel: int, width: int) -> list[Block]:
    """Return a channel's algorithm, and the note it plays."""
    number, ch = divmod(channel, CHANNELS)
    rate = moment.playing.song.chip_clock(number)
    about = views.channel(moment.states[number], ch + 1, rate)
    voice = _voice_number(session, moment, channel)
    what = f"channel {_channel_name(moment, channel)}  voice {voice:4}algorithm {{algorithm}}  {{connection}}"
    pitch = f"{note_of(midi_of(about['kc'], about['kf'], rate)):8} {{frequency Hz:8.1f}} Hz  "
    pitch += "fb {feedback}  pms {pms}  ams {ams}  {output}  keys {key}"
    if about["pms"] or about["ams"]:
        pitch += f"  LFO {views.lfo(moment.states[number], rate)['frequency Hz']:.3g} Hz"
    lines = ((2, what, "bold"), (3, pitch, "note"))
    return [Block(rank, [[(fitted(line.format(**about), width), role)]]) for rank, line, role in lines]


def _envelope(session: Session, moment: Moment, channel: int, op: str, slot: Any, width: int, lines: int) -> list[Line]:
    """Return an operator's state and level, and the level's last two seconds."""
    number, ch = divmod(channel, CHANNELS)
    index = CHANNELS * OPERATORS.index(op) + ch
    bar = min(32, max(6, (width - 23) // 2))
    past = max(0, width - 23 - bar)
    state, level = (f"{slot['state']:8}", "note" if slot["key"] == "on" else "dim"), slot["level dB"]
    first: Line = [(f"{op} ", "bold"), state, *gauge(level, ENVELOPE_FLOOR, bar), (f"{level:6.1f} dB  ", "")]
    # Attenuation: 0 is the loudest, and the top. Drawn linear in dB.
    heights = np.array([seen.states[number]["eg_level"][index] / 1023 for seen in session.past(moment)])
    drawn = braille(heights, past, lines) if past else [""] * lines
    rows = [first, *([(" " * (width - past), "")] for _ in drawn[1:])]
    return [[*row, (picture, "scope")] for row, picture in zip(rows, drawn, strict=True)]


def _voice(slots: dict[str, Any], width: int) -> list[Line]:
    """Return the operators' registers as a table; what does not fit is cut off at the right."""
    names = VOICE_COLUMNS[: max(1, (width - 2) // 5)]
    table: list[Line] = [[("  " + "".join(f"{name.removesuffix('_en'):>5}" for name in names), "dim")]]
    for op, slot in slots.items():
        table.append([(op, "bold"), ("".join(f"{slot[name]:5}" for name in names), "")])
    return table


def _writes(session: Session, moment: Moment, channel: int, width: int, count: int) -> list[Line]:
    """Return the registers of a channel written lately, the last one first, with their times on the seek bar."""
    # From the timetable, not from what was played: so they are there at once after a seek.
    number, ch = divmod(channel, CHANNELS)
    timetable = moment.playing.timetables[number]
    writes, frames = timetable.last_writes(ch, moment.frame, count)
    lines: list[Line] = []
    for (_, _, address, data), frame in zip(writes[::-1].tolist(), frames[::-1].tolist(), strict=True):
        seconds = session.fold(frame / timetable.rate)
        what = f"{address:02X} {data:02X}  {describe(address, data, timetable.opm.name)}"
        when = f"{minutes(seconds)}.{int(seconds * 100) % 100:02d}  "
        lines.append([(when, "dim"), (fitted(what, width - len(when)), "")])
    return lines
