"""A score as register writes: what each note's channel gets, and when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..events import FRAMES_PER_WRITE, REFERENCE_RATE
from ..registers import KON
from ..voice.voice import Voice
from .allocate import NOISE_CHANNEL
from .driver import LEVEL, NOISE_LEVEL, QUIET, Loaded, Registers, Sound, Write, attenuated, folded, loaded, turned_down
from .parts import Note, decibels
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
NOISE_BEHIND = 4
"""Steps of TL by which noise, which has no more than its full level, may stay behind the rest."""
EFFECT_STEP = 0.005
"""Seconds from one step of a portamento, or of a bank's effects, to the next."""
MOST_STEPS = 300_000
"""Steps of a chip's effects in a song; then they stand still. Three minutes of eight channels; 40 us of work each."""


@dataclass(frozen=True)
class Arranged:
    """A score on the chips."""

    rows: npt.NDArray[np.void]
    """(n,) ROW, in order."""
    score: npt.NDArray[np.void]
    """(n,) SCORE, in order."""
    lead: int
    """Frames of silence put before it."""

    @property
    def room(self) -> int:
        """Steps of TL that all can be turned up: the loudest carrier's, and 3 dB more than the loudest noise has."""
        address, data = self.rows["address"], self.rows["data"]
        is_noise = address & NOISE_LEVEL == NOISE_LEVEL
        levels, noise = data[(address >= LEVEL) & ~is_noise], data[is_noise] >> 8
        return int(min(levels.min(initial=QUIET), noise.min(initial=QUIET) + NOISE_BEHIND))

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
        self.voices = Voices()
        self.steps = MOST_STEPS
        """Steps of effects that it may still take."""

    def slot(self, seconds: float) -> int:
        """Return the slot of the bus at a time, or behind it."""
        # Ceiling: a key is not struck before its time.
        return self.lead - int(-seconds * SLOTS_PER_SECOND // 1)

    def strikes(self, sent: Sequence[Sent]) -> list[Strike]:
        """Return what the bus has to carry for the chip's notes."""
        strikes = [self.strike(each) for each in sent]
        for strike, last, _ in self.last.values():
            self.moves(strike, last)
        return strikes

    def strike(self, sent: Sent) -> Strike:
        """Return what the bus has to carry for a note."""
        note, channel = sent.note, sent.place.channel
        sound = self.sound(sent, note.start)
        ahead = 0.0
        if previous := self.last.get(channel):
            self.moves(*previous[:2])
            ahead = self.silence(sent, *previous)
        if note.start >= self.loop:
            # The loop is reached from its end, too, where the registers hold something else.
            self.held.forget()
            self.loop = math.inf
        before = self.held.changed([*sound.of_chip(channel), *sound.registers(channel)])
        start, end = self.slot(note.start), self.slot(sent.end)
        strike = Strike(
            channel, start, end, before, sound.key_on(channel), [(KON, channel)], round(ahead * SLOTS_PER_SECOND)
        )
        self.last[channel] = strike, sent, sound
        return strike

    def silence(self, sent: Sent, strike: Strike, last: Sent, sound: Sound) -> float:
        """Make a channel's last note end faster where that is asked for; return how long before the next one, in s."""
        extras, channel = sent.note.instrument.extras, strike.channel
        fast: list[Write] = []
        if extras and extras.ahead:
            fast, ahead = [(address + channel, data) for address, data in extras.ahead], min(extras.early, AHEAD)
        elif self.click_free and sent.note.start - last.end < RELEASING:
            fast, ahead = sound.fast_release(channel), RELEASING
        strike.key_off[:0] = self.held.changed(fast)
        return ahead if fast else 0.0

    def moves(self, strike: Strike, sent: Sent) -> None:
        """Add what changes under a note, until it ends."""
        for due, seconds in self.moments(sent):
            if writes := self.held.changed(self.sound(sent, seconds).moving(strike.channel)):
                strike.changes.append((self.slot(due), writes))
        # The bus may have no room for the last of them: what they set is not known for sure.
        if strike.changes:
            self.held.forget([write for _, writes in strike.changes for write in writes])

    def moments(self, sent: Sent) -> list[tuple[float, float]]:
        """Return when a held note changes, ``STEP`` apart at least, and the time of what it changes to."""
        note, extras = sent.note, sent.note.instrument.extras
        times = [moment.seconds for moment in self.score.moments(note, sent.end)[1:]]
        until = sent.end if extras and (extras.vibrato or extras.waves) else note.start
        if note.glides_from is not None:
            until = max(until, min(note.start + note.glide, sent.end))
        steps = min(int((until - note.start) / EFFECT_STEP), self.steps)
        self.steps -= steps
        times = sorted([*times, *(note.start + i * EFFECT_STEP for i in range(1, steps + 2))] if steps else times)
        kept: list[tuple[float, float]] = []
        for seconds in times:
            if kept and seconds < kept[-1][0] + STEP:
                # The later of two that are too near, at the time of the first, so that the last of all holds.
                kept[-1] = kept[-1][0], seconds
            else:
                kept.append((seconds, seconds))
        return kept

    def sound(self, sent: Sent, seconds: float) -> Sound:
        """Return what a note is to sound at a time."""
        voice = self.voices.of(sent.note, sent.place.channel)
        return sound_at(sent.note, voice, sent.sides, seconds, self.score.moment(sent.note.part, seconds))


class Voices:
    """The voices of notes as bytes, each made once."""

    def __init__(self) -> None:
        self._loaded: dict[int, Loaded] = {}
        self._changed: dict[int, tuple[Note, Loaded]] = {}
        """The last note of each channel whose voice changes, and its voice: made at each step of a vibrato, a song took
        48 s, not 7."""

    def of(self, note: Note, channel: int) -> Loaded:
        """Return the voice of a note on a channel, from 0, as it is when the note begins."""
        found, extras = note.instrument, note.instrument.extras
        voice = found.noise if found.noise is not None and channel == NOISE_CHANNEL else found.voice
        if extras is None or extras.towards is None:
            return self.made(voice)
        last, made = self._changed.get(channel, (None, None))
        if made is None or last is not note:
            made = loaded(extras.voice(voice, note.start))
            self._changed[channel] = note, made
        return made

    def made(self, voice: Voice) -> Loaded:
        """Return a voice of a bank as bytes."""
        # By the object: to compare voices takes longer than all else here.
        if id(voice) not in self._loaded:
            self._loaded[id(voice)] = loaded(voice)
        return self._loaded[id(voice)]


def sound_at(note: Note, voice: Loaded, sides: int, seconds: float, moment: Moment) -> Sound:
    """Return what a note is to sound at a time, from what its part gives its notes then."""
    extras, since = note.instrument.extras, seconds - note.start
    midi = note.midi + moment.bent
    if note.glides_from is not None and since < note.glide:
        midi += (note.glides_from - note.midi) * (1 - since / note.glide)
    moved: list[Write] = []
    if extras:
        midi += extras.vibrato.at(since) / 100 if extras.vibrato else 0.0
        moved = [(at, round(wave.at(since if wave.key_sync else seconds))) for at, wave in extras.waves]
    level = attenuated(moment.loudness + decibels(note.velocity))
    return Sound(voice, sides, level, folded(midi), moment.pms, tuple(moved))
