"""A track of an MML file, as far as it was read: its pieces of MDX code, and what its next notes will be like.

How it is read: commands by their names, and macros. The commands themselves are in ``mml_notes`` and ``mml_commands``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..limits import DEEPEST_MACROS, MOST_MML_COMMANDS
from .mdx_code import FM_TRACKS, Fine, Note, Piece, Rest
from .mml_text import Cursor

LETTERS = "ABCDEFGHPQRSTUVW"
"""The tracks: eight of FM, then those of samples."""
MACRO = re.compile(r"([IJKLMNOXYZa-z\uff66-\uff9d])([01]?[0-9])?")
"""A macro's name, and which of its 20."""
BARE_MACRO = re.compile(r"[IJNOXZhijmsu\uff66-\uff9d]")
"""Those that are called without ``$``."""
_NAME = re.compile(
    r"@[tvqx]?|M[APH](?:ON|OF)|MHR|M[APHD]|SM(?:ON|OF)|KS(?:ON|OF)?|(?:AP|DT|TD|VM|MV|KM|TL|YA)(?:ON|OF|[DLSMT])?"
    r"|GL(?:ON|OF)?|TR|VO|z[cw]|\$(?:FLAT|SHARP|NATURAL|NORMAL|FO)|."
)


class Stopped(Exception):
    """A track's text is over."""


@dataclass
class Score:
    """What all tracks of a file share."""

    octave_up: str = ">"
    transpose: int = 0
    transposes_samples: bool = False
    detune: int = 0
    voice_offset: int = 0
    fills_chords: bool = False
    keeps_voice: bool = False
    """A ``K`` leaves the voice silenced."""
    macros: dict[str, Cursor] = field(default_factory=dict)
    voice_macros: dict[int, Cursor] = field(default_factory=dict)
    commands: int = 0
    """Done so far, in all tracks."""
    seen: set[str] = field(default_factory=set)
    """Their names."""
    left_out: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What was done otherwise than it says: the first place, how often."""

    def remark(self, what: str, place: str = "") -> None:
        """Note that something was done otherwise than it says."""
        first, count = self.left_out.get(what, (place, 0))
        self.left_out[what] = first, count + 1

    def remarks(self) -> list[str]:
        """Return a line for each kind of it."""
        found = self.left_out.items()
        return [f"{place}{more(count - 1)}: {what}".removeprefix(": ") for what, (place, count) in found]


def more(count: int) -> str:
    """Return words for further places."""
    return f" and {count} more" * (count > 0)


@dataclass
class Track:
    """A track, as far as it was read."""

    number: int
    score: Score
    commands: "Mapping[str, Command]"
    pieces: list[Piece] = field(default_factory=list)
    rank: int = 0
    """Which it is of those that its line is for."""
    octave: int = 4
    length: int = 48
    transpose: int = 0
    signature: dict[str, int] = field(default_factory=dict)
    """Semitones by which a letter is raised where it has no accidental."""
    volume: int = 8
    fine: bool = False
    volume_offset: int = 0
    one_note: int | None = None
    """The volume's byte for the next note alone."""
    restore: bool = False
    """The volume of that note still holds."""
    voice: int = -1
    voice_macros: bool = True
    depth: int = 0
    """Macros in macros."""
    chord: Cursor | None = None
    repeats: list[tuple[str, bool]] = field(default_factory=list)
    """Those that are open: where, and whether they have their ``/``."""
    loop: int = -1
    """Which piece ``L`` is."""
    tuplet: list[Note | Rest] | None = None
    muted: bool = False
    over: bool = False

    @property
    def is_fm(self) -> bool:
        """Whether it is one of FM."""
        return self.number < FM_TRACKS

    def add(self, *code: int) -> None:
        """Add a command's bytes."""
        self.put(bytes(code))

    def put(self, piece: Piece) -> None:
        """Add a piece, unless nothing is to be written."""
        if not self.muted:
            self.pieces.append(piece)

    def read(self, cursor: Cursor, closing: str = "") -> None:
        """Take commands up to the end, or to a closing sign."""
        while cursor.peek():
            if closing and cursor.take(closing):
                return
            self.score.commands += 1
            if self.score.commands > MOST_MML_COMMANDS:
                raise cursor.error(f"expected at most {MOST_MML_COMMANDS} commands, macros and all tracks counted")
            self.command(cursor)
        if closing:
            raise cursor.error(f"expected {closing!r} before the line ends")

    def command(self, cursor: Cursor) -> None:
        """Take one command."""
        at = cursor.at
        if macro := BARE_MACRO.match(cursor.source, at, cursor.end):
            self.call_macro(cursor, macro[0])
            return
        found = cursor.match(_NAME)
        name = found[0] if found else ""
        command = self.commands.get(name)
        if command is None:
            raise cursor.error(f"expected a command, got {name!r}", at)
        self.score.seen.add(name)
        command(self, cursor, at)

    def call_macro(self, cursor: Cursor, name: str) -> None:
        """Take a macro's name, and read what it stands for."""
        at, found = cursor.at, cursor.match(MACRO)
        called = found and f"{found[1]}{int(found[2]) if found[2] else ''}"
        body = self.score.macros.get(called or "")
        if body is None:
            raise cursor.error(f"expected a macro that is defined above, got {called or name!r}", at)
        self.expand(body, cursor, at)

    def expand(self, body: Cursor, cursor: Cursor, at: int) -> None:
        """Read what a macro stands for."""
        if self.depth == DEEPEST_MACROS:
            raise cursor.error(f"expected at most {DEEPEST_MACROS} macros in each other", at)
        self.depth += 1
        self.read(Cursor(body.text, body.at, body.end))
        self.depth -= 1

    def volume_piece(self) -> Piece:
        """Return what sets the volume of the track."""
        if self.fine:
            return Fine(self.volume, self.volume_offset)
        return bytes((0xFB, min(max(self.volume + self.volume_offset, 0), 15)))

    def put_note(self, note: Note | Rest) -> None:
        """Add a note or rest, with a volume of its own; a tuplet remembers it, to give it its length."""
        if isinstance(note, Note):
            if self.one_note is not None:
                self.add(0xFB, self.one_note)
            elif self.restore:
                self.put(self.volume_piece())
            self.restore, self.one_note = self.one_note is not None, None
        self.put(note)
        if self.tuplet is not None:
            self.tuplet.append(note)

    def set_octave(self, cursor: Cursor, sign: str) -> None:
        """Take an octave's number, or go an octave up or down."""
        if sign == "o":
            self.octave = cursor.number("an octave", -2, 10)
        else:
            self.octave += 1 if sign == self.score.octave_up else -1


Command = Callable[[Track, Cursor, int], None]
"""Takes a command, whose name was taken from the given place."""
