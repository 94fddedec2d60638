"""Voices' names say what a note of them sounds like."""

import dataclasses

import pytest
from conftest import ROOT

import opm
from opm.song.names import described
from opm.voice import Found

TONE = opm.Voice("organ", con=7, slots=1, ops=[opm.Operator(tl=10)] * 4)
PLUCK = dataclasses.replace(TONE, ops=[opm.Operator(tl=10, d1r=12, d1l=15, d2r=12)] * 4)
HIT = dataclasses.replace(TONE, ops=[opm.Operator(tl=10, d1r=20, d1l=15, d2r=20)] * 4)
SWELL = dataclasses.replace(TONE, ops=[opm.Operator(tl=10, ar=9)] * 4)
BUZZ = opm.Voice(con=0, fb=7, ops=[opm.Operator(tl=10, mul=4)] * 3 + [opm.Operator(tl=10)])
SILENT = dataclasses.replace(TONE, ops=[opm.Operator(tl=127, ar=0)] * 4)


def found(voice, midi=60, noise=False):
    return Found(voice, 0, 1, *opm.note(midi), noise)


@pytest.mark.parametrize(
    ("heard", "name"),
    [
        (found(TONE), "pure tone, middle"),
        (found(TONE, 30), "pure tone, bass"),
        (found(TONE, 90), "pure tone, very high"),
        (found(PLUCK), "pure pluck, middle"),
        (found(HIT), "pure hit, middle"),
        (found(SWELL), "pure swell, middle"),
        (found(BUZZ, 45), "sharp tone, low"),
        (found(SILENT), "silence, middle"),
        (found(dataclasses.replace(HIT, slots=8), noise=True), "noise hit, middle"),
        (found(HIT, noise=True), "noise and pure hit, middle"),
        (found(dataclasses.replace(TONE, rl=0)), "pure tone, middle"),
    ],
)
def test_a_name_for_each_sound(heard, name):
    assert described(heard, opm.REFERENCE_CLOCK) == name


@pytest.mark.parametrize("midi", range(13, 60, 3))
def test_a_window_shorter_than_a_period_makes_no_pluck(midi):
    assert described(found(TONE, midi), opm.REFERENCE_CLOCK).startswith("pure tone, ")


def test_the_clock_moves_the_place():
    assert described(found(TONE, 52), opm.REFERENCE_CLOCK) == "pure tone, low"
    assert described(found(TONE, 52), 4_000_000) == "pure tone, middle"


def test_voices_of_the_song_that_ships():
    names = [voice.name for voice in opm.load(ROOT / "player" / "songs" / "mountain_king.vgm").voices()]
    assert names[5].endswith("pluck, high"), "the bells"
    assert [name.split()[1] for name in names[6:]] == ["noise", "noise"], "kick and hat"
    assert names[6].split()[2] == "and", "the kick has tones, too"
    assert names[1].endswith((", low", ", bass")), "the bass"
