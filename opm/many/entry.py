"""The compiled entry for many jobs: a slice of them in one call, each from reset, by ``run_frames``."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.core.types import CompileResultWAP

from .._jit import entry, plain, words_at
from ..chip import NO_CHANNELS, NO_TRACE, NOT_TRACED, new_chip
from ..engine import AUTO, run_frames
from ..events import CYCLES_PER_FRAME, EVENT
from ..handover import MEMORY, MINE, zeroed

EVENT_BYTES = EVENT.itemsize
PIECE = 2**15
"""Frames between two looks at whether to stop: some milliseconds."""


@entry
def run_jobs(
    run, memory_at, scratch_at, again_at, reset, stop, event_bytes, bounds, rows, out, channels, traced, trace
):
    """Render jobs one after the other.

    Parameters
    ----------
    run : function
        ``run_frames``, by its address: called by its name it would be compiled a second time into this entry.
    memory_at, scratch_at, again_at : int
        As for ``run_frames``.
    reset : (n,) int32
        A MEMORY record as a reset leaves it: it is copied, since 2048 clocks take longer than many a frame.
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
    memory, events, frames = words_at(memory_at, reset.size), event_bytes.view(EVENT), out.shape[1]
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
            run(
                memory_at,
                scratch_at,
                again_at,
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
            first = due


@functools.cache
def _start() -> tuple[Any, npt.NDArray[np.int32]]:
    """Return ``run_frames`` by its address, and what a reset leaves."""
    reset = new_chip("ym2151")._memory
    compiled: Any = run_frames
    # The reset above has compiled it; without the compiler the function itself will do.
    if plain(compiled) is not compiled:
        compiled = CompileResultWAP(next(iter(compiled.overloads.values())))
    return compiled, reset


def run_slice(
    events: npt.NDArray[np.void],
    bounds: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    out: npt.NDArray[np.int16],
    stop: npt.NDArray[np.int32],
) -> None:
    """Render a slice of jobs on a chip of its own: arguments as for ``run_jobs``."""
    run, reset = _start()
    # A chip per slice: threads share none.
    memory, scratch, data = zeroed(MEMORY), MINE.address, events.view(np.uint8)
    addresses = memory.ctypes.data, scratch, scratch
    run_jobs(run, *addresses, reset, stop, data, bounds, rows, out, NO_CHANNELS, NOT_TRACED, NO_TRACE)


def warm() -> None:
    """Compile, or load what is compiled."""
    nothing = np.zeros(1, np.int64)
    run_slice(np.empty(0, EVENT), nothing, nothing[:0], np.empty((0, 0, 2), np.int16), np.zeros(1, np.int32))
