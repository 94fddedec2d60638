"""Argument checks: the offending value is named, its type and range too."""

import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from .state import OPERATORS

Samples = npt.NDArray[np.int16]


def integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return value as int; TypeError or ValueError names it if it is not an integer in range."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if number < low or (high is not None and number > high):
        raise ValueError(f"{name} must be {f'{low} to {high}' if high is not None else f'at least {low}'}, got {value}")
    return number


def positive(name: str, value: Any) -> float:
    """Return value as float; ValueError names it if it is not a number above 0."""
    number = float(value)
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be a number above 0, got {value!r}")
    return number


def numbers(name: str, values: Any, *dimensions: int) -> npt.NDArray[Any]:
    """Return an array of finite numbers, of shape (n,) or (n, columns); ValueError names it if it is not that."""
    array = np.asarray(values)
    if array.ndim not in dimensions or not array.size:
        shapes = " or ".join({1: "(n,)", 2: "(n, columns)"}[each] for each in dimensions)
        raise ValueError(f"{name} must be of shape {shapes}, n at least 1, got {array.shape}")
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ValueError(f"{name} must be of finite numbers")
    return array


def channel_index(value: Any, name: str = "channel") -> int:
    """Return the index, from 0, of a channel counted from 1."""
    return integer(name, value, 1, 8) - 1


def first_slot(op: Any) -> int:
    """Return the first slot of an operator by its name."""
    if op in OPERATORS:
        return OPERATORS[str(op)]
    raise ValueError(f"op must be one of {', '.join(OPERATORS)}, got {op!r}")


def output(name: str, array: Any, shape: tuple[int, ...]) -> Samples:
    """Return an array that samples can be written to; TypeError or ValueError if it does not fit."""
    if not isinstance(array, np.ndarray) or array.dtype != np.int16:
        raise TypeError(f"{name} must be an int16 array, got {getattr(array, 'dtype', type(array).__name__)}")
    if array.shape != shape or not array.flags.c_contiguous or not array.flags.writeable:
        raise ValueError(f"{name} must be writeable, C-contiguous and of shape {shape}, got shape {array.shape}")
    return array
