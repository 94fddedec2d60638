"""The picture in the terminal, and the keys."""

import dataclasses
import io
import os
import pty
import subprocess
import sys
import time

import numpy as np
import pulse
import pytest
from conftest import ROOT
from rich.console import Console

import opm
from opm.song import Options, Schedule
from player import screen
from player.job import Job
from player.transport import Transport

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"


@pytest.mark.parametrize(
    ("kc", "kf", "clock", "note"),
    [
        (0x4A, 0, 3_579_545, "A4"),
        (0x4E, 0, 3_579_545, "C5"),
        (0x40, 0, 3_579_545, "C#4"),
        (0x4A, 16, 3_579_545, "A4 +25"),
        (0x4A, 0, 4_000_000, "B4 -8"),
    ],
)
def test_note_names(kc, kf, clock, note):
    assert screen.note_of(opm.midi_of(kc, kf, clock)) == note


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("scope", [False, True])
@pytest.mark.parametrize("chips", [1, 2])
def test_the_picture_fits(width, scope, chips):
    schedule = Job(SONG).read()
    if chips == 2:
        song = schedule.song
        other = song.writes.copy()
        other["chip"] = 1
        writes = np.concatenate([song.writes, other])
        song = dataclasses.replace(song, chips=song.chips * 2, writes=writes[np.argsort(writes["time"], kind="stable")])
        schedule = Schedule(song, Options())
    transport = Transport(schedule, scan=False)
    transport.seek(35.0)
    transport.block()
    status = screen.Status("song.vgm", 35.0, 100.0, mute=0x02)
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(screen.picture(schedule, transport.moment(), status, width, scope))
    lines = console.file.getvalue().splitlines()
    assert len(lines) <= 23
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for words in ("Mountain King", "0:35 / 1:40", "muted", "LFO triangle", "underruns 0", "█"):
        assert words in text
    assert ("⠤" in text or "⣀" in text) == scope
    assert sum(line.startswith(("8 ", "A8 ", "B8 ")) for line in lines) == chips


def test_the_oscilloscope_draws_the_wave():
    wave = (8000 * np.sin(np.arange(1024) * 2 * np.pi / 256)).astype(np.int16)
    drawn = screen.scope(wave, 30)
    assert len(drawn) == 30
    assert len(set(drawn)) > 4
    assert screen.scope(wave * 0, 30) == screen.scope(wave * 0, 30)
    assert screen.scope(wave[:10], 30) == " " * 30


def test_keys_and_plain_status(tmp_path):
    """In a real terminal: pause, seek, mute and quit; the status line shows it."""
    if not pulse.available():
        pytest.skip("needs pulseaudio")
    with pulse.pulse_server(tmp_path) as sound:
        ours, theirs = pty.openpty()
        environment = {**sound, "TERM": "xterm"}
        command = [sys.executable, "-m", "player", str(SONG), "--plain"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
        seen = b""

        def wait_for(words):
            nonlocal seen
            deadline = time.monotonic() + 60
            while words not in seen:
                assert time.monotonic() < deadline, seen[-500:]
                seen += os.read(ours, 65_536)

        wait_for(b"0:01 / 1:40")
        os.write(ours, b"\x1b[C\x1b[C3")
        wait_for(b"0:11 / 1:40")
        os.write(ours, b" ")
        wait_for(b"paused")
        os.write(ours, b" \x1b[D")
        wait_for(b"0:07 / 1:40")
        os.write(ours, b"q")
        assert process.wait(20) == 0
        os.close(theirs)
        os.close(ours)
