"""What a song and its file may ask for: more than any real song does, less than a machine has.

A file beyond a limit is refused, with its place. Imports nothing, so that the command line has these at once.
"""

SLOWEST, FASTEST = 500_000, 16_000_000
"""Master clocks that a YM2151 may have, in Hz: boards had 3.58 and 4 MHz, the cat2151 family takes twice that."""
SLOWEST_BPM, FASTEST_BPM = 20, 400
"""Tempos of a MIDI file that can be asked for."""
LARGEST, LARGEST_UNPACKED = 64 * 2**20, 32 * 2**20
"""Bytes of a file, and of what a packed one holds: large logs hold some MB of other chips' samples."""
MOST_MEMBERS = 10_000
"""Parts of a gzip file, which may be several packed one by one: twice what the largest has in blocks of 64 KiB."""
MOST_CHIPS = 2
"""YM2151s that play a MIDI file: as many as a VGM has. Of 207 files 64 % have no more than 16 notes at once."""
LONGEST_MIDI = 7200
"""Seconds of a MIDI file: all of it is played once to find its level, at 400 times its speed, and its bus takes 28 000
bytes a second meanwhile. The longest of a thousand real ones has an hour."""
MOST_WRITES = 8_000_000
"""Register writes: an hour of the densest music, 1800 a second, has 6.5 million."""
MOST_KEPT = 4_000_000
"""Commands for other chips of a board: a quarter of an hour of writes to all registers of a PSG at each 1/60 s."""
MOST_BLOCKS, MOST_STREAMED, MOST_PCM = 100_000, 100_000, 250_000
"""Data blocks of a VGM, commands of its streams (an hour of four drums a second has 60 000) and what a ZSM's commands
for its PCM output have it do (100 000)."""
LARGEST_ROM, LARGEST_ROMS = 2**24, 2**26
"""Bytes of a chip's ROM, as many as the largest address, and of all samples of a song: boards had some MB."""
SLOWEST_PART, FASTEST_PART, FASTEST_PART_CLOCK = 1_000, 2_000_000, 64_000_000
"""Samples per second of another chip, and its clock: boards had 25 MHz, and samples of 2 kHz and more."""
LONGEST = 7 * 86_400
"""Seconds, of a song and of any time in it: what is longer has a damaged time."""
MOST_LINES = 50_000
"""Lines of a text log that are neither writes, waits nor comments, or write their times in several ways."""
LONGEST_LINE = 65_536
"""Bytes of such a line: a long title has a hundred."""
MOST_DIGITS = 100
"""Digits of a time: more than any program prints."""
MOST_KEYS = 1000
"""Keys beside a JSON log's rows: this project writes six."""
LARGEST_VALUE = 2**18
"""Bytes of a row or of what stands under such a key, and of the tags of a VGM or S98: they have some hundreds."""
MOST_LISTS = 100_000
"""Lists in JSON: a log is one. Python looks through all it holds again and again while it makes millions."""
DEEPEST = 64
"""Levels of nesting in JSON: logs have three."""
MOST_TICKS, MOST_STEPS, MOST_MDX_WRITES = 400_000, 700_000, 2_000_000
"""MDX, whose driver runs in Python: ticks; ticks and commands of a track that do something, eighths of writes and
halves of calls to PCM8; writes. Songs that neither end nor loop are cut off there. An hour has 250 000 ticks; busy
songs do 300 000 steps, of 1 to 3 us."""
MOST_MIDI_WRITES, MOST_MIDI_PITCHES = 2_000_000, 400_000
"""Register writes, and pitches with four times the keys struck, of a song for a MIDI file, which takes 500 MB then: 18
minutes of the densest music, six of software LFOs on all channels."""
MOST_COMMANDS = 20_000
"""Commands of an MDX track without a note or rest between them: more is an endless loop."""
LARGEST_MML, MOST_MML_COMMANDS, DEEPEST_MML, DEEPEST_MACROS = 2**20, 150_000, 32, 8
"""MML: bytes of text (songs have 60 000); commands, a macro's counted where it is called, of all tracks (an MDX holds
65 535 bytes of them); repeats in each other, and macros, which are as deep in NOTE."""
