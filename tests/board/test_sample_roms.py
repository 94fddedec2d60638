"""What plays samples from a ROM: where they start and end, loops, banks, levels, pitches (K007232, GA20)."""

from fractions import Fraction

import numpy as np
import pytest

from opm.board import Chip, core
from opm.board.record import WRITE


def played(name, rows, samples, memory):
    """Run a program of (sample, address, data) and return both sides."""
    return Chip(name, 3_579_545, bytes(memory)).run(np.array(rows, WRITE), samples)


def k007232(voice, start, interval=32, sample=0):
    """Return what starts a voice; an interval of 32 is a byte a sample."""
    data = [-interval & 255, -interval >> 8 & 15, start & 255, start >> 8 & 255, start >> 16, 0]
    return [(sample, voice * 6 + register, byte) for register, byte in enumerate(data)]


def ga20(voice, start, ticks, level=246, sample=0):
    """Return what starts a voice of the GA20."""
    data = [(0, start & 255), (1, start >> 8), (4, 256 - ticks), (5, level), (6, 2)]
    return [(sample, voice * 8 + register, byte) for register, byte in data]


# K007232


def test_a_sample_ends_at_bit_7():
    out = played("k007232", k007232(0, 1), 200, [9, 0x44, 0x3C, 0x40, 0xC5, 0x44])[:, 0]
    assert out.tolist() == [4 * 255] * 129 + [-4 * 255] + [0] * 70


def test_after_reset_one_voice_is_left_and_one_right():
    memory = [0x41] * 8
    assert played("k007232", k007232(0, 0), 1, memory).tolist() == [[255, 0]]
    assert played("k007232", k007232(1, 0), 1, memory).tolist() == [[0, 255]]
    rows = [(0, 16, 1), (0, 17, 2), (0, 18, 30), (0, 19, 40), *k007232(0, 0), *k007232(1, 0)]
    assert played("k007232", rows, 1, memory).tolist() == [[31, 42]]


def test_a_loop_goes_back_to_the_start_as_it_is_then():
    memory = [0x41, 0x42, 0x43, 0xFF, 0x50, 0x51, 0x80]
    rows = [(0, 13, 1), *k007232(0, 0), (150, 2, 4), (160, 13, 0)]
    out = played("k007232", rows, 170, memory)[:, 0] // 255
    assert out.tolist() == [1] * 128 + [1, 2, 3] * 8 + [16, 17] * 5 + [0] * 8


@pytest.mark.parametrize(
    ("low", "high", "interval"), [(0, 15, 256), (0x80, 0x3F, 128), (2, 0x10, 32), (0, 0x21, 256), (0, 0x2F, 0xF00)]
)
def test_pitch(low, high, interval):
    """Bytes last 32nds of a sample; the first lasts 4096 and what is left of the sample."""
    out = played("k007232", [(0, 0, low), (0, 1, high), (0, 5, 0)], 2000, range(0x40, 0x80))[:, 0] // 255
    times = np.arange(129, 2000)
    steps = -((0x1000 - times * 32) // interval)
    expected = np.where(steps < 64, steps, 0)
    assert (out[times] == expected).all()


def test_a_pitch_of_no_step_ends_the_voice_even_on_a_loop():
    out = played("k007232", [(0, 13, 1), (0, 1, 0x10), (0, 5, 0)], 200, [0x41, 0x42, 0x80])[:, 0]
    assert out.tolist() == [255] * 129 + [0] * 71


def test_banks_are_128_kib_and_a_sample_ends_there():
    memory = np.full(0x40000, 0x41, np.uint8)
    memory[0x20000:] = 0x43
    rows = [(0, 20, 1), *k007232(0, 0x1FFFF), (200, 20, 0), (210, 5, 0), (211, 20, 2)]
    out = played("k007232", rows, 400, memory)[:, 0] // 255
    assert out[:129].tolist() == [3] * 129
    assert out[129:210].tolist() == [0] * 81
    assert out[210] == 1
    assert not out[211:].any()  # beyond the memory it waits


def test_the_board_starts_voices_by_reading():
    rows = [*k007232(0, 0)[:5], (3, 31, 4), (5, 31, 5), (8, 31, 11)]
    out = played("k007232", rows, 10, [0x41] * 9)
    assert out[:, 0].tolist() == [0] * 5 + [255] * 5
    assert out[:, 1].tolist() == [0] * 8 + [255] * 2


def test_k007232_strikes():
    rows = [*k007232(0, 0x10), *k007232(1, 3), (9, 31, 5), (9, 20, 1), (9, 31, 5), (9, 31, 9), (9, 13, 5)]
    found = core("k007232").struck(np.array(rows, WRITE))
    assert found.tolist() == [(5, 0, 0x10), (11, 1, 3), (12, 0, 0x10), (14, 0, 0x20010)]


# GA20


def test_a_byte_lasts_as_many_ticks_as_the_pitch_says():
    memory = np.zeros(64, np.uint8)
    memory[16:20] = [129, 130, 131, 132]
    for ticks in (1, 3, 16, 17, 200, 256):
        out = played("ga20", ga20(0, 1, ticks), 100, memory)[:, 0]
        native = np.zeros(1600, int)
        for step in range(4):
            native[step * ticks : (step + 1) * ticks] = (step + 1) * (246 * 256 // 256)
        assert (out == native.reshape(100, 16).sum(axis=1) >> 6).all(), ticks


@pytest.mark.parametrize("level", [0, 1, 10, 128, 255])
def test_levels(level):
    expected = level * 256 // (level + 10)
    assert played("ga20", ga20(2, 0, 256, level), 1, [255] * 16).tolist() == [[127 * expected >> 2] * 2]


def test_a_new_pitch_is_taken_with_the_next_byte():
    memory = [255, 1, 255, 0]
    out = played("ga20", [*ga20(0, 0, 256), (4, 4, 256 - 16), (30, 14, 0)], 40, memory)[:, 0]
    assert np.sign(out).tolist() == [1] * 16 + [-1, 1] + [0] * 22


def test_start_stop_and_the_memorys_end():
    out = played("ga20", [*ga20(3, 0, 32), (5, 30, 0), (8, 30, 2), (20, 25, 1), (20, 30, 2)], 30, [200] * 17)[:, 0]
    assert (out > 0).tolist() == [True] * 5 + [False] * 3 + [True] * 12 + [False] * 10
    assert not played("ga20", [(0, 6, 2)], 5, b"").any()


def test_rates():
    assert core("ga20").rate(3_579_545, {}) == Fraction(3_579_545, 64)  # the YM2151's, on one crystal
    assert core("k007232").rate(3_579_545, {}) == Fraction(3_579_545, 128)


def test_ga20_strikes():
    rows = [*ga20(1, 0x302, 100), *ga20(0, 0x201, 100), (0, 6, 0), (0, 0x26, 3), (0, 8, 0), (0, 14, 2)]
    found = core("ga20").struck(np.array(rows, WRITE))
    assert found.tolist() == [(4, 1, 0x3020), (9, 0, 0x2010), (11, 0, 0x2010), (13, 1, 0x3000)]
    assert len(core("ga20").struck(np.zeros(0, WRITE))) == 0
