"""The register map: one table. The write decode, ``describe`` and the list below derive from it.

Channel registers: base + channel. Slot registers: base + slot, slot = operator * 8 + channel with the
operators in the order M1, M2, C1, C2 - while the key-on bits of register 08 go M1, C1, M2, C2.
"""

from dataclasses import dataclass

import numpy as np

from .state import OPERATORS, offset
from .tables import Rom

CHIP, CHANNEL, SLOT = 0, 1, 2
YM2151, YM2164 = 1, 2
BOTH = YM2151 | YM2164


@dataclass(frozen=True)
class Bits:
    """Bits ``high`` to ``low`` of a register and where they go."""

    base: int
    """First address."""
    scope: int
    """CHIP, CHANNEL (8 addresses) or SLOT (32)."""
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


# fmt: off
_TESTS = (
    "envelopes tick in every frame", "LFO wave held at 0", "timers and LFO step at every clock",
    "phases held at 0; LFO clock on a CT pin", "operators: bit 13 of the magnitude; YM2164: clears registers",
    "envelopes at full level", "status port reads operators, phase, envelope", "the low byte of that",
)
REGISTERS: tuple[Bits, ...] = tuple(Bits(*row) for row in (  # type: ignore[arg-type]
    #base scope   hi lo name       field         meaning
    *((base, CHIP, i, i, f"TEST{i}", "test", meaning, i, 0, chip)
      for base, chip in ((0x01, YM2151), (0x09, YM2164)) for i, meaning in enumerate(_TESTS)),
    (0x00, CHANNEL, 7, 0, "RAMP", "opp_ramp",     "TL ramp divider", 0, 0, YM2164),
    *((0x08, CHIP, 3 + i, 3 + i, name, "kon_operator", "key on", i)
      for i, name in enumerate(("M1", "C1", "M2", "C2"))),
    (0x08, CHIP,    2, 0, "channel",  "kon_channel", "channel to key on or off"),
    (0x0F, CHIP,    7, 7, "NE",       "ne",       "noise enable"),
    (0x0F, CHIP,    4, 0, "NFRQ",     "nfrq",     "noise frequency"),
    (0x10, CHIP,    7, 0, "CLKA high", "clka",    "timer A, upper 8 bits", 0, 2),
    (0x11, CHIP,    1, 0, "CLKA low", "clka",     "timer A, lower 2 bits"),
    (0x12, CHIP,    7, 0, "CLKB",     "clkb",     "timer B"),
    (0x14, CHIP,    7, 7, "CSM",      "csm",      "timer A keys all slots on"),
    (0x14, CHIP,    5, 5, "reset B",  "reset_b",  "clear timer B's flag"),
    (0x14, CHIP,    4, 4, "reset A",  "reset_a",  "clear timer A's flag"),
    (0x14, CHIP,    3, 3, "IRQen B",  "irqen_b",  "timer B sets its flag"),
    (0x14, CHIP,    2, 2, "IRQen A",  "irqen_a",  "timer A sets its flag"),
    (0x14, CHIP,    1, 1, "load B",   "load_b",   "run timer B"),
    (0x14, CHIP,    0, 0, "load A",   "load_a",   "run timer A"),
    (0x18, CHIP,    7, 0, "LFRQ",     "lfrq",     "LFO frequency"),
    (0x19, CHIP,    6, 0, "AMD",      "amd",      "LFO amplitude depth", 0, 0, BOTH, 0),
    (0x19, CHIP,    6, 0, "PMD",      "pmd",      "LFO phase depth", 0, 0, BOTH, 1),
    (0x1B, CHIP,    7, 7, "CT2",      "ct2",      "output pin"),
    (0x1B, CHIP,    6, 6, "CT1",      "ct1",      "output pin"),
    (0x1B, CHIP,    1, 0, "W",        "w",        "LFO wave: saw, square, triangle, noise"),
    (0x20, CHANNEL, 7, 6, "RL",       "ch_rl",    "output: 1 left, 2 right, 3 both"),
    (0x20, CHANNEL, 5, 3, "FB",       "ch_fb",    "self-feedback of M1"),
    (0x20, CHANNEL, 2, 0, "CON",      "ch_con",   "algorithm"),
    (0x28, CHANNEL, 6, 0, "KC",       "ch_kc",    "key code"),
    (0x30, CHANNEL, 7, 2, "KF",       "ch_kf",    "key fraction, 1/64 semitone"),
    (0x38, CHANNEL, 6, 4, "PMS",      "ch_pms",   "phase modulation sensitivity"),
    (0x38, CHANNEL, 1, 0, "AMS",      "ch_ams",   "amplitude modulation sensitivity"),
    (0x40, SLOT,    6, 4, "DT1",      "sl_dt1",   "detune 1"),
    (0x40, SLOT,    3, 0, "MUL",      "sl_mul",   "frequency multiple, 0 = 1/2"),
    (0x60, SLOT,    6, 0, "TL",       "sl_tl",    "total level, 0.75 dB steps", 0, 0, YM2151),
    (0x60, SLOT,    7, 0, "TL",       "sl_tl",    "total level, 0.75 dB steps; +128 ramps to it", 0, 0, YM2164),
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
_SPAN = {CHIP: 1, CHANNEL: 8, SLOT: 32}


def rows(address: int, chips: int = YM2151) -> list[Bits]:
    """Return the table's rows that an address reaches, in the table's order.

    Parameters
    ----------
    address : int
        0x00 to 0xFF.
    chips : int
        ``YM2151`` or ``YM2164``.
    """
    return [r for r in REGISTERS if r.chips & chips and r.base <= address < r.base + _SPAN[r.scope]]


def _listed() -> str:
    """Return the table for people: addresses, bits, mnemonic, state field, meaning."""
    lines = [f"{'address':9}{'bits':6}{'name':11}{'state':14}meaning"]
    for row in sorted(REGISTERS, key=lambda row: (row.base, -row.high)):
        last = row.base + _SPAN[row.scope] - 1
        address = f"{row.base:02X}" + (f"-{last:02X}" if last > row.base else "")
        bits = f"{row.high}-{row.low}" if row.high > row.low else f"{row.high}"
        meaning = row.meaning + (f" (bit 7 = {row.when})" if row.when >= 0 else "")
        only = {YM2151: ", YM2151 only", YM2164: ", YM2164 only"}.get(row.chips, "")
        lines.append(f"{address:9}{bits:6}{row.name:11}{row.field:14}{meaning}{only}")
    return "\n".join(lines)


__doc__ = f"{__doc__}\n{_listed()}\n"


def _decode() -> tuple[Rom, Rom]:
    """Flatten the table for the compiled decode: row ranges by chip and address, and the rows."""
    first = np.zeros((2, 257), np.int32)
    lines: list[tuple[int, ...]] = []
    for opp, chips in enumerate((YM2151, YM2164)):
        for address in range(256):
            first[opp, address] = len(lines)
            for bits in rows(address, chips):
                width_mask = (1 << (bits.high - bits.low + 1)) - 1
                word = offset(bits.field, bits.index + address - bits.base)
                lines.append((word, bits.low, width_mask, bits.place, bits.when))
        first[opp, 256] = len(lines)
    return first, np.array(lines, np.int32)


FIRST, DECODE = _decode()
"""FIRST (2, 257): rows of an address on YM2151 and YM2164; DECODE (n, 5): word, shift, mask, place, when."""

_OPERATORS = tuple(OPERATORS)


def describe(address: int, data: int, chip: str = "ym2151") -> str:
    """Say what a register write does, for people.

    Parameters
    ----------
    address, data : int
        0 to 255.
    chip : {"ym2151", "ym2164"}

    Returns
    -------
    str
        For example ``"M1 of channel 3: KS 2, AR 31"``. Channels count from 1.

    Raises
    ------
    ValueError
        Address, data or chip outside their range.
    """
    for name, value in (("address", address), ("data", data)):
        if not 0 <= value <= 255:
            raise ValueError(f"{name} must be 0 to 255, got {value}")
    if chip not in ("ym2151", "ym2164"):
        raise ValueError(f"chip must be 'ym2151' or 'ym2164', got {chip!r}")
    found = [r for r in rows(address, YM2164 if chip == "ym2164" else YM2151) if r.when in (-1, data >> 7)]
    if not found:
        return "no register"
    if address == 0x08:
        keyed = "+".join(name for bit, name in zip((3, 5, 4, 6), _OPERATORS, strict=True) if data >> bit & 1)
        return f"channel {(data & 7) + 1}: key {'on ' + keyed if keyed else 'off'}"
    values = ", ".join(f"{r.name} {data >> r.low & ((2 << (r.high - r.low)) - 1)}" for r in found)
    index = address - found[0].base
    where = {
        CHIP: "chip",
        CHANNEL: f"channel {index + 1}",
        SLOT: f"{_OPERATORS[index >> 3]} of channel {(index & 7) + 1}",
    }[found[0].scope]
    return f"{where}: {values}"
