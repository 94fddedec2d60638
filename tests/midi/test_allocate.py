"""Which channel a note takes."""

from opm.midi.allocate import NOISE_CHANNEL, Allocator


def full(chips: int = 1) -> Allocator:
    """Eight notes a chip, one each second, of voice ``v``."""
    allocator = Allocator(chips)
    for i in range(8 * chips):
        allocator.take(float(i), f"note {i}", "v")
    return allocator


def test_a_free_channel_with_the_voice_comes_first() -> None:
    allocator = Allocator()
    flute, _ = allocator.take(0.0, 1, "flute")
    allocator.take(0.0, 2, "oboe")
    allocator.free(1.0, 1)
    allocator.free(0.5, 2)
    assert allocator.take(2.0, 3, "flute") == (flute, None)


def test_then_the_one_free_longest() -> None:
    allocator = full()
    allocator.free(10.0, "note 3")
    longest = allocator.free(9.0, "note 5")
    assert allocator.take(11.0, "new", "other") == (longest, None)


def test_then_the_oldest_is_cut() -> None:
    allocator = full()
    place, cut = allocator.take(9.0, "new", "v")
    assert (place.channel, cut) == (0, "note 0")
    # The cut note's own end frees nothing: its channel is another's.
    assert allocator.free(10.0, "note 0") is None
    assert allocator.take(11.0, "newer", "v")[1] == "note 1"


def test_notes_of_the_pedal_go_before_older_ones() -> None:
    allocator = full()
    allocator.lift("note 5")
    assert allocator.take(9.0, "new", "v")[1] == "note 5"


def test_the_same_note_twice_gets_two_channels() -> None:
    allocator = Allocator()
    assert allocator.take(0.0, "first", "v")[0] is not allocator.take(1.0, "second", "v")[0]


def test_noise_takes_its_channel_where_that_is_free() -> None:
    allocator = Allocator()
    place, _ = allocator.take(0.0, 1, "drum", noise="noise")
    assert (place.channel, place.voice) == (NOISE_CHANNEL, "noise")
    place, _ = allocator.take(0.0, 2, "drum", noise="noise")
    assert place.voice == "drum"
    assert place.channel != NOISE_CHANNEL


def test_others_leave_the_channel_with_noise_for_last() -> None:
    allocator = Allocator()
    channels = [allocator.take(float(i), i, "v")[0].channel for i in range(8)]
    assert channels[-1] == NOISE_CHANNEL
    assert sorted(channels) == list(range(8))


def test_drums_of_a_group_end_each_other() -> None:
    allocator = Allocator()
    held, _ = allocator.take(0.0, "open", "open hat", group=("hats", 46))
    assert allocator.take(0.1, "closed", "closed hat", group=("hats", 42)) == (held, "open")
    allocator.free(0.2, "closed")
    # It rings on after its key: the next takes the channel, too.
    assert allocator.take(0.3, "open again", "open hat", group=("hats", 46)) == (held, None)
    assert allocator.take(0.4, "another part's", "closed hat", group=("others", 42))[0] is not held


def test_the_same_drum_again_does_not_end_itself() -> None:
    allocator = Allocator()
    first, _ = allocator.take(0.0, 1, "hat", group=("hats", 42))
    second, cut = allocator.take(0.1, 2, "hat", group=("hats", 42))
    assert second is not first
    assert cut is None


def test_two_chips_have_sixteen_channels() -> None:
    allocator = full(2)
    assert len({(place.chip, place.channel) for place in allocator.places if place.note}) == 16
