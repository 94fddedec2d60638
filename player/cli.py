"""The command line: what it takes, and which option has a meaning for what.

Imports nothing that takes time, so that ``--help`` and a mistyped option answer in 0.1 s.
"""

import argparse
import math
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from opm.song import CHANNELS, CORES, FASTEST, FASTEST_BPM, MOST_CHIPS, SLOWEST, SLOWEST_BPM

from .keys import KEYS
from .signals import BAD_INPUT
from .streams import PROG, say, tell

SOUND = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
"""Sound files: the ending of a name, and what libsndfile calls format and encoding."""
FILES = (*SOUND, ".vgm", ".vgz", ".log", ".json", ".mid", ".mdx")
"""All that is written; a test compares those of songs with opm's formats, whose import takes half a second."""
RECORDED = (*SOUND, ".vgm", ".vgz", ".log", ".json")
"""What a live session can be recorded as."""
DEFAULT_RATE = 48_000
DEFAULT_ADDRESS = ("127.0.0.1", 2151)

PARTS = ("ym2151", "ym2164", *CORES)
"""What a song's parts are called."""

PLAYING = "playing"
_HEARD = {PLAYING, "--stems", *SOUND}
_WRITTEN = {"--stems", *FILES}
MEANINGS = {
    option: uses
    for uses, options in (
        ({PLAYING, "--info", *_WRITTEN}, "songs time_unit pdx chips"),
        ({PLAYING, "--info", "--serve", "--midi-in", *_WRITTEN}, "voices click_free"),
        (_WRITTEN, "output stems format jobs"),
        ({"--stems", *SOUND}, "rate"),
        ({"--stems", ".wav"}, "float"),
        ({".mid"}, "bpm"),
        (_HEARD, "loops fade tail start speed volume compat"),
        ({PLAYING, *SOUND}, "mute solo parts"),
        ({"--serve", "--midi-in", *_HEARD}, "clock"),
        ({PLAYING, "--serve", "--midi-in"}, "device latency"),
        ({PLAYING, "--midi-in"}, "plain"),
        ({PLAYING}, "scope shuffle"),
        ({"--serve", "--midi-in"}, "record"),
        ({"--midi-in"}, "midi_in"),
        ({"--info"}, "info json"),
        ({"--serve"}, "serve token token_file"),
        ({"--list-devices"}, "list_devices"),
        ({"--print-completion"}, "print_completion"),
        ({"--version"}, "version"),
    )
    for option in options.split()
}
"""The uses in which each option means something: playing, an ending of ``-o``, or an option that is a use by itself."""


class Voices(NamedTuple):
    """Channels and parts that an option names."""

    channels: int = 0
    """Mask, bit 0 = channel 1."""
    parts: frozenset[str] = frozenset()


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line.

    ``defaults`` are filled in by ``parse``: argparse cannot tell a default from the same value given, and an option
    given in vain is refused.
    """

    defaults: dict[str, Any]

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: {message} ({self.prog} --help lists the options)")
        self.exit(BAD_INPUT)

    def print_help(self, file: Any = None) -> None:
        tell(self.format_help().rstrip())


def _number(low: float, high: float, kind: type = float) -> Any:
    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        # "nan" is a number to float; no comparison holds for it, so it is refused here, too.
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected a number from {low} to {high}, got {text!r}")
        return value

    return convert


def _or(word: str, meaning: float | None, convert: Any) -> Any:
    return lambda text: meaning if text == word else convert(text)


def _time(text: str) -> float:
    """Read seconds, or minutes:seconds."""
    minutes, colon, seconds = text.rpartition(":")
    value: float = _number(0, 604_800)(seconds)
    if colon and value >= 60:
        raise argparse.ArgumentTypeError(f"expected seconds below 60 after minutes, got {text!r}")
    return value + 60 * (_number(0, 10_000, int)(minutes) if colon else 0)


def _part(text: str) -> str:
    """Read a part's name, such as ``sn76489`` or ``sn76489-2``, the second of two."""
    kind, dash, number = text.lower().partition("-")
    if kind not in PARTS or (dash and not number.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected a part: {', '.join(PARTS)}, got {text!r}")
    return text.lower()


def _parts(text: str) -> tuple[str, ...]:
    # A dict, not a set: the order is that of the command line, in messages as well.
    return tuple(dict.fromkeys(map(_part, text.split(","))))


def _voices(text: str) -> Voices:
    """Read channel numbers, from 1, and names of parts."""
    words = set(text.split(","))
    # Empty words are taken for numbers, whose error message is the one that helps: "1,,2".
    numbers = {word for word in words if word[:1].isdigit() or not word}
    channels = sum(1 << (number - 1) for number in set(map(_number(1, CHANNELS, int), numbers)))
    return Voices(channels, frozenset(map(_part, words - numbers)))


def _name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("expected a name, got nothing")
    return text


def _recorded(text: str) -> str:
    if Path(text).suffix.lower() not in RECORDED:
        raise argparse.ArgumentTypeError(f"expected a name that ends in {', '.join(RECORDED)}, got {text!r}")
    return text


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, got {text!r}")
    return host, int(port)


def parser(prog: str = "numba-opm") -> _Parser:
    """Return the parser of the command line."""
    made = _Parser(
        prog,
        usage="%(prog)s [options] SONG ...",
        description="Play YM2151 register logs, or write them to files.",
        epilog="keys while it plays:\n" + "\n".join(f"  {key.shown:10}{key.does}" for key in KEYS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.defaults = {}
    group: argparse._ActionsContainer = made
    flag: Any = {"action": "store_true", "default": False}

    def add(*names: str, default: Any = None, **more: Any) -> None:
        made.defaults[group.add_argument(*names, default=argparse.SUPPRESS, **more).dest] = default

    songs = "logs (JSON, text), VGM, VGZ, S98, ZSM, MDX, MIDI, .mml; a folder or an M3U playlist; - for standard input"
    add("songs", type=_name, nargs="*", metavar="SONG", default=[], help=songs)
    add("--version", **flag, help="say which version this is")
    add("--print-completion", choices=("bash", "zsh", "tcsh"), help="print a script for completion in a shell")
    group = made.add_argument_group("files out")
    output = f"a file, by its ending: {' '.join(FILES)}; a folder/ for several songs; - for WAV to standard output"
    add("-o", "--output", type=_name, metavar="FILE", help=output)
    endings = [ending[1:] for ending in FILES]
    add("--format", choices=endings, default="wav", help="format of the files in -o FOLDER/ (wav)")
    add("--stems", type=_name, metavar="FOLDER", help="write one WAV file per channel and per other part")
    add("--jobs", type=_number(1, 64, int), metavar="N", help="how many of several songs to write at once (1)")
    rate, hertz = f"sample rate ({DEFAULT_RATE}); native: the chip's own samples", _number(8000, 384_000, int)
    add("--rate", type=_or("native", None, hertz), default=DEFAULT_RATE, metavar="native|HZ", help=rate)
    add("--float", **flag, help="WAV of 32-bit floats")
    bpm = "tempo of a .mid (that of the notes, or 120 where they have none); notes keep their times"
    add("--bpm", type=_number(SLOWEST_BPM, FASTEST_BPM), metavar="BPM", help=bpm)
    add("--info", **flag, help="say what the songs hold")
    add("--json", **flag, help="with --info: as JSON, for programs")
    group = made.add_argument_group("sound")
    passes = _or("inf", math.inf, _number(1, 10_000, int))
    add("--loops", type=passes, default=2, metavar="N|inf", help="passes of the loop (2); inf: until you end it")
    add("--fade", type=_number(0, 3600), default=8.0, metavar="SECONDS", help="fade after the loops (8); 0: none")
    add("--tail", type=_number(0, 3600), default=10.0, metavar="SECONDS", help="longest tail, if there is no loop (10)")
    add("--start", type=_time, default=0.0, metavar="TIME", help="where to begin: seconds or minutes:seconds")
    add("--speed", type=_number(0.05, 20), default=1.0, metavar="X", help="tempo factor (1); pitch stays")
    add("--volume", type=_number(-96, 48), default=0.0, metavar="DB", help="volume in dB (0)")
    add("--mute", type=_voices, default=Voices(), metavar="1,PART", help="channels and parts to leave out")
    add("--solo", type=_voices, default=Voices(), metavar="2,PART", help="channels and parts to hear alone")
    parts = f"chips of the board to hear, as --info names them: ym2151, {', '.join(CORES[:4])} ..."
    add("--parts", type=_parts, metavar="NAMES", help=parts)
    add("--clock", type=_number(SLOWEST, FASTEST, int), metavar="HZ", help="master clock instead of the file's")
    compat = "cat2151: run the chip at twice its speed, as that family of players does; none: the true chip"
    add("--compat", choices=("cat2151", "none"), help=compat)
    add("--pdx", type=_name, metavar="FOLDER", help="where an MDX's samples are, if not beside it")
    bank = "MIDI: instruments: a bank (.toml, .opm, .wopn), a folder of tones, or their .json"
    add("--voices", type=_name, metavar="BANK", help=bank)
    chips = f"MIDI: YM2151s to play it, 1 to {MOST_CHIPS}, with {CHANNELS} notes at once each (1)"
    add("--chips", type=_number(1, MOST_CHIPS, int), default=1, metavar="N", help=chips)
    add("--click-free", **flag, help="MIDI: silence a channel for 2 ms before a note takes it from another")
    add("--time-unit", choices=("samples", "seconds"), help="unit of a JSON or text log's times")
    group = made.add_argument_group("playing")
    add("--shuffle", **flag, help="play several songs in random order")
    add("--device", type=_name, metavar="NAME", help="output device, by number or part of its name")
    add("--list-devices", **flag, help="list the output devices, and the MIDI inputs")
    latency = (
        "how much sound the device holds: high or low, 0.15 (the default) or 0.06 s for songs, 0.1 (the default of "
        "--serve) or 0.015 (that of --midi-in) for what is played live"
    )
    add("--latency", choices=("high", "low"), help=latency)
    add("--plain", **flag, help="one line of status instead of the screen")
    add("--scope", **flag, help="an oscilloscope for each channel")
    group = made.add_argument_group("live")
    port = "play a MIDI keyboard on the live chip: an input, by number or part of its name; the only one if not given"
    add("--midi-in", type=str, nargs="?", const="", metavar="PORT", help=port)
    serve = "a live chip for other programs ({}:{})".format(*DEFAULT_ADDRESS)
    add("--serve", type=_address, nargs="?", const=DEFAULT_ADDRESS, metavar="HOST:PORT", help=serve)
    file = "with --serve: a file with the token that clients have to show (else the variable NUMBA_OPM_TOKEN is used)"
    add("--token-file", type=_name, metavar="FILE", help=file)
    add("--token", type=_name, metavar="WORD", help="the token itself, which all users of the machine can see")
    record = f"record the sound, or the writes, by the name's ending: {' '.join(RECORDED)}"
    add("--record", type=_recorded, metavar="FILE", help=record)
    return made


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for; an option without a meaning for that is an error.

    Adds ``folder``: whether the output is one.
    """
    made = parser(PROG)
    argv = sys.argv[1:] if argv is None else argv
    # parse_args would take no song behind an option; parse_intermixed_args does, but does not know "--".
    end = argv.index("--") if "--" in argv else len(argv)
    given = vars(made.parse_intermixed_args(argv[:end]))
    if names := given.get("songs", []) + argv[end + 1 :]:
        given["songs"] = names
    args = argparse.Namespace(**made.defaults | given)
    output = args.output or ""
    args.folder = output.endswith(("/", os.sep)) or os.path.isdir(output)  # noqa: PTH112 (any name is one here)
    ending = ".wav" if output == "-" else f".{args.format}" if args.folder else Path(output).suffix.lower()
    if output and ending not in FILES:
        made.error(f"{output}: expected a name that ends in {', '.join(FILES)}, or a folder/")
    # Each option given has to mean something in every use: what does nothing in one of two outputs is refused as well.
    uses = [ending] * bool(output) + [_flag(name) for name in given if _flag(name) in MEANINGS[name]] or [PLAYING]
    for name in given:
        if strange := [use for use in uses if use not in MEANINGS[name]]:
            made.error(f"{_flag(name)} has no meaning for {strange[0]}")
    if not args.songs and any(use in MEANINGS["songs"] for use in uses):
        made.error("expected a song")
    if args.songs.count("-") > 1:
        made.error("standard input is one song")
    if "format" in given and not args.folder:
        made.error("--format goes with -o FOLDER/")
    if args.loops == math.inf and uses != [PLAYING]:
        made.error("--loops inf has a meaning for playing only: a file would have no end")
    if args.latency is None:
        args.latency = "low" if args.midi_in is not None else "high"
    if args.plain and args.scope:
        made.error("--scope has no meaning for --plain")
    if args.token and args.token_file:
        made.error("--token and --token-file are the same")
    if both := args.mute.channels & args.solo.channels:
        made.error(f"channel {both.bit_length()} is both in --mute and in --solo")
    if named := args.mute.parts & args.solo.parts:
        made.error(f"{min(named)} is both in --mute and in --solo")
    if args.parts and any(args.solo):
        made.error("--parts and --solo both say what is heard")
    if named := args.mute.parts.intersection(args.parts or ()):
        made.error(f"{min(named)} is both in --mute and in --parts")
    return args


def _flag(name: str) -> str:
    return "SONG" if name == "songs" else "--" + name.replace("_", "-")


def completion(shell: str) -> str:
    """Return the script that makes a shell complete the options."""
    import shtab

    made = parser()
    kinds = dict.fromkeys(("songs", "output", "token_file", "voices", "record"), shtab.FILE)
    kinds |= dict.fromkeys(("stems", "pdx"), shtab.DIRECTORY)
    # shtab offers no way but an attribute of argparse's own objects.
    for action in made._actions:
        if action.dest in kinds:
            action.complete = kinds[action.dest]  # type: ignore[attr-defined]
    script: str = shtab.complete(made, shell)
    return script
