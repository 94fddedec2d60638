"""Benchmarks: speed (the default), board, calls, many, profile, start; readme writes their tables into the README.

Wall-clock times of this machine; compare within one run only.
"""

import argparse
import json
from datetime import date
from pathlib import Path
from types import ModuleType

from . import board, calls, many, profile, speed, start
from .report import markdown, marked, processor, text, write

BENCHMARKS: dict[str, ModuleType] = {
    "speed": speed,
    "board": board,
    "calls": calls,
    "many": many,
    "profile": profile,
    "start": start,
}
"""Each has ``rows``, which measures, and ``table``, which shows them."""
README = Path(__file__).parents[2] / "README.md"


def main(argv: list[str] | None = None) -> None:
    """Run one benchmark, or those the README has tables of; print their tables."""
    parser = argparse.ArgumentParser(prog="python -m opm.bench", description=__doc__)
    parser.add_argument("benchmark", choices=[*BENCHMARKS, "readme"], nargs="?", default="speed")
    parser.add_argument("--json", action="store_true", help="print rows for machines")
    args = parser.parse_args(argv)
    names, to_readme = [args.benchmark], args.benchmark == "readme"
    try:
        if to_readme:
            # Read before minutes of measuring: a README without a place for the tables is refused at once.
            names = marked(README.read_text(), BENCHMARKS)
    except (OSError, ValueError) as error:
        parser.error(f"{README.name}: {error}")
    machine, today = processor(), date.today()
    rows = {name: BENCHMARKS[name].rows() for name in names}
    tables = {name: BENCHMARKS[name].table(rows[name]) for name in names}
    if to_readme:
        heading = f"{machine}, {today:%d %B %Y}:\n\n"
        write(README, {name: heading + markdown(table) for name, table in tables.items()})
    if args.json:
        print(json.dumps({"processor": machine, "date": today.isoformat(), **rows}, indent=2))
    else:
        print(f"{machine}, {today}", *map(text, tables.values()), sep="\n\n")
