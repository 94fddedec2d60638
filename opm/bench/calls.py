"""What a call from Python costs: a second of samples by calls of different length."""

from .report import Table, figure
from .workloads import SECOND, Row, patch, playing, timed

CALLS = (("1 sample", 1), ("64 samples", 64), ("1024 samples", 1024), ("all", SECOND))


def rows(samples: int = SECOND) -> list[Row]:
    """One second of samples by calls of different length: a cycle, a sample, blocks, all at once.

    Returns
    -------
    list of dict
        Rows with ``cycles_per_sample``, ``call`` (what one call does), ``engine``, ``calls`` (counted),
        ``calls_per_second`` (of sound), ``us_per_call``, ``real_time``, ``call_share`` (share of the time an
        empty call takes).
    """
    result = []
    for cycles in (64, 32):
        result.append(_row(cycles, "1 cycle", "cycle", samples * cycles, 1, samples))
        for engine in ("cycle", "auto"):
            for what, block in CALLS:
                result.append(_row(cycles, what, engine, samples, min(block, samples), samples))
    return result


def _row(cycles: int, what: str, engine: str, steps: int, block: int, samples: int) -> Row:
    """Time one row: ``steps`` steps of a cycle or a sample, ``block`` of them a call."""
    chip = playing(patch())
    per_step = 1 if what == "1 cycle" else cycles
    count = 0

    def call(length: int) -> None:
        chip.run((), length, per_step, engine)

    def empty() -> None:
        for _ in range(1000):
            call(0)

    def all_calls() -> None:
        nonlocal count
        done = 0
        while done < steps:
            call(min(block, steps - done))
            done += block
            count += 1

    empty_call = min(timed(empty) for _ in range(3)) / 1000
    seconds = timed(all_calls)
    return {
        "cycles_per_sample": cycles,
        "call": what,
        "engine": engine,
        "calls": count,
        "calls_per_second": round(count * SECOND / samples),
        "us_per_call": seconds / count * 1e6,
        "real_time": samples / SECOND / seconds,
        "call_share": min(1.0, count * empty_call / seconds),
    }


def table(rows: list[Row]) -> Table:
    """Return the rows of 64 cycles per sample as a table, the speed of those of 32 beside them."""
    half = len(rows) // 2
    head = ["one Python call per", "engine", "calls per second", "µs per call", "the call itself"]
    return [
        [*head, "times real time", "at 32 cycles per sample"],
        *(
            [
                row["call"],
                row["engine"],
                figure(row["calls_per_second"]),
                figure(row["us_per_call"]),
                f"{row['call_share']:.1%}",
                figure(row["real_time"]),
                figure(short["real_time"]),
            ]
            for row, short in zip(rows[:half], rows[half:], strict=True)
        ),
    ]
