"""A track of a MIDI file as compact rows: its events' boundaries, and what is damaged.

Sources: the Standard MIDI Files 1.0 specification (RP-001), and a thousand files of games, archives and test suites,
half of them damaged. What is told here of files in the wild was seen there.
"""

from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

from .limits import LARGEST_ESCAPE, LARGEST_SYSEX, LARGEST_TEXT, MOST_DIFFERENT, MOST_EVENTS
from .text import Tags

TRACK = b"MTrk"
_SIZES = (0,) * 8 + (2, 2, 2, 2, 1, 1, 2)
"""Data bytes of channel messages, by the status's upper half."""
_SYSTEM_SIZES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of system messages; the others have none."""
_NOTE_OFF, _NOTE_ON, _PRESSURE, _CONTROL, _PROGRAM = range(0x8, 0xD)
_BANKS = (0, 32)
"""Controllers that choose a bank."""
LOOP_CONTROLS = (110, 111)
"""Controllers that begin and end a loop."""
_SYSEX, _SYSEX_END, _META = 0xF0, 0xF7, 0xFF
_TEXT, _COPYRIGHT, _NAME, _MARKER, _CUE, _PORT, _END, _TEMPO = 0x01, 0x02, 0x03, 0x06, 0x07, 0x21, 0x2F, 0x51
_END_EVENT = b"\xff\x2f\x00"
_NUMBERS = {
    0x00: "sequence number", 0x20: "channel prefix", _PORT: "port", _TEMPO: "tempo", 0x54: "SMPTE offset",
    0x58: "time signature", 0x59: "key signature",
}  # fmt: skip
"""Meta events that hold numbers."""
_LARGEST_NUMBERS = 8
"""Bytes of such an event: the longest, an offset, has five."""
LOOP_START, LOOP_END = 0, 1
LOOP_TEXTS = {b"loopstart": LOOP_START, b"loopend": LOOP_END}
"""Texts that begin and end a loop, in lower case."""
PORT = 40
"""The bit of a row from which on the port stands."""
SYSEX_ROW = 1 << 32
"""Added to the number of a system exclusive message in a row."""


class Remarks:
    """What was decided or met of a kind: its first place, and how often."""

    def __init__(self) -> None:
        self._kinds: dict[str, list[int]] = {}

    def add(self, at: int, what: str) -> None:
        """Note a place."""
        self._kinds.setdefault(what, [at, 0])[1] += 1

    def lines(self) -> tuple[str, ...]:
        """Return a line for each kind."""
        more = {1: "", 2: " (and once more)"}
        return tuple(
            f"byte 0x{at:X}: {what}" + more.get(count, f" (and {count - 1} times more)")
            for what, (at, count) in self._kinds.items()
        )


class Stop(Exception):
    """A track cannot be read further: the place, and why."""


class Said(NamedTuple):
    """A number that a file says at a tick, and the place where it does."""

    tick: int
    value: int
    place: int


@dataclass
class Rows:
    """What a track holds: a number an event, since objects would take ten times the memory."""

    ticks: "array[int]" = field(default_factory=lambda: array("q"))
    messages: "array[int]" = field(default_factory=lambda: array("q"))
    """Status and two data bytes, a byte each, or ``SYSEX_ROW`` and the number in ``Gathered.sysex``; the port from bit
    ``PORT`` on."""
    places: "array[int]" = field(default_factory=lambda: array("q"))
    """Where in the file each stands."""
    tempos: list[Said] = field(default_factory=list)
    """Microseconds a beat."""
    loops: list[Said] = field(default_factory=list)
    """Texts: ``LOOP_START`` or ``LOOP_END``."""
    controls: list[Said] = field(default_factory=list)
    """``LOOP_CONTROLS``, as they come."""
    end: int = 0
    """Tick at which the track ends."""
    stop: int = 0
    """Where in the file that is."""


@dataclass
class Gathered:
    """What is counted and kept over all tracks of a file."""

    remarks: Remarks = field(default_factory=Remarks)
    tags: Tags = field(default_factory=Tags)
    sysex: dict[bytes, int] = field(default_factory=dict)
    """System exclusive messages, F0 to F7, and their numbers: resets come again and again."""
    numbers: dict[bytes, int | None] = field(default_factory=dict)
    """Meta events that hold numbers and what they say: tempos and signatures come again and again."""
    events: int = 0
    text_left: int = LARGEST_TEXT
    sysex_left: int = LARGEST_SYSEX


def chunk_at(data: bytes, at: int, end: int) -> bool:
    """Return whether a chunk begins at a place: a track's, or another whose name is letters and which fits in."""
    name, size = data[at : at + 4], data[at + 4 : at + 8]
    if len(size) < 4 or at + 8 > end:
        return False
    fits = at + 8 + int.from_bytes(size, "big") <= end
    return name == TRACK or (fits and name.isascii() and name.rstrip().isalnum())


def variable(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a number of variable length, seven bits a byte, and the place behind it.

    Raises
    ------
    Stop
        It has more than the four bytes of the specification, or is cut.
    """
    value = 0
    for place in range(at, min(at + 4, end)):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    if at + 4 > end:
        raise Stop(at, "the data is cut short, expected a number of the MIDI file's")
    raise Stop(at, "expected a number of at most 4 bytes: the rest of the track is left out")


class Track:
    """A walk through a track's bytes, from ``at`` to ``end``; the rows it makes are ``rows``."""

    def __init__(self, data: bytes, at: int, end: int, gathered: Gathered, first: bool, sound: bool) -> None:
        self.data, self.at, self.end, self.first = data, at, end, first
        self.sound = sound
        """Whether the chunk's length can be right, so that nothing behind it is the track's."""
        self.gathered, self.remarks = gathered, gathered.remarks
        self.rows, self.tick, self.port, self.ended = Rows(), 0, 0, False
        self._packets = bytearray()
        """A system exclusive message of which more is to come."""

    def walk(self) -> int:
        """Read as far as it goes, and return the place behind it: that of the damage, if there is any."""
        try:
            stop = self._walk()
        except Stop as damage:
            stop, what = damage.args
            self.remarks.add(stop, what)
        self.rows.end, self.rows.stop = self.tick, stop
        return stop

    def _walk(self) -> int:
        data, end, add = self.data, self.end, self._add
        at, running = self.at, 0
        while at < end and not self.ended:
            place = at
            # Where the length is wrong the next track may begin anywhere.
            if not self.sound and data[at] == TRACK[0] and data.startswith(TRACK, at) and chunk_at(data, at, end):
                break
            delta, at = (data[at], at + 1) if data[at] < 0x80 else variable(data, at, end)
            if at >= end:
                raise Stop(place, "the data is cut short, expected a MIDI event")
            if data[at] < 0x80 and not running:
                at = self._lost(place, at)
                continue
            self.tick += delta
            self._count(place)
            # RP-001 has meta and system exclusive events end a running status; files go on with it all the same.
            status = data[at] if data[at] >= 0x80 else running
            at += data[at] >= 0x80
            if status >= _SYSEX:
                at = self._system(place, status, at)
                continue
            running = status
            size = _SIZES[status >> 4]
            if at + size > end:
                raise Stop(place, "the data is cut short, expected a MIDI event")
            add(place, status, data[at], data[at + 1] if size == 2 else 0)
            at += size
        if not self.ended:
            self.remarks.add(at, "a track has no End of Track")
        return at

    def _count(self, place: int) -> None:
        """Count an event; ValueError if there are too many."""
        self.gathered.events += 1
        if self.gathered.events > MOST_EVENTS:
            raise ValueError(f"byte 0x{place:X}: expected at most {MOST_EVENTS} MIDI events")

    def _lost(self, place: int, at: int) -> int:
        """Return where the next event begins: data stand without a status behind texts too long for their length."""
        self.remarks.add(place, "data without a status: skipped to the next one")
        self._count(place)
        data = self.data
        while at < self.end and data[at] < 0x80:
            at += 1
        if at < self.end and data[at] == _SYSEX_END:
            return at + 1  # the end of a message too long for its length
        # The byte before a status is the time.
        return at - 1 if at < self.end else at

    def _add(self, place: int, status: int, first: int, second: int) -> None:
        """Add a channel message."""
        if (first | second) & 0x80:
            # 255 is "none" for some sequencers, and volumes go up to 254 in others. What measures is clipped; what
            # chooses would choose something else: bank 127 has drums.
            kind = status >> 4
            chooses = kind == _PROGRAM or (kind == _CONTROL and first in _BANKS)
            if chooses or (first & 0x80 and kind in (_NOTE_OFF, _NOTE_ON, _PRESSURE, _CONTROL)):
                self.remarks.add(place, "a key, program, bank or controller over 127: left out")
                return
            self.remarks.add(place, "a data byte over 127: taken as 127")
            first, second = min(first, 127), min(second, 127)
        if status >> 4 == _CONTROL and first in LOOP_CONTROLS:
            self.rows.controls.append(Said(self.tick, first, place))
        self._row(place, status << 16 | first << 8 | second)

    def _row(self, place: int, message: int) -> None:
        rows = self.rows
        rows.ticks.append(self.tick)
        rows.messages.append(self.port << PORT | message)
        rows.places.append(place)

    def _exclusive_row(self, place: int, message: bytes) -> None:
        self._row(place, SYSEX_ROW | self.gathered.sysex.setdefault(message, len(self.gathered.sysex)))

    def _system(self, place: int, status: int, at: int) -> int:
        """Take an event that is no channel message, from behind its status, and return the place behind it."""
        if status == _META:
            return self._meta(place, at)
        if status in (_SYSEX, _SYSEX_END):
            return self._exclusive(place, status, at)
        self.remarks.add(place, "a system message, which a file cannot have: left out")
        return at + _SYSTEM_SIZES.get(status, 0)

    def _body(self, at: int) -> tuple[int, int]:
        """Return where the bytes of an event begin and end, from the place of their number."""
        size, start = variable(self.data, at, self.end)
        if start + size > self.end:
            raise Stop(at, "the data is cut short, expected all bytes of an event")
        return start, start + size

    def _meta(self, place: int, at: int) -> int:
        if at >= self.end:
            raise Stop(place, "the data is cut short, expected a meta event")
        kind = self.data[at]
        start, stop = self._body(at + 1)
        if kind == _END:
            self._finish(place, stop)
        elif kind in _NUMBERS:
            self._number(place, kind, self.data[start : min(stop, start + _LARGEST_NUMBERS)])
        elif kind in (_TEXT, _COPYRIGHT, _NAME, _MARKER, _CUE):
            self._text(place, kind, self.data[start : min(stop, start + LARGEST_TEXT + 1)])
        return stop

    def _finish(self, place: int, stop: int) -> None:
        """Take an End of Track: the last one, where the chunk ends with another."""
        data, last = self.data, self.end - len(_END_EVENT)
        again = self.sound and stop <= last and data.startswith(_END_EVENT, last) and not data.startswith(TRACK, stop)
        self.ended = not again
        if again and stop + 1 < last:
            self.remarks.add(place, "an End of Track before the end: what comes behind is played, too")

    def _number(self, place: int, kind: int, body: bytes) -> None:
        """Take a tempo or a port; of all others it is said if they are none."""
        event, known = bytes((_META, kind, len(body))) + body, self.gathered.numbers
        if event not in known:
            if len(known) == MOST_DIFFERENT:
                raise ValueError(f"byte 0x{place:X}: expected at most {MOST_DIFFERENT} different meta events")
            known[event] = _meant(event)
        value = known[event]
        if value is None or (kind == _TEMPO and value == 0):
            self.remarks.add(place, f"a bad meta event ({_NUMBERS[kind]}): left out")
        elif kind == _TEMPO:
            self.rows.tempos.append(Said(self.tick, value, place))
        elif kind == _PORT:
            self.port = value

    def _text(self, place: int, kind: int, text: bytes) -> None:
        """Take a text that says something of the music, or where it loops."""
        # Names of other tracks are those of instruments.
        kept = kind == _COPYRIGHT or text[:1] == b"@" or (self.first and (kind == _NAME or self.tick == 0))
        loop = LOOP_TEXTS.get(text.strip(b" \0\r\n").lower()) if kind in (_TEXT, _MARKER, _CUE) else None
        if loop is not None:
            self.rows.loops.append(Said(self.tick, loop, place))
        elif kept and kind in (_TEXT, _COPYRIGHT, _NAME):
            self._tag(place, kind, text)

    def _tag(self, place: int, kind: int, text: bytes) -> None:
        """Keep a text as a tag, unless there are too many."""
        if len(text) > self.gathered.text_left:
            self.remarks.add(place, f"more than {LARGEST_TEXT} bytes of text: left out")
            return
        self.gathered.text_left -= len(text)
        if kind == _TEXT and text[:1] == b"@":
            self.gathered.tags.karaoke(text)
        else:
            self.gathered.tags.add({_TEXT: "notes", _COPYRIGHT: "copyright", _NAME: "title"}[kind], text)

    def _exclusive(self, place: int, status: int, at: int) -> int:
        """Take a system exclusive message, a packet of one, or bytes to be sent as they are."""
        start, stop = self._body(at)
        if stop - start > self.gathered.sysex_left:
            self.remarks.add(place, f"more than {LARGEST_SYSEX} bytes of system exclusive messages: left out")
            self._packets.clear()
            return stop
        body = self.data[start:stop]
        self.gathered.sysex_left -= len(body)
        if status == _SYSEX_END and not self._packets:
            self._escape(place, body)
            return stop
        if status == _SYSEX:
            self._packets = bytearray((_SYSEX,))
            inner = body.find(_SYSEX_END)
            if body[-1:] != b"\xf7" and inner >= 0:
                self.remarks.add(place, "a system exclusive message shorter than its length: taken up to its end, F7")
                body, stop = body[: inner + 1], start + inner + 1
        self._packets += body
        if body[-1:] == b"\xf7":
            self._whole(place)
        elif not self._continued(stop):
            self.remarks.add(place, "a system exclusive message without its end, F7")
            self._packets += b"\xf7"
            self._whole(place)
        return stop

    def _continued(self, at: int) -> bool:
        """Return whether the event at a place is a further packet."""
        for _ in range(4):
            if at < self.end and self.data[at] & 0x80:
                at += 1
        return self.data[at + 1 : min(at + 2, self.end)] == b"\xf7"

    def _whole(self, place: int) -> None:
        """Add a system exclusive message that is complete."""
        whole = bytes(self._packets)
        self._packets.clear()
        if max(whole[1:-1], default=0) < 0x80:
            self._exclusive_row(place, whole)
        else:
            self._escape(place, whole)  # some files have several in one event

    def _escape(self, place: int, body: bytes) -> None:
        """Add the messages in bytes to be sent as they are."""
        import mido

        if len(body) > LARGEST_ESCAPE:
            self.remarks.add(place, f"more than {LARGEST_ESCAPE} bytes to be sent as they are: left out")
            return
        found = [message.bytes() for message in mido.parse_all(body)]
        for message in found:
            self._count(place)
            if message[0] == _SYSEX:
                self._exclusive_row(place, bytes(message))
            elif message[0] < _SYSEX:
                self._add(place, *message, *[0] * (3 - len(message)))
        if not found and body:
            self.remarks.add(place, "bytes that are no message: left out")


def _meant(event: bytes) -> int | None:
    """Return the tempo or port that a meta event of numbers says, 0 for another that is one, or None if it is none."""
    import mido

    try:
        message = mido.MetaMessage.from_bytes(event)
    except (ValueError, LookupError, mido.KeySignatureError):
        return None
    value: int = vars(message).get("tempo", vars(message).get("port", 0))
    return value
