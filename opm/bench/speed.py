"""How fast the chip is, by what it plays: against real time, ymfm-py, the cycle engine, and itself with AVX2 alone."""

import importlib.util
import os
import pickle
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from llvmlite import binding

from ..events import REFERENCE_RATE
from ..pitch import REFERENCE_CLOCK
from .report import Table, figure
from .songs import GAPS, song_like
from .workloads import (
    BLOCK,
    BURSTS,
    CLOSE,
    CSM_EVERY_100_FRAMES,
    HOLD_LFO,
    SECOND,
    Row,
    Writes,
    interleaved,
    patch,
    playing,
    song,
    song_events,
    timed,
)

Job = Callable[[], float]
Elsewhere = Callable[[Job], float]
ROOT = Path(__file__).parents[2]
_WORKER = """
import pickle, sys
while sys.stdin.buffer.peek(1):
    pickle.dump(pickle.load(sys.stdin.buffer)(), sys.stdout.buffer)
    sys.stdout.flush()
"""
AVX2 = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}
"""What makes Numba compile for AVX2: LLVM uses no gathers there, and without this machine's features no AVX-512."""
SONG = "song of 52 s to a 48 kHz WAV"


@dataclass(frozen=True)
class Workload:
    """What to play: registers that are written before, a song's bursts, frames a call where there is no song.

    And the frames between the writes of a burst, in turn.
    """

    registers: Writes
    bursts: list[Writes] = field(default_factory=list)
    block: int = BLOCK
    gaps: Sequence[int] = CLOSE

    @property
    def seconds(self) -> int:
        """How long it takes to play: its bursts, or a second of a chip left alone."""
        return len(self.bursts) // BURSTS or 1


WORKLOADS = {
    "song-like: arcade": Workload(*song_like(), gaps=GAPS),
    "song-like: X68000, two channels bent": Workload(*song_like(bent=(2, 5))),
    "song-like: vibrato": Workload(*song_like(vibrato=(2, 3, 4, 5)), gaps=GAPS),
    "song-like: vibrato, LFO held": Workload(*song_like(first=HOLD_LFO, vibrato=(2, 3, 4, 5)), gaps=GAPS),
    "8 voices, AM and PM": Workload(patch()),
    "8 voices, no LFO": Workload(patch(lfo=False)),
    "idle": Workload([]),
    "120 writes per second": Workload(patch(), song(120)),
    "600 writes per second": Workload(patch(), song(600)),
    "1 800 writes per second": Workload(patch(), song(1800)),
    "LFO held, 600 writes per second": Workload(patch() + HOLD_LFO, song(600)),
    "CSM, 100 frames apart": Workload(patch(0) + CSM_EVERY_100_FRAMES),
    "64 frames a call": Workload(patch(), block=64),
    "0 voices": Workload(patch(0)),
    "2 voices": Workload(patch(2)),
    "4 voices": Workload(patch(4)),
}


def ours(work: Workload, engine: str, frames: int) -> float:
    """Return ns per frame of an engine, from so many frames for each second of the workload."""
    chip = playing(work.registers)
    frames *= work.seconds
    if work.bursts:
        events = song_events(work.bursts, chip, work.gaps)
        return timed(lambda: chip.run(events, frames, engine=engine)) * 1e9 / frames
    calls = frames // work.block
    return timed(lambda: [chip.run((), work.block, engine=engine) for _ in range(calls)]) * 1e9 / (calls * work.block)


def theirs(work: Workload, frames: int) -> float:
    """Return ns per frame of ymfm-py, which takes a burst at once."""
    import ymfm  # type: ignore[import-not-found,import-untyped,unused-ignore]

    chip = ymfm.YM2151(clock=REFERENCE_CLOCK)
    frames *= work.seconds
    block = SECOND // BURSTS if work.bursts else work.block
    bursts: list[Writes] = (work.bursts or [[]] * (frames // block))[: frames // block]

    def write(rows: Writes) -> None:
        for address, data in rows:
            chip.write_address(address)
            chip.write_data(data)

    def play() -> None:
        for burst in bursts:
            write(burst)
            chip.generate(block)

    write(work.registers)
    # Past the attacks, as ``playing`` does for ours.
    chip.generate(2000)
    return timed(play) * 1e9 / (len(bursts) * block)


def vgm(seconds: int) -> bytes:
    """Return a song file: the patch, and again and again a second of 300 writes."""
    rows = [b"".join(b"\x54" + bytes(row) for row in rows) for rows in (patch(), *song(300))]
    body = rows[0] + b"".join(burst + b"\x62" for burst in rows[1:]) * seconds + b"\x66"
    header = struct.pack("<4sII12xI20xII8x", b"Vgm ", 60 + len(body), 0x151, 44_100 * seconds, REFERENCE_CLOCK, 12)
    return header + body


def to_wav(folder: str, seconds: int) -> float:
    """Return ns per frame of the player, as a process, less those of a process with a song of no length."""

    def process(length: int) -> float:
        path = Path(folder, f"{length}.vgm")
        path.write_bytes(vgm(length))
        command = [sys.executable, "-m", "player", str(path), "-o", f"{path}.wav", "--tail", "0"]
        return timed(lambda: subprocess.run(command, cwd=ROOT, capture_output=True, check=True))

    # The start of Python, its imports and the file's end are in both.
    return (process(seconds) - process(0)) * 1e9 / (seconds * REFERENCE_RATE)


@contextmanager
def avx2_process() -> Iterator[Elsewhere | None]:
    """Give what does a job in a process that compiles for AVX2; None where the processor has none."""
    if not binding.get_host_cpu_features().get("avx2"):
        yield None
        return
    # A process of its own: Numba reads the processor's name and features once, when it is imported.
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER], cwd=ROOT, env=os.environ | AVX2, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        orders, answers = process.stdin, process.stdout
        assert orders
        assert answers

        def elsewhere(job: Job) -> float:
            pickle.dump(job, orders)
            orders.flush()
            return pickle.load(answers)  # type: ignore[no-any-return]

        yield elsewhere


def _jobs(work: Workload, frames: int) -> dict[str, Job]:
    """Return what to measure of a workload."""
    jobs: dict[str, Job] = {"ours": partial(ours, work, "auto", frames)}
    # Fewer frames, for it is the slow one: the ratio needs no more.
    jobs["cycle"] = partial(ours, work, "cycle", min(frames, 8 * BLOCK))
    if importlib.util.find_spec("ymfm"):
        jobs["ymfm"] = partial(theirs, work, frames)
    return jobs


def _measured(workloads: dict[str, dict[str, Job]], elsewhere: Elsewhere | None, runs: int) -> list[Row]:
    """Take all times in turn, so that what else the machine does meets all alike; return a row for each workload."""
    if elsewhere:
        workloads = {name: jobs | {"avx2": partial(elsewhere, jobs["ours"])} for name, jobs in workloads.items()}
    ns = interleaved({(name, who): job for name, jobs in workloads.items() for who, job in jobs.items()}, runs)

    # None where one of the two is missing: no ymfm-py, or no AVX2.
    def ratio(name: str, slow: str, fast: str) -> float | None:
        return ns[name, slow] / ns[name, fast] if {(name, slow), (name, fast)} <= ns.keys() else None

    return [
        {
            "workload": name,
            "ns_per_frame": ns[name, "ours"],
            "real_time": 1e9 / ns[name, "ours"] / REFERENCE_RATE,
            "vs_ymfm": ratio(name, "ymfm", "ours"),
            "vs_cycle": ratio(name, "cycle", "ours"),
            "avx2_ns_per_frame": ns.get((name, "avx2")),
            "avx2_vs_ymfm": ratio(name, "ymfm", "avx2"),
        }
        for name in workloads
    ]


def rows(runs: int = 15, frames: int = SECOND // BLOCK * BLOCK, seconds: int = 52) -> list[Row]:
    """Measure all workloads, each engine's runs and those of ymfm-py (if it is installed) in turn.

    Parameters
    ----------
    runs : int
        Of which the medians are taken; half of them for the song to a WAV.
    frames : int
        Of a run, for each second of its workload.
    seconds : int
        Length of the song that goes to a WAV.

    Returns
    -------
    list of dict
        Rows with ``workload``, ``ns_per_frame``, ``real_time`` (times real time), ``vs_ymfm`` and ``vs_cycle`` (how
        many times faster than ymfm-py and the cycle engine), ``avx2_ns_per_frame`` and ``avx2_vs_ymfm`` (the same in a
        process that compiles for AVX2 without gathers). None is what cannot be measured.
    """
    workloads = {name: _jobs(work, frames) for name, work in WORKLOADS.items()}
    with avx2_process() as elsewhere, tempfile.TemporaryDirectory() as folder:
        whole: Job = partial(to_wav, folder, seconds)
        song_rows = _measured({SONG: {"ours": whole}}, elsewhere, -(-runs // 2))
        return _measured(workloads, elsewhere, runs) + song_rows


def table(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    columns = {
        "ns per frame": "ns_per_frame",
        "times real time": "real_time",
        "times ymfm-py": "vs_ymfm",
        "times cycle engine": "vs_cycle",
        "AVX2: ns per frame": "avx2_ns_per_frame",
        "AVX2: times ymfm-py": "avx2_vs_ymfm",
    }
    return [["workload", *columns], *([row["workload"], *(figure(row[c]) for c in columns.values())] for row in rows)]
