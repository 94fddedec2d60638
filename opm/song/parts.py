"""The parts of a song's board: what they are called, what they take and sound in one playing."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..board import core
from ..registers import ALL_KEYS, KON
from .data import Companion, Part, Writes

if TYPE_CHECKING:
    from .song import Song

MOST_NUMBERS = 127
"""The highest number by which a chip can name a sample; a larger one is the address of the sample."""


def names(song: "Song") -> tuple[str, ...]:
    """Return what the parts are called, the YM2151s first; the second of a kind ends in ``-2``."""
    kinds = [*song.chips, *(companion.name for companion in song.companions)]
    before = [kinds[:at].count(kind) for at, kind in enumerate(kinds)]
    return tuple(f"{kind}-{count + 1}" if count else kind for kind, count in zip(kinds, before, strict=True))


def chosen(song: "Song", names: str | Collection[str]) -> list[str]:
    """Return the parts that names mean, as ``Song.chosen`` says."""
    asked = {names} if isinstance(names, str) else set(names)
    each = [{"ym2151", chip} for chip in song.chips] + [{companion.name} for companion in song.companions]
    kinds = [{name, *kind} for name, kind in zip(song.part_names, each, strict=True)]
    if strange := asked - set().union(*kinds):
        expected = ", ".join(dict.fromkeys(["ym2151", *song.part_names]))
        raise ValueError(f"parts must be of {expected}, got {', '.join(map(repr, sorted(map(str, strange))))}")
    # In the order of the board: one name can mean several parts, and several names the same one.
    return [name for name, kind in zip(song.part_names, kinds, strict=True) if kind & asked]


def described(song: "Song") -> tuple[Part, ...]:
    """Return each chip of a song's board, and what it sounds in one playing."""
    once = song.rows_once
    found = []
    for chip, opm in enumerate(song.opms):
        keys = once["data"][(once["chip"] == chip) & (once["address"] == KON)]
        found.append((opm.name.upper(), opm.clock, keys[keys & ALL_KEYS > 0] & 7))
    for companion in song.companions:
        found.append((core(companion.name).TITLE, companion.clock, struck(song, companion)["channel"]))
    return tuple(
        # No unique: that imports NumPy's masked arrays, longer than this takes.
        Part(name, title, clock, len(channels), tuple(sorted({channel + 1 for channel in channels.tolist()})))
        for name, (title, clock, channels) in zip(song.part_names, found, strict=True)
    )


def rows_once(song: "Song", companion: Companion) -> Writes:
    """Return what a companion takes in one playing, in ticks."""
    # An MDX has its loop written out once before it (``Song.intro_passes``): there one playing ends.
    return companion.rows[: companion.again] if song.loop_start and song.intro_passes else companion.rows


def struck(song: "Song", companion: Companion) -> npt.NDArray[Any]:
    """Return what a companion strikes in one playing: (n,) opm.board.record.STRIKE, its rows' as ``row``.

    Where the song has numbers for its samples, or the chip knows no more than where they lie, ``number`` is theirs,
    or their place among those that are struck.
    """
    found: npt.NDArray[Any] = core(companion.name).struck(rows_once(song, companion)).copy()
    # A chip that is told an address has no number for a sample. MIDI needs one, so the samples are counted in the order
    # of their places.
    places = np.unique(found["number"][found["number"] >= 0]).tolist()
    if companion.samples or places[-1:] > [MOST_NUMBERS]:
        numbers = {place: companion.samples.get(place, rank) for rank, place in enumerate(places)}
        found["number"] = [numbers.get(place, -1) for place in found["number"].tolist()]
    return found
