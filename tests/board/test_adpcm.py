"""The X68000's sampled sound: what its chip and its software do beyond equalling their references."""

from itertools import groupby

import numpy as np
import pytest

from opm.board import Chip, core
from opm.board.oki import DIFFERENCE, LAST_STEP, NEXT_STEP
from opm.board.record import WRITE

CLOCK = 8_000_000
ZIGZAG = bytes((0xC4, 0xD6, 0xE5, 0xF4, 0xC7)) * 100
"""ADPCM of which each sample differs from the one before."""


def rows(*writes):
    return np.array([(0, address, data) for address, data in writes], WRITE)


def nibbles(data):
    return [nibble for byte in data for nibble in (byte & 15, byte >> 4)]


def lengths(samples):
    """How long each sample stands."""
    return [len([*group]) for _, group in groupby(samples[:, 0].tolist())]


def test_steps_and_differences():
    assert [DIFFERENCE[0, n] for n in (0, 4, 7, 8, 15)] == [2, 18, 30, -2, -30]
    assert [DIFFERENCE[48, n] for n in (0, 7, 15)] == [194, 1552 + 776 + 388 + 194, -2910]
    assert NEXT_STEP[0, 0] == NEXT_STEP[0, 11] == 0
    assert NEXT_STEP[47, 7] == NEXT_STEP[LAST_STEP, 4] == LAST_STEP
    assert NEXT_STEP[10].tolist() == [9] * 4 + [12, 14, 16, 18] + [9] * 4 + [12, 14, 16, 18]


# MSM6258


def transfer(offset, length, **options):
    chip = Chip("msm6258", CLOCK, ZIGZAG, **options)
    for address, data in ((0x100, offset), (0x101, length), (0x102, 1)):
        chip.write(address, data)
    return chip


@pytest.mark.parametrize("divider", range(4))
def test_a_sample_stands_as_long_as_the_divider_says(divider):
    periods = (4, 3, 2, 2)
    chip = transfer(0, 1000, divider=divider)
    assert chip.rate == 31250
    assert set(lengths(chip.generate(300))[1:-1]) == {periods[divider]}
    chip.write(0x0C, 3 - divider)
    assert set(lengths(chip.generate(300))[1:-1]) == {periods[3 - divider]}


def test_the_low_nibble_is_first_and_the_last_byte_is_not_heard():
    chip = transfer(4, 20, divider=2, output_bits=12)
    got = chip.generate(100)[1::2, 0]
    signal, step, expected = -2, 0, []
    for nibble in nibbles(ZIGZAG[4:23]):
        signal = ((int(DIFFERENCE[step, nibble]) << 8) + signal * 245) >> 8
        step = NEXT_STEP[step, nibble]
        expected.append(signal << 4)
    assert got.tolist() == expected + [0] * (50 - len(expected))
    assert not chip.state.playing
    assert chip.state.left == 0


def test_a_transfer_stops_by_its_register_and_begins_anew():
    chip = transfer(0, 1000, divider=2)
    first = chip.generate(60)
    chip.write(0x102, 0)
    assert not chip.generate(60)[2:].any()
    chip.write(0x102, 1)
    assert (chip.generate(60) == first).all()
    chip.write(0x101, 0)
    chip.write(0x102, 1)
    assert not chip.generate(60)[2:].any()


def test_a_clock_written_is_counted_exactly():
    chip = transfer(0, 1000, divider=2)
    chip.generate(1)
    for i, byte in enumerate((2_500_000).to_bytes(4, "little")):
        chip.write(8 + i, byte)
    signals = lengths(chip.generate(32 * 100))
    assert len(signals) == pytest.approx(500, abs=2)
    assert set(signals[1:-1]) == {6, 7}
    for i in range(4):
        chip.write(8 + i, 0)
    assert len(lengths(chip.generate(1000))) <= 2


def test_the_command_sounds_before_the_first_byte_and_a_dry_queue_fades():
    chip = Chip("msm6258", CLOCK, divider=2, output_bits=12)
    chip.write(0, 2)
    chip.write(1, 0x77)
    got = chip.generate(600)[1::2, 0] >> 4
    assert got[:2].tolist() == [(10 << 8) - 2 * 245 >> 8, (2 << 8) + 8 * 245 >> 8]  # 2, and of the command the high 0
    assert got[3] > got[2] > got[1]
    assert got[4:8].tolist() == [got[3], got[3], got[3] * 15 // 16, got[3] * 15 // 16 * 15 // 16]
    assert got[-1] == 0
    assert chip.state.playing


def test_the_queue_holds_seven_bytes_and_a_byte_too_many_is_the_last():
    chip = Chip("msm6258", CLOCK, divider=2)
    chip.write(0, 2)
    for byte in range(1, 20):
        chip.write(1, byte)
    heard = []
    for _ in range(8):
        chip.generate(4)
        heard.append(int(chip.state.byte))
    assert heard == [2, 1, 2, 3, 4, 5, 6, 6]
    assert chip.state.dry == 2


def test_pan_mutes_a_side():
    chip = transfer(0, 1000, divider=2)
    for pan, heard in ((0, [1, 1]), (1, [1, 0]), (2, [0, 1]), (3, [0, 0])):
        chip.write(2, pan)
        assert chip.generate(50)[2:].any(axis=0).tolist() == heard


def test_what_strikes_the_chip():
    found = core("msm6258").struck(
        rows((0, 1), (0, 2), (1, 5), (0, 2), (0x100, 900), (0x101, 50), (0x102, 1), (0, 1), (0, 2), (0x100, 70))
    )
    assert found.tolist() == [(1, 0, -1), (6, 0, 900), (8, 0, -1)]
    found = core("msm6258").struck(
        rows((0x102, 1), (0x101, 9), (0x100, 900), (0x102, 1), (0x100, 7), (0x102, 0), (0x102, 1), (0x102, 1))
    )
    assert found.tolist() == [(3, 0, 900), (6, 0, 7), (7, 0, 7)]


# PCM8


def sound(chip, channel, offset, length, mode):
    for call, data in enumerate((offset, length, mode, 1)):
        chip.write(8 * channel + call, data)


@pytest.mark.parametrize(("kind", "period"), [(0, 16), (1, 12), (2, 8), (3, 6), (4, 4), (5, 4), (6, 4)])
def test_the_kind_says_how_long_a_value_stands(kind, period):
    chip = Chip("pcm8", CLOCK, ZIGZAG)
    assert chip.rate == 62500
    sound(chip, 0, 0, 300, 8 << 16 | kind << 8 | 3)
    sums = []
    for _ in range(40 * period):
        chip.generate(1)
        sums.append((int(chip.state.place[0]), int(chip.state.half[0])))
    assert {len([*group]) for _, group in groupby(sums)} == {period}


GAINS = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80]
LIMIT = 2**19 - 1


def one_by_one(chip, count):
    """Return sample after sample, and the sums of the channels that sound in each: (count, 2) twice."""
    made, sums = [], []
    for _ in range(count):
        made.append(chip.generate(1)[0].tolist())
        s = chip.state
        loud = [(int(s.higher[c]) >> 9) * GAINS[s.volume[c]] >> 4 if s.playing[c] else 0 for c in range(8)]
        sides = [sum(sound for sound, pan in zip(loud, s.pan, strict=True) if pan & side) for side in (1, 2)]
        sums.append([min(max(total, -LIMIT), LIMIT) for total in sides])
    return np.array(made), np.array(sums)


def low_passed(sums):
    """Send a side's sums through the machine's low-pass, from rest."""
    inputs, first, second = [0, 0], [0, 0], [0]
    for total in sums.tolist():
        inputs.append(total)
        first.append((26 * (inputs[-1] + 2 * inputs[-2] + inputs[-3]) + 1537 * first[-1] - 617 * first[-2]) >> 10)
        second.append((356 * (first[-1] + first[-2]) + 312 * second[-1]) >> 10)
    return np.array([value * 506 >> 13 for value in second[1:]])


def silent(chip):
    """Whether nothing is heard once the low-pass has come to rest, which may be at -1."""
    chip.generate(150)
    return np.isin(chip.generate(50), (0, -1)).all()


def test_volumes_are_sixteenths_and_pan_chooses_sides():
    for volume in range(16):
        chip, pan = Chip("pcm8", CLOCK, b"\xb4" * 300), volume % 3 + 1
        sound(chip, 5, 0, 300, volume << 16 | 4 << 8 | pan)
        made, sums = one_by_one(chip, 100)
        assert sums.any(axis=0).tolist() == made.any(axis=0).tolist() == [pan & 1, pan >> 1]
        for side in range(2):
            assert (made[:, side] == low_passed(sums[:, side])).all()


def test_sides_part_and_meet_in_the_low_pass():
    chip, whole = (Chip("pcm8", CLOCK, ZIGZAG) for _ in range(2))
    for channel, pan in enumerate((3, 1, 2)):
        for either in (chip, whole):
            sound(either, channel, 7 * channel, 60, 0x0A0400 | pan)
    made, sums = one_by_one(chip, 900)
    assert (sums[:, 0] != sums[:, 1]).any()
    for side in range(2):
        assert (made[:, side] == low_passed(sums[:, side])).all()
    assert (whole.generate(900) == made).all()


@pytest.mark.parametrize("pan", [1, 3])
def test_the_low_pass_comes_to_rest(pan):
    chip, single = (Chip("pcm8", CLOCK, ZIGZAG) for _ in range(2))
    assert not chip.generate(100).any()
    single.generate(100)
    for either in (chip, single):
        sound(either, 0, 0, 20, 0x0F0400 | pan)
    made = chip.generate(600)
    assert (np.concatenate([single.generate(1) for _ in range(600)]) == made).all()
    assert np.unique(made[300:, 0]).tolist() == [-1]
    assert np.unique(made[300:, 1]).tolist() == [-1 if pan == 3 else 0]


def test_ff_keeps_and_pan_0_stops():
    chip = Chip("pcm8", CLOCK, ZIGZAG)
    sound(chip, 2, 0, 3000, 0x090601)
    chip.generate(50)
    for mode, volume, kind, pan in ((0xFF04FF, 9, 4, 1), (0x03FFFF, 3, 4, 1), (0xFFFF02, 3, 4, 2), (-1, 3, 4, 2)):
        chip.write(2 * 8 + 2, mode)
        assert np.ptp(chip.generate(50)) > 100
        state = chip.state
        assert (state.volume[2], state.kind[2], state.pan[2]) == (volume, kind, pan)
    chip.write(2 * 8 + 2, 0xFFFF00)
    assert silent(chip)
    chip.write(2 * 8 + 3, 1)
    assert silent(chip)
    assert chip.state.pan[2] == 2


def test_a_stop_lets_the_byte_end():
    chip = Chip("pcm8", CLOCK, ZIGZAG)
    sound(chip, 0, 0, 300, 0x080403)
    chip.generate(1)
    chip.write(3, 0)
    chip.generate(7)
    assert chip.state.playing[0]
    chip.generate(1)
    assert not chip.state.playing.any()
    assert silent(chip)


@pytest.mark.parametrize(("kind", "bytes_of_one"), [(0, 0.5), (4, 0.5), (5, 2), (6, 1)])
def test_a_sound_ends_with_its_length_and_not_with_the_memory(kind, bytes_of_one):
    period = {0: 16}.get(kind, 4)
    for memory in (ZIGZAG, b"\x7f"):
        chip = Chip("pcm8", CLOCK, memory)
        sound(chip, 7, 0, 50, 8 << 16 | kind << 8 | 3)
        count = int(50 / bytes_of_one) * period
        chip.generate(count)
        assert chip.state.playing[7]
        chip.generate(1)
        assert not chip.state.playing[7]
        assert silent(chip)


def test_words_and_bytes_move_the_sum():
    chip = Chip("pcm8", CLOCK, np.array([100, -300, 2047, 32767, -32768, 0], ">i2").tobytes() + bytes([100, 0x80, 127]))
    sound(chip, 0, 0, 12, 0x080503)
    sums = []
    for _ in range(6):
        chip.generate(4)
        sums.append(int(chip.state.level[0]))
    assert sums == [100, -300, 2047, 2047, -2047, 2047]
    sound(chip, 0, 12, 3, 0x080603)
    for expected in (100, -128, 127):
        chip.generate(4)
        assert chip.state.level[0] == expected


def test_all_channels_stop_at_once_and_a_sum_is_limited():
    chip = Chip("pcm8", CLOCK, b"\x77" * 40)
    for channel in range(8):
        sound(chip, channel, 0, 40, 15 << 16 | 4 << 8 | 3)
    made, sums = one_by_one(chip, 50)
    assert np.abs(sums).max() == LIMIT
    assert (made[:, 0] == low_passed(sums[:, 0])).all()
    chip.write(0x80, 0)
    chip.generate(1)
    assert not chip.state.playing.any()
    assert silent(chip)


def test_what_strikes_the_software():
    found = core("pcm8").struck(
        rows(
            (3, 1), (8, 500), (9, 10), (11, 1), (11, 0), (0, -4), (1, 3), (3, 1),
            (10, 0x080400), (11, 1), (10, -1), (11, 3), (-5, 1), (67, 1), (57, 1), (59, 1),
        )
    )  # fmt: skip
    assert found.tolist() == [(3, 1, 500), (7, 0, -4), (11, 1, 500), (15, 7, 0)]


@pytest.mark.parametrize("name", ["msm6258", "pcm8"])
def test_any_state_within_its_widths_is_safe(name):
    rng = np.random.default_rng(6258)
    chip = Chip(name, CLOCK, ZIGZAG[:50])
    for _ in range(300):
        for field in core(name).FIELDS:
            low = -(1 << field.bits - 1) if field.signed or field.bits == 32 else 0
            values = rng.integers(low, low + (1 << field.bits), field.count)
            edges = np.where(rng.random(field.count) < 0.3, low, values)
            chip._state[field.name] = edges if field.count > 1 else edges[0]
        chip.load(chip.save())
        chip.generate(30)
