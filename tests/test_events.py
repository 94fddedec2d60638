"""Register writes to bus events and back, against a slow and obvious model of the spacing rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import random_program

import opm
from opm.events import CAT2151, CHIP, from_writes, starts, to_writes

WIDE = [("cycle", int), ("kind", int), ("data", int)]


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


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([(0, 0, 1), (0, 0, 256)], ValueError, "event 1: data must be 0 to 255, got 256"),
        ([(0.5, 0, 1)], TypeError, "event 0: cycle must be an integer, got 0.5"),
        ([(0, 258, 1)], ValueError, "event 0: kind must be 0 to 2, got 258"),
        ([(2**63, 0, 1)], ValueError, "event 0: cycle"),
        ([(0, 0)], ValueError, "event 0: expected"),
        (
            np.array([(0, 0, 511)], [("cycle", int), ("kind", int), ("data", int)]),
            ValueError,
            "data must be 0 to 255, got 511",
        ),
    ],
    ids=range(6),
)
def test_values_out_of_range_are_named_by_row(rows, error, words):
    with pytest.raises(error, match=words):
        opm.run(rows, 1)


def test_a_chip_has_a_last_cycle():
    chip = opm.YM2151()
    with pytest.raises(ValueError, match="at most"):
        chip.step(2**62 + 1)
    with pytest.raises(ValueError, match="at most"):
        chip.run((), 4, cycles_per_frame=2**61)
    assert chip.cycle == 0
