"""Play for minutes while every core is busy, and say what came of it: python -m tests.soak --minutes 10.

The song loops through the player, PortAudio and ALSA into a PulseAudio server of its own, where it is recorded.
Exit code 1 if the recording is not the rendering to the bit, samples were late, or memory grew by more than 5 MB after
the first minute.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

import opm
from opm.song import Options, Renderer, Schedule, formats
from player.resample import Resampler
from tests import pulse

# ruff: noqa: T201
ROOT = Path(__file__).parent.parent
SONG = ROOT / "player" / "songs" / "mountain_king.vgm"
FLAT = 5.0
"""MB that the player's memory may grow."""


def memory(process: subprocess.Popen[str]) -> float:
    """Return the resident set of a process in MB."""
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def play(folder: Path, loops: int, busy: int) -> tuple[list[float], str, np.ndarray]:
    """Play aloud; return the player's memory every ten seconds, what it said and what was heard."""
    sizes, done = [], threading.Event()
    command = [sys.executable, "-m", "player", str(SONG), "--loops", str(loops), "--fade", "0"]
    with pulse.pulse_server(folder) as sound, pulse.busy(busy), pulse.recorded(folder, sound) as recording:
        process = subprocess.Popen(command, cwd=ROOT, env=sound, stderr=subprocess.PIPE, text=True)

        def watch() -> None:
            while not done.wait(10):
                sizes.append(memory(process))

        watching = threading.Thread(target=watch)
        watching.start()
        _, said = process.communicate()
        done.set()
        watching.join()
    return sizes, said, pulse.heard(recording)


def first_difference(got: np.ndarray, schedule: Schedule) -> float | None:
    """Return the second in which the recording leaves the rendering."""
    resampler, at = Resampler(schedule.rate, pulse.RATE), 0
    blocks = Renderer(schedule).blocks(2**20)
    first = resampler.convert(next(blocks))
    got = got[int(np.flatnonzero(got.any(axis=1))[0] - np.flatnonzero(first.any(axis=1))[0]) :]
    for want in (first, *map(resampler.convert, blocks), resampler.flush()):
        if not np.array_equal(got[at : at + len(want)], want):
            return at / pulse.RATE
        at += len(want)
    return None


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 2, help="processes that keep the cores busy")
    options = parser.parse_args()
    song = formats.read(SONG)
    loops = max(1, math.ceil(options.minutes * 60 / song.seconds(song.loop_ticks)))
    schedule = Schedule(song, Options(loops=loops, fade=0))
    print(f"{schedule.frames / schedule.rate / 60:.1f} minutes, {options.busy} busy processes")
    opm.YM2151()  # Compile first: that takes minutes and memory, once.
    with tempfile.TemporaryDirectory() as folder:
        sizes, said, got = play(Path(folder), loops, options.busy)
    different = first_difference(got, schedule)
    settled, last = sizes[min(5, len(sizes) - 1)], sizes[-1]
    print("recording:", "the rendering, bit for bit" if different is None else f"differs from {different:.3f} s on")
    print("the player said:", said.strip() or "nothing (no underruns)")
    print(
        f"memory: {settled:.1f} MB after a minute, {last:.1f} MB at the end, {max(sizes[5:] or sizes):.1f} MB at most"
    )
    return int(different is not None or "underruns" in said or last - settled > FLAT)


if __name__ == "__main__":
    sys.exit(main())
