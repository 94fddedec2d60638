"""Records which tests are collected, run and left out, as it happens, in the file that ``.ci/run`` names."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

_FILE = os.environ.pop("OPM_TESTS", "")  # not for what tests start


def _add(what: str, *words: str) -> None:
    if _FILE:
        with Path(_FILE).open("a", encoding="utf-8") as file:
            print(what, *(" ".join(word.split()) for word in words), sep="\t", file=file)


def _reason(report: pytest.CollectReport | pytest.TestReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)


def pytest_itemcollected(item: pytest.Item) -> None:
    _add("collected", item.nodeid)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        _add("deselected", item.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _add("not collected", report.nodeid, _reason(report))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _add("skipped", report.nodeid, _reason(report))
    elif report.when == "call":
        _add("run", report.nodeid)
