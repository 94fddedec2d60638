"""``--midi-in``: a keyboard played on the live chip, with a screen or a line that shows what is played."""

import gc
import time
from argparse import Namespace
from importlib import import_module
from typing import Any

from opm import REFERENCE_CLOCK, YM2151
from opm.midi import Bank, default_bank
from opm.pitch import note_name
from opm.song import printable

from . import signals
from .devices import CardGone, Speaker, quiet, sound_first
from .jobs import bank
from .keyboard import Keyboard, chosen
from .live import LATENCY, Live
from .play import has_screen, show
from .session import LOOKS_PER_SECOND
from .streams import complain, say, without_echo

LOOK = 1.0
"""Seconds between two looks whether the keyboard is plugged in."""
VOLUME_STEP = 1.5
"""dB."""
QUIETEST = -60.0


class Performance:
    """A keyboard, the live session that it plays, and what is to be said about them.

    Parameters
    ----------
    live : Live
    keyboard : Keyboard
    speaker : Speaker
    """

    def __init__(self, live: Live, keyboard: Keyboard, speaker: Speaker) -> None:
        self.live, self.keyboard, self.speaker = live, keyboard, speaker
        self.volume = 0.0
        """dB."""
        self.said = ""
        """What was last to be said."""
        self.load = 0.0
        self._looked, self._wall, self._cpu = time.monotonic(), time.monotonic(), time.process_time()

    def tick(self) -> bool:
        """Do what is due; raises CardGone."""
        if self.live.failure:
            raise CardGone(self.live.failure)
        now = time.monotonic()
        if now - self._looked > LOOK:
            self._looked = now
            self.said = self.keyboard.look() or self.said
        if now - self._wall > 1:
            self.load = (time.process_time() - self._cpu) / (now - self._wall)
            self._wall, self._cpu = now, time.process_time()
        return True

    @property
    def notes(self) -> list[tuple[int, Any]]:
        """Return what is played: channels of the chip, from 0, and notes."""
        performer = self.live.performer
        return [(place.channel, note) for place, note in performer.playing()] if performer else []

    def panic(self) -> None:
        """Silence everything."""
        self.live.silence()

    def turn(self, decibels: float) -> None:
        """Change the volume, by MIDI's own message for it."""
        self.volume = min(max(self.volume + decibels, QUIETEST), 0.0)
        self._send("sysex", data=(0x7F, 0x7F, 4, 1, 0, round(127 * 10 ** (self.volume / 40))))

    def program(self, step: int) -> None:
        """Give the channel that was played last another program."""
        performer = self.live.performer
        if performer:
            number = (performer.parts.part(self.keyboard.channel).program + step) % 128
            self._send("program_change", channel=self.keyboard.channel, program=number)

    def _send(self, kind: str, **fields: Any) -> None:
        import mido

        self.live.send(mido.Message(kind, **fields))


def read_voices(name: str | None) -> Bank:
    """Return the bank that ``--voices`` names, or else the one that ships; raises SongError."""
    return bank(name) if name else default_bank()


def perform(args: Namespace) -> int:
    """Play a keyboard until somebody quits; return the exit code."""
    source, voices = chosen(args.midi_in), read_voices(args.voices)
    screen = not args.plain and has_screen()
    with without_echo():
        signals.run_in_thread(YM2151)
        if screen:
            signals.run_in_thread(import_module, "player.live_app")
    signals.raise_on_signals()
    # All that has been made by now is left alone: with it, collecting garbage stops the sound for up to 0.19 s.
    gc.collect()
    gc.freeze()
    with quiet(), sound_first():
        speaker = Speaker(args.device, LATENCY[args.latency].seconds)
        live = Live(
            args.clock or REFERENCE_CLOCK,
            "ym2151",
            speaker,
            complain,
            args.record,
            voices,
            args.click_free,
            args.latency,
        )
        try:
            keyboard = Keyboard(live, source)
            performance = Performance(live, keyboard, speaker)
            performance.program(0)
            live.start()
            _run(performance, screen)
        finally:
            # Not the keyboard: with a MIDI server that hangs, its port is never closed, and the process ends it anyway.
            live.stop()
            if speaker.underruns:
                say(f"underruns: {speaker.underruns}")
            if live.recording and live.recording.summary:
                say(live.recording.summary)
    return signals.BAD_INPUT if live.recording and live.recording.failure else 0


def _run(performance: Performance, screen: bool) -> None:
    if screen:
        from .live_app import LiveApp

        LiveApp(performance).play()
        return
    say(f"playing {performance.keyboard.source.shown}; Ctrl-C ends it")
    said = ""
    while performance.tick():
        if performance.said != said:
            said = performance.said
            say(said)
        show(_line(performance))
        time.sleep(1 / LOOKS_PER_SECOND)


def _line(performance: Performance) -> str:
    """Return what is played, as one line."""
    keys: dict[str, list[str]] = {}
    for _, note in performance.notes:
        name = note.instrument.name if note.drum else f"{note.part.number + 1} {note.instrument.name}"
        keys.setdefault(name, []).append("" if note.drum else note_name(note.key))
    late = performance.speaker.underruns
    words = [" ".join([name, *filter(None, notes)]) for name, notes in keys.items()]
    return printable("  ".join([*words, *([f"late {late}"] if late else [])])) or " "
