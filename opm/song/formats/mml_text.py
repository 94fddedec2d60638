"""The text of an MML file: places in it, what is blank, numbers and lengths, and errors that say where."""

import re
from bisect import bisect_right

from ..data import SongError

WHOLE = 192
"""Ticks of a whole note."""
_BLANK, _COMMENT = r"[ \t\r\f\v\u3000]", r"(?:/[/*]|[;*])[^\n]*"
_SKIPPED = re.compile(rf"{_BLANK}*(?:{_COMMENT})?")
_SKIPPED_LINES = re.compile(rf"(?:\n|{_BLANK}|{_COMMENT})*")
_BLOCK = re.compile(r"(?:;|//)[^\n]*|/\*(?:(?!/\*|\*/).)*\*/", re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9]+")
_BASES = {"$": (16, re.compile(r"[0-9A-Fa-f]{1,2}")), "%": (2, re.compile(r"[01_]{1,16}"))}
MOST_DIGITS = 20
"""Of a number, zeros before it included."""


class Text:
    """A file, and where its lines begin.

    Parameters
    ----------
    source : str
        The text; what follows the end mark of CP/M and the X68000 is left out.
    """

    def __init__(self, source: str) -> None:
        # MXC's comments end at */; NOTE's go to the end of the line, and none of them ends at all. So a comment that
        # meets another one's beginning before an end is one of a line.
        plain = source.partition("\x1a")[0]
        self.source = _BLOCK.sub(lambda found: _blank(found[0]) if found[0][:2] == "/*" else found[0], plain)
        self.starts = [0, *(found.end() for found in re.finditer("\n", self.source))]

    def end_of_line(self, at: int) -> int:
        """Return where the line of a place ends."""
        end = self.source.find("\n", at)
        return len(self.source) if end < 0 else end

    def place(self, at: int) -> str:
        """Return a place as people count: lines and columns from 1, a tab as one column."""
        line = bisect_right(self.starts, at)
        return f"line {line}, column {at - self.starts[line - 1] + 1}"


def _blank(comment: str) -> str:
    """Return as many blanks, line breaks kept: what follows a comment stays in its place."""
    return re.sub(r"[^\n]", " ", comment)


class Cursor:
    """A place in a stretch of the text.

    Parameters
    ----------
    text : Text
        The file.
    at, end : int
        The stretch.
    """

    def __init__(self, text: Text, at: int, end: int) -> None:
        self.text, self.source, self.at, self.end = text, text.source, at, end

    def skip(self) -> None:
        """Go on to what is neither blank nor a comment, within the line."""
        self.match(_SKIPPED)

    def skip_lines(self) -> None:
        """Go on to what is neither blank nor a comment, over lines."""
        self.match(_SKIPPED_LINES)

    def peek(self) -> str:
        """Return the next character that is not blank, "" at the end."""
        self.skip()
        return self.source[self.at] if self.at < self.end else ""

    def take(self, characters: str) -> str:
        """Take the next character if it is one of these, else return ""."""
        found = self.peek()
        if not found or found not in characters:
            return ""
        self.at += 1
        return found

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Take what a pattern finds right here."""
        found = pattern.match(self.source, self.at, self.end)
        self.at = found.end() if found else self.at
        return found

    def until(self, closing: str, what: str) -> "Cursor":
        """Take what stands before a closing sign, and the sign; return a cursor over what stands before it."""
        end = self.source.find(closing, self.at, self.end)
        if end < 0:
            raise self.error(f"expected {closing!r} at the end of {what}")
        inside, self.at = Cursor(self.text, self.at, end), end + 1
        return inside

    def error(self, expected: str, at: int | None = None) -> SongError:
        """Return an error about a place, this one if none is given."""
        place = self.at if at is None else at
        return SongError(f"{self.text.place(place)}: {expected}")

    def got(self) -> str:
        """Return the next character for a message."""
        found = self.peek()
        return f"got {found!r}" if found else "the line ends"

    def number(self, what: str, low: int, high: int, default: int | None = None) -> int:
        """Take a number within limits; return the default if there is none."""
        self.skip()
        at = self.at
        found = self.match(_NUMBER)
        if found is None and default is not None:
            return default
        if found is None:
            raise self.error(f"expected {what}, {low} to {high}, {self.got()}")
        return self.within(found[0], 10, what, low, high, at)

    def byte(self, what: str) -> int:
        """Take a byte: decimal, $ hexadecimal or % binary."""
        at, sign = self.at, self.take("$%")
        if not sign:
            return self.number(what, 0, 255)
        base, digits = _BASES[sign]
        found = self.match(digits)
        if found is None or not found[0].strip("_"):
            raise self.error(f"expected {what} in base {base}, {self.got()}")
        return self.within(found[0].replace("_", ""), base, what, 0, 255, at)

    def within(self, digits: str, base: int, what: str, low: int, high: int, at: int) -> int:
        """Return a number if it is within limits."""
        # Not to be made a number first: Python refuses to, of 4300 digits.
        if len(digits) > MOST_DIGITS or not low <= (value := int(digits, base)) <= high:
            raise self.error(f"expected {what}, {low} to {high}, got {digits[:MOST_DIGITS]}", at)
        return value

    def comma(self, what: str) -> None:
        """Take a comma."""
        if not self.take(","):
            raise self.error(f"expected a comma before {what}, {self.got()}")

    def length(self, default: int, most: int) -> int:
        """Take a length in ticks: ``4``, ``4.``, ``%48``, ``2^8``, ``1~16``; the default where nothing stands."""
        self.skip()
        at, ticks = self.at, self._term(default)
        while sign := self.take("^~"):
            ticks += self._term(default) * (1 if sign == "^" else -1)
        if not 1 <= ticks <= most:
            raise self.error(f"expected a length of 1 to {most} ticks, got {ticks}", at)
        return ticks

    def _term(self, default: int) -> int:
        if self.take("%"):
            ticks = self.number("ticks", 0, 65_535)
        elif self.peek().isdecimal():
            at, part = self.at, self.number("a length", 1, WHOLE)
            if WHOLE % part:
                raise self.error(f"expected a length that divides {WHOLE}, got {part}", at)
            ticks = WHOLE // part
        else:
            ticks = default
        dot = ticks
        while self.take("."):
            dot //= 2
            ticks += dot
        return ticks
