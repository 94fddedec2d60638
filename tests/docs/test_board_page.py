"""The page on the board: rates, levels and what was compared are as the code and the golden vectors have them."""

import re

import pytest
from conftest import ROOT

from opm.board import CORES, core, mix
from opm.song.writers.vgm_chips import VGM_CHIPS

PAGE = (ROOT / "docs" / "chip" / "board.md").read_text()
GOLDEN = (ROOT / "tests" / "golden" / "README.md").read_text()
LEVELS = {"vera_psg": mix.VERA, "vera_pcm": mix.VERA, "pcm8": mix.X68000}
LEVELS |= {name: chip.volume / 0x100 * chip.scale for name, chip in VGM_CHIPS.items()}


def rows(columns):
    """Return the rows of the page's table that has so many columns, cell by cell."""
    lines = re.findall(r"^\|(.*)\|$", PAGE.replace("\u00a0", ""), re.MULTILINE)
    table = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [cells for cells in table if len(cells) == columns]


@pytest.mark.parametrize("name", CORES)
def test_a_part_is_described_as_it_is(name):
    (found,) = [cells for cells in rows(7) if cells[1] == f"`{name}`"]
    clock, rate, programs = round(float(found[3]) * 1e6), float(found[4]), found[6]
    assert float(core(name).rate(clock, {})) == pytest.approx(rate, abs=0.005)
    (compared,) = [line for line in GOLDEN.splitlines() if line.startswith("| `") and f"`{name}`" in line]
    assert programs.split("; ")[0] in compared
    reference = found[5].split()[-1]
    assert reference in compared


def test_levels_are_those_of_the_mix():
    table = {name: cells[1] for cells in rows(3) for name in re.findall(r"`(\w+)`", cells[0])}
    assert table.keys() == LEVELS.keys()
    for name, text in table.items():
        assert float(text.partition(";")[0]) == pytest.approx(LEVELS[name], abs=0.0005), name
