"""The README's code runs and draws its picture; its commands are those of CI."""

import re

import matplotlib as mpl
import numpy as np
from conftest import ROOT

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
    assert (ROOT / "notebooks" / "first_note.png").stat().st_size > 5000


def test_ci_runs_the_readmes_test_command():
    command = re.search(r"`(pip install '\.\[test\]' && python -m pytest)`", README)[1]
    assert command in (ROOT / ".ci" / "run").read_text()


def test_options_are_those_of_the_player():
    from player.cli import parser

    options = {o for action in parser()._actions for o in action.option_strings if o.startswith("--")}
    documented = set(re.findall(r"(--[a-z-]+)", README))
    assert options - {"--help", "--output"} <= documented
