"""The README's code runs and draws its picture; its commands are those of CI."""

import re
import shlex
import subprocess
import sys

import matplotlib as mpl
import numpy as np
from conftest import ROOT

import opm
from player.__main__ import main as play

README = (ROOT / "README.md").read_text()


def test_the_notebook_code_draws_the_picture(tmp_path):
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    lines = [line for line in code.splitlines() if line]
    assert len(lines) == 8
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    samples, attenuation = np.transpose(names["note"])
    assert samples.max() > 3000
    assert attenuation.min() < 50
    plt.savefig(tmp_path / "first_note.png")
    plt.close()


def test_eight_lines_load_songs_and_look_inside(monkeypatch):
    """The first block: what its comments say is what it gives."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    monkeypatch.chdir(ROOT)
    code = re.search(r"```py\n(.*?)```", README, re.DOTALL)[1]
    *lines, last = code.splitlines()
    assert len(lines) == 7
    names = {}
    exec(compile("\n".join(lines), "README.md", "exec"), names)
    assert f"# {names['sound'].shape} {names['sound'].dtype}" in code
    assert len(plt.gca().lines) == 8
    plt.close()
    assert f"board.parts: {', '.join(part.title for part in names['board'].parts)}\n" in code
    np.testing.assert_array_equal(names["alone"], opm.run(names["board"].events(), len(names["alone"])))
    assert eval(last, names)["slot"] == "C1 of channel 1"


def test_the_players_commands_play(tmp_path, monkeypatch, capsys):
    """The songs that ship, to files: the last second is enough."""
    lines = re.search(r"## The player\n+```sh\n(.*?)```", README, re.DOTALL)[1].splitlines()
    for number, line in enumerate(lines):
        match shlex.split(line, comments=True):
            case ["python", "-m", "player", song, *words]:
                out = [] if "--stems" in words else ["-o", str(tmp_path / f"{number}.wav")]
                words = [str(tmp_path / word) if word == "stems" else word for word in words]
                assert play([str(ROOT / song), *words, *out, "--start", "18", "--loops", "1", "--fade", "0"]) == 0
    assert len([*tmp_path.glob("*.wav")]) == len(lines) - 1 == 3
    assert len([*tmp_path.glob("stems/*.wav")]) == 10
    assert "clipped" not in capsys.readouterr().err


def test_pictures_are_there():
    pictures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", README)
    assert len(pictures) >= 3
    assert [path for path in pictures if not (ROOT / path).stat().st_size > 2000] == []


def test_a_package_index_shows_no_broken_picture_or_link():
    command = [sys.executable, "-m", "hatch_fancy_pypi_readme"]
    page = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"\]\((?!https://)[^)]*\)", page) == []
    assert len(page.splitlines()) > len(README.splitlines()) - 20


def test_ci_runs_the_readmes_test_command():
    command = re.search(r"^(pip install '\.\[test\]' && python -m pytest)$", README, re.MULTILINE)[1]
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    steps = [lines.index(step) for step in command.split(" && ")]
    assert steps == sorted(steps)


def test_options_are_those_of_the_player():
    from player.cli import parser

    options = {o for action in parser()._actions for o in action.option_strings if o.startswith("--")}
    documented = set(re.findall(r"(--[a-z-]+)", README))
    assert options - {"--help", "--output"} <= documented
