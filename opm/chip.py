"""YM2151 and YM2164: the chip's Python face. No signal processing here.

NOT EMULATED: the analogue side (YM3012 output filter, slew, noise), supply and temperature, and the
half-cycles of phiM. ``port 0`` reads as 255. Source of all behaviour: Nuked-OPM (f209e6e).
"""

import math
import struct
import threading
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from ._check import Samples, integer, output, samples
from ._jit import built_in, plain
from .cycle import bus
from .engine import AUTO, ENGINES, FRAMES_TAKE, run_frames
from .events import (
    CHIP,
    CYCLES_PER_FRAME,
    EVENT,
    LAST_CYCLE,
    MASTER_CLOCKS_PER_FRAME,
    EventRows,
    Events,
    from_writes,
    make_events,
    starts,
)
from .frame.obstacle import OBSTACLES
from .handover import MEMORY, MINE, zeroed
from .pitch import REFERENCE_CLOCK, midi_of, note_name
from .state import FIELDS, RECORD, check_widths

# As long as the reference's own reset asserts IC: the golden vectors begin behind that.
RESET_CYCLES = 2048

_MAGIC = b"opm-chip"
# A snapshot is the record's bytes: with another name, width or count they mean something else.
_LAYOUT = zlib.crc32(repr([(field.name, field.bits, field.count) for field in FIELDS]).encode())
_HEADER = struct.Struct("<8sIdqqI")
NO_CHANNELS = np.empty((0, 8), np.int16)
NO_SAMPLES = np.empty((0, 2), np.int16)
SLICE = 2**20
"""Cycles of a compiled call at most: Ctrl-C is obeyed between two."""
_NO_EVENTS = np.empty(0, EVENT)
_NO_BYTES = np.empty(0, np.uint8)
NOT_TRACED = np.empty(0, np.int32)
NO_TRACE = np.empty((0, 0), np.int32)


def _check_clock(clock: float) -> float:
    """Return a master clock, or raise ValueError."""
    # True is an int: it would be a clock of 1 Hz. "not ... <=" refuses NaN as well.
    if isinstance(clock, bool) or not isinstance(clock, int | float) or not 1 <= clock <= 1e12:
        raise ValueError(f"clock must be 1 to 1e12 Hz, got {clock!r}")
    return clock


def _slices(frames: int, cycles_per_frame: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut a run into compiled calls: yield frames, cycles per frame, the first row to record and the last's end."""
    per_call = max(1, SLICE // cycles_per_frame)
    for first in range(0, frames, per_call):
        last, rest = min(first + per_call, frames), cycles_per_frame
        # A frame can be longer than a slice. All but its end runs as frames of 32 cycles of which no row is kept.
        while rest > SLICE:
            yield SLICE // CYCLES_PER_FRAME, CYCLES_PER_FRAME, first, first
            rest -= SLICE
        yield last - first, rest, first, last


class YM2151:
    """A YM2151 (OPM), exact to the clock and to the bit with Nuked-OPM (f209e6e).

    Threads may share a chip: its calls take turns, and ``state`` stands still while one runs.

    Parameters
    ----------
    clock : float
        Master clock phiM in Hz. It sets ``sample_rate`` only: the emulation counts cycles.

    Raises
    ------
    ValueError
        The clock is not a number from 1 to 1e12.

    Examples
    --------
    >>> chip = YM2151()
    >>> for address, data in [(0x20, 0xC7), (0x28, 0x4A), (0x60, 0), (0x80, 31), (0xE0, 15), (0x08, 0x08)]:
    ...     chip.write_register(address, data)
    >>> chip.generate(1000).shape
    (1000, 2)
    """

    _opp = False

    def __init__(self, clock: float = REFERENCE_CLOCK) -> None:
        self.clock = _check_clock(clock)
        """Master clock in Hz."""
        self._alone = threading.RLock()
        self._memory = zeroed(MEMORY)
        whole: npt.NDArray[Any] = self._memory.view(MEMORY)
        self._states: npt.NDArray[Any] = whole["states"][0]
        # What Python sees is a copy. Compiled code worked on the state shown once, and another thread's write to it
        # ended the process.
        self._shown: npt.NDArray[Any] = whole["shown"]
        self._frame: npt.NDArray[Any] = whole["frame"]
        self._mute = 0
        self._cycle = self._frame_cycles = 0
        self._written: list[tuple[int, int]] = []
        self._queue: Events = _NO_EVENTS
        self._bus_free = 0
        self._run_frames = built_in(run_frames, FRAMES_TAKE)
        self.reset()

    def __repr__(self) -> str:
        """Say which chip, its clock, how long it has run, and the notes whose keys are down."""
        notes = [
            f"{ch + 1} {note_name(round(midi_of(int(kc) & 0x7F, int(kf) & 0x3F, self.clock)))}"
            for ch, (kc, kf) in enumerate(zip(self.state.ch_kc, self.state.ch_kf, strict=True))
            if self.state.kon[ch::8].any()
        ]
        name = "YM2164" if self._opp else "YM2151"
        seconds = self._cycle * MASTER_CLOCKS_PER_FRAME / CYCLES_PER_FRAME / self.clock
        return f"{name} at {self.clock} Hz, {seconds:.3f} s after reset, keyed on: {', '.join(notes) or 'nothing'}"

    @property
    def sample_rate(self) -> float:
        """Frames per second: clock / 64, as float Hz."""
        return self.clock / MASTER_CLOCKS_PER_FRAME

    @property
    def state(self) -> np.record:
        """The live state: a record of dtype ``opm.STATE``, every field int32. Writing to it changes the chip.

        The next three frames are single clocks then: the frame engine waits until the pipeline has taken it in.
        A value that does not fit the field's width (``opm.FIELDS``) is refused by the next step, with a ValueError.
        While a call runs in another thread, it stands as before the call, and what is written to it is lost.
        """
        return self._shown[0]  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Power up and reset: all state zero, IC asserted for 2048 cycles, released. Empties the write queue."""
        with self._alone:
            self._memory[:] = 0
            self._states["opp"] = self._shown["opp"] = self._opp
            self._written.clear()
            self._queue = _NO_EVENTS
            self.ic = 1
            self.step(RESET_CYCLES)
            self.ic = 0
            self._cycle = self._frame_cycles = 0
            self._bus_free = 0
            # The mixer without the muted channels begins as the chip's own does.
            self._states[1] = self._shown[0] = self._states[0]

    @property
    def cycle(self) -> int:
        """Cycles since reset: 32 per frame."""
        return self._cycle

    @property
    def frame_cycles(self) -> int:
        """How many of the cycles since reset were done by frames, one by one or in spans, and not clock by clock."""
        return self._frame_cycles

    @property
    def obstacle(self) -> str:
        """Why the last whole frame ran as single clocks, in words; empty if it was done at once."""
        return OBSTACLES[int(self._frame[0].obstacle)]

    def write(self, port: int, data: int) -> None:
        """Write to the bus as on the pins: taken at the next cycle.

        Address and data need two cycles between them, data and the next address 32
        (``write_register`` sees to both).

        Parameters
        ----------
        port : {0, 1}
            0 = address, 1 = data.
        data : int
            0 to 255.

        Raises
        ------
        TypeError, ValueError
            Not an integer, or out of range.
        """
        port, data = integer("port", port, 0, 1), integer("data", data, 0, 255)
        self._drive(bus.write_port, port, data)

    def write_register(self, address: int, data: int) -> None:
        """Queue a register write; the following ``generate`` and ``step`` calls play it out, nothing is lost.

        It starts at the next frame, at least two frames after the queued write before it: the address before
        cycle 0 of that frame, the data before cycle 2.

        Parameters
        ----------
        address, data : int
            0 to 255.

        Raises
        ------
        TypeError, ValueError
            Not an integer, or out of range.
        """
        self._written.append((integer("address", address, 0, 255), integer("data", data, 0, 255)))

    def _pending_events(self) -> Events:
        """Put what was written since the last step on the bus; return all events that are still to come."""
        if self._written:
            written = self._written[:]
            del self._written[: len(written)]  # What another thread writes meanwhile stays.
            address, data = np.array(written, np.uint8).T
            # Rounded up: a write starts with a frame.
            due = np.full(len(address), -(-self._cycle // CYCLES_PER_FRAME))
            start = starts(due, self._bus_free)
            self._queue = np.concatenate([self._queue, from_writes(start, address, data)])
            self._bus_free = int(start[-1]) + CHIP.spacing
        return self._queue

    @property
    def pending(self) -> int:
        """Register writes still queued, counting one whose data byte is not on the bus yet."""
        # Two events a write; where they are odd in number, one's address is on the bus already.
        return len(self._written) + (len(self._queue) + 1) // 2

    def read(self, port: int = 1) -> int:
        """Read a port.

        Parameters
        ----------
        port : {0, 1}

        Returns
        -------
        int
            Port 1: status - bit 7 busy, bit 1 timer B, bit 0 timer A. Port 0: 255.
        """
        return int(plain(bus.read_status)(self.state)) if integer("port", port, 0, 1) else 0xFF

    @property
    def irq(self) -> int:
        """IRQ pin: 1 = asserted."""
        return int(self.state.timer_irq)

    @property
    def ct1(self) -> int:
        """CT1 pin, 0 or 1: a register bit, or the LFO's clock while test bit 3 is set."""
        return int(plain(bus.read_ct1)(self.state))

    @property
    def ct2(self) -> int:
        """CT2 pin, 0 or 1: a register bit. On the YM2164 the two pins are swapped."""
        return int(plain(bus.read_ct2)(self.state))

    @property
    def ic(self) -> int:
        """IC pin: 1 = reset asserted. Releasing it restarts the frame; hold it at least 64 cycles."""
        return int(self.state.ic)

    @ic.setter
    def ic(self, level: int) -> None:
        self._drive(bus.set_ic, integer("ic", level, 0, 1))

    def _drive(self, pins: Any, *levels: int) -> None:
        """Drive pins. That does not count as an edit of the state, but the frame engine must read the state anew."""
        with self._alone:
            # Both, or the next call would take the difference for an edit by hand, and do three frames as single
            # clocks.
            for record in (self._states[0], self._shown[0]):
                plain(pins)(record, *levels)
            self._frame[0].resumable = 0

    @property
    def mute(self) -> int:
        """8-bit mask of channels left out of ``generate``'s samples (bit 0 = channel 1). The chip does not notice."""
        return self._mute

    @mute.setter
    def mute(self, mask: int) -> None:
        mask = integer("mute", mask, 0, 255)
        with self._alone:
            # It has not run while nothing was muted: it begins as the chip's own mixer stands.
            if mask and not self._mute:
                self._silence(self._shown[0])
            self._mute = mask

    def _silence(self, record: np.void) -> None:
        """Put the state whose mixer leaves muted channels out; the frame engine must read it anew."""
        self._states[1] = record
        self._frame[0].resumable = 0

    def step(self, cycles: int = 1) -> None:
        """Advance single cycles.

        Parameters
        ----------
        cycles : int
            0 or more.
        """
        self._advance(1, integer("cycles", cycles, 0), NO_SAMPLES, NO_CHANNELS)

    def generate(self, frames: int, out: "Samples | None" = None) -> "Samples":
        """Advance whole frames and return their samples.

        Parameters
        ----------
        frames : int
            0 or more; one frame is 32 cycles.
        out : (frames, 2) int16, C-contiguous, optional
            Where to put them.

        Returns
        -------
        (frames, 2) int16
            Left and right DAC value after the last cycle of each frame.

        Raises
        ------
        TypeError, ValueError
            ``frames`` or ``out`` do not fit the description.
        """
        out = samples(frames, 2) if out is None else output("out", out, (integer("frames", frames, 0), 2))
        self._advance(len(out), CYCLES_PER_FRAME, out, NO_CHANNELS)
        return out

    def generate_channels(self, frames: int) -> "Samples":
        """Advance whole frames and return each channel's own sum before panning.

        Row n is in step with the right sample of ``generate``'s row n, but for C2 of channel 8, which the chip mixes
        a frame later. What adds up to the samples exactly is what ``run`` gives for each side. ``mute`` has no
        effect here.

        Parameters
        ----------
        frames : int
            0 or more.

        Returns
        -------
        (frames, 8) int16
            Clipped at 16 bits, which four carriers at full level do not exceed.
        """
        channels = samples(frames, 8)
        self._advance(len(channels), CYCLES_PER_FRAME, NO_SAMPLES, channels)
        return channels

    def run(
        self,
        events: "EventRows",
        frames: int,
        cycles_per_frame: int = CYCLES_PER_FRAME,
        engine: str = "auto",
        channels: "Samples | None" = None,
    ) -> "Samples":
        """Advance whole frames with bus events at exact cycles: ``opm.run`` in pieces.

        Parameters
        ----------
        events : (n,) EVENT
            ``cycle`` counts from reset; events before ``cycle`` are refused. A sequence of
            ``(cycle, kind, data)`` will do. Events beyond the last frame are not applied.
        frames : int
            0 or more.
        cycles_per_frame : int
            32 is the true chip.
        engine : {"auto", "cycle", "frame"}
            Which engine: clock by clock; frame by frame where that is exact; or what is quickest, spans of many frames,
            too. All give the same samples and leave the same state.
        channels : (frames, 8) or (frames, 8, 2) int16, C-contiguous, optional
            Where to put each channel by itself as well: its own sum, as ``generate_channels`` gives it, or what it
            gives the left and the right of the same row. The sum over the channels, of which the mixer keeps 18 bits
            and clamps them to 16, is the sample once the DAC has rounded it, unless IC was asserted within three
            frames. ``mute`` has no effect here.

        Returns
        -------
        (frames, 2) int16
            Left and right DAC value after the last cycle of each frame.

        Raises
        ------
        TypeError, ValueError
            An argument is not as described.
        """
        out = samples(frames, 2)
        cycles_per_frame = integer("cycles_per_frame", cycles_per_frame, 1)
        try:
            number = ENGINES[engine]
        except (KeyError, TypeError):
            raise ValueError(f"engine must be one of {', '.join(map(repr, ENGINES))}, got {engine!r}") from None
        taps = NO_CHANNELS
        if channels is not None:
            each = (8, 2) if np.ndim(channels) == 3 else (8,)
            taps = output("channels", channels, (len(out), *each)).reshape(len(out), math.prod(each))
        # Not ``tuple | list``, which each call would make anew.
        none = isinstance(events, (tuple, list)) and not events
        self._advance(len(out), cycles_per_frame, out, taps, _NO_EVENTS if none else make_events(events), number)
        return out

    def _advance(
        self,
        frames: int,
        cycles_per_frame: int,
        out: Samples,
        channels: Samples,
        events: Events = _NO_EVENTS,
        engine: int = AUTO,
        traced: npt.NDArray[np.int32] = NOT_TRACED,
        trace: npt.NDArray[np.int32] = NO_TRACE,
    ) -> None:
        """Run with the queued writes merged into the events, in slices between which Ctrl-C is obeyed."""
        with self._alone:
            end = self._cycle + frames * cycles_per_frame
            # Looked at here, not by the caller: another thread may have advanced the chip since.
            if events is not _NO_EVENTS and len(events) and events["cycle"][0] < self._cycle:
                raise ValueError(f"event 0: cycle {events['cycle'][0]} has passed, the chip is at {self._cycle}")
            if end > LAST_CYCLE:
                raise ValueError(f"a chip runs at most {LAST_CYCLE} cycles, this would be {end}")
            # While the bus is busy to the end, what was written starts where it would start later: it waits as it is.
            # Put behind a long queue by each single step, it made them quadratic.
            waits = not self._written or end <= CYCLES_PER_FRAME * self._bus_free
            queue = self._queue if waits else self._pending_events()
            merged = len(queue) and queue["cycle"][0] < end
            if merged:
                # bisect looks at some rows of the column; searchsorted would copy it. With 100 000 writes queued,
                # single steps were quadratic.
                events = np.concatenate([queue[: bisect_left(queue["cycle"], end)], events])
                # Stable: where a queued write and an event meet, the queued one comes first.
                events = events[np.argsort(events["cycle"], kind="stable")]
            try:
                # The usual call, which a few frames make: it does not pay for slices.
                if end - self._cycle <= SLICE:
                    self._call(frames, cycles_per_frame, out, channels, events, engine, traced, trace)
                    return
                cycles, done, not_traced = np.ascontiguousarray(events["cycle"]), 0, frames - len(trace)
                for count, length, first, last in _slices(frames, cycles_per_frame):
                    due = int(np.searchsorted(cycles, self._cycle + count * length))
                    rows = trace[max(0, first - not_traced) : max(0, last - not_traced)]
                    now = events[done:due]
                    self._call(count, length, out[first:last], channels[first:last], now, engine, traced, rows)
                    done = due
            finally:
                # Whatever ended it: the queue keeps what the chip has not had, and after Ctrl-C goes on exactly.
                if merged:
                    self._queue = queue[bisect_left(queue["cycle"], self._cycle) :]

    def _call(
        self,
        frames: int,
        cycles_per_frame: int,
        out: Samples,
        channels: Samples,
        events: Events,
        engine: int,
        traced: npt.NDArray[np.int32],
        trace: npt.NDArray[np.int32],
    ) -> None:
        """Call the compiled entry."""
        scratch = MINE.scratch
        by_frames = self._run_frames(
            self._memory,
            scratch,
            scratch,
            _NO_BYTES if events is _NO_EVENTS else events.view(np.uint8),
            self._cycle,
            frames,
            cycles_per_frame,
            engine,
            self._mute,
            out,
            channels,
            traced,
            trace,
        )
        # The compiled entry has found a value beyond its width, in half a microsecond; here it gets its name.
        if by_frames < 0:
            check_widths(self.state)
        self._frame_cycles += by_frames
        self._cycle += frames * cycles_per_frame

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by a snapshot, the mixer without the muted channels, and what ``frame_cycles`` counts."""
        # The mixer goes along: with channels muted its sums are not those of the state.
        with self._alone:
            return _again, (type(self), self.save(), self._mute, self._states[1].tobytes(), self._frame_cycles)

    def save(self) -> bytes:
        """Return an exact snapshot.

        Returns
        -------
        bytes
            State, queued writes and clock, under a header with the state's layout. For ``load``. ``mute`` is the
            listener's, and stays out of it.
        """
        with self._alone:
            queue = self._pending_events()
            header = _HEADER.pack(_MAGIC, _LAYOUT, self.clock, self._cycle, self._bus_free, len(queue))
            # The state shown: it has the edits by hand that no call has taken over yet.
            return b"".join((header, self._shown.tobytes(), queue.tobytes()))

    def load(self, saved: bytes | bytearray | memoryview) -> None:
        """Go back to a snapshot; ``state`` views stay live, muted channels stay muted.

        Parameters
        ----------
        saved : bytes-like
            What ``save`` returned.

        Raises
        ------
        TypeError, ValueError
            The bytes are not a snapshot, of another state layout, of the other chip, cut short or damaged; the message
            says which, and names the field. The chip is left as it was.
        """
        if not isinstance(saved, bytes | bytearray | memoryview):
            raise TypeError(f"a snapshot must be bytes, got {type(saved).__name__}")
        saved = bytes(saved)
        if not saved.startswith(_MAGIC) or len(saved) < _HEADER.size:
            raise ValueError("not a chip snapshot: it does not start with a snapshot header")
        _, layout, clock, cycle, bus_free, queued = _HEADER.unpack_from(saved)
        if layout != _LAYOUT:
            raise ValueError(f"snapshot has state layout {layout:08x}, this version of opm reads {_LAYOUT:08x}")
        end = _HEADER.size + RECORD.itemsize
        if len(saved) != end + queued * EVENT.itemsize:
            raise ValueError(f"snapshot should have {end + queued * EVENT.itemsize} bytes, has {len(saved)}")
        record = np.frombuffer(saved, RECORD, 1, _HEADER.size)[0]
        if bool(record["opp"]) != self._opp:
            raise ValueError(f"snapshot is of a {'YM2164' if record['opp'] else 'YM2151'}")
        try:
            check_widths(record)
            _check_clock(clock)
            # No damaged header may ask for a run without end, or keep the bus busy for ever.
            queue = make_events(np.frombuffer(saved, EVENT, queued, end))
            last = integer("cycle", cycle, 0, int(queue["cycle"][0]) if queued else LAST_CYCLE)
            last = int(queue["cycle"][-1]) if queued else last
            integer("bus_free", bus_free, 0, last // CYCLES_PER_FRAME + 1 + CHIP.spacing)
        except ValueError as error:
            raise ValueError(f"snapshot is damaged: {error}") from None
        with self._alone:
            # The state shown alone: the next call finds that it differs, and takes it over as an edit by hand.
            self._shown[0] = record
            self._silence(self._shown[0])
            self.clock = int(clock) if clock.is_integer() else clock
            self._cycle, self._bus_free = cycle, bus_free
            self._written.clear()
            self._queue = queue


def run_unchecked(
    chip: YM2151, events: Events, frames: int, cycles_per_frame: int = CYCLES_PER_FRAME, channels: Samples = NO_CHANNELS
) -> Samples:
    """Return the samples of ``chip.run`` for arguments known to be right: events that ``from_writes`` has made, say.

    Nothing is checked again, or copied. ``channels`` is (frames, 8) or (frames, 16).
    """
    # For the parts of a song, whose events were checked when they were made.
    out = np.empty((frames, 2), np.int16)
    chip._advance(frames, cycles_per_frame, out, channels, events)
    return out


def _again(kind: type[YM2151], saved: bytes, mute: int, mixer: bytes, frame_cycles: int) -> YM2151:
    """Return the chip that was copied or pickled."""
    chip = kind()
    chip.load(saved)
    chip._mute, chip._frame_cycles = mute, frame_cycles
    chip._silence(np.frombuffer(mixer, RECORD)[0])
    return chip


class YM2164(YM2151):
    """A YM2164 (OPP): test register at 09, TL ramps (00-07), timer B counts half as fast, some writes later."""

    _opp = True


CHIPS = {"ym2151": YM2151, "ym2164": YM2164}


def new_chip(chip: str, clock: float = REFERENCE_CLOCK) -> YM2151:
    """Return a chip by its name."""
    # In a list: in a dict, something without a hash would raise a TypeError of Python's own.
    if chip not in [*CHIPS]:
        raise ValueError(f"chip must be one of {', '.join(map(repr, CHIPS))}, got {chip!r}")
    return CHIPS[chip](clock)


@overload
def run(
    events: EventRows,
    frames: int,
    chip: str = ...,
    cycles_per_frame: int = ...,
    engine: str = ...,
    *,
    return_chip: Literal[True],
) -> tuple[Samples, YM2151]: ...
@overload
def run(
    events: EventRows, frames: int, chip: str, cycles_per_frame: int, engine: str, return_chip: Literal[True]
) -> tuple[Samples, YM2151]: ...
@overload
def run(
    events: EventRows,
    frames: int,
    chip: str = ...,
    cycles_per_frame: int = ...,
    engine: str = ...,
    return_chip: Literal[False] = ...,
) -> Samples: ...
def run(
    events: "EventRows",
    frames: int,
    chip: str = "ym2151",
    cycles_per_frame: int = CYCLES_PER_FRAME,
    engine: str = "auto",
    return_chip: bool = False,
) -> "Samples | tuple[Samples, YM2151]":
    """Reset a chip, play bus events, return the samples.

    Parameters
    ----------
    events : (n,) EVENT
        ``cycle`` counts from reset, non-decreasing; an event is applied before its cycle. A sequence of
        ``(cycle, kind, data)`` will do.
    frames : int
        Samples to make.
    chip : {"ym2151", "ym2164"}
    cycles_per_frame : int
        32 is the true chip.
    engine : {"auto", "cycle", "frame"}
        Which engine: clock by clock; frame by frame where that is exact; or what is quickest, spans of many frames,
        too. All give the same samples and leave the same state.
    return_chip : bool
        Return the chip, too.

    Returns
    -------
    (frames, 2) int16, or that and the chip
        Left and right DAC value after the last cycle of each frame.

    Raises
    ------
    TypeError, ValueError
        An argument is not as described.
    """
    played = new_chip(chip)
    out = played.run(events, frames, cycles_per_frame, engine)
    return (out, played) if return_chip else out
