"""Spans: many frames at once, the same bits as one by one.

Between two bus events only the chip itself moves, so each hardware block does all frames of a span before the next
block begins, a row over time for each slot: loops over time run eight or sixteen frames abreast. Where something is
settling - a write, a key, a pitch - frames are done one by one (``frame.py``), and so are the last ``SETTLE`` of a
run: they leave all that ``boundary.py`` looks back at.
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
