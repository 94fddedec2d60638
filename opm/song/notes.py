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


@dataclass
class _Channel:
    """What a channel holds while the writes go by."""

    index: int
    held: dict[int, int] = field(default_factory=dict)
    keys: int = 0
    note: dict[str, Any] | None = None

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


def find_notes(log: Log, numbers: Mapping[bytes, int]) -> npt.NDArray[Any]:
    """Return the notes of one playing, in the order they start; ``numbers`` knows voices by their sound.

    A note begins with a key-on, or where a held key's pitch comes nearest to another semitone.
    """
    notes: list[dict[str, Any]] = []
    channels = [[_Channel(i) for i in range(CHANNELS)] for _ in log.chips]
    end = log.seconds(log.playing[1])

    def begin(number: int, channel: _Channel, time: float) -> None:
        voice = channel.voice()
        channel.note = {
            "chip": number,
            "channel": channel.index + 1,
            "start": time,
            "end": end,
            "midi": channel.midi(log.clock),
            "level": -STEP_DB * attenuation(voice),
            "voice": numbers.get(sound_of(voice), -1),
        }
        notes.append(channel.note)

    for tick, number, address, data in log.once.tolist():
        time, index = log.seconds(tick), channel_of(address, data)
        if index < 0:
            continue
        channel = channels[number][index]
        if address != KON:
            channel.held[address] = data
            if channel.note and address & 0xF8 in (KC, KF):
                midi = channel.midi(log.clock)
                if channel.note["start"] == time:
                    channel.note["midi"] = midi
                elif address & 0xF8 == KC and round(midi) != round(channel.note["midi"]):
                    channel.note["end"] = time
                    begin(number, channel, time)
            continue
        keys, channel.keys = channel.keys, (data & ALL_KEYS) >> 3
        if channel.note and (not channel.keys or channel.keys & ~keys):
            channel.note["end"], channel.note = time, None
        if channel.keys & ~keys:
            begin(number, channel, time)
    return np.array([tuple(found[name] for name in NOTE.names or ()) for found in notes], NOTE)


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
            raise ValueError(f"more than {CHANNELS} notes sound at {start:g} s")
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
BEND_RANGE = 2
"""Semitones of a full pitch bend, as General MIDI has it."""


def midi_bytes(notes: npt.NDArray[Any], voices: Sequence[Voice], title: str, chips: int) -> bytes:
    """Return a MIDI file: a track per channel, the pitch's fraction as a bend, voices as programs with their names."""
    import mido

    file = mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT)
    head = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=TEMPO), mido.MetaMessage("track_name", name=title)])
    file.tracks.append(head)
    for chip in range(chips):
        for channel in range(1, CHANNELS + 1):
            own = notes[(notes["chip"] == chip) & (notes["channel"] == channel)]
            place = chip * CHANNELS + channel - 1
            midi_channel = place if place < 9 else place + 1 if place < 15 else 9  # 9 is the drums': last
            name = f"channel {channel}" + (f" of chip {chip + 1}" if chip else "")
            file.tracks.append(_track(own, voices, name, midi_channel))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _track(notes: npt.NDArray[Any], voices: Sequence[Voice], name: str, channel: int) -> Any:
    import mido

    second = mido.second2tick(1, TICKS_PER_BEAT, TEMPO)
    timed: list[tuple[int, int, Any]] = []
    program, bend = -1, 0
    for played in notes:
        start, end = round(played["start"] * second), round(played["end"] * second)
        number, pitch = int(played["voice"]), float(played["midi"])
        key = min(max(round(pitch), 0), 127)
        if number != program and number >= 0:
            program = number
            timed.append((start, 1, mido.MetaMessage("text", text=f"program {number % 128}: {voices[number].name}")))
            timed.append((start, 1, mido.Message("program_change", channel=channel, program=number % 128)))
        wanted = round((pitch - key) / BEND_RANGE * 8192)
        if wanted != bend:
            bend = wanted
            timed.append((start, 2, mido.Message("pitchwheel", channel=channel, pitch=bend)))
        velocity = min(max(round(127 * 10 ** (played["level"] / 40)), 1), 127)
        timed.append((start, 3, mido.Message("note_on", channel=channel, note=key, velocity=velocity)))
        timed.append((max(end, start + 1), 0, mido.Message("note_off", channel=channel, note=key)))
    track, now = mido.MidiTrack([mido.MetaMessage("track_name", name=name)]), 0
    for tick, _, message in sorted(timed, key=lambda row: row[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track
