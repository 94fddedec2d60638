"""Key-on: from register 08 to the key latch to the envelope, and the key-on of timer A (CSM)."""

import numpy as np
import pytest

import opm

M1, M2, C1, C2 = 0, 8, 16, 24  # first slot of each operator


def events(*writes):
    """Register writes as bus events, two frames apart: the address before cycle 0, the data before cycle 2."""
    return [(64 * i + 2 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]


def test_key_on_bits_go_m1_c1_m2_c2_while_slots_go_m1_m2_c1_c2():
    for bit, slot in ((3, M1), (4, C1), (5, M2), (6, C2)):
        latch = opm.trace(events((0x08, 1 << bit | 2)), ["kon_latch"], stop=1)["kon_latch"][0]
        assert np.flatnonzero(latch).tolist() == [slot + 2], f"bit {bit}"


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_the_latch_of_a_channel_takes_its_four_keys_at_cycle_24_plus_channel(chip):
    for channel in range(8):
        latch = opm.trace(events((0x08, 0x78 | channel)), ["kon_latch"], "cycle", stop=64, chip=chip)["kon_latch"]
        keyed = [slot + channel for slot in (M1, M2, C1, C2)]
        for slot in range(32):
            changes = np.flatnonzero(np.diff(latch[:, slot], prepend=0)).tolist()
            expected = [24 + channel] if slot in keyed else []
            assert changes == expected, f"channel {channel}, kon_latch[{slot}]: changes at cycles {changes}"


def test_the_envelope_sees_a_key_two_cycles_before_its_slot():
    for channel in range(8):
        kon = opm.trace(events((0x08, 0x78 | channel)), ["kon"], "cycle", stop=64)["kon"]
        for slot in range(channel, 32, 8):
            expected = next(cycle for cycle in range(25 + channel, 64) if (cycle + 2) % 32 == slot)
            got = int(kon[:, slot].argmax())
            assert got == expected, f"channel {channel}, kon[{slot}]: expected cycle {expected}, got {got}"


def test_only_the_change_from_off_to_on_is_an_edge():
    """An edge attacks anew and restarts the phase; keying on again what is on does nothing; off and on does."""
    rows = events((0x08, 0x08), (0x08, 0x08), (0x08, 0x00), (0x08, 0x08), (0x08, 0x08))
    traced = opm.trace(rows, [("kon", 0), ("pg_reset", 0)], stop=12)
    assert traced["kon[0]"].tolist() == [1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1]
    assert np.flatnonzero(traced["pg_reset[0]"]).tolist() == [1, 7]  # set when slot 0 comes by, in the next frame


def test_key_on_starts_the_attack_and_key_off_the_release():
    attack, release = 0, 3
    state = opm.trace(events((0x08, 0x08), (0x08, 0x00)), [("eg_state", 0)], stop=5)["eg_state[0]"]
    assert state.tolist() == [release, attack, attack, release, release]  # the key of frame 0 acts in frame 1


def test_csm_keys_all_slots_on_for_32_cycles_when_timer_a_overflows():
    period, periods = 8, 4  # frames
    writes = [(0x10, (1024 - period) >> 2), (0x11, (1024 - period) & 3), (0x14, 0x81)]
    start = 64 * 8
    traced = opm.trace(events(*writes), ["kon", "kon_csm"], "cycle", start, start + 32 * period * periods)
    rises = np.flatnonzero(np.diff(traced["kon_csm"]) == 1) + 1
    assert (rises % 32 == 2).all()
    assert np.diff(rises).tolist() == [32 * period] * (periods - 1)
    assert traced["kon_csm"].sum() == 32 * periods
    for slot in range(32):
        on = traced["kon"][:, slot].sum()
        assert on == 32 * periods, f"slot {slot}: expected on for {32 * periods} cycles, got {on}"


def test_without_csm_timer_a_keys_nothing():
    kon = opm.trace(events((0x10, 0xFE), (0x11, 0), (0x14, 0x01)), ["kon"], stop=64)["kon"]
    assert not kon.any()


@pytest.mark.parametrize("chip", [opm.YM2151, opm.YM2164])
@pytest.mark.parametrize("channel", range(8))
def test_the_latch_counts_slots_by_the_cycle_counter_which_ic_restarts(chip, channel):
    """IC pulsed with no cycle between, just when the channel was recognised: the counter is 0, the slots 8 on."""
    chip = chip()
    chip.write_register(0x08, 0x08 | channel)  # M1
    while not chip.state.kon_match:
        chip.step()
    chip.ic = 1
    chip.ic = 0
    chip.step()
    assert np.flatnonzero(chip.state.kon_latch).tolist() == [M2]
