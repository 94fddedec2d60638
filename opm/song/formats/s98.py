"""S98, versions 0 to 3: a chip log in ticks of a rational length. See docs/formats.md, section 3."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._file import decoded, printable
from ..data import Companion, Opm, SongError, check_clock
from ..limits import LARGEST_VALUE, LONGEST
from ..song import Song
from ..writers.vgm_chips import VGM_CHIPS
from . import walk
from .common import checked_loop, is_playable, second_clock, u32

OPM_DEVICE = 5
"""The device type of a YM2151."""
DEVICES = {
    1: "YM2149", 2: "YM2203", 3: "YM2612", 4: "YM2608", OPM_DEVICE: "YM2151", 6: "YM2413", 7: "YM3526", 8: "YM3812",
    9: "YMF262", 15: "AY8910", 16: "SN76489",
}  # fmt: skip
OTHERS: dict[int, tuple[str, int, dict[str, int]]] = {
    1: ("ay8910", 1, {"type": 0x10, "flags": 0x10}),
    15: ("ay8910", 2, {"type": 0}),
    16: ("sn76489", 1, {"feedback": 9, "width": 16}),
}
"""Devices that are played beside it: core, divider of the clock, options. A YM2149 halves its clock by a pin (flag 10).
An AY-3-8910's clock is given twice as high as it is. Source: libvgm's player (d4a07d0)."""
END, LONG_WAIT, TICK = 0xFD, 0xFE, 0xFF
MOST_DEVICES = 64


def recognise(data: bytes) -> bool:
    """Look for the magic."""
    return data[:3] == b"S98" and data[3:4] in (b"0", b"1", b"2", b"3")


def read(data: bytes, time_unit: str | None = None) -> Song:
    """Read an S98 file. ``time_unit`` has no meaning here."""
    if len(data) < 0x20:
        raise SongError(f"byte {len(data)}: expected an S98 header of 32 bytes")
    version = data[3] - ord("0")
    devices = _devices(data, version)
    ours = [i for i, (kind, _) in enumerate(devices) if kind == OPM_DEVICE]
    others = sorted({DEVICES.get(kind, f"device type {kind}") for kind, _ in devices if kind not in (0, OPM_DEVICE)})
    if not ours:
        raise SongError(f"expected a YM2151: the file is for {printable(', '.join(others)) or 'no chip at all'}")
    clock = check_clock(devices[ours[0]][1], f"byte 0x{0x24 + 16 * ours[0]:X}")
    remarks: list[str] = []
    opms = [Opm(clock=clock)]
    for second in ours[1:]:
        other = second_clock(devices[second][1], clock, f"byte 0x{0x24 + 16 * second:X}", remarks)
        opms.append(Opm(clock=other))
    # 10 ms a tick where nothing is said; version 0 ignores the first number, 0 and 1 the second.
    numerator = u32(data, 0x04) or 10
    denominator = (u32(data, 0x08) if version >= 2 else 0) or 1000
    rate = Fraction(denominator, numerator if version else 10)
    at, loop_at = u32(data, 0x14), u32(data, 0x18)
    if not 0x20 <= at <= len(data):
        raise SongError(f"byte 0x14: expected the data inside the file, got offset 0x{at:X}")
    table = _commands(devices, ours)
    # The field at 0C (size before compression) is not asked: nothing uses it, yet it is set in some files.
    stream = walk.walk(data, range(at, len(data)), table, loop_at, int(LONGEST * rate), "an S98")
    stream.remark_fault(remarks)
    companions = [*_companions(data, stream, devices, loop_at, remarks)]
    played = {DEVICES[kind] for kind in OTHERS if OTHERS[kind][0] in {each.name for each in companions}}
    loop = checked_loop(stream.loop, stream.time, "byte 0x18", remarks) if loop_at else None
    return Song.of(
        format=f"S98 version {version}",
        rows=stream.writes,
        end=stream.time,
        ticks_per_second=rate,
        opms=tuple(opms),
        companions=tuple(companions),
        loop_start=loop,
        tags=_tags(data, version, remarks),
        not_played=tuple(name for name in others if name not in played),
        read_remarks=tuple(remarks),
    )


def _devices(data: bytes, version: int) -> list[tuple[int, int]]:
    """Return (type, clock) of each device; files without a list are for one YM2608."""
    # An S98 without a list is for one YM2608 at this clock.
    if version < 2:
        return [(4, 7_987_200)]
    count = u32(data, 0x1C) if version == 3 else MOST_DEVICES
    if count > MOST_DEVICES:
        raise SongError(f"byte 0x1C: expected at most {MOST_DEVICES} devices, got {count}")
    devices = []
    # Behind the list commands may begin at once, without an entry of type 0: they are not devices.
    for at in range(0x20, 0x20 + 16 * count, 16):
        kind = u32(data, at)
        if at + 16 > min(len(data), u32(data, 0x14)) or (version == 2 and kind == 0):
            break
        devices.append((kind, u32(data, at + 4)))
    return devices or [(4, 7_987_200)]


def _companions(
    data: bytes, stream: walk.Stream, devices: list[tuple[int, int]], loop_at: int, remarks: list[str]
) -> Iterator[Companion]:
    """Yield the devices that are played beside the YM2151 and that anything is written to."""
    # Two commands a device, for its two ports; those played here have one port.
    numbers = [number for number, (kind, _) in enumerate(devices) if kind in OTHERS]
    forms = np.zeros(256, walk.FORM)
    forms["part"] = -1
    for part, number in enumerate(numbers):
        forms[2 * number] = part, walk.PLAIN, 0
    apart = walk.apart(data, stream.kept, forms, len(numbers))
    for number, rows, places in zip(numbers, apart.rows, apart.places, strict=False):
        kind, hertz = devices[number]
        name, divider, options = OTHERS[kind]
        if not len(rows):
            continue
        if not is_playable(name, hertz // divider, options):
            remarks.append(f"byte 0x{0x24 + 16 * number:X}: a {DEVICES[kind]} at {hertz} Hz is not played")
            continue
        if name == "sn76489":
            rows["address"] = rows["address"] == 1  # its stereo register; all else is for its only other port
        # By place in the file, not by time: rows of the loop's own moment may stand before it.
        again = int(np.searchsorted(places, loop_at))
        yield Companion(name, hertz // divider, rows, again, VGM_CHIPS[name].scale, options=options)


def _commands(devices: list[tuple[int, int]], ours: list[int]) -> npt.NDArray[Any]:
    """Return what each command does: a device has two, for the ports; a YM2151 has the first port only."""
    table = walk.commands()
    table[: 2 * len(devices)] = (walk.SKIP, 3, 0)
    for number, (kind, _) in enumerate(devices):
        if kind in OTHERS:
            table[2 * number] = (walk.KEEP, 3, 0)
    for chip, device in enumerate(ours):
        table[2 * device] = (walk.WRITES, 3, chip)
    # FE waits two more than its number says.
    table[END], table[TICK], table[LONG_WAIT] = (walk.END, 1, 0), (walk.WAIT, 1, 1), (walk.WAIT_7, 1, 2)
    return table


def _tags(data: bytes, version: int, remarks: list[str]) -> dict[str, str]:
    """Read the title of versions 0-2, or the key=value lines of version 3."""
    at = u32(data, 0x10)
    if not at:
        return {}
    block, end, _ = data[at : at + LARGEST_VALUE].partition(b"\0")
    if at >= len(data) or (version == 3 and not block.startswith(b"[S98]")):
        remarks.append(f"byte 0x{at:X}: no tag where the header says")
        return {}
    if version < 3:
        return {"title": decoded(block, bool(end))} if block else {}
    tags: dict[str, list[str]] = {}
    for line in decoded(block[5:], bool(end)).split("\n"):
        key, separator, value = (part.strip() for part in line.partition("="))
        if separator and key:
            # One name for one thing in all formats: VGM's, which is the one that is written.
            key = {"artist": "author", "year": "date"}.get(key.lower(), key.lower())
            tags.setdefault(key, []).append(value)
    return {key: "\n".join(values) for key, values in tags.items()}
