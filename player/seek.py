"""A song being played, in which one can go anywhere at once.

Snapshots of the chips are kept every few seconds, both as the song plays and by looking ahead whenever there is time.
To go to a place, the snapshot before it is restored and run from there without keeping samples, so what follows is the
straight rendering, bit for bit. A place far beyond all snapshots is approached: it is first played from the register
values that the song has set by then; once looking ahead has reached it, the sound fades over to the straight rendering.
"""

import bisect

import numpy as np
import numpy.typing as npt

from opm.song import Playing, Renderer, Snapshot

SPACING = 4.0
"""Seconds between snapshots; twice as many each time there are MOST_PLACES."""
FAR = 8.0
"""Seconds after the last snapshot before a place beyond which running there would take too long: it is approached."""
RUN_UP = 2.0
"""Seconds run before an approached place: notes that begin in them sound as they should."""
LOOKED_AT = 3600.0
"""Seconds of a song that looking ahead covers; an endless one would never be done."""
MOST_PLACES = 2048
"""Snapshots kept at most: what looking ahead covers needs fewer, so only hours of playing thin them out."""
BLOCK = 1024
"""Frames rendered at a time: after each, an order of the listener is obeyed."""
STEP = 16 * BLOCK
"""Frames of one look ahead: about a millisecond's work, as the device has to be fed in between."""
Block = npt.NDArray[np.int16 | np.float32]
"""(n, 2), as ``Renderer.blocks`` gives them."""


class Transport:
    """Renders a playing, block by block, from wherever it is told to go. For use by one thread.

    Parameters
    ----------
    playing : Playing
    """

    def __init__(self, playing: Playing) -> None:
        self.playing = playing
        self.renderer = Renderer(playing, tapped=True)
        self._ahead = Renderer(playing)
        self._last = min(playing.frames, round(LOOKED_AT * playing.rate))
        self._blocks = self.renderer.blocks(BLOCK)
        self._spacing, self._far = round(SPACING * playing.rate), round(FAR * playing.rate)
        self._places: list[Snapshot] = [self.renderer.snapshot()]
        self.exact = True
        """Whether what plays is the straight rendering; False after a place was approached."""

    def seek(self, frame: int) -> None:
        """Go to a frame, at most to the end."""
        frame = min(max(0, frame), self.playing.frames)
        place = self._before(frame)
        # Running on from here is as good as from a snapshot, unless what plays is not exact itself.
        here = self.renderer.position if self.exact else -1
        self.exact = frame - max(place.position, here if here <= frame else 0) <= self._far
        if not self.exact:
            self.renderer.approach(max(0, frame - round(RUN_UP * self.playing.rate)))
        elif not place.position <= here <= frame:
            self.renderer.restore(place)
        self.renderer.skip(frame)
        self._blocks = self.renderer.blocks(BLOCK)

    def block(self) -> Block | None:
        """Return the next block; None at the end."""
        if self.exact:
            self._keep(self.renderer)
            return next(self._blocks, None)
        # Approached: as soon as a snapshot is near, the same block is rendered again from there, and faded over to.
        frame = self.renderer.position
        block = next(self._blocks, None)
        if frame - self._before(frame).position > self._far:
            return block
        self.seek(frame)
        return _passing(block, next(self._blocks, None))

    def look_ahead(self) -> bool:
        """Look one step further ahead; return whether there was one to take."""
        position = self._ahead.position
        self._ahead.skip(min(position + STEP, self._last))
        self._keep(self._ahead)
        return self._ahead.position > position

    def _before(self, frame: int) -> Snapshot:
        """Return the last snapshot up to a frame."""
        return self._places[bisect.bisect_right(self._places, frame, key=lambda place: place.position) - 1]

    def _keep(self, renderer: Renderer) -> None:
        """Keep a snapshot, if there is none shortly before this place."""
        # Not of what was approached, whose state is only like the right one: callers see to that.
        at = bisect.bisect_right(self._places, renderer.position, key=lambda place: place.position)
        if renderer.position - self._places[at - 1].position >= self._spacing:
            self._places.insert(at, renderer.snapshot())
        if len(self._places) > MOST_PLACES:
            del self._places[1::2]
            self._spacing *= 2


def _passing(block: Block | None, other: Block | None) -> Block | None:
    """Return a block that fades from one block to another."""
    if block is None or other is None or len(block) != len(other):
        return other
    share = np.linspace(0, 1, len(block), dtype=np.float32)[:, None]
    return block * (1 - share) + other * share
