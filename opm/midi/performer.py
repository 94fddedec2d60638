"""A keyboard's player on the chip: messages as they come become register writes at once.

As in ``arrange`` the allocator says which channel, and only what changes is written; but nothing is known ahead. So a
key comes as early as the bus lets it: behind the registers that its channel does not hold yet, which are few where it
has the voice.
"""

import math
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

from ..counts import CHANNELS
from ..events import FRAMES_PER_WRITE, MASTER_CLOCKS_PER_FRAME
from ..pitch import REFERENCE_CLOCK
from ..registers import ALL_KEYS, KON, RL
from .allocate import SHORTEST, Allocator, Place
from .arrange import EFFECT_STEP, STEP, Voices, sound_at
from .bank import Bank, Instrument
from .driver import Registers, Sound, Write, folded, turned_down
from .parts import Note, Part, Parts, decibels
from .schedule import RELEASING
from .score import Moment, asked

ALL_SOUND_OFF = 120
RINGS = 5.0
"""Seconds after a note for which its channel is not given another voice ahead: its release may still be heard."""
Row = tuple[int, int, int, int]
"""Frame, chip, register, byte."""


class Performer:
    """Plays messages as they come. A listener of ``Parts``.

    Parameters
    ----------
    bank : Bank
    chips : int
    click_free : bool
        A channel that sounds is silenced for 2 ms before it is taken.
    clock : float
        The chips' master clock in Hz.
    """

    def __init__(self, bank: Bank, chips: int = 1, click_free: bool = False, clock: float = REFERENCE_CLOCK) -> None:
        self.parts = Parts(bank, self)
        self.allocator = Allocator(chips)
        self._click_free = click_free
        self._rate = clock / MASTER_CLOCKS_PER_FRAME
        # Key codes are those of the reference clock: another clock moves them all.
        self._tuning = 12 * math.log2(REFERENCE_CLOCK / clock)
        self._held = [Registers() for _ in range(chips)]
        self._voices = Voices()
        self._sounds: dict[Place, Sound] = {}
        """What each channel was given last."""
        self._last: dict[Place, Note] = {}
        """The note that each struck last."""
        self._struck: dict[Place, int] = {}
        """The frame of its last key: what is written to it later comes behind that."""
        self._moved: dict[Part, int] = {}
        """When what each part holds was changed last."""
        self._moving: set[Part] = set()
        """Parts whose change waits."""
        self._due: list[tuple[int, int, Note | Part]] = []
        """What has a time of its own, as a heap: frame, number, and a drum that ends, a note that glides or a part."""
        self._count = self._frame = 0
        self._rows: list[Row] = []
        self._theirs: set[Place] = set()
        """Channels whose registers others have written."""
        self._wanted: dict[Part, Instrument] = {}
        """What is likely to be played next: that of the part that was played, or given a program, last of all."""

    def take(self, frame: int, message: Any) -> None:
        """Take a message.

        Parameters
        ----------
        frame : int
            When it comes; never earlier than the one before.
        message : mido.Message
        """
        self.advance(frame)
        if message.type == "reset":
            self.panic(frame)
        elif message.type == "control_change" and message.control == ALL_SOUND_OFF:
            # At once, and what rings on as well: a note that merely ends has its release.
            self._silence(place for place, note in self._last.items() if note.part.number == message.channel)
        self.parts.take(frame / self._rate, message)
        if message.type in ("program_change", "note_on"):
            self._want(self.parts.part(message.channel))

    def _want(self, part: Part) -> None:
        self._wanted.pop(part, None)
        found = None if part.drums else self.parts.bank.program(part.program, part.msb, part.lsb)
        if found:
            self._wanted[part] = found

    def prepare(self, frame: int) -> None:
        """Load what is likely to be played next on a channel that has been free for long, one at a time.

        A chord of eight notes whose voice is still to be loaded takes the bus 10 ms, and one whose voice is there 2.
        """
        self.advance(frame)
        wanted = {id(each.voice) for each in self._wanted.values()}
        for place in self.allocator.places:
            idle = place.note is None and self._frame / self._rate - place.since > RINGS
            if wanted and idle and place.voice not in wanted and place not in self._theirs:
                part, found = [*self._wanted.items()][-1]
                pitch = folded(60.0 + self._tuning)
                sound = self._sounds[place] = Sound(self._voices.made(found.voice), part.sides, 0, pitch, part.pms)
                writes = self._held[place.chip].changed(sound.registers(place.channel))
                self._write(max(self._frame, self._struck.get(place, 0)), place, writes)
                place.voice = id(found.voice)
                return

    def advance(self, frame: int) -> None:
        """Do what has its time up to a frame: drums end, notes glide, and changes that came fast are made."""
        while self._due and self._due[0][0] <= frame:
            self._frame, _, what = heappop(self._due)
            if isinstance(what, Part):
                self._moving.discard(what)
                self._move(what)
            elif what.drum and what.end < math.inf and self._frame >= self._last_frame(what):
                self._end(what)
            elif place := next((each for each in self.allocator.places if each.note is what), None):
                self._follow(place, what)
                self._glide(what)
        self._frame = max(self._frame, frame)

    def panic(self, frame: int) -> None:
        """Silence everything, whoever has struck it, and put all wheels and pedals back."""
        self.advance(frame)
        self._silence(self.allocator.places)
        self.parts.finish(frame / self._rate)
        for part in self.parts.parts.values():
            part.reset_controllers()
            part.kept.clear()
        self._due.clear()
        self._moving.clear()
        # Whatever went wrong: all registers are written anew.
        for held in self._held:
            held.forget()

    def rows(self) -> list[Row]:
        """Return the writes that have come together, and forget them. Of a frame they stand in their order."""
        rows, self._rows = self._rows, []
        return rows

    def others(self, writes: Iterable[Write], chip: int = 0) -> None:
        """Take note of what others write to a chip: their keys have their channels, too."""
        now = self._frame / self._rate
        for address, data in writes:
            self._held[chip].forget([(address, data)])
            if address < RL and address != KON:
                continue
            place = self.allocator.places[chip * CHANNELS + ((data if address == KON else address) & CHANNELS - 1)]
            if address == KON and data & ALL_KEYS:
                self.allocator.occupy(now, place, (place, "another's"))
                self._sounds.pop(place, None)
            elif address == KON and place.note is not None:
                self.allocator.free(now, place.note)
            elif address != KON:
                self._theirs.add(place)
                if place.note is None:
                    # Somebody is about to play on it: it is the last that a note takes.
                    place.voice, place.since = None, now

    def playing(self) -> list[tuple[Place, Note]]:
        """Return the channels that sound notes of its own, and which."""
        # The note once: another thread may ask, for a screen.
        pairs = [(place, place.note) for place in self.allocator.places]
        return [(place, note) for place, note in pairs if isinstance(note, Note)]

    def strike(self, note: Note) -> None:
        """Begin a note: behind the end of what it cuts, and what its channel does not hold yet."""
        now = self._frame / self._rate
        ended = {place: place.since for place in self.allocator.places}
        place, cut = self.allocator.take(now, note, *asked(note))
        channel, before = place.channel, self._sounds.get(place)
        struck = begin = max(self._frame, self._struck.get(place, 0))
        if fast := self._fast(note, channel, before, cut is not None or now - ended[place] < RELEASING):
            self._write(begin, place, [*self._held[place.chip].changed(fast), (KON, channel)])
            struck += self._frames(RELEASING)
        elif cut is not None:
            self._write(begin, place, [(KON, channel)])
        sound = self._sounds[place] = self._sound(note, place, note.part.sides)
        writes = self._held[place.chip].changed([*sound.of_chip(channel), *sound.registers(channel)])
        # Late enough to be behind the release, early enough to be there at the key.
        self._write(max(begin, struck - FRAMES_PER_WRITE * len(writes)), place, writes)
        self._write(struck, place, [sound.key_on(channel)])
        self._struck[place], self._last[place] = struck, note
        self._theirs.discard(place)
        self._glide(note)

    def _fast(self, note: Note, channel: int, before: Sound | None, rings: bool) -> list[Write]:
        """Return what makes a channel fall silent before a note; nothing where that is not asked for."""
        extras = note.instrument.extras
        if before and extras and extras.ahead:
            return [(address + channel, data) for address, data in extras.ahead]
        return before.fast_release(channel) if before and rings and self._click_free else []

    def lift(self, note: Note) -> None:
        """A pedal alone holds a note: its channel is taken before others."""
        self.allocator.lift(note)

    def finish(self, note: Note) -> None:
        """End a note; a drum lasts for a while at least."""
        if note.drum and self._frame < self._last_frame(note):
            self._at(self._last_frame(note), note)
        else:
            self._end(note)

    def _last_frame(self, drum: Note) -> int:
        return round((drum.start + SHORTEST) * self._rate)

    def change(self, part: Part) -> None:
        """Change what a part's notes sound like: at once, or soon where the last change is a moment ago."""
        again = self._moved.get(part, -self._frames(STEP)) + self._frames(STEP)
        if part in self._moving:
            return
        if self._frame >= again:
            self._move(part)
        else:
            # A wheel sends a thousand values a second, a bus has room for 28 000 writes.
            self._moving.add(part)
            self._at(again, part)

    def _move(self, part: Part) -> None:
        self._moved[part] = self._frame
        for place, note in self.playing():
            if note.part is part:
                self._follow(place, note)

    def _follow(self, place: Place, note: Note) -> None:
        """Write what has changed under a note."""
        sound = self._sounds[place] = self._sound(note, place, self._sounds[place].sides)
        writes = self._held[place.chip].changed(sound.moving(place.channel))
        self._write(max(self._frame, self._struck[place]), place, writes)

    def _glide(self, note: Note) -> None:
        """See that a note goes on to glide, or to have what its bank adds to it."""
        extras = note.instrument.extras
        glides = note.glides_from is not None and self._frame / self._rate < note.start + note.glide
        if glides or (extras and (extras.vibrato or extras.waves)):
            self._at(self._frame + self._frames(EFFECT_STEP), note)

    def _end(self, note: Note) -> None:
        if place := self.allocator.free(self._frame / self._rate, note):
            self._write(max(self._frame, self._struck[place]), place, [(KON, place.channel)])

    def _silence(self, places: Iterable[Place]) -> None:
        """Let channels fall silent within 2 ms."""
        for place in places:
            if place.note is not None:
                self.allocator.free(self._frame / self._rate, place.note)
            sound = self._sounds.get(place)
            fast = self._held[place.chip].changed(sound.fast_release(place.channel)) if sound else []
            self._write(max(self._frame, self._struck.get(place, 0)), place, [*fast, (KON, place.channel)])

    def _sound(self, note: Note, place: Place, sides: int) -> Sound:
        """Return what a note is to sound on a channel now."""
        part, now = note.part, self._frame / self._rate
        loudness = decibels(self.parts.master) + part.loudness
        moment = Moment(now, loudness, part.bent + self._tuning, part.pms)
        return sound_at(note, self._voices.of(note, place.channel), sides, now, moment)

    def _frames(self, seconds: float) -> int:
        return round(seconds * self._rate)

    def _at(self, frame: int, what: Note | Part) -> None:
        heappush(self._due, (frame, self._count, what))
        self._count += 1

    def _write(self, frame: int, place: Place, writes: list[Write]) -> None:
        self._rows += [(frame, place.chip, address, data) for address, data in turned_down(writes, 0)]
