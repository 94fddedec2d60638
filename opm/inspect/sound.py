"""Sounds to hear in a notebook: players whose Ogg Vorbis stands in the page itself (with soundfile)."""

import base64
import html
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import number, numbers
from ..events import REFERENCE_RATE

FASTEST = 200_000
"""Hz that Vorbis takes."""
_COMPRESSION = 0.7
"""Of 0 (large) to 1: some 14 kB per second of stereo."""
_PIECE = 32_768
"""Samples encoded at a time: libsndfile keeps what it is given on its stack."""


class Sounds:
    """What ``listen`` returns: shows as players in a notebook. ``ogg`` holds the files, bytes by name."""

    def __init__(self, samples: Mapping[str, npt.NDArray[Any]], rate: float, autoplay: bool) -> None:
        # An Ogg Vorbis file keeps whole Hz.
        self.rate = round(rate)
        self.autoplay = autoplay
        self.seconds = {name: len(sound) / rate for name, sound in samples.items()}
        # Silence needs no file: the page says the word.
        self.ogg = {name: _encoded(sound, self.rate) for name, sound in samples.items() if sound.any()}

    def __repr__(self) -> str:
        return "\n".join(
            f"{name or 'sound'}: {seconds:.2f} s at {self.rate} Hz{'' if name in self.ogg else ', silent'}"
            for name, seconds in self.seconds.items()
        )

    def _repr_html_(self) -> str:
        if list(self.seconds) == [""]:
            return self._player("")
        left = "style='text-align:left'"
        rows = (f"<tr><th {left}>{html.escape(name)}</th><td>{self._player(name)}</td></tr>" for name in self.seconds)
        return f"<table>{''.join(rows)}</table>"

    def _player(self, name: str) -> str:
        if name not in self.ogg:
            return "silent"
        data = base64.b64encode(self.ogg[name]).decode()
        plays = " autoplay" if self.autoplay else ""
        return f"<audio controls{plays} preload='metadata' src='data:audio/ogg;base64,{data}'></audio>"


def listen(sound: Any, rate: float | None = None, autoplay: bool = False) -> Sounds:
    """Return players for sounds: put it last in a notebook's cell.

    Parameters
    ----------
    sound : (n,) or (n, 2) array, (n, channels, 2) array, mapping of str to the former, or Song
        One sound; stems, a player for each channel; sounds by name; or a song, which is played once. int16 as the chip
        gives it, or floats from -1 to 1; what is beyond is clipped. Levels stay as they are.
    rate : float, optional
        Samples per second, up to 200 000: the song's, or 55 930 if not given. A song is resampled to it.
    autoplay : bool
        Play at once.

    Returns
    -------
    Sounds
        Shows as ``<audio>`` elements, some 14 kB per second of stereo, in a page that needs nothing else: it also plays
        from a stored notebook. ``ogg`` maps names to the bytes of Ogg Vorbis files.

    Raises
    ------
    TypeError, ValueError
        Not a sound, no samples, another shape, or an impossible rate.

    Examples
    --------
    >>> import opm
    >>> listen(opm.render_many([(opm.Voice(ops=[opm.Operator(tl=9)] * 4), "A4", 0.5)], 40_000)[0])
    sound: 0.72 s at 55930 Hz
    """
    if hasattr(sound, "render"):
        sound, rate = sound.render(rate=rate), rate or sound.sample_rate
    if rate is None:
        rate = REFERENCE_RATE
    rate = number("rate", rate, 1, FASTEST, "Hz")
    if isinstance(sound, Mapping):
        named = {str(name): np.asarray(samples) for name, samples in sound.items()}
    elif np.ndim(sound) == 3:
        named = {f"channel {i + 1}": np.asarray(sound)[:, i] for i in range(np.shape(sound)[1])}
    else:
        named = {"": np.asarray(sound)}
    # A path is a likely mistake, and NumPy makes an array of it.
    if isinstance(sound, str | bytes) or any(samples.dtype.kind == "O" for samples in named.values()):
        raise TypeError(f"sound must be an array, a mapping of arrays or a song, got {sound!r}")
    if not named:
        raise ValueError("expected at least one sound")
    for name, samples in named.items():
        # NaN would come out of the encoder as a loud burst.
        numbers(name or "sound", samples, 1, 2)
        if samples.shape[1:] not in ((), (2,)):
            raise ValueError(f"{name or 'sound'} must be of shape (n,) or (n, 2), got {samples.shape}")
    return Sounds(named, rate, autoplay)


def _encoded(samples: npt.NDArray[Any], rate: int) -> bytes:
    """Return an Ogg Vorbis file; of one channel, if both sides are the same."""
    import soundfile

    # What sounds in the middle needs one side: half the bytes in the page.
    if samples.ndim == 2 and np.array_equal(samples[:, 0], samples[:, 1]):
        samples = samples[:, 0]
    if samples.dtype.kind in "iu":
        samples = samples / np.float32(32_768)
    file = io.BytesIO()
    sides = samples.ndim
    with soundfile.SoundFile(file, "w", rate, sides, "VORBIS", format="OGG", compression_level=_COMPRESSION) as encoder:
        # In pieces: libsndfile keeps what it is given on its stack, which a long sound overflows.
        for first in range(0, len(samples), _PIECE):
            encoder.write(np.clip(samples[first : first + _PIECE], -1, 1).astype(np.float32))
    return file.getvalue()
