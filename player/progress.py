"""Songs written at the same time: one progress bar for all of them, and one end."""

import threading
from collections.abc import Hashable
from concurrent.futures import CancelledError

from opm.many import Threads

TIME_TO_FINISH = 5.0
"""Seconds that files being written have to be finished or removed: a full pipe or a lost disk may never let them."""


class Batch(Threads):
    """Threads that write songs, with a progress bar; at its end it waits for files that are being written.

    Parameters
    ----------
    songs : int
        How many there are.
    workers : int
        How many at the same time.

    Attributes
    ----------
    bar : rich.progress.Progress
        Drawn on a terminal's standard error, a line below all that is said, once something has been written: before
        that the compiler may have something to say.
    writers : context manager
        To be in while there are temporary files; ``report`` first, and now and then.
    ended : threading.Event
        Nothing more shall be written.
    """

    def __init__(self, songs: int, workers: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        super().__init__(workers)
        console = Console(stderr=True, soft_wrap=True)
        self.bar = Progress(console=console, transient=True, redirect_stdout=False, disable=not console.is_terminal)
        self.writers, self.ended = threading.Semaphore(workers), threading.Event()
        self._task, self._shares = self.bar.add_task("writing", total=songs), dict[Hashable, float]()

    def report(self, song: Hashable, share: float) -> None:
        """Show what share of a song is done, 0 to 1; raise CancelledError once nothing more shall be written."""
        if self.ended.is_set():
            raise CancelledError
        self.bar.start()
        self.bar.advance(self._task, share - self._shares.get(song, 0.0))
        self._shares[song] = share

    def __exit__(self, *error: object) -> None:
        """Wait for what is being written; what is being read may take long, and leaves nothing behind."""
        for _ in range(self.workers):
            self.writers.acquire(timeout=TIME_TO_FINISH / self.workers)
        self.writers.release(self.workers)
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.bar.stop()
