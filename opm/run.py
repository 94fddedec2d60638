"""The one compiled entry: bus events and frames in, samples out."""

import numpy as np

from . import bus, mixer
from ._jit import SOURCES, block, entry
from .cycle import clock

EVENT = np.dtype([("cycle", np.int64), ("kind", np.uint8), ("data", np.uint8)])
"""numpy.dtype of a bus event: cycles since reset when it is applied (before that cycle), kind, byte."""
ADDRESS, DATA, IC = 0, 1, 2
"""Kinds of event: write to port 0, write to port 1, drive the IC pin (1 = reset asserted)."""


@block
def apply_events(s, events, done, cycle):
    """Apply what is due; return how many events are done."""
    while done < events.shape[0] and events[done]["cycle"] <= cycle:
        if events[done]["kind"] == IC:
            bus.set_ic(s, events[done]["data"] & 1)
        else:
            bus.write_port(s, events[done]["kind"], events[done]["data"])
        done += 1
    return done


@block
def sample(s, row):
    """Store the DAC's two outputs."""
    row[mixer.LEFT] = s.dac_output[mixer.LEFT]
    row[mixer.RIGHT] = s.dac_output[mixer.RIGHT]


@entry
def run_frames(state, words, events, cycle, frames, cycles_per_frame, mute, out, channels, sources=SOURCES):
    """Advance a chip and record its samples.

    Parameters
    ----------
    state : (2,) STATE
        The chip, and the mixer without its muted channels.
    words : (n,) int32
        The same memory, flat.
    events : (n,) EVENT
        Applied in order, each before its cycle.
    cycle : int
        Cycles since reset.
    frames, cycles_per_frame : int
        How far to go.
    mute : int
        Mask of channels to leave out of ``out``.
    out : (frames, 2) int16 or (0, 2)
        Left and right after the last cycle of each frame; not recorded if empty.
    channels : (frames, 8) int16 or (0, 8)
        Each channel's own sum; not recorded if empty.
    sources : int
        Never given: part of the cache key, see ``_jit``.

    Returns
    -------
    int
        Number of events applied.
    """
    chip, muted = state[0], state[1]
    done = 0
    for frame in range(frames):
        for _ in range(cycles_per_frame):
            done = apply_events(chip, events, done, cycle)
            if mute:
                mixer.muted(chip, muted, mute)
            clock(chip, words)
            cycle += 1
        if frame < out.shape[0]:
            sample(muted if mute else chip, out[frame])
        if frame < channels.shape[0]:
            for channel in range(8):
                channels[frame, channel] = min(max(chip.tap_out[channel], -32768), 32767)
    return done
