"""The register map: names for people, and the decode that derives from it."""

from itertools import combinations

import numpy as np
import pytest

import opm
from opm.registers import BOTH, CHIPS, OPM, OPP, REGISTERS, encode, fields, lfo_hertz, rows


@pytest.mark.parametrize(
    ("address", "data", "text"),
    [
        (0x82, 0x9F, "M1 of channel 3: KS 2, AR 31"),
        (0x6A, 0x05, "M2 of channel 3: TL 5"),
        (0x20, 0xC7, "channel 1: RL 3, FB 0, CON 7"),
        (0x2F, 0x4A, "channel 8: KC 74"),
        (0x08, 0x7A, "channel 3: key on M1+M2+C1+C2"),
        (0x08, 0x12, "channel 3: key on C1"),
        (0x08, 0x07, "channel 8: key off"),
        (0x19, 0x85, "chip: PMD 5"),
        (0x19, 0x05, "chip: AMD 5"),
        (0x0F, 0x9F, "chip: NE 1, NFRQ 31"),
        (0x00, 0x00, "no register"),
        (0x01, 0x02, "chip: LFO reset on"),
        (0x01, 0x00, "chip: all test bits off"),
        (0x01, 0x22, "chip: LFO reset on, envelopes at full level"),
        (0x14, 0x15, "chip: clear timer A's flag, timer A sets its flag, stop timer B, run timer A"),
        (0x14, 0x80, "chip: timer A keys all slots on, stop timer B, stop timer A"),
        (0x18, 196, "chip: LFRQ 196, 4.27 Hz"),
        (0x1B, 0x02, "chip: W 2, triangle"),
        (0x1B, 0xC0, "chip: pin CT2 high, pin CT1 high, W 0, saw"),
    ],
)
def test_describe(address, data, text):
    assert opm.describe(address, data) == text


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_describe_lists_no_switches_that_are_off(chip):
    for address in range(256):
        for data in (0, 1, 2, 0x55, 0x80, 0xFF):
            text = opm.describe(address, data, chip)
            assert not any(
                f"{name} {bit}" in text for name in ("TEST0", "TEST1", "CSM", "IRQen A", "CT1") for bit in "01"
            )
            assert text == "no register" or text.partition(": ")[2], f"{address:02X} {data:02X}"


def test_describe_takes_the_clock():
    assert opm.describe(0x18, 196, clock=4_000_000) == "chip: LFRQ 196, 4.77 Hz"


def test_describe_ym2164():
    assert opm.describe(0x03, 7, chip="ym2164") == "channel 4: RAMP 7"
    assert opm.describe(0x01, 7) != opm.describe(0x01, 7, chip="ym2164")


@pytest.mark.parametrize(("address", "data", "chip"), [(256, 0, "ym2151"), (0, -1, "ym2151"), (0, 0, "opl")])
def test_describe_refuses(address, data, chip):
    with pytest.raises(ValueError, match=r"256|-1|opl"):
        opm.describe(address, data, chip=chip)


@pytest.mark.parametrize("chips", [OPM, OPP])
def test_no_two_fields_claim_a_bit(chips):
    for address in range(256):
        taken = {}
        for bits in rows(address, chips):
            for bit in range(bits.low, bits.high + 1):
                assert (bit, bits.when) not in taken, f"{address:02X} bit {bit}: {bits.name}, {taken[bit, bits.when]}"
                taken[bit, bits.when] = bits.name


def test_every_register_reaches_its_field():
    """Write all ones to every register of both chips, look for exactly the field's bits."""
    counts = {field.name: field.count for field in opm.FIELDS}
    for bits in REGISTERS:
        chip = opm.YM2164() if bits.chips == OPP else opm.YM2151()
        if bits.field.startswith("reset"):
            continue  # lasts less than a cycle: the golden vectors cover it
        for index in range({0: 1, 1: 8, 2: 32}[bits.scope]):
            address = bits.base + index
            data = 0x7F if bits.when == 0 else 0xFF
            chip.write(0, address)
            chip.step(2)
            chip.write(1, data)
            chip.step(40)
            got = chip.state[bits.field]
            value = int(got if counts[bits.field] == 1 else got[bits.index + index])
            want = ((2 << (bits.high - bits.low)) - 1) << bits.place
            assert value & want == want, f"{address:02X} {bits.name}: expected {want:x} in {bits.field}, got {value:x}"


def test_registers_are_in_the_map():
    assert {bits.chips for bits in REGISTERS} == {BOTH, OPM, OPP}
    assert all(bits.field in opm.STATE.names for bits in REGISTERS)
    assert np.unique([bits.name for bits in REGISTERS]).size > 40


def test_the_documentation_lists_the_table():
    """``help(opm.registers)`` shows every row, as it is decoded."""
    lines = (opm.registers.__doc__ or "").splitlines()
    assert "20-27    7-6   RL         ch_rl         output: 1 left, 2 right, 3 both" in lines
    assert "19       6-0   PMD        pmd           LFO phase depth (bit 7 = 1)" in lines
    for row in REGISTERS:
        assert [
            line for line in lines if line.startswith(f"{row.base:02X}") and row.name in line and row.meaning in line
        ]


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_encode_and_fields_are_inverse(chip):
    """Every byte of every register, but the bits no field claims."""
    for address in range(256):
        for data in range(256):
            values = fields(address, data, chip)
            again = encode(address, chip, **values)
            assert fields(address, again, chip) == values or address == 0x19, f"{address:02X} = {data:02X}"
            assert again & ~data == 0


def test_encode_by_hand():
    assert encode(0x20, rl=3, fb=5, con=4) == 0xEC
    assert encode(0xA3, ams_en=1, d1r=9) == 0x89
    assert (encode(0x19, amd=0x30), encode(0x19, pmd=0x18)) == (0x30, 0x98)
    assert encode(0x08, channel=2, m1=1, c2=1) == 0x4A
    assert encode(0x30, kf=1) == 4


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_encode_takes_no_two_fields_that_share_a_bit(chip):
    """Any two fields of a register come back as they were given, or are refused: AMD and PMD are."""
    refused = set()
    for address in range(256):
        for one, other in combinations(rows(address, CHIPS[chip]), 2):
            values = {one.key: one.most, other.key: other.most}
            try:
                assert fields(address, encode(address, chip, **values), chip).items() >= values.items()
            except ValueError as error:
                assert f"one of {one.key}, {other.key}" in str(error)  # noqa: PT017
                refused.add((address, one.key, other.key))
    assert refused == {(0x19, "amd", "pmd")}
    with pytest.raises(ValueError, match="register 19 of the ym2151 holds one of pmd, amd at a time"):
        encode(0x19, pmd=0, amd=5)


@pytest.mark.parametrize(
    ("address", "values", "words"),
    [(0x80, {"ar": 32}, "ar must be 0 to 31, got 32"), (0x80, {"tl": 1}, "has KS, AR"), (0x02, {"x": 1}, "no field")],
)
def test_encode_refuses(address, values, words):
    with pytest.raises(ValueError, match=words):
        encode(address, **values)


def test_the_lfos_frequency_needs_a_register():
    with pytest.raises(ValueError, match="lfrq must be 0 to 255, got 256"):
        lfo_hertz(256)
    with pytest.raises(ValueError, match="clock must be a number above 0, got 0"):
        lfo_hertz(1, 0)
