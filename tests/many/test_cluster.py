"""``render_many`` on a real cluster: two worker processes, of which some die."""

import os
import runpy
import signal
import time

import dask
import numpy as np
import pytest
import zarr
from conftest import ROOT
from distributed import Client, LocalCluster

import opm
from opm.many import crew, render
from opm.many.crew import AHEAD, Cluster

VOICE = opm.Voice(con=4, fb=3, ops=(opm.Operator(tl=30, mul=2),) * 2 + (opm.Operator(tl=10),) * 2)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster():
    """Two workers; what one held when it was killed is asked for in vain for 2 s, not for dask's 30."""
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as workers,
    ):
        yield workers


@pytest.fixture
def client(cluster):
    with Client(cluster) as connected:
        connected.wait_for_workers(2)
        yield connected


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    """A slice of 25 jobs of 200 frames."""
    monkeypatch.setattr(render, "SLICE", 25 * 200 // render.REMOTE)


class Rows:
    """A place for samples that counts how often each row is written."""

    dtype = np.dtype(np.int16)

    def __init__(self, count):
        self.shape = (count, 200, 2)
        self.samples, self.written = np.zeros(self.shape, np.int16), np.zeros(count, int)

    def __setitem__(self, rows, samples):
        self.samples[rows] = samples
        self.written[rows] += 1


def notes(count):
    return [(VOICE, 40 + i % 500 / 10, 0.002) for i in range(count)]


def kill_one(client):
    """Kill a worker process; its nanny starts another."""
    os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)


def test_a_killed_worker_loses_no_job_and_duplicates_none(client):
    jobs, out, seen = notes(3000), Rows(3000), []

    def kill(done, total):
        seen.append(done)
        if len(seen) == 20:
            kill_one(client)

    opm.render_many(jobs, 200, out, workers=client, progress=kill)
    assert (out.written == 1).all()
    assert seen == list(range(25, 3001, 25))
    np.testing.assert_array_equal(out.samples, opm.render_many(jobs, 200))


def test_the_scheduler_holds_what_is_in_flight_only(client, cluster, monkeypatch):
    """100 000 jobs, 400 slices."""
    monkeypatch.setattr(render, "SLICE", 250 * 2 // render.REMOTE)
    held, out = [], np.empty((100_000, 2, 2), np.int16)
    jobs = (job for _ in range(200) for job in notes(500))

    def look(done, total):
        held.append((len(cluster.scheduler.tasks), len(client.futures)))

    opm.render_many(jobs, 2, out, workers=client, progress=look)
    assert len(held) == 400
    # one more is let go while the next is taken
    assert max(tasks for tasks, _ in held) <= 2 * AHEAD * 2
    assert max(futures for _, futures in held) <= 2 * AHEAD * 2


def test_errors_name_their_jobs(client):
    jobs = [*notes(60), (VOICE, 999, 1.0), *notes(3)]
    with pytest.raises(opm.JobErrors, match="1 of 64 jobs failed") as caught:
        opm.render_many(jobs, 200, workers=client)
    assert caught.value.jobs == [60]
    assert str(caught.value.exceptions[0]).startswith("job 60: note 999 is outside")
    np.testing.assert_array_equal(caught.value.out[61:], opm.render_many(notes(3), 200))


def test_a_cluster_that_has_lost_its_workers_is_no_hang(client, monkeypatch):
    """It says so, as dask would not."""
    monkeypatch.setattr(crew, "PATIENCE", 0.5)
    with pytest.raises(TimeoutError, match=r"the cluster has had no worker for 0\.5 s"):
        opm.render_many(
            notes(50_000), 200, workers=client, progress=lambda *_: monkeypatch.setattr(client, "nthreads", dict)
        )


def test_one_worker_compiles_for_its_machine(client, tmp_path):
    """It is done before the others are asked for anything."""
    path = tmp_path / "compiled"

    def warm():
        time.sleep(0.2)
        with path.open("a") as file:
            file.write(f"{os.getpid()}\n")

    with Cluster(client, warm):
        pass
    assert len(path.read_text().split()) == 1
    assert len(client.nthreads()) == 2


def test_ctrl_c(client):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opm.render_many(notes(5000), 200, workers=client, progress=interrupt)
    assert opm.render_many(notes(10), 200, workers=client).any()


def test_the_recipe_of_the_documentation(client, tmp_path):
    """Workers that write their own chunks."""
    page = (ROOT / "docs" / "clusters.md").read_text()
    (tmp_path / "recipe.py").write_text(page.split("```python\n")[1].split("```")[0])
    client.upload_file(str(tmp_path / "recipe.py"))
    recipe = runpy.run_path(str(tmp_path / "recipe.py"), run_name="recipe")
    sizes = {"shape": (50, 300, 2), "chunks": (4, 300, 2), "shards": (8, 300, 2)}
    out = zarr.create_array(tmp_path / "a.zarr", **sizes, dtype="int16")
    recipe["write_all"](client, str(tmp_path / "a.zarr"), 16)
    want = opm.render_many([(opm.dataset.random_voice(1, number), "C4", 0.3) for number in range(50)], 300)
    np.testing.assert_array_equal(out[:], want)
