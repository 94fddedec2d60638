"""Going somewhere in a song: what follows is the straight rendering, bit for bit."""

import numpy as np
import pytest
from conftest import ROOT

from opm.song import WRITE, Log, Loop, Options, Renderer, Schedule
from player.job import Job
from player.transport import SPACING, STEP, Transport

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"


@pytest.fixture(scope="module")
def schedule():
    return Job(SONG, options=Options(loops=2, fade=3)).read()


@pytest.fixture(scope="module")
def straight(schedule):
    return np.concatenate(list(Renderer(schedule).blocks()))


@pytest.mark.parametrize("scan", [True, False])
def test_seeking_is_exact(schedule, straight, scan):
    transport = Transport(schedule, scan=scan)
    if scan:
        transport.scanned()
    for seconds in (30.0, 31.5, 3.123, 94.9, 0.0, 60.0, 59.9, 5.0):
        transport.seek(seconds)
        frame = round(seconds * schedule.rate)
        got = np.concatenate([transport.block() for _ in range(5)])
        np.testing.assert_array_equal(got, straight[frame : frame + len(got)])
    transport.close()


def test_the_end_is_the_end(schedule):
    transport = Transport(schedule, scan=False)
    transport.seek(1e6)
    assert transport.block() is None
    transport.seek(transport.schedule.frames / schedule.rate - 0.001)
    assert len(transport.block()) == 56
    assert transport.block() is None


def test_mute_while_playing(schedule, straight):
    transport = Transport(schedule, scan=False)
    transport.seek(30.0)
    transport.mute(0xFF)
    transport.block()
    assert not transport.block().any()
    transport.mute(0)
    transport.seek(31.0)
    frame = round(31.0 * schedule.rate)
    np.testing.assert_array_equal(transport.block(), straight[frame : frame + 1024])


def test_the_moment_is_of_the_block(schedule):
    transport = Transport(schedule, scan=False)
    transport.seek(35.0)
    block = transport.block()
    moment = transport.moment()
    assert moment.taps.shape == (len(block), 8)
    assert np.abs(moment.taps).max() > 100
    assert moment.frame == round(35.0 * schedule.rate) + len(block)
    state = moment.states[0]
    before = state.pg_phase.copy()
    transport.block()
    np.testing.assert_array_equal(state.pg_phase, before)


def test_closing_ends_the_scan_and_a_seek(schedule):
    """However far they have to go: what they do between two looks is one step."""
    transport = Transport(schedule)
    transport.close()
    transport.seek(90.0)
    assert transport.seconds * schedule.rate <= STEP
    assert not transport._scanner.is_alive()


def test_a_seek_keeps_snapshots_on_its_way(schedule):
    transport = Transport(schedule, scan=False)
    transport.seek(30.0)
    assert len(transport._places) == pytest.approx(30.0 / SPACING, abs=1)


def test_going_back_in_a_song_that_slips():
    """Bursts longer than their loop: each pass starts later than it should, and that is part of the place."""
    rows = [(0, 0, 0x28, 0x30 + i % 64) for i in range(300)] + [(0, 0, 0x20, 0xC7), (0, 0, 0x80, 31), (0, 0, 8, 8)]
    song = Log("test", np.array(rows, WRITE), length=500, rate=None, loop=Loop(0, 0))
    schedule = Schedule(song, Options(loops=3000))
    straight = Transport(schedule, scan=False)
    want = []
    while straight.seconds < 20:
        want.append(straight.block())
    want = np.concatenate(want)
    assert np.abs(want).max() > 100
    transport = Transport(schedule, scan=False)
    for seconds in (19.0, 7.5, 0.3, 12.0, 11.9):
        transport.seek(seconds)
        frame = round(seconds * schedule.rate)
        np.testing.assert_array_equal(transport.block(), want[frame : frame + 1024])
