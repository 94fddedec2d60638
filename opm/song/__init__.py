"""Songs: register writes with exact times, their formats, their schedule on the chip's bus, and their sound."""

from .._lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
