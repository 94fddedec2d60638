"""A chip that stays on: for tone editors and live coding. Writes are scheduled to the frame, the sound never stops."""

import heapq
import itertools
import threading
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import opm
from opm import events
from opm.chip import new_chip
from opm.song import CHIP, Log, Song

from .resample import Resampler
from .speaker import Speaker

BLOCK = 256
LATENCY = 0.1
"""Seconds the device holds."""
MOST_WRITES = 1_000_000
"""Writes that may wait at the same time."""
KEY_OFF = tuple((0x08, channel) for channel in range(8))


class Output(Protocol):
    """Where the sound goes: what ``Speaker`` offers."""

    rate: float

    def start(self) -> None:
        """Begin."""

    def write(self, samples: npt.NDArray[np.int16]) -> None:
        """Take (n, 2) samples, and wait while there is no room."""

    def close(self) -> None:
        """End."""


class Live:
    """A long-lived session with one chip.

    Parameters
    ----------
    clock : int
        Master clock in Hz.
    chip : {"ym2151", "ym2164"}
    output : Output, optional
        The default sound card if not given.

    Raises
    ------
    SongError
        There is no sound card.

    Examples
    --------
    >>> live = Live()                           # doctest: +SKIP
    >>> live.start()                            # doctest: +SKIP
    >>> live.write(0x08, 0x78, at=live.time + 1)  # doctest: +SKIP
    """

    def __init__(self, clock: int = opm.REFERENCE_CLOCK, chip: str = "ym2151", output: Output | None = None) -> None:
        self._chip = new_chip(chip, clock)
        self._output: Output = output if output is not None else Speaker(latency=LATENCY)
        self._rate = self._chip.sample_rate
        self._resampler = Resampler(self._rate, self._output.rate)
        self._waiting: list[tuple[int, int, int, int]] = []
        self._order = itertools.count()
        self._free = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to sound; the chip runs from here on until ``stop``."""
        self._thread.start()

    def stop(self) -> None:
        """End the session."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._output.close()

    @property
    def time(self) -> float:
        """Seconds of sound made so far: the audio clock that ``at`` counts on."""
        return self._chip.cycle / CHIP.cycles_per_frame / self._rate

    @property
    def _frame(self) -> int:
        return self._chip.cycle // CHIP.cycles_per_frame

    @property
    def pending(self) -> int:
        """Writes that wait for their time."""
        return len(self._waiting)

    def write(self, address: int, data: int, at: float | None = None) -> None:
        """Write a register at a time of the audio clock, or as soon as possible.

        Raises
        ------
        ValueError
            Address or data are not 0 to 255, or too many writes wait.
        """
        self._schedule([(0.0, address, data)], at)

    def play(self, song: Song | Log, at: float | None = None) -> None:
        """Schedule one playing of a song's first chip from a time, or from now; what sounds goes on."""
        if isinstance(song, Song):
            rows = song.writes.tolist()
        else:
            rows = [(song.seconds(tick), *write) for tick, *write in song.once.tolist()]
        self._schedule([(seconds, address, data) for seconds, chip, address, data in rows if chip == 0], at)

    def clear(self, after: float | None = None) -> None:
        """Drop what is scheduled at or after a time, or at all, and not yet on the bus."""
        first = 0 if after is None else round(after * self._rate)
        with self._lock:
            self._waiting = [row for row in self._waiting if row[0] < first]
            heapq.heapify(self._waiting)

    def silence(self) -> None:
        """Drop everything scheduled and release all keys."""
        self.clear()
        self._schedule([(0.0, address, data) for address, data in KEY_OFF], None)

    def _schedule(self, rows: list[tuple[float, int, int]], at: float | None) -> None:
        for _, address, data in rows:
            if not (0 <= address <= 0xFF and 0 <= data <= 0xFF):
                raise ValueError(f"address and data must be 0 to 255, got {address}, {data}")
        start = self.time if at is None else at
        with self._lock:
            if len(self._waiting) + len(rows) > MOST_WRITES:
                raise ValueError(f"at most {MOST_WRITES} writes may wait")
            for seconds, address, data in rows:
                frame = max(0, round((start + seconds) * self._rate))
                heapq.heappush(self._waiting, (frame, next(self._order), address, data))

    def _due(self, end: int) -> npt.NDArray[Any]:
        """Take what starts before a frame off the queue, two frames apart."""
        now = self._frame
        due: list[tuple[int, int, int, int]] = []
        with self._lock:
            while self._waiting and self._waiting[0][0] < end and len(due) * CHIP.spacing < end - now:
                due.append(heapq.heappop(self._waiting))
            start = events.starts([max(row[0], now) for row in due], self._free)
            count = int(np.searchsorted(start, end))
            for row in due[count:]:
                heapq.heappush(self._waiting, row)
        if not count:
            return np.empty(0, opm.EVENT)
        self._free = int(start[count - 1]) + CHIP.spacing
        return events.from_writes(start[:count], [row[2] for row in due[:count]], [row[3] for row in due[:count]])

    def _run(self) -> None:
        self._output.start()
        while not self._stopped.is_set():
            samples = self._resampler.convert(self._chip.run(self._due(self._frame + BLOCK), BLOCK))
            if len(samples):
                self._output.write(samples)
