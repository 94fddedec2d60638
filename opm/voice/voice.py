"""Voices (instruments, patches): the 26 registers that make a channel's sound.

Operators are in register order M1, M2, C1, C2 throughout.
"""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import registers
from .._check import channel_index, integer, listed
from ..events import Events
from ..pitch import REFERENCE_CLOCK
from ..registers import KON, LIMITS, PMS, RL, SLOT_BASES, WAVES, lfo_hertz
from ..state import OPERATORS
from ..tables import CARRIERS
from .play import ManyNotes, NoteEvents, play
from .table import CHANNEL, COLUMNS, LFO, MOST, SLOT

SLOTS = 15
"""All four operators keyed on."""
TONE = "YM2151 tone"
"""What a JSON tone of the cat2151 family says it is."""
_CHANNEL = ("con", "fb", "rl", "pms", "ams")


def _check(holder: Any, limits: Mapping[str, int]) -> None:
    """Make fields integers, within their limits; TypeError or ValueError names one that is not."""
    for name, most in limits.items():
        value = getattr(holder, name)
        # A quick look first: thousands of voices are made at a time, nearly all of plain integers.
        if type(value) is not int or not 0 <= value <= most:
            # The classes are frozen. NumPy's integers become Python's, which JSON can write.
            object.__setattr__(holder, name, int(integer(name, value, 0, most)))


@dataclass(frozen=True)
class Operator:
    """One operator, by the manual's mnemonics; all values as in the registers.

    Attributes
    ----------
    ar, d1r, d2r : int
        Attack, first and second decay rate, 0 to 31.
    rr : int
        Release rate, 0 to 15.
    d1l : int
        First decay level, 0 to 15: 3 dB each, 15 is 93 dB.
    tl : int
        Total level, 0 to 127: 0.75 dB of attenuation each.
    ks : int
        Key scaling, 0 to 3.
    mul : int
        Multiple of the frequency, 0 to 15; 0 is a half.
    dt1, dt2 : int
        Detune 1, 0 to 7, and 2, 0 to 3.
    ams_en : int
        1: the LFO's amplitude modulation acts here.

    Raises
    ------
    TypeError, ValueError
        A value is not an integer or does not fit its register.
    """

    ar: int = 31
    d1r: int = 0
    d2r: int = 0
    rr: int = 15
    d1l: int = 0
    tl: int = 127
    ks: int = 0
    mul: int = 1
    dt1: int = 0
    dt2: int = 0
    ams_en: int = 0

    def __post_init__(self) -> None:
        _check(self, OF_OPERATOR)

    def data(self) -> tuple[int, ...]:
        """Return the register bytes of the operator.

        Returns
        -------
        tuple of six int
            Registers 40, 60, 80, A0, C0, E0.
        """
        return tuple(
            registers.encode(base, **{row.key: getattr(self, row.key) for row in registers.rows(base)})
            for base in SLOT_BASES
        )

    @classmethod
    def of(cls, data: Sequence[int]) -> "Operator":
        """Return the operator that register bytes make: ``data``'s inverse.

        Parameters
        ----------
        data : sequence of six int
            Registers 40, 60, 80, A0, C0, E0.

        Returns
        -------
        Operator

        Raises
        ------
        TypeError, ValueError
            They are not six bytes.
        """
        values: dict[str, int] = {}
        for base, byte in zip(SLOT_BASES, _so_many("data", data, len(SLOT_BASES), "bytes"), strict=True):
            values |= registers.fields(base, byte)
        return cls(**values)


OF_OPERATOR = {field.name: LIMITS[field.name] for field in fields(Operator)}
"""An operator's fields and their largest values, in the order in which people are shown them."""
_OF_VOICE = {name: LIMITS[name] for name in _CHANNEL} | {"slots": SLOTS}


@dataclass(frozen=True)
class Voice:
    """An instrument: what a channel sounds like.

    Attributes
    ----------
    name : str
    con : int
        Connection (algorithm), 0 to 7.
    fb : int
        Feedback of M1, 0 to 7.
    rl : int
        Outputs: bit 1 right, bit 0 left.
    pms, ams : int
        Sensitivity to the LFO's phase modulation, 0 to 7, and amplitude modulation, 0 to 3.
    slots : int
        Operators to key on: bits M1 1, C1 2, M2 4, C2 8, as in register 08 shifted down by 3.
    ops : sequence of four Operator
        M1, M2, C1, C2; kept as a tuple.
    lfo : sequence of six int, or None
        LFRQ, AMD, PMD, W, NFRQ, NE, where the file gives them; they are the whole chip's, and not applied. Kept as a
        tuple.

    Raises
    ------
    TypeError, ValueError
        A value is not an integer or does not fit its register, or there are not four operators.

    Examples
    --------
    >>> organ = Voice("organ", con=7, ops=tuple(Operator(tl=20 + 6 * i, mul=i + 1) for i in range(4)))
    >>> [f"{address:02X} = {data:02X}" for address, data in organ.registers(1)[:4]]
    ['20 = C7', '38 = 00', '40 = 01', '60 = 14']
    >>> Voice.from_registers(dict(organ.registers(3)), channel=3).ops == organ.ops
    True
    """

    name: str = ""
    con: int = 0
    fb: int = 0
    rl: int = 3
    pms: int = 0
    ams: int = 0
    slots: int = SLOTS
    ops: Sequence[Operator] = field(default_factory=lambda: (Operator(),) * 4)
    lfo: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string, got {self.name!r}")
        _check(self, _OF_VOICE)
        object.__setattr__(self, "ops", _four(self.ops))
        if self.lfo is not None:
            # Tuples, so that a voice can be the key of a dict; no values are no LFO.
            object.__setattr__(self, "lfo", _six(self.lfo) or None)

    def registers(self, channel: int) -> list[tuple[int, int]]:
        """Return the register writes that load the voice into a channel.

        Parameters
        ----------
        channel : int
            1 to 8.

        Returns
        -------
        list of (int, int)
            26 pairs of address and data.

        Raises
        ------
        ValueError
            No such channel.
        """
        index = channel_index(channel)
        writes = [
            (RL + index, registers.encode(RL, rl=self.rl, fb=self.fb, con=self.con)),
            (PMS + index, registers.encode(PMS, pms=self.pms, ams=self.ams)),
        ]
        for first, op in zip(OPERATORS.values(), self.ops, strict=True):
            writes += [(base + first + index, byte) for base, byte in zip(SLOT_BASES, op.data(), strict=True)]
        return writes

    def named(self, name: str) -> "Voice":
        """Return the same voice under another name.

        Parameters
        ----------
        name : str

        Returns
        -------
        Voice
        """
        return replace(self, name=name)

    @property
    def carriers(self) -> tuple[int, ...]:
        """The operators that are heard, as indices of ``ops``."""
        return CARRIERS[self.con]

    def apply(self, chip: Any, channel: int) -> None:
        """Queue the voice's writes on a chip, with ``write_register``.

        Parameters
        ----------
        chip : YM2151 or YM2164
        channel : int
            1 to 8.

        Raises
        ------
        TypeError, ValueError
            It is not a chip, or there is no such channel.
        """
        for address, data in self.registers(channel):
            _chip(chip, "write_register").write_register(address, data)

    def note(self, pitch: float | str, seconds: float, clock: float = REFERENCE_CLOCK) -> NoteEvents:
        """Return a note with this voice as bus events, on a chip just reset, and where its key goes down and up.

        Parameters
        ----------
        pitch : float or str
            MIDI number (69 = A4), fractions allowed, or a name such as ``"C#4"``.
        seconds : float
            From key-on to key-off.
        clock : float
            Master clock in Hz.

        Returns
        -------
        NoteEvents
            ``events``, what ``opm.run`` takes; ``key_on`` and ``key_off``, the frames in which the two are written;
            ``channel``: 1, or 8 where ``lfo`` switches the noise on. ``lfo`` is applied, if there is one.

        Raises
        ------
        TypeError, ValueError
            The note is outside the chip's range, the time is negative, or the clock is not a number above 0.

        Examples
        --------
        >>> from opm import run
        >>> organ = Voice("organ", con=7, ops=(Operator(tl=20), *(Operator(),) * 3))
        >>> note = organ.note("A4", seconds=0.25)
        >>> samples = run(note.events, note.key_off)[note.key_on :]
        >>> len(samples)
        13983
        """
        notes = play_notes([(self, pitch, seconds)], clock)
        return NoteEvents(notes.events, int(notes.key_on[0]), int(notes.key_off[0]), int(notes.channel[0]))

    def events(self, note: float | str, duration: float) -> "Events":
        """Return the bus events of a note at the reference clock: ``note(...).events``.

        Parameters
        ----------
        note : float or str
            As for ``note``.
        duration : float
            Seconds from key-on to key-off.

        Returns
        -------
        (n,) EVENT

        Raises
        ------
        TypeError, ValueError
            The note is outside the chip's range, or the time is negative.
        """
        return self.note(note, duration).events

    @classmethod
    def from_chip(cls, chip: Any, channel: int, name: str = "") -> "Voice":
        """Return the voice that a chip holds now.

        Parameters
        ----------
        chip : YM2151 or YM2164
        channel : int
            1 to 8.
        name : str
            What to call it.

        Returns
        -------
        Voice

        Raises
        ------
        TypeError, ValueError
            It is not a chip, or there is no such channel.
        """
        state, index = _chip(chip, "state").state, channel_index(channel)
        ops = tuple(
            # A YM2164's TL has an eighth bit in the state, which starts a ramp: no part of the level.
            Operator(**{key: int(state[f"sl_{key}"][first + index]) & 0x7F for key in OF_OPERATOR})
            for first in OPERATORS.values()
        )
        own: dict[str, Any] = {key: int(state[f"ch_{key}"][index]) for key in _CHANNEL}
        return cls(name, **own, ops=ops)

    @classmethod
    def from_registers(cls, held: Mapping[int, int], channel: int = 1, name: str = "") -> "Voice":
        """Return the voice that register contents make.

        Parameters
        ----------
        held : mapping of int to int
            Address to byte; registers that are missing hold 0, but 20-27, which is heard on both sides.
        channel : int
            1 to 8.
        name : str
            What to call it.

        Returns
        -------
        Voice

        Raises
        ------
        TypeError, ValueError
            ``held`` is not such a mapping, or there is no such channel.
        """
        if not isinstance(held, Mapping):
            raise TypeError(f"held must be bytes by address, got {held!r}")
        index = channel_index(channel)
        ops = tuple(
            Operator.of([held.get(base + first + index, 0) for base in SLOT_BASES]) for first in OPERATORS.values()
        )
        # A register that was never written is 0, but a song is made for a chip whose sides are on.
        output = held.get(RL + index, registers.encode(RL, rl=3))
        values: dict[str, Any] = registers.fields(RL, output) | registers.fields(PMS, held.get(PMS + index, 0))
        return cls(name, **values, ops=ops)

    def _repr_html_(self) -> str:
        """Return the voice as a table: an operator a row, its registers by mnemonic."""
        head = "".join(f"<th>{name}</th>" for name in OF_OPERATOR)
        rows = "".join(
            f"<tr><th>{op}</th>{''.join(f'<td>{getattr(values, name)}</td>' for name in OF_OPERATOR)}</tr>"
            for op, values in zip(OPERATORS, self.ops, strict=True)
        )
        own = ", ".join(f"{name} {getattr(self, name)}" for name in _CHANNEL)
        if self.lfo:
            lfrq, amd, pmd, wave, *_ = self.lfo
            own += f", LFO {WAVES[wave]} {lfo_hertz(lfrq):.3g} Hz, amd {amd}, pmd {pmd}"
        return f"<p><b>{html.escape(self.name)}</b>: {own}</p><table><tr><th></th>{head}</tr>{rows}</table>"

    def same_sound(self) -> bytes:
        """Return what makes two voices the same.

        Returns
        -------
        25 bytes
            The operators' registers, then feedback and algorithm.
        """
        # Not sides, sensitivities, slots and LFO.
        return bytes(value for op in self.ops for value in op.data()) + bytes((self.fb << 3 | self.con,))

    def to_json(self) -> str:
        """Return the voice as a JSON tone of the cat2151 family.

        Returns
        -------
        str
            Register writes for channel 1, and for register 08 if ``slots`` is not 15: the family's converter passes
            that on as it stands, and would press the key of channel 1 at each change of the tone.
        """
        writes = self.registers(1) + ([(KON, self.slots << 3)] if self.slots != SLOTS else [])
        rows = [{"time": 0, "addr": f"0x{a:02X}", "data": f"0x{d:02X}"} for a, d in writes]
        return json.dumps({"type": TONE, "name": self.name, "event_count": len(rows), "events": rows})

    @staticmethod
    def read(*args: Any) -> None:
        """Fail: ``opm.read_voices`` reads the voices of a file."""
        raise AttributeError("Voice.read is opm.read_voices now")


def _four(ops: Any) -> tuple[Operator, ...]:
    """Return a voice's operators; TypeError or ValueError if they are not four."""
    found = _so_many("ops", ops, len(OPERATORS), "operators")
    for op in found:
        if not isinstance(op, Operator):
            raise TypeError(f"ops must be {len(OPERATORS)} operators, got {op!r} among them")
    return found


def _so_many(name: str, values: Any, count: int, of: str) -> tuple[Any, ...]:
    """Return so many values; TypeError or ValueError if they are others."""
    found = listed(name, values, f"{count} {of}")
    if len(found) != count:
        raise ValueError(f"{name} must be {count} {of}, got {len(found)}")
    return found


def _six(lfo: Any) -> tuple[int, ...]:
    """Return the LFO's values or none; TypeError or ValueError if they are not six that fit their registers."""
    found = listed("lfo", lfo, f"{len(LFO)} integers or None")
    if len(found) not in (0, len(LFO)):
        raise ValueError(f"lfo must be {len(LFO)} integers, {', '.join(LFO)}, got {len(found)}")
    return tuple(int(integer(name, value, 0, LIMITS[name])) for name, value in zip(LFO, found, strict=False))


def _chip(chip: Any, has: str) -> Any:
    """Return a chip; TypeError if it is not one."""
    if not hasattr(chip, has):
        raise TypeError(f"chip must be a YM2151 or YM2164, got {chip!r}")
    return chip


def checked(voice: Any) -> Voice:
    """Return a voice; TypeError if it is not one."""
    if not isinstance(voice, Voice):
        raise TypeError(f"expected a Voice, got {voice!r}")
    return voice


def checked_voices(voices: Any) -> list[Voice]:
    """Return several voices; TypeError if they are not that."""
    return [checked(voice) for voice in listed("voices", voices, "Voice objects")]


_channel_values: Any = attrgetter(*CHANNEL)
_slot_values: Any = attrgetter(*SLOT)


def parameters(voices: Sequence[Voice]) -> npt.NDArray[np.uint8]:
    """Return voices as rows of numbers.

    Parameters
    ----------
    voices : sequence of Voice

    Returns
    -------
    (n, 56) uint8
        By ``COLUMNS``; the LFO's are 0 where a voice has none.

    Raises
    ------
    TypeError
        They are not voices.
    """
    rows = [
        [
            *(voice.lfo or (0,) * len(LFO)),
            *_channel_values(voice),
            *chain.from_iterable(map(_slot_values, voice.ops)),
            voice.slots,
        ]
        for voice in checked_voices(voices)
    ]
    return np.frombuffer(b"".join(map(bytes, rows)), np.uint8).reshape(len(rows), len(COLUMNS))


def voice_of(values: Sequence[int] | npt.NDArray[Any], name: str = "") -> Voice:
    """Return the voice of a row: ``parameters``' inverse.

    Parameters
    ----------
    values : (56,) int
    name : str

    Returns
    -------
    Voice
        Without an LFO if all its values are 0.

    Raises
    ------
    TypeError, ValueError
        They are not 56 integers that fit their registers.
    """
    values = listed("values", values, f"{len(COLUMNS)} integers")
    if len(values) != len(COLUMNS):
        raise ValueError(f"expected {len(COLUMNS)} values, got {len(values)}")
    numbers = iter([integer(*each) for each in zip(COLUMNS, values, (0,) * len(COLUMNS), MOST, strict=True)])
    lfo = [next(numbers) for _ in LFO]
    own: dict[str, Any] = {key: next(numbers) for key in CHANNEL}
    ops = [Operator(**{key: next(numbers) for key in SLOT}) for _ in OPERATORS]
    return Voice(name, **own, slots=next(numbers), ops=ops, lfo=lfo if any(lfo) else None)


def play_notes(notes: Sequence[tuple[Voice, float | str, float]], clock: float = REFERENCE_CLOCK) -> ManyNotes:
    """Return what ``Voice.note`` gives, of many notes at once.

    Parameters
    ----------
    notes : sequence of (Voice, float or str, float)
        A voice, a MIDI number or a note's name, and seconds from key-on to key-off.
    clock : float
        Master clock in Hz.

    Returns
    -------
    ManyNotes

    Raises
    ------
    TypeError, ValueError
        As ``Voice.note`` says, or they are not voices.
    """
    voices = [voice for voice, _, _ in notes]
    pitches, seconds = [pitch for _, pitch, _ in notes], [held for _, _, held in notes]
    return play(parameters(voices), [voice.lfo is not None for voice in voices], pitches, seconds, clock)
