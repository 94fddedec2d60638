"""What MIDI's channels hold while messages go by, and the notes that their keys make.

A part is a MIDI channel of a port: the word channel is left to the chip's. Sources: MIDI 1.0 with its recommended
practices RP-015 (reset of controllers) and RP-018 (RPN), General MIDI 1 and 2, Roland's GS and Yamaha's XG as their
makers' manuals have them.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from .bank import EFFECTS, Bank, Instrument

PARTS = 16
"""Parts of a port."""
DRUM_PART = 9
"""The part that has drums from the start: MIDI's channel 10."""
SILENT = -math.inf
_XG_EFFECTS = 126
_DRUM_BANKS, _XG_DRUM_BANKS = (120,), (_XG_EFFECTS, 127)
"""Bank MSBs of drums: General MIDI 2's, and XG's, which are other things in GS."""
_BEND_RANGE, _FINE, _COARSE = (0, 0), (0, 1), (0, 2)
"""Registered parameters: MSB and LSB."""
_NONE = (127, 127)
_XG_PITCH, _XG_FINE = 24, 25
"""MSB of parameters, not registered, that are the pitch of a drum; GS has the first as well. Their LSB is the key."""
_LEFT, _BOTH, _RIGHT = 1, 3, 2
"""Bits of the register RL."""
PAN_LEFT, PAN_RIGHT = 32, 96
"""Below and above these values of CC 10 one side alone is heard. 76 % of notes of 207 files have 48 to 80."""
MOST_SOUNDING = 1024
"""Notes that are held at once; another ends the oldest. Files have 34 at most, but for damaged ones."""
SLOWEST_GLIDE = 1.5
"""Seconds of a portamento whose time is 127; shorter ones go by the square, as the ear has them."""
_VIBRATO = (1, 32, 64, 96)
"""Values of CC 1 from which the PMS is 1, 2, 3 and 4: +-5, 10, 20 and 50 cents. General MIDI 2 has 50 at 127."""


@dataclass(eq=False, slots=True)
class Note:
    """A note as MIDI plays it."""

    part: "Part"
    key: int
    velocity: int
    instrument: Instrument
    program: int
    """Its program, or that of the kit where it is a drum."""
    midi: float
    """The MIDI number that it sounds, without its part's bends."""
    start: float
    """Seconds."""
    glides_from: float | None = None
    """Portamento: the MIDI number it comes from."""
    glide: float = 0.0
    """Seconds in which it comes from there."""
    drum: bool = False
    key_up: float = math.inf
    """When its key goes up; from then on a pedal alone holds it."""
    end: float = math.inf


class Listener(Protocol):
    """What is told of notes and of what changes under them."""

    def strike(self, note: Note) -> None:
        """A note begins."""

    def lift(self, note: Note) -> None:
        """Its key goes up, and a pedal holds it."""

    def finish(self, note: Note) -> None:
        """It ends."""

    def change(self, part: "Part") -> None:
        """A part's level, pitch or vibrato changes, under the notes that it holds."""


@dataclass(eq=False)
class Part:
    """What a part holds. Values are MIDI's own, 0 to 127, but for those that say otherwise."""

    number: int
    """From 0; 16 of them to a port."""
    drums: bool = False
    program: int = 0
    msb: int = 0
    lsb: int = 0
    volume: int = 100
    expression: int = 127
    pan: int = 64
    modulation: int = 0
    pressure: int = 0
    bend: int = 0
    """-8192 to 8191."""
    bend_range: float = 2.0
    """Semitones."""
    coarse: float = 0.0
    """Semitones."""
    fine: float = 0.0
    """Semitones."""
    pedal: bool = False
    portamento: bool = False
    glide: int = 0
    comes_from: int | None = None
    """Key that the next note glides from, by CC 84."""
    last_key: int | None = None
    parameter: tuple[str, int, int] = ("", *_NONE)
    """Which one CC 6 sets: ``registered`` or not, MSB, LSB."""
    data: tuple[int, int] = (0, 0)
    """Its MSB and LSB."""
    drum_pitch: dict[int, float] = field(default_factory=dict)
    """Semitones by key."""
    down: dict[int, deque[Note]] = field(default_factory=dict)
    """Notes whose keys are down, by key, the first struck first."""
    held: list[Note] = field(default_factory=list)
    """Notes that the pedal holds."""
    kept: set[Note] = field(default_factory=set)
    """Notes that the sostenuto pedal holds."""

    @property
    def sides(self) -> int:
        """Register RL's bits."""
        return _LEFT if self.pan < PAN_LEFT else _RIGHT if self.pan > PAN_RIGHT else _BOTH

    @property
    def bent(self) -> float:
        """Semitones that its notes are off their keys: bend and tuning."""
        return self.bend / 8192 * self.bend_range + self.coarse + self.fine

    @property
    def pms(self) -> int:
        """Register PMS that its modulation asks for."""
        depth = max(self.modulation, self.pressure)
        return sum(depth >= least for least in _VIBRATO)

    @property
    def loudness(self) -> float:
        """Volume and expression in dB."""
        return decibels(self.volume, self.expression)

    def reset_controllers(self) -> None:
        """Take CC 121: volume, pan, program and tuning stay (RP-015)."""
        self.expression, self.modulation, self.pressure, self.bend = 127, 0, 0, 0
        self.pedal = self.portamento = False
        self.comes_from, self.parameter = None, ("", *_NONE)

    def reset(self) -> None:
        """Take what a whole instrument starts with."""
        notes = {name: getattr(self, name) for name in ("down", "held", "kept")}
        vars(self).update(vars(Part(self.number, self.number % PARTS == DRUM_PART)) | notes)

    def sounding(self) -> list[Note]:
        """Return the notes it holds."""
        return [*(note for notes in self.down.values() for note in notes), *self.held]


def decibels(*values: int) -> float:
    """Return the level of velocity, volume and the like, 127 each at most: General MIDI's 40 log10."""
    return sum(40 * math.log10(value / 127) if value else SILENT for value in values)


class Parts:
    """All parts, and the notes that messages make on them.

    Parameters
    ----------
    bank : Bank
    listener : Listener
        Is told of notes.
    """

    def __init__(self, bank: Bank, listener: Listener) -> None:
        self.bank, self.listener = bank, listener
        self.parts: dict[int, Part] = {}
        """By number; made when a message comes for one."""
        self.master = 127
        self.sounding: dict[Note, None] = {}
        """All notes that keys or pedals hold, the oldest first."""
        self.gs = False
        """Roland's GS is what the file is for: bank MSBs 126 and 127 are no drums."""
        self.now = 0.0
        self._controls = {
            0: self._bank_msb, 6: self._data, 38: self._data, 64: self._pedal, 66: self._sostenuto, 84: self._from,
            96: self._step, 97: self._step, 98: self._parameter, 99: self._parameter, 100: self._parameter,
            101: self._parameter, 120: self._silence, 121: self._reset, 123: self._all_up, 124: self._all_up,
            125: self._all_up, 126: self._all_up, 127: self._all_up,
        }  # fmt: skip

    def part(self, number: int) -> Part:
        """Return a part by its number."""
        if number not in self.parts:
            self.parts[number] = Part(number, number % PARTS == DRUM_PART)
        return self.parts[number]

    def take(self, seconds: float, message: Any, port: int = 0) -> None:
        """Take a message.

        Parameters
        ----------
        seconds : float
            When it comes; never earlier than the one before.
        message : mido.Message
            What none of the parts has a use for does nothing.
        port : int
        """
        self.now = seconds
        if message.type == "sysex":
            self._exclusive(tuple(message.data), port)
            return
        if not hasattr(message, "channel"):
            return
        part = self.part(port * PARTS + message.channel)
        match message.type:
            case "note_on" if message.velocity:
                self._strike(part, message.note, message.velocity)
            case "note_on" | "note_off":
                self._up(part, message.note)
            case "control_change":
                self._control(part, message.control, message.value)
            case "program_change":
                part.program = message.program
            case "pitchwheel":
                self._set(part, bend=message.pitch)
            case "aftertouch":
                self._set(part, pressure=message.value)

    def finish(self, seconds: float) -> None:
        """End all notes, where the music ends."""
        self.now = seconds
        for part in self.parts.values():
            self._silence(part)

    def level(self, note: Note) -> float:
        """Return the level of a note in dB, as its part and the master volume have it now."""
        return decibels(note.velocity, self.master) + note.part.loudness

    def _strike(self, part: Part, key: int, velocity: int) -> None:
        if part.drums:
            effects = part.msb == _XG_EFFECTS and not self.gs
            found = self.bank.drum(key, part.program + EFFECTS * effects)
        else:
            found = self.bank.program(part.program, part.msb, part.lsb)
        extra = found.extras.portamento if found and found.extras else 0.0
        comes_from = part.last_key if part.portamento or extra else None
        if part.comes_from is not None:
            comes_from = part.comes_from
        part.comes_from, part.last_key = None, key
        if found is None:
            return
        midi = key + found.transpose if found.note is None else found.note
        note = Note(part, key, velocity, found, part.program, midi, self.now, drum=part.drums)
        if part.drums:
            note.midi += part.drum_pitch.get(key, 0.0)
        elif comes_from is not None and (glide := extra or SLOWEST_GLIDE * (part.glide / 127) ** 2):
            note.glides_from, note.glide = midi + comes_from - key, glide
        if len(self.sounding) >= MOST_SOUNDING:
            self._drop(next(iter(self.sounding)))
        part.down.setdefault(key, deque()).append(note)
        self.sounding[note] = None
        self.listener.strike(note)

    def _up(self, part: Part, key: int) -> None:
        """Take a key up: that of the note struck first, where a key was struck twice."""
        if not (notes := part.down.get(key)):
            return
        note = notes.popleft()
        note.key_up = self.now
        if (part.pedal and not note.drum) or note in part.kept:
            part.held.append(note)
            self.listener.lift(note)
        else:
            self._finish(note)

    def _drop(self, note: Note) -> None:
        """End a note that its key or a pedal still holds."""
        part = note.part
        if note in part.held:
            part.held.remove(note)
        else:
            part.down[note.key].remove(note)
        self._finish(note)

    def _finish(self, note: Note) -> None:
        self.sounding.pop(note, None)
        note.end, note.key_up = self.now, min(note.key_up, self.now)
        note.part.kept.discard(note)
        self.listener.finish(note)

    def _set(self, part: Part, **values: Any) -> None:
        """Set what sounds at once."""
        if any(getattr(part, name) != value for name, value in values.items()):
            vars(part).update(values)
            self.listener.change(part)

    def _control(self, part: Part, control: int, value: int) -> None:
        if name := {1: "modulation", 7: "volume", 11: "expression"}.get(control):
            self._set(part, **{name: value})
        elif name := {5: "glide", 10: "pan", 32: "lsb"}.get(control):
            vars(part)[name] = value
        elif control == 65:
            part.portamento = value >= 64
        elif control in self._controls:
            self._controls[control](part, value, control)

    def _bank_msb(self, part: Part, value: int, control: int) -> None:
        part.msb = value
        if value in _DRUM_BANKS or (value in _XG_DRUM_BANKS and not self.gs):
            part.drums = True
        elif part.number % PARTS != DRUM_PART:
            part.drums = False

    def _from(self, part: Part, value: int, control: int) -> None:
        part.comes_from = value

    def _parameter(self, part: Part, value: int, control: int) -> None:
        """Take CC 98 to 101: which parameter the next data are for."""
        kind, high, low = part.parameter
        if (now := "registered" if control >= 100 else "other") != kind:
            high, low = _NONE
        part.parameter = (now, value, low) if control % 2 else (now, high, value)
        part.data = (0, 0)

    def _data(self, part: Part, value: int, control: int) -> None:
        part.data = (value, part.data[1]) if control == 6 else (part.data[0], value)
        self._parameter_is(part, *part.data)

    def _step(self, part: Part, value: int, control: int) -> None:
        """Take CC 96 and 97: one more or one less."""
        part.data = (min(max(part.data[0] + (1 if control == 96 else -1), 0), 127), part.data[1])
        self._parameter_is(part, *part.data)

    def _parameter_is(self, part: Part, high: int, low: int) -> None:
        kind, *which = part.parameter
        if kind == "registered":
            match tuple(which):
                case wanted if wanted == _BEND_RANGE:
                    self._set(part, bend_range=high + low / 100)
                case wanted if wanted == _FINE:
                    self._set(part, fine=(high * 128 + low - 8192) / 8192)
                case wanted if wanted == _COARSE:
                    self._set(part, coarse=float(high - 64))
        elif which[0] == _XG_PITCH:
            part.drum_pitch[which[1]] = part.drum_pitch.get(which[1], 0.0) % 1 + high - 64
        elif which[0] == _XG_FINE:
            part.drum_pitch[which[1]] = math.floor(part.drum_pitch.get(which[1], 0.0)) + (high - 64) / 100

    def _pedal(self, part: Part, value: int, control: int) -> None:
        part.pedal = value >= 64
        if not part.pedal:
            self._let_go(part)

    def _sostenuto(self, part: Part, value: int, control: int) -> None:
        if value >= 64:
            part.kept.update(note for notes in part.down.values() for note in notes)
        else:
            part.kept.clear()
            self._let_go(part)

    def _let_go(self, part: Part) -> None:
        """End the notes that no pedal holds any longer."""
        if part.pedal:
            return
        held, part.held = part.held, []
        for note in held:
            if note in part.kept:
                part.held.append(note)
            else:
                self._finish(note)

    def _reset(self, part: Part, value: int = 0, control: int = 121) -> None:
        part.reset_controllers()
        self._let_go(part)
        self.listener.change(part)

    def _all_up(self, part: Part, value: int = 0, control: int = 123) -> None:
        for key in [*part.down]:
            while part.down[key]:
                self._up(part, key)

    def _silence(self, part: Part, value: int = 0, control: int = 120) -> None:
        for note in part.sounding():
            self._finish(note)
        part.down.clear()
        part.held.clear()

    def _exclusive(self, data: tuple[int, ...], port: int) -> None:
        """Take what GM, GS and XG say by system exclusive messages."""
        match data:
            case (0x7E, _, 9, 1 | 2 | 3):  # General MIDI 1 or 2 on, or off
                self._reset_all(port, gs=False)
            case (0x7F, _, 4, 1, _, high):
                self._set_master(high)
            case (0x41, _, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, *_) | (0x41, _, 0x42, 0x12, 0x00, 0x00, 0x7F, _, *_):
                self._reset_all(port, gs=True)
            case (0x41, _, 0x42, 0x12, 0x40, 0x00, 0x04, value, *_):
                self._set_master(value)
            case (0x41, _, 0x42, 0x12, 0x40, block, 0x15, value, *_) if block >> 4 == 1:
                # GS counts its parts 10, 1 to 9, 11 to 16.
                number = DRUM_PART if block & 15 == 0 else (block & 15) - (block & 15 < 10)
                self.part(port * PARTS + number).drums = value > 0
            case (0x43, device, 0x4C, 0x00, 0x00, 0x7E | 0x7F, *_) if device >> 4 == 1:
                self._reset_all(port, gs=False)
            case (0x43, device, 0x4C, 0x00, 0x00, 0x04, value, *_) if device >> 4 == 1:
                self._set_master(value)
            case (0x43, device, 0x4C, 0x08, number, 0x07, value, *_) if device >> 4 == 1 and number < PARTS:
                self.part(port * PARTS + number).drums = value > 0

    def _reset_all(self, port: int, gs: bool) -> None:
        self.gs, self.master = gs, 127
        for number in range(port * PARTS, port * PARTS + PARTS):
            self._all_up(part := self.part(number))
            part.reset()
            self._let_go(part)
            self.listener.change(part)

    def _set_master(self, value: int) -> None:
        if value != self.master:
            self.master = value
            for part in self.parts.values():
                self.listener.change(part)
