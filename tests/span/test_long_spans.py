"""Long spans leave every field and sample as single clocks do: envelopes that move, timers that are written."""

import numpy as np
import pytest
from frame.test_frame import compare
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import envelope_program, timer_program

import opm
from opm.span.envelope import SPACED, TICK, TICKS


@pytest.mark.parametrize("name", ["ym2151", "ym2164"])
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32 - 1))
def test_moving_envelopes(name, seed):
    compare(envelope_program(seed, 2500, name), 2500, name, seed)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_timers_that_are_written(seed):
    compare(timer_program(seed, 1500), 1500, "ym2151", seed)


def test_writes_to_timers_cost_no_single_clocks():
    """Register 14 at each interrupt: 100 writes in one run, behind which no clock was a single one."""
    chip = opm.YM2151()
    chip.generate(10)
    before = chip.frame_cycles
    rows = [(32 * (10 + 9 * i) + 2 * kind, kind, (0x14, 0x2A)[kind]) for i in range(100) for kind in (0, 1)]
    chip.run(np.array(rows, opm.EVENT), 1000)
    assert chip.frame_cycles - before == 32 * 1000


def test_numbers_of_ticks():
    """The table finds a mask's lowest bit; masks of positions have every bit of a timer that counts from 0."""
    assert [TICK[(1 << tick) % 67] for tick in range(TICKS)] == list(range(TICKS))
    for position in range(14):
        first = 1 << position
        mask = int(SPACED[position]) << first if first < TICKS else 0
        want = [tick for tick in range(1, TICKS) if tick & -tick == 1 << position]
        assert [tick for tick in range(TICKS) if mask >> tick & 1] == want, f"position {position}"


@pytest.mark.parametrize("seed", [25, 34, 51, 142])
def test_attacks_that_pm_hurries(seed):
    """A slot whose own rate meets no tick of the span, but another key code's does: it becomes audible within it."""
    rng = np.random.default_rng(seed)
    rows = [(0x18, 255), (0x19, 0xFF), (0x1B, 3)]
    for c in range(8):
        rows += [(0x20 + c, 0xC7), (0x28 + c, int(rng.integers(0x30, 0x50))), (0x38 + c, 0x70)]
    for slot in range(32):
        rows += [(0x40 + slot, 1), (0x60 + slot, int(rng.integers(20, 100)))]
        rows += [(0x80 + slot, 0xC0 | int(rng.integers(2, 12))), (0xE0 + slot, 0x0F)]
    rows += [(0x08, 0x78 | c) for c in range(8)]
    events = [(64 * i + 2 * kind, kind, row[kind]) for i, row in enumerate(rows) for kind in (0, 1)]
    compare(np.array(events, opm.EVENT), 2500, "ym2151", seed)
