"""Value-change dumps of pins and fields at clock resolution, for GTKWave, Surfer and their kin (IEEE 1364)."""

import os
from typing import Any

import numpy as np

from .._check import integer, number
from .._file import replacing
from ..pitch import REFERENCE_CLOCK
from ..state import FIELDS
from .trace import Fields, trace

PINS = {"so": "SO", "sh1": "SH1", "sh2": "SH2", "timer_irq": "IRQ", "ct1": "CT1", "ct2": "CT2", "bus_data": "D"}
"""State fields dumped always, and the names of the pins they drive."""
_LFO_TEST: Fields = ("lfo_clock_test", ("test", 3))
"""The LFO's clock, and the test bit that puts it on a CT pin."""
PICOSECONDS = 2e12
"""Of a cycle at 1 Hz."""
_BITS = {field.name: field.bits for field in FIELDS}


def _identifier(number: int) -> str:
    """Return the number's short name of printable characters."""
    text = ""
    while True:
        # IEEE 1364 allows the 94 printable characters from ! to ~.
        number, digit = divmod(number, 94)
        text += chr(33 + digit)
        if not number:
            return text


def _signals(columns: Any) -> list[tuple[str, str, int]]:
    """Return column, name and width of each signal."""
    signals = []
    for column in columns:
        name = column.partition("[")[0]
        signals.append((column, PINS.get(column, column).replace("[", "_").replace("]", ""), _BITS[name]))
    return signals


def _drive_ct(recorded: Any, chip: str) -> None:
    """Turn the register bits CT1 and CT2 into the pins, as ``bus.read_ct1`` and ``bus.read_ct2`` do."""
    # As arrays over all rows, since the blocks of ``bus`` look at one state.
    shown = np.where(recorded["test[3]"] != 0, recorded["lfo_clock_test"], recorded["ct1"])
    other = np.array(recorded["ct2"])
    recorded["ct1"], recorded["ct2"] = (other, shown) if chip == "ym2164" else (shown, other)


def write_vcd(
    path: str | os.PathLike[str],
    events: Any,
    fields: Fields = (),
    start: int = 0,
    stop: int = 3200,
    chip: str = "ym2151",
    clock: float = REFERENCE_CLOCK,
) -> None:
    """Dump the pins and any state fields at every cycle.

    Parameters
    ----------
    path : path-like
        Written complete or not at all.
    events : (n,) EVENT
        As for ``opm.run``.
    fields : sequence of str or (str, int)
        State fields beside the pins SO, SH1, SH2, IRQ, CT1, CT2 and the bus byte D; as for ``opm.trace``.
    start, stop : int
        Cycles since reset. Time 0 of the dump is cycle 0; a value stands from the end of its cycle.
    chip : {"ym2151", "ym2164"}
    clock : float
        Master clock in Hz, 1 to 1e12: one cycle is 2 / clock seconds, rounded to picoseconds. The dump ends before
        2**63 of those.

    Raises
    ------
    TypeError, ValueError
        An argument is not as described.
    OSError
        The file cannot be written.
    """
    clock = number("clock", clock, 1, 1e12, "Hz")
    # Times are int64 in picoseconds; slow clocks come to their end first.
    if integer("stop", stop, 0) * PICOSECONDS / clock >= 2**63:
        raise ValueError(f"stop must be within 2**63 ps at {clock:.15g} Hz, got {stop}")
    shown = dict.fromkeys([*PINS, *fields])
    # Needed for the CT pins, whether or not they are asked for.
    hidden = [field for field in _LFO_TEST if field not in shown]
    recorded: Any = trace(events, [*shown, *hidden], "cycle", start, stop, chip)
    _drive_ct(recorded, chip)
    columns = recorded[list(recorded.dtype.names[: 1 + len(shown)])].elements()
    signals = _signals(columns)
    # Computed from the cycle each time: a rounded step would add up.
    times = np.rint((np.asarray(recorded["cycle"])) * PICOSECONDS / clock).astype(np.int64)
    with replacing(path) as temporary, temporary.open("w", encoding="ascii") as file:
        file.write("$timescale 1 ps $end\n$scope module opm $end\n")
        for i, (_, label, bits) in enumerate(signals):
            file.write(f"$var wire {bits} {_identifier(i)} {label} $end\n")
        file.write("$upscope $end\n$enddefinitions $end\n")
        _write_changes(file, times, [columns[column] for column, _, _ in signals], [bits for _, _, bits in signals])


def _write_changes(file: Any, times: Any, columns: list[Any], widths: list[int]) -> None:
    """Write each step's changed values; all of them at the first."""
    changed = [np.concatenate([[True], np.diff(values) != 0]) for values in columns]
    for step in np.flatnonzero(np.any(changed, axis=0)).tolist():
        file.write(f"#{times[step]}\n")
        for i, values in enumerate(columns):
            if changed[i][step]:
                # Fields may be negative: a dump has their width in two's complement.
                bits = format(int(values[step]) & (1 << widths[i]) - 1, "b")
                file.write(f"{bits}{_identifier(i)}\n" if widths[i] == 1 else f"b{bits} {_identifier(i)}\n")
