"""Spans leave every field and sample as single clocks do: all lengths, settled chips, listeners and slow callers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import settled_chip

import opm
from opm.engine import MEMORY
from opm.span.rows import LONGEST
from opm.span.span import SETTLE


def differences(got, want):
    """Return the fields in which two states differ, as text."""
    lines = []
    for field in opm.FIELDS:
        have, need = np.atleast_1d(got[field.name]), np.atleast_1d(want[field.name])
        lines += [f"{field.name}[{i}]: expected {need[i]}, got {have[i]}" for i in np.flatnonzero(have != need)]
    return "\n".join(lines)


def copy(chip):
    """Return another chip in the same state."""
    other = opm.YM2151()
    other.load(chip.save())
    return other


def random_events(rng, first, frames):
    """Return register writes at random frames of a run: keys, pitches, levels, anything."""
    rows, frame = [], first + int(rng.integers(2, 200))
    while frame < first + frames:
        choices = [0x08, 0x28 + int(rng.integers(8)), 0x60 + int(rng.integers(32)), int(rng.integers(0x20, 0x100))]
        rows += [(32 * frame, 0, int(rng.choice(choices))), (32 * frame + 2, 1, int(rng.integers(256)))]
        frame += int(rng.integers(2, 200))
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_every_length(seed):
    """From one frame to more than a span and what settles behind it."""
    start = settled_chip(seed)
    reference = copy(start)
    want = []
    for frame in range(1, LONGEST + 2 * SETTLE + 1):
        want.append(reference.run((), 1, engine="cycle"))
        chip = copy(start)
        got = chip.run((), frame)
        np.testing.assert_array_equal(got, np.concatenate(want), f"seed {seed}, {frame} frames")
        assert chip.state == reference.state, f"seed {seed}, {frame} frames: {differences(chip.state, reference.state)}"


@settings(max_examples=80)
@given(seed=st.integers(0, 2**32 - 1))
def test_settled_chips(seed):
    """Long and short calls, with and without writes, muted channels, each channel's own sum, samples far apart."""
    rng = np.random.default_rng(seed)
    chip = settled_chip(seed)
    other = copy(chip)
    chip.mute = other.mute = int(rng.integers(256)) if rng.random() < 0.3 else 0
    for _ in range(3):
        frames, step = int(rng.integers(1, 600)), int(rng.choice([1, 1, 2, 3]))
        events = random_events(rng, -(-chip.cycle // 32), frames) if rng.random() < 0.5 else []
        taps = [np.zeros((frames, 8), np.int16) if rng.random() < 0.4 else None] * 2
        taps = [None if tap is None else tap.copy() for tap in taps]
        got = chip.run(events, frames, 32 * step, channels=taps[0])
        want = other.run(events, frames, 32 * step, engine="cycle", channels=taps[1])
        np.testing.assert_array_equal(got, want, f"seed {seed}")
        if taps[0] is not None:
            np.testing.assert_array_equal(taps[0], taps[1], f"seed {seed}")
        assert chip.state == other.state, f"seed {seed}: {differences(chip.state, other.state)}"


@pytest.mark.parametrize(("make", "runs"), [(opm.YM2151, True), (opm.YM2164, False)])
def test_spans_do_run(make, runs):
    """But not on a YM2164, whose ramps move at any time."""
    chip = make()
    chip.generate(10)
    rows = chip._memory.view(MEMORY)["span"][0]
    rows["begin"] = 0
    chip.generate(200)
    assert rows["begin"].any() == runs
