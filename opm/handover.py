"""What is kept of a chip between two calls of compiled code, and why.

A call ends at any clock, and Python may look at every field then. But the frame engine works on pieces: taking a state
apart and putting it together costs as much as ten frames, which a player that asks for 64 frames at a time would pay
at each call. So a chip is more than a state, all of it in ``MEMORY``:

- ``states``: what compiled code works on, and one of which it uses the mixer's fields alone: that leaves muted channels
  out.
- ``shown``: what Python and other threads see and may edit. A call compares it with the state first, and takes over
  what somebody wrote (``take_edits``).
- ``frame``: the frame engine's pieces. On leaving they stay as they are.
- ``entered``: the state as it stood inside the frame engine then: registers and timers are right, what moves is in
  the pieces.
- ``sums``: the pieces of the mixer that leaves muted channels out.

``leave`` keeps ``entered`` and ``sums``, then puts the state together for Python; ``resume`` takes both back and goes
on with the pieces, as if nothing had happened, unless ``frame.resumable`` is 0 (single clocks ran last, or somebody
edited the state) or other channels are muted. ``docs/engines.md`` has a drawing.

What does not outlive a call belongs to the thread that calls (``SCRATCH``), not to each chip: the rows of a span, and
the record in which the frame engine mixes without the muted channels.
"""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from ._jit import block, outline
from .bits import i32
from .frame import mixer, pipeline
from .frame.record import FRAME, SUMS
from .span.record import SPAN
from .state import BIAS, OUTSIDE, RECORD

MEMORY = np.dtype(
    [
        ("states", RECORD, (2,)),
        ("shown", RECORD),
        ("entered", RECORD),
        ("frame", FRAME),
        ("sums", SUMS),
    ]
)
"""numpy.dtype of all that a chip is, as one record for the compiled entry."""
SCRATCH = np.dtype([("span", SPAN), ("muted", FRAME)])
"""numpy.dtype of what a thread works with, whichever chip it runs; nothing in it outlives a call."""
STATE_WORDS, SPAN_WORDS = RECORD.itemsize // 4, SPAN.itemsize // 4
_PARTS: Any = MEMORY.fields
STATES_AT, SHOWN_AT, ENTERED_AT, FRAME_AT, SUMS_AT = (_PARTS[name][1] // 4 for name in _PARTS)
"""Where the parts begin, in 32-bit words."""
LINE = 64
"""Bytes of a line of the processor's cache: rows of a span that begin on one are read and written faster."""
SETTLING = 96
"""Clocks after which all fields follow from those that stay: three frames, the longest way through the pipeline."""


def zeroed(record: "np.dtype[Any]") -> npt.NDArray[np.int32]:
    """Return the words of a zeroed record, on a line of the cache."""
    room = np.zeros(record.itemsize + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + record.itemsize].view(np.int32)


class Mine(threading.local):
    """A SCRATCH record for each thread that asks: two may run two chips at once."""

    def __init__(self) -> None:
        self.scratch = zeroed(SCRATCH)


MINE = Mine()


@block
def views(memory):
    """Return what ``MEMORY`` calls states, frame and sums, in arrays, and the words of the chip's state."""
    states, frame = memory[:SHOWN_AT].view(RECORD), memory[FRAME_AT:SUMS_AT].view(FRAME)
    return states, frame, memory[SUMS_AT:].view(SUMS), memory[:STATE_WORDS]


@block
def copy(memory, source, target):
    """Copy a state."""
    for i in range(STATE_WORDS):
        memory[target + i] = memory[source + i]


@block
def edited(memory):
    """Say whether some words of the state are shown other than they were left."""
    different = i32(0)
    for i in range(STATE_WORDS):
        different = i32(different | i32(memory[STATES_AT + i] ^ memory[SHOWN_AT + i]))
    return different != 0


@outline
def take_edits(memory, frame):
    """Take over what somebody has written to the state shown; the frame engine waits until the pipeline has, too.

    Another thread may go on writing there. It does not reach the state that the compiled code works on, whose widths
    are checked after this, while it is ``unsettled``: so no index leaves its table.
    """
    if edited(memory):
        copy(memory, SHOWN_AT, STATES_AT)
        frame.resumable, frame.unsettled = 0, SETTLING


@outline
def within_widths(words):
    """Say whether every word of the chip's state is within its width, so that no index leaves its table."""
    bits = i32(0)
    for i in range(STATE_WORDS):
        bits = i32(bits | i32(i32(words[i] + BIAS[i]) & OUTSIDE[i]))
    return bits == 0


@block
def enter(state, silenced, frame, muted, mute):
    """Hand the chip over to the frame engine."""
    pipeline.enter(state, frame)
    mixer.set_panning(state, frame, 0)
    pipeline.enter_mixer(state, frame, frame)
    if mute:
        mixer.set_panning(state, muted, mute)  # only the chip's own state has the registers
        pipeline.enter_mixer(silenced, muted, frame)
    mixer.get_taps(state, frame)


@outline
def leave(memory, state, silenced, words, frame, muted, sums, mute):
    """Hand the chip back to be looked at, and keep what ``resume`` goes on with."""
    copy(memory, STATES_AT, ENTERED_AT)
    landing = frame.landing  # put together, a write has landed; inside, it lands with the next frame
    pipeline.leave(state, words, frame)
    mixer.put_taps(state, frame)
    pipeline.leave_mixer(state, frame, frame)
    if mute:
        pipeline.leave_mixer(silenced, muted, frame)
        mixer.hand_on(muted, sums)
    frame.landing, frame.resumable, frame.resumable_mute = landing, 1, mute
    copy(memory, STATES_AT, SHOWN_AT)


@block
def go_back(memory):
    """Stand inside the frame engine again, where ``leave`` was called."""
    copy(memory, ENTERED_AT, STATES_AT)


@outline
def resume(memory, state, frame, muted, sums, mute):
    """Go on inside where the frame engine left, if it was the last that ran; say whether it did."""
    if not frame.resumable or frame.resumable_mute != mute:
        frame.landing = 0
        return False
    go_back(memory)
    if mute:
        mixer.set_panning(state, muted, mute)
        mixer.hand_on(sums, muted)
    return True
