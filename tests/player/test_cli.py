"""The command line: every option means what it says, or is refused with one line; help, completion, manual."""

import inspect
import math
import os
import signal
import subprocess
import sys

import manual
import pytest
from commands import bad
from conftest import ROOT

import opm
from opm.song import Playing, writers
from player import cli, jobs
from player.__main__ import main

SONG = str(ROOT / "player" / "songs" / "mountain_king.vgm")
USES = {
    "playing": [SONG],
    ".wav": [SONG, "-o", "a.wav"],
    "stdout": [SONG, "-o", "-"],
    ".flac": [SONG, "-o", "a.flac"],
    ".ogg": [SONG, "-o", "a.ogg"],
    ".vgm": [SONG, "-o", "a.vgm"],
    ".vgz": [SONG, "-o", "a.vgz"],
    ".log": [SONG, "-o", "a.log"],
    ".json": [SONG, "-o", "a.json"],
    ".mid": [SONG, "-o", "a.mid"],
    "--stems": [SONG, "--stems", "stems"],
    "--info": [SONG, "--info"],
    "--serve": ["--serve", "127.0.0.1:1"],
    "--midi-in": ["--midi-in", "1"],
    "--list-devices": ["--list-devices"],
    "--version": ["--version"],
}
# What each option may stand with: x; a column for each of USES.
#                            playing
#                            | wav
#                            | | stdout
#                            | | | flac
#                            | | | | ogg
#                            | | | | | vgm
#                            | | | | | | vgz
#                            | | | | | | | log
#                            | | | | | | | | json
#                            | | | | | | | | | mid
#                            | | | | | | | | | | stems
#                            | | | | | | | | | | | info
#                            | | | | | | | | | | | | serve
#                            | | | | | | | | | | | | | midi-in
#                            | | | | | | | | | | | | | | list-devices
#                            | | | | | | | | | | | | | | | version
MATRIX = """
    song                     x x x x x x x x x x x x - - - -
    --time-unit samples      x x x x x x x x x x x x - - - -
    --pdx folder             x x x x x x x x x x x x - - - -
    --jobs 2                 - x x x x x x x x x x - - - - -
    --rate 44100             - x x x x - - - - - x - - - - -
    --rate native            - x x x x - - - - - x - - - - -
    --float                  - x x - - - - - - - x - - - - -
    --bpm 120                - - - - - - - - - x - - - - - -
    --loops 3                x x x x x - - - - - x - - - - -
    --loops inf              x - - - - - - - - - - - - - - -
    --fade 0                 x x x x x - - - - - x - - - - -
    --tail 2                 x x x x x - - - - - x - - - - -
    --start 1:30             x x x x x - - - - - x - - - - -
    --speed 2                x x x x x - - - - - x - - - - -
    --volume -3              x x x x x - - - - - x - - - - -
    --compat none            x x x x x - - - - - x - - - - -
    --clock 4000000          x x x x x - - - - - x - x x - -
    --mute 1,3               x x x x x - - - - - - - - - - -
    --mute 1,vera_psg        x x x x x - - - - - - - - - - -
    --solo 2                 x x x x x - - - - - - - - - - -
    --solo vera_pcm          x x x x x - - - - - - - - - - -
    --parts ym2151,msm6258   x x x x x - - - - - - - - - - -
    --device x               x - - - - - - - - - - - x x - -
    --latency low            x - - - - - - - - - - - x x - -
    --plain                  x - - - - - - - - - - - - x - -
    --scope                  x - - - - - - - - - - - - - - -
    --shuffle                x - - - - - - - - - - - - - - -
    --json                   - - - - - - - - - - - x - - - -
    --midi-in 1              - - - - - - - - - - - - - x - -
    --voices x               x x x x x x x x x x x x x x - -
    --chips 2                x x x x x x x x x x x x - - - -
    --click-free             x x x x x x x x x x x x x x - -
    --record x.wav           - - - - - - - - - - - - x x - -
    --token x                - - - - - - - - - - - - x - - -
    --token-file x           - - - - - - - - - - - - x - - -
    --serve                  - - - - - - - - - - - - x - - -
    --info                   x - - - - - - - - - - x - - - -
    --list-devices           - - - - - - - - - - - - - - x -
    --version                - - - - - - - - - - - - - - - x
    --print-completion bash  - - - - - - - - - - - - - - - -
"""
ROWS = [line.strip().rsplit(maxsplit=len(USES)) for line in MATRIX.strip().splitlines()]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Where nothing is in the way, nor written."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("option", "use", "meant"),
    [(row[0], use, mark == "x") for row in ROWS for use, mark in zip(USES, row[1:], strict=True)],
)
def test_what_an_option_has_a_meaning_for(capsys, option, use, meant):
    arguments = [*USES[use], *option.split()]
    if meant:
        cli.parse(arguments)
        assert capsys.readouterr() == ("", "")
    else:
        assert " meaning for " in bad(arguments, capsys)


def test_the_matrix_has_all_options():
    options = {o for action in cli.parser()._actions for o in action.option_strings if o.startswith("--")}
    assert {row[0].split()[0] for row in ROWS} | {"--help", "--output", "--format", "--stems"} == options | {"song"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("a.vgm -o a.vgm --stems d --rate 44100", "--rate has no meaning for .vgm"),
        ("a.vgm -o a.flac --stems d --float", "--float has no meaning for .flac"),
        ("a.vgm -o a.wav --stems d --mute 1", "--mute has no meaning for --stems"),
        ("a.vgm -o d/ --format ogg --float", "--float has no meaning for .ogg"),
        ("a.vgm -o d/ --format mid --volume 1", "--volume has no meaning for .mid"),
        ("a.vgm -o a.wav --format wav", "--format goes with -o FOLDER/"),
        ("a.vgm --format wav", "--format has no meaning for playing"),
        ("a.vgm --stems d --format wav", "--format goes with -o FOLDER/"),
        ("a.vgm -o a.wav --info", "no meaning for"),
        ("a.vgm --list-devices --serve", "no meaning for"),
        ("a.vgm --mute 2 --solo 2", "channel 2 is both in --mute and in --solo"),
        ("a.vgm --mute 1,8 --solo 3,8", "channel 8 is both"),
        ("a.vgm --mute vera_psg --solo 1,vera_psg", "vera_psg is both in --mute and in --solo"),
        ("a.vgm --mute pcm8,ay8910 --parts ay8910,pcm8", "ay8910 is both in --mute and in --parts"),
        ("a.vgm --parts ym2151 --solo 2", "--parts and --solo both say what is heard"),
        ("a.vgm --parts ym2151 --solo vera_psg", "--parts and --solo both say what is heard"),
        ("a.vgm --mute 9", "from 1 to 8, got '9'"),
        ("a.vgm --mute 1,", "from 1 to 8, got ''"),
        ("a.vgm --mute vera", "a part: ym2151, ym2164, vera_psg, vera_pcm, msm6258, pcm8, sega_pcm, "),
        ("a.vgm --solo 1,psg,2", "msm5205, got 'psg'"),
        ("a.vgm --parts 1", "got '1'"),
        ("a.vgm --parts vera_psg,", "got ''"),
        ("a.vgm --parts ym2151-", "got 'ym2151-'"),
        ("a.vgm --parts ym2151-two", "got 'ym2151-two'"),
        ("a.vgm --parts=", "got ''"),
        ("a.vgm -o a.wav --stems d --parts ym2151", "--parts has no meaning for --stems"),
        ("a.vgm -o a.vgm --parts ym2151", "--parts has no meaning for .vgm"),
        ("a.vgm --start 1:99", "expected seconds below 60 after minutes, got '1:99'"),
        ("a.vgm --start 1:60", "below 60"),
        ("a.vgm --start :30", "got ''"),
        ("a.vgm --start 1:2:3", "got '1:2'"),
        ("a.vgm --start -1", "from 0 to 604800, got '-1'"),
        ("a.vgm --loops 0", "from 1 to 10000, got '0'"),
        ("a.vgm --loops 1.5", "got '1.5'"),
        ("a.vgm --loops inf -o a.wav", "--loops inf has a meaning for playing only"),
        ("a.vgm --fade -1", "got '-1'"),
        ("a.vgm --tail nan", "got 'nan'"),
        ("a.vgm --volume inf", "from -96 to 48, got 'inf'"),
        ("a.vgm --clock 5", "from 500000 to 16000000, got '5'"),
        ("a.vgm -o a.mid --bpm 19.9", "from 20 to 400, got '19.9'"),
        ("a.vgm -o a.mid --bpm inf", "from 20 to 400, got 'inf'"),
        ("a.vgm -o a.mid --stems d --bpm 90", "--bpm has no meaning for --stems"),
        ("a.vgm -o d/ --format vgm --bpm 90", "--bpm has no meaning for .vgm"),
        ("a.vgm -o a.wav --rate 0", "from 8000 to 384000, got '0'"),
        ("a.vgm --compat x", "--compat"),
        ("a.vgm --nonsense", "--nonsense"),
        ("a.vgm -o a.mp3", "a.mp3: expected a name that ends in .wav, .flac,"),
        ("a.vgm -o out", "or a folder/"),
        ("a.vgm -o", "expected one argument"),
        ("- a.vgm -", "standard input is one song"),
        ("--serve 127.0.0.1:x", "expected HOST:PORT"),
        ("--serve 127.0.0.1:65536", "expected HOST:PORT"),
        ("--serve 2151", "expected HOST:PORT"),
        ("--serve --token x --token-file y", "--token and --token-file are the same"),
        ("", "expected a song"),
        ("--plain", "expected a song"),
        ("-o a.wav", "expected a song"),
        ("--info", "expected a song"),
        ("a.vgm b.vgm -o x.wav", "several songs need a folder: x/"),
        ("a.vgm b.vgm -o d/x.flac", "several songs need a folder: d/x/"),
        ("a.vgm b.vgm -o -", "standard output takes one song"),
        ("a.vgm -o a.wav --jobs 2", "--jobs goes with several songs"),
        ("a.vgm -o d/ --jobs 1", "--jobs goes with several songs"),
        ("a.vgm b.vgm -o d/ --jobs 65", "from 1 to 64"),
    ],
)
def test_what_is_refused(capsys, arguments, words):
    assert words in bad(arguments.split(), capsys)


@pytest.mark.parametrize(
    "option", [[], ["-o"], ["--stems"], ["--device"], ["--serve", "--token"], ["--serve", "--token-file"]], ids=str
)
def test_a_name_is_not_empty(capsys, option):
    assert "expected a name, got nothing" in bad([*option, ""], capsys)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1:30", 90), ("0:59.5", 59.5), ("100:00", 6000), ("1:5", 65), ("0", 0), ("99.25", 99.25)],
)
def test_times(text, seconds):
    assert cli.parse(["a.vgm", "--start", text]).start == seconds


@pytest.mark.parametrize(
    ("options", "mute", "solo", "parts"),
    [
        ("--mute 1,3", (0b101, set()), (0, set()), None),
        ("--mute 8,vera_psg,1,ym2151-2", (0b10000001, {"vera_psg", "ym2151-2"}), (0, set()), None),
        ("--solo VERA_PCM --mute 2", (0b10, set()), (0, {"vera_pcm"}), None),
        ("--parts pcm8,Ym2151,pcm8", (0, set()), (0, set()), ("pcm8", "ym2151")),
        ("--parts c140-12 --mute c140", (0, {"c140"}), (0, set()), ("c140-12",)),
    ],
)
def test_channels_and_parts(options, mute, solo, parts):
    args = cli.parse(["a.vgm", *options.split()])
    assert (args.mute, args.solo, args.parts) == (mute, solo, parts)


def test_songs_and_options_stand_in_any_order():
    args = cli.parse(["a.vgm", "--plain", "b.vgm", "--loops", "inf", "c.vgm"])
    assert args.songs == ["a.vgm", "b.vgm", "c.vgm"]
    assert args.loops == math.inf
    assert cli.parse(["a.vgm", "--info", "--", "-x.vgm", "--float"]).songs == ["a.vgm", "-x.vgm", "--float"]
    assert cli.parse(["--", "-x.vgm"]).songs == ["-x.vgm"]
    assert cli.parse(["a.vgm", "-o", "d/", "--stems", "e", "--format", "mid"]).format == "mid"
    args = cli.parse(["--serve", "--clock", "4000000", "--device", "1"])
    assert (args.serve, args.clock, args.device) == (cli.DEFAULT_ADDRESS, 4_000_000, "1")


def test_an_existing_folder_needs_no_slash(tmp_path):
    (tmp_path / "x.wav").mkdir()
    assert cli.parse([SONG, "-o", "x.wav"]).folder
    assert cli.parse([SONG, "-o", "new/"]).folder
    assert not cli.parse([SONG, "-o", "y.wav"]).folder


def test_start_behind_the_end_says_how_long_the_song_is(capsys):
    """100.107 s: two passes of 46.053 s, and a fade of 8 s."""
    line = bad([SONG, "-o", "a.wav", "--start", "1:40.2"], capsys)
    assert line.endswith("mountain_king.vgm: --start 100.2 lies behind the end at 100.107 s\n")


def test_what_cli_says_for_opm():
    assert set(cli.FILES) == {*cli.SOUND, *writers.WRITERS, ".mid", ".mdx"}
    assert set(writers.WRITERS) < set(jobs.ENDINGS)
    defaults, playing = cli.parser().defaults, inspect.signature(Playing).parameters
    assert {name: defaults[name] for name in ("tail", "speed", "clock")} == {
        name: playing[name].default for name in ("tail", "speed", "clock")
    }


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--print-completion", "bash"], []], ids=str)
def test_help_imports_nothing_that_takes_time(arguments):
    """Of opm the limits alone."""
    code = f"""
import sys
sys.argv[1:] = {arguments or ["--help"]!r}
import player.__main__ as program
try:
    program.run()
finally:
    heavy = {{"numpy", "numba", "soundfile", "soxr", "sounddevice", "rich", "textual"}} & set(sys.modules)
    sys.exit(str(heavy) if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "numba" in done.stdout or "SONG" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_imports(tmp_path, number):
    """A stub stands for NumPy, whose import takes for ever."""
    (tmp_path / "numpy.py").write_text("import sys, time\nprint('here', file=sys.stderr, flush=True)\ntime.sleep(99)")
    process = subprocess.Popen(
        [sys.executable, "-m", "player", SONG, "--info"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stderr=subprocess.PIPE,
    )
    assert process.stderr.readline() == b"here\n"
    process.send_signal(number)
    assert process.communicate()[1] == b""
    assert process.returncode == 128 + number


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"numba-opm {opm.__version__}\n"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("numba-opm", "numba-opm: expected a song (numba-opm --help lists the options)"),
        ("__main__.py", "python -m player: expected a song (python -m player --help lists the options)"),
    ],
)
def test_lines_name_the_command(name, line):
    code = f"import sys; sys.argv = ['/usr/bin/{name}']; import player.__main__ as p; p.run()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, line + "\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_names_the_command(capsys, shell):
    assert main(["--print-completion", shell]) == 0
    script = capsys.readouterr().out
    assert "numba-opm" in script
    assert "--latency" in script or "latency" in script


@pytest.mark.parametrize(
    ("words", "replies"),
    [
        ("--latency ''", "high low"),
        ("--lat", "--latency"),
        ("--pa", "--parts"),
        ("so", "song.vgm"),
        ("-o so", "song.vgm"),
        ("--pdx fold", "folder"),
    ],
)
def test_completion_in_bash(capsys, tmp_path, words, replies):
    assert main(["--print-completion", "bash"]) == 0
    script = tmp_path / ".script"
    script.write_text(capsys.readouterr().out)
    subprocess.run(["bash", "-n", script], check=True)
    (tmp_path / "song.vgm").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folded.vgm").touch()
    ask = f"source {script}; COMP_WORDS=(numba-opm {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))"
    ask += '; $(complete -p numba-opm | sed "s/.*-F \\([^ ]*\\).*/\\1/"); echo ${COMPREPLY[@]}'
    done = subprocess.run(["bash", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == replies.split()


def test_the_manual_page_is_that_of_the_parser():
    page = (ROOT / "docs" / "numba-opm.1").read_text()
    assert page == manual.manual(), "python -m tests.manual > docs/numba-opm.1"
    for action in cli.parser()._actions:
        for option in action.option_strings:
            assert option == "--help" or option == "-h" or option.replace("-", r"\-") in page
