"""VERA: what is special about its sound generator and about its PCM output."""

from fractions import Fraction
from itertools import chain

import numpy as np
import pytest

from opm.board import Chip
from opm.board.record import WRITE
from opm.board.vera_pcm import AUDIO_CTRL, AUDIO_DATA, AUDIO_RATE, LENGTH, LOOP, LOW, OFFSET, START
from opm.board.vera_pcm import struck as pcm_struck
from opm.board.vera_psg import NOISE, PULSE, SAWTOOTH, TRIANGLE
from opm.board.vera_psg import struck as psg_struck

CLOCK = 25_000_000
BOTH, LEFT, RIGHT = 0xC0, 0x40, 0x80
LOUD = 63
"""Volume: the amplitude is 511."""


def rows(*writes):
    return np.array([*writes], WRITE)


def psg():
    return Chip("vera_psg", CLOCK)


def voice(number, freq, control, waveform, width=63):
    """Return the four registers of a voice."""
    return [*enumerate((freq & 0xFF, freq >> 8, control, waveform << 6 | width), 4 * number)]


def play(chip, writes, samples):
    for address, data in writes:
        chip.write(address, data)
    return chip.generate(samples)


def output(level, amplitude=511):
    """What a voice adds to a side, by its level of 0 to 63."""
    return (np.asarray(level) - 32) * amplitude >> 3


class SlowNoise:
    """The LFSR step by step, and when each voice looks at it."""

    def __init__(self):
        self.state, self.phase, self.value = 1, [0] * 16, [0] * 16

    def sample(self, frequencies):
        """Step all voices; a frequency of None is a voice without a side."""
        for i, freq in enumerate(frequencies):
            new = (self.state >> 1 ^ self.state >> 2 ^ self.state >> 4 ^ self.state >> 15) & 1
            self.state = (self.state << 1 | new) & 0xFFFF
            before, after = self.phase[i], 0 if freq is None else (self.phase[i] + freq) & 0x1FFFF
            if before >> 16 and not after >> 16:
                self.value[i] = self.state >> 1 & 63
            self.phase[i] = after
        return [*self.value]


@pytest.mark.parametrize("waveform", [PULSE, SAWTOOTH, TRIANGLE])
@pytest.mark.parametrize("width", [0, 21, 63])
def test_waveforms_of_tones(waveform, width):
    freq = 5000
    phase = np.arange(1, 400) * freq & 0x1FFFF
    high = phase >> 10
    level = {
        PULSE: np.where(high <= width, 63, 0),
        SAWTOOTH: high >> 1 ^ 63 ^ width,
        TRIANGLE: np.where(high < 64, high, 127 - high) ^ 63 ^ width,
    }[waveform]
    got = play(psg(), voice(3, freq, BOTH | LOUD, waveform, width), len(phase))
    assert (got == output(level)[:, None]).all()


def test_noise_is_the_lfsr_stepped_for_each_voice_in_turn():
    frequencies = [0x1000 + 0xE00 * i for i in range(16)]
    slow = SlowNoise()
    expected = np.array([slow.sample(frequencies) for _ in range(5000)])
    for number in (0, 7, 15):
        chip = psg()
        writes = [voice(i, freq, BOTH | (LOUD if i == number else 0), NOISE) for i, freq in enumerate(frequencies)]
        got = play(chip, [*chain(*writes)], 5000)
        np.testing.assert_array_equal(got[:, 0], output(expected[:, number]))
        assert chip.state.noise.tolist() == slow.value


def test_noise_value_is_taken_whatever_the_voice_plays():
    loud, other = psg(), psg()
    play(loud, voice(5, 0xFFFF, BOTH | LOUD, NOISE), 333)
    play(other, voice(5, 0xFFFF, RIGHT, PULSE), 333)
    assert loud.state.noise[5] == other.state.noise[5] != 0


def test_a_voice_without_sides_starts_over_and_may_fall_by_that():
    slow, chip = SlowNoise(), psg()
    frequencies = [None] * 9 + [0xFFFF] + [None] * 6
    slow.sample(frequencies)
    slow.sample(frequencies)
    play(chip, voice(9, 0xFFFF, BOTH | LOUD, NOISE), 2)
    assert chip.state.phase[9] == slow.phase[9] == 0x1FFFE
    expected = [slow.sample([None] * 16)[9], *(slow.sample(frequencies)[9] for _ in range(10))]
    assert (play(chip, [(38, LOUD)], 1) == 0).all()
    assert chip.state.phase[9] == 0
    assert chip.state.noise[9] == expected[0] != 0
    got = play(chip, [(38, RIGHT | LOUD)], 10)
    assert (got[:, 0] == 0).all()
    np.testing.assert_array_equal(got[:, 1], output(expected[1:]))


def test_voices_add_up():
    one = play(psg(), voice(0, 700, LEFT | 40, SAWTOOTH), 2500)
    two = play(psg(), voice(12, 9000, BOTH | 50, TRIANGLE, 7), 2500)
    both = play(psg(), voice(0, 700, LEFT | 40, SAWTOOTH) + voice(12, 9000, BOTH | 50, TRIANGLE, 7), 2500)
    np.testing.assert_array_equal(both, one + two)


def test_writes_before_no_sample_are_taken():
    assert psg().rate == Fraction(CLOCK, 512)
    chip, pcm = psg(), Chip("vera_pcm", CLOCK)
    play(chip, voice(0, 700, BOTH | LOUD, PULSE), 0)
    play(pcm, [(AUDIO_RATE, 99)], 0)
    assert chip.state.register[:2].tolist() == [700 & 0xFF, 700 >> 8]
    assert pcm.state.rate == 99


def test_a_voice_is_struck_when_it_becomes_audible():
    writes = rows(
        (0, 2, BOTH), (1, 2, BOTH | 5), (2, 2, LEFT | 9), (2, 6, RIGHT | 63), (3, 2, 63), (4, 0, 63), (5, 2, RIGHT | 1),
        (6, 6, RIGHT | 63), (7, 64 + 2, 0xFF),
    )  # fmt: skip
    assert psg_struck(writes).tolist() == [(1, 0, -1), (3, 1, -1), (6, 0, -1)]
    assert len(psg_struck(writes[:0])) == 0


def by_hand(memory, plan, samples, sound):
    """Play with the CPU's part done here: before each sample, fill a FIFO that is almost empty.

    ``plan`` is a list of sample, address, data; ``sound`` yields the bytes.
    """
    chip, made = Chip("vera_pcm", CLOCK), []
    for sample in range(samples):
        for _, address, data in [write for write in plan if write[0] == sample]:
            chip.write(address, data)
        made.append(chip.generate(0))
        held = chip.state.fifo_write - chip.state.fifo_read & 0xFFF
        if held < LOW:
            for _, byte in zip(range(4095 - held), sound, strict=False):
                chip.write(AUDIO_DATA, byte)
        made.append(chip.generate(1))
    return np.concatenate(made)


@pytest.mark.parametrize("control", [0x0F, 0x1F, 0x2F, 0x3F])
@pytest.mark.parametrize(("length", "loop"), [(5001, -1), (2999, 1700), (3, 1), (0, 0)])
def test_the_feeder_writes_what_a_hand_would(control, length, loop):
    memory = np.random.default_rng(length).integers(0, 256, 6000, dtype=np.uint8)

    def sound():
        piece = memory[777 : 777 + length].tolist()
        yield from piece
        while loop >= 0 and piece:
            yield from piece[loop:]

    plan = [(0, AUDIO_CTRL, 0x80), (0, AUDIO_CTRL, control), (0, AUDIO_RATE, 128), (1400, AUDIO_RATE, 55)]
    expected = by_hand(memory, plan, 2500, sound())
    feeder = [(0, OFFSET, 777), (0, LENGTH, length), (0, LOOP, loop), (0, START, 1)]
    chip = Chip("vera_pcm", CLOCK, memory.tobytes())
    got = chip.run(rows(*plan[:3], *feeder, plan[3]), 2500)
    np.testing.assert_array_equal(got, expected)
    assert got.any() == (length > 0)


def test_the_feeder_stops_and_starts_again():
    chip = Chip("vera_pcm", CLOCK, bytes(range(1, 200)) * 50)
    play(chip, [(AUDIO_CTRL, 0x0F), (AUDIO_RATE, 128), (LENGTH, 9000), (LOOP, -1), (START, 1)], 100)
    assert play(chip, [(START, 0), (AUDIO_CTRL, 0x8F)], 1).tolist() == [[0, 0]]
    assert not chip.generate(50).any()
    assert play(chip, [(START, 1)], 3)[:, 0].tolist() == [0x100, 0x200, 0x300]


@pytest.mark.parametrize(("length", "loop"), [(100, 100), (100, 2**31 - 1), (100, -7), (0, 0)])
def test_a_loop_beyond_the_sound_ends_it(length, loop):
    chip = Chip("vera_pcm", CLOCK, b"\1" * 300)
    out = play(chip, [(AUDIO_CTRL, 0x0F), (AUDIO_RATE, 128), (LENGTH, length), (LOOP, loop), (START, 1)], 300)
    assert np.count_nonzero(out[:, 0]) == length
    assert not chip.state.feeding


def test_memory_beyond_its_end_is_silence():
    chip = Chip("vera_pcm", CLOCK, b"\1" * 300)
    writes = [(AUDIO_CTRL, 0x0F), (AUDIO_RATE, 128), (OFFSET, 250), (LENGTH, 2**31 - 1), (LOOP, -1), (START, 1)]
    assert np.flatnonzero(play(chip, writes, 5000)[:, 0]).tolist() == [*range(50)]
    assert chip.state.feeding
    assert not play(chip, [(AUDIO_CTRL, 0x8F), (OFFSET, -1), (START, 1)], 100).any()


@pytest.mark.parametrize(("written", "period"), [(128, 1), (64, 2), (192, 2), (1, 128), (255, 128), (0, 1000)])
def test_rates_above_128_count_down(written, period):
    chip = Chip("vera_pcm", CLOCK)
    writes = [(AUDIO_CTRL, 0x0F), (AUDIO_RATE, written), *[(AUDIO_DATA, 1 + i) for i in range(100)]]
    out = play(chip, writes, 900)[:, 0]
    expected = np.minimum((np.arange(900) + 1) // period, 101) % 101 * 0x100
    np.testing.assert_array_equal(out, expected)


def test_volume_rounds_towards_zero():
    chip = Chip("vera_pcm", CLOCK)
    play(chip, [(AUDIO_CTRL, 0x3F), (AUDIO_RATE, 128), *[(AUDIO_DATA, byte) for byte in (0x01, 0x80, 0xFF, 0x7F)]], 1)
    chip.write(AUDIO_RATE, 0)
    assert play(chip, [(AUDIO_CTRL, 0x3F)], 1).tolist() == [[-32767, 32767]]
    assert play(chip, [(AUDIO_CTRL, 0x31)], 1).tolist() == [[-511, 511]]
    assert play(chip, [(AUDIO_CTRL, 0x30)], 1).tolist() == [[0, 0]]


def test_a_sound_is_struck_by_the_feeder_or_by_the_first_byte():
    feeder = rows(
        (0, START, 1), (1, OFFSET, 500), (1, START, 1), (2, START, 0), (3, OFFSET, 100), (3, START, 1), (4, START, 1),
    )  # fmt: skip
    assert pcm_struck(feeder).tolist() == [(0, 0, 0), (2, 0, 500), (5, 0, 100), (6, 0, 100)]
    plain = rows(
        (0, AUDIO_CTRL, 0x8F), (0, AUDIO_DATA, 1), (0, AUDIO_DATA, 2), (5, AUDIO_CTRL, 0x4F), (5, AUDIO_DATA, 3),
        (6, AUDIO_CTRL, 0x80), (7, AUDIO_CTRL, 0x80), (7, AUDIO_DATA, 4), (8, AUDIO_CTRL, 0xC0), (8, AUDIO_DATA, 5),
    )  # fmt: skip
    assert pcm_struck(plain).tolist() == [(1, 0, -1), (7, 0, -1)]
    assert len(pcm_struck(plain[:0])) == 0
