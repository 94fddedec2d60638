"""The short form: a fixed number of inputs of every kind, and the attacks that once went through."""

import gzip
import json
import resource
import struct
import sys
from pathlib import Path
from random import Random

import pytest
from conftest import ROOT
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import opm
from fuzz import chips, drive, songs
from fuzz.__main__ import FORMATS
from fuzz.shrink import shrunk
from fuzz.targets import TARGETS
from fuzz.work import Keeper, Page, work

QUICK = settings(
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example),
    phases=(Phase.explicit, Phase.generate),  # ``--shrink`` of the long form is quicker
)
RANDOMS = st.randoms(use_true_random=False)
NAMES = pytest.mark.parametrize("name", TARGETS)


def valid(name):
    """Return a strategy of inputs without a fault."""
    return st.builds(TARGETS[name].valid, RANDOMS)


def attacks(name):
    """Return a strategy of inputs with some."""
    return st.builds(TARGETS[name].attack, RANDOMS)


@NAMES
def test_valid_inputs(name):
    """They are accepted, but for songs of other chips."""

    @settings(QUICK, max_examples=25)
    @given(data=valid(name))
    def accepted(data):
        if not TARGETS[name].check(data, True):
            with pytest.raises(ValueError, match="expected a YM2151: the file is for"):
                opm.song.load(data)

    accepted()


@NAMES
def test_attacks(name):
    @settings(QUICK, max_examples=100)
    @given(data=attacks(name), deep=st.booleans())
    def holds(data, deep):
        TARGETS[name].check(data, deep)

    holds()


@NAMES
def test_seeded_attacks(name):
    """As the long form makes them: the same from every seed, at any time."""
    target = TARGETS[name]
    inputs = [target.attack(Random(f"{name} {seed}")) for seed in range(200)]
    assert inputs[:20] == [target.attack(Random(f"{name} {seed}")) for seed in range(20)]
    for i, data in enumerate(inputs):
        target.check(data, i % 10 == 0)


def snapshot(**words):
    """Return a snapshot with other words in its state."""
    header, state, *_ = chips.ym2151(Random(0))
    data = bytearray(state)
    for name, value in words.items():
        struct.pack_into("<i", data, chips.STATE.fields[name][1], value)
    return header[:36] + bytes(4) + bytes(data)


def mdx(code):
    """Return a song of one track."""
    track = b"\xfd\0" + code + b"\xf1\x00"
    return b"\r\n\x1a\0" + struct.pack(">10H", 20 + len(track), 20, *[18 + len(track)] * 8) + track + bytes(27)


def nested(code, times):
    for count in times:
        code = songs.repeated(count, code)
    return code


def board(body, loop=0):
    """Return a VGM with an AY-3-8910, an MSM6258 and a GA20."""
    header = bytearray(0x100)
    header[:4] = b"Vgm "
    fields = {0x08: 0x172, 0x1C: loop and loop - 0x1C, 0x30: 4_000_000, 0x34: 0xCC, 0x74: 2_000_000}
    for at, value in (fields | {0x90: 4_000_000, 0xE0: 3_579_545}).items():
        struct.pack_into("<I", header, at, value)
    return bytes(header) + body + b"\x66"


def block(kind, data):
    """Return a data block."""
    return struct.pack("<BBBI", 0x67, 0x66, kind, len(data)) + data


def streams(count):
    """Return commands for streams that play the same for ever, at 4 GHz."""
    said = ("17 00 01", "00 01 00", "FF FF FF FF", "00 00 00 00 83 00 00 00 00")
    return b"".join(bytes((0x90 + i, n)) + bytes.fromhex(words) for n in range(count) for i, words in enumerate(said))


DEEP = b"[" * 100_000
VGM = b"Vgm " + struct.pack("<II", 0, 0x171) + bytes(36) + struct.pack("<II", 4_000_000, 0xCC) + bytes(200)
KNOWN = {
    "a time beyond decimals": ("json", b'[{"time": 1e99999999999999999999, "addr": 8, "data": 0}]'),
    "a long time": ("json", b'[{"time": 1e99999999, "addr": 8, "data": 0}]'),
    "NaN in JSON": ("json", b'[{"time": NaN, "addr": 8, "data": 0}]'),
    "deep JSON": ("json", b'[{"time": ' + DEEP),
    "a large number": ("text", b"0 20 C7\n1e99999999 00 00\n"),
    "NaN in text": ("text", b"0 20 C7\nNaN 00 00\n"),
    "Infinity in text": ("text", b"0 20 C7\nInfinity 00 00\n"),
    "a voice at infinity": ("voice-json", b'{"events": [{"addr": 1e999, "data": 0}]}'),
    "a deep voice": ("voice-json", b'{"events": ' + DEEP),
    "repeats in repeats": ("mdx", mdx(nested(b"\x80\0", [255] * 4))),
    "repeats of nothing": ("mdx", mdx(nested(b"\xfa", [100, 100]) + b"\x80\0\xf1\xff\xed")),
    "a bomb": ("vgz", gzip.compress(VGM + b"\x62" * 100 * 2**20, 1)),
    "a cycle outside the frame": ("ym2151", snapshot(cycles=3_312_080)),
    "a clock that is no number": ("ym2151", (s := snapshot())[:12] + struct.pack("<d", float("nan")) + s[20:]),
    "streams at 4 GHz": ("vgm-board", board(block(0, bytes(200)) + streams(255) + b"\x61\xff\xff" * 2500)),
    "stops of all streams": ("vgm-board", board(streams(255) + b"\x94\xff" * 90_000 + b"\x62")),
    "a loop of a tick": ("vgm-board", board(b"\xa0\x08\x0f" * 20_000 + b"\x70", loop=0x100)),
    "ROMs of other sizes": (
        "vgm-board",
        board(b"".join(block(0x93, struct.pack("<II", 2**24 * (i % 2), 0)) for i in range(9000))),
    ),
    "a chip at 16 Hz": (
        "s98-board",
        b"S983"
        + struct.pack("<15I", 0, 0, 0, 0, 0x40, 0x43, 2, 5, 4_000_000, 0, 0, 1, 16, 0, 0)
        + b"\x02\x08\x0f\xff\xfd",
    ),
    "deep requests": ("server", b'{"command": "play", "song": ' + DEEP),
    "a number of 5000 digits": ("server", b'{"command": "write", "address": 1' + b"0" * 5000 + b', "data": 0}'),
}
"""Inputs that once hung, crashed or raised something else."""


@pytest.mark.parametrize(("name", "data"), KNOWN.values(), ids=KNOWN)
def test_known_attacks(name, data):
    TARGETS[name].check(data, True)


def test_shrinking_keeps_the_fault(monkeypatch):
    monkeypatch.setitem(TARGETS, "zsm", Broken())
    assert shrunk("zsm", bytes(1000)) == bytes(5)
    assert shrunk("zsm", bytes(4)) == bytes(4)


def test_the_names():
    assert tuple(TARGETS) == FORMATS


class Broken:
    """A reader with a fault."""

    def attack(self, r):
        return bytes(r.randint(1, 9))

    def valid(self, r):
        return b""

    def check(self, data, deep):
        return [True][len(data) > 4]


def test_a_worker_keeps_the_smallest_input_of_a_fault(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(TARGETS, "zsm", Broken())
    monkeypatch.setattr(resource, "setrlimit", lambda *limits: None)
    page = Page(tmp_path / "page")
    work("zsm", 1, 0, 100, page, Keeper("zsm", tmp_path))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    tally = page.read()
    assert tally["done"] == 100 == tally["accepted"] + tally["wrong"]
    assert tally["wrong"] > 40
    assert {row["what"] for row in told} == {"IndexError"}
    assert Path(told[-1]["file"]).read_bytes() == bytes(5)


WORKER = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from fuzz.work import Page
page, index = Page(Path(sys.argv[2])), int(sys.argv[3])
page.begin(index, b"crashes" if index == 0 else b"sleeps")
os.abort() if index == 0 else time.sleep(60 * (index == 1))
page.write(done=1, accepted=1)
"""


def test_crashes_and_hangs_are_found_and_passed(tmp_path, monkeypatch):
    def command(plan, name, first, last, page):
        return [sys.executable, "-c", WORKER, str(ROOT / "tests"), str(page), str(first)]

    monkeypatch.setattr(drive, "command", command)
    plan = drive.Plan(("zsm",), inputs=3, workers=1, patience=1, keep=tmp_path)
    ((name, result),) = drive.run(plan)
    assert result.bad
    assert [*next(drive.table([[name, *result.row()[:5]]])).split()] == ["zsm", "3", "1", "0", "1", "1"]
    assert {Path(file).read_bytes() for _, _, file in result.faults.values()} == {b"crashes", b"sleeps"}
