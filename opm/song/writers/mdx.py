"""MDX: code for a driver, which cannot be made of register writes; so what a song was read from, or compiled to."""

from typing import TYPE_CHECKING

from ..data import SongError
from .written import Written, lost_tags

if TYPE_CHECKING:
    from ..song import Song

LONGEST_TITLE = 1000
"""Bytes: an MDX is known by where its title ends."""
_RIVALS = (b"Vgm ", b"S98", b"zm", b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")
"""What files begin with that are asked for before MDX, which has no magic: not to be the beginning of a title."""


def write(song: "Song") -> Written:
    """Return the MDX file that plays a song, under the title it has now; SongError if there is none."""
    if song.source is None:
        raise SongError("MDX holds what its driver plays, not register writes: only songs of .mdx or .mml are saved so")
    data, title = song.source.data, song.tags.get("title", "").strip()
    kept = song.source.title
    if title != kept:
        start = title_code(title)
        kept = start.decode("cp932").strip()
        data = start + data[data.find(b"\r\n\x1a") :]
    # Of samples it has the name of their file, which has to lie beside it.
    samples = ["the samples, which are a file of their own"] * bool(song.companions)
    return Written(data, [*lost_tags(song, {"title": kept}), *samples])


def title_code(title: str) -> bytes:
    """Return a title as an MDX begins with it; SongError if it is too long."""
    # 1A ends it, and blanks before it are not read.
    code = title.encode("cp932", errors="replace").replace(b"\x1a", b"?")
    if len(code) > LONGEST_TITLE:
        raise SongError(f"expected a title of at most {LONGEST_TITLE} bytes, got {len(code)}")
    return b" " * code.startswith(_RIVALS) + code
