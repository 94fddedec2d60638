"""Keys of a terminal, one at a time, without waiting."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ESCAPES = {"\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left"}


@contextmanager
def keyboard() -> Iterator[bool]:
    """Read keys as they are pressed; yields False where standard input is no terminal."""
    try:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError, termios.error):
        yield False
        return
    try:
        tty.setcbreak(descriptor)
        yield True
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def pressed() -> list[str]:
    """Return the keys pressed since the last call; arrows by their names."""
    if not select.select([sys.stdin], [], [], 0)[0]:
        return []
    text = os.read(sys.stdin.fileno(), 256).decode(errors="replace")
    keys = []
    while text:
        arrow = ESCAPES.get(text[:3])
        keys.append(arrow or text[0])
        text = text[3:] if arrow else text[1:]
    return keys
