"""Jobs: what to make of which song. Songs are files, standard input, those of a folder or of an M3U playlist."""

import argparse
import math
import os
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from opm.song import CAT2151, CHANNELS, CORES, LARGEST, Playing, Song, SongError, formats, reason

from .streams import say

if TYPE_CHECKING:
    from opm.midi import Bank

ENDLESS = 10**12
"""Passes of a loop that is played until somebody ends it: a number, since times are computed from it."""
STDOUT = Path("standard output")
ENDINGS = (".vgm", ".vgz", ".s98", ".zsm", ".mdx", ".mid", ".midi", ".kar", ".rmi", ".mml", ".log", ".json", ".txt")
"""Endings of songs in a folder. A file that is named may have any: what it holds decides, but for MML."""
MOST_SONGS = 100_000
LARGEST_PLAYLIST = 2**22
"""Bytes."""
STDIN = Path("standard input")


@dataclass(frozen=True, eq=False)
class Job:
    """A song, and what to make of it."""

    path: Path
    """The song's file, STDIN for standard input."""
    output: Path | None = None
    """A file by its ending, or STDOUT."""
    stems: Path | None = None
    """Folder for one file per channel."""
    name: str = ""
    """What the stems are called."""
    rate: int | None = None
    """Hz of the sound; None is the chip's own."""
    floating: bool = False
    bpm: float | None = None
    """Tempo of MIDI; None is that of the notes."""
    gain: float = 1.0
    start: float = 0.0
    time_unit: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """``Playing``'s."""
    heard: tuple[str, ...] = ()
    """Parts to be heard; empty means all."""
    silent: frozenset[str] = frozenset()
    """Parts not to be heard."""
    pdx: str | None = None
    """Folder of samples for MDX."""
    band: formats.Band = formats.OURS
    """Who plays MIDI."""
    among: bool = False
    """Whether it is one of several songs, of which some may lack a part that is named."""
    data: bytes | None = None
    """What the file held, if it can be read only once: standard input."""

    def contents(self) -> bytes:
        """Return the song's file; raises SongError."""
        try:
            return formats.contents(self.path) if self.data is None else self.data
        except OSError as error:
            raise SongError(reason(error)) from None

    def load(self) -> Song:
        """Read the song, and samples that belong to it; raises SongError."""
        data = self.contents()
        try:
            where = formats.beside(self.path if self.data is None else None, self.pdx)
        except OSError as error:
            raise SongError(f"{self.pdx}: {reason(error)}") from None
        return formats.parse(data, self.time_unit, where, self.band, self.path)

    def playing(self) -> Playing:
        """Read the song, and return it as the options play it; raises SongError."""
        song = self.load()
        playing = Playing(song, **self.options, parts=self._parts(song))
        if self.start and self.start >= playing.length:
            raise SongError(f"--start {self.start} lies behind the end at {playing.length:.3f} s")
        return playing

    def _parts(self, song: Song) -> list[str] | None:
        """Return the parts to be heard; SongError if the song lacks one that is named.

        One of several songs may lack parts, as long as something is left of those it is asked to play.
        """
        # "ay8910" stands for both of two chips, "ay8910-2" for the second.
        known = dict.fromkeys(["ym2151", *(name.partition("-")[0] for name in song.part_names), *song.part_names])
        heard = [name for name in self.heard if name in known]
        # The silent ones sorted: a set has another order in each process, and this is a message.
        strange = [name for name in (*self.heard, *sorted(self.silent)) if name not in known]
        if strange and not (self.among and (heard or not self.heard)):
            raise SongError(f"expected a part of {', '.join(known)}, got {', '.join(map(repr, sorted(strange)))}")
        sounding = song.chosen(heard) if heard else song.part_names
        silent = song.chosen(self.silent.intersection(known))
        return [name for name in sounding if name not in silent]

    def announce(self, lines: list[str]) -> None:
        """Say something about the song, a line each."""
        for line in lines:
            say(f"{self.path}: {line}")

    def failure(self, error: Exception) -> str:
        """Return a line about what went wrong; any error but SongError is a bug of ours, and its type is named."""
        kind = "" if isinstance(error, SongError) else f"{type(error).__name__}: "
        return f"{self.path}: {kind}{error}".removesuffix(": ")

    def stem_paths(self, chips: int, parts: Sequence[str]) -> list[Path]:
        """Return the names of the stems: of so many YM2151s, and of other parts."""
        names = [*range(1, CHANNELS * chips + 1), *parts] if self.stems else ()
        return [Path(self.stems or "", f"{self.name or self.path.stem}-{name}.wav") for name in names]


def remarks(made: list[str], not_played: tuple[str, ...]) -> list[str]:
    """Return the remarks on a song, and what of it is not played, a line each."""
    return [f"note: {remark}" for remark in made] + [f"not played: {', '.join(not_played)}"] * bool(not_played)


def about(playing: Playing) -> list[str]:
    """Return remarks on a song, and on how it is played."""
    doubled = "cat2151 timing, the chip at twice its speed (--compat none plays the true chip)"
    made = playing.remarks + [doubled] * (playing.song.bus is CAT2151)
    return remarks(made, playing.song.not_played)


def songs(names: list[str]) -> list[tuple[Path, bytes | None]]:
    """Return the songs that names stand for, in order, and the contents of standard input (``-``); raises SongError."""
    found: list[tuple[Path, bytes | None]] = []
    for name in names:
        path = Path(name)
        if name == "-":
            try:
                # One byte more than a song may have, so that the reader refuses it as too long, without reading it all.
                found.append((STDIN, sys.stdin.buffer.read(LARGEST + 1) or b""))
            except OSError as error:
                raise SongError(f"{STDIN}: {reason(error)}") from None
            continue
        is_folder = os.path.isdir(name)  # noqa: PTH112 (any name is one here)
        is_playlist = path.suffix.lower() in (".m3u", ".m3u8")
        there = _folder(path) if is_folder else _playlist(path) if is_playlist else [path]
        if not there:
            raise SongError(f"no songs in {name}")
        found += [(song, None) for song in there]
        if len(found) > MOST_SONGS:
            raise SongError(f"{name}: expected at most {MOST_SONGS} songs")
    return found


def _folder(folder: Path) -> list[Path]:
    """Return the songs in a folder and below it, 2 before 10; links to folders, which may form a ring, are left out."""

    def fail(error: OSError) -> NoReturn:
        raise SongError(f"cannot read {error.filename}: {reason(error)}")

    # Without onerror, os.walk skips a folder that may not be read, and nobody would miss its songs.
    found: list[Path] = []
    for place, _, names in os.walk(folder, onerror=fail):
        found += [Path(place, name) for name in names if name.lower().endswith(ENDINGS)]
        if len(found) > MOST_SONGS:
            break
    return sorted(found, key=lambda path: [_natural(part) for part in path.parts])


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a key that sorts names by the numbers in them."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name.casefold())]


def _playlist(path: Path) -> list[Path]:
    """Return the songs a playlist names, relative to its own folder; a missing one fails when its turn comes."""
    try:
        data = formats.contents(path)
    except (OSError, SongError) as error:
        raise SongError(f"{path}: {reason(error) if isinstance(error, OSError) else error}") from None
    if len(data) > LARGEST_PLAYLIST:
        raise SongError(f"{path}: expected at most {LARGEST_PLAYLIST} bytes, got {len(data)}")
    # Not text, such as a song under a wrong name: Latin-1, below, would make file names of it.
    if control := re.search(rb"[\0-\x08\x0b-\x0c\x0e-\x1f]", data):
        raise SongError(f"{path}: byte {control.start()}: expected text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if path.suffix.lower() == ".m3u8":
            raise SongError(f"{path}: byte {error.start}: expected UTF-8") from None
        # An .m3u has no declared encoding; Latin-1 takes every byte.
        text = data.decode("latin-1")
    lines = [line.strip() for line in re.split(r"[\r\n]+", text)]
    return [path.parent / line for line in lines if line and not line.startswith("#")]


def make_jobs(args: argparse.Namespace) -> list[Job]:
    """Return a job for each song of the command line; raises SongError."""
    found = songs(args.songs)
    if args.shuffle:
        random.shuffle(found)
    if len(found) == 1 and args.jobs:
        raise SongError("--jobs goes with several songs")
    output = STDOUT if args.output == "-" else args.output and Path(args.output)
    if output == STDOUT and len(found) > 1:
        raise SongError("standard output takes one song, several need a folder/")
    if output and len(found) > 1 and not args.folder:
        raise SongError(f"several songs need a folder: {output.with_suffix('')}/")
    loops = ENDLESS if args.loops == math.inf else args.loops
    options = {
        "loops": loops,
        "fade": args.fade,
        "tail": args.tail,
        "clock": args.clock,
        "double_speed": None if args.compat is None else args.compat == "cat2151",
        "speed": args.speed,
        # Solo becomes a mask of what is muted: the renderer knows no other.
        "mute": args.mute.channels | (0xFF & ~args.solo.channels if args.solo.channels else 0),
    }
    # To hear a channel alone is to hear the YM2151 alone, with its other channels muted.
    solo = [*(["ym2151"] if args.solo.channels else []), *sorted(args.solo.parts)]
    gain = 10 ** (args.volume / 20)
    band = formats.Band(args.voices and bank(args.voices), args.chips, args.click_free)
    made = []
    for (song, data), name in zip(found, _distinct([song.stem for song, _ in found]), strict=True):
        path = output / f"{name}.{args.format}" if args.folder else output
        parts = (args.parts or tuple(solo), args.mute.parts, args.pdx, band)
        how = (args.rate, args.float, args.bpm, gain, args.start, args.time_unit, options, *parts, len(found) > 1)
        made.append(Job(song, path, args.stems and Path(args.stems), name, *how, data))
    _check_places(made)
    if args.folder:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SongError(f"cannot write {output}: {reason(error)}") from None
    return made


def bank(name: str) -> "Bank":
    """Return the bank that ``--voices`` names; raises SongError."""
    # Here, since few ask for one, and its readers take time to import.
    from opm.midi import read_bank

    try:
        return read_bank(name)
    except OSError as error:
        raise SongError(f"{name}: {reason(error)}") from None
    except ValueError as error:
        raise SongError(str(error)) from None


def _check_places(jobs: list[Job]) -> None:
    """Raise SongError if a song would be overwritten, or one output by another."""
    # Before any song is read, so of stems all names that a song could have: two chips, and two of each other part.
    parts = [f"{name}{number}" for name in CORES for number in ("", "-2")]
    outputs = [path for job in jobs for path in (job.output, *job.stem_paths(2, parts)) if path not in (None, STDOUT)]
    songs = {_place(job.path) for job in jobs if outputs}
    if song := next((path for path in outputs if _place(path) in songs), None):
        raise SongError(f"{song}: this is the song itself: choose another name")
    if len(set(map(_place, outputs))) < len(outputs):
        raise SongError("two outputs would be the same file: choose different folders")


def _place(path: Path) -> str:
    """Return what all names of one file have in common: links are followed, and file systems may ignore case."""
    return os.path.realpath(path).casefold()


def _distinct(names: list[str]) -> list[str]:
    """Number names that come twice: "a", "a" become "a", "a-2", or "a-3" if another song is called "a-2"."""
    taken, numbers = {name.casefold() for name in names}, dict[str, Iterator[int]]()
    result = []
    for name in names:
        if another := numbers.get(name.casefold()):
            name = next(new for number in another if (new := f"{name}-{number}").casefold() not in taken)
            taken.add(name.casefold())
        numbers.setdefault(name.casefold(), count(2))
        result.append(name)
    return result
