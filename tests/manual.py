"""The manual page, from the parser of the command line: ``python -m tests.manual > docs/numba-opm.1``."""

import sys

from argparse_manpage.manpage import Manpage, bold

from player.cli import parser
from player.keys import KEYS, LIVE_KEYS

CODES = (
    ("0", "all went well"),
    ("1", "some of several songs failed"),
    ("2", "bad input: one line says what and where"),
    ("128 + n", "signal n ended it: 130 after Ctrl-C"),
)


def manual() -> str:
    """Return the page; no date, so that it is the same every day."""
    made = parser()
    made.epilog = None
    facts = {
        "description": "player of YM2151 (OPM) register logs",
        "project_name": "numba-opm",
        "manual_title": "User Commands",
    }
    page = Manpage(made, facts)
    page.date = ""
    keys, live = ([(key.shown, key.does) for key in table] for table in (KEYS, LIVE_KEYS))
    for heading, rows in ("keys while it plays", keys), ("keys of --midi-in", live), ("exit status", CODES):
        page.add_section(
            heading, "=", "\n".join(f".TP\n{bold(left)}\n{page.mf.format_text(right)}" for left, right in rows)
        )
    return str(page)


if __name__ == "__main__":
    sys.stdout.write(manual())
