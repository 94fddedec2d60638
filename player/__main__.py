"""Play YM2151 register logs, or render them to files."""

import argparse
import dataclasses
import json
import math
import os
import sys
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import count, repeat
from pathlib import Path
from typing import Any, NoReturn

import opm
from opm.song import CAT2151, CHANNELS, FASTEST, SLOWEST, Options, Schedule, SongError, printable, reason

from . import ending, outputs, streams
from .job import STDOUT, Job
from .live import LATENCY, Live
from .playing import NEXT, PREVIOUS, QUIT, Playing
from .serve import DEFAULT, Server
from .speaker import CardGone, Speaker, devices, quiet
from .streams import say, tell

SOME_FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
DEFAULT_RATE = 48_000
DEFAULT_ADDRESS = "{}:{}".format(*DEFAULT)
COMPILE_NOTICE = 2.0
"""Seconds after which a first compilation is announced."""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        say(f"player: {printable(message, 400)} (python -m player --help lists the options)")
        self.exit(BAD_INPUT)

    def print_help(self, file: Any = None) -> None:
        tell(self.format_help().rstrip())


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


def _time(text: str) -> float:
    """Read seconds, or minutes:seconds."""
    minutes, _, seconds = text.rpartition(":")
    value: float = _number(0, 604_800)(seconds)
    return value + 60 * (_number(0, 10_000, int)(minutes) if minutes else 0)


def _channels(text: str) -> int:
    """Read channel numbers from 1 into a mask."""
    mask = 0
    for word in text.split(","):
        mask |= 1 << (_number(1, CHANNELS, int)(word) - 1)
    return mask


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m player", description=__doc__)
    add = parser.add_argument
    add("songs", type=Path, nargs="*", metavar="SONG", help="JSON or text log, VGM, VGZ, S98, ZSM, MDX")
    endings = ", ".join(outputs.SOUND | outputs.LOGS)
    add("-o", "--output", metavar="FILE", help=f"write a file, by its ending: {endings}; a folder/ for several songs; - for WAV to standard output")  # fmt: skip  # noqa: E501
    add("--rate", type=_rate, default=DEFAULT_RATE, metavar="native|HZ", help=f"sample rate of a file ({DEFAULT_RATE}); native = the chip's own samples, untouched")  # fmt: skip  # noqa: E501
    add("--float", action="store_true", help="32-bit float WAV")
    add("--stems", type=Path, metavar="DIR", help="write one WAV file per channel")
    add("--jobs", type=_number(1, 64, int), default=1, metavar="N", help="songs rendered at the same time (1)")
    add("--info", action="store_true", help="say what the file holds, and stop")
    add("--json", action="store_true", help="with --info: for machines")
    add("--loops", type=_number(1, 10_000, int), default=2, metavar="N", help="passes of the loop (2)")
    add("--fade", type=_number(0, 3600), default=8.0, metavar="SECONDS", help="fade after the loops (8); 0 = none")
    add("--tail", type=_number(0, 3600), default=1.0, metavar="SECONDS", help="at most this after an end (1)")
    add("--start", type=_time, default=0.0, metavar="TIME", help="begin there: seconds or minutes:seconds")
    add("--speed", type=_number(0.05, 20), default=1.0, metavar="X", help="tempo, not pitch (1)")
    add("--volume", type=_number(-96, 48), default=0.0, metavar="DB", help="volume in dB (0)")
    add("--mute", type=_channels, default=0, metavar="1,3", help="channels to leave out")
    add("--solo", type=_channels, default=0, metavar="2", help="channels to hear alone")
    add("--clock", type=_number(SLOWEST, FASTEST, int), metavar="HZ", help="master clock instead of the file's")
    add("--compat", choices=("cat2151", "none"), help="cat2151: the chip at twice its speed, as that family of players runs it; none: the true chip")  # fmt: skip  # noqa: E501
    add("--time-unit", choices=("samples", "seconds"), help="what a JSON or text log's times count")
    add("--device", metavar="NAME", help="output device, by number or part of its name")
    add("--latency", choices=("high", "low"), default="high", help="high (default): a second rendered ahead")
    add("--plain", action="store_true", help="one line of status instead of the screen")
    add("--scope", action="store_true", help="an oscilloscope for each channel")
    add("--serve", nargs="?", const="", metavar="HOST:PORT", help=f"a live chip for other programs ({DEFAULT_ADDRESS})")
    add("--token", metavar="WORD", help="with --serve: what clients have to show first")
    add("--list-devices", action="store_true", help="list the output devices, and stop")
    return parser


def info(schedule: Schedule) -> dict[str, Any]:
    """Return what a listener may want to know, ready for JSON."""
    song = schedule.song
    loop, (first, end) = song.loop, song.playing
    return {
        "format": song.format,
        "clock": schedule.clock,
        "chips": list(song.chips),
        "length": round(song.seconds(end), 3),
        "loop": {"start": round(song.seconds(first), 3), "length": round(song.seconds(song.loop_ticks), 3)}
        if loop
        else None,
        "tags": song.tags,
        "writes": len(song.writes),
        "compat": "cat2151" if schedule.bus is CAT2151 else "none",
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
        **{printable(name, 40): value for name, value in facts["tags"].items()},
        "writes": facts["writes"],
        "compat": facts["compat"],
        "not played": ", ".join(facts["not_played"]) or "nothing",
    }
    width = max(map(len, lines))
    tell("\n".join(f"{name:{width}}  {printable(str(value))}" for name, value in lines.items()))


def _announce(schedule: Schedule) -> None:
    """Say what was decided, and what will not be heard."""
    song = schedule.song
    for note in song.notes:
        say(f"note: {note}")
    if schedule.bus is CAT2151:
        say("note: cat2151 timing, the chip at twice its speed (--compat none plays the true chip)")
    if song.not_played:
        say(f"not played: {', '.join(song.not_played)}")


def _compile() -> None:
    """Have the chip compiled, and say so if it takes long; beside the main thread, which signals can end meanwhile."""
    compiler = ThreadPoolExecutor(1)
    compiling = compiler.submit(opm.YM2151)
    try:
        compiling.result(COMPILE_NOTICE)
    except TimeoutError:
        say("compiling, first run only")
        compiling.result()
    compiler.shutdown()


def _job(args: argparse.Namespace, song: Path) -> Job:
    """Return what the options ask for a song."""
    family = None if args.compat is None else args.compat == "cat2151"
    mute = args.mute | (0xFF & ~args.solo if args.solo else 0)
    return Job(
        song=song,
        output=Path(args.output) if args.output else None,
        stems=args.stems,
        rate=args.rate,
        floating=args.float,
        gain=10 ** (args.volume / 20),
        mute=mute,
        start=args.start,
        time_unit=args.time_unit,
        options=Options(
            loops=args.loops, fade=args.fade, tail=args.tail, clock=args.clock, family=family, speed=args.speed
        ),
    )


def _play(jobs: list[Job], args: argparse.Namespace, first: Schedule | None = None) -> list[str]:
    """Play songs one after the other, as the keys say; return what went wrong. ``first`` has been read already."""
    failed: list[str] = []
    _compile()
    speaker = Speaker(args.device)
    at = 0
    try:
        while 0 <= at < len(jobs):
            try:
                schedule = first or jobs[at].read()
                first = None
                _announce(schedule)
                outcome = Playing(speaker, jobs[at], schedule, args.latency, args.plain, args.scope).play()
            except CardGone:
                raise
            except SongError as error:
                failed.append(f"{jobs[at].song}: {error}")
                outcome = NEXT
            if outcome == QUIT:
                break
            at = max(0, at - 1) if outcome == PREVIOUS else at + 1
    finally:
        speaker.close()
        if speaker.underruns:
            say(f"underruns: {speaker.underruns}")
    return failed


def _one(job: Job, args: argparse.Namespace) -> None:
    """Say something about a song, or render it."""
    schedule = job.read()
    if args.info:
        facts = info(schedule)
        tell(json.dumps(facts, indent=2)) if args.json else _print_info(facts)
        return
    job.check(schedule)
    _announce(schedule)
    _compile()
    for line in job.run(schedule):
        say(f"note: {line}")


def _attempt(job: Job, args: argparse.Namespace) -> str | None:
    """Do one song; return what went wrong."""
    try:
        _one(job, args)
    except SongError as error:
        return f"{job.song}: {error}"
    return None


def _attempt_in_child(job: Job, args: argparse.Namespace) -> str | None:
    """Do one song in a worker process, which ends if it is told to: the pool would give it the next one."""
    try:
        return _attempt(job, args)
    except ending.Ended as ended:
        ending.leave(ended.code)


def _in_children(jobs: list[Job], args: argparse.Namespace) -> list[str | None]:
    """Do songs side by side; however this process ends, the workers end with it."""
    with ProcessPoolExecutor(args.jobs, initializer=ending.in_child) as pool:
        try:
            return list(pool.map(_attempt_in_child, jobs, repeat(args)))
        except BaseException as error:
            ending.end_children()
            pool.shutdown(cancel_futures=True)
            if isinstance(error, BrokenExecutor):
                raise SongError("a worker process died, perhaps for want of memory") from None
            raise


def _many(args: argparse.Namespace) -> int:
    """Do several songs, one failure not stopping the rest."""
    names = _distinct([song.stem for song in args.songs])
    jobs = [dataclasses.replace(_job(args, song), name=name) for song, name in zip(args.songs, names, strict=True)]
    if args.output == str(STDOUT):
        raise SongError("standard output takes one song, several need a folder/")
    if args.output:
        folder = Path(args.output)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise SongError(f"{folder}: expected a folder for several songs") from None
        except OSError as error:
            raise SongError(f"cannot write {folder}: {reason(error)}") from None
        if args.stems and args.stems.resolve() == folder.resolve():
            raise SongError("expected different folders for the songs and their stems")
        jobs = [dataclasses.replace(job, output=folder / f"{job.name}.wav") for job in jobs]
    if args.jobs > 1 and (args.output or args.stems):
        _compile()
        results = _in_children(jobs, args)
    elif args.output or args.stems or args.info:
        results = [_attempt(job, args) for job in jobs]
    else:
        results = list(_play(jobs, args))
    failed = [result for result in results if result]
    for line in failed:
        say(f"player: {line}")
    if failed:
        say(f"{len(failed)} of {len(jobs)} songs failed")
    return SOME_FAILED if failed else 0


def _serve(args: argparse.Namespace) -> int:
    """Run the live server until it is shut down."""
    host, _, port = (args.serve or DEFAULT_ADDRESS).rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise SongError(f"expected HOST:PORT, got {args.serve!r}")
    _compile()
    with quiet():
        speaker = Speaker(args.device, LATENCY)
        live = Live(args.clock or opm.REFERENCE_CLOCK, "ym2151", speaker, lambda line: say(f"player: {line}"))
        try:
            with Server(live, (host, int(port)), args.token) as server:
                if not server.loopback:
                    advice = "" if args.token else "; --token WORD keeps strangers out"
                    say(f"warning: other machines can reach this server{advice}")
                live.start()
                say(f"serving on {host}:{server.server_address[1]}")
                server.serve_forever(0.1)
        except OSError as error:
            raise SongError(f"cannot serve on {host}:{port}: {reason(error)}") from None
        finally:
            live.stop()
            if speaker.underruns:
                say(f"underruns: {speaker.underruns}")
    return BAD_INPUT if live.failure else 0


def _distinct(names: list[str]) -> list[str]:
    """Number names that come twice, past those that others have of their own; file systems may ignore case."""
    taken, result = {name.casefold() for name in names}, dict[str, str]()
    for name in names:
        numbered = (f"{name}-{number}" for number in count(2) if f"{name}-{number}".casefold() not in taken)
        chosen = name if name.casefold() not in result else next(numbered)
        taken.add(chosen.casefold())
        result[chosen.casefold()] = chosen
    return list(result.values())


def main(argv: list[str] | None = None) -> int:
    """Run the player; return its exit code: 0, 1 if some of several songs failed, 2 bad input, 130 after Ctrl-C."""
    parser = _parser()
    args = argparse.Namespace(songs=())
    try:
        args = parser.parse_args(argv)
        if args.list_devices:
            tell(devices())
            return 0
        if args.serve is not None:
            return _serve(args)
        if args.token:
            parser.error("--token goes with --serve")
        if not args.songs:
            parser.error("expected a song")
        if len(args.songs) > 1 or (args.output or "").endswith(("/", os.sep)):
            return _many(args)
        job = _job(args, args.songs[0])
        if args.output or args.stems or args.info:
            failure = _attempt(job, args)
        else:
            failure = next(iter(_play([job], args, job.read())), None)
    except SongError as error:
        failure = f"{args.songs[0]}: {error}" if len(args.songs) == 1 else str(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        streams.drop()
        return SOME_FAILED
    if failure:
        say(f"player: {failure}")
    return BAD_INPUT if failure else 0


def run() -> NoReturn:
    """Run the player as a program, which signals can end."""
    streams.complete()
    ending.obey_signals()
    try:
        code = main()
    except ending.Ended as ended:
        ending.leave(ended.code)
    sys.exit(code)


if __name__ == "__main__":
    run()
