"""The live session: scheduled to the frame, whatever comes in and however the output behaves."""

import json
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opm
import player.live
from opm.song import WRITE, Log, SongError
from opm.song.formats import json_log
from player import Live
from player.live import BLOCK

TONE = [(0x20, 0xC7), (0x28, 0x4A), (0x40, 1), (0x80, 31), (0xE0, 15), (0x08, 0x08)]


class Recorder:
    """Stands for the sound card: takes a block only when it is asked to go on."""

    def __init__(self, clock=3_579_545):
        self.rate = clock / 64
        self.parts, self.closed = [], False
        self.room = threading.Semaphore(0)
        self.taken = threading.Semaphore(0)

    def start(self):
        """Begin."""

    def write(self, samples):
        """Keep the samples."""
        self.parts.append(samples.copy())
        self.taken.release()
        self.room.acquire()

    def close(self):
        """End."""
        self.closed = True

    def go(self, blocks):
        """Let some blocks be made; return all samples so far."""
        for _ in range(blocks):
            self.taken.acquire(timeout=20)
            self.room.release()
        return np.concatenate(self.parts)


@pytest.fixture
def session():
    recorder = Recorder()
    live = Live(output=recorder)
    yield live, recorder
    live._stopped.set()
    for _ in range(3):
        recorder.room.release()
    live.stop()
    assert recorder.closed


def test_writes_are_scheduled_to_the_frame(session):
    live, recorder = session
    for address, data in TONE[:-1]:
        live.write(address, data)
    live.write(*TONE[-1], at=1000 / live._rate)
    assert live.pending == 6
    live.start()
    got = recorder.go(12)
    frames = [0, 2, 4, 6, 8, 1000]
    rows = [(32 * f + 2 * k, k, w[k]) for f, w in zip(frames, TONE, strict=True) for k in (0, 1)]
    np.testing.assert_array_equal(got, opm.run(rows, len(got)))
    assert live.pending == 0


def test_clear_drops_what_is_not_on_the_bus(session):
    live, _ = session
    for at in (0.1, 0.2, 0.3):
        live.write(8, 0, at=at)
    live.clear(after=0.2)
    assert live.pending == 1
    live.clear()
    assert live.pending == 0


def test_a_song_starts_when_it_is_told(session):
    live, recorder = session
    rows = [{"time": 0, "addr": a, "data": d} for a, d in TONE] + [{"time": 30_000, "addr": 8, "data": 0}]
    live.play(json_log.read(json.dumps(rows).encode()), at=0.05)
    live.start()
    got = recorder.go(24)
    start = np.flatnonzero(got.any(axis=1))[0]
    assert round(0.05 * live._rate) < start < round(0.05 * live._rate) + 40


@pytest.mark.parametrize(("address", "data"), [(256, 0), (0, -1)])
def test_bad_writes_are_refused(session, address, data):
    with pytest.raises(ValueError, match="0 to 255"):
        session[0].write(address, data)


class Naive:
    """The waiting writes as one list, in the order they came."""

    def __init__(self):
        self.rows, self.free = [], 0

    def due(self, now, end):
        """Take what starts before a frame, two frames apart."""
        events = []
        while self.rows:
            row = min(self.rows, key=lambda row: row[0])
            start = max(row[0], now, self.free)
            if start >= end:
                break
            self.rows.remove(row)
            events += [(32 * start, 0, row[1]), (32 * start + 2, 1, row[2])]
            self.free = start + 2
        return events


@given(data=st.data())
@settings(max_examples=50)
def test_what_waits_comes_in_its_order_and_pace(data):
    """Equal frames in the order they came, single writes and songs mixed, cleared and refilled, block by block."""
    live, naive = Live(output=Recorder()), Naive()
    times = st.integers(0, 2000)
    for number in range(data.draw(st.integers(1, 30))):
        kind = data.draw(st.sampled_from(["write", "write", "play", "clear", "block", "block"]))
        if kind == "write":
            frame = data.draw(times)
            live.write(number, 1, at=frame / live._rate)
            naive.rows.append((frame, number, 1))
        elif kind == "play":
            frames = data.draw(st.lists(times, max_size=300).map(sorted))
            table = np.zeros(len(frames), WRITE)
            table["time"], table["address"], table["data"] = frames, number, np.arange(len(frames)) % 256
            live.play(Log("test", table, length=2000, rate=None), at=100 / live._rate)
            naive.rows += [(100 + frame, number, i % 256) for i, frame in enumerate(frames)]
        elif kind == "clear":
            frame = data.draw(times)
            live.clear(after=frame / live._rate)
            naive.rows = [row for row in naive.rows if row[0] < frame]
        else:
            now = live._frame
            got = live._due(now + BLOCK)
            assert got.tolist() == naive.due(now, now + BLOCK)
            live._chip.run(got, BLOCK)
        assert live.pending == len(naive.rows)


def test_a_flood_of_single_writes_makes_few_lists(session):
    """The sound looks into each of them for every block."""
    live, _ = session
    for i in range(5000):
        live.write(8, 0, at=10 + i % 7)
    assert live.pending == 5000
    assert len(live._waiting) < 15


def test_a_time_that_is_none_is_refused(session):
    with pytest.raises(ValueError, match="number of seconds"):
        session[0].write(8, 0, at=float("inf"))


def test_a_lost_output_ends_the_session():
    told = []

    class Lost(Recorder):
        def write(self, samples):
            raise SongError("the sound card is gone")

    live = Live(output=Lost(), on_failure=told.append)
    live.start()
    live._thread.join(20)
    assert told == [live.failure] == ["the sound card is gone"]
    with pytest.raises(SongError, match="gone"):
        live.write(8, 0)
    with pytest.raises(SongError, match="gone"):
        live.play(Log("test", np.zeros(1, WRITE), length=0, rate=None))
    live.stop()


def test_a_stalled_output_does_not_hold_up_the_end(monkeypatch):
    """It is closed while it waits."""
    monkeypatch.setattr(player.live, "PATIENCE", 0.01)

    class Stalled(Recorder):
        def close(self):
            super().close()
            self.room.release()

    live = Live(output=Stalled())
    live.start()
    live.stop()
    live._thread.join(20)
    assert not live._thread.is_alive()
    assert live._output.closed
    assert live.failure is None
