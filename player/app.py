"""The full screen: Textual reads keys and mouse, keeps the window, and draws the lines of ``pages``."""

import contextlib
import os
import signal
import sys
import threading
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.color import Color
from textual.containers import VerticalScroll
from textual.driver import Driver
from textual.geometry import Offset, Region
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from opm.song import SongError

from .draw import Line, Picture
from .keys import KEYS
from .pages import Choices, channel_page, song_page
from .playback import OTHERS
from .session import LOOKS_PER_SECOND, Session
from .signals import Ended, pass_signals_to

MOVES = {"left": -5.0, "right": 5.0, "down": -60.0, "up": 60.0}
LOOK, TIME_TO_END = 0.5, 3.0
"""Seconds from one look at the terminal to the next, and those the screen has to end in."""
ALL = 2 * OTHERS - 1
"""All that can be muted."""
VOLUME_STEP = 1.5
"""dB."""


class Face(Widget):
    """Draws a picture; of its lines, only those that have changed."""

    DEFAULT_CSS = "Face { width: 100%; height: 100%; }"

    def __init__(self, player: "PlayerApp") -> None:
        super().__init__()
        self.player = player
        self.picture = Picture()
        self._strips: list[Strip] = []
        self._pressed: Offset | None = None

    def draw(self) -> None:
        """Draw anew what has changed."""
        width, height = self.size
        page = channel_page if self.player.choices.inside else song_page
        self.picture = page(self.player.session, self.player.choices, width, height)
        roles = self.player.roles
        strips = [_strip(line, roles, width) for line in self.picture.lines[:height]]
        strips += [Strip.blank(width, roles[""])] * (height - len(strips))
        changed = [y for y, strip in enumerate(strips) if self._strips[y : y + 1] != [strip]]
        self._strips = strips
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Return a line, for Textual."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.player.roles[""])

    def on_resize(self) -> None:
        """Draw for the new size at once."""
        self.draw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Remember where: what is released elsewhere is not a click."""
        self._pressed = event.offset

    def on_click(self, event: events.Click) -> None:
        """On the seek bar: go there. On a channel or part: mute it, or let it sound again."""
        if event.offset != self._pressed:
            return
        y, x, width = self.picture.bar
        if event.y == y and x <= event.x < x + width:
            self.player.session.seek_on_bar((event.x - x) / width)
        elif key := self.picture.mutes.get(event.y):
            self.player.action_mute(key)


def _strip(line: Line, roles: dict[str, Style], width: int) -> Strip:
    return Strip([Segment(text, roles[role]) for text, role in line if text]).adjust_cell_length(width, roles[""])


class Keys(ModalScreen[None]):
    """What the keys do."""

    DEFAULT_CSS = """
    Keys { align: center middle; }
    Keys VerticalScroll { width: auto; max-width: 100%; height: auto; max-height: 100%; background: $panel; }
    Keys Static { width: auto; max-width: 100%; padding: 0 1; }
    """
    BINDINGS: ClassVar = [("escape,question_mark,h,q,space,enter,ctrl+c", "dismiss"), ("ctrl+z", "app.stop('')")]

    def compose(self) -> ComposeResult:
        """Return the table."""
        width = max(len(key.shown) for key in KEYS) + 2
        lines = [f"{key.shown:{width}}{key.does}" for key in KEYS]
        lines.append(f"{'mouse':{width}}on the bar: go there; on a channel or part: mute it")
        with VerticalScroll():
            yield Static("\n".join(lines), markup=False)


class Lenient:
    """For a driver: bytes that are not UTF-8 are dropped, whoever sends them."""

    def run_input_thread(self) -> None:
        """Skip what cannot be decoded, and read on."""
        while True:
            with contextlib.suppress(UnicodeDecodeError):
                return super().run_input_thread()  # type: ignore[misc,no-any-return]


class PlayerApp(App[bool]):
    """The player on a full screen.

    Parameters
    ----------
    session : Session
    scope : bool
        Begin with oscilloscopes.
    """

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar = [Binding(name, f"{key.action}('{name}')") for key in KEYS for name in key.names.split(",")]

    def __init__(self, session: Session, scope: bool = False) -> None:
        super().__init__()
        self.session = session
        self.choices = Choices(scope)
        self.roles: dict[str, Style] = {}
        self.failure: BaseException | None = None
        self._face = Face(self)
        self._color()

    def play(self) -> bool:
        """Play until the last song's end; return whether it came to that."""
        ended, over = None, threading.Event()
        threading.Thread(target=self._watch, args=(over,), daemon=True).start()
        with pass_signals_to(self.fail):
            try:
                ended = self.run()
            except Exception:  # The terminal may be gone, too.
                if not self.failure:
                    raise
            finally:
                over.set()
        if self.failure:
            raise self.failure
        if self.return_code:
            raise SongError("the screen has failed (--plain plays without it)")
        return bool(ended)

    def _watch(self, over: threading.Event) -> None:
        """End when the terminal is closed. If the screen does not, as nobody reads its output, exit without it."""
        late = 0.0
        while not over.wait(LOOK) and late < TIME_TO_END:
            if not self.failure and not os.isatty(sys.stdin.fileno()):
                self.fail(Ended(128 + getattr(signal, "SIGHUP", 1)))
            late += LOOK if self.failure else 0
        if not over.is_set():
            os._exit(getattr(self.failure, "code", 2))

    def get_driver_class(self) -> type[Driver]:
        """Return the platform's driver, made lenient."""
        return type("LenientDriver", (Lenient, super().get_driver_class()), {})

    def fail(self, failure: BaseException) -> None:
        """End at the next look; the failure is raised once the screen is gone."""
        self.failure = failure

    def compose(self) -> ComposeResult:
        """Return the one widget."""
        yield self._face

    def on_mount(self) -> None:
        """Look and draw from now on."""
        self.set_interval(1 / LOOKS_PER_SECOND, self.look)
        self.theme_changed_signal.subscribe(self, lambda _: self._color())

    def look(self) -> None:
        """Go on with the session, and draw it."""
        try:
            more = self.session.tick()
        except Exception as error:
            self.fail(error)
        if self.failure or not more:
            self.exit(not self.failure)
        else:
            self._face.draw()

    def _color(self) -> None:
        """Take the theme's colours."""
        colors = {"": "foreground", "dim": "foreground", "bold": "foreground", "title": "primary", "note": "accent"}
        colors |= {"level": "success", "hot": "error", "muted": "error", "bar": "primary", "scope": "accent"}
        manners = {"dim": "dim", "bold": "bold", "title": "bold", "note": "bold", "muted": "strike"}
        for role, color in colors.items():
            style = Style.parse(manners.get(role, ""))
            if not self.no_color:
                front, back = (Color.parse(self.theme_variables[name]).rich_color for name in (color, "background"))
                style += Style(color=front, bgcolor=back)
            self.roles[role] = style

    def action_pause(self, key: str) -> None:
        """Pause, or go on."""
        self.session.playback.paused ^= True

    def action_move(self, key: str) -> None:
        """Go back or on."""
        self.session.seek(0.0 if key == "home" else self.session.seconds + MOVES[key])
        self._face.draw()

    def action_song(self, key: str) -> None:
        """Go to the next or the previous song."""
        self.session.go(1 if key == "n" else -1)
        self.look()

    def action_mute(self, key: str) -> None:
        """Mute a channel, or with 9 the other parts, or let it sound; after ``s`` it is heard alone."""
        bit = 1 << int(key) - 1
        self.session.playback.mute = ALL & ~bit if self.session.solo else self.session.playback.mute ^ bit

    def action_solo(self, key: str) -> None:
        """Let the digits choose a channel to be heard alone, or hear all again."""
        self.session.solo ^= True
        self.session.playback.mute = 0

    def action_volume(self, key: str) -> None:
        """Change the volume."""
        step = -VOLUME_STEP if key == "minus" else VOLUME_STEP
        self.session.playback.gain = min(max(self.session.playback.gain * 10 ** (step / 20), 10**-4.8), 10**2.4)

    def action_scope(self, key: str) -> None:
        """Show or hide the oscilloscopes."""
        self.choices.scope ^= True

    def action_inside(self, key: str) -> None:
        """Go to the other page."""
        self.choices.inside ^= True

    def action_channel(self, key: str) -> None:
        """Look inside the next channel, or the one before."""
        self.choices.channel += 1 if key.startswith("right") else -1

    def action_theme(self, key: str) -> None:
        """Take the next theme."""
        names = list(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def action_keys(self, key: str) -> None:
        """Show what the keys do."""
        self.push_screen(Keys())

    def action_stop(self, key: str) -> None:
        """Stop the whole process group, as ctrl-z does elsewhere; ``fg`` in the shell comes back."""
        if hasattr(signal, "SIGTSTP"):
            with self.suspend():
                os.kill(0, signal.SIGTSTP)

    def action_leave(self, key: str) -> None:
        """Quit."""
        if key == "ctrl+c":
            self.failure = Ended(128 + signal.SIGINT)
        self.exit(False)
