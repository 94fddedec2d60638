"""Timers A and B: their periods, loading, flags, the IRQ pin and the test bit."""

import numpy as np
import pytest

import opm

LOAD_A, LOAD_B, IRQEN_A, IRQEN_B, RESET_A, RESET_B = (1 << bit for bit in range(6))
MASTER = 2  # master clocks per cycle


def events(*writes):
    """Register writes as bus events, two frames apart: the address before cycle 0, the data before cycle 2."""
    return [(64 * i + 2 * port, port, byte) for i, write in enumerate(writes) for port, byte in enumerate(write)]


def clka(value):
    """Register 10 has the upper 8 bits, 11 the lower 2."""
    return (0x10, value >> 2), (0x11, value & 3)


def periods(timer, writes, cycles, chip="ym2151"):
    """Return the master clocks from overflow to overflow."""
    overflow = opm.trace(events(*writes), [f"timer_{timer}_of"], "cycle", stop=cycles, chip=chip)[f"timer_{timer}_of"]
    gaps = np.diff(np.flatnonzero(overflow)) * MASTER
    assert len(gaps) > 1
    return set(gaps.tolist())


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
@pytest.mark.parametrize("value", [0, 1, 510, 1020, 1022, 1023])
def test_timer_a_period_is_64_times_1024_minus_clka_master_clocks(value, chip):
    period = 64 * (1024 - value)
    assert periods("a", [*clka(value), (0x14, LOAD_A)], 3 * period // MASTER + 500, chip) == {period}


@pytest.mark.parametrize("value", [200, 254, 255])
def test_timer_b_period_is_1024_times_256_minus_clkb_master_clocks(value):
    period = 1024 * (256 - value)
    assert periods("b", [(0x12, value), (0x14, LOAD_B)], 4 * period // MASTER, "ym2151") == {period}


@pytest.mark.parametrize("value", [200, 254, 255])
def test_ym2164_timer_b_is_half_as_fast(value):
    period = 2048 * (256 - value)
    assert periods("b", [(0x12, value), (0x14, LOAD_B)], 4 * period // MASTER, "ym2164") == {period}


def test_load_starts_from_clka_and_a_stopped_timer_stands_at_0():
    """A new CLKA waits for the next load or overflow; a load bit that is set already does nothing."""
    load, stop = (0x14, LOAD_A), (0x14, 0)
    rows = events(*clka(402), load, load, clka(802)[0], stop, load)
    value = opm.trace(rows, ["timer_a"], stop=16)["timer_a"].tolist()
    assert value == [0] * 5 + [402, 403, 404, 405, 406, 407] + [0, 0, 802, 803, 804]


def test_test_bit_2_counts_in_every_cycle_and_takes_one_more_to_reload():
    assert periods("a", [*clka(1000), (0x01, 0x04), (0x14, LOAD_A)], 2000) == {(1024 - 1000 + 1) * MASTER}
    assert periods("b", [(0x12, 200), (0x01, 0x04), (0x14, LOAD_B)], 2000) == {(256 - 200 + 1) * MASTER}


@pytest.mark.parametrize(("timer", "load", "irqen", "status"), [("a", LOAD_A, IRQEN_A, 1), ("b", LOAD_B, IRQEN_B, 2)])
def test_an_overflow_sets_the_flag_if_irqen_and_irq_a_cycle_later(timer, load, irqen, status):
    setup = [*clka(1020), (0x12, 255), (0x14, load | irqen)]
    fields = [f"timer_{timer}_of", f"timer_{timer}_flag", "timer_irq"]
    traced, chip = opm.trace(events(*setup), fields, "cycle", stop=3000, return_chip=True)
    overflow, flag, irq = (int(traced[field].argmax()) for field in fields)
    assert 0 < overflow == flag == irq - 1
    assert (chip.read(), chip.irq) == (status, 1)
    silent = opm.trace(events(*setup[:-1], (0x14, load)), fields, "cycle", stop=3000)
    assert silent[fields[0]].any()
    assert not silent[fields[1]].any()
    assert not silent["timer_irq"].any()


@pytest.mark.parametrize(("reset", "left"), [(RESET_A, 2), (RESET_B, 1), (RESET_A | RESET_B, 0)])
def test_reset_bits_clear_their_own_flag_and_irq_is_either(reset, left):
    run = (0x14, LOAD_A | LOAD_B | IRQEN_A | IRQEN_B)
    rows = events(*clka(1020), (0x12, 255), *[run] * 50, (0x14, reset))  # which stops both, too
    traced, chip = opm.trace(rows, ["timer_a_flag", "timer_b_flag", "timer_irq"], stop=107, return_chip=True)
    assert traced[105].tolist()[1:] == (1, 1, 1)
    assert traced[106].tolist()[1:] == (left & 1, left >> 1, int(left > 0))
    assert (chip.read() & 3, chip.irq) == (left, int(left > 0))
