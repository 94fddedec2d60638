"""The listener's session: songs one after the other, places, loops, the seek bar."""

import subprocess
import sys
import time

import pytest
from card import LISTENED, begun, board, short, steps, to_the_end
from conftest import ROOT

import opm
from player.jobs import ENDLESS, Job

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"


def wait(session):
    """Go on until a song has been read, or there is none; return whether there is one."""
    while more := session.tick():
        if session.playing:
            break
        time.sleep(0.001)
    return more


def test_songs_one_after_the_other(tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("nonsense")
    jobs = [short(tmp_path, "a.txt"), Job(bad), short(tmp_path, "b.txt"), Job(tmp_path / "none.vgm")]
    session = begun(*jobs)
    for want in ("a.txt", "b.txt"):
        assert session.job.path.name == want
        to_the_end(session)
        more = wait(session)
    assert not more
    assert [line.split(": ")[0].rpartition("/")[2] for line in session.failed.values()] == ["bad.txt", "none.vgm"]


def test_next_and_previous(tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("nonsense")
    session = begun(short(tmp_path, "a.txt"), Job(bad), short(tmp_path, "b.txt"))
    session.go(1)
    assert wait(session)
    assert session.job.path.name == "b.txt"
    session.go(-1)
    assert wait(session)
    assert session.job.path.name == "a.txt", "past the one that cannot be read"
    session.go(-1)
    assert wait(session)
    assert session.job.path.name == "a.txt", "the first has none before it"
    assert len(session.failed) == 1, "a song fails once"


def test_an_endless_song_folds_onto_its_bar():
    session = begun(Job(SONG, options={"loops": ENDLESS}))
    assert session.endless
    assert session.total == pytest.approx(46.05, abs=0.01)
    session.seek(session.total * 1000 + 10)
    assert session.folded == pytest.approx(10)
    session.seek_on_bar(0.5)
    assert session.seconds == pytest.approx(session.total * 1000.5)
    steps(session, 50)
    assert session.playback.speaker.sound.any()


def test_the_bar_of_an_endless_song_with_a_beginning(tmp_path):
    """A click before the loop goes there, one in the loop into this pass."""
    path = tmp_path / "loop.txt"
    path.write_text("0.0 20 C7\n2.0 28 4A\n# loop\nloop\n5.0 28 4E\n")
    session = begun(Job(path, options={"loops": ENDLESS}))
    assert session.loop == pytest.approx((2.0, 3.0), abs=0.01)
    session.seek(12.0)
    session.seek_on_bar(0.1)
    assert session.seconds == pytest.approx(0.5)
    session.seek(12.0)
    session.seek_on_bar(0.5)
    assert session.seconds == pytest.approx(11.5, abs=0.05)


def test_loops_are_where_they_are_heard():
    """With another clock, another speed, and the file's own idea of how often."""
    options = {"loops": 3, "speed": 2.0, "clock": 3_000_000}
    session = begun(Job(SONG, options=options))
    playing = session.playing
    first, length = session.loop
    assert first == 0
    assert length * 3 == pytest.approx(playing.end / playing.rate, rel=1e-4)
    assert session.passes == 3


def test_a_loop_of_one_tick_goes_on(tmp_path):
    song = opm.Song([(0.0, 0x20, 0xC7), (0.5, 0x28, 0x4A)], loop=0.5, length=0.5 + 1 / 44_100)
    song.save(tmp_path / "tick.vgm")
    session = begun(Job(tmp_path / "tick.vgm", options={"loops": ENDLESS}))
    assert session.length > 86_400 * 30
    session.seek(86_400.0)
    steps(session, 40)
    assert session.playback.error is None
    assert session.moment.seconds == pytest.approx(86_400, abs=2)


def test_voices_have_the_numbers_of_the_song(tmp_path):
    session = begun(Job(SONG, options=LISTENED))
    session._reader.shutdown()
    assert sorted(session.numbers.values()) == list(range(len(opm.load(SONG).voices())))


def test_nothing_is_compiled_once_a_song_is_ready(tmp_path):
    """Neither while it plays nor while the listener goes about in it: a song with other parts, one with two clocks."""
    code = f"""
import sys
from numba.core import event
from opm.song import Opm, Playing, Renderer, load
from player.seek import Transport

class Compiled(event.Listener):
    def on_start(self, started):
        found.append(started.data["dispatcher"].__name__)
    on_end = on_start

def count():
    dispatchers = [value for name, module in [*sys.modules.items()] if name.startswith("opm.")
                   for value in vars(module).values() if hasattr(value, "overloads")]
    return [len(each.overloads) for each in dispatchers]

found = []
event.register("numba:compile", Compiled())
board = load({str(board(tmp_path))!r})
for song in (board, board.but(companions=(), opms=(Opm(), Opm(clock=4_000_000)))):
    playing = Playing(song)
    Renderer.compile_for(playing)
    found.clear()
    before = count()
    transport = Transport(playing)
    for seconds in (0, 12, 1):
        transport.seek(round(seconds * playing.rate))
        for _ in range(40):
            transport.block()
            transport.look_ahead()
    for _ in range(20):
        transport.block()
    assert max(before) and count() == before and not found, (before, count(), found)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
