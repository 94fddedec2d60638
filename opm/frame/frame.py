"""The frame engine: a whole frame of 32 clocks at once, the same bits as 32 single clocks. Its stages, on one page.

In the chip, frame t of slot s begins at clock s and takes 46 clocks, so frames overlap. Here frame t of all slots is
computed in one go, block by block in the order of the data's way; what changes within a frame (LFO locks at clock 15,
key-ons, register writes) reaches only the slots whose stage comes after it. ``record.py`` holds what moves,
``pipeline.py`` takes the chip's state apart and puts it together again, ``obstacle.py`` says when it cannot.
"""

from .._jit import block, outline
from ..bits import i32
from ..registers import KC, PMS, RL
from . import bus, envelope, key_on, lfo, mixer, noise, operators, phase, timers
from .record import EARLY_PITCH, ENTERED, HELD_OVER, LANDED, LATE_AM, LATE_PITCH, TAKEN


@block
def advance(state, words, frame, muted, mute):
    """Advance by one frame, all but the mixer.

    state : registers and timers; words : the same memory, for the register decode; frame : everything that moves;
    muted : the sums without the channels of ``mute``.
    """
    if frame.landing == LANDED:
        bus.store_landed(state, words, frame)
    arrive(state, frame)
    if frame.landing:
        early_write(state, words, frame, muted, mute)
    am, pm = state.lfo_am, state.lfo_pm
    low_frequency(state, frame)
    if state.lfo_am != am:
        envelope.add_levels(state, frame, LATE_AM)
        frame.am_stale = 1
    if frame.pitch_written:
        written_pitch(state, frame, pm)
    if state.lfo_pm != pm and state.pmd:
        late_pitch(state, frame)
    if state.opp:
        envelope.ramp(state, frame)
    key_on.csm(state, frame)
    if frame.keys_moving:
        key_on.keys(state, frame)
    row = envelope.clock(state, frame)
    if frame.atten_stale:
        envelope.attenuations(frame)
    operators.algorithm(frame)
    phase.step(frame)
    if row != envelope.NO_TICK or frame.envelope_moving:
        envelope.step(frame, row)
    timers.count(state, 1)
    key_on.latch(state, frame)
    if frame.landing:
        late_write(state, words, frame)
    if frame.pitch_changed:  # clocks 25-31 compute the F-numbers of slots 0-6 for the next frame
        phase.take_codes(frame, 0, EARLY_PITCH)
        frame.pitch_changed, frame.codes_stale = 0, 1


@outline
def arrive(state, frame):
    """Let what changed in the frame before reach the slots that had been computed by then."""
    if frame.connection_late:
        operators.connect(state, frame, frame.connection_late - 1)
        frame.connection_late = 0
    frame.busy = 0
    if frame.codes_stale:
        early_pitch(state, frame)
    if frame.am_stale:
        envelope.add_levels(state, frame, 0)
        frame.am_stale = 0


@block
def mix(state, frame, muted, mute):
    """Add up what ``advance`` computed: the taps, the sums, and those without muted channels if there are any."""
    last = noise.slot_31(state, frame)
    mixer.taps(frame, last, i32(8))
    mixer.mix(frame, frame, last)
    if mute:
        mixer.mix(muted, frame, last)


@block
def low_frequency(state, frame):
    """LFO and noise: clocks 31-14 and 15-30 are windows of the one, clocks 2-17 and 18-33 of the other.

    The noise wave takes its bits from the noise register: 3 of the word a window ago, 13 of the one that is there.
    """
    if frame.lfo_fresh:
        frame.lfo_fresh = 0
    else:
        lfo.window(state, frame, frame.noise_b >> 14, frame.noise >> 1)
    noise.take_sign(frame)
    before = frame.noise
    noise.first_window(state, frame)
    lfo.window(state, frame, before >> 14, frame.noise_b >> 1)
    noise.second_window(state, frame)


# ---- Pitch: F-numbers are computed seven clocks ahead of the slot, its envelope rates with the slot


@block
def use_codes(state, frame, first, end):
    """Let increments and envelope rates of some slots follow their codes."""
    # A block: its arguments are no literals, so that the two it calls are compiled once and not for each caller.
    phase.increments(state, frame, first, end)
    envelope.rates(state, frame, first, end)


@block
def early_pitch(state, frame):
    """Registers, PM or the chip itself changed in the frame before: all slots compute everything anew.

    On entering, slots 0-6 have their F-numbers already; if those are not up to date they follow a frame later.
    """
    envelope.take_registers(state, frame)
    phase.fresh_codes(state, frame, state.lfo_pm)
    first = EARLY_PITCH if frame.codes_stale == ENTERED else 0
    for slot in range(first):
        if frame.fnum[slot] != frame.new_fnum[slot] or frame.kcode[slot] != frame.new_kcode[slot]:
            frame.pitch_changed = 1
    phase.take_codes(frame, first, 32)
    use_codes(state, frame, 0, 32)
    frame.codes_stale, frame.am_stale = 0, 1


@block
def late_pitch(state, frame):
    """PM changed at clock 15, seen by slots 23-31."""
    phase.fresh_codes(state, frame, state.lfo_pm)
    phase.take_codes(frame, LATE_PITCH, 32)
    use_codes(state, frame, LATE_PITCH, 32)
    frame.pitch_changed = 1


@block
def written_pitch(state, frame, pm):
    """KC, KF or PMS of a channel was written: it has landed at its first pass from clock 4 on.

    What is computed before clock 15 has the PM of before.
    """
    phase.fresh_codes(state, frame, pm)
    channel = state.reg_address & 7
    first = 16 + channel if channel < 7 else 15
    for group in range(3):
        end = first + 1
        if group == 1:
            first, end = 8 + channel, 9 + channel if channel >= 4 else 8 + channel
        if group == 2:
            phase.fresh_codes(state, frame, state.lfo_pm)
            first, end = LATE_PITCH, 32
        phase.take_codes(frame, first, end)
        use_codes(state, frame, first, end)
    frame.pitch_changed, frame.pitch_written = 1, 0


# ---- Writes that show in their own frame: the registers of a channel land at clocks 4-11


@block
def early_write(state, words, frame, muted, mute):
    """Let every block that has not come by yet see a write of this frame."""
    if frame.landing == HELD_OVER or not bus.early(state, words, frame):
        return
    address = state.mode_address
    if RL <= address < KC:
        written_connection(state, frame, muted, mute)
    frame.pitch_written = 1 if address >= KC else 0
    if address >= PMS:
        envelope.written_sensitivity(state, frame)


@block
def late_write(state, words, frame):
    """What of the frame is computed already hears of a write with the next."""
    if frame.landing == TAKEN and bus.unheard(state.mode_address):
        timers.written(state, words)
        frame.landing = 0
    else:
        bus.late(state, frame)


@outline
def written_connection(state, frame, muted, mute):
    """RL, FB and CON share a register."""
    operators.written_connection(state, frame)
    mixer.written_panning(state, frame, muted, mute)
