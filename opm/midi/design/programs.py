"""The programs of the bank."""

from ...voice.voice import Operator, Voice
from .entry import Program

PROGRAMS: tuple[Program, ...] = (
    Program(
        80,
        Voice("Lead 1 (square)", con=4, ops=(Operator(tl=30, mul=2), Operator(), Operator(tl=12), Operator())),
        40,
        90,
        True,
    ),
)
