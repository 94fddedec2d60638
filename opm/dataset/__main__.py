"""``python -m opm.dataset``."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from .._check import integer
from .._file import printable
from .._program import begins
from ..events import REFERENCE_RATE
from ..many import entry
from ..pitch import midi_number
from ..voice import Voice, read_voices
from .plan import Plan
from .store import LONGEST_MESSAGE, DatasetError, make

NAME = "python -m opm.dataset"
GOES_ON = "stopped; run the same command again to resume"


def _midi(listed: str) -> tuple[float, ...]:
    """Return the notes of a list such as ``36,C#4``."""
    names = [name.strip() for name in listed.split(",")]
    try:
        # A name begins with a letter: 60 is a number, and so is 60.5.
        return tuple(float(name) if name[:1].isdigit() else midi_number(name) for name in names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected notes such as 36,48,C4, {error}") from None


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{NAME}: {printable(message)} ({NAME} --help lists the options)\n")


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = _Parser(
        NAME,
        allow_abbrev=False,
        description="Make a dataset of labelled notes: each voice on each note. Run it again to resume.",
    )
    add = parser.add_argument
    add("path", type=Path, help="a folder, out.zarr, or a file for a small one, out.npz")
    add("--voices", type=int, metavar="N", help="how many voices (1000, or all of the bank)")
    add("--notes", type=_midi, default=(36, 48, 60), metavar="LIST", help="MIDI numbers or names (36,48,60)")
    add("--seed", type=int, default=1, metavar="N", help="another seed, other voices (1)")
    add("--bank", type=Path, nargs="+", default=[], metavar="FILE", help="take the voices of files or folders")
    add("--held", type=float, default=0.5, metavar="S", help="seconds from key-on to key-off (0.5)")
    add("--seconds", type=float, default=1.0, metavar="S", help="seconds of a note (1)")
    add("--workers", type=int, metavar="N", help="threads (one for each core)")
    return parser.parse_args(arguments)


def _bank(paths: list[Path]) -> tuple[Voice, ...]:
    """Return the voices of files, and of all .opm files of folders."""
    voices: list[Voice] = []
    for path in paths:
        files = sorted(path.rglob("*.opm")) if path.is_dir() else [path]
        if not files:
            raise DatasetError(f"{path}: expected .opm files in it, found none")
        for file in files:
            try:
                voices += read_voices(file)
            except ValueError as error:
                raise DatasetError(str(error)) from None
    return tuple(voices)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """Give what draws a progress bar on a terminal's standard error."""
    # Only here: --help and a mistake in the arguments need not wait for it.
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("rendering")
        yield lambda done, total: progress.update(task, completed=done, total=total)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = _parsed(arguments)
    begin = time.perf_counter()
    try:
        integer("workers", 1 if given.workers is None else given.workers, 1)
        bank = _bank(given.bank)
        # All of the bank, unless fewer are asked for.
        voices = given.voices if given.voices is not None else len(bank) or 1000
        plan = Plan(voices, given.notes, given.seed, given.held, given.seconds, bank)
        entry.warm()  # Numba frees much meanwhile, and what Ctrl-C raises in a __del__ is lost.
        begins()
        with _bar() as progress:
            made = make(given.path, plan, given.workers, progress)
    except (ValueError, OSError, RuntimeError) as error:  # The last by threads that cannot be started.
        print(f"{NAME}: {printable(str(error), LONGEST_MESSAGE)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        # An .npz file is made in memory: nothing of it is kept.
        print("stopped; the same command starts over" if given.path.suffix == ".npz" else GOES_ON, file=sys.stderr)
        return 130
    seconds, hours = time.perf_counter() - begin, made * plan.frames / REFERENCE_RATE / 3600
    print(
        f"{printable(str(given.path), LONGEST_MESSAGE)}: {plan.rows} notes, {made} of them made now: "
        f"{hours:.3g} hours of audio in {seconds:.1f} s, {hours / seconds * 60:.3g} hours per minute"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
