"""The voices a song uses, from its bus events."""

import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..events import Events, make_events, to_writes
from ..registers import KON, NOISE
from .channels import Channel, Channels, one_by_one
from .voice import Voice


@dataclass(frozen=True)
class Found:
    """A voice a song uses, and where it first sounds."""

    voice: Voice
    cycle: int
    channel: int
    kc: int
    kf: int
    noise: bool
    """C2 gives the noise."""


def extract_voices(song_events: Any, volumes: bool = True) -> list[Found]:
    """Return all distinct voices a song keys on, in the order they first sound.

    Parameters
    ----------
    song_events : (n,) EVENT
        As for ``opm.run``. Voices are the same if their operators, feedback and algorithm are.
    volumes : bool
        False: also if they differ only in how far their carriers' total levels are turned down together, which is
        how drivers set the volume; the loudest of them stands for all.

    Returns
    -------
    list of Found
        Each with ``voice`` (named after its checksum), ``cycle`` of the key-on since reset, ``channel`` 1 to 8, key
        code ``kc`` and fraction ``kf`` there, and ``noise``: whether its C2 gives noise.

    Raises
    ------
    TypeError, ValueError
        They are no bus events.
    """
    return found_in(make_events(song_events), volumes)


def found_in(events: Events, volumes: bool) -> list[Found]:
    """Return what ``extract_voices`` does, of events that need no check: a song's own."""
    chip = Channels()
    found: dict[bytes, Found] = {}
    seen: set[tuple[int | None, ...]] = set()
    for cycle, address, data in one_by_one(to_writes(events)):
        # By the registers first: a voice is made once for each set of them. Of 600 000 writes that took 5 s, now 0.5.
        channel = chip.take(address, data)
        if address != KON or channel is None or not channel.keys or (made_of := channel.sound()) in seen:
            continue
        seen.add(made_of)
        voice = channel.voice()
        sound = voice.same_sound() if volumes else sound_of(voice)
        voice = replace(voice, name=f"{zlib.crc32(sound):08x}")
        first = found.setdefault(sound, _found(chip, channel, voice, cycle))
        # The loudest stands for all: the others are this one turned down.
        if attenuation(voice) < attenuation(first.voice):
            found[sound] = replace(first, voice=voice)
    return list(found.values())


def _found(chip: Channels, channel: Channel, voice: Voice, cycle: int) -> Found:
    # The noise takes the place of C2 (bit 3 of the slots) of channel 8.
    noise = channel.index == 7 and voice.slots & 8 > 0 and chip.held.get(NOISE, 0) & 0x80 > 0
    return Found(voice, cycle, channel.index + 1, *channel.key_code(), noise)


def attenuation(voice: Voice) -> int:
    """Return the total level of the loudest carrier, in 0.75 dB steps."""
    return min(voice.ops[i].tl for i in voice.carriers)


def turned_down(voice: Voice, total_level: int) -> Voice:
    """Return a voice whose loudest carrier has a total level, the others as far below it as they were."""
    change = total_level - attenuation(voice)
    # Modulators stay: their level is the colour, not the volume.
    ops = [
        replace(op, tl=min(max(op.tl + change, 0), 127)) if i in voice.carriers else op
        for i, op in enumerate(voice.ops)
    ]
    return replace(voice, ops=tuple(ops))


@lru_cache(4096)
def sound_of(voice: Voice) -> bytes:
    """Return what makes two voices the same at whatever volume."""
    return turned_down(voice, 0).same_sound()
