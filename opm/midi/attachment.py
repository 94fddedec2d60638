"""The JSON that the cat2151 family's converter takes beside a MIDI file: tones and effects by program.

An attachment is a list of objects with ``ProgramChange``, or, older, one object whose effects are for all programs. The
family's programs run the chip at twice its speed: on a true one its tones would last twice as long. ``as_long`` raises
their rates so that they do not.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._check import integer, number
from .._file import printable
from ..registers import LIMITS, RL
from ..voice.tones import check_count, one_byte, short, tones_in
from ..voice.voice import Operator, Voice
from .extras import PORTAMENTO, VIBRATO, Extras, Triangle

MOST_WAVES = 64
"""Software LFOs and early registers of a program: a voice has 26."""
LONGEST, FASTEST, DEEPEST = 3600.0, 1000.0, 255.0
"""Seconds, Hz and register steps of an effect."""
_FLAT = {"Tones", "DelayVibrato", "Portamento", "PopNoiseEnvelope", "SoftwareLfo"}
_FASTER = ((2, 1), (2, 1), (1, 1), (0, 0))
"""Steps of AR, D1R and D2R, and of RR, for twice the speed, by KS: the key code, an octave higher than there, does the
rest. A step of the first is 1.41, of RR twice."""
TURN = 5.0
"""Seconds of ``ChangeToNextTone`` if it does not say."""
_TONES = {"Tone", "registers", "events", "variations", "tone"}
"""Members of an entry that hold its tone."""
_EARLY = 0.001
"""Seconds of ``PopNoiseEnvelope`` if it does not say."""
_Object = Mapping[str, Any]


def parsed(text: str) -> Any:
    """Return what JSON holds.

    Raises
    ------
    ValueError
        It is no JSON; the message names the row.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("expected JSON: the nesting is too deep") from None
    except ValueError as error:
        raise ValueError(f"expected JSON: {printable(str(error))}") from None


def is_attachment(root: Any) -> bool:
    """Say whether parsed JSON is an attachment."""
    if isinstance(root, dict):
        return bool(_FLAT & root.keys())
    return isinstance(root, list) and any(isinstance(each, dict) and "ProgramChange" in each for each in root)


def read_attachment(root: Any) -> tuple[dict[int, Voice], dict[int, Extras], Extras | None]:
    """Read an attachment.

    Parameters
    ----------
    root : dict or list
        Parsed JSON.

    Returns
    -------
    (dict of int to Voice, dict of int to Extras, Extras or None)
        Voices and effects by program, and the effects of all programs.

    Raises
    ------
    ValueError
        A part is damaged; the message names the program and the key.
    """
    if isinstance(root, dict):
        tones = root.get("Tones", {})
        if not isinstance(tones, dict):
            raise ValueError(f"Tones must be an object, got {short(tones)}")
        voices = {_program(key): _voice(tone, f"program {_program(key)}") for key, tone in tones.items()}
        return voices, {}, _extras(root, "all programs")
    entries = [*_entries(root)]
    voices = {program: voice for program, entry in entries if (voice := _tone_of(entry, program))}
    extras = {program: _of_entry(entry, program, voices) for program, entry in entries}
    return voices, {program: found for program, found in extras.items() if found}, None


def _entries(root: list[Any]) -> Iterator[tuple[int, _Object]]:
    """Yield the objects of an attachment, by program."""
    check_count(len(root), "attachment")
    for number_, entry in enumerate(root, 1):
        if not isinstance(entry, dict) or "ProgramChange" not in entry:
            raise ValueError(f"object {number_}: expected ProgramChange, got {short(entry)}")
        yield _program(entry["ProgramChange"]), entry


def _program(value: Any) -> int:
    """Return a program; keys of JSON objects are text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 3:
        value = int(value)
    return integer("ProgramChange", value, 0, 127)


def _tone_of(entry: _Object, program: int) -> Voice | None:
    """Return the voice of an entry; one that only has effects has none."""
    given = {key: value for key, value in entry.items() if value is not None}
    return _voice(given, f"program {program}") if _TONES & given.keys() else None


def _voice(tone: Any, name: str) -> Voice:
    return as_long(tones_in(tone, name)[0].voice)


def as_long(voice: Voice) -> Voice:
    """Return a tone of the family as a voice that lasts on a true chip as long as on one at twice its speed.

    Parameters
    ----------
    voice : Voice

    Returns
    -------
    Voice
        A rate of 0 stays, and the largest is the most there is: AR 31 is at once on both. The LFO, which the family's
        programs never start, moves nothing.
    """
    return replace(voice, pms=0, ams=0, ops=[_as_long(op) for op in voice.ops])


def _as_long(op: Operator) -> Operator:
    more, release = _FASTER[op.ks]
    rates = {name: getattr(op, name) for name in ("ar", "d1r", "d2r")}
    raised = {name: min(rate + more, LIMITS[name]) for name, rate in rates.items() if rate}
    return replace(op, **raised, rr=min(op.rr + release, LIMITS["rr"]))


def _of_entry(entry: _Object, program: int, voices: Mapping[int, Voice]) -> Extras | None:
    """Return the effects of a program."""
    where = f"program {program}"
    found, towards = _extras(entry, where), voices.get(program + 1)
    if not _flag(entry, "ChangeToNextTone", where) or towards is None or program not in voices:
        return found
    turn = _number(entry, "ChangeToNextToneTime", where, LONGEST, TURN)
    return replace(found or Extras(), towards=towards, turn=turn) if turn else found


def _extras(entry: _Object, where: str) -> Extras | None:
    """Return the effects that an object of an attachment asks for."""
    early, ahead = _pop_noise(entry.get("PopNoiseEnvelope"), where)
    found = Extras(
        vibrato=VIBRATO if _flag(entry, "DelayVibrato", where) else None,
        portamento=PORTAMENTO if _flag(entry, "Portamento", where) else 0.0,
        waves=tuple(_waves(entry.get("SoftwareLfo"), where)),
        early=early,
        ahead=ahead,
    )
    return found if found != Extras() else None


def _waves(rows: Any, where: str) -> Iterator[tuple[int, Triangle]]:
    """Yield the registers that a software LFO moves; one without depth or rate moves nothing."""
    for row, here in _listed(rows, f"{where}: SoftwareLfo"):
        if row.get("Waveform", "triangle") != "triangle":
            raise ValueError(f"{here}: Waveform must be triangle, got {short(row['Waveform'])}")
        depth = _number(row, "Depth", here, DEEPEST, 0.0, -DEEPEST)
        rate = _number(row, "RateHz", here, FASTEST)
        delay, attack = (_number(row, key, here, LONGEST, 0.0) for key in ("DelaySeconds", "AttackSeconds"))
        wave = Triangle(depth, rate, delay, attack, _flag(row, "KeyOnSync", here, True))
        address = _register(row, here)
        if depth and rate:
            yield address, wave


def _pop_noise(value: Any, where: str) -> tuple[float, tuple[tuple[int, int], ...]]:
    """Return the seconds before a key-on, and registers and bytes to write there."""
    if value is None:
        return 0.0, ()
    here = f"{where}: PopNoiseEnvelope"
    if not isinstance(value, dict):
        raise ValueError(f"{here} must be an object, got {short(value)}")
    early = _number(value, "OffsetSeconds", here, LONGEST, _EARLY)
    rows = _listed(value.get("Registers"), f"{here}: Registers")
    ahead = tuple((_register(row, name), one_byte(row.get("Value"), f"{name}: Value")) for row, name in rows)
    return (early, ahead) if _flag(value, "Enabled", here) and ahead and early else (0.0, ())


def _listed(rows: Any, where: str) -> Iterator[tuple[_Object, str]]:
    """Yield the objects of a list, if there is one, and what to call each."""
    if rows is None:
        return
    if not isinstance(rows, list) or len(rows) > MOST_WAVES:
        raise ValueError(f"{where} must be a list of at most {MOST_WAVES} objects, got {short(rows)}")
    for index, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise ValueError(f"{where} {index} must be an object, got {short(row)}")
        yield row, f"{where} {index}"


def _flag(entry: _Object, key: str, where: str, other: bool = False) -> bool:
    value = entry.get(key, other)
    if not isinstance(value, bool):
        raise ValueError(f"{where}: {key} must be true or false, got {short(value)}")
    return value


def _number(entry: _Object, key: str, where: str, most: float, other: float | None = None, least: float = 0.0) -> float:
    return number(f"{where}: {key}", entry.get(key, other), least, most)


def _register(row: _Object, where: str) -> int:
    """Return the address of a voice's register, as it is on channel 1."""
    address = one_byte(row.get("BaseRegister"), f"{where}: BaseRegister")
    if address < RL:
        raise ValueError(f"{where}: BaseRegister must be a channel's, from {RL:02X} on, got {address:02X}")
    return address & 0xF8
