"""From a message's arrival to the sample that answers it: counted in samples, on a card that plays as time passes."""

import math
from types import SimpleNamespace

import mido
import numpy as np
import pytest
from small_bank import SMALL

from player import Live, devices
from player.devices import Speaker
from player.live import LATENCY

MOST = 0.025
"""Seconds, of what the card holds when the message comes and of the sound before the answer."""
HOLDS_MORE = 1.25
"""PulseAudio's device holds so much more than is asked for (measured)."""


class Stopped(Exception):
    """Ends a session."""


class Stream:
    """Stands for PortAudio's stream: what it holds is played while somebody sleeps."""

    def __init__(self, *, samplerate, latency, **_):
        self.rate, self.capacity = samplerate, round(HOLDS_MORE * latency * samplerate)
        self.written, self.active = [], False
        self.given = self.played = 0
        self.countdown, self.on_look, self.until = 0, lambda: None, math.inf

    def start(self):
        self.active = True

    @property
    def write_available(self):
        self.on_look()
        return self.capacity - (self.given - self.played)

    def write(self, samples):
        assert self.given - self.played + len(samples) <= self.capacity
        self.given += len(samples)
        self.written.append(samples.copy())
        if self.given > self.until:
            raise Stopped
        return False

    def sleep(self, seconds):
        """Let time pass."""
        self.played = min(self.given, self.played + round(seconds * self.rate))

    def close(self):
        """End."""


@pytest.fixture(params=[44_100.0, 48_000.0])
def stream(request, monkeypatch):
    made = []

    def open_stream(**options):
        made.append(Stream(**options))
        return made[-1]

    fake = SimpleNamespace(
        PortAudioError=RuntimeError,
        OutputStream=open_stream,
        query_devices=lambda *_, **__: {"default_samplerate": request.param},
    )
    monkeypatch.setattr(devices, "_sounddevice", lambda: fake)
    monkeypatch.setattr(devices, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda s: made[-1].sleep(s)))
    return made


CHORD = [60, 63, 65, 67, 69, 70, 72, 74]


def answered(made, look, click_free=False, warm=0, latency="low", keys=(69,)):
    """Send notes at a certain look at the card; return the seconds from there to the first sample of the last one."""
    live = Live(output=Speaker(latency=LATENCY[latency].seconds), bank=SMALL, click_free=click_free, latency=latency)
    stream, came = made[-1], []
    for number in range(warm):
        live.send(mido.Message("note_on", note=40 + number, velocity=1))
    # Nobody hears what keeps the channels busy, so that any sample that is not 0 is the answer.
    live.send(mido.Message("control_change", control=7, value=0))
    live.send(mido.Message("program_change", program=0))

    def on_look():
        if stream.given > 0.6 * stream.rate and not came:
            stream.countdown -= 1
            if stream.countdown == 0:
                came.append(stream.played)
                live.send(mido.Message("program_change", program=5, channel=1))
                for key in keys[:-1]:
                    live.send(mido.Message("note_on", note=key, velocity=1, channel=0))
                live.send(mido.Message("note_on", note=keys[-1], velocity=127, channel=1))
                stream.until = stream.given + 0.2 * stream.rate

    stream.countdown, stream.on_look = look, on_look
    live._run()
    live.stop()
    sound = np.concatenate(stream.written)
    first = int(np.flatnonzero(sound.any(axis=1))[0])
    return (first - came[0]) / stream.rate


@pytest.mark.parametrize(("click_free", "warm"), [(False, 0), (False, 8), (True, 8)])
def test_a_key_is_heard_within_25_ms(stream, click_free, warm):
    """Whenever it comes, with its voice still to be loaded, and with all channels busy."""
    times = [answered(stream, look, click_free, warm) for look in range(1, 30, 2)]
    assert 0 < min(times) <= max(times) <= MOST


def test_a_chord_is_heard_within_25_ms(stream):
    """The last of its eight notes: their voices have been loaded ahead."""
    times = [answered(stream, look, keys=CHORD) for look in range(1, 30, 4)]
    assert 0 < min(times) <= max(times) <= MOST


def test_it_would_not_with_the_sound_of_a_song(stream):
    assert answered(stream, 5, latency="high") > 0.1
