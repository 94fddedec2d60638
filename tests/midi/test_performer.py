"""Messages as they come, on the chip: what is written, when, and what is not."""

from functools import partial
from itertools import pairwise

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opm import Operator, Voice
from opm.events import REFERENCE_RATE
from opm.midi.bank import Bank, Instrument
from opm.midi.performer import Performer

RATE = REFERENCE_RATE
KON = 0x08
STEP, SHORTEST, RELEASING = (round(seconds * RATE) for seconds in (0.003, 0.03, 0.002))


def voice(fb, tl=10, **more):
    quiet = Operator(tl=127)
    return Voice(str(fb), con=0, fb=fb, ops=(quiet, quiet, quiet, Operator(tl=tl, rr=7, **more)))


BANK = Bank(
    "small",
    {(0, 0, number): Instrument(f"program {number}", voice(number)) for number in range(8)},
    {(0, key): Instrument(f"drum {key}", voice(7), note=40.0) for key in (36, 42, 46)},
)


def message(kind, **fields):
    return mido.Message(kind, **fields)


def on(key, velocity=127, channel=0):
    return message("note_on", note=key, velocity=velocity, channel=channel)


def off(key, channel=0):
    return message("note_off", note=key, channel=channel)


def control(number, value, channel=0):
    return message("control_change", control=number, value=value, channel=channel)


class Played:
    """A performer, and the rows of what it was last given."""

    def __init__(self, **how):
        self.performer = Performer(BANK, **how)

    def __call__(self, frame, *messages):
        for each in messages:
            self.performer.take(frame, each)
        self.performer.advance(frame)
        rows = self.performer.rows()
        assert all(chip == 0 and 0 <= address < 256 and 0 <= data < 256 for _, chip, address, data in rows)
        return [(frame, address, data) for frame, _, address, data in sorted(rows, key=lambda row: row[0])]

    def keys(self, *arguments):
        return [(frame, data & 7, data > 7) for frame, address, data in self(*arguments) if address == KON]


def test_a_key_comes_behind_what_has_to_be_there_and_nothing_else():
    play = Played()
    first = play(100, on(60))
    assert first[-1] == (100, KON, 0x78)
    # The LFO's four registers come once, with the first note of all.
    assert len(first) == 4 + 28 + 1
    assert play(200, off(60)) == [(200, KON, 0)]
    assert play(300, on(60)) == [(300, KON, 0x78)]
    play(400, off(60))
    assert [row[1:] for row in play(500, on(61))] == [(0x28, 0x40), (KON, 0x78)]


def test_a_channel_that_has_the_voice_comes_first():
    play = Played()
    play(0, message("program_change", program=3, channel=1), on(60), on(60, channel=1), off(60), off(60, channel=1))
    assert play.keys(100, on(70, channel=1)) == [(100, 1, True)]
    assert play.keys(200, on(70)) == [(200, 0, True)]


def test_eight_keys_and_one_more():
    """The oldest is cut, and its own key-off later ends nothing."""
    play = Played()
    assert play.keys(0, *map(on, range(60, 68))) == [(0, channel, True) for channel in range(7)] + [(0, 7, True)]
    assert play.keys(10, on(80)) == [(10, 0, False), (10, 0, True)]
    assert play.keys(20, off(60)) == []
    assert play.keys(30, off(80)) == [(30, 0, False)]


def test_click_free_has_the_note_before_silent_first():
    """Its release is the fastest there is for 2 ms; what the next needs is there just in time."""
    play = Played(click_free=True)
    play(0, *map(on, range(60, 68)))
    rows = play(1000, message("program_change", program=4), on(80))
    assert [row[1:] for row in rows[:2]] == [(0xF8, 0x0F), (KON, 0)]
    assert rows[0][0] == 1000
    assert rows[-1] == (1000 + RELEASING, KON, 0x78)
    before = [row for row in rows if row[0] not in (1000, 1000 + RELEASING)]
    assert before[0][0] + 2 * len(before) == 1000 + RELEASING
    assert (0xF8, 0x07) in [row[1:] for row in before], "the release of the note that comes"
    assert play.keys(1001, off(80)) == [(1000 + RELEASING, 0, False)], "not before it has begun"
    free = Played(click_free=True)
    free(0, on(60), off(60))
    assert free(1000, on(60)) == [(1000, KON, 0x78)], "what has ended long ago is left alone"


def test_a_bend_moves_what_sounds_and_what_comes():
    play = Played()
    play(0, on(69), on(69, channel=1))
    assert play(10, message("pitchwheel", pitch=8191)) == [(10, 0x28, 0x4D)]
    play(20, off(69))
    assert play(1000, message("pitchwheel", pitch=0)) == []
    play(2000, control(101, 0), control(100, 0), control(6, 12), message("pitchwheel", pitch=-8192))
    assert (0x28, 0x3A) in [row[1:] for row in play(3000, on(69))]


def test_a_wheel_that_is_turned_fast_leaves_room_on_the_bus():
    """A change each 3 ms, the last of them always."""
    play = Played()
    play(0, on(69))
    rows = []
    for frame in range(100, 100 + 10 * STEP, 5):
        rows += play(frame, message("pitchwheel", pitch=frame))
    times = sorted({row[0] for row in rows})
    assert {b - a for a, b in pairwise(times)} == {STEP}
    last = play(100 + 20 * STEP)
    assert last
    performer = Performer(BANK)
    performer.take(0, on(69))
    performer.take(5000, message("pitchwheel", pitch=frame))
    want = [row[2:] for row in performer.rows() if row[2] == 0x30][-1]
    assert last[-1][1:] == want


def test_volume_expression_pressure_and_wheel():
    play = Played()
    play(0, on(60))
    assert play(1000, control(7, 50)) == [(1000, 0x78, 10 + round(40 * 0.4047 / 0.75))]
    assert [row[1] for row in play(2000, control(1, 127))] == [0x38]
    assert [row[1] for row in play(3000, message("aftertouch", value=127))] == []
    assert play(4000, message("sysex", data=(0x7F, 0x7F, 4, 1, 0, 0)))[0][1:] == (0x78, 127)
    assert play(5000, control(10, 0)) == [], "a note's side is that of its beginning"


def test_the_pedal_holds_and_is_taken_before_what_is_held_by_hand():
    play = Played()
    play(0, control(64, 127), *map(on, range(60, 68)))
    assert play(10, off(65)) == []
    assert play.keys(20, on(80)) == [(20, 5, False), (20, 5, True)]
    assert play.keys(30, off(66)) == []
    assert play.keys(40, control(64, 0)) == [(40, 6, False)]


def test_a_drum_lasts_for_a_while():
    play = Played()
    play(0, on(36, channel=9))
    assert play(10, off(36, 9)) == []
    assert play.keys(SHORTEST) == [(SHORTEST, 0, False)]
    play(5000, on(46, channel=9))
    assert [key[2] for key in play.keys(5100, on(42, channel=9))] == [False, True], "a closed hi-hat ends an open one"


def test_a_drum_that_was_cut_ends_nothing_later():
    play = Played()
    play(0, on(36, channel=9), off(36, 9), *map(on, range(60, 68)))
    assert [down for _, _, down in play.keys(SHORTEST + 10)] == []


def test_all_sound_off_cuts_what_rings_and_the_reset_of_controllers_does_not():
    play = Played()
    play(0, on(60), on(61), on(62, channel=1), off(60))
    assert play(10, control(121, 0)) == []
    rows = play(20, control(120, 0))
    assert [row[1:] for row in rows] == [(0xF8, 0x0F), (KON, 0), (0xF9, 0x0F), (KON, 1)]
    assert [place.channel for place, _ in play.performer.playing()] == [2]
    assert play.keys(30, control(123, 0, 1)) == [(30, 2, False)]


@pytest.mark.parametrize(
    "reset",
    [message("sysex", data=(0x7E, 0x7F, 9, 1)), message("sysex", data=(0x41, 16, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x41))],
)
def test_a_reset_by_sysex(reset):
    play = Played()
    play(0, message("program_change", program=5), control(7, 20), control(64, 127), on(60), off(60))
    assert play.keys(10, reset) == [(10, 0, False)]
    part = play.performer.parts.part(0)
    assert (part.program, part.volume, part.pedal) == (0, 100, False)


@pytest.mark.parametrize("how", ["panic", "reset"])
def test_panic(how):
    """Everything is silent, nothing comes later, wheels and pedals are back, and all registers are written anew."""
    play = Played()
    play(0, control(64, 127), control(66, 127), message("pitchwheel", pitch=5000), on(36, channel=9), off(36, 9))
    play(5, on(60), off(60), message("pitchwheel", pitch=6000))
    play.performer.others([(KON, 0x7D)])
    if how == "panic":
        play.performer.panic(10)
        rows = play(10)
    else:
        rows = play(10, message("reset"))
    assert {(KON, channel) for channel in range(8)} <= {row[1:] for row in rows}
    assert not any(address == KON and data > 7 for _, address, data in rows)
    assert play.performer.playing() == []
    assert play(10_000) == []
    assert len(rows := play(10_010, on(69))) > 26
    assert (0x28 + (rows[-1][2] & 7), 0x4A) in [row[1:] for row in rows]


def test_portamento_glides_and_ends_where_it_should():
    play = Played()
    play(0, control(5, 30), control(65, 127), on(57), off(57))
    first = play(100, on(69))
    pitches = [row[2] for row in first if row[1] & 0xF8 == 0x28]
    assert pitches == [], "it begins at the note before, which the channel holds"
    rows = play(20_000)
    codes = [data for _, address, data in rows if address & 0xF8 == 0x28]
    assert codes == sorted(codes)
    assert codes[-1] == 0x4A
    assert [data for _, address, data in rows if address & 0xF8 == 0x30][-1] == 0


def test_keys_of_others():
    """Their channel is theirs while the key is down; a note of ours that they cut is over."""
    play = Played()
    play(0, on(60))
    play.performer.others([(0x28, 1), (KON, 0x78), (KON, 0x79), (KON, 0x02)])
    assert play.performer.playing() == []
    assert play.keys(10, off(60)) == []
    assert play.keys(20, on(61)) == [(20, 2, True)]
    play.performer.others([(KON, 0x00)])
    assert (30, 0, True) in play.keys(30, *map(on, range(70, 76)))
    assert play.keys(40, on(80)) == [(40, 1, False), (40, 1, True)], "the oldest, whoever struck it"


def test_voices_are_loaded_ahead_where_nobody_hears_it():
    """One at a time, on channels that have been free for long; not on those that others write to."""
    play = Played()
    second = round(RATE)
    assert play(0) == []
    play.performer.prepare(0)
    assert play.performer.rows() == [], "nothing has been played"
    play.performer.others([(0x42, 1)])
    play(0, message("program_change", program=3), on(60), off(60))
    loads = []
    for frame in range(10, 500, 10):
        play.performer.prepare(frame)
        loads.append({address & 7 for _, _, address, _ in play.performer.rows()})
    assert [each for each in loads if each] == [{channel} for channel in (1, 3, 4, 5, 6, 7)]
    rows = play(1000, *map(on, range(60, 67)))
    assert len(rows) < 7 * 6 + 4
    play(1010, *map(off, range(60, 67)), message("program_change", program=4))
    play.performer.prepare(2000)
    assert play.performer.rows() == [], "the notes may still ring"
    play.performer.prepare(6 * second)
    assert len(play.performer.rows()) > 0


@pytest.mark.parametrize(("clock", "code"), [(3_579_545, 0x4A), (4_000_000, 0x48)])
def test_another_clock(clock, code):
    play = Played(clock=clock)
    assert (0x28, code) in [row[1:] for row in play(0, on(69))]


VALUES, CHANNELS = st.integers(0, 127), st.integers(0, 15)
ANY = st.one_of(
    st.builds(on, VALUES, VALUES, CHANNELS),
    st.builds(off, VALUES, CHANNELS),
    st.builds(control, VALUES, VALUES, CHANNELS),
    st.builds(partial(message, "pitchwheel"), pitch=st.integers(-8192, 8191), channel=CHANNELS),
    st.builds(partial(message, "program_change"), program=VALUES, channel=CHANNELS),
    st.builds(partial(message, "sysex"), data=st.lists(VALUES, max_size=10)),
)


@given(st.lists(st.tuples(st.integers(0, 3000), ANY), max_size=60), st.booleans())
@settings(max_examples=100)
def test_whatever_comes_keys_are_struck_once_and_all_end(messages, click_free):
    """A key that is down is never struck again, which the chip would not hear; after a panic all are up."""
    play = Played(click_free=click_free)
    frame, down, rows = 0, set(), []
    for step, each in messages:
        frame += step
        rows += play(frame, each)
    play.performer.panic(frame + 5000)
    rows += play(frame + 5000)
    for row, (at, address, data) in enumerate(sorted(rows, key=lambda row: row[0])):
        if address == KON and data > 7:
            assert data & 7 not in down, f"row {row}, frame {at}: channel {data & 7} is struck twice"
            down.add(data & 7)
        elif address == KON:
            down.discard(data & 7)
    assert down == set()
    assert play(frame + 10**6) == []
