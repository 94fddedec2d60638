"""VGM's other chips: what was found by playing real files beside libvgm."""

import struct
from fractions import Fraction

import numpy as np
import pytest

import opm
from opm.board.mix import Interpolator

CLOCK = 3_579_545


def vgm_file(body, **fields):
    """Build a VGM file with a YM2151. Fields are u32 by their offset, as x1c=..."""
    header = bytearray(0x100)
    header[:4] = b"Vgm "
    values = {0x08: 0x171, 0x30: CLOCK, 0x34: 0x100 - 0x34}
    values |= {int(name[1:], 16): value for name, value in fields.items()}
    for at, value in values.items():
        struct.pack_into("<I", header, at, value)
    return bytes(header) + bytes.fromhex(body) + b"\x66"


@pytest.mark.parametrize(
    ("kind", "given", "clock"),
    [(0, 21_390, 12_288_000), (2, 44_100, 25_056_500), (0, 44_100, 576 * 44_100), (2, 21_390, 576 * 21_390)],
)
def test_sample_rates_that_old_files_give_instead_of_a_c140s_clock(kind, given, clock):
    song = opm.load(vgm_file("D4 00 00 FF", xa8=given, x94=kind << 16))
    assert [(part.name, part.clock) for part in song.parts[1:]] == [("c140", clock)]


def test_a_chip_is_not_softer_for_a_stray_write_to_a_second_one():
    one, both = "A0 08 0F", "A0 08 0F A0 88 0F"
    files = [vgm_file(one, x74=CLOCK), vgm_file(both, x74=CLOCK), vgm_file(both, x74=1 << 30 | CLOCK)]
    alone, stray, two = (opm.load(file).companions[0].level for file in files)
    assert (alone, alone / 2) == (stray, two)


def test_a_part_at_the_songs_own_rate_is_not_filtered():
    samples = np.random.default_rng(1).uniform(-32768, 32767, (2, 3000)).astype(np.float32)
    in_step, done, pieces = Interpolator(Fraction(1)), 0, []

    def make(sides, first):
        nonlocal done
        count = sides.shape[1] - first
        sides[:, first:] += samples[:, done : done + count]
        done += count

    for frames in (1, 0, 7, 500, 1000):
        pieces.append(np.zeros((frames, 2), np.float32))
        in_step.add(pieces[-1], make)
    assert (np.concatenate(pieces) == samples[:, :1508].T).all()
