"""ZSM revision 1, the Commander X16's music: writes in ticks; what VERA plays: ``zsm_board``. See docs/formats.md.

The music was made for a chip that the X16's KERNAL has set up; the same is done here first.
"""

from fractions import Fraction

import numpy as np

from ...registers import encode
from ..data import WRITE, Loop, SongError
from ..limits import LONGEST
from ..song import Song
from . import walk
from .common import checked_loop
from .zsm_board import EXTENSION, pcm, psg, sounds_of

HEADER = 16
END = 0x80
EXTENSIONS = ("", "expansion data", "", "custom data")
"""What each type of extension holds that nothing here plays; the third is for programs that follow the music."""
KERNAL = [(0x20 + ch, encode(0x20, rl=3)) for ch in range(8)]
KERNAL += [(0xE0 + slot, encode(0xE0, rr=15)) for slot in range(32)]
"""Both sides on, releases at their fastest; a reset has left everything else 0."""
COMMANDS = walk.commands()
COMMANDS[:EXTENSION], COMMANDS[EXTENSION], COMMANDS[END] = (walk.KEEP, 2, 0), (walk.EXTENSION, 2, 0), (walk.END, 1, 0)
FORMS = np.zeros(256, walk.FORM)
FORMS["part"], FORMS["form"] = -1, walk.CODE
FORMS["part"][:EXTENSION] = 0
# 41 to 7F: so many pairs of register and data for the YM2151.
for _count in range(1, 64):
    COMMANDS[EXTENSION + _count] = (walk.WRITES, 1 + 2 * _count, 0)
for _ticks in range(1, 128):
    COMMANDS[END + _ticks] = (walk.WAIT, 1, _ticks)


def recognise(data: bytes) -> bool:
    """Look for the magic."""
    return data[:2] == b"zm"


def read(data: bytes, time_unit: str | None = None) -> Song:
    """Read a ZSM file. ``time_unit`` has no meaning here."""
    if len(data) < HEADER:
        raise SongError(f"byte {len(data)}: expected a ZSM header of {HEADER} bytes")
    if data[2] > 1:
        raise SongError(f"byte 2: expected ZSM revision 1, got {data[2]}")
    rate = int.from_bytes(data[0x0C:0x0E], "little") or 60
    loop_at = int.from_bytes(data[3:6], "little")
    remarks: list[str] = []
    stream = walk.walk(data, range(HEADER, len(data)), COMMANDS, loop_at, LONGEST * rate, "a ZSM")
    # Sync events (type 2) are for programs that follow the music: nothing of the sound is missing.
    others = {name for name, first in zip(EXTENSIONS, stream.first[256:], strict=True) if name and first >= 0}
    stream.remark_fault(remarks)
    # The KERNAL's writes stand in front, and belong to no loop.
    loop = stream.loop and Loop(stream.loop.tick, stream.loop.write + len(KERNAL))
    if loop_at:
        loop = checked_loop(loop, stream.time, "byte 3", remarks)
    # A loop that is refused for the YM2151 is refused for VERA.
    loop_at = loop_at if loop else 0
    sounds = sounds_of(data, int.from_bytes(data[6:9], "little"), remarks)
    kept = walk.apart(data, stream.kept, FORMS, 1)
    found = psg(kept.rows[0], kept.places[0], loop_at), pcm(data, stream, kept, loop_at, sounds, remarks)
    rows = np.concatenate([np.array([(0, 0, *write) for write in KERNAL], WRITE), stream.writes])
    rows.flags.writeable = False  # else the song would copy it
    return Song.of(
        format="ZSM revision 1",
        rows=rows,
        end=stream.time,
        ticks_per_second=Fraction(rate),
        companions=tuple(companion for companion in found if companion),
        loop_start=loop,
        not_played=tuple(sorted(others)),
        read_remarks=tuple(remarks),
    )
