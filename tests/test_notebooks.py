"""Every notebook runs from top to bottom, and is fit to be read as stored: short cells, pictures, sounds, links."""

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import numpy as np
import pulse
import pytest
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SILENT = ("06", "07")
"""Those in which there is nothing to hear."""
SHORTER = {
    "calls.SECOND": "1100",
    "targets, generations=40": "targets, generations=9",
    "generations=50": "generations=15",
}
"""What the tests write instead: a whole second of calls takes a quarter of a minute, a long hunt for voices as well."""
pytestmark = pytest.mark.filterwarnings("ignore")
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def executed(path, environment):
    """Run a notebook in a kernel of its own that sees this checkout; return it."""
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        for long, short in SHORTER.items():
            cell.source = cell.source.replace(long, short)
    environment = {**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    environment.pop("MPLBACKEND", None)
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    asyncio.run(client.async_execute(env=environment))
    return notebook


def code(notebook):
    """Return the code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(notebook):
    """Return which pictures, tables and players each cell gives; what is printed depends on the machine."""
    outputs = {cell.id: [output.data for output in cell.outputs if "data" in output] for cell in code(notebook)}
    return {name: [{"image/png", "text/html"} & data.keys() for data in cell] for name, cell in outputs.items()}


@pytest.fixture(scope="module")
def notebooks():
    """Run all of them, two at a time; give what becomes of each."""
    with ThreadPoolExecutor(2) as kernels:
        # The longest first, so that no core waits for it at the end.
        yield {path: kernels.submit(executed, path, os.environ) for path in reversed(NOTEBOOKS)}


@each
def test_runs(path: Path, notebooks):
    """Each cell gives what is stored."""
    assert shown(notebooks[path].result()) == shown(nbformat.read(path, 4))


@each
def test_cells_are_short(path: Path):
    for cell in code(nbformat.read(path, 4)):
        lines = cell.source.splitlines()
        assert len(lines) <= 12, cell.source
        assert max(map(len, lines)) <= 100, cell.source


@each
def test_stored_outputs(path: Path):
    """Small, with a picture, and with sound that any browser plays; no error, no warning."""
    assert path.stat().st_size < 1_000_000
    outputs = [output for cell in code(nbformat.read(path, 4)) for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"display_data", "execute_result", "stream"}
    assert "stderr" not in {output.get("name") for output in outputs}
    data = [output.data for output in outputs if "data" in output]
    assert any("image/png" in kinds for kinds in data)
    sounds = [kinds for kinds in data if re.search(r"<audio[^>]+src='data:audio/ogg", kinds.get("text/html", ""))]
    assert sounds or path.name[:2] in SILENT


@each
def test_links(path: Path):
    """First and last cell lead to the neighbours, and all links of one notebook to another to one that is there."""
    texts = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    links = [re.findall(r"\]\(([^)#:]+)[^):]*\)", text) for text in texts]
    assert {name for names in links for name in names} <= {other.name for other in NOTEBOOKS}
    if path == NOTEBOOKS[0]:
        assert sorted(link for names in links for link in names) == [other.name for other in NOTEBOOKS[1:]]
        return
    at = NOTEBOOKS.index(path)
    around = [NOTEBOOKS[at - 1], NOTEBOOKS[0], *NOTEBOOKS[at + 1 : at + 2]]
    assert links[0] == links[-1] == list(dict.fromkeys(other.name for other in around))


@pytest.mark.skipif(not pulse.available(), reason="needs pulseaudio, pulseaudio-utils and libasound2-plugins")
def test_the_first_one_sounds(tmp_path):
    """Its last cell, on a sound card: three notes, the last one with a voice that turns bright."""
    with pulse.pulse_server(tmp_path) as sound, pulse.recorded(tmp_path, sound) as recording:
        notebook = executed(NOTEBOOKS[1], sound)
    assert code(notebook)[-1].outputs == []
    got = pulse.heard(recording)[:, 0].astype(float)
    beats = got[np.flatnonzero(got)[0] :][: 2 * pulse.RATE].reshape(4, -1)
    brightness = [np.square(np.diff(beat)).mean() / np.square(beat).mean() for beat in beats]
    assert brightness[3] > 2 * max(brightness[:3])


def test_all_of_them_are_there():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{i:02}" for i in range(14)]
