"""What commands of an MML file do, but for its notes, and their names.

They are those of MXC and NOTE; docs/formats.md says which, and where the two differ.
"""

import re
from collections.abc import Sequence

from ..limits import DEEPEST_MML
from .mdx_code import Mark
from .mml_notes import KEYS, LONGEST_NOTE, chord, named_note, numbered_note, part_of, rest, same_chord, tie, tuplet
from .mml_text import Cursor
from .mml_track import LETTERS, Command, Stopped, Track

_ARGUMENTS = re.compile(r"-?[0-9]*(?:,-?[0-9]+)*")

# Repeats


def open_repeat(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``[``."""
    outside_tuplet(track, cursor, at, "[")
    if len(track.repeats) == DEEPEST_MML:
        raise cursor.error(f"expected at most {DEEPEST_MML} repeats in each other", at)
    track.repeats.append((cursor.text.place(at), False))
    track.put(Mark("[", cursor.text.place(at)))


def escape(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``/``: the last time a repeat goes on behind its end from here."""
    outside_tuplet(track, cursor, at, "/")
    if not track.repeats or track.repeats[-1][1]:
        raise cursor.error("expected / once in a repeat", at)
    track.repeats[-1] = track.repeats[-1][0], True
    track.put(Mark("/", cursor.text.place(at)))


def close_repeat(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``]3``."""
    outside_tuplet(track, cursor, at, "]")
    if not track.repeats:
        raise cursor.error("expected [ before ]", at)
    track.repeats.pop()
    track.put(Mark("]", cursor.text.place(at), cursor.number("a number of times", 1, 255, 2)))


def loop_point(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``L``: where the track goes on when it has ended."""
    outside_tuplet(track, cursor, at, "L")
    if track.loop >= 0 or track.repeats:
        raise cursor.error("expected L once in a track, outside repeats", at)
    track.loop = len(track.pieces)
    track.pieces.append(Mark("L", cursor.text.place(at)))


def outside_tuplet(track: Track, cursor: Cursor, at: int, sign: str) -> None:
    """Refuse what a tuplet cannot hold."""
    if track.tuplet is not None:
        raise cursor.error(f"expected no {sign} in a tuplet", at)


# What only changes how the text is read


def octave(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``o4``, ``<`` and ``>``."""
    track.set_octave(cursor, cursor.source[at])


def default_length(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``l8``."""
    track.length = cursor.length(track.length, LONGEST_NOTE)


def transpose(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``TR-2``."""
    track.transpose = cursor.number("semitones", -48, 48)


def signature(raised: int) -> Command:
    """Return what takes ``$SHARP{fc}`` and its like."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        letters = "cdefgab"
        if cursor.take("{"):
            inside = cursor.until("}", "the notes")
            letters = inside.source[inside.at : inside.end]
        elif raised:
            raise cursor.error("expected { and notes", at)
        sign(track, letters, raised, cursor)

    return take


def sign(track: Track, letters: str, raised: int, cursor: Cursor) -> None:
    """Raise or lower notes wherever they have no accidental."""
    for letter in letters.replace(" ", ""):
        if letter not in KEYS:
            raise cursor.error(f"expected notes from a to g, got {letter!r}")
        track.signature[letter] = raised


def stop(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``!``: nothing more of this track is read."""
    if track.repeats or track.tuplet is not None:
        raise cursor.error("expected ! outside repeats and tuplets", at)
    raise Stopped


def mute(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``?``: nothing is written up to the next one."""
    if track.repeats or track.tuplet is not None:
        raise cursor.error("expected ? outside repeats and tuplets", at)
    track.muted = not track.muted


def ignored(*numbers: str) -> Command:
    """Return what takes numbers of a command that changes nothing here."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        for name in numbers:
            cursor.number(name, -65_535, 65_535)

    return take


def left_out(what: str) -> Command:
    """Return what takes a command that is not done, with a remark."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        cursor.match(_ARGUMENTS)
        track.score.remark(what, cursor.text.place(at))

    return take


# Macros


def dollar(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``$a``."""
    track.call_macro(cursor, cursor.peek() or "$")


def voice(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``@5``: a voice, or samples' bank; what its macro says comes right behind it."""
    offset = track.score.voice_offset if track.is_fm else 0
    number = cursor.number("a voice", 0, 255) + offset
    if not 0 <= number <= 255:
        raise cursor.error(f"expected a voice from 0 to 255, its offset included, got {number}", at)
    track.voice = number
    track.add(0xFD, number)
    body = track.score.voice_macros.get(number)
    if body and track.is_fm and track.voice_macros:
        track.expand(body, cursor, at)


def voice_macros(on: bool) -> Command:
    """Return what switches voices' macros."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        track.voice_macros = on

    return take


# Volumes


def volume(fine: bool) -> Command:
    """Return what takes ``v12`` or ``@v100``."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        track.volume, track.fine = cursor.number("a volume", 0, 127 if fine else 15), fine
        track.restore = False
        track.put(track.volume_piece())

    return take


def relative_volume(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``V-2``: what ( and ) have done since is not counted, as in NOTE."""
    change = cursor.number("a change of volume", -127, 127)
    track.volume = min(max(track.volume + change, 0), 127 if track.fine else 15)
    track.restore = False
    track.put(track.volume_piece())


def volume_offset(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``VO10``."""
    track.volume_offset = cursor.number("an offset", -127, 127)


def one_volume(most: int) -> Command:
    """Return what takes ``x12``: the volume of the next note alone."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        value = cursor.number("a volume", 0, most) + track.volume_offset
        # @x goes out as it stands, unlike @v: so NOTE has it, and so its songs were heard.
        track.one_note = value if most > 15 and not track.volume_offset else min(max(value, 0), 15)

    return take


def steps(code: int) -> Command:
    """Return what takes ``(`` and ``)``: the driver's own steps."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        start, count = cursor.at, cursor.number("a number of steps", 0, 127, 1)
        track.score.seen |= {"(1"} if cursor.at > start else set()
        track.add(*[code] * count)

    return take


# Commands of the driver


def simple(code: int, what: str, low: int, high: int) -> Command:
    """Return what takes a command of one byte and its number."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        track.add(code, cursor.number(what, low, high))

    return take


def plain(*code: int) -> Command:
    """Return what takes a command without numbers."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        track.add(*code)

    return take


def tempo(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``t120``: counts of timer B at 4 MHz, 48 ticks to a quarter note."""
    track.add(0xFF, 256 - min(78_125 // (16 * cursor.number("quarter notes a minute", 19, 4882)), 256))


def gate(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``@q6``: so many ticks before its end a key is released."""
    early = cursor.number("ticks", 0, 192)
    if early > 128:
        track.score.remark(f"the driver takes @q{early} for q{256 - early}, not for ticks", cursor.text.place(at))
    track.add(0xF8, (256 - early) & 0xFF if early else 8)


def detune(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``D-3``."""
    value = cursor.number("steps of 1/64 semitone", -32_768, 32_767) + track.score.detune
    if not -32_768 <= value <= 32_767:
        raise cursor.error(f"expected a detune from -32768 to 32767, its offset included, got {value}", at)
    track.add(0xF3, value >> 8 & 0xFF, value & 0xFF)


def register(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``y32,199``."""
    address = cursor.byte("a register")
    cursor.comma("its byte")
    track.add(0xFE, address, cursor.byte("a byte"))


def noise(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``w20``; without a number it ends the noise."""
    if not track.is_fm:
        raise cursor.error("expected w on a track of FM", at)
    frequency = cursor.number("a frequency", 0, 31, -1)
    track.add(0xED, 0x80 | frequency if frequency >= 0 else 0)


def sample_rate(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``F4``."""
    if track.is_fm:
        raise cursor.error("expected F on a track of samples", at)
    track.add(0xED, cursor.number("a rate", 0, 31))


def wake(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``SB``: the track, by its letter or number, that goes on."""
    letter = cursor.take(LETTERS)
    track.add(0xEF, LETTERS.index(letter) if letter else cursor.number("a track", 0, 15))


def silence(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``K``: the fastest release, and then the voice anew, for the next note."""
    if not track.is_fm:
        raise cursor.error("expected K on a track of FM", at)
    for operator in range(4):
        track.add(0xFE, 0xE0 + 8 * operator + track.number, 0xFF)
    if track.voice >= 0 and not track.score.keeps_voice:
        track.add(0xFD, track.voice)


def reset_lfo(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``MHR``: the chip's LFO begins anew."""
    track.add(0xFE, 0x01, 0x02)
    track.add(0xFE, 0x01, 0x00)


def numbers(cursor: Cursor, asked: Sequence[tuple[str, int, int]]) -> list[int]:
    """Take several numbers, with commas between them."""
    taken = []
    for i, (what, low, high) in enumerate(asked):
        if i:
            cursor.comma(what)
        taken.append(cursor.number(what, low, high))
    return taken


_CHIP_LFO = (
    ("a wave", 0, 3), ("a frequency", 0, 255), ("PMD", 0, 127), ("AMD", 0, 127), ("PMS", 0, 15), ("AMS", 0, 15),
    ("1 to begin with each note, or 0", 0, 1),
)  # fmt: skip


def chip_lfo(track: Track, cursor: Cursor, at: int) -> None:
    """Take ``MH2,200,10,0,5,0,0``."""
    wave, frequency, pmd, amd, pms, ams, sync = numbers(cursor, _CHIP_LFO)
    if pms > 7 or ams > 3:
        track.score.remark("PMS has three bits and AMS two: what is above them is lost", cursor.text.place(at))
    track.add(0xEA, sync << 6 | wave, frequency, 0x80 | pmd, amd, pms << 4 | ams)


SAW, SQUARE, TRIANGLE, RANDOM = range(4)
_QUARTERS = {(0xEC, RANDOM): 1} | {(code, SAW): 4 for code in (0xEC, 0xEB)}
"""How many quarters of a period the driver counts between two turns of a wave, if not 2."""


def software_lfo(code: int) -> Command:
    """Return what takes ``MP2,6,10`` or ``MA2,6,10``: wave, a quarter of its period, how far it goes."""

    def take(track: Track, cursor: Cursor, at: int) -> None:
        asked = ("a wave", 0, 7 if code == 0xEC else 3), ("ticks", 1, 65_535), ("a depth", -32_768, 32_767)
        wave, quarter, depth = numbers(cursor, asked)
        period = _QUARTERS.get((code, wave & 3), 2) * quarter
        step = lfo_step(code, wave & 3, period, depth)
        if period > 65_535 or not -32_768 <= step <= 32_767:
            raise cursor.error(f"expected a period and a depth of 16 bits, got {period} and {step}", at)
        track.add(code, wave, period >> 8, period & 0xFF, step >> 8 & 0xFF, step & 0xFF)

    return take


def lfo_step(code: int, wave: int, period: int, depth: int) -> int:
    """Return what the driver counts a software LFO by: 1/256 of a step a tick, or at each turn.

    Slopes of the level start from one end, so they go all the way within a period; those of the pitch from the middle.
    """
    if wave in (SAW, TRIANGLE):
        return int(depth * (512 if code == 0xEC else 256) / period)
    return depth if (code, wave) == (0xEC, RANDOM) else depth * 256


_WAVES = "the effects of NOTE's wave memory are left out"
_EFFECTS = tuple(
    name + more for name in ("AP", "DT", "TD", "VM", "MV", "KM", "TL", "YA") for more in ("", "ON", "OF", *"DLSMT")
)
NOTE_COMMANDS: dict[str, Command] = {
    "{": tuplet, "|": part_of, "`": chord("`"), "\uff62": chord("\uff63"), "\u300c": chord("\u300d"), "#": same_chord,
    "TR": transpose, "V": relative_volume, "VO": volume_offset, "x": one_volume(15), "@x": one_volume(127),
    "$SHARP": signature(1), "$FLAT": signature(-1), "$NATURAL": signature(0), "$NORMAL": signature(0), "$": dollar,
    "$FO": lambda track, cursor, at: track.add(0xE7, 0x01, cursor.number("a speed", 0, 255)),
    "C": ignored(), "K": silence, "MHR": reset_lfo, "?": mute, "SMON": voice_macros(True), "SMOF": voice_macros(False),
    "Q": ignored("a gate"), "zc": ignored("0 to 2"), "zw": ignored("0 to 2"),
    **dict.fromkeys(("KS", "KSON", "KSOF"), left_out("voices by pitch (KS) are left out")),
    **dict.fromkeys(("GL", "GLON", "GLOF"), left_out("glides (GL) are left out")),
    **dict.fromkeys(_EFFECTS, left_out(_WAVES)),
}  # fmt: skip
"""What NOTE has and MXC has not."""
COMMANDS: dict[str, Command] = {
    **dict.fromkeys(KEYS, named_note), "n": numbered_note, "r": rest, "&": tie,
    **dict.fromkeys("o<>", octave), "l": default_length, "q": simple(0xF8, "eighths", 1, 8), "@q": gate,
    "[": open_repeat, "/": escape, "]": close_repeat, "L": loop_point, "!": stop,
    "t": tempo, "@t": simple(0xFF, "timer B", 0, 255), "@": voice, "v": volume(False), "@v": volume(True),
    "(": steps(0xFA), ")": steps(0xF9), "p": simple(0xFC, "a pan", 0, 3), "D": detune,
    "k": simple(0xF0, "ticks", 0, 255), "w": noise, "F": sample_rate, "y": register, "S": wake, "W": plain(0xEE),
    "MP": software_lfo(0xEC), "MPON": plain(0xEC, 0x81), "MPOF": plain(0xEC, 0x80),
    "MA": software_lfo(0xEB), "MAON": plain(0xEB, 0x81), "MAOF": plain(0xEB, 0x80),
    "MH": chip_lfo, "MHON": plain(0xEA, 0x81), "MHOF": plain(0xEA, 0x80), "MD": simple(0xE9, "ticks", 0, 255),
    **NOTE_COMMANDS,
}  # fmt: skip
NOTE_ALONE = frozenset(NOTE_COMMANDS) | {"_D", "(1"}
