"""Labelled notes by the thousand, for sound matching and other learning: ``python -m opm.dataset out.zarr``.

>>> plan = Plan(voices=2, notes=(48, 60), seed=1, held=0.01, seconds=0.02)
>>> plan.voice(0).registers(1) == plan.voice(0).registers(1)
True
>>> [job[1:] for job in plan.jobs(0, 1)]
[(48, 0.01), (60, 0.01)]
"""

from .plan import Plan
from .prior import PRIOR, random_voice
from .store import DatasetError, make

__all__ = ["PRIOR", "DatasetError", "Plan", "make", "random_voice"]
