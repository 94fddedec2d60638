"""Playing aloud, through PortAudio and ALSA into PulseAudio's null sink; what arrives is recorded and compared."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pulse
import pytest
from conftest import ROOT

from player import formats, job
from player.render import Renderer
from player.resample import Resampler
from player.schedule import Options, Schedule

SONG = ROOT / "player" / "songs" / "mountain_king.log"
PLAYER = [sys.executable, "-m", "player"]

if not pulse.available():
    if os.environ.get("CI"):
        pytest.fail("CI needs pulseaudio, pulseaudio-utils and libasound2-plugins", pytrace=False)
    pytestmark = pytest.mark.skip(reason="needs pulseaudio, pulseaudio-utils and libasound2-plugins")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Environment of a running server."""
    with pulse.pulse_server(tmp_path_factory.mktemp("pulse")) as environment:
        yield environment


def wait_for(condition, what):
    """Wait until a condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def excerpt(tmp_path, seconds):
    """Write the last seconds of the song's tutti as a log of its own; return it."""
    song = formats.read(SONG)
    song.writes = song.writes[song.writes["time"] < 55_930 * seconds]
    path = tmp_path / "excerpt.json"
    path.write_bytes(formats.json_log.write(song))
    return path


def test_what_arrives_is_what_was_rendered(sound, tmp_path):
    """Record the sink's monitor: the rendered samples, all of them, in one piece."""
    path, recording = excerpt(tmp_path, 4), tmp_path / "monitor.raw"
    command = ["parec", f"--device={pulse.SINK}.monitor", f"--rate={pulse.RATE}", "--format=s16le", "--channels=2"]
    command.append("--latency-msec=50")
    with recording.open("wb") as file:
        recorder = subprocess.Popen(command, env=sound, stdout=file)
        wait_for(lambda: recording.stat().st_size > 0, "the recorder to start")
        done = subprocess.run(
            [*PLAYER, str(path)], cwd=ROOT, env=sound, capture_output=True, text=True, timeout=60, check=False
        )
        time.sleep(0.5)
        recorder.terminate()
        recorder.wait(10)
    assert (done.returncode, done.stderr) == (0, "")
    schedule = Schedule(formats.read(path), Options())
    blocks = job._converted(Renderer(schedule).blocks(), Resampler(schedule.rate, pulse.RATE))
    want = np.concatenate(list(blocks))
    got = np.fromfile(recording, np.int16).reshape(-1, 2)
    first = np.flatnonzero(want.any(axis=1))[0]
    heard = np.flatnonzero(got.any(axis=1))
    assert heard.size, "nothing arrived"
    start = heard[0] - first
    np.testing.assert_array_equal(got[start : start + len(want)], want)


def test_ctrl_c_stops_at_once(sound):
    process = subprocess.Popen([*PLAYER, str(SONG)], cwd=ROOT, env=sound, stderr=subprocess.PIPE, text=True)
    sinks = ["pactl", "list", "short", "sinks"]
    wait_for(lambda: b"RUNNING" in subprocess.check_output(sinks, env=sound), "sound")
    time.sleep(0.5)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")
    assert time.monotonic() - start < 1.0
