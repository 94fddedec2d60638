"""MIDI on the chip: files and messages in, notes on its channels out, with a bank of voices for them."""

from .._lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
