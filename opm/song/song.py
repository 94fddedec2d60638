"""``Song``: register writes in time, and what is known about them; sound, events, notes and voices when asked for."""

import html
import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .._check import Samples, integer, number, real
from .._file import printable, replacing
from ..board import Chip
from ..board.mix import rounded
from ..chip import YM2151
from ..counts import CHANNELS
from ..events import CAT2151, CHIP, CYCLES_PER_FRAME, EVENT, MASTER_CLOCKS_PER_FRAME, Bus, Events
from ..pitch import REFERENCE_CLOCK
from ..voice.extract import Found, found_in
from ..voice.voice import Voice, checked, checked_voices
from . import make, parts, writers
from .companions import CompanionRenderer
from .data import PART_SECONDS, PICOSECONDS, Arrangement, Companion, Loop, Opm, Part, Source, Writes
from .limits import LONGEST
from .names import described
from .notes import NoteFinder, Revoicing, numbered, writes_of
from .playing import Playing
from .render import BLOCK, Renderer
from .resample import Resampler, to_int16

SONG_WRITE = np.dtype([("seconds", np.float64), ("chip", np.uint8), ("address", np.uint8), ("data", np.uint8)])
"""numpy.dtype of ``Song.writes``."""
MOST_LOOPS = 10_000
"""Passes that one call plays: more than a week of most songs."""


class _Apart(NamedTuple):
    """Two passes of a chip's writes, and how many at the head of each do not come again in the other."""

    first: Writes
    own: int
    ahead: int
    tick: int
    """The last of their times, in the first pass."""

    def end_at(self, tick: int) -> tuple[int, int]:
        """Return how many writes stand before a loop that begins at this tick, and how many there are to its end."""
        # Another chip may need a later beginning: what stands before it is alike in both passes.
        own = max(self.own, int(np.searchsorted(self.first["time"], tick)))
        return own, len(self.first) + self.ahead + own - self.own


def _apart(rows: Writes, again: int, loop_ticks: int) -> _Apart:
    """Compare two passes of a chip's writes from their ends: an MDX's differ at the beginning, if anywhere."""
    first, second = np.split(rows, [again])
    most = min(len(first), len(second))
    pairs = first[len(first) - most :], second[len(second) - most :]
    same = pairs[1]["time"] - pairs[0]["time"] == loop_ticks
    for name in set(rows.dtype.names or ()) - {"time"}:
        same &= pairs[0][name] == pairs[1][name]
    alike = int(np.append(same[::-1], False).argmin())
    own, ahead = len(first) - alike, len(second) - alike
    last = max([0, *first["time"][:own][-1:], *second["time"][:ahead][-1:] - loop_ticks])
    return _Apart(first, own, ahead, int(last))


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Song:
    """A song: register writes in time, for a YM2151 or YM2164, or several, and for the other chips of its board.

    To hear it: ``render``, ``stems``. To look at it: ``parts``, ``writes``, ``part_writes``, ``events``, ``notes``,
    ``voices``, ``chip_at``, ``part_at``; and ``length``, ``loop``, ``clock``, ``chips``, ``tags``, ``not_played``,
    ``remarks``. To make something of it: ``save``, ``revoice``. Times are seconds in all of these, in ``events``
    cycles. Formats and ``opm.song.Playing`` use the rest, which counts the file's own ticks: the attributes from
    ``rows`` on, ``of``, ``but``, ``unrolled``, ``passes``, ``seconds`` and what has ``ticks`` or ``once`` in its name.

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
        One or more.
    length : float, optional
        Seconds of one playing; the last write's if not given.

    Attributes
    ----------
    format : str
        Where it comes from, for people: ``VGM 1.71``.
    opms : tuple of Opm
        Its YM2151s and YM2164s, each with ``name`` and ``clock`` (Hz). Writes count them from 0.
    companions : tuple of Companion
        The other chips of its board, with all that is written to them.
    tags : dict of str to str
        What the file says of itself: ``title``, ``author`` and the like. What stands here is what ``save`` writes.
    not_played : tuple of str
        Chips and parts that the file holds and nothing here plays.
    rows : (n,) WRITE
        The register writes in ticks, in playing order; read-only.
    ticks_per_second : Fraction or None
        Ticks per second; None: ticks are log samples, the chip's own frames.
    end : int
        Ticks to the end of the writes: the loop's, if there is one.
    loop_start : Loop or None
        Tick and write that it goes back to from its end.
    intro_passes : int
        MDX: passes of the loop that stand before it, since the first may differ from the others.
    loop_base, loop_modifier : int
        VGM: passes not to play, and sixteenths of the passes asked for.
    gain : float
        VGM: the factor of its volume modifier.
    double_speed : bool
        The cat2151 family's convention: the chip runs at twice its speed.
    arrangement : Arrangement or None
        MIDI: the notes that its keys are for, and how many found no channel.
    read_remarks : tuple of str
        Decisions made and faults met while reading, a line each; ``remarks`` has them and more.
    source : Source or None
        MDX, MML: ``data`` and ``title`` of the MDX file whose driver writes this.

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

    rows: Writes
    end: int
    ticks_per_second: Fraction | None
    format: str = "made in Python"
    opms: tuple[Opm, ...] = (Opm(),)
    companions: tuple[Companion, ...] = ()
    loop_start: Loop | None = None
    intro_passes: int = 0
    loop_base: int = 0
    loop_modifier: int = 16
    gain: float = 1.0
    tags: dict[str, str] = field(default_factory=dict)
    not_played: tuple[str, ...] = ()
    double_speed: bool = False
    arrangement: Arrangement | None = None
    read_remarks: tuple[str, ...] = ()
    source: Source | None = None

    def __init__(
        self,
        writes: "Iterable[tuple[float, ...]] | npt.NDArray[Any]",
        clock: float = REFERENCE_CLOCK,
        loop: float | None = None,
        tags: Mapping[str, str] | None = None,
        chips: tuple[str, ...] = ("ym2151",),
        length: float | None = None,
    ) -> None:
        opms = make.opms_of(chips, clock)
        rows = make.writes_in_order(writes, len(opms))
        end = make.end_of(rows, length)
        start = make.loop_of(rows, end, loop)
        ticks, named = Fraction(PICOSECONDS), make.tags_of({} if tags is None else tags)
        self._hold(rows=rows, end=end, ticks_per_second=ticks, opms=opms, loop_start=start, tags=named)

    @classmethod
    def of(cls, **data: Any) -> "Song":
        """Return the song of what a format's reader gives; only the names are checked.

        Parameters
        ----------
        **data
            The attributes by their names; ``rows``, ``end`` and ``ticks_per_second`` at least.

        Returns
        -------
        Song

        Raises
        ------
        TypeError
            A name is of no such attribute.
        """
        # Not by __init__, which takes seconds and sorts: a reader has exact ticks, already in order.
        song = cls.__new__(cls)
        song._hold(**data)
        return song

    def _hold(self, **data: Any) -> None:
        names = [each.name for each in fields(self)]
        if wrong := [name for name in data if name not in names]:
            raise TypeError(f"a song is made of {', '.join(names)}, not of {', '.join(wrong)}")
        if data["rows"].flags.writeable:
            data["rows"] = data["rows"].copy()  # who gave it may go on writing to it
            data["rows"].flags.writeable = False
        # The class is frozen, so that what was computed from a song stays true; this is its only way in.
        vars(self).update(data)
        # A dict of its own: tags can be edited, and an edit would reach the song this one was made from.
        vars(self)["tags"] = dict(data.get("tags", {}))

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies and pickles hold: the data, not what was found out about it."""
        # vars() would take the cached properties along: after ``but`` they would be those of the old data.
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Hold it as any song does: rows read-only, tags its own."""
        self._hold(**state)

    def but(self, **changes: Any) -> "Song":
        """Return the same song but for some of its data.

        Parameters
        ----------
        **changes
            As for ``of``.

        Returns
        -------
        Song

        Raises
        ------
        TypeError
            A name is of no such attribute.
        """
        # Code that plays other writes is no source of these.
        kept = {} if changes.keys() <= {"format", "tags", "read_remarks"} else {"source": None}
        return Song.of(**self.__getstate__() | kept | changes)

    @property
    def length(self) -> float:
        """Seconds of one playing: what comes before the loop, then the loop once."""
        return self.seconds(self.ticks_once[1])

    @property
    def loop(self) -> float | None:
        """Second to which the song goes back from its end; None if it does not."""
        return self.seconds(self.ticks_once[0]) if self.loop_start else None

    @property
    def clock(self) -> int:
        """Master clock phiM in Hz, of the first YM2151."""
        return self.opms[0].clock

    @property
    def clocks(self) -> tuple[int, ...]:
        """Master clock of each YM2151 in Hz."""
        return tuple(opm.clock for opm in self.opms)

    @property
    def chips(self) -> tuple[str, ...]:
        """Its YM2151s: each ``ym2151`` or ``ym2164``."""
        return tuple(opm.name for opm in self.opms)

    @cached_property
    def part_names(self) -> tuple[str, ...]:
        """What the parts are called, the YM2151s first; the second of a kind ends in ``-2``."""
        return parts.names(self)

    def chosen(self, names: "str | Collection[str]") -> list[str]:
        """Return the parts that names mean: a kind of chip means all of its kind, ``ym2151`` the YM2164, too.

        Parameters
        ----------
        names : str or collection of str

        Returns
        -------
        list of str
            Of ``part_names``, in their order.

        Raises
        ------
        TypeError, ValueError
            One that is not of the song.
        """
        return parts.chosen(self, names)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Each chip of its board: name, title, clock, and what it sounds in one playing."""
        return parts.described(self)

    def _companion(self, name: str) -> Companion:
        """Return the companion of a name; ValueError if there is none."""
        names = self.part_names[len(self.opms) :]
        if name not in names:
            known = ", ".join(names) or "none: the song has no other part"
            raise ValueError(f"part must be one of {known}, got {name!r}")
        return self.companions[names.index(name)]

    def part_writes(self, name: str) -> "npt.NDArray[Any]":
        """Return what another chip of its board takes in one playing.

        Parameters
        ----------
        name : str
            Of ``parts``, but for the YM2151, whose writes are ``writes``.

        Returns
        -------
        (n,) PART_SECONDS
            ``seconds`` (float64), ``address`` and ``data`` (int32) as the chip's page in ``opm.board`` has them;
            addresses from ``opm.song.streams.STREAM`` on are for its streams.

        Raises
        ------
        ValueError
            No such part.
        """
        rows = parts.rows_once(self, self._companion(name))
        writes = np.empty(len(rows), PART_SECONDS)
        writes["seconds"], writes["address"], writes["data"] = (
            rows["time"] * self.seconds(1),
            rows["address"],
            rows["data"],
        )
        return writes

    @property
    def sample_rate(self) -> float:
        """Samples per second of ``render``: clock / 64; whole Hz for logs of the cat2151 family."""
        return self.clock // MASTER_CLOCKS_PER_FRAME if self.double_speed else self.clock / MASTER_CLOCKS_PER_FRAME

    @property
    def bus(self) -> Bus:
        """How writes follow each other."""
        return CAT2151 if self.double_speed else CHIP

    @property
    def cycles_per_frame(self) -> int:
        """Cycles of the chip to a sample: 32; 64 in logs of the cat2151 family, which runs it at twice its speed.

        ``opm.run(song.events(), frames, cycles_per_frame=song.cycles_per_frame)`` gives what ``render`` does. With 32
        it gives all samples of the faster chip, which are right at twice ``sample_rate``.
        """
        return self.bus.cycles_per_frame

    def chip_clock(self, chip: int = 0) -> int:
        """Return the master clock that a chip runs at.

        Parameters
        ----------
        chip : int
            Which of its chips, from 0.

        Returns
        -------
        int
            Hz; for the cat2151 family, twice the chip's clock.
        """
        return self.opms[chip].clock * self.cycles_per_frame // CYCLES_PER_FRAME

    @property
    def volume(self) -> float:
        """What the file has its sound turned up by, in dB: the volume modifier of a VGM; 0.0 without one."""
        return 20 * math.log10(self.gain)

    @property
    def remarks(self) -> list[str]:
        """Decisions made and faults met while reading, and how late writes come that are too dense, a line each."""
        # A copy: a caller may add to the list.
        return [*self._remarks]

    # Cached, since it gives each write its frame: of 8 million writes that takes a while.
    @cached_property
    def _remarks(self) -> list[str]:
        return Playing(self).remarks

    @property
    def writes(self) -> "npt.NDArray[Any]":
        """The register writes of one playing, (n,) SONG_WRITE: seconds (float64), chip 0 or 1, address, data."""
        once = self.rows_once
        writes = np.empty(len(once), SONG_WRITE)
        writes["seconds"] = once["time"] * self.seconds(1)
        for name in ("chip", "address", "data"):
            writes[name] = once[name]
        return writes

    @property
    def loop_ticks(self) -> int:
        """Ticks of a pass of the loop; 0 if there is none."""
        return self.end - self.loop_start.tick if self.loop_start else 0

    @property
    def rows_once(self) -> Writes:
        """The writes of one playing, in ticks."""
        return self.rows[: self.loop_start.write] if self.loop_start and self.intro_passes else self.rows

    @property
    def ticks_once(self) -> tuple[int, int]:
        """First tick of the loop and the end, where the song is played once: the loop is heard once."""
        # An MDX has its loop once before ``loop_start``: played once it ends there, and its loop begins a pass earlier.
        before = self.intro_passes * self.loop_ticks
        return max(0, (self.loop_start.tick if self.loop_start else 0) - before), self.end - before

    def passes(self, loops: int) -> int:
        """Return how often the loop is played, from ``loop_start`` on.

        Parameters
        ----------
        loops : int
            Passes that the listener asks for.

        Returns
        -------
        int
            By the file's own loop base and modifier, without the passes that stand before the loop.
        """
        # VGM's rule: N times the modifier in sixteenths, a half rounded up, less the base, once at least.
        return max(1, (loops * self.loop_modifier + 8) // 16 - self.loop_base) - self.intro_passes

    def seconds(self, ticks: int) -> float:
        """Return how long a number of ticks is.

        Parameters
        ----------
        ticks : int

        Returns
        -------
        float
            Seconds.
        """
        return (
            float(ticks / self.ticks_per_second)
            if self.ticks_per_second
            else ticks * MASTER_CLOCKS_PER_FRAME / self.clock
        )

    def unrolled(self) -> "Song":
        """Return the song without passes before its loop: its first writes that do not come again stand before it.

        Returns
        -------
        Song
            Its loop begins behind the last of those, so it is as much longer as that is late in the first pass.
        """
        if not (self.loop_start and self.intro_passes):
            return self
        # VGM and JSON logs say the loop by one place, and few players know VGM's loop base: so the loop has to begin
        # where all chips' writes come again.
        sources = [(self.rows, self.loop_start.write), *((part.rows, part.again) for part in self.companions)]
        found = [_apart(rows, again, self.loop_ticks) for rows, again in sources]
        tick = max(self.ticks_once[0], *(each.tick for each in found))
        ends = [each.end_at(tick) for each in found]
        (rows, write), *others = [(rows[:end], own) for (rows, _), (own, end) in zip(sources, ends, strict=True)]
        parts = [replace(part, rows=rows, again=own) for part, (rows, own) in zip(self.companions, others, strict=True)]
        end = tick + self.loop_ticks
        return self.but(rows=rows, end=end, loop_start=Loop(tick, write), intro_passes=0, companions=tuple(parts))

    def __repr__(self) -> str:
        # A title from a file may hold escape sequences, which a terminal would obey.
        name = printable(self.tags.get("title") or self.format)
        chips = " and ".join(chip.upper() for chip in self.chips)
        others = [part.title for part in self.parts[len(self.opms) :]]
        loop = "no loop" if self.loop is None else f"loops to {self.loop:.2f} s"
        clocks = " and ".join(f"{clock} Hz" for clock in dict.fromkeys(self.clocks))
        board = f", with {' and '.join(others)}" * bool(others)
        return f"{name}: {chips} at {clocks}{board}, {self.length:.2f} s, {loop}, {len(self.rows_once)} writes"

    def _repr_html_(self) -> str:
        facts = {
            "format": self.format,
            "parts": ", ".join(part.title for part in self.parts),
            "clock": ", ".join(f"{clock} Hz" for clock in dict.fromkeys(self.clocks)),
            "length": f"{self.length:.2f} s",
            "loop": "none" if self.loop is None else f"to {self.loop:.2f} s",
            "writes": str(len(self.rows_once)),
            **self.tags,
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

    def _playing(
        self, loops: int = 1, fade: float = 0.0, mute: int = 0, parts: "str | Collection[str] | None" = None
    ) -> Playing:
        loops, fade = integer("loops", loops, 1, MOST_LOOPS), number("fade", fade, 0, 3600, "seconds")
        # A kind becomes names here, once: asked again, the first of two ("sega_pcm") would mean both.
        heard = None if parts is None else self.chosen(parts)
        return Playing(self, loops=loops, fade=fade, mute=integer("mute", mute, 0, 255), parts=heard)

    def render(
        self,
        loops: int = 1,
        fade: float = 0.0,
        start: float = 0.0,
        stop: float | None = None,
        mute: int = 0,
        rate: float | None = None,
        parts: "str | Collection[str] | None" = None,
    ) -> "Samples":
        """Play the song: all that its board plays.

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
        parts : str or collection of str, optional
            The parts to be heard, by their names in ``parts``; all if not given. ``"ym2151"`` gives its samples bit for
            bit. With other parts the sum is 6 dB down, which leaves room for them.

        Returns
        -------
        (n, 2) int16
            Left and right.

        Raises
        ------
        TypeError, ValueError
            An argument is out of range.
        """
        return self._rendered(self._playing(loops, fade, mute, parts), start, stop, rate, apart=False)

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
        exponent of 3: that is what ``render`` returns, if there is no fade, no ``volume``, no second clock and no other
        part. Two chips are added after that.

        Parameters
        ----------
        loops, fade, start, stop, rate
            As for ``render``.

        Returns
        -------
        (n, channels, 2) int16
            8 channels per YM2151, then a row for each other part, in the order of ``parts``.

        Raises
        ------
        TypeError, ValueError
            An argument is out of range.
        """
        return self._rendered(self._playing(loops, fade), start, stop, rate, apart=True)

    def _rendered(
        self, playing: Playing, start: float, stop: float | None, rate: float | None, apart: bool
    ) -> "Samples":
        if not 0 <= real("start", start) <= (LONGEST if stop is None else real("stop", stop)) <= LONGEST:
            raise ValueError(f"start and stop must be seconds in order, 0 to {LONGEST}, got {start!r}, {stop!r}")
        target = rate if rate is None else number("rate", rate, 1000, 768_000, "Hz")
        end = playing.frames if stop is None else round(stop * playing.rate)
        renderer = Renderer(playing, apart=apart)
        # Rendered up to there and thrown away: only that gives the samples that playing from the start gives.
        renderer.skip(min(end, round(start * playing.rate)))
        shape = (CHANNELS * len(self.opms) + len(playing.others), 2) if apart else (2,)
        blocks = renderer.channel_blocks(end=end) if apart else renderer.blocks(end=end)
        if target is None:
            # The empty block gives shape and type where start lies behind the end: that is no sound, not an error.
            rounding = rounded if playing.others else to_int16
            return np.concatenate([np.empty((0, *shape), np.int16), *map(rounding, blocks)])
        columns = math.prod(shape)
        # soxr takes frames of channels: stems are laid out as such, and put back.
        resampler = Resampler(playing.rate, target, channels=columns)
        pieces = [resampler.convert(block.reshape(-1, columns)) for block in blocks]
        return np.concatenate([*pieces, resampler.flush()]).reshape(-1, *shape)

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
        playing = self._playing(loops)
        passes = self.passes(loops)
        found = [np.empty(0, EVENT), *islice(playing.timetables[chip].events(), max(1, passes))]
        # An MDX played once: all of its loop that is heard stands before the loop.
        if passes == 0:
            found[1:] = [events[: 2 * int((self.rows_once["chip"] == chip).sum())] for events in found[1:]]
        return np.concatenate(found)

    def voices(self) -> list[Voice]:
        """Return the voices the song keys on, in the order they first sound.

        Returns
        -------
        list of Voice
            Each once, at the loudest of its volumes, under its number and what its first note sounds like:
            ``2 bright pluck, middle``.
        """
        return [each.voice.named(f"{i} {described(each, self.chip_clock())}") for i, each in enumerate(self._found, 1)]

    @cached_property
    def _found(self) -> list[Found]:
        # One pass of the song has every voice; a loop has no other.
        chips = range(len(self.opms))
        return [found for chip in chips for found in found_in(self.events(chip), volumes=False)]

    @cached_property
    def voice_numbers(self) -> dict[bytes, int]:
        """The numbers that ``voices()`` has them under, by what makes two the same: ``opm.song.sound_of(voice)``."""
        return numbered([found.voice for found in self._found])

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
            ``chip`` (from 0), ``channel`` (1 to 8), ``start`` and ``end`` (seconds), ``midi`` (69 = A4, fractions are
            semitones), ``level`` (dB of the loudest carrier's TL, at its loudest moment) and ``voice`` (index in
            ``voices()``). ``midi`` is the pitch it begins with.
        """
        return NoteFinder(self, self.voice_numbers).notes

    @classmethod
    def from_notes(
        cls,
        notes: "npt.NDArray[Any] | Sequence[tuple[float, ...]]",
        voices: Sequence[Voice],
        clock: float = REFERENCE_CLOCK,
        drop: bool = False,
    ) -> "Song":
        """Make a song of notes.

        Parameters
        ----------
        notes : structured array as ``notes()`` gives it, or sequence of tuples of its seven values
            A note keeps its channel if that is free, else it takes one of its chip that is: rather one that has its
            voice, or the one free longest. Those that start together are struck in the order given. There are as many
            chips as the notes are for.
        voices : sequence of Voice
            What the notes' ``voice`` counts.
        clock : int
            Master clock in Hz.
        drop : bool
            What is done where more than 8 notes of a chip sound at once. True: the one that sounds longest is cut, as
            ``opm.load`` does with MIDI files, and a note that would be cut within 30 ms is left out; ``remarks`` says
            how many. False: that is an error.

        Returns
        -------
        Song

        Raises
        ------
        TypeError, ValueError
            More than 8 notes of a chip sound at a moment, which is named, without ``drop``; a chip, voice, pitch or
            time out of range.

        Examples
        --------
        >>> notes = [(0, 1, 0.0, 0.5, 69.0, 0.0, 0), (0, 2, 0.25, 0.75, 72.0, -6.0, 0)]
        >>> song = Song.from_notes(notes, [Voice("organ", con=7)])
        >>> song.notes()["midi"].tolist(), song.length
        ([69.0, 72.0], 0.75)
        """
        table, voices = make.note_table(notes), checked_voices(voices)
        wrong = (table["voice"] < 0) | (table["voice"] >= len(voices)) | ~(table["start"] < table["end"])
        # ~(start < end) above, not start >= end: it is true of NaN, too.
        wrong |= table["chip"] >= make.MOST_CHIPS
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            expected = f"a chip below {make.MOST_CHIPS}, a start before its end and a voice below {len(voices)}"
            raise ValueError(f"note {row}: expected {expected}, got {table[row]}")
        chips = 1 + int(table["chip"].max(initial=0))
        writes, said = writes_of(table, voices, clock, drop)
        return cls(writes, clock, chips=("ym2151",) * chips).but(read_remarks=(said,) * bool(said))

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
        voices = [found.voice for found in self._found]
        for index, voice in others.items():
            integer("voice number", index, 0, len(voices) - 1)
            checked(voice)
        return self.but(**Revoicing(self, voices, others).made())

    def chip_at(self, seconds: float, chip: int = 0) -> YM2151:
        """Return a chip as it stands in mid-song, for looks, traces and experiments.

        Parameters
        ----------
        seconds : float
            Time from the start of the song; its loop goes on for ever.
        chip : int
            Which of its YM2151s, from 0.

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
        playing = Playing(self)
        # Its own samples, not those brought into step: the chip stands exactly there at its own clock.
        part = Renderer(playing).parts[chip]
        frames = round(seconds * part.timetable.rate)
        for first in range(0, frames, BLOCK):
            part.own(min(BLOCK, frames - first))
        return part.chip

    def part_at(self, seconds: float, name: str) -> Chip:
        """Return another chip of the board as it stands in mid-song.

        Parameters
        ----------
        seconds : float
            Time from the start of the song; its loop goes on for ever.
        name : str
            Of ``parts``, but for the YM2151.

        Returns
        -------
        opm.board.Chip

        Raises
        ------
        TypeError, ValueError
            No such part, or a negative or unreasonable time.
        """
        self._companion(name)
        seconds, playing = number("seconds", seconds, 0, LONGEST), Playing(self, parts=[name])
        # Played from the start, as in ``chip_at``: only so phases and queues are those of the song.
        part = CompanionRenderer(playing.others[0], 1.0)
        samples = round(seconds * part.timetable.rate)
        for first in range(0, samples, BLOCK):
            part.add_to(np.zeros((2, min(BLOCK, samples - first)), np.float32), 0)
        return part.chip

    def save(self, path: str | os.PathLike[str], bpm: float | None = None) -> list[str]:
        """Write the song as a file; complete or not at all.

        Parameters
        ----------
        path : path-like
            By its ending: ``.vgm``, ``.vgz``, ``.log`` or ``.json``; ``.mid`` is MIDI: a track per channel with a note
            for each key struck that is heard, its velocity, its pitch until it is released (what is not the semitone
            it begins with as bends, whose range the track sets: 2, 12, 24, 48 or 97 semitones), the voices as programs
            with their names. Of a song that was read from MIDI: a track per part, with its notes' programs, keys and
            velocities as they were, those that the chip plays. ``.mdx`` is for songs that were read from MDX or MML.
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
        TypeError
            Its tags are no longer strings by name.
        OSError
            It cannot be written.
        """
        path = Path(path)
        # Tags are a plain dict that anyone may have edited: checked here, or the writer would fail somewhere within.
        make.tags_of(self.tags)
        written = writers.write(self, path, bpm)
        with replacing(path) as temporary:
            temporary.write_bytes(written.data)
        return written.lost
