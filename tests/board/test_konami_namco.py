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
    assert got == [(16, 0, 0x1FFFFF), (17, 3, 7), (19, 0, 0x1FFFFF)]


def k054539_voice(voice, start=0, pitch=0x10000, volume=0, pan=0x1F, delay=0, loop=0, kind=0, looped=0, echo=0xFF):
    """Return the writes of a voice, left; by this pitch it plays a byte in each sample."""
    numbers = ((pitch, 3), (volume, 1), (echo, 1), (pan, 1), (delay, 2), (loop, 3), (0, 1), (start, 3))
    values = [value >> 8 * i & 0xFF for value, size in numbers for i in range(size)]
    place = 0x200 + 2 * voice
    return [*((0x20 * voice + i, value) for i, value in enumerate(values)), (place, kind), (place + 1, looped)]


def k054539(*writes, samples=10, memory=RAMP, flags=0, unit=64):
    """Return the left; a byte of 1 is 256, a quarter of that 64."""
    out = Chip("k054539", 18432000, memory, flags=flags).run(rows((0x22F, 1), *writes), samples)
    return (out[:, 0] // unit).tolist()


SAMPLES = bytes([0, 1, 2, 3, 4, 0x80, 6, 7])
"""Bytes with an end."""


def test_k054539_plays_the_bytes_behind_its_start_up_to_an_end():
    assert k054539(*k054539_voice(3), (0x214, 8), memory=SAMPLES) == [1, 2, 3, 4, 0, 0, 0, 0, 0, 0]


def test_k054539_begins_again_at_its_loop():
    writes = k054539_voice(3, loop=2, looped=1)
    assert k054539(*writes, (0x214, 8), memory=SAMPLES) == [1, 2, 3, 4, 2, 3, 4, 2, 3, 4]


def test_k054539_plays_backwards():
    writes = k054539_voice(0, start=50, kind=0x20)
    assert k054539(*writes, (0x214, 1)) == [49, 48, 47, 46, 45, 44, 43, 42, 41, 40]


def test_k054539_plays_words_low_byte_first():
    memory = np.array([0, 256, 512, -768, -32768], "<i2").tobytes()
    assert k054539(*k054539_voice(0, kind=4), (0x214, 1), memory=memory) == [1, 2, -3, 0, 0, 0, 0, 0, 0, 0]


def test_k054539_adds_up_differences_low_half_first():
    memory = bytes([0, 0x21, 0x4F, 0x88])
    writes = k054539_voice(0, kind=8, pitch=0x10000)
    assert k054539(*writes, (0x214, 1), memory=memory) == [0, 1, 3, 2, 10, 0, 0, 0, 0, 0]


def test_k054539_shows_in_its_registers_where_it_is():
    chip = Chip("k054539", 18432000, RAMP)
    chip.run(rows((0x22F, 1), *k054539_voice(1, start=20), (0x214, 2)), 10)
    assert chip.state.registers[0x2C] == 30
    assert chip.state.registers[0x22C] == 2
    chip.run(rows((0x2C, 40)), 1)
    assert chip.state.registers[0x2C] == 41


def test_k054539_keeps_a_start_for_the_key_if_the_board_wants_that():
    again = [(4, 0x0C, 50), (6, 0x214, 1)]
    starting = [*k054539_voice(0), (0x214, 1)]
    assert k054539(*starting, *again) == [1, 2, 3, 4, 51, 52, 53, 54, 55, 56]
    assert k054539(*starting, *again, flags=4) == [1, 2, 3, 4, 5, 6, 51, 52, 53, 54]


def test_k054539_plays_an_echo_unless_the_board_has_none():
    """Half as loud as the middle is each side's; a delay of 8 is one sample, and counts twice as fast as time."""
    writes = [*k054539_voice(0, echo=0, delay=8 * 20), (0x214, 1), (1, 0x215, 1)]
    heard = k054539(*writes, samples=40, unit=1)
    assert [(at, value) for at, value in enumerate(heard) if value] == [(0, 64), (20, 32)]
    assert k054539(*writes, samples=40, unit=1, flags=2)[1:] == [0] * 39


def test_k054539_echo_is_the_same_sample_by_sample():
    """Twice round its memory: what is written meets what is played at any distance."""
    memory = np.random.default_rng(54539).integers(-100, 100, 5000).astype(np.int8).tobytes()
    voices = [w for i in range(4) for w in k054539_voice(i, echo=0, delay=i * 20000, looped=1, pitch=0x4321 * (i + 1))]
    writes = rows((0x22F, 1), *voices, (0x214, 15))
    whole, single = (Chip("k054539", 18432000, memory) for _ in range(2))
    expected = whole.run(writes, 17000)
    assert np.abs(expected[-1000:]).max() > 1000
    got = [single.run(writes if i == 0 else writes[:0], 1) for i in range(17000)]
    assert (np.concatenate(got) == expected).all()


def test_k054539_echo_can_be_written():
    page = [(0x22E, 0x80), *((0x22D, value) for value in (0, 0, 5, 0, 0, 0xFF))]
    assert k054539(*page, samples=4, unit=1) == [0, 5, -256, 0]


def test_k054539_is_struck_by_key_on():
    first, second = k054539_voice(0, start=0xFFFFFF), k054539_voice(7, start=2)
    got = found("k054539", *first, *second, (0x214, 0x81), (0x214, 1), (0x215, 0xFF), (0x22F, 0x80), (0x214, 1))
    at = len(first) * 2
    assert got == [(at, 0, 0xFFFFFF), (at, 7, 2), (at + 1, 0, 0xFFFFFF)]


def c140_voice(voice, start=0, size=100, loop=0, pitch=0x10000 - 1, left=128, right=0, bank=0, mode=0x80):
    """Return the writes of a voice, left; the key is the last."""
    base, numbers = 0x10 * voice, (pitch, start, start + size, loop)
    high = dict(zip((2, 6, 8, 10), numbers, strict=True))
    values = {0: right, 1: left, 4: bank}
    values |= {at + i: number >> 8 * (1 - i) & 0xFF for at, number in high.items() for i in range(2)}
    return [*((base + register, value) for register, value in values.items()), (base + 5, mode)]


def c140(*writes, samples=12, memory=RAMP, kind=3, clock=288 * 40000):
    """Return both sides; a byte of 1 is 64 at half volume."""
    return Chip("c140", clock, bytes(memory), type=kind).run(rows(*writes), samples)


def test_c140_goes_from_byte_to_byte_in_a_straight_line():
    got = c140(*c140_voice(5, start=20, pitch=0x4000))[:, 0]
    assert got.tolist() == [0, 0, 0, 0, *(21 * 16 * i for i in (1, 2, 3)), *(21 * 64 + 16 * i for i in range(5))]


def test_c140_stops_or_begins_again_where_it_ends():
    once, again = (c140(*c140_voice(0, start=10, size=4, loop=12, mode=mode))[:, 0] for mode in (0x80, 0x90))
    assert np.round(once / 64).tolist() == [0, 11, 12, 13, *[0] * 8]
    assert np.round(again / 64).tolist() == [0, 11, 12, 13, *[12, 13] * 4]


def test_c140_without_pitch_is_silent():
    assert not c140(*c140_voice(0, start=50, pitch=0)).any()


@pytest.mark.parametrize(
    ("kind", "bank", "place"), [(0, 0x20, 0x80000), (1, 0x10, 0x80000), (3, 4, 0x40000), (7, 3, 0)]
)
def test_c140_bank_is_wired_by_the_board(kind, bank, place):
    memory = np.zeros(1 << 20, np.uint8)
    memory[place : place + 100] = 1
    assert c140(*c140_voice(23, bank=bank), memory=memory, kind=kind)[-1].tolist() == [64, 0]
    assert c140(*c140_voice(23, bank=1), memory=memory, kind=kind)[-1].tolist() == [64 * (kind == 7), 0]


def test_c140_pitch_makes_up_for_its_whole_rate():
    """12288000 / 288 is 42666.67: a pitch of 1 is a little more than 1 then, which numbers of 24 bits round."""
    chip = Chip("c140", 12288000, RAMP, type=3)
    assert chip.rate == 42666
    chip.run(rows(*c140_voice(0, pitch=0xFFFF, size=99, mode=0x90)), 1)
    assert chip.state.position[0] * 65536 + chip.state.part[0] == 65536


def test_219_counts_in_words_and_banks_by_four_voices():
    memory = np.zeros(1 << 19, np.uint8)
    for voice, (register, bank) in enumerate([(0x1F7, 1), (0x1F9, 2), (0x1FB, 3), (0x1F5, 0)]):
        memory[(bank << 17) + 40 : (bank << 17) + 80] = 10 + voice
        got = c140((register, bank), *c140_voice(4 * voice, start=20, size=20, bank=9), memory=memory, kind=2)
        assert got[-1].tolist() == [64 * (10 + voice), 0]


def test_219_inverts_the_right():
    got = c140(*c140_voice(15, start=20, right=128, mode=0xC0), kind=2)
    assert (abs(got[:, 0] + got[:, 1]) <= 1).all()
    assert got[-1, 0] > 0


def test_219_has_sixteen_voices():
    assert not c140(*c140_voice(16), kind=2).any()


def test_219_noises_take_turns_at_one_generator():
    """Voice 1 hears every other number of what voice 0 hears alone."""
    noise = [c140_voice(voice, pitch=0xFFFF, mode=0x84) for voice in range(2)]
    silent = c140_voice(0, pitch=0xFFFF, left=0, mode=0x84)
    alone = Chip("c140", 288 * 40000, RAMP, type=2)
    both = Chip("c140", 288 * 40000, RAMP, type=2)
    alone.run(rows(*noise[0]), 10)
    both.run(rows(*silent, *noise[1]), 5)
    assert (alone.state.before[0], alone.state.value[0]) == (both.state.value[0], both.state.value[1])


def test_c140_is_struck_by_keys():
    first, second = c140_voice(0, start=100, bank=1), c140_voice(23, start=50, bank=2)
    got = found("c140", *first, *second, (5, 0x80), (5, 0), (0x175, 0x7F))
    at = len(first)
    assert got == [(at - 1, 0, 0x10064), (2 * at - 1, 23, 0x20032), (2 * at, 0, 0x10064)]


def test_219_is_struck_in_the_bank_of_four_voices():
    first, second = c140_voice(0, start=100, bank=7), c140_voice(4, start=50, bank=0)
    got = found("c140", (0x1F7, 0), (0x1F9, 1), *first, *second)
    assert [number for _, _, number in got] == [100, 0x10032]


@pytest.mark.parametrize("name", ["k053260", "k054539", "c140"])
def test_nothing_is_struck_by_nothing(name):
    assert found(name) == []


@pytest.mark.parametrize("name", ["k053260", "k054539", "c140"])
def test_writes_behind_the_last_sample_are_taken(name):
    chip = Chip(name, 10_000_000, RAMP)
    before = chip.save()
    chip.write(*{"k053260": (0x2F, 2), "k054539": (0x22F, 1), "c140": (5, 0x80)}[name])
    assert chip.generate(0).shape == (0, 2)
    assert chip.save() != before


@pytest.mark.parametrize("name", ["k053260", "k054539", "c140"])
def test_the_slowest_clock_has_a_rate(name):
    chip = Chip(name, 1, RAMP)
    assert chip.rate == 1
    assert chip.generate(3).shape == (3, 2)
