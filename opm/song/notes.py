"""Notes of a song, there and back: found in its writes, made into a song; other instruments."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..counts import CHANNELS
from ..events import CHIP, MASTER_CLOCKS_PER_FRAME
from ..midi.allocate import Allocator, long_enough
from ..midi.driver import Registers
from ..pitch import KC, KF, note
from ..registers import ALL_KEYS, KON, RL, SLOT_BASES, TL
from ..state import OPERATORS
from ..tables import CARRIERS, TL_DB
from ..voice.channels import Channel, Channels, one_by_one
from ..voice.extract import attenuation, sound_of, turned_down
from ..voice.table import KEY_ORDER
from ..voice.voice import Voice
from .data import Loop

if TYPE_CHECKING:
    from .song import Song

NOTE = np.dtype(
    [("chip", np.uint8), ("channel", np.uint8), ("start", np.float64), ("end", np.float64), ("midi", np.float64),
     ("level", np.float64), ("voice", np.int32)]
)  # fmt: skip
"""numpy.dtype of a note: chip 0 or 1, channel 1 to 8, seconds, MIDI number (69 = A4), dB, number in ``Song.voices``."""
HEARD = -78.0
"""dB: any lower, and the chip's sine has no bit left; all of its samples are 0."""
SETTLED = 0.002
"""Seconds in which a driver writes all registers of a pitch or a volume, one after the other."""
LEGATO, STILL, STAYS = 7 / 8, 0.5, 0.055
"""A step to another note: the pitch moves by 7/8 of a semitone at once, and by 0.5 at most 55 ms before and after it.

A semitone, with room for fine tuning. Slides and vibrato move each tick of the driver, at most 20 ms, and chords of
one channel are broken in steps of one to three frames, at most 54 ms at 55 Hz; a 32nd note at 120 bpm stays 62 ms.
"""
FULL_RANGE = 96.0
"""dB from silence to the loudest moment of an envelope."""
_KEYS = tuple(1 << KEY_ORDER.index(op) for op in OPERATORS)
"""Bits of ``Voice.slots``, for M1, M2, C1, C2."""
_KS_AR = SLOT_BASES[2]


@dataclass
class _Key:
    """A key while it is held."""

    write: int
    """Number of the write that struck it."""
    voice: int
    attacks: tuple[int, ...]
    """Rates at which its operators rise, 0 to 63; 0: they do not."""
    pitches: list[tuple[float, float, int]]
    """Seconds, MIDI number, number of the write: the first, and each that differs."""
    outputs: list[tuple[float, tuple[int, ...]]]
    """Seconds, what ``_output`` gives: the first, and each that differs."""


def _output(channel: Channel) -> tuple[int, ...]:
    """Return sides, algorithm, and the total levels of M1, M2, C1, C2.

    Sides that are never written are taken for both, as ``Voice.from_registers`` takes them.
    """
    levels = (channel.held.get(TL + slot + channel.index, 0) & 0x7F for slot in OPERATORS.values())
    return channel.held.get(RL + channel.index, 0xC0) & 0xC7, *levels


def _attacks(channel: Channel) -> tuple[int, ...]:
    """Return the attack rates of the keyed operators, 0 to 63; AR never written is taken for 31."""
    kc, _ = channel.key_code()
    rates = []
    for slot, key in zip(OPERATORS.values(), _KEYS, strict=True):
        ks, ar = divmod(channel.held.get(_KS_AR + slot + channel.index, 31) & 0xDF, 64)
        rates.append(min(2 * ar + (kc >> 2 + 3 - ks), 63) if ar and channel.keys & key else 0)
    return tuple(rates)


@dataclass
class FoundNote:
    """A note, how its pitch moves, and whether a sample of it differs from 0."""

    row: tuple[int, int, float, float, float, float, int]
    """NOTE."""
    write: int
    """Number of the write that begins it."""
    key: int
    """Number of the write that struck its key: that of other notes, too, where the pitch steps while it is held."""
    pitches: list[tuple[float, float]]
    """Seconds and MIDI number, from its start on."""
    heard: bool


class NoteFinder:
    """Follows a song's writes and collects its notes, with the curves of their pitch.

    A note begins where a key is struck, or where a held key's pitch steps to another note and stays (``LEGATO``).
    """

    def __init__(self, song: "Song", numbers: Mapping[bytes, int]) -> None:
        self.song, self.numbers = song, numbers
        self.known: dict[tuple[int | None, ...], int] = {}
        """Numbers of voices by what they are made of: most keys strike one that was struck before."""
        self.chips = [Channels() for _ in song.opms]
        self.down: dict[Channel, _Key] = {}
        """Keys that are held."""
        self.end, self.frame = song.seconds(song.ticks_once[1]), MASTER_CLOCKS_PER_FRAME / song.clock
        self.found: list[FoundNote] = []
        """In the order they begin."""
        for number, (tick, chip, address, data) in enumerate(one_by_one(song.rows_once)):
            channel = self.chips[chip].take(address, data)
            if channel and (address == KON or channel in self.down):
                self.take(number, song.seconds(tick), chip, channel, address)
        for chip, follows in enumerate(self.chips):
            for channel in follows.channels:
                self.finish(self.end, chip, channel)
        # By the write, not the time: notes that start together stay in the order in which the song strikes them.
        self.found.sort(key=lambda note: note.write)

    @property
    def notes(self) -> npt.NDArray[Any]:
        """The notes, (n,) NOTE, in the order they begin."""
        return np.array([note.row for note in self.found], NOTE)

    def take(self, number: int, time: float, chip: int, channel: Channel, address: int) -> None:
        """Take one write to a channel whose key is held, or which concerns its key."""
        if address == KON:
            # A key-on of an operator that is down already is nothing to the chip; one more operator strikes anew.
            if channel.struck or not channel.keys:
                self.finish(time, chip, channel)
            # A key struck at the very end, where a loop goes back, sounds for no frame.
            if channel.struck and time + self.frame <= self.end:
                # A voice is made once for each set of registers, not at each key: those of 600 000 writes took seconds.
                sound = channel.sound()
                if sound not in self.known:
                    self.known[sound] = self.numbers.get(sound_of(channel.voice()), -1)
                pitches = [self.pitch(number, time, chip, channel)]
                outputs = [(time, _output(channel))]
                self.down[channel] = _Key(number, self.known[sound], _attacks(channel), pitches, outputs)
        elif address & 0xF8 in (KC, KF):
            _keep(self.down[channel].pitches, self.pitch(number, time, chip, channel))
        elif address & 0xF8 == RL or address & 0xE0 == TL:
            _keep(self.down[channel].outputs, (time, _output(channel)))

    def pitch(self, number: int, time: float, chip: int, channel: Channel) -> tuple[float, float, int]:
        """Return what a write makes of a channel's pitch."""
        return time, channel.midi(self.song.chip_clock(chip)), number

    def finish(self, end: float, chip: int, channel: Channel) -> None:
        """Collect the notes of a key that is released, struck anew, or held at the end of the song."""
        key = self.down.pop(channel, None)
        if key is None:
            return
        times = [time for time, _, _ in key.pitches]
        # What is released at the moment it is struck sounds until the bus has taken the next write.
        end = max(end, times[0] + CHIP.spacing * self.frame)
        # What is held longer may go on rising from where the note before has come to.
        held = end - times[0]
        frames = held / self.frame if held < SETTLED else math.inf
        changes, lacking = [time for time, _ in key.outputs], [_lacking(rate, frames) for rate in key.attacks]
        begins = [0, *_steps(times, [midi for _, midi, _ in key.pitches], end)]
        for first, behind in zip_longest(begins, begins[1:]):
            start, until = times[first], end if behind is None else times[behind]
            pitches = [pitch[:2] for pitch in key.pitches[first:behind]]
            midi = next(midi for time, midi in reversed(pitches) if time <= start + SETTLED)
            outputs = key.outputs[bisect_right(changes, start) - 1 : bisect_left(changes, until)]
            level, heard = _loudest(outputs, start, until, lacking)
            row = (chip, channel.index + 1, start, until, midi, level, key.voice)
            self.found.append(FoundNote(row, key.pitches[first][2], key.write, pitches, heard))


def _keep(history: list[Any], now: tuple[Any, ...]) -> None:
    """Keep what there is now: of writes at the same moment only what the last has made."""
    # KC and KF come as two writes of one moment: the pitch between them was never heard.
    if history[-1][0] == now[0]:
        history[-1] = (*now[:2], *history[-1][2:])
    elif history[-1][1] != now[1]:
        history.append(now)


def _steps(times: Sequence[float], midi: Sequence[float], end: float) -> list[int]:
    """Return which changes of a held key's pitch begin another note."""
    steps: list[int] = []
    start, settled = times[0], 0
    for i in range(1, len(times)):
        # KC and KF may be a millisecond apart: the step is judged by where the pitch has come to when both are there.
        while settled + 1 < len(times) and times[settled + 1] <= times[i] + SETTLED:
            settled += 1
        if abs(midi[settled] - midi[i - 1]) < LEGATO or min(times[i] - start, end - times[i]) < STAYS:
            continue
        # The nearest first: whatever the song, nothing is looked at often.
        before = range(i - 1, bisect_right(times, times[i] - STAYS) - 2, -1)
        behind = range(settled, bisect_left(times, times[i] + STAYS))
        if all(abs(midi[k] - midi[i - 1]) <= STILL for k in before) and all(
            abs(midi[k] - midi[settled]) <= STILL for k in behind
        ):
            steps.append(i)
            start = times[i]
    return steps


def _loudest(
    outputs: Sequence[tuple[float, tuple[int, ...]]], start: float, end: float, lacking: Sequence[float]
) -> tuple[float, bool]:
    """Return the level of a note's loudest moment in dB, and whether it is heard."""
    # A volume that stands for less than 2 ms is on its way: the next note's, written just before the key goes up.
    times = [start, *(time for time, _ in outputs[1:]), end]
    held = [output for (_, output), (a, b) in zip(outputs, pairwise(times), strict=True) if b - a >= SETTLED]
    settled = [output for time, output in outputs if time <= start + SETTLED][-1]
    loudness = [_loudness(output, lacking) for output in held or [settled]]
    return max(level for level, _ in loudness), any(heard for _, heard in loudness)


def _lacking(rate: int, frames: float) -> float:
    """Return the dB that an attack lacks after a number of frames; each of its steps takes a sixteenth of the rest."""
    if not rate:
        return math.inf
    if rate >= 62:  # at once
        return 0.0
    # On average (4 + rate % 4) / 24 steps a frame at rates 44 to 47, and twice as many each four rates up.
    return FULL_RANGE * math.exp(-frames * (4 + rate % 4) / 24 * 2 ** (rate // 4 - 11) / 16)


def _loudness(output: Sequence[int], lacking: Sequence[float]) -> tuple[float, bool]:
    """Return the level of the loudest carrier in dB, and whether one is heard."""
    carriers = CARRIERS[output[0] & 7]
    levels = [-TL_DB * level for level in output[1:]]
    # Above 7 one of the sides is on. A modulator is never heard by itself.
    return max(levels[i] for i in carriers), output[0] > 7 and any(levels[i] - lacking[i] > HEARD for i in carriers)


def numbered(voices: Sequence[Voice]) -> dict[bytes, int]:
    """Return the voices' numbers by their sound."""
    numbers: dict[bytes, int] = {}
    for number, voice in enumerate(voices):
        numbers.setdefault(sound_of(voice), number)
    return numbers


@dataclass(eq=False)
class _Row:
    """A note that is to be played."""

    chip: int
    channel: int
    """The one it is for, from 0."""
    start: float
    stop: float
    midi: float
    level: float
    voice: int


@dataclass(eq=False)
class _Placed:
    """A note with its channel."""

    note: _Row
    channel: int
    end: float
    cut: bool = False


def _placed(notes: Sequence[_Row], drop: bool) -> list[_Placed]:
    """Return notes, in the order they begin, with the channels that they get; ValueError if some are too many."""
    chips: dict[int, Allocator] = {}
    placed: dict[_Row, _Placed] = {}
    due: list[tuple[float, int, _Row]] = []
    for number, row in enumerate(notes):
        while due and due[0][0] <= row.start:
            end, _, over = heappop(due)
            chips[over.chip].free(end, over)
        allocator = chips.setdefault(row.chip, Allocator())
        wanted = row.channel if 0 <= row.channel < CHANNELS else None
        place, cut = allocator.take(row.start, row, row.voice, wanted=wanted)
        if cut is not None:
            if not drop:
                raise ValueError(f"more than {CHANNELS} notes sound at {row.start:.15g} s on chip {row.chip}")
            placed[cut].end, placed[cut].cut = row.start, True
        placed[row] = _Placed(row, place.channel, row.stop)
        heappush(due, (row.stop, number, row))
    return [*placed.values()]


def writes_of(
    notes: npt.NDArray[Any], voices: Sequence[Voice], clock: float, drop: bool = False
) -> tuple[list[tuple[float, int, int, int]], str]:
    """Return register writes that play notes on the eight channels of each chip, and what became of those too many.

    A note keeps its channel if that is free, else ``Allocator`` gives it one of its chip. Those that start together are
    struck in the order given.
    """
    ordered = notes[np.argsort(notes["start"], kind="stable")]
    rows = [_Row(chip, channel - 1, *rest) for chip, channel, *rest in ordered.tolist()]
    placed = long_enough(rows, lambda some: _placed(some, drop))
    held: dict[int, Registers] = {}
    writes: list[tuple[float, int, int, int]] = []
    for each in placed:
        played, channel = each.note, each.channel
        # The level of a note is that of its loudest carrier's TL, so a song read with ``notes()`` comes back as it was.
        voice = turned_down(voices[played.voice], round(-played.level / TL_DB))
        registers = voice.registers(channel + 1) + note(played.midi, clock).registers(channel + 1)
        # 26 writes take 1 ms of the bus: only what the channel does not hold yet.
        changed = held.setdefault(played.chip, Registers()).changed(registers)
        writes += [(played.start, played.chip, address, data) for address, data in changed]
        writes.append((played.start, played.chip, KON, voice.slots << 3 | channel))
        writes.append((each.end, played.chip, KON, channel))
    # Releases first: at one moment the next note on a channel would be struck and released at once.
    writes.sort(key=lambda row: (row[0], row[2] != KON or bool(row[3] & ALL_KEYS)))
    cut, dropped = sum(each.cut for each in placed), len(rows) - len(placed)
    said = f"more than {CHANNELS} notes of a chip at once: {cut} cut by others, {dropped} left out"
    return writes, said * bool(cut or dropped)


class Revoicing:
    """A song's writes with other instruments: keys, pitches, panning and volumes stay."""

    def __init__(self, song: "Song", voices: Sequence[Voice], others: Mapping[int, Voice]) -> None:
        self.song, self.others = song, others
        self.voices, self.numbers = voices, numbered(voices)
        self.rows: list[tuple[int, int, int, int]] = []
        self.chips = [Channels() for _ in song.opms]
        self.known: dict[tuple[int | None, ...], Voice | None] = {}
        """What takes the place of what was met before."""
        self.sent: dict[Channel, dict[int, int]] = {}
        """What each channel's registers hold in the new song."""
        self.loop: Loop | None = None

    def made(self) -> dict[str, Any]:
        """Return the song's data that changes, for ``Song.but``."""
        for i, (tick, chip, address, data) in enumerate(one_by_one(self.song.rows)):
            if self.song.loop_start and i == self.song.loop_start.write:
                self.loop = Loop(self.song.loop_start.tick, len(self.rows))
                # The loop can be reached from its end, where the channels hold something else: all is sent anew.
                self.sent.clear()
            self.write(tick, chip, address, data)
        if self.song.loop_start and not self.loop:  # it plays no writes
            self.loop = Loop(self.song.loop_start.tick, len(self.rows))
        return {"rows": np.array(self.rows, self.song.rows.dtype), "loop_start": self.loop}

    def write(self, tick: int, chip: int, address: int, data: int) -> None:
        """Pass a write on, or write the new instrument where it is one of the old instrument's."""
        channel = self.chips[chip].take(address, data)
        # The chip's own registers and pitches are the song's; what a channel's voice is made of is held back.
        if channel is None or KC <= address < KF + CHANNELS:
            self.rows.append((tick, chip, address, data))
            return
        # While a key is down its voice moves: volumes and panning within a note. What is written between notes waits
        # for the key, since drivers load a voice in pieces.
        if channel.keys:
            self.send(tick, chip, channel)
        if address != KON:
            return
        if channel.keys:
            other = self.other(channel)
            # The other voice may use fewer operators, or more.
            data = (other.slots << 3 if other else data & ALL_KEYS) | channel.index
        self.rows.append((tick, chip, address, data))

    def other(self, channel: Channel) -> Voice | None:
        """Return the instrument that takes the place of what a channel holds, at its volume."""
        sound = channel.sound()
        if sound not in self.known:
            self.known[sound] = self.other_of(channel.voice())
        return self.known[sound]

    def other_of(self, voice: Voice) -> Voice | None:
        """Return the instrument that takes the place of another, at its volume; None: it stays."""
        number = self.numbers.get(sound_of(voice), -1)
        if number not in self.others:
            return None
        # As far below the loudest that the song plays of it as the old instrument is at this moment.
        down = attenuation(voice) - attenuation(self.voices[number])
        new = self.others[number]
        return replace(turned_down(new, attenuation(new) + down), rl=voice.rl)

    def send(self, tick: int, chip: int, channel: Channel) -> None:
        """Write the registers of the channel's new instrument that differ from what the new song has written so far."""
        other = self.other(channel)
        own = {address: data for address, data in channel.held.items() if not KC <= address < KF + CHANNELS}
        wanted = dict(other.registers(channel.index + 1)) if other else own
        # Only what differs: 26 registers at each key are 1 ms of the bus.
        has = self.sent.setdefault(channel, {})
        for address, data in wanted.items():
            if has.get(address) != data:
                self.rows.append((tick, chip, address, data))
                has[address] = data
