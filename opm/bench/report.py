"""Tables of figures, for a terminal and for the README; which machine they are of."""

import math
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path

from llvmlite import binding

from .._file import replacing

Table = list[list[str]]
"""Headings, then rows."""


def figure(value: float | None) -> str:
    """Return a number with three digits, or all that stand before the point; a dash for None."""
    if value is None:
        return "-"
    # Three digits at any size: 0.0123, 1.23, 12.3, 123.
    if isinstance(value, float) and 0 < value < 100:
        return f"{value:.{2 - math.floor(math.log10(value))}f}"
    return f"{value:,.0f}".replace(",", " ")


def text(table: Table) -> str:
    """Return a table as lines for a terminal."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ([f"{row[0]:{widths[0]}}", *map(str.rjust, row[1:], widths[1:])] for row in table)
    return "\n".join("  ".join(line) for line in lines)


def markdown(table: Table) -> str:
    """Return a table as Markdown."""
    head, *rows = table
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---", *["---:"] * (len(head) - 1)], *rows])


def processor() -> str:
    """Return the processor's name, what LLVM calls it, and how many cores this machine has of it."""
    about = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.*)", about.read_text()) if about.exists() else None
    name = named[1] if named else platform.processor() or platform.machine()
    return f"{name} ({binding.get_host_cpu_name()}), {os.cpu_count()} cores"


def marked(page: str, names: Mapping[str, object]) -> list[str]:
    """Return those names whose tables a page has a place for: ``<!-- name -->`` and ``<!-- /name -->``.

    Raises
    ------
    ValueError
        There is none, or they are not pairs, each name once.
    """
    found = [mark for mark in re.findall(r"<!-- (/?\w+) -->", page) if mark.removeprefix("/") in names]
    opened = list(dict.fromkeys(found[::2]))
    if not found or found != [mark for name in opened for mark in (name, f"/{name}")]:
        raise ValueError(f"expected pairs of <!-- name --> and <!-- /name -->, found {', '.join(found) or 'none'}")
    return opened


def write(path: Path, tables: Mapping[str, str]) -> None:
    """Put texts between their markers in a file and leave the rest alone; it is written completely or not at all."""
    page = path.read_text()
    for name, table in tables.items():
        before, rest = page.split(f"<!-- {name} -->\n")
        _, after = rest.split(f"<!-- /{name} -->")
        page = f"{before}<!-- {name} -->\n{table}<!-- /{name} -->{after}"
    with replacing(path) as temporary:
        temporary.write_text(page)
