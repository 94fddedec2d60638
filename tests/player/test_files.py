"""Files out: what is in them, and that every log turns into every other."""

import errno
import json
import os
import struct
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from card import board
from commands import bad
from conftest import ROOT
from programs import mixed

import opm
from opm.song import Playing, Renderer, Resampler, SongError
from opm.song.companions import CompanionRenderer
from player import files
from player.__main__ import main
from player.jobs import Job
from player.progress import Batch

VGM = ROOT / "player" / "songs" / "mountain_king.vgm"
NOTES = [(0x20, 0x47), (0x21, 0x87), (0x28, 0x4A), (0x29, 0x5A), (0x40, 1), (0x41, 1), (0x80, 31), (0x81, 31)]
NOTES += [(0xE0, 15), (0xE1, 15), (0x08, 0x08), (0x08, 0x09)]


@pytest.fixture
def two_notes(tmp_path):
    """One note on the left, one on the right, half a second."""
    path = tmp_path / "two.log"
    rows = [{"time": 0, "addr": a, "data": d} for a, d in NOTES] + [{"time": 28_000, "addr": 8, "data": 0}]
    path.write_text(json.dumps(rows))
    return path


def render(song, path, *options):
    assert main([str(song), "-o", str(path), *map(str, options)]) == 0
    return soundfile.read(path, dtype="int16")[0]


def test_flac_is_wav_and_ogg_sounds(two_notes, tmp_path):
    wav, flac = render(two_notes, tmp_path / "a.wav"), render(two_notes, tmp_path / "a.flac")
    np.testing.assert_array_equal(wav, flac)
    ogg = render(two_notes, tmp_path / "a.ogg")
    assert np.abs(ogg).max() > 0.5 * np.abs(wav).max()


def test_float_is_not_rounded(two_notes, tmp_path):
    """And comes from VHQ, 16 bits from HQ: of two low notes they make the same within half a step."""
    whole = render(two_notes, tmp_path / "a.wav")
    assert main([str(two_notes), "-o", str(tmp_path / "f.wav"), "--float"]) == 0
    assert soundfile.info(tmp_path / "f.wav").subtype == "FLOAT"
    values = soundfile.read(tmp_path / "f.wav", dtype="float32")[0] * 32_768
    assert np.abs(values - whole).max() <= 0.5 + 0.5
    assert (values != np.rint(values)).any()


def test_a_slow_release_rings_out(tmp_path):
    """Unless it takes longer than ten seconds, or than the tail is to be: then it is faded, not cut."""
    path = tmp_path / "slow.txt"
    voice = ["20 C7", "28 4A", "40 1", "80 1F", "D0 0", "08 8"]
    for rate, seconds in (("E0 04", None), ("E0 00", 10.5)):
        path.write_text("\n".join(f"0.0 {write}" for write in (*voice, rate)) + "\n0.5 08 00\n")
        rung = render(path, tmp_path / "a.wav")
        assert np.abs(rung[-2400:]).max() <= 9 if seconds is None else abs(len(rung) / 48_000 - seconds) < 0.001
        assert len(rung) > 2 * 48_000
        cut = render(path, tmp_path / "b.wav", "--tail", 1)
        assert abs(len(cut) / 48_000 - 1.5) < 0.001
        np.testing.assert_array_equal(cut[:69_000], rung[:69_000])
        assert np.abs(cut[-20:]).max() < 10 < 1000 < np.abs(rung[69_000:72_000]).max()


@pytest.mark.parametrize("options", [[], ["--volume", -6], ["--stems"]])
def test_a_volume_modifier_is_in_what_is_written(tmp_path, options):
    """The same factor for the mix and each stem, with --volume on top; the remark is said."""
    data = bytearray(VGM.read_bytes())
    path, plain = tmp_path / "quiet.vgm", tmp_path / "plain.vgm"
    plain.write_bytes(data)
    data[0x7C] = 0x100 - 32
    path.write_bytes(data)
    how = ["--rate", "native", "--loops", 1, "--fade", 0, "--start", 44]
    if options == ["--stems"]:
        for song in (path, plain):
            assert main([str(song), "--stems", str(tmp_path), *map(str, how)]) == 0
        got, want = (soundfile.read(tmp_path / f"{name}-1.wav", dtype="int16")[0] for name in ("quiet", "plain"))
    else:
        got = render(path, tmp_path / "a.wav", *how, *options)
        want = render(plain, tmp_path / "b.wav", *how, *options)
    assert np.abs(want).max() > 1000
    assert np.abs(got - want / 2).max() <= 1


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_tags(tmp_path, ending):
    render(VGM, tmp_path / f"a.{ending}", "--loops", 1, "--fade", 0, "--start", "0:40")
    with soundfile.SoundFile(tmp_path / f"a.{ending}") as file:
        assert file.title == "In the Hall of the Mountain King"
        assert file.artist == "Edvard Grieg"


def test_a_tag_too_long_for_wav_loses_its_end_and_no_other_is_lost(tmp_path, capsys):
    title = "ｂ" * 700
    song = opm.Song([(0, 0x20, 0xC7), (0.1, 0x28, 0x4A)], tags={"title": title, "author": "me"})
    song.save(tmp_path / "long.vgm")
    for ending, kept in ((".wav", title[:681]), (".flac", title)):
        path = tmp_path / f"long{ending}"
        assert main([str(tmp_path / "long.vgm"), "-o", str(path)]) == 0
        with soundfile.SoundFile(path) as file:
            assert (file.title, file.artist) == (kept, "me")
        assert ("does not keep the end of the tag title" in capsys.readouterr().err) == (ending == ".wav")


def test_loop_points(tmp_path):
    """The smpl chunk's loop is one pass, and readers still read the file."""
    sound = render(VGM, tmp_path / "a.wav", "--rate", "native", "--loops", 1, "--fade", 0.1)
    data = (tmp_path / "a.wav").read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    at = data.index(b"smpl")
    first, last = struct.unpack_from("<II", data, at + 8 + 36 + 8)
    playing = Playing(opm.load(VGM), loops=2, fade=8.0)
    assert (first, last + 1) == (playing.due(0), playing.due(opm.load(VGM).end))
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() == len(sound) > last


def test_loop_points_of_a_board(whole, tmp_path):
    """Three beats, each of which a sample begins; in the second pass they are where they were, counted from there."""
    sound = render(whole, tmp_path / "a.wav", "--loops", 2, "--fade", 0, "--solo", "vera_pcm")
    data = (tmp_path / "a.wav").read_bytes()
    first, last = struct.unpack_from("<II", data, data.index(b"smpl") + 8 + 36 + 8)
    assert (first, last + 1) == (0, 72_000)
    assert 144_000 <= len(sound) <= 144_001
    begun = (np.abs(sound[:144_000, 0].astype(int)) > 1000).reshape(6, 24_000).argmax(axis=1)
    assert (np.abs(begun - (800 + 9)) <= 9).all(), "a tick into the beat, and the first samples are small"


@pytest.mark.parametrize(
    "words",
    ["-o {}/a.wav", "-o {}/a.flac --volume 30", "-o {}/a.wav --float", "-o {}/a.wav --rate native", "--stems {}"],
)
def test_files_are_those_of_the_plain_loop(whole, tmp_path, monkeypatch, words):
    """In which nothing works ahead: the same bytes, and the bar moves alike."""
    made, shares, report = [], [], Batch.report
    monkeypatch.setattr(Batch, "report", lambda *args: report(*args) or shares.append(args[-1]))
    for how in ("ahead", "plain"):
        folder = tmp_path / how
        if how == "plain":
            monkeypatch.setattr(files, "ahead", lambda items: items)
        folder.mkdir()
        assert main([str(whole), "--loops", "4", *words.format(folder).split()]) == 0
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1]
    first = shares[: len(shares) // 2]
    assert first * 2 == shares
    assert first == sorted(first)
    assert (first[0], first[-1]) == (0, 1)
    assert len(first) > 5


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_a_file_is_what_a_song_renders(whole, two_notes, tmp_path, rate):
    """In blocks or at once: the resampler gives the same samples."""
    for path in (whole, two_notes):
        got = render(path, tmp_path / "a.wav", "--rate", rate, "--loops", 1, "--fade", 0.5)
        np.testing.assert_array_equal(got, opm.load(path).render(loops=1, fade=0.5, rate=rate))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("place", "name", "error", "said"),
    [
        (Renderer, "_mix", ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (CompanionRenderer, "add_to", MemoryError(), "MemoryError"),
        (Resampler, "convert", SongError("bad"), "bad"),
        (soundfile.SoundFile, "write", OSError(errno.ENOSPC, "Full"), "cannot write {}: full"),
    ],
    ids=["chip", "part", "resampler", "encoder"],
)
def test_what_goes_wrong_at_any_stage_is_one_line(whole, tmp_path, capsys, monkeypatch, place, name, error, said, jobs):
    """Of one of the blocks; the old file stays, nothing else does, and no thread goes on."""
    calls, do = [], getattr(place, name)

    def fail(*arguments, **options):
        calls.append(name)
        # Behind what compiling plays.
        if len(calls) > 10:
            raise error
        return do(*arguments, **options)

    monkeypatch.setattr(place, name, fail)
    out, before = tmp_path / "out", threading.enumerate()
    out.mkdir()
    outputs = [out / f"board{number}.wav" for number in ("", "-2")[:jobs]]
    for path in outputs:
        path.write_bytes(b"the old one")
    songs, several = [str(whole)] * jobs, ["--jobs", "2"] * (jobs == 2)
    assert main([*songs, "-o", f"{out}/", "--loops", "20", *several]) == 2 // jobs
    lines = [line for line in capsys.readouterr().err.splitlines() if "note: " not in line]
    want = [f"python -m player: {whole}: {said.format(path)}" for path in outputs]
    assert lines == want + ["2 of 2 songs failed"] * (jobs == 2)
    assert {path: path.read_bytes() for path in out.iterdir()} == dict.fromkeys(outputs, b"the old one")
    while set(threading.enumerate()) - set(before):
        time.sleep(0.001)


def test_wav_on_standard_output(two_notes, tmp_path):
    want = tmp_path / "want.wav"
    render(two_notes, want)
    command = [sys.executable, "-m", "player", str(two_notes), "-o", "-"]
    got = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert got == want.read_bytes()


def test_stems_are_the_channels_after_panning(two_notes, tmp_path):
    assert main([str(two_notes), "--stems", str(tmp_path / "stems"), "--rate", "native", "--tail", "0"]) == 0
    stems = [soundfile.read(tmp_path / "stems" / f"two-{i}.wav", dtype="int16")[0] for i in range(1, 9)]
    assert len({len(stem) for stem in stems}) == 1
    assert stems[0][:, 0].any()
    assert not stems[0][:, 1].any()
    assert stems[1][:, 1].any()
    assert not any(stem.any() for stem in stems[2:])
    mix = render(two_notes, tmp_path / "mix.wav", "--rate", "native", "--tail", "0")
    np.testing.assert_array_equal(mixed(np.stack(stems, axis=1)), mix)


def test_mute_and_solo(two_notes, tmp_path):
    left = render(two_notes, tmp_path / "l.wav", "--solo", 1)
    right = render(two_notes, tmp_path / "r.wav", "--mute", 1)
    assert left[:, 0].any()
    assert not left[:, 1].any()
    assert right[:, 1].any()
    assert not right[:, 0].any()


NATIVE = ["--rate", "native", "--loops", 1, "--fade", 0]


@pytest.fixture
def whole(tmp_path):
    """A song with two other parts, three beats long."""
    return board(tmp_path, beats=3)


@pytest.mark.parametrize(
    ("options", "parts", "mute"),
    [
        ([], None, 0),
        (["--parts", "ym2151"], "ym2151", 0),
        (["--parts", "vera_pcm,ym2151"], ["ym2151", "vera_pcm"], 0),
        (["--solo", "vera_psg"], "vera_psg", 0),
        (["--solo", "2"], "ym2151", 0xFF & ~2),
        (["--solo", "1,3,vera_psg"], ["ym2151", "vera_psg"], 0xFF & ~5),
        (["--mute", "vera_pcm"], ["ym2151", "vera_psg"], 0),
        (["--mute", "1,vera_pcm"], ["ym2151", "vera_psg"], 1),
        (["--mute", "vera_pcm", "--solo", "ym2151"], "ym2151", 0),
        (["--mute", "ym2151,vera_psg,vera_pcm"], [], 0),
    ],
    ids=str,
)
def test_which_parts_are_written(whole, tmp_path, options, parts, mute):
    """The bits that ``Song.render`` gives; of the YM2151 by itself those of a song without other parts."""
    song = opm.load(whole)
    got = render(whole, tmp_path / "a.wav", *NATIVE, *options)
    np.testing.assert_array_equal(got, song.render(parts=parts, mute=mute))
    if parts == "ym2151":
        np.testing.assert_array_equal(got, song.but(companions=()).render(mute=mute))
    assert got.any() == (parts != [] and mute in (0, 1, 0xFF & ~5))


def test_one_of_two_parts_of_a_kind(tmp_path):
    """The first has no number, and its name means both where it is to be heard; without the second it is alone."""
    song = opm.load(VGM)
    song.but(opms=song.opms * 2).save(tmp_path / "two.vgm")
    how = [*NATIVE, "--start", 45]
    alone = render(tmp_path / "two.vgm", tmp_path / "a.wav", *how, "--mute", "ym2151-2")
    assert alone.any()
    assert not render(tmp_path / "two.vgm", tmp_path / "b.wav", *how, "--parts", "ym2151-2").any()
    np.testing.assert_array_equal(alone, render(tmp_path / "two.vgm", tmp_path / "c.wav", *how))


@pytest.mark.parametrize("option", ["--parts", "--solo", "--mute"])
def test_a_part_that_the_song_has_not(whole, two_notes, tmp_path, capsys, option):
    """One line; of several songs it is one if nothing is left of a song, which muting never is for."""
    line = bad([whole, "-o", tmp_path / "a.wav", option, "vera_psg,sega_pcm"], capsys)
    assert line.endswith("board.zsm: expected a part of ym2151, vera_psg, vera_pcm, got 'sega_pcm'\n")
    assert line.replace(" -o", "") == bad([whole, option, "vera_psg,sega_pcm"], capsys)
    songs = [str(whole), str(two_notes), "-o", f"{tmp_path}/out/", "--loops", "1", "--fade", "0"]
    assert main([*songs, option, "vera_psg,sega_pcm"]) == (0 if option == "--mute" else 1)
    lines = [line for line in capsys.readouterr().err.splitlines() if "expected" in line]
    want = [] if option == "--mute" else [f"{two_notes}: expected a part of ym2151, got 'sega_pcm', 'vera_psg'"]
    assert [line.removeprefix("python -m player: ") for line in lines] == want
    assert (tmp_path / "out" / "board.wav").exists()


@pytest.mark.parametrize("rate", ["native", "48000"])
def test_stems_of_a_board_add_up(whole, tmp_path, capsys, rate):
    """Channels as their chip mixes them, then the other parts by themselves."""
    how = [*NATIVE[2:], "--rate", rate, "--float"]
    assert main([str(whole), "--stems", str(tmp_path / "stems"), *map(str, how)]) == 0
    names = [*range(1, 9), "vera_psg", "vera_pcm"]
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0].rpartition("/")[2] for line in said] == [f"board-{name}.wav" for name in names]
    assert [name for name, line in zip(names, said, strict=True) if not line.endswith("silent")] == [1, *names[8:]]
    stems = [soundfile.read(tmp_path / "stems" / f"board-{name}.wav", dtype="float32")[0] * 32_768 for name in names]
    assert main([str(whole), "-o", str(tmp_path / "mix.wav"), *map(str, how)]) == 0
    mix = soundfile.read(tmp_path / "mix.wav", dtype="float32")[0] * 32_768
    if rate == "native":
        channels = np.rint(2 * np.stack(stems[:8], axis=1)).astype(np.int32)
        np.testing.assert_allclose(mixed(channels) / 2 + sum(stems[8:]), mix, atol=0.01)
    assert np.abs(sum(stems) - mix).max() < 20, "but for the DAC's mantissa"


def test_volume_speed_and_start(two_notes, tmp_path):
    plain = render(two_notes, tmp_path / "a.wav", "--rate", "native")
    quiet = render(two_notes, tmp_path / "b.wav", "--rate", "native", "--volume", -6.0206)
    assert np.abs(quiet - plain / 2).max() <= 1
    slow = render(two_notes, tmp_path / "c.wav", "--rate", "native", "--speed", 0.5)
    assert len(slow) - len(plain) == 28_000
    late = render(two_notes, tmp_path / "d.wav", "--rate", "native", "--start", 0.25)
    np.testing.assert_array_equal(late, plain[round(0.25 * opm.YM2151().sample_rate) :])


@pytest.mark.parametrize("ending", ["vgm", "vgz", "log", "json"])
def test_every_log_turns_into_every_other(tmp_path, ending):
    song = opm.load(VGM)
    path = tmp_path / f"copy.{ending}"
    assert main([str(VGM), "-o", str(path)]) == 0
    copy = opm.load(path)
    for name in ("address", "data", "chip"):
        np.testing.assert_array_equal(copy.writes[name], song.writes[name])
    np.testing.assert_array_equal(copy.events(loops=3), song.events(loops=3))
    assert (copy.loop, copy.tags, copy.length) == (song.loop, song.tags, song.length)


def test_a_playlist_goes_on_after_a_failure(two_notes, tmp_path, capsys):
    bad = tmp_path / "bad.vgm"
    bad.write_bytes(b"Vgm ")
    out = tmp_path / "out"
    assert main([str(two_notes), str(bad), str(two_notes), "-o", f"{out}/", "--jobs", "2"]) == 1
    assert sorted(path.name for path in out.iterdir()) == ["two-2.wav", "two.wav"]
    lines = capsys.readouterr().err.splitlines()
    assert any("bad.vgm" in line and "header" in line for line in lines)
    assert lines[-1] == "1 of 3 songs failed"


def test_a_folder_that_cannot_be_made_is_one_line(two_notes, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for arguments in ("-o", f"{tmp_path}/file/out/"), ("--stems", tmp_path / "file"):
        assert "cannot write" in bad([two_notes, *arguments], capsys)


def test_unknown_endings_and_two_chips(two_notes, tmp_path, capsys):
    assert "a.mp3: expected a name that ends in .wav" in bad([two_notes, "-o", tmp_path / "a.mp3"], capsys)
    song = opm.load(VGM)
    song.but(opms=song.opms * 2).save(tmp_path / "dual.vgm")
    line = bad([tmp_path / "dual.vgm", "-o", tmp_path / "a.log"], capsys)
    assert "two" in line
    assert "a.log: " in line


def line_of(capsys, *arguments):
    """Run the player; return its one line."""
    assert main([str(a) for a in arguments]) == 0
    line, end = capsys.readouterr().err.split("\n")
    assert end == ""
    return line


@pytest.mark.parametrize("rate", ["native", "48000"])
@pytest.mark.parametrize("kind", [[], ["--float"]], ids=["int16", "float"])
@pytest.mark.parametrize("volume", [0, -20])
def test_the_line_about_a_file_says_its_peak(two_notes, tmp_path, capsys, rate, kind, volume):
    path = tmp_path / "a.wav"
    line = line_of(capsys, two_notes, "-o", path, "--rate", rate, "--volume", volume, *kind)
    sound, hertz = soundfile.read(path)
    decibels = 20 * np.log10(np.abs(sound).max())
    assert line == f"{path}: {len(sound) / hertz:.3f} s, peak {decibels:.1f} dBFS"


def test_the_line_about_silence(two_notes, tmp_path, capsys):
    """Muted, and so quiet that nothing is left of it."""
    for options in (["--mute", "1,2"], ["--mute", "1,2", "--rate", "native"], ["--volume", "-96"]):
        line = line_of(capsys, two_notes, "-o", tmp_path / "a.wav", *options)
        assert line.endswith(" s, silent")
        assert not soundfile.read(tmp_path / "a.wav")[0].any()


def test_a_float_file_may_be_louder_than_full_scale(two_notes, tmp_path, capsys):
    line = line_of(capsys, two_notes, "-o", tmp_path / "a.wav", "--float", "--volume", 40)
    assert 0 < float(line.split()[-2]) < 40
    assert "clipped" not in line


def test_lines_about_logs_midi_stems_and_standard_output(two_notes, tmp_path, capfdbinary):
    lines = {}
    for name in ("a.vgm", "a.mid", "stems", "-"):
        option = "--stems" if name == "stems" else "-o"
        path = name if name == "-" else tmp_path / name
        assert main([str(two_notes), option, str(path)]) == 0
        lines[name] = capfdbinary.readouterr().err.decode().replace(str(tmp_path), "").splitlines()
    assert lines["a.vgm"][-1] == "/a.vgm: 0.501 s, 13 writes"
    assert lines["a.mid"][-1] == "/a.mid: 0.501 s"
    assert [line.split()[0] for line in lines["stems"]] == [f"/stems/two-{n}.wav:" for n in range(1, 9)]
    assert [line.endswith("silent") for line in lines["stems"]] == [False] * 2 + [True] * 6
    (line,) = lines["-"]
    assert line.startswith("standard output: ")


def test_midi_is_what_a_song_saves(two_notes, tmp_path, capsys):
    assert main([str(two_notes), "-o", str(tmp_path / "a.mid")]) == 0
    assert f"{two_notes}: note: {tmp_path}/a.mid does not keep instruments, LFO" in capsys.readouterr().err
    data = (tmp_path / "a.mid").read_bytes()
    opm.load(two_notes).save(tmp_path / "a.mid")
    assert (tmp_path / "a.mid").read_bytes() == data


def test_the_tempo_of_midi_may_be_given(two_notes, tmp_path):
    assert main([str(two_notes), "-o", f"{tmp_path}/", "--format", "mid", "--bpm", "96"]) == 0
    head, *_ = mido.MidiFile(next(tmp_path.glob("*.mid"))).tracks
    assert [message.tempo for message in head if message.type == "set_tempo"] == [625_000]


@pytest.mark.parametrize(("options", "loudest"), [([], "vera_pcm"), (["--mute", "vera_pcm"], "ym2151")])
def test_the_line_about_clipping_names_the_loudest_part(whole, tmp_path, capsys, options, loudest):
    path = tmp_path / "a.wav"
    words = line_of(capsys, whole, "-o", path, "--volume", 40, *options).split(", ")
    sound, _ = soundfile.read(path, dtype="int16")
    clipped = int(np.count_nonzero((sound == 32_767) | (sound == -32_768)))
    assert words[1] == "peak 0.0 dBFS"
    assert abs(int(words[2].split()[0]) - clipped) <= 20
    assert words[-1] == f"{loudest} is the loudest part"
    line = line_of(capsys, whole, "-o", path, "--volume", 40, "--parts", "ym2151")
    assert line.endswith(" dB (--volume)")


@pytest.mark.parametrize("missing", [1, 60, 4000])
@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "vgm", "vgz", "log", "json", "mid"])
def test_a_full_disk_keeps_the_old_file(tmp_path, ending, missing):
    """A file size limit stands for it: the last bytes, written while a file is closed, or more of them are refused."""
    path = tmp_path / f"a.{ending}"
    command = [str(VGM), "-o", str(path), *["--start", "1:30"] * (ending in ("wav", "flac", "ogg"))]
    assert main(command) == 0
    size = path.stat().st_size
    path.write_bytes(b"the old one")
    limited = f"""
import resource, sys
import player.__main__ as program
resource.setrlimit(resource.RLIMIT_FSIZE, ({max(0, size - missing)},) * 2)
program.run()
"""
    done = subprocess.run(
        [sys.executable, "-c", limited, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if ": note: " not in line]
    assert f"cannot write {path}: " in line
    assert path.read_bytes() == b"the old one"
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_what_libsndfile_overlooks_at_the_end_is_noticed(two_notes, tmp_path, capsys, monkeypatch, ending):
    """The last page of a file, lost on a disk that is full when it is closed."""
    close = soundfile.SoundFile.close

    def lose(file):
        path = None if file.closed or "w" not in file.mode else os.fsdecode(file.name)
        close(file)
        if path:
            os.truncate(path, Path(path).stat().st_size - 400)

    monkeypatch.setattr(soundfile.SoundFile, "close", lose)
    for option in (["-o", tmp_path / f"a.{ending}"], ["--stems", tmp_path])[: 1 + (ending == "wav")]:
        assert "it was cut short, as on a full disk" in bad([two_notes, *option], capsys)
        assert list(tmp_path.iterdir()) == [two_notes]


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "vgm", "vgz", "log", "json", "mid"])
def test_a_song_of_no_sound_at_all(tmp_path, capsys, ending):
    """A valid file, or a refusal that keeps the old one."""
    song, path = tmp_path / "song.txt", tmp_path / f"a.{ending}"
    song.write_text("0 08 00\n")
    path.write_bytes(b"the old one")
    if ending == "flac":
        assert main([str(song), "-o", str(path), "--tail", "0"]) == 2
        line = f"{song}: {path}: expected a sound, which a FLAC file cannot be without"
        assert capsys.readouterr().err.splitlines()[-1].endswith(line)
        assert path.read_bytes() == b"the old one"
        return
    assert main([str(song), "-o", str(path), *["--tail", "0"] * (ending in ("wav", "ogg"))]) == 0
    if ending in ("wav", "ogg"):
        assert soundfile.info(path).frames == 0
    elif ending == "mid":
        assert path.read_bytes()[:4] == b"MThd"
    else:
        assert len(opm.load(path).writes) == 1


@pytest.mark.parametrize("rate", ["native", "8000", "48000"])
@pytest.mark.parametrize("ticks", [1, 2, 3, 100])
def test_a_loop_shorter_than_a_sample_is_left_out(tmp_path, capsys, rate, ticks):
    path = tmp_path / "a.wav"
    rows = [{"time": 0, "addr": "0x08", "data": "0x08"}]
    log = {"time_unit": "samples", "length": ticks, "loop": {"time": 0, "row": 1}, "events": rows}
    (tmp_path / "song.json").write_text(json.dumps(log))
    assert main([str(tmp_path / "song.json"), "-o", str(path), "--rate", rate]) == 0
    data, said = path.read_bytes(), capsys.readouterr().err
    if b"smpl" in data:
        first, last = struct.unpack_from("<II", data, data.index(b"smpl") + 8 + 36 + 8)
        assert 0 <= first <= last < soundfile.info(path).frames
    else:
        assert f"{path} does not keep the loop, which is shorter than a sample" in said
    assert (b"smpl" in data) == (ticks == 100 or rate == "native" or rate == "48000")


@pytest.mark.parametrize("ending", ["flac", "ogg", "vgm", "mid"])
def test_an_error_names_the_output(two_notes, tmp_path, capsys, ending):
    path = tmp_path / "none" / f"a.{ending}"
    assert f"{two_notes}: cannot write {path}: no such file" in bad([two_notes, "-o", path], capsys)


def test_what_the_encoder_refuses_names_the_output(two_notes, tmp_path, capsys):
    """FLAC has rates of 16 bits, or tens of Hz; libvorbis has none that high, and crashes."""
    line = bad([two_notes, "-o", tmp_path / "a.flac", "--rate", 65_537], capsys)
    assert f"{two_notes}: cannot write {tmp_path}/a.flac: " in line
    assert ".opm-" not in line
    for options in ("--rate", 200_001), ("--rate", "native", "--clock", 16_000_000):
        line = bad([two_notes, "-o", tmp_path / "a.ogg", *options], capsys)
        assert f"{two_notes}: {tmp_path}/a.ogg: expected at most 200000 Hz" in line
    render(two_notes, tmp_path / "a.ogg", "--rate", 200_000)


def test_what_does_not_fit_names_the_output(tmp_path, capsys):
    """A WAV file, that is; what comes before ``--start`` does not count."""
    path = tmp_path / "long.log"
    path.write_text('[{"time": 500000.5, "addr": 8, "data": 0}]')
    for output, name in ((tmp_path / "a.wav", f"{tmp_path}/a.wav"), ("-", "standard output")):
        assert f"{path}: {name}: 500011 s at 48000 Hz do not fit" in bad(
            [path, "-o", output, "--compat", "none"], capsys
        )
    assert f"{path}: {tmp_path}/s/long-1.wav: 500" in bad([path, "--stems", tmp_path / "s", "--compat", "none"], capsys)
    job = Job(path, start=499_999.0, options={"double_speed": False})
    files._check(job, job.playing(), path.with_suffix(".wav"))


def test_lines_of_workers_name_their_songs(two_notes, tmp_path, capfd):
    other = tmp_path / "other.log"
    other.write_text('[{"time": 0.01, "addr": "08", "data": "00"}]')
    assert main([str(two_notes), str(other), "-o", f"{tmp_path}/out/", "--jobs", "2"]) == 0
    lines = capfd.readouterr().err.splitlines()
    starts = (f"{other}: note: ", f"{tmp_path}/out/two.wav: ", f"{tmp_path}/out/other.wav: ")
    assert all(line.startswith(starts) for line in lines if not line.startswith("compiling, "))
    assert sum(line.startswith(f"{other}: note: cat2151") for line in lines) == 1
