"""The pages as pictures, for windows of any size."""

import re

import numpy as np
import pages
import pytest
from card import LISTENED, begun, board, steps
from conftest import ROOT
from rich.cells import cell_len

import opm
from player import draw
from player.jobs import ENDLESS, Job
from player.pages import Choices, channel_page, song_page

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
    session = begun(Job(SONG, options=LISTENED), Job(SONG, options=LISTENED))
    steps(session, 60)
    return session


def test_remarks_are_cleaned(session, monkeypatch):
    """A song that cannot be read is named there, whatever its name is."""
    monkeypatch.setitem(session.failed, 1, "\x1b[31mred\x07.vgm: expected a song")
    shown = "".join(text for line in song_page(session, Choices(), 120, 40).lines for text, _ in line)
    assert r"\x1b[31mred\x07.vgm: expected a song" in shown
    assert shown.isprintable()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    session = begun(Job(board(tmp_path_factory.mktemp("board")), options=LISTENED))
    steps(session, 60)
    return session


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("song", ["session", "whole"])
def test_no_window_is_too_small_or_large(song, inside, request):
    """A line is never wider than the window, and there are never more than it has."""
    session = request.getfixturevalue(song)
    page = channel_page if inside else song_page
    for scope in (False, True):
        for width in (*range(0, 130, 3), 160, 300):
            for height in (1, 2, 5, 11, 12, 17, 24, 40, 100):
                picture = page(session, Choices(scope), width, height)
                if width >= 40:
                    widest = max(cell_len("".join(text for text, _ in line).rstrip()) for line in picture.lines)
                    assert widest <= width, (width, height)
                assert len(picture.lines) <= max(height, 2 if not inside else 6), (width, height)


@pytest.mark.parametrize(("height", "parts"), [(100, 2), (13, 2), (12, 2), (11, 1), (10, 0), (5, 0)])
def test_parts_are_left_out_behind_the_keys_and_before_channels(whole, height, parts):
    lines = ["".join(text for text, _ in line) for line in song_page(whole, Choices(), 80, height).lines]
    assert sum(line.startswith("VERA P") for line in lines) == parts
    assert sum(line[:1].isdigit() and line[1:2] == " " for line in lines) == min(8, height - 2)


def test_a_part_that_is_paused_at_is_silent(tmp_path):
    """As the channels are: nothing of that place has been heard."""
    session = begun(Job(board(tmp_path), options=LISTENED))
    session.playback.paused = True
    session.seek(9.1)
    while session.seeking:
        steps(session, 1)
    assert session.moment.levels == {"vera_psg": 0, "vera_pcm": 0}


def listed(session, channel):
    """Return the times and bytes of the registers written lately, as the look inside a channel lists them."""
    lines = [
        "".join(text for text, _ in line) for line in channel_page(session, Choices(channel=channel), 120, 60).lines
    ]
    return [tuple(line.split()[:3]) for line in lines if re.match(r"\d+:\d\d\.\d\d  [0-9A-F]{2} [0-9A-F]{2}  ", line)]


def test_the_look_inside_lists_the_channels_own_writes(tmp_path):
    """Nothing of another channel or of the whole chip, however many of them come in between."""
    own = [(0.1, 0x2A, 0x4A), (0.1, 0x5A, 0x01), (0.1, 0x08, 0x7A), (0.2, 0x08, 0x02), (0.2, 0x3A, 0x10)]
    others = [(0.2 + i / 1000, (0x08, 0x18, 0x2B, 0x5B, 0x14)[i % 5], 0x79) for i in range(200)]
    path = tmp_path / "a.vgm"
    opm.Song([*own, *others], length=60.0).save(path)
    session = begun(Job(path, options=LISTENED))
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
    session = begun(Job(path, options=LISTENED))
    steps(session, 60)
    page = "\n".join(
        "".join(text for text, _ in line) for line in channel_page(session, Choices(channel=2), 120, 60).lines
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
    playing, turn = session.playing, session.playback.turn
    session.go(1)
    picture = song_page(session, Choices(), 80, 24)
    text = "\n".join("".join(text for text, _ in line) for line in picture.lines)
    assert "mountain_king.vgm" in text
    assert "2/2" in text
    assert "0:00 / 0:00" in text
    assert "reading ..." in text
    before = session.playback.speaker.count
    steps(session, 60)
    assert not session.playback.speaker.sound[before:].any()
    session.go(-1)
    session.playing, session.playback.turn = playing, turn


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
