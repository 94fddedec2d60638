"""``SPAN``, the working record of a span: a row over time for whatever moves."""

import numpy as np

LONGEST = 128
"""Frames of a span at most."""
PAD = 40
"""Room behind a row, which loops by eights run over. Fields must not lie a multiple of 4096 bytes apart, or the
processor takes loads from one for loads of what is still being stored to the other."""
ROW = LONGEST + PAD

# fmt: off
SPAN_FIELDS = (
    # name        shape              meaning
    ("phase",     (32, ROW),         "upper 10 bits of each slot's phase"),
    ("atten",     (32, ROW),         "envelope output, at most SILENT"),
    ("out",       (32, ROW + 2),     "operator output; index t + 2 is frame t"),
    ("am",        (ROW,),            "AM at the end of frame t - 1"),
    ("am_by",     (4, ROW),          "the same by sensitivity"),
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
    ("sign",      (ROW,),            "sign of the noise in frame t - 1"),
    ("last",      (ROW + 2,),        "what slot 31 of the frame before gives the mixer in frame t - 1"),
    ("early",     (8, ROW + 2),      "each channel's carriers among slots 0-14; index t + 2"),
    ("dac",       (2, ROW + 2),      "sums taken over: in frame t the DAC gives left t and right t + 1"),
    ("channels",  (8, ROW + 2),      "each channel's carriers; index t + 2; a listener's tap in frame t"),
)
# fmt: on
SPAN = np.dtype(
    (np.record, [(name, np.int32, shape) if shape != (1,) else (name, np.int32) for name, shape, _ in SPAN_FIELDS])
)
"""numpy.dtype of the working record: nothing in it outlives a span."""
