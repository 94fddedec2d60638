"""A worker of the long form: one kind of input, a range of numbers, each input made from its number alone.

What it does stands in a page of shared memory, with the input it is at, so that whoever started it sees a hang, and
after a crash knows what caused it. Each new or smaller failing input is kept as a file, and told in a line of JSON.
"""

import contextlib
import json
import mmap
import re
import resource
import struct
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

_FIELDS = ("index", "busy", "size", "done", "accepted", "wrong", "slow", "peak")
_HEAD = struct.Struct(f"<{len(_FIELDS)}q")
CAPACITY = 32 * 2**20
SLOW = 2.0
"""Seconds of processor time that an input may take."""
MEMORY = 500
"""Megabytes that it may take."""
LIMIT = 1024
"""Megabytes at which it gets no more."""


class Page:
    """The shared memory of a worker and of who started it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            with path.open("wb") as file:
                file.write(_HEAD.pack(-1, *[0] * (len(_FIELDS) - 1)))
                file.truncate(CAPACITY)
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), CAPACITY)

    def read(self) -> dict[str, int]:
        """Return the fields."""
        return dict(zip(_FIELDS, _HEAD.unpack_from(self._memory), strict=True))

    def write(self, **changed: int) -> None:
        """Change fields."""
        _HEAD.pack_into(self._memory, 0, *(self.read() | changed).values())

    @property
    def data(self) -> bytes:
        """The input the worker is at."""
        return self._memory[_HEAD.size : _HEAD.size + self.read()["size"]]

    def begin(self, index: int, data: bytes) -> None:
        """Note an input."""
        self._memory[_HEAD.size : _HEAD.size + len(data)] = data
        self.write(index=index, busy=1, size=len(data))


class Keeper:
    """Keeps the smallest failing input of each fault, in a folder."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.sizes: dict[str, int] = {}

    def keep(self, what: str, index: int, data: bytes) -> None:
        """Keep an input, if it is the smallest of its fault, and say so."""
        if len(data) < self.sizes.get(what, sys.maxsize):
            self.sizes[what] = len(data)
            file = str(self.store(what, data))
            print(json.dumps({"what": what, "index": index, "size": len(data), "file": file}), flush=True)  # noqa: T201

    def store(self, what: str, data: bytes) -> Path:
        """Keep an input unless there is a smaller one of its fault; return the file."""
        path = self.folder / f"{self.name}-{zlib.crc32(what.encode()):08x}.bin"
        if not path.exists() or path.stat().st_size > len(data):
            path.write_bytes(data)
        return path


def forget_peak() -> int:
    """Let the most memory be counted from now on; return what there is, in megabytes (Linux: ``proc(5)``)."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """Return the most memory the process has had since, in megabytes."""
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) // 1024


def place(error: BaseException) -> str:
    """Return what was raised, and the last place of the product that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/opm/" in f.filename or "/player/" in f.filename]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    shown = re.sub(r"-?\d{3,}", "N", f": {error}") if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__}{where}{shown}"[:200]


def again(check: Callable[[], object]) -> float:
    """Return how long it takes an input the second time: the first one may have had to compile a chip."""
    start = time.process_time()
    with contextlib.suppress(Exception):
        check()
    return time.process_time() - start


def work(name: str, seed: int, first: int, last: int, page: Page, keeper: Keeper) -> None:
    """Take the inputs of a range of numbers."""
    from .targets import TARGETS

    target = TARGETS[name]
    target.check(target.valid(Random(0)), True)
    allowed = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE + LIMIT * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (allowed, resource.RLIM_INFINITY))
    tally = page.read()
    for index in range(first, last):
        r = Random(f"{name} {seed} {index}")
        data = target.attack(r)
        page.begin(index, data)
        base = forget_peak()
        start = time.process_time()
        try:
            tally["accepted"] += target.check(data, True)
        except Exception as error:
            tally["wrong"] += 1
            keeper.keep(place(error), index, data)
        if time.process_time() - start > SLOW and again(lambda data=data: target.check(data, True)) > SLOW:
            tally["slow"] += 1
            keeper.keep("slow", index, data)
        if (grown := peak() - base) > MEMORY >= tally["peak"]:
            keeper.keep(f"more than {MEMORY} MB", index, data)
        tally |= {"done": tally["done"] + 1, "peak": max(tally["peak"], grown)}
        page.write(busy=0, **{key: tally[key] for key in ("done", "accepted", "wrong", "slow", "peak")})


if __name__ == "__main__":
    kind, number, begin, end, shared, kept = sys.argv[1:]
    work(kind, int(number), int(begin), int(end), Page(Path(shared)), Keeper(kind, Path(kept)))
