"""A fake sound card that records what it is given, and a listener's session on it that is run step by step."""

import math
import time

import numpy as np

from player.jobs import Job
from player.session import Session

RATE = 44_100


class Card:
    """Records what it is given; plays a little of it whenever it is looked at."""

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
"""The options of a song as the command line sets them by default."""


def short(tmp_path, name="short.txt"):
    """Return a job of one note, a fifth of a second."""
    path = tmp_path / name
    path.write_text(
        "".join(f"0.0 {write}\n" for write in ("20 C7", "28 4A", "E0 0F", "80 1F", "08 08")) + "0.2 08 00\n"
    )
    return Job(path, options={"tail": 0.0})


def board(tmp_path, beats=60):
    """Return a ZSM of half a second a beat, which loops: a note each of the YM2151, VERA's PSG and its PCM."""
    sine = bytes(round(100 * math.sin(i / 5) * (1 - i / 4000)) & 0xFF for i in range(4000))
    voice = "4E 20 C7 28 4A 60 10 68 7F 70 7F 78 7F 80 1F E0 0F 40 01 88 1F 90 1F 98 1F 08 00 14 00"
    beat = "43 08 00 28 4A 08 08 81  00 80 01 09 02 F0 03 3F  40 06 00 0B 01 30 02 00  8E  02 C0 41 08 00  8F"
    stream = bytes.fromhex(voice) + bytes.fromhex(beat) * beats + b"\x80"
    head = b"zm\x01" + (16 + len(bytes.fromhex(voice))).to_bytes(3, "little") + (16 + len(stream)).to_bytes(3, "little")
    head += bytes.fromhex("FF FFFF 3C00 0000")
    sounds = b"PCM\0" + bytes([0, 0]) + bytes(3) + len(sine).to_bytes(3, "little") + bytes(8)
    path = tmp_path / "board.zsm"
    path.write_bytes(head + stream + sounds + sine)
    return path


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
