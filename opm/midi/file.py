"""Standard MIDI files: types 0, 1 and 2, bare or in RIFF; the messages with their times, the loop, what they are named.

What a message means is mido's; where chunks and events begin, and what becomes of damaged ones, is ``track``'s.
Sources: the Standard MIDI Files 1.0 specification (RP-001), and Microsoft's and IBM's RIFF (RMID).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from .header import HEADER
from .limits import FURTHEST, MOST_CHUNKS, MOST_DIFFERENT
from .text import INFO, riff_chunks
from .times import FRAME_RATES, FRAMES, Times
from .track import LOOP_CONTROLS, LOOP_END, LOOP_START, PORT, SYSEX_ROW, TRACK, Gathered, Rows, Track, chunk_at

if TYPE_CHECKING:
    import mido

_SYNCHRONOUS, _SEQUENCES = 1, 2
"""The types that are known: 0, one track; 1, tracks played together; 2, tracks played one after the other."""
SHORTEST_LOOP = 0.1
"""Seconds of a loop."""


class Event(NamedTuple):
    """A message of a file."""

    seconds: float
    """From the start of the file."""
    port: int
    """0 if the file says none; each has 16 channels."""
    message: "mido.Message"
    """A channel message or a system exclusive one. Equal ones are one frozen object."""


@dataclass(frozen=True)
class MidiFile:
    """What a MIDI file holds."""

    format: str
    """``MIDI type 1``, ``RMID, MIDI type 0`` ..."""
    events: list[Event]
    """By time, then by track; tracks of type 2 one after the other."""
    length: float
    """Seconds to the last event, ends of tracks among them."""
    loop: tuple[float, float] | None
    """Seconds at which it begins and ends."""
    tags: dict[str, str]
    """``title``, ``author``, ``copyright``, ``date``, ``notes``, as far as there are."""
    remarks: tuple[str, ...]
    """A line for each kind of damage and decision, with its first place and how often it was met."""


def read_file(data: bytes) -> MidiFile:
    """Read a MIDI file, damaged ones as far as they go.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    MidiFile

    Raises
    ------
    ValueError
        Nothing of it can be played, or it is beyond ``limits``: one line with the byte and what was expected.

    Examples
    --------
    >>> header = bytes.fromhex("4D546864 00000006 0000 0001 0060")
    >>> track = bytes.fromhex("4D54726B 0000000C 00 90 3C 64  60 80 3C 40  00 FF 2F 00")
    >>> file = read_file(header + track)
    >>> file.format, [(event.seconds, event.message.type) for event in file.events]
    ('MIDI type 0', [(0.0, 'note_on'), (0.5, 'note_off')])
    """
    return _Reader(data).read()


class _Reader:
    """A file that is being read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.end = data, len(data)
        self.gathered = Gathered()
        self.remarks = self.gathered.remarks

    def read(self) -> MidiFile:
        """Return what it holds."""
        start = self._start()
        kind, tracks, division, at = self._header(start)
        read = list(self._tracks(at))
        if not read:
            raise ValueError(f"byte 0x{at:X}: expected a track (MTrk)")
        if len(read) != tracks:
            self.remarks.add(start + 10, f"the header says {tracks} tracks, {len(read)} are there")
        times = Times(division, read, kind == _SEQUENCES, self.remarks)
        return MidiFile(
            format="RMID, " * (self.data[:4] == b"RIFF") + f"MIDI type {kind}",
            events=self._events(times),
            length=times.length,
            loop=self._loop(times),
            tags=self.gathered.tags.made(),
            remarks=self.remarks.lines(),
        )

    def _start(self) -> int:
        """Return where the header begins; take a RIFF file's tags."""
        data, start = self.data, 0
        if data[:4] == b"RIFF":
            start = self._riff()
        if data[start : start + 4] == HEADER:
            return start
        found = data.find(HEADER, start, start + FURTHEST)
        if found < 0:
            shown = data[start : start + 8].hex(" ") or "nothing"
            raise ValueError(f"byte 0x{start:X}: expected MThd or RIFF RMID, found {shown}")
        self.remarks.add(start, f"no header here: taken from byte 0x{found:X}")
        return found

    def _riff(self) -> int:
        """Return where a RIFF file's MIDI data begin, which then end ``self.end``."""
        data, start = self.data, -1
        if data[8:12] != b"RMID":
            raise ValueError(f"byte 0x8: expected RMID, found {data[8:12].hex(' ') or 'nothing'}")
        for name, at, end in riff_chunks(data, 12, len(data)):
            if name == b"data" and start < 0:
                start, self.end = at, end
            elif name == b"LIST" and data[at : at + 4] == b"INFO":
                self._info(at + 4, end)
            elif name == b"RIFF" or (name == b"LIST" and data[at : at + 4] == b"sfbk"):
                self.remarks.add(at - 8, "sounds of the file's own, which are not used")
        if start < 0:
            raise ValueError("byte 0xC: expected a chunk with MIDI data in the RIFF file")
        return start

    def _info(self, at: int, end: int) -> None:
        """Take the tags of a RIFF file's INFO list."""
        for name, start, stop in riff_chunks(self.data, at, end):
            text = self.data[start : min(stop, start + self.gathered.text_left)]
            if name in INFO:
                self.gathered.text_left -= len(text)
                self.gathered.tags.add(INFO[name], text)

    def _header(self, start: int) -> tuple[int, int, int, int]:
        """Return type, number of tracks and division, and where the first track is looked for."""
        if start + 14 > self.end:
            raise ValueError(f"byte 0x{self.end:X}: expected a MIDI header of 14 bytes")
        size, kind, tracks, division = struct.unpack_from(">IHHH", self.data, start + 4)
        if size != 6 and (kind > _SEQUENCES or size < 6):
            raise ValueError(f"byte 0x{start + 4:X}: expected a header of 6 bytes, got {size}")
        if kind > _SEQUENCES:
            self.remarks.add(start + 8, f"type {kind} is unknown: read as type 1")
            kind = _SYNCHRONOUS
        frames = 256 - (division >> 8) if division >= FRAMES else 0
        if not division or (frames and not division & 0xFF):
            raise ValueError(f"byte 0x{start + 12:X}: expected ticks per beat or per frame, got 0x{division:04X}")
        if frames and frames not in FRAME_RATES:
            self.remarks.add(start + 12, f"{frames} frames a second, which is no rate of SMPTE's: taken as they are")
        at = start + 8 + size
        if size != 6 and not chunk_at(self.data, at, self.end):
            self.remarks.add(start + 4, f"a header of {size} bytes: taken as 6")
            at = start + 14
        return kind, tracks, division, at

    def _tracks(self, at: int) -> Iterator[Rows]:
        """Give each track from a place on."""
        data, end, first = self.data, self.end, True
        for number in count():
            if not chunk_at(data, at, end) or data.startswith(HEADER, at):
                found = data.find(TRACK, at, end)
                if not any(data[at : end if found < 0 else found]):
                    at = end if found < 0 else found  # zeros fill files up to a block
                if at >= end:
                    return
                if data.startswith(HEADER, at):
                    self.remarks.add(at, "another MIDI file begins: left out")
                    return
                if found < 0 or not chunk_at(data, found, end):
                    self.remarks.add(at, "no chunk: what comes from here on is left out")
                    return
                if found != at:
                    self.remarks.add(at, "no chunk: skipped to the next track")
                at = found
            if number == MOST_CHUNKS:
                raise ValueError(f"byte 0x{at:X}: expected at most {MOST_CHUNKS} chunks")
            stop = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
            if data.startswith(TRACK, at):
                sound = stop == end or chunk_at(data, stop, end)
                track = Track(data, at + 8, stop if sound else end, self.gathered, first, sound)
                stop = self._behind(track, at, track.walk(), stop)
                first = False
                yield track.rows
            at = stop

    def _behind(self, track: Track, at: int, stop: int, bound: int) -> int:
        """Return where the chunk behind a track may begin; it was read up to ``stop`` and should end at ``bound``."""
        if stop == bound:
            return stop
        if track.sound and not (track.ended and self.data.startswith(TRACK, stop)):
            if track.ended:
                self.remarks.add(stop, "data behind the End of Track: left out")
            return bound
        if not track.ended:
            stop = self.data.find(TRACK, stop, self.end)
            if stop < 0:
                return self.end  # what is missing has been said
        self.remarks.add(at + 4, "a track's length is wrong: read up to its end")
        return stop

    def _events(self, times: Times) -> list[Event]:
        """Return all messages."""
        from mido.frozen import FrozenMessage

        known: dict[int, FrozenMessage] = {}
        sysex = list(self.gathered.sysex)
        events: list[Event] = []
        for seconds, row in zip(times.seconds.tolist(), times.messages.tolist(), strict=True):
            word = row & (1 << PORT) - 1
            message = known.get(word)
            if message is None:
                if len(known) == MOST_DIFFERENT:
                    place = times.places[len(events)]
                    raise ValueError(f"byte 0x{place:X}: expected at most {MOST_DIFFERENT} different messages")
                message = known[word] = FrozenMessage.from_bytes(_bytes(word, sysex))
            events.append(Event(seconds, row >> PORT, message))
        return events

    def _loop(self, times: Times) -> tuple[float, float] | None:
        """Return where the file loops: by texts, else from controller 111 on; between 110 and 111 if it has both."""
        starts, ends = ([at for at in times.loops if at.said.value == kind] for kind in (LOOP_START, LOOP_END))
        if not times.loops:
            # RPG Maker has 111 alone. HMI's games have both; 3D Realms' 110 and 111 stand at the start, and no loop.
            begun, ends = ([at for at in times.controls if at.said.value == number] for number in LOOP_CONTROLS)
            starts, ends = (begun, ends) if begun else (ends, [])
            if not starts or (begun and not ends):
                return None
        start = min((at.seconds for at in starts), default=0.0)
        end = max((at.seconds for at in ends), default=times.length)
        if end - start >= SHORTEST_LOOP:
            return start, end
        place = (starts or ends)[0].said.place
        # Pieces of RPG Maker that are not to be heard again have their 111 at the end.
        self.remarks.add(place, f"the loop lasts less than {SHORTEST_LOOP:g} s: not looped")
        return None


def _bytes(word: int, sysex: Sequence[bytes]) -> bytes:
    """Return a message's bytes from its row."""
    if word & SYSEX_ROW:
        return sysex[word & ~SYSEX_ROW]
    whole = word.to_bytes(3, "big")
    return whole[:2] if 0xC0 <= whole[0] < 0xE0 else whole
