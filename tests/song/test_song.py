"""Songs as objects: from any source to samples, writes, events, voices, a chip in mid-song, and back to files."""

import io
import json
import math
import pathlib

import numpy as np
import pytest
from conftest import ROOT
from programs import mixed, panned_program

import opm
from opm.song import Options, Renderer, Schedule, formats

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
    log = formats.read(VGM)
    want = np.concatenate(list(Renderer(Schedule(log, Options(loops=2, fade=3.0))).blocks()))
    np.testing.assert_array_equal(song.render(loops=2, fade=3.0), want)
    first, end = round(30.5 * song.sample_rate), round(33 * song.sample_rate)
    np.testing.assert_array_equal(song.render(start=30.5, stop=33.0), song.render()[first:end])


def test_render_is_a_run_of_its_events(song):
    for loops in (1, 3):
        samples = song.render(loops=loops)
        np.testing.assert_array_equal(samples, opm.run(song.events(loops=loops), len(samples)))


def test_mute_stems_and_rate(song):
    cut = {"start": 37.0, "stop": 38.0}
    stems = song.stems(**cut)
    assert stems.shape == (len(song.render(**cut)), 8, 2)
    assert np.abs(stems.astype(int)).max(axis=(0, 2)).min() > 100
    assert not song.render(mute=0xFF, **cut)[100:].any()
    assert (song.render(mute=0x01, **cut) != song.render(**cut)).any()
    assert abs(len(song.render(rate=48_000, **cut)) - 48_000) <= 1
    assert abs(len(song.stems(rate=24_000, **cut)) - 24_000) <= 1


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
    """Bit for bit, however they are cut into blocks, to the end of the tail."""
    song = random_song(seed, chips)
    want = song.render()
    np.testing.assert_array_equal(added(song, song.stems()), want)
    blocks = Renderer(song._schedule(1, 0.0)).channel_blocks(777)
    np.testing.assert_array_equal(added(song, np.concatenate(list(blocks))), want)


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
    assert song.save(tmp_path / "a.log") == ["that the chip is a YM2164"]
    said = song.save(tmp_path / "a.mid")
    assert said[0] == "tags: tempo"
    assert "the loop" in said


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


@pytest.mark.parametrize("loop", ['{"time": 1, "row": 9}', '{"time": 99, "row": 1}', "7"])
def test_a_bad_loop_in_a_log_is_remarked(loop):
    rows = '[{"time": 0, "addr": 32, "data": 199}, {"time": 9, "addr": 8, "data": 8}]'
    song = opm.load(f'{{"time_unit": "samples", "loop": {loop}, "events": {rows}}}'.encode())
    assert song.loop is None
    assert loop == "7" or any("loop" in remark for remark in song.remarks)
