"""K053260, K054539 and C140: what is special to each of them."""

import numpy as np
import pytest

from opm.board import Chip, core
from opm.board.record import WRITE

RAMP = bytes(range(100))
"""A ROM whose bytes say where they stand."""


def rows(*writes):
    """Return writes (address, data), or (sample, address, data), as a core takes them."""
    table = np.zeros(len(writes), WRITE)
    for i, write in enumerate(writes):
        table[i] = write if len(write) == 3 else (0, *write)
    return table


def found(name, *writes):
    """Return row, channel and number of each sound struck."""
    return core(name).struck(rows(*writes)).tolist()


def k053260_voice(voice, pitch=0x1000 - 64, length=50, start=0, volume=127):
    """Return the writes of a voice; by this pitch it plays a byte in each sample."""
    numbers = ((pitch, 2), (length, 2), (start, 3), (volume, 1))
    values = [value >> 8 * i & 0xFF for value, size in numbers for i in range(size)]
    return [(8 + 8 * voice + register, value) for register, value in enumerate(values)]


K053260_ON = [(0x2F, 2), (0x2C, 0x09), (0x2D, 0x09)]
"""Sound on, all voices left: a byte of 1 is then 2 * 127 at full volume."""


def k053260(*writes, samples=100, memory=RAMP, clock=64 * 50000):
    out = Chip("k053260", clock, memory).run(rows(*K053260_ON, *writes), samples)
    assert not out[:, 1].any()
    return out[:, 0] // 254


def test_k053260_plays_the_bytes_behind_its_start_and_stops_at_its_length():
    got = k053260(*k053260_voice(2, start=20, length=5), (0x28, 4), samples=10)
    assert got.tolist() == [21, 22, 23, 24, 25, 0, 0, 0, 0, 0]


def test_k053260_begins_again_with_the_start_itself():
    got = k053260(*k053260_voice(0, start=20, length=3), (0x2A, 1), (0x28, 1), samples=9)
    assert got.tolist() == [21, 22, 23, 20, 21, 22, 23, 20, 21]


def test_k053260_plays_backwards():
    got = k053260(*k053260_voice(0, start=20, length=5), (0x28, 0x11), samples=6)
    assert got.tolist() == [19, 18, 17, 16, 15, 0]


def test_k053260_adds_up_differences_low_half_first():
    got = k053260(*k053260_voice(1, length=3), (0x2A, 0x20), (0x28, 2), samples=8, memory=bytes([0, 0x21, 0x4F, 0x03]))
    assert got.tolist() == [1, 3, 2, 10, 14, 14, 0, 0]


def test_k053260_spreads_the_clocks_that_its_whole_rate_leaves_over():
    """3579545 / 64 is 55930.39: after a second 25 clocks more, a byte each here, have been counted."""
    memory = bytes(1 << 16)
    chip = Chip("k053260", 3579545, memory)
    assert chip.rate == 55930
    chip.run(rows(*K053260_ON, *k053260_voice(0, pitch=0xFFF, length=0xFFFF), (0x2A, 1), (0x28, 1)), 55930)
    assert chip.state.position[0] == (3579545 - 64 + 1) % (1 << 16)


def test_k053260_stands_still_while_sound_is_off():
    voice = [*k053260_voice(0, start=20), (0x28, 1)]
    got = k053260(*voice, (5, 0x2F, 0), (8, 0x2F, 2), samples=10)
    assert got.tolist() == [21, 22, 23, 24, 25, 0, 0, 0, 26, 27]


def test_k053260_is_struck_by_keys_that_rise():
    first, second = k053260_voice(0, start=0x1FFFFF), k053260_voice(3, start=7)
    got = found("k053260", *first, *second, (0x28, 1), (0x28, 9), (0x28, 8), (0x28, 9), (0x28, 0x19))
    assert got == [(16, 0, 1), (17, 3, 0), (19, 0, 1)]


@pytest.mark.parametrize("name", ["k053260"])
def test_nothing_is_struck_by_nothing(name):
    assert found(name) == []


@pytest.mark.parametrize("name", ["k053260"])
def test_writes_behind_the_last_sample_are_taken(name):
    chip = Chip(name, 10_000_000, RAMP)
    before = chip.save()
    chip.write(*{"k053260": (0x2F, 2)}[name])
    assert chip.generate(0).shape == (0, 2)
    assert chip.save() != before


@pytest.mark.parametrize("name", ["k053260"])
def test_the_slowest_clock_has_a_rate(name):
    chip = Chip(name, 1, RAMP)
    assert chip.rate == 1
    assert chip.generate(3).shape == (3, 2)
