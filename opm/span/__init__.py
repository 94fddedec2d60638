"""The chip many frames at a time: the same blocks as in ``cycle`` and ``frame``, the same bits."""
