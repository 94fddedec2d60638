"""Playing aloud, through PortAudio and ALSA into PulseAudio's null sink; what arrives is recorded and compared.

``python -m tests.soak`` does the same for minutes.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pulse
import pytest
from card import board
from conftest import ROOT
from pulse import busy, heard, part_of, recorded, wait_for

import opm
from opm.song import Playing, Renderer, Resampler, SongError
from opm.song.formats import json_log
from player import Live

SONG = ROOT / "player" / "songs" / "mountain_king.log"
PLAYER = [sys.executable, "-m", "player"]

if not pulse.available():
    if os.environ.get("CI"):
        pytest.fail("CI needs pulseaudio, pulseaudio-utils and libasound2-plugins", pytrace=False)
    pytestmark = pytest.mark.skip(reason="needs pulseaudio, pulseaudio-utils and libasound2-plugins")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Environment of a running server."""
    with pulse.pulse_server(tmp_path_factory.mktemp("pulse")) as environment:
        yield environment


def excerpt(tmp_path, seconds):
    """Write the first seconds of the song as a log of its own; return it."""
    song = opm.load(SONG)
    path = tmp_path / "excerpt.json"
    song.but(rows=song.rows[song.rows["time"] < 55_930 * seconds], end=55_930 * seconds).save(path)
    return path


def play_and_record(path, sound, folder):
    """Play a song; return what was rendered for it and what arrived at the sink."""
    command = [*PLAYER, str(path)]
    with recorded(folder, sound) as recording:
        done = subprocess.run(command, cwd=ROOT, env=sound, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0
    assert "underruns" not in done.stderr
    playing = Playing(opm.load(path), loops=2, fade=8.0)
    resampler = Resampler(playing.rate, pulse.RATE)
    blocks = [*map(resampler.convert, Renderer(playing).blocks()), resampler.flush()]
    return np.concatenate(blocks), heard(recording)


@pytest.mark.parametrize("song", ["YM2151", "board"])
def test_what_arrives_is_what_was_rendered(sound, tmp_path, song):
    path = excerpt(tmp_path, 4) if song == "YM2151" else board(tmp_path, beats=2)
    want, got = play_and_record(path, sound, tmp_path)
    np.testing.assert_array_equal(part_of(got, want), want)


def test_twenty_seconds_with_both_cores_busy(sound, tmp_path):
    """No underrun, no gap, no sample different in 20 s while other processes keep every core busy."""
    with busy(os.cpu_count() or 2):
        want, got = play_and_record(excerpt(tmp_path, 20), sound, tmp_path)
    assert len(want) > 20 * pulse.RATE
    np.testing.assert_array_equal(part_of(got, want), want)


def said(err):
    """Return the lines of standard error, but for one that a first run has."""
    return [line for line in err.splitlines() if not line.startswith("compiling")]


@contextmanager
def playing(sound, *arguments):
    """Run the player until it sounds; yield its process."""
    process = subprocess.Popen([*PLAYER, *arguments], cwd=ROOT, env=sound, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_it_though_the_sink_is_suspended(sound, tmp_path):
    """What is to be waited for is waited for outside PortAudio, which would not hear it."""
    with recorded(tmp_path, sound) as recording, playing(sound, str(SONG)) as process:
        wait_for(lambda: heard(recording).any(), "sound")
        pactl = ["pactl", "suspend-sink", pulse.SINK]
        try:
            subprocess.run([*pactl, "1"], env=sound, check=True)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        finally:
            subprocess.run([*pactl, "0"], env=sound, check=True)
    assert process.returncode == 130
    assert said(err) == []


def test_a_card_that_goes_away_is_one_line(tmp_path):
    with pulse.pulse_server(tmp_path) as sound, playing(sound, str(SONG)) as process:
        with recorded(tmp_path, sound) as recording:
            wait_for(lambda: heard(recording).any(), "sound")
        subprocess.run(["pactl", "unload-module", "module-null-sink"], env=sound, check=True)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    (line,) = said(err)
    assert "the sound card is gone" in line


class Client:
    """A client of the live server."""

    def __init__(self, address):
        self.connection = socket.create_connection(address, timeout=60)
        self.stream = self.connection.makefile("rwb")

    def ask(self, command, **fields):
        return self.send(json.dumps({"command": command, **fields}).encode() + b"\n", 1)[0]

    def send(self, lines, count):
        """Send lines at once; return their answers, all "ok"."""
        self.stream.write(lines)
        self.stream.flush()
        answers = [json.loads(self.stream.readline()) for _ in range(count)]
        assert {answer["status"] for answer in answers} == {"ok"}
        return answers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.connection.close()


def melody(seconds):
    """Return the rows of a JSON log."""
    rows = [(0, *write) for write in ((0x20, 0xC7), (0x28, 0x4A), (0x40, 1), (0x80, 31), (0xE0, 15))]
    for i in range(8 * seconds):
        rows += [(i / 8, 0x28, 0x3A + i % 4 + i // 4 % 4 * 16), (i / 8, 8, 8), (i / 8 + 0.1, 8, 0)]
    return [{"time": time, "addr": address, "data": data} for time, address, data in rows]


class Kept:
    """An output that keeps what it is given."""

    rate = float(pulse.RATE)

    def __init__(self, samples):
        self.left, self.parts = samples, []

    def start(self):
        """Begin."""

    def write(self, samples):
        self.parts.append(samples.copy())
        self.left -= len(samples)
        if self.left < 0:
            raise SongError("enough")

    def close(self):
        """End."""


def test_a_flood_of_requests_costs_no_sample(sound, tmp_path):
    """A melody plays; twelve clients send songs of 60 000 writes each, 48 single ones without end: below a million."""
    song, done = melody(5), threading.Event()
    far = [{"time": 1000 + i / 1000, "addr": 255, "data": i % 256} for i in range(20_000)]

    def songs():
        with Client(address) as client:
            for _ in range(3):
                client.ask("play", song=far, at=100)

    def writes():
        with Client(address) as client:
            while not done.is_set():
                client.send(b'{"command": "write", "address": 255, "data": 1, "at": 500}\n' * 50, 50)

    with recorded(tmp_path, sound) as recording, playing(sound, "--serve", "127.0.0.1:0") as process:
        while "serving on" not in (line := process.stderr.readline()):
            assert line
        address = ("127.0.0.1", int(line.rpartition(":")[2]))
        with Client(address) as client:
            at = client.ask("time")["time"] + 0.5
            client.ask("play", song=song, at=at)
            with ThreadPoolExecutor(60) as pool:
                flood = [pool.submit(songs) for _ in range(12)] + [pool.submit(writes) for _ in range(48)]
                wait_for(lambda: client.ask("time")["time"] > at + 5.5, "the end of the melody")
                done.set()
                for one in flood:
                    one.result()
            client.ask("shutdown")
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
    live = Live(output=Kept(round((at + 5.2) * pulse.RATE)))
    live.play(json_log.read(json.dumps(song).encode()), at)
    live.start()
    live._thread.join()
    want = np.concatenate(live._output.parts)
    np.testing.assert_array_equal(part_of(heard(recording), want), want)


def test_ctrl_c_stops_at_once(sound, tmp_path):
    """What still sounds is what the device held, not the second that was rendered ahead: counted in samples."""
    with recorded(tmp_path, sound) as recording:
        process = subprocess.Popen([*PLAYER, str(SONG)], cwd=ROOT, env=sound, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: heard(recording).any(), "sound")
        time.sleep(0.5)
        before = np.count_nonzero(heard(recording).any(axis=1))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    after = np.count_nonzero(heard(recording).any(axis=1)) - before
    assert after < 0.8 * pulse.RATE, f"{after / pulse.RATE:.2f} s of sound after the signal"
