"""The notes of a piece, with what moves under them, and those of them that the chips play."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

from .allocate import SHORTEST, Allocator, Place, long_enough
from .bank import Bank
from .parts import Note, Part, Parts, decibels

if TYPE_CHECKING:
    from .file import Event

SOONEST = 0.01
"""Seconds from one note on a channel to the next at least: as long as eight voices take on the bus."""
SOFTEST = -72.0
"""dB: what never gets louder is not heard, and not sent."""
_LOOKED_AT = 256
"""Changes under a note that are looked at to find whether it is heard."""
CHOKE = {key: keys[0] for keys in ((42, 44, 46), (71, 72), (73, 74), (78, 79), (80, 81), (29, 30)) for key in keys}
"""Keys of General MIDI's drums that end each other, and the first of each group: hi-hats, whistles, guiros, cuicas,
triangles, scratches."""


def asked(note: Note) -> tuple[int, int | None, tuple[tuple[int, int], int] | None]:
    """Return what a note asks of a channel: its voice, that with noise, the group of drums that it ends."""
    first = CHOKE.get(note.key) if note.drum else None
    group = None if first is None else ((note.part.number, first), note.key)
    voice, noise = note.instrument.voice, note.instrument.noise
    # By their objects: to compare voices takes longer than all else here.
    return id(voice), None if noise is None else id(noise), group


@dataclass(frozen=True, slots=True)
class Moment:
    """What a part gives its notes from a moment on."""

    seconds: float
    loudness: float
    """dB of volume, expression and master volume."""
    bent: float
    """Semitones."""
    pms: int


@dataclass(eq=False, slots=True)
class Sent:
    """A note that the chips play."""

    note: Note
    place: Place
    end: float
    """When its key goes up, which may be before the note's own end."""
    cut: bool
    """Another note takes its channel there."""
    sides: int


@dataclass
class Score:
    """All notes of a piece, in the order they begin, and the curves of their parts. A listener of ``Parts``."""

    parts: Parts = field(init=False)
    notes: list[Note] = field(default_factory=list)
    sides: dict[Note, int] = field(default_factory=dict)
    """What RL was when each began: a part's panning takes hold with the next note."""
    curves: dict[Part, list[Moment]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: "Iterable[Event]", length: float, bank: Bank) -> "Score":
        """Return the score of a file's messages."""
        score = cls()
        score.parts = Parts(bank, score)
        for event in events:
            score.parts.take(event.seconds, event.message, event.port)
        score.parts.finish(length)
        # Of those that begin together the longest comes first: it is the oldest then, and the first to be cut, while
        # others end by themselves. 9.4 % of notes are less than half heard so on one chip, 10.8 % if the softest comes
        # first, 11.4 % if the shortest does (33 files, 136 735 notes).
        score.notes.sort(key=lambda note: (note.start, note.start - note.end))
        return score

    def strike(self, note: Note) -> None:
        """Take a note that begins."""
        if note.part not in self.curves:
            self.change(note.part)
        self.notes.append(note)
        self.sides[note] = note.part.sides

    def lift(self, note: Note) -> None:
        """Take a key that goes up: the note says it."""

    def finish(self, note: Note) -> None:
        """Take the end of a note: drums last ``SHORTEST`` at least."""
        if note.drum:
            note.end = max(note.end, note.start + SHORTEST)
            note.key_up = max(note.key_up, note.end)

    def change(self, part: Part) -> None:
        """Take a change of a part's level, pitch or vibrato."""
        curve = self.curves.setdefault(part, [])
        now = Moment(self.parts.now, decibels(self.parts.master) + part.loudness, part.bent, part.pms)
        if curve and curve[-1].seconds == now.seconds:
            curve[-1] = now
        else:
            curve.append(now)

    def moments(self, note: Note, end: float) -> list[Moment]:
        """Return what a note has from its beginning on, and all that changes before a time."""
        first, behind = self._range(note, end)
        return self.curves[note.part][first:behind]

    def _range(self, note: Note, end: float) -> tuple[int, int]:
        """Return the moments of a note up to a time: the first of its part's curve, and the one behind the last."""
        curve = self.curves[note.part]
        first = max(bisect_right(curve, note.start, key=attrgetter("seconds")) - 1, 0)
        return first, max(bisect_right(curve, end, key=attrgetter("seconds")), first + 1)

    def moment(self, part: Part, seconds: float) -> Moment:
        """Return what a part gives its notes at a time."""
        curve = self.curves[part]
        return curve[max(bisect_right(curve, seconds, key=attrgetter("seconds")) - 1, 0)]

    def end_by(self, seconds: float) -> None:
        """End all notes by a time."""
        for note in self.notes:
            note.end = min(note.end, seconds)

    def heard(self) -> list[Note]:
        """Return the notes that get loud enough to be heard, and last."""
        return [note for note in self.notes if note.end > note.start and self._is_heard(note)]

    def _is_heard(self, note: Note) -> bool:
        first, behind = self._range(note, note.end)
        # Of many changes the first alone: a file of 100 000 notes over as many changes would take for ever.
        moments = islice(self.curves[note.part], first, min(behind, first + _LOOKED_AT))
        return behind - first > _LOOKED_AT or any(decibels(note.velocity) + each.loudness > SOFTEST for each in moments)

    def sent(self, chips: int) -> list[Sent]:
        """Return the notes that the chips play, in the order they begin.

        What would sound shorter than ``SHORTEST``, since its channel is taken again, is left out, and the channels are
        given out anew: the note that it cut then sounds on.
        """
        return long_enough(self.heard(), lambda notes: self._given(notes, chips))

    def _given(self, notes: Sequence[Note], chips: int) -> list[Sent]:
        """Return notes with the channels that they get."""
        allocator = Allocator(chips, SOONEST)
        sent: dict[Note, Sent] = {}
        last: dict[Place, float] = {}
        # Keys that go up: when, in which order, whether the note ends, which note.
        due: list[tuple[float, int, bool, Note]] = []
        for number, note in enumerate(notes):
            while due and due[0][0] <= note.start:
                when, _, ends, over = heappop(due)
                if ends:
                    allocator.free(when, over)
                else:
                    allocator.lift(over)
            place, cut = allocator.take(note.start, note, *asked(note))
            if cut is not None:
                sent[cut].end, sent[cut].cut = note.start, True
            elif note.start - last.get(place, -math.inf) < SOONEST:
                # All that are free were struck a moment ago: the bus has no time for this one.
                allocator.free(note.start, note)
                place.struck = last[place]
                continue
            last[place] = note.start
            sent[note] = Sent(note, place, note.end, False, self.sides[note])
            if note.key_up < note.end:
                heappush(due, (note.key_up, number, False, note))
            heappush(due, (note.end, number, True, note))
        return [*sent.values()]

    def most_at_once(self) -> int:
        """Return how many notes sound at once at most."""
        ends: list[float] = []
        most = 0
        for note in self.notes:
            while ends and ends[0] <= note.start:
                heappop(ends)
            heappush(ends, note.end if math.isfinite(note.end) else note.start)
            most = max(most, len(ends))
        return most
