"""The loop between the renderer, the keys and the sound card, with a sound card that only remembers."""

from contextlib import contextmanager

import numpy as np
import pytest
from conftest import ROOT

import player.keys
from opm.song import Options, Renderer
from player.job import Job
from player.playing import ENDED, Playing
from player.resample import Resampler
from player.speaker import CardGone

SONG = ROOT / "player" / "songs" / "mountain_king.log"
RATE = 44_100


class Memory:
    """A sound card's face: keeps what it is given."""

    rate, underruns = float(RATE), 0

    def __init__(self):
        self.written = []

    def write(self, samples):
        self.written.append(samples.copy())

    def start(self):
        """Begin."""

    def finish(self, play_out):
        """End."""

    abort = start

    @property
    def sound(self):
        return np.concatenate(self.written)


@pytest.fixture
def press(monkeypatch):
    """Have keys pressed before given writes: ``press(card, {20: "1"})``."""

    def prepare(card, at):
        @contextmanager
        def keyboard():
            yield True

        monkeypatch.setattr(player.keys, "keyboard", keyboard)
        monkeypatch.setattr(player.keys, "pressed", lambda: list(at.pop(len(card.written), "")))

    return prepare


def straight(job, mute=0):
    """Return the song's whole rendering at the card's rate."""
    schedule = job.read()
    resampler = Resampler(schedule.rate, RATE)
    parts = [resampler.convert(block) for block in Renderer(schedule, mute).blocks()]
    return np.concatenate([*parts, resampler.flush()])


def short(tmp_path):
    """Return a job of one note, a fifth of a second."""
    path = tmp_path / "short.txt"
    path.write_text(
        "".join(f"0.0 {write}\n" for write in ("20 C7", "28 4A", "E0 0F", "80 1F", "08 08")) + "0.2 08 00\n"
    )
    return Job(path, options=Options(tail=0.0))


@pytest.mark.parametrize("latency", ["high", "low"])
def test_a_song_shorter_than_what_is_rendered_ahead(tmp_path, latency):
    card, job = Memory(), short(tmp_path)
    assert Playing(card, job, job.read(), latency).play() == ENDED
    np.testing.assert_array_equal(card.sound, straight(job))


def test_a_muted_channel_is_silent_from_the_next_write_on(press):
    """Though a second was rendered ahead; and no time is lost or heard twice."""
    card, job = Memory(), Job(SONG)
    press(card, {400: "2", 500: "q"})
    Playing(card, job, job.read()).play()
    at = sum(map(len, card.written[:400]))
    want = [straight(job)[:at], straight(job, 0b10)[at : len(card.sound)]]
    np.testing.assert_array_equal(card.sound[:at], want[0])
    got, want = card.sound[at:].astype(float), want[1].astype(float)
    assert np.abs(want - straight(job)[at : at + len(want)]).max() > 500, "the channel was to be heard"
    errors = [
        np.abs(got[1 : len(want) - 1] - np.roll(want, lag, axis=0)[1 : len(got) - 1]).mean() for lag in (-1, 0, 1)
    ]
    assert min(errors) < 0.02 * np.abs(want).mean()


def test_pause_and_moving(press):
    card, job = Memory(), Job(SONG)
    press(card, {30: " ", 35: " ", 40: ["right"], 60: "q"})
    playing = Playing(card, job, job.read(), "low")
    playing.play()
    assert not np.concatenate(card.written[30:35]).any()
    there = sum(map(len, card.written[:30])) + sum(map(len, card.written[35:40]))
    assert playing.heard == pytest.approx((there + sum(map(len, card.written[40:]))) / RATE + 5, abs=0.05)


@pytest.mark.parametrize("end", [KeyboardInterrupt, CardGone("the sound card is gone")])
def test_whatever_ends_it_ends_its_threads(end):
    """Ctrl-C, also while a seek has far to go; or a card that is no more."""

    class Ending(Memory):
        aborted = 0

        def write(self, samples):
            super().write(samples)
            if len(self.written) == 20:
                playing.worker.seek(95.0)
                raise end

        def abort(self):
            self.aborted += 1

    card, job = Ending(), Job(SONG)
    playing = Playing(card, job, job.read())
    with pytest.raises(type(end) if isinstance(end, Exception) else end):
        playing.play()
    assert card.aborted == 1
    assert not playing.worker._thread.is_alive()
    assert not playing.worker._transport._scanner.is_alive()
