"""MIDI keyboards: which is taken, what is played, what happens when one is unplugged; and its screen."""

import asyncio
import builtins
import sys
import threading
from types import SimpleNamespace

import fake_midi
import mido
import pytest
import soundfile
from commands import bad
from small_bank import SMALL
from test_live import Recorder
from test_live_notes import keys, off, on, written

import player.__main__
import player.devices
import player.perform
from opm.song import SongError
from player import Live
from player.keyboard import MISSING, Input, Keyboard, chosen, input_list, inputs
from player.live_app import LiveApp
from player.live_page import live_page
from player.perform import Performance, _line, _run

STATION = "Keystation 49:Keystation 49 MIDI 1 20:0"


@pytest.fixture(autouse=True)
def plugged(monkeypatch):
    """A keyboard, and ALSA's own port."""
    monkeypatch.setenv("MIDO_BACKEND", "fake_midi")
    monkeypatch.setattr(fake_midi, "PORTS", {"Midi Through:Midi Through Port-0 14:0": [], STATION: []})
    return fake_midi.PORTS


@pytest.fixture
def live():
    live = Live(output=Recorder(), bank=SMALL, latency="low")
    yield live
    live.stop()


@pytest.fixture
def performance(live):
    speaker = SimpleNamespace(underruns=0, capacity=800, rate=44_100.0)
    keyboard = Keyboard(live, chosen(""))
    yield Performance(live, keyboard, speaker)
    keyboard.close()


@pytest.mark.parametrize("wanted", ["", "1", "keystation", "49 MIDI"])
def test_which_keyboard(wanted):
    """The only one but for ALSA's own, one by its number or part of its name."""
    assert chosen(wanted) == Input(STATION)
    assert chosen(wanted).shown == "Keystation 49:Keystation 49 MIDI 1"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("piano", "no MIDI input 'piano': there are 0 Midi Through:Midi Through Port-0, 1 Keystation"),
        ("7", "no MIDI input '7': there are 0 Midi"),
        ("i", "several MIDI inputs, name one: 0 Midi Through:Midi Through Port-0, 1 Keystation"),
        ("\n", "no MIDI input '\\n'"),
    ],
)
def test_none_or_several(wanted, words, capsys):
    assert words in bad(["--midi-in", wanted], capsys)


def test_several_without_a_name(plugged, capsys):
    plugged["Organ 24:0"] = []
    assert "several MIDI inputs, name one: 0 Midi Through" in bad(["--midi-in"], capsys)
    plugged.clear()
    assert "no MIDI input\n" in bad(["--midi-in"], capsys)


def test_without_rtmidi(monkeypatch, capsys):
    """One line that says what to install; the list of sound devices does not mention it."""
    found = builtins.__import__
    monkeypatch.delenv("MIDO_BACKEND")
    monkeypatch.setitem(sys.modules, "mido.backends.rtmidi", None)
    assert found is builtins.__import__
    assert bad(["--midi-in"], capsys) == f"python -m player: {MISSING}\n"
    assert input_list() == ""
    with pytest.raises(SongError, match="pip install"):
        inputs()


def test_the_list_of_devices(monkeypatch, capsys):
    monkeypatch.setattr(player.devices, "device_list", lambda: "> 0 card")
    assert player.__main__.main(["--list-devices"]) == 0
    station = "  1 Keystation 49:Keystation 49 MIDI 1"
    assert capsys.readouterr().out.splitlines() == ["> 0 card", "  0 Midi Through:Midi Through Port-0", station]
    fake_midi.PORTS.clear()
    assert input_list() == "  no MIDI input"


def test_what_is_played(live, performance):
    """All that is music; clocks and active sensing are not even counted."""
    fake_midi.play(STATION, on(60), mido.Message("clock"), mido.Message("active_sensing"), on(64, channel=3))
    assert (performance.keyboard.count, performance.keyboard.channel) == (2, 3)
    assert [down for _, _, down in keys(written(live))] == [True, True]
    fake_midi.play(STATION, off(60), mido.Message("reset"))
    assert not any(down for _, _, down in keys(written(live)))
    assert performance.notes == []


def test_a_flood_and_a_session_that_has_ended_cost_messages_and_nothing_else(live, performance, monkeypatch):
    monkeypatch.setattr("player.live.MOST_MESSAGES", 2)
    fake_midi.play(STATION, on(60), on(61), on(62))
    assert live.pending == 2
    live.stop()
    fake_midi.play(STATION, on(60))


def test_a_keyboard_that_is_unplugged_and_comes_back(live, performance, plugged):
    """Under another number. What it held is released, since no key-off will come."""
    fake_midi.play(STATION, on(60))
    assert keys(written(live))[0][2]
    assert performance.keyboard.look() == ""
    listens = plugged.pop(STATION)
    assert performance.keyboard.look() == "Keystation 49:Keystation 49 MIDI 1 is unplugged"
    assert not performance.keyboard.there
    assert not any(down for _, _, down in keys(written(live)))
    assert performance.keyboard.look() == ""
    again = STATION.replace("20:0", "28:0")
    plugged[again] = []
    assert performance.keyboard.look() == "Keystation 49:Keystation 49 MIDI 1 is back"
    assert listens[0].closed
    fake_midi.play(again, on(62))
    assert [down for _, _, down in keys(written(live))] == [True]


def test_a_port_that_cannot_be_opened(live):
    with pytest.raises(SongError, match=r"^cannot open the MIDI input gone: unknown port 'gone'"):
        Keyboard(live, Input("gone"))


def pressed(performance, *names, size=(100, 30)):
    """Press keys on the screen; return it as text."""
    app, lines = LiveApp(performance), []

    async def do():
        async with app.run_test(size=size) as pilot:
            await pilot.press(*names)
            app.look()
            await pilot.pause()
            lines.extend("".join(text for text, _ in line).rstrip() for line in app._face.picture.lines)

    asyncio.run(do())
    return lines


def test_the_screen_shows_what_is_played(live, performance):
    fake_midi.play(STATION, on(60), mido.Message("program_change", program=5, channel=1), on(69, 127, 1), on(36, 90, 9))
    written(live, 4)
    screen = pressed(performance)
    assert screen[0] == "Keystation 49:Keystation 49 MIDI 1"
    assert screen[1] == "small · YM2151 at 3579545 Hz"
    rows = screen[4:12]
    assert [row[0] for row in rows] == [*"12345678"]
    assert [row[3:12].strip() for row in rows[:3]] == ["C4", "A4", "F#1"]
    assert all("●" in row for row in rows[:3])
    assert [row[60:].split()[:2] for row in rows[:3]] == [["1", "piano"], ["2", "organ"], ["10", "kick"]]
    assert not any("●" in row for row in rows[3:])
    assert "late 0  card 18 ms  4 messages" in screen[-2]
    assert "space panic" in screen[-1]


@pytest.mark.parametrize("size", [(200, 60), (80, 24), (40, 12), (20, 9), (10, 4), (3, 2)])
def test_no_line_is_wider_than_the_window(live, performance, size):
    fake_midi.play(STATION, on(60))
    written(live, 2)
    picture = live_page(performance, *size)
    assert len(picture.lines) <= max(size[1], 9)
    assert all(sum(map(len, (text for text, _ in line))) <= max(size[0], 16) for line in picture.lines)


def test_the_keys_of_the_screen(live, performance):
    fake_midi.play(STATION, on(60, channel=2))
    written(live)
    pressed(performance, "n", "n", "minus", "minus", "plus", "t", "question_mark", "escape")
    assert performance.volume == -1.5
    written(live)
    part = live.performer.parts.part(2)
    assert part.program == 1, "both asked for the one after what there was"
    assert live.performer.parts.master == round(127 * 10 ** (-1.5 / 40))
    pressed(performance, "p")
    written(live)
    pressed(performance, "space")
    assert not any(down for _, _, down in keys(written(live)))
    assert part.program == 0


def test_a_card_that_goes_ends_the_screen(live, performance):
    live.failure = "the sound card is gone"
    with pytest.raises(player.devices.CardGone, match="gone"):
        performance.tick()
    live.failure = None


def test_the_plain_line(live, performance, monkeypatch, capsys):
    fake_midi.play(STATION, on(60), on(64), on(36, channel=9))
    written(live)
    assert _line(performance) == "1 piano C4 E4  kick"
    performance.speaker.underruns = 2
    assert _line(performance).endswith("  late 2")
    ticks = iter([True, False])
    monkeypatch.setattr(performance, "tick", lambda: next(ticks))
    performance.said = "Keystation is unplugged"
    _run(performance, screen=False)
    said = capsys.readouterr().err.splitlines()
    assert said == ["playing Keystation 49:Keystation 49 MIDI 1; Ctrl-C ends it", "Keystation is unplugged"]


@pytest.mark.parametrize("lost", [False, True])
def test_the_command(monkeypatch, tmp_path, capsys, lost):
    """It plays, records, and ends in order: by Ctrl-C, or when the card has gone."""
    over = threading.Event()

    class Card(Recorder):
        underruns, capacity = 0, 800

        def __init__(self, device, latency):
            super().__init__()
            assert latency == 0.015

        def write(self, samples):
            self.room.acquire()
            self.parts.append(samples)
            if len(self.parts) == 40:
                over.set()
                if lost:
                    raise player.devices.CardGone("the sound card is gone")

        def interrupt(self, owner):
            self.room.release()
            owner.join(20)

    def run(performance, screen):
        fake_midi.play(STATION, on(60))
        performance.speaker.room.release(40)
        assert over.wait(20)
        performance.live._thread.join(20 if lost else 0)
        performance.tick()
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(player.perform, "Speaker", Card)
    monkeypatch.setattr(player.perform, "_run", run)
    monkeypatch.setattr(player.perform, "default_bank", lambda: SMALL)
    command = ["--midi-in", "--plain", "--record", "take.wav"]
    if lost:
        assert player.__main__.main(command) == 2
    else:
        with pytest.raises(KeyboardInterrupt):
            player.__main__.main(command)
    sound, _ = soundfile.read("take.wav")
    assert sound.any()
    assert "take.wav: 0.0" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["song.vgm"], ["--serve"], ["-o", "x.wav"], ["--scope"], ["--loops", "2"]])
def test_what_it_has_no_meaning_with(words, capsys):
    assert "has no meaning for" in bad([*words, "--midi-in"], capsys)


def test_a_bank_that_is_none(tmp_path, capsys):
    assert "none.toml: no such file or directory" in bad(["--midi-in", "--voices", "none.toml"], capsys)
    (tmp_path / "bank.wopn").write_bytes(b"WOPN2-BANK\0")
    assert "bank.wopn: " in bad(["--serve", "--voices", str(tmp_path / "bank.wopn")], capsys)
