"""A song being played: its place can be moved, exactly and quickly.

Snapshots of the chips are kept every few seconds, as the song is rendered and by a scan that runs ahead of it
in its own thread. Going somewhere means restoring the snapshot before it and running on from there without
keeping samples, so what follows is the straight rendering, bit for bit.
"""

import bisect
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from opm.song import Renderer, Samples, Schedule, Snapshot

SPACING = 4.0
"""Seconds between snapshots."""
SCANNED = 3600.0
"""Seconds of a song the scan covers."""
BLOCK = 1024
"""Frames rendered between two orders of the listener."""
STEP = 16 * BLOCK
"""Frames run without a look at whether the transport was closed."""


@dataclass(frozen=True)
class Moment:
    """A block as a screen shows it: the chips' states at its end and each channel's samples."""

    frame: int
    states: tuple[Any, ...]
    taps: npt.NDArray[np.int16]


class Transport:
    """Renders a schedule block by block from wherever it is told to go.

    Parameters
    ----------
    schedule : Schedule
    mute : int
        Mask of channels left out.
    scan : bool
        Collect snapshots of the whole song in a thread of its own.
    """

    def __init__(self, schedule: Schedule, mute: int = 0, scan: bool = True) -> None:
        self.schedule = schedule
        self._renderer = Renderer(schedule, mute, tapped=True)
        self._blocks = self._renderer.blocks(BLOCK)
        self._spacing = max(1, round(SPACING * schedule.rate))
        self._places: list[Snapshot] = [self._renderer.snapshot()]
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._scanner = threading.Thread(target=self._scan, daemon=True)
        if scan:
            self._scanner.start()

    @property
    def seconds(self) -> float:
        """Where the next block begins, in seconds."""
        return self._renderer.position / self.schedule.rate

    def mute(self, mask: int) -> None:
        """Leave channels out from the next block on."""
        self._renderer.mute(mask)

    def seek(self, seconds: float) -> None:
        """Go to a time; beyond the end is the end."""
        frame = min(max(0, round(seconds * self.schedule.rate)), self.schedule.frames)
        with self._lock:
            place = self._places[bisect.bisect_right(self._places, frame, key=lambda place: place.position) - 1]
        if not place.position <= self._renderer.position <= frame:
            self._renderer.restore(place)
        self._skip(self._renderer, frame)
        self._blocks = self._renderer.blocks(BLOCK)

    def block(self) -> Samples | None:
        """Return the next (n, 2) int16 block; None at the end."""
        self._keep(self._renderer)
        return next(self._blocks, None)

    def moment(self) -> Moment:
        """Return what a screen shows of the last block."""
        parts = self._renderer.parts
        taps = np.concatenate([part.taps for part in parts], axis=1)
        return Moment(self._renderer.position, tuple(part.chip.state.copy() for part in parts), taps)

    def scanned(self) -> None:
        """Wait until the scan is done."""
        self._scanner.join()

    def close(self) -> None:
        """Stop the scan, and a ``seek`` that another thread waits for."""
        self._closed.set()
        if self._scanner.is_alive():
            self._scanner.join()

    def _keep(self, renderer: Renderer) -> None:
        """Keep a snapshot if none is near before this place."""
        with self._lock:
            i = bisect.bisect_right(self._places, renderer.position, key=lambda place: place.position)
            if renderer.position - self._places[i - 1].position >= self._spacing:
                self._places.insert(i, renderer.snapshot())

    def _skip(self, renderer: Renderer, frame: int) -> None:
        """Go on to a frame, keeping snapshots, until closed."""
        while renderer.position < frame and not self._closed.is_set():
            renderer.skip(min(frame, renderer.position + STEP))
            self._keep(renderer)

    def _scan(self) -> None:
        self._skip(Renderer(self.schedule), min(self.schedule.frames, round(SCANNED * self.schedule.rate)))
