"""Songs of a whole board: parts that are chosen, added, kept in step, sought, saved."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import opm
from opm.board import CORES, Chip, core
from opm.board.mix import HEADROOM, TAPS, Interpolator
from opm.song import PART_WRITE, Companion, Loop, Opm, Playing, Renderer, Song
from opm.song.data import WRITE
from tests.board.test_cores import programs

TONE = [(0x20, 0xC7), (0x28, 0x4A), (0x60, 20), (0x80, 31), (0xE0, 15), (0x08, 0x08)]
PULSE = [(0, 0x00), (1, 0x04), (2, 0xFF), (3, 0x20)]
"""A square of 381 Hz on both sides of a PSG, as loud as it can be."""
VERA = 25_000_000


def rows_of(writes):
    return np.array(writes, PART_WRITE)


def psg(writes=None, again=0, **more):
    rows = rows_of([(0, *write) for write in PULSE] if writes is None else writes)
    return Companion("vera_psg", VERA, rows, again, **more)


def song_of(*companions, end=44_100, writes=TONE, **more):
    rows = np.array([(0, 0, *write) for write in writes], WRITE)
    return Song.of(rows=rows, end=end, ticks_per_second=Fraction(44_100), companions=companions, **more)


def program(name):
    """Return a song that plays a chip's first golden program, a tick a sample, and the chip's own samples of it."""
    _, chip, writes, expected = next(programs(name))
    rows = rows_of(writes.tolist())
    companion = Companion(name, chip.clock, rows, 0, 1.0, chip.memory.tobytes(), chip.options)
    song = Song.of(
        rows=np.zeros(0, WRITE), end=len(expected), ticks_per_second=chip.rate, companions=(companion,), opms=(Opm(),)
    )
    return song, chip, expected


def test_the_ym2151_alone_is_what_it_was():
    song, alone = song_of(psg()), song_of()
    for names in ("ym2151", ["ym2151"], ("ym2151",)):
        np.testing.assert_array_equal(song.render(stop=1, parts=names), alone.render(stop=1))
    np.testing.assert_array_equal(alone.render(stop=1), opm.run(alone.events(), len(alone.render(stop=1))))


def test_parts_add_up():
    """At 6 dB less; the library's own rounding is the only difference."""
    song = song_of(psg())
    whole, own, other = (song.render(stop=1, parts=parts).astype(int) for parts in (None, "ym2151", "vera_psg"))
    assert np.abs(whole - (HEADROOM * own + other)).max() <= 1
    assert other.any()
    assert np.abs(other).max() == pytest.approx(HEADROOM * 32 * 511 / 8, rel=0.3), "a voice, and what edges overshoot"


def test_unknown_parts_are_refused():
    song = song_of(psg())
    with pytest.raises(ValueError, match="parts must be of ym2151, vera_psg, got 'msm6258'"):
        song.render(parts="msm6258")
    with pytest.raises(ValueError, match="part must be one of vera_psg, got 'ym2151'"):
        song.part_writes("ym2151")
    with pytest.raises(ValueError, match="none: the song has no other part"):
        song_of().part_at(0.5, "vera_psg")


def test_parts_say_what_they_sound():
    song = song_of(psg(), psg())
    assert [part.name for part in song.parts] == ["ym2151", "vera_psg", "vera_psg-2"]
    assert [(part.title, part.sounds, part.channels) for part in song.parts[:2]] == [
        ("YM2151", 1, (1,)),
        ("VERA PSG", 1, (1,)),
    ]
    assert song.chosen("vera_psg") == ["vera_psg", "vera_psg-2"]
    assert song.chosen(["vera_psg-2", "ym2151"]) == ["ym2151", "vera_psg-2"]
    assert "VERA PSG" in repr(song)
    assert "VERA PSG" in song._repr_html_()
    assert song.part_writes("vera_psg").tolist() == [(0.0, *write) for write in PULSE]


def test_a_ym2164_is_a_ym2151_too():
    song = song_of(psg(), opms=(Opm("ym2164"),))
    assert song.chosen("ym2151") == song.chosen("ym2164") == ["ym2164"]


@pytest.mark.parametrize("name", CORES)
def test_a_part_is_in_step(name):
    """From the start and in the midst of a song: within one sample of the output."""
    song, chip, expected = program(name)
    own = expected.astype(float)
    moments = np.arange(int(len(own) * song.sample_rate / float(chip.rate)) - 50) * float(chip.rate) / song.sample_rate
    want = np.stack([np.interp(moments, np.arange(len(own)), side) for side in own.T], axis=1) * HEADROOM
    got = song.render(stop=len(moments) / song.sample_rate, parts=name).astype(float)[: len(want)]
    lags = range(-3, 4)
    inner = slice(10, len(got) - 10)
    likeness = [(np.roll(got, lag, axis=0)[inner] * (want - want.mean(axis=0))[inner]).sum() for lag in lags]
    assert abs(lags[int(np.argmax(likeness))]) <= 1
    half = len(got) // 2
    again = song.render(start=half / song.sample_rate, stop=len(moments) / song.sample_rate, parts=name)
    np.testing.assert_array_equal(again[: len(got) - half], got[half:].astype(int)[: len(again)])


def test_an_impulse_in_each_part_sounds_in_the_same_frame():
    """A byte in VERA's PCM queue and a level of the AY: both change at the tick of 0.1 s."""
    pcm = Companion("vera_pcm", VERA, rows_of([(0, 0, 0x8F), (0, 0, 0x0F), (0, 1, 128), (4410, 2, 0x7F)]))
    ay = Companion("ay8910", 2_000_000, rows_of([(0, 7, 0x3F), (4410, 8, 15)]), options={"type": 0})
    song = song_of(pcm, ay, end=8820, writes=[])
    starts = []
    for name in ("vera_pcm", "ay8910"):
        sound = np.abs(song.render(stop=0.2, parts=name)[:, 0].astype(int))
        starts.append(int(np.argmax(sound > sound.max() / 2)))
    assert starts == pytest.approx([0.1 * song.sample_rate] * 2, abs=1.5)


@pytest.mark.parametrize("sizes", [(1,), (7, 300, 1), (5000,)], ids=str)
def test_the_size_of_blocks_makes_no_difference(sizes):
    song = song_of(psg([(0, *w) for w in PULSE] + [(9000, 1, 0x08)]), psg(), end=11_025)
    want = np.concatenate([*Renderer(Playing(song, tail=0.0)).blocks()])
    renderer, turns, got = Renderer(Playing(song, tail=0.0)), itertools.cycle(sizes), []
    while renderer.position < len(want):
        got.append(next(renderer.blocks(next(turns))))
    np.testing.assert_array_equal(np.concatenate(got), want)


def test_a_snapshot_goes_on_bit_for_bit():
    song = song_of(psg([(t * 735, t % 4, 37 * t & 0xFF) for t in range(60)], again=20), loop_start=Loop(14_700, 6))
    playing = Playing(song, loops=3)
    renderer = Renderer(playing)
    blocks = renderer.blocks(1000)
    for _ in range(60):
        next(blocks)
    saved, want = renderer.snapshot(), [next(blocks) for _ in range(20)]
    renderer.restore(saved)
    np.testing.assert_array_equal([next(renderer.blocks(1000)) for _ in range(20)], want)
    other = Renderer(playing)
    other.restore(saved)
    np.testing.assert_array_equal([next(other.blocks(1000)) for _ in range(20)], want)


def test_a_place_that_is_approached_has_the_registers():
    song = song_of(psg(), end=100 * 44_100)
    renderer, want = Renderer(Playing(song, tail=0.0)), song.render(start=90, stop=90.5)
    renderer.approach(round(90 * song.sample_rate))
    got = np.concatenate([*renderer.blocks(end=round(90.5 * song.sample_rate))])
    assert np.abs(got).max() == pytest.approx(np.abs(want).max(), rel=0.2)


def test_the_loop_plays_a_parts_own_rows_again():
    """The PSG's pitch is set anew in each pass, and the intro's in the first alone."""
    rows = [(0, *write) for write in PULSE] + [(0, 1, 2), (22_050, 1, 8), (33_075, 1, 16)]
    song = song_of(psg(rows, again=5), end=44_100, loop_start=Loop(22_050, len(TONE)))
    sound = song.render(loops=3, stop=2, parts="vera_psg")[:, 0].astype(int)
    rate = song.sample_rate
    pieces = [sound[int((t + 0.05) * rate) : int((t + 0.2) * rate)] for t in (0, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75)]
    crossings = [int((np.diff(np.sign(piece)) != 0).sum()) for piece in pieces]
    unit = crossings[0]
    assert [round(count / unit) for count in crossings] == [1, 4, 8, 4, 8, 4, 8]


def test_stems_have_a_row_for_each_other_part():
    song = song_of(psg(), psg(level=0.5))
    stems, whole = song.stems(stop=1), song.render(stop=1)
    assert stems.shape == (len(whole), 10, 2)
    assert np.abs(stems.astype(int).sum(axis=1) - whole).max() <= 10 + 64, "rounded each, and the DAC's rounding"
    np.testing.assert_allclose(stems[:, 9], stems[:, 8] / 2, atol=1)


def test_the_tail_ends_when_a_part_rests():
    """At whatever level: an AY's tone stands still, high or low."""
    rows = rows_of([(0, 7, 0x3F), (0, 8, 15)])
    still = song_of(Companion("ay8910", 2_000_000, rows), end=4410, writes=[])
    assert len(still.render()) / still.sample_rate == pytest.approx(0.2, abs=0.01)
    sounding = song_of(psg(), end=4410, writes=[])
    assert len(sounding.render()) / sounding.sample_rate == pytest.approx(10.1, abs=0.01)


def test_nothing_heard_is_silence():
    song = song_of(psg())
    assert not np.concatenate([*Renderer(Playing(song, parts=[])).blocks(end=1000)]).any()


def test_a_part_in_mid_song():
    song = song_of(psg([(0, *w) for w in PULSE] + [(22_050, 1, 0x08)]))
    assert song.part_at(0.25, "vera_psg").state["register"][1] == 0x04
    assert song.part_at(0.75, "vera_psg").state["register"][1] == 0x08
    assert isinstance(song.part_at(0.0, "vera_psg"), Chip)


@pytest.mark.parametrize("rate", [Fraction(48_828_125, 1000), Fraction(7575), Fraction(250_000), Fraction(55_930)])
def test_the_interpolator_keeps_tones_and_levels(rate):
    song_rate, hertz = Fraction(3_579_545, 64), 700.0
    interpolator, position = Interpolator(rate / song_rate), 0

    def make(sides, first):
        nonlocal position
        moments = np.arange(position, position + sides.shape[1] - first) / float(rate)
        sides[0, first:], sides[1, first:] = 1000 * np.sin(2 * np.pi * hertz * moments), 1000
        position += len(moments)

    out = np.zeros((8000, 2), np.float32)
    for first in range(0, 8000, 500):
        interpolator.add(out[first : first + 500], make)
    want = 1000 * np.sin(2 * np.pi * hertz * np.arange(8000) / float(song_rate))
    settled = slice(400, None)
    assert np.abs(out[settled, 0] - want[settled]).max() < 1
    assert np.abs(out[settled, 1] - 1000).max() < 0.5
    assert interpolator.past.shape[1] >= TAPS


def test_a_song_keeps_its_parts_through_copies():
    import copy
    import pickle

    song = song_of(psg())
    for other in (copy.deepcopy(song), pickle.loads(pickle.dumps(song)), song.but(tags={"title": "x"})):
        np.testing.assert_array_equal(other.render(stop=0.2), song.render(stop=0.2))


def test_every_core_is_in_the_table_of_parts():
    assert {core(name).TITLE for name in CORES} >= {"VERA PSG", "VERA PCM", "MSM6258", "Sega PCM", "MSM6295"}
