"""The tracker of keys, pitches and voices: against a naive one, on random writes."""

import numpy as np

import opm
from opm.voice.channels import PIECE, Channels, one_by_one


def test_against_all_writes_so_far():
    rng = np.random.default_rng(1)
    chip, writes = Channels(), []
    for _ in range(3000):
        address = int(rng.choice([8, 8, *range(256)]))
        writes.append((address, int(rng.integers(256))))
        channel = chip.take(*writes[-1])
        assert (channel is None) == (address < 0x20 and address != 8)
        if channel is None:
            assert chip.held[address] == writes[-1][1]
            continue
        index = channel.index
        assert index == (writes[-1][1] if address == 8 else address) & 7
        held = {a: d for a, d in writes if a >= 0x20 and a & 7 == index}
        keys = [0, *(d >> 3 & 15 for a, d in writes if a == 8 and d & 7 == index)]
        assert channel.held == held
        assert channel.keys == keys[-1]
        if address == 8:
            assert channel.struck == keys[-1] & ~keys[-2]
        assert channel.key_code() == (held.get(0x28 + index, 0) & 127, held.get(0x30 + index, 0) >> 2)
        want = opm.Voice.from_registers(held, index + 1)
        got = channel.voice()
        assert (got.ops, got.con, got.fb, got.rl) == (want.ops, want.con, want.fb, want.rl)
        assert got.slots == (keys[-1] or 15)


def test_a_voice_is_known_by_what_it_is_made_of():
    chip = Channels()
    voice = opm.Voice(con=4, fb=5, pms=3, ops=[opm.Operator(tl=9 * i) for i in range(4)])
    for number in (1, 5):
        for write in (*voice.registers(number), *opm.note(40 + number).registers(number), (8, 0x78 | number - 1)):
            chip.take(*write)
    one, five = chip.channels[0], chip.channels[4]
    assert one.sound() == five.sound()
    assert one.voice() == five.voice() == voice
    assert (one.midi(3_579_545), five.midi(3_579_545)) == (41, 45)
    chip.take(0x60 + 8 + 4, 99)
    assert one.sound() != five.sound()


def test_rows_come_one_by_one():
    writes = np.arange(2 * PIECE + 5)[:, None] * [1, 2]
    assert list(one_by_one(writes)) == writes.tolist()
    assert list(one_by_one(writes[:0])) == []
