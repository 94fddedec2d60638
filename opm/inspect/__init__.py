"""Looks at the chip: views of a state, traces over time, wave files, pictures, sounds, measurements."""
