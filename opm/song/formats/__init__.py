"""Song files. One module a format; each has ``recognise(data)`` and ``read(data, time_unit)``.

A format is recognised by what the file holds, never by its name.
"""

import gzip
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ... import _file
from ...registers import ALL_KEYS, KON
from ..limits import LARGEST, LARGEST_UNPACKED, MOST_MEMBERS
from ..log import Log, SongError, reason
from . import json_log, mdx, s98, text_log, tone, vgm, zsm


class Reader(Protocol):
    """What a format's module offers."""

    def recognise(self, data: bytes) -> bool:
        """Say whether the data is of this format."""

    def read(self, data: bytes, time_unit: str | None) -> Log:
        """Return the song, or raise SongError with the byte offset or row."""


def _packed(log: Log) -> bytes:
    """Return a song as VGZ; SongError if that would be refused when it is read."""
    data = vgm.write(log)
    if len(data) > LARGEST_UNPACKED:
        most = f"a VGZ file that can be read again has at most {LARGEST_UNPACKED} bytes unpacked"
        raise SongError(f"{most}, this song's has {len(data)}: .vgm holds it")
    return gzip.compress(data, mtime=0)


READERS: tuple[Reader, ...] = (vgm, s98, zsm, mdx, tone, json_log, text_log)
WRITERS: dict[str, Callable[[Log], bytes]] = {
    ".vgm": vgm.write,
    ".vgz": _packed,
    ".log": lambda log: json_log.write(log, extras=True),
    ".json": lambda log: json_log.write(log, extras=True),
}
"""Formats of register writes that can be written, by the ending of a file's name."""
_GZIP = b"\x1f\x8b"
_PIECE = 65_536
"""Bytes unpacked at a time."""


def read(path: Path, time_unit: str | None = None) -> Log:
    """Read a song file.

    Parameters
    ----------
    path : Path
    time_unit : {"samples", "seconds"}, optional
        What the times of a log count, where the file does not say.

    Raises
    ------
    SongError
        The file cannot be read or played; the message names the byte offset or row.
    """
    try:
        data = contents(path)
    except OSError as error:
        raise SongError(reason(error)) from None
    return parse(data, time_unit)


def contents(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a song file; OSError if it cannot be opened, SongError if it is no file or too large."""
    try:
        return _file.contents(path, LARGEST)
    except ValueError as error:
        raise SongError(str(error)) from None


def parse(data: bytes, time_unit: str | None = None) -> Log:
    """Return the song that a file's bytes hold; raises as ``read`` does."""
    if len(data) > LARGEST:
        raise SongError(f"expected at most {LARGEST} bytes")
    damage = ""
    if data[:2] == _GZIP:
        data, damage = _gunzip(data)
    if data.startswith(_file.UTF_16):  # PowerShell writes logs so
        data = _file.decoded(data).encode()
    try:
        song = _read(data, time_unit, damage != "")
    except SongError as error:
        raise SongError(f"{damage}; unpacked, {error}" if damage else str(error)) from None
    song.notes[:0] = [f"{damage}: what comes before is played"] * bool(damage)
    return song


def _read(data: bytes, time_unit: str | None, cut: bool) -> Log:
    """Return the song that a file's bytes, unpacked, hold; if they are cut the last line of a text log is left out."""
    for reader in READERS:
        if reader.recognise(data):
            if cut and reader is text_log:
                data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
            song = reader.read(data, time_unit)
            keys = song.writes["data"][song.writes["address"] == KON]
            if not (keys & ALL_KEYS).any():
                song.notes.append("no key is ever pressed: nothing of the FM chip will be heard")
            return song
    start = data[:8].hex(" ") or "nothing"
    raise SongError(f"byte 0: expected VGM, S98, ZSM, MDX, a JSON or a text log, found {start}")


def _gunzip(data: bytes) -> tuple[bytes, str]:
    """Unpack all members of a gzip file, as far as they are sound; return what broke that off, too.

    What follows them and is no member is left out.
    """
    plain, at = bytearray(), 0
    for _ in range(MOST_MEMBERS):
        unpacker, size = zlib.decompressobj(wbits=31), _PIECE
        while not unpacker.eof:
            if at >= len(data):
                return bytes(plain), f"byte {at}: the gzip data is cut short"
            before = unpacker.copy() if size > 1 else unpacker
            piece = data[at : at + size]
            try:
                plain += unpacker.decompress(piece, LARGEST_UNPACKED + 1 - len(plain))
            except zlib.error as error:
                if size == 1:
                    return bytes(plain), f"byte {at}: the gzip data is damaged, {str(error).rpartition(': ')[2]}"
                unpacker, size = before, 1  # to have what comes before the damage
                continue
            if len(plain) > LARGEST_UNPACKED:
                raise SongError(f"expected at most {LARGEST_UNPACKED} bytes of unpacked data")
            at += len(piece) - len(unpacker.unused_data)
        if data[at : at + 2] != _GZIP:
            return bytes(plain), ""
    raise SongError(f"byte {at}: expected at most {MOST_MEMBERS} members of gzip data")
