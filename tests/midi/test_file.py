"""MIDI files: annotated bytes in, messages, times and remarks out."""

import io
import random
import struct
import tracemalloc
from fractions import Fraction

import mido
import pytest
from fuzz import midis
from fuzz.arrangements import read
from fuzz.mutate import attacked
from fuzz.targets import MIDI
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opm.midi import file as files
from opm.midi import limits, text, track
from opm.midi.file import read_file
from opm.midi.header import recognise
from opm.song import limits as song_limits

NOTE = "00 90 3C 64  60 80 3C 40"
"""A note of 96 ticks, which are a beat: half a second."""
END = "00 FF 2F 00"


def mtrk(*events, end=END, size=None):
    """Return a track of events in hex."""
    body = bytes.fromhex(" ".join(events) + end)
    return b"MTrk" + struct.pack(">I", len(body) if size is None else size) + body


def smf(*tracks, kind=1, division=0x60, count=None):
    """Return a file."""
    number = len(tracks) if count is None else count
    return b"MThd" + struct.pack(">IHHH", 6, kind, number, division) + b"".join(tracks)


def one(*events, **more):
    """Read a file of type 0 with these events."""
    return read_file(smf(mtrk(*events, **more), kind=0))


def heard(file):
    """Return seconds and bytes of the messages."""
    return [(event.seconds, bytes(event.message.bytes()).hex(" ")) for event in file.events]


def meta(kind, body):
    """Return a meta event at once."""
    return f"00 FF {kind:02X} " + midis.sized(body).hex()


def refused(data):
    """Return why a file is refused."""
    with pytest.raises(ValueError, match="expected") as caught:
        read_file(data)
    assert type(caught.value) is ValueError
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_annotated_bytes():
    file = read_file(
        bytes.fromhex(
            "4D546864 00000006 0001 0002 0060"  # type 1, two tracks, 96 ticks a beat
            "4D54726B 0000001A"
            "00 FF 03 04 54756E65"  # name of the sequence
            "00 FF 51 03 07A120"  # 500 000 us a beat
            "30 FF 51 03 03D090"  # 250 000 from half a beat on
            "00 FF 2F 00"
            "4D54726B 0000001D"
            "00 FF 21 01 02"  # port 2
            "00 C1 13"  # program 20 on channel 2
            "00 91 3C 64"
            "60 3C 00"  # running status
            "00 FF 05 02 6C61"  # a lyric does not end that
            "8100 40 7F"
            "00 FF 2F 00"
        )
    )
    assert (file.format, file.tags, file.loop, file.remarks) == ("MIDI type 1", {"title": "Tune"}, None, ())
    assert heard(file) == [(0, "c1 13"), (0, "91 3c 64"), (0.375, "91 3c 00"), (17 / 24, "91 40 7f")]
    assert {event.port for event in file.events} == {2}
    assert file.length == file.events[-1].seconds


def test_all_tracks_are_merged_by_tick_then_track():
    tracks = [mtrk(f"00 B0 07 {i:02X}", f"60 B0 07 1{i}") for i in range(3)]
    assert [m[-2:] for _, m in heard(read_file(smf(*tracks)))] == ["00", "01", "02", "10", "11", "12"]


def test_tracks_of_type_2_follow_each_other_each_with_its_own_tempo():
    file = read_file(smf(mtrk("00 FF 51 03 03D090", NOTE, end="60 FF 2F 00"), mtrk(NOTE), kind=2))
    assert [seconds for seconds, _ in heard(file)] == [0, 0.25, 0.5, 1]
    assert (file.format, file.length) == ("MIDI type 2", 1)


@pytest.mark.parametrize(
    ("division", "rate"),
    [(0xE728, 25 * 40), (0xE250, 30 * 80), (0xE804, 24 * 4), (0xE364, Fraction(30_000, 1001) * 100)],
    ids=["25", "30", "24", "29.97"],
)
def test_frames(division, rate):
    """They take no tempo."""
    file = read_file(smf(mtrk("00 FF 51 03 000001", "83 60 90 3C 64"), division=division))
    assert heard(file) == [(float(480 / rate), "90 3c 64")]
    assert file.remarks == ()


def test_frames_that_smpte_does_not_have():
    file = read_file(smf(mtrk(NOTE), division=0x9C60))
    assert file.events[1].seconds == 0.01
    assert file.remarks == ("byte 0xC: 100 frames a second, which is no rate of SMPTE's: taken as they are",)


def test_times_are_exact():
    """The sum of a thousand tempos is rounded once."""
    r = random.Random(3)
    tempos = [r.randrange(1, 2**24) for _ in range(1000)]
    events = "".join(f"07 FF 51 03 {tempo:06X}" for tempo in tempos)
    file = read_file(smf(mtrk(events, "05 90 3C 64"), division=0x7FFF))
    assert file.events[0].seconds == float(Fraction(7 * (500_000 + sum(tempos[:-1])) + 5 * tempos[-1], 32767 * 10**6))


def test_ports_are_each_tracks_own():
    file = read_file(smf(mtrk(meta(0x21, b"\1"), NOTE, meta(0x21, b"\xff"), NOTE), mtrk(NOTE)))
    assert [event.port for event in file.events] == [1, 0, 1, 255, 0, 255]


def test_equal_messages_are_one_that_cannot_be_changed():
    first, _, second, _ = one(NOTE, NOTE).events
    assert first.message is second.message == mido.Message("note_on", note=60, velocity=100)
    with pytest.raises(ValueError, match="immutable"):
        first.message.time = 1


# ---- system exclusive


GS_RESET = "41 10 42 12 40 00 7F 00 41"


@pytest.mark.parametrize(
    ("events", "times", "remark"),
    [
        (f"00 F0 0A {GS_RESET} F7", [0], None),
        ("00 F0 03 41 10 42 30 F7 02 12 40 30 F7 05 00 7F 00 41 F7", [0.5], None),
        (f"30 F7 0B F0 {GS_RESET} F7", [0.25], None),
        (f"00 F0 09 {GS_RESET}", [0], "a system exclusive message without its end, F7"),
        (f"00 F0 0C {GS_RESET} F7", [0], "a system exclusive message shorter than its length: taken up to its end, F7"),
        (f"00 F0 15 {GS_RESET} F7 F0 {GS_RESET} F7", [0, 0], None),
    ],
    ids=["whole", "packets", "escaped", "no end", "too short", "two in one"],
)
def test_system_exclusive(events, times, remark):
    file = one(events, NOTE)
    reset = bytes.fromhex("F0" + GS_RESET + "F7").hex(" ")
    assert [row for row in heard(file) if row[1].startswith("f0")] == [(seconds, reset) for seconds in times]
    assert len(file.events) == len(times) + 2
    assert file.remarks == (() if remark is None else (f"byte 0x16: {remark}",))


def test_messages_sent_as_they_are():
    file = one("00 F7 07 90 3C 64 C0 07 F8 FA", "60 F7 02 F3 01", "00 F7 01 05")
    assert heard(file) == [(0, "90 3c 64"), (0, "c0 07")]
    assert file.remarks == ("byte 0x25: bytes that are no message: left out",)


def test_a_controller_may_come_between_a_message_without_its_end_and_the_next():
    file = one(f"00 F0 09 {GS_RESET} 00 B0 07 64 00 F0 05 7E 7F 09 01 F7")
    assert [row[:2] for _, row in heard(file)] == ["f0", "b0", "f0"]


# ---- loops and texts


@pytest.mark.parametrize(
    ("events", "loop"),
    [
        (["60", meta(6, b"loopStart")[2:], NOTE, NOTE, meta(6, b"loopEnd"), NOTE], (0.5, 1.5)),
        ([NOTE, meta(1, b"LOOPSTART \0"), NOTE], (0.5, 1.0)),
        ([NOTE, meta(7, b"LoopEnd"), NOTE], (0.0, 0.5)),
        ([NOTE, "00 B3 6F 00", NOTE, "00 B3 6F 7F", NOTE], (0.5, 1.5)),
        ([NOTE, "00 B0 6E 00", NOTE, "00 B0 6F 00", NOTE], (0.5, 1.0)),
        (["00 B0 6E 00", NOTE], None),
        (["00 B0 6F 00", meta(6, b"loopstart"), NOTE, meta(6, b"loopend"), NOTE], (0.0, 0.5)),
        ([meta(3, b"loopStart"), meta(6, b"loopStarts"), NOTE], None),
    ],
    ids=["both", "start", "end", "111", "110 and 111", "110", "texts first", "other texts"],
)
def test_loops(events, loop):
    file = one(*events)
    assert (file.loop, file.remarks) == (loop, ())


def test_a_loop_at_the_end_is_none():
    """So RPG Maker's pieces say that they are not to be repeated."""
    file = one(NOTE, "00 B0 6F 00", end="05 FF 2F 00")
    assert (file.loop, file.remarks) == (None, ("byte 0x1E: the loop lasts less than 0.1 s: not looped",))
    assert one(meta(6, b"loopend"), meta(6, b"loopstart")).loop is None


def test_tags():
    first = mtrk(meta(3, b"Tune\0\0"), meta(1, b" By me \r\nat home"), meta(2, b"\xa9 1997"), NOTE, meta(1, b"la"))
    file = read_file(smf(first, mtrk(meta(3, b"Piano"), meta(1, b"GM"), meta(2, b"All rights reserved"), NOTE)))
    copyright = "© 1997\nAll rights reserved"
    assert file.tags == {"title": "Tune", "notes": "By me \nat home", "copyright": copyright}


def test_tags_of_a_karaoke_file_come_first():
    words = [meta(1, line) for line in (b"@KMIDI KARAOKE FILE", b"@LENGL", b"@TTune", b"@TMe", b"@TA band", b"@IHome")]
    file = read_file(smf(mtrk(meta(3, b"Soft Karaoke"), NOTE), mtrk(meta(3, b"Words"), *words)))
    assert file.tags == {"title": "Tune", "author": "Me", "notes": "Home\nA band"}


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("曲 ♪".encode(), "曲 ♪"),
        ("夜空ノムコウ SMAP".encode("cp932"), "夜空ノムコウ SMAP"),
        ("RPG2000 BGM J謎".encode("cp932"), "RPG2000 BGM J謎"),
        ("曲".encode("cp932"), "曲"),
        ("ｶﾞﾝﾀﾞﾑ 2".encode("cp932"), "ｶﾞﾝﾀﾞﾑ 2"),
        ("Copyright © 1997 by JONNY".encode("latin-1"), "Copyright © 1997 by JONNY"),
        ("NHÝ CÕN MÝA ÐÂÌU MUÌA".encode("latin-1"), "NHÝ CÕN MÝA ÐÂÌU MUÌA"),
        ("Séquençage de la Fédération, Canção".encode("latin-1"), "Séquençage de la Fédération, Canção"),
        ("Don’t “stop” the …".encode("cp1252"), "Don’t “stop” the …"),
        ("À l’étoile".encode("cp1252"), "À l’étoile"),
        (b"M\xfcller \x81 \x8d", "Müller \x81 \x8d"),
        (b"\xff\xfe\x00", "ÿþ"),
        (b"", ""),
    ],
    ids=range(13),
)
def test_text_is_decoded_by_what_it_looks_like(data, shown):
    assert text.decoded(data) == shown


@given(st.binary(max_size=60))
def test_any_text_is_decoded(data):
    assert isinstance(text.decoded(data), str)


# ---- RIFF


def riff(data, *chunks, size=None):
    """Return a RIFF file that holds a MIDI file and other chunks."""
    whole = b"".join(
        name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)
        for name, body in ((b"data", data), *chunks)
    )
    return b"RIFF" + struct.pack("<I", 4 + len(whole)) + b"RMID" + whole


def test_riff():
    info = b"INFO" + b"".join(
        name + struct.pack("<I", len(words)) + words + b"\0" * (len(words) % 2)
        for name, words in ((b"INAM", b"Tune\0"), (b"IART", b"Me"), (b"ISFT", b"x"), (b"ICRD", b"2003"))
    )
    file = read_file(riff(smf(mtrk(meta(3, b"untitled"), NOTE)), (b"DISP", b"abc"), (b"LIST", info)))
    assert (file.format, file.remarks) == ("RMID, MIDI type 1", ())
    assert file.tags == {"title": "Tune", "author": "Me", "date": "2003"}
    sounds = read_file(riff(smf(mtrk(NOTE)), (b"RIFF", b"DLS colh")))
    assert sounds.remarks == ("byte 0x36: sounds of the file's own, which are not used",)
    assert len(read_file(riff(smf(mtrk(NOTE)), size=2**31)).events) == 2


# ---- damage


LENGTH = "a track's length is wrong: read up to its end"
NO_END = "a track has no End of Track"
CUT = "the data is cut short, expected"
SYSTEM = "a system message, which a file cannot have: left out (and 3 times more)"
CHOICE = "a key, program, bank or controller over 127: left out (and 3 times more)"
CLIPPED = "a data byte over 127: taken as 127 (and once more)"
FOUR = "expected a number of at most 4 bytes: the rest of the track is left out"
LOST = "data without a status: skipped to the next one"


@pytest.mark.parametrize(
    ("data", "messages", "remarks"),
    [
        (smf(mtrk(meta(0x59, b"\0\xff"), NOTE, meta(0x59, b"\0\xff"), meta(0x59, b"\x09\0"))), 2,
         ["byte 0x16: a bad meta event (key signature): left out (and 2 times more)"]),
        (smf(mtrk(meta(0x51, b"\7"), NOTE)), 2, ["byte 0x16: a bad meta event (tempo): left out"]),
        (smf(mtrk(meta(0x51, b"\0\0\0"), NOTE)), 2, ["byte 0x16: a bad meta event (tempo): left out"]),
        (smf(mtrk(meta(0x58, b""), NOTE)), 2, ["byte 0x16: a bad meta event (time signature): left out"]),
        (smf(mtrk(meta(0x54, b"\xff" * 5), NOTE)), 2, ["byte 0x16: a bad meta event (SMPTE offset): left out"]),
        (smf(mtrk(meta(0x21, b""), meta(0x60, b"abc"), NOTE)), 2, []),
        (smf(mtrk("00 B0 07 FE", "00 E0 FF FF", NOTE)), 4, ["byte 0x16: " + CLIPPED]),
        (smf(mtrk("00 B0 00 FF 00 C0 FF 00 90 80 40 00 B0 A8 03", NOTE)), 2, ["byte 0x16: " + CHOICE]),
        (smf(mtrk("00 F6 00 F2 00 00 00 F4 00 FE", NOTE)), 2, ["byte 0x16: " + SYSTEM]),
        (smf(mtrk("00 41 42 43 00 90 3C 64")), 1, ["byte 0x16: " + LOST]),
        (smf(mtrk("05 41 42 F7", NOTE)), 2, ["byte 0x16: " + LOST]),
        (smf(mtrk("00 90 3C 64 81 80 80 80 00 80 3C 40")), 1, ["byte 0x1A: " + FOUR]),
        # Tracks that end too early, too late or never.
        (smf(mtrk(NOTE, end="")), 2, ["byte 0x1E: " + NO_END]),
        (smf(mtrk(NOTE, end=""), mtrk(NOTE)), 4, ["byte 0x1E: " + NO_END]),
        (smf(mtrk(NOTE, size=5), mtrk(NOTE)), 4, ["byte 0x12: " + LENGTH]),
        (smf(mtrk(NOTE, size=90), mtrk(NOTE)), 4, ["byte 0x12: " + LENGTH]),
        (smf(mtrk(NOTE, size=2**32 - 1), mtrk(NOTE)), 4, ["byte 0x12: " + LENGTH]),
        (smf(mtrk(NOTE, size=2**32 - 1)), 2, ["byte 0x12: " + LENGTH]),
        (smf(mtrk(NOTE, end="", size=90), mtrk(NOTE)), 4, ["byte 0x1E: " + NO_END, "byte 0x12: " + LENGTH]),
        (smf(mtrk(NOTE, size=12 + 8 + 12), mtrk(NOTE)), 4, ["byte 0x12: " + LENGTH]),
        (smf(mtrk(NOTE, END, end="00 90 3C 64")), 2, ["byte 0x22: data behind the End of Track: left out"]),
        (smf(mtrk(NOTE, END)), 2, []),
        (smf(mtrk(NOTE, END, NOTE)), 4,
         ["byte 0x1E: an End of Track before the end: what comes behind is played, too"]),
        # What lies between chunks.
        (smf(mtrk(NOTE), b"junk!", mtrk(NOTE), count=2), 4, ["byte 0x22: no chunk: skipped to the next track"]),
        (smf(mtrk(NOTE), b"XFIH\0\0\0\3abc", mtrk(NOTE), bytes(50), count=2), 4, []),
        (smf(mtrk(NOTE), b"\x1a" * 50, count=1), 2, ["byte 0x22: no chunk: what comes from here on is left out"]),
        (smf(mtrk(NOTE), smf(mtrk(NOTE)), count=1), 2, ["byte 0x22: another MIDI file begins: left out"]),
        (smf(mtrk(NOTE), count=3), 2, ["byte 0xA: the header says 3 tracks, 1 are there"]),
        # A file that is cut.
        (smf(mtrk(NOTE))[:-6], 1, ["byte 0x1A: " + CUT + " a MIDI event"]),
        (smf(mtrk("00 90 3C 64 60"))[:-4], 1, ["byte 0x1A: " + CUT + " a MIDI event"]),
        (smf(mtrk(NOTE, "00 FF 01 20 41", end="")), 2, ["byte 0x21: " + CUT + " all bytes of an event"]),
        (smf(mtrk(NOTE, "81", end="")), 2, ["byte 0x1E: " + CUT + " a number of the MIDI file's"]),
        (smf(mtrk(NOTE, "00 FF", end="")), 2, ["byte 0x1E: " + CUT + " a meta event"]),
        # The header.
        (b"\0" * 128 + smf(mtrk(NOTE)), 2, ["byte 0x0: no header here: taken from byte 0x80"]),
        (smf(mtrk(NOTE), kind=0x6D01), 2, ["byte 0x8: type 27905 is unknown: read as type 1"]),
        (b"MThd\0\0\0\x08\0\1\0\1\0\x60ab" + mtrk(NOTE), 2, []),
        (b"MThd\0\0\0\x09\0\1\0\1\0\x60" + mtrk(NOTE), 2, ["byte 0x4: a header of 9 bytes: taken as 6"]),
    ],
    ids=range(37),
)  # fmt: skip
def test_damaged_files_are_played_as_far_as_they_go(data, messages, remarks):
    file = read_file(data)
    assert len(file.events) == messages
    assert list(file.remarks) == remarks


def test_a_text_longer_than_its_length_does_not_move_what_follows():
    """Its rest is no time."""
    assert [seconds for seconds, _ in heard(one("00 FF 01 02 48 65 6C 6C 6F 21", NOTE))] == [0, 0.5]


@pytest.mark.parametrize(
    ("events", "end", "length", "messages", "place"),
    [
        (NOTE + "FF FF FF 7F 90 3C 64" * 3 + NOTE, END, 0.5, 2, 0x1E),
        (NOTE, "87 FF FF 7F FF 2F 00", 0.5, 2, 0x32),
        ("87 FF FF 7F 90 3C 64", END, 0, 0, 0x16),
        (NOTE + "00 FF 51 03 FFFFFF" + "FF FF FF 7F 90 3C 64" * 50_000, END, 0.5, 2, 0x25),
    ],
    ids=["within", "at the end", "at the start", "beyond 64 bits"],
)
def test_a_pause_that_no_piece_has_is_the_end(events, end, length, messages, place):
    file = read_file(smf(mtrk(events + meta(6, b"loopStart"), end=end), mtrk(), division=0x60))
    assert (file.length, len(file.events), file.loop) == (length, messages, None)
    pause = f"byte 0x{place:X}: a pause of more than 600 s, a damaged time: the end is before it"
    assert pause in file.remarks


# ---- hostile files


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "byte 0x0: expected MThd or RIFF RMID, found nothing"),
        (b"<HTML>", "byte 0x0: expected MThd or RIFF RMID, found 3c 48 54 4d 4c 3e"),
        (b"RIFF\0\0\0\0WAVE", "byte 0x8: expected RMID, found 57 41 56 45"),
        (b"RIFF\4\0\0\0RMID", "byte 0xC: expected a chunk with MIDI data"),
        (riff(b"abc"), "byte 0x14: expected MThd"),
        (b"MThd\0\0\0\6\0\0", "byte 0xA: expected a MIDI header of 14 bytes"),
        (b"MThd\6\1\x0b\x78MTrk\0\0\0\0", "byte 0x4: expected a header of 6 bytes, got 100731768"),
        (smf(), "byte 0xE: expected a track"),
        (smf(b"MXrk\0\0\0\0"), "byte 0xE: expected a track"),
        (smf(mtrk(NOTE), division=0), "byte 0xC: expected ticks per beat or per frame, got 0x0000"),
        (smf(mtrk(NOTE), division=0xE700), "byte 0xC: expected ticks per beat or per frame, got 0xE700"),
        (smf(mtrk("86 FF 7F 90 3C 64" * 1300)), "byte 0x17CE: expected a time of at most 604800 seconds"),
        (smf(mtrk(NOTE), *[mtrk()] * limits.MOST_CHUNKS), "byte 0x2EF6: expected at most 1000 chunks"),
        (riff(smf(mtrk(NOTE)), *[(b"abcd", b"")] * limits.MOST_CHUNKS), "expected at most 1000 chunks"),
    ],
    ids=range(14),
)
def test_what_cannot_be_played_is_refused(data, words):
    assert words in refused(data)


def test_a_song_is_as_long_as_a_file():
    assert limits.LONGEST == song_limits.LONGEST


def test_too_many_are_refused(monkeypatch):
    monkeypatch.setattr(track, "MOST_EVENTS", 10)
    monkeypatch.setattr(files, "MOST_DIFFERENT", 5)
    assert len(read_file(smf(mtrk("00 90 3C 64", "00 3C 00" * 8))).events) == 9
    for more in ("00 3C 00" * 10, "00 FF 06 00" * 10, "00 F6" * 10, "00 F7 04 90 3C 64 65" * 5):
        assert "expected at most 10 MIDI events" in refused(smf(mtrk("00 90 3C 64", more)))
    assert "byte 0x34: expected at most 10 MIDI events" in refused(smf(mtrk("00 40 F7" * 20)))
    notes = "".join(f"00 90 {key:02X} 64" for key in range(6))
    assert "byte 0x2A: expected at most 5 different messages" in refused(smf(mtrk(notes)))


def test_texts_and_messages_have_a_limit():
    texts = "".join(meta(1, b"%5d" % i) for i in range(limits.LARGEST_TEXT // 5 + 10))
    file = one(texts, NOTE)
    assert len(file.tags["notes"]) <= 2 * limits.LARGEST_TEXT
    assert len(file.events) == 2
    assert "more than 65536 bytes of text: left out (and 9 times more)" in file.remarks[0]
    many = one("00 F0 81 7F" + "01" * 255 + f"00 F0 83 FF 7F {'00' * 65535}" * 5, NOTE)
    assert len(many.events) == 2 + 1 + 3
    assert "more than 262144 bytes of system exclusive messages: left out (and once more)" in many.remarks[1]
    assert "bytes to be sent as they are" in one("00 F7 90 00" + "FA" * 2048, NOTE).remarks[0]


def test_memory_is_a_few_hundred_bytes_an_event():
    data = smf(mtrk("00 90 3C 64" + "01 3C 00" * 5000))
    tracemalloc.start()
    try:
        file = read_file(data)
        assert tracemalloc.get_traced_memory()[1] < 300 * len(file.events)
    finally:
        tracemalloc.stop()


def test_each_kind_of_message_is_asked_for_once(monkeypatch):
    """What a message means is found once, not at each of 144 000."""
    from mido import messages

    calls = []
    decode = messages.messages.decode_message
    monkeypatch.setattr(messages.messages, "decode_message", lambda *a, **k: calls.append(1) or decode(*a, **k))
    one("00 90 3C 64" + "01 3C 00 01 3C 64" * 500)
    assert len(calls) == 2


@given(st.binary(max_size=400))
@example(b"\x00" * 16)
def test_no_bytes_crash_the_reader(data):
    for whole in (data, smf(b"MTrk" + struct.pack(">I", len(data)) + data, data), riff(data)):
        read(whole, True)


@given(st.integers(0, 2**32))
def test_no_damage_crashes_the_reader(seed):
    r = random.Random(seed)
    read(attacked(r, midis.midi(r), MIDI), True)


@pytest.mark.parametrize("at", range(0, 60))
def test_a_file_cut_anywhere_is_read_or_refused(at):
    whole = smf(mtrk(meta(3, b"Tune"), f"00 F0 0A {GS_RESET} F7", NOTE), mtrk(NOTE))
    read(whole[:at], True)


# ---- against mido


def mido_file(r):
    """Return a well-formed file that mido writes."""
    file = mido.MidiFile(type=r.choice((0, 1)), ticks_per_beat=r.choice((24, 96, 480, 32767)))
    for _ in range(1 if file.type == 0 else r.randint(1, 5)):
        lines = [mido_message(r) for _ in range(r.randint(0, 40))]
        for line in lines:
            line.time = r.choice((0, 0, 0, 1, 40, 127, 128, 480))
        file.tracks.append(mido.MidiTrack(lines))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def mido_message(r):
    """Return any message."""
    number, channel, value = r.randrange(128), r.randrange(16), r.randrange(128)
    return r.choice(
        (
            mido.Message("note_on", note=number, velocity=value, channel=channel),
            mido.Message("note_on", note=number, velocity=value),
            mido.Message("note_off", note=number, velocity=value),
            mido.Message("polytouch", note=number, value=value, channel=channel),
            mido.Message("control_change", control=number, value=value, channel=channel),
            mido.Message("program_change", program=number, channel=channel),
            mido.Message("aftertouch", value=value, channel=channel),
            mido.Message("pitchwheel", pitch=r.randint(-8192, 8191), channel=channel),
            mido.Message("sysex", data=[r.randrange(128) for _ in range(r.choice((0, 3, 200)))]),
            mido.MetaMessage("set_tempo", tempo=r.choice((1, 250_000, 600_000))),
            mido.MetaMessage("track_name", name="x" * r.choice((0, 5, 300))),
            mido.MetaMessage("key_signature", key="F#m"),
            mido.MetaMessage("marker", text="A"),
        )
    )


@settings(max_examples=200)
@given(st.integers(0, 2**32))
def test_messages_and_times_are_midos(seed):
    data = mido_file(random.Random(seed))
    file = read_file(data)
    now, wanted = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        now += message.time
        if not message.is_meta:
            wanted.append((now, message.copy(time=0)))
    assert file.remarks == () or "loop lasts" in file.remarks[0]
    assert [event.message for event in file.events] == [message for _, message in wanted]
    assert [event.seconds for event in file.events] == pytest.approx([at for at, _ in wanted], rel=1e-12, abs=1e-9)
    assert file.length == pytest.approx(now, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    ("data", "known"),
    [
        (smf(mtrk(NOTE)), True),
        (riff(smf(mtrk(NOTE))), True),
        (bytes(128) + smf(mtrk(NOTE)), True),
        (b"RIFF\0\0\0\0WAVE", False),
        (b'{"title": "MThd"}', False),
        (b"", False),
    ],
    ids=range(6),
)
def test_recognising(data, known):
    assert recognise(data) is known
