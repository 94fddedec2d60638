"""``--serve``: a live chip for other programs, by lines of JSON over TCP.

Each request is one line, an object with ``command``; each is answered by one line with ``status`` "ok" or "error"
(and ``message``). Commands, times in seconds of the audio clock, ``at`` and ``after`` optional:

=========  ============================  ==============================================
command    fields                        does
=========  ============================  ==============================================
write      address, data, at             writes a register
play       song (a JSON log), at         schedules a song
clear      after                         drops what is scheduled
time                                     answers ``time``
state                                    answers ``time``, ``pending``, ``clients``
stop                                     drops everything and releases all keys
shutdown                                 ends the server
hello      token                         shows the token, where the server asks for one
=========  ============================  ==============================================

A line that is no JSON object, or one above the limit, is answered by an error and closes the connection: so does the
first line of every HTTP request, and no web page can give orders. With a token, a client's first request must be
``{"command": "hello", "token": TOKEN}`` within ten seconds; anything else closes the connection, too, and no more than
that is read before. A line that has begun has to end within half a minute. Once the sound card is gone, every command
but ``hello`` and ``shutdown`` is answered by an error that says so.
"""

import contextlib
import hmac
import ipaddress
import json
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from opm.song import Song, SongError, printable
from opm.song.formats import json_log

from .live import Live

LONGEST_LINE = 2**20
"""Bytes of a request."""
LONGEST_TOKEN, LONGEST_HELLO = 128, 1024
"""Bytes of a token, and of the line that shows it: all that is read of a stranger."""
SHORT = 4096
"""Bytes of a line that is parsed at once; longer ones wait for each other, and hold up nobody else."""
MOST_CLIENTS = 64
"""Connections at the same time. The third limit, of writes that wait, is ``live.MOST_WRITES``."""
TIME_TO_SAY_HELLO, TIME_FOR_A_LINE = 10.0, 30.0
"""Seconds in which a client has to have shown the token, to have ended a line that it began, or to take an answer."""
TIME_TO_PART = 2.0
DEFAULT = ("127.0.0.1", 2151)


class _Unwelcome(ValueError):
    """What closes the connection."""


class _Handler(socketserver.StreamRequestHandler):
    """One client."""

    server: "Server"

    def handle(self) -> None:
        """Answer requests until the client leaves, or has to."""
        self._read = bytearray()
        with contextlib.suppress(OSError):
            try:
                if self.server.token is not None:
                    self._send(self._welcome())
                while line := self._line(LONGEST_LINE):
                    answer = self.server.answer(line)
                    self._send(answer)
                    if answer.get("bye"):
                        self.server.shutdown()
                        return
            except _Unwelcome as error:
                self._send(_error(error))
                self._part()

    def _welcome(self) -> dict[str, Any]:
        """Return the answer to a stranger's first line; _Unwelcome if that does not show the token."""
        with contextlib.suppress(_Unwelcome):
            request = _object(self._line(LONGEST_HELLO, time.monotonic() + TIME_TO_SAY_HELLO))
            if request.get("command") == "hello" and self.server.knows(request.get("token")):
                return {"status": "ok"}
        raise _Unwelcome('expected {"command": "hello", "token": TOKEN} with the right token first')

    def _line(self, most: int, deadline: float | None = None) -> bytes:
        """Return the next line; what there is of it if the client has left.

        Raises
        ------
        _Unwelcome
            It is longer than that, or not there in time: without a deadline, some time after its first byte.
        """
        searched = 0
        while (end := self._read.find(b"\n", searched, most) + 1) == 0:
            if (searched := len(self._read)) >= most:
                raise _Unwelcome(f"expected a line of at most {most} bytes")
            if self._read and deadline is None:
                deadline = time.monotonic() + TIME_FOR_A_LINE
            try:
                part = self._receive(most - len(self._read), deadline)
            except TimeoutError:
                raise _Unwelcome("expected the end of the line earlier") from None
            if not part:
                end = len(self._read)
                break
            self._read += part
        line = bytes(self._read[:end])
        del self._read[:end]
        return line

    def _receive(self, most: int, deadline: float | None) -> bytes:
        """Return what has come, as soon as something has; nothing if the client has left."""
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.rfile.read1(min(most, 65_536))

    def _send(self, answer: dict[str, Any]) -> None:
        self.connection.settimeout(TIME_FOR_A_LINE)
        self.wfile.write(json.dumps(answer).encode() + b"\n")

    def _part(self) -> None:
        """Close our side, and read some more: what lies there unread would have the system take the answer back."""
        self.connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + TIME_TO_PART
        for _ in range(64):
            if not self._receive(65_536, deadline):
                return


class Server(socketserver.ThreadingTCPServer):
    """The server of a live session.

    Parameters
    ----------
    live : Live
    address : (str, int)
        Host and port; port 0 takes a free one.
    token : str, optional
        What each client has to show first.
    """

    allow_reuse_address = True
    request_queue_size = MOST_CLIENTS

    def __init__(self, live: Live, address: tuple[str, int] = DEFAULT, token: str | None = None) -> None:
        json_log.read(b"[]")  # Have it compiled before there is sound.
        self.live = live
        self.token = None if token is None else os.fsencode(token)
        if self.token is not None and not 0 < len(self.token) <= LONGEST_TOKEN:
            raise SongError(f"expected a token of 1 to {LONGEST_TOKEN} bytes, got {len(self.token)}")
        self._clients: set[Any] = set()
        # One short request at a time, and one long line: each thread that computes may keep the sound's waiting for the
        # interpreter lock.
        self._turn, self._long = threading.Lock(), threading.Lock()
        self._commands: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "write": self._write,
            "play": self._play,
            "clear": self._clear,
            "time": lambda request: {"time": self.live.time},
            "state": self._state,
            "stop": self._stop,
            "shutdown": self._shutdown,
            "hello": lambda request: {},
        }
        super().__init__(address, _Handler)

    @property
    def loopback(self) -> bool:
        """Whether this machine alone can reach it."""
        return ipaddress.ip_address(str(self.server_address[0])).is_loopback

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse a client too many, with a word."""
        if len(self._clients) < MOST_CLIENTS:
            return True
        with contextlib.suppress(OSError):
            request.sendall(json.dumps(_error(f"at most {MOST_CLIENTS} clients")).encode() + b"\n")
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the client in."""
        self._clients.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Count the client out."""
        self._clients.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Part with all clients, and wait for their threads."""
        for client in tuple(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def knows(self, shown: Any) -> bool:
        """Say whether what a client shows is the token."""
        return isinstance(shown, str) and hmac.compare_digest(shown.encode(errors="replace"), self.token or b"")

    def answer(self, line: bytes) -> dict[str, Any]:
        """Obey one request; whatever is wrong with it becomes an answer, unless it is to close the connection."""
        try:
            with self._turn if len(line) <= SHORT else self._long:
                request = _object(line)
                command = request.get("command")
                if command == "play":
                    request["song"] = _song(request)
            with self._turn:
                if not isinstance(command, str) or command not in self._commands:
                    raise ValueError(f'expected "command": one of {", ".join(self._commands)}')
                if self.live.failure and command not in ("hello", "shutdown"):
                    raise ValueError(self.live.failure)
                return {"status": "ok", **self._commands[command](request)}
        except _Unwelcome:
            raise
        except (ValueError, TypeError, RuntimeError, ArithmeticError, OSError) as error:
            return _error(error)

    def _write(self, request: dict[str, Any]) -> dict[str, Any]:
        self.live.write(_integer(request, "address"), _integer(request, "data"), _time(request, "at"))
        return {}

    def _play(self, request: dict[str, Any]) -> dict[str, Any]:
        song = request["song"]
        self.live.play(song, _time(request, "at"))
        return {"writes": len(song.rows), "length": song.length}

    def _clear(self, request: dict[str, Any]) -> dict[str, Any]:
        self.live.clear(_time(request, "after"))
        return {}

    def _state(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"time": self.live.time, "pending": self.live.pending, "clients": len(self._clients)}

    def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        self.live.silence()
        return {}

    def _shutdown(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"bye": True}


def _object(line: bytes) -> dict[str, Any]:
    """Parse a line, but for the song: that is parsed in pieces, between which the sound gets its turn."""
    try:
        return json_log.members(line, "song")
    except SongError as error:
        raise _Unwelcome(f"expected a line with a JSON object: {error}") from None


def _song(request: dict[str, Any]) -> Song:
    """Read the song of a request."""
    if not isinstance(text := request.get("song"), bytes):
        raise ValueError('expected a JSON log as "song"')
    return json_log.read(text)


def _error(error: Exception | str) -> dict[str, Any]:
    return {"status": "error", "message": printable(str(error)) or type(error).__name__}


def _integer(request: dict[str, Any], key: str) -> int:
    value = request.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f'expected an integer as "{key}"')
    return value


def _time(request: dict[str, Any], key: str) -> float | None:
    value = request.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value < 1e9:
        raise ValueError(f'expected seconds as "{key}"')
    return float(value)
