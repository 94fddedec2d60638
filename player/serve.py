"""``--serve``: a live chip for other programs, by lines of JSON over TCP.

Each request is one line, an object with ``command``; each is answered by one line with ``status`` "ok" or "error"
(and ``message``). Commands, times in seconds of the audio clock, ``at`` and ``after`` optional:

=========  ============================  ==============================================
command    fields                        does
=========  ============================  ==============================================
write      address, data, at             writes a register
play       song (a JSON log), at,        schedules a song; ``replace``: true puts it in the place of all that is due
           replace                       from its start on
note       key, seconds, velocity,       plays a note: ``key`` 0 to 127 (60 = "C4"), ``seconds`` 0.5, or "on" and "off"
           channel, program, at
midi       data (bytes), at              any other MIDI message: controllers, bends, programs
clear      after                         drops what is scheduled
time                                     answers ``time``
state                                    answers ``time``, ``pending``, ``clients``
stop                                     drops everything, silences all notes, releases all keys
shutdown                                 ends the server
hello      token                         shows the token, where the server asks for one
=========  ============================  ==============================================

A line that is not a JSON object, or is too long, is answered by an error and closes the connection. The first line of
every HTTP request is such a line, so no web page can give orders. With a token, a client's first request must be
``{"command": "hello", "token": TOKEN}`` within ten seconds; anything else closes the connection, and no more than that
line is read before. A line that has begun has to end within half a minute. Once the sound card is gone, every command
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

from opm.pitch import midi_number
from opm.song import Song, SongError, printable
from opm.song.formats import json_log

from .cli import DEFAULT_ADDRESS
from .live import Live

LONGEST_LINE = 2**20
"""Bytes of a request at most."""
LONGEST_TOKEN, LONGEST_HELLO = 128, 1024
"""Bytes of a token, and of the line that shows it: all that is read from a stranger. A token fits even if escaped."""
SHORT = 4096
"""Bytes of a line that is parsed in turn with the commands; longer ones are parsed one at a time beside them."""
MOST_CLIENTS = 64
"""Connections at the same time. The third limit, of writes that wait, is ``live.MOST_WRITES``."""
TIME_TO_SAY_HELLO, TIME_FOR_A_LINE = 10.0, 30.0
"""Seconds that a client has for showing the token; for ending a line that it began, or taking an answer."""
DEFAULT_NOTE = 0.5
"""Seconds of a note that does not say how long it is."""
TIME_TO_PART = 2.0
"""Seconds of reading on after the last answer, for input that is under way."""


class _Unwelcome(ValueError):
    """A fault of a client that closes its connection."""


class _Handler(socketserver.StreamRequestHandler):
    """One client."""

    server: "Server"

    def handle(self) -> None:
        """Answer requests until the client leaves or is sent away."""
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
        """Return the answer to a stranger's first line; _Unwelcome if it does not show the token."""
        # One answer whatever is wrong with the line: a stranger learns nothing from it.
        with contextlib.suppress(_Unwelcome):
            request = _object(self._line(LONGEST_HELLO, time.monotonic() + TIME_TO_SAY_HELLO))
            if request.get("command") == "hello" and self.server.knows(request.get("token")):
                return {"status": "ok"}
        raise _Unwelcome('expected {"command": "hello", "token": TOKEN} with the right token first')

    def _line(self, most: int, deadline: float | None = None) -> bytes:
        """Return the next line, or as much of it as there is if the client has left.

        Raises
        ------
        _Unwelcome
            The line is longer than ``most``, or late: by the deadline or, without one, some time after its first byte.
        """
        # Not readline, which has no deadline for a whole line: a byte every few seconds would keep a place for ever.
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
        """Return what has come, once there is something; nothing if the client has left."""
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.rfile.read1(min(most, 65_536))

    def _send(self, answer: dict[str, Any]) -> None:
        # A client that reads no answers would keep this thread, and its place, for ever.
        self.connection.settimeout(TIME_FOR_A_LINE)
        self.wfile.write(json.dumps(answer).encode() + b"\n")

    def _part(self) -> None:
        """Close our side and read on for a while: with unread input, close() sends RST, which discards the answer."""
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

    def __init__(self, live: Live, address: tuple[str, int] = DEFAULT_ADDRESS, token: str | None = None) -> None:
        # Compiles the reader now, before there is sound, and imports what notes need.
        json_log.read(b"[]")
        import mido

        self._message = mido.Message
        self.live = live
        self.token = None if token is None else os.fsencode(token)
        if self.token is not None and not 0 < len(self.token) <= LONGEST_TOKEN:
            raise SongError(f"expected a token of 1 to {LONGEST_TOKEN} bytes, got {len(self.token)}")
        self._clients: set[Any] = set()
        # At most one thread parses a long line and one does anything else, since each thread that computes may keep the
        # sound's thread waiting for the interpreter lock.
        self._turn, self._long = threading.Lock(), threading.Lock()
        self._commands: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "write": self._write,
            "play": self._play,
            "note": self._note,
            "midi": self._midi,
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
        """Whether only this machine can reach the server."""
        return ipaddress.ip_address(str(self.server_address[0])).is_loopback

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse a client that is one too many, and tell it so."""
        if len(self._clients) < MOST_CLIENTS:
            return True
        with contextlib.suppress(OSError):
            request.sendall(json.dumps(_error(f"at most {MOST_CLIENTS} clients")).encode() + b"\n")
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a client that comes."""
        self._clients.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """No longer count a client that has gone."""
        self._clients.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Disconnect all clients, and wait for their threads."""
        # Their threads wait in a read, which ends only if the connection does.
        for client in tuple(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def knows(self, shown: Any) -> bool:
        """Return whether what a client shows is the token."""
        # compare_digest takes the same time wherever two words differ. "replace": JSON may hold half a surrogate pair.
        return isinstance(shown, str) and hmac.compare_digest(shown.encode(errors="replace"), self.token or b"")

    def answer(self, line: bytes) -> dict[str, Any]:
        """Obey a request and return the answer, also to a bad one; _Unwelcome if it has to close the connection."""
        try:
            with self._turn if len(line) <= SHORT else self._long:
                request = _object(line)
                command = request.get("command")
                # If long, outside the turn: other clients are answered meanwhile.
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
        self.live.play(song, _time(request, "at"), _choice(request, "replace"))
        return {"writes": len(song.rows), "length": song.length}

    def _note(self, request: dict[str, Any]) -> dict[str, Any]:
        key, at = _key(request), _time(request, "at")
        channel = {"channel": _within(request, "channel", 1, 16, 1) - 1}
        velocity = _within(request, "velocity", 1, 127, 100)
        seconds = request.get("seconds", DEFAULT_NOTE)
        lasts = None if seconds in ("on", "off") else _time(request, "seconds", DEFAULT_NOTE)
        if "program" in request:
            program = _within(request, "program", 0, 127)
            self.live.send(self._message("program_change", program=program, **channel), at)
        kind = "note_off" if seconds == "off" else "note_on"
        self.live.send(self._message(kind, note=key, velocity=velocity, **channel), at, lasts)
        return {}

    def _midi(self, request: dict[str, Any]) -> dict[str, Any]:
        data = request.get("data")
        if not isinstance(data, list):
            raise ValueError('expected a list of the bytes of a MIDI message as "data"')
        try:
            message = self._message.from_bytes(data)
        except (ValueError, TypeError, LookupError) as error:
            raise ValueError(f'expected a MIDI message as "data": {error}') from None
        self.live.send(message, _time(request, "at"))
        return {}

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
    """Parse a line, except for its song, which is parsed in pieces so that the sound gets its turn in between."""
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
    # JSON's true is a bool, which Python counts among its integers.
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f'expected an integer as "{key}"')
    return value


def _within(request: dict[str, Any], key: str, low: int, high: int, default: int | None = None) -> int:
    value = default if key not in request and default is not None else _integer(request, key)
    if not low <= value <= high:
        raise ValueError(f'expected {low} to {high} as "{key}"')
    return value


def _key(request: dict[str, Any]) -> int:
    """Return the key of a note, given as MIDI's number or by its name."""
    value = request.get("key")
    if not isinstance(value, str):
        return _within(request, "key", 0, 127)
    number = midi_number(value)
    if not 0 <= number <= 127:
        raise ValueError('expected a note from "C-1" to "G9" as "key"')
    return number


def _choice(request: dict[str, Any], key: str) -> bool:
    value = request.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f'expected true or false as "{key}"')
    return value


def _time(request: dict[str, Any], key: str, default: float | None = None) -> float | None:
    value = request.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value < 1e9:
        raise ValueError(f'expected seconds as "{key}"')
    return float(value)
