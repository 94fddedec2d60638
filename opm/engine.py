"""The one compiled entry: bus events and frames in, samples out. It plans, advances and records, step by step.

A step is a span of many frames, one frame, or single clocks: as much as the chip and its bus events allow.
``handover.py`` says what is kept between two calls.
"""

import numpy as np

from ._jit import array_of, block, entry, outline, stage
from .cycle import bus as bus_pins
from .cycle.clock import clock, muted_output_clock
from .cycle.lfo import windows_done
from .events import ADDRESS, CYCLES_PER_FRAME, CYCLES_TO_DATA, DATA, EVENT, IC
from .frame import bus
from .frame import timers as frame_timers
from .frame.frame import advance, mix
from .frame.obstacle import CLEAR, EDITED, EVENTS_COME, obstacle
from .frame.record import FRAME, HELD_OVER
from .handover import (
    SHOWN_AT,
    SPAN_WORDS,
    STATES_AT,
    copy,
    enter,
    go_back,
    leave,
    resume,
    take_edits,
    views,
    within_widths,
)
from .span import dac, mixer, timers
from .span.record import LONGEST, SPAN
from .span.span import SETTLE, SHORTEST, clean, span
from .state import LEFT, RIGHT

AUTO, CYCLE, FRAMES = 0, 1, 2
"""Which engines may run: all three, single clocks alone, frames one by one beside them."""
ENGINES = {"auto": AUTO, "cycle": CYCLE, "frame": FRAMES}
QUIET, UNHEARD, WRITE, OTHER = range(4)
"""What the events hold for the next frame: nothing, one aligned register write (that only the timers hear, or any), or
anything else and the call's end."""
ENTERING, LEAVING, SPANNING, FRAME_BY_FRAME, CLOCK_BY_CLOCK = range(5)
"""Steps: into the frame engine, out of it, many frames, one frame, single clocks."""
_WORDS, _SAMPLES = array_of(np.int32), array_of(np.int16, 2)
FRAMES_TAKE = (
    _WORDS, _WORDS, _WORDS, array_of(np.uint8), int, int, int, int, int, _SAMPLES, _SAMPLES, _WORDS,
    array_of(np.int32, 2),
)  # fmt: skip
"""The kinds of what ``run_frames`` takes."""


# ---- Plan


@block
def look_ahead(state, frame, events, done, cycle, inside):
    """Say what the events hold for the 32 clocks from a cycle.

    The frame engine takes a write only if BUSY is clear on entering, or has counted what an aligned write leaves: the
    rest of an unaligned one's count would end in the middle of the write's own.
    """
    remaining = events.shape[0] - done
    if remaining == 0 or events[done]["cycle"] >= cycle + CYCLES_PER_FRAME:
        return QUIET
    if remaining < 2 or events[done]["kind"] != ADDRESS or events[done + 1]["kind"] != DATA:
        return OTHER
    if events[done]["cycle"] != cycle or events[done + 1]["cycle"] != cycle + CYCLES_TO_DATA:
        return OTHER
    if remaining > 2 and events[done + 2]["cycle"] < cycle + CYCLES_PER_FRAME:
        return OTHER
    if frame.landing == HELD_OVER or (not inside and state.busy and state.busy_count != bus.BUSY_COUNT):
        return OTHER
    address, data = events[done]["data"], events[done + 1]["data"]
    if not bus.writable(state, address):
        return OTHER
    return UNHEARD if timers.unheard(state, address, data) else WRITE


@block
def span_length(state, frame, events, done, cycle, end):
    """Return how many frames can be done at once; 0 if that is not worth while. The longest end with a round.

    A frame in which CSM strikes all keys is one by itself, and so is the last before the chip is left.
    """
    if not clean(state, frame):
        return 0
    settle, end = SETTLE, min(end, cycle + CYCLES_PER_FRAME * (LONGEST + SETTLE))
    while done < events.shape[0] and events[done]["cycle"] < end:
        at = events[done]["cycle"]
        coming = look_ahead(state, frame, events, done, at, True) if (at - cycle) % CYCLES_PER_FRAME == 0 else OTHER
        if coming != UNHEARD:
            settle, end = 0 if coming == WRITE else SETTLE, at
        done += 2
    n = min(LONGEST - windows_done(state) // 2, (end - cycle) // CYCLES_PER_FRAME - settle)
    n = timers.until_csm(state, n)
    return n if n >= SHORTEST else 0


@block
def plan(obstacle_met, coming, inside, n):
    """Return the next step, by what the events hold, where the chip is, and how long a span could be."""
    if not inside:
        return ENTERING if obstacle_met == CLEAR else CLOCK_BY_CLOCK
    if coming == OTHER:
        return LEAVING
    return SPANNING if n else FRAME_BY_FRAME


# ---- Advance


@stage
def one_frame(state, words, frame, muted, mute):
    """32 clocks by the frame engine."""
    advance(state, words, frame, muted, mute)
    frame.resounding |= state.ne
    for slot in range(32):
        frame.resounding |= frame.out[slot]
    mix(state, frame, muted, mute)


@outline
def count_timers(state, words, frame, events, done, cycle, n):
    """Count for the frames of a span from a cycle on, and let the timers hear its writes; return the events done."""
    counted = 0
    while done < events.shape[0] and events[done]["cycle"] < cycle + CYCLES_PER_FRAME * n:
        t = (events[done]["cycle"] - cycle) // CYCLES_PER_FRAME + 1
        frame_timers.count(state, t - counted)
        bus.latch(state, words, frame, events[done]["data"], events[done + 1]["data"])
        frame_timers.written(state, words)
        frame.landing, frame.busy = 0, 1 if t == n else 0
        counted, done = t, done + 2
    frame_timers.count(state, n - counted)
    return done


@block
def apply_events(state, events, done, cycle):
    """Apply what is due; return how many events are done."""
    while done < events.shape[0] and events[done]["cycle"] <= cycle:
        if events[done]["kind"] == IC:
            bus_pins.set_ic(state, events[done]["data"] & 1)
        else:
            bus_pins.write_port(state, events[done]["kind"], events[done]["data"])
        done += 1
    return done


# ---- Record


@block
def due_within(n, overdue, clocks_per_frame):
    """Return how many samples were due in a span of n frames, the first some clocks ago; its frame; frames between."""
    taken = overdue // clocks_per_frame + 1
    return taken, n - 1 - overdue // CYCLES_PER_FRAME, clocks_per_frame // CYCLES_PER_FRAME


@block
def sample(state, frame, inside, row):
    """Store the DAC's two outputs, from the frame engine's pieces or from the state."""
    row[LEFT] = frame.dac[LEFT] if inside else state.dac_output[LEFT]
    row[RIGHT] = frame.dac[RIGHT] if inside else state.dac_output[RIGHT]


@block
def sample_channels(state, frame, inside, row):
    """Store each channel's own sum, or what it gives each side if there is room for both."""
    for channel in range(8):
        if row.shape[0] == 8:
            row[channel] = mixer.within_16_bits(frame.tap_out[channel] if inside else state.tap_out[channel])
        else:
            left, right = frame.side_out[channel], frame.side_out[8 + channel]
            if not inside:
                left, right = state.side_out[channel], state.side_out[8 + channel]
            row[2 * channel + LEFT], row[2 * channel + RIGHT] = mixer.within_16_bits(left), mixer.within_16_bits(right)


@block
def follow(words, traced, row):
    """Record words of the chip's state."""
    for i in range(traced.shape[0]):
        row[i] = words[traced[i]]


@entry
def run_frames(
    memory,
    scratch,
    again,
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
):
    """Advance a chip and record its samples.

    Parameters
    ----------
    memory : (n,) int32
        A MEMORY record: the chip. Flat arrays are viewed as records here, since Numba takes 20 us to recognise a
        structured argument.
    scratch, again : (n,) int32
        A SCRATCH record that no other thread uses, by two names: LLVM would not vectorise a loop that reads from what
        it writes.
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
    channels : (count, 8) int16, (count, 16) or (0, 8)
        Each channel's own sum, or what it gives the left and the right; not recorded if empty.
    traced : (k,) int32
        Words of the chip's record to trace.
    trace : (n, k) int32
        Their values after each of the last n samples.

    Returns
    -------
    int
        Clocks done by frames, one by one or in spans; -1 if a field holds more than its width, and nothing was done.
    """
    states, frames, kept, words = views(memory)
    state, silenced, frame, sums = states[0], states[1], frames[0], kept[0]
    write, read = scratch[:SPAN_WORDS].view(SPAN)[0], again[:SPAN_WORDS].view(SPAN)[0]
    muted = scratch[SPAN_WORDS:].view(FRAME)[0]
    take_edits(memory, frame)
    if frame.unsettled and not within_widths(words):
        return -1
    events = event_bytes.view(EVENT)
    aligned = engine != CYCLE and clocks_per_frame % CYCLES_PER_FRAME == 0
    inside, done, row, by_frames = aligned and resume(memory, state, frame, muted, sums, mute), 0, 0, 0
    end, sample_due, untraced = cycle + count * clocks_per_frame, cycle + clocks_per_frame, count - trace.shape[0]
    traced_from = cycle + untraced * clocks_per_frame
    # No array goes into a block here but where its own costs more: Numba counts references to arrays, not to records,
    # in locked instructions (in blocks for all of this, a traced cycle took half as long again).
    while cycle < end or inside:
        # Plan.
        coming = look_ahead(state, frame, events, done, cycle, inside) if aligned and cycle < end else OTHER
        spanning = engine == AUTO and inside and coming <= UNHEARD
        n = span_length(state, frame, events, done, cycle, traced_from) if spanning else 0
        if not inside:
            unsettled = EDITED if frame.unsettled else CLEAR
            frame.obstacle = EVENTS_COME if coming == OTHER else unsettled or obstacle(state, words)
        step = plan(frame.obstacle, coming, inside, n)
        # Advance; a span records its own samples.
        if step == ENTERING:
            enter(state, silenced, frame, muted, mute)
            inside = True
        elif step == LEAVING:
            leave(memory, state, silenced, words, frame, muted, sums, mute)
            inside = False
        elif step == SPANNING:
            if frame.landing:
                bus.store_landed(state, words, frame)
            span(state, frame, muted, write, read, n, mute)
            done = count_timers(state, words, frame, events, done, cycle, n)
            cycle += CYCLES_PER_FRAME * n
            by_frames += n
            taken, first, apart = due_within(n, cycle - sample_due, clocks_per_frame)
            dac.store(write, first, apart, out[row : row + taken])
            if channels.shape[0]:
                mixer.store_channels(frame, write, first, apart, channels[row : row + taken])
            sample_due += clocks_per_frame * taken
            row += taken
        else:
            if step == FRAME_BY_FRAME:
                if coming != QUIET:
                    bus.latch(state, words, frame, events[done]["data"], events[done + 1]["data"])
                    done += 2
                one_frame(state, words, frame, muted, mute)
                cycle += CYCLES_PER_FRAME
                by_frames += 1
            else:
                clocks = CYCLES_PER_FRAME if aligned else clocks_per_frame
                frame.resumable, frame.unsettled = 0, max(0, frame.unsettled - clocks)
                for _ in range(clocks):
                    done = apply_events(state, events, done, cycle)
                    if mute:
                        muted_output_clock(state, silenced, mute)
                    clock(state, words)
                    cycle += 1
            # Record.
            if cycle == sample_due:
                if row < out.shape[0]:
                    sample(silenced if mute else state, muted if mute else frame, inside, out[row])
                if row < channels.shape[0]:
                    sample_channels(state, frame, inside, channels[row])
                if row >= untraced:
                    if inside:
                        leave(memory, state, silenced, words, frame, muted, sums, mute)
                    follow(words, traced, trace[row - untraced])
                    if inside:
                        go_back(memory)
                sample_due += clocks_per_frame
                row += 1
    if not frame.resumable:
        copy(memory, STATES_AT, SHOWN_AT)
    return CYCLES_PER_FRAME * by_frames
