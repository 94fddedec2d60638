"""Stages that work at the same time: the items of the plain loop, few at a time, and one end."""

import threading
import time
from contextlib import closing

import pytest

from player.ahead import AHEAD, ahead


def gone(before):
    """Wait until no thread is left but those that were there before: nobody waits for the last item of a stage."""
    while set(threading.enumerate()) - set(before):
        time.sleep(0.001)


def test_items_are_those_of_the_generator_in_its_order():
    """Through one stage and through several, also of none at all."""
    for count in (0, 1, AHEAD, 200):
        assert list(ahead(ahead(item for item in range(count)))) == list(range(count))


def test_an_item_is_made_while_another_is_used():
    met = threading.Barrier(3)

    def made():
        yield "first"
        met.wait(20)
        yield "second"

    def used(items):
        with closing(ahead(items)) as items:
            for item in items:
                yield item
                if item == "first":
                    met.wait(20)

    with closing(ahead(used(made()))) as items:
        assert next(items) == "first"
        met.wait(20)
        assert list(items) == ["second"]


def test_no_more_is_made_than_said():
    """However long an item is used: what is ahead of it is made, and nothing more."""
    made = []

    def items():
        for item in range(40):
            made.append(item)
            yield item

    with closing(ahead(items())) as stage:
        for item in stage:
            want = min(40, item + AHEAD)
            while len(made) < want:
                time.sleep(0.001)
            time.sleep(0.002)
            assert len(made) == want


@pytest.mark.parametrize(
    "error", [ValueError("bad"), MemoryError(), TimeoutError(), SystemExit(3), KeyboardInterrupt()]
)
def test_an_error_comes_up_behind_the_items_before_it(error):
    before = threading.enumerate()

    def items():
        yield from (1, 2)
        raise error

    got = []
    with pytest.raises(type(error)) as raised, closing(ahead(ahead(items()))) as stage:
        got += stage  # what came before the error is kept
    assert got == [1, 2]
    assert raised.value is error
    gone(before)


def test_an_end_that_comes_early_ends_all_stages():
    """What is being made is finished, nothing else begun; generators are closed, and no thread is left."""
    before, made, closed = threading.enumerate(), [], []

    def items():
        try:
            while True:
                made.append(1)
                yield len(made)
        finally:
            closed.append("items")

    def used(items):
        try:
            with closing(ahead(items)) as items:
                yield from items
        finally:
            closed.append("used")

    with closing(ahead(used(items()))) as stage:
        assert [next(stage) for _ in range(5)] == [1, 2, 3, 4, 5]
    gone(before)
    assert sorted(closed) == ["items", "used"]
    assert len(made) < 5 + 2 * AHEAD
