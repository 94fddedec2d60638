"""What a MIDI file may ask for: more than any real one does, less than a machine has. Imports nothing.

``opm.song.limits`` has what songs may; this stands here because ``opm.song`` is a storey above.
"""

MOST_EVENTS = 300_000
"""Events of all kinds: the densest of a thousand real files has 144 000. Each takes 300 bytes of memory."""
MOST_DIFFERENT = 100_000
"""Messages that differ, and meta events: real files have up to 8000. mido takes 5 to 10 us to say what one means."""
MOST_CHUNKS = 1000
"""Chunks, tracks or not: real files have up to 70 tracks."""
LONGEST = 7 * 86_400
"""Seconds, as for any song: what is longer has a damaged time."""
LONGEST_PAUSE = 600
"""Seconds without a message: of 1100 real files only those with a damaged time have more, 3 to 118 hours."""
LARGEST_SYSEX = 2**18
"""Bytes of all system exclusive messages: the most, voices for an MT-32, are 19 KB. mido looks at each byte."""
LARGEST_TEXT = 2**16
"""Bytes of all texts that are kept: the most are 2 KB."""
LARGEST_ESCAPE = 1024
"""Bytes of an event that holds bytes to be sent as they are: those met have two."""
FURTHEST = 1024
"""Bytes of junk before the header: MacBinary has 128."""
