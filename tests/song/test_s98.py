"""S98: annotated bytes in, writes and times out."""

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.song import SongError
from opm.song.formats import s98

STREAM = bytes.fromhex(
    "00 20 C7"  # device 0 port 0
    "FF"  # 1 tick
    "FE 81 01"  # 129 + 2 ticks
    "02 28 4A"  # device 1
    "01 30 00"  # device 0 port 1: means nothing on an OPM
    "FF 00 08 78 FF FD"
)


def s98_file(stream=STREAM, version=3, devices=((5, 4_000_000), (4, 8_000_000)), timer=(1, 60), loop=0, tag=b""):
    table = b"".join(struct.pack("<IIII", kind, clock, 0, 0) for kind, clock in devices)
    start = 0x20 + len(table) + (16 if version == 2 else 0)
    count = len(devices) if version == 3 else 0
    offsets = (start + len(stream) if tag else 0, start, start + loop if loop else 0, count)
    head = b"S98" + str(version).encode() + struct.pack("<7I", *timer, 0, *offsets)
    return head + table + bytes(16 if version == 2 else 0) + stream + tag


def writes(song):
    return [tuple(w) for w in song.rows.tolist()]


def test_annotated_bytes():
    song = s98.read(s98_file(loop=3))
    assert writes(song) == [(0, 0, 0x20, 0xC7), (133, 0, 0x08, 0x78)]
    assert (song.end, song.ticks_per_second, song.clock) == (134, Fraction(60), 4_000_000)
    assert song.not_played == ("YM2608",)
    assert (song.loop_start.tick, song.loop_start.write) == (0, 1)


def test_two_opms():
    song = s98.read(s98_file(devices=((5, 4_000_000), (5, 4_000_000))))
    assert [w[1] for w in writes(song)] == [0, 1, 0]
    assert song.chips == ("ym2151", "ym2151")


def test_each_device_has_its_own_clock():
    song = s98.read(s98_file(devices=((5, 3_579_545), (5, 4_000_000))))
    assert (song.clock, song.clocks[1]) == (3_579_545, 4_000_000)
    bad = s98.read(s98_file(devices=((5, 3_579_545), (5, 0))))
    assert (bad.clocks[1], len(bad.remarks)) == (bad.clock, 1)
    assert "byte 0x34: expected a clock" in bad.remarks[0]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_more_than_two_opms_are_played(count):
    strikes = b"".join(bytes((2 * device, 0x08, 0x78)) for device in range(count))
    song = s98.read(s98_file(strikes + b"\xff\xfd", devices=((5, 4_000_000),) * count))
    assert (song.not_played, len(song.chips)) == ((), count)
    assert song.rows["chip"].tolist() == [*range(count)]
    assert song.part_names[-1] == f"ym2151-{count}"


def test_version_2_list_ends_at_type_0():
    assert len(s98.read(s98_file(bytes.fromhex("00 08 78 FF FD"), version=2)).rows) == 1


def test_default_tick_is_10_ms():
    assert s98.read(s98_file(bytes.fromhex("00 08 78 FF FD"), timer=(0, 0))).ticks_per_second == 100


def test_tags():
    text = b"[S98]" + b"\xef\xbb\xbf" + b"title= Hall \nARTIST=Grieg\ncomment=a\ncomment=b\n" + b"\0"
    assert s98.read(s98_file(tag=text)).tags == {"title": "Hall", "author": "Grieg", "comment": "a\nb"}
    old = s98.read(s98_file(bytes.fromhex("00 08 78 FF FD"), version=2, tag="曲名".encode("cp932") + b"\0"))
    assert old.tags == {"title": "曲名"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("version", [2, 3])
def test_the_encoding_of_tags(encoding, version):
    """UTF-8 if it can be, whether it says so or not, else Shift-JIS."""
    text = "title=夜明け\n" if version == 3 else "夜明け"
    tag = (b"[S98]" if version == 3 else b"") + text.encode(encoding)
    stream = bytes.fromhex("00 08 78 FF FD")
    assert s98.read(s98_file(stream, version, tag=tag + b"\0")).tags == {"title": "夜明け"}


def test_a_tag_cut_in_mid_character():
    assert s98.read(s98_file(tag=b"[S98]title=" + "夜明け".encode()[:-1])).tags == {"title": "夜明"}


@pytest.mark.parametrize("at", [0x7777, 0x40])
def test_no_tag_where_the_header_says(at):
    data = bytearray(s98_file(loop=3))
    struct.pack_into("<I", data, 0x10, at)
    song = s98.read(bytes(data))
    assert (song.tags, song.remarks) == ({}, [f"byte 0x{at:X}: no tag where the header says"])


def test_the_size_before_compression_is_not_used():
    data = bytearray(s98_file())
    struct.pack_into("<I", data, 0x0C, 1)
    assert writes(s98.read(bytes(data))) == writes(s98.read(s98_file()))


def test_devices_of_type_0_are_none():
    stream = bytes.fromhex("00 08 78 FF FD")
    assert s98.read(s98_file(stream, devices=((5, 4_000_000), (0, 0)))).not_played == ()
    with pytest.raises(SongError, match="for no chip at all"):
        s98.read(s98_file(stream, devices=((0, 0),)))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"S983", "header"),
        (s98_file(devices=((4, 8_000_000),)), "YM2608"),
        (s98_file(version=0), "expected a YM2151"),
        (s98_file(bytes.fromhex("FF 44 00 00 FD")), "byte 0x41: expected an S98 command, found 44"),
        (s98_file(bytes.fromhex("FF FF")), "byte 0x42: the data is cut short"),
        (s98_file(b"\xfe" + b"\xff" * 40), "wait"),
        (s98_file(devices=((5, 5),)), "byte 0x24: expected a clock"),
    ],
    ids=range(7),
)
def test_bad_files_are_named(data, words):
    with pytest.raises(SongError) as caught:
        s98.read(data)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("rest", "words"),
    [("", "the data is cut short"), ("00 08", "the data is cut short"), ("44 00 00 FD", "expected an S98 command")],
    ids=range(3),
)
def test_what_comes_before_a_fault_is_played(rest, words):
    song = s98.read(s98_file(bytes.fromhex("00 08 78 FF FF" + rest)))
    assert (writes(song), song.end) == ([(0, 0, 8, 0x78)], 2)
    assert song.remarks[0].startswith(f"byte 0x45: {words}")


@given(stream=st.binary(max_size=300), loop=st.integers(0, 300))
def test_no_bytes_crash_the_reader(stream, loop):
    try:
        s98.read(s98_file(stream, loop=loop))
    except SongError as error:
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize("version", [2, 3])
def test_a_list_of_devices_ends_where_the_commands_begin(version):
    """Though it has no entry of type 0 at its end, or counts one more."""
    data = bytearray(s98_file(version=version, devices=((5, 4_000_000),)))
    at = int.from_bytes(data[0x14:0x18], "little")
    data[0x30:at] = b""
    struct.pack_into("<I", data, 0x14, 0x30)
    struct.pack_into("<I", data, 0x1C, 2 if version == 3 else 0)
    song = s98.read(bytes(data))
    assert (song.not_played, song.chips) == ((), ("ym2151",))
