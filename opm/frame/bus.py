"""Bus interface: a register write a frame, its address before clock 0 and its data before clock 2.

``frame.landing`` says where the write stands. Key-on and the registers of a channel show in the frame of their write
already (``early``); a slot's registers are stored when the frame is done, since its slots have been computed by then.
What only the timers hear (``unheard``) changes at clock 3, behind their counts (``timers.written``).
"""

from .._jit import block
from ..cycle import bus
from ..registers import DECODE, DEPTHS, FIRST, KC, KF, KON, LFRQ, NOISE, RL, SLOTS, TEST, WAVE
from .record import HELD_OVER, LANDED, TAKEN

BUSY_COUNT = 28
"""``busy_count`` after a frame with an aligned write: its data byte sets BUSY at clock 3, which is counted to 31."""


ACTING = 1 << TEST | 1 << KON | 1 << NOISE | 1 << LFRQ | 1 << DEPTHS | 1 << WAVE
"""Registers below RL that act on the sound, as bits of a mask."""


@block
def tested(state):
    """Whether a test bit acts: all but 1, which holds the LFO, and 6 and 7, which choose what a read gives."""
    test = state.test
    return test[0] or test[2] or test[3] or test[4] or test[5] or state.eg_test or state.lfo_test


@block
def occupied(state):
    """Whether a byte is on the bus that the chip has not taken."""
    address = state.bus_address_strobe or state.bus_address_write
    return address or state.bus_data_strobe or state.bus_data_write


@block
def waits(state, words):
    """Whether a register write is latched and would still change something.

    On the YM2164 the history of a match counts: RL shows in it at the end of any frame, channel 1's KC and KF do.
    """
    if state.opp and (state.opp_write_rl or state.opp_write_kc or state.opp_write_kf):
        return True
    if not state.reg_data_ready:
        return False
    if state.opp and (RL <= state.reg_address <= KC or state.reg_address == KF):
        return True
    for row in range(FIRST[state.opp, state.reg_address], FIRST[state.opp, state.reg_address + 1]):
        mask, place = DECODE[row, 2], DECODE[row, 3]
        if (words[DECODE[row, 0]] >> place) & mask != (state.reg_data >> DECODE[row, 1]) & mask:
            return True
    return False


@block
def busy_out_of_step(state):
    """Whether BUSY is not set but counted: only a state written by hand has that."""
    return state.busy_count and not state.busy


@block
def put(state, frame):
    """BUSY, which an aligned write leaves at one count."""
    state.busy = frame.busy
    state.busy_count = BUSY_COUNT * frame.busy


@block
def writable(state, address):
    """Say whether the engine applies a write itself: all but what acts within a frame, on LFO, noise or as a test."""
    # The YM2164's writes arrive one to four clocks late, each kind in its own way: single clocks.
    return not state.opp and (address == KON or address >= RL or unheard(address))


@block
def unheard(address):
    """Say whether a register is the timers' or none at all, so that no sound depends on it as long as CSM is off."""
    return address < RL and not (ACTING >> address) & 1


@block
def latch(state, words, frame, address, data):
    """Leave the bus as the write does by the end of the frame; the write before it may have landed just now."""
    if frame.landing == LANDED:
        store_landed(state, words, frame)
    state.bus_data = data
    state.mode_address = address
    state.reg_address_ready = state.reg_data_ready = 1 if address >= RL else 0
    if address >= RL:
        state.reg_address = address
        state.reg_data = data
    frame.landing = TAKEN


@block
def store_landed(state, words, frame):
    """Store a landed write: when the next frame begins, or on leaving. Its own frame was played with the old value."""
    bus.store(state, words, state.reg_address, state.reg_data)
    frame.landing, frame.codes_stale = 0, 1


@block
def early(state, words, frame):
    """Store what shows in the frame of its write: key-on and the registers of a channel. Say whether it was one."""
    frame.busy = 1
    address = state.mode_address
    if address >= SLOTS or unheard(address):
        return False
    bus.store(state, words, address, state.bus_data)
    frame.landing = 0
    return True


@block
def late(state, frame):
    """Slot registers: slots 4-31 have been computed when the write lands, 0-3 come by in the next frame only."""
    frame.landing = HELD_OVER if frame.landing == TAKEN and state.reg_address & 31 < 4 else LANDED
