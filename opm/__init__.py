"""A YM2151 (OPM) and YM2164 (OPP), exact to the bit and to the clock, compiled by Numba."""

from .chip import YM2151, YM2164, make_events, run
from .registers import describe
from .run import EVENT
from .state import FIELDS, STATE

__all__ = ["EVENT", "FIELDS", "STATE", "YM2151", "YM2164", "describe", "make_events", "run"]
__version__ = "0.1.0"
