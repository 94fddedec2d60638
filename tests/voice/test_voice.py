"""Voices: files there and back, and from a chip."""

import dataclasses
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opm
from opm.state import C1, M2

OPS = tuple(
    opm.Operator(
        ar=31 - i,
        d1r=10 + i,
        d2r=5 + i,
        rr=7 + i,
        d1l=3 + i,
        tl=20 * i,
        ks=i,
        mul=i + 1,
        dt1=7 - i,
        dt2=i,
        ams_en=i & 1,
    )
    for i in range(4)
)
VOICE = opm.Voice("Test", con=4, fb=5, rl=3, pms=3, ams=1, ops=OPS)


def test_apply_and_from_chip():
    chip = opm.YM2151()
    VOICE.apply(chip, 3)
    chip.generate(100)
    assert opm.Voice.from_chip(chip, 3, "Test") == VOICE
    assert chip.state.sl_tl[M2 + 2] == 20
    assert chip.state.sl_tl[C1 + 2] == 40


def test_opm_there_and_back():
    text = opm.write_opm([VOICE, VOICE])
    assert [line.split(":")[0] for line in text.splitlines()[1:8]] == ["@", "LFO", "CH", "M1", "C1", "M2", "C2"]
    voices = opm.read_voices(text.encode())
    assert [v.ops for v in voices] == [OPS, OPS]
    assert (voices[0].name, voices[0].con, voices[0].fb, voices[0].rl, voices[0].slots) == ("Test", 4, 5, 3, 15)


@pytest.mark.parametrize("name", ["", "no Name", "a // b", "two\nlines", "リード"])
def test_no_name_loses_a_voice(name):
    (read,) = opm.read_voices(opm.write_opm([dataclasses.replace(VOICE, name=name)]).encode())
    assert read.ops == OPS
    assert read.name


def test_opm_in_the_wild():
    """Tabs, blanks, any order, AMS-EN 128, empty slots, KS out of range."""
    text = "// bank\n@:0 no Name\nCH: 64 0 0 0 0 64 0\n@:7  Lead 1\nCH:\t64 7 2 1 3 120 0\nLFO: 10 20 30 2 5\n"
    text += "C2: 31 1 2 3 4 5 6 7 1 2 128\nM1: 30 0 0 15 0 1 0 1 0 0 0\n"
    text += "M2: 29 0 0 15 0 2 0 1 0 0 0\nC1: 28 0 0 15 0 3 0 1 0 0 0\n"
    (voice,) = opm.read_voices(text.encode())
    assert (voice.name, voice.fb, voice.con, voice.lfo) == ("Lead 1", 7, 2, (10, 20, 30, 2, 5, 0))
    assert [op.ar for op in voice.ops] == [30, 29, 28, 31]
    assert (voice.ops[3].ks, voice.ops[3].ams_en) == (2, 1)


def test_dmp():
    record = bytes([3, 40, 31, 10, 5, 7, 1, 2, 0x26, 9, 0])
    (voice,) = opm.read_voices(bytes([11, 8, 1, 2, 5, 4, 1]) + record * 4, "bass")
    op = voice.ops[0]
    assert (voice.name, voice.pms, voice.fb, voice.con, voice.ams) == ("bass", 2, 5, 4, 1)
    assert (op.mul, op.tl, op.ar, op.d1r, op.d1l, op.rr, op.ams_en, op.ks) == (3, 40, 31, 10, 5, 7, 1, 2)
    assert (op.dt1, op.dt2, op.d2r) == (3, 2, 9)
    assert opm.read_voices(bytes([11, 8, 1, 2, 5, 4, 1]) + record * 4 + b"\n", "bass") == [voice], "saved as if text"


def test_fui():
    ops = bytes([0x40 | 3, 40, 0x80 | 31, 0x80 | 10, 9, 0x57, 0, 0x10]) * 4
    fm = bytes([0xF4, 0x45, 0x0A, 0x20]) + ops
    data = b"FINS" + struct.pack("<HH", 200, 33) + b"NA" + struct.pack("<H", 5) + b"Lead\0"
    data += b"FM" + struct.pack("<H", len(fm)) + fm + b"EN\0\0"
    (voice,) = opm.read_voices(data)
    op = voice.ops[2]
    assert (voice.name, voice.con, voice.fb, voice.pms, voice.ams) == ("Lead", 4, 5, 2, 1)
    assert (op.mul, op.dt1, op.tl, op.ks, op.ar, op.ams_en, op.d1r, op.d2r, op.d1l, op.rr, op.dt2) == (
        3, 1, 40, 2, 31, 1, 10, 9, 5, 7, 2,
    )  # fmt: skip
    nameless = data.replace(b"NA\5\0Lead\0", b"").replace(fm, bytes([0x34]) + fm[1:])
    (voice,) = opm.read_voices(nameless, "file")
    assert (voice.name, voice.slots) == ("file", 3)


def test_mdx_voices():
    body = bytes([9, 5 << 3 | 4, 15]) + bytes(OPS[op].data()[i] for i in range(6) for op in range(4))
    data = b"t\r\n\x1a\0" + struct.pack(">10H", 20, *[20] * 9) + body
    (voice,) = opm.read_voices(data)
    assert (voice.name, voice.con, voice.fb, voice.ops) == ("@9", 4, 5, OPS)


def test_json_tone_and_hex_pairs():
    (voice,) = opm.read_voices(VOICE.to_json().encode())
    assert voice == VOICE
    pairs = "".join(f"{a:02X}{d:02X} " for a, d in VOICE.registers(1))
    assert opm.read_voices(pairs.encode(), "Test") == [VOICE]
    assert opm.read_voices(json.dumps({"registers": pairs, "name": "Test"}).encode()) == [VOICE]
    numbers = {"events": [{"time": 0, "addr": a, "data": d} for a, d in VOICE.registers(1)]}
    assert opm.read_voices(json.dumps(numbers).encode(), "Test") == [VOICE]


def test_tone_editor_bank():
    """A description and variations, each with hex pairs: all of them are voices."""
    pairs = "".join(f"{a:02X}{d:02X}" for a, d in VOICE.registers(1))
    rows = [{"description": "soft", "note_number": 60, "registers": pairs}, {"mml": "c", "registers": pairs}]
    voices = opm.read_voices(json.dumps({"description": "Piano", "variations": rows}).encode())
    assert [voice.name for voice in voices] == ["soft", "Piano"]
    assert [voice.ops for voice in voices] == [OPS, OPS]


def test_extract_voices():
    other = opm.Voice(con=7, ops=OPS)
    rows = [*VOICE.registers(1), (0x08, 0x78), *VOICE.registers(2), (0x08, 0x79), *other.registers(1), (0x08, 0x78)]
    events = [(64 * i + 2 * k, k, row[k]) for i, row in enumerate(rows) for k in (0, 1)]
    found = opm.extract_voices(np.array(events, opm.EVENT))
    assert [(f.channel, f.voice.con, f.voice.ops) for f in found] == [(1, 4, OPS), (1, 7, OPS)]
    assert found[0].cycle == 64 * 26 + 2


def test_one_voice_at_several_volumes():
    """Carriers turned down together: one voice if volumes do not count, the loudest; a modulator makes another."""
    quiet, louder, other = (
        dataclasses.replace(
            VOICE, ops=tuple(dataclasses.replace(op, tl=op.tl + d) for op, d in zip(OPS, down, strict=True))
        )
        for down in ((0, 0, 30, 30), (0, 0, 10, 10), (1, 0, 10, 10))
    )
    rows = [row for voice in (quiet, louder, other) for row in (*voice.registers(1), (0x08, 0x78), (0x08, 0))]
    events = np.array([(64 * i + 2 * k, k, row[k]) for i, row in enumerate(rows) for k in (0, 1)], opm.EVENT)
    assert len(opm.extract_voices(events)) == 3
    first, second = opm.extract_voices(events, volumes=False)
    assert (first.voice.ops, second.voice.ops) == (louder.ops, other.ops)
    assert first.cycle == 64 * 26 + 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG1234", "byte 0"),
        (b"FINS\0\0\1\0", "byte 6"),
        (b"FINS\0\0\x21\0FM\2\0ab", "cut short"),
        (b"@:0 a\nCH: x", "row 2"),
        (b'{"events": 3}', "JSON tone"),
        (b'{"events": [{"addr": 300, "data": 0}]}', "not a byte"),
        (b'{"variations": [{}]}', "registers"),
        (b"", "byte 0"),
        (bytes([11, 8, 0]) + bytes(48), "byte 2"),
        (bytes([11, 8, 1]) + bytes(40), "byte 43"),
        (b'{"events": [{"addr": 1e999, "data": 0}]}', "inf is not a byte"),
        (b'{"events": [{"addr": NaN, "data": 0}]}', "nan is not a byte"),
        (b'{"events": [{"addr": ' + b"1" * 5000 + b', "data": 0}]}', "4300 digits"),
        (b'{"events": ' + b"[" * 10**6, "too deep"),
        (b"@:0 a\nCH: " + b"9" * 5000, "row 2"),
        (b"@:0 a\nCH: \x1b[2J" + b"x" * 5000, "row 2"),
        (b"@:0 a\n" + b"x" * 5000 + b": y", "row 2"),
        (b'{"registers": "' + b"zz" * 5000 + b'"}', "pairs"),
        (b'{"events": [{"addr": "' + b"\\u001b" * 5000 + b'", "data": 0}]}', "JSON tone"),
        (b"00 " * 300_000 + b"x", "byte 0"),
        (bytes(2**20 + 1), "at most 1048576 bytes, got 1048577"),
        (b"@:0 a\nCH:\n" * 4098, "row 8195: expected at most 4096 voices"),
        (b'{"variations": [' + b"0," * 5000 + b"0]}", "at most 4096 voices"),
        (b"t\r\n\x1a\0\0\2" + bytes(27 * 4100), "at most 4096 voices"),
    ],
    ids=range(24),
)
def test_bad_files_are_named(data, words):
    with pytest.raises(ValueError, match=words) as caught:
        opm.read_voices(data)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("channel", [0, 9])
def test_bad_channels(channel):
    with pytest.raises(ValueError, match="1 to 8"):
        VOICE.registers(channel)


@given(st.binary(max_size=120))
def test_no_bytes_crash_the_reader(data):
    for head in (b"", b"FINS", b"t\r\n\x1a\0", b"@:0 x\n"):
        try:
            opm.read_voices(head + data)
        except ValueError as error:
            assert str(error)  # noqa: PT017


def test_half_a_character_in_a_name():
    """JSON can say it; no file could hold it."""
    (voice,) = opm.read_voices(b'{"name": "a\\ud800b", "registers": "20C7"}')
    assert voice.name == "a?b"
    voice.to_json().encode()
