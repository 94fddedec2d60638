"""MDX, the X68000's music (MXDRV): byte code for a driver ticked by timer B. Its FM part is played.

Not a register log: the driver is run here, and what it writes is the song. Tracks A-H are the FM channels; the
ADPCM tracks are followed for their tempo and sync commands and otherwise named as not played. Source:
FORMATS.md section 5. Times are master clocks of 4 MHz.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ..song import WRITE, Loop, Song, SongError

CLOCK = 4_000_000
FM_TRACKS = 8
MOST_TRACKS = 16
VOICE_BYTES = 27
LONGEST = 2 * 3600 * CLOCK
MOST_COMMANDS = 20_000
"""Commands of a track without a note or rest between them: more is an endless loop."""
TUNING = 5
HIGHEST_PITCH = 0x17FF
KEY_CODES = [octave << 4 | code for octave in range(8) for code in (0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14)]
VOLUMES = (0x2A, 0x28, 0x25, 0x22, 0x20, 0x1D, 0x1A, 0x18, 0x15, 0x12, 0x10, 0x0D, 0x0A, 0x08, 0x05, 0x02)
CARRIERS = (0x8, 0x8, 0x8, 0x8, 0xC, 0xE, 0xE, 0xF)
"""Bit n: register group n (M1 M2 C1 C2) is a carrier, by algorithm."""
SAW, SQUARE, TRIANGLE, RANDOM = 0, 1, 2, 3
ARGUMENTS = {
    0xFF: 1, 0xFE: 2, 0xFD: 1, 0xFC: 1, 0xFB: 1, 0xF8: 1, 0xF6: 2, 0xF5: 2, 0xF4: 2, 0xF3: 2, 0xF2: 2,
    0xF0: 1, 0xEF: 1, 0xED: 1, 0xE9: 1, 0xE7: 2,
}  # fmt: skip


def recognise(data: bytes) -> bool:
    """Look for the title's end, the PDX name's end and a sound offset table behind them."""
    title = data.find(b"\r\n\x1a", 0, 1024)
    name = data.find(b"\0", title + 3, title + 300) if title >= 0 else -1
    return name >= 0 and len(data) > name + 20


@dataclass
class _SoftwareLfo:
    """A pitch or amplitude LFO: ``value`` counts in 1/256 of a step."""

    wave: int = SAW
    period: int = 0
    depth: int = 0
    on: bool = False
    value: int = 0
    slope: int = 0
    left: int = 0
    seed: int = 1

    def start(self) -> None:
        """Begin at key-on."""
        self.left = self.period if self.wave in (SQUARE, RANDOM) else max(1, self.period // 2)
        self.slope = self.depth
        self.value = self.depth if self.wave == SQUARE else 0

    def step(self) -> None:
        """Advance by a tick."""
        if not self.on or not self.period:
            return
        if self.wave in (SAW, TRIANGLE):
            self.value += self.slope
        self.left -= 1
        if self.left > 0:
            return
        self.left = self.period
        if self.wave == TRIANGLE:
            self.slope = -self.slope
        elif self.wave == RANDOM:
            self.seed = (self.seed * 0xC549 + 0xC) & 0xFFFF
            self.value = self.depth * (self.seed - 0x8000) >> 15
        else:
            self.value = -self.value


@dataclass
class _Track:
    """One track's place in the byte code and its sound."""

    number: int
    at: int
    wait: int = 1
    gate: int = 0
    key_on_in: int = -1
    keyed: bool = False
    ended: bool = False
    waiting: bool = False
    released: bool = False
    loops: int = 0
    voice: bytes = bytes(VOICE_BYTES)
    load_voice: bool = False
    volume: int = 8
    pan: int = 3
    quantise: int = 8
    tie: bool = False
    tied: bool = False
    note: int = 0
    detune: int = 0
    portamento: int = 0
    glide: int = 0
    delay: int = 0
    lfo_delay: int = 0
    lfo_in: int = 0
    pitch_lfo: _SoftwareLfo = field(default_factory=_SoftwareLfo)
    level_lfo: _SoftwareLfo = field(default_factory=_SoftwareLfo)
    sensitivity: int = 0
    sync_lfo: bool = False
    pitch_sent: int = -1
    level_sent: int = -1
    repeats: dict[int, int] = field(default_factory=dict)


class _Driver:
    """Runs all tracks tick by tick and collects register writes."""

    def __init__(self, data: bytes, starts: list[int], voices: dict[int, bytes]) -> None:
        self.data, self.voices = data, voices
        self.tracks = [_Track(i, at) for i, at in enumerate(starts)]
        self.time = 0
        self.tempo = 200
        self.fade_speed = self.fade_left = self.fade = 0
        self.writes: list[tuple[int, int, int, int]] = []
        self.unknown_voices: set[int] = set()

    def run(self) -> Loop | None:
        """Play until all tracks have ended, or the slowest has come round twice; return the loop between the two."""
        rounds: list[Loop] = []
        while any(not track.ended for track in self.tracks) and self.time < LONGEST:
            for track in self.tracks:
                self.tick(track)
            self.fade_out()
            going = [track.loops for track in self.tracks if not track.ended and not track.waiting]
            if going and min(going) > len(rounds):
                rounds.append(Loop(self.time, len(self.writes)))
                if len(rounds) == 2:
                    return rounds[0] if rounds[1].tick > rounds[0].tick else None
            elif not going:
                break
            self.time += (256 - self.tempo) * 1024
        return None

    def write(self, track: _Track, address: int, value: int) -> None:
        """Write a register; ADPCM tracks write none."""
        if track.number < FM_TRACKS:
            self.writes.append((self.time, 0, address & 0xFF, value & 0xFF))

    def tick(self, track: _Track) -> None:
        """One tick of a track."""
        if track.ended:
            return
        if track.keyed and track.gate > 0:
            track.gate -= 1
            if track.gate == 0:
                self.key_off(track)
        if not track.waiting:
            track.wait -= 1
        commands = 0
        while track.wait <= 0 and not track.ended and not track.waiting:
            commands += 1
            if commands > MOST_COMMANDS:
                raise SongError(f"byte 0x{track.at:X}: expected a note or rest, the track goes round without one")
            self.command(track)
        self.move(track)

    def move(self, track: _Track) -> None:
        """Portamento, LFOs, the delayed key-on, and what they change in the registers."""
        if track.key_on_in >= 0:
            if track.key_on_in == 0:
                self.key_on(track)
            track.key_on_in -= 1
        else:
            track.glide += track.portamento
            if track.lfo_in > 0:
                track.lfo_in -= 1
            else:
                track.pitch_lfo.step()
                track.level_lfo.step()
        if track.keyed:
            self.send_pitch(track)
        self.send_level(track)

    def key_on(self, track: _Track) -> None:
        """Sound the note, unless it is tied to the one before."""
        if track.load_voice:
            self.send_voice(track)
        if not track.tied:
            track.lfo_in = track.lfo_delay
            track.pitch_lfo.start()
            track.level_lfo.start()
            if track.sync_lfo:
                self.write(track, 0x01, 0x02)
                self.write(track, 0x01, 0x00)
        self.send_pitch(track)
        self.send_level(track)
        self.write(track, 0x08, (track.voice[2] & 15) << 3 | track.number)
        track.keyed = True

    def key_off(self, track: _Track) -> None:
        """Release the note."""
        if track.keyed:
            self.write(track, 0x08, track.number)
        track.keyed = False

    def send_pitch(self, track: _Track) -> None:
        """Write KF, then KC, if the pitch has changed."""
        word = track.note * 64 + TUNING + track.detune + (track.glide >> 8) + (track.pitch_lfo.value >> 8)
        word = min(max(word, 0), HIGHEST_PITCH)
        if word != track.pitch_sent:
            track.pitch_sent = word
            self.write(track, 0x30 + track.number, word << 2)
            self.write(track, 0x28 + track.number, KEY_CODES[word >> 6])

    def send_level(self, track: _Track) -> None:
        """Write the carriers' TL if volume, fade or LFO have changed."""
        volume = track.volume
        level = (volume & 0x7F if volume & 0x80 else VOLUMES[volume & 15]) + self.fade
        level += abs(track.level_lfo.value) >> 8 if track.level_lfo.on else 0
        if level == track.level_sent:
            return
        track.level_sent = level
        for group in range(4):
            if CARRIERS[track.voice[1] & 7] >> group & 1:
                total = min(track.voice[7 + group] + level, 0x7F)
                self.write(track, 0x60 + 8 * group + track.number, total)

    def send_voice(self, track: _Track) -> None:
        """Load a voice; its carriers stay silent until the level is sent."""
        voice, channel = track.voice, track.number
        for i in range(24):
            value = voice[3 + i]
            if i >> 2 == 1 and CARRIERS[voice[1] & 7] >> (i & 3) & 1:
                value = 0x7F
            self.write(track, 0x40 + 0x20 * (i >> 2) + 8 * (i & 3) + channel, value)
        self.write(track, 0x20 + channel, track.pan << 6 | voice[1] & 0x3F)
        track.load_voice, track.level_sent = False, -1

    def fade_out(self) -> None:
        """Raise the attenuation a step each few ticks; the end of it ends the song."""
        if not self.fade_speed:
            return
        self.fade_left -= 1
        if self.fade_left <= 0:
            self.fade_left = self.fade_speed
            self.fade += 1
            if self.fade > 0x7F:
                for track in self.tracks:
                    self.key_off(track)
                    track.ended = True

    def byte(self, track: _Track, at: int) -> int:
        """Return a byte of the track's code."""
        if not 0 <= at < len(self.data):
            raise SongError(f"byte 0x{max(at, 0):X}: track {track.number + 1} runs out of the file")
        return self.data[at]

    def word(self, track: _Track, at: int) -> int:
        """Return a signed 16-bit number of the track's code."""
        value = self.byte(track, at) << 8 | self.byte(track, at + 1)
        return value - 0x10000 if value & 0x8000 else value

    def command(self, track: _Track) -> None:
        """Take one command."""
        at = track.at
        code = self.byte(track, at)
        if code < 0x80:
            self.rest(track, code + 1)
            track.at += 1
        elif code < 0xE0:
            self.play(track, code - 0x80, self.byte(track, at + 1) + 1)
            track.at += 2
        elif code == 0xF1:
            self.end_or_loop(track)
        elif code in (0xEA, 0xEB, 0xEC):
            self.lfo(track, code)
        else:
            count = ARGUMENTS.get(code, 0)
            first = self.byte(track, at + 1) if count else 0
            track.at += 1 + count
            if code in (0xF4, 0xF5, 0xF6):
                self.repeat(track, code, at)
            elif code in (0xF3, 0xF2):
                self.bend(track, code, self.word(track, at + 1))
            elif code in (0xFE, 0xE7):
                self.two_bytes(track, code, first, self.byte(track, at + 2))
            else:
                self.set(track, code, first)

    def rest(self, track: _Track, length: int) -> None:
        """Be silent for some ticks."""
        if not track.tied:
            self.key_off(track)
        track.wait, track.tied, track.portamento = length, False, 0

    def play(self, track: _Track, note: int, length: int) -> None:
        """Play a note: gate time by the quantisation, none if it is tied to the next."""
        track.note, track.wait = note, length
        track.glide = 0
        q = track.quantise
        gate = length * q // 8 if q <= 8 else length - (256 - q)
        track.tied = track.keyed
        track.gate = 0 if track.tie else max(1, gate) if gate < length else length
        track.key_on_in = track.delay
        track.tie = False

    def end_or_loop(self, track: _Track) -> None:
        """F1 00 ends the track, F1 and an offset goes back."""
        if self.byte(track, track.at + 1) == 0:
            self.key_off(track)
            track.ended = True
            return
        offset = self.word(track, track.at + 1)
        track.at += 3 + offset
        track.loops += 1
        self.byte(track, track.at)

    def repeat(self, track: _Track, code: int, at: int) -> None:
        """F6 starts, F5 goes back, F4 leaves on the last pass; offsets count from behind the command."""
        if code == 0xF6:
            track.repeats[track.at] = self.byte(track, at + 1)
            return
        target = track.at + self.word(track, at + 1)
        if code == 0xF5:
            left = track.repeats.get(target, 1) - 1
            track.repeats[target] = left
            if left > 0:
                track.at = target
            return
        operand = target if self.byte(track, target - 1) == 0xF5 else target + 1
        if self.byte(track, operand - 1) != 0xF5:
            raise SongError(f"byte 0x{at:X}: expected the end of a repeat at 0x{max(target, 0):X}")
        start = operand + 2 + self.word(track, operand)
        if track.repeats.get(start, 1) == 1:
            track.at = operand + 2

    def bend(self, track: _Track, code: int, value: int) -> None:
        """F3 detune, F2 portamento for the note that follows."""
        if code == 0xF3:
            track.detune = value
        else:
            track.portamento = value

    def two_bytes(self, track: _Track, code: int, first: int, second: int) -> None:
        """FE writes a register, E7 01 fades out."""
        if code == 0xFE:
            self.writes.append((self.time, 0, first, second))
            if first == 0x12:
                self.tempo = second
        elif first == 1:
            self.fade_speed = self.fade_left = second + 1

    def set(self, track: _Track, code: int, value: int) -> None:
        """Commands that set something."""
        if code == 0xFF:
            self.tempo = value
        elif code == 0xFD:
            self.set_voice(track, value)
        elif code == 0xFC:
            track.pan = value & 3
            self.write(track, 0x20 + track.number, track.pan << 6 | track.voice[1] & 0x3F)
        elif code == 0xFB:
            track.volume = value
        elif code in (0xFA, 0xF9):
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
        elif code == 0xE9:
            track.lfo_delay = value
        elif code in (0xEE, 0xEF):
            self.sync(track, code, value)

    def set_voice(self, track: _Track, number: int) -> None:
        """FD on an FM track: the voice is loaded with the next note."""
        if track.number >= FM_TRACKS:
            return
        if number in self.voices:
            track.voice, track.load_voice = self.voices[number], True
        else:
            self.unknown_voices.add(number)

    def sync(self, track: _Track, code: int, value: int) -> None:
        """EE waits for another track's EF."""
        if code == 0xEE:
            track.waiting = not track.released
            track.released = False
        elif value < len(self.tracks):
            other = self.tracks[value]
            other.released = not other.waiting
            if other.waiting:
                other.waiting, other.wait = False, 1

    def lfo(self, track: _Track, code: int) -> None:
        """EC pitch, EB amplitude, EA the chip's own LFO: on, off, or all its values."""
        kind = self.byte(track, track.at + 1)
        at = track.at + 2
        track.at = at if kind & 0x80 else at + 4
        if code == 0xEA:
            self.hardware_lfo(track, kind, at)
            return
        lfo = track.pitch_lfo if code == 0xEC else track.level_lfo
        lfo.on = kind != 0x80
        if kind & 0x80:
            lfo.value = 0
            return
        lfo.wave = kind & 3
        lfo.period = self.word(track, at) & 0xFFFF
        lfo.depth = self.word(track, at + 2) * (256 if kind & 4 else 1)
        lfo.start()

    def hardware_lfo(self, track: _Track, kind: int, at: int) -> None:
        """EA."""
        if not kind & 0x80:
            track.sync_lfo = bool(kind & 0x40)
            self.write(track, 0x1B, kind & 3)
            self.write(track, 0x18, self.byte(track, at))
            self.write(track, 0x19, self.byte(track, at + 1) | 0x80)
            self.write(track, 0x19, self.byte(track, at + 2) & 0x7F)
            track.sensitivity = self.byte(track, at + 3)
        self.write(track, 0x38 + track.number, 0 if kind == 0x80 else track.sensitivity)


def _voices(data: bytes, at: int, end: int) -> dict[int, bytes]:
    """Return the voices by their numbers."""
    return {data[i]: data[i : i + VOICE_BYTES] for i in range(at, end - VOICE_BYTES + 1, VOICE_BYTES)}


def read(data: bytes, time_unit: str | None = None) -> Song:
    """Read an MDX file. ``time_unit`` has no meaning here."""
    title_end = data.find(b"\r\n\x1a")
    name_end = data.find(b"\0", title_end + 3)
    base = name_end + 1
    if data[base + 4 : base + 7] == b"LZX":
        raise SongError(f"byte 0x{base + 4:X}: expected a plain MDX file, this one is packed with LZX: unpack it first")
    offsets = [int.from_bytes(data[at : at + 2], "big") for at in range(base, base + 2 + 2 * MOST_TRACKS, 2)]
    count = min((min(offsets[:10]) - 2) // 2, MOST_TRACKS)
    if count < 1 or base + max(offsets[: count + 1]) > len(data):
        raise SongError(f"byte 0x{base:X}: expected offsets of voices and tracks inside the file")
    voice_at = base + offsets[0]
    later = [base + offset for offset in offsets[1 : count + 1] if base + offset > voice_at]
    starts = [base + offset for offset in offsets[1 : count + 1]]
    driver = _Driver(data, starts, _voices(data, voice_at, min(later, default=len(data))))
    loop = driver.run()
    notes = [f"voice {number} is not in the file" for number in sorted(driver.unknown_voices)]
    pcm = any(data[start : start + 1] not in (b"", b"\xf1") for start in starts[FM_TRACKS:])
    pdx = data[title_end + 3 : name_end].decode("cp932", errors="replace")
    return Song(
        format="MDX",
        writes=np.array(driver.writes, WRITE),
        length=driver.time,
        rate=Fraction(CLOCK),
        clock=CLOCK,
        loop=loop,
        tags={"title": title} if (title := data[:title_end].decode("cp932", errors="replace").strip()) else {},
        not_played=(f"ADPCM ({pdx})" if pdx else "ADPCM",) if pcm else (),
        notes=notes,
    )
