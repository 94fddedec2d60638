"""JSON tones of the cat2151 family as a song: each plays a note, or the events it has, one after the other.

A note is played on the true chip, since its number says how high it is; events with times in seconds are played as a
log's are, at twice the chip's speed.
"""

import json
from fractions import Fraction

import numpy as np

from ...events import REFERENCE_RATE
from ...pitch import KF_SHIFT, midi_of, note, note_name
from ...registers import ALL_KEYS, KC, KF, KON, SLOT_BASES
from ...voice.files import LARGEST
from ...voice.tones import Row, Tone, is_tone, read_tones
from ..data import PICOSECONDS, WRITE, SongError
from ..limits import LONGEST
from ..song import Song
from . import json_log

HELD = 1.0
"""Seconds a key is held that nothing releases."""
REST = 0.5
"""Seconds from a tone's end to the next."""
SILENCED = 0.02
"""Seconds in which a release at its fastest is over."""
DEFAULT = "A4"
"""The note of a tone that has none of its own."""
_QUICKEST = 0x0F
"""Register E0: release rate 15."""


def recognise(data: bytes) -> bool:
    """Look for JSON with a tone in it; a log that never presses a key and takes no time is one, if it sets a voice."""
    # A log can be 64 MB: only what may be a tone is parsed as a whole.
    if len(data) > LARGEST or not json_log.recognise(data):
        return False
    try:
        return is_tone(json.loads(data))
    except (ValueError, RecursionError):
        return False


def read(data: bytes, time_unit: str | None = None) -> Song:
    """Read tones; SongError names one that is damaged."""
    try:
        tones = read_tones(data.decode("utf-8-sig"))
    except ValueError as error:
        raise SongError(str(error)) from None
    played = [_played(tone, time_unit) for tone in tones]
    rows: list[Row] = []
    now = 0.0
    for each in played:
        if rows:
            # All tones share one chip: what one has set and the next does not would be heard in it.
            rows += _silence(rows, now)
            now += SILENCED
        rows += [Row(now + row.time, row.address, row.data) for row in each]
        now = rows[-1].time + REST
    if now > LONGEST:
        raise SongError(f"expected tones of at most {LONGEST} seconds, got {now:.15g}")
    writes = np.array([(round(row.time * PICOSECONDS), 0, row.address, row.data) for row in rows], WRITE)
    return Song.of(
        format="JSON tone" if len(tones) == 1 else f"{len(tones)} JSON tones",
        rows=writes,
        end=int(writes["time"][-1]),
        ticks_per_second=Fraction(PICOSECONDS),
        tags={"title": tones[0].voice.name} if len(tones) == 1 and tones[0].voice.name else {},
        double_speed=any(_in_seconds(tone, time_unit) for tone in tones if tone.rows),
        read_remarks=tuple(_remarks(tones)),
    )


def _remarks(tones: list[Tone]) -> list[str]:
    """Return what is played of tones that have only a voice."""
    alone = [tone for tone in tones if not tone.rows]
    if not alone:
        return []
    if len(tones) > 1:
        return [f"tones, not a log: {len(alone)} of them play a note for {HELD:g} s"]
    # Said, since the listener did not choose this note.
    kc, kf = _key(alone[0])
    return [f"a tone, not a log: it plays {note_name(round(midi_of(kc, kf >> KF_SHIFT)))} for {HELD:g} s"]


def _in_seconds(tone: Tone, time_unit: str | None) -> bool:
    """Decide what the times of a tone's events count, as for a log."""
    times = [row.time for row in tone.rows]
    # The rule of ``json_log``, on fewer rows.
    pointed = any(isinstance(time, float) for time in times)
    return time_unit == "seconds" if time_unit else pointed or 0 < max(times) < json_log.AMBIGUOUS


def _played(tone: Tone, time_unit: str | None) -> list[Row]:
    """Return the writes of a tone, in seconds from its beginning; all keys are released in the end."""
    if not tone.rows:
        kc, kf = _key(tone)
        keys = [(KC, kc), (KF, kf), (KON, tone.voice.slots << 3)]
        return [*(Row(0.0, *write) for write in tone.voice.registers(1) + keys), Row(HELD, KON, 0)]
    unit = 1.0 if _in_seconds(tone, time_unit) else REFERENCE_RATE
    rows = [Row(row.time / unit, row.address, row.data) for row in tone.rows]
    # The last key write of each channel: what is still down is let go, or the next tone would play over it.
    keys_of = {row.data & 7: row.data & ALL_KEYS for row in rows if row.address == KON}
    return rows + [Row(rows[-1].time + HELD, KON, channel) for channel, keys in keys_of.items() if keys]


def _key(tone: Tone) -> tuple[int, int]:
    """Return what a tone's note writes to registers 28 and 30."""
    if tone.key:
        return tone.key
    try:
        kc, kf = note(DEFAULT if tone.note is None else tone.note)
    except ValueError as error:
        raise SongError(f"{tone.voice.name or 'tone'}: {error}") from None
    return kc, kf << KF_SHIFT


def _silence(rows: list[Row], now: float) -> list[Row]:
    """Return what silences the chip and clears the registers that were written."""
    addresses = sorted({row.address for row in rows})
    channels = {row.data & 7 for row in rows if row.address == KON}
    # Keys up at the fastest release: at its own, a tone would fade into the next. Then all to 0, as after a reset.
    quick = [Row(now, SLOT_BASES[-1] + op + channel, _QUICKEST) for channel in channels for op in range(0, 32, 8)]
    off = [Row(now, KON, channel) for channel in channels]
    return quick + off + [Row(now + SILENCED / 2, address, 0) for address in addresses if address != KON]
