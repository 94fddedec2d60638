"""Rendering one song to files: the work of one line of the playlist."""

import math
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile
from rich.console import Console
from rich.progress import Progress

from opm.song import CHANNELS, Options, Renderer, Samples, Schedule, SongError, formats, reason

from . import outputs, streams
from .resample import FULL_SCALE, Resampler

STDOUT = Path("-")


@dataclass(frozen=True)
class Job:
    """What to make of a song."""

    song: Path
    output: Path | None = None
    """A file by its ending, or ``-``: WAV to standard output."""
    stems: Path | None = None
    """Folder for one file per channel."""
    name: str = ""
    """What the stems are called, if not after the song."""
    rate: int | None = None
    """Hz of the sound; None is the chip's own."""
    floating: bool = False
    gain: float = 1.0
    mute: int = 0
    start: float = 0.0
    time_unit: str | None = None
    options: Options = field(default_factory=Options)

    def read(self) -> Schedule:
        """Read the song and plan it."""
        return Schedule(formats.read(self.song, self.time_unit), self.options)

    def check(self, schedule: Schedule) -> None:
        """Raise SongError, before anything is said or rendered, if an output cannot be made."""
        if self.output and self.output != STDOUT:
            outputs.check_name(self.output, self.song)
        if self.stems or (self.output and self.output.suffix.lower() not in outputs.LOGS):
            self._sound(schedule)

    def run(self, schedule: Schedule) -> list[str]:
        """Write all outputs; return what there is to say about them, a line each.

        Raises
        ------
        SongError
            One of them cannot be written; it is left as it was.
        """
        resamplers: list[Resampler] = []
        if self.stems:
            resamplers += self._write_stems(schedule)
        if self.output == STDOUT:
            resamplers.append(self._to_stdout(schedule))
        elif self.output and self.output.suffix.lower() in outputs.LOGS:
            outputs.write_log(self.output, schedule.song)
        elif self.output:
            resamplers.append(self._write_sound(schedule, self.output))
        return _clipping(resamplers)

    def _sound(self, schedule: Schedule) -> outputs.Sound:
        rate = schedule.rate if self.rate is None else self.rate
        size = 8 if self.floating else 4
        seconds = schedule.frames / schedule.rate
        if seconds * rate * size > outputs.WAV_LIMIT:
            raise SongError(f"{seconds:.0f} s at {rate:.0f} Hz do not fit in a WAV file of 4 GiB")
        song, loop = schedule.song, None
        if song.loop and not self.start:
            scale = rate / schedule.rate
            heard = schedule.end >= schedule.due(song.length)
            first, end = (song.loop.tick, song.length) if heard else song.playing
            loop = (round(schedule.due(first) * scale), round(schedule.due(end) * scale) - 1)
        return outputs.Sound(round(rate), self.floating, song.tags, loop)

    def _write_sound(self, schedule: Schedule, path: Path) -> Resampler:
        sound = self._sound(schedule)
        renderer = Renderer(schedule, self.mute)
        renderer.skip(round(self.start * schedule.rate))
        target = schedule.rate if self.rate is None else self.rate
        resampler = Resampler(schedule.rate, target, self.gain, self.floating)
        blocks = _converted(renderer.blocks(), resampler)
        outputs.write_sound(path, sound, _with_progress(blocks, renderer))
        return resampler

    def _to_stdout(self, schedule: Schedule) -> Resampler:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "song.wav"
            resampler = self._write_sound(schedule, path)
            with path.open("rb") as file:
                streams.send(file)
        return resampler

    def _write_stems(self, schedule: Schedule) -> list[Resampler]:
        """Write every channel's own file in one pass."""
        assert self.stems is not None
        try:
            self.stems.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SongError(f"cannot write {self.stems}: {reason(error)}") from None
        sound = self._sound(schedule)
        target = schedule.rate if self.rate is None else self.rate
        renderer = Renderer(schedule)
        renderer.skip(round(self.start * schedule.rate))
        count = CHANNELS * len(schedule.song.chips)
        subtype = "FLOAT" if self.floating else "PCM_16"
        with ExitStack() as stack:
            files = []
            for channel in range(count):
                path = stack.enter_context(
                    outputs.replacing(self.stems / f"{self.name or self.song.stem}-{channel + 1}.wav")
                )
                file = soundfile.SoundFile(os.fsencode(path), "w", sound.rate, 2, subtype, format="WAV")
                files.append(stack.enter_context(file))
            resamplers = [Resampler(schedule.rate, target, self.gain, self.floating) for _ in files]
            for block in _with_progress(renderer.channel_blocks(), renderer):
                for channel, (file, resampler) in enumerate(zip(files, resamplers, strict=True)):
                    file.write(resampler.convert(block[:, channel]))
            for file, resampler in zip(files, resamplers, strict=True):
                file.write(resampler.flush())
        return resamplers


def _clipping(resamplers: list[Resampler]) -> list[str]:
    """Say how many values were clipped, and by how much the volume would have to be lowered."""
    if not (clipped := sum(resampler.clipped for resampler in resamplers)):
        return []
    excess = 20 * math.log10(max(resampler.peak for resampler in resamplers) / FULL_SCALE)
    return [f"clipped: {clipped} values, the loudest by {excess:.1f} dB (--volume)"]


def _converted(blocks: Iterable[Samples], resampler: Resampler) -> Iterator[Any]:
    for block in blocks:
        yield resampler.convert(block)
    yield resampler.flush()


def _with_progress(blocks: Iterable[Any], renderer: Renderer) -> Iterator[Any]:
    """Draw a progress bar on a terminal's standard error."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("rendering", total=renderer.schedule.frames)
        for block in blocks:
            progress.update(task, completed=renderer.position)
            yield block
