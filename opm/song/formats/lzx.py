"""LZX 0.42, in which MDX and PDX files are packed: unpacked here as the loader in front of the data does it.

Source: the decoder of MDXPlayer, read for the format. Bits come from the highest; bytes stand between them. 1: a byte.
00: two bits for the length and a byte for the distance. 01: 13 bits for the distance, 3 for the length; a length of 0
is another byte, which is 0 at the end.
"""

import numpy as np

from ..._jit import block, entry
from ..data import SongError
from ..limits import LARGEST_UNPACKED

MAGIC = b"LZX"
LOADER_END = b"\x7f\xff\xff\x4c"
"""The last of the loader's code, at an even place from LOADER on: packed data begins behind it."""
SIZE_AT, LOADER = 0x12, 0x26


def unpacked(data: bytes, name: str) -> bytes:
    """Return data as it is if it is not packed, else unpacked; SongError if it is damaged or too large."""
    if data[4:7] != MAGIC:
        return data
    size = int.from_bytes(data[SIZE_AT : SIZE_AT + 4], "big")
    # By the header, before the memory is taken.
    if size > LARGEST_UNPACKED:
        raise SongError(f"{name}: expected at most {LARGEST_UNPACKED} bytes of unpacked data")
    start = data.find(LOADER_END, LOADER)
    # 68000 code stands at even places; the same bytes at an odd one are something else.
    while start >= 0 and start % 2:
        start = data.find(LOADER_END, start + 1)
    out = np.empty(size, np.uint8)
    place = np.array([start + len(LOADER_END), 0, 0], np.int64)
    made = _unpack(np.frombuffer(data, np.uint8), place, out) if start >= 0 else 0
    if made <= 0:
        raise SongError(f"{name}: expected data packed with LZX 0.42, it is damaged: unpack it first")
    return out[:made].tobytes()


@block
def _bit(data, place):
    """Read a bit; ``place`` holds the next byte, the bits at hand and how many those are."""
    # A byte for bits is taken where its first bit is asked for, not before: plain bytes stand between them.
    if place[2] == 0:
        place[1], place[2] = _byte(data, place), 8
    place[2] -= 1
    return place[1] >> place[2] & 1


@block
def _byte(data, place):
    """Read a byte; beyond the end 0, which ends the data."""
    at = place[0]
    place[0] += 1
    return np.int64(data[at]) if at < data.size else np.int64(0)


@entry
def _unpack(data, place, out):
    """Unpack to ``out`` from a place on; return how many bytes, 0 if the data is damaged."""
    made = 0
    while place[0] <= data.size:
        if _bit(data, place):
            distance, count = np.int64(0), np.int64(1)
            value = _byte(data, place)
        elif _bit(data, place):
            high, low = _byte(data, place), _byte(data, place)
            distance, count, value = 8192 - (high << 5 | low >> 3), (low & 7) + 2, np.int64(0)
            if count == 2:
                count = _byte(data, place) + 1
                if count == 1:
                    return made
        else:
            count = 2 * _bit(data, place) + _bit(data, place) + 2
            distance, value = 256 - _byte(data, place), np.int64(0)
        # Damage: a copy from before the beginning, or more than the header says.
        if distance > made or made + count > out.size:
            return 0
        # Byte by byte, not as a slice: a copy may overlap what it makes, which repeats it.
        for _ in range(count):
            out[made] = out[made - distance] if distance else value
            made += 1
    return 0
