"""What must hold for a MIDI file, from its bytes to the song: order, bytes, keys, times, level, and the files saved."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest import mock

import numpy as np

import opm
from opm.events import FRAMES_PER_WRITE, REFERENCE_RATE
from opm.midi.arrange import Arranged
from opm.midi.file import MidiFile, read_file
from opm.midi.score import Score, Sent
from opm.registers import KON
from opm.song import SongError
from opm.song.formats import midi
from opm.song.resample import FULL_SCALE

from . import banks
from .rules import check_line, must

MOST_KINDS = 60
"""Kinds of remarks on a MIDI file, of which each is said once."""
SHORT, FEW = 4.0, 3000
"""Seconds of a song whose level is found, as it always is, by playing it: of longer ones that is left out. Writes of a
song that is saved and read again."""
LATE, CROWD, WINDOW, APART = 0.001, 8, 0.015, 0.002
"""Seconds that a key may be late where a chip strikes no more notes than it has channels within a window before and
behind it, and its channel has some time from its last note to the next."""
LOUD, SOFT = 0.95, 0.45
"""The peak of a song is between them, of full scale: -0.4 and -6.9 dBFS, which is a little more than it aims at."""
REST = "a pause of more than"
"""What is said of a song that rests for long."""
_rows, _arranged, _level = midi._rows, midi.arranged, midi._level


@dataclass
class _Kept:
    """What a song was made of."""

    score: Score | None = None
    sent: list[Sent] = field(default_factory=list)
    music: Arranged | None = None

    def arranged(self, score: Score, sent: list[Sent], *more: Any) -> Arranged:
        """Keep a score, and what becomes of it."""
        self.score, self.sent, self.music = score, sent, _arranged(score, sent, *more)
        return self.music


def check(data: bytes, deep: bool) -> bool:
    """A MIDI file is read or refused, and arranged; deep: played and saved."""
    file = read(data, deep)
    if file is None:
        return False
    chips, click_free, kept = 1 + len(data) % 2, len(data) % 3 == 0, _Kept()
    bank = _bank(len(data)) if len(data) % 5 == 0 else None
    with _watched(kept, file.length <= SHORT and deep):
        try:
            song = opm.load(data, voices=bank, chips=chips, click_free=click_free)
        except SongError as error:
            check_line(str(error))
            return False
    for line in song.read_remarks:
        must(0 < len(line) < 1000 and line.isprintable(), "a remark is no line")
    _in_order(song, chips)
    _keys(song)
    _in_time(kept)
    if deep:
        repr(song), song.remarks, song._repr_html_()
        # A bank drawn at random has voices that are not heard, and of them no notes come back.
        if file.length <= SHORT and bank is None:
            _loud_enough(song)
        if len(song.unrolled().rows) < FEW:
            _saved(song, 0 if bank else sum(each.end - each.note.start > APART for each in kept.sent))
    return True


def read(data: bytes, deep: bool) -> MidiFile | None:
    """Return what the reader alone makes of a file: messages in order, and mido's."""
    try:
        file = read_file(data)
    except ValueError as error:
        must(type(error) is ValueError, f"{type(error).__name__} is no error of ours")
        check_line(str(error))
        return None
    for line in file.remarks:
        check_line(line)
    must(len(file.remarks) <= MOST_KINDS, "more remarks than there are kinds")
    times = np.array([event.seconds for event in file.events])
    must(math.isfinite(file.length) and file.length >= times.max(initial=0), "the end is before the last message")
    must((np.diff(times) >= 0).all() and times.min(initial=0) >= 0, "messages are not in order")
    must(file.loop is None or 0 <= file.loop[0] < file.loop[1] <= file.length, "the loop is outside")
    if deep:
        repr(file.tags).encode()
        for event in file.events[:1000]:
            must(0 <= event.port <= 0xFF, "no port")
            first, *rest = event.message.bytes()
            must(0x80 <= first <= 0xF0 and max(rest[: -(first == 0xF0) or None], default=0) < 0x80, "no message")
    return file


def _bank(seed: int) -> opm.Bank:
    """Draw a bank."""
    r = Random(seed)
    return opm.read_bank(b"".join(r.choice((banks.toml, banks.wopn, banks.attachment))(r)))


@contextmanager
def _watched(kept: _Kept, level: bool) -> Iterator[None]:
    """Let a song's parts be looked at while it is made, and its level be left out."""
    found = _level if level else lambda song, music: (midi.PROBE - music.room, 1.0)
    with mock.patch.multiple(midi, arranged=kept.arranged, _rows=_bytes, _level=found):
        yield


def _bytes(music: Arranged, attenuation: int) -> Any:
    """Return the rows of a song, which numpy would cut to bytes whatever they are."""
    rows = music.turned_down(attenuation)
    for name in ("address", "data"):
        must(((rows[name] >= 0) & (rows[name] <= 0xFF)).all(), f"{name} is no byte")
    return _rows(music, attenuation)


def _in_order(song: opm.Song, chips: int) -> None:
    """See that rows are in order, for chips that are there, and as far apart as the bus takes them."""
    rows = song.rows
    must((np.diff(rows["time"]) >= 0).all() and rows["time"].min(initial=0) >= 0, "rows are not in order")
    must(rows["time"].max(initial=0) <= song.end, "rows behind the end")
    must(rows["chip"].max(initial=0) < chips == len(song.chips), "another number of chips")
    for chip in range(chips):
        times = rows["time"][rows["chip"] == chip]
        must((np.diff(times) >= FRAMES_PER_WRITE).all(), "two writes at once")


def _keys(song: opm.Song) -> None:
    """See that a key is up before it goes down, and that all are up at the end, or where the song goes back."""
    down: dict[tuple[int, int], int] = {}
    for row in song.rows[song.rows["address"] == KON]:
        place, slots = (int(row["chip"]), int(row["data"]) & 7), int(row["data"]) >> 3
        must(not (slots and down.get(place)), "a key goes down twice")
        down[place] = slots
    must(not any(down.values()), "a key stays down")


def _in_time(kept: _Kept) -> None:
    """See that keys are not early, and not late where that can be."""
    music = kept.music
    if music is None:
        return
    struck: dict[tuple[int, int], list[int]] = {}
    for row in music.score:
        struck.setdefault((int(row["chip"]), int(row["channel"])), []).append(int(row["time"]))
    places = [(each.place.chip, each.place.channel) for each in kept.sent]
    must(len(music.score) == len(places), "notes are missing")
    starts = {chip: np.array([each.note.start for each in kept.sent if each.place.chip == chip]) for chip in (0, 1)}
    last: dict[tuple[int, int], float] = {}
    turns = {place: iter(times) for place, times in struck.items()}
    for place, each in zip(places, kept.sent, strict=True):
        start = each.note.start
        late = (next(turns[place]) - music.lead) / REFERENCE_RATE - start
        must(late >= -1e-9, "a key is early")
        near = starts[place[0]]
        crowd = np.searchsorted(near, start + WINDOW) - np.searchsorted(near, start - WINDOW)
        if crowd <= CROWD and start - last.get(place, -math.inf) >= APART:
            must(late <= LATE, "a key is late")
        last[place] = start


def _loud_enough(song: opm.Song) -> None:
    """See that a song's peak is where it is to be, and that its sound has no clipped sample."""
    peak = float(np.abs(song.render().astype(np.float32)).max(initial=0)) / FULL_SCALE
    must(peak == 0 or SOFT <= peak <= LOUD, f"the peak is {'too high' if peak > LOUD else 'too low'}")


def _saved(song: opm.Song, lasting: int) -> None:
    """Save a song, and read it again."""
    from .targets import _compare, _folder

    for ending in (".vgm", ".log", ".json"):
        path = _folder() / f"song{ending}"
        try:
            lost = song.save(path)
        except SongError as error:
            check_line(str(error))
            continue
        _compare(song, opm.load(path), lost, ending)
    path = _folder() / "song.mid"
    song.save(path)
    again = read_file(path.read_bytes())
    must(all(REST in line for line in again.remarks), "remarks on our own MIDI file")
    # What lasts no longer than the chip's voice takes to be loaded may be lost.
    notes = [each for each in again.events if each.message.type == "note_on" and each.message.velocity]
    must(again.remarks or len(notes) >= 0.99 * lasting, "notes are missing in our own MIDI file")
