"""Play YM2151 register logs, or render them to WAV."""

import argparse
import json
import math
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from rich.console import Console
from rich.progress import Progress

import opm

from . import formats, outputs
from .render import Renderer, Samples
from .resample import Resampler
from .schedule import FAMILY, Options, Schedule
from .song import FASTEST, SLOWEST, Song, SongError
from .speaker import Speaker

BAD_INPUT, INTERRUPTED = 2, 130
DEFAULT_RATE = 48_000
COMPILE_NOTICE = 0.7
"""Seconds after which a first compilation is announced."""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"player: {message} (python -m player --help lists the options)\n")


def _number(low: float, high: float, kind: type = float) -> Any:
    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected a number from {low:g} to {high:g}, got {text!r}")
        return value

    return convert


def _rate(text: str) -> int | None:
    return None if text == "native" else _number(8000, 384_000, int)(text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m player", description=__doc__)
    parser.add_argument("song", type=Path, help="JSON register log, VGM or VGZ")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="render to a 16-bit WAV file")
    parser.add_argument(
        "--rate",
        type=_rate,
        default=DEFAULT_RATE,
        metavar="native|HZ",
        help=f"sample rate of the file (default {DEFAULT_RATE}); native = the chip's own samples, untouched",
    )
    parser.add_argument("--info", action="store_true", help="say what the file holds, and stop")
    parser.add_argument("--json", action="store_true", help="with --info: for machines")
    parser.add_argument("--loops", type=_number(1, 10_000, int), default=2, metavar="N", help="passes of the loop (2)")
    parser.add_argument(
        "--fade", type=_number(0, 3600), default=8.0, metavar="SECONDS", help="fade after the loops (8); 0 = none"
    )
    parser.add_argument(
        "--tail", type=_number(0, 3600), default=1.0, metavar="SECONDS", help="at most this after an end (1)"
    )
    parser.add_argument(
        "--clock", type=_number(SLOWEST, FASTEST, int), metavar="HZ", help="master clock instead of the file's"
    )
    parser.add_argument(
        "--compat",
        choices=("cat2151", "none"),
        help="cat2151: the chip at twice its speed, as that family of players runs it; none: the true chip",
    )
    parser.add_argument("--time-unit", choices=("samples", "seconds"), help="what a JSON log's times count")
    return parser


def info(song: Song, schedule: Schedule) -> dict[str, Any]:
    """Return what a listener may want to know, ready for JSON."""
    loop = song.loop
    return {
        "format": song.format,
        "clock": schedule.clock,
        "chips": list(song.chips),
        "length": round(song.seconds(song.length), 3),
        "loop": {"start": round(song.seconds(loop.tick), 3), "length": round(song.seconds(schedule.loop_ticks), 3)}
        if loop
        else None,
        "tags": song.tags,
        "writes": len(song.writes),
        "compat": "cat2151" if schedule.bus is FAMILY else "none",
        "not_played": list(song.not_played),
        "notes": song.notes,
    }


def _print_info(facts: dict[str, Any]) -> None:
    """Print the facts, a line each."""
    loop = facts["loop"]
    lines = {
        "format": facts["format"],
        "clock": f"{facts['clock']} Hz",
        "chips": ", ".join(name.upper() for name in facts["chips"]),
        "length": f"{facts['length']:.3f} s",
        "loop": f"{loop['length']:.3f} s from {loop['start']:.3f} s" if loop else "none",
        **facts["tags"],
        "writes": facts["writes"],
        "compat": facts["compat"],
        "not played": ", ".join(facts["not_played"]) or "nothing",
    }
    width = max(map(len, lines))
    for name, value in lines.items():
        print(f"{name:{width}}  {value}")


def _say(*words: str) -> None:
    """Print a line for people, out of the way of any output."""
    print(*words, file=sys.stderr, flush=True)


def _announce(song: Song, schedule: Schedule) -> None:
    """Say what was decided, and what will not be heard."""
    for note in song.notes:
        _say(f"note: {note}")
    if schedule.bus is FAMILY:
        _say("note: cat2151 timing, the chip at twice its speed (--compat none plays the true chip)")
    if song.not_played:
        _say(f"not played: {', '.join(song.not_played)}")


def _compile() -> None:
    """Have the chip compiled, and say so if it takes long."""
    notice = threading.Timer(COMPILE_NOTICE, _say, ["compiling, first run only"])
    notice.start()
    opm.YM2151()
    notice.cancel()


def _converted(renderer: Renderer, resampler: Resampler) -> Iterator[Samples]:
    for block in renderer.blocks():
        yield resampler.convert(block)
    yield resampler.convert(np.empty((0, 2), np.int16), last=True)


def _with_progress(blocks: Iterable[Samples], renderer: Renderer) -> Iterator[Samples]:
    """Draw a progress bar on a terminal's standard error."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("rendering", total=renderer.schedule.frames)
        for block in blocks:
            progress.update(task, completed=renderer.position)
            yield block


def _render(schedule: Schedule, path: Path, rate: int | None) -> None:
    renderer = Renderer(schedule)
    target = schedule.rate if rate is None else rate
    seconds = schedule.frames / schedule.rate
    if seconds * target * 4 > outputs.WAV_LIMIT:
        raise SongError(f"{seconds:.0f} s at {target:.0f} Hz do not fit in a WAV file of 4 GiB")
    blocks = _converted(renderer, Resampler(schedule.rate, target))
    outputs.write_wav(path, target, _with_progress(blocks, renderer))


def _play(schedule: Schedule) -> None:
    speaker = Speaker()
    try:
        speaker.play(Renderer(schedule).blocks(), schedule.rate)
    finally:
        if speaker.underruns:
            _say(f"underruns: {speaker.underruns}")


def main(argv: list[str] | None = None) -> int:
    """Run the player; return its exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    args = _parser().parse_args(argv)
    name = args.song
    try:
        song = formats.read(args.song, args.time_unit)
        family = None if args.compat is None else args.compat == "cat2151"
        schedule = Schedule(song, Options(args.loops, args.fade, args.tail, args.clock, family))
        if args.info:
            facts = info(song, schedule)
            print(json.dumps(facts, ensure_ascii=False, indent=2)) if args.json else _print_info(facts)
            return 0
        _announce(song, schedule)
        _compile()
        if args.output is None:
            _play(schedule)
        else:
            name = args.output
            if args.output.exists() and args.output.samefile(args.song):
                raise SongError("this is the song itself: choose another name")
            _render(schedule, args.output, args.rate)
    except SongError as error:
        _say(f"player: {name}: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
