"""Jobs by the thousand give what each gives by itself, whatever else runs, fails or is broken off beside it."""

import pickle
import threading

import numpy as np
import pytest
import zarr
from conftest import ROOT
from programs import loud_program, queued_program, random_program
from test_jit import run_python

import opm
from opm.events import to_writes
from opm.many import entry, render
from opm.many.crew import AHEAD

FRAMES = 700
FAMILY = b"""{"events": [{"time": 0.0, "addr": "0x20", "data": "0xC7"}, {"time": 0.01, "addr": "0x80", "data": "0x1F"},
    {"time": 0.02, "addr": "0x28", "data": "0x4A"}, {"time": 0.03, "addr": "0x08", "data": "0x08"}]}"""
SONG = opm.load(ROOT / "player" / "songs" / "mountain_king.vgm")


def random_voice(rng, lfo=False):
    """Return a voice that may be heard, and for some the chip's LFO and noise."""

    def operator():
        return opm.Operator(
            ar=int(rng.integers(16, 32)), d1r=int(rng.integers(20)), d2r=int(rng.integers(12)),
            rr=int(rng.integers(16)), d1l=int(rng.integers(16)), tl=int(rng.integers(60)), ks=int(rng.integers(4)),
            mul=int(rng.integers(16)), dt1=int(rng.integers(8)), dt2=int(rng.integers(4)), ams_en=int(rng.integers(2)),
        )  # fmt: skip

    most = (256, 128, 128, 4, 32, 2)
    return opm.Voice(
        con=int(rng.integers(8)), fb=int(rng.integers(8)), rl=int(rng.integers(1, 4)), pms=int(rng.integers(8)),
        ams=int(rng.integers(4)), slots=int(rng.integers(1, 16)), ops=tuple(operator() for _ in range(4)),
        lfo=tuple(int(rng.integers(n)) for n in most) if lfo else None,
    )  # fmt: skip


def programs(count):
    """Return random programs of all kinds, empty ones among them."""
    makers = [(random_program, 32 * FRAMES), (loud_program, 32 * FRAMES), (queued_program, FRAMES)]
    made = [make(seed, length) for seed, (make, length) in enumerate(makers * (count // 3))]
    return [np.empty(0, opm.EVENT), *made, []]


def notes(count, seed=1):
    rng = np.random.default_rng(seed)
    return [
        (random_voice(rng, lfo=bool(i % 3 == 0)), float(rng.uniform(20, 100)), float(rng.uniform(0, 0.02)))
        for i in range(count)
    ]


def alone(job, frames=FRAMES):
    """Render one job by the older ways."""
    if isinstance(job, opm.Song):
        samples = job.render()[:frames]
        return np.concatenate([samples, np.zeros((frames - len(samples), 2), np.int16)])
    return opm.run(job[0].events(*job[1:]) if isinstance(job, tuple) else job, frames)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_program_as_by_itself(workers):
    """In an order of its own, so that each chip has been another program's before."""
    jobs = [*programs(60), *notes(60)]
    order = np.random.default_rng(workers).permutation(len(jobs))
    out = opm.render_many([jobs[i] for i in order], FRAMES, workers=workers)
    for row, i in zip(out, order, strict=True):
        np.testing.assert_array_equal(row, alone(jobs[i]), err_msg=f"job {i}")


def test_long_jobs_are_done_in_pieces():
    """Events on both sides of the edges, and at them."""
    frames, edge = 2 * entry.PIECE + 77, 32 * entry.PIECE
    start = opm.Voice(con=7, ops=(opm.Operator(tl=20),) * 4).events("A4", np.inf)[:-2]  # no key-off
    shifts = (-40, -2, -1, 0, 1, 31, 32)
    last = [np.array([(edge + shift, 0, 0x28), (edge + shift + 2, 1, 0x31)], opm.EVENT) for shift in shifts]
    jobs = [start, *(np.concatenate([start, pair]) for pair in last)]
    out = opm.render_many(jobs, frames)
    for row, job in zip(out, jobs, strict=True):
        np.testing.assert_array_equal(row, opm.run(job, frames))
    assert all((row[-50:] != out[0, -50:]).any() for row in out[1:]), "the writes are heard"


def test_a_note_is_its_registers():
    """The chip's, the channel's, the pitch and the keys, in this order; noise needs channel 8."""
    voice = random_voice(np.random.default_rng(3))
    writes = to_writes(voice.events("A4", 0.5))
    want = [*voice.registers(1), *opm.note("A4").registers(1), (0x08, voice.slots << 3), (0x08, 0)]
    assert list(zip(writes["address"].tolist(), writes["data"].tolist(), strict=True)) == want
    assert writes["cycle"][-1] - writes["cycle"][-2] == 32 * round(0.5 * 3_579_545 / 64)

    noisy = opm.Voice(slots=8, lfo=(200, 20, 30, 2, 7, 1))
    writes = to_writes(noisy.events(60.5, 0))
    chip = [(0x18, 200), (0x19, 20), (0x19, 0x80 | 30), (0x1B, 2), (0x0F, 0x80 | 7)]
    want = [*chip, *noisy.registers(8), *opm.note(60.5).registers(8), (0x08, 0x47), (0x08, 7)]
    assert list(zip(writes["address"].tolist(), writes["data"].tolist(), strict=True)) == want
    assert writes["cycle"][-1] - writes["cycle"][-2] == 64, "no write begins before the last one is done"
    assert opm.render_many([(noisy, 60, 0.1)], 2000).any()


def test_a_key_may_be_held_for_ever():
    voice = opm.Voice(con=7, ops=(opm.Operator(tl=10),) * 4)
    samples = opm.render_many([(voice, 60, np.inf), (voice, 60, 0)], 5000)
    assert samples[0, -200:].any()
    assert not samples[1, -200:].any()


def test_songs():
    """One playing each, zeros after it: two chips, a loop, the double-speed family, a song that ends early."""

    def short(**more):
        writes = [
            (0.0, 0x20, 0xC7),
            (0.0, 0x28, 0x4A),
            (0.0, 0x80, 31),
            (0.0, 0xE0, 15),
            (0.0, 0x08, 8),
            (0.01, 0x08, 0),
        ]
        return opm.Song(writes, **more)

    two = [(0.0, chip, *row) for chip in (0, 1) for row in ((0x20, 0xC7), (0x28, 0x4A), (0x80, 31), (0x08, 8))]
    family = opm.load(
        b'{"events": [{"time": 0.0, "addr": "0x20", "data": "0xC7"}, {"time": 0.01, "addr": "0x28", "data": "0x4A"}]}'
    )
    jobs = [SONG, short(), short(loop=0.0), opm.Song(two, chips=("ym2151", "ym2164")), family, short(clock=4_000_000)]
    frames = 8000
    out = opm.render_many(jobs, frames)
    for job, row in zip(jobs, out, strict=True):
        np.testing.assert_array_equal(row, alone(job, frames), err_msg=repr(job))
    assert out[0].any()
    assert not out[1, -100:].any()


def test_what_is_wrong_names_its_job_and_the_rest_goes_on():
    good, voice = programs(3)[1], opm.Voice()
    wrong = {
        1: [(0, 0, 8), (5, 9, 1)],
        2: (voice, 600, 0.1),
        5: "song.vgm",
        6: (voice, 60, -1.0),
        9: (voice, "H4", 0.1),
        10: np.array([(5, 0, 1), (4, 1, 1)], opm.EVENT),
        13: (voice, 60, float("nan")),
        14: np.zeros((2, 2), np.int16),
        15: np.array([(2**62 + 1, 0, 1)], opm.EVENT),
        16: np.array([(-(2**63), 0, 1)], opm.EVENT),
        17: np.array([(2**62, 0, 1), (-(2**63), 0, 1)], opm.EVENT),
        18: np.array([(0, 3, 1)], opm.EVENT),
    }  # fmt: skip
    jobs = [wrong.get(i, good) for i in range(20)]
    out = np.full((20, FRAMES, 2), 99, np.int16)
    with pytest.raises(opm.JobErrors, match="12 of 20 jobs failed") as caught:
        opm.render_many(jobs, FRAMES, out, workers=2)
    assert caught.value.jobs == list(wrong)
    assert caught.value.out is out
    for number, error in zip(wrong, caught.value.exceptions, strict=True):
        assert str(error).startswith(f"job {number}: "), error
        assert isinstance(error, TypeError | ValueError), error
    assert pickle.loads(pickle.dumps(caught.value)).jobs == list(wrong)
    assert "kind must be 0 to 2, got 9" in str(caught.value.exceptions[0])
    for number, row in enumerate(out):
        np.testing.assert_array_equal(row, 0 if number in wrong else opm.run(good, FRAMES), err_msg=f"job {number}")


def test_a_song_that_cannot_be_rendered_names_its_job(monkeypatch):
    song = opm.Song([(0.0, 0x20, 0xC7)])
    renderer = render.Renderer
    monkeypatch.setattr(render, "Renderer", lambda played: 1 // 0 if played.song is song else renderer(played))
    with pytest.raises(opm.JobErrors) as caught:
        opm.render_many([SONG, song], 100)
    assert caught.value.jobs == [1]
    np.testing.assert_array_equal(caught.value.out[0], SONG.render()[:100])


class WorkerDied(Exception):
    """As dask says it of a job, and of those that waited where it ran."""


def test_a_job_that_kills_its_workers_fails_alone(monkeypatch):
    """Those that went down with it are tried again one by one."""
    monkeypatch.setattr(render.Threads, "lost", (WorkerDied,))
    monkeypatch.setattr(render, "SLICE", 100 * 5)
    begun, rendering = [], render._Rendering.__call__

    def dying(self, piece):
        begun.append(piece)
        if any(job == "deadly" for job in piece[1]) or piece[0] == 20:
            raise WorkerDied
        return rendering(self, piece)

    monkeypatch.setattr(render._Rendering, "__call__", dying)
    jobs = notes(45)
    out = np.full((45, 100, 2), 9, np.int16)
    with pytest.raises(opm.JobErrors, match="2 of 45 jobs failed") as caught:
        opm.render_many([*jobs[:33], "deadly", *jobs[34:]], 100, out, workers=1)
    assert caught.value.jobs == [20, 33]
    assert [str(error) for error in caught.value.exceptions] == [f"job {i}: no worker survives it" for i in (20, 33)]
    assert [first for first, part in begun[-10:]] == [*range(20, 25), *range(30, 35)]
    monkeypatch.setattr(render._Rendering, "__call__", rendering)
    want = opm.render_many(jobs, 100)
    want[[20, 33]] = 0
    np.testing.assert_array_equal(out, want)


def stored(kind, shape, folder):
    if kind == "memory":
        return np.full(shape, 1, np.int16)
    if kind == "file":
        return np.lib.format.open_memmap(folder / "out.npy", "w+", np.int16, shape)
    if kind == "every other row":
        return np.full((2 * shape[0], *shape[1:]), 1, np.int16)[::2]
    return zarr.create_array(folder / "out.zarr", shape=shape, chunks=(7, 300, 2), dtype="int16")


@pytest.mark.parametrize("kind", ["memory", "file", "every other row", "zarr"])
def test_out(kind, tmp_path):
    jobs = notes(40)
    out = stored(kind, (40, 400, 2), tmp_path)
    assert opm.render_many(iter(jobs), 400, out, workers=3) is out
    np.testing.assert_array_equal(out[:], opm.render_many(jobs, 400))
    if kind == "file":
        np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), out)


def test_whole_chunks_go_to_zarr(tmp_path, monkeypatch):
    """Each is compressed once: no write begins or ends within one."""
    out = stored("zarr", (40, 400, 2), tmp_path)
    written = []
    keep = type(out).__setitem__
    monkeypatch.setattr(
        type(out), "__setitem__", lambda self, rows, data: (written.append(rows), keep(self, rows, data))
    )
    opm.render_many(notes(40), 400, out, workers=2)
    assert sum(rows.stop - rows.start for rows in written) == 40
    assert all(rows.start % 7 == 0 and (rows.stop % 7 == 0 or rows.stop == 40) for rows in written)
    assert len(written) > 2


@pytest.mark.parametrize(
    ("jobs", "out", "error", "message"),
    [
        ([[]], np.zeros((1, 10, 2), np.int32), TypeError, "out must be an int16 array, got int32"),
        ([[]], [[0, 0]], TypeError, "out must be an int16 array, got list"),
        ([[]], np.zeros((1, 10, 2), ">i2"), TypeError, "out must be an int16 array, got >i2"),
        ([[]], np.zeros((2, 10, 2), np.int16), ValueError, r"out must have shape \(1, 10, 2\), got \(2, 10, 2\)"),
        ([[]], np.zeros((1, 10), np.int16), ValueError, r"out must have shape \(1, 10, 2\), got \(1, 10\)"),
        (iter([[]]), np.zeros((2, 10, 2), np.int16), ValueError, "expected 2 jobs, one per row of out, got 1"),
        (iter([[]] * 3), np.zeros((2, 10, 2), np.int16), ValueError, "expected 2 jobs, one per row of out, got more"),
        (np.empty(3, opm.EVENT), None, TypeError, "jobs must be a sequence of jobs, got the events of one"),
    ],
)  # fmt: skip
def test_wrong_arguments(jobs, out, error, message):
    with pytest.raises(error, match=message):
        opm.render_many(jobs, 10, out)


@pytest.mark.parametrize("workers", [0, 1.5, "two"])
def test_wrong_workers(workers):
    with pytest.raises((TypeError, ValueError), match="workers must be"):
        opm.render_many([[]], 10, workers=workers)


def test_nothing_to_do():
    assert opm.render_many([], 10).shape == (0, 10, 2)
    assert opm.render_many([[], []], 0).shape == (2, 0, 2)


def test_progress():
    seen = []
    opm.render_many(notes(30), 100, workers=2, progress=lambda done, total: seen.append((done, total)))
    assert [total for _, total in seen] == [30] * len(seen)
    assert seen[-1] == (30, 30)
    assert sorted(seen) == seen
    assert len(seen) > 1


def counted(jobs, taken):
    for job in jobs:
        taken.append(job)
        yield job


def test_jobs_are_taken_as_there_is_room(monkeypatch):
    """So the jobs in flight, not all of them, are what memory holds."""
    monkeypatch.setattr(render, "SLICE", 100 * 5)
    taken, ahead = [], []
    out = np.empty((500, 100, 2), np.int16)
    done = [0]

    def look(now, total):
        ahead.append(len(taken) - done[0])
        done[0] = now

    opm.render_many(counted(notes(1) * 500, taken), 100, out, workers=2, progress=look)
    assert len(ahead) == 100
    assert max(ahead) <= 5 * (AHEAD * 2 + 1)


def test_ctrl_c_ends_it_at_once(monkeypatch):
    """Nothing new is begun, no thread stays."""
    monkeypatch.setattr(render, "SLICE", 100 * 5)
    taken = []

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opm.render_many(counted(notes(1) * 500, taken), 100, np.empty((500, 100, 2), np.int16), 2, interrupt)
    assert len(taken) <= 5 * (AHEAD * 2 + 1)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("opm")]


def test_compiled_code_looks_whether_to_stop():
    """Before each piece of a job: an hour of sound does not hold Ctrl-C up."""
    out = np.full((2, 100, 2), 99, np.int16)
    bounds, rows = np.zeros(3, np.int64), np.arange(2)
    entry.run_slice(np.empty(0, opm.EVENT), bounds, rows, out, np.ones(1, np.int32))
    assert (out == 99).all()
    entry.run_slice(np.empty(0, opm.EVENT), bounds, rows, out, np.zeros(1, np.int32))
    assert not out.any()


def test_no_job_pays_for_a_reset(monkeypatch):
    """And a slice of them is one call."""
    calls = []
    entry.warm()
    monkeypatch.setattr(opm.YM2151, "reset", None)
    monkeypatch.setattr(
        entry, "run_jobs", lambda *arguments, run=entry.run_jobs: (calls.append(arguments), run(*arguments))
    )
    opm.render_many(notes(300), 50, workers=1)
    assert len(calls) == 1 + AHEAD


def test_without_jit(tmp_path):
    """In plain Python: the same samples."""
    jobs = [programs(3)[2], notes(1)[0]]
    code = (
        "import numpy as np, opm, numba, pickle; assert numba.config.DISABLE_JIT\n"
        "np.save('out.npy', opm.render_many(pickle.load(open('jobs', 'rb')), 30, workers=1))\n"
    )
    (tmp_path / "jobs").write_bytes(pickle.dumps(jobs))
    run_python(code, tmp_path, NUMBA_DISABLE_JIT="1", PYTHONPATH=str(ROOT))
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), opm.render_many(jobs, 30))
