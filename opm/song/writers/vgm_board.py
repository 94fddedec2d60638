"""What a VGM holds of a board, out: commands of all its chips, ROMs and samples in data blocks, streams, volumes."""

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...board import core
from ..data import Bank, Companion, Writes
from ..streams import BLOCK, COMMAND, DATA, FREQUENCY, LENGTH, PLAY, START, STOP, STREAM
from .vgm_chips import BIG, BYTE, HIGHEST, LITTLE, NIBBLES, SAMPLE_RATES, SHORT, VGM_CHIPS
from .vgm_x68000 import as_chip

if TYPE_CHECKING:
    from ..song import Song

WRITE_FIRST, WRITE_SECOND = 0x54, 0xA4
"""Commands: a register write to the first YM2151, to the second."""
LONGEST_COMMAND = 11
MOST_STREAMS = 255
LOUDEST = 0x7FFF
"""Of 0x100, which is the usual volume of a chip: 15 bits of the extra header."""
SIDES = 0x100
"""The AY8910's address for command 31 (sides). The one behind it, which the chip has not, keeps those of a YM2203."""
DUAL, SPECIAL = 1 << 30, 1 << 31
MOST_INSTANCES = 2
NEW = 0xE8
"""Clocks at this place of the header and behind it are new in version 1.72."""


class Commands(NamedTuple):
    """Commands of a VGM, in columns."""

    times: npt.NDArray[np.int64]
    """(n,) in the song's ticks."""
    lengths: npt.NDArray[np.uint8]
    """(n,) bytes of each."""
    data: npt.NDArray[np.uint8]
    """(n, as many as the longest has): its bytes first."""


class BoardOut:
    """A song's board, as a VGM has it.

    Parameters
    ----------
    song : Song
        With what is to be played again at its end only.
    """

    def __init__(self, song: "Song") -> None:
        self._song = song
        self._kept: list[tuple[Companion, int]] = []
        """The chips that a VGM can hold, each with 0 or 1: which of two it is."""
        self.lost: list[str] = []
        for companion in song.companions:
            if companion.name == "pcm8" and (chip := as_chip(companion, song)):
                companion = chip
                self.lost.append("the low-pass of the X68000")
            instance = sum(other.name == companion.name for other, _ in self._kept)
            if companion.name in VGM_CHIPS and instance < MOST_INSTANCES:
                # The header has options once for both of a kind.
                if instance and _wired(companion) != _wired(self._first(companion.name)):
                    self.lost.append(f"that the second {core(companion.name).TITLE} is wired in another way")
                self._kept.append((companion, instance))
            else:
                self.lost.append(f"the {core(companion.name).TITLE}")
        self.volumes = self._volumes()
        """The extra header's volumes, of what is not as loud as it usually is: chip, which of two, relative volume."""
        self._streams = self._numbered()
        """Numbers of streams in the file, by chip and number in the song."""

    def _first(self, name: str) -> Companion:
        return next(companion for companion, _ in self._kept if companion.name == name)

    def _numbered(self) -> dict[tuple[int, int], int]:
        """Number the streams: as in the song, but those of different chips apart, since times may be the same."""
        # A number for one chip alone: in a song two chips can have had it one after the other, both at one moment, and
        # commands for one would reach the other.
        numbers: dict[tuple[int, int], int] = {}
        for chip, (companion, _) in enumerate(self._kept):
            address = companion.rows["address"]
            for stream in np.unique(address[address >= STREAM] - STREAM >> 4).tolist():
                used = set(numbers.values())
                free = next((n for n in (stream, *range(MOST_STREAMS)) if n < MOST_STREAMS and n not in used), None)
                if free is None:
                    self.lost.append(f"a stream of the {core(companion.name).TITLE}: a VGM has at most {MOST_STREAMS}")
                else:
                    numbers[chip, stream] = free
        return numbers

    @property
    def version(self) -> int:
        """The lowest version of VGM that has all chips of the board: 1.71, or 1.72."""
        new = any(VGM_CHIPS[companion.name].clock_at >= NEW for companion, _ in self._kept)
        return 0x172 if new else 0x171

    @property
    def blocks(self) -> bytes:
        """The data blocks: each chip's ROM, and what streams send."""
        made: list[bytes] = []
        banks: dict[int, Bank] = {}
        for companion, instance in self._kept:
            if (kind := VGM_CHIPS[companion.name].rom) is not None and companion.memory:
                head = struct.pack("<II", len(companion.memory), 0)
                made.append(_block(kind, head + _in_file_order(companion), instance))
            banks.update(companion.banks)
        for number, bank in banks.items():
            made += [_block(number, bank.data[start : start + length], 0) for start, length in bank.blocks]
        return b"".join(made)

    def commands(self, before_loop: bool) -> Commands:
        """Return the commands before the loop, or in it, in the order of their times, a chip's own as they were."""
        song, start = self._song, self._song.loop_start
        rows = song.rows if start is None else song.rows[: start.write] if before_loop else song.rows[start.write :]
        two = rows[rows["chip"] < MOST_INSTANCES]
        found = [_fixed(two["time"], [np.where(two["chip"], WRITE_SECOND, WRITE_FIRST), two["address"], two["data"]])]
        for chip, (companion, instance) in enumerate(self._kept):
            rows, again = companion.rows, companion.again
            rows = rows if start is None else rows[:again] if before_loop else rows[again:]
            numbers = {number: free for (each, number), free in self._streams.items() if each == chip}
            found.append(_part(companion.name, instance, rows, numbers))
        some = [commands for commands in found if len(commands.times)]
        # A YM2151 alone: already in order, and a sort of all its commands would be for nothing.
        if len(some) < 2:
            return [*some, *found][0]
        commands = _joined(some)
        # Stable: at one moment a chip's commands keep their order.
        return _chosen(commands, np.argsort(commands.times, kind="stable"))

    def fill(self, header: bytearray) -> None:
        """Put the chips into the header."""
        for companion, instance in self._kept:
            chip = VGM_CHIPS[companion.name]
            # The second of a kind is a bit of the first's clock.
            if instance:
                header[chip.clock_at + 3] |= DUAL >> 24
                continue
            word = _clock(companion) | SPECIAL * bool(companion.options.get(chip.special))
            struct.pack_into("<I", header, chip.clock_at, word)
            for name, bits in chip.options.items():
                # Options of less than a byte share one: or-ed into what is there.
                value = (companion.options.get(name, bits.base) - bits.base) // bits.step & (1 << bits.width) - 1
                whole = int.from_bytes(header[bits.at : bits.at + 4], "little") | value << bits.shift
                header[bits.at : bits.at + 4] = whole.to_bytes(4, "little")

    @property
    def second_clocks(self) -> list[tuple[int, int]]:
        """The extra header's clocks: those of second chips, where they differ from the first's."""
        first = {companion.name: companion.clock for companion, instance in self._kept if instance == 0}
        return [
            (VGM_CHIPS[companion.name].number, _clock(companion))
            for companion, instance in self._kept
            if instance and companion.clock != first[companion.name]
        ]

    def _volumes(self) -> list[tuple[int, int, int]]:
        names = [companion.name for companion, _ in self._kept]
        made = []
        for companion, instance in self._kept:
            chip = VGM_CHIPS[companion.name]
            # As the reader has it: a player makes each of two half as loud.
            usual = chip.scale * chip.volume / 0x100 / names.count(companion.name)
            relative = round(companion.level / usual * 0x100)
            if relative > LOUDEST:
                self.lost.append(
                    f"how loud the {core(companion.name).TITLE} is: it is {LOUDEST / relative:.3g} times so"
                )
            if relative != 0x100:
                made.append((chip.number, instance, 0x8000 | min(relative, LOUDEST)))
        return made


def _wired(companion: Companion) -> dict[str, int]:
    """Return all options of a chip, those that its song leaves out by their usual values."""
    chip = VGM_CHIPS[companion.name]
    usual = {name: bits.base for name, bits in chip.options.items()} | ({chip.special: 0} if chip.special else {})
    return usual | dict(companion.options)


def _clock(companion: Companion) -> int:
    """Return a clock as it stands in the file: a low one of some chips is read as samples per second."""
    below, times = SAMPLE_RATES.get(companion.name, (0, 1))
    # Written as it is, such a clock would be multiplied once more when it is read.
    return companion.clock // times if companion.clock < below else companion.clock


def _joined(found: list[Commands]) -> Commands:
    # As wide as the longest command: bytes behind a command's own are left out when it is written.
    data = np.zeros((sum(len(commands.times) for commands in found), max(c.data.shape[1] for c in found)), np.uint8)
    at = 0
    for commands in found:
        data[at : at + len(commands.times), : commands.data.shape[1]] = commands.data
        at += len(commands.times)
    times, lengths, _ = zip(*found, strict=True)
    return Commands(np.concatenate(times), np.concatenate(lengths), data)


def _chosen(commands: Commands, numbers: npt.NDArray[Any]) -> Commands:
    return Commands(*(column[numbers] for column in commands))


def _part(name: str, instance: int, rows: Writes, numbers: Mapping[int, int]) -> Commands:
    """Return a chip's commands in the order of its rows, but for those to addresses beyond its registers."""
    address, (form, _, _) = rows["address"], next(iter(VGM_CHIPS[name].commands.values()))
    # An address that no command can say (an S98's AY at 8D) would come out as another register, or the second chip.
    said = (address >= 0) & (address <= HIGHEST[form]) | (name == "ay8910") & (address >> 1 == SIDES >> 1)
    streams = address >= STREAM
    if not streams.any():
        return _writes(name, instance, rows if said.all() else rows[said])
    streamed, plain = np.flatnonzero(streams), np.flatnonzero(said)
    commands, last = _streams(name, instance, rows[streamed], numbers)
    both = _joined([_writes(name, instance, rows[plain]), commands])
    # By the rows they come from, so that a write between two commands of a stream stays between them.
    return _chosen(both, np.argsort(np.concatenate([plain, streamed[last]]), kind="stable"))


def _block(kind: int, data: bytes, instance: int) -> bytes:
    return struct.pack("<BBBI", 0x67, 0x66, kind, len(data) | instance << 31) + data


def _in_file_order(companion: Companion) -> bytes:
    """Return a ROM as a file has it: that of an ASIC 219 with its bytes in pairs, swapped."""
    if companion.name != "c140" or companion.options.get("type") != 2:
        return companion.memory
    # The reader swaps the bytes of each pair; an odd last one has no partner.
    whole = companion.memory + b"\xff" * (len(companion.memory) % 2)
    return np.frombuffer(whole, np.uint16).byteswap().tobytes()


def _fixed(times: npt.NDArray[Any], columns: list[Any]) -> Commands:
    """Return commands of the same length, byte by byte."""
    data = np.empty((len(times), len(columns)), np.uint8)
    for i, column in enumerate(columns):
        data[:, i] = column
    return Commands(times, np.full(len(times), len(columns), np.uint8), data)


def _writes(name: str, instance: int, rows: Writes) -> Commands:
    chip, address, value = VGM_CHIPS[name], rows["address"], rows["data"]
    code, (form, _, _) = next(iter(chip.commands.items()))
    # Sides have a command without a register: written apart, then put back where they stood.
    if name == "ay8910" and (sides := address >> 1 == SIDES >> 1).any():
        stereo = _fixed(rows["time"][sides], [0x31, instance << 7 | value[sides] & 0x7F])
        plain = _writes(name, instance, rows[~sides])
        both = np.concatenate([np.flatnonzero(~sides), np.flatnonzero(sides)])
        return _chosen(_joined([plain, stereo]), np.argsort(both))
    if form == BYTE:
        codes = {(which, register): code for code, (_, which, register) in chip.commands.items()}
        return _fixed(rows["time"], [np.where(address == 1, codes[instance, 1], codes[instance, 0]), value & 0xFF])
    if form == NIBBLES:
        return _fixed(rows["time"], [code, instance << 7 | (address & 7) << 4 | value & 0x0F])
    low, high = address & 0xFF, instance << 7 | address >> 8 & 0x7F
    forms = {
        SHORT: [instance << 7 | address & 0x7F, value & 0xFF],
        BIG: [high, low, value & 0xFF],
        LITTLE: [low, high, value & 0xFF],
    }
    return _fixed(rows["time"], [code, *forms[form]])


def _streams(name: str, instance: int, rows: Writes, numbers: Mapping[int, int]) -> tuple[Commands, list[int]]:
    """Return the commands of a chip's streams, and the row that completes each.

    Where one plays from, and how long, is said when it does.
    """
    made: list[tuple[int, bytes]] = []
    last: list[int] = []
    said: dict[tuple[int, int], int] = {}
    kind = VGM_CHIPS[name].number | instance << 7
    for row, (time, address, value) in enumerate(rows.tolist()):
        stream, what = numbers.get(address - STREAM >> 4, -1), address & 15
        word = value & 0xFFFFFFFF
        if stream < 0:
            continue
        if what == COMMAND:
            made.append((time, struct.pack("<BBB", 0x90, stream, kind) + struct.pack(">H", value & 0xFFFF)))
        elif what == DATA:
            # Three bytes of the word: bank, step, base.
            made.append((time, struct.pack("<BBI", 0x91, stream, word)[:5]))
        elif what == FREQUENCY:
            made.append((time, struct.pack("<BBI", 0x92, stream, word)))
        elif what in (START, LENGTH):
            # One command, 93, says start, length and mode; the song's rows say them one by one, the mode last.
            said[stream, what] = word
        elif what == PLAY:
            place, length = said.get((stream, START), 0xFFFFFFFF), said.get((stream, LENGTH), 0)
            made.append((time, struct.pack("<BBIBI", 0x93, stream, place, value & 0xFF, length)))
        elif what == STOP:
            made.append((time, struct.pack("<BB", 0x94, stream)))
        elif what == BLOCK:
            made.append((time, struct.pack("<BBI", 0x95, stream, word)[:5]))
        # A row that only completes a later command has none of its own.
        last += [row] * (len(made) - len(last))
    data = np.frombuffer(b"".join(command.ljust(LONGEST_COMMAND, b"\0") for _, command in made), np.uint8)
    lengths = np.array([len(command) for _, command in made], np.uint8)
    times = np.array([time for time, _ in made], np.int64)
    return Commands(times, lengths, data.reshape(-1, LONGEST_COMMAND)), last
