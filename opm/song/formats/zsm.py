"""ZSM revision 1, the Commander X16's music: YM2151 writes in ticks. Source: docs/formats.md, section 4.

The music was made for a chip that the X16's KERNAL has set up; the same is done here first.
"""

from fractions import Fraction

import numpy as np

from ...registers import encode
from ..log import WRITE, Log, Loop, SongError
from .common import checked_loop

HEADER = 16
EXTENSION, END = 0x40, 0x80
KERNAL = [(0x20 + ch, encode(0x20, rl=3)) for ch in range(8)]
KERNAL += [(0xE0 + slot, encode(0xE0, rr=15)) for slot in range(32)]
"""Both sides on, releases at their fastest; a reset has left everything else 0."""


def recognise(data: bytes) -> bool:
    """Look for the magic."""
    return data[:2] == b"zm"


def read(data: bytes, time_unit: str | None = None) -> Log:
    """Read a ZSM file. ``time_unit`` has no meaning here."""
    if len(data) < HEADER:
        raise SongError(f"byte {len(data)}: expected a ZSM header of {HEADER} bytes")
    if data[2] > 1:
        raise SongError(f"byte 2: expected ZSM revision 1, got {data[2]}")
    rate = int.from_bytes(data[0x0C:0x0E], "little") or 60
    loop_at = int.from_bytes(data[3:6], "little")
    notes: list[str] = []
    others = set()
    if data[0x0A] or data[0x0B]:
        others.add("VERA PSG")
    if int.from_bytes(data[6:9], "little"):
        others.add("PCM")
    writes: list[tuple[int, int, int, int]] = [(0, 0, *write) for write in KERNAL]
    loop: Loop | None = None
    at, time, ended = HEADER, 0, False
    while at < len(data) and not ended:
        if at == loop_at:
            loop = Loop(time, len(writes))
        command = data[at]
        at += 1
        if command == END:
            ended = True
        elif command > END:
            time += command & 0x7F
        elif command > EXTENSION:
            pairs = data[at : at + 2 * (command & 0x3F)]
            writes += [(time, 0, pairs[i], pairs[i + 1]) for i in range(0, len(pairs) - 1, 2)]
            at += 2 * (command & 0x3F)
        else:
            others.add("VERA PSG" if command < EXTENSION else "expansion data")
            at += 1 if command < EXTENSION else 1 + (data[at] & 0x3F if at < len(data) else 0)
    if not ended:
        notes.append(f"byte 0x{len(data):X}: the data is cut short, no end command")
    if loop_at:
        loop = checked_loop(loop, time, "byte 3", notes)
    table = np.array(writes, WRITE)
    return Log(
        format="ZSM revision 1",
        writes=table,
        length=time,
        rate=Fraction(rate),
        loop=loop,
        not_played=tuple(sorted(others)),
        notes=notes,
    )
