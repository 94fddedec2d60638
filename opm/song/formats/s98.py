"""S98, versions 0 to 3: a chip log in ticks of a rational length. See docs/formats.md, section 3."""

from fractions import Fraction

import numpy as np

from ..log import WRITE, Log, Loop, SongError
from .common import check_clock, checked_loop, u32

OPM_DEVICE = 5
"""Its device type."""
DEVICES = {
    1: "YM2149", 2: "YM2203", 3: "YM2612", 4: "YM2608", OPM_DEVICE: "YM2151", 6: "YM2413", 7: "YM3526", 8: "YM3812",
    9: "YMF262", 15: "AY8910", 16: "SN76489",
}  # fmt: skip
END, LONG_WAIT, TICK = 0xFD, 0xFE, 0xFF
MOST_DEVICES = 64
LONGEST = 2**40


def recognise(data: bytes) -> bool:
    """Look for the magic."""
    return data[:3] == b"S98" and data[3:4] in (b"0", b"1", b"2", b"3")


def read(data: bytes, time_unit: str | None = None) -> Log:
    """Read an S98 file. ``time_unit`` has no meaning here."""
    if len(data) < 0x20:
        raise SongError(f"byte {len(data)}: expected an S98 header of 32 bytes")
    version = data[3] - ord("0")
    if u32(data, 0x0C):
        raise SongError("byte 0x0C: expected an uncompressed file")
    devices = _devices(data, version)
    ours = [i for i, (kind, _) in enumerate(devices) if kind == OPM_DEVICE][:2]
    others = sorted({DEVICES.get(kind, f"device type {kind}") for kind, _ in devices if kind != OPM_DEVICE})
    if not ours:
        raise SongError(f"expected a YM2151: the file is for {', '.join(others)}")
    clock = check_clock(devices[ours[0]][1], f"byte 0x{0x24 + 16 * ours[0]:X}")
    notes: list[str] = []
    writes, length, loop = _walk(data, len(devices), ours, notes)
    numerator = u32(data, 0x04) or 10
    denominator = (u32(data, 0x08) if version >= 2 else 0) or 1000
    return Log(
        format=f"S98 version {version}",
        writes=np.array(writes, WRITE),
        length=length,
        rate=Fraction(denominator, numerator if version else 10),
        clock=clock,
        chips=("ym2151",) * len(ours),
        loop=loop,
        tags=_tags(data, version),
        not_played=tuple(others),
        notes=notes,
    )


def _devices(data: bytes, version: int) -> list[tuple[int, int]]:
    """Return (type, clock) of each device; files without a list are for one YM2608."""
    if version < 2:
        return [(4, 7_987_200)]
    count = u32(data, 0x1C) if version == 3 else MOST_DEVICES
    if count > MOST_DEVICES:
        raise SongError(f"byte 0x1C: expected at most {MOST_DEVICES} devices, got {count}")
    devices = []
    for at in range(0x20, 0x20 + 16 * count, 16):
        kind = u32(data, at)
        if at + 16 > len(data) or (version == 2 and kind == 0):
            break
        devices.append((kind, u32(data, at + 4)))
    return devices or [(4, 7_987_200)]


def _walk(
    data: bytes, devices: int, ours: list[int], notes: list[str]
) -> tuple[list[tuple[int, int, int, int]], int, Loop | None]:
    """Walk the stream to its end, collecting writes to port 0 of our devices."""
    at, loop_at, time = u32(data, 0x14), u32(data, 0x18), 0
    writes: list[tuple[int, int, int, int]] = []
    loop: Loop | None = None
    if not 0x20 <= at <= len(data):
        raise SongError(f"byte 0x14: expected the data inside the file, got offset 0x{at:X}")
    while True:
        if at == loop_at:
            loop = Loop(time, len(writes))
        if at >= len(data):
            notes.append(f"byte 0x{at:X}: the data is cut short, no end command")
            break
        command, start = data[at], at
        at += 1
        if command == END:
            break
        if command == TICK:
            time += 1
        elif command == LONG_WAIT:
            ticks, at = _variable(data, at)
            time += ticks + 2
        elif command < 2 * devices:
            if at + 2 <= len(data) and command & 1 == 0 and command >> 1 in ours:
                writes.append((time, ours.index(command >> 1), data[at], data[at + 1]))
            at += 2
        else:
            raise SongError(f"byte 0x{start:X}: expected an S98 command, found {command:02X}")
    return writes, time, checked_loop(loop, time, "byte 0x18", notes) if loop_at else loop


def _variable(data: bytes, at: int) -> tuple[int, int]:
    """Read a little-endian base-128 number; return it and where it ends."""
    value, shift = 0, 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if value > LONGEST or shift > 63:
            raise SongError(f"byte 0x{at - 1:X}: expected a wait of reasonable length")
        if not data[at - 1] & 0x80:
            break
    return value, at


def _tags(data: bytes, version: int) -> dict[str, str]:
    """Read the title of versions 0-2, or the key=value lines of version 3."""
    at = u32(data, 0x10)
    if not at or at >= len(data):
        return {}
    block = data[at:].split(b"\0", 1)[0]
    if version < 3:
        return {"title": block.decode("cp932", errors="replace")} if block else {}
    if not block.startswith(b"[S98]"):
        return {}
    block = block[5:]
    unicode = block.startswith(b"\xef\xbb\xbf")
    text = block.decode("utf-8-sig" if unicode else "cp932", errors="replace")
    tags: dict[str, str] = {}
    for line in text.split("\n"):
        key, separator, value = (part.strip() for part in line.partition("="))
        if separator and key:
            key = {"artist": "author", "year": "date"}.get(key.lower(), key.lower())
            tags[key] = f"{tags[key]}\n{value}" if key in tags else value
    return tags
