"""Spans: many frames at once, the same bits as one by one.

Between two bus events only the chip itself moves, so each hardware block does all frames of a span before the next
block begins: loops over time run eight or sixteen frames abreast. Where something is settling - a write, a key, a
pitch - frames are done one by one (``frame.py``), and so are the last ``SETTLE`` of a run: they leave all that
``boundary.py`` looks back at.

What LLVM's vectoriser wants, or it gives up without a word (``tests/span/test_vector_code.py`` watches it):

- two names for one record, one to read from (r) and one to write to (w): it does not mix both through one;
- int32 throughout, so ``i32`` around each step; indices with a variable offset in uint64, for Numba's negative indices
  are a choice at each element; look-ups by what is clearly not negative, or they are gathered 64 bits at a time;
- ``range(n)`` and ``t + constant``, n rounded up to ``WIDE``: what is left of a row is done one by one;
- what adds up from frame to frame written so (``ramp = i32(ramp + inc)``), not as a product;
- large loops ``outline``, or it unrolls what calls them.
"""

from .._jit import block, outline
from ..state import C1
from . import envelope, frame, lfo, mixer, operators, phase
from .rows import NOW, WIDE

SHORTEST = 8
"""Frames of a span at least: it takes as long as so many frames one by one."""
SETTLE = 1
"""Frames one by one after a span: they leave what ``boundary`` looks back at."""


@block
def clean(s, f):
    """Say whether nothing is settling."""
    settling = f.write | f.codes_late | f.am_late | f.pitch_written | f.pitch_changed | f.keys_moving | f.lfo_fresh
    settling |= f.connection_late
    return not settling and (not s.opp or envelope.ramps_rest(s))


@outline
def span(s, f, g, w, r, n, mute):
    """Advance by n frames. w and r are one record by two names: LLVM would not vectorise what reads and writes one."""
    f.busy = 0
    wide = (n + WIDE - 1) // WIDE * WIDE
    changes = walk(s, f, w, n)
    heard = envelope.attenuations(f, w, r, wide)
    phase.phases(f, w, changes, n)
    if heard or s.ne or f.resounding:
        operators.operators(f, w, r, n, wide)
        mixer.sums(s, f, w, r, n, wide)
        mixer.mixer(f, f, w, r, n, wide)
        if mute:
            mixer.mixer(f, g, w, r, n, wide)
        mixer.taps(f, w, n)
    else:
        operators.nothing(w, n)
        mixer.nothing(w, wide)
    f.resounding = heard | s.ne
    finish(s, f, w, n)


@block
def walk(s, f, w, n):
    """What must be done in the order of time: LFO, noise, pitch, envelopes, timers. Return the changes of pitch."""
    changes = lfo.low_frequency(s, f, w, n)
    phase.increments(s, f, w, changes)
    envelope.envelopes(s, f, w, changes, n)
    frame.timers(s, n)
    if s.opp:
        envelope.ramp_counters(s, n)
    return changes


@block
def finish(s, f, w, n):
    """What the next frame looks back at."""
    end = n + NOW - 1
    for slot in range(32):
        f.out[slot] = w.out[slot, end]
    for c in range(8):
        f.m1_old[c], f.c1_old[c] = w.out[c, end - 1], w.out[C1 + c, end - 1]
    envelope.last_attenuation(f, w, n)
    operators.last_phases(f, w, end)
    frame.add_levels(s, f, 0)
