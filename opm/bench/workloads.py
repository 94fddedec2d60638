"""What the benchmarks play, and how they take times."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from ..chip import YM2151
from ..events import CHIP, CYCLES_PER_FRAME, Events, from_writes
from ..registers import ALL_KEYS, KC, KON, PMS, RL, SLOT_BASES

Row = dict[str, Any]
Name = TypeVar("Name")
Writes = list[tuple[int, int]]
"""Addresses and data."""
SECOND = 55_930
"""Frames of a second of sound."""
BLOCK = 1024
BURSTS = 60
"""Times per second that a sound driver writes registers."""
CLOSE = (CHIP.spacing,)
"""Frames from a write to the next: as close as the bus takes them."""


def patch(voices: int = 8, lfo: bool = True) -> Writes:
    """Register writes that make channels sound, algorithms 0 to 7, with AM and PM by the LFO or without."""
    rows = [(0x18, 0xC8), (0x19, 0x40), (0x19, 0xA0), (0x1B, 0x02)] if lfo else []
    for ch in range(8):
        # Each channel has its own algorithm: what is fast for one alone does not decide the figure.
        rows += [(RL + ch, 0xC0 | 0x10 | ch), (KC + ch, 0x3A + 3 * ch), (PMS + ch, 0x33)]
        for op in range(4):
            values = (0x01 + op, 20 if op < 3 else 8, 31, 0x84, 2, 0x24)
            rows += [(base + 8 * op + ch, value) for base, value in zip(SLOT_BASES, values, strict=True)]
    return rows + [(KON, ALL_KEYS | ch) for ch in range(voices)]


HOLD_LFO = [(0x01, 0x02)]
"""Test bit 1, which two trackers set once and leave."""
CSM_EVERY_100_FRAMES = [(0x10, 0xE7), (0x11, 0), (0x14, 0x81)]
"""Timer A overflows every 100 frames and strikes all keys."""


def song(writes: int, seed: int = 1) -> list[Writes]:
    """One second of a song: bursts 60 times per second, of levels, pitches, keys and some instrument changes."""
    # A fixed seed: the same song in every run and for every engine.
    rng = np.random.default_rng(seed)
    bases = (0x60, 0x78, 0x28, 0x30, 0x08, 0x80, 0xE0, 0x20)
    shares = (0.2, 0.2, 0.2, 0.15, 0.15, 0.05, 0.03, 0.02)

    def write() -> tuple[int, int]:
        base = int(rng.choice(bases, p=shares))
        # A key goes down with all four operators, or up.
        if base == 0x08:
            return base, int(rng.integers(8)) | int(rng.choice([0, 0x78]))
        data = int(rng.integers(8, 48)) if base in (0x60, 0x78) else int(rng.integers(0x20, 0x60))
        return base + int(rng.integers(8)), (data | 0xC0) if base == 0x20 else data

    return [[write() for _ in range(writes // BURSTS)] for _ in range(BURSTS)]


def playing(registers: Writes) -> YM2151:
    """Return a chip with some registers written, past its attacks."""
    chip = YM2151()
    for address, data in registers:
        chip.write_register(address, data)
    chip.generate(2000)
    return chip


def song_events(bursts: list[Writes], chip: YM2151, gaps: Sequence[int] = CLOSE) -> Events:
    """Return the bus events of bursts from now on; ``gaps``: frames between the writes of a burst, in turn."""
    first = np.repeat([i * SECOND // BURSTS for i in range(len(bursts))], [len(burst) for burst in bursts])
    later = np.concatenate([np.cumsum([0, *np.resize(gaps, len(burst))])[: len(burst)] for burst in bursts])
    address, data = np.array([row for burst in bursts for row in burst]).T
    return from_writes(chip.cycle // CYCLES_PER_FRAME + first + later, address, data)


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds some work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def interleaved(jobs: Mapping[Name, Callable[[], float]], runs: int) -> dict[Name, float]:
    """Run the jobs in turn, several times; return each one's median."""
    times: dict[Name, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            # In turn, not one job's runs after another's: what else the machine does meets all alike.
            times[name].append(job())
    return {name: statistics.median(values) for name, values in times.items()}
