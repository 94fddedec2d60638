from . import dataset, registers, song
from .chip import YM2151, YM2164, run
from .events import EVENT, make_events
from .inspect import measure, views
from .inspect import plot as plot
from .inspect.explorer import explorer as explorer
from .inspect.sound import listen
from .inspect.trace import trace
from .inspect.vcd import write_vcd
from .many import JobErrors, render_many
from .midi.bank import Bank, Instrument
from .midi.banks import read_bank
from .pitch import REFERENCE_CLOCK, KeyCode, midi_of, note
from .registers import describe
from .song import Song, SongError, load, mml
from .state import FIELDS, STATE
from .voice import Operator, Voice, extract_voices, read_voices, write_opm

__version__: str
__all__ = [
    "EVENT",
    "FIELDS",
    "REFERENCE_CLOCK",
    "STATE",
    "YM2151",
    "YM2164",
    "Bank",
    "Instrument",
    "JobErrors",
    "KeyCode",
    "Operator",
    "Song",
    "SongError",
    "Voice",
    "dataset",
    "describe",
    "extract_voices",
    "listen",
    "load",
    "make_events",
    "measure",
    "midi_of",
    "mml",
    "note",
    "read_bank",
    "read_voices",
    "registers",
    "render_many",
    "run",
    "song",
    "trace",
    "views",
    "write_opm",
    "write_vcd",
]
