"""An X68000's samples as VGM has them: what PCM8's first channel alone plays, its ADPCM chip can play from a stream."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ...board import msm6258, pcm8
from ..data import PART_WRITE, Bank, Companion
from ..streams import BYTES, COMMAND, DATA, FREQUENCY, LENGTH, PLAY, START, STOP, STREAM

CLOCK = 8_000_000
BANK = 4
"""VGM's bank of an MSM6258's bytes."""
RATES = ((4_000_000, 0, 1024), (4_000_000, 1, 768), (8_000_000, 0, 1024), (8_000_000, 1, 768), (8_000_000, 2, 512))
"""Of ADPCM by PCM8's numbers: clock, the divider's code, clocks to a sample of 4 bits."""
OPTIONS = {"divider": 2, "adpcm_bits": 4, "output_bits": 10}
LOUDNESS = 0.99
"""What the chip's samples are to be multiplied by, to be as loud as PCM8's: X68Sound counts both so."""
MIDDLE_VOLUME = 8
FIRST = range(8)
"""Addresses of the first channel."""


def as_chip(companion: Companion, ticks_per_second: Fraction) -> Companion | None:
    """Return what the chip plays instead of PCM8; None if it cannot: more channels, other volumes, other data.

    Its low-pass belongs to the machine: a VGM has none.
    """
    rows = companion.rows
    modes = rows["data"][rows["address"] == pcm8.MODE]
    plain = (modes >> 16 == MIDDLE_VOLUME) & (modes >> 8 & 0xFF < len(RATES))
    if not np.isin(rows["address"], FIRST).all() or not (plain | (modes >> 16 == pcm8.KEEP)).all():
        return None
    before = _Chip(ticks_per_second)
    for row in rows[: companion.again].tolist():
        before.take(*row)
    again = len(before.rows)
    for row in rows[companion.again :].tolist():
        before.take(*row)
    bank = Bank(companion.memory, ((0, len(companion.memory)),))
    made = np.array([*before.rows], PART_WRITE)
    return replace(
        companion, name="msm6258", clock=CLOCK, rows=made, again=again, level=companion.level * LOUDNESS,
        memory=b"", options=OPTIONS, banks={BANK: bank},
    )  # fmt: skip


class _Chip:
    """Collects what the chip and its stream are told."""

    def __init__(self, ticks_per_second: Fraction) -> None:
        self.ticks_per_second = ticks_per_second
        self.rows: list[tuple[int, int, int]] = []
        self.offset = self.length = self.mode = 0
        self.set: tuple[int, ...] = ()
        """The clock and divider that hold."""
        self.ends: int | None = None
        """When what plays is over."""

    def write(self, time: int, *writes: tuple[int, int]) -> None:
        """Add writes, after the end of what was over before that."""
        if self.ends is not None and self.ends <= time:
            self.rows.append((self.ends, msm6258.CONTROL, msm6258.STOP))
            self.ends = None
        self.rows += [(time, address, value) for address, value in writes]

    def take(self, time: int, address: int, value: int) -> None:
        """Obey a call of PCM8's first channel."""
        if address == pcm8.OFFSET:
            self.offset = value
        elif address == pcm8.LENGTH:
            self.length = value
        elif address == pcm8.MODE and value >> 16 != pcm8.KEEP:
            self.mode = value
        elif address == pcm8.START and value:
            self.play(time)
        elif address in (pcm8.START, pcm8.MODE):
            self.write(time, (STREAM | STOP, 0), (msm6258.CONTROL, msm6258.STOP))
            self.ends = None

    def play(self, time: int) -> None:
        """Start a sample."""
        clock, divider, clocks = RATES[self.mode >> 8 & 7]
        pan, bytes_per_second = self.mode & 3, Fraction(clock, 2 * clocks)
        if not self.rows:
            self.write(time, (STREAM | COMMAND, msm6258.DATA), (STREAM | DATA, BANK | 1 << 8))
        self.write(time, (msm6258.CONTROL, msm6258.STOP))
        if self.set != (clock, divider):
            self.set = (clock, divider)
            self.write(time, *((msm6258.CLOCK + i, clock >> 8 * i & 0xFF) for i in range(4)))
            self.write(time, (msm6258.DIVIDER, divider), (STREAM | FREQUENCY, round(bytes_per_second)))
        self.write(
            time, (msm6258.PAN, (0, 1, 2, 0)[pan] if pan else 3), (msm6258.CONTROL, msm6258.PLAY),
            (STREAM | START, self.offset), (STREAM | LENGTH, self.length), (STREAM | PLAY, BYTES),
        )  # fmt: skip
        self.ends = time + round(self.length / bytes_per_second * self.ticks_per_second)
