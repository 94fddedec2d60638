"""Mixer: carriers to the left and right sums, when the sums are taken over, and how they are clamped."""

import numpy as np
import pytest
from programs import mixed, random_program

import opm

LEFT, RIGHT = 0, 1
TAKEN = (29, 13)  # cycles in which the sums start anew


def events(*writes):
    """Register writes as bus events, two frames apart: the data 4 cycles after the address, for the YM2164's RL."""
    return [(64 * i + 4 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]


def chord(rl=(3,) * 8, con=7):
    """Return the events that sound all channels, and the frame in which they are done."""
    writes = [(0x80 + slot, 31) for slot in range(32)] + [(0x40 + slot, 1) for slot in range(32)]
    for channel in range(8):
        writes += [(0x20 + channel, rl[channel] << 6 | con), (0x28 + channel, 0x4A + (channel & 1))]
    writes += [(0x08, 0x78 | channel) for channel in range(8)]
    return events(*writes), 2 * len(writes)


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
@pytest.mark.parametrize("rl", range(4))
def test_left_and_right_by_rl(rl, chip):
    """Bit 6 of register 20 is left, bit 7 right."""
    rows, start = chord((rl,) * 8)
    samples = opm.run(rows, start + 100, chip, engine="cycle")[-90:]
    assert samples.any(axis=0).tolist() == [rl & 1 == 1, rl >> 1 == 1]


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
@pytest.mark.parametrize(("con", "carriers"), [(0, [3]), (4, [2, 3]), (5, [1, 2, 3]), (7, [0, 1, 2, 3])])
def test_a_sum_has_every_carrier_of_32_cycles_and_left_starts_with_slot_15_right_with_slot_31(con, carriers, chip):
    """Slot s is in op_mix at cycle s + 13 and is added at s + 14."""
    rl = (1, 2, 3, 0, 3, 2, 1, 3)
    rows, start = chord(rl, con)
    traced = opm.trace(rows, ["op_mix", "mix"], "cycle", 32 * start, 32 * (start + 50), chip)
    cycle = np.arange(len(traced)) % 32
    slot = (cycle - 13) % 32
    for side in (LEFT, RIGHT):
        on = [(rl[s % 8] >> side & 1) and s // 8 in carriers for s in slot]
        terms = np.where(on, traced["op_mix"], 0)
        for end in range(TAKEN[side] + 32 - 1, len(traced), 32):
            expected, got = terms[end - 32 : end].sum(), traced["mix"][end, side]
            assert got == expected, f"cycle {end}, mix[{side}]: expected {expected}, got {got}"


def test_slots_15_to_30_are_heard_one_frame_earlier_on_the_right():
    for slot in (0, 7, 14, 15, 16, 23, 30, 31):
        bit = (3, 5, 4, 6)[slot >> 3]
        writes = [(0x20 + slot % 8, 0xC7), (0x28 + slot % 8, 0x4A), (0x40 + slot, 1), (0x80 + slot, 31)]
        samples = opm.run(events(*writes, (0x08, 1 << bit | slot % 8)), 300, engine="cycle")
        ahead = 1 if 15 <= slot <= 30 else 0
        assert samples.any()
        assert (samples[ahead:, LEFT] == samples[: len(samples) - ahead, RIGHT]).all(), f"slot {slot}"


def test_sums_beyond_16_bits_stop_at_the_ends():
    """The DAC's mantissa makes 32704 of what is beyond 32703."""
    rows, start = chord(con=4)
    traced = opm.trace(rows, ["mix", "dac_output"], "cycle", 32 * start, 32 * (start + 400))
    total = traced["mix"][TAKEN[RIGHT] - 1 :: 32, RIGHT][:-1]
    out = traced["dac_output"][31::32, RIGHT][1:]  # after 40 cycles: in the frame after
    assert total.max() > 2 * 32768
    assert total.min() < -2 * 32768
    assert ((out == 32704) == (total >= 32704)).all()
    assert ((out == -32768) == (total < -32704)).all()


def test_the_tap_of_a_channel_is_its_sum_before_panning():
    rows, start = chord((0, 1, 2, 3, 0, 1, 2, 3))
    traced = opm.trace(rows, ["op_mix", "tap_last"], "cycle", 32 * start, 32 * (start + 20))
    for channel in range(8):
        for frame in range(1, 19):
            mixed = traced["op_mix"][32 * frame + 13 + channel :][:32:8]
            got = traced["tap_last"][32 * (frame + 2) - 1, channel]
            assert got == mixed.sum(), f"frame {frame}, tap_last[{channel}]: expected {mixed.sum()}, got {got}"


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_what_channels_give_each_side_adds_up_at_every_clock(chip):
    """To the sum in the making, and to the DAC's output once it is clamped and rounded."""
    rows, start = chord((1, 2, 3, 0, 3, 2, 1, 3))
    random = random_program(5, 32 * 500, chip, ic=False)
    random = random[random["cycle"] >= 32 * 20]
    random["cycle"] += 32 * start
    program = np.concatenate([np.array(rows, opm.EVENT), random])
    fields = ["mix", "dac_output", "side_sum", "side_out"]
    traced = opm.trace(program, fields, "cycle", 0, 32 * (start + 500), chip)
    sums, out = (np.asarray(traced[name]).reshape(-1, 2, 8) for name in ("side_sum", "side_out"))
    np.testing.assert_array_equal(sums.sum(axis=2), traced["mix"])
    np.testing.assert_array_equal(mixed(out.swapaxes(1, 2)), traced["dac_output"])
    assert len(np.unique(traced["dac_output"])) > 100


@pytest.mark.parametrize(("make", "delay"), [(opm.YM2151, 2), (opm.YM2164, 4)])
def test_panned_in_mid_note_at_every_clock_of_a_frame(make, delay):
    """One channel after the other moves to the left alone; channel 8 plays noise as well."""
    rows, start = chord()
    sounding = make()
    sounding.run([*rows, (32 * start, 0, 0x0F), (32 * start + 4, 1, 0x9F)], start + 300)
    saved = sounding.save()
    for channel in range(8):
        for clock in range(32):
            chip = make()
            chip.load(saved)
            first = chip.cycle + clock + 64
            sides = np.empty((40, 8, 2), np.int16)
            samples = chip.run([(first, 0, 0x20 + channel), (first + delay, 1, 0x47)], 40, channels=sides)
            where = f"channel {channel + 1}, clock {clock}"
            np.testing.assert_array_equal(mixed(sides), samples, where)
            others = np.arange(8) != channel
            assert sides[:, others].any(axis=0).all(), where
            assert sides[-30:, channel, LEFT].any(), where
            assert not sides[-30:, channel, RIGHT].any(), where
