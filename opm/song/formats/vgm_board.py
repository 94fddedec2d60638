"""The other chips of a VGM: their clocks, writes, ROMs, streams and volumes, from the commands that a walk kept."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...board import core
from ..data import PART_WRITE, Bank, Companion, SongError
from ..limits import FASTEST_PART, LARGEST_ROM, LARGEST_ROMS, MOST_BLOCKS, MOST_STREAMED
from ..streams import BLOCK, COMMAND, DATA, FREQUENCY, LENGTH, PLAY, START, STOP, STREAM
from ..writers.vgm_chips import BIG, LITTLE, NIBBLES, SAMPLE_RATES, SHORT, VGM_CHIPS, YM2151, VgmChip
from . import walk
from .common import u32

DUAL, SPECIAL, CLOCK = 1 << 30, 1 << 31, 0x3FFFFFFF
"""Bits of a clock: two chips, an option, the clock itself."""
DATA_BLOCK, COMPRESSED, TABLE, ROM, RAM = 0x67, 0x40, 0x7F, 0x80, 0xC0
"""The command of a block, and the types of blocks from which on they are compressed, a table, ROM, RAM."""
STREAM_COMMANDS = range(0x90, 0x96)
CODES = {code: (name, *form) for name, chip in VGM_CHIPS.items() for code, form in chip.commands.items()}
"""By a command's code: chip, form, which of two, register."""
ALL_STREAMS = 0xFF
ASIC_219 = 2
"""The type of C140 whose ROM has its bytes in pairs, swapped."""


ROW = np.dtype([("at", np.int64), ("time", np.int64), ("address", np.int32), ("data", np.int32)])
"""A row, and where its command stands in the file."""


class Extra(NamedTuple):
    """What the extra header says, by a chip's number and which of two it is."""

    clocks: dict[int, tuple[int, int]]
    """Of second chips: the clock, and where it stands."""
    volumes: dict[tuple[int, int], int]

    def volume(self, chip: VgmChip, instance: int, count: int, remarks: list[str], name: str) -> float:
        """Return a chip's volume, of the YM2151's usual one."""
        usual = chip.volume / 0x100 / count
        given = self.volumes.get((chip.number, instance))
        made = usual
        if given is not None:
            made = usual * (given & 0x7FFF) / 0x100 if given & 0x8000 else given / 0x100
            remarks.append(
                f"volume of {name}: {20 * math.log10(made / usual):+.1f} dB" if made else f"{name} is silent"
            )
        return made * chip.scale


def extra_header(data: bytes, start: int) -> Extra:
    """Read the extra header, as far as it goes."""
    at = 0xBC + u32(data, 0xBC) if start >= 0xC0 and u32(data, 0xBC) else len(data)
    clocks: dict[int, tuple[int, int]] = {}
    volumes: dict[tuple[int, int], int] = {}
    size = u32(data, at)
    if size >= 8 and (offset := u32(data, at + 4)):
        for place, (number, word) in _entries(data, at + 4 + offset, "<BI"):
            clocks.setdefault(number, (word, place + 1))
    if size >= 12 and (offset := u32(data, at + 8)):
        for _, (number, flags, word) in _entries(data, at + 8 + offset, "<BBH"):
            volumes.setdefault((number, flags & 1), word)
    return Extra(clocks, volumes)


def _entries(data: bytes, at: int, form: str) -> Iterator[tuple[int, Any]]:
    """Yield the entries of a list whose first byte is their number, and where they stand."""
    size = struct.calcsize(form)
    for place in range(at + 1, at + 1 + size * int.from_bytes(data[at : at + 1]), size):
        if place + size <= len(data):
            yield place, struct.unpack_from(form, data, place)


@dataclass
class _Part:
    """What there is of a chip, piece by piece."""

    tables: list[npt.NDArray[Any]] = field(default_factory=list)
    """(n,) ROW each."""
    streamed: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Rows for its streams."""
    memory: bytearray = field(default_factory=bytearray)

    def rows(self) -> npt.NDArray[Any]:
        """Return all rows in the order of the file."""
        rows = np.concatenate([*self.tables, np.array(self.streamed, ROW)])
        return rows[np.argsort(rows["at"], kind="stable")]


class Board:
    """The other chips of a VGM.

    Parameters
    ----------
    data : bytes
        The file.
    header : bytes
        Its header, whole.
    stream : Stream
        Its commands.
    extra : Extra
    remarks : list of str
        For what is met on the way.
    """

    def __init__(self, data: bytes, header: bytes, stream: walk.Stream, extra: Extra, remarks: list[str]) -> None:
        self.data, self.header, self.extra, self.remarks = data, header, extra, remarks
        self._bytes = np.frombuffer(data, np.uint8)
        self._parts: dict[tuple[str, int], _Part] = {}
        self._blocks: dict[int, list[bytes]] = {}
        self._table = b""
        self._room = LARGEST_ROMS
        kept = stream.kept
        codes = self._bytes[kept["at"]]
        for code, (name, form, instance, register) in CODES.items():
            if (chosen := kept[codes == code]).size and self._clock(name):
                self._take(name, form, instance, register, chosen)
        for _, at in _limited(kept[codes == DATA_BLOCK], MOST_BLOCKS, "data blocks"):
            self._block(at)
        streams: dict[int, tuple[str, int]] = {}
        streamed = kept[(codes >= STREAM_COMMANDS.start) & (codes < STREAM_COMMANDS.stop)]
        for time, at in _limited(streamed, MOST_STREAMED, "commands for streams"):
            self._stream(streams, time, at)

    def _clock(self, name: str, instance: int = 0) -> int:
        """Return a chip's clock; 0 if the header has none."""
        chip = VGM_CHIPS[name]
        given, _ = self.extra.clocks.get(chip.number, (0, 0)) if instance else (0, 0)
        clock = (given or u32(self.header, chip.clock_at)) & CLOCK
        below, times = SAMPLE_RATES.get(name, (0, 0))
        return clock * times if clock < below else clock

    def _part(self, name: str, instance: int) -> _Part:
        return self._parts.setdefault((name, instance), _Part())

    def _take(self, name: str, form: int, instance: int, register: int, kept: npt.NDArray[Any]) -> None:
        """Add the writes of a command."""
        at = kept["at"]
        last = len(self._bytes) - 1
        first, second, third = (self._bytes[np.minimum(at + i, last)].astype(np.int32) for i in (1, 2, 3))
        address, value = np.full(len(at), register), first
        which = np.full(len(at), instance) if instance >= 0 else first >> 7
        if form == SHORT:
            which, address, value = first >> 7, first & 0x7F, second
        elif form in (BIG, LITTLE):
            high, low = (first, second) if form == BIG else (second, first)
            which, address, value = high >> 7, (high & 0x7F) << 8 | low, third
        elif form == NIBBLES:
            which, address, value = first >> 7, first >> 4 & 7, first & 0x0F
        for number in (0, 1):
            if (mine := which == number).any():
                rows = np.empty(int(mine.sum()), ROW)
                rows["at"], rows["time"] = at[mine], kept["time"][mine]
                rows["address"], rows["data"] = address[mine], value[mine]
                self._part(name, number).tables.append(rows)

    def _block(self, at: int) -> None:
        """Take a data block: a ROM, or bytes for streams."""
        kind, size = self.data[at + 2], u32(self.data, at + 3)
        instance, block = size >> 31, self.data[at + 7 : at + 7 + (size & 0x7FFFFFFF)]
        if kind == TABLE:
            self._table = block
        elif kind < ROM:
            self._add_to_bank(kind & 0x3F, _unpacked(block, self._table, self._room) if kind & COMPRESSED else block)
        elif kind < RAM and len(block) >= 8:
            name = next((name for name, chip in VGM_CHIPS.items() if chip.rom == kind), "")
            if name:
                self._add_to_rom(name, instance, at, u32(block, 0), u32(block, 4), block[8:])

    def _take_room(self, at_least: int, where: str) -> None:
        self._room -= at_least
        if self._room < 0:
            raise SongError(f"{where}: expected at most {LARGEST_ROMS} bytes of samples in all")

    def _add_to_bank(self, number: int, block: bytes) -> None:
        self._take_room(len(block), "data blocks")
        self._blocks.setdefault(number, []).append(block)

    def _banks(self) -> dict[int, Bank]:
        """Return the bytes that streams send, by their banks."""
        banks = {}
        for number, blocks in self._blocks.items():
            ends = np.cumsum([len(block) for block in blocks]).tolist()
            starts = zip([0, *ends], blocks, strict=False)
            banks[number] = Bank(b"".join(blocks), tuple((start, len(block)) for start, block in starts))
        return banks

    def _add_to_rom(self, name: str, instance: int, at: int, size: int, offset: int, block: bytes) -> None:
        """Put a block where it belongs; one of another size of the whole makes it empty first."""
        if size > LARGEST_ROM or offset + len(block) > LARGEST_ROM:
            self.remarks.append(f"byte 0x{at:X}: expected a ROM of at most {LARGEST_ROM} bytes: left out")
            return
        memory, whole = self._part(name, instance).memory, max(size, offset + len(block))
        if whole != len(memory):
            self._take_room(whole - len(memory), f"byte 0x{at:X}")
            memory[:] = bytes((VGM_CHIPS[name].empty,)) * whole
        if name == "c140" and self.header[0x96] == ASIC_219:
            block = np.frombuffer(block[: len(block) // 2 * 2], np.uint16).byteswap().tobytes()
        memory[offset : offset + len(block)] = block

    def _stream(self, streams: dict[int, tuple[str, int]], time: int, at: int) -> None:
        """Add what a command says of a stream to the part it is for."""
        code, number = self.data[at], self.data[at + 1]
        if code == 0x90:
            kind = self.data[at + 2]
            name = next((name for name, chip in VGM_CHIPS.items() if chip.number == kind & 0x7F), "")
            streams.pop(number, None)
            if name and self._clock(name):
                streams[number] = name, kind >> 7
        for each in [number] if code != 0x94 or number != ALL_STREAMS else [*streams]:
            if each in streams:
                part = self._part(*streams[each])
                for what, value in self._said(code, at):
                    part.streamed.append((at, time, STREAM | each << 4 | what, value))

    def _said(self, code: int, at: int) -> list[tuple[int, int]]:
        """Return what a command says of a stream, in rows."""
        words = self.data[at : at + 11]
        if code == 0x90:
            return [(COMMAND, int.from_bytes(words[3:5], "big"))]
        if code == 0x91:
            return [(DATA, int.from_bytes(words[2:5], "little"))]
        if code == 0x92:
            return [(FREQUENCY, _signed(words, 2))]
        if code == 0x93:
            return [(START, _signed(words, 2)), (LENGTH, _signed(words, 7)), (PLAY, words[6])]
        if code == 0x94:
            return [(STOP, 0)]
        return [(BLOCK, int.from_bytes(words[2:5], "little"))]

    def companions(self, loop_at: int | None, own: float) -> tuple[Companion, ...]:
        """Return the chips that anything is written to, in the header's order; ``own``: the YM2151's volume."""
        found = []
        for name in VGM_CHIPS:
            instances = [i for i in (0, 1) if (part := self._parts.get((name, i))) and (part.tables or part.streamed)]
            count = 2 if u32(self.header, VGM_CHIPS[name].clock_at) & DUAL else len(instances)
            found += [self._companion(name, instance, count, loop_at, own) for instance in instances]
        return tuple(each for each in found if each)

    def _companion(self, name: str, instance: int, count: int, loop_at: int | None, own: float) -> Companion | None:
        chip, part, clock = VGM_CHIPS[name], self._parts[name, instance], self._clock(name, instance)
        found = part.rows()
        rows = np.empty(len(found), PART_WRITE)
        for column in ("time", "address", "data"):
            rows[column] = found[column]
        options = {option: _bits(self.header, *bits) for option, bits in chip.options.items()}
        if chip.special:
            options[chip.special] = u32(self.header, chip.clock_at) >> 31
        title = core(name).TITLE
        if not core(name).rate(clock, options) <= FASTEST_PART:
            self.remarks.append(f"byte 0x{chip.clock_at:X}: {title} at {clock} Hz is too fast: not played")
            return None
        return Companion(
            name=name,
            clock=clock,
            rows=rows,
            again=int(np.searchsorted(found["at"], loop_at or 0)),
            level=self.extra.volume(chip, instance, count, self.remarks, title) / own,
            memory=bytes(part.memory),
            options=options,
            banks=self._banks() if part.streamed else {},
        )


def _limited(kept: npt.NDArray[Any], most: int, name: str) -> list[tuple[int, int]]:
    """Return commands, time and place; SongError if there are too many to look at one by one."""
    if len(kept) > most:
        raise SongError(f"byte 0x{kept['at'][most]:X}: expected at most {most} {name}")
    return kept.tolist()  # type: ignore[no-any-return]


def _signed(words: bytes, at: int) -> int:
    return int.from_bytes(words[at : at + 4], "little", signed=True)


def _bits(header: bytes, at: int, shift: int, width: int, base: int, step: int) -> int:
    """Return an option that the header holds."""
    return base + step * (u32(header, at) >> shift & (1 << width) - 1)


def own_volume(extra: Extra, remarks: list[str]) -> float:
    """Return the YM2151's volume, of its usual one."""
    return extra.volume(VgmChip(0x30, YM2151, {}), 0, 1, remarks, "YM2151") or 1.0


def _unpacked(block: bytes, table: bytes, room: int) -> bytes:
    """Return what a compressed block holds: values of a few bits, copied, shifted, by a table, or summed up."""
    if len(block) < 10:
        return b""
    kind, size, bits, packed, how, base = struct.unpack_from("<BIBBBH", block)
    wide = 2 if bits > 8 else 1
    if kind > 1 or not 1 <= packed <= 16 or not 1 <= bits <= 16:
        return b""
    count = min(size // wide, 8 * (len(block) - 10) // packed, room)
    digits = np.unpackbits(np.frombuffer(block, np.uint8, offset=10))[: count * packed].reshape(count, packed)
    values = digits.astype(np.int64) @ (1 << np.arange(packed)[::-1])
    if kind == 1 or how == 2:
        known = np.frombuffer(table[6:][: len(table[6:]) // wide * wide], np.dtype(f"<u{wide}")).astype(np.int64)
        if len(known) < 1 << packed:
            return b""
        values = known[values]
    elif how == 1:
        values = (values << max(0, bits - packed)) + base
    else:
        values = values + base
    if kind == 1:
        values = base + np.cumsum(values) & (1 << bits) - 1
    return values.astype(np.dtype(f"<u{wide}")).tobytes()
