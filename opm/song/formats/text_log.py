"""Plain-text logs: one write per line, ``TIME ADDR DATA``, and a few directives.

Blanks, tabs or commas separate; ``#``, ``;`` and ``//`` start comments. TIME: whole = samples, with a point =
seconds, ``+`` in front = since the line before. ADDR and DATA: hex, with or without 0x or $; ADDR may be KeyON
or KeyOFF. Directives: ``clock HZ``, ``rate HZ``, ``unit s|samples|ms``, ``wait N``, ``$AA,DD`` (a write now),
``loop``, ``end`` (or ``finish``), ``title TEXT``.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

from ...events import MASTER_CLOCKS_PER_FRAME
from ...pitch import REFERENCE_CLOCK
from ..log import LONGEST, WRITE, Log, Loop, SongError
from .common import check_clock

PICOSECONDS = 10**12
UNITS = ("s", "samples", "ms")
_COMMENT = re.compile(r"(#|;|//).*")
_HEX = re.compile(r"(?:0x|\$)?([0-9a-f]{1,3})$", re.IGNORECASE)
_TIME = re.compile(r"\+?\d+(\.\d*)?$|\+?\.\d+$")
_WORDS = ("clock", "rate", "unit", "wait", "loop", "end", "finish", "title")
KEYS = ("keyon", "keyoff")


def recognise(data: bytes) -> bool:
    """Look at the first line that says something."""
    try:
        text = data[:65_536].decode("utf-8-sig", errors="ignore")
    except ValueError:
        return False
    if "\0" in text:
        return False
    for line in text.splitlines():
        words = _words(line)
        if words:
            return (
                words[0].lower() in _WORDS
                or words[0].startswith("$")
                or (len(words) == 3 and bool(_TIME.match(words[0])))
            )
    return False


def _words(line: str) -> list[str]:
    return _COMMENT.sub("", line).replace(",", " ").split()


@dataclass
class _Reader:
    """What has been read so far; times are seconds or, while no unit says so, whole samples."""

    unit: str | None = None
    clock: int = REFERENCE_CLOCK
    rate: int | None = None
    now: Fraction = Fraction(0)
    seconds: bool = False
    writes: list[tuple[Fraction, int, int]] = field(default_factory=list)
    loop: tuple[Fraction, int] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    def line(self, row: int, line: str) -> None:
        """Take one line."""
        words = _words(line)
        if not words or self.ended:
            return
        word = words[0].lower()
        if word in _WORDS:
            self.directive(row, word, words[1:], line)
        elif words[0].startswith("$") and len(words) == 2:
            self.writes.append((self.now, self.byte(row, words[0]), self.byte(row, words[1])))
        elif len(words) == 3:
            self.now = self.time(row, words[0])
            self.writes.append((self.now, self.byte(row, words[1]), self.byte(row, words[2])))
        else:
            raise SongError(f"row {row}: expected TIME ADDR DATA or a directive, got {line.strip()[:40]!r}")

    def directive(self, row: int, word: str, rest: list[str], line: str) -> None:
        """Obey one directive."""
        if word in ("end", "finish"):
            self.ended = True
        elif word == "loop":
            self.loop = (self.now, len(self.writes))
        elif word == "title":
            self.tags["title"] = _COMMENT.sub("", line).split(None, 1)[1].strip() if rest else ""
        elif word == "unit" and rest[:1] and rest[0] in UNITS:
            self.unit = rest[0]
        elif word == "clock":
            self.clock = check_clock(self.number(row, word, rest), f"row {row}")
        elif word == "rate":
            self.rate = self.number(row, word, rest)
        elif word == "wait" and rest:
            self.now = self.time(row, "+" + rest[0].removeprefix("+"))
        else:
            raise SongError(f"row {row}: expected {word} and its value, got {line.strip()[:40]!r}")

    def number(self, row: int, word: str, rest: list[str]) -> int:
        """Return a directive's whole number."""
        if len(rest) != 1 or not rest[0].isascii() or not rest[0].isdigit() or not 0 < int(rest[0][:10]) < 10**9:
            raise SongError(f"row {row}: expected {word} and a number of Hz")
        return int(rest[0])

    def time(self, row: int, word: str) -> Fraction:
        """Return a time in samples or seconds, by its spelling and the unit."""
        try:
            value = Fraction(Decimal(word.removeprefix("+")))
        except InvalidOperation:
            value = Fraction(-1)
        if not _TIME.match(word) or not 0 <= value <= LONGEST * self.clock:
            raise SongError(f"row {row}: expected a time, got {word[:40]!r}")
        as_seconds = self.unit in ("s", "ms") or (self.unit is None and "." in word)
        if self.unit == "ms":
            value /= 1000
        if as_seconds and not self.seconds:
            self.to_seconds()
        if self.seconds and not as_seconds:
            value *= self.sample()
        return self.now + value if word.startswith("+") else value

    def sample(self) -> Fraction:
        """Return the length of a sample in seconds."""
        return Fraction(1, self.rate) if self.rate else Fraction(MASTER_CLOCKS_PER_FRAME, self.clock)

    def to_seconds(self) -> None:
        """Turn all times so far into seconds."""
        self.seconds = True
        length = self.sample()
        self.now *= length
        self.writes = [(time * length, address, byte) for time, address, byte in self.writes]
        if self.loop:
            self.loop = (self.loop[0] * length, self.loop[1])

    def byte(self, row: int, word: str) -> int:
        """Return an address or data byte."""
        found = _HEX.match(word)
        value = 0x08 if word.lower() in KEYS else int(found[1], 16) if found else -1
        if not 0 <= value <= 0xFF:
            raise SongError(f"row {row}: expected a byte in hex, got {word[:40]!r}")
        return value


def read(data: bytes, time_unit: str | None = None) -> Log:
    """Read a text log."""
    reader = _Reader(unit={"samples": "samples", "seconds": "s", None: None}[time_unit])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SongError(f"byte {error.start}: expected UTF-8 text") from None
    for row, line in enumerate(text.splitlines(), 1):
        reader.line(row, line)
    scale = PICOSECONDS if reader.seconds else 1
    table = np.zeros(len(reader.writes), WRITE)
    table["time"] = [int(time * scale) for time, _, _ in reader.writes]
    table["address"] = [address for _, address, _ in reader.writes]
    table["data"] = [byte for _, _, byte in reader.writes]
    notes = []
    loop = Loop(int(reader.loop[0] * scale), reader.loop[1]) if reader.loop else None
    if (np.diff(table["time"]) < 0).any():
        table = table[np.argsort(table["time"], kind="stable")]
        notes.append("lines were not in the order of their times: sorted" + (", not looped" if loop else ""))
        loop = None
    length = max(int(reader.now * scale), int(table["time"].max()) if len(table) else 0)
    if loop and loop.tick >= length:
        loop = None
    samples = Fraction(reader.rate) if reader.rate else None
    rate = Fraction(PICOSECONDS) if reader.seconds else samples
    return Log("text log", table, length, rate, reader.clock, loop=loop, tags=reader.tags, notes=notes)
