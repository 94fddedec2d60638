"""Songs: register writes with exact times, their formats, their playing on the chip's bus, and their sound."""

from typing import Any

from .._check import Samples
from .._file import printable, replacing
from ..events import CAT2151, CHIP
from ..voice.extract import sound_of
from . import formats
from .data import WRITE, Loop, Part, SongError, reason
from .formats import load
from .limits import FASTEST, LARGEST, SLOWEST
from .notes import numbered
from .playing import Playing, Timetable
from .render import BLOCK, CHANNELS, Renderer, Snapshot
from .resample import FULL_SCALE, Resampler, to_int16
from .song import SONG_WRITE, Song

__all__ = [
    "BLOCK", "CAT2151", "CHANNELS", "CHIP", "FASTEST", "FULL_SCALE", "LARGEST", "SLOWEST", "SONG_WRITE", "WRITE",
    "Loop", "Part", "Playing", "Renderer", "Resampler", "Samples", "Snapshot", "Song", "SongError", "Timetable",
    "formats", "load", "numbered", "printable", "reason", "replacing", "sound_of", "to_int16",
]  # fmt: skip
_NEW_NAMES = {
    "Log": "opm.song.Song, which has its writes in ticks as rows",
    "Schedule": "opm.song.Playing(song, loops=, fade=, ...)",
    "Options": "opm.song.Playing(song, loops=, fade=, ...)",
}


def __getattr__(name: str) -> Any:
    """Name what has taken a name's place."""
    if name in _NEW_NAMES:
        raise AttributeError(f"opm.song.{name} is now {_NEW_NAMES[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
