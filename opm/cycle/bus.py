"""Bus interface: the write latch, BUSY, register writes as they ripple to their slots, IC.

A byte written to a port is taken one clock later. Registers 00-1F change at once then; the others wait
in one address and one data latch until their channel or slot comes by, at most 32 clocks. Source of all
timing: die (Nuked-OPM).
"""

from .._jit import block
from ..registers import DECODE, FIRST, KC, KF, LFRQ, PMS, RL, SLOTS


@block
def write_port(state, port, data):
    """Put a byte on the bus: port 0 address, port 1 data. One latch serves both; nothing is taken in IC."""
    # One latch for both ports: a second byte within a clock of the first takes its place, under both strobes.
    state.bus_data = data & 0xFF
    if state.ic:
        return
    if port & 1:
        state.bus_data_strobe = 1
    else:
        state.bus_address_strobe = 1


@block
def read_status(state):
    """Read port 1: BUSY, flag B, flag A - or a byte of the test word while test bit 6 is set."""
    if state.test[6]:
        word = (state.op_out[5] | ((state.eg_serial_bit ^ 1) << 14) | ((state.pg_serial & 1) << 15)) & 0xFFFF
        # YM2151-LLE and MAME's notes on a real chip have it the other way round: bit 7 clear is the low byte.
        return word & 0xFF if state.test[7] else word >> 8
    return (state.busy << 7) | (state.timer_b_flag << 1) | state.timer_a_flag


@block
def read_ct1(state):
    """Pin CT1. Test bit 3 puts the LFO clock on it; the YM2164 swaps the two pins."""
    if state.opp:
        return state.ct2
    return state.lfo_clock_test if state.test[3] else state.ct1


@block
def read_ct2(state):
    """Pin CT2."""
    if state.opp:
        return state.lfo_clock_test if state.test[3] else state.ct1
    return state.ct2


@block
def set_ic(state, level):
    """Drive the IC pin; its release restarts the frame."""
    if state.ic != level:
        state.ic = level
        # From now on the chip's frames need not begin where frames counted since reset do.
        if level == 0:
            state.cycles = 0


@block
def strobes(state):
    """Take the strobes over one clock later; count BUSY: 32 clocks from the one after a data write."""
    count = state.busy_count + state.busy
    running = state.busy & ((count >> 5) ^ 1) & (state.ic ^ 1)
    state.busy = running | state.bus_data_write
    state.busy_count = 0 if state.ic else count & 31
    state.bus_address_write = state.bus_address_strobe
    state.bus_data_write = state.bus_data_strobe
    state.bus_address_strobe = 0
    state.bus_data_strobe = 0


@block
def store(state, words, address, data):
    """Store a register's bits into their fields, by the register table."""
    for row in range(FIRST[state.opp, address], FIRST[state.opp, address + 1]):
        # Two fields at one address, told apart by bit 7 of the data: 19 is AMD or PMD.
        if DECODE[row, 4] >= 0 and DECODE[row, 4] != data >> 7:
            continue
        word, mask, place = DECODE[row, 0], DECODE[row, 2], DECODE[row, 3]
        value = (data >> DECODE[row, 1]) & mask
        words[word] = (words[word] & ~(mask << place)) | (value << place)


@block
def clear_channel(state, output, pitch, sensitivity):
    """Zero channel registers: 20-27 of one channel, 28-37 of another, 38-3F of a third; not the YM2164's ramp."""
    state.ch_rl[output] = 0
    state.ch_fb[output] = 0
    state.ch_con[output] = 0
    state.ch_kc[pitch] = 0
    state.ch_kf[pitch] = 0
    state.ch_pms[sensitivity] = 0
    state.ch_ams[sensitivity] = 0


@block
def clear_slot(state, slot):
    """Zero a slot's registers."""
    state.sl_dt1[slot] = 0
    state.sl_mul[slot] = 0
    state.sl_tl[slot] = 0
    state.sl_ks[slot] = 0
    state.sl_ar[slot] = 0
    state.sl_ams_en[slot] = 0
    state.sl_d1r[slot] = 0
    state.sl_dt2[slot] = 0
    state.sl_d2r[slot] = 0
    state.sl_d1l[slot] = 0
    state.sl_rr[slot] = 0


@block
def slot_write(state, words):
    """YM2151: store the waiting byte when its channel (clock = channel mod 8) or slot (clock) passes."""
    address = state.reg_address
    width = 7 if address < SLOTS else 31
    # Slots pass once in 32 clocks, and there is one latch: an address less than 34 clocks behind the last drops it.
    if state.reg_data_ready and (address & width) == (state.cycles & width) and address >= RL:
        store(state, words, address, state.reg_data)


@block
def opp_slot_write(state, words):
    """YM2164: as above one clock ahead, but 20-27 arrive four clocks later, 28-37 one clock later."""
    cycle = (state.cycles + 1) & 31
    channel, late1, late4 = cycle & 7, (cycle - 1) & 7, (cycle - 4) & 7
    if state.test[4]:
        opp_clear(state, cycle)
    else:
        if state.opp_write_rl & 8:
            store(state, words, RL + late4, state.reg_data)
        if state.opp_write_kc:
            store(state, words, KC + late1, state.reg_data)
        if state.opp_write_kf:
            store(state, words, KF + late1, state.reg_data)
        address = state.reg_address
        direct = address == channel or address == PMS + channel or (address >= SLOTS and (address & 31) == cycle)
        if state.reg_data_ready and direct:
            store(state, words, address, state.reg_data)
    ready = state.reg_data_ready
    matched = 1 if ready and state.reg_address == RL + channel else 0
    state.opp_write_rl = ((state.opp_write_rl << 1) | matched) & 0xFF
    state.opp_write_kc = 1 if ready and state.reg_address == KC + channel else 0
    state.opp_write_kf = 1 if ready and state.reg_address == KF + channel else 0


@block
def opp_clear(state, cycle):
    """YM2164 test bit 4: clear the registers as they pass, each with the delay of its writes."""
    channel, late1, late4 = cycle & 7, (cycle - 1) & 7, (cycle - 4) & 7
    state.opp_ramp[channel] = 0
    clear_channel(state, late4, late1, channel)
    clear_slot(state, cycle)


@block
def mode_write(state, words):
    """Registers 00-1F change in the clock that takes the data byte; writing LFRQ restarts the divider."""
    ramp = state.opp and state.mode_address < 8  # YM2164: waits for its channel, see latches
    if state.bus_data_write and state.mode_address < RL and not ramp:
        store(state, words, state.mode_address, state.bus_data)
        if state.mode_address == LFRQ:
            state.lfo_frq_update = 1


@block
def latches(state):
    """Address and data latches of the slot registers: a new address drops data that still waits."""
    address_write, data = state.bus_address_write, state.bus_data
    if address_write:
        state.reg_data_ready = 0
    if state.reg_address_ready and state.bus_data_write:
        state.reg_data = data
        state.reg_data_ready = 1
    if address_write:
        state.reg_address_ready = 0
        if data >= RL or (state.opp and data < 8):
            state.reg_address = data
            state.reg_address_ready = 1
        state.mode_address = data


@block
def register_write(state, words):
    """One clock of the register file."""
    if state.opp:
        opp_slot_write(state, words)
    else:
        slot_write(state, words)
    mode_write(state, words)
    latches(state)


@block
def initial_clear(state):
    """While IC is asserted, clear the registers of the passing channel and slot, and the chip's own."""
    # A channel and a slot a clock (YM2164: two and eight), so IC has to last for 32 clocks. Phases are not cleared.
    if state.ic:
        channel, slot = state.cycles & 7, state.cycles
        if state.opp:
            for i in range(0, 8, 4):
                passing = (channel + i) & 7
                clear_channel(state, passing, passing, passing)
                state.opp_ramp[passing] = 0
            for i in range(0, 32, 4):
                clear_slot(state, (slot + i) & 31)
        else:
            clear_channel(state, channel, channel, channel)
            clear_slot(state, slot)
        state.kon_latch[(slot + 8) & 31] = 0
        clear_mode(state)
    state.ic_old = state.ic


@block
def clear_mode(state):
    """Zero the registers 00-1F and the slot register latches."""
    state.clka = 0
    state.clkb = 0
    state.irqen_a = 0
    state.irqen_b = 0
    state.load_a = 0
    state.load_b = 0
    state.csm = 0
    state.test[:] = 0
    state.ne = 0
    state.nfrq = 0
    state.kon_channel = 0
    state.kon_operator[:] = 0
    state.pmd = 0
    state.amd = 0
    state.w = 0
    state.lfrq = 0
    state.ct1 = 0
    state.ct2 = 0
    state.reg_address = 0
    state.reg_data = 0
