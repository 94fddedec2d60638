"""Files out: complete under their name, or not at all."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file beside a path; it takes the path's place if all goes well, else nothing is left of it.

    A link stays, its target is replaced; a file that is there keeps its mode.

    Raises
    ------
    OSError
        What stands there is no regular file or may not be written; or the file cannot be.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".opm-{secrets.token_hex(8)}")
    try:
        there = target.stat() if target.exists() else None
        if there and not stat.S_ISREG(there.st_mode):
            raise FileExistsError(errno.EEXIST, "not a regular file", str(path))
        if there and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        if there:
            temporary.chmod(stat.S_IMODE(there.st_mode))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
