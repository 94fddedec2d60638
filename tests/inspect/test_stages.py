"""The stages of an envelope and how long they take, against a chip that is looked at frame by frame."""

from collections import Counter

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

import matplotlib.pyplot as plt
import pytest

import opm
from opm import plot
from opm.inspect.stages import Stage, stages
from opm.state import ATTACK, DECAY1, DECAY2, RELEASE

C2 = 24
HELD, RING = 2500, 2000
WHOLE = opm.Operator(ar=20, d1r=24, d2r=20, rr=12, d1l=4)
SILENT_SOON = opm.Operator(ar=31, d1r=29, d2r=29, rr=15, d1l=2)
NO_ATTACK = opm.Operator(ar=0)


def watched(op):
    """Play a note on a chip, frame by frame; return level and state of C2 from key-on."""
    chip = opm.YM2151()
    opm.Voice(con=7, ops=(op,) * 4).apply(chip, 1)
    for address, data in opm.note("A4").registers(1):
        chip.write_register(address, data)
    chip.generate(100)
    seen = []
    for data, frames in ((0x78, HELD), (0, RING)):
        chip.write_register(8, data)
        for _ in range(frames):
            chip.generate(1)
            seen.append((int(chip.state["eg_level"][C2]), int(chip.state["eg_state"][C2])))
    return np.array(seen).T


def test_all_four_last_as_long_as_on_the_chip():
    levels, states = watched(WHOLE)
    frames = Counter(state for level, state in zip(levels, states, strict=True) if level < 1008 or state == ATTACK)
    found = stages(levels, states)
    assert {stage.state: stage.end - stage.start for stage in found} == frames
    assert [stage.state for stage in found] == [ATTACK, DECAY1, DECAY2, RELEASE]
    assert [stage.whole for stage in found] == [True, True, False, True]
    assert sum(frames[state] for state in (ATTACK, DECAY1, DECAY2)) == pytest.approx(HELD, abs=2)


def test_a_decay_into_silence_has_no_release():
    found = stages(*watched(SILENT_SOON))
    assert [(stage.state, stage.whole) for stage in found] == [(ATTACK, True), (DECAY1, True), (DECAY2, True)]


def test_an_attack_that_never_ends_is_cut_short():
    found = stages(*watched(NO_ATTACK))
    assert [(stage.state, stage.whole) for stage in found] == [(ATTACK, False)]
    assert found[0].end - found[0].start == pytest.approx(HELD, abs=2)


def test_the_end_of_the_trace_cuts_too():
    levels, states = watched(WHOLE)
    start = stages(levels, states)[1].start
    assert stages(levels[: start + 10], states[: start + 10])[1] == Stage(DECAY1, start, start + 10, False)
    assert stages(levels[:1], states[:1]) == []


def test_the_legend_says_how_long():
    levels, states = watched(WHOLE)
    ax = plot.traced_envelope(levels, states, rate=50_000)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    plt.close("all")
    assert [text.rsplit(" ", 2)[0] for text in texts] == ["attack:", "decay 1:", "decay 2: >", "release:"]
    lengths = [(stage.end - stage.start) / 50 for stage in stages(levels, states)]
    assert [float(text.split()[-2]) for text in texts] == pytest.approx(lengths, abs=0.05)
