"""The second page: a channel's envelopes, its voice as a table, and its registers written lately.

What does not fit is left out in this order: blank lines, the registers written, tags, the keys, the pitch, the status
and what the channel is, the voice; the voice's last columns.
"""

from typing import Any

import numpy as np

import opm
from opm.song import CHANNELS

from .deck import Moment
from .draw import Line, braille, clock, fitted, gauge, note_of
from .screen import (
    TALLEST,
    Block,
    Choices,
    Picture,
    channel_name,
    foot,
    head,
    pictured,
    song_page,
    stacked,
    voice_number,
)
from .session import Session

SILENT = -96.0
"""dB at the foot of an envelope's bar."""
OPERATORS = ("M1", "M2", "C1", "C2")
VOICE = ("ar", "d1r", "d2r", "rr", "d1l", "tl", "ks", "mul", "dt1", "dt2", "ams_en")


def inside_page(session: Session, choices: Choices, width: int, height: int) -> Picture:
    """Return the second page."""
    moment = session.moment
    if not moment:
        return song_page(session, choices, width, height)
    channel = choices.channel % len(moment.taps.T)
    number, ch = divmod(channel, CHANNELS)
    chip, rate = moment.states[number], moment.playing.song.chip_clock(number)
    slots = {op: opm.views.slot(chip, ch + 1, op, rate) for op in OPERATORS}
    envelopes, writes = Block(0, [[] for _ in slots]), Block(9)
    blocks = [*head(session, width), *_about(session, moment, channel, width), Block(8, [[]]), envelopes]
    blocks += [Block(8, [[]]), Block(1, _voice(slots, width)), Block(8, [[]]), writes, *foot(session, width)]
    kept, spare = stacked(blocks, height)
    tall = min(TALLEST, 1 + max(0, spare) // 8)
    envelopes.lines = [line for op in slots for line in _envelope(session, moment, channel, op, slots[op], width, tall)]
    rest = max(0, spare - len(envelopes.lines) + len(slots))
    writes.lines = _writes(session, moment, channel, width, rest)
    writes.lines += [[] for _ in range(rest - len(writes.lines))]
    return pictured(kept)


def _about(session: Session, moment: Moment, channel: int, width: int) -> list[Block]:
    """Return what a channel is, and what it plays."""
    number, ch = divmod(channel, CHANNELS)
    rate = moment.playing.song.chip_clock(number)
    about = opm.views.channel(moment.states[number], ch + 1, rate)
    voice = voice_number(session, moment, channel)
    what = f"channel {channel_name(moment, channel)}  voice {voice:4}algorithm {{algorithm}}  {{connection}}"
    pitch = f"{note_of(opm.midi_of(about['kc'], about['kf'], rate)):8} {{frequency Hz:8.1f}} Hz  "
    pitch += "fb {feedback}  pms {pms}  ams {ams}  {output}  keys {key}"
    if about["pms"] or about["ams"]:
        pitch += f"  LFO {opm.views.lfo(moment.states[number], rate)['frequency Hz']:.3g} Hz"
    lines = ((2, what, "bold"), (3, pitch, "note"))
    return [Block(rank, [[(fitted(line.format(**about), width), role)]]) for rank, line, role in lines]


def _envelope(session: Session, moment: Moment, channel: int, op: str, slot: Any, width: int, lines: int) -> list[Line]:
    """Return an operator's level with its state, and what it was in the last two seconds."""
    number, ch = divmod(channel, CHANNELS)
    index = CHANNELS * OPERATORS.index(op) + ch
    bar = min(32, max(6, (width - 23) // 2))
    past = max(0, width - 23 - bar)
    state, level = (f"{slot['state']:8}", "note" if slot["key"] == "on" else "dim"), slot["level dB"]
    first: Line = [(f"{op} ", "bold"), state, *gauge(level, SILENT, bar), (f"{level:6.1f} dB  ", "")]
    heights = np.array([seen.states[number]["eg_level"][index] / 1023 for seen in session.past(moment)])
    drawn = braille(heights, past, lines) if past else [""] * lines
    rows = [first, *([(" " * (width - past), "")] for _ in drawn[1:])]
    return [[*row, (picture, "scope")] for row, picture in zip(rows, drawn, strict=True)]


def _voice(slots: dict[str, Any], width: int) -> list[Line]:
    """Return the operators' registers."""
    names = VOICE[: max(1, (width - 2) // 5)]
    table: list[Line] = [[("  " + "".join(f"{name.removesuffix('_en'):>5}" for name in names), "dim")]]
    for op, slot in slots.items():
        table.append([(op, "bold"), ("".join(f"{slot[name]:5}" for name in names), "")])
    return table


def _writes(session: Session, moment: Moment, channel: int, width: int, count: int) -> list[Line]:
    """Return the channel's registers written lately, the last one first, with their places on the seek bar."""
    number, ch = divmod(channel, CHANNELS)
    timetable = moment.playing.timetables[number]
    writes, frames = timetable.lately(ch, moment.frame, count)
    lines: list[Line] = []
    for (_, _, address, data), frame in zip(writes[::-1].tolist(), frames[::-1].tolist(), strict=True):
        seconds = session.fold(frame / timetable.rate)
        what = f"{address:02X} {data:02X}  {opm.describe(address, data, timetable.part.name)}"
        when = f"{clock(seconds)}.{int(seconds * 100) % 100:02d}  "
        lines.append([(when, "dim"), (fitted(what, width - len(when)), "")])
    return lines
