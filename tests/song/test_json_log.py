"""JSON register logs: every variant seen in the wild, and bad rows named."""

import json
from fractions import Fraction

import numpy as np
import pytest

import opm
from opm.song import WRITE, Loop, Opm, Song, SongError, writers
from opm.song.formats import json_log

PS = 10**12


def log(*rows, **extra):
    return json.dumps({"event_count": len(rows), "events": list(rows), **extra}).encode()


def row(time, addr, data, **extra):
    return {"time": time, "addr": addr, "data": data, **extra}


def writes(song):
    return [(w["time"].item(), w["address"].item(), w["data"].item()) for w in song.rows]


@pytest.mark.parametrize(
    ("addr", "data"),
    [("0x20", "0xC7"), ("20", "c7"), ("0X20", "$C7"), (0x20, 0xC7), (" 20", "C7 ")],
    ids=["0x", "plain hex", "0X and $", "integers", "blanks"],
)
def test_spellings_of_a_byte(addr, data):
    assert writes(json_log.read(log(row(5000, addr, data)))) == [(5000, 0x20, 0xC7)]


@pytest.mark.parametrize("head", [b"[", b'\xef\xbb\xbf {"tags": {"title": "x [{\\"events\\": ["}, "events" : ['])
def test_whole_rows_of_a_log_that_is_cut_are_played(head):
    """Wherever behind its first row it is cut, between its pieces, too."""
    rows = [b'{"time": %d, "addr": "08", "data": "%02X"}' % (100 * i, i % 256) for i in range(3000)]
    data = head + b", ".join(rows)
    ends = [len(head + b", ".join(rows[:count])) for count in range(1, 4)]
    for size in range(ends[0], ends[2]):
        song = json_log.read(data[:size])
        assert len(song.rows) == sum(end <= size for end in ends)
        assert song.remarks[0] == f"byte {size}: expected JSON, the data is cut short: what comes before is played"
    for size in (len(data) - 1, len(data) - 40, 70_000):
        assert len(json_log.read(data[:size]).rows) == data[:size].count(b"}, {")
    with pytest.raises(SongError, match="cut short"):
        json_log.read(data[: ends[0] - 1])
    with pytest.raises(SongError, match="row 2"):
        json_log.read(data[: ends[0]] + b", 5" + data[ends[0] :])


@pytest.mark.parametrize("rows", [b'[{"time":1,"addr":"08","data":"00"}]', b'\xef\xbb\xbf {"x":1,"events":[]}'])
def test_bare_array_and_byte_order_mark(rows):
    assert json_log.recognise(rows)
    json_log.read(rows)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([0, 27965], False),
        ([0, 0.5], True),
        ([0, 1.0], True),
        ([0, 3, 9], True),
        ([0, 0], False),
        ([0, 999], True),
        ([0, 1000], False),
    ],
)
def test_what_times_count(times, seconds):
    song = json_log.read(log(*(row(t, "08", "00") for t in times)))
    assert (song.ticks_per_second is not None, song.double_speed) == (seconds, seconds)
    assert song.rows["time"][-1] == (times[-1] * PS if seconds else times[-1])


def test_doubtful_times_are_announced_and_can_be_forced():
    data = log(row(0, "08", "00"), row(3, "08", "00"))
    assert "--time-unit" in json_log.read(data).remarks[0]
    assert json_log.read(data, "samples").ticks_per_second is None
    assert json_log.read(log(row(0.25, "08", "00")), "samples").rows["time"][0] == 0


def test_seconds_keep_their_decimals():
    song = json_log.read(b'[{"time": 0.1, "addr": "08", "data": "00"}]')
    assert song.rows["time"][0] == PS // 10


def test_pass_2_rows_are_joined_not_expanded():
    pair = [row(100, "0x28", "0x4A", is_data=0), row(102, "0x28", "0x4A", is_data=1)]
    more = [row(104, "0x08", "0x78", is_data=0), row(106, "0x08", "0x78", is_data=1), row(200, "0x08", 0, is_data=0)]
    song = json_log.read(log(*pair, *more))
    assert writes(song) == [(100, 0x28, 0x4A), (104, 0x08, 0x78)]
    assert any("1 address row(s) without" in note for note in song.remarks)
    assert song.ticks_per_second is None
    all_address = json_log.read(log(*(row(2000, "08", "00", is_data=0) for _ in range(3))))
    assert len(all_address.rows) == 3


def test_unsorted_rows_are_sorted_stably():
    song = json_log.read(log(row(9000, 1, 1), row(5, 2, 2), row(9000, 3, 3), row(5, 4, 4)))
    assert writes(song) == [(5, 2, 2), (5, 4, 4), (9000, 1, 1), (9000, 3, 3)]
    assert "sorted" in song.remarks[0]


def test_write_and_read_back():
    rows = [row(0, 0x20, 0xC7), row(5000, 0x08, 0x78)]
    song = json_log.read(log(*rows))
    again = json_log.read(writers.json_log.write(song).data)
    np.testing.assert_array_equal(again.rows, song.rows)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"events": [', "byte 12: expected JSON"),
        (b'{"events": 3}', '"events"'),
        (b"{}", '"events"'),
        (b'{"events": [\xff]}', "byte 12: expected UTF-8"),
        (log(row(0, "08", "00"), 7), "row 2: expected an object"),
        (log(row("soon", "08", "00")), 'row 1: expected a number as "time"'),
        (log(row(-1, "08", "00")), "row 1: expected a time of 0"),
        (log(row(True, "08", "00")), "row 1"),
        (log(row(0, "1FF", "00")), 'row 1: expected "addr" from 0x00 to 0xFF'),
        (log(row(0, "08", 256)), 'row 1: expected "data"'),
        (log(row(0, "08", "zz")), 'row 1: expected "data"'),
        (log(row(0, "08", "00", is_data=2)), '"is_data" 0 or 1'),
        (log({"time": 0, "addr": "08"}), 'row 1: expected "data"'),
        (log(row(10**30, "08", "00")), "row 1: expected a time"),
        (b'[{"time": 1e999, "addr": 8, "data": 0}]', "row 1: expected a time"),
        (b'[{"time": NaN, "addr": 8, "data": 0}]', "reasonable"),
        (b"[" * 100_000, "nesting"),
        (b'[{"time": ' + b"9" * 10_000 + b', "addr": 8, "data": 0}]', "reasonable"),
    ],
    ids=range(18),
)
def test_bad_logs_are_named(data, words):
    with pytest.raises(SongError) as caught:
        json_log.read(data)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_loop_without_rows_comes_back():
    song = opm.Song([(0.0, 0x20, 0xC7)], loop=0.5, length=1.0)
    again = json_log.read(writers.json_log.write(song).data)
    assert (again.loop_start.write, again.seconds(again.loop_start.tick)) == (1, pytest.approx(0.5, abs=1e-4))


@pytest.mark.parametrize("rate", ["44100", "60", "1000/7"])
@pytest.mark.parametrize("clock", [3_579_545, 4_000_000])
def test_a_loop_keeps_its_length_to_a_fraction_of_a_sample(rate, clock):
    """Ticks come back from their frames, so every pass is that of the song."""
    ticks = [0, 1, 2, 3, 100, 101, 4321]
    writes = np.array([(tick, 0, 0x60, i) for i, tick in enumerate(ticks)], WRITE)
    song = Song.of(
        rows=writes, end=5000, ticks_per_second=Fraction(rate), opms=(Opm(clock=clock),), loop_start=Loop(3, 3)
    )
    again = json_log.read(writers.json_log.write(song).data)
    assert (again.ticks_per_second, again.loop_start, again.end) == (song.ticks_per_second, song.loop_start, song.end)
    np.testing.assert_array_equal(again.rows, song.rows)


def test_samples_that_are_no_ticks_stay_samples():
    """At 60 ticks per second the frames 0, 933 and 1865 are ticks', and 934 is edited."""
    for time, rate in ((933, 60), (934, None)):
        rows = [row(0, "20", "C7"), row(time, "08", "78"), row(1865, "08", "00")]
        song = json_log.read(json.dumps({"ticks_per_second": "60", "events": rows}).encode())
        assert (song.ticks_per_second, song.end) == (rate, 2 if rate else 1865)


@pytest.mark.parametrize("rate", ["0", "1/0", "x", "99999999", 44100, "-1", "1/", "1" * 5000])
def test_a_rate_that_is_none_is_ignored(rate):
    song = json_log.read(json.dumps({"ticks_per_second": rate, "events": [row(5000, "08", "00")]}).encode())
    assert (song.ticks_per_second, song.end) == (None, 5000)


def test_half_a_character_in_a_tag(tmp_path):
    """JSON can say it; no VGM could hold it."""
    song = opm.load(b'{"tags": {"title": "a\\ud800b"}, "events": [{"time": 0, "addr": 8, "data": 0}]}')
    song.save(tmp_path / "a.vgm")
    assert opm.load(tmp_path / "a.vgm").tags == {"title": "a?b"}


def test_a_loop_shorter_than_a_frame_is_named_as_lost(tmp_path):
    song = opm.Song([(0, 8, 8)], loop=0.5, length=0.500001)
    assert "the loop, which is shorter than a frame" in song.save(tmp_path / "a.json")
    again = opm.load(tmp_path / "a.json")
    assert (again.loop_start, again.remarks) == (None, [])


@pytest.mark.parametrize(
    ("given", "clock"), [("4000000", 4_000_000), ("4000000.0", 4_000_000), ("3579545.45", 3_579_545), ('"4 MHz"', None)]
)
def test_clocks_as_programs_write_them(given, clock):
    song = json_log.read(b'{"clock": %s, "events": [{"time": 0, "addr": 8, "data": 120}]}' % given.encode())
    assert song.clock == (clock or 3_579_545)
    assert song.remarks == ([] if clock else ['"clock": expected a number of Hz, got 4 MHz: 3579545 assumed'])


def test_a_clock_that_cannot_be_is_refused():
    with pytest.raises(SongError, match='"clock": expected a clock of 500000 to 16000000 Hz, got 1E\\+9999'):
        json_log.read(b'{"clock": 1e9999, "events": []}')


@pytest.mark.parametrize("given", [f"1{'0' * 300}", "1e300"])
def test_a_clock_of_many_digits_is_cut_in_the_line(given):
    with pytest.raises(SongError, match='"clock": expected a clock') as raised:
        json_log.read(b'{"clock": %s, "events": []}' % given.encode())
    assert len(str(raised.value)) < 120
