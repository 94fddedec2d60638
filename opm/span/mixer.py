"""Mixer and DAC over a span."""

import numpy as np

from .._jit import block, outline
from ..cycle import dac
from ..state import C1, C2, LEFT, M2, RIGHT
from . import frame
from .frame import LAST, i32
from .rows import NOW

u64 = np.uint64


@block
def sums(s, f, w, r, n, wide):
    """What the mixer and the taps add up."""
    for c in range(8):
        channel_sum(f, w, r, c, wide)
    last_slot(s, f, w, r, n, wide)


@outline
def channel_sum(f, w, r, c, n):
    """A channel's carriers, added: slots 0-14, which the left takes first, and all."""
    m1, m2, c1 = f.m1_heard[c], f.m2_heard[c], f.c1_heard[c]
    early_m2 = m2 if c < 7 else i32(0)
    for t in range(n):
        first, second = i32(r.out[c, t + NOW] & m1), r.out[M2 + c, t + NOW]
        w.early[c, t + NOW] = i32(first + i32(second & early_m2))
        late = i32(i32(r.out[C1 + c, t + NOW] & c1) + r.out[C2 + c, t + NOW])
        w.channels[c, t + NOW] = i32(i32(first + i32(second & m2)) + late)


@block
def last_slot(s, f, w, r, n, wide):
    """Slot 31's output, or the noise in its place."""
    if not s.ne:
        for t in range(wide):
            w.last[t + NOW - 1] = r.out[LAST, t + NOW - 1]
        return
    atten, am = f.atten_before, f.ams[LAST]
    for row in range(w.rows + 1):
        own = w.level[row, LAST] + f.tl[LAST]
        for t in range(w.begin[row], w.begin[row + 1]):
            w.last[t + NOW - 1] = frame.noise_output(atten, w.sign[t])
            atten = min(own + (w.am_by[am, t + 1] >> 2), 1023)


@outline
def mixer(f, m, w, r, n, wide):
    """Left takes slots 15-31 of the frame before and 0-14 of this, right slots 0-31 of that before; then the clamp."""
    left, right = m.open[LEFT] + (w.last[NOW - 1] & m.left_mask[7]), m.first[RIGHT] + m.open[RIGHT]
    for c in range(8):
        left += w.early[c, NOW] & m.left_mask[c]
    w.dac[LEFT, NOW - 3] = m.taken_before[LEFT]
    w.dac[LEFT, NOW - 2], w.dac[RIGHT, NOW - 2] = m.taken[LEFT], m.taken[RIGHT]
    w.dac[LEFT, NOW - 1], w.dac[RIGHT, NOW - 1] = clamped(left), clamped(right)
    for t in range(wide):
        left = i32(i32(r.last[t + NOW] - r.out[LAST, t + NOW]) & m.left_mask[7])
        right = i32(i32(r.last[t + NOW - 1] - r.out[LAST, t + NOW]) & m.right_mask[7])
        for c in range(8):
            whole = r.channels[c, t + NOW]
            left = i32(left + i32(i32(i32(whole - r.early[c, t + NOW]) + r.early[c, t + NOW + 1]) & m.left_mask[c]))
            right = i32(right + i32(whole & m.right_mask[c]))
        w.dac[LEFT, t + NOW], w.dac[RIGHT, t + NOW] = clamped(left), clamped(right)
    end = n + NOW - 1
    for side in range(2):
        m.taken[side], m.taken_before[side] = w.dac[side, end - 1], w.dac[side, end - 2]
    m.open[LEFT], m.open[RIGHT] = -(w.out[LAST, end] & m.left_mask[7]), -(w.out[LAST, end] & m.right_mask[7])
    for c in range(8):
        m.open[LEFT] += (w.channels[c, end] - w.early[c, end]) & m.left_mask[c]
        m.open[RIGHT] += w.channels[c, end] & m.right_mask[c]
    m.first[RIGHT] = w.last[end - 1] & m.right_mask[7]


@block
def clamped(total):
    """Clamped by its bits 15 to 17."""
    return i32(min(max(i32(i32(total << 14) >> 14), i32(-0x8000)), i32(0x7FFF)))


@block
def taps(f, w, n):
    """A listener's taps are two frames late, in step with the DAC."""
    end = n + NOW - 1
    w.nothing = 0
    for t in range(n - 1):
        w.channels[7, t + NOW] += w.last[t + NOW] - w.out[LAST, t + NOW]
    for c in range(8):
        w.channels[c, NOW - 2], w.channels[c, NOW - 1] = f.tap_last[c], f.tap_part[c]
        f.tap_part[c], f.tap_last[c] = w.channels[c, end], w.channels[c, end - 1]
    w.channels[7, NOW - 1] += w.last[NOW - 1]
    f.tap_part[7] -= w.out[LAST, end]
    sides(f, w, end)


@block
def sides(f, w, end):
    """What each channel gives each side, behind ``taps``: of the sums begun before the span, and at its end."""
    for i in range(16):
        w.sides[i, 0], w.sides[i, 1], w.sides[i, 2] = f.side_sent[i], f.side_taken[i], f.side_open[i]
    for c in range(8):
        w.sides[c, 2] += w.early[c, NOW] & f.left_mask[c]
    w.sides[7, 2] += w.last[NOW - 1] & f.left_mask[7]
    for c in range(8):
        f.side_taken[c], f.side_sent[c] = left(f, w, c, end - 1), left(f, w, c, end - 2)
        f.side_open[c] = (w.channels[c, end] - w.early[c, end]) & f.left_mask[c]
        f.side_taken[8 + c] = right(f, w, c, end - 1)
        f.side_open[8 + c] = w.channels[c, end] & f.right_mask[c]
    f.side_open[7] -= w.out[LAST, end] & f.left_mask[7]
    f.side_open[15] += (w.last[end - 1] - w.out[LAST, end]) & f.right_mask[7]


@block
def left(f, w, c, t):
    """What a channel gives the left, behind ``taps``; t as in ``dac``, from the span's first frame on."""
    return i32(w.channels[c, t] - w.early[c, t] + w.early[c, t + 1]) & f.left_mask[c]


@block
def right(f, w, c, t):
    """What a channel gives the right; slot 31's is that of the frame before."""
    older = w.last[t - 1] - w.last[t] if c == 7 else 0
    return i32(w.channels[c, t] + older) & f.right_mask[c]


@block
def nothing(w, n):
    """Silence behind silence."""
    for t in range(n + NOW):
        w.dac[LEFT, t], w.dac[RIGHT, t] = 0, 0
    w.nothing = 1


@outline
def store(w, first, step, out):
    """Both sides as the DAC rounds them, of the frames that are asked for; each, or some."""
    pairs = out.view(i32)
    if step == 1:
        for i in range(out.shape[0]):
            pairs[i, 0] = pair(w, first + i)
    else:
        for i in range(out.shape[0]):
            pairs[i, 0] = pair(w, first + i * step)


@outline
def store_channels(f, w, first, step, channels):
    """Each channel's own sum, or what it gives each side if there is room for both, of some frames."""
    if w.nothing:
        channels[:] = 0
        return
    for i in range(channels.shape[0]):
        t = first + i * step + NOW
        for c in range(8):
            if channels.shape[1] == 8:
                channels[i, c] = within_16_bits(w.channels[c, t - 2])
            else:
                on_left = left(f, w, c, t - 3) if t - 3 >= NOW else w.sides[c, t - NOW]
                on_right = right(f, w, c, t - 2) if t - 2 >= NOW else w.sides[8 + c, t + 1 - NOW]
                channels[i, 2 * c + LEFT] = within_16_bits(on_left)
                channels[i, 2 * c + RIGHT] = within_16_bits(on_right)


@block
def within_16_bits(value):
    """Clipped: a sum that IC cut, or a state written by hand, may lie beyond."""
    return min(max(value, -0x8000), 0x7FFF)


@block
def pair(w, t):
    """Left and right of a frame as one word."""
    left, right = dac.rounded(w.dac[LEFT, u64(t + NOW - 3)]), dac.rounded(w.dac[RIGHT, u64(t + NOW - 2)])
    return i32(i32(left & i32(0xFFFF)) | i32(right << i32(16)))
