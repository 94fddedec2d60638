"""What a chip's channels hold while its writes go by: the one place that follows keys, pitches and voices.

The notes of a song, its other instruments, its voices and the piano roll all look here.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy.typing as npt

from ..counts import CHANNELS
from ..pitch import KF_SHIFT, midi_of
from ..registers import KC, KF, KON, PMS, RL, SLOT_BASES
from ..state import OPERATORS
from .voice import SLOTS, Voice

PIECE = 4096
"""Writes of which a list is made at a time: a list of 600 000 kept the sound, in another thread, waiting."""
_VOICE = (RL, PMS, *(base + slot for base in SLOT_BASES for slot in OPERATORS.values()))
_VOICES = [[address + index for address in _VOICE] for index in range(CHANNELS)]
"""Registers of each channel's voice."""


def one_by_one(writes: npt.NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """Return an iterator over the rows of an array of writes."""
    return chain.from_iterable(writes[first : first + PIECE].tolist() for first in range(0, len(writes), PIECE))


class Channel:
    """What a channel holds."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.held: dict[int, int] = {}
        """Bytes of its registers, by address."""
        self.keys = self.struck = 0
        """Operators whose keys are down; those that the last write to register 08 struck: bits of ``Voice.slots``."""

    def press(self, data: int) -> None:
        """Take a write to register 08."""
        keys = data >> 3 & SLOTS
        # Struck is what was up before: the chip starts an envelope at that edge only.
        self.keys, self.struck = keys, keys & ~self.keys

    def voice(self) -> Voice:
        """Return the instrument that its registers make."""
        # With no key down all four: a voice that keys nothing would be silent wherever it is played.
        return replace(Voice.from_registers(self.held, self.index + 1), slots=self.keys or SLOTS)

    def sound(self) -> tuple[int | None, ...]:
        """Return what ``voice`` is made of: most keys strike one that was struck before, and this is quickly told."""
        return self.keys, *map(self.held.get, _VOICES[self.index])

    def key_code(self) -> tuple[int, int]:
        """Return key code and fraction, of 64 to a semitone."""
        return self.held.get(KC + self.index, 0) & 0x7F, self.held.get(KF + self.index, 0) >> KF_SHIFT

    def midi(self, clock: float) -> float:
        """Return its pitch as a MIDI number, at a master clock in Hz."""
        return midi_of(*self.key_code(), clock)


class Channels:
    """The channels of one chip, and what belongs to none of them."""

    def __init__(self) -> None:
        self.channels = [Channel(i) for i in range(CHANNELS)]
        self.held: dict[int, int] = {}
        """Bytes of the chip's own registers, by address; register 08 is the channels'."""

    def take(self, address: int, data: int) -> Channel | None:
        """Take a write; return the channel that it concerns, if it does one."""
        # From 20 on the low three bits are the channel, in all registers.
        if address >= RL:
            channel = self.channels[address & 7]
            channel.held[address] = data
            return channel
        if address == KON:
            channel = self.channels[data & 7]
            channel.press(data)
            return channel
        self.held[address] = data
        return None
