"""Every chip of the boards: equal to its reference, in pieces and whole, saved and restored, safe with any input."""

import json
from pathlib import Path

import numpy as np
import pytest

from opm.board import CORES, Chip, core
from opm.board.record import STRIKE, WRITE
from opm.state import check_widths

GOLDEN = Path(__file__).parents[1] / "golden" / "board"


def chip_of(name, clock, memory, options):
    return Chip(name, clock, memory.tobytes(), **options)


def programs(name):
    """Yield each golden program of a chip: number, chip, writes, samples of the reference."""
    with np.load(GOLDEN / f"{name}.npz") as file:
        for number in range(sum(key.startswith("samples_") for key in file)):
            about = json.loads(str(file[f"about_{number}"]))
            writes = np.zeros(len(file[f"writes_{number}"]), WRITE)
            for i, field in enumerate(("sample", "address", "data")):
                writes[field] = file[f"writes_{number}"][:, i]
            chip = chip_of(name, about["clock"], file[f"memory_{about.get('memory', number)}"], about["options"])
            yield number, chip, writes, file[f"samples_{number}"]


def in_pieces(chip, writes, samples, sizes):
    """Run a chip in pieces of these sizes, in turn."""
    done, made, turn = 0, [], 0
    while done < samples:
        count = min(sizes[turn % len(sizes)], samples - done)
        now = writes[(writes["sample"] >= done) & (writes["sample"] < done + count)].copy()
        now["sample"] -= done
        made.append(chip.run(now, count))
        done, turn = done + count, turn + 1
    return np.concatenate(made)


def first_difference(name, number, got, expected):
    assert got.shape == expected.shape
    different = (got != expected).any(axis=1)
    at = int(different.argmax())
    words = f"{name}, program {number}: sample {at}: expected {expected[at]}, got {got[at]}"
    assert not different.any(), f"{words}; {different.sum()} of {len(got)} differ"


@pytest.mark.parametrize("name", CORES)
def test_samples_are_the_references(name):
    count = 0
    for number, chip, writes, expected in programs(name):
        first_difference(name, number, chip.run(writes, len(expected)), expected)
        check_widths(chip.state, core(name).FIELDS)
        count += 1
    assert count >= 12


@pytest.mark.parametrize("name", CORES)
def test_the_size_of_pieces_makes_no_difference(name):
    for number, chip, writes, expected in [*programs(name)][:4]:
        got = in_pieces(chip, writes, len(expected), (1, 7, 100, 33, 2, 1000))
        first_difference(name, number, got, expected)


@pytest.mark.parametrize("name", CORES)
def test_a_snapshot_goes_on_where_it_was_taken(name):
    for number, chip, writes, expected in [*programs(name)][:4]:
        half = len(expected) // 2
        chip.run(writes[writes["sample"] < half], half)
        saved = chip.save()
        rest = writes[writes["sample"] >= half].copy()
        rest["sample"] -= half
        first_difference(name, number, chip.run(rest, len(expected) - half), expected[half:])
        chip.load(saved)
        first_difference(name, number, chip.run(rest, len(expected) - half), expected[half:])


@pytest.mark.parametrize("name", CORES)
def test_what_is_not_a_snapshot_is_refused(name):
    _, chip, _, _ = next(programs(name))
    saved = chip.save()
    for wrong in (b"", saved[:-1], saved + b"\0", b"x" + saved[1:]):
        with pytest.raises(ValueError, match="not a snapshot of a"):
            chip.load(wrong)


@pytest.mark.parametrize("name", CORES)
def test_any_writes_and_any_memory_are_safe(name):
    """With NUMBA_BOUNDSCHECK=1, too. Addresses go beyond the registers, data beyond a byte."""
    rng = np.random.default_rng(sum(name.encode()))
    _, model, golden, _ = next(programs(name))
    for size in (0, 1, 1000, len(model.memory)):
        chip = chip_of(name, model.clock, rng.integers(0, 256, size, dtype=np.uint8), model.options)
        count = 1500
        writes = np.zeros(count, WRITE)
        writes["sample"] = np.sort(rng.integers(0, 4000, count))
        known = golden["address"] if len(golden) else np.zeros(1)
        wild = rng.integers(-(2**31), 2**31, count)
        writes["address"] = np.where(rng.random(count) < 0.1, wild, rng.choice(known, count))
        writes["data"] = np.where(rng.random(count) < 0.1, rng.integers(-(2**31), 2**31, count), wild & 0xFF)
        out = in_pieces(chip, writes, 4000, (900, 100, 1))
        check_widths(chip.state, core(name).FIELDS)
        assert np.abs(out.astype(np.int64)).max() < 2**24


@pytest.mark.parametrize("name", CORES)
def test_any_state_of_the_declared_widths_is_safe(name):
    """With NUMBA_BOUNDSCHECK=1, too: a snapshot may have been made by anyone."""
    rng = np.random.default_rng(sum(name.encode()))
    _, model, _, _ = next(programs(name))
    for size in 60 * (0, 1, 300):
        chip = chip_of(name, model.clock, rng.integers(1, 256, size, dtype=np.uint8), model.options)
        for field in core(name).FIELDS:
            least = -(2 ** (field.bits - 1)) if field.signed or field.bits == 32 else 0
            most = least + 2**field.bits - 1
            kept = rng.random(field.count) < 0.3
            edges = rng.choice([least, least + 1, most - 1, most], field.count).astype(np.int64)
            values = np.where(kept, chip.state[field.name], edges)
            chip.state[field.name] = values if field.count > 1 else values[0]
        chip.load(chip.save())
        chip.generate(300)


@pytest.mark.parametrize("name", CORES)
def test_what_strikes_is_found(name):
    for _, chip, writes, _ in programs(name):
        struck = core(name).struck(writes)
        assert struck.dtype == STRIKE
        assert (np.diff(struck["row"]) >= 0).all()
        assert (struck["row"] < len(writes)).all()
        assert (struck["channel"] >= 0).all()
        assert chip.rate > 0


@pytest.mark.parametrize("name", CORES)
def test_every_field_and_register_is_said(name):
    module = core(name)
    assert "Source" in module.__doc__
    assert module.TITLE
    assert all(field.meaning for field in module.FIELDS)
