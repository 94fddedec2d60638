"""Standard streams and names in any state: one line and an exit code, nothing in the wrong place."""

import contextlib
import io
import os
import pty
import re
import shlex
import subprocess
import sys
import termios
import tty
import wave
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from player.__main__ import main
from player.streams import say, without_echo

SONG = "title \x1b]0,owned\x07\n0 20 C7\n0 28 4A\n0 80 1F\n0 08 08\n500 08 00\n"


@pytest.fixture
def song(tmp_path):
    """A short song whose title is hostile."""
    path = tmp_path / "song.log"
    path.write_text(SONG)
    return path


def shell(command, **options):
    """Run the player by a shell, whose redirections stand in the command."""
    line = command.replace("player", f"{shlex.quote(sys.executable)} -m player", 1)
    return subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, check=False, **options)


def test_closed_standard_error_does_not_reach_the_sound(song):
    """Notes have nowhere to go; descriptor 2 is not given to a file."""
    done = shell(f"player {song}.no -o - 2>&-")
    assert (done.returncode, done.stdout) == (2, b"")
    done = shell(f"player {song} {song} -o -")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, b"", 1)
    done = shell(f"player {song} -o - --volume 48 --rate native 2>&-")
    assert done.returncode == 0
    with wave.open(io.BytesIO(done.stdout)) as file:
        assert file.getnframes() > 500


@pytest.mark.parametrize("arguments", ["-o -", "--info", "--info --json", "--help"])
@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-"])
def test_standard_output_that_takes_nothing(song, arguments, redirection):
    done = shell(f"player {song} {arguments} {redirection}")
    assert done.returncode == 2
    assert done.stdout == b""
    why = b"no space left on device" if "full" in redirection else b"bad file descriptor"
    assert done.stderr.splitlines()[-1].endswith(b"cannot write to standard output: " + why)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_standard_error_that_takes_nothing(song, tmp_path):
    assert shell(f"player {song} -o {tmp_path}/a.wav --volume 48 2> /dev/full").returncode == 0
    assert shell(f"player {song}.no --info 2> /dev/full").returncode == 2


def test_a_reader_that_leaves(song):
    done = shell(f"player {song} -o - --rate native | head -c 10 > /dev/null")
    assert done.stderr == b""


def test_control_characters_are_shown_escaped(song, tmp_path, capfd):
    """Of tags and names; for machines, JSON escapes them."""
    hostile = tmp_path / "\x1b[31mred\n.log"
    hostile.write_bytes(b"\x1b]0,owned\x07 nonsense\n")
    assert main([str(song), "--info"]) == 0
    assert main([str(song), "--info", "--json"]) == 0
    assert main([str(hostile), "--info"]) == 2
    out, err = capfd.readouterr()
    assert "\x1b" not in out + err
    assert "\x07" not in out + err
    assert r"\x1b]0,owned\x07" in out
    assert len(err.splitlines()) == 1


def test_keys_typed_while_it_compiles_do_not_show_and_are_not_lost(monkeypatch):
    """They wait for the screen; where there is no terminal there is nothing to do."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "rb") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(theirs)
        with without_echo():
            os.write(ours, b"q\n")
            assert stdin.readline() == b"q\n"
            os.set_blocking(ours, False)
            with contextlib.suppress(BlockingIOError):
                assert b"q" not in os.read(ours, 100)
        assert termios.tcgetattr(theirs) == before
    os.close(ours)
    for stdin in (None, io.StringIO()):
        monkeypatch.setattr(sys, "stdin", stdin)
        with without_echo():
            pass


def test_lines_are_said_whole(monkeypatch):
    """With their ends at once: another thread says its own."""
    written = []

    class Stream:
        write, flush = written.append, lambda self: None

    monkeypatch.setattr(sys, "stderr", Stream())
    say("one")
    assert [part for part in written if part] == ["one\n"]


@pytest.mark.parametrize("length", [250, 255, 256, 300])
def test_long_names(song, tmp_path, capsys, length):
    """As long as the file system takes, then one line."""
    name = "x" * (length - 4) + ".wav"
    code = main([str(song), "-o", str(tmp_path / name), "--rate", "native"])
    assert code == (0 if length <= 255 else 2)
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert len(list(tmp_path.iterdir())) == (2 if length <= 255 else 1)


def test_names_that_are_not_utf_8(song, tmp_path):
    """In and out, folders too, and in messages."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe"))
    folder.mkdir()
    copy = folder / os.fsdecode(b"\x80.log")
    copy.write_bytes(song.read_bytes())
    assert main([str(copy), "-o", str(folder / os.fsdecode(b"\x81.wav"))]) == 0
    assert main([str(copy), "--stems", str(folder / "stems")]) == 0
    assert {os.fsencode(path.name) for path in folder.iterdir()} == {b"\x80.log", b"\x81.wav", b"stems"}
    for arguments in ([copy.with_suffix(".no"), "--info"], [copy, "-o", copy.with_suffix(".no")]):
        done = subprocess.run([sys.executable, "-m", "player", *arguments], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 2
        assert rb"\udc80.no" in done.stderr


def test_songs_of_the_same_name_are_all_written(song, tmp_path, capsys):
    paths = []
    for name in ("d1/a", "d2/a", "d1/a-2"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(song.read_bytes())
        paths.append(str(path))
    out = tmp_path / "out"
    assert main([*paths, "-o", f"{out}/", "--stems", str(tmp_path / "stems")]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["a-2.wav", "a-3.wav", "a.wav"]
    assert len(list((tmp_path / "stems").iterdir())) == 24
    assert main([*paths, "-o", f"{out}/", "--stems", str(out)]) == 2
    assert "different folders" in capsys.readouterr().err


def test_a_file_keeps_its_mode_and_a_link_its_target(song, tmp_path):
    target, link, plain = tmp_path / "target.wav", tmp_path / "link.wav", tmp_path / "plain.wav"
    target.write_bytes(b"")
    target.chmod(0o640)
    link.symlink_to(target.name)
    assert main([str(song), "-o", str(link)]) == 0
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_bytes()[:4] == b"RIFF"
    assert main([str(song), "-o", str(plain)]) == 0
    mask = os.umask(0)
    os.umask(mask)
    assert plain.stat().st_mode & 0o777 == 0o666 & ~mask


def test_what_is_no_file_is_not_replaced(song, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.wav")
    assert main([str(song), "-o", str(tmp_path / "pipe.wav")]) == 2
    assert capsys.readouterr().err.splitlines()[0].endswith("pipe.wav: not a regular file")
    assert not list(tmp_path.glob(".opm-*"))


def test_clipping_is_told(song, tmp_path, capsys):
    """How many values, and how much too loud: lowering the volume by that much is enough."""
    path = tmp_path / "a.wav"
    assert main([str(song), "-o", str(path), "--volume", "40", "--rate", "native"]) == 0
    found = re.fullmatch(
        r"(.*): 10\.009 s, peak 0\.0 dBFS, (\d+) samples clipped, the loudest by (.*) dB \(--volume\)\n",
        capsys.readouterr().err,
    )
    assert found[1] == str(path)
    assert int(found[2]) > 100
    volume = 40 - float(found[3]) - 0.1
    assert main([str(song), "-o", str(path), "--volume", f"{volume:.1f}", "--rate", "native"]) == 0
    assert "clipped" not in capsys.readouterr().err
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    assert 32_000 < np.abs(samples.astype(int)).max() < 32_768


def test_keys_come_from_the_terminal_behind_a_song_on_standard_input():
    """A process whose terminal is its standard error alone: afterwards it reads what is typed there."""
    code = """
import os, sys
from player import streams
sys.stdin.buffer.read()
streams.keys_from_terminal()
sys.stderr.write("ready\\n")
print(os.read(0, 1))
"""
    leader, terminal = pty.openpty()
    tty.setraw(terminal)

    def take_terminal():
        os.setsid()
        os.close(os.open(os.ttyname(2), os.O_RDWR))

    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, preexec_fn=take_terminal,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=terminal,
    )  # fmt: skip
    process.stdin.close()
    process.stdin = None
    assert b"ready" in os.read(leader, 100)
    os.write(leader, b"q")
    assert process.communicate()[0] == b"b'q'\n"
    os.close(leader)
    os.close(terminal)


def test_no_terminal_no_keys():
    code = "from player import streams; streams.keys_from_terminal(); print(open(0).read())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=b"x", capture_output=True, check=True, start_new_session=True
    )
    assert done.stdout == b"x\n"
