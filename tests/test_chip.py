"""The public face: writes, samples, snapshots, mute, channels, and what it refuses."""

import copy
import pickle
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from conftest import ROOT
from programs import loud_program, random_program

import opm

TONE = [(0x20, 0xC7), (0x28, 0x4A), (0x40, 0x01), (0x60, 0x00), (0x80, 0x1F), (0xE0, 0x0F), (0x08, 0x08)]


def sounding(chip=None):
    chip = chip or opm.YM2151()
    for address, data in TONE:
        chip.write_register(address, data)
    return chip


def pitch(samples, rate):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * rate / len(samples)


@pytest.mark.parametrize(("clock", "hertz"), [(3_579_545, 440.0), (4_000_000, 491.7)])
def test_a_tone(clock, hertz):
    chip = sounding(opm.YM2151(clock=clock))
    assert chip.sample_rate == clock / 64
    samples = chip.generate(60_000)
    assert pitch(samples[1000:, 0].astype(float), chip.sample_rate) == pytest.approx(hertz, abs=1)
    assert samples.max() == 8160
    assert samples.min() == -8176
    np.testing.assert_array_equal(samples[:, 0], samples[:, 1])


def test_write_register_follows_the_bus_rule():
    chip = sounding()
    assert chip.pending == len(TONE)
    rows = []
    for i, (address, data) in enumerate(TONE):
        rows += [(64 * i, 0, address), (64 * i + 2, 1, data)]
    np.testing.assert_array_equal(chip.generate(500), opm.run(rows, 500))
    assert chip.pending == 0


def test_pending_counts_down_and_late_writes_start_at_the_next_frame():
    chip = opm.YM2151()
    chip.step(33)
    chip.write_register(0x60, 1)
    chip.write_register(0x61, 2)
    chip.step(31)
    assert chip.pending == 2
    chip.step(2)
    assert chip.pending == 2
    chip.step(1)
    assert chip.pending == 1
    chip.generate(10)
    assert chip.pending == 0
    assert chip.state.sl_tl[:2].tolist() == [1, 2]


def test_raw_writes_need_cycles_between_them():
    lost, kept = opm.YM2151(), opm.YM2151()
    for chip, gap in ((lost, 0), (kept, 2)):
        chip.write(0, 0x60)
        chip.step(gap)
        chip.write(1, 0x55)
        chip.step(64)
    assert kept.state.sl_tl[0] == 0x55
    assert lost.state.sl_tl[0] == 0


def test_busy_lasts_32_cycles():
    chip = opm.YM2151()
    chip.write(0, 0x60)
    chip.step(2)
    chip.write(1, 0x55)
    busy = []
    for _ in range(40):
        chip.step()
        busy.append(chip.read() >> 7)
    assert busy == [0] + [1] * 32 + [0] * 7
    assert chip.read(0) == 0xFF


def test_timer_a_sets_flag_and_irq():
    chip = opm.YM2151()
    for address, data in [(0x10, 0xFF), (0x11, 0x00), (0x14, 0x05)]:
        chip.write_register(address, data)
    chip.generate(5)
    assert (chip.irq, chip.read() & 3) == (0, 0)
    chip.generate(10)
    assert (chip.irq, chip.read() & 3) == (1, 1)
    chip.write_register(0x14, 0x15)
    chip.generate(1)
    assert (chip.irq, chip.read() & 3) == (0, 0)


def test_ct_pins():
    chip = opm.YM2151()
    chip.write_register(0x1B, 0x40)
    chip.generate(2)
    assert (chip.ct1, chip.ct2) == (1, 0)
    chip.write_register(0x1B, 0x80)
    chip.generate(2)
    assert (chip.ct1, chip.ct2) == (0, 1)


def test_ic_and_reset_silence_the_chip():
    chip = sounding()
    assert chip.generate(1000).any()
    chip.ic = 1
    assert chip.ic == 1
    chip.step(2048)
    chip.ic = 0
    assert not chip.generate(100).any()
    chip = sounding()
    chip.generate(777)
    chip.reset()
    assert chip.pending == 0
    assert chip.state == opm.YM2151().state


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_two_runs_are_one_run(chip):
    """render(n) + render(m) == render(n + m), single steps included, and chips share nothing."""
    program = random_program(5, 20_000, chip)
    want, whole = opm.run(program, 600, chip, return_chip=True)
    split, other = (opm.YM2164(), opm.YM2164()) if chip == "ym2164" else (opm.YM2151(), opm.YM2151())
    samples, done = [], 0
    for cycle in range(600 * 32):
        while done < len(program) and program["cycle"][done] <= cycle:
            _, kind, data = program[done].tolist()
            if kind == 2:
                split.ic = data
            else:
                split.write(kind, data)
            done += 1
        split.step(1)
        if cycle % 32 == 31:
            samples.append(split.state.dac_output.copy())
        if cycle % 5000 == 0:
            other.write_register(0x0F, 0x9F)
            other.generate(7)
    np.testing.assert_array_equal(np.array(samples), want)
    assert split.state == whole.state


def test_snapshot_goes_back_exactly_with_the_queue():
    chip = sounding()
    chip.generate(5)
    saved = chip.save()
    want = chip.generate(3000)
    state = chip.state.copy()
    other = opm.YM2151(clock=4_000_000)
    other.load(saved)
    assert other.clock == 3_579_545
    live = other.state
    np.testing.assert_array_equal(other.generate(3000), want)
    assert live == state


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda saved: b"RIFF" + saved, "not a chip snapshot"),
        (lambda saved: b"", "snapshot header"),
        (lambda saved: saved[:8] + b"\0\0\0\0" + saved[12:], "layout 00000000"),
        (lambda saved: saved[:-1], "bytes"),
        (lambda saved: opm.YM2164().save(), "YM2164"),
    ],
)
def test_snapshots_that_are_refused(damage, words):
    chip = sounding()
    chip.generate(100)
    before = chip.save()
    with pytest.raises(ValueError, match=words):
        chip.load(damage(before))
    assert chip.save() == before


@pytest.mark.parametrize("chip", [opm.YM2151, opm.YM2164])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda chip: pickle.loads(pickle.dumps(chip))])
def test_a_copy_is_a_chip_of_its_own(chip, copied):
    """It goes on exactly as the original does, queue and muted channels included, and leaves it alone."""
    one = chip(4_000_000)
    one.run(loud_program(5, 0), 300)
    one.mute = 0b101
    one.generate(3)
    one.write_register(0x28, 0x3E)
    saved, other = one.save(), copied(one)
    assert (other.clock, other.mute, other.pending, other.frame_cycles) == (4e6, 0b101, 1, one.frame_cycles)
    got = other.generate(50)
    assert one.save() == saved
    np.testing.assert_array_equal(got, one.generate(50))
    for each in (one, other):
        each.write(0, 0x08)
        each.step(2)
        each.write(1, 0)
    np.testing.assert_array_equal(other.generate(500), one.generate(500))
    assert other.save() == one.save()
    assert other.read() == one.read()


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_mute_equals_a_program_that_pans_the_channel_nowhere(chip):
    program = loud_program(11, 60_000, chip)
    address = np.maximum.accumulate(np.where(program["kind"] == 0, np.arange(len(program)), 0))
    silent = program.copy()
    for i in np.flatnonzero(program["kind"] == 1):
        if program["data"][address[i]] in (0x22, 0x27):
            silent["data"][i] &= 0x3F
    muted = (opm.YM2164 if chip == "ym2164" else opm.YM2151)()
    muted.mute = 0x84
    out = muted.run(program, 1800)
    want, plain = opm.run(program, 1800, chip, return_chip=True)
    assert (want != out).any()
    assert muted.state == plain.state
    np.testing.assert_array_equal(out, opm.run(silent, 1800, chip))


def test_mute_of_silent_channels_changes_nothing():
    loud, muted = sounding(), sounding()
    muted.generate(100)
    loud.generate(100)
    muted.mute = 0xFE
    np.testing.assert_array_equal(muted.generate(1000), loud.generate(1000))
    muted.mute = 0xFF
    muted.generate(3)
    assert not muted.generate(1000).any()
    muted.mute = 0
    loud.generate(1003)
    np.testing.assert_array_equal(muted.generate(100), loud.generate(100))


def test_channels_are_in_step_with_the_right_side():
    """One channel sounds: its column, rounded as the DAC does, is the right sample."""
    samples, channels = sounding().generate(2000), sounding().generate_channels(2000)
    assert not channels[:, 1:].any()
    exponents = np.array([(abs(int(v)) if v >= 0 else ~int(v)) >> 9 for v in channels[:, 0]])
    lost_bits = np.array([int(e).bit_length() for e in exponents])
    np.testing.assert_array_equal(channels[:, 0] >> lost_bits << lost_bits, samples[:, 1])
    assert len(set(lost_bits)) == 5


def test_channels_do_not_depend_on_panning_and_calls():
    chip = sounding()
    want = chip.generate_channels(500)
    chip = sounding()
    chip.write_register(0x20, 0x07)
    chip.generate(100)
    got = chip.generate_channels(400)
    np.testing.assert_array_equal(got, want[100:])


@pytest.mark.parametrize("shape", [(3, 8), (2, 7), (2, 8, 3), (2, 2, 8), (3, 8, 2), (2, 8, 2, 1), (16,)])
def test_channels_have_room_for_one_value_or_two(shape):
    with pytest.raises(ValueError, match="channels must be writeable, C-contiguous and of shape"):
        opm.YM2151().run((), 2, channels=np.empty(shape, np.int16))
    with pytest.raises(TypeError, match="channels must be an int16 array"):
        opm.YM2151().run((), 2, channels=np.empty(shape))


def test_run_in_pieces_is_opm_run():
    program = random_program(8, 32_000)
    chip, pieces = opm.YM2151(), []
    for frames in (1, 99, 400, 500):
        end = chip.cycle + 32 * frames
        now = program[(program["cycle"] >= chip.cycle) & (program["cycle"] < end)]
        pieces.append(chip.run(now, frames))
    np.testing.assert_array_equal(np.concatenate(pieces), opm.run(program, 1000))
    with pytest.raises(ValueError, match="has passed"):
        chip.run([(0, 0, 0)], 1)


def test_generate_into_an_array():
    out = np.empty((64, 2), np.int16)
    assert sounding().generate(64, out=out) is out
    np.testing.assert_array_equal(out, sounding().generate(64))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: opm.YM2151(clock=0), ValueError, "0"),
        (lambda: opm.YM2151(clock="4 MHz"), ValueError, "4 MHz"),
        (lambda: opm.YM2151(clock=float("nan")), ValueError, "nan"),
        (lambda: opm.YM2151().write(2, 0), ValueError, "port"),
        (lambda: opm.YM2151().write(0, 256), ValueError, "256"),
        (lambda: opm.YM2151().write_register(-1, 0), ValueError, "-1"),
        (lambda: opm.YM2151().write_register(0x20, 1.5), TypeError, "1.5"),
        (lambda: opm.YM2151().read(3), ValueError, "3"),
        (lambda: opm.YM2151().step(-1), ValueError, "-1"),
        (lambda: opm.YM2151().generate(-5), ValueError, "-5"),
        (lambda: opm.YM2151().generate("x"), TypeError, "x"),
        (lambda: opm.YM2151().generate(4, out=np.empty((4, 2), np.int32)), TypeError, "int32"),
        (lambda: opm.YM2151().generate(4, out=np.empty((5, 2), np.int16)), ValueError, r"\(5, 2\)"),
        (lambda: opm.YM2151().generate(4, out=np.empty((2, 4), np.int16).T), ValueError, "contiguous"),
        (lambda: setattr(opm.YM2151(), "mute", 256), ValueError, "256"),
        (lambda: setattr(opm.YM2151(), "ic", 2), ValueError, "2"),
        (lambda: opm.run([(5, 0, 0), (4, 0, 0)], 1), ValueError, "event 1"),
        (lambda: opm.run([(-5, 0, 0)], 1), ValueError, "-5"),
        (lambda: opm.run([(5, 3, 0)], 1), ValueError, "kind"),
        (lambda: opm.run(np.zeros(3), 1), TypeError, "float64"),
        (lambda: opm.run([], 1, chip="opl"), ValueError, "opl"),
        (lambda: opm.run([], -1), ValueError, "-1"),
        (lambda: opm.run([], 1, cycles_per_frame=0), ValueError, "cycles_per_frame"),
        (lambda: opm.run([], 1, engine="fast"), ValueError, "fast"),
    ],
    ids=range(24),
)
def test_bad_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


GARBAGE = """
import threading, numpy as np, opm
chip, done = opm.YM2151(), threading.Event()
def scribble():
    rng = np.random.default_rng(1)
    while not done.is_set():
        for field in opm.FIELDS:
            held = chip.state[field.name].copy()
            chip.state[field.name] = rng.choice([-2**31, 2**29, 2**31 - 1])
            chip.state[field.name] = held
writer = threading.Thread(target=scribble)
writer.start()
for _ in range(200):
    try:
        chip.run((), 1000, engine="cycle")
    except ValueError:
        chip.load(opm.YM2151().save())
done.set()
writer.join()
print("alive")
"""


def test_a_state_written_by_another_thread_is_never_out_of_its_tables():
    """The compiled code works on a state of its own: what is written meanwhile is refused by the next call, or lost."""
    done = subprocess.run([sys.executable, "-c", GARBAGE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_threads_take_turns():
    """Two that generate on one chip get all frames of one run between them."""
    chip, want = sounding(), sounding().generate(64_000)
    parts = []

    def play():
        for _ in range(100):
            parts.append(chip.generate(320).tobytes())

    players = [threading.Thread(target=play) for _ in range(2)]
    for player in players:
        player.start()
    for player in players:
        player.join()
    assert chip.cycle == 32 * 64_000
    assert sorted(parts) == sorted(want[i : i + 320].tobytes() for i in range(0, 64_000, 320))


def test_a_step_does_not_copy_what_is_queued():
    """100 000 writes wait, 2 MB of events: a loop over single steps would be quadratic."""
    chip = opm.YM2151()
    for _ in range(100_000):
        chip.write_register(0x60, 1)
    chip.step(1)
    tracemalloc.start()
    chip.step(1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def test_writes_between_single_steps_are_copied_once_or_twice(monkeypatch):
    """Each write takes 64 cycles, so behind one a step the queue grows without end."""
    chip, whole, copied = opm.YM2151(), opm.YM2151(), 0
    concatenate = np.concatenate

    def counted(arrays, *arguments, **options):
        nonlocal copied
        joined = concatenate(arrays, *arguments, **options)
        copied += len(joined)
        return joined

    monkeypatch.setattr(np, "concatenate", counted)
    for i in range(3000):
        chip.write_register(0x60 + i % 32, i % 128)
        chip.step(1)
    # Of each write two events, once into the queue and once into a call.
    assert copied <= 3000
    assert chip.pending == 3000 - 47
    monkeypatch.undo()
    for i in range(3000):
        whole.write_register(0x60 + i % 32, i % 128)
    for one in (chip, whole):
        one.step(40_000 - one.cycle)
    assert chip.pending == whole.pending
    assert chip.save() == whole.save()


@pytest.fixture
def restless():
    """Have threads change after every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_no_write_is_lost_that_comes_while_another_thread_takes_those_before(restless):
    chip = opm.YM2151()
    writer = threading.Thread(target=lambda: [chip.write_register(0x60, 1) for _ in range(50_000)])
    writer.start()
    while writer.is_alive():
        chip.step(0)
    chip.step(0)
    assert chip.pending == 50_000


def test_chips_go_from_thread_to_thread_while_others_run(restless):
    """What a span works with belongs to the thread, not to the chip."""

    def muted_song(seed):
        chip = opm.YM2164() if seed % 2 else opm.YM2151()
        chip.run(loud_program(seed, 0), 300)
        chip.mute = seed
        return chip

    def play(chips, parts):
        for chip, part in zip(chips, parts, strict=True):
            part.append(chip.generate(100))

    alone, chips, parts = [muted_song(i) for i in range(4)], [muted_song(i) for i in range(4)], [[] for _ in range(4)]
    for turn in range(40):
        # Each time in new threads, two at once, and each chip with another than before.
        pairs = [(0, 1), (2, 3)] if turn % 2 else [(1, 2), (3, 0)]
        threads = [
            threading.Thread(target=play, args=([chips[i] for i in pair], [parts[i] for i in pair])) for pair in pairs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for i, chip in enumerate(alone):
        np.testing.assert_array_equal(np.concatenate(parts[i]), chip.generate(4000), f"chip {i}")
        assert chips[i].state == chip.state


def test_a_chip_takes_24_kb():
    """So that a thousand fit into a cache; with the objects of Python, and with channels muted."""
    opm.YM2151().generate(100)
    tracemalloc.start()
    chips = []
    for _ in range(20):
        chips.append(opm.YM2151())
        chips[-1].mute = 3
        chips[-1].generate(100)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken < 20 * 24 * 1024


def test_a_snapshot_or_copy_is_of_one_moment_while_another_thread_plays(restless):
    """What a chip holds after each piece of a run, and nothing between."""
    alone, chip, done = sounding(), sounding(), threading.Event()
    whole = {alone.save()} | {alone.save() for _ in range(2000) if len(alone.generate(2))}

    def play():
        for _ in range(2000):
            chip.generate(2)
        done.set()

    player = threading.Thread(target=play)
    player.start()
    taken = []
    while not done.is_set():
        taken += [chip.save(), pickle.loads(pickle.dumps(chip)).save()]
    player.join()
    assert whole.issuperset(taken)
