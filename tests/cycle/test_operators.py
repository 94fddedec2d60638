"""Operators: the sine by logarithms, attenuation, self-feedback, the eight algorithms, the way through the pipeline."""

import numpy as np
import pytest

import opm

M1, M2, C1, C2 = 0, 8, 16, 24  # slots of channel 1


def play(fields, frames=1000, every="frame", con=7, fb=0, tl=(0, 0, 0, 0), mul=(1, 1, 1, 1), keys=0x78, chip="ym2151"):
    """Trace fields while channel 1 sounds, all envelopes at 0 dB."""
    writes = [(0x20, 0xC0 | fb << 3 | con), (0x28, 0x4A)]
    for i, slot in enumerate((M1, M2, C1, C2)):
        writes += [(0x40 + slot, mul[i]), (0x60 + slot, tl[i]), (0x80 + slot, 31)]
    writes.append((0x08, keys))
    rows = [(64 * i + 2 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]
    start, steps = 2 * len(writes) + 6, 32 if every == "cycle" else 1
    return opm.trace(rows, fields, every, start * steps, (start + frames) * steps, chip)


def sine(phase, tl=0):
    """Sine by logarithms: 256ths of an octave from two ROMs, to which TL adds 32 per step (0.75 dB)."""
    quarter = np.where(phase & 256, ~phase, phase) & 255
    octaves = np.rint(-256 * np.log2(np.sin((quarter + 0.5) * np.pi / 512))).astype(int) + 32 * tl
    mantissa = np.rint(2048 * 2.0 ** (-((octaves & 255) + 1) / 256)).astype(int)
    size = np.where(octaves < 4096, mantissa << 2 >> (octaves >> 8), 0)
    return np.where(phase & 512, -size, size)


def check(got, expected):
    wrong = np.flatnonzero(got != expected)
    assert not wrong.size, f"frame {wrong[0]}: expected {expected[wrong[0]]}, got {got[wrong[0]]}"


def test_an_operator_is_a_sine_of_8168_from_10_bits_of_phase():
    traced = play([("pg_phase", M1), ("op_m1", 0)])
    phase, got = traced["pg_phase[0]"][:-1] >> 10, traced["op_m1[0]"][1:]  # the phase before this frame's step
    check(got, sine(phase))
    assert np.abs(got - 8168 * np.sin((phase + 0.5) * np.pi / 512)).max() < 13


@pytest.mark.parametrize("octave", range(1, 16))
def test_8_steps_of_tl_are_6_db_and_halve_the_operator(octave):
    loud, quiet = (np.abs(play([("op_m1", 0)], tl=(tl, 0, 0, 0))["op_m1[0]"]) for tl in (0, 8 * octave))
    check(quiet, loud >> octave)


@pytest.mark.parametrize("fb", range(8))
def test_feedback_is_the_mean_of_m1_s_last_two_outputs_and_reaches_4_pi_at_fb_7(fb):
    """FB 1 to 7: pi/16 to 4 pi at an output of 8192, where 1024 steps of the phase are 2 pi."""
    traced = play([("pg_phase", M1), ("op_m1", 0)], fb=fb, mul=(3, 1, 1, 1))
    phase, m1 = traced["pg_phase[0]"] >> 10, traced["op_m1[0]"]
    mean = (m1[:-2] + m1[1:-1]) >> 1
    modulation = np.floor(mean / 8192 * (2.0 ** (fb - 6) * 1024 if fb else 0)).astype(int)
    check(m1[2:], sine(phase[1:-1] + modulation))


@pytest.mark.parametrize("con", range(8))
def test_algorithms_connect_as_in_the_manual_and_m2_hears_m1_and_c1_a_frame_late(con):
    """Half of a modulator's output is added to the phase. A frame's order is M1, M2, C1, C2."""
    tl = (16, 20, 24, 8)
    traced = play(
        [*(("pg_phase", slot) for slot in (M1, M2, C1, C2)), ("tap_last", 0)], con=con, tl=tl, mul=(1, 3, 2, 1)
    )
    phase = {slot: traced[f"pg_phase[{slot}]"][:-1] >> 10 for slot in (M1, M2, C1)}
    phase[C2] = traced[f"pg_phase[{C2}]"][1:] >> 10  # slot 24 steps in cycle 32, after the frame's end
    m1 = sine(phase[M1], tl[0])
    c1 = sine(phase[C1] + (m1 * (con in (0, 3, 4, 5, 6)) >> 1), tl[2])
    to_m2 = np.roll(m1, 1) * (con in (1, 5)) + np.roll(c1, 1) * (con in (0, 1, 2))
    m2 = sine(phase[M2] + (to_m2 >> 1), tl[1])
    to_c2 = m2 * (con in (0, 1, 2, 3, 4)) + m1 * (con in (2, 5)) + np.roll(c1, 1) * (con == 3)
    heard = sine(phase[C2] + (to_c2 >> 1), tl[3]) + c1 * (con >= 4) + m2 * (con >= 5) + m1 * (con == 7)
    check(traced["tap_last[0]"][4:], heard[2:-1])  # the tap has the frame before


def test_algorithm_7_adds_all_four_operators():
    traced = play([("op_m1", 0), ("tap_last", 0)])
    check(traced["tap_last[0]"][1:], 4 * traced["op_m1[0]"][:-1])  # four equal sines


@pytest.mark.parametrize(("key", "slot"), [(0x08, M1), (0x10, C1), (0x20, M2), (0x40, C2)])
def test_a_slot_reaches_the_mixer_13_cycles_after_it_enters(key, slot):
    traced = play(["op_mix"], every="cycle", keys=key)
    assert set(((traced["cycle"] - 1) % 32)[traced["op_mix"] != 0].tolist()) == {(slot + 13) % 32}


@pytest.mark.parametrize(("chip", "address", "size"), [("ym2151", 0x01, 0x2000), ("ym2164", 0x09, 0)])
def test_test_bit_4_sets_bit_13_of_the_magnitude_on_the_ym2151_alone(chip, address, size):
    mixed = opm.trace([(0, 0, address), (2, 1, 0x10)], ["op_mix"], stop=20, chip=chip)["op_mix"]
    assert set(mixed[2:].tolist()) == {-size}  # two's complement of 14 bits: 2000 is the lowest number
