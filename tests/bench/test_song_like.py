"""The song-like workloads have the statistics of songs that they promise."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

import opm
from opm.bench import songs, speed, workloads
from opm.bench.songs import SECONDS, song_like
from opm.events import CHIP, CYCLES_PER_FRAME
from opm.registers import ALL_KEYS, KC, KF, KON, PMS, TL

SONG_LIKE = {name: work for name, work in speed.WORKLOADS.items() if name.startswith("song-like")}
BENT = "song-like: X68000, two channels bent"
HELD = "song-like: vibrato, LFO held"


def per_second(bursts, counted=lambda address, data: True):
    """Writes per second of those that count."""
    return sum(counted(address, data) for burst in bursts for address, data in burst) / SECONDS


def keys_down(bursts):
    """How many channels' keys are down, on an average; a key struck while it is down is an error."""
    down, total = set(), 0
    for i, burst in enumerate(bursts):
        for address, data in burst:
            if address == KON and data & ALL_KEYS:
                assert data & 7 not in down, f"burst {i}: channel {data & 7} is struck while its key is down"
                down.add(data & 7)
            elif address == KON:
                down.discard(data & 7)
        total += len(down)
    return total / len(bursts)


def test_they_are_the_first_of_the_table():
    assert [*SONG_LIKE] == [*speed.WORKLOADS][:4]
    assert {work.seconds for work in SONG_LIKE.values()} == {SECONDS}


@pytest.mark.parametrize("name", SONG_LIKE)
def test_they_write_and_strike_as_often_as_songs(name):
    bursts = SONG_LIKE[name].bursts
    assert len(bursts) == SECONDS * workloads.BURSTS
    bends = 2 * workloads.BURSTS if name == BENT else 0
    assert 120 + bends <= per_second(bursts) <= 145 + bends
    assert per_second(bursts, lambda address, data: address == KON and data >= 8) == pytest.approx(23.75)
    assert per_second(bursts, lambda address, data: address == KON and data < 8) == pytest.approx(23.75)
    assert per_second(bursts, lambda address, data: KC <= address < KF) == pytest.approx(23.75)
    assert 0.5 <= per_second(bursts, lambda address, data: PMS <= address < PMS + 8) <= 2, "voices per second"
    assert per_second(bursts, lambda address, data: TL <= address < TL + 32) >= 5
    assert 4 <= keys_down(bursts) <= 5.5


def test_a_burst_is_played_before_the_next_and_the_bus_takes_every_write():
    for name, work in SONG_LIKE.items():
        chip = opm.YM2151()
        start = workloads.song_events(work.bursts, chip, work.gaps)["cycle"][::2] // CYCLES_PER_FRAME
        assert np.diff(start).min() >= CHIP.spacing, name
        firsts = np.cumsum([0, *map(len, work.bursts)])[:-1]
        wrong = [i for i, burst in enumerate(work.bursts) if burst and start[firsts[i]] != i * workloads.SECOND // 60]
        assert not wrong, f"{name}: bursts {wrong}"


def test_gaps_come_in_turn():
    events = workloads.song_events([[(0x60, 1)] * 4, [(0x60, 2)]], opm.YM2151(), (2, 5))
    assert (events["cycle"][::2] // CYCLES_PER_FRAME).tolist() == [0, 2, 7, 9, workloads.SECOND // workloads.BURSTS]


def test_two_channels_are_bent_in_each_burst():
    plain, bent = SONG_LIKE["song-like: arcade"].bursts, SONG_LIKE[BENT].bursts
    for i, (before, after) in enumerate(zip(plain, bent, strict=True)):
        assert after[: len(before)] == before, f"burst {i}"
        assert [address - KF for address, _ in after[len(before) :]] == [2, 5], f"burst {i}"
    moves = [after[-1] != before[-1] for before, after in pairwise(bent)]
    assert sum(moves) > len(moves) / 2


def test_only_vibrato_listens_to_the_lfo():
    for name, listening in (("song-like: arcade", 0), ("song-like: vibrato", 4), (HELD, 4)):
        state = workloads.playing(SONG_LIKE[name].registers).state
        assert (state.pmd, state.ch_pms.tolist().count(4)) == (24, listening), name
        assert state.test.tolist() == [0, int(name == HELD), 0, 0, 0, 0, 0, 0], name


def test_the_rule_and_the_seed_alone_decide():
    assert song_like() == song_like()
    assert song_like(seed=2) != song_like()


def test_voices_are_drawn_from_what_songs_hold():
    """Of many voices each value comes as often as its tuple has it."""
    registers = [row for seed in range(100) for row in song_like(seed=seed)[0]]
    found = Counter(data & 31 for address, data in registers if 0x80 <= address < 0xA0)
    for rate in set(songs.AR):
        share = found[rate] / found.total()
        assert share == pytest.approx(songs.AR.count(rate) / 10, abs=0.03), f"AR {rate}"
