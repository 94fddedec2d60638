"""Which channel of the chips a note takes.

Of 963 094 notes in 226 files this rule leaves 10.3 % less than half of their length on one chip, 1.0 % on two; to cut
the quietest left 19.4 % on one.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..counts import CHANNELS

SHORTEST = 0.03
"""Seconds that a drum lasts at least (4 % of 207 files' are shorter), and that a note has to sound to be sent."""
_PASSES = 8
"""Times that the channels are given out anew without the notes that were not to be sent."""
NOISE_CHANNEL = CHANNELS - 1
"""The one whose C2 can be noise."""
_Note = TypeVar("_Note", bound=Any)
_Given = TypeVar("_Given", bound=Any)


@dataclass(eq=False, slots=True)
class Place:
    """A channel of a chip, and what it has."""

    chip: int
    channel: int
    """From 0."""
    voice: Hashable = None
    """What it has loaded."""
    group: tuple[Hashable, int] | None = None
    """What its last note was of, and which of that: a hi-hat, closed. Another of the same ends it."""
    note: Any = None
    """The note that sounds on it."""
    since: float = -math.inf
    """When that began; with no note, when the last one ended."""
    struck: float = -math.inf
    """When its last note began."""
    order: int = 0
    """Number of its last note, in the order given: of those that began together the first is the oldest."""
    lifted: bool = False
    """A pedal alone holds the note."""


class Allocator:
    """Gives notes channels as they come.

    Of the free ones that which has the voice, or the one free longest; else the one that a pedal alone holds, or the
    one that sounds longest, whose note is cut. The same key struck again gets a channel of its own.

    Parameters
    ----------
    chips : int
    soonest : float
        Seconds in which a channel is not struck again if another is free.
    """

    def __init__(self, chips: int = 1, soonest: float = 0.0) -> None:
        self._soonest = soonest
        self.places = [Place(chip, channel) for chip in range(chips) for channel in range(CHANNELS)]
        self._of: dict[Any, Place] = {}
        self._given = 0

    def take(
        self,
        now: float,
        note: Hashable,
        voice: Hashable,
        noise: Hashable = None,
        group: tuple[Hashable, int] | None = None,
        wanted: int | None = None,
    ) -> tuple[Place, Any]:
        """Give a note a channel.

        Parameters
        ----------
        now : float
            Seconds.
        note : hashable
            What ``lift`` and ``free`` know it by.
        voice : hashable
            What it has to have loaded.
        noise : hashable, optional
            What it has to have loaded on the channel with noise, which it takes if that is free.
        group : (hashable, int), optional
            A group of drums that end each other, and which it is: it takes the channel of another of them, whether that
            is held or rings on. A closed hi-hat ends an open one.
        wanted : int, optional
            Which of ``places`` it takes if that is free.

        Returns
        -------
        Place, note or None
            The channel, and the note that is cut.
        """
        if wanted is not None and self.places[wanted].note is None:
            place = self.places[wanted]
        else:
            place = self._choose(now, voice, noise, group)
        loaded = noise if noise is not None and place.channel == NOISE_CHANNEL else voice
        return place, self.occupy(now, place, note, loaded, group)

    def occupy(
        self,
        now: float,
        place: Place,
        note: Hashable,
        voice: Hashable = None,
        group: tuple[Hashable, int] | None = None,
    ) -> Any:
        """Give a note a certain channel; return the note that is cut."""
        cut = place.note
        if cut is not None:
            del self._of[cut]
        place.voice, place.note, place.group, place.lifted = voice, note, group, False
        place.since = place.struck = now
        place.order = self._given = self._given + 1
        self._of[note] = place
        return cut

    def lift(self, note: Hashable) -> None:
        """Take a note's key up, if it still sounds: a pedal alone holds it."""
        if place := self._of.get(note):
            place.lifted = True

    def free(self, now: float, note: Hashable) -> Place | None:
        """End a note; return the channel that it had, if it still sounded."""
        if place := self._of.pop(note, None):
            place.note, place.since, place.lifted = None, now, False
        return place

    def _choose(self, now: float, voice: Hashable, noise: Hashable, group: tuple[Hashable, int] | None) -> Place:
        if group:
            for place in self.places:
                if place.group and place.group[0] == group[0] and place.group[1] != group[1]:
                    return place
        free = [place for place in self.places if place.note is None]
        # One that was struck a moment ago last: notes of no length would all take the channel that has their voice.
        free = [place for place in free if now - place.struck >= self._soonest] or free
        if noise is not None:
            fitting = [place for place in free if place.channel == NOISE_CHANNEL]
        else:
            fitting = [place for place in free if place.voice == voice]
            # The channel with noise last: drums want it.
            fitting = fitting or [place for place in free if place.channel != NOISE_CHANNEL]
        return min(fitting or free or self.places, key=lambda place: (not place.lifted, place.since, place.order))


def long_enough(notes: Sequence[_Note], given: Callable[[Sequence[_Note]], Sequence[_Given]]) -> list[_Given]:
    """Return notes with their channels, but for those that would sound shorter than ``SHORTEST``.

    Parameters
    ----------
    notes : sequence
        Each has a ``start``, in seconds.
    given : callable
        Gives notes channels: of what it returns each has its ``note``, ``end``, and whether another note has ``cut`` it
        there. Called anew without the notes that are cut too early, so that what they cut themselves sounds on.

    Returns
    -------
    list
        Of what ``given`` returned.
    """
    for _ in range(_PASSES):
        found = given(notes)
        short = {each.note for each in found if each.cut and each.end < each.note.start + SHORTEST}
        if not short:
            break
        notes = [note for note in notes if note not in short]
    return [each for each in found if each.note not in short]
