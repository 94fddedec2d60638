"""Spans leave every field and sample as single clocks do: all lengths, settled chips, listeners and slow callers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import mixed, panned_program, settled_chip

import opm
from opm.handover import MINE, SCRATCH
from opm.span.record import LONGEST
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
    other = type(chip)()
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


@pytest.mark.parametrize(("seed", "make"), [*((seed, opm.YM2151) for seed in range(5)), (5, opm.YM2164)])
def test_every_length(seed, make):
    """From one frame to more than a span and what settles behind it."""
    start = settled_chip(seed, make)
    reference = copy(start)
    want = []
    for frame in range(1, LONGEST + SETTLE + 4):
        want.append(reference.run((), 1, engine="cycle"))
        chip = copy(start)
        got = chip.run((), frame)
        np.testing.assert_array_equal(got, np.concatenate(want), f"seed {seed}, {frame} frames")
        assert chip.state == reference.state, f"seed {seed}, {frame} frames: {differences(chip.state, reference.state)}"


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1))
def test_settled_chips(seed):
    """Long and short calls, with and without writes, muted channels, channels apart, samples far apart."""
    rng = np.random.default_rng(seed)
    chip = settled_chip(seed, opm.YM2164 if rng.random() < 0.2 else opm.YM2151)
    other = copy(chip)
    chip.mute = other.mute = int(rng.integers(256)) if rng.random() < 0.3 else 0
    for _ in range(3):
        frames, step = int(rng.integers(1, 600)), int(rng.choice([1, 1, 2, 3]))
        events = random_events(rng, -(-chip.cycle // 32), frames) if rng.random() < 0.5 else []
        each = (8,) if rng.random() < 0.5 else (8, 2)
        taps = [np.zeros((frames, *each), np.int16) if rng.random() < 0.6 else None] * 2
        taps = [None if tap is None else tap.copy() for tap in taps]
        got = chip.run(events, frames, 32 * step, channels=taps[0])
        want = other.run(events, frames, 32 * step, engine="cycle", channels=taps[1])
        np.testing.assert_array_equal(got, want, f"seed {seed}")
        if taps[0] is not None:
            np.testing.assert_array_equal(taps[0], taps[1], f"seed {seed}")
        assert chip.state == other.state, f"seed {seed}: {differences(chip.state, other.state)}"


@pytest.mark.parametrize("make", [opm.YM2151, opm.YM2164])
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_channels_give_each_side_is_the_mix(make, seed):
    """Panned in mid-note, cut anywhere, at any speed: the sides of all channels, added, clamped and rounded."""
    rng = np.random.default_rng(seed)
    chip, other = make(), make()
    muted = make()
    muted.mute = int(rng.integers(1, 256))
    step = int(rng.choice([32, 32, 64, 96, 5, 33]))
    events = panned_program(seed, 500)
    if rng.random() < 0.5:
        start = settled_chip(seed, make)
        for played in (chip, other, muted):
            played.load(start.save())
        events = events[events["cycle"] >= 32 * 220]
        events["cycle"] += start.cycle - 32 * 220
    end = chip.cycle + 32 * (500 if chip.cycle == 0 else 280)
    while chip.cycle < end:
        frames = int(rng.integers(1, rng.choice([3, 40, 300])))
        now = events[(events["cycle"] >= chip.cycle) & (events["cycle"] < chip.cycle + frames * step)]
        sides = np.zeros((3, frames, 8, 2), np.int16)
        got = chip.run(now, frames, step, channels=sides[0])
        want = other.run(now, frames, step, "cycle", channels=sides[1])
        muted.run(now, frames, step, channels=sides[2])
        np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(mixed(sides[0]), got)
        np.testing.assert_array_equal(sides[1], sides[0])
        np.testing.assert_array_equal(sides[2], sides[0], "the muted chip's")
        assert chip.state == other.state, f"seed {seed}: {differences(chip.state, other.state)}"


@pytest.mark.parametrize("each", [(8,), (8, 2)])
def test_channels_apart_between_notes(each):
    """Long spans of sound, short and long ones of silence, sound again."""
    voice = [(base + slot, data) for slot in range(32) for base, data in ((0x40, 1), (0x80, 31), (0xE0, 15))]
    voice += [(base + ch, data) for ch in range(8) for base, data in ((0x20, 0xC7), (0x28, 0x4A + ch))]
    rows = [(64 * i + 2 * port, port, byte) for i, row in enumerate(voice) for port, byte in enumerate(row)]
    for note in range(6):
        first = 32 * (300 + 1000 * note)
        keys = [*((0, 0x78 | ch) for ch in range(8)), *((150, ch) for ch in range(8))]
        rows += [
            (first + 32 * at + 64 * (data & 7) + 2 * port, port, (0x08, data)[port])
            for at, data in keys
            for port in (0, 1)
        ]
    events = np.array(rows, opm.EVENT)
    chip, other, rng = opm.YM2151(), opm.YM2151(), np.random.default_rng(1)
    while chip.cycle < 32 * 6500:
        frames = int(rng.integers(9, 150))
        now = events[(events["cycle"] >= chip.cycle) & (events["cycle"] < chip.cycle + 32 * frames)]
        taps = np.ones((2, frames, *each), np.int16)
        chip.run(now, frames, channels=taps[0])
        other.run(now, frames, engine="cycle", channels=taps[1])
        np.testing.assert_array_equal(taps[0], taps[1], f"before cycle {chip.cycle}")


def dense_events(rng, first, frames):
    """Return writes of any register from 20 on and of key-on, two frames apart or more, a few closer."""
    rows, frame, gap = [], first + int(rng.integers(4)), int(rng.choice([2, 2, 3, 20]))
    while frame < first + frames:
        address = int(rng.integers(0x20, 0x100)) if rng.random() < 0.8 else 0x08
        rows += [(32 * frame, 0, address), (32 * frame + 2, 1, int(rng.integers(256)))]
        frame += int(rng.integers(1, 2 * gap)) if rng.random() < 0.3 else gap
    return rows


@settings(max_examples=120)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_register_from_20_on(seed):
    """Written in quick succession, at any phase of the LFO; runs end anywhere behind a write."""
    rng = np.random.default_rng(seed)
    chip = settled_chip(seed)
    other = copy(chip)
    chip.mute = other.mute = int(rng.integers(256)) if rng.random() < 0.3 else 0
    for _ in range(4):
        frames = int(rng.integers(1, 120))
        events = dense_events(rng, -(-chip.cycle // 32), frames)
        got, want = chip.run(events, frames), other.run(events, frames, engine="cycle")
        np.testing.assert_array_equal(got, want, f"seed {seed}")
        assert chip.state == other.state, f"seed {seed}: {differences(chip.state, other.state)}"


def test_no_write_from_20_on_costs_single_clocks():
    chip = settled_chip(1)
    for address in range(0x20, 0x100):
        chip.write_register(address, 0x55)
    before, single = chip.frame_cycles, 32 * 2 * chip.pending
    chip.generate(2 * chip.pending)
    assert chip.frame_cycles - before == single


def test_a_chip_that_was_touched_is_entered_anew():
    """Between calls: a field written, a field written and put back, muted, loaded, a write on the pins."""

    def poke(chip):
        chip.state.eg_level[3] = 77

    def poke_and_put_back(chip):
        level = int(chip.state.eg_level[3])
        chip.state.eg_level[3] = 5
        chip.state.eg_level[3] = level

    def mute(chip):
        chip.mute = 0x5A

    def pins(chip):
        chip.write(0, 0x28)

    for touch in (poke, poke_and_put_back, mute, pins, lambda chip: chip.load(settled_chip(4).save())):
        chip, other = settled_chip(3), settled_chip(3)
        for engine, played in (("auto", chip), ("cycle", other)):
            played.run((), 100, engine=engine)
            touch(played)
        got, want = chip.run((), 300), other.run((), 300, engine="cycle")
        np.testing.assert_array_equal(got, want, touch.__name__)
        assert chip.state == other.state, f"{touch.__name__}: {differences(chip.state, other.state)}"


@pytest.mark.parametrize("make", [opm.YM2151, opm.YM2164])
def test_spans_do_run(make):
    """But not on a YM2164 while a ramp moves."""
    chip = make()
    chip.generate(10)
    rows = MINE.scratch.view(SCRATCH)["span"][0]
    rows["atten_row"] = 0
    chip.generate(200)
    assert rows["atten_row"].any()
    if make is opm.YM2164:
        chip.state.sl_tl[5] = 0x80 | 100
        rows["atten_row"] = 0
        chip.generate(50)
        assert not rows["atten_row"].any()
