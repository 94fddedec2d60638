"""Mixer over a span: sums and taps.

Three algorithms for one rule, for speed: the twins are ``cycle.mixer`` and ``frame.mixer``, which says how they differ.
"""

from .._jit import block, outline
from ..bits import i32
from ..cycle.mixer import clamped
from ..frame.record import LAST
from ..state import C1, C2, LEFT, M2, RIGHT
from .record import ORIGIN


@block
def sums(frame, write, read, wide):
    """What the mixer and the taps add up."""
    for c in range(8):
        channel_sum(frame, write, read, c, wide)


@outline
def channel_sum(frame, write, read, c, n):
    """A channel's carriers, added: slots 0-14, which the left takes first, and all."""
    m1, m2, c1 = frame.m1_heard[c], frame.m2_heard[c], frame.c1_heard[c]
    # Slot 15, M2 of channel 8, counts with the late ones: the left takes its sums between slots 14 and 15.
    early_m2 = m2 if c < 7 else i32(0)
    for t in range(n):
        first, second = i32(read.out[c, t + ORIGIN] & m1), read.out[M2 + c, t + ORIGIN]
        write.early_carriers[c, t + ORIGIN] = i32(first + i32(second & early_m2))
        late = i32(i32(read.out[C1 + c, t + ORIGIN] & c1) + read.out[C2 + c, t + ORIGIN])
        write.channels[c, t + ORIGIN] = i32(i32(first + i32(second & m2)) + late)


@outline
def mixer(frame, sums, write, read, n, wide):
    """Left takes slots 15-31 of the last frame and 0-14 of this, right slots 0-31 of the last; then the clamp."""
    left = sums.summing[LEFT] + (write.slot_31[ORIGIN - 1] & sums.left_mask[7])
    right = sums.carried[RIGHT] + sums.summing[RIGHT]
    for c in range(8):
        left += write.early_carriers[c, ORIGIN] & sums.left_mask[c]
    write.dac[LEFT, ORIGIN - 3] = sums.taken_before[LEFT]
    write.dac[LEFT, ORIGIN - 2], write.dac[RIGHT, ORIGIN - 2] = sums.taken[LEFT], sums.taken[RIGHT]
    write.dac[LEFT, ORIGIN - 1], write.dac[RIGHT, ORIGIN - 1] = clamped(left), clamped(right)
    for t in range(wide):
        left = i32(i32(read.slot_31[t + ORIGIN] - read.out[LAST, t + ORIGIN]) & sums.left_mask[7])
        right = i32(i32(read.slot_31[t + ORIGIN - 1] - read.out[LAST, t + ORIGIN]) & sums.right_mask[7])
        for c in range(8):
            whole = read.channels[c, t + ORIGIN]
            late = i32(whole - read.early_carriers[c, t + ORIGIN])
            left = i32(left + i32(i32(late + read.early_carriers[c, t + ORIGIN + 1]) & sums.left_mask[c]))
            right = i32(right + i32(whole & sums.right_mask[c]))
        write.dac[LEFT, t + ORIGIN], write.dac[RIGHT, t + ORIGIN] = clamped(left), clamped(right)
    end = n + ORIGIN - 1
    for side in range(2):
        sums.taken[side], sums.taken_before[side] = write.dac[side, end - 1], write.dac[side, end - 2]
    sums.summing[LEFT] = -(write.out[LAST, end] & sums.left_mask[7])
    sums.summing[RIGHT] = -(write.out[LAST, end] & sums.right_mask[7])
    for c in range(8):
        sums.summing[LEFT] += (write.channels[c, end] - write.early_carriers[c, end]) & sums.left_mask[c]
        sums.summing[RIGHT] += write.channels[c, end] & sums.right_mask[c]
    sums.carried[RIGHT] = write.slot_31[end - 1] & sums.right_mask[7]


@block
def taps(frame, write, n):
    """A listener's taps are two frames late, in step with the DAC."""
    end = n + ORIGIN - 1
    write.all_silent = 0
    for t in range(n - 1):
        write.channels[7, t + ORIGIN] += write.slot_31[t + ORIGIN] - write.out[LAST, t + ORIGIN]
    for c in range(8):
        write.channels[c, ORIGIN - 2], write.channels[c, ORIGIN - 1] = frame.tap_last[c], frame.tap_part[c]
        frame.tap_part[c], frame.tap_last[c] = write.channels[c, end], write.channels[c, end - 1]
    write.channels[7, ORIGIN - 1] += write.slot_31[ORIGIN - 1]
    frame.tap_part[7] -= write.out[LAST, end]
    sides(frame, write, end)


@outline
def sides(frame, write, end):
    """What each channel gives each side, behind ``taps``: of the sums begun before the span, and at its end."""
    for i in range(16):
        write.sides[i, 0], write.sides[i, 1] = frame.side_sent[i], frame.side_taken[i]
        write.sides[i, 2] = frame.side_open[i]
    for c in range(8):
        write.sides[c, 2] += write.early_carriers[c, ORIGIN] & frame.left_mask[c]
    write.sides[7, 2] += write.slot_31[ORIGIN - 1] & frame.left_mask[7]
    for c in range(8):
        frame.side_taken[c], frame.side_sent[c] = on_left(frame, write, c, end - 1), on_left(frame, write, c, end - 2)
        frame.side_open[c] = (write.channels[c, end] - write.early_carriers[c, end]) & frame.left_mask[c]
        frame.side_taken[8 + c] = on_right(frame, write, c, end - 1)
        frame.side_open[8 + c] = write.channels[c, end] & frame.right_mask[c]
    frame.side_open[7] -= write.out[LAST, end] & frame.left_mask[7]
    frame.side_open[15] += (write.slot_31[end - 1] - write.out[LAST, end]) & frame.right_mask[7]


@block
def on_left(frame, write, c, t):
    """What a channel gives the left, behind ``taps``; t as in ``dac``, from the span's first frame on."""
    return i32(write.channels[c, t] - write.early_carriers[c, t] + write.early_carriers[c, t + 1]) & frame.left_mask[c]


@block
def on_right(frame, write, c, t):
    """What a channel gives the right; slot 31's is that of the frame before."""
    older = write.slot_31[t - 1] - write.slot_31[t] if c == 7 else 0
    return i32(write.channels[c, t] + older) & frame.right_mask[c]


@block
def nothing(write, n):
    """Silence behind silence."""
    for t in range(n + ORIGIN):
        write.dac[LEFT, t], write.dac[RIGHT, t] = 0, 0
    write.all_silent = 1


@outline
def store_channels(frame, write, first, step, channels):
    """Each channel's own sum, or what it gives each side if there is room for both, of some frames."""
    if write.all_silent:
        channels[:] = 0
        return
    for i in range(channels.shape[0]):
        t = first + i * step + ORIGIN
        for c in range(8):
            if channels.shape[1] == 8:
                channels[i, c] = within_16_bits(write.channels[c, t - 2])
            else:
                to_left = on_left(frame, write, c, t - 3) if t - 3 >= ORIGIN else write.sides[c, t - ORIGIN]
                to_right = on_right(frame, write, c, t - 2) if t - 2 >= ORIGIN else write.sides[8 + c, t + 1 - ORIGIN]
                channels[i, 2 * c + LEFT] = within_16_bits(to_left)
                channels[i, 2 * c + RIGHT] = within_16_bits(to_right)


@block
def within_16_bits(value):
    """Clipped: a sum that IC cut, or a state written by hand, may lie beyond."""
    return min(max(value, -0x8000), 0x7FFF)
