"""The one compiled entry: bus events and frames in, samples out. It chooses the engine frame by frame."""

from ._jit import block, entry, outline, stage
from .cycle import bus
from .cycle.clock import clock, muted_output_clock
from .events import ADDRESS, CYCLES_PER_FRAME, CYCLES_TO_DATA, DATA, EVENT, IC
from .memory import BOTH, CHIP_WORDS, KEPT_AT, SHOWN_AT, SPAN_WORDS, STATE_AT, copy, views
from .span import boundary, frame, lfo, mixer
from .span.frame import i32
from .span.rows import LONGEST, SPAN
from .span.span import SETTLE, SHORTEST, clean, span
from .state import BIAS, LEFT, OUTSIDE, RIGHT

AUTO, CYCLE, FRAMES = 0, 1, 2
"""Engines."""
ENGINES = {"auto": AUTO, "cycle": CYCLE, "frame": FRAMES}
PIPELINE = 96
"""Clocks after which all fields follow from those that stay: three frames."""
QUIET, WRITE, BUSY = 0, 1, 2
"""What the events hold for the next frame: nothing, one aligned register write, anything else."""


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
def look_ahead(s, f, events, done, cycle, inside):
    """Say what the events hold for the 32 clocks from a cycle.

    The frame engine takes a write only if BUSY is clear on entering, or has counted what an aligned write leaves: the
    rest of an unaligned one's count would end in the middle of the write's own.
    """
    left = events.shape[0] - done
    if left == 0 or events[done]["cycle"] >= cycle + CYCLES_PER_FRAME:
        return QUIET
    if left < 2 or events[done]["kind"] != ADDRESS or events[done + 1]["kind"] != DATA or f.write == frame.LATE:
        return BUSY
    if events[done]["cycle"] != cycle or events[done + 1]["cycle"] != cycle + CYCLES_TO_DATA:
        return BUSY
    if left > 2 and events[done + 2]["cycle"] < cycle + CYCLES_PER_FRAME:
        return BUSY
    if not inside and s.busy and s.busy_count != boundary.BUSY_COUNT:
        return BUSY
    return WRITE if frame.writable(s, events[done]["data"]) else BUSY


@block
def enter(state, work, mute):
    """Hand the chip over to the frame engine."""
    chip, f = state[0], work[0]
    boundary.enter(chip, f)
    for i in range(2 if mute else 1):
        frame.set_panning(chip, work[i], mute * i)
        boundary.get_mixer(state[i], work[i], f)
    boundary.get_taps(chip, f)


@outline
def leave(memory, state, words, work, mute):
    """Hand it back, and keep what ``resume`` goes on with."""
    f = work[0]
    copy(memory, STATE_AT, KEPT_AT, mute)
    write = f.write
    boundary.leave(state[0], words, f)
    boundary.put_taps(state[0], f)
    for i in range(2 if mute else 1):
        boundary.put_mixer(state[i], work[i], f)
    f.write, f.left, f.left_mute = write, 1, mute
    copy(memory, STATE_AT, SHOWN_AT, mute)


@block
def differs(memory, first, end):
    """Say whether some words of the states are other than they were left."""
    different = i32(0)
    for i in range(first, end):
        different = i32(different | i32(memory[STATE_AT + i] ^ memory[SHOWN_AT + i]))
    return different != 0


@outline
def take_edits(memory, work):
    """Take over what somebody has written to the state shown; the frame engine waits until the pipeline has, too.

    Another thread may go on writing there. It does not reach the state that the compiled code works on, whose widths
    are checked after this: so no index leaves its table.
    """
    if differs(memory, 0, CHIP_WORDS):
        copy(memory, SHOWN_AT, STATE_AT, 0)
        work[0].left, work[0].unsettled = 0, PIPELINE


@outline
def resume(memory, work, mute):
    """Go on inside where the frame engine left, if it was the last that ran; say whether it did."""
    f = work[0]
    if not f.left or f.left_mute != mute or differs(memory, CHIP_WORDS, BOTH if mute else CHIP_WORDS):
        f.write = 0
        return False
    copy(memory, KEPT_AT, STATE_AT, mute)
    return True


@stage
def whole_frame(chip, words, work, mute):
    """32 clocks by the frame engine."""
    f = work[0]
    frame.frame(chip, words, f, work[1], mute)
    f.resounding |= chip.ne
    for slot in range(32):
        f.resounding |= f.out[slot]
    last = frame.slot_31(chip, f)
    frame.taps(f, last, i32(8))
    for i in range(2 if mute else 1):
        frame.mix(work[i], f, last)


@block
def span_length(s, f, events, done, cycle, end):
    """Return how many frames can be done at once; 0 if that is not worth while. The longest end with a round.

    A frame in which CSM strikes all keys is one by itself.
    """
    if not clean(s, f):
        return 0
    if done < events.shape[0]:
        end = min(end, events[done]["cycle"])
    n = min(LONGEST - lfo.windows_done(s) // 2, (end - cycle) // CYCLES_PER_FRAME - SETTLE)
    if s.csm and s.load_a:
        n = min(n, 0x3FF - s.timer_a)
    return n if n >= SHORTEST else 0


@block
def sample(output, row):
    """Store the DAC's two outputs."""
    row[LEFT] = output[LEFT]
    row[RIGHT] = output[RIGHT]


@block
def sample_channels(sums, sides, row):
    """Store each channel's own sum, or what it gives each side if there is room for both."""
    for channel in range(8):
        if row.shape[0] == 8:
            row[channel] = mixer.within_16_bits(sums[channel])
        else:
            row[2 * channel + LEFT] = mixer.within_16_bits(sides[channel])
            row[2 * channel + RIGHT] = mixer.within_16_bits(sides[8 + channel])


@block
def follow(words, traced, row):
    """Record words of the chip's record."""
    for i in range(traced.shape[0]):
        row[i] = words[traced[i]]


@outline
def within_widths(words):
    """Say whether every word of the chip's record is within its width, so that no index leaves its table."""
    bits = i32(0)
    for i in range(CHIP_WORDS):
        bits = i32(bits | i32(i32(words[i] + BIAS[i]) & OUTSIDE[i]))
    return bits == 0


@entry
def run_frames(
    memory,
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
    memory, again : (n,) int32
        A MEMORY record, by two names: LLVM would not vectorise a loop that reads from what it writes. Flat arrays are
        viewed as records here, since Numba takes 20 us to recognise a structured argument.
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
        Clocks done by the frame engine; -1 if a field holds more than its width, and nothing was done.
    """
    state, work, words = views(memory)
    take_edits(memory, work)
    if not within_widths(words):
        return -1
    rows, rows_again = memory[:SPAN_WORDS].view(SPAN)[0], again[:SPAN_WORDS].view(SPAN)[0]
    events = event_bytes.view(EVENT)
    chip, muted, f, g = state[0], state[1], work[0], work[1]
    aligned = engine != CYCLE and clocks_per_frame % CYCLES_PER_FRAME == 0
    inside, done, by_frames = aligned and resume(memory, work, mute), 0, 0
    end = cycle + count * clocks_per_frame
    traced_from = end - trace.shape[0] * clocks_per_frame
    sample_due = cycle + clocks_per_frame
    row = 0
    while cycle < end or inside:
        coming = look_ahead(chip, f, events, done, cycle, inside) if aligned and cycle < end else BUSY
        n = span_length(chip, f, events, done, cycle, traced_from) if inside and coming == QUIET else 0
        if n:
            span(chip, f, g, rows, rows_again, n, mute)
            cycle += CYCLES_PER_FRAME * n
            by_frames += CYCLES_PER_FRAME * n
            taken = (cycle - sample_due) // clocks_per_frame + 1
            first = n - 1 - (cycle - sample_due) // CYCLES_PER_FRAME
            step = clocks_per_frame // CYCLES_PER_FRAME
            mixer.store(rows, first, step, out[row : row + taken])
            if channels.shape[0]:
                mixer.store_channels(f, rows, first, step, channels[row : row + taken])
            sample_due += clocks_per_frame * taken
            row += taken
            continue
        if inside and coming == BUSY:
            leave(memory, state, words, work, mute)
            inside = False
            continue
        if not inside:
            if coming == BUSY:
                f.obstacle = boundary.EVENTS_COME
            else:
                f.obstacle = boundary.EDITED if f.unsettled else boundary.obstacle(chip, words)
            inside = f.obstacle == boundary.CLEAR
            if inside:
                enter(state, work, mute)
        if inside:
            if coming == WRITE:
                frame.latch_write(chip, words, f, events[done]["data"], events[done + 1]["data"])
                done += 2
            whole_frame(chip, words, work, mute)
            cycle += CYCLES_PER_FRAME
            by_frames += CYCLES_PER_FRAME
        else:
            clocks = CYCLES_PER_FRAME if aligned else clocks_per_frame
            f.left, f.unsettled = 0, max(0, f.unsettled - clocks)
            for _ in range(clocks):
                done = apply_events(chip, events, done, cycle)
                if mute:
                    muted_output_clock(chip, muted, mute)
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
                if inside:
                    sample_channels(f.tap_out, f.side_out, channels[row])
                else:
                    sample_channels(chip.tap_out, chip.side_out, channels[row])
            row += 1
            if row > count - trace.shape[0]:
                if inside:
                    leave(memory, state, words, work, mute)
                follow(words, traced, trace[row - 1 - count + trace.shape[0]])
                if inside:
                    copy(memory, KEPT_AT, STATE_AT, mute)
    if not f.left:
        copy(memory, STATE_AT, SHOWN_AT, 0)
    return by_frames
