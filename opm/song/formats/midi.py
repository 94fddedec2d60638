"""MIDI files as songs: a bank gives the voices, ``opm.midi`` the channels and the times, this page the level.

One carrier at TL 0 gives -12.1 dBFS, and eight loud notes clip: so all of a song is turned down, or up, by one number
of steps, found by playing it once.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ...counts import CHANNELS
from ...events import MASTER_CLOCKS_PER_FRAME, REFERENCE_RATE
from ...midi.allocate import SHORTEST
from ...midi.arrange import Arranged, arranged
from ...midi.bank import Bank
from ...midi.banks import default_bank, read_bank
from ...midi.file import MidiFile, read_file
from ...midi.schedule import AHEAD
from ...midi.score import Score, Sent
from ...pitch import REFERENCE_CLOCK
from ...tables import TL_DB
from ..data import WRITE, Arrangement, Loop, Opm, SongError, Writes
from ..limits import LONGEST_MIDI
from ..playing import Playing
from ..render import Renderer
from ..resample import FULL_SCALE
from ..song import Song
from .midi_file import OURS, Band

PROBE = 32
"""TL of the loudest carrier where a song's peak is first looked for: 24 dB down, at which nothing clips."""
LOUDEST, CLOSE, SOFTEST = 0.84, 0.91, 0.65
"""The peak that a song is to have, of full scale: -1.5 dBFS. From -3.7 to -0.8 is near enough."""
_PROBES, _LONG = 4, 1200
"""Playings to find it; of songs that are longer, in seconds, one."""
_CLOSED = 0.002
"""Seconds before the end of a loop in which all keys are up."""


def read(data: bytes, time_unit: str | None = None, band: Band = OURS) -> Song:
    """Read a MIDI file; SongError names the byte where nothing can be played."""
    try:
        file = read_file(data)
    except ValueError as error:
        raise SongError(str(error)) from None
    voices = default_bank() if band.voices is None else band.voices
    bank = voices if isinstance(voices, Bank) else read_bank(voices)
    remarks = [*bank.remarks, *file.remarks]
    loop, end = _within(file, remarks)
    score = Score.of([event for event in file.events if event.seconds < end], end, bank)
    if loop is not None:
        # Data go ahead of their notes: so the loop begins and ends that much earlier, and there all keys are up.
        score.end_by(end - AHEAD - _CLOSED)
    sent = score.sent(band.chips)
    music = arranged(score, sent, band.chips, loop, band.click_free)
    opms = (Opm(),) * band.chips
    rate = Fraction(REFERENCE_CLOCK, MASTER_CLOCKS_PER_FRAME)
    last = int(music.rows["time"].max(initial=0))
    song = Song.of(
        rows=_rows(music, PROBE), end=max(last, music.lead + round(end * rate)), ticks_per_second=rate, opms=opms
    )
    attenuation, gain = _level(song, music)
    song = song.but(rows=_rows(music, attenuation), gain=gain, format=file.format, tags=file.tags)
    if loop is not None:
        song = _looped(song, music, loop, end)
    facts = _facts(score, sent) | {"down_db": attenuation * TL_DB}
    if score.notes:
        remarks.insert(0, _in_words(facts, band.chips))
    return song.but(arrangement=Arrangement(music.score, music.lead, facts), read_remarks=tuple(remarks))


def _within(file: MidiFile, remarks: list[str]) -> tuple[float | None, float]:
    """Return where a file goes back to from its end, if it does, and where it ends, within limits."""
    loop, end = file.loop or (None, file.length)
    if end > LONGEST_MIDI:
        remarks.append(f"longer than {LONGEST_MIDI} s: what comes after that is left out")
        loop, end = None, float(LONGEST_MIDI)
    # What is at the very end, in a file without a loop, belongs to it: drums of no length.
    return loop, end if loop is not None else math.nextafter(end, math.inf)


def _rows(music: Arranged, attenuation: int) -> Writes:
    """Return the register writes of a song that is turned down."""
    return music.turned_down(attenuation).astype(WRITE)


def _level(song: Song, music: Arranged) -> tuple[int, float]:
    """Return by how many steps of TL a song is turned down, and the factor of its sound where that is not enough."""
    most = music.room
    attenuation = PROBE - most
    # Not always met at the second: where M1 is a carrier with feedback, its level is its colour, too.
    for _ in range(_PROBES if song.length < _LONG else 1):
        peak = _peak(song.but(rows=_rows(music, attenuation)))
        if not peak:
            return 0, 1.0
        if SOFTEST <= peak <= CLOSE:
            return attenuation, 1.0
        wanted = attenuation - math.floor(20 * math.log10(LOUDEST / peak) / TL_DB)
        # No carrier's TL below 0: what is softer keeps its distance.
        change = max(wanted, -most) - attenuation
        attenuation += change
        # What it is to be then.
        peak *= 10 ** (-change * TL_DB / 20)
        if not change:
            break
    # A melody of single notes is as loud as one carrier. The factor is one of VGM's volume modifier, 1/32 of an
    # octave: so the file that is saved sounds the same.
    return attenuation, 2 ** (math.floor(32 * math.log2(LOUDEST / peak)) / 32) if peak < SOFTEST else 1.0


def _peak(song: Song) -> float:
    """Return the largest sample of a song, of 1."""
    playing = Playing(song, tail=1.0)
    blocks = Renderer(playing).blocks(end=playing.frames)
    return max((float(np.abs(block.astype(np.float32)).max(initial=0)) for block in blocks), default=0.0) / FULL_SCALE


def _looped(song: Song, music: Arranged, start: float, end: float) -> Song:
    """Return a song that goes back from one moment to another."""
    first, last = (max(0, music.lead + round((each - AHEAD) * REFERENCE_RATE)) for each in (start, end))
    rows = song.rows[song.rows["time"] < last]
    return song.but(rows=rows, end=last, loop_start=Loop(first, int(np.searchsorted(rows["time"], first))))


def _facts(score: Score, sent: Sequence[Sent]) -> dict[str, Any]:
    """Return what came of a score's notes."""
    notes = score.heard()
    others = {(note.drum, note.key if note.drum else note.program) for note in notes if note.instrument.stands_in}
    return {
        "notes": len(notes),
        "most_at_once": score.most_at_once(),
        "not_sent": len(notes) - len(sent),
        "cut": sum(each.cut and each.end < each.note.key_up - SHORTEST for each in sent),
        "programs_without_voice": sorted(number for drum, number in others if not drum),
        "drums_without_voice": sorted(number for drum, number in others if drum),
    }


def _in_words(facts: Mapping[str, Any], chips: int) -> str:
    """Return the facts in a line."""
    notes = "1 note" if facts["notes"] == 1 else f"{facts['notes']} notes"
    words = [
        f"{notes}, {facts['most_at_once']} at once at most, on {CHANNELS * chips} channels",
        f"{facts['cut']} cut and {facts['not_sent']} not sent",
        f"turned {'down' if facts['down_db'] >= 0 else 'up'} by {abs(facts['down_db']):g} dB",
    ]
    for name, title in (("programs_without_voice", "programs"), ("drums_without_voice", "drum keys")):
        if facts[name]:
            words.append(f"{title} with another's voice: {', '.join(map(str, facts[name]))}")
    return "; ".join(words)
