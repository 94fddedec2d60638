"""Notes of an MML file: keys, lengths, ties, portamento, tuplets, and what a line says for several tracks at once."""

import re

from .mdx_code import STEPS, Note, Rest
from .mml_text import Cursor
from .mml_track import Command, Track

KEYS = {"c": -3, "d": -1, "e": 1, "f": 2, "g": 4, "a": 6, "b": 8}
"""Their keys in octave 0, which begins with d+."""
NAMES = ("c", "c+", "d", "d+", "e", "f", "f+", "g", "g+", "a", "a+", "b")
HIGHEST_KEY, LONGEST_NOTE, LONGEST_REST, LONGEST_TUPLET, MOST_IN_TUPLET = 95, 256, 65_535, 65_535, 32


def accidentals(track: Track, cursor: Cursor, letter: str) -> int:
    """Take the signs behind a note's letter; return by how many semitones it is raised."""
    raised, signed = 0, False
    while cursor.at < cursor.end and (sign := cursor.source[cursor.at]) in '+-#="':
        cursor.at += 1
        signed = True
        raised = 0 if sign in '="' else raised - 1 if sign == "-" else raised + 1
    return raised if signed else track.signature.get(letter, 0)


def sounded(track: Track, cursor: Cursor, key: int, at: int) -> int:
    """Return a key, transposed; SongError if the driver does not have it."""
    key += track.transpose
    if track.is_fm or track.score.transposes_samples:
        key += track.score.transpose
    if not 0 <= key <= HIGHEST_KEY:
        octave, step = divmod(key - KEYS["c"], 12)
        raise cursor.error(f"expected a note from o0d+ to o8d, got o{octave}{NAMES[step]}", at)
    return key


def pitch(track: Track, cursor: Cursor) -> int:
    """Take a note's letter and its signs; return its key."""
    at, letter = cursor.at, cursor.take("cdefgab")
    if not letter:
        raise cursor.error(f"expected a note, {cursor.got()}", at)
    return sounded(track, cursor, 12 * track.octave + KEYS[letter] + accidentals(track, cursor, letter), at)


def named_note(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``c+4``."""
    cursor.at = at
    key = pitch(track, cursor)
    place_note(track, cursor, key, cursor.length(track.length, LONGEST_NOTE), at)


def numbered_note(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``n45,4``: in NOTE a point may stand for the comma, if a number follows."""
    key = sounded(track, cursor, cursor.number("a key", -24, 119), at)
    if not cursor.take(",") and re.match(r"\.[0-9%]", cursor.source[cursor.at : cursor.at + 2]):
        cursor.at += 1
    place_note(track, cursor, key, cursor.length(track.length, LONGEST_NOTE), at)


def place_note(track: Track, cursor: Cursor, key: int, ticks: int, at: int) -> None:
    """Add a note, with the portamento that stands behind it."""
    note = Note(key, ticks)
    longest, target = ticks, key
    if cursor.take("_"):
        target, longest = slide(track, cursor, note)
    track.put_note(note)
    if track.is_fm and track.voice < 0:
        track.score.remark("a note with no voice (@) set before it is not heard", cursor.text.place(at))
    check_slope(track, cursor, note, at)
    if longest > ticks:
        # The pitch stays where it has gone for the rest of the length: by another note, tied.
        note.tie = True
        track.put(Note(target, longest - ticks))


def slide(track: Track, cursor: Cursor, note: Note) -> tuple[int, int]:
    """Take what stands behind ``_``: a note, or ``D`` and steps; return the key and the length that it ends with."""
    if not track.is_fm:
        raise cursor.error("expected no portamento on a track of samples")
    if cursor.take("D"):
        track.score.seen.add("_D")
        note.slide = cursor.number("steps of 1/64 semitone", -6144, 6144)
        return note.key, note.ticks
    while sign := cursor.take("o<>"):
        track.set_octave(cursor, sign)
    target = pitch(track, cursor)
    note.slide = STEPS * (target - note.key)
    if cursor.peek() not in tuple("0123456789%.^~"):
        return target, note.ticks
    if track.tuplet is not None:
        raise cursor.error("expected no length behind a portamento in a tuplet")
    return target, cursor.length(track.length, LONGEST_NOTE)


def check_slope(track: Track, cursor: Cursor, note: Note, at: int) -> None:
    """Remark on a portamento that the driver cannot do."""
    if note.slide is not None and note.slope is None and track.tuplet is None:
        what = "the portamento is steeper than two semitones a tick: the note keeps its pitch"
        track.score.remark(what, cursor.text.place(at))


def rest(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``r4``."""
    track.put_note(Rest(cursor.length(track.length, LONGEST_REST)))


def tie(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``&``: in MDX it stands before the note that is held."""
    last = track.pieces[-1] if track.pieces else None
    if track.muted:
        return
    if not isinstance(last, Note | Rest):
        raise cursor.error("expected & right behind a note", at)
    if isinstance(last, Note):
        last.tie = True


def tuplet(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``{cde}4``: notes that share a length."""
    if track.tuplet is not None:
        raise cursor.error("expected no tuplet in a tuplet", at)
    notes: list[Note | Rest] = []
    track.tuplet = notes
    track.read(cursor, "}")
    track.tuplet = None
    ticks, count = cursor.length(track.length, LONGEST_TUPLET), len(notes)
    most = min(MOST_IN_TUPLET, ticks)
    if not 1 <= count <= most:
        raise cursor.error(f"expected 1 to {most} notes in a tuplet of {ticks} ticks, got {count}", at)
    for i, note in enumerate(notes):
        # The nearest tick to where each begins and ends: nothing is lost by rounding.
        note.ticks = (2 * (i + 1) * ticks + count) // (2 * count) - (2 * i * ticks + count) // (2 * count)
        if isinstance(note, Note):
            if note.ticks > LONGEST_NOTE:
                raise cursor.error(f"expected notes of at most {LONGEST_NOTE} ticks in a tuplet, got {note.ticks}", at)
            check_slope(track, cursor, note, at)


# Several tracks in one line


def part_of(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``|c:e:g|``: a part for each track of the line."""
    inside = cursor.until("|", "the parts of a line")
    parts = inside.source[inside.at : inside.end].split(":")
    if track.rank < len(parts):
        start = inside.at + sum(len(part) + 1 for part in parts[: track.rank])
        track.read(Cursor(cursor.text, start, start + len(parts[track.rank])))


def chord(closing: str) -> Command:
    """Return what takes a chord up to a closing sign: a note for each track of the line."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        track.chord = cursor.until(closing, "a chord")
        same_chord(track, cursor, at)

    return take


def same_chord(track: Track, cursor: Cursor, at: int) -> None:
    """Place the chord again, with the length that stands behind it."""
    ticks, octave, rank, placed = cursor.length(track.length, LONGEST_NOTE), track.octave, 0, False
    inside = track.chord and Cursor(cursor.text, track.chord.at, track.chord.end)
    while inside and inside.peek():
        if sign := inside.take("<>"):
            track.set_octave(inside, sign)
            continue
        note = Rest(ticks) if inside.take("r") else Note(pitch(track, inside), ticks)
        if rank == track.rank:
            placed = True
            track.put_note(note)
        rank += 1
    # The chord knows its own octaves only: it leaves that of the track as it is.
    track.octave = octave
    if not placed and track.score.fills_chords:
        track.put_note(Rest(ticks))
    elif not placed:
        cursor.take("&")
