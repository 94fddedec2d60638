"""The registers that a note needs, and those of them that a chip does not hold yet."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..pitch import HIGHEST, KC, KEY_CODES, KF, KF_SHIFT, LOWEST, STEPS
from ..registers import DEPTHS, KON, LFRQ, NOISE, PMS, RL, SLOT_BASES, TL, WAVE
from ..state import OPERATORS
from ..tables import TL_DB
from ..voice.voice import Voice
from .allocate import NOISE_CHANNEL
from .noise import BY_LEVEL, C2, is_noise, noise_quieter

Write = tuple[int, int]
"""Address and data; ``LEVEL`` added to the address where the data is a carrier's TL, which the song's attenuation is
still to be added to, so it may be more than seven bits hold. ``NOISE_LEVEL`` added: the data is the byte that the noise
of channel 8 has there at full level, and above it steps of TL that the song's attenuation is to be added to."""
LEVEL, NOISE_LEVEL = 0x100, 0x300
_PMD, _NOISE_ON = 0x80, 0x80
VIBRATO = (0xC9, 64, 127, 2)
"""LFRQ, AMD, PMD and W of the LFO that CC 1 asks for: a triangle of 5.3 Hz, at which PMS 4 is half a semitone."""
QUIET = 127
"""The largest TL."""
_RR = 15


@dataclass(frozen=True)
class Loaded:
    """A voice as bytes for channel 1, made once."""

    slots: int
    output: int
    """Register 20, no side on."""
    pms: int
    ams: int
    registers: tuple[Write, ...]
    """Those of the operators, but for the carriers' TL."""
    levels: tuple[Write, ...]
    """The carriers' TL."""
    noise_levels: tuple[Write, ...]
    """Registers of its noise that depend on the level, which are neither among those nor among these."""
    releases: tuple[Write, ...]
    """Registers E0 of its operators, with the fastest release."""
    lfo: tuple[int, ...] | None
    """LFRQ, AMD, PMD, W where it needs an LFO of its own."""
    noise: int
    """Register 0F."""


def loaded(voice: Voice) -> Loaded:
    """Return a voice as bytes."""
    held = dict(voice.registers(1))
    slots = list(OPERATORS.values())
    noisy = [base + slots[C2] for base in BY_LEVEL] if is_noise(voice) else []
    carriers = [TL + slots[i] for i in voice.carriers if TL + slots[i] not in noisy]
    lfrq, amd, pmd, wave, nfrq, ne = voice.lfo or (0, 0, 0, 0, 0, 0)
    modulates = (pmd and voice.pms) or (amd and voice.ams)
    # With values for the LFO that move nothing the voice has no vibrato of its own; without values it has the usual.
    own = voice.lfo is None or modulates
    last = SLOT_BASES[-1]
    return Loaded(
        voice.slots,
        held[RL] & 0x3F,
        voice.pms if own else 0,
        voice.ams if own else 0,
        tuple((a, d) for a, d in held.items() if a >= SLOT_BASES[0] and a not in (*carriers, *noisy)),
        tuple((a, held[a]) for a in carriers),
        tuple((a, held[a]) for a in noisy),
        tuple((last + slot, held[last + slot] | _RR) for slot in OPERATORS.values()),
        (lfrq, amd, pmd, wave) if modulates else None,
        _NOISE_ON | nfrq if ne else 0,
    )


def folded(midi: float) -> int:
    """Return a pitch in 1/64 semitones above the chip's lowest, by octaves inside its range."""
    steps = round((midi - LOWEST) * STEPS)
    octave = 12 * STEPS
    if steps < 0:
        steps %= octave
    elif steps > HIGHEST:
        steps -= octave * math.ceil((steps - HIGHEST) / octave)
    return steps


def attenuated(level: float) -> int:
    """Return a level in dB as steps of TL."""
    return round(-max(level, -QUIET) / TL_DB)


@dataclass(frozen=True, slots=True)
class Sound:
    """What a channel is to sound: all that its registers say."""

    voice: Loaded
    sides: int
    steps: int
    """Of TL, added to the carriers'."""
    pitch: int
    """1/64 semitones above the chip's lowest."""
    pms: int
    """That of the part; the voice's own may be more."""
    moved: tuple[Write, ...] = ()
    """Registers of channel 1 that an effect moves, and by how much."""

    def moving(self, channel: int) -> list[Write]:
        """Return the registers that change under a held note: levels, vibrato and pitch, and what effects move."""
        if self.moved:
            return self.registers(channel)
        return [*self._levels(channel), *self._rest(channel), *self._noise(channel)]

    def registers(self, channel: int) -> list[Write]:
        """Return all registers of a channel that is to sound so, but for the key.

        The note before may still ring. A modulator is louder than any carrier: so carriers have their TL before the
        connection makes them carriers, and modulators have theirs when they no longer are. Noise is far louder than a
        tone whose envelope stands where its own does: so it is switched on last of all, and off before all else.
        """
        output = (RL + channel, self.sides << 6 | self.voice.output)
        operators = ((address + channel, data) for address, data in self.voice.registers)
        switch = [(NOISE, self.voice.noise)] * (channel == NOISE_CHANNEL)
        writes = [*self._levels(channel), output, *operators, *self._rest(channel), *self._noise(channel)]
        if self.moved:
            amounts = {address + channel: amount for address, amount in self.moved}
            writes = [(address, _moved(address, data, amounts.get(address & 0xFF, 0))) for address, data in writes]
        return [*writes, *switch] if self.voice.noise else [*switch, *writes]

    def _levels(self, channel: int) -> list[Write]:
        return [(LEVEL + address + channel, level + self.steps) for address, level in self.voice.levels]

    def _noise(self, channel: int) -> list[Write]:
        levels = self.voice.noise_levels
        return [(NOISE_LEVEL + address + channel, byte | self.steps << 8) for address, byte in levels]

    def _rest(self, channel: int) -> list[Write]:
        semitone, fraction = divmod(self.pitch, STEPS)
        # KF before KC: of a step by a semitone the larger part comes last.
        return [
            (PMS + channel, max(self.voice.pms, self.pms) << 4 | self.voice.ams),
            (KF + channel, fraction << KF_SHIFT),
            (KC + channel, KEY_CODES[semitone]),
        ]

    def of_chip(self, channel: int) -> list[Write]:
        """Return the registers of the chip's LFO that it needs."""
        lfrq, amd, pmd, wave = self.voice.lfo or VIBRATO
        return [(LFRQ, lfrq), (DEPTHS, amd), (DEPTHS, _PMD | pmd), (WAVE, wave)]

    def key_on(self, channel: int) -> Write:
        """Return what strikes it."""
        return KON, self.voice.slots << 3 | channel

    def fast_release(self, channel: int) -> list[Write]:
        """Return what makes it fall silent within 2 ms of its key's going up."""
        return [(address + channel, data) for address, data in self.voice.releases]


def _moved(address: int, data: int, amount: int) -> int:
    """Return a register's data with an amount added; a level may be more than a register holds."""
    return data + amount if address & LEVEL else min(max(data + amount, 0), 0xFF)


class Registers:
    """What a chip holds."""

    def __init__(self) -> None:
        self._held: dict[int, Write] = {}

    def changed(self, writes: Iterable[Write]) -> list[Write]:
        """Return the writes that change anything, and take them for written."""
        found = []
        for write in writes:
            key = self._key(write)
            if self._held.get(key) != write:
                self._held[key] = write
                found.append(write)
        return found

    def forget(self, writes: Sequence[Write] | None = None) -> None:
        """Take some registers, or all, for unknown: they are written again whatever they are to hold."""
        if writes is None:
            self._held.clear()
        else:
            for write in writes:
                self._held.pop(self._key(write), None)

    @staticmethod
    def _key(write: Write) -> int:
        address, data = write
        # AMD and PMD are two registers behind one address: bit 7 says which.
        return address | data << 1 & 0x100 if address == DEPTHS else address & 0xFF


def turned_down(writes: Sequence[Write], attenuation: int) -> list[Write]:
    """Return writes as the chip takes them, the carriers so many steps of TL further down."""
    return [_turned_down(address, data, attenuation) for address, data in writes]


def _turned_down(address: int, data: int, attenuation: int) -> Write:
    if not address & LEVEL:
        return address, data
    register = address & 0xFF
    if address & NOISE_LEVEL == LEVEL:
        return register, min(max(data + attenuation, 0), QUIET)
    base = register & -SLOT_BASES.step
    return register, noise_quieter(base, data & 0xFF, (data >> 8) + attenuation)
