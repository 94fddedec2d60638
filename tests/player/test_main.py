"""The program: files out, one-line errors."""

import json
import os
import subprocess
import sys
import wave

import numpy as np
import pytest
from commands import bad
from conftest import ROOT

import opm
from player.__main__ import main

SONGS = ROOT / "player" / "songs"
LOG, VGM = SONGS / "mountain_king.log", SONGS / "mountain_king.vgm"
SHORT = [
    (0, 0x20, 0xC7),
    (0, 0x28, 0x4A),
    (0, 0x40, 0x01),
    (0, 0x80, 0x1F),
    (0, 0xE0, 0x0F),
    (10, 0x08, 0x08),
    (5000, 0x08, 0),
]


def samples(path):
    with wave.open(str(path)) as file:
        assert (file.getsampwidth(), file.getnchannels()) == (2, 2)
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)


@pytest.fixture
def short(tmp_path):
    path = tmp_path / "short.json"
    path.write_text(json.dumps([{"time": t, "addr": a, "data": d} for t, a, d in SHORT]))
    return path


def test_native_rate_writes_the_chips_own_samples(short, tmp_path):
    assert main([str(short), "-o", str(tmp_path / "out.wav"), "--rate", "native", "--tail", "0"]) == 0
    rate, got = samples(tmp_path / "out.wav")
    starts = [0, 2, 4, 6, 8, 10, 5000]
    rows = [(32 * f + 2 * k, k, w[1 + k]) for f, w in zip(starts, SHORT, strict=True) for k in (0, 1)]
    assert rate == 55_930
    np.testing.assert_array_equal(got, opm.run(rows, 5000))


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_resampled(short, tmp_path, rate):
    assert main([str(short), "-o", str(tmp_path / "out.wav"), "--rate", str(rate)]) == 0
    got_rate, got = samples(tmp_path / "out.wav")
    assert got_rate == rate
    spectrum = np.abs(np.fft.rfft(got[500:3500, 0] * np.hanning(3000)))
    assert spectrum.argmax() * rate / 3000 == pytest.approx(440, abs=rate / 3000)


def test_the_song_that_ships_sounds_on_both_sides_and_all_channels(tmp_path):
    assert main([str(LOG), "-o", str(tmp_path / "out.wav"), "--rate", "native"]) == 0
    rate, got = samples(tmp_path / "out.wav")
    assert len(got) / rate > 30
    assert (got[:, 0] != got[:, 1]).any()
    assert np.abs(got.astype(int)).max() > 8000
    writes = json.loads(LOG.read_text())["events"]
    touched = {int(w["addr"], 16) for w in writes}
    assert {int(w["data"], 16) & 7 for w in writes if w["addr"] == "0x08" and int(w["data"], 16) & 0x78} == set(
        range(8)
    )
    assert len({int(w["data"], 16) & 7 for w in writes if 0x20 <= int(w["addr"], 16) < 0x28}) >= 4
    assert {0x0F, 0x18, 0x19, 0x1B} <= touched


def test_both_logs_of_the_song_come_from_its_score(tmp_path):
    from opm.song.writers import json_log, vgm
    from player.songs import mountain_king

    piece = mountain_king.compose()
    assert json_log.text(piece) == LOG.read_bytes()
    assert vgm.write(piece).data == VGM.read_bytes()


def test_the_decision_about_a_log_in_seconds_is_printed(tmp_path, capsys):
    path = tmp_path / "seconds.log"
    path.write_text('[{"time": 0.01, "addr": "08", "data": "00"}]')
    assert main([str(path), "-o", str(tmp_path / "a.wav"), "--rate", "native"]) == 0
    assert "cat2151" in capsys.readouterr().err
    assert main([str(path), "-o", str(tmp_path / "a.wav"), "--compat", "none"]) == 0
    assert "cat2151" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "byte 0: expected"),
        (b"RIFF....WAVE", "byte 0: expected"),
        (b"\x1f\x8b\x08\x00broken", "gzip"),
        (b"Vgm ", "header"),
        (b'{"events": [{"time": 0}]}', "row 1"),
    ],
    ids=range(5),
)
def test_bad_files(tmp_path, capsys, content, words):
    path = tmp_path / "bad.log"
    path.write_bytes(content)
    line = bad([path, "-o", tmp_path / "out.wav"], capsys)
    assert words in line
    assert str(path) in line
    assert not (tmp_path / "out.wav").exists()


def test_files_that_are_not_there(tmp_path, capsys):
    assert "no such file" in bad([tmp_path / "none.vgm"], capsys)
    assert "no songs in" in bad([tmp_path], capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--loops", "0"], ["--loops", "x"], ["--fade", "-1"], ["--tail", "nan"], ["--clock", "5"],
        ["--rate", "0"], ["--compat", "x"], ["--time-unit", "x"], ["--nonsense"],
    ],
    ids=range(10),
)  # fmt: skip
def test_bad_options(capsys, arguments):
    bad([*arguments] if not arguments else [LOG, *arguments], capsys)


def test_outputs_that_cannot_be_written(tmp_path, capsys, short):
    assert "cannot write" in bad([short, "-o", tmp_path / "none" / "out.wav"], capsys)
    before = short.read_bytes()
    assert "song itself" in bad([short, "-o", short], capsys)
    assert short.read_bytes() == before
    assert "cannot write" in bad([short, "-o", f"{short}/x/"], capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["short.json"]


def test_a_song_too_long_for_a_wav(tmp_path, capsys):
    path = tmp_path / "long.log"
    path.write_text('[{"time": 500000.5, "addr": 8, "data": 0}]')
    assert "4 GiB" in bad([path, "-o", tmp_path / "out.wav", "--compat", "none"], capsys)
    assert not (tmp_path / "out.wav").exists()


def start_player(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "player", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("stub", "words"),
    [
        (
            "raise OSError('PortAudio library not found')",
            "PortAudio is not installed (apt install libportaudio2, dnf install portaudio",
        ),
        (
            "class PortAudioError(Exception): pass\ndef query_devices(*_, **__): raise PortAudioError('no device')",
            "no sound card",
        ),
    ],
    ids=["no PortAudio", "no sound card"],
)
def test_no_sound_is_one_line(short, tmp_path, stub, words):
    """A stub stands for sounddevice: this machine may well have both."""
    (tmp_path / "sounddevice.py").write_text(stub)
    process = start_player(short, PYTHONPATH=str(tmp_path))
    out, err = process.communicate(timeout=90)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1), err
    assert words in err
    assert "-o song.wav" in err
