"""MIDI on the chip: files and messages in, notes on its channels out, with a bank of voices for them."""
