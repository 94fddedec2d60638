"""VGM and VGZ (1.00 to 1.72): a chip log with waits in 1/44100 s. Its other chips: ``vgm_board``.

Sources: the VGM specification and docs/formats.md, section 2. Offsets in the header count from their own field.
"""

import math
import struct
from fractions import Fraction
from typing import Any

import numpy.typing as npt

from ..._file import printable
from ...pitch import REFERENCE_CLOCK
from ..data import Opm, SongError, check_clock
from ..limits import LARGEST_VALUE, LONGEST
from ..song import Song
from ..writers.vgm import DUAL, END, OPP, RATE, read_gd3
from ..writers.vgm_board import WRITE_FIRST, WRITE_SECOND
from ..writers.vgm_chips import LENGTHS, VGM_CHIPS, YM2151
from . import walk
from .common import second_clock, u32
from .vgm_board import CODES, DATA_BLOCK, STREAM_COMMANDS, Board, Extra, extra_header, own_volume

RAM_WRITE = 0x68

# fmt: off
CLOCKS = {  # header offset of another chip's clock: its name
    0x0C: "SN76489", 0x10: "YM2413", 0x2C: "YM2612", 0x38: "Sega PCM", 0x40: "RF5C68", 0x44: "YM2203",
    0x48: "YM2608", 0x4C: "YM2610", 0x50: "YM3812", 0x54: "YM3526", 0x58: "Y8950", 0x5C: "YMF262",
    0x60: "YMF278B", 0x64: "YMF271", 0x68: "YMZ280B", 0x6C: "RF5C164", 0x70: "PWM", 0x74: "AY8910",
    0x80: "Game Boy DMG", 0x84: "NES APU", 0x88: "MultiPCM", 0x8C: "uPD7759", 0x90: "OKIM6258",
    0x98: "OKIM6295", 0x9C: "K051649", 0xA0: "K054539", 0xA4: "HuC6280", 0xA8: "C140", 0xAC: "K053260",
    0xB0: "Pokey", 0xB4: "QSound", 0xB8: "SCSP", 0xC0: "WonderSwan", 0xC4: "VSU", 0xC8: "SAA1099",
    0xCC: "ES5503", 0xD0: "ES5506", 0xD8: "X1-010", 0xDC: "C352", 0xE0: "GA20", 0xE4: "Mikey", 0xE8: "K007232",
    0xEC: "K005289", 0xF0: "MSM5205", 0xF4: "MSM5232", 0xF8: "BSMT2000", 0xFC: "ICS2115",
}
COMMANDS = {  # command of another chip: its name
    0x4F: "SN76489", 0x50: "SN76489", 0x30: "SN76489", 0x3F: "SN76489", 0x31: "AY8910", 0x51: "YM2413", 0xA1: "YM2413",
    0x52: "YM2612", 0x53: "YM2612", 0xA2: "YM2612", 0xA3: "YM2612", 0x55: "YM2203", 0xA5: "YM2203",
    0x56: "YM2608", 0x57: "YM2608", 0x58: "YM2610", 0x59: "YM2610", 0x5A: "YM3812", 0x5B: "YM3526",
    0x5C: "Y8950", 0x5D: "YMZ280B", 0x5E: "YMF262", 0x5F: "YMF262", 0xA0: "AY8910", 0xB0: "RF5C68",
    0xB1: "RF5C164", 0xB2: "PWM", 0xB3: "Game Boy DMG", 0xB4: "NES APU", 0xB5: "MultiPCM", 0xB6: "uPD7759",
    0xB7: "OKIM6258", 0xB8: "OKIM6295", 0xB9: "HuC6280", 0xBA: "K053260", 0xBB: "Pokey", 0xC0: "Sega PCM",
    0xC3: "MultiPCM", 0xC4: "QSound", 0xD0: "YMF278B", 0xD1: "YMF271", 0xD2: "K051649", 0xD3: "K054539",
    0xD4: "C140", 0x32: "MSM5205", 0x40: "Mikey", 0x41: "K007232", 0x42: "K005289", 0x43: "MSM5232", 0x44: "ICS2115",
    0xBC: "WonderSwan", 0xBD: "SAA1099", 0xBE: "ES5506", 0xBF: "GA20", 0xC1: "RF5C68", 0xC2: "RF5C164", 0xC5: "SCSP",
    0xC6: "WonderSwan", 0xC7: "VSU", 0xC8: "X1-010", 0xC9: "BSMT2000", 0xD5: "ES5503", 0xD6: "ES5506", 0xE1: "C352",
    **dict.fromkeys(range(0x80, 0x90), "YM2612"),
}
# fmt: on
PLAYED = {CLOCKS[chip.clock_at] for chip in VGM_CHIPS.values()}
"""Chips that are played if anything is written to them; a clock alone is not named as not played."""


def _commands(version: int) -> npt.NDArray[Any]:
    """Return what each command does, and its bytes."""
    table = walk.commands()
    for first, last, length in (
        # All lengths have to be known, or the walk loses its way. 40 to 4E were a byte shorter below 1.61.
        (0x00, 0x00, 1), (0x30, 0x3F, 2), (0x40, 0x4E, 3 if version >= 0x161 else 2), (0x4F, 0x50, 2), (0x51, 0x5F, 3),
        (RAM_WRITE, RAM_WRITE, 12), (0x90, 0x91, 5), (0x92, 0x92, 6), (0x93, 0x93, 11), (0x94, 0x94, 2),
        (0x95, 0x95, 5), (0xA0, 0xBF, 3), (0xC0, 0xDF, 4), (0xE0, 0xFF, 5),
    ):  # fmt: skip
        table[first : last + 1] = (walk.SKIP, length, 0)
    for code, (_, form, _, _) in CODES.items():
        table[code] = (walk.KEEP, LENGTHS[form], 0)
    # Then 41 was two bytes for a reserved command, not the K007232's.
    if version < 0x161:
        table[0x41] = (walk.SKIP, 2, 0)
    table["kind"][STREAM_COMMANDS.start : STREAM_COMMANDS.stop] = walk.KEEP
    table[WRITE_FIRST], table[WRITE_SECOND] = (walk.WRITES, 3, 0), (walk.WRITES, 3, 1)
    table[END], table[DATA_BLOCK] = (walk.END, 1, 0), (walk.BLOCK, 7, 0)
    table[0x61], table[0x62], table[0x63] = (walk.WAIT_16, 3, 0), (walk.WAIT, 1, 735), (walk.WAIT, 1, 882)
    # 7n waits n + 1 samples, 8n n: that one is a byte for the YM2612's DAC first.
    for samples in range(16):
        table[0x70 + samples], table[0x80 + samples] = (walk.WAIT, 1, samples + 1), (walk.WAIT, 1, samples)
    return table


def recognise(data: bytes) -> bool:
    """Look for the magic."""
    return data[:4] == b"Vgm "


def read(data: bytes, time_unit: str | None = None) -> Song:
    """Read a VGM file, already unpacked. ``time_unit`` has no meaning here."""
    if len(data) < 0x40:
        raise SongError(f"byte {len(data)}: expected a VGM header of 64 bytes")
    version = u32(data, 0x08)
    # Below 1.50 the header has 64 bytes, whatever stands at 34.
    start = 0x34 + u32(data, 0x34) if version >= 0x150 and u32(data, 0x34) else 0x40
    if start > len(data):
        raise SongError(f"byte 0x34: expected the data inside the file, got offset 0x{start:X}")
    header = _header(data, start)
    loop_at = 0x1C + u32(header, 0x1C) if u32(header, 0x1C) else None
    span = range(start, _data_end(data, header, start))
    stream = walk.walk(data, span, _commands(version), loop_at or 0, LONGEST * RATE, "a VGM")
    remarks = _loop_remarks(stream, loop_at)
    # The waits hold: players stop by the commands. A difference tells of a damaged or edited file.
    if (total := u32(header, 0x18)) and total != stream.time:
        remarks.append(f"byte 0x18: the header says {total} samples, the waits add up to {stream.time}")
    # Before version 1.10 the YM2413's clock is that of all FM chips, whichever is written to first.
    borrowed = version < 0x110 and len(stream.writes) > 0 and u32(header, 0x10) != 0
    word, where = (u32(header, 0x10), "byte 0x10") if borrowed else (u32(header, 0x30), "byte 0x30")
    if not word and not len(stream.writes):
        named = ", ".join(sorted(_others(header) | _used(stream))) or "no chip at all"
        raise SongError(f"expected a YM2151: the file is for {printable(named)}")
    extra = extra_header(data, start)
    opms = _opms(extra, word, where, stream, remarks)
    # The others' volumes count from the YM2151's, which is the song's own (``gain``).
    own = own_volume(extra, remarks)
    companions = Board(data, header, stream, extra, remarks).companions(stream.loop and loop_at, own)
    # A chip with a clock to which nothing is written is not missed; one without a clock that is written to is named.
    played = {CLOCKS[VGM_CHIPS[companion.name].clock_at] for companion in companions}
    others = _others(header) - ({"YM2413"} if borrowed else set()) - PLAYED
    # The field is 1.60's, but files of 1.51 have it and libvgm obeys it: so the version is not asked.
    steps = header[0x7C] - (256 if header[0x7C] > 0xC0 else 0)
    # C1, which would be -63, stands for -64: a quarter.
    gain = 2.0 ** ((-64 if steps == -63 else steps) / 32)
    if steps:
        remarks.append(f"volume modifier: {20 * math.log10(gain):+.1f} dB")
    stream.remark_fault(remarks)
    song = Song.of(
        format=f"VGM {version >> 8:x}.{version & 0xFF:02x}",
        rows=stream.writes,
        end=stream.time,
        ticks_per_second=Fraction(RATE),
        opms=opms,
        companions=companions,
        gain=gain * own,
        loop_start=stream.loop if stream.loop and stream.loop.tick < stream.time else None,
        loop_base=struct.unpack_from("<b", header, 0x7E)[0] if version >= 0x160 else 0,
        loop_modifier=(header[0x7F] if version >= 0x151 else 0) or 16,
        tags=_gd3(data, 0x14 + u32(data, 0x14) if u32(data, 0x14) else 0, remarks),
        not_played=tuple(sorted((others | _used(stream)) - played)),
    )
    if song.loop_start and (song.loop_modifier != 16 or song.loop_base):
        base = f" and base {song.loop_base}" * bool(song.loop_base)
        passes = ", ".join(f"--loops {loops} plays {song.passes(loops)}" for loops in (1, 2))
        remarks.append(f"loop modifier 0x{song.loop_modifier:02X}{base}: {passes}")
    return song.but(read_remarks=tuple(remarks))


def _header(data: bytes, start: int) -> bytes:
    """Return the header with everything zero that lies in the data, the extra header or the tag."""
    end = min(start, 0x100)
    # A tag can stand before the commands, where later versions have clocks and the volume modifier.
    tag = data.find(b"Gd3 ", 0x40, end)
    end = tag if tag >= 0 else end
    header = data[:end].ljust(0x100, b"\0")
    # The extra header may begin within the plain one, and ends it.
    if extra := u32(header, 0xBC):
        end = min(end, 0xBC + extra)
    return data[:end].ljust(0x100, b"\0")


def _data_end(data: bytes, header: bytes, start: int) -> int:
    """Return where the commands end: before the GD3 tag if that lies behind them and is one."""
    # A file that lost its end command would go on into the tag. An offset that is wrong points anywhere.
    gd3 = 0x14 + u32(header, 0x14)
    return gd3 if start < gd3 and data[gd3 : gd3 + 4] == b"Gd3 " else len(data)


def _loop_remarks(stream: walk.Stream, loop_at: int | None) -> list[str]:
    remarks = []
    if loop_at is not None and stream.loop is None:
        remarks.append(f"byte 0x1C: the loop offset 0x{loop_at:X} is no command of the song: not looped")
    elif stream.loop and stream.loop.tick >= stream.time:
        remarks.append("byte 0x1C: the loop takes no time: not looped")
    return remarks


def _used(stream: walk.Stream) -> set[str]:
    # Chips without a clock in the header, too: something is written to them, and it is not heard.
    return {name for command, name in COMMANDS.items() if stream.first[command] >= 0}


def _others(header: bytes) -> set[str]:
    # Without the bits for two chips and for the chip's option.
    return {name for at, name in CLOCKS.items() if u32(header, at) & 0x3FFFFFFF}


def _opms(extra: Extra, word: int, where: str, stream: walk.Stream, remarks: list[str]) -> tuple[Opm, ...]:
    """Return the YM2151s that the header's word says, two also where a write is for the second."""
    clock, name = word & ~(DUAL | OPP), "ym2164" if word & OPP else "ym2151"
    # Writes, and no clock: the usual one is better than silence, and said.
    if clock == 0:
        remarks.append(f"{where}: no YM2151 clock: {REFERENCE_CLOCK} Hz assumed")
        clock = REFERENCE_CLOCK
    first = Opm(name, check_clock(clock, where))
    # The commands count, too: a write to a second chip without the bit would be lost.
    if not (word & DUAL or stream.writes["chip"].any()):
        return (first,)
    other, place = extra.clocks.get(YM2151, (clock, 0))
    return first, Opm(name, second_clock(other & ~(DUAL | OPP), clock, f"byte 0x{place:X}", remarks))


def _gd3(data: bytes, at: int, remarks: list[str]) -> dict[str, str]:
    """Read the GD3 tag, as far as it goes."""
    if not at:
        return {}
    if data[at : at + 4] != b"Gd3 ":
        remarks.append(f"byte 0x{at:X}: no GD3 tag where the header says")
        return {}
    return read_gd3(data[at : at + 12 + LARGEST_VALUE])
