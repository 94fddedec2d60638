"""The server: what it answers, whom it parts with, and that no client holds up another or the sound."""

import json
import re
import socket
import threading
import time

import pytest
from conftest import ROOT

import player.__main__
import player.live
import player.speaker
from opm.song import SongError
from player import Live
from player.serve import LONGEST_LINE, MOST_CLIENTS, Server

CLOCK = 3_579_545


class Silent:
    """An output that never sounds: the clock stands until it fails."""

    rate = CLOCK / 64

    def __init__(self):
        self.fails = threading.Event()

    def start(self):
        """Begin."""

    def write(self, samples):
        """Wait for the end of the card."""
        self.fails.wait(20)
        raise SongError("the sound card is gone")

    def close(self):
        """End."""
        self.fails.set()


@pytest.fixture
def live():
    live = Live(output=Silent())
    yield live
    live.stop()


@pytest.fixture
def serve(live):
    """Start a server, with a token or without."""
    servers = []

    def start(token=None):
        server = Server(live, ("127.0.0.1", 0), token)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        return server

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(serve):
    return serve()


@pytest.fixture
def connect():
    """Connect to a server; return a stream."""
    opened = []

    def connect(server):
        connection = socket.create_connection(server.server_address, timeout=20)
        stream = connection.makefile("rwb")
        opened.extend((stream, connection))
        return stream

    yield connect
    for one in opened:
        one.close()


def ask(stream, request):
    stream.write(request if isinstance(request, bytes) else json.dumps(request).encode() + b"\n")
    stream.flush()
    return json.loads(stream.readline())


def assert_error(answer, message=""):
    assert answer["status"] == "error"
    assert answer["message"]
    assert message in answer["message"]
    assert "\n" not in answer["message"]


def test_all_commands(server, connect):
    stream = connect(server)
    assert ask(stream, {"command": "hello"}) == {"status": "ok"}
    assert ask(stream, {"command": "time"}) == {"status": "ok", "time": 0.0}
    assert ask(stream, {"command": "write", "address": 0x20, "data": 0xC7, "at": 5})["status"] == "ok"
    song = {"events": [{"time": 0.5, "addr": "08", "data": "78"}]}
    assert ask(stream, {"command": "play", "song": song}) == {"status": "ok", "writes": 1, "length": 0.5}
    assert ask(stream, {"command": "state"}) == {"status": "ok", "time": 0.0, "pending": 2, "clients": 1}
    assert ask(stream, {"command": "clear", "after": 1})["status"] == "ok"
    assert server.live.pending == 1
    assert ask(stream, {"command": "stop"})["status"] == "ok"
    assert server.live.pending == 8


@pytest.mark.parametrize(
    "line",
    [
        b"{}\n", b'{"command": "explode"}\n', b'{"command": []}\n', b'{"command": "write"}\n',
        b'{"command": "write", "address": 999, "data": 0}\n',
        b'{"command": "write", "address": 1, "data": 0, "at": -1}\n',
        b'{"command": "write", "address": 1, "data": 0, "at": 1e400}\n',
        b'{"command": "play", "song": 3}\n', b'{"command": "play", "song": [{"time": 0}]}\n',
        b'{"command": "play", "song": [nonsense]}\n', b'{"command": "play"}\n',
    ],
    ids=range(11),
)  # fmt: skip
def test_a_bad_request_is_answered_and_never_fatal(server, connect, line):
    stream = connect(server)
    assert_error(ask(stream, line))
    assert ask(stream, {"command": "time"})["status"] == "ok"


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\n", b"[]\n", b"\n", b"3\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"command": "time"\n',
        b'{"command": "time"} {}\n', b"x" * (LONGEST_LINE + 10) + b"\n", b"{" + b" " * LONGEST_LINE + b"}\n",
        b"GET /?command=shutdown HTTP/1.1\r\n",
    ],
    ids=range(11),
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_what_is_no_json_object_closes_the_connection(server, connect, line, first):
    stream = connect(server)
    if not first:
        assert ask(stream, {"command": "time"})["status"] == "ok"
    assert_error(ask(stream, line + b'{"command": "write", "address": 8, "data": 0}\n'))
    assert stream.readline() == b""
    assert server.live.pending == 0
    assert ask(connect(server), {"command": "time"})["status"] == "ok"


def test_a_web_page_gives_no_orders(server, connect):
    body = b'{"command": "write", "address": 8, "data": 120}\r\n{"command": "shutdown"}\r\n'
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    stream = connect(server)
    assert_error(ask(stream, head + body))
    assert stream.read() == b""
    assert server.live.pending == 0
    assert ask(connect(server), {"command": "time"})["status"] == "ok"


def test_the_token_comes_first(serve, connect):
    server = serve("sésame")
    for request in (
        {"command": "shutdown"},
        {"command": "write", "address": 8, "data": 0, "token": "sésame"},
        {"command": "hello"},
        {"command": "hello", "token": "sesame"},
        {"command": "hello", "token": 3},
        {"command": "hello", "token": "\ud800"},
    ):
        stream = connect(server)
        assert_error(ask(stream, request), "token")
        assert stream.readline() == b""
    assert server.live.pending == 0
    stream = connect(server)
    assert ask(stream, {"command": "hello", "token": "sésame"}) == {"status": "ok"}
    assert ask(stream, {"command": "state"})["status"] == "ok"


def test_a_client_too_many_is_told(server, connect):
    clients = [connect(server) for _ in range(MOST_CLIENTS)]
    assert ask(clients[-1], {"command": "state"})["clients"] == MOST_CLIENTS
    stream = connect(server)
    assert_error(json.loads(stream.readline()), str(MOST_CLIENTS))
    assert stream.readline() == b""
    assert all(ask(client, {"command": "time"})["status"] == "ok" for client in clients)


def test_half_a_line_holds_up_nobody(server, connect):
    slow = connect(server)
    slow.write(b'{"command": ')
    slow.flush()
    assert ask(connect(server), {"command": "time"})["status"] == "ok"
    assert ask(slow, b'"time"}\n')["status"] == "ok"


def test_too_many_waiting_writes_are_refused(server, connect, monkeypatch):
    monkeypatch.setattr(player.live, "MOST_WRITES", 3)
    stream = connect(server)
    rows = [{"time": 0, "addr": 1, "data": 0}] * 2
    assert ask(stream, {"command": "play", "song": rows})["status"] == "ok"
    assert_error(ask(stream, {"command": "play", "song": rows}), "at most 3")
    assert server.live.pending == 2


def test_a_lost_card_is_said_to_all_who_ask(server, connect):
    live, stream = server.live, connect(server)
    told = []
    live._on_failure = told.append
    live.start()
    assert ask(stream, {"command": "state"})["status"] == "ok"
    live._output.fails.set()
    live._thread.join(20)
    assert told == ["the sound card is gone"]
    song = [{"time": 0, "addr": 1, "data": 0}]
    for request in (
        {"command": "state"},
        {"command": "time"},
        {"command": "write", "address": 1, "data": 0},
        {"command": "play", "song": song},
        {"command": "stop"},
    ):
        assert_error(ask(stream, request), "the sound card is gone")
    assert ask(stream, {"command": "shutdown"})["status"] == "ok"


def test_clients_come_and_go(server, connect):
    streams = [connect(server) for _ in range(4)]
    leaving = socket.create_connection(server.server_address, timeout=20)
    leaving.close()
    assert all(ask(stream, {"command": "time"})["status"] == "ok" for stream in streams)
    deadline = time.monotonic() + 20
    while ask(streams[0], {"command": "state"})["clients"] != 4:
        assert time.monotonic() < deadline
    assert ask(streams[1], {"command": "shutdown"}) == {"status": "ok", "bye": True}
    assert streams[1].readline() == b""


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)])
def test_who_can_reach_it(live, host, loopback):
    with Server(live, (host, 0)) as server:
        assert server.loopback is loopback


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        (["--serve", "127.0.0.1:0"], []),
        (["--serve", "0.0.0.0:0"], ["warning: other machines can reach this server; --token WORD keeps strangers out"]),
        (["--serve", "0.0.0.0:0", "--token", "x"], ["warning: other machines can reach this server"]),
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_what_the_command_says(monkeypatch, capsys, options, warning, lost):
    class Card(Silent):
        underruns = 0

        def __init__(self, *_):
            super().__init__()

    def serve(server, interval):
        assert server.token == (b"x" if "--token" in options else None)
        if lost:
            server.live._output.fails.set()
            server.live._thread.join(20)

    monkeypatch.setattr(player.speaker, "Speaker", Card)
    monkeypatch.setattr(Server, "serve_forever", serve)
    assert player.__main__.main(options) == (2 if lost else 0)
    said = capsys.readouterr().err.splitlines()
    assert said.pop(len(warning)).startswith("serving on ")
    assert said == warning + ["python -m player: the sound card is gone"] * lost


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
