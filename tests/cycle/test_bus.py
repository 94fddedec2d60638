"""Bus: BUSY, the one latch for address and data, and the cycle in which a written register changes."""

import pytest

import opm


def write(chip, address, data, gap=2):
    """Write to both ports, the data ``gap`` cycles after the address."""
    chip.write(0, address)
    chip.step(gap)
    chip.write(1, data)


def test_busy_lasts_32_cycles():
    chip = opm.YM2151()
    write(chip, 0x60, 0x55)
    status = []
    for _ in range(40):
        chip.step()
        status.append(chip.read())
    assert status == [0x00] + [0x80] * 32 + [0x00] * 7  # the first cycle takes the byte over


@pytest.mark.parametrize(("new", "ahead", "kc_late"), [(opm.YM2151, 0, 0), (opm.YM2164, 1, 1)])
def test_slot_register_lands_when_its_slot_comes_by_and_channel_register_with_its_channel(new, ahead, kc_late):
    """Once in 32 and once in 8 cycles, from cycle 4 on if the address comes before cycle 0, the data before cycle 2."""
    for base, field, elements, late in ((0x60, "sl_tl", 32, 0), (0x28, "ch_kc", 8, kc_late)):
        for i in range(elements):
            expected = late + next(cycle for cycle in range(4, 64) if (cycle + ahead) % elements == i)
            chip = new()
            write(chip, base + i, 0x55)
            chip.step(expected - 2)
            assert chip.state[field][i] == 0, f"{field}[{i}] changed before cycle {expected}"
            chip.step()
            assert chip.state[field][i] == 0x55, f"{field}[{i}] did not change at cycle {expected}"


@pytest.mark.parametrize("phase", range(0, 32, 5))
def test_registers_below_20_change_in_the_cycle_after_the_byte_is_taken_wherever_the_frame_is(phase):
    chip = opm.YM2151()
    chip.step(phase)
    write(chip, 0x12, 0x55)
    chip.step()
    assert chip.state.clkb == 0
    chip.step()
    assert chip.state.clkb == 0x55


@pytest.mark.parametrize(("gap", "address"), [(0, 0x55), (1, 0x55), (2, 0x60)])
def test_data_less_than_2_cycles_after_its_address_overwrites_the_address_in_the_latch(gap, address):
    chip = opm.YM2151()
    write(chip, 0x60, 0x55, gap)
    chip.step(50)
    assert chip.state.reg_address == address


@pytest.mark.parametrize(("gap", "lost"), [(34, []), (33, [3]), (32, [2, 3])])
def test_the_next_address_drops_data_that_still_waits_and_34_cycles_are_enough(gap, lost):
    chips = [opm.YM2151() for _ in range(32)]
    for slot, chip in enumerate(chips):
        write(chip, 0x60 + slot, 0x55)
        chip.step(gap - 2)
        chip.write(0, 0x60)
        chip.step(50)
    assert [slot for slot, chip in enumerate(chips) if not chip.state.sl_tl.any()] == lost


@pytest.mark.parametrize(("gap", "changed"), [(2, [1, 2]), (3, [2]), (4, [])])
def test_ym2164_takes_rl_fb_con_4_cycles_late_and_by_then_the_next_byte_may_be_in_the_latch(gap, changed):
    """Channels 2 and 3 come by in cycles 0 and 1 once more, while the next address is being taken."""
    chips = [opm.YM2164() for _ in range(8)]
    for channel, chip in enumerate(chips):
        write(chip, 0x20 + channel, 0xC7)
        chip.step(62)
        write(chip, 0x60, 0x15, gap)
        chip.step(62)
    assert [channel for channel, chip in enumerate(chips) if chip.state.ch_con[channel] != 7] == changed


@pytest.mark.parametrize(("new", "test", "pins"), [(opm.YM2151, 0x01, (1, 0)), (opm.YM2164, 0x09, (0, 1))])
def test_ym2164_swaps_the_ct_pins_and_has_its_test_register_at_09(new, test, pins):
    chip = new()
    for address, data in ((0x1B, 0x40), (0x01 + 0x09 - test, 0x20), (test, 0x40)):  # CT1; the other chip's; its own
        write(chip, address, data)
        chip.step(50)
    assert (chip.ct1, chip.ct2) == pins
    assert chip.state.test.tolist() == [0, 0, 0, 0, 0, 0, 1, 0]
