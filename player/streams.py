"""Standard input, output and error, whatever state they are in."""

import contextlib
import os
import shutil
import sys
from typing import BinaryIO

from opm.song import SongError, printable, reason


def complete() -> None:
    """Open what the process was started without, so that no file takes its number; show what an encoding cannot.

    Standard output is opened for reading: whoever writes there is told.
    """
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), "r" if name == "stdin" else "w"))
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def say(*words: str) -> None:
    """Print a line for people on standard error, out of the way of any output; control characters are escaped."""
    with contextlib.suppress(OSError):
        print(printable(" ".join(words), 1000), file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Print what was asked for on standard output.

    Raises
    ------
    SongError
        It cannot be written.
    BrokenPipeError
        The reader has left.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _cannot_write(error) from None


def send(file: BinaryIO) -> None:
    """Copy a file to standard output; raises as ``tell`` does."""
    try:
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _cannot_write(error) from None


def _cannot_write(error: OSError) -> SongError:
    """Return what to say when standard output fails, and keep Python from writing the rest at its exit."""
    drop()
    return SongError(f"cannot write to standard output: {reason(error)}")


def drop() -> None:
    """Send what is left for standard output nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
