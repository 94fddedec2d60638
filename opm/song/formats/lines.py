"""Compiled: the lines of a text log that nearly all of it consists of.

Writes, ``wait N`` and comments; times are kept in two whole numbers, the second in 10**-18 of the first. Any other line
is left to Python, which is slow, knows all spellings and says what is wrong.
"""

import numpy as np

from ..._jit import block, entry
from ...registers import KON

ROW = np.dtype([("whole", np.int64), ("rest", np.int64), ("address", np.uint8), ("data", np.uint8)])
"""A write and its time, in samples or seconds."""
REST = 10**18
WHOLE, POINTED, ZERO, MILLI, EXACT = 1, 2, 4, 8, 16
"""The spellings of a time that are taken here: without a point; with one; a whole 0; in milliseconds. EXACT: the time
so far is exact, so that others can count from it."""

PADDING = b"\n" * 8
"""Ends the last line, and lets the walk look some bytes ahead without asking for the end."""
BLANK, LINE_END, COMMENT, OTHER = range(16, 20)
_CLASS = np.full(256, OTHER)
# LF and CR alone end a line: what else Unicode takes for an end (VT, U+2028) made one line count as thousands.
_CLASS[list(b" \t,")] = BLANK
_CLASS[list(b"\r\n")] = LINE_END
_CLASS[list(b"#;")] = COMMENT
for _digit in range(16):
    _CLASS[list(f"{_digit:x}{_digit:X}".encode())] = _digit
_DOLLAR, _PLUS, _POINT, _SLASH, _RETURN, _NEWLINE = b"$+./\r\n"
_WAIT, _KEY_ON, _KEY_OFF = (np.frombuffer(word, np.uint8) for word in (b"wait", b"keyon", b"keyoff"))


@block
def _kind(data, at):
    """Return a character's class, or the value of a hex digit."""
    return COMMENT if data[at] == _SLASH and data[at + 1] == _SLASH else _CLASS[data[at]]


@block
def _blanks(data, at):
    while _kind(data, at) == BLANK:
        at += 1
    return at


@block
def _next_line(data, at):
    """Return where the line after a blank rest or a comment begins; -1 if there is something else."""
    if _kind(data, at) == COMMENT:
        while _CLASS[data[at]] != LINE_END:
            at += 1
    if _kind(data, at) != LINE_END:
        return -1
    return at + 1 + (data[at] == _RETURN and data[at + 1] == _NEWLINE)


@block
def _time(data, at, forms):
    """Read a time; return its two parts and where it ends, -1 if it is not spelt as expected."""
    whole, rest, unit, start, point = 0, 0, REST, at, -1
    # 13 digits before the point and 18 behind it fit 64 bits each.
    while at - start < 32:
        if data[at] == _POINT and point < 0:
            point = at
        elif _kind(data, at) > 9 or (point < 0 and at - start > 12) or (point >= 0 and unit == 1):
            break
        elif point < 0:
            whole = 10 * whole + _kind(data, at)
        else:
            unit //= 10
            rest += unit * _kind(data, at)
        at += 1
    digits = at - start - (point >= 0)
    # A time in a spelling that changes the unit of the log (seconds after samples) is left to Python.
    spelt = forms & (POINTED if point >= 0 else WHOLE if whole else WHOLE | ZERO)
    if digits == 0 or spelt == 0 or _kind(data, at) < BLANK or _kind(data, at) == OTHER:
        return 0, 0, -1
    # Milliseconds are three places of the rest: beyond 10**-18 it would not be exact.
    if forms & MILLI:
        return whole // 1000, whole % 1000 * (REST // 1000) + rest // 1000, -1 if rest % 1000 else at
    return whole, rest, at


@block
def _says(data, at, word):
    """Say whether a word stands there, in upper or lower case."""
    for i in range(word.size):
        if data[at + i] | 0x20 != word[i]:
            return False
    return _kind(data, at + word.size) in (BLANK, LINE_END, COMMENT)


@block
def _hex(data, at):
    """Read a byte; return it and where it ends, -1 if it is not one."""
    # The family's log editor shows register 08 so; the data says which of the two it is.
    for word in (_KEY_ON, _KEY_OFF):
        if _says(data, at, word):
            return KON, at + word.size
    if data[at] == _DOLLAR:
        at += 1
    elif data[at] == 0x30 and data[at + 1] | 0x20 == 0x78:
        at += 2
    # Up to three digits, as jt51's scripts have them: $020 is register 20.
    value, start = 0, at
    while _kind(data, at) < BLANK and at - start < 4:
        value = 16 * value + _kind(data, at)
        at += 1
    fits = 0 < at - start < 4 and value <= 0xFF and _kind(data, at) != OTHER
    return value, at if fits else -1


@entry
def read_lines(data, at, row, whole, rest, latest, forms, rows, count):
    """Read lines as long as they are writes, waits or comments; behind the data stands PADDING.

    Returns where it stopped, the row there, the time in two parts, whether that is exact, and the number of writes.
    """
    exact = forms & EXACT
    while at < data.size - len(PADDING) and count < rows.size:
        start = _blanks(data, at)
        after, writes = _next_line(data, start), False
        if after < 0:
            waits, w, r = _says(data, start, _WAIT), 0, 0
            writes = not waits
            end = _blanks(data, start + _WAIT.size) if waits else start
            plus = data[end] == _PLUS
            relative = plus or waits or data[start] == _DOLLAR
            if data[start] != _DOLLAR:
                w, r, end = _time(data, end + plus, forms)
            # A time that 10**-18 cannot hold (1/3 sample) is kept as a fraction by Python, which counts on from it.
            if end < 0 or (relative and not exact):
                break
            address, byte = 0, 0
            if writes:
                address, end = _hex(data, _blanks(data, end))
                byte, end = _hex(data, _blanks(data, end)) if end >= 0 else (0, -1)
            after = _next_line(data, _blanks(data, end)) if end >= 0 else -1
            w, r = (whole + w, rest + r) if relative else (w, r)
            w, r = w + r // REST, r % REST
            if after < 0 or w > latest or (w == latest and r > 0):
                break
            whole, rest, exact = w, r, EXACT
        # Only now, when the whole line is known to be good: Python reads a line again from its beginning.
        if writes:
            rows[count]["whole"], rows[count]["rest"] = whole, rest
            rows[count]["address"], rows[count]["data"] = address, byte
            count += 1
        at, row = after, row + 1
    return at, row, whole, rest, exact != 0, count
