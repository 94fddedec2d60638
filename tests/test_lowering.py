"""Fields and elements in short LLVM code do what Python does with them, and raise where Numba's own would."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from opm import _jit

SLOT = np.dtype([("level", "i2"), ("taps", "i4", (2, 3)), ("on", "?")])
CHIP = np.dtype([("clock", "i8"), ("slots", SLOT, 4), ("noise", "u1", 5), ("gain", "f4", 2)], align=True)
TABLE = np.arange(12, dtype=np.int16).reshape(3, 4) ** 3
TURNED = TABLE.T
LARGE = np.arange(400_000, dtype=np.int32)[::-1].copy()
LARGE_BACKWARDS = LARGE[::-1]


@_jit.block
def slot_of(chip, i):
    """A record within a record goes from block to block."""
    return chip.slots[i]


@_jit.entry
def fields(chips, i, j):
    """Read and write fields, elements of arrays within records, and those of records within those."""
    chip = chips[i]
    chip.clock += chip.noise[j] + chip.noise[-1]
    chip.noise[j] = chip.noise[j - 5] - 200
    slot = slot_of(chip, j)
    slot.level += 3
    slot.on = not slot.on
    slot.taps[j - 2, 1] += slot.taps[-1, -j] * 2
    chip.slots[-1].taps[1, 2] = chips[-1].slots[j].level
    chip.gain[j - 1] *= 1.5
    return chip.clock + slot.taps[0, 0]


@_jit.entry
def copies(chips, i, j):
    """Assign a record to an element, and to one of an array within a record."""
    chips[i] = chips[j]
    chips[j].slots[i] = chips[i].slots[j - 3]
    return chips[i].clock


@_jit.entry
def tables(i, j):
    """Read tables by one index or two; one variable stands for either of two."""
    table = TABLE
    if i < 0:
        table = TURNED
    row = TABLE[i]
    return table[i, j], row[j], LARGE[i], LARGE_BACKWARDS[j], LARGE.size, table.shape[0], TABLE[np.uint8(1), j]


@_jit.entry
def element(chips, rows, i, j):
    """Read what bounds are checked of; return it."""
    return chips[0].slots[i].taps[0, j] + rows[i, j]


def chips_of(seed):
    """Return three records of random bytes whose truth values are such."""
    made = np.frombuffer(np.random.default_rng(seed).bytes(3 * CHIP.itemsize), CHIP).copy()
    made["slots"]["on"] = made["clock"][:, None] & [1, 2, 4, 8]
    made["gain"] = [1.25, -3.0]
    made["clock"] >>= 2
    return made


@pytest.mark.parametrize("i", [-3, -1, 0, 2])
@pytest.mark.parametrize("j", [1, 2])
def test_fields_and_elements_as_in_python(i, j):
    """Negative indices, nested arrays, records within records, one that is stored over another."""
    for function, in_python in ((fields, fields_expected), (copies, _jit.plain(copies))):
        ours, python = chips_of(i + 9 * j), chips_of(i + 9 * j).view(np.recarray)
        expected = in_python(python, i, j)
        assert function(ours, i, j) == expected, (function.__name__, i, j)
        for name in CHIP.names:
            np.testing.assert_array_equal(ours[name], python[name], f"{function.__name__}({i}, {j}): {name}")


def fields_expected(chips, i, j):
    """Return what ``fields`` does, by NumPy's names and its wrap of narrow numbers."""
    chip = chips[i]
    chip["clock"] += int(chip["noise"][j]) + int(chip["noise"][-1])
    chip["noise"][j] = np.uint8((int(chip["noise"][j - 5]) - 200) & 255)
    slot = chip["slots"][j]
    slot["level"] = np.array(int(slot["level"]) + 3).astype(np.int16)
    slot["on"] = not slot["on"]
    taps = slot["taps"]
    taps[j - 2, 1] = np.array(int(taps[j - 2, 1]) + int(taps[-1, -j]) * 2).astype(np.int32)
    chip["slots"][-1]["taps"][1, 2] = chips[-1]["slots"][j]["level"]
    chip["gain"][j - 1] *= np.float32(1.5)
    return int(chip["clock"]) + int(taps[0, 0])


@pytest.mark.parametrize(("i", "j"), [(0, 0), (2, 3), (-1, -1), (-3, 2)])
def test_tables_are_constants(i, j):
    assert tables(i, j) == _jit.plain(tables)(i, j), (i, j)


def in_new_process(code, **environment):
    """Run code in a process of its own, with this file's names."""
    full = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", **environment}
    code = f"import numpy as np, test_lowering as own\n{code}"
    done = subprocess.run([sys.executable, "-c", code], env=full, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_large_tables_are_in_the_code_that_is_kept():
    """Numba writes down where they are; the next process, which loads the code, ended there."""
    tables(1, 2)
    code = "print(own.tables(1, 2) == own._jit.plain(own.tables)(1, 2), own.tables.compiled)"
    assert in_new_process(code) == "True 0\n"


BOUNDS = """
chips, rows = own.chips_of(1), np.zeros((4, 3), np.int32)
for i in range(-6, 6):
    for j in range(-5, 5):
        inside = -4 <= i < 4 and -3 <= j < 3
        try:
            own.element(chips, rows, i, j)
        except IndexError as error:
            assert not inside and "is out of bounds" in str(error), (i, j, error)
        else:
            assert inside, (i, j)
"""


def test_bounds_are_checked_where_that_is_asked_for():
    """Both axes, both sides, of arrays within records and of others."""
    in_new_process(BOUNDS, NUMBA_BOUNDSCHECK="1")
