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
