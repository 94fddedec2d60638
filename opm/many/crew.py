"""Who does the work: threads of this process, or a cluster's workers; as many pieces in flight as keep them busy."""

import os
import pickle
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

from .._check import integer

Piece = TypeVar("Piece")
AHEAD = 2
"""Pieces in flight for each worker: one in work, one to go on with."""
MOST_THREADS = 1024
"""More than any machine has cores."""
PATIENCE = 300.0
"""Seconds to wait for a cluster whose workers have all gone."""
LOOK = 0.5
"""Seconds the main thread waits at a time: of two signals at once another thread may take both, without waking it."""


def cores() -> int:
    """Return how many cores this process may use."""
    # A container or taskset may allow fewer than the machine has.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """Threads of this process: compiled code runs beside others. A context manager, as ``Cluster`` is."""

    lost: tuple[type[Exception], ...] = ()
    """Errors that say that a worker died of a piece, or beside it."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = cores() if workers is None else min(integer("workers", workers, 1), MOST_THREADS)
        self.executor = ThreadPoolExecutor(self.workers, "opm")

    def __enter__(self) -> "Threads":
        return self

    def __exit__(self, *error: object) -> None:
        self.executor.shutdown()

    def submit(self, work: Callable[[Any], Any], piece: Any) -> "Future[Any]":
        """Have a piece done."""
        return self.executor.submit(work, piece)

    def done(self, waiting: Iterable[Any]) -> Iterable[Any]:
        """Wait for one or more of some futures; return those that are done, none if that takes ``LOOK``."""
        return wait(waiting, LOOK, FIRST_COMPLETED).done


class Cluster:
    """The workers of a ``dask.distributed.Client``, however many come and go.

    Not by its ``get_executor``, whose futures may stay open for ever if a worker dies with a result.
    """

    def __init__(self, client: Any, warm: Callable[[], Any]) -> None:
        from distributed import KilledWorker

        self.lost: tuple[type[Exception], ...] = (KilledWorker,)
        self.client = client
        self._looked = self._seen = time.monotonic()
        self._workers = 0
        client.wait_for_workers(1)
        # One worker a machine compiles for all of it: they share a disk cache.
        hosts = {urlsplit(address).hostname: address for address in client.nthreads()}
        first = [client.submit(warm, pure=False, workers=[w], allow_other_workers=True) for w in hosts.values()]
        client.gather(first)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing: its workers are somebody else's."""

    @property
    def workers(self) -> int:
        """How many threads there are, looked at once a second: it takes a message to the scheduler.

        Raises
        ------
        TimeoutError
            There has been none for ``PATIENCE``.
        """
        now = time.monotonic()
        if now > self._looked + 1 or not self._workers:
            self._looked, self._workers = now, sum(self.client.nthreads().values())
            if self._workers:
                self._seen = now
            elif now > self._seen + PATIENCE:
                raise TimeoutError(f"the cluster has had no worker for {PATIENCE:g} s")
        # 1 while there is none: something stays in flight, and goes on when a worker comes back.
        return max(1, self._workers)

    def submit(self, work: Callable[[Any], Any], piece: Any) -> Any:
        """Have a piece done; packed, since dask looks through lists and tuples for tasks and keys of its own."""
        return self.client.submit(_unpacked, pickle.dumps((work, piece)), pure=False)

    def done(self, waiting: Iterable[Any]) -> Iterable[Any]:
        """Wait for one or more of some futures; return those that are done, none if that takes a second."""
        from distributed import wait as wait_for

        with suppress(TimeoutError):
            return wait_for(list(waiting), 1, "FIRST_COMPLETED").done  # type: ignore[no-any-return,no-untyped-call]
        return ()


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
) -> Generator[tuple[Piece, Any]]:
    """Do work on pieces; yield each piece with its future in the order in which they finish.

    Parameters
    ----------
    crew : Threads or Cluster
    work : function of a piece
    pieces : iterable
        Taken as there is room for them, so that it may be endless.
    stop : function
        Called if the end comes early: what is still in work has no use.
    one_by_one : bool
        One in flight at a time: if its worker dies, it is known which piece killed it.
    """
    waiting: dict[Any, Piece] = {}
    more = iter(pieces)
    try:
        while True:
            # Asked each time: a cluster grows and shrinks meanwhile.
            room = (1 if one_by_one else AHEAD * crew.workers) - len(waiting)
            for piece in islice(more, max(0, room)):
                waiting[crew.submit(work, piece)] = piece
            if not waiting:
                return
            for future in crew.done(waiting):
                yield waiting.pop(future), future
    finally:
        if waiting:
            stop()
        # What has begun runs on to its next look at ``stop``; what has not is taken back.
        for future in waiting:
            future.cancel()
