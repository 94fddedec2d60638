"""Standard input, output and error, whatever state they are in: missing, closed, full, or in an odd encoding."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PROG = "numba-opm" if Path(sys.argv[0]).stem == "numba-opm" else "python -m player"
"""The command that the program was started by."""


def complete() -> None:
    """Open the standard streams that the process was started without; escape what the output's encoding lacks."""
    # Or the next file to be opened, a song's output, would get descriptor 2 and what is said there. Standard output is
    # opened for reading, so that writing to it fails instead of vanishing.
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), "r" if name == "stdin" else "w"))
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def say(line: str) -> None:
    """Print a line for people on standard error, away from any output; control characters are escaped."""
    from opm.song import printable

    with contextlib.suppress(OSError):
        # One write with the newline in it, or a line of another thread could come between.
        print(printable(line, 1000) + "\n", end="", file=sys.stderr, flush=True)


def complain(line: str) -> None:
    """Print what went wrong, behind the program's name."""
    say(f"{PROG}: {line}")


def tell(text: str) -> None:
    """Print what was asked for on standard output; SystemExit if that cannot be written to."""
    with _told():
        print(text, flush=True)


def send(file: BinaryIO) -> None:
    """Copy a file to standard output; SystemExit if that cannot be written to."""
    with _told():
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """End the program if standard output cannot be written to; silently if its reader has gone, as ``head`` does."""
    try:
        yield
    except OSError as error:
        # At exit Python writes what is still buffered, and would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(1)
        complain(f"cannot write to standard output: {(error.strerror or str(error)).lower()}")
        sys.exit(2)


def keys_from_terminal() -> None:
    """Read keys from the terminal itself, since standard input held a song."""
    # Under descriptor 0, where Textual reads them.
    with contextlib.suppress(OSError):
        if os.name == "posix" and sys.stderr.isatty():
            terminal = os.open("/dev/tty", os.O_RDONLY)
            os.dup2(terminal, sys.stdin.fileno())
            os.close(terminal)


@contextlib.contextmanager
def without_echo() -> Iterator[None]:
    """Do not echo keys typed before there is a screen; they wait for it."""
    if os.name != "posix" or sys.stdin is None or not sys.stdin.isatty():
        yield
        return
    import termios

    here = sys.stdin.fileno()
    before = termios.tcgetattr(here)
    quiet = list(before)
    # The local modes. Line mode stays, so that Ctrl-C is a signal until Textual takes over.
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(here, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(here, termios.TCSADRAIN, before)
