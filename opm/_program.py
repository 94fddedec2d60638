"""``python -m opm.dataset`` and its like: what Ctrl-C does while Python imports them, and from then on."""

import os
import signal
import sys
from types import FrameType


def _leave(number: int, frame: FrameType | None) -> None:
    # Not by an exception: within an import it ends in a traceback, within one of Numba's destructors it is lost.
    os._exit(128 + number)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Obey no other: the second of two would come in while things are cleaned up."""
    signal.signal(number, _nothing)
    raise KeyboardInterrupt


def _nothing(number: int, frame: FrameType | None) -> None:
    """Stand for SIG_IGN, with which Python complains of a signal that is already there."""


def begins() -> None:
    """Have Ctrl-C raise KeyboardInterrupt, once."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, _interrupt)


# Python has -m for a program's name while it imports the package that the program is in. There is nothing to clean up
# yet, and nobody to catch an exception.
if (
    sys.argv[:1] == ["-m"]
    and "-mopm." in "".join(sys.orig_argv)
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, _leave)
