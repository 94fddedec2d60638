"""The page on formats: its table of limits has the numbers that hold."""

import re

import pytest
from conftest import ROOT

from opm.midi import attachment, banks, toml_bank
from opm.midi import limits as midi
from opm.song import limits, playing, streams
from opm.song.formats import mdx_code
from opm.voice import files

PAGE = (ROOT / "docs" / "formats.md").read_text()
MIB, KIB = 2**20, 2**10
ROWS = {
    "bytes of a file": [limits.LARGEST // MIB, limits.LARGEST_UNPACKED // MIB, files.LARGEST // MIB],
    "members of a gzip file": [limits.MOST_MEMBERS],
    "register writes of a song": [limits.MOST_WRITES, limits.MOST_KEPT],
    "samples per second of another chip": [
        limits.SLOWEST_PART, limits.FASTEST_PART, limits.FASTEST_PART_CLOCK // 10**6,
    ],
    "ROM of a chip": [limits.LARGEST_ROM // MIB, limits.LARGEST_ROMS // MIB],
    "VGM: data blocks": [
        limits.MOST_BLOCKS, limits.MOST_STREAMED, streams.MOST_STREAMS, streams.MOST_PER_SAMPLE, streams.FASTEST,
    ],
    "ZSM: PCM commands": [limits.MOST_PCM],
    "writes per second to another part": [playing.DENSEST],
    "length of a song": [limits.LONGEST // 86_400],
    "VGM, S98: bytes of tags": [limits.LARGEST_VALUE // KIB],
    "MDX: ticks": [limits.MOST_TICKS, limits.MOST_STEPS, limits.MOST_MDX_WRITES],
    "MML: bytes or characters": [
        limits.LARGEST_MML // MIB, limits.MOST_MML_COMMANDS, limits.DEEPEST_MML, limits.DEEPEST_MACROS,
        mdx_code.LARGEST_OFFSET,
    ],
    "JSON: bytes of a row": [
        limits.LARGEST_VALUE // KIB, limits.MOST_KEYS, limits.MOST_LISTS, limits.DEEPEST,
    ],
    "text: lines that are directives": [limits.MOST_LINES, limits.LONGEST_LINE // KIB, limits.MOST_DIGITS],
    "characters of a bank in TOML": [toml_bank.LARGEST],
    "files of a folder of tones": [banks.MOST_FILES],
    "an attachment's software LFOs": [
        attachment.MOST_WAVES, int(attachment.LONGEST), int(attachment.FASTEST), int(attachment.DEEPEST),
    ],
    "MIDI, read (": [midi.MOST_EVENTS, midi.MOST_DIFFERENT, midi.MOST_CHUNKS, midi.LONGEST_PAUSE],
    "MIDI, read: bytes": [
        midi.LARGEST_TEXT // KIB, midi.LARGEST_SYSEX // KIB, midi.LARGEST_ESCAPE // KIB, midi.FURTHEST // KIB,
    ],
    "MIDI, written": [limits.MOST_MIDI_WRITES, limits.MOST_MIDI_PITCHES],
}  # fmt: skip


@pytest.mark.parametrize("start", ROWS)
def test_a_limit_is_the_one_that_holds(start):
    (row,) = re.findall(rf"^\| {re.escape(start)}.*\|(.*)\|$", PAGE, re.MULTILINE)
    numbers = set(map(int, re.findall(r"\d+", row)))
    assert set(ROWS[start]) <= numbers
