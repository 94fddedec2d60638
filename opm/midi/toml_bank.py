"""Banks of this project: TOML, a table for each program and each drum key.

A ``[[program]]`` has ``number``, a ``[[drum]]`` has ``key``; both have ``name``, ``con``, ``fb`` and ``ops``, rows for
M1, M2, C1 and C2 with the fields of ``Operator`` in their order. What else there may be: docs/formats.md, section 9.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._check import integer, number
from .._file import encodable, printable
from ..registers import LIMITS
from ..state import OPERATORS
from ..voice.files import LONGEST_NAME
from ..voice.tones import short
from ..voice.voice import OF_OPERATOR, SLOTS, Operator, Voice
from .bank import Bank, Instrument

LARGEST = 2**18
"""Bytes: 128 programs and 61 drums have 60 000. A parser in Python takes a second for it."""
MOST_SEMITONES = 127
_VOICE = {name: LIMITS[name] for name in ("con", "fb", "pms", "ams")} | {"slots": SLOTS}
_BANKS = (("msb", 0), ("lsb", 0), ("number", None))
_SOUND = ("ops", *_VOICE)
_NOISE = ("nfrq", *_SOUND)
_PROGRAM = ("number", "name", "msb", "lsb", "transpose", *_SOUND)
_DRUM = ("key", "name", "kit", "note", "noise", *_SOUND)
_Table = Mapping[str, Any]


def is_toml(text: str) -> bool:
    """Say whether a text is a bank: it has the head of a table of one."""
    return re.search(r"^[^\S\n]*+\[\[\s*+(?:program|drum)\s*+\]\]", text, re.MULTILINE) is not None


def read_toml(text: str, name: str = "") -> Bank:
    """Read a bank.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        What to call a bank that has no ``name``.

    Returns
    -------
    Bank

    Raises
    ------
    ValueError
        It is no TOML, or a table has something wrong; the message names the row.
    """
    if len(text) > LARGEST:
        raise ValueError(f"expected at most {LARGEST} characters of TOML, got {len(text)}")
    try:
        root = tomllib.loads(text)
    except RecursionError:
        raise ValueError("expected TOML: the nesting is too deep") from None
    except ValueError as error:
        raise ValueError(f"expected TOML: {printable(str(error))}") from None
    _known(root, ("name", "program", "drum"))
    programs = dict(_tables(text, root, "program", _program))
    drums = dict(_tables(text, root, "drum", _drum))
    return Bank(_string(root.get("name", name), "name"), programs, drums)


def _tables(
    text: str, root: _Table, kind: str, read: Callable[[_Table], tuple[Any, Instrument]]
) -> list[tuple[Any, Instrument]]:
    """Return what the tables of a kind say; ValueError names the row in which one begins."""
    found, seen, tables = [], set(), root.get(kind, [])
    if not isinstance(tables, list):
        raise ValueError(f"expected tables [[{kind}]]")
    head = re.compile(rf"^[^\S\n]*+\[\[\s*+{kind}\s*+\]\]", re.MULTILINE)
    rows = [text.count("\n", 0, match.start()) + 1 for match in head.finditer(text)]
    for index, table in enumerate(tables):
        where = f"row {rows[index]}" if len(rows) == len(tables) else f"{kind} {index + 1}"
        try:
            key, instrument = read(table)
            if key in seen:
                raise ValueError("the bank has it already")
        except (TypeError, ValueError) as error:
            raise ValueError(f"{where}: {kind}: {printable(str(error))}") from None
        seen.add(key)
        found.append((key, instrument))
    return found


def _program(table: _Table) -> tuple[tuple[int, int, int], Instrument]:
    _known(table, _PROGRAM)
    msb, lsb, program = (integer(name, table.get(name, other), 0, 127) for name, other in _BANKS)
    voice = _voice(table, _name(table, f"program {program}"))
    transpose = number("transpose", table.get("transpose", 0), -MOST_SEMITONES, MOST_SEMITONES)
    return (msb, lsb, program), Instrument(voice.name, voice, transpose=transpose)


def _drum(table: _Table) -> tuple[tuple[int, int], Instrument]:
    _known(table, _DRUM)
    kit, key = integer("kit", table.get("kit", 0), 0, 255), integer("key", table.get("key"), 0, 127)
    voice = _voice(table, _name(table, f"drum {key}"))
    note = number("note", table.get("note", key), 0, 127)
    noise = _noise(table["noise"], voice.name) if "noise" in table else None
    return (kit, key), Instrument(voice.name, voice, note, noise=noise)


def _noise(table: Any, name: str) -> Voice:
    """Return the voice for channel 8, whose C2 gives noise."""
    _known(table, _NOISE, "noise: ")
    return _voice(table, name, (0, 0, 0, 0, integer("noise: nfrq", table.get("nfrq"), 0, LIMITS["nfrq"]), 1))


def _voice(table: _Table, name: str, lfo: tuple[int, ...] | None = None) -> Voice:
    rows = table.get("ops")
    if not isinstance(rows, list) or len(rows) != len(OPERATORS):
        raise ValueError(f"ops must be {len(OPERATORS)} rows, {', '.join(OPERATORS)}")
    ops = [_operator(op, row) for op, row in zip(OPERATORS, rows, strict=True)]
    own = {field: integer(field, table.get(field, 15 * (field == "slots")), 0, most) for field, most in _VOICE.items()}
    return Voice(name, **own, ops=ops, lfo=lfo)


def _operator(op: str, row: Any) -> Operator:
    if not isinstance(row, list) or len(row) != len(OF_OPERATOR):
        raise ValueError(f"{op} must be {len(OF_OPERATOR)} integers, {' '.join(OF_OPERATOR)}")
    try:
        return Operator(*row)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{op}: {error}") from None


def _name(table: _Table, other: str) -> str:
    return _string(table.get("name", other), "name") or other


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise ValueError(f"{name} must be a string of at most {LONGEST_NAME} characters, got {short(value)}")
    return encodable(value)


def _known(table: Any, keys: Sequence[str], where: str = "") -> None:
    """Raise ValueError if something is no table, or has a key that is not one of these."""
    if not isinstance(table, Mapping):
        raise ValueError(f"{where}expected a table, got {short(table)}")
    if others := [key for key in table if key not in keys]:
        raise ValueError(f"{where}expected one of {', '.join(keys)}, got {short(others[0])}")
