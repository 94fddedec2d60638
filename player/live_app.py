"""The full screen of ``--midi-in``."""

from typing import ClassVar

from .app import ScreenApp, bindings
from .draw import Picture
from .keys import LIVE_KEYS
from .live_page import live_page
from .perform import VOLUME_STEP, Performance


class LiveApp(ScreenApp):
    """A performance on a full screen.

    Parameters
    ----------
    performance : Performance
    """

    table = LIVE_KEYS
    BINDINGS: ClassVar = bindings(LIVE_KEYS)

    def __init__(self, performance: Performance) -> None:
        self.performance = performance
        super().__init__()

    def tick(self) -> bool:
        """See what has become of the card and the keyboard."""
        return self.performance.tick()

    def page(self, width: int, height: int) -> Picture:
        """Return what is played."""
        return live_page(self.performance, width, height)

    def action_panic(self, key: str) -> None:
        """Silence everything."""
        self.performance.panic()

    def action_program(self, key: str) -> None:
        """Give the channel that was played last the next program, or the one before."""
        self.performance.program(1 if key == "n" else -1)

    def action_volume(self, key: str) -> None:
        """Change the volume."""
        self.performance.turn(-VOLUME_STEP if key == "minus" else VOLUME_STEP)
