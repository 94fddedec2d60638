"""What is kept of a chip between two calls of compiled code, and why.

A call ends at any clock, and Python may look at every field then. But the frame engine works on pieces: taking a state
apart and putting it together costs as much as ten frames, which a player that asks for 64 frames at a time would pay
at each call. So a chip is four things in ``MEMORY``, beside ``span``, in which nothing outlives a span:

- ``states``: what compiled code works on.
- ``shown``: what Python and other threads see and may edit. A call compares it with ``states`` first, and takes over
  what somebody wrote (``take_edits``).
- ``frames``: the frame engine's pieces. On leaving they stay as they are.
- ``entered``: the states as they stood inside the frame engine then: registers and timers are right, what moves is in
  the pieces.

``leave`` keeps ``entered``, then puts the state together for Python; ``resume`` takes ``entered`` back and goes on
with the pieces, as if nothing had happened, unless ``frame.resumable`` is 0 (single clocks ran last, or somebody edited
the state) or other channels are muted. Of each there are two: the chip's own, and one whose mixer leaves muted channels
out. ``docs/engines.md`` has a drawing.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ._jit import block, outline
from .bits import i32
from .frame import mixer, pipeline
from .frame.record import FRAME
from .span.record import SPAN
from .state import BIAS, OUTSIDE, RECORD

MEMORY = np.dtype(
    [
        ("span", SPAN),
        ("states", RECORD, (2,)),
        ("shown", RECORD, (2,)),
        ("entered", RECORD, (2,)),
        ("frames", FRAME, (2,)),
    ]
)
"""numpy.dtype of all that a chip is, as one record for the compiled entry."""
_PARTS: Any = MEMORY.fields
STATES_AT, SHOWN_AT, ENTERED_AT, FRAMES_AT = (_PARTS[name][1] // 4 for name in ("states", "shown", "entered", "frames"))
"""Where the parts begin, in 32-bit words."""
STATE_WORDS, SPAN_WORDS = RECORD.itemsize // 4, SPAN.itemsize // 4
LINE = 64
"""Bytes of a line of the processor's cache: rows of a span that begin on one are read and written faster."""
SETTLING = 96
"""Clocks after which all fields follow from those that stay: three frames, the longest way through the pipeline."""


def new_memory() -> npt.NDArray[np.int32]:
    """Return the words of a zeroed MEMORY record, on a line of the cache."""
    room = np.zeros(MEMORY.itemsize + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + MEMORY.itemsize].view(np.int32)


@block
def views(memory):
    """Return both states, both frame records, and the words of the chip's own state."""
    states, frames = memory[STATES_AT:SHOWN_AT].view(RECORD), memory[FRAMES_AT:].view(FRAME)
    return states, frames, memory[STATES_AT : STATES_AT + STATE_WORDS]


@block
def copy(memory, source, target, mute):
    """Copy the chip's state, and the muted one if there are muted channels."""
    for i in range(2 * STATE_WORDS if mute else STATE_WORDS):
        memory[target + i] = memory[source + i]


@block
def edited(memory, which):
    """Say whether some words of a state are shown other than they were left."""
    different, first = i32(0), which * STATE_WORDS
    for i in range(first, first + STATE_WORDS):
        different = i32(different | i32(memory[STATES_AT + i] ^ memory[SHOWN_AT + i]))
    return different != 0


@outline
def take_edits(memory, frame):
    """Take over what somebody has written to the state shown; the frame engine waits until the pipeline has, too.

    Another thread may go on writing there. It does not reach the state that the compiled code works on, whose widths
    are checked after this: so no index leaves its table.
    """
    if edited(memory, 0):
        copy(memory, SHOWN_AT, STATES_AT, 0)
        frame.resumable, frame.unsettled = 0, SETTLING


@outline
def within_widths(words):
    """Say whether every word of the chip's state is within its width, so that no index leaves its table."""
    bits = i32(0)
    for i in range(STATE_WORDS):
        bits = i32(bits | i32(i32(words[i] + BIAS[i]) & OUTSIDE[i]))
    return bits == 0


@block
def enter(states, frames, mute):
    """Hand the chip over to the frame engine."""
    frame = frames[0]
    pipeline.enter(states[0], frame)
    for i in range(2 if mute else 1):
        mixer.set_panning(states[0], frames[i], mute * i)  # only the chip's own state has the registers
        pipeline.enter_mixer(states[i], frames[i], frame)
    mixer.get_taps(states[0], frame)


@outline
def leave(memory, states, words, frames, mute):
    """Hand the chip back to be looked at, and keep what ``resume`` goes on with."""
    frame = frames[0]
    copy(memory, STATES_AT, ENTERED_AT, mute)
    landing = frame.landing  # put together, a write has landed; inside, it lands with the next frame
    pipeline.leave(states[0], words, frame)
    mixer.put_taps(states[0], frame)
    for i in range(2 if mute else 1):
        pipeline.leave_mixer(states[i], frames[i], frame)
    frame.landing, frame.resumable, frame.resumable_mute = landing, 1, mute
    copy(memory, STATES_AT, SHOWN_AT, mute)


@block
def go_back(memory, mute):
    """Stand inside the frame engine again, where ``leave`` was called."""
    copy(memory, ENTERED_AT, STATES_AT, mute)


@outline
def resume(memory, frame, mute):
    """Go on inside where the frame engine left, if it was the last that ran; say whether it did."""
    if not frame.resumable or frame.resumable_mute != mute or (mute and edited(memory, 1)):
        frame.landing = 0
        return False
    go_back(memory, mute)
    return True
