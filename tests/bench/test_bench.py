"""The benchmarks run and count what they say; figures are not judged here."""

import json

import pytest

from opm import bench


def test_calls_are_counted_for_real():
    rows = bench.calls(samples=100)
    first = rows[0]
    assert (first["calls"], first["calls_per_second"]) == (6400, 3_579_520)
    assert [row["calls"] for row in rows[:5]] == [6400, 100, 2, 1, 1]
    assert {row["engine"] for row in rows} == {"cycle", "frame"}
    assert all(row["real_time"] > 0 and 0 <= row["call_share"] <= 1 for row in rows)


def test_speed_rows(capsys):
    rows = bench.speed(runs=1)
    assert [row["workload"] for row in rows if row["engine"] == "frame"] == [
        "8 voices, LFO",
        "idle",
        "600 writes/s",
        "1800 writes/s",
    ]
    bench._show_speed(rows)
    assert "x real time" in capsys.readouterr().out


def test_json(capsys, monkeypatch):
    monkeypatch.setitem(bench.BENCHMARKS, "start", (lambda: [{"what": "cold", "seconds": 1.0, "numba": 0.5}], print))
    bench.main(["start", "--json"])
    assert json.loads(capsys.readouterr().out)[0]["what"] == "cold"


def test_unknown_benchmark():
    with pytest.raises(SystemExit):
        bench.main(["nonsense"])
