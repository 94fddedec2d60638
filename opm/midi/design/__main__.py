"""``python -m opm.midi.design``: levels the designs on the chip and writes them to ``bank.toml``."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ..._file import printable, replacing
from ...voice.voice import Voice
from .drums import DRUMS
from .entry import Drum, Program
from .measure import levelled
from .programs import PROGRAMS

NAME = "python -m opm.midi.design"
BANK = Path(__file__).parents[1] / "bank.toml"
_HEAD = """\
# Made by python -m opm.midi.design of opm/midi/design: change the designs, not this file.
# Operators are M1, M2, C1, C2: ar, d1r, d2r, rr, d1l, tl, ks, mul, dt1, dt2, ams_en.
"""
MIDDLE_C = 60
"""Where programs are made equally loud."""
_FIELDS = ("ar", "d1r", "d2r", "rr", "d1l", "tl", "ks", "mul", "dt1", "dt2", "ams_en")


def text() -> str:
    """Return the bank as TOML, every voice at the bank's level."""
    return "\n".join([_HEAD, *map(_program, PROGRAMS), *map(_drum, DRUMS)])


def _program(program: Program) -> str:
    voice = levelled(program.voice, MIDDLE_C + program.transpose)
    moved = [f"transpose = {program.transpose}"] if program.transpose else []
    return "\n".join(["[[program]]", f"number = {program.number}", f'name = "{voice.name}"', *moved, *_rows(voice), ""])


def _drum(drum: Drum) -> str:
    voice = levelled(drum.voice, drum.note)
    head = ["[[drum]]", f"key = {drum.key}", f'name = "{voice.name}"', f"note = {float(drum.note)}"]
    return "\n".join([*head, *_rows(voice), *(_noise(drum.noise, drum.note) if drum.noise else []), ""])


def _noise(voice: Voice, note: float) -> list[str]:
    voice = levelled(voice, note)
    assert voice.lfo is not None
    return ["[drum.noise]", f"nfrq = {voice.lfo[4]}", *_rows(voice)]


def _rows(voice: Voice) -> Iterator[str]:
    """Yield what makes the sound; what is 0 nearly everywhere only where it is not."""
    yield f"con = {voice.con}"
    yield f"fb = {voice.fb}"
    yield from (f"{name} = {getattr(voice, name)}" for name in ("pms", "ams") if getattr(voice, name))
    yield "ops = ["
    yield from (f"  [{', '.join(str(getattr(op, name)) for name in _FIELDS)}]," for op in voice.ops)
    yield "]"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(NAME, description="Level the designs on the chip and write the bank that ships.")
    _, others = parser.parse_known_args(arguments)
    try:
        if others:
            raise ValueError(f"expected no arguments, got {' '.join(others)}")
        with replacing(BANK) as file:
            file.write_text(text(), encoding="utf-8")
    except (ValueError, OSError) as error:
        print(f"{NAME}: {printable(str(error))}", file=sys.stderr)
        return 2
    print(f"{BANK}: {len(PROGRAMS)} programs, {len(DRUMS)} drums")
    return 0


if __name__ == "__main__":
    sys.exit(main())
