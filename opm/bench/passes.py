"""Times of a span's passes, each compiled alone: for ``python -m opm.bench profile``."""

import statistics
from collections import namedtuple
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numba import njit

from ..chip import YM2151
from ..engine import one_frame
from ..frame.record import FRAME
from ..handover import MINE, SPAN_WORDS, enter, views
from ..span import dac, envelope, mixer, noise, operators, phase
from ..span.record import LONGEST, SPAN
from ..span.span import finish, span, walk
from .workloads import timed

REPEATS = 400
Records = namedtuple("Records", "state frame muted write read n changes out words")
"""What passes take, by the names ``span`` gives it; samples, and what ``one_frame`` takes."""


def _single_frames(p):
    for _ in range(p.n):
        one_frame(p.state, p.words, p.frame, p.muted, 0)


PASSES = {
    "walk: LFO, pitch, envelopes": lambda p: walk(p.state, p.frame, p.write, p.n),
    "attenuations": lambda p: envelope.attenuations(p.frame, p.write, p.read, p.n),
    "phases": lambda p: phase.phases(p.frame, p.write, p.changes, p.n),
    "operators": lambda p: operators.operators(p.frame, p.write, p.read, p.n, p.n),
    "of which feedback": lambda p: operators.feedback(p.frame, p.write, p.read, p.n),
    "sums": lambda p: mixer.sums(p.frame, p.write, p.read, p.n),
    "slot 31": lambda p: noise.slot_31(p.state, p.frame, p.write, p.read, p.n),
    "mixer": lambda p: mixer.mixer(p.frame, p.frame, p.write, p.read, p.n, p.n),
    "taps": lambda p: mixer.taps(p.frame, p.write, p.n),
    "finish": lambda p: finish(p.state, p.frame, p.write, p.n),
    "store": lambda p: dac.store(p.write, 0, 1, p.out),
    "a whole span, not stored": lambda p: span(p.state, p.frame, p.muted, p.write, p.read, p.n, 0),
    "a single frame": _single_frames,
}


@njit
def _prepare(memory, scratch, again):
    """Leave all records as they are within a span, after its walk; return the walk's changes of pitch."""
    states, frames, _, words = views(memory)
    state, frame, muted = states[0], frames[0], scratch[SPAN_WORDS:].view(FRAME)[0]
    write, read = scratch[:SPAN_WORDS].view(SPAN)[0], again[:SPAN_WORDS].view(SPAN)[0]
    enter(state, states[1], frame, muted, 0)
    for _ in range(8):
        one_frame(state, words, frame, muted, 0)
    span(state, frame, muted, write, read, LONGEST, 0)
    return walk(state, frame, write, LONGEST)


def repeated(one_pass: Any) -> Any:
    """Return a compiled loop over a pass."""
    step = njit(forceinline=True)(one_pass)

    @njit(nogil=True)
    def loop(memory, scratch, again, n, changes, out, count):
        states, frames, _, words = views(memory)
        write, read = scratch[:SPAN_WORDS].view(SPAN)[0], again[:SPAN_WORDS].view(SPAN)[0]
        p = Records(states[0], frames[0], scratch[SPAN_WORDS:].view(FRAME)[0], write, read, n, changes, out, words)
        for _ in range(count):
            step(p)

    return loop


def measure(chip: YM2151, runs: int) -> Iterator[tuple[str, float]]:
    """Yield each pass's name and its ns per frame: the median of some runs, each from the same moment of a chip."""
    memory, scratch = chip._memory, MINE.scratch
    changes = _prepare(memory, scratch, scratch)
    moment, rows, out = memory.copy(), scratch.copy(), np.empty((LONGEST, 2), np.int16)
    for name, one_pass in PASSES.items():
        loop = repeated(one_pass)
        times = []
        for _ in range(runs + 1):
            memory[:], scratch[:] = moment, rows
            repeat = partial(loop, memory, scratch, scratch, LONGEST, changes, out, REPEATS)
            times.append(timed(repeat))
        yield name, statistics.median(times[1:]) * 1e9 / REPEATS / LONGEST
