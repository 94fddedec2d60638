"""Nothing written into a chip's state or snapshot reaches memory that is not its own, or stops without an answer."""

import struct
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from conftest import ROOT
from programs import loud_program

import opm
from opm import chip as chip_module
from opm.events import LAST_CYCLE

CHIPS = [opm.YM2151, opm.YM2164]
HEADER = struct.Struct("<8sIdqqI")


def limits(field):
    """Return the least and the largest value of a field."""
    if field.bits == 32:
        return -(2**31), 2**31 - 1
    return (-1 << field.bits - 1, (1 << field.bits - 1) - 1) if field.signed else (0, (1 << field.bits) - 1)


@pytest.mark.parametrize("field", [field for field in opm.FIELDS if field.bits < 32], ids=lambda field: field.name)
def test_a_field_takes_its_width_and_no_more(field):
    """In the live state and in a snapshot; what is refused leaves the chip as it was."""
    for value in (*limits(field), limits(field)[0] - 1, limits(field)[1] + 1, 2**31 - 1, -(2**31)):
        chip, other = opm.YM2164(), opm.YM2164()
        chip.state[field.name] = value if field.count == 1 else [0] * (field.count - 1) + [value]
        saved, before = chip.save(), chip.state.copy()
        if limits(field)[0] <= value <= limits(field)[1]:
            (other if chip.state.opp else opm.YM2151()).load(saved)
            chip.step(1)
            continue
        with pytest.raises(ValueError, match=rf"state\.{field.name}.*must be {limits(field)[0]} to .*, got {value}"):
            chip.generate(1)
        assert chip.state == before
        with pytest.raises(ValueError, match=rf"snapshot is damaged: state\.{field.name}"):
            other.load(saved)
        assert other.save() == opm.YM2164().save()


def play_random_states(trials):
    """Put random words into a field of a sounding chip and run it; return how often each field was refused.

    Three of four trials stay within the width.
    """
    rng = np.random.default_rng(11)
    sounding = {make: make() for make in CHIPS}
    for chip in sounding.values():
        chip.run(loud_program(3, 0), 220)
    sounding = {make: chip.save() for make, chip in sounding.items()}
    refused = Counter()
    for trial in range(trials):
        make, field = CHIPS[trial % 2], opm.FIELDS[trial // 8 % len(opm.FIELDS)]
        engine = ("auto", "cycle", "frame")[trial // 4 % 3]
        low, high = (-(2**31), 2**31 - 1) if trial // 2 % 4 == 3 or field.name == "opp" else limits(field)
        chip = make()
        chip.load(sounding[make])
        chip.state[field.name] = rng.integers(low, high + 1, field.count if field.count > 1 else None)
        try:
            chip.step(int(rng.integers(40)))
            assert chip.run((), 8, engine=engine).shape == (8, 2)
        except ValueError as error:
            refused[str(error).split()[0].removeprefix("state.").split("[")[0]] += 1
    return refused


def test_random_states_run_or_are_refused():
    """``test_jit`` does the same with bounds checks, 20 000 times."""
    refused = play_random_states(len(opm.FIELDS) * 8)
    wide = [field.name for field in opm.FIELDS if field.bits == 32]
    assert set(refused) >= {field.name for field in opm.FIELDS} - set(wide)


def damaged(clock=3_579_545.0, cycle=0, bus_free=0, queue=()):
    """Return a snapshot with another header and queue."""
    saved = opm.YM2151().save()
    magic, layout, *_ = HEADER.unpack_from(saved)
    body = saved[HEADER.size : HEADER.size + opm.STATE.itemsize]
    events = np.array(list(queue), opm.EVENT)
    return HEADER.pack(magic, layout, clock, cycle, bus_free, len(events)) + body + events.tobytes()


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (damaged(clock=float("nan")), "clock"),
        (damaged(clock=float("-inf")), "clock"),
        (damaged(clock=0.0), "clock"),
        (damaged(cycle=-5), "cycle must be 0 to"),
        (damaged(cycle=2**63 - 1), "cycle must be 0 to"),
        (damaged(cycle=100, queue=[(64, 0, 8), (66, 1, 0)]), "cycle must be 0 to 64, got 100"),
        (damaged(bus_free=-1), "bus_free"),
        (damaged(bus_free=2**62), "bus_free"),
        (damaged(bus_free=9, queue=[(64, 77, 8), (66, 1, 0)]), "kind must be 0, 1 or 2, got 77"),
        (damaged(bus_free=9, queue=[(64, 0, 8), (32, 1, 0)]), "comes before"),
        (damaged(bus_free=9, queue=[(2**62, 0, 8), (-(2**63), 1, 0)]), "comes before"),
        (damaged(bus_free=9, queue=[(64, 0, 8), (2**63 - 1, 1, 0)]), "at most"),
    ],
)
def test_headers_that_are_refused(saved, words):
    with pytest.raises(ValueError, match=f"snapshot is damaged: .*{words}"):
        opm.YM2151().load(saved)


def test_a_snapshot_is_bytes():
    opm.YM2151().load(memoryview(damaged()))
    for saved in (10**12, "opm-chip", None):
        with pytest.raises(TypeError, match="bytes"):
            opm.YM2151().load(saved)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: opm.run((), 4, cycles_per_frame=2**62), f"at most {LAST_CYCLE}"),
        (lambda: opm.YM2151().step(2**62 + 1), f"at most {LAST_CYCLE}"),
        (lambda: opm.run([(0, 0, 256)], 1), "event 0: data must be 0 to 255, got 256"),
        (lambda: opm.run([(0, 0, 1), (3, 258, 1)], 1), "event 1: kind must be 0 to 2, got 258"),
        (lambda: opm.run(np.array([(2**62 + 1, 0, 1)], opm.EVENT), 1), "at most"),
    ],
    ids=range(5),
)
def test_too_much_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("cycles_per_frame", [1, 32, 1000, 4096])
def test_slices_change_nothing(cycles_per_frame, monkeypatch):
    """Runs, channels, traces and queued writes cut into small slices, some shorter than a frame."""
    program = loud_program(5, 20_000)
    frames = 40_000 // cycles_per_frame

    def played(slice_cycles):
        monkeypatch.setattr(chip_module, "SLICE", slice_cycles)
        chip = opm.YM2151()
        for address in range(0x20, 0x28):
            chip.write_register(address, 0xC7)
        channels = np.empty((frames, 8), np.int16)
        samples = chip.run(program, frames, cycles_per_frame, channels=channels)
        rows = opm.trace(program, ["eg_timer", ("pg_phase", 3)], every="cycle", start=300, stop=1000)
        return samples, channels, np.array(rows), chip.save(), chip.pending

    for want, got in zip(played(2**20), played(320), strict=True):
        np.testing.assert_array_equal(want, got)


def test_ctrl_c_ends_a_run_between_slices(monkeypatch):
    """The chip stands where the last slice ended, with the rest of its queue, and goes on exactly."""
    whole = opm.YM2151()
    chip = opm.YM2151()
    for one in (whole, chip):
        for address in range(0x40, 0x60):
            one.write_register(address, 3)
    entry, calls = chip._run_frames, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return entry(*arguments)

    monkeypatch.setattr(chip_module, "SLICE", 640)
    monkeypatch.setattr(chip, "_run_frames", interrupted)
    with pytest.raises(KeyboardInterrupt):
        chip.step(2**50)
    assert chip.cycle == 2 * 640
    assert chip.pending == 32 - 20
    whole.step(1000 * 32)
    chip.step(1000 * 32 - chip.cycle)
    assert chip.save() == whole.save()


def test_a_long_run_obeys_ctrl_c():
    """A process that steps 2**50 cycles ends by the signal it is sent once it says that it began."""
    code = "import opm, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "c = opm.YM2151()\n"
    code += "try: print('go', flush=True); c.step(2**50)\nexcept KeyboardInterrupt: print('stopped')"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout.readline() == "go\n"
    process.send_signal(2)
    assert process.communicate(timeout=60)[0] == "stopped\n"
