"""MML, music as text, in the dialects of MXC and NOTE: compiled to MDX, and played as such.

Not recognised by what it holds, which may be any text: a file is MML by its name, ``.mml``, or by a call of ``mml``.
Here are its lines, its directives, voices and macros; what stands in a track's lines, in ``mml_track``. Sources: the
commands of docs/formats.md, section 10, and for the bytes of each what MXC and NOTE themselves have made.
"""

import os
import re
from collections.abc import Callable

from ..._file import decoded, printable
from ..data import SongError
from ..limits import LARGEST_MML
from ..song import Song
from ..writers.mdx import title_code
from . import mdx
from .common import heard
from .mdx_code import ALL_TRACKS, PLAIN_TRACKS, Mark, Note, Rest, file_of, track_code, voice_code
from .mml_commands import COMMANDS, NOTE_ALONE, sign
from .mml_text import Cursor, Text
from .mml_track import LETTERS, MACRO, Score, Stopped, Track, more
from .pdx import NOTHING, Beside, beside

LONGEST_NAME = 255
"""Bytes of the name of a file of samples: an MDX is known by where it ends."""
VALUES = ("AR", "D1R", "D2R", "RR", "D1L", "TL", "KS", "MUL", "DT1", "DT2", "AME")
MOST = (31, 31, 31, 15, 15, 127, 3, 15, 7, 3, 1)
LAST_VALUES, MOST_LAST = ("CON", "FL", "the operators"), (7, 7, 15)
_TRACKS = re.compile(rf"[{LETTERS}]+")
_DIRECTIVE = re.compile(r"#([A-Za-z-]+)")
_DEFINITION = re.compile(r"@(@?|[wk])[ \t]*([0-9]+)[ \t]*=?[ \t]*")
_MACRO = re.compile(rf"{MACRO.pattern}[ \t]*=[ \t]*")
_STRING = re.compile(r"[ \t]+(?:\"([^\"\n]*)\"?|'([^'\n]*)'?|([^ \t\r\n]+))")
_FILES = ("include", "load-tone", "load-wave")
_NOT_HEARD = (
    "list", "overwrite", "wavemem", "remove", "beep", "play", "ver", "pcmlist", "save-tone", "save-wave", "reste",
    "nreste", "cont", "wcmd", "glide", "compress", "opt",
)  # fmt: skip


def mml(text: str, pdx: str | os.PathLike[str] | bytes | None = None) -> Song:
    r"""Read a song written as MML.

    Parameters
    ----------
    text : str
        In the dialect of MXC or NOTE, as ``docs/formats.md`` lists it. A line for a track begins with its letter:
        ``A`` to ``H`` are the chip's channels, ``P`` to ``W`` those of samples.
    pdx : path-like or bytes, optional
        The samples: a folder to look in for what ``#pcmfile`` names, or the PDX file.

    Returns
    -------
    Song
        ``song.save("x.mdx")`` writes what it was compiled to.

    Raises
    ------
    SongError
        A ``ValueError``: one line names the line and column, and what was expected there.
    TypeError
        No text.
    OSError
        The file of samples cannot be opened.

    Examples
    --------
    >>> song = mml('''
    ... #title "Scale"
    ... @1 = { 31,0,0,9,0,24,0,1,0,0,0, 31,12,0,9,2,0,0,1,0,0,0,
    ...        31,0,0,9,0,36,0,1,0,0,0, 31,12,0,9,2,0,0,1,0,0,0, 4,5,15 }
    ... A t120 @1 v13 l8 cdefgab>c
    ... ''')
    >>> song
    Scale: YM2151 at 4000000 Hz, 2.01 s, no loop, 114 writes
    >>> song.notes()["midi"].round().astype(int).tolist()
    [60, 62, 64, 65, 67, 69, 71, 72]
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}")
    return song_of(text, beside(None, pdx))


def read(data: bytes, where: Beside = NOTHING) -> Song:
    """Read an MML file: its text in UTF-8, Shift-JIS or UTF-16, and samples from ``where``."""
    if len(data) > LARGEST_MML:
        raise SongError(f"expected at most {LARGEST_MML} bytes of MML, got {len(data)}")
    return song_of(decoded(data), where)


def song_of(source: str, where: Beside) -> Song:
    """Compile a text, and play it."""
    if len(source) > LARGEST_MML:
        raise SongError(f"expected at most {LARGEST_MML} characters of MML, got {len(source)}")
    compiler = _Compiler(Text(source))
    song = mdx.read(compiler.compiled(), None, where)
    return heard(song.but(format="MML", read_remarks=(*compiler.remarks(), *song.read_remarks)))


class _Compiler:
    """Reads a file's lines in their order, and makes an MDX file of them."""

    def __init__(self, text: Text) -> None:
        self.text, self.score = text, Score()
        self.tracks = [Track(number, self.score, COMMANDS) for number in range(ALL_TRACKS)]
        self.title, self.pdx, self.voices = "", "", dict[int, bytes]()
        self.all_tracks = self.skipping = False
        self.comments: list[int] = []
        """Where lines begin that are no comments, and are taken for such."""

    def compiled(self) -> bytes:
        """Return the MDX file."""
        at = 0
        while at < len(self.text.source):
            at = self.text.end_of_line(self.line(at)) + 1
        for track in self.tracks:
            self.finish(track)
        if not any(track.pieces for track in self.tracks):
            raise SongError("line 1, column 1: expected notes, in lines that begin with A to H or P to W")
        count = ALL_TRACKS if self.all_tracks else PLAIN_TRACKS
        codes = [track_code(track.pieces, self.is_note) for track in self.tracks[:count]]
        # PCM8 has to be started by the first track, for Q to W to be played.
        codes[0] = b"\xe8" * self.all_tracks + codes[0]
        return file_of(self.title_code(), self.pdx_code(), codes, self.voices)

    @property
    def is_note(self) -> bool:
        """Whether the text is for NOTE: something stands in it that MXC does not have."""
        return not self.score.seen.isdisjoint(NOTE_ALONE)

    def remarks(self) -> list[str]:
        """Return a line for each decision."""
        made = self.score.remarks()
        if self.comments:
            place = self.text.place(self.comments[0]).partition(",")[0]
            why = "begins with no track, # or @, nor is it a macro: taken for a comment"
            made.append(f"{place}{more(len(self.comments) - 1)}: {why}")
        if "@v" in self.score.seen and not self.is_note:
            made.append("@v counts from the loudest, 0, as in MXC; a line #list makes it NOTE's, where 127 is")
        return made

    def title_code(self) -> bytes:
        """Return the title as MDX has it."""
        code = title_code(self.title)
        if code.decode("cp932").strip() != self.title.strip():
            self.score.remark("the title has signs that MDX cannot keep")
        return code

    def pdx_code(self) -> bytes:
        """Return the name of the samples' file as MDX has it."""
        code = self.pdx.encode("cp932", errors="replace").replace(b"\0", b"?")
        if len(code) > LONGEST_NAME:
            raise SongError(f"expected a name of samples of at most {LONGEST_NAME} bytes, got {len(code)}")
        return code

    def finish(self, track: Track) -> None:
        """Refuse what a track leaves open."""
        if track.repeats:
            raise SongError(f"{track.repeats[-1][0]}: expected ] for this [, track {LETTERS[track.number]} ends")
        # Without one the driver would go round for ever.
        loop = track.pieces[track.loop] if track.loop >= 0 else None
        behind = track.pieces[track.loop :]
        if isinstance(loop, Mark) and not any(isinstance(piece, Note | Rest) for piece in behind):
            raise SongError(f"{loop.place}: expected a note or rest behind L, track {LETTERS[track.number]} ends")

    def line(self, at: int) -> int:
        """Read a line; return where what was read ends."""
        end = self.text.end_of_line(at)
        cursor = Cursor(self.text, at, end)
        if found := cursor.match(_DIRECTIVE):
            self.directive(cursor, found[1].lower(), at)
        elif self.skipping:
            return end
        elif found := cursor.match(_TRACKS):
            self.track_line(cursor, found[0], at)
        elif found := cursor.match(_DEFINITION):
            return self.definition(cursor, found[1], found[2], at)
        elif found := cursor.match(_MACRO):
            self.score.seen.add("$")
            self.score.macros[f"{found[1]}{int(found[2]) if found[2] else ''}"] = self.quoted(cursor, "a macro")
        elif cursor.peek():
            self.comments.append(at)
        return end

    def track_line(self, cursor: Cursor, letters: str, at: int) -> None:
        """Read a line for one track or several, each of which takes it by itself."""
        numbers = sorted(map(LETTERS.index, set(letters)))
        if numbers[-1] >= PLAIN_TRACKS and not self.all_tracks:
            raise cursor.error("expected a line #ex-pcm above this one, for tracks Q to W", at)
        for rank, number in enumerate(numbers):
            track = self.tracks[number]
            track.rank, track.depth = rank, 0
            try:
                if not track.over:
                    track.read(Cursor(self.text, cursor.at, cursor.end))
            except Stopped:
                track.over = True

    def directive(self, cursor: Cursor, name: str, at: int) -> None:
        """Take a line that begins with ``#``."""
        if name in ("nlist", "list"):
            self.skipping = name == "nlist"
        if self.skipping:
            return
        value = self.string(cursor)
        if name in ("title", "pcmfile", "ex-pcm"):
            self.title, self.pdx = (value, self.pdx) if name == "title" else (self.title, value or self.pdx)
            self.all_tracks |= name == "ex-pcm"
            return
        self.score.seen.add("#")
        if name in _FILES:
            raise cursor.error(f"expected no #{name}: other files are not read", at)
        if change := _DIRECTIVES.get(name):
            change(self, cursor, value)
        elif name not in _NOT_HEARD:
            self.score.remark(f"#{printable(name, 20)} is not known", self.text.place(at))

    def string(self, cursor: Cursor) -> str:
        """Return a directive's string: the first word, or what stands in quotes."""
        found = _STRING.match(cursor.source, cursor.at, cursor.end)
        return next((part for part in found.groups() if part is not None), "") if found else ""

    def definition(self, cursor: Cursor, kind: str, digits: str, at: int) -> int:
        """Take a voice, a voice's macro, or what is left out: waves and maps; return where it ends."""
        if kind == "@":
            self.score.seen.add("$")
            number = cursor.within(digits, 10, "a voice", 0, 255, at)
            self.score.voice_macros[number] = self.quoted(cursor, "a voice's macro")
            return cursor.end
        cursor.end = len(self.text.source)
        if cursor.source[cursor.at : cursor.at + 1] != "{":
            raise cursor.error(f"expected {{ and numbers, {cursor.got()}")
        inside = cursor.until("}", "a definition")
        inside.at += 1
        if not kind:
            number = cursor.within(digits, 10, "a voice", 0, 255, at) + self.score.voice_offset
            self.voice(inside, number & 0xFF, at)
        return cursor.at

    def voice(self, cursor: Cursor, number: int, at: int) -> None:
        """Read the 47 numbers of a voice."""
        asked = [*zip(VALUES * 4 + LAST_VALUES, MOST * 4 + MOST_LAST, strict=True)]
        values, beyond = [], False
        for what, most in asked:
            cursor.skip_lines()
            values.append(cursor.number(f"{what} of voice {number}", 0, 255))
            beyond |= values[-1] > most
            cursor.skip_lines()
            cursor.take(",")
        cursor.skip_lines()
        if cursor.at < cursor.end:
            raise cursor.error(f"expected 47 numbers in voice {number}, {cursor.got()}")
        if beyond:
            self.score.remark("values too large for their register lose their upper bits", self.text.place(at))
        code = voice_code(number, values)
        if self.voices.setdefault(number, code) != code:
            self.voices[number] = code
            self.score.remark("a voice of this number was defined before: the last one holds", self.text.place(at))

    def quoted(self, cursor: Cursor, what: str) -> Cursor:
        """Return a cursor over what stands in quotes."""
        if not cursor.take('"'):
            raise cursor.error(f"expected {what} in double quotes, {cursor.got()}")
        return cursor.until('"', what)


def _sign_all(raised: int) -> "Callable[[_Compiler, Cursor, str], None]":
    """Return what takes ``#sharp "fc"`` and its like, for all tracks."""

    def take(compiler: _Compiler, cursor: Cursor, value: str) -> None:
        for track in compiler.tracks:
            sign(track, value or "cdefgab", raised, cursor)

    return take


def _flag(name: str, value: bool) -> "Callable[[_Compiler, Cursor, str], None]":
    """Return what switches something for all tracks."""
    return lambda compiler, cursor, text: setattr(compiler.score, name, value)


def _number(name: str, what: str, low: int, high: int) -> "Callable[[_Compiler, Cursor, str], None]":
    """Return what takes a directive's number."""
    return lambda compiler, cursor, text: setattr(compiler.score, name, cursor.number(what, low, high))


def _turn(compiler: _Compiler, cursor: Cursor, value: str) -> None:
    """Exchange < and >."""
    compiler.score.octave_up = "<" if compiler.score.octave_up == ">" else ">"


_DIRECTIVES = {
    "sharp": _sign_all(1), "flat": _sign_all(-1), "natural": _sign_all(0), "normal": _sign_all(0),
    "tps": _number("transpose", "semitones", -24, 24), "tps-all": _flag("transposes_samples", True),
    "detune": _number("detune", "steps of 1/64 semitone", -32_768, 32_767),
    "toneofs": _number("voice_offset", "an offset", -255, 255), "octave-rev": _turn,
    "coder": _flag("fills_chords", True), "ncoder": _flag("fills_chords", False),
    "noreturn": _flag("keeps_voice", True),
}  # fmt: skip
