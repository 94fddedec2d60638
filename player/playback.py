"""The playback: a thread that renders, looks ahead, and owns the sound card from its start to its end."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from opm.song import CHANNELS, Playing, Resampler, Samples, to_int16

from .devices import Speaker
from .seek import BLOCK, Transport

LEAD = 0.02
"""Seconds before a place that fill the resampler's filter."""
MOST_HELD = 0.9
"""Share of what the device can hold that is kept in it while a song is read."""
NAP = 0.004
"""Seconds from one look for something to do to the next."""
TIME_TO_LEAVE = 0.3
"""Seconds the thread may take to see that it shall end; one that takes longer waits for a device that takes nothing."""
OTHERS = 1 << CHANNELS
"""Bit of what is muted that stands for all parts beside the YM2151s."""
REMEMBERED = 128
"""Moments kept for the screen: two seconds."""


@dataclass(frozen=True)
class Moment:
    """A block as a screen shows it while it is heard."""

    playing: Playing
    turn: int
    """Which order of the listener it obeys."""
    frame: int
    states: tuple[Any, ...]
    """The chips' states at its end."""
    taps: npt.NDArray[np.int16]
    """(n, 8 per chip): each channel's samples."""
    levels: dict[str, float]
    """The largest magnitude of each other part that is heard, in the channels' steps."""
    ends: int
    """Samples given to the device until its end."""

    @property
    def seconds(self) -> float:
        """Where in the playing it ends."""
        return self.frame / self.playing.rate


class Playback:
    """Plays a song at a time, in a thread of its own that never waits: for room, keys or a far place.

    That thread alone uses the speaker: it starts it, writes, plays out what it holds, and closes it. ``stop`` only
    tells the thread to end, and waits for it.

    Parameters
    ----------
    speaker : Speaker
    held : float
        Share of what the device can hold that is kept in it.
    """

    def __init__(self, speaker: Speaker, held: float) -> None:
        self.speaker, self._held = speaker, held
        self.reading = False
        """Whether another thread reads a song: what it compiles may stop this one for longer than a key may take."""
        self.paused, self.gain, self.mute = False, 1.0, 0
        """What is muted: a bit for each channel of all YM2151s, and OTHERS."""
        self.turn = 0
        """Orders given."""
        self.error: BaseException | None = None
        self.heard: deque[Moment] = deque(maxlen=REMEMBERED)
        """The last one is heard now."""
        self._orders: deque[tuple[int, Playing | None, float]] = deque(maxlen=1)
        self._transport: Transport | None = None
        self._coming: deque[Moment] = deque()
        self._written = self._dropped = self._obeyed = self._finished = 0
        self._stopped = self._play_out = self._playing_out = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def ended(self) -> bool:
        """Whether all that was ordered has been given to the device."""
        return self._finished == self.turn > 0

    def start(self) -> None:
        """Begin, with silence."""
        self._thread.start()

    def go(self, playing: Playing | None, seconds: float = 0.0) -> None:
        """Play a song from a place on, or nothing; what was ordered before and not yet done is forgotten."""
        self.turn += 1
        self._orders.append((self.turn, playing, seconds))

    def stop(self, play_out: bool) -> None:
        """Have the thread end, after playing what the device holds if ``play_out``, and wait until it has.

        A device that takes nothing is not waited for, and a thread that hangs in it is left behind.
        """
        self._play_out = play_out
        self._stopped = True
        if self._thread.ident is None:
            self.speaker.close()
            return
        try:
            if play_out:
                self._thread.join(TIME_TO_LEAVE)
                if self._playing_out:
                    self._thread.join(self.speaker.time_to_finish)
        finally:
            self.speaker.interrupt(self._thread)
        if play_out and self.error:
            raise self.error

    def _run(self) -> None:
        try:
            self.speaker.start()
            while not self._stopped:
                self._step()
            if self._play_out:
                self._playing_out = True
                self.speaker.finish()
        except BaseException as error:
            self.error = error
        finally:
            self.speaker.close()

    def _step(self) -> None:
        """Do what is most urgent."""
        if self._orders:
            self._obey(*self._orders.pop())
        held = self.speaker.held
        while self._coming and self._coming[0].ends <= self._written - held:
            self.heard.append(self._coming.popleft())
        if held > (MOST_HELD if self.reading else self._held) * self.speaker.capacity:
            if not (self._transport and self._transport.look_ahead()):
                time.sleep(NAP)
        elif self.paused or not self._transport or self._finished == self._obeyed:
            self._write(np.zeros((BLOCK, 2), np.int16))
        else:
            self._play(self._transport)

    def _obey(self, turn: int, playing: Playing | None, seconds: float) -> None:
        """Go to a place; what comes shortly before it fills the filter."""
        self._obeyed = turn
        if playing is None:
            self._transport = None
            return
        if self._transport is None or self._transport.playing is not playing:
            self._transport = Transport(playing)
        frame = round(max(0.0, seconds - LEAD) * playing.rate)
        self._transport.seek(frame)
        self._dropped = round((seconds - frame / playing.rate) * self.speaker.rate)
        self._resampler = Resampler(playing.rate, self.speaker.rate)
        if self.paused:
            self._show(self._transport, np.empty((0, CHANNELS * len(playing.song.opms)), np.int16))

    def _play(self, transport: Transport) -> None:
        """Give the next block to the device."""
        transport.renderer.mute(self.mute)
        block = transport.block()
        samples = self._resampler.flush() if block is None else self._resampler.convert(block)
        samples, self._dropped = samples[self._dropped :], max(0, self._dropped - len(samples))
        self._write(samples if self.gain == 1.0 else to_int16(samples * self.gain))
        if block is None:
            self._finished = self._obeyed
            return
        self._show(transport, np.concatenate([part.taps for part in transport.renderer.parts], axis=1))

    def _show(self, transport: Transport, taps: Samples) -> None:
        """Have the chips' state shown when it is heard."""
        states = tuple(part.chip.state.copy() for part in transport.renderer.parts)
        frame = transport.renderer.position
        levels = {name: level if len(taps) else 0.0 for name, level in transport.renderer.levels.items()}
        self._coming.append(Moment(transport.playing, self._obeyed, frame, states, taps, levels, self._written))

    def _write(self, samples: Samples) -> None:
        self.speaker.write(samples)
        self._written += len(samples)
