"""The player's pages as text, for the snapshot tests.

``python -m tests.player.pages`` draws them anew into ``tests/player/pages``; with a folder, as SVG into that, half a
minute into the song, to look at.
"""

import asyncio
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
from card import LISTENED, begun, board, steps

import opm
from player.app import PlayerApp
from player.jobs import Job
from player.session import Session

# ruff: noqa: T201, E402
FOLDER = Path(__file__).parent / "pages"
SONG = Path(__file__).parents[2] / "player" / "songs" / "mountain_king.vgm"
SIZES = [(80, 24), (120, 40), (200, 60), (60, 20), (40, 12)]
JAPANESE = {"title": "悪魔城ドラキュラ ～ 血の涙", "author": "ｺﾅﾐ矩形波倶楽部", "game": "Ｘ６８０００"}
LONG = {"title": "A title that goes on and on, as titles of arrangements of arrangements do, " * 4, "author": "Nobody"}


def one(folder: Path) -> Session:
    """Return the song that ships."""
    return begun(Job(SONG, options=LISTENED))


def two(folder: Path) -> Session:
    """Return it on two chips, the second an octave higher and silent on some channels."""
    song = opm.load(SONG)
    first = song.writes
    second = first[(first["address"] != 0x08) | (first["data"] & 7 < 5)].copy()
    second["chip"] = 1
    high = (second["address"] >= 0x28) & (second["address"] < 0x30)
    second["data"][high] += 0x10
    both = np.concatenate([first, second])
    path = folder / "two.vgm"
    opm.Song(
        both[np.argsort(both["seconds"], kind="stable")], chips=("ym2151",) * 2, loop=0.0, length=song.length
    ).save(path)
    return begun(Job(path, options=LISTENED))


def tagged(tags: dict[str, str]) -> Callable[[Path], Session]:
    """Return what makes a song with tags, in a playlist of two."""

    def make(folder: Path) -> Session:
        song = opm.load(SONG)
        path = folder / "tagged.vgm"
        opm.Song(song.writes, tags=tags, length=song.length).save(path)
        return begun(Job(path, options=LISTENED), Job(SONG, options=LISTENED))

    return make


def silent(folder: Path) -> Session:
    """Return a song in which no key is ever pressed."""
    path = folder / "silent.txt"
    path.write_text("0.0 20 C7\n60.0 28 4A\n")
    return begun(Job(path, options=LISTENED))


def whole(folder: Path) -> Session:
    """Return a song with two other parts."""
    return begun(Job(board(folder), options=LISTENED))


def half(folder: Path) -> Session:
    """Return it without one of them, nor the YM2151."""
    return begun(Job(board(folder), options=LISTENED, silent=frozenset({"ym2151", "vera_pcm"})))


CASES: dict[str, tuple[Callable[[Path], Session], tuple[int, int], tuple[str, ...]]] = {
    **{f"song {w}x{h}": (one, (w, h), ("2",)) for w, h in SIZES},
    **{f"scope {w}x{h}": (one, (w, h), ("o",) if w == 120 else ("o", "s", "3")) for w, h in SIZES},
    **{f"inside {w}x{h}": (one, (w, h), ("i", "]", "]")) for w, h in SIZES},
    **{f"keys {w}x{h}": (one, (w, h), ("?",)) for w, h in ((80, 24), (40, 12))},
    **{f"two chips {w}x{h}": (two, (w, h), ()) for w, h in ((80, 24), (120, 40), (60, 20), (40, 12))},
    "two chips inside 80x24": (two, (80, 24), ("i", "[", "[", "[")),
    **{f"japanese {w}x{h}": (tagged(JAPANESE), (w, h), ("space",)) for w, h in ((80, 24), (40, 12))},
    **{f"long title {w}x{h}": (tagged(LONG), (w, h), ()) for w, h in ((80, 24), (40, 12))},
    **{f"board {w}x{h}": (whole, (w, h), ("9",) if w == 120 else ()) for w, h in SIZES},
    **{f"board scope {w}x{h}": (whole, (w, h), ("o",)) for w, h in ((80, 24), (120, 40))},
    "board half 80x24": (half, (80, 24), ()),
    "silent 80x24": (silent, (80, 24), ()),
}
"""What makes the song, the window, and the keys pressed."""


async def drawn(session: Session, size: tuple[int, int], keys: tuple[str, ...]) -> tuple[str, str]:
    """Return a page as text and as SVG."""
    app = PlayerApp(session)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        app.look()
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
        return "\n".join(lines) + "\n", app.export_screenshot(title="numba-opm")


def page(name: str, seconds: float = 7.0) -> tuple[str, str]:
    """Return a case's page at a time of the song, as text and as SVG."""
    make, size, keys = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        session = make(Path(folder))
        session._reader.submit(lambda: None).result()  # the voices have their numbers then
        session._wall, session.load = math.inf, 0.0
        steps(session, 1)
        while session.playback._transport._ahead.position < seconds * session.playing.rate:
            session.playback._transport.look_ahead()
        session.seek(seconds)
        steps(session, 160)
        text, svg = asyncio.run(drawn(session, size, keys))
        session.close(play_out=False)
    return text, svg


def main() -> None:
    """Draw all pages."""
    for name in CASES:
        if len(sys.argv) > 1:
            Path(sys.argv[1], f"{name}.svg").write_text(page(name, 30.0)[1])
        else:
            (FOLDER / f"{name}.txt").write_text(page(name)[0])
        print(name)


if __name__ == "__main__":
    main()
