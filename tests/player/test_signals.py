"""Signals: the process ends whatever its threads do, nothing is left behind, the terminal is as it was."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from conftest import ROOT

LONG = "0 28 4A\n0 20 C7\n0 80 1F\n0 08 08\nloop\n50000 28 4A\n100000 28 3E\n"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
PLAYER = ("-m", "player")
PLAYS = """
import sys, time
import numpy as np
import player.__main__ as program, player.devices

class Quiet:
    rate, underruns, capacity, held = 55_930.0, 0, 14_000, 0
    def __init__(self, *arguments): pass
    def start(self): pass
    def write(self, samples): time.sleep(len(samples) / self.rate)
    def finish(self): pass
    def close(self): pass
    def interrupt(self, owner): owner.join(20)
    time_to_finish = 20.0

player.devices.Speaker = Quiet
program.run()
"""


def wait_for(condition):
    """Wait until something is so."""
    while not condition():
        time.sleep(0.02)
    return condition()


def start(command, **options):
    """Start a player."""
    return subprocess.Popen([sys.executable, *map(str, command)], cwd=ROOT, **{"stderr": subprocess.PIPE, **options})


@pytest.fixture
def songs(tmp_path):
    """Four songs that take minutes to render, each after its own path."""
    paths = [tmp_path / f"song{i}.log" for i in range(4)]
    for path in paths:
        path.write_text(LONG)
    return paths


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_rendering(songs, tmp_path, number):
    """The old file stays, no temporary one does, and the exit code says which signal it was."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.wav").write_bytes(b"the old one")
    process = start([*PLAYER, songs[0], "-o", out / "a.wav", "--loops", 10_000])
    wait_for(lambda: list(out.glob(".opm-*")))
    process.send_signal(number)
    assert b"Traceback" not in process.communicate()[1]
    assert process.returncode == 128 + number
    assert [path.name for path in out.iterdir()] == ["a.wav"]
    assert (out / "a.wav").read_bytes() == b"the old one"


def test_a_signal_that_is_ignored_stays_so(songs, tmp_path):
    """As under nohup."""
    nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); import player.__main__ as p; p.run()"
    process = start(["-c", nohup, songs[0], "-o", tmp_path / "a.wav", "--loops", 100])
    wait_for(lambda: list(tmp_path.glob(".opm-*")))
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode == 0


def test_what_runs_the_tests_may_ignore_signals():
    """What they start does not: their signals would be sent in vain."""
    code = f"""
import signal, subprocess, sys
for number in {[*map(int, SIGNALS)]}:
    signal.signal(number, signal.SIG_IGN)
import conftest
child = "import signal; print([n for n in {[*map(int, SIGNALS)]} if signal.getsignal(n) == signal.SIG_IGN])"
subprocess.run([sys.executable, "-c", child])
"""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_two_signals_at_once(songs, tmp_path):
    """As of a terminal and a supervisor: one of them ends it, and Python has nothing to say about the other."""
    code = """
import time
import player.__main__ as program, player.files as files

def run(job, batch):
    print("here", flush=True)
    while True:
        time.sleep(0.001)

files.write_job = run
program.run()
"""
    for _ in range(5):
        process = start(["-c", code, songs[0], "-o", tmp_path / "a.wav"], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"here\n"
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        assert process.communicate()[1] == b""
        assert process.returncode in (130, 143, 129)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_it_is_imported(tmp_path, number):
    """Wherever that is, also where exceptions are lost: a weak reference's end stands for such a place."""
    (tmp_path / "argparse.py").write_text(f"""
import os, weakref
class Kept: pass
kept = Kept()
gone = weakref.ref(kept, lambda _: os.kill(os.getpid(), {int(number)}))
del kept
import time
time.sleep(100)
""")
    process = start([*PLAYER, "song.log"], env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert process.communicate()[1] == b""
    assert process.returncode == 128 + number


IMPORTS = """
import socketserver
import player.signals as signals

seen = set()
signals._replace = lambda *_: seen.update(sys.modules)
socketserver.BaseServer.serve_forever = lambda *_: None
program.main()
late = [name for name in set(sys.modules) - seen if name.partition(".")[0] in ("opm", "player", "concurrent")]
sys.exit(str(late) if late or not seen else 0)
"""


@pytest.mark.parametrize(
    "arguments", ["song.log -o a.flac", "song.log -o a.mid", "song.log --plain", "--serve 127.0.0.1:0"]
)
def test_all_is_imported_before_signals_raise(tmp_path, arguments):
    """In imports an exception could be lost: a name that opm imports when it is asked for has been asked for before."""
    (tmp_path / "song.log").write_text("0 08 00\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PLAYS.replace("program.run()", IMPORTS), *arguments.split()]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_batch(songs, tmp_path, number):
    """What is complete stays, nothing else does, and no further song is begun; there was one process."""
    out = tmp_path / "out"
    short = tmp_path / "short.log"
    short.write_text("0 08 00\n")
    command = [*PLAYER, short, *songs, "-o", f"{out}/", "--loops", 10_000, "--jobs", 2]
    process = start(command, start_new_session=True)
    wait_for(lambda: (out / "short.wav").exists() and len(list(out.glob(".opm-*"))) == 2)
    assert Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text() == ""
    os.killpg(process.pid, number)
    assert b"Traceback" not in process.communicate()[1]
    assert process.returncode == 128 + number
    assert [path.name for path in out.iterdir()] == ["short.wav"]


def test_a_batch_that_ends_does_not_wait_for_what_is_read(songs, tmp_path):
    """Only for what is written."""
    reads = tmp_path / "reads"
    code = f"""if True:
        import pathlib, time
        import player.__main__ as program, player.jobs as jobs

        read = jobs.Job.playing
        def slow(job):
            if job.path.name == "song1.log":
                pathlib.Path({str(reads)!r}).touch()
                time.sleep(10_000)
            return read(job)
        jobs.Job.playing = slow
        program.run()
    """
    out = tmp_path / "out"
    process = start(["-c", code, *songs, "-o", f"{out}/", "--loops", 10_000, "--jobs", 2])
    wait_for(lambda: reads.exists() and list(out.glob(".opm-*")))
    process.send_signal(signal.SIGINT)
    assert b"Traceback" not in process.communicate()[1]
    assert process.returncode == 130
    assert not list(out.iterdir())


@pytest.mark.parametrize("number", SIGNALS)
def test_the_terminal_is_as_it_was(songs, number):
    """Echo and line mode are back, the cursor is shown."""
    leader, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    environment = {**os.environ, "TERM": "xterm"}
    process = start(["-c", PLAYS, songs[0]], stdin=terminal, stdout=terminal, stderr=terminal, env=environment)
    os.set_blocking(leader, False)
    shown = b""

    def drawn():
        nonlocal shown
        with contextlib.suppress(BlockingIOError):
            while part := os.read(leader, 65_536):
                shown += part
        return b"keyboard" in shown or process.poll() is not None

    wait_for(drawn)
    assert termios.tcgetattr(terminal) != before
    process.send_signal(number)
    wait_for(lambda: drawn() and process.poll() is not None)
    drawn()
    assert process.returncode == 128 + number, shown[-500:]
    assert termios.tcgetattr(terminal) == before
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l") >= 0
    assert b"Traceback" not in shown
    os.close(leader)
    os.close(terminal)


@pytest.mark.parametrize(
    "waits",
    [
        "signals.run_in_thread(work)",
        "list(each(Threads(1), lambda _: work(), [0], bool))",
        "list(ahead(work() for _ in [0]))",
    ],
)
def test_a_signal_that_another_thread_takes_is_obeyed(waits):
    """Of two at once one may take both; the main thread's wait for it is not broken off then."""
    code = f"""
import os, signal, threading, time
from opm.many import Threads, each
from player import signals
from player.ahead import ahead

def work():
    time.sleep(0.3)  # The main thread waits by then.
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(10)
    os._exit(9)

signals.exit_on_signals()
signals.raise_on_signals()
try:
    {waits}
    code = 0
except signals.Ended as ended:
    code = ended.code
signals.exit_now(code)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 128 + signal.SIGTERM
