"""Numba's disk cache of compiled functions, so that it may cost time but never function.

Numba itself (0.68) stops at a damaged index and a full disk, and calls into damaged machine code. And
it keeps silent while it compiles, which looks like a hang.
"""

import contextlib
import functools
import hashlib
import logging
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

from numba.core import event
from numba.core.caching import FunctionCache, IndexDataCacheFile

NOTICE = "compiling, first run only"
DELAY = 2.0
"""Seconds of compiling, all together, after which a process says so."""


@functools.cache
def say_once(line: str) -> None:
    """Warn, once a process."""
    logging.getLogger("opm").warning(line)


class _CheckedFiles(IndexDataCacheFile):
    """Numba's index and machine code under a digest (6 ms): what is damaged counts as not there."""

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return self._digest(data) + data

    def _digest(self, data: bytes) -> bytes:
        """Return a digest that is another one for each version of Numba, whose pickles the next may not read."""
        return hashlib.sha256(self._version.encode() + data).digest()

    def _load_data(self, name: str) -> Any:
        packed = Path(self._data_path(name)).read_bytes()
        digest, data = packed[:32], packed[32:]
        if digest != self._digest(data):
            raise OSError(f"{name} is damaged")
        return pickle.loads(data)

    def _load_index(self) -> dict[Any, str]:
        try:
            stamp, overloads = self._load_data(self._index_name)
        except OSError:
            return {}
        return overloads if stamp == self._source_stamp else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._save_data(self._index_name, (self._source_stamp, overloads))


class DiskCache(FunctionCache):
    """Numba's disk cache with checked files; what cannot be written is said, and lost.

    Parameters
    ----------
    function : function
    sources : int
        Another number for other sources of what the function calls: part of the key.
    """

    def __init__(self, function: Any, sources: int) -> None:
        super().__init__(function)
        files = self._cache_file
        self._cache_file = _CheckedFiles(self.cache_path, self._impl.filename_base, files._source_stamp)
        self._sources = sources

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        return super()._index_key(signature, codegen), self._sources

    def save_overload(self, signature: Any, compiled: Any) -> None:
        try:
            super().save_overload(signature, compiled)
        except OSError as error:
            say_once(f"the compiled chip is not kept, each start compiles it again: {error.strerror or error}")


class Notice(event.Listener):
    """Says once, on standard error and while it goes on, that compiling for the disk cache takes long.

    Numba compiles one function at a time, whatever the number of threads that ask for one.
    """

    def __init__(self) -> None:
        self._unsaid = threading.Lock()
        self._timer = threading.Timer(DELAY, self._say)
        self._began = self._spent = 0.0

    def on_start(self, started: Any) -> None:
        """Wait for the rest of the delay, beside the compiler."""
        if _kept(started):
            self._timer = threading.Timer(DELAY - self._spent, self._say)
            self._timer.daemon = True
            self._began = time.monotonic()
            with contextlib.suppress(RuntimeError):  # Threads have run out, or Python is at its end.
                self._timer.start()

    def on_end(self, ended: Any) -> None:
        """Wait no longer, whatever ended it."""
        if _kept(ended):
            self._timer.cancel()
            self._spent += time.monotonic() - self._began

    def _say(self) -> None:
        # Standard error may be missing, closed or full: no reason to end a compilation.
        if self._unsaid.acquire(blocking=False):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                sys.stderr.write(f"{NOTICE}\n")
                sys.stderr.flush()


def _kept(compiling: Any) -> bool:
    """Say whether it is ours and goes to the disk: a block within it does not count, nor does a user's function."""
    return isinstance(getattr(compiling.data["dispatcher"], "_cache", None), DiskCache)


event.register("numba:compile", Notice())
