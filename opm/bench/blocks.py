"""Times of the frame engine's blocks, each compiled alone: for ``python -m opm.bench profile``."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from numba import njit

from .._jit import block
from ..chip import YM2151
from ..engine import whole_frame
from ..span import frame
from ..state import RECORD

FRAMES = 50_000


@block
def _phase(s, words, work, i):
    frame.step_phases(work[0])


@block
def _envelope_tick(s, words, work, i):
    frame.step_envelopes(work[0], (i % 60) * frame.RATES)


@block
def _envelope_output(s, words, work, i):
    frame.attenuations(work[0])


@block
def _lfo_and_noise(s, words, work, i):
    frame.first_half(s, work[0])
    frame.second_half(s, work[0])


@block
def _pitch(s, words, work, i):
    frame.late_pitch(s, work[0])


@block
def _operators(s, words, work, i):
    frame.algorithm(work[0])


@block
def _mixer(s, words, work, i):
    frame.taps(work[0], 5)
    frame.mix(work[0], work[0], 5)


@block
def _timers(s, words, work, i):
    frame.timers(s, 1)


@block
def _whole(s, words, work, i):
    whole_frame(s, words, work, 0)


_BLOCKS = {
    "phase": _phase,
    "envelope, tick": _envelope_tick,
    "envelope, output": _envelope_output,
    "LFO and noise": _lfo_and_noise,
    "pitch after PM": _pitch,
    "operators": _operators,
    "mixer and DAC": _mixer,
    "timers": _timers,
    "whole frame": _whole,
}


def _loop(step: Any) -> Any:
    """Compile a loop over a block."""

    @njit(nogil=True)
    def loop(words, work_words, count):
        work = work_words.view(frame.WORK)
        s = words.view(RECORD)[0]
        for i in range(count):
            step(s, words, work, i)

    return loop


def measure(chip: YM2151, runs: int) -> Iterator[tuple[str, float]]:
    """Yield each block's name and its ns per frame: the median of some runs on copies of a chip's records."""
    for name, step in _BLOCKS.items():
        loop = _loop(step)
        times = []
        for _ in range(runs + 1):
            state, work = chip._words.copy(), chip._work_words.copy()
            begin = time.perf_counter()
            loop(state, work, FRAMES)
            times.append(time.perf_counter() - begin)
        yield name, statistics.median(times[1:]) * 1e9 / FRAMES
