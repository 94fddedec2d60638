"""The same chip many clocks at once, bit for bit."""
