"""What a dataset holds: every voice on every note."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import integer, real
from ..events import REFERENCE_RATE
from ..many.render import LARGEST_CHUNK
from ..pitch import note
from ..voice import Voice
from ..voice.table import COLUMNS
from ..voice.voice import checked, parameters
from .prior import LOUD, PRIOR, random_voice

CHUNK = 2**20
"""Frames of a chunk of audio, about: 4 MB."""
LONGEST = LARGEST_CHUNK / REFERENCE_RATE
"""Seconds that the notes of a voice may have together: a chunk holds all of them."""
MOST_VOICES = 10**7


@dataclass(frozen=True)
class Plan:
    """Which notes a dataset is made of.

    Parameters
    ----------
    voices : int
        How many.
    notes : sequence of float
        MIDI numbers; each voice plays each.
    seed : int
        Another seed gives other voices.
    held : float
        Seconds from key-on to key-off.
    seconds : float
        Seconds of a note; those of all notes of a voice are at most 299.
    bank : sequence of Voice
        The voices; none are drawn then.

    Raises
    ------
    TypeError, ValueError
        A number is out of range.
    """

    voices: int
    notes: tuple[float, ...]
    seed: int = 1
    held: float = 0.5
    seconds: float = 1.0
    bank: tuple[Voice, ...] = ()

    def __post_init__(self) -> None:
        for name in ("notes", "bank"):
            if not isinstance(getattr(self, name), Sequence | np.ndarray):
                raise TypeError(f"{name} must be a sequence, got {getattr(self, name)!r}")
            # The class is frozen: a plan stands for what is on the disk.
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for voice in self.bank:
            checked(voice)
        integer("voices", self.voices, 1, len(self.bank) or MOST_VOICES)
        integer("seed", self.seed, 0)
        if not self.notes:
            raise ValueError("notes must be one or more MIDI numbers, got none")
        for midi in self.notes:
            # A note outside the chip's range is refused now, not after hours.
            note(real("each of notes", midi))
        # Written as not (0 < x <= most): NaN is refused, too.
        for name, most in (("seconds", LONGEST // len(self.notes)), ("held", self.seconds)):
            if not 0 < real(name, getattr(self, name)) <= most:
                raise ValueError(f"{name} must be more than 0 s and at most {most:g} s, got {getattr(self, name)!r}")

    @property
    def frames(self) -> int:
        """Samples of a note."""
        return max(1, round(self.seconds * REFERENCE_RATE))

    @property
    def rows(self) -> int:
        """How many notes there are in all."""
        return self.voices * len(self.notes)

    @property
    def voices_per_chunk(self) -> int:
        """How many voices' notes make a chunk of audio."""
        return max(1, CHUNK // (self.frames * len(self.notes)))

    def voice(self, number: int) -> Voice:
        """Return a voice by its number."""
        return self.bank[number] if self.bank else random_voice(self.seed, number)

    def jobs(self, first: int, end: int) -> Iterator[tuple[Voice, float, float]]:
        """Yield the notes of some voices, as ``opm.render_many`` takes them."""
        for number in range(first, end):
            voice = self.voice(number)
            for midi in self.notes:
                yield voice, midi, self.held

    def labels(self, first: int, end: int) -> dict[str, npt.NDArray[Any]]:
        """Return, for each note of some voices, the number of its voice and its MIDI number."""
        return {
            "voice_number": np.repeat(np.arange(first, end, dtype=np.int32), len(self.notes)),
            "midi": np.tile(np.array(self.notes, np.float32), end - first),
        }

    def settings(self) -> dict[str, Any]:
        """Return all that the samples depend on."""
        # The ranges are in it: a later version with another prior must not go on with this folder.
        drawn = {
            "seed": int(self.seed),
            "prior": {name: list(ends) for name, ends in PRIOR.items()},
            "loud": list(LOUD),
        }
        # The values, not only the names: a bank's file may be edited between two runs.
        bank = {"bank": [voice.name for voice in self.bank], "bank_parameters": parameters(self.bank).tolist()}
        return {
            "voices": int(self.voices),
            "notes": [float(midi) for midi in self.notes],
            "held": float(self.held),
            "seconds": float(self.seconds),
            "columns": list(COLUMNS),
            **(bank if self.bank else drawn),
        }
