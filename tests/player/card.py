"""A sound card that only remembers, and a listener's session on it that goes on step by step."""

import time

import numpy as np

from player.jobs import Job
from player.session import Session

RATE = 44_100


class Card:
    """Keeps what it is given; plays a little of it at every look."""

    rate, underruns, capacity = float(RATE), 0, RATE // 4

    def __init__(self, plays=600):
        self.written, self.plays, self._held = [], plays, 0

    @property
    def held(self):
        self._held = max(0, self._held - self.plays)
        return self._held

    def write(self, samples):
        self.written.append(samples.copy())
        self._held += len(samples)

    def start(self):
        """Begin."""

    finish = close = start
    time_to_finish = 20.0

    def interrupt(self, owner):
        owner.join(20)

    @property
    def count(self):
        return sum(map(len, self.written))

    @property
    def sound(self):
        return np.concatenate(self.written)


LISTENED = {"loops": 2, "fade": 8.0}
"""What the command line has a song played with, if it says nothing else."""


def short(tmp_path, name="short.txt"):
    """Return a job of one note, a fifth of a second."""
    path = tmp_path / name
    path.write_text(
        "".join(f"0.0 {write}\n" for write in ("20 C7", "28 4A", "E0 0F", "80 1F", "08 08")) + "0.2 08 00\n"
    )
    return Job(path, options={"tail": 0.0})


def begun(*jobs: Job, card=None, latency="high") -> Session:
    """Return a session whose first song that can be read is there, its playback not yet running."""
    session = Session(list(jobs), card or Card(), latency)
    while session.playing is None and session.tick():
        time.sleep(0.001)
    return session


def steps(session: Session, count: int) -> None:
    """Let the playback do so many things."""
    for _ in range(count):
        session.playback._step()


def to_the_end(session: Session) -> None:
    """Let the playback play until the song has ended."""
    while not session.playback.ended:
        session.playback._step()
