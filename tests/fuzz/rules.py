"""What must hold, whatever the input."""

import unicodedata

LONGEST_LINE = 300
"""Characters of an error."""


class Fault(AssertionError):
    """Something that must hold does not."""


def must(true: bool, what: str) -> None:
    """Raise Fault unless it is true; unlike ``assert``, in any process."""
    if not true:
        raise Fault(what)


def check_line(message: str) -> None:
    """See that a message is one line that any terminal can show."""
    must(0 < len(message) <= LONGEST_LINE, f"the message has more than {LONGEST_LINE} characters, or none")
    shown = all(char.isprintable() or unicodedata.category(char) == "Zs" for char in message)
    must(shown, "the message has control characters")
