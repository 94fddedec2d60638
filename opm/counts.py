"""How many there are of the chip's parts. Imports nothing, so that the command line has it at once."""

CHANNELS = 8
