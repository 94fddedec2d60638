"""Files out: sound with tags and loop points, and logs. Written beside their name and renamed when complete."""

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile

from opm.song import Log, SongError, formats, reason
from opm.song import replacing as file_replacing

WAV_LIMIT = 2**32 - 2**20
"""Bytes a WAV file can hold, with room for its tags."""
SOUND = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
LOGS = formats.WRITERS
TAGS = {"title": "title", "author": "artist", "game": "album", "date": "date", "notes": "comment", "comment": "comment"}
"""Names of a song's tags, and what sound files call them."""


@dataclass(frozen=True)
class Sound:
    """What a sound file is to be."""

    rate: int
    """Hz."""
    floating: bool = False
    """WAV of 32-bit floats instead of 16-bit integers."""
    tags: dict[str, str] = field(default_factory=dict)
    loop: tuple[int, int] | None = None
    """First and last sample of the loop."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file that becomes ``path`` if all goes well; SongError if it cannot."""
    try:
        with file_replacing(path) as temporary:
            yield temporary
    except soundfile.SoundFileError as error:
        raise SongError(f"cannot write: {error}") from None
    except OSError as error:
        raise SongError(f"cannot write {path}: {reason(error)}") from None


def check_name(path: Path, song: Path) -> None:
    """Raise SongError unless a file of this ending can be written, and is not the song itself."""
    if path.suffix.lower() not in SOUND | LOGS:
        raise SongError(f"expected a name that ends in {', '.join(SOUND | LOGS)}")
    try:
        itself = path.samefile(song)
    except OSError:
        return
    if itself:
        raise SongError("this is the song itself: choose another name")


def write_log(path: Path, song: Log) -> None:
    """Write the song as a log, by the ending of ``path``."""
    with replacing(path) as temporary:
        temporary.write_bytes(LOGS[path.suffix.lower()](song))


def write_sound(path: Path, sound: Sound, blocks: Iterable[Any]) -> None:
    """Write blocks of (n, 2) int16 or float32 to a sound file, by the ending of ``path``.

    Raises
    ------
    SongError
        The file cannot be written; nothing is left of it.
    """
    kind, subtype = SOUND[path.suffix.lower()]
    if sound.floating and kind == "WAV":
        subtype = "FLOAT"
    with replacing(path) as temporary:
        with soundfile.SoundFile(
            os.fsencode(temporary), "w", samplerate=sound.rate, channels=2, format=kind, subtype=subtype
        ) as file:
            for name, value in sound.tags.items():
                if name in TAGS:
                    setattr(file, TAGS[name], value)
            for block in blocks:
                file.write(block)
        if sound.loop and kind == "WAV":
            _append_loop(temporary, sound.rate, *sound.loop)


def _append_loop(path: Path, rate: int, first: int, last: int) -> None:
    """Append an ``smpl`` chunk with one forward loop; middle C, no other use of it."""
    head = struct.pack("<9I", 0, 0, round(1e9 / rate), 60, 0, 0, 0, 1, 0)
    chunk = head + struct.pack("<6I", 0, 0, first, last, 0, 0)
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"smpl" + struct.pack("<I", len(chunk)) + chunk)
        size = file.tell()
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
