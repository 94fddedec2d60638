"""A song's keys as a MIDI file: a track per channel, pitches as notes and bends, the tempo found or given."""

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...counts import CHANNELS
from ...pitch import HIGHEST, LOWEST, STEPS
from ...registers import ALL_KEYS, CSM, KC, KF, KON, TIMERS
from ...voice.voice import Voice
from .. import parts
from ..data import SongError, Writes
from ..limits import MOST_MIDI_PITCHES, MOST_MIDI_WRITES
from ..notes import FoundNote, NoteFinder
from .written import Written, lost_companions, lost_parts, lost_tags, lost_volume

if TYPE_CHECKING:
    from ..song import Song

TICKS_PER_BEAT = 32_640
"""The most that the header's 15 bits hold and 2 to 6 divide. At 60 bpm times are 15.3 us off at most: below a frame."""
LONGEST_DELTA = 2**28 - 1
"""The most ticks between two messages (28 bits): a song of more than an hour or so gets fewer ticks per beat."""
BEND_RANGES = (2, 12, 24, 48, 97)
"""Semitones of a full pitch bend; a track takes the first that is wide enough. The chip's pitches span 96, and a bend
counts from a key's middle."""
DEFAULT_BPM = 120
SLOWEST_FOUND, FASTEST_FOUND = 60, 200
_FEWEST, _MOST = 8, 4000
"""Notes to find a tempo in."""
_LONG, _LISTENED = 0.5, 300.0
"""Seconds: a note of that length counts as long; so much of the song is looked at."""
_GRID, _LOOSE = 0.005, 0.010
"""Seconds: a step of the grid, and how far a note may be off a beat: drivers have ticks of up to 20 ms."""
_COMB = {0.25: 0.5, 0.5: 0.5, 1: 1.0, 2: 1.0, 4: 1.0, 8: 1.0, 16: 1.0}
"""Lags, in beats, at which a song is like itself, and how much each counts."""
_CONVINCING = 0.2
"""Likeness, of 1: notes at random have less than 0.15, songs of 50 real ones 0.24 and more."""
_STRONG = 0.3
"""How much stronger every second beat has to be, to be the beat."""
DRUM, DRUM_VELOCITY = 0.1, 100
"""The longest that a drum is held, in seconds; the velocity of all."""
PARTS, DRUM_PART = 16, 9
"""Channels of a port, and that of the drums, from 0."""
_OFF, _ON = range(2)
"""The order of messages at the same tick: what ends, ends first; then note by note its program, its bend, its key."""
Drums = Sequence[tuple[float, int]]
"""Seconds and key of each drum; the key is the number of its sample."""
_RPN, _RPN_FINE, _DATA, _DATA_FINE = 101, 100, 6, 38
"""Controllers that set the range of the bends: parameter 0."""


def write(song: "Song", title: str, bpm: float | None) -> Written:
    """Return a MIDI file of the keys that are heard.

    ``bpm`` is its tempo; None: that of the notes' starts, if they have one. Times do not depend on it.

    Raises
    ------
    SongError
        The file would be larger than memory should hold.
    """
    # Before anything is made: mido keeps an object per message, which took 1.25 GB for 7.8 million writes.
    _check(song.rows_once)
    # A program is a voice's number; MIDI has 128 of them.
    voices = song.voices()
    found = NoteFinder(song, song.voice_numbers)
    parts_known = _parts(song, _keys(found.found))
    tracks = parts_known or _channels(_keys(note for note in found.found if note.heard))
    lost = lost_tags(song, {"title": latin(song.tags.get("title", ""))}) + lost_volume(song)
    instruments = "volumes and controllers of its parts" if parts_known else "instruments, LFO, noise"
    lost.append(f"{instruments}, panning, and levels that change within a note")
    # Timer A strikes all keys by itself (CSM): no write says when.
    if ((song.rows_once["address"] == TIMERS) & (song.rows_once["data"] & CSM > 0)).any():
        lost.append("notes that timer A strikes (CSM)")
    if song.loop_start:
        lost.append("the loop")
    if off := sum(strike.key != strike.played for track in tracks for strike in track.strikes):
        lost.append(f"the octave of notes outside MIDI's 0 to 127: {off}")
    drums = _drums(song)
    lost += [f"the {name}'s samples themselves: they are drums on channel 10" for name in drums]
    lost += [lines for lines in lost_companions(song) if lines.removeprefix("the ") not in drums]
    if bpm is None:
        # Of all steps: the notes of a song that strikes few keys are in the pitches of those.
        starts, ends = np.array([note.row[2:4] for note in found.found if note.heard]).reshape(-1, 2).T
        bpm = find_bpm(starts, ends - starts) or DEFAULT_BPM
    return Written(_file(tracks, found.end, voices, title, bpm, drums), lost + lost_parts(song))


class _Strike(NamedTuple):
    """A key from its attack to its release."""

    place: tuple[int, int]
    """Chip and channel that play it."""
    start: float
    end: float
    """Seconds."""
    key: int
    """Its MIDI number, also one that MIDI does not have."""
    velocity: int
    program: int
    """Its 128s are left out in the file; -1: the one before."""
    voice: int
    """Number of what it sounds like; -1: not known."""
    bends: list[tuple[float, float]]
    """Seconds and semitones above its key."""

    @property
    def played(self) -> int:
        """The MIDI number that is written: of a key that MIDI does not have, the same note in the nearest octave."""
        # The chip at 16 MHz reaches above MIDI's 127.
        return self.key + 12 * max(0, -(self.key // 12)) - 12 * max(0, -((127 - self.key) // 12))


class _Track(NamedTuple):
    """What one channel of MIDI plays."""

    name: str
    port: int
    channel: int
    """From 0."""
    strikes: list[_Strike]
    """In the order they begin."""


def _keys(found: Iterable[FoundNote]) -> list[list[FoundNote]]:
    """Return keys, each as its notes: where the pitch of one that is held steps, none is struck."""
    keys: dict[int, list[FoundNote]] = {}
    for note in found:
        keys.setdefault(note.key, []).append(note)
    return [*keys.values()]


def _channels(keys: Sequence[Sequence[FoundNote]]) -> list[_Track]:
    """Return a track for each channel of the chips that is heard."""
    tracks: dict[tuple[int, int], list[_Strike]] = {}
    for notes in keys:
        chip, channel, start, _, midi, _, voice = notes[0].row
        key = round(midi)
        # General MIDI's usual curve: dB = 40 log10(velocity / 127). A velocity of 0 would be a release.
        velocity = min(max(round(127 * 10 ** (max(note.row[5] for note in notes) / 40)), 1), 127)
        bends = [(seconds, midi - key) for note in notes for seconds, midi in note.pitches]
        strike = _Strike((chip, channel), start, notes[-1].row[3], key, velocity, voice, voice, bends)
        tracks.setdefault((chip, channel), []).append(strike)
    found = []
    for (chip, channel), strikes in sorted(tracks.items()):
        # 8 channels a chip, 16 a port. Number 9, the drums' in General MIDI, is taken last.
        place = (chip * CHANNELS + channel - 1) % PARTS
        own = place if place < DRUM_PART else place + 1 if place < PARTS - 1 else DRUM_PART
        name = f"channel {channel}" + (f" of chip {chip + 1}" if chip else "")
        found.append(_Track(name, chip // 2, own, strikes))
    return found


def _parts(song: "Song", keys: Sequence[Sequence[FoundNote]]) -> list[_Track]:
    """Return a track for each part of the MIDI file that a song was read from; none if it was read from another."""
    if song.arrangement is None:
        return []
    columns = "time", "chip", "channel", "part", "program", "key", "velocity", "drum", "midi"
    known = zip(*(song.arrangement.notes[name].tolist() for name in columns), strict=True)
    scores = {(time, chip, channel + 1): row for time, chip, channel, *row in known}
    times, lead = song.rows_once["time"], song.seconds(song.arrangement.lead)
    tracks: dict[tuple[int, bool], list[_Strike]] = {}
    for notes in keys:
        (chip, channel, *_, voice), end, time = notes[0].row, notes[-1].row[3], int(times[notes[0].key])
        # Its writes were changed since: what strikes this key is not known.
        if (row := scores.get((time, chip, channel))) is None:
            return []
        part, program, key, velocity, drum, midi = row
        bends = [(max(seconds - lead, 0), _bent(now, midi)) for note in notes for seconds, now in note.pitches]
        start = max(song.seconds(time) - lead, 0)
        strike = _Strike((chip, channel), start, end - lead, key, velocity, program, voice, bends)
        tracks.setdefault((part, drum), []).append(strike)
    # Drums are on channel 10 of their port, and nothing else is: GS and XG have them on others as well.
    taken = {part for part, _ in tracks}
    found: dict[int, list[_Strike]] = {}
    for (part, drum), strikes in sorted(tracks.items()):
        own = part // PARTS * PARTS + DRUM_PART if drum else part
        if not drum and part % PARTS == DRUM_PART:
            own = next(n for n in count(part - DRUM_PART) if n % PARTS != DRUM_PART and n not in taken)
            taken.add(own)
        found.setdefault(own, []).extend(strikes)
    return [
        _Track(f"part {number + 1}", number // PARTS, number % PARTS, sorted(strikes, key=lambda each: each.start))
        for number, strikes in sorted(found.items())
    ]


def _bent(now: float, midi: float) -> float:
    """Return by how much a pitch is bent, which stands octaves off where it would be out of the chip's range."""
    bends = [(now - midi + octaves, octaves) for octaves in (0, 12, -12, 24, -24, 36, -36)]
    inside = LOWEST, LOWEST + HIGHEST / STEPS
    return min((bend for bend, octaves in bends if not octaves or not inside[0] <= now + octaves <= inside[1]), key=abs)


def _drums(song: "Song") -> dict[str, Drums]:
    """Return what the parts that play samples strike, by their titles.

    Raises
    ------
    SongError
        More than a file should have.
    """
    found: dict[str, Drums] = {}
    for part, companion in zip(song.parts[len(song.opms) :], song.companions, strict=True):
        struck = parts.struck(song, companion)
        # Square waves and the like have no samples to be drums: ``lost_companions`` names them.
        struck = struck[struck["number"] >= 0]
        if len(struck):
            # Strikes name their row, which has the time. MIDI has keys 0 to 127.
            times = parts.rows_once(song, companion)["time"][struck["row"]] * song.seconds(1)
            found[part.title] = list(zip(times.tolist(), (struck["number"] & 0x7F).tolist(), strict=True))
    if (count := sum(map(len, found.values()))) > MOST_MIDI_PITCHES // 4:
        raise SongError(
            f"a MIDI file is made of at most {MOST_MIDI_PITCHES // 4} samples struck, this song has {count}"
        )
    return found


def _check(writes: Writes) -> None:
    """Raise SongError if a MIDI file of the writes is more than memory should hold."""
    address = writes["address"]
    struck = np.count_nonzero((address == KON) & (writes["data"] & ALL_KEYS > 0))
    pitches = np.count_nonzero((address >= KC) & (address < KF + CHANNELS))
    if len(writes) > MOST_MIDI_WRITES or 4 * struck + pitches > MOST_MIDI_PITCHES:
        most = f"{MOST_MIDI_WRITES} register writes, {MOST_MIDI_PITCHES // 4} notes or {MOST_MIDI_PITCHES} pitches"
        found = f"{len(writes)}, {struck} and {pitches}"
        raise SongError(f"a MIDI file is made of at most {most}, this song has {found}")


def _file(
    tracks: Sequence[_Track], end: float, voices: Sequence[Voice], title: str, bpm: float, drums: Mapping[str, Drums]
) -> bytes:
    """Return the file: a track for the tempo, then the others, and one for each part that drums."""
    # Here, not above: only those who write MIDI need the package.
    import mido

    tempo = mido.bpm2tempo(bpm)
    beats = end * 1e6 / tempo
    # A rest as long as the song must fit in one delta, which MIDI writes in 28 bits.
    file = mido.MidiFile(ticks_per_beat=max(1, min(TICKS_PER_BEAT, int(LONGEST_DELTA / (beats + 1)))))
    head = [mido.MetaMessage("set_tempo", tempo=tempo), mido.MetaMessage("track_name", name=latin(title))]
    file.tracks.append(mido.MidiTrack(head))
    second = file.ticks_per_beat * 1e6 / tempo
    file.tracks += [_written(track, voices, second) for track in tracks]
    file.tracks += [_drum_track(struck, second, name) for name, struck in drums.items()]
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def latin(text: str) -> str:
    """Return a text as a MIDI file can hold it: mido writes Latin-1, and fails on anything else."""
    return text.encode("latin-1", errors="replace").decode("latin-1")


def _ticks(strikes: Sequence[_Strike], second: float) -> list[tuple[int, int]]:
    """Return the ticks at which keys go down and up."""
    ticks: list[tuple[int, int]] = []
    free: dict[tuple[int, int], int] = {}
    for strike in strikes:
        # A channel plays one note at a time: a start rounded down must not fall into the note before, nor one vanish.
        on = max(round(strike.start * second), free.get(strike.place, 0))
        free[strike.place] = max(round(strike.end * second), on + 1)
        ticks.append((on, free[strike.place]))
    return ticks


def _written(written: _Track, voices: Sequence[Voice], second: float) -> Any:
    """Return a track."""
    import mido

    timed: list[tuple[int, int, Any]] = []
    strikes, port = written.strikes, written.channel
    widest = max((abs(bend) for strike in strikes for _, bend in strike.bends), default=0)
    # A narrow range where it is enough: MIDI's 8192 steps are finer there.
    reach = next(semitones for semitones in BEND_RANGES if semitones >= widest)
    program = -1
    for strike, (on, off) in zip(strikes, _ticks(strikes, second), strict=True):
        if strike.program != program and strike.program >= 0:
            program = strike.program
            name = latin(voices[strike.voice].name) if strike.voice >= 0 else ""
            timed.append((on, _ON, mido.MetaMessage("text", text=f"program {program % 128}: {name}")))
            timed.append((on, _ON, mido.Message("program_change", channel=port, program=program % 128)))
        for seconds, semitones in strike.bends:
            # 8192 is the full range; upwards MIDI has one step less.
            bend = mido.Message("pitchwheel", channel=port, pitch=min(round(semitones / reach * 8192), 8191))
            timed.append((max(round(seconds * second), on), _ON, bend))
        struck = mido.Message("note_on", channel=port, note=strike.played, velocity=strike.velocity)
        timed.append((on, _ON, struck))
        timed.append((off, _OFF, mido.Message("note_off", channel=port, note=strike.played)))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=written.name)])
    if written.port:
        track.insert(0, mido.MetaMessage("midi_port", port=written.port))
    # RPN 0 sets the range of the bends; 127 closes it, so that a later data entry changes nothing.
    for control, value in ((_RPN, 0), (_RPN_FINE, 0), (_DATA, reach), (_DATA_FINE, 0), (_RPN, 127), (_RPN_FINE, 127)):
        track.append(mido.Message("control_change", channel=port, control=control, value=value))
    now = bent = 0
    for tick, _, message in sorted(timed, key=lambda row: row[:2]):
        # A note without a bend of its own still needs the wheel back in the middle, but once.
        if message.type == "pitchwheel":
            if message.pitch == bent:
                continue
            bent = message.pitch
        message.time, now = tick - now, tick
        track.append(message)
    return track


def _drum_track(struck: Drums, second: float, name: str) -> Any:
    """Return a part's track of drums: each is held until it is struck again, for a short while at most."""
    import mido

    timed: list[tuple[int, int, Any]] = []
    later: dict[int, int] = {}
    # Backwards, since a drum ends where the same key is struck next.
    for seconds, key in reversed(struck):
        on = round(seconds * second)
        off = min(on + round(DRUM * second), later.get(key, on + round(DRUM * second)))
        later[key] = on
        timed.append((on, _ON, mido.Message("note_on", channel=DRUM_PART, note=key, velocity=DRUM_VELOCITY)))
        timed.append((max(off, on + 1), _OFF, mido.Message("note_off", channel=DRUM_PART, note=key)))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=latin(name))])
    now = 0
    for tick, _, message in sorted(timed, key=lambda row: row[:2]):
        message.time, now = tick - now, tick
        track.append(message)
    return track


def find_bpm(starts: npt.NDArray[np.float64], durations: npt.NDArray[np.float64]) -> float | None:
    """Return the tempo of notes, from ``SLOWEST_FOUND`` to ``FASTEST_FOUND``; None if nothing convincing is found.

    Parameters
    ----------
    starts, durations : (n,) float
        Seconds, in order. A long note counts more: it starts on a beat.

    Returns
    -------
    float or None
        Beats per minute. Of two tempos, one twice the other, that of the strong beats; the fast one if all are alike.
    """
    if len(starts) < _FEWEST:
        return None
    times, weights = starts[:_MOST] - starts[0], np.minimum(durations[:_MOST], _LONG)
    times, weights = times[times < _LISTENED], weights[times < _LISTENED]
    likeness = _likeness(times, weights)
    # A step is a cent of tempo, 0.06 %.
    tempos = SLOWEST_FOUND * 2 ** np.arange(0, np.log2(FASTEST_FOUND / SLOWEST_FOUND) + 1e-9, 1 / 1200)
    lags = np.outer(60 / tempos / _GRID, list(_COMB))
    scores = np.interp(lags, np.arange(len(likeness)), likeness, right=0.0) @ np.array(list(_COMB.values()))
    scores /= sum(_COMB.values())
    # Beats of two octaves of tempo may be as alike: rather the one that is nearer to 120.
    best = int(np.argmax(scores * np.exp(-0.5 * (np.log2(tempos / DEFAULT_BPM) / 0.9) ** 2)))
    if scores[best] < _CONVINCING:
        return None

    def pulse(bpm: float) -> float:
        """How far the notes start in step with a pulse."""
        return float(np.abs(weights @ np.exp(2j * np.pi * bpm / 60 * times)))

    # Likeness is no finer than its grid. How well all starts keep step with a pulse is sharper, the more so the longer
    # the song: a longer one needs finer steps, or its best tempo lies between two.
    near = tempos[best] * np.linspace(0.985, 1.015, 50 + int(4 * times.max() * tempos[best] / 60))
    tempo = float(max(near, key=lambda bpm: sum(pulse(beats * bpm) for beats in (1, 2, 4))))
    fast = 2 * tempo if 2 * tempo <= FASTEST_FOUND else tempo
    # Twice the tempo fits as well. If every second beat is stronger, that is the beat.
    strong = pulse(fast / 2) > _STRONG * max(pulse(beats * fast) for beats in (1, 2, 4))
    return fast / 2 if strong and fast / 2 >= SLOWEST_FOUND else fast


def _likeness(times: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how much the notes' starts are like themselves so many steps of ``_GRID`` later, of 1."""
    count = int(times.max() / _GRID) + 1
    bell = np.exp(-0.5 * (np.arange(-8, 9) * _GRID / _LOOSE) ** 2)
    strength = np.convolve(np.bincount(np.rint(times / _GRID).astype(int), weights), bell)
    # Twice as long, padded with 0: else the end of the song would be compared with its beginning.
    spectrum = np.fft.rfft(strength - strength.mean(), 2 * len(strength))
    product = np.fft.irfft(np.abs(spectrum) ** 2)[:count]
    # Divided by how many starts a lag can pair: of a long one there are fewer.
    likeness: npt.NDArray[np.float64] = product / (product[0] or 1) * count / (count - np.arange(count))
    return np.where(np.arange(count) < 0.7 * count, likeness, 0.0)  # of the longest lags too little is left
