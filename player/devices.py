"""Sound devices, through sounddevice. One thread owns a ``Speaker``, and no other calls PortAudio for it.

The owner waits for room here, not inside PortAudio, where a suspended sink would hold it for ever, deaf to Ctrl-C.
"""

import atexit
import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from opm.song import Samples, printable

LATENCY = 0.25
"""Seconds of sound the device can hold. PortAudio's own choice (35 ms) loses samples in PulseAudio without an error."""
SWITCH = 0.0005
"""Seconds that a thread may hold the interpreter lock while another waits; Python's default is 0.005."""
POLL = 0.01
"""Seconds between two checks for room, where the device holds ten times as much and more."""
TIME_TO_CLOSE = 0.6
"""Seconds that the owner may take to close the device; a stalled sound server never answers."""
SUSPENDED = 2.0
"""Seconds without room after which the end of a song is given up: the sink is suspended."""
PACKAGES = "apt install libportaudio2, dnf install portaudio, brew install portaudio"


class NoSound(OSError):
    """There is no PortAudio, or no sound card."""


class CardGone(NoSound):
    """The sound card went away while it was in use."""


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError:
        # sounddevice's wheel for Linux has no PortAudio in it, and its error names no package.
        raise NoSound(f"PortAudio is not installed ({PACKAGES})") from None
    return sounddevice


def device_list() -> str:
    """Return the list of sound devices, one per line; raises NoSound."""
    return "\n".join(map(printable, str(_sounddevice().query_devices()).splitlines())) or "no sound device"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what ALSA and PortAudio print off the terminal; Python's own lines still show.

    Those libraries write to descriptor 2 in C, which no change of ``sys.stderr`` reaches. Nothing is lost: what matters
    comes back as an error.
    """
    python = sys.stderr
    try:
        shown = python.fileno() == 2
    except (OSError, AttributeError):
        shown = False
    if not shown:
        yield
        return
    original, terminal, nowhere = sys.__stderr__, os.dup(2), os.open(os.devnull, os.O_WRONLY)
    # Both names, since Textual draws on sys.__stderr__.
    sys.stderr = sys.__stderr__ = os.fdopen(terminal, "w", 1, python.encoding, python.errors)  # type: ignore[misc]
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(nowhere)
        # Closing flushes, which fails if the terminal is gone.
        with contextlib.suppress(OSError):
            sys.stderr.close()
        sys.stderr, sys.__stderr__ = python, original  # type: ignore[misc]


@contextlib.contextmanager
def sound_first() -> Iterator[None]:
    """Make other threads, the screen's or clients', hand the interpreter sooner to the one that makes the sound."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class Speaker:
    """An output device, by number or part of its name; the default one if none is given.

    The thread that calls ``start`` owns it from then on: ``write``, ``held``, ``finish`` and ``close`` are its alone.
    Another thread may only ``interrupt`` it. One that was never started may be closed by whoever made it.

    Raises
    ------
    NoSound
        No PortAudio, or no sound card. ``CardGone``, from ``start``, ``write`` and ``finish``: it went away in use.
    """

    def __init__(self, device: str | None = None, latency: float = LATENCY) -> None:
        self._sd = _sounddevice()
        number = int(device) if device and device.isdecimal() else device
        try:
            # At the device's own rate, so that a song is resampled once, by us, and not again below PortAudio.
            with quiet():
                self.rate = float(self._sd.query_devices(number, kind="output")["default_samplerate"])
                self._stream = self._sd.OutputStream(
                    samplerate=self.rate, channels=2, dtype="int16", latency=latency, device=number
                )
        except (self._sd.PortAudioError, ValueError):
            which = f"no output device {device!r} (--list-devices)" if device else "no sound card to play on"
            raise NoSound(which) from None
        self._poll = min(POLL, latency / 10)
        self.underruns = 0
        self.capacity = 0
        """Samples the device can hold, once started."""
        self._interrupted = False

    def start(self) -> None:
        """Start the device if it is not running. Silence leads in, since PulseAudio loses some of what comes first."""
        if not self._call(lambda: self._stream.active):
            self._call(self._stream.start)
            self.capacity = self._call(lambda: self._stream.write_available)
            self._silence(LATENCY)

    def write(self, samples: Samples, patience: float = math.inf) -> None:
        """Write (n, 2) int16; wait for room, unless interrupted, and at most ``patience`` seconds at a time."""
        last = time.monotonic()
        while len(samples) and not self._interrupted and time.monotonic() - last < patience:
            room = self._call(lambda: self._stream.write_available)
            # PortAudio's write waits for a whole period, even with room for less; a buffer has at least four.
            if room >= max(1, self.capacity // 4):
                self.underruns += bool(self._call(self._stream.write, samples[:room]))
                samples, last = samples[room:], time.monotonic()
            else:
                time.sleep(self._poll)

    @property
    def held(self) -> int:
        """Samples given to the device and not yet heard."""
        return self.capacity - int(self._call(lambda: self._stream.write_available))

    @property
    def runs_low(self) -> bool:
        """Whether the device holds less than half of what it can."""
        return self.held < self.capacity / 2

    def finish(self) -> None:
        """Play what the device holds. Closing would discard that (PulseAudio), so silence pushes it out."""
        self._silence(self._lead_out, SUSPENDED)

    def close(self) -> None:
        """Fall silent at once and release the device."""
        self._stream.close()

    @property
    def time_to_finish(self) -> float:
        """Seconds after which ``finish`` has returned, or never will."""
        return self._lead_out + SUSPENDED

    def interrupt(self, owner: threading.Thread) -> None:
        """For any other thread: end a waiting ``write``, and wait until the owner has closed the device.

        If PortAudio does not answer the owner, both are abandoned, and PortAudio is not shut down at exit.
        """
        self._interrupted = True
        owner.join(TIME_TO_CLOSE)
        if owner.is_alive():
            # Private, but sounddevice offers nothing else: its exit handler would wait for the same answer.
            atexit.unregister(self._sd._exit_handler)

    @property
    def _lead_out(self) -> float:
        return self.capacity / self.rate + 2 * LATENCY

    def _silence(self, seconds: float, patience: float = math.inf) -> None:
        self.write(np.zeros((round(seconds * self.rate), 2), np.int16), patience)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except self._sd.PortAudioError:
            # PortAudio says something like "Unanticipated host error".
            raise CardGone("the sound card is gone") from None
