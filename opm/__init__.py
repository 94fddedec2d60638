"""A YM2151 (OPM) and YM2164 (OPP), exact to the bit and to the clock, compiled by Numba.

``YM2151``, ``YM2164``    the chips
``run``                   bus events in, samples out
``trace``, ``write_vcd``  state over time, as an array or for a wave viewer
``views``                 looks at a state record: dB, Hz, names
``Voice``                 instruments and their files; ``extract_voices`` finds a song's
``note``, ``midi_of``     notes to key codes and back
``describe``              what a register write does
``EVENT STATE FIELDS``    the layouts of events and state
"""

from . import views
from .chip import YM2151, YM2164, make_events, run
from .registers import describe
from .run import EVENT
from .state import FIELDS, STATE
from .trace import Trace, trace
from .vcd import write_vcd
from .views import midi_of, note
from .voice import Operator, Voice, extract_voices, read_voices, write_opm

__all__ = [
    "EVENT",
    "FIELDS",
    "STATE",
    "YM2151",
    "YM2164",
    "Operator",
    "Trace",
    "Voice",
    "describe",
    "extract_voices",
    "make_events",
    "midi_of",
    "note",
    "read_voices",
    "run",
    "trace",
    "views",
    "write_opm",
    "write_vcd",
]
__version__ = "0.1.0"
