"""``--record``: what a live session sounds, or the register writes its chip takes, in a file.

A thread of its own writes it, so that a slow disk costs the sound nothing. However the session ends, the file is
complete up to there, and only then takes the place of one that was there.
"""

import os
import queue
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from opm import events
from opm.song import CHIP, WRITE, Opm, Resampler, Song, SongError, replacing, writers

from .files import FORMATS, WAV_LIMIT, frames_of, loudness, naming_in_errors

MOST_BLOCKS = 4096
"""Blocks that may wait for the disk: ten seconds of small ones, 33 MB of large ones."""
MOST_ROWS = {".vgm": 8_000_000, ".vgz": 5_000_000, ".log": 1_000_000, ".json": 1_000_000}
"""Writes that a file can hold and still be read: it has 64 MiB at most, a .vgz 32 unpacked."""


class _File(Protocol):
    """A file that grows."""

    def add(self, block: npt.NDArray[Any]) -> None:
        """Take a block; SongError, after which the file can still be completed, if it takes no more."""

    def complete(self, frames: int) -> str:
        """Complete the file of a session of so many frames of the chip; return what to say of it."""


class _Sound:
    """A sound file."""

    def __init__(self, path: Path, temporary: Path, resampler: Resampler, rate: float, stack: ExitStack) -> None:
        import soundfile

        self._path, self._temporary, self._resampler = path, temporary, resampler
        self._kind, subtype = FORMATS[path.suffix.lower()]
        file = soundfile.SoundFile(os.fsencode(temporary), "w", round(rate), 2, subtype, format=self._kind)
        self._file = stack.enter_context(file)

    def add(self, block: npt.NDArray[Any]) -> None:
        """Take samples."""
        if self._kind == "WAV" and (self._file.frames + len(block)) * 4 > WAV_LIMIT:
            raise SongError(f"{self._path}: a WAV file holds 4 GiB")
        with naming_in_errors(self._path):
            self._file.write(block)

    def complete(self, frames: int) -> str:
        """Fill in the head; return length and level."""
        written = self._file.frames
        self._file.close()
        # libsndfile leaves 0 bytes of a FLAC file without a sound, and says nothing of one that a full disk cut short.
        if frames_of(self._temporary, self._kind) != written:
            raise SongError(f"cannot write {self._path}: {'it was cut short' if written else 'nothing has sounded'}")
        return f"{written / self._file.samplerate:.3f} s, {loudness(self._resampler)}"


class _Writes:
    """A file of register writes."""

    def __init__(self, path: Path, temporary: Path, opm: Opm) -> None:
        self._path, self._temporary, self._opm = path, temporary, opm
        # 11 bytes a write, not a hundred of a small array for each block.
        self._rows = bytearray()
        self._most = MOST_ROWS[path.suffix.lower()] * WRITE.itemsize

    def add(self, block: npt.NDArray[Any]) -> None:
        """Take writes."""
        if len(self._rows) + block.nbytes > self._most:
            raise SongError(f"{self._path}: it holds {self._most // WRITE.itemsize} writes")
        self._rows += block.tobytes()

    def complete(self, frames: int) -> str:
        """Write the song of them; return length and how many."""
        rows = np.frombuffer(self._rows, WRITE)
        # Ticks of None are the chip's own frames: the song plays what the session did, bit for bit.
        end = max(frames, int(rows["time"].max(initial=0)))
        song = Song.of(rows=rows, end=end, ticks_per_second=None, opms=(self._opm,), format="recorded live")
        with naming_in_errors(self._path):
            self._temporary.write_bytes(writers.write(song, self._path).data)
        return f"{song.length:.3f} s, {len(rows)} writes"


class Recording:
    """A file that grows while a session sounds.

    Parameters
    ----------
    path : Path
        ``.wav``, ``.flac`` or ``.ogg`` for what the sound card is given; ``.vgm``, ``.vgz``, ``.log`` or ``.json`` for
        the writes, at the times they are on the bus.
    opm : Opm
        The session's chip.
    resampler : Resampler
        What the session's sound goes through.
    rate : float
        Samples per second of the card.
    on_failure : callable
        Called with a line if the recording fails or ends early.

    Raises
    ------
    SongError
        The file cannot be written.
    """

    def __init__(
        self, path: Path, opm: Opm, resampler: Resampler, rate: float, on_failure: Callable[[str], None]
    ) -> None:
        self._path, self._on_failure = path, on_failure
        self.name = path.name
        self.summary = self.failure = ""
        """What to say of the complete file; why it was ended early, or is not there. Empty if there is nothing."""
        self._queue: queue.SimpleQueue[npt.NDArray[Any] | None] = queue.SimpleQueue()
        self._ended, self._frames = False, 0
        with ExitStack() as stack:
            # Now, so that a file that cannot be written is one line before there is sound.
            stack.enter_context(naming_in_errors(path))
            temporary = stack.enter_context(replacing(path))
            self._sound = path.suffix.lower() in FORMATS
            self._file: _File = (
                _Sound(path, temporary, resampler, rate, stack) if self._sound else _Writes(path, temporary, opm)
            )
            self._open = stack.pop_all()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def take(self, frames: int, samples: npt.NDArray[np.int16], due: npt.NDArray[Any]) -> None:
        """Take a block, in the session's thread: its length in frames of the chip, its sound, its bus events."""
        self._frames += frames
        block = samples if self._sound else _rows(due)
        if self._ended or not len(block):
            return
        if self._queue.qsize() < MOST_BLOCKS:
            self._queue.put(block)
        else:
            self._fail(f"{self._path}: the disk is too slow; the recording has ended")
            self.end()

    def end(self) -> None:
        """Have the file completed, in its own time."""
        self._ended = True
        self._queue.put(None)

    def finish(self) -> None:
        """Have the file completed, and wait for it."""
        self.end()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._open:
                try:
                    while (block := self._queue.get()) is not None:
                        self._file.add(block)
                except SongError as error:
                    # What has been recorded is somebody's work: kept, up to here.
                    self._ended = True
                    self._fail(f"{error}; the recording has ended")
                summary = self._file.complete(self._frames)
            self.summary = f"{self._path}: {summary}"
        except Exception as error:
            self._fail(str(error) or type(error).__name__)

    def _fail(self, why: str) -> None:
        self.failure = why
        self._on_failure(why)


def _rows(due: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the writes among bus events, their times in frames."""
    writes = events.to_writes(due)
    rows = np.zeros(len(writes), WRITE)
    rows["time"], rows["address"], rows["data"] = (
        writes["cycle"] // CHIP.cycles_per_frame,
        writes["address"],
        writes["data"],
    )
    return rows
