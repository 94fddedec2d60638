"""Phase generator: key code and fraction, vibrato, detune and multiple to the phase and its steps."""

import math

import numpy as np
import pytest

import opm

NOTES = (0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14)  # C# to C; 3, 7, 11 and 15 are not used
PHI_M = 3_579_545
both_chips = pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
DT1 = (  # the manual's table in steps of PHI_M / 2**26 (0.053 Hz), by key code
    (0,) * 32,
    (0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 8, 8, 8),
    (1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 8, 9, 10, 11, 12, 13, 14, 16, 16, 16, 16),
    (2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 20, 22, 22, 22, 22),
)


def events(*writes):
    """Register writes as bus events, two frames apart: the address before cycle 0, the data before cycle 2."""
    return [(64 * i + 2 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]


def increments(*writes, chip="ym2151"):
    """Return the phase increment of slot 8 (M2 of channel 1) after each write, in the second frame; MUL is 1."""
    traced = opm.trace(events((0x48, 1), *writes), [("pg_inc", 8)], stop=2 * len(writes) + 2, chip=chip)
    return traced["pg_inc[8]"][3::2].tolist()


def cents(inc, of):
    return 1200 * math.log2(inc / of)


def test_pitch_is_440_hz_at_key_code_4a_and_semitones_and_64ths_from_there_within_2_5_cents():
    writes = [write for note in NOTES for kf in range(64) for write in ((0x28, 0x40 | note), (0x30, kf << 2))]
    got = increments(*writes)[1::2]  # after each fraction
    a4 = 440 * 2**20 * 64 / PHI_M
    off = [cents(inc, a4) - 100 / 64 * (step - 64 * NOTES.index(0x0A)) for step, inc in enumerate(got)]
    assert off == pytest.approx([0] * 64 * 12, abs=2.5)
    assert got == sorted(got)


def test_an_octave_up_doubles_and_an_unused_note_code_plays_as_the_next():
    octaves = increments(*((0x28, octave << 4 | 0x0A) for octave in range(8)))
    assert octaves == [octaves[7] >> 7 - octave for octave in range(8)]
    for unused in (3, 7, 11):
        one, other = increments((0x28, 0x40 | unused), (0x28, 0x40 | unused + 1))
        assert one == other, f"note code {unused}"


def test_mul_multiplies_and_mul_0_is_one_half():
    got = increments((0x28, 0x4A), *((0x48, mul) for mul in range(16)))[1:]
    assert got == [got[1] >> 1] + [got[1] * mul for mul in range(1, 16)]


def test_dt1_adds_or_takes_the_steps_of_the_manual_s_table():
    for code in range(32):
        dt1 = [(0x48, dt1 << 4 | 1) for dt1 in range(8)]
        plain, *got = increments((0x28, code << 2), *dt1)
        expected = [plain + sign * DT1[size][code] for sign in (1, -1) for size in range(4)]
        assert got == expected, f"key code {code}: DT1 0 to 7 expected {expected}, got {got}"


@both_chips
def test_dt2_raises_by_0_600_781_and_950_cents(chip):
    plain, *got = increments((0x28, 0x3A), *((0xC8, dt2 << 6) for dt2 in range(4)), chip=chip)
    assert [cents(inc, plain) for inc in got] == pytest.approx([0, 600, 781.25, 950], abs=2.5)


@both_chips
@pytest.mark.parametrize("pms", range(8))
def test_pms_bends_by_0_5_10_20_50_100_400_700_cents_at_full_depth(pms, chip):
    """The square wave's two values. The manual rounds: the chip has 3/64, 7/64, 15/64, ... of a semitone."""
    square = [(0x1B, 1), (0x18, 0xFF), (0x19, 0x80 | 127), (0x38, pms << 4)]
    traced = opm.trace(events((0x28, 0x4A), (0x48, 1), *square), [("pg_inc", 8)], start=20, stop=1200, chip=chip)
    (plain,) = increments((0x28, 0x4A))
    bends = [cents(inc, plain) for inc in sorted(set(traced["pg_inc[8]"].tolist()))]
    most = (0, 5, 10, 20, 50, 100, 400, 700)[pms]
    assert (bends[0], bends[-1]) == pytest.approx((-most, most), rel=0.25)


@both_chips
def test_the_phase_of_a_slot_steps_at_cycle_slot_plus_8_modulo_2_to_20(chip):
    writes = [(0x28 + channel, 0x7A + channel % 3) for channel in range(8)] + [(0x40 + slot, 15) for slot in range(32)]
    start = 64 * len(writes)
    traced = opm.trace(events(*writes), ["pg_phase", "pg_inc"], "cycle", start, start + 32 * 20, chip)
    cycle, slot = (traced["cycle"][1:, None] - 1) % 32, np.arange(32)
    got = np.diff(traced["pg_phase"], axis=0) & 0xFFFFF
    expected = np.where(cycle == (slot + 8) % 32, traced["pg_inc"][-1], 0)
    for row, slot in np.argwhere(got != expected):
        pytest.fail(f"cycle {cycle[row, 0]}, pg_phase[{slot}]: expected {expected[row, slot]}, got {got[row, slot]}")


def test_key_on_restarts_the_phase_at_0_and_key_off_does_not():
    rows = events((0x28, 0x4A), (0x48, 1), (0x08, 0x20), (0x08, 0x00))
    phase = opm.trace(rows, [("pg_phase", 8)], stop=12)["pg_phase[8]"].tolist()
    (inc,) = increments((0x28, 0x4A))
    assert phase[4:] == [2 * inc + phase[2], *(inc * frames for frames in range(7))]
