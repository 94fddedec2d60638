"""LFO and noise over a span: a round of 16 windows at once wherever it only multiplies."""

from .._jit import block, outline
from ..cycle.lfo import NOISE
from . import frame

ROUND = 8
"""Frames of a round of the LFO's 16 windows."""


@block
def low_frequency(s, f, w, n):
    """AM and PM at the end of each frame; return how often PM changed while it is in use."""
    w.am[0], w.sign[0] = s.lfo_am, f.noise_sign
    changes, t = 0, 0
    while t < n:
        pm, rounds = s.lfo_pm, steady_rounds(s, f, n - t)
        frames = ROUND * rounds if rounds else steady_frames(s, f, n - t)
        if rounds:
            lfo_rounds(s, f, w, t, frames)
        elif frames:
            lfo_frames(s, f, w, t, frames)
        if frames:
            noise_frames(s, f, w, t, frames)
        else:
            frame.first_half(s, f)
            frame.second_half(s, f)
            frames = 1
            w.am[t + 1], w.sign[t + 1] = s.lfo_am, f.noise_sign
        if s.lfo_pm != pm and s.pmd:
            changes += 1
            w.change[changes], w.pm[changes] = t + min(frames, ROUND) - 1, s.lfo_pm
        t += frames
    return changes


@block
def windows_done(s):
    """Windows of the LFO's round of 16 that are over; at the start of a frame an even number."""
    return (s.lfo_counter1 - 2) & 15


@block
def moves(s, f):
    """Say whether the LFO does more in the next window than multiply."""
    return s.w == NOISE or f.lfo_of or f.lfo_step or (s.test[1] and f.lfo_n)


@block
def steady_rounds(s, f, n):
    """Return how many rounds of 16 windows, within some frames, the LFO only multiplies."""
    return 0 if moves(s, f) or windows_done(s) else min(n // ROUND, 0x7FFF - s.lfo_counter2)


@block
def lfo_rounds(s, f, w, t, frames):
    """AM is locked in the fourth frame, PM in the eighth; more rounds bring the same, only counter 2 counts them."""
    frame.lfo_signs(s, f)
    for i in range(3):
        w.am[t + 1 + i] = s.lfo_am
    s.lfo_am = frame.lfo_value(s, f, 0) * 2 * s.amd >> 8
    for i in range(3, frames):
        w.am[t + 1 + i] = s.lfo_am
    f.lfo_v = frame.lfo_value(s, f, 1)
    f.lfo_sum = f.lfo_v * 2 * s.pmd
    frame.lfo_lock(s, f, 1)
    f.lfo_sum &= 0x7FFF
    s.lfo_counter2 += frames // ROUND


@block
def steady_frames(s, f, n):
    """Return how many frames the LFO only multiplies, within some and up to the end of AM's or PM's half of a round."""
    windows = windows_done(s)
    if moves(s, f):
        return 0
    end = 8 if windows < 8 else 16 if s.lfo_counter2 < 0x7FFF else 12
    return max(min((end - windows) >> 1, n), 0)


@block
def lfo_frames(s, f, w, t, frames):
    """So many frames of a half: the depth's bits that are left, then the lock."""
    windows = windows_done(s)
    pm, first, end = windows >> 3, windows & 7, (windows & 7) + 2 * frames
    if first == 0:
        frame.lfo_signs(s, f)
    f.lfo_v = frame.lfo_value(s, f, pm)
    bits = (s.pmd if pm else s.amd) & ((128 >> first) - (128 >> min(end, 7)))
    f.lfo_sum = (f.lfo_sum if first else 0) + 2 * f.lfo_v * bits
    for i in range(frames - 1):
        w.am[t + 1 + i] = s.lfo_am
    if end == 8:
        frame.lfo_lock(s, f, pm)
        if pm:
            f.lfo_sum &= 0x7FFF
    w.am[t + frames] = s.lfo_am
    s.lfo_counter2 += 1 if windows < 14 <= windows + 2 * frames else 0
    s.lfo_counter1 = (s.lfo_counter1 + 2 * frames) & 15


@block
def noise_frames(s, f, w, t, n):
    """The noise of as many frames; but for the last, its signs matter only where channel 8 plays it."""
    if s.ne:
        for i in range(n - 1):
            w.sign[t + 1 + i] = (f.noise >> 12) & 1
            noise_window(s, f)
            noise_window(s, f)
    else:
        noise_windows(s, f, 2 * n - 2)
    f.noise_sign = (f.noise >> 12) & 1
    w.sign[t + n] = f.noise_sign
    noise_window(s, f)
    noise_window(s, f)


@block
def noise_window(s, f):
    """A window of the noise register."""
    if f.noise_update:
        f.noise = frame.shifted(f.noise)
    f.noise_timer = frame.next_count(f.noise_timer, s.nfrq)
    f.noise_update = 1 if f.noise_timer == (s.nfrq ^ 31) else 0


@outline
def noise_windows(s, f, count):
    """Many of them, from one that shifts to the next."""
    while count > 0:
        noise_window(s, f)
        count -= 1
        if not f.noise_update:
            idle = min(count, (((s.nfrq ^ 31) - f.noise_timer) & 31) - 1)
            f.noise_timer = (f.noise_timer + idle) & 31
            count -= idle
