"""Files out: sound with tags and loop points, stems, logs, MIDI. A file is complete, or as it was before."""

import math
import os
import struct
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy.typing as npt

from opm.many import each
from opm.song import BLOCK, FULL_SCALE, Playing, Renderer, Resampler, SongError, reason, replacing

from . import signals, streams
from .ahead import ahead
from .cli import SOUND
from .jobs import STDOUT, Job, about, remarks
from .progress import Batch
from .streams import say

FORMATS = {"": SOUND[".wav"], **SOUND}
"""Formats by the ending of a name; STDOUT has none, and is WAV."""
WAV_LIMIT = 2**32 - 2**20
"""Bytes of sound: sizes in a WAV file are 32 bits, and some room is for its tags."""
FASTEST_OGG = 200_000
"""Hz that libvorbis takes; beyond, libsndfile crashes."""
LONGEST_TAG = 2045
"""Bytes: if one tag is longer, libsndfile writes none at all into a WAV file."""
TAGS = {"title": "title", "author": "artist", "game": "album", "date": "date", "notes": "comment", "comment": "comment"}
"""Names of a song's tags, and what sound files call them."""
Block = npt.NDArray[Any]
Blocks = Generator[tuple[float, list[Block]]]
"""A block for each file, with the share of the playing that it brings to an end."""


def write(jobs: list[Job], workers: int = 1) -> list[str]:
    """Do jobs, up to ``workers`` at the same time; return what went wrong, a line each."""
    batch = Batch(len(jobs), workers)

    def attempt(job: Job) -> str:
        line = ""
        try:
            write_job(job, batch)
        # Any error at all: it costs this song, never the ones after it.
        except Exception as error:
            line = job.failure(error)
        batch.report(job, 1.0)
        return line

    with batch, closing(each(batch, attempt, jobs, batch.ended.set)) as done:
        # One worker is this thread: signals raise here, so one ends the reading of a song as well.
        lines = {job: attempt(job) for job in jobs} if workers == 1 else {job: future.result() for job, future in done}
    return [lines[job] for job in jobs if lines[job]]


def write_job(job: Job, batch: Batch) -> None:
    """Write all outputs, with a line about each; SongError if one cannot be written, which then stays as it was."""
    sound = [path for path in (job.output,) if path and path.suffix.lower() in FORMATS]
    if job.stems or sound:
        playing = job.playing()
        song = playing.song
        stems = job.stem_paths(len(song.opms), song.part_names[len(song.opms) :])
        # One stem stands for all: they are equally long. Checked first, since rendering may take minutes.
        for path in stems[:1] + sound:
            _check(job, playing, path)
        job.announce(about(playing))
        signals.run_in_thread(Renderer.compile_for, playing)
        if job.stems:
            with naming_in_errors(job.stems):
                job.stems.mkdir(parents=True, exist_ok=True)
            _render(job, batch, playing, stems, apart=True)
        if sound:
            _render(job, batch, playing, sound)
    # Logs and MIDI are made of the song itself, which is not played: no option of a playing applies.
    if job.output and not sound:
        with batch.writers:
            batch.report(job, 0.0)
            _save(job, job.output)


def _check(job: Job, playing: Playing, path: Path) -> None:
    """Raise SongError if a file cannot hold the sound."""
    seconds, rate = playing.frames / playing.rate - job.start, job.rate or playing.rate
    kind, _ = FORMATS[path.suffix.lower()]
    if kind == "OGG" and rate > FASTEST_OGG:
        raise SongError(f"{path}: expected at most {FASTEST_OGG} Hz, got {rate:.0f}")
    if kind == "WAV" and seconds * rate * (8 if job.floating else 4) > WAV_LIMIT:
        raise SongError(f"{path}: {seconds:.0f} s at {rate:.0f} Hz do not fit in a WAV file of 4 GiB")


def _save(job: Job, path: Path) -> None:
    song = job.load()
    # Beside stems these have been said already.
    if not job.stems:
        job.announce(remarks(song.remarks, song.not_played))
    with naming_in_errors(path):
        try:
            lost = song.save(path, job.bpm)
        except ValueError as error:
            raise SongError(f"{path}: {error}") from None
    job.announce([f"note: {path} does not keep {what}" for what in lost])
    if path.suffix.lower() in (".mid", ".mdx"):
        say(f"{path}: {song.length:.3f} s")
    else:
        song = song.unrolled()
        say(f"{path}: {song.length:.3f} s, {len(song.rows)} writes")


def _render(job: Job, batch: Batch, playing: Playing, paths: list[Path], apart: bool = False) -> None:
    """Write the sound, or every channel's own, in one pass."""
    renderer = Renderer(playing, apart=apart)
    renderer.skip(round(job.start * playing.rate))
    resamplers = [Resampler(playing.rate, job.rate or playing.rate, job.gain, job.floating) for _ in paths]
    with batch.writers, ExitStack() as stack:
        batch.report(job, 0.0)
        # An ExitStack closes the last one it opened first; so opened backwards, files are completed in order.
        files = [*zip(paths, resamplers, strict=True)][::-1]
        outputs = [stack.enter_context(_sound_file(job, *file, renderer, apart)) for file in files][::-1]
        # Chips, resamplers and encoders at the same time: all of them let go of the interpreter's lock.
        with closing(ahead(_resampled(_rendered(renderer, apart), resamplers))) as blocks:
            for share, sounds in blocks:
                batch.report(job, share)
                for write, sound in zip(outputs, sounds, strict=True):
                    write(sound)


def _rendered(renderer: Renderer, apart: bool) -> Blocks:
    """Yield what the song's chips sound, at its own rate."""
    for block in renderer.channel_blocks() if apart else renderer.blocks():
        yield renderer.position / renderer.playing.frames, [*block.swapaxes(0, 1)] if apart else [block]


def _resampled(rendered: Blocks, resamplers: list[Resampler]) -> Blocks:
    """Yield the same at the rate, the volume and in the format of the files."""
    with closing(ahead(rendered)) as blocks:
        for share, sounds in blocks:
            yield share, [by.convert(sound) for by, sound in zip(resamplers, sounds, strict=True)]
    yield 1.0, [by.flush() for by in resamplers]


@contextmanager
def _sound_file(
    job: Job, path: Path, resampler: Resampler, renderer: Renderer, apart: bool
) -> Iterator[Callable[[Block], None]]:
    """Yield a function that writes samples to a sound file; print a line about it once it is complete."""
    import soundfile

    playing = renderer.playing
    kind, subtype = FORMATS[path.suffix.lower()]
    rate = job.rate or playing.rate

    def write(block: Block) -> None:
        with naming_in_errors(path):
            file.write(block)

    with naming_in_errors(path), _to_stdout() if path == STDOUT else replacing(path) as temporary:
        name, subtype = os.fsencode(temporary), "FLOAT" if job.floating else subtype
        with soundfile.SoundFile(name, "w", round(rate), 2, subtype, format=kind) as file:
            for tag, value in playing.song.tags.items():
                if tag in TAGS:
                    # Cut by bytes, so "ignore" drops half a character at the end.
                    kept = value.encode()[: LONGEST_TAG if kind == "WAV" else None].decode(errors="ignore")
                    setattr(file, TAGS[tag], kept)
                    if kept != value:
                        job.announce([f"note: {path} does not keep the end of the tag {tag}"])
            yield write
            frames = file.frames
        # libsndfile leaves 0 bytes then, which no player takes for a FLAC file.
        if kind == "FLAC" and not frames:
            raise SongError(f"{path}: expected a sound, which a FLAC file cannot be without")
        # Still the temporary file: the old one is replaced only behind this ``with``.
        if frames_of(temporary, kind) != frames:
            raise SongError(f"cannot write {path}: it was cut short, as on a full disk")
        if kind == "WAV" and playing.song.loop_start and not job.start:
            start, end = _loop_frames(playing, rate)
            if start < min(end, frames):
                _append_loop(temporary, start, min(end, frames), rate)
            else:
                job.announce([f"note: {path} does not keep the loop, which is shorter than a sample"])
    level = loudness(resampler) + _advice(resampler, None if apart else renderer)
    say(f"{path}: {frames / round(rate):.3f} s, {level}")


@contextmanager
def naming_in_errors(path: Path) -> Iterator[None]:
    """Turn a system error into a SongError that names the file or folder that cannot be written."""
    import soundfile

    try:
        yield
    except (OSError, soundfile.LibsndfileError) as error:
        why = reason(error) if isinstance(error, OSError) else error.error_string
        raise SongError(f"cannot write {path}: {why}") from None


@contextmanager
def _to_stdout() -> Iterator[Path]:
    """Yield a temporary file, copied to standard output once it is complete: a WAV's sizes are filled in at its end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.wav"
        yield path
        with path.open("rb") as file:
            streams.send(file)


def loudness(resampler: Resampler) -> str:
    """Say how loud the sound is; if it clipped, how often, and by how much."""
    if not resampler.peak:
        return "silent"
    decibels = 20 * math.log10(resampler.peak / FULL_SCALE)
    if not resampler.clipped:
        return f"peak {decibels:z.1f} dBFS"
    return f"peak 0.0 dBFS, {resampler.clipped} samples clipped, the loudest by {decibels:.1f} dB"


def _advice(resampler: Resampler, mixed: Renderer | None) -> str:
    """Say what to do about sound that clipped, and which part is the loudest."""
    if not resampler.clipped:
        return ""
    loudest = ""
    if mixed and mixed.others:
        parts = zip(mixed.peaks, ["ym2151", *(other.name for other in mixed.others)], strict=True)
        loudest = f", {max(parts)[1]} is the loudest part"
    return f" (--volume){loudest}"


def frames_of(path: Path, kind: str) -> int:
    """Return how many frames a file holds, -1 if it is damaged.

    Read to its end, since libsndfile does not report a write that fails while it closes a file: on a full disk an OGG
    lost its last page that way. A WAV need only be opened: libsndfile counts no more frames than it has bytes for.
    """
    import soundfile

    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            return int(file.frames) if kind == "WAV" else sum(map(len, file.blocks(BLOCK, dtype="int16")))
    except soundfile.LibsndfileError:
        return -1


def _loop_frames(playing: Playing, rate: float) -> tuple[int, int]:
    """Return the first frame of the loop in a file, and the first one after it."""
    song, scale = playing.song, rate / playing.rate
    assert song.loop_start
    # In an MDX, whose first pass may differ, ``loop_start`` begins a later pass, which few --loops may not reach.
    heard = playing.end >= playing.due(song.end)
    start, end = (song.loop_start.tick, song.end) if heard else song.ticks_once
    return round(playing.due(start) * scale), round(playing.due(end) * scale)


def _append_loop(path: Path, start: int, end: int, rate: float) -> None:
    """Append an ``smpl`` chunk, which soundfile cannot write: one forward loop, whose end is its last sample."""
    # 60 is middle C, the pitch at which a sampler plays the file as it is.
    head = struct.pack("<9I", 0, 0, round(1e9 / rate), 60, 0, 0, 0, 1, 0)
    chunk = head + struct.pack("<6I", 0, 0, start, end - 1, 0, 0)
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"smpl" + struct.pack("<I", len(chunk)) + chunk)
        size = file.tell()
        # RIFF's own size, of all that follows it.
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
