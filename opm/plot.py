"""``opm.plot`` is ``opm.inspect.plot``: this lets ``import opm.plot`` find it."""

import sys

from .inspect import plot

sys.modules[__name__] = plot
