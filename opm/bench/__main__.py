"""``python -m opm.bench``."""

from .._program import begins
from . import main

begins()
main()
