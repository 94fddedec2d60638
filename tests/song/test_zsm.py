"""ZSM: annotated bytes in, writes and times out."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.song import SongError
from opm.song.formats import zsm

STREAM = bytes.fromhex(
    "42 20 C7 28 4A"  # two YM2151 writes
    "05 FF"  # PSG register 5
    "40 42 01 BB"  # extension for expansion chips, 2 bytes
    "83"  # 3 ticks
    "41 08 78"
    "82 80"  # 2 ticks, end
)


def zsm_file(stream=STREAM, loop=0, rate=60, pcm=0):
    return (
        b"zm\x01"
        + loop.to_bytes(3, "little")
        + pcm.to_bytes(3, "little")
        + b"\xff\0\0"
        + rate.to_bytes(2, "little")
        + b"\0\0"
        + stream
    )


def test_annotated_bytes():
    song = zsm.read(zsm_file(loop=16 + 12))
    own = [tuple(w) for w in song.rows.tolist()][len(zsm.KERNAL) :]
    assert own == [(0, 0, 0x20, 0xC7), (0, 0, 0x28, 0x4A), (3, 0, 0x08, 0x78)]
    assert (song.end, song.ticks_per_second) == (5, Fraction(60))
    assert song.not_played == ("expansion data",)
    assert [companion.name for companion in song.companions] == ["vera_psg"]
    assert (song.loop_start.tick, song.loop_start.write) == (3, len(zsm.KERNAL) + 2)


@pytest.mark.parametrize(
    ("kind", "named"), [(0, ()), (1, ("expansion data",)), (2, ()), (3, ("custom data",))], ids=range(4)
)
def test_what_extensions_hold(kind, named):
    """Sync events are for programs: nothing of the sound is missing."""
    song = zsm.read(zsm_file(bytes([0x41, 0x08, 0x78, 0x40, kind << 6 | 2, 0, 1, 0x81, 0x80])))
    assert (song.not_played, song.remarks, song.end) == (named, [], 1)


def test_what_comes_before_the_end_of_the_file_is_played():
    song = zsm.read(zsm_file(bytes.fromhex("41 08 78 83 42 28 4A 30")))
    assert (len(song.rows), song.end) == (len(zsm.KERNAL) + 2, 3)
    assert "byte 0x14: the data is cut short, expected a ZSM command" in song.remarks[0]


def test_the_chip_is_set_up_as_the_kernal_does():
    first = [tuple(w)[2:] for w in zsm.read(zsm_file()).rows.tolist()][: len(zsm.KERNAL)]
    assert first == [(0x20 + c, 0xC0) for c in range(8)] + [(0xE0 + s, 0x0F) for s in range(32)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"zm\x01", "header"),
        (b"zm\x02" + bytes(20), "revision 1"),
        (zsm_file(b"\x81"), "byte 0x11: the data is cut short"),
    ],
    ids=range(3),
)
def test_bad_files_are_named(data, words):
    with pytest.raises(SongError, match=words):
        zsm.read(data)


@given(stream=st.binary(max_size=300), loop=st.integers(0, 400))
def test_no_bytes_crash_the_reader(stream, loop):
    assert zsm.read(zsm_file(b"\x41\x08\x78" + stream, loop)).end >= 0
