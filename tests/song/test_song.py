"""Songs as objects: from any source to samples, writes, events, voices, a chip in mid-song, and back to files."""

import copy
import io
import json
import math
import pathlib
import pickle

import numpy as np
import pytest
from conftest import ROOT
from programs import mixed, panned_program

import opm
from opm.song import WRITE, Opm, Playing, Renderer

VGM = ROOT / "player" / "songs" / "mountain_king.vgm"
LOG = VGM.with_suffix(".log")
NOTE = [(0.0, 0x20, 0xC7), (0.0, 0x28, 0x4A), (0.0, 0x80, 31), (0.0, 0xE0, 15), (0.01, 0x08, 8), (0.3, 0x08, 0)]


@pytest.fixture(scope="module")
def song():
    return opm.load(VGM)


def test_three_lines_from_a_vgm_to_an_array():
    import opm

    song = opm.load(VGM)
    samples = song.render()
    assert samples.shape == (round(song.length * song.sample_rate), 2)
    assert samples.dtype == np.int16
    assert np.abs(samples.astype(int)).max() > 8000


SOURCES = {
    "str": str,
    "Path": lambda path: path,
    "bytes": pathlib.Path.read_bytes,
    "file": lambda path: path.open("rb"),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_any_source(source, song):
    data = source(VGM)
    assert repr(opm.load(data)) == repr(song)
    if isinstance(data, io.IOBase):
        data.close()


def test_what_it_says_of_itself(song):
    assert repr(song).startswith("In the Hall of the Mountain King: YM2151 at 3579545 Hz, 46.05 s, loops to 0.00 s")
    assert (song.clock, song.chips, song.loop, song.not_played, song.remarks) == (3_579_545, ("ym2151",), 0.0, (), [])
    assert song.tags["author"] == "Edvard Grieg"
    assert "Edvard Grieg" in song._repr_html_()
    assert "<table>" in song._repr_html_()


def test_what_it_says_of_itself_is_one_line_that_a_terminal_only_shows():
    """Whatever its title holds."""
    hostile = opm.Song([(0, 0x08, 0x00)], tags={"title": "\x1b]0,owned\x07\nsecond line\u202e\x9b31m" + "x" * 500})
    assert repr(hostile).isprintable()
    assert repr(hostile).startswith(r"\x1b]0,owned\x07\nsecond line\u202e\x9b31mxxx")
    assert len(repr(hostile)) < 300


def test_render_is_the_players_rendering(song):
    want = np.concatenate(list(Renderer(Playing(song, loops=2, fade=3.0)).blocks()))
    np.testing.assert_array_equal(song.render(loops=2, fade=3.0), want)
    first, end = round(30.5 * song.sample_rate), round(33 * song.sample_rate)
    np.testing.assert_array_equal(song.render(start=30.5, stop=33.0), song.render()[first:end])


def test_render_is_a_run_of_its_events(song):
    for loops in (1, 3):
        samples = song.render(loops=loops)
        np.testing.assert_array_equal(samples, opm.run(song.events(loops=loops), len(samples)))


def test_no_event_is_checked_twice(song, monkeypatch):
    """What ``from_writes`` has made goes to the chip, to the voices and to the notes as it is."""

    def refuse(rows):
        raise AssertionError(f"{len(rows)} events of the song's own are checked again")

    for module in (opm.chip, opm.events, opm.voice.extract):
        monkeypatch.setattr(module, "make_events", refuse)
    song = song.but()
    assert song.render(stop=1.0).any()
    assert song.stems(stop=0.1).shape[1] == 8
    assert len(song.notes()) > 100
    assert song.chip_at(1.0).cycle > 0
    with pytest.raises(AssertionError, match="checked again"):
        opm.extract_voices(song.events())


def test_mute_stems_and_rate(song):
    cut = {"start": 37.0, "stop": 38.0}
    stems = song.stems(**cut)
    assert stems.shape == (len(song.render(**cut)), 8, 2)
    assert np.abs(stems.astype(int)).max(axis=(0, 2)).min() > 100
    assert not song.render(mute=0xFF, **cut)[100:].any()
    assert (song.render(mute=0x01, **cut) != song.render(**cut)).any()
    assert abs(len(song.render(rate=48_000, **cut)) - 48_000) <= 1
    assert abs(len(song.stems(rate=24_000, **cut)) - 24_000) <= 1


@pytest.mark.parametrize("chips", [1, 2])
def test_nothing_can_be_resampled(chips):
    song = opm.Song([(0, 0x08, 0x00)], chips=("ym2151",) * chips, length=1.0)
    assert song.render(stop=0.0, rate=48_000).shape == (0, 2)
    assert song.stems(stop=0.0, rate=48_000).shape == (0, 8 * chips, 2)
    assert song.stems(stop=0.1, rate=48_000).shape == (4800, 8 * chips, 2)


def test_nothing_of_a_song_is_nothing():
    """Behind its end, or of no length; with every option."""
    short = opm.Song(NOTE)
    for cut in ({"start": 30.0}, {"start": 30.0, "stop": 31.0}, {"start": 0.1, "stop": 0.1}):
        for rate in (None, 8000.5):
            assert short.render(rate=rate, **cut).shape == (0, 2)
            assert short.stems(rate=rate, **cut).shape == (0, 8, 2)


def random_song(seed, chips=("ym2151",), length=0.1):
    """Return a song that pans its channels all the time; the last chip lags behind."""
    writes = []
    for number, name in enumerate(chips):
        events = panned_program(seed + number, 5000, name)
        address, data = events["data"][::2], events["data"][1::2]
        seconds = events["cycle"][::2] / 32 * 64 / 3_579_545 + 0.01 * number
        writes += [row for row in zip(seconds, [number] * len(data), address, data, strict=True) if row[0] < length]
    return opm.Song(sorted(writes), chips=chips, length=length)


def added(song, stems):
    """Return the mix of a song's stems: each chip's by itself, then added and clipped."""
    parts = [mixed(stems[:, 8 * i : 8 * i + 8]).astype(np.int32) for i in range(len(song.chips))]
    return np.clip(sum(parts), -32768, 32767)


@pytest.mark.parametrize("chips", [("ym2151",), ("ym2164",), ("ym2151", "ym2164")])
@pytest.mark.parametrize("seed", range(2))
def test_stems_are_the_mix(seed, chips):
    """Bit for bit, however they are cut into blocks, to the fade of the tail."""
    song = random_song(seed, chips)
    want, stems = song.render(), song.stems()
    end = round((song.length + 10 - 0.05) * song.sample_rate)
    assert len(want) == len(stems) > end
    np.testing.assert_array_equal(added(song, stems[:end]), want[:end])
    blocks = Renderer(Playing(song)).channel_blocks(777)
    np.testing.assert_array_equal(np.concatenate(list(blocks)), stems)


def test_stems_of_songs_are_the_mix(song):
    """A song with a loop, from its middle; one of the cat2151 family, at double speed, with silence at its end."""
    cut = {"start": 30.0, "stop": 33.0}
    np.testing.assert_array_equal(mixed(song.stems(**cut)), song.render(**cut))
    rows = [{"time": 300 * i, "addr": f"{a:02X}", "data": f"{d:02X}"} for i, (_, a, d) in enumerate(NOTE)]
    family = opm.load(json.dumps({"event_count": len(rows), "events": rows}).encode())
    samples, stems = family.render(), family.stems()
    np.testing.assert_array_equal(mixed(stems), samples)
    assert samples.any()
    assert not samples[-100:].any()


def test_stems_that_cancel_end_where_the_mix_does():
    """Two channels half a period apart are silence together, which ends the tail."""
    voice = [(base + ch, data) for ch in (0, 1) for base, data in ((0x20, 0xC7), (0x28, 0x7A), (0x40, 8), (0x80, 31))]
    step = 64 / 3_579_545
    tone = opm.Song([(0.0, *write) for write in voice], length=0.01).chip_at(0.01).state.pg_inc[0]
    half = 2**19 // int(tone & -tone)
    song = opm.Song([(0.0, *write) for write in voice] + [(100 * step, 8, 8), ((100 + half) * step, 8, 9)])
    samples, stems = song.render(), song.stems()
    np.testing.assert_array_equal(mixed(stems), samples)
    assert half < len(samples) < half + 7000
    assert stems[-1000:, :2].any(axis=(0, 2)).all()
    assert not samples[-1000:].any()


def test_writes_make_the_same_song_again(song):
    for source in (song, opm.load(LOG)):
        again = opm.Song(source.writes, source.clock, loop=source.loop, length=source.length)
        np.testing.assert_array_equal(again.events(), source.events())


@pytest.mark.parametrize("clock", [3_579_545, 4_000_000])
def test_the_time_of_a_frame_is_that_frame(clock):
    frames = np.arange(0, 10**10, 10**10 // 50_000, np.int64)
    writes = np.zeros(len(frames), opm.song.SONG_WRITE)
    writes["seconds"] = frames * 64 / clock
    np.testing.assert_array_equal(opm.Song(writes, clock).events()["cycle"][::2], 32 * frames)


def test_chip_at_stands_where_the_song_does(song):
    samples, rate = song.render(), song.sample_rate
    chip = song.chip_at(30.0)
    frame = round(30 * rate)
    assert chip.cycle == 32 * frame
    later = [event for event in song.events().tolist() if event[0] >= chip.cycle]
    np.testing.assert_array_equal(chip.run(later, 1000), samples[frame : frame + 1000])
    assert song.chip_at(100.0).cycle == 32 * round(100 * rate), "the loop goes on"


def test_voices_have_names_to_tell_them_apart(song):
    voices = song.voices()
    assert len({voice.name for voice in voices}) == len(voices) >= 7
    assert {voice.con for voice in voices} >= {2, 3, 4, 5, 6, 7}


@pytest.mark.parametrize("ending", [".vgm", ".vgz", ".log", ".json"])
def test_save_and_load(tmp_path, song, ending):
    path = tmp_path / f"song{ending}"
    path.write_bytes(b"old")
    path.chmod(0o640)
    assert song.save(path) == []
    again = opm.load(path)
    assert (again.length, again.loop, again.tags) == (pytest.approx(song.length, abs=1e-4), song.loop, song.tags)
    np.testing.assert_array_equal(again.render(loops=2, stop=47), song.render(loops=2, stop=47))
    np.testing.assert_array_equal(again.writes["data"], song.writes["data"])
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_song_made_in_python(tmp_path):
    song = opm.Song(NOTE, loop=0.1, length=0.5, tags={"title": "one note"})
    assert (song.length, song.loop, len(song.writes)) == (0.5, 0.1, 6)
    assert song.events()["cycle"][-2] == 32 * int(np.ceil(0.3 * song.sample_rate))
    song.save(tmp_path / "note.vgm")
    assert opm.load(tmp_path / "note.vgm").tags == {"title": "one note"}
    assert opm.Song(NOTE[4:] + NOTE[:4]).writes["seconds"].tolist() == song.writes["seconds"].tolist()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: opm.Song([(0, 0x20)]), "write 0"),
        (lambda: opm.Song([(0, 0, 0), (0, 256, 0)]), "write 1: address must be 0 to 255, got 256"),
        (lambda: opm.Song([(0, 0, 16_000_000)]), "data must be 0 to 255, got 16000000"),
        (lambda: opm.Song([(-1, 0, 0)]), "seconds"),
        (lambda: opm.Song([(float("nan"), 0, 0)]), "seconds"),
        (lambda: opm.Song([(0, 1, 0, 0)]), "chip must be 0 to 0"),
        (lambda: opm.Song([(0, 1.5, 0)]), "address"),
        (lambda: opm.Song(NOTE, clock=10), "clock"),
        (lambda: opm.Song(NOTE, loop=0.3), "loop"),
        (lambda: opm.Song(NOTE, length=0.1), "length"),
        (lambda: opm.Song([(600_000.25, 0, 0)], length=1), r"write's 600000\.25 s, got 1$"),
        (lambda: opm.Song(NOTE, chips=("opl",)), "opl"),
        (lambda: opm.Song(NOTE).render(loops=0), "loops"),
        (lambda: opm.Song(NOTE).render(start=2, stop=1), "start"),
        (lambda: opm.Song(NOTE).stems(start=math.inf), "start"),
        (lambda: opm.Song(NOTE).render(stop=math.nan), "start and stop"),
        (lambda: opm.Song(NOTE).chip_at(math.inf), "seconds"),
        (lambda: opm.Song(NOTE).events(chip=1), "chip"),
        (lambda: opm.Song(NOTE).chip_at(-1), "seconds"),
        (lambda: opm.Song(NOTE).save("x.mp3"), "x.mp3"),
        (lambda: opm.load(b"nonsense"), "byte 0"),
        (lambda: opm.load(b"", time_unit="days"), "days"),
    ],
    ids=range(22),
)
def test_bad_arguments_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_save_says_what_a_format_cannot_keep(tmp_path):
    song = opm.Song(NOTE, loop=0.1, length=0.5, tags={"title": "a", "tempo": "fast"}, chips=("ym2164",))
    assert song.save(tmp_path / "a.vgm") == ["tags: tempo", "times between samples of 44100 Hz"]
    longer = "the loop's length to a fraction of a frame: each pass is 2.8 us shorter"
    between = "times between the chip's samples"
    assert song.save(tmp_path / "a.log") == [between, "that the chip is a YM2164", longer]
    said = song.save(tmp_path / "a.mid")
    assert said[0] == "tags: tempo"
    assert "the loop" in said


def test_save_says_what_is_lost_of_two_chips_loops_and_volume(tmp_path):
    two = opm.Song(NOTE, chips=("ym2151", "ym2164"))
    assert "that the second chip is a YM2164" in two.save(tmp_path / "a.vgm")
    looping = opm.load(LOUD)
    assert looping.save(tmp_path / "a.vgm") == []
    again = opm.load(tmp_path / "a.vgm")
    assert (again.volume, again.remarks) == (looping.volume, looping.remarks)
    volume, loop = "the volume modifier of -6.0 dB", "loop modifier 0x20 and loop base 1"
    assert looping.save(tmp_path / "a.json") == [volume, loop]
    assert looping.save(tmp_path / "a.mid")[0] == volume


@pytest.mark.parametrize("clock", [3_579_545, 4_000_000])
@pytest.mark.parametrize("ending", [".vgm", ".json"])
def test_later_passes_of_a_saved_loop_are_the_songs(tmp_path, clock, ending):
    """Though the loop, 12 345 samples of 44 100 Hz, is no whole number of the chip's frames."""
    rows = [(i / 44_100, 0x60, i % 128) for i in range(0, 13_000, 37)]
    opm.Song(rows, clock, loop=655 / 44_100, length=13_000 / 44_100).save(tmp_path / "a.vgm")
    song = opm.load(tmp_path / "a.vgm")
    assert song.save(tmp_path / f"b{ending}") == []
    again = opm.load(tmp_path / f"b{ending}")
    np.testing.assert_array_equal(again.events(loops=9), song.events(loops=9))
    np.testing.assert_array_equal(again.writes, song.writes)


def vgm_of(rows, clock=3_579_545, **header):
    """Return a VGM that writes at sample 0, and ends or loops after half a second; header bytes as x7c=..."""
    data = bytearray(0x100)
    data[:4], data[8:10], data[0x34] = b"Vgm ", b"\x71\x01", 0xCC
    data[0x30:0x34] = clock.to_bytes(4, "little")
    for name, value in header.items():
        data[int(name[1:], 16)] = value
    body = b"".join(bytes((0xA4 if chip else 0x54, address, byte)) for chip, address, byte in rows)
    return bytes(data) + body + b"\x61\x22\x56\x66"


SLOTS = ((0x40, 1), (0x80, 31), (0xE0, 15))
TONE = [(0x20, 0xC7), (0x28, 0x4A), *((base + 8 * i, data) for i in range(4) for base, data in SLOTS), (0x08, 0x78)]
"""Four sines of A4 at their loudest."""
LOUD = vgm_of(
    [(0, *write) for write in TONE], x7c=0x100 - 32, x7e=1, x7f=0x20, x1c=(0x100 + 3 * len(TONE) - 0x1C) & 0xFF, x1d=1
)


@pytest.mark.parametrize(("byte", "factor"), [(0xCC, 2 ** (-52 / 32)), (0xC1, 0.25), (0x40, 4.0)])
@pytest.mark.parametrize("chips", [1, 2])
def test_the_volume_modifier_is_heard(byte, factor, chips):
    """Sums, stems and fades are multiplied, rounded and clipped once; events are the chip's own."""
    rows = [(chip, *write) for chip in range(chips) for write in TONE]
    song, plain = opm.load(vgm_of(rows, x7c=byte)), opm.load(vgm_of(rows))
    assert song.volume == pytest.approx(20 * math.log10(factor))
    assert song.remarks == [f"volume modifier: {song.volume:+.1f} dB"]
    assert (plain.volume, plain.remarks) == (0.0, [])
    stop = 0.5
    own = opm.run(song.events(), len(song.render(stop=stop))).astype(int) * chips
    assert chips == 1 or np.abs(own).max() > 32_767
    want = np.clip(np.rint(own * factor), -32_768, 32_767)
    np.testing.assert_array_equal(song.render(stop=stop), want)
    stems = plain.stems(stop=stop).astype(int)
    np.testing.assert_array_equal(song.stems(stop=stop), np.clip(np.rint(stems * factor), -32_768, 32_767))
    (many,) = opm.render_many([song], frames=1000)
    np.testing.assert_array_equal(many, want[:1000])
    quiet = opm.load(vgm_of(rows[:-chips], x7c=byte))
    assert quiet.render().shape == opm.load(vgm_of(rows[:-chips])).render().shape, "silence is the chip's own"


FAMILY = [{"time": 0.0, "addr": a, "data": d} for a, d in TONE] + [{"time": 1.0, "addr": 8, "data": 0}]


def hertz(samples, rate):
    """Return the strongest frequency."""
    sound = samples[1000:, 0] * np.hanning(len(samples) - 1000)
    return float(np.abs(np.fft.rfft(sound, 2**20)).argmax() * rate / 2**20)


def test_the_family_has_one_pitch_everywhere(tmp_path):
    """Key code 4A is A4 on a chip at its own speed, A5 on one at twice its speed."""
    song = opm.load(json.dumps(FAMILY).encode())
    assert (song.clock, song.cycles_per_frame) == (3_579_545, 64)
    samples, events = song.render(stop=1.0), song.events()
    assert hertz(samples, song.sample_rate) == pytest.approx(880, abs=1)
    np.testing.assert_array_equal(opm.run(events, len(samples), cycles_per_frame=song.cycles_per_frame), samples)
    every = opm.run(events, 2 * len(samples))
    assert hertz(every, 2 * song.sample_rate) == pytest.approx(880, abs=1)
    np.testing.assert_array_equal(every[1::2], samples)
    assert song.notes()[["start", "end", "midi"]].tolist() == [(0.0, 1.0, 81.0)]
    chip = song.chip_at(0.5)
    assert (chip.clock, chip.cycle) == (7_159_090, 64 * 27_965)
    assert opm.views.channel(chip, 1)["note"] == "A5"
    assert song.save(tmp_path / "a.vgm") == ["times between samples of 44100 Hz", "the cat2151 family's timing"]
    saved = opm.load(tmp_path / "a.vgm")
    assert (saved.clock, saved.cycles_per_frame) == (7_159_090, 32)
    assert hertz(saved.render(stop=1.0, rate=48_000), 48_000) == pytest.approx(880, abs=1)
    assert saved.notes()["midi"].tolist() == [81.0]
    assert "high" in song.voices()[0].name
    assert song.voices()[0].name == saved.voices()[0].name
    fast = opm.load(json.dumps({"clock": 9_000_000, "events": FAMILY}).encode())
    with pytest.raises(opm.SongError, match=r"VGM: expected a clock .*, got 18000000$"):
        fast.save(tmp_path / "b.vgm")


def test_a_chip_with_its_own_clock():
    """S98: two devices, at 3.58 and 4 MHz, one after the other; the second's samples are interpolated."""
    table = b"".join(clock.to_bytes(4, "little").join((b"\5\0\0\0", bytes(8))) for clock in (3_579_545, 4_000_000))
    head = b"S983" + bytes(16) + (0x40).to_bytes(4, "little") + bytes(4) + b"\2\0\0\0"

    def tone(device, ticks):
        rows = b"".join(bytes((2 * device, *write)) for write in TONE)
        return rows + b"\xff" * ticks + bytes((2 * device, 0x08, 0, 0xFF))

    song = opm.load(head + table + tone(0, 30) + tone(1, 30) + b"\xfd")
    assert (song.clock, song.clocks, song.sample_rate) == (3_579_545, (3_579_545, 4_000_000), 3_579_545 / 64)
    first, second = song.render(stop=0.3), song.render(start=0.32, stop=0.6)
    assert hertz(first, song.sample_rate) == pytest.approx(440, abs=1)
    assert hertz(second, song.sample_rate) == pytest.approx(440 * 4_000_000 / 3_579_545, abs=1)
    assert song.notes()["midi"] == pytest.approx([69.0, 69 + 12 * math.log2(4_000_000 / 3_579_545)], abs=0.01)
    np.testing.assert_array_equal(first, opm.run(song.events(0), len(first)))
    chip = song.chip_at(0.5, chip=1)
    assert chip.clock == 4_000_000
    assert chip.cycle == 32 * 31_250
    own = opm.run(song.events(1), 40_000)[:, 0]
    here = np.arange(18_000, 33_000)
    want = np.interp(here * 4_000_000 / 3_579_545, np.arange(40_000), own)
    assert np.abs(song.render()[here, 0] - want).max() < 0.02 * np.abs(want).max()
    np.testing.assert_allclose(song.stems().sum(axis=1)[here], song.render()[here], atol=100)


@pytest.mark.parametrize("tapped", [False, True])
def test_interpolated_blocks_and_snapshots_are_the_straight_rendering(tapped):
    song = opm.load(vgm_of([(chip, *write) for chip in (0, 1) for write in TONE], clock=3_579_545 | 1 << 30))
    song = song.but(opms=(song.opms[0], Opm(clock=4_000_000)))
    want = song.render()
    renderer = Renderer(Playing(song), tapped=tapped)
    np.testing.assert_array_equal(np.concatenate(list(renderer.blocks(777))), want)
    renderer = Renderer(Playing(song), tapped=tapped)
    renderer.skip(10_000)
    place = renderer.snapshot()
    list(renderer.blocks())
    renderer.restore(place)
    np.testing.assert_array_equal(np.concatenate(list(renderer.blocks(999))), want[10_000:])


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda song: pickle.loads(pickle.dumps(song)),
    "but": opm.Song.but,
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=list(COPIES))
def test_a_copy_is_as_sealed_as_the_song(copied):
    song = opm.Song(NOTE, tags={"title": "A"})
    again = copied(song)
    again.tags["title"] = "B"
    assert (song.tags, again.tags) == ({"title": "A"}, {"title": "B"})
    assert not again.rows.flags.writeable
    np.testing.assert_array_equal(again.render(stop=0.1), song.render(stop=0.1))
    again.remarks.append("of the caller's list")
    assert again.remarks == song.remarks == []


def test_rows_that_are_given_stay_the_givers():
    rows = np.zeros(3, WRITE)
    songs = [opm.Song.of(rows=rows, end=9, ticks_per_second=None), opm.Song(NOTE).but(rows=rows)]
    rows["data"] = 1
    for song in songs:
        assert song.rows["data"].tolist() == [0, 0, 0]
        assert not song.rows.flags.writeable


@pytest.mark.parametrize("name", ["clock", "length", "remarks", "writes", "nothing"])
def test_a_song_is_made_of_no_other_data(name):
    """What follows from the data is not set beside it, where it would not be heard."""
    with pytest.raises(TypeError, match=rf"^a song is made of rows, end, ticks_per_second, .*, not of {name}$"):
        opm.Song(NOTE).but(**{name: 4_000_000})


@pytest.mark.parametrize("ending", ["vgm", "json", "mid"])
def test_tags_that_are_no_strings_are_not_saved(ending, tmp_path):
    song = opm.Song(NOTE)
    song.tags["title"] = 3
    with pytest.raises(TypeError, match=r"^tags must be strings by name, got 'title': 3$"):
        song.save(tmp_path / f"song.{ending}")
    assert list(tmp_path.iterdir()) == []


def test_songs_that_stay_silent_say_so():
    silent = opm.load(b"0 20 C7\n100 08 00\n")
    assert any("no key" in remark for remark in silent.remarks)
    assert not any("no key" in remark for remark in opm.load(VGM).remarks)


def test_a_vgm_for_other_chips_names_them():
    header = bytearray(0x100)
    header[:4], header[8:10], header[0x34] = b"Vgm ", b"\x71\x01", 0xCC
    header[0x2C:0x30] = (7_670_454).to_bytes(4, "little")
    with pytest.raises(opm.SongError, match=r"the file is for SN76489, YM2612$"):
        opm.load(bytes(header) + b"\x50\x9f\x66")


LOOPS = ['{"time": 1, "row": 9}', '{"time": 99, "row": 1}', '{"time": 5, "row": 1}', '{"time": 5, "row": 3}', "7"]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_bad_loop_in_a_log_is_remarked(loop):
    rows = '[{"time": 0, "addr": 32, "data": 199}, {"time": 9, "addr": 8, "data": 8}]'
    song = opm.load(f'{{"time_unit": "samples", "loop": {loop}, "events": {rows}}}'.encode())
    assert song.loop is None
    assert loop == "7" or any("loop" in remark for remark in song.remarks)


def test_an_empty_title_names_nothing():
    assert repr(opm.load(b"title\n0 08 78\n")).startswith("text log: YM2151")
