"""The songs of whole boards that ship: made by their scripts to the byte, and every part of them can be heard."""

import gzip

import numpy as np
import pytest
from conftest import ROOT

import opm
from opm.board import vera_pcm
from opm.board.oki import DIFFERENCE, NEXT_STEP
from opm.song.resample import FULL_SCALE
from player.songs import canon, drums, sakura

SONGS = ROOT / "player" / "songs"
MADE = {"canon.zsm": canon.zsm, "sakura.mdx": sakura.mdx, "sakura.pdx": sakura.pdx}
BOARDS = {"canon.zsm": ["ym2151", "vera_psg", "vera_pcm"], "sakura.mdx": ["ym2151", "pcm8"]}
each = pytest.mark.parametrize("name", BOARDS)


@pytest.fixture(scope="module")
def songs():
    return {name: opm.load(SONGS / name) for name in BOARDS}


def loudness(samples):
    """In dB of full scale."""
    return 20 * np.log10(np.sqrt(np.square(samples.astype(float)).mean()) / FULL_SCALE)


@pytest.mark.parametrize("name", MADE)
def test_a_file_comes_from_its_script(name):
    data = (SONGS / name).read_bytes()
    assert MADE[name]() == data
    assert len(data) < 30_000


@each
def test_all_of_it_is_played(name, songs):
    song = songs[name]
    assert [part.name for part in song.parts] == BOARDS[name]
    assert song.parts[0].channels == tuple(range(1, 9))
    assert (song.not_played, song.remarks) == ((), [])
    assert 10 < song.length < 25
    assert song.loop
    assert all(part.sounds > 50 for part in song.parts)


@each
def test_every_part_is_heard_and_nothing_is_clipped(name, songs):
    """The loudest and the softest part are within 8 dB of one another, as they are mixed, and the whole is loud."""
    song = songs[name]
    stems = song.stems(loops=1)
    parts = [stems[:, :8].sum(axis=1), *stems[:, 8:].swapaxes(0, 1)]
    levels = [loudness(part) for part in parts]
    assert max(levels) - min(levels) < 8, levels
    whole = song.render(loops=1)
    assert -22 < loudness(whole) < -15
    assert 0.6 * FULL_SCALE < np.abs(whole.astype(int)).max() < FULL_SCALE - 1


def test_the_canon_has_drums_of_both_widths_and_a_roll_that_loops(songs):
    writes = songs["canon.zsm"].part_writes("vera_pcm")
    addresses, data = writes["address"], writes["data"]
    assert {0x0, 0x20} <= {int(value) & 0x30 for value in data[addresses == vera_pcm.AUDIO_CTRL]}
    assert {-1, 0} == set(data[addresses == vera_pcm.LOOP].tolist())
    assert {part.channels for part in songs["canon.zsm"].parts if part.name == "vera_psg"} == {(1, 2, 3, 4)}


def test_sakura_uses_volumes_and_rates_of_pcm8(songs):
    song = songs["sakura.mdx"]
    assert song.tags == {"title": "さくらさくら"}
    assert song.parts[1].channels == (1, 2, 3, 4, 5)
    writes = song.part_writes("pcm8")
    modes = writes["data"][writes["address"] % 8 == 2]
    assert len(set((modes >> 16).tolist())) >= 3
    assert len(set((modes >> 8 & 7).tolist())) == 2


def test_the_samples_of_sakura_are_found_wherever_they_are(tmp_path, songs):
    song, alone = songs["sakura.mdx"], (SONGS / "sakura.mdx").read_bytes()
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "SAKURA").write_bytes((SONGS / "sakura.pdx").read_bytes())
    for pdx in ((SONGS / "sakura.pdx").read_bytes(), SONGS, SONGS / "sakura.pdx", tmp_path / "samples"):
        other = opm.load(gzip.compress(alone), pdx=pdx)
        np.testing.assert_array_equal(other.part_writes("pcm8"), song.part_writes("pcm8"))
    lost = opm.load(alone)
    assert [part.name for part in lost.parts] == ["ym2151"]
    assert (lost.not_played, len(lost.remarks)) == (("ADPCM (sakura.pdx)",), 1)


def test_the_encoder_follows_a_sound():
    """To less than a tenth of it: what decodes ADPCM gets that back."""
    wanted = drums.drum(15_625, 0.2, 200, 100)
    level, step, got = 0, 0, []
    for byte in sakura.adpcm(wanted):
        for nibble in (byte & 15, byte >> 4):
            level, step = level + DIFFERENCE[step, nibble], NEXT_STEP[step, nibble]
            got.append(level)
    error = np.array(got[: len(wanted)]) - sakura.LOUDEST * wanted
    assert np.abs(got).max() < 2048
    assert np.square(error).mean() < 0.01 * np.square(sakura.LOUDEST * wanted).mean()


def test_noise_is_noise():
    values = drums.noise(20_000)
    assert abs(values.mean()) < 0.02
    assert values.std() == pytest.approx(3**-0.5, rel=0.02)
    assert all(abs(np.corrcoef(values[:-lag], values[lag:])[0, 1]) < 0.03 for lag in range(1, 50))
