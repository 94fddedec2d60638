"""Bus interface: the write latch, BUSY, register writes as they ripple to their slots, IC.

A byte written to a port is taken one clock later. Registers 00-1F change at once then; the others wait
in one address and one data latch until their channel or slot comes by, at most 32 clocks. Source of all
timing: die (Nuked-OPM).
"""

from .._jit import block
from ..registers import DECODE, FIRST, LFRQ


@block
def write_port(s, port, data):
    """Put a byte on the bus: port 0 address, port 1 data. One latch serves both; nothing is taken in IC."""
    s.bus_data = data & 0xFF
    if s.ic:
        return
    if port & 1:
        s.bus_data_strobe = 1
    else:
        s.bus_address_strobe = 1


@block
def read_status(s):
    """Read port 1: BUSY, flag B, flag A - or a byte of the test word while test bit 6 is set."""
    if s.test[6]:
        word = (s.op_out[5] | ((s.eg_serial_bit ^ 1) << 14) | ((s.pg_serial & 1) << 15)) & 0xFFFF
        return word & 0xFF if s.test[7] else word >> 8
    return (s.busy << 7) | (s.timer_b_flag << 1) | s.timer_a_flag


@block
def read_ct1(s):
    """Pin CT1. Test bit 3 puts the LFO clock on it; the YM2164 swaps the two pins."""
    if s.opp:
        return s.ct2
    return s.lfo_clock_test if s.test[3] else s.ct1


@block
def read_ct2(s):
    """Pin CT2."""
    if s.opp:
        return s.lfo_clock_test if s.test[3] else s.ct1
    return s.ct2


@block
def set_ic(s, level):
    """Drive the IC pin; its release restarts the frame."""
    if s.ic != level:
        s.ic = level
        if level == 0:
            s.cycles = 0


@block
def strobes(s):
    """Take the strobes over one clock later; count BUSY: 32 clocks from the one after a data write."""
    count = s.busy_count + s.busy
    running = s.busy & ((count >> 5) ^ 1) & (s.ic ^ 1)
    s.busy = running | s.bus_data_write
    s.busy_count = 0 if s.ic else count & 31
    s.bus_address_write = s.bus_address_strobe
    s.bus_data_write = s.bus_data_strobe
    s.bus_address_strobe = 0
    s.bus_data_strobe = 0


@block
def store(s, words, address, data):
    """Store a register's bits into their fields, by the register table."""
    for row in range(FIRST[s.opp, address], FIRST[s.opp, address + 1]):
        if DECODE[row, 4] >= 0 and DECODE[row, 4] != data >> 7:
            continue
        word, mask, place = DECODE[row, 0], DECODE[row, 2], DECODE[row, 3]
        value = (data >> DECODE[row, 1]) & mask
        words[word] = (words[word] & ~(mask << place)) | (value << place)


@block
def clear_channel(s, output, pitch, sensitivity):
    """Zero channel registers: 20-27 of one channel, 28-37 of another, 38-3F of a third; not the YM2164's ramp."""
    s.ch_rl[output] = 0
    s.ch_fb[output] = 0
    s.ch_con[output] = 0
    s.ch_kc[pitch] = 0
    s.ch_kf[pitch] = 0
    s.ch_pms[sensitivity] = 0
    s.ch_ams[sensitivity] = 0


@block
def clear_slot(s, slot):
    """Zero a slot's registers."""
    s.sl_dt1[slot] = 0
    s.sl_mul[slot] = 0
    s.sl_tl[slot] = 0
    s.sl_ks[slot] = 0
    s.sl_ar[slot] = 0
    s.sl_ams_en[slot] = 0
    s.sl_d1r[slot] = 0
    s.sl_dt2[slot] = 0
    s.sl_d2r[slot] = 0
    s.sl_d1l[slot] = 0
    s.sl_rr[slot] = 0


@block
def slot_write(s, words):
    """YM2151: store the waiting byte when its channel (clock = channel mod 8) or slot (clock) passes."""
    address = s.reg_address
    width = 7 if address < 0x40 else 31
    if s.reg_data_ready and (address & width) == (s.cycles & width) and address >= 0x20:
        store(s, words, address, s.reg_data)


@block
def opp_slot_write(s, words):
    """YM2164: as above one clock ahead, but 20-27 arrive four clocks later, 28-37 one clock later."""
    cycle = (s.cycles + 1) & 31
    channel, late1, late4 = cycle & 7, (cycle - 1) & 7, (cycle - 4) & 7
    if s.test[4]:
        opp_clear(s, cycle)
    else:
        if s.opp_write_rl & 8:
            store(s, words, 0x20 + late4, s.reg_data)
        if s.opp_write_kc:
            store(s, words, 0x28 + late1, s.reg_data)
        if s.opp_write_kf:
            store(s, words, 0x30 + late1, s.reg_data)
        address = s.reg_address
        direct = address == channel or address == 0x38 + channel or (address >= 0x40 and (address & 31) == cycle)
        if s.reg_data_ready and direct:
            store(s, words, address, s.reg_data)
    ready = s.reg_data_ready
    s.opp_write_rl = ((s.opp_write_rl << 1) | (1 if ready and s.reg_address == 0x20 + channel else 0)) & 0xFF
    s.opp_write_kc = 1 if ready and s.reg_address == 0x28 + channel else 0
    s.opp_write_kf = 1 if ready and s.reg_address == 0x30 + channel else 0


@block
def opp_clear(s, cycle):
    """YM2164 test bit 4: clear the registers as they pass, each with the delay of its writes."""
    channel, late1, late4 = cycle & 7, (cycle - 1) & 7, (cycle - 4) & 7
    s.opp_ramp[channel] = 0
    clear_channel(s, late4, late1, channel)
    clear_slot(s, cycle)


@block
def mode_write(s, words):
    """Registers 00-1F change in the clock that takes the data byte; writing LFRQ restarts the divider."""
    ramp = s.opp and s.mode_address < 8  # YM2164: waits for its channel, see latches
    if s.bus_data_write and s.mode_address < 0x20 and not ramp:
        store(s, words, s.mode_address, s.bus_data)
        if s.mode_address == LFRQ:
            s.lfo_frq_update = 1


@block
def latches(s):
    """Address and data latches of the slot registers: a new address drops data that still waits."""
    address_write, data = s.bus_address_write, s.bus_data
    if address_write:
        s.reg_data_ready = 0
    if s.reg_address_ready and s.bus_data_write:
        s.reg_data = data
        s.reg_data_ready = 1
    if address_write:
        s.reg_address_ready = 0
        if data >= 0x20 or (s.opp and data < 8):
            s.reg_address = data
            s.reg_address_ready = 1
        s.mode_address = data


@block
def register_write(s, words):
    """One clock of the register file."""
    if s.opp:
        opp_slot_write(s, words)
    else:
        slot_write(s, words)
    mode_write(s, words)
    latches(s)


@block
def initial_clear(s):
    """While IC is asserted, clear the registers of the passing channel and slot, and the chip's own."""
    if s.ic:
        channel, slot = s.cycles & 7, s.cycles
        if s.opp:
            for i in range(0, 8, 4):
                passing = (channel + i) & 7
                clear_channel(s, passing, passing, passing)
                s.opp_ramp[passing] = 0
            for i in range(0, 32, 4):
                clear_slot(s, (slot + i) & 31)
        else:
            clear_channel(s, channel, channel, channel)
            clear_slot(s, slot)
        s.kon_latch[(slot + 8) & 31] = 0
        clear_mode(s)
    s.ic_old = s.ic


@block
def clear_mode(s):
    """Zero the registers 00-1F and the slot register latches."""
    s.clka = 0
    s.clkb = 0
    s.irqen_a = 0
    s.irqen_b = 0
    s.load_a = 0
    s.load_b = 0
    s.csm = 0
    s.test[:] = 0
    s.ne = 0
    s.nfrq = 0
    s.kon_channel = 0
    s.kon_operator[:] = 0
    s.pmd = 0
    s.amd = 0
    s.w = 0
    s.lfrq = 0
    s.ct1 = 0
    s.ct2 = 0
    s.reg_address = 0
    s.reg_data = 0
