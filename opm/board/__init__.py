"""The other chips of the boards that the YM2151 stands on, one file each; each is compiled when a song needs it.

A chip's module (a *core*) has the registers' map at its head, and beside it:

===============  ======================================================================================================
``TITLE``        What people call it.
``FIELDS``       The table of its state, as in ``opm.state``; all fields are int32.
``rate``         ``rate(clock, options)``: samples per second of its own, a ``Fraction``, for a master clock in Hz.
``power_up``     ``power_up(state, clock, options)``: sets what is not 0 after a reset. Options are whole numbers by
                 name: what the board wires, and a file's header says.
``run``          ``run(state, memory, writes, out)``, compiled: makes ``len(out)`` samples, each write taken before its
                 own. ``state`` is a record array of one, ``memory`` bytes (a ROM or samples), ``writes`` (n,) ``WRITE``
                 in order, ``out`` (n, 2) int32, left and right. Memory beyond its end reads as silence.
``struck``       ``struck(rows)``: the writes (address, data) that strike a sound, as ``STRIKE``.
===============  ======================================================================================================
"""

from ..counts import CORES
from .chip import Chip, core

__all__ = ["CORES", "Chip", "core"]
