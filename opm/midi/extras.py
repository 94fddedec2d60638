"""What a driver does to notes beside playing them: the effects that the cat2151 family attaches to programs."""

from dataclasses import dataclass, replace
from typing import Any

from ..voice.voice import OF_OPERATOR, Operator, Voice


@dataclass(frozen=True)
class Triangle:
    """A slow wave: up from 0 to its depth, down to the negative of it, and back.

    Attributes
    ----------
    depth : float
        Of what is moved: cents, or steps of a register.
    rate : float
        Hz.
    delay, attack : float
        Seconds before it begins, and from there to its full depth.
    key_sync : bool
        It begins anew with each note; else once, with the song.
    """

    depth: float
    rate: float
    delay: float = 0.0
    attack: float = 0.0
    key_sync: bool = True

    def at(self, seconds: float) -> float:
        """Return by how much it moves what it moves.

        Parameters
        ----------
        seconds : float
            Since the note's key-on, or since the song's start.

        Returns
        -------
        float
            0 before it begins.

        Examples
        --------
        >>> [Triangle(depth=100, rate=6, delay=0.2, attack=0.3).at(0.2 + i / 24) for i in (0, 13, 15)]
        [0.0, 100.0, -100.0]
        """
        elapsed = seconds - self.delay
        if elapsed <= 0:
            return 0.0
        turn = elapsed * self.rate % 1.0
        wave = 4 * turn if turn < 0.25 else 2 - 4 * turn if turn < 0.75 else 4 * turn - 4
        return round(self.depth * wave * min(elapsed / self.attack if self.attack else 1.0, 1.0), 9)


VIBRATO = Triangle(depth=100.0, rate=6.0, delay=0.2, attack=0.3)
"""What the family means by delay vibrato, in cents."""
PORTAMENTO = 0.1
"""Seconds of its portamento, whatever the interval."""


@dataclass(frozen=True)
class Extras:
    """Effects of a program, carried out by the driver.

    Registers are given by their addresses on channel 1.

    Attributes
    ----------
    vibrato : Triangle or None
        Cents, while the key is down.
    portamento : float
        Seconds of the glide from the channel's note before, linear in pitch; 0: none.
    waves : tuple of (int, Triangle)
        Registers that are moved while a key is down, about what the voice has there; the byte stays in 0 to 255.
    early : float
        Seconds before a key-on at which the registers of ``ahead`` are written; the voice's own come back with it.
    ahead : tuple of (int, int)
        Registers and bytes: a quick release, so that a note begins from silence and without a click.
    towards : Voice or None
        The voice that this one changes to, field by field, and back again, from the song's start to its end; a note
        keeps what it begins with.
    turn : float
        Seconds it takes one way.
    """

    vibrato: Triangle | None = None
    portamento: float = 0.0
    waves: tuple[tuple[int, Triangle], ...] = ()
    early: float = 0.0
    ahead: tuple[tuple[int, int], ...] = ()
    towards: Voice | None = None
    turn: float = 0.0

    def voice(self, voice: Voice, seconds: float) -> Voice:
        """Return what a voice has become on its way to the other and back.

        Parameters
        ----------
        voice : Voice
        seconds : float
            Since the song's start.

        Returns
        -------
        Voice
        """
        if self.towards is None:
            return voice
        turned = seconds / self.turn % 2
        share = round((turned if turned < 1 else 2 - turned) * STAGES) / STAGES
        own: dict[str, Any] = {
            name: _between(getattr(voice, name), getattr(self.towards, name), share) for name in ("fb", "pms", "ams")
        }
        ops = [
            Operator(**{name: _between(getattr(a, name), getattr(b, name), share) for name in OF_OPERATOR})
            for a, b in zip(voice.ops, self.towards.ops, strict=True)
        ]
        # A connection between two would be a third instrument: it changes half way.
        return replace(voice if share < 0.5 else self.towards, **own, ops=ops, name=voice.name)


STAGES = 64
"""Voices on the way from one to the other: each is made once."""


def _between(first: int, second: int, share: float) -> int:
    return round(first + (second - first) * share)
