"""``python tests/engines.py`` plays random programs by the thousand on all engines and compares samples and states."""

import argparse
import time

from frame.test_frame import compare, test_raw_and_queued_writes_mixed
from programs import (
    envelope_program,
    loud_program,
    modulated_program,
    queued_program,
    random_program,
    timer_program,
)
from span.test_span import test_every_register_from_20_on, test_settled_chips


def by_frames(make, name):
    """Return a function that compares a program of some hundred frames: by clocks, by frames, and by turns."""
    return lambda seed: compare(make(seed, 32 * (1 + seed % 900), name), 1 + seed % 900, name, seed)


def modulated(name):
    """Return a function that does so with a program of LFO, LFO hold and CSM."""
    return lambda seed: compare(modulated_program(seed, 300 + seed % 3000, name), 300 + seed % 3000, name, seed)


def moving(name):
    """Return a function that does so with notes whose envelopes move in all ways, in long spans."""
    return lambda seed: compare(envelope_program(seed, 3000, name), 3000, name, seed)


def timed(seed):
    """Do so with timers that are written among other writes."""
    compare(timer_program(seed, 2000), 2000, "ym2151", seed)


def queued(seed):
    """Do so with a program whose writes are paced as a player's."""
    compare(queued_program(seed, 1200, "ym2151"), 1200, "ym2151", seed)


KINDS = {
    "random writes": by_frames(random_program, "ym2151"),
    "random writes, YM2164": by_frames(random_program, "ym2164"),
    "random writes, all sounding": by_frames(loud_program, "ym2151"),
    "LFO and CSM": modulated("ym2151"),
    "LFO and CSM, YM2164": modulated("ym2164"),
    "moving envelopes": moving("ym2151"),
    "moving envelopes, YM2164": moving("ym2164"),
    "writes to timers": timed,
    "queued writes": queued,
    "raw and queued writes": lambda seed: test_raw_and_queued_writes_mixed.hypothesis.inner_test("ym2151", seed),
    "settled chips": test_settled_chips.hypothesis.inner_test,
    "quick writes to settled chips": test_every_register_from_20_on.hypothesis.inner_test,
}
"""Comparisons of one seed; each raises AssertionError with the first field that differs."""


def main(arguments: list[str] | None = None) -> None:
    """Compare, and print how many were the same."""
    parser = argparse.ArgumentParser(description="compare the engines")
    parser.add_argument("--programs", type=int, default=1000, help="of each kind (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the first (default %(default)s)")
    options = parser.parse_args(arguments)
    for kind, check in KINDS.items():
        begin = time.monotonic()
        for seed in range(options.seed, options.seed + options.programs):
            check(seed)
        print(f"{kind}: {options.programs} the same, {time.monotonic() - begin:.0f} s", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
