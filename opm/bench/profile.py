"""Where a frame's time goes, pass by pass of a span, and how the cost grows."""

from collections.abc import Callable, Mapping
from functools import partial

from ..chip import YM2151
from .report import Table, figure
from .speed import Workload, ours
from .workloads import BLOCK, SECOND, Row, interleaved, patch, playing, song, timed


def rows(runs: int = 5) -> list[Row]:
    """Measure the passes of a span, and what else a frame's cost depends on.

    A pass's time is its own, run alone again and again on the records of a span of 8 voices with AM and PM.

    Returns
    -------
    list of dict
        Rows with ``what``, ``case``, ``ns_per_frame``.
    """
    from . import passes

    result = [{"what": "pass", "case": name, "ns_per_frame": ns} for name, ns in passes.measure(playing(patch()), runs)]
    result += _growth("frames per call", {str(n): _by_block(playing(patch()), n) for n in (1, 8, 64, 1024)}, runs)
    result += _growth("channels sounding", {str(n): _by_block(playing(patch(n)), BLOCK) for n in (0, 2, 4, 8)}, runs)
    songs = {str(n): Workload(patch(), song(n)) for n in (120, 600, 1800, 7200)}
    result += _growth("writes per second", {n: partial(ours, work, "auto", SECOND) for n, work in songs.items()}, runs)
    return result + _growth("chips in turn", {str(n): _by_chips(n) for n in (1, 2, 4)}, runs)


def _growth(what: str, jobs: Mapping[str, Callable[[], float]], runs: int) -> list[Row]:
    return [{"what": what, "case": case, "ns_per_frame": ns} for case, ns in interleaved(jobs, runs).items()]


def _by_block(chip: YM2151, block: int) -> Callable[[], float]:
    # 8192 frames a run, whatever the length of a call.
    count = max(1, 8 * BLOCK // block)
    return lambda: timed(lambda: [chip.generate(block) for _ in range(count)]) * 1e9 / (count * block)


def _by_chips(number: int) -> Callable[[], float]:
    chips = [playing(patch()) for _ in range(number)]
    return lambda: timed(lambda: [chip.generate(BLOCK) for _ in range(8) for chip in chips]) * 1e9 / (8 * BLOCK)


def table(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    return [["", "ns per frame"], *([f"{row['what']}: {row['case']}", figure(row["ns_per_frame"])] for row in rows)]
