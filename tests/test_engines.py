"""The long comparison of the engines, kept short: every kind of program runs, and a difference is not missed."""

import engines
import pytest

from opm.chip import YM2151


def test_each_kind(capsys):
    engines.main(["--programs", "1", "--seed", "7"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == list(engines.KINDS)
    assert all(": 1 the same" in line for line in lines)


@pytest.mark.parametrize("kind", engines.KINDS)
def test_a_difference_is_found(kind, monkeypatch):
    """An engine that leaves one field wrong."""
    run = YM2151.run

    def wrong(chip, events, frames, cycles_per_frame=32, engine="auto", **rest):
        samples = run(chip, events, frames, cycles_per_frame, engine, **rest)
        if engine != "cycle":
            chip.state.eg_timer ^= 1
        return samples

    monkeypatch.setattr(YM2151, "run", wrong)
    with pytest.raises(AssertionError, match="seed 7"):
        engines.KINDS[kind](7)
