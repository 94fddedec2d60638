"""Frames, one by one and in spans, leave every field and sample as single clocks do; and what keeps them from it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import loud_program, modulated_program, queued_program, random_program, settled_chip

import opm
from opm.frame.obstacle import OBSTACLES

CHIPS = {"ym2151": opm.YM2151, "ym2164": opm.YM2164}


def due(events, chip, cycles):
    """Return the events of the next cycles."""
    return events[(events["cycle"] >= chip.cycle) & (events["cycle"] < chip.cycle + cycles)]


def first_difference(events, frames, name):
    """Find the first frame after which the engines differ; return a report, None if they never do."""
    one, other = CHIPS[name](), CHIPS[name]()
    for frame in range(frames):
        saved = one.save()
        now = due(events, one, 64)
        got, want = one.run(now, 2, engine="frame"), other.run(now, 2, engine="cycle")
        lines = []
        for field in opm.FIELDS:
            have, need = np.atleast_1d(one.state[field.name]), np.atleast_1d(other.state[field.name])
            lines += [f"{field.name}[{i}]: expected {need[i]}, got {have[i]}" for i in np.flatnonzero(have != need)]
        if lines or (got != want).any():
            lately = events[(events["cycle"] > 32 * (frame - 4)) & (events["cycle"] < 32 * (frame + 2))][-10:]
            return "\n".join([f"frame {frame}: samples {want.tolist()}, got {got.tolist()}", *lines, str(lately)])
        for chip in (one, other):
            chip.load(saved)
            chip.run(due(events, chip, 32), 1, engine="cycle")
    return None


def compare(events, frames, name, seed):
    """Play by single clocks, by frames, in spans, and by engines that change at random boundaries."""
    want, reference = opm.run(events, frames, name, engine="cycle", return_chip=True)
    assert reference.frame_cycles == 0
    got, chip = opm.run(events, frames, name, engine="frame", return_chip=True)
    quickest, spanned = opm.run(events, frames, name, engine="auto", return_chip=True)
    rng = np.random.default_rng(seed)
    mixed, parts = CHIPS[name](), []
    while (left := frames - mixed.cycle // 32) > 0:
        count = min(left, int(rng.integers(1, 150)))
        engine = str(rng.choice(["auto", "cycle", "frame"]))
        parts.append(mixed.run(due(events, mixed, 32 * count), count, engine=engine))
    same = (got == want).all() and chip.state == reference.state
    same &= (quickest == want).all() and spanned.state == reference.state
    same &= (np.concatenate(parts) == want).all() and mixed.state == reference.state
    assert same, f"seed {seed}, {name}: {first_difference(events, frames, name)}"
    return chip.frame_cycles / chip.cycle


@pytest.mark.parametrize("engine", ["auto", "frame"])
def test_golden_vectors(golden, engine):
    got, chip = opm.run(golden.events, golden.frames, golden.chip, golden.cycles_per_frame, engine, return_chip=True)
    _, want = opm.run(golden.events, golden.frames, golden.chip, golden.cycles_per_frame, "cycle", return_chip=True)
    np.testing.assert_array_equal(got, golden.arrays["dac"])
    assert chip.state == want.state


def test_golden_vectors_with_changing_engines(golden):
    if golden.cycles_per_frame == 32:
        compare(golden.events, golden.frames, golden.chip, 1)
        return
    rng, chip, parts = np.random.default_rng(1), CHIPS[golden.chip](), []
    while (left := golden.frames - chip.cycle // 64) > 0:
        count = min(left, int(rng.integers(1, 150)))
        engine = str(rng.choice(["auto", "cycle", "frame"]))
        parts.append(chip.run(due(golden.events, chip, 64 * count), count, 64, engine))
    np.testing.assert_array_equal(np.concatenate(parts), golden.arrays["dac"])


@pytest.mark.parametrize("make", [random_program, loud_program], ids=["random", "loud"])
@pytest.mark.parametrize("name", CHIPS)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 900))
def test_random_programs(make, name, seed, frames):
    compare(make(seed, 32 * frames, name), frames, name, seed)


@pytest.mark.parametrize("name", CHIPS)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_queued_writes(name, seed):
    compare(queued_program(seed, 1200, name), 1200, name, seed)


@pytest.mark.parametrize("name", CHIPS)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_lfo_its_hold_and_csm(name, seed):
    compare(modulated_program(seed, 2000, name), 2000, name, seed)


@pytest.mark.parametrize("wave", range(4))
@pytest.mark.parametrize("name", CHIPS)
def test_the_lfo_is_held_and_let_go_at_any_clock(name, wave):
    """Both edges of test bit 1 at each of the 32 clocks; PM and AM are deep, the LFO steps every few frames."""
    test = 9 if name == "ym2164" else 1
    lfo = [(0x18, 0xF3), (0x19, 0x7F), (0x19, 0xFF), (0x1B, wave), (0x38, 0x73), (0x3F, 0x52)]
    begin = 32 * 240
    rows = [(begin + 64 * i + 2 * part, part, row[part]) for i, row in enumerate(lfo) for part in (0, 1)]
    for phase in range(32):
        for held, frame in enumerate((600, 900 + phase, 1205)):
            edge = begin + 32 * frame * (phase + 1) + phase
            rows += [(edge, 0, test), (edge + 2, 1, 2 * (held % 2 == 0))]
    events = np.array(sorted(rows, key=lambda row: row[0]), opm.EVENT)
    compare(np.concatenate([loud_program(9, 0, name), events]), 42_000, name, wave)


@pytest.mark.parametrize("phase", range(32))
@pytest.mark.parametrize("name", CHIPS)
def test_a_raw_write_of_any_phase_before_an_aligned_one(phase, name):
    """BUSY of the raw write still counts when the aligned one lands; looked at in both frames that follow."""
    rows = [(960, 0, 0x28), (960 + phase, 1, 0x4A), (992, 0, 0x30), (994, 1, 0x10), (1024, 0, 0x60), (1026, 1, 5)]
    events = np.array(sorted(rows, key=lambda row: row[0]), opm.EVENT)
    for frames in (31, 32, 33, 34, 40):
        compare(events, frames, name, phase)


@pytest.mark.parametrize("address", [0x20, 0x24, 0x28, 0x30, 0x38, 0x40])
@pytest.mark.parametrize("name", CHIPS)
def test_a_write_of_what_is_held(name, address):
    """It changes no register, but the YM2164 remembers that it matched. At the end of a frame, most of all."""
    for phase in (*range(0, 32, 5), *range(25, 32)):
        events = np.array([(960 + phase, 0, address), (962 + phase, 1, 0)], opm.EVENT)
        compare(events, 40, name, phase)


@pytest.mark.parametrize("name", CHIPS)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_raw_and_queued_writes_mixed(name, seed):
    rng = np.random.default_rng(seed)
    rows, cycle = [], 32 * 300
    for _ in range(120):
        cycle += int(rng.integers(1, 100)) if rng.random() < 0.5 else -cycle % 32 + 32 * int(rng.integers(1, 4))
        address = int(rng.choice([0x08, 0x28, 0x2F, 0x30, 0x60, 0x7F, 0x9C, 0xA0, 0xC1, 0xE3, 0x19]))
        rows.append((cycle, 0, address))
        cycle += int(rng.integers(0, 40)) if rng.random() < 0.3 else 2
        rows.append((cycle, 1, int(rng.integers(256))))
    program = np.concatenate([loud_program(seed, 0, name), np.array(rows, opm.EVENT)])
    compare(program, cycle // 32 + 20, name, seed)


def test_the_engine_does_run():
    """Common writes of a player stay inside the frame engine."""
    assert compare(queued_program(2, 3000), 3000, "ym2151", 2) > 0.7
    notes = [(4000 * 32 * i + 64 * k + 2 * part, part, (a, d)[part]) for i in range(5) for k, (a, d) in
             enumerate([(0x08, 0), (0x28, 0x30 + i), (0x30, 4), (0x60, 20), (0x7F, 9), (0x82, 31), (0x08, 0x78)])
             for part in (0, 1)]  # fmt: skip
    events = np.concatenate([loud_program(1, 0), np.zeros(0, opm.EVENT)])
    start = int(events["cycle"][-1]) // 32 * 32 + 96
    assert (
        compare(
            np.concatenate([events, np.array([(start + c, *r) for c, *r in notes], opm.EVENT)]), 20_000, "ym2151", 3
        )
        > 0.98
    )


@pytest.mark.parametrize("mute", [0x01, 0x84, 0xFF])
def test_mute_and_channels_are_the_same_by_frames(mute):
    events = queued_program(7, 1500)
    chips = [opm.YM2151(), opm.YM2151()]
    for chip in chips:
        chip.mute = mute
    by_frames = np.concatenate([chips[0].run(due(events, chips[0], 32 * n), n, engine="frame") for n in (700, 1, 799)])
    np.testing.assert_array_equal(by_frames, chips[1].run(events, 1500, engine="cycle"))
    one, other = opm.YM2151(), opm.YM2151()
    one.run(due(events, one, 32 * 1300), 1300, engine="frame")
    other.run(due(events, other, 32 * 1300), 1300, engine="cycle")
    want = []
    for _ in range(60):
        other.step(32)
        want.append(np.clip(other.state.tap_out, -32768, 32767))
    np.testing.assert_array_equal(one.generate_channels(60), want)


def test_frames_that_do_not_line_up_with_the_callers():
    """Releasing IC restarts the chip's frame in the middle of the caller's."""
    events = loud_program(4, 40_000)
    rows = np.array([(7, 2, 1), (7 + 2057, 2, 0)], opm.EVENT)
    events["cycle"] += 2100
    events = np.concatenate([rows, events])
    got, chip = opm.run(events, 1300, engine="frame", return_chip=True)
    want, other = opm.run(events, 1300, engine="cycle", return_chip=True)
    np.testing.assert_array_equal(got, want)
    assert chip.state == other.state


@pytest.mark.parametrize(("name", "register"), [("ym2151", 0x01), ("ym2164", 0x09)])
@pytest.mark.parametrize("bit", range(8))
def test_obstacles_by_test_bit(name, register, bit):
    """Bit 1 holds the LFO, 6 and 7 choose what a read gives: those are no obstacle."""
    chip = CHIPS[name]()
    chip.generate(200)
    assert chip.obstacle == ""
    chip.write_register(register, 1 << bit)
    chip.generate(8)
    assert ("test bit" in chip.obstacle) == (bit in (0, 2, 3, 4, 5)), chip.obstacle
    chip.write_register(register, 0)
    chip.generate(40)
    assert chip.obstacle == ""


@pytest.mark.parametrize("name", CHIPS)
def test_songs_with_the_lfo_held_and_csm_are_frames(name):
    """What two trackers and a driver leave set costs no single clocks, but for the writes themselves."""
    test = 9 if name == "ym2164" else 1
    setting = [(test, 2), (0x18, 0xF3), (0x19, 0xFF), (0x10, 0xE7), (0x11, 0), (0x14, 0x85)]
    rows = [(32 * (240 + 4 * i) + 2 * part, part, row[part]) for i, row in enumerate(setting) for part in (0, 1)]
    events = np.concatenate([loud_program(5, 0, name), np.array(rows, opm.EVENT)])
    assert compare(events, 20_000, name, 5) > 0.98


@pytest.mark.parametrize("clka", [0x3FF, 0x3FE, 0x3FD, 0x3F0, 0x380, 0x37F, 0])
@pytest.mark.parametrize("name", CHIPS)
def test_csm_strikes_all_keys_at_each_overflow(name, clka):
    """From one in each frame to one in a thousand, with the key of one M1 alone up before it, then others.

    Writes out of step make single clocks of some frames, before, at and behind an overflow.
    """
    setting = [(0x10, clka >> 2), (0x11, clka & 3), (0x08, 0x73), (0x14, 0x85), (0x60, 0), (0x08, 0x0A), (0x08, 0x01)]
    setting += [(0x14, 0x15)]
    rows = [(32 * (240 + 300 * i) + 2 * part, part, row[part]) for i, row in enumerate(setting) for part in (0, 1)]
    keys = [(17 * i + 8 * off, (0x08, 0x73 if off else 0x7B)) for i in range(60) for off in (0, 1)]
    astray = [(32 * (1200 + frame) + 22 + 2 * part, part, row[part]) for frame, row in keys for part in (0, 1)]
    events = np.array(sorted(rows + astray, key=lambda row: row[0]), opm.EVENT)
    compare(np.concatenate([loud_program(6, 0, name), events]), 3000, name, clka)


def edited(chip, rng):
    """Put a few values within their widths into a chip's state."""
    for field in rng.choice([field for field in opm.FIELDS if field.name != "opp"], 3):
        signed = field.signed or field.bits == 32
        width = field.bits - signed
        values = np.atleast_1d(chip.state[field.name]).copy()
        values[rng.integers(field.count)] = rng.integers(-(1 << width) * signed, 1 << width)
        chip.state[field.name] = values if field.count > 1 else values[0]


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("seed", range(40))
def test_edited_states(name, seed):
    """What no chip reaches by itself: the engines agree on it all the same, call by call."""
    one, other = settled_chip(seed, CHIPS[name]), settled_chip(seed, CHIPS[name])
    for turn, frames in enumerate((1, 3, 40, 2)):
        for chip in (one, other):
            edited(chip, np.random.default_rng((seed, turn)))
        np.testing.assert_array_equal(one.run((), frames), other.run((), frames, engine="cycle"))
        for field in opm.FIELDS:
            np.testing.assert_array_equal(one.state[field.name], other.state[field.name], field.name)


def test_obstacles_of_the_state():
    chip = settled_chip(1)
    chip.state.eg_timer = 5
    chip.generate(3)
    assert "written to in the last three frames" in chip.obstacle
    chip.generate(1)
    assert chip.obstacle == ""
    chip.state.busy_count = 7
    chip.generate(4)
    assert "BUSY is not set" in chip.obstacle


def test_obstacles_of_the_bus_and_ic():
    chip = opm.YM2151()
    assert chip.generate(1).any() or chip.obstacle != ""
    chip.generate(100)
    chip.step(5)
    chip.generate(1)
    assert "cycle counter" in chip.obstacle
    chip.step(27)
    chip.write(0, 0x40)
    chip.generate(1)
    assert "on the bus" in chip.obstacle
    chip.generate(2)
    assert chip.obstacle == ""
    chip.ic = 1
    chip.generate(1)
    assert "IC" in chip.obstacle
    chip.ic = 0
    chip.step(32)
    chip.run([(chip.cycle + 5, 0, 0x20)], 1)
    assert "events" in chip.obstacle
    assert len(set(OBSTACLES)) == len(OBSTACLES)
