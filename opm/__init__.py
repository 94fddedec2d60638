"""A YM2151 (OPM) and YM2164 (OPP), exact to the bit and to the clock, compiled by Numba.

>>> import opm
>>> chip = opm.YM2151()
>>> for address, data in [(0x20, 0xC7), (0x28, 0x4A), (0x60, 0), (0x80, 31), (0xE0, 15), (0x08, 0x08)]:
...     chip.write_register(address, data)
>>> chip.generate(1000).shape
(1000, 2)

What there is
-------------
``YM2151``, ``YM2164``      the chips: registers in, samples out, pins and state to look at
``run``, ``make_events``    the same in one call, from bus events at exact cycles
``render_many``             thousands of programs at once: events, notes or songs, on all cores or on a cluster
``dataset``                 labelled notes by the thousand; ``python -m opm.dataset``
``trace``, ``write_vcd``    state over time, as an array or for a wave viewer
``views``                   looks at a state record: dB, Hz, names; ``help(opm.views)``
``plot``                    pictures, with matplotlib; ``import opm.plot``
``explorer``                a voice as sliders, drawn and heard, in a notebook
``listen``                  sounds as players in a notebook
``measure``                 envelope times and frequencies, measured on the chip
``Voice``, ``Operator``     instruments; ``read_voices``, ``write_opm`` their files, ``extract_voices`` a song's
``read_bank``, ``Bank``     voices for MIDI: an ``Instrument`` for each program and drum key
``note``, ``midi_of``       notes to key codes and back; ``note("A4").registers(1)`` is what to write
``describe``                what a register write does; ``help(opm.registers)`` lists all registers
``registers``               ``encode`` and ``fields``: register bytes from their fields and back
``load``, ``Song``          songs: from any file or from Python; sound, writes, events, voices, the chip in mid-song
``mml``                     songs from text, in the MML of MDX
``song``                    what plays them: ``song.Playing`` with a tempo, a clock or a tail; formats, renderers

Words
-----
clock, cycle
    One step of the chip: two periods of the master clock phiM, 3 579 545 Hz or 4 000 000 Hz as a rule.
frame
    32 cycles, 64 periods of phiM: one stereo sample, 55 930 per second.
channel
    1 to 8. Arrays with one element per channel count from 0.
operator, slot
    M1, M2, C1, C2, in register order. State fields of 32 elements are indexed by slot: 8 * operator + channel - 1.
event
    What happens on the bus before a cycle. An array of events has the dtype ``EVENT``: ``cycle`` (int64, cycles since
    reset, non-decreasing), ``kind`` (uint8: 0 = address, 1 = data, 2 = the IC pin) and ``data`` (uint8).
state
    A record of the dtype ``STATE``: every latch and counter of the chip by name, all int32. ``FIELDS`` says of each its
    width in bits, number of elements and meaning.

Sources
-------
All behaviour: Nuked-OPM f209e6e (August 2026), which was read off the silicon; every cycle and every bit of state
equals it. Names of registers, dB and Hz: Yamaha's YM2151 manual. Not emulated: the analogue side, half-cycles of phiM.
"""

from typing import Any

from . import _program  # noqa: F401 (to be there before what takes time)
from ._lazy import lazy

__version__ = "0.3.0"
_named, __dir__, __all__ = lazy(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import what is asked for, as ``__init__.pyi`` says; ``plot`` and ``explorer`` need matplotlib and ipywidgets."""
    try:
        return _named(name)
    except ModuleNotFoundError as error:
        if name not in ("plot", "explorer"):
            raise
        raise ImportError(f"{error}: pip install 'numba-opm[notebooks]'") from None
