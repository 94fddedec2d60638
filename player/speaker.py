"""Sound out through sounddevice: a worker renders ahead, the main thread writes and blocks."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .resample import Resampler
from .song import SongError

AHEAD = 1.0
"""Seconds rendered before the sound starts and kept in hand while it plays."""
LATENCY = 0.25
"""Seconds the device holds. PortAudio's own choice (35 ms) loses samples in PulseAudio without a word."""
CHUNK = 1024
HINT = "write a file instead: python -m player SONG -o song.wav"
Samples = npt.NDArray[np.int16]


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError:
        raise SongError(f"PortAudio is not installed; {HINT}") from None
    return sounddevice


def devices() -> str:
    """Return the list of sound devices, one a line."""
    return str(_sounddevice().query_devices())


class Speaker:
    """An output device, by number or part of its name; the default one if none is given.

    Raises
    ------
    SongError
        No PortAudio, or no sound card.
    """

    def __init__(self, device: str | None = None) -> None:
        self._sd = _sounddevice()
        number = int(device) if device and device.isdigit() else device
        try:
            self.rate = float(self._sd.query_devices(number, kind="output")["default_samplerate"])
            self._stream = self._sd.OutputStream(
                samplerate=self.rate, channels=2, dtype="int16", latency=LATENCY, device=number
            )
        except (self._sd.PortAudioError, ValueError):
            which = f"no output device {device!r} (--list-devices)" if device else "no sound card to play on"
            raise SongError(f"{which}; {HINT}") from None
        self.underruns = 0

    def play(self, blocks: Iterator[Samples], source_rate: float, gain: float = 1.0) -> None:
        """Play blocks of (n, 2) int16 at ``source_rate`` Hz to the end; an exception stops the sound at once."""
        resampler = Resampler(source_rate, self.rate, gain)
        ahead: queue.Queue[Samples | BaseException | None] = queue.Queue(maxsize=round(AHEAD * self.rate / CHUNK))
        stop = threading.Event()
        worker = threading.Thread(target=_render_ahead, args=(blocks, resampler, ahead, stop), daemon=True)
        worker.start()
        try:
            while worker.is_alive() and not ahead.full():
                worker.join(0.01)
            self._stream.start()
            self._silence(LATENCY)
            while (chunk := ahead.get()) is not None:
                if isinstance(chunk, BaseException):
                    raise chunk
                self.underruns += bool(self._stream.write(chunk))
            self._silence(2 * LATENCY)
            self._stream.stop()
        except BaseException:
            self._stream.abort()
            raise
        finally:
            stop.set()
            worker.join()
            self._stream.close()

    def _silence(self, seconds: float) -> None:
        """Lead in and out: PulseAudio loses some of what comes first and what is held at the stop."""
        self._stream.write(np.zeros((round(seconds * self.rate), 2), np.int16))


def _render_ahead(
    blocks: Iterator[Samples],
    resampler: Resampler,
    ahead: "queue.Queue[Samples | BaseException | None]",
    stop: threading.Event,
) -> None:
    """Fill the queue until the song ends, then put None; an exception is handed to the reader."""

    def put(item: Samples | BaseException | None) -> None:
        while not stop.is_set():
            try:
                ahead.put(item, timeout=0.1)
                break
            except queue.Full:
                continue

    try:
        for block in blocks:
            if stop.is_set():
                return
            if len(converted := resampler.convert(block)):
                put(converted)
        put(resampler.flush())
        put(None)
    except BaseException as error:
        put(error)
