"""Sega PCM, MSM6295, uPD7759 and MSM5205: what their registers, banks, clocks and ends do."""

import numpy as np
import pytest

from opm.board import Chip, core
from opm.board.oki import DIFFERENCE
from opm.board.record import WRITE


def writes(*rows):
    return np.array([*rows], WRITE)


def strikes(name, *rows):
    """Return row, channel and number of what strikes among writes (address, data)."""
    return core(name).struck(writes(*((0, *row) for row in rows))).tolist()


# --- Sega PCM -------------------------------------------------------------------------------------------------------


def sega(rom, interface=0x70000C, **registers):
    """Return a chip with its first channel set: registers by name, by default both volumes 1, a byte a sample, once."""
    chip = Chip("sega_pcm", 4_000_000, rom, interface=interface)
    places = {"left": 2, "right": 3, "loop_low": 4, "loop": 5, "last": 6, "step": 7, "low": 0x84, "page": 0x85}
    values = dict.fromkeys(places, 0) | {"left": 1, "right": 1, "step": 0xFF, "control": 2} | registers
    for name, place in (places | {"control": 0x86}).items():
        chip.write(place, values[name])
    return chip


def levels(*parts):
    """Return a ROM: each part a level, and how many bytes have it."""
    return b"".join(bytes([0x80 + level]) * count for level, count in parts)


def test_sega_pcm_counts_pages_of_256_bytes_in_steps_of_a_256th():
    """256 bytes are a page; 128/256 of a byte a sample takes 512 samples for it."""
    chip = sega(levels((10, 0x100), (20, 0x100), (30, 0x100)), step=0x80, page=1, last=1, left=2, right=7)
    out = chip.generate(600)
    np.testing.assert_array_equal(out[:512], np.tile([40, 140], (512, 1)))
    assert not out[512:].any()
    assert chip.state.register[0x86] & 1
    assert (chip.state.register[0x85], chip.state.register[0x84]) == (2, 0)


def test_sega_pcm_loops_to_where_it_is_told():
    rom = levels((1, 0x100), (2, 0x80), (3, 0x80))
    chip = sega(rom, step=0x80, page=0, last=1, loop=1, loop_low=0xC0, control=0)
    out = chip.generate(2000)[:, 0]
    assert out[:512].tolist() == [1] * 512
    assert out[512:1024].tolist() == [2] * 256 + [3] * 256
    assert (out[1024:] == 3).all()
    assert not chip.state.register[0x86] & 1


@pytest.mark.parametrize(
    ("interface", "control", "place"),
    [
        (0x70000C, 0x12, 0x10000),
        (0x70000C, 0x82, 0),
        (0xF0000C, 0x82, 0x80000),
        (0x00000B, 0x22, 0x10000),
        (0xF8000D, 0x0A, 0x10000),
    ],
)
def test_sega_pcm_banks_are_as_the_interface_wires_them(interface, control, place):
    rom = bytearray(b"\x81" * 0x100000)
    rom[place : place + 0x100] = b"\x85" * 0x100
    out = sega(bytes(rom), interface=interface, control=control, last=0).generate(100)
    assert (out == 5).all()


def test_sega_pcm_beyond_the_memory_is_silent_and_goes_on():
    out = sega(levels((9, 10)), step=0xFF, last=5).generate(100)[:, 0]
    assert out.tolist() == [9] * 11 + [0] * 89


def test_sega_pcm_strikes_are_numbered_by_bank_and_address():
    start = [(0x84, 0x10), (0x85, 2), (0x86, 0x12)]
    other = [(0x8C, 0), (0x8D, 1), (0x8E, 0)]
    again = [(0x86, 0x13), (0x86, 0x12), (0x86, 0x10)]
    got = strikes("sega_pcm", *start, *other, *again, (0x04, 1), (0x184, 3), (0x85, 0), (0x86, 0x12))
    assert got == [(2, 0, 0x100210), (5, 1, 0x100), (7, 0, 0x100210), (12, 0, 0x100010)]


# --- MSM6295 --------------------------------------------------------------------------------------------------------


def phrases(size, **sounds):
    """Return a ROM with phrases (start, last) by number, as p1=(0x400, 0x4FF), and every byte of a sound 77."""
    rom = bytearray(size)
    for name, (start, last) in sounds.items():
        place = 8 * int(name[1:])
        rom[place : place + 6] = start.to_bytes(3, "big") + last.to_bytes(3, "big")
        rom[start : last + 1] = b"\x77" * (last + 1 - start)
    return bytes(rom)


def say(chip, phrase, voice=0, attenuation=0):
    chip.write(0, 0x80 | phrase)
    chip.write(0, 0x10 << voice | attenuation)


@pytest.mark.parametrize(("pin7", "samples"), [(1, 4), (0, 5)])
def test_msm6295_pin_7_divides_by_132_or_165(pin7, samples):
    chip = Chip("msm6295", 1_056_000, phrases(0x500, p1=(0x400, 0x40F)), pin7=pin7)
    say(chip, 1)
    out = chip.generate(200)[:, 0]
    assert chip.rate == 32000
    assert (out.reshape(-1, samples) == out[::samples, None]).all()
    assert np.count_nonzero(out) == 32 * samples
    assert out[0] == (-2 + DIFFERENCE[0, 7]) * 16


def test_msm6295_pin_7_and_the_clock_change_while_it_plays():
    chip = Chip("msm6295", 1_000_000, phrases(0x1000, p1=(0x400, 0xFFF)), pin7=1)
    say(chip, 1)
    chip.generate(40)
    chip.write(0x0C, 0)
    chip.generate(40)
    for i, byte in enumerate((2_000_000 | 1 << 31).to_bytes(4, "little")):
        chip.write(8 + i, byte)
    chip.generate(40)
    assert chip.state.nibble[0] == 40 // 4 + 40 // 5 + 40 * 2 // 5
    for i in range(4):
        chip.write(8 + i, 0)
    assert np.ptp(chip.generate(80)[1:]) == 0  # no clock, no step


def test_msm6295_a_faster_clock_makes_more_steps_in_a_sample():
    chip = Chip("msm6295", 1_000_000, phrases(0x1000, p1=(0x400, 0xFFF)), pin7=1)
    say(chip, 1)
    for i, byte in enumerate((8_000_000).to_bytes(4, "little")):
        chip.write(8 + i, byte)
    chip.generate(100)
    assert chip.state.nibble[0] == 200 - 1


@pytest.mark.parametrize(
    ("bank", "place"),
    [
        ([(0x0F, 1)], 0x40000),
        ([(0x0E, 0x80), (0x10, 3)], 0x30000),
        ([(0x0E, 1), (0x10, 2)], 0x20000),
    ],
)
def test_msm6295_banks_hold_the_table_and_the_sound(bank, place):
    chip = Chip("msm6295", 1_000_000, bytes(place) + phrases(0x500, p2=(0x400, 0x4FF)), pin7=1)
    say(chip, 2)
    assert not chip.generate(50).any()
    for address, data in bank:
        chip.write(address, data)
    say(chip, 2)
    assert chip.generate(50).any()


def test_msm6295_nmk112_takes_each_quarter_of_the_table_from_its_bank():
    """Phrases 20-3F hex stand at 100-1FF, of the second bank; 0E without bit 7 has the table in the first bank."""
    rom = bytearray(0x20000)
    rom[0x10100:0x10106] = bytes([0, 4, 0, 0, 4, 0x10])
    for mode, plays in ((0x80, 1), (0x01, 0)):
        chip = Chip("msm6295", 1_000_000, bytes(rom), pin7=1)
        chip.write(0x0E, mode)
        chip.write(0x11, 1)
        say(chip, 0x20)
        chip.generate(1)
        assert chip.state.playing[0] == plays


def test_msm6295_a_voice_that_plays_takes_nothing_until_it_is_stopped():
    chip = Chip("msm6295", 1_000_000, phrases(0x800, p1=(0x400, 0x47F), p2=(0x500, 0x57F)), pin7=1)
    say(chip, 1, voice=2)
    say(chip, 2, voice=2)
    chip.generate(10)
    assert chip.state.start[2] == 0x400
    chip.write(0, 0x20)
    say(chip, 2, voice=2)
    chip.generate(10)
    assert chip.state.start[2] == 0x500


def test_msm6295_strikes():
    rows = [(0, 0x85), (0, 0x30), (0, 0x18), (8, 0x85), (0, 0x81), (0x0F, 1), (0, 0x80)]
    assert strikes("msm6295", *rows) == [(1, 0, 5), (1, 1, 5), (6, 3, 1)]


# --- uPD7759 --------------------------------------------------------------------------------------------------------

LOUD = [0x80 | 9, 19, *[0x66] * 10, 0]
"""A block of 20 nibbles, each 10 samples, then the end."""


def speech(*sounds):
    """Return a ROM of sounds."""
    rom = bytearray([len(sounds) - 1, 0x5A, 0xA5, 0x69, 0x55]) + bytes(2 * len(sounds))
    for number, sound in enumerate(sounds):
        rom += bytes(len(rom) % 2)
        rom[5 + 2 * number : 7 + 2 * number] = (len(rom) // 2).to_bytes(2, "big")
        rom += bytes([0, *sound])
    return bytes(rom)


def start(chip, number=None):
    for address, data in [(2, number)] * (number is not None) + [(1, 0), (1, 1)]:
        chip.write(address, data)


def test_upd7759_plays_a_sound_of_its_rom_and_stops():
    chip = Chip("upd7759", 640_000, speech([0x40 | 5, *[0] * 128, 0], LOUD))
    start(chip, 1)
    out = chip.generate(1000)[:, 0]
    assert chip.rate == 160_000
    sound = np.flatnonzero(out)
    assert len(sound) == 20 * 10
    assert chip.state.state == 0
    steps = np.flatnonzero(np.diff(out[sound]))
    assert (np.diff(steps) == 10).all()


def test_upd7759_repeats_a_block():
    once, more = (Chip("upd7759", 640_000, speech(sound)) for sound in (LOUD, [0xC2, *LOUD]))
    for chip in (once, more):
        start(chip, 0)
    heard = [np.count_nonzero(chip.generate(3000)) for chip in (once, more)]
    assert heard[1] > 2.9 * heard[0]


def test_upd7759_needs_reset_high_and_an_edge_of_start():
    chip = Chip("upd7759", 640_000, speech(LOUD))
    chip.write(1, 1)
    assert not chip.generate(1000).any()
    chip.write(0, 0)
    start(chip, 0)
    assert not chip.generate(1000).any()
    chip.write(0, 1)
    start(chip)
    assert chip.generate(300).any()
    chip.write(0, 0)
    assert not chip.generate(300).any()


def test_upd7759_a_number_beyond_the_last_is_silent():
    chip = Chip("upd7759", 640_000, speech(LOUD))
    start(chip, 1)
    assert not chip.generate(2000).any()


def test_upd7759_banks():
    chip = Chip("upd7759", 640_000, bytes(0x20000) + speech(LOUD))
    chip.write(3, 1)
    start(chip, 0)
    assert chip.generate(1000).any()


def test_upd7759_slave_plays_the_same_bytes_from_its_queue():
    """The sequence asks for five bytes that it does not use before the blocks."""
    master = Chip("upd7759", 640_000, speech(LOUD))
    slave = Chip("upd7759", 640_000, b"", slave=1)
    start(master, 0)
    start(slave)
    for byte in [0xFF, 0, 0, 0, 0, *LOUD]:
        slave.write(2, byte)
    np.testing.assert_array_equal(slave.generate(2000), master.generate(2000))


def test_upd7759_slave_takes_a_late_byte_for_the_last_again():
    chip = Chip("upd7759", 640_000, b"", slave=1)
    start(chip)
    for byte in [0xFF, 0, 0, 0, 0, 0x80, 7, 0x12]:
        chip.write(2, byte)
    chip.generate(400)
    assert chip.state.pair == 0x12
    assert chip.state.queue_read == chip.state.queue_write == 8


def test_upd7759_strikes():
    rows = [(1, 1), (2, 4), (1, 0), (1, 1), (1, 0), (1, 1), (0, 0), (1, 0), (1, 1), (0, 1), (2, 1), (2, 2)]
    assert strikes("upd7759", *rows, (1, 0), (1, 1)) == [(3, 0, 4), (5, 0, 4), (13, 0, -1)]


# --- MSM5205 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("msm6585", "steps"), [(0, (6, 4, 3)), (1, (8, 4, 2, 1))])
def test_msm5205_pins_s_choose_the_step(msm6585, steps):
    for prescaler, samples in enumerate(steps):
        chip = Chip("msm5205", 384_000, msm6585=msm6585, prescaler=prescaler)
        chip.run(writes(*((0, 1, 7) for _ in range(7))), 3 * samples)
        assert chip.rate == (19_200 if msm6585 else 24_000)
        assert chip.state.queue_read == 3


def test_msm5205_steps_by_vck():
    chip = Chip("msm5205", 384_000, prescaler=3)
    for address, data in [(1, 7), (1, 7), (2, 1), (2, 1), (2, 0)]:
        chip.write(address, data)
    out = chip.generate(10)
    assert chip.state.queue_read == 1
    assert (out == chip.state.signal << 4).all()


def test_msm5205_queue_holds_seven():
    chip = Chip("msm5205", 384_000)
    for i in range(10):
        chip.write(1, i)
    chip.generate(1)
    assert (chip.state.queue_read, chip.state.queue_write) == (1, 7)


def test_msm5205_three_bits_are_the_upper_ones():
    signals = []
    for bits, nibble in ((3, 5), (4, 10)):
        chip = Chip("msm5205", 384_000, bits=bits)
        chip.write(1, nibble)
        chip.generate(1)
        signals.append(chip.state.signal)
    assert signals[0] == signals[1]


def test_msm5205_reset_is_silence_and_empties_the_queue():
    chip = Chip("msm5205", 384_000)
    chip.write(1, 7)
    assert chip.generate(6).any()
    chip.write(1, 7)
    chip.write(0, 1)
    assert not chip.generate(12).any()
    chip.write(0, 0)
    assert not chip.generate(12).any()


def test_msm5205_strikes():
    rows = [(1, 3), (1, 4), (0, 1), (1, 5), (0, 0), (4, 1), (1, 6), (1, 7), (0, 0), (1, 1)]
    assert strikes("msm5205", *rows) == [(0, 0, -1), (6, 0, -1)]
