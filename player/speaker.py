"""Sound out through sounddevice, by blocking writes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from opm.song import SongError

LATENCY = 0.25
"""Seconds the device holds. PortAudio's own choice (35 ms) loses samples in PulseAudio without a word."""
HINT = "write a file instead: python -m player SONG -o song.wav"
Samples = npt.NDArray[np.int16]


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError:
        raise SongError(f"PortAudio is not installed; {HINT}") from None
    return sounddevice


def devices() -> str:
    """Return the list of sound devices, one per line."""
    return str(_sounddevice().query_devices())


class Speaker:
    """An output device, by number or part of its name; the default one if none is given.

    Raises
    ------
    SongError
        No PortAudio, or no sound card.
    """

    def __init__(self, device: str | None = None, latency: float = LATENCY) -> None:
        self._sd = _sounddevice()
        number = int(device) if device and device.isdigit() else device
        try:
            self.rate = float(self._sd.query_devices(number, kind="output")["default_samplerate"])
            self._stream = self._sd.OutputStream(
                samplerate=self.rate, channels=2, dtype="int16", latency=latency, device=number
            )
        except (self._sd.PortAudioError, ValueError):
            which = f"no output device {device!r} (--list-devices)" if device else "no sound card to play on"
            raise SongError(f"{which}; {HINT}") from None
        self.underruns = 0

    def start(self) -> None:
        """Start the device, if it is not running: PulseAudio loses some of what comes first, so lead in."""
        if not self._stream.active:
            self._stream.start()
            self._silence(LATENCY)

    def write(self, samples: Samples) -> None:
        """Write (n, 2) int16; waits for room."""
        self.underruns += bool(self._stream.write(samples))

    def finish(self, play_out: bool) -> None:
        """Play what the device holds, or drop it. PulseAudio loses what is held at a stop: lead out."""
        if play_out:
            self._silence(2 * LATENCY)
            self._stream.stop()
        else:
            self._stream.abort()

    def abort(self) -> None:
        """Fall silent at once."""
        self._stream.abort()

    def close(self) -> None:
        """Give the device back."""
        self._stream.close()

    def _silence(self, seconds: float) -> None:
        self._stream.write(np.zeros((round(seconds * self.rate), 2), np.int16))
