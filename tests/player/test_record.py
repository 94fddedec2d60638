"""Recordings of a live session: the file holds what was heard, and is complete however the session ends."""

import os
import struct
import threading

import numpy as np
import pytest
import soundfile
from commands import bad
from test_live import TONE, Lost, Recorder

import opm
import player.__main__
import player.devices
import player.record
from opm.song import SongError
from player import Live
from player.live import BLOCK
from player.serve import Server


class Finite(Recorder):
    """Takes some blocks, then has gone, or is never done with the next."""

    def __init__(self, blocks, lost=False):
        super().__init__()
        self.room.release(blocks)
        self.lost, self.over = lost, threading.Event()

    def write(self, samples):
        if not self.room.acquire(blocking=False):
            self.over.set()
            if self.lost:
                raise player.devices.CardGone("the sound card is gone")
            self.room.acquire()
        self.parts.append(samples.copy())

    def interrupt(self, owner):
        self.room.release()
        owner.join(20)

    @property
    def sound(self):
        return np.concatenate(self.parts)


def recorded(path, blocks=30, output=None, play=lambda live: None):
    """Record a tone; return the session when it has ended, and what its output was given."""
    output = output or Finite(blocks)
    live = Live(output=output, record=path)
    play(live)
    for address, data in TONE:
        live.write(address, data, at=0.01)
    live.start()
    assert output.over.wait(20)
    live.stop()
    return live, output


@pytest.mark.parametrize("lost", [False, True])
def test_a_wav_is_what_the_card_was_given(tmp_path, lost):
    """And its head says so, also if the card has gone."""
    path = tmp_path / "take.wav"
    live, output = recorded(path, output=Finite(30, lost))
    sound, rate = soundfile.read(path, dtype="int16")
    assert rate == round(output.rate)
    assert sound.any()
    given = output.sound
    np.testing.assert_array_equal(sound[: len(given)], given)
    assert len(given) <= len(sound) <= len(given) + BLOCK, "and the block that was on its way"
    data = path.read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    at = data.index(b"data")
    assert struct.unpack("<I", data[at + 4 : at + 8])[0] == 4 * len(sound) == len(data) - at - 8
    assert live.recording.summary == f"{path}: {len(sound) / rate:.3f} s, peak -12.1 dBFS"
    assert live.recording.failure == ""
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("ending", [".log", ".json", ".vgm", ".vgz"])
def test_the_writes_as_they_were_heard(tmp_path, ending):
    """A log plays what was heard, bit for bit; a VGM has its own clock, of 44 100 Hz."""
    path = tmp_path / f"take{ending}"
    live, output = recorded(path, play=lambda live: live.write(0x60, 0x10, at=0.05))
    song, heard = opm.load(path), output.sound
    assert len(song.rows) == 7
    assert song.writes["address"].tolist() == [*(address for address, _ in TONE), 0x60]
    assert song.length == pytest.approx(len(heard) / output.rate, abs=(BLOCK + 2) / output.rate)
    if ending in (".log", ".json"):
        np.testing.assert_array_equal(opm.run(song.events(), len(heard)), heard)
    else:
        due = [0.01 + 2 * i / output.rate for i in range(6)] + [0.05]
        np.testing.assert_allclose(song.writes["seconds"], due, rtol=0, atol=1 / 44_100)
    assert live.recording.summary == f"{path}: {song.length:.3f} s, 7 writes"


def test_what_stood_there_stays_until_the_recording_is_complete(tmp_path):
    path = tmp_path / "take.log"
    path.write_text("before")
    output = Finite(5)
    with Live(output=output, record=path):
        assert output.over.wait(20)
        assert path.read_text() == "before"
        assert len([*tmp_path.iterdir()]) == 2
    assert [*tmp_path.iterdir()] == [path]
    assert len(opm.load(path).rows) == 0


@pytest.mark.parametrize("name", ["take.wav", "take.flac", "take.vgm"])
def test_a_session_that_never_sounded(tmp_path, name):
    """A WAV and a log of nothing are files; a FLAC is none, and what stood there stays."""
    path = tmp_path / name
    path.write_bytes(b"before")
    told = []
    live = Live(output=Finite(5), record=path, on_failure=told.append)
    live.stop()
    live.stop()
    if name == "take.flac":
        assert told == [live.recording.failure] == [f"cannot write {path}: nothing has sounded"]
        assert path.read_bytes() == b"before"
    else:
        assert told == []
        assert live.recording.summary.startswith(f"{path}: 0.000 s, ")
        assert path.read_bytes() != b"before"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(("name", "words"), [("none/take.wav", "no such file or"), ("folder.wav", "regular file")])
def test_a_file_that_cannot_be_written_is_said_before_there_is_sound(tmp_path, name, words):
    (tmp_path / "folder.wav").mkdir()
    output = Finite(5)
    with pytest.raises(SongError, match=f"^cannot write .*{words}"):
        Live(output=output, record=tmp_path / name)
    assert output.closed


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path, monkeypatch):
    """What has been recorded by then is kept."""
    path, told = tmp_path / "take.wav", []
    write = soundfile.SoundFile.write

    def full(file, block):
        if file.frames + len(block) > 2000:
            raise OSError(28, os.strerror(28))
        write(file, block)

    monkeypatch.setattr(soundfile.SoundFile, "write", full)
    output = Finite(30)
    live = Live(output=output, record=path, on_failure=told.append)
    live.start()
    assert output.over.wait(20)
    live.stop()
    assert told == [f"cannot write {path}: no space left on device; the recording has ended"]
    assert live.failure is None
    assert len(output.sound) >= 30 * BLOCK
    assert soundfile.info(path).frames == 1792


def test_a_slow_disk_costs_no_more_than_so_much_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(player.record, "MOST_BLOCKS", 4)
    path, told, goes_on = tmp_path / "take.wav", [], threading.Event()
    write = soundfile.SoundFile.write
    monkeypatch.setattr(soundfile.SoundFile, "write", lambda *of: (goes_on.wait(20), write(*of)))
    output = Finite(30)
    live = Live(output=output, record=path, on_failure=told.append)
    live.start()
    assert output.over.wait(20)
    assert told == [f"{path}: the disk is too slow; the recording has ended"]
    goes_on.set()
    live.stop()
    assert soundfile.info(path).frames <= 6 * BLOCK
    assert live.failure is None


def test_more_than_a_file_holds_ends_the_recording(tmp_path, monkeypatch):
    monkeypatch.setitem(player.record.MOST_ROWS, ".log", 3)
    monkeypatch.setattr(player.record, "WAV_LIMIT", 4 * 1000)
    for name, holds in (("take.log", "it holds 3 writes"), ("take.wav", "a WAV file holds 4 GiB")):
        path, told = tmp_path / name, []
        live = Live(output=(output := Finite(30)), record=path, on_failure=told.append)
        for i in range(5):
            live.write(8, 0, at=0.01 * i)
        live.start()
        assert output.over.wait(20)
        live.stop()
        assert told == [f"{path}: {holds}; the recording has ended"]
    assert len(opm.load(tmp_path / "take.log").rows) == 3
    assert soundfile.info(path).frames == 768


def test_the_card_goes_away_and_the_file_is_there_before_the_session_is_stopped(tmp_path):
    output = Lost()
    live = Live(output=output, record=tmp_path / "take.log")
    live.start()
    live._thread.join(20)
    live.recording._thread.join(20)
    assert opm.load(tmp_path / "take.log").length > 0
    live.stop()


@pytest.mark.parametrize("lost", [False, True])
def test_a_server_that_is_ended_by_a_signal_leaves_a_complete_file(monkeypatch, tmp_path, capsys, lost):
    class Card(Finite):
        underruns = 0

        def __init__(self, *_):
            super().__init__(20, lost)

    def serve(server, interval):
        assert server.live._output.over.wait(20)
        raise SystemExit(130)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(player.devices, "Speaker", Card)
    monkeypatch.setattr(Server, "serve_forever", serve)
    with pytest.raises(SystemExit):
        player.__main__.main(["--serve", "127.0.0.1:0", "--record", "take.wav"])
    frames = soundfile.info("take.wav").frames
    assert 20 * BLOCK <= frames <= 22 * BLOCK
    assert capsys.readouterr().err.splitlines()[-1] == f"take.wav: {frames / 55_930:.3f} s, silent"


@pytest.mark.parametrize("name", ["take.mid", "take", "take.mp3", ""])
def test_a_name_that_ends_otherwise(name, capsys):
    assert "expected a name that ends in .wav, .flac, .ogg, .vgm" in bad(["--serve", "--record", name], capsys)


def test_a_recording_without_a_session(capsys):
    assert "--record has no meaning for playing" in bad(["song.vgm", "--record", "x.wav"], capsys)
