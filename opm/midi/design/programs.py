"""The melodic voices of the bank, designed on the chip.

What stands above a voice: what the instrument does, and how the operators do it. What all rest on, measured:

- A modulator of TL t swings its carrier's phase by 25 * 2 ** (-t / 8) radians: 37 is an index of 1.
- At the carrier's own multiple it gives all harmonics, at twice that the odd ones. A plain sine takes the fundamental
  away between TL 33 and 28; with M1's feedback at 7 the harmonics fall evenly instead, by 1 dB each at TL 29, by 3 at
  32, 5 at 35, 7 at 38, 10 at 42. So M1 is the string's or the reed's spectrum, M2 what is added to it.
- At TL 4 and less feedback 7 is noise; M1 lets go slowly then, or the noise would turn to a whistle.
- A decay rate two higher is twice as fast, an attack as well; KS 2 and 3 make it so every two octaves, every octave.
- Carriers at one multiple that DT1 holds apart beat; 6 steps of TL between them keep the beat from silence.

Carriers' TL are a balance: the script sets their level.
"""

from ...voice.voice import Operator, Voice
from .entry import Program

PROGRAMS: list[Program] = []


def _add(
    number: int,
    name: str,
    keys: tuple[int, int],
    con: int,
    fb: int,
    *ops: tuple[int, ...],
    held: bool = False,
    transpose: int = 0,
    partial: float = 1,
) -> None:
    """Add a program: M1, M2, C1, C2, each ar, d1r, d2r, rr, d1l, tl, ks, mul, and dt1, dt2 where they are not 0."""
    voice = Voice(name, con=con, fb=fb, ops=[Operator(*op) for op in ops])
    PROGRAMS.append(Program(number, voice, *keys, held, transpose, partial))


# fmt: off

# --- Pianos -----------------------------------------------------------------------------------------------------------

# Struck strings: all harmonics, the upper ones gone first; a fast decay, then a slow one. M2 is the hammer.
_add(0, "Acoustic Grand Piano", (28, 100), 4, 7,
     (31,  7,  3, 6, 2, 30, 2, 1, 1), (31, 13,  9, 6, 6, 34, 2, 5),
     (31,  7,  3, 6, 3, 14, 2, 1, 1), (31,  7,  4, 6, 3, 22, 2, 1, 5))
# Harder hammers: the same strings, brighter, and longer so.
_add(1, "Bright Acoustic Piano", (28, 100), 4, 7,
     (31,  6,  3, 6, 1, 29, 2, 1, 1), (31, 12,  7, 6, 5, 32, 2, 4),
     (31,  7,  3, 6, 3, 14, 2, 1, 1), (31,  7,  4, 6, 3, 21, 2, 1, 5))
# Strings over a pickup: hollow, odd harmonics (M2 twice C2) under a plain string, an even decay.
_add(2, "Electric Grand Piano", (28, 100), 4, 7,
     (31,  8,  4, 7, 2, 33, 2, 1, 2), (31, 10,  6, 7, 3, 32, 2, 2, 6),
     (31,  7,  4, 7, 3, 14, 2, 1, 2), (31,  8,  5, 7, 3, 21, 2, 1, 6))
# Two strings that disagree, as far as DT1 goes: each harmonic beats in its own time.
_add(3, "Honky-tonk Piano", (28, 100), 4, 7,
     (31,  8,  4, 7, 1, 30, 2, 1, 3), (31, 10,  6, 7, 3, 36, 2, 1, 7),
     (31,  8,  5, 7, 3, 14, 2, 1, 3), (31,  8,  5, 7, 3, 18, 2, 1, 7))
# A tine and its tone bar: nearly a sine, and the tine's high ring (M2, 14 times) for a moment.
_add(4, "Electric Piano 1", (28, 96), 4, 6,
     (31,  8,  5, 7, 2, 39, 1, 1),    (31, 14, 10, 7, 9, 46, 2, 14),
     (31,  7,  5, 7, 2, 12, 1, 1),    (31,  8,  6, 7, 3, 18, 1, 1, 2))
# The digital one: a glassy ring that stays longer, two bodies in slow chorus.
_add(5, "Electric Piano 2", (28, 96), 4, 7,
     (31,  8,  5, 7, 2, 37, 1, 1, 2), (31, 12,  8, 7, 6, 42, 2, 14),
     (31,  7,  5, 7, 2, 13, 1, 1, 2), (31,  8,  6, 7, 2, 18, 1, 1, 6))
# Plucked brass strings, 8' and 4' (C2, an octave up): ten harmonics at hardly less than the first, damped at once.
_add(6, "Harpsichord", (36, 90), 4, 7,
     (31,  4,  3, 9, 1, 28, 2, 1), (31,  5,  4, 9, 2, 27, 2, 5),
     (31,  7,  6, 9, 2, 15, 2, 1), (31,  8,  7, 9, 3, 16, 2, 2, 1))
# A string struck against a stud and damped: nasal, hollow at the third harmonic (M2 three times), soon gone.
_add(7, "Clavinet", (36, 84), 4, 7,
     (31,  5,  4, 10, 1, 28, 2, 1), (31,  6,  4, 10, 2, 30, 2, 3),
     (31,  8,  5, 10, 3, 14, 2, 1), (31,  8,  5, 10, 3, 17, 2, 1))

# --- Chromatic percussion ---------------------------------------------------------------------------------------------

# Steel plates over wooden boxes, felt hammers: the fundamental, and the fourth harmonic for a moment.
_add(8, "Celesta", (48, 100), 4, 0,
     (31, 13,  9, 6, 6, 46, 2, 4), (31, 14,  9, 6, 8, 50, 2, 7),
     (31,  8,  7, 6, 3, 14, 2, 1), (31, 11,  8, 6, 4, 24, 2, 4))
# A free steel bar: partials at 1, 2.76 and 5.40, here 2.83 (twice with DT2 1) and 5.20 (three times with DT2 3).
_add(9, "Glockenspiel", (60, 105), 6, 0,
     (31, 15, 12, 6, 10, 34, 2, 9), (31, 10,  8, 6, 4, 22, 2, 2, 0, 1),
     (31,  8,  6, 6, 3, 14, 2, 1),  (31, 11,  9, 6, 5, 20, 2, 3, 0, 3))
# Teeth of a comb, clamped at one end: the second partial at 6.27 (M1, 6), short; an octave with it.
_add(10, "Music Box", (55, 96), 4, 0,
     (31, 13,  9, 6, 6, 38, 2, 6),    (31, 10,  8, 6, 4, 42, 2, 3),
     (31,  8,  7, 6, 3, 14, 2, 1, 1), (31, 10,  8, 6, 4, 20, 2, 2, 5))
# Aluminium bars tuned to 1 : 4 : 10 over tubes: the fundamental rings for seconds, the others are the mallet.
_add(11, "Vibraphone", (48, 92), 6, 0,
     (31, 16, 12, 6, 9, 48, 2, 10),   (31, 11,  9, 6, 5, 26, 2, 4),
     (31,  6,  4, 6, 2, 14, 2, 1, 1), (31,  6,  4, 6, 2, 22, 2, 1, 5))
# Rosewood, 1 : 4 : 10 as well, but gone in a quarter of a second; M1 is the knock.
_add(12, "Marimba", (43, 96), 6, 6,
     (31, 20, 16, 6, 12, 30, 1, 3), (31, 16, 14, 6, 6, 26, 2, 4),
     (31, 13, 12, 6, 3, 12, 1, 1),  (31, 17, 14, 6, 8, 30, 2, 10))
# Harder wood, tuned to 1 : 3 : 6, harder mallets, shorter.
_add(13, "Xylophone", (53, 100), 6, 6,
     (31, 20, 16, 6, 12, 26, 1, 5), (31, 15, 14, 6, 4, 20, 1, 3),
     (31, 14, 13, 6, 3, 12, 1, 1),  (31, 17, 15, 6, 6, 24, 1, 6))
# A tube: its strike tone, the octave and the twelfth stand in harmony, 3.46 and 7.07 times it do not.
_add(14, "Tubular Bells", (48, 84), 4, 0,
     (31,  8,  4, 5, 2, 34, 1, 2, 0, 3), (31,  9,  5, 5, 2, 38, 1, 5, 0, 1),
     (31,  7,  5, 5, 2, 14, 1, 1),       (31,  8,  6, 5, 3, 18, 1, 2))
# Hammered courses of thin strings, a little apart: bright at the stroke, then a quiet ring.
_add(15, "Dulcimer", (48, 88), 4, 7,
     (31,  9,  5, 7, 2, 29, 2, 1, 2), (31, 11,  7, 7, 5, 31, 2, 3),
     (31,  9,  5, 7, 3, 14, 2, 1, 2), (31,  9,  7, 7, 3, 20, 2, 1, 6))

# --- Organs -----------------------------------------------------------------------------------------------------------

# Tone wheels: sines, the drawbars 16', 8', 4' and 2 2/3', there at once and without decay.
_add(16, "Drawbar Organ", (36, 96), 7, 0,
     (28,  0,  0, 10, 0, 24, 0, 3),   (28,  0,  0, 10, 0, 20, 0, 2),
     (28,  0,  0, 10, 0, 18, 0, 0),   (28,  0,  0, 10, 0, 14, 0, 1), held=True)
# The third harmonic is struck, 8' and 4' stay.
_add(17, "Percussive Organ", (36, 96), 7, 0,
     (31, 13, 10, 10, 12, 16, 0, 3),  (28,  0,  0, 10, 0, 24, 0, 0),
     (28,  0,  0, 10, 0, 20, 0, 2),   (28,  0,  0, 10, 0, 14, 0, 1), held=True)
# Through an overdriven valve: 8' and 4' with harmonics of their own.
_add(18, "Rock Organ", (36, 96), 4, 7,
     (28,  0,  0, 10, 0, 35, 0, 1), (28,  0,  0, 10, 0, 38, 0, 2),
     (28,  0,  0, 10, 0, 14, 0, 1), (28,  0,  0, 10, 0, 18, 0, 2), held=True)
# Principals 8', 4', 2' that speak in 40 ms and are not quite in tune with each other.
_add(19, "Church Organ", (36, 96), 5, 3,
     (20,  0,  0, 8, 0, 38, 0, 2), (19,  0,  0, 8, 0, 19, 0, 4, 2),
     (17,  0,  0, 8, 0, 14, 0, 1), (18,  0,  0, 8, 0, 18, 0, 2, 6), held=True)
# Free reeds: all harmonics, slow to speak; the octave's reed is softer.
_add(20, "Reed Organ", (36, 84), 4, 7,
     (16,  0,  0, 9, 0, 32, 0, 1),    (16,  0,  0, 9, 0, 38, 0, 2),
     (15,  0,  0, 9, 0, 14, 0, 1),    (15,  0,  0, 9, 0, 24, 0, 2, 1), held=True)
# Two reeds a note, beating, the brighter one louder.
_add(21, "Accordion", (41, 91), 4, 7,
     (18,  0,  0, 9, 0, 30, 0, 1, 3), (18,  0,  0, 9, 0, 36, 0, 1, 7),
     (17,  0,  0, 9, 0, 14, 0, 1, 3), (17,  0,  0, 9, 0, 18, 0, 1, 7), held=True)
# One reed in a cupped hand: the second harmonic as strong as the first, and a wah as it begins.
_add(22, "Harmonica", (53, 86), 4, 7,
     (15,  8,  0, 9, 1, 31, 0, 1),    (16,  0,  0, 9, 0, 38, 0, 1),
     (17,  0,  0, 9, 0, 14, 0, 1),    (17,  0,  0, 9, 0, 20, 0, 4), held=True)
# Two reeds an octave apart: dark below, sharp above.
_add(23, "Tango Accordion", (41, 86), 4, 7,
     (18,  0,  0, 9, 0, 31, 0, 1),    (18,  0,  0, 9, 0, 37, 0, 2),
     (17,  0,  0, 9, 0, 14, 0, 1),    (17,  0,  0, 9, 0, 19, 0, 2, 1), held=True)

# --- Guitars ----------------------------------------------------------------------------------------------------------

# Nylon, plucked by flesh: a few harmonics that go at once; M2 is the finger.
_add(24, "Acoustic Guitar (nylon)", (40, 84), 4, 7,
     (31,  9,  6, 8, 2, 32, 2, 1), (31, 15,  9, 8, 8, 34, 2, 3),
     (31,  9,  6, 8, 4, 14, 2, 1), (31, 10,  7, 8, 4, 20, 2, 1))
# Steel under a plectrum: bright, and it rings.
_add(25, "Acoustic Guitar (steel)", (40, 88), 4, 7,
     (31,  8,  5, 8, 2, 28, 2, 1), (31, 12,  7, 8, 6, 30, 2, 4),
     (31,  8,  5, 8, 3, 14, 2, 1), (31,  9,  6, 8, 4, 19, 2, 1, 1))
# Thick strings, the tone turned down: three harmonics, no pick.
_add(26, "Electric Guitar (jazz)", (40, 84), 4, 7,
     (31,  8,  4, 8, 2, 31, 2, 1), (31, 13,  8, 8, 6, 46, 2, 2),
     (31,  6,  4, 8, 3, 14, 2, 1), (31,  7,  5, 8, 3, 20, 2, 1))
# Single coils near the bridge: even harmonics and the third and fifth stand out; a slow chorus.
_add(27, "Electric Guitar (clean)", (40, 86), 4, 7,
     (31,  6,  3, 8, 1, 29, 2, 1, 1), (31,  8,  6, 8, 3, 34, 2, 4),
     (31,  6,  4, 8, 3, 14, 2, 1, 1), (31,  7,  5, 8, 3, 19, 2, 1, 5))
# The palm on the bridge: a pick's click, then next to nothing.
_add(28, "Electric Guitar (muted)", (40, 80), 4, 7,
     (31, 14, 11, 9, 4, 29, 1, 1), (31, 18, 14, 9, 8, 30, 1, 3),
     (31, 15, 13, 9, 4, 12, 1, 1), (31, 16, 14, 9, 5, 16, 1, 1))
# A valve at its limit: the string a little squared, held up for seconds.
_add(29, "Overdriven Guitar", (40, 86), 4, 7,
     (31,  4,  1, 8, 0, 28, 1, 1), (31,  5,  1, 8, 1, 32, 1, 2),
     (31,  5,  2, 8, 1, 14, 1, 1), (31,  5,  2, 8, 1, 18, 1, 1, 1), held=True)
# Far beyond it: a dozen harmonics at nearly one level, no decay to speak of, a scratch where it is picked.
_add(30, "Distortion Guitar", (36, 86), 4, 7,
     (31, 10,  0, 8, 1, 24, 1, 1), (31,  0,  0, 8, 0, 30, 1, 2, 1),
     (31,  5,  1, 8, 1, 14, 1, 1), (31,  5,  1, 8, 1, 18, 1, 1, 1), held=True)
# A finger on a node: the partial alone, like a bell without its stroke.
_add(31, "Guitar Harmonics", (48, 96), 4, 0,
     (31, 12,  8, 7, 6, 42, 2, 2), (31, 15,  9, 7, 9, 44, 2, 5),
     (31,  7,  5, 7, 2, 14, 2, 1), (31,  8,  6, 7, 3, 24, 2, 1))

# --- Basses -----------------------------------------------------------------------------------------------------------

# A double bass, plucked: round, the finger's thump, a second of ring.
_add(32, "Acoustic Bass", (26, 60), 4, 7,
     (31, 11,  7, 8, 3, 35, 2, 1),    (31, 16, 11, 8, 8, 36, 2, 2),
     (31,  9,  6, 8, 3, 12, 2, 1),    (31, 12,  8, 8, 5, 18, 2, 1))
# A solid body: the same string holds longer, with more harmonics.
_add(33, "Electric Bass (finger)", (26, 60), 4, 7,
     (31,  7,  4, 8, 1, 31, 2, 1), (31, 13,  8, 8, 5, 34, 2, 2),
     (31,  7,  4, 8, 2, 12, 2, 1), (31,  9,  5, 8, 3, 18, 2, 1))
# The plectrum: a bright edge (M2, four times) before the same tone.
_add(34, "Electric Bass (pick)", (26, 60), 4, 7,
     (31,  7,  4, 8, 1, 29, 2, 1), (31, 13,  6, 8, 4, 31, 2, 4),
     (31,  7,  4, 8, 3, 12, 2, 1), (31, 10,  6, 8, 4, 17, 2, 1))
# A finger for a fret: the harmonics open after the stroke (M1's attack), then close again.
_add(35, "Fretless Bass", (26, 64), 4, 7,
     (14,  8,  6, 8, 2, 32, 1, 1),    (17,  9,  6, 8, 4, 40, 1, 2),
     (25,  6,  5, 8, 2, 12, 1, 1, 1), (25,  7,  6, 8, 3, 20, 1, 1, 5))
# The thumb throws the string on the frets: everything at once, a round tone after it.
_add(36, "Slap Bass 1", (26, 60), 4, 7,
     (31, 10,  7, 8, 3, 27, 2, 1), (31, 14,  9, 8, 6, 22, 2, 5),
     (31,  9,  6, 8, 3, 12, 2, 1), (31, 11,  7, 8, 5, 16, 2, 1))
# Pulled off with a finger: thinner, the octave as strong as the fundamental, metallic.
_add(37, "Slap Bass 2", (26, 60), 4, 7,
     (31,  8,  5, 8, 1, 28, 2, 1), (31, 10,  6, 8, 3, 25, 2, 7),
     (31,  9,  6, 8, 3, 14, 2, 1), (31, 10,  7, 8, 5, 14, 2, 2))
# A sawtooth through a filter that closes in a fifth of a second.
_add(38, "Synth Bass 1", (24, 60), 4, 7,
     (31, 13,  2, 9, 2, 27, 1, 1), (31, 14,  2, 9, 2, 36, 1, 1),
     (31,  6,  2, 9, 1, 12, 1, 1), (31,  7,  2, 9, 1, 18, 1, 1, 1), held=True)
# A rounder one: odd harmonics over a sub-octave.
_add(39, "Synth Bass 2", (24, 60), 4, 6,
     (31, 12,  2, 9, 3, 30, 1, 2),    (31, 14,  2, 9, 4, 38, 1, 1),
     (31,  7,  2, 9, 1, 12, 1, 1),    (31,  7,  2, 9, 1, 16, 1, 0), held=True)

# --- Strings ----------------------------------------------------------------------------------------------------------

# Stick and slip: a sawtooth that takes 60 ms to lock and brightens as it does (M1 is slower); C2 is the body.
_add(40, "Violin", (55, 96), 4, 7,
     (16,  0,  0, 8, 0, 31, 0, 1), (16,  0,  0, 8, 0, 45, 0, 1),
     (17,  4,  0, 8, 1, 14, 0, 1), (16,  0,  0, 8, 0, 27, 0, 3), held=True)
# Larger: darker, slower.
_add(41, "Viola", (48, 88), 4, 7,
     (15,  0,  0, 8, 0, 32, 0, 1), (15,  0,  0, 8, 0, 46, 0, 1),
     (16,  4,  0, 8, 1, 14, 0, 1), (15,  0,  0, 8, 0, 21, 0, 2), held=True)
# The body takes the second to fourth harmonics.
_add(42, "Cello", (36, 76), 4, 7,
     (14,  0,  0, 8, 0, 32, 0, 1), (15,  0,  0, 8, 0, 36, 0, 2),
     (16,  4,  0, 8, 1, 14, 0, 1), (15,  0,  0, 8, 0, 19, 0, 2), held=True)
# A double bass, bowed: slow, growling.
_add(43, "Contrabass", (28, 64), 4, 7,
     (14,  0,  0, 8, 0, 30, 0, 1), (14,  0,  0, 8, 0, 45, 0, 1),
     (15,  4,  0, 8, 1, 14, 0, 1), (14,  0,  0, 8, 0, 18, 0, 2), held=True)
# Short strokes: a section that speaks at once and lets go at once, a rough edge first (M1's decay).
_add(44, "Tremolo Strings", (36, 90), 5, 7,
     (19,  9,  0, 8, 1, 30, 0, 1), (18,  6,  0, 8, 1, 23, 0, 1, 3),
     (18,  6,  0, 8, 1, 14, 0, 1), (18,  6,  0, 8, 1, 22, 0, 2), held=True)
# A section's fingers: a warm pluck, over in a fifth of a second.
_add(45, "Pizzicato Strings", (36, 90), 4, 7,
     (31, 13, 11, 6, 3, 33, 2, 1), (31, 17, 12, 6, 8, 36, 2, 2),
     (31, 11, 10, 6, 4, 14, 2, 1), (31, 12, 10, 6, 4, 18, 2, 1, 3))
# Gut, plucked in the middle: few even harmonics, a long soft ring.
_add(46, "Orchestral Harp", (36, 96), 4, 6,
     (31, 11,  7, 6, 4, 38, 2, 2), (31, 13,  8, 6, 6, 40, 2, 1),
     (31,  8,  6, 6, 3, 14, 2, 1), (31,  9,  6, 6, 3, 19, 2, 1, 1))
# A kettle's modes stand at 2 : 3 : 4 : 5 of an octave below the note: the key is the lowest, twice the chip's pitch.
_add(47, "Timpani", (36, 60), 5, 7,
     (31, 19, 16, 6, 15, 24, 1, 1), (31, 12,  9, 6, 4, 22, 1, 4),
     (31, 11,  9, 6, 3, 10, 1, 2),  (31, 11,  9, 6, 4, 18, 1, 3), transpose=-12, partial=2)

# --- Ensemble ---------------------------------------------------------------------------------------------------------

# A section: a sawtooth (M1) on three carriers apart, one an octave up; 0.1 s to speak.
_add(48, "String Ensemble 1", (36, 96), 5, 7,
     (15,  0,  0, 7, 0, 33, 0, 1), (14,  0,  0, 7, 0, 23, 0, 1, 3),
     (14,  0,  0, 7, 0, 14, 0, 1), (14,  0,  0, 7, 0, 24, 0, 2), held=True)
# Slower and softer.
_add(49, "String Ensemble 2", (36, 96), 5, 7,
     (12,  0,  0, 6, 0, 36, 0, 1), (12,  0,  0, 6, 0, 22, 0, 1, 3),
     (12,  0,  0, 6, 0, 14, 0, 1), (12,  0,  0, 6, 0, 26, 0, 2), held=True)
# The machine: brighter than bows, faster, more of the octave.
_add(50, "Synth Strings 1", (36, 96), 5, 7,
     (18,  0,  0, 7, 0, 31, 0, 1), (16,  0,  0, 7, 0, 23, 0, 1, 2),
     (16,  0,  0, 7, 0, 14, 0, 1), (16,  0,  0, 7, 0, 21, 0, 2), held=True)
# Hollow, and it opens slowly.
_add(51, "Synth Strings 2", (36, 96), 4, 7,
     ( 9,  0,  0, 6, 0, 32, 0, 1),    (11,  0,  0, 6, 0, 33, 0, 2, 3),
     (13,  0,  0, 6, 0, 14, 0, 1),    (13,  0,  0, 6, 0, 19, 0, 1, 3), held=True)
# "Ah": the first formants, 800 and 1150 Hz, are the third harmonic of the middle of the range: C2.
_add(52, "Choir Aahs", (43, 84), 4, 7,
     (15,  0,  0, 7, 0, 39, 0, 1),    (15,  0,  0, 7, 0, 41, 0, 1, 2),
     (14,  0,  0, 7, 0, 14, 0, 1),    (14,  0,  0, 7, 0, 21, 0, 3, 2), held=True)
# "Ooh": formants at 350 and 800 Hz, hardly more than two harmonics.
_add(53, "Voice Oohs", (43, 84), 4, 6,
     (14,  0,  0, 7, 0, 45, 0, 1),    (14,  0,  0, 7, 0, 50, 0, 1),
     (14,  0,  0, 7, 0, 14, 0, 1),    (14,  0,  0, 7, 0, 25, 0, 2, 2), held=True)
# A machine's "ah": the formant higher and stronger.
_add(54, "Synth Voice", (43, 84), 4, 7,
     (17,  0,  0, 8, 0, 37, 0, 1),    (16,  8,  0, 8, 2, 35, 0, 1, 2),
     (17,  0,  0, 8, 0, 14, 0, 1),    (16,  0,  0, 8, 0, 20, 0, 4, 2), held=True)
# All play one short chord: octaves under and over the key, off within half a second.
_add(55, "Orchestra Hit", (40, 80), 5, 7,
     (31, 10, 10, 8, 2, 29, 1, 1),    (31, 11, 10, 8, 3, 17, 1, 2, 2),
     (31, 11, 10, 8, 3, 14, 1, 1),    (31, 11, 10, 8, 3, 18, 1, 0))

# --- Brass ------------------------------------------------------------------------------------------------------------

# Lips: the louder, the brighter, so M1's attack comes after the carriers'; six harmonics of one strength, then less.
_add(56, "Trumpet", (52, 86), 4, 7,
     (17,  0,  0, 9, 0, 28, 0, 1), (17,  0,  0, 9, 0, 46, 0, 1),
     (20,  0,  0, 9, 0, 14, 0, 1), (19,  0,  0, 9, 0, 30, 0, 3), held=True)
# A longer tube: darker, and a little later.
_add(57, "Trombone", (40, 74), 4, 7,
     (16,  0,  0, 9, 0, 29, 0, 1), (16,  0,  0, 9, 0, 46, 0, 1),
     (18,  8,  0, 9, 1, 14, 0, 1), (18,  0,  0, 9, 0, 24, 0, 2), held=True)
# Wide and conical: four harmonics.
_add(58, "Tuba", (28, 62), 4, 7,
     (16,  8,  0, 9, 1, 37, 0, 1), (16,  0,  0, 9, 0, 42, 0, 1),
     (18,  8,  0, 9, 1, 14, 0, 1), (18,  0,  0, 9, 0, 24, 0, 2), held=True)
# The mute takes the fundamental: what is left stands round the fourth harmonic.
_add(59, "Muted Trumpet", (54, 86), 4, 7,
     (18,  8,  0, 9, 1, 33, 0, 1),    (18,  0,  0, 9, 0, 31, 0, 1),
     (20,  8,  0, 9, 1, 20, 0, 1),    (19,  0,  0, 9, 0, 14, 0, 4), held=True)
# A hand in the bell: soft, few harmonics, in no hurry.
_add(60, "French Horn", (40, 78), 4, 7,
     (15,  8,  0, 8, 1, 33, 0, 1), (15,  0,  0, 8, 0, 44, 0, 1),
     (17,  6,  0, 8, 1, 14, 0, 1), (17,  0,  0, 8, 0, 24, 0, 2), held=True)
# Several trumpets and trombones: three carriers apart.
_add(61, "Brass Section", (41, 84), 5, 7,
     (17,  9,  0, 8, 1, 30, 0, 1), (18,  8,  0, 8, 1, 23, 0, 1, 3),
     (19,  8,  0, 8, 1, 14, 0, 1), (18,  8,  0, 8, 1, 24, 0, 2), held=True)
# A filter that opens in 80 ms and closes half way.
_add(62, "Synth Brass 1", (40, 88), 5, 7,
     (16, 10,  0, 8, 2, 28, 0, 1), (20,  6,  0, 8, 1, 22, 0, 1, 3),
     (20,  6,  0, 8, 1, 14, 0, 1), (20,  6,  0, 8, 1, 26, 0, 2), held=True)
# Rounder, slower, without the edge.
_add(63, "Synth Brass 2", (40, 88), 5, 7,
     (14,  8,  0, 8, 1, 33, 0, 1), (17,  6,  0, 8, 1, 22, 0, 1, 3),
     (17,  6,  0, 8, 1, 14, 0, 1), (17,  6,  0, 8, 1, 26, 0, 2), held=True)

# --- Reeds ------------------------------------------------------------------------------------------------------------

# A cone and a single reed: all harmonics, the second strong (C2); the larger the horn, the more of them.
_add(64, "Soprano Sax", (54, 88), 4, 7,
     (17,  0,  0, 9, 0, 32, 0, 1), (18,  0,  0, 9, 0, 40, 0, 2),
     (18,  6,  0, 9, 1, 14, 0, 1), (18,  0,  0, 9, 0, 20, 0, 2), held=True)
_add(65, "Alto Sax", (49, 82), 4, 7,
     (17,  0,  0, 9, 0, 32, 0, 1), (18,  0,  0, 9, 0, 44, 0, 1),
     (18,  6,  0, 9, 1, 14, 0, 1), (18,  0,  0, 9, 0, 19, 0, 2), held=True)
# Growl: a breath of half the key's pitch (M2) makes every other period differ.
_add(66, "Tenor Sax", (44, 77), 4, 7,
     (17,  0,  0, 9, 0, 31, 0, 1), (18,  0,  0, 9, 0, 44, 0, 0),
     (18,  6,  0, 9, 1, 14, 0, 1), (18,  0,  0, 9, 0, 20, 0, 2), held=True)
_add(67, "Baritone Sax", (36, 70), 4, 7,
     (17,  0,  0, 9, 0, 28, 0, 1), (17,  0,  0, 9, 0, 46, 0, 1),
     (17,  6,  0, 9, 1, 14, 0, 1), (17,  0,  0, 9, 0, 18, 0, 3), held=True)
# A double reed in a narrow cone: the fundamental is weaker than what stands round 1 kHz (C2, three times).
_add(68, "Oboe", (58, 91), 4, 7,
     (19,  0,  0, 9, 0, 36, 0, 1),    (19,  0,  0, 9, 0, 36, 0, 1),
     (19,  0,  0, 9, 0, 18, 0, 1),    (18,  0,  0, 9, 0, 15, 0, 3), held=True)
# A fifth lower, with a bulb for a bell: the second harmonic leads.
_add(69, "English Horn", (52, 81), 4, 7,
     (18,  0,  0, 9, 0, 36, 0, 1),    (18,  0,  0, 9, 0, 37, 0, 1),
     (18,  0,  0, 9, 0, 16, 0, 1),    (18,  0,  0, 9, 0, 14, 0, 2), held=True)
# Its formant is near 500 Hz: the third and fourth harmonics of the middle register.
_add(70, "Bassoon", (34, 72), 4, 7,
     (18,  0,  0, 9, 0, 35, 0, 1),    (18,  0,  0, 9, 0, 36, 0, 1),
     (18,  0,  0, 9, 0, 16, 0, 1),    (18,  0,  0, 9, 0, 16, 0, 3), held=True)
# A closed tube: odd harmonics alone, modulators at twice the key.
_add(71, "Clarinet", (50, 91), 4, 6,
     (18,  0,  0, 9, 0, 31, 0, 2), (18,  0,  0, 9, 0, 42, 0, 2),
     (19,  0,  0, 9, 0, 14, 0, 1), (18,  0,  0, 9, 0, 24, 0, 3), held=True)

# --- Pipes ------------------------------------------------------------------------------------------------------------
# In most of them M1 is breath: noise that spreads C1, and C1, faint, shakes C2 with M2's harmonics.

# A small edge blown hard: a sine and its octave, little breath.
_add(72, "Piccolo", (62, 105), 3, 7,
     (31,  0,  0, 2, 0, 2, 0, 4),  (19,  0,  0, 9, 0, 44, 0, 1),
     (28, 14,  0, 9, 3, 58, 0, 3), (19,  0,  0, 9, 0, 14, 0, 1), held=True)
# The octave at a third of the fundamental, a breath before the tone and under it.
_add(73, "Flute", (57, 98), 3, 7,
     (31,  0,  0, 2, 0, 2, 0, 3),  (16,  0,  0, 9, 0, 41, 0, 1),
     (26, 13,  0, 9, 4, 48, 0, 2), (17,  5,  0, 9, 1, 14, 0, 1), held=True)
# A narrow windway: plainer, with a touch of the third harmonic and a chiff.
_add(74, "Recorder", (57, 98), 3, 7,
     (31,  0,  0, 2, 0, 2, 0, 5),  (20,  0,  0, 9, 0, 44, 0, 2),
     (28, 15,  0, 9, 5, 52, 0, 4), (20,  0,  0, 9, 0, 14, 0, 1), held=True)
# A stopped pipe and much air.
_add(75, "Pan Flute", (52, 93), 3, 7,
     (31,  0,  0, 2, 0, 0, 0, 3),  (18, 10,  0, 9, 2, 40, 0, 2),
     (28, 12,  0, 9, 3, 38, 0, 2), (18,  6,  0, 9, 1, 14, 0, 1), held=True)
# Air over a neck: a sine with a long breath in front.
_add(76, "Blown Bottle", (48, 91), 3, 7,
     (31,  0,  0, 2, 0, 0, 0, 2),  (18, 10,  0, 8, 3, 48, 0, 1),
     (24, 10,  0, 8, 3, 44, 0, 1), (16,  5,  0, 8, 1, 14, 0, 1), held=True)
# Bamboo, overblown as it begins: the octave and air, then a reedy tone.
_add(77, "Shakuhachi", (52, 88), 3, 7,
     (31,  0,  0, 2, 0, 0, 0, 5),  (20, 11,  0, 8, 3, 34, 0, 1),
     (26, 11,  0, 8, 3, 44, 0, 3), (17,  6,  0, 8, 1, 14, 0, 1), held=True)
# Lips: a sine and next to nothing else.
_add(78, "Whistle", (55, 96), 3, 7,
     (31,  0,  0, 2, 0, 2, 0, 3),  (20,  0,  0, 9, 0, 56, 0, 1),
     (24, 12,  0, 9, 3, 62, 0, 3), (18,  0,  0, 9, 0, 14, 0, 1), held=True)
# A round vessel: the fundamental, and odd harmonics far below.
_add(79, "Ocarina", (52, 93), 3, 7,
     (31,  0,  0, 2, 0, 2, 0, 3),  (18,  0,  0, 9, 0, 48, 0, 2),
     (24, 13,  0, 9, 6, 56, 0, 2), (18,  0,  0, 9, 0, 14, 0, 1), held=True)

# --- Synth leads ------------------------------------------------------------------------------------------------------

# Odd harmonics, one over their number and a little less; a second, softer, slightly apart.
_add(80, "Lead 1 (square)", (36, 96), 4, 6,
     (31,  0,  0, 10, 0, 32, 0, 2), (31,  0,  0, 10, 0, 36, 0, 2, 1),
     (30,  0,  0, 10, 0, 14, 0, 1), (30,  0,  0, 10, 0, 26, 0, 1, 1), held=True)
# All harmonics, one over their number.
_add(81, "Lead 2 (sawtooth)", (36, 96), 4, 7,
     (31,  0,  0, 10, 0, 30, 0, 1), (31,  0,  0, 10, 0, 37, 0, 1, 2),
     (30,  0,  0, 10, 0, 14, 0, 1), (30,  0,  0, 10, 0, 27, 0, 1, 2), held=True)
# Steam whistles: a sine, its octave, and steam.
_add(82, "Lead 3 (calliope)", (36, 96), 4, 7,
     (31, 13,  0, 9, 12, 30, 0, 7), (22,  0,  0, 9, 0, 46, 0, 1),
     (22, 12,  0, 9, 4, 20, 0, 3),  (20,  0,  0, 9, 0, 14, 0, 1), held=True)
# A spit of noise before a hollow tone.
_add(83, "Lead 4 (chiff)", (36, 96), 3, 7,
     (31,  0,  0, 2, 0, 0, 0, 3),  (26,  9,  0, 9, 2, 34, 0, 2),
     (31, 16,  0, 9, 8, 34, 0, 2), (26,  5,  0, 9, 1, 14, 0, 1), held=True)
# A guitar lead: overdriven, and its feedback, an octave up, comes behind it.
_add(84, "Lead 5 (charang)", (36, 92), 4, 7,
     (31,  0,  0, 9, 0, 29, 1, 1), (14,  0,  0, 9, 0, 36, 0, 2),
     (31,  5,  0, 9, 1, 14, 1, 1), (14,  0,  0, 9, 0, 22, 0, 2, 1), held=True)
# A sung "aw": a soft tone and one formant.
_add(85, "Lead 6 (voice)", (40, 92), 4, 7,
     (18,  0,  0, 8, 0, 41, 0, 1),    (17,  0,  0, 8, 0, 40, 0, 1),
     (18,  0,  0, 8, 0, 14, 0, 1),    (17,  0,  0, 8, 0, 20, 0, 2, 1), held=True)
# Sawtooths on the key and a fifth above: twice and three times an octave below.
_add(86, "Lead 7 (fifths)", (36, 92), 4, 7,
     (31,  0,  0, 9, 0, 31, 0, 2),    (31,  0,  0, 9, 0, 37, 0, 3),
     (30,  0,  0, 9, 0, 14, 0, 2),    (30,  0,  0, 9, 0, 17, 0, 3), held=True, transpose=-12, partial=2)
# A bass's stroke, a lead's length: a sawtooth and a sub-octave.
_add(87, "Lead 8 (bass + lead)", (24, 84), 4, 7,
     (31, 11,  0, 9, 2, 28, 1, 1), (31, 11,  0, 9, 2, 37, 1, 1),
     (31,  6,  0, 9, 1, 14, 1, 1), (31,  6,  0, 9, 1, 25, 0, 0), held=True)

# --- Synth pads -------------------------------------------------------------------------------------------------------

# A bell's stroke (M1, seven times) and a soft pad that comes up behind it.
_add(88, "Pad 1 (new age)", (36, 96), 4, 0,
     (31,  9,  6, 6, 5, 42, 1, 7), (12,  0,  0, 6, 0, 40, 0, 1, 3),
     (31,  8,  3, 6, 6, 14, 0, 1), (12,  0,  0, 6, 0, 17, 0, 1, 3), held=True)
# Soft sawtooths, slow.
_add(89, "Pad 2 (warm)", (36, 92), 5, 7,
     (11,  0,  0, 6, 0, 38, 0, 1), (12,  0,  0, 6, 0, 22, 0, 1, 3),
     (12,  0,  0, 6, 0, 14, 0, 1), (12,  0,  0, 6, 0, 26, 0, 2), held=True)
# Bright and quick: the patch of many keys.
_add(90, "Pad 3 (polysynth)", (36, 92), 5, 7,
     (22,  8,  0, 7, 1, 30, 0, 1), (20,  5,  0, 7, 1, 22, 0, 1, 3),
     (20,  5,  0, 7, 1, 14, 0, 1), (20,  5,  0, 7, 1, 24, 0, 2), held=True)
# Singers far away.
_add(91, "Pad 4 (choir)", (40, 88), 4, 7,
     (11,  0,  0, 6, 0, 42, 0, 1),    (11,  0,  0, 6, 0, 42, 0, 1, 3),
     (12,  0,  0, 6, 0, 14, 0, 1),    (12,  0,  0, 6, 0, 21, 0, 2, 3), held=True)
# A glass rubbed: a sine, and 3.46 times it shimmers (twice with DT2 3).
_add(92, "Pad 5 (bowed)", (40, 88), 4, 0,
     (10,  0,  0, 6, 0, 42, 0, 2, 0, 3), (12,  0,  0, 6, 0, 42, 0, 1, 3),
     (12,  0,  0, 6, 0, 14, 0, 1),       (11,  0,  0, 6, 0, 21, 0, 1, 3), held=True)
# Metal under a pad: 2.83 times the key, louder as it begins.
_add(93, "Pad 6 (metallic)", (36, 88), 4, 0,
     (18,  6,  0, 6, 2, 34, 0, 2, 0, 1), (15,  0,  0, 6, 0, 37, 0, 2, 3),
     (15,  0,  0, 6, 0, 14, 0, 1),       (14,  0,  0, 6, 0, 19, 0, 1, 3), held=True)
# A voice below and a high shimmer (M2, six times) that grows.
_add(94, "Pad 7 (halo)", (40, 88), 4, 7,
     (11,  0,  0, 6, 0, 39, 0, 1), ( 8,  0,  0, 6, 0, 46, 0, 6),
     (12,  0,  0, 6, 0, 14, 0, 1), (11,  0,  0, 6, 0, 22, 0, 1, 3), held=True)
# A filter's slow sweep, up and half way back.
_add(95, "Pad 8 (sweep)", (36, 88), 5, 7,
     ( 7,  6,  0, 6, 2, 29, 0, 1), (13,  0,  0, 6, 0, 22, 0, 1, 3),
     (13,  0,  0, 6, 0, 14, 0, 1), (13,  0,  0, 6, 0, 26, 0, 2), held=True)

# --- Synth effects ----------------------------------------------------------------------------------------------------

# Small bells of ice, 3.46 times and 9 times over a soft tone.
_add(96, "FX 1 (rain)", (40, 96), 4, 0,
     (31, 10,  7, 6, 5, 40, 1, 2, 0, 3), (31, 12,  8, 6, 6, 44, 1, 9),
     (31,  8,  6, 6, 3, 14, 1, 1),       (31,  9,  6, 6, 4, 20, 1, 2))
# A wide slow fifth: the key and its twelfth.
_add(97, "FX 2 (soundtrack)", (36, 84), 4, 7,
     (11,  0,  0, 6, 0, 35, 0, 1),    (10,  0,  0, 6, 0, 40, 0, 3),
     (12,  0,  0, 6, 0, 14, 0, 1),    (11,  0,  0, 6, 0, 22, 0, 3, 3), held=True)
# Struck glass: 3.46 and 5.66 times, bright, ringing.
_add(98, "FX 3 (crystal)", (48, 96), 6, 0,
     (31,  9,  6, 6, 4, 36, 1, 2, 0, 3), (31,  9,  7, 6, 3, 20, 1, 4, 0, 1),
     (31,  8,  6, 6, 3, 14, 1, 1),       (31,  8,  6, 6, 3, 19, 1, 2))
# A plucked string with a pad behind it.
_add(99, "FX 4 (atmosphere)", (36, 88), 4, 7,
     (31, 10,  6, 6, 4, 33, 1, 1), (13,  0,  0, 6, 0, 40, 0, 1, 3),
     (31,  8,  5, 6, 7, 12, 1, 1), (12,  0,  0, 6, 0, 18, 0, 1, 3), held=True)
# A bright stroke, then a thin bright tone.
_add(100, "FX 5 (brightness)", (40, 92), 4, 7,
     (31,  9,  0, 7, 2, 30, 1, 1), (31,  8,  0, 7, 3, 34, 1, 7),
     (31,  6,  0, 7, 2, 14, 0, 1), (31,  6,  0, 7, 2, 25, 0, 1, 3), held=True)
# Something breathes: sub-harmonics that swell.
_add(101, "FX 6 (goblins)", (36, 84), 4, 6,
     ( 8,  4,  0, 6, 2, 33, 0, 0),    ( 9,  0,  0, 6, 0, 40, 0, 1, 3),
     (13,  0,  0, 6, 0, 14, 0, 1),    (12,  0,  0, 6, 0, 20, 0, 1, 3), held=True)
# A pluck and, as it goes, another further off: C2 rises as C1 falls.
_add(102, "FX 7 (echoes)", (40, 92), 4, 7,
     (31, 10,  6, 6, 3, 34, 1, 1), (12,  6,  5, 6, 4, 38, 0, 2),
     (31,  9,  4, 6, 4, 14, 0, 1), (10,  4,  3, 6, 2, 24, 0, 1), held=True)
# Tin and wires: 1.73 times the key against it.
_add(103, "FX 8 (sci-fi)", (36, 88), 4, 0,
     (13,  0,  0, 6, 0, 39, 0, 1, 0, 3), (12,  0,  0, 6, 0, 38, 0, 1, 3),
     (14,  0,  0, 6, 0, 14, 0, 1),       (14,  0,  0, 6, 0, 19, 0, 1, 3), held=True)

# --- Ethnic -----------------------------------------------------------------------------------------------------------

# The flat bridge buzzes: harmonics open after the pluck and sweep for a second.
_add(104, "Sitar", (40, 80), 4, 7,
     (16,  6,  4, 8, 1, 27, 1, 1), (31,  9,  5, 8, 3, 30, 1, 7),
     (31,  8,  6, 8, 3, 14, 1, 1), (31,  9,  6, 8, 4, 18, 1, 1, 2))
# A skin for a soundboard: bright and soon gone.
_add(105, "Banjo", (45, 86), 4, 7,
     (31, 11,  8, 8, 3, 30, 2, 1),    (31, 13, 10, 8, 5, 32, 2, 4),
     (31, 10,  9, 8, 4, 14, 2, 1),    (31, 12, 10, 8, 4, 18, 2, 1))
# A large plectrum that hits the skin as well: a snap, then a nasal string.
_add(106, "Shamisen", (45, 81), 4, 7,
     (31,  7,  5, 8, 2, 28, 2, 1), (31, 16, 11, 8, 6, 18, 2, 5),
     (31,  9,  8, 8, 4, 14, 2, 1), (31, 12, 10, 8, 4, 18, 2, 3))
# Silk over movable bridges: a hard pluck, a clear ring.
_add(107, "Koto", (43, 86), 4, 7,
     (31,  8,  4, 7, 2, 28, 2, 1), (31, 12,  8, 7, 4, 32, 2, 3),
     (31,  8,  6, 7, 4, 14, 2, 1), (31,  9,  6, 7, 4, 20, 2, 2))
# Tongues of steel under the thumbs: a sine, and a short partial at 6.3.
_add(108, "Kalimba", (48, 88), 4, 6,
     (31, 16, 11, 8, 7, 38, 2, 6),    (31, 18, 14, 8, 10, 32, 2, 3),
     (31, 10,  9, 8, 3, 14, 2, 1),    (31, 14, 12, 8, 5, 20, 2, 1))
# A conical chanter that is never silent: reedy, even, at full strength at once.
_add(109, "Bagpipe", (43, 84), 4, 7,
     (26,  0,  0, 10, 0, 29, 0, 1),   (26,  0,  0, 10, 0, 34, 0, 1),
     (24,  0,  0, 10, 0, 14, 0, 1),   (24,  0,  0, 10, 0, 17, 0, 3), held=True)
# A violin with more bow: rougher, quicker.
_add(110, "Fiddle", (55, 93), 4, 7,
     (19,  0,  0, 8, 0, 31, 0, 1), (18,  0,  0, 8, 0, 42, 0, 1),
     (19,  7,  0, 8, 1, 14, 0, 1), (18,  0,  0, 8, 0, 20, 0, 3), held=True)
# A loud oboe of the open air: odd harmonics over the third.
_add(111, "Shanai", (50, 86), 4, 7,
     (19,  8,  0, 9, 1, 31, 0, 1),    (19,  0,  0, 9, 0, 34, 0, 2),
     (19,  0,  0, 9, 0, 16, 0, 1),    (18,  0,  0, 9, 0, 14, 0, 3), held=True)

# --- Percussive -------------------------------------------------------------------------------------------------------

# A small bell: partials at 1, 2.83, 5.20 and a ting at 9.
_add(112, "Tinkle Bell", (55, 100), 6, 0,
     (31, 13,  9, 6, 6, 44, 1, 9), (31,  9,  7, 6, 3, 22, 1, 3, 0, 3),
     (31,  8,  7, 6, 3, 14, 1, 1), (31,  9,  7, 6, 3, 18, 1, 2, 0, 1))
# A cone of iron: the key, 2.83 and 4.24 times it.
_add(113, "Agogo", (48, 90), 6, 5,
     (31, 16, 12, 8, 8, 32, 1, 5), (31, 13, 11, 8, 4, 17, 1, 3, 0, 1),
     (31, 13, 12, 8, 3, 14, 1, 1), (31, 12, 10, 8, 4, 15, 1, 2, 0, 1))
# A hammered pan: the octave (C2) swells behind the stroke.
_add(114, "Steel Drums", (45, 86), 4, 6,
     (31, 11,  8, 7, 4, 36, 1, 1), (31, 13,  9, 7, 5, 40, 1, 3),
     (31, 11,  9, 7, 3, 14, 1, 1), (22, 10,  9, 7, 3, 16, 1, 2, 2))
# Hollow wood: one short knock.
_add(115, "Woodblock", (48, 84), 6, 6,
     (31, 18, 16, 9, 8, 30, 1, 3, 0, 1), (31, 17, 16, 9, 5, 20, 1, 2, 0, 2),
     (31, 16, 15, 9, 4, 10, 1, 1),       (31, 18, 16, 9, 5, 22, 1, 4))
# A big skin: a thud, a low ring and, short, 1.57 times it (DT2 2).
_add(116, "Taiko Drum", (28, 72), 6, 7,
     (31, 18, 15, 8, 10, 14, 1, 1),      (31, 14, 12, 8, 4, 18, 1, 1, 0, 2),
     (31, 11, 10, 8, 3, 12, 1, 1),       (31, 16, 13, 8, 6, 22, 1, 2, 0, 1))
# A tom: the same modes, a shorter ring.
_add(117, "Melodic Tom", (28, 76), 6, 7,
     (31, 19, 16, 8, 12, 20, 1, 1),      (31, 15, 12, 8, 5, 20, 1, 1, 0, 2),
     (31, 12, 11, 8, 3, 12, 1, 1),       (31, 17, 14, 8, 6, 26, 1, 2))
# An oscillator and a click.
_add(118, "Synth Drum", (28, 80), 4, 5,
     (31, 15, 11, 8, 5, 28, 1, 2),       (31, 14, 11, 8, 6, 32, 1, 1, 0, 1),
     (31, 12, 10, 8, 3, 12, 1, 1),       (31, 13, 11, 8, 3, 18, 1, 1))
# Noise that rises for a second and a half.
_add(119, "Reverse Cymbal", (36, 84), 4, 7,
     (31,  0,  0, 2, 0, 0, 0, 15, 0, 3),   (31,  0,  0, 10, 0, 4, 0, 13, 0, 1),
     ( 6,  0,  0, 10, 0, 14, 0, 15, 0, 1), ( 6,  0,  0, 10, 0, 26, 0, 11, 0, 3), held=True, partial=0)

# --- Sound effects ----------------------------------------------------------------------------------------------------

# A finger along a wound string: a short squeak.
_add(120, "Guitar Fret Noise", (48, 96), 4, 7,
     (31, 12, 12, 9, 3,  8, 1, 5),       (31, 12, 12, 9, 3, 20, 1, 7, 0, 3),
     (22, 14, 13, 9, 3, 14, 1, 3),       (22, 14, 13, 9, 3, 18, 1, 5, 0, 3), partial=0)
# Air through a pipe.
_add(121, "Breath Noise", (48, 96), 4, 7,
     (31,  0,  0, 2, 0, 0, 0, 3),  (31,  0,  0, 9, 0, 6, 0, 11, 0, 3),
     (18, 13, 11, 9, 3, 14, 0, 4), (18, 13, 11, 9, 3, 26, 0, 4), partial=0)
# Waves: noise that swells and ebbs.
_add(122, "Seashore", (36, 96), 4, 7,
     (31,  0,  0, 2, 0, 0, 0, 5),  (31,  0,  0, 7, 0, 2, 0, 9, 0, 3),
     ( 7,  3,  2, 6, 2, 14, 0, 2), ( 6,  3,  2, 6, 3, 26, 0, 5, 0, 3), held=True, partial=0)
# A chirp: a high sine with a quick warble.
_add(123, "Bird Tweet", (48, 88), 4, 0,
     (22, 12, 10, 9, 4, 36, 1, 0),       (22, 14, 12, 9, 4, 38, 1, 0),
     (20, 13, 12, 9, 3, 14, 1, 8),       (22, 12, 11, 9, 3, 22, 1, 9), partial=8)
# A bell struck over and over: two bells' partials, rough by a modulator at half the pitch.
_add(124, "Telephone Ring", (48, 88), 4, 0,
     (31,  0,  0, 9, 0, 36, 0, 0),       (31,  0,  0, 9, 0, 38, 0, 0, 3),
     (26,  0,  0, 9, 0, 14, 0, 4),       (26,  0,  0, 9, 0, 17, 0, 5), held=True, partial=4)
# Blades: low noise, chopped by itself.
_add(125, "Helicopter", (36, 84), 4, 7,
     (31,  0,  0, 2, 0, 4, 0, 0),  (31,  0,  0, 8, 0, 8, 0, 0, 3),
     (15,  0,  0, 8, 0, 14, 0, 0), (15,  0,  0, 8, 0, 18, 0, 0, 0, 2), held=True, transpose=-12, partial=0)
# Many hands: white noise.
_add(126, "Applause", (36, 96), 4, 7,
     (31,  0,  0, 2, 0, 0, 0, 7),        (31,  0,  0, 7, 0, 0, 0, 7, 0, 3),
     (11,  0,  0, 6, 0, 14, 0, 9, 0, 3), (12,  0,  0, 6, 0, 26, 0, 13, 0, 1), held=True, partial=0)
# A bang and its echo.
_add(127, "Gunshot", (36, 84), 4, 7,
     (31,  5,  5, 2, 2, 0, 0, 2),  (31, 10,  9, 8, 3, 2, 0, 1, 0, 3),
     (31, 14, 10, 7, 5, 12, 0, 2), (31, 16, 11, 7, 5, 22, 0, 3, 0, 2), partial=0)
