"""Files in, sound out: a player of YM2151 register logs on top of ``opm``.

``Live`` is a session for programs: a chip that stays on, with writes scheduled on the audio clock.
"""

# typing's constant without its import, which takes time: until signals are handled, Ctrl-C prints a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .live import Live

__all__ = ["Live"]


def __getattr__(name: str) -> object:
    """Import ``Live`` when it is asked for: it needs Numba, which ``--help`` and ``--version`` do without."""
    if name == "Live":
        from .live import Live

        return Live
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
