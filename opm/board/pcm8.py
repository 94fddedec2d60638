"""PCM8: the X68000's software that mixes eight channels of sampled sound into the one the machine has.

It has calls, not registers. Here a channel's are at 8 times its number, 0-7:

=======  ==============================================================================================================
address  what it does
=======  ==============================================================================================================
+0       offset of a sound in memory
+1       its length in bytes
+2       mode, at once: bits 16-19 volume, 8-10 kind and rate, 0-1 pan (1 left, 2 right, 3 both; 0 stops the channel);
         FF in one of its bytes leaves that as it is
+3       bit 0 starts the sound, unless the last mode had pan 0 or the length is below 1; else the sound ends with the
         byte it is at
80       stops all channels and forgets what they have played
=======  ==============================================================================================================

=====  ==========  ==================     ======  =======================================================
kind   per second  data                   volume  gain in 1/16
=====  ==========  ==================     ======  =======================================================
0      3906.25     ADPCM                  0-7     2, 3, 4, 5, 6, 8, 10, 12
1      5208.33     ADPCM                  8-15    16, 20, 24, 32, 40, 48, 64, 80
2      7812.5      ADPCM
3      10416.67    ADPCM
4      15625       ADPCM
5      15625       16 bits, high first
6      15625       8 bits
7      0           silence
=====  ==========  ==================     ======  =======================================================

All data moves a level within 12 bits, of which the lowest two do not sound. The core's rate is that at which the
reference makes sound of it: 62500, the clock by 128. There each channel passes two high-passes (326 Hz and 61 Hz) and
its gain; their sum is limited to 20 bits.

What comes next is of the machine, not of the software: the analogue low-pass behind its ADPCM, in whole numbers. Its
first part is of the second order (3600 Hz, as flat as can be), its second of the first (10.6 kHz): 3 dB down at 3375
Hz, 12 at 6270. It comes to rest at 0 or, once it was moved, at -1 by its rounding. The output is its sound times
506/8192, which balances it with the YM2151's, of which a carrier at its loudest has 4089 there. The reference adds the
two up and limits them to 16 bits; that is left to who adds them here: of PCM8 alone it is 35237 at most.

Source: portable_mdx 2429db3, src/x68sound/x68sound_pcm8.cpp and x68sound_opm.cpp (X68Sound), read; compared with its
mixture at 62500 Hz, in which the YM2151 was silent: 3000 random programs, 9 million samples, no difference.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .._jit import block, entry, outline
from ..state import HISTORY, LEFT, RIGHT, SIGNED, Fields
from .oki import DIFFERENCE, NEXT_STEP
from .record import in_order
from .rom import HIGHEST, byte_at

TITLE = "PCM8"
CHANNELS = 8
OFFSET, LENGTH, MODE, START, ABORT = 0, 1, 2, 3, 0x80
KEEP = 0xFF
WORDS, BYTES, FASTEST = 5, 6, 4
# fmt: off
FIELDS = Fields.of(
    # name         bits count meaning
    "calls",
    ("offset",  HISTORY, CHANNELS, "of the next sound in memory"),
    ("length",  HISTORY, CHANNELS, "its bytes"),
    ("mode",    HISTORY, CHANNELS, "as it was written last; a start sets it once more"),
    ("volume",        4, CHANNELS, "0-15"),
    ("kind",          3, CHANNELS, "0-4 ADPCM, 5 words, 6 bytes"),
    ("rate",          3, CHANNELS, "like the kind; 4 after a stop of all"),
    ("pan",           2, CHANNELS, "bit 0 left, bit 1 right"),
    "sound",
    ("playing",       1, CHANNELS, "it sounds"),
    ("place",   HISTORY, CHANNELS, "of the next byte in memory"),
    ("left",    HISTORY, CHANNELS, "bytes left"),
    ("counter",       6, CHANNELS, "1/48 of the core's rate, down to the next value"),
    ("half",          1, CHANNELS, "a nibble waits"),
    ("nibble",        4, CHANNELS, "which"),
    ("step",          6, CHANNELS, "ADPCM's step size, 0-48"),
    ("before",       16, CHANNELS, "last word or byte", SIGNED),
    ("level",        12, CHANNELS, "where the data has moved it, -2047 to 2047", SIGNED),
    "high-passes",
    ("high",    HISTORY, CHANNELS, "first one, in 2**-17"),
    ("higher",  HISTORY, CHANNELS, "second one, in 2**-17"),
    "low-pass; of each left and right",
    ("entered",      20, 2, "sum that came in last", SIGNED),
    ("entered_before", 20, 2, "the one before", SIGNED),
    ("low",          21, 2, "what the first part made of it", SIGNED),
    ("low_before",   21, 2, "the one before", SIGNED),
    ("lower",        21, 2, "what the second part made of that", SIGNED),
)
# fmt: on
SPEED = np.array([3, 4, 6, 8, 12, 12, 12, 0], np.int32)
"""Values in 48 samples of the core, by rate."""
PERIOD = 48
FOREVER = 2**62
GAIN = np.array([2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80], np.int32)
"""In 1/16, by volume."""
LIMIT = 2**19 - 1
TAIL = 64
"""Samples after which is looked whether the low-pass has come to rest behind a sound."""


def rate(clock: int, options: Mapping[str, int]) -> Fraction:
    """Return samples per second: the clock by 128, X68Sound's 62500 of 8 MHz."""
    return Fraction(clock, 128)


def power_up(state: Any, clock: int, options: Mapping[str, int]) -> None:
    """Set the mode before any other: volume 8, ADPCM at 15625, both sides."""
    state["mode"] = 8 << 16 | FASTEST << 8 | 3
    state["volume"], state["kind"], state["rate"], state["pan"] = 8, FASTEST, FASTEST, 3


@block
def forget(s, c):
    """Clear what a channel has played."""
    s.half[c] = 0
    s.step[c] = 0
    s.before[c] = 0
    s.level[c] = 0
    s.high[c] = 0
    s.higher[c] = 0


@block
def set_mode(s, c):
    """Set volume, kind and pan, each unless it is FF; pan 0 stops the channel."""
    word = s.mode[c]
    volume, kind, pan = (word >> 16) & 0xFF, (word >> 8) & 0xFF, word & 0xFF
    if volume != KEEP:
        s.volume[c] = volume & 15
    if kind != KEEP:
        s.kind[c] = kind & 7
        s.rate[c] = kind & 7
    # The lowest two bits of the whole word: with FF as pan they are 3, and the channel goes on.
    if word & 3 == 0:
        s.playing[c] = 0
        s.left[c] = 0
    elif pan != KEEP:
        s.pan[c] = word & 3


@block
def start(s, c, data):
    """Start a sound, or end one."""
    # The bytes that are left are taken away; the value being played stands until the next is due.
    if not data & 1 or s.length[c] == 0:
        s.left[c] = 0
    elif s.length[c] > 0:
        # Once more, as the reference's call does.
        set_mode(s, c)
        if s.mode[c] & 3:
            forget(s, c)
            s.place[c] = s.offset[c]
            s.left[c] = s.length[c]
            s.playing[c] = 1


@block
def abort(s):
    """Stop all channels."""
    for c in range(CHANNELS):
        forget(s, c)
        s.playing[c] = 0
        s.left[c] = 0
        s.counter[c] = 0
        # The rate alone, not the kind: the reference's call does the same.
        s.rate[c] = FASTEST


@block
def write(s, address, data):
    """Take a write."""
    c, call = address >> 3, address & 7
    if address == ABORT:
        abort(s)
    elif 0 <= c < CHANNELS:
        if call == OFFSET:
            s.offset[c] = data
        elif call == LENGTH:
            s.length[c] = data
        elif call == MODE:
            s.mode[c] = data
            set_mode(s, c)
        elif call == START:
            start(s, c, data)


@block
def steps_left(s, c):
    """Return after how many samples of the core a channel wants a value that its sound does not have."""
    # How far a sound reaches is known beforehand, so the loop over samples has no test for its end.
    values = np.int64(s.left[c])
    if s.kind[c] == WORDS:
        values >>= 1
    elif s.kind[c] != BYTES:
        values = 2 * values + s.half[c]
    speed = SPEED[s.rate[c]]
    return (s.counter[c] + PERIOD * values) // speed if speed else FOREVER


@block
def number(memory, place, kind):
    """Return a word, high byte first, or a byte, as a two's complement number."""
    high = (byte_at(memory, place) ^ 0x80) - 0x80
    return high << 8 | byte_at(memory, place + 1) if kind == WORDS else high


@outline
def play(s, c, memory, out):
    """Add a channel to a stretch, or to what its sound fills of it; return how many samples that are."""
    kind, speed, gain = s.kind[c], SPEED[s.rate[c]], GAIN[s.volume[c]]
    left, right = -(s.pan[c] & 1), -(s.pan[c] >> 1)
    counter, place = np.int64(s.counter[c]), np.int64(s.place[c])
    half, waiting, step = np.int64(s.half[c]), np.int64(s.nibble[c]), np.int64(s.step[c])
    before, total = np.int64(s.before[c]), np.int64(s.level[c])
    high, higher = np.int64(s.high[c]), np.int64(s.higher[c])
    count = min(len(out), steps_left(s, c))
    for i in range(count):
        counter -= speed
        # The lowest two bits do not sound; in 2**-17 of a step for the filters.
        rise = 0
        if counter < 0:
            counter += PERIOD
            if kind == WORDS or kind == BYTES:
                data = number(memory, place, kind)
                place += 2 if kind == WORDS else 1
                # Words and bytes are levels, and the difference to the last one is what moves the common level.
                moved = min(max(total + data - before, -2047), 2047)
                before = data
            else:
                nibble = waiting
                if not half:
                    both = byte_at(memory, place)
                    place += 1
                    nibble, waiting = both & 15, both >> 4
                half ^= 1
                moved = min(max(total + DIFFERENCE[step, nibble], -2047), 2047)
                step = np.int64(NEXT_STEP[step, nibble])
            rise = ((moved >> 2) - (total >> 2)) << 19
            total = moved
        # Two poles at 62500 per second: 1 - 2**-5 - 2**-10 is 326 Hz, 1 - 2**-8 - 2**-9 - 2**-12 is 61 Hz.
        change = rise - (high >> 5) - (high >> 10)
        high += change
        higher += change - (higher >> 8) - (higher >> 9) - (higher >> 12)
        sound = ((higher >> 9) * gain) >> 4
        # A side is a mask of all ones or none: no branch in the loop.
        out[i, LEFT] += sound & left
        out[i, RIGHT] += sound & right
    s.counter[c], s.before[c], s.level[c] = counter, before, total
    s.half[c], s.nibble[c], s.step[c] = half, waiting, step
    s.high[c], s.higher[c] = high, higher
    s.left[c] -= place - s.place[c]
    s.place[c] = min(place, HIGHEST)
    # A value was wanted that the sound does not have: this is its end.
    if count < len(out):
        s.playing[c] = 0
        s.counter[c] = 0
    return count


@block
def alike(s, out):
    """Return whether both sides take the same sums, and stand where the same sums have left them."""
    # A side's filter remembers five values: equal sums give equal sides only from equal memories.
    for field in (s.entered, s.entered_before, s.low, s.low_before, s.lower):
        if field[LEFT] != field[RIGHT]:
            return False
    different = 0
    for i in range(len(out)):
        different |= out[i, LEFT] ^ out[i, RIGHT]
    return different == 0


@block
def loud(lower):
    """Return what leaves the low-pass."""
    return (lower * 506) >> 13


@block
def signed(value):
    """Return 21 bits in two's complement: all that a sum of 20 bits can become in the low-pass."""
    # A snapshot may hold anything of the field's width; the sums of a running filter never go beyond.
    return ((value + 0x100000) & 0x1FFFFF) - 0x100000


@block
def filter_side(s, side, out):
    """Send the sums of a side, limited, through the low-pass."""
    entered, entered_before = np.int64(s.entered[side]), np.int64(s.entered_before[side])
    low, low_before, lower = np.int64(s.low[side]), np.int64(s.low_before[side]), np.int64(s.lower[side])
    for i in range(len(out)):
        # In 1/1024; the factors of each part add up to a gain of 1 at 0 Hz.
        new = min(max(np.int64(out[i, side]), -LIMIT), LIMIT)
        filtered = (26 * (new + 2 * entered + entered_before) + 1537 * low - 617 * low_before) >> 10
        lower = (356 * (filtered + low) + 312 * lower) >> 10
        entered, entered_before = new, entered
        low, low_before = filtered, low
        out[i, side] = loud(lower)
    s.entered[side], s.entered_before[side] = entered, entered_before
    s.low[side], s.low_before[side], s.lower[side] = signed(low), signed(low_before), signed(lower)


@outline
def low_pass(s, out):
    """Send sums through the low-pass: both sides at once if they are alike, which most songs leave them."""
    if not alike(s, out):
        filter_side(s, LEFT, out)
        filter_side(s, RIGHT, out)
        return
    filter_side(s, LEFT, out)
    for i in range(len(out)):
        out[i, RIGHT] = out[i, LEFT]
    for field in (s.entered, s.entered_before, s.low, s.low_before, s.lower):
        field[RIGHT] = field[LEFT]


@block
def rests(s):
    """Return whether the low-pass stays where it is while nothing comes in: at 0, or a little below it by rounding."""
    for side in range(2):
        low, lower = s.low[side], s.lower[side]
        if s.entered[side] | s.entered_before[side] | (low ^ s.low_before[side]):
            return False
        # Where both parts would give what they hold. Rounding downwards leaves them below 0 for ever, so 0 cannot be
        # asked for.
        if ((1537 - 617) * low) >> 10 != low or (2 * 356 * low + 312 * lower) >> 10 != lower:
            return False
    return True


@outline
def mix(s, memory, out):
    """Make the samples of a stretch without writes."""
    out[:] = 0
    at = heard = 0
    for c in range(CHANNELS):
        if s.playing[c]:
            heard = max(heard, play(s, c, memory, out))
    # The filter rings on behind the last sound, and then nothing is computed until the next.
    while at < len(out) and (at < heard or not rests(s)):
        until = min(max(heard, at + TAIL), len(out))
        low_pass(s, out[at:until])
        at = until
    out[at:, LEFT], out[at:, RIGHT] = loud(s.lower[LEFT]), loud(s.lower[RIGHT])


@entry
def run(state, memory, writes, out):
    """Make samples, each write taken before its own."""
    s = state[0]
    done = 0
    for i in range(len(writes) + 1):
        until = min(max(writes[i]["sample"], done), len(out)) if i < len(writes) else len(out)
        if until > done:
            mix(s, memory, out[done:until])
            done = until
        if i < len(writes):
            write(s, writes[i]["address"], writes[i]["data"])


def _started(rows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield row, channel and offset of each start that sounds."""
    calls = [[0, 0, 3] for _ in range(CHANNELS)]
    inside = (rows["address"] >= 0) & (rows["address"] < 8 * CHANNELS)
    for row in np.flatnonzero(inside).tolist():
        channel, call = divmod(int(rows["address"][row]), 8)
        data = int(rows["data"][row])
        if call < START:
            calls[channel][call] = data
        elif call == START and data & 1 and calls[channel][LENGTH] > 0 and calls[channel][MODE] & 3:
            yield row, channel, calls[channel][OFFSET]


def struck(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what each start strikes, as ``STRIKE``; a sound's number is its offset."""
    return in_order(_started(rows))
