"""In the Hall of the Mountain King (Edvard Grieg, 1875; public domain), arranged for one YM2151.

``python -m player.songs.mountain_king`` writes ``mountain_king.log`` (JSON) and ``mountain_king.vgm`` beside
this file. Channels: 1 bassoon, 2 clarinet, 3 strings, 4 and 5 pizzicato left and right, 6 bass, 7 bells, 8 drums
(noise on C2, a kick on the other operators). The VGM goes back to the beginning.
"""

from pathlib import Path

import numpy as np

import opm
from opm import Operator, Voice, registers
from opm.song import WRITE, Loop, Song
from opm.song.writers import json_log, vgm

RATE = opm.REFERENCE_CLOCK / 64
LEFT, RIGHT, BOTH = 1, 2, 3


def voice(name: str, con: int, fb: int, pms: int, ams: int, pan: int, *ops: tuple[int, ...]) -> Voice:
    """Return an instrument: AR D1R D2R RR D1L TL KS MUL DT1 of M1, M2, C1, C2."""
    # Tremolo for the carriers only: on a modulator it would change the tone instead of the loudness.
    names = ("ar", "d1r", "d2r", "rr", "d1l", "tl", "ks", "mul", "dt1")
    tremolo = Voice(con=con).carriers if ams else ()
    operators = (
        Operator(**dict(zip(names, values, strict=True)), ams_en=int(i in tremolo)) for i, values in enumerate(ops)
    )
    return Voice(name, con, fb, pan, pms, ams, ops=tuple(operators))


# fmt: off
BAND = (
    voice("bassoon",   4, 5, 1, 0, LEFT,  (24, 6, 2, 7, 2, 34, 1, 1, 0), (22, 6, 2, 7, 2, 40, 1, 3, 1),
                                          (25, 9, 5, 8, 3, 12, 1, 1, 0), (25, 9, 5, 8, 3, 18, 1, 2, 5)),
    voice("clarinet",  4, 3, 3, 0, BOTH,  (20, 4, 0, 7, 1, 32, 1, 2, 0), (19, 4, 0, 7, 1, 38, 1, 4, 2),
                                          (21, 8, 3, 8, 2, 16, 1, 1, 0), (21, 8, 3, 8, 2, 20, 1, 1, 6)),
    voice("strings",   2, 6, 4, 1, RIGHT, (17, 3, 0, 6, 1, 36, 0, 1, 3), (16, 3, 0, 6, 1, 40, 0, 2, 0),
                                          (16, 3, 0, 6, 1, 34, 0, 1, 7), (18, 4, 1, 7, 1, 16, 0, 1, 0)),
    *(voice("pizzicato", 5, 4, 0, 0, pan, (31, 18, 12, 8, 5, 30, 2, 3, 0), (31, 15, 10, 9, 6, 22, 1, 1, 1),
                                          (31, 15, 11, 9, 6, 20, 1, 1, 0), (31, 16, 12, 9, 6, 26, 1, 2, 5))
      for pan in (LEFT, RIGHT)),
    voice("bass",      3, 4, 0, 0, BOTH,  (31, 10, 5, 8, 4, 30, 1, 1, 0), (31, 12, 6, 8, 5, 42, 1, 1, 0),
                                          (31, 9, 4, 8, 4, 38, 1, 0, 2), (31, 9, 6, 9, 3, 8, 1, 1, 0)),
    voice("bells",     6, 2, 0, 2, BOTH,  (31, 12, 8, 6, 4, 34, 1, 7, 0), (31, 11, 8, 6, 5, 24, 1, 4, 1),
                                          (31, 10, 7, 6, 5, 26, 1, 8, 0), (31, 12, 7, 6, 4, 30, 1, 12, 5)),
    voice("drums",     7, 0, 0, 0, BOTH,  (31, 20, 16, 12, 15, 14, 0, 0, 0), (31, 21, 17, 12, 15, 20, 0, 1, 0),
                                          (31, 22, 18, 12, 15, 30, 0, 0, 0), (31, 17, 16, 12, 14, 10, 0, 1, 0)),
)
# fmt: on
BASSOON, CLARINET, STRINGS, PIZZ_L, PIZZ_R, BASS, BELLS, DRUMS = range(1, 9)
KICK, HAT = registers.ALL_KEYS, 0x40
"""Keys of register 08: all operators of channel 8, or only C2, which the chip can replace by noise there."""

# Each strain: notes of the melody with their lengths in eighths, and a chord (root, third, fifth) each half bar.
STRAIN_A = (
    "B2 C#3 D3 E3 F#3 D3 F#3:2 F3 C#3 F3:2 E3 C3 E3:2 "
    "B2 C#3 D3 E3 F#3 D3 F#3 B3 A3 F#3 D3 F#3 A3:4"
)  # fmt: skip
CHORDS_A = ("B D F#",) * 2 + ("F# A# C#",) + ("C E G",) + ("B D F#",) * 2 + ("D F# A",) * 2
STRAIN_B = (
    "F#3 G#3 A#3 B3 C#4 A#3 C#4:2 D4 A#3 D4:2 C#4 A#3 C#4:2 "
    "F#3 G#3 A#3 B3 C#4 A#3 C#4:2 D4 A#3 D4:2 C#4:4"
)  # fmt: skip
CHORDS_B = ("F# A# C#",) * 2 + ("A# D F",) + ("F# A# C#",) * 3 + ("A# D F",) + ("F# A# C#",)
# Strain, beats a minute at its start, players of the tune (channel, octaves up), loudness 0-1, drums.
FORM = (
    ("A", 112, ((BASSOON, 0),), 0.2, False),
    ("A", 116, ((BASSOON, 0), (CLARINET, 1)), 0.35, False),
    ("B", 124, ((BASSOON, 0), (CLARINET, 1)), 0.5, False),
    ("B", 134, ((BASSOON, 0), (CLARINET, 1), (BELLS, 2)), 0.65, True),
    ("A", 150, ((BASSOON, 0), (CLARINET, 1), (STRINGS, 2)), 0.85, True),
    ("A", 168, ((BASSOON, 0), (CLARINET, 1), (STRINGS, 2), (BELLS, 2)), 1.0, True),
)
END_TEMPO = 180


def midi(name: str) -> float:
    """Return the MIDI number of a note such as C#3."""
    return opm.midi_of(*opm.note(name))


class Score:
    """Collects register writes, in any order of time."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, int, int]] = []

    def write(self, time: float, address: int, data: int) -> None:
        """Add a register write, seconds from the start."""
        self.rows.append((time, address, data))

    def loudness(self, time: float, channel: int, level: float) -> None:
        """Set the carriers' TL, by up to 18 dB below the instrument's own: 24 steps of 0.75 dB."""
        # Carriers alone: a modulator's TL is the brightness of the tone.
        sound = BAND[channel - 1]
        for i in sound.carriers:
            tl = min(127, sound.ops[i].tl + round(24 * (1 - level)))
            self.write(time, registers.TL + 8 * i + channel - 1, tl)

    def note(self, time: float, length: float, channel: int, pitch: float, keys: int = registers.ALL_KEYS) -> None:
        """Play a MIDI note."""
        # KC alone: the chip's semitones are equally tempered, so KF stays 0.
        self.write(time, *opm.note(pitch).registers(channel)[0])
        self.write(time, registers.KON, keys | channel - 1)
        self.write(time + length, registers.KON, channel - 1)


def setup(score: Score) -> None:
    """Restart the LFO's wave, set LFO and noise, send the instruments."""
    # Test bit 1 holds the LFO; released, its wave begins anew, whatever was played before.
    chip = (
        (0x01, registers.encode(0x01, test1=1)),
        (0x01, 0),
        (0x18, registers.encode(0x18, lfrq=0xC4)),
        (0x19, registers.encode(0x19, amd=0x30)),
        (0x19, registers.encode(0x19, pmd=0x18)),
        (0x1B, registers.encode(0x1B, w=2)),
        (0x0F, registers.encode(0x0F, ne=1, nfrq=31)),
    )
    for address, data in chip:
        score.write(0.0, address, data)
    for channel, sound in enumerate(BAND, 1):
        for address, data in sound.registers(channel):
            score.write(0.0, address, data)


def play_tune(score: Score, beats: "np.ndarray", melody: str, players: tuple[tuple[int, int], ...]) -> None:
    """Play the melody; ``beats`` are the times of the eighths, in seconds."""
    position = 0
    for token in melody.split():
        name, _, eighths = token.partition(":")
        start, end = beats[position], beats[position + int(eighths or 1)]
        # The share of a note in which its key is down: eighths are staccato.
        gate = 0.55 if not eighths else 0.8
        for channel, octaves in players:
            score.note(start, (end - start) * gate, channel, midi(name) + 12 * octaves)
        position += int(eighths or 1)


def play_chords(score: Score, beats: "np.ndarray", chords: tuple[str, ...], strings: bool) -> None:
    """Play bass on the beat, pizzicato off it, and long notes of the strings while they do not play the tune."""
    for i, chord in enumerate(chords):
        root, third, fifth = (midi(f"{name}4") for name in chord.split())
        for beat, low in ((4 * i, root), (4 * i + 2, fifth if fifth < root else fifth - 12)):
            eighth = beats[beat + 1] - beats[beat]
            score.note(beats[beat], eighth * 0.8, BASS, low - 24)
            score.note(beats[beat + 1], eighth * 0.5, PIZZ_L, third)
            score.note(beats[beat + 1], eighth * 0.5, PIZZ_R, fifth)
        if strings:
            score.note(beats[4 * i], (beats[4 * i + 4] - beats[4 * i]) * 0.9, STRINGS, third + 12)


def play_drums(score: Score, beats: "np.ndarray") -> None:
    """Kick on the beats, snare off them, hats in between."""
    # Snare and hat are the chip's one noise: frequency and level are set for each stroke.
    for i in range(len(beats) - 1):
        eighth = beats[i + 1] - beats[i]
        snare, kick = i % 4 == 2, i % 4 == 0
        score.write(beats[i], 0x0F, registers.encode(0x0F, ne=1, nfrq=24 if snare else 31))
        score.write(beats[i], registers.TL + 24 + DRUMS - 1, 10 if snare else 22)
        score.note(beats[i], eighth * 0.4, DRUMS, 26, KICK if kick else HAT)


def compose() -> Song:
    """Return the piece."""
    score = Score()
    setup(score)
    time = 0.25
    for number, (strain, tempo, players, loudness, drums) in enumerate(FORM):
        next_tempo = FORM[number + 1][1] if number + 1 < len(FORM) else END_TEMPO
        # Each strain speeds up to the tempo of the next. 30 and not 60: a beat is a quarter, and these are eighths.
        eighths = 30 / np.linspace(tempo, next_tempo, 32)
        beats = time + np.concatenate([[0], np.cumsum(eighths)])
        for channel in range(BASSOON, DRUMS):
            score.loudness(time, channel, loudness)
        play_tune(score, beats, STRAIN_A if strain == "A" else STRAIN_B, players)
        free = all(channel != STRINGS for channel, _ in players)
        play_chords(score, beats, CHORDS_A if strain == "A" else CHORDS_B, free and number > 0)
        if drums:
            play_drums(score, beats)
        time = float(beats[-1])
    final_chord(score, time)
    return song(score)


def final_chord(score: Score, time: float) -> None:
    """Two short chords and a long one."""
    for start, length in ((0.0, 0.12), (0.5, 0.12), (1.0, 1.6)):
        chord = ("B1", "B3", "D4", "F#4", "B4", "B0", "D6")
        for channel, name in enumerate(chord, 1):
            score.note(time + start, length, channel, midi(name) + (12 if channel in (BASSOON, BASS) else 0))
        score.note(time + start, 0.1, DRUMS, 26)


def song(score: Score) -> Song:
    """Return the writes in order of time, as a song in integer samples of the chip's own rate."""
    # By time alone: sorting is stable, so writes of one moment keep the order in which they were made.
    rows = sorted(score.rows, key=lambda row: row[0])
    writes = np.zeros(len(rows), WRITE)
    writes["time"] = [round(time * RATE) for time, _, _ in rows]
    writes["address"] = [address for _, address, _ in rows]
    writes["data"] = [data for _, _, data in rows]
    tags = {"title": "In the Hall of the Mountain King", "author": "Edvard Grieg", "date": "1875"}
    tags["notes"] = "Arranged for the YM2151 by the numba-opm project. Public domain."
    # The set-up, all of it at time 0, comes before the loop.
    start = Loop(0, int(np.count_nonzero(writes["time"] == 0)))
    # A second for the last chord to ring.
    end = int(writes["time"][-1] + RATE)
    return Song.of(format="score", rows=writes, end=end, ticks_per_second=None, loop_start=start, tags=tags)


if __name__ == "__main__":
    here = Path(__file__).parent
    piece = compose()
    (here / "mountain_king.log").write_bytes(json_log.text(piece))
    (here / "mountain_king.vgm").write_bytes(vgm.write(piece).data)
