"""The long form: workers in processes of their own, watched; what they found as a table."""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from .work import MEMORY, Keeper, Page

START = 600.0
"""Seconds a worker may take between inputs, and to come up: it may have to compile."""
POLL = 0.1
ENOUGH = 10
"""Hangs and crashes after which a worker's range of inputs is left: the product is broken enough."""
COLUMNS = ("inputs", "accepted", "wrong exceptions", "crashes", "over 2 s", "peak MB", "inputs/s")


@dataclass
class Result:
    """What was found of a kind of input."""

    counts: Counter[str] = field(default_factory=Counter)
    peak: int = 0
    faults: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """Of each fault: the number of its first input, the size of its smallest, the file that holds that."""
    seconds: float = 0.0
    """Of all workers together, with their start."""

    @property
    def bad(self) -> bool:
        """Something is wrong."""
        return bool(self.faults) or self.peak > MEMORY

    def add(self, what: str, index: int, size: int, file: str) -> None:
        """Note a fault."""
        first, smallest, kept = self.faults.get(what, (index, size, file))
        self.faults[what] = (min(first, index), *min((smallest, kept), (size, file)))

    def row(self) -> list[str]:
        """Return the table's columns."""
        keys = ("done", "accepted", "wrong", "crashes", "slow")
        return [*(f"{self.counts[key]}" for key in keys), f"{self.peak}", f"{self.counts['done'] / self.seconds:.0f}"]


@dataclass(frozen=True)
class Plan:
    """What is wanted."""

    names: tuple[str, ...]
    inputs: int = 1000
    """Of each kind."""
    seed: int = 1
    workers: int = 2
    patience: float = 20.0
    """Seconds after which an input is given up, and its worker with it."""
    keep: Path = Path(".cache/fuzz")
    """Folder of the inputs that fail."""


def command(plan: Plan, name: str, first: int, last: int, page: Path) -> list[str]:
    """Return what starts a worker."""
    numbers = (str(number) for number in (plan.seed, first, last))
    return [sys.executable, "-m", f"{__package__}.work", name, *numbers, str(page), str(plan.keep)]


class Job:
    """A range of inputs of one kind; its worker is started again behind an input that ends it."""

    def __init__(self, plan: Plan, name: str, first: int, last: int, folder: Path, result: Result) -> None:
        self.plan, self.name, self.next, self.last = plan, name, first, last
        self.result = result
        self.page_path = folder / f"{name}-{first}"
        self.page = Page(self.page_path)
        self.output = self.page_path.with_suffix(".out").open("w+")
        self.began, self.ends = time.monotonic(), 0
        self.start()

    def start(self) -> None:
        """Start a worker at the next input."""
        self.at, self.since = (-1, 0), time.monotonic()
        self.page.write(index=-1, busy=0)
        worker = command(self.plan, self.name, self.next, self.last, self.page_path)
        self.process = subprocess.Popen(worker, stdout=self.output)

    def over(self) -> bool:
        """Look after the worker; return whether the job is done."""
        code, now = self.process.poll(), time.monotonic()
        index, busy, *_ = self.page.read().values()
        if (index, busy) != self.at:
            self.at, self.since = (index, busy), now
        if self.ends >= ENOUGH:
            self.finish()
            return True
        if code is None and now - self.since > (self.plan.patience if busy else START):
            self.process.kill()
            self.process.wait()
            self.ended("slow", "hangs")
        elif code:
            self.ended("crashes", f"ends the process with code {code}")
        elif code == 0:
            self.finish()
            return True
        return False

    def ended(self, column: str, what: str) -> None:
        """Note the input that ended the worker, and start another one behind it."""
        index, busy = self.at
        if not busy:
            raise RuntimeError(f"a worker for {self.name} failed by itself: {what}")
        self.result.counts.update({column: 1, "done": 1})
        data = self.page.data
        path = Keeper(self.name, self.plan.keep).store(what, data)
        self.result.add(what, index, len(data), str(path))
        self.next, self.ends = index + 1, self.ends + 1
        if self.ends < ENOUGH:
            self.start()

    def finish(self) -> None:
        """Take what the workers have found."""
        fields = self.page.read()
        self.result.counts.update({key: fields[key] for key in ("done", "accepted", "wrong", "slow")})
        self.result.peak = max(self.result.peak, fields["peak"])
        self.result.seconds += time.monotonic() - self.began
        self.output.seek(0)
        for line in self.output:
            self.result.add(**json.loads(line))
        self.output.close()
        self.page_path.unlink()


def run(plan: Plan) -> Iterator[tuple[str, Result]]:
    """Attack each kind of input, in as many parts as there are workers; yield what was found as it is known."""
    plan.keep.mkdir(parents=True, exist_ok=True)
    cuts = [plan.inputs * i // plan.workers for i in range(plan.workers + 1)]
    waiting = [(name, first, last) for name in plan.names for first, last in pairwise(cuts) if first < last]
    left = Counter(name for name, _, _ in waiting)
    results = {name: Result() for name in plan.names}
    jobs: list[Job] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            while waiting or jobs:
                for name, first, last in waiting[: plan.workers - len(jobs)]:
                    jobs.append(Job(plan, name, first, last, Path(folder), results[name]))
                    waiting.pop(0)
                time.sleep(POLL)
                for job in [job for job in jobs if job.over()]:
                    jobs.remove(job)
                    left[job.name] -= 1
                    if not left[job.name]:
                        yield job.name, results[job.name]
        finally:
            for job in jobs:
                job.process.kill()
                job.process.wait()


def table(rows: list[list[str]]) -> Iterator[str]:
    """Yield the lines of a table, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *numbers in rows:
        yield "  ".join([name.ljust(widths[0]), *(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))])
