"""Notes of a song, there and back: found in its writes, made into a song, written as MIDI; other instruments."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..pitch import KC, KF, KF_SHIFT, midi_of, note
from ..registers import ALL_KEYS, KON, RL
from ..voice.extract import attenuation, sound_of, turned_down
from ..voice.voice import Voice
from .log import Log, Loop

NOTE = np.dtype(
    [("chip", np.uint8), ("channel", np.uint8), ("start", np.float64), ("end", np.float64), ("midi", np.float64),
     ("level", np.float64), ("voice", np.int32)]
)  # fmt: skip
"""numpy.dtype of a note: chip 0 or 1, channel 1 to 8, seconds, MIDI number (69 = A4), dB, number in ``Song.voices``."""
CHANNELS = 8
STEP_DB = 0.75
"""dB of a step of TL."""
BEND_RANGE = 2
"""Semitones of a full pitch bend, as General MIDI has it."""


@dataclass
class _Channel:
    """What a channel holds while the writes go by."""

    index: int
    held: dict[int, int] = field(default_factory=dict)
    keys: int = 0
    note: dict[str, Any] | None = None
    pitch: float = 0.0
    changed: float | None = None
    """When its pitch was written last, until that has been judged."""

    def voice(self) -> Voice:
        """The instrument its registers make."""
        return replace(Voice.from_registers(self.held, self.index + 1), slots=self.keys or 15)

    def midi(self, clock: float) -> float:
        """Its pitch."""
        return midi_of(self.held.get(KC + self.index, 0) & 0x7F, self.held.get(KF + self.index, 0) >> KF_SHIFT, clock)


def channel_of(address: int, data: int) -> int:
    """Return the channel, from 0, that a write concerns; -1 for the chip's own registers."""
    if address == KON:
        return data & 7
    return address & 7 if address >= RL else -1


class NoteFinder:
    """Follows a song's writes and collects its notes, and the bends of their pitch.

    A note begins with a key-on, or where a held key's pitch jumps by more than half a semitone at once or has come
    further than ``BEND_RANGE`` from where it began; smaller changes are bends.
    """

    def __init__(self, log: Log, numbers: Mapping[bytes, int]) -> None:
        self.log, self.numbers = log, numbers
        self.channels = [[_Channel(i) for i in range(CHANNELS)] for _ in log.chips]
        self.end = log.seconds(log.playing[1])
        self.found: list[dict[str, Any]] = []
        self.bends: list[tuple[float, int, int, float]] = []
        """Seconds, chip, channel from 1, MIDI number."""
        for tick, chip, address, data in log.once.tolist():
            if (index := channel_of(address, data)) >= 0:
                self.take(log.seconds(tick), chip, self.channels[chip][index], address, data)
        for chip, channels in enumerate(self.channels):
            for channel in channels:
                self.settle(chip, channel)

    @property
    def notes(self) -> npt.NDArray[Any]:
        """The notes, (n,) NOTE, in the order they start."""
        rows = np.array([tuple(note[name] for name in NOTE.names or ()) for note in self.found], NOTE)
        return rows[np.argsort(rows["start"], kind="stable")]

    def take(self, time: float, chip: int, channel: _Channel, address: int, data: int) -> None:
        """Take one write to a channel."""
        if time != channel.changed:
            self.settle(chip, channel)
        if address != KON:
            channel.held[address] = data
            if address & 0xF8 in (KC, KF):
                channel.changed = time
            return
        self.settle(chip, channel)
        keys, channel.keys = channel.keys, (data & ALL_KEYS) >> 3
        struck = channel.keys & ~keys
        if channel.note and (struck or not channel.keys):
            channel.note["end"], channel.note = time, None
        if struck:
            self.begin(time, chip, channel)

    def begin(self, time: float, chip: int, channel: _Channel) -> None:
        """Begin a note."""
        voice = channel.voice()
        channel.pitch = channel.midi(self.log.chip_clock(chip))
        channel.note = {
            "chip": chip,
            "channel": channel.index + 1,
            "start": time,
            "end": self.end,
            "midi": channel.pitch,
            "level": -STEP_DB * attenuation(voice),
            "voice": self.numbers.get(sound_of(voice), -1),
        }
        self.found.append(channel.note)

    def settle(self, chip: int, channel: _Channel) -> None:
        """Judge a change of pitch when all of its writes have come."""
        time, channel.changed = channel.changed, None
        if time is None or not channel.note:
            return
        midi, note = channel.midi(self.log.chip_clock(chip)), channel.note
        if time == note["start"]:
            note["midi"] = midi
        elif abs(midi - channel.pitch) > 0.5 or abs(midi - note["midi"]) > BEND_RANGE:
            note["end"] = time
            self.begin(time, chip, channel)
        elif midi != channel.pitch:
            self.bends.append((time, chip, channel.index + 1, midi))
        channel.pitch = midi


def numbered(voices: Sequence[Voice]) -> dict[bytes, int]:
    """Return the voices' numbers by their sound."""
    numbers: dict[bytes, int] = {}
    for number, voice in enumerate(voices):
        numbers.setdefault(sound_of(voice), number)
    return numbers


def writes_of(notes: npt.NDArray[Any], voices: Sequence[Voice], clock: float) -> list[tuple[float, int, int]]:
    """Return register writes that play notes on the eight channels of a chip.

    A note keeps its channel if that is free, else it takes the one that has been free longest.
    """
    rows: list[tuple[float, int, int]] = []
    until, loaded = [-1.0] * CHANNELS, [b""] * CHANNELS
    for played in np.sort(notes, order=["start", "end"], kind="stable"):
        start, end = float(played["start"]), float(played["end"])
        free = [i for i in range(CHANNELS) if until[i] <= start]
        if not free:
            raise ValueError(f"more than {CHANNELS} notes sound at {start:.15g} s")
        wanted = int(played["channel"]) - 1
        i = wanted if wanted in free else min(free, key=until.__getitem__)
        voice = turned_down(voices[int(played["voice"])], round(-float(played["level"]) / STEP_DB))
        registers = voice.registers(i + 1)
        if bytes(data for _, data in registers) != loaded[i]:
            rows += [(start, address, data) for address, data in registers]
            loaded[i] = bytes(data for _, data in registers)
        rows += [(start, address, data) for address, data in note(float(played["midi"]), clock).registers(i + 1)]
        rows.append((start, KON, voice.slots << 3 | i))
        rows.append((end, KON, i))
        until[i] = end
    # a key is released before it is struck again at the same moment
    return sorted(rows, key=lambda row: (row[0], row[1] != KON or bool(row[2] & ALL_KEYS)))


class Revoicing:
    """A song's writes with other instruments: keys, pitches, panning and volumes stay."""

    def __init__(self, log: Log, voices: Sequence[Voice], others: Mapping[int, Voice]) -> None:
        self.log, self.others = log, others
        self.voices, self.numbers = voices, numbered(voices)
        self.rows: list[tuple[int, int, int, int]] = []
        self.channels = [[_Channel(i) for i in range(CHANNELS)] for _ in log.chips]
        self.sent: dict[tuple[int, int], dict[int, int]] = {}
        self.loop: Loop | None = None

    def made(self) -> Log:
        """Return the song's log, anew."""
        for i, (tick, chip, address, data) in enumerate(self.log.writes.tolist()):
            if self.log.loop and i == self.log.loop.write:
                self.loop = Loop(self.log.loop.tick, len(self.rows))
                self.sent.clear()
            self.write(tick, chip, address, data)
        return replace(self.log, writes=np.array(self.rows, self.log.writes.dtype), loop=self.loop)

    def write(self, tick: int, chip: int, address: int, data: int) -> None:
        """Pass a write on, or what it means for the channel's instrument."""
        index = channel_of(address, data)
        channel = self.channels[chip][index] if index >= 0 else None
        if channel is None or KC <= address < KF + CHANNELS:
            self.rows.append((tick, chip, address, data))
            return
        if address != KON:
            channel.held[address] = data
            if channel.keys:
                self.send(tick, chip, channel)
            return
        channel.keys = (data & ALL_KEYS) >> 3
        if channel.keys:
            self.send(tick, chip, channel)
            other = self.other(channel)
            data = (other.slots << 3 if other else data & ALL_KEYS) | index
        self.rows.append((tick, chip, address, data))

    def other(self, channel: _Channel) -> Voice | None:
        """Return the instrument that takes the place of what a channel holds, at its volume."""
        voice = channel.voice()
        number = self.numbers.get(sound_of(voice), -1)
        if number not in self.others:
            return None
        down = attenuation(voice) - attenuation(self.voices[number])
        new = self.others[number]
        return replace(turned_down(new, attenuation(new) + down), rl=voice.rl)

    def send(self, tick: int, chip: int, channel: _Channel) -> None:
        """Send the registers that differ from what the chip has."""
        other = self.other(channel)
        own = {address: data for address, data in channel.held.items() if not KC <= address < KF + CHANNELS}
        wanted = dict(other.registers(channel.index + 1)) if other else own
        has = self.sent.setdefault((chip, channel.index), {})
        for address, data in wanted.items():
            if has.get(address) != data:
                self.rows.append((tick, chip, address, data))
                has[address] = data


TICKS_PER_BEAT, TEMPO = 480, 500_000
"""MIDI: 960 ticks per second."""
_OFF, _PROGRAM, _BEND, _ON = range(4)
"""Messages of the same tick in their order."""


def midi_bytes(found: NoteFinder, voices: Sequence[Voice], title: str) -> bytes:
    """Return a MIDI file: a track per channel, fractions of the pitch as bends, voices as programs with their names."""
    import mido

    file = mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT)
    head = [mido.MetaMessage("set_tempo", tempo=TEMPO), mido.MetaMessage("track_name", name=_latin(title))]
    file.tracks.append(mido.MidiTrack(head))
    for chip in range(len(found.log.chips)):
        for channel in range(1, CHANNELS + 1):
            place = chip * CHANNELS + channel - 1
            port = place if place < 9 else place + 1 if place < 15 else 9  # 9 is the drums': last
            name = f"channel {channel}" + (f" of chip {chip + 1}" if chip else "")
            file.tracks.append(_track(found, voices, chip, channel, port, name))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _latin(text: str) -> str:
    """Return a text that a MIDI file can hold."""
    return text.encode("latin-1", errors="replace").decode("latin-1")


def _track(found: NoteFinder, voices: Sequence[Voice], chip: int, channel: int, port: int, name: str) -> Any:
    """Return a channel's track: of what happens at the same tick, releases first, strikes last."""
    import mido

    second = mido.second2tick(1, TICKS_PER_BEAT, TEMPO)
    notes = found.notes
    notes = notes[(notes["chip"] == chip) & (notes["channel"] == channel)]
    keys = np.clip(np.rint(notes["midi"]), 0, 127).astype(int)
    timed: list[tuple[int, int, Any]] = []
    program = -1

    def bend(seconds: float, midi: float, key: int) -> None:
        size = min(max(round((midi - key) / BEND_RANGE * 8192), -8192), 8191)
        timed.append((round(seconds * second), _BEND, mido.Message("pitchwheel", channel=port, pitch=size)))

    for played, key in zip(notes, keys.tolist(), strict=True):
        start, end, number = round(played["start"] * second), round(played["end"] * second), int(played["voice"])
        if number != program and number >= 0:
            program = number
            words = f"program {number % 128}: {_latin(voices[number].name)}"
            timed.append((start, _PROGRAM, mido.MetaMessage("text", text=words)))
            timed.append((start, _PROGRAM, mido.Message("program_change", channel=port, program=number % 128)))
        bend(played["start"], played["midi"], key)
        velocity = min(max(round(127 * 10 ** (played["level"] / 40)), 1), 127)
        timed.append((start, _ON, mido.Message("note_on", channel=port, note=key, velocity=velocity)))
        timed.append((max(end, start + 1), _OFF, mido.Message("note_off", channel=port, note=key)))
    for seconds, _, _, midi in (row for row in found.bends if row[1:3] == (chip, channel)):
        bend(seconds, midi, int(keys[np.searchsorted(notes["start"], seconds, side="right") - 1]))
    track, now, bent = mido.MidiTrack([mido.MetaMessage("track_name", name=name)]), 0, 0
    for tick, _, message in sorted(timed, key=lambda row: row[:2]):
        if message.type == "pitchwheel":
            if message.pitch == bent:
                continue
            bent = message.pitch
        track.append(message.copy(time=tick - now))
        now = tick
    return track
