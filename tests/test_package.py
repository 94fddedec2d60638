"""What the packages show: public names, old names that still work, types for a user's own checker."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT

import opm


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
