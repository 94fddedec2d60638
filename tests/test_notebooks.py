"""Every notebook runs from top to bottom."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import numpy as np
import pulse
import pytest
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.filterwarnings("ignore")


def executed(path, environment):
    """Run a notebook in a kernel of its own that sees this checkout; return it."""
    notebook = nbformat.read(path, 4)
    environment = {**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    environment.pop("MPLBACKEND", None)
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    asyncio.run(client.async_execute(env=environment))
    return notebook


@pytest.fixture(scope="module")
def notebooks():
    """Run all of them, two at a time; give what becomes of each."""
    with ThreadPoolExecutor(2) as kernels:
        # The longest first, so that no core waits for it at the end.
        yield {path: kernels.submit(executed, path, os.environ) for path in reversed(NOTEBOOKS)}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path: Path, notebooks):
    """Stored outputs stay small."""
    stored = sum(len(str(output)) for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", []))
    assert 1000 < stored < 400_000
    notebook = notebooks[path].result()
    pictures = [o for cell in notebook.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
    assert pictures


@pytest.mark.skipif(not pulse.available(), reason="needs pulseaudio, pulseaudio-utils and libasound2-plugins")
def test_the_first_one_sounds(tmp_path):
    """Its last cell, on a sound card: three notes, the last one with a voice that turns bright."""
    with pulse.pulse_server(tmp_path) as sound, pulse.recorded(tmp_path, sound) as recording:
        notebook = executed(NOTEBOOKS[0], sound)
    assert notebook.cells[-1].outputs == []
    got = pulse.heard(recording)[:, 0].astype(float)
    beats = got[np.flatnonzero(got)[0] :][: 2 * pulse.RATE].reshape(4, -1)
    brightness = [np.square(np.diff(beat)).mean() / np.square(beat).mean() for beat in beats]
    assert brightness[3] > 2 * max(brightness[:3])


def test_all_nine_are_there():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"0{i}" for i in range(1, 10)]
