"""A bank: which voice a program of MIDI, or a key of its drums, has."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..voice.voice import Voice
from .extras import Extras

EFFECTS = 128
"""Added to the program of a kit of XG's sound effects, bank MSB 126."""
FAMILY = 8
"""Programs of a family in General MIDI: pianos, chromatic percussion, organs, guitars ..."""
_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Instrument:
    """What a program, or a key of the drums, sounds like.

    Attributes
    ----------
    name : str
    voice : Voice
        The carriers' TL are those of velocity, volume and expression 127.
    note : float or None
        Drums: the MIDI number that is played, whatever the key. None: the key that is struck.
    transpose : float
        Semitones added to the key.
    noise : Voice or None
        What is played instead where the note falls on channel 8, the one with noise: ``lfo`` has NE and NFRQ.
    stands_in : bool
        It is another's: the bank has none for this program or key.
    extras : Extras or None
        Effects that the driver adds.
    """

    name: str
    voice: Voice
    note: float | None = None
    transpose: float = 0.0
    noise: Voice | None = None
    stands_in: bool = False
    extras: Extras | None = None


@dataclass(frozen=True)
class Bank:
    """Instruments by program and by drum key.

    Attributes
    ----------
    name : str
    programs : mapping of (int, int, int) to Instrument
        By bank MSB, bank LSB and program, each 0 to 127.
    drums : mapping of (int, int) to Instrument
        By the program of the kit, ``EFFECTS`` more for XG's kits of sound effects, and the key.
    remarks : tuple of str
        Decisions made and faults met while reading, a line each.
    """

    name: str
    programs: Mapping[tuple[int, int, int], Instrument]
    drums: Mapping[tuple[int, int], Instrument] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def program(self, number: int, msb: int = 0, lsb: int = 0) -> Instrument | None:
        """Return the instrument of a program.

        Parameters
        ----------
        number, msb, lsb : int
            Program and bank, 0 to 127.

        Returns
        -------
        Instrument or None
            A bank without the program has that of bank 0; where there is none either, the nearest of its family stands
            in, and the nearest of all where the family is empty. None: the bank has no programs.
        """
        for bank in ((msb, lsb), (msb, 0), (0, lsb), (0, 0)):
            if found := self.programs.get((*bank, number)):
                return found
        # The lowest bank first: what is General MIDI's rather than a variation of it.
        known = sorted(self.programs, key=lambda key: (abs(key[2] - number), key))
        family = [key for key in known if key[2] // FAMILY == number // FAMILY]
        return _stand_in(self.programs, (family or known)[:1])

    def drum(self, key: int, kit: int = 0) -> Instrument | None:
        """Return the instrument of a drum key.

        Parameters
        ----------
        key, kit : int
            0 to 127; ``EFFECTS`` more for a kit of XG's sound effects.

        Returns
        -------
        Instrument or None
            A kit without the key has that of kit 0; where there is none either, the nearest key of it stands in. None:
            the bank has no drums.
        """
        if found := self.drums.get((kit, key)) or self.drums.get((0, key)):
            return found
        known = sorted(self.drums, key=lambda each: (each[0] != kit, each[0], abs(each[1] - key), each))
        return _stand_in(self.drums, known[:1])


def _stand_in(instruments: Mapping[_Key, Instrument], keys: list[_Key]) -> Instrument | None:
    return replace(instruments[keys[0]], stands_in=True) if keys else None
