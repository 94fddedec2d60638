"""MDX's sampled sound: what MXDRV has PCM8 do for the tracks P to W, or the X68000's ADPCM for P alone.

Source: MXDRV as portable_mdx (2429db3) has it. A track P without PCM8 plays through the ADPCM chip, which sounds as
PCM8's first channel does at its middle volume: that is what stands here for it.
"""

import numpy as np
import numpy.typing as npt

from ...board import mix
from ..data import PART_WRITE, Companion
from .pdx import ENTRIES, Pdx

CLOCK = 8_000_000
FIRST_TRACK, CHANNELS = 8, 8
OFFSET, LENGTH, MODE, START = range(4)
"""What PCM8 is told of a channel, by the lowest bits of an address."""
CALLS = 8
"""Addresses for each channel."""
ALL_OFF, CUT_OFF = 0x80, 0xFFFF00
"""The address of the call that stops all; the mode that stops a channel at once, and leaves the rest of it as it is."""
MIDDLE_VOLUME, FASTEST = 8, 4
SILENT = 0x2B
"""The lowest attenuation at which a sample is silent."""
_RUNS = (3, 3, 3, 2, 3, 3, 2, 3, 3, 2, 3, 3, 2, 3, 3, 2)
PCM8_VOLUMES = [volume for volume, run in zip(range(15, -1, -1), _RUNS, strict=True) for _ in range(run)]
"""PCM8's volume by the attenuation, as the driver turns one into the other."""
PLAIN_RATES = (0, 1, 2, 3, 4, 4, 2, 3)
"""Without PCM8: its rate by the track's (ED); 5 to 7 say the clock and divider of 4, 2 and 3 in another way."""
LONGEST_PLAIN, LONGEST = 0xFF00, 0xFFFFFF
"""Bytes of a sample, without PCM8 and with it."""


class PcmOut:
    """Collects what the driver has the samples do.

    Parameters
    ----------
    pdx : Pdx or None
    """

    def __init__(self, pdx: Pdx | None) -> None:
        self.pdx = pdx
        self.pcm8 = False
        """E8 has been met: there are eight channels, and volumes."""
        self.rows: list[tuple[int, int, int]] = []
        self.missing: set[int] = set()
        self.numbers: dict[int, int] = {}
        """Of the samples that were struck, by where they lie."""

    def key_on(self, time: int, number: int, note: int, bank: int, rate: int, pan: int, attenuation: int) -> None:
        """Strike a sample on a track, by the pitch of its note; one that has no length leaves what sounds alone."""
        if self.pdx is None or not (self.pcm8 or number == FIRST_TRACK):
            return
        # The pitch is the number: 64 steps a note, so a detune of 64 is the next sample.
        sample = (note & 0xFFFF) >> 6
        offset, length = self.pdx.sample(sample + ENTRIES * bank * self.pcm8)
        length = length & LONGEST if self.pcm8 else min(length & 0xFFFF, LONGEST_PLAIN)
        # The driver strikes nothing then, and what sounds goes on.
        if length == 0:
            self.missing.add(sample)
            return
        volume = PCM8_VOLUMES[attenuation] if attenuation < SILENT else 0
        if not self.pcm8:
            # The transfer stops the chip when the last byte is handed over, so that one is not heard.
            volume, rate, length = MIDDLE_VOLUME, PLAIN_RATES[rate], length - 1
            if length == 0:
                self.key_off(time, number)
                return
        # PCM8 starts nothing at pan 0: that is how the driver keeps a sample silent.
        elif attenuation >= SILENT:
            pan = 0
        self.numbers.setdefault(offset, sample)
        for what, value in ((OFFSET, offset), (LENGTH, length), (MODE, volume << 16 | rate << 8 | pan), (START, 1)):
            self.write(time, number, what, value)

    def key_off(self, time: int, number: int) -> None:
        """Stop a track's sample."""
        if self.pdx and self.pcm8:
            self.write(time, number, START, 0)
        elif self.pdx and number == FIRST_TRACK:
            self.write(time, number, MODE, CUT_OFF)

    def write(self, time: int, number: int, what: int, value: int) -> None:
        """Add a write."""
        # Rows have 32 signed bits; an offset from a damaged PDX can have the highest set.
        signed = (value & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)
        self.rows.append((time, CALLS * (number - FIRST_TRACK) + what, signed))

    def all_off(self, time: int) -> None:
        """Stop all samples."""
        if self.pdx:
            self.rows.append((time, ALL_OFF, 0))

    def companion(self, again: int) -> Companion | None:
        """Return the part, if anything was struck."""
        if self.pdx is None or not self.rows:
            return None
        rows: npt.NDArray[np.void] = np.array(self.rows, PART_WRITE)
        return Companion("pcm8", CLOCK, rows, again, mix.X68000, self.pdx.data, samples=self.numbers)
