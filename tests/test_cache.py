"""The disk cache of compiled code: whatever the disk does costs time, never function."""

import io
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from conftest import ROOT

from opm import _cache
from opm._native import processor

KERNEL = """
import sys
from opm import _jit

@_jit.entry
def double(x):
    return 2 * x

print(double(21), "compiled" if double.compiled else "loaded")
"""


@pytest.fixture
def run(tmp_path):
    """Run a small entry of ``opm._jit`` in a process of its own; return what it printed and said."""
    (tmp_path / "kernel.py").write_text(KERNEL)

    def run(cache=tmp_path / "cache", **more):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(cache), **more}
        done = subprocess.run(
            [sys.executable, "kernel.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip(), done.stderr.strip()

    return run


def damages():
    """Return ways to damage a file, by name."""

    def flip(data):
        at = len(data) * 2 // 3
        return data[:at] + bytes((data[at] ^ 16,)) + data[at + 1 :]

    return {
        "empty": lambda data: b"",
        "cut": lambda data: data[: len(data) // 2],
        "garbage": lambda data: b"\x93NUMPY" + bytes(range(256)),
        "flipped": flip,
    }


def test_a_damaged_file_is_compiled_again(run, tmp_path):
    """Four damages; the second time it is loaded, so it healed."""
    assert run() == ("42 compiled", "")
    for name, damage in damages().items():
        assert run() == ("42 loaded", ""), f"before {name}"
        (path,) = (tmp_path / "cache").rglob("*double*")
        path.write_bytes(damage(path.read_bytes()))
        assert run() == ("42 compiled", ""), name


def test_a_full_disk(run, tmp_path):
    """A file size limit of 0 stands for it: writing fails as on a full disk."""
    limited = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    (tmp_path / "kernel.py").write_text(limited + KERNEL)
    printed, said = run()
    assert printed == "42 compiled"
    assert said == "the compiled chip is not kept, each start compiles it again: File too large"
    (tmp_path / "kernel.py").write_text(KERNEL)
    assert run() == ("42 compiled", "")


def test_no_folder_to_write_to(run, tmp_path):
    """A folder that is a file cannot be made, whoever asks; one line says what to do, the code runs all the same."""
    (tmp_path / "file").write_bytes(b"")
    printed, said = run(cache=tmp_path / "file" / "cache")
    assert printed == "42 compiled"
    assert said == f"{_cache.NOT_KEPT}: Not a directory"


def test_settings_of_numba_compile_again(run):
    """Each other setting is other code."""
    for setting in ({}, {"NUMBA_OPT": "0"}, {"NUMBA_BOUNDSCHECK": "1"}):
        assert [run(**setting)[0] for _ in range(2)] == ["42 compiled", "42 loaded"], setting
    assert run(NUMBA_OPM_TOKEN="a server's, not Numba's")[0] == "42 loaded"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_folder_that_others_can_write_to_is_refused(run, tmp_path):
    """What is in it is run: nothing is loaded from it, or kept in it, until it is ours alone."""
    cache = tmp_path / "cache"
    assert run() == ("42 compiled", "")
    leaf = next(cache.rglob("*double*")).parent
    for folder, mode, refused in [
        (cache, 0o777, True), (cache, 0o1777, False), (leaf, 0o757, True), (leaf, 0o1777, True), (cache, 0o755, False),
    ]:  # fmt: skip
        folder.chmod(mode)
        said = f"{_cache.NOT_KEPT}: others can write to {str(folder)!r}, and what is there is run"
        assert run() == (("42 compiled", said) if refused else ("42 loaded", ""))
        leaf.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_what_it_makes_itself_is_never_refused(run, tmp_path, umask):
    """Whatever the umask, and though the group may be that of all users."""
    before = os.umask(umask)
    try:
        assert [run(tmp_path / "new" / "cache") for _ in range(2)] == [("42 compiled", ""), ("42 loaded", "")]
    finally:
        os.umask(before)
    assert not any(path.stat().st_mode & 0o022 for path in (tmp_path / "new").rglob("*"))


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_that_others_can_write_to_is_made_anew(run, tmp_path):
    assert run() == ("42 compiled", "")
    (path,) = (tmp_path / "cache").rglob("*double*")
    path.chmod(0o666)
    assert run() == ("42 compiled", f"compiled again, since others can write to {str(path)!r}")
    assert run() == ("42 loaded", "")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", [".", "*", "*/*double*"])
def test_what_somebody_else_owns_is_refused(run, tmp_path, what):
    assert run() == ("42 compiled", "")
    paths = list((tmp_path / "cache").glob(what)) if what != "." else [tmp_path / "cache"]
    for path in paths:
        os.chown(path, 12345, -1)
    printed, said = run()
    assert printed == "42 compiled"
    assert "others can write to" in said


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_users_private_group_is_nobody_else(monkeypatch, tmp_path):
    """Folders that it can write to are the default of many systems; the group of all users is another matter."""
    (tmp_path / "cache").mkdir(mode=0o775)
    (tmp_path / "cache").chmod(0o775)
    monkeypatch.setattr(_cache, "_own_group", lambda number: False)
    assert _cache._others_write(tmp_path / "cache")
    monkeypatch.setattr(_cache, "_own_group", lambda number: True)
    assert not _cache._others_write(tmp_path / "cache")


def test_compiling_that_takes_long_is_said_once(run, tmp_path):
    """Two functions with no patience at all; when they come from the disk there is nothing to say."""
    impatient = f"from opm import _cache; _cache.DELAY = 0\n{KERNEL}\n_jit.entry(lambda x: x)(1)\n"
    (tmp_path / "kernel.py").write_text(impatient)
    assert run() == ("42 compiled", _cache.NOTICE)
    assert run() == ("42 loaded", "")


class Watcher:
    """Stands for the thread that waits beside the compiler: it runs when the test says so."""

    def __init__(self, target, args, daemon):
        self.run, (self.ended, self.delay) = lambda: target(self.ended, self.delay), args
        assert daemon, "it would keep the process alive"

    def start(self):
        """Begin."""


@pytest.fixture
def watchers(monkeypatch):
    """All that were made, the last one at the end."""
    made = []
    monkeypatch.setattr(threading, "Thread", lambda **how: made.append(Watcher(**how)) or made[-1])
    return made


def test_it_is_said_once_while_it_compiles(watchers, capsys):
    notice = _cache.Notice()
    for said in (f"{_cache.NOTICE}\n", ""):
        notice.__enter__()
        looks = iter([False, False])
        watchers[-1].ended.wait = lambda delay, looks=looks: next(looks, True)
        watchers[-1].run()
        assert capsys.readouterr().err == said
        notice.__exit__()
    assert capsys.readouterr().err == ""


def test_short_ones_add_up_and_what_lies_between_does_not(monkeypatch, watchers):
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(_cache, "time", clock)
    monkeypatch.setattr(_cache, "DELAY", 1000)
    notice = _cache.Notice()
    for _ in range(3):
        notice.__enter__()
        clock.now += 300
        notice.__exit__()
        assert watchers[-1].ended.is_set()
        clock.now += 5000
    assert [watcher.delay for watcher in watchers] == [1000, 700, 400]


class Terminal(io.StringIO):
    """A standard error that somebody looks at."""

    def isatty(self):
        return True


def test_a_terminal_shows_the_seconds_and_nothing_at_the_end(monkeypatch, watchers):
    """Its one line is written over, and taken back; not where a screen has taken standard error."""
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(_cache, "time", clock)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "__stderr__", terminal)
    notice = _cache.Notice()
    notice.__enter__()

    def wait(delay):
        clock.now += delay
        return clock.now > 4

    watchers[-1].ended.wait = wait
    watchers[-1].run()
    lines = [f"{_cache.NOTICE}, {seconds} s so far" for seconds in (2, 3, 4)]
    assert terminal.getvalue() == "".join(f"\r{line}" for line in lines)
    notice.__exit__()
    assert terminal.getvalue().endswith(f"\r{lines[-1]}\r{' ' * len(lines[-1])}\r")
    monkeypatch.setattr(sys, "__stderr__", io.StringIO())
    notice._say()
    assert terminal.getvalue().endswith(f"\r{_cache.NOTICE}\n")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stderr", [None, closed()], ids=["none", "closed"])
def test_nowhere_to_say_it(monkeypatch, capsys, watchers, stderr):
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(sys, "__stderr__", stderr)
    notice = _cache.Notice()
    notice.__enter__()
    looks = iter([False])
    watchers[-1].ended.wait = lambda delay: next(looks, True)
    watchers[-1].run()
    notice.__exit__()
    assert capsys.readouterr().out == ""


def test_an_empty_list_of_features_is_a_list(monkeypatch):
    """``NUMBA_CPU_FEATURES=`` names a processor that has none but its name's, as the benchmark's AVX2 columns do."""
    monkeypatch.setenv("NUMBA_CPU_NAME", "haswell")
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "")
    assert processor.__wrapped__() == "haswell "
