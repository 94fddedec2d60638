"""Which songs there are: files, standard input, folders, playlists; and where what is made of them goes."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import bad
from conftest import ROOT

from opm.song import SongError
from opm.song.limits import LARGEST
from player import cli, jobs
from player.__main__ import main
from player.jobs import Job, _distinct, about, songs

TEXT = "0 20 C7\n0 28 4A\n0 80 1F\n0 08 08\n500 08 00\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(*names):
    """Write the same short song under several names."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(TEXT)


def found(*names):
    return [str(path) for path, _ in songs(list(names))]


def test_folders_in_natural_order_and_no_other_files(here):
    put("d/10.vgm", "d/2.VGM", "d/1.log", "d/b/1.txt", "d/B/2.mdx", "d/c.wav", "d/readme", "d/x.s98", "d/x.zsm")
    put("d/x.vgz", "d/x.json", "d/list.m3u", "elsewhere/1.vgm")
    Path("d/link").symlink_to(here / "elsewhere")
    Path("d/linked.vgm").symlink_to(here / "elsewhere" / "1.vgm")
    Path("d/up").symlink_to(here)
    names = "1.log 2.VGM 10.vgm b/1.txt B/2.mdx linked.vgm x.json x.s98 x.vgz x.zsm"
    assert found("d") == found("d/") == [f"d/{name}" for name in names.split()]
    assert found("x.vgm", "d/b", "y.vgm") == ["x.vgm", "d/b/1.txt", "y.vgm"]


def test_folders_without_songs_and_with_too_many(monkeypatch, capsys):
    put("d/readme")
    assert bad(["d"], capsys) == "python -m player: no songs in d\n"
    put(*(f"d/{i}.vgm" for i in range(21)))
    assert len(found("d")) == 21
    monkeypatch.setattr(jobs, "MOST_SONGS", 20)
    assert "d: expected at most 20 songs" in bad(["d"], capsys)


def test_ten_thousand_songs(here):
    for i in range(10_000):
        Path(f"{i}.vgm").touch()
    assert found(str(here)) == [str(here / f"{i}.vgm") for i in range(10_000)]


@pytest.mark.parametrize("ending", ["m3u", "m3u8", "M3U"])
def test_playlists(here, ending):
    absolute = here / "elsewhere" / "ä.vgm"
    text = f"\ufeff#EXTM3U\r\n#EXTINF:1,a\r\nä.vgm\r\n\r\n  sub/b.vgm  \r\n{absolute}\r\n../c.vgm\r\nlist.m3u\n-\n"
    Path("d").mkdir()
    Path(f"d/list.{ending}").write_text(text, newline="")
    names = ["d/ä.vgm", "d/sub/b.vgm", str(absolute), "d/../c.vgm", "d/list.m3u", "d/-"]
    assert found("a", f"d/list.{ending}", "z") == ["a", *names, "z"]


def test_a_playlist_in_latin_1():
    Path("a.m3u").write_bytes("ä.vgm".encode("latin-1"))
    assert found("a.m3u") == ["ä.vgm"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.m3u", b"", "no songs in a.m3u"),
        ("a.m3u", b"# nothing\n\n \n", "no songs in a.m3u"),
        ("a.m3u", b"a.vgm\n\0\1", "a.m3u: byte 6: expected text"),
        ("a.m3u", b"\x1f\x8b\x08", "a.m3u: byte 0: expected text"),
        ("a.m3u8", b"a\xe4.vgm", "a.m3u8: byte 1: expected UTF-8"),
        ("a.m3u", b"a" * (jobs.LARGEST_PLAYLIST + 1), "a.m3u: expected at most 4194304 bytes"),
        ("a.m3u", b"a\n" * (jobs.MOST_SONGS + 1), "a.m3u: expected at most 100000 songs"),
    ],
    ids=range(7),
)
def test_playlists_that_are_none(capsys, name, data, words):
    Path(name).write_bytes(data)
    assert bad([name], capsys).startswith(f"python -m player: {words}")


def test_a_playlist_that_is_not_there_or_no_file(capsys):
    assert "a.m3u: no such file" in bad(["a.m3u"], capsys)
    os.mkfifo("b.m3u")
    assert "b.m3u: expected a file" in bad(["b.m3u"], capsys)


def test_an_entry_that_is_not_there_is_a_song_that_fails(capsys):
    put("a.log")
    Path("list.m3u").write_text("a.log\nnone.log\nlist.m3u\n")
    assert main(["list.m3u", "-o", "out/"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("out/a.wav: 10.009 s, peak ")
    assert lines[1] == "python -m player: none.log: no such file or directory"
    assert lines[2].startswith("python -m player: list.m3u: ")
    assert lines[3] == "2 of 3 songs failed"


def test_a_song_from_standard_input(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode())))
    put("a.log")
    assert main(["a.log", "-", "-o", "out/"]) == 0
    assert Path("out/a.wav").read_bytes() == Path("out/standard input.wav").read_bytes()
    assert capsys.readouterr().err.splitlines()[1].startswith("out/standard input.wav: ")


@pytest.mark.parametrize(("data", "words"), [(b"", "byte 0"), (b"Vgm ", "header"), (bytes(LARGEST + 9), "at most")])
def test_what_is_wrong_with_standard_input(capsys, monkeypatch, data, words):
    file = io.BytesIO(data)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=file))
    line = bad(["-", "--info"], capsys)
    assert "standard input: " in line
    assert words in line
    assert file.tell() <= LARGEST + 1


def test_standard_input_that_cannot_be_read(capsys):
    """It is one line: here a descriptor for writing only."""
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "player", "-", "--info"],
            stdin=nothing,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "python -m player: standard input: bad file descriptor\n"


def test_the_largest_song_is_that_of_opm():
    assert jobs.LARGEST == LARGEST


def test_a_file_called_minus():
    put("-")
    assert songs(["./-"]) == [(Path("-"), None)]


def test_shuffle_keeps_all_songs(monkeypatch):
    names = [f"{i}.log" for i in range(50)]
    put(*names)
    made = jobs.make_jobs(cli.parse([*names, "--shuffle"]))
    order = [str(job.path) for job in made]
    assert order != names
    assert sorted(order) == sorted(names)


@pytest.mark.parametrize("option", ["wav", "flac", "ogg", "vgm", "vgz", "log", "json", "mid"])
def test_a_folder_of_every_format(capsys, option):
    """Of one song, or several; a note names its song, a line its file."""
    put("a.log", "b.log")
    for names in (["a.log"], ["a.log", "b.log"]):
        assert main([*names, "-o", "out/", "--format", option]) == 0
        assert sorted(path.name for path in Path("out").iterdir()) == [f"{name[0]}.{option}" for name in names]
        lines = capsys.readouterr().err.splitlines()
        for name in names:
            mine = [line for line in lines if line.startswith((f"out/{name[0]}.{option}: ", f"{name}: note: "))]
            assert len([line for line in mine if line.startswith("out/")]) == 1
            lines = [line for line in lines if line not in mine]
        assert lines == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["d/a.vgm", "-o", "d/", "--format", "vgm"],
        ["e/b.vgm", "d/b.vgm", "-o", "d/", "--format", "vgm"],
        ["d/b.vgm", "e/b.vgm", "-o", "link/", "--format", "vgm"],
        ["d/a.vgm", "-o", "d/link.vgm"],
        ["d/a.vgm", "d/a-1.wav", "--stems", "d"],
        ["list.m3u", "-o", "d/", "--format", "vgm"],
    ],
    ids=range(6),
)
def test_no_song_is_written_over(capsys, arguments):
    """Not its own, nor another's: nothing is written at all."""
    put("d/a.vgm", "d/b.vgm", "e/b.vgm", "d/a-1.wav")
    Path("link").symlink_to("d")
    Path("d/link.vgm").symlink_to("a.vgm")
    Path("list.m3u").write_text("d/b.vgm\n")
    before = {path: path.read_bytes() for path in Path("d").iterdir()}
    assert "this is the song itself" in bad(arguments, capsys)
    assert {path: path.read_bytes() for path in Path("d").iterdir()} == before


@pytest.mark.parametrize("arguments", [["a.log", "-o", "d/a-1.wav"], ["a.log", "a-1.log", "-o", "d/"]], ids=range(2))
def test_no_output_is_written_over_by_another(capsys, arguments):
    put("a.log", "a-1.log")
    assert "different folders" in bad([*arguments, "--stems", "d"], capsys)
    assert main(["a.log", "-o", "d/a.wav", "--stems", "d"]) == 0


def test_info_of_several_songs(capsys):
    put("a.log", "b.log")
    assert main(["a.log", "none.log", "b.log", "--info", "--json"]) == 1
    out, err = capsys.readouterr()
    assert [facts["song"] for facts in json.loads(out)] == ["a.log", "b.log"]
    assert err.splitlines() == [
        "python -m player: none.log: no such file or directory",
        "1 of 3 songs failed",
    ]
    assert main(["a.log", "b.log", "--info"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("song ")] == [
        "a.log",
        "b.log",
    ]
    assert main(["none.log", "no.log", "--info", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == []


def test_endless_loops_are_planned():
    """As many passes as nobody hears."""
    job = jobs.make_jobs(cli.parse([str(ROOT / "player" / "songs" / "mountain_king.vgm"), "--loops", "inf"]))[0]
    playing = job.playing()
    assert playing.frames / playing.rate > 1e6 * 46
    with pytest.raises(SongError, match="behind the end"):
        jobs.make_jobs(cli.parse([str(job.path), "--start", "101"]))[0].playing()


def test_a_folder_that_cannot_be_read(capsys, monkeypatch):
    """As whoever runs the tests may read everything, the system only pretends."""
    put("d/e/a.vgm", "d/b.vgm")
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("e"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert bad(["d"], capsys) == "python -m player: cannot read d/e: permission denied\n"


def test_remarks(tmp_path):
    path = tmp_path / "seconds.log"
    path.write_text('[{"time": 0.01, "addr": "08", "data": "00"}]')
    lines = about(Job(path).playing())
    assert any("cat2151" in line for line in lines)
    assert any("no key is ever pressed" in line for line in lines)


def test_names_for_several_songs():
    """None twice, whatever others are called, also where case does not count."""
    assert _distinct(["a", "a", "a-2"]) == ["a", "a-3", "a-2"]
    assert _distinct(["a", "A", "a", "b"]) == ["a", "A-2", "a-3", "b"]
    names = _distinct(["a-2", "a", "a", "a-2", "a-2-2", "a"])
    assert len(set(names)) == 6
    assert names[1] == "a"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("empty.toml", "empty.toml: byte 0: expected a bank in TOML"),
        ("folder", "folder: expected tones called NNN.json"),
        ("missing", "missing: no such file or directory"),
    ],
)
def test_banks_that_are_none(capsys, name, words):
    Path("empty.toml").write_bytes(b"")
    Path("folder").mkdir()
    put("a.log")
    assert bad(["a.log", "--voices", name, "--info"], capsys).startswith(f"python -m player: {words}")
