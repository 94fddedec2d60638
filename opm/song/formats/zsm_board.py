"""What a ZSM plays beside the YM2151: VERA's PSG, and its PCM output with the sounds that stand in the file.

Source: the ZSM format's description; what the commands do to the chip as ZSMKit (as Melodius has it) does it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...board import mix, vera_pcm
from ..data import Companion, Writes
from ..limits import MOST_PCM
from . import walk
from .common import Rows

CLOCK = 25_000_000
EXTENSION, PCM_KIND = 0x40, 0
"""The command of an extension; the type, in the highest bits of its second byte, that is for the PCM output."""
CONTROL, RATE, TRIGGER = range(3)
"""The PCM commands; each has one byte of value."""
RESET, VOLUME, FORMAT = 0x80, 0x0F, 0x30
"""Bits of AUDIO_CTRL."""
ENTRY, LOOPS = 16, 0x80


class Sound(NamedTuple):
    """A sound of the file."""

    shape: int
    """Its bits of AUDIO_CTRL: 16-bit, stereo."""
    start: int
    length: int
    loop: int


class Sounds(NamedTuple):
    """The sounds of a file: what triggers may ask for."""

    last: int
    """The last number that a trigger may have; -1 without any."""
    found: Mapping[int, Sound]
    data: bytes


NO_SOUNDS = Sounds(-1, {}, b"")


def sounds_of(data: bytes, at: int, remarks: list[str]) -> Sounds:
    """Read the table of sounds."""
    if not at:
        return NO_SOUNDS
    if data[at : at + 3] != b"PCM" or at + 4 > len(data):
        remarks.append(f"byte 6: expected the table of PCM sounds at 0x{at:X}: they are not played")
        return NO_SOUNDS
    last = data[at + 3]
    found, base = {}, at + 4 + ENTRY * (last + 1)
    for number in range(last + 1):
        entry = data[at + 4 + ENTRY * number : at + 4 + ENTRY * (number + 1)]
        # An entry says its own number: another one is damage, and the sound is missing.
        if len(entry) == ENTRY and entry[0] == number:
            start, length, loop = (int.from_bytes(entry[i : i + 3], "little") for i in (2, 5, 9))
            # Played as far as it goes: what the chip reads beyond its memory is silence.
            if base + start + length > len(data):
                remarks.append(f"PCM sound {number} is cut short: it ends with the file")
            found[number] = Sound(entry[1] & FORMAT, start, length, loop if entry[8] & LOOPS else -1)
    return Sounds(last, found, data[base:])


def psg(rows: Writes, places: npt.NDArray[np.int32], loop_at: int) -> Companion | None:
    """Return the PSG, if anything is written to it; ``places``: where its writes stand."""
    return Companion("vera_psg", CLOCK, rows, int(np.searchsorted(places, loop_at)), mix.VERA) if len(rows) else None


def pcm(
    data: bytes, stream: walk.Stream, kept: walk.Apart, loop_at: int, sounds: Sounds, remarks: list[str]
) -> Companion | None:
    """Return the PCM output, if anything is written to it; ``kept``: what is not for the PSG comes last."""
    driver, again, commands = _Driver(sounds), 0, 0
    rows, places = kept.rows[-1], kept.places[-1]
    ours = (rows["data"] >> 6 == PCM_KIND) & (rows["data"] > 1)  # the second byte of each: kind and bytes
    for time, at in walk.one_by_one(rows[ours], places[ours]):
        # In Python, one by one: a command of two bytes makes up to seven rows.
        if max(commands, len(driver.rows)) >= MOST_PCM:
            remarks.append(f"byte 0x{at:X}: PCM is played up to there: it has too many commands")
            break
        for i in range(at + 2, at + 1 + data[at + 1], 2):
            driver.take(time, data[i], data[i + 1])
        commands += data[at + 1] // 2
        # By place in the file, as for the YM2151.
        again = len(driver.rows) if at < loop_at else again
    if not len(driver.rows):
        return None
    # The player stops at the end of the song; a sound that loops would go on for ever.
    if not loop_at:
        driver.stop(stream.time)
    if driver.strange:
        remarks.append(f"PCM sounds that are not in the file: {', '.join(map(str, sorted(driver.strange)))}")
    # The chip knows a sound by where it lies only; MIDI's drums are to have the file's numbers.
    numbers = {sound.start: number for number, sound in sounds.found.items()}
    return Companion("vera_pcm", CLOCK, driver.rows.made(), again, mix.VERA, sounds.data, samples=numbers)


class _Driver:
    """What the player does to the chip."""

    def __init__(self, sounds: Sounds) -> None:
        self.sounds, self.volume, self.shape = sounds, 0, 0
        self.rows = Rows()
        self.strange: set[int] = set()

    def write(self, time: int, *writes: tuple[int, int]) -> None:
        for address, value in writes:
            self.rows.add(time, address, value)

    def take(self, time: int, command: int, value: int) -> None:
        if command == CONTROL:
            self.volume = value & VOLUME
            # The shape is the last sound's: a command for the volume leaves it.
            self.write(time, (vera_pcm.AUDIO_CTRL, value & RESET | self.shape | self.volume))
            if value & RESET:
                self.write(time, (vera_pcm.START, 0))
        elif command == RATE:
            self.write(time, (vera_pcm.AUDIO_RATE, value))
        elif command == TRIGGER:
            self.trigger(time, value)

    def stop(self, time: int) -> None:
        """End what sounds: the feeder stops, and the queue is emptied, or what it holds would play on."""
        self.write(time, (vera_pcm.AUDIO_CTRL, RESET | self.shape | self.volume), (vera_pcm.START, 0))

    def trigger(self, time: int, number: int) -> None:
        """Play a sound from its start; what sounds is cut off."""
        # ZSMKit looks at the number before it stops what sounds, so that goes on.
        if number > self.sounds.last:
            self.strange.add(number)
            return
        self.stop(time)
        sound = self.sounds.found.get(number)
        if sound is None:
            self.strange.add(number)
            return
        self.shape = sound.shape
        self.write(
            time,
            (vera_pcm.AUDIO_CTRL, self.shape | self.volume),
            (vera_pcm.OFFSET, sound.start),
            (vera_pcm.LENGTH, sound.length),
            (vera_pcm.LOOP, sound.loop),
            (vera_pcm.START, 1),
        )
