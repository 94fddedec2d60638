"""Read-only looks at a state record, live or recorded: levels in dB, pitches in Hz, names instead of codes.

Each view is a ``View``: a mapping of names to values, shown as a table in a notebook and as lines elsewhere. It takes
a chip, whose clock it knows, or a record: ``chip.state``, a copy of it, or a row of a trace that has the fields in
question, as ``opm.trace(events, opm.STATE.names)`` has them all. Source of units and names: Yamaha's YM2151
manual; of where they stand in the state: ``opm.FIELDS``.
"""

import html
from typing import Any

import numpy as np

from .._check import channel_index, first_slot, positive
from .._jit import plain
from ..chip import YM2151
from ..cycle import envelope
from ..events import MASTER_CLOCKS_PER_FRAME
from ..pitch import REFERENCE_CLOCK, hertz_of, midi_of, note, note_name
from ..registers import OPM, OPP, SLOT, WAVES, lfo_hertz, rows
from ..state import OPERATORS
from ..tables import TL_DB
from ..voice.voice import OF_OPERATOR

__all__ = [
    "CONNECTIONS", "DB_PER_STEP", "REFERENCE_CLOCK", "STATES", "WAVES", "View", "channel", "lfo", "midi_of", "note",
    "note_name", "registers", "slot", "timers",
]  # fmt: skip
DB_PER_STEP = 96 / 1024
"""dB of one envelope step: 3/32."""
STATES = ("attack", "decay 1", "decay 2", "release")
CONNECTIONS = (
    "M1>C1>M2>C2", "(M1+C1)>M2>C2", "(M1+(C1>M2))>C2", "((M1>C1)+M2)>C2",
    "(M1>C1)+(M2>C2)", "M1>(C1+M2+C2)", "(M1>C1)+M2+C2", "M1+C1+M2+C2",
)  # fmt: skip


class View(dict[str, Any]):
    """Names and values of a look at the chip: a dict that prints as lines and shows as a table in a notebook."""

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:{width}}  {_shown(value)}" for name, value in self.items())

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th><td style='text-align:left'>"
            f"{html.escape(_shown(value))}</td></tr>"
            for name, value in self.items()
        )
        return f"<table>{lines}</table>"


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _record_and_clock(state: Any, clock: float | None) -> tuple[Any, float]:
    """Return the record of a chip or the record given, and the clock that goes with it; TypeError if it is neither."""
    # A record knows no clock: only the chip that plays it does.
    own, record = (state.clock, state.state) if isinstance(state, YM2151) else (REFERENCE_CLOCK, state)
    if not isinstance(record, np.void):
        raise TypeError(f"state must be a chip or a record of dtype opm.STATE, got {state!r}")
    return record, own if clock is None else positive("clock", clock)


def slot(state: Any, channel: int, op: str, clock: float | None = None) -> View:
    """Look at one operator of one channel.

    Parameters
    ----------
    state : YM2151, YM2164, or record of dtype opm.STATE
    channel : int
        1 to 8.
    op : {"M1", "M2", "C1", "C2"}
    clock : float, optional
        Master clock in Hz: the chip's own, or 3 579 545 for a record, if not given.

    Returns
    -------
    View
        ``level`` and ``total level`` in dB below full scale, ``state``, ``key``, ``phase`` in cycles (0 to 1),
        ``frequency`` in Hz (the increment, with detune, multiple and PM), the effective ``rate`` of each state (0 to
        63; 0 stands still), and the registers of the slot under their mnemonics.

    Raises
    ------
    ValueError
        No such channel or operator.

    Notes
    -----
    A step of the envelope is 96 dB / 1024, of TL 0.75 dB (manual, figures 2.11 and 2.14); rates add up as in figure
    2.12; 2**20 steps of the phase are a cycle.
    """
    state, clock = _record_and_clock(state, clock)
    index = first_slot(op) + channel_index(channel)
    looks = View(
        {
            "slot": f"{op} of channel {channel}",
            # 0 - x, not -x: full level would read -0.0.
            "level dB": 0 - float(state["eg_level"][index]) * DB_PER_STEP,
            # Without bit 7, by which a YM2164 ramps to it.
            "total level dB": 0 - float(state["sl_tl"][index] & 0x7F) * TL_DB,
            "state": STATES[state["eg_state"][index]],
            "key": "on" if state["kon"][index] else "off",
            "phase cycles": float(state["pg_phase"][index]) / 2**20,
            "frequency Hz": float(state["pg_inc"][index]) / 2**20 * clock / MASTER_CLOCKS_PER_FRAME,
        }
    )
    for name, rate in zip(STATES, _rates(state, index), strict=True):
        looks[f"{name} rate"] = rate
    for name in OF_OPERATOR:
        looks[name] = int(state[f"sl_{name}"][index])
    return looks


def _rates(state: Any, index: int) -> list[int]:
    """Effective rates of the four states: ``envelope.rate``, but 0 where a register of 0 stops everything."""
    own = [int(state[f"sl_{name}"][index]) for name in ("ar", "d1r", "d2r", "rr")]
    # RR has four bits, and counts as the odd rate of five.
    own[3] = 2 * own[3] + 1
    kcode, ks = int(state["pg_kcode"][index]), int(state["sl_ks"][index])
    return [plain(envelope.effective_rate)(rate, kcode, ks) if rate else 0 for rate in own]


def channel(state: Any, number: int, clock: float | None = None) -> View:
    """Look at one channel.

    Parameters
    ----------
    state : YM2151, YM2164, or record of dtype opm.STATE
    number : int
        1 to 8.
    clock : float, optional
        Master clock in Hz: the chip's own, or 3 579 545 for a record, if not given.

    Returns
    -------
    View
        ``note``, ``cents``, ``frequency`` in Hz (of a multiple of 1, without detune), ``algorithm``, ``connection``
        (``>`` modulates, ``+`` is added; manual, figure 2.9), ``feedback``, ``output``, ``pms``, ``ams``, ``key``
        (the operators that are keyed on).

    Raises
    ------
    ValueError
        No such channel.
    """
    state, clock = _record_and_clock(state, clock)
    index = channel_index(number)
    kc, kf = int(state["ch_kc"][index]), int(state["ch_kf"][index])
    midi = midi_of(kc, kf, clock)
    nearest = round(midi)
    con = int(state["ch_con"][index])
    keyed = [op for op, first in OPERATORS.items() if state["kon"][first + index]]
    return View(
        {
            "channel": number,
            "note": note_name(nearest),
            "cents": (midi - nearest) * 100,
            "frequency Hz": hertz_of(midi),
            "kc": kc,
            "kf": kf,
            "algorithm": con,
            "connection": CONNECTIONS[con],
            "feedback": int(state["ch_fb"][index]),
            "output": ("none", "left", "right", "both")[state["ch_rl"][index]],
            "pms": int(state["ch_pms"][index]),
            "ams": int(state["ch_ams"][index]),
            "key": " ".join(keyed) or "off",
        }
    )


def registers(state: Any) -> View:
    """Return what the chip holds now, by address and mnemonic.

    Parameters
    ----------
    state : YM2151, YM2164, or record of dtype opm.STATE

    Returns
    -------
    View
        ``{"20 RL": 3, ...}``: address in hex, mnemonic, for the operators' registers their name and channel; int.
    """
    state, _ = _record_and_clock(state, None)
    chips = OPP if state["opp"] else OPM
    held = View()
    for address in range(256):
        for bits in rows(address, chips):
            # A field of one element is a number, not an array.
            values = state[bits.field]
            at = address - bits.base + bits.index
            value = int(values[at] if getattr(values, "ndim", 0) else values)
            value = value >> bits.place & bits.most
            operator = f" {list(OPERATORS)[at >> 3]}{(at & 7) + 1}" if bits.scope == SLOT else ""
            held[f"{address:02X} {bits.name}{operator}"] = value
    return held


def lfo(state: Any, clock: float | None = None) -> View:
    """Look at the low frequency oscillator.

    Parameters
    ----------
    state : YM2151, YM2164, or record of dtype opm.STATE
    clock : float, optional
        Master clock in Hz: the chip's own, or 3 579 545 for a record, if not given.

    Returns
    -------
    View
        ``wave``, ``frequency`` in Hz (of noise: of its 256 steps), ``lfrq``, ``amd``, ``pmd``, and what is in force:
        ``AM`` (0 to 253), ``PM`` (-127 to 127).
    """
    state, clock = _record_and_clock(state, clock)
    pm = int(state["lfo_pm"])
    return View(
        {
            "wave": WAVES[state["w"]],
            "frequency Hz": lfo_hertz(int(state["lfrq"]), clock),
            "lfrq": int(state["lfrq"]),
            "amd": int(state["amd"]),
            "pmd": int(state["pmd"]),
            "AM": int(state["lfo_am"]),
            # The chip keeps a magnitude of 7 bits, and the sign in bit 7.
            "PM": -(pm & 0x7F) if pm & 0x80 else pm,
        }
    )


def timers(state: Any, clock: float | None = None) -> View:
    """Look at timers A and B.

    Parameters
    ----------
    state : YM2151, YM2164, or record of dtype opm.STATE
    clock : float, optional
        Master clock in Hz: the chip's own, or 3 579 545 for a record, if not given.

    Returns
    -------
    View
        For each: running or stopped, counter, flag, period in ms; CSM and the IRQ pin.

    Notes
    -----
    Periods: 64 * (1024 - CLKA) and 1024 * (256 - CLKB) master clocks (manual, section 2.1.7); B twice that on the
    YM2164.
    """
    state, clock = _record_and_clock(state, clock)
    frame = MASTER_CLOCKS_PER_FRAME / clock * 1000
    # In frames: 1024 master clocks, on the YM2164 twice that.
    prescale = 32 if state["opp"] else 16
    return View(
        {
            "A": "running" if state["load_a"] else "stopped",
            "A counter": int(state["timer_a"]),
            "A flag": int(state["timer_a_flag"]),
            "A period ms": (1024 - int(state["clka"])) * frame,
            "B": "running" if state["load_b"] else "stopped",
            "B counter": int(state["timer_b"]),
            "B flag": int(state["timer_b_flag"]),
            "B period ms": (256 - int(state["clkb"])) * prescale * frame,
            "CSM": int(state["csm"]),
            "IRQ": int(state["timer_irq"]),
        }
    )
