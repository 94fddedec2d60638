"""Looks at the chip: views of a state, traces over time, wave files, pictures, sounds, measurements."""

from .._lazy import submodules

__getattr__ = submodules(__name__)
