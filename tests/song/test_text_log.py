"""Plain-text logs: the grammar, line by line."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.song import SongError, formats, writers
from opm.song.formats import json_log, text_log

PS = 10**12


def read(text, unit=None):
    assert text_log.recognise(text.encode())
    song = text_log.read(text.encode(), unit)
    return song, [(w["time"].item(), w["address"].item(), w["data"].item()) for w in song.rows]


def test_samples_seconds_deltas_and_comments():
    song, writes = read("# a song\n0 20 C7\n100, 0x28, $4A ; note\n+50\t08\t78 // on\n")
    assert (song.ticks_per_second, writes) == (None, [(0, 0x20, 0xC7), (100, 0x28, 0x4A), (150, 0x08, 0x78)])
    song, writes = read("0.5 20 C7\n+.25 28 4A\n")
    assert (song.ticks_per_second, writes) == (Fraction(PS), [(PS // 2, 0x20, 0xC7), (PS * 3 // 4, 0x28, 0x4A)])


def test_directives():
    song, writes = read(
        "title In the Hall\nclock 4000000\nrate 1000\n$020,C7\nwait 500\nloop\n"
        "$008,78\nwait 250\n1000 KeyOFF 00\nend\nnonsense"
    )
    assert writes == [(0, 0x20, 0xC7), (500, 0x08, 0x78), (1000, 0x08, 0)]
    assert (song.clock, song.ticks_per_second, song.tags) == (4_000_000, 1000, {"title": "In the Hall"})
    assert (song.loop_start.tick, song.loop_start.write, song.end) == (500, 1, 1000)


def test_units():
    assert read("unit ms\n250 08 78\n")[1] == [(PS // 4, 8, 0x78)]
    assert read("unit samples\n250 08 78\n")[1] == [(250, 8, 0x78)]
    assert read("3 08 78\n", "seconds")[1] == [(3 * PS, 8, 0x78)]


@pytest.mark.parametrize(("short", "full"), [("s", "seconds"), ("ms", "milliseconds")])
def test_units_by_their_full_names(short, full):
    (song, writes), (same, as_well) = (read(f"unit {unit}\n7 08 78\n+0.5 08 00\n") for unit in (short, full))
    assert (song.ticks_per_second, song.end, writes) == (same.ticks_per_second, same.end, as_well)


def test_samples_before_seconds_keep_their_time():
    assert read("rate 1000\n500 08 00\n1.0 08 78\n")[1] == [(PS // 2, 8, 0), (PS, 8, 0x78)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 20 C7\nhello", "row 2: expected TIME ADDR DATA"),
        ("0 20 C7\n0 2G 00", "row 2: expected a byte"),
        ("0 20 C7\n0 20 1FF", "row 2: expected a byte"),
        ("0 20 C7\n-1 20 00", "row 2: expected a time"),
        ("clock 5", "row 1: expected a clock"),
        ("clock fast", "row 1: expected clock and a number"),
        ("wait", "row 1: expected wait"),
        ("unit minutes", "row 1: expected unit and its value"),
        ("0 20 C7\n99999999999999999999 20 00", "row 2: expected a time"),
    ],
    ids=range(9),
)
def test_bad_lines_are_named(text, words):
    with pytest.raises(SongError, match=words):
        text_log.read(text.encode())


def naive(lines, unit):
    """The times of the writes by fractions, line for line."""
    now, seconds, writes, clock = Fraction(0), False, [], 3_579_545
    for line in lines:
        first, *rest = line.replace(",", " ").split("#")[0].split() or [""]
        sample = Fraction(64, clock)
        if first == "unit":
            unit = {"milliseconds": "ms"}.get(rest[0], rest[0])
        elif first == "clock":
            clock = int(rest[0])
        elif first:
            word = rest[0] if first.lower() == "wait" else first
            if not first.startswith("$"):
                value = Fraction(word.removeprefix("+")) / (1000 if unit == "ms" else 1)
                counts_seconds = unit in ("s", "ms") or (unit is None and "." in word)
                if counts_seconds and not seconds:
                    seconds, now, writes = True, now * sample, [time * sample for time in writes]
                value *= sample if seconds and not counts_seconds else 1
                now = now + value if word.startswith("+") or word != first else value
            writes += [] if word != first else [now]
    return [int(time * (PS if seconds else 1)) for time in writes], int(now * (PS if seconds else 1)), seconds


WHOLE = st.integers(0, 99_999).map(str)
POINTED = st.builds("{}.{}".format, st.integers(0, 999), st.text("0123456789", max_size=20))
TIMES = st.one_of(WHOLE, POINTED, st.sampled_from(["0", ".5", "0.30000000000000004", "0.1234567890123456789"]))


@pytest.mark.parametrize("time", ["604800.1", "604800.000000000001", "+604800.5"])
def test_one_limit_for_times(time):
    """A log whose own JSON would be refused is refused itself, with its row."""
    with pytest.raises(SongError, match=r"row 2: expected a time of at most 604800 seconds"):
        text_log.read(f"0.0 20 C7\n{time} 08 00\n".encode())
    last = text_log.read(b"0.0 20 C7\n604800.0 08 00\n")
    assert json_log.read(writers.json_log.write(last).data).seconds(1) > 0


LINES = st.one_of(
    st.builds("{}{} {} 0x7f".format, st.sampled_from(["", "", "+"]), TIMES, st.sampled_from(["8", "KeyON"])),
    st.builds("\t{},20 , $C7\t# é".format, TIMES),
    st.builds("{} {}".format, st.sampled_from(["wait", "Wait"]), TIMES),
    st.sampled_from(["$20,1", "", "# only this", "unit s", "unit milliseconds", "unit samples", "clock 4000000"]),
)  # fmt: skip


@given(
    lines=st.lists(LINES, max_size=12), unit=st.sampled_from([None, "samples", "seconds"]), end=st.sampled_from("\n\r")
)
def test_times_are_exact_however_they_are_spelt(lines, unit, end):
    song = text_log.read(end.join(lines).encode(), unit)
    times, length, seconds = naive(lines, "s" if unit == "seconds" else unit)
    assert sorted(times) == song.rows["time"].tolist()
    assert (song.end, song.ticks_per_second) == (max([length, *times]), Fraction(PS) if seconds else None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp932"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings(encoding, end):
    """UTF-16, as PowerShell writes it, has a byte order mark; what is not UTF-8 is Shift-JIS."""
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    data = (mark + end.join(["# 表", "title 夜明け", "0 20 C7", "5 08 78 ; 能", ""])).encode(encoding)
    song = formats.parse(data)
    assert (song.tags, song.rows["time"].tolist(), song.remarks) == ({"title": "夜明け"}, [0, 5], [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_json_log_with_a_byte_order_mark(encoding):
    assert len(formats.parse('[{"time": 0, "addr": 8, "data": 120}]'.encode(encoding)).rows) == 1


def test_a_loop_that_takes_no_time_is_remarked():
    song, _ = read("0 08 78\n5 08 00\nloop\n")
    assert (song.loop_start, song.remarks) == (
        None,
        ["loop: the loop is outside the song or takes no time: not looped"],
    )
    assert read("0 08 78\nloop\n5 08 00\n")[0].remarks == []
