"""The chip's ROMs as int32 arrays, each with its origin.

"die" means: read off the silicon by Nuke.YKT (Nuked-OPM); a formula is given where one reproduces the ROM.
``tests/test_tables.py`` compares every table with the figures the reference holds.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rom: TypeAlias = npt.NDArray[np.int32]


def _rom(values: object) -> Rom:
    rom = np.array(values, np.int32)
    rom.setflags(write=False)
    return rom


_INDEX = np.arange(256)

LOGSIN = _rom(np.rint(-256 * np.log2(np.sin((_INDEX + 0.5) * np.pi / 512))))
"""(256,) quarter sine as attenuation, 1/256 octave (3/128 dB) steps. Die; the formula gives every entry."""

EXP = _rom(np.rint(2048 * 2.0 ** (-(_INDEX + 1) / 256)))
"""(256,) 11-bit mantissa of 2 ** -x, x in 1/256. Die; the formula gives every entry."""

EG_STEP = _rom([[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0], [1, 1, 1, 0]])
"""(4, 4) extra step by low rate bits and timer phase. Die."""

D1L = _rom([*range(15), 31])
"""(16,) first decay level, 3 dB steps: 15 is 93 dB. Manual."""

SILENCE = 1023
"""Attenuation, 3/32 dB steps, at which a silent slot rests, and where the adders saturate: ten ones."""

OFF = 0x3F0
"""Attenuation, 3/32 dB steps, from which on the envelope generator takes a slot for silent: its upper six bits. Die."""

INAUDIBLE = 832
"""Attenuation, 3/32 dB steps, from which on an operator's output is 0 whatever its phase: 13 shifts of 13 bits."""

PHASE_MASK = 0xFFFFF
"""A phase, and its increment per frame, have 20 bits; the sine takes the upper ten."""

TIMER_A_END, TIMER_B_END = 0x3FF, 0xFF
"""The last counts of the timers: the next overflows. Manual: 10 and 8 bits."""

DETUNE = _rom([16, 17, 19, 20, 22, 24, 27, 29])
"""(8,) mantissa of detune 1, 16 * 2 ** (n / 8) truncated to the die's values."""


def _detuned(dt1: int, kcode: int) -> int:
    """Return a key code's offset. From key code 28 on the die's adder gives no more."""
    size, code = dt1 & 3, min(kcode, 28)
    if not size:
        return 0
    total = (code >> 2) + 9 + (3 if size == 3 else size & 2)
    offset = int(DETUNE[((total & 1) << 2) | (code & 3)]) >> (9 - (total >> 1))
    return -offset if dt1 & 4 else offset


DETUNED = _rom([_detuned(dt1, kcode) for dt1 in range(8) for kcode in range(32)])
"""(256,) what detune 1 adds to an increment before MUL, by 32 * DT1 + key code. Die: an adder and a shift of DETUNE."""

OCTAVE = _rom([1 << (kcode >> 2) for kcode in range(32)])
"""(32,) factor of an octave by key code: products go abreast where shifts by a variable do not with AVX2."""

MULTIPLE = _rom([1, *range(2, 32, 2)])
"""(16,) twice the frequency multiple by MUL: 0 is one half. Manual."""

DT2_FRACTION = _rom([0, 0, 52, 32])
"""(4,) detune 2 in 1/64 semitones ..."""
DT2_NOTES = _rom([0, 8, 9, 12])
"""(4,) ... and in note codes, four a quarter octave of which three are in use: 6 00/64, 7 52/64, 9 32/64 semitones.
Die."""

# F-numbers of the 48 quarter steps of an octave (rows: three semitones each), with the slope to the next.
# fmt: off
_BASE = (
    1299, 1318, 1337, 1356, 1376, 1396, 1416, 1437, 1458, 1479, 1501, 1523,
    1545, 1567, 1590, 1613, 1637, 1660, 1685, 1709, 1734, 1759, 1785, 1811,
    1837, 1864, 1891, 1918, 1946, 1975, 2003, 2032, 2062, 2092, 2122, 2153,
    2185, 2216, 2249, 2281, 2315, 2348, 2382, 2417, 2452, 2488, 2524, 2561,
)
_SLOPE = (
    19, 19, 19, 20, 20, 20, 21, 20, 21, 21, 22, 22,
    22, 22, 23, 23, 23, 24, 24, 24, 25, 25, 26, 26,
    26, 27, 27, 28, 28, 28, 29, 30, 30, 30, 31, 31,
    31, 31, 31, 31, 31, 31, 30, 30, 30, 30, 30, 30,
)
# fmt: on
_STEEP = 37  # from this quarter step on the die's interpolator has rounding terms of its own
_EMPTY = (0, 16)  # base and slope the interpolator sees at the unused note codes 3, 7, 11, 15


def _fnum(code: int) -> int:
    """F-number of a 10-bit code: third of an octave (2 bits), quarter step (4), fraction (4)."""
    third, step, fraction = code >> 8, (code >> 4) & 15, code & 15
    used = step < 12
    quarter = third * 12 + step
    base, slope = (_BASE[quarter], _SLOPE[quarter]) if used else _EMPTY
    bit0, bit1, bit2, bit3 = ((fraction >> i) & 1 for i in range(4))
    if used and quarter < _STEEP:
        half_units = bit0 * (slope >> 3) + bit1 * (slope >> 2) + bit2 * (slope >> 1) + bit3 * slope
    else:
        odd = slope | 1
        half_units = bit0 * ((odd >> 3) + 2) + bit1 * 8 + bit2 * (odd >> 1) + bit3 * (odd + 1)
        half_units += 4 * (bit2 & bit3 & ~slope & 1)
    return base + (half_units >> 1)


FNUM = _rom([_fnum(code) for code in range(1024)])
"""(1024,) F-number by key code and fraction (low 10 bits). Die."""


def _pm(lfo: int, pms: int) -> int:
    """Scale the 7-bit LFO value to 1/64 semitones, by the die's adder of the top three bits."""
    top = (lfo >> 4) & 7
    if pms != 7:
        top >>= 1
    extra = (top & 6) == 6 or ((top & 3) == 3 and pms >= 6)
    out = (top + (top >> 2 & 1) + extra) * 2 + (lfo >> 4 & 1)
    if pms == 7:
        out >>= 1
    out = (lfo & 15) + (out & 15) * 16
    return (0, out >> 5 & 3, out >> 4 & 7, out >> 3 & 15, out >> 2 & 31, out >> 1 & 63, out << 1, out << 2)[pms]


PM = _rom([[_pm(lfo, pms) for lfo in range(128)] for pms in range(8)])
"""(8, 128) pitch offset in 1/64 semitone by PMS and LFO size. Die."""


def _algorithms(*rows: str) -> Rom:
    return _rom([[str(con) in row for con in range(8)] for row in rows])


# Which algorithms connect a source to the operator that is about to be modulated. The two buses are
# added: M1 and "output on bus 2" share one, older M1, C1 and "output on bus 1" the other.
#                    M1          older M1    C1     output, bus 2  output, bus 1
MODULATION = _rom(
    [
        _algorithms("01234567", "01234567", "", "", ""),  # to M1: self-feedback
        _algorithms("15", "", "012", "", ""),  # to M2
        _algorithms("", "", "", "03456", ""),  # to C1: M1 is at the output then
        _algorithms("25", "", "3", "0134", "2"),  # to C2: M2 is at the output then
    ]
)
"""(4, 5, 8) modulation sources by operator (M1 M2 C1 C2), source and algorithm. Manual and die."""

CARRIER = _algorithms("7", "567", "4567", "01234567")
"""(4, 8) 1 = the operator (M1 M2 C1 C2) is heard in the algorithm. Manual and die."""

WIRES = np.stack(
    (
        MODULATION[1, 0],
        MODULATION[1, 2],
        MODULATION[2, 3],
        MODULATION[3, 0],
        MODULATION[3, 3] | MODULATION[3, 4],
        MODULATION[3, 2],
    )
)
WIRES.setflags(write=False)
WIRE_ENDS = ((0, 1), (2, 1), (0, 2), (0, 3), (1, 3), (2, 3))
"""The wires by the operators (M1 M2 C1 C2) at their ends, and (6, 8) 1 = the algorithm has it: MODULATION without the
buses. M1's own feedback is no wire."""

CARRIERS = tuple(tuple(np.flatnonzero(heard).tolist()) for heard in CARRIER.T)
"""Operators that are heard, 0 to 3, by algorithm: CARRIER as tuples."""

TL_DB = 0.75
"""dB of a step of a total level. Manual, figure 2.14."""

SINE = _rom(LOGSIN[[(p ^ 255) & 255 if p & 256 else p & 255 for p in range(1024)]])
"""(1024,) attenuation of a whole sine by 10-bit phase, without its sign: LOGSIN unfolded."""

_REACHABLE = int(LOGSIN.max()) + (1023 << 2) + 1
POWER = _rom([EXP[a & 255] << 2 >> (a >> 8) if a < 4096 else 0 for a in range(_REACHABLE)])
"""(6230,) operator magnitude by log-sine plus envelope; saturated attenuations (4096 and up) give 0."""


NEVER = 64
"""Added to an effective rate if the register holds 0: that never steps, whatever the key scaling."""

EVERY_TICK = 48
"""Effective rate from which on a slot steps at every tick. Die."""

INSTANT = 62
"""Effective rate from which on an attack is over at once. Die."""


def _step_size(extra: int, shift: int, rate: int) -> int:
    rate, never = rate % NEVER, rate >= NEVER
    if rate >= EVERY_TICK:
        return min(extra + (rate >> 2) - 11, 4)
    return 0 if never else {12: int(rate > 0), 13: rate >> 1 & 1, 14: rate & 1}.get(shift, 0)


EG_SIZE = _rom(
    [[[_step_size(extra, shift, rate) for rate in range(2 * NEVER)] for shift in range(16)] for extra in range(2)]
)
"""(2, 16, 128) size of an envelope step, 0 to 4, by EG_STEP's bit, the timer's shift, and effective rate. From
EVERY_TICK on all ticks step, below it those whose carry in the timer fits. Die."""

EG_INCREMENT = _rom(
    [
        [int(EG_SIZE[EG_STEP[rate & 3, phase], (lock + (rate % NEVER >> 2)) & 15, rate]) for rate in range(2 * NEVER)]
        for lock in range(15)
        for phase in range(4)
    ]
    + [[0] * (2 * NEVER)]
)
"""(61, 128) the same by 4 * shift lock + timer phase, and effective rate; the last row is no tick."""

EXPONENT = _rom([1 + top.bit_length() for top in range(64)])
"""(64,) the DAC's exponent, 1 to 7: position of the highest set bit of the six below the sign. A loop over the bits
would cost the frame engine two mispredicted branches per frame."""
