"""``python -m tests.fuzz``: the long form."""

import argparse
import sys
import time
from pathlib import Path

from .drive import COLUMNS, Plan, run, table

FORMATS = (
    "vgm", "vgz", "s98", "zsm", "mdx", "vgm-board", "s98-board", "zsm-board", "pdx",
    "board-core", "mml", "json", "text", "tone", "voice-opm", "voice-dmp", "voice-fui", "voice-mdx",
    "voice-pairs", "voice-json", "midi-file", "bank-toml", "bank-opm", "bank-wopn",
    "bank-json", "ym2151", "ym2164", "server",
)  # fmt: skip
"""The names of ``targets.TARGETS``, without the product behind them: this process stays small."""


def main(arguments: list[str] | None = None) -> int:
    """Attack, and print what was found; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="attack every reader with damaged inputs")
    parser.add_argument("--inputs", type=int, default=Plan.inputs, help="of each format (default %(default)s)")
    parser.add_argument(
        "--format", nargs="+", choices=FORMATS, default=FORMATS, metavar="NAME", help=", ".join(FORMATS)
    )
    parser.add_argument("--seed", type=int, default=Plan.seed, help="another seed, other inputs (default %(default)s)")
    parser.add_argument("--workers", type=int, default=Plan.workers, help="processes at once (default %(default)s)")
    parser.add_argument("--patience", type=float, default=Plan.patience, help="seconds to a hang (default %(default)s)")
    parser.add_argument("--keep", type=Path, default=Plan.keep, help="where failing inputs go (default %(default)s)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="one kept input of one --format, here and now")
    parser.add_argument("--shrink", action="store_true", help="make the input of --replay smaller first")
    options = parser.parse_args(arguments)
    if options.replay:
        return replay(options.format[0], options.replay, options.shrink)
    begin, rows, bad = time.monotonic(), [["format", *COLUMNS]], False
    names = tuple(options.format)
    plan = Plan(names, options.inputs, options.seed, options.workers, options.patience, options.keep)
    for name, result in run(plan):
        rows.append([name, *result.row()])
        bad |= result.bad
        print(f"{name}: {options.inputs} inputs, {time.monotonic() - begin:.0f} s", file=sys.stderr)  # noqa: T201
        for what, (first, size, file) in sorted(result.faults.items()):
            print(f"{name}: {what}: first input {first}, smallest {size} bytes, {file}", flush=True)  # noqa: T201
    print(*table(rows), sep="\n")  # noqa: T201
    return int(bad)


def replay(name: str, path: Path, shrink: bool) -> int:
    """Take one input, and let what it raises through; print it if it is made smaller first."""
    from .shrink import shrunk
    from .targets import fuzz_one

    data = shrunk(name, path.read_bytes()) if shrink else path.read_bytes()
    if shrink:
        print(data, flush=True)  # noqa: T201
    fuzz_one(name, data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
