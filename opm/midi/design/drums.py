"""The drums of the bank."""

from .entry import Drum

DRUMS: tuple[Drum, ...] = ()
