"""Register writes to bus events and back, against a slow and obvious model of the spacing rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import random_program

import opm
from opm.events import CAT2151, CHIP, from_writes, starts, to_writes


def test_a_write_is_address_and_data_two_cycles_apart():
    events = from_writes([0, 3], [0x28, 0x08], [0x4A, 0x78])
    assert events.dtype == opm.EVENT
    assert events.tolist() == [(0, 0, 0x28), (2, 1, 0x4A), (96, 0, 0x08), (98, 1, 0x78)]
    assert from_writes([5], [0x28], [1], CAT2151)["cycle"].tolist() == [320, 448]


@given(due=st.lists(st.integers(0, 10_000)), free=st.integers(0, 500), bus=st.sampled_from([CHIP, CAT2151]))
def test_each_write_starts_when_it_is_due_and_the_bus_is_free(due, free, bus):
    want = []
    for frame in due:
        want.append(max(frame, free))
        free = want[-1] + bus.spacing
    assert starts(due, want[0] if want else free, bus).tolist() == want


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=50))
def test_there_and_back(writes):
    address, data = np.array(writes, np.uint8).reshape(-1, 2).T
    start = starts(np.zeros(len(writes)))
    back = to_writes(from_writes(start, address, data))
    assert back[["address", "data"]].tolist() == writes
    np.testing.assert_array_equal(back["cycle"], 32 * start + 2)


@pytest.mark.parametrize("seed", range(5))
def test_any_events_give_the_writes_a_loop_finds(seed):
    events, address, want = random_program(seed, 20_000), 0, []
    events = events[int(seed == 3) :]
    for cycle, kind, byte in events.tolist():
        if kind == 0:
            address = byte
        elif kind == 1:
            want.append((cycle, address, byte))
    assert to_writes(events).tolist() == want
