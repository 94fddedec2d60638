"""What ``Song.save`` keeps comes back; what a format cannot keep it names: a table of features and formats."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from test_mdx import LATE, LOOPING, LOUDER, TICK, mdx_file

import opm
from opm.song import PART_WRITE, WRITE, Bank, Companion, Loop, Opm, Song, SongError
from opm.song.streams import BLOCK, COMMAND, DATA, FREQUENCY, LENGTH, PLAY, START, STOP, STREAM
from opm.song.writers import WRITERS

NOTE = [(0, 0x20, 0xC7), (0, 0x28, 0x4A), (0, 0x80, 31), (0, 0xE0, 15), (0, 0x08, 8), (22_050, 0x08, 0)]
"""Ticks of 1/44100 s."""
ENDINGS = (*WRITERS, ".mid")


def song_of(rows=NOTE, chips=1, rate=Fraction(44_100), **more):
    """Return a song of half a second and a second of rest; the second chip plays what the first does."""
    table = np.array([(tick, chip, address, data) for tick, address, data in rows for chip in range(chips)], WRITE)
    parts = more.pop("parts", (Opm(),) * chips)
    return Song.of(**{"rows": table, "end": 66_150, "ticks_per_second": rate, "opms": parts, **more})


def loops(song):
    """Return what a loop sounds like: the writes of four passes."""
    return [song.events(loops=n).tolist() for n in (1, 2, 4)]


def part(name, rows, clock=4_000_000, **more):
    """Return a chip that takes writes of tick, address, data."""
    return Companion(name, clock, np.array(rows, PART_WRITE), **more)


def board(song):
    """Return all that is known of the other chips."""
    return [
        (each.name, each.clock, each.rows.tolist(), each.again, each.memory, dict(each.options), dict(each.banks))
        for each in song.companions
    ]


def board_levels(song):
    return [round(each.level, 6) for each in song.companions]


LOGS, VGMS = (".log", ".json"), (".vgm", ".vgz")
SEGA = {"clock": 4_000_000, "level": 1.5, "memory": bytes(range(256)) * 8, "options": {"interface": 0x0070000C}}
SEGA_ROWS = [(0, 0x86, 2), (10, 0x07, 0x40), (22_050, 0x86, 0), (33_075, 0x7FFF, 255)]
STREAMED = [
    (0, STREAM | COMMAND, 1), (0, STREAM | DATA, 4 | 1 << 8), (0, STREAM | FREQUENCY, 7812), (0, 0, 2),
    (0, STREAM | START, -1), (0, STREAM | LENGTH, 6), (0, STREAM | PLAY, 0x84), (9000, STREAM | BLOCK, 1 | 0x10 << 16),
    (30_000, STREAM | STOP, 0),
]  # fmt: skip
ADPCM = {
    "clock": 8_000_000, "level": 1.75, "options": {"divider": 2, "adpcm_bits": 4, "output_bits": 10},
    "banks": {4: Bank(b"abcdefgh", ((0, 5), (5, 3)))},
}  # fmt: skip
MIDI_LOOP = {".mid": "the loop"}
FAST = [(tick * 10**9, address, data) for tick, address, data in NOTE]
# Feature: the song; what comes back of it; the beginning of what a format says it does not keep, by its ending.
FEATURES = {
    "nothing special": (song_of(), lambda song: song.length, {}),
    "a title": (song_of(tags={"title": "A"}), lambda song: song.tags, {}),
    "a title beyond latin-1": (song_of(tags={"title": "曲"}), lambda song: song.tags, {".mid": "tags: title"}),
    "an author": (song_of(tags={"author": "B"}), lambda song: song.tags, {".mid": "tags: author"}),
    "a tag of its own": (
        song_of(tags={"tempo": "fast"}),
        lambda song: song.tags,
        dict.fromkeys((".vgm", ".vgz", ".mid"), "tags: tempo"),
    ),
    "a clock": (song_of(opms=(Opm(clock=4_000_000),)), lambda song: song.clock, {}),
    "a loop": (song_of(loop_start=Loop(11_025, 5)), loops, MIDI_LOOP),
    "a loop of the whole song": (song_of(loop_start=Loop(0, 0)), loops, MIDI_LOOP),
    "a loop without writes": (song_of(loop_start=Loop(44_100, 6)), lambda song: song.loop, MIDI_LOOP),
    "a loop shorter than a sample": (
        song_of(FAST, rate=Fraction(44_100 * 10**9), end=66_150 * 10**9, loop_start=Loop(66_150 * 10**9 - 1, 6)),
        lambda song: song.loop,
        {".mid": "the loop", **dict.fromkeys(WRITERS, "the loop, which is shorter")},
    ),
    "a loop between the chip's samples": (
        song_of(FAST, rate=Fraction(44_100 * 10**9), end=66_150 * 10**9, loop_start=Loop(11_025 * 10**9 + 7, 5)),
        lambda song: song.seconds(song.loop_ticks),
        {
            ".mid": "the loop",
            **dict.fromkeys((".vgm", ".vgz"), "times between samples"),
            **dict.fromkeys((".log", ".json"), "the loop's length to a fraction of a frame"),
        },
    ),
    "times between samples": (
        song_of([(tick * 1000 + 1, *write) for tick, *write in NOTE], rate=Fraction(44_100_000), end=66_150_000),
        lambda song: song.writes["seconds"].tolist(),
        {
            **dict.fromkeys((".vgm", ".vgz"), "times between samples"),
            **dict.fromkeys((".log", ".json"), "times between the chip's samples"),
        },
    ),
    "a loop modifier": (
        song_of(loop_start=Loop(11_025, 5), loop_modifier=0x20),
        loops,
        {**MIDI_LOOP, **dict.fromkeys((".log", ".json"), "loop modifier 0x20 and loop base 0")},
    ),
    "a loop base": (
        song_of(loop_start=Loop(11_025, 5), loop_base=-2),
        loops,
        {**MIDI_LOOP, **dict.fromkeys((".log", ".json"), "loop modifier 0x10 and loop base -2")},
    ),
    "a volume": (
        song_of(gain=0.5),
        lambda song: song.volume,
        dict.fromkeys((".log", ".json", ".mid"), "the volume modifier of -6.0 dB"),
    ),
    "a YM2164": (
        song_of(opms=(Opm("ym2164"),)),
        lambda song: song.chips,
        {**dict.fromkeys((".log", ".json"), "that the chip is a YM2164"), ".mid": "instruments"},
    ),
    "two chips": (song_of(chips=2), lambda song: len(song.events(1)), dict.fromkeys((".log", ".json"), SongError)),
    "a second chip of another type": (
        song_of(chips=2, opms=(Opm(), Opm("ym2164"))),
        lambda song: song.chips,
        {
            **dict.fromkeys((".vgm", ".vgz"), "that the second chip is a YM2164"),
            **dict.fromkeys((".log", ".json"), SongError),
            ".mid": "instruments",
        },
    ),
    "a second chip with its own clock": (
        song_of(chips=2, opms=(Opm(), Opm(clock=4_000_000))),
        lambda song: song.clocks,
        dict.fromkeys((".log", ".json"), SongError),
    ),
    "double speed": (
        song_of(
            [(tick * 22_675_737, *write) for tick, *write in NOTE],
            rate=Fraction(10**12), end=1_500_000_000_000, double_speed=True,
        ),
        lambda song: (song.double_speed, song.length),
        dict.fromkeys((".vgm", ".vgz"), "the cat2151 family's timing"),
    ),
    "double speed in samples": (
        song_of(rate=None, double_speed=True),
        lambda song: song.double_speed,
        dict.fromkeys(WRITERS, "the cat2151 family's timing"),
    ),
    "CSM": (song_of([(0, 0x14, 0x80), *NOTE]), lambda song: len(song.writes), {".mid": "notes that timer A strikes"}),
    "a third YM2151": (
        song_of(chips=3),
        lambda song: len(song.chips),
        {**dict.fromkeys(VGMS, "the YM2151s beyond two: 1"), **dict.fromkeys(LOGS, SongError)},
    ),
    "a chip with a ROM": (
        song_of(companions=(part("sega_pcm", SEGA_ROWS, **SEGA),)),
        board,
        {**dict.fromkeys(LOGS, "the Sega PCM"), ".mid": "the Sega PCM"},
    ),
    "a chip in a loop": (
        song_of(companions=(part("sega_pcm", SEGA_ROWS, again=2, **SEGA),), loop_start=Loop(11_025, 5)),
        board,
        {**dict.fromkeys(LOGS, "the Sega PCM"), ".mid": "the loop"},
    ),
    "a chip's level": (
        song_of(companions=(part("sega_pcm", SEGA_ROWS, **SEGA | {"level": 0.75}),)),
        board_levels,
        {**dict.fromkeys(LOGS, "the Sega PCM"), ".mid": "the Sega PCM"},
    ),
    "two chips of a kind": (
        song_of(companions=tuple(
            part("msm6295", [(i, 0, 0x81), (i, 0, 0x10)], clock, level=0.5, memory=bytes(2048), options={"pin7": 1})
            for i, clock in enumerate((1_000_000, 2_000_000))
        )),
        board,
        {**dict.fromkeys(LOGS, "the MSM6295"), ".mid": "the MSM6295's samples themselves"},
    ),
    "a third chip of a kind": (
        song_of(companions=(part("sn76489", [(5, 0, 0x90)], options={}),) * 3),
        lambda song: len(song.companions),
        dict.fromkeys(ENDINGS, "the SN76489"),
    ),
    "streams": (
        song_of(companions=(part("msm6258", STREAMED, **ADPCM),)),
        board,
        {**dict.fromkeys(LOGS, "the MSM6258"), ".mid": "the MSM6258"},
    ),
    "what VGM has no chip for": (
        song_of(companions=(part("vera_psg", [(0, 2, 0xFF)], 25_000_000),)),
        board,
        dict.fromkeys(ENDINGS, "the VERA PSG"),
    ),
    "chips that nothing plays": (
        song_of(not_played=("SN76489",)),
        lambda song: song.not_played,
        dict.fromkeys(ENDINGS, "what nothing here plays: SN76489"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("feature", FEATURES)
def test_what_is_not_kept_is_named(feature, ending, tmp_path):
    """And nothing else: a feature that a format is said to keep is read back."""
    song, looked_at, named = FEATURES[feature]
    path = tmp_path / f"song{ending}"
    expected = named.get(ending)
    if expected is SongError:
        with pytest.raises(SongError, match="holds the writes of one chip"):
            song.save(path)
        assert not path.exists()
        return
    lost = song.save(path)
    assert expected is None or any(line.startswith(expected) for line in lost), f"{ending} loses {feature}: {lost}"
    if ending == ".mid":
        others = [line for line in lost if not line.startswith(("instruments", "the ", expected or "instruments"))]
        assert others == [], f"what else {feature} is said to lose"
        return
    if expected is None:
        assert looked_at(opm.load(path)) == looked_at(song), f"{ending} is said to keep {feature}"
        rest = [line for line in lost if not line.startswith("times between")]
        assert rest == [], f"what else {feature} is said to lose"
    else:
        assert looked_at(opm.load(path)) != looked_at(song), f"{ending} keeps {feature}, and says that it does not"


@pytest.mark.parametrize(
    ("tracks", "later"),
    [([LOOPING], 0), ([LOOPING, LATE], 8), ([LOUDER], 8)],
    ids=["rounds alike", "voice set later", "no round alike"],
)
@pytest.mark.parametrize("ending", WRITERS)
def test_a_looping_mdx_keeps_its_length_for_every_player(ending, tracks, later, tmp_path):
    """No loop base, which few players know: the loop begins where all that follows comes again, and says it."""
    song = opm.load(mdx_file(*tracks))
    lost = song.save(tmp_path / f"song{ending}")
    again = opm.load(tmp_path / f"song{ending}")
    assert (again.loop_base, again.loop_modifier, again.intro_passes) == (0, 16, 0)
    assert again.length == pytest.approx(song.length + later * TICK / 4_000_000, abs=1e-4)
    assert again.seconds(again.loop_ticks) == pytest.approx(song.seconds(song.loop_ticks), abs=1e-4)
    assert any(line.startswith("the length of") for line in lost) == (later > 0)
    same = zip(again.writes.tolist(), song.but(intro_passes=0).writes.tolist(), strict=False)
    first = list(itertools.islice(same, len(again.writes)))
    assert [ours[1:] for ours, _ in first] == [theirs[1:] for _, theirs in first]


def test_a_loop_that_plays_no_writes_stays_when_its_song_gets_other_voices():
    song = song_of(loop_start=Loop(44_100, 6))
    assert song.revoice({0: opm.Voice("other", con=7)}).loop == song.loop
