"""Hostile and enormous files: refused or read within limits, counted in bytes, rows and steps, never in seconds."""

import gzip
import os
import socket
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mdx import END, VOICE, mdx_file
from test_s98 import s98_file
from test_vgm import vgm_file
from test_zsm import zsm_file

import opm
from opm.song import SongError, formats, limits, writers
from opm.song.formats import json_log, mdx, text_log, vgm_board, walk, zsm_board
from opm.song.writers.vgm_chips import LENGTHS, VGM_CHIPS

DAY = 86_400


def refused(data):
    with pytest.raises(SongError) as caught:
        formats.parse(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def repeat(times, body):
    """MDX: F6, the body, F5 back."""
    return bytes((0xF6, times, 0)) + body + b"\xf5" + struct.pack(">h", -len(body) - 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'[{"time":1e99999999999999999999,"addr":1,"data":1}]', "byte 1"),
        (b'[{"time":1,"addr":1,"data":1},{"time":1e99999999,"addr":1,"data":1}]', "row 2"),
        (b'[{"time":1,"addr":' + b"9" * 5000 + b',"data":1}]', "byte 1"),
        (b"[" * 10**6, "nesting"),
        (b'{"a":' * 10**5, "nesting"),
        (b'{"a":"' + b"x" * 400_000 + b'","events":[]}', "at most"),
        (b"{" + b'"a":1,' * 1001 + b'"events":[]}', "at most 1000 keys"),
        (b"[1,]", "byte 3"),
        (b"[] []", "byte 2"),
        (b'{"events":[] []}', "byte 12"),
        (b"[}", "byte 1"),
        (b"0 0 0\n1e99999999 00 00", "row 2"),
        (b"0 0 0\nNaN 00 00", "row 2"),
        (b"0 0 0\nInfinity 00 00", "row 2"),
        (b"0 0 0\n." + b"3" * 10**6 + b" 0 0", "row 2"),
        (b"0 0 0\n." + b"3" * 1000 + b" 0 0", "row 2"),
        (b"0 0 0\n" + b"0 " * 10**5, "row 2"),
        (b"rate 0000000001" + b"0" * 5000, "row 1"),
        (b"0.5 0 0\n" + b"".join(b"clock %d\nwait 7\n" % (500_009 + 2 * i) for i in range(1000)), "row"),
        (b"0 0 0\n604801.0 0 0", "row 2: expected a time of at most 604800 seconds"),
        (b"rate 1\n604801 0 0", "row 2: expected a time of at most 604800 seconds"),
        (b"604801 0 0\nrate 1", "at most 604800 seconds"),
        (b"rate 999999999\n99999999999999 0 0\nrate 1\n0.0 0 0", "at most 604800 seconds"),
        (s98_file(b"\xfe" + b"\xff" * 5 + b"\x0f\xfd"), "byte 0x40: expected waits of at most 604800 seconds"),
        (zsm_file(b"\x81\x81", rate=1)[:16] + b"\xff" * 5000, "byte 0x12AA: expected waits of at most 604800 seconds"),
        (vgm_file(b"\x61\xff\xff" * 407_007 + b"\x66"), "expected waits of at most 604800 seconds"),
    ],
    ids=range(26),
)
def test_numbers_and_nesting_beyond_all_reason(data, words):
    assert words in refused(data)


@pytest.mark.parametrize("fill", ["", ",", "[", "}", '"', ":{"])
@settings(max_examples=30)
@given(data=st.data())
def test_only_a_song_error_leaves_the_readers_of_text(fill, data):
    """Rows and directives with anything between them."""
    odd = st.one_of(
        st.sampled_from(
            ["1e999", "NaN", "-0.0", "1E-99", "9" * 30, '"0x20"', "null", "[]", "{}", "true", "+.5", "loop"]
        ),
        st.text(max_size=4),
    )
    words = data.draw(st.lists(odd, min_size=3, max_size=6))
    for text in (
        f'[{{"time":{words[0]},"addr":{words[1]},"data":{words[2]}}}{fill}]',
        f'{{"events":[],"loop":{words[0]},"length":{words[1]},"clock":{words[2]}}}{fill}',
        f"0 0 0\n{' '.join(words)}{fill}\n" + "\n".join(words),
    ):
        try:
            formats.parse(text.encode("utf-8", "replace"))
        except SongError as error:
            assert "\n" not in str(error)  # noqa: PT017


WRITES_OF_EACH = {
    "vgm": vgm_file(b"\x54\x08\x78" * 9 + b"\x66"),
    "s98": s98_file(b"\0\x08\x78" * 9 + b"\xfd"),
    "zsm": zsm_file(b"\x44" + bytes(8) + b"\x45" + bytes(10) + b"\x80"),
    "json": b'[{"time":1,"addr":1,"data":1}' + b',{"time":1,"addr":1,"data":1}' * 8 + b"]",
    "text": b"0 0 0\n$0 0 ; \xc3\xa9\n" * 4 + b"0 0 0",
}


@pytest.mark.parametrize("data", WRITES_OF_EACH.values(), ids=list(WRITES_OF_EACH))
def test_a_song_of_too_many_writes_is_refused(data, monkeypatch):
    for module in (walk, json_log, text_log):
        monkeypatch.setattr(module, "MOST_WRITES", 9)
    assert len(formats.parse(data).rows) in (9, 49)
    for module in (walk, json_log, text_log):
        monkeypatch.setattr(module, "MOST_WRITES", 8)
    assert "at most 8" in refused(data)


def test_a_text_log_of_too_many_odd_lines_is_refused(monkeypatch):
    monkeypatch.setattr(text_log, "MOST_LINES", 5)
    formats.parse(b"loop\n" * 5 + b"0 KeyON 0 // a\nwait 5\n$0 0\n\n" * 50)
    assert "row 6: expected at most 5 lines" in refused(b"loop\n" * 6)


def test_lines_end_at_cr_and_lf_only():
    """Whatever else Unicode takes for a line's end stands in one line, which compiled code skips in a comment."""
    ends = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
    song = formats.parse(f"0 20 C7 # {ends}0 8 78{ends}\n5 8 0 ; あ\n".encode())
    assert song.rows["address"].tolist() == [0x20, 0x08]
    with pytest.raises(SongError, match="row 2: expected TIME ADDR DATA"):
        formats.parse(f"title a{ends}b\n0 8 78{ends}0 8 0\n".encode())


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_rows_are_counted_by_their_ends(end):
    assert "row 4:" in refused(end.join(["title a", "0 20 C7", "", "nonsense"]).encode())


def test_comments_of_all_languages_are_no_odd_lines(monkeypatch):
    monkeypatch.setattr(text_log, "MOST_LINES", 0)
    assert len(formats.parse("0 20 C7 # 曲\v\x85\n# é\n".encode() * 50).rows) == 50


def test_a_packed_text_log_that_is_cut():
    rows = b"".join(b"%d 8 %X\n" % (100 * i, i * 7919 % 256) for i in range(2000))
    packed = gzip.compress(rows)
    song = formats.parse(packed[: len(packed) // 2])
    assert 100 < len(song.rows) < 2000
    assert "gzip data is cut short: what comes before is played" in song.remarks[0]


def test_a_json_log_of_too_many_lists_is_refused(monkeypatch):
    monkeypatch.setattr(json_log, "MOST_LISTS", 5)
    beside, inside = b'{"a":[[],[],[],[]],"events":[]}', b'[{"time":0,"addr":0,"data":0,"x":[[],[],[],[]]}]'
    assert formats.parse(inside.replace(b",[]", b"", 1)).end == 0
    assert "at most 5 lists" in refused(beside)
    assert "at most 5 lists" in refused(inside)


def test_what_is_too_large_to_be_written_is_named(monkeypatch, tmp_path):
    song = opm.Song([(0, 0x28, 0x4A), *((i, 0x08, 0x78 * (i % 2)) for i in range(8))])
    monkeypatch.setattr(writers.json_log, "LARGEST", 300)
    with pytest.raises(SongError, match="a JSON log that can be read again has at most 300 bytes"):
        song.save(tmp_path / "a.json")
    monkeypatch.setattr(writers, "LARGEST_UNPACKED", 300)
    with pytest.raises(SongError, match="a VGZ file that can be read again has at most 300 bytes unpacked"):
        song.save(tmp_path / "b.vgz")
    monkeypatch.setattr(writers, "LARGEST", 300)
    with pytest.raises(SongError, match="a VGM file that can be read again has at most 300 bytes, this song's has 3"):
        song.save(tmp_path / "b.vgm")
    monkeypatch.setattr(writers.midi, "MOST_MIDI_PITCHES", 17)
    assert song.save(tmp_path / "a.mid")
    for name, most in (("PITCHES", 16), ("WRITES", 8)):
        monkeypatch.setattr(writers.midi, f"MOST_MIDI_{name}", most)
        with pytest.raises(SongError, match=f"at most .*{most // 4 if name == 'PITCHES' else most} .* has 9, 4 and 1"):
            song.save(tmp_path / "b.mid")
        monkeypatch.setattr(writers.midi, f"MOST_MIDI_{name}", 100)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mid"]


KIB = 1024
CLOCKS = {"x0c": 3_579_545, "x74": 2_000_000, "x90": 4_000_000, "xe0": 3_579_545}
"""Of an SN76489, an AY-3-8910, an MSM6258 and a GA20."""
NOTE = b"\x54\x08\x78"


def block(kind, data):
    """VGM: a data block."""
    return struct.pack("<BBBI", 0x67, 0x66, kind, len(data)) + data


def rom(size, data):
    """What a data block says of a ROM."""
    return struct.pack("<II", size, 0) + data


def packed(size, data, few=1):
    """VGM: numbers of a few bits, copied to bytes."""
    return struct.pack("<BIBBBH", 0, size, 8, few, 0, 0) + data


HOSTILE = {
    "vgm of waits": vgm_file(b"\x70" * 512 * KIB + b"\x66"),
    "vgm of writes": vgm_file(b"\x54\x08\x78" * 170 * KIB + b"\x66"),
    "vgm of tags": vgm_file(b"\x66", gd3=["曲"] * 170 * KIB),
    "s98 of ticks": s98_file(b"\xff" * 512 * KIB + b"\xfd"),
    "s98 of tags": s98_file(b"\xfd", tag=b"[S98]" + b"a=b\n" * 128 * KIB),
    "zsm of writes": zsm_file((b"\x7f" + bytes(126)) * 4 * KIB + b"\x80"),
    "json of lists": b"[" + b"[]," * 170 * KIB + b"[]]",
    "json of rows": b"[" + b'{"time":1.5,"addr":1,"data":1},' * 16 * KIB + b'{"time":1,"addr":1,"data":1}]',
    "json of lists beside rows": b'{"a":[' + b"[]," * 80 * KIB + b'[]],"events":[]}',
    "text of short lines": b"0 0 0\n" * 85 * KIB,
    "text of a long line": b"0 0 0\n" + b"0 " * 256 * KIB,
    "text of directives": b"loop\n" * 20 * KIB,
    "gzip members": gzip.compress(b"") * 25 * KIB,
    "zeros": bytes(512 * KIB),
    "vgm of a port's writes": vgm_file(b"\x50\x90" * 256 * KIB + b"\x66", **CLOCKS),
    "vgm of another chip's writes": vgm_file(b"\xa0\x08\x0f" * 170 * KIB + b"\x66", **CLOCKS),
    "vgm of data blocks": vgm_file(NOTE + block(0, b"") * 70 * KIB + b"\x66", **CLOCKS),
    "vgm of a ROM's blocks": vgm_file(NOTE + block(0x93, rom(2**20, bytes(9))) * 20 * KIB + b"\x66", **CLOCKS),
    "vgm of packed bits": vgm_file(NOTE + block(0x40, packed(2**22, bytes(512 * KIB))) + b"\x66", **CLOCKS),
    "vgm of samples for four chips": vgm_file(
        NOTE + block(0, bytes(512 * KIB)) + bytes.fromhex("90 00 00 0001 90 01 12 0001 90 02 17 0001 90 03 28 0001 66"),
        **CLOCKS,
    ),
    "s98 of another chip's writes": s98_file(
        b"\x02\x08\x0f" * 170 * KIB + b"\xfd", devices=((5, 4_000_000), (15, 4_000_000))
    ),
    "zsm of the PSG's writes": zsm_file(b"\2\xff" * 256 * KIB + b"\x80"),
    "zsm of PCM commands": zsm_file(b"\x40\2\1\1" * 128 * KIB + b"\x80"),
    "zsm of PCM bytes": zsm_file((b"\x40\x3e" + b"\1\1" * 31) * 8 * KIB + b"\x80"),
    "zsm of other commands": zsm_file(b"\x40\x80" * 256 * KIB + b"\x80"),
}
COUNTED = {
    "vgm of streams' stops": vgm_file(NOTE + b"\x90\0\x17\0\1" + b"\x94\0" * 99_000 + b"\x66", **CLOCKS),
    "vgm of streams": vgm_file(NOTE + b"\x90\0\x17\0\1" + (b"\x93\0" + bytes(9)) * 47 * KIB + b"\x66", **CLOCKS),
}
"""Of what Python looks at one by one there are at most MOST_STREAMED: a command may take 100 bytes."""


@pytest.mark.parametrize(
    ("data", "most"), [(data, 19) for data in HOSTILE.values()] + [(data, 50) for data in COUNTED.values()],
    ids=[*HOSTILE, *COUNTED],
)  # fmt: skip
def test_memory_grows_with_the_file_and_no_faster(data, most):
    """300 MB per 16 MB are 19 bytes a byte."""
    formats.parse(b"0 0 0\n")
    tracemalloc.start()
    try:
        formats.parse(data)
    except SongError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < most * len(data) + 2**21


@pytest.mark.parametrize(
    "tracks",
    [
        [repeat(255, repeat(255, repeat(255, b"\x00"))) + END],
        [repeat(0, repeat(0, b"\xf7" * 40 + b"\x00")) + END] * 16,
        [b"\xec\2\0\3\1\0\xeb\2\0\3\1\0" + repeat(0, repeat(0, b"\x90\xff")) + END] * 8,
        [repeat(0, repeat(0, b"\xe7\4\1\xfb\1" * 50 + b"\x00")) + END] * 9,
        [repeat(0, repeat(0, b"\xfd\7\x90\0\xfd\7\x91\0")) + END] * 8,
        [b"\xec\2\0\3\1\0" + repeat(0, repeat(0, repeat(0, b"\x90\x7f"))) + END],
    ],
    ids=["rests", "commands", "LFOs", "commands for others", "writes", "a slow LFO"],
)
def test_an_mdx_is_cut_off_by_what_it_does(tracks, monkeypatch):
    monkeypatch.setattr(mdx, "MOST_STEPS", 3000)
    monkeypatch.setattr(mdx, "MOST_TICKS", 20_000)
    ran = []
    run = mdx._Driver.run
    monkeypatch.setattr(mdx._Driver, "run", lambda driver: (ran.append(driver), run(driver))[1])
    song = mdx.read(mdx_file(*tracks, voices=VOICE, count=max(9, len(tracks))))
    assert "cut off" in song.remarks[0]
    passes = ran[0].ticks if len(tracks) == 1 and tracks[0].startswith(b"\xec") else 0
    work = ran[0].steps + len(ran[0].writes) // 8
    assert work < 3000 + 16 * 120, "what a tick begins it ends"
    assert passes <= 1500, "to look through the tracks is work, too"
    assert ran[0].ticks <= 20_000 + 256


@settings(max_examples=60)
@given(
    tracks=st.lists(
        st.lists(
            st.one_of(
                st.tuples(st.integers(0x80, 0xDF), st.integers(0, 40)).map(bytes),
                st.integers(0, 0x7F).map(lambda rest: bytes((rest,))),
                st.tuples(st.sampled_from([0xFB, 0xF8, 0xF0, 0xE9, 0xFC]), st.integers(0, 255)).map(bytes),
                st.sampled_from(
                    [
                        b"\xf7", b"\xee", b"\xef\0", b"\xef\1", b"\xe7\1\2", b"\xe7\3\1", b"\xe7\5\3",
                        b"\xe7\4\1\xfb\5",
                        b"\xe7\4\0\x85", b"\xe7\4\1\xf3\0\5", b"\xf2\0\x40", b"\xf3\0\x20", b"\xfd\7", b"\xff\xc8",
                        b"\xec\2\0\3\1\0", b"\xec\x80", b"\xec\x81", b"\xeb\0\0\5\1\0", b"\xeb\x80", b"\xea\0\1\2\3\4",
                    ]
                ),
            ),
            max_size=12,
        ).map(b"".join),
        min_size=1, max_size=10,
    ),
    jumps=st.booleans(),
)  # fmt: skip
def test_a_track_that_sleeps_misses_nothing(tracks, jumps):
    """The same writes as from a driver in which every track looks at every tick."""
    ends = [b"\x03\xf1" + struct.pack(">h", -len(track) - 4 - 2) if jumps else END for track in tracks]
    data = mdx_file(*[b"\xfd\7" + track + end for track, end in zip(tracks, ends, strict=True)], count=10)
    songs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mdx, "MOST_TICKS", 3000)
        for _ in range(2):
            try:
                song = mdx.read(data)
                songs.append((song.rows.tolist(), song.loop_start, song.remarks, song.end if song.loop_start else None))
            except SongError as error:
                songs.append(str(error))
            patch.setattr(mdx._Track, "doze", lambda track: None)
    assert songs[0] == songs[1]


def test_all_members_of_a_gzip_file_are_read(monkeypatch):
    parts = gzip.compress(b"0 0 0\n1000 8 0\n") + gzip.compress(b"") + gzip.compress(b"2000 8 1\n")
    assert len(formats.parse(parts + b"garbage").rows) == 3
    for damaged, words in ((parts[:-1], "cut short"), (parts + b"\x1f\x8bgarbage", "damaged, unknown compression")):
        song = formats.parse(damaged)
        assert len(song.rows) == 3
        assert words in song.remarks[0]
    monkeypatch.setattr(formats, "MOST_MEMBERS", 2)
    assert "at most 2 members" in refused(parts)


def test_a_gzip_bomb_is_refused_as_soon_as_it_is_too_large(monkeypatch):
    monkeypatch.setattr(formats, "LARGEST", 10**5)
    monkeypatch.setattr(formats, "LARGEST_UNPACKED", 10**5)
    bomb = gzip.compress(b"Vgm " + bytes(10**6)) * 2
    assert "at most 100000 bytes of unpacked data" in refused(bomb)
    assert "at most 100000 bytes" in refused(bytes(100_001))


READERS = {"load": opm.load, "read_voices": opm.read_voices}


@pytest.mark.parametrize("read", READERS.values(), ids=list(READERS))
def test_what_is_no_file_is_refused_at_once(read, tmp_path):
    paths = [tmp_path, *(path for path in ("/dev/zero", "/dev/null") if os.path.exists(path))]  # noqa: PTH110
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(tmp_path / "socket"))
        server.close()
        paths += [tmp_path / "pipe", tmp_path / "socket"]
    for path in paths:
        with pytest.raises(ValueError, match=r"^(/.*: )?expected a file, this is a (folder|pipe or device)$"):
            read(str(path))


@pytest.mark.parametrize("read", READERS.values(), ids=list(READERS))
def test_a_file_too_large_is_refused_unread(read, tmp_path):
    path = tmp_path / "hole"
    with path.open("wb") as file:
        file.truncate(limits.LARGEST + 1)
    with pytest.raises(ValueError, match=r"expected at most \d+ bytes, got 67108865"):
        read(path)


@pytest.mark.parametrize("read", READERS.values(), ids=list(READERS))
def test_a_missing_file(read, tmp_path):
    with pytest.raises(OSError, match="none"):
        read(tmp_path / "none")


def test_vgm_waits_of_a_song_are_bounded():
    song = formats.parse(s98_file(b"\xfe" + b"\xff\xff\xff\x01\xfd", timer=(1, 60)))
    assert 0.8 < song.seconds(song.end) / DAY < 1
    assert len(writers.vgm.write(song).data) < 4 * DAY
    song = song.but(end=2 * song.end)
    with pytest.raises(SongError, match="at most 4294967295 samples"):
        writers.vgm.write(song)


def named(companions):
    return [(companion.name, len(companion.rows)) for companion in companions]


def test_a_song_of_too_many_writes_to_other_chips_is_refused(monkeypatch):
    monkeypatch.setattr(walk, "MOST_KEPT", 9)
    data = vgm_file(NOTE + b"\xa0\x08\x0f" * 9 + b"\x66", **CLOCKS)
    assert named(formats.parse(data).companions) == [("ay8910", 9)]
    monkeypatch.setattr(walk, "MOST_KEPT", 8)
    assert "8 for other chips" in refused(data)


def test_blocks_and_commands_for_streams_are_counted(monkeypatch):
    monkeypatch.setattr(vgm_board, "MOST_BLOCKS", 5)
    monkeypatch.setattr(vgm_board, "MOST_STREAMED", 4)
    setup = b"\x90\0\x17\0\1"
    vgm_file_of = lambda body: vgm_file(NOTE + body + b"\x66", **CLOCKS)  # noqa: E731
    formats.parse(vgm_file_of(block(0, b"") * 5 + setup * 4))
    assert "at most 5 data blocks" in refused(vgm_file_of(block(0, b"") * 6))
    assert "at most 4 commands for streams" in refused(vgm_file_of(setup * 5))


@pytest.mark.parametrize(
    "blocks",
    [
        block(0x93, rom(2**16, b"")) + block(0x93, rom(1, b"")) + block(0x93, rom(2**16, b"")),
        block(0, bytes(2**16 + 1)),
        block(0x40, packed(2**32 - 1, bytes(2**13 + 1))),
    ],
    ids=["ROMs of other sizes", "samples", "packed samples"],
)
def test_samples_are_bounded(blocks, monkeypatch):
    """A ROM that is emptied for another size counts again: that is work."""
    monkeypatch.setattr(vgm_board, "LARGEST_ROMS", 2**16)
    assert "at most 65536 bytes of samples in all" in refused(vgm_file(NOTE + blocks + b"\x66", **CLOCKS))


def test_a_rom_that_claims_4_gb_is_left_out():
    for size, offset in ((2**32 - 1, 0), (2**24 + 1, 0), (0, 2**32 - 1), (2**24, 2**24)):
        data = block(0x93, struct.pack("<II", size, offset) + b"\1")
        song = formats.parse(vgm_file(NOTE + data + b"\xbf\0\0\x66", **CLOCKS))
        assert len(song.companions[0].memory) == 0
        assert "expected a ROM of at most 16777216 bytes: left out" in song.remarks[0]


@pytest.mark.parametrize("clock", [1, 999, 64_000_001, 10**9, 2**30 - 1])
def test_no_chip_runs_at_any_clock(clock):
    chips = [(chip, next(iter(chip.commands.items()))) for chip in VGM_CHIPS.values()]
    body = b"".join(bytes((code,)) + bytes(LENGTHS[form] - 1) for _, (code, (form, _, _)) in chips)
    clocks = {f"x{chip.clock_at:x}": clock for chip, _ in chips}
    song = formats.parse(vgm_file(NOTE + body + b"\x66", **clocks))
    assert named(song.companions) == ([("c140", 1)] if clock == 999 else [])
    assert sum("is not played" in line for line in song.remarks) == len(chips) - len(song.companions)
    devices = ((5, 4_000_000), (1, clock), (16, clock))
    song = formats.parse(s98_file(b"\0\x08\x78\x02\0\0\x04\0\0\xfd", devices=devices))
    assert len(song.companions) == 0
    assert sum("is not played" in line for line in song.remarks) == 2


def test_pcm_of_a_zsm_is_cut_off_by_what_it_does(monkeypatch):
    monkeypatch.setattr(zsm_board, "MOST_PCM", 20)
    note = b"\x41\x08\x78"
    for commands in (b"\x40\2\0\1" * 11, b"\x40\2\x09\0" * 21, b"\x40\x16" + b"\x09\0" * 11):
        song = formats.parse(zsm_file(note + commands * 3 + b"\x81\x80"))
        assert any("PCM is played up to there" in line for line in song.remarks)
