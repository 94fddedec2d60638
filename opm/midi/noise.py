"""Voices made softer, with the noise of channel 8: its amplitude is linear where that of operators is in decibels."""

import math
from dataclasses import replace
from typing import Any

from .. import registers
from ..registers import SLOT_BASES, encode, fields
from ..tables import TL_DB
from ..voice.extract import attenuation, turned_down
from ..voice.table import LFO
from ..voice.voice import Operator, Voice

C2 = 3
"""The operator that noise replaces on channel 8, as index of ``Voice.ops``."""
EG_DB = 3 / 32
"""dB of a step of an envelope."""
FULL = 1023 / 8
"""Steps of TL at which noise is gone: its amplitude is in proportion to what is left (``opm.cycle.noise.sample``)."""
BY_LEVEL = (registers.TL, registers.D1R, registers.DT2, registers.D1L)
"""First addresses of the slots' registers that are others where noise is softer."""
_NE = LFO.index("ne")
_HALF = 20 * math.log10(2)
"""dB that halve an amplitude."""
_MOST = 127
_NEVER = 15
"""D1L at which decay 1 goes on to the end."""


def is_noise(voice: Voice) -> bool:
    """Return whether a voice switches the noise on."""
    return bool(voice.lfo and voice.lfo[_NE])


def quieter(voice: Voice, steps: int) -> Voice:
    """Return a voice with its carriers attenuated.

    Parameters
    ----------
    voice : Voice
    steps : int
        Of TL, 0.75 dB each; negative makes it louder. A TL ends at 0 and at 127.

    Returns
    -------
    Voice
    """
    softer = turned_down(voice, attenuation(voice) + steps)
    if not is_noise(voice):
        return softer
    bytes_ = zip(SLOT_BASES, voice.ops[C2].data(), strict=True)
    noise = Operator.of([noise_quieter(base, byte, steps) for base, byte in bytes_])
    return replace(softer, ops=[*softer.ops[:C2], noise])


def noise_quieter(base: int, byte: int, steps: int) -> int:
    """Return what a register of noise holds where it is to be softer by so many steps of 0.75 dB.

    Noise falls in a straight line, so from a lower start it would be gone sooner: rates, and the level at which decay 1
    ends, go down with its amplitude. It is never made louder than it is.

    Parameters
    ----------
    base : int
        First address of the slots' register.
    byte : int
        What it holds at full level.
    steps : int
    """
    halvings = max(steps, 0) * TL_DB / _HALF
    values: dict[str, Any] = fields(base, byte)
    match base:
        case registers.TL:
            values["tl"] = min(_MOST, round(FULL - (FULL - byte) * 2**-halvings))
        # Two steps of D1R and D2R are one of RR: the rate doubles.
        case registers.D1R:
            values["d1r"] = _slower(values["d1r"], 2 * halvings)
        case registers.DT2:
            values["d2r"] = _slower(values["d2r"], 2 * halvings)
        case registers.D1L:
            values["rr"] = _slower(values["rr"], halvings)
            values["d1l"] = values["d1l"] if values["d1l"] == _NEVER else round(values["d1l"] * 2**-halvings)
    return encode(base, **values)


def _slower(rate: int, steps: float) -> int:
    """Return a rate so many steps lower; 0, which never moves, stays, and no other becomes it."""
    return max(1, round(rate - steps)) if rate else 0
