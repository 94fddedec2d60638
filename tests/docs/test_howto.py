"""The code of the how-to pages and of getting started runs as it stands, page by page, in the order of the page."""

import re
import shlex
import shutil

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from conftest import ROOT

from opm.dataset.__main__ import main as make_dataset
from player.__main__ import main as play
from player.cli import parse

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("howto/*.md"), *DOCS.glob("start/*.md")])
mpl.use("Agg")
BLOCK = re.compile(r"```(python|sh)\n(.*?)```", re.DOTALL)
SOUND = re.compile(r"\.wav|\.flac|--stems|/ ")
SONGS = ROOT / "player" / "songs"
COPIED = ("mountain_king.vgm", "canon.zsm", "sakura.mdx", "sakura.pdx")
END = ["--start", "44"]
"""The last seconds of a song are enough: of the shortest, 0.3, if it plays twice and fades."""


def run(line):
    """Run a line of a shell block, unless it installs something or plays aloud."""
    match shlex.split(line):
        case ["numba-opm", *words] if "--midi-in" in words:
            parse(words)
        case ["numba-opm", *words] if SOUND.search(line):
            assert play([*words, *END]) == 0
        case ["numba-opm", *words] if {"-o", "--info"}.intersection(words):
            assert play(words) == 0
        case ["python", "-m", "opm.dataset", *words]:
            assert make_dataset(words) == 0
        case [command, *_]:
            assert command in ("numba-opm", "pip")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    for name in COPIED:
        if name in text:
            shutil.copy(SONGS / name, tmp_path)
    names = {}
    for language, code in BLOCK.findall(text):
        if language == "python":
            with mpl.rc_context():
                exec(compile(code, page.name, "exec"), names)
        else:
            for line in code.replace("\\\n", "").splitlines():
                run(line)
    plt.close("all")


def test_there_is_code():
    assert len(PAGES) > 10
    assert all(BLOCK.search(page.read_text()) for page in PAGES if page.stem != "index")


def test_all_recipes_are_listed():
    """In the table of contents, and in the site's navigation."""
    recipes = {page.name for page in DOCS.glob("howto/*.md")} - {"index.md"}
    listed = set(re.findall(r"\]\(([a-z_]+\.md)\)", (DOCS / "howto" / "index.md").read_text()))
    assert recipes == listed
    assert recipes <= set(re.findall(r"howto/([a-z_]+\.md)", (ROOT / "mkdocs.yml").read_text()))
