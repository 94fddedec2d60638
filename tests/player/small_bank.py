"""A bank of four voices that tests can tell apart: each of its programs has another feedback."""

from opm import Operator, Voice
from opm.midi.bank import Bank, Instrument


def voice(name, fb, **more):
    """Return a voice of one carrier."""
    quiet = Operator(tl=127)
    return Voice(name, con=0, fb=fb, ops=(quiet, quiet, quiet, Operator(tl=10, **more)))


SMALL = Bank(
    "small",
    {
        (0, 0, 0): Instrument("piano", voice("piano", 1)),
        (0, 0, 5): Instrument("organ", voice("organ", 2)),
        (0, 0, 6): Instrument("pad", voice("pad", 3, rr=1)),
    },
    {(0, 36): Instrument("kick", voice("kick", 4), note=30.0)},
)
