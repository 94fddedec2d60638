"""What must hold of a song with other chips than YM2151s: how it is played, and what a VGM keeps of it."""

import numpy as np
import numpy.typing as npt

import opm
from opm.board import core
from opm.song import Playing, Renderer
from opm.song.data import Companion
from opm.song.streams import STREAM
from opm.song.writers.vgm_chips import HIGHEST, VGM_CHIPS

from .rules import must

FRAMES, CUT = 1000, 333
NEAR = 1e-4
"""By how much samples may differ that were added in another order, of the largest."""
SIDES = 0x100
"""The address of an AY8910 that has a command of its own."""


def play(read: opm.Song) -> None:
    """Play a little of a song: alone, in pieces, from a snapshot and from far on; look at its parts."""
    must(len(read.parts) == len(read.opms) + len(read.companions), "parts are missing")
    own = read.render(stop=0.01, parts="ym2151")
    must(np.array_equal(own, read.but(companions=()).render(stop=0.01)), "the YM2151 sounds otherwise beside others")
    for part in read.parts[len(read.opms) :]:
        must(part.sounds >= len(part.channels), f"{part.name}: more channels than sounds")
        rows = read.part_writes(part.name)
        must(bool((np.diff(rows["seconds"]) >= 0).all()), f"{part.name}: writes out of order")
    playing = Playing(read, loops=2)
    whole, pieces = _blocks(Renderer(playing), FRAMES, FRAMES), Renderer(playing)
    first = _blocks(pieces, CUT, 50)
    place = pieces.snapshot()
    rest = _blocks(pieces, FRAMES, 127)
    near = NEAR * max(1.0, float(np.abs(whole).max(initial=0)))
    together = np.concatenate([first, rest])
    must(together.shape == whole.shape and bool((np.abs(together - whole) <= near).all()), "other samples in pieces")
    pieces.restore(place)
    must(np.array_equal(_blocks(pieces, FRAMES, 127), rest), "other samples from a snapshot")
    pieces.approach(FRAMES)
    _blocks(pieces, FRAMES + CUT, CUT)


def _blocks(renderer: Renderer, end: int, size: int) -> npt.NDArray[np.float64]:
    """Render to a frame, so many at a time."""
    return np.concatenate([np.zeros((0, 2)), *renderer.blocks(size, end)])


def compare(read: opm.Song, again: opm.Song, lost: list[str], timed: bool, looped: bool) -> None:
    """See that a VGM has kept what it can hold."""
    for name in VGM_CHIPS:
        kept = [companion for companion in read.companions if companion.name == name][:2]
        want = [
            (companion, rows) for companion in kept if rows_said(companion).any() for rows in [rows_said(companion)]
        ]
        got = [companion for companion in again.companions if companion.name == name]
        if any(companion.name == "pcm8" for companion in read.companions) and name == "msm6258":
            continue
        title = core(name).TITLE
        if f"that the second {title} is wired in another way" in lost:
            continue
        must(len(got) == len(want), f"another number of {name} read back")
        for (companion, said), other in zip(want, got, strict=True):
            _compare(companion, companion.rows[said], other, timed)
            bits, step = VGM_CHIPS[name].options, 0.01 * max(1.0, companion.level)
            usual = {option: bits[option].base if option in bits else 0 for option in other.options}
            must(dict(other.options) == usual | dict(companion.options), f"{name}: other options read back")
            as_loud = abs(other.level - companion.level) <= step or f"how loud the {title} is" in " ".join(lost)
            must(as_loud, f"{name}: another level read back")
            again_at = int(np.count_nonzero(said[: companion.again]))
            must(not looped or other.again == again_at * bool(again.loop_start), f"{name}: another loop read back")


def rows_said(companion: Companion) -> npt.NDArray[np.bool_]:
    """Return which rows a VGM can say."""
    address, (form, _, _) = companion.rows["address"], next(iter(VGM_CHIPS[companion.name].commands.values()))
    plain = (address >= 0) & (address <= HIGHEST[form]) | (companion.name == "ay8910") & (address == SIDES)
    said: npt.NDArray[np.bool_] = plain | (address >= STREAM)
    return said


def _compare(want: Companion, rows: npt.NDArray[np.void], got: Companion, timed: bool) -> None:
    """Compare a chip."""
    name = want.name
    must(got.clock == want.clock, f"{name}: another clock read back")
    must(got.memory[: len(want.memory)] == want.memory, f"{name}: another ROM read back")
    must(len(got.rows) == len(rows), f"{name}: other writes read back")
    for column in ("data", "time")[: 1 + timed]:
        must(bool((got.rows[column] == rows[column]).all()), f"{name}: another {column} read back")
    must(bool((_renumbered(got.rows) == _renumbered(rows)).all()), f"{name}: other addresses read back")
    if (rows["address"] >= STREAM).any():
        must(dict(got.banks) == dict(want.banks), f"{name}: other samples read back")


def _renumbered(rows: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Return addresses, the streams numbered as they come."""
    address = rows["address"].astype(np.int64)
    streamed = address >= STREAM
    _, first, number = np.unique(address[streamed] >> 4, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    address[streamed] = STREAM | rank[number] << 4 | address[streamed] & 15
    return address
