"""JSON register logs of the cat2151 family: writes with times in samples or seconds.

Nothing in a file says whether a whole number counts samples (of 55 930 Hz, the chip's own) or seconds, nor that logs
in seconds were made for players that run the chip at twice its speed. This module decides, and says so in the song's
remarks.

A log is parsed in pieces of some 64 KB, which compiled code finds by its brackets: all of a long one as Python's own
objects would take gigabytes, and would keep the sound of a live server waiting for the interpreter's lock.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._file import encodable
from ...events import MASTER_CLOCKS_PER_FRAME
from ...pitch import REFERENCE_CLOCK
from ..data import PICOSECONDS, WRITE, Loop, Opm, SongError, check_clock
from ..limits import DEEPEST, FASTEST, LARGEST_VALUE, LONGEST, MOST_KEYS, MOST_LISTS, MOST_WRITES
from ..song import Song
from ..writers.json_log import keeps_ticks
from .walk import piece_end

LATEST = LONGEST * FASTEST // MASTER_CLOCKS_PER_FRAME
"""The last time of all, in samples."""
KEYS = ("time_unit", "clock", "tags", "length", "loop", "ticks_per_second")
"""The keys beside the rows that are used; this project's own writer puts them there."""
AMBIGUOUS = 1000
"""Whole numbers all below this are more likely seconds: as samples they are under 18 ms of music."""

ROW = np.dtype([(name, np.int64) for name in ("whole", "picoseconds", "address", "data", "step")])
"""A row: its time in two parts, the second in 10**-12 of a second or sample; its bytes; ``is_data`` or -1."""
MOST_MEMBERS, LONGEST_MEMBER = 64, 4096
"""Members of an object one of which is a log, and the bytes of each other one: a live server's requests have three, of
some ten bytes."""
_PIECE = 65_536
"""Bytes of rows to parse at a time."""
_RATE = re.compile("([1-9][0-9]{0,8})(?:/([1-9][0-9]{0,8}))?")
_BLANK = re.compile(rb"[ \t\r\n]*")
_ROWS = re.compile(rb'\[|\{(?:.*?,)?[ \t\r\n]*"events"[ \t\r\n]*:[ \t\r\n]*\[', re.DOTALL)
_EVENTS = re.compile(rb'[ \t\r\n]*"events"[ \t\r\n]*:[ \t\r\n]*(?=.)', re.DOTALL)


def recognise(data: bytes) -> bool:
    """Look for a JSON object or array."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read(data: bytes, time_unit: str | None = None) -> Song:
    """Read a log: an object with ``events`` or a bare array, one (pass 1) or two rows per write (pass 2)."""
    remarks: list[str] = []
    data = _closed(data, remarks)
    head, at = _head(data)
    # What the listener says holds against the file.
    if time_unit is None and head.get("time_unit") in ("samples", "seconds"):
        time_unit = head["time_unit"]
    tables, number, pointed = [np.empty(0, ROW)], 1, False
    for start, end in _pieces(data, at, b"]", _PIECE):
        values = _parsed(data, start, end, "[]")
        found = [_row(value, number + i) for i, value in enumerate(values)]
        if number - 1 + len(found) > MOST_WRITES:
            raise SongError(f"byte {start}: expected at most {MOST_WRITES} rows")
        # One time with a point is enough: JavaScript writes 1.0 as 1, so a log in seconds has whole numbers, too.
        pointed = pointed or any(isinstance(value["time"], Decimal) for value in values)
        tables.append(np.array(found, ROW))
        number += len(found)
    table = np.concatenate(tables)
    seconds = _in_seconds(table, pointed, time_unit, remarks)
    clock = _clock(head["clock"], remarks) if "clock" in head else REFERENCE_CLOCK
    limit = LONGEST if seconds else LONGEST * clock // MASTER_CLOCKS_PER_FRAME
    if (late := table["whole"] + (table["picoseconds"] > 0) > limit).any():
        row = int(late.argmax())
        raise SongError(f"row {row + 1}: expected a time of 0 to {limit}, got {table['whole'][row]}")
    ticks = table["whole"] * PICOSECONDS + table["picoseconds"] if seconds else table["whole"].copy()
    # is_data alone says nothing: only where both values are met does a write stand in two rows.
    if (table["step"] == 0).any() and (table["step"] == 1).any():
        ticks, table = _fold(ticks, table, remarks)
    if (np.diff(ticks) < 0).any():
        remarks.append("rows were not in the order of their times: sorted")
        order = np.argsort(ticks, kind="stable")
        ticks, table = ticks[order], table[order]
    rows = np.zeros(len(ticks), WRITE)
    rows["time"], rows["address"], rows["data"] = ticks, table["address"], table["data"]
    scale = PICOSECONDS if seconds else 1
    end = max(int(rows["time"].max(initial=0)), _tick(head.get("length"), limit, scale) or 0)
    song = Song.of(
        format=f"JSON register log, times in {'seconds' if seconds else 'samples'}",
        rows=rows,
        end=end,
        ticks_per_second=Fraction(PICOSECONDS) if seconds else None,
        opms=(Opm(clock=clock),),
        loop_start=_loop(head.get("loop"), rows["time"], end, limit, scale, remarks),
        tags=_tags(head.get("tags")),
        # The family's converter went over to seconds, and to keys an octave lower, within three days of November 2025:
        # a log in seconds has its pitch at twice the chip's speed.
        double_speed=seconds,
        read_remarks=tuple(remarks),
    )
    return _with_ticks(song, head.get("ticks_per_second"))


def _clock(given: Any, remarks: list[str]) -> int:
    """Return the clock that a log gives, in whole Hz; if it is not a number, a remark instead."""
    if isinstance(given, int | Decimal):
        return round(check_clock(given, '"clock"'))  # type: ignore[arg-type]
    remarks.append(f'"clock": expected a number of Hz, got {_short(given)}: {REFERENCE_CLOCK} assumed')
    return REFERENCE_CLOCK


def _tags(given: Any) -> dict[str, str]:
    """Return the tags that stand beside the rows; values that are not text are left out."""
    whole = {name: value for name, value in given.items() if isinstance(value, str)} if isinstance(given, dict) else {}
    return {encodable(name): encodable(value) for name, value in whole.items()}


def _loop(
    given: Any, times: npt.NDArray[np.int64], end: int, limit: int, scale: int, remarks: list[str]
) -> Loop | None:
    """Return the loop that stands beside the rows, as ``writers.json_log`` puts it there; else a remark instead."""
    if not isinstance(given, dict):
        return None
    first, row = _tick(given.get("time"), limit, scale), given.get("row")
    if (
        first is None
        or first >= end
        or not isinstance(row, int)
        # The row has to be the next from its time on; among rows of that very moment it may be any.
        or not np.searchsorted(times, first) <= row - 1 <= np.searchsorted(times, first, side="right")
    ):
        remarks.append('"loop": expected a time before the end and the row that comes next: not looped')
        return None
    return Loop(first, row - 1)


def _tick(time: Any, limit: int, scale: int) -> int | None:
    """Return a time beside the rows as the song's ticks; None if it is not one."""
    if isinstance(time, bool) or not isinstance(time, int | Decimal) or not 0 <= time <= limit:
        return None
    return int(time * scale)


def members(data: bytes, raw: str) -> dict[str, Any]:
    """Return the members of a JSON object, the one called ``raw`` as the bytes it is: a log, to be read in pieces."""
    start = _BLANK.match(data).end()  # type: ignore[union-attr]
    if data[start : start + 1] != b"{":
        raise SongError(f"byte {start}: expected a JSON object")
    # A live server's request holds a log: that is left as bytes, to be read in pieces without the server's lock.
    name = re.compile(rb'[ \t\r\n]*"%s"[ \t\r\n]*:' % raw.encode())
    found: dict[str, Any] = {}
    end = start
    for count, (at, end) in enumerate(_pieces(data, start + 1, b"}", 0), 1):
        key = name.match(data, at, end)
        if count > MOST_MEMBERS or (not key and end - at > LONGEST_MEMBER):
            raise SongError(f"byte {at}: expected at most {MOST_MEMBERS} members, of {LONGEST_MEMBER} bytes")
        if key:
            found[raw] = data[key.end() : end]
        else:
            found |= _parsed(data, at, end, "{}")
    if not _BLANK.fullmatch(data, data.index(b"}", end) + 1):
        raise SongError(f"byte {end + 1}: expected JSON: nothing behind its end")
    return found


def _with_ticks(song: Song, written: Any) -> Song:
    """Return the song in the ticks that its samples were made of, if a log says so and each is a tick's frame."""
    found = _RATE.fullmatch(written) if isinstance(written, str) and song.ticks_per_second is None else None
    rate = Fraction(int(found[1]), int(found[2] or 1)) if found else None
    if rate is None or not keeps_ticks(song.but(ticks_per_second=rate)):
        return song
    start = song.loop_start
    frames = np.append(song.rows["time"], [song.end, start.tick if start else 0]).astype(object)
    ratio = Fraction(song.clock, MASTER_CLOCKS_PER_FRAME) / rate
    ticks = frames * ratio.denominator // ratio.numerator
    # A log whose rows were edited has times that are no tick's: they hold, and the ticks are forgotten.
    if (-(-ticks * ratio.numerator // ratio.denominator) != frames).any():
        return song
    rows = song.rows.copy()
    rows["time"], (end, first) = ticks[:-2], ticks[-2:].tolist()
    return song.but(ticks_per_second=rate, rows=rows, end=end, loop_start=start and Loop(first, start.write))


def _head(data: bytes) -> tuple[dict[str, Any], int]:
    """Return what stands beside the rows, and where those begin."""
    start = _start(data)
    end, depth = piece_end(data, start + 1, len(data))
    # Python's garbage collector goes through all lists again and again while they are made: empty ones took 3 s.
    if depth <= DEEPEST and data.count(b"[") > MOST_LISTS:
        raise SongError(f"expected JSON with at most {MOST_LISTS} lists")
    if depth == 0 and not _BLANK.fullmatch(data, end + 1):
        raise SongError(f"byte {end + 1}: expected JSON: nothing behind its end")
    if data[start : start + 1] == b"[":
        return {}, start + 1
    head: dict[str, Any] = {}
    events = -1
    for count, (at, end) in enumerate(_pieces(data, start + 1, b"}", 0), 1):
        if count > MOST_KEYS:
            raise SongError(f"byte {at}: expected at most {MOST_KEYS} keys")
        # Not parsed with the rest: the rows are most of the file.
        if (key := _EVENTS.match(data, at, end)) and data[key.end()] == ord("["):
            events = key.end() + 1
            after = piece_end(data, events, len(data))[0] + 1
            if not _BLANK.fullmatch(data, after, end):
                raise SongError(f"byte {after}: expected JSON: a comma or the end")
        else:
            head |= {name: value for name, value in _parsed(data, at, end, "{}").items() if name in KEYS}
    if events < 0:
        raise SongError('expected a JSON array, or an object with an array "events"')
    return head, events


def _closed(data: bytes, remarks: list[str]) -> bytes:
    """Return a log that ends in mid-row without what follows its last whole row, closed; any other as it is."""
    start = _start(data)
    # One compiled pass over the brackets says whether the data is whole; most is, and costs no more.
    if piece_end(data, start + 1, len(data))[1] == 0 or not (rows := _ROWS.match(data, start)):
        return data
    at = last = rows.end()
    # In large pieces first, then row by row through the last of them.
    for least in (_PIECE, 0):
        while (piece := piece_end(data, at, least))[0] < len(data) and piece[1] == 1:
            last, at = piece[0], piece[0] + 1
    if piece[1] == 0 or (piece[1] == 1 and data.rstrip().endswith(b"}")):
        last = piece[0]
    if last == rows.end():
        return data
    remarks.append(f"byte {len(data)}: expected JSON, the data is cut short: what comes before is played")
    return data[:last] + (b"]" if data[start : start + 1] == b"[" else b"]}")


def _start(data: bytes) -> int:
    # Behind a UTF-8 byte order mark, which Windows' editors write, and blanks.
    return _BLANK.match(data, 3 if data.startswith(b"\xef\xbb\xbf") else 0).end()  # type: ignore[union-attr]


def _pieces(data: bytes, at: int, close: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Yield where the members of an object or array stand, in pieces of at least so many bytes."""
    first, depth = True, 1
    while depth:
        end, depth = piece_end(data, at, least)
        if depth > DEEPEST:
            raise SongError(f"byte {at}: expected JSON with at most {DEEPEST} levels of nesting")
        if depth > 1 or end == len(data):
            raise SongError(f"byte {len(data)}: expected JSON: the data is cut short")
        blank = _BLANK.fullmatch(data, at, end)
        if (blank and not (first and depth == 0)) or (depth == 0 and data[end : end + 1] != close):
            raise SongError(f"byte {end}: expected JSON: a value")
        if not blank:
            yield at, end
        first, at = False, end + 1


def _parsed(data: bytes, start: int, end: int, brackets: str) -> Any:
    if end - start > _PIECE + LARGEST_VALUE:
        raise SongError(f"byte {start}: expected a row or value of at most {LARGEST_VALUE} bytes")
    try:
        text = data[start:end].decode()
        # Decimals, not floats: 0.1 s is a tick exactly, and the spelling says whether it had a point.
        return json.loads(f"{brackets[0]}{text}{brackets[1]}", parse_float=Decimal, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise SongError(f"byte {start + error.start}: expected UTF-8 text") from None
    except json.JSONDecodeError as error:
        at = start + len(text[: max(error.pos - 1, 0)].encode())
        raise SongError(f"byte {at}: expected JSON: {error.msg.lower()}") from None
    except (ValueError, InvalidOperation):
        raise SongError(f"byte {start}: expected JSON with numbers of a reasonable size") from None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "..."


def _row(row: Any, number: int) -> tuple[int, int, int, int, int]:
    """Return a row's time in two parts, its bytes, and which of two rows it is, -1 if it does not say."""
    if not isinstance(row, dict):
        raise SongError(f"row {number}: expected an object with time, addr and data, got {_short(row)}")
    time = row.get("time")
    # JSON's true is an int in Python, here and below.
    if isinstance(time, bool) or not isinstance(time, int | Decimal):
        raise SongError(f'row {number}: expected a number as "time", got {_short(time)}')
    # The wide limit, samples of the fastest clock: what times count is known only when all rows are.
    if not 0 <= time <= LATEST:
        raise SongError(f"row {number}: expected a time of 0 to {LONGEST} seconds, got {_short(str(time))}")
    # In two parts, since 7 days of samples in 10**-12 would not fit 64 bits.
    whole = int(time)
    picoseconds = 0 if isinstance(time, int) else int(time * PICOSECONDS) - whole * PICOSECONDS
    return whole, picoseconds, _byte(row, "addr", number), _byte(row, "data", number), _step(row, number)


def _byte(row: dict[str, Any], key: str, number: int) -> int:
    value = row.get(key)
    byte = _from_hex(value) if isinstance(value, str) else value
    if isinstance(byte, bool) or not isinstance(byte, int) or not 0 <= byte <= 0xFF:
        raise SongError(f'row {number}: expected "{key}" from 0x00 to 0xFF, got {_short(value)}')
    return byte


# A log repeats some hundred spellings.
@lru_cache(1024)
def _from_hex(text: str) -> int | None:
    # "20" is hex without its prefix: the family's log editor writes so.
    digits = text.strip().lower().removeprefix("$").removeprefix("0x")
    return int(digits, 16) if 1 <= len(digits) <= 8 and set(digits) <= set("0123456789abcdef") else None


def _step(row: dict[str, Any], number: int) -> int:
    value = row.get("is_data")
    if value not in (None, 0, 1):
        raise SongError(f'row {number}: expected "is_data" 0 or 1, got {_short(value)}')
    return -1 if value is None else int(value)


def _in_seconds(rows: npt.NDArray[Any], pointed: bool, time_unit: str | None, remarks: list[str]) -> bool:
    """Decide what the times count, and say so."""
    if time_unit is not None:
        return time_unit == "seconds"
    if pointed:
        return True
    last = int(rows["whole"].max(initial=0))
    # Rows with is_data come from the family's older programs, which counted samples.
    if last == 0 or last >= AMBIGUOUS or (rows["step"] >= 0).any():
        return False
    remarks.append(
        f"times are whole numbers up to {last}: taken for seconds (--time-unit samples reads them as samples)"
    )
    return True


def _fold(
    ticks: npt.NDArray[np.int64], rows: npt.NDArray[Any], remarks: list[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Make one write of an address row and its data row, at the address row's time.

    Played as two writes each, as the family's own player does, the rows overlap and the song is silent.
    """
    address = rows["step"] == 0
    follows = np.zeros(len(rows), bool)
    follows[1:] = address[:-1] & ~address[1:]
    ticks[1:][follows[1:]] = ticks[:-1][follows[1:]]
    remarks.append("two rows per write (pass 2): address and data rows joined")
    if unpaired := int(address.sum() - follows.sum()):
        remarks.append(f"{unpaired} address row(s) without a data row: not played")
    return ticks[~address], rows[~address]
