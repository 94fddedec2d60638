"""The full screen: its pages as pictures, and what keys, mouse and window do to it."""

import asyncio
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import pages
import pulse
import pytest
from card import begun, steps
from conftest import ROOT
from rich.cells import cell_len

import opm
from opm.song import Options
from player import draw
from player.app import PlayerApp
from player.files import ENDLESS, Job
from player.inside import inside_page
from player.keys import KEYS
from player.screen import Choices, song_page
from tests.soak import Terminal

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"


@pytest.mark.parametrize("name", pages.CASES)
def test_page(name):
    """``python -m tests.player.pages`` draws them anew."""
    text, _ = pages.page(name)
    want = (pages.FOLDER / f"{name}.txt").read_text().splitlines()
    got = text.splitlines()
    width, height = pages.CASES[name][1]
    assert len(got) == height
    assert max(map(cell_len, got)) <= width
    for row, (line, wanted) in enumerate(zip(got, want, strict=True)):
        assert line == wanted, f"line {row}: expected, got\n{wanted}\n{line}"


def test_every_page_has_its_picture():
    assert {path.stem for path in pages.FOLDER.iterdir()} == set(pages.CASES)


@pytest.fixture(scope="module")
def session():
    session = begun(Job(SONG), Job(SONG))
    steps(session, 60)
    return session


def test_remarks_are_cleaned(session, monkeypatch):
    """A song that cannot be read is named there, whatever its name is."""
    monkeypatch.setitem(session.failed, 1, "\x1b[31mred\x07.vgm: expected a song")
    shown = "".join(text for line in song_page(session, Choices(), 120, 40).lines for text, _ in line)
    assert r"\x1b[31mred\x07.vgm: expected a song" in shown
    assert shown.isprintable()


@pytest.mark.parametrize("inside", [False, True])
def test_no_window_is_too_small_or_large(session, inside):
    """A line is never wider than the window, and there are never more than it has."""
    page = inside_page if inside else song_page
    for scope in (False, True):
        for width in (*range(0, 130, 3), 160, 300):
            for height in (1, 2, 5, 11, 12, 17, 24, 40, 100):
                picture = page(session, Choices(scope), width, height)
                if width >= 40:
                    widest = max(cell_len("".join(text for text, _ in line).rstrip()) for line in picture.lines)
                    assert widest <= width, (width, height)
                assert len(picture.lines) <= max(height, 2 if not inside else 6), (width, height)


def listed(session, channel):
    """Return the times and bytes of the registers written lately, as the look inside a channel lists them."""
    lines = [
        "".join(text for text, _ in line) for line in inside_page(session, Choices(channel=channel), 120, 60).lines
    ]
    return [tuple(line.split()[:3]) for line in lines if re.match(r"\d+:\d\d\.\d\d  [0-9A-F]{2} [0-9A-F]{2}  ", line)]


def test_the_look_inside_lists_the_channels_own_writes(tmp_path):
    """Nothing of another channel or of the whole chip, however many of them come in between."""
    own = [(0.1, 0x2A, 0x4A), (0.1, 0x5A, 0x01), (0.1, 0x08, 0x7A), (0.2, 0x08, 0x02), (0.2, 0x3A, 0x10)]
    others = [(0.2 + i / 1000, (0x08, 0x18, 0x2B, 0x5B, 0x14)[i % 5], 0x79) for i in range(200)]
    path = tmp_path / "a.vgm"
    opm.Song([*own, *others], length=60.0).save(path)
    session = begun(Job(path))
    steps(session, 60)
    assert listed(session, 2) == [(f"0:00.{t * 100:02.0f}", f"{a:02X}", f"{d:02X}") for t, a, d in own[::-1]]
    assert {address for _, address, _ in listed(session, 3)} == {"2B", "5B"}
    assert listed(session, 4) == []


def test_the_look_inside_has_the_seek_bars_clock(tmp_path):
    """In an endless song: of the pass that is heard, whichever it is."""
    path = tmp_path / "a.vgm"
    opm.Song([(0.5, 0x28, 1), (1.25, 0x28, 2), (1.75, 0x28, 3)], loop=1.0, length=2.0).save(path)
    session = begun(Job(path, options={"loops": ENDLESS}))
    for place, want in ((1.5, ["02", "01"]), (31.5, ["02", "03", "02"]), (31.2, ["03", "02", "03"])):
        session.seek(place)
        while session.seeking or not place <= session.seconds < place + 0.1:
            steps(session, 1)
        assert 1.0 <= session.folded < 2.0
        rows = listed(session, 0)
        assert [data for _, _, data in rows][: len(want)] == want
        for when, _, data in rows:
            assert float(when.removeprefix("0:")) == pytest.approx({"01": 0.5, "02": 1.25, "03": 1.75}[data], abs=0.011)
    assert session.fold(31.25) == pytest.approx(1.25, abs=1e-3)
    assert session.fold(0.5) == 0.5


def test_the_look_inside_of_a_ym2164_knows_its_registers(tmp_path):
    path = tmp_path / "a.vgm"
    opm.Song([(0.1, 0x02, 9), (0.1, 0x2A, 0x4A)], chips=("ym2164",), length=60.0).save(path)
    session = begun(Job(path))
    steps(session, 60)
    page = "\n".join(
        "".join(text for text, _ in line) for line in inside_page(session, Choices(channel=2), 120, 60).lines
    )
    assert "02 09  channel 3: RAMP 9" in page


@pytest.mark.parametrize(
    ("kc", "kf", "clock", "note"),
    [
        (0x4A, 0, 3_579_545, "A4"),
        (0x4E, 0, 3_579_545, "C5"),
        (0x40, 0, 3_579_545, "C#4"),
        (0x4A, 16, 3_579_545, "A4 +25"),
        (0x4A, 0, 4_000_000, "B4 -8"),
    ],
)
def test_note_names(kc, kf, clock, note):
    assert draw.note_of(opm.midi_of(kc, kf, clock)) == note


@pytest.mark.parametrize("clock", [3_579_545, 4_000_000])
@pytest.mark.parametrize("width", [96, 48, 24])
def test_every_key_of_the_chip_is_on_the_keyboard(clock, width):
    """From the lowest to the highest; C stands where the clock puts it."""
    lowest = round(opm.midi_of(0, 0, clock))
    for key in range(96):
        drawn = "".join(text for text, _ in draw.keyboard(key, True, True, lowest, width))
        assert len(drawn) == width
        assert drawn.index("●") == key * width // 96
    plain = draw.keyboard(0, False, False, lowest, 96)[0][0]
    assert [lowest + i for i, mark in enumerate(plain) if mark == "┊"] == [
        c for c in range(0, 128, 12) if lowest <= c < lowest + 96
    ]


def test_while_a_song_is_read(session):
    """Its name is there at once, and that it is being read; the one before has fallen silent."""
    schedule, turn = session.schedule, session.deck.turn
    session.go(1)
    picture = song_page(session, Choices(), 80, 24)
    text = "\n".join("".join(text for text, _ in line) for line in picture.lines)
    assert "mountain_king.vgm" in text
    assert "2/2" in text
    assert "0:00 / 0:00" in text
    assert "reading ..." in text
    before = session.deck.speaker.count
    steps(session, 60)
    assert not session.deck.speaker.sound[before:].any()
    session.go(-1)
    session.schedule, session.deck.turn = schedule, turn


def test_texts_are_cut_by_their_cells():
    assert draw.fitted("悪魔城", 6) == "悪魔城"
    assert draw.fitted("悪魔城", 5) == "悪魔…"
    assert draw.fitted("悪魔城", 4) == "悪 …"
    assert [cell_len(draw.fitted("ｱ悪 x" * 9, width)) for width in range(20)] == list(range(20))


def test_the_oscilloscope_draws_the_wave():
    wave = (8000 * np.sin(np.arange(1024) * 2 * np.pi / 256)).astype(np.int16)
    drawn = draw.scope(wave, 30, 2)
    assert [len(line) for line in drawn] == [30, 30]
    assert len(set("".join(drawn))) > 4
    assert drawn == draw.scope(np.roll(wave, 100), 30, 2), "it stands still"
    assert draw.scope(wave[:10], 30) == [" " * 30]


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
    session = begun(Job(SONG), Job(SONG))
    steps(session, 60)
    yield session
    session.close(play_out=False)


def test_keys_of_the_listener(fresh):
    press(fresh, "2", "5", "5", "plus", "plus", "minus", "right", "right", "left", "up", "space")
    assert fresh.deck.mute == 0b10
    assert fresh.deck.gain == pytest.approx(10 ** (1.5 / 20))
    assert fresh.seconds == pytest.approx(65, abs=3)
    assert fresh.deck.paused
    press(fresh, "space", "down", "home")
    assert fresh.seconds == 0
    assert not fresh.deck.paused
    press(fresh, "s", "3")
    assert fresh.deck.mute == 0xFF & ~0b100
    press(fresh, "s")
    assert fresh.deck.mute == 0


def test_the_screen_says_at_once_that_it_seeks(fresh):
    """Before the deck has done anything."""
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
    row = next(row for row, channel in app._face.picture.channels.items() if channel == 6)
    press(fresh, click=(3, row))
    assert fresh.deck.mute == 1 << 6


def test_pages_and_oscilloscopes(fresh):
    app = press(fresh, "i", "right_square_bracket", "right_square_bracket")
    assert app.choices == Choices(inside=True, channel=2)
    app = press(fresh, "i", "i", "o")
    assert app.choices == Choices(scope=True)
    assert press(fresh, "question_mark", "escape", "2").session.deck.mute == 0b10, "the help has gone"


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
    assert fresh.deck.mute == 0
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


needs_sound = pytest.mark.skipif(not pulse.available(), reason="needs pulseaudio")


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


RESTORED = [b"\x1b[?1049l", b"\x1b[?25h"]
"""Back from the alternate screen, and a cursor."""


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
