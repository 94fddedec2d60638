"""``--info``: what songs hold, for people and for machines."""

import json
import os
import subprocess
import sys

import pytest
from card import board
from conftest import ROOT

import opm
from player.__main__ import main

SONGS = ROOT / "player" / "songs"
LOG, VGM = SONGS / "mountain_king.log", SONGS / "mountain_king.vgm"


def test_info(capsys):
    assert main([str(VGM), "--info"]) == 0
    text = capsys.readouterr().out
    for words in ("VGM 1.71", "3579545 Hz", "YM2151", "46.053 s", "Edvard Grieg", "2933", "nothing"):
        assert words in text


@pytest.mark.parametrize(
    ("arguments", "needed"), [(["--info"], set()), (["-o", "a.wav"], {"rich", "soundfile", "soxr"})], ids=str
)
def test_a_warm_start_imports_what_it_needs(tmp_path, arguments, needed):
    """Compiled code comes from the disk, and is run without Numba."""
    code = f"""
import sys
import player.__main__ as program
assert program.main({[str(LOG), *arguments]!r}) == 0
heavy = {{"numba", "soundfile", "soxr", "sounddevice", "rich", "textual", "mido", "numpy.ma"}} & set(sys.modules)
sys.exit(str(heavy) if heavy != {needed} else 0)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    # The first run compiles what is not there.
    runs = [subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True) for _ in range(2)]
    assert (runs[1].returncode, runs[1].stderr.partition("a.wav")[0]) == (0, "")


def test_info_says_what_is_remarked(tmp_path, capsys):
    """A volume, a loop's modifier, and writes that come too fast; one clock for each chip."""
    data = bytearray(VGM.read_bytes())
    data[0x7C], data[0x7F] = 0x100 - 32, 0x20
    (tmp_path / "a.vgm").write_bytes(data)
    assert main([str(tmp_path / "a.vgm"), "--info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = ["volume modifier: -6.0 dB", "loop modifier 0x20: --loops 1 plays 2, --loops 2 plays 4"]
    assert [line for line in lines if line.startswith("remark")] == [f"remark      {remark}" for remark in said]
    dense = [{"time": i, "addr": 0x60, "data": i % 128} for i in range(20_000)]
    (tmp_path / "b.log").write_text(json.dumps(dense))
    assert main([str(tmp_path / "b.log"), "--info"]) == 0
    late = "writes come faster than the chip takes them: up to 0.358 s late, at 0:00.36"
    assert late in capsys.readouterr().out
    assert opm.load(tmp_path / "b.log").remarks[-1] == late
    for options in (["-o", str(tmp_path / "b.wav"), "--tail", "0"], ["-o", str(tmp_path / "b.vgm")]):
        assert main([str(tmp_path / "b.log"), *options]) == 0
        assert f"note: {late}" in capsys.readouterr().err


def test_info_counts_the_writes_of_one_playing(tmp_path, capsys):
    """A looping MDX - a note, a step louder in each round - has more of them, and is longer, as a VGM."""
    voices = bytes([7, 0x3C, 0x0F, *range(24)])
    track = bytes([0xFD, 7, 0xFB, 0, 0x90, 7, 0xF9, 0xF1, 0xFF, 0xFA])
    offsets = [20 + len(track) + 16, 20, *(20 + len(track) + 2 * i for i in range(8))]
    table = b"".join(offset.to_bytes(2, "big") for offset in offsets)
    path = tmp_path / "a.mdx"
    path.write_bytes(b"\r\n\x1a\0" + table + track + b"\xf1\0" * 8 + voices)
    song = opm.load(path)
    for number, source in enumerate((path, tmp_path / "a.vgm")):
        assert main([str(source), "--info", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["writes"] == len(opm.load(source).writes)
        assert facts["length"] == pytest.approx(song.length * (1 + number), abs=1e-3)
        if not number:
            assert main([str(path), "-o", str(tmp_path / "a.vgm")]) == 0
            said = capsys.readouterr().err
            assert "does not keep the length of 0.115 s: its loop's first round differs" in said
            assert f"a.vgm: 0.229 s, {len(opm.load(tmp_path / 'a.vgm').writes)} writes" in said


def test_no_tag_takes_the_place_of_a_fact(tmp_path, capsys):
    path = tmp_path / "liar.json"
    rows = [{"time": 0, "addr": "08", "data": "00"}]
    path.write_text(json.dumps({"tags": {"length": "FAKE", "compat": "liar"}, "events": rows}))
    assert main([str(path), "--info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("length")] == ["0.000", "FAKE"]
    assert [line.split()[1] for line in lines if line.startswith("compat")] == ["none", "liar"]


def test_info_for_machines(capsys):
    assert main([str(VGM), "--info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["chips"] == ["ym2151"]
    assert facts["writes"] == 2933
    assert facts["loop"] == {"start": 0.0, "length": 46.053}
    assert facts["not_played"] == []
    assert facts["parts"] == [
        {"name": "ym2151", "title": "YM2151", "clock": 3_579_545, "sounds": 812, "channels": [*range(1, 9)]}
    ]


def test_info_of_a_board(tmp_path, capsys):
    """A part a line where there are several: each as an option names it."""
    path = board(tmp_path, beats=3)
    assert main([str(path), "--info", "--json"]) == 0
    parts = json.loads(capsys.readouterr().out)["parts"]
    assert parts == [part._asdict() | {"channels": list(part.channels)} for part in opm.load(path).parts]
    names = ("ym2151", "vera_psg", "vera_pcm")
    assert [(part["name"], part["sounds"], part["channels"]) for part in parts] == [(name, 3, [1]) for name in names]
    assert main([str(path), "--info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("part")] == [
        "part        ym2151: YM2151 at 3579545 Hz, 3 sounds",
        "part        vera_psg: VERA PSG at 25000000 Hz, 3 sounds",
        "part        vera_pcm: VERA PCM at 25000000 Hz, 3 sounds",
    ]
    assert main([str(VGM), "--info"]) == 0
    assert "\npart " not in capsys.readouterr().out
