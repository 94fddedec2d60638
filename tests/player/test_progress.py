"""Songs written at the same time, by threads: files, lines and errors are those of songs written one by one."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from concurrent.futures import CancelledError

import pytest
from conftest import ROOT

from opm.song import SongError
from player import files, progress
from player.__main__ import main
from player.files import write
from player.jobs import Job
from player.progress import Batch

SONG = "0 28 4A\n0 20 C7\n0 80 1F\n0 08 08\n{} 08 00\n"


@pytest.fixture
def songs(tmp_path):
    """Six songs, of different lengths, between them one that is none."""
    paths = [tmp_path / f"song{i}.log" for i in range(6)]
    for i, path in enumerate(paths):
        path.write_text(SONG.format(3000 * (6 - i)))
    paths[2].write_text("no song")
    return paths


@pytest.mark.parametrize("kind", ["wav", "flac", "log"])
def test_files_are_the_same_for_any_number_of_threads(songs, tmp_path, kind):
    """And no other is left there."""
    written = []
    for workers in (1, 2, 5):
        out = tmp_path / str(workers)
        assert main([*map(str, songs), "-o", f"{out}/", "--format", kind, "--jobs", str(workers)]) == 1
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert len(written[0]) == 5
    assert written[0] == written[1] == written[2]


def test_songs_are_done_at_the_same_time_by_threads(monkeypatch):
    met, threads = threading.Barrier(2), set()

    def run(job, batch):
        met.wait()
        threads.add(threading.get_ident())

    monkeypatch.setattr(files, "write_job", run)
    assert write([Job(name) for name in "abcdef"], 2) == []
    assert len(threads) == 2
    assert threading.get_ident() not in threads


def test_lines_of_what_went_wrong_are_in_the_order_of_the_songs(monkeypatch):
    """However long each takes to fail."""
    failed = threading.Event()

    def run(job, batch):
        if job.path == "a":
            failed.wait()
        failed.set()
        raise SongError("bad")

    monkeypatch.setattr(files, "write_job", run)
    assert write([Job(name) for name in "abc"], 2) == ["a: bad", "b: bad", "c: bad"]


def test_an_end_in_a_thread_ends_all(songs, tmp_path, monkeypatch):
    """It comes up in the main thread once the temporary files of the others are gone."""
    run = files.write_job

    def fail(job, batch):
        if job is not jobs[1]:
            return run(job, batch)
        while not list(tmp_path.glob(".opm-*")):
            pass
        raise SystemExit(3)

    monkeypatch.setattr(files, "write_job", fail)
    songs[0].write_text(SONG.format(10**9))
    jobs = [Job(song, song.with_suffix(".wav")) for song in songs]
    with pytest.raises(SystemExit):
        write(jobs, 2)
    assert sorted(tmp_path.iterdir()) == songs


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("error", [ZeroDivisionError("by\x1b zero"), MemoryError(), struct.error("int too large")])
def test_a_mistake_of_ours_costs_one_song(songs, tmp_path, monkeypatch, capsys, error, workers):
    """Whatever goes wrong in one of several; with its type, for it is nothing that a song can do."""
    run, out = files.write_job, tmp_path / "out"

    def fail(job, batch):
        if job.path == songs[0]:
            raise error
        return run(job, batch)

    monkeypatch.setattr(files, "write_job", fail)
    songs[2].write_text(SONG.format(100))
    assert main([*map(str, songs), "-o", f"{out}/", "--jobs", workers]) == 1
    assert sorted(path.name for path in out.iterdir()) == [f"song{i}.wav" for i in range(1, 6)]
    lines = [line for line in capsys.readouterr().err.splitlines() if "song0" in line]
    why = {"ZeroDivisionError": r"ZeroDivisionError: by\x1b zero", "MemoryError": "MemoryError", "error": "error: int"}
    assert len(lines) == 1
    assert f"{songs[0]}: {why[type(error).__name__]}" in lines[0]


def test_the_bar_waits_for_the_compiler(songs, monkeypatch):
    """Which may have something to say on the same line."""
    started = []
    batches = []

    def look(playing):
        started.append(batches[0].bar.live.is_started)

    monkeypatch.setattr("player.files.Renderer.compile_for", look)

    class Kept(Batch):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.bar.disable = False
            batches.append(self)

    monkeypatch.setattr("player.files.Batch", Kept)
    assert write([Job(songs[0], songs[0].with_suffix(".flac"))]) == []
    assert started == [False]
    assert not batches[0].bar.live.is_started


def test_an_end_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(progress, "TIME_TO_FINISH", 0.01)
    with Batch(1, 2) as batch:
        batch.writers.acquire()


def test_what_comes_to_write_after_the_end_does_not():
    with Batch(1, 1) as batch:
        batch.ended.set()
    with batch.writers, pytest.raises(CancelledError):
        batch.report("song", 0.0)


def test_the_bar_is_full_whatever_songs_come_to(songs, monkeypatch):
    """It goes by how much of each is done, and those that fail are done."""
    batches = []

    class Kept(Batch):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            batches.append(self)

    monkeypatch.setattr("player.files.Batch", Kept)
    assert len(write([Job(song, song.with_suffix(".flac")) for song in songs], 2)) == 1
    (bar,) = batches[0].bar.tasks
    assert bar.total == 6
    assert bar.completed == pytest.approx(6)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_terminal_shows_one_bar_below_the_lines_and_none_at_the_end(songs, tmp_path, jobs):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 60, 0, 0))
    command = [sys.executable, "-m", "player", *map(str, songs), "-o", f"{tmp_path}/out/", "--jobs", str(jobs)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    drawn = b""
    with contextlib.suppress(OSError):  # It has ended.
        while part := os.read(ours, 65_536):
            drawn += part
    os.close(ours)
    assert process.wait() == 1
    assert b"writing" in drawn
    assert drawn.rfind(b"\x1b[?25h") > drawn.rfind(b"\x1b[?25l") >= 0
    lines = shown(drawn.decode())
    assert sorted(line.split(": ")[0] for line in lines) == sorted(
        ["1 of 6 songs failed", "python -m player", *(f"{tmp_path}/out/song{i}.wav" for i in (0, 1, 3, 4, 5))]
    )


def shown(drawn):
    """Return the lines that stand on a terminal at the end: those it did not erase, long ones in one piece."""
    lines, row = [""], 0
    for text, code in re.findall(r"([^\x1b\r\n]+)|(\x1b\[[?0-9;]*[A-Za-z]|\r|\n)", drawn):
        if code == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif code.endswith("A"):
            row -= 1
        elif code.endswith("K"):
            lines[row] = ""
        lines[row] += text
    return [line for line in lines if line]
