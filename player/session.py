"""A listener's session: songs one after the other, the place in them, and what there is to say about the song."""

import time
from concurrent.futures import Future, ThreadPoolExecutor

from opm.song import Playing, Renderer

from .devices import Speaker
from .jobs import ENDLESS, Job, about
from .playback import Moment, Playback

LOOKS_PER_SECOND = 15
"""How often the screen, or the plain line, calls ``tick`` and draws."""
HELD = {"high": 0.6, "low": 0.25}
"""How much of what the device can hold (a quarter of a second) is kept in it: so long a key takes to be heard, and so
long the machine may be busy elsewhere."""


class Session:
    """Songs one after the other, as the listener says; neighbours are read ahead.

    Parameters
    ----------
    jobs : list of Job
    speaker : Speaker
    latency : {"high", "low"}
    first : Playing, optional
        The first song, if it has been read.
    """

    def __init__(self, jobs: list[Job], speaker: Speaker, latency: str, first: Playing | None = None) -> None:
        self.jobs, self.at = jobs, 0
        self.playing: Playing | None = None
        """The song that plays; None while it is read."""
        self.failed: dict[int, str] = {}
        """What went wrong, by song."""
        self.place = jobs[0].start
        """Where the listener has gone last."""
        self.playback = Playback(speaker, HELD[latency])
        self.playback.gain, self.playback.mute = jobs[0].gain, jobs[0].options.get("mute", 0)
        self._reader = ThreadPoolExecutor(1)
        self._read: dict[int, Future[Playing]] = {}
        if first:
            self._read[0] = Future()
            self._read[0].set_result(first)
        self._numbers: Future[dict[bytes, int]] = Future()
        self.solo = False
        self._direction = 1
        self._wall, self._cpu, self.load = time.monotonic(), time.process_time(), 0.0

    @property
    def job(self) -> Job:
        """The song's job; the last one's behind the end."""
        return self.jobs[min(self.at, len(self.jobs) - 1)]

    @property
    def endless(self) -> bool:
        """Whether the song plays until somebody ends it."""
        playing = self.playing
        return playing is not None and playing.song.loop_start is not None and playing.loops >= ENDLESS

    @property
    def moment(self) -> Moment | None:
        """What is heard now."""
        return self.playback.heard[-1] if self.playback.heard else None

    @property
    def seeking(self) -> bool:
        """Whether what is heard is not yet what was asked for."""
        return not self.moment or self.moment.turn != self.playback.turn

    @property
    def seconds(self) -> float:
        """Where in the playing the listener is, or will be at once; in a tail, at the end."""
        return min(self.length, self.place if self.seeking or not self.moment else self.moment.seconds)

    def past(self, moment: Moment) -> list[Moment]:
        """Return what was heard lately of a moment's song."""
        return [seen for seen in list(self.playback.heard) if seen.playing is moment.playing]

    @property
    def length(self) -> float:
        """Seconds of the playing."""
        return self.playing.length if self.playing else 0.0

    @property
    def loop(self) -> tuple[float, float]:
        """Second of the playing in which the loop begins, and how long it is; 0 if there is none."""
        playing = self.playing
        if playing is None or not playing.song.loop_start:
            return 0.0, 0.0
        first, end = (playing.due(tick) / playing.rate for tick in playing.song.ticks_once)
        return first, end - first

    @property
    def passes(self) -> int:
        """How often the loop is played."""
        playing = self.playing
        if playing is None or not playing.song.loop_start:
            return 0
        return playing.song.passes(playing.loops) + playing.song.intro_passes

    @property
    def folded(self) -> float:
        """Where the listener is on the seek bar: in an endless song, in the first pass of the loop."""
        return self.fold(self.seconds)

    @property
    def total(self) -> float:
        """Seconds the seek bar stands for."""
        return sum(self.loop) if self.endless else self.length

    def fold(self, seconds: float) -> float:
        """Return where a moment of the playing is on the seek bar."""
        first, length = self.loop
        return seconds - max(0.0, (seconds - first) // length * length) if self.endless else seconds

    @property
    def remarks(self) -> list[str]:
        """What there is to say about the song, and about the last one that could not be read."""
        failed = list(self.failed.values())[-1:]
        return [*failed, *(about(self.playing) if self.playing else [])]

    @property
    def numbers(self) -> dict[bytes, int]:
        """The numbers of the song's voices by their sound, once they are known."""
        known = self._numbers.done() and not self._numbers.cancelled() and not self._numbers.exception()
        return self._numbers.result() if known else {}

    def go(self, step: int) -> None:
        """Go to the next song or the previous one, past those that cannot be read; the first has no previous."""
        self._direction, self.at = step, max(0, self.at + step)
        self.playing, self.place = None, 0.0
        self.playback.go(None)

    def seek(self, seconds: float) -> None:
        """Go to a place of the song."""
        if self.playing:
            self.place = min(max(0.0, seconds), self.length)
            self.playback.go(self.playing, self.place)

    def seek_on_bar(self, share: float) -> None:
        """Go to a place of the seek bar; in the loop of an endless song, of this pass."""
        seconds = share * self.total
        self.seek(seconds + (self.seconds - self.folded if seconds >= self.loop[0] else 0.0))

    def tick(self) -> bool:
        """Do what is due: begin the next song, raise the playback's error; return whether there is more to play."""
        if self.playback.error:
            raise self.playback.error
        if (now := time.monotonic()) - self._wall > 1:
            self.load = (time.process_time() - self._cpu) / (now - self._wall)
            self._wall, self._cpu = now, time.process_time()
        if self.playing and self.playback.ended:
            self.go(1)
        if self.playing is None and self.at < len(self.jobs):
            self._begin()
        return self.at < len(self.jobs)

    def _begin(self) -> None:
        """Play the song if it is read by now, and have its neighbours read."""
        near = [at for at in (self.at, self.at + 1, self.at - 1) if 0 <= at < len(self.jobs)]
        self._read = {at: self._read.get(at) or self._reader.submit(self._ready, self.jobs[at]) for at in near}
        if not self._read[self.at].done():
            return
        try:
            playing = self.playing = self._read[self.at].result()
        except Exception as error:
            self.failed[self.at] = self.job.failure(error)
            if self.at == 0:
                self._direction = 1
            self.go(self._direction)
            return
        self._numbers = self._reader.submit(lambda: playing.song.voice_numbers)
        self.seek(self.job.start)

    def _ready(self, job: Job) -> Playing:
        """Read a song, and compile what playing it needs."""
        self.playback.reading = True
        try:
            playing = job.playing()
            Renderer.compile_for(playing)
        finally:
            self.playback.reading = False
        return playing

    def close(self, play_out: bool) -> None:
        """End."""
        self._reader.shutdown(wait=False, cancel_futures=True)
        self.playback.stop(play_out)
