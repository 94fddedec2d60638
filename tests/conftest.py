"""Set-up for all tests: a Numba cache of their own, and default signal handling in the processes they start."""

import os
import signal
from pathlib import Path

ROOT = Path(__file__).parent.parent

# Nohup ignores SIGHUP, a shell's & SIGINT, and who ignores a signal hands that on. A handler is not handed on: what is
# started by tests obeys, while they themselves go on as they were told.
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
    if signal.getsignal(number := getattr(signal, name, signal.SIGINT)) is signal.SIG_IGN:
        signal.signal(number, lambda number, frame: None)


os.environ["NUMBA_CACHE_DIR"] = str(ROOT / ".cache" / "numba")

import hypothesis  # noqa: E402  (the cache folder must be known before numba is imported)
import numpy as np  # noqa: E402
import pytest  # noqa: E402

import opm  # noqa: E402

pytest_plugins = ["account"]
hypothesis.settings.register_profile("opm", deadline=None, derandomize=True)
hypothesis.settings.load_profile("opm")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile now, if necessary, so that no test sees the notice; meanwhile runs what the modules' ``begin`` start."""
    for module in {item.module for item in session.items}:
        getattr(module, "begin", bool)()
    opm.YM2151()


class Golden:
    """One golden vector."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as arrays:
            self.arrays = {name: arrays[name] for name in arrays}
        self.chip = "ym2164" if self.arrays["ym2164"] else "ym2151"
        self.frames = int(self.arrays["frames"])
        self.cycles_per_frame = int(self.arrays["cycles_per_sample"])
        self.events = np.empty(len(self.arrays["events_cycle"]), opm.EVENT)
        for name in opm.EVENT.names or ():
            self.events[name] = self.arrays[f"events_{name}"]

    def state(self, name: str) -> np.ndarray:
        """Return a field of the reference's final state."""
        return self.arrays[f"state_{name}"]


GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.npz"))


@pytest.fixture(params=GOLDEN, ids=[path.stem for path in GOLDEN], scope="session")
def golden(request: pytest.FixtureRequest) -> Golden:
    """Each golden vector in turn."""
    return Golden(request.param)
