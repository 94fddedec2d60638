"""What a design says of a voice beside its registers."""

from typing import NamedTuple

from ...voice.voice import Voice


class Program(NamedTuple):
    """A voice of General MIDI's list."""

    number: int
    """0 to 127."""
    voice: Voice
    """Named as General MIDI names it; its carriers' levels are set by measure."""
    low: int
    """Lowest and highest MIDI key that music asks it for."""
    high: int
    held: bool
    """Sounds for as long as the key is down; else it dies away by itself, as what is struck or plucked does."""
    transpose: int = 0
    """Semitones added to the key."""
    partial: float = 1.0
    """Which multiple of the key's frequency is heard as the note: a bell's is its strike tone; 0 for noise."""


class Drum(NamedTuple):
    """A voice of General MIDI's drum map."""

    key: int
    """MIDI key that strikes it."""
    voice: Voice
    note: float
    """MIDI number that it plays, fractions allowed."""
    noise: Voice | None = None
    """Taken instead where the note falls on channel 8; ``lfo`` has NE and NFRQ."""
    partial: float = 1.0
    """Which multiple of the note's frequency is heard as the drum's pitch."""
