"""The canon of Johann Pachelbel's Canon and Gigue in D (about 1690; public domain), for a Commander X16.

``python -m player.songs.canon`` writes ``canon.zsm`` beside this file. YM2151: channels 1 and 2 the tunes, 3-5 strings,
6 bass, 7 bells, 8 an echo of channel 1. VERA's PSG: broken chords, a note each of voices 1-4 in turn. Its PCM output:
drums, one at a time; a roll is one stroke of the snare in a loop. A bar with a roll stands before the loop.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import opm
from opm import registers

from . import drums
from .mountain_king import BOTH, LEFT, RIGHT, midi, voice

TICKS_PER_SECOND = 60
SIXTEENTH = 8
"""Ticks: 112.5 beats a minute."""
BAR, HALF = 16 * SIXTEENTH, 8 * SIXTEENTH
LOOP, END = 1 * BAR, 9 * BAR
"""Ticks at which the loop begins and ends."""

# fmt: off
LEAD, SECOND, STRINGS, BASS, BELLS, ECHO = 1, 2, (3, 4, 5), 6, 7, 8
BAND = (
    voice("trumpet",   4, 5, 2, 0, BOTH,  (24, 7, 1, 7, 2, 30, 1, 1, 0), (26, 9, 2, 7, 3, 38, 1, 3, 3),
                                          (23, 8, 2, 8, 2, 6, 1, 1, 0), (23, 8, 2, 8, 2, 14, 1, 1, 6)),
    voice("clarinet",  4, 3, 2, 0, RIGHT, (20, 4, 0, 7, 1, 34, 1, 2, 0), (19, 4, 0, 7, 1, 40, 1, 4, 2),
                                          (21, 8, 2, 8, 2, 8, 1, 1, 0), (21, 8, 2, 8, 2, 12, 1, 1, 6)),
    *(voice("strings", 4, 4, 3, 1, pan,   (16, 3, 0, 6, 1, 38, 0, 1, 3), (15, 3, 0, 6, 1, 42, 0, 2, 0),
                                          (16, 4, 1, 6, 1, 19, 0, 1, 7), (17, 4, 1, 6, 1, 22, 0, 1, 2))
      for pan in (LEFT, RIGHT, BOTH)),
    voice("bass",      3, 4, 0, 0, BOTH,  (31, 10, 5, 8, 4, 30, 1, 1, 0), (31, 12, 6, 8, 5, 42, 1, 1, 0),
                                          (31, 9, 4, 8, 4, 38, 1, 0, 2), (31, 9, 5, 9, 3, 4, 1, 1, 0)),
    voice("bells",     6, 2, 0, 2, LEFT,  (31, 10, 6, 6, 4, 30, 1, 7, 0), (31, 9, 5, 6, 4, 12, 1, 2, 1),
                                          (31, 9, 6, 6, 5, 16, 1, 4, 0), (31, 11, 7, 6, 4, 24, 1, 8, 5)),
    voice("echo",      4, 5, 2, 0, LEFT,  (24, 7, 1, 7, 2, 34, 1, 1, 0), (26, 9, 2, 7, 3, 42, 1, 3, 3),
                                          (23, 8, 2, 8, 2, 18, 1, 1, 0), (23, 8, 2, 8, 2, 24, 1, 1, 6)),
)
# fmt: on
CHORDS = (
    "D2 F#4 A4 D5",
    "A1 E4 A4 C#5",
    "B1 F#4 B4 D5",
    "F#1 F#4 A4 C#5",
    "G1 D4 G4 B4",
    "D2 D4 F#4 A4",
    "G1 D4 G4 B4",
    "A1 E4 A4 C#5",
)  # fmt: skip
"""The bass, and three notes above it; half a bar each."""
UPBEAT = "A1 E4 A4 C#5"
# Tunes: notes and their lengths in sixteenths.
THEME = "F#5:8 E5:8 D5:8 C#5:8 B4:8 A4:8 B4:8 C#5:8"
BELOW = "D5:8 C#5:8 B4:8 A4:8 G4:8 F#4:8 G4:8 E4:8"
SINGING = "D5:4 F#5:4 A5:4 G5:4 F#5:4 D5:4 F#5:4 E5:4 D5:4 B4:4 D5:4 A4:4 G4:4 B4:4 A4:4 G4:4"
RUNNING = (
    "A5:2 F#5 G5 A5:2 F#5 G5 A5 A4 B4 C#5 D5 E5 F#5 G5 F#5:2 D5 E5 F#5:2 F#4 G4 A4 B4 A4 G4 A4 F#4 G4 A4 "
    "G4:2 B4 A4 G4:2 F#4 E4 F#4 E4 D4 E4 F#4 G4 A4 B4 G4:2 B4 A4 B4:2 C#5 D5 A4 B4 C#5 D5 E5 F#5 G5 A5"
)

BROKEN = (0, 2, 3, 1, 4, 2, 5, 3)
"""The order in which the PSG breaks a chord: its three notes, then those an octave higher."""
PSG_VOICES, PSG_SIDES, PSG_VOLUME, PSG_FADE = 4, (LEFT, BOTH, RIGHT, BOTH), 60, 2
"""PSG_FADE: steps of volume, of 64, that a note loses every two ticks."""
PSG_LENGTH = PSG_VOICES * SIXTEENTH - 2
"""Ticks of a note: over just before its voice, one of four in turn, has the next."""
PSG_STEP = 25_000_000 / 512 / 2**17
"""Hz for each step of a PSG frequency: VERA's 25 MHz make 48828 samples per second, and phases have 17 bits."""


class Drum(NamedTuple):
    """A PCM sound of the file, and how it is played."""

    data: bytes
    bits: int
    rate: int
    """Value of VERA's AUDIO_RATE, 128 for 48828 Hz."""
    volume: int
    loops: bool = False


def pcm(sound: drums.Sound, bits: int, rate: int, volume: int, loops: bool = False) -> Drum:
    """Return a synthesised sound as a drum."""
    samples = np.round(sound * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}")
    return Drum(samples.tobytes(), bits, rate, volume, loops)


def hertz(rate: int) -> float:
    """Return frames of sound per second at a value of AUDIO_RATE."""
    return 25_000_000 / 512 / 128 * rate


def drum_set() -> dict[str, Drum]:
    """Return the drums by the letters of the patterns."""
    # The kick is dull: a lower rate is enough for it, and so 16 bits cost little.
    skin, wires, metal = 21, 42, 64
    return {
        "K": pcm(drums.drum(hertz(skin), 0.2, 190, 48), 16, skin, 13),
        "S": pcm(drums.snare(hertz(wires)), 8, wires, 12),
        "h": pcm(drums.cymbal(hertz(metal), 0.06), 8, metal, 9),
        "C": pcm(drums.cymbal(hertz(wires), 0.45), 8, wires, 11),
        "R": pcm(drums.snare(hertz(wires), SIXTEENTH / 2 / TICKS_PER_SECOND), 8, wires, 12, loops=True),
    }


LIGHT, FULL = "K.h.h.h.K.h.h.h.", "K.h.S.hK.hK.S.h."
PATTERNS = (
    "R...............", "C.h.h.h.K.h.h.h.", LIGHT, LIGHT, "K.h.h.h.S.h.S.S.",
    "C.h.S.hK.hK.S.h.", FULL, FULL, "K.h.S.h.R.......",
)  # fmt: skip
ROLL_SWELLS = 5
"""Steps of volume by which a roll swells."""


class Score:
    """Collects, by tick, what each of the three chips is told."""

    def __init__(self) -> None:
        self.fm: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.psg: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.pcm: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def note(self, tick: int, length: int, channel: int, pitch: float) -> None:
        """Play a MIDI note on the YM2151."""
        # The key goes up a tick before the end, for the next note of the channel.
        if tick < END:
            self.fm[tick] += [*opm.note(pitch).registers(channel), (registers.KON, registers.ALL_KEYS | channel - 1)]
            self.fm[min(tick + length, END) - 1].append((registers.KON, channel - 1))

    def psg_note(self, tick: int, number: int, pitch: float, volume: int) -> None:
        """Play a MIDI note on the PSG, which fades; each of 16 notes has a wider pulse than the one before."""
        # The PSG has no envelopes: every step of the fade is a write.
        at, side = 4 * (number % PSG_VOICES), PSG_SIDES[number % PSG_VOICES] << 6
        step = round(440 * 2 ** ((pitch - 69) / 12) / PSG_STEP)
        self.psg[tick] += [(at, step & 0xFF), (at + 1, step >> 8), (at + 3, 16 + 3 * (number % 16))]
        for i, later in enumerate(range(tick, tick + PSG_LENGTH, 2)):
            self.psg[later].append((at + 2, side | volume - PSG_FADE * i))
        self.psg[tick + PSG_LENGTH].append((at + 2, 0))


def setup(score: Score) -> None:
    """Set the LFO, send the instruments."""
    # Register 19 twice: bit 7 chooses whether its value is the depth of AM or of PM.
    score.fm[0] += [(0x18, registers.encode(0x18, lfrq=0xC2)), (0x1B, registers.encode(0x1B, w=2))]
    score.fm[0] += [(0x19, registers.encode(0x19, amd=0x20)), (0x19, registers.encode(0x19, pmd=0x14))]
    for channel, sound in enumerate(BAND, 1):
        score.fm[0] += sound.registers(channel)


def play_tune(score: Score, tick: int, tune: str, channel: int) -> None:
    """Play notes one after the other."""
    for token in tune.split():
        name, _, sixteenths = token.partition(":")
        length = SIXTEENTH * int(sixteenths or 1)
        score.note(tick, length - length // 5, channel, midi(name))
        tick += length


def play_chord(score: Score, tick: int, chord: str, first: int) -> None:
    """Play half a bar of bass, strings and broken chords."""
    bass, *notes = (midi(name) for name in chord.split())
    for start, length, octave in ((0, 3, 0), (3, 3, 0), (6, 2, 12)):
        score.note(tick + start * SIXTEENTH, length * SIXTEENTH - 4, BASS, bass + octave)
    for channel, pitch in zip(STRINGS, notes, strict=True):
        score.note(tick, HALF, channel, pitch)
    both = [*notes, *(pitch + 12 for pitch in notes)]
    for i, which in enumerate(BROKEN):
        score.psg_note(tick + i * SIXTEENTH, first + i, both[which], PSG_VOLUME - 4 * (i % 4 > 0))


def play_drums(score: Score, kit: dict[str, Drum]) -> None:
    """Trigger the drums; a roll swells until another drum is struck."""
    # VERA has one FIFO of PCM: each stroke cuts off the one before, and a roll costs no data but its first stroke.
    letters = [*kit]
    rolling: tuple[int, int] | None = None
    for i, letter in enumerate("".join(PATTERNS)):
        tick = i * SIXTEENTH
        if letter != ".":
            drum, rolling = kit[letter], None
            volume = drum.volume - ROLL_SWELLS * drum.loops
            score.pcm[tick] += [(0, volume), (1, drum.rate), (2, letters.index(letter))]
            if drum.loops:
                rolling = tick, END if tick > LOOP else LOOP
        elif rolling:
            start, end = rolling
            score.pcm[tick].append((0, kit["R"].volume - ROLL_SWELLS + ROLL_SWELLS * (tick - start) // (end - start)))


def compose() -> Score:
    """Return the piece."""
    score = Score()
    setup(score)
    chords = [UPBEAT, UPBEAT, *CHORDS, *CHORDS]
    for i, chord in enumerate(chords):
        play_chord(score, i * HALF, chord, i * len(BROKEN))
    again = LOOP + 4 * BAR
    play_tune(score, LOOP, THEME, LEAD)
    play_tune(score, LOOP, BELOW, SECOND)
    play_tune(score, LOOP + 3 * SIXTEENTH, THEME, ECHO)
    play_tune(score, again, RUNNING, LEAD)
    play_tune(score, again, SINGING, SECOND)
    play_tune(score, again, THEME, BELLS)
    play_tune(score, again + 3 * SIXTEENTH, RUNNING, ECHO)
    return score


def commands(score: Score, tick: int) -> Iterator[bytes]:
    """Yield the commands of a tick."""
    if pairs := score.pcm[tick]:
        yield bytes([0x40, 2 * len(pairs)])
        yield from map(bytes, pairs)
    yield from map(bytes, score.psg[tick])
    # Codes 41 to 7F have the number of pairs in them: 63 at most.
    for first in range(0, len(score.fm[tick]), 63):
        pairs = score.fm[tick][first : first + 63]
        yield bytes([0x40 + len(pairs)])
        yield from map(bytes, pairs)


def stream(score: Score) -> tuple[bytes, int]:
    """Return all commands, and where among them the loop begins."""
    data, loop, waited = bytearray(), 0, 0
    busy = [tick for each in (score.fm, score.psg, score.pcm) for tick in each if tick < END]
    for tick in sorted({0, LOOP, END, *busy}):
        data += b"".join(bytes([0x80 + min(127, tick - at)]) for at in range(waited, tick, 127))
        waited = tick
        loop = len(data) if tick == LOOP else loop
        data += b"".join(commands(score, tick)) if tick < END else b"\x80"
    return bytes(data), loop


def table(kit: dict[str, Drum]) -> bytes:
    """Return the PCM part of the file: a table of the sounds, and their data."""
    entries, data = b"", b""
    for number, drum in enumerate(kit.values()):
        entries += bytes([number, 0x20 if drum.bits == 16 else 0])
        entries += len(data).to_bytes(3, "little") + len(drum.data).to_bytes(3, "little")
        # A sound that loops goes back to its first byte, 0; four more bytes are not used.
        entries += bytes([0x80 * drum.loops]) + bytes(7)
        data += drum.data
    return b"PCM" + bytes([len(kit) - 1]) + entries + data


def zsm() -> bytes:
    """Return the song as a file."""
    score, kit = compose(), drum_set()
    play_drums(score, kit)
    code, loop = stream(score)
    head = b"zm\x01" + (16 + loop).to_bytes(3, "little") + (16 + len(code)).to_bytes(3, "little")
    head += b"\xff" + int(2**PSG_VOICES - 1).to_bytes(2, "little") + TICKS_PER_SECOND.to_bytes(2, "little") + bytes(2)
    return head + code + table(kit)


if __name__ == "__main__":
    (Path(__file__).parent / "canon.zsm").write_bytes(zsm())
