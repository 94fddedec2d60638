"""JSON register logs of the cat2151 family: writes with times in samples or seconds.

Nothing in a file says whether an integer time counts samples (of 55 930 Hz, the chip's own) or seconds, nor
that logs in seconds were made for players that run the chip at twice its speed; this module decides and
says so in the song's notes.
"""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from ...pitch import REFERENCE_CLOCK
from ..log import LONGEST, WRITE, Log, Loop, SongError
from .common import check_clock

PICOSECONDS = 10**12
LOG_RATE = 55_930
"""Samples per second of the family's logs."""
AMBIGUOUS = 1000
"""Whole numbers all below this are more likely seconds: as samples they are under 18 ms of music."""


def recognise(data: bytes) -> bool:
    """Look for a JSON object or array."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read(data: bytes, time_unit: str | None = None) -> Log:
    """Read a log: an object with ``events`` or a bare array, one (pass 1) or two rows per write (pass 2)."""
    rows, head = _rows(data)
    if time_unit is None and head.get("time_unit") in ("samples", "seconds"):
        time_unit = head["time_unit"]
    times, writes, steps = [], [], []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise SongError(f"row {number}: expected an object with time, addr and data, got {_short(row)}")
        times.append(_time(row, number))
        writes.append((_byte(row, "addr", number), _byte(row, "data", number)))
        steps.append(_is_data(row, number))
    notes: list[str] = []
    seconds = _in_seconds(times, steps, time_unit, notes)
    limit = LONGEST if seconds else LONGEST * LOG_RATE
    for number, time in enumerate(times, 1):
        if not 0 <= time <= limit:
            raise SongError(f"row {number}: expected a time of 0 to {limit}, got {_short(str(time))}")
    ticks = [int(time * PICOSECONDS) if seconds else int(time) for time in times]
    if {0, 1} <= set(steps):
        ticks, writes = _fold(ticks, writes, steps, notes)
    song = _song(ticks, writes, seconds, notes)
    if isinstance(head.get("clock"), int):
        song.clock = check_clock(head["clock"], '"clock"')
    _take_extras(song, head, limit)
    return song


def _take_extras(song: Log, head: dict[str, Any], limit: int) -> None:
    """Take tags, length and loop from beside the rows, as ``write`` puts them there."""
    tags = head.get("tags")
    if isinstance(tags, dict):
        song.tags = {str(name): value for name, value in tags.items() if isinstance(value, str)}
    if (end := _extra_tick(song, head.get("length"), limit)) is not None:
        song.length = max(song.length, end)
    loop = head.get("loop")
    if isinstance(loop, dict):
        first, row = _extra_tick(song, loop.get("time"), limit), loop.get("row")
        if first is None or not isinstance(row, int) or not 1 <= row <= len(song.writes) or first >= song.length:
            song.notes.append('"loop": expected a time before the end and a row of the log: not looped')
            return
        song.loop = Loop(first, row - 1)


def _extra_tick(song: Log, time: Any, limit: int) -> int | None:
    """Return a time as the song's ticks; None if it is not one."""
    if isinstance(time, bool) or not isinstance(time, int | Decimal) or not 0 <= time <= limit:
        return None
    return int(time * PICOSECONDS) if song.rate else int(time)


def write(song: Log, extras: bool = False) -> bytes:
    """Return the song as a JSON log: one pass, times in samples - in seconds if the song is in the family's convention.

    ``extras`` adds what the family's own players skip: ``tags``, ``length``, and ``loop``, the time and the row that
    the song goes back to.

    Raises
    ------
    SongError
        The song is for two chips; a log holds one.
    """
    if len(song.chips) > 1:
        raise SongError("a JSON log holds the writes of one chip, this song has two")

    def shown(tick: int) -> float:
        return float(tick / song.rate) if song.rate and song.family else song.frame(tick)

    rows = []
    for time, _, address, value in song.once.tolist():
        rows.append({"time": shown(time), "addr": f"0x{address:02X}", "data": f"0x{value:02X}"})
    head: dict[str, Any] = {
        "event_count": len(rows),
        "time_unit": "seconds" if song.rate and song.family else "samples",
    }
    head |= {"clock": song.clock} if song.clock != REFERENCE_CLOCK else {}
    if extras:
        first, end = song.playing
        head |= {"tags": song.tags} if song.tags else {}
        head |= {"length": shown(end)}
        if song.loop:
            row = int(np.searchsorted(song.once["time"], first)) if song.rounds_before else song.loop.write
            head |= {"loop": {"time": shown(first), "row": row + 1}}
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'{json.dumps(head)[:-1]}, "events": [\n{lines}\n]}}\n'.encode()


def _song(ticks: list[int], writes: list[tuple[int, int]], seconds: bool, notes: list[str]) -> Log:
    table = np.zeros(len(ticks), WRITE)
    table["time"] = ticks
    table["address"] = [address for address, _ in writes]
    table["data"] = [byte for _, byte in writes]
    if (np.diff(table["time"]) < 0).any():
        notes.append("rows were not in the order of their times: sorted")
        table = table[np.argsort(table["time"], kind="stable")]
    return Log(
        format=f"JSON register log, times in {'seconds' if seconds else 'samples'}",
        writes=table,
        length=int(table["time"][-1]) if len(table) else 0,
        rate=Fraction(PICOSECONDS) if seconds else None,
        family=seconds,
        notes=notes,
    )


def _rows(data: bytes) -> tuple[list[Any], dict[str, Any]]:
    """Return the rows, and what stands beside them."""
    try:
        text = data.decode("utf-8-sig")
        root = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise SongError(f"byte {error.start}: expected UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise SongError(f"byte {len(text[: error.pos].encode())}: expected JSON: {error.msg.lower()}") from None
    except (ValueError, RecursionError):
        raise SongError("expected JSON with numbers and nesting of a reasonable size") from None
    rows = root.get("events") if isinstance(root, dict) else root
    if not isinstance(rows, list):
        raise SongError('expected a JSON array, or an object with an array "events"')
    return rows, root if isinstance(root, dict) else {}


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "..."


def _time(row: dict[str, Any], number: int) -> int | Decimal:
    time = row.get("time")
    if isinstance(time, bool) or not isinstance(time, int | Decimal):
        raise SongError(f'row {number}: expected a number as "time", got {_short(time)}')
    return time


def _byte(row: dict[str, Any], key: str, number: int) -> int:
    value = row.get(key)
    if isinstance(value, str):
        digits = value.strip().lower().removeprefix("$").removeprefix("0x")
        if 1 <= len(digits) <= 8 and set(digits) <= set("0123456789abcdef"):
            value = int(digits, 16)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFF:
        raise SongError(f'row {number}: expected "{key}" from 0x00 to 0xFF, got {_short(value)}')
    return value


def _is_data(row: dict[str, Any], number: int) -> int | None:
    value = row.get("is_data")
    if value not in (None, 0, 1):
        raise SongError(f'row {number}: expected "is_data" 0 or 1, got {_short(value)}')
    return None if value is None else int(value)


def _in_seconds(times: list[int | Decimal], steps: list[int | None], time_unit: str | None, notes: list[str]) -> bool:
    """Decide what the times count, and say so."""
    if time_unit is not None:
        return time_unit == "seconds"
    if any(isinstance(time, Decimal) for time in times):
        return True
    last = max(times, default=0)
    if last == 0 or last >= AMBIGUOUS or any(step is not None for step in steps):
        return False
    notes.append(f"times are whole numbers up to {last}: taken for seconds (--time-unit samples reads them as samples)")
    return True


def _fold(
    ticks: list[int], writes: list[tuple[int, int]], steps: list[int | None], notes: list[str]
) -> tuple[list[int], list[tuple[int, int]]]:
    """Make one write of an address row and its data row, at the address row's time; expanding again would break it."""
    folded_ticks: list[int] = []
    folded: list[tuple[int, int]] = []
    waiting: int | None = None
    unpaired = 0
    for tick, write, step in zip(ticks, writes, steps, strict=True):
        if step == 0:
            unpaired += waiting is not None
            waiting = tick
            continue
        folded_ticks.append(tick if waiting is None else waiting)
        folded.append(write)
        waiting = None
    unpaired += waiting is not None
    notes.append("two rows per write (pass 2): address and data rows joined")
    if unpaired:
        notes.append(f"{unpaired} address row(s) without a data row: not played")
    return folded_ticks, folded
