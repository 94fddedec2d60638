"""Playing aloud, through PortAudio and ALSA into PulseAudio's null sink; what arrives is recorded and compared."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pulse
import pytest
from conftest import ROOT

from opm.song import Options, Renderer, Schedule, formats
from player import job
from player.resample import Resampler

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


@contextmanager
def busy(processes):
    """Keep cores busy with other processes at normal priority."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@contextmanager
def recorded(folder, sound):
    """Record what arrives at the sink; yield the file that grows."""
    recording = folder / "monitor.raw"
    command = ["parec", f"--device={pulse.SINK}.monitor", f"--rate={pulse.RATE}", "--format=s16le", "--channels=2"]
    command.append("--latency-msec=50")
    with recording.open("wb") as file:
        recorder = subprocess.Popen(command, env=sound, stdout=file)
        wait_for(lambda: recording.stat().st_size > 0, "the recorder to start")
        yield recording
        time.sleep(0.5)
        recorder.terminate()
        recorder.wait(10)


def heard(recording):
    """Return what was recorded, (n, 2) int16."""
    return np.fromfile(recording, np.dtype((np.int16, 2)))


def play_and_record(path, options, sound, folder):
    """Play a song; return what was rendered for it and what arrived at the sink."""
    command = [*PLAYER, str(path), "--loops", str(options.loops), "--fade", str(options.fade)]
    with recorded(folder, sound) as recording:
        done = subprocess.run(command, cwd=ROOT, env=sound, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0
    assert "underruns" not in done.stderr
    schedule = Schedule(formats.read(path), options)
    blocks = job._converted(Renderer(schedule).blocks(), Resampler(schedule.rate, pulse.RATE))
    return np.concatenate(list(blocks)), heard(recording)


def assert_same(got, want):
    """The recording holds the rendering, all of it, in one piece."""
    first = np.flatnonzero(want.any(axis=1))[0]
    sounding = np.flatnonzero(got.any(axis=1))
    assert sounding.size, "nothing arrived"
    start = sounding[0] - first
    np.testing.assert_array_equal(got[start : start + len(want)], want)


def test_what_arrives_is_what_was_rendered(sound, tmp_path):
    want, got = play_and_record(excerpt(tmp_path, 4), Options(), sound, tmp_path)
    assert_same(got, want)


def test_a_minute_with_both_cores_busy(sound, tmp_path):
    """No underrun, no gap, no sample different in 60 s while other processes keep every core busy."""
    with busy(os.cpu_count() or 2):
        want, got = play_and_record(SONG.with_suffix(".vgm"), Options(loops=1, fade=14.0), sound, tmp_path)
    assert len(want) > 60 * pulse.RATE
    assert_same(got, want)


def test_ctrl_c_stops_at_once(sound, tmp_path):
    """What still sounds is what the device held, not the second that was rendered ahead: counted in samples."""
    with recorded(tmp_path, sound) as recording:
        process = subprocess.Popen([*PLAYER, str(SONG)], cwd=ROOT, env=sound, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: heard(recording).any(), "sound")
        time.sleep(0.5)
        before = np.count_nonzero(heard(recording).any(axis=1))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    after = np.count_nonzero(heard(recording).any(axis=1)) - before
    assert after < 0.8 * pulse.RATE, f"{after / pulse.RATE:.2f} s of sound after the signal"
