"""Voices made softer, with the noise of channel 8: its amplitude is linear where that of operators is in decibels."""

import math
from dataclasses import replace

from ..tables import TL_DB
from ..voice.table import LFO
from ..voice.voice import Operator, Voice

C2 = 3
"""The operator that noise replaces on channel 8, as index of ``Voice.ops``."""
_NE = LFO.index("ne")
EG_DB = 3 / 32
"""dB of a step of an envelope."""
FULL = 1023 / 8
"""Steps of TL at which the noise is gone: its amplitude is what is left of them (``opm.cycle.noise.sample``)."""
_HALF = 20 * math.log10(2)
"""dB that halve an amplitude."""
_MOST = 127


def is_noise(voice: Voice) -> bool:
    """Return whether a voice switches the noise on."""
    return bool(voice.lfo and voice.lfo[_NE])


def quieter(voice: Voice, decibels: float) -> Voice:
    """Return a voice with its carriers attenuated.

    Parameters
    ----------
    voice : Voice
    decibels : float
        How much softer; negative makes it louder. A TL ends at 0 and at 127.

    Returns
    -------
    Voice
        Carriers in steps of 0.75 dB. Noise in proportion to what is left of its 127.9 steps, its envelope's rates and
        level with it: so it dies away in the time in which it did before.
    """
    steps = round(decibels / TL_DB)
    ops = list(voice.ops)
    for i in voice.carriers:
        ops[i] = replace(ops[i], tl=_tl(ops[i].tl + steps))
    if is_noise(voice):
        ops[C2] = _noise_quieter(voice.ops[C2], decibels)
    return replace(voice, ops=ops)


def _noise_quieter(op: Operator, decibels: float) -> Operator:
    left = FULL - op.tl
    tl = _tl(round(FULL - left * 10 ** (-decibels / 20)))
    # By the TL there is, not the one asked for: the noise ends at TL 0.
    halvings = 20 * math.log10(left / (FULL - tl)) / _HALF
    return replace(
        op,
        tl=tl,
        # A rate is halved by two steps of D1R and D2R, by one of RR. From 31 on an attack takes no time whatever, from
        # 0 on a decay.
        d1r=_rate(op.d1r, 2 * halvings, 31),
        d2r=_rate(op.d2r, 2 * halvings, 31),
        rr=_rate(op.rr, halvings, 15),
        d1l=op.d1l if op.d1l == 15 else min(14, round(op.d1l * 2**-halvings)),
    )


def _rate(rate: int, steps: float, most: int) -> int:
    """Return a rate so many steps lower; 0 is none and stays so."""
    return max(1, min(most, rate - round(steps))) if rate else 0


def _tl(tl: int) -> int:
    return max(0, min(_MOST, tl))
