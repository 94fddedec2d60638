"""MDX, the X68000's music (MXDRV): byte code for a driver ticked by timer B.

Not a register log: the driver is run here, and what it writes is the song. Tracks A-H are the FM channels, P to W those
of samples, which stand in a file beside this one (``mdx_pcm``, ``pdx``). Times are master clocks of 4 MHz.

Sources: docs/formats.md, section 5, and MXDRV 2.06 itself, in a portable build. Compared with it tick by tick: 420
songs of random commands and 17 real ones, for samples 3600 and 13; 18 of the random ones are kept in tests/mxdrv. "The
driver" in the comments here is that one: its oddities are heard.
"""

import re
from array import array
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ...pitch import KEY_CODES
from ...registers import KC, KF, KON, LFRQ, PMS, RL, SLOTS, TL
from ...tables import CARRIERS
from ..data import WRITE, Loop, Opm, SongError, Source
from ..limits import MOST_COMMANDS, MOST_MDX_WRITES, MOST_STEPS, MOST_TICKS
from ..song import Song
from . import lzx, pdx
from .mdx_pcm import FASTEST, PcmOut
from .pdx import NOTHING, Beside

CLOCK = 4_000_000
FM_TRACKS = 8
PLAIN_TRACKS = 9
"""Tracks that are played before the command E8: the last of these is the X68000's own ADPCM."""
MOST_TRACKS = 16
VOICE_BYTES = 27
TUNING = 5
"""Added to each pitch, in 1/64 semitone: it tunes a chip of 4 MHz."""
HIGHEST_PITCH = 0x17FF
"""The last of 96 key codes of 64 steps."""
VOLUMES = (0x2A, 0x28, 0x25, 0x22, 0x20, 0x1D, 0x1A, 0x18, 0x15, 0x12, 0x10, 0x0D, 0x0A, 0x08, 0x05, 0x02)
"""Attenuation, as TL counts it, of the volumes 0 to 15."""
SAW, SQUARE, TRIANGLE, RANDOM = 0, 1, 2, 3
QUIETEST, FADED, FADED_PLAIN = 0x7F, 0x3E, 11
"""Attenuation that is silence; that of a fade-out at which the song is over; at which samples are, without PCM8."""
SEED = 0x1234
"""The driver's first random number: songs with random LFOs sound the same each time."""
REST = 0x7F
EXTENDED = 0xE7
"""The lowest command; its second byte says which of several it is, and how long."""
EXTENDED_LENGTHS = {1: 3, 2: 8, 3: 3, 4: 3, 5: 3, 6: 3}
FOR_OTHERS = (1, 2, 3, 6)
"""The ones that a track may give to another by E7 4."""
ARGUMENTS = {
    0xFF: 1, 0xFE: 2, 0xFD: 1, 0xFC: 1, 0xFB: 1, 0xF8: 1, 0xF6: 2, 0xF5: 2, 0xF4: 2, 0xF3: 2, 0xF2: 2,
    0xF0: 1, 0xEF: 1, 0xED: 1, 0xE9: 1,
}  # fmt: skip
"""Bytes behind a command's code, where they are not 0 or depend on the first of them (EA to EC, F1, E7)."""

# fmt: off
_HALF_WIDTH = {  # the letters beside ASCII and katakana that the X68000 has in half width, by their codes
    0x1C: "→", 0x1D: "←", 0x1E: "↑", 0x1F: "↓", 0x80: "\\", 0x81: "~", 0x82: "¦",
    **dict(zip(range(0x86, 0x90), "をぁぃぅぇぉゃゅょっ", strict=True)),
    **dict(zip(range(0x91, 0xA0), "あいうえおかきくけこさしすせそ", strict=True)),
    **dict(zip(range(0xE0, 0xFE), "たちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん", strict=True)),
}
# fmt: on
_CHARACTER = re.compile(rb"([\x80\x85\x86\xF0-\xF3])(.)|[\x81-\x9F\xE0-\xFC].|.", re.DOTALL)
"""A character: half width in two bytes, of which the first says raised, lowered or hiragana; full width; one byte."""


def recognise(data: bytes) -> bool:
    """Look for the title's end, the PDX name's end and a sound offset table behind them."""
    # MDX has no magic: this, and room for the offsets, is all that every file has.
    title = data.find(b"\r\n\x1a", 0, 1024)
    name = data.find(b"\0", title + 3, title + 300) if title >= 0 else -1
    return name >= 0 and len(data) > name + 20


@dataclass(slots=True)
class _Lfo:
    """A software LFO: every ``period`` ticks its wave turns, jumps back or draws another value."""

    on: bool = False
    wave: int = SAW
    period: int = 0
    first: int = 0
    """Ticks to the first turn."""
    depth: int = 0
    start: int = 0
    value: int = 0
    slope: int = 0
    left: int = 0

    def restart(self) -> None:
        self.left, self.slope, self.value = self.first, self.depth, self.start

    def stop(self) -> None:
        self.on, self.value = False, 0

    def turns(self) -> bool:
        """Count a tick. In 16 bits and asked for 0 afterwards, as the driver does: a period of 0 is one of 65536."""
        self.left = (self.left - 1) & 0xFFFF
        if self.left == 0:
            self.left = self.period
            return True
        return False


class _PitchLfo(_Lfo):
    """``value`` counts in 1/65536 of a pitch step."""

    __slots__ = ()

    def set(self, kind: int, period: int, depth: int) -> None:
        """Set wave, period and depth; bit 2 of the kind multiplies the depth by 256."""
        self.on, self.wave, self.period = True, kind & 3, period
        self.depth = depth << (16 if kind & 0x7C else 8)
        # Saw and triangle begin in the middle of a slope, so that the pitch swings about the note.
        self.first = period if self.wave == SQUARE else 1 if self.wave == RANDOM else period >> 1
        self.start = self.depth if self.wave == TRIANGLE else 0
        self.restart()

    def step(self, driver: "_Driver") -> None:
        if self.wave == SQUARE:
            self.value = self.slope
        elif self.wave != RANDOM:
            self.value += self.slope
        if not self.turns():
            return
        if self.wave == SAW:
            self.value = -self.value
        elif self.wave == RANDOM:
            self.value = driver.random() * _signed(self.slope)
        else:
            self.slope = -self.slope


class _LevelLfo(_Lfo):
    """``value`` counts in 1/256 of an attenuation step, 16 bits."""

    __slots__ = ()

    def set(self, kind: int, period: int, depth: int) -> None:
        """Set wave, period and depth. Saw and triangle begin where a period of a falling slope comes down to 0."""
        self.on, self.wave, self.period, self.first, self.depth = True, kind & 3, period, period, depth
        self.start = max(0, _signed(-(depth if self.wave in (SQUARE, RANDOM) else depth * _signed(period))))
        self.restart()

    def step(self, driver: "_Driver") -> None:
        if self.wave in (SAW, TRIANGLE):
            self.value += self.slope
        if self.turns():
            if self.wave == SAW:
                self.value = self.start
            elif self.wave == RANDOM:
                self.value = driver.random() * self.slope
            else:
                self.value += self.slope if self.wave == SQUARE else 0
                self.slope = -self.slope
        # A word in the driver, unlike the pitch's: a wave that is too deep wraps.
        self.value &= 0xFFFF


def _signed(word: int) -> int:
    """Return the lowest 16 bits as a signed number: the 68000's words."""
    return ((word & 0xFFFF) ^ 0x8000) - 0x8000


@dataclass(slots=True)
class _Track:
    """One track's place in the byte code and its sound."""

    number: int
    at: int
    wait: int = 1
    gate: int = 0
    sleep: int = 0
    """Ticks to come in which only ``wait`` and ``gate`` would change; they are counted down already."""
    ended: bool = False
    waiting: bool = False
    released: bool = False
    loops: int = 0
    voice: bytes = bytes(VOICE_BYTES)
    carriers: tuple[int, ...] = ()
    """Operators that are heard, 0 to 3."""
    slots: int = 0
    """What register 08 gets at a key-on."""
    load_voice: bool = False
    send_pan: bool = False
    volume: int = 8
    pan: int = 3
    quantise: int = 8
    tie: bool = False
    """The key stays down, whatever the gate time, until the next command."""
    keyed: bool = False
    late_off: bool = False
    """The key is released just before the next key-on only."""
    pending: bool = False
    """A note waits for its key-on."""
    delay: int = 0
    delay_left: int = 0
    pitch: int | None = None
    detune: int = 0
    portamento: int = 0
    glide: int = 0
    gliding: bool = False
    lfo_delay: int = 0
    lfo_in: int = 0
    pitch_lfo: _PitchLfo = field(default_factory=_PitchLfo)
    level_lfo: _LevelLfo = field(default_factory=_LevelLfo)
    sensitivity: int = 0
    sync_lfo: bool = False
    bank: int = 0
    rate: int = FASTEST
    """Of its samples, 0-7."""
    pitch_sent: int = -1
    level_sent: int = -1

    def goes_on(self) -> bool:
        """Say whether something is still to come: a command, or the release of the last note."""
        return self.keyed if self.ended else self.released or not self.waiting

    def doze(self) -> None:
        """Sleep until something changes; another track's command may wake this one earlier."""
        # Most ticks change nothing, and in Python each costs 1 to 3 us a track: songs of an hour have 250 000.
        bends = self.gliding or self.lfo_in or self.pitch_lfo.on or self.level_lfo.on
        if self.pending or self.released or (bends and self.number < FM_TRACKS):
            return
        # Another track ends this one's wait, and wakes it.
        if self.waiting:
            self.sleep = MOST_TICKS
            return
        self.sleep = (self.wait - 1) & 0xFF
        if self.keyed and not self.tie:
            self.sleep = min(self.sleep, (self.gate - 1) & 0xFF)
        self.count(self.sleep)

    def wake(self) -> None:
        """End the sleep early: what was counted down ahead is counted back."""
        self.count(0 if self.waiting else -self.sleep)
        self.sleep = 0

    def count(self, ticks: int) -> None:
        """Count wait and gate down. Bytes in the driver: 0 counted down is 255, and a note can last 256 ticks."""
        self.wait = (self.wait - ticks) & 0xFF
        if not self.tie:
            self.gate = (self.gate - ticks) & 0xFF


class _Driver:
    """Runs all tracks tick by tick and collects register writes."""

    def __init__(self, data: bytes, starts: list[int], voices: dict[int, bytes], pcm: PcmOut) -> None:
        self.data, self.voices, self.pcm = bytearray(data), voices, pcm
        self.tracks = [_Track(i, at) for i, at in enumerate(starts)]
        self.playing = self.tracks[:PLAIN_TRACKS]
        self.loop_pcm = 0
        """Where the loop begins in what PCM8 is told."""
        self.time = 0
        self.tempo = 200
        self.seed = SEED
        self.fade, self.fade_speed, self.fade_left = 0, -1, 0
        self.ticks = self.steps = 0
        self.moved = True
        """Whether a track may have ended, jumped back or halted: only then all are looked at."""
        self.writes = array("q")
        """Time, 8 bits of address, 8 bits of data."""
        self.unknown_voices: set[int] = set()
        self.faults: list[tuple[str, int]] = []
        """What is wrong with a track, and its number from 1."""
        self.remarks: list[str] = []

    def run(self) -> Loop | None:
        """Play until all tracks have ended, or the slowest has jumped back twice; return the loop between its jumps."""
        rounds: list[Loop] = []
        loops = 0
        while self.ticks < MOST_TICKS and self.work < MOST_STEPS and len(self.writes) <= MOST_MDX_WRITES:
            self.steps += 1
            # The fade first, then the tracks in their order: a track can wake or command a later one within the tick.
            self.fade_out()
            for track in self.playing:
                if track.sleep:
                    track.sleep -= 1
                else:
                    self.tick(track)
            if self.moved:
                self.moved = False
                going = [track for track in self.playing if track.goes_on()]
                if not going:
                    return None
                if all(track.ended for track in self.playing):
                    self.let_go()
                # The slowest track: only where it has jumped back has everything been heard that comes again.
                loops = min((track.loops for track in going if not track.ended), default=0)
            if loops > len(rounds):
                rounds.append(Loop(self.time, len(self.writes)))
                self.loop_pcm = self.loop_pcm if len(rounds) == 2 else len(self.pcm.rows)
                # F1 goes back to what has been heard: at the first jump all was played once. What comes again is the
                # round behind it: that is the loop, and one playing ends where it begins (``intro_passes``).
                if len(rounds) == 2:
                    return rounds[0] if rounds[1].tick > rounds[0].tick else None
            self.pass_time(min([track.sleep for track in self.playing]) if loops <= len(rounds) else 0)
        self.remarks.append(f"cut off after {self.time // CLOCK} s: it neither ends nor loops")
        return None

    def let_go(self) -> None:
        """Forget notes that wait for their key-on: when all tracks have ended the driver strikes none."""
        for track in self.playing:
            track.pending = False

    @property
    def work(self) -> int:
        """What has been done so far, in steps of 1 to 3 us: eight writes count as one, and two calls of PCM8."""
        # 490 000 calls of PCM8 took 1.7 s.
        return self.steps + len(self.writes) // 8 + len(self.pcm.rows) // 2

    def pass_time(self, asleep: int) -> None:
        """Go on by a tick, and by those in which all tracks sleep."""
        if asleep:
            for track in self.playing:
                track.sleep -= asleep
        # Timer B: 1024 master clocks a count, 256 less the register's value.
        self.ticks += 1 + asleep
        self.time += (1 + asleep) * (256 - self.tempo) * 1024

    def write(self, track: _Track, address: int, value: int) -> None:
        """Write a register; the tracks of samples write none."""
        if track.number < FM_TRACKS:
            self.writes.append(self.time << 16 | (address & 0xFF) << 8 | value & 0xFF)

    def random(self) -> int:
        """Return a signed 16-bit number; the seed is common to all tracks."""
        # The driver's own generator, since what a random LFO draws is heard.
        product = self.seed * 0xC549 + 0xC
        self.seed = product & 0xFFFF
        return _signed(product >> 8)

    def tick(self, track: _Track) -> None:
        """One tick of a track: what bends its sound, what comes next in its code, what that changes in the chip."""
        self.steps += 1
        # The driver's order: LFOs move before the note that starts in this tick, pitch is sent before level.
        self.bend(track)
        self.advance(track)
        # The key-on delay (F0) is counted here, by 1 while a note is pending.
        if track.pending and not track.delay_left:
            self.strike(track)
        else:
            track.delay_left -= track.pending
            self.send_pitch(track)
            self.send_level(track)
        # A fade changes levels in any tick, so nothing sleeps through it.
        if self.fade_speed < 0:
            track.doze()

    def bend(self, track: _Track) -> None:
        """Portamento and the software LFOs, which start at the end of their delay, if they have one."""
        if track.number >= FM_TRACKS:
            return
        if track.gliding and not track.delay_left:
            track.glide += track.portamento
        # With a delay (E9) LFOs start anew at each note; without one they run on between notes.
        if track.lfo_delay:
            if track.delay_left:
                return
            if track.lfo_in:
                self.count_lfo_delay(track)
                return
        for lfo in (track.pitch_lfo, track.level_lfo):
            if lfo.on:
                lfo.step(self)

    def count_lfo_delay(self, track: _Track) -> None:
        # Counted at the key-on, too: a delay of 1 starts the LFOs with the note.
        track.lfo_in -= 1
        if track.lfo_in == 0:
            for lfo in (track.pitch_lfo, track.level_lfo):
                if lfo.on:
                    lfo.restart()

    def advance(self, track: _Track) -> None:
        """Count gate and length in bytes, as the driver does, and take the commands that are due."""
        if track.waiting:
            if not track.released:
                return
            track.waiting = track.released = False
        else:
            if not track.tie:
                track.gate = (track.gate - 1) & 0xFF
                if track.gate == 0:
                    self.key_off(track)
            track.wait = (track.wait - 1) & 0xFF
            if track.wait:
                return
        track.gliding = track.tie = False
        try:
            for _ in range(MOST_COMMANDS):
                if self.command(track):
                    return
            # A repeat or loop with no note or rest in it would go on for ever.
            raise SongError(f"byte 0x{track.at:X}: expected a note or rest, the track goes round without one")
        except SongError as error:
            self.break_off(track, str(error))

    def break_off(self, track: _Track, why: str) -> None:
        """End a damaged track as its end command does; the others go on."""
        self.faults.append((why, track.number + 1))
        track.ended = True
        self.last(track, REST)

    def strike(self, track: _Track) -> None:
        """Sound the note that waits, with its voice; one tied to the note before only changes the pitch."""
        self.send_voice(track)
        if not track.keyed:
            # Only a key that was up: behind a tie neither LFOs nor the chip's own start anew.
            track.lfo_in = track.lfo_delay
            if track.lfo_in:
                track.pitch_lfo.value = track.level_lfo.value = 0
                self.count_lfo_delay(track)
            if track.sync_lfo:
                # LFO reset on and off again: its wave begins with the note.
                self.write(track, 0x01, 0x02)
                self.write(track, 0x01, 0x00)
        # Portamento (F2) counts from the note's own pitch, anew with each note.
        track.glide = 0
        self.send_pitch(track)
        self.send_level(track)
        self.key_on(track)

    def key_on(self, track: _Track) -> None:
        track.pending = False
        if not track.keyed:
            # E7 3: the key of the note before has been held up to here.
            if track.late_off:
                self.release(track)
            if track.number < FM_TRACKS:
                self.write(track, KON, track.slots)
            else:
                self.strike_sample(track)
        track.keyed = True

    def strike_sample(self, track: _Track) -> None:
        """Have a track's sample played, as loud and where the track says at this moment."""
        level, pan = self.attenuation(track.volume), track.pan
        # The ADPCM chip has no volume: without PCM8 the driver switches it off in a fade, from 11 steps on.
        if not self.pcm.pcm8 and self.fade >= FADED_PLAIN:
            pan = 0
        pitch = track.pitch or 0
        self.pcm.key_on(self.time, track.number, pitch, track.bank, track.rate, pan, level)

    def release(self, track: _Track) -> None:
        """Tell the chip, or PCM8, that a key is up."""
        if track.number < FM_TRACKS:
            self.write(track, KON, track.number)
        else:
            self.pcm.key_off(self.time, track.number)

    def key_off(self, track: _Track) -> None:
        # With E7 3 the chip is told nothing yet; for the driver the key is up all the same.
        if track.keyed and not track.late_off:
            self.release(track)
        track.keyed, self.moved = False, True

    def send_pitch(self, track: _Track) -> None:
        """Write KF, then KC, if the pitch has changed; a released note is bent, too."""
        if track.pitch is None:
            return
        # Signed 16 bits and then the limits, as the driver: a deep bend comes out at the other end.
        word = _signed(track.pitch + (track.glide >> 8) + (track.pitch_lfo.value >> 16))
        if word != track.pitch_sent:
            track.pitch_sent = word
            word = min(max(word, 0), HIGHEST_PITCH)
            # KF first. The chip has KF in bits 7 to 2, so the lowest two are lost.
            self.write(track, KF + track.number, word << 2)
            self.write(track, KC + track.number, KEY_CODES[word >> 6])

    def send_level(self, track: _Track) -> None:
        """Write the carriers' TL if volume, fade or LFO have changed."""
        level = self.attenuation(track.volume) + (track.level_lfo.value >> 8)
        if level > QUIETEST:
            level = QUIETEST
        if level == track.level_sent:
            return
        track.level_sent = level
        # Modulators keep the voice's TL: only what is heard gets softer.
        for group in track.carriers:
            loud = track.voice[7 + group] + level
            self.write(track, TL + 8 * group + track.number, loud if loud < QUIETEST else QUIETEST)

    def attenuation(self, volume: int) -> int:
        """Return the attenuation of a volume, that of the fade-out added."""
        return self.fade + (volume & 0x7F if volume & 0x80 else VOLUMES[volume & 15])

    def send_voice(self, track: _Track) -> None:
        """Load a voice that was set; then the panning.

        Carriers get TL 7F until their level follows, as in the driver: the voice's own TL would be too loud meanwhile.
        """
        voice, channel = track.voice, track.number
        if track.load_voice:
            track.carriers, track.slots = CARRIERS[voice[1] & 7], (voice[2] & 15) << 3 | channel
            for i in range(24):
                value = QUIETEST if i >> 2 == 1 and i & 3 in track.carriers else voice[3 + i]
                self.write(track, SLOTS + 0x20 * (i >> 2) + 8 * (i & 3) + channel, value)
            track.level_sent = -1
        if track.load_voice or track.send_pan:
            # FC takes effect with the next note, which is where the driver sends it.
            self.write(track, RL + channel, track.pan << 6 | voice[1] & 0x3F)
        track.load_voice = track.send_pan = False

    def fade_out(self) -> None:
        """Raise the attenuation a step each few ticks; behind the last step the song is over."""
        if self.fade_speed < 0:
            return
        if self.fade_left >= 0:
            # By 2, and asked for below 0: a step each speed // 2 + 2 ticks.
            self.fade_left -= 2
            return
        self.fade_left = self.fade_speed
        self.fade += 1
        if self.fade > FADED:
            for track in self.playing:
                self.key_off(track)
                track.ended = True
            self.pcm.all_off(self.time)

    def byte(self, track: _Track, at: int) -> int:
        if not 0 <= at < len(self.data):
            raise SongError(f"byte 0x{max(at, 0):X}: expected a command, track {track.number + 1} runs out of the file")
        return self.data[at]

    def word(self, track: _Track, at: int) -> int:
        return _signed(self.byte(track, at) << 8 | self.byte(track, at + 1))

    def command(self, track: _Track) -> bool:
        """Take one command; return whether the track now waits: for a note's or rest's length, or for another track."""
        self.steps, self.moved = self.steps + 1, True
        at = track.at
        # An ended track rests for ever; it can still be given commands by another (E7 4).
        code = REST if track.ended else self.byte(track, at)
        if code < 0xE0:
            self.last(track, code)
            return True
        if code == 0xF1 or code < EXTENDED:
            self.end_or_loop(track, code)
        elif code == EXTENDED:
            return self.extended(track, self.byte(track, at + 1))
        elif code in (0xEA, 0xEB, 0xEC):
            self.lfo(track, code)
        else:
            count = ARGUMENTS.get(code, 0)
            first = self.byte(track, at + 1) if count else 0
            track.at += 1 + count
            if code in (0xF4, 0xF5, 0xF6):
                self.repeat(track, code, at)
            elif code == 0xF3:
                track.detune = self.word(track, at + 1)
            elif code == 0xF2:
                track.portamento, track.gliding = self.word(track, at + 1), True
            elif code == 0xFE:
                self.write_register(first, self.byte(track, at + 2))
            else:
                self.set(track, code, first)
        return track.waiting

    def last(self, track: _Track, code: int) -> None:
        """Take a rest, or a note: its pitch now, its key-on after the delay, its gate time by F8."""
        if code < 0x80:
            track.at += not track.ended
            track.gate = track.wait = code + 1
            return
        length = self.byte(track, track.at + 1)
        track.at += 2
        # Below 80 hex eighths of the length byte (which is the length less 1), else so many ticks less than it.
        q = track.quantise
        gate = length * q >> 3 if q < 0x80 else max(0, length + q - 256)
        track.gate, track.wait = (gate + 1) & 0xFF, (length + 1) & 0xFF
        track.pitch = (code - 0x80) * 64 + TUNING + track.detune
        track.pending, track.delay_left = True, track.delay

    def end_or_loop(self, track: _Track, code: int) -> None:
        """Take F1: with an offset it goes back, with 00 it ends the track, as do E0 to E6, which are no commands."""
        if code != 0xF1 or self.byte(track, track.at + 1) == 0:
            track.ended = True
            return
        track.at += 3 + self.word(track, track.at + 1)
        track.loops += 1
        # The target must be in the file: said here, where the jump is, not at the next command.
        self.byte(track, track.at)

    def extended(self, track: _Track, code: int) -> bool:
        """Take E7: 1 fades out, 3 releases late, 4 is for another track, 5 strikes at once, 2 and 6 do nothing."""
        at = track.at
        value = self.byte(track, at + 2)
        track.at += EXTENDED_LENGTHS.get(code, 0)
        if code == 1:
            self.fade_speed = self.fade_left = value
            for other in self.tracks:
                # Levels move in every tick from here on.
                other.wake()
        elif code == 3:
            track.late_off = value != 0
        elif code == 4 and value < len(self.tracks):
            self.command_other(track, self.tracks[value])
        elif code == 5:
            track.gate = track.wait = value + 1
            self.key_on(track)
        elif code not in (2, 6):
            track.ended = True
        return code == 5 or track.waiting

    def command_other(self, track: _Track, other: _Track) -> None:
        if self.byte(track, track.at) == EXTENDED and self.byte(track, track.at + 1) not in FOR_OTHERS:
            raise SongError(f"byte 0x{track.at:X}: expected a plain command for track {other.number + 1}")
        other.wake()
        # The other track reads this one's code for a command, and is then where it was.
        back, ended = other.at, other.ended
        other.at, other.ended = track.at, False
        other.gliding = other.tie = False
        try:
            self.command(other)
        finally:
            other.at, track.at = back, other.at
            other.ended |= ended

    def write_register(self, address: int, data: int) -> None:
        """Take FE: any register. 12 is timer B, which ticks the driver, so it is the tempo, too."""
        self.writes.append(self.time << 16 | address << 8 | data)
        if address == 0x12:
            self.tempo = data

    def repeat(self, track: _Track, code: int, at: int) -> None:
        """Take F6, which starts a repeat, F5, which goes back, or F4, which leaves on the last pass.

        The driver counts passes in the song itself, in the byte before the repeated code; so ``data`` is a copy.
        """
        if code == 0xF6:
            self.byte(track, at + 2)
            self.data[at + 2] = self.byte(track, at + 1)
            return
        target = track.at + self.word(track, at + 1)
        left = self.byte(track, target - 1)
        if code == 0xF5:
            self.data[target - 1] = (left - 1) & 0xFF
            if left != 1:
                track.at = target
            return
        # F4 may lead to the F5 or to its operand.
        operand = target if left == 0xF5 else target + 1
        if self.byte(track, operand - 1) != 0xF5:
            raise SongError(f"byte 0x{at:X}: expected the end of a repeat at 0x{max(target, 0):X}")
        start = operand + 2 + self.word(track, operand)
        if self.byte(track, start - 1) == 1:
            track.at = operand + 2

    def set(self, track: _Track, code: int, value: int) -> None:
        """Take a command that only sets something."""
        if code == 0xFF:
            self.tempo = value
        elif code == 0xFD:
            self.set_voice(track, value)
        elif code == 0xFC:
            track.pan, track.send_pan = value & 3, True
        elif code == 0xFB:
            track.volume = value
        elif code in (0xFA, 0xF9):
            # FA softer, F9 louder; from 80 on the volume is an attenuation, in which louder is less.
            up = (code == 0xF9) != bool(track.volume & 0x80)
            low, high = (0x80, 0xFF) if track.volume & 0x80 else (0, 15)
            track.volume = min(max(track.volume + (1 if up else -1), low), high)
        elif code == 0xF8:
            track.quantise = value
        elif code == 0xF7:
            track.tie = True
        elif code == 0xF0:
            track.delay = value
        elif code == 0xED:
            self.write(track, 0x0F, value)
            # Noise on an FM track; on those of samples, which write no register, kind and rate.
            track.rate = value & 7
        elif code == 0xE8 and not self.pcm.pcm8:
            self.pcm.pcm8 = True
            # Into the list that is being gone through: in the driver, too, Q to W begin in this very tick.
            self.playing += self.tracks[PLAIN_TRACKS:]
        elif code == 0xE9:
            track.lfo_delay = value
        elif code in (0xEE, 0xEF):
            self.sync(track, code, value)

    def set_voice(self, track: _Track, number: int) -> None:
        """Take FD: the voice, which is loaded with the next note; on a track of samples their bank.

        A voice that the file lacks leaves the old one, with a remark.
        """
        if track.number >= FM_TRACKS:
            track.bank = number
        elif number in self.voices:
            track.voice, track.load_voice = self.voices[number], True
        else:
            self.unknown_voices.add(number)

    def sync(self, track: _Track, code: int, value: int) -> None:
        """Take EE, which waits for another track's EF unless that has come already, or EF."""
        if code == 0xEF and value < len(self.tracks):
            self.tracks[value].wake()
            self.tracks[value].released = True
        elif code == 0xEE:
            track.waiting = not track.released
            track.released = False

    def lfo(self, track: _Track, code: int) -> None:
        """Take EC (pitch), EB (amplitude) or EA (the chip's LFO): 80 off, 81 on again, or all its values."""
        kind = self.byte(track, track.at + 1)
        at = track.at + 2
        track.at = at if kind & 0x80 else at + 4
        lfo = track.pitch_lfo if code == 0xEC else track.level_lfo
        if code == 0xEA:
            self.hardware_lfo(track, kind, at)
        elif not kind & 0x80:
            lfo.set(kind, self.word(track, at) & 0xFFFF, self.word(track, at + 2))
        elif kind & 1:
            lfo.on = True
            lfo.restart()
        else:
            lfo.stop()

    def hardware_lfo(self, track: _Track, kind: int, at: int) -> None:
        """Take EA; 80 and 81 only take the sensitivity away and give it back, the chip's LFO is all channels'."""
        if not kind & 0x80:
            track.sync_lfo = bool(kind & 0x40)
            self.write(track, 0x1B, kind & 3)
            # 19 twice: PMD and AMD share it, and bit 7 of the byte says which it is.
            for i, address in enumerate((LFRQ, 0x19, 0x19)):
                self.write(track, address, self.byte(track, at + i))
            track.sensitivity = self.byte(track, at + 3)
        self.write(track, PMS + track.number, 0 if kind & 0x81 == 0x80 else track.sensitivity)


def _text(data: bytes) -> str:
    """Return text of the X68000: Shift-JIS, and letters of half width in two bytes."""
    return "".join(
        _half_width(*map(ord, match.groups())) if match[1] else _shift_jis(match[0])
        for match in _CHARACTER.finditer(data)
    )


def _half_width(page: int, code: int) -> str:
    """Return a letter by its two bytes; behind 80, F1 and F3 katakana are hiragana."""
    if page in (0x80, 0xF1, 0xF3) and (0xA6 <= code <= 0xAF or 0xB1 <= code <= 0xDD):
        code ^= 0x20
    return _HALF_WIDTH.get(code) or _shift_jis(bytes((code if code >= 0x20 else 0xFF,)))


def _shift_jis(character: bytes) -> str:
    """Return a character, or a replacement for what is not one."""
    text = character.decode("cp932", errors="replace")
    return text if character[0] < 0x80 or text.isprintable() or text.isspace() else "\N{REPLACEMENT CHARACTER}"


def _voices(data: bytes, at: int, end: int) -> dict[int, bytes]:
    return {data[i]: data[i : i + VOICE_BYTES] for i in range(at, end - VOICE_BYTES + 1, VOICE_BYTES)}


def read(data: bytes, time_unit: str | None = None, beside: Beside = NOTHING) -> Song:
    """Read an MDX file, and the samples beside it. ``time_unit`` has no meaning here."""
    title_end = data.find(b"\r\n\x1a")
    name_end = data.find(b"\0", title_end + 3)
    base, source = name_end + 1, data
    data = data[:base] + lzx.unpacked(data[base:], f"byte 0x{base + 4:X}")
    offsets = [int.from_bytes(data[at : at + 2], "big") for at in range(base, base + 2 + 2 * MOST_TRACKS, 2)]
    # No count stands in the file: the table ends where the first thing it points to begins. 9 tracks, or 16.
    count = min((min(offsets[:10]) - 2) // 2, MOST_TRACKS)
    voice_at, starts = base + offsets[0], [base + offset for offset in offsets[1 : count + 1]]
    if voice_at > len(data) or min(starts, default=len(data)) >= len(data):
        raise SongError(f"byte 0x{base:X}: expected offsets of voices and tracks inside the file")
    # Voices can stand before the tracks: what lies behind them is not a voice.
    voices_end = min([start for start in starts if start > voice_at] + [len(data)])
    title, name = _text(data[:title_end]).strip(), data[title_end + 3 : name_end]
    remarks: list[str] = []
    # A PDX is not missed where the tracks of samples do no more than end.
    needed = any(data[start : start + 1] not in (b"", b"\xf1") for start in starts[FM_TRACKS:])
    pcm = PcmOut(pdx.wanted(name, beside, _text(name), remarks) if needed else None)
    driver = _Driver(data, starts, _voices(data, voice_at, voices_end), pcm)
    loop = driver.run()
    if driver.faults and not driver.writes:
        raise SongError(driver.faults[0][0])
    # One number a write while the driver runs, not a tuple: a fraction of the memory.
    packed = np.array(driver.writes, np.int64)
    writes = np.zeros(len(packed), WRITE)
    writes["time"], writes["address"], writes["data"] = packed >> 16, packed >> 8 & 0xFF, packed & 0xFF
    remarks += [f"{why}: track {number} is played up to there" for why, number in driver.faults] + driver.remarks
    remarks += [f"voice {number} is not in the file" for number in sorted(driver.unknown_voices)]
    if pcm.missing:
        remarks.append(f"samples that are not in {_text(name)}: {', '.join(map(str, sorted(pcm.missing)))}")
    companion = pcm.companion(driver.loop_pcm)
    return Song.of(
        format="MDX",
        rows=writes,
        end=driver.time,
        ticks_per_second=Fraction(CLOCK),
        opms=(Opm(clock=CLOCK),),
        companions=(companion,) if companion else (),
        loop_start=loop,
        intro_passes=1 if loop else 0,
        tags={"title": title} if title else {},
        not_played=(f"ADPCM ({_text(name)})" if name else "ADPCM",) if needed and pcm.pdx is None else (),
        read_remarks=tuple(remarks),
        source=Source(source, title),
    )
