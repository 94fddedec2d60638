"""Noise over a span: from one window that shifts to the next. ``frame.noise`` has the window itself."""

from .._jit import block, outline
from ..bits import i32
from ..cycle.noise import TIMER_MASK, last_count
from ..frame.noise import output, sign_of, window
from ..frame.record import LAST
from ..tables import SILENCE
from .record import ORIGIN


@block
def frames(state, frame, write, t, n):
    """The noise of n frames from one on; but for the last, its signs matter only where channel 8 plays it."""
    if state.ne:
        for i in range(n - 1):
            write.sign[t + 1 + i] = sign_of(frame.noise)
            one_window(state, frame)
            one_window(state, frame)
    else:
        windows(state, frame, 2 * n - 2)
    frame.noise_sign = sign_of(frame.noise)
    write.sign[t + n] = frame.noise_sign
    one_window(state, frame)
    one_window(state, frame)


@block
def one_window(state, frame):
    """A window of the register."""
    frame.noise, frame.noise_timer, frame.noise_update = window(
        state, frame.noise, frame.noise_timer, frame.noise_update
    )


@outline
def windows(state, frame, count):
    """Many of them, from one that shifts to the next."""
    while count > 0:
        one_window(state, frame)
        count -= 1
        if not frame.noise_update:
            idle = min(count, ((last_count(state) - frame.noise_timer) & TIMER_MASK) - 1)
            frame.noise_timer = (frame.noise_timer + idle) & TIMER_MASK
            count -= idle


@block
def slot_31(state, frame, write, read, wide):
    """What slot 31 gives the mixer in each frame: its output of the frame before, or the noise in its place."""
    if not state.ne:
        for t in range(wide):
            write.slot_31[t + ORIGIN - 1] = read.out[LAST, t + ORIGIN - 1]
        return
    atten, am = frame.atten_before, frame.ams[LAST]
    own, move = write.still_atten[LAST], write.atten_row[LAST]
    for t in range(wide):
        write.slot_31[t + ORIGIN - 1] = output(atten, write.sign[t])
        atten = min(i32(own + write.atten[move, t] + write.am_by[am, t + 1]) >> 2, SILENCE)
