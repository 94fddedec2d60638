"""Banks of voices for MIDI: bytes in, instruments out; what is wrong is named; nothing crashes the reader."""

import json
import re
import tomllib
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from fuzz.rules import check_line
from hypothesis import given, settings
from hypothesis import strategies as st

import opm
from opm.midi import banks, wopn
from opm.midi.attachment import as_long
from opm.midi.bank import Bank, Instrument
from opm.midi.extras import Extras, Triangle
from opm.registers import lfo_hertz

OP = "31 9 4 7 3 12 1 2 3 0 0"
"""AR D1R D2R RR D1L TL KS MUL DT1 DT2 AMS-EN."""
VOICE = opm.Voice("v", con=4, fb=5, ops=[opm.Operator(*map(int, OP.split()))] * 4)
PAIRS = "".join(f"{address:02X}{data:02X}" for address, data in VOICE.registers(1))


def own(instruments):
    return {key: each for key, each in instruments.items() if not each.stands_in}


def refused(data, message):
    """See that a bank is refused, in one line that begins so."""
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        opm.read_bank(data)
    assert str(caught.value).startswith(message)
    check_line(str(caught.value))


def read_or_refused(data):
    """Return a bank, or None if it is refused in one line."""
    try:
        return opm.read_bank(data)
    except ValueError as error:
        return check_line(str(error))


def opm_text(*numbers):
    lines = [f"M1: {OP}", f"C1: {OP}", f"M2: {OP}", f"C2: {OP}", "CH: 64 5 4 0 0 120 0"]
    return "\n".join("\n".join([f"@:{number} voice {number}", *lines]) for number in numbers).encode()


# ---- which voice a program has ----


@pytest.mark.parametrize(
    ("asked", "found", "stands_in"),
    [
        ((0, 0, 0), "piano", False),
        ((0, 8, 0), "piano, 8", False),
        ((0, 8, 3), "piano, 8", False),  # MSB alone
        ((0, 9, 0), "piano", False),  # bank 0
        ((0, 0, 5), "piano, lsb 5", False),
        ((0, 7, 5), "piano, lsb 5", False),  # LSB alone
        ((7, 0, 0), "piano", True),  # the family
        ((33, 0, 0), "bass", True),
        ((39, 0, 0), "bass", True),
        ((100, 0, 0), "bass", True),  # the nearest of all
    ],
)
def test_a_program_falls_back(asked, found, stands_in):
    names = {(0, 0, 0): "piano", (8, 0, 0): "piano, 8", (0, 5, 0): "piano, lsb 5", (0, 0, 34): "bass"}
    bank = Bank("b", {key: Instrument(name, VOICE) for key, name in names.items()})
    got = bank.program(*asked)
    assert (got.name, got.stands_in) == (found, stands_in)


@pytest.mark.parametrize(
    ("key", "kit", "found", "stands_in"),
    [
        (36, 0, "kick", False),
        (36, 25, "kick, 808", False),
        (38, 25, "snare", False),  # kit 0
        (36, 8, "kick", False),
        (37, 0, "kick", True),
        (90, 0, "snare", True),  # the nearest key
        (35, 25, "kick, 808", True),
    ],
)
def test_a_drum_falls_back(key, kit, found, stands_in):
    names = {(0, 36): "kick", (0, 38): "snare", (25, 36): "kick, 808"}
    bank = Bank("b", {}, {place: Instrument(name, VOICE) for place, name in names.items()})
    got = bank.drum(key, kit)
    assert (got.name, got.stands_in) == (found, stands_in)


def test_an_empty_bank_has_nothing():
    assert Bank("b", {}).program(0) is None
    assert Bank("b", {}).drum(36) is None


def test_what_a_bank_has_not_stands_in_from_the_one_that_ships():
    ours = banks.default_bank()
    bank = opm.read_bank(opm_text(0, 33))
    assert set(own(bank.programs)) == {(0, 0, 0), (0, 0, 33)}
    assert not own(bank.drums)
    assert set(bank.drums) == set(ours.drums)
    families = {number // 8 for _, _, number in bank.programs}
    assert families == {number // 8 for _, _, number in ours.programs} | {0, 4}
    # A family of which there is one voice has no other's.
    assert [key for key in bank.programs if key[2] // 8 == 4] == [(0, 0, 33)]


@pytest.mark.parametrize("tl", [0, 12, 30])
def test_stand_ins_are_as_loud_as_the_banks_own(tl):
    """By the medians of what their carriers' TL say."""
    bank = opm.read_bank(opm_text(0).replace(b" 12 1 2 3", b" %d 1 2 3" % tl))
    theirs = [banks._level(each.voice) for each in bank.programs.values() if each.stands_in]
    # As far as TL 0 lets them.
    assert np.median(theirs) == pytest.approx(banks._level(bank.program(0).voice), abs=1.5)
    name = next(each.name for each in bank.programs.values() if each.stands_in)
    (before,) = [each.voice for each in banks.default_bank().programs.values() if each.name == name]
    (after,) = [each.voice for each in bank.programs.values() if each.name == name]
    modulators = set(range(4)) - set(before.carriers)
    assert [after.ops[i] for i in modulators] == [before.ops[i] for i in modulators]


# ---- TOML ----

ROW = "[31, 9, 4, 7, 3, 12, 1, 2, 3, 0, 0]"
SOUND = f"con = 4\nfb = 5\nops = [{', '.join([ROW] * 4)}]\n"
TOML = f"""\
name = "mine"
[[program]]
number = 5
name = "five"
transpose = -12
{SOUND}
[[program]]
number = 5
msb = 8
pms = 3
slots = 7
{SOUND}
[[drum]]
key = 36
name = "kick"
note = 30.5
noise = {{ nfrq = 12, con = 7, ops = [{", ".join([ROW] * 4)}] }}
{SOUND}
[[drum]]
key = 38
kit = 25
{SOUND}
"""


def test_toml():
    bank = opm.read_bank(TOML.encode())
    assert bank.name == "mine"
    programs, drums = own(bank.programs), own(bank.drums)
    five, other = programs[0, 0, 5], programs[8, 0, 5]
    assert five == Instrument("five", VOICE.named("five"), transpose=-12.0)
    assert other.name == "program 5"
    assert other.voice == replace(VOICE, name="program 5", pms=3, slots=7)
    kick, snare = drums[0, 36], drums[25, 38]
    assert (kick.note, kick.voice) == (30.5, VOICE.named("kick"))
    assert kick.noise == replace(VOICE, name="kick", con=7, fb=0, lfo=(0, 0, 0, 0, 12, 1))
    assert (snare.note, snare.noise) == (38.0, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("number = 5", "number = 128"), "row 2: program: number must be 0 to 127, got 128"),
        (("number = 5", ""), "row 2: program: number must be an integer, got None"),
        (("con = 4", "con = 8"), "row 2: program: con must be 0 to 7, got 8"),
        (("fb = 5", "bf = 5"), "row 2: program: expected one of number, name, msb, lsb, transpose, ops, con, fb"),
        (("[31, 9,", "[32, 9,"), "row 2: program: M1: ar must be 0 to 31, got 32"),
        (("[31, 9,", "[9,"), "row 2: program: M1 must be 11 integers, ar d1r d2r rr d1l tl ks mul dt1 dt2 ams_en"),
        ((f"{ROW}, {ROW}, ", ""), "row 2: program: ops must be 4 rows, M1, M2, C1, C2"),
        (("msb = 8", ""), "row 10: program: the bank has it already"),
        (("transpose = -12", "transpose = nan"), "row 2: program: transpose must be -127 to 127, got nan"),
        (('name = "five"', "name = 5"), "row 2: program: name must be a string of at most 1000 characters, got 5"),
        (("nfrq = 12", "nfrq = 32"), "row 19: drum: noise: nfrq must be 0 to 31, got 32"),
        (("noise = {", "noise = 5 # {"), "row 19: drum: noise: expected a table, got 5"),
        (("note = 30.5", "note = 128.0"), "row 19: drum: note must be 0 to 127, got 128.0"),
        (("name = \"mine\"", "title = 1"), "expected one of name, program, drum, got 'title'"),
        (("transpose = -12", "transpose ="), "expected TOML: Invalid value (at line 5, column 12)"),
    ],
)  # fmt: skip
def test_wrong_toml_is_named(change, message):
    refused(TOML.replace(*change, 1).encode(), message)


def test_the_bank_that_ships_is_its_own_file():
    root = tomllib.loads((banks.resources.files("opm.midi") / "bank.toml").read_text(encoding="utf-8"))
    bank = banks.default_bank()
    assert len(bank.programs) == len(root.get("program", []))
    assert len(bank.drums) == len(root.get("drum", []))
    assert not any(each.stands_in for each in (*bank.programs.values(), *bank.drums.values()))


# ---- VOPM ----


def test_opm_by_number():
    bank = opm.read_bank(opm_text(3, 127, 128 + 36))
    assert {key: each.name for key, each in own(bank.programs).items()} == {
        (0, 0, 3): "voice 3",
        (0, 0, 127): "voice 127",
    }
    assert {key: each.note for key, each in own(bank.drums).items()} == {(0, 36): None}
    assert bank.program(3).voice.ops == VOICE.ops
    assert bank.remarks == ()


def test_an_lfo_that_moves_nothing_is_said():
    """Without values the driver takes its own LFO for a voice that is sensitive to one."""
    text = opm_text(0).decode()
    assert opm.read_bank(text.encode()).program(0).voice.lfo is None
    moved = text.replace("CH: 64 5 4 0 0", "CH: 64 5 4 0 7")
    assert opm.read_bank(moved.encode()).program(0).voice.lfo == (0,) * 6
    assert opm.read_bank(f"{moved}\nLFO: 9 0 5 2 0".encode()).program(0).voice.lfo == (9, 0, 5, 2, 0, 0)


def test_a_voice_with_noise_is_for_channel_8():
    text = opm_text(0, 1).decode().replace("120 0", "120 1", 1)
    bank = opm.read_bank(text.encode())
    assert bank.program(0).noise == bank.program(0).voice
    assert bank.program(1).noise is None


def test_numbers_that_are_none():
    bank = opm.read_bank(opm_text(0, 0))
    assert set(own(bank.programs)) == {(0, 0, 0), (0, 0, 1)}
    assert bank.remarks == ("numbers are missing or there twice: voices are numbered in their order",)
    bank = opm.read_bank(opm_text(0, 256))
    assert set(own(bank.programs)) == {(0, 0, 0)}
    assert bank.remarks == ("numbers above 255 are neither programs nor drum keys: 1 voices are left out",)


def test_other_voice_files_are_numbered(tmp_path):
    (tmp_path / "bells.txt").write_text(PAIRS)
    bank = opm.read_bank(tmp_path / "bells.txt")
    assert (bank.name, bank.program(0).name, bank.program(0).voice.ops) == ("bells", "bells", VOICE.ops)


# ---- libOPNMIDI ----


def place(name=b"", offset=0, key=0, fbalg=0x2C, lfo=0, ops=(), on=0, version=2):
    """Return a voice of a .wopn file."""
    row = name.ljust(32, b"\0") + offset.to_bytes(2, "big", signed=True) + bytes((key, fbalg, lfo))
    row += b"".join(ops).ljust(28, b"\0")
    return row + (on.to_bytes(2, "big") + bytes(2) if version > 1 else b"")


def wopn_file(melodic, kits, lfo=0, version=2):
    """Return a file of banks: (LSB, MSB, places by number)."""
    rows = [*melodic, *kits]
    head = b"WOPN2-B2NK\0\x02\0" if version > 1 else b"WOPN2-BANK\0"
    head += len(melodic).to_bytes(2, "big") + len(kits).to_bytes(2, "big") + bytes((lfo,))
    metas = b"".join(bytes(32) + bytes((lsb, msb)) for lsb, msb, _ in rows) if version > 1 else b""
    empty = place(version=version)
    return head + metas + b"".join(taken.get(i, empty) for _, _, taken in rows for i in range(128))


OPS = [
    bytes((0x71, 0x20, 0x5F, 0x8A, 0x07, 0x3B, 0x00)),  # DT 7 MUL 1; TL; KS 1 AR 31; AM D1R 10; D2R; D1L 3 RR 11
    bytes((0x02, 0x30, 0x1E, 0x05, 0xE4, 0x4C, 0x00)),  # above D2R there is nothing on an OPN2
    bytes((0x13, 0x00, 0x9D, 0x00, 0x00, 0x0F, 0x00)),
    bytes((0x00, 0x01, 0xDC, 0x1F, 0x1F, 0xF0, 0x0A)),  # SSG-EG
]


def test_wopn_registers():
    bank = opm.read_bank(wopn_file([(0, 0, {5: place(b"Brass\0x", -12, ops=OPS, on=9)})], []))
    (brass,) = own(bank.programs).values()
    assert (brass.name, brass.transpose, brass.note) == ("Brass", -12.0, None)
    voice = brass.voice
    assert (voice.con, voice.fb, voice.rl, voice.pms, voice.ams, voice.lfo) == (4, 5, 3, 0, 0, None)
    assert voice.ops == (
        opm.Operator(ar=31, d1r=10, d2r=7, rr=11, d1l=3, tl=0x20, ks=1, mul=1, dt1=7, ams_en=1),
        opm.Operator(ar=30, d1r=5, d2r=4, rr=12, d1l=4, tl=0x30, ks=0, mul=2, dt1=0),
        opm.Operator(ar=29, d1r=0, d2r=0, rr=15, d1l=0, tl=0, ks=2, mul=3, dt1=1),
        opm.Operator(ar=28, d1r=31, d2r=31, rr=0, d1l=15, tl=1, ks=3, mul=0, dt1=0),
    )
    assert bank.remarks == ("SSG-EG is not on this chip: 1 of 1 voices sound without it",)


def test_wopn_banks_and_kits():
    taken = {0: place(b"a", on=1, ops=OPS)}
    drums = {
        35: place(b"kick", key=30, offset=2, on=1, ops=OPS),
        36: place(b"as struck", on=1, ops=OPS),
        37: place(b"above", key=128 + 40, on=1, ops=OPS),
    }
    data = wopn_file([(0, 0, taken), (3, 8, taken)], [(0, 0, drums), (25, 0, drums), (1, 1, drums)])
    bank = opm.read_bank(data)
    assert set(own(bank.programs)) == {(0, 0, 0), (8, 3, 0)}
    notes = {35: 32.0, 36: 36.0, 37: 40.0}
    assert {key: each.note for key, each in bank.drums.items()} == {
        (kit, key): note for kit in (0, 25, 129) for key, note in notes.items()
    }


def test_wopn_version_1_has_no_meta_data_and_no_times():
    taken = {7: place(b"seven", ops=OPS, version=1)}
    bank = opm.read_bank(wopn_file([(0, 0, taken)], [(0, 0, {})], version=1))
    assert {key: each.name for key, each in own(bank.programs).items()} == {(0, 0, 7): "seven"}


def test_a_key_of_its_own():
    bank = opm.read_bank(wopn_file([(0, 0, {0: place(key=60, offset=-12, on=1, ops=OPS)})], []))
    assert (bank.program(0).note, bank.program(0).transpose, bank.program(0).name) == (48.0, 0.0, "program 0")


@pytest.mark.parametrize(("byte", "on"), [(0x00, False), (0x05, False), (0x0D, True)])
def test_wopn_lfo(byte, on):
    """Register 22 of the bank: bit 3 switches the LFO on; B4 of a voice: AMS in bits 5-4, PMS in 2-0."""
    data = wopn_file([(0, 0, {0: place(lfo=0x36, on=1, ops=OPS), 1: place(on=1, ops=OPS)})], [], byte)
    bank = opm.read_bank(data)
    voice = bank.program(0).voice
    assert (voice.pms, voice.ams) == ((4, 3) if on else (0, 0))
    assert bank.program(1).voice.lfo is None
    if on:
        lfrq, amd, pmd, wave, nfrq, ne = voice.lfo
        assert lfo_hertz(lfrq) == pytest.approx(9.63, rel=0.03)
        assert (amd, pmd, wave, nfrq, ne) == (16, 96, 2, 0, 0)


CENTS = (0, 3.4, 6.7, 10, 14, 20, 40, 80)
"""By which an OPN2's LFO moves the pitch, by FMS: from its manual."""


@pytest.mark.parametrize("sensitivity", range(1, 8))
def test_wopn_vibrato_is_as_deep(sensitivity):
    """Measured on the chip: half the range of the LFO's pitch, in cents."""
    bank = opm.read_bank(wopn_file([(0, 0, {0: place(lfo=sensitivity, on=1, ops=OPS)})], [], 0x0B))
    voice = replace(bank.program(0).voice, con=7, ops=[opm.Operator(tl=0), *[opm.Operator()] * 3])
    note = voice.note(69, 0.5)
    rows = opm.trace(note.events, [("pg_inc", 0)], start=note.key_on + 10, stop=note.key_on + 20_000)
    steps = rows["pg_inc[0]"]
    cents = 600 * np.log2(steps.max() / steps.min())
    assert cents == pytest.approx(CENTS[sensitivity], rel=0.25)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"WOPN2-B2NK\0", "byte 11: expected WOPN of version 1 or 2, found version 0"),
        (b"WOPN2-B2NK\0\x03\0", "byte 11: expected WOPN of version 1 or 2, found version 3"),
        (wopn_file([(0, 0, {})], [])[:100], "byte 100: the bank is cut short, expected 8884 bytes for 1 banks"),
        (b"WOPN2-BANK\0\xff\xff\xff\xff\0", "byte 16: the bank is cut short, expected 1090502416 bytes"),
        (wopn_file([], []), "expected voices, found none"),
        (wopn_file([(0, 0, {})], []), "expected voices, found none"),
        (b"WOPN2-", "byte 0: expected a bank in TOML, .wopn, .opm, .dmp"),
        (b"@:0 no Name", "expected voices, found none"),
        (b"", "byte 0: expected a bank in TOML"),
        (b"[", "expected JSON: Expecting value: line 1 column 2 (char 1)"),
        (b"[" * 100_000, "expected JSON: the nesting is too deep"),
        (b"[[program]]\n[" + b"a" * 3000 + b"]", "expected one of name, program, drum, got 'aaa"),
        (b"[[program]]\na = " + b"[" * 100_000, "expected TOML: the nesting is too deep"),
        (bytes(2**20 + 1), "expected at most 1048576 bytes, got 1048577"),
    ],
)
def test_what_is_no_bank_is_named(data, message):
    refused(data, message)


def test_a_path_is_named(tmp_path):
    path = tmp_path / "bank.wopn"
    path.write_bytes(b"WOPN2-BANK\0")
    with pytest.raises(ValueError, match=r"bank\.wopn: byte 11: the bank is cut short"):
        opm.read_bank(path)
    with pytest.raises(FileNotFoundError):
        opm.read_bank(tmp_path / "none.wopn")
    with pytest.raises(TypeError, match="source must be a path, bytes or a binary file, got 5"):
        opm.read_bank(5)


# ---- the cat2151 family ----

RAISED = as_long(VOICE).ops


def read(root):
    return opm.read_bank(json.dumps(root).encode())


def test_a_folder_of_tones(tmp_path):
    variations = [{"description": "Edited", "note_number": 60, "registers": PAIRS}, {"registers": "40016000"}]
    (tmp_path / "000_AcousticGrand.json").write_text(json.dumps({"description": "Grand", "variations": variations}))
    rows = [{"time": 0.0, "addr": f"0x{address:02X}", "data": data} for address, data in VOICE.registers(1)]
    (tmp_path / "042.json").write_text(json.dumps({"events": rows}))
    (tmp_path / "164_kick.json").write_text(json.dumps(PAIRS))
    (tmp_path / "tone_names.json").write_text("damaged, and not a tone's")
    (tmp_path / "readme.txt").write_text("x")
    bank = opm.read_bank(tmp_path)
    assert bank.name == tmp_path.name
    assert {key: each.name for key, each in own(bank.programs).items()} == {
        (0, 0, 0): "Edited",
        (0, 0, 42): "042.json",
    }
    assert set(own(bank.drums)) == {(0, 36)}
    assert all(bank.program(number).voice.ops == RAISED for number in (0, 42))
    assert bank.remarks == (banks._RAISED,)


def test_a_folder_without_tones(tmp_path):
    (tmp_path / "names.json").write_text("[]")
    with pytest.raises(
        ValueError, match=r"expected tones called NNN\.json or NNN_name\.json in this folder, found none"
    ):
        opm.read_bank(tmp_path)
    (tmp_path / "000.json").write_text("[]")
    with pytest.raises(ValueError, match=r"000\.json: expected JSON tones: .*: found none"):
        opm.read_bank(tmp_path)


def test_tones_in_a_list_are_numbered():
    bank = read([{"name": "a", "registers": PAIRS}, PAIRS])
    assert {key: each.name for key, each in own(bank.programs).items()} == {(0, 0, 0): "a", (0, 0, 1): "2"}


ATTACHED = {
    "ProgramChange": 5,
    "DelayVibrato": True,
    "Portamento": True,
    "SoftwareLfo": [
        {"BaseRegister": "0x60", "Depth": 6, "RateHz": 4.0, "DelaySeconds": 0.1, "AttackSeconds": 0.05,
         "Waveform": "triangle", "KeyOnSync": False},
        {"BaseRegister": "0x3A", "RateHz": 4.0},
    ],
    "PopNoiseEnvelope": {"Enabled": True, "OffsetSeconds": 0.002, "Registers": [
        {"BaseRegister": "0xE0", "Value": "0x0F"}, {"BaseRegister": "0xF9", "Value": 15}]},
    "Tone": {"type": "YM2151 tone", "registers": PAIRS},
}  # fmt: skip
EXTRAS = Extras(
    vibrato=Triangle(depth=100.0, rate=6.0, delay=0.2, attack=0.3),
    portamento=0.1,
    waves=((0x60, Triangle(6.0, 4.0, 0.1, 0.05, key_sync=False)),),
    early=0.002,
    ahead=((0xE0, 15), (0xF8, 15)),
)


def test_an_attachment():
    bank = read([ATTACHED, {"ProgramChange": 6, "registers": PAIRS}])
    assert bank.program(5).voice.ops == RAISED
    assert (bank.program(5).extras, bank.program(6).extras) == (EXTRAS, None)
    assert bank.program(5).name == "program 5"
    # The rest is as without it.
    assert set(bank.programs) == {*banks.default_bank().programs} | {(0, 0, 5), (0, 0, 6)}


def test_effects_without_a_tone_are_for_the_voice_that_is_there():
    bank = read([{"ProgramChange": 80, "DelayVibrato": True, "Tone": None}])
    lead, ours = bank.program(80), banks.default_bank().program(80)
    assert (lead.voice, lead.stands_in, lead.extras.vibrato.depth) == (ours.voice, True, 100.0)
    assert bank.remarks == ()


def test_an_older_attachment_is_for_all_programs():
    bank = read({"DelayVibrato": True, "Portamento": False, "Tones": {"9": {"registers": PAIRS}}})
    assert set(own(bank.programs)) == {(0, 0, 9)}
    assert {each.extras for each in bank.programs.values()} == {Extras(vibrato=EXTRAS.vibrato)}
    assert {each.extras for each in bank.drums.values()} <= {None}


def test_a_tone_that_changes_to_the_next():
    other = "40036010"
    root = [
        {"ProgramChange": 0, "ChangeToNextTone": True, "registers": PAIRS},
        {"ProgramChange": 1, "ChangeToNextTone": True, "ChangeToNextToneTime": 10, "registers": other},
        {"ProgramChange": 2, "ChangeToNextTone": True, "registers": PAIRS},
        {"ProgramChange": 9, "ChangeToNextTone": True, "ChangeToNextToneTime": 0, "registers": PAIRS},
        {"ProgramChange": 10, "registers": PAIRS},
    ]
    bank = read(root)
    first, second = bank.program(0).extras, bank.program(1).extras
    assert (first.towards, first.turn) == (bank.program(1).voice, 5.0)
    assert (second.towards, second.turn) == (bank.program(2).voice, 10.0)
    # There is no next one, or no time.
    assert bank.program(2).extras is bank.program(9).extras is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ProgramChange": 128}, "ProgramChange must be 0 to 127, got 128"),
        ({"ProgramChange": "x"}, "ProgramChange must be an integer, got 'x'"),
        ({"DelayVibrato": 1}, "program 5: DelayVibrato must be true or false, got 1"),
        ({"SoftwareLfo": {}}, "program 5: SoftwareLfo must be a list of at most 64 objects, got {}"),
        ({"SoftwareLfo": [5]}, "program 5: SoftwareLfo 1 must be an object, got 5"),
        ({"SoftwareLfo": [{"BaseRegister": 0x60}]}, "program 5: SoftwareLfo 1: RateHz must be a number, got None"),
        ({"SoftwareLfo": [{"RateHz": 1}]}, "program 5: SoftwareLfo 1: BaseRegister: None is not a byte"),
        (
            {"SoftwareLfo": [{"BaseRegister": 8, "RateHz": 1}]},
            "program 5: SoftwareLfo 1: BaseRegister must be a channel's, from 20 on, got 08",
        ),
        (
            {"SoftwareLfo": [{"BaseRegister": 0x60, "RateHz": float("inf")}]},
            "program 5: SoftwareLfo 1: RateHz must be 0 to 1000, got inf",
        ),
        (
            {"SoftwareLfo": [{"BaseRegister": 0x60, "RateHz": 1, "Waveform": "saw"}]},
            "program 5: SoftwareLfo 1: Waveform must be triangle, got 'saw'",
        ),
        ({"PopNoiseEnvelope": 5}, "program 5: PopNoiseEnvelope must be an object, got 5"),
        (
            {"PopNoiseEnvelope": {"Registers": [{"BaseRegister": 0xE0, "Value": 256}]}},
            "program 5: PopNoiseEnvelope: Registers 1: Value: 256 is not a byte",
        ),
        ({"Tone": {"registers": "0"}}, "expected JSON tones: hex pairs, registers, events, tone, variations, Tone or"),
        (
            {"Tone": {}},
            "expected JSON tones: hex pairs, registers, events, tone, variations, Tone or Tones: found none",
        ),
    ],
)
def test_a_wrong_attachment_is_named(change, message):
    refused(json.dumps([ATTACHED | change]).encode(), message)


def test_the_family_never_starts_the_lfo():
    bank = read([PAIRS + "3873", {"registers": PAIRS + "3873"}])
    assert [(voice.pms, voice.ams) for voice in (bank.program(0).voice, bank.program(1).voice)] == [(0, 0)] * 2


def test_an_attachment_has_objects():
    with pytest.raises(ValueError, match="object 2: expected ProgramChange, got 5"):
        read([ATTACHED, 5])
    with pytest.raises(ValueError, match=r"Tones must be an object, got \[\]"):
        read({"Tones": [], "Portamento": True})


@pytest.mark.parametrize(("ks", "key"), [*product(range(4), (48, 60, 72))])
def test_a_tone_of_the_family_lasts_as_long(ks, key):
    """Measured on the chip: unchanged, most would last up to 1.8 times as long; raised, none is off by a fifth."""
    op = opm.Operator(ar=31, d1r=9, d2r=6, rr=5, d1l=4, tl=0, ks=ks)
    voice = opm.Voice(con=7, ops=[op, *[opm.Operator()] * 3])
    clock = opm.REFERENCE_CLOCK
    there, here = fall(voice, key, 2 * clock), fall(as_long(voice), key, clock)
    assert here == pytest.approx(there, rel=0.2), f"KS {ks}, key {key}"


def fall(voice, key, clock):
    """Return the seconds from the key-on until a voice is 24 dB below its loudest."""
    note, rate = voice.note(key, 4.0, clock), clock / 64
    window = round(rate / 100)
    sound = np.abs(opm.run(note.events, note.key_on + round(3 * rate))[note.key_on :, 0].astype(int))
    peaks = sound[: len(sound) // window * window].reshape(-1, window).max(axis=1)
    return np.flatnonzero(peaks >= peaks.max() / 16)[-1] / 100


@pytest.mark.parametrize(
    ("seconds", "value"),
    [
        (0.0, 0.0),
        (0.2, 0.0),
        (0.2 + 1 / 24, 100 * (1 / 24) / 0.3),
        (0.7, 0.0),
        (0.7 + 1 / 24, 100.0),
        (0.7 + 3 / 24, -100),
    ],
)
def test_delay_vibrato(seconds, value):
    """The family's: nothing for 200 ms, then 6 Hz, growing to 100 cents within 300 ms."""
    assert EXTRAS.vibrato.at(seconds) == pytest.approx(value, abs=1e-6)


# ---- anything at all ----

STARTS = [
    b"",
    b"WOPN2-BANK\0",
    b"WOPN2-B2NK\0\2\0\0\1\0\1\x08",
    b"@:0 x\n",
    b"[[program]]\n",
    b"[",
    b"{",
    TOML.encode(),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from([PAIRS, "0x60"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*ATTACHED, *ATTACHED["SoftwareLfo"][0], "Tones", "0", "registers", "Registers"]), inner
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300)
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=400))
def test_no_bytes_crash_it(start, rest):
    if bank := read_or_refused(start + rest):
        assert isinstance(bank.program(0), Instrument)


@settings(max_examples=300)
@given(root=VALUES, entry=st.dictionaries(st.sampled_from([*ATTACHED]), VALUES, min_size=1))
def test_no_json_crashes_it(root, entry):
    for value in (root, [{"ProgramChange": 0} | entry], [ATTACHED | entry], entry | {"Tones": {"0": root}}):
        read_or_refused(json.dumps(value).encode())


@given(st.binary(min_size=5, max_size=65))
def test_any_place_of_a_wopn_file_is_a_voice(row):
    bank = wopn.read_wopn(wopn_file([(0, 0, {0: row.ljust(65, b"\1") + b"\0\1\0\0"})], []), "x")
    assert len(bank.programs[0, 0, 0].voice.registers(1)) == 26


def test_levels_are_the_banks_own():
    """Nothing is turned up or down in reading: TL of every operator is the file's."""
    bank = opm.read_bank(wopn_file([(0, 0, {0: place(on=1, ops=OPS)})], []))
    assert [op.tl for op in bank.program(0).voice.ops] == [0x20, 0x30, 0, 1]
