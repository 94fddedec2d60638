"""The playback and the orders of the listener, with a sound card that only remembers."""

import threading

import card
import numpy as np
import pytest
from card import LISTENED, RATE, Card, begun, board, short, steps, to_the_end
from conftest import ROOT

import player.playback
import player.seek
from opm.board import mix, vera_psg
from opm.song import Playing, Renderer, Resampler, to_int16
from player.devices import CardGone
from player.jobs import Job
from player.playback import LEAD, OTHERS, Playback
from player.seek import BLOCK

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"


def straight(playing, start=0):
    """Return a rendering from a frame on at the card's rate, and the resampler that made it."""
    resampler = Resampler(playing.rate, RATE)
    renderer = Renderer(playing)
    renderer.skip(start)
    return np.concatenate([*map(resampler.convert, renderer.blocks(BLOCK)), resampler.flush()])


@pytest.mark.parametrize("latency", ["high", "low"])
def test_a_song_shorter_than_what_the_device_holds(tmp_path, latency):
    session = begun(short(tmp_path), latency=latency)
    to_the_end(session)
    np.testing.assert_array_equal(session.playback.speaker.sound, straight(session.playing))


def test_a_board_is_played_as_it_is_rendered(tmp_path):
    """At full volume and at another, which rounds once more; each part's level goes with what is heard of it."""
    path = board(tmp_path, beats=3)
    for gain in (1.0, 0.5):
        session = begun(Job(path, options=LISTENED))
        session.playback.gain = gain
        to_the_end(session)
        want = straight(session.playing)
        np.testing.assert_array_equal(session.playback.speaker.sound, want if gain == 1.0 else to_int16(want * gain))
    heard = np.array([[*moment.levels.values()] for moment in session.playback.heard])
    assert [*session.moment.levels] == ["vera_psg", "vera_pcm"]
    assert (heard.max(axis=0) > 1000).all()
    assert (heard.min(axis=0) == 0).any()


def test_the_levels_of_parts_are_on_the_scale_of_the_channels(tmp_path):
    """What its own samples are at VERA's level, without the headroom of the board."""
    session = begun(Job(board(tmp_path, beats=3), options=LISTENED))
    to_the_end(session)
    pulse = -32 * int(vera_psg.VOLUME[0x30]) // 8
    assert max(moment.levels["vera_psg"] for moment in session.playback.heard) == -pulse * mix.VERA


def test_the_other_parts_muted(tmp_path):
    """From the next block on, which is the YM2151's alone as loud as before, and back as if nothing had been."""
    session = begun(Job(board(tmp_path), options=LISTENED))
    card, playing = session.playback.speaker, session.playing
    for mute in (0, OTHERS, 0):
        session.playback.mute, blocks = mute, len(card.written)
        while len(card.written) < blocks + 40:
            session.playback._step()
    resampler = Resampler(playing.rate, RATE)
    whole, alone = Renderer(playing).blocks(BLOCK), Renderer(Playing(playing.song, parts=["ym2151"])).blocks(BLOCK)
    pairs = [(next(whole), next(alone) / np.float32(2)) for _ in range(120)]
    want = [resampler.convert(pair[40 <= i < 80]) for i, pair in enumerate(pairs)]
    np.testing.assert_array_equal(card.sound, np.concatenate(want))


def test_what_the_device_holds_is_what_a_key_takes():
    session = begun(Job(SONG, options=LISTENED))
    most = 0
    for _ in range(500):
        session.playback._step()
        most = max(most, session.playback.speaker._held)
    assert 0.14 * RATE < most < 0.19 * RATE
    session.playback.reading = True
    for _ in range(50):
        session.playback._step()
    assert session.playback.speaker._held > 0.21 * RATE, "more, while another song is read and compiled"


def test_a_muted_channel_is_silent_from_the_next_block_on():
    """And no sample is lost or comes twice."""
    session = begun(Job(SONG, options=LISTENED))
    card, playing = session.playback.speaker, session.playing
    session.seek(7.0)
    while len(card.written) < 40:
        session.playback._step()
    blocks = len(card.written)
    session.playback.mute = 0b1
    while len(card.written) < blocks + 40:
        session.playback._step()
    renderer, resampler = Renderer(playing), Resampler(playing.rate, RATE)
    start = round((7.0 - LEAD) * playing.rate)
    renderer.skip(start)
    want = []
    for i, block in zip(range(blocks + 40), renderer.blocks(BLOCK), strict=False):
        want.append(resampler.convert(block))
        if i == blocks - 1:
            renderer.mute(0b1)
    dropped = round((7.0 - start / playing.rate) * RATE)
    np.testing.assert_array_equal(card.sound, np.concatenate(want)[dropped:])
    unmuted = straight(playing, start)[dropped:][: len(card.sound)]
    assert np.abs(card.sound.astype(int) - unmuted).max() > 500, "the channel was to be heard"


def test_pause_goes_on_where_it_was():
    session = begun(Job(SONG, options=LISTENED))
    card = session.playback.speaker
    steps(session, 60)
    session.playback.paused = True
    at, seconds = card.count, None
    steps(session, 60)
    seconds, silent = session.seconds, card.sound[at:]
    assert len(silent) > 10 * BLOCK
    assert not silent.any()
    session.playback.paused = False
    back = card.count
    steps(session, 60)
    assert session.seconds > seconds
    want = straight(session.playing)
    np.testing.assert_array_equal(card.sound[:at], want[:at])
    np.testing.assert_array_equal(card.sound[back:], want[at : at + card.count - back])


def test_a_seek_is_heard_after_what_the_device_holds():
    session = begun(Job(SONG, options=LISTENED))
    card, playing = session.playback.speaker, session.playing
    steps(session, 100)
    held, at = card._held, card.count
    session.seek(5.0)
    assert session.seeking
    assert session.seconds == 5.0
    steps(session, 1)
    start = round((5.0 - LEAD) * playing.rate)
    want = straight(playing, start=start)[round((5.0 - start / playing.rate) * RATE) :]
    steps(session, 40)
    np.testing.assert_array_equal(card.sound[at:], want[: card.count - at])
    assert held < 0.2 * RATE
    assert not session.seeking
    assert 5.0 < session.seconds < 6.0


def test_a_second_seek_replaces_the_first(monkeypatch):
    gone = []
    seek = player.seek.Transport.seek
    monkeypatch.setattr(player.seek.Transport, "seek", lambda self, frame: (gone.append(frame), seek(self, frame)))
    session = begun(Job(SONG, options=LISTENED))
    steps(session, 10)
    gone.clear()
    for seconds in (80.0, 10.0, 40.0):
        session.seek(seconds)
    steps(session, 10)
    assert [round(frame / session.playing.rate, 1) for frame in gone] == [40.0]


def test_what_breaks_the_playback_is_raised_where_the_keys_are_read():
    class Gone(Card):
        def write(self, samples):
            raise CardGone("the sound card is gone")

    session = begun(Job(SONG, options=LISTENED), card=Gone())
    session.playback.start()
    session.playback._thread.join(20)
    with pytest.raises(CardGone):
        session.tick()
    session.close(play_out=False)


def test_the_playback_looks_ahead_while_it_has_time():
    session = begun(Job(SONG, options=LISTENED), card=Card(plays=100))
    steps(session, 1000)
    places = session.playback._transport._places
    assert places[-1].position > 20 * session.playing.rate
    assert session.seconds < 4


@pytest.mark.parametrize("play_out", [False, True])
def test_stopping_ends_the_thread(play_out):
    calls = []

    class Told(Card):
        def finish(self):
            calls.append(("finish", threading.current_thread()))

        def close(self):
            calls.append(("close", threading.current_thread()))

    playback = Playback(Told(), 0.6)
    playback.start()
    playback.stop(play_out)
    assert not playback._thread.is_alive()
    assert calls == [(name, playback._thread) for name in ["finish"] * play_out + ["close"]]


def test_a_playback_that_never_started_gives_the_card_back():
    closed = []
    card = Card()
    card.close = lambda: closed.append(True)
    Playback(card, 0.6).stop(play_out=False)
    assert closed == [True]


def test_a_card_that_goes_away_while_it_plays_out_is_an_error():
    class Gone(Card):
        def finish(self):
            raise CardGone("the sound card is gone")

    playback = Playback(Gone(), 0.6)
    playback.start()
    with pytest.raises(CardGone):
        playback.stop(play_out=True)


def test_the_card_module_is_a_speaker():
    """What the playback uses of a sound card is there on the real one."""
    from player.devices import Speaker

    for name in ("held", "write", "start", "finish", "close", "interrupt", "time_to_finish"):
        assert hasattr(Speaker, name)
    assert {"rate", "underruns", "capacity"} <= set(card.Card.__dict__)
