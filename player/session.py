"""A listener's session: songs one after the other, the place in each, and what is to be said about it."""

import time
from concurrent.futures import Future, ThreadPoolExecutor

from opm.song import Playing, Renderer

from .devices import Speaker
from .jobs import ENDLESS, Job, about
from .playback import Moment, Playback

LOOKS_PER_SECOND = 15
"""How often the screen, or the plain line, calls ``tick`` and draws."""
HELD = {"high": 0.6, "low": 0.25}
"""Share of what the device can hold (a quarter of a second) that is kept filled: 0.15 or 0.06 s.

A key takes that long to be heard, and the machine may be busy with something else for that long.
"""


class Session:
    """Plays songs one after the other as the listener says; the neighbours are read ahead.

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
        """The song that plays; None while it is being read."""
        self.failed: dict[int, str] = {}
        """What went wrong, by a song's place in ``jobs``."""
        self.place = jobs[0].start
        """Where the listener went last, in seconds."""
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
        """The song's job; after the end, the last one's."""
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
        """Where in the playing the listener is, or is about to be; during the tail, the end."""
        # While seeking the place asked for: otherwise a second press of an arrow would start from the old place.
        return min(self.length, self.place if self.seeking or not self.moment else self.moment.seconds)

    def past(self, moment: Moment) -> list[Moment]:
        """Return what was heard lately of a moment's song."""
        # A list first: the playback's thread appends meanwhile.
        return [seen for seen in list(self.playback.heard) if seen.playing is moment.playing]

    @property
    def length(self) -> float:
        """Seconds of the playing."""
        return self.playing.length if self.playing else 0.0

    @property
    def loop(self) -> tuple[float, float]:
        """When the loop begins and how long it is, in seconds of the playing; 0, 0 if there is none."""
        # Through ``due``, which knows the speed and the clock of the playing.
        playing = self.playing
        if playing is None or not playing.song.loop_start:
            return 0.0, 0.0
        first, end = (playing.due(tick) / playing.rate for tick in playing.song.ticks_once)
        return first, end - first

    @property
    def passes(self) -> int:
        """How often the loop is played; an MDX has its first passes before ``loop_start``."""
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
        """Seconds that the seek bar covers: of an endless song, up to the end of the first pass."""
        return sum(self.loop) if self.endless else self.length

    def fold(self, seconds: float) -> float:
        """Return where on the seek bar a time of the playing is."""
        first, length = self.loop
        return seconds - max(0.0, (seconds - first) // length * length) if self.endless else seconds

    @property
    def remarks(self) -> list[str]:
        """Remarks on the song, after the failure of the last one that could not be read."""
        failed = list(self.failed.values())[-1:]
        return [*failed, *(about(self.playing) if self.playing else [])]

    @property
    def numbers(self) -> dict[bytes, int]:
        """The numbers of the song's voices by their sound, once they are known; empty before."""
        # An exception counts as unknown: a number that is missing must not end the song.
        known = self._numbers.done() and not self._numbers.cancelled() and not self._numbers.exception()
        return self._numbers.result() if known else {}

    def go(self, step: int) -> None:
        """Go to the next song or the previous one, skipping those that cannot be read; the first has no previous."""
        self._direction, self.at = step, max(0, self.at + step)
        self.playing, self.place = None, 0.0
        self.playback.go(None)

    def seek(self, seconds: float) -> None:
        """Go to a place in the song."""
        if self.playing:
            self.place = min(max(0.0, seconds), self.length)
            self.playback.go(self.playing, self.place)

    def seek_on_bar(self, share: float) -> None:
        """Go to a place on the seek bar; a place in an endless song's loop is that of the current pass."""
        seconds = share * self.total
        self.seek(seconds + (self.seconds - self.folded if seconds >= self.loop[0] else 0.0))

    def tick(self) -> bool:
        """Do what is due: begin the next song, raise the playback's error; return whether there is more to play."""
        if self.playback.error:
            raise self.playback.error
        # CPU time of all threads over a second: of the whole process, so it may exceed 100 %.
        if (now := time.monotonic()) - self._wall > 1:
            self.load = (time.process_time() - self._cpu) / (now - self._wall)
            self._wall, self._cpu = now, time.process_time()
        if self.playing and self.playback.ended:
            self.go(1)
        if self.playing is None and self.at < len(self.jobs):
            self._begin()
        return self.at < len(self.jobs)

    def _begin(self) -> None:
        """Play the song if it has been read by now, and have its neighbours read."""
        # The song itself comes first, as there is one reader; what is no neighbour any more is forgotten.
        near = [at for at in (self.at, self.at + 1, self.at - 1) if 0 <= at < len(self.jobs)]
        self._read = {at: self._read.get(at) or self._reader.submit(self._ready, self.jobs[at]) for at in near}
        if not self._read[self.at].done():
            return
        try:
            playing = self.playing = self._read[self.at].result()
        except Exception as error:
            self.failed[self.at] = self.job.failure(error)
            # Going back stops at the first song: if that is the bad one, forward is the only way left.
            if self.at == 0:
                self._direction = 1
            self.go(self._direction)
            return
        # By the reader: hearing out all voices of a song takes too long for a tick.
        self._numbers = self._reader.submit(lambda: playing.song.voice_numbers)
        self.seek(self.job.start)

    def _ready(self, job: Job) -> Playing:
        """Read a song, and compile what its board needs, while another one plays."""
        self.playback.reading = True
        try:
            playing = job.playing()
            Renderer.compile_for(playing)
        finally:
            self.playback.reading = False
        return playing

    def close(self, play_out: bool) -> None:
        """End the session; if ``play_out``, after what the device still holds."""
        # Without waiting for the reader, which may take minutes to compile or to read a pipe.
        self._reader.shutdown(wait=False, cancel_futures=True)
        self.playback.stop(play_out)
