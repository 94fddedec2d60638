"""A chip that stays on, for tone editors and live coding. Writes are scheduled to the frame; the sound never stops."""

import math
import numbers
import os
import threading
from collections.abc import Callable
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from opm import EVENT, REFERENCE_CLOCK, events, registers
from opm.chip import new_chip, run_unchecked
from opm.midi import Bank, Performer
from opm.song import CHIP, Opm, Resampler, Song, printable

from .devices import TIME_TO_CLOSE, NoSound, Speaker

if TYPE_CHECKING:
    from .record import Recording


class Latency(NamedTuple):
    """How soon a session's sound is heard."""

    seconds: float
    """Of sound that the device can hold."""
    block: int
    """Frames made at a time."""
    largest: int
    """The same while the output runs low, so that a thread kept waiting catches up: on a slow machine a flood of
    requests cost 30 to 50 underruns before there were two sizes."""


LATENCY = {"high": Latency(0.1, 256, 2048), "low": Latency(0.015, 128, 512)}
"""Low: a key is heard within 25 ms. PulseAudio's null sink has no gap with 0.015 s; with 0.01 it had ten a second."""
BLOCK = LATENCY["high"].block
MOST_WRITES = 1_000_000
"""Writes that may wait at the same time."""
LONGEST_MERGED = 65_536
"""Writes in a list made by merging: merging a longer one, under the lock, would hold up the sound."""
MOST_MESSAGES = 10_000
"""MIDI messages that may wait: Python looks through all of them where some are dropped."""
MOST_AT_ONCE, MOST_PERFORMED = 64, 512
"""Messages played in a block at most, and writes made of them that may wait for the bus before more are played."""
LAST_FRAME = events.LAST_CYCLE // CHIP.cycles_per_frame
LATEST = 1_000_000_000
"""Seconds of the audio clock that a time may name: thirty years."""
ENDED = "this session has ended: make another Live"
KON = registers.KON
KEY_OFF = np.array([(KON, channel) for channel in range(8)])
WAITING = np.dtype([("frame", np.int64), ("address", np.uint8), ("data", np.uint8)], align=True)
"""A waiting write: the frame it is due in, register, byte. Aligned, since searchsorted copies an unaligned column."""
Waiting = npt.NDArray[Any]


class _Sent(NamedTuple):
    """A MIDI message that waits. They are ordered by the first two."""

    frame: int
    number: int
    message: Any
    """None: panic."""
    lasts: int | None = None
    """A note: frames until its key goes up."""
    begun: bool = False
    """The end of a note that sounds: what drops notes leaves it."""


class Output(Protocol):
    """Where the sound goes, such as a ``Speaker``. Only the session's thread calls ``start``, ``write`` and ``close``.

    If the session was never started, ``stop`` closes the output itself. An output may have a method ``interrupt``, as
    ``Speaker`` does: ``stop`` calls it with the session's thread, to end a waiting ``write`` and wait for the thread.
    """

    rate: float

    def start(self) -> None:
        """Begin."""

    def write(self, samples: npt.NDArray[np.int16]) -> None:
        """Take (n, 2) samples, and wait while there is no room."""

    def close(self) -> None:
        """End."""


class Live:
    """A long-lived session with one chip: sounds from ``start`` to ``stop``, or inside a ``with``.

    Parameters
    ----------
    clock : int
        Master clock in Hz.
    chip : {"ym2151", "ym2164"}
    output : Output, optional
        The default sound card if not given.
    on_failure : callable, optional
        Called with a line, in a thread of the session, if the output fails, which ends the session (``failure``), or
        if the recording does, which does not.
    record : path-like, optional
        A file for what the session sounds (``.wav``, ``.flac``, ``.ogg``), or for the writes its chip takes, at the
        times they are on the bus (``.vgm``, ``.vgz``, ``.log``, ``.json``). It is complete when ``stop`` returns;
        what stood there before is replaced only then.

    bank : opm.midi.bank.Bank, optional
        Instruments for ``send``; without it the session plays no notes.
    click_free : bool
        A channel that sounds is silenced for 2 ms before another note takes it.
    latency : {"high", "low"}
        High: the device can hold 0.1 s. Low: 15 ms, and a key is heard within 25.

    Raises
    ------
    NoSound
        There is no sound card, or no PortAudio: an OSError that says which.
    SongError
        The recording's file cannot be written: a ValueError that says why.

    Examples
    --------
    >>> import opm, time
    >>> organ = opm.Voice("organ", con=7, ops=(opm.Operator(tl=20),) * 4)
    >>> with Live() as live:                    # doctest: +SKIP
    ...     for address, data in organ.registers(1) + opm.note("A4").registers(1):
    ...         live.write(address, data)
    ...     live.write(0x08, 0x78)              # key on, and off a second later
    ...     live.write(0x08, 0x00, at=live.time + 1)
    ...     time.sleep(2)                       # it sounds beside what Python does
    """

    def __init__(
        self,
        clock: int = REFERENCE_CLOCK,
        chip: str = "ym2151",
        output: Output | None = None,
        on_failure: Callable[[str], None] = lambda message: None,
        record: str | os.PathLike[str] | None = None,
        bank: Bank | None = None,
        click_free: bool = False,
        latency: str = "high",
    ) -> None:
        self._chip = new_chip(chip, clock)
        self._latency = LATENCY[latency]
        self._output: Output = output if output is not None else Speaker(latency=self._latency.seconds)
        if not hasattr(self._output, "rate"):
            raise TypeError(f"output must have rate, start, write and close, got {output!r}")
        self._rate = self._chip.sample_rate
        self._resampler = Resampler(self._rate, self._output.rate, prompt=latency == "low")
        # Lists in the order they came, each sorted by frame and longer than the next: a flood of single writes makes
        # only a few, and every block of sound looks into each.
        self._waiting: list[Waiting] = []
        self._free = self._taken = 0
        self.performer = Performer(bank, click_free=click_free, clock=clock) if bank else None
        """What plays the notes; its ``playing`` may be asked at any time."""
        self._messages: list[_Sent] = []
        self._count = 0
        self._performed: Waiting = np.empty(0, WAITING)
        """Writes of notes: apart from the others, since whoever drops those must not drop these."""
        self._lock = threading.Lock()
        self._stopped, self._ended = threading.Event(), False
        self._on_failure = on_failure
        self.failure: str | None = None
        """What ended the sound, as when the card is gone."""
        self.recording: Recording | None = None
        """The recording: its ``summary`` and ``failure`` say what has become of it."""
        if record is not None:
            self.recording = self._recorded(Path(record), Opm(chip, clock))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _recorded(self, path: Path, opm: Opm) -> "Recording":
        """Begin a recording; if that fails, there is no session, and its output is closed."""
        from .record import Recording

        try:
            return Recording(path, opm, self._resampler, self._output.rate, self._on_failure)
        except BaseException:
            self._output.close()
            raise

    def __enter__(self) -> Self:
        """Begin to sound."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the session, whatever happened in it."""
        self.stop()

    def start(self) -> None:
        """Begin to sound; the chip runs from now until ``stop``. Has no effect on a session that runs.

        Raises
        ------
        RuntimeError
            The session has ended.
        """
        if self._ended:
            raise RuntimeError(ENDED)
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """End the session at once; writes that still wait are not played.

        The session's thread closes the output. If the output has stalled, that thread is left running, and closes it
        once its ``write`` returns.
        """
        # First, so that a write from another thread is refused from here on instead of waiting for nothing.
        self._ended = True
        self._stopped.set()
        if self._thread.ident is None:
            self._output.close()
        elif interrupt := getattr(self._output, "interrupt", None):
            interrupt(self._thread)
        else:
            self._thread.join(TIME_TO_CLOSE)
        if self.recording:
            self.recording.finish()

    @property
    def time(self) -> float:
        """Seconds of sound made so far: the audio clock that ``at`` counts on."""
        return self._chip.cycle / CHIP.cycles_per_frame / self._rate

    @property
    def clock(self) -> int:
        """Master clock in Hz."""
        return int(self._chip.clock)

    @property
    def state(self) -> Any:
        """The chip's state, a copy: of a moment ago, for ``opm.views``."""
        return self._chip.state.copy()

    @property
    def _frame(self) -> int:
        return self._chip.cycle // CHIP.cycles_per_frame

    @property
    def pending(self) -> int:
        """Writes and MIDI messages that wait for their time."""
        return sum(map(len, self._waiting)) + len(self._messages)

    def write(self, address: int, data: int, at: float | None = None) -> None:
        """Write a register at a time of the audio clock, or as soon as possible.

        Raises
        ------
        TypeError
            Address or data are not integers.
        ValueError
            One of them is not 0 to 255, ``at`` is not 0 to 1e9 seconds, or too many writes wait.
        RuntimeError
            The session has ended.
        NoSound
            The sound card is gone.
        """
        self._schedule(np.zeros(1), np.array([(_byte("address", address), _byte("data", data))]), at)

    def play(self, song: Song, at: float | None = None, replace: bool = False) -> None:
        """Schedule one playing of a song's first chip from a time, or from now, on top of what is sounding.

        Parameters
        ----------
        song : Song
            As ``opm.load`` gives it. A song for a chip about twice or half as fast as the session's, as logs of the
            cat2151 family are, is played in its own octave; envelopes and LFO keep the session's pace. In a session
            with ``clock=7_159_090`` such logs sound as the player plays them. A volume modifier is not applied.
        at : float, optional
            Seconds of the audio clock.
        replace : bool
            It takes the place of all that is due from its start on, in one step: no moment has neither, or both. A key
            that is down then, and whose release was among what has gone, is released at the start.

        Raises
        ------
        TypeError
            It is not a song.
        ValueError, RuntimeError, NoSound
            As ``write`` does.
        """
        if not isinstance(song, Song):
            raise TypeError(f"song must be what opm.load gives, got {song!r}")
        writes = song.writes[song.writes["chip"] == 0]
        data = writes["data"].astype(np.int64)
        # Key codes have the octave in bits 4 to 6; a note that would leave the eight octaves stays where it is.
        octaves = round(math.log2(song.chip_clock() / self._chip.clock))
        moved = (data >> 4 & 7) + octaves
        data[(writes["address"] & 0xF8 == registers.KC) & (moved >= 0) & (moved <= 7)] += 16 * octaves
        self._schedule(writes["seconds"], np.stack([writes["address"], data], axis=1), at, replace)

    def send(self, message: Any, at: float | None = None, seconds: float | None = None) -> None:
        """Play a MIDI message at a time of the audio clock, or as soon as possible.

        Parameters
        ----------
        message : mido.Message
            Notes, programs, controllers, bends and what else ``docs/formats.md`` says of MIDI files.
        at : float, optional
            Seconds of the audio clock.
        seconds : float, optional
            Of a note that begins: when its key goes up again. A note is one thing then: what drops it before it has
            begun drops its end, and what comes later drops neither.

        Raises
        ------
        ValueError
            ``at`` or ``seconds`` is not 0 to 1e9 seconds, or too many messages wait.
        RuntimeError
            The session has ended, or has no bank.
        NoSound
            The sound card is gone.
        """
        self._check()
        if not self.performer:
            raise RuntimeError("this session plays no notes: make a Live with a bank")
        frame = 0 if at is None else round(_seconds("at", at) * self._rate)
        lasts = None if seconds is None else round(_seconds("seconds", seconds) * self._rate)
        with self._lock:
            if len(self._messages) >= MOST_MESSAGES:
                raise ValueError(f"at most {MOST_MESSAGES} MIDI messages may wait")
            self._push(frame, message, lasts)

    def _push(self, frame: int, message: Any, lasts: int | None = None, begun: bool = False) -> None:
        heappush(self._messages, _Sent(frame, self._count, message, lasts, begun))
        self._count += 1

    def clear(self, after: float | None = None) -> None:
        """Drop writes and notes that are scheduled at or after a time, or all of them.

        What is on the bus already stays, and so do the ends of notes that have begun.

        Raises
        ------
        ValueError
            ``after`` is not 0 to 1e9 seconds.
        """
        first = 0 if after is None else round(_seconds("after", after) * self._rate)
        with self._lock:
            self._waiting = self._due_before(first)
            self._drop_messages(first)

    def silence(self) -> None:
        """Drop everything scheduled and release all keys."""
        self.clear()
        if self.performer:
            with self._lock:
                self._messages.clear()
                self._push(0, None)
        self._schedule(np.zeros(len(KEY_OFF)), KEY_OFF, None)

    def _drop_messages(self, first: int) -> None:
        """Drop the messages that are due in a frame or after it, but for the ends of notes that begin before."""
        kept, begins = [], set()
        for sent in sorted(self._messages):
            key = _key_of(sent.message)
            if sent.frame < first or sent.begun:
                kept.append(sent)
            elif key and not key[0]:
                # Of a note that has been dropped, so is its end.
                if key[1:] in begins:
                    begins.discard(key[1:])
                else:
                    kept.append(sent)
            elif key and sent.lasts is None:
                begins.add(key[1:])
        self._messages = kept

    def _check(self) -> None:
        """Raise what keeps the session from taking anything."""
        if self._ended:
            raise RuntimeError(ENDED)
        if self.failure:
            raise NoSound(self.failure)

    def _schedule(
        self, seconds: npt.NDArray[np.float64], writes: npt.NDArray[Any], at: float | None, replace: bool = False
    ) -> None:
        """Add writes, (n, 2), to those that wait; if ``replace``, in the place of what is due from their start on."""
        self._check()
        start = 0.0 if at is None else _seconds("at", at)
        rows = np.empty(len(writes), WAITING)
        rows["frame"] = np.clip(np.rint((start + seconds) * self._rate), 0, LAST_FRAME)
        rows["address"], rows["data"] = writes.T
        # Everything slow comes before the lock, which the sound takes for every block.
        rows = _in_order(rows)
        with self._lock:
            first = round(start * self._rate)
            if at is None:
                # Not the time that has been made: what is due in the block that is being made has left already, and
                # the first writes of a song would all come late, at its end.
                first = self._taken
                rows["frame"] += first
            waiting = self._due_before(first) if replace else self._waiting
            if replace:
                rows = np.concatenate([self._releases(first), rows])
            # Checked before anything is changed.
            if sum(map(len, waiting)) + len(rows) > MOST_WRITES:
                raise ValueError(f"at most {MOST_WRITES} writes may wait")
            waiting = list(waiting)
            # A list takes in the ones before it that are at most twice as long, so there are never many.
            while waiting and len(waiting[-1]) <= min(2 * len(rows), LONGEST_MERGED - len(rows)):
                rows = _in_order(np.concatenate([waiting.pop(), rows]))
            # In one step, for who counts what waits.
            self._waiting = [*waiting, rows] if len(rows) else waiting
            if replace:
                self._drop_messages(first)

    def _due_before(self, first: int) -> list[Waiting]:
        """Return the lists without what is due in a frame or after it."""
        return [kept for rows in self._waiting if len(kept := rows[: _before(rows, first)])]

    def _releases(self, first: int) -> Waiting:
        """Return key-offs for the keys that are down in a frame and would be released in it or after it."""
        keys = [rest[rest["address"] == KON] for rows in self._waiting if len(rest := rows[_before(rows, first) :])]
        data = _in_order(np.concatenate([np.empty(0, WAITING), *keys]))["data"]
        # What comes first for a channel tells whether its key is down: a release, or a key that is struck.
        channels, at = np.unique(data & 7, return_index=True)
        held = channels[data[at] & registers.ALL_KEYS == 0]
        rows = np.empty(len(held), WAITING)
        rows["frame"], rows["address"], rows["data"] = first, KON, held
        return rows

    def _perform(self, performer: Performer, end: int) -> None:
        """Play the messages that are due before a frame."""
        frame = self._frame
        for _ in range(MOST_AT_ONCE):
            with self._lock:
                if not self._messages or self._messages[0].frame >= end or len(self._performed) >= MOST_PERFORMED:
                    break
                sent = heappop(self._messages)
                # Never back: one that comes meanwhile may be due before one that has been played.
                frame = max(frame, sent.frame)
                if sent.lasts is not None:
                    self._push(frame + sent.lasts, sent.message.copy(velocity=0), begun=True)
            if sent.message is None:
                performer.panic(frame)
            else:
                performer.take(frame, sent.message)
        performer.advance(max(frame, end - 1))
        # Only while the bus is free: no key waits for more than one voice. And not for a server's clients, who find
        # registers as they were when they are alone.
        if self._latency is LATENCY["low"] and not len(self._performed) and not self._waiting:
            performer.prepare(max(frame, end - 1))
        if made := performer.rows():
            rows = np.array([(frame, address, data) for frame, _, address, data in made], WAITING)
            self._performed = _in_order(np.concatenate([self._performed, rows]))

    def _due(self, end: int) -> npt.NDArray[Any]:
        """Take off the lists, as bus events two frames apart, what starts before a frame."""
        if self.performer:
            self._perform(self.performer, end)
        now = self._frame
        # The bus takes no more until then: of a million waiting writes only these few are looked at and sorted.
        most = (end - now) // CHIP.spacing + 1
        with self._lock:
            self._taken = end
            lists = [*self._waiting, self._performed]
            heads = [rows[: min(most, _before(rows, end))] for rows in lists]
            source = np.repeat(np.arange(len(heads)), [len(head) for head in heads])
            due = np.concatenate(heads)
            # Stable: writes of one frame go out in the order they came.
            order = np.argsort(due["frame"], kind="stable")[:most]
            start = events.starts(np.maximum(due["frame"][order], now), self._free)
            order = order[: np.searchsorted(start, end)]
            taken = np.bincount(source[order], minlength=len(heads)).tolist()
            rests = [rows[n:] for rows, n in zip(lists, taken, strict=True)]
            self._waiting, self._performed = [rest for rest in rests[:-1] if len(rest)], rests[-1]
        if not len(order):
            return np.empty(0, EVENT)
        due, own = due[order], source[order] == len(heads) - 1
        if self.performer and not own.all():
            theirs = due[~own]
            self.performer.others(zip(theirs["address"].tolist(), theirs["data"].tolist(), strict=True))
        self._free = int(start[len(order) - 1]) + CHIP.spacing
        return events.from_writes(start[: len(order)], due["address"], due["data"])

    def _frames_to_make(self) -> int:
        """Return how many frames the next block has; an output without ``runs_low`` never asks for more."""
        return self._latency.largest if getattr(self._output, "runs_low", False) else self._latency.block

    def _run(self) -> None:
        try:
            self._output.start()
            while not self._stopped.is_set():
                frames = self._frames_to_make()
                due = self._due(self._frame + frames)
                samples = self._resampler.convert(run_unchecked(self._chip, due, frames))
                if self.recording:
                    self.recording.take(frames, samples, due)
                # The resampler's filter gives nothing for the first blocks.
                if len(samples):
                    self._output.write(samples)
        except Exception as error:
            # After ``stop`` an error is the interrupted write's, and nobody's concern.
            if not self._stopped.is_set():
                self.failure = str(error) or type(error).__name__
                self._on_failure(self.failure)
        finally:
            # At once, not when the session is stopped: without its card it may stand for days.
            if self.recording:
                self.recording.end()
            self._output.close()


def _byte(name: str, value: Any) -> int:
    """Return a byte as int; TypeError or ValueError names a value that is not one."""
    # bool is an int to Python: True for a byte is a mistake of the caller's.
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if not 0 <= value <= 0xFF:
        raise ValueError(f"{name} must be 0 to 255, got {value}")
    return int(value)


def _seconds(name: str, value: float) -> float:
    """Return a time of the audio clock; TypeError or ValueError names a value that is not one."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be seconds, got {value!r}")
    if not 0 <= value <= LATEST:
        raise ValueError(f"{name} must be 0 to {LATEST} seconds, got {printable(str(value))}")
    return float(value)


def _key_of(message: Any) -> tuple[bool, int, int] | None:
    """Return whether a message strikes a key, its channel, and which key; None if it is for no key."""
    if message is None or message.type not in ("note_on", "note_off"):
        return None
    return message.type == "note_on" and message.velocity > 0, message.channel, message.note


def _before(rows: Waiting, frame: int) -> int:
    """Return how many of sorted writes are due before a frame."""
    return int(np.searchsorted(rows["frame"], frame))


def _in_order(rows: Waiting) -> Waiting:
    """Return writes in order of their frames; those of one frame keep their order."""
    return rows[np.argsort(rows["frame"], kind="stable")]
