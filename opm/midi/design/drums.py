"""The drums of the bank, by the keys of General MIDI and those that GS adds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...pitch import REFERENCE_CLOCK, hertz_of, key_codes
from ...voice.voice import Operator, Voice
from ..noise import EG_DB, FULL
from .entry import Drum

_FALL = 18643.46 * EG_DB
"""dB a second of effective rate 48: a step at each tick, every third frame."""
_DB_PER_NEPER = 20 / math.log(10)


class Part(NamedTuple):
    """An operator of a drum.

    It falls alike whether its key is held or not: files let go of drums at once or hold them for long. So D1R, D2R and
    RR are one rate, but for ``first``, which letting go ends.
    """

    tl: int
    """Carriers: against each other, as measure levels them together. Modulators: 0 turns the phase by 25 radians, every
    8 more by half of that."""
    fall: float = 0.0
    """dB a second; 0 stays."""
    mul: int = 1
    dt2: int = 0
    ar: int = 31
    """All attacks end within the 30 ms that a drum is held at least."""
    first: tuple[float, int] | None = None
    """dB a second before that, and for how many times 3 dB."""


class Noise(NamedTuple):
    """C2 of channel 8 where it is noise: its amplitude falls in a straight line, not its level in dB."""

    nfrq: int
    """31 is white; a new sign comes at most every (32 - NFRQ) / 2 frames."""
    seconds: float
    """Until nothing is left."""
    ar: int = 31


P = Part
CHAOS = P(0, mul=15)
"""M1 with feedback 7: the chip's other noise, on any channel, white to 20 kHz and 7 dB louder than channel 8's."""


def _fall(rate: int) -> float:
    """Return dB a second of an effective rate."""
    rate = min(rate, 63)
    return _FALL * (4 + rate % 4) / 4 * 2.0 ** (rate // 4 - 12)


def _far(fall: float, wanted: float) -> float:
    return abs(math.log(fall / wanted))


def operator(part: Part, note: float) -> Operator:
    """Return a part's registers at a note: those whose rates come nearest."""
    sound = {"ar": part.ar, "tl": part.tl, "mul": part.mul, "dt2": part.dt2}
    if not part.fall:
        return Operator(**sound, rr=0)
    kcode = int(key_codes([note], REFERENCE_CLOCK)[0][0]) >> 2
    # RR alone doubles from one step to the next; what KS adds comes between.
    rates = [(4 * rr + 2 + (kcode >> (3 - ks)), ks, rr) for ks in range(4) for rr in range(16)]
    rate, ks, rr = min(rates, key=lambda each: _far(_fall(each[0]), part.fall))
    rest = 2 * rr + 1
    if part.first is None:
        return Operator(**sound, ks=ks, d1r=rest, d2r=rest, rr=rr)
    wanted, steps = part.first
    d1r = min(range(1, 32), key=lambda each: _far(_fall(rate + 2 * (each - rest)), wanted))
    return Operator(**sound, ks=ks, d1r=d1r, d2r=rest, rr=rr, d1l=steps)


def _drum(key: int, name: str, note: float, con: int, fb: int, parts: Sequence[Part], partial: float = 1) -> Drum:
    voice = Voice(name, con=con, fb=fb, ops=tuple(operator(part, note) for part in parts))
    return Drum(key, voice, note, partial=partial)


def _with_noise(drum: Drum, noise: Noise, con: int, fb: int, parts: Sequence[Part]) -> Drum:
    """Give a drum its variant for channel 8: three operators and the noise, as loud as it can be."""
    part = P(0, 8 * FULL * EG_DB / noise.seconds, ar=noise.ar)
    voice = _drum(drum.key, drum.voice.name, drum.note, con, fb, [*parts, part]).voice
    return drum._replace(noise=replace(voice, lfo=(0, 0, 0, 0, noise.nfrq, 1)))


def _sweep(tl: int, pitch: float, below: int) -> Part:
    """Return the modulator of a pitch that falls, ``below`` octaves under the carrier.

    It begins at phase 0, where a sine is steepest: that adds to the carrier's frequency, and takes it away again behind
    its quarter. It takes least if it falls by a neper in each radian of its own.
    """
    return P(tl, _DB_PER_NEPER * 2 * math.pi * hertz_of(pitch) / 2**below, 0)


def _kick(key: int, name: str, pitch: float, fall: float, sweep: int, knock: int, click: int) -> Drum:
    # Small loudspeakers give nothing of the note itself, so there is a knock at 3.5 times that, and its click.
    parts = (_sweep(sweep, pitch, 2), P(click, 1100, 15), P(0, fall, 2), P(knock, 2.2 * fall, 7))
    return _drum(key, name, pitch - 12, 4, 0, parts, 2)


def _skin(key: int, name: str, pitch: float, fall: float, stick: int = 8, below: int = 3) -> Drum:
    # The second mode of a skin stands at 1.59 times the first: DT2 2, nearly.
    mul = 2 ** (below - 1)
    parts = (_sweep(20, pitch, below), P(16, 600, 15), P(0, fall, mul), P(stick, 2 * fall, mul, 2))
    return _drum(key, name, pitch - 12 * (below - 1), 4, 0, parts, mul)


def _metal(
    key: int, name: str, note: float, fall: float, noise: float, first: tuple[float, int] | None = None, ar: int = 31
) -> Drum:
    # C1 is noise, M2 and C2 a clang of lines, folded at half the chip's rate. Notes are those at which few of them come
    # out below 2 kHz.
    def carrier(mul: int, dt2: int = 0) -> Part:
        return P(0, fall, mul, dt2, ar, first)

    drum = _drum(key, name, note, 4, 7, (P(0, 0, 7, 2), P(16, 0, 5, 3), carrier(8), carrier(9, 1)))
    # Here M1 with less feedback gives the lines.
    return _with_noise(drum, Noise(31, noise, ar), 5, 6, (P(12, 0, 5, 3), carrier(9, 1), carrier(8)))


def _drums() -> Iterator[Drum]:
    # fmt: off
    yield _drum(27, "High Q", 40, 4, 0, (_sweep(0, 76, 4), P(24, 900, 2), P(0, 360, 8), P(4, 400, 15)), 8)
    yield _drum(28, "Slap", 59, 4, 7, (CHAOS, P(20, 900, 3, 1), P(2, 450, 15), P(0, 350)))
    yield _drum(29, "Scratch Push", 40, 4, 6,
                (P(10, 100, 3, 1), P(8, 90, 0), P(6, 250, 9, ar=18), P(0, 220, 13, ar=18)))
    yield _drum(30, "Scratch Pull", 36, 4, 6,
                (P(10, 100, 3, 1), P(8, 70, 0), P(6, 230, 9, ar=20), P(0, 190, 13, ar=20)))
    yield _drum(31, "Sticks", 91, 4, 0, (P(36, 900, 1, 3), P(16, 1200, 3), P(0, 420), P(2, 600, 1, 2)))
    yield _drum(32, "Square Click", 79, 4, 0, (P(31, 0, 2), P(16, 900, 5), P(0, 420), P(4, 600, 3)))
    yield _drum(33, "Metronome Click", 93, 4, 0, (P(40, 0, 2), P(16, 1200, 3), P(0, 450), P(6, 900, 1, 1)))
    yield _drum(34, "Metronome Bell", 86, 4, 0, (P(34, 120, 3, 1), P(34, 150, 4, 2), P(0, 60), P(8, 80, 2, 1)))
    yield _kick(35, "Acoustic Bass Drum", 33, 140, 18, 11, 16)
    yield _kick(36, "Bass Drum 1", 36, 170, 14, 9, 12)
    yield _drum(37, "Side Stick", 69, 4, 0, (P(26, 700, 3), P(24, 900, 7, 1), P(4, 330), P(0, 500, 4, 1)))
    yield _with_noise(
        _drum(38, "Acoustic Snare", 54, 6, 7, (CHAOS, P(4, 200), P(0, 150, 15, first=(400, 2)), P(10, 260, 1, 3))),
        Noise(28, 0.22), 6, 7, (CHAOS, P(0, 200), P(2, 150, 15, first=(400, 2))))
    yield _with_noise(
        _drum(39, "Hand Clap", 74, 5, 7, (P(8, 0, 3, 2), P(0, 2000, 2), P(0, 2000, 2, 1, 18), P(2, 180, 2, 2, 16))),
        Noise(26, 0.15, 17), 5, 7, (P(8, 0, 3, 2), P(0, 2000, 2), P(0, 180, 2, 1, 17)))
    yield _with_noise(
        _drum(40, "Electric Snare", 57, 4, 7, (CHAOS, P(18, 500, 0), P(0, 280, 15, first=(120, 3)), P(0, 220))),
        Noise(31, 0.18), 6, 7, (CHAOS, P(0, 220), P(0, 190, 15)))
    yield _skin(41, "Low Floor Tom", 38, 75)
    yield _metal(42, "Closed Hi-Hat", 82, 290, 0.11)
    yield _skin(43, "High Floor Tom", 41, 80)
    yield _metal(44, "Pedal Hi-Hat", 80, 340, 0.09)
    yield _skin(45, "Low Tom", 44, 85)
    yield _metal(46, "Open Hi-Hat", 82, 60, 0.55)
    yield _skin(47, "Low-Mid Tom", 47, 90)
    yield _skin(48, "Hi-Mid Tom", 50, 95)
    yield _metal(49, "Crash Cymbal 1", 76, 18, 1.9, (100, 2))
    yield _skin(50, "High Tom", 53, 100)
    yield _drum(51, "Ride Cymbal 1", 81, 4, 6,
                (P(8, 0, 7, 2), P(16, 30, 5, 3), P(10, 20, 7, first=(60, 3)), P(0, 16, 3, 1, first=(60, 3))))
    yield _metal(52, "Chinese Cymbal", 74, 28, 1.0, (120, 2))
    yield _drum(53, "Ride Bell", 81, 4, 4, (P(24, 40, 3, 1), P(28, 60, 4, 2), P(0, 35, 1), P(2, 35, 2, 1)))
    yield _metal(54, "Tambourine", 88, 150, 0.22)
    yield _metal(55, "Splash Cymbal", 87.5, 45, 0.68)
    # Two square waves, which have a modulator at twice the pitch.
    yield _drum(56, "Cowbell", 73, 4, 0,
                (P(30, 60, 2), P(30, 60, 2, 1), P(0, 90, first=(300, 3)), P(0, 90, 1, 1, first=(300, 3))))
    yield _metal(57, "Crash Cymbal 2", 77.5, 16, 2.0, (80, 2))
    # Carriers at 14 and 10 * sqrt 2 times the note rattle 12 times a second; those of the whistles 24 times.
    yield _drum(58, "Vibraslap", 40, 5, 5, (P(20, 20, 11), P(0, 35, 14), P(0, 35, 10, 1), P(6, 40, 15, 2)))
    yield _drum(59, "Ride Cymbal 2", 84, 4, 6,
                (P(8, 0, 7, 2), P(16, 30, 5, 3), P(8, 16, 7, first=(60, 3)), P(0, 13, 3, 2, first=(60, 3))))
    yield _skin(60, "Hi Bongo", 67, 250, 8)
    yield _skin(61, "Low Bongo", 62, 210, 8)
    yield _skin(62, "Mute Hi Conga", 60, 350, 6)
    yield _skin(63, "Open Hi Conga", 60, 110)
    yield _skin(64, "Low Conga", 55, 95)
    yield _drum(65, "High Timbale", 64, 4, 5, (P(30, 250, 3, 1), P(20, 200, 7, 2), P(0, 130), P(4, 150, 2, 2)))
    yield _drum(66, "Low Timbale", 58, 4, 5, (P(30, 250, 3, 1), P(20, 200, 7, 2), P(0, 110), P(4, 130, 2, 2)))
    yield _drum(67, "High Agogo", 83, 4, 0, (P(34, 200, 2, 2), P(30, 300, 3, 1), P(0, 110), P(10, 150, 2, 3)))
    yield _drum(68, "Low Agogo", 78, 4, 0, (P(34, 200, 2, 2), P(30, 300, 3, 1), P(0, 110), P(10, 150, 2, 3)))
    yield _metal(69, "Cabasa", 84, 300, 0.115, ar=21)
    yield _metal(70, "Maracas", 90, 420, 0.085)
    yield _drum(71, "Short Whistle", 51.2, 5, 0, (P(48), P(0, 150, 15), P(0, 150, 14), P(0, 150, 10, 1)))
    yield _drum(72, "Long Whistle", 51.2, 5, 0, (P(48), P(0, 55, 15), P(0, 55, 14), P(0, 55, 10, 1)))
    # An octave below the note M1 and M2 drive the carriers up and down by 25 times their own pitch: the notches.
    yield _drum(73, "Short Guiro", 47, 4, 0, (P(0, 0, 0), P(4, 0, 0), P(0, 250, 15, 0, 18), P(0, 250, 15, 3, 18)))
    yield _drum(74, "Long Guiro", 44, 4, 0, (P(0, 0, 0), P(4, 0, 0), P(0, 60, 15, 0, 16), P(0, 60, 15, 3, 16)))
    yield _drum(75, "Claves", 99, 4, 0, (P(40, 900, 2, 3), P(24, 1500, 3), P(0, 420), P(4, 800, 2, 1)))
    yield _drum(76, "Hi Wood Block", 85, 4, 0, (P(36, 900, 1, 3), P(20, 1500, 3), P(0, 350), P(3, 700, 2, 1)))
    yield _drum(77, "Low Wood Block", 78, 4, 0, (P(36, 900, 1, 3), P(20, 1500, 3), P(0, 370), P(6, 900, 2, 1)))
    yield _drum(78, "Mute Cuica", 33, 4, 4, (P(28, 100, 10), P(8, 250, 0), P(30, 200, 10), P(0, 200, 10)), 10)
    yield _drum(79, "Open Cuica", 28, 4, 4, (P(28, 60, 12), P(6, 60, 0), P(30, 90, 12), P(0, 90, 12)), 12)
    yield _drum(80, "Mute Triangle", 96, 7, 0, (P(0, 220, 2), P(4, 240, 2, 2), P(6, 260, 3, 1), P(8, 260, 3)), 2)
    yield _drum(81, "Open Triangle", 96, 7, 0, (P(0, 26, 2), P(4, 30, 2, 2), P(6, 34, 3, 1), P(8, 34, 3)), 2)
    yield _metal(82, "Shaker", 87, 300, 0.12, ar=20)
    yield _drum(83, "Jingle Bell", 88, 4, 5, (P(28, 60, 3, 2), P(28, 60, 5, 1), P(0, 110, 4, 1), P(0, 120, 5, 2)))
    yield _drum(84, "Bell Tree", 91, 7, 2, (P(0, 22, 2, 1, 20), P(2, 24, 3), P(4, 26, 3, 2, 18), P(4, 30, 5, 0, 17)))
    yield _drum(85, "Castanets", 87, 4, 0, (P(24, 700, 1, 2), P(12, 900, 3, 1), P(0, 450), P(0, 500, 2, 3)))
    yield _skin(86, "Mute Surdo", 37, 170, 12, 2)
    yield _skin(87, "Open Surdo", 37, 55, 16, 2)
    # fmt: on


DRUMS = tuple(_drums())
"""By key."""
