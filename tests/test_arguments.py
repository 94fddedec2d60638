"""Whatever number a public function is given: it is taken, or refused in one line that says what was given."""

import math

import matplotlib as mpl
import numpy as np
import pytest

import opm
from opm import plot
from opm.dataset import Plan, random_voice
from opm.song import FASTEST, SLOWEST
from opm.voice import parameters, voice_of
from player import Live

mpl.use("Agg")

WRONG = {
    "inf": math.inf,
    "-inf": -math.inf,
    "nan": math.nan,
    "1e308": 1e308,
    "-1e308": -1e308,
    "10**400": 10**400,
    "-10**400": -(10**400),
    "-1": -1,
    "-0.5": -0.5,
    "None": None,
    "True": True,
    "text": "5",
    "list": [5],
    "object": b"5",
}
WRITES = [(0, 0x20, 0xC7), (0, 0x28, 0x4A), (0, 0x80, 31), (0, 0x08, 8), (0.01, 0x08, 0)]
ORGAN = opm.Voice("organ", con=7, ops=(opm.Operator(tl=20),) * 4)
SONG = opm.Song(WRITES)
EVENTS = SONG.events()
SOUND = opm.run(EVENTS, 2000)
ROWS = opm.trace(EVENTS, ["eg_level", "eg_state", "sl_tl", "kon"], stop=50)
LEVELS, STATES = ROWS["eg_level"][:, 0], ROWS["eg_state"][:, 0]
NOTE = (0, 1, 0.0, 0.1, 69.0, 0.0, 0)


def replaced(row, index, value):
    return (*row[:index], value, *row[index + 1 :])


def noted(**changed):
    """Return a note as ``notes()`` would, changed."""
    notes = opm.Song.from_notes([NOTE], [ORGAN]).notes()
    for name, value in changed.items():
        notes[name] = value
    return notes


NUMBERS = {
    # songs
    "Song(clock)": (lambda x: opm.Song(WRITES, clock=x), ()),
    "Song(loop)": (lambda x: opm.Song(WRITES, loop=x), ("None",)),
    "Song(length)": (lambda x: opm.Song(WRITES, length=x), ("None",)),
    **{f"Song(write {i})": (lambda x, i=i: opm.Song([replaced((0.0, 0, 0x20, 0xC7), i, x)]), ()) for i in (0, 2, 3)},
    "Song(write's chip)": (lambda x: opm.Song([(0.0, x, 0x20, 0xC7)], chips=("ym2151",) * 2), ()),
    "render(loops)": (lambda x: SONG.render(loops=x), ("True",)),
    "render(fade)": (lambda x: SONG.render(fade=x), ()),
    "render(start)": (lambda x: SONG.render(start=x), ()),
    "render(stop)": (lambda x: SONG.render(stop=x), ("None",)),
    "render(mute)": (lambda x: SONG.render(mute=x), ("True",)),
    "render(rate)": (lambda x: SONG.render(rate=x), ("None",)),
    "stems(loops)": (lambda x: SONG.stems(loops=x), ("True",)),
    "stems(fade)": (lambda x: SONG.stems(fade=x), ()),
    "stems(start)": (lambda x: SONG.stems(start=x), ()),
    "stems(stop)": (lambda x: SONG.stems(stop=x), ("None",)),
    "stems(rate)": (lambda x: SONG.stems(rate=x), ("None",)),
    "events(chip)": (lambda x: SONG.events(chip=x), ()),
    "events(loops)": (lambda x: SONG.events(loops=x), ("True",)),
    "chip_at(seconds)": (SONG.chip_at, ()),
    "chip_at(chip)": (lambda x: SONG.chip_at(0.0, chip=x), ()),
    "from_notes(clock)": (lambda x: opm.Song.from_notes([NOTE], [ORGAN], clock=x), ()),
    **{
        f"from_notes(note {i})": (lambda x, i=i: opm.Song.from_notes([replaced(NOTE, i, x)], [ORGAN]), fits)
        for i, fits in enumerate([(), (), (), (), (), ("-1", "-0.5"), ()])
    },
    "revoice(number)": (lambda x: SONG.revoice({0 if x == [5] else x: ORGAN}), ("list",)),
    # the chip
    "note": (opm.note, ()),
    "note(clock)": (lambda x: opm.note("A4", x), ()),
    "midi_of(kc)": (opm.midi_of, ("True",)),
    "midi_of(kf)": (lambda x: opm.midi_of(74, x), ("True",)),
    "midi_of(clock)": (lambda x: opm.midi_of(74, 0, x), ("1e308",)),
    "note_name": (opm.views.note_name, ("True", "-1")),
    "KeyCode.registers(channel)": (lambda x: opm.note("A4").registers(x), ("True",)),
    "Voice.registers(channel)": (ORGAN.registers, ("True",)),
    "Voice.events(note)": (lambda x: ORGAN.events(x, 0.1), ()),
    "Voice.events(duration)": (lambda x: ORGAN.events("A4", x), ("inf", "1e308", "10**400")),
    "Voice.note(pitch)": (lambda x: ORGAN.note(x, 0.1), ()),
    "Voice.note(seconds)": (lambda x: ORGAN.note("A4", x), ("inf", "1e308", "10**400")),
    "Voice.note(clock)": (lambda x: ORGAN.note("A4", 0.1, x), ()),
    "make_events(cycle)": (lambda x: opm.make_events([(x, 0, 0)]), ("True",)),
    "make_events(kind)": (lambda x: opm.make_events([(0, x, 0)]), ("True",)),
    "make_events(data)": (lambda x: opm.make_events([(0, 0, x)]), ("True",)),
    "run(frames)": (lambda x: opm.run(EVENTS, x), ("True",)),
    "run(cycles_per_frame)": (lambda x: opm.run(EVENTS, 1, cycles_per_frame=x), ("True",)),
    "YM2151(clock)": (opm.YM2151, ()),
    # looks
    "trace(start)": (lambda x: opm.trace(EVENTS, ["kon"], start=x, stop=5), ("True",)),
    "trace(stop)": (lambda x: opm.trace(EVENTS, ["kon"], stop=x), ("True",)),
    "trace(index)": (lambda x: opm.trace(EVENTS, [("kon", x)], stop=5), ("True", "None")),
    "views.slot(clock)": (lambda x: opm.views.slot(opm.YM2151(), 1, "M1", x), ("None", "1e308")),
    "views.channel(clock)": (lambda x: opm.views.channel(opm.YM2151(), 1, x), ("None", "1e308")),
    "views.timers(clock)": (lambda x: opm.views.timers(opm.YM2151(), x), ("None", "1e308")),
    "measure.envelope_times": (opm.measure.envelope_times, ()),
    "measure.frequency(kc)": (opm.measure.frequency, ("True",)),
    "measure.frequency(kf)": (lambda x: opm.measure.frequency(74, x), ("True",)),
    "measure.frequency(mul)": (lambda x: opm.measure.frequency(74, mul=x), ("True",)),
    "measure.frequency(clock)": (lambda x: opm.measure.frequency(74, clock=x), ()),
    # pictures
    "plot.envelope(pitch)": (lambda x: plot.envelope(ORGAN, pitch=x), ()),
    "plot.envelope(held_ms)": (lambda x: plot.envelope(ORGAN, held_ms=x), ()),
    "plot.envelope(shown_ms)": (lambda x: plot.envelope(ORGAN, shown_ms=x), ()),
    "plot.envelope(clock)": (lambda x: plot.envelope(ORGAN, clock=x), ()),
    "plot.traced_envelope(rate)": (lambda x: plot.traced_envelope(LEVELS, STATES, x), ("1e308",)),
    "plot.envelopes(channel)": (lambda x: plot.envelopes(ROWS, x), ("True",)),
    "plot.envelopes(clock)": (lambda x: plot.envelopes(ROWS, 1, x), ("1e308",)),
    "plot.operators(pitch)": (lambda x: plot.operators(ORGAN, x), ()),
    "plot.operators(cycles)": (lambda x: plot.operators(ORGAN, cycles=x), ()),
    "plot.operators(clock)": (lambda x: plot.operators(ORGAN, clock=x), ()),
    "plot.spectrum(rate)": (lambda x: plot.spectrum(SOUND, x), ("1e308",)),
    "plot.spectrum(top)": (lambda x: plot.spectrum(SOUND, top=x), ("1e308",)),
    "plot.spectrogram(rate)": (lambda x: plot.spectrogram(SOUND, x, window=64), ("1e308",)),
    "plot.spectrogram(top)": (lambda x: plot.spectrogram(SOUND, top=x, window=64), ("1e308",)),
    "plot.spectrogram(window)": (lambda x: plot.spectrogram(SOUND, window=x), ()),
    "plot.piano_roll(clock)": (lambda x: plot.piano_roll(EVENTS, x), ("1e308",)),
    "plot.heat_map(clock)": (lambda x: plot.heat_map(EVENTS, x), ("1e308",)),
    "plot.oscilloscope(rate)": (lambda x: plot.oscilloscope(SOUND, x), ("1e308",)),
    # many
    "render_many(frames)": (lambda x: opm.render_many([EVENTS], x), ("True",)),
    "render_many(workers)": (lambda x: opm.render_many([EVENTS], 5, workers=x), ("None", "True")),
    "Plan(voices)": (lambda x: Plan(x, (60,)), ("True",)),
    "Plan(notes)": (lambda x: Plan(1, (x,)), ()),
    "Plan(seed)": (lambda x: Plan(1, (60,), x), ("True",)),
    "Plan(held)": (lambda x: Plan(1, (60,), held=x), ()),
    "Plan(seconds)": (lambda x: Plan(1, (60,), seconds=x), ()),
    "random_voice(seed)": (random_voice, ("True",)),
    "random_voice(number)": (lambda x: random_voice(1, x), ("True",)),
}


@pytest.fixture(autouse=True)
def closed():
    """No picture stays open."""
    yield
    plot.plt.close("all")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    call, fits = NUMBERS[name]
    for word, value in WRONG.items():
        if word in fits:
            call(value)
            continue
        with pytest.raises((TypeError, ValueError)) as refused:
            call(value)
        message = str(refused.value)
        assert "\n" not in message, (word, message)
        assert any(str(given)[:20] in message for given in (value, repr(value))), (word, message)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_job_of_render_many_says_what_was_given(wrong):
    jobs = [(ORGAN, WRONG[wrong], 0.1)]
    if wrong not in NUMBERS["Voice.events(duration)"][1]:
        jobs.append((ORGAN, "A4", WRONG[wrong]))
    with pytest.raises(opm.JobErrors) as failed:
        opm.render_many(jobs, 100)
    for number, error in enumerate(failed.value.exceptions):
        assert type(error) in (TypeError, ValueError)
        assert str(error).startswith(f"job {number}: ")
        assert str(WRONG[wrong])[:20] in str(error)
    assert failed.value.jobs == [*range(len(jobs))]


OTHERS = [
    (lambda: opm.load(5), TypeError, "source must be a path, bytes or a binary file, got 5"),
    (lambda: opm.load(None), TypeError, "source must be a path, bytes or a binary file, got None"),
    (lambda: opm.load(b"0 20 C7\n", 5), ValueError, "time_unit must be 'samples' or 'seconds', got 5"),
    (lambda: opm.Song(5), TypeError, r"writes must be rows of \(seconds, address, data\) or .*, got 5"),
    (lambda: opm.Song([5]), ValueError, r"write 0: expected \(seconds, address, data\) or .*, got 5"),
    (lambda: opm.Song(WRITES, tags={1: 2}), TypeError, "tags must be strings by name, got 1: 2"),
    (lambda: opm.Song(WRITES, tags={"title": None}), TypeError, "got 'title': None"),
    (lambda: opm.Song(WRITES, tags=5), TypeError, "tags must be strings by name, got 5"),
    (lambda: opm.Song(WRITES, chips=5), ValueError, "chips must be 1 to 16 of .*, got 5"),
    (lambda: opm.Song(WRITES, chips=(5,)), ValueError, r"chips must be 1 to 16 of .*, got \(5,\)"),
    (lambda: opm.Song(WRITES, chips=([],)), ValueError, r"chips must be 1 to 16 of .*, got \(\[\],\)"),
    (lambda: opm.Song(WRITES, chips="ym2151"), ValueError, "chips must be 1 to 16 of .*, got 'ym2151'"),
    (lambda: opm.Song(WRITES, clock=3579545.9), ValueError, "clock must be whole Hz, got 3579545.9"),
    (lambda: opm.Song(WRITES, clock=5), ValueError, f"clock must be {SLOWEST} to {FASTEST} Hz, got 5"),
    (lambda: SONG.save("x.txt"), ValueError, "path must end in .*, got 'x.txt'"),
    (lambda: SONG.revoice(5), TypeError, "others must be voices by their number, got 5"),
    (lambda: SONG.revoice({0: 5}), TypeError, "expected a Voice, got 5"),
    (lambda: opm.Song.from_notes(5, [ORGAN]), TypeError, "notes must be rows of .*, got 5"),
    (lambda: opm.Song.from_notes([5], [ORGAN]), ValueError, "note 0: expected .*, got 5"),
    (lambda: opm.Song.from_notes([NOTE], [5]), TypeError, "expected a Voice, got 5"),
    (lambda: opm.Song.from_notes([replaced(NOTE, 1, 1.5)], [ORGAN]), ValueError, "channel must be a whole .* 1.5"),
    (lambda: opm.make_events(5), TypeError, "events must be rows of .*, got 5"),
    (lambda: opm.make_events([5]), ValueError, r"event 0: expected \(cycle, kind, data\), got \(5,\)"),
    (lambda: opm.make_events([(0, 0, 0), None]), ValueError, r"event 1: expected .*, got \(None,\)"),
    (lambda: opm.Song.from_notes(noted(midi=math.nan), [ORGAN]), ValueError, "note 0: midi must be .*, got nan"),
    (lambda: opm.Song.from_notes(noted(end=math.inf), [ORGAN]), ValueError, "note 0: end must be .*, got inf"),
    (lambda: opm.Song.from_notes(noted(voice=1), [ORGAN]), ValueError, "note 0: expected .* a voice below 1, got"),
    (lambda: opm.trace(5, ["kon"]), TypeError, "events must be rows of .*, got 5"),
    (lambda: opm.trace(EVENTS, 5), TypeError, "fields must be a sequence of names of opm.STATE, got 5"),
    (lambda: opm.trace(EVENTS, "kon"), TypeError, "fields must be a sequence of names of opm.STATE, got 'kon'"),
    (lambda: opm.trace(EVENTS, [5]), TypeError, r"a field must be a name or \(name, index\), got 5"),
    (lambda: opm.trace(EVENTS, [("kon",)]), TypeError, r"a field must be a name or .*, got \('kon',\)"),
    (lambda: opm.trace(opm.YM2151(), ["kon"], chip="nonsense"), ValueError, "chip must be one of .*'nonsense'"),
    (lambda: opm.extract_voices(5), TypeError, "events must be rows of .*, got 5"),
    (lambda: opm.views.slot({}, 1, "M1"), TypeError, r"state must be a chip or a record of .*, got \{\}"),
    (lambda: opm.views.registers(5), TypeError, "state must be a chip or a record of .*, got 5"),
    (lambda: plot.gapped(5), ValueError, r"phase must be of shape \(n,\), n at least 1, got \(\)"),
    (lambda: opm.render_many(5, 10), TypeError, "jobs must be a sequence of jobs, got 5"),
    (lambda: plot.envelope(None), TypeError, "expected a Voice, got None"),
    (lambda: plot.operators(5), TypeError, "expected a Voice, got 5"),
    (lambda: plot.algorithm("organ"), TypeError, "expected a Voice, got 'organ'"),
    (lambda: plot.envelope([]), TypeError, r"expected a Voice, got \[\]"),
    (lambda: plot.envelopes({}, 1), ValueError, "rows must be a trace that has cycle, eg_level, sl_tl, kon"),
    (
        lambda: plot.envelopes(ROWS[["cycle", "kon"]], 1),
        ValueError,
        "rows must be a trace that has eg_level, sl_tl",
    ),
    (lambda: opm.dataset.make("a.zarr", 5), TypeError, "plan must be a Plan, got 5"),
    (lambda: opm.write_opm(5), TypeError, "voices must be Voice objects, got 5"),
    (lambda: opm.write_opm([5]), TypeError, "expected a Voice, got 5"),
    (lambda: opm.write_opm(ORGAN), TypeError, r"voices must be Voice objects, got Voice\("),
    (lambda: parameters(None), TypeError, "voices must be Voice objects, got None"),
    (lambda: parameters(["organ"]), TypeError, "expected a Voice, got 'organ'"),
    (lambda: voice_of(5), TypeError, "values must be 56 integers, got 5"),
    (lambda: opm.Song.from_notes([NOTE], 5), TypeError, "voices must be Voice objects, got 5"),
    (lambda: opm.Song.from_notes(noted()[["start", "end"]], [ORGAN]), TypeError, "notes must be rows of .*, got"),
    (lambda: opm.Song.from_notes(noted()[None], [ORGAN]), TypeError, r"notes must be rows of .*, got .*\(1, 1\)"),
    (lambda: opm.explorer(5), TypeError, "voices must be Voice objects, got 5"),
    (lambda: opm.Operator.of(5), TypeError, "data must be 6 bytes, got 5"),
    (lambda: opm.Operator.of([5] * 5), ValueError, "data must be 6 bytes, got 5"),
    (lambda: ORGAN.apply(5, 1), TypeError, "chip must be a YM2151 or YM2164, got 5"),
    (lambda: opm.Voice.from_chip(None, 1), TypeError, "chip must be a YM2151 or YM2164, got None"),
    (lambda: opm.Voice.from_registers([5]), TypeError, r"held must be bytes by address, got \[5\]"),
    (
        lambda: opm.YM2151().generate(2**62),
        ValueError,
        "frames must be as many as memory holds, got 4611686018427387904",
    ),
    (lambda: opm.YM2151().generate_channels(2**62), ValueError, "frames must be as many as memory holds, got 46116"),
    (lambda: opm.run(EVENTS, 2**62), ValueError, "frames must be as many as memory holds, got 4611686018427387904"),
    (lambda: opm.YM2151().run(5, 1), TypeError, "events must be rows of .*, got 5"),
    (lambda: opm.run(EVENTS, 1, []), ValueError, r"chip must be one of .*, got \[\]"),
    (lambda: opm.run(EVENTS, 1, engine=[]), ValueError, r"engine must be one of .*, got \[\]"),
    (lambda: opm.describe(1, 1, {}), ValueError, r"chip must be one of .*, got \{\}"),
    (lambda: opm.registers.encode(1, []), ValueError, r"chip must be one of .*, got \[\]"),
    (lambda: opm.trace(EVENTS, ["kon"], chip=[]), ValueError, r"chip must be one of .*, got \[\]"),
    (lambda: opm.views.slot(opm.YM2151(), 1, []), ValueError, r"op must be one of .*, got \[\]"),
    (lambda: opm.render_many([EVENTS], 10, progress=True), TypeError, "progress must be a function, got True"),
    (lambda: Live(output=5), TypeError, "output must have rate, start, write and close, got 5"),
    (lambda: opm.listen(SOUND, "fast"), TypeError, "rate must be a number, got 'fast'"),
    (lambda: SONG.save("x.mid", "fast"), TypeError, "bpm must be a number, got 'fast'"),
]


@pytest.mark.parametrize(("call", "error", "message"), OTHERS, ids=[str(i) for i in range(len(OTHERS))])
def test_other_arguments(call, error, message):
    with pytest.raises(error, match=message) as refused:
        call()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ["start", "stop", "clock"])
def test_write_vcd(name, wrong, tmp_path):
    if name in ("start", "stop") and wrong == "True":
        return
    with pytest.raises((TypeError, ValueError), match=f"{name} must be"):
        opm.write_vcd(tmp_path / "x.vcd", EVENTS, **{"stop": 10, name: WRONG[wrong]})
    assert list(tmp_path.iterdir()) == []


def test_times_of_a_dump_fit(tmp_path):
    for clock in (0, 0.5, 1e13):
        with pytest.raises(ValueError, match=f"clock must be 1 to 1000000000000 Hz, got {clock}"):
            opm.write_vcd(tmp_path / "x.vcd", EVENTS, clock=clock)
    with pytest.raises(ValueError, match="stop must be within 2\\*\\*63 ps at 1 Hz, got 5000000"):
        opm.write_vcd(tmp_path / "x.vcd", EVENTS, start=4_999_990, stop=5_000_000, clock=1)
    opm.write_vcd(tmp_path / "x.vcd", EVENTS, start=4_000_000, stop=4_000_001, clock=1)
    assert "#8000002000000000000\n" in (tmp_path / "x.vcd").read_text()


def test_any_number_of_voices():
    voices = [ORGAN.named(str(i)) for i in range(400)]
    song = opm.Song.from_notes([replaced(NOTE, 6, 300)], voices)
    assert song.notes()["midi"].tolist() == [69.0]
    again = opm.Song.from_notes(song.notes(), voices)
    assert again.writes[["address", "data"]].tolist() == song.writes[["address", "data"]].tolist()


def test_numbers_of_other_kinds_are_numbers():
    """NumPy's, and fractions."""
    from fractions import Fraction

    for kind in (np.float32, np.float64, np.int64, np.uint8, Fraction):
        assert opm.note(kind(60)) == opm.note(60)
        assert len(SONG.render(start=kind(0), stop=kind(1))) == len(SONG.render(stop=1))
        assert opm.Song([(kind(1), kind(32), kind(199))]).writes == opm.Song([(1, 32, 199)]).writes
