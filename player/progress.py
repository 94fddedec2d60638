"""Songs written at the same time: one progress bar for all of them, and one end."""

import threading
from collections.abc import Hashable
from concurrent.futures import CancelledError

from opm.many import Threads

TIME_TO_FINISH = 5.0
"""Seconds in which files being written have to be finished or removed; a full pipe or a lost disk may prevent both."""


class Batch(Threads):
    """Threads that write songs, with a progress bar; its end waits for files that are being written.

    Threads, not processes: compiled code runs without the interpreter lock, and so there is one bar and one end.

    Parameters
    ----------
    songs : int
        How many there are.
    workers : int
        How many at the same time.

    Attributes
    ----------
    bar : rich.progress.Progress
        The last line of a terminal's standard error, drawn from the first ``report`` on: before that, the notice about
        compiling may need that line.
    writers : context manager
        Held by a thread while it has temporary files. It calls ``report`` first, and every now and then.
    ended : threading.Event
        Set when nothing more shall be written.
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
        """Wait for threads that write; those that read may take long, and have no files to remove."""
        # Whoever holds all of the semaphore knows that nobody writes.
        for _ in range(self.workers):
            self.writers.acquire(timeout=TIME_TO_FINISH / self.workers)
        self.writers.release(self.workers)
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.bar.stop()
