"""Sound files: written beside their name and renamed when complete."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from .song import SongError

WAV_LIMIT = 2**32 - 4096
"""Bytes a WAV file can hold."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` if all goes well, else remove it."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise SongError(f"cannot write there: {(error.strerror or str(error)).lower()}") from None
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise SongError(f"cannot write: {(error.strerror or str(error)).lower()}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_wav(path: Path, rate: float, blocks: Iterable[npt.NDArray[np.int16]]) -> None:
    """Write blocks of (n, 2) int16 to a 16-bit WAV file.

    Raises
    ------
    SongError
        The file cannot be written; nothing is left of it.
    """
    with replacing(path) as temporary:
        try:
            with soundfile.SoundFile(
                temporary, "w", samplerate=round(rate), channels=2, format="WAV", subtype="PCM_16"
            ) as file:
                for block in blocks:
                    file.write(block)
        except soundfile.SoundFileError as error:
            raise SongError(f"cannot write: {error}") from None
