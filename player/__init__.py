"""Files in, sound out: a player of YM2151 register logs on top of ``opm``.

``Live`` is a session for programs: a chip that stays on, with writes scheduled on the audio clock.
"""

TYPE_CHECKING = False  # As typing has it, whose import takes time before signals are obeyed.
if TYPE_CHECKING:
    from .live import Live

__all__ = ["Live"]


def __getattr__(name: str) -> object:
    """Import ``Live`` when it is asked for: it needs more than reading a song does."""
    if name == "Live":
        from .live import Live

        return Live
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
