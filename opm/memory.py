"""``MEMORY``: all that a chip is, as one record for the compiled entry."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ._jit import block
from .span.frame import WORK
from .span.rows import SPAN
from .state import RECORD

MEMORY = np.dtype(
    [
        ("span", SPAN),
        ("state", RECORD, (2,)),
        ("shown", RECORD, (2,)),
        ("kept", RECORD, (2,)),
        ("work", WORK, (2,)),
    ]
)
"""numpy.dtype: two states, the chip's and the mixer's without its muted channels, which compiled code works on; both as
they were after the last call, where Python and other threads see and edit them; what the frame engine stood on then;
and the working records of spans and frames."""
_PARTS: Any = MEMORY.fields
STATE_AT, SHOWN_AT, KEPT_AT, WORK_AT = (_PARTS[name][1] // 4 for name in ("state", "shown", "kept", "work"))
"""Where the parts begin, in 32-bit words."""
BOTH, CHIP_WORDS, SPAN_WORDS = SHOWN_AT - STATE_AT, RECORD.itemsize // 4, SPAN.itemsize // 4
LINE = 64
"""Bytes of a line of the processor's cache: rows of a span that begin on one are read and written faster."""


def new_memory() -> npt.NDArray[np.int32]:
    """Return the words of a zeroed MEMORY record, on a line of the cache."""
    room = np.zeros(MEMORY.itemsize + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + MEMORY.itemsize].view(np.int32)


@block
def views(memory):
    """Return both states, both working records, and the words of the chip's own state."""
    state, work = memory[STATE_AT:SHOWN_AT].view(RECORD), memory[WORK_AT:].view(WORK)
    return state, work, memory[STATE_AT : STATE_AT + CHIP_WORDS]


@block
def copy(memory, source, target, mute):
    """Copy a state, and the mixer's if channels are muted."""
    for i in range(BOTH if mute else CHIP_WORDS):
        memory[target + i] = memory[source + i]
