"""How the reference's state fields (the ``state_*`` arrays of the golden vectors) map to ours: one table."""

from collections.abc import Callable
from typing import Any

import numpy as np

import opm

# Ours first. Equal names are not listed.
RENAMED = {
    "ic_old": "ic2",
    "bus_data": "write_data",
    "bus_address_strobe": "write_a",
    "bus_address_write": "write_a_en",
    "bus_data_strobe": "write_d",
    "bus_data_write": "write_d_en",
    "busy": "write_busy",
    "busy_count": "write_busy_cnt",
    "opp_write_rl": "reg_20_delay",
    "opp_write_kc": "reg_28_delay",
    "opp_write_kf": "reg_30_delay",
    "test": "mode_test",
    "kon_operator": "mode_kon_operator",
    "kon_channel": "mode_kon_channel",
    "ne": "noise_en",
    "nfrq": "noise_freq",
    "clka": "timer_a_reg",
    "clkb": "timer_b_reg",
    "csm": "mode_csm",
    "irqen_a": "timer_irqa",
    "irqen_b": "timer_irqb",
    "load_a": "timer_loada",
    "load_b": "timer_loadb",
    "reset_a": "timer_reseta",
    "reset_b": "timer_resetb",
    "pmd": "lfo_pmd",
    "amd": "lfo_amd",
    "w": "lfo_wave",
    "ct1": "io_ct1",
    "ct2": "io_ct2",
    "ch_con": "ch_connect",
    "opp_ramp": "ch_ramp_div",
    "sl_ams_en": "sl_am_e",
    "kon_match": "kon_chanmatch",
    "kon_latch": "mode_kon",
    "kon_old": "kon2",
    "lfo_am": "lfo_am_lock",
    "lfo_pm": "lfo_pm_lock",
    "lfo_counter1_of": "lfo_counter1_of1",
    "lfo_counter1_two": "lfo_counter1_of2",
    "lfo_out2_old": "lfo_out2_b",
    "opp_pms": "pg_opp_pms",
    "opp_dt2": "pg_opp_dt2",
    "opp_eg_tl": "eg_tl_opp",
    "eg_shift_lock": "eg_timershift_lock",
    "eg_clock_count": "eg_clockcnt",
    "eg_instant": "eg_instantattack",
    "eg_linear": "eg_inclinear",
    "eg_attack": "eg_incattack",
    "eg_out_am": "eg_outtemp",
    "eg_timer_carry": "eg_timercarry",
    "eg_timer_low": "eg_timer2",
    "eg_timer_stop": "eg_timerbstop",
    "opp_tl_count": "opp_tl_cnt",
    "op_con": "op_connect",
    "op_mix_l": "op_mixl",
    "op_mix_r": "op_mixr",
    "opp_rl": "op_opp_rl",
    "opp_fb": "op_opp_fb",
    "mix_old": "mix2",
    "mix_top": "mix_top_bits_lock",
    "mix_sign": "mix_sign_lock",
    "mix_sign_out": "mix_sign_lock2",
    "mix_exp": "mix_exp_lock",
    "so": "smp_so",
    "sh1": "smp_sh1",
    "sh2": "smp_sh2",
    "dac_sh1": "dac_osh1",
    "dac_sh2": "dac_osh2",
    "timer_a": "timer_a_val",
    "timer_a_idle": "timer_a_temp",
    "timer_a_clear": "timer_a_do_reset",
    "timer_a_reload": "timer_a_do_load",
    "timer_a_flag": "timer_a_status",
    "timer_b": "timer_b_val",
    "timer_b_idle": "timer_b_temp",
    "timer_b_clear": "timer_b_do_reset",
    "timer_b_reload": "timer_b_do_load",
    "timer_b_flag": "timer_b_status",
}
Reference = Callable[[str], Any]
COMBINED: dict[str, Callable[[Reference], Any]] = {
    "lfrq": lambda reference: reference("lfo_freq_hi") << 4 | reference("lfo_freq_lo"),
    "op_mod_in": lambda reference: (reference("op_mod_in").astype(np.int64) ^ 0x8000) - 0x8000,  # unsigned there
    "op_m1": lambda reference: reference("op_m1")[0::2],
    "op_m1_old": lambda reference: reference("op_m1")[1::2],
}
OURS_ALONE = {"op_carrier", "tap_sum", "tap_last", "tap_out", "side_sum", "side_taken", "side_sent", "side_out"}
UNUSED_THERE = {"eg_clockquotinent", "eg_ams", "mix_op", "nc_bit", "kon_do"}


def used_fields() -> set[str]:
    """Return the reference's fields that the table reaches."""
    combined = {"lfo_freq_hi", "lfo_freq_lo", "op_mod_in", "op_m1"}
    return {RENAMED.get(f.name, f.name) for f in opm.FIELDS if f.name not in OURS_ALONE | set(COMBINED)} | combined


def differences(state: Any, reference: Reference) -> list[str]:
    """Compare a state record with the reference's fields: one line for each element that differs."""
    lines = []
    for field in opm.FIELDS:
        if field.name in OURS_ALONE:
            continue
        want = COMBINED.get(field.name, lambda get, name=field.name: get(RENAMED.get(name, name)))(reference)
        want = np.atleast_1d(np.asarray(want, np.int64)).astype(np.uint32).view(np.int32)
        got = np.atleast_1d(state[field.name])
        for i in np.flatnonzero(got != want):
            lines.append(f"cycle {state['cycles']}, {field.name}[{i}]: expected {want[i]}, got {got[i]}")
    return lines
