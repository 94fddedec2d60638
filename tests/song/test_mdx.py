"""MDX: small byte-code songs, annotated, and what the driver writes for them."""

import itertools
import struct

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from opm.song import Playing, SongError, writers
from opm.song.formats import mdx, vgm

VOICE = bytes([7, 0x3C, 0x0F, *(1, 2, 3, 4), *(30, 31, 10, 12), *[31] * 4, *[5] * 4, *[2] * 4, *[0x17] * 4])
TICK = (256 - 200) * 1024
END = b"\xf1\x00"
NOTES = bytes([0xFD, 7, 0xF8, 6, 0x90, 3])


def mdx_file(*tracks, voices=VOICE, title="曲", pdx=b"", count=9):
    tracks = [*tracks, *[END] * (count - len(tracks))]
    table, body = [], b""
    at = 2 + 2 * count
    for track in tracks:
        table.append(at + len(body))
        body += track
    head = struct.pack(f">{count + 1}H", at + len(body), *table)
    return title.encode("cp932") + b"\r\n\x1a" + pdx + b"\0" + head + body + voices


def early_voices(*tracks):
    """A file that ends with its last track."""
    table = 2 + 2 * len(tracks)
    at = [table + len(VOICE) + sum(map(len, tracks[:i])) for i in range(len(tracks))]
    return b"\r\n\x1a\0" + struct.pack(f">{len(tracks) + 1}H", table, *at) + VOICE + b"".join(tracks)


def writes(song, address=None):
    rows = [(t / TICK, a, d) for t, _, a, d in song.rows.tolist()]
    return [row for row in rows if address is None or row[1] == address]


def test_a_note():
    """FD voice, FB volume 15, note 0x80 + 66 for 4 ticks, gate 8/8, rest."""
    song = mdx.read(mdx_file(bytes([0xFD, 7, 0xFB, 15, 0x80 + 66, 3, 0x03]) + END))
    assert mdx.recognise(mdx_file())
    assert (song.clock, song.tags, song.format) == (4_000_000, {"title": "曲"}, "MDX")
    assert writes(song, 0x08) == [(0, 8, 0x78), (4, 8, 0x00)]
    word = 66 * 64 + 5
    assert writes(song, 0x30) == [(0, 0x30, word << 2 & 0xFF)]
    assert writes(song, 0x28) == [(0, 0x28, mdx.KEY_CODES[66])]
    assert writes(song, 0x40) == [(0, 0x40, 1)]
    assert writes(song, 0x68) == [(0, 0x68, 31)], "a modulator keeps its own level"
    assert writes(song, 0x78) == [(0, 0x78, 0x7F), (0, 0x78, 12 + 2)], "a carrier is silent until its level is sent"
    assert writes(song, 0x20) == [(0, 0x20, 0xC0 | 0x3C)]


@pytest.mark.parametrize(("q", "off"), [(4, 4), (8, 8), (0xFE, 6)])
def test_gate(q, off):
    song = mdx.read(mdx_file(bytes([0xFD, 7, 0xF8, q, 0x90, 7]) + END))
    assert writes(song, 0x08)[1] == (off, 8, 0)


def test_tie_keeps_the_key_down():
    song = mdx.read(mdx_file(bytes([0xFD, 7, 0xF7, 0x90, 3, 0x92, 3]) + END))
    assert writes(song, 0x08) == [(0, 8, 0x78), (8, 8, 0)]
    assert [t for t, _, _ in writes(song, 0x28)] == [0, 4]


def test_repeat_and_escape():
    """F6 2 [note] F4 -> out [note] F5 back: note a, b, a."""
    code = bytes([0xFD, 7, 0xF6, 2, 0, 0x90, 0, 0xF4, 0, 3, 0x92, 0, 0xF5, 0xFF, 0xF6])
    song = mdx.read(mdx_file(code + END))
    assert [d for _, _, d in writes(song, 0x28)] == [mdx.KEY_CODES[n] for n in (0x10, 0x12, 0x10)]


def test_loop_of_the_slowest_track():
    long, short = bytes([0xFD, 7, 0x90, 7, 0xF1, 0xFF, 0xFB]), bytes([0xFD, 7, 0x90, 3, 0xF1, 0xFF, 0xFB])
    song = mdx.read(mdx_file(long, short))
    assert (song.end / TICK, song.loop_start.tick / TICK) == (16, 8)
    assert song.ticks_once == (0, 8 * TICK), "the first round is a playing by itself"
    assert len(song.rows_once) == song.loop_start.write
    for loops in (1, 2, 5):
        played = Playing(song, loops=loops, fade=0)
        assert played.end == played.due(8 * TICK * loops)


LOOPING = bytes([0xFD, 7, 0x90, 7, 0x92, 7, 0xF1, 0xFF, 0xF9])
"""Voice, two notes, back to the first."""
LATE = bytes([0xFD, 7, 0x07, 0x90, 7, 0xF1, 0xFF, 0xFA])
"""Voice, a rest of 8 ticks, a note, back to the rest: the first round alone writes the voice, with its note."""
LOUDER = bytes([0xFD, 7, 0xFB, 0, 0x90, 7, 0xF9, 0xF1, 0xFF, 0xFA])
"""A step louder with each round: no two are alike."""


@pytest.mark.parametrize(
    ("tracks", "later"),
    [([LOOPING], 0), ([LOOPING, LOOPING[2:]], 0), ([LOOPING, LATE], 8), ([LOUDER], 8)],
    ids=["one", "two", "voice set later", "no round alike"],
)
def test_a_loop_that_begins_with_its_last_new_write(tracks, later):
    """As players have it that know no loop base: the song's length, but for what its first round has of its own."""
    song = mdx.read(mdx_file(*tracks))
    plain, ticks = song.unrolled(), song.loop_ticks
    assert (plain.intro_passes, plain.loop_ticks) == (0, ticks)
    assert plain.end - song.ticks_once[1] == later * TICK
    for passes in (1, 2, 3):  # the music of one is that of the other, as long as both play
        want = itertools.islice(Playing(song).timetables[0].events(), passes)
        got = itertools.islice(Playing(plain).timetables[0].events(), passes)
        want, got = np.concatenate(list(want)), np.concatenate(list(got))
        count = min(len(want), len(got))
        np.testing.assert_array_equal(got[:count], want[:count])
    data = writers.vgm.write(song).data
    again = vgm.read(data)
    assert (data[0x7E], again.intro_passes) == (0, 0)
    assert again.seconds(again.end) == pytest.approx(song.seconds(plain.end), abs=1e-4)
    assert again.seconds(again.loop_ticks) == pytest.approx(song.seconds(ticks), abs=1e-4)
    assert len(again.rows) == len(plain.rows)


def test_tempo_detune_portamento_and_sync():
    song = mdx.read(mdx_file(bytes([0xFD, 7, 0xFF, 100, 0xF3, 0x00, 0x40, 0x90, 0]) + END))
    assert writes(song, 0x28)[0][2] == mdx.KEY_CODES[0x11]
    assert song.end == 156 * 1024
    glide = mdx.read(mdx_file(bytes([0xFD, 7, 0xF2, 0x40, 0x00, 0x90, 3]) + END))
    codes = [mdx.KEY_CODES[0x10 + i] for i in range(5)]
    assert [d for _, _, d in writes(glide, 0x28)] == codes, "and once more at the tick the track ends"
    sync = mdx.read(mdx_file(bytes([0xFD, 7, 0xEE, 0x90, 0]) + END, bytes([0x04, 0xEF, 0]) + END))
    assert writes(sync, 0x08)[0][0] in (5, 6)


def test_volume_steps():
    song = mdx.read(mdx_file(bytes([0xFD, 7, 0xFB, 8, 0xFA, 0x90, 0, 0xFB, 0x90, 0xF9, 0x90, 0]) + END))
    assert [d - 12 for _, _, d in writes(song, 0x78)[1:]] == [mdx.VOLUMES[7], 0x0F]


def test_fade_out_ends_a_loop():
    song = mdx.read(mdx_file(bytes([0xFD, 7, 0xE7, 1, 0, 0x90, 100, 0xF1, 0xFF, 0xFB])))
    assert song.loop_start is None or song.end > 0
    assert max(d for _, _, d in writes(song, 0x78)) == 0x7F


def test_adpcm_is_named():
    assert mdx.read(mdx_file(*[END] * 8, bytes([0x80, 3]) + END, pdx=b"drums")).not_played == ("ADPCM (drums)",)
    assert mdx.read(mdx_file()).not_played == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"t\r\n\x1a\0" + b"\0\0\0\0LZX 0.42" + bytes(60), "LZX"),
        (mdx_file()[:20] + bytes(30), "offsets"),
        (mdx_file(bytes([0xF1, 0xFF, 0xFD])), "without one"),
        (mdx_file(*[END] * 8, bytes([0x90]), voices=b""), "runs out"),
        (mdx_file(*[END] * 8, bytes([0xF6, 2]), voices=b""), "runs out"),
        (mdx_file(bytes([0xE7, 4, 0]) * 5000), "plain command"),
    ],
    ids=range(6),
)
def test_bad_files_are_named(data, words):
    with pytest.raises(SongError) as caught:
        mdx.read(data)
    assert words in str(caught.value)


def per_tick(times, rows):
    """Yield time, key events and the registers as they are at the end of each tick, of channels once keyed on."""
    held, sounded, keys = {}, set(), []
    for time, ticked in itertools.groupby(zip(times, rows, strict=True), key=lambda item: item[0]):
        keys = []
        for _, (address, data) in ticked:
            if address == 0x08:
                if held.get(("key", data & 7), 0) != data >> 3:
                    keys.append(data)
                held["key", data & 7] = data >> 3
                sounded |= {data & 7} if data >> 3 else set()
            elif address not in (0x01, 0x12, 0x14):
                held["PMD" if address == 0x19 and data & 0x80 else address] = data
        shown = {a: d for a, d in held.items() if d and not (isinstance(a, int) and a >= 0x20 and a & 7 not in sounded)}
        yield time, keys, {a: d for a, d in shown.items() if not isinstance(a, tuple) and (a, d) != ("PMD", 0x80)}


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "mxdrv").glob("*.npz")), ids=lambda path: path.stem)
def test_the_drivers_own_writes(path):
    """Made-up songs of all commands, played by MXDRV 2.06 itself: the same keys and registers after every tick."""
    with np.load(path) as recorded:
        song = mdx.read(recorded["mdx"].tobytes())
        end = song.end // 1024
        ticks, rows = recorded["ticks"], np.stack([recorded["address"], recorded["data"]], axis=1)
    before_end = ticks < end
    want = dict((t, (k, r)) for t, k, r in per_tick(ticks[before_end].tolist(), rows[before_end].tolist()))
    ours = song.rows[song.rows["time"] < end * 1024]
    got = dict((t, (k, r)) for t, k, r in per_tick((ours["time"] // 1024).tolist(), ours[["address", "data"]].tolist()))
    keys, held = [{t: k for t, (k, _) in side.items() if k} for side in (got, want)], [{}, {}]
    assert keys[0] == keys[1]
    assert len(keys[0]) > 10
    for tick in sorted(got.keys() | want.keys()):
        held = [side[tick][1] if tick in side else old for side, old in zip((got, want), held, strict=True)]
        assert held[0] == held[1], f"tick {tick}: {sorted(set(held[0].items()) ^ set(held[1].items()), key=str)}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"\x90", "expected a command, track 9 runs out of the file: track 9 is"),
        (b"\xf1\xff\xfd", "expected a note or rest, the track goes round without one"),
        (b"\xe7\4\0\xe7\4\0", "expected a plain command"),
        (b"\xe7\4\0\xff", "track 1 runs out of the file: track 9 is played up to there"),
        (b"\xf4\0\0\xf1", "expected the end of a repeat"),
    ],
    ids=range(5),
)
def test_the_other_tracks_of_a_damaged_one_are_played(code, words):
    """Track 9 stands at the end of the file."""
    whole = mdx.read(mdx_file(NOTES, *[END] * 7, END))
    song = mdx.read(early_voices(NOTES, *[END] * 7, bytes([0x03]) + code))
    assert song.rows.tolist() == whole.rows.tolist()
    assert len(song.remarks) == 1
    assert words in song.remarks[0]


def test_a_track_behind_the_end_of_the_file():
    data = early_voices(NOTES, *[END] * 7, END)
    song = mdx.read(data[: -len(END)])
    assert song.rows.tolist() == mdx.read(data).rows.tolist()
    assert "track 9 runs out of the file" in song.remarks[0]


def test_voices_that_end_behind_the_file():
    """The next track is said to begin there."""
    data = bytearray(early_voices(NOTES, END))
    data[8:10] = b"\x7f\xff"
    assert writes(mdx.read(bytes(data)), 0x08) == writes(mdx.read(early_voices(NOTES, END)), 0x08)


def test_a_damaged_track_is_played_up_to_there():
    song = mdx.read(early_voices(*[END] * 7, NOTES + NOTES[:-1]))
    keys = writes(song, 0x08)
    assert keys == [(0, 8, 0x7F), (3, 8, 7)], "the second note has no length"
    assert "track 8 runs out" in song.remarks[0]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (b"\x80A\xf2B\x86E half", "ABE half"),
        (b"\x80\x96\x80\xe5 \x80\xb6\xf1\xc5 \xf0\xb6\xf2\xc5", "かな かな ｶﾅ"),
        (b"\x80\x81\xf0\x1c\x80\x01", "~→\N{REPLACEMENT CHARACTER}"),
        ("ドラキュラ①　ﾏｰﾁ".encode("cp932"), "ドラキュラ①　ﾏｰﾁ"),
        (b"a\xf4A\x80", "a" + 2 * "\N{REPLACEMENT CHARACTER}"),
    ],
    ids=range(5),
)
def test_the_x68000s_letters_of_half_width(title, shown):
    assert mdx.read(title + mdx_file(NOTES, title="")).tags == {"title": shown}


@given(code=st.binary(max_size=60), other=st.binary(max_size=60))
def test_no_bytes_crash_the_driver(code, other):
    try:
        mdx.read(mdx_file(code, other))
    except SongError as error:
        assert "\n" not in str(error)  # noqa: PT017
