"""The screen of ``--midi-in``: what is played, a row for each channel of the chip.

In a small window these go, in this order. Lines: blank ones, the bank, the heading, the keys, the status; the last
channels. Columns: the level, the keyboard, the program's name.
"""

import numpy as np

from opm import Voice, midi_of, views
from opm.midi import Note
from opm.song import CHANNELS, printable

from .draw import KEYBOARD, Block, Line, Picture, fitted, gauge, keyboard, note_of, pictured, stacked
from .keys import LIVE_KEYS, hints
from .perform import Performance

OPERATORS = ("M1", "M2", "C1", "C2")
QUIETEST = -60.0
NOTE, PART, NAME, LEVEL = 8, 3, 24, 12
"""Columns: the note, MIDI's channel, the program, the level."""


def live_page(performance: Performance, width: int, height: int) -> Picture:
    """Return what is played."""
    live = performance.live
    state, clock = live.state, live.clock
    notes = dict(performance.notes)
    keys = next((keys for keys in (KEYBOARD, 48, 24) if width >= keys + 2 + 1 + NOTE + 1 + PART + 1 + NAME + LEVEL), 0)
    rows = Block(0, [_row(state, clock, channel, notes.get(channel), keys, width) for channel in range(CHANNELS)])
    heading = f"   {'note':{NOTE}} {'keyboard' if keys else '':{keys}}{' ' * bool(keys)}{'ch':>{PART}} program"
    blocks = [
        Block(0, [[(fitted(performance.keyboard.source.shown, width), "title")]]),
        Block(5, [[(fitted(_facts(performance), width), "dim")]]),
        Block(8, [[]]),
        Block(4, [[(fitted(heading, width), "dim")]]),
        rows,
        Block(8, [[]]),
        filler := Block(9),
        Block(1, [[(fitted(performance.said, width), "note")]]),
        Block(2, [[(fitted(_status(performance), width), "dim")]]),
        Block(3, [[(fitted(hints(LIVE_KEYS, width), width), "dim")]]),
    ]
    kept, spare = stacked(blocks, height)
    filler.lines = [[] for _ in range(spare)]
    return pictured(kept)


def _facts(performance: Performance) -> str:
    """Return the bank, the chip, and whether there is a recording."""
    live = performance.live
    bank = live.performer.parts.bank.name if live.performer else ""
    words = [bank, f"YM2151 at {live.clock} Hz", *([f"recording {live.recording.name}"] if live.recording else [])]
    return printable(" · ".join(filter(None, words)))


def _status(performance: Performance) -> str:
    """Return volume, load, late blocks, what the card holds, messages."""
    speaker, seconds = performance.speaker, performance.live.time
    words = [
        f"{performance.volume:+.1f} dB",
        f"CPU {performance.load:.0%}",
        f"late {speaker.underruns}",
        f"card {1000 * speaker.capacity / speaker.rate:.0f} ms",
        f"{performance.keyboard.count} messages",
        f"{int(seconds) // 60}:{int(seconds) % 60:02d}",
    ]
    return "  ".join(words)


def _row(state: np.void, clock: int, channel: int, note: Note | None, keys: int, width: int) -> Line:
    """Return a channel's row: from the chip's state, so that what is played by registers shows as well."""
    keyed = bool(state["kon_latch"][channel::CHANNELS].any())
    midi = midi_of(int(state["ch_kc"][channel]), int(state["ch_kf"][channel]), clock)
    lowest = midi_of(0, 0, clock)
    level = _level(state, channel)
    sounding = keyed or level > QUIETEST
    line: Line = [(f"{channel + 1}  ", "bold")]
    line.append((f"{note_of(midi) if sounding else '':{NOTE}} ", "note" if keyed else "dim"))
    if keys:
        line += [*keyboard(round(midi - lowest), keyed, sounding, round(lowest), keys), (" ", "")]
    part, name = ("", "") if note is None else (str(note.part.number % 16 + 1), note.instrument.name)
    used = sum(len(text) for text, _ in line)
    bar = LEVEL if width - used - PART - 1 >= NAME + LEVEL else 0
    line.append((f"{part:>{PART}} ", ""))
    line.append((fitted(printable(name), max(0, width - used - PART - 1 - bar)), ""))
    return line + (gauge(level, QUIETEST, bar) if bar else [])


def _level(state: np.void, channel: int) -> float:
    """Return the level of a channel's loudest carrier in dB."""
    slots = [views.slot(state, channel + 1, OPERATORS[i]) for i in Voice(con=int(state["ch_con"][channel])).carriers]
    return float(max(slot["level dB"] + slot["total level dB"] for slot in slots))
