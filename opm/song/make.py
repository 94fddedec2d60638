"""Songs made in Python: what the arguments of ``Song`` have to be, and its table of writes made of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import number
from ..chip import CHIPS
from .data import PICOSECONDS, WRITE, Loop, Opm, Writes
from .limits import FASTEST, LONGEST, SLOWEST
from .notes import NOTE

_JUST_BELOW = PICOSECONDS * (1 - 2.0**-50)
"""Picoseconds in a second, less the error of a float: rounded up, a frame's own time in seconds would be the next
frame's, and writes read from ``Song.writes`` would come back a frame late."""
MOST_CHIPS = 16
"""YM2151s of a song: a board has two, rarely more."""


def opms_of(chips: Any, clock: Any) -> tuple[Opm, ...]:
    """Return the YM2151s of a song; TypeError or ValueError names what is not one."""
    known = isinstance(chips, Sequence) and all(name in [*CHIPS] for name in chips)
    if not known or not 1 <= len(chips) <= MOST_CHIPS:
        raise ValueError(f"chips must be 1 to {MOST_CHIPS} of {', '.join(map(repr, CHIPS))}, got {chips!r}")
    hertz = number("clock", clock, SLOWEST, FASTEST, "Hz")
    if not hertz.is_integer():
        raise ValueError(f"clock must be whole Hz, got {clock!r}")
    return tuple(Opm(name, int(hertz)) for name in chips)


def end_of(writes: Writes, length: float | None) -> int:
    """Return the tick at which a song ends; ValueError if that is before its last write."""
    last = int(writes["time"].max(initial=0))
    end = last if length is None else _tick("length", length)
    if end < last:
        raise ValueError(f"length must be at least the last write's {last / PICOSECONDS:.15g} s, got {length:.15g}")
    return end


def loop_of(writes: Writes, end: int, loop: float | None) -> Loop | None:
    """Return where a song repeats from; ValueError if that is not before its end."""
    if loop is None:
        return None
    tick = _tick("loop", loop)
    if tick >= end:
        raise ValueError(f"loop must be before the end at {end / PICOSECONDS:.15g} s, got {loop:.15g}")
    # Cut down as the times of the writes are, so that a write at this very moment is found, and belongs to the loop.
    return Loop(tick, int(np.searchsorted(writes["time"], int(loop * _JUST_BELOW))))


def _tick(name: str, seconds: float) -> int:
    return round(number(name, seconds, 0, LONGEST, "seconds") * PICOSECONDS)


def tags_of(tags: Any) -> dict[str, str]:
    """Return tags; TypeError if they are not strings by name."""
    if not isinstance(tags, Mapping):
        raise TypeError(f"tags must be strings by name, got {tags!r}")
    for name, text in tags.items():
        if not (isinstance(name, str) and isinstance(text, str)):
            raise TypeError(f"tags must be strings by name, got {name!r}: {text!r}")
    return dict(tags)


def note_table(notes: Any) -> npt.NDArray[Any]:
    """Return notes as a table; TypeError or ValueError names what is not one."""
    names = NOTE.names or ()
    if isinstance(notes, np.ndarray) and notes.dtype.names:
        if notes.ndim != 1 or not set(names) <= set(notes.dtype.names):
            raise TypeError(f"notes must be rows of ({', '.join(names)}), got {notes.dtype} of shape {notes.shape}")
        # By name: tables from a DataFrame have their columns in another order, and others beside them.
        notes = zip(*(notes[name].tolist() for name in names), strict=True)
    rows = _rows("note", notes, (len(names),), f"({', '.join(names)})")
    for i, row in enumerate(rows):
        for name, value in zip(names, row, strict=True):
            whole = NOTE[name].kind != "f"
            low, high = (int(np.iinfo(NOTE[name]).min), int(np.iinfo(NOTE[name]).max)) if whole else (-LONGEST, LONGEST)
            given = number(f"note {i}: {name}", value, low, high)
            if whole and not given.is_integer():
                raise ValueError(f"note {i}: {name} must be a whole number, got {value!r}")
    return np.array(rows, NOTE)


def _rows(name: str, rows: Any, widths: tuple[int, ...], expected: str) -> list[tuple[Any, ...]]:
    """Return rows as tuples; TypeError or ValueError names what is not one."""
    if not isinstance(rows, Iterable):
        raise TypeError(f"{name}s must be rows of {expected}, got {rows!r}")
    listed = []
    for i, row in enumerate(rows):
        try:
            listed.append(tuple(row))
        except TypeError:
            listed.append(())
        if len(listed[i]) not in widths:
            raise ValueError(f"{name} {i}: expected {expected}, got {row!r}")
    return listed


def writes_in_order(writes: Iterable[tuple[float, ...]] | npt.NDArray[Any], chips: int) -> Writes:
    """Return writes in picoseconds, checked and in the order of their times."""
    if isinstance(writes, np.ndarray) and writes.dtype.names:
        missing = {"seconds", "address", "data"} - set(writes.dtype.names)
        if missing:
            raise TypeError(f"writes must have seconds, address and data, not {', '.join(writes.dtype.names)}")
        chip = writes["chip"] if "chip" in writes.dtype.names else np.zeros(len(writes))
        columns = [np.asarray(column) for column in (writes["seconds"], chip, writes["address"], writes["data"])]
    else:
        listed = _rows("write", writes, (3, 4), "(seconds, address, data) or (seconds, chip, address, data)")
        rows = [(row[0], 0, *row[1:]) if len(row) == 3 else row for row in listed]
        columns = [np.array([row[i] for row in rows]) for i in range(4)]
    limits = {"seconds": LONGEST, "chip": chips - 1, "address": 255, "data": 255}
    for i, (name, most) in enumerate(limits.items()):
        column = columns[i]
        # Row by row only where it is not a column of numbers, to say which row and what is wrong with it.
        if column.dtype.kind not in "iuf" or column.ndim != 1:
            for row, value in enumerate(column):
                number(f"write {row}: {name}", value, 0, most)
        column = columns[i] = column.astype(np.float64)
        fits = (column >= 0) & (column <= most) & ((column == np.floor(column)) | (name == "seconds"))
        if not fits.all():
            row = int(np.flatnonzero(~fits)[0])
            raise ValueError(f"write {row}: {name} must be 0 to {most}, got {column[row]:.15g}")
    table = np.zeros(len(columns[0]), WRITE)
    table["time"] = columns[0] * _JUST_BELOW
    for name, column in zip(("chip", "address", "data"), columns[1:], strict=True):
        table[name] = column
    # Stable: at one moment the order given is the order on the bus, and a key may go up and down again.
    return table[np.argsort(table["time"], kind="stable")]
