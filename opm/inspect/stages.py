"""The stages an envelope passes through, found in its trace."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..state import ATTACK, RELEASE
from ..tables import OFF

# die: but in its attack, an envelope whose upper six of ten bits are set is off: it steps no more and is not heard.


@dataclass(frozen=True)
class Stage:
    """A stage: rows ``start`` to ``end`` (excluded) of the trace."""

    state: int
    start: int
    end: int
    whole: bool
    """It came to its own end: neither the key nor the end of the trace cut it short."""


def stages(levels: npt.NDArray[Any], states: npt.NDArray[Any]) -> list[Stage]:
    """Return the stages of an envelope in their order: attack, decays, release down to silence; not silence itself.

    Parameters
    ----------
    levels, states : (n,) int
        ``eg_level`` and ``eg_state`` of a slot, a row a frame.

    Returns
    -------
    list of Stage
    """
    found = []
    for start, end in pairwise([0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]):
        state = int(states[start])
        # The row behind it, too: level and state change in the same frame, so the stage's last step stands there.
        silent = levels[start : end + 1] >= OFF
        # It has no next state: it is over where it is silent, and what is behind that is no stage.
        if state == RELEASE:
            whole = bool(silent.any())
            end = start + int(silent.argmax()) if whole else end
        elif end < len(states) and states[end] == RELEASE:
            # A key-off cuts attacks and decays short, but not a decay that had come down to silence.
            whole = state != ATTACK and bool(silent[-1])
        else:
            whole = end < len(states)
        if end > start:
            found.append(Stage(state, start, end, whole))
    return found
