"""JSON tones of the cat2151 family: what its editors, players and converters keep voices in.

A tone is one of: hex pairs; an object with ``registers`` (hex pairs), ``events`` (rows of a log) or ``tone`` (lines of
``TL=00 MUL=01``); an object that holds such tones under ``variations``, ``Tone`` or ``Tones``; a list of any of these.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from .._check import integer
from .._file import encodable, printable
from ..registers import ALL_KEYS, KC, KF, KON, LIMITS, RL, SLOTS
from ..state import OPERATORS
from .table import KEY_ORDER
from .voice import TONE, Operator, Voice

MOST_VOICES = 4096
"""Voices of a file: what fits into it in VOPM's format, and more than an MDX song has room for."""
LATEST = 10**6
"""The largest time of a row, seconds or samples: a tone that lasts longer is damaged."""
_LINE_FIELDS = {
    "TL": "tl", "AR": "ar", "DR": "d1r", "SR": "d2r", "RR": "rr", "SL": "d1l", "KS": "ks", "MUL": "mul", "DT1": "dt1",
    "DT2": "dt2",
}  # fmt: skip
_LINE_DEFAULTS = Operator(tl=0, ar=31, d1r=16, rr=7, dt1=3)
"""What a line does not give: the defaults of the family's own editor."""
_HOLDERS = {"variations", "registers", "tone", "Tones", "Tone"}
"""Members that only tones have."""
_OF_A_LIST = _HOLDERS | {"events", "ProgramChange"}
"""Members by which an object in a list is known as a tone."""
_OF_LOGS = {"time_unit", "clock", "length", "loop"}
"""Members that only logs have: beside them rows are a log, unless something says that it is a tone."""
_EXPECTED = "expected JSON tones: hex pairs, registers, events, tone, variations, Tone or Tones"


@dataclass(frozen=True)
class Row:
    """A register write of a tone: its time, seconds if that is a float, and its bytes."""

    time: float
    address: int
    data: int


@dataclass(frozen=True)
class Tone:
    """A voice, and how to play it."""

    voice: Voice
    key: tuple[int, int] | None = None
    """What it holds of registers 28 and 30."""
    note: int | None = None
    """MIDI number beside it."""
    rows: tuple[Row, ...] = ()
    """Its own events, if they press a key."""


def read_tones(text: str, name: str = "") -> list[Tone]:
    """Read tones.

    Parameters
    ----------
    text : str
        JSON.
    name : str
        What to call a tone without a name.

    Returns
    -------
    list of Tone

    Raises
    ------
    ValueError
        There are none, or too many, or one is damaged; the message names it.
    """
    with _told():
        root = json.loads(text)
    return tones_in(root, name)


def tones_in(root: Any, name: str = "") -> list[Tone]:
    """Return the tones that parsed JSON holds: ``read_tones`` without the text."""
    with _told():
        # One more than is allowed is enough to know.
        found = list(islice(_tones(root, name), MOST_VOICES + 1))
        check_count(len(found), name or "tones")
    if not found:
        raise ValueError(f"{_EXPECTED}: found none")
    return found


@contextmanager
def _told() -> Iterator[None]:
    """Say in a fault what was expected."""
    try:
        yield
    except RecursionError:
        raise ValueError(f"{_EXPECTED}: the nesting is too deep") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{_EXPECTED}: {printable(str(error))}") from None


def is_tone(root: Any) -> bool:
    """Say whether parsed JSON holds tones, and is not a log.

    Rows that all stand at the beginning, set one channel's operators and leave its key alone are a tone, unless they
    come in twos, or beside something that only logs have.
    """
    if isinstance(root, dict):
        if root.get("type") == TONE or (_HOLDERS & root.keys() and not root.get("events")):
            return True
        return not _OF_LOGS & root.keys() and _only_sets_a_voice(root.get("events"))
    if not isinstance(root, list):
        return False
    tones = (isinstance(each, str) or (isinstance(each, dict) and _OF_A_LIST & each.keys()) for each in root)
    return any(tones) or _only_sets_a_voice(root)


def _only_sets_a_voice(rows: Any) -> bool:
    """Say whether rows all stand at the beginning, leave the keys alone and set operators of one channel."""
    try:
        channels = {row.address & 7 for row in (_row(value, "") for value in rows) if row.address >= SLOTS}
        return len(channels) == 1 and all(map(_still, rows))
    except (TypeError, ValueError):
        return False


def _still(value: Any) -> bool:
    """Say whether a row stands at the beginning, leaves the keys alone and is no half of a write."""
    row = _row(value, "")
    return row.time == 0 and row.address != KON and "is_data" not in value


def check_count(count: int, where: str) -> None:
    """Raise ValueError if a file has too many voices."""
    if count > MOST_VOICES:
        raise ValueError(f"{where}: expected at most {MOST_VOICES} voices")


def _tones(value: Any, name: str) -> Iterator[Tone]:
    """Yield the tones in a value; those in a list are numbered if they have no names."""
    if isinstance(value, str):
        yield from_pairs(value, name)
    elif isinstance(value, list) and value and all(isinstance(row, dict) and "addr" in row for row in value):
        yield from _from_rows(value, name)
    elif isinstance(value, list):
        check_count(len(value), name or "list")
        for number, each in enumerate(value, 1):
            yield from _tones(each, f"{name} {number}".strip())
    elif isinstance(value, dict):
        yield from _of_object(value, _name(value, name))
    else:
        raise ValueError(f"{name or 'tone'}: {short(value)} is not a tone")


def _of_object(value: dict[str, Any], name: str) -> Iterator[Tone]:
    """Yield the tones of an object; one that only has settings has none."""
    # By what only tones have first: ``events`` is what logs have, too.
    if "variations" in value:
        rows = _typed(value, "variations", list, name)
        check_count(len(rows), f"{name} variations".strip())
        for row in rows:
            if not isinstance(row, dict) or "registers" not in row:
                raise ValueError(f"{name or 'variations'}: expected registers, got {short(row)}")
            yield from _of_object(row, _name(row, name))
    elif "registers" in value:
        yield from_pairs(_typed(value, "registers", str, name), name, value.get("note_number"))
    elif "tone" in value:
        yield _from_lines(_typed(value, "tone", str, name), name)
    elif "Tones" in value:
        for program, tone in _typed(value, "Tones", dict, name).items():
            yield from _tones(tone, f"program {encodable(program)}")
    elif "Tone" in value:
        yield from _tones(value["Tone"], name)
    elif "events" in value:
        yield from _from_rows(_typed(value, "events", list, name), name, value.get("note_number"))


def _name(value: dict[str, Any], other: str) -> str:
    # Attachments have no name, only the program they are for; the tone editor has descriptions.
    given = value.get("name") or value.get("description")
    if not given and "ProgramChange" in value:
        given = f"program {value['ProgramChange']}"
    return encodable(str(given)) if given else other


def _typed(value: dict[str, Any], key: str, kind: type, name: str) -> Any:
    """Return a member of an object; ValueError if it is of another type."""
    if not isinstance(value[key], kind):
        raise ValueError(f"{name or 'tone'}: {key} must be a {kind.__name__}, got {short(value[key])}")
    return value[key]


def short(value: Any) -> str:
    """Return a value as it is shown in a message."""
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def from_pairs(text: str, name: str, note: Any = None) -> Tone:
    """Return the tone of concatenated AADD hex pairs."""
    digits = "".join(text.split())
    if not re.fullmatch(r"(?:[0-9a-fA-F]{4})++", digits):
        raise ValueError(f"{name or 'tone'}: expected pairs of address and data in hex, got {short(text)}")
    held = bytes.fromhex(digits)
    return _of_writes(list(zip(held[::2], held[1::2], strict=True)), name, note)


def _from_rows(values: list[Any], name: str, note: Any = None) -> Iterator[Tone]:
    """Yield the tone of a log's rows, if they set a voice: that which stands where the first key is pressed."""
    rows = [_row(value, f"{name} row {number}".strip()) for number, value in enumerate(values, 1)]
    rows.sort(key=lambda row: row.time)
    if not any(row.address >= RL and row.address & 0xF8 not in (KC, KF) for row in rows):
        return
    # A little song holds several voices: the one that stands where the first key goes down is what is heard.
    pressed = next((row.time for row in rows if _presses(row.address, row.data)), None)
    writes = [(row.address, row.data) for row in rows if pressed is None or row.time <= pressed]
    tone = _of_writes(writes, name, note)
    yield tone if pressed is None else replace(tone, rows=tuple(rows))


def _presses(address: int, data: int) -> bool:
    return address == KON and data & ALL_KEYS > 0


def _of_writes(writes: Sequence[tuple[int, int]], name: str, note: Any) -> Tone:
    """Return the tone of register writes: those of the channel whose key is pressed first, else of the first met."""
    keys = [data for address, data in writes if address == KON]
    pressed = next((data for data in keys if data & ALL_KEYS), 0 if keys else None)
    channel = pressed & 7 if pressed else next((address & 7 for address, _ in writes if address >= RL), 0)
    # Of several writes to a register the last one holds.
    held = dict(writes)
    voice = Voice.from_registers(held, channel + 1, name)
    if pressed is not None:
        # The tone editor keeps the slot mask in a write to register 08.
        voice = replace(voice, slots=pressed >> 3 & 15)
    key = (held[KC + channel] & 0x7F, held.get(KF + channel, 0)) if KC + channel in held else None
    return Tone(voice, key, None if note is None else integer(f"{name or 'tone'}: note_number", note, 0, 127))


def _from_lines(text: str, name: str) -> Tone:
    """Return the tone of five lines: four operators, then connection, feedback and key code; numbers in hex."""
    lines = [line for line in text.upper().splitlines() if line.strip()]
    if len(lines) != len(KEY_ORDER) + 1:
        raise ValueError(f"{name or 'tone'}: expected 4 lines for operators and one for the channel, got {len(lines)}")
    *ops, channel = ({word.partition("=")[0]: _hex(word, name) for word in line.split()} for line in lines)
    made = {}
    # Lines are M1, C1, M2, C2, the order of the key bits; a voice has register order.
    for op, given in zip(KEY_ORDER, ops, strict=True):
        values = {key: given[word] & LIMITS[key] for word, key in _LINE_FIELDS.items() if word in given}
        made[op] = replace(_LINE_DEFAULTS, **values)
    voice = Voice(name, channel.get("CON", 0) & 7, channel.get("FL", 0) & 7, ops=[made[op] for op in OPERATORS])
    return Tone(voice, (channel["NOTE"] & 0x7F, 0) if "NOTE" in channel else None)


def _hex(word: str, name: str) -> int:
    """Return the number in a word such as ``TL=7F``."""
    digits = word.partition("=")[2]
    if not re.fullmatch("[0-9A-F]{1,8}", digits):
        raise ValueError(f"{name or 'tone'}: expected words like TL=7F, got {short(word)}")
    return int(digits, 16)


def _row(value: Any, where: str) -> Row:
    """Return a row of a log; without a time it is at the beginning."""
    if not isinstance(value, dict) or "addr" not in value or "data" not in value:
        raise ValueError(f"{where}: expected addr and data, got {short(value)}")
    time = value.get("time", 0)
    if isinstance(time, bool) or not isinstance(time, int | float) or not 0 <= time <= LATEST:
        raise ValueError(f"{where}: {short(time)} is not a time")
    return Row(time, *(one_byte(value[key], where) for key in ("addr", "data")))


def one_byte(value: Any, where: str) -> int:
    """Return a byte: a number, or hex digits; ValueError says where it stands."""
    try:
        number = int(value.strip().removeprefix("$"), 16) if isinstance(value, str) else value
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 0xFF:
        raise ValueError(f"{where}: {short(value)} is not a byte")
    return int(number)
