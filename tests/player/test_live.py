"""The live session: scheduled to the frame, whatever comes in and however the output behaves."""

import json
import re
import threading
import time

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

import opm
import player.live
from opm.song import WRITE
from opm.song.formats import json_log
from player import Live
from player.devices import CardGone, NoSound
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
    if live._thread.ident:
        live._thread.join(20)
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


@pytest.mark.parametrize(("clock", "octaves"), [(3_579_545, 1), (4_000_000, 1), (7_159_090, 0)])
def test_a_song_is_played_in_its_own_octave(clock, octaves):
    """Logs of the cat2151 family, made for a chip at twice its speed; the highest octave has none above it."""
    live = Live(clock, output=Recorder())
    live.play(json_log.read(json.dumps([{"time": 0.5, "addr": 0x28, "data": d} for d in (0x0A, 0x7A)]).encode()))
    live.play(opm.load(b"0 2F 1A\n"))
    (waiting,) = live._waiting
    heard = dict(zip(waiting["address"].tolist(), waiting["data"].tolist(), strict=True))
    assert waiting["data"].tolist() == [0x1A - 16 * (octaves == 0), 0x0A + 16 * octaves, 0x7A]
    assert heard.keys() == {0x28, 0x2F}


def test_a_song_as_it_is_loaded(session):
    live, _ = session
    song = opm.load(b"0 20 C7\n0 28 4A\n5000 08 00\n")
    live.play(song, at=1)
    live.play(song)
    assert live.pending == 6


@pytest.mark.parametrize(
    ("address", "data", "error", "words"),
    [
        (256, 0, ValueError, "address must be 0 to 255, got 256"),
        (0, np.int64(-1), ValueError, "data must be 0 to 255, got -1"),
        (1.5, 1, TypeError, r"address must be an integer, got 1\.5"),
        (8, 1.0, TypeError, r"data must be an integer, got 1\.0"),
        (8, True, TypeError, "data must be an integer, got True"),
        (8, np.True_, TypeError, "data must be an integer"),
        ("8", 0, TypeError, "address must be an integer, got '8'"),
        (8, None, TypeError, "data must be an integer, got None"),
    ],
    ids=range(8),
)
def test_bad_writes_are_refused(session, address, data, error, words):
    with pytest.raises(error, match=words):
        session[0].write(address, data)
    assert session[0].pending == 0


def test_integers_of_numpy_are_integers(session):
    session[0].write(np.uint8(255), np.int64(3))
    assert session[0]._due(BLOCK)["data"].tolist() == [255, 3]


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
            live.play(opm.Song.of(rows=table, end=2000, ticks_per_second=None), at=100 / live._rate)
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


def song_of(frames, address, data):
    """Return a song of writes at frames."""
    table = np.zeros(len(frames), WRITE)
    table["time"], table["address"], table["data"] = frames, address, data
    return opm.Song.of(rows=table, end=int(np.max(frames, initial=0)), ticks_per_second=None)


def waiting(live):
    """Return what waits, in its order: frame, register, byte."""
    rows = np.concatenate([np.empty(0, player.live.WAITING), *live._waiting])
    return rows[np.argsort(rows["frame"], kind="stable")].tolist()


def test_a_song_in_the_place_of_another(session):
    """From its own start on, and only from there: what is due before stays."""
    live, _ = session
    live.write(1, 1, at=99 / live._rate)
    live.play(song_of([0, 50, 99, 100, 5000], 2, [0, 1, 2, 3, 4]))
    live.write(3, 1, at=100 / live._rate)
    live.play(song_of([0, 7], 4, [0, 1]), at=100 / live._rate, replace=True)
    assert waiting(live) == [(0, 2, 0), (50, 2, 1), (99, 1, 1), (99, 2, 2), (100, 4, 0), (107, 4, 1)]
    live.play(song_of([], 5, []), at=50 / live._rate, replace=True)
    assert waiting(live) == [(0, 2, 0)]


def test_a_key_that_is_down_where_a_song_is_replaced_is_released(session):
    """Its release is among what has gone: it would sound for ever, and could not be struck again."""
    live, _ = session
    live.play(song_of([0, 1, 2, 200, 201, 300], 8, [0x78, 0x79, 0x7A, 0x00, 0x79, 0x7B]))
    live.write(8, 0x01, at=202 / live._rate)
    live.play(song_of([0], 8, [0x78]), at=100 / live._rate, replace=True)
    assert waiting(live)[3:] == [(100, 8, 0x00), (100, 8, 0x78)], "channel 2 is struck, 3 is held without an end"


def test_too_much_in_the_place_of_something_changes_nothing(session, monkeypatch):
    live, _ = session
    monkeypatch.setattr(player.live, "MOST_WRITES", 3)
    live.play(song_of([1, 2, 3], 2, 0))
    live.play(song_of([1, 2, 3], 4, 0), replace=True)
    with pytest.raises(ValueError, match="at most 3 writes may wait"):
        live.play(song_of([1, 2, 3, 4], 6, 0), replace=True)
    assert {address for _, address, _ in waiting(live)} == {4}


def test_a_song_without_a_time_begins_with_the_next_block_and_keeps_its_pace(session):
    """Not in the block that is being made: its first writes would all come late, one behind the other."""
    live, _ = session
    live._due(BLOCK)
    live.play(song_of([0, 3, 300], 2, 0))
    assert waiting(live) == [(BLOCK, 2, 0), (BLOCK + 3, 2, 0), (BLOCK + 300, 2, 0)]


def test_songs_of_many_threads_take_each_others_place_in_one_step(session):
    """Whoever looks, and whatever leaves for the chip: always one song, never none and never two."""
    live, _ = session
    songs = [song_of(np.arange(0, 40_000, 8), number, np.arange(5000) % 256) for number in range(8)]
    live.play(songs[0])
    stop, counts, failures = threading.Event(), set(), []

    def replacing(song):
        try:
            while not stop.is_set():
                live.play(song, replace=True)
        except Exception as error:
            failures.append(error)

    def looking():
        while not stop.is_set():
            counts.add(live.pending)

    threads = [threading.Thread(target=replacing, args=(song,)) for song in songs]
    threads += [threading.Thread(target=looking) for _ in range(2)]
    for thread in threads:
        thread.start()
    blocks, last = [], 0
    while len(blocks) < 300:
        blocks.append(live._due(live._frame + BLOCK))
        live._chip.run(blocks[-1], BLOCK)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert failures == []
    heard = set()
    for number, block in enumerate(blocks):
        frames, address = block["cycle"][::2] // 32, set(block["data"][::2].tolist())
        assert len(address) == 1, f"block {number}: of songs {address}"
        assert frames[0] - last <= 8, f"block {number}: silence from frame {last} to {frames[0]}"
        assert set(np.diff(frames).tolist()) == {8}, f"block {number}"
        last = int(frames[-1])
        heard |= address
    assert counts <= {5000 - 32 * i for i in range(300)}, "never none, or two"
    assert len(heard) > 1


def test_a_flood_of_single_writes_makes_few_lists(session):
    """The sound looks into each of them for every block."""
    live, _ = session
    for i in range(5000):
        live.write(8, 0, at=10 + i % 7)
    assert live.pending == 5000
    assert len(live._waiting) < 15


@pytest.mark.parametrize("time", [float("inf"), float("nan"), -0.1, np.float64("-inf"), 1e308, 10**400, 2**63, 1.1e9])
def test_a_time_that_is_none_is_refused(session, time):
    live, _ = session
    song = opm.load(b"0 20 C7\n0 28 4A\n")
    expected = re.escape(f"0 to 1000000000 seconds, got {str(time)[:100]}")
    for refuse in (lambda: live.write(8, 0, at=time), lambda: live.play(song, at=time)):
        with pytest.raises(ValueError, match=f"^at must be {expected}"):
            refuse()
    with pytest.raises(ValueError, match=f"^after must be {expected}"):
        live.clear(after=time)
    assert live.pending == 0
    for latest in (1e9, 10**9, np.int64(10**9)):
        live.write(8, 0, at=latest)
        live.clear(after=latest)
    assert live.pending == 0


@pytest.mark.parametrize("time", ["1", True, 1j, [0]], ids=str)
def test_a_time_of_another_kind_is_refused(session, time):
    with pytest.raises(TypeError, match="at must be seconds, got "):
        session[0].write(8, 0, at=time)


@pytest.mark.parametrize("begin", [Live.start, Live.stop], ids=["it ran", "it never ran"])
def test_what_comes_after_the_end_is_refused(begin):
    """It would never be played, and nobody would know."""
    recorder = Recorder()
    recorder.room.release(1000)
    live = Live(output=recorder)
    begin(live)
    live.stop()
    for method, *arguments in ((live.write, 8, 0), (live.play, opm.load(b"0 20 C7\n0 28 4A\n")), (live.silence,)):
        with pytest.raises(RuntimeError, match="this session has ended: make another Live"):
            method(*arguments)


def test_it_sounds_inside_a_with():
    recorder = Recorder()
    recorder.room.release(1000)
    live = Live(output=recorder)

    def interrupted():
        with live as entered:
            assert entered is live
            assert live._thread.is_alive()
            live.start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    live._thread.join(20)
    assert not live._thread.is_alive()
    assert recorder.closed
    live.stop()
    for again in (live.start, live.__enter__):
        with pytest.raises(RuntimeError, match="ended: make another"):
            again()


def test_a_session_that_never_began():
    live = Live(output=Recorder())
    live.stop()
    live.stop()
    assert live._output.closed
    with pytest.raises(RuntimeError, match="ended"):
        live.start()


class Lost(Recorder):
    """Stands for a sound card that has gone away."""

    def write(self, samples):
        raise CardGone("the sound card is gone")


def test_a_lost_output_ends_the_session():
    told = []
    live = Live(output=Lost(), on_failure=told.append)
    live.start()
    live._thread.join(20)
    assert told == [live.failure] == ["the sound card is gone"]
    with pytest.raises(NoSound, match="gone"):
        live.write(8, 0)
    with pytest.raises(NoSound, match="gone"):
        live.play(opm.Song.of(rows=np.zeros(1, WRITE), end=0, ticks_per_second=None))
    live.stop()


def test_a_lost_output_inside_a_with():
    """What is written after that says so; the session ends in order."""
    with Live(output=Lost()) as live:
        live._thread.join(20)
        with pytest.raises(NoSound, match="gone"):
            live.write(8, 0)
    assert live._output.closed


def test_an_output_that_has_run_low_is_filled_at_once():
    """With a block of its own size while it is full; the sound is the same, whatever the blocks."""

    class Draining:
        rate = opm.YM2151().sample_rate

        def __init__(self):
            self.blocks, self.low = [], iter([False, False, True, True] + [False] * 20)

        @property
        def runs_low(self):
            return next(self.low)

        def start(self):
            pass

        def write(self, samples):
            self.blocks.append(samples)
            if sum(map(len, self.blocks)) > 8000:
                raise RuntimeError("enough")

        def close(self):
            pass

    output = Draining()
    live = Live(output=output)
    for address, data in [(0x20, 0xC7), (0x28, 0x4A), (0x80, 31), (0x08, 8)]:
        live.write(address, data, at=0.03)
    live.start()
    live._thread.join()
    assert [len(block) for block in output.blocks[:6]] == [256, 256, 2048, 2048, 256, 256]
    chip = opm.YM2151()
    due = round(0.03 * chip.sample_rate)
    starts = [(due + 2 * i, *write) for i, write in enumerate([(0x20, 0xC7), (0x28, 0x4A), (0x80, 31), (0x08, 8)])]
    events = [row for at, address, data in starts for row in ((32 * at, 0, address), (32 * at + 2, 1, data))]
    sound = np.concatenate(output.blocks)
    np.testing.assert_array_equal(sound, opm.run(events, len(sound)))
    assert sound.any()


def test_a_stalled_output_does_not_hold_up_the_end(monkeypatch):
    """Its own thread closes it, when it goes on: nobody else knows what it is at."""
    monkeypatch.setattr(player.live, "TIME_TO_CLOSE", 0.01)
    closed_by = []

    class Stalled(Recorder):
        def close(self):
            closed_by.append(threading.current_thread())

    live = Live(output=Stalled())
    live.start()
    assert live._output.taken.acquire(timeout=20)
    live.stop()
    assert live._thread.is_alive()
    assert closed_by == []
    live._output.room.release()
    live._thread.join(20)
    assert closed_by == [live._thread]
    assert live.failure is None


def test_the_readmes_session(monkeypatch):
    """A second of sound, but for the bus: the voice's writes keep the key waiting."""

    class Freed(Recorder):
        def interrupt(self, owner):
            self.room.release()
            owner.join(20)

    recorder = Freed()
    monkeypatch.setattr(player.live, "Speaker", lambda latency: recorder)
    monkeypatch.setattr(time, "sleep", lambda seconds: recorder.go(300))
    code = re.search(r"<!-- live -->\n```py\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    exec(compile(code, "README.md", "exec"), {})
    sounding = np.flatnonzero(np.concatenate(recorder.parts).any(axis=1))
    assert (sounding[-1] - sounding[0]) / recorder.rate == pytest.approx(1, abs=0.05)


def test_what_is_no_song_is_refused(session):
    live, _ = session
    with pytest.raises(TypeError, match=r"got 'song.vgm'"):
        live.play("song.vgm")
