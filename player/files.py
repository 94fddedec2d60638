"""Files out: sound with tags and loop points, stems, logs, MIDI; complete, or as they were before."""

import math
import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import opm
from opm.many import each
from opm.song import (
    BLOCK,
    CAT2151,
    CHANNELS,
    FULL_SCALE,
    Playing,
    Renderer,
    Resampler,
    Samples,
    Song,
    SongError,
    formats,
    reason,
    replacing,
)

from . import ending, streams
from .batch import Batch
from .streams import say

ENDLESS = 10**12
"""Passes of a loop that is played until somebody ends it."""
STDOUT = Path("standard output")
_WAV = ("WAV", "PCM_16")
SOUND = {"": _WAV, ".wav": _WAV, ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
"""Formats by the ending of a name; STDOUT has none."""
WAV_LIMIT = 2**32 - 2**20
"""Bytes a WAV file can hold, with room for its tags."""
FASTEST_OGG = 200_000
"""Hz that Vorbis takes; beyond, libsndfile crashes."""
LONGEST_TAG = 2045
"""Bytes; with one that is longer libsndfile writes none into a WAV file."""
TAGS = {"title": "title", "author": "artist", "game": "album", "date": "date", "notes": "comment", "comment": "comment"}
"""Names of a song's tags, and what sound files call them."""


@dataclass(frozen=True)
class Job:
    """What to make of a song."""

    song: Path
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
    data: bytes | None = None
    """What the song's file held, if it can be read only once."""

    def contents(self) -> bytes:
        """Return the song's file; raises SongError."""
        try:
            return formats.contents(self.song) if self.data is None else self.data
        except OSError as error:
            raise SongError(reason(error)) from None

    def load(self) -> Song:
        """Read the song; raises SongError."""
        return formats.parse(self.contents(), self.time_unit)

    def read(self) -> Playing:
        """Read the song and plan it; raises SongError."""
        playing = Playing(self.load(), **self.options)
        if self.start and self.start >= playing.length:
            raise SongError(f"--start {self.start} lies behind the end at {playing.length:.3f} s")
        return playing

    def announce(self, lines: list[str]) -> None:
        """Say something about the song, a line each."""
        for line in lines:
            say(f"{self.song}: {line}")

    def failure(self, error: Exception) -> str:
        """Return a line about what went wrong; what is no SongError is a mistake of ours, and named by its type."""
        kind = "" if isinstance(error, SongError) else f"{type(error).__name__}: "
        return f"{self.song}: {kind}{error}".removesuffix(": ")

    def stem_paths(self, chips: int) -> list[Path]:
        """Return the names of the stems."""
        numbers = range(1, CHANNELS * chips + 1) if self.stems else ()
        return [Path(self.stems or "", f"{self.name or self.song.stem}-{number}.wav") for number in numbers]

    def run(self, batch: Batch) -> None:
        """Write all outputs, and say a line about each; SongError, and what cannot be written is left as it was."""
        sound = [path for path in (self.output,) if path and path.suffix.lower() in SOUND]
        if self.stems or sound:
            playing = self.read()
            stems = self.stem_paths(len(playing.song.parts))
            for path in stems[:1] + sound:
                self._check(playing, path)
            self.announce(about(playing))
            ending.beside(opm.YM2151)
            if self.stems:
                with naming(self.stems):
                    self.stems.mkdir(parents=True, exist_ok=True)
                self._render(batch, playing, stems, apart=True)
            if sound:
                self._render(batch, playing, sound)
        if self.output and not sound:
            with batch.writers:
                batch.look(self, 0.0)
                self._save(self.output)

    def _check(self, playing: Playing, path: Path) -> None:
        """Raise SongError if a file cannot hold the sound."""
        seconds, rate = playing.frames / playing.rate - self.start, self.rate or playing.rate
        kind, _ = SOUND[path.suffix.lower()]
        if kind == "OGG" and rate > FASTEST_OGG:
            raise SongError(f"{path}: expected at most {FASTEST_OGG} Hz, got {rate:.0f}")
        if kind == "WAV" and seconds * rate * (8 if self.floating else 4) > WAV_LIMIT:
            raise SongError(f"{path}: {seconds:.0f} s at {rate:.0f} Hz do not fit in a WAV file of 4 GiB")

    def _save(self, path: Path) -> None:
        """Write a log or MIDI."""
        song = self.load()
        if not self.stems:
            self.announce(remarks(song.remarks, song.not_played))
        with naming(path):
            try:
                lost = song.save(path, self.bpm)
            except ValueError as error:
                raise SongError(f"{path}: {error}") from None
        self.announce([f"note: {path} does not keep {what}" for what in lost])
        if path.suffix.lower() == ".mid":
            say(f"{path}: {song.length:.3f} s")
        else:
            song = song.unrolled()
            say(f"{path}: {song.length:.3f} s, {len(song.rows)} writes")

    def _render(self, batch: Batch, playing: Playing, paths: list[Path], apart: bool = False) -> None:
        """Write the sound, or every channel's own, in one pass."""
        renderer = Renderer(playing)
        renderer.skip(round(self.start * playing.rate))
        with batch.writers, ExitStack() as stack:
            batch.look(self, 0.0)
            # The last is opened first: so the first is complete first.
            outputs = [stack.enter_context(self._sound_file(path, playing)) for path in reversed(paths)][::-1]
            for block in renderer.channel_blocks() if apart else renderer.blocks():
                batch.look(self, renderer.position / playing.frames)
                for number, write in enumerate(outputs):
                    write(block[:, number] if apart else block)

    @contextmanager
    def _sound_file(self, path: Path, playing: Playing) -> Iterator[Callable[[Samples], None]]:
        """Give what writes the chip's samples to a sound file; say a line about it once it is complete."""
        import soundfile

        kind, subtype = SOUND[path.suffix.lower()]
        rate = self.rate or playing.rate
        resampler = Resampler(playing.rate, rate, self.gain, self.floating)

        def write(block: Samples) -> None:
            with naming(path):
                file.write(resampler.convert(block))

        with naming(path), _sent() if path == STDOUT else replacing(path) as temporary:
            name, subtype = os.fsencode(temporary), "FLOAT" if self.floating else subtype
            with soundfile.SoundFile(name, "w", round(rate), 2, subtype, format=kind) as file:
                for tag, value in playing.song.tags.items():
                    if tag in TAGS:
                        kept = value.encode()[: LONGEST_TAG if kind == "WAV" else None].decode(errors="ignore")
                        setattr(file, TAGS[tag], kept)
                        if kept != value:
                            self.announce([f"note: {path} does not keep the end of the tag {tag}"])
                yield write
                file.write(resampler.flush())
                frames = file.frames
            if kind == "FLAC" and not frames:
                raise SongError(f"{path}: expected a sound, which a FLAC file cannot be without")
            if _frames(temporary, kind) != frames:
                raise SongError(f"cannot write {path}: it was cut short, as on a full disk")
            if kind == "WAV" and playing.song.loop_start and not self.start:
                start, end = _loop(playing, rate)
                if start < min(end, frames):
                    _append_loop(temporary, start, min(end, frames), rate)
                else:
                    self.announce([f"note: {path} does not keep the loop, which is shorter than a sample"])
        say(f"{path}: {frames / round(rate):.3f} s, {_loudness(resampler)}")


def remarks(made: list[str], not_played: tuple[str, ...]) -> list[str]:
    """Return what was decided while a song was read, and what will not be heard, a line each."""
    return [f"note: {remark}" for remark in made] + [f"not played: {', '.join(not_played)}"] * bool(not_played)


def about(playing: Playing) -> list[str]:
    """Return remarks about a song, and about how it is played."""
    doubled = "cat2151 timing, the chip at twice its speed (--compat none plays the true chip)"
    doubled_too = [doubled] * (playing.song.bus is CAT2151)
    return remarks(playing.remarks + doubled_too, playing.song.not_played)


def write(jobs: list[Job], workers: int = 1) -> list[str]:
    """Do jobs, several at the same time; return what went wrong, a line each."""
    batch = Batch(len(jobs), workers)

    def attempt(job: Job) -> str:
        line = ""
        try:
            job.run(batch)
        except Exception as error:
            line = job.failure(error)
        batch.look(job, 1.0)
        return line

    with batch, closing(each(batch, attempt, jobs, batch.ended.set)) as done:
        # One after the other they are done here, where a signal ends reading, too.
        lines = {job: attempt(job) for job in jobs} if workers == 1 else {job: future.result() for job, future in done}
    return [lines[job] for job in jobs if lines[job]]


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have what goes wrong say which file or folder cannot be written, as a SongError."""
    import soundfile

    try:
        yield
    except (OSError, soundfile.LibsndfileError) as error:
        why = reason(error) if isinstance(error, OSError) else error.error_string
        raise SongError(f"cannot write {path}: {why}") from None


@contextmanager
def _sent() -> Iterator[Path]:
    """Give a temporary file that goes to standard output once it is complete."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.wav"
        yield path
        with path.open("rb") as file:
            streams.send(file)


def _loudness(resampler: Resampler) -> str:
    """Say how loud the sound is, how much was clipped, and by how much the volume would have to be lowered."""
    if not resampler.peak:
        return "silent"
    decibels = 20 * math.log10(resampler.peak / FULL_SCALE)
    if not resampler.clipped:
        return f"peak {decibels:z.1f} dBFS"
    return f"peak 0.0 dBFS, {resampler.clipped} samples clipped, the loudest by {decibels:.1f} dB (--volume)"


def _frames(path: Path, kind: str) -> int:
    """Return how many frames a file holds, read to its end: libsndfile overlooks what fails when it closes one."""
    import soundfile

    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            return int(file.frames) if kind == "WAV" else sum(map(len, file.blocks(BLOCK, dtype="int16")))
    except soundfile.LibsndfileError:
        return -1


def _loop(playing: Playing, rate: float) -> tuple[int, int]:
    """Return the first frame of the loop in a file, and the first behind it."""
    song, scale = playing.song, rate / playing.rate
    assert song.loop_start
    heard = playing.end >= playing.due(song.end)
    start, end = (song.loop_start.tick, song.end) if heard else song.ticks_once
    return round(playing.due(start) * scale), round(playing.due(end) * scale)


def _append_loop(path: Path, start: int, end: int, rate: float) -> None:
    """Append an ``smpl`` chunk with one forward loop, its first and last sample; middle C, no other use of it."""
    head = struct.pack("<9I", 0, 0, round(1e9 / rate), 60, 0, 0, 0, 1, 0)
    chunk = head + struct.pack("<6I", 0, 0, start, end - 1, 0, 0)
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"smpl" + struct.pack("<I", len(chunk)) + chunk)
        size = file.tell()
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
