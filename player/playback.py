"""The playback: a thread that renders, looks ahead, and owns the sound card from start to end.

It and the main thread share no lock. Orders and moments pass through deques, whose ``append`` and ``pop`` are atomic;
everything else is a plain attribute that one thread writes and others read.
"""

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
"""Seconds rendered before a place that is gone to, and dropped: they fill the resampler's filter."""
MOST_HELD = 0.9
"""Share of what the device can hold that is kept filled while a song is read, which may compile a chip of its board.

Collecting garbage after that, Python stopped this thread for up to 0.19 s, more than the 0.15 s held otherwise: one of
four playlists with a new chip had an underrun, with this share none of ten.
"""
NAP = 0.004
"""Seconds between two checks for something to do."""
TIME_TO_LEAVE = 0.3
"""Seconds the thread may take to notice that it has to end; if it takes longer, it waits for a stalled device."""
OTHERS = 1 << CHANNELS
"""The bit of ``mute`` for all parts but the YM2151s."""
REMEMBERED = 128
"""Moments kept for the screen: about two seconds."""


@dataclass(frozen=True)
class Moment:
    """A block as a screen shows it while it is heard."""

    playing: Playing
    turn: int
    """The number of the listener's order that it obeys."""
    frame: int
    states: tuple[Any, ...]
    """The YM2151s' states at its end."""
    taps: npt.NDArray[np.int16]
    """(n, 8 per chip): each channel's samples."""
    levels: dict[str, float]
    """The largest magnitude of each other part that is heard, on the channels' scale."""
    ends: int
    """Samples given to the device up to its end: it is heard once the device holds none of them."""

    @property
    def seconds(self) -> float:
        """Where in the playing it ends."""
        return self.frame / self.playing.rate


class Playback:
    """Plays one song at a time, in a thread of its own that never blocks: on room, on keys, or on a far place.

    Only that thread uses the speaker: it starts it, writes, plays out what it holds, and closes it. ``stop`` only
    tells the thread to end, and waits for it.

    Parameters
    ----------
    speaker : Speaker
    held : float
        Share of what the device can hold that is kept filled: a key is heard after that.
    """

    def __init__(self, speaker: Speaker, held: float) -> None:
        self.speaker, self._held = speaker, held
        self.reading = False
        """Whether another thread reads a song: MOST_HELD."""
        self.paused, self.gain, self.mute = False, 1.0, 0
        """Muted: bits 0 to 7 for the channels, of every YM2151 alike, and OTHERS."""
        self.turn = 0
        """How many orders were given."""
        self.error: BaseException | None = None
        self.heard: deque[Moment] = deque(maxlen=REMEMBERED)
        """Moments that have been heard; the last one is heard now."""
        # Room for one: of several orders that come before one is obeyed, only the last counts.
        self._orders: deque[tuple[int, Playing | None, float]] = deque(maxlen=1)
        self._transport: Transport | None = None
        self._coming: deque[Moment] = deque()
        self._written = self._dropped = self._obeyed = self._finished = 0
        self._stopped = self._play_out = self._playing_out = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def ended(self) -> bool:
        """Whether the device has been given all that was ordered."""
        return self._finished == self.turn > 0

    def start(self) -> None:
        """Start the thread and the sound card, silent until an order."""
        self._thread.start()

    def go(self, playing: Playing | None, seconds: float = 0.0) -> None:
        """Play a song from a place on, or nothing; an order that has not been obeyed yet is dropped."""
        self.turn += 1
        self._orders.append((self.turn, playing, seconds))

    def stop(self, play_out: bool) -> None:
        """End the thread, if ``play_out`` after what the device holds has been played, and wait for it.

        A device that takes nothing is not waited for, and a thread that hangs in it is abandoned.
        """
        self._play_out = play_out
        self._stopped = True
        if self._thread.ident is None:
            self.speaker.close()
            return
        try:
            # Two waits: only a thread that has got as far as playing out is worth the longer one.
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
        # For the main thread, whose next ``tick`` raises it: raised here it would end in a thread nobody watches.
        except BaseException as error:
            self.error = error
        finally:
            self.speaker.close()

    def _step(self) -> None:
        """Obey an order, show what is heard now, then write, look ahead, or sleep: whichever is most urgent."""
        if self._orders:
            self._obey(*self._orders.pop())
        held = self.speaker.held
        while self._coming and self._coming[0].ends <= self._written - held:
            self.heard.append(self._coming.popleft())
        if held > (MOST_HELD if self.reading else self._held) * self.speaker.capacity:
            if not (self._transport and self._transport.look_ahead()):
                time.sleep(NAP)
        # Silence keeps the device running: stopped and started, PulseAudio would lose the beginning of what comes next.
        elif self.paused or not self._transport or self._finished == self._obeyed:
            self._write(np.zeros((BLOCK, 2), np.int16))
        else:
            self._play(self._transport)

    def _obey(self, turn: int, playing: Playing | None, seconds: float) -> None:
        """Go to a place, or rather LEAD before it."""
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
        # Paused, no block comes that would show the place.
        if self.paused:
            self._show(self._transport, np.empty((0, CHANNELS * len(playing.song.opms)), np.int16))

    def _play(self, transport: Transport) -> None:
        """Give the next block to the device."""
        # Before each block, so that a key is heard after what the device holds, and nothing has to be rendered again.
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
        """Keep the chips' state until it is heard."""
        states = tuple(part.chip.state.copy() for part in transport.renderer.parts)
        frame = transport.renderer.position
        levels = {name: level if len(taps) else 0.0 for name, level in transport.renderer.levels.items()}
        self._coming.append(Moment(transport.playing, self._obeyed, frame, states, taps, levels, self._written))

    def _write(self, samples: Samples) -> None:
        self.speaker.write(samples)
        self._written += len(samples)
