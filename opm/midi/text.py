"""Text in MIDI files, which never say what it is written in, and the tags that it makes."""

import re
import struct
from collections.abc import Iterator
from itertools import count

from .limits import MOST_CHUNKS

_SHIFT_JIS = "cp932"
"""Windows's Shift-JIS, which has NEC's and IBM's signs, too."""
_KATAKANA = re.compile("[｡-ﾟ]{3}")
_TOUCHING = re.compile("[A-Za-z][｡-ﾟ]|[｡-ﾟ][A-Za-z]")
"""Katakana of half width, and those that are rather accented letters of a word."""
_TWO_WIDE, _LONE = re.compile(r"[^\x00-\x7f]{2}"), re.compile(r"[^\x00-\x7f](?![a-z])")
INFO = {b"INAM": "title", b"IART": "author", b"ICOP": "copyright", b"ICRD": "date", b"ICMT": "notes"}
"""Names that chunks of a RIFF file's INFO list have here, which are those of the other formats."""
_KARAOKE = ("title", "author")
"""What a karaoke file's lines are that begin with @T; those behind them are notes."""
_SINGLE = ("title", "author", "date")
"""Tags of which the first is kept; of others all lines."""


def decoded(text: bytes) -> str:
    r"""Return foreign text: in UTF-8 if it can be, in Shift-JIS if it looks like that, else in Windows's Latin-1.

    Most bytes are letters in both, so it is asked what Japanese has and other text has not: bytes of 80 to 9F, and two
    signs one behind the other. A copyright sign alone would be half a katakana.

    Examples
    --------
    >>> decoded(b"\x83h\x83\x89\x83N\x83G"), decoded(b"\xa9 1997 Chan\xe7\xe3o")
    ('ドラクエ', '© 1997 Chanção')
    """
    # Some programs write a field of a fixed length: zeros fill it.
    text = text.partition(b"\0")[0]
    for encoding in ("utf-8", _SHIFT_JIS):
        try:
            shown = text.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _is_japanese(text, shown):
            return _tidy(shown)
    return _tidy("".join(_latin(byte) for byte in text))


def _latin(byte: int) -> str:
    """Return a character of Windows's code page 1252, or Latin-1's: that has none for five bytes."""
    return bytes((byte,)).decode("cp1252", "ignore") or chr(byte)


def _is_japanese(text: bytes, shown: str) -> bool:
    """Return whether text that Shift-JIS can be is that."""
    if _KATAKANA.search(shown) and not _TOUCHING.search(shown):
        return True
    # Bytes that are no letters of Latin-1. In Windows's they are quotation marks and the like: one of these and the
    # letter behind it can be a kanji, but not two of them.
    if not any(0x80 <= byte < 0xA0 for byte in text):
        return False
    return bool(_TWO_WIDE.search(shown)) or any(_is_wide(sign[0]) for sign in _LONE.finditer(shown))


def _is_wide(sign: str) -> bool:
    """Return whether none of a sign's bytes is a letter in Windows's Latin-1, as its second mostly would be."""
    pair = sign.encode(_SHIFT_JIS)
    return len(pair) == 2 and 0x80 <= pair[0] < 0xA0 and pair[1] >= 0x80


def _tidy(shown: str) -> str:
    """Return text with ends of lines of one kind, and nothing before and behind it."""
    return shown.replace("\r\n", "\n").replace("\r", "\n").strip()


class Tags:
    """What a file says of its music, by the names that the other formats have for it."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, None]] = {}
        self._titles: list[str] = []

    def add(self, name: str, text: bytes) -> None:
        """Add a text; the first title and the first author are the ones, of other texts all lines are kept."""
        line, lines = decoded(text), self._lines.setdefault(name, {})
        if line and not (lines and name in _SINGLE):
            lines[line] = None

    def karaoke(self, text: bytes) -> None:
        """Add a line of a karaoke file: @T is title, author and more, @I information; others name what it is."""
        if text[:2] == b"@T":
            self._titles.append(decoded(text[2:]))
        elif text[:2] == b"@I":
            self.add("notes", text[2:])

    def made(self) -> dict[str, str]:
        """Return all tags. A karaoke file's own come first: its tracks are called "Words" and the like."""
        named = dict(zip(_KARAOKE, self._titles, strict=False))
        own = {name: line for name, line in named.items() if line}
        notes = [*self._lines.get("notes", ()), *self._titles[len(_KARAOKE) :]]
        texts = {name: "\n".join(lines) for name, lines in (self._lines | {"notes": dict.fromkeys(notes)}).items()}
        return {name: text for name, text in (texts | own).items() if text}


def riff_chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Give name, start and end of each chunk of a RIFF file, as far as they go; the last may be cut.

    Raises
    ------
    ValueError
        There are too many.
    """
    for number in count():
        if at + 8 > end:
            return
        if number == MOST_CHUNKS:
            raise ValueError(f"byte 0x{at:X}: expected at most {MOST_CHUNKS} chunks")
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, min(at + 8 + size, end)
        # RIFF's chunks begin at even places.
        at += 8 + size + size % 2
