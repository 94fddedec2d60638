"""What the other chips of a board cost: songs of whole boards against their YM2151 alone, part by part."""

from fractions import Fraction
from functools import partial

import numpy as np

from ..pitch import REFERENCE_CLOCK
from ..song.data import PART_WRITE, WRITE, Companion
from ..song.song import Song
from .report import Table, figure
from .workloads import BURSTS, Row, Writes, interleaved, patch, song, timed

SECONDS = 8
WRITES = 600
"""Of the YM2151, per second, in bursts."""
DRUMS = 8
"""Samples struck per second."""
NOISE = np.random.default_rng(1).integers(0, 256, 65_536, dtype=np.uint8).tobytes()
"""What all samples are."""


def _rows(at_first: Writes, each: list[Writes]) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    """Return rows in ticks of 1/60 s: some at the start, and some at each tick in turn."""
    rows = [(0, *row) for row in at_first]
    rows += [(tick, *row) for tick in range(SECONDS * BURSTS) for row in each[tick % len(each)]]
    return np.array(rows, PART_WRITE)


def _every(ticks: int, writes: Writes) -> list[Writes]:
    """Return writes at one tick of so many."""
    # The other ticks write nothing: samples are struck about eight times a second, levels and pitches at every tick.
    return [writes] + [[]] * (ticks - 1)


def _psg() -> Companion:
    """Eight voices of all waveforms, whose pitches and volumes move."""
    # Volumes of the upper half, both sides: no voice is skipped as silent.
    first = [
        (4 * voice + i, value)
        for voice in range(8)
        for i, value in enumerate((37 * voice, 2 + voice, 0xE0 + voice, 64 * (voice % 4) & 0xC0 | 0x20))
    ]
    moves = [[(4 * (tick % 8), 40 * tick & 0xFF), (4 * (tick % 8) + 2, 0xE0 + tick % 16)] for tick in range(48)]
    return Companion("vera_psg", 25_000_000, _rows(first, moves), level=2.0)


def _pcm() -> Companion:
    drum = [(0, 0x8F), (0, 0x0F), (0x100, 0), (0x101, 3000), (0x102, -1), (0x103, 1)]
    return Companion("vera_pcm", 25_000_000, _rows([(1, 43)], _every(BURSTS // DRUMS, drum)), 0, 2.0, NOISE)


def _pcm8() -> Companion:
    def drum(channel: int) -> Writes:
        return [(8 * channel + i, value) for i, value in enumerate((5000 * channel, 1200, 0x80403, 1))]

    drums = _every(BURSTS // DRUMS, drum(0) + drum(1))
    return Companion("pcm8", 8_000_000, _rows([], drums), 0, 2.0, NOISE)


def _sega_pcm() -> Companion:
    def sample(channel: int) -> Writes:
        values = {0x86: 1, 2: 40, 3: 30, 4: 0, 5: 16 * channel, 6: 16 * channel + 12, 7: 100 + 9 * channel}
        return [(8 * channel + at, value) for at, value in values.items()] + [(8 * channel + 0x86, 0x02)]

    drums = _every(BURSTS // DRUMS, [row for channel in range(4) for row in sample(channel)])
    return Companion("sega_pcm", 4_000_000, _rows([], drums), 0, 1.5, NOISE, {"interface": 0x0070000C})


def _msm6295() -> Companion:
    table = b"".join(
        (1024 + 500 * i).to_bytes(3, "big") + (3000 + 500 * i).to_bytes(3, "big") + b"\0\0" for i in range(128)
    )
    drums = _every(BURSTS // DRUMS, [(0, 0x83), (0, 0x10), (0, 0x84), (0, 0x20)])
    return Companion("msm6295", 1_000_000, _rows([], drums), 0, 1.0, table + NOISE, {"pin7": 1})


BOARDS = {
    "Commander X16: VERA PSG, 8 voices": (REFERENCE_CLOCK, [_psg]),
    "Commander X16: VERA PSG and PCM": (REFERENCE_CLOCK, [_psg, _pcm]),
    "X68000: PCM8, two channels": (4_000_000, [_pcm8]),
    "arcade: Sega PCM, four channels": (4_000_000, [_sega_pcm]),
    "arcade: MSM6295, two voices": (REFERENCE_CLOCK, [_msm6295]),
}


def board(clock: int, companions: list[Companion]) -> Song:
    """Return a song of some seconds."""
    bursts = song(WRITES)
    writes = [(0, 0, *row) for row in patch()]
    writes += [(tick, 0, *row) for tick in range(SECONDS * BURSTS) for row in bursts[tick % BURSTS]]
    made = Song([(0, 0, 0)], clock=clock)
    return made.but(
        rows=np.array(writes, WRITE),
        end=SECONDS * BURSTS,
        ticks_per_second=Fraction(BURSTS),
        companions=tuple(companions),
    )


def rows(runs: int = 15) -> list[Row]:
    """Measure all boards, whole and their YM2151 alone in turn.

    Parameters
    ----------
    runs : int
        Of which the medians are taken.

    Returns
    -------
    list of dict
        Rows with ``board``, ``ym2151_ns_per_frame``, ``whole_ns_per_frame`` and ``ratio``, of the whole to the YM2151.
    """
    songs = {name: board(clock, [make() for make in parts]) for name, (clock, parts) in BOARDS.items()}
    jobs = {(name, parts): partial(_ns, each, parts) for name, each in songs.items() for parts in ("ym2151", None)}
    # Once unmeasured: each chip's core is compiled when a song first needs it.
    for job in jobs.values():
        job()
    ns = interleaved(jobs, runs)
    return [
        {
            "board": name,
            "ym2151_ns_per_frame": ns[name, "ym2151"],
            "whole_ns_per_frame": ns[name, None],
            "ratio": ns[name, None] / ns[name, "ym2151"],
        }
        for name in songs
    ]


def _ns(each: Song, parts: str | None) -> float:
    """Return ns per frame of a song."""
    return timed(lambda: each.render(stop=SECONDS, parts=parts)) * 1e9 / (SECONDS * each.sample_rate)


def table(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    columns = ("ym2151_ns_per_frame", "whole_ns_per_frame", "ratio")
    head = ["board", "YM2151 alone: ns per frame", "whole: ns per frame", "times as long"]
    return [head, *([row["board"], *(figure(row[c]) for c in columns)] for row in rows)]
