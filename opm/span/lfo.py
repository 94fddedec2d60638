"""LFO over a span: a whole product at once wherever the LFO only multiplies; ``frame.lfo`` has the other windows.

Three algorithms for one rule, for speed: the twins are ``cycle.lfo`` and ``frame.lfo``, which says how they differ.
"""

from .._jit import block
from ..cycle.lfo import COUNTER2_END, NOISE, windows_done
from ..frame import lfo

ROUND = 8
"""Frames of a round of the LFO's 16 windows."""


@block
def moves(state, frame):
    """Say whether the LFO does more in the next window than multiply."""
    return state.w == NOISE or frame.lfo_of or frame.lfo_step or (state.test[1] and frame.lfo_n)


@block
def steady_rounds(state, frame, n):
    """Return how many rounds of 16 windows, within some frames, the LFO only multiplies."""
    return 0 if moves(state, frame) or windows_done(state) else min(n // ROUND, COUNTER2_END - state.lfo_counter2)


@block
def rounds(state, frame, write, t, frames):
    """AM is locked in the fourth frame, PM in the eighth; more rounds bring the same, only counter 2 counts them."""
    # The wave stands still, so each bit of the depth adds the same value: seven partial products are one product.
    lfo.take_signs(state, frame)
    for i in range(3):
        write.am[t + 1 + i] = state.lfo_am
    state.lfo_am = lfo.value(state, frame, 0) * 2 * state.amd >> 8
    for i in range(3, frames):
        write.am[t + 1 + i] = state.lfo_am
    frame.lfo_v = lfo.value(state, frame, 1)
    frame.lfo_sum = frame.lfo_v * 2 * state.pmd
    lfo.lock(state, frame, 1)
    lfo.drop_top_bit(frame)
    state.lfo_counter2 += frames // ROUND


@block
def steady_frames(state, frame, n):
    """Return how many frames the LFO only multiplies, within some and up to the end of AM's or PM's half of a round."""
    windows = windows_done(state)
    if moves(state, frame):
        return 0
    # Counter 2's overflow, two windows before a round ends, may let the wave step: the frame engine does those.
    end = 8 if windows < 8 else 16 if state.lfo_counter2 < COUNTER2_END else 12
    return max(min((end - windows) >> 1, n), 0)


@block
def frames(state, frame, write, t, frames):
    """So many frames of a half: the depth's bits that are left, then the lock."""
    windows = windows_done(state)
    pm, first, end = windows >> 3, windows & 7, (windows & 7) + 2 * frames
    if first == 0:
        lfo.take_signs(state, frame)
    frame.lfo_v = lfo.value(state, frame, pm)
    bits = (state.pmd if pm else state.amd) & ((128 >> first) - (128 >> min(end, 7)))
    frame.lfo_sum = (frame.lfo_sum if first else 0) + 2 * frame.lfo_v * bits
    for i in range(frames - 1):
        write.am[t + 1 + i] = state.lfo_am
    if end == 8:
        lfo.lock(state, frame, pm)
        if pm:
            lfo.drop_top_bit(frame)
    write.am[t + frames] = state.lfo_am
    state.lfo_counter2 += 1 if windows < 14 <= windows + 2 * frames else 0
    state.lfo_counter1 = (state.lfo_counter1 + 2 * frames) & 15
