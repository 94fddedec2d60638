"""The timing rules, against slow and obvious models of them."""

from fractions import Fraction

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

import opm
from opm.bench.workloads import patch
from opm.song import WRITE, Loop, Opm, Playing, Renderer, Song, playing
from opm.song.formats import json_log
from opm.song.playing import PIECE, Place


def song_of(times, rate=Fraction(44_100), chips=1, clock=3_579_545, writes=None, **more):
    table = np.zeros(len(times), WRITE)
    table["time"] = times
    table["address"] = np.arange(len(times)) % 256
    table["data"] = np.arange(len(times)) * 7 % 256
    table["chip"] = np.arange(len(times)) % chips
    if writes:
        table["address"], table["data"] = zip(*writes, strict=True)
    more.setdefault("end", max(times, default=0))
    return Song.of(rows=table, ticks_per_second=rate, opms=(Opm(clock=clock),) * chips, **more)


def naive_chip_rule(song, clock):
    """The chip's own rule (docs/formats.md, section 1), write by write."""
    rows, free = [], 0
    for write in song.rows.tolist():
        master = Fraction(write[0] * clock) / song.ticks_per_second
        frame = max(-(-master // 64), free)
        rows += [(32 * frame, 0, write[2]), (32 * frame + 2, 1, write[3])]
        free = frame + 2
    return rows


@given(
    times=st.lists(st.integers(0, 2**32), max_size=60),
    burst=st.integers(0, 60),
    clock=st.sampled_from([3_579_545, 4_000_000, 3_579_580]),
)
def test_chip_rule(times, burst, clock):
    times = sorted(times + times[:1] * burst)
    song = song_of(times, clock=clock)
    got = np.concatenate([np.empty(0, opm.EVENT), *Playing(song, loops=2, fade=8.0).timetables[0].events()])
    assert [tuple(row) for row in got.tolist()] == naive_chip_rule(song, clock)


def family_events(rows):
    """The play-server's rule as a state machine over log samples (docs/formats.md, section 1)."""
    events, queue, pending, next_ok, sample = [], list(rows), None, 0, 0
    while queue or pending is not None:
        if pending is not None and sample >= next_ok:
            events.append((sample * 64, 1, pending))
            next_ok, pending = sample + 2, None
        if pending is None and queue and queue[0][0] <= sample and sample >= next_ok:
            _, address, data = queue.pop(0)
            events.append((sample * 64, 0, address))
            next_ok, pending = sample + 2, data
        sample += 1
    return events


def family_log():
    """240 writes in seconds, 60 of them at one instant: all registers a note needs, and notes."""
    rng = np.random.default_rng(1)
    setup = [(0x20 + c, 0xC0 | c) for c in range(8)] + [(0x80 + s, 0x1F) for s in range(32)]
    setup += [(0x28 + c, 0x3A + c) for c in range(8)] + [(0x08, 0x78 | c) for c in range(8)] + [(0x18, 0xC0)] * 4
    assert len(setup) == 60
    rows = [(0.0, *write) for write in setup]
    for time in np.sort(rng.random(180)).round(6).tolist():
        address = int(rng.choice([0x28, 0x29, 0x60, 0x61, 0x68, 0x78, 0x08]))
        rows.append((time, address, int(rng.integers(0x70, 0x80) if address == 8 else rng.integers(128))))
    return rows


def test_family_rule_equals_a_direct_64_cycle_run():
    rows = family_log()
    text = "[" + ",".join(f'{{"time":{t},"addr":"{a:02x}","data":"{d:02x}"}}' for t, a, d in rows) + "]"
    song = json_log.read(text.encode())
    played = Playing(song, tail=0)
    got = np.concatenate(list(Renderer(played).blocks()))
    assert played.rate == 55_930
    want = opm.run(family_events([(round(t * 55_930), a, d) for t, a, d in rows]), len(got), cycles_per_frame=64)
    assert len(got) == round(rows[-1][0] * 55_930)
    assert np.abs(want).max() > 5000
    np.testing.assert_array_equal(got, want)


def test_family_rule_for_integer_samples():
    song = song_of([0, 0, 3, 5000, 5001], rate=None)
    played = Playing(song, double_speed=True)
    got = [tuple(row) for events in played.timetables[0].events() for row in events.tolist()]
    assert got == family_events([(w[0], w[2], w[3]) for w in song.rows.tolist()])


def test_integer_samples_are_frames():
    song = song_of([0, 27_965, 27_965], rate=None)
    events = next(Playing(song, loops=2, fade=8.0).timetables[0].events())
    assert events["cycle"].tolist() == [0, 2, 27_965 * 32, 27_965 * 32 + 2, 27_967 * 32, 27_967 * 32 + 2]


def test_two_chips_have_their_own_queues():
    song = song_of([0] * 10, chips=2)
    for chip in (0, 1):
        assert next(Playing(song, loops=2, fade=8.0).timetables[chip].events())["cycle"][::2].tolist() == [
            0,
            64,
            128,
            192,
            256,
        ]


def test_loops_repeat_the_loop_section_only():
    song = song_of([0, 100, 200], end=300, loop_start=Loop(100, 1))
    played = Playing(song, loops=3, fade=0)
    assert played.end == played.due(300 + 2 * 200)
    passes = played.timetables[0].events()
    first, second, third = (next(passes) for _ in range(3))
    assert first["data"][::2].tolist() == [0, 1, 2]
    assert second["data"][::2].tolist() == third["data"][::2].tolist() == [1, 2]
    assert second["cycle"][0] == 32 * played.due(300)
    assert third["cycle"][0] == 32 * played.due(500)


@given(
    times=st.lists(st.integers(0, 50), min_size=1, max_size=40),
    more=st.integers(1, 60),
    loop=st.integers(0, 39),
    rate=st.sampled_from([None, Fraction(44_100), Fraction(10**12)]),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=8),
    family=st.booleans(),
)
def test_pieces_are_the_passes(times, more, loop, rate, sizes, family):
    """Whatever their size, wherever one starts again, and though bursts slip from one pass into the next."""
    times.sort()
    row = min(loop, len(times) - 1)
    song = song_of(times, rate, end=times[-1] + more, loop_start=Loop(times[row], row), double_speed=family)
    timetable = Playing(song).timetables[0]
    passes = timetable.events()
    whole, place = next(passes), Place()
    for size in sizes:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(playing, "PIECE", size)
            pieces = timetable.pieces(place)
            (first, events), (behind, _) = next(pieces), next(pieces)
        assert first == place
        while len(whole) < 2 * behind.write:
            whole = np.concatenate([whole, next(passes)])
        np.testing.assert_array_equal(events, whole[2 * place.write : 2 * behind.write])
        place = behind


def test_a_piece_is_bounded_however_long_the_pass():
    song = song_of(range(5 * PIECE), end=5 * PIECE + 10, loop_start=Loop(0, 0))
    pieces = Playing(song, loops=2, fade=8.0).timetables[0].pieces(Place())
    assert [len(next(pieces)[1]) for _ in range(12)] == [2 * PIECE] * 12
    assert sum(len(events) for _, events in Playing(song_of(range(PIECE + 1))).timetables[0].pieces(Place())) == 2 * (
        PIECE + 1
    )


def test_a_loop_of_one_tick_is_scheduled_many_passes_at_a_time():
    """And picked up where a snapshot was made, slipping behind as it is: the bus takes a write each other frame."""
    writes = [(0x28, 0x4A), (0x08, 0x78), (0x30, 0x10)]
    song = song_of([0, 0, 0], rate=None, writes=writes, end=1, loop_start=Loop(0, 0))
    renderer = Renderer(Playing(song, loops=10**6))
    renderer.skip(300_000)
    place = renderer.snapshot()
    assert place.parts[0].place.write > 3 * 40_000
    want = np.concatenate([block for block, _ in zip(renderer.blocks(1024), range(8), strict=False)])
    again = Renderer(renderer.playing)
    again.restore(place)
    got = np.concatenate([block for block, _ in zip(again.blocks(1024), range(8), strict=False)])
    np.testing.assert_array_equal(got, want)
    assert again.parts[0].chip.save() == renderer.parts[0].chip.save()


def test_passes_beyond_64_bits_of_ticks():
    """Picoseconds of a day, three months of them."""
    day = 86_400 * 10**12
    song = song_of([0, day - 1], rate=Fraction(10**12), end=day, loop_start=Loop(0, 0))
    day_by_day = Playing(song, loops=2, fade=8.0)
    place = Place(2 * 110, 0)
    _, events = next(day_by_day.timetables[0].pieces(place))
    assert events["cycle"][0] == 32 * day_by_day.due(110 * day)


def test_blocks_do_not_depend_on_their_size():
    song = opm.load(ROOT / "player" / "songs" / "mountain_king.vgm")
    end = song.loop_start.tick + 40_000
    song = song.but(end=end, rows=song.rows[song.rows["time"] < end])
    played = Playing(song, loops=2, fade=0.5)
    blocks = [np.concatenate(list(Renderer(played).blocks(size))) for size in (1024, 333, 10**6)]
    np.testing.assert_array_equal(blocks[0], blocks[1])
    np.testing.assert_array_equal(blocks[0], blocks[2])
    assert len(blocks[0]) == played.frames
    assert not blocks[0][-1].any()


@pytest.mark.parametrize("family", [False, True])
def test_channels_do_not_depend_on_blocks(family):
    """Nor does the frame in which one that sounds is panned."""
    panning = [(0x20 + i % 8, (0x40, 0x80, 0xC0)[i % 3]) for i in range(24)]
    times = [0] * len(patch()) + list(range(1000, 1888, 37))
    song = song_of(times, rate=None, writes=[*patch(), *panning], end=2000)
    played = Playing(song, tail=0, double_speed=family)
    by_frame, *others = (np.concatenate(list(Renderer(played).channel_blocks(size))) for size in (1, 3, 333, 10**6))
    assert by_frame.shape == (2000, 8, 2)
    for other in others:
        np.testing.assert_array_equal(other, by_frame)


def test_the_tail_ends_after_silence_or_its_limit():
    quiet = Playing(song_of([0, 4410]), tail=3.0)
    assert sum(map(len, Renderer(quiet).blocks())) == quiet.end + round(0.1 * quiet.rate)
    tone = [(0x20, 0xC7), (0x28, 0x4A), (0x40, 1), (0x80, 0x1F), (0xA0, 0), (0xE0, 0x0F), (0x60, 0), (0x08, 8)]
    held = song_of([0] * 8, writes=tone, end=4410)
    played = Playing(held, tail=0.7)
    assert sum(map(len, Renderer(played).blocks())) == played.end + round(0.7 * played.rate)
    assert Playing(held, loops=2, fade=8.0).frames == played.end + round(10 * played.rate), "ten seconds, if not told"
    assert (played.length, Playing(held, loops=2, fade=8.0).length) == (played.end / played.rate,) * 2


@pytest.mark.parametrize("chips", [1, 2])
def test_noise_at_rest_is_silence(chips):
    """A song that leaves the noise on: its channel gives -8 and 0 for ever."""
    noise = [(0x0F, 0x9F)] * chips + [(0x27, 0xC0)] * chips
    song = song_of([0] * 2 * chips, writes=noise, end=4410, chips=chips)
    played = Playing(song, loops=2, fade=8.0)
    sound = np.concatenate(list(Renderer(played).blocks()))
    assert set(np.unique(sound[1000:])) == {-8 * chips, 0}
    assert len(sound) == played.end + round(0.1 * played.rate)


@pytest.mark.parametrize("tail", [0.0, 0.02, 0.7])
def test_a_tail_that_is_cut_is_faded(tail):
    """Over its last 50 ms; what comes before is the chip's own."""
    tone = [(0x20, 0xC7), (0x28, 0x4A), (0x40, 1), (0x80, 31), (0x08, 8)]
    song = song_of([0] * len(tone), writes=tone, end=4410)
    played = Playing(song, tail=tail)
    got = np.concatenate(list(Renderer(played).blocks(1000)))
    want = opm.run(next(played.timetables[0].events()), len(got))
    fade = min(round(tail * played.rate), round(0.05 * played.rate))
    assert len(got) == played.end + round(tail * played.rate)
    np.testing.assert_array_equal(got[: len(got) - fade], want[: len(got) - fade])
    if tail:
        passed = np.arange(fade) / fade
        np.testing.assert_array_equal(got[-fade:], np.rint(want[-fade:] * (1 - passed[:, None]) ** 2))
        assert np.abs(got[-10:]).max() <= 1 < np.abs(want[-1000:]).max()


@pytest.mark.parametrize(("spacing", "late"), [(1, True), (2, False), (3, False)])
def test_writes_that_come_too_late_are_remarked(spacing, late):
    """The bus takes a write each other frame: 20 000 of them, one a frame, end 20 000 frames late."""
    song = song_of(range(0, 20_000 * spacing, spacing), rate=None)
    played = Playing(song, loops=2, fade=8.0)
    start = next(played.timetables[0].events())["cycle"][::2] // 32
    lag = (start - song.rows["time"]).max() / played.rate
    said = f"writes come faster than the chip takes them: up to {lag:.3f} s late, at 0:00.36"
    assert played.remarks == ([said] if late else [])
    assert Playing(song, speed=0.5).remarks == []
    all_registers = song_of([0] * 500)
    assert Playing(all_registers, loops=2, fade=8.0).remarks == [], "all registers at once take 18 ms"
    looped = song_of([0] * 500, end=441, loop_start=Loop(0, 0))
    assert "late" in Playing(looped, loops=2, fade=8.0).remarks[0], "each pass takes 18 ms and has 10"
    two = song_of([0] * 1000, chips=2)
    assert Playing(two, loops=2, fade=8.0).remarks == [], "each chip has its own bus"


def test_of_writes_equally_late_the_last_is_named():
    """Whichever chip's it is."""
    rows = np.repeat(np.array([(0, 0, 0x20, 0), (60_000, 1, 0x20, 0)], WRITE), 2000)
    song = Song.of(rows=rows, end=60_000, ticks_per_second=None, opms=(Opm(), Opm()))
    assert [remark[-7:] for remark in Playing(song).remarks] == ["0:01.07"]


@given(runs=st.lists(st.integers(1, 12), max_size=9), start=st.integers(0, 60), size=st.integers(1, 70))
def test_silence_ends_the_tail_wherever_blocks_end(runs, start, size):
    """Runs of sound and silence by turns, behind frame 8 a tail; here, 0.1 s are 5 frames."""
    played = Playing(song_of([]), loops=2, fade=8.0)
    played.rate, played.end, played.frames = 50.0, 8, 60
    sound = 9 * np.resize(np.repeat(np.arange(len(runs)) % 2, runs), (60, 1)).repeat(2, axis=1)
    renderer = Renderer(played)

    def mix(frames):
        renderer._now = sound[renderer.position : renderer.position + frames]
        return renderer._now

    renderer._mix = mix
    renderer.skip(start)
    end = next((frame for frame in range(8 + 5, 60) if not sound[frame - 4 : frame + 1].any()), 60)
    assert sum(map(len, renderer.blocks(size))) == max(0, end - start)


def test_two_chips_are_added_and_clipped():
    notes = [(0x20, 0xC7), (0x28, 0x4A), (0x40, 1), (0x48, 1), (0x50, 1), (0x58, 1)]
    notes += [(0x80 + 8 * i, 0x1F) for i in range(4)] + [(0x08, 0x78)]
    one = song_of([0] * len(notes), writes=notes, end=44_100)
    both_chips = [write for write in notes for _ in range(2)]
    two = song_of([0] * (2 * len(notes)), writes=both_chips, end=44_100, chips=2)
    single = np.concatenate(list(Renderer(Playing(one, tail=0)).blocks()))
    both = np.concatenate(list(Renderer(Playing(two, tail=0)).blocks()))
    assert (np.abs(2 * single.astype(int)) > 32767).any()
    np.testing.assert_array_equal(both, np.clip(2 * single.astype(int), -32768, 32767))


@pytest.mark.parametrize("family", [False, True])
def test_an_empty_song_is_silence(family):
    played = Playing(song_of([], double_speed=family), loops=2, fade=8.0)
    assert not np.concatenate(list(Renderer(played).blocks())).any()


def test_a_song_rings_out_behind_its_last_write_however_late_it_comes():
    """40 000 writes at once take 80 000 frames; the key behind them is struck long after the song's end."""
    tone = [(0x20, 0xC7), (0x28, 0x4A), (0x60, 0), (0x80, 31), (0xE0, 15)]
    times = [0] * 40_000 + [4410] * (len(tone) + 2)
    song = song_of(times, writes=[*[(0x1A, 0)] * 40_000, *tone, (8, 8), (8, 0)])
    played = Playing(song, loops=2, fade=8.0)
    last = 2 * (len(song.rows) - 1)
    assert played.written == last > played.end + played.rate
    assert sum(map(len, Renderer(played).blocks())) >= last + round(0.1 * played.rate)
    assert Playing(song_of([0, 4410]), loops=2, fade=8.0).written == Playing(song_of([0, 4410]), loops=2, fade=8.0).end
    assert Playing(song_of([]), loops=2, fade=8.0).written <= 0
