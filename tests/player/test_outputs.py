"""Files out: what is in them, and that every log turns into every other."""

import json
import struct
import subprocess
import sys
import wave

import numpy as np
import pytest
import soundfile
from conftest import ROOT

import opm
from opm.song import Options, Schedule, formats
from player.__main__ import main

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
    whole = render(two_notes, tmp_path / "a.wav")
    assert main([str(two_notes), "-o", str(tmp_path / "f.wav"), "--float"]) == 0
    assert soundfile.info(tmp_path / "f.wav").subtype == "FLOAT"
    values = soundfile.read(tmp_path / "f.wav", dtype="float32")[0] * 32_768
    assert np.abs(values - whole).max() <= 0.5 + 1e-3
    assert (values != np.rint(values)).any()


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_tags(tmp_path, ending):
    render(VGM, tmp_path / f"a.{ending}", "--loops", 1, "--fade", 0, "--start", "0:40")
    with soundfile.SoundFile(tmp_path / f"a.{ending}") as file:
        assert file.title == "In the Hall of the Mountain King"
        assert file.artist == "Edvard Grieg"


def test_loop_points(tmp_path):
    """The smpl chunk's loop is one pass, and readers still read the file."""
    sound = render(VGM, tmp_path / "a.wav", "--rate", "native", "--loops", 1, "--fade", 0.1)
    data = (tmp_path / "a.wav").read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    at = data.index(b"smpl")
    first, last = struct.unpack_from("<II", data, at + 8 + 36 + 8)
    schedule = Schedule(formats.read(VGM), Options())
    assert (first, last + 1) == (schedule.due(0), schedule.due(formats.read(VGM).length))
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() == len(sound) > last


def test_wav_on_standard_output(two_notes, tmp_path):
    want = tmp_path / "want.wav"
    render(two_notes, want)
    command = [sys.executable, "-m", "player", str(two_notes), "-o", "-"]
    got = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert got == want.read_bytes()


def test_stems_are_the_channels_after_panning(two_notes, tmp_path):
    assert main([str(two_notes), "--stems", str(tmp_path / "stems"), "--rate", "native"]) == 0
    stems = [soundfile.read(tmp_path / "stems" / f"two-{i}.wav", dtype="int16")[0] for i in range(1, 9)]
    assert len({len(stem) for stem in stems}) == 1
    assert stems[0][:, 0].any()
    assert not stems[0][:, 1].any()
    assert stems[1][:, 1].any()
    assert not any(stem.any() for stem in stems[2:])
    mix = render(two_notes, tmp_path / "mix.wav", "--rate", "native")
    total = np.sum(stems, axis=0, dtype=np.int32)
    assert np.abs(total - mix).max() < 16, "the mix is the sum, rounded by the DAC"


def test_mute_and_solo(two_notes, tmp_path):
    left = render(two_notes, tmp_path / "l.wav", "--solo", 1)
    right = render(two_notes, tmp_path / "r.wav", "--mute", 1)
    assert left[:, 0].any()
    assert not left[:, 1].any()
    assert right[:, 1].any()
    assert not right[:, 0].any()


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
    song = formats.read(VGM)
    path = tmp_path / f"copy.{ending}"
    assert main([str(VGM), "-o", str(path)]) == 0
    copy = formats.read(path)
    for name in ("address", "data", "chip"):
        np.testing.assert_array_equal(copy.writes[name], song.writes[name])
    frames = [
        [song.frame(t) for t in song.writes["time"].tolist()],
        [copy.frame(t) for t in copy.writes["time"].tolist()],
    ]
    assert frames[0] == frames[1]
    if ending.startswith("vg"):
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
    assert main([str(two_notes), str(two_notes), "-o", str(tmp_path / "file" / "out")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_unknown_endings_and_two_chips(two_notes, tmp_path, capsys):
    assert main([str(two_notes), "-o", str(tmp_path / "a.mp3")]) == 2
    assert "expected a name that ends in .wav" in capsys.readouterr().err
    song = formats.read(VGM)
    song.chips = ("ym2151", "ym2151")
    (tmp_path / "dual.vgm").write_bytes(formats.vgm.write(song))
    assert main([str(tmp_path / "dual.vgm"), "-o", str(tmp_path / "a.log")]) == 2
    assert "two" in capsys.readouterr().err
