"""Benchmarks: ``python -m opm.bench start``. Wall-clock times of this machine; compare within one run only."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_FIRST_SAMPLE = """
import time
begin = time.perf_counter()
import numba
imported = time.perf_counter()
import opm
opm.YM2151().generate(1)
print(imported - begin, time.perf_counter() - begin)
"""


def _fresh_process(cache: Path) -> tuple[float, float]:
    """Return seconds to import numba, and to the first sample, in a process of its own."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", _FIRST_SAMPLE]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    numba, sample = map(float, output.split())
    return numba, sample


def start(runs: int = 5) -> list[dict[str, Any]]:
    """Measure import to first sample: once with an empty cache (compiling), then from the cache.

    Returns
    -------
    list of dict
        Rows with ``what``, ``seconds`` to the first sample (median), ``numba`` seconds of that for importing numba.
    """
    with tempfile.TemporaryDirectory() as folder:
        cold = [_fresh_process(Path(folder))]
        warm = [_fresh_process(Path(folder)) for _ in range(runs)]
    return [
        {
            "what": what,
            "seconds": statistics.median(sample for _, sample in times),
            "numba": statistics.median(numba for numba, _ in times),
        }
        for what, times in (("cold, compiling", cold), (f"warm, median of {runs}", warm))
    ]


def _print_start(rows: list[dict[str, Any]]) -> None:
    print(f"{'import to first sample':24}{'seconds':>9}{'of which numba':>16}")
    for row in rows:
        print(f"{row['what']:24}{row['seconds']:9.2f}{row['numba']:16.2f}")


BENCHMARKS = {"start": (start, _print_start)}


def main(argv: list[str] | None = None) -> None:
    """Run one benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="python -m opm.bench", description=__doc__)
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("--json", action="store_true", help="print rows for machines")
    args = parser.parse_args(argv)
    measure, show = BENCHMARKS[args.benchmark]
    rows = measure()
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        show(rows)


if __name__ == "__main__":
    main()
