"""The benchmarks run and count what they say; figures are not judged here."""

import json
import os
from datetime import date
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from test_jit import run_python

from opm import bench, load, trace
from opm.bench import board, calls, many, passes, profile, report, speed, start, workloads


def test_calls_are_counted_for_real():
    rows = calls.rows(samples=100)
    first = rows[0]
    assert (first["calls"], first["calls_per_second"]) == (6400, 3_579_520)
    assert [row["calls"] for row in rows[:5]] == [6400, 100, 2, 1, 1]
    assert {row["engine"] for row in rows} == {"cycle", "auto"}
    assert all(row["real_time"] > 0 and 0 <= row["call_share"] <= 1 for row in rows)
    assert len(calls.table(rows)) == 1 + len(rows) / 2


def test_speed_has_a_row_for_each_workload(monkeypatch):
    """Without AVX2, for which all would have to be compiled again."""
    monkeypatch.setattr(speed.binding, "get_host_cpu_features", dict)
    rows = speed.rows(runs=1, frames=1024, seconds=1)
    assert [row["workload"] for row in rows] == [*speed.WORKLOADS, speed.SONG]
    assert len({row["workload"] for row in rows}) == 17
    assert all(row["vs_cycle"] > 0 for row in rows[:-1])
    assert {row["avx2_ns_per_frame"] for row in rows} == {None}
    assert len(speed.table(rows)) == 18


def test_boards_sound_all_their_parts():
    rows = board.rows(runs=1)
    assert [row["board"] for row in rows] == [*board.BOARDS]
    assert all(row["ym2151_ns_per_frame"] > 0 for row in rows)
    assert len(board.table(rows)) == 1 + len(rows)
    for clock, parts in board.BOARDS.values():
        song = board.board(clock, [make() for make in parts])
        for part in song.parts[1:]:
            assert np.abs(song.render(start=1, stop=2, parts=part.name).astype(int)).max() > 100, part.title


def test_voices_and_lfo_of_the_patch():
    assert workloads.playing(workloads.patch(2)).state.kon_latch.sum() == 2 * 4
    still, moving = (workloads.playing(workloads.patch(lfo=lfo)).state for lfo in (False, True))
    assert (still.amd, still.pmd) == (0, 0)
    assert moving.amd
    assert moving.pmd


def test_held_and_csm_are_what_they_say():
    held = workloads.playing(speed.WORKLOADS["LFO held, 600 writes per second"].registers)
    assert held.state.test.tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    csm = workloads.playing(speed.WORKLOADS["CSM, 100 frames apart"].registers)
    struck = trace(csm, ["kon_csm"], stop=1000)["kon_csm"]
    assert set(np.diff(np.flatnonzero(struck))) == {100}


def test_the_song_file_holds_what_the_table_says():
    song = load(speed.vgm(3))
    assert song.length == pytest.approx(3)
    assert len(song.writes) == len(workloads.patch()) + 3 * 300
    assert load(speed.vgm(0)).length == 0


def test_avx2_is_set_up_in_its_process_alone():
    with speed.avx2_process() as elsewhere:
        if elsewhere is None:
            pytest.skip("no AVX2 here")
        assert elsewhere(partial(eval, "__import__('numba').config.CPU_NAME")) == "haswell"
    assert "NUMBA_CPU_NAME" not in os.environ


def test_every_pass_can_be_called():
    """Without the compiler, a few frames."""
    code = (
        "import opm\n"
        "from opm.bench import passes\n"
        "passes.REPEATS, passes.LONGEST = 1, 4\n"
        "assert [name for name, ns in passes.measure(opm.YM2151(), 1) if ns > 0] == list(passes.PASSES)\n"
    )
    run_python(code, ROOT, NUMBA_DISABLE_JIT="1")


def test_many_has_a_row_for_each_length_and_way(monkeypatch):
    monkeypatch.setattr(many, "SECONDS", (0.001, 0.01))
    monkeypatch.setattr(many.importlib.util, "find_spec", lambda name: None)
    rows = many.rows(runs=1, audio=0.02)
    assert [row["seconds"] for row in rows] == [0.001] * 3 + [0.01] * 3
    assert [row["how"] for row in rows[:3]] == ["1 worker", f"{many.cores()} workers", "plain loop"]
    assert rows[0]["vs_one"] == 1
    assert rows[0]["outside"] > 0
    assert {row["outside"] for row in rows[1:3]} == {None}
    assert all(row["hours_per_minute"] > 0 for row in rows)
    assert len(many.table(rows)) == 1 + len(rows)


def test_profile_shows_passes_and_growth(monkeypatch):
    monkeypatch.setattr(passes, "measure", lambda chip, runs: iter([("operators", 20.0)]))
    rows = profile.rows(runs=1)
    assert len({(row["what"], row["case"]) for row in rows}) == len(rows) == 16
    assert profile.table(rows)[1] == ["pass: operators", "20.0"]


def test_start_names_the_packages_that_are_compiled(monkeypatch):
    """A start from a full cache is real, what a cold one says is given."""
    cold = {"seconds": 30.0, "numba": 0.2, "packages": {"opm.cycle": {"functions": 90, "front_end": 9.0, "llvm": 3.0}}}
    warm = start.fresh_process(os.environ["NUMBA_CACHE_DIR"])
    assert warm["seconds"] > 0 < warm["numba"]
    answers = iter([cold, warm])
    monkeypatch.setattr(start, "fresh_process", lambda cache, *_: next(answers))
    rows = start.rows(runs=1)
    assert rows[2] == {"what": "cold, compiling opm.cycle", "seconds": 12.0, "llvm": 3.0, "functions": 90}
    assert start.table(rows)[3] == ["cold, compiling opm.cycle", "12.0", "3.00", "90"]


def test_figures():
    shown = [report.figure(value) for value in (None, 0, 90, 0.0, 0.1234, 6.0, 99.94, 1234.5, 3_579_520)]
    assert shown == ["-", "0", "90", "0", "0.123", "6.00", "99.9", "1 234", "3 579 520"]


def test_tables():
    table = [["", "ns"], ["idle", "37.0"]]
    assert report.text(table) == "        ns\nidle  37.0"
    assert report.markdown(table) == "|  | ns |\n| --- | ---: |\n| idle | 37.0 |\n"


@pytest.fixture
def one_benchmark(monkeypatch):
    """A benchmark that takes no time."""
    quick = SimpleNamespace(rows=lambda: [{"workload": "idle"}], table=lambda rows: [["workload"], ["idle"]])
    monkeypatch.setattr(bench, "BENCHMARKS", {"speed": quick})


def test_text_and_json_name_the_machine(one_benchmark, capsys):
    bench.main([])
    assert capsys.readouterr().out.startswith(report.processor())
    bench.main(["speed", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["processor"] == report.processor()
    assert date.fromisoformat(printed["date"]) <= date.today()
    assert printed["speed"] == [{"workload": "idle"}]


def test_readme_gets_its_table_and_stays_as_it_was_around_it(one_benchmark, tmp_path, monkeypatch):
    page = "# Speed\n\n<!-- client -->\n\n{}\nAs it was: 37 ns.\n"
    path = tmp_path / "README.md"
    path.write_text(page.format("<!-- speed -->\nold\n<!-- /speed -->"))
    monkeypatch.setattr(bench, "README", path)
    bench.main(["readme"])
    before, after = page.split("{}")
    written = path.read_text()
    assert written.startswith(before + f"<!-- speed -->\n{report.processor()}, ")
    assert written.endswith("\n\n| workload |\n| --- |\n| idle |\n<!-- /speed -->" + after)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "page",
    [
        "no markers",
        "<!-- speed -->\n",
        "<!-- /speed -->\n<!-- speed -->\n",
        "<!-- speed -->\n<!-- /speed -->\n" * 2,
        "<!-- speed -->\n<!-- speed -->\n<!-- /speed -->\n",
    ],
)
def test_a_readme_without_pairs_of_markers_is_refused_before_anything_is_measured(page, tmp_path, monkeypatch, capsys):
    path = tmp_path / "README.md"
    path.write_text(page)
    monkeypatch.setattr(bench, "README", path)
    monkeypatch.setattr(bench, "BENCHMARKS", {"speed": None})
    with pytest.raises(SystemExit):
        bench.main(["readme"])
    assert "README.md: expected pairs of <!-- name --> and <!-- /name -->" in capsys.readouterr().err
    assert path.read_text() == page


def test_a_readme_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "README", tmp_path / "README.md")
    with pytest.raises(SystemExit):
        bench.main(["readme"])
    assert "No such file" in capsys.readouterr().err


def test_the_readme_of_the_project_has_its_markers():
    assert report.marked(bench.README.read_text(), bench.BENCHMARKS) == ["many", "speed", "board", "calls", "start"]


def test_unknown_benchmark():
    with pytest.raises(SystemExit):
        bench.main(["nonsense"])
