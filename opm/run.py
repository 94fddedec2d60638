"""The one compiled entry: bus events and frames in, samples out. It chooses the engine frame by frame."""

from typing import Any

import numpy as np

from . import boundary, bus, frame, mixer
from ._jit import SOURCES, block, entry
from .cycle import clock
from .state import RECORD

EVENT = np.dtype([("cycle", np.int64), ("kind", np.uint8), ("data", np.uint8)])
"""numpy.dtype of a bus event: cycles since reset when it is applied (before that cycle), kind, byte."""
ADDRESS, DATA, IC = 0, 1, 2
"""Kinds of event: write to port 0, write to port 1, drive the IC pin (1 = reset asserted)."""
AUTO, CYCLE, FRAMES = 0, 1, 2
"""Engines."""
CYCLES_PER_FRAME = 32
CYCLES_TO_DATA = 2
"""From an address to its data on the bus, the fewest that lose nothing; in such writes the frame engine goes on."""
QUIET, WRITE, BUSY = 0, 1, 2
"""What the events hold for the next frame: nothing, one aligned register write, anything else."""


def bus_write(frame: int, address: int, data: int) -> list[tuple[int, int, int]]:
    """Return the two bus events of a register write that starts with a frame."""
    cycle = frame * CYCLES_PER_FRAME
    return [(cycle, ADDRESS, address), (cycle + CYCLES_TO_DATA, DATA, data)]


def register_writes(events: Any) -> list[tuple[int, int, int]]:
    """Return (cycle, address, data) of each register write among bus events: ``bus_write``'s inverse."""
    address, writes = 0, []
    for cycle, kind, data in events.tolist():
        if kind == ADDRESS:
            address = data
        elif kind == DATA:
            writes.append((cycle, address, data))
    return writes


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
def look_ahead(s, f, events, done, cycle):
    """Say what the events hold for the 32 clocks from a cycle."""
    left = events.shape[0] - done
    if left == 0 or events[done]["cycle"] >= cycle + CYCLES_PER_FRAME:
        return QUIET
    if left < 2 or events[done]["kind"] != ADDRESS or events[done + 1]["kind"] != DATA or f.write:
        return BUSY
    if events[done]["cycle"] != cycle or events[done + 1]["cycle"] != cycle + CYCLES_TO_DATA:
        return BUSY
    if left > 2 and events[done + 2]["cycle"] < cycle + CYCLES_PER_FRAME:
        return BUSY
    return WRITE if frame.writable(s, events[done]["data"], events[done + 1]["data"]) else BUSY


@block
def enter(state, words, frames, mute):
    """Hand the chip over to the frame engine."""
    chip, f = state[0], frames[0]
    boundary.enter(chip, f)
    boundary.get_taps(chip, f)
    for i in range(2 if mute else 1):
        frame.set_panning(chip, frames[i], mute * i)
        boundary.get_mixer(state[i], frames[i], f)


@block
def leave(state, frames, mute):
    """Hand it back."""
    boundary.leave(state[0], frames[0])
    boundary.put_taps(state[0], frames[0])
    for i in range(2 if mute else 1):
        boundary.put_mixer(state[i], frames[i], frames[0])


@block
def whole_frame(chip, words, frames, mute):
    """32 clocks by the frame engine."""
    f = frames[0]
    frame.frame(chip, words, f)
    last = frame.slot_31(chip, f)
    frame.taps(f, last)
    for i in range(2 if mute else 1):
        frame.mix(frames[i], f, last)


@block
def sample(output, row):
    """Store the DAC's two outputs."""
    row[mixer.LEFT] = output[mixer.LEFT]
    row[mixer.RIGHT] = output[mixer.RIGHT]


@block
def clipped(sums, row):
    """Store the channels' sums; noise may take channel 8 beyond 16 bits."""
    for channel in range(8):
        row[channel] = min(max(sums[channel], -32768), 32767)


@block
def follow(words, traced, row):
    """Record words of the chip's record."""
    for i in range(traced.shape[0]):
        row[i] = words[traced[i]]


@entry
def run_frames(
    words,
    frame_words,
    event_bytes,
    cycle,
    count,
    clocks_per_frame,
    engine,
    mute,
    out,
    channels,
    traced,
    trace,
    sources=SOURCES,
):
    """Advance a chip and record its samples.

    Parameters
    ----------
    words : (n,) int32
        Two STATE records: the chip, and the mixer without its muted channels. Flat arrays are viewed as
        records here, since Numba takes 20 us to recognise a structured argument.
    frame_words : (n,) int32
        Two FRAME records: working memory of the frame engine.
    event_bytes : (n,) uint8
        EVENT records, applied in order, each before its cycle.
    cycle : int
        Cycles since reset.
    count, clocks_per_frame : int
        How many samples to make, and how far apart.
    engine : int
        AUTO, CYCLE or FRAMES.
    mute : int
        Mask of channels to leave out of ``out``.
    out : (count, 2) int16 or (0, 2)
        Left and right after the last cycle of each frame; not recorded if empty.
    channels : (count, 8) int16 or (0, 8)
        Each channel's own sum; not recorded if empty.
    traced : (k,) int32
        Words of the chip's record to trace.
    trace : (n, k) int32
        Their values after each of the last n samples; CYCLE only.
    sources : int
        Never given: part of the cache key, see ``_jit``.

    Returns
    -------
    int
        Clocks done by the frame engine.
    """
    state, frames, events = words.view(RECORD), frame_words.view(frame.FRAME), event_bytes.view(EVENT)
    chip, muted, f, g = state[0], state[1], frames[0], frames[1]
    aligned = engine != CYCLE and clocks_per_frame % CYCLES_PER_FRAME == 0
    inside, done, by_frames = False, 0, 0
    f.write = 0
    end = cycle + count * clocks_per_frame
    sample_due = cycle + clocks_per_frame
    row = 0
    while cycle < end or inside:
        coming = look_ahead(chip, f, events, done, cycle) if aligned and cycle < end else BUSY
        if inside and coming == BUSY:
            leave(state, frames, mute)
            inside = False
            continue
        if not inside:
            f.obstacle = boundary.EVENTS_COME if coming == BUSY else boundary.obstacle(chip, words)
            inside = f.obstacle == 0
            if inside:
                enter(state, words, frames, mute)
        if inside:
            if coming == WRITE:
                frame.latch_write(chip, f, events[done]["data"], events[done + 1]["data"])
                done += 2
            whole_frame(chip, words, frames, mute)
            cycle += CYCLES_PER_FRAME
            by_frames += CYCLES_PER_FRAME
        else:
            for _ in range(CYCLES_PER_FRAME if aligned else clocks_per_frame):
                done = apply_events(chip, events, done, cycle)
                if mute:
                    mixer.muted(chip, muted, mute)
                clock(chip, words)
                cycle += 1
        if cycle == sample_due:
            sample_due += clocks_per_frame
            if row < out.shape[0]:
                if inside:
                    sample(g.dac if mute else f.dac, out[row])
                else:
                    sample(muted.dac_output if mute else chip.dac_output, out[row])
            if row < channels.shape[0]:
                clipped(f.tap_out if inside else chip.tap_out, channels[row])
            row += 1
            if row > count - trace.shape[0]:
                follow(words, traced, trace[row - 1 - count + trace.shape[0]])
    return by_frames
