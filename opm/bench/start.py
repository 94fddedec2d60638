"""From import to the first sample, with an empty cache and from a full one; what compiling takes of it."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .report import Table, figure
from .workloads import Row

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("first_sample.py")


def fresh_process(cache: str, state: str = "warm") -> dict[str, Any]:
    """Return what the script prints, in a process of its own with a certain cache, ``cold`` or ``warm``."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", str(SCRIPT), state]  # -P: our modules must not hide Python's of the same name
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(output)  # type: ignore[no-any-return]


def rows(runs: int = 5) -> list[Row]:
    """Measure import to first sample: once with an empty cache (compiling), then from the cache.

    A block is compiled alone, and again by LLVM within each function it is part of: there it counts as that one's.

    Returns
    -------
    list of dict
        Rows with ``what``, ``seconds``, and for what is compiled ``llvm`` (seconds of those that LLVM takes) and
        ``functions``. The first of each start is the whole of it.
    """
    with tempfile.TemporaryDirectory() as cache:
        cold = fresh_process(cache, "cold")
        # The median of several; a cold start is measured once, for it takes half a minute.
        warm = [fresh_process(cache) for _ in range(runs)]
    return [
        _row("cold, to the first sample", cold["seconds"]),
        _row("cold, importing numba", cold["numba"]),
        *(
            _row(f"cold, compiling {name}", part["front_end"] + part["llvm"], part["llvm"], part["functions"])
            for name, part in sorted(cold["packages"].items())
        ),
        _row("warm, to the first sample", statistics.median(start["seconds"] for start in warm)),
        _row("importing numba, which that does without", statistics.median(start["numba"] for start in warm)),
    ]


def _row(what: str, seconds: float, llvm: float | None = None, functions: int | None = None) -> Row:
    return {"what": what, "seconds": seconds, "llvm": llvm, "functions": functions}


def table(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    columns = {"seconds": "seconds", "of which LLVM": "llvm", "functions": "functions"}
    return [["", *columns], *([row["what"], *(figure(row[c]) for c in columns.values())] for row in rows)]
