"""Numba's disk cache of compiled functions, made safe: whatever the disk does costs time, never a result.

Numba itself (0.68) raises at a damaged index or a full disk, and runs damaged machine code. It says nothing while it
compiles, which looks like a hang, and does not check who else can write to its folder, whose contents it runs.
"""

import contextlib
import functools
import hashlib
import logging
import os
import pickle
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

from numba.core import config, event
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

NOTICE = "compiling, first run only: about 30 s"
DELAY = 2.0
"""Seconds of compiling, all together, after which a process says so."""
OTHERS = stat.S_IWGRP | stat.S_IWOTH
NOT_KEPT = "the compiled chip is not kept, each start compiles it again"


@functools.cache
def say_once(line: str) -> None:
    """Warn, once a process."""
    logging.getLogger("opm").warning(line)


class _CheckedFiles(IndexDataCacheFile):
    """Numba's index and machine code, each behind a digest (6 ms to check): a damaged file counts as missing."""

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return self._digest(data) + data

    def _digest(self, data: bytes) -> bytes:
        """Return a digest that differs between versions of Numba: one may not be able to read another's pickles."""
        return hashlib.sha256(self._version.encode() + data).digest()

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Any:
        with super()._open_for_write(filepath) as file:
            if os.name == "posix":  # What umask would let others write to would not be loaded.
                os.fchmod(file.fileno(), stat.S_IMODE(os.fstat(file.fileno()).st_mode) & ~OTHERS)
            yield file

    def _load_data(self, name: str) -> Any:
        path = Path(self._data_path(name))
        packed = path.read_bytes()
        # At every load, not only at the start: a file replaced in between would be run.
        if not _beside_sources(path.parent) and _others_write(path):
            say_once(f"compiled again, since others can write to {str(path)!r}")
            raise PermissionError(f"{name} may be anybody's")
        digest, data = packed[:32], packed[32:]
        if digest != self._digest(data):
            raise OSError(f"{name} is damaged")
        # Only behind digest and owner: unpickling runs what is in the file.
        return pickle.loads(data)

    def _load_index(self) -> dict[Any, str]:
        try:
            stamp, overloads = self._load_data(self._index_name)
        # Missing, damaged or another's: the cache is empty then, and what is compiled is written anew.
        except OSError:
            return {}
        return overloads if stamp == self._source_stamp else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._save_data(self._index_name, (self._source_stamp, overloads))


class _OwnCode(CompileResultCacheImpl):
    """Keeps of a compiled function the names of its own sources only.

    Numba keeps the names of all that was compiled before in the same process, too, and imports their modules when the
    function is loaded: a player of a log would get the chips of all boards.
    """

    files: frozenset[str] = frozenset()

    def reduce(self, compiled: Any) -> Any:
        *code, environments = super().reduce(compiled)
        return *code, tuple(each for each in environments if self._is_own(each.globals.get("__file__") or ""))

    def _is_own(self, file: str) -> bool:
        return file in self.files or Path(file).parent.parent != Path(__file__).parent


class DiskCache(FunctionCache):
    """Numba's disk cache with checked files; what cannot be written is said, and lost.

    Parameters
    ----------
    function : function
    sources : int
        Another number for other sources of what the function calls: part of the key.
    files : frozenset of str
        Those sources.
    """

    _impl_class = _OwnCode

    def __init__(self, function: Any, sources: int, files: frozenset[str]) -> None:
        # The umask cannot be read without setting it. A folder made under a lax one would be refused at the next start.
        before = os.umask(OTHERS)
        os.umask(before | OTHERS)
        try:
            super().__init__(function)  # This makes the folder.
        finally:
            os.umask(before)
        self._impl.files = files
        stamp = self._cache_file._source_stamp
        self._cache_file = _CheckedFiles(self.cache_path, self._impl.filename_base, stamp)
        self._sources = sources
        # Said at once: compiling takes half a minute, and the user can still set another folder.
        if why := _why_not(Path(self.cache_path)):
            say_once(f"{NOT_KEPT}: {why}")
            self.disable()

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        # Numba's key holds the types and the processor, but of all sources only the entry's own file.
        return super()._index_key(signature, codegen), self._sources

    def save_overload(self, signature: Any, compiled: Any) -> None:
        try:
            super().save_overload(signature, compiled)
        # A full or read-only disk: the function that was compiled still runs.
        except OSError as error:
            say_once(f"{NOT_KEPT}: {error.strerror or error}")


def _why_not(folder: Path) -> str:
    """Say in words why nothing can be kept in a folder, or loaded from it; nothing if it can."""
    settings: Any = config
    # Numba would say so with a warning of its own, and compile at each start without a word.
    if not settings.OPT:
        return "Numba cannot keep code made with NUMBA_OPT=0"
    given = Path(settings.CACHE_DIR) if settings.CACHE_DIR else folder
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


class Notice(event.Listener):
    """Says on standard error, while it lasts, that compiling for the disk cache takes long.

    A terminal shows the seconds so far, and nothing at the end; elsewhere it is said once. Numba compiles one function
    at a time, whatever the number of threads that ask for one.
    """

    def __init__(self) -> None:
        self._writing, self._ended = threading.Lock(), threading.Event()
        self._began = self._spent = 0.0
        self._said, self._drawn = False, ""

    def on_start(self, started: Any) -> None:
        """Wait for the rest of the delay, beside the compiler."""
        if _kept(started):
            self._began, self._ended = time.monotonic(), threading.Event()
            # A daemon: a compilation that Ctrl-C breaks off is not waited for.
            watcher = threading.Thread(target=self._watch, args=(self._ended, DELAY - self._spent), daemon=True)
            with contextlib.suppress(RuntimeError):  # Threads have run out, or Python is at its end.
                watcher.start()

    def on_end(self, ended: Any) -> None:
        """Wait no longer, whatever ended it."""
        if _kept(ended):
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


def _kept(compiling: Any) -> bool:
    """Say whether it is ours and goes to the disk: a block within it does not count, nor does a user's function."""
    # By getattr: a dispatcher of another kind may have no cache at all.
    cache = getattr(compiling.data["dispatcher"], "_cache", None)
    return isinstance(cache, DiskCache) and cache._enabled


event.register("numba:compile", Notice())
