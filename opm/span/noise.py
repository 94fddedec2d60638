"""Noise over a span: from one window that shifts to the next. ``frame.noise`` has the window itself."""

from .._jit import block, outline
from ..cycle.noise import last_count
from ..frame.noise import sign_of, window


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
            idle = min(count, ((last_count(state) - frame.noise_timer) & 31) - 1)
            frame.noise_timer = (frame.noise_timer + idle) & 31
            count -= idle
