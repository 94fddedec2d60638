"""The deck, the playlist and the orders of the listener, with a sound card that only remembers."""

import threading
import time

import card
import numpy as np
import pytest
from card import RATE, Card, begun, steps, to_the_end
from conftest import ROOT

import opm
import player.deck
import player.seek
from opm.song import Options, Renderer
from player import aloud
from player.deck import LEAD, Deck
from player.files import ENDLESS, Job, about
from player.resample import Resampler
from player.seek import BLOCK
from player.speaker import CardGone

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"


def straight(schedule, mute=0, start=0):
    """Return a rendering from a frame on at the card's rate, and the resampler that made it."""
    resampler = Resampler(schedule.rate, RATE)
    renderer = Renderer(schedule, mute)
    renderer.skip(start)
    return np.concatenate([*map(resampler.convert, renderer.blocks(BLOCK)), resampler.flush()])


def short(tmp_path, name="short.txt"):
    """Return a job of one note, a fifth of a second."""
    path = tmp_path / name
    path.write_text(
        "".join(f"0.0 {write}\n" for write in ("20 C7", "28 4A", "E0 0F", "80 1F", "08 08")) + "0.2 08 00\n"
    )
    return Job(path, options={"tail": 0.0})


@pytest.mark.parametrize("latency", ["high", "low"])
def test_a_song_shorter_than_what_the_device_holds(tmp_path, latency):
    session = begun(short(tmp_path), latency=latency)
    to_the_end(session)
    np.testing.assert_array_equal(session.deck.speaker.sound, straight(session.schedule))


def test_what_the_device_holds_is_what_a_key_takes():
    session = begun(Job(SONG))
    most = 0
    for _ in range(500):
        session.deck._step()
        most = max(most, session.deck.speaker._held)
    assert 0.14 * RATE < most < 0.19 * RATE


def test_a_muted_channel_is_silent_from_the_next_block_on():
    """And no sample is lost or comes twice."""
    session = begun(Job(SONG))
    card, schedule = session.deck.speaker, session.schedule
    session.seek(7.0)
    while len(card.written) < 40:
        session.deck._step()
    blocks = len(card.written)
    session.deck.mute = 0b1
    while len(card.written) < blocks + 40:
        session.deck._step()
    renderer, resampler = Renderer(schedule), Resampler(schedule.rate, RATE)
    start = round((7.0 - LEAD) * schedule.rate)
    renderer.skip(start)
    want = []
    for i, block in zip(range(blocks + 40), renderer.blocks(BLOCK), strict=False):
        want.append(resampler.convert(block))
        if i == blocks - 1:
            renderer.mute(0b1)
    dropped = round((7.0 - start / schedule.rate) * RATE)
    np.testing.assert_array_equal(card.sound, np.concatenate(want)[dropped:])
    unmuted = straight(schedule, 0, start)[dropped:][: len(card.sound)]
    assert np.abs(card.sound.astype(int) - unmuted).max() > 500, "the channel was to be heard"


def test_pause_goes_on_where_it_was():
    session = begun(Job(SONG))
    card = session.deck.speaker
    steps(session, 60)
    session.deck.paused = True
    at, seconds = card.count, None
    steps(session, 60)
    seconds, silent = session.seconds, card.sound[at:]
    assert len(silent) > 10 * BLOCK
    assert not silent.any()
    session.deck.paused = False
    back = card.count
    steps(session, 60)
    assert session.seconds > seconds
    want = straight(session.schedule)
    np.testing.assert_array_equal(card.sound[:at], want[:at])
    np.testing.assert_array_equal(card.sound[back:], want[at : at + card.count - back])


def test_a_seek_is_heard_after_what_the_device_holds():
    session = begun(Job(SONG))
    card, schedule = session.deck.speaker, session.schedule
    steps(session, 100)
    held, at = card._held, card.count
    session.seek(5.0)
    assert session.seeking
    assert session.seconds == 5.0
    steps(session, 1)
    start = round((5.0 - LEAD) * schedule.rate)
    want = straight(schedule, start=start)[round((5.0 - start / schedule.rate) * RATE) :]
    steps(session, 40)
    np.testing.assert_array_equal(card.sound[at:], want[: card.count - at])
    assert held < 0.2 * RATE
    assert not session.seeking
    assert 5.0 < session.seconds < 6.0


def test_a_second_seek_replaces_the_first(monkeypatch):
    gone = []
    seek = player.seek.Transport.seek
    monkeypatch.setattr(player.seek.Transport, "seek", lambda self, frame: (gone.append(frame), seek(self, frame)))
    session = begun(Job(SONG))
    steps(session, 10)
    gone.clear()
    for seconds in (80.0, 10.0, 40.0):
        session.seek(seconds)
    steps(session, 10)
    assert [round(frame / session.schedule.rate, 1) for frame in gone] == [40.0]


def test_what_breaks_the_deck_is_raised_where_the_keys_are_read():
    class Gone(Card):
        def write(self, samples):
            raise CardGone("the sound card is gone")

    session = begun(Job(SONG), card=Gone())
    session.deck.start()
    session.deck._thread.join(20)
    with pytest.raises(CardGone):
        session.tick()
    session.close(play_out=False)


def wait(session):
    """Go on until a song has been read, or there is none; return whether there is one."""
    while more := session.tick():
        if session.schedule:
            break
        time.sleep(0.001)
    return more


def test_songs_one_after_the_other(tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("nonsense")
    jobs = [short(tmp_path, "a.txt"), Job(bad), short(tmp_path, "b.txt"), Job(tmp_path / "none.vgm")]
    session = begun(*jobs)
    for want in ("a.txt", "b.txt"):
        assert session.job.song.name == want
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
    assert session.job.song.name == "b.txt"
    session.go(-1)
    assert wait(session)
    assert session.job.song.name == "a.txt", "past the one that cannot be read"
    session.go(-1)
    assert wait(session)
    assert session.job.song.name == "a.txt", "the first has none before it"
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
    assert session.deck.speaker.sound.any()


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
    options = Options(loops=3, speed=2.0, clock=3_000_000)
    session = begun(Job(SONG, options=options))
    schedule = session.schedule
    first, length = session.loop
    assert first == 0
    assert length * 3 == pytest.approx(schedule.end / schedule.rate, rel=1e-4)
    assert session.passes == 3


def test_a_loop_of_one_tick_goes_on(tmp_path):
    song = opm.Song([(0.0, 0x20, 0xC7), (0.5, 0x28, 0x4A)], loop=0.5, length=0.5 + 1 / 44_100)
    song.save(tmp_path / "tick.vgm")
    session = begun(Job(tmp_path / "tick.vgm", options={"loops": ENDLESS}))
    assert session.length > 86_400 * 30
    session.seek(86_400.0)
    steps(session, 40)
    assert session.deck.error is None
    assert session.moment.seconds == pytest.approx(86_400, abs=2)


def test_voices_have_the_numbers_of_the_song(tmp_path):
    session = begun(Job(SONG))
    session._reader.shutdown()
    assert sorted(session.numbers.values()) == list(range(len(opm.load(SONG).voices())))


def test_the_deck_looks_ahead_while_it_has_time():
    session = begun(Job(SONG), card=Card(plays=100))
    steps(session, 1000)
    places = session.deck._transport._places
    assert places[-1].position > 20 * session.schedule.rate
    assert session.seconds < 4


def test_remarks(tmp_path):
    path = tmp_path / "seconds.log"
    path.write_text('[{"time": 0.01, "addr": "08", "data": "00"}]')
    lines = about(Job(path).read())
    assert any("cat2151" in line for line in lines)
    assert any("no key is ever pressed" in line for line in lines)


def test_the_plain_line_names_each_song_in_its_notes(tmp_path, capsys):
    bad, quiet = tmp_path / "bad.txt", tmp_path / "quiet.txt"
    bad.write_text("nonsense")
    quiet.write_text("0.0 20 C7\n0.1 28 4A\n")
    session = begun(Job(bad), Job(quiet, options={"tail": 0.0}), card=Card(plays=5000))
    session.deck.start()
    assert aloud._plain(session)
    session.close(play_out=False)
    notes, line = capsys.readouterr().err.splitlines()
    assert notes == f"{quiet}: note: no key is ever pressed: nothing of the FM chip will be heard"
    assert line == "0:00 / 0:00  quiet.txt"


def test_the_plain_line(tmp_path, capsys):
    session = begun(short(tmp_path), card=Card(plays=5000))
    session.deck.start()
    assert aloud._plain(session)
    session.close(play_out=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "0:00 / 0:00  short.txt\n", "once, where there is no terminal"


def test_stopping_ends_the_thread():
    deck = Deck(Card(), 0.6)
    deck.start()
    deck.stop(play_out=True)
    assert not deck._thread.is_alive()


def test_a_device_that_takes_nothing_is_written_to_by_one_thread(monkeypatch):
    """At the end, too, though what it holds was to be played."""
    waits, goes_on, done = threading.Event(), threading.Event(), []

    class Suspended(Card):
        def write(self, samples):
            waits.set()
            goes_on.wait(20)

        def finish(self):
            done.append("finish")

        def abort(self):
            done.append("abort")

    monkeypatch.setattr(player.deck, "PATIENCE", 0.01)
    deck = Deck(Suspended(), 0.6)
    deck.start()
    assert waits.wait(20)
    deck.stop(play_out=True)
    assert done == ["abort"]
    goes_on.set()
    deck._thread.join(20)


def test_the_card_module_is_a_speaker():
    """What the deck uses of a sound card is there on the real one."""
    from player.speaker import Speaker

    for name in ("held", "write", "start", "finish", "abort", "close"):
        assert hasattr(Speaker, name)
    assert {"rate", "underruns", "capacity"} <= set(card.Card.__dict__)
