"""Voices (instruments, patches): the 26 registers that make a channel's sound, and the files that keep them.

Operators are in register order M1, M2, C1, C2 throughout; a file's own order is turned when it is read. Formats: VOPM
``.opm``, DefleMask ``.dmp``, Furnace ``.fui``, the voices of an ``.mdx``, hex pairs, JSON tones.
"""

import json
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .run import register_writes
from .state import OPERATORS
from .tables import CARRIER
from .views import _check

OPM_ORDER = ("M1", "C1", "M2", "C2")
"""A VOPM file lists M1, C1, M2, C2."""
_EMPTY = "no Name"
"""What VOPM calls a place in a bank without a voice."""
_DETUNE = (7, 6, 5, 0, 1, 2, 3, 4)
"""Register code of DefleMask's and Furnace's detune -3 to +3, stored as 0 to 6."""


@dataclass(frozen=True)
class Operator:
    """One operator, by the manual's mnemonics; all values as in the registers.

    Attributes
    ----------
    ar, d1r, d2r : int
        Attack, first and second decay rate, 0 to 31.
    rr : int
        Release rate, 0 to 15.
    d1l : int
        First decay level, 0 to 15: 3 dB each, 15 is 93 dB.
    tl : int
        Total level, 0 to 127: 0.75 dB of attenuation each.
    ks : int
        Key scaling, 0 to 3.
    mul : int
        Multiple of the frequency, 0 to 15; 0 is a half.
    dt1, dt2 : int
        Detune 1, 0 to 7, and 2, 0 to 3.
    ams_en : int
        1: the LFO's amplitude modulation acts here.
    """

    ar: int = 31
    d1r: int = 0
    d2r: int = 0
    rr: int = 15
    d1l: int = 0
    tl: int = 127
    ks: int = 0
    mul: int = 1
    dt1: int = 0
    dt2: int = 0
    ams_en: int = 0

    def data(self) -> tuple[int, ...]:
        """Return the register bytes of the operator.

        Returns
        -------
        tuple of six int
            Registers 40, 60, 80, A0, C0, E0.
        """
        return (
            self.dt1 << 4 | self.mul, self.tl, self.ks << 6 | self.ar, self.ams_en << 7 | self.d1r,
            self.dt2 << 6 | self.d2r, self.d1l << 4 | self.rr,
        )  # fmt: skip

    @classmethod
    def of(cls, data: Sequence[int]) -> "Operator":
        """Return the operator that register bytes make: ``data``'s inverse.

        Parameters
        ----------
        data : sequence of six int
            Registers 40, 60, 80, A0, C0, E0.

        Returns
        -------
        Operator
        """
        b40, b60, b80, ba0, bc0, be0 = data
        return cls(
            b80 & 31, ba0 & 31, bc0 & 31, be0 & 15, be0 >> 4, b60 & 127, b80 >> 6, b40 & 15, b40 >> 4 & 7,
            bc0 >> 6, ba0 >> 7,
        )  # fmt: skip


_LIMITS = {
    "ar": 31, "d1r": 31, "d2r": 31, "rr": 15, "d1l": 15, "tl": 127, "ks": 3, "mul": 15, "dt1": 7, "dt2": 3, "ams_en": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Voice:
    """An instrument: what a channel sounds like.

    Attributes
    ----------
    name : str
    con : int
        Connection (algorithm), 0 to 7.
    fb : int
        Feedback of M1, 0 to 7.
    rl : int
        Outputs: bit 1 right, bit 0 left.
    pms, ams : int
        Sensitivity to the LFO's phase modulation, 0 to 7, and amplitude modulation, 0 to 3.
    slots : int
        Operators to key on: bits M1 1, C1 2, M2 4, C2 8, as in register 08 shifted down by 3.
    ops : (Operator, Operator, Operator, Operator)
        M1, M2, C1, C2.
    lfo : tuple of int or None
        LFRQ, AMD, PMD, W, NFRQ, NE, where the file gives them; they are the whole chip's, and not applied.

    Examples
    --------
    >>> organ = Voice("organ", con=7, ops=tuple(Operator(tl=20 + 6 * i, mul=i + 1) for i in range(4)))
    >>> [f"{address:02X} = {data:02X}" for address, data in organ.registers(1)[:4]]
    ['20 = C7', '38 = 00', '40 = 01', '60 = 14']
    >>> read_voices(write_opm([organ]).encode())[0].ops == organ.ops
    True
    """

    name: str = ""
    con: int = 0
    fb: int = 0
    rl: int = 3
    pms: int = 0
    ams: int = 0
    slots: int = 15
    ops: tuple[Operator, ...] = field(default_factory=lambda: (Operator(),) * 4)
    lfo: tuple[int, ...] | None = None

    def registers(self, channel: int) -> list[tuple[int, int]]:
        """Return the register writes that load the voice into a channel.

        Parameters
        ----------
        channel : int
            1 to 8.

        Returns
        -------
        list of (int, int)
            26 pairs of address and data.

        Raises
        ------
        ValueError
            No such channel.
        """
        index = _check("channel", channel, 1, 8) - 1
        writes = [(0x20 + index, self.rl << 6 | self.fb << 3 | self.con), (0x38 + index, self.pms << 4 | self.ams)]
        for first, op in zip(OPERATORS.values(), self.ops, strict=True):
            writes += [(0x40 + 0x20 * i + first + index, value) for i, value in enumerate(op.data())]
        return writes

    def apply(self, chip: Any, channel: int) -> None:
        """Queue the voice's writes on a chip, with ``write_register``.

        Parameters
        ----------
        chip : YM2151 or YM2164
        channel : int
            1 to 8.

        Raises
        ------
        ValueError
            No such channel.
        """
        for address, data in self.registers(channel):
            chip.write_register(address, data)

    @classmethod
    def from_chip(cls, chip: Any, channel: int, name: str = "") -> "Voice":
        """Return the voice that a chip holds now.

        Parameters
        ----------
        chip : YM2151 or YM2164
        channel : int
            1 to 8.
        name : str
            What to call it.

        Returns
        -------
        Voice

        Raises
        ------
        ValueError
            No such channel.
        """
        state, index = chip.state, _check("channel", channel, 1, 8) - 1
        ops = tuple(
            Operator(**{f.name: int(state[f"sl_{f.name}"][first + index]) & 0x7F for f in fields(Operator)})
            for first in OPERATORS.values()
        )
        con, fb, rl, pms, ams = (int(state[f"ch_{key}"][index]) for key in ("con", "fb", "rl", "pms", "ams"))
        return cls(name, con, fb, rl, pms, ams, 15, ops)

    def same_sound(self) -> bytes:
        """Return what makes two voices the same.

        Returns
        -------
        25 bytes
            The operators' registers, then feedback and algorithm.
        """
        return bytes(value for op in self.ops for value in op.data()) + bytes((self.fb << 3 | self.con,))

    def to_json(self) -> str:
        """Return the voice as a JSON tone of the cat2151 family.

        Returns
        -------
        str
            Register writes for channel 1.
        """
        rows = [{"time": 0, "addr": f"0x{a:02X}", "data": f"0x{d:02X}"} for a, d in self.registers(1)]
        return json.dumps({"type": "YM2151 tone", "name": self.name, "event_count": len(rows), "events": rows})

    @staticmethod
    def read(path: str | os.PathLike[str]) -> "list[Voice]":
        """Read all voices of a file, recognised by what it holds.

        Parameters
        ----------
        path : path-like
            VOPM ``.opm``, DefleMask ``.dmp``, Furnace ``.fui``, an ``.mdx`` song, hex pairs or a JSON tone.

        Returns
        -------
        list of Voice

        Raises
        ------
        ValueError
            The file is damaged or of no known format; the message names the place.
        OSError
            It cannot be read.
        """
        return read_voices(Path(path).read_bytes(), Path(path).stem)


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
    if re.fullmatch(r"\s*(?:[0-9a-fA-F]{2}\s*){2,}", text):
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
            op = ops[key]
            values = (op.ar, op.d1r, op.d2r, op.rr, op.d1l, op.tl, op.ks, op.mul, op.dt1, op.dt2, op.ams_en)
            lines.append(f"{key}:" + "".join(f"{value:4}" for value in values))
    return "\n".join(lines) + "\n"


def _read_opm(text: str) -> list[Voice]:
    """VOPM: seven lines a voice, in any order; the slots named "no Name" are empty."""
    voices: list[Voice] = []
    lines: dict[str, list[int]] = {}
    title = ""

    def finish() -> None:
        if title and title != _EMPTY and lines:
            voices.append(_opm_voice(title, lines))

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
            raise ValueError(f"row {row}: expected numbers behind {head!r}, got {rest.strip()[:40]!r}") from None
    finish()
    return voices


def _opm_voice(title: str, lines: dict[str, list[int]]) -> Voice:
    def of(key: str, count: int) -> list[int]:
        return (lines.get(key, []) + [0] * count)[:count]

    pan, fb, con, ams, pms, slots, ne = of("CH", 7)
    rl = {64: 3, 0: 1, 127: 2}.get(pan, pan >> 6 if pan >= 128 else 3)
    ops = []
    for key in OPERATORS:
        values = of(key, 11)
        named = dict(zip(("ar", "d1r", "d2r", "rr", "d1l", "tl", "ks", "mul", "dt1", "dt2"), values, strict=False))
        named["ams_en"] = int(values[10] != 0)
        ops.append(Operator(**{k: v & _LIMITS[k] for k, v in named.items()}))
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
        mul, tl, ar, d1r, d1l, rr, am, ks, dt, d2r, _ = data[at + 4 + 11 * i : at + 15 + 11 * i]
        ops.append(
            Operator(ar & 31, d1r & 31, d2r & 31, rr & 15, d1l & 15, tl & 127, ks & 3, mul & 15, _DETUNE[dt & 7],
                     dt >> 4 & 3, am & 1)
        )  # fmt: skip
    return Voice(name, con & 7, fb & 7, 3, pms & 7, ams & 3, 15, tuple(ops))


def _read_fui(data: bytes, name: str) -> Voice:
    """The new format, type 33: features NA (name) and FM."""
    if int.from_bytes(data[6:8], "little") != 33:
        raise ValueError(f"byte 6: expected an OPM instrument (type 33), got {int.from_bytes(data[6:8], 'little')}")
    version = int.from_bytes(data[4:6], "little")
    voice, at = None, 8
    while at + 4 <= len(data) and data[at : at + 2] != b"EN":
        code, size = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4], "little")
        body = data[at + 4 : at + 4 + size]
        if code == b"NA":
            name = body.split(b"\0")[0].decode("utf-8", errors="replace") or name
        if code == b"FM":
            voice = _fui_voice(body, 5 if version >= 224 else 4, at + 4)
        at += 4 + size
    if voice is None:
        raise ValueError(f"byte {at}: expected an FM feature")
    return replace(voice, name=name)


def _fui_voice(body: bytes, first: int, at: int) -> Voice:
    if len(body) < first + 32:
        raise ValueError(f"byte {at + len(body)}: the FM feature is cut short")
    ops = []
    for i in range(4):
        b = body[first + 8 * i : first + 8 * i + 8]
        ops.append(
            Operator(b[2] & 31, b[3] & 31, b[4] & 31, b[5] & 15, b[5] >> 4, b[1] & 127, b[2] >> 6, b[0] & 15,
                     _DETUNE[b[0] >> 4 & 7], b[7] >> 3 & 3, b[3] >> 7)
        )  # fmt: skip
    slots = body[0] >> 4 or 15
    return Voice("", body[1] >> 4 & 7, body[1] & 7, 3, body[2] & 7, body[2] >> 3 & 3, slots, tuple(ops))


def _read_mdx(data: bytes) -> list[Voice]:
    """The voices of a song: 27 bytes each, operators in register order."""
    base = data.find(b"\0", data.find(b"\r\n\x1a") + 3) + 1
    start = base + int.from_bytes(data[base : base + 2], "big")
    if not base or start > len(data):
        raise ValueError(f"byte {max(base, 0)}: expected the offset of the voices")
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
    return _from_held(held, 0, name)


def _read_tone(text: str, name: str) -> list[Voice]:
    """A JSON tone: events, a string of hex pairs under ``registers``, or several of those under ``variations``."""
    try:
        root = json.loads(text)
        name = str(root.get("name") or root.get("description") or name)
        if "variations" in root:
            rows = root["variations"]
            return [_from_pairs(row["registers"], str(row.get("description") or name)) for row in rows]
        if "registers" in root:
            return [_from_pairs(root["registers"], name)]
        held = {_byte(row["addr"]): _byte(row["data"]) for row in root["events"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"expected a JSON tone with events, registers or variations: {error}") from None
    return [_from_held(held, 0, name)]


def _byte(value: int | str) -> int:
    """A number, or hex digits."""
    number = int(value, 16) if isinstance(value, str) else int(value)
    if not 0 <= number <= 0xFF:
        raise ValueError(f"{value!r} is no byte")
    return number


def _from_held(held: dict[int, int], index: int, name: str) -> Voice:
    """Return the voice that registers make for a channel (from 0)."""
    ops = tuple(
        Operator.of([held.get(base + first + index, 0) for base in range(0x40, 0x100, 0x20)])
        for first in OPERATORS.values()
    )
    b20, b38 = held.get(0x20 + index, 0xC0), held.get(0x38 + index, 0)
    return Voice(name, b20 & 7, b20 >> 3 & 7, b20 >> 6, b38 >> 4 & 7, b38 & 3, 15, ops)


@dataclass(frozen=True)
class Found:
    """A voice a song uses, and where it first sounds."""

    voice: Voice
    cycle: int
    channel: int


def extract_voices(song_events: Any, volumes: bool = True) -> list[Found]:
    """Return all distinct voices a song keys on, in the order they first sound.

    Parameters
    ----------
    song_events : (n,) EVENT
        As for ``opm.run``. Voices are the same if their operators, feedback and algorithm are.
    volumes : bool
        False: also if they differ only in how far their carriers' total levels are turned down together, which is
        how drivers set the volume; the loudest of them stands for all.

    Returns
    -------
    list of Found
        Each with ``voice`` (named after its checksum), ``cycle`` of the key-on since reset, ``channel`` 1 to 8.
    """
    held: dict[int, int] = {}
    found: dict[bytes, Found] = {}
    for cycle, address, data in register_writes(song_events):
        held[address] = data
        if address == 0x08 and data & 0x78:
            voice = replace(_from_held(held, data & 7, ""), slots=data >> 3 & 15)
            sound = (voice if volumes else _turned_up(voice)).same_sound()
            voice = replace(voice, name=f"{zlib.crc32(sound):08x}")
            first = found.setdefault(sound, Found(voice, cycle, (data & 7) + 1))
            if _attenuation(voice) < _attenuation(first.voice):
                found[sound] = replace(first, voice=voice)
    return list(found.values())


def _attenuation(voice: Voice) -> int:
    """Total level of the loudest carrier."""
    return min(op.tl for i, op in enumerate(voice.ops) if CARRIER[i, voice.con])


def _turned_up(voice: Voice) -> Voice:
    """The voice with its loudest carrier at full level."""
    down = _attenuation(voice)
    return replace(
        voice,
        ops=tuple(replace(op, tl=op.tl - down) if CARRIER[i, voice.con] else op for i, op in enumerate(voice.ops)),
    )
