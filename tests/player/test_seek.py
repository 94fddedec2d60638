"""Going somewhere in a song: what follows is the straight rendering, bit for bit, and nothing far is waited for."""

import numpy as np
import pytest
from card import board
from conftest import ROOT

from opm.song import WRITE, Loop, Playing, Renderer, Song
from player.jobs import Job
from player.seek import BLOCK, FAR, MOST_PLACES, RUN_UP, SPACING, Transport

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"


@pytest.fixture(scope="module", params=["YM2151", "board"])
def playing(request, tmp_path_factory):
    """The song that ships, and one with other parts."""
    song = SONG if request.param == "YM2151" else board(tmp_path_factory.mktemp("board"), 92)
    return Job(song, options={"loops": 2, "fade": 3}).playing()


@pytest.fixture(scope="module")
def straight(playing):
    return np.concatenate(list(Renderer(playing).blocks()))


def looked_ahead(playing, seconds=1e9):
    """Return a transport that knows the song up to a time."""
    transport = Transport(playing)
    while transport._ahead.position < seconds * playing.rate and transport.look_ahead():
        pass
    return transport


@pytest.mark.parametrize("known", [1e9, 20.0])
def test_seeking_is_exact_where_the_look_ahead_has_been(playing, straight, known):
    transport = looked_ahead(playing, known)
    for seconds in (18.0, 12.5, 3.123, 19.9, 0.0, 6.0, 5.9, 5.0, *([94.9, 60.0, 59.9] if known > 100 else [])):
        frame = round(seconds * playing.rate)
        transport.seek(frame)
        got = np.concatenate([transport.block() for _ in range(5)])
        assert transport.exact
        np.testing.assert_array_equal(got, straight[frame : frame + len(got)])


def test_no_seek_runs_far(playing, monkeypatch):
    """Wherever it goes, whatever is known: so it takes milliseconds."""
    ran = []
    skip = Renderer.skip
    monkeypatch.setattr(Renderer, "skip", lambda self, frame: (ran.append(frame - self.position), skip(self, frame)))
    for known in (0.0, 30.0, 1e9):
        transport = looked_ahead(playing, known)
        ran.clear()
        for seconds in (90.0, 0.0, 45.0, 20.0, 94.0, 50.0):
            transport.seek(round(seconds * playing.rate))
            transport.block()
        assert max(ran) <= max(FAR, RUN_UP) * playing.rate + 1


def test_a_far_place_is_approached_and_then_exact(playing, straight):
    """By the registers held there: the same notes; and the straight rendering as soon as it is known."""
    transport = Transport(playing)
    frame = round(60.0 * playing.rate)
    transport.seek(frame)
    assert not transport.exact
    near = np.concatenate([transport.block() for _ in range(40)]).astype(float)
    want = straight[frame : frame + len(near)].astype(float)
    spectra = [np.abs(np.fft.rfft(sound[:, 0] * np.hanning(len(sound)))) for sound in (near, want)]
    assert np.corrcoef(*spectra)[0, 1] > 0.9
    while transport.look_ahead():
        pass
    here = transport.renderer.position
    passing = transport.block()
    assert transport.exact
    assert passing[0].tolist() != straight[here].tolist()
    assert passing[-1].tolist() == straight[here + BLOCK - 1].tolist()
    np.testing.assert_array_equal(transport.block(), straight[here + BLOCK : here + 2 * BLOCK])


def test_what_is_approached_leaves_no_snapshots(playing):
    transport = Transport(playing)
    transport.seek(round(60.0 * playing.rate))
    for _ in range(500):
        transport.block()
    assert len(transport._places) == 1


def test_approaching_in_a_later_pass_of_the_loop():
    """The registers are those of the loop's end, not of what stands before the loop."""
    rows = [(0, 0, 0x20, 0xC7), (0, 0, 0x80, 31), (0, 0, 0x28, 0x4A), (1000, 0, 0x28, 0x4E), (1500, 0, 0x28, 0x3E)]
    song = Song.of(rows=np.array(rows, WRITE), end=2000, ticks_per_second=None, loop_start=Loop(900, 3))
    playing = Playing(song, loops=1000)
    renderer = Renderer(playing)
    for frame, key in ((950, 0x4A), (1200, 0x4E), (1700, 0x3E), (2050, 0x3E), (900 + 1100 * 500 + 200, 0x4E)):
        renderer.approach(frame)
        assert renderer.position == frame
        assert renderer.parts[0].chip.state.ch_kc[0] == key
    renderer.skip(900 + 1100 * 501 + 700)
    assert renderer.parts[0].chip.state.ch_kc[0] == 0x3E


def test_the_registers_that_hold_several_things():
    """Keys by channel, and depths of AM and PM: the last of each; keys behind all others, so that they sound."""
    rows = [(0, 0, 0x08, 0x78), (0, 0, 0x08, 0x79), (1, 0, 0x19, 0x85), (2, 0, 0x19, 0x06), (3, 0, 0x80, 31)]
    rows += [(4, 0, 0x08, 0x00), (5, 0, 0x60, 7)]
    song = Song.of(rows=np.array(rows, WRITE), end=9000, ticks_per_second=None)
    renderer = Renderer(Playing(song, loops=2, fade=8.0))
    renderer.approach(8000)
    state = renderer.parts[0].chip.state
    assert (int(state.pmd), int(state.amd), int(state.sl_tl[0]), int(state.sl_ar[0])) == (5, 6, 7, 31)
    assert state.kon[:2].tolist() == [0, 1]


def test_the_end_is_the_end(playing):
    transport = looked_ahead(playing)
    transport.seek(10**9)
    assert transport.block() is None
    transport.seek(playing.frames - 56)
    assert len(transport.block()) == 56
    assert transport.block() is None
    assert not transport.look_ahead()


def test_playing_keeps_snapshots(playing):
    transport = Transport(playing)
    for _ in range(round(30 * playing.rate / BLOCK)):
        transport.block()
    assert len(transport._places) == pytest.approx(30.0 / SPACING, abs=1)


def test_the_number_of_snapshots_is_bounded(playing, straight, monkeypatch):
    monkeypatch.setattr("player.seek.MOST_PLACES", 8)
    transport = looked_ahead(playing)
    assert len(transport._places) <= 9
    positions = [place.position for place in transport._places]
    assert positions[0] == 0
    assert max(np.diff(positions)) < 3 * min(np.diff(positions))
    assert MOST_PLACES * SPACING > 3600
    frame = positions[-1] + 100
    transport.seek(frame)
    np.testing.assert_array_equal(transport.block(), straight[frame : frame + BLOCK])


def test_going_back_in_a_song_that_slips():
    """Bursts longer than their loop: each pass starts later than it should, and that is part of the place."""
    rows = [(0, 0, 0x28, 0x30 + i % 64) for i in range(300)] + [(0, 0, 0x20, 0xC7), (0, 0, 0x80, 31), (0, 0, 8, 8)]
    song = Song.of(rows=np.array(rows, WRITE), end=500, ticks_per_second=None, loop_start=Loop(0, 0))
    playing = Playing(song, loops=3000)
    want = np.concatenate(list(Renderer(playing).blocks())[: 20 * 2])
    assert np.abs(want).max() > 100
    transport = looked_ahead(playing, 20)
    for seconds in (19.0, 7.5, 0.3, 12.0, 11.9):
        frame = round(seconds * playing.rate)
        transport.seek(frame)
        np.testing.assert_array_equal(transport.block(), want[frame : frame + BLOCK])
