"""Mixer and DAC over a span."""

from .._jit import block, outline
from ..cycle import dac
from ..state import C1, C2, LEFT, M2, RIGHT
from . import frame
from .frame import LAST, i32


@outline
def channel_sum(f, w, r, c, n):
    """A channel's carriers, added: slots 0-14, which the left takes first, and all."""
    m1, m2, c1 = f.m1_heard[c], f.m2_heard[c], f.c1_heard[c]
    early_m2 = m2 if c < 7 else i32(0)
    for t in range(n):
        first, second = i32(r.out[c, t + 2] & m1), r.out[M2 + c, t + 2]
        w.early[c, t + 2] = i32(first + i32(second & early_m2))
        late = i32(i32(r.out[C1 + c, t + 2] & c1) + r.out[C2 + c, t + 2])
        w.channels[c, t + 2] = i32(i32(first + i32(second & m2)) + late)


@block
def last_slot(s, f, w, r, n):
    """Slot 31's output, or the noise in its place."""
    if not s.ne:
        for t in range(n):
            w.last[t + 1] = r.out[LAST, t + 1]
        return
    atten, am = f.atten_before, f.ams[LAST]
    for row in range(w.rows + 1):
        own = w.level[row, LAST] + (f.tl[LAST] << 3)
        for t in range(w.begin[row], w.begin[row + 1]):
            w.last[t + 1] = frame.noise_output(atten, w.sign[t])
            atten = min(own + w.am_by[am, t + 1], 1023)
    f.atten_before, f.noise_sign = atten, w.sign[n]


@outline
def mixer(f, m, w, r, n):
    """Left takes slots 15-31 of the frame before and 0-14 of this, right slots 0-31 of that before; then the clamp."""
    left, right = m.open[LEFT] + (w.last[1] & m.left_mask[7]), m.first[RIGHT] + m.open[RIGHT]
    for c in range(8):
        left += w.early[c, 2] & m.left_mask[c]
    w.dac[LEFT, 0], w.dac[LEFT, 1], w.dac[LEFT, 2] = m.taken_before[LEFT], m.taken[LEFT], clamped(left)
    w.dac[RIGHT, 1], w.dac[RIGHT, 2] = m.taken[RIGHT], clamped(right)
    for t in range(n - 1):
        left = i32(i32(r.last[t + 2] - r.out[LAST, t + 2]) & m.left_mask[7])
        right = i32(i32(r.last[t + 1] - r.out[LAST, t + 2]) & m.right_mask[7])
        for c in range(8):
            whole = r.channels[c, t + 2]
            left = i32(left + i32(i32(i32(whole - r.early[c, t + 2]) + r.early[c, t + 3]) & m.left_mask[c]))
            right = i32(right + i32(whole & m.right_mask[c]))
        w.dac[LEFT, t + 3], w.dac[RIGHT, t + 3] = clamped(left), clamped(right)
    for side in range(2):
        m.taken[side], m.taken_before[side] = w.dac[side, n + 1], w.dac[side, n]
    m.open[LEFT], m.open[RIGHT] = -(w.out[LAST, n + 1] & m.left_mask[7]), -(w.out[LAST, n + 1] & m.right_mask[7])
    for c in range(8):
        m.open[LEFT] += (w.channels[c, n + 1] - w.early[c, n + 1]) & m.left_mask[c]
        m.open[RIGHT] += w.channels[c, n + 1] & m.right_mask[c]
    m.first[RIGHT] = w.last[n] & m.right_mask[7]


@block
def clamped(total):
    """Clamped by its bits 15 to 17."""
    return i32(min(max(i32(i32(total << 14) >> 14), i32(-0x8000)), i32(0x7FFF)))


@block
def taps(f, w, n):
    """A listener's taps are two frames late, in step with the DAC."""
    for t in range(2, n + 1):
        w.channels[7, t] += w.last[t] - w.out[LAST, t]
    for c in range(8):
        w.channels[c, 0], w.channels[c, 1] = f.tap_last[c], f.tap_part[c]
        f.tap_part[c], f.tap_last[c] = w.channels[c, n + 1], w.channels[c, n]
    w.channels[7, 1] += w.last[1]
    f.tap_part[7] -= w.out[LAST, n + 1]


@outline
def store(w, first, step, out):
    """Both sides as the DAC rounds them, of the frames that are asked for."""
    for i in range(out.shape[0]):
        out[i, LEFT] = dac.rounded(w.dac[LEFT, first + i * step])
        out[i, RIGHT] = dac.rounded(w.dac[RIGHT, first + i * step + 1])
