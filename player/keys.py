"""The keys of the player's screens: one table for a screen, its help, ``--help`` and the man page."""

from collections.abc import Iterable
from typing import NamedTuple


class Key(NamedTuple):
    """A key, or several that do the same."""

    shown: str
    names: str
    """What Textual calls it, separated by commas."""
    action: str
    """The application's method ``action_...``."""
    word: str
    """For the screen's last line; empty where there is no room for it."""
    does: str


KEYS = (
    Key("?", "question_mark,h", "keys", "keys", "these keys"),
    Key("space", "space", "pause", "pause", "pause, and on"),
    Key("q", "q,ctrl+c", "leave", "quit", "quit"),
    Key("n p", "n,p", "song", "song", "next, previous song"),
    Key("← →", "left,right", "move", "5 s", "5 seconds back, on"),
    Key("↓ ↑", "down,up", "move", "1 min", "a minute back, on"),
    Key("home", "home", "move", "", "to the beginning"),
    Key("1-8", "1,2,3,4,5,6,7,8", "mute", "mute", "mute a channel (of both chips), or let it sound again"),
    Key("9", "9", "mute", "", "mute the board's other parts, or let them sound again"),
    Key("s", "s", "solo", "solo", "one channel alone: the digits choose it; again: all of them"),
    Key("+ -", "plus,equals_sign,minus", "volume", "volume", "volume, in steps of 1.5 dB"),
    Key("o", "o", "scope", "scope", "oscilloscopes"),
    Key("i", "i", "inside", "inside", "a look inside a channel: its envelopes, voice and registers"),
    Key("[ ]", "left_square_bracket,right_square_bracket", "channel", "", "the channel to look inside"),
    Key("t", "t", "theme", "", "other colours"),
    Key("ctrl-z", "ctrl+z", "stop", "", "to the shell, from where fg comes back"),
)

LIVE_KEYS = (
    Key("?", "question_mark,h", "keys", "keys", "these keys"),
    Key("space", "space", "panic", "panic", "panic: silence everything, wheels and pedals back"),
    Key("q", "q,ctrl+c", "leave", "quit", "quit"),
    Key("n p", "n,p", "program", "program", "next, previous program of the channel played last"),
    Key("+ -", "plus,equals_sign,minus", "volume", "volume", "volume, in steps of 1.5 dB"),
    Key("t", "t", "theme", "", "other colours"),
    Key("ctrl-z", "ctrl+z", "stop", "", "to the shell, from where fg comes back"),
)
"""The keys of the screen of ``--midi-in``."""


def hints(table: Iterable[Key], width: int) -> str:
    """Return the keys that fit in a screen's last line."""
    line = ""
    for key in table:
        if key.word and len(line) + len(f"{key.shown} {key.word}") <= width:
            line += f"{key.shown} {key.word}  "
    return line
