"""Banks of libOPNMIDI (``.wopn``): voices of an OPN2 for every program and drum key, as voices of the YM2151.

The two chips' operators are alike, and the file has their registers in the order of the addresses, which is M1, M2, C1,
C2 here as there. What differs:

- An OPN2 steps its envelopes 7 670 454 / 144 / 3 = 17 756 times a second, a YM2151 18 643 times. That is 5 %, and
  to the next rate it is a third or more: rates stay as they are.
- It has no DT2, so that is 0; SSG-EG, which repeats or mirrors an envelope, is not on a YM2151.
- Its LFO has no depth of its own but that of the channel's sensitivity; here AMD and PMD are set so that most
  sensitivities have one that is as deep.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .._file import decoded
from ..registers import lfo_hertz
from ..voice.voice import Operator, Voice
from .bank import EFFECTS, Bank, Instrument

MAGIC = b"WOPN2-BANK\0", b"WOPN2-B2NK\0"
"""Of version 1, and of those behind it, which say their number."""
_MAGIC_SIZE, _META_SIZE, _PLACES = 11, 34, 128
_SIZE = {1: 65, 2: 69}
"""Bytes of a voice by version."""
_LFO_HERTZ = (3.98, 5.56, 6.02, 6.37, 6.88, 9.63, 48.1, 72.2)
"""Of the OPN2, by its register."""
_LFO_RATES = tuple(min(range(256), key=lambda lfrq: abs(lfo_hertz(lfrq) - hertz)) for hertz in _LFO_HERTZ)
_AMD, _PMD, _TRIANGLE = 16, 96, 2
"""3.0, 5.9 and 11.8 dB where an OPN2 has 1.4, 5.9 and 11.8; the pitch by 3, 8, 17, 36 and 73 cents, measured."""
_PMS = (0, 1, 2, 2, 3, 3, 4, 5)
"""By an OPN2's sensitivity, which is 3.4, 6.7, 10, 14, 20, 40 and 80 cents."""
_MOST_OFFSET = 127
_FIXED = 128
"""Added to the key of some drums; the one meant is that without it."""


def read_wopn(data: bytes, name: str) -> Bank:
    """Read a bank.

    Parameters
    ----------
    data : bytes
        It starts with one of ``MAGIC``.
    name : str
        What to call it.

    Returns
    -------
    Bank
        Melodic banks by MSB and LSB; kits by LSB, which is the program that chooses them, and 128 more where there is
        an MSB: XG's sound effects.

    Raises
    ------
    ValueError
        It is of a later version, or cut short; the message names the byte.
    """
    version, at = 1, _MAGIC_SIZE
    if data.startswith(MAGIC[1]):
        version, at = int.from_bytes(data[at : at + 2], "little"), at + 2
    if version not in _SIZE:
        raise ValueError(f"byte {_MAGIC_SIZE}: expected WOPN of version 1 or 2, found version {version}")
    melodic, kits = (int.from_bytes(data[at + i : at + i + 2], "big") for i in (0, 2))
    banks, start = melodic + kits, at + 5 + (_META_SIZE * (melodic + kits) if version > 1 else 0)
    whole = start + banks * _PLACES * _SIZE[version]
    if len(data) < whole:
        raise ValueError(f"byte {len(data)}: the bank is cut short, expected {whole} bytes for {banks} banks")
    metas = [data[at + 5 + _META_SIZE * i :][:_META_SIZE] for i in range(banks)] if version > 1 else []
    places = [*_places(data, start, banks, version, _lfo(data[at + 4]))]
    programs, drums = {}, {}
    for place in places:
        # Banks of version 1 have no numbers: the first is General MIDI's, further ones cannot be chosen.
        if not metas and place.bank not in (0, melodic):
            continue
        lsb, msb = metas[place.bank][32:34] if metas else (0, 0)
        if place.bank < melodic:
            programs[msb, lsb, place.number] = _instrument(place, drum=False)
        else:
            drums[EFFECTS + lsb % EFFECTS if msb else lsb, place.number] = _instrument(place, drum=True)
    return Bank(name, programs, drums, _remarks(places))


@dataclass(frozen=True)
class _Place:
    """A place of a bank that is taken."""

    bank: int
    number: int
    name: str
    voice: Voice
    offset: int
    """Semitones added to the key."""
    key: int
    """The key that is played whatever is struck; 0: none."""
    ssg: bool


def _instrument(place: _Place, drum: bool) -> Instrument:
    """Return the instrument of a place: a drum, and a program with a key of its own, always plays the same."""
    name = place.name or f"{'drum' if drum else 'program'} {place.number}"
    voice = place.voice.named(name)
    if not place.key and not drum:
        return Instrument(name, voice, transpose=float(place.offset))
    key = place.key % _FIXED if place.key else place.number
    return Instrument(name, voice, float(key + place.offset))


def _places(data: bytes, start: int, banks: int, version: int, lfo: tuple[int, ...] | None) -> Iterator[_Place]:
    """Yield the voices of all banks; empty places have none."""
    size = _SIZE[version]
    for index in range(banks * _PLACES):
        row = data[start + size * index :][:size]
        # Version 2 says of a voice how long it sounds; a voice of version 1 has at least an attack.
        if any(row[65:]) if version > 1 else any(row[37:65]):
            bank, number = divmod(index, _PLACES)
            ssg = any(byte & 8 for byte in row[43:65:7])
            offset = min(max(int.from_bytes(row[32:34], "big", signed=True), -_MOST_OFFSET), _MOST_OFFSET)
            yield _Place(bank, number, _text(row[:32]), _voice(row, lfo), offset, row[34], ssg)


def _voice(row: bytes, lfo: tuple[int, ...] | None) -> Voice:
    """Return the voice of a place."""
    ops = []
    for at in range(37, 65, 7):
        # As in registers 40, 60, 80, A0, C0 and E0; above D2R an OPN2 has nothing, a YM2151 DT2.
        b = row[at : at + 6]
        ops.append(Operator.of((*b[:4], b[4] & 31, b[5])))
    con, fb, pms, ams = row[35] & 7, row[35] >> 3 & 7, row[36] & 7, row[36] >> 4 & 3
    pms, ams = (_PMS[pms], ams) if lfo else (0, 0)
    return Voice("", con, fb, pms=pms, ams=ams, ops=ops, lfo=lfo if pms or ams else None)


def _lfo(byte: int) -> tuple[int, ...] | None:
    """Return ``Voice.lfo`` of the bank's register 22; None if it is off."""
    return (_LFO_RATES[byte & 7], _AMD, _PMD, _TRIANGLE, 0, 0) if byte & 8 else None


def _text(data: bytes) -> str:
    return " ".join(decoded(data.split(b"\0")[0]).split())


def _remarks(places: list[_Place]) -> tuple[str, ...]:
    lost = sum(place.ssg for place in places)
    return (f"SSG-EG is not on this chip: {lost} of {len(places)} voices sound without it",) if lost else ()
