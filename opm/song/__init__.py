"""Songs: register writes with exact times, their formats, their schedule on the chip's bus, and their sound."""

from ..events import CAT2151, CHIP
from . import formats
from .formats.common import FASTEST, SLOWEST
from .render import BLOCK, CHANNELS, Part, Renderer, Samples, Snapshot
from .schedule import Options, Schedule
from .song import WRITE, Loop, Song, SongError, reason

__all__ = [
    "BLOCK", "CAT2151", "CHANNELS", "CHIP", "FASTEST", "SLOWEST", "WRITE", "Loop", "Options", "Part", "Renderer",
    "Samples", "Schedule", "Snapshot", "Song", "SongError", "formats", "reason",
]  # fmt: skip
