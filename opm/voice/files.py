"""Files of voices: VOPM ``.opm``, DefleMask ``.dmp``, Furnace ``.fui``, ``.mdx`` songs, hex pairs, JSON tones.

A file's own order of operators is turned to register order when it is read. See docs/formats.md, section 8.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .._file import encodable, printable
from ..registers import LIMITS
from ..state import OPERATORS
from .voice import Operator, Voice

LARGEST = 2**20
"""Bytes of a file: a bank of 128 voices has 50 000; songs have limits of their own, in ``opm.song.limits``."""
MOST_VOICES = 4096
"""Voices of a file: what fits into it in VOPM's format, and more than an MDX song has room for."""
OPM_ORDER = ("M1", "C1", "M2", "C2")
"""A VOPM file lists M1, C1, M2, C2."""
_OPM_FIELDS = ("ar", "d1r", "d2r", "rr", "d1l", "tl", "ks", "mul", "dt1", "dt2", "ams_en")
_DMP_FIELDS = ("mul", "tl", "ar", "d1r", "d1l", "rr", "ams_en", "ks", "detune", "d2r")
_EMPTY = "no Name"
"""What VOPM calls a place in a bank without a voice."""
_DETUNE = (7, 6, 5, 0, 1, 2, 3, 4)
"""Register code of DefleMask's and Furnace's detune -3 to +3, stored as 0 to 6."""


def read_voices(data: bytes, name: str = "") -> list[Voice]:
    """Read voices from a file's bytes.

    Parameters
    ----------
    data : bytes
        In any of the formats of ``Voice.read``.
    name : str
        What to call a voice whose format has no names.

    Returns
    -------
    list of Voice

    Raises
    ------
    ValueError
        The file is damaged or of no known format; the message names the place.
    """
    if len(data) > LARGEST:
        raise ValueError(f"expected at most {LARGEST} bytes, got {len(data)}")
    if data[:4] == b"FINS":
        return [_read_fui(data, name)]
    if b"\r\n\x1a" in data[:1024]:
        return _read_mdx(data)
    if data[:1] == b"\x0b" or data[:2] == b"\x0a\x01":
        return [_read_dmp(data, name)]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp932", errors="replace")
    if re.search(r"^@:", text, re.MULTILINE):
        return _read_opm(text)
    if text.lstrip()[:1] == "{":
        return _read_tone(text, name)
    if re.fullmatch(r"\s*+(?:[0-9a-fA-F]{2}\s*+){2,}+", text):
        return [_from_pairs(text, name)]
    raise ValueError(f"byte 0: expected .opm, .dmp, .fui, .mdx, hex pairs or a JSON tone, found {data[:8]!r}")


def write_opm(voices: Iterable[Voice]) -> str:
    """Return a bank of voices in VOPM's format.

    Parameters
    ----------
    voices : iterable of Voice

    Returns
    -------
    str
        What an ``.opm`` file holds.
    """
    lines = ["//MiOPMdrv sound bank Paramer Ver2002.04.22"]
    for number, voice in enumerate(voices):
        lfrq, amd, pmd, wave, nfrq, ne = voice.lfo or (0,) * 6
        pan = {0: 128, 1: 0, 2: 127, 3: 64}[voice.rl]
        name = " ".join(voice.name.split()).replace("//", "/ /")
        lines += [
            f"@:{number} {name if name not in ('', _EMPTY) else f'voice {number}'}",
            f"LFO:{lfrq:4}{amd:4}{pmd:4}{wave:4}{nfrq:4}",
            f"CH:{pan:5}{voice.fb:4}{voice.con:4}{voice.ams:4}{voice.pms:4}{voice.slots << 3:4}{ne:4}",
        ]
        ops = dict(zip(OPERATORS, voice.ops, strict=True))
        for key in OPM_ORDER:
            lines.append(f"{key}:" + "".join(f"{getattr(ops[key], name):4}" for name in _OPM_FIELDS))
    return "\n".join(lines) + "\n"


def _read_opm(text: str) -> list[Voice]:
    """VOPM: seven lines a voice, in any order; the slots named "no Name" are empty."""
    voices: list[Voice] = []
    lines: dict[str, list[int]] = {}
    title, row = "", 0

    def finish() -> None:
        if title and title != _EMPTY and lines:
            voices.append(_opm_voice(title, lines))
        _check_count(len(voices), f"row {row}")

    for row, raw in enumerate(text.splitlines(), 1):
        line = raw.split("//")[0].strip()
        head, colon, rest = line.partition(":")
        if not colon:
            continue
        if head == "@":
            finish()
            lines, title = {}, re.sub(r"^\s*\d+\s*", "", rest).strip() or "voice"
            continue
        try:
            lines[head.strip().upper()] = [int(word) for word in rest.split()]
        except ValueError:
            what = printable(f"{head!r}, got {rest.strip()[:40]!r}")
            raise ValueError(f"row {row}: expected numbers behind {what}") from None
    finish()
    return voices


def _check_count(count: int, where: str) -> None:
    if count > MOST_VOICES:
        raise ValueError(f"{where}: expected at most {MOST_VOICES} voices")


def _opm_voice(title: str, lines: dict[str, list[int]]) -> Voice:
    def of(key: str, count: int) -> list[int]:
        return (lines.get(key, []) + [0] * count)[:count]

    pan, fb, con, ams, pms, slots, ne = of("CH", 7)
    rl = {64: 3, 0: 1, 127: 2}.get(pan, pan >> 6 if pan >= 128 else 3)
    ops = []
    for key in OPERATORS:
        values = of(key, 11)
        named = dict(zip(_OPM_FIELDS, values, strict=True))
        named["ams_en"] = int(named["ams_en"] != 0)
        ops.append(Operator(**{key: value & LIMITS[key] for key, value in named.items()}))
    lfrq, amd, pmd, wave, nfrq = of("LFO", 5)
    lfo = (lfrq & 255, amd & 127, pmd & 127, wave & 3, nfrq & 31, int(ne != 0))
    return Voice(title, con & 7, fb & 7, rl & 3, pms & 7, ams & 3, slots >> 3 & 15 or 15, tuple(ops), lfo)


def _read_dmp(data: bytes, name: str) -> Voice:
    """Version 10 or 11, FM: PMS, FB, ALG, AMS, then four records of 11 bytes; there are files with a line end."""
    at = 3 if data[0] == 11 else 2
    if data[at - 1 : at] != b"\x01":
        raise ValueError(f"byte {at - 1}: expected an FM voice")
    if len(data) < at + 48:
        raise ValueError(f"byte {len(data)}: the voice is cut short, expected {at + 48} bytes")
    pms, fb, con, ams = data[at : at + 4]
    ops = []
    for i in range(4):
        values = dict(zip(_DMP_FIELDS, data[at + 4 + 11 * i : at + 15 + 11 * i], strict=False))
        detune = values.pop("detune")
        values |= {"dt1": _DETUNE[detune & 7], "dt2": detune >> 4}
        ops.append(Operator(**{key: value & LIMITS[key] for key, value in values.items()}))
    return Voice(name, con & 7, fb & 7, 3, pms & 7, ams & 3, 15, tuple(ops))


def _read_fui(data: bytes, name: str) -> Voice:
    """The new format, type 33: features NA (name) and FM."""
    if int.from_bytes(data[6:8], "little") != 33:
        raise ValueError(f"byte 6: expected an OPM instrument (type 33), got {int.from_bytes(data[6:8], 'little')}")
    version = int.from_bytes(data[4:6], "little")
    feature, at = None, 8
    while at + 4 <= len(data) and data[at : at + 2] != b"EN":
        code, size = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4], "little")
        body = data[at + 4 : at + 4 + size]
        if code == b"NA":
            name = body.split(b"\0")[0].decode("utf-8", errors="replace") or name
        if code == b"FM":
            feature = body, at + 4
        at += 4 + size
    if feature is None:
        raise ValueError(f"byte {at}: expected an FM feature")
    return replace(_fui_voice(feature[0], 5 if version >= 224 else 4, feature[1]), name=name)


def _fui_voice(body: bytes, first: int, at: int) -> Voice:
    if len(body) < first + 32:
        raise ValueError(f"byte {at + len(body)}: the FM feature is cut short")
    ops = []
    for i in range(4):
        b = body[first + 8 * i : first + 8 * i + 8]
        op = Operator.of(b[:6])  # as in registers 40 to E0, but for the detunes
        ops.append(replace(op, dt1=_DETUNE[op.dt1], dt2=b[7] >> 3 & 3))
    slots = body[0] >> 4 or 15
    return Voice("", body[1] >> 4 & 7, body[1] & 7, 3, body[2] & 7, body[2] >> 3 & 3, slots, tuple(ops))


def _read_mdx(data: bytes) -> list[Voice]:
    """The voices of a song: 27 bytes each, operators in register order."""
    base = data.find(b"\0", data.find(b"\r\n\x1a") + 3) + 1
    start = base + int.from_bytes(data[base : base + 2], "big")
    if not base or start > len(data):
        raise ValueError(f"byte {max(base, 0)}: expected the offset of the voices")
    _check_count((len(data) - start) // 27, f"byte {start}")
    voices = []
    for at in range(start, len(data) - 26, 27):
        body = data[at + 3 : at + 27]
        ops = tuple(Operator.of([body[4 * i + op] for i in range(6)]) for op in range(4))
        voices.append(Voice(f"@{data[at]}", data[at + 1] & 7, data[at + 1] >> 3 & 7, 3, 0, 0, data[at + 2] & 15, ops))
    return voices


def _from_pairs(text: str, name: str) -> Voice:
    """Concatenated AADD hex pairs, as for channel 1."""
    digits = "".join(text.split())
    if len(digits) % 4 or not re.fullmatch(r"[0-9a-fA-F]*", digits):
        raise ValueError("expected pairs of address and data in hex")
    held = {int(digits[i : i + 2], 16): int(digits[i + 2 : i + 4], 16) for i in range(0, len(digits), 4)}
    return Voice.from_registers(held, name=name)


def _read_tone(text: str, name: str) -> list[Voice]:
    """A JSON tone: events, a string of hex pairs under ``registers``, or several of those under ``variations``."""
    try:
        root = json.loads(text)
        name = encodable(str(root.get("name") or root.get("description") or name))
        if "variations" in root:
            rows = root["variations"]
            _check_count(len(rows), "variations")
            return [_from_pairs(row["registers"], encodable(str(row.get("description") or name))) for row in rows]
        if "registers" in root:
            return [_from_pairs(root["registers"], name)]
        held = {_byte(row["addr"]): _byte(row["data"]) for row in root["events"]}
    except RecursionError:
        raise ValueError("expected a JSON tone, its nesting is too deep") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = printable(str(error))
        raise ValueError(f"expected a JSON tone with events, registers or variations: {said}") from None
    return [Voice.from_registers(held, name=name)]


def _byte(value: Any) -> int:
    """A number, or hex digits."""
    number = int(value, 16) if isinstance(value, str) else value
    if not isinstance(number, int | float) or not 0 <= number <= 0xFF:
        raise ValueError(f"{value!r} is not a byte")
    return int(number)


def tone(voice: Voice) -> str:
    """Return a voice as a JSON tone of the cat2151 family: register writes for channel 1."""
    rows = [{"time": 0, "addr": f"0x{a:02X}", "data": f"0x{d:02X}"} for a, d in voice.registers(1)]
    return json.dumps({"type": "YM2151 tone", "name": voice.name, "event_count": len(rows), "events": rows})
