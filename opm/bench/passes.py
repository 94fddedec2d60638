"""Times of a span's passes, each compiled alone: for ``python -m opm.bench profile``."""

import statistics
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import njit

from ..chip import YM2151
from ..engine import enter, whole_frame
from ..memory import SPAN_WORDS, views
from ..span import envelope, mixer, operators, phase
from ..span.rows import LONGEST, SPAN
from ..span.span import finish, span, walk
from .workloads import timed

REPEATS = 400
Records = namedtuple("Records", "s f g w r n changes out words work")
"""What passes take, by the names ``span`` gives it; samples, and what ``whole_frame`` takes."""


def _single_frames(p):
    for _ in range(p.n):
        whole_frame(p.s, p.words, p.work, 0)


PASSES = {
    "walk: LFO, pitch, envelopes, timers": lambda p: walk(p.s, p.f, p.w, p.n),
    "attenuations": lambda p: envelope.attenuations(p.f, p.w, p.r, p.n),
    "phases": lambda p: phase.phases(p.f, p.w, p.changes, p.n),
    "operators": lambda p: operators.operators(p.f, p.w, p.r, p.n, p.n),
    "of which feedback": lambda p: operators.feedback(p.f, p.w, p.r, p.n),
    "sums": lambda p: mixer.sums(p.s, p.f, p.w, p.r, p.n, p.n),
    "mixer": lambda p: mixer.mixer(p.f, p.f, p.w, p.r, p.n, p.n),
    "taps": lambda p: mixer.taps(p.f, p.w, p.n),
    "finish": lambda p: finish(p.s, p.f, p.w, p.n),
    "store": lambda p: mixer.store(p.w, 0, 1, p.out),
    "a whole span, not stored": lambda p: span(p.s, p.f, p.g, p.w, p.r, p.n, 0),
    "a single frame": _single_frames,
}


@njit
def _prepare(memory, again):
    """Leave all records as they are within a span, after its walk; return the walk's changes of pitch."""
    state, work, words = views(memory)
    w, r = memory[:SPAN_WORDS].view(SPAN)[0], again[:SPAN_WORDS].view(SPAN)[0]
    enter(state, work, 0)
    for _ in range(8):
        whole_frame(state[0], words, work, 0)
    span(state[0], work[0], work[1], w, r, LONGEST, 0)
    return walk(state[0], work[0], w, LONGEST)


def repeated(one_pass: Any) -> Any:
    """Return a compiled loop over a pass."""
    step = njit(forceinline=True)(one_pass)

    @njit(nogil=True)
    def loop(memory, again, n, changes, out, count):
        state, work, words = views(memory)
        w, r = memory[:SPAN_WORDS].view(SPAN)[0], again[:SPAN_WORDS].view(SPAN)[0]
        p = Records(state[0], work[0], work[1], w, r, n, changes, out, words, work)
        for _ in range(count):
            step(p)

    return loop


def measure(chip: YM2151, runs: int) -> Iterator[tuple[str, float]]:
    """Yield each pass's name and its ns per frame: the median of some runs, each from the same moment of a chip."""
    memory = chip._memory
    changes = _prepare(memory, memory)
    moment, out = memory.copy(), np.empty((LONGEST, 2), np.int16)
    for name, one_pass in PASSES.items():
        loop = repeated(one_pass)
        times = []
        for _ in range(runs + 1):
            memory[:] = moment
            times.append(timed(lambda: loop(memory, memory, LONGEST, changes, out, REPEATS)))  # noqa: B023
        yield name, statistics.median(times[1:]) * 1e9 / REPEATS / LONGEST
