"""The live session and its server: scheduled to the frame, never brought down by a client."""

import json
import re
import socket
import threading
import time

import numpy as np
import pytest
from conftest import ROOT

import opm
from opm.song.formats import json_log
from player import Live
from player.serve import LONGEST_LINE, Server

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


@pytest.fixture
def server(session):
    with Server(session[0], ("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client(server):
    connection = socket.create_connection(server.server_address, timeout=20)
    return connection, connection.makefile("rwb")


def ask(stream, request):
    stream.write(request if isinstance(request, bytes) else json.dumps(request).encode() + b"\n")
    stream.flush()
    return json.loads(stream.readline())


def test_all_commands(server):
    connection, stream = client(server)
    assert ask(stream, {"command": "time"}) == {"status": "ok", "time": 0.0}
    assert ask(stream, {"command": "write", "address": 0x20, "data": 0xC7, "at": 5})["status"] == "ok"
    song = {"events": [{"time": 0.5, "addr": "08", "data": "78"}]}
    assert ask(stream, {"command": "play", "song": song}) == {"status": "ok", "writes": 1, "length": 0.5}
    assert ask(stream, {"command": "state"}) == {"status": "ok", "time": 0.0, "pending": 2, "clients": 1}
    assert ask(stream, {"command": "clear", "after": 1})["status"] == "ok"
    assert server.live.pending == 1
    assert ask(stream, {"command": "stop"})["status"] == "ok"
    assert server.live.pending == 8
    connection.close()


@pytest.mark.parametrize(
    "request_line",
    [
        b"nonsense\n", b"[]\n", b"{}\n", b'{"command": "explode"}\n', b'{"command": []}\n', b'{"command": "write"}\n',
        b'{"command": "write", "address": 999, "data": 0}\n',
        b'{"command": "write", "address": 1, "data": 0, "at": -1}\n',
        b'{"command": "play", "song": 3}\n', b'{"command": "play", "song": [{"time": 0}]}\n', b"\xff\xfe\n",
        b"[" * 100_000 + b"\n", b"x" * (LONGEST_LINE + 10) + b"\n", b"\n",
    ],
    ids=range(14),
)  # fmt: skip
def test_bad_requests_are_answered_and_never_fatal(server, request_line):
    connection, stream = client(server)
    answer = ask(stream, request_line)
    assert answer["status"] == "error"
    assert answer["message"]
    assert "\n" not in answer["message"]
    assert ask(stream, {"command": "time"})["status"] == "ok"
    connection.close()


def test_the_readmes_client(server, monkeypatch):
    code = re.search(r"<!-- client -->\n```py\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    assert len([line for line in code.splitlines() if line]) <= 20
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda address: connect(server.server_address))
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert server.live.pending == 4 + 12
    names["lines"].close()
    names["server"].close()


def test_several_clients_and_shutdown(server):
    clients = [client(server) for _ in range(5)]
    clients[0][0].close()
    clients[0][1].close()
    assert all(ask(stream, {"command": "time"})["status"] == "ok" for _, stream in clients[1:])
    deadline = time.monotonic() + 20
    while ask(clients[1][1], {"command": "state"})["clients"] != 4:
        assert time.monotonic() < deadline
    assert ask(clients[1][1], {"command": "shutdown"})["status"] == "ok"
    for connection, stream in clients[1:]:
        stream.close()
        connection.close()
