"""Voices: files there and back, and from a chip."""

import dataclasses
import json
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opm
from opm.registers import LIMITS
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


@pytest.mark.parametrize("rl", range(4))
@pytest.mark.parametrize("lfo", [None, (200, 10, 127, 3, 31, 1), (0, 0, 0, 0, 0, 1)])
def test_opm_keeps_sides_and_lfo(rl, lfo):
    voice = dataclasses.replace(VOICE, rl=rl, lfo=lfo)
    assert opm.read_voices(opm.write_opm([voice]).encode()) == [voice]


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


FM = bytes([0xF4, 0x45, 0x0A, 0x20]) + bytes([0x43, 40, 0x9F, 0x8A, 0x49, 0x57, 0x08, 0x10]) * 4


def fui(kind, fm=FM, version=200):
    """Return a Furnace instrument of a type."""
    return b"FINS" + struct.pack("<HH", version, kind) + b"FM" + struct.pack("<H", len(fm)) + fm + b"EN\0\0"


def test_fui_of_the_opn_and_of_the_opz():
    """The same operators, but the OPN has no DT2; what only an OPZ has, and any other type, is named."""
    (opm_voice,), (opn,), (opz,) = (opm.read_voices(fui(kind)) for kind in (33, 1, 19))
    assert opz == opm_voice
    assert opn == dataclasses.replace(opm_voice, ops=[dataclasses.replace(op, dt2=0) for op in opm_voice.ops])
    assert (opm_voice.ops[0].dt2, opn.ops[0].dt1, opn.ops[3].tl, opn.ops[3].ks, opn.con) == (2, 1, 40, 2, 4)
    for byte, bit in ((3, 0x20), (4, 0x80), (6, 0x10), (7, 0x02), (7, 0x80)):
        fm = bytearray(FM)
        fm[4 + 16 + byte] |= bit  # of the third operator
        assert opm.read_voices(fui(1, fm))
        with pytest.raises(ValueError, match=f"byte {12 + 4 + 16 + byte}: .* only an OPZ has"):
            opm.read_voices(fui(19, fm))


@pytest.mark.parametrize(
    ("kind", "name"), [(0, "SN76489"), (2, "Game Boy"), (14, "OPL"), (32, "OPL (drums)"), (55, "ESFM"), (63, "SID2"),
                       (51, "unknown"), (64, "unknown"), (65535, "unknown")],
)  # fmt: skip
def test_fui_of_other_chips_are_named(kind, name):
    with pytest.raises(ValueError, match=rf"byte 6: expected .* OPM, OPN or OPZ, found {re.escape(name)} \({kind}\)"):
        opm.read_voices(fui(kind))


def test_fui_of_a_variant():
    assert opm.read_voices(b"FINB" + fui(33)[4:]) == opm.read_voices(fui(33))


@pytest.mark.parametrize("version", [54, 100, 126])
def test_fui_of_an_old_furnace_is_to_be_saved_again(version):
    data = b"-Furnace instr.-" + struct.pack("<HHI8x", version, 0, 32) + b"INST" + bytes(200)
    with pytest.raises(ValueError, match=f"format {version}: save it again"):
        opm.read_voices(data)


@pytest.mark.parametrize("system", [2, 0x42, 8, 9, 0x49])
def test_dmp_of_systems_with_such_operators(system):
    (voice,) = opm.read_voices(bytes([11, system, 1, 2, 5, 4, 1]) + bytes([3, 40, 31, 10, 5, 7, 1, 2, 0x26, 9, 0]) * 4)
    assert (voice.ops[0].dt1, voice.ops[0].dt2) == (3, 2 if system == 8 else 0), "the OPN has no DT2"


@pytest.mark.parametrize(("version", "size"), [(1, 49), (9, 50), (9, 51)])
def test_dmp_of_an_old_deflemask_is_to_be_saved_again(version, size):
    with pytest.raises(ValueError, match=f"old DefleMask, format {version}: save it again"):
        opm.read_voices(bytes([version, 1]) + bytes(size - 2))


@pytest.mark.parametrize("head", [b"\x0a\x00", b"\x0b\x08\x00"])
def test_dmp_without_fm(head):
    with pytest.raises(ValueError, match=f"byte {len(head) - 1}: expected an FM voice"):
        opm.read_voices(head + bytes(48))


@pytest.mark.parametrize(
    ("system", "name"),
    [(3, "Master System"), (0x43, "Master System"), (6, "NES"), (0x46, "NES"), (1, "YMU759"), (4, "Game Boy"),
     (5, "PC Engine"), (7, "C64"), (0, "unknown"), (10, "unknown"), (255, "unknown")],
)  # fmt: skip
def test_dmp_of_other_systems_is_named(system, name):
    """A voice of the OPLL, which has two operators, was read as if it had four."""
    with pytest.raises(ValueError, match=rf"byte 1: .* Arcade, Genesis or Neo Geo, found {name} \({system}\)"):
        opm.read_voices(bytes([11, system, 1]) + bytes(48))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("indent", ["", "  ", "\t"])
def test_opm_as_editors_save_it(encoding, end, indent):
    text = opm.write_opm([dataclasses.replace(VOICE, name="リード"), VOICE])
    data = end.join(indent + line for line in text.splitlines()).encode(encoding)
    assert opm.read_voices(data) == opm.read_voices(text.encode())
    assert opm.read_voices(data)[0].name == "リード"


def test_opm_in_utf_16_of_the_other_order_and_rows_of_it():
    data = opm.write_opm([VOICE]).encode("utf-16-be")
    assert opm.read_voices(b"\xfe\xff" + data)[0].ops == OPS
    with pytest.raises(ValueError, match="row 3: expected numbers behind 'CH'"):
        opm.read_voices("@:0 a\rLFO: 1\r  CH: x\r".encode("utf-16"))


WRITERS = {"VOPM": lambda voice: opm.write_opm([voice]), "JSON": opm.Voice.to_json}
LIMITED = [
    *((f"slots {slots}", {"slots": slots}) for slots in range(16)),
    *((f"{key} {value}", {key: value}) for key in ("con", "fb", "rl", "pms", "ams") for value in (0, LIMITS[key])),
    *(
        (f"{op} {key} {value}", {"ops": [dataclasses.replace(o, **{key: value}) if i == op else o for i, o in each]})
        for each in [list(enumerate(OPS))]
        for op in range(4)
        for key in (field.name for field in dataclasses.fields(opm.Operator))
        for value in (0, LIMITS[key])
    ),
]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_every_written_format_keeps_keys_and_operators(write):
    """All slot masks, and every field at its limits."""
    for what, values in LIMITED:
        voice = dataclasses.replace(VOICE, **values)
        got = opm.read_voices(write(voice).encode())
        assert got == [voice], f"{what}: expected {voice}, got {got}"


@pytest.mark.parametrize("slots", range(16))
def test_slots_are_kept_by_every_format_that_is_read(slots):
    assert opm.read_voices(fui(33, bytes([slots << 4 | 4]) + FM[1:]))[0].slots == slots
    body = bytes([9, 0, slots]) + bytes(24)
    assert opm.read_voices(b"t\r\n\x1a\0" + struct.pack(">10H", 20, *[20] * 9) + body)[0].slots == slots


def test_the_old_name_of_read_voices_names_the_new_one(tmp_path):
    with pytest.raises(AttributeError, match=r"opm\.read_voices"):
        opm.Voice.read(tmp_path / "bells.opm")


def test_opm_without_its_channel_line():
    """Both sides and all operators."""
    (voice,) = opm.read_voices(b"@:0 a\nM1: 31 1\n")
    assert (voice.rl, voice.slots, voice.ops[0].ar) == (3, 15, 31)


def test_a_path_bytes_or_a_file(tmp_path):
    path = tmp_path / "bell.dmp"
    path.write_bytes(bytes([11, 8, 1, 2, 5, 4, 1]) + bytes(44))
    want = opm.read_voices(path.read_bytes(), "bell")
    with path.open("rb") as file:
        assert opm.read_voices(path) == opm.read_voices(str(path)) == opm.read_voices(file, "bell") == want
    assert opm.read_voices(path, "gong")[0].name == "gong"
    assert opm.read_voices(bytearray(path.read_bytes()))[0].name == ""
    path.write_bytes(b"\x0b\x03")
    with pytest.raises(ValueError, match=r"bell\.dmp: byte 1: expected"):
        opm.read_voices(path)
    with path.open("r") as file, pytest.raises(TypeError, match="binary mode, it gave str"):
        opm.read_voices(file)
    for wrong in (5, None, [path]):
        with pytest.raises(TypeError, match="source must be a path, bytes or a binary file, got"):
            opm.read_voices(wrong)
    path.rename(tmp_path / "a\x1bb")
    with pytest.raises(ValueError, match=r"/a\\x1bb: byte 1"):
        opm.read_voices(tmp_path / "a\x1bb")


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


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(opm.Operator)])
def test_an_operator_checks_its_values(field):
    most = LIMITS[field]
    assert getattr(opm.Operator(**{field: np.uint8(most)}), field) == most
    for wrong in (-1, most + 1):
        with pytest.raises(ValueError, match=f"{field} must be 0 to {most}, got {wrong}"):
            opm.Operator(**{field: wrong})
    for wrong in (1.5, "3", None):
        with pytest.raises(TypeError, match=f"{field} must be an integer, got {wrong!r}"):
            opm.Operator(**{field: wrong})


@pytest.mark.parametrize(("field", "most"), [("con", 7), ("fb", 7), ("rl", 3), ("pms", 7), ("ams", 3), ("slots", 15)])
def test_a_voice_checks_its_values(field, most):
    assert type(getattr(opm.Voice(**{field: np.int64(most)}), field)) is int
    with pytest.raises(ValueError, match=f"{field} must be 0 to {most}, got {most + 1}"):
        dataclasses.replace(VOICE, **{field: most + 1})
    with pytest.raises(TypeError, match=f"{field} must be an integer, got 'x'"):
        opm.Voice(**{field: "x"})


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"ops": OPS[:3]}, ValueError, "ops must be 4 operators, got 3"),
        ({"ops": (*OPS, OPS[0])}, ValueError, "ops must be 4 operators, got 5"),
        ({"ops": [*OPS[:3], 7]}, TypeError, "ops must be 4 operators, got 7 among them"),
        ({"ops": 7}, TypeError, "ops must be 4 operators, got 7"),
        ({"lfo": (1, 2)}, ValueError, "lfo must be 6 integers, lfrq, amd, pmd, w, nfrq, ne, got 2"),
        ({"lfo": (1, 128, 0, 0, 0, 0)}, ValueError, "amd must be 0 to 127, got 128"),
        ({"lfo": 5}, TypeError, "lfo must be 6 integers or None, got 5"),
        ({"name": 5}, TypeError, "name must be a string, got 5"),
    ],
)
def test_a_voice_checks_its_parts(values, error, words):
    with pytest.raises(error, match=words):
        opm.Voice(**values)


def test_lists_become_tuples():
    """As the README's example has it: a list of operators, and a voice that can be a key."""
    voice = opm.Voice(ops=[opm.Operator(tl=20)] * 4, lfo=[196, 1, 2, 2, 0, 0])
    assert voice.ops == (opm.Operator(tl=20),) * 4
    assert voice.lfo == (196, 1, 2, 2, 0, 0)
    assert {voice: 1}[dataclasses.replace(voice)] == 1
    assert "LFO triangle 4.27 Hz, amd 1, pmd 2" in voice._repr_html_()


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
        (b"FINS\0\0\x0d\0", "byte 6: expected an instrument of the type OPM, OPN or OPZ, found OPLL"),
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


def test_a_name_without_end_is_cut():
    """All forms of the voice can be read again; as JSON, each of these characters takes six bytes."""
    bank = opm.write_opm([opm.Voice("x")]).replace("@:0 x", "@:0 " + "\u266a" * 300_000)
    (voice,) = opm.read_voices(bank.encode())
    assert voice.name == "\u266a" * 1000
    (again,) = opm.read_voices(voice.to_json().encode())
    assert again.name == voice.name
