"""How VGM holds the chips beside the YM2151: clocks, options, commands, ROMs and volumes. For reader and writer.

Source: the VGM specification 1.72; commands, volumes and options as libvgm (d4a07d0) takes them.
"""

from collections.abc import Mapping
from typing import NamedTuple

SHORT, BIG, LITTLE, BYTE, NIBBLES = range(5)
"""Forms of a command behind its code: register and data, a byte each; a register of 16 bits, the higher byte first, and
data; the same with the lower first; data alone; register and data in a byte. Bit 7 or 15 of the register is the second
chip's, where there is one."""
LENGTHS = {SHORT: 3, BIG: 4, LITTLE: 4, BYTE: 2, NIBBLES: 2}
"""Bytes of each form, the code included."""
HIGHEST = {SHORT: 0x7F, BIG: 0x7FFF, LITTLE: 0x7FFF, BYTE: 1, NIBBLES: 7}
"""The highest register that a form can say. BYTE says none: 1 is the register that has a code of its own."""


class Bits(NamedTuple):
    """Where the header holds an option, which is ``base + step`` times what stands there."""

    at: int
    shift: int = 0
    width: int = 8
    base: int = 0
    step: int = 1


class VgmChip(NamedTuple):
    """How VGM holds a chip."""

    clock_at: int
    """Offset of its clock in the header."""
    number: int
    """In the extra header and for streams."""
    commands: Mapping[int, tuple[int, int, int]]
    """By their codes: form; where the form has none, which of two chips (-1: by bit 7) and the register."""
    volume: int = 0x100
    """Its usual volume in libvgm's player, of 0x100, the YM2151's."""
    scale: float = 1.0
    """What its samples are multiplied by beside that, since the core here counts in other units than libvgm's."""
    rom: int | None = None
    """Type of its data blocks."""
    empty: int = 0xFF
    """What its ROM holds where no block is."""
    options: Mapping[str, Bits] = {}
    special: str = ""
    """The option for which bit 31 of its clock stands."""


def _one(code: int, form: int) -> dict[int, tuple[int, int, int]]:
    return {code: (form, 0, 0)}


VGM_CHIPS = {
    "sn76489": VgmChip(
        0x0C, 0x00,
        {0x50: (BYTE, 0, 0), 0x30: (BYTE, 1, 0), 0x4F: (BYTE, 0, 1), 0x3F: (BYTE, 1, 1)},
        volume=0x80,
        options={"feedback": Bits(0x28, width=16), "width": Bits(0x2A), "flags": Bits(0x2B)},
    ),
    "sega_pcm": VgmChip(
        0x38, 0x04, _one(0xC0, LITTLE), volume=0x180, rom=0x80, empty=0x80, options={"interface": Bits(0x3C, width=32)},
    ),
    "ay8910": VgmChip(
        0x74, 0x12, {0xA0: (SHORT, 0, 0), 0x31: (BYTE, -1, 0x100)},
        scale=8160 / 5461, options={"type": Bits(0x78), "flags": Bits(0x79)},
    ),
    "upd7759": VgmChip(0x8C, 0x16, _one(0xB6, SHORT), volume=0x11E, rom=0x8A, special="slave"),
    "msm6258": VgmChip(
        0x90, 0x17, _one(0xB7, SHORT), volume=0x1C0,
        options={
            "divider": Bits(0x94, 0, 2), "adpcm_bits": Bits(0x94, 2, 1, 4, -1), "output_bits": Bits(0x94, 3, 1, 10, 2),
        },
    ),
    "msm6295": VgmChip(0x98, 0x18, _one(0xB8, SHORT), rom=0x8B, special="pin7"),
    "k054539": VgmChip(0xA0, 0x1A, _one(0xD3, BIG), rom=0x8C, options={"flags": Bits(0x95)}),
    "c140": VgmChip(0xA8, 0x1C, _one(0xD4, BIG), scale=171 / 256, rom=0x8D, options={"type": Bits(0x96)}),
    "k053260": VgmChip(0xAC, 0x1D, _one(0xBA, SHORT), rom=0x8E),
    "ga20": VgmChip(0xE0, 0x28, _one(0xBF, SHORT), volume=0x280, rom=0x93),
    "k007232": VgmChip(0xE8, 0x2A, _one(0x41, SHORT), rom=0x94),
    "msm5205": VgmChip(
        0xF0, 0x2C, _one(0x32, NIBBLES),
        options={"prescaler": Bits(0xD7, 0, 2), "bits": Bits(0xD7, 2, 1, 3, 1)}, special="msm6585",
    ),
}  # fmt: skip
"""By the names of their modules in ``opm.board``."""
YM2151 = 3
"""Its number in the extra header."""
SAMPLE_RATES = {"k054539": (1_000_000, 384), "c140": (1_000_000, 576)}
"""Chips whose clock was once given as a sample rate: clocks below the first are to be multiplied by the second."""
ROUNDED_RATES = {21_390: 12_288_000, 44_100: 25_056_500}
"""Old files give a C140 21390 and a 219 44100, rounded sample rates. libvgm takes the boards' clocks for them, which
are 0.3 and 1.4 % below 576 times that."""
