"""Register streams like those of songs, built by rule: what users meet. A patch that is held is kinder than any song.

The numbers are of 51 songs (boards of Konami, Capcom, Sega and Toaplan, X68000, MDX, ZSM), 20 seconds of each: medians
of songs, and for voices what slots hold when their keys go down. Those of a voice are deciles, each as likely as the
next. Timers are left out: in some recordings their writes outnumber all others.
"""

from collections.abc import Collection, Sequence

import numpy as np

from ..registers import ALL_KEYS, DEPTHS, KC, KF, KON, LFRQ, PMS, RL, SLOT_BASES, TL, WAVE
from ..tables import CARRIERS
from .workloads import BURSTS, Writes

SECONDS = 4
"""A stream's length: long enough for voices to change."""
PERIODS = (8, 12, 20, 24, 30, 40, 48, 60)
"""Bursts from a note to the next, by channel: 24 key-ons per second (songs: 24, from 9 to 49)."""
DOWN = (0.3, 0.6, 0.9)
"""Shares of that time which a key may stay down: about 5 keys are (songs: 4.7)."""
NEW_VOICE = 0.045
"""Share of notes with a new voice, 26 writes: one per second."""
DETUNED = 0.85
"""Share of notes that set KF as well as KC."""
BURSTS_PER_LEVEL = 12
"""From one write of a TL alone to the next."""
GAPS = (2, 3, 2, 8, 2, 14, 2, 4, 24, 6)
"""Frames from a write to the next of its burst, in turn: the processor of a board has work to do between them. Deciles;
MDX and ZSM say no such thing, and all writes of their bursts are as close as the bus takes them."""
RUNNING_LFO = [(LFRQ, 0xC8), (DEPTHS, 0x98), (WAVE, 2)]
"""5 Hz, triangle, PMD 24: the LFO of every second song runs, though few of their channels listen to it."""

PAN = (0x40, 0x80, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0)
CON, FB = (0, 0, 2, 2, 3, 4, 4, 4, 5, 6), (0, 1, 4, 5, 6, 7, 7, 7, 7, 7)
DT1, MUL = (0, 0, 0, 0, 1, 3, 3, 4, 7, 7), (0, 1, 1, 1, 1, 2, 2, 4, 6, 12)
CARRIER_TL, OTHER_TL = (2, 8, 11, 14, 17, 20, 22, 26, 31, 44), (8, 14, 20, 26, 28, 31, 34, 37, 43, 52)
KS, AR = (0, 0, 0, 0, 0, 0, 1, 1, 2, 3), (15, 18, 21, 26, 30, 31, 31, 31, 31, 31)
D1R, D1L = (0, 1, 4, 7, 8, 10, 12, 16, 19, 31), (0, 0, 0, 1, 1, 2, 3, 6, 15, 15)
D2R, RR = (0, 0, 0, 0, 0, 2, 4, 6, 9, 16), (0, 2, 4, 5, 6, 6, 7, 8, 10, 15)
OCTAVE, NOTE = (1, 2, 3, 3, 3, 4, 4, 4, 5, 5), (0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14)


class Draw:
    """What chance decides, from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def of(self, values: Sequence[int]) -> int:
        """Return one of some values, each as likely."""
        return values[int(self.rng.integers(len(values)))]

    def both(self, high: Sequence[int], bits: int, low: Sequence[int]) -> int:
        """Return one of each as one byte, the second that many bits wide."""
        return self.of(high) << bits | self.of(low)

    def happens(self, share: float) -> bool:
        """Say whether what happens so often happens now."""
        return self.rng.random() < share


def _voice(draw: Draw, ch: int, pms: int) -> Writes:
    con = draw.of(CON)
    rows = [(RL + ch, draw.of(PAN) | draw.of(FB) << 3 | con), (PMS + ch, pms << 4)]
    for op in range(4):
        tl = draw.of(CARRIER_TL if op in CARRIERS[con] else OTHER_TL)
        tuning, attack, release = (draw.both(*pair) for pair in ((DT1, 4, MUL), (KS, 6, AR), (D1L, 4, RR)))
        values = (tuning, tl, attack, draw.of(D1R), draw.of(D2R), release)
        rows += [(base + 8 * op + ch, value) for base, value in zip(SLOT_BASES, values, strict=True)]
    return rows


def _note(draw: Draw, ch: int, pms: int) -> Writes:
    rows = _voice(draw, ch, pms) if draw.happens(NEW_VOICE) else []
    rows.append((KC + ch, draw.of(OCTAVE) << 4 | draw.of(NOTE)))
    if draw.happens(DETUNED):
        rows.append((KF + ch, draw.of(range(64)) << 2))
    return [*rows, (KON, ALL_KEYS | ch)]


def song_like(
    first: Sequence[tuple[int, int]] = (), bent: Collection[int] = (), vibrato: Collection[int] = (), seed: int = 1
) -> tuple[Writes, list[Writes]]:
    """Return what a song sets up, and its bursts.

    Parameters
    ----------
    first : sequence of (int, int)
        Registers it writes once, before all else.
    bent : collection of int
        Channels whose KF each burst writes, as drivers of the X68000 bend pitches.
    vibrato : collection of int
        Channels that listen to the LFO: PMS 4.
    seed : int
        The same song for every run and every engine.
    """
    draw, pms = Draw(seed), [4 if ch in vibrato else 0 for ch in range(8)]
    registers = [*first, *RUNNING_LFO] + [row for ch in range(8) for row in _voice(draw, ch, pms[ch])]
    bursts: list[Writes] = [[] for _ in range(SECONDS * BURSTS)]
    for ch, period in enumerate(PERIODS):
        for start in range(0, len(bursts), period):
            bursts[start] += _note(draw, ch, pms[ch])
            bursts[start + int(period * DOWN[draw.of(range(3))])].append((KON, ch))
    for burst in bursts[::BURSTS_PER_LEVEL]:
        burst.append((TL + 24 + draw.of(range(8)), draw.of(CARRIER_TL)))
    for i, burst in enumerate(bursts):
        # Up a semitone within a second and down again.
        burst += [(KF + ch, min(i % 120, 120 - i % 120, 63) << 2) for ch in bent]
    return registers, bursts
