from .._check import Samples
from .._file import printable, replacing
from ..counts import CHANNELS, CORES
from ..events import CAT2151, CHIP
from ..voice.extract import sound_of
from . import formats, writers
from .data import PART_WRITE, WRITE, Arrangement, Bank, Companion, Loop, Opm, Part, SongError, Source, reason
from .formats import load
from .formats.mml import mml
from .limits import FASTEST, FASTEST_BPM, LARGEST, MOST_CHIPS, SLOWEST, SLOWEST_BPM
from .playing import Playing, Timetable
from .render import BLOCK, Renderer, Snapshot
from .resample import FULL_SCALE, Resampler, to_int16
from .song import SONG_WRITE, Song

__all__ = [
    "BLOCK", "CAT2151", "CHANNELS", "CHIP", "CORES", "FASTEST", "FASTEST_BPM", "FULL_SCALE", "LARGEST", "MOST_CHIPS",
    "PART_WRITE", "SLOWEST", "SLOWEST_BPM", "SONG_WRITE", "WRITE", "Arrangement", "Bank", "Companion", "Loop", "Opm",
    "Part", "Playing", "Renderer", "Resampler", "Samples", "Snapshot", "Song", "SongError", "Source", "Timetable",
    "formats", "load", "mml", "printable", "reason", "replacing", "sound_of", "to_int16", "writers",
]  # fmt: skip
