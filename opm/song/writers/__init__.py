"""Songs as files: one module a format, each of which says what it cannot keep. The contract: ``opm.song.formats``."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..._check import real
from ..data import SongError
from ..limits import FASTEST_BPM, LARGEST, LARGEST_UNPACKED, SLOWEST_BPM
from . import json_log, mdx, midi, vgm
from .written import Written

if TYPE_CHECKING:
    from ..song import Song

__all__ = ["WRITERS", "Written", "write"]


def _plain(song: "Song") -> Written:
    """Return a song as VGM; SongError if that would be refused when it is read."""
    written = vgm.write(song)
    if len(written.data) > LARGEST:
        most = f"a VGM file that can be read again has at most {LARGEST} bytes"
        raise SongError(f"{most}, this song's has {len(written.data)}: its samples were packed")
    return written


def _packed(song: "Song") -> Written:
    """Return a song as VGZ; SongError if that would be refused when it is read."""
    written = vgm.write(song)
    if len(written.data) > LARGEST_UNPACKED:
        most = f"a VGZ file that can be read again has at most {LARGEST_UNPACKED} bytes unpacked"
        raise SongError(f"{most}, this song's has {len(written.data)}: .vgm holds it")
    # mtime=0: the same song gives the same bytes whenever it is saved.
    return written._replace(data=gzip.compress(written.data, mtime=0))


WRITERS: dict[str, Callable[["Song"], Written]] = {
    ".vgm": _plain,
    ".vgz": _packed,
    ".log": json_log.write,
    ".json": json_log.write,
}
"""Formats of register writes that can be written, by the ending of a file's name."""


def write(song: "Song", path: Path, bpm: float | None = None) -> Written:
    """Return a song as the bytes of a file, whose format its name's ending says; ``bpm`` is MIDI's alone.

    Raises
    ------
    SongError
        The format cannot hold it.
    TypeError, ValueError
        Another ending; a tempo that is out of range, or for another format than MIDI.
    """
    ending = path.suffix.lower()
    # Refused for the others: an option that does nothing would be taken for one that works.
    if bpm is not None and (ending != ".mid" or not SLOWEST_BPM <= real("bpm", bpm) <= FASTEST_BPM):
        raise ValueError(f"bpm must be {SLOWEST_BPM} to {FASTEST_BPM}, for .mid, got {bpm!r} for {path.name!r}")
    if ending == ".mid":
        return midi.write(song, song.tags.get("title", path.stem), bpm)
    if ending == ".mdx":
        return mdx.write(song)
    if ending not in WRITERS:
        raise ValueError(f"path must end in {', '.join(WRITERS)}, .mdx or .mid, got {path.name!r}")
    return WRITERS[ending](song)
