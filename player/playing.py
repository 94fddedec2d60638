"""Playing aloud: a worker renders ahead, the main thread writes to the sound card, reads keys and draws."""

import contextlib
import queue
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import rich.live
from rich.console import Console

from opm.song import Schedule

from . import keys, screen
from .job import Job
from .resample import Resampler, to_int16
from .speaker import Speaker, quiet
from .transport import Moment, Transport

NEXT, PREVIOUS, QUIT, ENDED = "next", "previous", "quit", "ended"
AHEAD = {"high": 1.0, "low": 0.1}
"""Seconds rendered before the sound starts and kept in hand while it plays."""
LEAD = 0.02
"""Seconds before a place that fill the resampler's filter."""
CHUNK = 1024
PICTURES_PER_SECOND = 15
MOVES = {"left": -5.0, "right": 5.0, "down": -60.0, "up": 60.0}
VOLUME_STEP = 1.5


@dataclass(frozen=True)
class _Chunk:
    """A piece of sound on its way: which seek it belongs to, where it begins; without samples it is the end."""

    turn: int
    seconds: float
    samples: Any
    moment: Moment


class _Worker:
    """Renders ahead into a queue, from a place; jumps when told to."""

    def __init__(self, transport: Transport, start: float, mute: int, rate: float, ahead: float) -> None:
        self.turn = 0
        self._transport, self._rate = transport, rate
        self._target, self._mute = start, mute
        self._queue: queue.Queue[_Chunk] = queue.Queue(max(2, round(ahead * rate / CHUNK)))
        self._error: BaseException | None = None
        self._filled, self._stop, self._wake = threading.Event(), threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def seek(self, seconds: float) -> None:
        """Go somewhere; what is in the queue is stale."""
        with self._wake:
            self.turn += 1
            self._target = seconds
        while not self._queue.empty():
            self._queue.get_nowait()

    def mute(self, mask: int, seconds: float) -> None:
        """Change the muted channels from a place on, though more was rendered ahead."""
        self._mute = mask
        self.seek(seconds)

    def ready(self) -> None:
        """Wait until the queue is full or the song rendered."""
        self._filled.wait()

    def next(self) -> _Chunk:
        """Return the next chunk; raise what stopped the worker."""
        while True:
            try:
                return self._queue.get(timeout=0.1)
            except queue.Empty:
                if self._error:
                    raise self._error from None

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._transport.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                with self._wake:
                    turn, target = self.turn, self._target
                self._play(turn, target)
        except BaseException as error:
            self._error = error
        self._filled.set()

    def _play(self, turn: int, target: float) -> None:
        """Render from a place to the end, or to the next jump; what comes shortly before it fills the filter."""
        transport = self._transport
        transport.mute(self._mute)
        transport.seek(max(0.0, target - LEAD))
        drop, made = round((target - transport.seconds) * self._rate), 0
        resampler = Resampler(transport.schedule.rate, self._rate)
        block: Any = ()
        while block is not None and self._current(turn):
            block = transport.block()
            samples = resampler.flush() if block is None else resampler.convert(block)
            samples, drop = samples[drop:], max(0, drop - len(samples))
            if len(samples):
                self._put(_Chunk(turn, target + made / self._rate, samples, transport.moment()))
            made += len(samples)
        self._put(_Chunk(turn, target + made / self._rate, None, transport.moment()))
        while self._current(turn):
            self._stop.wait(0.02)

    def _current(self, turn: int) -> bool:
        return turn == self.turn and not self._stop.is_set()

    def _put(self, chunk: _Chunk) -> None:
        while self._current(chunk.turn):
            with contextlib.suppress(queue.Full):
                self._queue.put(chunk, timeout=0.1)
                break
        if chunk.samples is None or self._queue.full():
            self._filled.set()


class Playing:
    """One song on the sound card.

    Parameters
    ----------
    speaker : Speaker
    job : Job
    schedule : Schedule
    latency : {"high", "low"}
    plain, scope : bool
        One line instead of the screen; an oscilloscope for each channel.
    """

    def __init__(
        self,
        speaker: Speaker,
        job: Job,
        schedule: Schedule,
        latency: str = "high",
        plain: bool = False,
        scope: bool = False,
    ) -> None:
        self.speaker, self.schedule, self.plain, self.scope = speaker, schedule, plain, scope
        self.status = screen.Status(job.song.name, job.start, schedule.frames / schedule.rate, mute=job.mute)
        self.heard, self.gain, self.solo = job.start, job.gain, False
        self.console = Console(stderr=True)
        self.live = rich.live.Live(console=self.console, auto_refresh=False, transient=True)
        self.worker = _Worker(Transport(schedule), job.start, job.mute, speaker.rate, AHEAD[latency])

    def play(self) -> str:
        """Play to the end, or until a key says otherwise; return NEXT, PREVIOUS, QUIT or ENDED."""
        show = self.console.is_terminal and not self.console.is_dumb_terminal
        try:
            with quiet(), keys.keyboard() as typing:
                self.worker.ready()
                self.speaker.start()
                with self.live if show and not self.plain else contextlib.nullcontext():
                    outcome = self._loop(typing, show)
            self.speaker.finish(outcome == ENDED)
        except BaseException:
            self.speaker.abort()
            raise
        finally:
            self.worker.close()
            if show and self.plain:
                print(file=sys.stderr)
        return outcome

    def _loop(self, typing: bool, show: bool) -> str:
        drawn, wall, cpu = 0.0, time.monotonic(), time.process_time()
        last: _Chunk | None = None
        while True:
            outcome = self._keys() if typing else None
            if outcome:
                return outcome
            if self.status.paused:
                self.speaker.write(np.zeros((CHUNK, 2), np.int16))
            else:
                last = self.worker.next()
                if last.turn != self.worker.turn:
                    continue
                if last.samples is None:
                    return ENDED
                self.status.seconds = last.seconds
                self.heard = last.seconds + len(last.samples) / self.speaker.rate
                self._write(last.samples)
            now = time.monotonic()
            if show and last and now - drawn > 1 / PICTURES_PER_SECOND:
                if now - wall > 1:
                    self.status.cpu = (time.process_time() - cpu) / (now - wall)
                    wall, cpu = now, time.process_time()
                drawn = now
                self._draw(last.moment)

    def _write(self, samples: Any) -> None:
        if self.gain != 1.0:
            samples = to_int16(samples * self.gain)
        self.speaker.write(samples)
        self.status.underruns = self.speaker.underruns

    def _draw(self, moment: Moment) -> None:
        self.status.volume = 20 * float(np.log10(self.gain))
        if self.plain:
            print(f"\r{screen.plain(self.schedule.song, self.status)}", end="\x1b[K", file=sys.stderr, flush=True)
            return
        width = self.console.width
        self.live.update(screen.picture(self.schedule, moment, self.status, width, self.scope), refresh=True)

    def _keys(self) -> str | None:
        """Obey the keys; return an outcome if one ends the song."""
        for key in keys.pressed():
            if key in MOVES:
                target = min(max(0.0, self.status.seconds + MOVES[key]), self.status.length)
                self.status.seconds = self.heard = target
                self.worker.seek(target)
            elif key == " ":
                self.status.paused = not self.status.paused
            elif key in "+-=":
                self.gain *= 10 ** ((-VOLUME_STEP if key == "-" else VOLUME_STEP) / 20)
            elif key in "12345678":
                self._channel(1 << (int(key) - 1))
            elif key in "!@#$%^&*":
                self._set_mute(0xFF & ~(1 << "!@#$%^&*".index(key)))
            elif key == "s":
                self.solo = not self.solo
                self._set_mute(0)
            elif key in "npq":
                return {"n": NEXT, "p": PREVIOUS, "q": QUIT}[key]
        return None

    def _channel(self, bit: int) -> None:
        """A digit mutes its channel; after ``s`` it is heard alone."""
        self._set_mute(0xFF & ~bit if self.solo else self.status.mute ^ bit)

    def _set_mute(self, mask: int) -> None:
        self.status.mute = mask
        self.worker.mute(mask, self.heard)
