"""``opm.views`` is ``opm.inspect.views``: this lets ``import opm.views`` find it."""

import sys

from .inspect import views

sys.modules[__name__] = views
