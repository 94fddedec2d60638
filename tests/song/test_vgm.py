"""VGM: annotated bytes in, writes and times out; broken files."""

import gzip
import struct
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

import opm
from opm.song import SongError, formats, writers
from opm.song.data import Bank
from opm.song.formats import vgm
from opm.song.streams import LENGTH, PLAY, Stream

DUAL, OPP = 1 << 30, 1 << 31
GD3 = ("Tune", "曲", "Game", "", "Arcade", "", "Somebody", "", "1988/01/01", "me", "two\nlines")


def vgm_file(body, version=0x171, clock=3_579_545, start=0x100, gd3=None, **fields):
    """Build a VGM file: header, body, tag. Fields are u32 by their offset, as x1c=..."""
    header = bytearray(start)
    header[:4] = b"Vgm "
    values = {0x08: version, **({0x30: clock} if start > 0x30 else {})}
    if version >= 0x150:
        values[0x34] = start - 0x34
    values |= {int(name[1:], 16): value for name, value in fields.items()}
    tail = b""
    if gd3 is not None:
        text = b"".join(string.encode("utf-16-le") + b"\0\0" for string in gd3)
        tail = b"Gd3 " + struct.pack("<II", 0x100, len(text)) + text
        values[0x14] = start + len(body) - 0x14
    for at, value in values.items():
        struct.pack_into("<I", header, at, value)
    return bytes(header) + bytes(body) + tail


def writes(song):
    return [tuple(w) for w in song.rows.tolist()]


BODY = bytes.fromhex(
    "54 20 C7"  # YM2151 20 = C7 at 0
    "61 10 27"  # wait 10000
    "62 63"  # 735, 882
    "70 7F"  # 1, 16
    "80 8F"  # DAC byte and wait 0, 15
    "A4 28 4A"  # second YM2151
    "54 08 78"
    "66"
)


def test_annotated_bytes():
    song = vgm.read(vgm_file(BODY, gd3=GD3))
    time = 10000 + 735 + 882 + 1 + 16 + 0 + 15
    assert writes(song) == [(0, 0, 0x20, 0xC7), (time, 1, 0x28, 0x4A), (time, 0, 0x08, 0x78)]
    assert (song.end, song.format, song.chips) == (time, "VGM 1.71", ("ym2151", "ym2151"))
    assert song.not_played == ("YM2612",)
    assert song.tags["title"] == "Tune"
    assert song.tags["title (native)"] == "曲"
    assert song.tags["notes"] == "two\nlines"


@pytest.mark.parametrize(
    ("hexes", "length"),
    [
        ("00", 1), ("30 00", 2), ("3F 00", 2), ("40 00 00", 3), ("4E 00 00", 3), ("4F 00", 2), ("50 00", 2),
        ("51 00 00", 3), ("5F 00 00", 3), ("67 66 00 02 00 00 00 AA BB", 9), ("67 66 81 01 00 00 80 AA", 8),
        ("68 66 00 00 00 00 00 00 00 00 00 00", 12), ("90 00 00 00 00", 5), ("91 00 00 00 00", 5),
        ("92 00 00 00 00 00", 6), ("93 00 00 00 00 00 00 00 00 00 00", 11), ("94 00", 2), ("95 00 00 00 00", 5),
        ("A0 00 00", 3), ("B8 00 00", 3),
        ("C0 00 00 00", 4), ("DF 00 00 00", 4), ("E0 00 00 00 00", 5), ("FF 00 00 00 00", 5),
    ],
)  # fmt: skip
def test_every_command_length(hexes, length):
    command = bytes.fromhex(hexes)
    assert len(command) == length
    song = vgm.read(vgm_file(command + bytes.fromhex("54 08 78 70 66")))
    assert writes(song) == [(0, 0, 0x08, 0x78)]
    assert song.end == 1


def test_commands_40_to_4e_were_shorter_before_1_61():
    song = vgm.read(vgm_file(bytes.fromhex("41 00 54 08 78 66"), version=0x160))
    assert writes(song) == [(0, 0, 0x08, 0x78)]


@pytest.mark.parametrize("command", [*range(0x01, 0x30), 0x60, 0x64, 0x65, *range(0x69, 0x70), *range(0x96, 0xA0)])
def test_undefined_commands_are_named(command):
    """What comes before is played; if nothing does, the file is refused."""
    song = vgm.read(vgm_file(bytes([0x54, 8, 0x78, 0x62, command, 0, 0, 0, 0x66])))
    assert (writes(song), song.end) == ([(0, 0, 8, 0x78)], 735)
    fault = f"byte 0x104: expected a VGM command, found {command:02X}"
    assert song.remarks == [f"{fault}: what comes before is played"]
    with pytest.raises(SongError, match=rf"^byte 0x101: expected a VGM command, found {command:02X}$"):
        vgm.read(vgm_file(bytes([0x62, command, 0x54, 8, 0x78])))


def test_a_data_block_without_its_second_byte_is_no_command():
    song = vgm.read(vgm_file(bytes.fromhex("54 08 78 67 00 01 00 00 00 00 66")))
    assert "byte 0x103: expected a VGM command, found 67 00" in song.remarks[0]


@pytest.mark.parametrize(
    ("version", "start", "fields", "clock"),
    [
        (0x171, 0x100, {}, 4_000_000),
        (0x161, 0xC0, {}, 4_000_000),
        (0x151, 0x80, {}, 4_000_000),
        (0x150, 0x40, {}, 4_000_000),
        (0x110, 0x40, {}, 4_000_000),
        (0x101, 0x40, {"x30": 0, "x10": 4_000_000}, 4_000_000),
        (0x100, 0x40, {"x30": 123, "x10": 4_000_000}, 4_000_000),
        (0x101, 0x40, {}, 4_000_000),
        (0x171, 0x100, {"x30": 0}, 3_579_545),
    ],
)
def test_versions_and_clocks(version, start, fields, clock):
    song = vgm.read(vgm_file(BODY.replace(b"\xa4", b"\x54"), version, 4_000_000, start, **fields))
    assert (song.clock, song.chips) == (clock, ("ym2151",))
    assert "YM2413" not in song.not_played


@pytest.mark.parametrize("other", ["51 0E 00", "52 22 00", "53 30 00"])
def test_one_clock_for_all_fm_chips_below_1_10(other):
    """Whichever of them is written to first; where no YM2151 is, the clock is the other's."""
    body = bytes.fromhex(other + " 54 08 78 66")
    assert vgm.read(vgm_file(body, 0x101, start=0x40, x10=4_000_000, x30=0)).clock == 4_000_000
    with pytest.raises(SongError, match="the file is for YM2"):
        vgm.read(vgm_file(bytes.fromhex(other + " 66"), 0x101, start=0x40, x10=4_000_000, x30=0))
    with pytest.raises(SongError, match="byte 0x10: expected a clock"):
        vgm.read(vgm_file(body, 0x101, start=0x40, x10=5, x30=0))


@pytest.mark.parametrize("extra", [(1, 3), (2, 0, 4_000_000, 3), (2, 3, 5, 4)], ids=["one", "second", "bad"])
def test_a_second_chip_may_have_its_own_clock(extra):
    """The extra header: bytes, offset of clocks, of volumes; a count, then chip 3 and its clock, 4 MHz."""
    entries = (*extra[1:], 4_000_000)[: 2 * extra[0]]
    clocks = bytes(extra[:1]) + b"".join(struct.pack("<BI", *entries[i : i + 2]) for i in range(0, len(entries), 2))
    table = struct.pack("<III", 12, 8, 0) + clocks
    data = bytearray(vgm_file(b"", start=0x100 + len(table), xbc=0x100 - 0xBC) + BODY)
    data[0x100 : 0x100 + len(table)] = table
    song = vgm.read(bytes(data))
    assert (song.clock, song.clocks[1]) == (3_579_545, 3_579_545 if extra[1:3] == (3, 5) else 4_000_000)
    assert any("expected a clock" in note for note in song.remarks) == (extra[1:3] == (3, 5))
    again = vgm.read(writers.vgm.write(song).data)
    assert (again.clock, again.clocks[1], writes(again)) == (song.clock, song.clocks[1], writes(song))


@pytest.mark.parametrize(("byte", "steps"), [(0, 0), (0x20, 32), (0xC0, 192), (0xC1, -64), (0xC2, -62), (0xFF, -1)])
@pytest.mark.parametrize("version", [0x151, 0x171])
def test_volume_modifier(byte, steps, version):
    """Steps of 1/32 of 6 dB, -62 to +192, and C1 for -64; files say 1.51 that have it. It comes back."""
    song = vgm.read(vgm_file(bytes.fromhex("54 08 78 66"), version, x7c=byte))
    assert song.gain == 2.0 ** (steps / 32)
    assert song.remarks == ([f"volume modifier: {6.0206 * steps / 32:+.1f} dB"] if steps else [])
    again = vgm.read(writers.vgm.write(song).data)
    assert (again.gain, writers.vgm.write(song).data[0x7C]) == (song.gain, byte)


def test_bits_of_the_clock_word():
    body = bytes.fromhex("54 08 78 66")
    assert vgm.read(vgm_file(body, clock=4_000_000 | OPP)).chips == ("ym2164",)
    assert vgm.read(vgm_file(body, clock=4_000_000 | DUAL)).chips == ("ym2151", "ym2151")
    assert vgm.read(vgm_file(body, clock=4_000_000 | DUAL | OPP)).clock == 4_000_000


def test_header_fields_inside_the_data_are_zero():
    """A 1.50 file with a 64-byte header: bytes at 7C-7F and 98 are commands, not volume, loop base, OKIM6295."""
    body = bytes.fromhex("54 08 78") + b"\x70" * 0x80 + b"\x66"
    song = vgm.read(vgm_file(body, 0x151, start=0x40))
    assert (song.not_played, song.loop_base, song.loop_modifier) == ((), 0, 16)


def test_other_chips_are_named():
    song = vgm.read(vgm_file(bytes.fromhex("54 08 78 B8 00 01 50 9F B3 00 00 66"), x98=1_000_000, x4c=8_000_000))
    assert song.not_played == ("Game Boy DMG", "SN76489", "YM2610"), "a chip without a clock cannot be played"
    assert [companion.name for companion in song.companions] == ["msm6295"]


def test_loop_and_its_modifiers():
    body = bytes.fromhex("54 01 00 62 54 08 78 63 66")
    song = vgm.read(vgm_file(body, x1c=0x100 + 4 - 0x1C, x7c=0x20 << 24 | 1 << 16))
    assert (song.loop_start.tick, song.loop_start.write, song.end) == (735, 1, 735 + 882)
    assert [song.passes(n) for n in (1, 2, 3)] == [1, 3, 5]
    assert song.remarks == ["loop modifier 0x20 and base 1: --loops 1 plays 1, --loops 2 plays 3"]
    half = vgm.read(vgm_file(body, x1c=0x100 + 4 - 0x1C, x7c=0x14 << 24))
    assert [half.passes(n) for n in (1, 2, 3)] == [1, 3, 4], "1.25 of them; a half is rounded up"
    assert vgm.read(vgm_file(body, x7c=0x14 << 24)).remarks == [], "without a loop it says nothing"
    for looping in (song, half):
        again = vgm.read(writers.vgm.write(looping).data)
        assert (again.loop_base, again.loop_modifier) == (looping.loop_base, looping.loop_modifier)


def test_a_loop_without_writes_comes_back():
    song = vgm.read(vgm_file(bytes.fromhex("54 08 78 62 63 66"), x1c=0x100 + 4 - 0x1C))
    assert (song.loop_start.tick, song.loop_start.write, song.end) == (735, 1, 735 + 882)
    again = vgm.read(writers.vgm.write(song).data)
    assert (again.loop_start, again.end) == (song.loop_start, song.end)


@pytest.mark.parametrize(
    ("offset", "words"), [(5, "no command"), (8, "no time"), (5000, "no command")], ids=["inside", "at end", "outside"]
)
def test_bad_loops_are_dropped_and_named(offset, words):
    song = vgm.read(vgm_file(bytes.fromhex("54 01 00 61 10 10 54 08 78 66")[:-1] + b"\x66", x1c=0x100 + offset - 0x1C))
    if offset == 8:
        song = vgm.read(vgm_file(bytes.fromhex("54 01 00 61 10 10 00 00 66"), x1c=0x106 - 0x1C))
    assert song.loop_start is None
    assert any(words in note for note in song.remarks)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_tag_cut_short_gives_what_is_there(cut):
    assert vgm.read(vgm_file(BODY, gd3=GD3)[:-cut]).tags["title"] == "Tune"


def test_waits_are_summed_against_the_header():
    body = bytes.fromhex("54 08 78 62 63 66")
    assert vgm.read(vgm_file(body, x18=735 + 882)).remarks == []
    assert "the waits add up to 1617" in vgm.read(vgm_file(body, x18=1000)).remarks[0]


def test_no_end_command():
    song = vgm.read(vgm_file(bytes.fromhex("54 08 78 61 10")))
    assert len(song.rows) == 1
    assert "byte 0x103: the data is cut short" in song.remarks[0]


def test_nothing_before_the_end_of_the_file():
    with pytest.raises(SongError, match="byte 0x101: the data is cut short"):
        vgm.read(vgm_file(b"\x62"))


def test_a_tag_where_none_is_does_not_end_the_song():
    """The header's offset leads into the commands."""
    song = vgm.read(vgm_file(BODY, x14=0x104 - 0x14))
    assert len(song.rows) == 3
    assert song.remarks == ["byte 0x104: no GD3 tag where the header says"]


def test_a_data_block_longer_than_the_file():
    song = vgm.read(vgm_file(bytes.fromhex("54 08 78 67 66 00 FF FF FF 7F 00")))
    assert "cut short" in song.remarks[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Vgm \0\0", "header"),
        (vgm_file(b"\x66", clock=0), "expected a YM2151"),
        (vgm_file(bytes.fromhex("54 08 78 66"), clock=5), "byte 0x30: expected a clock"),
        (vgm_file(b"\x66", x34=0xFFFFFF), "byte 0x34"),
    ],
    ids=range(4),
)
def test_bad_files_are_named(data, words):
    with pytest.raises(SongError) as caught:
        vgm.read(data)
    assert words in str(caught.value)


@settings(max_examples=300)
@given(data=st.binary(max_size=400), start=st.sampled_from([0x40, 0x80, 0x100]))
def test_no_bytes_crash_the_reader(data, start):
    try:
        vgm.read(vgm_file(data, start=start))
    except SongError as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_gzip_by_content(tmp_path):
    path = tmp_path / "song.txt"
    packed = gzip.compress(vgm_file(BODY))
    path.write_bytes(packed)
    assert len(opm.load(path).rows) == 3


def test_what_there_is_of_a_damaged_gzip_file_is_played():
    plain = vgm_file(BODY + bytes(1000), gd3=GD3)
    packed = gzip.compress(plain)
    for size in range(len(packed) - 8, len(packed)):  # all data, not all of checksum and length
        song = formats.parse(packed[:size])
        assert song.remarks == [f"byte {size}: the gzip data is cut short: what comes before is played"]
        assert (len(song.rows), song.tags["title"]) == (3, "Tune")
    wrong = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    assert "gzip data is damaged, incorrect data check: what comes before" in formats.parse(wrong).remarks[0]
    stored = gzip.compress(plain, compresslevel=0)
    song = formats.parse(stored[: stored.index(BODY) + 4])
    assert "gzip data is cut short" in song.remarks[0]
    assert "byte 0x103: the data is cut short" in song.remarks[1]
    assert len(song.rows) == 1
    with pytest.raises(SongError, match=r"^byte 12: the gzip data is cut short; unpacked, byte 0: expected VGM"):
        formats.parse(packed[:12])
    with pytest.raises(SongError, match="the gzip data is damaged, invalid"):
        formats.parse(packed[:10] + b"\xff\xff" + packed[12:])


def test_a_loop_without_writes_is_written():
    song = vgm.read(vgm_file(bytes.fromhex("54 08 78 62 62 66"), x1c=0x104 - 0x1C))
    again = vgm.read(writers.vgm.write(song).data)
    assert (again.loop_start.tick, again.loop_start.write, again.end) == (735, 1, 1470)


@pytest.mark.parametrize("looped", [False, True])
def test_writing_takes_some_bytes_per_write(looped):
    """Pieces come out as a whole does; Python's own numbers would take 200 bytes each time."""
    body = b"\x54\x08\x78\x70" * 200_000
    song = vgm.read(vgm_file(body + b"\x66", **({"x1c": 0x100 + 4 * 70_000 - 0x1C} if looped else {})))
    tracemalloc.start()
    data = writers.vgm.write(song).data
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * len(song.rows) + 2**24
    assert data[0x100:] == body + b"\x66"
    assert vgm.read(data).loop_start == song.loop_start


def test_write_and_read_back():
    """The song that ships: same writes, times within half a tick, loop and tags kept; a second pass changes nothing."""
    song = opm.load(ROOT / "player" / "songs" / "mountain_king.vgm")
    assert song.loop_start is not None
    again = vgm.read(writers.vgm.write(song).data)
    np.testing.assert_array_equal(again.rows, song.rows)
    assert (again.loop_start, again.end, again.tags, again.chips) == (song.loop_start, song.end, song.tags, song.chips)
    assert writers.vgm.write(again).data == writers.vgm.write(song).data


def test_a_loop_shorter_than_a_sample_is_named_as_lost(tmp_path):
    """5 us, a quarter of a sample: two passes of it have events that a VGM of no loop has not."""
    song = opm.Song([(0.01, 0x20, 0xC7), (0.01, 0x08, 0x08)], loop=0.01, length=0.010005)
    assert "the loop, which is shorter than a sample of 44100 Hz" in song.save(tmp_path / "x.vgm")
    again = opm.load(tmp_path / "x.vgm")
    assert (again.loop_start, again.remarks) == (None, [])
    song = opm.Song([(0.01, 0x20, 0xC7), (0.01, 0x08, 0x08)], loop=0.01, length=0.02)
    assert song.save(tmp_path / "x.vgm") == ["times between samples of 44100 Hz"]


def test_tags_that_a_gd3_tag_cannot_hold_are_named(tmp_path):
    """A zero would end a string, and move all that follow to another name."""
    song = opm.Song([(0, 8, 8)], tags={"title": "a\0b", "game": " c\n", "author": "x" * 200_000, "system": ""})
    assert song.save(tmp_path / "a.vgm")[0] == "tags: title, author"
    tags = opm.load(tmp_path / "a.vgm").tags
    assert (tags["title"], tags["game"], set(tags)) == ("a b", "c", {"title", "game", "author"})
    assert opm.Song([], tags={"title": "曲"}).save(tmp_path / "a.mid")[0] == "tags: title"


def test_a_tag_before_the_commands_is_no_header():
    """Its text stands where later versions have clocks and the volume modifier."""
    tag = b"Gd3 " + struct.pack("<II", 0x100, 22 + 80) + ("T" * 41 + "\0" * 11).encode("utf-16-le")
    data = vgm_file(tag + BODY, 0x150, start=0x40, x14=0x40 - 0x14, x34=0x40 + len(tag) - 0x34)
    song = vgm.read(data)
    assert (song.tags, song.not_played, song.gain) == ({"title": "T" * 41}, ("YM2612",), 1.0)
    assert writes(song) == writes(vgm.read(vgm_file(BODY)))


@pytest.mark.parametrize(("mode", "count"), [(1, 6), (2, 1), (3, 3), (4, 0), (15, 3), (0, 0)])
def test_what_the_length_of_a_stream_counts(mode, count):
    """Commands, milliseconds at 200 a second, up to the end of seven bytes in steps of 2, bytes; no other is known."""
    stream = Stream(step=2, frequency=200, bank=Bank(bytes(7)))
    stream.take(LENGTH, 6, 0, {}, Fraction(1000))
    stream.take(PLAY, mode, 0, {}, Fraction(1000))
    assert stream.count == count
