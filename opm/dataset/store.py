"""Where a dataset is kept: a Zarr folder that grows and can be resumed, or one ``.npz`` file for a small one."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import many
from .._file import printable, replacing
from ..voice.table import COLUMNS
from ..voice.voice import parameters
from . import datasheet
from .plan import Plan

DATASHEET = "datasheet.md"
MARK = "opm.dataset"
"""The attribute that says how a folder came to be."""
LARGEST_FILE = 2**30
"""Bytes of audio in an ``.npz`` file, which is made in memory."""
UNKNOWN = -1
"""Peak of a note that is not made yet."""
LONGEST_MESSAGE = 1000
"""Characters of an error: a path has some hundreds at most, and what a file holds may be anything."""


class DatasetError(ValueError):
    """A dataset cannot be kept there, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message, LONGEST_MESSAGE))


def make(
    path: str | os.PathLike[str],
    plan: Plan,
    workers: Any = None,
    progress: Callable[[int, int], Any] | None = None,
) -> int:
    """Make a dataset, or what is missing of it.

    Parameters
    ----------
    path : path-like
        ``.zarr``: a folder, resumed if it is there; the same plan gives the same bytes, however often it was
        interrupted. What is there is read, and made anew where it is damaged. ``.npz``: one file, for at most 1 GiB
        of audio.
    plan : Plan
    workers, progress
        As for ``opm.render_many``.

    Returns
    -------
    int
        How many notes were made now.

    Raises
    ------
    DatasetError
        Another ending, too much for one file, or there is something else already, also a folder whose arrays are
        damaged or lost, or with a link or device where a file would be written.
    TypeError, ValueError
        No path, no plan, or no such workers.
    OSError
        It cannot be written.
    """
    if not isinstance(plan, Plan):
        raise TypeError(f"plan must be a Plan, got {plan!r}")
    path = Path(path)
    if path.suffix == ".zarr":
        return _make_folder(path, plan, workers, progress)
    if path.suffix != ".npz":
        raise DatasetError(f"{path}: expected a name that ends in .zarr or .npz")
    return _make_file(path, plan, workers, progress)


def _make_file(path: Path, plan: Plan, workers: Any, progress: Any) -> int:
    """Make all in memory, and write it at once."""
    if 4 * plan.rows * plan.frames > LARGEST_FILE:
        raise DatasetError(f"{path}: {plan.rows} notes of {plan.frames} frames are more than 1 GiB, use a .zarr folder")
    # Before the work; an .npz is neither resumed nor written over.
    if path.exists():
        raise DatasetError(f"{path} exists already")
    audio = many.render_many(list(plan.jobs(0, plan.voices)), plan.frames, None, workers, progress)
    arrays = {"audio": audio, "peak": peaks(audio), **plan.labels(0, plan.voices)}
    values = parameters([plan.voice(number) for number in range(plan.voices)])
    text = datasheet.text(plan, path.name, arrays["peak"])
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, parameters=values, columns=np.array(COLUMNS), datasheet=np.array(text), **arrays)
    return plan.rows


def _make_folder(path: Path, plan: Plan, workers: Any, progress: Any) -> int:
    """Make the chunks that are not there yet."""
    folder = _Folder(path, plan)
    if folder.missing:
        many.render_many(folder.jobs(), plan.frames, folder, workers, progress)
    with replacing(path / DATASHEET) as temporary:
        temporary.write_text(datasheet.text(plan, path.name, folder.peaks()))
    return folder.shape[0]


def peaks(audio: npt.NDArray[np.int16]) -> npt.NDArray[np.int32]:
    """Return the largest magnitude of each note: 0 for a silent one."""
    # Widened: the magnitude of -32768 does not fit int16.
    largest: npt.NDArray[np.int32] = np.abs(audio.astype(np.int32)).max(axis=(1, 2), initial=0)
    return largest


class _Folder:
    """A Zarr group as a place for the samples of its missing chunks, one after the other.

    Each chunk is written whole, its peaks last: it counts as made if they and all else that can be read back fit.
    """

    dtype = np.dtype(np.int16)

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan
        group = _opened(path, plan)
        import zarr

        per_chunk = plan.voices_per_chunk
        with zarr.config.set({"array.write_empty_chunks": True}):  # A chunk of silence has a file, too.
            self.arrays = _arrays(path, group, plan)
        with warnings.catch_warnings():  # The group's members in one place: not in Zarr's specification yet.
            warnings.simplefilter("ignore")
            zarr.consolidate_metadata(group.store)
        self.missing = [
            (first, min(first + per_chunk, plan.voices))
            for chunk, first in enumerate(range(0, plan.voices, per_chunk))
            if not (self._has_files(chunk) and self._is_whole(first, min(first + per_chunk, plan.voices)))
        ]
        """First voice and end of each missing chunk."""
        rows = len(plan.notes) * sum(end - first for first, end in self.missing)
        self.shape, self.chunks = (rows, plan.frames, 2), (per_chunk * len(plan.notes),)

    def peaks(self) -> npt.NDArray[np.int32]:
        """Return the peaks of all notes."""
        with _naming(self.path, "peak"):
            peaks: npt.NDArray[np.int32] = self.arrays["peak"][:]
        return peaks

    def _has_files(self, chunk: int) -> bool:
        """Say whether all arrays have a chunk's file; DatasetError if something else stands there."""
        # Zarr reads a chunk without a file as its fill value: a lost one would be silence.
        files = [
            self.path / name / array.metadata.encode_chunk_key((chunk,) + (0,) * (array.ndim - 1))
            for name, array in self.arrays.items()
        ]
        lost = [file for file in files if not file.is_file()]
        for file in lost:
            if file.exists():
                raise DatasetError(f"{file} is not a file")
        return not lost

    def _is_whole(self, first: int, end: int) -> bool:
        """Say whether the chunk of these voices reads back: its checksums, its labels and its peaks fit."""
        try:
            there = {name: array[self._rows(name, first, end)] for name, array in self.arrays.items()}
        except OSError:
            raise
        except Exception:  # A codec raises what it likes where a file is damaged.
            return False
        # Whole in itself is not enough: a chunk of another dataset has its checksum, too.
        wanted = self._values(first, end, there["audio"])
        return all(np.array_equal(there[name], wanted[name]) for name in wanted)

    def _rows(self, name: str, first: int, end: int) -> slice:
        """Return where in an array the notes of some voices are."""
        each = 1 if name == "parameters" else len(self.plan.notes)
        return slice(first * each, end * each)

    def _values(self, first: int, end: int, samples: npt.NDArray[np.int16]) -> dict[str, npt.NDArray[Any]]:
        """Return what the arrays hold of some voices."""
        # The peaks last: with a full disk before them, nothing says that the chunk is made.
        return {
            "audio": samples,
            "parameters": parameters([self.plan.voice(number) for number in range(first, end)]),
            **self.plan.labels(first, end),
            "peak": peaks(samples),
        }

    def jobs(self) -> Iterator[Any]:
        """Yield what is missing."""
        for first, end in self.missing:
            yield from self.plan.jobs(first, end)

    def __setitem__(self, rows: slice, samples: npt.NDArray[np.int16]) -> None:
        # Slices are whole chunks (``chunks``), so each is written once.
        for at in range(rows.start, rows.stop, self.chunks[0]):
            part = samples[at - rows.start : at - rows.start + self.chunks[0]]
            self._write(*self.missing[at // self.chunks[0]], part)

    def _write(self, first: int, end: int, samples: npt.NDArray[np.int16]) -> None:
        """Write a chunk: the notes of some voices."""
        for name, values in self._values(first, end, samples).items():
            with _naming(self.path, name):
                self.arrays[name][self._rows(name, first, end)] = values


_SHAPES: dict[str, tuple[Any, ...]] = {
    "audio": (np.int16, 0, "note", "frame", "side"),
    "voice_number": (np.int32, 0, "note"),
    "midi": (np.float32, 0, "note"),
    "peak": (np.int32, UNKNOWN, "note"),
    "parameters": (np.uint8, 0, "voice", "parameter"),
}
"""Arrays by name: type, what stands there before, dimensions."""


def _opened(path: Path, plan: Plan) -> Any:
    """Return the group at a path, made if there is nothing; DatasetError if there is something else."""
    try:
        import zarr
    except ImportError:
        raise DatasetError("a .zarr folder needs zarr: pip install 'numba-opm[dataset]'") from None
    # What a run leaves that is killed while it writes its first file is nothing.
    if not path.exists() or (path.is_dir() and all(each.suffix == ".partial" for each in path.iterdir())):
        return zarr.create_group(path, attributes={MARK: plan.settings()})
    _check_places(path)
    try:
        # Not the consolidated copy of the metadata, which may be older than what it describes.
        group = zarr.open_group(path, mode="r+", use_consolidated=False)
        kept: Any = group.attrs[MARK]
        there = dict(kept)
    except Exception:
        raise DatasetError(f"{path} exists and is not a dataset of {MARK}") from None
    wanted = plan.settings()
    # The first that differs is named; a folder of other settings would be two datasets in one.
    for name in sorted(wanted.keys() | there.keys()):
        if wanted.get(name) != there.get(name):
            raise DatasetError(f"{path} was begun with other {name}: {there.get(name)!r}, not {wanted.get(name)!r}")
    return group


def _check_places(path: Path) -> None:
    """Raise DatasetError if a link or a device stands where the dataset is written or read: it leads elsewhere."""
    for place in (path / name for name in ("zarr.json", DATASHEET, *_SHAPES)):
        for each in (place, *place.rglob("*")):
            if each.is_symlink() or (each.exists() and not (each.is_file() or each.is_dir())):
                raise DatasetError(f"{each}: expected a file or folder, found a link or device")


@contextmanager
def _naming(path: Path, name: str) -> Iterator[None]:
    """Turn whatever Zarr raises over a damaged array into one line that names it; an OSError names its file itself."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise DatasetError(f"{path}: array {name} is damaged: {printable(repr(error))}") from None


def _arrays(path: Path, group: Any, plan: Plan) -> dict[str, Any]:
    """Return the arrays of a folder, created where none is; DatasetError if one is lost or not as planned.

    All are created before the first chunk is written: one that is missing after that is lost.
    """
    import zarr

    # What the plan would create is made in memory, to compare with: shape, type, chunks and codecs once passed as they
    # were.
    model, begun, there = zarr.create_group({}), any(path.glob("*/c")), {}
    for name in _SHAPES:
        if (path / name / "zarr.json").exists():
            with _naming(path, name):
                there[name] = group[name]
                found = there[name].metadata.to_dict()
            for field, planned in _created(model, name, plan).metadata.to_dict().items():
                if field != "attributes" and found.get(field) != planned:  # Those are free.
                    got = printable(repr(found.get(field)))
                    raise DatasetError(f"{path}: array {name}: expected {field} {planned!r}, got {got}")
        # Created anew it would be full of zeros, and the peaks would say that all is made.
        elif begun:
            raise DatasetError(f"{path}: array {name} is missing")
    return {name: there[name] if name in there else _created(group, name, plan) for name in _SHAPES}


def _created(group: Any, name: str, plan: Plan) -> Any:
    """Return a new array of the group, in chunks of the same voices; Blosc alone may decode a damaged one as others."""
    from zarr.codecs import BloscCodec, Crc32cCodec

    kind, before, *dimensions = _SHAPES[name]
    voices, notes = plan.voices_per_chunk, len(plan.notes)
    # All arrays are cut at the same voices, so one chunk of each is made, checked and lost together.
    sizes = {"note": plan.rows, "frame": plan.frames, "side": 2, "voice": plan.voices, "parameter": len(COLUMNS)}
    chunks = sizes | {"note": min(voices * notes, plan.rows), "voice": min(voices, plan.voices)}
    return group.create_array(
        name,
        shape=[sizes[dimension] for dimension in dimensions],
        chunks=[chunks[dimension] for dimension in dimensions],
        dtype=kind,
        fill_value=before,
        compressors=[BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"), Crc32cCodec()],
        dimension_names=dimensions,
    )
