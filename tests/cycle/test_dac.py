"""DAC: a sum leaves as 10-bit mantissa and 3-bit exponent over pin SO and is converted when its strobe falls."""

import numpy as np
import pytest

import opm

LEFT, RIGHT = 0, 1
TAKEN = (29, 13)  # cycles in which the mixer's sums are taken over
STROBE = ("sh2", "sh1")
CONVERTED = (5, 21)  # cycles in which the strobes fall


def events(*writes):
    """Register writes as bus events, two frames apart: the address before cycle 0, the data before cycle 2."""
    return [(64 * i + 2 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]


@pytest.fixture(params=["ym2151", "ym2164"])
def traced(request):
    """Two carriers of seven channels from clipping down to silence, cycle by cycle from the start of a frame."""
    writes = [(base + slot, data) for slot in range(16, 32) for base, data in ((0x40, 1), (0x80, 31), (0xA0, 23))]
    writes += [(0xE0 + slot, 0xF0) for slot in range(16, 32)]
    for channel in range(7):
        writes += [(0x20 + channel, 0xC4), (0x28 + channel, 0x4A), (0x08, 0x50 | channel)]
    start = 32 * 2 * len(writes)
    fields = ["mix", "dac_output", "so", "sh1", "sh2"]
    return opm.trace(events(*writes), fields, "cycle", start, start + 32 * 6000, request.param)


def words(traced, side):
    """Return the 13 bits on SO up to the fall of the side's strobe, first bit lowest, by frame."""
    ends = np.arange(32 + CONVERTED[side], len(traced), 32)
    return sum(np.asarray(traced["so"][ends - 13 + i], int) << i for i in range(13))


@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_dac_keeps_10_bits_of_mantissa(traced, side):
    """Of a sum of 16 bits those below the mantissa are cut off; it is on the output 40 cycles later."""
    total = np.clip(traced["mix"][TAKEN[side] - 1 : -40 : 32, side], -32768, 32767)
    size = np.where(total < 0, ~total, total)
    exponent = np.array([max(int(value).bit_length() - 9, 0) for value in size])
    expected = total >> exponent << exponent
    got = traced["dac_output"][TAKEN[side] + 40 :: 32, side]
    wrong = np.flatnonzero(got != expected[: len(got)])
    assert not wrong.size, f"frame {wrong[0]}: expected {expected[wrong[0]]}, got {got[wrong[0]]}"
    assert set(exponent.tolist()) == set(range(7))


@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_the_word_on_so_is_10_bits_of_offset_binary_and_an_exponent_of_1_to_7(traced, side):
    word = words(traced, side)
    mantissa, exponent = (word & 1023) - 512, word >> 10
    assert set(exponent.tolist()) == set(range(1, 8))
    assert (traced["dac_output"][32 + CONVERTED[side] :: 32, side] == mantissa * 2 ** (exponent - 1)).all()


@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_a_strobe_is_high_for_8_cycles_and_the_output_changes_when_it_falls(traced, side):
    """Right (SH1) is converted at cycle 21, left (SH2) at cycle 5."""
    cycle = (traced["cycle"] - 1) % 32
    strobe = traced[STROBE[side]] == 1
    assert set(cycle[strobe].tolist()) == {(CONVERTED[side] - 8 + i) % 32 for i in range(8)}
    changes = np.flatnonzero(np.diff(traced["dac_output"][:, side])) + 1
    assert set(cycle[changes].tolist()) == {CONVERTED[side]}


def test_silence_is_the_middle_of_the_mantissa_with_exponent_1():
    silent = opm.trace([], ["so", "dac_output"], "cycle", 320, 640)
    for side in (LEFT, RIGHT):
        assert set(words(silent, side).tolist()) == {1 << 10 | 512}
    assert not silent["dac_output"].any()


def test_no_strobe_while_ic_is_asserted():
    chip = opm.YM2151()
    chip.ic = 1
    for cycle in range(64):
        chip.step()
        assert (chip.state.sh1, chip.state.sh2) == (0, 0), f"cycle {cycle}"
