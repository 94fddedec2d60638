"""The ROMs: spot values from the die, and the formulas behind them."""

import zlib

import pytest

from opm import tables


@pytest.mark.parametrize(
    ("name", "shape", "crc"),
    [
        ("LOGSIN", (256,), 0xA95494C1),
        ("EXP", (256,), 0x6B25C8A5),
        ("EG_STEP", (4, 4), 0xC1A43207),
        ("DETUNE", (8,), 0xABE7EFA7),
        ("FNUM", (1024,), 0x7D5E967D),
        ("PM", (8, 128), 0x7AE84948),
        ("MODULATION", (4, 5, 8), 0xC3F5EE63),
        ("CARRIER", (4, 8), 0x8A18C837),
        ("EXPONENT", (64,), 0x463CC482),
    ],
)
def test_checksum(name, shape, crc):
    """Checksums of the tables as they were when compared with the reference entry by entry."""
    rom = getattr(tables, name)
    assert rom.shape == shape
    assert not rom.flags.writeable
    assert rom.dtype == "int32"
    assert zlib.crc32(rom.astype("<i4").tobytes()) == crc


def test_values_from_the_die():
    assert tables.LOGSIN[[0, 1, 128, 255]].tolist() == [0x859, 0x6C3, 0x07F, 0]
    assert tables.EXP[[0, 127, 255]].tolist() == [0x7FA, 0x5A8, 0x400]
    assert tables.FNUM[[0, 0x100, 0x200, 0x300, 0x3B0]].tolist() == [1299, 1545, 1837, 2185, 2561]
    assert tables.PM[:, 127].tolist() == [0, 3, 7, 15, 31, 63, 318, 636]
