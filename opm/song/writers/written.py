"""What a writer gives, and what all of them have to say."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..song import Song


class Written(NamedTuple):
    """A song as the bytes of a file."""

    data: bytes
    lost: list[str]
    """What the format cannot keep, a line each."""


def lost_tags(song: "Song", kept: Mapping[str, str]) -> list[str]:
    """Say which tags are not kept whole."""
    # Blanks are left out when tags are read, so nobody misses them.
    names = [name for name, text in song.tags.items() if text.strip() != kept.get(name, "").strip()]
    return [f"tags: {', '.join(names)}"] * bool(names)


def lost_parts(song: "Song") -> list[str]:
    """Say that the chips nobody plays here are not written either."""
    return [f"what nothing here plays: {', '.join(song.not_played)}"] * bool(song.not_played)


def lost_companions(song: "Song") -> list[str]:
    """Say which other chips of the board are not kept."""
    return [f"the {part.title}" for part in song.parts[len(song.opms) :]]


def lost_volume(song: "Song") -> list[str]:
    """Say that the file's own volume is not kept."""
    return [f"the volume modifier of {song.volume:+.1f} dB"] * (song.gain != 1.0)


def lost_length(song: "Song", kept: "Song") -> list[str]:
    """Say by how much a song is longer whose loop begins where its passes are alike."""
    once, whole = song.length, kept.length
    why = "its loop's first round differs from the others"
    return [f"the length of {once:.3f} s: {why}, so it has {whole:.3f} s"] * (whole > once)
