"""State over time: chosen fields after every frame or every cycle, recorded inside the compiled loop."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from .._check import Samples, integer, samples
from ..chip import CHIPS, NO_CHANNELS, NO_SAMPLES, YM2151, new_chip
from ..engine import AUTO
from ..events import CYCLES_PER_FRAME, EVENT, EventRows, Events, make_events
from ..state import STATE, Record, offset

Fields = Sequence[str | tuple[str, int]]


class Trace(np.recarray):
    """What ``trace`` returns: a structured array with ``to_pandas``."""

    def __array_finalize__(self, obj: Any) -> None:
        """Leave the rows' type alone: ``np.recarray`` would make them plain records."""

    def _repr_html_(self) -> str:
        """Return the first and last rows as a table, an element a column."""
        columns = {"cycle": np.asarray(self["cycle"]), **self.elements()}
        shown = [*range(min(5, len(self))), *range(max(5, len(self) - 5), len(self))]
        head = "".join(f"<th>{name}</th>" for name in columns)
        rows = "".join(f"<tr>{''.join(f'<td>{values[i]}</td>' for values in columns.values())}</tr>" for i in shown)
        return f"<p>{len(self)} rows</p><table><tr>{head}</tr>{rows}</table>"

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
        try:
            import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except ModuleNotFoundError as error:
            raise ImportError(f"{error}: pip install 'numba-opm[notebooks]'") from None
        return pandas.DataFrame(self.elements(), index=pandas.Index(np.asarray(self["cycle"]), name="cycle"))


def _columns(fields: Fields) -> tuple[list[Any], npt.NDArray[np.int32]]:
    """Return the dtype's columns and the words of the record behind them."""
    if isinstance(fields, str) or not isinstance(fields, Iterable):
        raise TypeError(f"fields must be a sequence of names of opm.STATE, got {fields!r}")
    columns: list[Any] = [("cycle", np.int64)]
    words: list[int] = []
    for spec in fields:
        if not isinstance(spec, str) and not (isinstance(spec, Sequence) and len(spec) == 2):
            raise TypeError(f"a field must be a name or (name, index), got {spec!r}")
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
    names = [column[0] for column in columns]
    # NumPy refuses such a dtype in words that name no field.
    if len(set(names)) < len(names):
        raise ValueError(f"expected each field once, got {', '.join(names[1:])}")
    return columns, np.array(words, np.int32)


@overload
def trace(
    source: EventRows | YM2151,
    fields: Fields,
    every: str = ...,
    start: int = ...,
    stop: int = ...,
    chip: str = ...,
    *,
    return_chip: Literal[True],
    cycles_per_frame: int = ...,
) -> tuple[Trace, YM2151]: ...
@overload
def trace(
    source: EventRows | YM2151,
    fields: Fields,
    every: str,
    start: int,
    stop: int,
    chip: str,
    return_chip: Literal[True],
    cycles_per_frame: int = ...,
) -> tuple[Trace, YM2151]: ...
@overload
def trace(
    source: EventRows | YM2151,
    fields: Fields,
    every: str = ...,
    start: int = ...,
    stop: int = ...,
    chip: str = ...,
    return_chip: Literal[False] = ...,
    cycles_per_frame: int = ...,
) -> Trace: ...
def trace(
    source: "EventRows | YM2151",
    fields: Fields,
    every: str = "frame",
    start: int = 0,
    stop: int = 1000,
    chip: str = "ym2151",
    return_chip: bool = False,
    cycles_per_frame: int = CYCLES_PER_FRAME,
) -> "Trace | tuple[Trace, YM2151]":
    """Record state fields over time: of bus events played from reset, or of a chip from where it stands.

    Parameters
    ----------
    source : (n,) EVENT, YM2151 or YM2164
        Events as for ``opm.run``, or a chip, which is advanced to ``stop``.
    fields : sequence of str or (str, int)
        Names of ``opm.STATE``, whole or one element: ``["eg_timer", ("eg_level", 5)]``.
    every : {"frame", "cycle"}
        A row after each frame, or after each cycle.
    start, stop : int
        First step and the one after the last, in frames or cycles, counted from reset or from where the chip stands.
    chip : {"ym2151", "ym2164"}
        The chip that plays events.
    return_chip : bool
        Return the chip as it is after the last step, too.
    cycles_per_frame : int
        As for ``opm.run``; for a song's events what it says of itself.

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
    Rows after frames come from the frame engine wherever that is exact; all engines leave the same state.

    Examples
    --------
    >>> rows = trace([(0, 0, 0x28), (2, 1, 0x4A)], [("ch_kc", 0), "eg_timer"], stop=3)
    >>> rows["cycle"], rows["ch_kc[0]"]
    (array([32, 64, 96]), array([74, 74, 74], dtype=int32))
    """
    if every not in ("frame", "cycle"):
        raise ValueError(f"every must be 'frame' or 'cycle', got {every!r}")
    if chip not in [*CHIPS]:
        raise ValueError(f"chip must be one of {', '.join(map(repr, CHIPS))}, got {chip!r}")
    # The chip's own kind counts then; ``chip`` is checked all the same, so that a wrong one never passes.
    played = source if isinstance(source, YM2151) else new_chip(chip)
    events = np.empty(0, EVENT) if isinstance(source, YM2151) else make_events(source)
    start, stop = integer("start", start, 0), integer("stop", stop, 0)
    if stop < start:
        raise ValueError(f"stop must be at least start, got {stop} < {start}")
    step = integer("cycles_per_frame", cycles_per_frame, 1) if every == "frame" else 1
    result = _traced(played, events, fields, start, stop, step)
    return (result, played) if return_chip else result


def sound_and_trace(events: Events, fields: Fields, start: int, stop: int) -> tuple[Samples, Trace]:
    """Return frames ``start`` to ``stop`` of what ``opm.run`` gives, and what ``trace`` does, played once."""
    sound = samples(stop - start, 2)
    return sound, _traced(YM2151(), events, fields, start, stop, CYCLES_PER_FRAME, sound)


def _traced(
    played: YM2151, events: Events, fields: Fields, start: int, stop: int, step: int, sound: Samples = NO_SAMPLES
) -> Trace:
    """Advance a chip in steps of so many cycles; return its fields from ``start`` to ``stop``, and put its sound."""
    columns, words = _columns(fields)
    values = np.empty((stop - start, len(words)), np.int32)
    begin = played.cycle
    # Whole frames first, by frames and spans; only what is left of one is stepped by clocks.
    frames, cycles = divmod(start * step, CYCLES_PER_FRAME)
    for count, length in ((frames, CYCLES_PER_FRAME), (cycles, 1)):
        # The chip forgets events behind the end of a call: each call gets its own.
        before = int(np.searchsorted(events["cycle"], played.cycle + count * length))
        played._advance(count, length, NO_SAMPLES, NO_CHANNELS, events[:before])
        events = events[before:]
    # Recorded in the compiled loop. A call per row would cost far more than what it records.
    played._advance(stop - start, step, sound, NO_CHANNELS, events, AUTO, words, values)
    result = np.zeros(stop - start, np.dtype((Record, columns))).view(Trace)
    result["cycle"] = begin + (np.arange(start, stop) + 1) * step
    at = 0
    for name in (result.dtype.names or ())[1:]:
        count = max(1, result.dtype[name].itemsize // 4)
        result[name] = values[:, at : at + count].reshape(np.shape(result[name]))
        at += count
    return result
