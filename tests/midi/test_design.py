"""The bank's programs on the chip, each by what its instrument does; and the measures themselves."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from opm import Operator, Voice, note
from opm.inspect.measure import frequency
from opm.midi.design import measure
from opm.midi.design.programs import PROGRAMS
from opm.pitch import hertz_of

KEY = 60
SILENT = Operator()
BY_NUMBER = {program.number: program for program in PROGRAMS}
PITCHED = [program for program in PROGRAMS if program.partial]
STRUCK = [program for program in PROGRAMS if not program.held]
HELD = [program for program in PROGRAMS if program.held]
FALLS = {
    0: (1.2, 4), 4: (1.5, 4), 6: (0.7, 2), 7: (0.8, 3), 9: (0.6, 2), 11: (1.2, 4), 12: (0.15, 0.5), 13: (0.1, 0.35),
    14: (2, 4), 24: (0.5, 1.5), 25: (0.8, 2.5), 28: (0.1, 0.5), 33: (0.8, 3), 45: (0.15, 0.5), 46: (0.7, 2),
    47: (0.7, 2), 55: (0.3, 1), 105: (0.2, 0.8), 108: (0.2, 0.7), 115: (0.03, 0.2), 116: (0.3, 1), 117: (0.2, 0.8),
}  # fmt: skip
"""Seconds to 20 dB below the loudest at key 60, at least and at most."""
SPEAKS = {
    16: (0, 0.02), 19: (0.01, 0.08), 40: (0.015, 0.1), 48: (0.04, 0.2), 49: (0.08, 0.4), 52: (0.04, 0.2),
    56: (0.005, 0.05), 60: (0.015, 0.1), 71: (0.005, 0.05), 73: (0.01, 0.08), 80: (0, 0.01), 89: (0.08, 0.4),
    119: (0.5, 2),
}  # fmt: skip
"""Seconds to the loudest, nearly, at key 60."""
BRIGHTER = [
    (0, 1), (4, 5), (26, 24), (24, 25), (26, 27), (29, 30), (32, 33), (33, 34), (33, 36), (53, 52), (58, 57), (57, 56),
    (60, 57), (63, 62), (49, 48), (78, 73), (79, 68), (89, 90), (71, 68), (108, 105), (12, 13),
]  # fmt: skip
"""The second is brighter than the first."""
ODD = [(71, 30), (80, 40)]
"""Programs of odd harmonics alone, and by how many dB the even ones stand under the first."""


def ids(programs):
    return [f"{program.number} {program.voice.name}" for program in programs]


def at(program, key=KEY):
    return program.voice, key + program.transpose


# --- The measures -----------------------------------------------------------------------------------------------------


def sine(tl=20, **values):
    return Voice("sine", con=7, ops=(Operator(tl=tl, **values), SILENT, SILENT, SILENT))


def test_a_sine_has_the_level_of_its_total_level():
    """A carrier at TL 0 peaks at a quarter of full scale, nearly: 12.1 + 3.0 dB below for its RMS."""
    assert measure.level(sine(0)) == pytest.approx(-15.1, abs=0.1)
    assert measure.level(sine(0)) - measure.level(sine(16)) == pytest.approx(12, abs=0.1)


def test_levelled_finds_the_step():
    voice = measure.levelled(sine(60))
    assert abs(measure.level(voice) - measure.LEVEL) <= measure.STEP / 2 + 0.05
    assert measure.correction(voice) == 0


def test_too_soft_a_voice_is_named():
    faint = Voice("faint", con=4, ops=(SILENT, SILENT, Operator(tl=30, ar=4, d1r=31, d1l=15), Operator(tl=2, ar=0)))
    with pytest.raises(ValueError, match=r"^faint: -\d+\.\d dBFS cannot become -21\.0: "):
        measure.levelled(faint)


def test_pitch_is_measured():
    assert measure.cents(sine(mul=2), 69, partial=2) == pytest.approx(0, abs=0.5)
    assert measure.cents(sine(), 69.25) == pytest.approx(0, abs=0.8)
    detuned = frequency(*note(KEY), dt1=3)
    assert measure.cents(sine(dt1=3), KEY) == pytest.approx(1200 * np.log2(detuned / hertz_of(KEY)), abs=0.1)


def test_detuned_lines_are_one():
    """Two carriers at the same level, a little above and below."""
    pair = Voice("pair", con=7, ops=(Operator(tl=20, dt1=3), Operator(tl=20, dt1=7), SILENT, SILENT))
    assert measure.cents(pair, KEY) == pytest.approx(measure.cents(sine(), KEY), abs=0.3)


@pytest.mark.parametrize(("rate", "seconds"), [(14, 1.73), (10, 6.93)])
def test_decay_is_the_rates(rate, seconds):
    """96 dB take 1.73 s at rate 28, 6.93 s at 20 (the manual's 6.89 at 3.6 MHz); KS 0 adds 1 at key 60: a quarter."""
    assert measure.decay(sine(d2r=rate)) == pytest.approx(seconds * 4 / 5 * 20 / 96, rel=0.05)


def test_what_is_held_never_falls():
    assert measure.decay(sine()) == np.inf
    assert measure.attack(sine()) < 0.003


def test_release():
    quick, slow = (measure.release(sine(rr=rr)) for rr in (8, 7))
    assert slow == pytest.approx(2 * quick, rel=0.15)
    assert measure.release(sine(rr=0)) == np.inf


def test_centroid_of_a_sine_is_its_pitch():
    assert measure.centroid(sine(), 81) == pytest.approx(880, rel=0.01)


# --- The programs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", PITCHED, ids=ids(PITCHED))
def test_in_tune(program):
    """At key 60 and at both ends of the range."""
    for key in (KEY, max(program.low, 26), program.high):
        cents = measure.cents(*at(program, key), program.partial)
        assert abs(cents) < (3 if key == KEY else 5), f"key {key}: {cents:.1f} cents"


@pytest.mark.parametrize("program", PROGRAMS, ids=ids(PROGRAMS))
def test_level_holds_over_the_range(program):
    middle = measure.level(*at(program))
    for key in range(program.low, program.high + 1, 12):
        level = measure.level(*at(program, key))
        assert abs(level - middle) < 3, f"key {key}: {level - middle:+.1f} dB against key 60"


@pytest.mark.parametrize("program", PROGRAMS, ids=ids(PROGRAMS))
def test_let_go(program):
    """-40 dB within 1.5 s, and no click: what sounds still does not end within 5 ms."""
    released = measure.release(*at(program))
    rings = measure.envelope(*at(program), held=0.5, after=0)[-1] > -60
    assert 0.005 * rings <= released < 1.5


@pytest.mark.parametrize("program", STRUCK, ids=ids(STRUCK))
def test_what_is_struck_dies_away(program):
    assert measure.attack(*at(program)) < 0.06
    assert measure.decay(*at(program)) < 4


@pytest.mark.parametrize("program", HELD, ids=ids(HELD))
def test_what_is_held_stays(program):
    """Two seconds later less than 12 dB are gone, beats included."""
    levels = measure.envelope(*at(program), after=0)
    assert levels[1900:2100].max() > levels.max() - 12


def test_none_clips_alone():
    for program in PROGRAMS:
        voice, key = at(program)
        assert np.abs(measure.sound(measure.levelled(voice, key), key)).max() < 0.5 * measure.FULL, program.voice.name


def test_decays_are_the_instruments():
    for number, (least, most) in FALLS.items():
        found = measure.decay(*at(BY_NUMBER[number]))
        assert least < found < most, f"{BY_NUMBER[number].voice.name}: {found:.2f} s"


def test_low_strings_ring_longer():
    for number in (0, 1, 6, 11, 24, 25, 27, 46, 107):
        low, high = (measure.decay(*at(BY_NUMBER[number], key)) for key in (48, 84))
        assert low > 1.3 * high, f"{BY_NUMBER[number].voice.name}: {low:.2f} and {high:.2f} s"


def test_attacks_are_the_instruments():
    for number, (least, most) in SPEAKS.items():
        found = measure.attack(*at(BY_NUMBER[number]))
        assert least <= found < most, f"{BY_NUMBER[number].voice.name}: {found:.3f} s"


def test_brightness():
    for dark, bright in BRIGHTER:
        one, other = (measure.centroid(*at(BY_NUMBER[number])) for number in (dark, bright))
        assert one < other, f"{BY_NUMBER[dark].voice.name} {one:.0f} Hz, {BY_NUMBER[bright].voice.name} {other:.0f} Hz"


def test_odd_harmonics():
    for number, below in ODD:
        hertz, amplitudes = measure.spectrum(*at(BY_NUMBER[number]), 0.3, 0.5)
        lines = [amplitudes[np.abs(hertz - 261.63 * n) < 60].max() for n in (1, 2, 3, 4)]
        assert 20 * np.log10(max(lines[1], lines[3]) / lines[0]) < -below
        assert 20 * np.log10(lines[2] / lines[0]) > -20


def test_no_two_are_alike():
    """Each pair differs in its spectrum at some time by 1 dB, in the mean over third octaves."""
    seen = {}
    for program in PROGRAMS:
        voice, key = at(program)
        samples = measure.sound(measure.levelled(voice, key), key, 1.0, 0.25)
        # By octave thirds from 50 Hz to 12 kHz, in six pieces of 0.2 s.
        pieces = np.abs(np.fft.rfft(samples[: 6 * 11_186].reshape(6, -1) * np.hanning(11_186), axis=1)) ** 2
        edges = (50 * 2 ** (np.arange(25) / 3) / 5).astype(int)
        bands = np.array([pieces[:, a : max(b, a + 1)].sum(1) for a, b in pairwise(edges)])
        seen[program.voice.name] = np.maximum(10 * np.log10(bands + 1), 60)
    nearest = min(combinations(seen, 2), key=lambda pair: np.abs(seen[pair[0]] - seen[pair[1]]).mean())
    assert np.abs(seen[nearest[0]] - seen[nearest[1]]).mean() > 1, nearest
    assert len({program.voice.same_sound() for program in PROGRAMS}) == len(PROGRAMS)
