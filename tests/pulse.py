"""A PulseAudio server with a null sink, for tests that play aloud where there is no sound card."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SINK = "opmtest"
RATE = 44_100
"""What PortAudio takes for the default rate of ALSA's pulse device."""


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


def available() -> bool:
    """Say whether the programs are installed."""
    return all(shutil.which(program) for program in ("pulseaudio", "pactl", "parec"))
