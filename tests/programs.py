"""Random register programs for property tests, and the mix of separate channels."""

import numpy as np

import opm
from opm._jit import plain
from opm.cycle import dac


def mixed(sides: np.ndarray) -> np.ndarray:
    """Return the chip's mix of what its channels give each side: 18 bits of the sum, clamped and rounded."""
    total = sides.sum(axis=1, dtype=np.int32)
    clamped = np.clip((total << 14) >> 14, -32768, 32767)
    rounded: np.ndarray = plain(dac.rounded)(clamped)
    return rounded


def random_program(seed: int, cycles: int, chip: str = "ym2151", ic: bool = True) -> np.ndarray:
    """Return bus events over all registers: notes, test bits, IC, bursts and gaps down to 0 cycles.

    Half of the programs keep the bus rules, half break them.
    """
    rng = np.random.default_rng(seed)
    polite = rng.random() < 0.5
    test_bits = rng.random() < 0.3
    rows: list[tuple[int, int, int]] = []
    cycle = 0
    while cycle < cycles:
        address = int(rng.integers(256))
        if rng.random() < 0.3:
            address = int(rng.choice([0x08, 0x08, 0x0F, 0x14, 0x18, 0x19, 0x1B, 0x10, 0x11, 0x12]))
        if address in (0x01, 0x09) and not test_bits:
            continue
        data = int(rng.integers(256))
        if address >= 0x80 and address < 0xA0:
            data |= 0x10
        rows.append((cycle, 0, address))
        cycle += int(rng.integers(2, 6)) if polite else int(rng.integers(0, 4))
        rows.append((cycle, 1, data))
        cycle += int(rng.integers(32, 40)) if polite else int(rng.integers(0, 40))
        if rng.random() < 0.05:
            cycle += int(rng.integers(3000))
        if ic and rng.random() < 0.002:
            rows += [(cycle, 2, 1), (cycle + (length := int(rng.integers(1, 200))), 2, 0)]
            cycle += length
    return np.array(rows, opm.EVENT)


def loud_program(seed: int, cycles: int, chip: str = "ym2151") -> np.ndarray:
    """Return a random program that starts with all 8 channels sounding on all operators."""
    rng = np.random.default_rng(seed)
    rows = [(0x20 + ch, 0xC0 | int(rng.integers(64))) for ch in range(8)]
    rows += [(0x28 + ch, int(rng.integers(0x20, 0x60))) for ch in range(8)]
    for base, low, high in ((0x40, 0, 16), (0x60, 8, 40), (0x80, 20, 32), (0xA0, 0, 10), (0xE0, 0, 16)):
        rows += [(base + slot, int(rng.integers(low, high))) for slot in range(32)]
    rows += [(0x08, 0x78 | ch) for ch in range(8)]
    start = 34 * len(rows)
    events = [(34 * i + 2 * kind, kind, row[kind]) for i, row in enumerate(rows) for kind in (0, 1)]
    program = random_program(seed, cycles - start, chip, ic=False)
    program["cycle"] += start
    return np.concatenate([np.array(events, opm.EVENT), program])


def queued_program(seed: int, frames: int, chip: str = "ym2151") -> np.ndarray:
    """Return a loud program whose later writes come as a player sends them: aligned to frames, two frames apart.

    Some are bursts, some lie three cycles off, a few touch test bits and CSM.
    """
    rng = np.random.default_rng(seed)
    program = loud_program(seed, 34 * 200, chip)
    start = 220 if rng.random() < 0.8 else 0
    program = program[program["cycle"] < 32 * start]
    common = [0x08, 0x28, 0x2F, 0x30, 0x37, 0x60, 0x7F, 0x80, 0xA0, 0xC0, 0xE0, 0x43, 0x5C]
    rare = [0x0F, 0x10, 0x11, 0x12, 0x14, 0x18, 0x19, 0x19, 0x1B, 0x20, 0x27, 0x38, 0x3B]
    keep_rare = rng.random() < 0.5
    rows, frame = [], start
    while frame < frames:
        if rng.random() < 0.8:
            address = (int(rng.choice(common)) + int(rng.integers(8)) * int(rng.random() < 0.7)) & 0xFF
        else:
            address = int(rng.choice(rare)) if keep_rare else int(rng.integers(0x40, 0x100))
        data = int(rng.integers(256))
        if address == 0x14 and rng.random() < 0.9:
            data &= 0x7F
        shift = 3 if rng.random() < 0.02 else 0
        rows += [(32 * frame + shift, 0, address), (32 * frame + shift + 2, 1, data)]
        frame += 2 if rng.random() < 0.7 else int(rng.integers(2, 90))
    return np.concatenate([program, np.array(rows, opm.EVENT)])


def modulated_program(seed: int, frames: int, chip: str = "ym2151") -> np.ndarray:
    """Return a loud program whose LFO is written to at any clock of its round, held and let go; CSM in two thirds.

    Depths are large and rates of all speeds, so that a wrong sign or a wrong step is heard at once. Other test bits
    come in a third.
    """
    rng = np.random.default_rng(seed)
    test, style = 9 if chip == "ym2164" else 1, int(rng.integers(3))
    rows, cycle = [], 34 * 210
    for channel in range(8):
        rows += [(cycle, 0, 0x38 + channel), (cycle + 2, 1, int(rng.integers(256)) if rng.random() < 0.8 else 0x70)]
        cycle += 34 + int(rng.integers(8))
    kinds = [0x18, 0x19, 0x1B, test, 0x38, 0x0F, 0x28, 0x08, 0x14, 0x40]
    while cycle < 32 * frames:
        address = int(rng.choice(kinds, p=[0.2, 0.25, 0.15, 0.15, 0.1, 0.03, 0.04, 0.03, 0.03, 0.02]))
        data = int(rng.integers(256))
        if address == 0x18 and rng.random() < 0.7:
            data = int(rng.choice([0, 0x80, 0xC0, 0xD0, 0xE0, 0xF0, 0xFF]))
        if address == 0x19 and rng.random() < 0.6:
            data |= 0x80
        if address == test and (style or rng.random() < 0.7):
            data = int(rng.choice([0, 2, 2]))
        if address == 0x14:
            address, data = (0x14, 0x85) if style == 1 else (int(rng.choice([0x10, 0x11, 0x12, 0x14, 0x14])), data)
        if address in (0x28, 0x38):
            address += int(rng.integers(8))
        if address == 0x40:
            address += int(rng.integers(0xC0))
        cycle += -cycle % 32 if rng.random() < 0.4 else 0
        gap = 2 if rng.random() < 0.7 else int(rng.integers(2, 34))
        rows += [(cycle, 0, address), (cycle + gap, 1, data)]
        cycle += gap + 34 + int(rng.integers(rng.choice([4, 40, 400, 3000, 20_000, 60_000])))
    return np.concatenate([loud_program(seed, 0, chip), np.array(rows, opm.EVENT)])


def timer_program(seed: int, frames: int, chip: str = "ym2151") -> np.ndarray:
    """Return a loud program whose timers are written as a sound driver does: in any frame, among other writes.

    Timers run fast in half of the programs; CSM is on in a quarter; one write in thirty is not aligned to frames.
    """
    rng = np.random.default_rng(seed)
    style, rows, frame = int(rng.integers(4)), [], 222
    while frame < frames:
        address = int(rng.choice([0x14, 0x10, 0x11, 0x12, rng.integers(0x20), rng.integers(0x20, 0x100)], p=SHARES))
        data = int(rng.integers(256))
        if address in (0x10, 0x12) and style >= 2:
            data |= 0xF8
        if address == 0x14 and style:
            data &= 0x7F
        if address in (0x01, 0x09):
            data &= 0xC2
        cycle = 32 * frame + (int(rng.integers(30)) if rng.random() < 1 / 30 else 0)
        rows += [(cycle, 0, address), (cycle + 2, 1, data)]
        frame += int(rng.choice([1, 1, 2, 3, 5, 9, 20, 60, 300])) + (cycle % 32 != 0)
    return np.concatenate([loud_program(seed, 0, chip), np.array(rows, opm.EVENT)])


SHARES = [0.4, 0.1, 0.1, 0.1, 0.1, 0.2]
"""Of register 14, the timers' other registers, any below 20, any from there on."""


def envelope_program(seed: int, frames: int, chip: str = "ym2151") -> np.ndarray:
    """Return a program of notes whose envelopes move in all ways: every rate, KS, D1L, AM and PM; keys at any frame.

    Writes come in bursts with up to 600 frames between, so that most of the program is long spans.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, int]] = []
    for base, low, high in (
        (0x40, 0, 128),
        (0x60, 0, 128),
        (0x80, 0, 256),
        (0xA0, 0, 256),
        (0xC0, 0, 256),
        (0xE0, 0, 256),
    ):
        rows += [(base + slot, int(rng.integers(low, high))) for slot in range(32)]
    rows += [(base + ch, int(rng.integers(256))) for base in (0x20, 0x28, 0x30, 0x38) for ch in range(8)]
    rows += [(0x18, int(rng.integers(256))), (0x19, int(rng.integers(256))), (0x19, 0), (0x1B, int(rng.integers(4)))]
    events = [(32 * (1 + 2 * i) + 2 * kind, kind, row[kind]) for i, row in enumerate(rows) for kind in (0, 1)]
    frame = 3 + 2 * len(rows)
    while frame < frames:
        address = int(rng.choice([0x08, 0x08, 0x08, 0x28 + rng.integers(8), 0x40 + rng.integers(0xC0)]))
        data = (0x78 if rng.random() < 0.6 else 0) | int(rng.integers(8)) if address == 0x08 else int(rng.integers(256))
        events += [(32 * frame, 0, address), (32 * frame + 2, 1, data)]
        frame += 2 if rng.random() < 0.5 else int(rng.integers(2, 600))
    return np.array(events, opm.EVENT)


def panned_program(seed: int, frames: int, chip: str = "ym2151") -> np.ndarray:
    """Return a loud program that pans its channels in mid-note, at any clock or aligned to frames.

    There is noise, keys, anything. Some data bytes come late; writes are from one frame to some hundred apart.
    """
    rng = np.random.default_rng(seed)
    rows, cycle = [], 34 * 208 + int(rng.integers(64))
    while cycle < 32 * frames:
        panning, level, anything = rng.integers((0x20, 0x60, 0x20), (0x28, 0x80, 0x100)).tolist()
        address = int(rng.choice([panning, panning, panning, 0x27, 0x08, 0x0F, level, anything]))
        cycle += -cycle % 32 if rng.random() < 0.5 else 0
        late = int(rng.integers(20)) if rng.random() < 0.2 else 0
        rows += [(cycle, 0, address), (cycle + 2 + late, 1, int(rng.integers(256)))]
        cycle += 34 + late + int(rng.integers(rng.choice([34, 70, 1000, 6000])))
    return np.concatenate([loud_program(seed, 0, chip), np.array(rows, opm.EVENT)])


def settled_chip(seed: int, make: type[opm.YM2151] = opm.YM2151) -> opm.YM2151:
    """Return a chip some time after a random patch was keyed on: all algorithms, envelopes slow and fast, any LFO."""
    rng = np.random.default_rng(seed)
    chip = make()
    often, slow = rng.random(), rng.random()

    def some(share: float, else_value: int = 0) -> int:
        return int(rng.integers(256)) if rng.random() < share else else_value

    for ch in range(8):
        rows = [(0x20, 0xC0 * int(rng.random() < 0.9) | int(rng.integers(64))), (0x28, int(rng.integers(0x80)))]
        rows += [(0x30, some(1)), (0x38, some(0.6))]
        for base, row in rows:
            chip.write_register(base + ch, row)
    for slot in range(32):
        level = int(rng.integers(60 if rng.random() < 0.8 else 128))
        level |= 0x80 * int(make is opm.YM2164 and rng.random() < 0.1)
        rows = [(0x40, some(1)), (0x60, level), (0x80, some(0.5, 31)), (0xA0, some(slow, 0x80))]
        rows += [(0xC0, some(slow, 0x40 * int(rng.integers(4)))), (0xE0, some(1))]
        for base, row in rows:
            chip.write_register(base + slot, row)
    lfo = [(0x18, int(rng.choice([0, 0x80, 0xC0, 0xF0, 0xFF, some(1)]))), (0x19, some(1) & 0x7F)]
    lfo += [(0x19, 0x80 | some(often)), (0x1B, some(1) & 3), (0x0F, some(1) & 0x1F | 0x80 * int(rng.random() < 0.3))]
    timers = [(0x10, some(1)), (0x12, some(1)), (0x14, some(0.5) & 0x3F)]
    for address, data in lfo + timers + [(0x08, some(1) & 0x78 | ch) for ch in range(8)]:
        chip.write_register(address, data)
    chip.generate(2 * chip.pending + int(rng.integers(1, 3000)))
    return chip
