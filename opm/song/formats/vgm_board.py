"""The other chips of a VGM: their clocks, writes, ROMs, streams and volumes, from the commands that a walk kept."""

import math
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...board import core
from ..data import Bank, Companion, SongError, Writes
from ..limits import LARGEST_ROM, LARGEST_ROMS, MOST_BLOCKS, MOST_STREAMED
from ..streams import BLOCK, COMMAND, DATA, FREQUENCY, LENGTH, PLAY, START, STOP, STREAM
from ..writers.vgm_chips import ROUNDED_RATES, SAMPLE_RATES, VGM_CHIPS, YM2151, VgmChip
from . import walk
from .common import Rows, is_playable, u32

DUAL, SPECIAL, CLOCK = 1 << 30, 1 << 31, 0x3FFFFFFF
"""Bits of a clock: two chips, an option, the clock itself."""
DATA_BLOCK, COMPRESSED, TABLE, ROM = 0x67, 0x40, 0x7F, 0x80
"""The command of a data block; types of blocks: compressed from 40 on, 7F a table, a ROM from 80 on."""
STREAM_COMMANDS = range(0x90, 0x96)
CODES = {code: (name, *form) for name, chip in VGM_CHIPS.items() for code, form in chip.commands.items()}
"""By the code of a command: chip, form, which of two, register."""
ALL_STREAMS = 0xFF
STEREO, FOR_YM2203 = 0x100, 0x40
"""The AY-3-8910's address for the sides of its channels; the bit of the data that says they are a YM2203's."""
ASIC_219 = 2
"""The type of C140 whose ROM has its bytes swapped in pairs."""
ROMS = {chip.rom: name for name, chip in VGM_CHIPS.items() if chip.rom is not None}
"""The chips by the type of their ROM's blocks."""
NUMBERS = {chip.number: name for name, chip in VGM_CHIPS.items()}
"""The chips as streams number them."""


class Extra(NamedTuple):
    """What the extra header says, by a chip's number and which of two it is."""

    clocks: dict[int, tuple[int, int]]
    """Of second chips: the clock, and where it stands."""
    volumes: dict[tuple[int, int], int]

    def volume(self, chip: VgmChip, instance: int, count: int, remarks: list[str], name: str) -> float:
        """Return a chip's volume as a part of the YM2151's usual one."""
        usual = chip.volume / 0x100 / count
        given = self.volumes.get((chip.number, instance))
        made = usual
        if given is not None:
            # Bit 15: relative to the usual volume, else outright. Both in 1/256.
            made = usual * (given & 0x7FFF) / 0x100 if given & 0x8000 else given / 0x100
            remarks.append(
                f"volume of {name}: {20 * math.log10(made / usual):+.1f} dB" if made else f"{name} is silent"
            )
        return made * chip.scale


def extra_header(data: bytes, start: int) -> Extra:
    """Read the extra header, as far as it goes."""
    # A plain header that ends before BC has no such field: there stand commands.
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
        # Lists are as long as their first byte says; a file that is cut has fewer.
        if place + size <= len(data):
            yield place, struct.unpack_from(form, data, place)


@dataclass
class _Part:
    """What there is of a chip."""

    rows: Writes
    places: npt.NDArray[np.int32]
    """Where the command of each row stands."""
    streamed: Rows = field(default_factory=Rows)
    """Rows for its streams."""
    streamed_at: "array[int]" = field(default_factory=lambda: array("i"))
    memory: bytearray = field(default_factory=bytearray)

    def all_rows(self) -> Writes:
        """Return all rows in the order of the file."""
        if not len(self.streamed):
            return self.rows
        # By place in the file: rows and streams of one moment keep the order in which they stand there.
        before = np.searchsorted(self.places, self.streamed_at)
        return np.insert(self.rows, before, self.streamed.made())

    def before(self, at: int) -> int:
        """Return how many of them stand before a place."""
        return int(np.searchsorted(self.places, at)) + bisect_left(self.streamed_at, at)


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
        self._blocks: dict[int, list[bytes]] = {}
        self._table = b""
        self._room = LARGEST_ROMS
        self._streams: dict[int, tuple[str, int]] = {}
        """The chip of each stream: its name, and which of two."""
        self._playing: set[int] = set()
        """Streams that may play."""
        forms = np.zeros(256, walk.FORM)
        forms["part"] = -1
        names = [(name, instance) for name in VGM_CHIPS for instance in (0, 1)]
        for code, (name, form, instance, register) in CODES.items():
            # Commands for a chip without a clock go to the rest, and the chip is named as not played.
            if self._clock(name):
                part = names.index((name, max(instance, 0)))
                forms[code] = part, walk.EITHER if instance < 0 else form, register
        apart = walk.apart(data, stream.kept, forms, len(names))
        found = zip(names, apart.rows, apart.places, strict=False)
        self._parts = {name: _Part(rows, places) for name, rows, places in found}
        rest, places = apart.rows[-1], apart.places[-1]
        codes = rest["address"]
        for at in _limited(places[codes == DATA_BLOCK], MOST_BLOCKS, "data blocks").tolist():
            self._block(at)
        chosen = (codes >= STREAM_COMMANDS.start) & (codes < STREAM_COMMANDS.stop)
        streamed = _limited(places[chosen], MOST_STREAMED, "commands for streams")
        # In the order of the file, since what a command means depends on which chip has its stream by then.
        for time, at in walk.one_by_one(rest[chosen], streamed):
            self._stream(time, at)

    def _clock(self, name: str, instance: int = 0) -> int:
        """Return a chip's clock; 0 if the header has none."""
        chip = VGM_CHIPS[name]
        given, _ = self.extra.clocks.get(chip.number, (0, 0)) if instance else (0, 0)
        clock = (given or u32(self.header, chip.clock_at)) & CLOCK
        # Old files give a rounded sample rate where the clock belongs: libvgm takes these boards' clocks for it.
        if name == "c140" and clock == (44_100 if self.header[0x96] == ASIC_219 else 21_390):
            return ROUNDED_RATES[clock]
        below, times = SAMPLE_RATES.get(name, (0, 0))
        return clock * times if clock < below else clock

    def _block(self, at: int) -> None:
        """Take a data block: a ROM, or bytes for streams."""
        kind, size = self.data[at + 2], u32(self.data, at + 3)
        instance, block = size >> 31, self.data[at + 7 : at + 7 + (size & 0x7FFFFFFF)]
        if kind == TABLE:
            self._table = block
        elif kind < ROM:
            self._add_to_bank(kind & 0x3F, walk.unpacked(block, self._table) if kind & COMPRESSED else block)
        # The rest is for RAM of chips that are not played, or hints that trackers leave (FE).
        elif kind in ROMS and len(block) >= 8:
            self._add_to_rom(ROMS[kind], instance, at, u32(block, 0), u32(block, 4), block[8:])

    def _take_room(self, at_least: int, where: str) -> None:
        self._room -= at_least
        if self._room < 0:
            raise SongError(f"{where}: expected at most {LARGEST_ROMS} bytes of samples in all")

    def _add_to_bank(self, number: int, block: bytes) -> None:
        self._take_room(len(block), "data blocks")
        self._blocks.setdefault(number, []).append(block)

    # Once: joined for each chip and stream, large banks took minutes.
    @cached_property
    def _banks(self) -> dict[int, Bank]:
        """The bytes that streams send, by their banks."""
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
        memory, whole = self._parts[name, instance].memory, max(size, offset + len(block))
        # As libvgm: another size of the whole begins a new ROM.
        if whole != len(memory):
            # Room that becomes free is not given back: a ROM emptied again and again is work, which has to end.
            self._take_room(whole, f"byte 0x{at:X}")
            memory[:] = bytes((VGM_CHIPS[name].empty,)) * whole
        if name == "c140" and self.header[0x96] == ASIC_219:
            # The core reads words high byte first; the file has the low one first.
            block = np.frombuffer(block[: len(block) // 2 * 2], np.uint16).byteswap().tobytes()
        memory[offset : offset + len(block)] = block

    def _stream(self, time: int, at: int) -> None:
        """Add what a command says of a stream to the part it is for."""
        code, number = self.data[at], self.data[at + 1]
        # Only a stop is for all of them.
        if number == ALL_STREAMS and code != 0x94:
            return
        if code == 0x90:
            self._set_up(number, self.data[at + 2], time, at)
        # Only those that may play: a stop of all 255, again and again, would fill memory with rows.
        for each in [number] if number != ALL_STREAMS else sorted(self._playing):
            if each in self._streams:
                self._add(each, time, at, self._said(code, at))
        if code in (0x93, 0x95):
            self._playing.add(number)
        elif code == 0x94:
            self._playing = self._playing - {number} if number != ALL_STREAMS else set()

    def _set_up(self, number: int, kind: int, time: int, at: int) -> None:
        """Have a stream send to a chip; one that it sent to before hears no more of it."""
        name, before = NUMBERS.get(kind & 0x7F, ""), self._streams.pop(number, None)
        chip = (name, kind >> 7)
        # In the song each chip has streams of its own: the old one has to be told.
        if before and before != chip:
            self._streams[number] = before
            self._add(number, time, at, [(STOP, 0)])
            del self._streams[number]
        if name and self._clock(name):
            self._streams[number] = chip

    def _add(self, number: int, time: int, at: int, said: list[tuple[int, int]]) -> None:
        """Add rows to the part that a stream is for."""
        part = self._parts[self._streams[number]]
        for what, value in said:
            part.streamed.add(time, STREAM | number << 4 | what, value)
            part.streamed_at.append(at)

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
            instances = [i for i in (0, 1) if len((part := self._parts[name, i]).rows) + len(part.streamed)]
            # Half as loud where the header says two: a stray write to a second one makes none softer.
            count = 2 if u32(self.header, VGM_CHIPS[name].clock_at) & DUAL else 1
            found += [self._companion(name, instance, count, loop_at, own) for instance in instances]
        return tuple(each for each in found if each)

    def _companion(self, name: str, instance: int, count: int, loop_at: int | None, own: float) -> Companion | None:
        chip, part, clock = VGM_CHIPS[name], self._parts[name, instance], self._clock(name, instance)
        options = {option: _bits(self.header, *bits) for option, bits in chip.options.items()}
        if chip.special:
            options[chip.special] = u32(self.header, chip.clock_at) >> 31
        title, rows = core(name).TITLE, part.all_rows()
        if name == "ay8910" and (others := (rows["address"] == STEREO) & (rows["data"] & FOR_YM2203 > 0)).any():
            # To an address that the chip has not: it plays nothing there, and the writer finds it again.
            rows = rows.copy()
            rows["address"][others] += 1
        if not is_playable(name, clock, options):
            self.remarks.append(f"byte 0x{chip.clock_at:X}: a {title} at {clock} Hz is not played")
            return None
        return Companion(
            name=name,
            clock=clock,
            rows=rows,
            again=part.before(loop_at or 0),
            level=self.extra.volume(chip, instance, count, self.remarks, title) / own,
            memory=bytes(part.memory),
            options=options,
            banks=self._banks if len(part.streamed) else {},
        )


def _limited(places: npt.NDArray[np.int32], most: int, name: str) -> npt.NDArray[np.int32]:
    """Return the places of commands; SongError if there are too many to look at one by one."""
    if len(places) > most:
        raise SongError(f"byte 0x{places[most]:X}: expected at most {most} {name}")
    return places


def _signed(words: bytes, at: int) -> int:
    return int.from_bytes(words[at : at + 4], "little", signed=True)


def _bits(header: bytes, at: int, shift: int, width: int, base: int, step: int) -> int:
    """Return an option that the header holds."""
    return base + step * (u32(header, at) >> shift & (1 << width) - 1)


def own_volume(extra: Extra, remarks: list[str]) -> float:
    """Return the YM2151's volume as a part of its usual one; 0 counts as 1, since the others' are divided by it."""
    return extra.volume(VgmChip(0x30, YM2151, {}), 0, 1, remarks, "YM2151") or 1.0
