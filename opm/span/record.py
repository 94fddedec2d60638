"""``SPAN``, the working record of a span: a row over time for whatever moves."""

import numpy as np

LONGEST = 256
"""Frames of a span at most."""
ORIGIN = 16
"""Index of a span's first frame in rows that hold frames before it as well: rows of 16 lie on lines of the cache."""
WIDE = 16
"""Frames abreast: loops over time run to the next multiple, for LLVM does the rest of a row one by one."""
ZEROS = 32
"""Row of zeros: what most slots add, which stays in the cache where rows of their own would not."""
ROW = LONGEST + ORIGIN + 2 * WIDE
"""Fields must not lie a multiple of 4096 bytes apart: loads of one would wait for stores to the other (4 KiB
aliasing)."""

# fmt: off
SPAN_FIELDS = (
    # name             shape            meaning
    ("phase",           (33, ROW),       "upper 10 bits of the phase of M1 and of slots whose increment changes"),
    ("atten",           (33, ROW),       "attenuation times 4: M1's whole, of other slots the level if it changes"),
    ("out",             (32, ROW),       "operator output; index t + ORIGIN is frame t"),
    ("am",              (ROW,),          "AM at the end of frame t - 1"),
    ("am_by",           (4, ROW),        "the same by sensitivity, times 4"),
    ("sign",            (ROW,),          "sign of the noise in frame t - 1"),
    ("slot_31",         (ROW,),          "what slot 31 of the frame before gives the mixer; t + ORIGIN is frame t + 1"),
    ("early_carriers",  (8, ROW),        "each channel's carriers among slots 0-14; index t + ORIGIN"),
    ("channels",        (8, ROW),        "each channel's carriers; t + ORIGIN; a listener's tap two frames later"),
    ("dac",             (2, ROW),        "sums; index t + ORIGIN is taken over in frame t + 1"),
    ("place",           (ROW,),          "where to look up one slot's outputs, see ``operators.put``"),
    ("ramp_start",      (32,),           "phase in the first frame; 0 if the slot has a row"),
    ("ramp_step",       (32,),           "its increment per frame; 0 if the slot has a row"),
    ("phase_row",       (32,),           "row of ``phase`` to add: the slot's own or ZEROS"),
    ("still_atten",     (32,),           "attenuation times 4 that stays as it is"),
    ("atten_row",       (32,),           "row of ``atten`` to add: the slot's own or ZEROS"),
    ("am_row",          (32,),           "row of ``am_by`` to add"),
    ("moving",          (32,),           "a frame of the span may step the slot's level or state"),
    ("recoded",         (32,),           "bits of the slot's key code that change in the span"),
    ("inaudible",       (32,),           "the slot's output is 0 throughout"),
    ("level_begin",     (32,),           "frame from which the slot's level has stood; 0: it has not changed"),
    ("change",          (LONGEST + 1,),  "frame of each change of PM, from 1 on"),
    ("pm",              (LONGEST + 1,),  "PM from there on"),
    ("inc",             (LONGEST + 1, 32), "increments from there on; 0: those of before"),
    ("fnum",            (LONGEST + 1, 32), "F-numbers from there on"),
    ("kcode",           (LONGEST + 1, 32), "key codes from there on"),
    ("code",            (32,),           "key code and fraction with PM, before DT2"),
    ("dt2_fraction",    (32,),           "what DT2 adds to the fraction"),
    ("dt2_middle",      (32,),           "DT2 is 2"),
    ("dt2_notes",       (32,),           "what DT2 adds to the note code"),
    ("multiple",        (32,),           "MUL times 2"),
    ("dt1_row",         (32,),           "DT1's row of DETUNED"),
    ("all_silent",      (1,),            "silence throughout: the channels' rows are not written"),
    ("sides",           (16, 3),         "what each channel gives each side, of sums begun before the span"),
)
# fmt: on
SPAN = np.dtype(
    (np.record, [(name, np.int32, shape) if shape != (1,) else (name, np.int32) for name, shape, _ in SPAN_FIELDS])
)
"""numpy.dtype of the working record: nothing in it outlives a span."""
