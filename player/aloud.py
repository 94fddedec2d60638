"""Playing aloud: on the full screen, or with a line that says where the song is."""

import os
import shutil
import sys
import time

from opm.song import SongError, printable

from . import draw
from .files import Job
from .session import Session, remarks
from .speaker import Speaker, quiet
from .streams import say

LOOKS_PER_SECOND = 15
SWITCH = 0.001
"""Seconds that the screen may keep the sound waiting for the interpreter's lock; Python's own are five times that."""


def _screen() -> bool:
    """Say whether there is a terminal that a screen can be drawn on, and keys be read from."""
    terminals = all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__))
    return terminals and os.environ.get("TERM", "dumb" if os.name == "posix" else "") != "dumb"


def _plain(session: Session) -> bool:
    """Play to the end with a line that says where the song is: once a song where there is no terminal."""
    changes, told = sys.stderr.isatty(), None
    while session.tick():
        schedule = session.schedule
        if schedule and (changes or schedule is not told):
            if schedule is not told:
                told = schedule
                for line in remarks(schedule):
                    say(line)
            _show(session, schedule.song.tags.get("title", session.job.song.name), changes)
        time.sleep(1 / LOOKS_PER_SECOND)
    if changes:
        print(file=sys.stderr)
    return True


def _show(session: Session, title: str, changes: bool) -> None:
    """Print the line; over itself where it changes."""
    place = f"{draw.clock(session.seconds)} / {draw.clock(session.length)}"
    line = printable(f"{place}  {title}  underruns {session.deck.speaker.underruns}")
    if changes:
        line = f"\r{draw.fitted(line, shutil.get_terminal_size().columns - 1)}"
    print(line, end="" if changes else "\n", file=sys.stderr, flush=True)


def play(jobs: list[Job], device: str | None, latency: str, plain: bool, scope: bool) -> list[str]:
    """Play songs one after the other, on a full screen if there is one; return what went wrong, a line each."""
    try:
        first = jobs[0].read() if len(jobs) == 1 else None
    except SongError as error:
        return [f"{jobs[0].song}: {error}"]
    speaker = Speaker(device)
    session = Session(jobs, speaker, latency, first)
    switch, ended = sys.getswitchinterval(), False
    try:
        sys.setswitchinterval(SWITCH)
        with quiet():
            session.deck.start()
            if plain or not _screen():
                ended = _plain(session)
            else:
                from .app import PlayerApp

                ended = PlayerApp(session, scope).play()
    finally:
        session.close(play_out=ended)
        sys.setswitchinterval(switch)
        speaker.close()
        if speaker.underruns:
            say(f"underruns: {speaker.underruns}")
    return list(session.failed.values())
