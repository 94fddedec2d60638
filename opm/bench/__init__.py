"""Benchmarks of the chip: speed (the default), calls, profile, start.

Wall-clock times of this machine, medians of interleaved runs; compare within one run only.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..chip import YM2151
from ..events import CHIP, CYCLES_PER_FRAME, MASTER_CLOCKS_PER_FRAME, Events, from_writes
from ..pitch import REFERENCE_CLOCK
from ..registers import ALL_KEYS, KC, KON, PMS, RL, SLOT_BASES

Row = dict[str, Any]
RATE = REFERENCE_CLOCK / MASTER_CLOCKS_PER_FRAME
SECOND = 55_930
"""Frames of a second of sound."""
BLOCK = 1024
BURSTS = 60
"""Times per second that a sound driver writes registers."""


def patch() -> list[tuple[int, int]]:
    """Register writes that make all 8 channels sound, algorithms 0 to 7, LFO with AM and PM."""
    rows = [(0x18, 0xC8), (0x19, 0x40), (0x19, 0xA0), (0x1B, 0x02)]
    for ch in range(8):
        rows += [(RL + ch, 0xC0 | 0x10 | ch), (KC + ch, 0x3A + 3 * ch), (PMS + ch, 0x33)]
        for op in range(4):
            values = (0x01 + op, 20 if op < 3 else 8, 31, 0x84, 2, 0x24)
            rows += [(base + 8 * op + ch, value) for base, value in zip(SLOT_BASES, values, strict=True)]
    return rows + [(KON, ALL_KEYS | ch) for ch in range(8)]


def song(writes: int, seed: int = 1) -> list[list[tuple[int, int]]]:
    """One second of a song: bursts 60 times per second, of levels, pitches, keys and some instrument changes."""
    rng = np.random.default_rng(seed)
    bases = (0x60, 0x78, 0x28, 0x30, 0x08, 0x80, 0xE0, 0x20)
    shares = (0.2, 0.2, 0.2, 0.15, 0.15, 0.05, 0.03, 0.02)

    def write() -> tuple[int, int]:
        base = int(rng.choice(bases, p=shares))
        if base == 0x08:
            return base, int(rng.integers(8)) | int(rng.choice([0, 0x78]))
        data = int(rng.integers(8, 48)) if base in (0x60, 0x78) else int(rng.integers(0x20, 0x60))
        return base + int(rng.integers(8)), (data | 0xC0) if base == 0x20 else data

    return [[write() for _ in range(writes // BURSTS)] for _ in range(BURSTS)]


def sounding(voices: int = 8) -> YM2151:
    """Return a chip that plays the patch on some channels, past its attacks."""
    chip = YM2151()
    for address, data in patch():
        if address != KON or data & 7 < voices:
            chip.write_register(address, data)
    chip.generate(2000)
    return chip


def song_events(bursts: list[list[tuple[int, int]]], start: int) -> Events:
    """Return a second's bus events, writes two frames apart."""
    first = np.repeat([i * SECOND // BURSTS for i in range(len(bursts))], [len(burst) for burst in bursts])
    place = np.concatenate([np.arange(len(burst)) for burst in bursts])
    address, data = np.array([row for burst in bursts for row in burst]).T
    return from_writes(start // CYCLES_PER_FRAME + first + CHIP.spacing * place, address, data)


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds some work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def interleaved(jobs: Mapping[str, Callable[[], float]], runs: int) -> dict[str, float]:
    """Run the jobs in turn, several times; return each one's median."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            times[name].append(job())
    return {name: statistics.median(values) for name, values in times.items()}


# ---- speed


def _ours(engine: str, bursts: list[list[tuple[int, int]]] | None, idle: bool, frames: int) -> float:
    """Return ns per frame."""
    chip = YM2151() if idle else sounding()
    if bursts is None:
        return timed(lambda: [chip.run((), BLOCK, engine=engine) for _ in range(frames // BLOCK)]) * 1e9 / frames
    start = -(-chip.cycle // CYCLES_PER_FRAME) * CYCLES_PER_FRAME
    events = song_events(bursts, start)
    events = events[events["cycle"] < start + CYCLES_PER_FRAME * frames]
    return timed(lambda: chip.run(events, frames, engine=engine)) * 1e9 / frames


def _ymfm(bursts: list[list[tuple[int, int]]] | None, idle: bool, frames: int) -> float:
    """Return ns per frame of ymfm-py, which takes a burst at once."""
    import ymfm  # type: ignore[import-not-found,import-untyped,unused-ignore]

    chip = ymfm.YM2151(clock=REFERENCE_CLOCK)

    def write(rows: list[tuple[int, int]]) -> None:
        for address, data in rows:
            chip.write_address(address)
            chip.write_data(data)

    if not idle:
        write(patch())
    chip.generate(2000)
    if bursts is None:
        return timed(lambda: [chip.generate(BLOCK) for _ in range(frames // BLOCK)]) * 1e9 / frames

    def play() -> None:
        for burst in bursts:
            write(burst)
            chip.generate(SECOND // BURSTS)

    return timed(play) * 1e9 / (BURSTS * (SECOND // BURSTS))


def speed(runs: int = 5) -> list[Row]:
    """Both engines, and ymfm-py if it is installed, on four workloads.

    Returns
    -------
    list of dict
        Rows with ``workload``, ``engine``, ``ns_per_frame``, ``real_time`` (times real time) and
        ``vs_ymfm`` (how many times faster than ymfm-py, None without it).
    """
    have_ymfm = importlib.util.find_spec("ymfm") is not None
    workloads: dict[str, tuple[list[list[tuple[int, int]]] | None, bool]] = {
        "8 voices, LFO": (None, False),
        "idle": (None, True),
        "600 writes/s": (song(600), False),
        "1800 writes/s": (song(1800), False),
    }
    rows = []
    frames = SECOND // BLOCK * BLOCK
    for workload, (bursts, idle) in workloads.items():
        jobs = {
            "frame": partial(_ours, "auto", bursts, idle, frames),
            "cycle": partial(_ours, "cycle", bursts, idle, 8 * BLOCK),
        }
        if have_ymfm:
            jobs["ymfm-py"] = partial(_ymfm, bursts, idle, frames)
        for engine, ns in (medians := interleaved(jobs, runs)).items():
            ratio = medians["ymfm-py"] / ns if have_ymfm else None
            rows.append(
                {
                    "workload": workload,
                    "engine": engine,
                    "ns_per_frame": ns,
                    "real_time": 1e9 / ns / RATE,
                    "vs_ymfm": ratio,
                }
            )
    return rows


def _show_speed(rows: list[Row]) -> None:
    print(f"{'workload':16}{'engine':10}{'ns per frame':>13}{'x real time':>13}{'x ymfm-py':>11}")
    for row in rows:
        ratio = f"{row['vs_ymfm']:11.2f}" if row["vs_ymfm"] else f"{'-':>11}"
        print(f"{row['workload']:16}{row['engine']:10}{row['ns_per_frame']:13.1f}{row['real_time']:13.1f}{ratio}")


# ---- calls


def calls(samples: int = SECOND) -> list[Row]:
    """One second of samples by calls of different length: a cycle, a sample, blocks, all at once.

    Returns
    -------
    list of dict
        Rows with ``cycles_per_sample``, ``call`` (what one call does), ``engine``, ``calls`` (counted),
        ``calls_per_second`` (of sound), ``us_per_call``, ``real_time``, ``call_share`` (share of the time an
        empty call takes).
    """
    rows = []
    for cycles in (64, 32):
        rows.append(_calls_row(cycles, "1 cycle", "cycle", samples * cycles, 1, samples))
        for engine in ("cycle", "frame"):
            for what, block in (("1 sample", 1), ("64 samples", 64), ("1024 samples", 1024), ("all", samples)):
                rows.append(_calls_row(cycles, what, engine, samples, block, samples))
    return rows


def _calls_row(cycles: int, what: str, engine: str, steps: int, block: int, samples: int) -> Row:
    """Time one row: ``steps`` steps of a cycle or a sample, ``block`` of them a call."""
    chip = sounding()
    per_step = 1 if what == "1 cycle" else cycles
    count = 0

    def call(length: int) -> None:
        chip.run((), length, per_step, engine)

    def empty() -> None:
        for _ in range(1000):
            call(0)

    def all_calls() -> None:
        nonlocal count
        done = 0
        while done < steps:
            call(min(block, steps - done))
            done += block
            count += 1

    empty_call = min(timed(empty) for _ in range(3)) / 1000
    seconds = timed(all_calls)
    return {
        "cycles_per_sample": cycles,
        "call": what,
        "engine": engine,
        "calls": count,
        "calls_per_second": round(count * SECOND / samples),
        "us_per_call": seconds / count * 1e6,
        "real_time": samples / SECOND / seconds,
        "call_share": min(1.0, count * empty_call / seconds),
    }


def show_calls(rows: list[Row]) -> None:
    """Print the rows of ``calls`` as a table."""
    print("one second of 55 930 samples")
    print(
        f"{'cycles':>6} {'a call':13}{'engine':7}{'calls/s':>11}{'us per call':>12}{'x real time':>13}"
        f"{'call itself':>13}"
    )
    for row in rows:
        print(
            f"{row['cycles_per_sample']:6} {row['call']:13}{row['engine']:7}{row['calls_per_second']:11,}"
            f"{row['us_per_call']:12.2f}{row['real_time']:13.2f}{row['call_share']:13.1%}"
        )


# ---- profile


def profile(runs: int = 5) -> list[Row]:
    """Where a frame's time goes, block by block, and how the cost grows.

    A block's time is its own, run alone on the working record of a sounding chip.

    Returns
    -------
    list of dict
        Rows with ``what``, ``case``, ``ns_per_frame``.
    """
    from . import blocks

    rows = [{"what": "block", "case": name, "ns_per_frame": ns} for name, ns in blocks.measure(sounding(), runs)]
    rows += _growth("frames per call", {str(n): _by_block(sounding(), n) for n in (1, 8, 64, 1024)}, runs)
    rows += _growth("channels sounding", {str(n): _by_block(sounding(n), BLOCK) for n in (0, 2, 4, 8)}, runs)
    whole = SECOND // BLOCK * BLOCK
    writes = {str(n): partial(_ours, "auto", song(n) if n else None, False, whole) for n in (0, 600, 1800, 7200)}
    rows += _growth("writes per second", writes, runs)
    return rows + _growth("chips in turn", {str(n): _by_chips(n) for n in (1, 2, 4)}, runs)


def _growth(what: str, jobs: Mapping[str, Callable[[], float]], runs: int) -> list[Row]:
    return [{"what": what, "case": case, "ns_per_frame": ns} for case, ns in interleaved(jobs, runs).items()]


def _by_block(chip: YM2151, block: int) -> Callable[[], float]:
    count = max(1, 8 * BLOCK // block)
    return lambda: timed(lambda: [chip.generate(block) for _ in range(count)]) * 1e9 / (count * block)


def _by_chips(number: int) -> Callable[[], float]:
    chips = [sounding() for _ in range(number)]
    return lambda: timed(lambda: [chip.generate(BLOCK) for _ in range(8) for chip in chips]) * 1e9 / (8 * BLOCK)


def _show_profile(rows: list[Row]) -> None:
    what = None
    for row in rows:
        if row["what"] != what:
            what = row["what"]
            print(f"{what:24}{'ns per frame':>13}")
        print(f"  {row['case']:22}{row['ns_per_frame']:13.1f}")


# ---- start

_FIRST_SAMPLE = """
import time
begin = time.perf_counter()
import numba
imported = time.perf_counter()
import opm
opm.YM2151().generate(1)
print(imported - begin, time.perf_counter() - begin)
"""


def _fresh_process(cache: Path) -> tuple[float, float]:
    """Return seconds to import numba, and to the first sample, in a process of its own."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", _FIRST_SAMPLE]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    numba, sample = map(float, output.split())
    return numba, sample


def start(runs: int = 5) -> list[Row]:
    """Measure import to first sample: once with an empty cache (compiling), then from the cache.

    Returns
    -------
    list of dict
        Rows with ``what``, ``seconds`` to the first sample (median), ``numba`` seconds of that for importing numba.
    """
    with tempfile.TemporaryDirectory() as folder:
        cold = [_fresh_process(Path(folder))]
        warm = [_fresh_process(Path(folder)) for _ in range(runs)]
    return [
        {
            "what": what,
            "seconds": statistics.median(sample for _, sample in times),
            "numba": statistics.median(numba for numba, _ in times),
        }
        for what, times in (("cold, compiling", cold), (f"warm, median of {runs}", warm))
    ]


def _show_start(rows: list[Row]) -> None:
    print(f"{'import to first sample':24}{'seconds':>9}{'of which numba':>16}")
    for row in rows:
        print(f"{row['what']:24}{row['seconds']:9.2f}{row['numba']:16.2f}")


BENCHMARKS: dict[str, tuple[Callable[[], list[Row]], Callable[[list[Row]], None]]] = {
    "speed": (speed, _show_speed),
    "calls": (calls, show_calls),
    "profile": (profile, _show_profile),
    "start": (start, _show_start),
}


def main(argv: list[str] | None = None) -> None:
    """Run one benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="python -m opm.bench", description=__doc__)
    parser.add_argument("benchmark", choices=BENCHMARKS, nargs="?", default="speed")
    parser.add_argument("--json", action="store_true", help="print rows for machines")
    args = parser.parse_args(argv)
    measure, show = BENCHMARKS[args.benchmark]
    rows = measure()
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        show(rows)
