"""Datasets: what they hold, that they go on where they were broken off, and what is refused."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import count
from threading import Lock

import numpy as np
import pytest
import zarr
from conftest import ROOT

import opm
from opm.dataset import PRIOR, Plan, make, plan, random_voice, store
from opm.dataset.__main__ import main
from opm.dataset.prior import LOUD
from opm.many import render
from opm.tables import CARRIERS
from opm.voice import COLUMNS, parameters, voice_of

SMALL = Plan(voices=7, notes=(36, 60.5), seed=3, held=0.01, seconds=0.02)
BANK = opm.read_voices(b"""@:0 Bell
LFO: 20 0 10 2 0
CH: 64 5 4 3 2 120 0
M1: 31 5 3 2 4 30 1 2 1 0 0
C1: 31 5 3 2 4 0 1 1 1 0 0
M2: 31 5 3 2 4 30 1 2 1 0 0
C2: 31 5 3 2 4 0 1 1 1 0 128
@:1 Hiss
LFO: 0 0 0 0 9
CH: 64 5 4 3 2 120 16
M1: 31 5 3 2 4 30 1 2 1 0 0
C1: 31 5 3 2 4 0 1 1 1 0 0
M2: 31 5 3 2 4 30 1 2 1 0 0
C2: 31 5 3 2 4 0 1 1 1 0 128
""", "bank")  # fmt: skip


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Two voices a chunk of SMALL."""
    monkeypatch.setattr(plan, "CHUNK", 2 * 2 * SMALL.frames)


def contents(folder):
    """Return all files of a folder and what they hold."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def check(data, wanted):
    """Compare every note with one rendered by itself, from its labels alone."""
    assert data["audio"].shape == (wanted.rows, wanted.frames, 2)
    assert data["parameters"].shape == (wanted.voices, len(COLUMNS))
    for row in range(wanted.rows):
        number, midi = int(data["voice_number"][row]), float(data["midi"][row])
        assert (number, midi) == (row // len(wanted.notes), wanted.notes[row % len(wanted.notes)])
        events = voice_of(data["parameters"][number]).events(midi, wanted.held)
        samples = opm.run(events, wanted.frames)
        np.testing.assert_array_equal(data["audio"][row], samples, err_msg=f"note {row}")
        assert int(data["peak"][row]) == np.abs(samples.astype(int)).max()


@pytest.mark.parametrize("wanted", [SMALL, Plan(2, (60,), held=0.02, seconds=0.02, bank=tuple(BANK))])
def test_labels_say_what_is_heard(wanted, tmp_path):
    """Read as users would: no warning comes of the datasheet, which is no array."""
    assert make(tmp_path / "a.zarr", wanted) == wanted.rows
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    assert {name for name, _ in group.arrays()} == {"audio", "voice_number", "midi", "peak", "parameters"}
    check(group, wanted)
    assert group["audio"].metadata.dimension_names == ("note", "frame", "side")
    make(tmp_path / "a.npz", wanted)
    with np.load(tmp_path / "a.npz") as arrays:
        check(arrays, wanted)
        assert arrays["columns"].tolist() == list(COLUMNS)
        sheet = str(arrays["datasheet"])
    other = (tmp_path / "a.zarr" / "datasheet.md").read_text()
    for text in (sheet, other):
        assert f"{wanted.rows} notes" in text
        assert f"{(group['peak'][:] == 0).sum()} of {wanted.rows} notes are silent" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "a.zarr"]


def test_the_datasheets_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.zarr", "a.npz"):
        make(name, SMALL)
    texts = [(tmp_path / "a.zarr" / "datasheet.md").read_text(), str(np.load("a.npz")["datasheet"])]
    for text in texts:
        names: dict[str, object] = {}
        exec(text.split("```python\n")[1].split("```")[0], names)
        assert names["voice"] == SMALL.voice(0).named("")
        np.testing.assert_array_equal(names["sound"], opm.run(SMALL.voice(0).events(36, 0.01), SMALL.frames))


def test_the_same_bytes_however_often_it_was_broken_off(tmp_path):
    """After each chunk in turn; and with any number of workers."""
    broken = tmp_path / "again" / "a.zarr"
    broken.parent.mkdir()
    make(tmp_path / "a.zarr", SMALL, workers=1)
    want = contents(tmp_path / "a.zarr")

    def break_off(done, total):
        raise KeyboardInterrupt

    for runs in count(1):
        try:
            made = make(broken, SMALL, 1 + runs % 2, break_off if runs < 6 else None)
            break
        except KeyboardInterrupt:
            assert not (broken / "datasheet.md").exists()
    assert runs > 2
    assert made < SMALL.rows
    assert contents(broken) == want
    assert make(broken, SMALL) == 0
    assert contents(broken) == want


def test_a_chunk_counts_once_its_samples_are_there(tmp_path, monkeypatch):
    """A disk that is full before them leaves no mark that they are."""
    keep = zarr.Array.__setitem__

    def full(self, rows, values):
        if self.name == "/audio":
            raise OSError(28, "No space left on device")
        keep(self, rows, values)

    monkeypatch.setattr(zarr.Array, "__setitem__", full)
    with pytest.raises(OSError, match="No space left"):
        make(tmp_path / "a.zarr", SMALL)
    monkeypatch.undo()
    assert (zarr.open_group(tmp_path / "a.zarr", mode="r")["peak"][:] == store.UNKNOWN).all()


def test_a_killed_run_goes_on(tmp_path):
    """The process itself, by a signal it cannot catch, once its first notes are there."""
    command = [sys.executable, "-m", "opm.dataset", "big.zarr", "--voices", "1500", "--seconds", "0.2", "--held", "0.1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as process:
        while not list(tmp_path.glob("big.zarr/peak/c/?")) and process.poll() is None:  # not what is still written
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    peaks = zarr.open_group(tmp_path / "big.zarr", mode="r")["peak"][:]
    there = int((peaks != store.UNKNOWN).sum())
    assert 0 < there < 4_500
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert f"big.zarr: 4500 notes, {4_500 - there} of them made now" in done.stdout
    assert "hours per minute" in done.stdout
    assert done.stderr == ""
    group = zarr.open_group(tmp_path / "big.zarr", mode="r")
    assert (group["peak"][:] != store.UNKNOWN).all()
    for row in np.random.default_rng(1).integers(4_500, size=20):
        voice = random_voice(1, row // 3)
        np.testing.assert_array_equal(group["audio"][row], opm.run(voice.events((36, 48, 60)[row % 3], 0.1), 11186))


def test_the_prior_is_what_is_stated():
    voices = [random_voice(5, number) for number in range(3000)]
    rows = parameters(voices).astype(int)
    heard = np.zeros((len(voices), 4), bool)
    for row, voice in enumerate(voices):
        heard[row, CARRIERS[voice.con]] = True
    for i, column in enumerate(COLUMNS):
        field, values = column.split()[-1], rows[:, i]
        if field == "tl":
            loud = heard[:, ("M1", "M2", "C1", "C2").index(column[:2])]
            if loud.any():
                assert (values[loud].min(), values[loud].max()) == LOUD
            values = values[~loud]
        if len(values):
            assert (values.min(), values.max()) == PRIOR.get(field, (0, 0)), column
    assert len({voice.same_sound() for voice in voices}) == len(voices)
    assert {voice.name for voice in voices[:2]} == {"voice 0", "voice 1"}


def test_a_voice_is_its_row():
    voices = [
        *BANK,
        *(random_voice(1, number) for number in range(20)),
        opm.Voice(slots=5, rl=1, lfo=(9, 8, 7, 3, 2, 1)),
    ]
    rows = parameters(voices)
    assert rows.shape == (len(voices), 56)
    assert rows.dtype == np.uint8
    assert [voice_of(row, voice.name) for row, voice in zip(rows, voices, strict=True)] == [
        opm.Voice(**{**vars(voice), "lfo": voice.lfo if voice.lfo and any(voice.lfo) else None}) for voice in voices
    ]
    with pytest.raises(ValueError, match="M2 mul must be 0 to 15, got 16"):
        voice_of([16 if column == "M2 mul" else 0 for column in COLUMNS])
    with pytest.raises(ValueError, match="expected 56 values, got 3"):
        voice_of([1, 2, 3])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"voices": 0}, "voices must be 1 to 10000000, got 0"),
        ({"voices": 3, "bank": tuple(BANK)}, "voices must be 1 to 2, got 3"),
        ({"notes": ()}, "notes must be one or more"),
        ({"notes": (300,)}, "note 300 is outside"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"held": 0}, "held must be more than 0 s"),
        ({"held": 2.0, "seconds": 1.0}, "held must be more than 0 s and at most 1 s, got 2.0"),
        ({"seconds": float("nan")}, "must be more than 0 s"),
        ({"seconds": 300.0}, "seconds must be more than 0 s and at most 299 s, got 300"),
        ({"seconds": 150.0, "notes": (60, 61)}, "seconds must be more than 0 s and at most 149 s, got 150"),
        ({"voices": 10**7 + 1}, "voices must be 1 to 10000000, got 10000001"),
        ({"notes": 60}, "notes must be a sequence, got 60"),
        ({"notes": ("C4",)}, "each of notes must be a number, got 'C4'"),
        ({"notes": (10**400,)}, "note 1000"),
        ({"bank": 5}, "bank must be a sequence, got 5"),
        ({"bank": ("a",)}, "expected a Voice, got 'a'"),
        ({"held": None}, "held must be a number, got None"),
        ({"held": "1"}, "held must be a number, got '1'"),
        ({"seconds": 10**400}, "seconds must be more than 0 s and at most 299 s, got 1000"),
        ({"seconds": True}, "seconds must be a number, got True"),
        ({"seed": 10**400}, "seed must be less than 2\\*\\*63, got 1000"),
        ({"seed": 1.5}, "seed must be an integer, got 1.5"),
        ({"voices": None}, "voices must be an integer, got None"),
    ],
)
def test_wrong_plans(wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Plan(**{"voices": 5, "notes": (60,), **wrong})


def test_the_longest_notes_are_still_whole_chunks(tmp_path):
    """One more would not be written as a whole by ``render_many``."""
    longest = Plan(1, (60,), seconds=299.0)
    assert longest.frames <= render.LARGEST_CHUNK < longest.frames + 60_000
    assert make(tmp_path / "a.zarr", longest) == 1
    assert (zarr.open_group(tmp_path / "a.zarr", mode="r")["peak"][:] != store.UNKNOWN).all()


def command(*arguments):
    return main([str(each) for each in arguments])


def test_the_command(tmp_path, capsys):
    files = tmp_path / "bank"
    files.mkdir()
    (files / "a.opm").write_text(opm.write_opm(BANK))
    short = ("--seconds", 0.02, "--held", 0.01, "--notes", "36, C#4")
    assert command(tmp_path / "a.zarr", *short, "--bank", files) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(f"{tmp_path}/a.zarr: 4 notes, 4 of them made now: ")
    assert zarr.open_group(tmp_path / "a.zarr", mode="r")["midi"][:].tolist() == [36, 61] * 2
    assert "Bell, Hiss" in (tmp_path / "a.zarr" / "datasheet.md").read_text()
    assert command(tmp_path / "b.npz", *short, "--voices", 1, "--bank", files / "a.opm") == 0
    assert len(np.load(tmp_path / "b.npz")["audio"]) == 2


def refused(tmp_path, capsys, *arguments):
    """Return the one line that a command says; nothing changes."""
    before = contents(tmp_path)
    assert command(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert contents(tmp_path) == before
    return said.err


def test_what_is_refused(tmp_path, capsys):
    make(tmp_path / "a.zarr", SMALL)
    make(tmp_path / "a.npz", SMALL)
    ours = ("--voices", 7, "--notes", "36,60.5", "--held", 0.01, "--seconds", 0.02)
    (tmp_path / "file.zarr").write_text("not a folder")
    (tmp_path / "other.zarr").mkdir()
    (tmp_path / "other.zarr" / "thesis.txt").write_text("mine")
    zarr.create_group(tmp_path / "foreign.zarr")
    make(tmp_path / "hurt.zarr", SMALL)
    (tmp_path / "hurt.zarr" / "zarr.json").write_text("{")
    zarr.create_group(tmp_path / "odd.zarr", attributes={"opm.dataset": 5})
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.opm").write_text("CH: hello\n")
    for path, more, message in [
        ("a.zarr", (*ours, "--seed", 4), "was begun with other seed: 3, not 4"),
        ("a.zarr", (*ours[2:], "--voices", 8, "--seed", 3), "was begun with other voices: 7, not 8"),
        ("a.npz", (*ours, "--seed", 3), "exists already"),
        ("file.zarr", ours, "exists and is not a dataset of opm.dataset"),
        ("other.zarr", ours, "exists and is not a dataset of opm.dataset"),
        ("foreign.zarr", ours, "exists and is not a dataset of opm.dataset"),
        ("hurt.zarr", ours, "exists and is not a dataset of opm.dataset"),
        ("odd.zarr", ours, "exists and is not a dataset of opm.dataset"),
        ("b.txt", ours, "expected a name that ends in .zarr or .npz"),
        ("b.npz", ("--voices", 10**6), "3000000 notes of 55930 frames are more than 1 GiB, use a .zarr folder"),
        ("b.zarr", ("--bank", tmp_path / "empty"), "expected .opm files in it, found none"),
        ("b.zarr", ("--bank", tmp_path / "bad.opm"), "bad.opm: "),
        ("b.zarr", ("--bank", tmp_path / "none.opm"), "No such file"),
        ("b.zarr", ("--voices", 0), "voices must be 1 to 10000000, got 0"),
        ("no/where.npz", ours, "No such file"),
        ("b.zarr", (*ours, "--workers", 0), "workers must be at least 1, got 0"),
    ]:
        assert message in refused(tmp_path, capsys, tmp_path / path, *more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A dataset of SMALL that is done."""
    path = tmp_path_factory.mktemp("whole") / "a.zarr"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "CHUNK", 2 * 2 * SMALL.frames)
        make(path, SMALL)
    return path


def lost(name):
    return lambda path: shutil.rmtree(path / name)


def holds(name, data):
    return lambda path: (path / name).write_bytes(data)


def says(name, value, *keys):
    """Change a value of an array's metadata."""

    def damage(path):
        file = path / name / "zarr.json"
        document = place = json.loads(file.read_text())
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        file.write_text(json.dumps(document))

    return damage


def a_folder_for_a_chunk(path):
    (path / "peak" / "c" / "0").unlink()
    (path / "peak" / "c" / "0").mkdir()


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lost("audio"), "array audio is missing"),
        (lost("peak"), "array peak is missing"),
        (lambda path: (path / "midi" / "zarr.json").unlink(), "array midi is missing"),
        (holds("midi/zarr.json", b"{"), "array midi is damaged: JSONDecodeError("),
        (holds("midi/zarr.json", b"\xff"), "array midi is damaged: UnicodeDecodeError("),
        (holds("midi/zarr.json", b"[" * 10**5), "array midi is damaged: RecursionError("),
        (
            holds("midi/zarr.json", b'{"zarr_format": 3, "node_type": "group"}'),
            "array midi: expected shape (14,), got None",
        ),
        (says("audio", [14, 1119, 1], "shape"), "array audio: expected shape (14, 1119, 2), got (14, 1119, 1)"),
        (
            says("audio", [2**62, 1119, 2], "shape"),
            "array audio: expected shape (14, 1119, 2), got (4611686018427387904,",
        ),
        (says("peak", [2**70], "shape"), "array peak: expected shape (14,), got (1180591620717411303424,)"),
        (says("peak", [10**12], "chunk_grid", "configuration", "chunk_shape"), "array peak: expected chunk_grid {"),
        (says("midi", "int64", "data_type"), "array midi: expected data_type 'float32', got 'int64'"),
        (says("peak", 0, "fill_value"), "array peak: expected fill_value -1, got 0"),
        (says("audio", ".", "chunk_key_encoding", "configuration", "separator"), "array audio: expected chunk_key_enc"),
        (says("audio", "big", "codecs", 0, "configuration", "endian"), "array audio: expected codecs ("),
        (says("peak", 2**62, "codecs", 1, "configuration", "blocksize"), "array peak: expected codecs ("),
        (says("peak", 5, "codecs"), "array peak is damaged: TypeError("),
        (a_folder_for_a_chunk, "peak/c/0 is not a file"),
    ],
)
def test_a_damaged_folder_is_refused(done, damage, message, whole, tmp_path, capsys):
    """Whether or not there is more to make, one line names what is damaged."""
    path = tmp_path / "a.zarr"
    shutil.copytree(whole, path)
    if not done:
        (path / "peak" / "c" / "3").unlink()
    damage(path)
    ours = ("--voices", 7, "--notes", "36,60.5", "--held", 0.01, "--seconds", 0.02, "--seed", 3)
    assert message in refused(tmp_path, capsys, path, *ours)


def test_what_else_lies_in_a_folder_stays(whole, tmp_path):
    """Attributes of an array, and files."""
    path = tmp_path / "a.zarr"
    shutil.copytree(whole, path)
    zarr.open_group(path)["midi"].attrs["unit"] = "semitone"
    (path / "notes.txt").write_text("mine")
    assert make(path, SMALL) == 0
    assert zarr.open_group(path, mode="r")["midi"].attrs["unit"] == "semitone"
    assert (path / "notes.txt").read_text() == "mine"


def flipped(data, place):
    changed = bytearray(data)
    changed[place] ^= 0x10
    return bytes(changed)


DAMAGE = {
    **{f"byte {place} flipped": lambda data, place=place: flipped(data, place) for place in (0, 3, 15, -20, -1)},
    "cut": lambda data: data[:-3],
    "longer": lambda data: data + b"!",
    "empty": lambda data: b"",
    "zeros": lambda data: bytes(100),
    "text": lambda data: b"cut",
}


@pytest.mark.parametrize("name", ["audio/c/2/0/0", "voice_number/c/2", "midi/c/3", "peak/c/2", "parameters/c/3/0"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_chunk_is_made_anew(name, damage, whole, tmp_path):
    path = tmp_path / "a.zarr"
    shutil.copytree(whole, path)
    (path / name).write_bytes(DAMAGE[damage]((path / name).read_bytes()))
    assert contents(path) != contents(whole)
    assert make(path, SMALL) == (2 if "/c/3" in name else 4)  # The last chunk has one voice.
    assert contents(path) == contents(whole)
    assert make(path, SMALL) == 0


@pytest.mark.parametrize("name", ["audio", "voice_number", "peak", "parameters"])
def test_a_chunk_that_is_anothers_is_made_anew(name, whole, tmp_path):
    """Whole in itself, but the labels, the peaks or the sound of other notes."""
    path = tmp_path / "a.zarr"
    shutil.copytree(whole, path)
    first, second = (sorted(each for each in (path / name).rglob("*") if each.parent.name != name and each.is_file()))[
        :2
    ]
    second.write_bytes(first.read_bytes())
    assert make(path, SMALL) == 4
    assert contents(path) == contents(whole)


def test_every_reader_sees_damage(whole, tmp_path):
    """Also where Blosc would give other samples without a word."""
    path = tmp_path / "a.zarr"
    shutil.copytree(whole, path)
    chunk = path / "audio" / "c" / "1" / "0" / "0"
    chunk.write_bytes(flipped(chunk.read_bytes(), -20))
    with pytest.raises(ValueError, match="checksum"):
        zarr.open_group(path, mode="r")["audio"][:]


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    "name",
    ["datasheet.md", "zarr.json", "midi", "midi/zarr.json", "peak/c", "peak/c/3", "audio/c/0", "audio/c/0/0/0"],
)
def test_a_link_in_the_folder_is_refused(name, done, whole, tmp_path, capsys):
    """What it leads to is somebody else's."""
    path, other = tmp_path / "a.zarr", tmp_path / "other"
    shutil.copytree(whole, path)
    (path / name).rename(other)
    (path / name).symlink_to(other)
    if not done:
        (path / "voice_number" / "c" / "3").unlink()
    ours = ("--voices", 7, "--notes", "36,60.5", "--held", 0.01, "--seconds", 0.02, "--seed", 3)
    assert f"{path / name}: expected a file or folder, found a link" in refused(tmp_path, capsys, path, *ours)


def test_a_dangling_link_and_a_pipe_are_refused(whole, tmp_path):
    for name, put in (
        ("datasheet.md", lambda place: place.symlink_to(tmp_path / "new")),
        ("midi/zarr.json", os.mkfifo),
    ):
        path = tmp_path / f"{name[:4]}.zarr"
        shutil.copytree(whole, path)
        (path / name).unlink()
        put(path / name)
        with pytest.raises(store.DatasetError, match=f"{name}: expected a file or folder, found a link or device"):
            make(path, SMALL)
    assert not (tmp_path / "new").exists()


def test_a_file_of_two_names_stays_under_the_other(whole, tmp_path):
    """As in a copy made of hard links."""
    path = tmp_path / "a.zarr"
    shutil.copytree(whole, path, copy_function=os.link)
    before = contents(whole)
    (path / "audio" / "c" / "1" / "0" / "0").unlink()
    assert make(path, SMALL) == 4
    assert contents(whole) == before
    assert all((path / name).stat().st_nlink == 1 for name in ("zarr.json", "datasheet.md", "peak/c/1"))


def test_a_link_to_the_folder_is_the_folder(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "elsewhere")
    (tmp_path / "a.zarr").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "peak" / "c" / "3").unlink()
    assert make(tmp_path / "a.zarr", SMALL) == 2
    assert contents(tmp_path / "elsewhere") == contents(whole)


def test_foreign_names_are_only_shown(tmp_path, capsys):
    """In a datasheet and in messages: no control character comes through, and the datasheet's code still runs."""
    bank = tuple(voice.named(f"{voice.name}\x1b[31m\n\x9b") for voice in BANK)
    path = tmp_path / 'a\x1b]0;"title.zarr'
    make(path, Plan(1, (60,), held=0.01, seconds=0.02, bank=bank))
    text = (path / "datasheet.md").read_text()
    assert "Bell\\x1b[31m\\n\\x9b" in text
    code = text.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    with contextlib.chdir(tmp_path):
        exec(code, names)
    assert command(path, "--voices", 1, "--bank", tmp_path / "b\x1b.opm") == 2
    assert command(path, "--voices", 1) == 2
    assert command(tmp_path / "\x1b.npz", "--voices", 1, "--seconds", 0.02, "--held", 0.01) == 0
    with pytest.raises(SystemExit):
        command(path, "--\x1b[31m")
    said = capsys.readouterr()
    for shown in (text, said.err, said.out):
        assert not [char for char in shown if not (char.isprintable() or char == "\n")]


@pytest.mark.parametrize("lost", ["audio/c/2/0/0", "voice_number/c/0", "parameters/c/3/0"])
def test_a_chunk_that_has_lost_a_file_is_made_anew(lost, whole, tmp_path):
    path = tmp_path / "a.zarr"
    shutil.copytree(whole, path)
    (path / lost).unlink()
    assert make(path, SMALL) == (2 if lost == "parameters/c/3/0" else 4)
    assert contents(path) == contents(whole)


def test_silence_is_made_once(tmp_path):
    voices = (opm.Voice("silent", ops=(opm.Operator(tl=127, ar=0),) * 4),) * 3
    silent = Plan(3, (60,), held=0.01, seconds=0.02, bank=voices)
    assert make(tmp_path / "a.zarr", silent) == 3
    assert not zarr.open_group(tmp_path / "a.zarr", mode="r")["audio"][:].any()
    assert make(tmp_path / "a.zarr", silent) == 0


def test_a_chunk_that_cannot_be_written_is_named(whole, tmp_path, monkeypatch):
    """Codecs raise what they like."""
    path = tmp_path / "a.zarr"
    shutil.copytree(whole, path)
    (path / "peak" / "c" / "3").unlink()

    def broken(self, rows, values):
        raise MemoryError

    monkeypatch.setattr(zarr.Array, "__setitem__", broken)
    with pytest.raises(store.DatasetError, match=r"array audio is damaged: MemoryError\(\)"):
        make(path, SMALL)


def test_a_run_killed_before_any_of_its_files_goes_on(whole, tmp_path, monkeypatch):
    """What stands there just before each file takes its place, its temporary file, too."""
    path, kept, one_by_one = tmp_path / "a.zarr", tmp_path / "kept", Lock()

    def copied(source, target):
        with contextlib.suppress(FileNotFoundError):  # Zarr moves several at a time.
            shutil.copy2(source, target)

    def snapshot(keep):
        def moved(*arguments, **more):
            with one_by_one:
                shutil.copytree(path, kept / f"{len(list(kept.iterdir()))}.zarr", copy_function=copied)
                return keep(*arguments, **more)

        return moved

    kept.mkdir()
    with monkeypatch.context() as patch:
        for name in ("replace", "link"):
            patch.setattr(os, name, snapshot(getattr(os, name)))
        make(path, SMALL, workers=1)
    want = contents(whole)
    assert contents(path) == want
    states = sorted(kept.iterdir(), key=lambda state: int(state.stem))
    assert len(states) > len(want)
    assert [state for state in states if not (state / "zarr.json").exists()] == states[:1]
    for state in states[:8]:
        make(state, SMALL, workers=1)
        there = {name: data for name, data in contents(state).items() if not name.endswith(".partial")}
        there["datasheet.md"] = want["datasheet.md"]  # It names its folder.
        assert there == want


HUGE = "9" * 400


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the following arguments are required: path"),
        (("a.zarr", "b.zarr"), "unrecognized arguments: b.zarr"),
        (("a.zarr", "--voice", 5), "unrecognized arguments: --voice 5"),
        (("a.zarr", "--voices"), "argument --voices: expected one argument"),
        (("a.zarr", "--bank"), "argument --bank: expected at least one argument"),
        (("a.zarr", "--notes", "36,H9"), "expected notes such as 36,48,C4, expected a note such as C#4, got 'H9'"),
        (("a.zarr", "--notes", ""), "expected a note such as C#4, got ''"),
        (("a.zarr", "--notes", "C\u00b2"), "expected a note such as C#4, got 'C\u00b2'"),
        (("a.zarr", "--notes", "60," + HUGE), "note inf is outside the chip's range"),
        (("a.zarr", "--notes", "C" + HUGE), "expected a note such as C#4, got 'C999"),
        *(
            (("a.zarr", option, wrong), f"argument {option}: invalid int value: '{wrong}'")
            for option in ("--voices", "--seed", "--workers")
            for wrong in ("nan", "1e308", "true", "")
        ),
        (("a.zarr", "--voices", HUGE), "voices must be 1 to 10000000, got 999"),
        (("a.zarr", "--voices", -1), "voices must be 1 to 10000000, got -1"),
        (("a.zarr", "--seed", HUGE), "seed must be less than 2**63, got 999"),
        (("a.zarr", "--workers", HUGE), "workers must be less than 2**63, got 999"),
        (("a.zarr", "--workers", -1), "workers must be at least 1, got -1"),
        *(
            (("a.zarr", "--held", wrong), f"held must be more than 0 s and at most 1 s, got {wrong}")
            for wrong in ("nan", "inf", "1e+308", "-1.0", "0.0")
        ),
        *(
            (("a.zarr", "--held", 0.1, "--seconds", wrong), f"at most {most} s, got {wrong}")
            for wrong, most in (("nan", 99), ("inf", 99), ("1e+308", 99))
        ),
        (("a.zarr", "--seconds", 0.1), "held must be more than 0 s and at most 0.1 s, got 0.5"),
        (("a.zarr", "--held", "long"), "argument --held: invalid float value: 'long'"),
        (("a.txt",), "expected a name that ends in .zarr or .npz"),
        (("a\0.zarr",), "null"),
        (("a" * 300 + ".zarr",), "File name too long"),
        (("no\0.npz", "--voices", 1), "null"),
    ],
)
def test_wrong_arguments(arguments, message, tmp_path, capsys, monkeypatch):
    """One line and exit code 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    try:
        code = command(*arguments)
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith("python -m opm.dataset: ")
    assert message in said.err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(store.many, "render_many", interrupted)
    assert command(tmp_path / "a.zarr", "--voices", 1) == 130
    assert capsys.readouterr().err == "stopped; run the same command again to resume\n"
