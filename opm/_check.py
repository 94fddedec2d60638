"""Argument checks: the offending value is named, its type and range too."""

import operator
import sys
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from .state import OPERATORS

Samples = npt.NDArray[np.int16]
_INT16 = np.dtype(np.int16)
_MOST = 2**63 - 1
"""The largest integer that arrays take."""


def integer(name: str, value: Any, low: int, high: int = _MOST) -> int:
    """Return value as int; TypeError or ValueError names it unless it is an integer in range."""
    # operator.index takes NumPy's integers, and refuses what int() would cut: 3.7, "3".
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if not low <= number <= high:
        limits = f"{low} to {high}" if high < _MOST else f"at least {low}" if number < low else "less than 2**63"
        raise ValueError(f"{name} must be {limits}, got {value}")
    return number


def number(name: str, value: Any, low: float, high: float, unit: str = "") -> float:
    """Return value as float; TypeError or ValueError names it if it is not a real number in range."""
    # "not" in front: NaN fails every comparison, so it is refused.
    if not low <= real(name, value) <= high:
        raise ValueError(f"{name} must be {low:.15g} to {high:.15g}{unit and f' {unit}'}, got {value!r}")
    return float(value)


def positive(name: str, value: Any, most: float = sys.float_info.max) -> float:
    """Return value as float; TypeError or ValueError names it if it is not a number above 0."""
    if not 0 < real(name, value) <= most:
        limit = f", {most:g} at most" if most < sys.float_info.max else ""
        raise ValueError(f"{name} must be a number above 0{limit}, got {value!r}")
    return float(value)


def real(name: str, value: Any) -> Any:
    """Return value; TypeError names it if it is not a real number."""
    # True is a Real; text, None and lists gave errors in NumPy's words.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return value.item() if isinstance(value, np.generic) else value


def listed(name: str, values: Any, of: str) -> tuple[Any, ...]:
    """Return values as a tuple; TypeError names what cannot be iterated."""
    try:
        return tuple(values)
    except TypeError:
        raise TypeError(f"{name} must be {of}, got {values!r}") from None


def samples(frames: Any, width: int) -> Samples:
    """Return an array for so many frames; TypeError or ValueError unless memory can hold that number."""
    frames = integer("frames", frames, 0)
    try:
        return np.empty((frames, width), _INT16)
    # NumPy says ValueError where the size in bytes is beyond 64 bits, MemoryError below that.
    except (MemoryError, ValueError):
        raise ValueError(f"frames must be as many as memory holds, got {frames}") from None


def numbers(name: str, values: Any, *dimensions: int) -> npt.NDArray[Any]:
    """Return an array of finite numbers, of shape (n,) or (n, columns); ValueError names it if it is not that."""
    array = np.asarray(values)
    if array.ndim not in dimensions or not array.size:
        shapes = " or ".join({1: "(n,)", 2: "(n, columns)"}[each] for each in dimensions)
        raise ValueError(f"{name} must be of shape {shapes}, n at least 1, got {array.shape}")
    # NaN would come out of an encoder as a loud burst, and leave a picture empty.
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ValueError(f"{name} must be of finite numbers")
    return array


def function(name: str, value: Any) -> Any:
    """Return a function, or None; TypeError names what is neither."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a function, got {value!r}")
    return value


def channel_index(value: Any, name: str = "channel") -> int:
    """Return the index, from 0, of a channel counted from 1."""
    return integer(name, value, 1, 8) - 1


def first_slot(op: Any) -> int:
    """Return the first slot of an operator by its name."""
    # In a list: in a dict, something without a hash would raise a TypeError of Python's own.
    if op in [*OPERATORS]:
        return OPERATORS[op]
    raise ValueError(f"op must be one of {', '.join(OPERATORS)}, got {op!r}")


def output(name: str, array: Any, shape: tuple[int, ...]) -> Samples:
    """Return an array that samples can be written to; TypeError or ValueError if it does not fit."""
    if not isinstance(array, np.ndarray) or array.dtype != np.int16:
        raise TypeError(f"{name} must be an int16 array, got {getattr(array, 'dtype', type(array).__name__)}")
    # C-contiguous: any other layout would be another type, and compile the whole engine again.
    if array.shape != shape or not array.flags.c_contiguous or not array.flags.writeable:
        raise ValueError(f"{name} must be writeable, C-contiguous and of shape {shape}, got shape {array.shape}")
    return array
