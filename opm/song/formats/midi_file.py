"""MIDI files, recognised, and who plays them; ``midi`` reads them.

It and the banks take as long to import as all other readers: so not before a file is one.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

from ...midi.header import recognise as recognise
from ..song import Song

if TYPE_CHECKING:
    from ...midi.bank import Bank


class Band(NamedTuple):
    """Who plays a MIDI file."""

    voices: "str | os.PathLike[str] | Bank | None" = None
    """A bank, or its file; None: our own."""
    chips: int = 1
    click_free: bool = False
    """A channel is silenced before a note takes it from another."""


OURS = Band()


def read(data: bytes, time_unit: str | None = None, band: Band = OURS) -> Song:
    """Read a MIDI file; SongError names the byte where nothing can be played."""
    from . import midi

    return midi.read(data, time_unit, band)
