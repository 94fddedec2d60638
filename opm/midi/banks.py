"""Files of banks: this project's own, VOPM's by number, libOPNMIDI's, and tones of the cat2151 family.

See docs/formats.md, section 9.
"""

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from statistics import median
from typing import BinaryIO, TypeVar

from .._file import contents, given, printable
from ..tables import TL_DB
from ..voice.files import FORMATS, LARGEST, LONGEST_NAME, is_opm, read_opm, read_voices, text_of
from ..voice.table import LFO
from ..voice.tones import read_tones, tones_in
from ..voice.voice import Voice
from . import toml_bank, wopn
from .attachment import as_long, is_attachment, parsed, read_attachment
from .bank import FAMILY, Bank, Instrument
from .noise import is_noise, quieter

DRUMS = 128
"""Added to a drum's key where programs and drums share one row of numbers."""
MOST_FILES = 4096
"""Files of a folder that are looked at."""
_NUMBERED = re.compile(r"([0-9]{1,3})(?![0-9]).*\.json", re.IGNORECASE | re.DOTALL)
"""Names of a folder's tones: ``000_AcousticGrand.json``, ``000.json``."""
MOST_STEPS = 32
"""Steps of TL by which stand-ins are made softer or louder: 24 dB."""
_MOST_DIGITS = 4
"""Of a number that is looked at."""
_RAISED = "rates are raised: tones of the cat2151 family are for a chip that runs at twice its speed"
_Key = TypeVar("_Key")


def read_bank(source: str | os.PathLike[str] | bytes | BinaryIO) -> Bank:
    r"""Read a bank of voices for MIDI, recognised by what it holds.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        A bank of this project (TOML), VOPM ``.opm``, libOPNMIDI's ``.wopn``, an attachment of the cat2151 family
        (JSON), a folder of its tones (``NNN_name.json``), or any other file of voices, numbered in their order.

    Returns
    -------
    Bank
        What it has not - families of General MIDI without any program, or all drums - stands in from the bank that
        ships.

    Raises
    ------
    ValueError
        It is damaged, too large, or no bank; the message names the place, and a path.
    TypeError
        The source is none of these.
    OSError
        It cannot be opened.

    Examples
    --------
    >>> bank = read_bank(b"@:34 Bass\nC2: 31 9 4 7 3 12 0 1 0 0 0")
    >>> bank.program(34).voice.ops[3].tl, bank.program(33).stands_in
    (12, True)
    """
    if not isinstance(source, str | os.PathLike):
        return _read(given(source, LARGEST), "")
    path = Path(source)
    try:
        if path.is_dir():
            return _completed(_read_folder(path))
        return _read(contents(path, LARGEST), path.stem)
    except ValueError as error:
        raise ValueError(f"{printable(os.fspath(source))}: {error}") from None


@cache
def default_bank() -> Bank:
    """Return the bank that ships, whose voices were designed for this chip.

    Returns
    -------
    Bank
    """
    text = resources.files(__package__).joinpath("bank.toml").read_text(encoding="utf-8")
    return toml_bank.read_toml(text, "default")


def _read(data: bytes, name: str) -> Bank:
    """Return the bank that a file's bytes hold."""
    if len(data) > LARGEST:
        raise ValueError(f"expected at most {LARGEST} bytes, got {len(data)}")
    return _completed(_bank(data, name))


def _bank(data: bytes, name: str) -> Bank:
    if data.startswith(wopn.MAGIC):
        return wopn.read_wopn(data, name)
    text = text_of(data)
    if is_opm(text):
        return _numbered(name, [(number, _with_lfo(voice)) for number, voice in read_opm(text)])
    # Before JSON: a table of tables begins with a bracket, too.
    if toml_bank.is_toml(text):
        return toml_bank.read_toml(text, name)
    if text.lstrip()[:1] in ("{", "["):
        return _read_json(text, name)
    try:
        voices = read_voices(data, name)
    except ValueError as error:
        raise ValueError(str(error).replace(FORMATS, f"a bank in TOML, .wopn, {FORMATS}")) from None
    return _numbered(name, [(str(number), voice) for number, voice in enumerate(voices)])


def _read_json(text: str, name: str) -> Bank:
    """Return the bank of an attachment, or of tones in their order."""
    root = parsed(text)
    if not is_attachment(root):
        tones = enumerate(tones_in(root, name))
        return _numbered(name, [(str(number), as_long(tone.voice)) for number, tone in tones], (_RAISED,))
    try:
        voices, extras, common = read_attachment(root)
    except (TypeError, ValueError) as error:
        raise ValueError(printable(str(error))) from None
    own = {number: _instrument(voice) for number, voice in voices.items()}
    # What it is attached to is the bank that is there without it.
    ours = _shipped(_louder_than(own.values()))
    given = {number: ours.program(number) for number in extras} | own
    programs = {**ours.programs} | {(0, 0, number): found for number, found in given.items() if found}
    programs = {key: replace(each, extras=extras.get(key[2], common)) for key, each in programs.items()}
    return Bank(name, programs, remarks=(_RAISED,) if own else ())


def _read_folder(path: Path) -> Bank:
    """Return the bank of a folder of tones: the first of each file, by the number that its name begins with."""
    found: list[tuple[str, Voice]] = []
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in islice(entries, MOST_FILES))
    for name in names:
        if matched := _NUMBERED.fullmatch(name):
            try:
                tone = read_tones(text_of(contents(path / name, LARGEST)), name)[0]
            except ValueError as error:
                raise ValueError(f"{printable(name)}: {error}") from None
            found.append((matched[1], as_long(tone.voice)))
    if not found:
        raise ValueError("expected tones called NNN.json or NNN_name.json in this folder, found none")
    return _numbered(path.name, found, (_RAISED,))


def _numbered(name: str, voices: Sequence[tuple[str, Voice]], remarks: tuple[str, ...] = ()) -> Bank:
    """Return the bank of voices with numbers: up to 127 programs, from there on drum keys."""
    numbers = [int(digits) if 0 < len(digits) <= _MOST_DIGITS else -1 for digits, _ in voices]
    if -1 in numbers or len({*numbers}) < len(numbers):
        numbers = [*range(len(voices))]
        remarks += ("numbers are missing or there twice: voices are numbered in their order",)
    rows = [(number, _instrument(voice)) for number, (_, voice) in zip(numbers, voices, strict=True)]
    programs = {(0, 0, number): row for number, row in rows if number < DRUMS}
    drums = {(0, number - DRUMS): row for number, row in rows if DRUMS <= number < 2 * DRUMS}
    if left := len(rows) - len(programs) - len(drums):
        remarks += (f"numbers above {2 * DRUMS - 1} are neither programs nor drum keys: {left} voices are left out",)
    return Bank(name, programs, drums, remarks)


def _with_lfo(voice: Voice) -> Voice:
    """Return a voice that says what its LFO does, even if that is nothing: VOPM's always do."""
    return replace(voice, lfo=voice.lfo or (0,) * len(LFO)) if voice.pms or voice.ams else voice


def _instrument(voice: Voice) -> Instrument:
    return Instrument(voice.name[:LONGEST_NAME], voice, noise=voice if is_noise(voice) else None)


def _completed(bank: Bank) -> Bank:
    """Return a bank with what it has not, as loud as what it has: families of which it has nothing, and drums."""
    if not bank.programs and not bank.drums:
        raise ValueError("expected voices, found none")
    families = {number // FAMILY for _, _, number in bank.programs}
    ours = _shipped(_louder_than(bank.programs.values()))
    others = {key: each for key, each in ours.programs.items() if key[2] // FAMILY not in families}
    return replace(bank, programs=others | {**bank.programs}, drums=bank.drums or ours.drums)


def _louder_than(instruments: Iterable[Instrument]) -> int:
    """Return by how many steps of TL the bank that ships is louder than a bank's own instruments."""
    levels = [_level(each.voice) for each in instruments if not each.stands_in]
    steps = round((_our_level() - median(levels)) / TL_DB) if levels else 0
    return min(max(steps, -MOST_STEPS), MOST_STEPS)


@cache
def _our_level() -> float:
    return median(_level(each.voice) for each in default_bank().programs.values())


def _level(voice: Voice) -> float:
    """Return the level of a voice's carriers in dB, their envelopes wide open.

    Of one voice it is off by 2 dB, but the medians of seven banks differ from those measured on the chip by 0.1 to 1.4.
    """
    return 10 * math.log10(sum(10 ** (-TL_DB * voice.ops[i].tl / 10) for i in voice.carriers))


@cache
def _shipped(steps: int) -> Bank:
    """Return the bank that ships, softer by so many steps, all of it as stand-ins."""
    bank = default_bank()
    return replace(bank, programs=_stand_ins(bank.programs, steps), drums=_stand_ins(bank.drums, steps))


def _stand_ins(instruments: Mapping[_Key, Instrument], steps: int) -> dict[_Key, Instrument]:
    found = {}
    for key, each in instruments.items():
        noise = each.noise and quieter(each.noise, steps)
        found[key] = replace(each, voice=quieter(each.voice, steps), noise=noise, stands_in=True)
    return found
