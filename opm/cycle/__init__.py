"""The chip clock by clock: the reference inside the project. ``clock.py`` has all stages on one page."""
