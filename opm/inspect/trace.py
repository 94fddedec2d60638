"""State over time: chosen fields after every frame or every cycle, recorded inside the compiled loop."""

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from .._check import integer
from ..chip import NO_CHANNELS, NO_SAMPLES, YM2151, new_chip
from ..engine import CYCLE
from ..events import CYCLES_PER_FRAME, EventRows, make_events
from ..state import STATE, offset

Fields = Sequence[str | tuple[str, int]]
_EVERY = {"frame": CYCLES_PER_FRAME, "cycle": 1}


class Trace(np.recarray):
    """What ``trace`` returns: a structured array with ``to_pandas``."""

    def elements(self) -> dict[str, npt.NDArray[np.int32]]:
        """Return the columns element by element: ``eg_timer``, ``eg_level[0]``, ``eg_level[1]``."""
        columns = {}
        for name in (self.dtype.names or ())[1:]:
            values = np.asarray(self[name])
            if values.ndim == 1:
                columns[name] = values
            else:
                columns |= {f"{name}[{i}]": values[:, i] for i in range(values.shape[1])}
        return columns

    def to_pandas(self) -> Any:
        """Return the trace as a table.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``cycle``, a column for each element.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]

        return pandas.DataFrame(self.elements(), index=pandas.Index(np.asarray(self["cycle"]), name="cycle"))


def _columns(fields: Fields) -> tuple[list[Any], npt.NDArray[np.int32]]:
    """Return the dtype's columns and the words of the record behind them."""
    columns: list[Any] = [("cycle", np.int64)]
    words: list[int] = []
    for spec in fields:
        name, index = (spec, None) if isinstance(spec, str) else spec
        if name not in (STATE.names or ()):
            raise ValueError(f"no field {name!r} in opm.STATE")
        count = STATE[name].itemsize // 4
        if index is None:
            columns.append((name, np.int32) if count == 1 else (name, np.int32, (count,)))
            words += range(offset(name), offset(name) + count)
        else:
            columns.append((f"{name}[{index}]", np.int32))
            words.append(offset(name, integer(f"index of {name}", index, 0, count - 1)))
    if not words:
        raise ValueError("expected at least one field to trace")
    return columns, np.array(words, np.int32)


@overload
def trace(
    events: EventRows,
    fields: Fields,
    every: str = ...,
    start: int = ...,
    stop: int = ...,
    chip: str = ...,
    *,
    return_chip: Literal[True],
) -> tuple[Trace, YM2151]: ...
@overload
def trace(
    events: EventRows, fields: Fields, every: str, start: int, stop: int, chip: str, return_chip: Literal[True]
) -> tuple[Trace, YM2151]: ...
@overload
def trace(
    events: EventRows,
    fields: Fields,
    every: str = ...,
    start: int = ...,
    stop: int = ...,
    chip: str = ...,
    return_chip: Literal[False] = ...,
) -> Trace: ...
def trace(
    events: "EventRows",
    fields: Fields,
    every: str = "frame",
    start: int = 0,
    stop: int = 1000,
    chip: str = "ym2151",
    return_chip: bool = False,
) -> "Trace | tuple[Trace, YM2151]":
    """Play bus events from reset and record state fields.

    Parameters
    ----------
    events : (n,) EVENT
        As for ``opm.run``.
    fields : sequence of str or (str, int)
        Names of ``opm.STATE``, whole or one element: ``["eg_timer", ("eg_level", 5)]``.
    every : {"frame", "cycle"}
        A row after each frame of 32 cycles, or after each cycle.
    start, stop : int
        First step and the one after the last, in frames or cycles since reset.
    chip : {"ym2151", "ym2164"}
    return_chip : bool
        Return the chip as it is after the last step, too.

    Returns
    -------
    (stop - start,) structured array, or that and the chip
        Column ``cycle`` (int64, cycles since reset) and a column for each field (int32): of shape (rows, count) if it
        has several elements, named like ``eg_level[5]`` if it is one of them. Row 0 is the state after step
        ``start``, at cycle ``(start + 1) * cycles per step``. Its method ``to_pandas()`` gives a DataFrame, if
        pandas is there.

    Raises
    ------
    TypeError, ValueError
        An argument is not as described.

    Notes
    -----
    Recorded by the single-clock engine; what is played and the state it leaves are the same with or without.

    Examples
    --------
    >>> rows = trace([(0, 0, 0x28), (2, 1, 0x4A)], [("ch_kc", 0), "eg_timer"], stop=3)
    >>> rows["cycle"], rows["ch_kc[0]"]
    (array([32, 64, 96]), array([74, 74, 74], dtype=int32))
    """
    if every not in _EVERY:
        raise ValueError(f"every must be 'frame' or 'cycle', got {every!r}")
    played = new_chip(chip)
    start, stop = integer("start", start, 0), integer("stop", stop, 0)
    if stop < start:
        raise ValueError(f"stop must be at least start, got {stop} < {start}")
    columns, words = _columns(fields)
    values = np.empty((stop - start, len(words)), np.int32)
    step = _EVERY[every]
    played._advance(stop, step, NO_SAMPLES, NO_CHANNELS, make_events(events), CYCLE, words, values)
    result = np.zeros(stop - start, columns).view(Trace)
    result["cycle"] = (np.arange(start, stop) + 1) * step
    at = 0
    for name in (result.dtype.names or ())[1:]:
        count = max(1, result.dtype[name].itemsize // 4)
        result[name] = values[:, at : at + count].reshape(np.shape(result[name]))
        at += count
    return (result, played) if return_chip else result
