"""The chip a frame at a time: the same blocks as in ``cycle``, 32 clocks in one go."""
