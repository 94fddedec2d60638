"""VGM 1.71 out: the writes in 1/44100 s, loop, volume and tags. Sources as for ``opm.song.formats.vgm``."""

import math
import struct
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ...events import MASTER_CLOCKS_PER_FRAME
from ..data import SongError, check_clock
from ..limits import LARGEST_VALUE
from .vgm_board import BoardOut, Commands
from .vgm_chips import YM2151
from .written import Written, lost_length, lost_parts, lost_tags

if TYPE_CHECKING:
    from ..song import Song

RATE = 44_100
DUAL, OPP = 1 << 30, 1 << 31
END = 0x66
AUDIBLE = 0.01
"""dB that the volume may be off without a word: a step of the modifier is 0.19."""
PIECE = 65_536
"""Commands put together at a time: 7.8 million at once took 1.5 GB, in pieces 320 MB."""
GD3_KEYS = (
    "title", "title (native)", "game", "game (native)", "system", "system (native)",
    "author", "author (native)", "date", "ripper", "notes",
)  # fmt: skip


def write(song: "Song") -> Written:
    """Return the song as a VGM 1.71 file: the same writes, their times rounded to 1/44100 s.

    Raises
    ------
    SongError
        The song is longer than 2**32 - 1 samples, 27 hours, which is what the header can say; its chip is too fast.
    """
    # VGM has a loop base for passes that stand before the loop, but few players know it.
    kept = song.unrolled()
    scale = _samples_per_tick(kept)
    if (length := round(kept.end * scale)) >= 2**32:
        raise SongError(f"a VGM file has at most {2**32 - 1} samples of 1/{RATE} s, this song has {length}")
    start, board = kept.loop_start, BoardOut(kept)
    loop_tick = round(start.tick * scale) if start else 0
    body = bytearray(board.blocks)
    _put(body, board.commands(before_loop=True), 0, loop_tick if start else length, scale)
    # Commands before the loop, and waits up to it, in front of this byte: a player comes back here from the end.
    loop_at = len(body)
    if start:
        _put(body, board.commands(before_loop=False), loop_tick, length, scale)
    body.append(END)
    # A loop shorter than a sample would take no time, and players would never leave it.
    loops = start is not None and loop_tick < length
    tag = gd3_bytes(kept.tags)
    header = _header(kept, board)
    fields = {
        0x04: len(header) + len(body) + len(tag) - 0x04,
        0x14: len(header) + len(body) - 0x14 if tag else 0,
        0x18: length,
        0x34: len(header) - 0x34,
        0x1C: len(header) + loop_at - 0x1C if loops else 0,
        0x20: length - loop_tick if loops else 0,
    }
    for at, value in fields.items():
        struct.pack_into("<I", header, at, value)
    # A modifier of 16 is the usual one, which the header says by 0.
    if loops:
        header[0x7E], header[0x7F] = kept.loop_base & 0xFF, 0 if kept.loop_modifier == 16 else kept.loop_modifier
    return Written(bytes(header + body + tag), _lost(song, kept, board, loops))


def _header(song: "Song", board: BoardOut) -> bytearray:
    """Return the header, but for what depends on the commands: chips, clocks and volume."""
    header = bytearray(0x100)
    board.fill(header)
    # chip_clock: a song of the cat2151 family gets twice its clock, at which a true chip has its pitch.
    second = song.chip_clock(1) if len(song.opms) > 1 else song.chip_clock()
    clocks = [(YM2151, check_clock(second, "VGM"))] * (second != song.chip_clock()) + board.second_clocks
    # The extra header behind the 256 bytes: its size, then where the clocks and the volumes are, each from its field.
    if clocks or board.volumes:
        struct.pack_into("<I", header, 0xBC, len(header) - 0xBC)
        lists = struct.pack("<B", len(clocks)) + b"".join(struct.pack("<BI", *clock) for clock in clocks)
        header += struct.pack("<3I", 12, 8, 4 + len(lists)) + lists
        header += struct.pack("<B", len(board.volumes))
        header += b"".join(struct.pack("<BBH", *volume) for volume in board.volumes)
    word = check_clock(song.chip_clock(), "VGM") | (DUAL if len(song.opms) >= 2 else 0)
    word |= OPP if song.chips[0] == "ym2164" else 0
    steps = _volume_steps(song)
    # C1 is -64 by the specification: its own value, -63, cannot be said.
    header[0x7C] = 0xC1 if steps == -64 else steps & 0xFF
    header[:4] = b"Vgm "
    struct.pack_into("<I", header, 0x08, board.version)
    struct.pack_into("<I", header, 0x30, word)
    return header


def _lost(song: "Song", kept: "Song", board: BoardOut, loops: bool) -> list[str]:
    """Say what the file does not keep."""
    lost = lost_tags(song, kept_tags(song.tags)) + lost_length(song, kept)
    if song.loop_start and not loops:
        lost.append(f"the loop, which is shorter than a sample of {RATE} Hz")
    if song.ticks_per_second != RATE:
        lost.append(f"times between samples of {RATE} Hz")
    off = 20 * math.log10(2 ** (_volume_steps(song) / 32) / song.gain)
    if abs(off) > AUDIBLE:
        lost.append(f"the volume exactly: it is {off:+.2f} dB off")
    if song.double_speed:
        lost.append("the cat2151 family's timing")
    if len(set(song.chips[:2])) > 1:
        lost.append(f"that the second chip is a {song.chips[1].upper()}")
    if len(song.opms) > 2:
        lost.append(f"the YM2151s beyond two: {len(song.opms) - 2}")
    return lost + board.lost + lost_parts(song)


def _volume_steps(song: "Song") -> int:
    """Return the volume modifier: 32 to twice the sound, -64 to 192."""
    return min(max(round(32 * math.log2(song.gain)), -64), 0xC0)


def _samples_per_tick(song: "Song") -> Fraction:
    return Fraction(RATE) / (song.ticks_per_second or Fraction(song.clock, MASTER_CLOCKS_PER_FRAME))


def _put(body: bytearray, commands: Commands, now: int, end: int, scale: Fraction) -> None:
    """Append commands, in the order of their times, and the waits from one sample to another."""
    for first in range(0, len(commands.times), PIECE):
        chosen = slice(first, first + PIECE)
        # One wait for all commands of a moment.
        moments, starts = np.unique(commands.times[chosen], return_index=True)
        lengths = commands.lengths[chosen].astype(np.int64)
        ready = commands.data[chosen][np.arange(commands.data.shape[1]) < lengths[:, None]].tobytes()
        ends = np.concatenate([[0], np.cumsum(lengths)])
        places = [*ends[starts].tolist(), len(ready)]
        # Python's integers: picoseconds of a song times the scale are beyond 64 bits.
        exact = moments.astype(object) * scale.numerator
        # As round() does it, so that the length and the loop, which are rounded by it, agree with the sum of the waits.
        samples, rest = exact // scale.denominator, exact % scale.denominator
        samples += (2 * rest > scale.denominator) | ((2 * rest == scale.denominator) & (samples % 2 == 1))
        for i, sample in enumerate(samples.tolist()):
            body += _waits(sample - now)
            body += ready[places[i] : places[i + 1]]
            now = sample
    body += _waits(end - now)


def _waits(samples: int) -> bytes:
    """Return wait commands: 61 and 16 bits, or 70 to 7F for 1 to 16 samples."""
    full, rest = divmod(samples, 0xFFFF)
    return b"\x61\xff\xff" * full + (
        struct.pack("<BH", 0x61, rest) if rest > 16 else bytes((0x6F + rest,)) * (rest > 0)
    )


def gd3_bytes(tags: dict[str, str]) -> bytes:
    """Return the GD3 tag that holds them, as far as it can; nothing if there are none."""
    if not tags:
        return b""
    text = b"".join(_ended(tags.get(key, "")) for key in GD3_KEYS)
    return b"Gd3 " + struct.pack("<II", 0x100, len(text)) + text


def _ended(text: str) -> bytes:
    """Return a string of the tag: a zero in it would end it too early, and move all that follow to another name."""
    return text.replace("\0", " ").encode("utf-16-le", "replace") + b"\0\0"


def kept_tags(tags: dict[str, str]) -> dict[str, str]:
    """Return tags as they are read back: what differs from the song's is what the file loses."""
    return read_gd3(gd3_bytes(tags))


def read_gd3(tag: bytes) -> dict[str, str]:
    """Return what a GD3 tag says."""
    # The length in front is wrong in some files, so it is not asked. A tag may be cut short in mid-character.
    text = tag[12 : 12 + LARGEST_VALUE]
    strings = text[: len(text) // 2 * 2].decode("utf-16-le", errors="replace").split("\0", len(GD3_KEYS))
    return {key: value.strip() for key, value in zip(GD3_KEYS, strings, strict=False) if value.strip()}
