"""Sakura Sakura (Japanese, before 1888; public domain), for an X68000 with PCM8.

``python -m player.songs.sakura`` writes ``sakura.mdx``, and its samples as ``sakura.pdx``, beside this file. Tracks: A
the tune, B its echo, C-E chords, F bass, G a koto's broken chords, H the tune again, high; P kick, Q snare, R hi-hat,
S toms, T crash. A bar of drums stands before the loop.
"""

from itertools import chain, pairwise
from pathlib import Path

import numpy as np

import opm
from opm.board.oki import DIFFERENCE, NEXT_STEP

from . import drums
from .mountain_king import BOTH, LEFT, RIGHT, midi, voice

TITLE = "さくらさくら"
PDX = "sakura.pdx"
TEMPO = 223
"""A tick takes 256 us times 256 less this: 148 beats a minute."""
SIXTEENTH = 12
"""Ticks."""
BAR = 16 * SIXTEENTH
LOUDEST = 1900
"""The largest value of a drum, of the 2047 that ADPCM can reach."""
LOWEST = 15
"""MIDI number of note 0 of a track."""
NOTE, LONGEST, LONGEST_REST = 0x80, 0x100, 0x80
PCM8, LFO_DELAY, PITCH_LFO, RATE, KEY_DELAY, JUMP, GATE, VOLUME, PAN, VOICE, SPEED = (
    0xE8, 0xE9, 0xEC, 0xED, 0xF0, 0xF1, 0xF8, 0xFB, 0xFC, 0xFD, 0xFF
)  # fmt: skip
"""Commands of the byte code."""

# fmt: off
FLUTE, PAD, DEEP, PLUCK = range(4)
VOICES = (
    voice("flute",  4, 3, 0, 0, BOTH, (18, 9, 1, 7, 3, 36, 1, 2, 0), (28, 15, 0, 9, 12, 40, 1, 5, 0),
                                      (20, 6, 1, 8, 1, 4, 1, 1, 0), (19, 7, 1, 8, 2, 11, 1, 1, 3)),
    voice("pad",    4, 5, 0, 0, BOTH, (17, 4, 0, 6, 1, 36, 0, 1, 3), (16, 4, 0, 6, 1, 42, 0, 2, 0),
                                      (18, 5, 1, 6, 1, 8, 0, 1, 7), (18, 5, 1, 6, 1, 12, 0, 1, 2)),
    voice("bass",   3, 4, 0, 0, BOTH, (31, 10, 5, 8, 4, 30, 1, 1, 0), (31, 12, 6, 8, 5, 42, 1, 1, 0),
                                      (31, 9, 4, 8, 4, 38, 1, 0, 2), (31, 9, 6, 9, 3, 4, 1, 1, 0)),
    voice("koto",   4, 5, 0, 0, BOTH, (31, 16, 8, 7, 5, 26, 2, 3, 0), (31, 14, 7, 7, 6, 34, 1, 1, 3),
                                      (31, 12, 8, 7, 4, 2, 2, 1, 0), (31, 13, 8, 7, 5, 8, 1, 2, 7)),
)
# fmt: on
MELODY = (
    "A4:4 A4:4 B4:8 A4:4 A4:4 B4:8 A4:4 B4:4 C5:4 B4:4 A4:4 B4:2 A4:2 F4:8 "
    "E4:4 C4:4 E4:4 F4:4 E4:4 E4:2 C4:2 B3:8 A4:4 B4:4 C5:4 B4:4 A4:4 B4:2 A4:2 F4:8 "
    "E4:4 C4:4 E4:4 F4:4 E4:4 E4:2 C4:2 B3:8 A4:4 A4:4 B4:8 A4:4 A4:4 B4:8 "
    "E4:4 F4:4 B4:2 A4:2 F4:4 E4:16"
)
"""Notes and their lengths in sixteenths."""
HARMONY = (
    "A1 A3 C4 E4", "F1 A3 C4 E4", "A1 A3 C4 E4", "D2 A3 D4 F4", "C2 G3 C4 E4", "E1 A3 B3 E4", "A1 A3 C4 E4",
    "D2 A3 D4 F4", "F1 A3 C4 F4", "E1 A3 B3 E4", "A1 A3 C4 E4", "F1 A3 C4 E4", "D2 A3 D4 F4", "E1 B3 E4 B4",
)  # fmt: skip
"""The bass, and three notes above it, a bar each."""
BROKEN = (0, 1, 2, 3, 4, 5, 4, 3, 2, 3, 4, 5, 4, 3, 2, 1)
"""The order in which the koto breaks a chord: its three notes, then those an octave higher."""
BASS = ((0, 4), (0, 2), (12, 2), (0, 2), (0, 2), (7, 2), (12, 2))
"""Semitones above the bass, and lengths in sixteenths."""
HIGH_FROM = 6
"""The bar from which the tune is also played an octave higher."""

KICK, SNARE, HAT, TOM, CRASH = range(5)
"""Numbers of the samples, each of which has a track."""
STROKES = {
    "K": (KICK, 7, 4), "S": (SNARE, 8, 4), "s": (SNARE, 5, 4), "h": (HAT, 7, 4), "T": (TOM, 6, 4),
    "t": (TOM, 6, 3), "C": (CRASH, 7, 4),
}  # fmt: skip
"""Sample, volume and rate: the lower tom is the higher one, played slower."""
INTRO = ("K...K...K...K...", "............s.sS", "h.......h.......", "....T.t.T.t.T.t.", "................")
BEATS = (
    ("K.....K.K.K.....", "....S.......S...", "h.h.h.h.h.h.h.h.", "................", "................"),
    ("K.....K.K...K.K.", "....S..s....S..s", "h.h.h.h.h.h.h.hh", "..............t.", "................"),
)
FILL = ("K.....K.K.......", "....S..s....sSsS", "h.h.h.h.........", "........TTTtTttt", "................")
CRASHES = (0, 6, 10)
"""Bars that begin with a crash."""


class Track:
    """The byte code of a track, which plays from its beginning and loops to a mark."""

    def __init__(self, first: bytes = b"") -> None:
        self.code = bytearray(first)
        self._mark = 0

    def begin(self, *commands: bytes) -> None:
        """Begin the loop after a bar of rest."""
        # Inside the loop, so that every round sets all anew: a round unlike the others makes a VGM of the song longer.
        self.rest(BAR)
        self.mark()
        self.code += b"".join(commands)

    def add(self, *data: int) -> None:
        """Add bytes of commands."""
        self.code += bytes(data)

    def note(self, number: int, ticks: int) -> None:
        """Play a note or a sample by its number, from 0."""
        self.add(NOTE + number, ticks - 1)

    def rest(self, ticks: int) -> None:
        """Wait, with as many commands as that takes."""
        for done in range(0, ticks, LONGEST_REST):
            self.add(min(LONGEST_REST, ticks - done) - 1)

    def mark(self) -> None:
        """Let the loop begin here."""
        self._mark = len(self.code)

    def looped(self) -> bytes:
        """Return the code, with the jump at its end."""
        # The jump counts from behind itself, three bytes on.
        back = self._mark - len(self.code) - 3
        return bytes(self.code) + bytes([JUMP]) + back.to_bytes(2, "big", signed=True)

    def tune(self, notes: str, octaves: int = 0) -> None:
        """Play notes one after the other."""
        for token in notes.split():
            name, _, sixteenths = token.partition(":")
            self.note(midi_number(name) + 12 * octaves, SIXTEENTH * int(sixteenths))


def midi_number(name: str) -> int:
    """Return the number that a note such as C#3 has in a track."""
    return round(midi(name)) - LOWEST


def instrument(number: int, volume: int, pan: int, gate: int = 8) -> bytes:
    """Return the commands that choose an instrument; ``gate`` is the share of a note that is held, in eighths."""
    return bytes([VOICE, number, VOLUME, volume, PAN, pan, GATE, gate])


def vibrato(delay: int, period: int, depth: int) -> bytes:
    """Return the commands of a software LFO: a triangle on the pitch, which begins after a delay."""
    # The driver's, not the chip's: there is one of those, and it has no delay.
    return bytes([LFO_DELAY, delay, PITCH_LFO, 2]) + period.to_bytes(2, "big") + depth.to_bytes(2, "big")


def melodies() -> list[Track]:
    """Return tracks A, B and H: the tune, its echo by a late key-on, and its second half an octave higher."""
    tune = Track(bytes([PCM8, SPEED, TEMPO]))
    tune.begin(instrument(FLUTE, 15, BOTH, 7), vibrato(20, 10, 600))
    echo = Track()
    echo.begin(instrument(FLUTE, 11, RIGHT), bytes([KEY_DELAY, 3 * SIXTEENTH // 2]))
    high = Track()
    high.begin(instrument(PLUCK, 14, BOTH))
    tune.tune(MELODY)
    echo.tune(MELODY)
    high.rest(HIGH_FROM * BAR)
    high.tune(behind(MELODY, HIGH_FROM * BAR // SIXTEENTH), 1)
    return [tune, echo, high]


def behind(notes: str, sixteenths: int) -> str:
    """Return the notes that come after so many sixteenths."""
    tokens = notes.split()
    while sixteenths > 0:
        sixteenths -= int(tokens.pop(0).partition(":")[2])
    return " ".join(tokens)


def harmonies() -> list[Track]:
    """Return tracks C to G: three of chords, bass and koto."""
    *pads, bass, koto = (Track() for _ in range(5))
    for track, pan in zip(pads, (LEFT, RIGHT, BOTH), strict=True):
        track.begin(instrument(PAD, 14, pan))
    bass.begin(instrument(DEEP, 15, BOTH, 7))
    koto.begin(instrument(PLUCK, 14, LEFT))
    for chord in HARMONY:
        low, *notes = map(midi_number, chord.split())
        for track, note in zip(pads, notes, strict=True):
            track.note(note, BAR)
        for semitones, sixteenths in BASS:
            bass.note(low + semitones, SIXTEENTH * sixteenths)
        both = [*notes, *(note + 12 for note in notes)]
        for which in BROKEN:
            koto.note(both[which] + 12, SIXTEENTH)
    return [*pads, bass, koto]


def drummers() -> list[Track]:
    """Return tracks P to T, one for each sample."""
    bars = [BEATS[bar % 2] for bar in range(len(HARMONY) - 1)]
    made = []
    for sample in (KICK, SNARE, HAT, TOM, CRASH):
        track = Track(bytes([PAN, BOTH, GATE, 8]))
        strike(track, INTRO[sample])
        track.mark()
        played = "".join(bar[sample] for bar in [*bars, FILL])
        if sample == CRASH:
            played = "".join(("C" if bar in CRASHES else ".").ljust(16, ".") for bar in range(len(HARMONY)))
        strike(track, played)
        made.append(track)
    return made


def strike(track: Track, pattern: str) -> None:
    """Play a pattern; a sample sounds until the next one, but for a bar at most."""
    # A note is 256 ticks at most, and a bar 192.
    silent = len(pattern) - len(pattern.lstrip("."))
    track.rest(silent * SIXTEENTH)
    places = [i for i, letter in enumerate(pattern) if letter != "."]
    for place, after in pairwise([*places, len(pattern)]):
        sample, volume, rate = STROKES[pattern[place]]
        ticks = (after - place) * SIXTEENTH
        track.add(VOLUME, volume, RATE, rate)
        track.note(sample, min(ticks, BAR))
        track.rest(ticks - min(ticks, BAR))


def samples() -> list[bytes]:
    """Return the drums as ADPCM, by their numbers."""
    rate = 15_625
    return [
        adpcm(drums.drum(rate, 0.22, 260, 80)),
        adpcm(drums.snare(rate, 0.2)),
        adpcm(drums.cymbal(rate, 0.07)),
        adpcm(drums.drum(rate, 0.25, 330, 190)),
        adpcm(drums.cymbal(rate, 1.0)),
    ]


def adpcm(sound: drums.Sound) -> bytes:
    """Encode a sound as OKI ADPCM, the low nibble first."""
    # Greedy: of the 16 values that the decoder can reach next, always the nearest.
    wanted = np.round(LOUDEST * sound).astype(int).tolist()
    level, step, nibbles = 0, 0, []
    for value in wanted + [0] * (len(wanted) % 2):
        reached = np.clip(level + DIFFERENCE[step], -2047, 2047)
        nibble = int(np.abs(reached - value).argmin())
        nibbles.append(nibble)
        level, step = int(reached[nibble]), int(NEXT_STEP[step, nibble])
    return bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))


def pdx() -> bytes:
    """Return the PDX file: a table of 96 samples, most of them empty, and their data."""
    table, data = b"", b""
    for sound in samples():
        table += (8 * 96 + len(data)).to_bytes(4, "big") + len(sound).to_bytes(4, "big")
        data += sound
    return table.ljust(8 * 96, b"\0") + data


def voice_bytes(number: int, sound: opm.Voice) -> bytes:
    """Return a voice as the file has it: registers 40 to E0, each for its four operators."""
    rows = zip(*(operator.data() for operator in sound.ops), strict=True)
    return bytes([number, sound.fb << 3 | sound.con, sound.slots, *chain.from_iterable(rows)])


def mdx() -> bytes:
    """Return the MDX file."""
    tune, echo, high = melodies()
    tracks = [tune, echo, *harmonies(), high, *drummers()]
    code = [track.looped() for track in tracks] + [bytes([JUMP, 0])] * (16 - len(tracks))
    voices = b"".join(voice_bytes(number, sound) for number, sound in enumerate(VOICES))
    sizes = [len(part) for part in code]
    starts = [2 + 2 * len(code) + sum(sizes[:i]) for i in range(len(code) + 1)]
    # The voices, behind all tracks, come first in the table.
    offsets = b"".join(start.to_bytes(2, "big") for start in [starts[-1], *starts[:-1]])
    head = TITLE.encode("cp932") + b"\r\n\x1a" + PDX.encode() + b"\0"
    return head + offsets + b"".join(code) + voices


if __name__ == "__main__":
    here = Path(__file__).parent
    (here / "sakura.mdx").write_bytes(mdx())
    (here / PDX).write_bytes(pdx())
