"""Standard input, output and error, whatever state they are in."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PROG = "numba-opm" if Path(sys.argv[0]).stem == "numba-opm" else "python -m player"
"""What the program was called by."""


def complete() -> None:
    """Open what the process was started without, so that no file takes its number; show what an encoding cannot.

    Standard output is opened for reading: whoever writes there is told.
    """
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), "r" if name == "stdin" else "w"))
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def say(line: str) -> None:
    """Print a line for people on standard error, out of the way of any output; control characters are escaped.

    At once with its end, since other threads print theirs.
    """
    from opm.song import printable

    with contextlib.suppress(OSError):
        print(printable(line, 1000) + "\n", end="", file=sys.stderr, flush=True)


def complain(line: str) -> None:
    """Say what went wrong."""
    say(f"{PROG}: {line}")


def tell(text: str) -> None:
    """Print what was asked for on standard output; SystemExit if it takes no more."""
    with _told():
        print(text, flush=True)


def send(file: BinaryIO) -> None:
    """Copy a file to standard output; SystemExit if it takes no more."""
    with _told():
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """End the program if standard output takes no more; silently if its reader has gone."""
    try:
        yield
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes the rest at its exit.
        if isinstance(error, BrokenPipeError):
            sys.exit(1)
        complain(f"cannot write to standard output: {(error.strerror or str(error)).lower()}")
        sys.exit(2)


def keys_from_terminal() -> None:
    """Read keys from the terminal itself, since standard input held a song."""
    with contextlib.suppress(OSError):
        if os.name == "posix" and sys.stderr.isatty():
            terminal = os.open("/dev/tty", os.O_RDONLY)
            os.dup2(terminal, sys.stdin.fileno())
            os.close(terminal)


@contextlib.contextmanager
def without_echo() -> Iterator[None]:
    """Do not echo keys that are typed before there is a screen; they wait for it."""
    if os.name != "posix" or sys.stdin is None or not sys.stdin.isatty():
        yield
        return
    import termios

    here = sys.stdin.fileno()
    before = termios.tcgetattr(here)
    quiet = list(before)
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(here, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(here, termios.TCSADRAIN, before)
