"""What several readers share: checks of clocks and loops, numbers."""

from ..._file import printable
from ..limits import FASTEST, SLOWEST
from ..log import Loop, SongError


def checked_loop(loop: Loop | None, length: int, where: str, notes: list[str]) -> Loop | None:
    """Return the loop a file asks for if it was met inside the song and takes time, else a note instead."""
    if loop is None or loop.tick >= length:
        notes.append(f"{where}: the loop is outside the song or takes no time: not looped")
        return None
    return loop


def check_clock(clock: int, where: str) -> int:
    """Return the clock if it can be a YM2151's, else raise SongError."""
    if not SLOWEST <= clock <= FASTEST:
        raise SongError(f"{where}: expected a clock of {SLOWEST} to {FASTEST} Hz, got {printable(str(clock), 40)}")
    return clock


def other_clock(clock: int, first: int, where: str, notes: list[str]) -> int | None:
    """Return a second chip's clock if it differs from the first's; one that it cannot be makes a note instead."""
    if not SLOWEST <= clock <= FASTEST:
        notes.append(f"{where}: expected a clock of {SLOWEST} to {FASTEST} Hz, got {clock}: the first chip's taken")
        return None
    return None if clock == first else clock


def u32(data: bytes, at: int) -> int:
    """Return the little-endian 32-bit number at a place of a file."""
    return int.from_bytes(data[at : at + 4], "little")
