"""Jobs: what may be rendered by the thousand, and a slice of them as bus events."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..events import EVENT, IC, LAST_CYCLE, EventRows, Events, make_events
from ..song import Song
from ..voice import Voice

Job = EventRows | tuple[Voice, float | str, float] | Song
"""Bus events; a voice, a note and the seconds its key is held; or a song."""
Counts = npt.NDArray[np.int64]
Failed = dict[int, Exception]
"""What went wrong, by the number of the job."""


def is_note(job: Any) -> bool:
    """Say whether a job is a voice, a note and a duration."""
    # Events may be a tuple of three rows: only the Voice tells them from a note.
    return isinstance(job, tuple) and len(job) == 3 and isinstance(job[0], Voice)


def checked_events(arrays: Sequence[EventRows]) -> tuple[Events, Counts]:
    """Return bus events of several jobs, one after the other, and how many each has.

    Raises
    ------
    TypeError, ValueError
        As ``make_events`` says.
    """
    for rows in arrays:
        if not isinstance(rows, np.ndarray | list | tuple):
            raise TypeError(f"expected events, (voice, note, duration) or a song, got {rows!r}")
    if not all(isinstance(rows, np.ndarray) and rows.dtype == EVENT and rows.ndim == 1 for rows in arrays):
        arrays = [make_events(rows) for rows in arrays]
    counts = np.array([len(rows) for rows in arrays], np.int64)
    events = np.concatenate([np.empty(0, EVENT), *arrays])
    # All jobs at once, since NumPy's calls would take longer than short jobs do. Where something is wrong, one by one.
    steps = np.diff(events["cycle"], prepend=0)
    first = (np.cumsum(counts) - counts)[counts > 0]
    steps[first] = events["cycle"][first]
    within = (events["cycle"] >= 0) & (events["cycle"] <= LAST_CYCLE) & (events["kind"] <= IC) & (steps >= 0)
    # This raises, and names the row.
    if not within.all():
        for rows in arrays:
            make_events(rows)
    return events, counts


def gathered(
    make: Callable[[Any], tuple[Events, Counts]], jobs: dict[int, Any], failed: Failed
) -> tuple[list[int], Events, Counts]:
    """Return the numbers of the jobs that events can be made of, and the events; say of the others what is wrong."""
    try:
        return (list(jobs), *make(list(jobs.values())))
    except Exception:
        # One of them is at fault. Each by itself, to learn which; the others are still done.
        for number, job in jobs.items():
            try:
                make([job])
            except Exception as error:
                failed[number] = error
    good = {number: job for number, job in jobs.items() if number not in failed}
    return (list(good), *make(list(good.values())))


def named(number: int, error: Exception) -> Exception:
    """Return an error that names its job."""
    # The same kind, so that who catches a ValueError of one job catches that of many.
    kind = TypeError if isinstance(error, TypeError) else ValueError if isinstance(error, ValueError) else RuntimeError
    told = kind(f"job {number}: {error}")
    told.__cause__ = error
    return told
