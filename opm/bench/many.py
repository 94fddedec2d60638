"""Thousands of notes: ``render_many`` with one worker and with all, beside a plain loop and ymfm-py."""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..chip import run
from ..dataset import random_voice
from ..events import REFERENCE_RATE, Events, to_writes
from ..many import cores, render_many
from ..pitch import REFERENCE_CLOCK
from .report import Table, figure
from .workloads import Row, interleaved, timed

SECONDS = (0.25, 1.0, 10.0)
"""Lengths of the notes."""
AUDIO = 200
"""Seconds of sound of a run, whatever the length of a note."""


def _loop(jobs: list[Any], frames: int) -> None:
    for voice, midi, held in jobs:
        run(voice.events(midi, held), frames)


def _theirs(programs: list[Events], frames: int) -> None:
    """Play the same register writes on ymfm-py, all of them before the first sample."""
    import ymfm  # type: ignore[import-not-found,import-untyped,unused-ignore]

    for writes in programs:
        chip = ymfm.YM2151(clock=REFERENCE_CLOCK)
        for address, data in zip(writes["address"].tolist(), writes["data"].tolist(), strict=True):
            chip.write_address(address)
            chip.write_data(data)
        chip.generate(frames)


def rows(runs: int = 7, audio: float = AUDIO) -> list[Row]:
    """Render random voices of the datasets' prior, the key down throughout, into an array that is there.

    Parameters
    ----------
    runs : int
        Of which the medians are taken, all ways in turn.
    audio : float
        Seconds of sound of a run.

    Returns
    -------
    list of dict
        Rows with ``seconds`` (of a note), ``how``, ``notes_per_second``, ``hours_per_minute`` (of audio), ``vs_one``
        (how many times as fast as one worker) and ``outside``: the share of one worker's time that all but the
        rendering takes, as measured with notes of no length; None for the others.
    """
    found = []
    for seconds in SECONDS:
        frames, count = round(seconds * REFERENCE_RATE), max(2, round(audio / seconds))
        notes = [(random_voice(1, i), 36.0 + i % 48, seconds) for i in range(count)]
        # There before it is measured, so that no way pays for its pages.
        out = np.zeros((count, frames, 2), np.int16)
        ways: dict[str, Callable[[], Any]] = {
            "1 worker": partial(render_many, notes, frames, out, 1),
            f"{cores()} workers": partial(render_many, notes, frames, out, cores()),
            "plain loop": partial(_loop, notes, frames),
            "outside": partial(render_many, notes, 0, None, 1),
        }
        if importlib.util.find_spec("ymfm"):
            # Without the key-off, the last write: the key is down throughout.
            programs = [to_writes(voice.events(midi, held))[:-1] for voice, midi, held in notes]
            ways["ymfm-py"] = partial(_theirs, programs, frames)
        times = interleaved({how: partial(timed, work) for how, work in ways.items()}, runs)
        outside = times.pop("outside") / times["1 worker"]
        found += [
            {
                "seconds": seconds,
                "how": how,
                "notes_per_second": count / taken,
                "hours_per_minute": count * frames / REFERENCE_RATE / taken / 60,
                "vs_one": times["1 worker"] / taken,
                "outside": outside if how == "1 worker" else None,
            }
            for how, taken in times.items()
        ]
    return found


def table(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    head = [
        "seconds of a note",
        "how",
        "notes per second",
        "hours of audio per minute",
        "times one worker",
        "all but rendering",
    ]
    return [
        head,
        *(
            [
                figure(row["seconds"]),
                row["how"],
                figure(row["notes_per_second"]),
                figure(row["hours_per_minute"]),
                figure(row["vs_one"]),
                "-" if row["outside"] is None else f"{row['outside']:.1%}",
            ]
            for row in rows
        ),
    ]
