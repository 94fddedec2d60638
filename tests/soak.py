"""Play for minutes while every core is busy, and report the result: python -m tests.soak --minutes 10.

The song loops through the player, PortAudio and ALSA into a PulseAudio server of its own, where it is recorded.
Exit code 1 if the recording is not the rendering to the bit, samples were late, or memory grew by more than 5 MB after
the first minute.

With songs (python -m tests.soak --minutes 5 SONG...) they play on the full screen, in random order, while random keys
are pressed. Exit code 1 if the screen took longer than 0.3 s to answer a key, samples were late, or there was an
exception.
"""

import argparse
import contextlib
import fcntl
import math
import os
import pty
import random
import select
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

import numpy as np

import opm
from opm.song import Playing, Renderer, Resampler
from tests import pulse

# ruff: noqa: T201
ROOT = Path(__file__).parent.parent
SONG = ROOT / "player" / "songs" / "mountain_king.vgm"
FLAT = 5.0
"""MB that the player's memory may grow."""
ANSWER = 0.3
"""Seconds in which the screen has to answer a key."""


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


def first_difference(got: np.ndarray, playing: Playing) -> float | None:
    """Return the second in which the recording leaves the rendering."""
    resampler, at = Resampler(playing.rate, pulse.RATE), 0
    blocks = Renderer(playing).blocks(2**20)
    first = resampler.convert(next(blocks))
    got = got[int(np.flatnonzero(got.any(axis=1))[0] - np.flatnonzero(first.any(axis=1))[0]) :]
    for want in (first, *map(resampler.convert, blocks), resampler.flush()):
        if not np.array_equal(got[at : at + len(want)], want):
            return at / pulse.RATE
        at += len(want)
    return None


class Terminal:
    """A terminal of a size that a player draws on; keeps what is drawn, and when."""

    def __init__(self, command: list[str], environment: dict[str, str], columns: int, lines: int) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.drawn = b""

    def read(self, seconds: float) -> float | None:
        """Return how long it took until something was drawn; None if nothing was."""
        start = time.monotonic()
        if not select.select([self.ours], [], [], seconds)[0]:
            return None
        with contextlib.suppress(OSError):  # It has ended.
            self.drawn += os.read(self.ours, 2**20)
        return time.monotonic() - start

    def press(self, key: str) -> float:
        """Press a key; return how long the screen took to answer."""
        while self.read(0.0) is not None and self.process.poll() is None:
            pass
        os.write(self.ours, KEYS[key])
        return (self.read(5.0) or 5.0) if key in SEEN else 0.0


KEYS = {"left": b"\x1b[D", "right": b"\x1b[C", "up": b"\x1b[A", "down": b"\x1b[B", "home": b"\x1b[H"}
KEYS |= {key: key.encode() for key in " 123456789s+-npoi[]t"}
SEEN = " +-it"
"""Keys that change the screen whatever is on it."""


def press(songs: list[str], seconds: float, busy: int, seed: int) -> int:
    """Play songs under random keys; return the exit code."""
    chance, late, slowest, count = random.Random(seed), 0, 0.0, 0
    command = [sys.executable, "-m", "player", "--shuffle", *songs * 10]
    with tempfile.TemporaryDirectory() as folder, pulse.pulse_server(Path(folder)) as sound, pulse.busy(busy):
        terminal = Terminal(command, {**sound, "TERM": "xterm-256color"}, 120, 40)
        while b"underruns" not in terminal.drawn:
            terminal.read(1.0)
        end = time.monotonic() + seconds
        while time.monotonic() < end and terminal.process.poll() is None:
            key = chance.choice(list(KEYS))
            took = terminal.press(key)
            count += 1
            if key in SEEN:
                late, slowest = late + (took > ANSWER), max(slowest, took)
            pause = time.monotonic() + chance.choice([0.01, 0.1, 0.5, 1.5])
            while time.monotonic() < pause:
                terminal.read(max(0.0, pause - time.monotonic()))
        early = terminal.process.poll()
        os.write(terminal.ours, b"q")
        while terminal.process.poll() is None:
            terminal.read(0.1)
    said = terminal.drawn[terminal.drawn.rfind(b"\x1b[?1049l") :].decode(errors="replace")
    code = terminal.process.returncode
    print(f"{count} keys, {late} of them answered later than {ANSWER} s, the slowest after {slowest:.3f} s")
    print(f"exit code {code}{' before its time' if early is not None else ''}; the player said: {said[-300:]!r}")
    return int(late > 0 or code != 0 or early is not None or "underruns" in said or "Traceback" in said)


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 2, help="processes that keep the cores busy")
    parser.add_argument("--seed", type=int, default=1, help="of the random keys")
    parser.add_argument("songs", nargs="*", help="songs to play under random keys")
    options = parser.parse_args()
    opm.YM2151()  # Compile first: that takes minutes and memory, once.
    if options.songs:
        return press(options.songs, 60 * options.minutes, options.busy, options.seed)
    song = opm.load(SONG)
    loops = max(1, math.ceil(options.minutes * 60 / song.seconds(song.loop_ticks)))
    playing = Playing(song, loops=loops, fade=0)
    print(f"{playing.frames / playing.rate / 60:.1f} minutes, {options.busy} busy processes")
    with tempfile.TemporaryDirectory() as folder:
        sizes, said, got = play(Path(folder), loops, options.busy)
    different = first_difference(got, playing)
    settled, last = sizes[min(5, len(sizes) - 1)], sizes[-1]
    print("recording:", "the rendering, bit for bit" if different is None else f"differs from {different:.3f} s on")
    print("the player said:", said.strip() or "nothing (no underruns)")
    print(
        f"memory: {settled:.1f} MB after a minute, {last:.1f} MB at the end, {max(sizes[5:] or sizes):.1f} MB at most"
    )
    return int(different is not None or "underruns" in said or last - settled > FLAT)


if __name__ == "__main__":
    sys.exit(main())
