"""Streams: bytes that a player sends to a chip at a steady rate, as a VGM's DAC stream control asks for it.

A stream's commands stand among a part's rows; its bytes are sent when the part is played, so that a loop, a far place
and another tempo find them where they belong. Source: the VGM specification, and how libvgm (d4a07d0) sends them.
"""

from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..board.record import WRITE
from .data import Bank, Companion, Writes

STREAM = 1 << 24
"""Rows from this address on are for streams: ``STREAM | stream << 4 | one of the following``."""
COMMAND, DATA, FREQUENCY, START, LENGTH, PLAY, STOP, BLOCK = range(8)
"""What a row says of its stream: port and register it writes to; bank, step and base of its data (a byte each); bytes
per second; place of its data, -1 to leave it; how long; play, by a mode; stop; play a block (16 bits), by flags."""
COMMANDS, MILLISECONDS, TO_END, BYTES = 1, 2, 3, 15
"""What a length counts, in the lowest bits of a mode: libvgm counts bytes in 15, and a mode of 4 sends nothing."""
REVERSE, LOOP = 0x10, 0x80
NO_BANK = Bank()
MOST_PER_SAMPLE, FASTEST = 16, 100_000
"""The most commands that a stream sends per sample of the chip, which cannot tell more apart, and per second."""
MOST_STREAMS = 16
"""Streams of a part that are heard; those that are set up first."""


@dataclass
class Stream:
    """One stream, and how far it has come."""

    size: int = 1
    """Bytes of a command."""
    command: int = 0
    bank: Bank = NO_BANK
    step: int = 1
    base: int = 0
    frequency: int = 0
    start: int = 0
    length: int = 0
    count: int = 0
    """Commands to send."""
    mode: int = 0
    running: bool = False
    origin: int = 0
    """Sample of the chip from which the times of what follows count."""
    sent: int = 0
    """Commands since then."""
    at: int = 0
    """Commands sent before the origin."""

    def take(self, what: int, data: int, sample: int, banks: dict[int, Bank], rate: Fraction) -> None:
        """Take a row for this stream: ``what`` it says, and its ``data``."""
        if what == DATA:
            self.bank, self.step, self.base = banks.get(data & 0xFF, NO_BANK), data >> 8 & 0xFF or 1, data >> 16 & 0xFF
        elif what == FREQUENCY:
            # What was sent so far was due at the old rate: the new one counts from here, or the stream would jump.
            self.at, self.sent, self.origin = self.at + self.sent, 0, sample
            self.frequency = min(data & 0xFFFFFFFF, int(MOST_PER_SAMPLE * rate), FASTEST)
        elif what == START and data != -1:
            self.start = data & 0xFFFFFFFF
        elif what == LENGTH:
            self.length = data & 0xFFFFFFFF
        elif what == PLAY:
            self.play(data, sample)
        elif what == STOP:
            self.running = False
        elif what == BLOCK and data & 0xFFFF < len(self.bank.blocks):
            self.start, self.length = self.bank.blocks[data & 0xFFFF]
            flags = data >> 16
            self.play(BYTES | flags & REVERSE | LOOP * (flags & 1), sample)

    def play(self, mode: int, sample: int) -> None:
        """Begin to send; a mode whose low bits are 0 keeps the length that was set last."""
        bytes_each = self.size * self.step
        counts = {
            COMMANDS: self.length,
            MILLISECONDS: self.length * self.frequency // 1000,
            TO_END: max(0, len(self.bank.data) - self.start) // bytes_each,
            BYTES: self.length // bytes_each,
        }
        # An unknown way of counting sends nothing, as in libvgm.
        self.count = counts.get(mode & 0x0F, self.count if mode & 0x0F == 0 else 0)
        self.mode, self.running = mode, self.count > 0
        self.origin, self.sent, self.at = sample, 0, 0

    def go_on(self, end: int, rate: Fraction) -> range:
        """Go on to a sample of the chip; return the numbers of the commands that are sent before it, since the origin.

        Once in a while a command falls on a sample exactly: the origin moves there, so that numbers stay small.
        """
        if not (self.running and self.frequency) or end <= self.origin:
            return range(0)
        per_sample = Fraction(self.frequency) / rate
        # Exact, so that any number of steps sends what one step does; but products of hours would not fit 64 bits.
        if periods := self.sent // per_sample.numerator:
            self.origin += periods * per_sample.denominator
            self.sent -= periods * per_sample.numerator
            self.at += periods * per_sample.numerator
        # Rounded up: a command due within a sample is sent before that sample.
        last = -(-(end - self.origin) * per_sample.numerator // per_sample.denominator)
        if not self.mode & LOOP:
            last = min(last, self.count - self.at)
        numbers = range(self.sent, max(self.sent, last))
        self.sent = numbers.stop
        if not self.mode & LOOP and self.at + self.sent >= self.count:
            self.running = False
        return numbers

    def due(self, numbers: range, rate: Fraction) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return in which samples of the chip commands are sent, and where they lie in the data."""
        number = np.arange(numbers.start, numbers.stop)
        per_sample = Fraction(self.frequency) / rate
        samples = self.origin + number * per_sample.denominator // per_sample.numerator
        place = (self.at + number) % self.count
        if self.mode & REVERSE:
            place = self.count - 1 - place
        return samples, self.start + self.size * (self.base + place * self.step)


class Streams:
    """The streams of a part."""

    def __init__(self, companion: Companion, rate: Fraction) -> None:
        self._companion, self._rate = companion, rate
        self._any = bool((companion.rows["address"] >= STREAM).any())
        self._banks = dict(companion.banks)
        self._streams: dict[int, Stream] = {}

    def copy(self) -> "Streams":
        """Return the same streams at the same place."""
        # Banks and companion are never changed, so they are shared; each stream is copied.
        other = copy(self)
        other._streams = {number: copy(stream) for number, stream in self._streams.items()}
        return other

    def merged(self, due: npt.NDArray[Any], rows: Writes, end: int, silent: bool = False) -> npt.NDArray[Any]:
        """Return what the chip takes before a sample: its own rows, and what the streams send; ``silent``: the first.

        Parameters
        ----------
        due : (n,) int
            The samples the rows are due in.
        rows : (n,) PART_WRITE
        end : int
        silent : bool
            Let the streams go on without a sound.

        Returns
        -------
        (m,) WRITE
        """
        if not self._any:
            return _writes(due, rows["address"], rows["data"])
        # A stream sends up to each of its own rows with what was set before, and only then obeys the row.
        ours = rows["address"] >= STREAM
        found: dict[int, list[npt.NDArray[Any]]] = {number: [] for number in self._streams}
        for sample, (_, address, data) in zip(due[ours].tolist(), rows[ours].tolist(), strict=True):
            number, what = address - STREAM >> 4, address & 15
            if number not in self._streams:
                # A file can name 255 streams for each chip, and each may send 100 000 commands a second.
                if len(self._streams) == MOST_STREAMS:
                    continue
                self._streams[number], found[number] = Stream(), []
            stream = self._streams[number]
            found[number] += self._sent(stream, sample, silent)
            if what == COMMAND:
                # A pitch of an SN76489 is two bytes, a volume one.
                size = 2 if self._companion.name == "sn76489" and not data & 0x10 else 1
                stream.command, stream.size, stream.running = data, size, False
            else:
                stream.take(what, data, sample, self._banks, self._rate)
        for number, stream in self._streams.items():
            found[number] += self._sent(stream, end, silent)
        own = _writes(due[~ours], rows["address"][~ours], rows["data"][~ours])
        # Own rows first, then the streams by their first appearance: the stable sort keeps that order within a sample,
        # wherever time is cut into blocks.
        writes = np.concatenate([own, *(piece for pieces in found.values() for piece in pieces)])
        return writes[np.argsort(writes["sample"], kind="stable")]

    def _sent(self, stream: Stream, end: int, silent: bool) -> list[npt.NDArray[Any]]:
        """Return what a stream sends before a sample."""
        numbers = stream.go_on(end, self._rate)
        if silent or not numbers:
            return []
        samples, places = stream.due(numbers, self._rate)
        # A start or step beyond the bank sends nothing, but takes its time.
        inside = (places >= 0) & (places + stream.size <= len(stream.bank.data))
        if not inside.any():
            return []
        return [self._commands(stream, samples[inside], np.frombuffer(stream.bank.data, np.uint8), places[inside])]

    def _commands(
        self, stream: Stream, samples: npt.NDArray[Any], data: npt.NDArray[np.uint8], places: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        first = data[places].astype(np.int32)
        register, port = stream.command & 0xFF, stream.command >> 8
        if self._companion.name == "sn76489":
            # The command byte has the register in its upper half; the data is a volume's nibble, or a pitch of 10 bits.
            head = register & 0xF0 | first & 0x0F
            if stream.size == 1:
                return _writes(samples, 0, head)
            rest = (data[places + 1].astype(np.int32) & 0x03) << 4 | first >> 4
            return _writes(np.repeat(samples, 2), 0, np.stack([head, rest], axis=1).ravel())
        if self._companion.name == "msm6295" and register == 0:
            # A phrase and its channels; or, as that of a stop, the channels alone.
            both = np.stack([first, np.where(first & 0x80, port << 4, port << 3)], axis=1)
            keep = np.stack([first & 0x80 != 0, np.ones(len(first), bool)], axis=1).ravel()
            return _writes(np.repeat(samples, 2)[keep], 0, both.ravel()[keep])
        # Only these two have register numbers of 16 bits; for the others the upper byte is a port, and does not count.
        wide = self._companion.name in ("k054539", "c140")
        return _writes(samples, stream.command if wide else register, first)


def _writes(samples: npt.NDArray[Any], address: Any, data: Any) -> npt.NDArray[Any]:
    writes = np.empty(len(samples), WRITE)
    writes["sample"], writes["address"], writes["data"] = samples, address, data
    return writes
