"""Bus events: what happens on the chip's pins and when. Register writes become events, and back, here only.

An event is applied before its cycle. A register write is two of them: the address, then the data. Two rules say how
far apart they stand and when the next write may start: ``CHIP``, the least that loses nothing, and ``CAT2151``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._check import integer
from .pitch import REFERENCE_CLOCK

CYCLES_PER_FRAME = 32
"""Cycles of a stereo sample: each of the 32 slots passes once."""
MASTER_CLOCKS_PER_FRAME = 64
"""Periods of phiM of a stereo sample; a cycle is two."""
REFERENCE_RATE = REFERENCE_CLOCK / MASTER_CLOCKS_PER_FRAME
"""Frames per second at the reference clock."""

EVENT = np.dtype([("cycle", np.int64), ("kind", np.uint8), ("data", np.uint8)])
"""numpy.dtype of a bus event: cycles since reset when it is applied (before that cycle), kind, byte."""
ADDRESS, DATA, IC = 0, 1, 2
"""Kinds of event: write to port 0, write to port 1, drive the IC pin (1 = reset asserted)."""
LAST_CYCLE = 2**62
"""No chip runs longer: sums of cycles stay within 64 bits."""
REGISTER_WRITE = np.dtype([("cycle", np.int64), ("address", np.uint8), ("data", np.uint8)])
"""numpy.dtype of a register write found among bus events: the cycle of its data byte, register, byte."""

Events = npt.NDArray[np.void]
EventRows = Sequence[tuple[int, int, int]] | npt.NDArray[Any]
"""Events, or what ``make_events`` turns into them."""

CYCLES_TO_DATA = 2
"""From an address to its data on the bus, the fewest that lose nothing: one latch serves both, and is read a cycle
later."""
FRAMES_PER_WRITE = 2
"""From one write to the next: a slot register lands within a frame of its data, when its slot comes by.

34 cycles from address to address lose nothing, but the next frame begins after 32.
"""


@dataclass(frozen=True)
class Bus:
    """How register writes follow each other, in output frames."""

    cycles_per_frame: int
    spacing: int
    """Frames from one write to the next."""
    cycles_to_data: int
    """Cycles from the address to the data."""


CHIP = Bus(CYCLES_PER_FRAME, FRAMES_PER_WRITE, CYCLES_TO_DATA)
"""As fast as the chip takes them."""
# By these rules four of its logs equal, in every frame, what its own rules over Nuked-OPM 1.0 give.
CAT2151 = Bus(cycles_per_frame=64, spacing=4, cycles_to_data=128)
"""As the cat2151 family of players does: the chip at twice its speed, a byte each other log sample."""


def starts(due: npt.ArrayLike, free: int = 0, bus: Bus = CHIP) -> npt.NDArray[np.int64]:
    """Return the frames in which register writes start: when they are due, ``bus.spacing`` apart at least.

    Parameters
    ----------
    due : (n,) int
        Frame at or after which each may start. The order is kept, whatever it says.
    free : int
        First frame in which the bus is free.
    bus : Bus

    Returns
    -------
    (n,) int64
    """
    frames = np.asarray(due, np.int64)
    # start[i] >= start[i - 1] + spacing is a running maximum once spacing * i is taken off: no loop.
    slack = bus.spacing * np.arange(len(frames))
    return np.maximum(np.maximum.accumulate(frames - slack), free) + slack


def from_writes(start: npt.ArrayLike, address: npt.ArrayLike, data: npt.ArrayLike, bus: Bus = CHIP) -> Events:
    """Return the bus events of register writes.

    Parameters
    ----------
    start : (n,) int
        Frame each starts in, as ``starts`` gives it.
    address, data : (n,) uint8
    bus : Bus

    Returns
    -------
    (2 n,) EVENT
    """
    frames = np.asarray(start, np.int64)
    events = np.empty((len(frames), 2), EVENT)
    events["kind"] = (ADDRESS, DATA)
    events["cycle"][:, 0] = frames * bus.cycles_per_frame
    events["cycle"][:, 1] = events["cycle"][:, 0] + bus.cycles_to_data
    events["data"][:, 0] = address
    events["data"][:, 1] = data
    return events.reshape(-1)


def to_writes(events: Events) -> Events:
    """Return the register writes among bus events: ``from_writes``'s inverse.

    Parameters
    ----------
    events : (n,) EVENT

    Returns
    -------
    (m,) REGISTER_WRITE
        One for each data byte, with the address written last before it; 0 if there was none.
    """
    # The row of the last address before each event; -1 before any, when the latch is as reset leaves it.
    place = np.maximum.accumulate(np.where(events["kind"] == ADDRESS, np.arange(len(events)), -1))
    written = np.flatnonzero(events["kind"] == DATA)
    writes = np.empty(len(written), REGISTER_WRITE)
    writes["cycle"] = events["cycle"][written]
    writes["address"] = np.where(place[written] < 0, 0, events["data"][place[written]])
    writes["data"] = events["data"][written]
    return writes


_MOST = {"cycle": LAST_CYCLE, "kind": IC, "data": 255}


def _check_column(name: str, values: npt.NDArray[Any]) -> None:
    """Raise TypeError or ValueError with the row and value that is not an integer in range."""
    if values.dtype.kind in "iu" and values.ndim == 1 and ((values >= 0) & (values <= _MOST[name])).all():
        return
    for row, value in enumerate(values.tolist()):
        integer(f"event {row}: {name}", value, 0, _MOST[name])


def _values(row: Any) -> tuple[Any, ...]:
    """Return a row as a tuple, however few it holds."""
    try:
        return tuple(row)
    except TypeError:
        return (row,)


def make_events(rows: "EventRows") -> "Events":
    """Return bus events as ``run`` wants them, checked.

    Parameters
    ----------
    rows : sequence of (cycle, kind, data), or array of dtype ``EVENT``

    Returns
    -------
    (n,) EVENT

    Raises
    ------
    TypeError, ValueError
        Wrong dtype or shape; a kind other than 0, 1, 2; a cycle that is negative or before the last one.
    """
    if isinstance(rows, np.ndarray):
        if rows.dtype.names is None or set(EVENT.names or ()) != set(rows.dtype.names) or rows.ndim != 1:
            raise TypeError(f"events must be a one-dimensional array of dtype opm.EVENT, got {rows.dtype}")
        columns = {name: rows[name] for name in _MOST}
    else:
        if not isinstance(rows, Iterable):
            raise TypeError(f"events must be rows of (cycle, kind, data) or of dtype opm.EVENT, got {rows!r}")
        # Row by row, so that an error names the row.
        listed = [_values(row) for row in rows]
        wrong_row = next((i for i, row in enumerate(listed) if len(row) != len(_MOST)), None)
        if wrong_row is not None:
            raise ValueError(f"event {wrong_row}: expected (cycle, kind, data), got {listed[wrong_row]}")
        columns = {name: np.array([row[i] for row in listed]) for i, name in enumerate(_MOST)} if listed else {}
    events = np.empty(len(rows), EVENT)
    for name, values in columns.items():
        # Before they are narrowed: as a byte a kind of 256 would be 0.
        if values.dtype != EVENT[name] or values.ndim != 1:
            _check_column(name, values)
        events[name] = values
    if len(events) and events["cycle"][0] < 0:
        raise ValueError(f"event 0: cycle must not be negative, got {events['cycle'][0]}")
    if (wrong := np.flatnonzero(events["cycle"][1:] < events["cycle"][:-1])).size:
        i = int(wrong[0])
        raise ValueError(f"event {i + 1}: cycle {events['cycle'][i + 1]} comes before {events['cycle'][i]}")
    if len(events) and events["cycle"][-1] > LAST_CYCLE:
        raise ValueError(f"event {len(events) - 1}: cycle must be at most {LAST_CYCLE}, got {events['cycle'][-1]}")
    if (wrong := np.flatnonzero(events["kind"] > IC)).size:
        raise ValueError(f"event {wrong[0]}: kind must be 0, 1 or 2, got {events['kind'][wrong[0]]}")
    return events
