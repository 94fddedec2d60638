"""Notes of a live session: when they sound, who ends them, and what drops them."""

import json
import socket
import threading
from functools import partial

import mido
import numpy as np
import pytest
from small_bank import SMALL
from test_live import Recorder, song_of
from test_serve import Silent, ask, assert_error

import opm
import player.live
from player import Live
from player.live import BLOCK
from player.serve import Server

RATE = opm.YM2151().sample_rate


def on(key, velocity=100, channel=0):
    return mido.Message("note_on", note=key, velocity=velocity, channel=channel)


def off(key, channel=0):
    return mido.Message("note_off", note=key, channel=channel)


@pytest.fixture
def live():
    live = Live(output=Recorder(), bank=SMALL)
    yield live
    live.stop()


def written(live, blocks=1):
    """Let blocks be made; return the writes: frame, register, byte."""
    rows = []
    for _ in range(blocks):
        events = live._due(live._frame + BLOCK)
        live._chip.run(events, BLOCK)
        rows += [(row["cycle"] // 32, row["address"], row["data"]) for row in opm.events.to_writes(events)]
    return [tuple(map(int, row)) for row in rows]


def keys(rows):
    """Return the writes to register 08: frame, channel, and whether the key is down."""
    return [(frame, data & 7, data > 7) for frame, address, data in rows if address == 8]


def test_a_note_sounds_where_it_is_due(live):
    """Its key as soon as the bus has taken what comes before, and up again when it has lasted."""
    live.send(on(69), at=1000 / RATE, seconds=2000 / RATE)
    rows = written(live, 14)
    first = rows[0][0]
    (down, channel, _), (up, same, _) = keys(rows)
    assert first == 1000
    assert down == 1000 + 2 * (len(rows) - 2), "no gap between the writes before it"
    assert (up, same) == (3000, channel)
    assert rows[-2][1:] == (8, 0x78 | channel)
    assert (0x28 + channel, 0x4A) in [row[1:] for row in rows]


def test_what_a_channel_holds_is_not_written_again(live):
    for number in range(2):
        live.send(on(60), at=0.1 * number, seconds=0.01)
    rows = written(live, 40)
    assert len([row for row in rows if row[0] > 0.05 * RATE]) == 2, "a key down, and up"


def test_a_note_now_comes_with_the_next_block(live):
    written(live, 3)
    live.send(on(60))
    assert written(live)[0][0] == 3 * BLOCK


def test_what_drops_notes_leaves_the_ends_of_those_that_sound(live):
    """A key repeated fast lost notes elsewhere: the end of one went with what was scheduled behind it."""
    live.send(on(60), seconds=0.05)
    live.send(on(62), at=0.03, seconds=0.05)
    live.send(on(64), at=0.1, seconds=0.05)
    assert [down for _, _, down in keys(written(live, 10))] == [True, True]
    live.clear()
    live.play(song_of([], 0, []), replace=True)
    assert live.pending == 2, "two ends"
    assert [down for _, _, down in keys(written(live, 20))] == [False, False]
    assert live.pending == 0


def test_a_dropped_note_takes_its_end_with_it(live):
    """Also one whose end was sent by itself; the end of a note that has begun stays."""
    live.send(on(60))
    live.send(on(60), at=0.2)
    live.send(off(60), at=0.3)
    live.send(off(60), at=0.4)
    live.send(off(61), at=0.05)
    live.clear(after=0.1)
    assert live.pending == 3
    assert [down for _, _, down in keys(written(live, 120))] == [True, False]


def test_stop_silences_and_forgets(live):
    live.send(on(60), seconds=5)
    live.send(on(64, channel=1))
    live.send(on(67), at=3)
    written(live)
    live.silence()
    rows = written(live, 3)
    assert {channel for _, channel, down in keys(rows) if not down} == set(range(8))
    assert not any(down for _, _, down in keys(rows))
    assert live.performer.playing() == []
    assert live.pending == 0


def test_notes_keep_off_the_channels_that_others_play_on(live):
    """And take them once their keys are up, with all registers written anew."""
    for channel in range(7):
        live.write(8, 0x78 | channel)
    written(live)
    live.send(on(60))
    assert keys(written(live))[0][1:] == (7, True)
    live.write(8, 3)
    written(live)
    live.send(on(64))
    rows = written(live)
    assert keys(rows)[0][1:] == (3, True)
    assert len(rows) > 26


def test_a_register_that_somebody_else_wrote_is_written_again(live):
    for channel in range(1, 8):
        live.write(8, 0x78 | channel)
    written(live)
    live.send(on(60), seconds=0.01)
    written(live, 4)
    live.write(0x28, 0x11)
    written(live)
    live.send(on(60))
    rows = written(live)
    assert [row[1:] for row in rows[:-1]] == [(0x28, 0x3E)]


def test_a_flood_of_messages_does_not_hold_up_the_sound(live):
    """So many a block at most, in their order; the rest a block later."""
    for number in range(1000):
        live.send(on(number % 128), seconds=0.1)
    taken = []
    performer, take = live.performer, live.performer.take
    performer.take = lambda frame, message: (taken.append(message), take(frame, message))
    rows = written(live)
    assert len(taken) <= player.live.MOST_AT_ONCE
    assert len(rows) <= BLOCK // 2
    while live.pending:
        before = len(taken)
        written(live)
        assert len(taken) - before <= player.live.MOST_AT_ONCE
        assert len(live._performed) <= player.live.MOST_PERFORMED + 300
    assert [message.note for message in taken if message.velocity] == [number % 128 for number in range(1000)]


def test_too_many_messages_are_refused(live, monkeypatch):
    monkeypatch.setattr(player.live, "MOST_MESSAGES", 2)
    live.send(on(60), at=1)
    live.send(on(60), at=1)
    with pytest.raises(ValueError, match="at most 2 MIDI messages may wait"):
        live.send(on(60))


@pytest.mark.parametrize("wrong", [{"at": -1}, {"seconds": float("nan")}, {"seconds": 1e10}])
def test_a_time_that_is_none(live, wrong):
    with pytest.raises(ValueError, match="must be 0 to 1000000000 seconds"):
        live.send(on(60), **wrong)


def test_a_session_without_a_bank():
    live = Live(output=Recorder())
    with pytest.raises(RuntimeError, match="this session plays no notes: make a Live with a bank"):
        live.send(on(60))
    live.stop()
    with pytest.raises(RuntimeError, match="this session has ended"):
        live.send(on(60))


def test_messages_of_many_threads_all_come(live):
    """Notes and registers, from eight threads, while the sound goes on."""
    failures = []

    def client(channel):
        try:
            for number in range(50):
                live.send(on(40 + number, channel=channel), seconds=0.001)
                live.write(0x01, 0)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=client, args=(channel,)) for channel in range(8)]
    for thread in threads:
        thread.start()
    rows = []
    while any(thread.is_alive() for thread in threads) or live.pending or len(live._performed):
        rows += written(live)
    assert failures == []
    assert len([row for row in rows if row[1] == 8 and row[2] > 7]) == 400
    assert len([row for row in rows if row[1] == 1]) == 400


@pytest.fixture
def served():
    """A session, and how to ask its server."""
    live = Live(output=Silent(), bank=SMALL)
    server = Server(live, ("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    connection = socket.create_connection(server.server_address, timeout=20)
    with connection, connection.makefile("rwb") as stream:
        yield live, partial(ask, stream)
    server.shutdown()
    thread.join()
    server.server_close()
    live.stop()


def test_notes_over_the_server(served):
    live, ask = served
    for request in (
        {"key": 60},
        {"key": "Bb3", "velocity": 30, "program": 5, "channel": 2, "seconds": 0.22, "at": 0.1},
        {"key": "C-1", "seconds": "on"},
        {"key": 0, "seconds": "off", "at": 0.3},
    ):
        assert ask({"command": "note", **request}) == {"status": "ok"}
    assert ask({"command": "midi", "data": [0xB0, 7, 90], "at": 0.2}) == {"status": "ok"}
    assert ask({"command": "state"})["pending"] == 6
    rows = written(live, 130)
    struck = [(round(frame / RATE, 1), channel, down) for frame, channel, down in keys(rows)]
    assert struck == [
        (0.0, 0, True), (0.0, 1, True), (0.1, 2, True), (0.3, 1, False), (0.3, 2, False), (0.5, 0, False)
    ]  # fmt: skip
    assert (0x22, 0xD0) in [row[1:] for row in rows], "program 5 has feedback 2"
    assert ask({"command": "note", "key": 60, "seconds": "on"})["status"] == "ok"
    assert ask({"command": "stop"})["status"] == "ok"
    assert not any(down for _, _, down in keys(written(live, 2)))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, 'expected an integer as "key"'),
        ({"key": 128}, 'expected 0 to 127 as "key"'),
        ({"key": True}, 'expected an integer as "key"'),
        ({"key": "H4"}, "expected a note such as C#4, got 'H4'"),
        ({"key": "C10"}, 'expected a note from "C-1" to "G9" as "key"'),
        ({"key": "C" * 4000}, "expected a note such as C#4"),
        ({"key": 60, "velocity": 0}, 'expected 1 to 127 as "velocity"'),
        ({"key": 60, "velocity": None}, 'expected an integer as "velocity"'),
        ({"key": 60, "channel": 0}, 'expected 1 to 16 as "channel"'),
        ({"key": 60, "program": -1}, 'expected 0 to 127 as "program"'),
        ({"key": 60, "program": 1.0}, 'expected an integer as "program"'),
        ({"key": 60, "seconds": "of"}, 'expected seconds as "seconds"'),
        ({"key": 60, "seconds": ["on"]}, 'expected seconds as "seconds"'),
        ({"key": 60, "seconds": -1}, 'expected seconds as "seconds"'),
        ({"key": 60, "at": "1"}, 'expected seconds as "at"'),
    ],
)
def test_a_note_that_is_none(served, fields, words):
    live, ask = served
    assert_error(ask({"command": "note", **fields}), words)
    assert live.pending == 0


@pytest.mark.parametrize(
    "data",
    [None, 3, "903C40", [], [0x90], [0x90, 60, 200], [60, 60], [0x90, 60, 1.5], [0x90, [], 1], [0xF0, 1], [1] * 900],
)
def test_a_message_that_is_none(served, data):
    live, ask = served
    assert_error(ask({"command": "midi", "data": data}), 'as "data"')
    assert live.pending == 0


def test_a_server_without_voices(monkeypatch):
    live = Live(output=Silent())
    with Server(live, ("127.0.0.1", 0)) as server:
        assert_error(server.answer(json.dumps({"command": "note", "key": 60}).encode()), "plays no notes")
    live.stop()


def test_notes_and_a_song_make_one_sound(live):
    """The sound is what the writes say, bit for bit: no write of either is lost on the bus."""
    recorder = live._output
    live.play(opm.load(b"0 20 C7\n0 28 4A\n0 80 1F\n0 E0 0F\n0 60 10\n100 08 08\n6000 08 00\n"))
    live.send(on(60), at=0.01, seconds=0.05)
    due, events = live._due, []

    def keep(end):
        events.append(due(end))
        return events[-1]

    live._due = keep
    live.start()
    sound = recorder.go(20)
    live._stopped.set()
    recorder.room.release()
    live._thread.join(20)
    np.testing.assert_array_equal(sound, opm.run(np.concatenate(events), len(sound)))
    assert sound.any()
