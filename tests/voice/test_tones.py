"""JSON tones of the cat2151 family: every form its programs write, with names, slots and notes."""

import json

import pytest
from test_voice import OPS, VOICE

import opm
from opm.voice.tones import read_tones

PAIRS = "".join(f"{address:02X}{data:02X}" for address, data in VOICE.registers(1))
EVENTS = [{"time": 0, "addr": f"0x{address:02X}", "data": f"0x{data:02X}"} for address, data in VOICE.registers(1)]
LINE = "TL={:02X} MUL=02 AR=1E DR=05 SL=04 SR=03 RR=06 DT1=3 KS=1"
LINES = "\n".join([*(LINE.format(tl) for tl in (0x10, 0x20, 0x30, 0x7F)), "CON=4 FL=5 NOTE=4A"])


def read(root, name="file"):
    return opm.read_voices(json.dumps(root).encode(), name)


@pytest.mark.parametrize("mask", range(16))
def test_register_08_says_which_operators_sound(mask):
    pairs = f"{PAIRS}283E300008{mask << 3:02x}"
    wanted = [(mask, OPS)]
    assert [(voice.slots, voice.ops) for voice in opm.read_voices(pairs.encode())] == wanted
    assert [(voice.slots, voice.ops) for voice in read({"registers": pairs})] == wanted
    assert [(voice.slots, voice.ops) for voice in read({"variations": [{"registers": pairs}]})] == wanted
    assert [(voice.slots, voice.ops) for voice in read([pairs])] == wanted
    rows = [*EVENTS, {"time": 0, "addr": "0x08", "data": mask << 3}]
    assert [(voice.slots, voice.ops) for voice in read({"events": rows})] == wanted


def test_favourites_and_history():
    voices = read([PAIRS + "0838", PAIRS], "favorites")
    assert [(voice.name, voice.slots) for voice in voices] == [("favorites 1", 7), ("favorites 2", 15)]
    assert all(voice.ops == OPS for voice in voices)


def test_attachment_as_an_array():
    root = [
        {"ProgramChange": 0, "DelayVibrato": True},
        {"ProgramChange": 5, "Portamento": True, "Tone": {"events": EVENTS}},
        {"ProgramChange": 6, "ChangeToNextTone": True, "Tone": {"type": "YM2151 tone", "registers": PAIRS}},
        {"ProgramChange": 7, "Tone": {"name": "bell", "registers": PAIRS}},
    ]
    voices = read(root)
    assert [voice.name for voice in voices] == ["program 5", "program 6", "bell"]
    assert all(voice.ops == OPS and voice.con == VOICE.con for voice in voices)


def test_attachment_in_its_old_form():
    root = {"DelayVibrato": False, "Tones": {"0": {"events": EVENTS}, "12": {"registers": PAIRS}}}
    assert [(voice.name, voice.ops) for voice in read(root)] == [("program 0", OPS), ("program 12", OPS)]


def test_preset_tones():
    """Lines are M1, C1, M2, C2; what is not given is the editor's own default."""
    root = [{"name": "Lead", "tone": LINES}, {"name": "Bare", "tone": "TL=10\nTL=10\nTL=10\nTL=10\nCON=7"}]
    lead, bare = read(root)
    assert (lead.name, lead.con, lead.fb, lead.rl) == ("Lead", 4, 5, 3)
    assert [op.tl for op in lead.ops] == [0x10, 0x30, 0x20, 0x7F]
    op = lead.ops[0]
    assert (op.mul, op.ar, op.d1r, op.d1l, op.d2r, op.rr, op.dt1, op.ks) == (2, 30, 5, 4, 3, 6, 3, 1)
    assert bare.ops[3] == opm.Operator(tl=16, mul=1, ar=31, d1r=16, d2r=0, rr=7, d1l=0, dt1=3)
    assert [tone.key for tone in read_tones(json.dumps(root))] == [(0x4A, 0), None]


def test_presets():
    """Events of a little song: the voice that stands where the first key is pressed, on its channel."""
    rows = [
        {"time": 0.0, "addr": "0x22", "data": "0xC7"},
        {"time": 0.5, "addr": "0x22", "data": "0xC0"},
        {"time": 0.1, "addr": "0x6A", "data": "0x11"},
        {"time": 0.1, "addr": "0x08", "data": "0x2A"},
        {"time": 0.6, "addr": "0x08", "data": "0x78"},
    ]
    (voice,) = read([{"name": "Chord", "events": rows}])
    assert (voice.name, voice.con, voice.slots, voice.ops[1].tl) == ("Chord", 7, 5, 0x11)


def test_rows_that_set_no_voice_are_no_tone():
    """A place of a list that is empty, or only presses a key; settings alone are none, either."""
    empty = {"name": "empty", "events": []}
    key = {"name": "key", "events": [{"time": 0, "addr": "0x28", "data": "0x4A"}, {"time": 0, "addr": 8, "data": 120}]}
    assert [voice.name for voice in read([empty, {"name": "T", "events": EVENTS}, key])] == ["T"]
    for root in (empty, [empty], key, [{"ProgramChange": 0, "DelayVibrato": True}]):
        with pytest.raises(ValueError, match=r"expected JSON tones: .* found none"):
            read(root)


def test_a_tone_for_any_channel():
    """The family's converter moves a tone to the channel it needs."""
    rows = [{"addr": address, "data": data} for address, data in VOICE.registers(5)]
    assert read({"events": rows}, "Test") == read(rows, "Test") == [VOICE]


def test_what_it_writes_it_reads():
    """Register 08 stands in it only if it has to: the converter would press the key."""
    assert all(row["addr"] != "0x08" for row in json.loads(VOICE.to_json())["events"])


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ([], "found none"),
        ([{"ProgramChange": 0}], "found none"),
        ({"DelayVibrato": True}, "found none"),
        ([{"name": "x", "tone": "TL=00"}], "x: expected 4 lines"),
        ([{"name": "x", "tone": LINES.replace("RR=06", "RR=", 1)}], "x: expected words like TL=7F, got 'RR='"),
        ([{"name": "x", "tone": 5}], "x: tone must be a str, got 5"),
        ([PAIRS, "20C"], "f 2: expected pairs of address and data in hex, got '20C'"),
        ([""], "f 1: expected pairs"),
        ([5], "f 1: 5 is not a tone"),
        ([{"ProgramChange": 3, "Tone": 7}], "program 3: 7 is not a tone"),
        ({"Tones": []}, "f: Tones must be a dict"),
        ({"registers": PAIRS, "note_number": 128}, "note_number must be 0 to 127, got 128"),
        ({"registers": PAIRS, "note_number": "C4"}, "note_number must be an integer, got 'C4'"),
        ({"name": "x", "events": [*EVENTS, {"addr": "0x40"}]}, "x row 27: expected addr and data"),
        ([["00"] * 5000], "expected at most 4096 voices"),
        ([["0000"] * 3000, ["0000"] * 3000], "expected at most 4096 voices"),
        ({"name": "\x1b[2J", "registers": "x"}, r"\\x1b\[2J: expected pairs"),
    ],
)
def test_faults_name_the_tone(root, words):
    with pytest.raises(ValueError, match=words) as caught:
        read(root, "f")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
