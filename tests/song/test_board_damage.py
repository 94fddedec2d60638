"""Attacks on songs of a whole board that once went through: what they ask for is bounded, what is damaged does no harm.

Counted in rows, bytes and calls, never in seconds.
"""

import struct
import tracemalloc
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from test_limits import CLOCKS, NOTE, block
from test_s98 import s98_file
from test_vgm import vgm_file

import opm
from opm.board import CORES, Chip, core, mix
from opm.board.record import MOST_STRUCK
from opm.song import Companion, Playing, Renderer, companions, formats, streams
from opm.song.data import PART_WRITE, Bank
from opm.song.formats import walk
from opm.song.streams import COMMAND, DATA, FREQUENCY, LENGTH, PLAY, START, STOP, STREAM, Streams

SETUP = bytes.fromhex("90 00 17 0001 91 00 00 01 00 92 00 40 1F 00 00")
"""Stream 0 to an MSM6258's data, from bank 0, 8000 bytes per second."""
ALL = b"\x93\0" + struct.pack("<IBI", 0, 3, 0)
"""Plays all of the bank."""


def vgm(body, **fields):
    """Read a VGM of a note and more."""
    return formats.parse(vgm_file(NOTE + body + b"\x66", **CLOCKS | fields))


def rows_of(writes):
    return np.array(writes, PART_WRITE)


# Blocks


def bits_of(data):
    return "".join(f"{byte:08b}" for byte in data)


def naive(packed, table):
    """Unpack as the VGM specification describes it."""
    summed, size, bits, few, how, base = struct.unpack_from("<BIBBBH", packed)
    wide, digits = 2 if bits > 8 else 1, bits_of(packed[10:])
    numbers = [int(digits[i : i + few], 2) for i in range(0, len(digits) - few + 1, few)][: size // wide]
    known = [int.from_bytes(table[i : i + wide], "little") for i in range(6, len(table), wide)]
    if summed:
        values, value = [], base
        for number in numbers:
            value = (value + known[number]) % 2**bits
            values.append(value)
    elif how == 2:
        values = [known[number] for number in numbers]
    else:
        values = [(number << (max(0, bits - few) if how == 1 else 0)) + base for number in numbers]
    return b"".join((value % 256**wide).to_bytes(wide, "little") for value in values)


@pytest.mark.parametrize("seed", range(60))
def test_compressed_blocks(seed):
    r = Random(seed)
    bits, few = r.randint(1, 16), r.randint(1, 10)
    head = r.randrange(2), r.choice((9, 1000)), bits, few, r.randrange(3), r.choice((0, 1, 300, 2**16 - 1))
    packed = struct.pack("<BIBBBH", *head) + r.randbytes(r.choice((0, 1, 77)))
    table = bytes(6) + r.randbytes(1 << few + (bits > 8))
    assert walk.unpacked(packed, table) == naive(packed, table)
    if head[0] or head[4] == 2:
        assert walk.unpacked(packed, table[:-1]) == b""


@pytest.mark.parametrize(
    "head", [(2, 9, 8, 4, 0, 0), (0, 9, 0, 4, 0, 0), (0, 9, 17, 4, 0, 0), (0, 9, 8, 0, 0, 0), (0, 9, 8, 17, 0, 0)]
)
def test_compressed_blocks_that_are_damaged(head):
    assert walk.unpacked(struct.pack("<BIBBBH", *head) + bytes(90), bytes(600)) == b""
    assert walk.unpacked(bytes(9), b"") == b""


def test_samples_of_all_chips_are_one_bank():
    song = vgm(block(0, b"abc") + SETUP + SETUP.replace(b"\x17", b"\x28"))
    first, second = song.companions
    assert first.banks[0].data is second.banks[0].data


# Streams


def test_a_stop_of_all_streams_counts_those_that_play():
    each = b"".join(SETUP.replace(b"\0", bytes((n,)), 1).replace(b"\x91\0", bytes((0x91, n))) for n in range(3))
    song = vgm(each + b"\x93\1" + ALL[2:] + b"\x94\xff" * 1000)
    rows = song.companions[0].rows
    assert rows["address"][rows["address"] & 15 == STOP].tolist() == [STREAM | 1 << 4 | STOP]


def test_255_is_no_stream():
    song = vgm(SETUP.replace(b"\x90\0", b"\x90\xff") + b"\x93\xff" + ALL[2:] + b"\xb7\0\1")
    assert song.companions[0].rows["address"].tolist() == [0]


def test_a_stream_that_goes_to_another_chip_stops():
    song = vgm(block(0, bytes(99)) + SETUP + ALL + b"\x62" + SETUP.replace(b"\x17", b"\x28") + ALL + b"\x63")
    adpcm, ga20 = song.companions
    assert (adpcm.name, ga20.name) == ("msm6258", "ga20")
    assert adpcm.rows.tolist()[-1] == (735, STREAM | STOP, 0)
    assert STREAM | STOP not in ga20.rows["address"]


def test_streams_of_two_chips_come_back_to_their_own(tmp_path):
    """In the same moment a number was first one chip's, then the other's."""
    other = SETUP.replace(b"\x17", b"\x12")
    song = vgm(block(0, bytes(99)) + SETUP + other + ALL + b"\x62" + SETUP + ALL + b"\x62" + b"\x94\0")
    assert song.save(tmp_path / "song.vgm") == []
    again = opm.load(tmp_path / "song.vgm")
    for want, got in zip(song.companions, again.companions, strict=True):
        assert [row[0] for row in want.rows.tolist()] == [row[0] for row in got.rows.tolist()]
        assert (want.rows["address"] & 15).tolist() == (got.rows["address"] & 15).tolist()
        assert want.rows["data"].tolist() == got.rows["data"].tolist()
    assert not {*again.companions[0].rows["address"].tolist()} & {*again.companions[1].rows["address"].tolist()}


def adpcm(rows, data=bytes(100), **more):
    banks = {0: Bank(data, ((0, len(data)),))}
    return Companion("msm6258", 4_000_000, rows_of(rows), banks=banks, **more)


def playing(number=0, frequency=8000, mode=0x83, time=0):
    """Return the rows of a stream that plays all of bank 0 again and again."""
    said = ((COMMAND, 1), (DATA, 0x100), (FREQUENCY, frequency), (START, 0), (LENGTH, 0), (PLAY, mode))
    return [(time, STREAM | number << 4 | what, value) for what, value in said]


def sent(made, companion, end, rows=()):
    """Have streams play to a sample; return when they send."""
    table = rows_of(list(rows))
    return made.merged(table["time"], table, end)["sample"].tolist()


RATE = Fraction(4_000_000, 256)


def test_a_far_place_is_reached_without_all_that_is_sent_before_it():
    companion = adpcm(playing())
    made, far = Streams(companion, RATE), 3600 * 15_625
    tracemalloc.start()
    try:
        before = made.merged(companion.rows["time"], companion.rows, far, silent=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(before) == 0
    assert peak < 50_000
    assert sent(made, companion, far + 100) == [
        far + at for at in sent(Streams(companion, RATE), companion, 100, companion.rows)
    ]


@pytest.mark.parametrize("frequency", [1, 3, 7999, 99_991, 2**32 - 1])
def test_a_stream_keeps_its_time_for_ever(frequency):
    """After any number of steps as after one, and with small numbers: those of hours would not fit 64 bits."""
    companion = adpcm(playing(frequency=frequency & 0xFFFFFFFF if frequency < 2**31 else -1))
    made, times, at = Streams(companion, RATE), [], 0
    steps = (1, 15_625, 7, 2**20, 3, 2**21, 40)
    for step in steps:
        at += step
        times += sent(made, companion, at, companion.rows if at == 1 else ())
    per_second = min(frequency, streams.FASTEST)
    count = -(-at * per_second // RATE)
    assert len(times) == count
    chosen = [*range(0, int(count), 10_007), int(count) - 1]
    assert [times[n] for n in chosen] == [int(n * RATE // per_second) for n in chosen]
    stream = made._streams[0]
    assert stream.sent <= (Fraction(per_second) / RATE).numerator + count


def test_a_command_for_a_stream_leaves_the_others_alone(monkeypatch):
    went = []
    go_on = streams.Stream.go_on
    monkeypatch.setattr(streams.Stream, "go_on", lambda *each: (went.append(each), go_on(*each))[1])
    rows = [row for number in range(10) for row in playing(number)] + [(9, STREAM | STOP, 0)] * 100
    companion = adpcm(rows)
    sent(Streams(companion, RATE), companion, 100, companion.rows)
    assert len(went) == len(rows) + 10


def test_streams_of_a_part_are_bounded():
    rows = [row for number in range(255) for row in playing(number, frequency=-1)]
    companion = adpcm(rows)
    times = sent(Streams(companion, RATE), companion, 15_625, companion.rows)
    assert len(times) == streams.MOST_STREAMS * streams.FASTEST


def test_pieces_of_streams_make_no_difference():
    """Of what several send in the same sample the order is that of the streams, however the time is cut."""
    rows = [*playing(0, 15_625), *playing(1, 31_250), *playing(2, 5000)]
    rows += [(time, STREAM | number << 4 | PLAY, 0x83) for time, number in ((10, 1), (10, 0), (500, 2), (501, 1))]
    companion = adpcm(sorted(rows, key=lambda row: row[0]), data=bytes(range(256)))
    cuts = ((1000,), (9, 11, 500, 501, 502, 1000), tuple(range(1, 1001)))
    made = []
    for ends in cuts:
        played, found, begin = Streams(companion, RATE), [], 0
        for end in ends:
            mine = companion.rows[(companion.rows["time"] >= begin) & (companion.rows["time"] < end)]
            found += played.merged(mine["time"], mine, end).tolist()
            begin = end
        made.append(found)
    assert made[0] == made[1] == made[2]


# Parts


def song_of(companion, end=44_100, loop=None, writes=((0, 8, 0x78),)):
    rows = np.array([(time, 0, address, data) for time, address, data in writes], opm.song.data.WRITE)
    start = None if loop is None else opm.song.Loop(loop, 0)
    return opm.Song.of(rows=rows, end=end, ticks_per_second=Fraction(44_100), companions=(companion,), loop_start=start)


def test_a_loop_of_a_tick_with_many_writes_is_played_once():
    """It would ask for 44 billion writes a second."""
    many = rows_of([(0, 8, 15), *((1, 8, i & 15) for i in range(1000))])
    song = song_of(Companion("ay8910", 2_000_000, many, again=1), end=2, loop=1)
    (part,) = Playing(song).others
    assert part.dense
    assert len(part.rows(0)[1]) == 1001
    assert part.rows(1001) is None
    due, rows, behind = part.before(10**9)
    assert (len(due), len(rows), behind) == (1001, 1001, 1001)
    assert "ay8910: its loop has too many writes, they are played once" in song.remarks
    song.render(stop=0.1, loops=10_000)
    fewer = song.but(companions=(Companion("ay8910", 2_000_000, many[:6], again=1),))
    assert not Playing(fewer).others[0].dense
    assert not any("too many" in line for line in fewer.remarks)


def test_the_size_of_pieces_makes_no_difference(monkeypatch):
    program = [(0, 0, 40), (0, 7, 0x38), (0, 8, 15), (300, 0, 99), (1000, 9, 12)]
    song = song_of(Companion("ay8910", 2_000_000, rows_of(program)))
    whole = song.render(stop=0.1)
    assert np.ptp(whole) > 100
    monkeypatch.setattr(companions, "PIECE", 1000)
    np.testing.assert_array_equal(song.render(stop=0.1), whole)


def test_a_filter_is_no_larger_for_a_fast_part():
    sizes = []
    for ratio in (Fraction(1, 9), Fraction(1), Fraction(36), Fraction(256)):
        interpolator = mix.Interpolator(ratio)
        sizes.append(interpolator._filters.size + interpolator._slopes.size)
        stretched = float(max(ratio, 1))
        wave = np.sin(np.arange(20_000 * stretched) / 40 / stretched).astype(np.float32)

        def make(sides, first, wave=wave, made=[0]):  # noqa: B006
            count = sides.shape[1] - first
            sides[:, first:] = wave[made[0] : made[0] + count]
            made[0] += count

        out = np.zeros((2000, 2), np.float32)
        interpolator.add(out, make)
        want = np.sin(np.arange(2000) * float(ratio) / 40 / stretched)
        assert np.abs(out[200:, 0] - want[200:]).max() < 1e-4
    assert max(sizes) == min(sizes) == 2 * mix.PHASES * mix.TAPS


STRIKES = {
    "vera_psg": [(2, 0xFF), (2, 0)], "vera_pcm": [(0x103, 1)], "msm6258": [(0, 2), (0, 1)],
    "sega_pcm": [(0x86, 1), (0x86, 0)],
    "pcm8": [(1, 9), (2, 0x080403), (3, 1)], "msm6295": [(0, 0x81), (0, 0xF0)], "ay8910": [(8, 15), (8, 0)],
    "upd7759": [(1, 0), (1, 1)], "k007232": [(5, 0)], "k053260": [(0x28, 0), (0x28, 15)], "k054539": [(0x214, 0xFF)],
    "c140": [(5, 0x80)], "ga20": [(6, 2)], "sn76489": [(0, 0x90), (0, 0x9F)], "msm5205": [(0, 1), (0, 0), (1, 7)],
}  # fmt: skip


@pytest.mark.parametrize("name", CORES)
def test_sounds_are_looked_for_up_to_a_number(name):
    """Of eight voices struck by each of four million writes there was a table of gigabytes."""
    program = STRIKES[name]
    rows = rows_of([(0, *write) for write in program] * (MOST_STRUCK + 9))
    struck = core(name).struck(rows)
    assert len(struck) == MOST_STRUCK
    assert (np.diff(struck["row"]) >= 0).all()
    few = core(name).struck(rows[: len(program)])
    assert struck[: len(few)].tolist() == few.tolist()
    assert len(core(name).struck(rows[:0])) == 0


def test_a_sound_of_no_length_ends():
    """With a loop, which would never end."""
    for loop in (-1, 0, 5):
        chip = Chip("vera_pcm", 25_000_000, bytes(range(100)))
        for write in ((0x100, 7), (0x101, 0), (0x102, loop), (0, 0x3F), (1, 128), (0x103, 1)):
            chip.write(*write)
        assert not chip.generate(1000).any()
        assert not chip.state.feeding


def test_a_place_behind_the_end_is_the_same_when_it_is_found_again():
    """A part sounds behind what silence ends: the first frame after going back was compared with that."""
    program = [(0, 0, 40), (0, 7, 0x38), (0, 8, 15), (2200, 8, 0), (6700, 8, 15)]
    companion = Companion("ay8910", 2_000_000, rows_of(program))
    renderer = Renderer(Playing(song_of(companion, end=0)))
    first = [*renderer.blocks(100, 5000)]
    place = renderer.snapshot()
    rest = [*renderer.blocks(4000)]
    renderer.restore(place)
    again = [*renderer.blocks(4000)]
    assert len(first) == 50
    assert len(rest) == 1
    assert len(rest[0]) < 3500
    np.testing.assert_array_equal(np.concatenate(again), np.concatenate(rest))


# Saved


def test_an_ay_of_an_s98_is_not_written_to_by_registers_that_it_does_not_have(tmp_path):
    """8D looked like the second chip's 0D."""
    body = b"\x02\x08\x0f\x02\x8d\x0a\x02\x20\x01\xff\xfd"
    song = formats.parse(s98_file(b"\0\x08\x78" + body, devices=((5, 4_000_000), (15, 4_000_000))))
    song.save(tmp_path / "song.vgm")
    (chip,) = opm.load(tmp_path / "song.vgm").companions
    assert chip.rows[["address", "data"]].tolist() == [(8, 15), (0x20, 1)]


def test_a_low_clock_comes_back(tmp_path):
    """It is read as samples per second, and once more when it was written as it is."""
    song = vgm(b"\xd4\0\0\0\xd3\0\0\0", xa8=1200, xa0=2000)
    assert [companion.clock for companion in song.companions] == [2000 * 384, 1200 * 576]
    song.save(tmp_path / "song.vgm")
    assert [companion.clock for companion in opm.load(tmp_path / "song.vgm").companions] == [768_000, 691_200]


def test_what_a_vgm_cannot_keep_of_a_board_is_said(tmp_path):
    loud = Companion("ay8910", 2_000_000, rows_of([(0, 8, 15)]), level=1000.0)
    other = Companion("ay8910", 2_000_000, rows_of([(0, 8, 15)]), options={"type": 0x10})
    song = song_of(loud).but(companions=(loud, other))
    lost = song.save(tmp_path / "song.vgm")
    title = core("ay8910").TITLE
    assert f"that the second {title} is wired in another way" in lost
    assert any(line.startswith(f"how loud the {title} is") for line in lost)
    many = [adpcm([row for number in range(200) for row in playing(number)]) for _ in range(2)]
    lost = song.but(companions=tuple(many)).save(tmp_path / "song.vgm")
    assert lost.count("a stream of the MSM6258: a VGM has at most 255") == 145
