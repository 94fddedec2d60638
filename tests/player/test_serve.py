"""The server: what it answers, whom it parts with, and that no client holds up another or the sound."""

import contextlib
import json
import re
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from commands import bad
from conftest import ROOT

import player.__main__
import player.devices
import player.live
import player.serve
from opm.song import SongError
from opm.song.formats import json_log
from player import Live
from player.serve import LONGEST_HELLO, LONGEST_LINE, MOST_CLIENTS, Server

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

    def interrupt(self, owner):
        """Have ``write`` return."""
        self.fails.set()
        owner.join(20)


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
    assert ask(stream, {"command": "play", "song": song, "at": 0.6, "replace": True})["status"] == "ok"
    assert ask(stream, {"command": "play", "song": song, "at": 0.4, "replace": True})["status"] == "ok"
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
        b'{"command": "play", "song": [], "replace": 1}\n', b'{"command": "play", "song": [], "replace": null}\n',
    ],
    ids=range(13),
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


def read_by(monkeypatch):
    """Return a list that what the server reads is added to, piece by piece."""
    pieces, receive = [], player.serve._Handler._receive

    def counted(handler, most, deadline):
        pieces.append((most, receive(handler, most, deadline)))
        return pieces[-1][1]

    monkeypatch.setattr(player.serve._Handler, "_receive", counted)
    monkeypatch.setattr(player.serve._Handler, "_part", lambda handler: None)
    return pieces


@pytest.mark.parametrize(
    "line",
    [
        b'{"command": "hello", "token": "word", %s}\n' % b",".join(b'"%d": 0' % i for i in range(200_000)),
        b"{" + b" " * 2**20,
        b'{"command": "hello", "token": "' + b"w" * 2**20,
        b"x" * 5000 + b"\n",
    ],
    ids=["members", "blanks", "token", "text"],
)
def test_no_more_is_read_of_a_stranger_than_a_hello_has(serve, connect, monkeypatch, line):
    """Nor parsed, whatever else stands in it."""
    server, pieces, parsed = serve("word"), read_by(monkeypatch), []
    members = json_log.members
    monkeypatch.setattr(json_log, "members", lambda line, raw: parsed.append(len(line)) or members(line, raw))
    stream = connect(server)
    with contextlib.suppress(OSError):  # It has gone by now.
        stream.write(line)
        stream.flush()
    with contextlib.suppress(ConnectionError):
        assert_error(json.loads(stream.readline()), "token")
        assert stream.readline() == b""
    assert sum(len(piece) for _, piece in pieces) <= LONGEST_HELLO
    assert max(most for most, _ in pieces) <= LONGEST_HELLO
    assert parsed == []
    assert ask(connect(server), {"command": "hello", "token": "word"}) == {"status": "ok"}


@pytest.mark.parametrize("token", ["word", None])
def test_a_byte_now_and_then_does_not_keep_a_place(serve, connect, monkeypatch, token):
    """The time is for all of the hello, or for the line that was begun; each byte stands for a second here."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(player.serve, "time", SimpleNamespace(monotonic=lambda: clock.now))
    receive, sent = player.serve._Handler._receive, []

    def slow(handler, most, deadline):
        if deadline is not None and clock.now >= deadline:
            raise TimeoutError
        clock.now += 1.0
        sent.append(b" ")
        return b" "

    server = serve(token)
    monkeypatch.setattr(player.serve._Handler, "_receive", slow)
    monkeypatch.setattr(player.serve._Handler, "_part", lambda handler: None)
    stream = connect(server)
    assert_error(json.loads(stream.readline()), "token" if token else "earlier")
    assert stream.readline() == b""
    most = player.serve.TIME_TO_SAY_HELLO if token else player.serve.TIME_FOR_A_LINE
    assert len(sent) <= most + 1
    monkeypatch.setattr(player.serve._Handler, "_receive", receive)


def test_a_client_that_says_nothing_stays_and_one_that_owes_the_token_goes(serve, connect, monkeypatch):
    monkeypatch.setattr(player.serve, "TIME_TO_SAY_HELLO", 0.05)
    monkeypatch.setattr(player.serve, "TIME_FOR_A_LINE", 0.05)
    quiet = connect(serve())
    silent = connect(serve("word"))
    assert_error(json.loads(silent.readline()), "token")
    assert silent.readline() == b""
    time.sleep(0.2)
    assert ask(quiet, {"command": "time"})["status"] == "ok"


def test_a_half_line_goes_in_the_end(server, connect, monkeypatch):
    monkeypatch.setattr(player.serve, "TIME_FOR_A_LINE", 0.05)
    slow = connect(server)
    slow.write(b'{"command": ')
    slow.flush()
    assert_error(json.loads(slow.readline()), "earlier")
    assert slow.readline() == b""


def test_a_long_line_is_parsed_beside_short_ones(server, connect, monkeypatch):
    """Its song is still being read when another client is answered."""
    reads, may_end, read = threading.Event(), threading.Event(), json_log.read

    def slow(data, time_unit=None):
        reads.set()
        assert may_end.wait(20)
        return read(data, time_unit)

    monkeypatch.setattr(json_log, "read", slow)
    stream = connect(server)
    rows = [{"time": 0, "addr": 1, "data": 0}] * 1000
    stream.write(json.dumps({"command": "play", "song": rows}).encode() + b"\n")
    stream.flush()
    assert reads.wait(20)
    assert ask(connect(server), {"command": "time"})["status"] == "ok"
    may_end.set()
    assert json.loads(stream.readline())["writes"] == 1000


@pytest.mark.parametrize(
    "members",
    [
        ",".join(f'"{i}": 0' for i in range(60_000)),
        f'"command": "write", "a": [{"[]," * 300_000}0]',
        f'"a": "{"x" * 5000}"',
    ],
    ids=["many", "deep", "long"],
)
def test_members_are_few_and_short(server, connect, monkeypatch, members):
    """But for the song: each is parsed at once, and nothing else runs meanwhile."""
    parsed, loads = [], json.loads
    monkeypatch.setattr(json_log.json, "loads", lambda text, **how: parsed.append(len(text)) or loads(text, **how))
    stream = connect(server)
    stream.write(f"{{{members}}}\n".encode())
    stream.flush()
    answer = stream.readline()
    monkeypatch.undo()
    assert_error(json.loads(answer), "at most 64 members, of 4096 bytes")
    assert len(parsed) <= 64
    assert sum(parsed) < 10_000


@pytest.mark.parametrize("token", ["w" * 128, "\u20ac" * 42])
def test_the_longest_token_fits_in_a_hello(serve, connect, token):
    """Even if all of it is escaped."""
    stream = connect(serve(token))
    escaped = "".join(f"\\u{ord(char):04x}" for char in token)
    assert ask(stream, f'{{"command": "hello", "token": "{escaped}"}}\n'.encode()) == {"status": "ok"}


@pytest.mark.parametrize("token", ["", "w" * 129])
def test_a_token_of_another_length_is_refused(live, token):
    with pytest.raises(SongError, match=f"expected a token of 1 to 128 bytes, got {len(token)}"):
        Server(live, ("127.0.0.1", 0), token)


def test_a_session_that_has_ended_is_an_answer(server, connect):
    server.live.stop()
    assert_error(ask(connect(server), {"command": "write", "address": 8, "data": 0}), "ended")


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


def test_songs_of_many_clients_take_each_others_place(server, connect):
    """Each of them, asked at any moment, finds one song waiting."""
    song = [{"time": i, "addr": 1, "data": 0} for i in range(100)]
    found, failures = set(), []
    ask(connect(server), {"command": "play", "song": song})

    def client():
        try:
            stream = connect(server)
            for _ in range(40):
                answer = ask(stream, {"command": "play", "song": song, "replace": True})
                found.add((answer.get("writes"), ask(stream, {"command": "state"})["pending"]))
        except Exception as error:
            failures.append(error)

    clients = [threading.Thread(target=client) for _ in range(8)]
    for one in clients:
        one.start()
    for one in clients:
        one.join(60)
    assert failures == []
    assert found == {(100, 100)}


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
        (
            ["--serve", "0.0.0.0:0"],
            ["warning: other machines can reach this server; --token-file FILE keeps strangers out"],
        ),
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

    monkeypatch.setattr(player.devices, "Speaker", Card)
    monkeypatch.setattr(Server, "serve_forever", serve)
    assert player.__main__.main(options) == (2 if lost else 0)
    said = capsys.readouterr().err.splitlines()
    assert said.pop(len(warning)).startswith("serving on ")
    assert said == warning + ["python -m player: the sound card is gone"] * lost


@pytest.mark.parametrize(
    ("options", "environment", "token"),
    [
        (["--token", "x"], None, b"x"),
        (["--token", "x"], "y", b"x"),
        ([], "y", b"y"),
        ([], None, None),
        (["--token-file", "word"], "y", b"from \xff file"),
    ],
)
def test_where_the_token_comes_from(monkeypatch, tmp_path, options, environment, token):
    """Not the command line alone, which all users of a machine can see."""
    found = []

    class Card(Silent):
        underruns = 0

        def __init__(self, *_):
            super().__init__()

    monkeypatch.chdir(tmp_path)
    (tmp_path / "word").write_bytes(b"from \xff file\r\n")
    monkeypatch.setattr(player.devices, "Speaker", Card)
    monkeypatch.setattr(Server, "serve_forever", lambda server, interval: found.append(server.token))
    if environment:
        monkeypatch.setenv("NUMBA_OPM_TOKEN", environment)
    assert player.__main__.main(["--serve", "127.0.0.1:0", *options]) == 0
    assert found == [token]


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        (["--token-file", "none"], None, "none: no such file or directory"),
        (["--token-file", "."], None, ".: expected a file, this is a folder"),
        (["--token-file", "empty"], None, "expected a token of 1 to 128 bytes, got 0"),
        (["--token-file", "long"], None, "expected a token of 1 to 128 bytes, got 1000"),
        ([], "", "expected a token of 1 to 128 bytes, got 0"),
    ],
)
def test_no_token_where_one_was_meant(monkeypatch, tmp_path, capsys, options, environment, words):
    """Nobody is let in without."""

    class Card(Silent):
        underruns = 0

        def __init__(self, *_):
            super().__init__()

    monkeypatch.setattr(player.devices, "Speaker", Card)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "long").write_bytes(b"x" * 1000)
    if environment is not None:
        monkeypatch.setenv("NUMBA_OPM_TOKEN", environment)
    assert words in bad(["--serve", "127.0.0.1:0", *options], capsys)


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
