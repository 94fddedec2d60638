"""What the pages are drawn with: text, bars, waveforms and keyboards as lines of (text, role), and blocks of lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len, set_cell_size

from opm import views

Line = list[tuple[str, str]]
KEYBOARD = 96
"""Keys: the chip's eight octaves."""
QUIETEST = -60.0
"""dB at the foot of the level's bar."""
UNCOUNTED = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
"""Variation selectors and skin tones: terminals do not agree on their width."""
SCOPE_STEP = 8
"""Frames per dot of the oscilloscope."""
# The bits of a character from U+2800 on: left column of dots from the top, then the right one.
BRAILLE = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass
class Block:
    """Lines that stay or go together; in a small window those of the highest rank go first, those of rank 0 never."""

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
    mutes: dict[int, str] = field(default_factory=dict)
    """The key that mutes what a line shows."""


def fitted(text: str, width: int) -> str:
    """Return a text of exactly that many columns, cut with an ellipsis or filled with blanks."""
    text = UNCOUNTED.sub("", text)
    # Columns of the terminal, not characters: a kanji takes two.
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(0, width - 1)) + "…"[:width]


def minutes(seconds: float) -> str:
    """Return a time as on a clock, such as 1:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def note_of(midi: float) -> str:
    """Return a MIDI number, which may have a fraction, as note name, octave and cents."""
    nearest = round(midi)
    cents = round((midi - nearest) * 100)
    return f"{views.note_name(nearest)}{f' {cents:+d}' if cents else ''}"


def gauge(level: float, lowest: float, width: int) -> Line:
    """Return a bar of a level in dB, to an eighth of a column."""
    eighths = round(8 * width * min(max(0.0, 1 - level / lowest), 1.0))
    bar = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
    # Only where 0 dB is full scale: an envelope at 0 dB is not too loud.
    hot = level > -3 and lowest == QUIETEST
    return [(bar, "hot" if hot else "level"), ("·" * (width - len(bar)), "dim")]


def braille(heights: npt.NDArray[Any], width: int, lines: int) -> list[str]:
    """Draw a line through values from 0 (top) to 1, in characters of two columns of four dots.

    Parameters
    ----------
    heights : (n,) float
        One for each column of dots; those missing at the left are left blank.
    width, lines : int
        Characters.
    """
    cells = np.full((lines, width), 0x2800)
    rows = np.clip(np.rint(heights * (4 * lines - 1)), 0, 4 * lines - 1).astype(int)[-2 * width :]
    before = int(rows[0]) if len(rows) else 0
    # Each column reaches to the height of the one before, or a steep wave would fall apart into dots.
    for x, here in enumerate(rows.tolist(), 2 * width - len(rows)):
        low, high = (here, max(here, before - 1)) if here <= before else (before + 1, here)
        for y in range(low, high + 1):
            cells[y // 4, x // 2] |= BRAILLE[x % 2][y % 4]
        before = here
    return ["".join(map(chr, row)) for row in cells.tolist()]


def scope(samples: npt.NDArray[Any], width: int, lines: int = 1) -> list[str]:
    """Draw a waveform from where it rises through zero, so that the picture stands still."""
    span = 2 * width * SCOPE_STEP
    if len(samples) < span:
        return [" " * width] * lines
    before = samples[: len(samples) - span]
    crossings = np.flatnonzero((before[:-1] < 0) & (before[1:] >= 0))
    start = int(crossings[0]) if len(crossings) else 0
    wave = samples[start : start + span : SCOPE_STEP].astype(np.float64)
    return braille(0.5 - 0.5 * wave / max(1.0, float(np.abs(wave).max())), width, lines)


def keyboard(key: int, keyed: bool, sounding: bool, lowest: int, width: int) -> Line:
    """Draw the chip's eight octaves with the note that sounds; ``lowest`` is the first key's MIDI number."""
    # A narrow one has ``per`` keys in a column; the mark stands in the one with a C, which moves with the chip's clock.
    per = KEYBOARD // width
    marks = ["┊" if -(lowest + i * per) % 12 < per else "─" for i in range(width)]
    if not sounding:
        return [("".join(marks), "dim")]
    at = min(max(0, key), KEYBOARD - 1) // per
    mark = ("●", "note") if keyed else ("○", "dim")
    return [("".join(marks[:at]), "dim"), mark, ("".join(marks[at + 1 :]), "dim")]


def stacked(blocks: Sequence[Block], height: int) -> tuple[list[Block], int]:
    """Leave out blocks until the others fit; return those, and how many lines remain."""
    kept = list(blocks)
    while (spare := height - sum(len(block.lines) for block in kept)) < 0 and max(block.rank for block in kept):
        kept.remove(max(kept, key=lambda block: block.rank))
    return kept, spare


def pictured(kept: Sequence[Block], rows: Block | None = None, mutes: Sequence[str] = ()) -> Picture:
    """Return blocks as a picture; ``mutes`` has, for each line of ``rows``, the key that mutes what it shows."""
    picture = Picture()
    for block in kept:
        first = len(picture.lines)
        if block.bar:
            picture.bar = (first, *block.bar)
        if block is rows:
            picture.mutes = dict(enumerate(mutes, first))
        picture.lines += block.lines
    return picture
