"""The register map: one table. Decode, ``encode``, ``fields``, ``describe`` and the list below derive from it.

Channel registers: base + channel. Slot registers: base + slot, slot = operator * 8 + channel with the
operators in the order M1, M2, C1, C2 - while the key-on bits of register 08 go M1, C1, M2, C2.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from ._check import integer, positive
from .pitch import REFERENCE_CLOCK
from .state import OPERATORS, offset
from .tables import Rom

ONCE, CHANNEL, SLOT = 0, 1, 2
"""Scopes: one register, one per channel, one per slot."""
OPM, OPP = 1, 2
"""The chips that have a register: bits of a mask."""
BOTH = OPM | OPP
CHIPS = {"ym2151": OPM, "ym2164": OPP}
TEST, KON, NOISE, TIMERS, LFRQ, DEPTHS, WAVE = 0x01, 0x08, 0x0F, 0x14, 0x18, 0x19, 0x1B
RL, KC, KF, PMS, SLOTS, TL, D1R, DT2, D1L = 0x20, 0x28, 0x30, 0x38, 0x40, 0x60, 0xA0, 0xC0, 0xE0
"""First addresses by their (first) field; the slots' registers begin at ``SLOTS``."""
CHANNEL_BASES, SLOT_BASES = range(0x20, 0x40, 8), range(0x40, 0x100, 0x20)
"""First addresses of the channels' and the slots' registers."""
ALL_KEYS = 0x78
"""Register 08: the key bits of all four operators."""
CSM = 0x80
"""Register 14: timer A strikes all keys."""


@dataclass(frozen=True)
class Bits:
    """Bits ``high`` to ``low`` of a register and where they go."""

    base: int
    """First address."""
    scope: int
    """ONCE, CHANNEL (8 addresses) or SLOT (32)."""
    high: int
    low: int
    name: str
    """Mnemonic of the manual."""
    field: str
    """State field that keeps it."""
    meaning: str
    index: int = 0
    """Element of a chip-wide field."""
    place: int = 0
    """Bit of the field where the lowest bit goes."""
    chips: int = BOTH
    when: int = -1
    """Only if bit 7 of the data is this (register 19); -1 = always."""

    @property
    def key(self) -> str:
        """The mnemonic as a Python name: ``ams_en``."""
        return self.name.lower().replace("-", "_").replace(" ", "_")

    @property
    def most(self) -> int:
        """The largest value."""
        return (2 << (self.high - self.low)) - 1

    def value(self, data: int) -> int:
        """The field's value in a data byte."""
        return data >> self.low & self.most


# fmt: off
_TESTS = (
    "envelopes tick in every frame", "LFO reset on", "timers and LFO step at every clock",
    "phases held at 0; LFO clock on a CT pin", "operators: bit 13 of the magnitude; YM2164: clears registers",
    "envelopes at full level", "status port reads operators, phase, envelope", "status port: the low byte of those",
)
REGISTERS: tuple[Bits, ...] = tuple(Bits(*row) for row in (  # type: ignore[arg-type]
    #base scope   hi lo name       field         meaning
    *((base, ONCE, i, i, f"TEST{i}", "test", meaning, i, 0, chip)
      for base, chip in ((0x01, OPM), (0x09, OPP)) for i, meaning in enumerate(_TESTS)),
    (0x00, CHANNEL, 7, 0, "RAMP", "opp_ramp",     "TL ramp divider", 0, 0, OPP),
    *((0x08, ONCE, 3 + i, 3 + i, name, "kon_operator", "key on", i)
      for i, name in enumerate(("M1", "C1", "M2", "C2"))),
    (0x08, ONCE,    2, 0, "channel",  "kon_channel", "channel to key on or off"),
    (0x0F, ONCE,    7, 7, "NE",       "ne",       "noise enable"),
    (0x0F, ONCE,    4, 0, "NFRQ",     "nfrq",     "noise frequency"),
    (0x10, ONCE,    7, 0, "CLKA high", "clka",    "timer A, upper 8 bits", 0, 2),
    (0x11, ONCE,    1, 0, "CLKA low", "clka",     "timer A, lower 2 bits"),
    (0x12, ONCE,    7, 0, "CLKB",     "clkb",     "timer B"),
    (0x14, ONCE,    7, 7, "CSM",      "csm",      "timer A keys all slots on"),
    (0x14, ONCE,    5, 5, "reset B",  "reset_b",  "clear timer B's flag"),
    (0x14, ONCE,    4, 4, "reset A",  "reset_a",  "clear timer A's flag"),
    (0x14, ONCE,    3, 3, "IRQen B",  "irqen_b",  "timer B sets its flag"),
    (0x14, ONCE,    2, 2, "IRQen A",  "irqen_a",  "timer A sets its flag"),
    (0x14, ONCE,    1, 1, "load B",   "load_b",   "run timer B"),
    (0x14, ONCE,    0, 0, "load A",   "load_a",   "run timer A"),
    (0x18, ONCE,    7, 0, "LFRQ",     "lfrq",     "LFO frequency"),
    (0x19, ONCE,    6, 0, "AMD",      "amd",      "LFO amplitude depth", 0, 0, BOTH, 0),
    (0x19, ONCE,    6, 0, "PMD",      "pmd",      "LFO phase depth", 0, 0, BOTH, 1),
    (0x1B, ONCE,    7, 7, "CT2",      "ct2",      "pin CT2 high"),
    (0x1B, ONCE,    6, 6, "CT1",      "ct1",      "pin CT1 high"),
    (0x1B, ONCE,    1, 0, "W",        "w",        "LFO wave: saw, square, triangle, noise"),
    (0x20, CHANNEL, 7, 6, "RL",       "ch_rl",    "output: 1 left, 2 right, 3 both"),
    (0x20, CHANNEL, 5, 3, "FB",       "ch_fb",    "self-feedback of M1"),
    (0x20, CHANNEL, 2, 0, "CON",      "ch_con",   "algorithm"),
    (0x28, CHANNEL, 6, 0, "KC",       "ch_kc",    "key code"),
    (0x30, CHANNEL, 7, 2, "KF",       "ch_kf",    "key fraction, 1/64 semitone"),
    (0x38, CHANNEL, 6, 4, "PMS",      "ch_pms",   "phase modulation sensitivity"),
    (0x38, CHANNEL, 1, 0, "AMS",      "ch_ams",   "amplitude modulation sensitivity"),
    (0x40, SLOT,    6, 4, "DT1",      "sl_dt1",   "detune 1"),
    (0x40, SLOT,    3, 0, "MUL",      "sl_mul",   "frequency multiple, 0 = 1/2"),
    (0x60, SLOT,    6, 0, "TL",       "sl_tl",    "total level, 0.75 dB steps", 0, 0, OPM),
    (0x60, SLOT,    7, 0, "TL",       "sl_tl",    "total level, 0.75 dB steps; +128 ramps to it", 0, 0, OPP),
    (0x80, SLOT,    7, 6, "KS",       "sl_ks",    "key scaling"),
    (0x80, SLOT,    4, 0, "AR",       "sl_ar",    "attack rate"),
    (0xA0, SLOT,    7, 7, "AMS-EN",   "sl_ams_en", "amplitude modulation enable"),
    (0xA0, SLOT,    4, 0, "D1R",      "sl_d1r",   "first decay rate"),
    (0xC0, SLOT,    7, 6, "DT2",      "sl_dt2",   "detune 2"),
    (0xC0, SLOT,    4, 0, "D2R",      "sl_d2r",   "second decay rate"),
    (0xE0, SLOT,    7, 4, "D1L",      "sl_d1l",   "first decay level"),
    (0xE0, SLOT,    3, 0, "RR",       "sl_rr",    "release rate"),
))
# fmt: on
_SPAN = {ONCE: 1, CHANNEL: 8, SLOT: 32}


@cache
def rows(address: int, chips: int = OPM) -> tuple[Bits, ...]:
    """Return the table's rows that an address reaches, in the table's order.

    Parameters
    ----------
    address : int
        0x00 to 0xFF.
    chips : int
        ``OPM`` or ``OPP``.
    """
    return tuple(r for r in REGISTERS if r.chips & chips and r.base <= address < r.base + _SPAN[r.scope])


def _listed() -> str:
    """Return the table for people: addresses, bits, mnemonic, state field, meaning."""
    lines = [f"{'address':9}{'bits':6}{'name':11}{'state':14}meaning"]
    # From the highest bit down, as the manual draws a register.
    for row in sorted(REGISTERS, key=lambda row: (row.base, -row.high)):
        last = row.base + _SPAN[row.scope] - 1
        address = f"{row.base:02X}" + (f"-{last:02X}" if last > row.base else "")
        bits = f"{row.high}-{row.low}" if row.high > row.low else f"{row.high}"
        meaning = row.meaning + (f" (bit 7 = {row.when})" if row.when >= 0 else "")
        only = {OPM: ", YM2151 only", OPP: ", YM2164 only"}.get(row.chips, "")
        lines.append(f"{address:9}{bits:6}{row.name:11}{row.field:14}{meaning}{only}")
    return "\n".join(lines)


__doc__ = f"{__doc__}\n{_listed()}\n"


def _decode() -> tuple[Rom, Rom]:
    """Flatten the table for the compiled decode: row ranges by chip and address, and the rows."""
    # One column more than there are addresses: where the rows of FF end.
    first = np.zeros((2, 257), np.int32)
    lines: list[tuple[int, ...]] = []
    for opp, chips in enumerate((OPM, OPP)):
        for address in range(256):
            first[opp, address] = len(lines)
            # In the table's order, so the compiled decode and ``fields`` cannot differ.
            for bits in rows(address, chips):
                word = offset(bits.field, bits.index + address - bits.base)
                lines.append((word, bits.low, bits.most, bits.place, bits.when))
        first[opp, 256] = len(lines)
    return first, np.array(lines, np.int32)


FIRST, DECODE = _decode()
"""FIRST (2, 257): rows of an address on YM2151 and YM2164; DECODE (n, 5): word, shift, mask, place, when."""


def _present(address: int, chip: str) -> tuple[Bits, ...]:
    """Return the rows of an address; ValueError names what is out of range."""
    integer("address", address, 0, 255)
    # In a list: in a dict, something without a hash would raise a TypeError of Python's own.
    if chip not in [*CHIPS]:
        raise ValueError(f"chip must be one of {', '.join(map(repr, CHIPS))}, got {chip!r}")
    return rows(address, CHIPS[chip])


def fields(address: int, data: int, chip: str = "ym2151") -> dict[str, int]:
    """Take a register's byte apart: ``encode``'s inverse.

    Parameters
    ----------
    address, data : int
        0 to 255.
    chip : {"ym2151", "ym2164"}

    Returns
    -------
    dict of str to int
        Values by mnemonic in lower case. Empty if there is no such register.

    Raises
    ------
    ValueError
        Address, data or chip outside their range.

    Examples
    --------
    >>> fields(0x82, 0x9F)
    {'ks': 2, 'ar': 31}
    """
    integer("data", data, 0, 255)
    return {row.key: row.value(data) for row in _present(address, chip) if row.when in (-1, data >> 7)}


def encode(address: int, chip: str = "ym2151", **values: int) -> int:
    """Put a register's byte together from its fields; those not given are 0.

    Parameters
    ----------
    address : int
        0 to 255.
    chip : {"ym2151", "ym2164"}
    **values : int
        By mnemonic in lower case, as ``fields`` gives them.

    Returns
    -------
    int
        0 to 255.

    Raises
    ------
    ValueError
        No such register or field in it, a value that does not fit, or two fields that share bits.

    Examples
    --------
    >>> hex(encode(0x82, ks=2, ar=31)), hex(encode(0x19, pmd=5))
    ('0x9f', '0x85')
    """
    present = {row.key: row for row in _present(address, chip)}
    data = taken = 0
    for key, value in values.items():
        if key not in present:
            has = ", ".join(row.name for row in present.values()) or "no field"
            raise ValueError(f"register {address:02X} of the {chip} has {has}, not {key!r}")
        row = present[key]
        # Bit 7 of register 19 says which of AMD and PMD it holds. encode(0x19, amd=5, pmd=3) once gave 87: AMD was
        # lost.
        bits = row.most << row.low | (row.when >= 0) << 7
        if taken & bits:
            raise ValueError(
                f"register {address:02X} of the {chip} holds one of {', '.join(values)} at a time, not both"
            )
        taken |= bits
        data |= integer(key, value, 0, row.most) << row.low | max(row.when, 0) << 7
    return data


LIMITS = {row.key: row.most for row in REGISTERS if row.chips & OPM}
"""Largest value of each field of the YM2151 by its mnemonic in lower case."""

_OPERATORS = tuple(OPERATORS)
WAVES = ("saw", "square", "triangle", "noise")
"""The LFO's, by W."""


def lfo_hertz(lfrq: int, clock: float = REFERENCE_CLOCK) -> float:
    """Return how often the LFO's wave comes round.

    Parameters
    ----------
    lfrq : int
        Register 18: 0 to 255.
    clock : float
        Master clock in Hz.

    Returns
    -------
    float
        Hz: clock * (16 + lower four bits) * 2 ** (upper four bits) / 2 ** 36.

    Raises
    ------
    TypeError, ValueError
        ``lfrq`` is not an integer from 0 to 255, or the clock is not a number above 0.

    Examples
    --------
    >>> round(lfo_hertz(0xC4), 2)
    4.27
    """
    octave, step = divmod(integer("lfrq", lfrq, 0, 255), 16)
    return positive("clock", clock) * (16 + step) * 2.0 ** (octave - 36)


def describe(address: int, data: int, chip: str = "ym2151", clock: float = REFERENCE_CLOCK) -> str:
    """Say what a register write does, for people.

    Parameters
    ----------
    address, data : int
        0 to 255.
    chip : {"ym2151", "ym2164"}
    clock : float
        Master clock in Hz, for the LFO's frequency.

    Returns
    -------
    str
        For example ``"M1 of channel 3: KS 2, AR 31"``. Channels count from 1. Switches of the whole chip are named if
        they are on: ``"chip: LFO reset on"``.

    Raises
    ------
    ValueError
        Address, data, chip or clock outside their range.
    """
    integer("data", data, 0, 255)
    found = [row for row in _present(address, chip) if row.when in (-1, data >> 7)]
    if not found:
        return "no register"
    # Channel and keys belong together; field by field it would read as five switches.
    if address == KON:
        keys = fields(address, data)
        keyed = "+".join(name for name in _OPERATORS if keys[name.lower()])
        return f"channel {keys['channel'] + 1}: key {'on ' + keyed if keyed else 'off'}"
    said = ", ".join(filter(None, (_said(row, row.value(data), clock) for row in found)))
    index = address - found[0].base
    where = {
        ONCE: "chip",
        CHANNEL: f"channel {index + 1}",
        SLOT: f"{_OPERATORS[index >> 3]} of channel {(index & 7) + 1}",
    }[found[0].scope]
    return f"{where}: {said or 'all test bits off'}"


def _said(row: Bits, value: int, clock: float) -> str:
    """Return a field's value in words; nothing for a switch of the chip that is off, unless that stops a timer."""
    if row.scope == ONCE and row.high == row.low and row.base != NOISE:
        return row.meaning if value else row.meaning.replace("run", "stop") if row.name.startswith("load") else ""
    if row.base == LFRQ and row.scope == ONCE:
        return f"LFRQ {value}, {lfo_hertz(value, clock):.3g} Hz"
    return f"{row.name} {value}, {WAVES[value]}" if row.name == "W" else f"{row.name} {value}"
