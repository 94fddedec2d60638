"""Files of voices: VOPM ``.opm``, DefleMask ``.dmp``, Furnace ``.fui``, ``.mdx`` songs, hex pairs, JSON tones.

A file's own order of operators is turned to register order when it is read. See docs/formats.md, section 8.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

from .._file import contents, decoded, given, printable
from ..registers import LIMITS
from ..state import OPERATORS
from .table import KEY_ORDER
from .tones import check_count, from_pairs, read_tones
from .voice import Operator, Voice, checked_voices

LARGEST = 2**20
"""Bytes of a file: a bank of 128 voices has 50 000; songs have limits of their own, in ``opm.song.limits``."""
LONGEST_NAME = 1000
"""Characters of a voice's name that are kept: as JSON each can take six bytes, and the voice is to be read again."""
FORMATS = ".opm, .dmp, .fui, .mdx, hex pairs or JSON tones"
_OPM_FIELDS = ("ar", "d1r", "d2r", "rr", "d1l", "tl", "ks", "mul", "dt1", "dt2", "ams_en")
_DMP_FIELDS = ("mul", "tl", "ar", "d1r", "d1l", "rr", "ams_en", "ks", "detune", "d2r")
_EMPTY = "no Name"
"""What VOPM calls a place in a bank without a voice."""
_DETUNE = (7, 6, 5, 0, 1, 2, 3, 4)
"""Register code of DefleMask's and Furnace's detune -3 to +3, stored as 0 to 6."""
_DMP_SYSTEMS = {
    1: "YMU759", 2: "Genesis", 3: "Master System", 4: "Game Boy", 5: "PC Engine", 6: "NES", 7: "C64", 8: "Arcade",
    9: "Neo Geo",
}  # fmt: skip
"""DefleMask's systems by the lower half of their byte; the upper half says which variant of one it is."""
_OLD_DMP = (49, 50, 51)
"""Bytes of a whole file in DefleMask's formats before 10, which have no system."""
_DMP_READ = (2, 8, 9)
"""Systems whose chip has four operators like the YM2151's: an OPN, the OPM, an OPN."""
OPN, OPZ, OPM = 1, 19, 33
"""Furnace's types with four operators like the YM2151's."""
_FUI_TYPES = (
    "SN76489", "OPN", "Game Boy", "C64", "Amiga", "PC Engine", "AY-3-8910", "AY8930", "TIA", "SAA1099", "VIC", "PET",
    "VRC6", "OPLL", "OPL", "FDS", "Virtual Boy", "Namco 163", "SCC", "OPZ", "POKEY", "PC Speaker", "WonderSwan",
    "Lynx", "VERA", "X1-010", "VRC6 (saw)", "ES5506", "MultiPCM", "SNES", "Sound Unit", "Namco WSG", "OPL (drums)",
    "OPM", "NES", "MSM6258", "MSM6295", "ADPCM-A", "ADPCM-B", "SegaPCM", "QSound", "YMZ280B", "RF5C68", "MSM5232",
    "T6W28", "K007232", "GA20", "Pokemon Mini", "SM8521", "PV-1000", "K053260", "unknown", "TED", "C140", "C219",
    "ESFM", "PowerNoise (noise)", "PowerNoise (slope)", "Dave", "NDS", "GBA DMA", "GBA MinMod", "Bifurcator", "SID2",
)  # fmt: skip
_OPZ_ALONE = bytes((0, 0, 0, 0x60, 0x80, 0, 0xF0, 0xE7))
"""Bits of an operator's bytes that only an OPZ obeys: envelope shift, fixed frequency, fine multiple, wave, reverb."""


def read_voices(source: str | os.PathLike[str] | bytes | BinaryIO, name: str = "") -> list[Voice]:
    """Read all voices of a file, recognised by what it holds.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        VOPM ``.opm``, DefleMask ``.dmp``, Furnace ``.fui``, an ``.mdx`` song, hex pairs or JSON tones.
    name : str
        What to call a voice whose format has no names; a path's own name if not given.

    Returns
    -------
    list of Voice

    Raises
    ------
    ValueError
        The file is damaged, too large, no regular file or of no known format; the message names the place, and a path.
    TypeError
        The source is none of these.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> read_voices(b"20C7 400160148 01FA00AC005E057", "bell")[0].con
    7
    """
    if isinstance(source, str | os.PathLike):
        try:
            return _read(contents(source, LARGEST), name or Path(source).stem)
        except ValueError as error:
            raise ValueError(f"{printable(os.fspath(source))}: {error}") from None
    return _read(given(source, LARGEST), name)


def _read(data: bytes, name: str) -> list[Voice]:
    """Return the voices that a file's bytes hold, their names cut: written as JSON, too, they can be read again."""
    found = _voices(data, name)
    return [
        replace(voice, name=voice.name[:LONGEST_NAME]) if len(voice.name) > LONGEST_NAME else voice for voice in found
    ]


def _voices(data: bytes, name: str) -> list[Voice]:
    if len(data) > LARGEST:
        raise ValueError(f"expected at most {LARGEST} bytes, got {len(data)}")
    # What has a magic first; hex pairs last, since they are any text of the right characters.
    if data[:4] in (b"FINS", b"FINB"):
        return [_read_fui(data, name)]
    if data[:16] == b"-Furnace instr.-":
        version = int.from_bytes(data[16:18], "little")
        raise ValueError(
            f"byte 0: found an instrument of an old Furnace, format {version}: save it again in a current one"
        )
    if b"\r\n\x1a" in data[:1024]:
        return _read_mdx(data)
    if data[:1] == b"\x0b" or data[:2] in (b"\x0a\x00", b"\x0a\x01"):
        return [_read_dmp(data, name)]
    # Told apart by its size, for a message that helps: a current DefleMask reads it and saves it anew.
    if data[:1] < b"\x0a" and len(data) in _OLD_DMP:
        raise ValueError(f"byte 0: found a voice of an old DefleMask, format {data[0]}: save it again in a current one")
    text = text_of(data)
    if is_opm(text):
        return [voice for _, voice in read_opm(text)]
    if text.lstrip()[:1] in ("{", "["):
        return [tone.voice for tone in read_tones(text, name)]
    if re.fullmatch(r"\s*+(?:[0-9a-fA-F]{2}\s*+){2,}+", text):
        return [from_pairs(text, name).voice]
    raise ValueError(f"byte 0: expected {FORMATS}, found {data[:8]!r}")


def text_of(data: bytes) -> str:
    """Return a file's text, whose lines end in LF."""
    return decoded(data).replace("\r\n", "\n").replace("\r", "\n")


def write_opm(voices: Iterable[Voice]) -> str:
    """Return a bank of voices in VOPM's format.

    Parameters
    ----------
    voices : iterable of Voice

    Returns
    -------
    str
        What an ``.opm`` file holds.

    Raises
    ------
    TypeError
        They are not voices.
    """
    lines = ["//MiOPMdrv sound bank Paramer Ver2002.04.22"]
    for number, voice in enumerate(checked_voices(voices)):
        lfrq, amd, pmd, wave, nfrq, ne = voice.lfo or (0,) * 6
        # VOPM's scale has no place for neither side: 256 is read back as one without a bit of RL.
        pan = {0: 256, 1: 0, 2: 127, 3: 64}[voice.rl]
        # // would begin a comment, and "no Name" is an empty place.
        name = " ".join(voice.name.split()).replace("//", "/ /")
        lines += [
            f"@:{number} {name if name not in ('', _EMPTY) else f'voice {number}'}",
            f"LFO:{lfrq:4}{amd:4}{pmd:4}{wave:4}{nfrq:4}",
            f"CH:{pan:5}{voice.fb:4}{voice.con:4}{voice.ams:4}{voice.pms:4}{voice.slots << 3:4}{ne:4}",
        ]
        ops = dict(zip(OPERATORS, voice.ops, strict=True))
        for key in KEY_ORDER:
            lines.append(f"{key}:" + "".join(f"{getattr(ops[key], name):4}" for name in _OPM_FIELDS))
    return "\n".join(lines) + "\n"


def is_opm(text: str) -> bool:
    """Say whether a text is in VOPM's format: it has a line that starts with ``@:``."""
    # Possessive (*+): on a megabyte of blanks a plain * would go back over them again and again.
    return re.search(r"^[^\S\n]*+@:", text, re.MULTILINE) is not None


def read_opm(text: str) -> list[tuple[str, Voice]]:
    """Read VOPM's format: seven lines a voice, in any order; the places named "no Name" are empty.

    Each voice comes with its number, as it is written: digits, or nothing.
    """
    voices: list[tuple[str, Voice]] = []
    lines: dict[str, list[int]] = {}
    number, title, row = "", "", 0

    def finish() -> None:
        if title and title != _EMPTY and lines:
            voices.append((number, _opm_voice(title, lines)))
        check_count(len(voices), f"row {row}")

    for row, raw in enumerate(text.split("\n"), 1):
        line = raw.split("//")[0].strip()
        head, colon, rest = line.partition(":")
        if not colon:
            continue
        if head == "@":
            finish()
            number = "".join(takewhile(str.isdecimal, rest.strip()))
            lines, title = {}, rest.strip()[len(number) :].strip() or "voice"
            continue
        try:
            lines[head.strip().upper()] = [int(word) for word in rest.split()]
        except ValueError:
            what = printable(f"{head!r}, got {rest.strip()[:40]!r}")
            raise ValueError(f"row {row}: expected numbers behind {what}") from None
    finish()
    return voices


def _opm_voice(title: str, lines: dict[str, list[int]]) -> Voice:
    def of(key: str, *missing: int) -> list[int]:
        given = lines.get(key, [])[: len(missing)]
        return [*given, *missing[len(given) :]]

    pan, fb, con, ams, pms, slots, ne = of("CH", 64, 0, 0, 0, 0, 120, 0)
    # A controller's scale, in which 64 is the middle: read as bits, the usual 64 would be the left side alone.
    rl = {64: 3, 0: 1, 127: 2}.get(pan, pan >> 6 if pan >= 128 else 3)
    ops = []
    for key in OPERATORS:
        values = of(key, *(0,) * 11)
        named = dict(zip(_OPM_FIELDS, values, strict=True))
        # Files have 1 or 128 for on: cut to the register's one bit, 128 would be off.
        named["ams_en"] = int(named["ams_en"] != 0)
        # A real bank has KS 6: cut to its bits, as the chip would.
        ops.append(Operator(**{key: value & LIMITS[key] for key, value in named.items()}))
    lfrq, amd, pmd, wave, nfrq = of("LFO", *(0,) * 5)
    lfo = (lfrq & 255, amd & 127, pmd & 127, wave & 3, nfrq & 31, int(ne != 0))
    return Voice(title, con & 7, fb & 7, rl & 3, pms & 7, ams & 3, slots >> 3 & 15, ops, lfo if any(lfo) else None)


def _read_dmp(data: bytes, name: str) -> Voice:
    """Read version 10 or 11, FM: PMS, FB, ALG, AMS, then four records of 11 bytes; more bytes behind do not count."""
    # Version 10 has no byte for the system: it is taken for the YM2151's.
    at = 3 if data[0] == 11 else 2
    system = data[1] & 15 if at == 3 and len(data) > 1 else 8
    if system not in _DMP_READ:
        found = f"{_DMP_SYSTEMS.get(system, 'unknown')} ({data[1]})"
        raise ValueError(f"byte 1: expected a voice of the system Arcade, Genesis or Neo Geo, found {found}")
    if data[at - 1 : at] != b"\x01":
        raise ValueError(f"byte {at - 1}: expected an FM voice")
    if len(data) < at + 48:
        raise ValueError(f"byte {len(data)}: the voice is cut short, expected {at + 48} bytes")
    pms, fb, con, ams = data[at : at + 4]
    ops = []
    for i in range(4):
        values = dict(zip(_DMP_FIELDS, data[at + 4 + 11 * i : at + 15 + 11 * i], strict=False))
        detune = values.pop("detune")
        # The detune byte has DT2 in its upper half; only the Arcade's chip has one.
        values |= {"dt1": _DETUNE[detune & 7], "dt2": detune >> 4 if system == 8 else 0}
        ops.append(Operator(**{key: value & LIMITS[key] for key, value in values.items()}))
    return Voice(name, con & 7, fb & 7, 3, pms & 7, ams & 3, 15, ops)


def _read_fui(data: bytes, name: str) -> Voice:
    """Read the new format, of a chip whose operators are the YM2151's: features NA (name) and FM."""
    version, kind = int.from_bytes(data[4:6], "little"), int.from_bytes(data[6:8], "little")
    if kind not in (OPN, OPZ, OPM):
        found = f"{_FUI_TYPES[kind] if kind < len(_FUI_TYPES) else 'unknown'} ({kind})"
        raise ValueError(f"byte 6: expected an instrument of the type OPM, OPN or OPZ, found {found}")
    feature, at = None, 8
    while at + 4 <= len(data) and data[at : at + 2] != b"EN":
        code, size = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4], "little")
        body = data[at + 4 : at + 4 + size]
        # Other features, as macros and samples, are passed over by their length.
        if code == b"NA":
            name = body.split(b"\0")[0].decode("utf-8", errors="replace") or name
        if code == b"FM":
            feature = body, at + 4
        at += 4 + size
    if feature is None:
        raise ValueError(f"byte {at}: expected an FM feature")
    return replace(_fui_voice(feature[0], 5 if version >= 224 else 4, feature[1], kind), name=name)


def _fui_voice(body: bytes, first: int, at: int, kind: int) -> Voice:
    if len(body) < first + 32:
        raise ValueError(f"byte {at + len(body)}: the FM feature is cut short")
    ops = []
    for start in range(first, first + 32, 8):
        b = body[start : start + 8]
        # Refused, not cut: without its wave or fixed frequency the voice would be another one.
        if kind == OPZ and (alone := [i for i in range(8) if b[i] & _OPZ_ALONE[i]]):
            raise ValueError(f"byte {at + start + alone[0]}: expected what a YM2151 has, found what only an OPZ has")
        op = Operator.of(b[:6])  # as in registers 40 to E0, but for the detunes
        ops.append(replace(op, dt1=_DETUNE[op.dt1], dt2=0 if kind == OPN else b[7] >> 3 & 3))
    return Voice("", body[1] >> 4 & 7, body[1] & 7, 3, body[2] & 7, body[2] >> 3 & 3, body[0] >> 4, ops)


def _read_mdx(data: bytes) -> list[Voice]:
    """Read an MDX song's voices: 27 bytes each, operators in register order."""
    base = data.find(b"\0", data.find(b"\r\n\x1a") + 3) + 1
    start = base + int.from_bytes(data[base : base + 2], "big")
    if not base or start > len(data):
        raise ValueError(f"byte {max(base, 0)}: expected the offset of the voices")
    check_count((len(data) - start) // 27, f"byte {start}")
    voices = []
    for at in range(start, len(data) - 26, 27):
        body = data[at + 3 : at + 27]
        ops = tuple(Operator.of([body[4 * i + op] for i in range(6)]) for op in range(4))
        voices.append(Voice(f"@{data[at]}", data[at + 1] & 7, data[at + 1] >> 3 & 7, 3, 0, 0, data[at + 2] & 15, ops))
    return voices
