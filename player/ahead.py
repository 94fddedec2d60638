"""Stages that work at the same time: each in a thread of its own, a few items ahead of the next."""

from collections.abc import Generator
from contextlib import closing, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from .signals import LOOK

Item = TypeVar("Item")
AHEAD = 3
"""Items there are at most at a time: one being used, one made, one in the making."""


def ahead(items: Generator[Item]) -> Generator[Item]:
    """Yield what a generator does, in its order; it runs in another thread meanwhile.

    What it raises is raised here. To be closed: that ends the other thread behind the item that it is making, for which
    nobody waits.
    """
    # Of all queues and locks only this one stays whole where a signal raises an exception in the midst of it: a pool of
    # one thread, which has locks of ``threading``, left one locked now and then, and the program hung.
    made, room = SimpleQueue[tuple[str, Any]](), SimpleQueue[bool]()
    for _ in range(AHEAD - 1):
        room.put(True)
    left = False

    def make() -> None:
        try:
            # Closed here, where it runs: it may be such a stage itself.
            with closing(items):
                for item in items:
                    made.put(("item", item))
                    room.get()
                    if left:
                        return
            made.put(("end", None))
        # Any at all: it belongs to whoever waits for the next item.
        except BaseException as error:
            made.put(("error", error))

    try:
        Thread(target=make, daemon=True).start()
        while True:
            kind, item = _taken(made)
            if kind == "error":
                raise item
            if kind == "end":
                return
            yield item
            # Only now: what is being used counts.
            room.put(True)
    finally:
        left = True
        room.put(True)


def _taken(queue: SimpleQueue[Any]) -> Any:
    """Return the next of a queue, waited for so that the main thread can obey signals that another thread received."""
    while True:
        with suppress(Empty):
            return queue.get(timeout=LOOK)
