"""How a signal ends the player: everything cleaned up, exit code 128 + the signal's number.

In three stages: during imports at once; then by an exception in the main thread; on the screen, by a call.
"""

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
"""Exit codes other than 0 and a signal's: some of several songs failed; bad input, or nothing could be done."""
LOOK = 0.5
"""Seconds that the main thread waits at a time, since a signal that another thread receives does not wake it."""


class Ended(SystemExit):
    """Raised in the main thread by a signal: things are cleaned up as after any error, then the process ends."""

    code: int


def exit_on_signals() -> None:
    """From here on let signals end the process at once: for the time of the imports.

    There is nothing to clean up yet, and an exception may be swallowed: by an import, or where a weak reference ends.
    """
    for number in SIGNALS:
        # One that the process was started to ignore stays ignored: SIGHUP under nohup.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit)


def raise_on_signals() -> None:
    """From here on let those signals raise ``Ended``, so that files and the terminal are cleaned up.

    To be called once everything is imported; ``run_in_thread`` depends on it.
    """
    # concurrent.futures imports this when a pool is first asked for, which would be too late.
    import concurrent.futures.thread  # noqa: F401

    _replace(_exit, _raise)


def _replace(old: Any, new: Any) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is old:
            signal.signal(number, new)


def _exit(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    """Raise ``Ended``, but only once: a terminal and a supervisor may both send one, the second during clean-up."""
    _replace(_raise, _ignore)
    raise Ended(128 + number)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing. Under SIG_IGN, Python would complain about a signal that has already arrived."""


@contextlib.contextmanager
def pass_signals_to(function: Callable[[Ended], None]) -> Iterator[None]:
    """Let signals call a function with the ``Ended`` they would have raised: for code that may swallow an exception."""
    obeyed = [number for number in SIGNALS if signal.getsignal(number) is _raise]
    for number in obeyed:
        signal.signal(number, lambda number, frame: function(Ended(128 + number)))
    try:
        yield
    finally:
        for number in obeyed:
            signal.signal(number, _raise)


def run_in_thread(work: Callable[..., Any], *arguments: Any) -> None:
    """Do slow work in another thread and wait for it, so that the main thread can obey signals meanwhile.

    In the main thread, the exception that a signal raises could be lost if it came during an import.
    """
    from concurrent.futures import ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(1)
    done = pool.submit(work, *arguments)
    while not wait([done], LOOK).done:
        # Between two waits Python runs the handler of a signal that another thread received.
        pass
    done.result()
    pool.shutdown()


def exit_now(code: int) -> NoReturn:
    """Flush the output and end the process, whatever its threads are doing."""
    # Python's own exit would wait for them: compiled code, or a read of a pipe, cannot be interrupted.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)
