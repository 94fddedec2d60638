"""A PulseAudio server with a null sink, for tests that play aloud where there is no sound card."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

SINK = "opmtest"
RATE = 44_100
"""The default rate that PortAudio reports for ALSA's pulse device."""


@contextmanager
def pulse_server(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server of its own; yield the environment that makes it ALSA's default, and PortAudio's."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    (folder / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PULSE_SERVER": f"unix:{runtime}/pulse/native",
    }
    server_environment = {name: value for name, value in environment.items() if name != "PULSE_SERVER"}
    modules = [f"module-null-sink sink_name={SINK} rate={RATE}", "module-native-protocol-unix auth-anonymous=1"]
    loads = [word for module in modules for word in ("-L", module)]
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", *loads]
    with (folder / "pulse.log").open("w") as log:
        server = subprocess.Popen(command, env=server_environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"pulseaudio did not start: {(folder / 'pulse.log').read_text()}")
            time.sleep(0.1)
        yield environment
    finally:
        server.terminate()
        server.wait(10)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep cores busy with other processes at normal priority."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@contextmanager
def recorded(folder: Path, sound: dict[str, str]) -> Iterator[Path]:
    """Record what arrives at the sink; yield the file that grows."""
    recording = folder / "monitor.raw"
    command = ["parec", f"--device={SINK}.monitor", f"--rate={RATE}", "--format=s16le", "--channels=2"]
    command.append("--latency-msec=50")
    with recording.open("wb") as file:
        recorder = subprocess.Popen(command, env=sound, stdout=file)
        try:
            wait_for(lambda: recording.stat().st_size > 0, "the recorder to start")
            yield recording
            time.sleep(0.5)
        finally:
            recorder.terminate()
            recorder.wait(10)


def heard(recording: Path) -> np.ndarray:
    """Return what was recorded, (n, 2) int16."""
    return np.fromfile(recording, np.dtype((np.int16, 2)))


def part_of(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Return the part of a recording that corresponds to what was played, aligned by the first sound of both."""
    sounding = np.flatnonzero(got.any(axis=1))
    assert sounding.size, "nothing arrived"
    start = int(sounding[0] - np.flatnonzero(want.any(axis=1))[0])
    return got[start : start + len(want)]


def available() -> bool:
    """Return whether the programs are installed."""
    return all(shutil.which(program) for program in ("pulseaudio", "pactl", "parec"))
