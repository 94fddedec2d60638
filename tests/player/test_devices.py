"""The sound card's ways of failing, with a PortAudio that only pretends: no room, no answer, no card any more."""

import atexit
import builtins
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from pulse import wait_for

import player.__main__
import player.playback
from player import devices
from player.devices import CardGone, NoSound, Speaker
from player.playback import Playback

SONG = ROOT / "player" / "songs" / "mountain_king.log"
CAPACITY = 1000


class PortAudioError(Exception):
    """As sounddevice has it."""


class Stream:
    """A stream whose room is what the test says, look by look; the last word stays. Remembers who calls what."""

    def __init__(self, **_):
        self.rooms, self.written, self.calls = [CAPACITY], [], []
        self.active = False
        self.seconds = 0.0
        """How long a write takes."""

    def _called(self, name):
        self.calls.append((name, threading.current_thread()))

    @property
    def names(self):
        return [name for name, _ in self.calls if name != "write_available"]

    @property
    def write_available(self):
        self._called("write_available")
        room = self.rooms.pop(0) if len(self.rooms) > 1 else self.rooms[0]
        if room is None:
            raise PortAudioError("Unanticipated host error")
        return room

    def start(self):
        self._called("start")
        self.active = True

    def write(self, samples):
        self._called("write")
        time.sleep(self.seconds)
        self.written.append(samples.copy())
        return False

    def abort(self):
        self._called("abort")

    def close(self):
        self._called("close")


@pytest.fixture
def stream(monkeypatch):
    stream = Stream()
    fake = SimpleNamespace(
        PortAudioError=PortAudioError,
        OutputStream=lambda **_: stream,
        query_devices=lambda *_, **__: {"default_samplerate": 44_100.0},
        _exit_handler=lambda: None,
    )
    monkeypatch.setattr(devices, "_sounddevice", lambda: fake)
    monkeypatch.setattr(devices, "POLL", 0)
    return stream


def started(stream):
    card = Speaker()
    card.start()
    stream.written.clear()
    return card


def test_nothing_is_written_without_room_for_it(stream):
    """PortAudio would wait for it, deaf to Ctrl-C; and it waits for a whole period, even with room for less."""
    card = started(stream)
    samples = np.arange(2000, dtype=np.int16).reshape(-1, 2)
    stream.rooms = [0, 249, 250, 0, 600, 249, 400]
    card.write(samples)
    assert [len(part) for part in stream.written] == [250, 600, 150]
    np.testing.assert_array_equal(np.concatenate(stream.written), samples)


def test_ctrl_c_is_heard_while_the_card_takes_nothing(stream, monkeypatch):
    card = started(stream)
    stream.rooms = [0]
    looks = iter([None] * 20)

    def sleep(seconds):
        if next(looks, "over") == "over":
            raise KeyboardInterrupt

    monkeypatch.setattr(devices.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        card.write(np.zeros((100, 2), np.int16))
    with pytest.raises(KeyboardInterrupt):
        card.finish()
    assert not stream.written


def test_a_card_that_takes_nothing_more_is_not_waited_for_at_the_end(stream, monkeypatch):
    """A suspended sink: what it holds would be waited for until somebody wakes it."""
    card = started(stream)
    stream.rooms = [0]
    clock = iter(range(1000))
    monkeypatch.setattr(devices.time, "monotonic", lambda: float(next(clock)))
    card.finish()
    assert not stream.written


DEVICES = {
    "slow": ([CAPACITY], 0.02),
    "suspended at once": ([CAPACITY] * 3 + [0], 0.0),
    "suspended in a write": ([CAPACITY] * 40 + [300, 0], 0.0),
    "suspended before a write": ([CAPACITY] * 40 + [0], 0.0),
}


@pytest.mark.parametrize("play_out", [False, True])
@pytest.mark.parametrize("device", DEVICES)
def test_one_thread_owns_the_card(stream, monkeypatch, device, play_out):
    """It alone starts, writes, plays out and closes, however the device behaves; the end does not wait for ever."""
    monkeypatch.setattr(devices, "SUSPENDED", 0.05)
    stream.rooms, stream.seconds = list(DEVICES[device][0]), DEVICES[device][1]
    playback = Playback(Speaker(), 0.6)
    playback.start()
    wait_for(lambda: len(stream.rooms) == 1 and len(stream.calls) > 50, "the device to be what it is")
    playback.stop(play_out)
    playback._thread.join(20)
    assert {thread.name for _, thread in stream.calls} == {playback._thread.name}
    assert stream.names[0] == "start"
    assert stream.names[-1] == "close"
    assert playback.error is None


@pytest.mark.parametrize("device", DEVICES)
def test_one_thread_owns_the_card_of_a_live_session(stream, device):
    stream.rooms, stream.seconds = list(DEVICES[device][0]), DEVICES[device][1]
    live = player.Live()
    live.start()
    wait_for(lambda: len(stream.rooms) == 1 and len(stream.calls) > 50, "the device to be what it is")
    live.stop()
    live._thread.join(20)
    assert {thread.name for _, thread in stream.calls} == {live._thread.name}
    assert stream.names[-1] == "close"
    assert live.failure is None


def test_a_write_that_waits_is_interrupted(stream):
    card = started(stream)
    stream.rooms = [0]
    thread = threading.Thread(target=card.write, args=(np.zeros((100, 2), np.int16),))
    thread.start()
    card.interrupt(thread)
    thread.join(20)
    assert not thread.is_alive()
    assert not stream.written


@pytest.mark.parametrize("method", ["write", "close"])
@pytest.mark.parametrize("play_out", [False, True])
def test_a_card_that_does_not_answer_is_left_behind(stream, monkeypatch, method, play_out):
    """With it PortAudio's end, which would wait for the same answer when the process ends; and nobody else asks."""
    unregistered, asked, answer = [], threading.Event(), threading.Event()
    monkeypatch.setattr(devices, "TIME_TO_CLOSE", 0.01)
    monkeypatch.setattr(player.playback, "TIME_TO_LEAVE", 0.01)
    monkeypatch.setattr(atexit, "unregister", unregistered.append)
    monkeypatch.setattr(devices, "SUSPENDED", 0.01)
    monkeypatch.setattr(devices, "LATENCY", 0.01)

    def hang(*_):
        asked.set()
        answer.wait(20)

    setattr(stream, method, hang)
    playback = Playback(Speaker(), 0.6)
    playback.start()
    assert method == "close" or asked.wait(20)
    playback.stop(play_out)
    assert unregistered == [playback.speaker._sd._exit_handler]
    assert {thread.name for _, thread in stream.calls} == {playback._thread.name}
    answer.set()
    playback._thread.join(20)


def test_a_card_that_goes_away_is_one_line(stream, monkeypatch, capsys):
    write = stream.write

    def last(samples):
        if len(stream.written) == 5:
            stream.rooms = [None]
        return write(samples)

    stream.write = last
    assert player.__main__.main([str(SONG), "--plain"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "the sound card is gone" in error


@pytest.mark.parametrize("method", ["start", "write"])
def test_whatever_portaudio_says_of_a_lost_card(stream, method):
    def gone(*_):
        raise PortAudioError("Device unavailable")

    card = Speaker()
    setattr(stream, method, gone)
    with pytest.raises(CardGone, match="the sound card is gone"):
        card.start()


def test_what_libraries_print_stays_out_of_the_terminal():
    code = """
import os, sys
from player.devices import quiet
with quiet():
    os.write(2, b"ALSA lib pcm.c: underrun occurred")
    print("a line of ours", file=sys.stderr)
os.write(2, b"and what comes later")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == "a line of ours\nand what comes later"


def test_portaudio_that_is_missing(monkeypatch):
    """For programs: an OSError that names the packages, and no word of the player's options."""
    real = builtins.__import__

    def missing(name, *more):
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(NoSound) as caught:
        player.Live()
    assert isinstance(caught.value, OSError)
    for words in ("PortAudio", "apt install libportaudio2", "dnf install portaudio", "brew install portaudio"):
        assert words in str(caught.value)
    assert "-o song.wav" not in str(caught.value)


def test_names_of_devices_are_cleaned(stream, monkeypatch):
    monkeypatch.setattr(devices._sounddevice(), "query_devices", lambda: "> 0 card \x1b[31m\n  1 other")
    assert devices.device_list() == "> 0 card \\x1b[31m\n  1 other"
