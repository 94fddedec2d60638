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
=========  ============================  ==============================================
"""

import json
import socketserver
import threading
from collections.abc import Callable
from typing import Any

from opm.song import SongError
from opm.song.formats import json_log

from .live import Live

LONGEST_LINE = 4 * 2**20
"""Bytes of a request."""
DEFAULT = ("127.0.0.1", 2151)


class _Handler(socketserver.StreamRequestHandler):
    """One client."""

    server: "Server"

    def handle(self) -> None:
        """Answer requests until the client leaves."""
        self.server.clients += 1
        try:
            while line := self.rfile.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    self._answer({"status": "error", "message": f"expected a line of at most {LONGEST_LINE} bytes"})
                    while (rest := self.rfile.readline(65_536)) and not rest.endswith(b"\n"):
                        pass
                    continue
                answer = self.server.answer(line)
                self._answer(answer)
                if answer.get("bye"):
                    return
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self.server.clients -= 1

    def _answer(self, answer: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    """The server of a live session.

    Parameters
    ----------
    live : Live
    address : (str, int)
        Host and port; port 0 takes a free one.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, live: Live, address: tuple[str, int] = DEFAULT) -> None:
        super().__init__(address, _Handler)
        self.live = live
        self.clients = 0
        self._commands: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "write": self._write,
            "play": self._play,
            "clear": self._clear,
            "time": lambda request: {"time": self.live.time},
            "state": self._state,
            "stop": self._stop,
            "shutdown": self._shutdown,
        }

    def answer(self, line: bytes) -> dict[str, Any]:
        """Obey one request; whatever is wrong with it becomes an answer."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or request.get("command") not in self._commands:
                raise ValueError(f'expected an object with "command": one of {", ".join(self._commands)}')
            return {"status": "ok", **self._commands[request["command"]](request)}
        except (ValueError, TypeError, SongError, RecursionError, OverflowError) as error:
            return {"status": "error", "message": str(error).splitlines()[0] if str(error) else type(error).__name__}

    def _write(self, request: dict[str, Any]) -> dict[str, Any]:
        self.live.write(_integer(request, "address"), _integer(request, "data"), _time(request, "at"))
        return {}

    def _play(self, request: dict[str, Any]) -> dict[str, Any]:
        song = json_log.read(json.dumps(request.get("song")).encode())
        self.live.play(song, _time(request, "at"))
        return {"writes": len(song.writes), "length": song.seconds(song.length)}

    def _clear(self, request: dict[str, Any]) -> dict[str, Any]:
        self.live.clear(_time(request, "after"))
        return {}

    def _state(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"time": self.live.time, "pending": self.live.pending, "clients": self.clients}

    def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        self.live.silence()
        return {}

    def _shutdown(self, request: dict[str, Any]) -> dict[str, Any]:
        threading.Thread(target=self.shutdown, daemon=True).start()
        return {"bye": True}


def _integer(request: dict[str, Any], key: str) -> int:
    value = request.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f'expected an integer as "{key}"')
    return value


def _time(request: dict[str, Any], key: str) -> float | None:
    value = request.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError(f'expected seconds as "{key}"')
    return float(value)
