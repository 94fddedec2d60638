"""The full screen: Textual reads keys and mouse, keeps the window, and draws the lines of ``pages``."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
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
from .keys import KEYS, Key
from .pages import Choices, channel_page, song_page
from .playback import OTHERS
from .session import LOOKS_PER_SECOND, Session
from .signals import Ended, pass_signals_to

MOVES = {"left": -5.0, "right": 5.0, "down": -60.0, "up": 60.0}
LOOK, TIME_TO_END = 0.5, 3.0
"""Seconds between two checks of the terminal, and how long the screen may take to end."""
ALL = 2 * OTHERS - 1
"""All that can be muted: bits 0 to 7 for channels, OTHERS above them."""
VOLUME_STEP = 1.5
"""dB."""


class Face(Widget):
    """Draws a picture; redraws only the lines that have changed."""

    DEFAULT_CSS = "Face { width: 100%; height: 100%; }"

    def __init__(self, player: "ScreenApp") -> None:
        super().__init__()
        self.player = player
        self.picture = Picture()
        self._strips: list[Strip] = []
        self._pressed: Offset | None = None

    def draw(self) -> None:
        """Draw the lines that have changed."""
        width, height = self.size
        self.picture = self.player.page(width, height)
        roles = self.player.roles
        strips = [_strip(line, roles, width) for line in self.picture.lines[:height]]
        strips += [Strip.blank(width, roles[""])] * (height - len(strips))
        # Slicing, since a window that has grown has lines that were never drawn.
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
        """Remember where: Textual makes a click of any drag inside one widget, and this one fills the screen."""
        self._pressed = event.offset

    def on_click(self, event: events.Click) -> None:
        """Pass it on."""
        if event.offset == self._pressed:
            self.player.clicked(self.picture, event.x, event.y)


def _strip(line: Line, roles: dict[str, Style], width: int) -> Strip:
    return Strip([Segment(text, roles[role]) for text, role in line if text]).adjust_cell_length(width, roles[""])


class Keys(ModalScreen[None]):
    """The table of keys, on top of the page."""

    DEFAULT_CSS = """
    Keys { align: center middle; }
    Keys VerticalScroll { width: auto; max-width: 100%; height: auto; max-height: 100%; background: $panel; }
    Keys Static { width: auto; max-width: 100%; padding: 0 1; }
    """
    BINDINGS: ClassVar = [("escape,question_mark,h,q,space,enter,ctrl+c", "dismiss"), ("ctrl+z", "app.stop('')")]

    def __init__(self, keys: Sequence[Key], mouse: str) -> None:
        super().__init__()
        self._keys, self._mouse = keys, mouse

    def compose(self) -> ComposeResult:
        """Make the table from one in ``keys``."""
        rows = [(key.shown, key.does) for key in self._keys] + [("mouse", self._mouse)] * bool(self._mouse)
        width = max(len(shown) for shown, _ in rows) + 2
        lines = [f"{shown:{width}}{does}" for shown, does in rows]
        with VerticalScroll():
            # Without markup, where "[ ]", which is a key, would be a tag.
            yield Static("\n".join(lines), markup=False)


class Lenient:
    """Mixed into Textual's driver, which dies of input that is not UTF-8.

    Terminals of another encoding send it, and mouse reports of the old kind, whose coordinates may be any byte.
    """

    def run_input_thread(self) -> None:
        """Drop what cannot be decoded, with what was read beside it, and read on."""
        while True:
            with contextlib.suppress(UnicodeDecodeError):
                return super().run_input_thread()  # type: ignore[misc,no-any-return]


class ScreenApp(App[bool]):
    """A full screen of one picture, drawn anew at regular times, and a table of keys."""

    ENABLE_COMMAND_PALETTE = False
    # With a selection, Textual's Ctrl-C copies it instead of quitting.
    ALLOW_SELECT = False
    table: ClassVar[tuple[Key, ...]] = ()
    """Its keys."""
    mouse: ClassVar[str] = ""
    """What the mouse does, for the table of keys."""

    def __init__(self) -> None:
        super().__init__()
        self.roles: dict[str, Style] = {}
        self.failure: BaseException | None = None
        self._face = Face(self)
        self._color()

    def tick(self) -> bool:
        """Do what is due; return whether to go on."""
        raise NotImplementedError

    def page(self, width: int, height: int) -> Picture:
        """Return what to show."""
        raise NotImplementedError

    def clicked(self, picture: Picture, x: int, y: int) -> None:
        """Obey a click on a picture."""

    def play(self) -> bool:
        """Play; return whether it came to its end."""
        ended, over = None, threading.Event()
        threading.Thread(target=self._watch, args=(over,), daemon=True).start()
        # Raised in the event loop, a signal's exception got lost among Textual's tasks in 3 of 60 runs.
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
        """End the screen once its terminal is closed; if it does not end, exit without it."""
        late = 0.0
        # In a thread: where a stalled connection takes no more output, the event loop stands still in a write.
        while not over.wait(LOOK) and late < TIME_TO_END:
            # A closed terminal need not send SIGHUP, and would leave a player that nobody can end.
            if not self.failure and not os.isatty(sys.stdin.fileno()):
                self.fail(Ended(128 + getattr(signal, "SIGHUP", 1)))
            late += LOOK if self.failure else 0
        if not over.is_set():
            os._exit(getattr(self.failure, "code", 2))

    def get_driver_class(self) -> type[Driver]:
        """Return the platform's driver, made lenient."""
        return type("LenientDriver", (Lenient, super().get_driver_class()), {})

    def fail(self, failure: BaseException) -> None:
        """Have the next ``look`` end the screen; the failure is raised once the terminal is restored.

        Called from signal handlers and another thread, so it only takes note.
        """
        self.failure = failure

    def compose(self) -> ComposeResult:
        """Make the one widget."""
        yield self._face

    def on_mount(self) -> None:
        """Begin to draw at regular times."""
        self.set_interval(1 / LOOKS_PER_SECOND, self.look)
        self.theme_changed_signal.subscribe(self, lambda _: self._color())

    def look(self) -> None:
        """Go on with what is shown, and draw it."""
        try:
            more = self.tick()
        except Exception as error:
            self.fail(error)
        if self.failure or not more:
            self.exit(not self.failure)
        else:
            self._face.draw()

    def _color(self) -> None:
        colors = {"": "foreground", "dim": "foreground", "bold": "foreground", "title": "primary", "note": "accent"}
        colors |= {"level": "success", "hot": "error", "muted": "error", "bar": "primary", "scope": "accent"}
        manners = {"dim": "dim", "bold": "bold", "title": "bold", "note": "bold", "muted": "strike"}
        for role, color in colors.items():
            style = Style.parse(manners.get(role, ""))
            # Where NO_COLOR is set, manners alone have to tell what is muted or keyed.
            if not self.no_color:
                # Parsed by Textual: themes of the terminal's own colours have names such as "ansi_blue".
                front, back = (Color.parse(self.theme_variables[name]).rich_color for name in (color, "background"))
                style += Style(color=front, bgcolor=back)
            self.roles[role] = style

    def action_theme(self, key: str) -> None:
        """Take the next theme."""
        names = list(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def action_keys(self, key: str) -> None:
        """Show what the keys do."""
        self.push_screen(Keys(self.table, self.mouse))

    def action_stop(self, key: str) -> None:
        """Stop, as ctrl-z does elsewhere; ``fg`` in the shell comes back."""
        if hasattr(signal, "SIGTSTP"):
            # Raw mode hides ctrl-z from the terminal, so the player has to send the signal itself, to its whole group.
            with self.suspend():
                os.kill(0, signal.SIGTSTP)

    def action_leave(self, key: str) -> None:
        """Quit."""
        if key == "ctrl+c":
            self.failure = Ended(128 + signal.SIGINT)
        self.exit(False)


def bindings(table: Iterable[Key]) -> list[BindingType]:
    """Return a table of keys as Textual takes it."""
    return [Binding(name, f"{key.action}('{name}')") for key in table for name in key.names.split(",")]


class PlayerApp(ScreenApp):
    """The player on a full screen.

    Parameters
    ----------
    session : Session
    scope : bool
        Begin with oscilloscopes.
    """

    table = KEYS
    mouse = "on the bar: go there; on a channel or part: mute it"
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, session: Session, scope: bool = False) -> None:
        self.session = session
        self.choices = Choices(scope)
        super().__init__()

    def tick(self) -> bool:
        """Go on with the session."""
        return self.session.tick()

    def page(self, width: int, height: int) -> Picture:
        """Return the song's page, or the channel's."""
        page = channel_page if self.choices.inside else song_page
        return page(self.session, self.choices, width, height)

    def clicked(self, picture: Picture, x: int, y: int) -> None:
        """On the seek bar: go there. On a channel or part: mute it, or let it sound again."""
        line, first, width = picture.bar
        if y == line and first <= x < first + width:
            self.session.seek_on_bar((x - first) / width)
        elif key := picture.mutes.get(y):
            self.action_mute(key)

    def action_pause(self, key: str) -> None:
        """Pause, or go on."""
        self.session.playback.paused ^= True

    def action_move(self, key: str) -> None:
        """Move in the song."""
        self.session.seek(0.0 if key == "home" else self.session.seconds + MOVES[key])
        # At once, not at the next look: "seeking ..." has to show before the playback can be there.
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
        # Limits of -96 and +48 dB, as those of --volume.
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
