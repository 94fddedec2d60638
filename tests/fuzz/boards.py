"""Valid songs with other chips beside the YM2151, as lists of chunks: VGM, S98 and ZSM."""

import struct
from random import Random

from opm.song.writers.vgm_chips import BIG, BYTE, LITTLE, NIBBLES, SHORT, VGM_CHIPS

from .songs import CLOCKS, Chunks, many, register

CHIP_CLOCKS = {
    "sn76489": 3_579_545, "sega_pcm": 4_000_000, "ay8910": 1_789_772, "upd7759": 640_000, "msm6258": 4_000_000,
    "msm6295": 1_056_000, "k054539": 18_432_000, "c140": 12_288_000, "k053260": 3_579_545, "ga20": 3_579_545,
    "k007232": 3_579_545, "msm5205": 384_000,
}  # fmt: skip
OTHER_CLOCKS = (48_000, 21_333, 500_000, 8_000_000, 16_000_000)
SOUNDING = {
    "sn76489": ((0, 0x8E), (0, 0x0F), (0, 0x90), (0, 0xE4), (0, 0xF1)),
    "sega_pcm": ((2, 0x7F), (3, 0x40), (4, 0), (5, 0), (6, 1), (7, 0x80), (0x84, 0), (0x85, 0), (0x86, 0)),
    "ay8910": ((0, 40), (1, 0), (7, 0x38), (8, 0x0F), (9, 0x10), (11, 9), (13, 0x0E), (0x100, 0x1B)),
    "upd7759": ((0, 0), (0, 1), (2, 1), (1, 0), (1, 1)),
    "msm6258": ((0, 2), (1, 0x17), (1, 0x80), (2, 0), (12, 2), (8, 0), (9, 0x12), (10, 0x7A), (11, 0)),
    "msm6295": ((0, 0x81), (0, 0x10), (0, 0x82), (0, 0xE4), (12, 1), (0x0F, 0)),
    "k054539": (
        (0x22F, 1), (0, 0), (1, 0x80), (2, 0), (3, 0), (4, 8), (5, 0x18), (6, 0x40), (7, 1), (0x0C, 0), (0x0D, 0),
        (0x0E, 0), (0x200, 0), (0x201, 1), (0x214, 1),
    ),
    "c140": ((0, 200), (1, 90), (2, 0x40), (3, 0), (4, 0), (6, 0), (7, 0), (8, 1), (9, 0), (10, 0), (5, 0x90)),
    "k053260": (
        (0x2F, 2), (8, 0), (9, 8), (10, 0), (11, 1), (12, 0), (13, 0), (14, 0), (15, 0x7F), (0x2A, 0x11), (0x2C, 4),
        (0x28, 1),
    ),
    "ga20": ((0, 0), (1, 0), (4, 200), (5, 99), (6, 2)),
    "k007232": ((0, 0), (1, 0x0C), (2, 0), (3, 0), (4, 0), (13, 1), (16, 200), (17, 90), (20, 0), (5, 0)),
    "msm5205": ((0, 0), (4, 1), (5, 1), (1, 7), (1, 9), (1, 2), (2, 1), (2, 0)),
}  # fmt: skip
"""Writes of each chip that make a sound, of a ROM that has one."""
ADDRESSES = {
    "sn76489": 2, "sega_pcm": 0x100, "ay8910": 16, "upd7759": 4, "msm6258": 16, "msm6295": 20, "k054539": 0x230,
    "c140": 0x200, "k053260": 0x30, "ga20": 32, "k007232": 32, "msm5205": 6,
}  # fmt: skip
BANKS = (0, 1, 3, 4, 5, 0x3F)
FREQUENCIES = (8000, 22_050, 15_625, 44_100, 1, 0, 100_001, 2**32 - 1)
START, EXTRA_AT = 0x100, 0xBC


def vgm(r: Random) -> Chunks:
    """Draw a VGM file: some chips, single or dual, with options; ROMs, samples, streams; a loop; the extra header."""
    names = r.sample(sorted(VGM_CHIPS), r.choice((1, 1, 2, 4)))
    header = bytearray(START)
    header[:4] = b"Vgm "
    struct.pack_into("<I", header, 0x08, r.choice((0x171, 0x172, 0x172, 0x161)))
    struct.pack_into("<I", header, 0x30, r.choice(CLOCKS))
    for name in names:
        chip, clock = VGM_CHIPS[name], CHIP_CLOCKS[name] if r.randrange(5) else r.choice(OTHER_CLOCKS)
        for at, shift, width, *_ in chip.options.values():
            if r.randrange(2):
                whole = int.from_bytes(header[at : at + 4], "little") | r.randrange(1 << width) << shift
                header[at : at + 4] = (whole & 0xFFFFFFFF).to_bytes(4, "little")
        word = clock | r.choice((0, 0, 1 << 30)) | r.choice((0, 0, 1 << 31))
        struct.pack_into("<I", header, chip.clock_at, word)
    extra = _extra(r, names) if r.randrange(2) else b""
    if extra:
        struct.pack_into("<I", header, EXTRA_AT, START - EXTRA_AT)
    struct.pack_into("<I", header, 0x34, START + len(extra) - 0x34)
    if r.randrange(8) == 0:
        header[0x7C:0x80] = r.randbytes(4)
    samples = [block for _ in range(r.choice((0, 1, 3))) for block in _samples(r)]
    body = [*(_rom(r, name) for name in names for _ in range(r.choice((1, 1, 0, 3)))), *samples]
    for name in names:
        body += [_write(name, *write) for write in SOUNDING[name]] if r.randrange(3) else []
    body += [_command(r, names) for _ in range(many(r, 40))]
    size = len(header) + len(extra)
    if r.randrange(2):
        loop = size + sum(map(len, body[: r.randrange(len(body) + 1)]))
        struct.pack_into("<I", header, 0x1C, loop - 0x1C)
    return [bytes(header), extra, *body, b"\x66"]


def _extra(r: Random, names: list[str]) -> bytes:
    """Draw the extra header: clocks and volumes of chips, the YM2151's too."""
    numbers = [VGM_CHIPS[name].number for name in names] + [3]
    clocks = [(r.choice(numbers), r.choice((4_000_000, 1_000_000, 3_579_545))) for _ in range(r.randrange(3))]
    volumes = [
        (r.choice(numbers), r.randrange(2), r.choice((0x8100, 0x8080, 0x100, 0x8000, 0x40, 0, 0xFFFF)))
        for _ in range(r.randrange(4))
    ]
    first = bytes((len(clocks),)) + b"".join(struct.pack("<BI", *clock) for clock in clocks)
    second = bytes((len(volumes),)) + b"".join(struct.pack("<BBH", *volume) for volume in volumes)
    return struct.pack("<3I", 12, 8, 4 + len(first)) + first + second


def _write(name: str, address: int, data: int, second: int = 0) -> bytes:
    """Return the command of a write."""
    chip = VGM_CHIPS[name]
    if (name, address) == ("ay8910", 0x100):
        return bytes((0x31, second << 7 | data & 0x3F))
    code, (form, _, _) = next(iter(chip.commands.items()))
    if form == BYTE:
        code = next(code for code, (_, *which) in chip.commands.items() if which == [second, min(address, 1)])
    return (
        bytes((code,))
        + {
            SHORT: bytes((second << 7 | address & 0x7F, data)),
            BIG: bytes((second << 7 | address >> 8 & 0x7F, address & 0xFF, data)),
            LITTLE: bytes((address & 0xFF, second << 7 | address >> 8 & 0x7F, data)),
            BYTE: bytes((data,)),
            NIBBLES: bytes((second << 7 | (address & 7) << 4 | data & 15,)),
        }[form]
    )


def _command(r: Random, names: list[str]) -> bytes:
    """Draw a command."""
    kind = r.randrange(12)
    if kind < 5:
        name, data = r.choice(names), r.choice((0, 1, 0x80, 0xFF, r.randrange(256), r.randrange(256)))
        address = r.choice((r.choice(SOUNDING[name])[0], r.randrange(ADDRESSES[name])))
        return _write(name, address, data, r.randrange(4) == 0)
    if kind == 5:
        return bytes((r.choice((0x54, 0x54, 0xA4)), *register(r)))
    if kind < 9:
        return r.choice((b"\x62", b"\x63", b"\x70", b"\x7f", b"\x7f", b"\x61\x64\x00", b"\x88"))
    if kind == 9:
        return _rom(r, r.choice(names))
    return _stream(r, names)


def _block(kind: int, data: bytes) -> bytes:
    """Return a data block."""
    return struct.pack("<BBBI", 0x67, 0x66, kind, len(data)) + data


def _rom(r: Random, name: str) -> bytes:
    """Draw a part of a chip's ROM, with what the chip's sounds need at its head; of a chip without one another's."""
    kind = VGM_CHIPS[name].rom or r.choice((0x81, 0x92, 0xC0, 0xE0))
    data = r.choice((bytes(range(256)), r.randbytes(300), b"\x80" * 64, b"", r.randbytes(2000)))
    if name == "msm6295":
        data = b"\0\0\x80\0\1\0" * 16 + data
    if name == "upd7759":
        data = b"\x07\x5a\xa5\x69\x55" + b"\0\x10" * 8 + b"\0" * 16 + b"\x59\x40" + data
    size = r.choice((len(data), 0x1000, 0x4000, 0x4001))
    offset = r.choice((0, 0, 0, 0x100, 0x3F00))
    block = bytearray(_block(kind, struct.pack("<II", size, offset) + data))
    block[6] |= r.choice((0, 0, 0, 0x80))
    return bytes(block)


def _samples(r: Random) -> Chunks:
    """Draw samples for streams, plain or compressed, behind the table that these may need."""
    kind, data = r.choice(BANKS), r.randbytes(r.choice((0, 1, 50, 700)))
    if r.randrange(2):
        return [_block(kind, data)]
    summed, bits, few, how = r.randrange(2), r.choice((8, 8, 12, 16, 4)), r.choice((4, 1, 3, 7, 10)), r.randrange(3)
    wide = 2 if bits > 8 else 1
    head = struct.pack("<BIBBBH", summed, wide * (len(data) * 8 // few), bits, few, how, r.randrange(300))
    table = struct.pack("<BBBBH", summed, how, bits, few, 1 << few) + r.randbytes(wide << few)
    return [_block(0x7F, table), _block(0x40 | kind, head + data)]


def _stream(r: Random, names: list[str]) -> bytes:
    """Draw a command for a stream, or all that it needs to play."""
    number, chip = r.choice((0, 0, 1, 2, 0xFF)), VGM_CHIPS[r.choice(names)].number
    setup = struct.pack(
        "<BBBBB", 0x90, number, chip | r.choice((0, 0, 0x80)), r.choice((0, 1, 2)), r.choice((0, 1, 2, 0x90))
    )
    data = struct.pack("<BBBBB", 0x91, number, r.choice(BANKS), r.choice((1, 1, 0, 2, 255)), r.choice((0, 0, 1, 9)))
    frequency = struct.pack("<BBI", 0x92, number, r.choice(FREQUENCIES))
    mode = r.choice((0, 1, 2, 3, 4, 5)) | r.choice((0, 0, 0x10, 0x80, 0x90))
    place, length = r.choice((0, 0, 1, 100, 2**32 - 1, 2**31)), r.choice((0, 1, 50, 300, 2**32 - 1, 2**31))
    play = struct.pack("<BBIBI", 0x93, number, place, mode, length)
    stop = bytes((0x94, number))
    fast = struct.pack("<BBHB", 0x95, number, r.choice((0, 0, 1, 9, 0xFFFF)), r.choice((0, 1, 0x10, 0x11)))
    each = (setup, data, frequency, play, stop, fast)
    return r.choice((*each, setup + data + frequency + r.choice((play, fast)), setup + data + frequency + fast))


S98_KINDS = (1, 15, 16, 16, 5, 4)
S98_CLOCKS = {1: 3_579_545, 15: 3_579_545, 16: 3_579_545, 5: 4_000_000, 4: 7_987_200}


def s98(r: Random) -> Chunks:
    """Draw an S98 file with a YM2151 and the devices that are played beside it."""
    devices = [5] + [r.choice(S98_KINDS) for _ in range(r.choice((1, 1, 2, 4)))]
    r.shuffle(devices)
    table = b"".join(
        struct.pack(
            "<4I", kind, S98_CLOCKS[kind] if kind == 5 or r.randrange(6) else r.choice((*OTHER_CLOCKS, 50)), 0, 0
        )
        for kind in devices
    )
    body = [_s98_command(r, devices) for _ in range(many(r, 40))]
    start = 0x20 + len(table)
    loop = start + sum(map(len, body[: r.randrange(len(body))])) if body and r.randrange(2) else 0
    timer = r.choice(((1, 60), (0, 0), (1, 1000), (1, 44_100)))
    numbers = (*timer, 0, 0, start, loop, len(devices))
    return [b"S983" + struct.pack("<7I", *numbers) + table, *body, b"\xfd"]


def _s98_command(r: Random, devices: list[int]) -> bytes:
    """Draw a write to a device, or a wait."""
    if r.randrange(4) == 0:
        return b"\xff" if r.randrange(3) else b"\xfe" + r.choice((b"\x00", b"\x07", b"\x81\x01"))
    number = r.randrange(len(devices))
    kind, name = devices[number], {1: "ay8910", 15: "ay8910", 16: "sn76489"}.get(devices[number])
    address, data = register(r) if name is None else (r.randrange(ADDRESSES[name]), r.randrange(256))
    if name and r.randrange(2):
        address, data = r.choice([write for write in SOUNDING[name] if write[0] < 256])
    return bytes(
        (2 * number + (kind != 5 and r.randrange(9) == 0), address if r.randrange(20) else r.randrange(256), data)
    )


def zsm(r: Random) -> Chunks:
    """Draw a ZSM file: the PSG, the PCM output with a table of sounds, a loop."""
    body = [_zsm_command(r) for _ in range(many(r, 40))]
    loop = 16 + sum(map(len, body[: r.randrange(len(body))])) if body and r.randrange(2) else 0
    sounds, data = _sounds(r) if r.randrange(4) else ([], b"")
    at = 16 + sum(map(len, body)) + 1 if sounds else 0
    rate = r.choice((60, 60, 60, 44_100, 1, 0))
    head = (
        b"zm\1" + loop.to_bytes(3, "little") + at.to_bytes(3, "little") + b"\xff\xff\xff" + struct.pack("<HH", rate, 0)
    )
    return [head, *body, b"\x80", *sounds, data]


def _zsm_command(r: Random) -> bytes:
    """Draw a command."""
    kind = r.randrange(8)
    if kind < 3:
        voice = 4 * r.randrange(16)
        return b"".join(
            bytes((voice + i, data))
            for i, data in enumerate((r.randrange(256), 4, r.choice((0xFF, 0xC0, 0)), r.randrange(256)))
        )
    if kind == 3:
        writes = [register(r) for _ in range(r.choice((1, 1, 4)))]
        return bytes((0x40 + len(writes), *(byte for pair in writes for byte in pair)))
    if kind < 6:
        return bytes((0x80 + r.choice((1, 1, 1, 2, 127)),))
    pairs = [
        (r.randrange(4), r.choice((0, 1, 2, 0x8F, 0x0F, 0x3F, 200, r.randrange(256))))
        for _ in range(r.choice((1, 2, 4)))
    ]
    if kind == 6:
        pairs = [(0, 0x0F), (1, r.choice((8, 64, 128, 255))), (2, r.randrange(4))]
    return bytes((0x40, 2 * len(pairs), *(byte for pair in pairs for byte in pair)))


def _sounds(r: Random) -> tuple[Chunks, bytes]:
    """Draw the table of sounds, an entry a chunk, and their data."""
    count = r.choice((1, 2, 4))
    data = r.randbytes(r.choice((0, 100, 3000, 9000)))
    entries = []
    for number in range(count):
        start, length = r.choice((0, 0, 50, len(data))), r.choice((len(data), 0, 1, 64, 2**24 - 1))
        loop = r.choice((0, 1, length, 2**24 - 1, max(0, length - 1)))
        shape, loops = r.choice((0, 0x10, 0x20, 0x30)), r.choice((0, 0x80))
        entries.append(
            bytes((number, shape)) + start.to_bytes(3, "little") + length.to_bytes(3, "little") + bytes((loops,))
            + loop.to_bytes(3, "little") + bytes(4)
        )  # fmt: skip
    return [b"PCM" + bytes((count - 1,)), *entries], data
