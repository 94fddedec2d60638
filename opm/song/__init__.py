"""Songs: register writes with exact times, their formats, their playing on the chip's bus, and their sound."""

from typing import Any

from .._lazy import lazy

_named, __dir__, __all__ = lazy(__name__, __file__)
_NEW_NAMES = {
    "Log": "opm.song.Song, whose rows are its writes in ticks",
    "Schedule": "opm.song.Playing(song, loops=, fade=, ...)",
    "Options": "opm.song.Playing(song, loops=, fade=, ...)",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, as ``__init__.pyi`` says, or say what has taken its place."""
    if name in _NEW_NAMES:
        # "from opm.song import Log" would put a message of its own in an AttributeError's place.
        raise ImportError(f"opm.song.{name} is now {_NEW_NAMES[name]}")
    return _named(name)
