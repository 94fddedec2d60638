"""VGM and VGZ (1.00 to 1.72): a chip log with waits in 1/44100 s. All of it is walked, the YM2151's part played.

Sources: the VGM specification and docs/formats.md, section 2. Offsets in the header count from their own field.
"""

import struct
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ...events import MASTER_CLOCKS_PER_FRAME
from ...pitch import REFERENCE_CLOCK
from ..log import WRITE, Log, Loop, SongError
from .common import check_clock, u32

RATE = 44_100
DUAL, OPP = 1 << 30, 1 << 31
WRITE_FIRST, WRITE_SECOND = 0x54, 0xA4
"""Commands: a register write to the first YM2151, to the second."""
END, DATA_BLOCK, RAM_WRITE = 0x66, 0x67, 0x68

# fmt: off
CLOCKS = {  # header offset of another chip's clock: its name
    0x0C: "SN76489", 0x10: "YM2413", 0x2C: "YM2612", 0x38: "Sega PCM", 0x40: "RF5C68", 0x44: "YM2203",
    0x48: "YM2608", 0x4C: "YM2610", 0x50: "YM3812", 0x54: "YM3526", 0x58: "Y8950", 0x5C: "YMF262",
    0x60: "YMF278B", 0x64: "YMF271", 0x68: "YMZ280B", 0x6C: "RF5C164", 0x70: "PWM", 0x74: "AY8910",
    0x80: "Game Boy DMG", 0x84: "NES APU", 0x88: "MultiPCM", 0x8C: "uPD7759", 0x90: "OKIM6258",
    0x98: "OKIM6295", 0x9C: "K051649", 0xA0: "K054539", 0xA4: "HuC6280", 0xA8: "C140", 0xAC: "K053260",
    0xB0: "Pokey", 0xB4: "QSound", 0xB8: "SCSP", 0xC0: "WonderSwan", 0xC4: "VSU", 0xC8: "SAA1099",
    0xCC: "ES5503", 0xD0: "ES5506", 0xD8: "X1-010", 0xDC: "C352", 0xE0: "GA20", 0xE4: "Mikey",
}
COMMANDS = {  # command of another chip: its name
    0x4F: "SN76489", 0x50: "SN76489", 0x30: "SN76489", 0x3F: "SN76489", 0x31: "AY8910", 0x51: "YM2413", 0xA1: "YM2413",
    0x52: "YM2612", 0x53: "YM2612", 0xA2: "YM2612", 0xA3: "YM2612", 0x55: "YM2203", 0xA5: "YM2203",
    0x56: "YM2608", 0x57: "YM2608", 0x58: "YM2610", 0x59: "YM2610", 0x5A: "YM3812", 0x5B: "YM3526",
    0x5C: "Y8950", 0x5D: "YMZ280B", 0x5E: "YMF262", 0x5F: "YMF262", 0xA0: "AY8910", 0xB0: "RF5C68",
    0xB1: "RF5C164", 0xB2: "PWM", 0xB3: "Game Boy DMG", 0xB4: "NES APU", 0xB5: "MultiPCM", 0xB6: "uPD7759",
    0xB7: "OKIM6258", 0xB8: "OKIM6295", 0xB9: "HuC6280", 0xBA: "K053260", 0xBB: "Pokey", 0xC0: "Sega PCM",
    0xC3: "MultiPCM", 0xC4: "QSound", 0xD0: "YMF278B", 0xD1: "YMF271", 0xD2: "K051649", 0xD3: "K054539",
    0xD4: "C140",
    **dict.fromkeys(range(0x80, 0x90), "YM2612"),
}
# fmt: on
FIRST_FM = {0x51: "YM2413", 0x52: "YM2612", 0x53: "YM2612", WRITE_FIRST: "YM2151"}
GD3_KEYS = (
    "title", "title (native)", "game", "game (native)", "system", "system (native)",
    "author", "author (native)", "date", "ripper", "notes",
)  # fmt: skip


def _lengths(version: int) -> list[int]:
    """Return the bytes of each command, 0 where undefined or of its own length (data blocks)."""
    lengths = [0] * 256

    def fill(first: int, last: int, length: int) -> None:
        lengths[first : last + 1] = [length] * (last - first + 1)

    lengths[0x00] = 1
    fill(0x30, 0x3F, 2)
    fill(0x40, 0x4E, 3 if version >= 0x161 else 2)
    fill(0x4F, 0x50, 2)
    fill(0x51, 0x5F, 3)
    fill(0x61, 0x61, 3)
    fill(0x62, 0x63, 1)
    fill(END, END, 1)
    lengths[RAM_WRITE] = 12
    fill(0x70, 0x8F, 1)
    fill(0x90, 0x91, 5)
    lengths[0x92], lengths[0x93], lengths[0x94], lengths[0x95] = 6, 11, 2, 5
    fill(0xA0, 0xBF, 3)
    fill(0xC0, 0xDF, 4)
    fill(0xE0, 0xFF, 5)
    return lengths


def recognise(data: bytes) -> bool:
    """Look for the magic."""
    return data[:4] == b"Vgm "


@dataclass
class _Stream:
    """What walking the commands found."""

    writes: list[tuple[int, int, int, int]] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    first_fm: str | None = None
    time: int = 0
    loop: Loop | None = None
    ended: bool = False
    end: int = 0


def read(data: bytes, time_unit: str | None = None) -> Log:
    """Read a VGM file, already unpacked. ``time_unit`` has no meaning here."""
    if len(data) < 0x40:
        raise SongError(f"byte {len(data)}: expected a VGM header of 64 bytes")
    version = u32(data, 0x08)
    start = 0x34 + u32(data, 0x34) if version >= 0x150 and u32(data, 0x34) else 0x40
    if start > len(data):
        raise SongError(f"byte 0x34: expected the data inside the file, got offset 0x{start:X}")
    header = _header(data, start)
    loop_at = 0x1C + u32(header, 0x1C) if u32(header, 0x1C) else None
    stream = _walk(data, start, _data_end(data, header, start), version, loop_at)
    notes = _stream_notes(stream, loop_at)
    if (total := u32(header, 0x18)) and total != stream.time:
        notes.append(f"byte 0x18: the header says {total} samples, the waits add up to {stream.time}")
    clock, chips = _clock_and_chips(header, version, stream, notes)
    others = _others(header) - ({"YM2413"} if clock[1] else set())
    return Log(
        format=f"VGM {version >> 8:x}.{version & 0xFF:02x}",
        writes=np.array(stream.writes, WRITE),
        length=stream.time,
        rate=Fraction(RATE),
        clock=clock[0],
        chips=chips,
        loop=stream.loop if stream.loop and stream.loop.tick < stream.time else None,
        loop_base=struct.unpack_from("<b", header, 0x7E)[0] if version >= 0x160 else 0,
        loop_modifier=(header[0x7F] if version >= 0x151 else 0) or 16,
        tags=_gd3(data, 0x14 + u32(data, 0x14) if u32(data, 0x14) else 0, notes),
        not_played=tuple(sorted(others | stream.others)),
        notes=notes,
    )


def write(song: Log) -> bytes:
    """Return the song as a VGM 1.71 file: same writes, times rounded to 1/44100 s, loop and tags kept."""
    body, ticks = bytearray(), 0
    loop_at: int | None = None
    scale = Fraction(RATE) / (song.rate or Fraction(song.clock, MASTER_CLOCKS_PER_FRAME))
    times = [round(tick * scale) for tick in song.writes["time"].tolist()]
    loop_tick = round(song.loop.tick * scale) if song.loop else 0
    for i, (time, (_, chip, address, value)) in enumerate(zip(times, song.writes.tolist(), strict=True)):
        if song.loop and i == song.loop.write:
            body += _waits(loop_tick - ticks)
            loop_at, ticks = len(body), loop_tick
        body += _waits(time - ticks) + bytes((WRITE_SECOND if chip else WRITE_FIRST, address, value))
        ticks = time
    length = round(song.length * scale)
    body += _waits(length - ticks) + bytes((END,))
    header = bytearray(0x100)
    tag = _gd3_bytes(song.tags)
    word = song.clock | (DUAL if len(song.chips) == 2 else 0) | (OPP if song.chips[0] == "ym2164" else 0)
    fields = {
        0x04: len(header) + len(body) + len(tag) - 0x04,
        0x08: 0x171,
        0x14: len(header) + len(body) - 0x14 if tag else 0,
        0x18: length,
        0x30: word,
        0x34: len(header) - 0x34,
    }
    if loop_at is not None:
        fields |= {0x1C: len(header) + loop_at - 0x1C, 0x20: length - loop_tick}
        header[0x7E] = song.rounds_before
    header[:4] = b"Vgm "
    for at, value in fields.items():
        struct.pack_into("<I", header, at, value)
    return bytes(header + body + tag)


def _waits(samples: int) -> bytes:
    """Return wait commands, the longest first."""
    full, rest = divmod(samples, 0xFFFF)
    return b"\x61\xff\xff" * full + (
        struct.pack("<BH", 0x61, rest) if rest > 16 else bytes((0x6F + rest,)) * (rest > 0)
    )


def _gd3_bytes(tags: dict[str, str]) -> bytes:
    if not tags:
        return b""
    text = b"".join(tags.get(key, "").encode("utf-16-le") + b"\0\0" for key in GD3_KEYS)
    return b"Gd3 " + struct.pack("<II", 0x100, len(text)) + text


def _header(data: bytes, start: int) -> bytes:
    """Return the header with everything zero that lies in the data or the extra header."""
    end = min(start, 0x100)
    header = data[:end].ljust(0x100, b"\0")
    if extra := u32(header, 0xBC):
        end = min(end, 0xBC + extra)
    return data[:end].ljust(0x100, b"\0")


def _data_end(data: bytes, header: bytes, start: int) -> int:
    """Return where the commands end: before the GD3 tag if that lies behind them."""
    gd3 = 0x14 + u32(header, 0x14)
    return gd3 if u32(header, 0x14) and start < gd3 < len(data) else len(data)


def _walk(data: bytes, start: int, end: int, version: int, loop_at: int | None) -> _Stream:
    """Walk the commands to the end command, collecting YM2151 writes."""
    lengths = _lengths(version)
    stream = _Stream()
    at, time = start, 0
    while at < end:
        if at == loop_at:
            stream.loop = Loop(time, len(stream.writes))
        command = data[at]
        length = lengths[command]
        if command == DATA_BLOCK and data[at + 1 : at + 2] == b"\x66":
            length = 7 + (u32(data, at + 3) & 0x7FFFFFFF)
        elif length == 0:
            raise SongError(f"byte 0x{at:X}: expected a VGM command, found {command:02X}")
        if at + length > end:
            break
        if command in (WRITE_FIRST, WRITE_SECOND):
            stream.writes.append((time, command == WRITE_SECOND, data[at + 1], data[at + 2]))
        elif command == END:
            stream.ended = True
            break
        else:
            time += _wait(command, data, at)
            if command in COMMANDS:
                stream.others.add(COMMANDS[command])
        if stream.first_fm is None:
            stream.first_fm = FIRST_FM.get(command)
        at += length
    stream.time, stream.end = time, at
    return stream


def _wait(command: int, data: bytes, at: int) -> int:
    """Return the samples a command waits: 7n waits n + 1, 8n (with a DAC byte) waits n."""
    if command == 0x61:
        return data[at + 1] | data[at + 2] << 8
    if 0x70 <= command <= 0x8F:
        return (command & 15) + (command < 0x80)
    return {0x62: 735, 0x63: 882}.get(command, 0)


def _stream_notes(stream: _Stream, loop_at: int | None) -> list[str]:
    notes = []
    if not stream.ended:
        notes.append(f"byte 0x{stream.end:X}: the data is cut short, no end command")
    if loop_at is not None and stream.loop is None:
        notes.append(f"byte 0x1C: the loop offset 0x{loop_at:X} is no command of the song: not looped")
    elif stream.loop and stream.loop.tick >= stream.time:
        notes.append("byte 0x1C: the loop takes no time: not looped")
    return notes


def _others(header: bytes) -> set[str]:
    """Return the other chips whose clocks the header gives."""
    return {name for at, name in CLOCKS.items() if u32(header, at) & 0x3FFFFFFF}


def _clock_and_chips(
    header: bytes, version: int, stream: _Stream, notes: list[str]
) -> tuple[tuple[int, bool], tuple[str, ...]]:
    """Return the clock, whether it stood in the YM2413's place, and the chips."""
    word = u32(header, 0x30) if version >= 0x110 else 0
    borrowed = version < 0x110 and stream.first_fm == "YM2151" and u32(header, 0x10) != 0
    if borrowed:
        word = u32(header, 0x10)
    if not word and not stream.writes:
        others = ", ".join(sorted(_others(header) | stream.others)) or "no chip at all"
        raise SongError(f"expected a YM2151: the file is for {others}")
    clock = word & ~(DUAL | OPP)
    if clock == 0:
        notes.append(f"byte 0x30: no YM2151 clock: {REFERENCE_CLOCK} Hz assumed")
        clock = REFERENCE_CLOCK
    two = bool(word & DUAL) or any(chip for _, chip, _, _ in stream.writes)
    name = "ym2164" if word & OPP else "ym2151"
    return (check_clock(clock, "byte 0x30"), borrowed), (name, name) if two else (name,)


def _gd3(data: bytes, at: int, notes: list[str]) -> dict[str, str]:
    """Read the GD3 tag, as far as it goes."""
    if not at:
        return {}
    if data[at : at + 4] != b"Gd3 ":
        notes.append(f"byte 0x{at:X}: no GD3 tag where the header says")
        return {}
    text = data[at + 12 :]
    strings = text[: len(text) // 2 * 2].decode("utf-16-le", errors="replace").split("\0")
    return {key: value.strip() for key, value in zip(GD3_KEYS, strings, strict=False) if value.strip()}
