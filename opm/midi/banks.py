"""Files of banks: this project's own, VOPM's by number, libOPNMIDI's, and tones of the cat2151 family.

See docs/formats.md, section 9.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from .._file import contents, given, printable
from ..voice.files import FORMATS, LARGEST, LONGEST_NAME, is_opm, read_opm, read_voices, text_of
from ..voice.table import LFO
from ..voice.tones import read_tones, tones_in
from ..voice.voice import Voice
from . import toml_bank, wopn
from .attachment import as_long, is_attachment, parsed, read_attachment
from .bank import FAMILY, Bank, Instrument

DRUMS = 128
"""Added to a drum's key where programs and drums share one row of numbers."""
MOST_FILES = 4096
"""Files of a folder that are looked at."""
_NUMBERED = re.compile(r"([0-9]{1,3})(?![0-9]).*\.json", re.IGNORECASE | re.DOTALL)
"""Names of a folder's tones: ``000_AcousticGrand.json``, ``000.json``."""
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
    # What it is attached to is the bank that is there without it.
    programs = _stand_ins(default_bank().programs)
    programs |= {(0, 0, number): _instrument(voice) for number, voice in voices.items()}
    for number in extras.keys() - voices.keys():
        if found := default_bank().program(number):
            programs[0, 0, number] = replace(found, stands_in=True)
    programs = {key: replace(each, extras=extras.get(key[2], common)) for key, each in programs.items()}
    return Bank(name, programs, remarks=(_RAISED,) if voices else ())


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
    return Instrument(voice.name[:LONGEST_NAME], voice)


def _completed(bank: Bank) -> Bank:
    """Return a bank with what it has not: families of which it has nothing, and drums."""
    if not bank.programs and not bank.drums:
        raise ValueError("expected voices, found none")
    families = {number // FAMILY for _, _, number in bank.programs}
    ours = default_bank()
    others = {key: each for key, each in ours.programs.items() if key[2] // FAMILY not in families}
    return replace(bank, programs=_stand_ins(others) | {**bank.programs}, drums=bank.drums or _stand_ins(ours.drums))


def _stand_ins(instruments: Mapping[_Key, Instrument]) -> dict[_Key, Instrument]:
    return {key: replace(each, stands_in=True) for key, each in instruments.items()}
