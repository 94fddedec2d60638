"""What the chip really does, measured on it: the times of all envelope rates, the frequency of any key code."""

from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import positive
from ..chip import YM2151
from ..events import MASTER_CLOCKS_PER_FRAME
from ..pitch import REFERENCE_CLOCK
from ..registers import ALL_KEYS, DT2, KC, KF, KON, SLOTS, encode
from .trace import trace
from .views import slot

_TIMES = ("attack_ms", "manual_attack_ms", "decay_ms", "manual_decay_ms")
ENVELOPE_TIMES = np.dtype([("rate", np.int32), *((name, np.float64) for name in _TIMES)])
"""numpy.dtype of what ``envelope_times`` returns."""
MANUAL_CLOCK = 3_600_000
"""Hz, for which the manual prints its times."""
_MANUAL = """
    7973.55 6378.84 5315.70 4556.31  3986.77 3189.42 2657.85 2278.16  1993.39 1594.71 1328.93 1139.08
    996.69 797.35 664.46 569.54  498.35 398.68 332.23 284.77  249.17 199.34 166.12 142.38
    124.59 99.67 83.06 71.19  62.29 49.83 41.53 35.60  31.15 24.92 20.76 17.80  15.57 12.46 10.38 8.90
    7.79 6.23 5.19 4.45  3.89 3.11 2.60 2.22  2.13 1.71 1.42 1.22  1.12 0.90 0.75 0.64  0.53 0.53 0.53 0.00

    110209.71 88167.77 73473.14 62976.98  55104.85 44083.88 36736.57 31488.49  27552.43 22041.94 18368.28 15744.24
    13776.21 11020.97 9184.14 7872.12  6888.11 5510.49 4592.07 3936.06  3444.05 2755.24 2296.04 1968.03
    1722.03 1377.62 1148.02 984.02  861.01 688.81 574.01 492.01  430.51 344.41 287.00 246.00
    215.25 172.20 143.50 123.00  107.63 86.10 71.75 61.50  53.81 43.05 35.88 30.75  26.91 21.53 17.94 15.38
    13.45 10.76 8.97 7.69  6.73 6.73 6.73 6.73"""
"""Attack and decay in ms, rates 4 to 63: the manual's figure 2.11. Below 4: infinity."""
_PIECE = 4096
"""Frames between looks."""
_STANDS = 50_000
"""Frames without a step after which all envelopes count as standing still; the slowest steps every 12 288."""


def envelope_times(clock: float = REFERENCE_CLOCK) -> "npt.NDArray[Any]":
    """Measure attack and decay at all 64 effective rates, beside what the manual prints.

    The effective rate is twice the register plus the key scaling: the odd ones come from KS 3 and a key code that adds
    one.

    Parameters
    ----------
    clock : float
        Master clock in Hz.

    Returns
    -------
    (64,) ENVELOPE_TIMES
        ``rate``; ``attack_ms`` from key-on to full level, from 96 dB below it; ``decay_ms`` from full level to 96 dB
        below; infinity where nothing moves. ``manual_attack_ms`` and ``manual_decay_ms``: the manual's figure 2.11,
        printed for 3.6 MHz, at this clock.

    Raises
    ------
    TypeError, ValueError
        The clock is not a number from 1 to 1e12.

    Examples
    --------
    >>> import opm
    >>> times = opm.measure.envelope_times(clock=3_600_000)
    >>> times.rate[56], times.decay_ms[56].round(2), times.manual_decay_ms[56].round(2)
    (np.int32(56), np.float64(13.46), np.float64(13.45))
    """
    per_ms = positive("clock", clock) / MASTER_CLOCKS_PER_FRAME / 1000
    times = np.recarray(64, ENVELOPE_TIMES)
    times.rate = np.arange(64)
    for odd in (0, 1):
        times.attack_ms[odd::2] = _frames(clock, odd, decay=False) / per_ms
        times.decay_ms[odd::2] = _frames(clock, odd, decay=True) / per_ms
    printed = np.array(_MANUAL.split(), float).reshape(2, 60) * MANUAL_CLOCK / clock
    times.manual_attack_ms[:4] = times.manual_decay_ms[:4] = np.inf
    times.manual_attack_ms[4:], times.manual_decay_ms[4:] = printed
    return times


def _frames(clock: float, odd: int, decay: bool) -> npt.NDArray[np.float64]:
    """Return how many frames the attack, or the decay, of each slot takes; slot n has n in its register."""
    chip = YM2151(clock)
    for channel in range(8):
        # 4 is the lowest key code of which KS 3 adds something: one. So the rate is twice the register, plus one.
        chip.write_register(KC + channel, 4 * odd)
    for register in range(32):
        # For a decay the attack is instant, for an attack the decays stand still. D2R goes on from D1L 15, 93 dB.
        attack, fall = (31, register) if decay else (register, 0)
        chip.write_register(0x80 + register, encode(0x80, ks=3, ar=attack))
        chip.write_register(0xA0 + register, encode(0xA0, d1r=fall))
        chip.write_register(0xC0 + register, encode(0xC0, d2r=fall))
        chip.write_register(0xE0 + register, encode(0xE0, d1l=15))
    for channel in range(8):
        chip.write_register(KON, ALL_KEYS | channel)
    first, last = (0, 1023) if decay else (1023, 0)
    begun, done = np.full(32, np.inf), np.full(32, np.inf)
    frame = still = 0
    while still < _STANDS:
        # Looked at every 4096 frames, and played once more with a trace where something has arrived: rate 4 takes 110
        # s.
        saved, before = chip.save(), chip.state.eg_level.copy()
        chip.generate(_PIECE)
        after = chip.state.eg_level
        still = 0 if (before != after).any() else still + _PIECE
        if frame == 0 or ((after == last) & np.isinf(done)).any():
            chip.load(saved)
            rows = trace(chip, ["kon", "eg_level"], stop=_PIECE)
            # From the first frame with the key down: keys are struck channel by channel, two frames apart.
            begun = np.minimum(begun, _first((rows.kon == 1) & (rows.eg_level == first)) + frame)
            passed = frame + np.arange(_PIECE)[:, None] >= begun
            done = np.minimum(done, _first(passed & (rows.eg_level == last)) + frame)
        frame += _PIECE
    frames: npt.NDArray[np.float64] = done - begun
    return frames


def _first(reached: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the first row at which each column is true; infinity if none is."""
    return np.where(reached.any(axis=0), reached.argmax(axis=0), np.inf)


def frequency(kc: int, kf: int = 0, mul: int = 1, dt1: int = 0, dt2: int = 0, clock: float = REFERENCE_CLOCK) -> float:
    """Return the frequency that the chip makes of a key code.

    Parameters
    ----------
    kc, kf : int
        Key code, 0 to 127, and key fraction, 0 to 63: what ``opm.note`` gives.
    mul, dt1, dt2 : int
        Multiple and detune of an operator, as in its registers.
    clock : float
        Master clock in Hz.

    Returns
    -------
    float
        Hz: the phase increment of an operator so set, by which its 20-bit phase steps at every frame.

    Raises
    ------
    TypeError, ValueError
        A value does not fit its register.

    Examples
    --------
    >>> import opm
    >>> opm.measure.frequency(*opm.note("A4"))
    439.94318187236786
    """
    chip = YM2151(clock)
    detune = {SLOTS: encode(SLOTS, dt1=dt1, mul=mul), DT2: encode(DT2, dt2=dt2)}
    for address, data in {KC: encode(KC, kc=kc), KF: encode(KF, kf=kf), **detune}.items():
        chip.write_register(address, data)
    # Four writes two frames apart, then what the pipeline takes.
    chip.generate(20)
    return float(slot(chip, 1, "M1")["frequency Hz"])
