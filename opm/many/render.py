"""``render_many``: jobs in slices, slices to a crew, samples into one array."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import Samples, function, integer
from ..events import CYCLES_PER_FRAME, LAST_CYCLE
from ..song import Song
from ..song.playing import Playing
from ..song.render import Renderer
from ..song.resample import to_int16
from ..voice.voice import play_notes
from . import entry
from .crew import AHEAD, PATIENCE, Cluster, Crew, Threads, each
from .jobs import Failed, Job, checked_events, gathered, is_note, named

SLICE = 2**20
"""Frames of a slice: some 50 ms of work, so that Python's share of the time is small, and 4 MB."""
REMOTE = 4
"""A cluster's slices are so many times larger: its scheduler takes a millisecond for each."""
LARGEST_CHUNK = 2**24
"""Frames of the largest chunks that are written as a whole: 64 MB."""
Progress = Callable[[int, int], Any]
Slice = tuple[int, list[Job]]
"""The number of the first job, and the jobs."""


class JobErrors(ExceptionGroup[Exception]):
    """Jobs of ``render_many`` that failed; the others are done.

    Attributes
    ----------
    jobs : list of int
        Their numbers, in the order of ``exceptions``.
    out : array
        All samples; those of jobs that failed are 0.
    """

    jobs: list[int]
    out: Any


def render_many(
    jobs: "Iterable[Job]",
    frames: int,
    out: Any = None,
    workers: Any = None,
    progress: "Progress | None" = None,
) -> Any:
    """Render many independent programs at once, each on a chip just reset, on all cores.

    Parameters
    ----------
    jobs : iterable
        Of any mixture, taken as there is room for them:

        - bus events, as ``opm.run`` takes them;
        - ``(voice, note, duration)``: the same as ``voice.events(note, duration)``, the key held for so many seconds;
        - a ``Song``: one playing of it, as ``song.render()`` gives it, and zeros after its end.
    frames : int
        Samples to make of each.
    out : (n, frames, 2) int16 array, optional
        Where to put them: a NumPy array, mapped to a file or not, or what takes ``out[a:b] = samples`` such as a Zarr
        array, which is written in whole chunks. Needed where ``jobs`` has no length and is too large to be listed.
    workers : int or dask.distributed.Client, optional
        Threads, as many as there are cores if not given, or a cluster, which sends its results here.
    progress : function of (int, int), optional
        Called from time to time with the number of jobs done and of all.

    Returns
    -------
    (n, frames, 2) int16
        ``out``, the same for any ``workers``: what ``opm.run(events, frames)`` gives.

    Raises
    ------
    JobErrors
        Some jobs failed; the errors name them, and the others are done.
    TypeError, ValueError
        Another argument is not as described.

    Examples
    --------
    >>> import opm
    >>> organ = opm.Voice("organ", con=7, ops=(opm.Operator(tl=20), *(opm.Operator(),) * 3))
    >>> render_many([(organ, midi, 0.2) for midi in range(48, 72)], 12_000).shape
    (24, 12000, 2)
    """
    frames = integer("frames", frames, 0, LAST_CYCLE // CYCLES_PER_FRAME)
    if not isinstance(jobs, Iterable):
        raise TypeError(f"jobs must be a sequence of jobs, got {jobs!r}")
    if out is None:
        # Without ``out`` their number must be known before the first is rendered.
        jobs = jobs if isinstance(jobs, Sized) else list(jobs)
        out = np.empty((len(jobs), frames, 2), np.int16)
    _check(jobs, frames, out)
    stop = np.zeros(1, np.int32)
    with _crew(workers) as crew:
        # Threads write where the samples belong; a cluster, or a Zarr array, is given copies.
        direct = isinstance(crew, Threads) and _is_memory(out)
        work = _Rendering(frames, stop, np.asarray(out) if direct else None)
        results = _Results(out, progress)
        lost = results.take(each(crew, work, _slices(jobs, frames, out, crew), lambda: stop.fill(1)), crew.lost)
        # One by one: only so is it known which job kills its workers.
        alone = [(first + i, [job]) for first, part in lost for i, job in enumerate(part)]
        lost = results.take(each(crew, work, alone, lambda: stop.fill(1), one_by_one=True), crew.lost)
    failed = results.failed | {number: RuntimeError(f"job {number}: no worker survives it") for number, _ in lost}
    if failed:
        raise _job_errors(failed, out)
    return out


def _crew(workers: Any) -> Crew:
    """Return who is to do the work; what it needs is compiled."""
    if hasattr(workers, "get_executor"):
        return Cluster(workers, entry.warm)
    crew = Threads(workers)
    # Here, not in the threads, which would all wait for the one that compiles.
    entry.warm()
    return crew


class _Results:
    """What has come back so far."""

    def __init__(self, out: Any, progress: Progress | None) -> None:
        self.out, self.progress = out, function("progress", progress)
        self.failed: Failed = {}
        self.done = 0

    def take(self, finished: Generator[tuple[Slice, Any]], lost: tuple[type[Exception], ...]) -> list[Slice]:
        """Store results as they come; return the slices that were lost with their workers."""
        missing: list[Slice] = []
        with closing(finished):
            for (first, part), future in finished:
                try:
                    samples, wrong = future.result(PATIENCE)
                except lost:
                    missing.append((first, part))
                    # What lay there before must not pass for a result.
                    self.out[first : first + len(part)] = 0
                    continue
                self.failed |= wrong
                if samples is not None:
                    self.out[first : first + len(part)] = samples
                self.done += len(part)
                if self.progress:
                    self.progress(self.done, self.out.shape[0])
        return missing


def _job_errors(failed: Failed, out: Any) -> JobErrors:
    """Return what to raise, in the order of the jobs."""
    numbers = sorted(failed)
    errors = JobErrors(f"{len(failed)} of {out.shape[0]} jobs failed", [failed[number] for number in numbers])
    errors.jobs, errors.out = numbers, out
    return errors


def _check(jobs: Iterable[Job], frames: int, out: Any) -> None:
    """Raise TypeError or ValueError if jobs and out are not as described."""
    # A likely mistake: its rows would be taken for jobs, each of them wrong.
    if isinstance(jobs, np.ndarray) and jobs.ndim == 1 and jobs.dtype.names:
        raise TypeError("jobs must be a sequence of jobs, got the events of one")
    if getattr(out, "dtype", None) != np.int16:
        raise TypeError(f"out must be an int16 array, got {getattr(out, 'dtype', type(out).__name__)}")
    rows = len(jobs) if isinstance(jobs, Sized) else out.shape[0]
    if tuple(out.shape) != (rows, frames, 2):
        raise ValueError(f"out must have shape {(rows, frames, 2)}, got {tuple(out.shape)}")


def _is_memory(out: Any) -> bool:
    """Say whether compiled code can write there."""
    return isinstance(out, np.ndarray) and out.flags.c_contiguous and out.flags.writeable


def _slices(jobs: Iterable[Job], frames: int, out: Any, crew: Crew) -> Iterator[Slice]:
    """Yield the jobs in slices, whole chunks of ``out`` where that is not too much."""
    total, at_most = out.shape[0], SLICE * (REMOTE if isinstance(crew, Cluster) else 1) // max(1, frames)
    # As few slices as their size allows, but AHEAD per worker, so that all end at about the same time.
    turns = max(AHEAD, -(-total // (max(1, at_most) * crew.workers)))
    rows = max(1, -(-total // (turns * crew.workers)))
    # Whole chunks: each is compressed once, and no two slices write the same one.
    chunk = (getattr(out, "shards", None) or getattr(out, "chunks", None) or (1,))[0]
    if chunk * frames <= LARGEST_CHUNK:
        rows = -(-rows // chunk) * chunk
    waiting, first = iter(jobs), 0
    while part := list(islice(waiting, rows)):
        if first + len(part) > total:
            raise ValueError(f"expected {total} jobs, one per row of out, got more")
        yield first, part
        first += len(part)
    if first < total:
        raise ValueError(f"expected {total} jobs, one per row of out, got {first}")


@dataclass(frozen=True)
class _Rendering:
    """Renders slices: into ``out``, or to arrays that it returns."""

    frames: int
    stop: npt.NDArray[np.int32]
    out: Samples | None

    def __call__(self, piece: Slice) -> tuple[Samples | None, Failed]:
        """Return the samples, if they have no place yet, and what went wrong."""
        first, part = piece
        if self.out is not None:
            return None, self.render(first, part, self.out[first : first + len(part)])
        samples = np.empty((len(part), self.frames, 2), np.int16)
        return samples, self.render(first, part, samples)

    def render(self, first: int, part: list[Job], out: Samples) -> Failed:
        """Render jobs, each kind by itself."""
        failed: Failed = {}
        songs, notes, others = dict[int, Any](), dict[int, Any](), dict[int, Any]()
        for i, job in enumerate(part):
            (notes if is_note(job) else songs if isinstance(job, Song) else others)[i] = job
        for make, jobs in ((lambda some: play_notes(some)[:2], notes), (checked_events, others)):
            if not jobs:
                continue
            rows, events, counts = gathered(make, jobs, failed)
            bounds = np.concatenate([[0], np.cumsum(counts)])
            entry.run_slice(events, bounds, np.array(rows, np.int64), out, self.stop)
        # Songs in Python, one by one: blocks, two chips, speeds and boards are not the compiled entry's.
        for i, song in songs.items():
            try:
                self.play(song, out[i])
            except Exception as error:
                failed[i] = error
        # Of a song that failed in its middle, some samples are there.
        out[list(failed)] = 0
        return {first + i: named(first + i, error) for i, error in failed.items()}

    def play(self, song: Song, out: Samples) -> None:
        """Render a song, and zeros after its end."""
        done = 0
        for block in Renderer(Playing(song)).blocks(end=self.frames):
            # A song may be hours; the compiled entry looks at the same word between its pieces.
            if self.stop[0]:
                return
            out[done : done + len(block)] = to_int16(block)
            done += len(block)
        out[done:] = 0
