"""VGM and VGZ (1.00 to 1.72): a chip log with waits in 1/44100 s. All of it is walked, the YM2151's part played.

Sources: the VGM specification and docs/formats.md, section 2. Offsets in the header count from their own field.
"""

import math
import struct
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._file import printable
from ...events import MASTER_CLOCKS_PER_FRAME
from ...pitch import REFERENCE_CLOCK
from ..limits import LARGEST_VALUE, LONGEST
from ..log import Log, SongError, in_pieces
from . import walk
from .common import check_clock, other_clock, u32

RATE = 44_100
DUAL, OPP = 1 << 30, 1 << 31
WRITE_FIRST, WRITE_SECOND = 0x54, 0xA4
"""Commands: a register write to the first YM2151, to the second."""
END, DATA_BLOCK, RAM_WRITE = 0x66, 0x67, 0x68
YM2151 = 3
"""The chip's number in the extra header."""

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
GD3_KEYS = (
    "title", "title (native)", "game", "game (native)", "system", "system (native)",
    "author", "author (native)", "date", "ripper", "notes",
)
# fmt: on


def _commands(version: int) -> npt.NDArray[Any]:
    """Return what each command does, and its bytes."""
    table = walk.commands()
    for first, last, length in (
        (0x00, 0x00, 1), (0x30, 0x3F, 2), (0x40, 0x4E, 3 if version >= 0x161 else 2), (0x4F, 0x50, 2), (0x51, 0x5F, 3),
        (RAM_WRITE, RAM_WRITE, 12), (0x90, 0x91, 5), (0x92, 0x92, 6), (0x93, 0x93, 11), (0x94, 0x94, 2),
        (0x95, 0x95, 5), (0xA0, 0xBF, 3), (0xC0, 0xDF, 4), (0xE0, 0xFF, 5),
    ):  # fmt: skip
        table[first : last + 1] = (walk.SKIP, length, 0)
    table[WRITE_FIRST], table[WRITE_SECOND] = (walk.WRITES, 3, 0), (walk.WRITES, 3, 1)
    table[END], table[DATA_BLOCK] = (walk.END, 1, 0), (walk.BLOCK, 7, 0)
    table[0x61], table[0x62], table[0x63] = (walk.WAIT_16, 3, 0), (walk.WAIT, 1, 735), (walk.WAIT, 1, 882)
    for samples in range(16):  # 8n: a byte for a DAC, then a wait
        table[0x70 + samples], table[0x80 + samples] = (walk.WAIT, 1, samples + 1), (walk.WAIT, 1, samples)
    return table


def recognise(data: bytes) -> bool:
    """Look for the magic."""
    return data[:4] == b"Vgm "


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
    span = range(start, _data_end(data, header, start))
    stream = walk.walk(data, span, _commands(version), loop_at or 0, LONGEST * RATE, "a VGM")
    notes = _loop_notes(stream, loop_at)
    if (total := u32(header, 0x18)) and total != stream.time:
        notes.append(f"byte 0x18: the header says {total} samples, the waits add up to {stream.time}")
    clock, chips = _clock_and_chips(header, version, stream, notes)
    others = _others(header) - ({"YM2413"} if clock[1] else set())
    steps = header[0x7C] - (256 if header[0x7C] > 0xC0 else 0)
    gain = 2.0 ** ((-64 if steps == -63 else steps) / 32)
    if steps:
        notes.append(f"volume modifier: {20 * math.log10(gain):+.1f} dB")
    stream.note_fault(notes)
    log = Log(
        format=f"VGM {version >> 8:x}.{version & 0xFF:02x}",
        writes=stream.writes,
        length=stream.time,
        rate=Fraction(RATE),
        clock=clock[0],
        second_clock=_second_clock(data, start, clock[0], notes) if len(chips) > 1 else None,
        chips=chips,
        gain=gain,
        loop=stream.loop if stream.loop and stream.loop.tick < stream.time else None,
        loop_base=struct.unpack_from("<b", header, 0x7E)[0] if version >= 0x160 else 0,
        loop_modifier=(header[0x7F] if version >= 0x151 else 0) or 16,
        tags=_gd3(data, 0x14 + u32(data, 0x14) if u32(data, 0x14) else 0, notes),
        not_played=tuple(sorted(others | _used(stream))),
        notes=notes,
    )
    if log.loop and (log.loop_modifier != 16 or log.loop_base):
        base = f" and base {log.loop_base}" * bool(log.loop_base)
        passes = ", ".join(f"--loops {loops} plays {log.passes(loops)}" for loops in (1, 2))
        notes.append(f"loop modifier 0x{log.loop_modifier:02X}{base}: {passes}")
    return log


def write(song: Log) -> bytes:
    """Return the song as a VGM 1.71 file: same writes, times rounded to 1/44100 s, loop, volume and tags kept.

    Raises
    ------
    SongError
        The song is longer than 2**32 - 1 samples, 27 hours, which is what the header can say; its chip is too fast.
    """
    song = song.unrolled()
    scale = _samples_per_tick(song)
    if (length := round(song.length * scale)) >= 2**32:
        raise SongError(f"a VGM file has at most {2**32 - 1} samples of 1/{RATE} s, this song has {length}")
    body = bytearray()
    loop_tick, first = (round(song.loop.tick * scale), song.loop.write) if song.loop else (0, 0)
    _put(body, song.writes[:first], 0, loop_tick, scale)
    loop_at = len(body)
    _put(body, song.writes[first:], loop_tick, length, scale)
    body.append(END)
    header = bytearray(0x100)
    if song.second_clock:
        struct.pack_into("<I", header, 0xBC, len(header) - 0xBC)
        header += struct.pack("<3I2BI", 12, 8, 0, 1, YM2151, song.second_clock)
    tag = _gd3_bytes(song.tags)
    word = check_clock(song.chip_clock(), "VGM") | (DUAL if len(song.chips) == 2 else 0)
    word |= OPP if song.chips[0] == "ym2164" else 0
    fields = {
        0x04: len(header) + len(body) + len(tag) - 0x04,
        0x08: 0x171,
        0x14: len(header) + len(body) - 0x14 if tag else 0,
        0x18: length,
        0x30: word,
        0x34: len(header) - 0x34,
    }
    steps = round(32 * math.log2(song.gain))
    header[0x7C] = 0xC1 if steps == -64 else steps & 0xFF
    if song.loop and loop_tick < length:
        fields |= {0x1C: len(header) + loop_at - 0x1C, 0x20: length - loop_tick}
        header[0x7E], header[0x7F] = song.loop_base & 0xFF, 0 if song.loop_modifier == 16 else song.loop_modifier
    header[:4] = b"Vgm "
    for at, value in fields.items():
        struct.pack_into("<I", header, at, value)
    return bytes(header + body + tag)


def _samples_per_tick(song: Log) -> Fraction:
    return Fraction(RATE) / (song.rate or Fraction(song.clock, MASTER_CLOCKS_PER_FRAME))


def keeps_loop(song: Log) -> bool:
    """Say whether a song has no loop, or one that takes a sample or more."""
    song, scale = song.unrolled(), _samples_per_tick(song)
    return not song.loop or round(song.loop.tick * scale) < round(song.length * scale)


def _put(body: bytearray, writes: npt.NDArray[Any], now: int, end: int, scale: Fraction) -> None:
    """Append writes and the waits from one sample to another."""
    for piece in in_pieces(writes):
        commands = np.empty((len(piece), 3), np.uint8)
        commands[:, 0] = np.where(piece["chip"], WRITE_SECOND, WRITE_FIRST)
        commands[:, 1], commands[:, 2] = piece["address"], piece["data"]
        ready = memoryview(commands.tobytes())
        moments, first = np.unique(piece["time"], return_index=True)
        places = [*(3 * first).tolist(), len(ready)]
        exact = moments.astype(object) * scale.numerator
        samples, rest = exact // scale.denominator, exact % scale.denominator  # rounded as round() does it
        samples += (2 * rest > scale.denominator) | ((2 * rest == scale.denominator) & (samples % 2 == 1))
        for i, sample in enumerate(samples.tolist()):
            body += _waits(sample - now)
            body += ready[places[i] : places[i + 1]]
            now = sample
    body += _waits(end - now)


def _waits(samples: int) -> bytes:
    """Return wait commands, the longest first."""
    full, rest = divmod(samples, 0xFFFF)
    return b"\x61\xff\xff" * full + (
        struct.pack("<BH", 0x61, rest) if rest > 16 else bytes((0x6F + rest,)) * (rest > 0)
    )


def _gd3_bytes(tags: dict[str, str]) -> bytes:
    if not tags:
        return b""
    text = b"".join(_ended(tags.get(key, "")) for key in GD3_KEYS)
    return b"Gd3 " + struct.pack("<II", 0x100, len(text)) + text


def _ended(text: str) -> bytes:
    """Return a string of the tag: a zero in it would end it too early."""
    return text.replace("\0", " ").encode("utf-16-le", "replace") + b"\0\0"


def kept_tags(tags: dict[str, str]) -> dict[str, str]:
    """Return tags as they are read back."""
    return _strings(_gd3_bytes(tags))


def _header(data: bytes, start: int) -> bytes:
    """Return the header with everything zero that lies in the data, the extra header or the tag."""
    end = min(start, 0x100)
    tag = data.find(b"Gd3 ", 0x40, end)
    end = tag if tag >= 0 else end
    header = data[:end].ljust(0x100, b"\0")
    if extra := u32(header, 0xBC):
        end = min(end, 0xBC + extra)
    return data[:end].ljust(0x100, b"\0")


def _data_end(data: bytes, header: bytes, start: int) -> int:
    """Return where the commands end: before the GD3 tag if that lies behind them and is one."""
    gd3 = 0x14 + u32(header, 0x14)
    return gd3 if start < gd3 and data[gd3 : gd3 + 4] == b"Gd3 " else len(data)


def _loop_notes(stream: walk.Stream, loop_at: int | None) -> list[str]:
    notes = []
    if loop_at is not None and stream.loop is None:
        notes.append(f"byte 0x1C: the loop offset 0x{loop_at:X} is no command of the song: not looped")
    elif stream.loop and stream.loop.tick >= stream.time:
        notes.append("byte 0x1C: the loop takes no time: not looped")
    return notes


def _used(stream: walk.Stream) -> set[str]:
    """Return the other chips that commands are for."""
    return {name for command, name in COMMANDS.items() if stream.first[command] >= 0}


def _others(header: bytes) -> set[str]:
    """Return the other chips whose clocks the header gives."""
    return {name for at, name in CLOCKS.items() if u32(header, at) & 0x3FFFFFFF}


def _clock_and_chips(
    header: bytes, version: int, stream: walk.Stream, notes: list[str]
) -> tuple[tuple[int, bool], tuple[str, ...]]:
    """Return the clock, whether it stood in the YM2413's place, and the chips."""
    word = u32(header, 0x30)
    borrowed = version < 0x110 and len(stream.writes) > 0 and u32(header, 0x10) != 0
    if borrowed:  # such a header has one clock for all FM chips
        word = u32(header, 0x10)
    if not word and not len(stream.writes):
        others = ", ".join(sorted(_others(header) | _used(stream))) or "no chip at all"
        raise SongError(f"expected a YM2151: the file is for {printable(others)}")
    clock = word & ~(DUAL | OPP)
    if clock == 0:
        notes.append(f"byte 0x30: no YM2151 clock: {REFERENCE_CLOCK} Hz assumed")
        clock = REFERENCE_CLOCK
    two = bool(word & DUAL) or stream.writes["chip"].any()
    name = "ym2164" if word & OPP else "ym2151"
    where = "byte 0x10" if borrowed else "byte 0x30"
    return (check_clock(clock, where), borrowed), (name, name) if two else (name,)


def _second_clock(data: bytes, start: int, first: int, notes: list[str]) -> int | None:
    """Return the clock that the extra header gives a second YM2151, if that differs from the first's."""
    extra = 0xBC + u32(data, 0xBC) if start >= 0xC0 and u32(data, 0xBC) else len(data)
    at = extra + 4 + u32(data, extra + 4) if u32(data, extra) >= 8 and u32(data, extra + 4) else len(data)
    for entry in range(at + 1, at + 1 + 5 * int.from_bytes(data[at : at + 1]), 5):
        if data[entry : entry + 1] == bytes((YM2151,)):
            clock = u32(data, entry + 1) & ~(DUAL | OPP)
            return other_clock(clock, first, f"byte 0x{entry + 1:X}", notes)
    return None


def _gd3(data: bytes, at: int, notes: list[str]) -> dict[str, str]:
    """Read the GD3 tag, as far as it goes."""
    if not at:
        return {}
    if data[at : at + 4] != b"Gd3 ":
        notes.append(f"byte 0x{at:X}: no GD3 tag where the header says")
        return {}
    return _strings(data[at : at + 12 + LARGEST_VALUE])


def _strings(tag: bytes) -> dict[str, str]:
    """Return what a GD3 tag says."""
    text = tag[12 : 12 + LARGEST_VALUE]
    strings = text[: len(text) // 2 * 2].decode("utf-16-le", errors="replace").split("\0", len(GD3_KEYS))
    return {key: value.strip() for key, value in zip(GD3_KEYS, strings, strict=False) if value.strip()}
