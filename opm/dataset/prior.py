"""The prior: what random voices are drawn from."""

import numpy as np

from .._check import integer
from ..tables import CARRIERS
from ..voice import Voice
from ..voice.table import COLUMNS
from ..voice.voice import voice_of

LOUD = (0, 31)
"""TL of operators that are heard, whatever the algorithm: -23 dB at least."""
PRIOR: dict[str, tuple[int, int]] = {
    "con": (0, 7),
    "fb": (0, 7),
    "rl": (3, 3),
    "slots": (15, 15),
    "ar": (12, 31),
    "d1r": (0, 20),
    "d1l": (0, 15),
    "d2r": (0, 12),
    "rr": (4, 15),
    "ks": (0, 3),
    "tl": (16, 79),
    "mul": (0, 15),
    "dt1": (0, 7),
    "dt2": (0, 3),
}
"""The least and the largest value of each field, between which it is uniform; what is not here is 0.

Both are included. Those of an operator are drawn for each; ``tl`` is that of operators that modulate others, and
``LOUD`` that of those that are heard.
"""
_RANGES = np.array([PRIOR.get(column.split()[-1], (0, 0)) for column in COLUMNS])
_CON, _TL = COLUMNS.index("con"), [i for i, column in enumerate(COLUMNS) if column.endswith(" tl")]


def random_voice(seed: int, number: int = 0) -> Voice:
    """Return a voice of the prior: the same for the same seed and number.

    Parameters
    ----------
    seed, number : int
        0 or more.

    Returns
    -------
    Voice

    Raises
    ------
    TypeError, ValueError
        Not an integer, or negative.

    Examples
    --------
    >>> random_voice(1, 5) == random_voice(1, 5), random_voice(1, 5) == random_voice(1, 6)
    (True, False)
    """
    # A stream per voice: any of them can be made by itself, in any order, on any machine.
    rng = np.random.default_rng([integer("seed", seed, 0), integer("number", number, 0)])
    values = rng.integers(_RANGES[:, 0], _RANGES[:, 1], endpoint=True)
    # Drawn for all four, used for some: no other value depends on the algorithm.
    loud = rng.integers(*LOUD, size=len(_TL), endpoint=True)
    for operator in CARRIERS[values[_CON]]:
        values[_TL[operator]] = loud[operator]
    return voice_of(values, f"voice {number}")
