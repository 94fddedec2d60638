"""Files: their bytes in, complete or not at all out, and text of unknown origin made fit to be shown."""

import codecs
import errno
import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def contents(path: str | os.PathLike[str], most: int) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    ValueError
        It is not a regular file - a pipe or a device may wait, or never end - or has more than ``most`` bytes.
    OSError
        It cannot be opened.
    """
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"expected a file, this is a {'folder' if stat.S_ISDIR(status.st_mode) else 'pipe or device'}")
    # Before it is read: a file of any size costs nothing.
    if status.st_size > most:
        raise ValueError(f"expected at most {most} bytes, got {status.st_size}")
    # Not to hang even if a pipe has taken the file's place by now.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        return file.read(most + 1)


def given(source: object, most: int) -> bytes:
    """Return the bytes given, or read from a binary file: one more than ``most``, if it has more.

    Raises
    ------
    TypeError
        It is neither.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if not hasattr(source, "read"):
        raise TypeError(f"source must be a path, bytes or a binary file, got {source!r}")
    # One byte too many tells the caller that there is more, however endless the source is.
    data = source.read(most + 1)
    if not isinstance(data, bytes):
        raise TypeError(f"source must be opened in binary mode, it gave {type(data).__name__}")
    return data


UTF_16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
"""What text in UTF-16 begins with."""


def decoded(text: bytes, whole: bool = True) -> str:
    """Return foreign text: in UTF-16 or UTF-8 if its byte order mark says so, else in UTF-8 if it can be, or Shift-JIS.

    The last character of text that is not whole may be cut in two.
    """
    if text.startswith(UTF_16):
        return text.decode("utf-16", errors="replace")
    if text.startswith(codecs.BOM_UTF8):
        return text.decode("utf-8-sig", errors="replace")
    try:
        return codecs.utf_8_decode(text, "strict", whole)[0]
    except UnicodeDecodeError:
        # What titles of S98 and text logs from Japan are in; Windows's Shift-JIS takes NEC's and IBM's signs, too.
        return text.decode("cp932", errors="replace")


def printable(text: str, most: int = 200) -> str:
    """Return foreign text as one line that a terminal only shows: control characters escaped, cut to a length."""
    # Spaces other than the plain one count as unprintable in Python; the ideographic one stands in Japanese titles.
    shown = "".join(
        char if char.isprintable() or unicodedata.category(char) == "Zs" else char.encode("unicode_escape").decode()
        for char in text[: most + 1]
    )
    return shown if len(shown) <= most else shown[: most - 3] + "..."


def encodable(text: str) -> str:
    """Return text that can be written again: a JSON string may hold halves of characters."""
    # A lone half of a UTF-16 pair, which JSON's \ud83d may be, cannot be encoded.
    return text.encode(errors="replace").decode()


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file beside a path; it takes the path's place if all goes well, else nothing is left of it.

    A link stays, its target is replaced; a file that is there keeps its mode. All is on the disk before.

    Raises
    ------
    OSError
        What stands there is not a regular file, or may not be overwritten; or the new file cannot be written.
    """
    # The link's target, so that the link stays.
    target = Path(os.path.realpath(path))
    # Beside it: only within one file system does a file take another's place in one step.
    temporary = target.with_name(f".opm-{secrets.token_hex(8)}")
    try:
        there = target.stat() if target.exists() else None
        if there and not stat.S_ISREG(there.st_mode):
            raise FileExistsError(errno.EEXIST, "not a regular file", str(path))
        if there and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        # Made by us or not at all, so nothing that lies there already is written through.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())  # A disk that is full, or gone, may say so only now.
        if there:
            temporary.chmod(stat.S_IMODE(there.st_mode))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
