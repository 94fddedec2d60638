"""``Song``: a song as an object - its sound, its writes, its events, its voices, the chip at any moment."""

import html
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .._check import Samples, integer, number, real
from .._file import printable, replacing
from ..chip import CHIPS, YM2151
from ..events import EVENT, MASTER_CLOCKS_PER_FRAME, Events
from ..pitch import REFERENCE_CLOCK
from ..registers import ALL_KEYS, CSM, KC, KF, KON, TIMERS
from ..voice.extract import Found, extract_voices
from ..voice.voice import Voice, checked, checked_voices
from . import formats
from .formats import json_log, vgm
from .limits import (
    CHANNELS,
    FASTEST,
    FASTEST_BPM,
    LARGEST,
    LONGEST,
    MOST_MIDI_PITCHES,
    MOST_MIDI_WRITES,
    SLOWEST,
    SLOWEST_BPM,
)
from .log import WRITE, Log, Loop, SongError
from .midi import latin, midi_bytes
from .names import described
from .notes import NOTE, NoteFinder, Revoicing, numbered, writes_of
from .render import Renderer, to_int16
from .schedule import Options, Schedule

SONG_WRITE = np.dtype([("seconds", np.float64), ("chip", np.uint8), ("address", np.uint8), ("data", np.uint8)])
"""numpy.dtype of ``Song.writes``."""
MOST_LOOPS = 10_000
"""Passes that one call plays: more than a week of most songs."""
_PICOSECONDS = 10**12
_JUST_BELOW = _PICOSECONDS * (1 - 2.0**-50)
"""Picoseconds of a second, less what float seconds may be off: a frame's own time never becomes the next frame's."""


def load(source: str | os.PathLike[str] | bytes | BinaryIO, time_unit: str | None = None) -> "Song":
    r"""Read a song in any format, recognised by what it holds.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        VGM, VGZ, S98, ZSM, MDX, a JSON or a text log.
    time_unit : {"samples", "seconds"}, optional
        What the times of a log count, where the file does not say.

    Returns
    -------
    Song

    Raises
    ------
    SongError
        A ``ValueError``: the data cannot be read or played, or the path is that of a pipe, device or folder; one line
        names the byte offset or row and what was expected.
    TypeError, ValueError
        No such source or time unit.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> song = load(b"0 20 C7\n0 28 4A\n0 80 1F\n0 08 08\n5000 08 00\n")
    >>> song.format, len(song.writes), song.render(stop=0.01).shape
    ('text log', 5, (559, 2))
    """
    if time_unit not in (None, "samples", "seconds"):
        raise ValueError(f"time_unit must be 'samples' or 'seconds', got {time_unit!r}")
    if isinstance(source, bytes | bytearray | memoryview):
        return Song._of(formats.parse(bytes(source), time_unit))
    if isinstance(source, str | os.PathLike):
        return Song._of(formats.parse(formats.contents(source), time_unit))
    if not hasattr(source, "read"):
        raise TypeError(f"source must be a path, bytes or a binary file, got {source!r}")
    data = source.read(LARGEST + 1)
    if not isinstance(data, bytes):
        raise TypeError(f"source must be opened in binary mode, it gave {type(data).__name__}")
    return Song._of(formats.parse(data, time_unit))


class Song:
    """A song: register writes in time, for one YM2151 or YM2164, or two.

    Parameters
    ----------
    writes : iterable of (seconds, address, data) or (seconds, chip, address, data), or structured array
        As ``Song.writes`` gives them; put in the order of their times.
    clock : int
        Master clock in Hz, 500 000 to 16 000 000.
    loop : float, optional
        Second to which the song goes back from its end; writes of that very moment are played again.
    tags : mapping of str to str, optional
        ``title``, ``author``, ``game`` and the like.
    chips : sequence of {"ym2151", "ym2164"}
        One or two.
    length : float, optional
        Seconds of one playing; the last write's if not given.

    Raises
    ------
    TypeError, ValueError
        An argument is not as described; the message says what was given, and the row of a write.

    Examples
    --------
    >>> writes = [(0, 0x20, 0xC7), (0, 0x28, 0x4A), (0, 0x80, 31), (0, 0x08, 8), (0.5, 0x08, 0)]
    >>> song = Song(writes, tags={"title": "A"})
    >>> song
    A: YM2151 at 3579545 Hz, 0.50 s, no loop, 5 writes
    >>> song.events().dtype == EVENT, len(song.events())
    (True, 10)
    """

    def __init__(
        self,
        writes: "Iterable[tuple[float, ...]] | npt.NDArray[Any]",
        clock: float = REFERENCE_CLOCK,
        loop: float | None = None,
        tags: Mapping[str, str] | None = None,
        chips: tuple[str, ...] = ("ym2151",),
        length: float | None = None,
    ) -> None:
        if not isinstance(chips, Sequence) or not 1 <= len(chips) <= 2 or any(name not in [*CHIPS] for name in chips):
            raise ValueError(f"chips must be one or two of {', '.join(map(repr, CHIPS))}, got {chips!r}")
        table = _ticks_of(writes, len(chips))
        last = int(table["time"].max(initial=0))
        end = last if length is None else _tick("length", length)
        if end < last:
            raise ValueError(
                f"length must be at least the last write's {last / _PICOSECONDS:.15g} s, got {length:.15g}"
            )
        start = None
        if loop is not None:
            tick = _tick("loop", loop)
            if tick >= end:
                raise ValueError(f"loop must be before the end at {end / _PICOSECONDS:.15g} s, got {loop:.15g}")
            start = Loop(tick, int(np.searchsorted(table["time"], int(loop * _JUST_BELOW))))
        self._log = Log(
            format="made in Python",
            writes=table,
            length=end,
            rate=Fraction(_PICOSECONDS),
            clock=_checked_clock(clock),
            chips=tuple(chips),
            loop=start,
            tags=_checked_tags({} if tags is None else tags),
        )

    @classmethod
    def _of(cls, log: Log) -> "Song":
        song = cls.__new__(cls)
        song._log = log
        return song

    @property
    def format(self) -> str:
        """Where it comes from, for people: ``VGM 1.71``."""
        return self._log.format

    @property
    def length(self) -> float:
        """Seconds of one playing: what comes before the loop, then the loop once."""
        return self._log.seconds(self._log.playing[1])

    @property
    def loop(self) -> float | None:
        """Second to which the song goes back from its end; None if it does not."""
        return self._log.seconds(self._log.playing[0]) if self._log.loop else None

    @property
    def clock(self) -> int:
        """Master clock phiM in Hz."""
        return self._log.clock

    @property
    def clocks(self) -> tuple[int, ...]:
        """Master clock of each chip in Hz."""
        return (self._log.clock, self._log.second_clock or self._log.clock)[: len(self.chips)]

    @property
    def sample_rate(self) -> float:
        """Samples per second of ``render``: clock / 64; whole Hz for logs of the cat2151 family."""
        return self._schedule().rate

    @property
    def cycles_per_frame(self) -> int:
        """Cycles of the chip to a sample: 32; 64 in logs of the cat2151 family, which runs it at twice its speed.

        ``opm.run(song.events(), frames, cycles_per_frame=song.cycles_per_frame)`` gives what ``render`` does. With 32
        it gives all samples of the faster chip, which are right at twice ``sample_rate``.
        """
        return self._log.bus.cycles_per_frame

    @property
    def volume(self) -> float:
        """What the file has its sound turned up by, in dB: the volume modifier of a VGM; 0.0 without one."""
        return 20 * math.log10(self._log.gain)

    @property
    def chips(self) -> tuple[str, ...]:
        """The chips: one or two of ``ym2151``, ``ym2164``."""
        return self._log.chips

    @property
    def tags(self) -> dict[str, str]:
        """What the file says of itself: ``title``, ``author`` and the like."""
        return dict(self._log.tags)

    @property
    def not_played(self) -> tuple[str, ...]:
        """Chips and parts that the file holds and nothing here plays."""
        return self._log.not_played

    @property
    def remarks(self) -> list[str]:
        """Decisions made and faults met while reading, and how late writes come that are too dense, a line each."""
        return self._schedule().remarks

    @property
    def writes(self) -> "npt.NDArray[Any]":
        """The register writes of one playing, (n,) SONG_WRITE: seconds (float64), chip 0 or 1, address, data."""
        once = self._log.once
        writes = np.empty(len(once), SONG_WRITE)
        writes["seconds"] = once["time"] * (float(1 / self._log.rate) if self._log.rate else 64 / self.clock)
        for name in ("chip", "address", "data"):
            writes[name] = once[name]
        return writes

    def __repr__(self) -> str:
        name = printable(self._log.tags.get("title") or self.format)
        chips = " and ".join(chip.upper() for chip in self.chips)
        loop = "no loop" if self.loop is None else f"loops to {self.loop:.2f} s"
        clocks = " and ".join(f"{clock} Hz" for clock in dict.fromkeys(self.clocks))
        return f"{name}: {chips} at {clocks}, {self.length:.2f} s, {loop}, {len(self._log.once)} writes"

    def _repr_html_(self) -> str:
        facts = {
            "format": self.format,
            "chips": ", ".join(chip.upper() for chip in self.chips),
            "clock": ", ".join(f"{clock} Hz" for clock in dict.fromkeys(self.clocks)),
            "length": f"{self.length:.2f} s",
            "loop": "none" if self.loop is None else f"to {self.loop:.2f} s",
            "writes": str(len(self._log.once)),
            **self._log.tags,
            "not played": ", ".join(self.not_played),
            "remarks": "; ".join(self.remarks),
        }
        left = "style='text-align:left'"
        rows = (
            f"<tr><th {left}>{html.escape(name)}</th><td {left}>{html.escape(value)}</td></tr>"
            for name, value in facts.items()
            if value
        )
        return f"<table>{''.join(rows)}</table>"

    def _schedule(self, loops: int = 1, fade: float = 0.0) -> Schedule:
        loops, fade = integer("loops", loops, 1, MOST_LOOPS), number("fade", fade, 0, 3600, "seconds")
        return Schedule(self._log, Options(loops=loops, fade=fade))

    def render(
        self,
        loops: int = 1,
        fade: float = 0.0,
        start: float = 0.0,
        stop: float | None = None,
        mute: int = 0,
        rate: float | None = None,
    ) -> "Samples":
        """Play the song.

        Parameters
        ----------
        loops : int
            How often the loop is played: 1 to 10 000.
        fade : float
            Seconds of fade-out behind the loops; a song that does not loop has up to ten seconds of tail instead, which
            silence ends; a tail that is longer is faded over its last 50 ms.
        start, stop : float
            Seconds of the playing to keep.
        mute : int
            8-bit mask of channels left out (bit 0 = channel 1).
        rate : float, optional
            Resample to this many Hz; the chip's own samples, bit-exact, if not given. Where a VGM has a volume modifier
            (``volume``) they are multiplied by that, rounded and clipped; ``opm.run(song.events(), ...)`` gives them as
            they are. A second chip that has its own clock is resampled to the first's.

        Returns
        -------
        (n, 2) int16
            Left and right.

        Raises
        ------
        TypeError, ValueError
            An argument is out of range.
        """
        samples = self._played(loops, fade, start, stop, integer("mute", mute, 0, 255), False)
        return samples if rate is None else _resampled(samples, self.sample_rate, rate)

    def stems(
        self,
        loops: int = 1,
        fade: float = 0.0,
        start: float = 0.0,
        stop: float | None = None,
        rate: float | None = None,
    ) -> "Samples":
        """Play the song, every channel by itself on the sides it is panned to, in step with ``render``.

        The mixer clamps the sum of a chip's channels to 16 bits, and the DAC rounds it to a mantissa of 10 bits and an
        exponent of 3: that is what ``render`` returns, if there is no fade, no ``volume`` and no second clock. Two
        chips are added after that.

        Parameters
        ----------
        loops, fade, start, stop, rate
            As for ``render``.

        Returns
        -------
        (n, channels, 2) int16
            8 channels per chip.

        Raises
        ------
        TypeError, ValueError
            An argument is out of range.
        """
        samples = self._played(loops, fade, start, stop, 0, True)
        if rate is None:
            return samples
        flat = _resampled(samples.reshape(len(samples), -1), self.sample_rate, rate)
        return flat.reshape(len(flat), -1, 2)

    def _played(self, loops: int, fade: float, start: float, stop: float | None, mute: int, stems: bool) -> Samples:
        schedule = self._schedule(loops, fade)
        if not 0 <= real("start", start) <= (LONGEST if stop is None else real("stop", stop)) <= LONGEST:
            raise ValueError(f"start and stop must be seconds in order, 0 to {LONGEST}, got {start!r}, {stop!r}")
        if stop is not None:
            schedule.frames = round(min(schedule.frames, stop * schedule.rate))
        renderer = Renderer(schedule, mute)
        renderer.skip(round(start * schedule.rate))
        shape = (0, CHANNELS * len(self.chips), 2) if stems else (0, 2)
        blocks = renderer.channel_blocks() if stems else renderer.blocks()
        return np.concatenate([np.empty(shape, np.int16), *blocks])

    def events(self, chip: int = 0, loops: int = 1) -> "Events":
        """Return the song's bus events: what ``opm.run`` and ``opm.trace`` take.

        Parameters
        ----------
        chip : int
            Which of its chips, from 0.
        loops : int
            How often the loop is played.

        Returns
        -------
        (n,) EVENT
            To be run with the song's ``cycles_per_frame``. Cycles are the chip's own, whatever its clock.

        Raises
        ------
        TypeError, ValueError
            No such chip, or loops below 1.
        """
        chip = integer("chip", chip, 0, len(self.chips) - 1)
        schedule = self._schedule(loops).of(chip)
        passes = self._log.passes(loops)
        found = [np.empty(0, EVENT), *islice(schedule.events(chip), max(1, passes))]
        if passes == 0:
            found[1:] = [events[: 2 * int((self._log.once["chip"] == chip).sum())] for events in found[1:]]
        return np.concatenate(found)

    def voices(self) -> list[Voice]:
        """Return the voices the song keys on, in the order they first sound.

        Returns
        -------
        list of Voice
            Each once, at the loudest of its volumes, under its number and what its first note sounds like:
            ``2 bright pluck, middle``.
        """
        found = self._found()
        return [each.voice.named(f"{i} {described(each, self._log.chip_clock())}") for i, each in enumerate(found, 1)]

    def _found(self) -> list[Found]:
        chips = range(len(self.chips))
        return [found for chip in chips for found in extract_voices(self.events(chip), volumes=False)]

    def notes(self) -> "npt.NDArray[Any]":
        """Return the notes of one playing, in the order they start.

        A note begins where a key is struck, or where the pitch of a held key steps by a semitone or more to another
        note and stays: legato. A step is one if nothing else moves it by more than half a semitone in the 55 ms before
        and behind; slides, vibrato and broken chords are bends, and not listed. Notes that start together stand in the
        order of their writes. What is too soft to be heard (``level`` below -78 dB) is listed, too; what timer A
        strikes (CSM) is not.

        Returns
        -------
        (n,) structured array
            ``chip`` (0 or 1), ``channel`` (1 to 8), ``start`` and ``end`` (seconds), ``midi`` (69 = A4, fractions are
            semitones), ``level`` (dB of the loudest carrier's TL, at its loudest moment) and ``voice`` (index in
            ``voices()``). ``midi`` is the pitch it begins with.
        """
        return NoteFinder(self._log, numbered([found.voice for found in self._found()])).notes

    @classmethod
    def from_notes(
        cls,
        notes: "npt.NDArray[Any] | Sequence[tuple[float, ...]]",
        voices: Sequence[Voice],
        clock: float = REFERENCE_CLOCK,
    ) -> "Song":
        """Make a song of notes.

        Parameters
        ----------
        notes : structured array as ``notes()`` gives it, or sequence of tuples of its seven values
            A note keeps its channel if that is free, else it takes one of its chip that is. Those that start together
            are struck in the order given. A note of chip 1 makes a song of two chips.
        voices : sequence of Voice
            What the notes' ``voice`` counts.
        clock : int
            Master clock in Hz.

        Returns
        -------
        Song

        Raises
        ------
        TypeError, ValueError
            More than 8 notes of a chip sound at a moment, which is named; a chip, voice, pitch or time out of range.

        Examples
        --------
        >>> notes = [(0, 1, 0.0, 0.5, 69.0, 0.0, 0), (0, 2, 0.25, 0.75, 72.0, -6.0, 0)]
        >>> song = Song.from_notes(notes, [Voice("organ", con=7)])
        >>> song.notes()["midi"].tolist(), song.length
        ([69.0, 72.0], 0.75)
        """
        table, voices = _note_table(notes), checked_voices(voices)
        wrong = (table["voice"] < 0) | (table["voice"] >= len(voices)) | ~(table["start"] < table["end"])
        wrong |= table["chip"] > 1
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            expected = f"chip 0 or 1, a start before its end and a voice below {len(voices)}"
            raise ValueError(f"note {row}: expected {expected}, got {table[row]}")
        chips = 1 + int(table["chip"].max(initial=0))
        return cls(writes_of(table, voices, clock), clock, chips=("ym2151",) * chips)

    def revoice(self, others: Mapping[int, Voice]) -> "Song":
        """Return the same song with other instruments: its keys, pitches, panning and volumes.

        Parameters
        ----------
        others : mapping of int to Voice
            By number in ``voices()``.

        Returns
        -------
        Song

        Raises
        ------
        TypeError, ValueError
            No such number, or no voice.
        """
        if not isinstance(others, Mapping):
            raise TypeError(f"others must be voices by their number, got {others!r}")
        voices = [found.voice for found in self._found()]
        for index, voice in others.items():
            integer("voice number", index, 0, len(voices) - 1)
            checked(voice)
        return Song._of(Revoicing(self._log, voices, others).made())

    def chip_at(self, seconds: float, chip: int = 0) -> YM2151:
        """Return a chip as it stands in mid-song, for looks, traces and experiments.

        Parameters
        ----------
        seconds : float
            Time from the start of the song; its loop goes on for ever.
        chip : int
            Which of its chips, from 0.

        Returns
        -------
        YM2151 or YM2164
            For the cat2151 family with twice the song's clock, since that is how fast it runs.

        Raises
        ------
        TypeError, ValueError
            No such chip, or a negative or unreasonable time.
        """
        chip = integer("chip", chip, 0, len(self.chips) - 1)
        seconds = number("seconds", seconds, 0, LONGEST)
        schedule = self._schedule()
        schedule.frames = schedule.end = round(seconds * schedule.rate)
        renderer = Renderer(schedule)
        renderer.skip(schedule.frames)
        return renderer.parts[chip].chip

    def save(self, path: str | os.PathLike[str], bpm: float | None = None) -> list[str]:
        """Write the song as a file; complete or not at all.

        Parameters
        ----------
        path : path-like
            By its ending: ``.vgm``, ``.vgz``, ``.log`` or ``.json``; ``.mid`` is MIDI: a track per channel with the
            notes that are heard, their velocities and pitches (what is no whole semitone as bends, whose range the
            track sets: 2, 12, 24, 48 or 97 semitones), the voices as programs with their names.
        bpm : float, optional
            Tempo of a ``.mid``, 20 to 400; if not given, that of the notes' starts, or 120 where they have none. Notes
            stand at the same times whatever it is, to half a tick of 1/32 640 beat.

        Returns
        -------
        list of str
            What the format cannot keep, a line each; empty if it keeps everything.

        Raises
        ------
        ValueError
            Another ending, or what the format cannot hold: a JSON log has one chip, MIDI alone has a tempo.
        OSError
            It cannot be written.
        """
        path = Path(path)
        ending = path.suffix.lower()
        lost: list[str] = []
        if bpm is not None and (ending != ".mid" or not SLOWEST_BPM <= real("bpm", bpm) <= FASTEST_BPM):
            raise ValueError(f"bpm must be {SLOWEST_BPM} to {FASTEST_BPM}, for .mid, got {bpm!r} for {path.name!r}")
        if ending == ".mid":
            _check_midi(self._log.once)
            voices = self.voices()
            title = self._log.tags.get("title", path.stem)
            data, lost = midi_bytes(NoteFinder(self._log, numbered(voices)), voices, title, bpm)
        elif ending in formats.WRITERS:
            data = formats.WRITERS[ending](self._log)
        else:
            raise ValueError(f"path must end in {', '.join(formats.WRITERS)} or .mid, got {path.name!r}")
        with replacing(path) as temporary:
            temporary.write_bytes(data)
        return _not_kept(self._log, ending) + lost


def _check_midi(writes: npt.NDArray[Any]) -> None:
    """Raise SongError if a MIDI file of the writes is more than memory should hold."""
    address = writes["address"]
    struck = np.count_nonzero((address == KON) & (writes["data"] & ALL_KEYS > 0))
    pitches = np.count_nonzero((address >= KC) & (address < KF + CHANNELS))
    if len(writes) > MOST_MIDI_WRITES or 4 * struck + pitches > MOST_MIDI_PITCHES:
        most = f"{MOST_MIDI_WRITES} register writes, {MOST_MIDI_PITCHES // 4} notes or {MOST_MIDI_PITCHES} pitches"
        found = f"{len(writes)}, {struck} and {pitches}"
        raise SongError(f"a MIDI file is made of at most {most}, this song has {found}")


def _not_kept(log: Log, ending: str) -> list[str]:
    """Say what a song loses in a format."""
    lost = []
    is_vgm = ending in (".vgm", ".vgz")
    kept = vgm.kept_tags(log.tags) if is_vgm else log.tags
    kept = {"title": latin(log.tags.get("title", ""))} if ending == ".mid" else kept
    if tags := [name for name, text in log.tags.items() if text.strip() != kept.get(name, "").strip()]:
        lost.append(f"tags: {', '.join(tags)}")
    if log.gain != 1.0 and not is_vgm:
        lost.append(f"the volume modifier of {20 * math.log10(log.gain):+.1f} dB")
    if ending == ".mid":
        lost.append("instruments, LFO, noise, panning, and levels that change within a note")
        if ((log.once["address"] == TIMERS) & (log.once["data"] & CSM > 0)).any():
            lost.append("notes that timer A strikes (CSM)")
        if log.loop:
            lost.append("the loop")
        return lost
    once, whole = log.seconds(log.playing[1]), log.seconds(log.unrolled().length)
    if whole > once:
        why = "its loop's first round differs from the others"
        lost.append(f"the length of {once:.3f} s: {why}, so it has {whole:.3f} s")
    if is_vgm:
        if not vgm.keeps_loop(log):
            lost.append(f"the loop, which is shorter than a sample of {vgm.RATE} Hz")
        if log.rate != vgm.RATE:
            lost.append(f"times between samples of {vgm.RATE} Hz")
        if log.family:
            lost.append("the cat2151 family's timing")
        if len(set(log.chips)) > 1:
            lost.append(f"that the second chip is a {log.chips[1].upper()}")
        return lost
    if "ym2164" in log.chips:
        lost.append("that the chip is a YM2164")
    if log.loop and (log.loop_modifier != 16 or log.loop_base):
        lost.append(f"loop modifier 0x{log.loop_modifier:02X} and loop base {log.loop_base}")
    if not json_log.keeps_loop(log):
        lost.append("the loop, which is shorter than a frame")
    elif log.loop and log.rate and not log.family and not json_log.keeps_ticks(log):
        frame = Fraction(MASTER_CLOCKS_PER_FRAME, log.clock)
        first, end = log.playing
        longer = float(10**6 * ((log.frame(end) - log.frame(first)) * frame - log.loop_ticks / log.rate))
        if longer:
            how = "longer" if longer > 0 else "shorter"
            lost.append(f"the loop's length to a fraction of a frame: each pass is {abs(longer):.2g} us {how}")
    return lost


def _tick(name: str, seconds: float) -> int:
    """Return seconds as whole picoseconds."""
    return round(number(name, seconds, 0, LONGEST, "seconds") * _PICOSECONDS)


def _checked_clock(clock: Any) -> int:
    """Return a clock; TypeError or ValueError if it is not as many whole Hz as a chip's may be."""
    hertz = number("clock", clock, SLOWEST, FASTEST, "Hz")
    if not hertz.is_integer():
        raise ValueError(f"clock must be whole Hz, got {clock!r}")
    return int(hertz)


def _checked_tags(tags: Any) -> dict[str, str]:
    """Return tags; TypeError if they are not strings by name."""
    if not isinstance(tags, Mapping):
        raise TypeError(f"tags must be strings by name, got {tags!r}")
    for name, text in tags.items():
        if not (isinstance(name, str) and isinstance(text, str)):
            raise TypeError(f"tags must be strings by name, got {name!r}: {text!r}")
    return dict(tags)


def _note_table(notes: Any) -> npt.NDArray[Any]:
    """Return notes as a table; TypeError or ValueError names what is not one."""
    names = NOTE.names or ()
    if isinstance(notes, np.ndarray) and notes.dtype.names:
        if notes.ndim != 1 or not set(names) <= set(notes.dtype.names):
            raise TypeError(f"notes must be rows of ({', '.join(names)}), got {notes.dtype} of shape {notes.shape}")
        notes = zip(*(notes[name].tolist() for name in names), strict=True)
    rows = _rows("note", notes, (len(names),), f"({', '.join(names)})")
    for i, row in enumerate(rows):
        for name, value in zip(names, row, strict=True):
            whole = NOTE[name].kind != "f"
            low, high = (int(np.iinfo(NOTE[name]).min), int(np.iinfo(NOTE[name]).max)) if whole else (-LONGEST, LONGEST)
            given = number(f"note {i}: {name}", value, low, high)
            if whole and not given.is_integer():
                raise ValueError(f"note {i}: {name} must be a whole number, got {value!r}")
    return np.array(rows, NOTE)


def _rows(name: str, rows: Any, widths: tuple[int, ...], expected: str) -> list[tuple[Any, ...]]:
    """Return rows as tuples; TypeError or ValueError names what is not one."""
    if not isinstance(rows, Iterable):
        raise TypeError(f"{name}s must be rows of {expected}, got {rows!r}")
    listed = []
    for i, row in enumerate(rows):
        try:
            listed.append(tuple(row))
        except TypeError:
            listed.append(())
        if len(listed[i]) not in widths:
            raise ValueError(f"{name} {i}: expected {expected}, got {row!r}")
    return listed


def _ticks_of(writes: Iterable[tuple[float, ...]] | npt.NDArray[Any], chips: int) -> npt.NDArray[Any]:
    """Return writes in picoseconds, checked and in order."""
    if isinstance(writes, np.ndarray) and writes.dtype.names:
        missing = {"seconds", "address", "data"} - set(writes.dtype.names)
        if missing:
            raise TypeError(f"writes must have seconds, address and data, not {', '.join(writes.dtype.names)}")
        chip = writes["chip"] if "chip" in writes.dtype.names else np.zeros(len(writes))
        columns = [np.asarray(column) for column in (writes["seconds"], chip, writes["address"], writes["data"])]
    else:
        listed = _rows("write", writes, (3, 4), "(seconds, address, data) or (seconds, chip, address, data)")
        rows = [(row[0], 0, *row[1:]) if len(row) == 3 else row for row in listed]
        columns = [np.array([row[i] for row in rows]) for i in range(4)]
    limits = {"seconds": LONGEST, "chip": chips - 1, "address": 255, "data": 255}
    for i, (name, most) in enumerate(limits.items()):
        column = columns[i]
        if column.dtype.kind not in "iuf" or column.ndim != 1:
            for row, value in enumerate(column):
                number(f"write {row}: {name}", value, 0, most)
        column = columns[i] = column.astype(np.float64)
        fits = (column >= 0) & (column <= most) & ((column == np.floor(column)) | (name == "seconds"))
        if not fits.all():
            row = int(np.flatnonzero(~fits)[0])
            raise ValueError(f"write {row}: {name} must be 0 to {most}, got {column[row]:.15g}")
    table = np.zeros(len(columns[0]), WRITE)
    table["time"] = columns[0] * _JUST_BELOW
    for name, column in zip(("chip", "address", "data"), columns[1:], strict=True):
        table[name] = column
    return table[np.argsort(table["time"], kind="stable")]


def _resampled(samples: Samples, source: float, target: float) -> Samples:
    import soxr

    target = number("rate", target, 1000, 768_000, "Hz")
    return to_int16(soxr.resample(samples.astype(np.float32), source, target, quality="VHQ"))
