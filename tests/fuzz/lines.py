"""Valid requests to the server, as lists of chunks."""

import json
from random import Random

from .songs import Chunks, json_log, register


def request(r: Random) -> Chunks:
    """Draw a request of any command."""
    rare = "clear", "time", "state", "stop", "shutdown"
    command = r.choice((*rare, "write", "write", "play", "play", "play", "note", "note", "midi"))
    fields: dict[str, object] = {}
    if command == "write":
        fields |= dict(zip(("address", "data"), register(r), strict=True))
    if command == "note":
        fields |= {"key": r.choice((60, "C4", "Bb-1", 127)), "seconds": r.choice((0.1, "on", "off", 3))}
        fields |= {name: r.randrange(1, 17) for name in ("velocity", "channel", "program") if r.randrange(2)}
    if command == "midi":
        long = [0xF0, *(r.randrange(128) for _ in range(r.randrange(12))), 0xF7]
        fields["data"] = r.choice(([0x80 + r.randrange(64), r.randrange(128), r.randrange(128)], [0xFF], long))
    if command == "play" and r.randrange(2):
        fields["replace"] = r.choice((True, False))
    if command in ("write", "play", "note", "midi") and r.randrange(2):
        fields["at"] = r.choice((0, 1, 2.5, 1e6))
    if command == "clear" and r.randrange(2):
        fields["after"] = r.choice((0, 0.5))
    start = json.dumps({"command": command} | fields).encode()
    if command != "play":
        return [start, b"\n"]
    song = [chunk.replace(b"\n", b" ") for chunk in json_log(r)]
    return [start[:-1], b', "song": ', *song, b"}", b"\n"]
