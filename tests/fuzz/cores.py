"""Programs of the other chips' cores, as lists of chunks: which core and how it is wired, its memory, its writes."""

import struct
import zlib
from itertools import pairwise
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from opm.board import CORES, Chip, core
from opm.board.record import STRIKE, WRITE
from opm.state import check_widths

from .boards import ADDRESSES, CHIP_CLOCKS, SOUNDING
from .rules import check_line, must
from .songs import Chunks

HEAD = struct.Struct("<BIHI4i")
"""The core's number, its clock, samples, bytes of memory, its options."""
ROW = struct.Struct("<Hii")
"""A write: samples behind the one before, address, data."""
MOST_SAMPLES, LOUDEST = 3000, 2**24
OPTIONS = {
    "sn76489": ("feedback", "width", "flags"), "sega_pcm": ("interface",), "ay8910": ("type", "flags"),
    "upd7759": ("slave",), "msm6258": ("divider", "adpcm_bits", "output_bits"), "msm6295": ("pin7",),
    "k054539": ("flags",), "c140": ("type",), "msm5205": ("prescaler", "bits", "msm6585"),
}  # fmt: skip
SOUNDS = SOUNDING | {
    "vera_psg": ((0, 0), (1, 4), (2, 0xFF), (3, 0x3F), (60, 9), (61, 9), (62, 0xCF), (63, 0xC0)),
    "vera_pcm": (
        (0x100, 0), (0x101, 40), (0x102, 7), (0, 0x3F), (1, 128), (2, 99), (0x103, 1), (0, 0x8F), (0, 0xCF),
    ),
    "pcm8": ((0, 0), (1, 99), (2, 0x080403), (3, 1), (9, 50), (10, 0x0F0503), (11, 1), (18, 0x100602), (0x80, 0)),
    "msm6258": (*SOUNDING["msm6258"], (0x100, 0), (0x101, 60), (0x102, 1), (0x102, 0)),
}  # fmt: skip
PLACES = ADDRESSES | {"vera_psg": 64, "vera_pcm": 0x104, "pcm8": 0x81, "msm6258": 0x103}


class Program(NamedTuple):
    """What is to be run."""

    name: str
    clock: int
    options: dict[str, int]
    memory: bytes
    writes: npt.NDArray[np.void]
    samples: int

    def chip(self) -> Chip:
        """Return a new chip."""
        return Chip(self.name, self.clock, self.memory, **self.options)


def program(r: Random) -> Chunks:
    """Draw a program: what makes a sound, and whatever else."""
    number = r.randrange(len(CORES))
    name = CORES[number]
    memory = r.choice((r.randbytes(700), bytes(range(256)) * 3, b"", b"\x81", bytes(2000), r.randbytes(17)))
    options = [r.choice((0, 0, 1, 2, 3, 4, 0x10, r.randrange(256), r.randrange(-(2**31), 2**31))) for _ in range(4)]
    samples = r.choice((0, 1, 50, 700, MOST_SAMPLES))
    clock = r.choice((CHIP_CLOCKS.get(name, 8_000_000), CHIP_CLOCKS.get(name, 25_000_000), 1, 1000, 10**9))
    head = HEAD.pack(number, clock, samples, len(memory), *options)
    rows = [ROW.pack(r.choice((0, 0, 1, 20)), *write) for write in SOUNDS[name]] if r.randrange(4) else []
    count = r.choice((0, 5, 20, 20, 100))
    return [head, memory, *rows, *(ROW.pack(r.choice((0, 0, 0, 1, 9, 200)), *_write(r, name)) for _ in range(count))]


def _write(r: Random, name: str) -> tuple[int, int]:
    """Draw a write, mostly one that matters."""
    address = r.choice((r.choice(SOUNDS[name])[0], r.choice(SOUNDS[name])[0], r.randrange(PLACES[name])))
    if r.randrange(30) == 0:
        address = r.randrange(-(2**31), 2**31)
    data = r.choice((0, 1, 3, 0x80, 0xFF, r.randrange(256), r.randrange(256), r.randrange(-(2**31), 2**31)))
    return address, data


def decoded(data: bytes) -> Program:
    """Return the program that any bytes say."""
    number, clock, samples, size, *values = HEAD.unpack(data[: HEAD.size].ljust(HEAD.size, b"\0"))
    name = CORES[number % len(CORES)]
    memory, rows = data[HEAD.size : HEAD.size + size], data[HEAD.size + size :]
    table = np.frombuffer(rows, [("after", "<u2"), ("address", "<i4"), ("data", "<i4")], len(rows) // ROW.size)
    writes = np.zeros(len(table), WRITE)
    writes["sample"] = np.cumsum(table["after"], dtype=np.int64)
    writes["address"], writes["data"] = table["address"], table["data"]
    options = dict(zip(OPTIONS.get(name, ()), values, strict=False))
    samples %= MOST_SAMPLES + 1
    return Program(name, 1 + clock % 10**9, options, memory, writes[writes["sample"] < samples], samples)


def check(data: bytes, deep: bool) -> bool:
    """Run a program whole and in pieces, from a snapshot and from a damaged one; return True: anything is a program."""
    this, r = decoded(data), Random(zlib.crc32(data))
    fields = core(this.name).FIELDS
    whole, parts, again = this.chip(), this.chip(), this.chip()
    out = whole.run(this.writes, this.samples)
    check_widths(whole.state, fields)
    must(not len(out) or int(np.abs(out.astype(np.int64)).max()) < LOUDEST, f"{this.name}: louder than can be")
    at = r.randrange(this.samples + 1)
    first = _run(parts, this.writes, 0, at, r)
    saved = parts.save()
    again.load(saved)
    must(again.save() == saved, f"{this.name}: another snapshot than was loaded")
    for chip in (parts, again):
        rest = _run(chip, this.writes, at, this.samples, r)
        must(np.array_equal(np.concatenate([first, rest]), out), f"{this.name}: other samples in pieces")
    must(again.save() == parts.save() == whole.save(), f"{this.name}: another state in pieces")
    _damaged(again, saved, r)
    struck = core(this.name).struck(this.writes)
    must(struck.dtype == STRIKE and bool((np.diff(struck["row"]) >= 0).all()), f"{this.name}: strikes out of order")
    return True


def _run(chip: Chip, writes: npt.NDArray[np.void], first: int, last: int, r: Random) -> npt.NDArray[np.int32]:
    """Run from one sample to another in some pieces."""
    cuts = sorted({first, last, *(r.randint(first, last) for _ in range(r.choice((0, 1, 4))))})
    made = [np.zeros((0, 2), np.int32)]
    for begin, end in pairwise(cuts):
        mine = writes[np.searchsorted(writes["sample"], begin) : np.searchsorted(writes["sample"], end)].copy()
        mine["sample"] -= begin
        made.append(chip.run(mine, end - begin))
    return np.concatenate(made)


def _damaged(chip: Chip, saved: bytes, r: Random) -> None:
    """Change words of a snapshot: it is refused, or a chip that runs within its widths."""
    data, start = bytearray(saved), len(saved) - chip.state.nbytes
    for _ in range(r.choice((1, 1, 4))):
        at = start + 4 * r.randrange((len(saved) - start) // 4)
        data[at : at + 4] = (r.choice((0, 1, -1, 2**31 - 1, -(2**31), r.randrange(2**16))) % 2**32).to_bytes(
            4, "little"
        )
    before = chip.save()
    try:
        chip.load(bytes(data))
    except ValueError as error:
        check_line(str(error))
        must(chip.save() == before, "a refused snapshot changed the chip")
        return
    chip.generate(100)
    check_widths(chip.state, core(chip.name).FIELDS)
