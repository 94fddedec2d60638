"""Valid songs of every format, as lists of chunks: their header, their commands or rows one by one, their tags."""

import gzip
import json
import struct
from random import Random

Chunks = list[bytes]

TEXTS = ("", "Tune", "曲", "two\nlines", "key=value", "a" * 200, "\x1b[31mred", "end\u202e", "# no comment")
SOUND = (0x08, 0x08, 0x20, 0x28, 0x30, 0x38, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xE0, 0x0F, 0x12, 0x14, 0x18, 0x19, 0x1B)
CLOCKS = (3_579_545, 4_000_000, 3_579_580, 500_000, 16_000_000)

# fmt: off
OTHER_COMMANDS = {  # bytes of a VGM command behind its first: commands of that length
    1: (0x30, 0x3F, 0x4F, 0x50, 0x94), 2: (0x51, 0x52, 0x55, 0x5A, 0x5F, 0xA0, 0xA5, 0xB0, 0xB8, 0xBF),
    3: (0xC0, 0xC3, 0xD4, 0xDF), 4: (0xE0, 0xE1, 0xFF, 0x90, 0x91, 0x95), 5: (0x92,), 10: (0x93,), 11: (0x68,),
}
OTHER_CLOCKS = (0x0C, 0x10, 0x2C, 0x38, 0x44, 0x74, 0x98, 0xE4)
ARGUMENTS = {  # bytes behind an MDX command
    0xFF: 1, 0xFE: 2, 0xFD: 1, 0xFC: 1, 0xFB: 1, 0xFA: 0, 0xF9: 0, 0xF8: 1, 0xF7: 0, 0xF3: 2, 0xF2: 2, 0xF0: 1,
    0xEF: 1, 0xED: 1, 0xEC: 5, 0xEB: 5, 0xEA: 5, 0xE9: 1, 0xE8: 0,
}
# fmt: on


def many(r: Random, most: int = 24) -> int:
    """Draw how many parts a file has: mostly few."""
    return r.randint(0, r.choice((2, most // 2, most, most, 8 * most if r.randrange(8) == 0 else most)))


def register(r: Random) -> tuple[int, int]:
    """Draw a register write, mostly one that matters."""
    return (r.choice(SOUND) | r.randrange(8) if r.randrange(4) else r.randrange(256)), r.randrange(256)


def vgm(r: Random) -> Chunks:
    """Draw a VGM file: any version, waits, other chips, data blocks, a second chip, a loop, a GD3 tag."""
    version = r.choice((0x171, 0x172, 0x170, 0x161, 0x160, 0x151, 0x150, 0x110, 0x101, 0x100))
    start = r.choice((0x100, 0xC0, 0x80, 0x40)) if version >= 0x150 else 0x40
    body = [_vgm_command(r, version) for _ in range(many(r))]
    size = sum(map(len, body)) + 1
    fields = {0x08: version, 0x18: r.choice((0, 735, 2**31)), 0x34: start - 0x34 if version >= 0x150 else 0}
    fields[0x30 if version >= 0x110 else 0x10] = r.choice(CLOCKS) | r.choice((0, 0, 1 << 30, 1 << 31, 3 << 30))
    if body and r.randrange(2):
        fields[0x1C] = start + sum(map(len, body[: r.randrange(len(body))])) - 0x1C
    if start == 0x100 and r.randrange(2):
        fields |= {0x7C: r.choice((0, 0x20 << 24, 0x10FF0000, 0x08010000)), r.choice(OTHER_CLOCKS): 3_000_000}
    tag = _gd3(r) if r.randrange(2) else b""
    if tag:
        fields[0x14] = start + size - 0x14
    header = bytearray(start)
    header[:4] = b"Vgm "
    for at, value in fields.items():
        if at + 4 <= start:
            struct.pack_into("<I", header, at, value)
    return [bytes(header), *body, b"\x66", tag]


def _vgm_command(r: Random, version: int) -> bytes:
    """Draw a command with its operands."""
    kind = r.randrange(10)
    if kind < 4:
        return bytes((0x54, *register(r)))
    if kind == 4:
        return struct.pack("<BH", 0x61, r.choice((1, 735, 44_100, 0xFFFF)))
    if kind == 5:
        return bytes((r.choice((0x62, 0x63, 0x70, 0x7F, 0x80, 0x8F, 0x00)),))
    if kind == 6:
        return bytes((0xA4, *register(r)))
    if kind == 7:
        block = r.randbytes(r.choice((0, 1, 40)))
        return bytes((0x67, 0x66, r.choice((0, 0x8B, 0xC0, 0xFE)))) + struct.pack("<I", len(block)) + block
    if kind == 8:
        return bytes((r.randrange(0x40, 0x4F), *r.randbytes(2 if version >= 0x161 else 1)))
    length = r.choice(tuple(OTHER_COMMANDS))
    return bytes((r.choice(OTHER_COMMANDS[length]),)) + r.randbytes(length)


def _gd3(r: Random) -> bytes:
    """Draw a tag."""
    text = b"".join(r.choice(TEXTS).encode("utf-16-le") + b"\0\0" for _ in range(r.choice((11, 11, 3, 0))))
    return b"Gd3 " + struct.pack("<II", 0x100, len(text)) + text


def vgz(r: Random) -> Chunks:
    """Draw a packed VGM file."""
    return [gzip.compress(b"".join(vgm(r)), 1, mtime=0)]


def s98(r: Random) -> Chunks:
    """Draw an S98 file: version 3 with devices and tags, or 0 to 2."""
    version = r.choice((3, 3, 3, 2, 1, 0))
    devices = [(5, r.choice(CLOCKS))] + [(r.choice((1, 4, 5, 9, 15)), 4_000_000) for _ in range(r.choice((0, 1, 3)))]
    devices = devices if version >= 2 else []
    table = b"".join(struct.pack("<4I", kind, clock, 0, 0) for kind, clock in devices) + bytes(16 * (version == 2))
    body = [_s98_command(r, len(devices)) for _ in range(many(r))]
    start, size = 0x20 + len(table), sum(map(len, body)) + 1
    tag = b""
    if r.randrange(2):
        lines = "".join(f"{r.choice(('title', 'ARTIST', 'year', 'x'))}={r.choice(TEXTS)}\n" for _ in range(3))
        utf8, name = b"[S98]\xef\xbb\xbf" + lines.encode() + b"\0", r.choice(TEXTS).encode("cp932", "replace") + b"\0"
        tag = utf8 if version == 3 else name
    loop = start + sum(map(len, body[: r.randrange(len(body))])) if body and r.randrange(2) else 0
    timer = r.choice(((1, 60), (0, 0), (10, 1000), (1, 44_100)))
    numbers = (*timer, 0, start + size if tag else 0, start, loop, len(devices) if version == 3 else 0)
    return [b"S98" + str(version).encode() + struct.pack("<7I", *numbers) + table, *body, b"\xfd", tag]


def _s98_command(r: Random, devices: int) -> bytes:
    """Draw a write to a device, or a wait."""
    kind = r.randrange(6)
    if kind < 3 and devices:
        return bytes((0, *register(r)))
    if kind == 3 and devices:
        return bytes((r.randrange(2 * devices), *register(r)))
    return b"\xff" if kind < 5 else b"\xfe" + r.choice((b"\x00", b"\x7f", b"\x81\x01", b"\xff\xff\x03"))


def zsm(r: Random) -> Chunks:
    """Draw a ZSM file: writes, ticks, PSG and extension commands, a loop."""
    body = [_zsm_command(r) for _ in range(many(r))]
    loop = 16 + sum(map(len, body[: r.randrange(len(body))])) if body and r.randrange(2) else 0
    head = b"zm\1" + loop.to_bytes(3, "little") + bytes(3) + b"\xff" + struct.pack("<HHH", r.choice((0, 3)), 60, 0)
    return [head, *body, b"\x80"]


def _zsm_command(r: Random) -> bytes:
    """Draw a command with its operands."""
    kind = r.randrange(5)
    if kind < 2:
        writes = [register(r) for _ in range(r.choice((1, 1, 4, 63)))]
        return bytes((0x40 + len(writes), *(byte for pair in writes for byte in pair)))
    if kind == 2:
        length = r.choice((0, 2, 63))
        return bytes((0x40, r.randrange(4) << 6 | length)) + r.randbytes(length)
    return bytes((0x80 + r.randint(1, 127),)) if kind == 3 else bytes((r.randrange(64), r.randrange(256)))


def mdx(r: Random) -> Chunks:
    """Draw an MDX file: 9 or 16 tracks of notes, commands, nested repeats, loops; voices; a PDX name."""
    tracks = [_track(r) if r.randrange(4) == 0 or not i else [b"\xf1\x00"] for i in range(r.choice((9, 9, 16)))]
    voices = [bytes((number,)) + r.randbytes(26) for number in range(r.choice((1, 0, 4)))]
    at, table = 2 + 2 * len(tracks), []
    for track in tracks:
        table.append(at)
        at += sum(map(len, track))
    title = r.choice(TEXTS).encode("cp932", "replace") + b"\r\n\x1a" + r.choice((b"", b"drums", b"A.PDX")) + b"\0"
    codes = [code for track in tracks for code in track]
    return [title, struct.pack(f">{len(table) + 1}H", at, *table), *codes, *voices]


def _track(r: Random) -> Chunks:
    """Draw a track's code."""
    codes = [b"\xfd\0", *(_code(r) for _ in range(many(r, 12))), _note(r)]
    back = sum(map(len, codes[1:])) + 3
    return [*codes, struct.pack(">Bh", 0xF1, -back) if r.randrange(2) else b"\xf1\x00"]


def _note(r: Random) -> bytes:
    """Draw a note."""
    return bytes((r.randrange(0x80, 0xE0), r.choice((0, 3, 47))))


def _code(r: Random, depth: int = 0) -> bytes:
    """Draw a note, a rest, a command or a repeat."""
    kind = r.randrange(8)
    if kind < 3:
        return _note(r)
    if kind == 3:
        return bytes((r.choice((0, 11, 0x7F)),))
    if kind < 7 or depth == 3:
        command = r.choice(tuple(ARGUMENTS))
        lfo = bytes((r.randrange(4),)) if ARGUMENTS[command] == 5 else b""
        return bytes((command,)) + lfo + r.randbytes(ARGUMENTS[command] - len(lfo))
    first, rest = (b"".join(_code(r, depth + 1) for _ in range(r.randint(0, 2))) + _note(r) for _ in "ab")
    leave = struct.pack(">Bh", 0xF4, len(rest) + 1) if r.randrange(2) else b""
    return repeated(r.choice((2, 3, 1, 16)), first + leave + rest)


def repeated(times: int, body: bytes) -> bytes:
    """Return MDX code that repeats other code."""
    return bytes((0xF6, times, 0)) + body + struct.pack(">Bh", 0xF5, -len(body) - 3)


def json_log(r: Random) -> Chunks:
    """Draw a JSON log: an object or a bare array, samples or seconds, one or two rows a write, numbers or hex."""
    count, seconds, steps = many(r), r.randrange(2), r.randrange(4) == 0
    rows, time = [], 0
    for _ in range(count):
        time += r.choice((0, 1, 250, 30_000))
        rows += [_row(r, time / 55_930 if seconds else time, step) for step in ((0, 1) if steps else (None,))]
    lines = [json.dumps(row).encode() + b",\n" for row in rows[:-1]] + [json.dumps(row).encode() for row in rows[-1:]]
    if r.randrange(2):
        return [b"[", *lines, b"]"]
    head: dict[str, object] = {"event_count": len(rows), "type": "log"}
    if r.randrange(2):
        head |= {"time_unit": r.choice(("samples", "seconds", "other")), "clock": r.choice(CLOCKS)}
        head |= {"tags": {"title": r.choice(TEXTS), "number": 3}, "length": r.choice((0, 100, 2.5))}
        head |= {"loop": {"time": 0, "row": 1}}
    return [json.dumps(head, ensure_ascii=bool(r.randrange(2))).encode()[:-1] + b', "events": [', *lines, b"]}"]


def _row(r: Random, time: float, step: int | None) -> dict[str, object]:
    """Draw a row of a JSON log."""
    spelling = r.choice(("0x{:02X}", "{:02x}", "${:02X}", ""))
    address, data = (spelling.format(value) if spelling else value for value in register(r))
    return {"time": time, "addr": address, "data": data} | ({} if step is None else {"is_data": step})


def text_log(r: Random) -> Chunks:
    """Draw a text log of all forms of lines."""
    return [b"0 20 C7\n", *(_line(r).encode() + r.choice((b"\n", b"\r\n")) for _ in range(many(r)))]


def _line(r: Random) -> str:
    """Draw a line of a text log."""
    address, data = register(r)
    kind = r.randrange(9)
    if kind < 4:
        time = r.choice(("+0", "+100", "+0.01", "+.5", str(r.randrange(2000)), f"{r.random():.3f}"))
        return r.choice(("{} {:02X} {:02X}", "{}, 0x{:X}, 0x{:X}", "{}\t${:x}\t${:x}")).format(time, address, data)
    if kind == 4:
        return f"${address:02X},{data:02X}" + r.choice(("", " ; comment", " // comment", " # comment"))
    if kind == 5:
        return f"+1 {r.choice(('KeyON', 'keyoff'))} {data:02X}"
    values = {"wait": ("10", "0.5"), "unit": ("s", "samples", "ms"), "clock": CLOCKS, "rate": (55_930, 60)}
    word = r.choice((*values, "loop", "title Tune", "# comment", "", "end"))
    return f"{word} {r.choice(values[word])}" if word in values else word
