from .._file import printable, replacing
from ..events import CAT2151, CHIP
from ..voice.extract import sound_of
from . import formats
from .limits import CHANNELS, FASTEST, FASTEST_BPM, LARGEST, SLOWEST, SLOWEST_BPM
from .log import WRITE, Log, Loop, SongError, reason
from .notes import numbered
from .render import Part, Renderer, Samples, Snapshot, to_int16
from .schedule import Options, Schedule
from .song import SONG_WRITE, Song, load

__all__ = [
    "CAT2151", "CHANNELS", "CHIP", "FASTEST", "FASTEST_BPM", "LARGEST", "SLOWEST", "SLOWEST_BPM", "SONG_WRITE", "WRITE",
    "Log", "Loop", "Options", "Part", "Renderer", "Samples", "Schedule", "Snapshot", "Song", "SongError", "formats",
    "load", "numbered", "printable", "reason", "replacing", "sound_of", "to_int16",
]  # fmt: skip
