"""What the AY-3-8910, the YM2149 and the SN76489 are known for: waves, noise, envelopes, levels, sides."""

from fractions import Fraction

import numpy as np
import pytest

from opm.board import Chip, core
from opm.board.record import WRITE


def played(name, rows, samples, clock=2_000_000, **options):
    """Run a program of (sample, address, data) and return both sides."""
    return Chip(name, clock, **options).run(np.array(rows, WRITE), samples)


def runs(values):
    """Return how long each value was held, the first and the last left out."""
    return np.diff(np.flatnonzero(np.diff(values)))


def pitched(channel, pitch, sample=0):
    """Return the SN76489's two bytes for a pitch."""
    return [(sample, 0, 0x80 | channel << 5 | pitch & 15), (sample, 0, pitch >> 4)]


# AY-3-8910, YM2149


@pytest.mark.parametrize(("pitch", "half"), [(0, 1), (1, 1), (2, 2), (100, 100), (0xFFF, 4095)])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_half_a_period_is_as_many_samples_as_the_pitch_says(channel, pitch, half):
    rows = [(0, channel * 2, pitch & 255), (0, channel * 2 + 1, pitch >> 8), (0, 7, 0x38), (0, 8 + channel, 15)]
    assert set(runs(played("ay8910", rows, 20_000)[:, 0])) == {half}


def test_a_period_shorter_than_the_counter_turns_at_the_next_sample():
    out = played("ay8910", [(0, 7, 0x3E), (0, 8, 15), (0, 1, 4), (500, 1, 0), (500, 0, 9)], 600)[:, 0]
    assert not out[:500].any()
    assert (np.flatnonzero(np.diff(out)) == np.arange(499, 599, 9)).all()


@pytest.mark.parametrize("period", [1, 2, 31])
def test_noise_is_a_register_of_17_bits_with_taps_0_and_3(period):
    register, bits = 1, []
    for _ in range(400):
        register = register >> 1 | ((register ^ register >> 3) & 1) << 16
        bits.append(register & 1)
    out = played("ay8910", [(0, 6, period), (0, 7, 7), (0, 8, 15)], 400 * 2 * period)[:, 0] > 0
    cycles = out[period - 1 :][: 399 * 2 * period].reshape(399, 2 * period)
    assert (cycles == cycles[:, :1]).all()
    assert (cycles[:, 0] == np.array(bits[:399]).astype(bool)).all()


def test_the_noise_repeats_after_131071_shifts():
    out = played("ay8910", [(0, 7, 7), (0, 8, 15)], 4 * 131_071)[:, 0]
    assert (out[1 : 2 * 131_071] == out[2 * 131_071 + 1 :][: 2 * 131_071 - 1]).all()


def ramps(shape, steps):
    """Return the levels of three ramps, from 0 to steps - 1."""
    down, up = [*range(steps - 1, -1, -1)], [*range(steps)]
    still, full = [0] * steps, [steps - 1] * steps
    if shape < 8:
        return [*(up if shape & 4 else down), *still, *still]
    forms = {
        8: (down, down, down), 9: (down, still, still), 10: (down, up, down), 11: (down, full, full),
        12: (up, up, up), 13: (up, full, full), 14: (up, down, up), 15: (up, still, still),
    }  # fmt: skip
    return [level for form in forms[shape] for level in form]


@pytest.mark.parametrize("shape", range(16))
@pytest.mark.parametrize(("kind", "steps", "samples"), [(0, 16, 6), (0x10, 32, 3)])
def test_every_shape_of_the_envelope(kind, steps, samples, shape):
    """It starts with the write: the first step comes a step's time later, less the sample that takes it."""
    ladder = np.unique(played("ay8910", [(0, 7, 63), (0, 8, 16), (0, 11, 1), (0, 13, 12)], 200, type=kind)[:, 0])
    assert len(ladder) == steps
    out = played("ay8910", [(0, 7, 63), (0, 8, 16), (0, 11, 3), (0, 13, shape)], 3 * steps * samples - 1, type=kind)
    levels = np.repeat(ramps(shape, steps), samples)[1:]
    assert (out[:, 0] == ladder[levels]).all()


@pytest.mark.parametrize("kind", [0, 0x10])
def test_sixteen_levels_rise(kind):
    rows = [(0, 7, 0x3F), *((level, 10, level) for level in range(16))]
    out = played("ay8910", rows, 16, type=kind)
    assert out[0, 0] == 0
    assert (np.diff(out[:, 0]) > 0).all()
    assert out[-1].tolist() == [5461, 5461]


def test_sides_of_the_channels():
    rows = [(0, 7, 0x3F), (0, 8, 15), (1, 9, 15), (1, 8, 0), (2, 10, 15), (2, 9, 0), (3, 256, 0b010101), (4, 256, 63)]
    assert (played("ay8910", rows, 5)[:3] == 5461).all()
    assert played("ay8910", rows, 5, flags=0x80).tolist() == [[5461, 0], [5461, 5461], [0, 5461], [5461, 0], [5461] * 2]


def test_pin_26_halves_the_clock_of_a_ym2149():
    rate = core("ay8910").rate
    assert rate(4_000_000, {}) == rate(4_000_000, {"flags": 0x10}) == rate(4_000_000, {"type": 0x10}) == 500_000
    assert rate(4_000_000, {"type": 0x10, "flags": 0x10}) == 250_000
    assert rate(3_579_545, {}) == Fraction(3_579_545, 8)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_not_heard_goes_on(seed):
    """Channels that come in late are where they would be if they had been heard."""
    rng = np.random.default_rng(seed)
    late = int(rng.integers(1, 3000))
    setting = [(0, address, int(rng.integers(0, 64))) for address in (0, 2, 4, 6, 7, 11, 13)]
    loud = [(8, 15), (9, 16), (10, 11)]
    early = setting + [(sample, *level) for sample in (0, late) for level in loud]
    quiet = setting + [(late, *level) for level in loud]
    kind = int(rng.choice([0, 16]))
    expected, got = (played("ay8910", rows, 4000, type=kind)[late:] for rows in (early, quiet))
    assert (got == expected).all()


def test_ay8910_strikes():
    rows = [(0, 8, 0), (0, 8, 3), (0, 8, 4), (0, 9, 16), (0, 13, 0), (0, 8, 0), (0, 8, 0xE0), (0, 8, 0xEF), (0, 40, 9)]
    found = core("ay8910").struck(np.array(rows, WRITE))
    assert found.tolist() == [(1, 0, -1), (3, 1, -1), (4, 1, -1), (7, 0, -1)]
    assert len(core("ay8910").struck(np.zeros(0, WRITE))) == 0


# SN76489


@pytest.mark.parametrize("pitch", [2, 3, 100, 1023])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_tone_swings_around_the_middle(channel, pitch):
    out = played("sn76489", [*pitched(channel, pitch), (0, 0, 0x90 | channel << 5)], 8000)[:, 0]
    assert set(runs(out)) == {pitch}
    assert set(out) == {-4096, 4096}


@pytest.mark.parametrize("pitch", [0, 1])
def test_a_tone_of_0_or_1_plays_its_level(pitch):
    rows = [*pitched(1, pitch), *((step, 0, 0xB0 | step) for step in range(16))]
    out = played("sn76489", rows, 16)[:, 0]
    assert np.allclose(out[:15], 4096 * 2.0 ** (-np.arange(15) / 3), atol=1)  # 2 dB are nearly a third of a doubling
    assert out[15] == 0


def test_a_pitch_of_0_may_be_1024():
    assert set(runs(played("sn76489", [*pitched(0, 0), (0, 0, 0x90)], 8000, flags=1)[:, 0])) == {1024}


@pytest.mark.parametrize(("mode", "shift"), [(0, 32), (1, 64), (2, 128), (3, 20)])
@pytest.mark.parametrize(("feedback", "width", "flags"), [(9, 16, 0), (3, 15, 1), (12, 17, 1), (0x22, 16, 0x11)])
@pytest.mark.parametrize("white", [False, True])
def test_noise_is_a_register_with_two_taps(mode, shift, feedback, width, flags, white):
    taps = [bit for bit in range(width) if feedback >> bit & 1]
    register, bits = 1 << width - 1, []
    for _ in range(300):
        new = register >> taps[0] & 1
        if white:
            new ^= register >> taps[1] & 1 ^ flags >> 4
        register = register >> 1 | new << width - 1
        bits.append(register & 1)
    rows = [*pitched(2, 10), (0, 0, 0xE0 | white << 2 | mode), (0, 0, 0xF0)]
    chip = Chip("sn76489", 3_579_545, feedback=feedback, width=width, flags=flags)
    out = chip.run(np.array(rows, WRITE), 299 * shift)[:, 0] > 0
    cycles = out.reshape(299, shift)  # the first shift comes at once: after a reset its count is 0
    assert (cycles == cycles[:, :1]).all()
    assert (cycles[:, 0] == np.array(bits[:299]).astype(bool)).all()


def test_a_write_starts_the_noise_anew_an_ncrs_only_if_its_kind_changes():
    for flags, anew in ((0, True), (16, False)):
        chip = Chip("sn76489", 3_579_545, flags=flags)
        chip.write(0, 0xE4)
        chip.generate(1000)
        before = int(chip.state.lfsr)
        chip.write(0, 0xE5)
        chip.generate(0)
        assert int(chip.state.lfsr) == (0x8000 if anew else before) != before * anew
        chip.write(0, 0xE1)
        chip.generate(0)
        assert int(chip.state.lfsr) == 0x8000


def test_a_second_byte_goes_to_the_register_that_the_first_chose():
    chip = Chip("sn76489", 3_579_545)
    for byte in (0x8A, 0x3F, 0x15, 0xD3, 0x27, 0xE2, 0x1D):
        chip.write(0, byte)
    chip.generate(0)
    assert chip.state.pitch.tolist() == [0x15A, 0, 0]
    assert chip.state.attenuation.tolist() == [15, 15, 7, 15]
    assert chip.state.noise == 13


def test_the_port_of_sides():
    sides = enumerate((0x11, 0x10, 1, 0xEE, 0xFF))
    rows = [*pitched(0, 0), (0, 0, 0x90), *((sample, 1, data) for sample, data in sides)]
    assert played("sn76489", rows, 5).tolist() == [[4096, 4096], [4096, 0], [0, 4096], [0, 0], [4096, 4096]]
    assert (played("sn76489", rows, 5, flags=4) == 4096).all()
    assert (played("sn76489", rows, 5, flags=6) == -4096).all()


def test_an_sn94624_has_no_divider():
    assert core("sn76489").rate(3_579_545, {"flags": 8}) == Fraction(3_579_545, 2)
    assert core("sn76489").rate(3_579_545, {}) == Fraction(3_579_545, 16)


@pytest.mark.parametrize("seed", range(20))
def test_an_sn76489_that_is_not_heard_goes_on(seed):
    rng = np.random.default_rng(seed)
    late = int(rng.integers(1, 3000))
    setting = [(0, 0, 0xE0 | int(rng.integers(0, 8)))]
    for channel in range(3):
        setting += pitched(channel, int(rng.integers(2, 80)))
    loud = [(0, 0x90), (0, 0xB3), (0, 0xD1), (0, 0xF2)]
    early = setting + [(0, *level) for level in loud]
    quiet = setting + [(late, *level) for level in loud]
    expected, got = (played("sn76489", rows, 4000)[late:] for rows in (early, quiet))
    assert (got == expected).all()


def test_sn76489_strikes():
    rows = [(0, 0, 5), (0, 0, 0x9F), (0, 0, 0x95), (0, 0, 3), (0, 0, 0x8F), (0, 1, 0xFF), (0, 0, 0xFF), (0, 0, 4)]
    found = core("sn76489").struck(np.array(rows, WRITE))
    assert found.tolist() == [(0, 1, -1), (2, 0, -1), (7, 3, -1)]
    assert len(core("sn76489").struck(np.zeros(0, WRITE))) == 0
