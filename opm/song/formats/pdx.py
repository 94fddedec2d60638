"""PDX, the samples of an MDX: where the file is found, and the table of samples at its head.

96 entries a bank, of an offset from the start of the file and a length, 32 bits each, the highest byte first; larger
files (EX-PDX) have several banks. Source: docs/formats.md; MXDRV's driver as portable_mdx (2429db3) has it.
"""

import os
from pathlib import Path
from typing import NamedTuple

from ..._file import contents
from ..data import SongError, reason
from ..limits import LARGEST
from . import lzx

ENTRIES = 96
ENDING = ".pdx"


class Pdx:
    """Samples.

    Parameters
    ----------
    data : bytes
        The file.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.data = data

    def sample(self, number: int) -> tuple[int, int]:
        """Return where a sample lies, and its bytes; (0, 0) where the table has none."""
        entry = self.data[8 * number : 8 * number + 8]
        if len(entry) < 8:
            return 0, 0
        return int.from_bytes(entry[:4], "big"), int.from_bytes(entry[4:], "big")


class Beside(NamedTuple):
    """Where the samples of an MDX may be."""

    folders: tuple[Path, ...] = ()
    """Looked through in this order."""
    data: bytes | None = None
    """The file itself, if it was given."""


NOTHING = Beside()


def beside(song: Path | None, given: str | os.PathLike[str] | bytes | None) -> Beside:
    """Return where to look: the song's own folder, and what a listener names, a folder or the file itself.

    Raises
    ------
    SongError
        The file that was given is too large, or is not a file.
    OSError
        It cannot be read.
    """
    if isinstance(given, bytes | bytearray | memoryview):
        return Beside(data=bytes(given))
    own = () if song is None else (song.parent,)
    if given is None:
        return Beside(own)
    path = Path(given)
    if path.is_dir():
        return Beside((*own, path))
    try:
        return Beside(data=contents(path, LARGEST))
    except ValueError as error:
        raise SongError(f"{path}: {error}") from None


def wanted(name: bytes, where: Beside, shown: str, remarks: list[str]) -> Pdx | None:
    """Return the samples that an MDX needs, by the name that it has for them; else None, and a remark that names them.

    The case of the name does not count, nor whether it ends in .pdx. It is a name, never a path.
    """
    if where.data is not None:
        return _read(where.data, "the samples", remarks)
    if not name:
        return None
    # The X68000 and DOS do not tell cases apart; an archive unpacked elsewhere has any.
    names = {text.casefold().removesuffix(ENDING) for text in _spellings(name)}
    wanted = names | {text + ENDING for text in names}
    for folder in where.folders:
        try:
            with os.scandir(folder) as entries:
                # Sorted: which of several spellings is taken must not depend on the file system.
                there = sorted(entry.name for entry in entries if entry.name.casefold() in wanted)
        # A folder that cannot be read is one without the file: the song plays without its samples.
        except OSError:
            there = []
        if there:
            try:
                return _read(contents(folder / there[0], LARGEST), there[0], remarks)
            except (OSError, ValueError) as error:
                why = reason(error) if isinstance(error, OSError) else error
                remarks.append(f"the samples {shown} cannot be read: {why}")
                return None
    places = {0: "were not given", 1: "are not beside the song"}.get(len(where.folders), "are in none of the folders")
    remarks.append(f"the samples {shown} {places}: ADPCM is not played")
    return None


def _read(data: bytes, name: str, remarks: list[str]) -> Pdx | None:
    """Return the samples of a file's bytes; None, and a remark, if they are packed and damaged."""
    try:
        return Pdx(lzx.unpacked(data, name))
    except SongError as error:
        remarks.append(str(error))
        return None


def _spellings(name: bytes) -> set[str]:
    """Return a name as file systems may have it, in Shift-JIS or UTF-8; of what looks like a path the last part."""
    found = {name.decode(encoding, "replace") for encoding in ("cp932", "utf-8")}
    last = {text.replace("\\", "/").rpartition("/")[2] for text in found}
    # The name comes from a stranger's file: it must not lead out of the folder.
    return last - {"", ".", ".."}
