"""JSON logs out: one playing, in samples of the chip's own rate, or in seconds for the cat2151 family."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ...events import MASTER_CLOCKS_PER_FRAME
from ...pitch import REFERENCE_CLOCK
from ..data import SongError, in_pieces
from ..limits import LARGEST
from .written import Written, lost_companions, lost_length, lost_parts, lost_tags, lost_volume

if TYPE_CHECKING:
    from ..song import Song

SHORTEST_ROW = len('{"time": 0, "addr": "0x08", "data": "0x00"},\n')
"""Bytes: a log that is surely too large is refused before it is made."""


def write(song: "Song") -> Written:
    """Return the song as a log.

    Beside the rows it has what the family's own players skip: ``tags``, ``length``, ``loop`` (the time and the row that
    the song goes back to), and ``ticks_per_second``, by which times and the length of a loop are read back exactly.

    Raises
    ------
    SongError
        The song is for two chips, a log holds one; or the log is larger than what is read.
    """
    # A log names one row to go back to: of an MDX, whose first round differs, one behind all that does not come again.
    kept = song.unrolled()
    more: dict[str, Any] = {"tags": kept.tags} if kept.tags else {}
    more |= {"length": _shown(kept, kept.end)}
    start = kept.loop_start
    # Times are whole frames here: a loop shorter than one would take no time, and be refused when it is read.
    loops = start is not None and _shown(kept, start.tick) < _shown(kept, kept.end)
    if start and loops:
        more |= {"loop": {"time": _shown(kept, start.tick), "row": start.write + 1}}
    more |= {"ticks_per_second": str(kept.ticks_per_second)} if keeps_ticks(kept) else {}
    return Written(text(kept, more), _lost(song, kept, loops))


def text(song: "Song", more: Mapping[str, Any] | None = None) -> bytes:
    """Return the log of a song's writes; beside them what every player of the family reads, and what else is given."""
    if len(song.opms) > 1:
        raise SongError("a JSON log holds the writes of one chip, this song has two")
    _check_size(len(song.rows) * SHORTEST_ROW)
    # "time_unit" is written always: without it a short log in whole numbers would be taken for seconds.
    unit = "seconds" if song.ticks_per_second and song.double_speed else "samples"
    head: dict[str, Any] = {"event_count": len(song.rows), "time_unit": unit}
    head |= {"clock": song.clock} if song.clock != REFERENCE_CLOCK else {}
    log = bytearray(f'{json.dumps(head | dict(more or {}))[:-1]}, "events": ['.encode())
    between = "\n"
    # In pieces: at once, 7.8 million writes took 2.75 GB.
    for piece in in_pieces(song.rows):
        rows = [
            json.dumps({"time": _shown(song, time), "addr": f"0x{address:02X}", "data": f"0x{value:02X}"})
            for time, _, address, value in piece.tolist()
        ]
        log += (between + ",\n".join(rows)).encode()
        between = ",\n"
        _check_size(len(log))
    return bytes(log + b"\n]}\n")


def _check_size(size: int) -> None:
    """Raise SongError if a log of so many bytes would be refused when it is read."""
    if size > LARGEST:
        raise SongError(f"a JSON log that can be read again has at most {LARGEST} bytes, this song's has more")


def _shown(song: "Song", tick: int) -> float:
    """Return a time as a log has it: the frame it stands for, or seconds."""
    return float(tick / song.ticks_per_second) if song.ticks_per_second and song.double_speed else _frame(song, tick)


def _frame(song: "Song", tick: int) -> int:
    """Return the first frame at or after a tick."""
    frames = song.clock / (MASTER_CLOCKS_PER_FRAME * song.ticks_per_second) if song.ticks_per_second else Fraction(1)
    # Rounded up, as a write is due: so the log plays bit for bit as the song does.
    return -(-tick * frames.numerator // frames.denominator)


def keeps_ticks(song: "Song") -> bool:
    """Say whether a song's ticks can be told from the frames they stand for: no two have the same."""
    # With more ticks than frames two ticks share a frame, and could not be told apart when it is read.
    return (
        not song.double_speed
        and song.ticks_per_second is not None
        and song.ticks_per_second * MASTER_CLOCKS_PER_FRAME <= song.clock
    )


def _lost(song: "Song", kept: "Song", loops: bool) -> list[str]:
    """Say what the log does not keep."""
    lost = lost_tags(song, song.tags) + lost_length(song, kept) + lost_volume(song)
    rounded = song.ticks_per_second is not None and not song.double_speed and not keeps_ticks(song)
    if rounded:
        lost.append("times between the chip's samples")
    if song.double_speed and song.ticks_per_second is None:
        lost.append("the cat2151 family's timing")
    if "ym2164" in song.chips:
        lost.append("that the chip is a YM2164")
    if song.loop_start and (song.loop_modifier != 16 or song.loop_base):
        lost.append(f"loop modifier 0x{song.loop_modifier:02X} and loop base {song.loop_base}")
    if song.loop_start and not loops:
        lost.append("the loop, which is shorter than a frame")
    elif song.loop_start and rounded:
        frame = Fraction(MASTER_CLOCKS_PER_FRAME, song.clock)
        first, end = song.ticks_once
        # The loop of a song whose ticks are not kept goes from frame to frame: each pass drifts by this.
        longer = float(
            10**6 * ((_frame(song, end) - _frame(song, first)) * frame - song.loop_ticks / (song.ticks_per_second or 1))
        )
        if longer:
            how = "longer" if longer > 0 else "shorter"
            lost.append(f"the loop's length to a fraction of a frame: each pass is {abs(longer):.2g} us {how}")
    return lost + lost_companions(song) + lost_parts(song)
