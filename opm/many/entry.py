"""The compiled entry for many jobs: a slice of them in one call, each from reset, by ``run_frames``."""

import functools

import numpy as np
import numpy.typing as npt

from .._jit import address, by_address, entry
from ..chip import NO_CHANNELS, NO_TRACE, NOT_TRACED, new_chip
from ..engine import AUTO, FRAMES_TAKE, run_frames
from ..events import CYCLES_PER_FRAME, EVENT
from ..handover import MEMORY, MINE, zeroed

EVENT_BYTES = EVENT.itemsize
PIECE = 2**15
"""Frames between two looks at whether to stop: some milliseconds."""
call_frames = by_address(FRAMES_TAKE)


@entry
def run_jobs(run, memory, scratch, again, reset, stop, event_bytes, bounds, rows, out, channels, traced, trace):
    """Render jobs one after the other.

    Parameters
    ----------
    run : int
        The address of ``run_frames``.
    memory, reset : (n,) int32
        A MEMORY record, and how a reset leaves it: that is copied, since 2048 clocks take longer than many a frame.
    scratch, again : (n,) int32
        A SCRATCH record by two names.
    stop : (1,) int32
        Not 0: stop, the samples are no longer wanted.
    event_bytes : (m,) uint8
        EVENT records of all jobs.
    bounds : (jobs + 1,) int64
        Where each job's events begin.
    rows : (jobs,) int64
        Where its samples go.
    out : (n, frames, 2) int16
    channels, traced, trace
        Empty: ``run_frames`` has nothing to record there.
    """
    events, frames = event_bytes.view(EVENT), out.shape[1]
    for job in range(rows.shape[0]):
        for i in range(reset.shape[0]):
            memory[i] = reset[i]
        first, last = bounds[job], bounds[job + 1]
        for frame in range(0, frames, PIECE):
            if stop[0]:
                return
            end = min(frame + PIECE, frames)
            # Events are in order, so their share of a piece is found by walking on.
            due = first
            while due < last and events[due]["cycle"] < end * CYCLES_PER_FRAME:
                due += 1
            arguments = (
                memory,
                scratch,
                again,
                event_bytes[first * EVENT_BYTES : due * EVENT_BYTES],
                frame * CYCLES_PER_FRAME,
                end - frame,
                CYCLES_PER_FRAME,
                AUTO,
                0,
                out[rows[job], frame:end],
                channels,
                traced,
                trace,
            )
            call_frames(run, arguments)
            first = due


@functools.cache
def _reset() -> npt.NDArray[np.int32]:
    """Return what a reset leaves."""
    return new_chip("ym2151")._memory


def run_slice(
    events: npt.NDArray[np.void],
    bounds: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    out: npt.NDArray[np.int16],
    stop: npt.NDArray[np.int32],
) -> None:
    """Render a slice of jobs on a chip of its own: arguments as for ``run_jobs``."""
    # A chip per slice: threads share none.
    memory, scratch, data = zeroed(MEMORY), MINE.scratch, events.view(np.uint8)
    run, nothing = address(run_frames, FRAMES_TAKE), (NO_CHANNELS, NOT_TRACED, NO_TRACE)
    run_jobs(run, memory, scratch, scratch, _reset(), stop, data, bounds, rows, out, *nothing)


def warm() -> None:
    """Compile, or load what is compiled."""
    nothing = np.zeros(1, np.int64)
    run_slice(np.empty(0, EVENT), nothing, nothing[:0], np.empty((0, 0, 2), np.int16), np.zeros(1, np.int32))
