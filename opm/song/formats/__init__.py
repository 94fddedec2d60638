"""Song files, recognised by what they hold, never by their name, but for MML. The contract of every format.

**A reader** is a module here that stands in ``READERS``: the first that recognises a file reads it. ``data`` is already
unpacked from gzip, and UTF-8 where it was UTF-16. ``recognise(data)`` is cheap and sure. ``read(data, time_unit)``
gives ``Song.of(...)``; only text and JSON look at ``time_unit``, by which a listener says what a log's times count:

==============================  ==================================================================================
``rows``, ``ticks_per_second``  The register writes as ``WRITE``, in the order of their times, which are the file's own
                                ticks; how many of those make a second, exactly, or None where a tick is a frame.
``end``, ``loop_start``         The tick where the song ends; the tick and the write to which it goes back from there.
``opms``                        The YM2151s with their clocks.
``companions``                  The other chips of the board, with their writes, ROMs and levels.
``format``, ``tags``            What the file is, for people; what it says of the song, by name.
``not_played``                  What else it holds that nothing here plays.
``read_remarks``                A line for each decision made and fault met.
==============================  ==================================================================================

What a single format has beside that (``gain``, ``loop_modifier``, ``double_speed`` ...) is in ``help(opm.Song)``. A
reader does no timing on the chip, no looping and no sound. What is damaged is read up to the damage, with a remark;
``SongError``, one line with the byte or row and what was expected, is for a file of which nothing can be played. Every
size is within ``limits``. ``walk`` reads streams of commands, ``common`` has what several readers share.

**A writer** is a module of ``opm.song.writers``, chosen there by the ending of a name. ``write(song)`` (MIDI's takes a
title and a tempo, too) gives ``Written``: the bytes, and a line for each thing that the song has and the format cannot
keep. Only the writer knows that; nobody else says it. ``SongError`` is for a song that the format cannot hold at all.

Who owns what, between a file and the ear:

=========  ====================================================================================================
time       Readers give exact ticks. ``Playing`` turns them into frames, with clock and speed, and spaces the writes.
loops      Readers say where the song goes back to, ``Song.passes`` how often, by the file's own loop modifier;
           ``Playing`` lays the passes one after the other.
end        ``Playing`` says where the song, its fade and its tail end; ``Renderer`` fades, and finds the silence.
volume     Readers give the file's as a factor, which ``Renderer`` applies with the fade, rounding and clipping once.
           The listener's rate is ``Resampler``'s. So is his volume in files; the player changes it after that.
mute       ``Playing`` says which channels are left out, ``Renderer`` tells the chips; the player changes it there.
=========  ====================================================================================================
"""

import os
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol

from ... import _file
from ..._check import integer
from ...midi.bank import Bank
from ..data import SongError
from ..limits import LARGEST, LARGEST_UNPACKED, MOST_CHIPS, MOST_MEMBERS
from ..song import Song
from . import json_log, mdx, midi_file, s98, text_log, tone, vgm, zsm
from .common import heard
from .midi_file import OURS as OURS
from .midi_file import Band as Band
from .pdx import NOTHING, Beside
from .pdx import beside as beside


class Reader(Protocol):
    """What a format's module offers."""

    def recognise(self, data: bytes) -> bool:
        """Say whether the data is of this format."""

    def read(self, data: bytes, time_unit: str | None) -> Song:
        """Return the song, or raise SongError with the byte offset or row."""


# Those with a magic first. A tone is JSON like a log, so it is asked before; the text log's grammar is the loosest.
READERS: tuple[Reader, ...] = (vgm, s98, zsm, midi_file, mdx, tone, json_log, text_log)
MML = ".mml"
"""The ending of a name by which a file is MML."""
_GZIP = b"\x1f\x8b"
_PIECE = 65_536
"""Bytes unpacked at a time."""


def load(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    time_unit: str | None = None,
    pdx: str | os.PathLike[str] | bytes | None = None,
    voices: str | os.PathLike[str] | Bank | None = None,
    chips: int = 1,
    click_free: bool = False,
) -> Song:
    r"""Read a song in any format, recognised by what it holds.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        VGM, VGZ, S98, ZSM, MDX, MIDI, a JSON or a text log; MML if it is a path that ends in ``.mml``.
    time_unit : {"samples", "seconds"}, optional
        What the times of a log count, where the file does not say.
    pdx : path-like or bytes, optional
        Samples of an MDX or MML that are not beside it: a folder to look in, or the PDX file.
    voices : path-like or opm.Bank, optional
        What the programs of a MIDI file sound like, as ``opm.read_bank`` reads it; the bank that comes with this
        project if not given.
    chips : int
        YM2151s that play a MIDI file: 1 or 2, with eight notes at once each.
    click_free : bool
        MIDI: silence a channel for 2 ms before a note takes it from another.

    Returns
    -------
    Song

    Raises
    ------
    SongError
        A ``ValueError``: the data cannot be read or played, or the path is that of a pipe, device or folder; one line
        names the byte offset or row and what was expected, in MML line and column.
    TypeError, ValueError
        No such source or time unit.
    OSError
        The file, or that of the samples, cannot be opened.

    Examples
    --------
    >>> song = load(b"0 20 C7\n0 28 4A\n0 80 1F\n0 08 08\n5000 08 00\n")
    >>> song.format, len(song.writes), song.render(stop=0.01).shape
    ('text log', 5, (559, 2))
    """
    if time_unit not in (None, "samples", "seconds"):
        raise ValueError(f"time_unit must be 'samples' or 'seconds', got {time_unit!r}")
    if pdx is not None and not isinstance(pdx, str | os.PathLike | bytes | bytearray | memoryview):
        raise TypeError(f"pdx must be a path or bytes, got {pdx!r}")
    band = Band(voices, integer("chips", chips, 1, MOST_CHIPS), click_free)
    if isinstance(source, str | os.PathLike):
        return parse(contents(source), time_unit, beside(Path(source), pdx), band, source)
    return parse(_file.given(source, LARGEST), time_unit, beside(None, pdx), band)


def contents(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a song file; OSError if it cannot be opened, SongError if it is not a file, or too large."""
    try:
        return _file.contents(path, LARGEST)
    except ValueError as error:
        raise SongError(str(error)) from None


def parse(
    data: bytes,
    time_unit: str | None = None,
    where: Beside = NOTHING,
    band: Band = OURS,
    path: str | os.PathLike[str] = "",
) -> Song:
    """Return the song that a file's bytes hold, with samples from ``where`` and MIDI as ``band`` has it.

    Of the path only the ending counts, of which ``.mml`` alone means anything. Raises as ``load`` does.
    """
    if Path(path).suffix.lower() == MML:
        # Here, as MIDI's reader in ``midi_file``: few songs are MML.
        from . import mml

        return mml.read(data, where)
    if len(data) > LARGEST:
        raise SongError(f"expected at most {LARGEST} bytes")
    damage = ""
    if data[:2] == _GZIP:
        data, damage = _gunzip(data)
    if data.startswith(_file.UTF_16):  # PowerShell writes logs so
        data = _file.decoded(data).encode()
    try:
        song = _read(data, time_unit, where, band, damage != "")
    except SongError as error:
        # Both faults, since the second follows from the first: its offset is one of the unpacked data.
        raise SongError(f"{damage}; unpacked, {error}" if damage else str(error)) from None
    if damage:
        song = song.but(read_remarks=(f"{damage}: what comes before is played", *song.read_remarks))
    return song


def _read(data: bytes, time_unit: str | None, where: Beside, band: Band, cut: bool) -> Song:
    """Return the song that a file's bytes, unpacked, hold; if they are cut the last line of a text log is left out."""
    for reader in READERS:
        if reader.recognise(data):
            # A line that is cut in the middle can be a whole one of another meaning: 0 28 4 for 0 28 4A.
            if cut and reader is text_log:
                data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
            if reader is mdx:
                return heard(mdx.read(data, time_unit, where))
            if reader is midi_file:
                return heard(midi_file.read(data, time_unit, band))
            return heard(reader.read(data, time_unit))
    start = data[:8].hex(" ") or "nothing"
    raise SongError(f"byte 0: expected VGM, S98, ZSM, MDX, MIDI, a JSON or a text log, found {start}")


def _gunzip(data: bytes) -> tuple[bytes, str]:
    """Unpack all members of a gzip file, as far as they are sound; return what broke that off, too.

    What follows them and is not a member is left out.
    """
    plain, at = bytearray(), 0
    for _ in range(MOST_MEMBERS):
        unpacker, size = zlib.decompressobj(wbits=31), _PIECE
        while not unpacker.eof:
            if at >= len(data):
                return bytes(plain), f"byte {at}: the gzip data is cut short"
            # zlib gives nothing of a piece that holds damage: the piece is taken again from a copy, byte by byte.
            before = unpacker.copy() if size > 1 else unpacker
            piece = data[at : at + size]
            try:
                # A limit to each call, too: a few KB can unpack to gigabytes.
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
