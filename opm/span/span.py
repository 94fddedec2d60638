"""The span engine: many frames at once, the same bits as one by one. Its passes, on one page.

Between two bus events only the chip itself moves, so each hardware block does all frames of a span before the next
block begins: loops over time run eight or sixteen frames abreast. Where something is settling - a write, a key, a
pitch - frames are done one by one (``frame``), and so are the last ``SETTLE`` of a run: they leave all that
``frame.pipeline`` looks back at.

What LLVM's vectoriser wants, or it gives up without a word (``tests/span/test_vector_code.py`` watches it):

- two names for one record, ``read`` and ``write``: with one it must assume that a store changes what is loaded next;
- int32 throughout, so ``i32`` around each step; indices with a variable offset in uint64, for Numba's negative indices
  are a choice at each element; look-ups by what is clearly not negative, or they are gathered 64 bits at a time;
- ``range(n)`` and ``t + constant``, n rounded up to ``WIDE``: what is left of a row is done one by one;
- what adds up from frame to frame written so (``ramp = i32(ramp + inc)``), not as a product;
- large loops ``outline``, or it unrolls what calls them.
"""

from .._jit import block, outline
from ..frame import envelope as frame_envelope
from ..frame import frame as frame_page
from ..frame import key_on as frame_key_on
from ..frame.record import ENTERED, HELD_OVER, WAITING
from ..state import C1
from . import envelope, lfo, mixer, noise, operators, phase
from .record import ORIGIN, WIDE

SHORTEST = 8
"""Frames of a span at least: it takes as long as so many frames one by one."""
SETTLE = 1
"""Frames one by one after a span, before the chip is left: they leave what ``frame.pipeline`` looks back at."""


@block
def clean(state, frame):
    """Say whether nothing will change within the next frame but what the chip moves by itself."""
    settling = frame.lfo_fresh or frame.keys_moving == WAITING or frame.codes_stale == ENTERED
    settling = settling or frame.landing == HELD_OVER or frame.pitch_changed
    return not settling and (not state.opp or envelope.ramps_rest(state))


@outline
def span(state, frame, muted, write, read, n, mute):
    """Advance by n frames. ``muted``: the sums without the channels of ``mute``; ``write``, ``read``: one record."""
    frame_page.arrive(state, frame)
    if frame.keys_moving:
        frame_key_on.forget(frame)
    wide = (n + WIDE - 1) // WIDE * WIDE
    changes = walk(state, frame, write, n)
    heard = envelope.attenuations(frame, write, read, wide)
    phase.phases(frame, write, changes, n)
    # Noise is heard even at rest (-8), and what sounded a span ago is still on its way through mixer and DAC.
    if heard or state.ne or frame.resounding:
        operators.operators(frame, write, read, n, wide)
        mixer.sums(frame, write, read, wide)
        noise.slot_31(state, frame, write, read, wide)
        mixer.mixer(frame, frame, write, read, n, wide)
        if mute:
            mixer.mixer(frame, muted, write, read, n, wide)
        mixer.taps(frame, write, n)
    else:
        operators.nothing(write, n)
        mixer.nothing(write, wide)
    frame.resounding = heard | state.ne
    finish(state, frame, write, n)


@block
def walk(state, frame, write, n):
    """What must be done in the order of time: LFO, noise, pitch, envelopes. Return the changes of pitch."""
    changes = low_frequency(state, frame, write, n)
    phase.increments(state, frame, write, changes)
    envelope.envelopes(state, frame, write, changes, n)
    if state.opp:
        envelope.ramp_counters(state, n)
    return changes


@block
def low_frequency(state, frame, write, n):
    """AM and PM at the end of each frame; return how often PM changed while it is in use."""
    write.am[0], write.sign[0] = state.lfo_am, frame.noise_sign
    changes, t = 0, 0
    while t < n:
        pm, rounds = state.lfo_pm, lfo.steady_rounds(state, frame, n - t)
        frames = lfo.ROUND * rounds if rounds else lfo.steady_frames(state, frame, n - t)
        if rounds:
            lfo.rounds(state, frame, write, t, frames)
        elif frames:
            lfo.frames(state, frame, write, t, frames)
        if frames:
            noise.frames(state, frame, write, t, frames)
        else:
            frame_page.low_frequency(state, frame)
            frames = 1
            write.am[t + 1], write.sign[t + 1] = state.lfo_am, frame.noise_sign
        if state.lfo_pm != pm and state.pmd:
            changes += 1
            write.change[changes], write.pm[changes] = t + min(frames, lfo.ROUND) - 1, state.lfo_pm
        t += frames
    return changes


@block
def finish(state, frame, write, n):
    """What the next frame looks back at."""
    end = n + ORIGIN - 1
    for slot in range(32):
        frame.out[slot] = write.out[slot, end]
    for c in range(8):
        frame.m1_old[c], frame.c1_old[c] = write.out[c, end - 1], write.out[C1 + c, end - 1]
    envelope.last_attenuation(frame, write, n)
    operators.last_phases(frame, write, end)
    frame_envelope.add_levels(state, frame, 0)
