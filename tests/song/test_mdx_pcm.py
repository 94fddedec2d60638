"""MDX's tracks of samples: what MXDRV has PCM8 do, and where the samples are found."""

import struct

import numpy as np
import pytest
from conftest import ROOT
from test_mdx import END, TICK, mdx_file

import opm
from opm.board import msm6258
from opm.song import SongError, parts, streams
from opm.song.formats import lzx, mdx_pcm
from opm.song.formats.pdx import ENTRIES

E8 = b"\xe8"
NOTE = bytes([0x80 + 3, 3])
"""Sample 3 for four ticks."""


def pdx_file(samples, banks=1):
    """Return a PDX of samples by their numbers, of all banks."""
    table, body, at = bytearray(8 * ENTRIES * banks), b"", 8 * ENTRIES * banks
    for number, sample in samples.items():
        struct.pack_into(">II", table, 8 * number, at + len(body), len(sample))
        body += sample
    return bytes(table) + body


def packed(data, loader=0x40):
    """Pack data with LZX: runs of the byte before, else bytes by themselves."""
    bits, out = [], []  # bits, and bytes that are read between them

    def put(number, count):
        bits.extend((number >> i & 1, None) for i in reversed(range(count)))

    at = 0
    while at < len(data):
        run = 1
        while at and at + run < len(data) and data[at + run - 1] == data[at - 1] and run < 6:
            run += 1
        if at and run > 2 and data[at : at + run] == data[at - 1 : at] * run and run <= 5:
            put(0, 2)
            put(run - 2, 2)
            bits.append((None, 0xFF))
            at += run
        else:
            put(1, 1)
            bits.append((None, data[at]))
            at += 1
    put(0b01, 2)
    bits += [(None, 0), (None, 0), (None, 0)]
    place, left = -1, 0
    for bit, byte in bits:
        if byte is not None:
            out.append(byte)
        else:
            if left == 0:
                place, left = len(out), 8
                out.append(0)
            left -= 1
            out[place] |= bit << left
    head = bytearray(loader)
    head[4:8] = b"LZX "
    head[0x12:0x16] = len(data).to_bytes(4, "big")
    return bytes(head) + lzx.LOADER_END + bytes(out)


SAMPLES = {3: b"\x77" * 400, 4: b"\x88" * 200, ENTRIES + 3: b"\x99" * 100}
PDX = pdx_file(SAMPLES, 2)


def song_of(*tracks, pdx=PDX, fm=b"", name=b"DRUMS"):
    """Return a song of PCM tracks P, Q ..."""
    count = 16 if len(tracks) > 1 else 9
    return opm.load(mdx_file(fm + END, *[END] * 7, *tracks, pdx=name, count=count), pdx=pdx)


def calls(song):
    """Return what PCM8 is told: tick, channel, what, value."""
    return [(time / TICK, address >> 3, address & 7, data) for time, address, data in song.companions[0].rows.tolist()]


def starts(song):
    """Return each sample struck: tick, channel, offset, length, volume, kind, pan."""
    found, held = [], {}
    for tick, channel, what, value in calls(song):
        held[channel, what] = value
        if what == mdx_pcm.START and value:
            mode = held[channel, mdx_pcm.MODE]
            place = held[channel, mdx_pcm.OFFSET], held[channel, mdx_pcm.LENGTH]
            found.append((tick, channel, *place, mode >> 16, mode >> 8 & 0xFF, mode & 3))
    return found


def place(number):
    return struct.unpack_from(">II", PDX, 8 * number)


def test_a_sample_with_pcm8():
    song = song_of(E8 + NOTE + END)
    assert starts(song) == [(0, 0, *place(3), 8, 4, 3)]
    assert calls(song)[-1] == (4, 0, mdx_pcm.START, 0)
    assert (song.not_played, song.remarks, song.parts[1].sounds) == ((), [], 1)
    assert parts.struck(song, song.companions[0])["number"].tolist() == [3]
    assert np.abs(song.render(parts="pcm8").astype(int)).max() > 100


def test_the_adpcm_chip_alone():
    """No volume, no bank; a byte less; the gate cuts it off at once."""
    song = song_of(bytes([0xFB, 15, 0xFD, 1]) + NOTE + END)
    offset, length = place(3)
    assert starts(song) == [(0, 0, offset, length - 1, mdx_pcm.MIDDLE_VOLUME, 4, 3)]
    assert calls(song)[-1] == (4, 0, mdx_pcm.MODE, mdx_pcm.CUT_OFF)


@pytest.mark.parametrize(("volume", "heard"), [(*pair,) for pair in zip(range(16), range(16), strict=True)])
def test_volumes(volume, heard):
    assert starts(song_of(E8 + bytes([0xFB, volume]) + NOTE + END))[0][4] == heard


@pytest.mark.parametrize(("at", "heard", "pan"), [(0x80, 15, 3), (0x83, 14, 3), (0xAA, 0, 3), (0xAB, 0, 0)])
def test_fine_volumes(at, heard, pan):
    """At 2B and more it is silent, panned to no side."""
    song = song_of(E8 + bytes([0xFB, at]) + NOTE + END)
    assert [(row[4], row[6]) for row in starts(song)] == [(heard, pan)]


def test_what_a_track_sets_counts_from_the_next_sample_on():
    """Rate ED, pan FC, bank FD, detune F3 by a semitone."""
    track = NOTE + bytes([0xED, 2, 0xFC, 1, 0xFD, 1]) + NOTE + bytes([0xFD, 0, 0xF3, 0, 64]) + NOTE
    rows = starts(song_of(E8 + track + END))
    assert [row[2:4] for row in rows] == [place(3), place(ENTRIES + 3), place(4)]
    assert [row[5:] for row in rows] == [(4, 3), (2, 1), (2, 1)]


def told(song, end):
    """Return what each channel is told last at each time of the driver, in its units: None to be silent."""
    found, held = {}, {}
    for time, address, data in song.companions[0].rows.tolist():
        channel, what = address >> 3, address & 7
        held[channel, what] = data
        sounds = what == mdx_pcm.START and data and held[channel, mdx_pcm.MODE] & 3
        if time < end * 1024 and (what == mdx_pcm.START or data == mdx_pcm.CUT_OFF):
            sound = tuple(held[channel, i] for i in (mdx_pcm.OFFSET, mdx_pcm.LENGTH, mdx_pcm.MODE)) if sounds else None
            found[time // 1024, channel] = sound
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "mxdrv" / "pcm").glob("*.npz")), ids=lambda path: path.stem)
def test_the_drivers_own_calls(path):
    """Made-up songs of all commands, played by MXDRV 2.06 with PCM8: the same samples at the same ticks."""
    with np.load(path) as recorded:
        song = opm.load(recorded["mdx"].tobytes(), pdx=recorded["pdx"].tobytes())
        end = int(recorded["end"])
        names = ("ticks", "call", "channel", "offset", "mode", "length")
        calls = np.stack([recorded[name].astype(np.int64) for name in names], axis=1)
    want = {}
    for tick, call, channel, offset, mode, length in calls.tolist():
        if call == 1:  # the chip alone does not sound the last byte; it has no volume
            length -= 1
            mode = mdx_pcm.MIDDLE_VOLUME << 16 | mdx_pcm.PLAIN_RATES[mode >> 8] << 8 | mode & 3
        want[tick, channel] = (offset, length, mode) if length > 0 and mode & 3 else None
    assert sum(sound is not None for sound in want.values()) > 10
    assert told(song, end) == want


def test_the_adpcm_chip_alone_has_no_volume():
    song = song_of(bytes([0xFB, 0xFF]) + NOTE + END)
    assert starts(song)[0][4:] == (mdx_pcm.MIDDLE_VOLUME, 4, 3)


@pytest.mark.parametrize(("length", "stops"), [(0, []), (1, [(4, 0, mdx_pcm.MODE, mdx_pcm.CUT_OFF)])])
def test_a_sample_of_one_byte_stops_what_the_adpcm_chip_plays(length, stops):
    """One of none leaves it. Keys that E7 3 says to release late are not, once it says so no more."""
    pdx = bytearray(PDX)
    struct.pack_into(">I", pdx, 8 * 5 + 4, length)
    song = song_of(bytes([0xE7, 3, 1]) + NOTE + bytes([0xE7, 3, 0, 0x85, 3]) + END, pdx=bytes(pdx))
    assert [call for call in calls(song) if call[0] == 4] == stops


def test_a_track_sets_how_another_releases_its_keys():
    """E7 4 and a track, then E7 3: what is no plain command."""
    for fm, released in ((b"", [4, 8]), (bytes([0xE7, 4, 8, 0xE7, 3, 1]), [0, 4])):
        song = song_of(E8 + NOTE + NOTE + END, fm=fm)
        assert [call[0] for call in calls(song) if call[2:] == (mdx_pcm.START, 0)] == released


def test_a_note_that_waits_at_the_end_is_not_struck():
    """F0: its key-on is six ticks late, the last track ends before that."""
    song = song_of(E8 + NOTE + bytes([0xF0, 6]) + NOTE + END, bytes([0xF7, 0x83, 5]) + END)
    assert [row[:2] for row in starts(song)] == [(0, 0), (0, 1)]


def test_tracks_q_to_w_need_e8():
    tracks = [E8 + NOTE + END, *[NOTE + END] * 7]
    assert [row[1] for row in starts(song_of(*tracks))] == [*range(8)]
    assert [row[1] for row in starts(song_of(NOTE + END, *tracks[1:]))] == [0]


def test_a_tie_lets_a_sample_go_on():
    song = song_of(E8 + b"\xf7" + NOTE + NOTE + END)
    assert len(starts(song)) == 1
    assert calls(song)[-1][0] == 8


def test_a_sample_that_is_not_there_leaves_what_sounds_alone():
    song = song_of(E8 + NOTE + bytes([0x80 + 50, 3]) + END)
    assert len(starts(song)) == 1
    assert song.remarks == ["samples that are not in DRUMS: 50"]


def test_a_loop_has_its_samples():
    song = song_of(E8 + NOTE + b"\x03" + b"\xf1" + struct.pack(">h", -7) + b"", fm=b"\x07\xf1\xff\xfb")
    assert song.loop is not None
    kicks = starts(song.unrolled()) if song.intro_passes else starts(song)
    assert len(kicks) >= 1
    assert song.companions[0].again > 0


@pytest.mark.parametrize("name", ["drums.pdx", "DRUMS.PDX", "Drums.Pdx", "DRUMS"])
@pytest.mark.parametrize("asked", [b"DRUMS", b"drums.pdx", b"C:\\PDX\\DRUMS.PDX"])
def test_samples_are_found_beside_the_song(tmp_path, name, asked):
    (tmp_path / name).write_bytes(PDX)
    (tmp_path / "x.mdx").write_bytes(mdx_file(*[END] * 8, E8 + NOTE + END, pdx=asked))
    song = opm.load(tmp_path / "x.mdx")
    assert (len(starts(song)), song.remarks) == (1, [])


def test_samples_are_found_in_a_folder_or_given(tmp_path):
    (tmp_path / "pdx").mkdir()
    (tmp_path / "pdx" / "DRUMS.PDX").write_bytes(PDX)
    path = tmp_path / "x.mdx"
    path.write_bytes(mdx_file(*[END] * 8, E8 + NOTE + END, pdx=b"drums"))
    for pdx in (tmp_path / "pdx", str(tmp_path / "pdx"), tmp_path / "pdx" / "DRUMS.PDX", PDX):
        assert len(starts(opm.load(path, pdx=pdx))) == 1
    with pytest.raises(FileNotFoundError):
        opm.load(path, pdx=tmp_path / "nowhere")
    with pytest.raises(TypeError, match="pdx must be a path or bytes, got 5"):
        opm.load(path, pdx=5)


def test_what_is_not_found_is_remarked_and_the_fm_plays(tmp_path):
    path = tmp_path / "x.mdx"
    path.write_bytes(mdx_file(bytes([0xFD, 7, 0x90, 3]) + END, *[END] * 7, NOTE + END, pdx=b"drums"))
    song = opm.load(path)
    assert song.not_played == ("ADPCM (drums)",)
    assert song.remarks == ["the samples drums are not beside the song: ADPCM is not played"]
    assert song.render().any()
    assert "were not given" in opm.load(path.read_bytes()).remarks[0]
    (tmp_path / "drums.pdx").mkdir()
    assert "cannot be read" in opm.load(path).remarks[0]


def test_a_name_is_no_path(tmp_path):
    (tmp_path / "secret.pdx").write_bytes(PDX)
    (tmp_path / "songs").mkdir()
    path = tmp_path / "songs" / "x.mdx"
    for name in (b"../secret.pdx", b"..", b".", b"/", b"../"):
        path.write_bytes(mdx_file(*[END] * 8, E8 + NOTE + END, pdx=name))
        assert not opm.load(path).companions


@pytest.mark.parametrize("size", [0, 1, 7, 8, 8 * ENTRIES - 1, len(PDX) - 1])
def test_a_pdx_that_is_cut_short(size):
    """What is behind its end is silent."""
    song = song_of(E8 + NOTE + bytes([0x80 + 4, 3]) + END, pdx=PDX[:size])
    assert song.render(stop=0.5).shape[1] == 2


def test_lzx():
    data = bytes(range(256)) + b"a" * 300 + b"xyz" * 20
    assert lzx.unpacked(packed(data), "x") == data
    assert lzx.unpacked(data, "x") == data, "what is not packed stays"
    assert len(starts(song_of(E8 + NOTE + END, pdx=packed(PDX)))) == 1
    plain = mdx_file(bytes([0xFD, 7, 0x90, 3]) + END, pdx=b"")
    base = plain.index(b"\0", plain.index(b"\x1a")) + 1
    song = opm.load(plain[:base] + packed(plain[base:]))
    np.testing.assert_array_equal(song.rows, opm.load(plain).rows)


@pytest.mark.parametrize("cut", [10, 0x42, 0x48, 0x60, -20])
def test_damaged_lzx_is_named(cut):
    whole = packed(PDX)
    song = song_of(E8 + NOTE + END, pdx=whole[:cut])
    assert len(song.remarks) >= 1 or not starts(song)
    huge = bytearray(whole)
    huge[0x12:0x16] = b"\x7f\xff\xff\xff"
    with pytest.raises(SongError, match="at most"):
        lzx.unpacked(bytes(huge), "x")


LONG = bytes([0xFD, 7, 0x90, 100])
"""A track of FM that goes on for longer than the samples."""


def vgm_of(song, tmp_path):
    """Return a song as a VGM of it is read."""
    song.save(tmp_path / "x.vgm")
    return opm.load(tmp_path / "x.vgm")


def chip_writes(song, *addresses):
    """Return what the ADPCM chip or its stream 0 is told: time in seconds, address, data."""
    rows = [(song.seconds(time), address, data) for time, address, data in song.companions[0].rows.tolist()]
    return [row for row in rows if row[1] in addresses]


def of_stream(what):
    return streams.STREAM | what


def test_in_a_vgm_the_adpcm_chip_plays_from_a_stream(tmp_path):
    """The stream is a little faster than the chip; the chip stops a byte later, for the command that it plays first."""
    noise = np.random.default_rng(1).integers(0, 256, 400, np.uint8).tobytes()
    song = song_of(NOTE + b"\x7f" + END, fm=LONG, pdx=pdx_file(SAMPLES | {3: noise}, 2))
    again = vgm_of(song, tmp_path)
    assert (again.part_names, again.remarks) == (("ym2151", "msm6258"), ["volume of MSM6258: +1.1 dB"])
    offset, length = place(3)
    place_in, count = of_stream(streams.START), of_stream(streams.LENGTH)
    assert chip_writes(again, of_stream(streams.FREQUENCY)) == [(0, of_stream(streams.FREQUENCY), 7813)]
    assert chip_writes(again, place_in, count) == [(0, place_in, offset), (0, count, length - 1)]
    assert chip_writes(again, of_stream(streams.PLAY)) == [(0, of_stream(streams.PLAY), streams.COMMANDS)]
    (start, _, _), (stop, _, value) = chip_writes(again, msm6258.CONTROL)
    assert (start, value) == (0, msm6258.STOP)
    assert stop == pytest.approx(length / 7812.5, abs=1e-4)
    heard = [np.abs(x.render(parts=x.part_names[1]).astype(float)).mean() for x in (song, again)]
    assert heard[1] == pytest.approx(1.5 * heard[0], rel=0.3), "brighter: the machine's low-pass is not in a VGM"


@pytest.mark.parametrize(("length", "rate", "frequency"), [(11_000, 0, 1954), (11_500, 0, 1953), (0xFF00, 4, 7813)])
def test_a_stream_is_slower_than_the_chip_where_the_queue_would_overflow(length, rate, frequency, tmp_path):
    song = song_of(bytes([0xED, rate]) + NOTE + END, pdx=pdx_file({3: b"\x77" * length}))
    heard = chip_writes(vgm_of(song, tmp_path), of_stream(streams.FREQUENCY))
    assert [data for _, _, data in heard] == [frequency]


def test_a_vgm_that_loops_sets_the_chip_anew(tmp_path):
    """What stands before the loop plays as fast as its first note, what stands at its end does not."""
    loop = bytes([0x03, 0xED, 4, *NOTE, 0xED, 2, *NOTE])
    song = song_of(NOTE + loop + b"\xf1" + struct.pack(">h", -len(loop) - 3), fm=b"\x03" + b"\x0b\xf1\xff\xfc")
    again = vgm_of(song, tmp_path)
    in_loop = again.companions[0].rows[again.companions[0].again :]
    assert in_loop["data"][in_loop["address"] == of_stream(streams.FREQUENCY)].tolist() == [7813, 3907]


def test_a_sound_that_is_over_before_the_loop_stops_before_it(tmp_path):
    """Its end comes from no call, and is no part of the loop."""
    track = bytes([0xE7, 3, 1]) + NOTE + b"\x1f" + b"\x07\xf1\xff\xfc"
    again = vgm_of(song_of(track, fm=b"\x23" + b"\x07\xf1\xff\xfc"), tmp_path)
    assert again.companions[0].again == len(again.companions[0].rows)
    assert [data for _, _, data in chip_writes(again, msm6258.CONTROL)][-1] == msm6258.STOP
    assert not [line for line in again.remarks if "waits" in line]
