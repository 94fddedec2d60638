"""An X68000's samples as VGM has them: what PCM8's first channel alone plays, its ADPCM chip can play from a stream."""

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ...board import msm6258, pcm8
from ..data import PART_WRITE, Bank, Companion
from ..streams import COMMAND, COMMANDS, DATA, FREQUENCY, LENGTH, PLAY, START, STOP, STREAM

if TYPE_CHECKING:
    from ..song import Song

CLOCK = 8_000_000
BANK = 4
"""VGM's bank of an MSM6258's bytes."""
RATES = ((4_000_000, 0, 1024), (4_000_000, 1, 768), (8_000_000, 0, 1024), (8_000_000, 1, 768), (8_000_000, 2, 512))
"""ADPCM by PCM8's numbers 0 to 4: the chip's clock, the code of its divider, clocks to a sample of 4 bits."""
OPTIONS = {"divider": 2, "adpcm_bits": 4, "output_bits": 10}
LOUDNESS = 0.99
"""What the chip's samples are multiplied by to be as loud as PCM8's, as X68Sound counts the two."""
MIDDLE_VOLUME = 8
FIRST = range(8)
"""Addresses of the first channel."""
ROOM = 5
"""Bytes that may pile up in the chip's queue of eight because they come early."""


def as_chip(companion: Companion, song: "Song") -> Companion | None:
    """Return what the chip plays instead of a song's PCM8; None if it cannot: more channels, other volumes, other data.

    Its low-pass belongs to the machine: a VGM has none.
    """
    rows = companion.rows
    modes = rows["data"][rows["address"] == pcm8.MODE]
    # The ADPCM chip has no volume, and of PCM8's kinds only the ADPCM ones (0 to 4).
    plain = (modes >> 16 == MIDDLE_VOLUME) & (modes >> 8 & 0xFF < len(RATES))
    if not np.isin(rows["address"], FIRST).all() or not (plain | (modes >> 16 == pcm8.KEEP)).all():
        return None
    chip = _Chip(song.ticks_per_second or Fraction(1))
    for row in rows[: companion.again].tolist():
        chip.take(*row)
    # What ends before the loop ends in front of it. Behind the loop's start it came with a time before that, and the
    # waits added up to 65 535 samples too many.
    chip.end_before(song.loop_start.tick if song.loop_start else 0)
    again, chip.set = len(chip.rows), ()
    for row in rows[companion.again :].tolist():
        chip.take(*row)
    chip.end_before(song.end)
    bank = Bank(companion.memory, ((0, len(companion.memory)),))
    return replace(
        companion, name="msm6258", clock=CLOCK, rows=np.array(chip.rows, PART_WRITE), again=again,
        level=companion.level * LOUDNESS, memory=b"", options=OPTIONS, banks={BANK: bank},
    )  # fmt: skip


class _Chip:
    """Collects what the chip and its stream are told."""

    def __init__(self, ticks_per_second: Fraction) -> None:
        self.ticks_per_second = ticks_per_second
        self.rows: list[tuple[int, int, int]] = []
        self.offset = self.length = self.mode = 0
        self.set: tuple[int, ...] = ()
        """The clock, the divider and the stream's bytes per second; () where a loop begins: they may differ there."""
        self.ends: int | None = None
        """When what plays is over."""

    def write(self, time: int, *writes: tuple[int, int]) -> None:
        self.rows += [(time, address, value) for address, value in writes]

    def take(self, time: int, address: int, value: int) -> None:
        """Obey a call of PCM8's first channel."""
        if address == pcm8.OFFSET:
            self.offset = value
        elif address == pcm8.LENGTH:
            self.length = value
        elif address == pcm8.MODE and value >> 16 != pcm8.KEEP:
            self.mode = value
        elif address in (pcm8.START, pcm8.MODE):
            self.stop(time)
            if address == pcm8.START and value:
                self.play(time)

    def end_before(self, time: int) -> None:
        """Stop the chip where its sound is over, if that is before a time: else it would hold its last value."""
        if self.ends is not None and self.ends <= time:
            self.write(self.ends, (msm6258.CONTROL, msm6258.STOP))
            self.ends = None

    def stop(self, time: int) -> None:
        self.end_before(time)
        # The stream has to be stopped, too, or its bytes would be the next sound's first.
        if self.ends is not None:
            self.write(time, (STREAM | STOP, 0), (msm6258.CONTROL, msm6258.STOP))
            self.ends = None

    def play(self, time: int) -> None:
        """Start a sample.

        The chip plays the command that starts it before the first byte, so the last one sounds a byte's time later. No
        stream has the chip's speed exactly. One that is a little faster fills the chip's queue, one that is slower
        leaves a gap every few seconds, so that is for sounds that are longer than the queue lasts.
        """
        clock, divider, clocks = RATES[self.mode >> 8 & 7]
        pan, bytes_per_second = self.mode & 3, Fraction(clock, 2 * clocks)
        # VGM has whole bytes per second. One more than the chip takes fills its queue after 5.8 s at the soonest; one
        # less leaves the first gap after 1.7.
        frequency = math.ceil(bytes_per_second)
        frequency -= (frequency - bytes_per_second) * self.length > ROOM * bytes_per_second
        if not self.rows:
            self.write(time, (STREAM | COMMAND, msm6258.DATA), (STREAM | DATA, BANK | 1 << 8))
        if self.set != (clock, divider, frequency):
            self.set = (clock, divider, frequency)
            self.write(time, *((msm6258.CLOCK + i, clock >> 8 * i & 0xFF) for i in range(4)))
            self.write(time, (msm6258.DIVIDER, divider), (STREAM | FREQUENCY, frequency))
        self.write(
            # PCM8: 1 left, 2 right, 3 both. The chip: bits that mute, 1 right, 2 left; 3 is silence.
            time, (msm6258.PAN, (0, 1, 2, 0)[pan] if pan else 3), (msm6258.CONTROL, msm6258.PLAY),
            (STREAM | START, self.offset), (STREAM | LENGTH, self.length), (STREAM | PLAY, COMMANDS),
        )  # fmt: skip
        # One byte later than its bytes last: the chip plays the command that started it first.
        self.ends = time + round((self.length + 1) / bytes_per_second * self.ticks_per_second)
