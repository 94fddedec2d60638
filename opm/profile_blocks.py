"""Times of the frame engine's blocks, each compiled alone: for ``python -m opm.bench profile``."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from numba import njit

from . import frame
from .chip import YM2151
from .run import whole_frame
from .state import RECORD

FRAMES = 50_000
_BLOCKS = {
    "phase": "frame.step_phases(f)",
    "envelope, tick": "frame.step_envelopes(f, (i % 60) * frame.RATES)",
    "envelope, output": "frame.attenuations(f)",
    "LFO and noise": "frame.first_half(s, f); frame.second_half(s, f)",
    "pitch after PM": "frame.late_pitch(s, f)",
    "operators": "frame.algorithm(f)",
    "mixer and DAC": "frame.taps(f, 5); frame.mix(f, f, 5)",
    "timers": "frame.timer_a(s); frame.timer_b(s)",
    "whole frame": "whole_frame(s, words, frames, 0)",
}
_LOOP = """
def loop(words, frame_words, count):
    frames = frame_words.view(frame.FRAME)
    s, f = words.view(RECORD)[0], frames[0]
    for i in range(count):
        {block}
"""


def measure(chip: YM2151, runs: int) -> Iterator[tuple[str, float]]:
    """Yield each block's name and its ns a frame: the median of some runs on copies of a chip's records."""
    words, frame_words = chip._words, chip._frame_words
    for name, block in _BLOCKS.items():
        names: dict[str, Any] = {"frame": frame, "whole_frame": whole_frame, "RECORD": RECORD}
        exec(_LOOP.format(block=block), names)
        loop: Any = njit(names["loop"])
        times = []
        for _ in range(runs + 1):
            state, work = words.copy(), frame_words.copy()
            begin = time.perf_counter()
            loop(state, work, FRAMES)
            times.append(time.perf_counter() - begin)
        yield name, statistics.median(times[1:]) * 1e9 / FRAMES
