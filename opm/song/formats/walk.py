"""Compiled walks over a file's bytes: the commands of VGM, S98 and ZSM, what they are for, and the pieces of JSON.

Compiled code raises nothing: it stops, says why and where, and Python makes the error.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..._jit import block, entry
from ..data import PART_WRITE, WRITE, Loop, SongError, Writes
from ..limits import DEEPEST, LARGEST_ROMS, LONGEST, MOST_KEPT, MOST_WRITES
from ..writers.vgm_chips import BIG, BYTE, LITTLE, NIBBLES, SHORT

UNDEFINED, END, SKIP, WAIT, WAIT_16, WAIT_7, WRITES, BLOCK, EXTENSION, KEEP = range(10)
"""Kinds of command: what it does, or how its own bytes say how long it is. BLOCK, EXTENSION and KEEP are kept."""
CUT, TOO_MANY, TOO_LONG = range(10, 13)
"""Reasons for a walk to stop beside UNDEFINED and END: the data ends, too many writes, too long a time."""
COMMAND = np.dtype([("kind", np.int32), ("length", np.int32), ("value", np.int32)])
"""A command by its first byte: kind, bytes (at least), chip of its writes or ticks of its wait."""

KEPT = np.dtype([("time", np.int64), ("at", np.int32)])
"""A command that a reader looks at by itself: its time, and where it stands."""
PLAIN, CODE, EITHER = range(NIBBLES + 1, NIBBLES + 4)
"""Forms of a write beside VGM's. PLAIN: register and data, a byte each. CODE: the command is the register, then data.
EITHER: data whose bit 7 is for the second chip."""
FORM = np.dtype([("part", np.int32), ("form", np.int32), ("register", np.int32)])
"""What a command that is kept is for, by its code: a part (of two the first) or -1; how its bytes say a write; the
register, where they do not say it."""

QUOTE, COMMA, BACKSLASH = b'",\\'


class Stream(NamedTuple):
    """What a walk found."""

    fault: str
    """What ended it before its end command; empty if nothing did."""
    at: int
    """Byte at which it stopped."""
    time: int
    writes: Writes
    loop: Loop | None
    first: npt.NDArray[np.int64]
    """Where each command stands first, then each of the four types of extension; -1 if nowhere."""
    kept: npt.NDArray[Any]
    """(n,) KEPT: the commands that the reader looks at by itself."""

    def remark_fault(self, remarks: list[str]) -> None:
        """Say what broke the song off; raise SongError if nothing of it comes before that."""
        if self.fault and not len(self.writes):
            raise SongError(self.fault)
        remarks += [f"{self.fault}: what comes before is played"] * bool(self.fault)


def commands() -> npt.NDArray[Any]:
    """Return a table of COMMAND in which all are still undefined."""
    return np.zeros(256, COMMAND)


def walk(data: bytes, span: range, table: npt.NDArray[Any], loop_at: int, latest: int, name: str) -> Stream:
    """Walk a stream of commands to its end and collect its register writes.

    Parameters
    ----------
    data : bytes
    span : range
        Where the commands stand in it.
    table : (256,) COMMAND
    loop_at : int
        Where the loop starts.
    latest : int
        Ticks of the longest song there may be.
    name : str
        The format's, for errors.
    """
    first = np.full(256 + 4, -1)
    # Room for as many as the bytes can hold: what is never written to takes no memory.
    room = np.empty(min(len(span) // 2, MOST_WRITES), WRITE), np.empty(min(len(span) // 2 + 1, MOST_KEPT), KEPT)
    found = _walk(np.frombuffer(data, np.uint8), span.start, span.stop, table, loop_at, latest, *room, first)
    stop, at, time, count, keeping, loop_tick, loop_write = map(int, found)
    writes, kept = _taken(room[0], count), _taken(room[1], keeping)
    # Read-only, or the song would copy it: 87 MB for 8 million writes. The other table can go now.
    writes.flags.writeable = False
    del room
    fault = ""
    if stop == UNDEFINED:
        found = data[at : at + 2] if table["kind"][data[at]] == BLOCK else data[at : at + 1]
        fault = f"byte 0x{at:X}: expected {name} command, found {found.hex(' ').upper()}"
    if stop == CUT:
        fault = f"byte 0x{at:X}: the data is cut short, expected {name} command or the end command"
    if stop == TOO_MANY:
        raise SongError(f"byte 0x{at:X}: expected at most {MOST_WRITES} register writes, {MOST_KEPT} for other chips")
    if stop == TOO_LONG:
        raise SongError(f"byte 0x{at:X}: expected waits of at most {LONGEST} seconds in all")
    loop = Loop(loop_tick, loop_write) if loop_tick >= 0 else None
    return Stream(fault, at, time, writes, loop, first, kept)


def _taken(room: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Return the part of a table that is used: a copy of it where the rest is most, so that the rest is freed."""
    return room[:count].copy() if 2 * count < len(room) else room[:count]


class Apart(NamedTuple):
    """The commands that were kept, sorted by the part they are for."""

    rows: list[Writes]
    """Of each part, and behind them of what is for none: time, register and data; the latter's register is its code."""
    places: list[npt.NDArray[np.int32]]
    """Where their commands stand."""


def one_by_one(rows: Writes, places: npt.NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """Yield time and place of commands, made into Python's own numbers some thousands at a time."""
    for first in range(0, len(rows), 8192):
        piece = slice(first, first + 8192)
        yield from zip(rows["time"][piece].tolist(), places[piece].tolist(), strict=True)


def apart(data: bytes, kept: npt.NDArray[Any], forms: npt.NDArray[Any], parts: int) -> Apart:
    """Return the rows of so many parts, made of what was kept; ``forms``: (256,) FORM by a command's code."""
    found = np.frombuffer(data, np.uint8)
    # Counted first, so that each part's rows stand together in one table: sorting them by NumPy made five copies.
    counts = np.zeros(parts + 1, np.int64)
    _count(found, kept, forms, counts)
    ends = np.cumsum(counts)
    rows, places = np.empty(len(kept), PART_WRITE), np.empty(len(kept), np.int32)
    _part(found, kept, forms, ends - counts, rows, places)
    return Apart(np.split(rows, ends[:-1]), np.split(places, ends[:-1]))


@block
def _byte(data, at):
    """Return a byte as a signed number: mixed with uint8, Numba makes unsigned numbers and floats of the others."""
    return np.int64(data[at])


@block
def _number(data, at, end, most):
    """Read a number of 7 bits a byte, the lowest first; return it, cut to most + 1, and where it ends."""
    number = shift = 0
    while at < end:
        byte = _byte(data, at)
        number |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        # A number without end, of zeros even, stops here: shifts beyond 63 bits are undefined.
        if number > most or shift > 63:
            return most + 1, at
        if byte < 0x80:
            break
    return number, at


@block
def _length(data, at, end, command):
    """Return a command's bytes; 0 if it is not a command."""
    length = command["length"]
    if command["kind"] == BLOCK:
        if at + 1 >= data.size or data[at + 1] != 0x66:
            return 0
        # Bit 31 of a block's length is the second chip's.
        for i in range(4 if at + 7 <= end else 0):
            length += (_byte(data, at + 3 + i) & (0x7F if i == 3 else 0xFF)) << 8 * i
    elif command["kind"] == EXTENSION and at + 1 < end:
        length += _byte(data, at + 1) & 0x3F
    return length


@entry
def _walk(data, at, end, table, loop_at, latest, writes, kept, first):
    """Walk; return why and where it stopped, the time, how many writes and kept, and time and write of the loop."""
    # CUT until an end is met. An offset of 0 is met nowhere: commands begin behind a header.
    stop, time, count, keeping, loop_tick, loop_write = CUT, 0, 0, 0, -1, 0
    while at < end:
        # Only where a command begins: an offset into the midst of one is no place to go back to.
        if at == loop_at:
            loop_tick, loop_write = time, count
        command = table[data[at]]
        length = _length(data, at, end, command)
        if command["kind"] == END or length == 0:
            stop = END if length else UNDEFINED
            break
        if command["kind"] == WRITES:
            # A ZSM command can hold 63 writes; of one that the data cuts short the whole pairs are played.
            pairs = min(length - 1, end - at - 1) >> 1
            if count + pairs > writes.size:
                stop = TOO_MANY
                break
            for i in range(pairs):
                write = writes[count + i]
                write["time"], write["chip"] = time, command["value"]
                write["address"], write["data"] = data[at + 1 + 2 * i], data[at + 2 + 2 * i]
            count += pairs
        # Behind the writes, which are taken as far as they go. What else is cut does nothing.
        if at + length > end:
            break
        if command["kind"] >= BLOCK:
            if keeping == kept.size:
                stop = TOO_MANY
                break
            kept[keeping]["time"], kept[keeping]["at"] = time, at
            keeping += 1
        # An extension (ZSM's 40) has its type in the next byte: places 256 to 259.
        kind = 256 + (data[at + 1] >> 6) if command["kind"] == EXTENSION else np.int64(data[at])
        if first[kind] < 0:
            first[kind] = at
        if command["kind"] == WAIT:
            time += command["value"]
        elif command["kind"] == WAIT_16:
            time += _byte(data, at + 1) | _byte(data, at + 2) << 8
        elif command["kind"] == WAIT_7:
            wait, after = _number(data, at + 1, end, latest)
            time, length = time + wait + command["value"], after - at
        if time > latest:
            stop = TOO_LONG
            break
        at += length
    return stop, at, time, count, keeping, loop_tick, loop_write


@block
def _which(data, at, form, none):
    """Return the number of the part that a command is for: bit 7 of a byte of it says which of two chips."""
    kind = form["form"]
    if form["part"] < 0:
        return np.int64(none)
    if kind == LITTLE:
        return form["part"] + (_byte(data, at + 2) >> 7)
    if kind == SHORT or kind == BIG or kind == NIBBLES or kind == EITHER:
        return form["part"] + (_byte(data, at + 1) >> 7)
    return np.int64(form["part"])


@block
def _said(data, at, form):
    """Return the register and the data of a write."""
    kind, last = form["form"], data.size - 1
    # Looked at before it is known whether they belong to the command: within the data all the same.
    first, second = _byte(data, min(at + 1, last)), _byte(data, min(at + 2, last))
    third = _byte(data, min(at + 3, last))
    if form["part"] < 0 or kind == CODE:
        return _byte(data, at), first
    if kind == BYTE or kind == EITHER:
        return np.int64(form["register"]), first
    if kind == NIBBLES:
        return first >> 4 & 7, first & 0x0F
    if kind == BIG:
        return (first & 0x7F) << 8 | second, third
    if kind == LITTLE:
        return (second & 0x7F) << 8 | first, third
    return first & (0x7F if kind == SHORT else 0xFF), second


@entry
def _count(data, kept, forms, counts):
    """Count the rows of each part."""
    for i in range(kept.size):
        at = np.int64(kept[i]["at"])
        counts[_which(data, at, forms[data[at]], counts.size - 1)] += 1


@entry
def _part(data, kept, forms, free, rows, places):
    """Make the rows; ``free``: where each part's next one goes."""
    for i in range(kept.size):
        at = np.int64(kept[i]["at"])
        form = forms[data[at]]
        part = _which(data, at, form, free.size - 1)
        register, value = _said(data, at, form)
        row = rows[free[part]]
        row["time"], row["address"], row["data"] = kept[i]["time"], register, value
        places[free[part]] = at
        free[part] += 1


COPIED, SHIFTED, LOOKED_UP = range(3)
"""What a compressed block of a VGM does with a number of some bits; or, as its kind, it sums them up."""
_PACKED = struct.Struct("<BIBBBH")
_TABLE_AT = 6


def unpacked(packed: bytes, table: bytes) -> bytes:
    """Return what a compressed block of a VGM holds, and its table; nothing if it is damaged."""
    if len(packed) < _PACKED.size:
        return b""
    summed, size, bits, few, how, base = _PACKED.unpack_from(packed)
    wide = 2 if bits > 8 else 1
    # Sums (DPCM) look their steps up in the table.
    how = LOOKED_UP if summed else how
    known = np.frombuffer(table, np.uint8)[_TABLE_AT:]
    if summed > 1 or not 1 <= few <= 16 or not 1 <= bits <= 16 or (how == LOOKED_UP and len(known) < wide << few):
        return b""
    # As many values as there are bits for, whatever the block says of its size: a few bytes could ask for 4 GB.
    out = np.empty(min(size // wide, 8 * (len(packed) - _PACKED.size) // few, LARGEST_ROMS // wide + 1), f"<u{wide}")
    shift = max(0, bits - few) if how == SHIFTED else 0
    wanted = LOOKED_UP if how == LOOKED_UP else COPIED
    _unpack(np.frombuffer(packed, np.uint8), few, wanted, known, shift, base, summed, bits, out.view(np.uint8), wide)
    return out.tobytes()


@entry
def _unpack(packed, few, how, known, shift, base, summed, bits, out, wide):
    """Take numbers of a few bits, the highest first, and make one or two bytes of each."""
    # Behind the head of 10 bytes (_PACKED).
    at, buffer, held = 10, 0, 0
    for i in range(0, out.size, wide):
        while held < few:
            # 24 bits: a value of 16, and the 7 that may wait.
            buffer = (buffer << 8 | _byte(packed, at)) & 0xFFFFFF
            held += 8
            at += 1
        held -= few
        value = buffer >> held & (1 << few) - 1
        if how == LOOKED_UP:
            place = value * wide
            value = _byte(known, place) | (_byte(known, place + 1) << 8 if wide == 2 else 0)
        if summed:
            value = base = base + value & (1 << bits) - 1
        elif how != LOOKED_UP:
            value = (value << shift) + base
        out[i] = value & 0xFF
        if wide == 2:
            out[i + 1] = value >> 8 & 0xFF


def piece_end(data: bytes, at: int, least: int) -> tuple[int, int]:
    """Return where a piece of a JSON object or array ends, and how many brackets are open there.

    The piece begins behind the opening bracket or a comma, has whole members, and at least so many bytes of them if
    there are; it ends at a comma or the closing bracket, or where the file or DEEPEST does.
    """
    return _piece_end(np.frombuffer(data, np.uint8), at, least, DEEPEST)  # type: ignore[no-any-return]


@entry
def _piece_end(data, at, least, deepest):
    depth, quoted, end = 1, False, at + least
    while at < data.size:
        char = data[at]
        if quoted:
            # A backslash takes the next byte with it, a quote or another backslash.
            at += char == BACKSLASH
            quoted = char != QUOTE
        elif char == QUOTE:
            quoted = True
        elif char == COMMA:
            if depth == 1 and at >= end:
                break
        # [ and {, or ] and }, differ in one bit. Which closes which is left to the parser.
        elif char | 0x20 == 0x7B:
            depth += 1
        elif char | 0x20 == 0x7D:
            depth -= 1
            if depth == 0:
                break
        if depth > deepest:
            break
        at += 1
    return min(at, data.size), depth
