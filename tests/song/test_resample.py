"""The resampler: what it does to tones, measured; where it rounds and clips."""

import numpy as np
import pytest
import soxr

from opm.song import FULL_SCALE, Resampler

COUNT = 1 << 15
WINDOW = np.kaiser(COUNT, 20.0)  # Its side lobes are 155 dB down.
MAIN_LOBE = 12
RATES = [(clock / 64, rate) for clock in (3_579_545, 4_000_000) for rate in (48_000, 44_100)]


def spectrum(quality, source, target, hertz):
    """Return the amplitudes of what becomes of a tone at full scale, 1 = full scale, and where its own stands."""
    moments = np.arange(int((COUNT + 8000) * source / target)) / source
    tone = np.sin(2 * np.pi * hertz * moments).astype(np.float32)
    heard = soxr.resample(tone, source, target, quality=quality)[4000 : 4000 + COUNT].astype(np.float64)
    return 2 * np.abs(np.fft.rfft(heard * WINDOW)) / WINDOW.sum(), hertz * COUNT / target


def decibels(amplitude):
    return 20 * np.log10(amplitude)


def power(amplitudes):
    """Return what a part of a spectrum amounts to, 1 = that of a tone at full scale."""
    return (amplitudes**2).sum() * WINDOW.sum() ** 2 / ((WINDOW**2).sum() * COUNT)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_what_rounds_to_16_bits_hides_what_the_resampler_adds(source, target):
    """HQ to 20 kHz; rounding makes noise of -98 dBFS. docs/player.md has the figures."""
    levels = []
    for hertz in np.linspace(200, 20_000, 34):
        amplitudes, place = spectrum("HQ", source, target, hertz)
        own = slice(max(0, int(place) - MAIN_LOBE), int(place) + MAIN_LOBE + 2)
        levels.append(np.sqrt(power(amplitudes[own])))
        amplitudes[own] = 0
        assert decibels(amplitudes.max()) < -130, f"distortion of {hertz:.0f} Hz"
        assert decibels(np.sqrt(power(amplitudes))) < -125, f"noise beside {hertz:.0f} Hz"
    assert decibels(max(levels)) - decibels(min(levels)) < 0.01
    for hertz in np.linspace(target / 2, source / 2 - 20, 20):
        amplitudes, _ = spectrum("HQ", source, target, hertz)
        assert decibels(amplitudes.max()) < -125, f"alias of {hertz:.0f} Hz"


@pytest.mark.parametrize(("floating", "quality"), [(False, "HQ"), (True, "VHQ")])
def test_16_bits_are_resampled_by_hq_and_floats_by_vhq(floating, quality):
    """The same samples however the sound is cut; int16 and float32 in come to the same."""
    sound = (np.random.default_rng(1).standard_normal((40_000, 2)) * 5000).astype(np.int16)
    want = soxr.resample(sound.astype(np.float32), *RATES[0], quality=quality)
    want = want / np.float32(FULL_SCALE) if floating else np.rint(want).astype(np.int16)
    for block in (sound, sound.astype(np.float32)):
        for size in (1000, 32_768, 40_000):
            resampler = Resampler(*RATES[0], floating=floating)
            pieces = [resampler.convert(block[at : at + size]) for at in range(0, len(block), size)]
            np.testing.assert_array_equal(np.concatenate([*pieces, resampler.flush()]), want)


@pytest.mark.parametrize("source", [48_000.0, 55_930.390625])
def test_a_block_given_is_left_as_it_is(source):
    for block in (np.full((500, 2), 900, np.int16), np.full((500, 2), 900.4, np.float32)):
        kept = block.copy()
        Resampler(source, 48_000, gain=2.0).convert(block)
        Resampler(source, 48_000, floating=True).convert(block)
        np.testing.assert_array_equal(block, kept)


def test_what_is_clipped_is_counted_after_rounding():
    """32767.4 is no clipping, 32767.5 is, and -32768.5 rounds to what fits."""
    resampler = Resampler(48_000, 48_000)
    values = np.array([[32_767.4, -32_768.5], [32_767.5, -32_769.0], [-32_768.0, 0.5]], np.float32)
    np.testing.assert_array_equal(resampler.convert(values), [[32_767, -32_768], [32_767, -32_768], [-32_768, 0]])
    assert (resampler.clipped, resampler.peak) == (2, 32_769)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_the_prompt_one_is_nearly_as_good(source, target):
    """Flat to 19 kHz, no alias where both can be heard; docs/player.md has the figures."""
    levels = []
    for hertz in [*np.linspace(200, 19_000, 12), *np.linspace(target / 2 + 1500, source / 2 - 20, 6)]:
        moments = np.arange(int((COUNT + 8000) * source / target)) / source
        tone = (10_000 * np.sin(2 * np.pi * hertz * moments))[:, None].repeat(2, axis=1).astype(np.float32)
        heard = Resampler(source, target, prompt=True, floating=True).convert(tone)[4000 : 4000 + COUNT, 0]
        amplitudes = 2 * np.abs(np.fft.rfft(heard * WINDOW)) / WINDOW.sum() * FULL_SCALE / 10_000
        if hertz < target / 2:
            place = int(hertz * COUNT / target)
            own = slice(max(0, place - MAIN_LOBE), place + MAIN_LOBE + 2)
            levels.append(np.sqrt(power(amplitudes[own])))
            amplitudes[own] = 0
        assert decibels(amplitudes.max()) < -80, f"{hertz:.0f} Hz"
    assert decibels(max(levels)) - decibels(min(levels)) < 0.01


@pytest.mark.parametrize(("source", "target"), [*RATES, (3_579_545 / 64, 96_000), (3_579_545 / 64, 8_000)])
def test_the_prompt_one_holds_a_millisecond(source, target):
    """Whatever the blocks; and gives the same samples, as many as there were, however the sound is cut."""
    sound = (np.random.default_rng(1).standard_normal((20_000, 2)) * 5000).astype(np.int16)
    wholes = []
    for size in (1, 7, 128, 20_000):
        resampler, given = Resampler(source, target, prompt=True), 0
        parts = []
        for at in range(0, len(sound), size):
            parts.append(resampler.convert(sound[at : at + size]))
            given += len(parts[-1])
            behind = min(at + size, len(sound)) / source - given / target
            assert -1 / target < behind < 0.001 + 1 / target, f"after {at + size} frames"
        wholes.append(np.concatenate([*parts, resampler.flush()]))
        assert len(wholes[-1]) == -(-len(sound) * target // source)
        np.testing.assert_array_equal(wholes[0], wholes[-1])
