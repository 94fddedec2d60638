"""``python -m opm.bench``."""

from . import main

main()
