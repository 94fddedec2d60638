"""The full screen: what keys, mouse and window do to it, and how it ends."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import ClassVar

import pulse
import pytest
from card import LISTENED, begun, board, steps
from conftest import ROOT

from player.app import PlayerApp
from player.jobs import Job
from player.keys import KEYS
from player.pages import Choices
from tests.soak import Terminal

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"
needs_sound = pytest.mark.skipif(not pulse.available(), reason="needs pulseaudio")
RESTORED = [b"\x1b[?1049l", b"\x1b[?25h"]
"""Back from the alternate screen, and a cursor."""


def press(session, *keys, size=(80, 24), click=None, then=lambda app: None):
    """Press keys and click in the application; return it."""
    app = PlayerApp(session)

    async def do():
        async with app.run_test(size=size) as pilot:
            await pilot.press(*keys)
            if click:
                await pilot.click(offset=click)
            app.look()
            await pilot.pause()
            then(app)

    asyncio.run(do())
    return app


@pytest.fixture
def fresh():
    session = begun(Job(SONG, options=LISTENED), Job(SONG, options=LISTENED))
    steps(session, 60)
    yield session
    session.close(play_out=False)


def test_keys_of_the_listener(fresh):
    press(fresh, "2", "5", "5", "plus", "plus", "minus", "right", "right", "left", "up", "space")
    assert fresh.playback.mute == 0b10
    assert fresh.playback.gain == pytest.approx(10 ** (1.5 / 20))
    assert fresh.seconds == pytest.approx(65, abs=3)
    assert fresh.playback.paused
    press(fresh, "space", "down", "home")
    assert fresh.seconds == 0
    assert not fresh.playback.paused
    press(fresh, "s", "3")
    assert fresh.playback.mute == 0x1FF & ~0b100
    press(fresh, "9")
    assert fresh.playback.mute == 0xFF, "the other parts alone"
    press(fresh, "s")
    assert fresh.playback.mute == 0
    press(fresh, "9", "2")
    assert fresh.playback.mute == 0x102


def test_the_screen_says_at_once_that_it_seeks(fresh):
    """Before the playback has done anything."""
    shown = []
    press(fresh, "right", then=lambda app: shown.append(str(app._face.picture.lines)))
    assert "seeking ..." in shown[0]
    steps(fresh, 60)
    press(fresh, then=lambda app: shown.append(str(app._face.picture.lines)))
    assert "seeking ..." not in shown[1]


def test_going_beyond_both_ends(fresh):
    press(fresh, "left", "left")
    assert fresh.seconds == 0
    press(fresh, *["up"] * 5)
    assert fresh.seconds == fresh.length


def test_a_click_on_the_bar_and_on_a_channel(fresh):
    app = press(fresh)
    line, first, width = app._face.picture.bar
    press(fresh, click=(first + width // 2, line))
    assert fresh.seconds == pytest.approx(fresh.length / 2, rel=0.05)
    row = next(row for row, key in app._face.picture.mutes.items() if key == "7")
    press(fresh, click=(3, row))
    assert fresh.playback.mute == 1 << 6


def test_a_click_on_another_part(tmp_path):
    """It mutes them all, as 9 does: in a window that is large enough the line behind each stands for it, too."""
    session = begun(Job(board(tmp_path), options=LISTENED))
    steps(session, 60)
    for size, lines in (((80, 24), 2), ((80, 50), 4), ((40, 12), 2), ((40, 11), 1), ((40, 5), 0)):
        rows = [row for row, key in press(session, size=size)._face.picture.mutes.items() if key == "9"]
        assert len(rows) == lines
        for row in rows:
            before = session.playback.mute
            press(session, size=size, click=(3, row))
            assert session.playback.mute == before ^ 0x100
    session.close(play_out=False)


def test_pages_and_oscilloscopes(fresh):
    app = press(fresh, "i", "right_square_bracket", "right_square_bracket")
    assert app.choices == Choices(inside=True, channel=2)
    app = press(fresh, "i", "i", "o")
    assert app.choices == Choices(scope=True)
    assert press(fresh, "question_mark", "escape", "2").session.playback.mute == 0b10, "the help has gone"


def test_colours(fresh):
    """All of them: themes of the terminal's own colours, too."""
    seen = []
    app = press(fresh, *["t"] * len(PlayerApp(fresh).available_themes), then=lambda app: seen.append(app.theme))
    assert seen == ["textual-dark"], "once round"
    for theme in app.available_themes:
        app.theme = theme
        app._color()
        assert app.roles["bar"] != app.roles["note"], theme


def test_a_drag_is_no_click_and_selects_nothing(fresh):
    """Textual's Ctrl-C would copy what is selected instead of quitting."""
    app = PlayerApp(fresh)

    async def do():
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.mouse_down(offset=(5, 6))
            await pilot.hover(offset=(25, 8))
            await pilot.mouse_up(offset=(25, 8))
            await pilot.pause()
            await pilot.press("ctrl+c")

    asyncio.run(do())
    assert fresh.playback.mute == 0
    assert app.failure.code == 130


def test_moving_while_paused_shows_the_place(fresh):
    press(fresh, "space", "right")
    steps(fresh, 60)
    assert not fresh.seeking
    assert fresh.moment.seconds == pytest.approx(fresh.place, abs=0.1)


def test_without_colour(fresh, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = press(fresh)
    assert {style.color for style in app.roles.values()} == {None}


def test_next_song_and_quit(fresh):
    app = press(fresh, "n")
    assert fresh.at == 1
    app = press(fresh, "q")
    assert app.return_value is False
    app = press(fresh, "ctrl+c")
    assert app.failure.code == 130
    app = press(fresh, "n")
    assert app.return_value is True, "the last one's next is the end"


def test_a_window_that_changes(fresh):
    app = PlayerApp(fresh)
    sizes = []

    async def do():
        async with app.run_test(size=(80, 24)) as pilot:
            for size in ((40, 12), (200, 60), (20, 5), (120, 40)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                sizes.append((app._face.size.width, len(app._face._strips)))

    asyncio.run(do())
    assert sizes == [(40, 12), (200, 60), (20, 5), (120, 40)]


def test_all_keys_of_the_table_do_something():
    for key in KEYS:
        assert hasattr(PlayerApp, f"action_{key.action}"), key
    assert len({name for key in KEYS for name in key.names.split(",")}) == sum(
        len(key.names.split(",")) for key in KEYS
    )


class Played:
    """The player in a terminal of its own."""

    all: ClassVar = []

    def __init__(self, sound, *arguments, **environment):
        command = [sys.executable, "-m", "player", *map(str, arguments)]
        environment = {**sound, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment}
        self.terminal = Terminal(command, environment, 80, 24)
        self.all.append(self.terminal.process)

    def wait_for(self, words: bytes):
        at = len(self.terminal.drawn)
        deadline = time.monotonic() + 90
        while words not in self.terminal.drawn[at:]:
            assert time.monotonic() < deadline, self.terminal.drawn[-500:]
            assert self.terminal.process.poll() is None, self.terminal.drawn[-2000:]
            self.terminal.read(0.2)

    def press(self, keys: bytes):
        os.write(self.terminal.ours, keys)

    def end(self):
        """Wait for the end; return the exit code and what was written after the screen."""
        deadline = time.monotonic() + 60
        while self.terminal.process.poll() is None:
            assert time.monotonic() < deadline
            self.terminal.read(0.2)
        while self.terminal.read(0.1) and self.terminal.process.poll() is None:
            pass
        return self.terminal.process.returncode, self.terminal.drawn


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    with pulse.pulse_server(tmp_path_factory.mktemp("pulse")) as sound:
        yield sound
    for process in Played.all:  # those of tests that failed
        process.kill()
        process.wait()


@needs_sound
@pytest.mark.parametrize("way", ["q", "ctrl-c", "SIGTERM", "SIGHUP", "SIGINT"])
def test_the_terminal_is_as_it_was_after_every_way_out(sound, way):
    import termios

    player = Played(sound, SONG)
    before = termios.tcgetattr(player.terminal.ours)
    player.wait_for(b"underruns")
    if way in ("q", "ctrl-c"):
        player.press({"q": b"q", "ctrl-c": b"\x03"}[way])
    else:
        player.terminal.process.send_signal(getattr(signal, way))
    code, drawn = player.end()
    assert code == {"q": 0, "ctrl-c": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGINT": 130}[way]
    assert all(words in drawn for words in RESTORED)
    assert b"Traceback" not in drawn
    assert termios.tcgetattr(player.terminal.ours) == before


@needs_sound
def test_ctrl_z_and_back(sound):
    player = Played(sound, SONG)
    process = player.terminal.process
    player.wait_for(b"underruns")
    player.press(b"\x1a")

    def state() -> str:
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2][0]

    deadline = time.monotonic() + 60
    while state() != "T":
        assert time.monotonic() < deadline
        player.terminal.read(0.1)
    assert all(words in player.terminal.drawn for words in RESTORED)
    os.killpg(process.pid, signal.SIGCONT)
    player.wait_for(b"0:0")
    deadline = time.monotonic() + 60
    while process.poll() is None:  # A key pressed while the terminal is set up anew is lost.
        assert time.monotonic() < deadline
        player.press(b"q")
        player.terminal.read(0.5)
    assert player.end()[0] == 0


@needs_sound
@pytest.mark.parametrize("arguments", [["--plain"], []], ids=["--plain", "TERM=dumb"])
def test_the_plain_line_in_a_terminal(sound, arguments):
    player = Played(sound, SONG, *arguments, TERM="xterm" if arguments else "dumb")
    player.wait_for(b"0:01 / 1:40  In the Hall of the Mountain King ")
    player.terminal.process.send_signal(signal.SIGINT)
    code, drawn = player.end()
    assert code == 130
    assert b"\x1b" not in drawn


@needs_sound
def test_bytes_that_are_no_text_are_dropped(sound):
    """A terminal in another encoding, a mouse of the old kind."""
    player = Played(sound, SONG)
    player.wait_for(b"underruns")
    for byte in (b"\xe4", b"\xff", b"\x1b[M\xff\xfe\xfd"):
        player.press(byte)
        player.terminal.read(0.2)
    at, deadline = len(player.terminal.drawn), time.monotonic() + 60
    while b"seeking ..." not in player.terminal.drawn[at:]:
        assert time.monotonic() < deadline
        player.press(b"\x1b[H")  # again, since what is read together with such bytes is dropped with them
        for _ in range(5):
            player.terminal.read(0.1)
    player.press(b"q")
    code, drawn = player.end()
    assert code == 0
    assert b"Traceback" not in drawn


@needs_sound
@pytest.mark.parametrize("close", [False, True])
def test_it_ends_though_nobody_takes_what_it_draws(sound, close):
    """A connection that stalls: the output is full, and the screen stands still."""
    player = Played(sound, SONG, "--scope")
    player.wait_for(b"underruns")
    time.sleep(2)
    if close:
        os.close(player.terminal.ours)
    else:
        player.terminal.process.send_signal(signal.SIGTERM)
    assert player.terminal.process.wait(60) == 128 + (signal.SIGHUP if close else signal.SIGTERM)


@needs_sound
@pytest.mark.parametrize("number", [None, signal.SIGHUP, signal.SIGTERM])
def test_it_ends_with_its_terminal(sound, number):
    """Whether a signal says so or not; it would play on, and nobody could end it."""
    player = Played(sound, SONG)
    player.wait_for(b"underruns")
    os.close(player.terminal.ours)
    if number:
        player.terminal.process.send_signal(number)
    assert player.terminal.process.wait(60) in (128 + signal.SIGHUP, 128 + (number or 0))
