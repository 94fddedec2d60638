"""``SPAN``, the working record of a span: a row over time for whatever moves."""

import numpy as np

LONGEST = 128
"""Frames of a span at most."""
NOW = 16
"""Index of a span's first frame in rows that hold frames before it as well: rows of 16 lie on lines of the cache."""
WIDE = 16
"""Frames abreast: loops over time run to the next multiple, for LLVM does the rest of a row one by one."""
ROW = LONGEST + NOW + 2 * WIDE
"""Fields must not lie a multiple of 4096 bytes apart, or the processor takes loads from one for loads of what is still
being stored to the other."""

# fmt: off
SPAN_FIELDS = (
    # name        shape              meaning
    ("phase",     (32, ROW),         "upper 10 bits of each slot's phase"),
    ("atten",     (32, ROW),         "envelope output times 4, at most SILENT"),
    ("out",       (32, ROW),         "operator output; index t + NOW is frame t"),
    ("am",        (ROW,),            "AM at the end of frame t - 1"),
    ("am_by",     (4, ROW),          "the same by sensitivity, times 4"),
    ("sign",      (ROW,),            "sign of the noise in frame t - 1"),
    ("last",      (ROW,),            "what slot 31 of the frame before gives the mixer; index t + NOW is frame t + 1"),
    ("early",     (8, ROW),          "each channel's carriers among slots 0-14; index t + NOW"),
    ("channels",  (8, ROW),          "each channel's carriers; index t + NOW; a listener's tap two frames later"),
    ("dac",       (2, ROW),          "sums; index t + NOW is taken over in frame t + 1"),
    ("level",     (LONGEST + 1, 32), "levels, a row for each change"),
    ("begin",     (LONGEST + 2,),    "first frame of such a row"),
    ("changed",   (32,),             "bits of a slot's level that changed in the span"),
    ("silent",    (32,),             "the slot's output is 0 throughout"),
    ("rows",      (1,),              "rows of levels, less one"),
    ("ticks",     (1,),              "bit n: a tick whose shift lock is n may step a slot"),
    ("unsettled", (1,),              "the next frame changes something even without a tick"),
    ("moved",     (1,),              "the last step changed a level"),
    ("change",    (LONGEST + 1,),    "frame of each change of PM, from 1 on"),
    ("pm",        (LONGEST + 1,),    "PM from there on"),
    ("inc",       (LONGEST + 1, 32), "increments from there on; 0: those of before"),
    ("fnum",      (LONGEST + 1, 32), "F-numbers from there on"),
    ("kcode",     (LONGEST + 1, 32), "key codes from there on"),
    ("code",      (32,),             "key code and fraction with PM, before DT2"),
    ("more",      (32,),             "what DT2 adds to the fraction"),
    ("middle",    (32,),             "DT2 is 2"),
    ("notes",     (32,),             "what DT2 adds to the note code"),
    ("twice",     (32,),             "MUL times 2"),
    ("dt1",       (32,),             "DT1's row of DETUNED"),
)
# fmt: on
SPAN = np.dtype(
    (np.record, [(name, np.int32, shape) if shape != (1,) else (name, np.int32) for name, shape, _ in SPAN_FIELDS])
)
"""numpy.dtype of the working record: nothing in it outlives a span."""
