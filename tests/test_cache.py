"""The disk cache of compiled code: whatever the disk does costs time, never function."""

import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from conftest import ROOT

from opm import _cache, engine

KERNEL = """
import sys
from opm import _jit

@_jit.entry
def double(x):
    return 2 * x

print(double(21), "compiled" if double.stats.cache_misses else "loaded")
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
    """Index and machine code, four damages each; the second time it is loaded, so it healed."""

    def damage_and_run(ending):
        cache = tmp_path / ending
        assert run(cache) == ("42 compiled", "")
        for name, damage in damages().items():
            assert run(cache) == ("42 loaded", ""), f"before {name} {ending}"
            (path,) = cache.rglob(f"*double*{ending}")
            path.write_bytes(damage(path.read_bytes()))
            assert run(cache) == ("42 compiled", ""), f"{name} {ending}"

    with ThreadPoolExecutor(2) as both:
        list(both.map(damage_and_run, (".nbi", ".nbc")))


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
    blocked = f"import numba; numba.config.CACHE_LOCATOR_CLASSES = 'UserProvidedCacheLocator'\n{KERNEL}"
    (tmp_path / "kernel.py").write_text(blocked)
    printed, said = run(cache=tmp_path / "file" / "cache")
    assert printed == "42 compiled"
    assert said.splitlines() == [
        "no folder can hold the compiled chip, each start compiles it again: set NUMBA_CACHE_DIR to one"
    ]


def test_compiling_that_takes_long_is_said_once(run, tmp_path):
    """Two functions with no patience at all; when they come from the disk there is nothing to say."""
    impatient = f"from opm import _cache; _cache.DELAY = 0\n{KERNEL}\n_jit.entry(lambda x: x)(1)\n"
    (tmp_path / "kernel.py").write_text(impatient)
    assert run() == ("42 compiled", _cache.NOTICE)
    assert run() == ("42 loaded", "")


OURS = SimpleNamespace(data={"dispatcher": engine.run_frames})
"""An event of the compiler."""


def test_it_is_said_while_it_compiles(monkeypatch, capsys):
    monkeypatch.setattr(_cache, "DELAY", 0)
    notice = _cache.Notice()
    for said in ("compiling, first run only\n", ""):
        notice.on_start(OURS)
        notice._timer.join()
        assert capsys.readouterr().err == said
        notice.on_end(OURS)


def test_short_ones_add_up_and_what_lies_between_does_not(monkeypatch):
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(_cache, "time", clock)
    monkeypatch.setattr(_cache, "DELAY", 1000)
    notice, left = _cache.Notice(), []
    for _ in range(3):
        notice.on_start(OURS)
        left.append(notice._timer.interval)
        assert notice._timer.daemon, "it would keep the process alive"
        clock.now += 300
        notice.on_end(OURS)
        assert notice._timer.finished.is_set()
        clock.now += 5000
    assert left == [1000, 700, 400]


def test_a_users_own_function_is_not_meant():
    """It is compiled with each run, unless it is kept in a cache of its own."""
    notice = _cache.Notice()
    for cache in ({"_cache": None}, {}):
        notice.on_start(SimpleNamespace(data={"dispatcher": SimpleNamespace(**cache)}))
        assert notice._timer.ident is None


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stderr", [None, closed()], ids=["none", "closed"])
def test_nowhere_to_say_it(monkeypatch, capsys, stderr):
    monkeypatch.setattr(sys, "stderr", stderr)
    _cache.Notice()._say()
    assert capsys.readouterr().out == ""
