"""MIDI keyboards, through mido: which there are, and one that plays a live session."""

import contextlib
import os
import re
from typing import Any, NamedTuple

from opm.song import SongError, printable

from .devices import NoSound, quiet
from .live import Live

MISSING = "MIDI needs python-rtmidi: pip install 'numba-opm[midi]'"
LOOPBACK = "Midi Through"
"""ALSA's own port, which is there without any keyboard."""
_NUMBERS = re.compile(r" \d+:\d+$")
"""What ALSA ends a name with, another one each time that a keyboard is plugged in."""
_PLAYED = ("note_on", "note_off", "control_change", "program_change", "pitchwheel", "aftertouch", "sysex", "reset")
"""Messages that are played: clocks and the like come by the hundred."""


class Input(NamedTuple):
    """A MIDI input."""

    name: str
    api: str | None = None
    """Where mido finds it, such as ``LINUX_ALSA``; None: wherever it looks by itself."""

    @property
    def shown(self) -> str:
        """Return its name for people."""
        return printable(_NUMBERS.sub("", self.name))


def _backend() -> Any:
    """Return mido's backend: rtmidi, or what the variable MIDO_BACKEND names; SongError if it is not installed."""
    # JACK's library would start a server where none runs, for a list.
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    import mido

    try:
        return mido.Backend(load=True)
    except ImportError:
        raise SongError(MISSING) from None


def inputs() -> list[Input]:
    """Return the inputs there are; SongError if mido's backend is not installed."""
    backend = _backend()
    named = getattr(backend.module, "get_api_names", None)
    found: list[Input] = []
    # All of them: where the first, ALSA's sequencer, is not there, rtmidi fails instead of asking JACK.
    for api in [backend.api] if backend.api or not named else named():
        # rtmidi's errors are plain Exceptions, and its libraries print what they have to say.
        with quiet(), contextlib.suppress(Exception):
            options = {"api": api} if api else {}
            names = backend.get_input_names(**options)
            found += [Input(name, api) for name in dict.fromkeys(names)]
    return found


def input_list() -> str:
    """Return the list of inputs, one per line; empty if mido's backend is not installed."""
    with contextlib.suppress(SongError):
        return "\n".join(f"  {i} {each.shown}" for i, each in enumerate(inputs())) or "  no MIDI input"
    return ""


def chosen(wanted: str) -> Input:
    """Return the input of a number or a part of its name, or the only one; SongError if there is none, or several."""
    there = inputs()
    listed = ", ".join(f"{i} {each.shown}" for i, each in enumerate(there)) or "none"
    if wanted.isdecimal():
        found = there[int(wanted) : int(wanted) + 1]
    elif wanted:
        found = [each for each in there if wanted.lower() in each.name.lower()]
    else:
        found = [each for each in there if LOOPBACK not in each.name]
    if not found:
        raise SongError(f"no MIDI input {wanted!r}: there are {listed}" if wanted else "no MIDI input")
    if len(found) > 1:
        raise SongError(f"several MIDI inputs, name one: {listed}")
    return found[0]


class Keyboard:
    """A MIDI input that plays a live session.

    Parameters
    ----------
    live : Live
    source : Input

    Raises
    ------
    SongError
        It cannot be opened.
    """

    def __init__(self, live: Live, source: Input) -> None:
        self.live, self.source = live, source
        self.channel = 0
        """The channel that was played last, from 0."""
        self.count = 0
        """Messages so far."""
        self.there = False
        """Whether it is plugged in."""
        self._port: Any = None
        self._open(source)

    def _open(self, source: Input) -> None:
        options = {"api": source.api} if source.api else {}
        try:
            with quiet():
                self._port = _backend().open_input(source.name, callback=self._take, **options)
            self.there = True
        # rtmidi's errors are plain Exceptions.
        except Exception as error:
            raise SongError(f"cannot open the MIDI input {source.shown}: {error}") from None

    def _take(self, message: Any) -> None:
        """Play a message, in the backend's thread."""
        if message.type not in _PLAYED:
            return
        self.count += 1
        self.channel = getattr(message, "channel", self.channel)
        # A session that has ended, or has no card, says so elsewhere; and who floods it loses messages.
        with contextlib.suppress(RuntimeError, ValueError, NoSound):
            self.live.send(message)

    def look(self) -> str:
        """See whether it is still plugged in, or again; return what is to be said. What it held is released."""
        found = next((name for name in self._names() if Input(name).shown == self.source.shown), None)
        if self.there and not found:
            self.there = False
            self.live.silence()
            return f"{self.source.shown} is unplugged"
        if found and not self.there:
            with contextlib.suppress(SongError):
                self.close()
                self._open(Input(found, self.source.api))
                return f"{self.source.shown} is back"
        return ""

    def _names(self) -> list[str]:
        """Return the names of the inputs there are."""
        # Asked of the open port: a new one, which mido makes for each list, is a new client of JACK, and rtmidi keeps
        # the interpreter lock, and so the sound, waiting for that; for a second, on a busy machine.
        port = getattr(self._port, "_rt", None)
        return port.get_ports() if port else [each.name for each in inputs() if each.api == self.source.api]

    def close(self) -> None:
        """Close it."""
        with quiet(), contextlib.suppress(Exception):
            self._port.close()
