"""Valid requests to the server, as lists of chunks."""

import json
from random import Random

from .songs import Chunks, json_log, register


def request(r: Random) -> Chunks:
    """Draw a request of any command."""
    command = r.choice(("write", "play", "clear", "time", "state", "stop", "shutdown", "write", "play", "play"))
    fields: dict[str, object] = {}
    if command == "write":
        fields |= dict(zip(("address", "data"), register(r), strict=True))
    if command in ("write", "play") and r.randrange(2):
        fields["at"] = r.choice((0, 1, 2.5, 1e6))
    if command == "clear" and r.randrange(2):
        fields["after"] = r.choice((0, 0.5))
    start = json.dumps({"command": command} | fields).encode()
    if command != "play":
        return [start, b"\n"]
    song = [chunk.replace(b"\n", b" ") for chunk in json_log(r)]
    return [start[:-1], b', "song": ', *song, b"}", b"\n"]
