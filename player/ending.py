"""How the player ends when a signal tells it to: everything cleaned up, exit code 128 + the signal's number."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

TYPE_CHECKING = False  # As in ``player``.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any, NoReturn

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
SOME_FAILED, BAD_INPUT = 1, 2
"""Exit codes beside 0 and a signal's: some of several songs failed; bad input, or nothing could be done."""
LOOK = 0.5
"""Seconds the main thread waits at a time: of two signals at once another thread may take both, which wakes nobody."""


class Ended(SystemExit):
    """Raised in the main thread by a signal: it cleans up like any error, and ends the process like ``sys.exit``."""

    code: int


def obey_signals() -> None:
    """Let the signals that end a process end it at once, but for those it was started to ignore.

    While a program is imported there is nothing to clean up, and an exception would be lost in some places.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)


def clean_up_first() -> None:
    """Let those signals raise ``Ended`` from here on, when all is imported: ``beside`` needs these."""
    import concurrent.futures.thread  # noqa: F401

    _pass_on(_leave, _end)


def _pass_on(old: Any, new: Any) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is old:
            signal.signal(number, new)


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


def _end(number: int, frame: FrameType | None) -> None:
    """Obey no other: a terminal and a supervisor send two at once, and the second would come in while we clean up."""
    _pass_on(_end, _nothing)
    raise Ended(128 + number)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Stand for SIG_IGN, with which Python complains of a signal that is already there."""


@contextlib.contextmanager
def handed_to(function: Callable[[Ended], None]) -> Iterator[None]:
    """Have the signals call a function with what they would raise: where that could come up anywhere, and be lost."""
    obeyed = [number for number in SIGNALS if signal.getsignal(number) is _end]
    for number in obeyed:
        signal.signal(number, lambda number, frame: function(Ended(128 + number)))
    try:
        yield
    finally:
        for number in obeyed:
            signal.signal(number, _end)


def beside(work: Callable[..., Any], *arguments: Any) -> None:
    """Have something done beside the main thread, which signals can end meanwhile: in imports some would be lost."""
    from concurrent.futures import ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(1)
    done = pool.submit(work, *arguments)
    while not wait([done], LOOK).done:
        pass  # A signal that another thread has taken is obeyed here.
    done.result()
    pool.shutdown()


def leave(code: int) -> NoReturn:
    """End the process at once, whatever its threads are doing in compiled code, with its output written."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)
