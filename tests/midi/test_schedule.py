"""When writes go over the bus: keys in time, their data before them, the note before let go before that."""

import random

import pytest

from opm.midi.schedule import Bus, Strike

AHEAD = 280
KEY_OFF, RELEASE = 0x08, 0xE0


def strike(channel: int, start: int, end: int, data: int, **more: int) -> Strike:
    """A note of so many writes of data, numbered."""
    before = [(0x40 + channel, number & 0x7F) for number in range(data)]
    return Strike(channel, start, end, before, (KEY_OFF, 0x78 | channel), [(KEY_OFF, channel)], **more)


def random_notes(seed: int, channels: int, count: int, data: int, gap: int) -> list[Strike]:
    """Notes on random channels; one of a channel begins 840 slots, 30 ms, after the last at least."""
    rng = random.Random(seed)
    now, last, notes = 300, dict[int, Strike](), []
    for _ in range(count):
        now += rng.choice([0, 0, rng.randrange(gap)])
        free = [c for c in range(channels) if c not in last or now - last[c].start >= 840]
        if not free:
            continue
        channel = rng.choice(free)
        if channel in last:
            last[channel].end = min(last[channel].end, now)
        last[channel] = strike(channel, now, now + rng.randrange(840, 8000), rng.randrange(data))
        notes.append(last[channel])
    return notes


def check(bus: Bus, notes: list[Strike]) -> None:
    """Compare all that must hold of any bus."""
    slots = [slot for slot, _ in bus.written]
    assert len(set(slots)) == len(slots), "two writes in a slot"
    for channel in range(8):
        own = sorted((slot, write) for slot, write in bus.written if (write[0] == KEY_OFF and write[1] & 7 == channel)
                     or write[0] == 0x40 + channel)  # fmt: skip
        wanted: list[tuple[int, int]] = []
        for note in (each for each in notes if each.channel == channel):
            wanted += [*note.before, note.key_on, *note.key_off]
        # A key goes up before the next note's data come: all in the order in which the notes say it.
        assert [write for _, write in own] == wanted, f"channel {channel}"
    for note in notes:
        assert note.struck >= note.start, f"key of slot {note.start} in slot {note.struck}"


@pytest.mark.parametrize("seed", range(20))
def test_keys_are_in_time(seed: int) -> None:
    # A third of the notes bring a whole voice, as dense as eight channels of real songs.
    notes = random_notes(seed, 8, 300, 34, 900)
    bus = Bus(notes[-1].start + 20_000, AHEAD)
    bus.put(notes)
    check(bus, notes)
    late = max(note.struck - note.start for note in notes)
    assert late <= 28, f"{late} slots, 28 are a millisecond"


@pytest.mark.parametrize("seed", range(20))
def test_too_much_is_late_but_whole(seed: int) -> None:
    notes = random_notes(seed, 8, 300, 80, 300)
    bus = Bus(10, AHEAD)
    bus.put(notes)
    check(bus, notes)


def test_data_go_as_late_as_they_can() -> None:
    note = strike(0, 1000, 2000, 5)
    bus = Bus(5000, AHEAD)
    bus.put([note])
    assert sorted(slot for slot, _ in bus.written) == [995, 996, 997, 998, 999, 1000, 2000]


def test_a_chord_is_struck_at_once() -> None:
    notes = [strike(channel, 1000, 2000, 30) for channel in range(8)]
    bus = Bus(5000, AHEAD)
    bus.put(notes)
    assert [note.struck for note in notes] == list(range(1000, 1008))
    assert min(slot for slot, _ in bus.written) == 1000 - 8 * 30


def test_a_note_is_let_go_before_the_next_ones_data() -> None:
    notes = [strike(0, 1000, 2000, 5), strike(0, 2000, 3000, 5)]
    bus = Bus(5000, AHEAD)
    bus.put(notes)
    assert notes[0].end == 2000 - 5 - 1


def test_a_channel_is_silent_before_it_is_taken() -> None:
    notes = [strike(0, 1000, 2000, 5), strike(0, 2000, 3000, 5, releasing=56)]
    bus = Bus(5000, AHEAD)
    bus.put(notes)
    assert notes[0].end < 2000 - 56


def test_changes_come_between_a_key_and_its_end() -> None:
    note = strike(0, 1000, 1100, 0)
    note.changes += [(1000, [(0x28, 1)]), (1050, [(0x28, 2), (0x30, 2)]), (1100, [(0x28, 3)])]
    bus = Bus(5000, AHEAD)
    bus.put([note])
    bus.change([note])
    changes = [(slot, write) for slot, write in sorted(bus.written) if write[0] != KEY_OFF]
    # The last has no room left before the key goes up.
    assert changes == [(1001, (0x28, 1)), (1050, (0x28, 2)), (1051, (0x30, 2))]
