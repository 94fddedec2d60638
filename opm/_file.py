"""What readers of files share: the file's bytes, and text of unknown origin made fit to be shown."""

import os
import stat
import unicodedata
from pathlib import Path


def contents(path: str | os.PathLike[str], most: int) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    ValueError
        It is no regular file - a pipe or a device may wait or go on for ever - or has more than ``most`` bytes.
    OSError
        It cannot be opened.
    """
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("expected a regular file")
    if status.st_size > most:
        raise ValueError(f"expected at most {most} bytes, got {status.st_size}")
    # Not to hang even if a pipe has taken the file's place by now.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        return file.read(most + 1)


def printable(text: str, most: int = 200) -> str:
    """Return foreign text as one line that a terminal only shows: control characters escaped, cut to a length."""
    shown = "".join(
        char if char.isprintable() or unicodedata.category(char) == "Zs" else char.encode("unicode_escape").decode()
        for char in text[: most + 1]
    )
    return shown if len(shown) <= most else shown[: most - 3] + "..."
