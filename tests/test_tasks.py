"""Small tasks as a user would write them, with public names only."""

import wave

import numpy as np
from conftest import ROOT

import opm

SONG = ROOT / "player" / "songs" / "mountain_king.vgm"


def test_the_envelope_of_channel_3_in_mid_song():
    chip = opm.load(SONG).chip_at(36.0)
    rows = opm.trace(chip, [("eg_level", slot) for slot in (2, 10, 18, 26)], stop=5000)
    levels_db = -rows["eg_level[26]"] * opm.views.DB_PER_STEP
    assert np.ptp(levels_db) > 3
    assert opm.views.slot(chip, 3, "C2")["level dB"] == levels_db[-1]


def test_a_song_and_a_wav_from_a_list_of_notes(tmp_path):
    organ = opm.Voice("organ", con=7, ops=tuple(opm.Operator(tl=20 + 6 * i, mul=i + 1) for i in range(4)))
    scale = [(0, 1, i / 4, i / 4 + 0.2, 60 + step, -15, 0) for i, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12))]
    song = opm.Song.from_notes(scale, [organ])
    with wave.open(str(tmp_path / "scale.wav"), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(song.render(rate=48_000).tobytes())
    with wave.open(str(tmp_path / "scale.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
    first = sound[1000:9000, 0] * np.hanning(8000)
    assert abs(np.abs(np.fft.rfft(first)).argmax() * 6 - 261.6) < 6


def test_two_chips_compared_field_by_field():
    song = opm.load(SONG)
    one, other = song.chip_at(20.0), song.chip_at(20.0)
    other.write_register(0x60, 5)
    for chip in (one, other):
        chip.generate(4)
    changed = {name for name in opm.STATE.names if np.any(one.state[name] != other.state[name])}
    assert "sl_tl" in changed
    assert changed.isdisjoint({"pg_phase", "ch_kc", "lfo_counter2"})


def test_a_vgm_written_from_python(tmp_path):
    writes = [(0, 0x20, 0xC7), *((0, *row) for row in opm.note("A4").registers(1)), (0, 0x80, 31), (0.1, 0x08, 8)]
    opm.Song(writes, length=1.0, tags={"title": "A"}).save(tmp_path / "a.vgm")
    assert opm.load(tmp_path / "a.vgm").length == 1.0


def test_a_live_chip_in_python():
    """As in a notebook, with an output that remembers instead of a sound card."""
    import time

    from player import Live

    class Memory:
        rate = 55_930.390625

        def __init__(self):
            self.blocks = []

        def write(self, samples):
            self.blocks.append(samples)
            time.sleep(0.001)

        def start(self):
            """Begin."""

        close = start

    memory = Memory()
    live = Live(output=memory)
    live.start()
    for address, data in [(0x20, 0xC7), *opm.note("A4").registers(1), (0x60, 0), (0x80, 31), (0x08, 8)]:
        live.write(address, data)
    live.play(opm.Song([(0, *opm.note("A5").registers(1)[0])]), at=live.time + 0.1)
    while len(memory.blocks) < 60 or live.pending:
        time.sleep(0.01)
    live.stop()
    sound = np.concatenate(memory.blocks)
    assert np.abs(sound).max() > 4000
    rising = [np.count_nonzero(np.diff(part[:, 0] > 0)) for part in (sound[2000:4000], sound[-2000:])]
    assert rising[1] == 2 * rising[0] or abs(rising[1] - 2 * rising[0]) <= 2
