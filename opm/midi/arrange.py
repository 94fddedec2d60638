"""A score as register writes: what each note's channel gets, and when."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter

import numpy as np
import numpy.typing as npt

from ..events import FRAMES_PER_WRITE, REFERENCE_RATE
from ..registers import KON
from .driver import LEVEL, Loaded, Registers, Sound, attenuated, folded, loaded, turned_down
from .parts import decibels
from .schedule import AHEAD, RELEASING, Bus, Strike
from .score import Moment, Score, Sent

ROW = np.dtype([("time", np.int64), ("chip", np.uint8), ("address", np.int16), ("data", np.int32)])
"""A register write: frame, chip, address and data as ``driver.Write`` has them."""
SCORE = np.dtype(
    [("time", np.int64), ("chip", np.uint8), ("channel", np.uint8), ("part", np.int32), ("drum", np.bool_),
     ("program", np.uint8), ("key", np.uint8), ("velocity", np.uint8), ("midi", np.float32)]
)  # fmt: skip
"""A key-on and the note of MIDI it is for: frame; chip and channel, from 0; part, 16 a port; whether it is a drum;
program, or that of the drum kit; key; velocity; the MIDI number it sounds, without bends."""
SLOT = FRAMES_PER_WRITE
"""Frames of a write on the bus."""
SLOTS_PER_SECOND = REFERENCE_RATE / SLOT
STEP = 0.003
"""Seconds from one change under a note to the next at least: those of eight channels take 60 % of the bus then."""
GLIDE_STEP = 0.005
"""Seconds of a step of a portamento."""


@dataclass(frozen=True)
class Arranged:
    """A score on the chips."""

    rows: npt.NDArray[np.void]
    """(n,) ROW, in order."""
    score: npt.NDArray[np.void]
    """(n,) SCORE, in order."""
    lead: int
    """Frames of silence put before it."""

    def turned_down(self, attenuation: int) -> npt.NDArray[np.void]:
        """Return the rows as the chips take them, all so many steps of TL, 0.75 dB, further down; below 0 up."""
        rows = self.rows.copy()
        levels = rows["address"] >= LEVEL
        # Few pairs, many times over.
        pairs, which = np.unique(rows[["address", "data"]][levels], return_inverse=True)
        written = turned_down(pairs.tolist(), attenuation)
        rows["address"][levels], rows["data"][levels] = np.array(written, np.int64).reshape(-1, 2)[which].T
        return rows


def arranged(
    score: Score, sent: Sequence[Sent], chips: int, loop: float | None = None, click_free: bool = False
) -> Arranged:
    """Return the register writes of notes.

    Parameters
    ----------
    score : Score
    sent : sequence of Sent
        In the order they begin.
    chips : int
    loop : float, optional
        Seconds where a loop begins: from there on nothing is taken to be held by the registers.
    click_free : bool
        A channel is silenced before it is taken again.

    Returns
    -------
    Arranged
    """
    # All that the first note needs has to fit before it.
    lead = max(0, round((AHEAD - sent[0].note.start) * SLOTS_PER_SECOND)) if sent else 0
    rows, kept = [], []
    for chip in range(chips):
        mine = [each for each in sent if each.place.chip == chip]
        strikes = _Chip(score, lead, loop, click_free).strikes(mine)
        last = max((strike.end for strike in strikes), default=0)
        bus = Bus(last + 4096, round(AHEAD * SLOTS_PER_SECOND))
        bus.put(strikes)
        bus.change(strikes)
        rows += [(slot * SLOT, chip, *write) for slot, write in bus.written]
        kept += [_scored(each, strike) for each, strike in zip(mine, strikes, strict=True)]
    rows.sort(key=lambda row: row[:2])
    kept.sort(key=lambda row: row[:3])
    return Arranged(np.array(rows, ROW), np.array(kept, SCORE), lead * SLOT)


def _scored(sent: Sent, strike: Strike) -> tuple[float, ...]:
    note = sent.note
    place = sent.place
    return (
        strike.struck * SLOT, place.chip, place.channel, note.part.number, note.drum, note.program, note.key,
        note.velocity, note.midi,
    )  # fmt: skip


class _Chip:
    """What a chip holds while its notes go by."""

    def __init__(self, score: Score, lead: int, loop: float | None, click_free: bool) -> None:
        self.score, self.lead, self.click_free = score, lead, click_free
        self.loop = math.inf if loop is None else loop
        self.held = Registers()
        self.last: dict[int, tuple[Strike, Sent, Sound]] = {}
        """The last note of each channel."""
        self._loaded: dict[int, Loaded] = {}

    def slot(self, seconds: float) -> int:
        """Return the slot of the bus at a time, or behind it."""
        # Ceiling: a key is not struck before its time.
        return self.lead - int(-seconds * SLOTS_PER_SECOND // 1)

    def strikes(self, sent: Sequence[Sent]) -> list[Strike]:
        """Return what the bus has to carry for the chip's notes."""
        strikes = [self.strike(each) for each in sent]
        for strike, last, sound in self.last.values():
            self.moves(strike, last, sound)
        return strikes

    def strike(self, sent: Sent) -> Strike:
        """Return what the bus has to carry for a note."""
        note, channel = sent.note, sent.place.channel
        moments = self.score.moments(note, note.start)
        sound = self.sound(sent, moments[0], note.start)
        releasing = 0
        if previous := self.last.get(channel):
            self.moves(*previous)
            if self.click_free and note.start - previous[1].end < RELEASING:
                fast = previous[2].fast_release(channel)
                previous[0].key_off[:0] = self.held.changed(fast)
                releasing = round(RELEASING * SLOTS_PER_SECOND)
        if note.start >= self.loop:
            # The loop is reached from its end, too, where the registers hold something else.
            self.held.forget()
            self.loop = math.inf
        before = self.held.changed([*sound.of_chip(channel), *sound.registers(channel)])
        key_off = [(KON, channel)]
        strike = Strike(
            channel, self.slot(note.start), self.slot(sent.end), before, sound.key_on(channel), key_off,
            releasing=releasing,
        )  # fmt: skip
        self.last[channel] = strike, sent, sound
        return strike

    def moves(self, strike: Strike, sent: Sent, sound: Sound) -> None:
        """Add what changes under a note, until it ends."""
        for seconds, moment in self.points(sent):
            sound = self.sound(sent, moment, seconds)
            if writes := self.held.changed(sound.moving(strike.channel)):
                strike.changes.append((self.slot(seconds), writes))
        # The bus may have no room for the last of them: what they set is not known for sure.
        if strike.changes:
            self.held.forget([write for _, writes in strike.changes for write in writes])

    def points(self, sent: Sent) -> list[tuple[float, Moment]]:
        """Return when a held note changes, ``STEP`` apart at least, and to what."""
        note = sent.note
        moments = self.score.moments(note, sent.end)
        points = [(moment.seconds, moment) for moment in moments[1:]]
        if note.glides_from is not None:
            steps = int(min(note.glide, sent.end - note.start) / GLIDE_STEP) + 1
            times = [note.start + i * GLIDE_STEP for i in range(1, steps + 1)]
            at = [moments[max(bisect_right(moments, time, key=attrgetter("seconds")) - 1, 0)] for time in times]
            points = sorted([*points, *zip(times, at, strict=True)], key=itemgetter(0))
        kept: list[tuple[float, Moment]] = []
        for point in points:
            if kept and point[0] < kept[-1][0] + STEP:
                # The later of two that are too near, at the time of the first, so that the last of all holds.
                kept[-1] = kept[-1][0], point[1]
            else:
                kept.append(point)
        return kept

    def sound(self, sent: Sent, moment: Moment, seconds: float) -> Sound:
        """Return what a note is to sound at a time."""
        note = sent.note
        midi = note.midi + moment.bent
        if note.glides_from is not None and seconds < note.start + note.glide:
            midi += (note.glides_from - note.midi) * (1 - (seconds - note.start) / note.glide)
        voice = note.instrument.voice
        if note.instrument.noise is not None and sent.place.channel == 7:
            voice = note.instrument.noise
        level = moment.loudness + decibels(note.velocity)
        # By the object: to compare voices takes longer than all else here.
        if id(voice) not in self._loaded:
            self._loaded[id(voice)] = loaded(voice)
        return Sound(self._loaded[id(voice)], sent.sides, attenuated(level), folded(midi), moment.pms)
