"""``.ci/run`` is green only if every step was, and every test has run or is named."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

LINTERS = ["lint-imports", "ruff", "codespell", "mypy"]
STUBS = {
    **dict.fromkeys(["apt-get", "parec", "chromium", "pip", *LINTERS, "mkdocs"], ""),
    "python3": 'mkdir -p "$3/bin" && : >"$3/bin/activate"',  # python3 -m venv FOLDER
    "python": f'exec "{sys.executable}" "$@"',
}
STEPS = ["python3", "pip", "lint-imports", "ruff", "ruff", "codespell", "mypy", "python", "python", "mkdocs"]
TESTS = [
    "test_golden.py",
    "test_damage.py",
    "frame/test_frame.py",
    "span/test_span.py",
    "board/test_cores.py",
    "song/test_song.py",
]
PASSES = "def test_it():\n    pass\n"


@pytest.fixture
def script(tmp_path):
    """Return a function that runs a copy of the script: all tools but pytest are stubs, which say that they came."""
    place, tools, steps = tmp_path / "project", tmp_path / "tools", tmp_path / "steps"
    for name in TESTS:
        (place / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "tests" / name).write_text(PASSES)
    shutil.copytree(ROOT / ".ci", place / ".ci")
    shutil.copy(ROOT / "tests" / "account.py", place / "tests")
    (place / "tests" / "conftest.py").write_text('pytest_plugins = ["account"]\n')
    (place / "pyproject.toml").write_text('[tool.pytest]\ntestpaths = ["tests"]\npythonpath = ["tests"]\n')
    tools.mkdir()

    def run(stubs=(), files=(), **environment):
        for name, does in {**STUBS, **dict(stubs)}.items():
            (tools / name).write_text(f'#!/bin/sh\necho {name} >>"{steps}"\n{does}\n')
            (tools / name).chmod(0o755)
        for name, text in dict(files).items():
            (place / "tests" / name).write_text(text)
        done = subprocess.run(
            [place / ".ci" / "run"],
            env={
                **os.environ,
                "PATH": f"{tools}:{os.environ['PATH']}",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "TMPDIR": str(tmp_path),
                **environment,
            },
            capture_output=True,
            text=True,
        )
        assert not list(tmp_path.glob("tmp*")), "the environment is left behind"
        return done, steps.read_text().split()

    return run


def test_green(script):
    """With a test of each kind that is no failure: skipped, deselected and xfailed ones are named or count."""
    more = {
        "test_skipped.py": "import pytest\n@pytest.mark.skip('no sound card')\ndef test_s():\n    pass\n",
        "test_module.py": "import pytest\npytest.skip('no browser', allow_module_level=True)\n",
        "test_known.py": "import pytest\n@pytest.mark.xfail\ndef test_x():\n    assert 0\n",
        "span/conftest.py": "def pytest_collection_modifyitems(config, items):\n"
        "    config.hook.pytest_deselected(items=[i for i in items if i.name == 'test_slow'])\n"
        "    items[:] = [i for i in items if i.name != 'test_slow']\n",
        "span/test_slow.py": "def test_slow():\n    pass\n",
    }
    done, steps = script(files=more)
    assert (done.returncode, done.stderr) == (0, "")
    assert steps == STEPS
    for line in (
        "9 tests collected: 7 run, 1 skipped, 1 deselected",
        "skipped\ttests/test_skipped.py::test_s\tSkipped: no sound card",
        "not collected\ttests/test_module.py\tSkipped: no browser",
        "deselected\ttests/span/test_slow.py::test_slow",
        "6 tests collected: 5 run, 0 skipped, 1 deselected",
    ):
        assert line in done.stdout.splitlines()


@pytest.mark.parametrize("step", dict.fromkeys(STEPS))
def test_a_step_that_fails_is_the_last(step, script):
    done, steps = script({step: "exit 3"})
    assert done.returncode == 3
    assert steps == STEPS[: STEPS.index(step) + 1]


FAILS = "def test_it():\n    assert 0\n"
ENDS_THE_PROCESS = "import os\ndef test_it():\n    os._exit(0)\n"
SKIPS = f"import pytest\n@pytest.mark.skip\n{PASSES}"
RUNS_NOTHING = 'pytest_plugins = ["account"]\ndef pytest_runtestloop():\n    return True\n'


@pytest.mark.parametrize(
    ("files", "code", "line"),
    [
        (dict.fromkeys(TESTS, ""), 5, "no tests ran"),
        ({"song/test_song.py": FAILS}, 1, "1 failed, 5 passed"),
        ({"song/test_song.py": "import nothing_of_this_name\n"}, 2, "1 error"),
        ({"song/test_song.py": ENDS_THE_PROCESS}, 1, "not run\ttests/song/test_song.py::test_it"),
        (dict.fromkeys(TESTS, SKIPS), 1, "6 tests collected: 0 run, 6 skipped"),
        ({"conftest.py": RUNS_NOTHING}, 1, "6 tests collected: 0 run"),
    ],
)
def test_not_green_without_its_tests(files, code, line, script):
    done, steps = script(files=files)
    assert done.returncode == code
    assert line in done.stdout
    assert steps == STEPS[: STEPS.index("python") + 1]


def test_not_green_where_nothing_is_run(script):
    """Whatever says it went well: a Python that does nothing, options that only look."""
    done, _ = script({"python": "exit 0"})
    assert done.returncode == 1
    assert "0 tests collected: 0 run" in done.stdout
    done, _ = script(PYTEST_ADDOPTS="--collect-only")
    assert "6 tests collected: 6 run" in done.stdout
