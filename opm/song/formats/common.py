"""What several readers share: checks of clocks and loops, numbers."""

from array import array
from collections.abc import Mapping

import numpy as np

from ...board import core
from ...registers import ALL_KEYS, KON
from ..data import PART_WRITE, Loop, Writes
from ..limits import FASTEST, FASTEST_PART, FASTEST_PART_CLOCK, SLOWEST, SLOWEST_PART
from ..song import Song


def heard(song: Song) -> Song:
    """Return a song, with a remark if nothing of it will be heard."""
    # The cat2151 family's test logs press no key, nor do ZSMs for VERA alone: silence would pass for a fault.
    keys = song.rows["data"][song.rows["address"] == KON]
    if (keys & ALL_KEYS).any() or song.companions:
        return song
    return song.but(read_remarks=(*song.read_remarks, "no key is ever pressed: nothing of the FM chip will be heard"))


def checked_loop(loop: Loop | None, end: int, where: str, remarks: list[str]) -> Loop | None:
    """Return the loop a file asks for if it was met inside the song and takes time, else a remark instead."""
    if loop is None or loop.tick >= end:
        remarks.append(f"{where}: the loop is outside the song or takes no time: not looped")
        return None
    return loop


def second_clock(clock: int, first: int, where: str, remarks: list[str]) -> int:
    """Return a second chip's clock; one that it cannot be makes a remark, and the first's stands for it."""
    if SLOWEST <= clock <= FASTEST:
        return clock
    remarks.append(f"{where}: expected a clock of {SLOWEST} to {FASTEST} Hz, got {clock}: the first chip's taken")
    return first


class Rows:
    """Rows for another chip, put together one by one: in a list of tuples they would take six times the memory."""

    def __init__(self) -> None:
        self._numbers = array("q")

    def __len__(self) -> int:
        return len(self._numbers) // 3

    def add(self, time: int, address: int, data: int) -> None:
        """Add a row."""
        self._numbers.extend((time, address, data))

    def made(self) -> Writes:
        """Return all rows, (n,) PART_WRITE."""
        numbers, rows = np.frombuffer(self._numbers, np.int64), np.empty(len(self), PART_WRITE)
        for i, column in enumerate(("time", "address", "data")):
            rows[column] = numbers[i::3]
        return rows


def is_playable(name: str, clock: int, options: Mapping[str, int]) -> bool:
    """Return whether another chip of a board has a clock that it can be played at."""
    # A damaged header gives 1 Hz or 1 GHz: a second of it would take minutes, or no time at all.
    in_reach = 0 < clock <= FASTEST_PART_CLOCK
    return in_reach and SLOWEST_PART <= core(name).rate(clock, options) <= FASTEST_PART


def u32(data: bytes, at: int) -> int:
    """Return the little-endian 32-bit number at a place of a file."""
    return int.from_bytes(data[at : at + 4], "little")
