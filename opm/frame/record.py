"""``FRAME``, the frame engine's working record, and when its stages see what changes within a frame."""

import numpy as np

LATE_PITCH = 23
"""First slot whose F-number is computed after clock 15, when the LFO's locks have changed."""
LATE_AM = 16
"""First slot whose rate stage comes after clock 15."""
LATE_CSM = 5
"""Slots below have their key stage before clock 3, when CSM acts."""
EARLY_PITCH = 7
"""Slots below have their F-number computed in the frame before."""
LAST = 31
"""The slot whose output the mixer takes a frame late, and which the noise replaces."""
ENTERED = 2
"""``codes_stale`` on entering: slots 0-6 have their codes already."""
STRUCK, WAITING = 2, 3
"""``keys_moving``: a key changed in the last frame, which the next two remember; or one may change in the next."""
TAKEN, HELD_OVER, LANDED = 1, 2, 3
"""A register write: on the bus in this frame, to land in the next, or to be stored when this frame is done."""

# fmt: off
FRAME_FIELDS = (
    # name               count meaning
    # --- each slot
    ("phase",               32, "phase after the last frame's step, 20 bits"),
    ("inc",                 32, "phase increment per frame, 20 bits"),
    ("fnum",                32, "F-number in force, 12 bits"),
    ("kcode",               32, "key code in force, 5 bits"),
    ("new_fnum",            32, "F-number with the registers and PM of now, taken when the slot's stage comes by"),
    ("new_kcode",           32, "the same of the key code"),
    ("level",               32, "attenuation, 3/32 dB steps"),
    ("eg_state",            32, "ATTACK, DECAY1, DECAY2, RELEASE"),
    ("kon",                 32, "key state in the last frame"),
    ("kon_before",          32, "key state in the frame before"),
    ("edge",                32, "key-on edge in the last frame"),
    ("edge_before",         32, "key-on edge in the frame before"),
    ("rate_attack",         32, "effective rate of each state, 0-63; plus 64 if the register holds 0"),
    ("rate_decay1",         32, "the same"),
    ("rate_decay2",         32, "the same"),
    ("rate_release",        32, "the same"),
    ("d1l",                 32, "first decay level, as compared with level >> 4"),
    ("ams",                 32, "amplitude modulation sensitivity, 0 if not enabled"),
    ("tl",                  32, "total level, 3/32 dB steps"),
    ("addend",              32, "AM plus TL, 3/32 dB steps"),
    ("atten",               32, "envelope output of the last frame, times 4"),
    ("position",            32, "phase plus modulation of the last frame, 10 bits"),
    ("out",                 32, "operator output of the last frame, 14 bits signed"),
    # --- each channel; masks are 0 or -1
    ("m1_old",               8, "output of M1 in the frame before the last"),
    ("c1_old",               8, "output of C1 in the frame before the last"),
    ("fb_shift",             8, "right shift of M1's feedback"),
    ("fb_mask",              8, "mask of M1's feedback"),
    ("m1_to_m2",             8, "mask: M1 modulates M2"),
    ("c1_to_m2",             8, "mask: C1 modulates M2"),
    ("m1_to_c1",             8, "mask: M1 modulates C1"),
    ("m1_to_c2",             8, "mask: M1 modulates C2"),
    ("m2_to_c2",             8, "mask: M2 modulates C2"),
    ("c1_to_c2",             8, "mask: C1 modulates C2"),
    ("m1_heard",             8, "mask: M1 is a carrier"),
    ("m2_heard",             8, "mask: M2 is a carrier"),
    ("c1_heard",             8, "mask: C1 is a carrier; C2 always is"),
    ("left_mask",            8, "mask: heard on the left"),
    ("right_mask",           8, "mask: heard on the right"),
    ("phase_kept",           8, "C2's phase before the last step"),
    ("early_carriers",       8, "carriers among M1 and M2, added"),
    ("late_carriers",        8, "carriers among C1 and C2, added"),
    ("tap_part",             8, "carriers of the last frame, C2 of channel 8 excepted"),
    ("tap_last",             8, "the last whole sum"),
    ("tap_out",              8, "the one before, in step with the DAC"),
    # --- each channel on the left, then each on the right
    ("side_open",           16, "what it gives the sums in the making"),
    ("side_taken",          16, "the same of the sums taken over"),
    ("side_sent",           16, "the ones before"),
    ("side_out",            16, "in step with the DAC"),
    # --- slots 28-31
    ("old_level",            4, "level before the last frame's step"),
    ("old_eg_state",         4, "state before the last frame's step"),
    # --- what changed and has not reached all slots yet
    ("pitch_written",        1, "KC, KF or PMS was written in this frame"),
    ("connection_late",      1, "channel + 1 whose FB and CON were written in the last frame"),
    ("pitch_changed",        1, "slots 0-6 have to take new codes for the next frame"),
    ("codes_stale",          1, "codes and rates are to be computed anew; ENTERED: slots 0-6 have theirs"),
    ("am_stale",             1, "slots 0-15 have to take a new AM"),
    ("keys_moving",          1, "frames until no key or edge of before is remembered; WAITING: one may change"),
    ("csm_before",           1, "CSM was a key in the frame before"),
    ("envelope_moving",      1, "a level or state changes without a tick"),
    ("atten_stale",          1, "envelope outputs are to be computed anew"),
    ("landing",              1, "register write: 0, TAKEN, HELD_OVER or LANDED"),
    ("busy",                 1, "BUSY was set in the last frame"),
    ("obstacle",             1, "why the last frame ran as single clocks"),
    ("resounding",           1, "slots, or the mixer after them, may still give something else than 0"),
    ("resumable",            1, "this record and MEMORY's ``entered`` go on where the last call ended"),
    ("resumable_mute",       1, "channels muted in that call"),
    ("unsettled",            1, "clocks until nothing of what somebody wrote to the state is in the pipeline"),
    # --- slots 30 and 31 of the frame before the last
    ("position30_before",    1, "phase plus modulation of slot 30"),
    ("position31_before",    1, "phase plus modulation of slot 31"),
    ("out31_before",         1, "output of slot 31"),
    ("atten31_before",       1, "envelope output of slot 31"),
    ("atten_before",         1, "envelope output of slot 31 in the last frame"),
    # --- low frequency oscillator, aligned at clock 14 or 30
    ("lfo_n",                1, "waveform position as a number, 16 bits"),
    ("lfo_n_before",         1, "the same, a window ago"),
    ("lfo_v",                1, "wave value, 8 bits, before the depth"),
    ("lfo_v_before",         1, "the same, a window ago"),
    ("lfo_sum",              1, "depth multiplier's sum, 16 bits"),
    ("lfo_step",             1, "the waveform steps in this window"),
    ("lfo_of",               1, "carry of counter 2"),
    ("lfo_of_before",        1, "the same, a window ago"),
    ("lfo_carry",            1, "carry of counter 1 in the last window"),
    ("lfo_fresh",            1, "on entering: the first window is done already"),
    # --- noise
    ("noise",                1, "17-bit word at clock 2"),
    ("noise_b",              1, "the same at clock 18"),
    ("noise_update",         1, "the window from clock 2 shifts in new bits"),
    ("noise_update_b",       1, "the window from clock 18 does"),
    ("noise_timer",          1, "divider at clock 2"),
    ("noise_timer_b",        1, "divider at clock 18"),
    ("noise_sign",           1, "sign taken in the last frame"),
    ("noise_sign_before",    1, "sign taken in the frame before"),
    # --- envelope clock
    ("tick",                 1, "the last frame stepped the envelopes"),
    ("shift_lock",           1, "position of the timer's lowest set bit, for this tick"),
    ("timer_lock",           1, "low bits of the timer, for this tick"),
    # --- mixer, [0] left, [1] right
    ("raw_left",             1, "the left sum before clamping, in offset binary"),
    ("summing",              2, "sums in the making"),
    ("carried",              2, "what slot 31 of the frame before adds"),
    ("taken",                2, "sums taken over, clamped"),
    ("taken_before",         2, "the ones before"),
    ("clamp",                2, "clamped: 1 above the range, -1 below"),
    ("dac",                  2, "analogue output"),
)
# fmt: on
FRAME = np.dtype(
    (np.record, [(name, np.int32, (count,)) if count > 1 else (name, np.int32) for name, count, _ in FRAME_FIELDS])
)
"""numpy.dtype of the working record: it outlives a call only as ``resumable`` and ``unsettled`` say."""
SUMS = np.dtype(
    (np.record, [(n, FRAME[n]) for n in ("raw_left", "summing", "carried", "taken", "taken_before", "clamp", "dac")])
)
"""numpy.dtype of what a mixer has in the making and on its way: all that is kept of the one without muted channels."""
