"""A failing input made smaller: bytes are left out for as long as the fault stays the same."""

from .targets import fuzz_one
from .work import place


def fault(name: str, data: bytes) -> str:
    """Return what is wrong with an input; empty if nothing is."""
    try:
        fuzz_one(name, data)
    except Exception as error:
        return place(error)
    return ""


def shrunk(name: str, data: bytes) -> bytes:
    """Return a smaller input with the same fault; one that hangs or crashes does so here."""
    wanted = fault(name, data)
    step = len(data) // 2
    while wanted and step:
        at = 0
        while at < len(data):
            less = data[:at] + data[at + step :]
            if fault(name, less) == wanted:
                data = less
            else:
                at += step
        step //= 2
    return data
