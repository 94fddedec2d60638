"""The disk cache of compiled functions: whatever the disk does costs time, never a result.

A file for each function: a digest, then what ``_native`` loads. What is in it is run, so it is read only where nobody
else can write. Numba's own cache raises at a damaged index or a full disk, runs damaged machine code and does not check
who else can write to its folder; nor can it be read without Numba.
"""

import contextlib
import functools
import hashlib
import logging
import os
import pickle
import re
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import llvmlite
import numpy as np

from ._native import Code, processor

NOTICE = "compiling, first run only: about 30 s"
DELAY = 2.0
"""Seconds of compiling, all together, after which a process says so."""
OTHERS = stat.S_IWGRP | stat.S_IWOTH
NOT_KEPT = "the compiled chip is not kept, each start compiles it again"


@functools.cache
def say_once(line: str) -> None:
    """Warn, once a process."""
    logging.getLogger("opm").warning(line)


def read(function: Callable[..., Any], key: str) -> Code | None:
    """Return what is kept of a function under a key, or nothing."""
    with contextlib.suppress(OSError):
        path = _path(function, key)
        packed = path.read_bytes()
        # At every load, not only at the start: a file replaced in between would be run.
        if not _beside_sources(path.parent) and _others_write(path):
            say_once(f"compiled again, since others can write to {str(path)!r}")
        elif not _why_not(path.parent) and packed[:32] == _digest(key, packed[32:]):
            # Only behind digest and owner: unpickling runs what is in the file.
            return Code(*pickle.loads(packed[32:]))
    return None


def write(function: Callable[..., Any], key: str, code: Code) -> None:
    """Keep what was compiled; what cannot be kept is said, and lost."""
    data = pickle.dumps(tuple(code))
    try:
        path = _path(function, key)
        _make(path.parent)
        if why := _why_not(path.parent):
            say_once(f"{NOT_KEPT}: {why}")
            return
        handle, name = tempfile.mkstemp(dir=path.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(key, data) + data)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    # A full or read-only disk: the function that was compiled still runs.
    except OSError as error:
        say_once(f"{NOT_KEPT}: {error.strerror or error}")


def _make(folder: Path) -> None:
    """Make a folder and those above it."""
    # The umask cannot be read without setting it. A folder made under a lax one would be refused at the next start.
    before = os.umask(OTHERS)
    os.umask(before | OTHERS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    finally:
        os.umask(before)


def _path(function: Callable[..., Any], key: str) -> Path:
    """Return the file of a function: other sources take its place; other arguments, processors or settings do not."""
    source, kinds = Path(function.__code__.co_filename), key.partition(",")[2]
    other = hashlib.sha256(repr((kinds, processor(), _settings())).encode()).hexdigest()[:16]
    return _folder(source.parent) / f"{source.stem}.{function.__name__}-{sys.implementation.cache_tag}-{other}.opm"


def _folder(sources: Path) -> Path:
    """Return where functions of a folder are kept: where NUMBA_CACHE_DIR says, beside them, or at the user's."""
    within = f"{sources.name}_{hashlib.sha256(os.fsencode(sources)).hexdigest()[:16]}"
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(given, within)
    beside = sources / "__pycache__"
    if os.access(beside if beside.exists() else sources, os.W_OK):
        return beside
    home = {"win32": "~/AppData/Local", "darwin": "~/Library/Caches"}.get(sys.platform, "~/.cache")
    return Path(os.environ.get("XDG_CACHE_HOME", home)).expanduser() / "numba-opm" / within


def _digest(key: str, data: bytes) -> bytes:
    """Return a digest that differs for other sources, processors, versions and settings of Numba."""
    return hashlib.sha256(repr((key, processor(), _versions(), _settings())).encode() + data).digest()


@functools.cache
def _versions() -> tuple[Any, ...]:
    # Numba's is read from its file: importlib.metadata takes 18 ms.
    numba = find_spec("numba")
    made = Path(numba.origin or "").with_name("_version.py").read_bytes() if numba else b""
    return sys.version, np.__version__, llvmlite.__version__, made


def _settings() -> list[tuple[str, str]]:
    """Return the variables by which Numba may compile other code, such as NUMBA_BOUNDSCHECK."""
    # Our own begin with NUMBA_OPM_.
    named = [name for name in os.environ if re.match("NUMBA_(?!CACHE_DIR$|OPM_)", name)]
    return [(name, os.environ[name]) for name in sorted(named)]


def _why_not(folder: Path) -> str:
    """Say in words why nothing can be kept in a folder, or loaded from it; nothing if it can."""
    given = Path(os.environ.get("NUMBA_CACHE_DIR") or folder)
    # Up to the folder that was set: whoever can write to one in between can put another in its place.
    above = [path for path in folder.parents if path == given or given in path.parents]
    # In a sticky folder, such as /tmp, what is ours stays ours.
    shared = [path for path in above if _others_write(path) and not path.stat().st_mode & stat.S_ISVTX]
    if not _beside_sources(folder):
        shared += [folder] if _others_write(folder) else []
    return f"others can write to {str(shared[0])!r}, and what is there is run" if shared else ""


def _beside_sources(folder: Path) -> bool:
    """Say whether it is a folder of Python's own: who can write there can write what Python runs, too."""
    return folder.name == "__pycache__"


def _others_write(path: Path) -> bool:
    """Say whether anyone may write there but us, root, and a group that only we are in."""
    # Elsewhere modes say nothing about who may write.
    if os.name != "posix":
        return False
    status = path.stat()
    others = stat.S_IWOTH if _own_group(status.st_gid) else OTHERS
    return status.st_uid not in (0, os.getuid()) or bool(status.st_mode & others)


@functools.cache
def _own_group(number: int) -> bool:
    """Say whether a group is the user's private one, which bears his name."""
    import grp
    import pwd

    # Many systems give each user such a group and a umask that lets it write. Root's, 0, is not taken for one.
    try:
        return number == os.getgid() != 0 and grp.getgrgid(number).gr_name == pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return False


class Notice:
    """Says on standard error, while it lasts, that compiling takes long.

    A terminal shows the seconds so far, and nothing at the end; elsewhere it is said once. Numba compiles one function
    at a time, whatever the number of threads that ask for one; a function within another counts with that.
    """

    def __init__(self) -> None:
        self._writing, self._ended = threading.Lock(), threading.Event()
        self._began = self._spent = 0.0
        self._said, self._drawn, self._depth = False, "", 0

    def __enter__(self) -> None:
        """Wait for the rest of the delay, beside the compiler."""
        self._depth += 1
        if self._depth == 1:
            self._began, self._ended = time.monotonic(), threading.Event()
            # A daemon: a compilation that Ctrl-C breaks off is not waited for.
            watcher = threading.Thread(target=self._watch, args=(self._ended, DELAY - self._spent), daemon=True)
            with contextlib.suppress(RuntimeError):  # Threads have run out, or Python is at its end.
                watcher.start()

    def __exit__(self, *_: object) -> None:
        """Wait no longer, whatever ended it."""
        self._depth -= 1
        if not self._depth:
            # Before the lock: the watcher looks at it inside, and writes nothing behind what is wiped out here.
            self._ended.set()
            self._spent += time.monotonic() - self._began
            with self._writing, _heard_or_not():
                if self._drawn:
                    _write(f"\r{' ' * len(self._drawn)}\r")
                    self._drawn = ""

    def _watch(self, ended: threading.Event, delay: float) -> None:
        while not ended.wait(delay):
            delay = 1.0
            with self._writing, _heard_or_not():
                if not ended.is_set():
                    self._say()

    def _say(self) -> None:
        # Not where a screen or a progress bar has put something of its own in place of standard error.
        stream = sys.stderr
        if stream is sys.__stderr__ and stream is not None and stream.isatty():
            self._drawn = f"{NOTICE}, {self._spent + time.monotonic() - self._began:.0f} s so far"
            _write(f"\r{self._drawn}")
        elif not self._said:
            self._said = True
            _write(f"{NOTICE}\n")


def _heard_or_not() -> Any:
    """Go on whatever standard error says: it may be missing, closed or full, no reason to end a compilation."""
    return contextlib.suppress(AttributeError, OSError, ValueError)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


notice = Notice()
