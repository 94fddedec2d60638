"""What the packages show: public names, old names that still work, types for a user's own checker."""

import ast
import json
import subprocess
import sys

import pytest
from conftest import ROOT

import opm

HEAVY = {"asyncio", "concurrent", "dask", "distributed", "numba", "rich", "textual"}
NAMES = ["__version__", "note", "Voice", "SongError", "YM2151", "load", "Song", "run", "trace", "views", "listen"]


def in_a_process(code):
    """Return what a process of its own prints as JSON."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_importing_the_package_imports_next_to_nothing():
    """It takes 0.02 s: the modules stand for the time."""
    print_new = "print(json.dumps(sorted(set(sys.modules) - before)))"
    code = f"import sys, json, {{}}\nbefore = set(sys.modules)\nimport opm\n{print_new}"
    new = in_a_process(code.format("numba"))
    assert {name for name in new if name.startswith("opm")} == {"opm", "opm._lazy", "opm._program"}
    assert len(new) < 8, new
    new = in_a_process(code.format("os"))
    assert not {"numba", "numpy", *HEAVY} & {name.partition(".")[0] for name in new}


def test_names_import_no_more_than_they_need():
    """One after the other, so that the first that does is named."""
    code = f"""
import sys, json
before, heavy = set(sys.modules), {{}}
import opm
for name in {NAMES}:
    getattr(opm, name)
    heavy[name] = sorted({HEAVY} & {{module.partition(".")[0] for module in set(sys.modules) - before}})
print(json.dumps(heavy))
"""
    assert in_a_process(code) == {name: [] for name in NAMES}


def test_two_threads_ask_for_the_first_name_at_once():
    code = """
import json, threading
import opm
names = ["YM2151", "YM2151", "load", "load", "Voice", "trace", "measure", "song", "render_many"]
got, start = [], threading.Barrier(len(names))

def ask(name):
    start.wait()
    got.append([name, getattr(opm, name) is vars(opm)[name]])

threads = [threading.Thread(target=ask, args=[name]) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(sorted(got)))
"""
    names = ["YM2151", "YM2151", "load", "load", "Voice", "trace", "measure", "song", "render_many"]
    assert in_a_process(code) == sorted([name, True] for name in names)


@pytest.mark.parametrize("package", [opm, opm.song, opm.inspect], ids=lambda package: package.__name__)
@pytest.mark.parametrize("name", ["gone", "_gone", "__gone__", "no.name"])
def test_an_unknown_name_is_told_as_python_tells_it(package, name):
    with pytest.raises(AttributeError) as caught:
        getattr(package, name)
    assert str(caught.value) == f"module {package.__name__!r} has no attribute {name!r}"


@pytest.mark.parametrize(
    ("name", "new"), [("Log", "opm.song.Song, "), ("Schedule", "opm.song.Playing("), ("Options", "opm.song.Playing(")]
)
def test_an_old_name_names_the_new_one(name, new):
    """As an attribute and in an import."""
    for code in (f"opm.song.{name}", f"from opm.song import {name}"):
        with pytest.raises(ImportError) as caught:
            exec(code)
        assert str(caught.value).startswith(f"opm.song.{name} is now {new}")


def test_all_of_it_needs_no_matplotlib():
    code = """
import json, sys
sys.modules["matplotlib"] = sys.modules["ipywidgets"] = None
from opm import *
print(json.dumps(sorted(name for name in globals() if name in sys.modules["opm"].__all__)))
"""
    assert in_a_process(code) == sorted(opm.__all__)


def test_modules_are_attributes():
    """Also those that nothing has imported yet."""
    code = """
import json, opm
print(json.dumps([eval(name).__name__ for name in (
    "opm.chip", "opm.bench", "opm.dataset.prior", "opm.inspect.views", "opm.song.render", "opm.voice.files"
)]))
"""
    names = "opm.chip opm.bench opm.dataset.prior opm.inspect.views opm.song.render opm.voice.files"
    assert in_a_process(code) == names.split()


def test_dir_shows_the_public_names_only():
    shown = {name for name in dir(opm) if not name.startswith("__")}
    assert shown == {*opm.__all__, "explorer", "plot"}
    for name in shown:
        assert getattr(opm, name) is not None


@pytest.mark.parametrize(
    ("missing", "ask"),
    [
        ("matplotlib", lambda: opm.plot),
        ("ipywidgets", lambda: opm.explorer),
        ("pandas", lambda: opm.trace([], ["eg_timer"], stop=1).to_pandas()),
    ],
)
def test_a_missing_package_is_named(missing, ask, monkeypatch):
    for name in ("plot", "explorer"):
        monkeypatch.delitem(vars(opm), name, raising=False)
        monkeypatch.delitem(vars(opm.inspect), name, raising=False)
    for name in ("opm.inspect.plot", "opm.inspect.explorer", "matplotlib.pyplot"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=f"{missing}.*: pip install 'numba-opm.notebooks.'$"):
        ask()


def test_names_that_moved_still_work():
    code = (
        "import opm.views, opm.plot, opm.registers, opm.bench\n"
        "from opm.views import slot, note\n"
        "from opm.plot import envelope\n"
        "from opm.voice import Voice, read_voices\n"
        "import opm.inspect.views, opm.inspect.plot\n"
        "assert opm.views is opm.inspect.views and opm.plot is opm.inspect.plot\n"
        "assert callable(opm.run) and callable(opm.trace)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_run_and_trace_are_functions_and_no_modules():
    for name in ("run", "trace"):
        assert not (ROOT / "opm" / f"{name}.py").exists()
        assert callable(getattr(opm, name))


def test_the_master_clock_stands_once():
    """As a number in code, that is: docstrings may say it."""
    places = []
    for source in [*(ROOT / "opm").rglob("*.py"), *(ROOT / "player").rglob("*.py")]:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Constant) and node.value == 3_579_545:
                places.append(source.name)
    assert places == ["pitch.py"]


def test_a_users_script_is_typed(tmp_path):
    """Both packages ship their types; ``return_chip`` decides what ``run`` and ``trace`` return."""
    (tmp_path / "script.py").write_text(
        "import numpy as np\n"
        "import numpy.typing as npt\n"
        "import opm\n"
        "import player\n"
        "samples: npt.NDArray[np.int16] = opm.run([(0, 0, 0x28)], 4)\n"
        "more, chip = opm.run([], 4, return_chip=True)\n"
        "reveal_type(samples)\n"
        "reveal_type(chip)\n"
        'rows, after = opm.trace([], ["eg_timer"], return_chip=True)\n'
        "reveal_type(after)\n"
        'table = opm.trace([], ["eg_timer"]).to_pandas()\n'
        "reveal_type(opm.load)\n"
        "reveal_type(opm.plot.spectrum)\n"
        "from opm.song import Renderer\n"
        "reveal_type(Renderer)\n"
        "version: str = opm.__version__\n"
        "live: type[player.Live] = player.Live\n"
    )
    options = ["--strict", "--follow-imports", "silent", "--cache-dir", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "mypy", *options, "script.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"MYPYPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"opm.chip.YM2151"') == 2
    assert "numpy.ndarray" in done.stdout
    assert "opm.song.song.Song" in done.stdout
    assert "opm.song.render.Renderer" in done.stdout
    assert 'Any"' not in done.stdout
