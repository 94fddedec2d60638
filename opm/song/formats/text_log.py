"""Plain-text logs: one write per line, ``TIME ADDR DATA``, and a few directives.

Blanks, tabs or commas separate; ``#``, ``;`` and ``//`` start comments. TIME: whole = samples, with a point =
seconds, ``+`` in front = since the line before. ADDR and DATA: hex, with or without 0x or $; ADDR may be KeyON
or KeyOFF. Directives: ``clock HZ``, ``rate HZ``, ``unit seconds|samples|milliseconds`` (or ``s``, ``ms``),
``wait N``, ``$AA,DD`` (a write now), ``loop``, ``end`` (or ``finish``), ``title TEXT``.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._file import decoded
from ...events import MASTER_CLOCKS_PER_FRAME
from ...pitch import REFERENCE_CLOCK
from ..data import PICOSECONDS, WRITE, Loop, Opm, SongError, check_clock
from ..limits import LONGEST, LONGEST_LINE, MOST_DIGITS, MOST_LINES, MOST_WRITES
from ..song import Song
from .common import checked_loop
from .lines import EXACT, MILLI, PADDING, POINTED, REST, ROW, WHOLE, ZERO, read_lines

UNITS = {"s": "s", "seconds": "s", "samples": "samples", "ms": "ms", "milliseconds": "ms"}
SHORTEST = 5
"""Bytes of the shortest line that is a write, ``$0 0`` and its end: so many writes a file can have at most."""
_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n)?")
_COMMENT = re.compile(r"(#|;|//).*")
_HEX = re.compile(r"(?:0x|\$)?([0-9a-f]{1,3})$", re.IGNORECASE)
_TIME = re.compile(r"\+?\d+(\.\d*)?$|\+?\.\d+$")
_WORDS = ("clock", "rate", "unit", "wait", "loop", "end", "finish", "title")
KEYS = ("keyon", "keyoff")


def recognise(data: bytes) -> bool:
    """Look at the first line that is not blank or a comment."""
    text = data[:65_536].decode("utf-8-sig", errors="ignore")
    # A file of some other kind can have a first line in the grammar; text has no zeros.
    if "\0" in text:
        return False
    for line in re.split("[\r\n]+", text):
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

    data: npt.NDArray[np.uint8]
    """The file, with PADDING."""
    unit: str | None = None
    clock: int = REFERENCE_CLOCK
    rate: int | None = None
    now: Fraction = Fraction(0)
    seconds: bool = False
    rows: npt.NDArray[Any] = field(init=False)
    """ROW of ``lines``: room for all the writes there may be."""
    count: int = 0
    loop: tuple[Fraction, int] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    def __post_init__(self) -> None:
        # Room for all at once: compiled code cannot lengthen a table.
        self.rows = np.empty(min(len(self.data) // SHORTEST + 1, MOST_WRITES), ROW)

    def lines(self, at: int, row: int) -> tuple[int, int]:
        """Take as many lines as compiled code knows; return where the next begins, and its row."""
        # Only spellings that need no decision: one with a point turns a log in samples into one in seconds.
        forms = {"ms": WHOLE | POINTED | MILLI, None: POINTED if self.seconds else WHOLE}.get(
            self.unit, WHOLE | POINTED
        )
        if self.unit is not None and (self.unit == "samples") == self.seconds:
            forms = 0
        forms |= (ZERO if self.seconds else 0) | (EXACT if REST % self.now.denominator == 0 else 0)
        before = _whole_and_rest(self.now)
        at, row, whole, rest, exact, self.count = read_lines(
            self.data, at, row, *before, self.latest, forms, self.rows, self.count
        )
        # Else ``now`` keeps the fraction that no 10**-18 can hold.
        if exact and (whole, rest) != before:
            self.now = int(whole) + Fraction(int(rest), REST)
        return at, row

    def line(self, row: int, line: str) -> None:
        """Take one line."""
        words = _words(line)
        if not words or self.ended:
            return
        word = words[0].lower()
        if word in _WORDS:
            self.directive(row, word, words[1:], line)
        elif words[0].startswith("$") and len(words) == 2:
            self.write(row, words[0], words[1])
        elif len(words) == 3:
            self.now = self.time(row, words[0])
            self.write(row, words[1], words[2])
        else:
            raise SongError(f"row {row}: expected TIME ADDR DATA or a directive, got {line.strip()[:40]!r}")

    def write(self, row: int, address: str, byte: str) -> None:
        """Add a write at the current time."""
        if self.count == len(self.rows):
            raise SongError(f"row {row}: expected at most {MOST_WRITES} writes")
        self.rows[self.count] = (*_whole_and_rest(self.now), self.byte(row, address), self.byte(row, byte))
        self.count += 1

    def directive(self, row: int, word: str, rest: list[str], line: str) -> None:
        """Obey one directive."""
        if word in ("end", "finish"):
            self.ended = True
        elif word == "loop":
            self.loop = (self.now, self.count)
        elif word == "title":
            self.tags["title"] = (
                re.split(r"[\s,]+", _COMMENT.sub("", line).strip(" \t,"), maxsplit=1)[-1] if rest else ""
            )
        elif word == "unit" and rest[:1] and rest[0] in UNITS:
            self.unit = UNITS[rest[0]]
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
        if len(rest) != 1 or not re.fullmatch("0{0,9}[1-9][0-9]{0,8}", rest[0]):
            raise SongError(f"row {row}: expected {word} and a number of Hz")
        return int(rest[0])

    def time(self, row: int, word: str) -> Fraction:
        """Return a time in samples or seconds, by its spelling and the unit."""
        if not _TIME.match(word) or len(word) > MOST_DIGITS:
            raise SongError(f"row {row}: expected a time, got {word[:40]!r}")
        # By its digits: as a float 0.1 would not be 0.1 s, and waits would add up to something else.
        value = Fraction(Decimal(word.removeprefix("+")))
        as_seconds = self.unit in ("s", "ms") or (self.unit is None and "." in word)
        if self.unit == "ms":
            value /= 1000
        if as_seconds and not self.seconds:
            self.to_seconds()
        if self.seconds and not as_seconds:
            value *= self.sample
        now = self.now + value if word.startswith("+") else value
        if now > self.latest or now.denominator > 10**MOST_DIGITS:
            raise SongError(f"row {row}: expected a time of at most {LONGEST} seconds, got {word[:40]!r}")
        return now

    @property
    def sample(self) -> Fraction:
        """The length of a sample in seconds."""
        return Fraction(1, self.rate) if self.rate else Fraction(MASTER_CLOCKS_PER_FRAME, self.clock)

    @property
    def latest(self) -> int:
        """The last second or sample that a time can be."""
        return LONGEST if self.seconds else int(LONGEST / self.sample)

    def to_seconds(self) -> None:
        """Turn all times so far into seconds."""
        self.seconds = True
        length = self.sample
        # Integer arithmetic throughout: in floats the write of a frame could come a frame later.
        self.now *= length
        rows = self.rows[: self.count]
        whole, left = np.divmod(rows["whole"] * length.numerator, length.denominator)
        rest = np.zeros_like(whole)
        # A long division in two steps of nine digits, whose products fit 64 bits.
        for part, unit in ((rows["rest"] // 10**9, 10**9), (rows["rest"] % 10**9, 1)):
            digits, left = np.divmod(left * 10**9 + part * length.numerator, length.denominator)
            rest += digits * unit
        rows["whole"], rows["rest"] = whole + rest // REST, rest % REST
        if self.loop:
            self.loop = (self.loop[0] * length, self.loop[1])

    def byte(self, row: int, word: str) -> int:
        found = _HEX.match(word)
        value = 0x08 if word.lower() in KEYS else int(found[1], 16) if found else -1
        if not 0 <= value <= 0xFF:
            raise SongError(f"row {row}: expected a byte in hex, got {word[:40]!r}")
        return value


def _whole_and_rest(time: Fraction) -> tuple[int, int]:
    """Return a time as ROW has it, what is less than 10**-18 cut off."""
    return divmod(time.numerator * REST // time.denominator, REST)


def read(data: bytes, time_unit: str | None = None) -> Song:
    """Read a text log."""
    # What the listener says stands for a unit directive at the top.
    reader = _Reader(np.frombuffer(data + PADDING, np.uint8), time_unit and UNITS[time_unit])
    at, row, slow = 3 if data.startswith(b"\xef\xbb\xbf") else 0, 1, 0
    while not reader.ended:
        at, row = reader.lines(at, row)
        if at >= len(data):
            break
        # Lines that Python reads take far longer: 0.76 MB of them took 3.4 s. So their number has a limit.
        slow += 1
        line: re.Match[bytes] = _LINE.match(data, at)  # type: ignore[assignment]
        if slow > MOST_LINES or len(line[1]) > LONGEST_LINE:
            most = f"at most {MOST_LINES} lines other than writes" if slow > MOST_LINES else "a shorter line"
            raise SongError(f"row {row}: expected {most}")
        reader.line(row, decoded(line[1]))
        at, row = line.end(), row + 1
    return _song(reader)


def _song(reader: _Reader) -> Song:
    rows = reader.rows[: reader.count]
    # Asked again: a rate or clock after the times has moved the limit.
    late = rows["whole"] + (rows["rest"] > 0) > reader.latest
    if reader.now > reader.latest or late.any():
        raise SongError(f"expected a song of at most {LONGEST} seconds")
    scale = PICOSECONDS if reader.seconds else 1
    table = np.zeros(len(rows), WRITE)
    table["time"] = rows["whole"] * scale + rows["rest"] // (REST // scale)
    table["address"], table["data"] = rows["address"], rows["data"]
    remarks: list[str] = []
    loop = Loop(int(reader.loop[0] * scale), reader.loop[1]) if reader.loop else None
    if (np.diff(table["time"]) < 0).any():
        table = table[np.argsort(table["time"], kind="stable")]
        remarks.append("lines were not in the order of their times: sorted" + (", not looped" if loop else ""))
        # Which writes the loop has is said by their order in the file, which no longer holds.
        loop = None
    length = max(int(reader.now * scale), int(table["time"].max()) if len(table) else 0)
    if loop:
        loop = checked_loop(loop, length, "loop", remarks)
    samples = Fraction(reader.rate) if reader.rate else None
    rate = Fraction(PICOSECONDS) if reader.seconds else samples
    return Song.of(
        format="text log",
        rows=table,
        end=length,
        ticks_per_second=rate,
        opms=(Opm(clock=reader.clock),),
        loop_start=loop,
        tags=reader.tags,
        read_remarks=tuple(remarks),
    )
