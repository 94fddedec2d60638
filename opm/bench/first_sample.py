"""A script for a fresh process: the time to the first sample, and what of it Numba takes; see ``start``."""

import json
import sys
import time
from collections import defaultdict
from typing import Any


class Compiling:
    """Charges the time between two events to the package whose function is being compiled, Numba's or ours."""

    def __init__(self) -> None:
        self.open: list[tuple[str, str]] = []
        self.last = 0.0
        self.packages: dict[str, dict[str, float]] = defaultdict(lambda: {"functions": 0, "front_end": 0, "llvm": 0})

    def _charge(self) -> None:
        now = time.perf_counter()
        if self.open:
            package, part = self.open[-1]
            self.packages[package][part] += now - self.last
        self.last = now

    def on_start(self, started: Any) -> None:
        """Numba compiles a function, or LLVM works for it."""
        # What it was compiling until now stands below on the stack: time goes to the innermost.
        self._charge()
        if started.kind == "numba:compile":
            names = started.data["dispatcher"].py_func.__module__.split(".")
            package = ".".join(names[:2]) if names[0] == "opm" else names[0]
            self.packages[package]["functions"] += 1
            self.open.append((package, "front_end"))
        else:
            self.open.append((self.open[-1][0] if self.open else "numba", "llvm"))

    def on_end(self, ended: Any) -> None:
        """It has done so."""
        self._charge()
        self.open.pop()


def import_numba() -> float:
    """Return how long it takes."""
    begin = time.perf_counter()
    import numba  # noqa: F401

    return time.perf_counter() - begin


begin, numba, compiling = time.perf_counter(), 0.0, Compiling()
if "cold" in sys.argv:
    numba = import_numba()
    from numba.core import event

    class Listening(Compiling, event.Listener):
        """What Numba tells of its events."""

    compiling = Listening()
    for kind in ("numba:compile", "numba:llvm_lock"):
        event.register(kind, compiling)  # type: ignore[no-untyped-call]

from opm.chip import YM2151  # noqa: E402

YM2151().generate(1)
seconds = time.perf_counter() - begin
# A warm start does without it: here to compare with.
print(json.dumps({"seconds": seconds, "numba": numba or import_numba(), "packages": compiling.packages}))
