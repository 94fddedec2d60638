"""Who does the work: threads of this process, or a cluster's workers; as many pieces in flight as keep them busy."""

import os
import pickle
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar
from urllib.parse import urlsplit

from .._check import integer

Piece = TypeVar("Piece")
AHEAD = 2
"""Pieces in flight for each worker: one in work, one to go on with."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """Threads of this process: compiled code runs beside others. A context manager, as ``Cluster`` is."""

    lost: tuple[type[Exception], ...] = ()
    """Errors that say that a worker died of a piece, or beside it."""

    def __init__(self, workers: int | None, warm: Callable[[], Any]) -> None:
        self.workers = cores() if workers is None else integer("workers", workers, 1)
        warm()
        self.executor = ThreadPoolExecutor(self.workers, "opm")

    def __enter__(self) -> "Threads":
        return self

    def __exit__(self, *error: object) -> None:
        self.executor.shutdown()

    def submit(self, work: Callable[[Any], Any], piece: Any) -> "Future[Any]":
        """Have a piece done."""
        return self.executor.submit(work, piece)


class Cluster:
    """The workers of a ``dask.distributed.Client``, however many there are meanwhile."""

    def __init__(self, client: Any, warm: Callable[[], Any]) -> None:
        from distributed import KilledWorker

        self.lost: tuple[type[Exception], ...] = (KilledWorker,)
        self.client, self.executor = client, client.get_executor(pure=False)
        self._looked, self._workers = 0.0, 0
        # One worker a machine compiles for all of it: they share a disk cache.
        hosts = {urlsplit(address).hostname: address for address in client.nthreads()}
        first = [client.submit(warm, pure=False, workers=[w], allow_other_workers=True) for w in hosts.values()]
        client.gather(first)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *error: object) -> None:
        self.executor.shutdown(wait=False)

    @property
    def workers(self) -> int:
        """How many threads there are, looked at once a second: it takes a message to the scheduler."""
        if time.monotonic() > self._looked + 1:
            self._looked, self._workers = time.monotonic(), max(1, sum(self.client.nthreads().values()))
        return self._workers

    def submit(self, work: Callable[[Any], Any], piece: Any) -> "Future[Any]":
        """Have a piece done; packed, since dask looks through lists and tuples for tasks and keys of its own."""
        return self.executor.submit(_unpacked, pickle.dumps((work, piece)))  # type: ignore[no-any-return]


def _unpacked(packed: bytes) -> Any:
    work, piece = pickle.loads(packed)
    return work(piece)


Crew = Threads | Cluster


def each(
    crew: Crew,
    work: Callable[[Piece], Any],
    pieces: Iterable[Piece],
    stop: Callable[[], None],
    one_by_one: bool = False,
) -> Generator[tuple[Piece, "Future[Any]"]]:
    """Do work on pieces; yield each with its future as they are done, in no order.

    Parameters
    ----------
    crew : Threads or Cluster
    work : function of a piece
    pieces : iterable
        Taken as there is room for them, so that it may be endless.
    stop : function
        Called if the end comes early: what is still in work has no use.
    one_by_one : bool
        One in flight at a time.
    """
    waiting: dict[Future[Any], Piece] = {}
    try:
        for piece in pieces:
            waiting[crew.submit(work, piece)] = piece
            while len(waiting) >= (1 if one_by_one else AHEAD * crew.workers):
                yield from _done(waiting)
        while waiting:
            yield from _done(waiting)
    finally:
        if waiting:
            stop()
        for future in waiting:
            future.cancel()


def _done(waiting: "dict[Future[Any], Piece]") -> "list[tuple[Piece, Future[Any]]]":
    """Wait for one or more; take them out."""
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    return [(waiting.pop(future), future) for future in done]
